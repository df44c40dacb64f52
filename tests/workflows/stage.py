"""The stage on which workflow tests play: the real dev server, a real worker, adapters in memory, virtual clocks.

A `Stage` is a worker on a task queue of its own with fresh in-memory adapters. `stage.start(...)` opens an interview
whose clock stands still (but for real time) until `forward` moves it; `until` and `happened` wait for a state.
"""

import asyncio
import shutil
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from pydantic import SecretStr
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.plugin import SimplePlugin
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from temporalio.worker import Worker

from activities.calendar import Watchers
from activities.ledger import Ledger
from activities.letters import MailSettings
from activities.mailbox import Mailbox
from activities.people import OrganisationEntry, PersonEntry
from activities.rooms import Rooms
from adapters.memory.calendar import MemoryCalendar, MemoryWatchers
from adapters.memory.directory import MemoryDirectory
from adapters.memory.ledger import MemoryJournal, MemoryLedger
from adapters.memory.lessons import MemoryLessons
from adapters.memory.mail import MemoryOutbox, MemoryPost
from adapters.memory.mailbox import MemoryMailbox
from demo import clock
from demo.temporal_server import OWN_CLOCKS
from entrevue import contract
from entrevue.contract import Receipt
from entrevue.orders import RoomsAt
from entrevue.view import Happening, View
from worker import PLUGIN, Adapters, build_worker
from workflows.interview import InterviewWorkflow

MAIL = MailSettings(
    domain="hire.acme.example",
    from_address="interviews@hire.acme.example",
    from_name="Acme interviews",
    agent_address="interviews+{token}@hire.acme.example",
    bounce_address="bounces+{token}@hire.acme.example",
    secret=SecretStr("a secret that only tests know"),
)

ORGANISATION = OrganisationEntry(
    name="Acme",
    zone="Europe/Berlin",
    coordinator="Marta Lind",
    coordinator_email="marta@acme.example",
    conference_link="https://meet.acme.example/{id}",
)

PEOPLE = tuple(
    PersonEntry.model_validate(
        {
            "id": name,
            "name": f"{name.title()} Winter",
            "email": f"{name}@acme.example",
            "zone": "Europe/Berlin",
            "hours": {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
            "calendar": f"https://calendars.acme.example/{name}/work/",
        }
    )
    for name in ("grace", "linus", "edsger")
)

REQUEST: dict[str, object] = {
    "role": "Backend engineer",
    "candidate": {"name": "Ada Summer", "email": "ada@example.org", "zone": "America/New_York"},
    "interviewers": ["grace", "linus"],
}

PATIENCE = timedelta(seconds=60)
"""With one answer of the server: a machine that runs everything at once takes its time."""

A_LOOK = timedelta(seconds=10)
"""With one query: it is asked again."""

_T = TypeVar("_T")


class _PatientWithThreads(SimplePlugin):
    """On a busy machine a workflow's thread waits for the interpreter; the SDK takes it for dead after two seconds.

    That is no setting: its debug mode, which looks for no dead threads, also lets workflows out of their sandbox.
    """

    def __init__(self) -> None:
        super().__init__("patient with threads")

    async def run_worker(self, worker: Worker, next: Callable[[Worker], Awaitable[None]]) -> None:  # noqa: A002 - so named by the SDK
        workflows = worker._workflow_worker  # noqa: SLF001 - no setting, see above
        if workflows is not None:
            workflows._deadlock_timeout_seconds = int(PATIENCE.total_seconds())  # noqa: SLF001 - likewise
        await super().run_worker(worker, next)


async def dev_server(*settings: str) -> WorkflowEnvironment:
    """Start the real dev server, with a clock for each workflow; `settings` are dynamic configuration, `key=value`."""
    binary = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    assert binary, "the temporal command is missing; it comes with the lock file"
    return await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=binary,
        plugins=[PLUGIN, _PatientWithThreads()],
        dev_server_log_level="error",
        identity="stage",  # recorded histories shall not name a machine
        dev_server_extra_args=[
            *(f"--search-attribute={name}={kind}" for name, kind in contract.SEARCH_ATTRIBUTES.items()),
            *(f"--dynamic-config-value={one}" for one in (*OWN_CLOCKS, *settings)),
        ],
    )


_A_BREATH = 0.005
"""Seconds. A look into memory is no round trip: who looks without a pause keeps the workflows' threads from the
interpreter, until Temporal takes one for dead."""


async def eventually(look: Callable[[], Awaitable[_T]], holds: Callable[[_T], bool], seconds: float = 60) -> _T:
    """Look until it holds."""
    seen = await look()
    try:
        async with asyncio.timeout(seconds):
            while not holds(seen):
                await asyncio.sleep(_A_BREATH)
                seen = await look()
    except TimeoutError:
        raise AssertionError(f"never came true; last seen: {seen!r}") from None
    return seen


_NO_ANSWER = {
    RPCStatusCode.FAILED_PRECONDITION,  # a run that has just begun has had no task yet
    RPCStatusCode.DEADLINE_EXCEEDED,  # the worker is busy, or dropped the question with its cache
    RPCStatusCode.CANCELLED,  # the same, when our own end of the line counted the seconds out first
}


async def answered(ask: Callable[[], Awaitable[_T]]) -> _T:
    """Ask until there is an answer."""
    async with asyncio.timeout(2 * PATIENCE.total_seconds()):
        while True:
            try:
                return await ask()
            except RPCError as error:
                if error.status not in _NO_ANSWER:
                    raise
            await asyncio.sleep(_A_BREATH)


@dataclass(kw_only=True)
class Running:
    """One interview on the stage, addressed as any SDK would: updates by name, payloads as JSON."""

    env: WorkflowEnvironment
    handle: WorkflowHandle[InterviewWorkflow, contract.Ended]

    async def send(self, kind: str, payload: object = None, *, key: str | None = None, **fields: object) -> Receipt:
        receipt: Receipt = await self.handle.execute_update(
            kind, fields if payload is None else payload, id=key, result_type=Receipt, rpc_timeout=PATIENCE
        )
        return receipt

    async def refused(
        self, kind: str, payload: object = None, *, key: str | None = None, **fields: object
    ) -> ApplicationError:
        """Send a command that must be refused, and give the refusal: its type is the code."""
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            await self.send(kind, fields if payload is None else payload, key=key)
        assert isinstance(failed.value.cause, ApplicationError)
        return failed.value.cause

    async def tell(self, kind: str, **fields: object) -> None:
        await self.handle.signal(kind, fields)

    async def view(self, viewer: str = "coordinator") -> View:
        seen: View = await self.ask(contract.VIEW, viewer, View)
        return seen

    async def kinds(self) -> list[str]:
        """Give the kinds of all events so far."""
        happened: list[Happening] = await self.ask(contract.TIMELINE, None, list[Happening])
        return [one.kind for one in happened]

    async def ask(self, query: str, argument: object, answer: type[_T]) -> _T:
        async def once() -> _T:
            given: _T = await self.handle.query(
                query, args=[argument] if argument else [], result_type=answer, rpc_timeout=A_LOOK
            )
            return given

        return await answered(once)

    async def updates(self) -> list[str]:
        """Give what updates have left in the history, and the domain's events: a refusal adds to neither."""
        history = await self.handle.fetch_history()
        kinds = [event.WhichOneof("attributes") or "" for event in history.events]
        return [kind for kind in kinds if "update" in kind] + await self.kinds()

    async def now(self) -> datetime:
        return await self.env.get_current_time(self.handle)

    async def forward(self, duration: timedelta) -> None:
        """Move this interview's own clock."""
        await clock.forward(self.env, self.handle, duration)

    async def settle(self) -> None:
        """Wait until all that can be done at this moment of its clock is done."""
        await self.forward(timedelta(0))

    async def forward_to(self, at: datetime) -> None:
        ahead = at - await self.now()
        if ahead > timedelta(0):
            await self.forward(ahead)

    async def until(self, holds: Callable[[View], bool], viewer: str = "coordinator") -> View:
        """Wait in real time, without moving the clock, until the view shows what is awaited."""
        return await eventually(lambda: self.view(viewer), holds)

    async def happened(self, kind: str, times: int = 1) -> None:
        await eventually(self.kinds, lambda kinds: kinds.count(kind) >= times)


@dataclass(kw_only=True)
class Stage:
    env: WorkflowEnvironment
    task_queue: str
    directory: MemoryDirectory
    calendar: MemoryCalendar
    ledger: Ledger
    journal: MemoryJournal
    lessons: MemoryLessons
    post: MemoryPost
    outbox: MemoryOutbox
    mailbox: MemoryMailbox

    async def start(self, **overrides: object) -> Running:
        return await start(self.env, self.task_queue, **overrides)


async def start(env: WorkflowEnvironment, task_queue: str, **overrides: object) -> Running:
    """Start an interview as a backend in any language would: by name, with plain JSON."""
    request = REQUEST | {"id": f"t{uuid.uuid4().hex[:12]}"} | overrides
    handle = await env.client.start_workflow(
        contract.WORKFLOW,
        request,
        id=contract.workflow_id(str(request["id"])),
        task_queue=task_queue,
        result_type=contract.Ended,
        rpc_timeout=PATIENCE,
    )
    return Running(env=env, handle=handle)


def new_queue() -> str:
    return f"stage-{uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def staged(
    env: WorkflowEnvironment,
    *,
    task_queue: str | None = None,
    max_cached_workflows: int = 1000,
    calendar: MemoryCalendar | None = None,
    ledger: Ledger | None = None,
    lessons: MemoryLessons | None = None,
    people: Sequence[PersonEntry] = PEOPLE,
    watchers: Watchers | None = None,
    mailbox: Mailbox | None = None,
    organisation: OrganisationEntry = ORGANISATION,
    rooms: Mapping[RoomsAt, Rooms] | None = None,
) -> AsyncIterator[Stage]:
    """Put up a stage with a worker of its own. `watchers`: None for those that only remember whom to watch.

    `mailbox`: None for the stage's own.
    """
    stage = Stage(
        env=env,
        task_queue=task_queue or new_queue(),
        directory=MemoryDirectory(organisation, people),
        calendar=calendar or MemoryCalendar(),
        ledger=ledger or MemoryLedger(),
        journal=MemoryJournal(),
        lessons=lessons or MemoryLessons(),
        post=MemoryPost(),
        outbox=MemoryOutbox(),
        mailbox=MemoryMailbox(authserv_id=MAIL.domain),
    )
    adapters = Adapters(
        directory=stage.directory,
        calendar=stage.calendar,
        ledger=stage.ledger,
        outbox=stage.outbox,
        journal=stage.journal,
        lessons=stage.lessons,
        post=stage.post,
        mail=MAIL,
        mailbox=mailbox or stage.mailbox,
        rooms=rooms or {},
    )
    worker = build_worker(
        env.client,
        adapters,
        task_queue=stage.task_queue,
        max_cached_workflows=max_cached_workflows,
        watchers=watchers or MemoryWatchers(),
    )
    async with worker:
        yield stage
