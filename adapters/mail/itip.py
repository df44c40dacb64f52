"""Read iTIP answers (RFC 5546): the few properties that matter, line by line, so that nothing else can do harm.

No component is built: a hostile time zone or rule in an answer is never worked out.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from icalendar.parser import Contentline

from activities.letters import clean_line
from activities.mailbox import Answer
from adapters.ical.objects import KNOWN_ZONES, localise_tzids

_LONGEST, _LONGEST_LINE, _MOST_LINES = 256 * 1024, 2000, 1000
_MOST_SEQUENCE = 2**31
_WANTED = re.compile(
    r"(UID|SEQUENCE|DTSTAMP|DTSTART|ATTENDEE|ORGANIZER|COMMENT|METHOD|RECURRENCE-ID|BEGIN|END|TZID)[;:]", re.IGNORECASE
)
_STAMP = re.compile(r"\d{8}T\d{6}Z?")
_ANSWERS: Mapping[str, Literal["accepted", "tentative", "declined"]] = {
    "ACCEPTED": "accepted",
    "TENTATIVE": "tentative",
    "DECLINED": "declined",
}

Properties = Mapping[str, Sequence[tuple[Mapping[str, str], str]]]


class NoAnswer(Exception):
    """It says that it is an answer, and cannot be read as one."""


def read_answer(text: str, sender: str | None) -> tuple[str, Answer | None]:
    """Give METHOD, and what a REPLY or COUNTER answers. Raise `NoAnswer` where it is broken.

    The object's own METHOD counts, since some programs leave the MIME parameter out.
    """
    if len(text) > _LONGEST:
        raise NoAnswer("too long")
    unfolded = re.split(r"\r?\n", re.sub(r"\r?\n[ \t]", "", text))
    lines = [line for line in unfolded if len(line) <= _LONGEST_LINE and _WANTED.match(line)]
    if len(lines) > _MOST_LINES:
        raise NoAnswer("too many lines")
    try:
        method, event = _read(localise_tzids("\r\n".join(lines)))
        return method, _answer(method, event, sender) if method in ("REPLY", "COUNTER") else None
    except (ValueError, LookupError, OverflowError) as broken:
        raise NoAnswer(type(broken).__name__) from None


def _read(text: str) -> tuple[str, Properties]:
    """Give METHOD and the properties of the one VEVENT."""
    method, inside = "", list[str]()
    events: list[dict[str, list[tuple[Mapping[str, str], str]]]] = []
    for line in text.split("\r\n"):
        if not line:
            continue
        name, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]  # `__new__` alone has no types
        match name.upper():
            case "BEGIN":
                inside.append(value.upper())
                if inside == ["VCALENDAR", "VEVENT"]:
                    events.append(defaultdict(list))
            case "END":
                inside.pop()
            case "METHOD" if inside == ["VCALENDAR"]:
                method = value.strip().upper()
            case other if inside == ["VCALENDAR", "VEVENT"]:
                events[-1][other].append((parameters, value))
    if method in ("REPLY", "COUNTER") and (len(events) != 1 or "RECURRENCE-ID" in events[0]):
        raise ValueError("not one event")
    return method, events[0] if events else {}


def _answer(method: str, event: Properties, sender: str | None) -> Answer:
    sequence = int(event["SEQUENCE"][0][1]) if "SEQUENCE" in event else 0
    if not 0 <= sequence < _MOST_SEQUENCE:
        raise ValueError("no SEQUENCE")
    attendee, partstat = _attendee(event.get("ATTENDEE", ()), sender)
    counter = method == "COUNTER"
    return Answer(
        uid=event["UID"][0][1].strip(),
        sequence=sequence,
        stamp=_instant(event, "DTSTAMP"),
        attendee=attendee,
        organizer=_address(event["ORGANIZER"][0][1]) if "ORGANIZER" in event else None,
        answer=None if counter else _ANSWERS.get(partstat),
        start=_instant(event, "DTSTART") if counter else None,
        reason=clean_line(event["COMMENT"][0][1]) or None if "COMMENT" in event else None,
    )


def _attendee(attendees: Sequence[tuple[Mapping[str, str], str]], sender: str | None) -> tuple[str | None, str]:
    """Find who answers: an answer names one, but some programs name all who were invited."""
    all_of_them = [(_address(value), parameters.get("PARTSTAT", "").upper()) for parameters, value in attendees]
    match [one for one in all_of_them if one[0] == sender] or all_of_them:
        case [one]:
            return one
        case _:
            return None, ""


def _address(value: str) -> str:
    return value.strip().lower().removeprefix("mailto:")


def _instant(event: Properties, name: str) -> datetime | None:
    """Read a time with a zone that everybody reads alike; None where there is none: a date, a floating time."""
    for parameters, value in event.get(name, ())[:1]:
        zone = "UTC" if value.endswith("Z") else parameters.get("TZID", "")
        if _STAMP.fullmatch(value) and zone in KNOWN_ZONES:
            wall = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007  # zone: next line
            return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return None
