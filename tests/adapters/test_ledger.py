"""The ledger's contract, in memory and in SQLite, and the activities on top of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from activities.ledger import Claimed, Ledger
from adapters.memory_ledger import MemoryLedger
from adapters.sql import open_database
from adapters.sql_ledger import SqlLedger
from tests.adapters.database import database_url, migrated_database

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="ledger", params=["memory", "sqlite"])
async def _ledger(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    async with migrated_database(tmp_path) as engine:
        yield SqlLedger(engine)


@pytest.fixture(name="engine")
async def _engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    async with migrated_database(tmp_path) as engine:
        yield engine


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 1, hour, minute, tzinfo=UTC)


EIGHT, TEN, ELEVEN = at(8), at(10), at(11)


async def claim(
    ledger: Ledger,
    key: str = "7f3/claim/1.0",
    *people: str,
    start: datetime = TEN,
    end: datetime = ELEVEN,
    replaces: str | None = None,
    now: datetime = EIGHT,
    hold_until: datetime | None = None,
) -> bool:
    """Claim ada's 10 to 11 for the interview that the key names, unless told otherwise."""
    return await ledger.claim(
        key=key,
        interview=key.split("/", maxsplit=1)[0],
        people=people or ("ada",),
        start=start,
        end=end,
        replaces=replaces,
        now=now,
        hold_until=hold_until,
    )


async def held(ledger: Ledger, *people: str, now: datetime = EIGHT) -> list[tuple[str, str, datetime, datetime]]:
    """Say who is taken by which key on that day, and when."""
    found = await ledger.busy(people or ("ada", "bob", "cleo"), at(0), at(23, 59), now)
    return [(one.person, one.key, one.start, one.end) for one in found]


# --- overlap ---------------------------------------------------------------------------------------------------------


async def test_time_is_claimed_once(ledger: Ledger) -> None:
    assert await claim(ledger, "7f3/claim/1.0")

    assert not await claim(ledger, "8a0/claim/1.0")
    assert await held(ledger) == [("ada", "7f3/claim/1.0", at(10), at(11))]


@pytest.mark.parametrize(
    ("start", "end"),
    [(at(9), at(10, 1)), (at(10, 59), at(12)), (at(10, 20), at(10, 40)), (at(9), at(12))],
    ids=["a minute before", "a minute after", "inside", "around"],
)
async def test_an_overlap_is_refused(ledger: Ledger, start: datetime, end: datetime) -> None:
    await claim(ledger, "7f3/claim/1.0")

    assert not await claim(ledger, "8a0/claim/1.0", start=start, end=end)


async def test_touching_ends_are_no_overlap(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")

    assert await claim(ledger, "8a0/claim/1.0", start=at(9), end=at(10))
    assert await claim(ledger, "9b1/claim/1.0", start=at(11), end=at(12))


async def test_a_microsecond_counts(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")

    assert not await claim(ledger, "8a0/claim/1.0", start=at(11) - timedelta(microseconds=1), end=at(12))


async def test_somebody_else_is_free_at_that_time(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "ada")

    assert await claim(ledger, "8a0/claim/1.0", "bob")


async def test_a_panel_is_claimed_whole_or_not_at_all(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "bob")

    assert not await claim(ledger, "8a0/claim/1.0", "ada", "bob", "cleo")
    assert await held(ledger) == [("bob", "7f3/claim/1.0", at(10), at(11))]


async def test_a_panel_takes_the_time_of_everyone_in_it(ledger: Ledger) -> None:
    assert await claim(ledger, "7f3/claim/1.0", "ada", "bob", "ada")

    assert not await claim(ledger, "8a0/claim/1.0", "ada")
    assert not await claim(ledger, "8a0/claim/1.1", "bob")
    assert [person for person, *_ in await held(ledger)] == ["ada", "bob"]


# --- one key ---------------------------------------------------------------------------------------------------------


async def test_a_repeated_claim_is_granted_again_and_held_once(ledger: Ledger) -> None:
    assert await claim(ledger, "7f3/claim/1.0", "ada", "bob")
    assert await claim(ledger, "7f3/claim/1.0", "bob", "ada", now=at(9))

    assert await held(ledger) == [
        ("ada", "7f3/claim/1.0", at(10), at(11)),
        ("bob", "7f3/claim/1.0", at(10), at(11)),
    ]


async def test_a_refused_claim_may_be_tried_again(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")
    assert not await claim(ledger, "8a0/claim/1.0")

    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert await claim(ledger, "8a0/claim/1.0")


async def test_the_same_key_with_another_time_moves_the_claim(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "ada", "bob")

    assert await claim(ledger, "7f3/claim/1.0", "ada", start=at(10, 30), end=at(11, 30))
    assert await held(ledger) == [("ada", "7f3/claim/1.0", at(10, 30), at(11, 30))]


async def test_the_same_key_with_a_taken_time_holds_nothing(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", start=at(14), end=at(15))
    await claim(ledger, "8a0/claim/1.0")

    assert not await claim(ledger, "8a0/claim/1.0", start=at(14), end=at(15))
    assert await held(ledger) == [("ada", "7f3/claim/1.0", at(14), at(15))]


# --- replacing -------------------------------------------------------------------------------------------------------


async def test_a_new_time_may_overlap_the_one_it_replaces(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")

    assert await claim(ledger, "7f3/claim/2.0", start=at(10, 30), end=at(11, 30), replaces="7f3/claim/1.0")
    assert await claim(ledger, "7f3/claim/2.0", start=at(10, 30), end=at(11, 30), replaces="7f3/claim/1.0")


async def test_the_replaced_claim_stands_until_it_is_released(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")
    await claim(ledger, "7f3/claim/2.0", start=at(10, 30), end=at(11, 30), replaces="7f3/claim/1.0")

    assert not await claim(ledger, "8a0/claim/1.0", start=at(10), end=at(10, 30))
    assert await claim(ledger, "7f3/claim/1.0"), "a late repeat of what still stands"

    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert await claim(ledger, "8a0/claim/1.0", start=at(10), end=at(10, 30))
    assert not await claim(ledger, "9b1/claim/1.0", start=at(10, 30), end=at(11))


async def test_what_is_not_replaced_is_in_the_way_even_of_its_own_interview(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")

    assert not await claim(ledger, "7f3/claim/2.0")


async def test_nobody_replaces_the_claim_of_another_interview(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")

    assert not await claim(ledger, "8a0/claim/1.0", replaces="7f3/claim/1.0")


async def test_replacing_one_claim_helps_against_no_other(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")
    await claim(ledger, "8a0/claim/1.0", start=at(11), end=at(12))

    assert not await claim(ledger, "7f3/claim/2.0", start=at(10, 30), end=at(11, 30), replaces="7f3/claim/1.0")
    assert await held(ledger) == [
        ("ada", "7f3/claim/1.0", at(10), at(11)),
        ("ada", "8a0/claim/1.0", at(11), at(12)),
    ]


# --- releasing -------------------------------------------------------------------------------------------------------


async def test_released_time_is_free_for_others(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "ada", "bob")

    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert await held(ledger) == []
    assert await claim(ledger, "8a0/claim/1.0", "bob")


async def test_a_release_may_be_repeated_and_touches_no_other_claim(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")
    await ledger.release(key="7f3/claim/1.0", now=at(9))
    await claim(ledger, "8a0/claim/1.0")

    await ledger.release(key="7f3/claim/1.0", now=at(9, 30))

    assert await held(ledger) == [("ada", "8a0/claim/1.0", at(10), at(11))]


async def test_a_release_that_overtakes_its_claim_wins(ledger: Ledger) -> None:
    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert not await claim(ledger, "7f3/claim/1.0")
    assert await held(ledger) == []


async def test_a_late_repeat_of_a_released_claim_takes_nothing(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")
    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert not await claim(ledger, "7f3/claim/1.0")
    assert await held(ledger) == []


# --- holds -----------------------------------------------------------------------------------------------------------


async def test_a_hold_that_is_alive_is_respected(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))

    assert not await claim(ledger, "8a0/claim/1.0", now=at(8, 59))


async def test_an_expired_hold_is_overtaken_at_the_claimants_clock(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", "ada", "bob", hold_until=at(9))

    assert await claim(ledger, "8a0/claim/1.0", "bob", now=at(9))
    assert await held(ledger, now=at(8)) == [("bob", "8a0/claim/1.0", at(10), at(11))], "the whole hold is gone"


async def test_an_overtaken_hold_is_lost_even_if_its_own_clock_is_behind(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))
    await claim(ledger, "8a0/claim/1.0", now=at(9))

    assert not await claim(ledger, "7f3/hold/1.0", hold_until=at(9), now=at(8))


async def test_an_expired_hold_that_nobody_took_can_be_had_again(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))

    assert await claim(ledger, "7f3/hold/1.0", hold_until=at(9, 45), now=at(9, 30))
    assert not await claim(ledger, "8a0/claim/1.0", now=at(9, 30))


async def test_a_hold_becomes_a_claim_under_its_key(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))

    assert await claim(ledger, "7f3/hold/1.0")
    assert not await claim(ledger, "8a0/claim/1.0", now=at(9, 30))


async def test_an_expired_hold_elsewhere_stays_as_it_is(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", start=at(14), end=at(15), hold_until=at(9))
    await claim(ledger, "8a0/claim/1.0", now=at(9))

    assert ("ada", "7f3/hold/1.0", at(14), at(15)) in await held(ledger, now=at(8))


# --- looking ---------------------------------------------------------------------------------------------------------


async def test_only_the_people_and_the_window_asked_for_are_told_in_order(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "ada", "bob", start=at(12), end=at(13))
    await claim(ledger, "8a0/claim/1.0", "ada", start=at(9), end=at(10))
    await claim(ledger, "9b1/claim/1.0", "ada", start=at(14), end=at(15))
    await claim(ledger, "9b1/claim/2.0", "cleo", start=at(11), end=at(12))

    assert await ledger.busy(["bob", "ada"], at(9, 59), at(14), now=at(8)) == (
        Claimed(person="ada", start=at(9), end=at(10), interview="8a0", key="8a0/claim/1.0"),
        Claimed(person="ada", start=at(12), end=at(13), interview="7f3", key="7f3/claim/1.0"),
        Claimed(person="bob", start=at(12), end=at(13), interview="7f3", key="7f3/claim/1.0"),
    )
    assert await ledger.busy(["ada"], at(10), at(12), now=at(8)) == ()


async def test_an_expired_hold_is_not_told(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))

    assert await held(ledger, now=at(8, 59)) == [("ada", "7f3/hold/1.0", at(10), at(11))]
    assert await held(ledger, now=at(9)) == []


# --- many at once ----------------------------------------------------------------------------------------------------


async def test_of_sixty_claims_at_once_one_wins(ledger: Ledger) -> None:
    answers = await asyncio.gather(*(claim(ledger, f"iv{n}/claim/1.0") for n in range(60)))

    assert sum(answers) == 1
    assert await held(ledger) == [("ada", f"iv{answers.index(True)}/claim/1.0", at(10), at(11))]


async def test_of_sixty_claims_over_four_engines_one_wins(engine: AsyncEngine, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        engines = [engine, *(open_database(database_url(tmp_path)) for _ in range(3))]
        for one in engines[1:]:
            stack.push_async_callback(one.dispose)
        ledgers = [SqlLedger(one) for one in engines]

        answers = await asyncio.gather(*(claim(ledgers[n % 4], f"iv{n}/claim/1.0") for n in range(60)))

    assert sum(answers) == 1
    assert await held(SqlLedger(engine)) == [("ada", f"iv{answers.index(True)}/claim/1.0", at(10), at(11))]


async def test_panels_that_share_people_never_both_win_and_never_lock_each_other_up(ledger: Ledger) -> None:
    panels = [("ada", "bob"), ("bob", "cleo"), ("cleo", "ada")] * 8

    answers = await asyncio.gather(*(claim(ledger, f"iv{n}/claim/1.0", *panel) for n, panel in enumerate(panels)))

    assert sum(answers) == 1, "any two of these panels share somebody"
    assert len(await held(ledger)) == 2


ONE_OF_THREE = """
import asyncio, sys
from datetime import datetime, timedelta, UTC
from adapters.sql import open_database
from adapters.sql_ledger import SqlLedger

async def main(url, name):
    engine = open_database(url)
    ledger = SqlLedger(engine)
    day = datetime(2026, 12, 1, tzinfo=UTC)
    await ledger.busy(["ada"], day, day + timedelta(days=1), now=day)
    print("ready", flush=True)
    sys.stdin.readline()
    starts = [day + timedelta(minutes=480 + 30 * n) for n in range(20)]
    won = await asyncio.gather(*(
        ledger.claim(
            key=f"{name}/claim/{n}.0", interview=name, people=["ada"], start=start, end=start + timedelta(minutes=30),
            replaces=None, now=day,
        )
        for n, start in enumerate(starts)
    ))
    print(*(n for n, one in enumerate(won) if one))
    await engine.dispose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_three_processes_share_twenty_slots_without_a_double_booking(engine: AsyncEngine, tmp_path: Path) -> None:
    async def start(name: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        arguments = (sys.executable, "-c", ONE_OF_THREE, database_url(tmp_path), name)
        return await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdin=pipe, stdout=pipe)

    processes = [await start(f"iv{n}") for n in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))

    assert [process.returncode for process in processes] == [0, 0, 0]
    winners = Counter(int(slot) for output, _ in told for slot in output.split())
    assert winners == Counter(range(20)), "each slot has one winner"
    assert len(await held(SqlLedger(engine), now=at(0))) == 20


@pytest.mark.parametrize("statement", range(1, 9))
async def test_a_claim_cut_short_leaves_all_or_nothing_and_no_lock(engine: AsyncEngine, statement: int) -> None:
    ledger = SqlLedger(engine)
    attempt = asyncio.create_task(claim(ledger, "7f3/claim/1.0", "ada", "bob"))
    statements = count(1)

    def cut_short(*_: object) -> None:
        if next(statements) == statement:
            attempt.cancel()

    event.listen(engine.sync_engine, "before_cursor_execute", cut_short)
    await asyncio.wait([attempt])
    event.remove(engine.sync_engine, "before_cursor_execute", cut_short)

    assert len(await held(ledger)) in (0, 2)
    assert attempt.cancelled() or len(await held(ledger)) == 2
    assert await claim(ledger, "8a0/claim/1.0", "cleo")


async def test_a_locked_database_is_trouble_for_writers_and_none_for_readers(
    engine: AsyncEngine, tmp_path: Path
) -> None:
    ledger = SqlLedger(engine)
    await claim(ledger, "7f3/claim/1.0")
    impatient = open_database(database_url(tmp_path))
    event.listen(impatient.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 0"))
    other = SqlLedger(impatient)

    async with engine.begin():
        with pytest.raises(OperationalError):
            await claim(other, "8a0/claim/1.0", "bob")
        assert len(await held(other)) == 1

    assert await claim(other, "8a0/claim/1.0", "bob")
    await impatient.dispose()


# --- against a naive model -------------------------------------------------------------------------------------------

KEYS = ["x/1", "x/2", "y/1", "y/2", "z/1"]


@dataclass(frozen=True, kw_only=True)
class Try:
    """Claim, or release where there are no people. Times are in quarters of an hour."""

    key: str
    people: frozenset[str]
    start: int
    quarters: int
    replaces: str | None
    now: int
    hold_until: int | None


TRIES = st.lists(
    st.builds(
        Try,
        key=st.sampled_from(KEYS),
        people=st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(["ada", "bob", "cleo"]), min_size=1)),
        start=st.integers(0, 8),
        quarters=st.integers(1, 4),
        replaces=st.sampled_from([None, *KEYS]),
        now=st.integers(0, 4),
        hold_until=st.sampled_from([None, None, 1, 2, 3]),
    ),
    max_size=25,
)


@dataclass
class Board:
    """The ledger as one would keep it on squared paper: a mark for each person, quarter and key."""

    marks: set[tuple[str, int, str]] = field(default_factory=set)
    holds: dict[str, int | None] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)

    def release(self, key: str) -> None:
        self.wipe(key)
        self.released.add(key)

    def wipe(self, key: str) -> None:
        self.marks = {mark for mark in self.marks if mark[2] != key}

    def expired(self, key: str, now: int) -> bool:
        until = self.holds[key]
        return until is not None and until <= now

    def claim(self, wish: Try) -> bool:
        if wish.key in self.released:
            return False
        wanted = {(person, wish.start + n) for person in wish.people for n in range(wish.quarters)}
        for key in {key for person, quarter, key in self.marks if (person, quarter) in wanted}:
            if self.expired(key, wish.now):
                self.wipe(key)
        if {(person, quarter) for person, quarter, key in self.marks if key == wish.key} != wanted:
            self.wipe(wish.key)
            pardoned = wish.replaces if wish.replaces and wish.replaces[0] == wish.key[0] else None
            if any((person, quarter) in wanted and key != pardoned for person, quarter, key in self.marks):
                return False
        self.marks |= {(person, quarter, wish.key) for person, quarter in wanted}
        self.holds[wish.key] = wish.hold_until
        return True


NUMBER = count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=TRIES)
async def test_any_claims_and_releases_agree_with_squared_paper(ledger: Ledger, tries: list[Try]) -> None:
    example = next(NUMBER)  # people and keys of its own, so that the examples can share one ledger
    board = Board()

    def moment(quarter: int) -> datetime:
        return at(8) + timedelta(minutes=15 * quarter)

    def own(name: str) -> str:
        return f"{name[0]}{example}{name[1:]}"

    async def marks(people: Sequence[str], now: int) -> set[tuple[str, int, str]]:
        found = await ledger.busy([own(person) for person in people], moment(-1), moment(20), moment(now))
        names = {own(name): name for name in (*people, *KEYS)}
        return {
            (names[one.person], quarter, names[one.key])
            for one in found
            for quarter in range(20)
            if one.start <= moment(quarter) < one.end
        }

    for wish in tries:
        if wish.people:
            granted = await ledger.claim(
                key=own(wish.key),
                interview=own(wish.key[0]),
                people=[own(person) for person in sorted(wish.people)],
                start=moment(wish.start),
                end=moment(wish.start + wish.quarters),
                replaces=wish.replaces and own(wish.replaces),
                now=moment(wish.now),
                hold_until=None if wish.hold_until is None else moment(wish.hold_until),
            )
            assert granted == board.claim(wish)
        else:
            await ledger.release(key=own(wish.key), now=moment(wish.now))
            board.release(wish.key)
        live = {mark for mark in board.marks if not board.expired(mark[2], wish.now)}
        assert await marks(["ada", "bob", "cleo"], wish.now) == live
