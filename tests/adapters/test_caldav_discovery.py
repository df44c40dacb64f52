"""From the address that somebody typed to the calendar that is meant."""

from dataclasses import replace

import httpx2
import pytest

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable
from adapters.caldav.calendars import CalendarAccount
from adapters.caldav.discovery import FoundCalendar
from demo.calendar_server import CalendarServer
from tests.adapters.dav import (
    A_CALENDAR,
    HOUR,
    NINE,
    Request,
    about,
    account,
    an_answer,
    asking,
    event,
    multistatus,
    reaching,
    resource,
    scripted,
)

ALAN = "alan@acme.example"


def alan(server: CalendarServer, address: str) -> CalendarAccount:
    """Reach a calendar with its owner's own login."""
    login = server.login("alan")
    return CalendarAccount(f"http://127.0.0.1:{server.port}{address}", login.username, login.password, email=ALAN)


# --- on a real server ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/alan/", "/alan/calendar/", "/alan/calendar"])
async def test_whatever_leads_to_the_only_calendar_will_do(radicale: CalendarServer, address: str) -> None:
    await radicale.fill(
        "alan",
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20261201T090000Z\r\n"
        "DTEND:20261201T100000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
    )
    async with reaching(alan(radicale, address)) as calendar:
        assert await calendar.busy("alan", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR),)
        assert await calendar.discover("alan") == (FoundCalendar(radicale.url("alan"), syncs=True, writable=True),)


async def test_where_there_are_several_somebody_must_say_which(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    await radicale.open_calendar("grace", request.node.name)
    login = radicale.login("grace")
    home = CalendarAccount(
        radicale.url("grace").removesuffix("calendar/"), login.username, login.password, email="grace@acme.example"
    )
    async with reaching(home) as calendar:
        with pytest.raises(CalendarRefused, match=r"\d+ calendars at that address: enter the") as refused:
            await calendar.busy("grace", NINE, NINE + HOUR)

        assert "http" not in str(refused.value)  # it goes into histories
        assert radicale.url("grace", request.node.name) in [one.url for one in await calendar.discover("grace")]


async def test_the_calendar_of_a_service_account_is_not_everybodys(radicale: CalendarServer) -> None:
    login = radicale.service
    root = CalendarAccount(f"http://127.0.0.1:{radicale.port}/", login.username, login.password, email=ALAN)
    for where in (root, replace(root, email=None)):
        async with reaching(where) as calendar:
            with pytest.raises(CalendarRefused, match="a login that is not its owner's: enter the address"):
                await calendar.ensure("alan", event(), "r7", None)


async def test_the_service_account_can_neither_replace_nor_delete_a_calendar(radicale: CalendarServer) -> None:
    """Radicale lets whoever may write in a calendar delete it, unless told otherwise."""
    url, nothing = radicale.url("grace"), "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n"
    async with httpx2.AsyncClient(auth=radicale.service.auth, trust_env=False) as service:
        answers = [
            await service.put(url, content=nothing, headers={"Content-Type": "text/calendar"}),
            await service.delete(url),
        ]

    assert [answer.status_code for answer in answers] == [403, 403]


# --- on servers as they may be ---------------------------------------------------------------------------------------


async def found_from_root(answers: dict[str, bytes]) -> list[str]:
    """Give the paths of what is found."""
    async with asking(lambda request: answers.get(request.path, an_answer(404)), "/") as (calendar, server):
        return [one.url.removeprefix(server.root) for one in await calendar.discover("alan")]


def to(name: str, *hrefs: str) -> str:
    return f"<{name}>{''.join(f'<D:href>{href}</D:href>' for href in hrefs)}</{name}>"


EVENTS = '<C:supported-calendar-component-set><C:comp name="VEVENT"/></C:supported-calendar-component-set>'
TASKS = EVENTS.replace("VEVENT", "VTODO")
READS = "<D:current-user-privilege-set><D:privilege><D:read/></D:privilege></D:current-user-privilege-set>"
WRITES = READS.replace("D:read", "D:write-content")
NOTHING = "<D:resourcetype><D:collection/></D:resourcetype>"


async def test_a_root_is_asked_where_its_calendars_begin() -> None:
    answers = {
        "/.well-known/caldav": an_answer(301, "Location: /dav/"),
        "/dav/": about("/dav/", NOTHING + to("D:current-user-principal", "/dav/alan/")),
        "/dav/alan/": about("/dav/alan/", NOTHING + to("C:calendar-home-set", "/dav/cals/")),
        "/dav/cals/": multistatus(
            resource("/dav/cals/", NOTHING),
            resource("/dav/cals/work/", A_CALENDAR + EVENTS),
            resource("/dav/cals/tasks/", A_CALENDAR + TASKS),
            resource("/dav/cals/inbox/", NOTHING),
        ),
    }

    assert await found_from_root(answers) == ["/dav/cals/work/"]


@pytest.mark.parametrize("status", [200, 404, 405])
async def test_a_root_need_not_know(status: int) -> None:
    answers = {"/.well-known/caldav": an_answer(status), "/": about("/", A_CALENDAR)}

    assert await found_from_root(answers) == ["/"]


@pytest.mark.parametrize(
    ("address", "answers"),
    [
        pytest.param("/", {"/.well-known/caldav": an_answer(302, "Location: {elsewhere}/dav/")}, id="a redirect"),
        pytest.param("/a/", {"/a/": about("/a/", NOTHING + to("C:calendar-home-set", "{elsewhere}/"))}, id="a home"),
        pytest.param("/a/", {"/a/": about("/a/", NOTHING + to("C:calendar-home-set", "//127.0.0.2/"))}, id="a host"),
        pytest.param(
            "/a/",
            {"/a/": multistatus(resource("/a/", NOTHING), resource("{elsewhere}/c/", A_CALENDAR))},
            id="a calendar",
        ),
    ],
)
async def test_the_password_goes_to_no_other_server(address: str, answers: dict[str, bytes]) -> None:
    async with scripted(lambda _: an_answer(404)) as elsewhere:

        def script(request: Request) -> bytes:
            head, _, body = answers[request.path].partition(b"\r\n\r\n")
            body = body.replace(b"{elsewhere}", elsewhere.root.encode())
            place = head.partition(b"Location: ")[2].replace(b"{elsewhere}", elsewhere.root.encode())
            return an_answer(int(head.split()[1]), *([f"Location: {place.decode()}"] if place else []), body=body)

        async with asking(script, address) as (calendar, _):
            with pytest.raises(CalendarRefused, match="leads to another server: enter that one"):
                await calendar.busy("alan", NINE, NINE + HOUR)

    assert elsewhere.requests == []


HOME = (resource("/cals/", NOTHING + to("D:owner", "/alan/")), resource("/cals/a/", A_CALENDAR + WRITES))
CHOSEN = {
    "/alan/": about("/alan/", NOTHING + to("C:schedule-inbox-URL", "/cals/inbox/")),
    "/cals/inbox/": about("/cals/inbox/", to("C:schedule-default-calendar-URL", "/cals/b/")),
}


@pytest.mark.parametrize(
    ("second", "others", "expected"),
    [
        pytest.param(A_CALENDAR + READS, {}, "/cals/a/", id="the only one that may be written"),
        pytest.param(A_CALENDAR + TASKS, {}, "/cals/a/", id="the only one for events"),
        pytest.param(A_CALENDAR + WRITES, CHOSEN, "/cals/b/", id="what its owner has chosen"),
    ],
)
async def test_of_several_the_one_that_can_be_meant_is_taken(
    second: str, others: dict[str, bytes], expected: str
) -> None:
    answers = {"/cals/": multistatus(*HOME, resource("/cals/b/", second))} | others
    async with asking(lambda request: answers.get(request.path, multistatus()), "/cals/") as (calendar, server):
        await calendar.busy("alan", NINE, NINE + HOUR)

    assert server.requests[-1].path == expected


async def test_a_place_without_any_calendar_is_refused() -> None:
    async with asking(lambda _: about("/cals/", NOTHING)) as (calendar, _):
        with pytest.raises(CalendarRefused, match="no calendar at that address: enter the address of the calendar"):
            await calendar.busy("alan", NINE, NINE + HOUR)


async def test_a_calendar_is_looked_for_once_and_again_when_it_was_refused() -> None:
    answers = [multistatus(), an_answer(503), an_answer(403), multistatus()]

    def script(request: Request) -> bytes:
        return about("/cals/", A_CALENDAR) if request.asks_what_it_is else answers.pop(0)

    async with asking(script) as (calendar, server):
        await calendar.busy("alan", NINE, NINE + HOUR)
        with pytest.raises(CalendarUnavailable):
            await calendar.busy("alan", NINE, NINE + HOUR)
        with pytest.raises(CalendarRefused):
            await calendar.busy("alan", NINE, NINE + HOUR)
        await calendar.busy("alan", NINE, NINE + HOUR)

    assert [request.asks_what_it_is for request in server.requests] == [True, False, False, False, True, False]


async def test_what_cannot_be_asked_just_now_is_asked_later(radicale: CalendarServer) -> None:
    async with reaching(account(radicale, port=1)) as calendar:
        with pytest.raises(CalendarUnavailable, match="ConnectError"):
            await calendar.discover("grace")
