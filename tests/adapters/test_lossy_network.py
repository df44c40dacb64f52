"""A network and servers that lose things, stop and come back: each calendar holds exactly the wanted events."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from activities.calendar import Busy, CalendarUnavailable
from adapters.caldav.calendars import CalDav, CalendarAccount
from demo.calendar_server import CalendarServer, calendar_server
from tests.adapters.dav import HOUR, NINE, account, event, reaching
from tests.adapters.engine import PEOPLE, Engine, Wire, until_it_works
from tests.adapters.grace import on_radicale, organizer
from tests.adapters.lossy import Lossy, carried

# --- one loss at a time ----------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(
    ("meanwhile", "expected"), [("moves", "edited_by_person"), ("renames", "already_there"), ("deletes", "gone")]
)
async def test_what_a_person_does_between_two_attempts_is_not_undone(
    radicale: CalendarServer, wire: Wire, request: pytest.FixtureRequest, meanwhile: str, expected: str
) -> None:
    async with on_radicale(radicale, request.node.name, port=wire.port) as grace:
        first = await grace.calendar.ensure("grace", event(), "r7", None)
        wire.lose_answer = b"PUT"
        with pytest.raises(CalendarUnavailable):
            await grace.calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        match meanwhile:
            case "moves":
                await grace.moves("r7.p1", NINE + 3 * HOUR)
            case "renames":
                await grace.renames("r7.p1", "Ada!")
            case _:
                await grace.deletes("r7.p1")

        again = await grace.calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)

    assert again.outcome == expected


# --- a server that goes away -----------------------------------------------------------------------------------------


@pytest.mark.slow
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


# --- too many at once ------------------------------------------------------------------------------------------------


async def test_many_requests_at_once_wait_for_their_turn(radicale: CalendarServer) -> None:
    """Radicale resets what comes beyond eight connections."""
    async with reaching(account(radicale)) as calendar:
        answers = await asyncio.gather(*(calendar.busy("grace", NINE, NINE + HOUR) for _ in range(60)))

    assert set(answers) == {()}


@pytest.mark.slow
async def test_connections_that_are_reset_because_there_are_too_many_cost_nothing_but_another_attempt(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    calendars = [CalDav(_always(account(radicale, name)), connections=16) for _ in range(2)]
    uids = [f"r{number}.p0" for number in range(64)]

    async def create(number: int) -> str:
        one = event(NINE + number * HOUR).model_copy(update={"uid": uids[number]})
        return (await until_it_works(lambda: calendars[number % 2].ensure("grace", one, "r7", None))).outcome

    outcomes = set(await asyncio.gather(*(create(number) for number in range(64))))
    for calendar in calendars:
        await calendar.aclose()

    assert outcomes <= {"created", "already_there"}
    assert await stored(radicale, "grace", name) == Counter(
        {(uid, f"{NINE + number * HOUR:%Y%m%dT%H%M%SZ}"): 1 for number, uid in enumerate(uids)}
    )


# --- losses at random ------------------------------------------------------------------------------------------------


def _always(where: CalendarAccount) -> Callable[[str], Awaitable[CalendarAccount]]:
    async def accounts(_person: str) -> CalendarAccount:
        return where

    return accounts


async def stored(server: CalendarServer, person: str, calendar: str) -> Counter[tuple[str, str]]:
    """Look into somebody's calendar past everything: UID and start of each object there."""
    async with server.as_person(person, calendar) as owner:
        listing = await owner.request("PROPFIND", "", headers={"Depth": "1"})
        names = [path.rpartition("/")[2] for path in re.findall(r"<href>([^<]*\.ics)</href>", listing.text)]
        texts = [(await owner.get(name)).text for name in names]
    return Counter((_value(text, "UID"), _value(text, "DTSTART")) for text in texts)


def _value(text: str, name: str) -> str:
    found = re.search(rf"^{name}:(.*?)\r?$", text, re.MULTILINE)
    assert found
    return found[1]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_a_lossy_network_leaves_exactly_the_wanted_events(
    radicale: CalendarServer, request: pytest.FixtureRequest, seed: int
) -> None:
    calendar_name = request.node.name
    for person in PEOPLE:
        await radicale.open_calendar(person, calendar_name)
    network = Lossy(seed, share=0.15)
    async with carried(network, radicale.port) as port:
        login = radicale.service

        async def accounts(person: str) -> CalendarAccount:
            url = radicale.url(person, calendar_name).replace(f":{radicale.port}/", f":{port}/")
            return CalendarAccount(url, login.username, login.password, email=f"{person}@acme.example")

        async with aclosing(CalDav(accounts, organizer=organizer, organisation="Acme")) as calendar:
            engine = Engine(calendar, seed)
            for _ in range(20):
                await engine.step()

    assert network.lost > 20
    for person in PEOPLE:
        assert await stored(radicale, person, calendar_name) == engine.wanted(person)


@pytest.mark.slow
async def test_thirty_at_once_make_one_event_though_half_of_them_are_lost(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    network = Lossy(7, share=0.3)
    async with (
        carried(network, radicale.port) as port,
        on_radicale(radicale, request.node.name, port=port) as grace,
    ):
        answers = await asyncio.gather(
            *(until_it_works(lambda: grace.calendar.ensure("grace", event(), "r7", None)) for _ in range(30))
        )

    outcomes = Counter(answer.outcome for answer in answers)
    assert outcomes["created"] <= 1  # that answer may be lost, too
    assert outcomes["created"] + outcomes["already_there"] == 30
    assert len({answer.etag for answer in answers}) == 1
    assert await stored(radicale, "grace", request.node.name) == Counter({("r7.p1", "20261201T090000Z"): 1})
