"""People's calendars over CalDAV (RFC 4791): a small client that repeats nothing on its own."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from hashlib import sha256
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import Literal, ParamSpec, TypeVar
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo

import httpx2
import structlog
from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]  # it ships no types
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
from adapters.ical import Owner, Reading, StoredEvent, Written, busy_times, event_text, our_events, stored_event
from entrevue.orders import CalendarEvent
from entrevue.values import EmailAddress, InterviewId, PersonId, ZoneName

_P = ParamSpec("_P")
_T = TypeVar("_T")

_TIMEOUT = httpx2.Timeout(connect=5, read=20, write=20, pool=None)  # our own turn is waited for before
_LARGEST = 20 * 1024 * 1024
_LONGEST_WINDOW = timedelta(days=400)
_SLACK = timedelta(hours=26)
"""Servers place all-day, floating and zoned events by rules of their own. So ask for more, and judge ourselves."""
_LONGEST_WAIT = timedelta(hours=1)
_ROUNDS = 4
"""How often a write starts anew because somebody else was faster."""

_ABSENT = {codes.NOT_FOUND, codes.GONE}
_LATER = {codes.REQUEST_TIMEOUT, codes.LOCKED, codes.TOO_EARLY, codes.TOO_MANY_REQUESTS}
_UID_ELSEWHERE = (b"no-uid-conflict", b"unique-scheduling-object-resource")
"""How servers say that the calendar has this UID under another name: somebody brought a copy in."""

_BUSY = """<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{start:%Y%m%dT%H%M%SZ}" end="{end:%Y%m%dT%H%M%SZ}"/>
</C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>
"""
_HARDLY_ANYTHING = (
    '<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/></prop></propfind>'
)
_XML = {"Content-Type": "application/xml; charset=utf-8"}
_NO_XML = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D})
"""Bytes that XML forbids, and that pasted titles hold all the same."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class CalendarAccount:
    """Where a person's calendar is: the address of the collection itself, and who may read and write it there."""

    url: str
    username: str
    password: SecretStr
    zone: ZoneName = "UTC"
    """The owner's: floating times and all-day events are in it."""
    email: EmailAddress | None = None
    """The owner's: it tells which invitations they declined."""

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


@dataclass(frozen=True)
class _Found:
    """What lies under the name of an event of ours."""

    event: StoredEvent | None
    """None: it cannot be read."""
    etag: str | None

    @property
    def written(self) -> Written | None:
        return self.event.written if self.event else None

    @property
    def moved(self) -> bool:
        return self.event is None or self.event.moved

    @property
    def edited(self) -> bool:
        return self.event is None or self.event.edited


@dataclass(frozen=True)
class _Answer:
    status: int
    body: bytes
    etag: str | None


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
        connections: int = 4,
        within: timedelta = timedelta(seconds=20),
    ) -> None:
        """`within` bounds each call, waiting for a connection included.

        It must be shorter than the time an activity has: an attempt given up for dead that creates an event all the
        same might do so after the event's removal.
        """
        self._accounts = accounts
        self._within = within
        self._turns = asyncio.Semaphore(connections)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="calendar-reader")
        self._client = httpx2.AsyncClient(
            timeout=_TIMEOUT,
            limits=httpx2.Limits(max_connections=connections),
            headers={"Accept-Encoding": "identity"},  # proxies that compress weaken etags
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one person's session is not another's
            follow_redirects=False,  # a password goes to the address that it was given for
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._client.aclose()
        self._reader.shutdown(wait=False)

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        _check_window(start, end)
        if await self._accounts(person) is None:
            return ()  # nothing but our own interviews is known to be in their way: the ledger's business
        async with self._reach(person) as collection:
            reading = await collection.events(start, end)
        if reading.doubts:
            _log.warning(
                "a calendar was read with doubts", kind="calendar_doubts", person=person, doubts=dict(reading.doubts)
            )
        return reading.busy

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        """Look; write under the condition that nothing has changed; look again."""
        wanted, text = Written.of(event, interview), event_text(event, interview)
        async with self._reach(person) as collection:
            for _ in range(_ROUNDS):
                found = await collection.look(event.uid, gone_matters=etag is not None)
                if settled := _settled(found, wanted, etag):
                    return settled
                answer = await collection.put(event.uid, text, found)
                if answer.status == codes.PRECONDITION_FAILED:
                    continue
                if not codes.is_success(answer.status):
                    if any(word in answer.body for word in _UID_ELSEWHERE):
                        return Ensured(outcome="edited_by_person")
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
                answer = await collection.delete(uid, found)
                if answer.status in _ABSENT:
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
        )

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        _check_window(start, end)
        if await self._accounts(person) is None:
            return ()
        async with self._reach(person) as collection:
            return await collection.ours(start, end)

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        del cursor
        if await self._accounts(person) is None:
            return Changes(cursor=None)
        return Changes(cursor=None, everything=True, touched=uids, others=True)

    @asynccontextmanager
    async def _reach(self, person: PersonId) -> AsyncIterator["_Collection"]:
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                account = await self._accounts(person)
                if account is None:
                    raise CalendarRefused(person, "there is none")
                yield _Collection(person, account, self._client, self._turns, self._reader)
        except TimeoutError:
            raise CalendarUnavailable(person, "no answer in time") from None


@dataclass(frozen=True)
class _Collection:
    """One person's calendar, and the requests we make of it."""

    person: PersonId
    account: CalendarAccount
    client: httpx2.AsyncClient
    turns: asyncio.Semaphore
    reader: ThreadPoolExecutor

    async def events(self, start: datetime, end: datetime) -> Reading:
        return await self._in_thread(busy_times, await self._objects(start, end), start, end, self.account.owner)

    async def ours(self, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        return await self._in_thread(our_events, await self._objects(start, end), start, end, self.account.owner.zone)

    async def _objects(self, start: datetime, end: datetime) -> list[str]:
        """Fetch whatever may touch [start, end); what does is judged here.

        Not even the search for our own events is left to the server: not every server can filter by an X- property.
        """
        query = _BUSY.format(start=(start - _SLACK).astimezone(UTC), end=(end + _SLACK).astimezone(UTC))
        answer = await self._ask("REPORT", expect={codes.MULTI_STATUS}, headers={**_XML, "Depth": "1"}, content=query)
        try:
            objects = await self._in_thread(_objects, answer.body)
        except (ParseError, DefusedXmlException):
            raise CalendarUnavailable(self.person, "an answer that is no XML") from None
        if objects is None:
            raise CalendarRefused(self.person, "an answer that holds events back")
        return objects

    async def look(self, uid: str, *, gone_matters: bool = False) -> _Found | None:
        """Fetch our object. Where its absence matters, make sure that it is not the calendar that is absent."""
        answer = await self._ask("GET", _name(uid), expect={codes.OK, *_ABSENT})
        if answer.status in _ABSENT:
            if gone_matters:
                headers = {**_XML, "Depth": "0"}
                await self._ask("PROPFIND", expect={codes.MULTI_STATUS}, headers=headers, content=_HARDLY_ANYTHING)
            return None
        if b"BEGIN:VCALENDAR" not in answer.body:
            raise CalendarRefused(self.person, "an answer that is no calendar")
        text = answer.body.decode(errors="replace")
        return _Found(await self._in_thread(stored_event, text, uid, self.account.owner.zone), answer.etag)

    async def put(self, uid: str, text: str, found: _Found | None) -> _Answer:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **_unless_changed(found)}
        expect = {codes.OK, codes.CREATED, codes.NO_CONTENT, codes.FORBIDDEN, codes.CONFLICT, codes.PRECONDITION_FAILED}
        return await self._ask("PUT", _name(uid), expect=expect, headers=headers, content=text)

    async def delete(self, uid: str, found: _Found) -> _Answer:
        expect = {codes.OK, codes.ACCEPTED, codes.NO_CONTENT, codes.PRECONDITION_FAILED, *_ABSENT}
        return await self._ask("DELETE", _name(uid), expect=expect, headers=_unless_changed(found))

    async def _ask(
        self,
        method: Literal["GET", "PUT", "DELETE", "REPORT", "PROPFIND"],
        name: str = "",
        *,
        expect: Collection[int],
        headers: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> _Answer:
        """Send one request, once. A status that is not expected is trouble; no trouble tells an address or a secret."""
        try:
            async with (
                self.turns,
                self.client.stream(
                    method,
                    self.account.collection + name,
                    auth=(self.account.username, self.account.password.get_secret_value()),
                    headers=headers,
                    content=content,
                ) as response,
            ):
                body = await _bounded(response, self.person)
        except httpx2.RequestError as trouble:
            raise CalendarUnavailable(self.person, type(trouble).__name__) from None
        if response.status_code in expect:
            return _Answer(response.status_code, body, response.headers.get("ETag"))
        because = f"status {response.status_code}"
        if response.status_code in _LATER or codes.is_server_error(response.status_code):
            raise CalendarUnavailable(self.person, because, _retry_after(response.headers))
        raise CalendarRefused(self.person, because)

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Read texts beside the loop, one after the other: it is work for the processor, not waiting."""
        return await asyncio.get_running_loop().run_in_executor(self.reader, partial(work, *args, **kwargs))


def _settled(found: _Found | None, wanted: Written, etag: str | None) -> Ensured | None:
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


def _unless_changed(found: _Found | None) -> dict[str, str]:
    if found is None:
        return {"If-None-Match": "*"}
    if found.etag is None or found.etag.startswith("W/"):
        return {}  # a weak etag never matches; we have only just looked, and look again afterwards
    return {"If-Match": found.etag}


def _name(uid: str) -> str:
    """Name the object after its UID, in letters that every server quotes alike."""
    return base64.b32encode(sha256(uid.encode()).digest()).decode()[:40] + ".ics"


async def _bounded(response: httpx2.Response, person: PersonId) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise CalendarRefused(person, "an answer compressed unasked")  # a few bytes may unpack to gigabytes
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LARGEST:
            raise CalendarRefused(person, "an answer too large")
    return bytes(body)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read Retry-After, in seconds or as a date, which the server's own clock in `Date` turns into a wait."""
    asked = headers.get("Retry-After", "")
    try:
        wait = (
            timedelta(seconds=int(asked))
            if asked.isdecimal()
            else parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
        )
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), _LONGEST_WAIT)


def _check_window(start: datetime, end: datetime) -> None:
    if not timedelta() < end - start <= _LONGEST_WINDOW:
        raise ValueError(f"a window is longer than nothing and at most {_LONGEST_WINDOW.days} days")


def _objects(body: bytes) -> list[str] | None:
    """Give the texts of all objects found; None where one is kept from us, which must not pass for free time."""
    multistatus: Element = ElementTree.fromstring(body.translate(None, _NO_XML), forbid_dtd=True)
    texts = []
    for response in multistatus.iterfind("{DAV:}response"):
        text = response.findtext(".//{urn:ietf:params:xml:ns:caldav}calendar-data")
        if text:
            texts.append(text)
        elif not any(f" {codes.NOT_FOUND} " in f"{status.text} " for status in response.iter("{DAV:}status")):
            return None
    return texts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
