"""Search people's true free time for a few slots to offer: working hours, less calendars, less other interviews."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.calendar import Busy, Calendar, calendar_trouble
from activities.ledger import Claimed, Ledger
from activities.people import Directory, OrganisationEntry, PersonEntry, candidate_clock, staff_clock
from entrevue.civil import Clock
from entrevue.orders import FindSlots, SlotsFound
from entrevue.slots import BEARABLE, WELCOME, Bottleneck, Diary, Offsets, Search, Span, What, civil, find
from entrevue.values import PersonId, Slot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


class FreeTimeActivities:
    def __init__(self, directory: Directory, calendar: Calendar, ledger: Ledger) -> None:
        self._directory = directory
        self._calendar = calendar
        self._ledger = ledger

    @activity.defn(name="find_slots")
    async def find_slots(self, order: FindSlots) -> SlotsFound:
        """Find starts at which everybody is free; a slot lies within [earliest, latest) from beginning to end.

        That there are none is an answer, with its reason. A calendar that cannot be read is trouble, never free time.
        """
        if order.latest - order.earliest < order.minutes * _MINUTE:
            return SlotsFound(key=order.key, slots=(), why=Bottleneck(what=What.NOTICE).sentence)
        organisation = await self._directory.organisation()
        entries = {name: await self._directory.person(name) for name in order.people}
        people = [entry for entry in entries.values() if entry is not None]
        if len(people) < len(entries):
            gone = ", ".join(name for name, entry in entries.items() if entry is None)
            why = f"Not in the directory: {gone}. Enter them there, or ask somebody else."
            return SlotsFound(key=order.key, slots=(), why=why)
        busy = await self._busy(order, people)
        return await asyncio.to_thread(_answer, order, organisation, people, busy)

    async def _busy(self, order: FindSlots, people: Sequence[PersonEntry]) -> Mapping[PersonId, list[Span]]:
        """Read everybody's calendar at once, as wide as the buffers reach, and then the ledger, whose word is newer."""
        start = order.earliest - order.buffer_before * _MINUTE
        end = order.latest + order.buffer_after * _MINUTE
        with_calendar = [person.id for person in people if person.calendar is not None]
        with calendar_trouble():
            calendars = await self._calendars(with_calendar, start, end)
        claims = await self._ledger.busy([person.id for person in people], start, end, order.now)
        taken: dict[PersonId, list[Span]] = {person.id: [] for person in people}
        for person, calendar in calendars.items():
            taken[person] += [_span(one) for one in calendar if not _own_event(one, order)]
        for claim in claims:
            if claim.key != order.replaces:
                taken[claim.person].append(_span(claim))
        return taken

    async def _calendars(
        self, people: Sequence[PersonId], start: datetime, end: datetime
    ) -> Mapping[PersonId, tuple[Busy, ...]]:
        """Raise the first trouble as it is; the readings that are still under way are called off."""
        try:
            async with asyncio.TaskGroup() as group:
                readings = {person: group.create_task(self._calendar.busy(person, start, end)) for person in people}
        except ExceptionGroup as troubles:
            raise troubles.exceptions[0] from None
        return {person: reading.result() for person, reading in readings.items()}


def _own_event(busy: Busy, order: FindSlots) -> bool:
    """An interview that is being moved does not stand in its own way."""
    return order.replaces is not None and busy.interview == order.interview


def _answer(
    order: FindSlots,
    organisation: OrganisationEntry,
    people: Sequence[PersonEntry],
    busy: Mapping[PersonId, Sequence[Span]],
) -> SlotsFound:
    since, until = order.earliest - _DAY, order.latest + _DAY
    window = (_minute_by(order.earliest), _minute(order.latest))
    clock = candidate_clock(order.candidate_zone, organisation, since, until)
    offsets = _offsets(clock)
    diaries = tuple(
        _diary(person, staff_clock(person, organisation, since, until), window, busy[person.id]) for person in people
    )
    search = Search(
        interview=order.interview,
        diaries=diaries,
        window=window,
        hours=(civil(WELCOME, offsets, window), civil(BEARABLE, offsets, window)),
        offsets=offsets,
        minutes=order.minutes,
        grid=order.grid,
        count=order.count,
        before=order.buffer_before,
        after=order.buffer_after,
        avoid=frozenset(_minute(start) for start in order.avoid),
    )
    match find(search):
        case Bottleneck(sentence=why):
            return SlotsFound(key=order.key, slots=(), why=why)
        case starts:
            slots = (Slot(start=_EPOCH + start * _MINUTE, minutes=order.minutes, zone=clock.zone) for start in starts)
            return SlotsFound(key=order.key, slots=tuple(slots))


def _diary(person: PersonEntry, clock: Clock, window: Span, busy: Sequence[Span]) -> Diary:
    days_off = {(day - _EPOCH.date()).days for day in clock.days_off}
    return Diary(person=person.id, working=civil(person.week, _offsets(clock), window, days_off), busy=tuple(busy))


def _offsets(clock: Clock) -> Offsets:
    return tuple((_minute(one.since), one.minutes) for one in clock.offsets)


def _span(taken: Busy | Claimed) -> Span:
    """A minute that is taken in part is taken."""
    return _minute(taken.start), _minute_by(taken.end)


def _minute(at: datetime) -> int:
    return (at - _EPOCH) // _MINUTE


def _minute_by(at: datetime) -> int:
    return -((_EPOCH - at) // _MINUTE)
