"""How a person consents at the command line, and what is left of it."""

import asyncio
import json
import stat
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from adapters.google.consent import Client, ConsentFailed, consent, main
from adapters.google.settings import GoogleAccount, GoogleSettings
from tests.adapters.grace import GRACE, HOUR, NINE
from tests.adapters.on_google import address_for, reaching
from tests.providers.google_server import GoogleServer
from tests.providers.serving import Trouble


@pytest.fixture
def address(undone: GoogleServer, request: pytest.FixtureRequest) -> str:
    address = address_for(request.node.nodeid)
    undone.open_calendar(address)
    return address


def client(server: GoogleServer) -> Client:
    return Client.model_validate(json.loads(server.client())["installed"])


Browser = Callable[[str], Awaitable[str]]


async def follows(url: str) -> str:
    """Go where Google sends a browser; give what it shows in the end."""
    async with httpx2.AsyncClient(follow_redirects=True) as browser:
        return (await browser.get(url)).text


async def asked(server: GoogleServer, folder: Path, browser: Browser, address: str) -> tuple[Path, str]:
    """Have somebody answer in a browser. Give what was written, and what they saw last."""
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    consenting = asyncio.create_task(
        consent(client(server), GRACE, folder, address=address, within=timedelta(seconds=20), say=said.set_result)
    )
    seen = await browser((await said).split()[-1])
    return await consenting, seen


def left_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


async def test_what_was_consented_to_is_good_for_their_calendar(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    path, seen = await asked(undone, tmp_path, follows, address)

    assert path == tmp_path / "grace.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert left_in(tmp_path) == ["grace.json"]
    assert "can be closed" in seen
    settings = GoogleSettings(users=tmp_path, url=f"{undone.url}/calendar/v3")
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()


async def test_a_new_consent_goes_in_the_place_of_the_old_one(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    (tmp_path / "grace.json").write_text("of old")
    (tmp_path / "grace.json").chmod(0o644)

    path, _ = await asked(undone, tmp_path, follows, address)

    assert json.loads(path.read_text())["type"] == "authorized_user"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_question_is_for_the_two_least_scopes_with_a_challenge_and_a_state(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    urls: list[str] = []

    async def notes(url: str) -> str:
        urls.append(url)
        return await follows(url)

    await asked(undone, tmp_path, notes, address)

    query = parse_qs(urlsplit(urls[0]).query)
    assert [one.rpartition("/")[2] for one in query["scope"][0].split()] == [
        "calendar.events",
        "calendar.events.freebusy",
    ]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) > 40
    assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
    assert (query["access_type"], query["prompt"]) == (["offline"], ["consent"])


async def test_an_answer_to_another_question_is_not_listened_to(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    """A page of somebody else's could have the browser bring us a consent of theirs."""
    statuses: list[int] = []

    async def misled(url: str) -> str:
        redirect = parse_qs(urlsplit(url).query)["redirect_uri"][0]
        async with httpx2.AsyncClient() as browser:
            guesses = ("?code=theirs&state=guessed", "?code=theirs", "?state=%ff", "/favicon.ico")
            statuses.extend([(await browser.get(redirect + guess)).status_code for guess in guesses])
            statuses.append((await browser.post(redirect, content="code=theirs")).status_code)
        return await follows(url)

    path, _ = await asked(undone, tmp_path, misled, address)

    assert statuses == [404] * 5
    assert path.exists()


async def test_who_says_no_leaves_nothing_behind(undone: GoogleServer, address: str, tmp_path: Path) -> None:
    undone.tokens.consents = False
    try:
        with pytest.raises(ConsentFailed, match="they did not consent"):
            await asked(undone, tmp_path, follows, address)
    finally:
        undone.tokens.consents = True

    assert left_in(tmp_path) == []


async def test_who_ticks_only_half_is_asked_again(undone: GoogleServer, address: str, tmp_path: Path) -> None:
    async def ticks_one(url: str) -> str:
        return await follows(url.replace("+https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.events.freebusy", ""))

    with pytest.raises(ConsentFailed, match="not all that is asked for"):
        await asked(undone, tmp_path, ticks_one, address)

    assert left_in(tmp_path) == []


async def test_a_code_that_google_takes_no_more_leaves_nothing_behind(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    undone.troubles.due.append(Trouble("POST /token", 400, {"error": "invalid_grant"}))

    with pytest.raises(ConsentFailed, match=r"status 400"):
        await asked(undone, tmp_path, follows, address)

    assert left_in(tmp_path) == []


async def test_who_does_not_come_is_not_waited_for_for_ever(google: GoogleServer, tmp_path: Path) -> None:
    with pytest.raises(ConsentFailed, match="nobody answered"):
        await consent(client(google), GRACE, tmp_path, within=timedelta(0), say=lambda _text: None)


@pytest.mark.parametrize("person", ["../grace", "grace@acme.example", ""])
async def test_an_id_that_is_none_names_no_file(google: GoogleServer, tmp_path: Path, person: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        await consent(client(google), person, tmp_path, say=lambda _text: None)


@pytest.mark.slow
async def test_the_command_writes_the_file_and_says_so(undone: GoogleServer, address: str, tmp_path: Path) -> None:
    given = tmp_path / "client.json"
    given.write_text(undone.client())
    command = (sys.executable, "-u", "-m", "adapters.google.consent", GRACE, "--client", str(given))
    process = await asyncio.create_subprocess_exec(
        *command, "--users", str(tmp_path), "--address", address, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    while not (line := await process.stdout.readline()).startswith(b"http"):
        assert line
    await follows(line.decode().strip())
    said, _ = await process.communicate()

    assert process.returncode == 0
    assert b"keep it as you keep passwords" in said
    assert (tmp_path / "grace.json").exists()


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"web": {}}'])
def test_the_command_says_that_a_file_is_not_that_of_a_desktop_app(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    given = tmp_path / "client.json"
    given.write_text(text)

    assert main([GRACE, "--client", str(given), "--users", str(tmp_path)]) == 2
    assert "not that of a desktop app" in capsys.readouterr().err


def test_the_command_says_which_file_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([GRACE, "--client", str(tmp_path / "none.json"), "--users", str(tmp_path)]) == 1
    assert "Nothing was done" in capsys.readouterr().err
