"""Where Google tells us of changes: a channel a person, renewed and stopped."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue, SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from activities.calendar import CalendarRefused, CalendarUnavailable, Listening
from adapters.push.address import PushTo
from tests.adapters.grace import GRACE, HOUR, NINE
from tests.adapters.on_google import OnGoogle, on_google
from tests.providers.google_channels import Channel
from tests.providers.google_errors import google_trouble
from tests.providers.google_server import GoogleServer
from tests.providers.serving import Trouble, served

PUSH = PushTo("https://push.acme.example", SecretStr("not to be told"))


@pytest.fixture
async def grace(undone: GoogleServer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OnGoogle]:
    async with on_google(undone, tmp_path, request.node.nodeid, push=PUSH) as grace:
        yield grace


def channels(server: GoogleServer, grace: OnGoogle) -> list[Channel]:
    return [one for one in server.channels if one.calendar == grace.address]


async def listening(grace: OnGoogle, held: str | None) -> Listening:
    heard = await grace.calendar.listen(GRACE, held)
    assert heard is not None
    return heard


async def test_a_channel_leads_to_the_receiver_with_the_persons_proof(undone: GoogleServer, grace: OnGoogle) -> None:
    heard = await listening(grace, None)

    (channel,) = channels(undone, grace)
    assert (channel.address, channel.token) == (PUSH.address("google", GRACE), PUSH.proof("google", GRACE))
    assert heard.held == f"{channel.id} {channel.resource_id}"
    assert "not to be told" not in heard.held
    assert grace.address not in heard.held


@pytest.mark.parametrize("days", [1, 7])
async def test_a_channel_is_renewed_at_half_its_life(undone: GoogleServer, grace: OnGoogle, days: int) -> None:
    undone.switches.longest_channel = timedelta(days=days)

    heard = await listening(grace, None)

    (channel,) = channels(undone, grace)
    before_its_end = channel.expiration - heard.renew_at
    assert abs(before_its_end - timedelta(days=days) / 2) < timedelta(seconds=30)


async def test_the_old_channel_is_stopped_when_the_new_one_stands(undone: GoogleServer, grace: OnGoogle) -> None:
    first = await listening(grace, None)
    (old,) = channels(undone, grace)
    second = await listening(grace, first.held)

    (new,) = channels(undone, grace)
    assert new is not old
    assert second.held == f"{new.id} {new.resource_id}"
    watched = [line for line in undone.troubles.asked if "watch" in line or "stop" in line]
    assert [line.rpartition("/")[2].partition("?")[0] for line in watched] == ["watch", "watch", "stop"]


@pytest.mark.parametrize("status", [404, 500, 403])
async def test_an_old_channel_that_cannot_be_stopped_ends_by_itself(
    undone: GoogleServer, grace: OnGoogle, status: int
) -> None:
    first = await listening(grace, None)
    undone.troubles.due.append(Trouble("POST .*/channels/stop", status))

    second = await listening(grace, first.held)

    assert second.held != first.held
    assert len(channels(undone, grace)) == 2


async def test_where_no_new_channel_is_to_be_had_the_old_one_stays(undone: GoogleServer, grace: OnGoogle) -> None:
    first = await listening(grace, None)
    undone.troubles.due.append(google_trouble("backendError", "POST .*/watch"))

    with pytest.raises(CalendarUnavailable):
        await grace.calendar.listen(GRACE, first.held)

    assert len(channels(undone, grace)) == 1


async def test_a_channel_is_hung_up_and_hung_up_again(undone: GoogleServer, grace: OnGoogle) -> None:
    heard = await listening(grace, None)
    await grace.calendar.hang_up(GRACE, heard.held)
    await grace.calendar.hang_up(GRACE, heard.held)

    assert channels(undone, grace) == []


async def test_an_address_that_google_does_not_take_is_said_to_be_so(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.troubles.due.append(google_trouble("push.webhookUrlNotHttps", "POST .*/watch"))

    with pytest.raises(CalendarRefused, match="it must be public, by https"):
        await grace.calendar.listen(GRACE, None)


async def test_without_a_receiver_nothing_is_listened_to(undone: GoogleServer, tmp_path: Path) -> None:
    async with on_google(undone, tmp_path, "no receiver") as grace:
        assert await grace.calendar.listen(GRACE, None) is None
        assert channels(undone, grace) == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "a", "resourceId": 7},
        {"id": "a", "resourceId": "r" * 2000},
    ],
    ids=["nothing", "no name", "too long"],
)
async def test_a_channel_that_cannot_be_held_is_trouble(
    undone: GoogleServer, grace: OnGoogle, body: dict[str, JsonValue]
) -> None:
    undone.troubles.due.append(Trouble("POST .*/watch", 200, body))

    with pytest.raises(CalendarUnavailable, match="cannot be held"):
        await grace.calendar.listen(GRACE, None)


@pytest.mark.parametrize("expiration", [None, "soon", "9" * 30], ids=str)
async def test_a_channel_of_which_no_end_is_told_is_taken_to_last_as_long_as_we_asked_for(
    undone: GoogleServer, grace: OnGoogle, expiration: str | None
) -> None:
    usual = await listening(grace, None)
    body: dict[str, JsonValue] = {"id": "a", "resourceId": "r", "expiration": expiration}
    undone.troubles.due.append(Trouble("POST .*/watch", 200, body))

    heard = await listening(grace, None)

    assert abs(heard.renew_at - usual.renew_at) < timedelta(minutes=5)


async def test_a_change_is_told_to_the_receiver(undone: GoogleServer, tmp_path: Path) -> None:
    heard: asyncio.Queue[tuple[str, str, str | None]] = asyncio.Queue()

    async def hears(request: Request) -> Response:
        told = request.headers
        heard.put_nowait((request.url.path, told["X-Goog-Resource-State"], told.get("X-Goog-Channel-Token")))
        return Response()

    async with served(Starlette(routes=[Route("/google/{person}", hears, methods=["POST"])])) as port:
        push = PushTo(f"http://127.0.0.1:{port}", PUSH.secret)
        async with on_google(undone, tmp_path, "told", push=push) as grace:
            assert await grace.calendar.listen(GRACE, None) is not None
            await undone.delivered()
            await grace.adds(NINE, NINE + HOUR)
            await undone.delivered()

    proof = PUSH.proof("google", GRACE)
    told = [heard.get_nowait() for _ in range(heard.qsize())]
    assert told == [("/google/grace", "sync", proof), ("/google/grace", "exists", proof)]
