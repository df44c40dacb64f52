"""A real IMAP server on loopback, as a process of its own: pymap, with one mailbox in its memory."""

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from imaplib import IMAP4
from pathlib import Path

from pydantic import SecretStr

from adapters.mail.imap import ImapSettings
from demo.processes import HOST, Child, answers, free_port

USER, PASSWORD = "entrevue", "sesame, öffne dich"


class ImapServer:
    """It may be stopped and started again; then its folders are empty, and count anew."""

    def __init__(self, log: Path) -> None:
        self.port = free_port()
        pymap = str(Path(sys.executable).parent / "pymap")
        command = [pymap, "--host", HOST, "--port", str(self.port), "--no-tls", "--no-service", "admin"]
        command += ["--no-service", "managesieve", "dict", "--demo-user", USER, "--demo-password", PASSWORD]
        self._child = Child("the IMAP server", command, log=log)

    def settings(self, **others: object) -> ImapSettings:
        wanted = {"host": HOST, "port": self.port, "tls": "none", "username": USER, "password": SecretStr(PASSWORD)}
        return ImapSettings.model_validate(wanted | others)

    async def start(self) -> None:
        await self._child.start(lambda: answers(self.port, b"* OK"))

    async def stop(self) -> None:
        await self._child.stop()

    @contextmanager
    def open(self) -> Iterator[IMAP4]:
        """Sign in as the mail server does that delivers."""
        with IMAP4(HOST, self.port, timeout=20) as session:
            session.authenticate("PLAIN", lambda _: f"\0{USER}\0{PASSWORD}".encode())
            yield session

    def make(self, folder: str) -> None:
        with self.open() as session:
            assert session.create(folder)[0] == "OK"

    def remake(self, folder: str) -> None:
        """Have it count anew: what lay in it is gone."""
        with self.open() as session:
            assert session.delete(folder)[0] == "OK"
            assert session.create(folder)[0] == "OK"

    def deliver(self, folder: str, *raws: bytes, at: datetime) -> None:
        stamp = f'"{at:%d-%b-%Y %H:%M:%S %z}"'
        with self.open() as session:
            for raw in raws:
                assert session.append(folder, "", stamp, raw)[0] == "OK"

    def expunge(self, folder: str, uid: int) -> None:
        with self.open() as session:
            session.select(folder)
            session.uid("STORE", str(uid), "+FLAGS", r"(\Deleted)")
            assert session.expunge()[0] == "OK"

    def flags(self, folder: str) -> list[bytes]:
        with self.open() as session:
            session.select(folder, readonly=True)
            _, found = session.uid("FETCH", "1:*", "(FLAGS)")
            return [one for one in found if isinstance(one, bytes)]


@asynccontextmanager
async def imap_server(log: Path) -> AsyncIterator[ImapServer]:
    server = ImapServer(log)
    try:
        await server.start()
        yield server
    finally:
        await server.stop()
