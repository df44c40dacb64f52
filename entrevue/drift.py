"""What people do to our event in their own calendars: it is moved, deleted, overlapped, or cannot be read any more.

Told by whoever watches their calendars (lifecycle, section 8). A moved event is a proposal of who moved it, and the
booked time goes back until the other side has agreed. A deleted one is a no. One that vanished with others of ours was
nobody's answer: the coordinator is asked, and it is put back. Each of them is told, so nothing is overwritten silently.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import answers, seats
from entrevue.facts import AFact
from entrevue.people import PeopleEvent
from entrevue.scheduling import SchedulingEvent
from entrevue.seats import RespondToSeat
from entrevue.values import Actor, Code, Instant, Intake, Message, Refused, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

_ASKED_FOR = timedelta(hours=2)
"""So long the coordinator is asked before what vanished is put back."""

_REMEMBERED = 100

# --- command and facts -----------------------------------------------------------------------------------------------


class RestoreEvent(Intake):
    """Put the booked time back into somebody's calendar, whatever they did to it."""

    kind: Literal["restore_event"] = "restore_event"
    by: Actor
    whom: Who


class OfCalendar(AFact):
    """Something seen in one person's calendar, at the event of this interview."""

    whom: Who
    uid: Annotated[str, Field(min_length=1, max_length=100)]
    sequence: Annotated[int, Field(ge=0)]
    """Of the version that we wrote there last."""


class CalendarEventChanged(OfCalendar):
    """Its owner has given it another time, or cancelled it in place."""

    kind: Literal["calendar_event_changed"] = "calendar_event_changed"
    start: Instant
    end: Instant
    cancelled: bool = False
    etag: str | None = None
    """Of the person's version: whoever brings it along may overwrite that."""


class CalendarEventDeleted(OfCalendar):
    """It is not there any more."""

    kind: Literal["calendar_event_deleted"] = "calendar_event_deleted"
    emptied: bool = False
    """Others of ours vanished with it: the calendar was emptied or replaced, and nobody has answered anything."""


class CalendarOverlapSeen(OfCalendar):
    """Something that is no interview of ours stands at that time in their calendar; or does no longer."""

    kind: Literal["calendar_overlap_seen"] = "calendar_overlap_seen"
    overlapped: bool


class CalendarAccessLost(AFact):
    """Somebody's calendar refuses us: until it is mended, what happens there is not known."""

    kind: Literal["calendar_access_lost"] = "calendar_access_lost"
    whom: Who
    because: Annotated[str, Field(min_length=1, max_length=200)]
    """For operators; names no address and no secret."""


class CalendarAccessRestored(AFact):
    kind: Literal["calendar_access_restored"] = "calendar_access_restored"
    whom: Who


DriftFact = (
    CalendarEventChanged | CalendarEventDeleted | CalendarOverlapSeen | CalendarAccessLost | CalendarAccessRestored
)

# --- events ----------------------------------------------------------------------------------------------------------


class EventMoved(Message):
    """`refused`: why it could not become a proposal, as a command is refused."""

    kind: Literal["event_moved"] = "event_moved"
    whom: Who
    uid: str
    sequence: int
    start: Instant
    end: Instant
    etag: str | None = None
    source_id: str
    asked: bool = False
    """The other side is asked whether they can come then."""
    refused: str | None = None


class EventDeleted(Message):
    kind: Literal["event_deleted"] = "event_deleted"
    whom: Who
    uid: str
    sequence: int
    source_id: str
    emptied: bool
    restore_at: Instant | None = None
    """Of an emptied calendar: when it is put back by itself."""


class OverlapSeen(Message):
    kind: Literal["overlap_seen"] = "overlap_seen"
    whom: Who
    sequence: int
    overlapped: bool
    source_id: str


class AccessLost(Message):
    kind: Literal["access_lost"] = "access_lost"
    whom: Who
    because: str
    source_id: str


class AccessRestored(Message):
    kind: Literal["access_restored"] = "access_restored"
    whom: Who
    source_id: str


class EventRestored(Message):
    """From here on the booked time is owed to their calendar again."""

    kind: Literal["event_restored"] = "event_restored"
    whom: Who


DriftEvent = EventMoved | EventDeleted | OverlapSeen | AccessLost | AccessRestored | EventRestored
Outcome = DriftEvent | PeopleEvent | SchedulingEvent | answers.AnswerEvent

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """What somebody did to the event in their calendar, last; `n` counts what they are told of, a letter a number."""

    n: int
    what: Literal["moved", "deleted", "emptied", "overlapped", "put_back"]
    at: datetime
    sequence: int
    start: datetime | None = None
    end: datetime | None = None
    asked: bool = False
    restore_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Drift:
    of: dict[str, Drifted] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """Whose calendar refuses us, and why."""
    generations: dict[str, int] = field(default_factory=dict)
    """How often somebody's event was deleted, plus one: its UID ends with it, since a deleted one may be burnt."""
    restored: dict[str, int] = field(default_factory=dict)
    """How often it was put back: a new order each time."""
    facts: tuple[str, ...] = ()

    def generation(self, who: str) -> int:
        return self.generations.get(who, 1)


# --- rules -----------------------------------------------------------------------------------------------------------


def decide(command: RestoreEvent, interview: "Interview") -> list[DriftEvent]:
    held = interview.effects.calendars.get(command.whom)
    if command.whom not in interview.people or not interview.people[command.whom].has_calendar:
        raise Refused(Code.INVALID_COMMAND, f"whom: we write no calendar of {command.whom}")
    if interview.scheduling.booking is None:
        raise Refused(Code.INVALID_STATE, "there is no booked time to put back")
    return [EventRestored(whom=command.whom)] if held is not None and held.edited else []


def judge(fact: DriftFact, interview: "Interview", now: datetime) -> list[Outcome]:
    """A fact cannot be refused, only judged: a repeat, or one about another version or a stranger, is no news."""
    state = interview.drift
    if interview.closed is not None or fact.source_id in state.facts or fact.whom not in interview.people:
        return []
    match fact:
        case CalendarAccessLost(whom=whom, because=because, source_id=source_id):
            return [] if whom in state.lost else [AccessLost(whom=whom, because=because, source_id=source_id)]
        case CalendarAccessRestored(whom=whom, source_id=source_id):
            return [AccessRestored(whom=whom, source_id=source_id)] if whom in state.lost else []
        case CalendarOverlapSeen():
            return _overlap(fact, interview) if _stands(fact, interview) else []
        case CalendarEventChanged():
            return _changed(fact, interview, now) if _stands(fact, interview) else []
        case CalendarEventDeleted():
            return _deleted(fact, interview, now) if _stands(fact, interview) else []
        case _:
            assert_never(fact)


def _stands(fact: OfCalendar, interview: "Interview") -> bool:
    """Whether the event it is about should stand there as it is booked, and its session has not begun."""
    shown, held = interview.scheduling.shown, interview.effects.calendars.get(fact.whom)
    if shown is None or shown.cancelled or held is None or interview.session.started_at is not None:
        return False
    return held.sequence == fact.sequence == shown.sequence and fact.uid == uid(interview, fact.whom)


def uid(interview: "Interview", who: str) -> str:
    """Name the panel's event in this person's calendar; a deleted one is followed by another generation."""
    return f"{interview.id}.p{interview.drift.generation(who)}"


def _overlap(fact: CalendarOverlapSeen, interview: "Interview") -> list[Outcome]:
    held = interview.effects.calendars.get(fact.whom)
    if held is None or held.overlapped == fact.overlapped:
        return []
    return [OverlapSeen(whom=fact.whom, sequence=fact.sequence, overlapped=fact.overlapped, source_id=fact.source_id)]


def _changed(fact: CalendarEventChanged, interview: "Interview", now: datetime) -> list[Outcome]:
    """Cancelled in place is a no. Another start is a proposal; another end alone is put back."""
    booking = interview.scheduling.booking
    if booking is None:
        return []
    if fact.cancelled:
        return [_gone(fact, emptied=False), *_declined(interview, fact.whom, now)]
    if (fact.start, fact.end) == (booking.slot.start, booking.slot.end):
        return []
    asked, refused = False, None
    proposed: list[Outcome] = []
    if fact.start != booking.slot.start:
        try:
            proposed = [*answers.propose(interview, fact.whom, fact.start, now, "moved in their calendar")]
            asked = True
        except Refused as refusal:
            refused = refusal.code
    moved = EventMoved(
        whom=fact.whom,
        uid=fact.uid,
        sequence=fact.sequence,
        start=fact.start,
        end=fact.end,
        etag=fact.etag,
        source_id=fact.source_id,
        asked=asked,
        refused=refused,
    )
    return [moved, EventRestored(whom=fact.whom), *proposed]


def _deleted(fact: CalendarEventDeleted, interview: "Interview", now: datetime) -> list[Outcome]:
    if fact.emptied:
        return [_gone(fact, emptied=True, restore_at=now + _ASKED_FOR)]
    return [_gone(fact, emptied=False), *_declined(interview, fact.whom, now)]


def _gone(fact: OfCalendar, *, emptied: bool, restore_at: datetime | None = None) -> EventDeleted:
    return EventDeleted(
        whom=fact.whom,
        uid=fact.uid,
        sequence=fact.sequence,
        source_id=fact.source_id,
        emptied=emptied,
        restore_at=restore_at,
    )


def _declined(interview: "Interview", whom: str, now: datetime) -> list[Outcome]:
    try:
        return [*seats.decide(RespondToSeat(by=whom, answer="declined"), interview, now)]
    except Refused:
        return []  # what is being booked settles it


def deadlines(interview: "Interview") -> list[tuple[datetime, list[DriftEvent]]]:
    """What vanished, or was found changed when we wrote, is put back in the end, and its owner is told."""
    return [(at, [EventRestored(whom=whom)]) for whom, at in _to_restore(interview)]


def _to_restore(interview: "Interview") -> Iterator[tuple[str, datetime]]:
    shown = interview.scheduling.shown
    if shown is None or shown.cancelled or interview.session.started_at is not None or interview.closed is not None:
        return
    for who, held in interview.effects.calendars.items():
        known = interview.drift.of.get(who)
        if not held.edited or who not in interview.people or held.sequence != shown.sequence:
            continue
        if known is not None and known.sequence == held.sequence and known.what == "deleted":
            continue  # a no: the seat's business
        restore_at = known.restore_at if known is not None and known.sequence == held.sequence else None
        yield who, restore_at or held.at + _ASKED_FOR


def follows(interview: "Interview") -> list[DriftEvent]:
    """Who deleted the event, and says yes after all, gets it back."""
    return [
        EventRestored(whom=who)
        for who, one in interview.drift.of.items()
        if one.what == "deleted"
        and who in interview.people
        and interview.scheduling.booking is not None
        and (held := interview.effects.calendars.get(who)) is not None
        and held.edited
        and interview.people.seat_of(who).answer == "accepted"
    ]


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Drift, event: DriftEvent, at: datetime) -> Drift:
    match event:
        case EventMoved(whom=whom):
            drifted = Drifted(
                n=_next(state, whom),
                what="moved",
                at=at,
                sequence=event.sequence,
                start=event.start,
                end=event.end,
                asked=event.asked,
            )
            return _seen(state, event.source_id, of={**state.of, whom: drifted})
        case EventDeleted(whom=whom):
            drifted = Drifted(
                n=_next(state, whom),
                what="emptied" if event.emptied else "deleted",
                at=at,
                sequence=event.sequence,
                restore_at=event.restore_at,
            )
            generations = {**state.generations, whom: state.generation(whom) + 1}
            return replace(_seen(state, event.source_id, of={**state.of, whom: drifted}), generations=generations)
        case OverlapSeen(whom=whom, overlapped=overlapped):
            drifted = Drifted(n=_next(state, whom), what="overlapped", at=at, sequence=event.sequence)
            return _seen(state, event.source_id, of={**state.of, whom: drifted} if overlapped else state.of)
        case AccessLost(whom=whom, because=because):
            return replace(_seen(state, event.source_id), lost={**state.lost, whom: because})
        case AccessRestored(whom=whom):
            lost = {name: why for name, why in state.lost.items() if name != whom}
            return replace(_seen(state, event.source_id), lost=lost)
        case EventRestored(whom=whom):
            known = state.of.get(whom)
            told = known is not None and known.what in ("moved", "emptied")
            back = (
                known
                if told and known is not None
                else Drifted(n=_next(state, whom), what="put_back", at=at, sequence=0)
            )
            restored = {**state.restored, whom: state.restored.get(whom, 0) + 1}
            return replace(state, restored=restored, of={**state.of, whom: back})
        case _:
            assert_never(event)


def _next(state: Drift, whom: str) -> int:
    known = state.of.get(whom)
    return 1 + (known.n if known is not None else 0)


def _seen(state: Drift, source_id: str, *, of: dict[str, Drifted] | None = None) -> Drift:
    return replace(state, of=state.of if of is None else of, facts=(*state.facts, source_id)[-_REMEMBERED:])
