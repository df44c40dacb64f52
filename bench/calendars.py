"""Read busy times out of calendar objects: as they come in for the first time, and as they are known."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from adapters.ical.busy import ParseCache, busy_times
from adapters.ical.objects import Owner

OBJECTS, DAYS = 1600, 28
"""Eight people with 200 objects each."""

_START = datetime(2026, 12, 1, tzinfo=UTC)
_OWNER = Owner(ZoneInfo("Europe/Berlin"), "grace@acme.example")
_RULES = """\
BEGIN:VTIMEZONE
TZID:{zone}
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
TZNAME:CEST
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
TZNAME:CET
END:STANDARD
END:VTIMEZONE
"""
_OBJECT = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//somebody//EN
{rules}BEGIN:VEVENT
UID:{number}@example.org
DTSTAMP:20260101T000000Z
CREATED:20260101T000000Z
LAST-MODIFIED:20260101T000000Z
DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}
DTEND;TZID={zone}:{end:%Y%m%dT%H%M%S}
{repeats}SUMMARY:Weekly of team {number}
DESCRIPTION:Agenda\\n- what we did\\n- what comes next\\n- what is in the way
LOCATION:Room {number}
ORGANIZER;CN=Ada:mailto:ada@example.org
ATTENDEE;CN=Grace;PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:grace@acme.example
ATTENDEE;CN=Linus;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:linus@acme.example
BEGIN:VALARM
ACTION:DISPLAY
DESCRIPTION:Reminder
TRIGGER:-PT15M
END:VALARM
END:VEVENT
END:VCALENDAR
"""
_REPEATS = ("", "", "", "", "", "", "", "RRULE:FREQ=WEEKLY\n", "RRULE:FREQ=DAILY;COUNT=200\n", "RRULE:FREQ=MONTHLY\n")
"""Three in ten repeat."""

Figures = list[tuple[str, float, float]]


def figures(milliseconds: Callable[[Callable[[], object], int], float]) -> Figures:
    """Give name, value and goal, in milliseconds; `milliseconds` measures."""
    objects, cache = _objects(Random(7)), ParseCache()  # noqa: S311 - data for a measurement
    end = _START + timedelta(days=DAYS)
    known = busy_times(objects, _START, end, _OWNER, cache)
    if known != busy_times(objects, _START, end, _OWNER, cache) or known.doubts:
        raise AssertionError("what is known says something else")
    name = f"parse and expand {OBJECTS} objects, {DAYS} days"
    return [
        (f"{name}, cold", milliseconds(lambda: busy_times(objects, _START, end, _OWNER, ParseCache()), 3), 4000),
        (f"{name}, warm", milliseconds(lambda: busy_times(objects, _START, end, _OWNER, cache), 5), 150),
    ]


def _objects(chance: Random) -> list[str]:
    """Write them as programs do: with rules of a zone of which half are nobody's but theirs."""
    return [_object(number, chance) for number in range(OBJECTS)]


def _object(number: int, chance: Random) -> str:
    start = datetime(2026, 10, 1, tzinfo=UTC) + chance.randrange(100 * 24 * 4) * timedelta(minutes=15)
    zone = chance.choice(("Europe/Berlin", "W. Europe Standard Time", "Customized Time Zone", "Customized Time Zone"))
    text = _OBJECT.format(
        number=number,
        zone=zone,
        rules=_RULES.format(zone=zone),
        start=start,
        end=start + timedelta(minutes=chance.choice((15, 30, 60))),
        repeats=chance.choice(_REPEATS),
    )
    return text.replace("\n", "\r\n")
