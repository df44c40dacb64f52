"""CalDAV over real sockets, for tests: a way to a server, and a server that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from adapters.caldav.calendars import CalDav, CalendarAccount
from demo.calendar_server import CalendarServer
from entrevue.values import CalendarEvent, EmailAddress, Slot
from tests.adapters.lossy import read_request

NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECRET = "correct-horse"  # noqa: S105  # to look for in messages

AN_EVENT = """BEGIN:VCALENDAR
BEGIN:VEVENT
UID:u
DTSTART:20261201T090000Z
DTEND:20261201T100000Z
{}END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


def account(server: CalendarServer, calendar: str = "calendar", *, port: int | None = None) -> CalendarAccount:
    url = server.url("grace", calendar).replace(f":{server.port}/", f":{port or server.port}/")
    return CalendarAccount(url, server.service.username, server.service.password, "Europe/Berlin", "grace@acme.example")


@asynccontextmanager
async def reaching(
    where: CalendarAccount | None,
    *,
    within: timedelta = timedelta(seconds=45),
    organizer: Callable[[str], EmailAddress] | None = None,
) -> AsyncIterator[CalDav]:
    async def accounts(_person: str) -> CalendarAccount | None:
        return where

    async with aclosing(CalDav(accounts, within=within, organizer=organizer, organisation="Acme")) as calendar:
        yield calendar


@asynccontextmanager
async def opened(server: CalendarServer, name: str) -> AsyncIterator[CalDav]:
    """A calendar of one's own, on a real server."""
    await server.open_calendar("grace", name)
    async with reaching(account(server, name)) as calendar:
        yield calendar


def event(start: datetime = NINE, *, sequence: int = 0) -> CalendarEvent:
    return CalendarEvent(
        uid="r7.p1", sequence=sequence, stamp=NINE, slot=Slot(start=start, minutes=60), summary="Interview"
    )


@dataclass(frozen=True)
class Request:
    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def path(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    @property
    def asks_what_it_is(self) -> bool:
        return b"current-user-principal" in self.body


class Stub:
    """Something on a port that answers as it is told, and remembers what was asked."""

    def __init__(self, answer: Callable[[Request], bytes]) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.root = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head, _, body = (await read_request(reader)).partition(b"\r\n\r\n")
            request = Request(head + b"\r\n", body)
            self.requests.append(request)
            writer.write(self.answer(request))
            await writer.drain()
        except ConnectionError:
            pass  # they hung up on us: that is what the test of large answers is about
        finally:
            writer.close()


@asynccontextmanager
async def scripted(answer: Callable[[Request], bytes]) -> AsyncIterator[Stub]:
    stub = Stub(answer)
    async with await asyncio.start_server(stub.serve, "127.0.0.1", 0) as listening:
        stub.root = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        yield stub


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[CalDav, list[Request]]]:
    """Reach a calendar whose every answer is this one, once it has said that it is a calendar; that does not count."""
    asked: list[Request] = []

    def script(request: Request) -> bytes:
        if request.asks_what_it_is:
            return about("/grace/", A_CALENDAR)
        asked.append(request)
        return answer

    async with asking(script) as (calendar, _):
        yield calendar, asked


@asynccontextmanager
async def asking(script: Callable[[Request], bytes], address: str = "/grace/") -> AsyncIterator[tuple[CalDav, Stub]]:
    """Reach a server that does as it is told, with Grace's own login."""
    async with (
        scripted(script) as server,
        reaching(
            CalendarAccount(f"{server.root}{address}", "grace", SecretStr(SECRET), email="grace@acme.example")
        ) as calendar,
    ):
        yield calendar, server


def an_answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = (f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


A_CALENDAR = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"
SYNCS = """<D:supported-report-set><D:supported-report><D:report><D:sync-collection/></D:report></D:supported-report>
</D:supported-report-set>"""


def multistatus(*responses: str, also: str = "") -> bytes:
    """Give a multistatus of these, each a response without its beginning and its end."""
    inner = "".join(f"<D:response>{response}</D:response>" for response in responses)
    names = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    body = f'<?xml version="1.0"?><D:multistatus {names}>{inner}{also}</D:multistatus>'
    return an_answer(207, "Content-Type: application/xml", body=body.encode())


def about(href: str, properties: str) -> bytes:
    return multistatus(resource(href, properties))


def resource(href: str, properties: str) -> str:
    status = "<D:status>HTTP/1.1 200 OK</D:status>"
    return f"<D:href>{href}</D:href><D:propstat><D:prop>{properties}</D:prop>{status}</D:propstat>"


def without(href: str, status: str = "404 Not Found") -> str:
    return f"<D:href>{href}</D:href><D:status>HTTP/1.1 {status}</D:status>"


def holding(text: str) -> str:
    return resource("/grace/x.ics", f"<C:calendar-data>{text}</C:calendar-data>")
