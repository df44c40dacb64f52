"""iCalendar text of strangers, parsed so that one object can neither break nor bend what another says."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import chain
from threading import Lock
from typing import Final, Literal
from zoneinfo import ZoneInfo, available_timezones

import icalendar
from icalendar.prop import vDDDTypes
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from entrevue.values import EmailAddress, InterviewId

INTERVIEW: Final = "X-ENTREVUE-INTERVIEW"
"""Marks an event as ours, and says for which interview it is."""

_A_DAY = timedelta(days=1)
_LONGEST = 1_000_000
_TIMES = {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "RECURRENCE-ID"}

_parsing = Lock()
"""icalendar remembers time zones for the whole process, under names that anybody may choose."""


@dataclass(frozen=True)
class Owner:
    """Whose calendar it is: floating times and all-day events are in this zone, and an answer may be theirs."""

    zone: ZoneInfo
    email: EmailAddress | None = None


@contextmanager
def parsing() -> Iterator[None]:
    """Hold off everybody else who parses in this process, and forget the zones of whatever was read before."""
    with _parsing:
        tzp.use_zoneinfo()
        yield


# --- events ----------------------------------------------------------------------------------------------------------


def events_of(localised: str) -> list[icalendar.Event]:
    """Parse one object, whose zones `localise_tzids` has seen to. Raise whatever the libraries raise on nonsense."""
    if len(localised) > _LONGEST:
        raise ValueError("too long")
    # bytes, because icalendar takes a str without line breaks for the name of a file, and opens it
    events = icalendar.Calendar.from_ical(localised.encode()).events
    for event in events:
        if any(name is None or name in _TIMES for name, _ in event.errors):
            raise ValueError("a time is broken")  # icalendar would go on without it
    return events


def span(event: icalendar.Event, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Give start and end as instants; whole days and floating times are in this zone. The end may come first."""
    start = _time(event, "DTSTART")
    first = instant(start, zone)
    if "DTEND" in event:
        end = _time(event, "DTEND")
    elif "DURATION" not in event:
        end = start
    elif isinstance(start, datetime):
        length = _length(event)  # RFC 5545, 3.3.6: days go by the clock on the wall, hours by that in the pocket
        return first, instant(start + timedelta(days=length.days), zone) + timedelta(seconds=length.seconds)
    else:
        end = start + _length(event)
    if not isinstance(start, datetime) and end == start:
        end = start + _A_DAY
    return first, instant(end, zone)


def is_floating(event: icalendar.Event) -> bool:
    """Say whether it starts at a time of day without a zone, or with one that nobody knows."""
    start = _time(event, "DTSTART")
    return isinstance(start, datetime) and start.tzinfo is None


def instant(at: date, zone: ZoneInfo) -> datetime:
    """Give the moment of a date (its midnight), of a floating time, or of a time with a zone."""
    wall = at if isinstance(at, datetime) else datetime.combine(at, time())
    return (wall if wall.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC)


def _time(event: icalendar.Event, name: Literal["DTSTART", "DTEND"]) -> date:
    value = event[name]
    if not isinstance(value, vDDDTypes) or not isinstance(value.dt, date):
        raise TypeError(f"{name} is no time")
    return value.dt


def _length(event: icalendar.Event) -> timedelta:
    value = event["DURATION"]
    if not isinstance(value, vDDDTypes) or not isinstance(value.dt, timedelta):
        raise TypeError("DURATION is no length of time")
    return value.dt


def own_answer(event: icalendar.Event, owner: Owner) -> str | None:
    """Give the owner's PARTSTAT; None where the event does not name them.

    Apple's servers put an address of their own in place of `mailto:` and keep the mailbox in EMAIL.
    """
    if owner.email is None:
        return None
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        named = (str(attendee).lower().removeprefix("mailto:"), str(attendee.params.get("EMAIL", "")).lower())
        if owner.email.lower() in named:
            return str(attendee.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
    return None


def interview_of(event: icalendar.Event) -> InterviewId | None:
    interview = str(event.get(INTERVIEW, ""))
    return interview if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", interview) else None


# --- time zones ------------------------------------------------------------------------------------------------------

KNOWN_ZONES: Final = frozenset(available_timezones())
TZID_PARAMETER: Final = re.compile(r';TZID=("[^"]*"|[^;:]*)', re.IGNORECASE)
_DATE_LINE = re.compile(r"(?:DTSTART|DTEND|RECURRENCE-ID|EXDATE|RDATE)[;:]", re.IGNORECASE)


def localise_tzids(text: str) -> str:
    """Make the time zones that an object defines hold for this object only.

    A definition under a name that the IANA database or Microsoft's table knows is dropped: today's rules win, and
    nobody can redefine Berlin. Any other is renamed after its own content, so that two people's "Customized Time Zone"
    stay two. A name that is neither known nor defined stays, and is read as the owner's zone.
    """
    lines, definitions = _without_definitions(text)
    names = {_tzid(block): f"x-{sha256(''.join(block).encode()).hexdigest()[:32]}" for block in reversed(definitions)}
    names |= {name: known for name in names if (known := _known(name))}

    def renamed(match: re.Match[str]) -> str:
        name = match[1].strip('"')
        new = names.get(name) or _known(name)
        return f";TZID={new}" if new else match[0]

    body = [TZID_PARAMETER.sub(renamed, line, count=1) if _DATE_LINE.match(line) else line for line in lines]
    kept = chain.from_iterable(
        [f"TZID:{names[_tzid(block)]}" if _is_tzid(line) else line for line in block]
        for block in definitions
        if names[_tzid(block)].startswith("x-")
    )
    at = next((number for number, line in enumerate(body) if line.upper() == "BEGIN:VEVENT"), len(body))
    return "\r\n".join((*body[:at], *kept, *body[at:]))


def defines_zones(localised: str) -> bool:
    """Say whether an object brings rules of its own: a hostile one takes for ever to be worked out (`Steps`)."""
    return "\nBEGIN:VTIMEZONE" in localised.upper()


_RULES = re.compile(r"^(?:RRULE|EXRULE|RDATE)[:;].*$", re.IGNORECASE | re.MULTILINE)
_OF_A_YEAR = re.compile(
    r"RRULE:FREQ=YEARLY(?:;INTERVAL=1|;COUNT=\d{1,4}|;UNTIL=[\dTZ]{8,16}|;WKST=[A-Z]{2}"
    r"|;BYMONTH=(?:1[0-2]|0?[1-9])|;BYDAY=[+-]?[1-5]?[A-Z]{2})*\r?",
    re.IGNORECASE,
)
_OF_A_DAY = re.compile(
    r"RRULE:FREQ=(?:DAILY|WEEKLY|MONTHLY)(?:;INTERVAL=[1-9]\d?|;COUNT=\d{1,6}|;UNTIL=[\dTZ]{8,16}|;WKST=[A-Z]{2}"
    r"|;BYDAY=[A-Z]{2}(?:,[A-Z]{2}){0,6})*\r?",
    re.IGNORECASE,
)
_LONG_AGO = re.compile(r"^DTSTART[^:\n]*:(?!19[7-9]|20)", re.IGNORECASE | re.MULTILINE)


def is_tame(localised: str) -> bool:
    """Say whether all rules of an object are of the usual kinds, of which the next match is never far.

    Nearly all are; to count the steps of these would only double the work. A zone's must be yearly, for they may begin
    in 1601; an event's begin in 1970 or later.
    """
    zones, _, events = localised.upper().partition("\nBEGIN:VEVENT")
    usual = all(_OF_A_YEAR.fullmatch(rule) for rule in _RULES.findall(zones))
    return (
        usual
        and not _LONG_AGO.search(events)
        and all(_OF_A_YEAR.fullmatch(rule) or _OF_A_DAY.fullmatch(rule) for rule in _RULES.findall(events))
    )


def _without_definitions(text: str) -> tuple[list[str], list[list[str]]]:
    """Unfold the lines, and part the complete VTIMEZONE blocks from the rest."""
    lines: list[str] = []
    blocks: list[list[str]] = []
    block: list[str] | None = None
    for line in re.split(r"\r?\n", re.sub(r"\r?\n[ \t]", "", text)):
        upper = line.upper()
        if upper == "BEGIN:VTIMEZONE":
            lines += block or ()
            block = []
        (lines if block is None else block).append(line)
        if block is not None and upper == "END:VTIMEZONE":
            blocks.append(block)
            block = None
    return lines + (block or []), blocks


def _is_tzid(line: str) -> bool:
    return line[:5].upper() in ("TZID:", "TZID;")


def _tzid(block: list[str]) -> str:
    return next((line.partition(":")[2] for line in block if _is_tzid(line)), "")


def _known(name: str) -> str | None:
    """Give the IANA name of a zone: it may be one, be Microsoft's, or end with one (`/mozilla.org/…/Europe/Rome`)."""
    if name in KNOWN_ZONES:
        return name
    if name in WINDOWS_TO_OLSON:
        return WINDOWS_TO_OLSON[name]
    if name.startswith("/"):
        parts = name.rsplit("/", 3)  # no name has more; a hostile one has thousands
        return next((end for n in range(1, len(parts)) if (end := "/".join(parts[n:])) in KNOWN_ZONES), None)
    return None
