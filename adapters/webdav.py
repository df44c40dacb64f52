"""WebDAV (RFC 4918) as one login: single requests, bounded in time and size. Nothing is repeated of its own accord."""

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Literal, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

import httpx2
from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]  # it ships no types
from httpx2 import codes
from pydantic import SecretStr

from activities.calendar import CalendarRefused, CalendarUnavailable
from entrevue.values import PersonId

_P = ParamSpec("_P")
_T = TypeVar("_T")

Method = Literal["OPTIONS", "GET", "PUT", "DELETE", "REPORT", "PROPFIND"]
Depth = Literal["0", "1"]

DAV: Final = "{DAV:}"
CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
XML: Final = '<?xml version="1.0" encoding="utf-8"?>'
NAMESPACES: Final = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'

Turns = Mapping[str, asyncio.Semaphore]
"""By server: those who wait for one wait for nobody else."""

ABSENT: Final = frozenset({codes.NOT_FOUND, codes.GONE})
_LATER = {codes.REQUEST_TIMEOUT, codes.LOCKED, codes.TOO_EARLY, codes.TOO_MANY_REQUESTS}

_TIMEOUT = httpx2.Timeout(connect=5, read=20, write=20, pool=None)  # our own turn is waited for before
_LARGEST = 20 * 1024 * 1024
_LONGEST_WAIT = timedelta(hours=1)
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they log every address, which tells whose calendar it is

_THREE_DIGITS = re.compile(r"[0-9]{3}")
_NO_XML = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D})
"""Bytes that XML forbids, and that pasted titles hold all the same."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]
    """By name in any case."""

    @property
    def etag(self) -> str | None:
        return self.headers.get("ETag")


@dataclass(frozen=True)
class Resource:
    """What a multistatus says about one resource."""

    href: str
    statuses: frozenset[int]
    """Its own and those of its properties."""
    properties: Mapping[str, Element]
    """Those that it has, by qualified name."""

    @property
    def name(self) -> str:
        """Its name within its collection."""
        return unquote(urlsplit(self.href).path).rstrip("/").rpartition("/")[2]

    @property
    def absent(self) -> bool:
        return not ABSENT.isdisjoint(self.statuses)

    def text(self, name: str) -> str | None:
        found = self.properties.get(name)
        return None if found is None else (found.text or "").strip() or None

    def hrefs(self, name: str) -> list[str]:
        """Give the addresses that a property holds, as they are written."""
        found = self.properties.get(name)
        return [] if found is None else [href.text.strip() for href in found.iter(f"{DAV}href") if href.text]


@dataclass(frozen=True)
class Multistatus:
    resources: tuple[Resource, ...]
    sync_token: str | None


class WebDav:
    """The connections of all logins, and the one thread in which their answers are read."""

    def __init__(self, connections: int) -> None:
        """So many connections to each server: one that keeps silent holds up nobody whose calendar is elsewhere."""
        self._turns: Turns = defaultdict(partial(asyncio.Semaphore, connections))
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="calendar-reader")
        self._client = httpx2.AsyncClient(
            timeout=_TIMEOUT,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=10 * connections),
            headers={"Accept-Encoding": "identity"},  # proxies that compress weaken etags
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one person's session is not another's
            follow_redirects=False,  # a password goes to the address that it was given for
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._client.aclose()
        self._reader.shutdown(wait=False)

    def login(self, person: PersonId, username: str, password: SecretStr) -> "Session":
        return Session(person, username, password, self._client, self._turns, self._reader)


@dataclass(frozen=True)
class Session:
    """One login, on behalf of one person, whom trouble is told about."""

    person: PersonId
    username: str
    password: SecretStr
    client: httpx2.AsyncClient
    turns: Turns
    reader: ThreadPoolExecutor

    async def ask(
        self,
        method: Method,
        url: str,
        *,
        expect: Collection[int],
        headers: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> Answer:
        """Send one request, once. A status that is not expected is trouble; no trouble tells an address or a secret."""
        auth = (self.username, self.password.get_secret_value())
        try:
            async with (
                self.turns[_server(url)],
                self.client.stream(method, url, auth=auth, headers=headers, content=content) as response,
            ):
                body = await self._bounded(response)
        except httpx2.RequestError as trouble:
            raise CalendarUnavailable(self.person, type(trouble).__name__) from None
        if response.status_code in expect:
            return Answer(response.status_code, body, response.headers)
        because = f"status {response.status_code}"
        if response.status_code in _LATER or codes.is_server_error(response.status_code):
            raise CalendarUnavailable(self.person, because, _retry_after(response.headers))
        raise CalendarRefused(self.person, because)

    async def ask_xml(
        self, method: Literal["REPORT", "PROPFIND"], url: str, content: str, *, depth: Depth
    ) -> Multistatus:
        headers = xml_headers(depth)
        return await self.read_xml(
            await self.ask(method, url, expect={codes.MULTI_STATUS}, headers=headers, content=XML + content)
        )

    async def read_xml(self, answer: Answer) -> Multistatus:
        try:
            return await self.in_thread(_multistatus, answer.body)
        except (ParseError, DefusedXmlException):
            raise CalendarUnavailable(self.person, "an answer that is no XML") from None

    async def in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Read texts beside the loop, one after the other: it is work for the processor, not waiting."""
        return await asyncio.get_running_loop().run_in_executor(self.reader, partial(work, *args, **kwargs))

    async def _bounded(self, response: httpx2.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise CalendarRefused(self.person, "an answer compressed unasked")  # a few bytes may unpack to gigabytes
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > _LARGEST:
                raise CalendarRefused(self.person, "an answer too large")
        return bytes(body)


def _server(url: str) -> str:
    return httpx2.URL(url).netloc.decode()


def xml_headers(depth: Depth) -> dict[str, str]:
    return {"Content-Type": "application/xml; charset=utf-8", "Depth": depth}


def _multistatus(body: bytes) -> Multistatus:
    root: Element = ElementTree.fromstring(body.translate(None, _NO_XML), forbid_dtd=True)
    token = (root.findtext(f"{DAV}sync-token") or "").strip()
    return Multistatus(tuple(_resource(one) for one in root.iterfind(f"{DAV}response")), token or None)


def _resource(response: Element) -> Resource:
    properties = {
        one.tag: one
        for propstat in response.iterfind(f"{DAV}propstat")
        if codes.is_success(_status(propstat.find(f"{DAV}status")))
        for one in propstat.iterfind(f"{DAV}prop/*")
    }
    statuses = frozenset(_status(one) for one in response.iter(f"{DAV}status"))
    return Resource((response.findtext(f"{DAV}href") or "").strip(), statuses, properties)


def _status(line: Element | None) -> int:
    """Read `HTTP/1.1 404 Not Found`. What says nothing is well."""
    words = (line.text or "").split() if line is not None else []
    return int(words[1]) if len(words) > 1 and _THREE_DIGITS.fullmatch(words[1]) else codes.OK


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
