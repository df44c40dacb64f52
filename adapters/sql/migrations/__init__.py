"""Bring a database, empty or of an older release, to today's tables."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from adapters.sql.database import open_database


async def migrate(url: str) -> None:
    """Make the tables what `adapters.sql.database` says. May be repeated, and by several workers at once.

    All of it is one transaction, which keeps the others out before it looks which revision the database has.
    PostgreSQL must have the extension btree_gist, or let us make it: the right CREATE on the database is enough.
    """
    engine = open_database(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "adapters.sql:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
