"""Events as Outlook keeps them: what may be said of one, what it shows, and which times it takes.

Pages: resources/event, resources/patternedRecurrence, "resources/extended-properties-overview".
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from html import escape, unescape
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_camel

from tests.providers.graph_wire import Json, Preferences, Refused, When, stamp, wall, when, zone_info

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NEVER = "0001-01-01T00:00:00Z"
_PROPERTY = re.compile(r"(String) (\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}) (Name \S.*|Id 0x\w+)")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)


class Body(_Part):
    content_type: Literal["text", "html", "Text", "HTML"] = "html"
    content: str = ""


class Location(_Part):
    model_config = ConfigDict(extra="allow")

    display_name: str = ""


class Address(_Part):
    address: str
    name: str = ""


class Attendee(_Part):
    model_config = ConfigDict(extra="allow")

    email_address: Address
    type: str = "required"


class Pattern(_Part):
    model_config = ConfigDict(extra="allow")

    type: Literal["daily", "weekly", "absoluteMonthly"]
    interval: int = Field(ge=1)
    days_of_week: tuple[str, ...] = ()
    day_of_month: int = 0


class Range(_Part):
    model_config = ConfigDict(extra="allow")

    type: Literal["endDate", "noEnd", "numbered"]
    start_date: date
    end_date: date | None = None
    number_of_occurrences: int = 0


class Recurrence(_Part):
    pattern: Pattern
    range: Range


class Property(_Part):
    """resources/singleValueLegacyExtendedProperty."""

    id: str
    value: str


class Said(_Part):
    """What a program may say of an event. It may also say what only the server decides: that is passed over."""

    allow_new_time_proposals: bool = True
    attendees: tuple[Attendee, ...] = ()
    body: Body = Body()
    categories: tuple[str, ...] = ()
    end: When | None = None
    hide_attendees: bool = False
    i_cal_u_id: JsonValue = Field(None, alias="iCalUId")
    importance: Literal["low", "normal", "high"] = "normal"
    is_all_day: bool = False
    is_online_meeting: bool = False
    is_reminder_on: bool = True
    location: Location | None = None
    locations: tuple[Location, ...] = ()
    online_meeting_provider: str = "unknown"
    original_end_time_zone: JsonValue = None
    original_start_time_zone: JsonValue = None
    recurrence: Recurrence | None = None
    reminder_minutes_before_start: int = 15
    response_requested: bool = True
    response_status: JsonValue = None
    sensitivity: Literal["normal", "personal", "private", "confidential"] = "normal"
    show_as: Literal["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"] = "busy"
    single_value_extended_properties: tuple[Property, ...] = ()
    start: When | None = None
    subject: str | None = None
    transaction_id: str | None = None


@dataclass(frozen=True)
class Others:
    """What makes an event somebody else's meeting: it came by mail, and its owner is an attendee."""

    organizer: str
    response: Literal["notResponded", "accepted", "tentativelyAccepted", "declined"] = "notResponded"
    cancelled: bool = False


@dataclass
class Event:
    said: Said
    start: When
    end: When
    serial: int
    owner: str
    change: int
    created: datetime
    modified: datetime
    others: Others | None = None
    extended: dict[str, str] = field(default_factory=dict)
    """By id, in the form that `property_id` gives it."""
    skipped: set[date] = field(default_factory=set)
    """Occurrences that were deleted."""
    join_url: str | None = None

    @property
    def immutable_id(self) -> str:
        return _made("AAkALg", "immutable", self.owner, self.serial)

    @property
    def change_key(self) -> str:
        return base64.b64encode(sha256(f"{self.owner}/{self.serial}/{self.change}".encode()).digest()[:16]).decode()

    @property
    def etag(self) -> str:
        return f'W/"{self.change_key}"'

    @property
    def ical_uid(self) -> str:
        """It is the server's to give, and read-only (resources/event)."""
        return (
            "040000008200E00074C5B7101A82E008" + sha256(f"{self.owner}/{self.serial}".encode()).hexdigest()[:80].upper()
        )

    def id(self, *, immutable: bool, filed: int) -> str:
        """Give either of its ids; the one that is not immutable is another wherever it is filed anew."""
        return self.immutable_id if immutable else _made("AAMkAG", "filed", self.owner, self.serial, filed)


@dataclass(frozen=True)
class Occurrence:
    """An event at one time that it takes."""

    event: Event
    start: datetime
    end: datetime
    """Both in UTC."""
    day: date | None = None
    """Of a recurring event."""


def _made(prefix: str, *what: object) -> str:
    return (
        prefix + base64.urlsafe_b64encode(sha256("/".join(map(str, what)).encode()).digest() * 3).decode()[:110] + "AA="
    )


def occurrence_id(of: str, day: date | None) -> str:
    return of if day is None else f"{of[:-1]}{day:%Y%m%d}="


def property_id(text: str) -> str:
    """Give an extended property's id the form in which ids are compared: a GUID is the same in any case.

    A name is not ("api/singlevaluelegacyextendedproperty-get": filtering the string name is case-sensitive).
    """
    named = re.fullmatch(
        r"(String) (\{[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}) (Name \S.*|Id 0x\w+)", text
    )
    if named is None:
        raise Refused(400, "ErrorInvalidProperty", f"'{text}' is no id of a single-value extended property.")
    return f"{named[1]} {named[2].lower()} {named[3]}"


# --- when ------------------------------------------------------------------------------------------------------------


def occurrences(event: Event, zone: str, start: datetime, end: datetime) -> Iterator[Occurrence]:
    """Give the times of an event that overlap [start, end).

    `zone` is the mailbox's: an all-day event is midnight to midnight there.
    """
    first, last = times(event, zone)
    if event.said.recurrence is None:
        if first < end and (last > start or first == last >= start):
            yield Occurrence(event, first, last)
        return
    own = zone_info(zone if event.said.is_all_day else event.start.time_zone)
    for day in _days(event.said.recurrence, until=end.astimezone(own).date()):
        at = datetime.combine(day, event.start.wall.time(), own).astimezone(UTC)
        over = at + (event.end.wall - event.start.wall)
        if day not in event.skipped and at < end and over > start:
            yield Occurrence(event, at, over, day)


def times(event: Event, zone: str) -> tuple[datetime, datetime]:
    """Give an event's own start and end in UTC."""
    if not event.said.is_all_day:
        return event.start.instant, event.end.instant
    own = zone_info(zone)
    return event.start.wall.replace(tzinfo=own).astimezone(UTC), event.end.wall.replace(tzinfo=own).astimezone(UTC)


def _days(recurrence: Recurrence, until: date) -> Iterator[date]:
    """Give the days on which it recurs, up to `until` (resources/recurrencePattern, resources/recurrenceRange)."""
    pattern, span = recurrence.pattern, recurrence.range
    until = min(until, span.end_date or until)
    left = span.number_of_occurrences if span.type == "numbered" else None
    day = span.start_date
    monday = day - timedelta(days=day.weekday())
    while day <= until and left != 0:
        match pattern.type:
            case "daily":
                fits = (day - span.start_date).days % pattern.interval == 0
            case "weekly":
                fits = _DAYS[day.weekday()] in pattern.days_of_week
                fits = fits and ((day - monday).days // 7) % pattern.interval == 0
            case _:
                months = (day.year - span.start_date.year) * 12 + day.month - span.start_date.month
                fits = day.day == pattern.day_of_month and months % pattern.interval == 0
        if fits:
            left = left - 1 if left is not None else None
            yield day
        day += timedelta(days=1)


def checked_times(said: Said) -> tuple[When, When]:
    """Give both ends of an event, if they make sense."""
    if said.start is None or said.end is None:
        raise Refused(400, "ErrorPropertyValidationFailure", "The Start and End properties are required.")
    if said.end.instant < said.start.instant:
        raise Refused(400, "ErrorPropertyValidationFailure", "The Start property must be before the End property.")
    midnight = said.start.wall.time() == said.end.wall.time() == time(0)
    if said.is_all_day and not (midnight and said.start.time_zone == said.end.time_zone and said.start != said.end):
        message = "The Start and End properties of an all-day event need to be midnight, in the same time zone."
        raise Refused(400, "ErrorPropertyValidationFailure", message)
    return said.start, said.end


# --- what it shows ---------------------------------------------------------------------------------------------------


def shown(occurrence: Occurrence, prefer: Preferences, *, filed: int, floats: bool) -> Json:
    """Give everything that is there without asking for more; extended properties come only with $expand.

    `floats`: all-day events show midnight in whatever zone is asked for, as they were entered.
    """
    event, said = occurrence.event, occurrence.event.said
    master = event.id(immutable=prefer.immutable_ids, filed=filed)
    made = occurrence_id(master, occurrence.day)
    others = event.others
    floats = floats and said.is_all_day
    entered = event.start.wall
    if occurrence.day is not None:
        entered = datetime.combine(occurrence.day, entered.time())
    organizer = others.organizer if others is not None else event.owner
    response: Json = {"response": "organizer", "time": _NEVER}
    if others is not None:
        response = {"response": others.response, "time": stamp(event.modified)}
    return {
        "@odata.etag": event.etag,
        "id": made,
        "createdDateTime": stamp(event.created),
        "lastModifiedDateTime": stamp(event.modified),
        "changeKey": event.change_key,
        "categories": list(said.categories),
        "transactionId": said.transaction_id,
        "originalStartTimeZone": event.start.time_zone,
        "originalEndTimeZone": event.end.time_zone,
        "iCalUId": event.ical_uid + (f"{occurrence.day:%Y%m%d}" if occurrence.day else ""),
        "reminderMinutesBeforeStart": said.reminder_minutes_before_start,
        "isReminderOn": said.is_reminder_on,
        "hasAttachments": False,
        "subject": said.subject,
        "bodyPreview": _text(said.body)[:255],
        "importance": said.importance,
        "sensitivity": said.sensitivity,
        "isAllDay": said.is_all_day,
        "isCancelled": others is not None and others.cancelled,
        "isDraft": False,
        "isOrganizer": others is None,
        "responseRequested": said.response_requested,
        "seriesMasterId": master if occurrence.day else None,
        "showAs": said.show_as,
        "type": "occurrence" if occurrence.day else "seriesMaster" if said.recurrence else "singleInstance",
        "webLink": f"https://outlook.office365.com/owa/?itemid={made}&exvsurl=1&path=/calendar/item",
        "onlineMeetingUrl": None,
        "isOnlineMeeting": said.is_online_meeting,
        "onlineMeetingProvider": said.online_meeting_provider,
        "onlineMeeting": {"joinUrl": event.join_url} if event.join_url else None,
        "allowNewTimeProposals": said.allow_new_time_proposals,
        "hideAttendees": said.hide_attendees,
        "recurrence": said.recurrence.model_dump(mode="json", by_alias=True) if said.recurrence else None,
        "responseStatus": response,
        "body": _body(said.body, prefer.body_type),
        "start": _when(occurrence.start, entered, prefer, floats=floats),
        "end": _when(occurrence.end, entered + (event.end.wall - event.start.wall), prefer, floats=floats),
        "location": _location(said.location or Location()),
        "locations": [_location(one) for one in said.locations or ([said.location] if said.location else [])],
        "attendees": [_attendee(one) for one in said.attendees],
        "organizer": {"emailAddress": {"name": organizer.partition("@")[0].title(), "address": organizer}},
    }


SHOWN = frozenset(
    """createdDateTime lastModifiedDateTime changeKey categories transactionId originalStartTimeZone
    originalEndTimeZone iCalUId reminderMinutesBeforeStart isReminderOn hasAttachments subject bodyPreview importance
    sensitivity isAllDay isCancelled isDraft isOrganizer responseRequested seriesMasterId showAs type webLink
    onlineMeetingUrl isOnlineMeeting onlineMeetingProvider onlineMeeting allowNewTimeProposals hideAttendees recurrence
    responseStatus body start end location locations attendees organizer id""".split()  # noqa: SIM905 - shorter so
)
"""What `$select` may name."""


def _when(instant: datetime, entered: datetime, prefer: Preferences, *, floats: bool) -> Json:
    return wall(entered, prefer.zone) if floats else when(instant, prefer.zone)


def _location(location: Location) -> Json:
    name = location.display_name
    return {"displayName": name, "locationType": "default", "uniqueId": name, "uniqueIdType": "private"}


def _attendee(attendee: Attendee) -> Json:
    return {
        "type": attendee.type,
        "status": {"response": "none", "time": _NEVER},
        "emailAddress": {"name": attendee.email_address.name, "address": attendee.email_address.address},
    }


def _text(body: Body) -> str:
    if body.content_type.lower() == "text":
        return body.content
    return unescape(re.sub(r"<[^>]*>", "", body.content)).strip()


def _body(body: Body, kind: str) -> Json:
    """Give a body as HTML, whatever it was sent as, unless text is preferred (api/event-get)."""
    if kind == "text":
        return {"contentType": "text", "content": _text(body)}
    content = body.content
    if body.content_type.lower() == "text":
        content = escape(content).replace("\n", "<br>\r\n")
    return {"contentType": "html", "content": f"<html><head></head><body>\r\n{content}\r\n</body></html>"}
