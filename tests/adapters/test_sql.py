"""The database itself: its migrations, who may read its file, and what its errors tell."""

import asyncio
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from adapters.migrations import migrate
from adapters.sql import METADATA, journal, open_database
from adapters.sql_ledger import SqlLedger
from tests.adapters.database import database_url, migrated_database

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, METADATA))


async def test_the_migrations_lead_to_the_tables_that_the_code_uses(tmp_path: Path) -> None:
    async with migrated_database(tmp_path) as engine, engine.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_table_that_differs_would_be_found(tmp_path: Path) -> None:
    async with migrated_database(tmp_path) as engine, engine.begin() as connection:
        await connection.execute(text("ALTER TABLE outbox RENAME COLUMN since TO begun"))

        assert len(await connection.run_sync(differences)) == 2


async def test_migrating_again_keeps_what_is_there(tmp_path: Path) -> None:
    async with migrated_database(tmp_path) as engine:
        await SqlLedger(engine).release(key="7f3/claim/1.0", now=NOON)

        await migrate(database_url(tmp_path))

        async with engine.begin() as connection:
            assert await connection.scalar(text("SELECT key FROM releases")) == "7f3/claim/1.0"


MIGRATE = """
import asyncio, sys
from adapters.migrations import migrate

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(migrate(sys.argv[1]))
"""


async def test_workers_that_start_at_once_migrate_a_new_database_once(tmp_path: Path) -> None:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", MIGRATE, database_url(tmp_path))
    workers = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe) for _ in range(3)]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))

    assert [worker.returncode for worker in workers] == [0, 0, 0]
    engine = open_database(database_url(tmp_path))
    async with engine.begin() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_the_command_line_migrates_there_and_back(tmp_path: Path) -> None:
    async def alembic(*arguments: str) -> bytes:
        command = (sys.executable, "-m", "alembic", "-c", "adapters/alembic.ini", *arguments)
        environment = {**os.environ, "ENTREVUE_DATABASE_URL": database_url(tmp_path)}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=pipe)
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output

    await alembic("upgrade", "head")
    assert b"(head)" in await alembic("current")
    await alembic("downgrade", "base")
    assert b"(head)" not in await alembic("current")


def rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "entrevue.db").touch(0o644)

    async with migrated_database(tmp_path) as engine, engine.begin():
        assert rights(tmp_path) == {"entrevue.db": 0o600, "entrevue.db-wal": 0o600, "entrevue.db-shm": 0o600}


COMES_AND_GOES = """
import sqlite3, sys

connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT key FROM releases").fetchall()
connection.close()
"""


async def test_opening_the_file_once_more_drops_no_lock(tmp_path: Path) -> None:
    """Whoever closes the database last tidies the write-ahead log away: only our lock tells others that we are here."""
    async with migrated_database(tmp_path) as engine:
        await SqlLedger(engine).release(key="7f3/claim/1.0", now=NOON)
        await open_database(database_url(tmp_path)).dispose()

        command = (sys.executable, "-c", COMES_AND_GOES, str(tmp_path / "entrevue.db"))
        other = await asyncio.create_subprocess_exec(*command)

        assert await other.wait() == 0
        assert (tmp_path / "entrevue.db-wal").stat().st_size > 0


async def test_an_error_names_no_value(tmp_path: Path) -> None:
    async with migrated_database(tmp_path) as engine, engine.begin() as connection:
        row = {"interview": "7f3", "seq": 1, "kind": "x", "by": "backend", "schema_version": 1}

        with pytest.raises(DBAPIError) as trouble:
            await connection.execute(journal.insert().values(row | {"data": {"name": "Ada Lovelace"}}))

    assert "Ada" not in str(trouble.value)


@pytest.mark.parametrize(
    "url",
    ["postgresql+asyncpg://entrevue:secret@localhost/entrevue", "sqlite+aiosqlite://", "sqlite+aiosqlite:///:memory:"],
)
def test_a_database_without_a_conflict_rule_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be a file") as refused:
        open_database(url)
    assert "secret" not in str(refused.value)
