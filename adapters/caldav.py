"""People's calendars over CalDAV (RFC 4791): what Entrevue asks of a calendar, as requests to a server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import httpx2
import structlog
from httpx2 import codes
from pydantic import SecretStr

from activities.calendar import (
    Busy,
    CalendarRefused,
    CalendarUnavailable,
    Changes,
    Ensured,
    EventState,
    OurEvent,
    Removed,
)
from adapters.caldav_collection import UID_ELSEWHERE, Collection, Found, unless_changed
from adapters.caldav_discovery import FoundCalendar, chosen, discover
from adapters.caldav_probe import Capabilities, probe
from adapters.caldav_sync import changes
from adapters.ical import Owner
from adapters.ical_busy import ParseCache
from adapters.ical_events import Parties, Written, event_text
from adapters.webdav import ABSENT, Session, WebDav
from entrevue.orders import CalendarEvent
from entrevue.values import EmailAddress, InterviewId, PersonId, ZoneName

_LONGEST_WINDOW = timedelta(days=400)
_ROUNDS = 4
"""How often a write starts anew because somebody else was faster."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class CalendarAccount:
    """Where a person's calendar is, and who may read and write it there.

    The address is that of the calendar itself; or one that leads to it, where only one can be meant.
    """

    url: str
    username: str
    password: SecretStr
    zone: ZoneName = "UTC"
    """The owner's: floating times and all-day events are in it."""
    email: EmailAddress | None = None
    """The owner's: it tells which invitations they declined, and lets us ask them whether they accept ours."""

    def __post_init__(self) -> None:
        try:
            url = httpx2.URL(self.url)
            ZoneInfo(self.zone)
        except (httpx2.InvalidURL, LookupError, OSError, ValueError):
            raise ValueError("the address is no URL, or the zone no IANA time zone") from None
        if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
            raise ValueError("a password goes out by https only, or by http to this very machine")
        if not url.host or url.userinfo or url.query or url.fragment:
            raise ValueError("the address of a calendar is https://host/path/ and no more")

    @property
    def collection(self) -> str:
        return self.url.rstrip("/") + "/"

    @property
    def owner(self) -> Owner:
        return Owner(ZoneInfo(self.zone), self.email)


class CalDav:
    """The calendars of all people that `accounts` knows; None is somebody without one.

    Each event of ours is one object, named after its UID, and keeps in a property of its own what we wrote last. So a
    repetition recognises its own work even where a server ignores preconditions, and a person's edit is told from ours
    without knowing the version before. This needs a server that keeps X- properties (RFC 4791, 5.3.3 demands it).
    """

    def __init__(
        self,
        accounts: Callable[[PersonId], Awaitable[CalendarAccount | None]],
        *,
        organizer: Callable[[str], EmailAddress] | None = None,
        organisation: str = "",
        connections: int = 4,
        within: timedelta = timedelta(seconds=20),
    ) -> None:
        """`organizer` gives our own address for an event, by its UID; without it nobody is asked to accept anything.

        `within` bounds each call, waiting for a connection included. It must be shorter than the time an activity has:
        an attempt given up for dead that creates an event all the same might do so after the event's removal.
        """
        self._accounts = accounts
        self._organizer = organizer
        self._organisation = organisation
        self._within = within
        self._webdav = WebDav(connections)
        self._cache = ParseCache()
        self._calendars: dict[CalendarAccount, FoundCalendar] = {}  # as many as the directory has people, about
        self._schedules: dict[str, bool] = {}

    async def aclose(self) -> None:
        await self._webdav.aclose()

    # --- the port

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        _check_window(start, end)
        if await self._accounts(person) is None:
            return ()  # nothing but our own interviews is known to be in their way: the ledger's business
        async with self._reach(person) as collection:
            reading = await collection.busy(start, end)
        if reading.doubts:
            _log.warning(
                "a calendar was read with doubts", kind="calendar_doubts", person=person, doubts=dict(reading.doubts)
            )
        return reading.busy

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        """Look; write under the condition that nothing has changed; look again."""
        wanted, inviting = Written.of(event, interview), True
        async with self._reach(person) as collection:
            for _ in range(_ROUNDS):
                found = await collection.look(event.uid, gone_matters=etag is not None)
                if settled := _settled(found, wanted, etag):
                    return settled
                parties = await self._parties(collection, event.uid, wanted, found) if inviting else None
                answer = await collection.put(event.uid, event_text(event, interview, parties), unless_changed(found))
                if answer.status == codes.PRECONDITION_FAILED:
                    continue
                if not codes.is_success(answer.status):
                    if any(word in answer.body for word in UID_ELSEWHERE):
                        return Ensured(outcome="edited_by_person")
                    if answer.status == codes.FORBIDDEN and parties:
                        inviting = False  # some let nobody but the owner touch answers; the time matters more
                        continue
                    raise CalendarRefused(person, f"status {answer.status}")
                after = await collection.look(event.uid)
                if after and after.written is None:
                    raise CalendarRefused(person, "a server that drops X- properties")
                if after and after.written == wanted and not after.edited:
                    return Ensured(outcome="updated" if found else "created", etag=after.etag)
        raise CalendarUnavailable(person, "an event that changes all the time")

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        async with self._reach(person) as collection:
            for _ in range(_ROUNDS):
                found = await collection.look(uid)
                if found is None or (found.written and found.written.sequence > sequence):
                    return Removed(outcome="already_gone")
                if found.moved and (etag is None or etag != found.etag):
                    return Removed(outcome="edited_by_person")
                answer = await collection.delete(uid, unless_changed(found))
                if answer.status in ABSENT:
                    return Removed(outcome="already_gone")
                if answer.status != codes.PRECONDITION_FAILED:
                    return Removed(outcome="removed")
        raise CalendarUnavailable(person, "an event that changes all the time")

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        async with self._reach(person) as collection:
            found = await collection.look(uid, gone_matters=True)
        if found is None:
            return None
        if found.event is None:
            raise CalendarRefused(person, "an event that cannot be read")
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

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        _check_window(start, end)
        if await self._accounts(person) is None:
            return ()
        async with self._reach(person) as collection:
            return await collection.ours(start, end)

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        if await self._accounts(person) is None:
            return Changes(cursor=None)
        async with self._reach(person) as collection:
            return await changes(collection, cursor, uids)

    # --- for whoever connects a server

    async def discover(self, person: PersonId) -> tuple[FoundCalendar, ...]:
        """List the calendars that the account's address may mean; they have addresses that are about the person."""
        async with self._login(person) as (account, session):
            return await discover(session, account.collection, account.email)

    async def probe(self, person: PersonId) -> Capabilities:
        """Try out what the server can, with an event of the year 2000 that is gone afterwards."""
        async with self._reach(person) as collection:
            return await probe(collection)

    # --- whom an event names

    async def _parties(self, collection: Collection, uid: str, wanted: Written, found: Found | None) -> Parties | None:
        """Ask the owner whether they come, where we know who they are; at the time they have answered for, not again.

        An event without them has no ORGANIZER either: it would look like that of a stranger.
        """
        owner = collection.owner.email
        organizer = self._organizer(uid) if self._organizer else None
        if owner is None or organizer is None or organizer.lower() == owner.lower():
            return None
        stands = found.event if found else None
        stays = stands is not None and (stands.start, stands.end) == (wanted.start, wanted.end)
        url = collection.calendar.url
        if url not in self._schedules:
            self._schedules[url] = await collection.schedules()
        return Parties(
            organizer=organizer,
            organisation=self._organisation,
            owner=owner,
            answer=(stands.answer if stays and stands else None) or "needs_action",
            left_to_us=self._schedules[url],
        )

    # --- connections

    @asynccontextmanager
    async def _reach(self, person: PersonId) -> AsyncIterator[Collection]:
        async with self._login(person) as (account, session):
            try:
                calendar = self._calendars.get(account)
                if calendar is None:
                    calendar = chosen(session, await discover(session, account.collection, account.email))
                    self._calendars[account] = calendar
                yield Collection(session, calendar, account.owner, self._cache)
            except CalendarRefused:
                self._calendars.pop(account, None)  # it may have been moved: ask anew next time
                raise

    @asynccontextmanager
    async def _login(self, person: PersonId) -> AsyncIterator[tuple[CalendarAccount, Session]]:
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                account = await self._accounts(person)
                if account is None:
                    raise CalendarRefused(person, "there is none")
                yield account, self._webdav.login(person, account.username, account.password)
        except TimeoutError:
            raise CalendarUnavailable(person, "no answer in time") from None


def _settled(found: Found | None, wanted: Written, etag: str | None) -> Ensured | None:
    """Judge what lies there by the table of `Calendar.ensure`; None means: write."""
    if found is None:
        return Ensured(outcome="gone") if etag is not None else None
    if found.written and found.written.sequence > wanted.sequence:
        return Ensured(outcome="superseded", etag=found.etag)
    if found.written == wanted and not found.edited:
        return Ensured(outcome="already_there", etag=found.etag)
    if found.edited and (etag is None or etag != found.etag):
        return Ensured(outcome="edited_by_person", etag=found.etag)
    return None


def _check_window(start: datetime, end: datetime) -> None:
    if not timedelta() < end - start <= _LONGEST_WINDOW:
        raise ValueError(f"a window is longer than nothing and at most {_LONGEST_WINDOW.days} days")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
