"""Child processes: each with a log of its own, started until they answer, and gone when we are gone."""

import asyncio
import os
import pwd
import random
import socket
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO

HOST = "127.0.0.1"
"""Nothing here listens to another machine."""

_START_WITHIN, _STOP_WITHIN = 60, 10
_TAIL = 15


class DidNotStart(Exception):
    """A child ended, or gave no answer, before it was ready. The text ends with the last lines of its log."""


class Child:
    """One child process. It may be stopped, killed and started again; its log goes on."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path | None = None,
        group: int | None = None,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        account: str | None = None,
    ) -> None:
        """`group` is what `dying_with_us` gave, `folder` where it works, `account` whose rights it has.

        None is as with us: it speaks where we do.
        """
        self.name = name
        self._command = tuple(command)
        self._log = log
        self._group = group
        self._folder = folder
        self._environment = environment
        self._account = account
        self._process: Process | None = None
        self._began_at = 0

    async def start(self, ready: Callable[[], Awaitable[bool]]) -> None:
        """Start it, and return when `ready` says so. Harmless where it runs.

        Raises `DidNotStart`; then it may still be there to be stopped.
        """
        if self._process and self._process.returncode is None:
            return
        with self._open_log() as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env=self._environment,
                process_group=self._group,
                user=self._account,
                group=group_of(self._account),
                extra_groups=None if self._account is None else (),
            )
        try:
            async with asyncio.timeout(_START_WITHIN):
                while not await ready():
                    if self._process.returncode is not None:
                        raise DidNotStart(self._because(f"ended with {self._process.returncode}"))
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise DidNotStart(self._because(f"gave no answer within {_START_WITHIN} s")) from None

    async def stop(self) -> None:
        """End it as an administrator would."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):  # it may end this very moment
                self._process.terminate()
            try:
                async with asyncio.timeout(_STOP_WITHIN):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process and self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    @property
    def said(self) -> str:
        """What it has written to its log since it was started last."""
        if self._log is None:
            return ""
        with self._log.open("rb") as log:
            log.seek(self._began_at)
            return log.read().decode(errors="replace")

    def _open_log(self) -> AbstractContextManager[BinaryIO | None]:
        if self._log is None:
            return nullcontext()
        self._log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = self._log.open("ab")
        self._began_at = log.tell()
        return log

    def _because(self, what: str) -> str:
        if self._log is None:
            return f"{self.name} {what}"
        tail = "\n".join(f"    {line}" for line in self.said.splitlines()[-_TAIL:])
        return f"{self.name} {what}; the end of {self._log}:\n{tail or '    (nothing)'}"


@asynccontextmanager
async def dying_with_us() -> AsyncIterator[int]:
    """Give a process group whose members are killed when the context is left, and also when we are killed ourselves.

    Its leader waits for the end of a pipe that only we hold open. Being no members, we are the only ones to hear
    Ctrl-C, and can end the others in order.
    """
    leader = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", "cat >/dev/null; kill -KILL 0", stdin=PIPE, process_group=0
    )
    try:
        yield leader.pid
    finally:
        if leader.stdin:
            leader.stdin.close()
        await leader.wait()


def group_of(account: str | None) -> int | None:
    return None if account is None else pwd.getpwnam(account).pw_gid


async def answers(port: int, greeting: bytes = b"") -> bool:
    """Say whether somebody takes connections at this port of ours and begins with these bytes."""
    with suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            return await reader.readexactly(len(greeting)) == greeting
        finally:
            writer.close()
    return False


def free_port() -> int:
    """Give a port that nobody has: any below those that the system gives to connections until our child takes it."""
    for port in random.sample(range(20_000, 32_768), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port
    raise OSError("no free port was found between 20000 and 32767")


def environment(**ours: str) -> dict[str, str]:
    """Give our own environment, with nothing in it that says how to reach Temporal or run Entrevue but `ours`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "ENTREVUE_"))}
    return inherited | ours
