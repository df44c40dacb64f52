"""How the tests of the contract server of Microsoft Graph speak to it: as the application, at Grace's mailbox."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2
from pydantic import JsonValue

from tests.providers.graph_server import GraphServer
from tests.providers.graph_wire import NO_TLS, Json

GRACE = "grace@acme.example"
ADA = "ada@acme.example"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


@asynccontextmanager
async def as_application(server: GraphServer) -> AsyncIterator[httpx2.AsyncClient]:
    base = f"{server.url}/v1.0/users/{GRACE}"
    async with httpx2.AsyncClient(base_url=base, verify=NO_TLS, trust_env=False) as client:
        client.headers["Authorization"] = f"Bearer {await token(server)}"
        yield client


async def token(server: GraphServer) -> str:
    return str((await asked_for_token(server)).raise_for_status().json()["access_token"])


async def asked_for_token(server: GraphServer, *without: str, **changes: str) -> httpx2.Response:
    """Ask with a secret that holds; `changes`: to the form, and `tenant` to its address."""
    form = {
        "tenant": server.tenant,
        "grant_type": "client_credentials",
        "client_id": server.client_id,
        "scope": "https://graph.microsoft.com/.default",
        "client_secret": server.secret(),
        **changes,
    }
    tenant = form.pop("tenant")
    form = {name: value for name, value in form.items() if name not in without}
    async with httpx2.AsyncClient(verify=NO_TLS, trust_env=False) as client:
        return await client.post(f"{server.url}/{tenant}/oauth2/v2.0/token", data=form)


def at(time: datetime, zone: str = "UTC") -> Json:
    return {"dateTime": f"{time:%Y-%m-%dT%H:%M:%S}", "timeZone": zone}


def event(start: datetime = NINE, **more: JsonValue) -> Json:
    """Say what an event of an hour is to be."""
    said: Json = {"subject": "Interview", "start": at(start), "end": at(start + HOUR)}
    return said | more


async def created(app: httpx2.AsyncClient, said: Json | None = None, headers: Mapping[str, str] | None = None) -> Json:
    answer = await app.post("/events", json=said or event(), headers=headers)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


async def seen(app: httpx2.AsyncClient, path: str, **query: str) -> list[Json]:
    """Give what a list holds; the names of OData's own parameters come without their dollar."""
    named = {name if name.endswith("DateTime") else f"${name}": text for name, text in query.items()}
    found: list[Json] = (await app.get(path, params=named)).raise_for_status().json()["value"]
    return found


def error(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]
