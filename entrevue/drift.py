"""What people do to our event in their own calendars: it is moved, deleted, overlapped, or cannot be read any more.

Told by whoever watches their calendars (lifecycle, section 8). A moved event is a proposal of who moved it, and the
booked time goes back until the other side has agreed. A deleted one is a no. One that vanished with others of ours was
nobody's answer: the coordinator is asked, and it is put back. Each of them is told, so nothing is overwritten silently.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import answers
from entrevue.answers import CounterHeard
from entrevue.facts import AFact
from entrevue.scheduling import Shown
from entrevue.values import Actor, Code, Instant, Intake, Message, Refused, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

_ASKED_FOR = timedelta(hours=2)
"""So long the coordinator is asked before what vanished is put back."""

_BACK_BY = timedelta(hours=1)
"""... and it is back so long before the interview begins."""

_PUT_BACK = 3
"""So often a booked time is put back into one calendar by itself: whatever undoes it again does so for ever."""

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
    """Somebody's calendar refuses us, or has not answered for hours: what happens there is not known."""

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
    """Somebody gave it another time. `since`: the version that first showed the booked time."""

    kind: Literal["event_moved"] = "event_moved"
    whom: Who
    uid: str
    sequence: int
    since: int
    start: Instant
    end: Instant
    etag: str | None = None
    source_id: str
    claim: int | None = None
    """The time that is asked of the ledger for it; None where nobody is asked."""


class EventDeleted(Message):
    """Somebody took it out, or cancelled it in place: then it is there still, under its UID."""

    kind: Literal["event_deleted"] = "event_deleted"
    whom: Who
    uid: str
    sequence: int
    since: int
    source_id: str
    emptied: bool = False
    cancelled: bool = False
    etag: str | None = None
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
    """From here on the booked time is owed to their calendar again.

    `told`: its owner hears of it, since they did not ask for it and nothing else told them. `anew`: under another UID.
    """

    kind: Literal["event_restored"] = "event_restored"
    whom: Who
    since: int
    told: bool = False
    anew: bool = False


DriftEvent = EventMoved | EventDeleted | OverlapSeen | AccessLost | AccessRestored | EventRestored
Outcome = DriftEvent | answers.Outcome

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Drifted:
    """What was done last to the event in somebody's calendar."""

    n: int
    """Counts what they are told of: a letter a number."""
    what: Literal["moved", "deleted", "emptied", "put_back", "as_booked"]
    at: datetime
    since: int
    """The version that first showed the time this is about."""
    start: datetime | None = None
    end: datetime | None = None
    claim: int | None = None
    restore_at: datetime | None = None
    put_back: int = 0
    """How often, for this time."""


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

    def current(self, who: str, shown: Shown | None) -> Drifted | None:
        """Give what somebody did to the time that is shown now."""
        known = self.of.get(who)
        return known if known is not None and shown is not None and known.since == shown.since else None

    def is_out(self, who: str, shown: Shown | None) -> bool:
        """Whether they took the event of this time out of their calendar, and nobody has put it back."""
        known = self.current(who, shown)
        return known is not None and known.what == "deleted"


# --- rules: command and facts ----------------------------------------------------------------------------------------


def decide(command: RestoreEvent, interview: "Interview") -> list[DriftEvent]:
    whom, shown = command.whom, interview.scheduling.shown
    if not interview.writes(whom):
        raise Refused(Code.INVALID_COMMAND, f"whom: we write no calendar of {whom}")
    if interview.scheduling.booking is None or shown is None:
        raise Refused(Code.INVALID_STATE, "there is no booked time to put back")
    held = interview.effects.calendars.get(whom)
    drifted = interview.drift.is_out(whom, shown) or (held is not None and held.edited)
    return [_back(interview, whom, shown)] if drifted else []


def judge(fact: DriftFact, interview: "Interview", now: datetime) -> Sequence[Outcome]:
    """A fact cannot be refused, only judged: a repeat, or one about another version or a stranger, is no news."""
    state = interview.drift
    if interview.closed is not None or fact.source_id in state.facts or not interview.writes(fact.whom):
        return []
    match fact:
        case CalendarAccessLost(whom=whom, because=because, source_id=source_id):
            return [] if whom in state.lost else [AccessLost(whom=whom, because=because, source_id=source_id)]
        case CalendarAccessRestored(whom=whom, source_id=source_id):
            return [AccessRestored(whom=whom, source_id=source_id)] if whom in state.lost else []
        case CalendarOverlapSeen() | CalendarEventChanged() | CalendarEventDeleted():
            shown = _stands(fact, interview)
            return [] if shown is None else _seen_in_calendar(fact, interview, shown, now)
        case _:
            assert_never(fact)


def _stands(fact: OfCalendar, interview: "Interview") -> Shown | None:
    """Give what should stand there, where this is what the fact is about, and the session has not begun."""
    shown, held = interview.scheduling.shown, interview.effects.calendars.get(fact.whom)
    if shown is None or shown.cancelled or held is None or interview.session.started_at is not None:
        return None
    about_now = held.sequence == fact.sequence == shown.sequence and fact.uid == uid(interview, fact.whom)
    return shown if about_now else None


def uid(interview: "Interview", who: str) -> str:
    """Name the panel's event in this person's calendar; a deleted one is followed by another generation."""
    return f"{interview.id}.p{interview.drift.generation(who)}"


def _seen_in_calendar(
    fact: CalendarOverlapSeen | CalendarEventChanged | CalendarEventDeleted,
    interview: "Interview",
    shown: Shown,
    now: datetime,
) -> Sequence[Outcome]:
    match fact:
        case CalendarOverlapSeen(whom=whom, sequence=sequence, overlapped=overlapped, source_id=source_id):
            if interview.effects.calendars[whom].overlapped == overlapped:
                return []
            return [OverlapSeen(whom=whom, sequence=sequence, overlapped=overlapped, source_id=source_id)]
        case CalendarEventChanged(cancelled=True):
            return _taken_out(fact, interview, shown, now, etag=fact.etag, cancelled=True)
        case CalendarEventChanged():
            return _changed(fact, interview, shown, now)
        case CalendarEventDeleted(emptied=True):
            known = interview.drift.current(fact.whom, shown)
            if known is not None and known.what == "emptied" and interview.effects.calendars[fact.whom].edited:
                return []
            return [_deleted(fact, shown, emptied=True, restore_at=_put_back_at(shown, now))]
        case CalendarEventDeleted():
            return _taken_out(fact, interview, shown, now)
        case _:
            assert_never(fact)


def _changed(fact: CalendarEventChanged, interview: "Interview", shown: Shown, now: datetime) -> Sequence[Outcome]:
    """Another start is a proposal of whoever moved it; it goes back meanwhile, as does another end alone."""
    whom, slot, known = fact.whom, shown.slot, interview.drift.current(fact.whom, shown)
    edited = interview.effects.calendars[whom].edited
    if (fact.start, fact.end) == (slot.start, slot.end):
        return [EventRestored(whom=whom, since=shown.since)] if edited else []
    if slot.start <= now or (edited and known is not None and (known.start, known.end) == (fact.start, fact.end)):
        return []
    goes_back = known is None or known.put_back < _PUT_BACK
    proposes = goes_back and fact.start != slot.start
    proposed, refused = answers.propose(interview, whom, fact.start, now) if proposes else ([], None)
    claim = answers.claimed_by(proposed)
    seen: list[Outcome] = [
        EventMoved(
            whom=whom,
            uid=fact.uid,
            sequence=fact.sequence,
            since=shown.since,
            start=fact.start,
            end=fact.end,
            etag=fact.etag,
            source_id=fact.source_id,
            claim=claim,
        )
    ]
    if goes_back:
        seen.append(EventRestored(whom=whom, since=shown.since))
    if proposes:
        seen.append(_countered(fact, now, claim, refused))
    return [*seen, *proposed]


def _countered(fact: CalendarEventChanged, now: datetime, claim: int | None, refused: str | None) -> CounterHeard:
    return CounterHeard(
        whom=fact.whom,
        start=fact.start,
        via="calendar",
        verified=True,
        sequence=fact.sequence,
        told_at=now,
        source_id=fact.source_id,
        refused=refused,
        claim=claim,
    )


def _taken_out(
    fact: CalendarEventChanged | CalendarEventDeleted,
    interview: "Interview",
    shown: Shown,
    now: datetime,
    *,
    etag: str | None = None,
    cancelled: bool = False,
) -> Sequence[Outcome]:
    """It is a no, and the seat's business from then on."""
    if interview.drift.is_out(fact.whom, shown) and cancelled:
        return []
    gone = _deleted(fact, shown, cancelled=cancelled, etag=etag)
    return [gone, *answers.declined(interview, fact.whom, fact.sequence, fact.source_id, now)]


def _deleted(
    fact: CalendarEventChanged | CalendarEventDeleted,
    shown: Shown,
    *,
    emptied: bool = False,
    cancelled: bool = False,
    etag: str | None = None,
    restore_at: datetime | None = None,
) -> EventDeleted:
    return EventDeleted(
        whom=fact.whom,
        uid=fact.uid,
        sequence=fact.sequence,
        since=shown.since,
        source_id=fact.source_id,
        emptied=emptied,
        cancelled=cancelled,
        etag=etag,
        restore_at=restore_at,
    )


# --- rules: putting it back ------------------------------------------------------------------------------------------


def _put_back_at(shown: Shown, at: datetime) -> datetime:
    return min(at + _ASKED_FOR, max(at, shown.slot.start - _BACK_BY))


def _back(interview: "Interview", whom: str, shown: Shown) -> EventRestored:
    """Of an emptied calendar its owner was told so. What was found gone when we wrote has used up its UID."""
    known, held = interview.drift.current(whom, shown), interview.effects.calendars.get(whom)
    emptied = known is not None and known.what == "emptied"
    gone = held is not None and held.edited and not held.present and not emptied
    return EventRestored(whom=whom, since=shown.since, told=not emptied, anew=gone)


def deadlines(interview: "Interview") -> list[tuple[datetime, list[DriftEvent]]]:
    """What vanished, or was found changed when we wrote, is put back in the end, and its owner is told."""
    shown = interview.scheduling.shown
    return [(at, [_back(interview, whom, shown)]) for whom, at in to_restore(interview) if shown is not None]


def to_restore(interview: "Interview") -> Iterator[tuple[str, datetime]]:
    """Give into whose calendar the event goes back by itself, and when.

    What a later version of ours keeps us from is for a person to mend, and so is what is undone again and again.
    """
    shown = interview.scheduling.shown
    if shown is None or shown.cancelled or interview.session.started_at is not None:
        return
    for who, held in interview.effects.calendars.items():
        known = interview.drift.current(who, shown)
        again = known is not None and known.put_back >= _PUT_BACK
        here = interview.writes(who) and held.sequence == shown.sequence
        if not here or again or not held.edited or held.superseded or interview.drift.is_out(who, shown):
            continue
        at = known.restore_at if known is not None else None
        at = at or _put_back_at(shown, held.at)
        if at < shown.slot.start:
            yield who, at


def follows(interview: "Interview", at: datetime) -> list[DriftEvent]:
    """Who took the event out, and comes after all, gets it back."""
    shown = interview.scheduling.shown
    if shown is None or shown.cancelled or shown.slot.start <= at or interview.session.started_at is not None:
        return []
    return [
        EventRestored(whom=member.who, since=shown.since)
        for member in interview.people.interviewers
        if member.has_calendar and interview.drift.is_out(member.who, shown) and _comes(interview, member.who)
    ]


def _comes(interview: "Interview", who: str) -> bool:
    said = interview.answers.said.get(who)
    waits = said is not None and said.waits
    return not waits and interview.people.seat_of(who).answer in ("accepted", "tentative")


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Drift, event: DriftEvent, at: datetime) -> Drift:
    match event:
        case EventMoved(whom=whom):
            drifted = Drifted(
                n=_next(state, whom),
                what="moved",
                at=at,
                since=event.since,
                start=event.start,
                end=event.end,
                claim=event.claim,
                put_back=_put_back(state, whom, event.since),
            )
            return _seen(state, event.source_id, of={**state.of, whom: drifted})
        case EventDeleted(whom=whom, cancelled=cancelled, emptied=emptied):
            drifted = Drifted(
                n=_next(state, whom),
                what="emptied" if emptied else "deleted",
                at=at,
                since=event.since,
                restore_at=event.restore_at,
                put_back=_put_back(state, whom, event.since),
            )
            seen = _seen(state, event.source_id, of={**state.of, whom: drifted})
            return seen if cancelled or emptied else another_generation(seen, whom)
        case OverlapSeen():
            return _seen(state, event.source_id)
        case AccessLost(whom=whom, because=because):
            return replace(_seen(state, event.source_id), lost={**state.lost, whom: because})
        case AccessRestored(whom=whom):
            return _seen(readable(state, whom), event.source_id)
        case EventRestored(whom=whom, anew=anew):
            restored = {**state.restored, whom: state.restored.get(whom, 0) + 1}
            back = replace(state, restored=restored, of={**state.of, whom: _restored(state, event, at)})
            return another_generation(back, whom) if anew else back
        case _:
            assert_never(event)


def _restored(state: Drift, event: EventRestored, at: datetime) -> Drifted:
    """What they are told of, they are told of once: a letter about a move, or an emptied calendar, says it as well."""
    known, times = state.of.get(event.whom), _put_back(state, event.whom, event.since) + 1
    if event.told:
        return Drifted(n=_next(state, event.whom), what="put_back", at=at, since=event.since, put_back=times)
    if known is not None and known.since == event.since and known.what != "deleted":
        return replace(known, put_back=times, restore_at=None)
    n = known.n if known is not None else 0
    return Drifted(n=n, what="as_booked", at=at, since=event.since, put_back=times)


def _put_back(state: Drift, whom: str, since: int) -> int:
    known = state.of.get(whom)
    return known.put_back if known is not None and known.since == since else 0


def another_generation(state: Drift, whom: str) -> Drift:
    """What follows in their calendar bears another UID."""
    return replace(state, generations={**state.generations, whom: state.generation(whom) + 1})


def _next(state: Drift, whom: str) -> int:
    known = state.of.get(whom)
    return 1 + (known.n if known is not None else 0)


def _seen(state: Drift, source_id: str, *, of: dict[str, Drifted] | None = None) -> Drift:
    return replace(state, of=state.of if of is None else of, facts=(*state.facts, source_id)[-_REMEMBERED:])


def seated_anew(state: Drift, whom: str) -> Drift:
    """They had left, and come back to the panel: what they did to the event before says nothing of this one."""
    known = state.of.get(whom)
    if known is None:
        return state
    return replace(state, of={**state.of, whom: replace(known, what="as_booked", restore_at=None)})


def readable(state: Drift, whom: str) -> Drift:
    """Their calendar lets us in: that was told, or we have just written there and looked around, or taken out of it."""
    return replace(state, lost={name: why for name, why in state.lost.items() if name != whom})
