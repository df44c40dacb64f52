"""The journal in a database: one row an event."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import RowMapping, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.journal import JournalGap
from adapters.sql.database import atomically, journal, lock, reading
from entrevue.orders import JournalEntry
from entrevue.values import InterviewId, digest


class SqlJournal:
    def __init__(self, engine: AsyncEngine) -> None:
        self._writing = engine
        self._reading = reading(engine)

    async def append(self, interview: InterviewId, entries: Sequence[JournalEntry]) -> int | None:
        return await atomically(self._writing, partial(_append, interview, entries))

    async def read(self, interview: InterviewId, after: int = 0, limit: int = 500) -> tuple[JournalEntry, ...]:
        found = (
            select(journal)
            .where(journal.c.interview == interview, journal.c.seq > after)
            .order_by(journal.c.seq)
            .limit(limit)
        )
        async with self._reading.begin() as connection:
            return tuple(_entry(row) for row in (await connection.execute(found)).mappings())

    async def interviews(self, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        found = (
            select(journal.c.interview)
            .where(journal.c.seq == 1, journal.c.interview > after)
            .order_by(journal.c.interview)
            .limit(limit)
        )
        async with self._reading.begin() as connection:
            return tuple(await connection.scalars(found))


async def _append(interview: InterviewId, entries: Sequence[JournalEntry], connection: AsyncConnection) -> int | None:
    await connection.run_sync(lock, f"journal/{interview}")
    own = journal.c.interview == interview
    same = select(journal).where(own, journal.c.seq.between(entries[0].seq, entries[-1].seq))
    there = {row["seq"]: _entry(row) for row in (await connection.execute(same)).mappings()}
    for entry in entries:
        if entry.seq in there and digest(entry) != digest(there[entry.seq]):
            return entry.seq
    last = await connection.scalar(select(func.max(journal.c.seq)).where(own)) or 0
    fresh = [entry for entry in entries if entry.seq > last]
    for expected, entry in enumerate(fresh, last + 1):
        if entry.seq != expected:
            raise JournalGap(f"entry {expected} is missing before entry {entry.seq}")
    if fresh:
        await connection.execute(insert(journal), [entry.model_dump() for entry in fresh])
    return None


def _entry(row: RowMapping) -> JournalEntry:
    return JournalEntry.model_validate(dict(row))
