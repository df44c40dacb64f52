"""From free time to offers: whole minutes since the epoch, in UTC, and half-open intervals, sorted and swept.

Zones come as tables of offsets, calendars as intervals: what can be computed here can be repeated. No interval library
(they are fifty times slower than this). The rules are those of lifecycle, section 6: slots offered, notice, buffers.
"""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import assert_never

Span = tuple[int, int]
"""[start, end)."""

Offsets = tuple[tuple[int, int], ...]
"""(since, minutes east of UTC), ascending; the first also holds for all time before it."""

Week = tuple[tuple[Span, ...], ...]
"""Seven days from Monday: for each the hours that count, in minutes of the local day, within [0, 1440)."""

HOUR, DAY = 60, 24 * 60
_THURSDAY = 3  # 1 January 1970
_NOON, _EVENING = 12 * HOUR, 17 * HOUR

WELCOME: Week = (((8 * HOUR, 20 * HOUR),),) * 7
"""When a candidate, of whom we know no more, likes to be interviewed."""

BEARABLE: Week = (((6 * HOUR, 22 * HOUR),),) * 7
"""When they can be, if nothing better fits. Nobody is offered a time in their night."""


@dataclass(frozen=True, kw_only=True)
class Diary:
    """One person who must be there: when they work, and what is in the way, without buffers."""

    person: str
    working: tuple[Span, ...]
    busy: tuple[Span, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Search:
    interview: str
    diaries: tuple[Diary, ...]
    window: Span
    """A slot lies inside it from beginning to end: from the notice to the horizon."""
    hours: tuple[tuple[Span, ...], ...]
    """The candidate's, best first: the next are looked at only where the first have nothing."""
    offsets: Offsets
    """The candidate's: the grid and the days are theirs."""
    minutes: int
    grid: int
    count: int
    before: int = 0
    after: int = 0
    avoid: frozenset[int] = frozenset()


class What(StrEnum):
    """What stands in the way of an offer."""

    NOTICE = "notice"
    HORIZON = "horizon"
    CANDIDATE_HOURS = "candidate_hours"
    WORKING_HOURS = "working_hours"
    BUSY = "busy"
    AVOIDED = "avoided"


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """Why nothing fits. `people` are those without whom (BUSY: without whose appointments) something would."""

    what: What
    people: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Say it, and what would help, to a coordinator."""
        who = _listed(self.people)
        match self.what:
            case What.NOTICE:
                return "The notice leaves no room before the horizon. Search further ahead, or at shorter notice."
            case What.HORIZON:
                return "No working hours in the time searched are long enough. Search further ahead, or widen them."
            case What.CANDIDATE_HOURS:
                return (
                    f"It is night for the candidate when {who} could meet them. "
                    "Widen the working hours, or ask somebody in a nearer zone."
                )
            case What.WORKING_HOURS if len(self.people) == 1:
                return (
                    f"{who} does not work when the others do. "
                    "Widen the working hours, search further ahead, or ask somebody else."
                )
            case What.WORKING_HOURS:
                return (
                    f"The working hours of {who} do not meet in the time searched. "
                    "Widen them, search further ahead, or ask somebody else."
                )
            case What.BUSY if len(self.people) == 1:
                return (
                    f"{who} has no free time that fits. "
                    "Move one of their appointments, search further ahead, or ask somebody else."
                )
            case What.BUSY:
                return (
                    f"{who} have no free time together that fits. "
                    "Move an appointment, search further ahead, or ask somebody else."
                )
            case What.AVOIDED:
                return "Every time that fits was declined or lost before. Search further ahead or ask somebody else."
            case _:
                assert_never(self.what)


def find(search: Search) -> tuple[int, ...] | Bottleneck:
    """Give the starts to offer, ascending, or say why there are none. The same search gives the same starts."""
    for hours in search.hours:
        fitting = [start for start in _starts(search, hours) if start not in search.avoid]
        if fitting:
            return choose(fitting, search.count, search.offsets, search.interview)
    return _bottleneck(search)


def choose(fitting: Iterable[int], count: int, offsets: Offsets, interview: str) -> tuple[int, ...]:
    """Pick a few starts spread over days and times of day, the first of them soon; give them ascending.

    Each pick looks only at those before it, so that an unpicked start which disappears changes nothing. What is
    equally good is drawn by a hash, so that a retry draws alike and interviews that search at once draw apart.
    """
    rest = sorted(fitting)
    if len(rest) <= count:
        return tuple(rest)
    wall = dict(_on_the_wall(rest, offsets))
    drawn = {one: hashlib.sha256(f"{interview}/{one}".encode()).digest() for one in rest}
    picks: list[int] = []
    days, parts = Counter[int](), Counter[int]()

    def cost(one: int) -> tuple[int, int, int, bytes]:
        day, minute = divmod(wall[one], DAY)
        apart = min((_hours_apart(wall[one], wall[pick]) for pick in picks), default=-day)
        return days[day], parts[_part_of_day(minute)], -apart, drawn[one]

    while len(picks) < count:
        pick = min(rest, key=cost)
        rest.remove(pick)
        picks.append(pick)
        day, minute = divmod(wall[pick], DAY)
        days[day] += 1
        parts[_part_of_day(minute)] += 1
    return tuple(sorted(picks))


# --- time of one person ----------------------------------------------------------------------------------------------


def civil(week: Week, offsets: Offsets, window: Span, days_off: Container[int] = ()) -> tuple[Span, ...]:
    """Give the instants of `window` whose wall time lies in these hours; days off are local days since the epoch.

    Exactly those, whatever the clocks do: a day of 23 or 25 hours comes out right, an hour that exists twice counts
    twice.
    """
    found: list[Span] = []
    for (start, end), offset in _stretches(offsets, window):
        for day in range((start + offset) // DAY, (end - 1 + offset) // DAY + 1):
            if day not in days_off:
                midnight = day * DAY - offset
                hours = week[(day + _THURSDAY) % 7]
                found += [(max(midnight + since, start), min(midnight + until, end)) for since, until in hours]
    return merged(found)


def starts(free: Iterable[Span], minutes: int, grid: int, offsets: Offsets) -> Iterator[int]:
    """Give every start on the grid from which so many minutes are free. The grid begins anew each *local* hour.

    (A quarter of an hour in UTC is one in Kathmandu too; half an hour is not.)
    """
    for start, end in free:
        for (begin, until), offset in _stretches(offsets, (start, end - minutes + 1)):
            hour = (begin + offset) // HOUR * HOUR - offset
            for full in range(hour, until, HOUR):
                yield from (one for one in range(full, full + HOUR, grid) if begin <= one < until)


# --- intervals -------------------------------------------------------------------------------------------------------


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sort; join what overlaps or touches; drop what is empty. The other functions take and give spans like these."""
    found: list[Span] = []
    for start, end in sorted(one for one in spans if one[0] < one[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return tuple(found)


def padded(busy: Iterable[Span], before: int, after: int) -> tuple[Span, ...]:
    """Widen what is in the way, so that a slot clear of it has `before` and `after` minutes to spare."""
    return merged((start - after, end + before) for start, end in busy if start < end)


def without(spans: tuple[Span, ...], holes: tuple[Span, ...]) -> tuple[Span, ...]:
    """Give what of `spans` is left outside `holes`."""
    if not spans:
        return ()
    edges = (spans[0][0], *chain.from_iterable(holes), spans[-1][1])
    return shared(spans, merged(zip(edges[::2], edges[1::2], strict=True)))


def shared(one: tuple[Span, ...], other: tuple[Span, ...]) -> tuple[Span, ...]:
    """Sweep over both, and give what lies in both."""
    found: list[Span] = []
    mine, theirs = 0, 0
    while mine < len(one) and theirs < len(other):
        start = max(one[mine][0], other[theirs][0])
        end = min(one[mine][1], other[theirs][1])
        if start < end:
            found.append((start, end))
        if one[mine][1] < other[theirs][1]:
            mine += 1
        else:
            theirs += 1
    return tuple(found)


# --- who or what is in the way ---------------------------------------------------------------------------------------


def _bottleneck(search: Search) -> Bottleneck:
    """Loosen one thing at a time, and see what lets something through."""
    widest = search.hours[-1]
    everyone = tuple(diary.person for diary in search.diaries)
    if search.window[1] - search.window[0] < search.minutes:
        return Bottleneck(what=What.NOTICE)
    idle = tuple(one.person for one in search.diaries if not _room(search, one.working))
    if idle == everyone:
        return Bottleneck(what=What.HORIZON)
    if idle:
        return Bottleneck(what=What.WORKING_HOURS, people=idle)
    at_night = tuple(one.person for one in search.diaries if not _room(search, one.working, widest))
    if at_night:
        return Bottleneck(what=What.CANDIDATE_HOURS, people=at_night)
    if not _room(search, widest, *(one.working for one in search.diaries)):
        apart = tuple(
            one.person
            for one in search.diaries
            if _room(search, widest, *(other.working for other in search.diaries if other is not one))
        )
        return Bottleneck(what=What.WORKING_HOURS, people=apart or everyone)
    if next(_starts(search, widest), None) is not None:
        return Bottleneck(what=What.AVOIDED)
    full = tuple(one.person for one in search.diaries if not _room(search, widest, _free(search, one)))
    return Bottleneck(what=What.BUSY, people=full or _in_the_way(search, widest) or everyone)


def _in_the_way(search: Search, hours: tuple[Span, ...]) -> tuple[str, ...]:
    """Name the one whose appointments, if they were moved, would let most starts through."""
    gain = {one.person: sum(1 for _ in _starts(search, hours, leave_out=one)) for one in search.diaries}
    best = max(gain, key=lambda person: gain[person])
    return (best,) if gain[best] else ()


def _room(search: Search, *limits: tuple[Span, ...]) -> bool:
    return next(_within(search, limits), None) is not None


def _starts(search: Search, hours: tuple[Span, ...], leave_out: Diary | None = None) -> Iterator[int]:
    """Give every start at which all are free; of `leave_out` only the working hours count."""
    times = (one.working if one is leave_out else _free(search, one) for one in search.diaries)
    return _within(search, (hours, *times))


def _within(search: Search, limits: Iterable[tuple[Span, ...]]) -> Iterator[int]:
    common = merged((search.window,))
    for limit in limits:
        common = shared(common, limit)
    return starts(common, search.minutes, search.grid, search.offsets)


def _free(search: Search, diary: Diary) -> tuple[Span, ...]:
    return without(diary.working, padded(diary.busy, search.before, search.after))


# --- local time ------------------------------------------------------------------------------------------------------


def _stretches(offsets: Offsets, span: Span) -> Iterator[tuple[Span, int]]:
    """Cut a span where the offset changes."""
    changes = [since for since, _ in offsets[1:]]
    edges = zip([span[0], *changes], [*changes, span[1]], offsets, strict=True)
    for since, until, (_, minutes) in edges:
        start, end = max(since, span[0]), min(until, span[1])
        if start < end:
            yield (start, end), minutes


def _on_the_wall(ascending: Iterable[int], offsets: Offsets) -> Iterator[tuple[int, int]]:
    """Give each instant with its local time."""
    for at in ascending:
        _, minutes = next(_stretches(offsets, (at, at + 1)))
        yield at, at + minutes


def _part_of_day(minute: int) -> int:
    return (minute >= _NOON) + (minute >= _EVENING)


def _hours_apart(one: int, other: int) -> int:
    """Count whole hours within a day; between days, days."""
    return abs(one // DAY - other // DAY) * 24 or abs(one - other) // HOUR


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
