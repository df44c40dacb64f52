import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from adapters.sql.ledger import SqlLedger
from demo.postgres_server import PostgresServer
from entrevue.contract import Receipt
from entrevue.values import Code, Status
from tests.adapters.database import Database, postgresql_database, sqlite_database
from tests.workflows.stage import PEOPLE, Running, Stage, eventually, staged

AT_ONCE = 10
"""Commands under way at the same time: a server and a worker on two cores answer so many well within their limits."""

LOOKING = 2
"""Interviews looked at again and again at the same time: more looks would only slow down what they wait for."""

COLLEAGUES = tuple(person.id for person in PEOPLE if person.id != "grace")


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    async with sqlite_database(tmp_path) as database:
        yield database


@pytest.fixture
async def postgresql(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    async with postgresql_database(postgres_server) as database:
        yield database


@pytest.fixture(params=[pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    chosen: Database = request.getfixturevalue(request.param)
    return chosen


@dataclass
class Race:
    """Many interviews want the same hour of the same people."""

    interviews: Sequence[Running]
    slot: datetime
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    look: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOOKING))
    answers: Counter[str] = field(default_factory=Counter)
    won: list[str] = field(default_factory=list)

    async def ready(self) -> None:
        await asyncio.gather(*(self._is_ready(one) for one in self.interviews))

    async def run(self) -> None:
        """Everyone is offered the hour, and everyone chooses it."""
        open_still = [one for one in self.interviews if one.handle.id not in self.won]
        await asyncio.gather(*(self._offered(one) for one in open_still))
        await asyncio.gather(*(self._chosen(one) for one in open_still))

    async def losers_have_fresh_slots(self) -> None:
        losers = [one for one in self.interviews if one.handle.id not in self.won]
        await asyncio.gather(*(self._has_fresh_slots(one) for one in losers))

    async def _is_ready(self, interview: Running) -> None:
        async with self.look:
            await eventually(interview.view, lambda view: view.status is Status.AWAITING_CANDIDATE, seconds=300)

    async def _offered(self, interview: Running) -> None:
        async with self.turn:
            await _answered(interview, "offer_slots", by="coordinator", slots=[self.slot.isoformat()])

    async def _chosen(self, interview: Running) -> None:
        async with self.turn:
            try:
                receipt = await _answered(interview, "choose_slot", by="candidate", start=self.slot.isoformat())
            except WorkflowUpdateFailedError as failed:
                code = failed.cause.type if isinstance(failed.cause, ApplicationError) else repr(failed.cause)
                self.answers[str(code)] += 1
            else:
                self.answers[receipt.status] += 1
                self.won.append(interview.handle.id)

    async def _has_fresh_slots(self, interview: Running) -> None:
        async with self.look:
            view = await eventually(interview.view, lambda view: bool(view.offered), seconds=300)
        assert view.status is Status.AWAITING_CANDIDATE
        assert self.slot not in [slot.start for slot in view.offered]


async def _answered(interview: Running, kind: str, **fields: object) -> Receipt:
    """Send a command, and again with the same key while a busy server is silent, as clients are told to do."""
    key = uuid.uuid4().hex
    while True:
        try:
            return await interview.send(kind, fields, key=key)
        except (WorkflowUpdateRPCTimeoutOrCancelledError, RPCError):
            continue


async def raced(stage: Stage, *, interviews: int, rounds: int, panels: Sequence[Sequence[str]]) -> Race:
    """Let every interview try for the same hour in every round, until all have had their answer."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def started(number: int) -> Running:
        async with turn:
            return await stage.start(interviewers=list(panels[number % len(panels)]))

    running = await asyncio.gather(*(started(number) for number in range(interviews)))
    day = (await running[0].now() + timedelta(days=30)).date()
    race = Race(running, datetime.combine(day, time(10), UTC))
    await race.ready()
    for _ in range(rounds):
        await race.run()
        await race.losers_have_fresh_slots()
    return race


@pytest.mark.slow
@pytest.mark.parametrize("panel", ["one interviewer", "panels that share one person"])
async def test_a_thousand_bookings_of_one_slot_have_one_winner(
    server: WorkflowEnvironment, database: Database, panel: str
) -> None:
    panels = [["grace"]] if panel == "one interviewer" else [["grace", one] for one in COLLEAGUES]
    async with staged(server, ledger=SqlLedger(database.engine)) as stage:
        race = await raced(stage, interviews=126, rounds=8, panels=panels)

        assert race.answers == {Status.SCHEDULED: 1, Code.SLOT_UNAVAILABLE: 1000}
        await _one_claim_stands(stage, race)


async def test_a_few_bookings_of_one_slot_have_one_winner(server: WorkflowEnvironment, database: Database) -> None:
    panels = [["grace"], *(["grace", one] for one in COLLEAGUES)]
    async with staged(server, ledger=SqlLedger(database.engine)) as stage:
        race = await raced(stage, interviews=12, rounds=1, panels=panels)

        assert race.answers == {Status.SCHEDULED: 1, Code.SLOT_UNAVAILABLE: 11}
        await _one_claim_stands(stage, race)


async def _one_claim_stands(stage: Stage, race: Race) -> None:
    """Ask the ledger itself who has the hour: the winner's whole panel, and nobody else anything."""
    (winner,) = race.won
    people = [person.id for person in PEOPLE]
    held = await stage.ledger.busy(people, race.slot, race.slot + timedelta(hours=1), race.slot - timedelta(days=30))
    view = await next(one for one in race.interviews if one.handle.id == winner).view()
    assert view.slot is not None
    assert view.slot.start == race.slot
    assert {f"interview/{one.interview}" for one in held} == {winner}
    assert len(held) == sum(one.who != "candidate" for one in view.people)
