"""What the contract server of Google Calendar tells through push channels, and to whom."""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx2
import pytest
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.providers.google_server import GoogleServer
from tests.providers.google_tests import ALAN, EVENTS, GRACE, ID, INTERVIEW, as_program, refused, text, told
from tests.providers.serving import served

WATCH, STOP = f"{EVENTS}/watch", "channels/stop"


@dataclass
class Receiver:
    """Who is told."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    """What it says to the next messages; 204 to the rest."""
    heard: list[dict[str, str]] = field(default_factory=list)
    bodies: set[bytes] = field(default_factory=set)

    async def hear(self, request: Request) -> Response:
        self.heard.append({name: value for name, value in request.headers.items() if name.startswith("x-goog")})
        self.bodies.add(await request.body())
        return Response(status_code=self.answers.pop(0) if self.answers else 204)

    def channel(self, name: str = "channel-1", **more: JsonValue) -> dict[str, JsonValue]:
        return {"id": name, "type": "web_hook", "address": f"http://127.0.0.1:{self.port}/google", **more}

    def states(self) -> list[str]:
        return [each["x-goog-resource-state"] for each in self.heard]


@pytest.fixture(name="listening", scope="module")
async def _listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = Starlette(routes=[Route("/google", receiver.hear, methods=["POST"])])
    async with served(app) as receiver.port:
        yield receiver


@pytest.fixture(name="receiver")
def _receiver(listening: Receiver) -> Receiver:
    listening.answers, listening.heard, listening.bodies = [], [], set()
    return listening


@pytest.fixture(name="grace")
async def _grace(google: GoogleServer) -> AsyncIterator[httpx2.AsyncClient]:
    async with as_program(google, GRACE) as client:
        yield client


async def test_a_channel_is_greeted_first_and_told_of_each_change_without_a_word_of_it(
    google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver
) -> None:
    channel = told(await grace.post(WATCH, json=receiver.channel() | {"token": "proof"}))
    await google.delivered()
    await grace.post(EVENTS, json=INTERVIEW)
    await google.delivered()
    await grace.delete(f"{EVENTS}/{ID}")
    await google.delivered()

    assert receiver.states() == ["sync", "exists", "exists"]
    assert receiver.bodies == {b""}
    assert {each["x-goog-channel-id"] for each in receiver.heard} == {"channel-1"}
    assert {each["x-goog-channel-token"] for each in receiver.heard} == {"proof"}
    assert {each["x-goog-resource-id"] for each in receiver.heard} == {channel["resourceId"]}
    numbers = [int(each["x-goog-message-number"]) for each in receiver.heard]
    assert numbers[0] == 1
    assert numbers == sorted(set(numbers))


async def test_reading_and_other_calendars_are_no_news(
    google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver
) -> None:
    await grace.post(WATCH, json=receiver.channel())
    async with google.as_person(ALAN) as alan:
        await alan.post("calendars/primary/events", json=INTERVIEW)
    await grace.get(EVENTS)
    await google.delivered()

    assert receiver.states() == ["sync"]
    assert "x-goog-channel-token" not in receiver.heard[0]


async def test_a_channel_ends_when_it_was_asked_to_or_when_the_service_lets_it(
    google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver
) -> None:
    soon = int((datetime.now(UTC) + timedelta(hours=1)).timestamp() * 1000)
    asked = told(await grace.post(WATCH, json=receiver.channel("soon", expiration=str(soon))))
    never = told(await grace.post(WATCH, json=receiver.channel("never", expiration=soon * 2)))
    google.switches.longest_channel = timedelta(0)
    over = told(await grace.post(WATCH, json=receiver.channel("over")))
    await google.delivered()
    await grace.post(EVENTS, json=INTERVIEW)
    await google.delivered()

    assert asked["expiration"] == str(soon)
    assert int(text(never, "expiration")) < soon + timedelta(days=7) / timedelta(milliseconds=1)
    assert [channel.id for channel in google.channels] == ["soon", "never"]
    told_of = {each["x-goog-channel-id"]: each for each in receiver.heard if each["x-goog-resource-state"] == "exists"}
    assert set(told_of) == {"soon", "never"}
    ends = parsedate_to_datetime(told_of["soon"]["x-goog-channel-expiration"])
    assert ends == datetime.fromtimestamp(soon // 1000, UTC)
    assert over["id"] == "over"


async def test_a_channel_that_is_stopped_is_told_no_more_and_its_id_stays_taken(
    google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver
) -> None:
    channel = told(await grace.post(WATCH, json=receiver.channel()))
    this: dict[str, JsonValue] = {"id": channel["id"], "resourceId": channel["resourceId"]}
    other = await grace.post(STOP, json=this | {"resourceId": "other"})
    stopped = await grace.post(STOP, json=this)
    again = await grace.post(STOP, json=this)
    taken = await grace.post(WATCH, json=receiver.channel())
    await grace.post(EVENTS, json=INTERVIEW)
    await google.delivered()

    assert (stopped.status_code, stopped.content) == (204, b"")
    assert refused(other) == refused(again) == (404, "notFound")
    assert refused(taken) == (400, "channelIdNotUnique")
    assert receiver.states() == ["sync"]
    assert google.channels == []


async def test_a_channel_is_stopped_by_who_opened_it(
    google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver
) -> None:
    channel = told(await grace.post(WATCH, json=receiver.channel()))
    this: JsonValue = {"id": channel["id"], "resourceId": channel["resourceId"]}
    async with as_program(google, ALAN) as alan:
        assert refused(await alan.post(STOP, json=this)) == (404, "notFound")

    async with as_program(google) as robot:
        shared = told(await robot.post(WATCH, json=receiver.channel("robots")))
    that: JsonValue = {"id": shared["id"], "resourceId": shared["resourceId"]}
    assert (await grace.post(STOP, json=that)).is_success


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"address": "http://elsewhere.example/google"}, "push.webhookUrlNotHttps"),
        ({"id": "c" * 65}, "invalid"),
        ({"id": "channel.1"}, "invalid"),
        ({"id": None}, "required"),
        ({"type": "email"}, "invalid"),
        ({"token": "t" * 257}, "invalid"),
        ({"expiration": "tomorrow"}, "invalid"),
    ],
)
async def test_what_can_be_no_channel_is_refused(
    grace: httpx2.AsyncClient, receiver: Receiver, change: dict[str, JsonValue], reason: str
) -> None:
    assert refused(await grace.post(WATCH, json=receiver.channel() | change)) == (400, reason)


@pytest.mark.parametrize(("answers", "attempts"), [([503, 500, 204], 3), ([404], 1), ([503] * 9, 3)])
async def test_a_receiver_at_a_loss_is_told_again_and_one_that_refuses_is_not(
    google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver, answers: list[int], attempts: int
) -> None:
    receiver.answers = list(answers)
    await grace.post(WATCH, json=receiver.channel())
    await google.delivered()

    assert google.channels[0].answers == answers[:attempts]


async def test_messages_may_be_lost(google: GoogleServer, grace: httpx2.AsyncClient, receiver: Receiver) -> None:
    await grace.post(WATCH, json=receiver.channel())
    google.switches.delivers = False
    await grace.post(EVENTS, json=INTERVIEW)
    await google.delivered()

    assert receiver.states() == ["sync"]


async def test_nobody_need_be_there(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and nobody listens
        watched = await grace.post(WATCH, json=Receiver(port=reserved.getsockname()[1]).channel())
        await google.delivered()

    assert watched.is_success
    assert google.channels[0].answers == [0]
