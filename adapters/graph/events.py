"""Events as Microsoft Graph tells and takes them, and as we know them. Nothing here asks anybody."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from pydantic import JsonValue, TypeAdapter, ValidationError

from activities.calendar import Busy, OurEvent
from adapters.ical.objects import KNOWN_ZONES
from adapters.rest import Values
from adapters.written import Found, StoredEvent, Written, clean
from entrevue.values import CalendarEvent, InterviewId

_OUR_SET: Final = "{8d4f0a6c-52c7-4a2e-9a57-6b0c1b8f7e21}"
"""Of properties, among those of every program that ever wrote into a mailbox."""
UID: Final = f"String {_OUR_SET} Name EntrevueUid"
_INTERVIEW: Final = f"String {_OUR_SET} Name EntrevueInterview"
_WRITTEN: Final = f"String {_OUR_SET} Name EntrevueWritten"
_OURS: Final = f"String {_OUR_SET} Name EntrevueOurs"
_ALL: Final = (UID, _INTERVIEW, _WRITTEN)

_ANY_OF_OURS = " or ".join(f"id eq '{one}'" for one in _ALL)
WITH_PROPERTIES: Final = f"singleValueExtendedProperties($filter={_ANY_OF_OURS})"
ALL_OF_OURS: Final = f"singleValueExtendedProperties/Any(ep: ep/id eq '{_OURS}' and ep/value eq '1')"
TRANSACTION: Final = "entrevue-"
"""How the transaction ids of our events begin."""

_ID: Final = TypeAdapter[str](InterviewId)
_FREE: Final = {"free", "workingElsewhere"}
_FREE_IN_VIEW: Final = {"0", "4"}
_LONGEST_SUBJECT: Final = 255
_MIDNIGHT: Final = re.compile(r"T00:00(:00(\.0*)?)?Z?")


@dataclass(frozen=True)
class GraphFound(Found):
    """One event of ours, as it lies in a mailbox."""

    id: str = ""
    """Immutable, as we ask for it: it stays while the event stays in the mailbox."""


# --- what is there ---------------------------------------------------------------------------------------------------


def properties(item: Values) -> Mapping[str, str] | None:
    """Give those of ours, by id. None: the answer has left them out, or there are none."""
    said = item.get("singleValueExtendedProperties")
    if not isinstance(said, list):
        return None
    pairs = [(one.get("id"), one.get("value")) for one in said if isinstance(one, dict)]
    known = {one.casefold(): one for one in _ALL}  # ids come back in whatever case
    return {
        known[id_.casefold()]: value
        for id_, value in pairs
        if isinstance(id_, str) and isinstance(value, str) and id_.casefold() in known
    }


def read_event(item: Values, zone: ZoneInfo) -> GraphFound:
    """Read an event that was looked for by our properties."""
    ours = properties(item) or {}
    written = Written.parse(ours.get(_WRITTEN, ""))
    times = span(item, zone)
    event = None
    if times is not None:
        event = StoredEvent(
            start=times[0],
            end=times[1],
            summary=text(item, "subject"),
            cancelled=item.get("isCancelled") is True or (written is not None and written.cancelled),
            sequence=written.sequence if written else 0,
            answer=None,  # its owner is its organiser here, whom nobody asks
            written=written,
        )
    return GraphFound(event, etag(item), text(item, "iCalUId") or None, text(item, "id"))


def uid_of(item: Values) -> str | None:
    return (properties(item) or {}).get(UID)


def our_event(item: Values, zone: ZoneInfo) -> OurEvent | None:
    """None: it is not ours, or has no time."""
    ours, times = properties(item) or {}, span(item, zone)
    written = Written.parse(ours.get(_WRITTEN, ""))
    interview = _interview(ours)
    if times is None or written is None or not ours.get(UID) or interview is None:
        return None
    return OurEvent(uid=ours[UID], interview=interview, sequence=written.sequence, start=times[0])


def etag(item: Values) -> str:
    return text(item, "@odata.etag") or f'W/"{text(item, "changeKey")}"'


def text(item: Values, name: str) -> str:
    said = item.get(name)
    return said if isinstance(said, str) else ""


# --- when somebody is busy -------------------------------------------------------------------------------------------


def takes_time(item: Values) -> bool:
    answered = item.get("responseStatus")
    declined = isinstance(answered, dict) and answered.get("response") == "declined"
    return text(item, "showAs") not in _FREE and item.get("isCancelled") is not True and not declined


def busy(item: Values, zone: ZoneInfo) -> Busy | None:
    """None: nobody can tell when. An unknown kind of status is busy."""
    times = span(item, zone)
    if times is None:
        return None
    interview = _interview(properties(item) or {})
    return Busy(start=times[0], end=times[1], tentative=item.get("showAs") == "tentative", interview=interview)


def _interview(ours: Mapping[str, str]) -> InterviewId | None:
    """None: there is no id, or what an owner's program has made of it is none."""
    try:
        return _ID.validate_python(ours.get(_INTERVIEW))
    except ValidationError:
        return None


def scheduled(schedule: Values, start: datetime, interval: timedelta) -> list[Busy] | None:
    """Read one person's part of an answer of getSchedule. None: it cannot be read, so nobody is free.

    Where the single items are kept from us, the merged view says the same in slots of `interval` from `start` on.
    """
    items, view = schedule.get("scheduleItems"), text(schedule, "availabilityView")
    if not items and not view:
        return None
    taken: list[Busy] = []
    for item in items if isinstance(items, list) else ():
        if not isinstance(item, dict):
            return None
        times = span(item, ZoneInfo("UTC"))
        if times is None:
            return None
        status = text(item, "status").lower()
        if status not in {one.lower() for one in _FREE}:
            taken.append(Busy(start=times[0], end=times[1], tentative=status == "tentative"))
    if items:
        return taken
    slots = 0
    for digit, same in groupby(view):
        begin, slots = start + slots * interval, slots + len(list(same))
        if digit not in _FREE_IN_VIEW:
            taken.append(Busy(start=begin, end=start + slots * interval, tentative=digit == "1"))
    return taken


# --- times -----------------------------------------------------------------------------------------------------------


def span(item: Values, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Give start and end in UTC; None where they cannot be made out.

    A day of an all-day event is the owner's, whatever zone Graph names at its midnight.
    """
    start, end = item.get("start"), item.get("end")
    if item.get("isAllDay") is True and _is_midnight(start) and _is_midnight(end):
        times = _instant(start, zone), _instant(end, zone)
    else:
        times = _instant(start), _instant(end)
    if times[0] is None or times[1] is None or times[1] < times[0]:
        return None
    return times[0], times[1]


def _is_midnight(said: JsonValue) -> bool:
    return isinstance(said, dict) and bool(_MIDNIGHT.fullmatch(text(said, "dateTime")[10:]))


def _instant(said: JsonValue, zone: ZoneInfo | None = None) -> datetime | None:
    """Read a dateTimeTimeZone. We ask for UTC, and believe what the answer names; `zone` goes before both."""
    if not isinstance(said, dict):
        return None
    try:
        at = datetime.fromisoformat(text(said, "dateTime"))
        if zone is not None:
            at = at.replace(tzinfo=zone)
        elif at.tzinfo is None:
            at = at.replace(tzinfo=_zone(text(said, "timeZone")))
        return at.astimezone(UTC)
    except (LookupError, ValueError, OverflowError):
        return None


def _zone(name: str) -> ZoneInfo:
    """Raise LookupError where the name is neither of the IANA database nor Microsoft's."""
    if name in ("", "tzone://Microsoft/Utc"):
        return ZoneInfo("UTC")
    return ZoneInfo(name if name in KNOWN_ZONES else WINDOWS_TO_OLSON[name])


def moment(at: datetime) -> dict[str, JsonValue]:
    return {"dateTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}


# --- what we write ---------------------------------------------------------------------------------------------------


def body(event: CalendarEvent, interview: InterviewId) -> dict[str, JsonValue]:
    """Give all that an event of ours says. It names nobody: whom it named, Microsoft would write to."""
    wanted = Written.of(event, interview)
    said = {UID: event.uid, _INTERVIEW: interview, _WRITTEN: str(wanted), _OURS: "1"}
    return {
        "subject": clean(event.summary)[:_LONGEST_SUBJECT],
        "body": {"contentType": "text", "content": clean(event.description)},
        "start": moment(wanted.start),
        "end": moment(wanted.end),
        "isAllDay": False,
        "location": {"displayName": clean(event.location or "")[:_LONGEST_SUBJECT]},
        "showAs": "free" if event.cancelled else "busy",
        "sensitivity": "private",
        "singleValueExtendedProperties": [{"id": id_, "value": value} for id_, value in said.items()],
    }


def transaction(event: CalendarEvent, interview: InterviewId, attempt: int) -> str:
    """Give what makes repeated creations one.

    It holds the content: what is booked anew under the same UID is another event. `attempt` counts those that came to
    nothing: Graph may remember the transaction of an event that was deleted long ago.
    """
    said = f"{event.uid}\n{Written.of(event, interview)}\n{attempt}"
    return TRANSACTION + sha256(said.encode()).hexdigest()[:32]


def with_uid(uid: str) -> str:
    """Give the filter that finds an event of ours. Graph compares values in any case: look at what comes back."""
    quoted = uid.replace("'", "''")
    return f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and ep/value eq '{quoted}')"
