"""Four who book the same hour of the same person at once, on a real calendar server: what keeps them apart."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from activities.calendar import Calendar
from adapters.sql.ledger import SqlLedger
from demo.calendar_server import CalendarServer
from tests.adapters.database import Database
from tests.adapters.grace import GRACE, HOUR, NINE, event, on_radicale

RACES, BOOKERS = 25, 4
A_DAY = timedelta(days=1)

Booker = Callable[[Calendar, str, int], Awaitable[None]]


async def raced(server: CalendarServer, name: str, book: Booker) -> Counter[int]:
    """Count the races by how many events each ended with. Each race is about an hour of its own."""
    async with on_radicale(server, name) as grace:
        for race in range(RACES):
            await asyncio.gather(*(book(grace.calendar, f"r{race}b{booker}", race) for booker in range(BOOKERS)))
        ours = await grace.calendar.ours(GRACE, NINE, NINE + RACES * A_DAY)
    booked = Counter(one.start for one in ours)
    return Counter(booked[NINE + race * A_DAY] for race in range(RACES))


async def _write(calendar: Calendar, interview: str, race: int) -> None:
    await calendar.ensure(GRACE, event(NINE + race * A_DAY, uid=f"{interview}.p0"), interview, None)


@pytest.mark.slow
async def test_to_look_and_then_to_write_books_twice(radicale: CalendarServer, request: pytest.FixtureRequest) -> None:
    """Why there is a ledger: with this every race would be lost."""
    looked = [asyncio.Barrier(BOOKERS) for _ in range(RACES)]

    async def naive(calendar: Calendar, interview: str, race: int) -> None:
        start = NINE + race * A_DAY
        free = not await calendar.busy(GRACE, start, start + HOUR)
        await looked[race].wait()  # the network decides who is faster; here all are
        if free:
            await _write(calendar, interview, race)

    assert await raced(radicale, request.node.name, naive) == {BOOKERS: RACES}


@pytest.mark.slow
async def test_who_claims_in_the_ledger_first_books_once(
    radicale: CalendarServer, sqlite: Database, request: pytest.FixtureRequest
) -> None:
    ledger = SqlLedger(sqlite.engine)

    async def by_ledger(calendar: Calendar, interview: str, race: int) -> None:
        start = NINE + race * A_DAY
        taken = await ledger.claim(
            key=f"{interview}/claim/1.0",
            interview=interview,
            people=[GRACE],
            start=start,
            end=start + HOUR,
            minutes=60,
            replaces=None,
            now=NINE - A_DAY,
        )
        if not taken and not await calendar.busy(GRACE, start, start + HOUR):
            await _write(calendar, interview, race)

    assert await raced(radicale, request.node.name, by_ledger) == {1: RACES}
