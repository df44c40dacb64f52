"""The outbox's contract, in memory, in SQLite and in PostgreSQL."""

import asyncio
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from activities.mail import Begun, Handover, KeyReused, Outbox, Rejected
from adapters.memory.mail import MemoryOutbox
from adapters.sql.database import open_database, outbox
from adapters.sql.outbox import SqlOutbox
from tests.adapters.database import Database

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 13, tzinfo=UTC)
KEY = "7f3/offer/candidate/1.0"
NOBODY_THERE = Rejected(smtp_code=550, address_is_bad=True)


@pytest.fixture(name="letters", params=["memory", "sqlite", "postgresql"])
def _letters(request: pytest.FixtureRequest) -> Outbox:
    if request.param == "memory":
        return MemoryOutbox()
    database: Database = request.getfixturevalue(request.param)
    return SqlOutbox(database.engine)


async def begin(letters: Outbox, key: str = KEY, digest: str = "d1", now: datetime = NOON) -> Begun:
    return await letters.begin(key, message_id=f"<{key}@example.org>", digest=digest, now=now)


async def test_the_first_attempt_finds_nothing(letters: Outbox) -> None:
    assert await begin(letters) == Begun(earlier=None)


async def test_an_attempt_that_died_on_its_way_is_found_as_sending(letters: Outbox) -> None:
    await begin(letters)

    assert await begin(letters, now=LATER) == Begun(earlier=Handover.SENDING)


@pytest.mark.parametrize("state", [Handover.ACCEPTED, Handover.AMBIGUOUS])
async def test_how_it_ended_is_told_to_every_later_attempt(letters: Outbox, state: Handover) -> None:
    await begin(letters)
    await letters.finish(KEY, state, now=NOON)

    assert await begin(letters) == Begun(earlier=state)
    assert await begin(letters) == Begun(earlier=state)


async def test_a_refusal_is_kept_with_its_reason(letters: Outbox) -> None:
    await begin(letters)
    await letters.finish(KEY, Handover.REFUSED, now=NOON, refusal=NOBODY_THERE)

    assert await begin(letters) == Begun(earlier=Handover.REFUSED, refusal=NOBODY_THERE)
    assert await begin(letters) == Begun(earlier=Handover.REFUSED, refusal=NOBODY_THERE)


async def test_what_was_never_handed_over_is_sent_by_one_later_attempt(letters: Outbox) -> None:
    await begin(letters)
    await letters.finish(KEY, Handover.PREPARED, now=NOON)

    assert await begin(letters) == Begun(earlier=Handover.PREPARED)
    assert await begin(letters) == Begun(earlier=Handover.SENDING)


@pytest.mark.parametrize("late", [Handover.PREPARED, Handover.AMBIGUOUS, Handover.REFUSED])
async def test_what_was_accepted_stays_so_whatever_a_slower_attempt_reports(letters: Outbox, late: Handover) -> None:
    await begin(letters)
    await letters.finish(KEY, Handover.ACCEPTED, now=NOON)

    await letters.finish(KEY, late, now=LATER, refusal=NOBODY_THERE if late is Handover.REFUSED else None)

    assert await begin(letters) == Begun(earlier=Handover.ACCEPTED)


async def test_an_unsure_letter_can_turn_out_accepted(letters: Outbox) -> None:
    await begin(letters)
    await letters.finish(KEY, Handover.AMBIGUOUS, now=NOON)
    await letters.finish(KEY, Handover.ACCEPTED, now=LATER)

    assert await begin(letters) == Begun(earlier=Handover.ACCEPTED)


@pytest.mark.parametrize("state", list(Handover))
async def test_one_key_is_never_two_letters(letters: Outbox, state: Handover) -> None:
    await begin(letters)
    await letters.finish(KEY, state, now=NOON)

    with pytest.raises(KeyReused):
        await begin(letters, digest="d2")
    assert await begin(letters) == Begun(earlier=state)


async def test_letters_do_not_know_of_each_other(letters: Outbox) -> None:
    await begin(letters)
    await letters.finish(KEY, Handover.ACCEPTED, now=NOON)

    assert await begin(letters, "7f3/offer/candidate/1.1", digest="d2") == Begun(earlier=None)


@pytest.mark.parametrize("found", [None, Handover.PREPARED])
async def test_of_many_attempts_at_once_one_may_send(letters: Outbox, found: Handover | None) -> None:
    if found:
        await begin(letters)
        await letters.finish(KEY, found, now=NOON)

    told = await asyncio.gather(*(begin(letters) for _ in range(20)))

    assert Counter(begun.earlier for begun in told) == {found: 1, Handover.SENDING: 19}


async def test_of_many_attempts_of_several_workers_one_may_send(database: Database) -> None:
    engines = [open_database(database.url) for _ in range(3)]

    told = await asyncio.gather(*(begin(SqlOutbox(engines[n % 3])) for n in range(20)))

    assert Counter(begun.earlier for begun in told) == {None: 1, Handover.SENDING: 19}
    for engine in engines:
        await engine.dispose()


async def test_a_slower_attempt_that_reports_at_the_same_moment_changes_nothing_accepted(letters: Outbox) -> None:
    await begin(letters)

    await asyncio.gather(
        letters.finish(KEY, Handover.AMBIGUOUS, now=NOON),
        letters.finish(KEY, Handover.ACCEPTED, now=NOON),
        letters.finish(KEY, Handover.PREPARED, now=NOON),
    )

    assert await begin(letters) == Begun(earlier=Handover.ACCEPTED)


async def test_an_attempt_is_noted_before_anything_is_handed_over(database: Database) -> None:
    await begin(SqlOutbox(database.engine))

    another_worker = open_database(database.url)

    assert await begin(SqlOutbox(another_worker)) == Begun(earlier=Handover.SENDING)
    await another_worker.dispose()


async def test_the_row_says_when_it_began_and_when_it_changed_last(database: Database) -> None:
    letters = SqlOutbox(database.engine)
    await begin(letters, now=NOON)
    await letters.finish(KEY, Handover.ACCEPTED, now=LATER)

    async with database.engine.begin() as connection:
        row = (await connection.execute(select(outbox))).one()

    assert (row.since, row.changed, row.message_id) == (NOON, LATER, f"<{KEY}@example.org>")


async def test_a_letter_is_found_by_its_message_id_without_reading_the_whole_outbox(sqlite: Database) -> None:
    """Strangers decide how often it is looked for."""
    async with sqlite.engine.connect() as connection:
        plan = await connection.execute(text("EXPLAIN QUERY PLAN SELECT key FROM outbox WHERE message_id = 'x'"))
        steps = [str(row.detail) for row in plan]

    assert [step for step in steps if "ix_outbox_message_id" in step] == steps != []
