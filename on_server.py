"""What runs on the Temporal server, as activities see it: the open interviews, and who watches people's calendars."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import JsonValue
from temporalio.client import Client, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from activities.calendar import Unwatched, Watched
from activities.digest import Awaiting, InterviewSilent
from activities.zone_rules import Page
from entrevue import contract
from entrevue.client import RPC_TIMEOUT
from entrevue.contract import TASK_QUEUE
from entrevue.orders import SameDay
from entrevue.owed import Owed
from entrevue.sharing import Asked, Shared
from entrevue.values import InterviewId, PersonId, Status, Who
from workflows.channel import Poked
from workflows.suspicion import Watch
from workflows.watching import WatchWorkflow

_OF_ONE_PROCESS = 1000
"""Interviews that are told of the end of their process, at most: as many runs the server's index is asked for."""

_OF_ONE_DAY = 200
"""Interviews of one process on one day that are asked, at most. More are an open day, not one candidate's."""

_ISO = "%Y-%m-%dT%H:%M:%S.%fZ"


class InterviewsOnServer:
    """The open interviews of one namespace, as the server's index lists them: a moment behind."""

    def __init__(self, temporal: Client, task_queue: str = TASK_QUEUE) -> None:
        self._temporal = temporal
        self._task_queue = task_queue

    async def page(self, mark: str | None, *, since: datetime | None, most: int) -> Page:
        began = f' AND StartTime >= "{since:{_ISO}}"' if since else ""
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND ExecutionStatus = "Running"{began}',
            page_size=most,
            next_page_token=bytes.fromhex(mark) if mark else None,
            rpc_timeout=RPC_TIMEOUT,
        )
        await found.fetch_next_page()
        token = found.next_page_token
        return Page(
            interviews=_interviews(one.id for one in found.current_page or ()), next=token.hex() if token else None
        )

    async def of_process(self, process: InterviewId) -> tuple[str, ...]:
        """An interview that continues as new at this moment may be listed with its former run alone."""
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND {contract.PROCESS} = "{process}" '
            'AND ExecutionStatus IN ("Running", "ContinuedAsNew")',
            limit=_OF_ONE_PROCESS,
            rpc_timeout=RPC_TIMEOUT,
        )
        return _interviews([one.id async for one in found])

    async def of_day(self, day: SameDay) -> tuple[str, ...]:
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND {contract.PROCESS} = "{day.process}" '
            f'AND {contract.START} >= "{day.start:{_ISO}}" AND {contract.START} < "{day.end:{_ISO}}" '
            'AND ExecutionStatus IN ("Running", "ContinuedAsNew")',
            limit=_OF_ONE_DAY,
            rpc_timeout=RPC_TIMEOUT,
        )
        return _interviews([one.id async for one in found])

    async def same_day(self, interview: str, asked: Asked) -> Shared:
        handle = self._temporal.get_workflow_handle(contract.workflow_id(interview))
        try:
            said: Shared = await handle.query(contract.SAME_DAY, asked, result_type=Shared, rpc_timeout=RPC_TIMEOUT)
        except WorkflowQueryFailedError:  # run by a worker that knows no such question
            return Shared()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return Shared()
        return said

    async def awaiting_forms(self, mark: str | None, *, most: int) -> Awaiting:
        """Those that workers of this queue serve: others have another directory."""
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND {contract.STATUS} = "{Status.AWAITING_EVALUATIONS}" '
            f'AND ExecutionStatus = "Running" AND TaskQueue = "{self._task_queue}"',
            page_size=most,
            next_page_token=bytes.fromhex(mark) if mark else None,
            rpc_timeout=RPC_TIMEOUT,
        )
        await found.fetch_next_page()
        token = found.next_page_token
        return Awaiting(
            interviews=_interviews(one.id for one in found.current_page or ()), next=token.hex() if token else None
        )

    async def open_forms(self, interview: InterviewId) -> tuple[Owed, ...]:
        handle = self._temporal.get_workflow_handle(contract.workflow_id(interview))
        try:
            owed: list[Owed] = await handle.query(contract.OPEN_FORMS, result_type=list[Owed], rpc_timeout=RPC_TIMEOUT)
        except WorkflowQueryFailedError:
            raise InterviewSilent("query failed") from None
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise InterviewSilent(error.status.name) from None
            return ()
        return tuple(owed)

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        handle = self._temporal.get_workflow_handle(contract.workflow_id(interview))
        try:
            await handle.signal(fact, dict(payload), rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT}:
                raise
            return False  # it has ended, or its history holds all the signals it may
        return True


class WatchersOnServer:
    """A workflow a person, started by the first event that it shall watch; it ends by itself after the last."""

    def __init__(self, temporal: Client, task_queue: str) -> None:
        self._temporal = temporal
        self._task_queue = task_queue

    async def watch(self, person: PersonId, event: Watched) -> None:
        await self._temporal.start_workflow(
            WatchWorkflow.run,
            Watch(person=person),
            id=contract.watch_id(person),
            task_queue=self._task_queue,
            start_signal="watch",
            start_signal_args=[event],
            static_summary="Watch what becomes of interviews in one person's calendar",
            rpc_timeout=RPC_TIMEOUT,
        )

    async def unwatch(self, person: PersonId, interview: InterviewId, who: Who, sequence: int) -> None:
        event = Unwatched(interview=interview, who=who, sequence=sequence)
        handle = self._temporal.get_workflow_handle(contract.watch_id(person))
        try:
            await handle.signal("unwatch", event, rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def poke(self, person: PersonId, *, anew: bool) -> None:
        """Have a calendar looked at soon. Harmless where nobody watches it any more."""
        handle = self._temporal.get_workflow_handle(contract.watch_id(person))
        try:
            await handle.signal("poke", Poked(anew=anew), rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


def _interviews(workflows: Iterable[str]) -> tuple[str, ...]:
    prefix = contract.workflow_id("")
    return tuple(dict.fromkeys(one.removeprefix(prefix) for one in workflows if one.startswith(prefix)))
