"""A network that loses things on the way to Google and to Microsoft: each calendar holds exactly the wanted events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import JsonValue

from activities.calendar import Busy, Calendar, CalendarUnavailable
from adapters.google.settings import GoogleAccount
from adapters.graph.calendars import GraphAccount
from adapters.graph.events import read_event, uid_of
from tests.adapters import on_google, on_graph
from tests.adapters.engine import PEOPLE, Engine, Wire, until_it_works
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.lossy import Lossy, Network, carried
from tests.providers.google_server import GoogleServer
from tests.providers.graph_server import GraphServer

Stored = Counter[tuple[str, str]]
"""UID and start of each event of ours that is there."""


@dataclass(frozen=True)
class Provider:
    """Two people at one provider, beyond a network."""

    calendar: Calendar
    stored: Callable[[str], Stored]
    """Look into somebody's calendar past everything."""
    create: bytes
    """How an event is created there,"""
    update: bytes
    """changed,"""
    delete: bytes = b"DELETE"
    """and deleted."""


@asynccontextmanager
async def _google(server: GoogleServer, folder: Path, name: str, network: Network) -> AsyncIterator[Provider]:
    addresses = {person: on_google.address_for(name, person) for person in PEOPLE}
    for address in addresses.values():
        server.open_calendar(address)

    def stored(person: str) -> Stored:
        return Counter(_at_google(one) for one in server.events(addresses[person]))

    async with carried(network, server.port) as port:
        people = {person: GoogleAccount(address, email=address) for person, address in addresses.items()}
        async with on_google.reaching(on_google.settings_for(server, folder, port=port), people) as calendar:
            yield Provider(calendar, stored, b"POST", b"PUT")


def _at_google(item: dict[str, JsonValue]) -> tuple[str, str]:
    notes, start = item["extendedProperties"], item["start"]
    assert isinstance(notes, dict)
    assert isinstance(start, dict)
    ours = notes["private"]
    assert isinstance(ours, dict)
    return str(ours["entrevueUid"]), _stamp(datetime.fromisoformat(str(start["dateTime"])))


@asynccontextmanager
async def _graph(server: GraphServer, name: str, network: Network) -> AsyncIterator[Provider]:
    addresses = {person: on_google.address_for(name, person) for person in PEOPLE}
    for address in addresses.values():
        server.open_mailbox(address)

    def stored(person: str) -> Stored:
        return Counter(_at_graph(one) for one in server.events(addresses[person]))

    async with carried(network, server.port) as port:
        people = {person: GraphAccount(address, email=address) for person, address in addresses.items()}
        async with on_graph.reaching(on_graph.settings_for(server, port=port), people) as calendar:
            yield Provider(calendar, stored, b"POST", b"PATCH")


def _at_graph(item: dict[str, JsonValue]) -> tuple[str, str]:
    found = read_event(item, ZoneInfo("UTC"))
    assert found.event
    return uid_of(item) or "", _stamp(found.event.start)


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


Over = Callable[[Network], AbstractAsyncContextManager[Provider]]


@pytest.fixture(params=["google", "graph"])
def over(request: pytest.FixtureRequest, google: GoogleServer, graph: GraphServer, tmp_path: Path) -> Over:
    """Give the way to a provider over a network."""
    name = request.node.nodeid
    if request.param == "google":
        return lambda network: _google(google, tmp_path, name, network)
    return lambda network: _graph(graph, name, network)


# --- one loss at a time ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", ["request", "answer"])
async def test_a_create_that_is_lost_either_way_leaves_one_event_when_repeated(over: Over, kept: str) -> None:
    wire = Wire()
    async with over(wire) as provider:
        await provider.calendar.busy(GRACE, NINE, NINE + HOUR)  # there is a token
        if kept == "request":
            wire.lose_answer = provider.create
        else:
            wire.lose_request = provider.create
        with pytest.raises(CalendarUnavailable):
            await provider.calendar.ensure(GRACE, event(), "r7", None)
        again = await provider.calendar.ensure(GRACE, event(), "r7", None)

        assert again.outcome == ("already_there" if kept == "request" else "created")
        assert await provider.calendar.busy(GRACE, NINE, NINE + HOUR) == (
            Busy(start=NINE, end=NINE + HOUR, interview="r7"),
        )
        assert provider.stored(GRACE) == Counter({("r7.p1", "20261201T090000Z"): 1})


async def test_an_update_and_a_removal_whose_answers_are_lost_are_recognised(over: Over) -> None:
    wire = Wire()
    async with over(wire) as provider:
        calendar, later = provider.calendar, event(NINE + HOUR, sequence=1)
        first = await calendar.ensure(GRACE, event(), "r7", None)
        wire.lose_answer = provider.update
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure(GRACE, later, "r7", first.etag)
        again = await calendar.ensure(GRACE, later, "r7", first.etag)
        moved = provider.stored(GRACE)
        wire.lose_answer = provider.delete
        with pytest.raises(CalendarUnavailable):
            await calendar.remove(GRACE, "r7.p1", 2, again.etag)

        assert again.outcome == "already_there"
        assert moved == Counter({("r7.p1", "20261201T100000Z"): 1})
        assert (await calendar.remove(GRACE, "r7.p1", 2, again.etag)).outcome == "already_gone"
        assert provider.stored(GRACE) == Counter()


# --- losses at random ------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_a_lossy_network_leaves_exactly_the_wanted_events(over: Over, seed: int) -> None:
    network = Lossy(seed, share=0.15)
    async with over(network) as provider:
        engine = Engine(provider.calendar, seed)
        for _ in range(20):
            await engine.step()

        assert network.lost > 20
        for person in PEOPLE:
            assert provider.stored(person) == engine.wanted(person)


@pytest.mark.slow
@pytest.mark.parametrize("same_transaction", ["refused", "forgotten"])
async def test_nothing_of_what_microsoft_leaves_open_is_relied_on(
    microsoft: GraphServer, same_transaction: Literal["refused", "forgotten"]
) -> None:
    microsoft.same_transaction, microsoft.heeds_preconditions = same_transaction, False
    async with _graph(microsoft, "calendars", Lossy(11, share=0.15)) as provider:
        engine = Engine(provider.calendar, 11)
        for _ in range(20):
            await engine.step()

        for person in PEOPLE:
            assert provider.stored(person) == engine.wanted(person)


@pytest.mark.slow
@pytest.mark.parametrize("open_question", ["deleted ones", "pages", "collisions"])
async def test_nothing_of_what_google_leaves_open_is_relied_on(
    undone: GoogleServer, tmp_path: Path, open_question: str
) -> None:
    """How long deleted events are shown, how many come on a page, and whether an id that is taken is noticed."""
    undone.switches.page_size = 1 if open_question == "pages" else None
    undone.switches.begins_with_empty_page = open_question == "pages"
    undone.switches.detects_collisions = open_question != "collisions"
    async with _google(undone, tmp_path, open_question, Lossy(11, share=0.15)) as provider:
        engine = Engine(provider.calendar, 11)
        for _ in range(20):
            await engine.step()
            if open_question == "deleted ones":
                for person in PEOPLE:
                    undone.forget_deleted(on_google.address_for(open_question, person))

        for person in PEOPLE:
            assert provider.stored(person) == engine.wanted(person)


@pytest.mark.slow
async def test_thirty_at_once_make_one_event_though_half_of_them_are_lost(over: Over) -> None:
    network = Lossy(7, share=0.3)
    async with over(network) as provider:
        ensure = partial(provider.calendar.ensure, GRACE, event(), "r7", None)
        answers = await asyncio.gather(*(until_it_works(ensure) for _ in range(30)))

        outcomes = Counter(answer.outcome for answer in answers)
        assert outcomes["created"] <= 1  # that answer may be lost, too
        assert outcomes["created"] + outcomes["already_there"] == 30
        assert len({answer.etag for answer in answers}) == 1
        assert provider.stored(GRACE) == Counter({("r7.p1", "20261201T090000Z"): 1})
