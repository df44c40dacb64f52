"""Our own events: written as iCalendar text, and recognised again whatever a person or a server did to them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import icalendar

from activities.calendar import OurEvent, OwnerAnswer
from adapters.ical.objects import (
    INTERVIEW,
    Owner,
    defines_zones,
    events_of,
    interview_of,
    localise_tzids,
    own_answer,
    parsing,
    span,
)
from adapters.steps import STEPS_AN_OBJECT, Steps
from adapters.written import StoredEvent, Written, clean
from entrevue.values import CalendarEvent, EmailAddress, InterviewId

_T = TypeVar("_T")

_WRITTEN = "X-ENTREVUE-WRITTEN"

_ANSWERS: Final[dict[str, OwnerAnswer]] = {
    "ACCEPTED": "accepted",
    "TENTATIVE": "tentative",
    "DECLINED": "declined",
    "NEEDS-ACTION": "needs_action",  # and whatever else there may be: RFC 5545, 3.2.12
}
_PARTSTATS: Final = {answer: partstat for partstat, answer in _ANSWERS.items()}


@dataclass(frozen=True)
class Parties:
    """Whom an event names, so that its owner's program offers them to accept or to decline."""

    organizer: EmailAddress
    """Ours, made for this event; never the owner's, who would be asked nothing then."""
    organisation: str
    owner: EmailAddress
    answer: OwnerAnswer = "needs_action"
    left_to_us: bool = False
    """SCHEDULE-AGENT=CLIENT (RFC 6638, 7.1): a server that schedules shall mail nobody. We are the only inviter."""


def event_text(event: CalendarEvent, interview: InterviewId, parties: Parties | None = None) -> str:
    """Write one version of one event; the same version gives the same text, byte for byte.

    Times are UTC, which every program reads alike.
    """
    written = Written.of(event, interview)
    if not written.start < written.end:
        raise ValueError("an event must end after it starts")
    body = icalendar.Event()
    body.add("UID", _line(event.uid))
    body.add("SEQUENCE", event.sequence)
    body.add("DTSTAMP", event.stamp)
    body.add("DTSTART", written.start)
    body.add("DTEND", written.end)
    body.add("SUMMARY", _line(event.summary))
    if event.description:
        body.add("DESCRIPTION", clean(event.description))
    if event.location:
        body.add("LOCATION", _line(event.location))
    body.add("STATUS", "CANCELLED" if event.cancelled else "CONFIRMED")
    body.add("TRANSP", "OPAQUE")
    if parties is not None:
        body.add("ORGANIZER", _organizer(parties))
        body.add("ATTENDEE", _attendee(parties))
    body.add(INTERVIEW, _line(interview))
    body.add(_WRITTEN, str(written))
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//Entrevue//EN")
    calendar.add("VERSION", "2.0")
    calendar.add_component(body)
    text: str = calendar.to_ical().decode()
    return text


def _organizer(parties: Parties) -> icalendar.vCalAddress:
    address = icalendar.vCalAddress(f"mailto:{_line(parties.organizer)}")
    if name := _line(parties.organisation).replace('"', "'").strip():  # RFC 5545 has no way to write one
        address.params["CN"] = name
    if parties.left_to_us:
        address.params["SCHEDULE-AGENT"] = "CLIENT"
    return address


def _attendee(parties: Parties) -> icalendar.vCalAddress:
    address = icalendar.vCalAddress(f"mailto:{_line(parties.owner)}")
    address.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": _PARTSTATS[parties.answer]})
    if parties.answer == "needs_action":
        address.params["RSVP"] = "TRUE"
    if parties.left_to_us:
        address.params["SCHEDULE-AGENT"] = "CLIENT"
    return address


def stored_event(text: str, uid: str, owner: Owner) -> StoredEvent | None:
    """Read an event of ours back, as it stands. None where the text is broken, or holds another event."""
    with parsing():
        try:
            return _bounded(text, lambda localised: _stored(_master(localised), uid, owner))
        except Exception:  # noqa: BLE001  # a stranger's text can break the libraries in any way
            return None


def _stored(event: icalendar.Event, uid: str, owner: Owner) -> StoredEvent:
    start, end = span(event, owner.zone)
    partstat = own_answer(event, owner)
    return StoredEvent(
        start=start,
        end=end,
        summary=str(event.get("SUMMARY", "")),
        cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
        sequence=int(event.get("SEQUENCE", 0)),
        answer=None if partstat is None else _ANSWERS.get(partstat, "needs_action"),
        written=Written.parse(str(event.get(_WRITTEN, ""))) if str(event["UID"]) == uid else None,
    )


def our_events(objects: Iterable[str], start: datetime, end: datetime, zone: ZoneInfo) -> tuple[OurEvent, ...]:
    """Find those that we wrote and that start within [start, end), by start. What cannot be read is not ours."""
    ours = (_ours(text, zone) for text in objects if _WRITTEN in text)  # to parse everybody's would take for ever
    found = [event for event in ours if event is not None and start <= event.start < end]
    return tuple(sorted(found, key=lambda event: (event.start, event.uid)))


def _ours(text: str, zone: ZoneInfo) -> OurEvent | None:
    with parsing():
        try:
            return _bounded(text, lambda localised: _written_by_us(_master(localised), zone))
        except Exception:  # noqa: BLE001  # as above
            return None


def _written_by_us(event: icalendar.Event, zone: ZoneInfo) -> OurEvent | None:
    written, interview = Written.parse(str(event.get(_WRITTEN, ""))), interview_of(event)
    if written is None or interview is None:
        return None
    start, _ = span(event, zone)
    return OurEvent(uid=str(event["UID"]), interview=interview, sequence=written.sequence, start=start)


def _master(localised: str) -> icalendar.Event:
    return next(one for one in events_of(localised) if "RECURRENCE-ID" not in one)


def _bounded(text: str, read: Callable[[str], _T]) -> _T:
    """Read an object whose owner may have brought a zone of their own into it; raise `TooManySteps`."""
    localised = localise_tzids(text)
    if not defines_zones(localised):
        return read(localised)
    return Steps(STEPS_AN_OBJECT).spend(STEPS_AN_OBJECT, lambda: read(localised))


def _line(text: str) -> str:
    return clean(text).replace("\n", " ")
