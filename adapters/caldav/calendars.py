"""People's calendars over CalDAV (RFC 4791): what Entrevue asks of a calendar, as requests to a server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from httpx2 import codes
from pydantic import BaseModel, ConfigDict, Field, SecretStr

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
from adapters.accounts import in_time, known
from adapters.caldav.collection import UID_ELSEWHERE, Collection, unless_changed
from adapters.caldav.discovery import FoundCalendar, chosen, discover
from adapters.caldav.sync import changes
from adapters.caldav.webdav import Session
from adapters.ical.busy import ParseCache
from adapters.ical.events import Parties, event_text
from adapters.ical.objects import Owner
from adapters.keeping import Wrote, check_window
from adapters.web import ABSENT, Web, checked_address
from adapters.written import Found, Written
from entrevue.values import CalendarEvent, EmailAddress, InterviewId, PersonId, ZoneName

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
            ZoneInfo(self.zone)
        except (LookupError, OSError, ValueError):
            raise ValueError("the zone is no IANA time zone") from None
        checked_address(self.url, "the address of a calendar")

    @property
    def collection(self) -> str:
        return self.url.rstrip("/") + "/"

    @property
    def owner(self) -> Owner:
        return Owner(ZoneInfo(self.zone), self.email)


class CalDavSettings(BaseModel):
    """One service account that may read and write the calendars which the directory names."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    username: str = Field(min_length=1)
    password: SecretStr


class CalDav:
    """The calendars of all people that `accounts` knows; None is somebody without one here.

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
        self._web = Web(connections)
        self._cache = ParseCache()
        self._calendars: dict[CalendarAccount, FoundCalendar] = {}  # as many as the directory has people, about
        self._schedules: dict[str, bool] = {}

    async def aclose(self) -> None:
        await self._web.aclose()

    # --- the port

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        check_window(start, end)
        async with self.reach(person) as collection:
            reading = await collection.busy(start, end)
        if reading.doubts:
            _log.warning(
                "a calendar was read with doubts", kind="calendar_doubts", person=person, doubts=dict(reading.doubts)
            )
        return reading.busy

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        async with self.reach(person) as collection:
            return await keeping.ensure(self._place(collection, event.uid), event, interview, etag)

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        async with self.reach(person) as collection:
            return await keeping.remove(self._place(collection, uid), sequence, etag)

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        async with self.reach(person) as collection:
            return await keeping.read(self._place(collection, uid))

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        check_window(start, end)
        async with self.reach(person) as collection:
            return await collection.ours(start, end)

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        async with self.reach(person) as collection:
            return await changes(collection, cursor, uids)

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        """No standard way is known by which servers would call us."""
        del person, held
        return None

    async def hang_up(self, person: PersonId, held: str) -> None:
        pass

    # --- for whoever connects a server

    async def discover(self, person: PersonId) -> tuple[FoundCalendar, ...]:
        """List the calendars that the account's address may mean; they have addresses that are about the person."""
        async with self._login(person) as (account, session):
            return await discover(session, account.collection, account.email)

    def _place(self, collection: Collection, uid: str) -> "_Place":
        return _Place(collection, uid, self._organizer, self._organisation, self._schedules)

    # --- connections

    @asynccontextmanager
    async def reach(self, person: PersonId) -> AsyncIterator[Collection]:
        """Give the one that is meant, for as long as a call may take."""
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
        async with in_time(person, self._within):
            account = await known(person, self._accounts)
            yield account, Session(person, account.username, account.password, self._web)


@dataclass
class _Place:
    """Fulfils `adapters.keeping.Place`: the object that is named after the UID of an event."""

    collection: Collection
    uid: str
    organizer: Callable[[str], EmailAddress] | None
    organisation: str
    schedules: dict[str, bool]
    """Of each calendar whose server was asked: whether it sends invitations of its own accord."""
    inviting: bool = True

    @property
    def person(self) -> PersonId:
        return self.collection.session.person

    async def look(self, *, gone_matters: bool = False) -> Found | None:
        return await self.collection.look(self.uid, gone_matters=gone_matters)

    async def write(self, event: CalendarEvent, interview: InterviewId, found: Found | None) -> Wrote:
        parties = await self._parties(Written.of(event, interview), found) if self.inviting else None
        answer = await self.collection.put(self.uid, event_text(event, interview, parties), unless_changed(found))
        if codes.is_success(answer.status):
            return "written"
        if answer.status == codes.PRECONDITION_FAILED:
            return "changed"
        if any(word in answer.body for word in UID_ELSEWHERE):
            return "elsewhere"
        if answer.status == codes.FORBIDDEN and parties:
            self.inviting = False  # some let nobody but the owner touch answers; the time matters more
            return "changed"
        raise CalendarRefused(self.person, f"status {answer.status}")

    async def delete(self, found: Found) -> Literal["deleted", "absent", "changed"]:
        answer = await self.collection.delete(self.uid, unless_changed(found))
        if answer.status in ABSENT:
            return "absent"
        return "changed" if answer.status == codes.PRECONDITION_FAILED else "deleted"

    async def _parties(self, wanted: Written, found: Found | None) -> Parties | None:
        """Ask the owner whether they come, where we know who they are; at the time they have answered for, not again.

        An event without them has no ORGANIZER either: it would look like that of a stranger.
        """
        owner = self.collection.owner.email
        organizer = self.organizer(self.uid) if self.organizer else None
        if owner is None or organizer is None or organizer.lower() == owner.lower():
            return None
        stands = found.event if found else None
        stays = stands is not None and (stands.start, stands.end) == (wanted.start, wanted.end)
        url = self.collection.calendar.url
        if url not in self.schedules:
            self.schedules[url] = await self.collection.schedules()
        return Parties(
            organizer=organizer,
            organisation=self.organisation,
            owner=owner,
            answer=(stands.answer if stays and stands else None) or "needs_action",
            left_to_us=self.schedules[url],
        )
