"""CalDAV over real sockets: lost requests and answers, servers that are down, hostile or wrong, and their restart."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError

from activities.calendar import Busy, CalendarActivities, CalendarRefused, CalendarUnavailable
from adapters.caldav import CalDav, CalendarAccount
from adapters.memory_calendar import MemoryWatchers
from demo.calendar_server import CalendarServer, calendar_server
from entrevue.orders import CalendarEvent, WriteEvent
from entrevue.values import Slot

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


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def account(server: CalendarServer, calendar: str = "calendar", *, port: int | None = None) -> CalendarAccount:
    url = server.url("grace", calendar).replace(f":{server.port}/", f":{port or server.port}/")
    return CalendarAccount(url, server.service.username, server.service.password, "Europe/Berlin", "grace@acme.example")


@asynccontextmanager
async def reaching(
    where: CalendarAccount | None, *, within: timedelta = timedelta(seconds=45)
) -> AsyncIterator[CalDav]:
    async def accounts(_person: str) -> CalendarAccount | None:
        return where

    async with aclosing(CalDav(accounts, within=within)) as calendar:
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


# --- a server that loses things --------------------------------------------------------------------------------------


class Cable:
    """A connection to the server that may be pulled: before a request gets through, or before its answer comes back."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.port = 0
        self.lose_request: bytes | None = None
        self.lose_answer: bytes | None = None

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method = head.split()[0]
            if method == self.lose_request:
                self.lose_request = None
                return
            upstream, to_upstream = await asyncio.open_connection("127.0.0.1", self.target)
            to_upstream.write(head + await reader.readexactly(_content_length(head)))
            answer = await upstream.read()
            to_upstream.close()
            if method == self.lose_answer:
                self.lose_answer = None
                return
            writer.write(answer)
            await writer.drain()
        finally:
            writer.close()


def _content_length(head: bytes) -> int:
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lengths[0]) if lengths else 0


@pytest.fixture
async def cable(radicale: CalendarServer) -> AsyncIterator[Cable]:
    cable = Cable(radicale.port)
    async with await asyncio.start_server(cable.carry, "127.0.0.1", 0) as listening:
        cable.port = listening.sockets[0].getsockname()[1]
        yield cable


async def test_a_create_whose_answer_is_lost_is_recognised_when_repeated(
    radicale: CalendarServer, cable: Cable, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name, port=cable.port)) as calendar:
        cable.lose_answer = b"PUT"
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure("grace", event(), "r7", None)

        assert (await calendar.ensure("grace", event(), "r7", None)).outcome == "already_there"
        assert await calendar.busy("grace", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR, interview="r7"),)


@pytest.mark.parametrize("lost", [b"GET", b"PUT"])
async def test_a_create_that_is_lost_is_made_when_repeated(
    radicale: CalendarServer, cable: Cable, request: pytest.FixtureRequest, lost: bytes
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name, port=cable.port)) as calendar:
        cable.lose_request = lost
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure("grace", event(), "r7", None)

        assert (await calendar.ensure("grace", event(), "r7", None)).outcome == "created"


async def test_an_update_and_a_removal_whose_answers_are_lost_are_recognised(
    radicale: CalendarServer, cable: Cable, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name, port=cable.port)) as calendar:
        first = await calendar.ensure("grace", event(), "r7", None)
        cable.lose_answer = b"PUT"
        with pytest.raises(CalendarUnavailable):
            await calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        again = await calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        cable.lose_answer = b"DELETE"
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


# --- a calendar that is not as we need it ----------------------------------------------------------------------------


async def test_a_wrong_password_is_refused_and_not_told(radicale: CalendarServer) -> None:
    wrong = CalendarAccount(radicale.url("grace"), "entrevue", SecretStr(SECRET))
    async with reaching(wrong) as calendar:
        with pytest.raises(CalendarRefused) as refused:
            await calendar.busy("grace", NINE, NINE + HOUR)

    assert str(refused.value) == "calendar of grace: status 401"
    assert SECRET not in repr(wrong)


async def test_nobody_reads_or_writes_the_calendar_of_another(radicale: CalendarServer) -> None:
    alan = radicale.login("alan")
    async with reaching(CalendarAccount(radicale.url("grace"), alan.username, alan.password)) as calendar:
        with pytest.raises(CalendarRefused):
            await calendar.busy("grace", NINE, NINE + HOUR)
        with pytest.raises(CalendarRefused):
            await calendar.ensure("grace", event(), "r7", None)


async def test_an_event_is_not_taken_for_deleted_where_the_whole_calendar_is_missing(radicale: CalendarServer) -> None:
    async with reaching(account(radicale, "missing")) as calendar:
        with pytest.raises(CalendarRefused, match="status 404"):
            await calendar.ensure("grace", event(), "r7", '"written before"')
        with pytest.raises(CalendarRefused, match="status 404"):
            await calendar.read("grace", "r7.p1")
        with pytest.raises(CalendarRefused, match="status 409"):
            await calendar.ensure("grace", event(), "r7", None)


async def test_a_person_without_a_calendar_has_nothing_in_their_way_and_nothing_can_be_written() -> None:
    async with reaching(None) as calendar:
        assert await calendar.busy("grace", NINE, NINE + HOUR) == ()
        assert await calendar.ours("grace", NINE, NINE + HOUR) == ()
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.ensure("grace", event(), "r7", None)


async def test_a_copy_that_a_person_brought_in_is_left_alone(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    copy = AN_EVENT.replace("UID:u", "UID:r7.p1").format("")
    async with opened(radicale, name) as calendar, radicale.as_person("grace", name) as grace:
        (await grace.put("copy.ics", content=copy)).raise_for_status()

        assert (await calendar.ensure("grace", event(), "r7", None)).outcome == "edited_by_person"
        assert (await grace.get("copy.ics")).is_success


async def test_a_calendar_full_of_everything_is_read(radicale: CalendarServer, request: pytest.FixtureRequest) -> None:
    """A server judges the window by rules of its own; what lies at its edge must not be lost."""
    name = request.node.name
    await radicale.open_calendar("grace", name)
    await radicale.fill("grace", FULL, name)
    async with reaching(account(radicale, name)) as calendar:
        week = await calendar.busy("grace", at(11, 2), at(11, 7))
        summer = await calendar.busy("grace", at(10, 19, 6), at(10, 19, 9))
        edges = [await calendar.busy("grace", start, start + HOUR / 2) for start in (at(11, 3, 23), at(11, 5, 13))]

    assert [f"{one.start:%d %H:%M}-{one.end:%H:%M}" for one in week] == [
        "02 08:00-08:30",  # each Monday at nine in Berlin
        "03 00:00-01:00",  # Tokyo, by Microsoft's name
        "03 23:00-23:00",  # a whole day in Berlin
        "05 13:00-14:00",  # floating: two in the afternoon, wherever Grace is
        "06 16:00-17:00",  # a custom zone, five hours behind
    ]
    assert [f"{one.start:%d %H:%M}-{one.end:%H:%M}" for one in summer] == ["19 07:00-07:30"]
    assert [[f"{one.start:%d %H:%M}" for one in edge] for edge in edges] == [["03 23:00"], ["05 13:00"]]


FULL = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//somebody//EN
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:-0500
TZOFFSETTO:-0500
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:weekly
DTSTART;TZID=Europe/Berlin:20260105T090000
DTEND;TZID=Europe/Berlin:20260105T093000
RRULE:FREQ=WEEKLY
EXDATE;TZID=Europe/Berlin:20261109T090000
END:VEVENT
BEGIN:VEVENT
UID:windows
DTSTART;TZID=Tokyo Standard Time:20261103T090000
DTEND;TZID=Tokyo Standard Time:20261103T100000
END:VEVENT
BEGIN:VEVENT
UID:day
DTSTART;VALUE=DATE:20261104
DTEND;VALUE=DATE:20261105
END:VEVENT
BEGIN:VEVENT
UID:floating
DTSTART:20261105T140000
DTEND:20261105T150000
END:VEVENT
BEGIN:VEVENT
UID:custom
DTSTART;TZID=Customized Time Zone:20261106T110000
DTEND;TZID=Customized Time Zone:20261106T120000
END:VEVENT
BEGIN:VEVENT
UID:free
DTSTART:20261106T120000Z
DTEND:20261106T130000Z
TRANSP:TRANSPARENT
END:VEVENT
BEGIN:VEVENT
UID:declined
DTSTART:20261106T120000Z
DTEND:20261106T130000Z
ATTENDEE;PARTSTAT=DECLINED:mailto:grace@acme.example
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


# --- a server that is wrong, overloaded or hostile -------------------------------------------------------------------


class Stub:
    """Something on a port that gives every request the same answer, and remembers what was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.bodies.append(await reader.readexactly(_content_length(head)))
            self.heads.append(head)
            writer.write(self.answer)
            await writer.drain()
        except ConnectionError:
            pass  # they hung up on us: that is what the test of large answers is about
        finally:
            writer.close()


def an_answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    lines = (f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close", *headers)
    return "\r\n".join((*lines, "", "")).encode() + body


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[tuple[CalDav, Stub]]:
    stub = Stub(answer)
    async with await asyncio.start_server(stub.serve, "127.0.0.1", 0) as listening:
        stub.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/grace/"
        async with reaching(CalendarAccount(stub.url, "entrevue", SecretStr(SECRET))) as calendar:
            yield calendar, stub


@pytest.mark.parametrize("status", [408, 423, 429, 500, 502, 503, 507])
async def test_trouble_that_passes_is_unavailable(status: int) -> None:
    async with answering(an_answer(status)) as (calendar, stub):
        with pytest.raises(CalendarUnavailable) as unavailable:
            await calendar.ensure("grace", event(), "r7", None)

    assert str(unavailable.value) == f"calendar of grace: status {status}"
    assert len(stub.heads) == 1  # Temporal repeats; the client does not


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 405, 415])
async def test_trouble_that_somebody_must_mend_is_refused(status: int) -> None:
    async with answering(an_answer(status, "Location: http://127.0.0.2:9/elsewhere/")) as (calendar, stub):
        with pytest.raises(CalendarRefused, match=f"^calendar of grace: status {status}$"):
            await calendar.busy("grace", NINE, NINE + HOUR)

    assert len(stub.heads) == 1


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (["Retry-After: 90"], timedelta(seconds=90)),
        (
            ["Retry-After: Tue, 01 Dec 2026 09:02:00 GMT", "Date: Tue, 01 Dec 2026 09:00:00 GMT"],
            timedelta(minutes=2),
        ),
        (["Retry-After: 99999999999"], timedelta(hours=1)),
        (["Retry-After: Tue, 01 Dec 2026 08:00:00 GMT", "Date: Tue, 01 Dec 2026 09:00:00 GMT"], timedelta(seconds=1)),
        (["Retry-After: soon"], None),
        ([], None),
    ],
)
async def test_when_to_come_back_is_handed_on_to_temporal(headers: list[str], expected: timedelta | None) -> None:
    order = WriteEvent(key="k", lane="l", interview="r7", now=NINE, who="i1", person="grace", event=event())
    async with answering(an_answer(429, *headers)) as (calendar, _):
        with pytest.raises(ApplicationError) as trouble:
            await CalendarActivities(calendar, MemoryWatchers()).write_event(order)

    assert (trouble.value.type, trouble.value.non_retryable) == ("CalendarUnavailable", False)
    assert trouble.value.next_retry_delay == expected


async def test_a_refusal_is_retried_at_leisure() -> None:
    order = WriteEvent(key="k", lane="l", interview="r7", now=NINE, who="i1", person="grace", event=event())
    async with answering(an_answer(403)) as (calendar, _):
        with pytest.raises(ApplicationError) as trouble:
            await CalendarActivities(calendar, MemoryWatchers()).write_event(order)

    assert (trouble.value.type, trouble.value.non_retryable) == ("CalendarRefused", False)
    assert trouble.value.next_retry_delay == timedelta(minutes=10)


def multistatus(*responses: str) -> bytes:
    inner = "".join(f"<D:response><D:href>/x.ics</D:href>{response}</D:response>" for response in responses)
    names = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'
    body = f'<?xml version="1.0"?><D:multistatus {names}>{inner}</D:multistatus>'
    return an_answer(207, "Content-Type: application/xml", body=body.encode())


def holding(text: str) -> str:
    status = "<D:status>HTTP/1.1 200 OK</D:status>"
    return f"<D:propstat><D:prop><C:calendar-data>{text}</C:calendar-data></D:prop>{status}</D:propstat>"


async def test_characters_that_xml_forbids_hide_nothing() -> None:
    async with answering(multistatus(holding(AN_EVENT.format("SUMMARY:a\x0bb\x00\r\n")))) as (calendar, _):
        assert await calendar.busy("grace", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR),)


async def test_doubts_are_logged_without_a_word_of_the_event() -> None:
    broken = AN_EVENT.format("DURATION:long\r\nSUMMARY:Doctor\r\n")
    async with answering(multistatus(holding(broken))) as (calendar, _):
        with capture_logs() as logs:
            assert await calendar.busy("grace", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR),)

    assert [(log["kind"], log["person"], log["doubts"]) for log in logs] == [
        ("calendar_doubts", "grace", {"unreadable": 1})
    ]
    assert "Doctor" not in str(logs)


async def test_the_server_is_asked_in_utc_whatever_zone_the_question_is_in() -> None:
    """`Z` behind a wall time would shift the window by the zone's offset."""
    async with answering(multistatus()) as (calendar, stub):
        await calendar.busy("grace", NINE.astimezone(ZoneInfo("Asia/Tokyo")), NINE + HOUR)

    assert b'<C:time-range start="20261130T070000Z" end="20261202T120000Z"/>' in stub.bodies[0]


async def test_an_object_deleted_meanwhile_is_passed_over() -> None:
    deleted = "<D:status>HTTP/1.1 404 Not Found</D:status>"
    async with answering(multistatus(deleted, holding(AN_EVENT.format("")))) as (calendar, _):
        assert await calendar.busy("grace", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR),)


@pytest.mark.parametrize("status", ["403 Forbidden", "507 Insufficient Storage"])
async def test_an_object_that_is_held_back_does_not_pass_for_free_time(status: str) -> None:
    kept = f"<D:propstat><D:prop><C:calendar-data/></D:prop><D:status>HTTP/1.1 {status}</D:status></D:propstat>"
    async with answering(multistatus(kept)) as (calendar, _):
        with pytest.raises(CalendarRefused, match="holds events back"):
            await calendar.busy("grace", NINE, NINE + HOUR)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"<html><p>Sorry", id="no XML"),
        pytest.param(b"", id="nothing"),
        pytest.param(
            b'<!DOCTYPE x [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><D:multistatus xmlns:D="DAV:">&b;</D:multistatus>',
            id="entities",
        ),
        pytest.param(
            b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><D:multistatus xmlns:D="DAV:"></D:multistatus>', id="a DTD"
        ),
    ],
)
async def test_what_is_no_plain_xml_is_trouble_and_no_free_time(body: bytes) -> None:
    async with answering(an_answer(207, body=body)) as (calendar, _):
        with pytest.raises(CalendarUnavailable, match="no XML"):
            await calendar.busy("grace", NINE, NINE + HOUR)


async def test_an_answer_too_large_is_refused_while_it_comes_in() -> None:
    """It says that it has a gigabyte; twenty megabytes and one byte of it are there."""
    head = b"HTTP/1.1 207 X\r\nContent-Length: 1073741824\r\n\r\n"
    async with answering(head + b" " * (20 * 1024 * 1024 + 1)) as (calendar, _):
        with pytest.raises(CalendarRefused, match="too large"):
            await calendar.busy("grace", NINE, NINE + HOUR)


async def test_an_answer_compressed_unasked_is_refused() -> None:
    bomb = an_answer(207, "Content-Encoding: gzip", body=gzip.compress(b" " * 1024 * 1024))
    async with answering(bomb) as (calendar, stub):
        with pytest.raises(CalendarRefused, match="compressed"):
            await calendar.busy("grace", NINE, NINE + HOUR)

    assert b"accept-encoding: identity\r\n" in stub.heads[0].lower()


async def test_a_login_page_is_not_taken_for_an_event() -> None:
    async with answering(an_answer(200, body=b"<html>Please sign in</html>")) as (calendar, _):
        with pytest.raises(CalendarRefused, match="no calendar"):
            await calendar.ensure("grace", event(), "r7", None)


async def test_a_new_event_goes_out_under_the_condition_that_there_is_none() -> None:
    """Two at once must not both create it, whatever the server makes of a PUT without a condition."""
    async with answering(an_answer(404)) as (calendar, stub):
        with pytest.raises(CalendarRefused):
            await calendar.ensure("grace", event(), "r7", None)

    look, write = stub.heads
    assert look.startswith(b"GET ")
    assert write.startswith(b"PUT ")
    assert b"if-none-match: *\r\n" in write.lower()


async def test_a_server_that_breaks_off_is_unavailable() -> None:
    async with answering(b"HTTP/1.1 207 X\r\nContent-Length: 100\r\n\r\n<D:multi") as (calendar, _):
        with pytest.raises(CalendarUnavailable, match="RemoteProtocolError"):
            await calendar.busy("grace", NINE, NINE + HOUR)


async def test_a_server_that_never_answers_is_not_waited_for_for_ever() -> None:
    asked = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()  # until they hang up
        writer.close()

    async with await asyncio.start_server(keep_silent, "127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/grace/"
        async with reaching(
            CalendarAccount(url, "entrevue", SecretStr(SECRET)), within=timedelta(seconds=1)
        ) as calendar:
            with pytest.raises(CalendarUnavailable, match="no answer in time"):
                await calendar.read("grace", "r7.p1")

    assert asked.is_set()


async def test_one_persons_session_is_not_handed_to_the_next() -> None:
    async with answering(an_answer(403, "Set-Cookie: session=grace; Path=/")) as (calendar, stub):
        for person in ("grace", "alan"):
            with pytest.raises(CalendarRefused):
                await calendar.busy(person, NINE, NINE + HOUR)

    assert len(stub.heads) == 2
    assert not any(b"cookie" in head.lower() for head in stub.heads)


@pytest.mark.parametrize(
    ("start", "end"), [(NINE, NINE), (NINE, NINE - HOUR), (NINE, NINE + timedelta(days=401))], ids=["0", "-1", "401"]
)
async def test_a_window_has_bounds(start: datetime, end: datetime) -> None:
    async with reaching(None) as calendar:
        with pytest.raises(ValueError, match="window"):
            await calendar.busy("grace", start, end)
        with pytest.raises(ValueError, match="window"):
            await calendar.ours("grace", start, end)


# --- accounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://calendar.acme.example/grace/",
        "http://localhost.acme.example/grace/",
        "http://10.0.0.1/grace/",
        "http://[2001:db8::1]/grace/",
        "ftp://127.0.0.1/grace/",
        "https:///grace/",
        "https://grace:secret@calendar.acme.example/",
        "https://calendar.acme.example/?token=secret",
        "https://calendar.acme.example:port/",
        "/grace/",
        "",
    ],
)
def test_a_password_is_not_given_to_just_any_address(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|password") as refused:
        CalendarAccount(url, "entrevue", SecretStr(SECRET))

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["https://calendar.acme.example/grace", "http://127.0.0.1:5232/g/", "http://localhost/g/", "http://[::1]/g/"]
)
def test_https_and_this_machine_are_fine(url: str) -> None:
    assert CalendarAccount(url, "entrevue", SecretStr(SECRET)).collection == url.rstrip("/") + "/"


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "Europe", "../../etc/passwd", ""])
def test_an_account_names_a_zone_that_exists(zone: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        CalendarAccount("https://calendar.acme.example/", "entrevue", SecretStr(SECRET), zone)
