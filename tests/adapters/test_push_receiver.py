"""Being told of changes by HTTP: who proves that we asked for it is heard, and every other caller learns nothing."""

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2
import pytest
from pydantic import JsonValue, SecretStr
from structlog.testing import capture_logs

from adapters.push.address import Pusher, PushTo
from adapters.push.receiver import receiving

TO = PushTo(url="https://hooks.acme.example/entrevue", secret=SecretStr("a secret that only tests know"))
ANOTHER = PushTo(url=TO.url, secret=SecretStr("a secret that somebody guessed"))
NEVER = timedelta(days=1)


@dataclass
class Watchers:
    """Whoever is poked; `open` holds pokes up while it is cleared."""

    poked: list[tuple[str, bool]] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def poke(self, person: str, *, anew: bool) -> None:
        self.begun.release()
        await self.open.wait()
        self.poked.append((person, anew))


@dataclass
class Caller:
    """A provider, or whoever claims to be one."""

    web: httpx2.AsyncClient
    watchers: Watchers

    async def google(
        self, person: str = "grace", *, to: PushTo = TO, provider: Pusher = "google", state: str | None = "exists"
    ) -> httpx2.Response:
        headers = {"X-Goog-Channel-ID": "c1", "X-Goog-Channel-Token": to.proof(provider, person)}
        if state is not None:
            headers["X-Goog-Resource-State"] = state
        return await self.web.post(f"/entrevue/google/{person}", headers=headers)

    async def graph(self, *value: Mapping[str, JsonValue], person: str = "grace") -> httpx2.Response:
        return await self.web.post(f"/entrevue/graph/{person}", json={"value": [dict(one) for one in value]})


def change(person: str = "grace", *, to: PushTo = TO) -> dict[str, JsonValue]:
    """Give what Graph tells of a change, of which we take the client state alone."""
    return {
        "subscriptionId": "7d1c",
        "clientState": to.proof("graph", person),
        "changeType": "updated",
        "resource": "users/1/events/2",
        "resourceData": {"id": "2"},
    }


def life(event: str) -> dict[str, JsonValue]:
    """Give what Graph tells of the subscription itself."""
    return {"subscriptionId": "7d1c", "clientState": TO.proof("graph", "grace"), "lifecycleEvent": event}


@asynccontextmanager
async def called(*, pause: timedelta) -> AsyncIterator[Caller]:
    watchers = Watchers()
    watchers.open.set()
    async with (
        receiving(TO, watchers.poke, host="127.0.0.1", port=0, pause=pause) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as web,
    ):
        yield Caller(web, watchers)


@pytest.fixture(name="receiver", scope="module")
async def _receiver() -> AsyncIterator[Caller]:
    async with called(pause=timedelta(0)) as caller:
        yield caller


@pytest.fixture(name="caller")
def _caller(receiver: Caller) -> Caller:
    """One receiver will do: nothing stays but what was poked."""
    receiver.watchers.poked.clear()
    return receiver


# --- who is heard ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["exists", "not_exists"])
async def test_what_google_tells_with_our_token_has_that_person_looked_at(caller: Caller, state: str) -> None:
    answer = await caller.google("ada.b+c@acme.example", state=state)

    assert (answer.status_code, answer.content) == (202, b"")
    assert caller.watchers.poked == [("ada.b+c@acme.example", False)]


async def test_that_a_channel_of_googles_stands_is_acknowledged_and_no_more(caller: Caller) -> None:
    answer = await caller.google(state="sync")

    assert answer.status_code == 202
    assert caller.watchers.poked == []


async def test_what_graph_tells_with_our_client_state_has_that_person_looked_at_once(caller: Caller) -> None:
    answer = await caller.graph(change(), change())

    assert (answer.status_code, answer.content) == (202, b"")
    assert caller.watchers.poked == [("grace", False)]


@pytest.mark.parametrize(
    ("event", "anew"), [("missed", False), ("subscriptionRemoved", True), ("reauthorizationRequired", True)]
)
async def test_what_graph_tells_of_the_subscription_itself_has_it_made_anew_where_it_ends(
    caller: Caller, event: str, *, anew: bool
) -> None:
    answer = await caller.graph(life(event), change())

    assert answer.status_code == 202
    assert caller.watchers.poked == [("grace", anew)]


async def test_graph_is_told_that_we_are_here_by_its_own_word_as_plain_text(caller: Caller) -> None:
    word = "Validation: Testing client application reachability for subscription Request-Id: 522a8e7e+/=&lt; <+&> ü"
    answer = await caller.web.post("/entrevue/graph/grace", params={"validationToken": word})

    assert (answer.status_code, answer.text) == (200, word)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert caller.watchers.poked == []


# --- who is not ------------------------------------------------------------------------------------------------------


GOOGLE, GRAPH = "/entrevue/google/grace", "/entrevue/graph/grace"
STATE = {"X-Goog-Resource-State": "exists"}
LARGE = 1024 * 1024


def token(shown: str) -> dict[str, str]:
    return {"X-Goog-Channel-Token": shown}


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param(GOOGLE, STATE, id="no token"),
        pytest.param(GOOGLE, STATE | token(""), id="an empty token"),
        pytest.param(GOOGLE, STATE | token("Zürich"), id="a token of other letters"),
        pytest.param(GOOGLE, STATE | token(ANOTHER.proof("google", "grace")), id="by another secret"),
        pytest.param(GOOGLE, STATE | token(TO.proof("google", "linus")), id="of somebody else"),
        pytest.param(GOOGLE, STATE | token(TO.proof("graph", "grace")), id="of the other provider"),
        pytest.param(GOOGLE, token(TO.proof("google", "grace")), id="no state"),
        pytest.param(
            f"{GOOGLE}%20hopper", STATE | token(TO.proof("google", "grace hopper")), id="nobody can be named so"
        ),
        pytest.param("/entrevue/google/" + 255 * "g", STATE, id="a name too long"),
        pytest.param("/google/grace", STATE | token(TO.proof("google", "grace")), id="another path"),
        pytest.param("/entrevue/google/", STATE | token(TO.proof("google", "")), id="no name"),
    ],
)
async def test_who_does_not_prove_to_be_google_learns_nothing(
    caller: Caller, path: str, headers: Mapping[str, str]
) -> None:
    answer = await caller.web.post(path, headers={name.encode(): text.encode() for name, text in headers.items()})

    assert answer.status_code == 404
    assert caller.watchers.poked == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param([], id="nothing"),
        pytest.param([{"changeType": "updated"}], id="no client state"),
        pytest.param([{"clientState": None}], id="none of it"),
        pytest.param([change(to=ANOTHER)], id="by another secret"),
        pytest.param([change("linus")], id="of somebody else"),
        pytest.param([{"clientState": TO.proof("google", "grace")}], id="of the other provider"),
        pytest.param([{"clientState": "?", "lifecycleEvent": "subscriptionRemoved"}], id="of the subscription itself"),
    ],
)
async def test_who_does_not_prove_to_be_graph_learns_nothing(
    caller: Caller, value: list[Mapping[str, JsonValue]]
) -> None:
    answer = await caller.graph(*value)

    assert answer.status_code == 404
    assert caller.watchers.poked == []


async def test_who_is_unknown_and_who_is_unproven_are_answered_alike(caller: Caller) -> None:
    unproven = await caller.google(to=ANOTHER)
    unknown = await caller.google("grace!")

    assert (unproven.status_code, unproven.content) == (unknown.status_code, unknown.content)
    assert {*unproven.headers} == {*unknown.headers}


async def test_what_is_unproven_among_what_is_proven_counts_for_nothing(caller: Caller) -> None:
    forged = {"clientState": "?", "lifecycleEvent": "subscriptionRemoved"}
    answer = await caller.graph(forged, change(), change("linus"))

    assert answer.status_code == 202
    assert caller.watchers.poked == [("grace", False)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"value", 400, id="no JSON"),
        pytest.param(b"\xff\xfe", 400, id="no text"),
        pytest.param(b"[]", 400, id="a list"),
        pytest.param(b'{"value": 1}', 400, id="a number"),
        pytest.param(b'{"value": [{"clientState": 1}]}', 400, id="a client state that is none"),
        pytest.param(b'{"value": ' + 5000 * b"[" + 5000 * b"]" + b"}", 400, id="too deep"),
        pytest.param(json.dumps({"value": 1001 * [change()]}).encode(), 400, id="too many"),
        pytest.param(json.dumps({"value": [change()]}).encode().ljust(LARGE + 1), 413, id="too large"),
    ],
)
async def test_what_is_no_notification_is_refused(caller: Caller, body: bytes, status: int) -> None:
    answer = await caller.web.post(GRAPH, content=body)

    assert (answer.status_code, answer.content) == (status, b"")
    assert caller.watchers.poked == []


@pytest.mark.parametrize("path", [GOOGLE, GRAPH])
async def test_nothing_can_be_read_here(caller: Caller, path: str) -> None:
    assert (await caller.web.get(path, params={"validationToken": "word"})).status_code == 405


@pytest.mark.parametrize(
    "word",
    ["<script>alert(1)</script>", "a</p>", "<!-- ", "<?xml", "", 2049 * "w"],
    ids=["a script", "an end", "a comment", "an instruction", "empty", "too long"],
)
async def test_a_word_that_is_none_of_graphs_is_not_said_back(caller: Caller, word: str) -> None:
    answer = await caller.web.post(GRAPH, params={"validationToken": word})

    assert (answer.status_code, answer.content) == (400, b"")


async def test_nobody_can_be_asked_for_by_a_word(caller: Caller) -> None:
    answer = await caller.web.post("/entrevue/graph/grace%20hopper", params={"validationToken": "word"})

    assert answer.status_code == 404


async def test_the_log_names_nobody_and_no_proof(caller: Caller) -> None:
    with capture_logs() as logs:
        await caller.google(to=ANOTHER)
        await caller.google()
        await caller.graph(change(to=ANOTHER))
        await caller.graph(change())

    assert [line["kind"] for line in logs] == ["push_unproven", "push_unproven"]
    told = ("grace", ANOTHER.proof("google", "grace"), TO.proof("google", "grace"), TO.proof("graph", "grace"))
    assert not any(one in str(logs) for one in told)


# --- how much of it --------------------------------------------------------------------------------------------------


async def test_a_burst_is_one_poke_a_person() -> None:
    async with called(pause=NEVER) as caller:
        for person in ("grace", "linus", "grace", "linus", "grace"):
            await caller.google(person)

    assert sorted(caller.watchers.poked) == [("grace", False), ("linus", False)]


async def test_what_is_told_while_a_poke_is_under_way_is_one_more_and_forgets_nothing() -> None:
    async with called(pause=timedelta(0)) as caller:
        caller.watchers.open.clear()
        await caller.google()
        for event in ("missed", "subscriptionRemoved", "missed"):
            await caller.graph(life(event))
        caller.watchers.open.set()
        await caller.watchers.begun.acquire()
        await caller.watchers.begun.acquire()
        await caller.google("linus")  # a turn later

    assert caller.watchers.poked == [("grace", False), ("grace", True), ("linus", False)]


async def test_an_answer_does_not_wait_for_what_comes_of_it() -> None:
    async with called(pause=NEVER) as caller:
        caller.watchers.open.clear()
        answers = [await caller.google(), await caller.graph(change())]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert caller.watchers.poked == []


async def test_a_body_that_does_not_arrive_is_not_waited_for() -> None:
    async with receiving(TO, Watchers().poke, host="127.0.0.1", port=0, within=timedelta(0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"POST {GRAPH} HTTP/1.1\r\nHost: hooks\r\nContent-Length: 1000\r\n\r\n{{".encode())
        answer = await reader.read()
        writer.close()

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("said", ["", f"POST {GRAPH} HTTP/1.1\r\nHost: "], ids=["nothing", "half a head"])
async def test_a_connection_that_keeps_silent_takes_no_place_for_ever(said: str) -> None:
    async with receiving(TO, Watchers().poke, host="127.0.0.1", port=0, lasts=timedelta(0)) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said.encode())
        async with asyncio.timeout(5):  # it would be for ever
            rest = await reader.read()
        writer.close()

    assert rest == b""


async def test_a_connection_is_for_one_request(caller: Caller) -> None:
    assert (await caller.google()).headers["Connection"] == "close"


async def test_who_hangs_up_in_the_middle_disturbs_nobody(caller: Caller) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", caller.web.base_url.port)
    writer.write(f"POST {GRAPH} HTTP/1.1\r\nHost: hooks\r\nContent-Length: 1000\r\n\r\n{{".encode())
    await writer.drain()
    writer.close()

    assert (await caller.graph(change())).status_code == 202


# --- serving ---------------------------------------------------------------------------------------------------------


async def test_signals_stay_with_the_process_and_the_end_comes_with_its_user() -> None:
    wanted = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(one) for one in wanted]
    async with receiving(TO, Watchers().poke, host="127.0.0.1", port=0) as port:
        within = [signal.getsignal(one) for one in wanted]

    assert before == within
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_that_is_taken_is_said_to_be() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        async with receiving(TO, Watchers().poke, host="127.0.0.1", port=taken.getsockname()[1]):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_it_listens_where_it_is_told_to(host: str) -> None:
    async with (
        receiving(TO, Watchers().poke, host=host, port=0) as port,
        httpx2.AsyncClient(trust_env=False) as web,
    ):
        answer = await web.post(f"http://127.0.0.1:{port}{GRAPH}?validationToken=here")

    assert answer.text == "here"
