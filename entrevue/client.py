"""The client that backends install: start interviews, send them commands, tell them facts, read them.

Backends and workers deploy apart: the workflow is addressed by name, and whatever crosses the border is plain JSON.
Commands carry instants; a wall time and its zone are turned into one here, before anything is sent.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Self, get_args
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError
from temporalio.api.common.v1 import WorkflowExecution as Execution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from entrevue import contract
from entrevue.attendance import Party
from entrevue.attention import CLEARS, RANKS, Rank
from entrevue.changes import (
    Cancel,
    DenyApproval,
    GrantApproval,
    PutOnHold,
    RequestReschedule,
    Reschedule,
    Resume,
    Withdraw,
)
from entrevue.contract import TASK_QUEUE, Ended, Receipt, Standing, read
from entrevue.disputes import Disputed, OpenDispute, RuleDispute, Ruling
from entrevue.drift import RestoreEvent
from entrevue.effects import ClearAttention, LetterKind, ResendMessage
from entrevue.evaluation import (
    AddAddendum,
    ConfirmPractice,
    ExcuseEvaluation,
    ExtendDeadline,
    ShareExpectations,
    SubmitEvaluation,
)
from entrevue.feedback import (
    Decided,
    Item,
    OpenFeedback,
    RecordDecision,
    ReviewFeedback,
    Told,
    Withheld,
    WithholdItem,
)
from entrevue.follow_up import Acted, CheckGrowth, Helped, MailReport, RecordOutcome, SubmitReflection
from entrevue.interview import Fact
from entrevue.learning import Aggregates, Profile, ReadLearning, Record
from entrevue.negotiation import (
    BookSlot,
    ChooseSlot,
    DeclineOffer,
    OfferSlots,
    ProposeOtherTime,
    RequestAvailability,
    SubmitAvailability,
)
from entrevue.orders import Window
from entrevue.people import UpdateContact
from entrevue.permissions import Command
from entrevue.privacy import GiveConsent, Layer, RevokeConsent
from entrevue.request import InterviewRequest, check_forms
from entrevue.rubrics import CandidateForm, Score, Scorecard
from entrevue.seats import AddSeat, DeclareConflict, RemoveSeat, ReplaceInterviewer, RespondToSeat
from entrevue.session import (
    AbortSession,
    ContestNoShow,
    EndSession,
    GoOnWithThoseHere,
    MarkAttendance,
    ReportNoShow,
    RuleNoShow,
    SayItDidNotTakePlace,
    StartSession,
    WaitLonger,
)
from entrevue.values import (
    CANDIDATE,
    Actor,
    Code,
    DirectoryId,
    EmailAddress,
    Instant,
    InterviewId,
    Line,
    Message,
    Name,
    PoolName,
    Refused,
    SeatRole,
    Status,
    Text,
    Who,
    ZoneName,
    digest,
    said,
)
from entrevue.view import Export, Happening, ToReview, View
from entrevue.voices import (
    AnswerQuestion,
    ArrangeAdjustment,
    AskQuestion,
    MarkAddressed,
    NoteMoment,
    ReportConduct,
    RequestAdjustment,
)
from entrevue.walltime import WallTime, check_zone, instants

RPC_TIMEOUT = timedelta(seconds=10)
ADDRESS = "localhost:7233"
"""Where a server is looked for when neither TEMPORAL_ADDRESS nor a profile of Temporal's configuration says."""

COMMANDS: dict[str, type[Command]] = {model.model_fields["kind"].default: model for model in get_args(Command)}
FACTS: dict[str, type[Fact]] = {model.model_fields["kind"].default: model for model in get_args(Fact)}
"""Everything that can be sent, by the name under which it is sent."""

_ROLE_SHOWN = 100
"""Characters of the role in the title of a workflow; servers bound it."""

_VIEWER: TypeAdapter[str] = TypeAdapter(Actor)
_TIMELINE = TypeAdapter(list[Happening])
_SILENT = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.UNAVAILABLE}

_STATUS = SearchAttributeKey.for_keyword(contract.STATUS)
_BALL = SearchAttributeKey.for_keyword(contract.BALL)
_ATTENTION = SearchAttributeKey.for_keyword(contract.ATTENTION)
_NEEDS = SearchAttributeKey.for_keyword_list(contract.NEEDS)
_START = SearchAttributeKey.for_datetime(contract.START)
_PROCESS = SearchAttributeKey.for_keyword(contract.PROCESS)
_INDEXED = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}

_MOST_LOOKED_AT = 10_000
"""Interviews that need a person: so many are looked at to tell their causes."""
_EXAMPLES = 3

_MOST_REVIEWS, _AT_ONCE = 1000, 8
"""Interviews that are asked for what waits for a review; and so many at the same time."""

_NEVER = datetime.max.replace(tzinfo=UTC)

_READING = timedelta(minutes=1)
"""Nobody waits longer for what was learned; a run that no worker took up by then ends by itself."""

# --- what can go wrong, besides a refusal ----------------------------------------------------------------------------


class NoServer(ConnectionError):
    """Nothing that speaks Temporal answers at `address`."""

    def __init__(self, address: str) -> None:
        super().__init__(f"no Temporal server answers at {address}; set TEMPORAL_ADDRESS or start one")
        self.address = address


class UnknownInterview(Exception):
    """No interview was started under this id, or its history is past the server's retention."""

    def __init__(self, interview: InterviewId) -> None:
        super().__init__(f"there is no interview {interview}")
        self.interview = interview


class NoAnswerYet(Exception):
    """Neither yes nor no came in time. What was sent, under `key`, may still be applied; a question has no key."""

    def __init__(self, sentence: str, key: str | None = None) -> None:
        super().__init__(sentence)
        self.key = key


# --- the client ------------------------------------------------------------------------------------------------------


class Listed(Message):
    """One interview as the server's index shows it, a moment behind. Names nobody."""

    interview: InterviewId
    status: str | None
    ball: str | None
    attention: str | None
    """The most urgent rank that needs a person, or `none`."""
    start: Instant | None
    opened_at: Instant
    closed_at: Instant | None


class Needed(Message):
    """What needs a person, one item a cause: a calendar server that is down is one, whatever it keeps waiting."""

    rank: str
    """`now`, `today` or `information`: the most urgent that any of these interviews gives it."""
    owner: str
    cause: str
    count: int
    """Open interviews."""
    examples: tuple[InterviewId, ...]
    """A few of the most urgent; `search` finds them all."""
    clears: tuple[str, ...]
    """Commands that help in each interview; empty: it clears itself when the cause is gone."""
    earliest: Instant | None
    """Booked start, of those interviews that have one."""
    latest: Instant | None


class Review(Message):
    """What one interview has waiting for the person who reads before a candidate does."""

    interview: InterviewId
    due: Instant | None = None
    """None: it gives no answer now. It has something waiting; look at it by itself."""
    role: str | None = None
    items: tuple[ToReview, ...] = ()


class InterviewClient:
    """All interviews of one Temporal namespace. Make one a process, on the event loop that uses it.

    `rpc_timeout` is how long an answer is waited for. Any Temporal client will do whose data converter writes JSON.
    """

    def __init__(self, temporal: Client, *, rpc_timeout: timedelta = RPC_TIMEOUT, task_queue: str = TASK_QUEUE) -> None:
        self._temporal = temporal
        self._patience = rpc_timeout
        self._task_queue = task_queue

    @classmethod
    async def connect(
        cls,
        *,
        profile: str | None = None,
        data_converter: DataConverter = pydantic_data_converter,
        rpc_timeout: timedelta = RPC_TIMEOUT,
        task_queue: str = TASK_QUEUE,
    ) -> Self:
        """Connect as Temporal's own profiles and `TEMPORAL_…` variables say. May raise `NoServer`."""
        config = ClientConfig.load_client_connect_config(profile)
        config.setdefault("target_host", ADDRESS)
        try:
            async with asyncio.timeout(rpc_timeout.total_seconds()):
                temporal = await Client.connect(**config, data_converter=data_converter)
        except TimeoutError as trouble:
            raise NoServer(config["target_host"]) from trouble
        except RuntimeError as trouble:
            if "Server connection error" not in str(trouble):
                raise  # somebody is there, and wants something else of us
            raise NoServer(config["target_host"]) from trouble
        return cls(temporal, rpc_timeout=rpc_timeout, task_queue=task_queue)

    async def start(self, request: InterviewRequest | Mapping[str, object]) -> "InterviewHandle":
        """Start an interview, or give the one of this id that exists already, running or ended.

        Raises `Refused` where the request does not fit, and `NoAnswerYet`: then start it again.
        """
        checked = request if isinstance(request, InterviewRequest) else read(InterviewRequest, request)
        check_forms(checked)
        check_zone(checked.candidate.zone, "candidate.zone")
        try:
            async with _in_time(self._patience, f"the server did not answer; start {checked.id} again", checked.id):
                await self._temporal.start_workflow(
                    contract.WORKFLOW,
                    checked.model_dump(mode="json", exclude_unset=True),  # what it leaves open, the worker decides
                    id=contract.workflow_id(checked.id),
                    task_queue=self._task_queue,
                    # Not USE_EXISTING, which does not tell a new interview from an old one; all else is the same.
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=_known_by(checked),
                    static_summary=f"{checked.role[:_ROLE_SHOWN]} · {checked.id}",
                    rpc_timeout=self._patience,
                )
        except WorkflowAlreadyStartedError:
            return self.interview(checked.id)
        return InterviewHandle(checked.id, self._workflow(checked.id), patience=self._patience, created=True)

    def interview(self, interview: InterviewId) -> "InterviewHandle":
        """Address an interview by its id. Whether it exists is found out by the first call."""
        return InterviewHandle(interview, self._workflow(interview), patience=self._patience)

    async def search(
        self, *, status: Status | None = None, attention: Rank | None = None, query: str | None = None
    ) -> AsyncIterator[Listed]:
        """Find interviews in the server's index, the newest first; `query` is in Temporal's list filter syntax.

        For operators. A page that many people look at should read a table fed from the journal instead.
        """
        filters = [f'WorkflowType = "{contract.WORKFLOW}"', 'ExecutionStatus != "ContinuedAsNew"']
        filters += [f'{contract.STATUS} = "{Status(status)}"'] if status else []
        filters += [f'{contract.ATTENTION} = "{attention}"'] if attention else []
        filters += [f"({query})"] if query else []
        async for execution in self._temporal.list_workflows(" AND ".join(filters), rpc_timeout=self._patience):
            yield _listed(execution)

    async def attention(self) -> tuple[Needed, ...]:
        """Say what needs a person in open interviews, the most urgent first, from the server's index.

        Counts are of the 10,000 newest interviews that need somebody.
        """
        urgent = " OR ".join(f'{contract.ATTENTION} = "{rank}"' for rank in RANKS)
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND ExecutionStatus = "Running" AND ({urgent})',
            limit=_MOST_LOOKED_AT,
            rpc_timeout=self._patience,
        )
        return _one_a_cause([one async for execution in found for one in _waiting(execution)])

    async def reviews(self) -> tuple[Review, ...]:
        """List what waits for a review, of all interviews, the earliest due first: one batch for one person.

        From the server's index, which is a moment behind, and at most of the 1,000 newest interviews it has. One that
        gives no answer holds up no other, and stands at the end.
        """
        needs = ", ".join(f'"{rank}/reviewer/REVIEW_DUE"' for rank in RANKS)
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND ExecutionStatus = "Running" AND {contract.NEEDS} IN ({needs})',
            limit=_MOST_REVIEWS,
            rpc_timeout=self._patience,
        )
        turns = asyncio.Semaphore(_AT_ONCE)
        asked = [self._review(_listed(one).interview, turns) async for one in found]
        waiting = [one for one in await asyncio.gather(*asked) if one is not None]
        return tuple(sorted(waiting, key=lambda one: (one.due is None, one.due or _NEVER, one.interview)))

    async def _review(self, interview: InterviewId, turns: asyncio.Semaphore) -> Review | None:
        """None: it was reviewed a moment ago, and the index does not know yet."""
        async with turns:
            try:
                view = await self.interview(interview).view("reviewer")
            except NoAnswerYet:
                return Review(interview=interview)
        if view.review_due is None:
            return None
        return Review(interview=interview, due=view.review_due, role=view.role, items=view.to_review)

    async def profile(self, person: DirectoryId) -> Profile:
        """Give an interviewer's own growth profile. For their eyes only: ask for nobody but whoever will read it."""
        return Profile.model_validate(await self._learned(viewer=person, person=person))

    async def aggregates(self, *, viewer: Literal["coordinator", "decision_maker"]) -> Aggregates:
        """Say how candidates feel about interviews here; figures of five candidates or more."""
        return Aggregates.model_validate(await self._learned(viewer=viewer))

    async def record(self, interview: InterviewId) -> Record:
        """Give the candidate of this interview what they have learned in all of theirs. For their eyes only."""
        return Record.model_validate(await self._learned(viewer=CANDIDATE, interview=interview))

    async def _learned(self, **asked: str) -> object:
        question = read(ReadLearning, asked)
        silence = "nobody answers the question for what was learned now; is a worker running?"
        try:
            async with _in_time(self._patience, silence):
                answer: object = await self._temporal.execute_workflow(
                    contract.LEARNING,
                    question.model_dump(mode="json", exclude_none=True),
                    id=contract.learning_id(uuid4().hex),
                    task_queue=self._task_queue,
                    execution_timeout=_READING,
                    static_summary="Read what was learned across interviews, for one reader",
                    rpc_timeout=self._patience,
                )
        except WorkflowFailureError as failure:
            _raise_if_refused(failure.cause)
            raise NoAnswerYet("what was learned cannot be read now; ask again") from failure
        return answer

    async def standing(self, interview: InterviewId) -> Standing:
        """Say whether an interview goes on; for the janitor. Asks the server itself, not its index."""
        asked = DescribeWorkflowExecutionRequest(
            namespace=self._temporal.namespace, execution=Execution(workflow_id=contract.workflow_id(interview))
        )
        try:
            found = await self._temporal.workflow_service.describe_workflow_execution(
                asked, retry=True, timeout=self._patience
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and not _namespace_missing(error):
                return "unknown"
            raise
        return "closed" if found.workflow_execution_info.HasField("close_time") else "live"

    async def register_search_attributes(self) -> tuple[str, ...]:
        """Make the server know the attributes by which interviews are found; give those that were missing."""
        operator, namespace = self._temporal.operator_service, self._temporal.namespace
        known = await operator.list_search_attributes(
            ListSearchAttributesRequest(namespace=namespace), timeout=self._patience
        )
        wanted = {name: _INDEXED[kind] for name, kind in contract.SEARCH_ATTRIBUTES.items()}
        for name, kind in wanted.items():
            if known.custom_attributes.get(name, kind) != kind:
                raise ValueError(f"the search attribute {name} exists, but is no {IndexedValueType.Name(kind)}")
        missing = {name: kind for name, kind in wanted.items() if name not in known.custom_attributes}
        if missing:
            await operator.add_search_attributes(
                AddSearchAttributesRequest(namespace=namespace, search_attributes=missing), timeout=self._patience
            )
        return tuple(missing)

    def _workflow(self, interview: InterviewId) -> WorkflowHandle[object, object]:
        return self._temporal.get_workflow_handle(contract.workflow_id(interview))


def _known_by(request: InterviewRequest) -> TypedSearchAttributes:
    """Let the others of its process find an interview from its first moment on."""
    if request.process_id is None:
        return TypedSearchAttributes.empty
    return TypedSearchAttributes([SearchAttributePair(_PROCESS, request.process_id)])


def _listed(execution: WorkflowExecution) -> Listed:
    attributes = execution.typed_search_attributes
    return Listed(
        interview=execution.id.removeprefix(contract.workflow_id("")),
        status=attributes.get(_STATUS),
        ball=attributes.get(_BALL),
        attention=attributes.get(_ATTENTION),
        start=attributes.get(_START),
        opened_at=execution.start_time,
        closed_at=execution.close_time,
    )


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """One interview's share in one cause."""

    rank: str
    owner: str
    cause: str
    interview: InterviewId
    start: datetime | None


def _waiting(execution: WorkflowExecution) -> Iterator[_Waiting]:
    listed = _listed(execution)
    for need in execution.typed_search_attributes.get(_NEEDS) or ():
        rank, owner, cause = need.split("/")
        yield _Waiting(rank=rank, owner=owner, cause=cause, interview=listed.interview, start=listed.start)


def _one_a_cause(waiting: Iterable[_Waiting]) -> tuple[Needed, ...]:
    alike: defaultdict[tuple[str, str], list[_Waiting]] = defaultdict(list)
    for one in sorted(waiting, key=lambda one: _urgency(one.rank)):
        alike[one.owner, one.cause].append(one)
    needed = (_needed(group) for group in alike.values())
    return tuple(sorted(needed, key=lambda one: (_urgency(one.rank), -one.count, one.cause)))


def _needed(alike: Sequence[_Waiting]) -> Needed:
    most_urgent = alike[0]
    interviews = tuple(dict.fromkeys(one.interview for one in alike))
    starts = [one.start for one in alike if one.start is not None]
    return Needed(
        rank=most_urgent.rank,
        owner=most_urgent.owner,
        cause=most_urgent.cause,
        count=len(interviews),
        examples=interviews[:_EXAMPLES],
        clears=CLEARS.get(most_urgent.cause, ()),
        earliest=min(starts, default=None),
        latest=max(starts, default=None),
    )


def _urgency(rank: str) -> int:
    return next((n for n, known in enumerate(RANKS) if known == rank), len(RANKS))


# --- one interview ---------------------------------------------------------------------------------------------------


class InterviewHandle:
    """One interview. Each command is a method of its name; its words are the command's fields.

    A command may be repeated with the same `key`: it is applied once and answered alike. Without a key it gets a fresh
    one. Each may raise `Refused`, `UnknownInterview` and `NoAnswerYet`. Who may send what, and when: docs/commands.md.
    Where a time is asked for, an aware datetime will do or a `WallTime`: one that never is, or is twice, is refused
    with both of its neighbours (`UnclearTime`).
    """

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
            _raise_if_refused(failure.cause)
            raise
        except RPCError as error:
            await self._ended(error)
            raise

    # --- sending

    async def send(self, command: Command, *, key: str | None = None) -> Receipt:
        """Send a command; all the methods below end here. Nothing is repeated behind your back.

        A key that was used for another command is refused with `idempotency_mismatch`.
        """
        if isinstance(command, UpdateContact):
            check_zone(command.zone, "zone")
        update = key or uuid4().hex
        silence = f"no answer to {command.kind} yet; it may still be applied: repeat it with the same key, {update}"
        try:
            async with _in_time(self._patience, silence, update):
                answer: object = await self._workflow.execute_update(
                    command.kind,
                    said(command),
                    id=update,
                    rpc_timeout=self._patience,
                )
        except WorkflowUpdateFailedError as failure:
            _raise_if_refused(failure.cause)
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
            async with _in_time(self._patience, f"{fact.kind} may not have arrived; tell it again", fact.source_id):
                await self._workflow.signal(fact.kind, fact.model_dump(mode="json"), rpc_timeout=self._patience)
        except RPCError as error:
            if await self._ended(error) is None:
                raise

    async def _command(self, model: type[Command], key: str | None, **fields: object) -> Receipt:
        return await self.send(read(model, {name: instants(field, name) for name, field in fields.items()}), key=key)

    async def _ask(self, query: str, *words: str) -> object:
        silence = f"nobody answers the question for the {query} now; is a worker running?"
        try:
            async with _in_time(self._patience, silence):
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
        if error.status is not RPCStatusCode.NOT_FOUND or _namespace_missing(error):
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

    # --- people

    async def update_contact(
        self,
        *,
        by: Actor,
        email: EmailAddress | None = None,
        name: Name | None = None,
        zone: ZoneName | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Correct how the candidate is reached; letters that bounced are sent again to the new address."""
        return await self._command(UpdateContact, key, by=by, email=email, name=name, zone=zone)

    # --- scheduling

    async def offer_slots(
        self, *, by: Actor, slots: tuple[Instant | WallTime, ...] = (), hold: bool = False, key: str | None = None
    ) -> Receipt:
        """Offer these starts to the candidate; without any, search for some again. Of one, `hold` waits for a claim."""
        return await self._command(OfferSlots, key, by=by, slots=slots, hold=hold)

    async def request_availability(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Ask the candidate when they are free, instead of making an offer."""
        return await self._command(RequestAvailability, key, by=by)

    async def submit_availability(self, *, by: Actor, windows: tuple[Window, ...], key: str | None = None) -> Receipt:
        """Say when the candidate is free. The first time that fits everybody is booked; follow it by `view`."""
        return await self._command(SubmitAvailability, key, by=by, windows=windows)

    async def propose_other_time(
        self,
        *,
        by: Actor,
        start: Instant | WallTime,
        expected_revision: int,
        reason: Line | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Would rather meet then. Waits until the time is held for the other side's answer."""
        return await self._command(
            ProposeOtherTime, key, by=by, start=start, expected_revision=expected_revision, reason=reason
        )

    async def choose_slot(
        self, *, by: Actor, start: Instant | WallTime, expected_revision: int | None = None, key: str | None = None
    ) -> Receipt:
        """Pick one of the offered slots. Waits until the time is claimed, or refuses with `slot_unavailable`."""
        return await self._command(ChooseSlot, key, by=by, start=start, expected_revision=expected_revision)

    async def decline_offer(self, *, by: Actor, reason: Line | None = None, key: str | None = None) -> Receipt:
        """None of these times; the process goes on with fresh ones."""
        return await self._command(DeclineOffer, key, by=by, reason=reason)

    async def book_slot(
        self,
        *,
        by: Actor,
        start: Instant | WallTime,
        overload: bool = False,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Book a time that was agreed elsewhere. Waits until it is claimed."""
        return await self._command(
            BookSlot, key, by=by, start=start, overload=overload, expected_revision=expected_revision
        )

    async def reschedule(
        self,
        *,
        by: Actor,
        start: Instant | WallTime,
        reason: Line | None = None,
        overload: bool = False,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Move a booked interview to this time. Waits until it is claimed; the old time is kept until then."""
        return await self._command(
            Reschedule,
            key,
            by=by,
            start=start,
            reason=reason,
            overload=overload,
            expected_revision=expected_revision,
        )

    async def request_reschedule(
        self,
        *,
        by: Actor,
        mode: Literal["swap", "vacate"] = "swap",
        reason: Line | None = None,
        expected_revision: int | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Ask for another time. `swap` keeps the booked time until a new one is found, `vacate` gives it up now.

        Where the coordinator must decide, the receipt's `outcome` is `pending_approval`.
        After a no-show: the absent side admits it, or the candidate whom the company let down does not wait any more.
        """
        return await self._command(
            RequestReschedule, key, by=by, mode=mode, reason=reason, expected_revision=expected_revision
        )

    async def grant_approval(self, *, by: Actor = "coordinator", key: str | None = None) -> Receipt:
        """Let the change happen that waits for it. A given time is claimed first."""
        return await self._command(GrantApproval, key, by=by)

    async def deny_approval(
        self, *, by: Actor = "coordinator", reason: Line | None = None, key: str | None = None
    ) -> Receipt:
        """The booked time stands; whoever asked is told."""
        return await self._command(DenyApproval, key, by=by, reason=reason)

    async def restore_event(self, *, by: Actor, whom: Who, key: str | None = None) -> Receipt:
        """Put the booked time back into somebody's calendar, whatever they did to it; they are told."""
        return await self._command(RestoreEvent, key, by=by, whom=whom)

    async def put_on_hold(self, *, by: Actor, reason: Line | None = None, key: str | None = None) -> Receipt:
        """Pause before the session: clocks stand still, a booked time is kept."""
        return await self._command(PutOnHold, key, by=by, reason=reason)

    async def resume(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Go on, with the time that clocks had left."""
        return await self._command(Resume, key, by=by)

    async def cancel(self, *, by: Actor, reason: Line | None = None, key: str | None = None) -> Receipt:
        """End the interview before its session. Late, a reason is due to the other side."""
        return await self._command(Cancel, key, by=by, reason=reason)

    async def withdraw(self, *, by: Actor, reason: Line | None = None, key: str | None = None) -> Receipt:
        """The candidate leaves the process. After the session the evaluation goes on without hiring."""
        return await self._command(Withdraw, key, by=by, reason=reason)

    # --- the panel

    async def respond_to_seat(
        self,
        *,
        by: Actor,
        answer: Literal["accepted", "tentative", "declined"],
        whom: Who | None = None,
        reason: Line | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Accept or decline the time for one's seat; who declines is replaced where that is possible."""
        return await self._command(RespondToSeat, key, by=by, answer=answer, whom=whom, reason=reason)

    async def replace_interviewer(
        self,
        *,
        by: Actor,
        whom: Who | None = None,
        seat: int | None = None,
        person: DirectoryId | None = None,
        overload: bool = False,
        key: str | None = None,
    ) -> Receipt:
        """Let `person`, or whoever of the seat's pool is free, sit there. Waits until their time is claimed."""
        return await self._command(
            ReplaceInterviewer, key, by=by, whom=whom, seat=seat, person=person, overload=overload
        )

    async def add_seat(
        self,
        *,
        by: Actor,
        person: DirectoryId | None = None,
        pool: PoolName | None = None,
        role: SeatRole = SeatRole.REQUIRED,
        overload: bool = False,
        key: str | None = None,
    ) -> Receipt:
        """Ask one more person to the panel, or somebody of a pool. Waits until their time is claimed."""
        return await self._command(AddSeat, key, by=by, person=person, pool=pool, role=role, overload=overload)

    async def remove_seat(
        self, *, by: Actor, whom: Who | None = None, seat: int | None = None, key: str | None = None
    ) -> Receipt:
        """Go on with one seat less."""
        return await self._command(RemoveSeat, key, by=by, whom=whom, seat=seat)

    async def declare_conflict(
        self, *, by: Actor, whom: Who, reason: Line | None = None, key: str | None = None
    ) -> Receipt:
        """This interviewer and this candidate should not meet. The reason is read by the coordinator alone."""
        return await self._command(DeclareConflict, key, by=by, whom=whom, reason=reason)

    # --- the session

    async def start_session(self, *, by: Actor, key: str | None = None) -> Receipt:
        """The meeting begins; one hour before its booked time at the earliest."""
        return await self._command(StartSession, key, by=by)

    async def end_session(self, *, by: Actor, key: str | None = None) -> Receipt:
        """The meeting is over: both sides get their forms. Within five minutes it counts as aborted."""
        return await self._command(EndSession, key, by=by)

    async def abort_session(self, *, by: Actor, reason: Text, key: str | None = None) -> Receipt:
        """It broke off for technical reasons; a new time is looked for, at nobody's cost."""
        return await self._command(AbortSession, key, by=by, reason=reason)

    async def mark_attendance(self, *, by: Actor, who: Who, present: bool, key: str | None = None) -> Receipt:
        """Say whether somebody was there. A person's word weighs more than the meeting's own records."""
        return await self._command(MarkAttendance, key, by=by, who=who, present=present)

    async def report_no_show(self, *, by: Actor, party: Party, key: str | None = None) -> Receipt:
        """Somebody did not come. Provisional: the absent side may contest it."""
        return await self._command(ReportNoShow, key, by=by, party=party)

    async def contest_no_show(self, *, by: Actor, reason: Text, key: str | None = None) -> Receipt:
        """Object to being called absent; the coordinator rules."""
        return await self._command(ContestNoShow, key, by=by, reason=reason)

    async def rule_no_show(
        self, *, upheld: bool, took_place: bool = False, by: Actor = "coordinator", key: str | None = None
    ) -> Receipt:
        """Uphold the contest (then say whether the session took place), or dismiss it.

        Of a session that was presumed held: uphold that it did not take place, or dismiss it.
        """
        return await self._command(RuleNoShow, key, by=by, upheld=upheld, took_place=took_place)

    async def wait_longer(self, *, by: Actor, minutes: int = 15, key: str | None = None) -> Receipt:
        """Give those who are missing more time, until the planned end at most; also when they are given up already."""
        return await self._command(WaitLonger, key, by=by, minutes=minutes)

    async def go_on_with_those_here(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Begin though somebody is missing: the candidate and at least one interviewer are there."""
        return await self._command(GoOnWithThoseHere, key, by=by)

    async def say_it_did_not_take_place(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Nobody recorded the session, so it was presumed held; it was not. The other side may object."""
        return await self._command(SayItDidNotTakePlace, key, by=by)

    # --- voices

    async def note_moment(self, *, by: Actor, text: Text, key: str | None = None) -> Receipt:
        """Note what mattered, in private; usable as evidence later, for the author's eyes only."""
        return await self._command(NoteMoment, key, by=by, text=text)

    async def ask_question(
        self, *, text: Text, show_interviewers: bool = False, by: Actor = CANDIDATE, key: str | None = None
    ) -> Receipt:
        """Ask what is still open. It goes to the coordinator at once, outside the gates."""
        return await self._command(AskQuestion, key, by=by, text=text, show_interviewers=show_interviewers)

    async def answer_question(
        self, *, question: int, text: Text, by: Actor = "coordinator", key: str | None = None
    ) -> Receipt:
        """Answer an open question of the candidate's."""
        return await self._command(AnswerQuestion, key, by=by, question=question, text=text)

    async def mark_addressed(self, *, question: int, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Say that the answer answers: only the asker knows."""
        return await self._command(MarkAddressed, key, by=by, question=question)

    async def request_adjustment(self, *, text: Text, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Ask for what you need to be on equal terms. The coordinator reads it, and nobody else."""
        return await self._command(RequestAdjustment, key, by=by, text=text)

    async def arrange_adjustment(
        self,
        *,
        adjustment: int,
        instruction: Text,
        text: Text | None = None,
        by: Actor = "coordinator",
        key: str | None = None,
    ) -> Receipt:
        """Say what was arranged: what the interviewers shall see to, and what the candidate should know."""
        return await self._command(
            ArrangeAdjustment, key, by=by, adjustment=adjustment, instruction=instruction, text=text
        )

    async def report_conduct(self, *, by: Actor, text: Text, key: str | None = None) -> Receipt:
        """Tell a named person off the panel how somebody behaved; at any time, read by nobody else."""
        return await self._command(ReportConduct, key, by=by, text=text)

    # --- evaluation

    async def share_expectations(
        self,
        *,
        by: Actor,
        for_other_side: Line | None = None,
        private: Text | None = None,
        confidence: Score | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Before the session: one line for the other side, one private line. The latest version holds."""
        return await self._command(
            ShareExpectations, key, by=by, for_other_side=for_other_side, private=private, confidence=confidence
        )

    async def submit_evaluation(self, *, by: Actor, form: Scorecard | CandidateForm, key: str | None = None) -> Receipt:
        """Hand in your form, or a new version of it while it is not locked."""
        return await self._command(SubmitEvaluation, key, by=by, form=form)

    async def excuse_evaluation(self, *, by: Actor, whom: Who, reason: Line, key: str | None = None) -> Receipt:
        """Release somebody from their form, with a reason."""
        return await self._command(ExcuseEvaluation, key, by=by, whom=whom, reason=reason)

    async def extend_deadline(
        self, *, until: Instant | WallTime, whom: Who | None = None, by: Actor = "coordinator", key: str | None = None
    ) -> Receipt:
        """Give more time for a form, or for all that are open; never less."""
        return await self._command(ExtendDeadline, key, by=by, whom=whom, until=until)

    async def add_addendum(self, *, by: Actor, text: Text, key: str | None = None) -> Receipt:
        """Add to your own form what came to light after it was locked; the form itself stays as it is."""
        return await self._command(AddAddendum, key, by=by, text=text)

    async def confirm_practice(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Say that this is practice, and no hiring is decided by it."""
        return await self._command(ConfirmPractice, key, by=by)

    # --- decision and feedback

    async def record_decision(
        self, *, by: Actor, outcome: Decided, process_over: bool, told: Told | None = None, key: str | None = None
    ) -> Receipt:
        """Record what was decided. Gate 2 opens when the process is over *and* the candidate was told by a person."""
        return await self._command(RecordDecision, key, by=by, outcome=outcome, process_over=process_over, told=told)

    async def review_feedback(
        self,
        *,
        approved: tuple[Item, ...],
        withheld: tuple[Withheld, ...] = (),
        next_step: Line | None = None,
        reviewed_by: DirectoryId | None = None,
        by: Actor = "reviewer",
        key: str | None = None,
    ) -> Receipt:
        """A person has read what the panel would share: these items go to the candidate, with one next step.

        Every item is approved, or withheld with a reason.
        """
        return await self._command(
            ReviewFeedback,
            key,
            by=by,
            approved=approved,
            withheld=withheld,
            next_step=next_step,
            reviewed_by=reviewed_by,
        )

    async def withhold_item(
        self, *, item: Item, reason: Line, by: Actor = "reviewer", key: str | None = None
    ) -> Receipt:
        """Take back an approved item that the candidate has not opened yet."""
        return await self._command(WithholdItem, key, by=by, item=item, reason=reason)

    async def open_feedback(self, *, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """The candidate chooses to read it."""
        return await self._command(OpenFeedback, key, by=by)

    async def submit_reflection(
        self, *, by: Actor, text: Text, will_try: Line | None = None, key: str | None = None
    ) -> Receipt:
        """Write down what you take from this interview; private."""
        return await self._command(SubmitReflection, key, by=by, text=text, will_try=will_try)

    async def check_growth(
        self,
        *,
        by: Actor,
        acted: Acted,
        helped: Helped | None = None,
        note: Line | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Say whether you acted on it, and whether it helped."""
        return await self._command(CheckGrowth, key, by=by, acted=acted, helped=helped, note=note)

    async def record_outcome(
        self, *, by: Actor, joined: bool, preview_honest: Score | None = None, key: str | None = None
    ) -> Receipt:
        """Say what became of it; the candidate who joined, also whether the preview was honest."""
        return await self._command(RecordOutcome, key, by=by, joined=joined, preview_honest=preview_honest)

    async def mail_report(self, *, by: Actor, key: str | None = None) -> Receipt:
        """Send me my own report by mail, as a document to keep."""
        return await self._command(MailReport, key, by=by)

    async def open_dispute(
        self,
        *,
        by: Actor,
        reason: Text,
        sentence: int | None = None,
        item: Disputed | None = None,
        key: str | None = None,
    ) -> Receipt:
        """Object to a sentence about you that you were shown. It is frozen until it is ruled on.

        The candidate gives its number, an interviewer the item.
        """
        return await self._command(OpenDispute, key, by=by, item=item, sentence=sentence, reason=reason)

    async def rule_dispute(
        self,
        *,
        dispute: int,
        ruling: Ruling,
        ruled_by: DirectoryId,
        reason: Text,
        text: Line | None = None,
        by: Actor = "ruler",
        key: str | None = None,
    ) -> Receipt:
        """Rule, as somebody who was not on the panel."""
        return await self._command(
            RuleDispute, key, by=by, dispute=dispute, ruling=ruling, ruled_by=ruled_by, reason=reason, text=text
        )

    # --- privacy

    async def give_consent(self, *, layer: Layer, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Agree to reviewed feedback, or to being reminded of reflection and growth."""
        return await self._command(GiveConsent, key, by=by, layer=layer)

    async def revoke_consent(self, *, layer: Layer, by: Actor = CANDIDATE, key: str | None = None) -> Receipt:
        """Take an agreement back; what it covered is withheld, the rest goes on."""
        return await self._command(RevokeConsent, key, by=by, layer=layer)

    # --- repair

    async def resend_message(self, *, by: Actor, letter: LetterKind, whom: Who, key: str | None = None) -> Receipt:
        """Send somebody the newest letter of this kind once more."""
        return await self._command(ResendMessage, key, by=by, letter=letter, whom=whom)

    async def clear_attention(self, *, by: Actor, item: str, key: str | None = None) -> Receipt:
        """Say that the cause of an attention item was mended: what came to nothing is tried again."""
        return await self._command(ClearAttention, key, by=by, item=item)


# --- from Temporal's words to ours -----------------------------------------------------------------------------------


def _raise_if_refused(cause: BaseException) -> None:
    """Raise the refusal that an error carries; what carries none is trouble: a bug, or an operator's doing."""
    if isinstance(cause, ApplicationError) and cause.type in tuple(Code):
        raise Refused(Code(cause.type), cause.message) from cause


@asynccontextmanager
async def _in_time(patience: timedelta, sentence: str, key: str | None = None) -> AsyncIterator[None]:
    """Wait so long and no longer; Temporal's own timeouts are those of one call, and it makes several."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            yield
    except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError) as silence:
        _pass_on_cancellation()
        raise NoAnswerYet(sentence, key) from silence
    except RPCError as error:
        if error.status not in _SILENT:
            raise
        raise NoAnswerYet(sentence, key) from error


def _pass_on_cancellation() -> None:
    """Temporal's client takes a cancelled task for a timeout; whoever cancelled us must see it happen."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def _namespace_missing(error: RPCError) -> bool:
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
