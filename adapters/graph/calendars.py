"""People's calendars in Microsoft 365, over Microsoft Graph: what Entrevue asks of a calendar, by plain REST."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from activities.calendar import (
    Busy,
    CalendarRefused,
    Changes,
    Ensured,
    EventState,
    Listening,
    OurEvent,
    Removed,
)
from adapters import keeping
from adapters.accounts import Account, in_time, is_written, known, written
from adapters.graph import subscriptions
from adapters.graph.mailbox import Mailbox, Place
from adapters.graph.rooms import meeting
from adapters.graph.schedules import Schedules
from adapters.graph.settings import GraphSettings
from adapters.graph.sync import changes
from adapters.graph.tokens import GraphTokens
from adapters.graph.words import trouble
from adapters.keeping import check_window
from adapters.push.address import PushTo
from adapters.rest import RestSession, Tokens
from adapters.web import Web
from entrevue.values import CalendarEvent, InterviewId, PersonId, ZoneName

_AT_ONCE: Final = 3
"""Requests to one mailbox. Graph takes four of an app, and we are not alone: there may be a second worker."""
_ROOMS: Final = "teams"
"""Who is told of, in trouble with the mailbox that makes rooms."""


def _system_clock() -> datetime:
    """Only what Microsoft's clock judges depends on it: assertions, subscriptions, and the day of a delta query."""
    return datetime.now(UTC)  # noqa: TID251  # no call of the port says what time it is


class GraphAccount(Account):
    """A person's mailbox, by its user principal name or primary address. Events are in its default calendar.

    Nobody is named in an event here, so nothing depends on `email`.
    """


class GraphCalendars:
    """The calendars of all people that `accounts` knows; None is somebody without one.

    Each event of ours is a private appointment without attendees: whom it named, Microsoft would write to, and its
    owner, who is its organiser, cannot answer. So nobody is asked there. Properties of our own in it hold its UID and
    what we wrote last. By them an event is found, a repetition recognised, and a person's edit told from ours; none of
    this relies on transaction ids or preconditions, which are sent all the same.
    """

    def __init__(
        self,
        accounts: Callable[[PersonId], Awaitable[GraphAccount | None]],
        settings: GraphSettings,
        *,
        push: PushTo | None = None,
        within: timedelta = timedelta(seconds=20),
        clock: Callable[[], datetime] = _system_clock,
    ) -> None:
        """`within` bounds each call, waiting for one's turn included; it must be shorter than an activity's time."""
        self._accounts = accounts
        self._settings = settings
        self._push = push
        self._within = within
        self._clock = clock
        self._web = Web(_AT_ONCE)
        self._tokens = Tokens(GraphTokens(settings, self._web, clock).make)
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()
        self._schedules = Schedules(self._mailbox, within)

    async def aclose(self) -> None:
        await self._schedules.aclose()
        await self._web.aclose()

    # --- the port

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        check_window(start, end)
        async with in_time(person, self._within):
            account = await known(person, self._accounts)
            if account.busy_only:
                return await self._schedules.busy(person, account.address, start, end)
            return await self._mailbox(person, account.address, account.zone).busy(start, end)

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        async with self.reach(person) as mailbox, self._turn(mailbox, event.uid) as place:
            return await keeping.ensure(place, event, interview, etag)

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        async with self.reach(person) as mailbox, self._turn(mailbox, uid) as place:
            return await keeping.remove(place, sequence, etag)

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        async with self.reach(person) as mailbox, self._turn(mailbox, uid) as place:
            return await keeping.read(place)

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        check_window(start, end)
        if not await is_written(person, self._accounts):
            return ()
        async with self.reach(person) as mailbox:
            return await mailbox.ours(start, end)

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        if not await is_written(person, self._accounts):
            return Changes(cursor=None)
        async with self.reach(person) as mailbox:
            return await changes(mailbox, cursor, uids, self._clock(), self._within / 2)

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        if self._push is None or not await is_written(person, self._accounts):
            return None
        async with self.reach(person) as mailbox:
            return await subscriptions.listen(mailbox, self._push, held, self._clock())

    async def hang_up(self, person: PersonId, held: str) -> None:
        async with in_time(person, self._within):
            account = await self._accounts(person)
            if account is not None:
                await subscriptions.hang_up(self._mailbox(person, account.address), held)

    # --- rooms

    async def room(self, interview: InterviewId, at: datetime) -> str:
        """Give the interview's own Teams meeting: its link, the same each time."""
        address = self._settings.teams_mailbox
        if address is None:
            raise CalendarRefused(
                _ROOMS, "name the mailbox whose Teams meetings they are (ENTREVUE_GRAPH__TEAMS_MAILBOX)"
            )
        async with in_time(_ROOMS, self._within):
            mailbox = self._mailbox(_ROOMS, address)
            async with self._turn(mailbox, interview):
                return await meeting(mailbox, interview, at)

    # --- connections

    @asynccontextmanager
    async def reach(self, person: PersonId) -> AsyncIterator[Mailbox]:
        """Give a person's calendar, for as long as a call may take."""
        async with in_time(person, self._within):
            account = await written(person, self._accounts)
            yield self._mailbox(person, account.address, account.zone)

    @asynccontextmanager
    async def _turn(self, mailbox: Mailbox, uid: str) -> AsyncIterator[Place]:
        """Wait for whoever is at the same event: Graph answers a repeated creation as it does the first."""
        key = mailbox.address.lower(), uid
        turn = self._turns.setdefault(key, asyncio.Lock())
        async with turn:
            yield Place(mailbox, uid)

    def _mailbox(self, person: PersonId, address: str, zone: ZoneName = "UTC") -> Mailbox:
        session = RestSession(
            person=person,
            web=self._web,
            tokens=self._tokens,
            subject=self._settings.client_id,
            base=self._settings.url,
            lane=f"graph:{address.lower()}",
            trouble=trouble,
        )
        return Mailbox(session, address, ZoneInfo(zone))
