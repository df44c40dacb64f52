"""From the address that somebody typed to the calendar that is meant (RFC 6764, RFC 4791, RFC 6638)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import httpx2
from httpx2 import codes

from activities.calendar import CalendarRefused
from adapters.caldav.webdav import CALDAV, DAV, NAMESPACES, Resource, Session
from adapters.web import ABSENT
from entrevue.values import EmailAddress

_ASKED: Final = f"""<D:propfind {NAMESPACES}><D:prop>
<D:resourcetype/><D:current-user-principal/><D:owner/><D:current-user-privilege-set/><D:supported-report-set/>
<C:calendar-home-set/><C:calendar-user-address-set/><C:schedule-inbox-URL/><C:supported-calendar-component-set/>
</D:prop></D:propfind>"""
_DEFAULT: Final = f"<D:propfind {NAMESPACES}><D:prop><C:schedule-default-calendar-URL/></D:prop></D:propfind>"

_NO_DAV = {codes.OK, codes.NO_CONTENT, codes.METHOD_NOT_ALLOWED, codes.NOT_IMPLEMENTED, *ABSENT}
_MOVED = {301, 302, 303, 307, 308}
_WRITES = {f"{DAV}{right}" for right in ("all", "write", "write-content", "bind")}
_MOST_HOMES = 3


@dataclass(frozen=True)
class FoundCalendar:
    """A collection of events, and what its server says about it."""

    url: str
    syncs: bool
    """Its server says what changed since a token (RFC 6578)."""
    writable: bool
    default: bool = False
    """Its owner has chosen it for what others send them."""


@dataclass(frozen=True)
class _Seen:
    url: str
    said: Resource


async def discover(session: Session, url: str, email: EmailAddress | None) -> tuple[FoundCalendar, ...]:
    """Find the calendars that an address may mean: itself, or those of a home, a principal, or the login's own.

    The login's own count only where it is the login of this owner: one service account for everybody would otherwise
    have one calendar for everybody. Nothing on another server is followed, since the password would go there.
    """
    here = await _look(session, await _context(session, url) if httpx2.URL(url).path == "/" else url)
    if _is_calendar(here):
        return (_found(here),)
    calendars = await _calendars(session, here)
    principals = here.said.hrefs(f"{DAV}current-user-principal")
    if calendars or not principals:
        return calendars
    principal = await _look(session, _to(session, here.url, principals[0]))
    if not _is_login_of(email, session.username, principal.said):
        raise CalendarRefused(session.person, "a login that is not its owner's: enter the address of the calendar")
    return await _calendars(session, principal)


def chosen(session: Session, found: Iterable[FoundCalendar]) -> FoundCalendar:
    """Choose the only one, or the only one that may be written, or that which its owner has chosen."""
    calendars = tuple(found)
    writable = [one for one in calendars if one.writable]
    for candidates in (calendars, writable, [one for one in writable if one.default]):
        if len(candidates) == 1:
            return candidates[0]
    if not calendars:
        raise CalendarRefused(session.person, "no calendar at that address: enter the address of the calendar")
    because = f"{len(calendars)} calendars at that address: enter the address of one of them"
    raise CalendarRefused(session.person, because)


async def _context(session: Session, root: str) -> str:
    """Ask a server's root where its calendars begin; it need not know."""
    well_known = str(httpx2.URL(root).join("/.well-known/caldav"))
    answer = await session.ask(
        "PROPFIND", well_known, expect={codes.MULTI_STATUS, *_MOVED, *_NO_DAV}, headers={"Depth": "0"}
    )
    if answer.status == codes.MULTI_STATUS:
        return well_known
    return _to(session, root, answer.headers.get("Location", "")) if answer.status in _MOVED else root


async def _look(session: Session, url: str) -> _Seen:
    answer = await session.ask_xml("PROPFIND", url, _ASKED, depth="0")
    if not answer.resources:
        raise CalendarRefused(session.person, "an answer about nothing")
    return _Seen(url, answer.resources[0])


async def _calendars(session: Session, here: _Seen) -> tuple[FoundCalendar, ...]:
    """List the calendars of a principal, or of a home."""
    homes = [_to(session, here.url, href) for href in here.said.hrefs(f"{CALDAV}calendar-home-set")[:_MOST_HOMES]]
    found: dict[str, FoundCalendar] = {}
    for home in homes or [here.url]:
        answer = await session.ask_xml("PROPFIND", home, _ASKED, depth="1")
        seen = (_Seen(_to(session, home, one.href), one) for one in answer.resources)
        found |= {one.url: _found(one) for one in seen if _is_calendar(one)}
    if len(found) > 1:
        for url in await _defaults(session, here):
            if url in found:
                found[url] = replace(found[url], default=True)
    return tuple(found.values())


async def _defaults(session: Session, here: _Seen) -> list[str]:
    """Say which calendar their owner has chosen: only servers that schedule know (RFC 6638, 9.2), and not all tell."""
    inbox, default = f"{CALDAV}schedule-inbox-URL", f"{CALDAV}schedule-default-calendar-URL"
    try:
        principal = here
        if not here.said.hrefs(inbox) and (owners := here.said.hrefs(f"{DAV}owner")):
            principal = await _look(session, _to(session, here.url, owners[0]))
        found = []
        for href in principal.said.hrefs(inbox)[:1]:
            answer = await session.ask_xml("PROPFIND", _to(session, principal.url, href), _DEFAULT, depth="0")
            found += [one for said in answer.resources for one in said.hrefs(default)]
        return [_to(session, principal.url, one) for one in found]
    except CalendarRefused:
        return []


def _to(session: Session, base: str, href: str) -> str:
    there, here = httpx2.URL(base).join(href), httpx2.URL(base)
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        raise CalendarRefused(session.person, "an address that leads to another server: enter that one")
    return str(there)


def _is_calendar(seen: _Seen) -> bool:
    """Tell a collection of events from one of tasks, and from what is no calendar at all."""
    types = seen.said.properties.get(f"{DAV}resourcetype")
    components = seen.said.properties.get(f"{CALDAV}supported-calendar-component-set")
    holds_events = components is None or any(one.get("name") == "VEVENT" for one in components)
    return types is not None and types.find(f"{CALDAV}calendar") is not None and holds_events


def _found(seen: _Seen) -> FoundCalendar:
    reports = seen.said.properties.get(f"{DAV}supported-report-set")
    rights = seen.said.properties.get(f"{DAV}current-user-privilege-set")
    return FoundCalendar(
        url=seen.url.rstrip("/") + "/",
        syncs=reports is not None and next(reports.iter(f"{DAV}sync-collection"), None) is not None,
        writable=rights is None or any(right.tag in _WRITES for right in rights.iter()),
    )


def _is_login_of(email: EmailAddress | None, username: str, principal: Resource) -> bool:
    if email is None:
        return False
    addresses = {one.lower().removeprefix("mailto:") for one in principal.hrefs(f"{CALDAV}calendar-user-address-set")}
    return email.lower() in addresses or username.lower() in (email.lower(), email.lower().partition("@")[0])
