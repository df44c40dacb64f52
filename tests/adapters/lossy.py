"""A network between Entrevue and a server: single exchanges pass it, are lost on either way, or come out different."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from socket import SO_LINGER, SOL_SOCKET, socket


class Network:
    """A network on which nothing happens. None for a request or an answer means: it is lost."""

    def request(self, request: bytes) -> bytes | None:
        return request

    def answer(self, request: bytes, answer: bytes) -> bytes | None:
        del request
        return answer

    def hang_up(self, writer: asyncio.StreamWriter) -> None:
        writer.close()


class Lossy(Network):
    """It loses a share of all requests and of all answers, by closing the connection or by resetting it."""

    def __init__(self, seed: int, share: float) -> None:
        self.chance = Random(seed)  # noqa: S311 - the same losses for the same seed
        self.share = share
        self.lost = 0

    def request(self, request: bytes) -> bytes | None:
        return self._perhaps(request)

    def answer(self, request: bytes, answer: bytes) -> bytes | None:
        del request
        return self._perhaps(answer)

    def hang_up(self, writer: asyncio.StreamWriter) -> None:
        carrier: socket | None = writer.get_extra_info("socket")
        if carrier is not None and self.chance.random() < 0.5:
            carrier.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))  # close() sends RST
        writer.close()

    def _perhaps(self, what: bytes) -> bytes | None:
        lost = self.chance.random() < self.share
        self.lost += lost
        return None if lost else what


@asynccontextmanager
async def carried(network: Network, port: int) -> AsyncIterator[int]:
    """Give a port from which the network leads to the server on `port`, which closes after each answer."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = network.request(await read_request(reader))
            if request is None:
                return
            upstream, to_upstream = await asyncio.open_connection("127.0.0.1", port)
            to_upstream.write(request)
            answer = network.answer(request, await upstream.read())
            to_upstream.close()
            if answer is not None:
                writer.write(answer)
                await writer.drain()
                writer.close()
        except ConnectionError:
            pass  # the server is full, and says so to whoever asks again
        finally:
            if not writer.is_closing():
                network.hang_up(writer)

    async with await asyncio.start_server(carry, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1]


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return head + await reader.readexactly(int(lengths[0]) if lengths else 0)
