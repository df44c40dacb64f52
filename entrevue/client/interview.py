"""One interview, as backends address it."""

from datetime import timedelta
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
)
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from entrevue import contract
from entrevue.client.commands import Commands
from entrevue.client.trouble import NoAnswerYet, UnknownInterview, in_time, namespace_missing, raise_if_refused
from entrevue.contract import Ended, Receipt
from entrevue.interview import Fact
from entrevue.people import UpdateContact
from entrevue.permissions import Command
from entrevue.values import Actor, Code, InterviewId, Refused, Who, digest, said
from entrevue.view import Export, Happening, View
from entrevue.walltime import check_zone

_VIEWER: TypeAdapter[str] = TypeAdapter(Actor)
_TIMELINE = TypeAdapter(list[Happening])
_STATUS = SearchAttributeKey.for_keyword(contract.STATUS)


class InterviewHandle(Commands):
    """One interview: what it shows, and what it is sent; each command is a method (`Commands`)."""

    def __init__(
        self,
        interview: InterviewId,
        workflow: WorkflowHandle[object, object],
        *,
        patience: timedelta,
        created: bool = False,
    ) -> None:
        self.id = interview
        self.created = created
        """Whether the call of `start` that gave this handle began the interview."""
        self._workflow = workflow
        self._patience = patience

    # --- reading

    async def view(self, viewer: Actor) -> View:
        """Give the interview as this person or role may see it. Works after its end, too, while the server keeps it."""
        return View.model_validate(await self._ask_as(viewer, contract.VIEW))

    async def export(self, viewer: Who) -> Export:
        """Give somebody of the interview all that is theirs to keep: the view, and their report as Markdown."""
        return Export.model_validate(await self._ask_as(viewer, contract.EXPORT))

    async def _ask_as(self, viewer: Actor, query: str) -> object:
        try:
            _VIEWER.validate_python(viewer)
        except ValidationError:
            sentence = "viewer: is neither a person of the interview (candidate, i1, …) nor a role (coordinator, …)"
            raise Refused(Code.INVALID_COMMAND, sentence) from None
        try:
            return await self._ask(query, viewer)
        except WorkflowQueryFailedError as failure:
            if failure.message.startswith("viewer:"):
                raise Refused(Code.NOT_PARTICIPANT, failure.message) from failure
            raise

    async def timeline(self) -> list[Happening]:
        """Say what happened when, and through whom, without its content; oldest first."""
        return _TIMELINE.validate_python(await self._ask(contract.TIMELINE))

    async def result(self) -> Ended:
        """Wait until the interview has ended and nothing is owed any more: days or months."""
        try:
            return Ended.model_validate(await self._workflow.result())
        except WorkflowFailureError as failure:
            raise_if_refused(failure.cause)
            raise
        except RPCError as error:
            await self._ended(error)
            raise

    # --- sending

    async def send(self, command: Command, *, key: str | None = None) -> Receipt:
        """Send a command; all its methods end here. Nothing is repeated behind your back.

        A key that was used for another command is refused with `idempotency_mismatch`.
        """
        if isinstance(command, UpdateContact):
            check_zone(command.zone, "zone")
        update = key or uuid4().hex
        silence = f"no answer to {command.kind} yet; it may still be applied: repeat it with the same key, {update}"
        try:
            async with in_time(self._patience, silence, update):
                answer: object = await self._workflow.execute_update(
                    command.kind,
                    said(command),
                    id=update,
                    rpc_timeout=self._patience,
                )
        except WorkflowUpdateFailedError as failure:
            raise_if_refused(failure.cause)
            raise
        except RPCError as error:
            ended = await self._ended(error)
            if ended is None:
                raise
            raise Refused(Code.INVALID_STATE, f"{command.kind} comes too late: the interview {ended}") from error
        receipt = Receipt.model_validate(answer)
        if key and receipt.digest != digest(command):
            raise Refused(Code.IDEMPOTENCY_MISMATCH, "this key was used for another command; take a new one")
        return receipt

    async def tell(self, fact: Fact) -> None:
        """Tell what happened in the world. A fact cannot be refused, only judged.

        A repeat of its `source_id` is no news, nor is anything about an interview that has ended.
        """
        try:
            async with in_time(self._patience, f"{fact.kind} may not have arrived; tell it again", fact.source_id):
                await self._workflow.signal(fact.kind, fact.model_dump(mode="json"), rpc_timeout=self._patience)
        except RPCError as error:
            if await self._ended(error) is None:
                raise

    async def _ask(self, query: str, *words: str) -> object:
        silence = f"nobody answers the question for the {query} now; is a worker running?"
        try:
            async with in_time(self._patience, silence):
                answer: object = await self._workflow.query(query, args=words, rpc_timeout=self._patience)
        except WorkflowQueryRejectedError as rejected:
            raise NoAnswerYet(silence) from rejected
        except RPCError as error:
            if error.status is RPCStatusCode.FAILED_PRECONDITION:
                raise NoAnswerYet(silence) from error
            await self._ended(error)
            raise
        return answer

    async def _ended(self, error: RPCError) -> str | None:
        """Find out what "not found" means: say how the interview has ended, or raise `UnknownInterview`.

        None where the error means something else.
        """
        if error.status is not RPCStatusCode.NOT_FOUND or namespace_missing(error):
            return None
        try:
            found = await self._workflow.describe(rpc_timeout=self._patience)
        except RPCError as again:
            if again.status is RPCStatusCode.NOT_FOUND:
                raise UnknownInterview(self.id) from error
            raise
        match found.status:
            case WorkflowExecutionStatus.COMPLETED:
                return f"has ended: {found.typed_search_attributes.get(_STATUS)}"
            case WorkflowExecutionStatus.FAILED | WorkflowExecutionStatus.TERMINATED | WorkflowExecutionStatus.CANCELED:
                return f"was stopped: {found.status.name}"
            case _:
                return None
