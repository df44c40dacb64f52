"""Busy times out of the texts of strangers' calendar objects, within bounds of work and memory."""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Literal
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # annotated, but it ships no py.typed

from activities.calendar import Busy
from adapters.ical.objects import (
    KNOWN_ZONES,
    TZID_PARAMETER,
    Owner,
    defines_zones,
    events_of,
    instant,
    interview_of,
    is_floating,
    is_tame,
    localise_tzids,
    own_answer,
    parsing,
    span,
)
from adapters.steps import STEPS_AN_OBJECT, Steps, TooManySteps

Doubt = Literal["unreadable", "endless", "zone_assumed"]
"""What went wrong with an object: its text is broken; its repetitions are too many; its time zone is not known."""

_STEPS_A_CALENDAR = 15_000_000
"""Calls that working out the unusual among them may take: about four seconds. One thread reads for everybody."""
_SLACK = timedelta(hours=26)
"""How far an all-day or floating event may lie from where UTC would put it."""
_REPEATS = ("RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_FREE_AT_MICROSOFT = {"FREE", "WORKINGELSEWHERE"}
_AN_HOUR, _A_DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Reading:
    busy: tuple[Busy, ...]
    """Ascending by start; stretches may overlap."""
    doubts: Counter[Doubt]
    """How many objects were read with a doubt. For each of them the person counts as busy rather than free."""


def busy_times(
    objects: Iterable[str], start: datetime, end: datetime, owner: Owner, cache: "ParseCache | None" = None
) -> Reading:
    """Say when the owner is busy within [start, end), from the texts of calendar objects, one a UID.

    One broken object hides no other, and is never taken for free: it counts by its DTSTART and DTEND, as far as these
    can be made out. Repetitions too many to be worked out count as one long stretch from the first on.
    """
    cache = ParseCache() if cache is None else cache
    busy: set[Busy] = set()
    doubts: Counter[Doubt] = Counter()
    steps = Steps(_STEPS_A_CALENDAR)
    with parsing():
        for text in objects:
            try:
                said = _within((start, end), text, owner, steps, cache)
            except Exception:  # noqa: BLE001  # a stranger's text can break the libraries in any way
                said = _Said(tuple(_guess(localise_tzids(text), owner)), "unreadable")
            busy.update(one for one in said.busy if one.start < end and start < one.end)
            if said.doubt:
                doubts[said.doubt] += 1
    return Reading(tuple(sorted(busy, key=lambda one: (one.start, one.end, one.tentative))), doubts)


# --- one object ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Said:
    """What an object says: whatever window is asked about, or what it says of one."""

    busy: tuple[Busy, ...]
    doubt: Doubt | None
    repeating: tuple[icalendar.Event, ...] = ()
    """What must be expanded to know more: `busy` has these events as they are written, each once."""
    tame: bool = False
    """Expanding it takes no longer than usual."""


def _within(window: tuple[datetime, datetime], text: str, owner: Owner, steps: Steps, cache: "ParseCache") -> _Said:
    """Say what may touch the window, and perhaps more: repetitions are expanded, and kept, for whole days."""
    read_by = sha256(f"{owner.zone.key}\n{owner.email}\n{text}".encode()).digest()
    try:
        parsed = cache.remembered((read_by, None), lambda: _parse(text, owner, steps), len(text))
    except TooManySteps:
        return _Said(tuple(_guess(localise_tzids(text), owner)), "unreadable")
    if not parsed.repeating:
        return parsed
    start, end = window
    first, last = _midnight(start), _midnight(end) + _A_DAY

    def expand() -> _Said:
        return _Said(*_taken(_occurrences(parsed.repeating, first, last), owner))

    def tried() -> _Said:
        try:
            return steps.spend(STEPS_AN_OBJECT, expand)
        except TooManySteps as stopped:
            cache.forget((read_by, None))  # its zones are rules of dateutil's, too
            if stopped.own:
                return _Said((), "endless")
            raise

    try:
        said = cache.remembered((read_by, (first, last)), expand if parsed.tame else tried, 0)
    except TooManySteps:
        said = _Said((), "endless")
    if said.doubt != "endless":
        return said
    return _Said(tuple(one.model_copy(update={"end": max(one.end, end)}) for one in parsed.busy), "endless")


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _parse(text: str, owner: Owner, steps: Steps) -> _Said:
    localised = localise_tzids(text)
    tame = is_tame(localised)

    def parse() -> tuple[list[icalendar.Event], tuple[tuple[Busy, ...], Doubt | None]]:
        events = events_of(localised)
        return events, _taken(events, owner)

    try:
        # reading takes as long as the text is; only a zone of the object's own has rules that must be worked out
        unbounded = tame or not defines_zones(localised)
        events, (busy, doubt) = parse() if unbounded else steps.spend(STEPS_AN_OBJECT, parse)
    except TooManySteps as stopped:
        if not stopped.own:
            raise
        return _Said(tuple(_guess(localised, owner)), "unreadable")
    except Exception:  # noqa: BLE001  # as above
        return _Said(tuple(_guess(localised, owner)), "unreadable")
    repeating = any(name in event for event in events for name in _REPEATS)
    return _Said(busy, doubt, tuple(events) if repeating else (), tame)


def _occurrences(events: Iterable[icalendar.Event], start: datetime, end: datetime) -> list[icalendar.Event]:
    """Expand anew each time: dateutil's rules keep all they ever found, and a lock that `Steps` may leave closed."""
    series = icalendar.Calendar()
    for event in events:
        series.add_component(event)
    found: list[icalendar.Event] = recurring_ical_events.of(series).between(start - _SLACK, end + _SLACK)
    return found


def _taken(occurrences: Iterable[icalendar.Event], owner: Owner) -> tuple[tuple[Busy, ...], Doubt | None]:
    busy: list[Busy] = []
    doubt: Doubt | None = None
    for event in occurrences:
        answer, interview = own_answer(event, owner), interview_of(event)
        microsoft = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).upper()
        status = str(event.get("STATUS", "")).upper()
        if (
            status == "CANCELLED"
            or str(event.get("TRANSP", "")).upper() == "TRANSPARENT"
            or microsoft in _FREE_AT_MICROSOFT
            or answer == "DECLINED"
        ):
            continue
        if is_floating(event):
            doubt = "zone_assumed"
        start, end = sorted(span(event, owner.zone))
        unsure = ("TENTATIVE",) if interview else ("TENTATIVE", "NEEDS-ACTION")  # we asked, and mean it
        if start < end:
            busy.append(
                Busy(
                    start=start,
                    end=end,
                    tentative="TENTATIVE" in (status, microsoft) or answer in unsure,
                    interview=interview,
                )
            )
    return tuple(busy), doubt


# --- what has been parsed before -------------------------------------------------------------------------------------


_Key = tuple[bytes, tuple[datetime, datetime] | None]


class ParseCache:
    """What objects say, by a digest of their text and of whose calendar it is: to parse and expand is all of the work.

    Not by href and etag: those are the server's word, and a weak etag, or one that a copied server gives out twice,
    would make the answer stale. A digest costs microseconds and depends on nobody. Definitions of zones are part of
    the text, so they hold for it alone here too. Asked only within `parsing`, hence by one thread at a time.
    """

    def __init__(self, *, most: int = 50_000, largest: int = 64 * 1024 * 1024) -> None:
        """Keep so many answers, and about so many bytes."""
        self._most, self._largest = most, largest
        self._kept: OrderedDict[_Key, tuple[_Said, int]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return len(self._kept)

    def remembered(self, key: _Key, make: Callable[[], _Said], length: int) -> _Said:
        """Give what is kept, or make it; `length` is that of the text. What cannot be made is not kept."""
        if kept := self._kept.get(key):
            self._kept.move_to_end(key)
            return kept[0]
        said = make()
        size = 500 + 700 * len(said.busy) + (12 * length if said.repeating else 0)  # on the high side
        self._kept[key] = said, size
        self._size += size
        while len(self._kept) > self._most or self._size > self._largest:
            _, (_, freed) = self._kept.popitem(last=False)
            self._size -= freed
        return said

    def forget(self, key: _Key) -> None:
        _, freed = self._kept.pop(key, (None, 0))
        self._size -= freed


# --- what cannot be read as it should --------------------------------------------------------------------------------

_TIME_LINE = re.compile(r"^(DTSTART|DTEND)(.*?):(\d{8})(?:T(\d{6})(Z?))?", re.IGNORECASE | re.MULTILINE)


def _guess(text: str, owner: Owner) -> Iterator[Busy]:
    """Make out start and end of each event of a broken object. An end that cannot be made out is an hour later."""
    for part in re.split(r"^BEGIN:VEVENT", text, flags=re.IGNORECASE | re.MULTILINE)[1:]:
        times: dict[str, datetime] = {}
        length = _AN_HOUR
        for name, parameters, day, clock, utc in _TIME_LINE.findall(part):
            try:
                wall = datetime.strptime(day + (clock or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007  # zone: next line
                times.setdefault(name.upper(), instant(wall, ZoneInfo("UTC") if utc else _zone(parameters, owner)))
            except (ValueError, OverflowError):
                continue
            length = length if clock else _A_DAY
        if start := times.get("DTSTART"):
            end = times.get("DTEND", start)
            yield Busy(start=start, end=end if start < end else start + length)


def _zone(parameters: str, owner: Owner) -> ZoneInfo:
    named = TZID_PARAMETER.search(parameters)
    name = named[1].strip('"') if named else ""
    return ZoneInfo(name) if name in KNOWN_ZONES else owner.zone
