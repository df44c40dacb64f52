"""Everything an interview needs, on this machine alone: Temporal, calendars, mail, and a worker, each a process.

The demo plays on it, and so do the end-to-end tests: `async with embedded(folder) as servers`.
"""

import asyncio
import secrets
import sqlite3
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from adapters.directory import FileDirectory
from demo.calendar_server import CalendarServer
from demo.diaries import Diary
from demo.mail_server import MailServer
from demo.on_radicale import RadicaleDiary
from demo.processes import Child, dying_with_us, environment
from demo.temporal_server import TemporalServer
from entrevue.client import InterviewClient
from entrevue.values import PersonId

ROOT = Path(__file__).parent.parent
PEOPLE = ROOT / "docs" / "examples" / "people.toml"

STAFF: tuple[PersonId, ...] = ("grace", "linus", "edsger")
"""Who of the example's people has a calendar here."""

_PATIENCE = timedelta(seconds=60)
"""A laptop that has just started five processes may take its time."""

_DOMAIN = "hire.acme.example"


class WorkerServer:
    """The very `worker.py` that runs in production, told by its environment where everything is."""

    def __init__(
        self,
        folder: Path,
        directory: str,
        calendars: CalendarServer,
        mail: MailServer,
        temporal: str,
        *,
        group: int,
        database: str | None,
        settings: Mapping[str, str],
    ) -> None:
        """`directory` is what the file says, and `database` a URL; None: a file in the folder."""
        self.people = folder / "people.toml"
        self.database = folder / "entrevue.db"
        self._child = Child(
            "the worker",
            [sys.executable, str(ROOT / "worker.py")],
            log=folder / "log",
            group=group,
            folder=folder,
            environment=environment(
                TEMPORAL_ADDRESS=temporal,
                ENTREVUE_DATABASE_URL=database or f"sqlite+aiosqlite:///{self.database.name}",  # in its own folder
                ENTREVUE_PEOPLE=self.people.name,
                ENTREVUE_CALDAV__USERNAME=calendars.service.username,
                ENTREVUE_CALDAV__PASSWORD=calendars.service.password.get_secret_value(),
                ENTREVUE_SMTP__HOSTNAME=mail.hostname,
                ENTREVUE_SMTP__PORT=str(mail.port),
                ENTREVUE_SMTP__TLS="none",
                ENTREVUE_SMTP__INTRODUCE_AS="localhost",
                ENTREVUE_MAIL__DOMAIN=_DOMAIN,
                ENTREVUE_MAIL__FROM_ADDRESS=f"interviews@{_DOMAIN}",
                ENTREVUE_MAIL__FROM_NAME="Acme interviews",
                ENTREVUE_MAIL__AGENT_ADDRESS=f"interviews+{{token}}@{_DOMAIN}",
                ENTREVUE_MAIL__BOUNCE_ADDRESS=f"bounces+{{token}}@{_DOMAIN}",
                ENTREVUE_MAIL__SECRET=secrets.token_urlsafe(24),
                ENTREVUE_MAIL__LINKS__URL=f"https://{_DOMAIN}/i/{{purpose}}/{{token}}",
                ENTREVUE_MAIL__LINKS__SECRET=secrets.token_urlsafe(24),
                ENTREVUE_LOG_FORMAT="json",
                ENTREVUE_DIGEST="false",
                ENTREVUE_JANITOR="false",  # its clock is the wall's: what the demo has in its past is ahead of it
            )
            | dict(settings),
        )
        folder.mkdir(parents=True, mode=0o700)
        self.people.write_text(directory, encoding="utf-8")

    @property
    def said(self) -> str:
        """What it has written to its log since it was started last."""
        return self._child.said

    async def start(self) -> None:
        """Start the process, and return when it takes work."""
        await self._child.start(self._works)

    async def stop(self) -> None:
        await self._child.stop()

    async def kill(self) -> None:
        await self._child.kill()

    async def _works(self) -> bool:
        return "worker started" in self._child.said


@dataclass(frozen=True, kw_only=True)
class Servers:
    """All of them, running; and the ways to look at what they hold."""

    temporal: TemporalServer
    calendars: CalendarServer
    diaries: Mapping[PersonId, Diary]
    """Everybody's own calendar, on that server or elsewhere."""
    mail: MailServer
    worker: WorkerServer
    skipper: TimeSkipper

    @property
    def interviews(self) -> InterviewClient:
        """The client that backends install. What it starts has a clock that can be put forward, see `skipper`."""
        return InterviewClient(self.skipper.client, rpc_timeout=_PATIENCE)

    def read(self, query: str, *values: str) -> list[tuple[object, ...]]:
        """Ask the worker's database, where it is a file of its own, as whoever keeps it would."""
        with closing(sqlite3.connect(f"{self.worker.database.as_uri()}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()


@asynccontextmanager
async def embedded(
    folder: Path,
    *,
    database: str | None = None,
    elsewhere: Mapping[PersonId, Diary] = MappingProxyType({}),
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Servers]:
    """Run everything in this folder, an absolute path that is new or empty. Raises `demo.processes.DidNotStart`.

    With `database`, a URL, the worker keeps what it knows there, and not in a file. Whoever lives `elsewhere` has no
    calendar on the server of this place, and `settings` tell the worker how to reach theirs.
    """
    example = {entry.id: entry for entry in await FileDirectory(PEOPLE).everyone()}
    async with dying_with_us() as group, AsyncExitStack() as stack:
        temporal = TemporalServer(folder / "temporal", group=group)
        here = [person for person in STAFF if person not in elsewhere]
        calendars = CalendarServer(folder / "calendars", here, group=group)
        diaries = {person: RadicaleDiary(calendars, person, example[person].email) for person in here} | dict(elsewhere)
        mail = MailServer(folder / "mailboxes", log=folder / "mail.log", group=group)
        worker = WorkerServer(
            folder / "worker",
            _directory({str(example[person].calendar): diary.calendar for person, diary in diaries.items()}),
            calendars,
            mail,
            temporal.address,
            group=group,
            database=database,
            settings=settings,
        )
        for server in (temporal, calendars, mail, worker):  # stopped in the opposite order
            stack.push_async_callback(server.stop)
        await asyncio.gather(temporal.start(), calendars.start(), mail.start())
        await asyncio.gather(worker.start(), *(calendars.open_calendar(person) for person in here))
        client = await Client.connect(temporal.address, data_converter=pydantic_data_converter)
        skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
        yield Servers(
            temporal=temporal, calendars=calendars, diaries=diaries, mail=mail, worker=worker, skipper=skipper
        )


def _directory(moved: Mapping[str, str]) -> str:
    """Give the example's people, with their calendars where they are here."""
    directory = PEOPLE.read_text(encoding="utf-8")
    for example, ours in moved.items():
        directory = directory.replace(f'calendar = "{example}"', f'calendar = "{ours}"')
    return directory
