"""The journal's contract, in memory, in SQLite and in PostgreSQL, and the activity on top of it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from activities.journal import Journal, JournalActivities, JournalGap
from adapters.memory.ledger import MemoryJournal
from adapters.sql.database import journal as journal_table
from adapters.sql.database import open_database
from adapters.sql.journal import SqlJournal
from entrevue.orders import AppendJournal, JournalAnswer, JournalEntry
from tests.adapters.database import Database

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.fixture(name="journal", params=["memory", "sqlite", "postgresql"])
def _journal(request: pytest.FixtureRequest) -> Journal:
    if request.param == "memory":
        return MemoryJournal()
    database: Database = request.getfixturevalue(request.param)
    return SqlJournal(database.engine)


def entry(seq: int, interview: str = "7f3", **data: JsonValue) -> JournalEntry:
    return JournalEntry(
        interview=interview,
        seq=seq,
        kind="offer_made",
        at=NOON + timedelta(minutes=seq, microseconds=1),
        by="backend",
        schema_version=1,
        data={"round": seq, "slots": [{"minutes": 40.5, "zone": None}], "text": "Grüße, 東京\n\0", **data},
    )


def entries(first: int, last: int) -> tuple[JournalEntry, ...]:
    return tuple(entry(seq) for seq in range(first, last + 1))


async def test_what_was_appended_is_read_back_to_the_microsecond(journal: Journal) -> None:
    assert await journal.append("7f3", entries(1, 3)) is None

    assert await journal.read("7f3") == entries(1, 3)


async def test_an_interview_without_a_journal_reads_as_nothing(journal: Journal) -> None:
    assert await journal.read("7f3") == ()


async def test_a_repeated_batch_is_no_news(journal: Journal) -> None:
    await journal.append("7f3", entries(1, 3))

    assert await journal.append("7f3", entries(1, 3)) is None
    assert await journal.append("7f3", entries(2, 2)) is None
    assert await journal.read("7f3") == entries(1, 3)


async def test_a_batch_that_is_there_in_part_adds_the_rest(journal: Journal) -> None:
    await journal.append("7f3", entries(1, 3))

    assert await journal.append("7f3", entries(2, 5)) is None
    assert await journal.read("7f3") == entries(1, 5)


async def test_other_content_names_the_first_divergence_and_writes_nothing(journal: Journal) -> None:
    await journal.append("7f3", entries(1, 3))

    rewritten = (entry(1), entry(2, reason="rewritten"), entry(3, reason="rewritten"), entry(4))

    assert await journal.append("7f3", rewritten) == 2
    assert await journal.read("7f3") == entries(1, 3)


@pytest.mark.parametrize(("stands", "comes"), [(1, True), (1, 1.0), (None, "")])
async def test_values_that_python_takes_for_alike_diverge(
    journal: Journal, stands: JsonValue, comes: JsonValue
) -> None:
    await journal.append("7f3", [entry(1, value=stands)])

    assert await journal.append("7f3", [entry(1, value=comes)]) == 1


async def test_the_order_of_keys_is_no_divergence(journal: Journal) -> None:
    await journal.append("7f3", [entry(1, a=1, b=2)])

    assert await journal.append("7f3", [entry(1, b=2, a=1)]) is None


async def test_a_gap_after_the_last_entry_is_trouble_and_writes_nothing(journal: Journal) -> None:
    await journal.append("7f3", entries(1, 2))

    with pytest.raises(JournalGap):
        await journal.append("7f3", entries(4, 5))
    assert await journal.read("7f3") == entries(1, 2)


async def test_a_journal_that_starts_at_two_is_a_gap(journal: Journal) -> None:
    with pytest.raises(JournalGap):
        await journal.append("7f3", entries(2, 2))


async def test_a_gap_inside_a_batch_writes_nothing(journal: Journal) -> None:
    with pytest.raises(JournalGap):
        await journal.append("7f3", (entry(1), entry(3)))
    assert await journal.read("7f3") == ()


async def test_interviews_keep_journals_of_their_own(journal: Journal) -> None:
    await journal.append("7f3", entries(1, 2))
    await journal.append("8a0", [entry(1, "8a0")])

    assert await journal.read("7f3") == entries(1, 2)
    assert await journal.read("8a0") == (entry(1, "8a0"),)


async def test_the_interviews_are_listed_page_by_page_whatever_order_they_came_in(journal: Journal) -> None:
    assert await journal.interviews() == ()
    for interview in ("8a0", "7f3", "7F4"):
        await journal.append(interview, [entry(1, interview), entry(2, interview)])

    assert await journal.interviews() == ("7F4", "7f3", "8a0")
    assert await journal.interviews(limit=2) == ("7F4", "7f3")
    assert await journal.interviews(after="7f3", limit=2) == ("8a0",)
    assert await journal.interviews(after="8a0") == ()


async def test_a_long_journal_is_read_page_by_page(journal: Journal) -> None:
    await journal.append("7f3", entries(1, 7))

    assert await journal.read("7f3", limit=3) == entries(1, 3)
    assert await journal.read("7f3", after=3, limit=3) == entries(4, 6)
    assert await journal.read("7f3", after=6, limit=3) == entries(7, 7)
    assert await journal.read("7f3", after=7, limit=3) == ()


async def test_attempts_at_once_leave_each_entry_once(journal: Journal) -> None:
    answers = await asyncio.gather(*(journal.append("7f3", entries(1, 5)) for _ in range(12)))

    assert set(answers) == {None}
    assert await journal.read("7f3") == entries(1, 5)


async def test_of_two_histories_at_once_one_stands_whole(journal: Journal) -> None:
    mine = entries(1, 5)
    other = tuple(entry(seq, reason="rewritten") for seq in range(1, 6))

    answers = await asyncio.gather(journal.append("7f3", mine), journal.append("7f3", other))

    assert sorted(answers, key=str) == [1, None]
    assert await journal.read("7f3") in (mine, other)


async def test_attempts_of_several_workers_that_reach_differently_far_leave_each_entry_once(database: Database) -> None:
    async with AsyncExitStack() as stack:
        engines = [open_database(database.url) for _ in range(3)]
        for engine in engines:
            stack.push_async_callback(engine.dispose)
        journals = [SqlJournal(engine) for engine in engines]

        answers = await asyncio.gather(*(journals[n % 3].append("7f3", entries(1, 3 + n % 5)) for n in range(20)))

    assert set(answers) == {None}
    assert await SqlJournal(database.engine).read("7f3") == entries(1, 7)


async def test_somebody_who_takes_no_locks_cannot_write_an_entry_twice(postgresql: Database) -> None:
    await SqlJournal(postgresql.engine).append("7f3", entries(1, 3))

    async with postgresql.engine.begin() as stranger:
        with pytest.raises(IntegrityError):
            await stranger.execute(insert(journal_table).values(entry(3).model_dump()))


# --- the activity ----------------------------------------------------------------------------------------------------


def order(*wanted: JournalEntry) -> AppendJournal:
    return AppendJournal(key="7f3/journal", interview="7f3", entries=wanted)


async def test_the_answer_says_how_far_the_journal_stands(journal: Journal) -> None:
    append = JournalActivities(journal).append_journal

    first = await append(order(*entries(1, 3)))
    repeated = await append(order(*entries(1, 3)))

    assert first == repeated == JournalAnswer(up_to=3)


async def test_rewritten_history_is_answered_not_raised(journal: Journal) -> None:
    append = JournalActivities(journal).append_journal
    await append(order(*entries(1, 3)))

    answer = await append(order(entry(2), entry(3, reason="rewritten"), entry(4)))

    assert answer == JournalAnswer(up_to=2, diverged_at=3)
