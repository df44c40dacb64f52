"""CalDAV over real sockets: calendars that are not as we need them; servers that are wrong, overloaded or hostile."""

import asyncio
import gzip
import logging
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError

from activities.calendar import Busy, CalendarActivities, CalendarRefused, CalendarUnavailable, Removed
from adapters.caldav.calendars import CalendarAccount
from adapters.caldav.webdav import Session
from adapters.memory.calendar import MemoryWatchers
from adapters.web import Web
from demo.calendar_server import CalendarServer
from entrevue.orders import WriteEvent
from tests.adapters.dav import (
    AN_EVENT,
    HOUR,
    NINE,
    SECRET,
    account,
    an_answer,
    answering,
    event,
    holding,
    multistatus,
    opened,
    reaching,
    scripted,
    without,
)


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


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
        with pytest.raises(CalendarRefused, match="status 404"):
            await calendar.ensure("grace", event(), "r7", None)


async def test_nor_where_the_calendar_was_there_before(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    async with opened(radicale, name) as calendar, radicale.as_person("grace", name) as grace:
        first = await calendar.ensure("grace", event(), "r7", None)
        (await grace.delete("")).raise_for_status()

        with pytest.raises(CalendarRefused, match="status 404"):
            await calendar.ensure("grace", event(sequence=1), "r7", first.etag)
        with pytest.raises(CalendarRefused, match="status 404"):
            await calendar.changes("grace", None, ("r7.p1",))


async def test_somebody_whom_the_service_account_knows_no_calendar_of_is_refused_and_never_free() -> None:
    async with reaching(None) as calendar:
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.busy("grace", NINE, NINE + HOUR)
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.changes("grace", None, ())


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


@pytest.mark.parametrize("status", [408, 423, 429, 500, 502, 503, 507])
async def test_trouble_that_passes_is_unavailable(status: int) -> None:
    async with answering(an_answer(status)) as (calendar, asked):
        with pytest.raises(CalendarUnavailable) as unavailable:
            await calendar.ensure("grace", event(), "r7", None)

    assert str(unavailable.value) == f"calendar of grace: status {status}"
    assert len(asked) == 1  # Temporal repeats; the client does not


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 403, 405, 415])
async def test_trouble_that_somebody_must_mend_is_refused(status: int) -> None:
    async with answering(an_answer(status, "Location: http://127.0.0.2:9/elsewhere/")) as (calendar, asked):
        with pytest.raises(CalendarRefused, match=f"^calendar of grace: status {status}$"):
            await calendar.busy("grace", NINE, NINE + HOUR)

    assert len(asked) == 1


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
    async with answering(multistatus()) as (calendar, asked):
        await calendar.busy("grace", NINE.astimezone(ZoneInfo("Asia/Tokyo")), NINE + HOUR)

    assert b'<C:time-range start="20261130T070000Z" end="20261202T120000Z"/>' in asked[0].body


async def test_an_object_deleted_meanwhile_is_passed_over() -> None:
    async with answering(multistatus(without("/grace/y.ics"), holding(AN_EVENT.format("")))) as (calendar, _):
        assert await calendar.busy("grace", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR),)


@pytest.mark.parametrize("status", ["403 Forbidden", "507 Insufficient Storage", "9" * 5000])
async def test_an_object_that_is_held_back_does_not_pass_for_free_time(status: str) -> None:
    async with answering(multistatus(without("/grace/x.ics", status))) as (calendar, _):
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
    async with answering(bomb) as (calendar, asked):
        with pytest.raises(CalendarRefused, match="compressed"):
            await calendar.busy("grace", NINE, NINE + HOUR)

    assert b"accept-encoding: identity\r\n" in asked[0].head.lower()


async def test_a_login_page_is_not_taken_for_an_event() -> None:
    async with answering(an_answer(200, body=b"<html>Please sign in</html>")) as (calendar, _):
        with pytest.raises(CalendarRefused, match="no calendar"):
            await calendar.ensure("grace", event(), "r7", None)


async def test_a_new_event_goes_out_under_the_condition_that_there_is_none() -> None:
    """Two at once must not both create it, whatever the server makes of a PUT without a condition."""
    async with answering(an_answer(404)) as (calendar, asked):
        with pytest.raises(CalendarRefused):
            await calendar.ensure("grace", event(), "r7", None)

    look, write = asked
    assert (look.method, write.method) == ("GET", "PUT")
    assert b"if-none-match: *\r\n" in write.head.lower()


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


async def test_a_server_that_keeps_silent_holds_up_nobody_whose_calendar_is_elsewhere() -> None:
    asked, released = asyncio.Event(), asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await released.wait()
        writer.close()

    web = Web(connections=1)
    async with (
        aclosing(web),
        await asyncio.start_server(silent, "127.0.0.1", 0) as listening,
        scripted(lambda _: an_answer(200)) as other,
    ):
        grace, alan = (Session(person, person, SecretStr(SECRET), web) for person in ("grace", "alan"))
        address = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/grace/"
        waiting = asyncio.create_task(grace.ask("GET", address, expect={200}))
        await asked.wait()

        assert (await alan.ask("GET", other.root, expect={200})).status == 200
        assert not waiting.done()

        released.set()
        with pytest.raises(CalendarUnavailable):
            await waiting


async def test_no_log_tells_whose_calendar_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with answering(an_answer(404, "Location: /grace/elsewhere/")) as (calendar, asked):
        assert await calendar.remove("p1", "r7.p1", 0, None) == Removed(outcome="already_gone")

    assert asked
    assert "/grace/" not in caplog.text


async def test_one_persons_session_is_not_handed_to_the_next() -> None:
    async with answering(an_answer(403, "Set-Cookie: session=grace; Path=/")) as (calendar, asked):
        for person in ("grace", "alan"):
            with pytest.raises(CalendarRefused):
                await calendar.busy(person, NINE, NINE + HOUR)

    assert len(asked) == 2
    assert not any(b"cookie" in request.head.lower() for request in asked)


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
