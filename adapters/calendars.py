"""Everybody's calendars, wherever they are: each person's at the provider that the directory names."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from activities.calendar import (
    Busy,
    Calendar,
    CalendarRefused,
    Changes,
    Ensured,
    EventState,
    Listening,
    OurEvent,
    Removed,
)
from entrevue.values import CalendarEvent, InterviewId, PersonId


class Calendars:
    """Fulfils `activities.calendar.Calendar` by those of the providers."""

    def __init__(self, of: Callable[[PersonId], Awaitable[Calendar | None]]) -> None:
        """`of` says who keeps a person's calendar; None: they have none, or nobody of that name is known."""
        self._of = of

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        """Nothing but our own interviews is known to be in the way of somebody without: the ledger's business."""
        calendar = await self._of(person)
        return () if calendar is None else await calendar.busy(person, start, end)

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        return await (await self._needed(person)).ensure(person, event, interview, etag)

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        return await (await self._needed(person)).remove(person, uid, sequence, etag)

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        return await (await self._needed(person)).read(person, uid)

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        calendar = await self._of(person)
        return () if calendar is None else await calendar.ours(person, start, end)

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        calendar = await self._of(person)
        return Changes(cursor=None) if calendar is None else await calendar.changes(person, cursor, uids)

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        calendar = await self._of(person)
        return None if calendar is None else await calendar.listen(person, held)

    async def hang_up(self, person: PersonId, held: str) -> None:
        calendar = await self._of(person)
        if calendar is not None:
            await calendar.hang_up(person, held)

    async def _needed(self, person: PersonId) -> Calendar:
        calendar = await self._of(person)
        if calendar is None:
            raise CalendarRefused(person, "there is none; enter its address in the directory")
        return calendar
