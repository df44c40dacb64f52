"""How the contract server of Microsoft Graph tells of changes: one documented behaviour a test."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from tests.providers.graph_client import GRACE, IMMUTABLE, created, error
from tests.providers.graph_server import GraphServer
from tests.providers.graph_subscriptions import LifecycleEvent
from tests.providers.graph_wire import Json
from tests.providers.serving import served

DAY = timedelta(days=1)


class Receiver:
    """Whom Graph tells: at `/graph` as it must be; `/silent` proves nothing, and `/html` as what it must not."""

    def __init__(self) -> None:
        self.url = ""
        self.got: list[Json] = []
        self.proofs = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/graph", self._take, methods=["POST"]),
                Route("/silent", self._refuse, methods=["POST"]),
                Route("/html", self._prove_wrongly, methods=["POST"]),
            ]
        )

    async def _take(self, request: Request) -> Response:
        if (token := request.query_params.get("validationToken")) is not None:
            self.proofs += 1
            return PlainTextResponse(token)
        self.got += (await request.json())["value"]
        return Response(status_code=202)

    async def _refuse(self, _request: Request) -> Response:
        return Response(status_code=202)

    async def _prove_wrongly(self, request: Request) -> Response:
        return HTMLResponse(request.query_params["validationToken"])


@pytest.fixture(name="listening", scope="module")
async def _listening() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with served(receiver.app()) as port:
        receiver.url = f"http://127.0.0.1:{port}"
        yield receiver


@pytest.fixture(name="receiver")
def _receiver(listening: Receiver) -> Receiver:
    listening.got, listening.proofs = [], 0
    return listening


def asked(receiver: Receiver, **changes: JsonValue) -> Json:
    said: Json = {
        "changeType": "created,updated,deleted",
        "notificationUrl": f"{receiver.url}/graph",
        "lifecycleNotificationUrl": f"{receiver.url}/graph",
        "resource": f"/users/{GRACE}/events",
        "expirationDateTime": (datetime.now(UTC) + DAY).isoformat(),
        "clientState": "secret",
    }
    return said | changes


async def subscribed(graph: GraphServer, app: httpx2.AsyncClient, said: Json, **headers: str) -> Json:
    answer = await app.post(f"{graph.url}/v1.0/subscriptions", json=said, headers=headers)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def test_an_address_that_says_the_token_back_is_told_of_changes(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await subscribed(graph, app, asked(receiver), **IMMUTABLE)
    written = await created(app, headers=IMMUTABLE)
    await app.patch(f"/events/{written['id']}", json={"subject": "Anew"})
    await app.delete(f"/events/{written['id']}")
    await graph.notices.settled()

    assert receiver.proofs == 1
    assert sorted(str(one["changeType"]) for one in receiver.got) == ["created", "deleted", "updated"]
    [first, *_] = receiver.got
    assert (first["subscriptionId"], first["clientState"], first["tenantId"]) == (made["id"], "secret", graph.tenant)
    assert first["resource"] == f"Users/{graph.mailbox(GRACE).guid}/Events/{written['id']}"
    assert [told.status for told in graph.notices.told] == [202, 202, 202]


async def test_ids_in_notifications_are_immutable_only_where_the_subscription_asked_for_it(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver
) -> None:
    await subscribed(graph, app, asked(receiver, changeType="created"))
    written = await created(app)
    await app.patch(f"/events/{written['id']}", json={"subject": "Anew"})
    await graph.notices.settled()

    assert [str(one["resource"]).rpartition("/")[2] for one in receiver.got] == [written["id"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"notificationUrl": "http://elsewhere.example/graph", "lifecycleNotificationUrl": None}, "ValidationError"),
        ({"lifecycleNotificationUrl": "https://elsewhere.example/graph"}, "ValidationError"),
        ({"changeType": "created,moved"}, "InvalidRequest"),
        ({"resource": f"users/{GRACE}/messages"}, "InvalidRequest"),
        ({"clientState": "x" * 129}, "RequestBodyRead"),
        ({"expirationDateTime": "2026-01-01T00:00:00Z"}, "ValidationError"),
        ({"expirationDateTime": "2126-01-01T00:00:00Z"}, "ExtensionError"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver, changes: Json, code: str
) -> None:
    answer = await app.post(f"{graph.url}/v1.0/subscriptions", json=asked(receiver) | changes)

    assert error(answer) == (400, code)
    assert graph.subscriptions == {}


@pytest.mark.parametrize("path", ["silent", "html", "nowhere"])
async def test_an_address_that_proves_nothing_is_not_told(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver, path: str
) -> None:
    said = asked(receiver, lifecycleNotificationUrl=f"{receiver.url}/{path}")

    assert error(await app.post(f"{graph.url}/v1.0/subscriptions", json=said)) == (400, "ValidationError")


async def test_a_subscription_is_renewed_read_and_ended(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await subscribed(graph, app, asked(receiver))
    address = f"{graph.url}/v1.0/subscriptions/{made['id']}"
    end = (datetime.now(UTC) + 6 * DAY).replace(microsecond=0)
    renewed = await app.patch(address, json={"expirationDateTime": end.isoformat()})
    read = await app.get(address)
    everything = await app.get(f"{graph.url}/v1.0/subscriptions")
    ended, again = await app.delete(address), await app.delete(address)

    assert renewed.json()["expirationDateTime"] == f"{end:%Y-%m-%dT%H:%M:%S}.0000000Z"
    assert (made["clientState"], read.json()["clientState"]) == ("secret", None)
    assert everything.json()["value"] == [read.json()]
    assert ended.status_code == 204
    assert error(again) == (404, "ResourceNotFound")


async def test_a_subscription_lives_for_45_minutes_at_least_and_then_no_longer(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver
) -> None:
    soon = datetime.now(UTC) + timedelta(minutes=1)
    made = await subscribed(graph, app, asked(receiver, expirationDateTime=soon.isoformat()))
    held = graph.subscriptions[str(made["id"])]
    lives = held.expires - datetime.now(UTC)
    held.expires = datetime.now(UTC)
    await created(app)
    await graph.notices.settled()

    assert lives > timedelta(minutes=44)
    assert receiver.got == []
    assert error(await app.get(f"{graph.url}/v1.0/subscriptions/{made['id']}")) == (404, "ResourceNotFound")


async def test_what_becomes_of_a_subscription_is_told_where_that_is_wanted(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver
) -> None:
    made = await subscribed(graph, app, asked(receiver))
    await subscribed(graph, app, asked(receiver, lifecycleNotificationUrl=None))
    events: tuple[LifecycleEvent, ...] = ("missed", "reauthorizationRequired", "subscriptionRemoved")
    for event in events:
        graph.lifecycle(GRACE, event)
    await graph.notices.settled()

    assert sorted(str(one["lifecycleEvent"]) for one in receiver.got) == sorted(events)
    assert {one["subscriptionId"] for one in receiver.got} == {made["id"]}
    assert graph.subscriptions == {}


@pytest.mark.parametrize("how", ["reauthorize", "renew"])
async def test_a_subscription_that_needs_authorization_says_nothing_until_it_has_it(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver, how: str
) -> None:
    made = await subscribed(graph, app, asked(receiver, lifecycleNotificationUrl=None))
    address = f"{graph.url}/v1.0/subscriptions/{made['id']}"
    graph.lifecycle(GRACE, "reauthorizationRequired")
    await created(app)
    await graph.notices.settled()
    silent = list(receiver.got)
    if how == "renew":
        await app.patch(address, json={"expirationDateTime": (datetime.now(UTC) + DAY).isoformat()})
    else:
        await app.post(f"{address}/reauthorize")
    await created(app)
    await graph.notices.settled()

    assert silent == []
    assert len(receiver.got) == 1


async def test_an_address_that_is_gone_holds_nobody_up(
    graph: GraphServer, app: httpx2.AsyncClient, receiver: Receiver
) -> None:
    await subscribed(graph, app, asked(receiver))
    [held] = graph.subscriptions.values()
    gone = f"http://127.0.0.1:{await _free_port()}/graph"
    held.said = held.said.model_copy(update={"notification_url": gone})
    await created(app)
    await graph.notices.settled()

    assert [told.status for told in graph.notices.told] == [None]


async def _free_port() -> int:
    listening = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port: int = listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()
    return port
