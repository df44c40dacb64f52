"""A real CalDAV server on loopback, for the demo and for tests: Radicale, always as a process of its own."""

import secrets
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import bcrypt
import httpx2
from icalendar import Calendar
from pydantic import SecretStr

from demo.processes import HOST, Child, free_port
from entrevue.values import PersonId

SERVICE = "entrevue"
"""The user as whom Entrevue itself reads and writes everybody's calendars."""

_ROUNDS = 4  # the cheapest bcrypt has: the passwords are 192 bits of chance, there is nothing to guess

_CONFIG = """\
[server]
hosts = {host}:{port}
delay_on_error = 0

[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = bcrypt
delay = 0

[rights]
type = from_file
file = {folder}/rights

[storage]
filesystem_folder = {folder}/collections
strict_preconditions = True

[hook]
type = none

[web]
type = none

[logging]
level = warning
"""

_RIGHTS = f"""\
[everybody may ask what there is]
user: .+
collection:
permissions: R

[to each their own folder]
user: .+
collection: {{user}}
permissions: RW

[to each their own calendars]
user: .+
collection: {{user}}/[^/]+
permissions: rw

[the service may read and write all calendars, but replace or delete none: the small d and o forbid it]
user: {SERVICE}
collection: [^/]+/[^/]+
permissions: rwdo
"""


@dataclass(frozen=True)
class Login:
    username: str
    password: SecretStr

    @property
    def auth(self) -> tuple[str, str]:
        return self.username, self.password.get_secret_value()


class CalendarServer:
    """One Radicale on one port over one folder. It may be stopped, killed and started again; calendars stay."""

    def __init__(
        self, folder: Path, people: Sequence[PersonId], port: int | None = None, *, group: int | None = None
    ) -> None:
        if SERVICE in people:
            raise ValueError(f"{SERVICE} is the service's own name")
        self.folder = folder.resolve()
        self.people = tuple(people)
        self.port = port or free_port()
        self._logins = {name: Login(name, SecretStr(secrets.token_urlsafe(24))) for name in (*people, SERVICE)}
        self._child = Child(
            "the calendar server",
            [sys.executable, "-m", "radicale", "--config", str(self.folder / "config")],
            log=self.folder / "log",
            group=group,
        )

    @property
    def service(self) -> Login:
        return self._logins[SERVICE]

    def login(self, person: PersonId) -> Login:
        return self._logins[person]

    def url(self, person: PersonId, calendar: str = "calendar") -> str:
        return f"{self._home(person)}{quote(calendar, safe='')}/"

    def _home(self, person: PersonId) -> str:
        return f"http://{HOST}:{self.port}/{quote(person, safe='')}/"

    def as_person(self, person: PersonId, calendar: str = "calendar") -> httpx2.AsyncClient:
        """Give a client that acts as this person, relative to their calendar."""
        return httpx2.AsyncClient(
            base_url=self.url(person, calendar), auth=self.login(person).auth, timeout=20, trust_env=False
        )

    async def start(self) -> None:
        """Start the process, and return when it answers. Harmless where it runs."""
        self._write_settings()
        await self._child.start(self._answers)

    async def stop(self) -> None:
        """End the process as an administrator would."""
        await self._child.stop()

    async def kill(self) -> None:
        """End the process as a power cut would."""
        await self._child.kill()

    async def open_calendar(self, person: PersonId, calendar: str = "calendar") -> None:
        """Make a calendar, as its owner. Harmless where it is there."""
        async with self.as_person(person, calendar) as owner:
            login = await owner.request("PROPFIND", self._home(person), headers={"Depth": "0"})
            login.raise_for_status()
            made = await owner.request("MKCALENDAR", "")
            if made.status_code != httpx2.codes.METHOD_NOT_ALLOWED:
                made.raise_for_status()

    async def fill(self, person: PersonId, ics: str, calendar: str = "calendar") -> None:
        """Put all events of an .ics text into a calendar, as its owner, an object a UID as CalDAV wants it."""
        async with self.as_person(person, calendar) as owner:
            for uid, text in _objects(ics).items():
                name = f"{sha256(uid.encode()).hexdigest()[:40]}.ics"
                stored = await owner.get(name)
                condition = {"If-Match": stored.headers["ETag"]} if stored.is_success else {"If-None-Match": "*"}
                put = await owner.put(name, content=text, headers={"Content-Type": "text/calendar", **condition})
                put.raise_for_status()

    async def _answers(self) -> bool:
        try:
            async with httpx2.AsyncClient(auth=self.service.auth, timeout=5, trust_env=False) as client:
                answer = await client.request("PROPFIND", f"http://{HOST}:{self.port}/", headers={"Depth": "0"})
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.MULTI_STATUS

    def _write_settings(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        users = "".join(f"{login.username}:{_hashed(login.password)}\n" for login in self._logins.values())
        private = self.folder / "users"
        private.touch(mode=0o600)
        private.write_text(users)
        (self.folder / "rights").write_text(_RIGHTS)
        (self.folder / "config").write_text(_CONFIG.format(host=HOST, port=self.port, folder=self.folder))


@asynccontextmanager
async def calendar_server(
    folder: Path, people: Sequence[PersonId], port: int | None = None
) -> AsyncIterator[CalendarServer]:
    """Run a calendar server in which each of these people has a calendar, until the context is left."""
    server = CalendarServer(folder, people, port)
    try:
        await server.start()
        for person in people:
            await server.open_calendar(person)
        yield server
    finally:
        await server.stop()


def _hashed(password: SecretStr) -> str:
    return bcrypt.hashpw(password.get_secret_value().encode(), bcrypt.gensalt(_ROUNDS)).decode()


def _objects(ics: str) -> dict[str, str]:
    calendar = Calendar.from_ical(ics.encode())
    events = defaultdict(list)
    for event in calendar.walk("VEVENT"):
        events[str(event["UID"])].append(event)
    objects = {}
    for uid, versions in events.items():
        single = Calendar()
        single.add("PRODID", "-//Entrevue//demo//EN")
        single.add("VERSION", "2.0")
        for component in (*calendar.walk("VTIMEZONE"), *versions):
            single.add_component(component)
        objects[uid] = single.to_ical().decode()
    return objects
