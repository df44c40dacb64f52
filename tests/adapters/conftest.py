import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from demo.calendar_server import CalendarServer, calendar_server
from demo.postgres_server import PostgresServer
from tests.adapters.database import Database, postgresql_database, sqlite_database
from tests.adapters.grace import Person
from tests.adapters.imap_server import ImapServer, imap_server
from tests.adapters.places import ANSWERING, CANCELLING, EVERYWHERE, at_her_calendar
from tests.adapters.post_office import MemoryOffice, PostOffice, SmtpOffice, listening
from tests.providers.google_events import Switches
from tests.providers.google_server import GoogleServer, google_server
from tests.providers.graph_server import GraphServer, graph_server
from tests.providers.serving import Doorway, served


@pytest.fixture(scope="session")
async def radicale(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CalendarServer]:
    """One calendar server a test process. A test that changes something opens a calendar of its own."""
    async with calendar_server(tmp_path_factory.mktemp("radicale"), ["grace", "alan"]) as server:
        yield server


@pytest.fixture(scope="session", name="google")
async def _google() -> AsyncIterator[GoogleServer]:
    """One contract server a test process. See `undone`."""
    async with google_server() as server:
        yield server


@pytest.fixture
def undone(google: GoogleServer) -> Iterator[GoogleServer]:
    """The same, for a test that changes what it does to everybody: afterwards all is as it was."""
    yield google
    google.troubles.due.clear()
    google.troubles.asked.clear()
    vars(google.switches).update(vars(Switches()))
    google.restore()


@pytest.fixture(scope="session", name="graph")
async def _graph() -> AsyncIterator[GraphServer]:
    """As with Google."""
    async with graph_server() as server:
        yield server


@pytest.fixture(scope="session", name="doorway")
async def _doorway() -> AsyncIterator[Doorway]:
    doorway = Doorway()
    async with served(doorway) as doorway.port:
        yield doorway


@pytest.fixture
async def microsoft(doorway: Doorway) -> AsyncIterator[GraphServer]:
    """A Microsoft of one's own, to which a test may do what it likes."""
    server = GraphServer()
    doorway.app, server.port = server.app(), doorway.port
    yield server
    server.gate.set()
    await server.notices.stop()


@pytest.fixture(params=EVERYWHERE)
async def grace(
    request: pytest.FixtureRequest, radicale: CalendarServer, google: GoogleServer, graph: GraphServer
) -> AsyncIterator[Person]:
    del radicale, google, graph  # here before it is asked for: a fixture of another scope is not begun within one
    async with at_her_calendar(request.param, request) as grace:
        yield grace


@pytest.fixture(params=ANSWERING)
async def answering(
    request: pytest.FixtureRequest, radicale: CalendarServer, google: GoogleServer, graph: GraphServer
) -> AsyncIterator[Person]:
    """Grace, where she is asked whether she comes."""
    del radicale, google, graph
    async with at_her_calendar(request.param, request) as grace:
        yield grace


@pytest.fixture(params=CANCELLING)
async def cancelling(
    request: pytest.FixtureRequest, radicale: CalendarServer, google: GoogleServer, graph: GraphServer
) -> AsyncIterator[Person]:
    """Grace, where she may cancel an event without deleting it."""
    del radicale, google, graph
    async with at_her_calendar(request.param, request) as grace:
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
