"""A migrated database in a folder of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.migrations import migrate
from adapters.sql import open_database


def database_url(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / 'entrevue.db'}"


@asynccontextmanager
async def migrated_database(folder: Path) -> AsyncIterator[AsyncEngine]:
    url = database_url(folder)
    await migrate(url)
    engine = open_database(url)
    try:
        yield engine
    finally:
        await engine.dispose()
