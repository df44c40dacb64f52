"""The ledger's contract, in memory, in SQLite and in PostgreSQL, and the activities on top of it."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import assert_never

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, event, insert, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from activities.ledger import Claimed, Ledger
from adapters.memory.ledger import MemoryLedger
from adapters.sql.database import claims, lock, open_database, sqlstate
from adapters.sql.ledger import SqlLedger
from demo.postgres_server import PostgresServer
from tests.adapters.database import Database

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="ledger", params=["memory", "sqlite", "postgresql"])
def _ledger(request: pytest.FixtureRequest) -> Ledger:
    if request.param == "memory":
        return MemoryLedger()
    database: Database = request.getfixturevalue(request.param)
    return SqlLedger(database.engine)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, 1, hour, minute, tzinfo=UTC)


EIGHT, TEN, ELEVEN = at(8), at(10), at(11)


async def in_the_way(
    ledger: Ledger,
    key: str = "7f3/claim/1.0",
    *people: str,
    start: datetime = TEN,
    end: datetime = ELEVEN,
    minutes: int = 45,
    replaces: str | None = None,
    now: datetime = EIGHT,
    hold_until: datetime | None = None,
) -> set[str]:
    """Claim ada's 10 to 11 for the interview that the key names, unless told otherwise; say who is not free."""
    return set(
        await ledger.claim(
            key=key,
            interview=key.split("/", maxsplit=1)[0],
            people=people or ("ada",),
            start=start,
            end=end,
            minutes=minutes,
            replaces=replaces,
            now=now,
            hold_until=hold_until,
        )
    )


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
    """Claim likewise, and say whether it stands."""
    return not await in_the_way(
        ledger, key, *people, start=start, end=end, replaces=replaces, now=now, hold_until=hold_until
    )


async def held(ledger: Ledger, *people: str, now: datetime = EIGHT) -> list[tuple[str, str, datetime, datetime]]:
    """Say who is taken by which key on that day, and when."""
    found = await ledger.busy(people or ("ada", "bob", "cleo"), at(0), at(23, 59), now)
    return [(one.person, one.key, one.start, one.end) for one in found]


def of(
    person: str,
    key: str,
    start: datetime = TEN,
    end: datetime = ELEVEN,
    *,
    minutes: int = 45,
    hold_until: datetime | None = None,
) -> Claimed:
    """Say what `claim` leaves."""
    return Claimed(
        person=person,
        start=start,
        end=end,
        interview=key.split("/", maxsplit=1)[0],
        key=key,
        minutes=minutes,
        hold_until=hold_until,
    )


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


async def test_all_who_are_not_free_are_named_and_nobody_else(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "bob", "dora")
    await claim(ledger, "8a0/claim/1.0", "cleo", start=at(10, 30), end=at(12))

    assert await in_the_way(ledger, "9b1/claim/1.0", "ada", "bob", "cleo") == {"bob", "cleo"}


async def test_somebody_with_two_claims_in_the_way_is_named_once(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", end=at(10, 30))
    await claim(ledger, "8a0/claim/1.0", start=at(10, 30))

    assert await in_the_way(ledger, "9b1/claim/1.0") == {"ada"}


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


async def test_a_refused_move_loses_what_the_key_held_for_everybody(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "bob", start=at(14), end=at(15))
    await claim(ledger, "8a0/claim/1.0", "ada", "cleo")

    assert await in_the_way(ledger, "8a0/claim/1.0", "ada", "bob", start=at(14), end=at(15)) == {"bob"}
    assert await ledger.held("8a0/claim/1.0") == ()


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


async def test_only_what_is_replaced_may_overlap_and_who_else_is_in_the_way_is_named(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", "ada", "bob")
    await claim(ledger, "8a0/claim/1.0", "bob", start=at(11), end=at(12))

    assert await in_the_way(
        ledger, "7f3/claim/2.0", "ada", "bob", start=at(10, 30), end=at(11, 30), replaces="7f3/claim/1.0"
    ) == {"bob"}


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

    assert await in_the_way(ledger, "7f3/claim/1.0", "ada", "bob") == {"ada", "bob"}, "nobody is free then"
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
        of("ada", "8a0/claim/1.0", at(9), at(10)),
        of("ada", "7f3/claim/1.0", at(12), at(13)),
        of("bob", "7f3/claim/1.0", at(12), at(13)),
    )
    assert await ledger.busy(["ada"], at(10), at(12), now=at(8)) == ()


async def test_an_expired_hold_is_not_told(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))

    assert await held(ledger, now=at(8, 59)) == [("ada", "7f3/hold/1.0", at(10), at(11))]
    assert await held(ledger, now=at(9)) == []


async def test_what_a_key_holds_is_told_by_person_expired_or_not(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", "cleo", "ada", hold_until=at(9))
    await claim(ledger, "8a0/claim/1.0", "bob")

    assert await ledger.held("7f3/hold/1.0") == (
        of("ada", "7f3/hold/1.0", hold_until=at(9)),
        of("cleo", "7f3/hold/1.0", hold_until=at(9)),
    )
    assert await ledger.held("7f3/hold/2.0") == ()


async def test_a_released_key_holds_nothing(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0")
    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert await ledger.held("7f3/claim/1.0") == ()


async def test_a_confirmed_hold_ends_no_more_and_its_load_may_change(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", hold_until=at(9))

    assert await in_the_way(ledger, "7f3/hold/1.0", minutes=30) == set()
    assert await ledger.held("7f3/hold/1.0") == (of("ada", "7f3/hold/1.0", minutes=30),)


async def test_all_that_an_interview_holds_is_told_by_start_expired_or_not(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/2.0", "ada", start=at(14), end=at(15), hold_until=at(8))
    await claim(ledger, "7f3/claim/1.0", "bob", "ada")
    await claim(ledger, "8a0/claim/1.0", "cleo")

    assert await ledger.of_interview("7f3") == (
        of("ada", "7f3/claim/1.0"),
        of("bob", "7f3/claim/1.0"),
        of("ada", "7f3/claim/2.0", at(14), at(15), hold_until=at(8)),
    )
    assert await ledger.of_interview("9b1") == ()


async def test_interviews_with_time_ahead_are_told_page_by_page(ledger: Ledger) -> None:
    for name in ("b-2", "B", "_", "a", "b_1"):
        await claim(ledger, f"{name}/claim/1.0", f"{name}.1", f"{name}.2")
        await claim(ledger, f"{name}/claim/2.0", f"{name}.1", start=at(12), end=at(13))

    assert await ledger.ahead(at(9)) == ("B", "_", "a", "b-2", "b_1"), "as Python sorts them"
    assert await ledger.ahead(at(9), limit=2) == ("B", "_")
    assert await ledger.ahead(at(9), after="_", limit=2) == ("a", "b-2")
    assert await ledger.ahead(at(9), after="b-2", limit=2) == ("b_1",)
    assert await ledger.ahead(at(9), after="b_1") == ()


async def test_time_that_is_over_is_not_ahead(ledger: Ledger) -> None:
    await claim(ledger, "7f3/claim/1.0", end=at(11))
    await claim(ledger, "8a0/hold/1.0", "bob", end=at(11, 1), hold_until=at(9))

    assert await ledger.ahead(at(11)) == ("8a0",)
    assert await ledger.ahead(at(11, 1)) == ()


# --- pruning ---------------------------------------------------------------------------------------------------------


async def test_what_nobody_needs_is_deleted_and_counted_by_row(ledger: Ledger) -> None:
    await claim(ledger, "7f3/hold/1.0", "ada", "bob", start=at(20), end=at(21), hold_until=at(9))
    await claim(ledger, "8a0/hold/1.0", "cleo", start=at(20), end=at(21), hold_until=at(9, 30))
    await claim(ledger, "8a0/claim/1.0", "ada", start=at(8), end=at(9))
    await claim(ledger, "9b1/claim/1.0", "ada", start=at(9), end=at(9, 30))
    await ledger.release(key="7f3/claim/0.0", now=at(7))
    await ledger.release(key="7f3/claim/0.1", now=at(9, 30))

    assert await ledger.prune(holds_before=at(9, 30), past_before=at(9, 30)) == 4
    assert await held(ledger, now=at(7)) == [
        ("ada", "9b1/claim/1.0", at(9), at(9, 30)),
        ("cleo", "8a0/hold/1.0", at(20), at(21)),
    ]
    assert await ledger.prune(holds_before=at(9, 30), past_before=at(9, 30)) == 0


async def test_a_release_that_was_kept_still_keeps_its_claim_out(ledger: Ledger) -> None:
    await ledger.release(key="7f3/claim/1.0", now=at(9))
    await ledger.release(key="8a0/claim/1.0", now=at(7))

    assert await ledger.prune(holds_before=at(8), past_before=at(8)) == 1
    assert not await claim(ledger, "7f3/claim/1.0")
    assert await claim(ledger, "8a0/claim/1.0"), (
        "as if it had never been: whoever prunes must know that none is on its way"
    )


async def test_a_release_is_as_old_as_its_first_time(ledger: Ledger) -> None:
    await ledger.release(key="7f3/claim/1.0", now=at(7))
    await ledger.release(key="7f3/claim/1.0", now=at(9))

    assert await ledger.prune(holds_before=at(8), past_before=at(8)) == 1


# --- many at once ----------------------------------------------------------------------------------------------------


async def test_of_sixty_claims_at_once_one_wins(ledger: Ledger) -> None:
    answers = await asyncio.gather(*(claim(ledger, f"iv{n}/claim/1.0") for n in range(60)))

    assert sum(answers) == 1
    assert await held(ledger) == [("ada", f"iv{answers.index(True)}/claim/1.0", at(10), at(11))]


@pytest.fixture(name="four")
async def _four(database: Database) -> AsyncIterator[Sequence[SqlLedger]]:
    """Four ledgers over one database, as in four workers."""
    async with AsyncExitStack() as stack:
        engines = [open_database(database.url) for _ in range(4)]
        for engine in engines:
            stack.push_async_callback(engine.dispose)
        yield [SqlLedger(engine) for engine in engines]


async def test_of_sixty_claims_over_four_engines_one_wins(four: Sequence[SqlLedger]) -> None:
    answers = await asyncio.gather(*(claim(four[n % 4], f"iv{n}/claim/1.0") for n in range(60)))

    assert sum(answers) == 1
    assert await held(four[0]) == [("ada", f"iv{answers.index(True)}/claim/1.0", at(10), at(11))]


async def test_panels_that_share_people_never_both_win_and_never_lock_each_other_up(ledger: Ledger) -> None:
    panels = [("ada", "bob"), ("bob", "cleo"), ("cleo", "ada")] * 8

    answers = await asyncio.gather(*(claim(ledger, f"iv{n}/claim/1.0", *panel) for n, panel in enumerate(panels)))

    assert sum(answers) == 1, "any two of these panels share somebody"
    assert len(await held(ledger)) == 2


async def test_panels_over_four_engines_that_share_one_person_have_one_winner(four: Sequence[SqlLedger]) -> None:
    panels = [("ada", f"guest{n}") if n % 2 else (f"guest{n}", "ada") for n in range(24)]

    refused = await asyncio.gather(
        *(in_the_way(four[n % 4], f"iv{n}/claim/1.0", *panel) for n, panel in enumerate(panels))
    )

    assert Counter(map(frozenset, refused)) == {frozenset(): 1, frozenset({"ada"}): 23}
    assert len(await held(four[0], "ada", *(f"guest{n}" for n in range(24)))) == 2


async def test_whoever_overtakes_an_expired_hold_first_has_it_and_its_owner_does_not(
    four: Sequence[SqlLedger],
) -> None:
    await claim(four[0], "7f3/hold/1.0", "ada", "bob", hold_until=at(9))

    confirmed, *overtaken = await asyncio.gather(
        claim(four[0], "7f3/hold/1.0", "ada", "bob", now=at(8, 59)),
        *(claim(four[n % 4], f"iv{n}/claim/1.0", "ada" if n % 2 else "bob", now=at(9)) for n in range(20)),
    )

    there = [(person, key) for person, key, *_ in await held(four[0])]
    if confirmed:
        assert there == [("ada", "7f3/hold/1.0"), ("bob", "7f3/hold/1.0")]
        assert not any(overtaken)
    else:
        winners = [f"iv{n}/claim/1.0" for n, won in enumerate(overtaken) if won]
        assert sorted(key for _, key in there) == sorted(winners)
        assert 1 <= len(there) <= 2
        assert len({person for person, _ in there}) == len(there)


async def test_a_claim_and_its_release_at_once_leave_nothing(four: Sequence[SqlLedger]) -> None:
    keys = [f"iv{n}/claim/1.0" for n in range(12)]

    await asyncio.gather(
        *(claim(four[0], key, f"person{n}") for n, key in enumerate(keys)),
        *(four[1].release(key=key, now=at(9)) for key in keys),
    )

    assert [await four[2].held(key) for key in keys] == [()] * 12


async def test_attempts_of_one_claim_with_other_people_leave_one_of_their_panels(four: Sequence[SqlLedger]) -> None:
    panels = [("ada", "bob"), ("bob", "cleo"), ("dora",)]

    for n in range(6):
        await asyncio.gather(
            *(claim(ledger, f"iv{n}/claim/1.0", *panels[i], now=EIGHT) for i, ledger in enumerate(four[:3]))
        )

        assert tuple(one.person for one in await four[3].held(f"iv{n}/claim/1.0")) in panels
        await four[3].release(key=f"iv{n}/claim/1.0", now=EIGHT)


ONE_OF_THREE = """
import asyncio, sys
from datetime import datetime, timedelta, UTC
from adapters.sql.database import claims, lock, open_database, sqlstate
from adapters.sql.ledger import SqlLedger

async def main(url, name):
    engine = open_database(url)
    ledger = SqlLedger(engine)
    day = datetime(2026, 12, 1, tzinfo=UTC)
    await ledger.busy(["ada"], day, day + timedelta(days=1), now=day)
    print("ready", flush=True)
    sys.stdin.readline()
    starts = [day + timedelta(minutes=480 + 30 * n) for n in range(20)]
    in_the_way = await asyncio.gather(*(
        ledger.claim(
            key=f"{name}/claim/{n}.0", interview=name, people=["ada"], start=start, end=start + timedelta(minutes=30),
            minutes=30, replaces=None, now=day,
        )
        for n, start in enumerate(starts)
    ))
    print(*(n for n, people in enumerate(in_the_way) if not people))
    await engine.dispose()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_three_processes_share_twenty_slots_without_a_double_booking(database: Database) -> None:
    async def start(name: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        arguments = (sys.executable, "-c", ONE_OF_THREE, database.url, name)
        return await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stdin=pipe, stdout=pipe)

    processes = [await start(f"iv{n}") for n in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
    told = await asyncio.gather(*(process.communicate(b"go\n") for process in processes))

    assert [process.returncode for process in processes] == [0, 0, 0]
    winners = Counter(int(slot) for output, _ in told for slot in output.split())
    assert winners == Counter(range(20)), "each slot has one winner"
    assert len(await held(SqlLedger(database.engine), now=at(0))) == 20


@pytest.mark.parametrize("statement", range(1, 9))
async def test_a_claim_cut_short_leaves_all_or_nothing_and_no_lock(database: Database, statement: int) -> None:
    ledger = SqlLedger(database.engine)
    attempt = asyncio.create_task(claim(ledger, "7f3/claim/1.0", "ada", "bob"))
    statements = count(1)

    def cut_short(*_: object) -> None:
        if next(statements) == statement:
            attempt.cancel()

    event.listen(database.engine.sync_engine, "before_cursor_execute", cut_short)
    await asyncio.wait([attempt])
    event.remove(database.engine.sync_engine, "before_cursor_execute", cut_short)

    assert len(await held(ledger)) in (0, 2)
    assert attempt.cancelled() or len(await held(ledger)) == 2
    assert await claim(ledger, "8a0/claim/1.0", "cleo")
    assert await claim(ledger, "7f3/claim/1.0", "ada", "bob"), "the next attempt"


# --- SQLite alone ----------------------------------------------------------------------------------------------------


async def test_a_locked_file_is_trouble_for_writers_and_none_for_readers(sqlite: Database) -> None:
    ledger = SqlLedger(sqlite.engine)
    await claim(ledger, "7f3/claim/1.0")
    impatient = open_database(sqlite.url)
    event.listen(impatient.sync_engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout = 0"))
    other = SqlLedger(impatient)

    async with sqlite.engine.begin():
        with pytest.raises(OperationalError):
            await claim(other, "8a0/claim/1.0", "bob")
        assert len(await held(other)) == 1

    assert await claim(other, "8a0/claim/1.0", "bob")
    await impatient.dispose()


# --- PostgreSQL alone ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def somebody_who_takes_no_locks(postgresql: Database) -> AsyncIterator[AsyncConnection]:
    """Give a transaction of their own that has put 8a0 into ada's 10 to 11, as no code of ours would."""
    async with postgresql.engine.connect() as stranger:
        await stranger.execute(
            insert(claims).values(
                key="8a0/claim/1.0", person="ada", interview="8a0", starts=TEN, ends=ELEVEN, minutes=45
            )
        )
        yield stranger


async def until_somebody_waits(postgresql: Database) -> None:
    """Return once a transaction in this database waits for another's lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20), postgresql.engine.connect() as watcher:
        while not await watcher.scalar(waiting):
            await watcher.rollback()  # within a transaction the view stands still


async def test_the_constraint_itself_refuses_who_takes_no_locks(postgresql: Database) -> None:
    await claim(SqlLedger(postgresql.engine), "7f3/claim/1.0")

    with pytest.raises(IntegrityError) as refused:
        async with somebody_who_takes_no_locks(postgresql):
            pass
    assert sqlstate(refused.value) == "23P01"


async def test_a_claim_that_loses_to_a_stranger_says_who_is_in_the_way(postgresql: Database) -> None:
    ledger = SqlLedger(postgresql.engine)
    await claim(ledger, "7f3/claim/1.0", "bob", start=at(14), end=at(15))

    async with somebody_who_takes_no_locks(postgresql) as stranger:
        attempt = asyncio.create_task(in_the_way(ledger, "7f3/claim/1.0", "ada", "bob"))
        await until_somebody_waits(postgresql)
        await stranger.commit()

    assert await attempt == {"ada"}
    assert await ledger.held("7f3/claim/1.0") == ()


async def test_a_claim_that_a_stranger_only_delays_stands(postgresql: Database) -> None:
    ledger = SqlLedger(postgresql.engine)

    async with somebody_who_takes_no_locks(postgresql) as stranger:
        attempt = asyncio.create_task(in_the_way(ledger, "7f3/claim/1.0", "ada", "bob"))
        await until_somebody_waits(postgresql)
        await stranger.rollback()

    assert await attempt == set()
    assert len(await held(ledger)) == 2


async def test_a_hold_that_is_pruned_while_it_is_confirmed_is_taken_anew(postgresql: Database) -> None:
    ledger = SqlLedger(postgresql.engine)
    await claim(ledger, "7f3/hold/1.0", "ada", "bob", hold_until=at(9))

    async with postgresql.engine.connect() as janitor:
        await janitor.execute(delete(claims).where(claims.c.hold_until <= at(9)))
        attempt = asyncio.create_task(in_the_way(ledger, "7f3/hold/1.0", "ada", "bob"))
        await until_somebody_waits(postgresql)
        await janitor.commit()

    assert await attempt == set()
    assert await ledger.held("7f3/hold/1.0") == (of("ada", "7f3/hold/1.0"), of("bob", "7f3/hold/1.0"))


async def test_a_server_that_restarts_costs_one_attempt_and_not_one_a_connection(
    postgresql: Database, postgres_server: PostgresServer
) -> None:
    ledger = SqlLedger(postgresql.engine)
    await asyncio.gather(*(claim(ledger, f"iv{n}/claim/1.0", f"person{n}") for n in range(8)))
    async with postgres_server.connected() as superuser:
        everybody = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1"
        await superuser.execute(everybody, make_url(postgresql.url).database)

    with pytest.raises(DBAPIError):
        await claim(ledger, "7f3/claim/1.0")

    assert await claim(ledger, "7f3/claim/1.0")
    assert await asyncio.gather(*(claim(ledger, f"iv{n}/claim/1.0", f"person{n}") for n in range(8))) == [True] * 8


async def test_who_holds_a_lock_for_too_long_is_trouble_for_writers_and_none_for_readers(postgresql: Database) -> None:
    impatient = open_database(postgresql.url)

    @event.listens_for(impatient.sync_engine, "begin")
    def _(connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL lock_timeout TO '50ms'")

    async with postgresql.engine.begin() as other:
        await other.run_sync(lock, "ledger/person/ada")
        with pytest.raises(DBAPIError) as trouble:
            await claim(SqlLedger(impatient), "7f3/claim/1.0")
        assert sqlstate(trouble.value) == "55P03"
        assert await claim(SqlLedger(impatient), "8a0/claim/1.0", "bob")
        assert len(await held(SqlLedger(impatient))) == 1

    assert await claim(SqlLedger(impatient), "7f3/claim/1.0")
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


A_TRY = st.builds(
    Try,
    key=st.sampled_from(KEYS),
    people=st.one_of(st.just(frozenset[str]()), st.frozensets(st.sampled_from(["ada", "bob", "cleo"]), min_size=1)),
    start=st.integers(0, 8),
    quarters=st.integers(1, 4),
    replaces=st.sampled_from([None, *KEYS]),
    now=st.integers(0, 4),
    hold_until=st.sampled_from([None, None, 1, 2, 3]),
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

    def claim(self, wish: Try) -> set[str]:
        """Give those who are in the way."""
        if wish.key in self.released:
            return set(wish.people)
        wanted = {(person, wish.start + n) for person in wish.people for n in range(wish.quarters)}
        for key in {key for person, quarter, key in self.marks if (person, quarter) in wanted}:
            if self.expired(key, wish.now):
                self.wipe(key)
        if {(person, quarter) for person, quarter, key in self.marks if key == wish.key} != wanted:
            self.wipe(wish.key)
            pardoned = wish.replaces if wish.replaces and wish.replaces[0] == wish.key[0] else None
            in_the_way = {
                person for person, quarter, key in self.marks if (person, quarter) in wanted and key != pardoned
            }
            if in_the_way:
                return in_the_way
        self.marks |= {(person, quarter, wish.key) for person, quarter in wanted}
        self.holds[wish.key] = wish.hold_until
        return set()


def moment(quarter: int) -> datetime:
    return at(8) + timedelta(minutes=15 * quarter)


NUMBER = count()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tries=st.lists(A_TRY, max_size=25))
async def test_any_claims_and_releases_agree_with_squared_paper(ledger: Ledger, tries: list[Try]) -> None:
    example = next(NUMBER)  # people and keys of its own, so that the examples can share one ledger
    board = Board()

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
            not_free = await ledger.claim(
                key=own(wish.key),
                interview=own(wish.key[0]),
                people=[own(person) for person in sorted(wish.people)],
                start=moment(wish.start),
                end=moment(wish.start + wish.quarters),
                minutes=15 * wish.quarters,
                replaces=wish.replaces and own(wish.replaces),
                now=moment(wish.now),
                hold_until=None if wish.hold_until is None else moment(wish.hold_until),
            )
            assert not_free == {own(person) for person in board.claim(wish)}
        else:
            await ledger.release(key=own(wish.key), now=moment(wish.now))
            board.release(wish.key)
        live = {mark for mark in board.marks if not board.expired(mark[2], wish.now)}
        assert await marks(["ada", "bob", "cleo"], wish.now) == live


@dataclass(frozen=True)
class Prune:
    """In quarters of an hour, as above."""

    holds_before: int
    past_before: int


Step = Try | Prune
STEPS = st.lists(st.one_of(A_TRY, A_TRY, A_TRY, st.builds(Prune, st.integers(0, 4), st.integers(0, 6))), max_size=20)


async def do(ledger: Ledger, step: Step) -> object:
    match step:
        case Prune(holds_before, past_before):
            return await ledger.prune(holds_before=moment(holds_before), past_before=moment(past_before))
        case Try() if not step.people:
            await ledger.release(key=step.key, now=moment(step.now))
            return None
        case Try():
            return await ledger.claim(
                key=step.key,
                interview=step.key[0],
                people=sorted(step.people),
                start=moment(step.start),
                end=moment(step.start + step.quarters),
                minutes=15 * step.quarters - 5,
                replaces=step.replaces,
                now=moment(step.now),
                hold_until=None if step.hold_until is None else moment(step.hold_until),
            )
        case _:
            assert_never(step)


async def everything(ledger: Ledger, now: datetime) -> list[object]:
    return [
        await ledger.busy(["ada", "bob", "cleo"], moment(2), moment(9), now),
        await ledger.ahead(now),
        await ledger.ahead(now, after="x", limit=1),
        *[await ledger.held(key) for key in KEYS],
        *[await ledger.of_interview(interview) for interview in "xyz"],
    ]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_memory_sqlite_and_postgresql_answer_alike(
    sqlite: Database, postgresql: Database, steps: list[Step]
) -> None:
    memory, *databases = MemoryLedger(), SqlLedger(sqlite.engine), SqlLedger(postgresql.engine)
    for ledger in databases:  # the examples share them
        await ledger.prune(holds_before=at(23), past_before=at(23))

    for step in steps:
        answer = await do(memory, step)
        assert [await do(ledger, step) for ledger in databases] == [answer, answer]

    for now in (moment(0), moment(3)):
        told = await everything(memory, now)
        assert [await everything(ledger, now) for ledger in databases] == [told, told]
