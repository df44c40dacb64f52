from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.calendar_server import CalendarServer, calendar_server
from demo.postgres_server import PostgresServer
from tests.adapters.database import Database, postgresql_database, sqlite_database
from tests.adapters.imap_server import ImapServer, imap_server


@pytest.fixture(scope="session")
async def radicale(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CalendarServer]:
    """One calendar server a test process. A test that changes something opens a calendar of its own."""
    async with calendar_server(tmp_path_factory.mktemp("radicale"), ["grace", "alan"]) as server:
        yield server


@pytest.fixture(scope="session", name="imap")
async def _imap(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ImapServer]:
    """One IMAP server a test process. A test that wants a folder makes one of its own."""
    async with imap_server(tmp_path_factory.mktemp("imap") / "log") as server:
        yield server


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    async with sqlite_database(tmp_path) as database:
        yield database


@pytest.fixture
async def postgresql(postgres_server: PostgresServer) -> AsyncIterator[Database]:
    async with postgresql_database(postgres_server) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Both databases, one after the other: migrated, and with nothing in them."""
    chosen: Database = request.getfixturevalue(request.param)
    return chosen
