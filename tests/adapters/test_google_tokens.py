"""How tokens for Google come about, and what is said where none does."""

import asyncio
import json
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.google.calendars import GoogleCalendars
from adapters.google.settings import GoogleAccount, GoogleSettings
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.lossy import Network, carried
from tests.adapters.on_google import address_for, reaching, settings_for
from tests.providers.google_server import GoogleServer
from tests.providers.google_tokens import ROBOT
from tests.providers.serving import Trouble


@pytest.fixture
def address(undone: GoogleServer, request: pytest.FixtureRequest) -> str:
    address = address_for(request.node.nodeid)
    undone.open_calendar(address)
    undone.tokens.given_out.clear()
    return address


def consented(server: GoogleServer, folder: Path, address: str) -> GoogleSettings:
    """Settings with nothing but what Grace has consented to."""
    (folder / f"{GRACE}.json").write_text(server.user(address))
    return GoogleSettings(users=folder, url=f"{server.url}/calendar/v3")


@pytest.mark.parametrize(
    ("busy_only", "scope"), [(False, "calendar.events"), (True, "calendar.events.freebusy")], ids=["written", "read"]
)
async def test_the_service_account_acts_for_the_owner_with_no_more_than_it_needs(
    undone: GoogleServer, address: str, tmp_path: Path, *, busy_only: bool, scope: str
) -> None:
    account = GoogleAccount(address, email=address, busy_only=busy_only)
    async with reaching(settings_for(undone, tmp_path), {GRACE: account}) as calendar:
        for _ in range(2):
            assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()

    (bearer,) = undone.tokens.given_out
    assert (bearer.address, bearer.robot, bearer.scopes) == (address, False, frozenset({scope}))


async def test_without_delegation_it_acts_for_itself(undone: GoogleServer, address: str, tmp_path: Path) -> None:
    settings = settings_for(undone, tmp_path).model_copy(update={"delegation": False})
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        await calendar.busy(GRACE, NINE, NINE + HOUR)

    assert [one.address for one in undone.tokens.given_out] == [ROBOT]


async def test_what_a_person_consented_to_goes_before_the_key(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    users.mkdir()
    consented(undone, users, address)
    settings = settings_for(undone, tmp_path).model_copy(update={"users": users, "delegation": False})
    async with reaching(settings, {GRACE: GoogleAccount(address, email=address)}) as calendar:
        await calendar.ensure(GRACE, event(), "r7", None)
        state = await calendar.read(GRACE, "r7.p1")

    assert [one.client for one in undone.tokens.given_out] == ["1017.apps.googleusercontent.com"]
    assert state is not None
    assert state.answer == "needs_action"


async def test_a_consent_that_is_taken_back_is_given_anew_without_a_restart(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    settings = consented(undone, tmp_path, address)
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        await calendar.busy(GRACE, NINE, NINE + HOUR)
        undone.revoke(address)
        with pytest.raises(CalendarRefused, match=r"have them consent again \(invalid_grant\)"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)
        undone.restore(address)
        consented(undone, tmp_path, address)

        assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()


async def test_whoever_has_not_consented_is_told_to(undone: GoogleServer, address: str, tmp_path: Path) -> None:
    settings = GoogleSettings(users=tmp_path, url=f"{undone.url}/calendar/v3")
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises(CalendarRefused, match=r"adapters\.google\.consent"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_a_delegation_that_is_taken_back_is_trouble_that_says_so(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    async with reaching(settings_for(undone, tmp_path), {GRACE: GoogleAccount(address)}) as calendar:
        await calendar.busy(GRACE, NINE, NINE + HOUR)
        undone.revoke(address)
        for _ in range(2):
            with pytest.raises(CalendarRefused, match=r"delegate the two scopes .* \(unauthorized_client\)"):
                await calendar.busy(GRACE, NINE, NINE + HOUR)
        undone.restore(address)

        assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("invalid_grant", "allow the service account again"),
        ("invalid_client", "make a new one"),
        ("admin_policy_enforced", "let them allow it"),
        ("grace@acme.example has left", "no reason given"),
    ],
)
async def test_why_there_is_no_token_is_said_in_words_of_our_own(
    undone: GoogleServer, address: str, tmp_path: Path, error: str, said: str
) -> None:
    undone.troubles.due.append(
        Trouble("POST /token", 400, {"error": error, "error_description": "for grace@acme.example"})
    )
    async with reaching(settings_for(undone, tmp_path), {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises(CalendarRefused, match=said) as trouble:
            await calendar.busy(GRACE, NINE, NINE + HOUR)

    assert "@" not in str(trouble.value)
    assert len(str(trouble.value)) <= 200


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_token_endpoint_that_is_busy_is_asked_once_and_waited_for(
    undone: GoogleServer, address: str, tmp_path: Path, status: int
) -> None:
    undone.troubles.asked.clear()
    undone.troubles.due.append(Trouble("POST /token", status, headers={"Retry-After": "9"}))
    async with reaching(settings_for(undone, tmp_path), {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises(CalendarUnavailable) as trouble:
            await calendar.busy(GRACE, NINE, NINE + HOUR)

    assert trouble.value.retry_after == timedelta(seconds=9)
    assert undone.troubles.asked == ["POST /token"]


async def test_a_token_endpoint_that_cannot_be_reached_is_trouble_that_may_pass(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    class Silence(Network):
        def request(self, request: bytes) -> bytes | None:
            del request
            return None

    async with carried(Silence(), undone.port) as port:
        settings = settings_for(undone, tmp_path, port=port)
        async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
            with pytest.raises(CalendarUnavailable, match="RemoteProtocolError"):
                await calendar.busy(GRACE, NINE, NINE + HOUR)


@pytest.mark.parametrize(
    "key",
    [
        "not even JSON",
        "[]",
        "{}",
        json.dumps({"type": "authorized_user", "client_id": "secret-id"}),
        json.dumps({"type": "service_account", "client_email": "a@b.example", "private_key": "secret", "token_uri": 7}),
        json.dumps(
            {
                "type": "service_account",
                "client_email": "a@b.example",
                "private_key": "secret",
                "token_uri": "https://oauth2.googleapis.com/token",
            }
        ),
    ],
    ids=["no JSON", "no object", "nothing", "half a consent", "no address", "no key"],
)
async def test_a_key_that_is_none_is_said_to_be_none_and_not_repeated(
    undone: GoogleServer, address: str, tmp_path: Path, key: str
) -> None:
    settings = settings_for(undone, tmp_path)
    (tmp_path / "key.json").write_text(key)
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises(CalendarRefused, match="our key for Google is none: get it anew") as trouble:
            await calendar.busy(GRACE, NINE, NINE + HOUR)

    assert "secret" not in str(trouble.value)


async def test_a_key_that_leads_elsewhere_than_to_a_safe_address_goes_nowhere(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    settings = settings_for(undone, tmp_path)
    key = json.loads((tmp_path / "key.json").read_text())
    (tmp_path / "key.json").write_text(json.dumps({**key, "token_uri": "http://elsewhere.example/token"}))
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises(CalendarRefused, match="get it anew"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_a_key_that_is_not_there_is_said_not_to_be(undone: GoogleServer, address: str, tmp_path: Path) -> None:
    settings = settings_for(undone, tmp_path)
    (tmp_path / "key.json").unlink()
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises(CalendarRefused, match=r"cannot be read \(FileNotFoundError\)"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


@pytest.mark.parametrize("lasts", [None, "3599", 3599], ids=repr)
async def test_a_token_serves_for_many_requests_however_its_end_is_told(
    undone: GoogleServer, address: str, tmp_path: Path, lasts: str | int | None
) -> None:
    """Google has once given a number as text; RFC 6749 lets it be left out."""

    class Retold(Network):
        def answer(self, request: bytes, answer: bytes) -> bytes | None:
            if b"POST /token" not in request:
                return answer
            head, _, body = answer.partition(b"\r\n\r\n")
            said = {**json.loads(body), "expires_in": lasts}
            told = json.dumps({name: one for name, one in said.items() if one is not None}).encode()
            lines = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
            return b"\r\n".join([*lines, b"Content-Length: %d" % len(told)]) + b"\r\n\r\n" + told

    undone.troubles.asked.clear()
    async with carried(Retold(), undone.port) as port:
        settings = settings_for(undone, tmp_path, port=port)
        async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
            for _ in range(3):
                assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()

    assert undone.troubles.asked.count("POST /token") == 1


@pytest.mark.parametrize(
    "body", [{}, {"access_token": 7}, {"access_token": "t", "expires_in": "soon"}, {"access_token": None}], ids=str
)
async def test_an_answer_that_is_no_token_is_trouble(
    undone: GoogleServer, address: str, tmp_path: Path, body: dict[str, JsonValue]
) -> None:
    undone.troubles.due.append(Trouble("POST /token", 200, body))
    async with reaching(settings_for(undone, tmp_path), {GRACE: GoogleAccount(address)}) as calendar:
        with pytest.raises((CalendarRefused, CalendarUnavailable), match="no token"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_who_waits_for_a_token_in_vain_lets_go_of_all_that_they_held(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    """Its thread, and its turn at the server: the next one would wait for them."""
    let_go = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
        while await reader.read(1000):
            pass
        let_go.set()
        writer.close()

    async def accounts(_person: str) -> GoogleAccount:
        return GoogleAccount(address)

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        settings = settings_for(undone, tmp_path, port=server.sockets[0].getsockname()[1])
        async with aclosing(GoogleCalendars(accounts, settings, within=timedelta(seconds=0.3))) as calendar:
            with pytest.raises(CalendarUnavailable, match="no answer in time"):
                await calendar.busy(GRACE, NINE, NINE + HOUR)
            async with asyncio.timeout(5):  # by itself it would hold them for as long as something drips
                await let_go.wait()

    assert let_go.is_set()


async def test_what_was_allowed_since_needs_no_wait_for_the_old_tokens_end(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    async with reaching(settings_for(undone, tmp_path), {GRACE: GoogleAccount(address)}) as calendar:
        lacking: dict[str, JsonValue] = {"error": {"code": 403, "errors": [{"reason": "insufficientPermissions"}]}}
        undone.troubles.due.append(Trouble("GET /calendar", 403, lacking))
        with pytest.raises(CalendarRefused, match="allow it the two scopes"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)
        undone.troubles.due.clear()
        await calendar.busy(GRACE, NINE, NINE + HOUR)

    assert len(undone.tokens.given_out) == 2


@pytest.mark.parametrize(("status", "body"), [(503, {}), (400, {"error": "invalid_grant"})], ids=["busy", "taken back"])
async def test_whoever_waits_while_no_token_is_to_be_had_does_not_ask_as_well(
    undone: GoogleServer, tmp_path: Path, status: int, body: dict[str, JsonValue]
) -> None:
    undone.troubles.due.append(Trouble("POST /token", status, body))
    undone.troubles.asked.clear()
    people = {f"p{number}": GoogleAccount("team@group.calendar.google.com") for number in range(30)}
    async with reaching(settings_for(undone, tmp_path), people) as calendar:
        told = await asyncio.gather(
            *(calendar.busy(person, NINE, NINE + HOUR) for person in people), return_exceptions=True
        )
        first = undone.troubles.asked.count("POST /token")
        with pytest.raises((CalendarRefused, CalendarUnavailable)):
            await calendar.busy("p0", NINE, NINE + HOUR)

    assert [str(one).split(":")[0] for one in told] == [f"calendar of {person}" for person in people]
    assert (first, undone.troubles.asked.count("POST /token")) == (1, 2)
