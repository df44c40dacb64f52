"""WebDAV (RFC 4918) as one login."""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal, ParamSpec, TypeVar
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree  # type: ignore[import-untyped]  # it ships no types
from httpx2 import codes
from pydantic import SecretStr

from activities.calendar import CalendarUnavailable
from adapters.web import ABSENT, Answer, Web, expected
from entrevue.values import PersonId

_P = ParamSpec("_P")
_T = TypeVar("_T")

Method = Literal["OPTIONS", "GET", "PUT", "DELETE", "REPORT", "PROPFIND"]
Depth = Literal["0", "1"]

DAV: Final = "{DAV:}"
CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
XML: Final = '<?xml version="1.0" encoding="utf-8"?>'
NAMESPACES: Final = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'

_THREE_DIGITS = re.compile(r"[0-9]{3}")
_NO_XML = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0D})
"""Bytes that XML forbids, and that pasted titles hold all the same."""


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


@dataclass(frozen=True)
class Session:
    """One login, on behalf of one person, whom trouble is told about."""

    person: PersonId
    username: str
    password: SecretStr
    web: Web

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
        answer = await self.web.ask(self.person, method, url, auth=auth, headers=headers, content=content)
        return expected(self.person, answer, expect)

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
        return await self.web.in_thread(work, *args, **kwargs)


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
