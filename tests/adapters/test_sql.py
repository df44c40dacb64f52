"""The database itself: its migrations, who may read its file, and what its errors tell."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from traceback import format_exception

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Integer, cast, insert, literal, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.sql.database import METADATA, atomically, claims, journal, open_database, releases, sqlstate
from adapters.sql.ledger import SqlLedger
from adapters.sql.migrations import migrate
from demo.postgres_server import GUARDED, PostgresServer
from tests.adapters.database import Database, empty_database, sqlite_database, sqlite_url

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 12, 1, 13, tzinfo=UTC)
PASSWORD = "correct horse"  # noqa: S105 - of a role of a server that lives as long as the tests


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, METADATA))


# --- migrations ------------------------------------------------------------------------------------------------------


@pytest.fixture(name="postgresql_url")
async def _postgresql_url(postgres_server: PostgresServer) -> AsyncIterator[str]:
    async with empty_database(postgres_server) as url:
        yield url


@pytest.fixture(name="new_url", params=["sqlite", "postgresql"])
def _new_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Name a database without any tables."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    url: str = request.getfixturevalue("postgresql_url")
    return url


async def test_the_migrations_lead_to_the_tables_that_the_code_uses(database: Database) -> None:
    async with database.engine.begin() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_table_that_differs_would_be_found(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("ALTER TABLE outbox RENAME COLUMN since TO begun"))

        assert len(await connection.run_sync(differences)) == 2
        await connection.rollback()


async def test_migrating_again_keeps_what_is_there(database: Database) -> None:
    await SqlLedger(database.engine).release(key="7f3/claim/1.0", now=NOON)

    await migrate(database.url)

    async with database.engine.begin() as connection:
        assert await connection.scalar(text("SELECT key FROM releases")) == "7f3/claim/1.0"


MIGRATE = """
import asyncio, sys
from adapters.sql.migrations import migrate

print("ready", flush=True)
sys.stdin.readline()
asyncio.run(migrate(sys.argv[1]))
"""


async def test_workers_that_start_at_once_migrate_a_new_database_once(new_url: str) -> None:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-c", MIGRATE, new_url)
    workers = [await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=pipe, stdout=pipe) for _ in range(3)]
    for worker in workers:
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"ready\n"
    await asyncio.gather(*(worker.communicate(b"go\n") for worker in workers))

    assert [worker.returncode for worker in workers] == [0, 0, 0]
    engine = open_database(new_url)
    async with engine.begin() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_the_command_line_migrates_there_and_back(new_url: str) -> None:
    async def alembic(*arguments: str) -> bytes:
        command = (sys.executable, "-m", "alembic", "-c", "adapters/sql/alembic.ini", *arguments)
        environment = {**os.environ, "ENTREVUE_DATABASE_URL": new_url}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stdout=pipe)
        output, _ = await process.communicate()
        assert process.returncode == 0
        return output

    await alembic("upgrade", "head")
    assert b"(head)" in await alembic("current")
    await alembic("downgrade", "base")
    assert b"(head)" not in await alembic("current")


# --- who may do what -------------------------------------------------------------------------------------------------


@pytest.fixture(name="role")
async def _role(postgres_server: PostgresServer) -> AsyncIterator[str]:
    """Make a role that may do nothing special and must say a password."""
    async with postgres_server.connected() as superuser:
        await superuser.execute(f"CREATE ROLE worker LOGIN PASSWORD '{PASSWORD}' IN ROLE {GUARDED}")
        yield "worker"
        await superuser.execute("DROP ROLE worker")


@asynccontextmanager
async def allowed(server: PostgresServer, url: str, *rights: str) -> AsyncIterator[str]:
    """Give the role `worker` these rights in the database for a while; give the URL by which it connects."""
    name = make_url(url).database or ""
    async with server.connected(name) as superuser:
        for right in rights:
            await superuser.execute(right.replace("DATABASE", f"DATABASE {name}"))
    yield server.url(name, "worker", PASSWORD)
    async with server.connected(name) as superuser:
        await superuser.execute("DROP OWNED BY worker CASCADE")


@pytest.mark.parametrize(
    "rights",
    [
        ["CREATE EXTENSION btree_gist", "GRANT CREATE ON SCHEMA public TO worker"],
        ["GRANT CREATE ON DATABASE TO worker", "GRANT CREATE ON SCHEMA public TO worker"],
        [
            "REVOKE ALL ON DATABASE FROM PUBLIC",
            "GRANT CONNECT ON DATABASE TO worker",
            "CREATE EXTENSION btree_gist",
            "CREATE SCHEMA worker AUTHORIZATION worker",
        ],
    ],
    ids=["the extension is there", "it may make the extension", "in a schema of its own, as docs/operating.md has it"],
)
async def test_a_role_without_superpowers_migrates_and_works(
    postgres_server: PostgresServer, postgresql_url: str, role: str, rights: list[str]
) -> None:
    async with allowed(postgres_server, postgresql_url, *rights) as url:
        await migrate(url)
        engine = open_database(url)
        async with engine.begin() as connection:
            assert await connection.scalar(text("SELECT current_user")) == role
            assert await connection.run_sync(differences) == []
        await SqlLedger(engine).release(key="7f3/claim/1.0", now=NOON)
        await engine.dispose()


@pytest.mark.usefixtures("role")
async def test_a_role_that_may_not_make_the_extension_is_told_which(
    postgres_server: PostgresServer, postgresql_url: str
) -> None:
    async with allowed(postgres_server, postgresql_url, "GRANT CREATE ON SCHEMA public TO worker") as url:
        with pytest.raises(DBAPIError, match="permission denied to create extension"):
            await migrate(url)


@pytest.mark.usefixtures("role")
async def test_where_somebody_else_has_migrated_the_rows_are_all_that_the_worker_needs(
    postgres_server: PostgresServer, postgresql_url: str
) -> None:
    await migrate(postgresql_url)
    rights = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO worker"

    async with allowed(postgres_server, postgresql_url, rights) as url:
        await migrate(url)
        engine = open_database(url)
        await SqlLedger(engine).release(key="7f3/claim/1.0", now=NOON)
        async with engine.begin() as connection:
            with pytest.raises(DBAPIError, match="must be owner"):
                await connection.execute(text("DROP TABLE claims"))
        await engine.dispose()


# --- SQLite's file ---------------------------------------------------------------------------------------------------


def rights(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


async def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    (tmp_path / "entrevue.db").touch(0o644)

    async with sqlite_database(tmp_path) as database, database.engine.begin():
        assert rights(tmp_path) == {"entrevue.db": 0o600, "entrevue.db-wal": 0o600, "entrevue.db-shm": 0o600}


COMES_AND_GOES = """
import sqlite3, sys

connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT key FROM releases").fetchall()
connection.close()
"""


async def test_opening_the_file_once_more_drops_no_lock(tmp_path: Path) -> None:
    """Whoever closes the database last tidies the write-ahead log away: only our lock tells others that we are here."""
    async with sqlite_database(tmp_path) as database:
        await SqlLedger(database.engine).release(key="7f3/claim/1.0", now=NOON)
        await open_database(database.url).dispose()

        command = (sys.executable, "-c", COMES_AND_GOES, str(tmp_path / "entrevue.db"))
        other = await asyncio.create_subprocess_exec(*command)

        assert await other.wait() == 0
        assert (tmp_path / "entrevue.db-wal").stat().st_size > 0


# --- transactions ----------------------------------------------------------------------------------------------------


async def give_up(connection: AsyncConnection, code: str) -> None:
    await connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'given up' USING ERRCODE = '{code}'; END $$"))


@pytest.mark.parametrize(
    "code", ["40P01", "40001", "23P01"], ids=["a deadlock", "not serializable", "the constraint's word"]
)
async def test_a_transaction_that_lost_a_race_runs_anew_and_leaves_nothing_of_its_first_run(
    postgresql: Database, code: str
) -> None:
    runs = []

    async def work(connection: AsyncConnection) -> str:
        runs.append(code)
        await connection.execute(insert(releases).values(key=f"run {len(runs)}", at=NOON))
        if len(runs) < 3:
            await give_up(connection, code)
        return "done"

    assert await atomically(postgresql.engine, work) == "done"
    async with postgresql.engine.begin() as connection:
        assert list(await connection.scalars(select(releases.c.key))) == ["run 3"]


@pytest.mark.parametrize(("code", "runs"), [("40P01", 5), ("55P03", 1)], ids=["lost again and again", "locked"])
async def test_a_transaction_that_cannot_succeed_is_trouble_in_the_end(
    postgresql: Database, code: str, runs: int
) -> None:
    begun = []

    async def work(connection: AsyncConnection) -> None:
        begun.append(code)
        await give_up(connection, code)

    with pytest.raises(DBAPIError) as trouble:
        await atomically(postgresql.engine, work)
    assert (sqlstate(trouble.value), len(begun)) == (code, runs)


async def test_waiting_ends_before_an_attempt_does(postgresql: Database) -> None:
    async with postgresql.engine.begin() as connection:
        limits = {
            name: await connection.scalar(text(f"SHOW {name}"))
            for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
        }
        level = await connection.scalar(text("SHOW transaction_isolation"))

    assert limits == {
        "lock_timeout": "5s",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "20s",
    }
    assert level == "read committed"


# --- what errors tell ------------------------------------------------------------------------------------------------


SECRETIVE = {
    "a row without its instant": journal.insert().values(
        interview="7f3", seq=1, kind="x", by="Zoe", schema_version=1, data={"name": "Zoe Winter"}
    ),
    "a time that runs backwards": claims.insert().values(
        key="7f3/claim/1.0", person="Zoe", interview="7f3", starts=NOON, ends=NOON, minutes=0
    ),
    "half a character": releases.insert().values(key="Zoe \ud800", at=NOON),
    "a text that is no number": select(cast(literal("Zoe"), Integer) + cast(claims.c.key, Integer)),
}


@pytest.mark.parametrize("what", SECRETIVE)
async def test_an_error_names_no_value(database: Database, what: str) -> None:
    one = claims.insert().values(key="Zoe", person="Zoe", interview="7f3", starts=NOON, ends=LATER, minutes=45)
    async with database.engine.connect() as connection:
        await connection.execute(one)
        try:
            await connection.execute(SECRETIVE[what])
        except (DBAPIError, UnicodeError) as trouble:
            told = "".join(format_exception(trouble))
        else:
            told = ""

    assert "Zoe" not in told
    assert told or (database.engine.dialect.name, what) == ("sqlite", "a text that is no number")


async def test_neither_an_overlap_nor_a_second_row_is_quoted(postgresql: Database) -> None:
    row = {"person": "Zoe", "starts": NOON, "ends": LATER, "minutes": 45}
    async with postgresql.engine.begin() as connection:
        await connection.execute(claims.insert().values(row | {"key": "7f3/claim/1.0", "interview": "7f3"}))

    for key, interview in (("8a0/claim/1.0", "8a0"), ("7f3/claim/1.0", "7f3")):
        with pytest.raises(IntegrityError) as refused:
            async with postgresql.engine.begin() as connection:
                await connection.execute(claims.insert().values(row | {"key": key, "interview": interview}))
        assert "Zoe" not in "".join(format_exception(refused.value))


@pytest.mark.usefixtures("role")
async def test_a_wrong_password_is_named_nowhere(postgres_server: PostgresServer) -> None:
    engine = open_database(postgres_server.url("postgres", "worker", "open sesame"))

    with pytest.raises((DBAPIError, asyncpg.PostgresError)) as refused:
        async with engine.connect():
            pass

    told = "".join(format_exception(refused.value)) + repr(engine) + str(engine.url)
    assert "password authentication failed" in told
    assert "sesame" not in told
    await engine.dispose()


# --- which databases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "remedy"),
    [
        ("sqlite+aiosqlite://", "must be a file"),
        ("sqlite+aiosqlite:///:memory:", "must be a file"),
        ("sqlite:///entrevue.db", "sqlite is not known here: give sqlite[+]aiosqlite"),
        ("postgresql://entrevue:secret@localhost/entrevue", "postgresql is not known here: .* or postgresql[+]asyncpg"),
        ("mysql+aiomysql://entrevue:secret@localhost/entrevue", "mysql[+]aiomysql is not known here"),
        ("postgresql+asyncpg://entrevue:secret@localhost", "must name host and database"),
        ("postgresql+asyncpg:///entrevue?password=secret", "must name host and database"),
        ("postgresql+asyncpg://entrevue:secret@localhost/entrevue?ssl=require", "sslmode"),
        ("postgresql+asyncpg://entrevue@localhost:secret/entrevue", "%XX"),
        ("secret", "%XX"),
    ],
)
def test_a_database_that_is_not_known_is_refused_with_the_remedy_and_without_its_password(
    url: str, remedy: str
) -> None:
    with pytest.raises(ValueError, match=remedy) as refused:
        open_database(url)
    assert "secret" not in "".join(format_exception(refused.value)).replace(url, "")


@pytest.mark.parametrize("password", ["plain", "p@ss:w/rd", "50% + ? & #", "naïve 東京"])
async def test_any_password_can_be_written_into_a_url(
    postgres_server: PostgresServer, role: str, password: str
) -> None:
    async with postgres_server.connected() as superuser:
        await superuser.execute(f"ALTER ROLE {role} PASSWORD '{password}'")

    engine = open_database(postgres_server.url("postgres", role, password))

    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT current_user")) == role
    await engine.dispose()


TLS_WANTED = bytes.fromhex("0000000804d2162f")


async def test_where_tls_must_be_a_server_without_it_is_told_nothing() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def refuse_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(8)
        writer.write(b"N")
        heard.set_result((first, await reader.read()))
        writer.close()

    async with await asyncio.start_server(refuse_tls, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        engine = open_database(f"postgresql+asyncpg://entrevue:secret@127.0.0.1:{port}/entrevue?sslmode=require")
        with pytest.raises((OSError, DBAPIError, asyncpg.InterfaceError)):
            async with engine.connect():
                pass
        assert await heard == (TLS_WANTED, b"")
        await engine.dispose()


@pytest.mark.parametrize("where", ["@db.invalid/entrevue", "@/entrevue?host=/nowhere,db.invalid"])
async def test_another_machine_must_show_a_certificate_that_can_be_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    engine = open_database(f"postgresql+asyncpg://entrevue:secret{where}")

    with pytest.raises(
        (DBAPIError, asyncpg.ClientConfigurationError), match=r"root certificate file .* does not exist"
    ):
        async with engine.connect():
            pass
    await engine.dispose()
