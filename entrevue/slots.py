"""From free time to offers: whole minutes since the epoch, in UTC, and half-open intervals.

Zones come as tables of offsets, calendars as intervals: what can be computed here can be repeated. The window is cut
into cells at which a slot could begin, and each person's free time becomes one large number with a byte a cell. Panels
are then a matter of `&`, pools of counting, and seats that several pools could fill of a matching. That is many times
faster than an interval library. The rules are those of lifecycle, section 6: slots offered, notice, buffers, load.
"""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, reduce
from itertools import compress
from math import gcd
from operator import or_
from types import MappingProxyType
from typing import assert_never

from entrevue.seating import seat

Span = tuple[int, int]
"""[start, end)."""

Offsets = tuple[tuple[int, int], ...]
"""(since, minutes east of UTC), ascending; the first also holds for all time before it."""

Week = tuple[tuple[Span, ...], ...]
"""Seven days from Monday: for each the hours that count, in minutes of the local day, within [0, 1440)."""

HOUR, DAY = 60, 24 * 60
_WEEK = 7
_THURSDAY = 3  # 1 January 1970
_NOON, _EVENING = 12 * HOUR, 17 * HOUR
_NONE: Mapping[int, int] = MappingProxyType({})

WELCOME: Week = (((8 * HOUR, 20 * HOUR),),) * _WEEK
"""When a candidate, of whom we know no more, likes to be interviewed."""

BEARABLE: Week = (((6 * HOUR, 22 * HOUR),),) * _WEEK
"""When they can be, if nothing better fits. Nobody is offered a time in their night."""


@dataclass(frozen=True, kw_only=True)
class Diary:
    """One person's time. All but `busy` is as `merged` gives it; `busy` comes in any order, without buffers."""

    person: str
    working: tuple[Span, ...]
    busy: Sequence[Span] = ()
    full: tuple[Span, ...] = ()
    """Days and weeks in which this interview would be too much: see `overfull`."""
    reluctant: tuple[Span, ...] = ()
    """Can be booked, but what lies elsewhere is offered first: a holiday whose date is an estimate."""


@dataclass(frozen=True, kw_only=True)
class OpenSeat:
    """One seat, and everybody who could fill it; nobody where all of them are ruled out."""

    people: tuple[str, ...]
    person: str | None = None
    """Whom the seat is meant for; where others could fill it too, starts at which this person is free go first."""
    pool: str | None = None
    counts: bool = True
    """Others never stand in the way, but starts at which they can be filled go first."""


@dataclass(frozen=True, kw_only=True)
class Search:
    interview: str
    seats: tuple[OpenSeat, ...]
    quorum: int
    """So many of the seats that count are needed; fewer than all only where all have nothing."""
    diaries: tuple[Diary, ...]
    """One for everybody who could fill a seat."""
    window: Span
    """A slot lies inside it from beginning to end: from the notice to the horizon."""
    hours: tuple[tuple[Span, ...], ...]
    """The candidate's, best first: the next are looked at only where the first have nothing."""
    availability: tuple[Span, ...] | None = None
    """When the candidate has said they are free: instead of the hours."""
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
    NOBODY = "nobody"
    AVAILABILITY = "availability"
    CANDIDATE_HOURS = "candidate_hours"
    WORKING_HOURS = "working_hours"
    LOAD = "load"
    BUSY = "busy"
    AVOIDED = "avoided"


@dataclass(frozen=True, kw_only=True)
class Bottleneck:
    """Why nothing fits: those without whom (BUSY: without whose appointments) something would, by directory id."""

    what: What
    people: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Say it, and what would help, to a coordinator."""
        who = _listed((*self.people, *(f"the pool {pool}" for pool in self.pools)))
        sentence = self._sentence(who, alone=len(self.people) + len(self.pools) == 1)
        return sentence if self.people else sentence[0].upper() + sentence[1:]

    def _sentence(self, who: str, *, alone: bool) -> str:
        match self.what:
            case What.NOTICE:
                return "The notice leaves no room before the horizon. Search further ahead, or at shorter notice."
            case What.HORIZON:
                return "No working hours in the time searched are long enough. Search further ahead, or widen them."
            case What.NOBODY if self.pools:
                return f"{who} cannot fill the seats: too few are left. Add people to it, or ask somebody else."
            case What.NOBODY:
                return f"{who} may not take the seat. Ask somebody else."
            case What.AVAILABILITY:
                return (
                    "Nothing fits in the times that the candidate has sent, though other times would. "
                    "Ask for more of them, or offer slots."
                )
            case What.CANDIDATE_HOURS:
                return (
                    f"It is night for the candidate when {who} could meet them. "
                    "Widen the working hours, or ask somebody in a nearer zone."
                )
            case What.WORKING_HOURS if alone:
                return (
                    f"{who} does not work when the others do. "
                    "Widen the working hours, search further ahead, or ask somebody else."
                )
            case What.WORKING_HOURS:
                return (
                    f"The working hours of {who} do not meet in the time searched. "
                    "Widen them, search further ahead, or ask somebody else."
                )
            case What.LOAD:
                return (
                    f"{who} would have more interviews a day or a week than the limit allows. "
                    "Raise it, search further ahead, ask somebody else, or let a coordinator book a time all the same."
                )
            case What.BUSY if alone:
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
    cells = _Cells.of(search)
    able = {diary.person: cells.able(diary) for diary in search.diaries}
    filled = _at_least(_filled(_counting(search), able))
    hours = search.hours if search.availability is None else (search.availability,)
    tiers = [cells.within(one) for one in hours]
    for enough in reversed(filled[search.quorum - 1 :]):
        for tier in tiers:
            fitting = [start for start in cells.starts(enough & tier) if start not in search.avoid]
            if fitting:
                liking = _liking(search, cells, able, fitting)
                return choose(fitting, search.count, search.offsets, search.interview, liking)
    return _bottleneck(search)


def choose(
    fitting: Iterable[int], count: int, offsets: Offsets, interview: str, liking: Mapping[int, int] = _NONE
) -> tuple[int, ...]:
    """Pick a few starts spread over days and times of day, the first of them soon; give them ascending.

    Of the days that are offered least, those starts go first that are liked most. Each pick looks only at those before
    it, so that an unpicked start which disappears changes nothing. What is equally good is drawn by a hash, so that a
    retry draws alike and interviews that search at once draw apart.
    """
    rest = sorted(fitting)
    if len(rest) <= count:
        return tuple(rest)
    wall = {start: start + _offset(start, offsets) for start in rest}
    alike: defaultdict[tuple[int, int, int], set[int]] = defaultdict(set)
    for start, at in wall.items():
        alike[at // DAY, liking.get(start, 0), _part_of_day(at % DAY)].add(start)
    picks: list[int] = []
    days, parts = Counter[int](), Counter[int]()

    def cost(group: tuple[int, int, int]) -> tuple[int, int, int, int]:
        day, liked, part = group
        return days[day], -liked, parts[part], -min((abs(day - other) for other in days), default=-day)

    def hours_apart(start: int) -> int:
        return min(abs(wall[start] - wall[pick]) // HOUR for pick in picks if wall[start] // DAY == wall[pick] // DAY)

    while len(picks) < count:
        costs = {group: cost(group) for group, starts in alike.items() if starts}
        best = min(costs.values())
        rivals = [start for group, one in costs.items() if one == best for start in alike[group]]
        if best[0]:  # the day is on offer already
            apart = {start: hours_apart(start) for start in rivals}
            most = max(apart.values())
            rivals = [start for start in rivals if apart[start] == most]
        pick = min(rivals, key=lambda start: hashlib.sha256(f"{interview}/{start}".encode()).digest())
        day, part = wall[pick] // DAY, _part_of_day(wall[pick] % DAY)
        alike[day, liking.get(pick, 0), part].remove(pick)
        picks.append(pick)
        days[day] += 1
        parts[part] += 1
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
                for since, until in week[(day + _THURSDAY) % _WEEK]:
                    begin, stop = midnight + since, midnight + until
                    found.append((begin if begin > start else start, stop if stop < end else end))  # noqa: FURB136 - max and min take thrice as long
    return merged(found)


def whole_days(days: Container[int], offsets: Offsets, window: Span) -> tuple[Span, ...]:
    """Give the instants of `window` that lie in these local days since the epoch."""
    return merged(
        (max(day * DAY - offset, start), min((day + 1) * DAY - offset, end))
        for (start, end), offset in _stretches(offsets, window)
        for day in range((start + offset) // DAY, (end - 1 + offset) // DAY + 1)
        if day in days
    )


def overfull(
    loads: Iterable[tuple[int, int]], offsets: Offsets, window: Span, *, minutes: int, a_day: int, a_week: int
) -> tuple[Span, ...]:
    """Give the local days of `window` in which so many minutes more would exceed the limits; weeks begin on Monday.

    A load is an instant within an interview and its minutes: it counts for that day and that week as a whole.
    """
    if minutes > min(a_day, a_week):
        return merged((window,))
    of_day, of_week = Counter[int](), Counter[int]()
    for at, taken in loads:
        day = (at + _offset(at, offsets)) // DAY
        of_day[day] += taken
        of_week[(day + _THURSDAY) // _WEEK] += taken
    days = {day for day, taken in of_day.items() if taken + minutes > a_day}
    for week, taken in of_week.items():
        if taken + minutes > a_week:
            days.update(week * _WEEK - _THURSDAY + n for n in range(_WEEK))
    return whole_days(days, offsets, window) if days else ()


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Sort; join what overlaps or touches; drop what is empty."""
    found: list[Span] = []
    last = None
    for start, end in sorted(spans):
        if start >= end:
            continue
        if last is not None and start <= last:
            if end > last:
                found[-1] = (found[-1][0], end)
                last = end
        else:
            found.append((start, end))
            last = end
    return tuple(found)


# --- cells -----------------------------------------------------------------------------------------------------------

Times = int
"""A byte a cell, the first cell lowest: 1 where a slot can begin there, else 0. `&` gives what holds for both."""


@dataclass(frozen=True)
class _Cells:
    """The window, cut at every `step` minutes: all starts lie on these cuts, whatever the clocks do."""

    origin: int
    step: int
    count: int
    minutes: int
    before: int
    after: int
    on_grid: Times

    @classmethod
    def of(cls, search: Search) -> "_Cells":
        """The grid begins anew each *local* hour: a quarter of an hour in UTC is one in Kathmandu, half an hour not."""
        (first, last), offsets = search.window, search.offsets
        step = gcd(HOUR, search.grid, *(minutes - offsets[0][1] for _, minutes in offsets))
        origin = first - (first + offsets[0][1]) % step
        count = max(0, (last - search.minutes - origin) // step + 1)
        flags, an_hour = bytearray(count), HOUR // step
        for (start, end), offset in _stretches(offsets, (first, max(first, last - search.minutes + 1))):
            stop = -((origin - end) // step)
            for minute in range(0, HOUR, search.grid):
                at = (start + (minute - start - offset) % HOUR - origin) // step
                flags[at:stop:an_hour] = b"\1" * len(range(at, stop, an_hour))
        return cls(origin, step, count, search.minutes, search.before, search.after, int.from_bytes(flags, "little"))

    def within(self, spans: Iterable[Span]) -> Times:
        """Give the starts on the grid of slots that lie inside one of these spans, which are merged."""
        return int.from_bytes(self._inside(spans), "little") & self.on_grid

    def able(self, diary: Diary, *, busy: bool = True, full: bool = True, reluctant: bool = True) -> Times:
        """Give the starts at which this person can; with `reluctant=False`, those that suit them.

        With `busy` and `full` False, these do not stand in the way.
        """
        flags = self._inside(diary.working)
        if busy:
            self._strike(flags, diary.busy, self.before, self.after)
        if full and diary.full:
            self._strike(flags, diary.full, 0, 0)
        if diary.reluctant and not reluctant:
            self._strike(flags, diary.reluctant, 0, 0)
        return int.from_bytes(flags, "little")

    def starts(self, times: Times) -> Iterator[int]:
        instants = range(self.origin, self.origin + self.count * self.step, self.step)
        return compress(instants, times.to_bytes(self.count, "little"))

    def read(self, counts: int, starts: Iterable[int]) -> dict[int, int]:
        """Give what is counted at each of these starts."""
        bytes_ = counts.to_bytes(self.count, "little")
        return {start: bytes_[(start - self.origin) // self.step] for start in starts}

    @cached_property
    def _ones(self) -> bytes:
        return b"\1" * self.count

    @cached_property
    def _noughts(self) -> bytes:
        return bytes(self.count)

    def _inside(self, spans: Iterable[Span]) -> bytearray:
        flags, ones, step, count = bytearray(self.count), self._ones, self.step, self.count
        up, down = step - 1 - self.origin, step - self.minutes - self.origin
        for start, end in spans:
            first, stop = max(0, (start + up) // step), min(count, (end + down) // step)
            if first < stop:
                flags[first:stop] = ones[first:stop]
        return flags

    def _strike(self, flags: bytearray, spans: Iterable[Span], before: int, after: int) -> None:
        """Clear the starts of slots that these spans, with buffers around the slot, are in the way of.

        A slot [s, s + minutes) is clear of [x, y) where s - before >= y or s + minutes + after <= x.
        """
        noughts, step, count = self._noughts, self.step, self.count
        down, up = step - self.minutes - after - self.origin, step - 1 + before - self.origin
        for start, end in spans:
            first, stop = (start + down) // step, (end + up) // step
            if first < 0:  # noqa: PLR1730 - max takes thrice as long, and this is where the time goes
                first = 0
            if stop > count:  # noqa: PLR1730 - likewise
                stop = count
            if first < stop and start < end:
                flags[first:stop] = noughts[first:stop]


# --- seats -----------------------------------------------------------------------------------------------------------

Free = Mapping[str, Times]
"""When each person can."""


def _counting(search: Search) -> tuple[OpenSeat, ...]:
    return tuple(one for one in search.seats if one.counts)


def _filled(seats: Sequence[OpenSeat], free: Free) -> list[Times]:
    """Give a number a seat that anybody could fill; together they count, cell for cell, how many can be at once."""
    return [level for table in _tables(seats) for level in _filled_at(table, free)]


_Table = dict[tuple[int, ...], list[str]]
"""Seats, and those who could fill them: by the seats that they could fill."""


def _tables(seats: Sequence[OpenSeat]) -> list[_Table]:
    """Part the seats, so that nobody could sit at two tables. What happens at one is then no matter at another."""
    could: defaultdict[str, list[int]] = defaultdict(list)
    for n, one in enumerate(seats):
        for person in one.people:
            could[person].append(n)
    kinds: defaultdict[tuple[int, ...], list[str]] = defaultdict(list)
    for person, numbers in could.items():
        kinds[tuple(numbers)].append(person)
    tables: list[_Table] = []
    for places, people in kinds.items():
        joined, apart = {places: people}, []
        for table in tables:
            if {n for others in table for n in others}.isdisjoint(n for others in joined for n in others):
                apart.append(table)
            else:
                joined |= table
        tables = [*apart, joined]
    return tables


def _filled_at(table: _Table, free: Free) -> list[Times]:
    if len(table) == 1:
        ((places, people),) = table.items()
        return _at_least([free[person] for person in people], len(places))
    return _matched(table, free)


def _matched(table: _Table, free: Free) -> list[Times]:
    """Match people and seats, cell for cell. People who could fill the same seats are alike: their number matters."""
    alike = list(table)
    length = max((free[person].bit_length() + 7) // 8 for people in table.values() for person in people)
    counts = [
        sum(_at_least([free[person] for person in people], len(places))).to_bytes(length, "little")
        for places, people in table.items()
    ]
    seats = {n for places in alike for n in places}
    known: dict[tuple[int, ...], int] = {}
    most = bytearray(length)
    for cell, present in enumerate(zip(*counts, strict=True)):
        if present not in known:
            people = [(kind, nth) for kind, number in enumerate(present) for nth in range(number)]
            known[present] = len(seat(people, lambda one: alike[one[0]], seats))
        most[cell] = known[present]
    return [
        int.from_bytes(most.translate(bytes(number > level for number in range(256))), "little")
        for level in range(len(seats))
    ]


def _at_least(times: Sequence[Times], most: int | None = None) -> list[Times]:
    """Say where at least one of them holds, where two, and so on up to `most`."""
    levels = [0] * (len(times) if most is None else most)
    for one in times:
        for level in range(len(levels) - 1, 0, -1):
            levels[level] |= levels[level - 1] & one
        if levels:
            levels[0] |= one
    return levels


def _liking(search: Search, cells: _Cells, able: Free, fitting: Iterable[int]) -> dict[int, int]:
    """Count for each start what speaks for it: seats filled by people whom it suits, and by those they are meant for.

    Empty where nothing speaks for one start rather than for another.
    """
    meant = {one.person for one in search.seats if one.person in one.people and len(one.people) > 1 and one.person}
    reluctant = [diary for diary in search.diaries if diary.reluctant]
    if not meant and not reluctant and all(one.counts for one in search.seats):
        return {}
    glad = {**able, **{diary.person: cells.able(diary, reluctant=False) for diary in reluctant}}
    liked = sum(_filled(search.seats, glad)) + sum(glad[person] for person in meant)
    return cells.read(liked, fitting)


# --- who or what is in the way ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Party:
    """Seats that count and that the same people could fill."""

    seats: tuple[OpenSeat, ...]

    @property
    def people(self) -> tuple[str, ...]:
        return self.seats[0].people

    def can(self, free: Free) -> Times:
        """Say when all of these seats could be filled, whatever the others do."""
        return _at_least(_filled(self.seats, free), len(self.seats))[-1]


def _bottleneck(search: Search) -> Bottleneck:
    """Loosen one thing at a time, and see what lets something through."""
    if search.window[1] - search.window[0] < search.minutes:
        return Bottleneck(what=What.NOTICE)
    if search.availability is not None:
        otherwise = find(replace(search, availability=None))
        return otherwise if isinstance(otherwise, Bottleneck) else Bottleneck(what=What.AVAILABILITY)
    return _Inquest(search).verdict()


class _Inquest:
    """Why a search found nothing, though there was room for a session."""

    def __init__(self, search: Search) -> None:
        self._counting, self._quorum = _counting(search), search.quorum
        alike: defaultdict[tuple[str, ...], list[OpenSeat]] = defaultdict(list)
        for one in self._counting:
            alike[one.people or (one.person or one.pool or "",)].append(one)
        self._parties = [_Party(tuple(seats)) for seats in alike.values()]
        cells = _Cells.of(search)
        self._any_time = cells.on_grid
        self._awake = reduce(or_, (cells.within(hours) for hours in search.hours), 0)
        self._works = {one.person: cells.able(one, busy=False, full=False) for one in search.diaries}
        self._unbusy = {one.person: cells.able(one, full=False) for one in search.diaries}
        self._able = {one.person: cells.able(one) for one in search.diaries}

    def verdict(self) -> Bottleneck:
        if not self._enough(dict.fromkeys(self._able, 1), 1):
            lacking = [one for one in self._parties if not one.can(dict.fromkeys(self._able, 1))]
            return _blame(What.NOBODY, lacking or self._parties)
        if not self._enough(self._works, self._awake):
            return self._hours()
        if self._enough(self._able, self._awake):
            return Bottleneck(what=What.AVOIDED)
        if self._enough(self._unbusy, self._awake):
            laden = [one for one in self._parties if any(self._able[p] != self._unbusy[p] for p in one.people)]
            return _blame(What.LOAD, self._in_the_way(self._unbusy) or laden)
        taken = [one for one in self._parties if not one.can(self._able) & self._awake]
        return _blame(What.BUSY, taken or self._in_the_way(self._works) or self._parties)

    def _hours(self) -> Bottleneck:
        idle = [one for one in self._parties if not one.can(self._works) & self._any_time]
        if len(idle) == len(self._parties):
            return Bottleneck(what=What.HORIZON)
        if idle:
            return _blame(What.WORKING_HOURS, idle)
        at_night = [one for one in self._parties if not one.can(self._works) & self._awake]
        if at_night or self._enough(self._works, self._any_time):
            return _blame(What.CANDIDATE_HOURS, at_night or self._parties)
        apart = [
            one for one in self._parties if self._without(one, self._works, dict.fromkeys(one.people, self._awake))
        ]
        return _blame(What.WORKING_HOURS, apart or self._parties)

    def _in_the_way(self, lifted: Free) -> list[_Party]:
        """Find those who would let most starts through, if they alone were as free as this."""
        gain = [self._without(one, self._able, lifted) for one in self._parties]
        best = max(gain)
        return [self._parties[gain.index(best)]] if best else []

    def _without(self, party: _Party, free: Free, lifted: Free) -> int:
        return self._enough({**free, **{person: lifted[person] for person in party.people}}, self._awake).bit_count()

    def _enough(self, free: Free, times: Times) -> Times:
        most = max(self._quorum, len(self._counting))
        return _at_least(_filled(self._counting, free), most)[self._quorum - 1] & times


def _blame(what: What, parties: Iterable[_Party]) -> Bottleneck:
    seats = [party.seats[0] for party in parties]
    return Bottleneck(
        what=what,
        people=tuple(one.person for one in seats if one.person and not one.pool),
        pools=tuple(dict.fromkeys(one.pool for one in seats if one.pool)),
    )


# --- local time ------------------------------------------------------------------------------------------------------


def _stretches(offsets: Offsets, span: Span) -> Iterator[tuple[Span, int]]:
    """Cut a span where the offset changes."""
    changes = [since for since, _ in offsets[1:]]
    edges = zip([span[0], *changes], [*changes, span[1]], offsets, strict=True)
    for since, until, (_, minutes) in edges:
        start, end = max(since, span[0]), min(until, span[1])
        if start < end:
            yield (start, end), minutes


def _offset(at: int, offsets: Offsets) -> int:
    return offsets[max(0, bisect_right(offsets, (at, DAY)) - 1)][1]


def _part_of_day(minute: int) -> int:
    return (minute >= _NOON) + (minute >= _EVENING)


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
