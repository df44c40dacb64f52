"""Lessons in a database: one row a version, numbered in the order of commits; and how far each journal was learned."""

from collections.abc import Sequence
from functools import partial

from sqlalchemy import RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.sql.database import atomically, learned, lessons, lock, reading
from entrevue.learning import Lesson, changed
from entrevue.values import InterviewId


class SqlLessons:
    def __init__(self, engine: AsyncEngine) -> None:
        self._writing = engine
        self._reading = reading(engine)

    async def keep(self, interview: InterviewId, seq: int, lessons: Sequence[Lesson]) -> None:
        await atomically(self._writing, partial(_keep, interview, seq, lessons))

    async def about(self, subject: str) -> tuple[Lesson, ...]:
        found = select(lessons).where(lessons.c.subject == subject).order_by(lessons.c.n)
        async with self._reading.begin() as connection:
            return tuple(_lesson(row) for row in (await connection.execute(found)).mappings())

    async def of(self, interview: InterviewId) -> tuple[Lesson, ...]:
        async with self._reading.begin() as connection:
            return await _of(interview, connection)


async def _keep(interview: InterviewId, seq: int, taught: Sequence[Lesson], connection: AsyncConnection) -> None:
    """Take one lock for all: nearly every interview teaches about the organisation, so they share a subject anyway."""
    await connection.run_sync(lock, "lessons")
    own = learned.c.interview == interview
    known = await connection.scalar(select(learned.c.seq).where(own))
    if known is None:
        await connection.execute(insert(learned).values(interview=interview, seq=seq))
    elif known > seq:
        return
    else:
        await connection.execute(update(learned).where(own).values(seq=seq))
    fresh = changed(await _of(interview, connection), taught)
    last = await connection.scalar(select(func.max(lessons.c.n))) or 0
    if fresh:
        rows = [{"n": n, **one.model_dump(mode="json")} for n, one in enumerate(fresh, last + 1)]
        await connection.execute(insert(lessons), rows)


async def _of(interview: InterviewId, connection: AsyncConnection) -> tuple[Lesson, ...]:
    found = select(lessons).where(lessons.c.interview == interview).order_by(lessons.c.n)
    last = {row["subject"]: row for row in (await connection.execute(found)).mappings()}
    return tuple(_lesson(last[subject]) for subject in sorted(last))


def _lesson(row: RowMapping) -> Lesson:
    return Lesson.model_validate(dict(row))
