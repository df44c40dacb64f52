"""Read a finished letter back, and hold it against the rules by which mail programs and calendars read it alike."""

import re
from email import message_from_bytes
from email.policy import default
from email.utils import getaddresses

from icalendar import Calendar

from activities.letters.event import Attachment
from activities.letters.malformed import MalformedLetter
from activities.letters.message import LONGEST_LINE

_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def read_back(raw: bytes, recipient: str, calendar: Attachment | None) -> None:
    """Raise `MalformedLetter` where a rule of interoperability is broken."""
    message = message_from_bytes(raw, policy=default)
    names = [name.lower() for name in message]
    _demand(len(names) == len(set(names)), "every header once")
    _demand([address for _, address in getaddresses([message["To"]])] == [recipient], "one recipient")
    _demand(not _BARE_LINE_END.search(raw), "lines end in CRLF")
    _demand(max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE, "lines of at most 998 octets")
    parts = [part for part in message.walk() if part.get_content_type() in {"text/calendar", "application/ics"}]
    if not calendar:
        _demand(not parts, "no calendar part")
        return
    _demand(len(parts) == 2, "the event once as an alternative, once as a file")  # noqa: PLR2004 - as it says
    for part in parts:
        _demand(part.get_payload(decode=True) == calendar.text.encode(), "the event alike in both places")
    _demand(parts[0].get_param("method") == calendar.method, "METHOD alike outside and inside")
    _read_event_back(calendar)


def _read_event_back(meant: Attachment) -> None:
    calendar = Calendar.from_ical(meant.text)
    events = calendar.walk("VEVENT")
    _demand(len(events) == 1 == len(calendar.subcomponents), "one VEVENT and nothing else")
    _demand(calendar["METHOD"] == meant.method, "METHOD alike outside and inside")
    _demand(events[0].decoded("DTEND") > events[0].decoded("DTSTART"), "DTEND after DTSTART")
    _demand(events[0]["ATTENDEE"] == meant.attendee, "the attendee is the recipient")
    _demand(events[0]["ORGANIZER"] == meant.organizer != meant.attendee, "the organizer is not the recipient")


def _demand(holds: object, rule: str) -> None:
    """Like assert, but also under `python -O`."""
    if not holds:
        raise MalformedLetter(rule)
