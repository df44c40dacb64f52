"""The ledger in a database: one row a person and claim, and one for every key that was released."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, column, delete, exists, insert, or_, select, update, values
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.ledger import Claimed
from adapters.sql import claims, reading, releases
from entrevue.values import InterviewId, PersonId

_Row = tuple[str, str, str, datetime, datetime, datetime | None]


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
        replaces: str | None,
        now: datetime,
        hold_until: datetime | None = None,
    ) -> bool:
        panel = sorted(set(people))
        mine = claims.c.key == key
        async with self._writing.begin() as connection:
            if await _is_released(connection, key):
                return False
            overlapping = select(claims.c.key).where(_reaches_into(panel, start, end), claims.c.hold_until <= now)
            await connection.execute(delete(claims).where(claims.c.key.in_(overlapping)))
            there = await connection.execute(
                select(claims.c.interview, claims.c.person, claims.c.starts, claims.c.ends).where(mine)
            )
            if {tuple(row) for row in there} == {(interview, person, start, end) for person in panel}:
                await connection.execute(update(claims).where(mine).values(hold_until=hold_until))
                return True
            await connection.execute(delete(claims).where(mine))
            rows = [(key, person, interview, start, end, hold_until) for person in panel]
            return await _insert_unless_taken(connection, rows, replaces)

    async def release(self, *, key: str, now: datetime) -> None:
        async with self._writing.begin() as connection:
            await connection.execute(delete(claims).where(claims.c.key == key))
            if not await _is_released(connection, key):
                await connection.execute(insert(releases).values(key=key, at=now))

    async def busy(
        self, people: Sequence[PersonId], start: datetime, end: datetime, now: datetime
    ) -> tuple[Claimed, ...]:
        stands = or_(claims.c.hold_until.is_(None), claims.c.hold_until > now)
        found = (
            select(claims)
            .where(_reaches_into(people, start, end), stands)
            .order_by(claims.c.starts, claims.c.person, claims.c.key)
        )
        async with self._reading.begin() as connection:
            return tuple(
                Claimed(person=row.person, start=row.starts, end=row.ends, interview=row.interview, key=row.key)
                for row in await connection.execute(found)
            )


def _reaches_into(people: Sequence[PersonId], start: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(claims.c.person.in_(people), claims.c.starts < end, claims.c.ends > start)


async def _is_released(connection: AsyncConnection, key: str) -> bool:
    return await connection.scalar(select(exists().where(releases.c.key == key))) or False


async def _insert_unless_taken(connection: AsyncConnection, wanted: Sequence[_Row], replaces: str | None) -> bool:
    """Insert all the rows, or none where one overlaps another claim. The only rule that differs between databases.

    On SQLite the transaction holds the one write lock, so that nobody comes between the look and the insert. On
    PostgreSQL somebody does: there this statement needs the constraint `EXCLUDE USING gist (person WITH =,
    interview WITH <>, int8range(starts, ends) WITH &&)`, and its violation (23P01) means False too. The condition
    stays all the same: the constraint lets claims of one interview overlap, wanted or not.
    """
    _, _, interview, start, end, _ = wanted[0]
    taken = exists().where(
        _reaches_into([person for _, person, *_ in wanted], start, end),
        or_(claims.c.key.is_distinct_from(replaces), claims.c.interview != interview),
    )
    panel = values(*(column(one.name, one.type) for one in claims.c), name="panel").data(wanted).cte()
    inserted = await connection.execute(
        insert(claims).from_select(claims.c.keys(), select(panel).where(~taken)).returning(claims.c.person)
    )
    return bool(inserted.all())
