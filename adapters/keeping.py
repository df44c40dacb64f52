"""Keep one event of ours as the port promises (`activities.calendar.Calendar`), whatever server it lies on.

Look; write under the condition that nothing has changed; look again. So a repetition recognises its own work even where
a server ignores preconditions, and a person's edit is told from ours without knowing the version before.
"""

from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeVar

from activities.calendar import CalendarRefused, CalendarUnavailable, Ensured, EventState, Removed
from adapters.written import Found, Written
from entrevue.values import CalendarEvent, InterviewId, PersonId

_F = TypeVar("_F", bound=Found)

_LONGEST_WINDOW: Final = timedelta(days=400)
_ROUNDS = 4
"""How often a write starts anew because somebody else was faster."""

Wrote = Literal["written", "changed", "elsewhere"]
"""`changed`: look and judge anew. `elsewhere`: somebody brought a copy in, under another name."""


class Place(Protocol[_F]):
    """Where one event of ours belongs in one person's calendar."""

    @property
    def person(self) -> PersonId: ...

    async def look(self, *, gone_matters: bool = False) -> _F | None:
        """Give what lies there. Where its absence matters, make sure that it is not the calendar that is absent."""
        ...

    async def write(self, event: CalendarEvent, interview: InterviewId, found: _F | None) -> Wrote:
        """Put this version in place of what was found."""
        ...

    async def delete(self, found: _F) -> Literal["deleted", "absent", "changed"]:
        """Take away what was found, unless it has changed meanwhile."""
        ...


async def ensure(place: Place[_F], event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
    """Fulfil `Calendar.ensure`."""
    wanted = Written.of(event, interview)
    if not wanted.start < wanted.end:
        raise ValueError("an event must end after it starts")
    for _ in range(_ROUNDS):
        found = await place.look(gone_matters=etag is not None)
        if settled := _settled(found, wanted, etag):
            return settled
        wrote = await place.write(event, interview, found)
        if wrote == "changed":
            continue
        if wrote == "elsewhere":
            return Ensured(outcome="edited_by_person")
        after = await place.look()
        if after and after.written is None:
            raise CalendarRefused(place.person, "a server that does not keep our notes in an event (X- properties)")
        if after and after.written == wanted and not after.edited:
            return Ensured(outcome="updated" if found else "created", etag=after.etag, ical_uid=after.ical_uid)
    raise CalendarUnavailable(place.person, "an event that changes all the time")


async def remove(place: Place[_F], sequence: int, etag: str | None) -> Removed:
    """Fulfil `Calendar.remove`."""
    for _ in range(_ROUNDS):
        found = await place.look()
        if found is None or (found.written and found.written.sequence > sequence):
            return Removed(outcome="already_gone")
        if found.moved and (etag is None or etag != found.etag):
            return Removed(outcome="edited_by_person")
        match await place.delete(found):
            case "deleted":
                return Removed(outcome="removed")
            case "absent":
                return Removed(outcome="already_gone")
            case "changed":
                continue
    raise CalendarUnavailable(place.person, "an event that changes all the time")


async def read(place: Place[_F]) -> EventState | None:
    """Fulfil `Calendar.read`."""
    found = await place.look(gone_matters=True)
    if found is None:
        return None
    if found.event is None:
        raise CalendarRefused(place.person, "an event that cannot be read")
    return EventState(
        start=found.event.start,
        end=found.event.end,
        sequence=found.written.sequence if found.written else found.event.sequence,
        summary=found.event.summary,
        cancelled=found.event.cancelled,
        etag=found.etag,
        moved=found.moved,
        answer=found.event.answer,
    )


def check_window(start: datetime, end: datetime) -> None:
    """Raise ValueError unless [start, end) is longer than nothing and shorter than what a calendar is asked for."""
    if not timedelta() < end - start <= _LONGEST_WINDOW:
        raise ValueError(f"a window is longer than nothing and at most {_LONGEST_WINDOW.days} days")


def _settled(found: Found | None, wanted: Written, etag: str | None) -> Ensured | None:
    """Judge what lies there by the table of `Calendar.ensure`; None means: write."""
    if found is None:
        return Ensured(outcome="gone") if etag is not None else None
    if found.written and found.written.sequence > wanted.sequence:
        return Ensured(outcome="superseded", etag=found.etag, ical_uid=found.ical_uid)
    if found.written == wanted and not found.edited:
        return Ensured(outcome="already_there", etag=found.etag, ical_uid=found.ical_uid)
    if found.edited and (etag is None or etag != found.etag):
        return Ensured(outcome="edited_by_person", etag=found.etag, ical_uid=found.ical_uid)
    return None
