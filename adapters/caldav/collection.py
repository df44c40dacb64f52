"""One calendar on a CalDAV server (RFC 4791), and the requests that we make of it."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from httpx2 import codes

from activities.calendar import CalendarRefused, OurEvent
from adapters.caldav.discovery import FoundCalendar
from adapters.caldav.webdav import CALDAV, NAMESPACES, Depth, Multistatus, Session
from adapters.ical.busy import ParseCache, Reading, busy_times
from adapters.ical.events import our_events, stored_event
from adapters.ical.objects import Owner
from adapters.web import ABSENT, Answer
from adapters.written import Found

_SLACK = timedelta(hours=26)
"""Servers place all-day, floating and zoned events by rules of their own. So ask for more, and judge ourselves."""

_WITHIN = f"""<C:calendar-query {NAMESPACES}><D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{{start:%Y%m%dT%H%M%SZ}}" end="{{end:%Y%m%dT%H%M%SZ}}"/>
</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""
_HARDLY_ANYTHING = f"<D:propfind {NAMESPACES}><D:prop><D:resourcetype/></D:prop></D:propfind>"

UID_ELSEWHERE: Final = (b"no-uid-conflict", b"unique-scheduling-object-resource")
"""How servers say that the calendar has this UID under another name: somebody brought a copy in."""


@dataclass(frozen=True)
class Collection:
    session: Session
    calendar: FoundCalendar
    owner: Owner
    cache: ParseCache

    # --- everything within a window

    async def busy(self, start: datetime, end: datetime) -> Reading:
        texts = await self._texts(start, end)
        return await self.session.in_thread(busy_times, texts, start, end, self.owner, self.cache)

    async def ours(self, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        texts = await self._texts(start, end)
        return await self.session.in_thread(our_events, texts, start, end, self.owner.zone)

    async def _texts(self, start: datetime, end: datetime) -> list[str]:
        """Fetch whatever may touch [start, end); what does is judged here.

        Not even the search for our own events is left to the server: not every server can filter by an X- property.
        """
        query = _WITHIN.format(start=(start - _SLACK).astimezone(UTC), end=(end + _SLACK).astimezone(UTC))
        texts = []
        for resource in (await self.report(query)).resources:
            if text := resource.text(f"{CALDAV}calendar-data"):
                texts.append(text)
            elif not resource.absent:  # must not pass for free time
                raise CalendarRefused(self.session.person, "an answer that holds events back")
        return texts

    # --- one event of ours

    async def look(self, uid: str, *, gone_matters: bool = False) -> Found | None:
        """Fetch our object. Where its absence matters, make sure that it is not the calendar that is absent."""
        answer = await self.session.ask("GET", self.address(uid), expect={codes.OK, *ABSENT})
        if answer.status in ABSENT:
            if gone_matters:
                await self.propfind(_HARDLY_ANYTHING)
            return None
        if b"BEGIN:VCALENDAR" not in answer.body:
            raise CalendarRefused(self.session.person, "an answer that is no calendar")
        text = answer.body.decode(errors="replace")
        return Found(await self.session.in_thread(stored_event, text, uid, self.owner), answer.etag)

    async def put(self, uid: str, text: str, condition: dict[str, str]) -> Answer:
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        expect = {codes.OK, codes.CREATED, codes.NO_CONTENT, codes.FORBIDDEN, codes.CONFLICT, codes.PRECONDITION_FAILED}
        return await self.session.ask("PUT", self.address(uid), expect=expect, headers=headers, content=text)

    async def delete(self, uid: str, condition: dict[str, str]) -> Answer:
        expect = {codes.OK, codes.ACCEPTED, codes.NO_CONTENT, codes.PRECONDITION_FAILED, *ABSENT}
        return await self.session.ask("DELETE", self.address(uid), expect=expect, headers=condition)

    def address(self, uid: str) -> str:
        return self.calendar.url + name_of(uid)

    # --- the calendar itself

    async def report(self, query: str) -> Multistatus:
        return await self.session.ask_xml("REPORT", self.calendar.url, query, depth="1")

    async def propfind(self, query: str, *, depth: Depth = "0") -> Multistatus:
        return await self.session.ask_xml("PROPFIND", self.calendar.url, query, depth=depth)

    async def schedules(self) -> bool:
        """Ask whether the server sends invitations and answers of its own accord (RFC 6638, 2)."""
        expect = {codes.OK, codes.NO_CONTENT, codes.METHOD_NOT_ALLOWED, codes.NOT_IMPLEMENTED}
        answer = await self.session.ask("OPTIONS", self.calendar.url, expect=expect)
        return "calendar-auto-schedule" in answer.headers.get("DAV", "").lower()


def unless_changed(found: Found | None) -> dict[str, str]:
    """Give the condition of a write. It is a help, no promise: not every server heeds it."""
    if found is None:
        return {"If-None-Match": "*"}
    if found.etag is None or found.etag.startswith("W/"):
        return {}  # a weak etag never matches; we have only just looked, and look again afterwards
    return {"If-Match": found.etag}


def name_of(uid: str) -> str:
    """Name the object after its UID, in letters that every server quotes alike."""
    return base64.b32encode(sha256(uid.encode()).digest()).decode()[:40] + ".ics"
