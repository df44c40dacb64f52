"""The outbox in a database: one row a letter."""

from datetime import datetime
from functools import partial

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.mail import Begun, Handover, KeyReused, Rejected
from adapters.sql.database import atomically, lock, outbox


class SqlOutbox:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def begin(self, key: str, *, message_id: str, digest: str, now: datetime) -> Begun:
        return await atomically(self._engine, partial(_begin, key, message_id, digest, now))

    async def key_of(self, message_id: str) -> str | None:
        async with self._engine.connect() as connection:
            found = select(outbox.c.key).where(outbox.c.message_id == message_id)
            key: str | None = (await connection.execute(found)).scalar_one_or_none()
        return key

    async def finish(self, key: str, state: Handover, *, now: datetime, refusal: Rejected | None = None) -> None:
        ended = {
            "state": state,
            "smtp_code": refusal.smtp_code if refusal else None,
            "address_is_bad": refusal.address_is_bad if refusal else None,
            "changed": now,
        }
        unless_accepted = (outbox.c.key == key, outbox.c.state != Handover.ACCEPTED)
        async with self._engine.begin() as connection:
            await connection.execute(update(outbox).where(*unless_accepted).values(ended))


async def _begin(key: str, message_id: str, digest: str, now: datetime, connection: AsyncConnection) -> Begun:
    await connection.run_sync(lock, f"outbox/{key}")
    this = outbox.c.key == key
    sending = {"state": Handover.SENDING, "changed": now}
    row = (await connection.execute(select(outbox).where(this))).one_or_none()
    if row is None:
        first = {"key": key, "message_id": message_id, "digest": digest, "since": now}
        await connection.execute(insert(outbox).values(first | sending))
        return Begun(earlier=None)
    if row.digest != digest:
        raise KeyReused(key)
    if row.state == Handover.PREPARED:
        await connection.execute(update(outbox).where(this).values(sending))
    return Begun(earlier=Handover(row.state), refusal=_refusal(row.smtp_code, address_is_bad=row.address_is_bad))


def _refusal(smtp_code: int | None, *, address_is_bad: bool | None) -> Rejected | None:
    if smtp_code is None or address_is_bad is None:
        return None
    return Rejected(smtp_code=smtp_code, address_is_bad=address_is_bad)
