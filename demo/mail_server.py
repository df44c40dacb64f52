"""A real SMTP server on loopback, for the demo and for tests: aiosmtpd, as a process of its own.

It keeps what it receives, a folder a recipient and a file a letter, and sends nothing on.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from urllib.parse import quote

from aiosmtpd.smtp import SMTP, Envelope, Session

from demo.processes import HOST, Child, answers, free_port

_LARGEST = 10 * 1024 * 1024
_ROOT = Path(__file__).parent.parent

# --- the process -----------------------------------------------------------------------------------------------------


class Mailboxes:
    """What aiosmtpd asks. A letter is on disk before the sender is told that it was taken."""

    def __init__(self, folder: Path, unknown: Sequence[str]) -> None:
        self._folder = folder
        self._unknown = frozenset(address.lower() for address in unknown)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.lower() in self._unknown:
            return "550 5.1.1 no such mailbox"
        if "@" not in address:
            return "501 5.1.3 not an address"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if not isinstance(envelope.original_content, bytes):
            return "554 5.6.0 no text"
        for address in envelope.rcpt_tos:
            _keep(mailbox(self._folder, address), envelope.original_content)
        return "250 OK"


def mailbox(folder: Path, address: str) -> Path:
    """Name the folder of an address. What has an @ and no slash leads nowhere else."""
    return folder / quote(address.lower(), safe="@+")


def _keep(box: Path, raw: bytes) -> None:
    box.mkdir(parents=True, exist_ok=True, mode=0o700)
    letter = box / f"{len(list(box.glob('*.eml'))) + 1:06}.eml"
    unfinished = letter.with_suffix(".part")
    unfinished.write_bytes(raw)
    unfinished.replace(letter)


async def serve(folder: Path, port: int, unknown: Sequence[str]) -> None:
    """Serve until SIGTERM or SIGINT; say on standard output when letters are taken."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for end in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(end, stop.set)
    boxes = Mailboxes(folder, unknown)
    server = await loop.create_server(
        lambda: SMTP(boxes, data_size_limit=_LARGEST, hostname="localhost", loop=loop), HOST, port
    )
    async with server:
        print(f"listening on {HOST}:{server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()


# --- the handle on it ------------------------------------------------------------------------------------------------


class MailServer:
    """One mail server on one port over one folder. It may be stopped, killed and started again; letters stay."""

    def __init__(
        self,
        folder: Path,
        *,
        unknown: Sequence[str] = (),
        port: int | None = None,
        log: Path | None = None,
        group: int | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # who looks before the first letter finds nothing
        self.hostname = HOST
        self.port = port or free_port()
        arguments = ["--folder", str(self.folder), "--port", str(self.port)]
        arguments += [word for address in unknown for word in ("--unknown", address)]
        self._child = Child(
            "the mail server",
            [sys.executable, "-m", "demo.mail_server", *arguments],
            log=log,
            group=group,
            folder=_ROOT,
        )

    async def start(self) -> None:
        """Start the process, and return when it takes letters."""
        await self._child.start(self._greets)

    async def stop(self) -> None:
        """End the process as an administrator would."""
        await self._child.stop()

    async def kill(self) -> None:
        """End the process as a power cut would."""
        await self._child.kill()

    async def _greets(self) -> bool:
        return await answers(self.port, b"220")

    def raw_letters(self, address: str) -> list[bytes]:
        """Give what this address has received, oldest first, byte by byte."""
        return [letter.read_bytes() for letter in sorted(mailbox(self.folder, address).glob("*.eml"))]

    def letters(self, address: str) -> list[EmailMessage]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw_letters(address)]

    async def letters_when(self, address: str, count: int, *, within: float = 30) -> list[EmailMessage]:
        """Wait until this address has received at least so many letters; raise `TimeoutError` after so many seconds."""
        async with asyncio.timeout(within):
            while True:
                letters = self.letters(address)
                if len(letters) >= count:
                    return letters
                await asyncio.sleep(0.05)


@asynccontextmanager
async def mail_server(
    folder: Path, *, unknown: Sequence[str] = (), port: int | None = None
) -> AsyncIterator[MailServer]:
    """Run a mail server until the context is left. The addresses in `unknown` are refused with 550."""
    server = MailServer(folder, unknown=unknown, port=port)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m demo.mail_server", description=__doc__)
    arguments.add_argument("--folder", type=Path, required=True, help="where letters are kept")
    arguments.add_argument("--port", type=int, default=0, help="0: any free one")
    arguments.add_argument("--unknown", action="append", default=[], help="an address to refuse; may be repeated")
    given = arguments.parse_args()
    asyncio.run(serve(given.folder, given.port, given.unknown))


if __name__ == "__main__":
    main()
