"""People's calendars at Google: what Entrevue asks of a calendar, as requests to the Calendar API (v3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from activities.calendar import (
    Busy,
    CalendarRefused,
    CalendarUnavailable,
    Changes,
    Ensured,
    EventState,
    Listening,
    OurEvent,
    Removed,
)
from adapters import keeping
from adapters.accounts import in_time, is_written, known, written
from adapters.batching import Batches
from adapters.cursor import digest
from adapters.google import channels, rooms, sync
from adapters.google.busy import MOST_CALENDARS, Answer, Asked, FreeBusy, Window
from adapters.google.requests import GoogleCalendar, GooglePlace, Manners
from adapters.google.settings import GoogleAccount, GoogleSettings
from adapters.google.tokens import GoogleTokens
from adapters.google.words import trouble
from adapters.keeping import check_window
from adapters.push.address import PushTo
from adapters.rest import RestSession, Tokens
from adapters.web import Web
from entrevue.values import CalendarEvent, InterviewId, PersonId

ROOMS: Final = "meet"
"""What trouble with rooms is told about, in the place of a person."""


class GoogleCalendars:
    """The calendars of all people that `accounts` knows; None is somebody without one.

    Each event of ours bears an id that is made of its UID, and keeps in a private property what we wrote last. Of
    people's own events no titles and no guests are fetched: only when they are.
    """

    def __init__(
        self,
        accounts: Callable[[PersonId], Awaitable[GoogleAccount | None]],
        settings: GoogleSettings,
        *,
        push: PushTo | None = None,
        connections: int = 4,
        within: timedelta = timedelta(seconds=20),
    ) -> None:
        """`push`: where Google may tell us of changes. `connections`: at once, to each calendar.

        `within` bounds each call. It must be shorter than the time an activity has: an attempt given up for dead that
        creates an event all the same might do so after the event's removal.
        """
        self._accounts = accounts
        self._settings = settings
        self._push = push
        self._within = within
        self._web = Web(connections)
        self._makes = GoogleTokens(settings, self._web)
        self._tokens = Tokens(self._makes.make)
        self._manners = Manners()
        self._free_busy = FreeBusy(self._own_session)
        self._batches: Batches[Window, Asked, tuple[Busy, ...]] = Batches(self._ask_free_busy, MOST_CALENDARS)

    async def aclose(self) -> None:
        await self._batches.aclose()
        self._makes.close()
        await self._web.aclose()

    # --- the port

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        check_window(start, end)
        account = await known(person, self._accounts)
        async with in_time(person, self._within):
            if account.busy_only:
                return await self._batches.of((start, end), Asked(person, account))
            return await self._calendar(person, account).busy(start, end)

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        async with self.reach(person) as calendar:
            return await keeping.ensure(GooglePlace(calendar, event.uid), event, interview, etag)

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        async with self.reach(person) as calendar:
            return await keeping.remove(GooglePlace(calendar, uid), sequence, etag)

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        async with self.reach(person) as calendar:
            return await keeping.read(GooglePlace(calendar, uid))

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        check_window(start, end)
        if not await is_written(person, self._accounts):
            return ()
        async with self.reach(person) as calendar:
            return await calendar.ours(start, end)

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        if not await is_written(person, self._accounts):
            return Changes(cursor=None)
        async with self.reach(person) as calendar:
            return await sync.changes(calendar, cursor, uids)

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        if self._push is None or not await is_written(person, self._accounts):
            return None
        async with self.reach(person) as calendar:
            return await channels.listen(calendar, self._push, held)

    async def hang_up(self, person: PersonId, held: str) -> None:
        if await is_written(person, self._accounts):
            async with self.reach(person) as calendar:
                await channels.hang_up(calendar, held)

    # --- rooms

    async def room(self, interview: InterviewId, at: datetime) -> str:
        """Fulfil `activities.rooms.Rooms` with Google Meet."""
        address = self._settings.meet_calendar
        if address is None:
            raise CalendarRefused(ROOMS, "set ENTREVUE_GOOGLE__MEET_CALENDAR")
        async with in_time(ROOMS, self._within):
            return await rooms.room(self._calendar(ROOMS, GoogleAccount(address)), interview, at)

    # --- connections

    @asynccontextmanager
    async def reach(self, person: PersonId) -> AsyncIterator[GoogleCalendar]:
        """Give a person's calendar, for as long as a call may take."""
        async with in_time(person, self._within):
            yield self._calendar(person, await written(person, self._accounts))

    def _calendar(self, person: PersonId, account: GoogleAccount) -> GoogleCalendar:
        asked = account.asked if self._makes.acts_for_owner(person) else None
        session = self._session(person, account)
        return GoogleCalendar(session, account, asked, self._settings.send_updates, self._manners)

    def _own_session(self, asked: Asked) -> RestSession:
        return self._session(asked.person, asked.account)

    def _session(self, person: PersonId, account: GoogleAccount) -> RestSession:
        return RestSession(
            person=person,
            web=self._web,
            tokens=self._tokens,
            subject=self._makes.subject(person, account),
            base=self._settings.url,
            lane=account.address,
            trouble=trouble,
            # Otherwise the service account pays for all, with what one user has (guides/quota, *Proper accounting*).
            headers={"X-Goog-Quota-User": digest(account.address)},
        )

    async def _ask_free_busy(self, window: Window, asked: Sequence[Asked]) -> Mapping[Asked, Answer]:
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await self._free_busy.ask(window, asked)
        except TimeoutError:
            return {one: CalendarUnavailable(one.person, "no answer in time") for one in asked}
