"""The ledger in a database: one row a person and claim, and one for every key that was released."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ledger import Claimed
from adapters.sql.database import atomically, claims, lock, reading, releases
from entrevue.values import InterviewId, PersonId


class SqlLedger:
    def __init__(self, engine: AsyncEngine) -> None:
        self._writing = engine
        self._reading = reading(engine)

    async def claim(
        self,
        *,
        key: str,
        interview: InterviewId,
        people: Sequence[PersonId],
        start: datetime,
        end: datetime,
        minutes: int,
        replaces: str | None,
        now: datetime,
        hold_until: datetime | None = None,
    ) -> frozenset[PersonId]:
        wanted = [
            Claimed(
                person=person,
                start=start,
                end=end,
                interview=interview,
                key=key,
                minutes=minutes,
                hold_until=hold_until,
            )
            for person in sorted(set(people))
        ]
        return await atomically(self._writing, partial(_claim, wanted, replaces, now))

    async def held(self, key: str) -> tuple[Claimed, ...]:
        return await self._found(select(claims).where(claims.c.key == key).order_by(claims.c.person))

    async def release(self, *, key: str, now: datetime) -> None:
        async def work(connection: AsyncConnection) -> None:
            await connection.run_sync(lock, _name_of(key))
            await connection.execute(delete(claims).where(claims.c.key == key))
            if not await _is_released(connection, key):
                await connection.execute(insert(releases).values(key=key, at=now))

        await atomically(self._writing, work)

    async def busy(
        self, people: Sequence[PersonId], start: datetime, end: datetime, now: datetime
    ) -> tuple[Claimed, ...]:
        stands = or_(claims.c.hold_until.is_(None), claims.c.hold_until > now)
        return await self._found(select(claims).where(_reaches_into(people, start, end), stands).order_by(*_BY_START))

    async def ahead(self, now: datetime, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        interview = claims.c.interview
        found = select(interview).where(claims.c.ends > now, interview > after).distinct().order_by(interview)
        async with self._reading.begin() as connection:
            return tuple(await connection.scalars(found.limit(limit)))

    async def of_interview(self, interview: InterviewId) -> tuple[Claimed, ...]:
        return await self._found(select(claims).where(claims.c.interview == interview).order_by(*_BY_START))

    async def prune(self, *, holds_before: datetime, past_before: datetime) -> int:
        over = or_(claims.c.hold_until < holds_before, claims.c.ends < past_before)

        async def work(connection: AsyncConnection) -> int:
            gone = await connection.execute(delete(claims).where(over))
            forgotten = await connection.execute(delete(releases).where(releases.c.at < past_before))
            return gone.rowcount + forgotten.rowcount

        return await atomically(self._writing, work)

    async def _found(self, wanted: Select[*tuple[object, ...]]) -> tuple[Claimed, ...]:
        async with self._reading.begin() as connection:
            return tuple(_claimed(row) for row in await connection.execute(wanted))


_BY_START = (claims.c.starts, claims.c.person, claims.c.key)


async def _claim(
    wanted: Sequence[Claimed], replaces: str | None, now: datetime, connection: AsyncConnection
) -> frozenset[PersonId]:
    """Look, then write: the locks on key and people keep everybody else out between the two.

    PostgreSQL's constraint stands behind them. Where it refuses, the transaction runs anew and finds who is there.
    """
    key, interview, start, end = wanted[0].key, wanted[0].interview, wanted[0].start, wanted[0].end
    panel = frozenset(one.person for one in wanted)
    await connection.run_sync(lock, _name_of(key), *(f"ledger/person/{person}" for person in panel))
    if await _is_released(connection, key):
        return panel
    mine, overlap = claims.c.key == key, _reaches_into(sorted(panel), start, end)
    there = [_claimed(row) for row in await connection.execute(select(claims).where(or_(mine, overlap)))]
    expired = {one.key for one in there if _is_expired(one, now) and _overlaps(one, wanted[0], panel)}
    if expired:
        holds = select(claims.c.key).where(overlap, claims.c.hold_until <= now)
        await connection.execute(delete(claims).where(claims.c.key.in_(holds)))
    before = {_place(one) for one in there if one.key == key and key not in expired}
    if before == {_place(one) for one in wanted}:
        same_time = {"minutes": wanted[0].minutes, "hold_until": wanted[0].hold_until}
        kept = await connection.execute(update(claims).where(mine).values(same_time))
        if kept.rowcount == len(wanted):  # `prune` takes no locks by name, and may have come between
            return frozenset()
    if before:
        await connection.execute(delete(claims).where(mine))
    in_the_way = frozenset(
        one.person
        for one in there
        if one.key not in {key, *expired} and not (one.key == replaces and one.interview == interview)
    )
    if not in_the_way:
        await connection.execute(insert(claims).values([_row(one) for one in wanted]))
    return in_the_way


def _name_of(key: str) -> str:
    return f"ledger/key/{key}"


async def _is_released(connection: AsyncConnection, key: str) -> bool:
    return await connection.scalar(select(exists().where(releases.c.key == key))) or False


def _reaches_into(people: Sequence[PersonId], start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(claims.c.person.in_(people), claims.c.starts < end, claims.c.ends > start)


def _overlaps(one: Claimed, wanted: Claimed, panel: frozenset[PersonId]) -> bool:
    return one.person in panel and one.start < wanted.end and wanted.start < one.end


def _is_expired(one: Claimed, now: datetime) -> bool:
    return one.hold_until is not None and one.hold_until <= now


def _place(one: Claimed) -> tuple[str, str, datetime, datetime]:
    return one.interview, one.person, one.start, one.end


def _row(one: Claimed) -> dict[str, object]:
    return {
        "key": one.key,
        "person": one.person,
        "interview": one.interview,
        "starts": one.start,
        "ends": one.end,
        "minutes": one.minutes,
        "hold_until": one.hold_until,
    }


def _claimed(row: Row[*tuple[object, ...]]) -> Claimed:
    return Claimed(
        person=row.person,
        start=row.starts,
        end=row.ends,
        interview=row.interview,
        key=row.key,
        minutes=row.minutes,
        hold_until=row.hold_until,
    )
