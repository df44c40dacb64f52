"""Run by Alembic: hands it our tables and a connection, either `migrate`'s or, on the command line, one of its own."""

import asyncio
import os
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from adapters.sql.database import METADATA, Micros, lock, open_database


def _spelt_out(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Keep our types out of migrations, which must mean the same when the types have changed."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Micros) else False


def _run(connection: Connection) -> None:
    lock(connection, "migrations")
    # The transaction is the caller's: DDL takes part in it, which Alembic does not expect of SQLite.
    context.configure(connection=connection, target_metadata=METADATA, transactional_ddl=True, render_item=_spelt_out)
    with context.begin_transaction():
        context.run_migrations()


async def _run_on_the_command_line() -> None:
    engine = open_database(os.environ["ENTREVUE_DATABASE_URL"])
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_run)
    finally:
        await engine.dispose()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(_run_on_the_command_line())
else:
    _run(given)
