"""Grace at her calendar in Microsoft 365, and Entrevue beside her: through the contract server."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2
from pydantic import JsonValue, SecretStr

from activities.calendar import Calendar, OwnerAnswer
from adapters.graph.calendars import GraphAccount, GraphCalendars
from adapters.graph.events import moment, with_uid
from adapters.graph.settings import GraphSettings
from adapters.push.address import PushTo
from tests.adapters.grace import GRACE, NINE
from tests.adapters.on_google import address_for
from tests.providers.graph_server import GraphServer


class GraphProgram:
    """A person's own calendar program: it finds our events by the properties that they bear."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self.client = client

    async def adds(self, start: datetime, end: datetime, *, tentative: bool = False) -> None:
        await self.enters({"start": moment(start), "end": moment(end), "showAs": "tentative" if tentative else "busy"})

    async def enters(self, event: Mapping[str, JsonValue]) -> None:
        """Put an event of their own in, as the API has it."""
        (await self.client.post("me/events", json={"subject": "Dentist", **event})).raise_for_status()

    async def moves(self, uid: str, start: datetime) -> None:
        event = await self.finds(uid)
        length = instant(event["end"]) - instant(event["start"])
        await self.changes(uid, {"start": moment(start), "end": moment(start + length)})

    async def renames(self, uid: str, summary: str) -> None:
        await self.changes(uid, {"subject": summary})

    async def cancels(self, uid: str) -> None:
        """An appointment without attendees can only be deleted."""
        await self.deletes(uid)

    async def deletes(self, uid: str) -> None:
        event = await self.finds(uid)
        (await self.client.delete(f"me/events/{event['id']}")).raise_for_status()

    async def answers(self, uid: str, answer: OwnerAnswer) -> None:
        raise NotImplementedError("an organiser answers nobody")

    async def changes(self, uid: str, to: Mapping[str, JsonValue]) -> None:
        event = await self.finds(uid)
        (await self.client.patch(f"me/events/{event['id']}", json=dict(to))).raise_for_status()

    async def finds(self, uid: str) -> dict[str, JsonValue]:
        listed = await self.client.get("me/events", params={"$filter": with_uid(uid)})
        (event,) = listed.raise_for_status().json()["value"]
        assert isinstance(event, dict)
        return event


class OnGraph(GraphProgram):
    """Grace, and Entrevue beside her."""

    def __init__(self, calendar: GraphCalendars, client: httpx2.AsyncClient, address: str) -> None:
        super().__init__(client)
        self.calendar: Calendar = calendar
        self.graph = calendar
        self.address = address


def instant(told: JsonValue) -> datetime:
    assert isinstance(told, dict)
    return datetime.fromisoformat(str(told["dateTime"])).replace(tzinfo=UTC)


def settings_for(server: GraphServer, *, port: int | None = None, teams_mailbox: str | None = None) -> GraphSettings:
    """Those of an app with a secret; `port`: where Entrevue reaches the server, if not directly."""
    at = f"http://127.0.0.1:{port or server.port}"
    return GraphSettings(
        tenant=server.tenant,
        client_id=server.client_id,
        client_secret=SecretStr(server.secret()),
        url=f"{at}/v1.0",
        login_url=at,
        teams_mailbox=teams_mailbox,
    )


def days_before() -> datetime:
    """When the tests of the contract take place: the calendar's changes are watched from then on."""
    return NINE - timedelta(days=9)


@asynccontextmanager
async def reaching(
    settings: GraphSettings,
    people: Mapping[str, GraphAccount],
    push: PushTo | None = None,
    *,
    clock: Callable[[], datetime] = days_before,
    within: timedelta = timedelta(seconds=45),
) -> AsyncIterator[GraphCalendars]:
    async def accounts(person: str) -> GraphAccount | None:
        return people.get(person)

    async with aclosing(GraphCalendars(accounts, settings, push=push, clock=clock, within=within)) as calendar:
        yield calendar


@asynccontextmanager
async def on_graph(
    server: GraphServer,
    name: str,
    *,
    port: int | None = None,
    push: PushTo | None = None,
    clock: Callable[[], datetime] = days_before,
) -> AsyncIterator[OnGraph]:
    address = address_for(name)
    server.open_mailbox(address)
    people = {GRACE: GraphAccount(address, email=address)}
    async with (
        reaching(settings_for(server, port=port), people, push, clock=clock) as calendar,
        server.as_person(address) as client,
    ):
        yield OnGraph(calendar, client, address)
