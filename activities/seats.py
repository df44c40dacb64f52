"""Who could fill the seats of an order: by the directory, their hours, what they have to do, and their calendars."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from hashlib import sha256
from itertools import islice
from typing import Literal

import holidays

from activities.calendar import Busy, Calendar, CalendarRefused, CalendarUnavailable, calendar_trouble
from activities.ledger import Claimed
from activities.people import Directory, OrganisationEntry, PersonEntry, Place, staff_clock
from entrevue.civil import Clock
from entrevue.orders import ClaimTime, FindSlots, Seating, TimeTaken
from entrevue.seating import seat
from entrevue.slots import Offsets, Span, civil, overfull, whole_days
from entrevue.values import InterviewId, PersonId, PoolName

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

RECENT, AHEAD = timedelta(days=28), timedelta(days=400)
"""What counts when seats of a pool are given to those who have the least to do."""

AT_ONCE = 8
"""Calendars read at the same time, by one activity."""

_USUAL_TARGET = 3
"""Interviews a week, of those for whom the directory says nothing."""

_A_WEEK_AND_A_DAY = timedelta(days=8)
"""On both sides of a window, so that every week it touches is seen whole."""

# --- seats -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Chair:
    """One seat, with the directory ids of those who could fill it."""

    n: int
    counts: bool
    named: PersonId | None
    """Whom the order wants there, as it names them."""
    person: PersonId | None
    """The same by their id; None: the directory doesn't know them, or they must not be seated."""
    pool: PoolName | None
    members: tuple[PersonId, ...]
    """Those of the pool who could sit here: nobody who is excluded, or named for any seat of the order."""

    @property
    def people(self) -> tuple[PersonId, ...]:
        return self.members if self.person is None else (self.person, *self.members)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """The seats of an order, and everybody who could fill one."""

    chairs: tuple[Chair, ...]
    quorum: int
    people: Mapping[PersonId, PersonEntry]
    unknown: tuple[PersonId, ...] = ()
    """Whom the order names for seats that count, without a pool, and the directory doesn't know."""

    @classmethod
    async def of(cls, directory: Directory, order: Seating) -> "Panel":
        named = {one.person: await directory.person(one.person) for one in order.seats if one.person is not None}
        pools = {one.pool: await directory.pool(one.pool) for one in order.seats if one.pool is not None}
        excluded = {one.lower() if "@" in one else one for one in order.excluded}
        elsewhere = {entry.id for entry in named.values() if entry is not None}
        entries = (*named.values(), *(entry for pool in pools.values() for entry in pool))
        people = {
            entry.id: entry for entry in entries if entry and excluded.isdisjoint((entry.id, entry.email.lower()))
        }

        def person(name: PersonId | None) -> PersonId | None:
            entry = named[name] if name is not None else None
            return entry.id if entry and entry.id in people else None

        def members(pool: PoolName | None) -> tuple[PersonId, ...]:
            found = (entry.id for entry in pools[pool]) if pool is not None else ()
            return tuple(one for one in found if one in people and one not in elsewhere)

        chairs = tuple(
            Chair(
                n=one.seat,
                counts=one.counts,
                named=one.person,
                person=person(one.person),
                pool=one.pool,
                members=members(one.pool),
            )
            for one in order.seats
        )
        unknown = (
            one.person
            for one in order.seats
            if one.counts and one.pool is None and one.person and not named[one.person]
        )
        return cls(chairs=chairs, quorum=order.quorum, people=people, unknown=tuple(unknown))

    def only(self, people: Collection[PersonId]) -> "Panel":
        """Give the same seats for these people alone."""
        chairs = tuple(
            replace(
                one,
                person=one.person if one.person in people else None,
                members=tuple(person for person in one.members if person in people),
            )
            for one in self.chairs
        )
        return replace(self, chairs=chairs, people={name: one for name, one in self.people.items() if name in people})

    @cached_property
    def named(self) -> tuple[PersonId, ...]:
        return tuple(dict.fromkeys(one.person for one in self.chairs if one.person is not None))

    @cached_property
    def members(self) -> tuple[PersonId, ...]:
        """Whoever could fill the seat of a pool."""
        return tuple(dict.fromkeys(person for one in self.chairs for person in one.members))

    @cached_property
    def needed(self) -> frozenset[PersonId]:
        """For whom nobody can stand in, where all seats that count are to be filled."""
        return frozenset(one.person for one in self.chairs if one.counts and one.person and one.pool is None)

    def fill(self, people: Sequence[PersonId], can: Callable[[PersonId], bool]) -> dict[int, PersonId]:
        """Give seats to as many as can be: seats that count before others, people who come first before others.

        Nobody is asked whether they can once the seats are taken.
        """
        counting = {one.n for one in self.chairs if one.counts}
        first = seat(filter(can, people), self._fits, counting)
        seated = set(first.values())
        rest = (one for one in people if one not in seated and can(one))
        return seat(rest, self._fits, {one.n for one in self.chairs}, first)

    @property
    def can_be_filled(self) -> bool:
        """There are enough people, if all of them were free."""
        return self.enough(self.fill((*self.named, *self.members), lambda _: True))

    def enough(self, filled: Collection[int]) -> bool:
        return sum(one.counts and one.n in filled for one in self.chairs) >= self.quorum

    def _fits(self, person: PersonId) -> tuple[int, ...]:
        return self._could.get(person, ())

    @cached_property
    def _could(self) -> Mapping[PersonId, tuple[int, ...]]:
        found: dict[PersonId, tuple[int, ...]] = {}
        for one in self.chairs:
            for person in one.people:
                found[person] = (*found.get(person, ()), one.n)
        return found


def lot(interview: InterviewId, person: PersonId) -> bytes:
    """Draw between people who are equally suited: the same each time, and no favour to the alphabet."""
    return sha256(f"{interview}/{person}".encode()).digest()


# --- what they have to do --------------------------------------------------------------------------------------------


def least_first(panel: Panel, claims: Iterable[Claimed], order: Seating) -> tuple[PersonId, ...]:
    """Order those who could fill a pool's seat by what they have to do, measured by how much they want to do.

    That is minutes of interviews in the last 28 days and booked ahead, over interviews a week. Whose target is none at
    all comes last. `claims` reach from 28 days back to the farthest ahead, without those that the order replaces.
    """
    minutes = dict.fromkeys(panel.members, 0)
    for claim in claims:
        if claim.person in minutes and claim.end > order.now - RECENT:
            minutes[claim.person] += claim.minutes

    def load(person: PersonId) -> tuple[bool, float, bytes]:
        wanted = panel.people[person].weekly_target
        target = _USUAL_TARGET if wanted is None else wanted
        return target == 0, minutes[person] / (target or 1), lot(order.interview, person)

    return tuple(sorted(panel.members, key=load))


def too_much(hours: "Hours", claims: Iterable[Claimed], window: Span, minutes: int, order: Seating) -> tuple[Span, ...]:
    """Give the days and weeks in which so many minutes more would exceed the order's limits.

    `claims` are this person's, those that the order replaces left out. Each counts for the day on which its middle
    lies: that is within the interview, unless its buffers are longer than itself.
    """
    loads = ((minute(one.start + (one.end - one.start) / 2), one.minutes) for one in claims)
    return overfull(loads, hours.offsets, window, minutes=minutes, a_day=order.load_a_day, a_week=order.load_a_week)


# --- when they work --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When one person works in some window, by their own clock, without holidays of their place and closures."""

    offsets: Offsets
    """Exact from the week before to the week after."""
    working: tuple[Span, ...]
    reluctant: tuple[Span, ...]
    """Days that may be holidays: their date follows the moon, and is an estimate so far."""

    @classmethod
    def of(cls, person: PersonEntry, organisation: OrganisationEntry, window: Span) -> "Hours":
        since, until = around(window)
        clock = staff_clock(person, organisation, since, until)
        place, table = person.place or organisation.place, offsets(clock)
        years = range(since.year, until.year + 1)
        perhaps = {day for year in years for day in _estimated(place, year)} if place else set[date]()
        perhaps.difference_update(organisation.days_off)
        off = {(day - EPOCH.date()).days for day in clock.days_off if day not in perhaps}
        return cls(
            offsets=table,
            working=civil(person.week, table, window, off),
            reluctant=whole_days({(day - EPOCH.date()).days for day in perhaps}, table, window) if perhaps else (),
        )


@cache
def _estimated(place: Place, year: int) -> frozenset[date]:
    """Give holidays whose date the library marks as an estimate, and that are nothing else besides."""
    country, _, subdivision = place.partition("-")
    found = holidays.country_holidays(country, subdiv=subdivision or None, years=year)
    mark = re.search(r"\w.*\w", found.tr(getattr(found, "estimated_label", "")).replace("%s", ""))
    if mark is None:
        return frozenset()
    return frozenset(day for day in found if all(mark[0] in name for name in found.get_list(day)))


def around(window: Span) -> tuple[datetime, datetime]:
    """Give a stretch of time in which every week that the window touches is seen whole."""
    return EPOCH + window[0] * MINUTE - _A_WEEK_AND_A_DAY, EPOCH + window[1] * MINUTE + _A_WEEK_AND_A_DAY


def offsets(clock: Clock) -> Offsets:
    return tuple((minute(one.since), one.minutes) for one in clock.offsets)


def minute(at: datetime) -> int:
    return (at - EPOCH) // MINUTE


def minute_by(at: datetime) -> int:
    return -((EPOCH - at) // MINUTE)


# --- what their calendars hold ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Readings:
    """What was read in people's calendars, and whose could not be read."""

    busy: dict[PersonId, tuple[Busy, ...]] = field(default_factory=dict)
    troubles: dict[PersonId, CalendarUnavailable | CalendarRefused] = field(default_factory=dict)

    def tried(self, person: PersonId) -> bool:
        return person in self.busy or person in self.troubles

    async def add(
        self,
        calendar: Calendar,
        people: Iterable[PersonEntry],
        start: datetime,
        end: datetime,
        needed: Container[PersonId],
    ) -> None:
        """Read these people's calendars, eight at once. Who has none is free, as far as calendars go.

        Trouble with the calendar of somebody who is needed is raised as it is, and the other readings are called off.
        """
        turns = asyncio.Semaphore(AT_ONCE)

        async def read(person: PersonId) -> None:
            async with turns:
                try:
                    self.busy[person] = await calendar.busy(person, start, end)
                except (CalendarUnavailable, CalendarRefused) as trouble:
                    if person in needed:
                        raise
                    self.troubles[person] = trouble

        try:
            async with asyncio.TaskGroup() as group:
                for person in people:
                    if person.calendar is None:
                        self.busy[person.id] = ()
                    else:
                        group.create_task(read(person.id))
        except ExceptionGroup as troubles:
            with calendar_trouble(named=True):
                raise troubles.exceptions[0] from None

    def in_the_way(
        self, person: PersonEntry, order: ClaimTime | FindSlots, replaced: Iterable[Claimed]
    ) -> Iterator[Busy]:
        """Give what stands in this calendar and is not the interview that the order would move, `replaced`.

        Where we only read free/busy nobody says which of it is ours: it is that stretch for which they were invited,
        without buffers. What is merely held was never shown to anybody.
        """
        before = order.buffer_before * MINUTE
        ours = [
            (one.start + before, one.start + before + one.minutes * MINUTE)
            for one in replaced
            if one.person == person.id and one.hold_until is None and not person.written
        ]
        for one in self.busy.get(person.id, ()):
            yield from (one,) if one.interview is not None else _without(one, ours)

    def raise_trouble(self) -> None:
        """Let the order be tried again: without those whose calendars could not be read, nothing can be said."""
        with calendar_trouble(named=True):
            raise next(iter(self.troubles.values()))


def _without(busy: Busy, stretches: Iterable[tuple[datetime, datetime]]) -> list[Busy]:
    left = [(busy.start, busy.end)]
    for start, end in stretches:
        left = [rest for since, until in left for rest in ((since, min(until, start)), (max(since, end), until))]
    return [busy.model_copy(update={"start": since, "end": until}) for since, until in left if since < until]


# --- whom to seat ----------------------------------------------------------------------------------------------------


Obstacle = Literal["calendar", "unreadable", "interview", "load", "off"]
"""What stands in somebody's way; `off`: they don't work then."""


class Choice:
    """Whom to seat at the time of a claim, by what is known now: those whom seats name, then who has the least to do.

    `claims` are these people's, the claim's own time and what it replaces among them.
    """

    def __init__(
        self,
        order: ClaimTime,
        organisation: OrganisationEntry,
        panel: Panel,
        claims: Sequence[Claimed],
        readings: Readings,
    ) -> None:
        self._order, self._organisation, self._panel, self._readings = order, organisation, panel, readings
        others = [one for one in claims if not (is_own(one, order.claim, order) or is_own(one, order.replaces, order))]
        self._replaced = [one for one in claims if is_own(one, order.replaces, order)]
        self._claims: defaultdict[PersonId, list[Claimed]] = defaultdict(list)
        for claim in others:
            self._claims[claim.person].append(claim)
        self._people = (*panel.named, *least_first(panel, others, order))
        self._known: dict[PersonId, frozenset[Obstacle]] = {}

    def people(self) -> tuple[PersonId, ...]:
        """Give those to be seated; nobody where the quorum cannot be had.

        Outside their hours people are seated only where the quorum needs them, and only those whom the order names:
        a coordinator may book what no search would offer.
        """
        for despite in (frozenset[Obstacle](), frozenset[Obstacle](("off",))):
            filled = self._fill(despite)
            if self._panel.enough(filled):
                return tuple(filled.values())
        return ()

    def unread(self, chosen: Collection[PersonId]) -> tuple[PersonId, ...]:
        """Where calendars of those chosen were not read yet: theirs and those of the next in line, eight at most."""
        if all(self._readings.tried(person) for person in chosen):
            return ()
        line = (one for one in self._people if one in chosen or not (self._readings.tried(one) or self.obstacles(one)))
        return tuple(islice((one for one in line if not self._readings.tried(one)), AT_ONCE))

    def hangs_on_calendars(self) -> bool:
        """Say whether those would do whose calendars cannot be read."""
        return bool(self._readings.troubles) and self._panel.enough(self._fill(frozenset(("off", "unreadable"))))

    def refusal(self) -> TimeTaken:
        """Say why nobody can be seated, and whom to ask about it."""
        overloaded = self._fill(frozenset(("off", "load")))
        if self._panel.enough(overloaded):
            people = tuple(one for one in overloaded.values() if "load" in self.obstacles(one))
            return TimeTaken(key=self._order.key, by="load", people=people)
        for by in ("interview", "calendar"):
            if people := tuple(one for one in self._people if one in self._panel.needed and by in self.obstacles(one)):
                return TimeTaken(key=self._order.key, by=by, people=people)
        lost = (one.named for one in self._panel.chairs if one.counts and one.pool is None and one.person is None)
        return TimeTaken(key=self._order.key, by="nobody", people=tuple(one for one in lost if one is not None))

    def obstacles(self, person: PersonId) -> frozenset[Obstacle]:
        if person not in self._known:
            self._known[person] = frozenset(self._obstacles(person))
        return self._known[person]

    def _obstacles(self, person: PersonId) -> Iterator[Obstacle]:
        start, end = taken(self._order)
        window = minute(self._order.slot.start), minute_by(self._order.slot.end)
        if person in self._readings.troubles:
            yield "unreadable"
        stands = self._readings.in_the_way(self._panel.people[person], self._order, self._replaced)
        if any(one.interview is None and one.start < end and start < one.end for one in stands):
            yield "calendar"
        if any(one.start < end and start < one.end for one in self._claims[person]):
            yield "interview"
        hours = Hours.of(self._panel.people[person], self._organisation, window)
        if hours.working != (window,):
            yield "off"
        minutes = self._order.slot.minutes
        if not self._order.overload and too_much(hours, self._claims[person], window, minutes, self._order):
            yield "load"

    def _fill(self, despite: frozenset[Obstacle]) -> dict[int, PersonId]:
        """Fill the seats; of the pools nobody outside their hours."""
        named = set(self._panel.named)

        def can(person: PersonId) -> bool:
            return self.obstacles(person) <= (despite if person in named else despite - {"off"})

        return self._panel.fill(self._people, can)


def is_own(claim: Claimed, key: str | None, order: Seating) -> bool:
    """Whether it is what the order's interview has under this key."""
    return (claim.interview, claim.key) == (order.interview, key)


def taken(order: ClaimTime) -> tuple[datetime, datetime]:
    """Give the time that a claim takes, buffers included."""
    return order.slot.start - order.buffer_before * MINUTE, order.slot.end + order.buffer_after * MINUTE
