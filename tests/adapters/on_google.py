"""Grace at her Google calendar, and Entrevue beside her: through the contract server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import httpx2
from pydantic import JsonValue

from activities.calendar import Calendar, OwnerAnswer
from adapters.google.calendars import GoogleCalendars
from adapters.google.settings import GoogleAccount, GoogleSettings
from adapters.push.address import PushTo
from tests.adapters.grace import GRACE
from tests.providers.google_server import GoogleServer

_ANSWERS: Mapping[OwnerAnswer, str] = {
    "accepted": "accepted",
    "declined": "declined",
    "tentative": "tentative",
    "needs_action": "needsAction",
}


class GoogleProgram:
    """A person's own calendar program: it finds our events by the note that they bear."""

    def __init__(self, client: httpx2.AsyncClient, address: str) -> None:
        self.client = client
        self.address = address

    async def adds(self, start: datetime, end: datetime, *, tentative: bool = False) -> None:
        status = "tentative" if tentative else "confirmed"
        await self.enters({"start": when(start), "end": when(end), "status": status})

    async def enters(self, event: Mapping[str, JsonValue]) -> None:
        """Put an event of their own in, as the API has it."""
        added = await self.client.post(self._events, json=dict(event))
        added.raise_for_status()

    async def moves(self, uid: str, start: datetime) -> None:
        event = await self.finds(uid)
        length = instant(event["end"]) - instant(event["start"])
        await self.changes(uid, {"start": when(start), "end": when(start + length)})

    async def renames(self, uid: str, summary: str) -> None:
        await self.changes(uid, {"summary": summary})

    async def cancels(self, uid: str) -> None:
        """At Google that is to delete it."""
        await self.deletes(uid)

    async def deletes(self, uid: str) -> None:
        event = await self.finds(uid)
        (await self.client.delete(f"{self._events}/{event['id']}")).raise_for_status()

    async def answers(self, uid: str, answer: OwnerAnswer) -> None:
        await self.changes(uid, {"attendees": [{"email": self.address, "responseStatus": _ANSWERS[answer]}]})

    async def changes(self, uid: str, to: Mapping[str, JsonValue]) -> None:
        event = await self.finds(uid)
        (await self.client.patch(f"{self._events}/{event['id']}", json=dict(to))).raise_for_status()

    async def finds(self, uid: str) -> dict[str, JsonValue]:
        params, found = {"privateExtendedProperty": f"entrevueUid={uid}"}, list[JsonValue]()
        while True:
            page = (await self.client.get(self._events, params=params)).raise_for_status().json()
            found += page["items"]
            if "nextPageToken" not in page:
                break
            params["pageToken"] = page["nextPageToken"]
        (event,) = found
        assert isinstance(event, dict)
        return event

    @property
    def _events(self) -> str:
        return f"calendars/{self.address}/events"


class OnGoogle(GoogleProgram):
    """Grace, and Entrevue beside her."""

    def __init__(self, calendar: GoogleCalendars, client: httpx2.AsyncClient, address: str) -> None:
        super().__init__(client, address)
        self.calendar: Calendar = calendar
        self.google = calendar


def when(instant: datetime) -> dict[str, JsonValue]:
    return {"dateTime": instant.isoformat()}


def instant(told: JsonValue) -> datetime:
    assert isinstance(told, dict)
    return datetime.fromisoformat(str(told["dateTime"]))


def address_for(name: str, person: str = GRACE) -> str:
    """A calendar of one's own for each test."""
    return f"{person}.{sha256(name.encode()).hexdigest()[:16]}@acme.example"


def settings_for(server: GoogleServer, folder: Path, *, port: int | None = None) -> GoogleSettings:
    """Those of a service account with delegation; `port`: where Entrevue reaches the server, if not directly."""
    key = folder / "key.json"
    key.write_text(server.key(port=port))
    return GoogleSettings(key_file=key, url=f"http://127.0.0.1:{port or server.port}/calendar/v3")


@asynccontextmanager
async def reaching(
    settings: GoogleSettings, people: Mapping[str, GoogleAccount], push: PushTo | None = None
) -> AsyncIterator[GoogleCalendars]:
    async def accounts(person: str) -> GoogleAccount | None:
        return people.get(person)

    async with aclosing(GoogleCalendars(accounts, settings, push=push)) as calendar:
        yield calendar


@asynccontextmanager
async def on_google(
    server: GoogleServer, folder: Path, name: str, *, port: int | None = None, push: PushTo | None = None
) -> AsyncIterator[OnGoogle]:
    address = address_for(name)
    server.open_calendar(address)
    account = GoogleAccount(address, email=address)
    async with (
        reaching(settings_for(server, folder, port=port), {GRACE: account}, push) as calendar,
        server.as_person(address) as client,
    ):
        yield OnGoogle(calendar, client, address)
