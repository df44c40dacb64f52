"""What a provider answers that is no answer: nobody is free by it, nothing is somebody's edit, and no fault is ours."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import Calendar, CalendarRefused, CalendarUnavailable
from adapters.google.settings import GoogleAccount
from adapters.graph.calendars import GraphAccount
from tests.adapters import on_google, on_graph
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.lossy import Network, carried
from tests.providers.google_server import GoogleServer
from tests.providers.graph_server import GraphServer

UID = "r7.p1"
NESTED = b'{"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
CALLS: Sequence[Callable[[Calendar], Awaitable[object]]] = (
    lambda calendar: calendar.busy(GRACE, NINE, NINE + HOUR),
    lambda calendar: calendar.ours(GRACE, NINE, NINE + HOUR),
    lambda calendar: calendar.ensure(GRACE, event(), "r7", None),
    lambda calendar: calendar.read(GRACE, UID),
    lambda calendar: calendar.remove(GRACE, UID, 0, None),
    lambda calendar: calendar.changes(GRACE, None, (UID,)),
)


class Between(Network):
    """Somebody on the way who answers in the provider's place."""

    def __init__(self, to: bytes, body: bytes) -> None:
        self.to = to
        self.body = body

    def answer(self, request: bytes, answer: bytes) -> bytes:
        if not request.startswith(self.to):
            return answer
        return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(self.body) + self.body


@asynccontextmanager
async def at_google(server: GoogleServer, folder: Path, between: Between) -> AsyncIterator[Calendar]:
    address = on_google.address_for("nonsense")
    server.open_calendar(address)
    async with carried(between, server.port) as port:
        settings = on_google.settings_for(server, folder, port=port)
        async with on_google.reaching(settings, {GRACE: GoogleAccount(address, email=address)}) as calendar:
            yield calendar


@asynccontextmanager
async def at_microsoft(server: GraphServer, between: Between) -> AsyncIterator[Calendar]:
    server.open_mailbox("grace@acme.example")
    people = {GRACE: GraphAccount("grace@acme.example")}
    async with (
        carried(between, server.port) as port,
        on_graph.reaching(on_graph.settings_for(server, port=port), people) as calendar,
    ):
        yield calendar


@pytest.mark.parametrize(
    "body",
    [b"<html>Sign in to the guests' network</html>", b"", b"{}", b"[]", b'{"items": [', b'{"a": "\\ud800"}', NESTED],
    ids=["a page", "nothing", "an empty object", "a list", "half", "no text", "without end"],
)
async def test_an_answer_that_says_nothing_is_trouble(
    google: GoogleServer, microsoft: GraphServer, tmp_path: Path, body: bytes
) -> None:
    async with (
        at_google(google, tmp_path, Between(b"GET /calendar", body)) as theirs,
        at_microsoft(microsoft, Between(b"GET /v1.0", body)) as others,
    ):
        for calendar, call in product((theirs, others), CALLS):
            with pytest.raises((CalendarRefused, CalendarUnavailable), match=r"calendar of grace: an answer that"):
                await call(calendar)


async def test_an_empty_list_of_googles_may_be_left_out(google: GoogleServer, tmp_path: Path) -> None:
    async with at_google(google, tmp_path, Between(b"GET /calendar", b'{"kind": "calendar#events"}')) as calendar:
        assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()


@pytest.mark.parametrize(
    "said",
    [
        {"value": [{"id": 7, "showAs": {}, "start": [], "end": 7}]},
        {"value": [], "@odata.nextLink": "http://[elsewhere"},
        {"value": [], "@odata.nextLink": 7 * "https://elsewhere.example/"},
    ],
    ids=["of other types", "a link that is none", "a link without parameters"],
)
async def test_what_cannot_be_read_at_microsoft_is_not_free_time(
    microsoft: GraphServer, said: Mapping[str, JsonValue]
) -> None:
    between = Between(b"GET /v1.0", json.dumps(said).encode())
    async with at_microsoft(microsoft, between) as calendar:
        with pytest.raises(CalendarRefused):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


@pytest.mark.parametrize(
    "said",
    [
        b'{"access_token": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"access_token": "eyJ0", "expires_in": 1e999}',
        b'{"access_token": "eyJ0", "expires_in": 99999999999999999999999}',
        '{"access_token": "eyJ0\u00e9", "expires_in": 3600}'.encode(),
        b'{"access_token": "eyJ0\\r\\nX-Injected: 1", "expires_in": 3600}',
        b"null",
    ],
    ids=["without end", "for ever", "for too long", "of other letters", "two lines", "null"],
)
async def test_a_token_that_is_none_is_trouble_that_may_pass_and_is_not_repeated(
    google: GoogleServer, microsoft: GraphServer, tmp_path: Path, said: bytes
) -> None:
    between = Between(b"POST /", said)
    async with at_google(google, tmp_path, between) as theirs, at_microsoft(microsoft, between) as others:
        for calendar in (theirs, others):
            with pytest.raises((CalendarUnavailable, CalendarRefused)) as trouble:
                await calendar.busy(GRACE, NINE, NINE + HOUR)
            assert "eyJ0" not in str(trouble.value)
