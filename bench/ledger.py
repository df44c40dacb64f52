"""Measure the ledger on both databases: claims a second, and how long many take that all want the same hour."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.sql.database import open_database
from adapters.sql.ledger import SqlLedger
from adapters.sql.migrations import migrate
from bench.figures import Figure
from demo.postgres_server import postgres_server

NOW = datetime(2026, 12, 1, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLAIMS, TASKS, RIVALS, ROUNDS = 300, 16, 200, 3
GOALS = {"SQLite": (200, 1000), "PostgreSQL": (200, 1000)}
"""Claims a second, and milliseconds until all rivals have their answer."""


async def measure() -> list[Figure]:
    """Both databases keep what they acknowledge, a power cut included."""
    figures = []
    async with _urls() as urls:
        for name, url in urls.items():
            await migrate(url)
            engine = open_database(url)
            ledger = SqlLedger(engine)
            await _claims_a_second(ledger, "warming", TASKS)
            speed = [await _claims_a_second(ledger, f"round{n}", CLAIMS) for n in range(ROUNDS)]
            rivalry = [await _milliseconds_of_rivalry(ledger, f"round{n}") for n in range(ROUNDS)]
            await engine.dispose()
            claims_goal, rivalry_goal = GOALS[name]
            figures += [
                Figure(f"ledger claims by {TASKS} tasks, {name}", statistics.median(speed), claims_goal, "/s"),
                Figure(f"{RIVALS} claims of one slot at once, {name}", statistics.median(rivalry), rivalry_goal),
            ]
    return figures


@asynccontextmanager
async def _urls() -> AsyncIterator[dict[str, str]]:
    with TemporaryDirectory() as folder:
        async with postgres_server(durable=True) as server:
            yield {
                "SQLite": f"sqlite+aiosqlite:///{Path(folder) / 'entrevue.db'}",
                "PostgreSQL": await server.create("bench"),
            }


async def _claims_a_second(ledger: SqlLedger, name: str, claims: int) -> float:
    """Nobody is in anybody's way: panels of two, each claimed once."""
    numbers = iter(range(claims))  # shared: whoever is free takes the next one

    async def task() -> None:
        for n in numbers:
            if await _claim(ledger, f"{name}-{n}", [f"{name}-{n}-a", f"{name}-{n}-b"]):
                raise RuntimeError("a free hour was refused")

    began = time.perf_counter()
    await asyncio.gather(*(task() for _ in range(TASKS)))
    return claims / (time.perf_counter() - began)


async def _milliseconds_of_rivalry(ledger: SqlLedger, person: str) -> float:
    began = time.perf_counter()
    refused = await asyncio.gather(*(_claim(ledger, f"{person}-rival{n}", [person]) for n in range(RIVALS)))
    took = (time.perf_counter() - began) * 1000
    if sum(not people for people in refused) != 1:
        raise RuntimeError("one hour must have one winner")
    return took


async def _claim(ledger: SqlLedger, interview: str, people: list[str]) -> frozenset[str]:
    return await ledger.claim(
        key=f"{interview}/claim/all/1.1",
        interview=interview,
        people=people,
        start=NOW + HOUR,
        end=NOW + 2 * HOUR,
        minutes=60,
        replaces=None,
        now=NOW,
    )
