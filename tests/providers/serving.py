"""What the contract servers have in common: HTTP on loopback, requests that can be looked at, and trouble on demand."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn
from pydantic import JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Trouble:
    """What a server answers in place of what it would."""

    on: str
    """A regular expression that `METHOD /path?query` must match from its beginning."""
    status: int
    body: Mapping[str, JsonValue] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int | None = None
    """None: until it is taken away."""


class Troubles:
    """Of one server, the first that fits; and everything that it was asked."""

    def __init__(self) -> None:
        self.due: list[Trouble] = []
        self.asked: list[str] = []
        """`METHOD /path?query` of each request that arrived, in order."""

    def answer(self, request: Request) -> Response | None:
        line = f"{request.method} {request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
        self.asked.append(line)
        for trouble in self.due:
            if re.match(trouble.on, line) and trouble.times != 0:
                if trouble.times is not None:
                    trouble.times -= 1
                return JSONResponse(dict(trouble.body), trouble.status, dict(trouble.headers))
        return None


class Doorway:
    """A port behind which one service after the other moves in: opening one takes longer than most tests."""

    def __init__(self) -> None:
        self.port = 0
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app(scope, receive, send)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[int]:
    """Give the port at which the application answers; each connection is closed after its answer."""

    async def closing(scope: Scope, receive: Receive, send: Send) -> None:
        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"connection", b"close")]
            await send(message)

        await app(scope, receive, told)

    config = uvicorn.Config(closing, log_config=None, access_log=False, lifespan="off", ws="none")
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:  # who comes early waits in the queue
        server = _Server(config)
        running = asyncio.create_task(server.serve([listening]))
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await running


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C is pytest's."""
        yield
