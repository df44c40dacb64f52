"""Claim people's time in the ledger, seat by seat, look at their calendars once more, and give it back."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import activity

from activities.calendar import Calendar
from activities.ledger import Claimed, Ledger
from activities.people import Directory, OrganisationEntry, staff_clock
from activities.seats import (
    AHEAD,
    RECENT,
    Choice,
    Panel,
    Readings,
    around,
    lot,
    minute,
    minute_by,
    taken,
)
from entrevue.orders import ClaimTime, ReleaseTime, Seated, TimeClaimed, TimeReleased, TimeTaken
from entrevue.values import PersonId

LOOK_BACK = timedelta(days=60)
"""How far into the past the clock of somebody seated reaches, as after any look-up of people."""

_TRIES = 20
"""Choices tried by one attempt. Calendars of a pool are read eight at once, so that is more than a hundred people."""


class ClaimingActivities:
    def __init__(self, ledger: Ledger, calendar: Calendar, directory: Directory) -> None:
        self._ledger = ledger
        self._calendar = calendar
        self._directory = directory

    @activity.defn(name="claim_time")
    async def claim_time(self, order: ClaimTime) -> TimeClaimed | TimeTaken:
        """Take everybody's time, or nobody's. The ledger comes first: checking and then claiming books twice.

        While the claim stands, calendars and load are looked at as they are now. Whoever turns out to be taken gives
        way to somebody else of their pool, or is left out where their seat doesn't count or the quorum allows it;
        otherwise everybody is given back, and the key with them. Two claims that together are too much for a person
        both see it, and both give way.

        Who sits where follows from whose time is held (`_seated`): so a repetition finds it again, and a claim that
        is confirmed or prolonged keeps its people without another look. A calendar that fails leaves the claim
        standing, for the next attempt or for the release that is owed. It is trouble for those in whose place nobody
        can sit; others cannot come, then.
        """
        organisation = await self._directory.organisation()
        panel = await Panel.of(self._directory, order)
        held = await self._ledger.held(order.claim)
        people, standing = _held_before(order, panel, held), bool(held)
        settled = bool(people) and held[0].hold_until != order.hold_until
        readings, denied = Readings(), frozenset[PersonId]()
        for _ in range(_TRIES):
            if not people:
                choice = Choice(order, organisation, panel, await self._claims(order, panel), readings)
                people = await asyncio.to_thread(choice.people)
                if not people:
                    return await self._give_way(order, choice, readings, standing=standing)
                if readings.busy and (unread := choice.unread(people)):
                    await self._look(order, panel, unread, readings)
                    people = ()
                    continue
            if refused := await self._take(order, people):
                if refused <= denied:  # free by the ledger's own word, and refused all the same
                    return TimeTaken(key=order.key, by="interview")
                people, standing, settled, denied = (), False, False, refused
                continue
            standing = True
            if settled or not await self._in_doubt(order, organisation, panel.only(people), readings):
                return await asyncio.to_thread(_claimed, order, organisation, panel, people)
            people = ()
        await self._ledger.release(key=order.claim, now=order.now)
        return TimeTaken(key=order.key, by="nobody")

    @activity.defn(name="release_time")
    async def release_time(self, order: ReleaseTime) -> TimeReleased:
        await self._ledger.release(key=order.claim, now=order.now)
        return TimeReleased(key=order.key)

    async def _take(self, order: ClaimTime, people: Sequence[PersonId]) -> frozenset[PersonId]:
        start, end = taken(order)
        return await self._ledger.claim(
            key=order.claim,
            interview=order.interview,
            people=people,
            start=start,
            end=end,
            minutes=order.slot.minutes,
            replaces=order.replaces,
            now=order.now,
            hold_until=order.hold_until,
        )

    async def _in_doubt(
        self, order: ClaimTime, organisation: OrganisationEntry, panel: Panel, readings: Readings
    ) -> bool:
        """Look again at those whose time we hold, and say whether anything but their hours stands in the way."""
        await self._look(order, panel, tuple(panel.people), readings)
        choice = Choice(order, organisation, panel, await self._claims(order, panel), readings)
        return await asyncio.to_thread(lambda: any(choice.obstacles(person) - {"off"} for person in panel.people))

    async def _look(self, order: ClaimTime, panel: Panel, people: Sequence[PersonId], readings: Readings) -> None:
        """Interviews in calendars are left to the ledger: its word is newer than theirs."""
        await readings.add(self._calendar, [panel.people[one] for one in people], *taken(order), panel.needed)

    async def _claims(self, order: ClaimTime, panel: Panel) -> Sequence[Claimed]:
        """Give these people's interviews, as far as they matter: as an obstacle, as load, as a claim to rest."""
        start, end = around((minute(order.slot.start), minute_by(order.slot.end)))
        since, until = min(start, order.now - RECENT), max(end, order.now + AHEAD)
        return await self._ledger.busy(list(panel.people), since, until, order.now)

    async def _give_way(self, order: ClaimTime, choice: Choice, readings: Readings, *, standing: bool) -> TimeTaken:
        if await asyncio.to_thread(choice.hangs_on_calendars):
            readings.raise_trouble()
        if standing:
            await self._ledger.release(key=order.claim, now=order.now)
        return await asyncio.to_thread(choice.refusal)


def _held_before(order: ClaimTime, panel: Panel, held: Sequence[Claimed]) -> tuple[PersonId, ...]:
    """Give those whose time is held, where it is the order's time, and they can fill its seats."""
    if any((one.interview, one.start, one.end) != (order.interview, *taken(order)) for one in held):
        return ()
    people = tuple(one.person for one in held)
    seated = _seated(order, panel, people)
    return people if panel.enough(seated) and len(seated) == len(people) else ()


def _seated(order: ClaimTime, panel: Panel, people: Sequence[PersonId]) -> dict[int, PersonId]:
    """Say who sits where, by nothing but who they are: people whom a seat names sit there, the others draw lots.

    Seats that count are filled first, and of those that the same people could fill, the one with the lower number.
    """
    drawn = sorted(set(people) & panel.people.keys(), key=lambda one: lot(order.interview, one))
    return panel.fill(drawn, lambda _: True)


def _claimed(
    order: ClaimTime, organisation: OrganisationEntry, panel: Panel, people: Sequence[PersonId]
) -> TimeClaimed:
    seated = _seated(order, panel, people)
    return TimeClaimed(
        key=order.key,
        seated=tuple(
            Seated(
                seat=n,
                person=entry.id,
                name=entry.name,
                email=entry.email,
                has_calendar=entry.written,
                clock=staff_clock(entry, organisation, order.now - LOOK_BACK, order.now + AHEAD),
            )
            for n, entry in sorted((n, panel.people[person]) for n, person in seated.items())
        ),
    )
