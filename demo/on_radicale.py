"""Somebody's own calendar on the CalDAV server, as they use it themselves."""

import re
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import escape

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # it ships no types
from defusedxml import ElementTree  # type: ignore[import-untyped]  # it ships no types

from demo.calendar_server import CalendarServer
from demo.diaries import Held
from entrevue.values import EmailAddress, PersonId

_DAV, _CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_FIRST_LEVEL = {"Depth": "1", "Content-Type": "application/xml; charset=utf-8"}
_BY_UID = """\
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT"><C:prop-filter name="UID">
<C:text-match collation="i;octet">{uid}</C:text-match>
</C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>
"""

_OURS = re.compile(r".+\.p[0-9]+")
"""The UIDs of the panel's events."""


@dataclass(frozen=True)
class RadicaleDiary:
    """Fulfils `Diary`."""

    server: CalendarServer
    person: PersonId
    email: EmailAddress

    @property
    def calendar(self) -> str:
        return self.server.url(self.person)

    async def fill(self, ics: str) -> None:
        await self.server.fill(self.person, ics)

    async def in_the_way(self, start: datetime, end: datetime) -> list[str]:
        return in_the_way(await self.everything(), self.email, start, end)

    async def interviews(self) -> list[Held]:
        return [_held(event) for event in (await self.everything()).events if _OURS.fullmatch(str(event["UID"]))]

    async def everything(self) -> icalendar.Calendar:
        """Fetch the whole calendar."""
        async with self.server.as_person(self.person) as owner:
            answer = await owner.get("")
            answer.raise_for_status()
            return icalendar.Calendar.from_ical(answer.content)

    async def move(self, uid: str, start: datetime) -> None:
        """As programs do: over the version that was read."""
        async with self.server.as_person(self.person) as owner:
            found = await owner.request("REPORT", "", headers=_FIRST_LEVEL, content=_BY_UID.format(uid=escape(uid)))
            found.raise_for_status()
            (event,) = ElementTree.fromstring(found.content).iter(f"{_DAV}response")
            calendar = icalendar.Calendar.from_ical(event.findtext(f".//{_CALDAV}calendar-data", ""))
            (there,) = calendar.events
            there.end = start + (there.end - there.start)
            there.start = start
            put = await owner.put(
                owner.base_url.join(event.findtext(f"{_DAV}href", "")),
                content=calendar.to_ical(),
                headers={"Content-Type": "text/calendar", "If-Match": event.findtext(f".//{_DAV}getetag", "")},
            )
            put.raise_for_status()


def _held(event: icalendar.Event) -> Held:
    start, end = event.start, event.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        raise TypeError("an interview that lasts all day")
    return Held(str(event["UID"]), event.sequence, start, end, str(event["SUMMARY"]))


def in_the_way(calendar: icalendar.Calendar, owner: EmailAddress, start: datetime, end: datetime) -> list[str]:
    """Give the titles of what keeps the owner busy between two instants of their own zone."""
    occurrences = recurring_ical_events.of(calendar).between(start, end)
    return [str(event["SUMMARY"]) for event in occurrences if not leaves_free(event, owner)]


def leaves_free(event: icalendar.Event, owner: EmailAddress) -> bool:
    """Say whether an event takes none of its owner's time."""
    guests = event.get("ATTENDEE", [])
    declined = [
        str(guest)
        for guest in (guests if isinstance(guests, list) else [guests])
        if guest.params.get("PARTSTAT") == "DECLINED"
    ]
    return event.get("TRANSP") == "TRANSPARENT" or event.get("STATUS") == "CANCELLED" or f"mailto:{owner}" in declined
