"""Take in what providers tell of changes: who proves that we asked for it has that person's calendar looked at soon.

Nothing that is told is believed but that, and nothing is told back: what came is looked up in the calendar. The
receiver stands behind whatever takes https from the providers, and what it misses is found by looking all the same.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Protocol
from urllib.parse import unquote, urlsplit

import structlog
import uvicorn
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapters.push.address import Pusher, PushTo
from entrevue.values import PersonId


class Poke(Protocol):
    async def __call__(self, person: PersonId, *, anew: bool) -> None:
        """Have a person's calendar looked at soon; `anew`: and have its provider asked anew to tell us.

        It raises nothing, and may be repeated.
        """
        ...


PAUSE: Final = timedelta(seconds=10)
"""Between two pokes of one person: whatever is told meanwhile is one."""

_AT_ONCE = 10
"""Pokes under way."""
_LARGEST, _MOST = 1024 * 1024, 1000
"""Of one request of Graph's: bytes, and notifications."""
_LONGEST_TOKEN = 2048
_MARKUP = re.compile(r"<[A-Za-z!/?]")
"""What a browser could take for the beginning of a tag or a comment (HTML, "Tag open state")."""
_WITHIN = timedelta(seconds=8)
"""For a request's body to arrive. Graph waits 10 s at most for an answer, and would like it in 3."""
_LASTS = timedelta(seconds=10)
"""A connection, whatever comes through it: each is for one request. Silent ones would else take all places."""
_CONNECTIONS, _HEAD, _LEAVE = 100, 16 * 1024, 3
"""At a time; bytes of a request's head; seconds for what is under way at the end."""

_ANEW = {"subscriptionRemoved", "reauthorizationRequired"}
"""Graph, "Reduce missing subscriptions and change notifications": what needs more than a look."""

_PERSON: TypeAdapter[PersonId] = TypeAdapter(PersonId)
_log = structlog.get_logger()


class _Notification(BaseModel):
    """A change, or something about the subscription itself."""

    client_state: str | None = Field(default=None, alias="clientState")
    lifecycle_event: str | None = Field(default=None, alias="lifecycleEvent")


class _Notifications(BaseModel):
    """Graph, changeNotificationCollection: of several subscriptions, perhaps, that share one address."""

    value: Annotated[tuple[_Notification, ...], Field(max_length=_MOST)]


class Receiver:
    """An address a person and provider. Who is not proven learns nothing, not even whether somebody is known here."""

    def __init__(self, to: PushTo, poke: Poke, *, pause: timedelta = PAUSE, within: timedelta = _WITHIN) -> None:
        self._to = to
        self._within = within.total_seconds()
        self._pokes = _Pokes(poke, pause.total_seconds())
        path = unquote(urlsplit(to.url).path)
        self.app: ASGIApp = Starlette(
            routes=[
                Route(f"{path}/google/{{person}}", self._google, methods=["POST"]),
                Route(f"{path}/graph/{{person}}", self._graph, methods=["POST"]),
            ]
        )

    async def aclose(self) -> None:
        """What was not poked by now is found by the next look."""
        await self._pokes.aclose()

    async def _google(self, request: Request) -> Response:
        """Take in a message without a body: headers tell all. `sync` says only that the channel stands."""
        state = request.headers.get("X-Goog-Resource-State")
        shown = request.headers.get("X-Goog-Channel-Token", "")
        person = _person(request)
        if person is None or state is None or not self._to.proves("google", person, shown):
            return _unproven("google")
        if state != "sync":
            self._pokes.add(person, anew=False)
        return Response(status_code=202)

    async def _graph(self, request: Request) -> Response:
        """Answer whether we are here, or take in notifications, of changes and of the subscription's own life."""
        person, token = _person(request), request.query_params.get("validationToken")
        if person is None:
            return _unproven("graph")
        if token is not None:
            return _here(token)
        try:
            async with asyncio.timeout(self._within):
                body = await _body(request)
        except (TimeoutError, ClientDisconnect):
            return Response(status_code=408, headers={"Connection": "close"})
        if body is None:
            return Response(status_code=413, headers={"Connection": "close"})
        try:
            told = _Notifications.model_validate_json(body).value
        except ValidationError:
            return Response(status_code=400)
        proven = [one for one in told if self._to.proves("graph", person, one.client_state or "")]
        if not proven:
            return _unproven("graph")
        self._pokes.add(person, anew=any(one.lifecycle_event in _ANEW for one in proven))
        return Response(status_code=202)


def _here(token: str) -> Response:
    """Say a token back as it came (Graph, "Receive change notifications through webhooks": an encoded one fails).

    Anybody may ask for that. Graph sends no markup, so what could begin some is not said back; and the rest is text, in
    which a browser is told to see nothing else.
    """
    if not 0 < len(token) <= _LONGEST_TOKEN or _MARKUP.search(token):
        return Response(status_code=400)
    return PlainTextResponse(token, headers={"X-Content-Type-Options": "nosniff"})


def _person(request: Request) -> PersonId | None:
    try:
        return _PERSON.validate_python(request.path_params["person"])
    except ValidationError:
        return None


def _unproven(provider: Pusher) -> Response:
    """Nobody is named: whoever calls could have anybody's name, and any text, in our log."""
    _log.debug("push unproven", kind="push_unproven", provider=provider)
    return Response(status_code=404)


async def _body(request: Request) -> bytes | None:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            return None
    return bytes(body)


class _Pokes:
    """Pokes on their way, one at a time for each person: providers wait for an answer, not for what comes of it."""

    def __init__(self, poke: Poke, pause: float) -> None:
        self._poke = poke
        self._pause = pause
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._due: dict[PersonId, bool] = {}
        self._under_way: dict[PersonId, asyncio.Task[None]] = {}
        """By whom a provider told of, with proof: so many as there are people."""

    def add(self, person: PersonId, *, anew: bool) -> None:
        self._due[person] = anew or self._due.get(person, False)
        if person not in self._under_way:
            self._under_way[person] = asyncio.create_task(self._serve(person))

    async def aclose(self) -> None:
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _serve(self, person: PersonId) -> None:
        try:
            while person in self._due:
                async with self._turn:
                    await self._poke(person, anew=self._due.pop(person))
                await asyncio.sleep(self._pause)
        finally:
            del self._under_way[person]


# --- serving ---------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def receiving(
    to: PushTo,
    poke: Poke,
    *,
    host: str,
    port: int,
    pause: timedelta = PAUSE,
    within: timedelta = _WITHIN,
    lasts: timedelta = _LASTS,
) -> AsyncIterator[int]:
    """Listen at this port (0: any that is free), and give it. Raises OSError where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=_CONNECTIONS) as listening:
        receiver = Receiver(to, poke, pause=pause, within=within)
        server = _Server(
            uvicorn.Config(
                receiver.app,
                http=type("_Brief", (_Connection,), {"lasts": lasts.total_seconds()}),
                headers=[("Connection", "close")],
                ws="none",
                lifespan="off",
                log_config=None,  # the worker's own; a request's line tells whose calendar it is about
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody's address is of interest
                limit_concurrency=_CONNECTIONS,
                backlog=_CONNECTIONS,
                h11_max_incomplete_event_size=_HEAD,
                timeout_graceful_shutdown=_LEAVE,
            )
        )
        running = asyncio.create_task(server.serve([listening]))
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            await running
            await receiver.aclose()


class _Connection(H11Protocol):
    """uvicorn bounds the time between two requests, and not that to the end of a request's head."""

    lasts: ClassVar[float]
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._end = self.loop.call_later(self.lasts, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT are the worker's: it stops us itself."""
        yield
