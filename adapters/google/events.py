"""Events as Google's Calendar API has them (v3/reference/events), and what they mean to us."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from activities.calendar import Busy, OwnerAnswer
from adapters.google.times import stamp
from adapters.rest import Values
from adapters.written import StoredEvent, Written, clean
from entrevue.values import CalendarEvent, EmailAddress, InterviewId, PersonId

UID: Final = "entrevueUid"
_INTERVIEW: Final = "entrevueInterview"
_WRITTEN: Final = "entrevueWritten"
OF_OURS: Final = (
    "id,etag,status,summary,start,end,transparency,sequence,iCalUID,recurringEventId,"
    "attendees(self,responseStatus),extendedProperties/private"
)
"""What is read of an event that we wrote."""
OF_OTHERS: Final = (
    "id,status,start,end,transparency,eventType,recurringEventId,attendees(self,responseStatus),"
    "extendedProperties/private"
)
"""What is read of everything in a calendar: when, and nothing of what or with whom."""

_NAME_LENGTH: Final = 32
_LONGEST_TEXT: Final = 8000
"""Google keeps some 8,192 characters of a description."""

_ANSWERS: Final[Mapping[str, OwnerAnswer]] = {
    "accepted": "accepted",
    "declined": "declined",
    "tentative": "tentative",
    "needsAction": "needs_action",
}
_IN_GOOGLE: Final = {ours: theirs for theirs, ours in _ANSWERS.items()}
_TAKES_NO_TIME: Final = {"birthday", "workingLocation"}
"""Types of events that say something about a day."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class _When(_Part):
    day: date | None = Field(default=None, alias="date")
    date_time: datetime | None = Field(default=None, alias="dateTime")
    time_zone: str | None = Field(default=None, alias="timeZone")

    def instant(self, zone: ZoneInfo) -> datetime:
        """A day begins in its owner's zone; a time without an offset is in the zone that it names."""
        if self.date_time is not None:
            named = ZoneInfo(self.time_zone) if self.time_zone and self.date_time.tzinfo is None else zone
            aware = self.date_time if self.date_time.tzinfo else self.date_time.replace(tzinfo=named)
            return aware.astimezone(UTC).replace(microsecond=0)
        if self.day is None:
            raise ValueError("no time")
        return datetime.combine(self.day, time(), zone).astimezone(UTC)


class _Attendee(_Part):
    is_self: bool = Field(default=False, alias="self")
    response_status: str = Field(default="needsAction", alias="responseStatus")


class _Properties(_Part):
    private: Mapping[str, str] = Field(default_factory=dict)


class GoogleEvent(_Part):
    id: str
    status: str = "confirmed"
    etag: str | None = None
    summary: str = ""
    start: _When | None = None
    end: _When | None = None
    transparency: str = "opaque"
    event_type: str = Field(default="default", alias="eventType")
    sequence: int = 0
    ical_uid: str | None = Field(default=None, alias="iCalUID")
    recurring_event_id: str | None = Field(default=None, alias="recurringEventId")
    attendees: tuple[_Attendee, ...] = ()
    extended_properties: _Properties = Field(default=_Properties(), alias="extendedProperties")

    @property
    def deleted(self) -> bool:
        """Google knows no cancelled event that stays: one that is deleted stays with its id, and says that it is."""
        return self.status == "cancelled"

    @property
    def answer(self) -> str | None:
        """The owner's, as Google puts it; None where they are not asked."""
        return next((one.response_status for one in self.attendees if one.is_self), None)

    @property
    def written(self) -> Written | None:
        return Written.parse(self.extended_properties.private.get(_WRITTEN, ""))

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Raise ValueError where Google gives no times that can be read."""
        if self.start is None or self.end is None:
            raise ValueError("no time")
        try:
            start, end = self.start.instant(zone), self.end.instant(zone)
        except (LookupError, OSError, OverflowError):
            raise ValueError("no time") from None
        return min(start, end), max(start, end)


def parsed(item: JsonValue | Values) -> GoogleEvent | None:
    try:
        return GoogleEvent.model_validate(item)
    except ValidationError:
        return None


# --- whose it is -----------------------------------------------------------------------------------------------------


def name_of(person: PersonId, uid: str) -> str:
    """Give what the ids of an event's generations begin with: 32 of the letters that Google allows (`[a-v0-9]`).

    Of two people's events under one UID Google shall not think that they are one meeting.
    """
    digest = sha256(f"{person}|{uid}".encode()).digest()
    return base64.b32hexencode(digest).decode().lower()[:_NAME_LENGTH]


def id_of(person: PersonId, uid: str, generation: int) -> str:
    """An id that was used once is burnt, although the event be deleted: the next one has another."""
    return name_of(person, uid) + str(generation)


def generation_of(event_id: str, person: PersonId, uid: str) -> int | None:
    """None: this is no event that we wrote for them under this UID; a copy that they made bears our notes, too."""
    number = event_id.removeprefix(name_of(person, uid))
    return int(number) if number != event_id and number.isdecimal() and number.isascii() else None


def by_name(ids: Iterable[str], person: PersonId, uids: Sequence[str]) -> tuple[frozenset[str], bool]:
    """Say which of these UIDs some ids belong to, and whether there are others besides."""
    uid_of = {name_of(person, uid): uid for uid in uids}
    found, others = set(), False
    for one in ids:
        uid = uid_of.get(one[:_NAME_LENGTH])
        if uid is None:
            others = True
        else:
            found.add(uid)
    return frozenset(found), others


# --- what we write ---------------------------------------------------------------------------------------------------


def event_body(
    event: CalendarEvent,
    interview: InterviewId,
    *,
    asked: EmailAddress | None = None,
    answer: OwnerAnswer = "needs_action",
) -> dict[str, JsonValue]:
    """`asked`: the owner, where they are to say whether they come. A cancelled version takes no time."""
    written = Written.of(event, interview)
    body: dict[str, JsonValue] = {
        "summary": clean(event.summary),
        "description": _unmarked(event.description),
        "location": clean(event.location or ""),
        "start": {"dateTime": stamp(written.start), "timeZone": "UTC"},
        "end": {"dateTime": stamp(written.end), "timeZone": "UTC"},
        "status": "confirmed",
        "transparency": "transparent" if event.cancelled else "opaque",
        "visibility": "private",
        "extendedProperties": {"private": {UID: event.uid, _INTERVIEW: interview, _WRITTEN: str(written)}},
    }
    if asked is not None:
        body["attendees"] = [{"email": asked, "responseStatus": _IN_GOOGLE[answer]}]
    return body


def _unmarked(text: str) -> str:
    """Google takes a description for HTML: what a text says must not become a link, or an image, that nobody wrote."""
    return clean(text).replace("<", "(").replace(">", ")")[:_LONGEST_TEXT]


# --- what we read ----------------------------------------------------------------------------------------------------


def stored(event: GoogleEvent, person: PersonId, uid: str, zone: ZoneInfo) -> StoredEvent | None:
    """None: it cannot be read. That it takes no time, its owner may have set; only our own version is cancelled."""
    try:
        start, end = event.span(zone)
    except ValueError:
        return None
    ours = generation_of(event.id, person, uid) is not None and event.extended_properties.private.get(UID) == uid
    written = event.written if ours else None
    return StoredEvent(
        start=start,
        end=end,
        summary=event.summary,
        cancelled=written.cancelled if written else False,
        sequence=event.sequence,
        answer=_ANSWERS.get(event.answer, "needs_action") if event.answer is not None else None,
        written=written,
    )


def taken(event: GoogleEvent, person: PersonId, zone: ZoneInfo) -> Busy | None:
    """Say which time an event takes; None: none. Raise ValueError where that cannot be told."""
    if (
        event.deleted
        or event.transparency == "transparent"
        or event.event_type in _TAKES_NO_TIME
        or event.answer == "declined"
    ):
        return None
    start, end = event.span(zone)
    interview = interview_of(event, person, start)
    unsure = ("tentative",) if interview else ("tentative", "needsAction")  # we asked, and mean it
    if start == end:
        return None
    return Busy(
        start=start,
        end=end,
        tentative=event.status == "tentative" or event.answer in unsure,
        interview=interview,
    )


def interview_of(event: GoogleEvent, person: PersonId, start: datetime) -> InterviewId | None:
    """Say for which interview we wrote an event. What its owner repeats every week is ours at the time we wrote."""
    notes, written = event.extended_properties.private, event.written
    if written is None or generation_of(event.recurring_event_id or event.id, person, notes.get(UID, "")) is None:
        return None
    if event.recurring_event_id is not None and start != written.start:
        return None
    return notes.get(_INTERVIEW)
