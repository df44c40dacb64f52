"""Migrated databases with nothing in them: a SQLite file in a folder, or one of a PostgreSQL server's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sql.database import open_database
from adapters.sql.migrations import migrate
from demo.postgres_server import PostgresServer

_SHARED = "shared"
_ALONE = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
_NUMBER = count(1)


@dataclass(frozen=True)
class Database:
    url: str
    engine: AsyncEngine


def sqlite_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'entrevue.db'}"


@asynccontextmanager
async def sqlite_database(folder: Path) -> AsyncIterator[Database]:
    url = sqlite_url(folder)
    await migrate(url)
    async with _opened(url) as database:
        yield database


@asynccontextmanager
async def empty_database(server: PostgresServer) -> AsyncIterator[str]:
    """Give the URL of a new database, without our tables."""
    name = f"empty{next(_NUMBER)}"
    yield await server.create(name)
    await server.drop(name)


async def migrate_shared(server: PostgresServer) -> None:
    """Make the one database that the tests use one after the other: making one for each takes longer than the tests."""
    await migrate(await server.create(_SHARED))


@asynccontextmanager
async def postgresql_database(server: PostgresServer) -> AsyncIterator[Database]:
    async with server.connected(_SHARED) as superuser:
        await superuser.execute(_ALONE)
        await superuser.execute("TRUNCATE claims, releases, journal, outbox, lessons, learned")
    async with _opened(server.url(_SHARED)) as database:
        yield database


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[Database]:
    engine = open_database(url)
    try:
        yield Database(url, engine)
    finally:
        await engine.dispose()
