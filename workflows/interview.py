"""The shell around the domain: records what comes in, carries out what `plan` owes, decides nothing.

Handlers record, the loop acts. An order that is no longer owed is cancelled and keeps its lane until it has really
ended. There is one timer, armed anew only when the next deadline moves.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from typing import Annotated, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, RootModel
from temporalio import workflow
from temporalio.common import RetryPolicy, SearchAttributeKey
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    RetryState,
    TimeoutError,  # noqa: A004 - Temporal's: an activity's, never asyncio's
    is_cancelled_exception,
)

with workflow.unsafe.imports_passed_through():  # together: two copies of a class would match no `case`
    from entrevue import contract
    from entrevue.agenda import Agenda, plan, summary
    from entrevue.attention import RANKS, needs
    from entrevue.briefing import BriefsGathered
    from entrevue.changes import GrantApproval, Reschedule
    from entrevue.claims import why_lost
    from entrevue.contract import Ended, Receipt, read
    from entrevue.effects import RECEIPTS
    from entrevue.feedback import ProcessInformed
    from entrevue.follow_up import FollowUpBegan
    from entrevue.interview import (
        SCHEMA_VERSION,
        Cause,
        Fact,
        Interview,
        JournalRefused,
        OperatorCancelled,
        Recorded,
        Started,
        UnreadableFact,
        advance,
        opened,
        settle,
    )
    from entrevue.negotiation import BookSlot, ChooseSlot, OfferSlots, ProposeOtherTime
    from entrevue.orders import (
        Answer,
        AppendJournal,
        ClaimTime,
        FindSlots,
        GaveUp,
        JournalAnswer,
        JournalEntry,
        LookUpBriefs,
        LookUpPeople,
        MakeRoom,
        Order,
        ReleaseTime,
        RemoveEvent,
        SendLetter,
        TellProcess,
        WriteEvent,
    )
    from entrevue.owed import Owed, open_forms
    from entrevue.permissions import Command
    from entrevue.request import InterviewRequest, check_forms
    from entrevue.scheduling import ApprovalRequested
    from entrevue.seats import AddSeat, RemoveSeat, ReplaceInterviewer
    from entrevue.sharing import Asked, DayLookedUp, Shared, answer
    from entrevue.showing import ball, card, export, timeline, view
    from entrevue.values import Actor, Code, InterviewId, Message, Refused, digest
    from entrevue.view import Export, Happening, View

_CLAIMS_TIME = (
    ChooseSlot,
    BookSlot,
    OfferSlots,
    ProposeOtherTime,
    Reschedule,
    GrantApproval,
    ReplaceInterviewer,
    AddSeat,
    RemoveSeat,
)
"""Their handlers wait until the ledger has answered: the caller learns whether the time is theirs."""

_SEEN = 200
"""Update ids remembered across continue-as-new; within a run the server itself remembers."""

_ON_TIMELINE = 2000

_MUCH = 20
"""Events that go to the journal though orders are in flight."""

_ATTEMPT, _MAILING = timedelta(seconds=30), timedelta(seconds=60)
"""Longest attempt: longer than any adapter's own limit, so that none outlives it. A killed worker costs as much."""

_GLANCE = timedelta(seconds=2)

_SHORTLY = timedelta(minutes=1)
"""Within this time an order is usually answered."""

_INDEXED = timedelta(minutes=1)
"""So long after it began, at the latest, an interview is in the server's index."""

QUIET = RECEIPTS | BriefsGathered | DayLookedUp | ProcessInformed | FollowUpBegan
"""What nobody waits for in the journal, or what it has told beforehand: it goes there with what happens next."""

_LARGEST_BATCH = 256 * 1024
"""Bytes written to the journal at once: the server takes 2 MB a payload, and fails the task of a larger one."""

_LONGEST_REFUSAL = 2000
"""Characters: a payload of thousands of wrong fields is not told all of them."""

_LONGEST_REASON = 300
"""Characters of what an activity says about trouble: what the adapter says, at most 200, and whom it concerns."""

_STATUS = SearchAttributeKey.for_keyword(contract.STATUS)
_BALL = SearchAttributeKey.for_keyword(contract.BALL)
_ATTENTION = SearchAttributeKey.for_keyword(contract.ATTENTION)
_NEEDS = SearchAttributeKey.for_keyword_list(contract.NEEDS)
_START = SearchAttributeKey.for_datetime(contract.START)
_PROCESS = SearchAttributeKey.for_keyword(contract.PROCESS)


_Model = TypeVar("_Model", bound=BaseModel)


class Carried(Message):
    """What crosses continue-as-new."""

    interview: Interview
    unjournaled: tuple[Recorded, ...]
    latest: tuple[Recorded, ...]
    happened: tuple[Happening, ...]
    seen: dict[str, Receipt]


class _Reply(RootModel[Annotated[Answer, Field(discriminator="kind")]]):
    """An activity's answer: a union at a border is wrapped, so that its kind decides."""

    model_config = ConfigDict(hide_input_in_errors=True)


class _Viewer(RootModel[Actor]):
    """Whoever asks for a view."""


@workflow.defn(name=contract.WORKFLOW)
class InterviewWorkflow:
    @workflow.init
    def __init__(self, request: object, carried: Carried | None = None) -> None:
        self._unreadable: ApplicationError | None = None
        self._lanes: dict[str, tuple[Order, asyncio.Task[None]]] = {}
        self._journal: asyncio.Task[None] | None = None
        self._deadline: datetime | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._attributes: tuple[str, str, str, list[str], datetime | None] | None = None
        self._news = 0
        self._cancelled = False
        self._seen: dict[str, Receipt] = {}
        self._unjournaled: tuple[Recorded, ...] = ()
        self._latest: tuple[Recorded, ...] = ()
        self._happened: tuple[Happening, ...] = ()
        self._interview: Interview
        try:
            self._begin(request, carried)
        except Refused as refused:
            self._unreadable = _refusal(refused)
            return
        for command in get_args(Command):
            self._listen_for_command(command)
        for fact in get_args(Fact):
            self._listen_for_fact(fact)

    def _begin(self, request: object, carried: Carried | None) -> None:
        if carried is None:
            asked = _read(InterviewRequest, request)
            if not workflow.unsafe.is_replaying():  # else it was accepted, maybe by what we asked for then
                check_forms(asked)
            self._interview, first = opened(asked, workflow.now())
            self._remember(self._interview, first)
            return
        self._interview = carried.interview
        self._unjournaled, self._latest, self._happened = carried.unjournaled, carried.latest, carried.happened
        self._seen = dict(carried.seen)

    @workflow.run
    async def run(self, request: object, carried: Carried | None = None) -> Ended:
        """One interview, from its request to its end."""
        del carried  # both are `__init__`'s business
        if self._unreadable is not None:
            raise self._unreadable
        while True:
            self._clear_lanes()
            now = workflow.now()
            self._remember(*settle(self._interview, now))
            agenda = plan(self._interview, now)
            self._show(agenda)
            rolling = workflow.info().is_continue_as_new_suggested()
            self._carry_out([order for order in agenda.owed if not rolling or isinstance(order, ClaimTime)])
            self._write_journal(rolling=rolling)
            self._set_alarm(None if rolling else agenda.next)
            nothing_left = not agenda.owed and agenda.next is None and not self._unjournaled
            over = self._interview.closed is not None and nothing_left
            ending = over or rolling
            if self._settled() and ending:
                break
            await self._hear_news(ending=ending)
        if not over:
            workflow.continue_as_new(args=[request, self._snapshot()])
        return Ended(interview=self._interview.id, status=self._interview.status, events=self._interview.seq)

    # --- what comes in -----------------------------------------------------------------------------------------------

    @workflow.query(name=contract.VIEW, description="The interview as one person or role may see it")
    def view(self, viewer: object = None) -> View:
        return self._seen_by(viewer, view)

    @workflow.query(name=contract.EXPORT, description="All that is one person's to keep, and a document to read")
    def export(self, viewer: object = None) -> Export:
        return self._seen_by(viewer, export)

    def _seen_by(self, viewer: object, show: Callable[[Interview, Actor, datetime], _Model]) -> _Model:
        if self._unreadable is not None:
            raise self._unreadable
        try:
            return show(self._interview, _read(_Viewer, viewer).root, workflow.now())
        except Refused as refused:
            raise _refusal(refused) from None

    @workflow.query(name=contract.SAME_DAY, description="Asked by the candidate's other interviews of a day")
    def same_day(self, asked: object = None) -> Shared:
        if self._unreadable is not None:
            raise self._unreadable
        try:
            return answer(self._interview, _read(Asked, asked))
        except Refused as refused:
            raise _refusal(refused) from None

    @workflow.query(name=contract.OPEN_FORMS, description="The forms that interviewers owe, for their daily digest")
    def open_forms(self) -> list[Owed]:
        return [] if self._unreadable is not None else open_forms(self._interview, workflow.now())

    @workflow.query(name=contract.TIMELINE, description="What happened when, without its content")
    def timeline(self) -> list[Happening]:
        return list(self._happened)

    def _listen_for_command(self, model: type[Command]) -> None:
        """Register an update a command, so that any SDK, the CLI and the UI's own dialog can send it."""

        def admit(payload: object = None) -> None:
            command = _parse(model, payload)
            earlier = self._earlier()
            if earlier is not None and earlier.digest != digest(command):
                raise _refusal(
                    Refused(Code.IDEMPOTENCY_MISMATCH, "this key was used for another command; take a new one")
                )
            if earlier is None:
                self._judge(command)  # a dry run: a refusal leaves no trace in the history

        def accept(payload: object = None) -> Receipt:
            command = _parse(model, payload)
            return self._earlier() or self._accept(command)

        async def accept_when_claimed(payload: object = None) -> Receipt:
            command = _parse(model, payload)
            earlier = self._earlier()
            if earlier is not None:
                return earlier
            before = self._interview.seq
            receipt = self._accept(command)
            if self._interview.seq == before and not self._is_being_claimed(command):
                return receipt  # it is so already; what is being claimed now is somebody else's wish
            try:
                await self._claim_settled()
            except ApplicationError:
                self._forget()  # a run that follows shall judge the same key anew, not call it accepted
                raise
            settled = receipt.model_copy(update={"status": self._interview.status, "revision": self._revision()})
            self._keep(settled)
            return settled

        kind: str = model.model_fields["kind"].default
        handler = accept_when_claimed if issubclass(model, _CLAIMS_TIME) else accept
        workflow.set_update_handler(kind, handler, validator=admit)

    def _listen_for_fact(self, model: type[Fact]) -> None:
        kind: str = model.model_fields["kind"].default

        def judge(payload: object = None, *more: object) -> None:
            try:
                fact: Cause = _read(model, [payload, *more] if more else payload)  # several are no fact
            except Refused as refused:
                fact = UnreadableFact(fact=kind, because=refused.sentence)
            self._record(fact)

        workflow.set_signal_handler(kind, judge)

    def _accept(self, command: Command) -> Receipt:
        interview, records = self._judge(command)
        self._remember(interview, records)
        pending = any(isinstance(record.event, ApprovalRequested) for record in records)
        receipt = Receipt(
            interview=interview.id,
            status=interview.status,
            revision=self._revision(),
            seq=interview.seq,
            digest=digest(command),
            outcome="pending_approval" if pending else "done",
        )
        self._keep(receipt)
        return receipt

    def _keep(self, receipt: Receipt) -> None:
        self._forget()
        info = workflow.current_update_info()
        if info is not None:
            self._seen = dict([*self._seen.items(), (info.id, receipt)][-_SEEN:])

    def _forget(self) -> None:
        info = workflow.current_update_info()
        if info is not None:
            self._seen.pop(info.id, None)

    def _earlier(self) -> Receipt | None:
        """Give the answer to the same key, where it was given before a continue-as-new."""
        info = workflow.current_update_info()
        return self._seen.get(info.id) if info is not None else None

    def _is_being_claimed(self, command: Command) -> bool:
        """Whether this very time is being claimed for another sending of the same choice."""
        claim = self._interview.scheduling.requested
        choice = command.start if isinstance(command, ChooseSlot) else None
        return claim is not None and not claim.changes and claim.slot.start == choice

    async def _claim_settled(self) -> None:
        """Wait for the ledger's answer to the claim just requested; change nothing of the interview afterwards."""
        claim = self._interview.scheduling.requested
        if claim is None:
            return
        await workflow.wait_condition(lambda: self._interview.scheduling.claim(claim.n).was != "requested")
        if self._interview.scheduling.claim(claim.n).lost:
            closed = self._interview.closed
            if closed is not None:
                raise _refusal(Refused(Code.INVALID_STATE, f"the interview has ended meanwhile: {closed.status}"))
            raise _refusal(why_lost(self._interview.scheduling.claim(claim.n)))

    def _revision(self) -> int:
        return self._interview.scheduling.revision

    def _judge(self, cause: Cause) -> tuple[Interview, list[Recorded]]:
        try:
            return advance(self._interview, cause, workflow.now())
        except Refused as refused:
            raise _refusal(refused) from None

    def _record(self, cause: Cause) -> None:
        self._remember(*self._judge(cause))

    def _remember(self, interview: Interview, records: list[Recorded]) -> None:
        self._interview = interview
        if not records:
            return
        self._unjournaled = (*self._unjournaled, *records)
        self._latest = (*self._latest, *records)[-8:]
        known = self._happened[-1].seq if self._happened else 0
        self._happened = (*self._happened, *timeline(records, after=known))[-_ON_TIMELINE:]
        self._news += 1

    async def _hear_news(self, *, ending: bool) -> None:
        """Wait until something happens; a run that ends waits no longer than for the last handler to have answered."""
        known = self._news
        try:
            await workflow.wait_condition(lambda: self._news > known or (ending and self._settled()))
        except asyncio.CancelledError:
            reason = workflow.cancellation_reason()
            if reason is None or self._cancelled:
                raise  # the worker lets go of us; nobody cancelled
            self._cancelled = True
            self._record(OperatorCancelled(reason=reason or None))

    # --- what goes out -----------------------------------------------------------------------------------------------

    def _carry_out(self, owed: list[Order]) -> None:
        wanted = {order.key for order in owed}
        for order, task in self._lanes.values():
            if order.key not in wanted and not task.cancelling():
                task.cancel()  # stale; it keeps its lane until it has really ended
        for order in owed:
            if order.lane not in self._lanes:
                if isinstance(order, SendLetter):
                    self._record(Started(order=order))
                self._lanes[order.lane] = (order, self._background(self._perform(order)))

    def _clear_lanes(self) -> None:
        for lane, (_, task) in list(self._lanes.items()):
            if task.done():
                del self._lanes[lane]
                if not task.cancelled():
                    task.result()  # a bug surfaces here and fails the workflow task: visible, mended by a deploy

    async def _perform(self, order: Order) -> None:
        patience, retry = _patience(order, self._interview)
        if isinstance(order, TellProcess):  # one look that misses nobody, rather than two
            await workflow.sleep(_INDEXED, summary="Wait until the server's index has all interviews of this process")
        # Not of other interviews: one that has no worker just now would keep this workflow task open.
        if isinstance(order, LookUpBriefs) and order.day is None and (found := await self._at_a_glance(order)):
            self._record(found)
            return
        try:
            reply = await workflow.execute_activity(
                order.kind,
                order,
                result_type=_Reply,
                activity_id=order.key,
                summary=summary(order),
                start_to_close_timeout=_MAILING if isinstance(order, SendLetter) else _ATTEMPT,
                schedule_to_close_timeout=patience,
                retry_policy=retry,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except ActivityError as failure:
            if _is_called_off(failure):
                return
            self._record(GaveUp(key=order.key, order=order.kind, because=_trouble(failure)))
            if retry is _PATIENT and isinstance(order, ReleaseTime | RemoveEvent):
                # failed for good, yet owed until it is done: not in a circle
                await workflow.sleep(_PAUSE, summary="Wait before what must be undone is tried again")
            return
        self._record(reply.root)  # also when it was stale: the world has changed, and we say so

    async def _at_a_glance(self, order: LookUpBriefs) -> Answer | None:
        """Read at once what only has to be read, within this workflow task: one event of history instead of six.

        None where that takes long, for updates wait meanwhile: then it is ordered as all else is.
        """
        try:
            reply = await workflow.execute_local_activity(
                order.kind,
                order,
                result_type=_Reply,
                summary=summary(order),
                schedule_to_close_timeout=_GLANCE,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except FailureError as failure:  # no ActivityError: a local activity's own failure comes as it is
            if is_cancelled_exception(failure):
                raise asyncio.CancelledError from failure
            return None
        answer: Answer = reply.root
        return answer

    def _write_journal(self, *, rolling: bool) -> None:
        """Append what is pending, one activity at a time, so that the order is kept and much goes at once.

        While fresh orders are in flight their answers are waited for, unless much has come up: each append costs six
        events of history. A calendar that is down keeps its order in flight for days, and nothing waits for that.
        What is quiet waits for the next news, or the end. It is no local activity: that would write what the server
        has not accepted yet, and may never accept.
        """
        if self._journal is not None and self._journal.done():
            if not self._journal.cancelled():
                self._journal.result()  # a bug surfaces here
            self._journal = None
        if self._interview.effects.journal_ends:
            self._unjournaled = ()
        if rolling:  # the next run carries on with what is not acknowledged
            if self._journal is not None and not self._journal.cancelling():
                self._journal.cancel()
            return
        news = self._interview.closed is not None or any(
            not isinstance(record.event, QUIET) for record in self._unjournaled
        )
        due = (news and not self._fresh()) or len(self._unjournaled) >= _MUCH
        if due and self._journal is None and self._unjournaled and self._interview.effects.diverged_at is None:
            self._journal = self._background(self._append(self._unjournaled))

    async def _append(self, records: tuple[Recorded, ...]) -> None:
        interview = self._interview.id
        entries = _at_once(_entry(interview, record) for record in records)
        last = entries[-1].seq
        batch = AppendJournal(key=f"{interview}/journal/all/{last}.1", interview=interview, entries=entries)
        try:
            answer = await workflow.execute_activity(
                contract.APPEND_JOURNAL,
                batch,
                result_type=JournalAnswer,
                activity_id=batch.key,
                summary=f"Write the journal up to event {last}",
                start_to_close_timeout=_ATTEMPT,
                retry_policy=_PATIENT,
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except ActivityError as failure:
            if _is_called_off(failure):
                return
            raise
        if answer.diverged_at is not None:
            self._record(JournalRefused(entry=answer.diverged_at))
            return
        self._unjournaled = tuple(record for record in self._unjournaled if record.seq > answer.up_to)

    def _background(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._wake)
        return task

    def _wake(self, _: asyncio.Task[None]) -> None:
        self._news += 1

    def _set_alarm(self, deadline: datetime | None) -> None:
        if deadline == self._deadline:
            return
        armed = self._deadline
        if deadline is not None and self._is_woken_before(deadline):
            return
        if self._lanes and armed is not None and (deadline is None or deadline > armed):
            return  # answers are on their way and may move it back; a bell that rings too early is harmless
        if self._alarm is not None:
            self._alarm.cancel()
        self._deadline = deadline
        self._alarm = asyncio.create_task(self._ring(deadline)) if deadline else None

    def _is_woken_before(self, deadline: datetime) -> bool:
        """Whether an order that has just begun will have been answered by then, or its patience has ended.

        A bell that is set anew with each answer would cost more history than the letters themselves.
        """
        begun = ((order.now, _patience(order, self._interview)[0]) for order in self._fresh())
        return any(patience is not None and deadline > since + patience for since, patience in begun)

    def _fresh(self) -> list[Order]:
        """Give the orders whose answer is expected at any moment; who waits on purpose holds up nothing."""
        orders = (order for order, _ in self._lanes.values() if not isinstance(order, TellProcess))
        return [order for order in orders if workflow.now() - order.now < _SHORTLY]

    async def _ring(self, deadline: datetime) -> None:
        await workflow.sleep(deadline - workflow.now(), summary=f"Next deadline: {deadline:%a %d %b %Y %H:%M} UTC")
        self._deadline = None
        self._news += 1

    # --- what people see ---------------------------------------------------------------------------------------------

    def _show(self, agenda: Agenda) -> None:
        interview = self._interview
        workflow.set_current_details(card(interview, agenda, self._latest, workflow.now()))
        ranks = [one.rank for one in interview.attention]
        rank = next((rank for rank in RANKS if rank in ranks), "none")
        booking = interview.scheduling.booking
        start = booking.slot.start if booking else None
        attributes = (interview.status.value, ball(interview), rank, needs(interview.attention), start)
        if attributes == self._attributes:
            return
        process = self._interview.request.process_id
        known = [_PROCESS.value_set(process)] if self._attributes is None and process is not None else []
        self._attributes = attributes
        status, who, _, needed, _ = attributes
        workflow.upsert_search_attributes(
            [
                *known,
                _STATUS.value_set(status),
                _BALL.value_set(who),
                _ATTENTION.value_set(rank),
                _NEEDS.value_set(needed) if needed else _NEEDS.value_unset(),
                _START.value_set(start) if start else _START.value_unset(),
            ]
        )

    # --- how it ends -------------------------------------------------------------------------------------------------

    def _settled(self) -> bool:
        return not self._lanes and self._journal is None and workflow.all_handlers_finished()

    def _snapshot(self) -> Carried:
        return Carried(
            interview=self._interview,
            unjournaled=self._unjournaled,
            latest=self._latest,
            happened=self._happened,
            seen=self._seen,
        )


_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=10))
_AT_FIRST = RetryPolicy(
    initial_interval=timedelta(seconds=10), maximum_interval=timedelta(minutes=5), maximum_attempts=8
)
"""A quarter of an hour, counted in attempts: none is cut off, so none can run beside the order's second patience."""

_FIRST_PATIENCE = timedelta(minutes=25)
"""Eight letters of a minute each, and the pauses between them. Whoever asks us for longer pauses, or a worker that
takes nothing up, does not prolong it: invitations wait so long for calendars, and deadlines for the next news."""

_FOR_A_ROOM = timedelta(minutes=5)
"""Less than the pause after a refusal: nothing waits for a room, and somebody should hear of it before people do."""

_PAUSE = timedelta(minutes=10)

_BRISK = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


def _patience(order: Order, interview: Interview) -> tuple[timedelta | None, RetryPolicy]:
    """Say how long an order is tried and how often; None is for ever. What follows afterwards, `plan` says."""
    match order:
        case LookUpPeople() | FindSlots() | LookUpBriefs() | TellProcess() if (
            order.key not in interview.effects.delayed
        ):
            return timedelta(minutes=15), _BRISK
        case MakeRoom() if order.key not in interview.effects.delayed:
            return _FOR_A_ROOM, _BRISK
        case ClaimTime():
            return interview.policy.claim_patience, _BRISK
        case SendLetter() | WriteEvent() | RemoveEvent() if order.key not in interview.effects.delayed:
            return _FIRST_PATIENCE, _AT_FIRST
        case LookUpPeople() | FindSlots() | LookUpBriefs() | TellProcess() | MakeRoom() | ReleaseTime() | RemoveEvent():
            return None, _PATIENT
        case WriteEvent() | SendLetter():
            return timedelta(days=2), _PATIENT


def _parse(model: type[Command], payload: object) -> Command:
    try:
        return _read(model, payload)
    except Refused as refused:
        raise _refusal(refused) from None


def _read(model: type[_Model], payload: object) -> _Model:
    """Read what a stranger sent. Whatever escapes from here would freeze the interview, and so would a long refusal."""
    try:
        return read(model, payload)
    except Refused as refused:
        raise Refused(refused.code, refused.sentence[:_LONGEST_REFUSAL]) from None


def _refusal(refused: Refused) -> ApplicationError:
    """Say no as Temporal carries it: the code is the error's type."""
    return ApplicationError(refused.sentence, type=refused.code.value, non_retryable=True)


def _is_called_off(failure: ActivityError) -> bool:
    """Whether it ended because we wanted it no more: also with a last try that failed, after which there was none."""
    return is_cancelled_exception(failure) or failure.retry_state is RetryState.CANCEL_REQUESTED


def _trouble(failure: ActivityError) -> str:
    """Name the kind of trouble that an order gave up on, with what the activity says to operators about it.

    An error's message may hold what is nobody's business; its detail is meant to be read.
    """
    cause = failure.cause
    if isinstance(cause, TimeoutError) and isinstance(cause.cause, ApplicationError):
        cause = cause.cause  # patience ran out while this was being tried
    if not isinstance(cause, ApplicationError):
        return "timeout"
    kind = cause.type or "timeout"
    told = next((one for one in cause.details if isinstance(one, str)), "")
    return f"{kind}: {told[:_LONGEST_REASON]}" if told and "@" not in told else kind


def _entry(interview: InterviewId, record: Recorded) -> JournalEntry:
    return JournalEntry(
        interview=interview,
        seq=record.seq,
        kind=record.event.kind,
        at=record.at,
        by=record.by,
        schema_version=SCHEMA_VERSION,
        data=record.event.model_dump(mode="json"),
    )


def _at_once(entries: Iterable[JournalEntry]) -> tuple[JournalEntry, ...]:
    """Take the first of them, as many as fit into one payload; at least one."""
    taken: list[JournalEntry] = []
    size = 0
    for entry in entries:
        size += len(entry.model_dump_json().encode())
        if taken and size > _LARGEST_BATCH:
            break
        taken.append(entry)
    return tuple(taken)
