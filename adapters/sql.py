"""The database: its tables, how instants are kept in it, and how a connection to it behaves."""

import sqlite3
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
    event,
    make_url,
)
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

_BUSY_MILLISECONDS = 5000
"""How long a writer waits for the others; shorter than any activity's time limit, so that no attempt outlives it."""

_TRIES = 20
_OWNER_ONLY = 0o600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


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
    Column("key", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("interview", String, nullable=False),
    Column("starts", Micros, nullable=False),
    Column("ends", Micros, nullable=False),
    Column("hold_until", Micros),
    CheckConstraint("starts < ends", name="forward"),
    Index(None, "person", "ends"),  # leaves out, at once, all that is past
)

releases = Table(
    "releases",
    METADATA,
    Column("key", String, primary_key=True),
    Column("at", Micros, nullable=False),
)

journal = Table(
    "journal",
    METADATA,
    Column("interview", String, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("at", Micros, nullable=False),
    Column("by", String, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("data", JSON, nullable=False),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("key", String, primary_key=True),
    Column("message_id", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("state", String, nullable=False),
    Column("smtp_code", Integer),
    Column("address_is_bad", Boolean),
    Column("since", Micros, nullable=False),
    Column("changed", Micros, nullable=False),
)


# --- connections -----------------------------------------------------------------------------------------------------


def open_database(url: str) -> AsyncEngine:
    """Open `sqlite+aiosqlite:///file`. The file is made if it is not there, and is its owner's alone.

    A database that is locked or gone raises `sqlalchemy.exc.DBAPIError`, which names no values: try again.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        raise ValueError("the database must be a file, sqlite+aiosqlite:///…: no other has a conflict rule yet")
    _keep_private(Path(parsed.database))
    engine = create_async_engine(parsed, hide_parameters=True, pool_size=4, max_overflow=0, pool_timeout=5)
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    event.listen(engine.sync_engine, "invalidate", _on_invalidate)
    return engine


def reading(engine: AsyncEngine) -> AsyncEngine:
    """Give the same engine for transactions that only read: they wait for no writer."""
    return engine.execution_options(begin="BEGIN")


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
