"""The event as calendars understand it: one iTIP object (RFC 5546) for one attendee."""

from dataclasses import dataclass
from urllib.parse import quote

from icalendar import Calendar, Event, vCalAddress, vUri

from activities.letters.cleaning import clean_line
from activities.letters.language import Words
from activities.letters.malformed import MalformedLetter
from activities.letters.settings import MailSettings, agent_address, thread_address
from activities.letters.writing import is_link
from entrevue.letters import CalendarNotice, Cancellation, Digest, Invitation, Letter
from entrevue.orders import SendLetter
from entrevue.values import CalendarEvent


@dataclass(frozen=True, kw_only=True)
class Attachment:
    method: str
    text: str
    attendee: str
    organizer: str


def attachment(order: SendLetter, letter: Letter | Digest, words: Words, settings: MailSettings) -> Attachment | None:
    """Write one VEVENT with times in UTC form, which need no VTIMEZONE and read alike in every client."""
    match letter:
        case Invitation(imip=True, event=event) | Cancellation(imip=True, event=event):
            cancelled = isinstance(letter, Cancellation)
        case CalendarNotice(event=CalendarEvent() as event):
            cancelled = True
        case _:
            return None
    if event.cancelled and not cancelled:
        raise MalformedLetter("an invitation to a cancelled event")
    organizer = vCalAddress(_mailto(_organizer(order, event, settings)))
    organizer.params["CN"] = _common_name(order.organisation)
    attendee = vCalAddress(_mailto(order.to.email))
    attendee.params.update({"CN": _common_name(order.to.name), "CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"})
    if not cancelled:
        attendee.params.update({"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"})

    method = "CANCEL" if cancelled else "REQUEST"
    calendar = Calendar()
    calendar.add("prodid", "-//Entrevue//Interviews//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(_entry(event, words, organizer, attendee, cancelled=cancelled))
    return Attachment(method=method, text=calendar.to_ical().decode(), attendee=str(attendee), organizer=str(organizer))


def _entry(
    event: CalendarEvent, words: Words, organizer: vCalAddress, attendee: vCalAddress, *, cancelled: bool
) -> Event:
    """Write what programs look for: no VALARM (they warn of it), the link where each of them looks for it."""
    entry = Event()
    entry.add("uid", event.ical_uid or event.uid)
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", event.stamp)
    entry.add("last-modified", event.stamp)
    entry.add("dtstart", event.slot.start)
    entry.add("dtend", event.slot.end)
    entry.add("summary", event.summary or words.event)
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("organizer", organizer)
    entry.add("attendee", attendee)
    if event.description:
        entry.add("description", event.description)
    if event.location:
        entry.add("location", event.location)
    if event.location and is_link(event.location):
        entry.add("url", event.location)
        if not cancelled:
            entry.add("conference", vUri(event.location), parameters={"VALUE": "URI"})  # RFC 7986, 5.11
    return entry


def _organizer(order: SendLetter, event: CalendarEvent, settings: MailSettings) -> str:
    """Under a UID that we did not make, an answer is traced back by the letter that began the reader's thread."""
    if event.ical_uid is None:
        return agent_address(event.uid, settings, order.to)
    return thread_address(order.thread or order.key, settings, order.to)


def _common_name(name: str) -> str:
    """A parameter has no escapes: a backslash would hide what follows it, and RFC 6868's ^' is shown as it stands."""
    return clean_line(name.replace("\\", "/"), 100).replace('"', "'")


def _mailto(address: str) -> str:
    return "mailto:" + quote(address, safe="@!$'*+~")  # RFC 6068, section 2
