from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.providers.google_server import GoogleServer
from tests.providers.google_tests import ALAN, GRACE
from tests.providers.graph_client import GRACE as GRACE_AT_GRAPH
from tests.providers.graph_client import as_application
from tests.providers.graph_server import GraphServer
from tests.providers.serving import Doorway, served


@pytest.fixture(scope="module")
async def doorway() -> AsyncIterator[Doorway]:
    doorway = Doorway()
    async with served(doorway) as doorway.port:
        yield doorway


@pytest.fixture
async def google(doorway: Doorway) -> AsyncIterator[GoogleServer]:
    """Google, where Grace has a calendar in Berlin and Alan one in UTC."""
    server = GoogleServer()
    doorway.app, server.port = server.app(), doorway.port
    server.open_calendar(GRACE, "Europe/Berlin")
    server.open_calendar(ALAN)
    yield server
    await server.delivered()


@pytest.fixture
async def graph(doorway: Doorway) -> AsyncIterator[GraphServer]:
    """Microsoft Graph, where Grace has an empty mailbox."""
    server = GraphServer()
    doorway.app, server.port = server.app(), doorway.port
    server.open_mailbox(GRACE_AT_GRAPH)
    yield server
    await server.notices.settled()


@pytest.fixture
async def app(graph: GraphServer) -> AsyncIterator[httpx2.AsyncClient]:
    """The application that is registered there, at Grace's mailbox."""
    async with as_application(graph) as client:
        yield client
