"""Search people's true free time for a few slots to offer: working hours, less calendars, less other interviews."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from temporalio import activity

from activities.calendar import Busy, Calendar
from activities.ledger import Claimed, Ledger
from activities.people import Directory, OrganisationEntry, PersonEntry, candidate_clock
from activities.seats import (
    AHEAD,
    EPOCH,
    MINUTE,
    RECENT,
    Hours,
    Panel,
    Readings,
    around,
    is_own,
    least_first,
    minute,
    minute_by,
    offsets,
    too_much,
)
from entrevue.civil import local
from entrevue.orders import FindSlots, SlotsFound
from entrevue.slots import (
    BEARABLE,
    WELCOME,
    Bottleneck,
    Diary,
    OpenSeat,
    Search,
    Span,
    What,
    civil,
    find,
    merged,
)
from entrevue.values import PersonId, Slot

_AT_A_TIME, _AT_MOST = 60, 180
"""People of a pool whose calendars are read: so many, and as many again where those give nothing."""


class FreeTimeActivities:
    def __init__(self, directory: Directory, calendar: Calendar, ledger: Ledger) -> None:
        self._directory = directory
        self._calendar = calendar
        self._ledger = ledger

    @activity.defn(name="find_slots")
    async def find_slots(self, order: FindSlots) -> SlotsFound:
        """Find starts at which the seats can be filled; a slot lies within [earliest, latest) from beginning to end.

        That there are none is an answer, with its reason. A calendar that cannot be read is never free time: it is
        trouble where nobody can stand in for its owner, and otherwise they are left out. Calendars are read eight at
        once; of a pool those sixty people are looked at who have the least to do, and where they give nothing the next
        sixty, 180 at most.
        """
        if order.latest - order.earliest < order.minutes * MINUTE:
            return _nothing(order, Bottleneck(what=What.NOTICE).sentence)
        organisation = await self._directory.organisation()
        panel = await Panel.of(self._directory, order)
        if panel.unknown:
            gone = ", ".join(panel.unknown)
            return _nothing(order, f"Not in the directory: {gone}. Enter them there, or ask somebody else.")
        claims = await self._ledger.busy(panel.members, order.now - RECENT, order.now + AHEAD, order.now)
        ranked = least_first(panel, _others(claims, order), order)
        readings = Readings()
        most = _AT_A_TIME
        while True:
            near = _near(panel, ranked, most)
            await self._read(order, near, readings)
            found = await self._search(order, organisation, near.only(readings.busy), readings)
            if isinstance(found, SlotsFound):
                return found
            if most >= _AT_MOST or len(near.people) == len(panel.people):
                break
            most += _AT_A_TIME
        if readings.troubles and near.can_be_filled and not near.only(readings.busy).can_be_filled:
            readings.raise_trouble()
        return _nothing(order, found.sentence + _not_looked_at(panel, near, readings))

    async def _read(self, order: FindSlots, panel: Panel, readings: Readings) -> None:
        """Read the calendars that were not read yet, as wide as the buffers reach."""
        start, end = order.earliest - order.buffer_before * MINUTE, order.latest + order.buffer_after * MINUTE
        fresh = [one for one in panel.people.values() if not readings.tried(one.id)]
        await readings.add(self._calendar, fresh, start, end, panel.needed)

    async def _search(
        self, order: FindSlots, organisation: OrganisationEntry, panel: Panel, readings: Readings
    ) -> SlotsFound | Bottleneck:
        """Ask the ledger after the calendars: its word is newer."""
        claims = await self._ledger.busy(list(panel.people), *around(_window(order)), order.now)
        return await asyncio.to_thread(_answer, order, organisation, panel, readings, claims)


def _near(panel: Panel, ranked: Sequence[PersonId], most: int) -> Panel:
    """Leave of each pool only those who have the least to do."""
    found = set(panel.named)
    for one in panel.chairs:
        members = set(one.members)
        found.update([person for person in ranked if person in members][:most])
    return panel.only(found)


def _others(claims: Iterable[Claimed], order: FindSlots) -> list[Claimed]:
    """Leave out what the interview itself holds, and would give up."""
    return [one for one in claims if not is_own(one, order.replaces, order)]


def _answer(
    order: FindSlots,
    organisation: OrganisationEntry,
    panel: Panel,
    readings: Readings,
    claims: Sequence[Claimed],
) -> SlotsFound | Bottleneck:
    window = _window(order)
    clock = candidate_clock(order.candidate_zone, organisation, *around(window))
    table = offsets(clock)
    theirs: defaultdict[PersonId, list[Claimed]] = defaultdict(list)
    replaced = [one for one in claims if is_own(one, order.replaces, order)]
    for claim in _others(claims, order):
        theirs[claim.person].append(claim)

    def diary(person: PersonEntry) -> Diary:
        hours = Hours.of(person, organisation, window)
        stands = readings.in_the_way(person, order, replaced)
        busy = [_span(one) for one in stands if not _own_event(one, order)]
        return Diary(
            person=person.id,
            working=hours.working,
            busy=busy + [_span(one) for one in theirs[person.id]],
            full=too_much(hours, theirs[person.id], window, order.minutes, order),
            reluctant=hours.reluctant,
        )

    search = Search(
        interview=order.interview,
        seats=tuple(
            OpenSeat(people=one.people, person=one.person or one.named, pool=one.pool, counts=one.counts)
            for one in panel.chairs
        ),
        quorum=order.quorum,
        diaries=tuple(diary(person) for person in panel.people.values()),
        window=window,
        hours=(civil(WELCOME, table, window), civil(BEARABLE, table, window)),
        availability=merged((minute_by(one.start), minute(one.end)) for one in order.windows)
        if order.windows
        else None,
        offsets=table,
        minutes=order.minutes,
        grid=order.grid,
        count=order.count,
        before=order.buffer_before,
        after=order.buffer_after,
        avoid=frozenset(minute(start) for start in order.avoid),
    )
    found = find(search)
    if isinstance(found, Bottleneck):
        return found
    begins = (EPOCH + start * MINUTE for start in found)
    slots = (Slot(start=at, minutes=order.minutes, zone=clock.zone, wall=local(at, clock)) for at in begins)
    return SlotsFound(key=order.key, slots=tuple(slots))


def _window(order: FindSlots) -> Span:
    return minute_by(order.earliest), minute(order.latest)


def _own_event(busy: Busy, order: FindSlots) -> bool:
    """An interview that is being moved does not stand in its own way."""
    return order.replaces is not None and busy.interview == order.interview


def _span(taken: Busy | Claimed) -> Span:
    """A minute that is taken in part is taken."""
    return minute(taken.start), minute_by(taken.end)


def _nothing(order: FindSlots, why: str) -> SlotsFound:
    return SlotsFound(key=order.key, slots=(), why=why)


def _not_looked_at(panel: Panel, near: Panel, readings: Readings) -> str:
    """Say where the reason may be incomplete."""
    unread = f" Their calendars could not be read: {', '.join(sorted(readings.troubles))}." if readings.troubles else ""
    if len(near.people) == len(panel.people):
        return unread
    return f"{unread} Of the pools only those {_AT_MOST} people were looked at who have the least to do."
