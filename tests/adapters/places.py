"""Where a calendar may be: the places in which the contract of calendars holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.adapters.grace import InMemory, Person, on_radicale
from tests.adapters.on_google import on_google
from tests.adapters.on_graph import on_graph

EVERYWHERE = ("memory", "radicale", "google", "graph")
ANSWERING = ("memory", "radicale", "google")
"""... and where an owner is asked there whether they come."""
CANCELLING = ("memory", "radicale")
"""... and where an event can be cancelled and stay."""


@asynccontextmanager
async def at_her_calendar(place: str, request: pytest.FixtureRequest) -> AsyncIterator[Person]:
    match place:
        case "memory":
            yield InMemory()
        case "radicale":
            async with on_radicale(request.getfixturevalue("radicale"), request.node.name) as grace:
                yield grace
        case "google":
            server, folder = request.getfixturevalue("google"), request.getfixturevalue("tmp_path")
            async with on_google(server, folder, request.node.nodeid) as grace:
                yield grace
        case "graph":
            async with on_graph(request.getfixturevalue("graph"), request.node.nodeid) as grace:
                yield grace
        case _:
            raise LookupError(place)
