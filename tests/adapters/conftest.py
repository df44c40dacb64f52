import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo.calendar_server import CalendarServer, calendar_server
from demo.postgres_server import PostgresServer
from tests.adapters.database import Database, postgresql_database, sqlite_database
from tests.adapters.grace import InMemory, Person, on_radicale
from tests.adapters.imap_server import ImapServer, imap_server
from tests.adapters.post_office import MemoryOffice, PostOffice, SmtpOffice, listening


@pytest.fixture(scope="session")
async def radicale(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CalendarServer]:
    """One calendar server a test process. A test that changes something opens a calendar of its own."""
    async with calendar_server(tmp_path_factory.mktemp("radicale"), ["grace", "alan"]) as server:
        yield server


@pytest.fixture(params=["memory", "radicale"])
async def grace(request: pytest.FixtureRequest, radicale: CalendarServer) -> AsyncIterator[Person]:
    if request.param == "memory":
        yield InMemory()
        return
    async with on_radicale(radicale, request.node.name) as grace:
        yield grace


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


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Give a port that belongs to us and at which nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
async def smtp(closed_port: int) -> AsyncIterator[SmtpOffice]:
    async with listening(closed_port) as office:
        yield office


@pytest.fixture(params=["memory", "smtp"])
async def office(request: pytest.FixtureRequest, closed_port: int) -> AsyncIterator[PostOffice]:
    if request.param == "memory":
        yield MemoryOffice()
        return
    async with listening(closed_port) as real:
        yield real
