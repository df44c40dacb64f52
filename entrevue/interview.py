"""One interview: its regions put together, and the two functions that judge what happens and remember it.

`decide` says what a cause leads to, `evolve` folds one event in, `advance` does both with the clocks that ran out
before. State is nothing but the fold of the events. The third function, `plan`, is in `entrevue.agenda`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Literal, assert_never

from pydantic import Field

from entrevue import (
    answers,
    attention,
    bounces,
    briefing,
    calendars,
    changes,
    correspondence,
    disputes,
    drift,
    effects,
    evaluation,
    feedback,
    follow_up,
    negotiation,
    people,
    permissions,
    privacy,
    reactions,
    rooms,
    scheduling,
    seats,
    session,
    sharing,
    voices,
)
from entrevue.answers import AnswerEvent, AnswerFact, AnswerInvitation, Answers, CounterReceived
from entrevue.attention import AttentionEvent, Item
from entrevue.briefing import Briefs, BriefsGathered
from entrevue.changes import ChangeCommand, RequestReschedule
from entrevue.civil import local
from entrevue.disputes import DisputeCommand, DisputeEvent, Disputes
from entrevue.drift import CalendarEventChanged, Drift, DriftEvent, DriftFact, RestoreEvent
from entrevue.effects import Effects, EffectsCommand, EffectsEvent, FactUnreadable, JournalDiverged, MailFact
from entrevue.evaluation import Evaluation, EvaluationCommand, EvaluationEvent
from entrevue.feedback import Feedback, FeedbackCommand, FeedbackEvent, ProcessEnded
from entrevue.follow_up import FollowUp, FollowUpCommand, FollowUpEvent, InterviewCompleted
from entrevue.negotiation import NegotiationCommand
from entrevue.orders import (
    Answer,
    BriefsFound,
    EventRemoved,
    EventWritten,
    GaveUp,
    LetterRefused,
    LetterSent,
    LetterUnsure,
    PeopleFound,
    ProcessTold,
    RoomMade,
    SendLetter,
    SlotsFound,
    TimeClaimed,
    TimeReleased,
    TimeTaken,
)
from entrevue.people import (
    ContactUpdated,
    People,
    PeopleCommand,
    PeopleEvent,
    PeopleLookedUp,
    TimezoneRulesChanged,
)
from entrevue.permissions import Command
from entrevue.privacy import Privacy, PrivacyCommand, PrivacyEvent
from entrevue.request import InterviewRequest, Policy
from entrevue.rooms import RoomGiven
from entrevue.rubrics import DEFAULT_RUBRIC, Rubric
from entrevue.scheduling import (
    CandidateWithdrew,
    InterviewCancelled,
    InterviewExpired,
    InterviewResumed,
    InterviewScheduled,
    Scheduling,
    SchedulingEvent,
)
from entrevue.seats import SeatCommand
from entrevue.session import (
    NoShowConfirmed,
    Session,
    SessionCommand,
    SessionEvent,
    SessionFact,
)
from entrevue.sharing import DayLookedUp, Looks
from entrevue.values import Message, Side, Status, Who
from entrevue.voices import Voices, VoicesCommand, VoicesEvent

RULES = 1
"""Which logic an interview was opened under; `Interview.rules` keeps it (docs/architecture.md, Versioning)."""

SCHEMA_VERSION = 1

# --- causes ----------------------------------------------------------------------------------------------------------


class Started(Message):
    """The shell is about to carry out this letter: from now on it may have been sent."""

    order: SendLetter


class OperatorCancelled(Message):
    """Somebody pressed *Request cancellation* in the Temporal UI; cannot be refused."""

    reason: str | None = None


class UnreadableFact(Message):
    """A signal that does not fit its model."""

    fact: str
    because: str


class JournalRefused(Message):
    """The journal holds something else under this number."""

    entry: int


Fact = SessionFact | TimezoneRulesChanged | ProcessEnded | AnswerFact | DriftFact | MailFact
Cause = Command | Fact | Answer | Started | OperatorCancelled | JournalRefused | UnreadableFact

# --- events ----------------------------------------------------------------------------------------------------------


class InterviewOpened(Message):
    kind: Literal["interview_opened"] = "interview_opened"
    request: InterviewRequest
    rules: int = RULES
    rubric: Rubric = DEFAULT_RUBRIC
    """Pinned: a later version changes no form that is owed."""


class CancelRequested(Message):
    """By an operator, outside the commands; in a session it waits for its end."""

    kind: Literal["cancel_requested"] = "cancel_requested"
    reason: str | None = None


Event = (
    InterviewOpened
    | CancelRequested
    | PeopleEvent
    | RoomGiven
    | SchedulingEvent
    | AnswerEvent
    | DriftEvent
    | SessionEvent
    | VoicesEvent
    | EvaluationEvent
    | FeedbackEvent
    | DisputeEvent
    | FollowUpEvent
    | BriefsGathered
    | DayLookedUp
    | PrivacyEvent
    | EffectsEvent
    | AttentionEvent
)


class Recorded(Message):
    """One event of the log. `by` is an actor, `engine` (an answer of the world) or `clock` (a deadline)."""

    seq: int
    at: datetime
    by: str
    event: Annotated[Event, Field(discriminator="kind")]


# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Closed:
    status: Status
    at: datetime
    by: str
    reason: str | None = None
    late: bool = False
    side: Side | None = None


@dataclass(frozen=True, kw_only=True)
class Interview:
    request: InterviewRequest
    policy: Policy
    """The request's until the directory has answered; then the organisation's where the request is silent."""
    rules: int
    rubric: Rubric = DEFAULT_RUBRIC
    opened_at: datetime
    seq: int
    people: People
    room: str | None = None
    """Given to this interview alone."""
    scheduling: Scheduling = Scheduling()
    answers: Answers = Answers()
    drift: Drift = Drift()
    session: Session = Session()
    voices: Voices = Voices()
    evaluation: Evaluation = Evaluation()
    feedback: Feedback = Feedback()
    disputes: Disputes = ()
    follow_up: FollowUp = FollowUp()
    briefs: Briefs = field(default_factory=dict)
    looks: Looks = ()
    privacy: Privacy = Privacy()
    effects: Effects = Effects()
    attention: tuple[Item, ...] = ()
    closed: Closed | None = None
    cancel_requested: str | None = None
    """An operator's cancel that waits for the end of the session: its reason, maybe empty."""
    since: datetime
    """When the status last changed."""
    at: datetime
    """When the last event happened; no later one carries an earlier time."""
    acted: dict[str, datetime] = field(default_factory=dict)
    """When each person last commanded: who has just acted is awake, and may be written to."""

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def status(self) -> Status:
        return _status(self)

    @property
    def with_calendar(self) -> tuple[str, ...]:
        """Whose calendars we write: the panel's, and of those who have left it where our event may still stand."""
        gone = (member for member in self.people.left if member.left_sequence is not None)
        return tuple(member.who for member in (*self.people.interviewers, *gone) if member.has_calendar)

    def writes(self, who: str) -> bool:
        """Whether the panel's event is written into this person's calendar."""
        return who in self.people and self.people[who].has_calendar

    def to_show(self, who: str) -> tuple[int, bool] | None:
        """Give the version that this person's calendar should know, and whether the event should stand there.

        Whoever took it out of their own does not get it back by itself.
        """
        shown, left = self.scheduling.shown, self.people[who].left_sequence
        if shown is None:
            return None
        if who not in self.people:
            return left or 0, False
        return shown.sequence, not shown.cancelled and not self.drift.is_out(who, shown)

    def in_sync(self, who: str) -> bool:
        """Whether this person's calendar holds what it should, or a person changed it on purpose."""
        held, wanted = self.effects.calendars.get(who), self.to_show(who)
        if wanted is None:
            return True
        sequence, present = wanted
        if held is None or held.sequence < sequence:
            return False
        return held.edited or (held.present == present and not self.is_stray(who))

    def is_stray(self, who: str) -> bool:
        """Whether an event of ours stands there under a UID that is not used any more."""
        held = self.effects.calendars.get(who)
        return held is not None and held.present and held.uid != drift.uid(self, who)


def _status(interview: Interview) -> Status:
    scheduling, session, evaluation, feedback = (
        interview.scheduling,
        interview.session,
        interview.evaluation,
        interview.feedback,
    )
    if interview.closed is not None:
        return interview.closed.status
    if session.no_show is not None:
        return Status.NO_SHOW_REVIEW
    if feedback.released_at is not None:
        return Status.FOLLOW_UP if interview.follow_up.began else Status.RELEASED
    if feedback.embargo_lifted:
        return Status.FOLLOW_UP
    if evaluation.sealed_at is not None:
        return Status.AWAITING_DECISION
    if session.ended_at is not None:
        return Status.AWAITING_EVALUATIONS
    if session.started_at is not None:
        return Status.IN_PROGRESS
    if scheduling.paused:
        return Status.ON_HOLD
    if scheduling.exchange is not None:
        return Status.NEEDS_RESCHEDULING
    if scheduling.booking is not None:
        return Status.SCHEDULED
    if scheduling.held is not None:
        return Status.AWAITING_INTERVIEWERS
    return Status.AWAITING_CANDIDATE if scheduling.offer is not None else Status.NEEDS_SCHEDULING


# --- decide ----------------------------------------------------------------------------------------------------------


def decide(cause: Cause, interview: Interview, now: datetime) -> list[Event]:
    """Say what a cause leads to. A Command that does not fit raises `Refused`; nothing else can be refused."""
    if isinstance(cause, Command):
        permissions.check(cause, interview)
        return _command(cause, interview, now)
    if isinstance(cause, SessionFact):
        deaf = interview.closed is not None or interview.scheduling.paused
        return [] if deaf else _widen(session.judge(cause, interview, now))
    if isinstance(cause, AnswerFact):
        return _widen(answers.judge(cause, interview, now))
    if isinstance(cause, DriftFact):
        return _widen(drift.judge(cause, interview, now))
    if isinstance(cause, MailFact):
        return _widen(bounces.judge(cause, interview, now))
    match cause:
        case TimezoneRulesChanged():
            return [] if interview.closed else _widen(people.judge(cause, interview))
        case ProcessEnded():
            return [] if interview.closed else _widen(feedback.judge(cause, interview, now))
        case Started(order=order):
            return [] if order.key in interview.effects.messages else [_queued(order)]
        case OperatorCancelled(reason=reason):
            return [] if interview.closed else [CancelRequested(reason=reason)]
        case JournalRefused(entry=entry):
            return [] if interview.effects.diverged_at is not None else [JournalDiverged(entry=entry)]
        case UnreadableFact(fact=fact, because=because):
            return [FactUnreadable(fact=fact, because=because)]
        case _:
            return _answer(cause, interview, now)


def _command(command: Command, interview: Interview, now: datetime) -> list[Event]:
    if isinstance(command, RequestReschedule) and interview.session.no_show is not None:
        return _widen(session.meet_another_time(command, interview, now))
    if isinstance(command, NegotiationCommand):
        return _widen(negotiation.decide(command, interview, now))
    if isinstance(command, ChangeCommand):
        return _widen(changes.decide(command, interview, now))
    if isinstance(command, SeatCommand):
        return _widen(seats.decide(command, interview, now))
    if isinstance(command, AnswerInvitation):
        return _widen(answers.decide(command, interview, now))
    if isinstance(command, RestoreEvent):
        return _widen(drift.decide(command, interview))
    if isinstance(command, SessionCommand):
        return _widen(session.decide(command, interview, now))
    if isinstance(command, VoicesCommand):
        return _widen(voices.decide(command, interview, now))
    if isinstance(command, EvaluationCommand):
        return _widen(evaluation.decide(command, interview, now))
    if isinstance(command, FeedbackCommand):
        return _widen(feedback.decide(command, interview, now))
    if isinstance(command, DisputeCommand):
        return _widen(disputes.decide(command, interview, now))
    if isinstance(command, FollowUpCommand):
        return _widen(follow_up.decide(command, interview, now))
    if isinstance(command, PrivacyCommand):
        return _widen(privacy.decide(command, interview))
    if isinstance(command, EffectsCommand):
        return _widen(effects.decide(command, interview))
    if isinstance(command, PeopleCommand):
        corrected = people.decide(command, interview)
        again = negotiation.offered_in_vain(interview) if any(_new_address(event) for event in corrected) else []
        return [*_widen(corrected), *_widen(again)]
    assert_never(command)


def _answer(answer: Answer, interview: Interview, now: datetime) -> list[Event]:
    """The world changed, and we say so, whether or not it is still wanted."""
    match answer:
        case PeopleFound():
            if answer.key != people.key(interview):
                return []
            return [_found(answer, interview, now), *_a_place_at_last(answer, interview)]
        case SlotsFound() | TimeClaimed() | TimeTaken() | TimeReleased():
            return _widen(negotiation.answered(answer, interview, now))
        case GaveUp(order="claim_time"):
            return _widen(negotiation.answered(answer, interview, now))
        case GaveUp(order="release_time"):
            return []  # what must be undone is owed until it is undone
        case BriefsFound():
            return [*_widen(briefing.answered(answer, interview)), *_widen(sharing.answered(answer, interview))]
        case ProcessTold():
            return _widen(feedback.told(answer, interview))
        case RoomMade():
            return _widen(rooms.answered(answer, interview))
        case EventWritten(who=who, overlapped=True):
            gives_way = seats.overlapped(interview, who, now) if _nobody_invited(interview, answer) else []
            return [*_widen(effects.answered(answer, interview, now)), *_widen(gives_way)]
        case EventWritten() | EventRemoved() | LetterSent() | LetterRefused() | LetterUnsure() | GaveUp():
            return _widen(effects.answered(answer, interview, now))
        case _:
            assert_never(answer)


def _nobody_invited(interview: Interview, written: EventWritten) -> bool:
    """Whether the version that was just written is known to nobody but the calendars: so long it can be undone."""
    shown, started = interview.scheduling.shown, interview.session.started_at is not None
    if shown is None or shown.cancelled or shown.sequence != written.sequence or started:
        return False
    version = str(shown.sequence)
    told = [one for one in interview.effects.messages.values() if (one.letter, one.version) == ("invitation", version)]
    return not told


def _new_address(event: PeopleEvent) -> bool:
    return isinstance(event, ContactUpdated) and event.email is not None


def _found(answer: PeopleFound, interview: Interview, now: datetime) -> PeopleLookedUp:
    """Whoever is named twice, once by id and once by address, fills one seat; the other is as if unknown."""
    first = interview.people.looked_up == 0
    seats = {one.person: one.who for one in reversed(answer.people)}
    twice = tuple(one.who for one in answer.people if seats[one.person] != one.who)
    organisation, known = answer.organisation, interview.people.organisation
    if known is not None and interview.scheduling.shown is not None:  # where people were told to come does not change
        organisation = organisation.model_copy(update={"conference_link": known.conference_link})
    return PeopleLookedUp(
        organisation=organisation,
        people=answer.people,
        clocks=answer.clocks,
        zones=answer.zones,
        unknown=(*answer.unknown, *twice),
        no_pools=answer.no_pools,
        policy=interview.request.policy.over(answer.organisation.policy) if first else None,
        shifted=() if first else tuple(_shifted(answer, interview, now)),
    )


def _a_place_at_last(answer: PeopleFound, interview: Interview) -> list[Event]:
    """What is booked without a place takes the first that there is; no other follows."""
    link = answer.organisation.conference_link
    if link is None or interview.scheduling.shown is None or rooms.lacking(interview) is None:
        return []
    return [rooms.given(interview, link)]


def _shifted(answer: PeopleFound, interview: Interview, now: datetime) -> Iterable[Who]:
    """Name those for whom new zone rules make the booked instant another time of their day."""
    booking, known = interview.scheduling.booking, interview.people.clocks
    if booking is None or booking.slot.start <= now:
        return
    for one in answer.clocks:
        before, start = known.get(one.who), booking.slot.start
        if one.who not in interview.people or before is None or before.zone != one.clock.zone:
            continue
        if local(start, before) != local(start, one.clock):
            yield one.who


def _queued(order: SendLetter) -> Event:
    version = order.key.rpartition("/")[2].rpartition(".")[0]
    return effects.started(order, version)


def _widen(events: Iterable[Event]) -> list[Event]:
    """Lists are invariant: this is a copy that may hold any event."""
    return list(events)


# --- evolve ----------------------------------------------------------------------------------------------------------


def evolve(interview: Interview, record: Recorded) -> Interview:
    """Fold one event in. Total: an event is remembered, never refused."""
    before = interview.status
    after = replace(_fold(interview, record.event, record.at, record.by), seq=record.seq, at=record.at)
    if record.by in interview.people:
        after = replace(after, acted={**after.acted, record.by: record.at})
    return after if after.status is before else replace(after, since=record.at)


def _fold(interview: Interview, event: Event, at: datetime, by: str) -> Interview:
    if isinstance(event, SchedulingEvent):
        folded = replace(
            interview,
            scheduling=scheduling.evolve(interview.scheduling, event, at, by),
            evaluation=evaluation.cancelled(interview.evaluation, event),
        )
        if isinstance(event, InterviewScheduled):
            folded = replace(folded, briefs={}, looks=())  # people may learn until then
        if isinstance(event, InterviewResumed):
            folded = reactions.resumed(folded, interview.scheduling.pause, at)
        folded = reactions.panel_follows(folded, event, at, interview.scheduling)
        return _closed_by(reactions.seated_anew(folded, interview), event, at, by)
    if isinstance(event, SessionEvent):
        folded = replace(interview, session=session.evolve(interview.session, event, at, by))
        return _closed_by(reactions.forms_follow(folded, event), event, at, by)
    if isinstance(event, AnswerEvent):
        return replace(interview, answers=answers.evolve(interview.answers, event, at))
    if isinstance(event, DriftEvent):
        on_calendars = calendars.drifted(interview.effects.calendars, event, at)
        seen = replace(interview.effects, calendars=on_calendars)
        return replace(interview, drift=drift.evolve(interview.drift, event, at), effects=seen)
    if isinstance(event, VoicesEvent):
        return replace(interview, voices=voices.evolve(interview.voices, event, at, by))
    if isinstance(event, EvaluationEvent):
        return replace(interview, evaluation=evaluation.evolve(interview.evaluation, event, at, by))
    if isinstance(event, FeedbackEvent):
        return replace(interview, feedback=feedback.evolve(interview.feedback, event, at, by))
    if isinstance(event, DisputeEvent):
        return replace(interview, disputes=disputes.evolve(interview.disputes, event, at, by))
    if isinstance(event, FollowUpEvent):
        folded = replace(interview, follow_up=follow_up.evolve(interview.follow_up, event, at, by))
        return _closed_by(folded, event, at, by)
    if isinstance(event, BriefsGathered):
        return replace(interview, briefs=briefing.evolve(interview.briefs, event))
    if isinstance(event, DayLookedUp):
        return replace(interview, looks=sharing.evolve(interview.looks, event, at))
    if isinstance(event, PrivacyEvent):
        return replace(interview, privacy=privacy.evolve(interview.privacy, event, at))
    if isinstance(event, EffectsEvent):
        known = replace(interview, effects=effects.evolve(interview.effects, event, at))
        return reactions.calendar_follows(reactions.reached_again(known, interview, at), event)
    if isinstance(event, PeopleEvent):
        contact = effects.contact_updated(interview.effects, event) if isinstance(event, ContactUpdated) else None
        policy = event.policy if isinstance(event, PeopleLookedUp) else None
        scheduled = interview.scheduling
        if isinstance(event, PeopleLookedUp):
            scheduled = replace(scheduled, older_offers=scheduled.offers)
        changed = replace(
            interview,
            scheduling=scheduled,
            people=people.evolve(interview.people, event, at, reactions.farewell(interview)),
            effects=contact or interview.effects,
            policy=policy or interview.policy,
        )
        changed = reactions.seated_anew(reactions.reached_again(changed, interview, at), interview)
        return reactions.seat_answered(changed, event)
    if isinstance(event, RoomGiven):
        given = scheduling.room_given(interview.scheduling, event.sequence, at)
        return replace(interview, room=event.link, scheduling=given)
    if isinstance(event, AttentionEvent):
        return replace(interview, attention=attention.evolve(interview.attention, event, at))
    match event:
        case CancelRequested(reason=reason):
            return replace(interview, cancel_requested=reason or "")
        case InterviewOpened():
            raise ValueError("an interview is opened once")
        case _:
            assert_never(event)


def _closed_by(interview: Interview, event: Event, at: datetime, by: str) -> Interview:
    match event:
        case InterviewCancelled(side=side, late=late, reason=reason):
            closed = Closed(status=Status.CANCELLED, at=at, by=by, reason=reason, late=late, side=side)
        case CandidateWithdrew(ends=True, reason=reason):
            closed = Closed(status=Status.WITHDRAWN, at=at, by=by, reason=reason, side=Side.CANDIDATE)
        case InterviewExpired():
            closed = Closed(status=Status.EXPIRED, at=at, by=by)
        case NoShowConfirmed(closes=True):
            closed = Closed(status=Status.CLOSED_NO_SHOW, at=at, by=by, side=Side.CANDIDATE)
            ended = scheduling.finished(interview.scheduling)
            return replace(interview, closed=closed, scheduling=ended)
        case InterviewCompleted():
            closed = Closed(status=Status.COMPLETED, at=at, by=by)
            return replace(interview, closed=closed, scheduling=scheduling.finished(interview.scheduling))
        case _:
            return interview
    return replace(interview, closed=closed, session=replace(interview.session, no_show=None))


# --- advance ---------------------------------------------------------------------------------------------------------


def opened(request: InterviewRequest, now: datetime) -> tuple[Interview, list[Recorded]]:
    """Begin an interview with its first event."""
    rubric = request.rubric or DEFAULT_RUBRIC
    first = Recorded(seq=1, at=now, by="backend", event=InterviewOpened(request=request, rubric=rubric))
    interview = Interview(
        request=request,
        policy=request.policy,
        rules=RULES,
        rubric=rubric,
        opened_at=now,
        seq=1,
        people=people.begin(request),
        since=now,
        at=now,
    )
    return interview, [first]


def fold(records: Iterable[Recorded]) -> Interview:
    """Rebuild the state from the whole journal."""
    interview: Interview | None = None
    for record in records:
        if isinstance(record.event, InterviewOpened):
            first = opened(record.event.request, record.at)[0]
            interview = replace(first, rules=record.event.rules, rubric=record.event.rubric)
        elif interview is None:
            raise ValueError("the first event of an interview is interview_opened")
        else:
            interview = evolve(interview, record)
    if interview is None:
        raise ValueError("no events")
    return interview


def advance(interview: Interview, cause: Cause, now: datetime) -> tuple[Interview, list[Recorded]]:
    """Let the clocks run out that are due, then judge the cause, then let follow what follows. May raise `Refused`.

    A fact meets the state as of its own time: after an outage several wait, and what the clocks make of them is settled
    when all are heard. So a no-show is judged on when people came, not on when we heard of it.
    """
    if isinstance(cause, SessionFact):
        interview, records = _tick(interview, now, until=cause.at)
        interview, caused = _record(interview, decide(cause, interview, now), now, "engine")
        return interview, [*records, *caused]
    interview, records = settle(interview, now)
    interview, caused = _record(interview, decide(cause, interview, now), now, _by(cause))
    interview, followed = settle(interview, now)
    return interview, [*records, *caused, *followed]


def _by(cause: Cause) -> str:
    """A proposal is in the name of who made it. Other answers may be a program's, which answers at any hour."""
    match cause:
        case OperatorCancelled():
            return "operator"
        case CounterReceived(whom=whom, verified=True) | CalendarEventChanged(whom=whom, cancelled=False):
            return whom
        case _:
            return cause.by if isinstance(cause, Command) else "engine"


def settle(interview: Interview, now: datetime) -> tuple[Interview, list[Recorded]]:
    """Tick to a fixed point, and notice what needs a person or does no longer."""
    interview, records = _tick(interview, now, until=now)
    interview, noticed = _record(interview, _widen(attention.difference(interview, now)), now, "engine")
    return interview, records + noticed


def _tick(interview: Interview, now: datetime, *, until: datetime) -> tuple[Interview, list[Recorded]]:
    """Let happen what follows at once, then the earliest deadline that has passed, and so on.

    An event of a deadline carries the deadline as its time: a command that arrives after a missed deadline meets
    the state which that deadline made.
    """
    records: list[Recorded] = []
    while True:
        passed = (one for one in deadlines(interview, now) if one[0] <= min(until, now))
        due = min(passed, key=lambda one: one[0], default=None)
        if followed := _follows(interview):
            interview, recorded = _record(interview, followed, interview.at, "engine")
        elif due is not None:
            interview, recorded = _record(interview, due[1], max(due[0], interview.at), "clock")
        else:
            return interview, records
        records += recorded


def deadlines(interview: Interview, now: datetime) -> list[tuple[datetime, list[Event]]]:
    """What will happen by itself, and when, as far as is known now."""
    stays: tuple[tuple[datetime, Iterable[Event]], ...] = (
        *evaluation.deadlines(interview, now),
        *correspondence.deadlines(interview),
        *bounces.deadlines(interview),
    )
    if interview.closed is not None or interview.scheduling.paused:
        return [(at, _widen(events)) for at, events in stays]
    of_all: tuple[tuple[datetime, Iterable[Event]], ...] = (
        *negotiation.deadlines(interview),
        *changes.deadlines(interview),
        *seats.deadlines(interview),
        *answers.deadlines(interview),
        *drift.deadlines(interview),
        *session.deadlines(interview, now),
        *stays,
        *feedback.deadlines(interview),
        *follow_up.deadlines(interview),
    )
    return [(at, _widen(events)) for at, events in of_all]


def _follows(interview: Interview) -> list[Event]:
    """What the last event brings with it, at the same instant."""
    at = interview.at
    if interview.closed is not None:
        return []
    if interview.cancel_requested is not None and interview.status is not Status.IN_PROGRESS:
        # Without the reason: it was written for other operators, and this goes into letters.
        return [changes.cancelled_by(interview, "operator", None, at)]
    return [
        *negotiation.follows(interview, at),
        *seats.follows(interview, at),
        *answers.follows(interview, at),
        *drift.follows(interview, at),
        *evaluation.follows(interview, at),
        *feedback.follows(interview, at),
    ]


def _record(interview: Interview, events: Iterable[Event], at: datetime, by: str) -> tuple[Interview, list[Recorded]]:
    records = []
    for event in events:
        record = Recorded(seq=interview.seq + 1, at=at, by=by, event=event)
        interview = evolve(interview, record)
        records.append(record)
    return interview, records
