"""What each calendar that we write is known to hold of the panel's event, by our own writing and by what people did."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack, assert_never

from entrevue.drift import (
    AccessLost,
    AccessRestored,
    DriftEvent,
    EventDeleted,
    EventMoved,
    EventRestored,
    OverlapSeen,
)
from entrevue.values import Message, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

# --- events ----------------------------------------------------------------------------------------------------------


class CalendarWritten(Message):
    kind: Literal["calendar_written"] = "calendar_written"
    whom: Who
    uid: str
    sequence: int
    outcome: str
    etag: str | None = None
    ical_uid: str | None = None
    """The UID that the provider has given it; None where it bears ours."""
    overlapped: bool = False
    """Something else stands at that time in this calendar."""


class CalendarCleared(Message):
    kind: Literal["calendar_cleared"] = "calendar_cleared"
    whom: Who
    uid: str
    sequence: int
    outcome: str


WRITTEN = ("created", "updated", "already_there")
"""Outcomes of a write after which the event stands as it should."""

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class OnCalendar:
    """What a person's calendar holds of the panel's event, as far as we know."""

    sequence: int
    present: bool
    at: datetime
    uid: str = ""
    """Under which it stands, or stood."""
    ical_uid: str | None = None
    """By which its owner's programs know it, where that is another one."""
    etag: str | None = None
    edited: bool = False
    """It is not as we wrote it, and is left alone until it is put back."""
    superseded: bool = False
    """A later version of ours stands there: writing this one again would help nobody."""
    overlapped: bool = False
    overlapped_at: datetime | None = None


Calendars = dict[str, OnCalendar]
"""By whose it is."""

# --- rules -----------------------------------------------------------------------------------------------------------


def event_key(interview: "Interview", who: str) -> str:
    """Name the writing of what this person's calendar should show now."""
    return _calendar_key(interview, "event", who)


def removal_key(interview: "Interview", who: str) -> str:
    return _calendar_key(interview, "event_removal", who)


def _calendar_key(interview: "Interview", effect: str, who: str) -> str:
    wanted = interview.to_show(who)
    tries = 1 + interview.drift.restored.get(who, 0)
    return f"{interview.id}/{effect}/{who}/{wanted[0] if wanted is not None else 0}.{tries}"


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Calendars, event: CalendarWritten | CalendarCleared, at: datetime) -> Calendars:
    return _written(state, event, at) if isinstance(event, CalendarWritten) else _cleared(state, event, at)


def drifted(state: Calendars, event: DriftEvent, at: datetime) -> Calendars:
    """What its owner did to an event; put back, it is owed again, and their version may be overwritten.

    Where we were about to write when it was deleted, we may have written since: it is taken out once more.
    """
    match event:
        case EventMoved(whom=whom, etag=etag):
            return _changed(state, whom, present=True, edited=True, etag=etag)
        case EventDeleted(whom=whom, cancelled=True, etag=etag):
            return _changed(state, whom, present=True, edited=True, etag=etag)
        case EventDeleted(whom=whom, emptied=True):
            return _changed(state, whom, present=False, edited=True, etag=None)
        case EventDeleted(whom=whom):
            held = state.get(whom)
            maybe_there = held is not None and not held.present and not held.edited
            return _changed(state, whom, present=maybe_there, edited=False, etag=None)
        case OverlapSeen(whom=whom, overlapped=overlapped):
            return _changed(state, whom, overlapped=overlapped, overlapped_at=at if overlapped else None)
        case EventRestored(whom=whom):
            return _changed(state, whom, present=False, edited=False, superseded=False)
        case AccessLost() | AccessRestored():
            return state
        case _:
            assert_never(event)


def _written(state: Calendars, event: CalendarWritten, at: datetime) -> Calendars:
    """What stands there against our will counts as edited: a person is asked, and we do not write in circles."""
    was = state.get(event.whom)
    if was is not None and was.sequence > event.sequence:
        return state
    now = OnCalendar(
        sequence=event.sequence,
        present=event.outcome != "gone",
        at=at,
        uid=event.uid,
        ical_uid=event.ical_uid,
        etag=event.etag if event.outcome != "gone" else None,
        edited=event.outcome not in WRITTEN,
        superseded=event.outcome == "superseded",
        overlapped=event.overlapped,
        overlapped_at=at if event.overlapped else None,
    )
    return {**state, event.whom: now}


def _cleared(state: Calendars, event: CalendarCleared, at: datetime) -> Calendars:
    was = state.get(event.whom)
    if was is not None and was.sequence > event.sequence:
        return state
    edited = event.outcome == "edited_by_person"
    now = OnCalendar(sequence=event.sequence, present=edited, at=at, uid=event.uid, edited=edited)
    return {**state, event.whom: now}


class _Changes(TypedDict, total=False):
    present: bool
    edited: bool
    superseded: bool
    overlapped: bool
    overlapped_at: datetime | None
    etag: str | None


def _changed(state: Calendars, whom: str, **changes: Unpack[_Changes]) -> Calendars:
    held = state.get(whom)
    return state if held is None else {**state, whom: replace(held, **changes)}
