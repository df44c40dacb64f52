"""The trial of a calendar on CalDAV servers as they are and as they may be, and the command that runs it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.check.on_caldav import CalDavProvider
from adapters.check.program import main
from demo.calendar_server import CalendarServer
from tests.adapters.dav import (
    A_CALENDAR,
    SECRET,
    SYNCS,
    Request,
    about,
    account,
    an_answer,
    asking,
    multistatus,
    reaching,
    resource,
)
from tests.adapters.lossy import Network, carried, read_request
from tests.adapters.trial import Said, documented, tried


async def objects(server: CalendarServer, name: str) -> int:
    async with server.as_person("grace", name) as grace:
        listing = await grace.request("PROPFIND", "", headers={"Depth": "1"})
        return listing.text.count(".ics")


async def test_what_is_said_of_radicale_is_what_the_documentation_shows_and_nothing_is_left_behind(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with reaching(account(radicale, name), organizer=lambda _: "check@entrevue.invalid") as calendar:
        said = await tried(CalDavProvider(calendar, "grace"))
        again = await tried(CalDavProvider(calendar, "grace"))

    assert said.works
    assert said.text == again.text
    assert said.text == documented("calendars-and-mail.md", "caldav")
    assert await objects(radicale, name) == 0


@pytest.mark.parametrize("lost", range(10, 50, 13))
@pytest.mark.parametrize("answer", [False, True], ids=["request", "answer"])
async def test_a_server_that_breaks_off_in_the_middle_is_left_as_it_was(
    radicale: CalendarServer, lost: int, *, answer: bool
) -> None:
    class BreaksOff(Network):
        count = 0

        def request(self, request: bytes) -> bytes | None:
            self.count += 1
            return None if self.count == lost and not answer else request

        def answer(self, request: bytes, answer_: bytes) -> bytes | None:
            del request
            return None if self.count == lost and answer else answer_

    name = f"broken-{lost}-{answer}"
    await radicale.open_calendar("grace", name)
    async with (
        carried(BreaksOff(), radicale.port) as port,
        reaching(account(radicale, name, port=port)) as calendar,
    ):
        said = await tried(CalDavProvider(calendar, "grace"))

    assert not said.works
    assert "→ run it again in a while; it may pass by itself" in said.about(failed(said))
    assert await objects(radicale, name) == 0


def failed(said: Said) -> str:
    (line,) = [line for line in said.lines if line.startswith("  ✗")][:1]
    return line[4:].partition("  ")[0]


# --- servers as they may be ------------------------------------------------------------------------------------------


class Careless:
    """A server that heeds no condition, takes every object, tells weak etags at best, and sends mail."""

    def __init__(self, *, keeps_notes: bool = True, tells_etags: bool = True) -> None:
        self.objects: dict[str, bytes] = {}
        self.keeps_notes, self.tells_etags = keeps_notes, tells_etags

    def __call__(self, request: Request) -> bytes:
        match request.method:
            case "PROPFIND" if request.asks_what_it_is:
                return about("/grace/", A_CALENDAR)
            case "PROPFIND" | "REPORT":
                return multistatus(*map(self._listed, self.objects))
            case "OPTIONS":
                return an_answer(200, "DAV: 1, calendar-access, calendar-auto-schedule")
            case "PUT":
                kept = [line for line in request.body.split(b"\r\n") if self.keeps_notes or not line.startswith(b"X-")]
                self.objects[request.path] = b"\r\n".join(kept)
                return an_answer(201)
            case "GET" if request.path in self.objects:
                text = self.objects[request.path]
                return an_answer(200, *([f'ETag: W/"{sha256(text).hexdigest()}"'] * self.tells_etags), body=text)
            case "DELETE":
                self.objects.pop(request.path, None)
                return an_answer(204)
            case _:
                return an_answer(404)

    def _listed(self, path: str) -> str:
        text = self.objects[path]
        etag = f'<D:getetag>W/"{sha256(text).hexdigest()}"</D:getetag>' * self.tells_etags
        return resource(path, f"{etag}<C:calendar-data>{text.decode()}</C:calendar-data>")


async def test_what_a_careless_server_cannot_do_is_said_and_done_without() -> None:
    careless = Careless()
    async with asking(careless) as (calendar, _):
        said = await tried(CalDavProvider(calendar, "grace"))

    assert "\n".join(said.lines[-2:]).split("\n") == [
        "All that Entrevue needs works with this calendar.",
        "What is not there, and what Entrevue does without: If-None-Match, If-Match, one object a UID, etags, sync",
        "tokens.",
    ]
    assert "our events tell it to leave that to us" in said.about("scheduling")
    assert careless.objects == {}


@pytest.mark.parametrize(
    ("careless", "because"),
    [
        (
            Careless(keeps_notes=False),
            "✗ X- properties not kept → Entrevue could not tell its events from others:",
        ),
        (Careless(tells_etags=False), "✗ etags none → what its owner has edited could never be overwritten, even when"),
    ],
    ids=["drops our notes", "tells no etags"],
)
async def test_a_server_that_lacks_what_is_needed_is_named_and_left_as_it_was(careless: Careless, because: str) -> None:
    async with asking(careless) as (calendar, _):
        said = await tried(CalDavProvider(calendar, "grace"))

    assert not said.works
    assert because in "\n".join(said.about(name) for name in ("X- properties", "etags") if f" {name} " in said.text)
    assert careless.objects == {}


async def test_a_calendar_that_may_only_be_read_is_told_apart_from_one_that_is_closed() -> None:
    def script(request: Request) -> bytes:
        if request.asks_what_it_is:
            return about("/grace/", A_CALENDAR + SYNCS)
        return multistatus() if request.method == "REPORT" else an_answer(403 if request.method == "PUT" else 404)

    async with asking(script) as (calendar, _):
        said = await tried(CalDavProvider(calendar, "grace"))

    assert not said.works
    assert said.about("busy times").startswith("✓")
    assert "status 403 → let this user read and write the events of this calendar" in said.about("X- properties")
    assert said.lines[-1].startswith("Busy times can be read: with `busy_only = true`")


@pytest.mark.parametrize(
    ("status", "because"),
    [
        (401, "status 401 → the server does not take this name and password"),
        (403, "status 403 → let this user read and write the events"),
        (404, "status 404 → there is nothing at this address: enter that of the calendar itself"),
        (405, "status 405 → this is no CalDAV server"),
        (503, "status 503 → run it again in a while"),
    ],
)
async def test_what_a_server_says_at_once_is_said_with_what_to_do(status: int, because: str) -> None:
    async with asking(lambda _: an_answer(status)) as (calendar, server):
        said = await tried(CalDavProvider(calendar, "grace"))

    assert because in said.about("find the calendar")
    assert len(server.requests) == 1
    assert SECRET not in said.text


async def test_of_several_calendars_the_addresses_are_said() -> None:
    home = multistatus(resource("/grace/", ""), resource("/grace/a/", A_CALENDAR), resource("/grace/b/", A_CALENDAR))
    async with asking(lambda _: home) as (calendar, _):
        said = await tried(CalDavProvider(calendar, "grace"))

    assert "2 calendars: /grace/a/, /grace/b/ → enter the address of one of them" in said.about("find the calendar")


# --- the command -----------------------------------------------------------------------------------------------------


async def command(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENTREVUE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "adapters.check",
        *arguments,
        env=clean | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


def login(server: CalendarServer) -> dict[str, str]:
    service = server.service
    return {
        "ENTREVUE_CALDAV__USERNAME": service.username,
        "ENTREVUE_CALDAV__PASSWORD": service.password.get_secret_value(),
    }


@pytest.mark.slow
async def test_the_command_reads_the_workers_settings_and_needs_none_of_the_others(
    radicale: CalendarServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    await radicale.open_calendar("grace", request.node.name)
    for name, value in login(radicale).items():
        (tmp_path / name.lower()).write_text(value)
    environment = {"ENTREVUE_SECRETS_DIR": str(tmp_path), "ENTREVUE_SMTP__PORT": "no number"}
    running = await command(environment, "caldav", radicale.url("grace", request.node.name))
    out, err = await running.communicate()

    assert (running.returncode, err) == (0, b"")
    assert "All that Entrevue needs works with this calendar." in out.decode()
    assert radicale.service.password.get_secret_value() not in out.decode()


@pytest.mark.parametrize(
    ("environment", "arguments", "expected"),
    [
        pytest.param({}, ("https://cal.example.org/g/",), "ENTREVUE_CALDAV: Field required", id="no login"),
        pytest.param(
            {"ENTREVUE_CALDAV__USERNAME": "e"},
            ("https://cal.example.org/g/",),
            "ENTREVUE_CALDAV__PASSWORD: Field required",
            id="half a login",
        ),
        pytest.param(
            {"ENTREVUE_CALDAV__USERNAME": "e", "ENTREVUE_CALDAV__PASSWORD": SECRET},
            ("http://cal.example.org/g/",),
            "a password goes out by https only",
            id="an address that is not safe",
        ),
    ],
)
def test_what_is_wrong_with_the_settings_is_named_and_nothing_is_tried(
    environment: dict[str, str],
    arguments: tuple[str, ...],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in [name for name in os.environ if name.startswith("ENTREVUE_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    status = main(["caldav", *arguments])
    said = capsys.readouterr()

    assert (status, said.out) == (2, "")
    assert expected in said.err
    assert SECRET not in said.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "the following arguments are required: provider, address"),
        (("caldav",), "the following arguments are required: address"),
        (("exchange", "x"), "argument provider: invalid choice: 'exchange'"),
        (
            ("caldav", "https://cal.example.org/g/", "--zone", "Mars/Olympus"),
            "is no IANA time zone, like Europe/Berlin",
        ),
        (("google", "https://cal.example.org/g/"), "the address is none of e-mail, like grace@acme.example"),
        (("graph", "grace@acme.example", "--email", "grace"), "is no address, like grace@acme.example"),
        (("google", "grace@acme.example", "--person", "../grace"), "is no id of the directory"),
    ],
)
def test_arguments_that_make_no_sense_are_named_and_nothing_is_tried(
    arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)

    assert expected in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("provider", "address", "expected"),
    [
        ("caldav", "https://cal.example.org/g/", "ENTREVUE_CALDAV: Field required"),
        ("google", "grace@acme.example", "install 'entrevue[google]'"),
    ],
)
async def test_what_a_provider_needs_is_asked_for_only_where_it_is_tried_out(
    tmp_path: Path, provider: str, address: str, expected: str
) -> None:
    """Whoever has no Google calendar need not install its library."""
    program = "import sys; sys.modules['google.auth'] = None; from adapters.check.program import main; sys.exit(main())"
    environment = {"PATH": os.environ["PATH"], "ENTREVUE_GOOGLE__USERS": str(tmp_path)}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, provider, address),
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    _, err = await running.communicate()

    assert running.returncode == 2
    assert expected in err.decode()


@asynccontextmanager
async def never_answering(port: int, what: bytes) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """Lead to a server that never answers the first request which holds `what`; the event says that it was asked."""
    asked, never = asyncio.Event(), asyncio.Event()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_request(reader)
        if what in request and not asked.is_set():
            asked.set()
            await never.wait()
        upstream, to_upstream = await asyncio.open_connection("127.0.0.1", port)
        to_upstream.write(request)
        writer.write(await upstream.read())
        to_upstream.close()
        writer.close()

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1], asked
        never.set()


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_stopped_from_outside_it_clears_up_and_says_so(
    radicale: CalendarServer, request: pytest.FixtureRequest, stop: signal.Signals
) -> None:
    name = request.node.name
    await radicale.open_calendar("grace", name)
    async with never_answering(radicale.port, b"calendar-multiget") as (port, asked):
        address = radicale.url("grace", name).replace(f":{radicale.port}/", f":{port}/")
        running = await command(login(radicale), "caldav", address)
        await asked.wait()
        there = await objects(radicale, name)
        running.send_signal(stop)
        out, err = await running.communicate()

    assert (running.returncode, err) == (1, b"")
    assert "Stopped: clearing up." in out.decode()
    assert (there, await objects(radicale, name)) == (1, 0)
