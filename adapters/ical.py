"""iCalendar text: read what strangers wrote, as busy times; write our own events, and recognise them again."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from itertools import chain
from threading import Lock
from types import FrameType
from typing import Literal, Self, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # annotated, but it ships no py.typed
from icalendar.prop import vDDDTypes
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from activities.calendar import Busy, OurEvent
from entrevue.orders import CalendarEvent
from entrevue.values import EmailAddress, InterviewId

_INTERVIEW = "X-ENTREVUE-INTERVIEW"
_WRITTEN = "X-ENTREVUE-WRITTEN"

_T = TypeVar("_T")

# --- reading: busy times ---------------------------------------------------------------------------------------------

Doubt = Literal["unreadable", "endless", "zone_assumed"]
"""What went wrong with an object: its text is broken; its repetitions are too many; its time zone is not known."""

_LONGEST = 1_000_000
_STEPS_AN_OBJECT, _STEPS_A_CALENDAR = 3_000_000, 40_000_000
"""Calls that working out repetitions may take: about one second, and about ten. Seven years of every hour fit."""
_SLACK = timedelta(hours=26)
"""How far an all-day or floating event may lie from where UTC would put it."""
_TIMES = {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "RECURRENCE-ID"}
_REPEATS = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_FREE_AT_MICROSOFT = {"FREE", "WORKINGELSEWHERE"}
_AN_HOUR, _A_DAY = timedelta(hours=1), timedelta(days=1)

_parsing = Lock()
"""icalendar remembers time zones for the whole process, under names that anybody may choose."""


@dataclass(frozen=True)
class Owner:
    """Whose calendar it is: floating times and all-day events are in this zone, and an answer may be theirs."""

    zone: ZoneInfo
    email: EmailAddress | None = None


@dataclass(frozen=True)
class Reading:
    busy: tuple[Busy, ...]
    """Ascending by start; stretches may overlap."""
    doubts: Counter[Doubt]
    """How many objects were read with a doubt. For each of them the person counts as busy rather than free."""


def busy_times(objects: Iterable[str], start: datetime, end: datetime, owner: Owner) -> Reading:
    """Say when the owner is busy within [start, end), from the texts of calendar objects, one a UID.

    One broken object hides no other, and is never taken for free: it counts by its DTSTART and DTEND, as far as these
    can be made out. Repetitions too many to be worked out count as one long stretch from the first on.
    """
    busy: set[Busy] = set()
    doubts: Counter[Doubt] = Counter()
    steps = _Steps(_STEPS_A_CALENDAR)
    with _parsing:
        tzp.use_zoneinfo()  # and forget the zones of whatever was read before
        for text in objects:
            localised = localise_tzids(text)
            try:
                found, doubt = _read(localised, start, end, owner, steps)
            except Exception:  # noqa: BLE001  # a stranger's text can break the libraries in any way
                found, doubt = list(_guess(localised, owner)), "unreadable"
            busy.update(one for one in found if one.start < end and start < one.end)
            if doubt:
                doubts[doubt] += 1
    return Reading(tuple(sorted(busy, key=lambda one: (one.start, one.end, one.tentative))), doubts)


def _read(text: str, start: datetime, end: datetime, owner: Owner, steps: "_Steps") -> tuple[list[Busy], Doubt | None]:
    events = _events(text)
    if not any(name in event for event in events for name in _REPEATS):
        return _taken(events, owner)
    try:
        return _taken(steps.spend(_STEPS_AN_OBJECT, lambda: _occurrences(events, start, end)), owner)
    except _TooManySteps:
        busy, _ = _taken(events, owner)
        return [one.model_copy(update={"end": max(one.end, end)}) for one in busy], "endless"


def _events(text: str) -> list[icalendar.Event]:
    if len(text) > _LONGEST:
        raise ValueError("too long")
    # bytes, because icalendar takes a str without line breaks for the name of a file, and opens it
    events = icalendar.Calendar.from_ical(text.encode()).events
    for event in events:
        if any(name is None or name in _TIMES for name, _ in event.errors):
            raise ValueError("a time is broken")  # icalendar would go on without it
    return events


def _occurrences(events: list[icalendar.Event], start: datetime, end: datetime) -> list[icalendar.Event]:
    series = icalendar.Calendar()
    for event in events:
        series.add_component(event)
    found: list[icalendar.Event] = recurring_ical_events.of(series).between(start - _SLACK, end + _SLACK)
    return found


def _taken(occurrences: Iterable[icalendar.Event], owner: Owner) -> tuple[list[Busy], Doubt | None]:
    busy: list[Busy] = []
    doubt: Doubt | None = None
    for event in occurrences:
        answer = _own_answer(event, owner)
        microsoft = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
        status = str(event.get("STATUS", "")).upper()
        if (
            status == "CANCELLED"
            or str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
            or microsoft in _FREE_AT_MICROSOFT
            or answer == "DECLINED"
        ):
            continue
        first, last = _span(event)
        if isinstance(first, datetime) and first.tzinfo is None:
            doubt = "zone_assumed"
        start, end = sorted((_instant(first, owner.zone), _instant(last, owner.zone)))
        if start < end:
            busy.append(
                Busy(
                    start=start,
                    end=end,
                    tentative="TENTATIVE" in (status, microsoft) or answer in ("TENTATIVE", "NEEDS-ACTION"),
                    interview=_interview(event),
                )
            )
    return busy, doubt


def _span(event: icalendar.Event) -> tuple[date, date]:
    """Give start and end as they are written: dates, or times with or without a zone."""
    start = _time(event, "DTSTART")
    if "DTEND" in event:
        end = _time(event, "DTEND")
    elif "DURATION" in event:
        end = start + _length(event)
    else:
        end = start
    if not isinstance(start, datetime) and end == start:
        return start, start + _A_DAY
    return start, end


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


def _instant(at: date, zone: ZoneInfo) -> datetime:
    """Give the moment of a date (its midnight), of a floating time, or of a time with a zone."""
    wall = at if isinstance(at, datetime) else datetime.combine(at, time())
    return (wall if wall.tzinfo else wall.replace(tzinfo=zone)).astimezone(UTC)


def _own_answer(event: icalendar.Event, owner: Owner) -> str | None:
    if owner.email is None:
        return None
    attendees = event.get("ATTENDEE", [])
    for attendee in attendees if isinstance(attendees, list) else [attendees]:
        if str(attendee).lower().removeprefix("mailto:") == owner.email.lower():
            return str(attendee.params.get("PARTSTAT", "NEEDS-ACTION")).upper()
    return None


def _interview(event: icalendar.Event) -> InterviewId | None:
    interview = str(event.get(_INTERVIEW, ""))
    return interview if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", interview) else None


# --- reading: what cannot be read as it should -----------------------------------------------------------------------

_TIME_LINE = re.compile(r"^(DTSTART|DTEND)(.*?):(\d{8})(?:T(\d{6})(Z?))?", re.IGNORECASE | re.MULTILINE)
_TZID = re.compile(r';TZID=("[^"]*"|[^;:]*)', re.IGNORECASE)


def _guess(text: str, owner: Owner) -> Iterator[Busy]:
    """Make out start and end of each event of a broken object. An end that cannot be made out is an hour later."""
    for part in re.split(r"^BEGIN:VEVENT", text, flags=re.IGNORECASE | re.MULTILINE)[1:]:
        times: dict[str, datetime] = {}
        length = _AN_HOUR
        for name, parameters, day, clock, utc in _TIME_LINE.findall(part):
            try:
                wall = datetime.strptime(day + (clock or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007  # zone: next line
                times.setdefault(name.upper(), _instant(wall, ZoneInfo("UTC") if utc else _zone(parameters, owner)))
            except (ValueError, OverflowError):
                continue
            length = length if clock else _A_DAY
        if start := times.get("DTSTART"):
            end = times.get("DTEND", start)
            yield Busy(start=start, end=end if start < end else start + length)


def _zone(parameters: str, owner: Owner) -> ZoneInfo:
    named = _TZID.search(parameters)
    name = named[1].strip('"') if named else ""
    return ZoneInfo(name) if name in _KNOWN else owner.zone


class _TooManySteps(Exception):
    """Working out the repetitions would take for ever, or nearly."""


class _Steps:
    """An allowance of function calls: the only bound that holds for whatever rule (`FREQ=SECONDLY`, 30 February).

    A thread cannot be killed, and dateutil looks for the next match up to the year 9999 without coming back. But it
    calls functions all the while, and Python lets a profiler of this very thread see each call and raise.
    """

    def __init__(self, allowance: int) -> None:
        self._left = allowance

    def spend(self, at_most: int, work: Callable[[], _T]) -> _T:
        """Do the work, or raise `_TooManySteps`."""
        allowance = left = min(at_most, self._left)

        def count(_frame: FrameType, _event: str, _of: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise _TooManySteps

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            return work()
        finally:
            sys.setprofile(before)
            self._left -= allowance - max(left, 0)


# --- reading: time zones ---------------------------------------------------------------------------------------------

_KNOWN = frozenset(available_timezones())
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

    body = [_TZID.sub(renamed, line, count=1) if _DATE_LINE.match(line) else line for line in lines]
    kept = chain.from_iterable(
        [f"TZID:{names[_tzid(block)]}" if _is_tzid(line) else line for line in block]
        for block in definitions
        if names[_tzid(block)].startswith("x-")
    )
    at = next((number for number, line in enumerate(body) if line.upper() == "BEGIN:VEVENT"), len(body))
    return "\r\n".join((*body[:at], *kept, *body[at:]))


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
    if name in _KNOWN:
        return name
    if name in WINDOWS_TO_OLSON:
        return WINDOWS_TO_OLSON[name]
    if name.startswith("/"):
        parts = name.split("/")
        return next((end for n in range(1, len(parts)) if (end := "/".join(parts[n:])) in _KNOWN), None)
    return None


# --- our own events --------------------------------------------------------------------------------------------------

_UNWANTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u0085\u2028\u2029]")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Written:
    """What a version of ours says, kept in the event itself: so that a person's edit can be told from our own."""

    sequence: int
    cancelled: bool
    start: datetime
    end: datetime
    texts: str
    """Digest of what else it says: title, description, place, interview."""

    @classmethod
    def of(cls, event: CalendarEvent, interview: InterviewId) -> Self:
        texts = "\n\n".join((_clean(event.summary), _clean(event.description), _clean(event.location or ""), interview))
        return cls(
            sequence=event.sequence,
            cancelled=event.cancelled,
            start=event.slot.start.replace(microsecond=0),
            end=event.slot.end.replace(microsecond=0),
            texts=sha256(texts.encode()).hexdigest()[:16],
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a record back; None where it was not us who wrote it."""
        match text.split("/"):
            case [sequence, ("CONFIRMED" | "CANCELLED") as status, start, end, texts]:
                try:
                    return cls(int(sequence), status == "CANCELLED", _parsed(start), _parsed(end), texts)
                except ValueError:
                    return None
        return None

    def __str__(self) -> str:
        status = "CANCELLED" if self.cancelled else "CONFIRMED"
        return f"{self.sequence}/{status}/{self.start.strftime(_STAMP)}/{self.end.strftime(_STAMP)}/{self.texts}"


@dataclass(frozen=True)
class StoredEvent:
    """An event as it stands in a calendar."""

    start: datetime
    end: datetime
    summary: str
    cancelled: bool
    sequence: int
    written: Written | None
    """What we wrote there last; None where it was not us."""

    @property
    def moved(self) -> bool:
        """A person gave it other times. True also where it is not ours."""
        return self.written is None or (self.start, self.end) != (self.written.start, self.written.end)

    @property
    def edited(self) -> bool:
        """A person moved it or cancelled it. True also where it is not ours."""
        return self.moved or (self.written is not None and self.cancelled != self.written.cancelled)


def event_text(event: CalendarEvent, interview: InterviewId) -> str:
    """Write one version of one event; the same version gives the same text, byte for byte.

    Times are UTC, which every program reads alike. There is neither ORGANIZER nor ATTENDEE, because a server that finds
    them sends invitations of its own: we are the only inviter.
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
        body.add("DESCRIPTION", _clean(event.description))
    if event.location:
        body.add("LOCATION", _line(event.location))
    body.add("STATUS", "CANCELLED" if event.cancelled else "CONFIRMED")
    body.add("TRANSP", "OPAQUE")
    body.add(_INTERVIEW, _line(interview))
    body.add(_WRITTEN, str(written))
    calendar = icalendar.Calendar()
    calendar.add("PRODID", "-//Entrevue//EN")
    calendar.add("VERSION", "2.0")
    calendar.add_component(body)
    text: str = calendar.to_ical().decode()
    return text


def stored_event(text: str, uid: str, zone: ZoneInfo) -> StoredEvent | None:
    """Read an event of ours back, as it stands. None where the text is broken, or holds another event."""
    with _parsing:
        tzp.use_zoneinfo()
        try:
            event = next(one for one in _events(localise_tzids(text)) if "RECURRENCE-ID" not in one)
            first, last = _span(event)
            return StoredEvent(
                start=_instant(first, zone),
                end=_instant(last, zone),
                summary=str(event.get("SUMMARY", "")),
                cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
                sequence=int(event.get("SEQUENCE", 0)),
                written=Written.parse(str(event.get(_WRITTEN, ""))) if str(event["UID"]) == uid else None,
            )
        except Exception:  # noqa: BLE001  # as above
            return None


def our_events(objects: Iterable[str], start: datetime, end: datetime, zone: ZoneInfo) -> tuple[OurEvent, ...]:
    """Find those that we wrote and that start within [start, end), by start. What cannot be read is not ours."""
    ours = (_ours(text, zone) for text in objects if _WRITTEN in text)  # to parse everybody's would take for ever
    found = [event for event in ours if event is not None and start <= event.start < end]
    return tuple(sorted(found, key=lambda event: (event.start, event.uid)))


def _ours(text: str, zone: ZoneInfo) -> OurEvent | None:
    with _parsing:
        tzp.use_zoneinfo()
        try:
            event = next(one for one in _events(localise_tzids(text)) if "RECURRENCE-ID" not in one)
            written, interview = Written.parse(str(event.get(_WRITTEN, ""))), _interview(event)
            if written is None or interview is None:
                return None
            first, _ = _span(event)
            at = _instant(first, zone)
            return OurEvent(uid=str(event["UID"]), interview=interview, sequence=written.sequence, start=at)
        except Exception:  # noqa: BLE001  # as above
            return None


def _parsed(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)


def _clean(text: str) -> str:
    """Drop what could end a line. icalendar itself only asserts it for X- properties, and `python -O` drops that."""
    return _UNWANTED.sub(" ", text)


def _line(text: str) -> str:
    return _clean(text).replace("\n", " ")
