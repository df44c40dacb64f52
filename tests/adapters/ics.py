"""Calendar objects as strangers' programs write them, and reading them as their owner's busy times."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from adapters.ical.busy import Reading, busy_times
from adapters.ical.objects import Owner

BERLIN = Owner(ZoneInfo("Europe/Berlin"), "grace@acme.example")


def at(text: str) -> datetime:
    """Read `2026-12-01 09:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(*objects: str, day: str = "2026-12-01", days: int = 1, owner: Owner = BERLIN) -> Reading:
    start = at(day)
    return busy_times(objects, start, start + timedelta(days=days), owner)


def spans(reading: Reading) -> list[str]:
    return [f"{one.start:%m-%d %H:%M}-{one.end:%H:%M}" for one in reading.busy]


def an_object(*events: str, zones: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\nUID:u1\nDTSTAMP:20260101T000000Z\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//somebody//EN\n{zones}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


def a_zone(name: str, hours: int) -> str:
    offset = f"{hours:+03d}00"
    return (
        f"BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
    )


NINE_UTC = "DTSTART:20261201T090000Z\nDTEND:20261201T100000Z\n"
