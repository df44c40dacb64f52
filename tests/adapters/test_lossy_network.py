"""A network and servers that lose things, stop and come back: each calendar holds exactly the wanted events."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities.calendar import Busy, CalendarUnavailable
from demo.calendar_server import CalendarServer, calendar_server
from tests.adapters.dav import HOUR, NINE, account, event, reaching
from tests.adapters.lossy import Network, carried


class Wire(Network):
    """It may be cut once: before a request gets through, or before its answer comes back."""

    def __init__(self) -> None:
        self.port = 0
        self.lose_request: bytes | None = None
        self.lose_answer: bytes | None = None

    def request(self, request: bytes) -> bytes | None:
        if request.split()[0] == self.lose_request:
            self.lose_request = None
            return None
        return request

    def answer(self, request: bytes, answer: bytes) -> bytes | None:
        if request.split()[0] == self.lose_answer:
            self.lose_answer = None
            return None
        return answer


@pytest.fixture
async def wire(radicale: CalendarServer) -> AsyncIterator[Wire]:
    wire = Wire()
    async with carried(wire, radicale.port) as port:
        wire.port = port
        yield wire


async def test_a_create_whose_answer_is_lost_is_recognised_when_repeated(
    radicale: CalendarServer, wire: Wire, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name, port=wire.port)) as calendar:
        wire.lose_answer = b"PUT"
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure("grace", event(), "r7", None)

        assert (await calendar.ensure("grace", event(), "r7", None)).outcome == "already_there"
        assert await calendar.busy("grace", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR, interview="r7"),)


@pytest.mark.parametrize("lost", [b"GET", b"PUT"])
async def test_a_create_that_is_lost_is_made_when_repeated(
    radicale: CalendarServer, wire: Wire, request: pytest.FixtureRequest, lost: bytes
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name, port=wire.port)) as calendar:
        wire.lose_request = lost
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure("grace", event(), "r7", None)

        assert (await calendar.ensure("grace", event(), "r7", None)).outcome == "created"


async def test_an_update_and_a_removal_whose_answers_are_lost_are_recognised(
    radicale: CalendarServer, wire: Wire, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name, port=wire.port)) as calendar:
        first = await calendar.ensure("grace", event(), "r7", None)
        wire.lose_answer = b"PUT"
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        again = await calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        wire.lose_answer = b"DELETE"
        with pytest.raises(CalendarUnavailable):
            await calendar.remove("grace", "r7.p1", 2, again.etag)

        assert again.outcome == "already_there"
        assert (await calendar.remove("grace", "r7.p1", 2, again.etag)).outcome == "already_gone"


async def test_a_server_that_is_killed_and_comes_back_has_everything(tmp_path: Path) -> None:
    async with calendar_server(tmp_path, ["grace"]) as server, reaching(account(server)) as calendar:
        first = await calendar.ensure("grace", event(), "r7", None)
        await server.kill()
        with pytest.raises(CalendarUnavailable, match="calendar of grace: ConnectError"):
            await calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        with pytest.raises(CalendarUnavailable):
            await calendar.busy("grace", NINE, NINE + HOUR)
        await server.start()

        assert (await calendar.ensure("grace", event(), "r7", first.etag)).outcome == "already_there"
        await server.stop()
        with pytest.raises(CalendarUnavailable):
            await calendar.remove("grace", "r7.p1", 0, first.etag)
        await server.start()
        assert (await calendar.remove("grace", "r7.p1", 0, first.etag)).outcome == "removed"


async def test_many_requests_at_once_wait_for_their_turn(radicale: CalendarServer) -> None:
    """Radicale resets what comes beyond eight connections."""
    async with reaching(account(radicale)) as calendar:
        answers = await asyncio.gather(*(calendar.busy("grace", NINE, NINE + HOUR) for _ in range(60)))

    assert set(answers) == {()}
