"""The database, SQLite or PostgreSQL: its tables, how a connection to it behaves, and transactions that stay whole."""

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import (
    JSON,
    URL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Dialect,
    ExceptionContext,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

_BUSY_MILLISECONDS = 5000
"""How long a writer waits for the others; shorter than any activity's time limit, so that no attempt outlives it."""

_CONNECT_WITHIN, _ANSWER_WITHIN = 5, 12  # seconds, for one connection and for one statement
_SERVER_SETTINGS = {
    "application_name": "entrevue",
    "lock_timeout": f"{_BUSY_MILLISECONDS}ms",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "20s",  # a worker whose host is gone holds no locks for hours
}
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

_DEADLOCK, _NOT_SERIALIZABLE, _NOT_FREE = "40P01", "40001", "23P01"

_TRIES = 20
_RUNS = 5
_OWNER_ONLY = 0o600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_T = TypeVar("_T")


class Micros(TypeDecorator[datetime]):
    """An instant, as integer microseconds since 1970.

    SQLite knows no instants, only texts that compare rightly in one format; PostgreSQL's look different in every
    session. Integers are exact and compare alike in both, and `int8range` of two makes an exclusion constraint.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - likewise
        return None if value is None else _EPOCH + value * _MICROSECOND


_Text = String().with_variant(String(collation="C"), "postgresql")
"""A text that compares by its characters' numbers, as in Python and in SQLite; not as a language would sort it."""


# --- tables ----------------------------------------------------------------------------------------------------------

METADATA = MetaData(
    naming_convention={  # a constraint must have a name before a migration can change it
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

claims = Table(
    "claims",
    METADATA,
    Column("key", _Text, primary_key=True),
    Column("person", _Text, primary_key=True),
    Column("interview", _Text, nullable=False),
    Column("starts", Micros, nullable=False),
    Column("ends", Micros, nullable=False),
    Column("minutes", Integer, nullable=False),
    Column("hold_until", Micros),
    CheckConstraint("starts < ends", name="forward"),
    # The database's own word, should anybody write who takes no locks. One interview may overlap itself: a new time
    # often overlaps the one it replaces, and which ones may is the ledger's rule.
    ExcludeConstraint(
        ("person", "="), ("interview", "<>"), (text("int8range(starts, ends)"), "&&"), name="ex_claims_overlap"
    ).ddl_if(dialect="postgresql"),
    Index(None, "person", "ends"),  # leaves out, at once, all that is past
    Index(None, "interview", "ends"),
)

releases = Table(
    "releases",
    METADATA,
    Column("key", _Text, primary_key=True),
    Column("at", Micros, nullable=False),
)

journal = Table(
    "journal",
    METADATA,
    Column("interview", _Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", _Text, nullable=False),
    Column("at", Micros, nullable=False),
    Column("by", _Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("data", JSON, nullable=False),
)

lessons = Table(
    "lessons",
    METADATA,
    Column("n", BigInteger, primary_key=True, autoincrement=False),  # in the order of commits, as no sequence would be
    Column("interview", _Text, nullable=False),
    Column("subject", _Text, nullable=False),
    Column("content", JSON(none_as_null=True)),
    Index(None, "subject", "n"),
    Index(None, "interview", "n"),
)

learned = Table(
    "learned",
    METADATA,
    Column("interview", _Text, primary_key=True),
    Column("seq", Integer, nullable=False),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("key", _Text, primary_key=True),
    Column("message_id", _Text, nullable=False),
    Column("digest", _Text, nullable=False),
    Column("state", _Text, nullable=False),
    Column("smtp_code", Integer),
    Column("address_is_bad", Boolean),
    Column("since", Micros, nullable=False),
    Column("changed", Micros, nullable=False),
    Index(None, "message_id"),
)


# --- connections -----------------------------------------------------------------------------------------------------


def open_database(url: str) -> AsyncEngine:
    """Open `sqlite+aiosqlite:///file` or `postgresql+asyncpg://user@host/database`; raise ValueError for anything else.

    SQLite's file is made if it is not there, and is its owner's alone. PostgreSQL's options are those of libpq; to
    another machine TLS with a checked certificate is used, unless `sslmode` says otherwise. A database that is locked
    or gone raises `sqlalchemy.exc.DBAPIError`, which names no values, or OSError: try again.
    """
    parsed = checked(url)
    return _open_file(parsed) if parsed.get_backend_name() == "sqlite" else _open_server(parsed)


def checked(url: str) -> URL:
    """Parse the URL of a database that we know; raise ValueError, which says what helps and quotes no password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whose text may quote a password that was cut at the wrong place
        raise ValueError("the database's URL cannot be read: write special characters in it as %XX") from None
    match parsed.drivername:
        case "sqlite+aiosqlite":
            if not parsed.database or parsed.database == ":memory:":
                raise ValueError("SQLite's database must be a file: sqlite+aiosqlite:///file")
        case "postgresql+asyncpg":
            if not parsed.database or not _hosts(parsed):
                raise ValueError(
                    "PostgreSQL's URL must name host and database: postgresql+asyncpg://user@host/database"
                )
            if "ssl" in parsed.query:
                raise ValueError("PostgreSQL's URL says TLS as libpq does: sslmode=…, not ssl=…")
        case unknown:
            raise ValueError(
                f"the database {unknown} is not known here: "
                "give sqlite+aiosqlite:///file or postgresql+asyncpg://user@host/database"
            )
    return parsed


def _hosts(url: URL) -> tuple[str, ...]:
    asked = url.query.get("host", ())
    named = [url.host or "", *([asked] if isinstance(asked, str) else asked)]
    return tuple(host for each in named for host in each.split(",") if host)


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Give the same engine for transactions that only read: they wait for no writer, in either database."""
    return engine.execution_options(begin="BEGIN")


def _open_file(url: URL) -> AsyncEngine:
    _keep_private(Path(url.database or ""))
    engine = create_async_engine(url, hide_parameters=True, pool_size=4, max_overflow=0, pool_timeout=5)
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    event.listen(engine.sync_engine, "invalidate", _on_invalidate)
    return engine


def _open_server(url: URL) -> AsyncEngine:
    """The engine itself is told no address and no password: asyncpg alone knows them, and reads them as libpq does."""
    elsewhere = [host for host in _hosts(url) if not host.startswith("/") and host not in _LOCAL_HOSTS]
    if elsewhere and "sslmode" not in url.query:
        url = url.update_query_dict({"sslmode": "verify-full"})
    connect = partial(
        asyncpg.connect,
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        timeout=_CONNECT_WITHIN,
        command_timeout=_ANSWER_WITHIN,
        server_settings=_SERVER_SETTINGS,
    )
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        isolation_level="READ COMMITTED",  # what follows a lock must see what its last holder wrote
        hide_parameters=True,
        pool_size=8,
        max_overflow=0,
        pool_timeout=5,
    )
    event.listen(engine.sync_engine, "handle_error", _quote_no_value)
    return engine


def _quote_no_value(context: ExceptionContext) -> None:
    """Errors of PostgreSQL name the row they refuse, and some of asyncpg's the value: neither is for logs."""
    refused = context.original_exception.__cause__
    if isinstance(refused, asyncpg.PostgresError):
        refused.detail = None
    of_asyncpg = isinstance(refused, ValueError) and not isinstance(refused, asyncpg.ClientConfigurationError)
    if of_asyncpg or isinstance(refused, asyncpg.DataError):
        for told in (context.sqlalchemy_exception, context.original_exception, refused):
            if told is not None:
                told.args = (type(refused).__name__, *told.args[1:])


def _keep_private(file: Path) -> None:
    """Give nobody else a right to the file; SQLite gives those beside it the same rights.

    A file that is there is not opened: closing it again would drop every lock that SQLite holds on it for us
    (sqlite.org/howtocorrupt.html, 2.2).
    """
    with suppress(FileExistsError):
        file.touch(_OWNER_ONLY, exist_ok=False)
    file.chmod(_OWNER_ONLY)


def _on_connect(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own: it would not before a SELECT
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS}")  # first: the next one may have to wait already
    _write_ahead(cursor)
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    """Let readers and a writer go on side by side; the file remembers it.

    Of several who switch a new file over at the same moment, SQLite refuses some without letting them wait.
    """
    for left in reversed(range(_TRIES)):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if not left:
                raise
        else:
            return


def _on_begin(connection: Connection) -> None:
    """Take the write lock before anything is read: a reader that turns writer half-way is refused without waiting."""
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN IMMEDIATE"))


def _on_invalidate(connection: DBAPIConnection, _: ConnectionPoolEntry, __: BaseException | None) -> None:
    """Give the lock back where a statement was cut short: a close alone waits until nobody refers to its cursor."""
    with suppress(sqlite3.Error):
        connection.rollback()


# --- transactions ----------------------------------------------------------------------------------------------------


async def atomically(engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[_T]]) -> _T:
    """Do `work` in one transaction; once more where PostgreSQL gave it up for another's sake, a few times at most."""
    for _ in range(_RUNS - 1):
        try:
            async with engine.begin() as connection:
                return await work(connection)
        except DBAPIError as lost:
            if sqlstate(lost) not in {_DEADLOCK, _NOT_SERIALIZABLE, _NOT_FREE}:
                raise
    async with engine.begin() as connection:
        return await work(connection)


def sqlstate(trouble: DBAPIError) -> str | None:
    """Give PostgreSQL's code of what went wrong; None for SQLite and for trouble of the driver's own."""
    code: str | None = getattr(trouble.orig, "sqlstate", None)
    return code


def lock(connection: Connection, *names: str) -> None:
    """Let the transactions that give one of these names follow one another; each holds its names until it ends.

    Whoever looks before writing needs it on PostgreSQL. On SQLite a transaction that writes is alone already. All
    names at once and in one order for everybody: two that share several never wait for each other.
    """
    if connection.dialect.name == "sqlite":
        return
    numbers = sorted({int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in names})
    in_this_order = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")
    connection.execute(in_this_order, {"numbers": numbers})
