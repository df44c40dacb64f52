"""What the contract server of Microsoft Graph does, by plain HTTP: one documented behaviour a test."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from pydantic import JsonValue

from tests.providers.graph_server import NO_TLS, GraphServer, graph_server
from tests.providers.graph_wire import Json

GRACE = "grace@acme.example"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
UID = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Uid"
KIND = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Kind"
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


@pytest.fixture(name="running", scope="module")
async def _running() -> AsyncIterator[GraphServer]:
    async with graph_server() as server:
        yield server


@pytest.fixture(name="server")
def _server(running: GraphServer) -> GraphServer:
    """A server as after its start, with an empty mailbox."""
    running.reset()
    running.open_mailbox(GRACE)
    return running


@pytest.fixture(name="app")
async def _app(server: GraphServer) -> AsyncIterator[httpx2.AsyncClient]:
    """The application, at Grace's mailbox."""
    async with as_application(server) as client:
        yield client


@asynccontextmanager
async def as_application(server: GraphServer, address: str = GRACE) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        base_url=f"{server.url}/v1.0/users/{address}", verify=NO_TLS, trust_env=False
    ) as client:
        client.headers["Authorization"] = f"Bearer {await token(server)}"
        yield client


async def token(server: GraphServer, **changes: str) -> str:
    answer = await asked_for_token(server, **changes)
    return str(answer.raise_for_status().json()["access_token"])


async def asked_for_token(server: GraphServer, **changes: str) -> httpx2.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": server.client_id,
        "scope": "https://graph.microsoft.com/.default",
        "client_secret": server.secret(),
        **changes,
    }
    async with httpx2.AsyncClient(verify=NO_TLS, trust_env=False) as client:
        tenant = form.pop("tenant", server.tenant)
        return await client.post(f"{server.url}/{tenant}/oauth2/v2.0/token", data=form)


def at(instant: datetime, zone: str = "UTC") -> Json:
    return {"dateTime": f"{instant:%Y-%m-%dT%H:%M:%S}", "timeZone": zone}


def event(start: datetime = NINE, **more: JsonValue) -> Json:
    said: Json = {"subject": "Interview", "start": at(start), "end": at(start + HOUR)}
    return said | more


def kept(**properties: str) -> list[JsonValue]:
    names = {"uid": UID, "kind": KIND}
    return [{"id": names[name], "value": value} for name, value in properties.items()]


async def created(app: httpx2.AsyncClient, said: Json | None = None, **headers: str) -> Json:
    answer = await app.post("/events", json=said or event(), headers=headers)
    assert answer.status_code == 201, answer.text
    made: Json = answer.json()
    return made


def error(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def seen(app: httpx2.AsyncClient, path: str, **query: str) -> list[Json]:
    answer = await app.get(path, params=query)
    found: list[Json] = answer.raise_for_status().json()["value"]
    return found


# --- events ----------------------------------------------------------------------------------------------------------


async def test_an_event_is_made_read_changed_and_deleted(app: httpx2.AsyncClient) -> None:
    made = await created(app)
    changed = await app.patch(f"/events/{made['id']}", json={"subject": "Later", "start": at(NINE), "end": at(NINE)})
    read = await app.get(f"/events/{made['id']}")
    deleted = await app.delete(f"/events/{made['id']}")
    again = await app.delete(f"/events/{made['id']}")

    assert changed.json()["subject"] == read.json()["subject"] == "Later"
    assert made["changeKey"] != read.json()["changeKey"]
    assert read.json()["@odata.etag"] == f'W/"{read.json()["changeKey"]}"'
    assert deleted.status_code == 204
    assert error(again) == (404, "ErrorItemNotFound")


async def test_times_have_seven_decimals_and_are_utc_unless_a_zone_is_preferred(app: httpx2.AsyncClient) -> None:
    berlin = datetime(2026, 12, 1, 10, tzinfo=UTC)
    made = await created(app, event() | {"start": at(berlin, "W. Europe Standard Time"), "end": at(berlin + HOUR)})
    there = await app.get(f"/events/{made['id']}", headers={"Prefer": 'outlook.timezone="Pacific Standard Time"'})

    assert made["start"] == {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "UTC"}
    assert made["originalStartTimeZone"] == "W. Europe Standard Time"
    assert there.json()["start"] == {"dateTime": "2026-12-01T01:00:00.0000000", "timeZone": "Pacific Standard Time"}
    assert there.headers["Preference-Applied"] == 'outlook.timezone="Pacific Standard Time"'


async def test_ids_are_immutable_only_where_that_is_asked_for(server: GraphServer, app: httpx2.AsyncClient) -> None:
    filed, kept_ = await created(app), await created(app, Prefer='IdType="ImmutableId"')
    server.mailbox(GRACE).file_anew()

    assert error(await app.get(f"/events/{filed['id']}")) == (404, "ErrorItemNotFound")
    assert (await app.get(f"/events/{kept_['id']}", headers=IMMUTABLE)).json()["id"] == kept_["id"]
    assert kept_["id"] not in [one["id"] for one in await seen(app, "/events")]


async def test_extended_properties_are_found_by_value_and_shown_only_when_expanded(app: httpx2.AsyncClient) -> None:
    made = await created(app, event(singleValueExtendedProperties=kept(uid="r7'p1", kind="ours")))
    await created(app, event(singleValueExtendedProperties=kept(uid="r8.p1")))
    found = f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and ep/value eq 'R7''P1')"
    expanded = f"singleValueExtendedProperties($filter=id eq '{UID}' or id eq '{KIND}')"

    assert "singleValueExtendedProperties" not in made
    assert [one["id"] for one in await seen(app, "/events", **{"$filter": found})] == [made["id"]]
    [whole] = await seen(app, "/events", **{"$filter": found, "$expand": expanded, "$select": "subject"})
    assert whole["singleValueExtendedProperties"] == kept(uid="r7'p1", kind="ours")
    assert set(whole) == {"@odata.etag", "id", "subject", "singleValueExtendedProperties"}


async def test_a_list_comes_in_pages_and_each_leads_to_the_next(server: GraphServer, app: httpx2.AsyncClient) -> None:
    for hours in range(5):
        await created(app, event(NINE + hours * HOUR))
    first = (await app.get("/events", params={"$top": "2", "$select": "start"})).json()
    second = (await app.get(first["@odata.nextLink"])).json()
    third = (await app.get(second["@odata.nextLink"])).json()

    assert [len(page["value"]) for page in (first, second, third)] == [2, 2, 1]
    assert set(third["value"][0]) == {"@odata.etag", "id", "start"}
    assert "@odata.nextLink" not in third
    assert urlsplit(first["@odata.nextLink"]).netloc == urlsplit(server.url).netloc


# --- calendar views --------------------------------------------------------------------------------------------------


async def test_a_view_shows_what_takes_time_then_recurring_events_too(
    server: GraphServer, app: httpx2.AsyncClient
) -> None:
    weekly: JsonValue = {
        "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"]},
        "range": {"type": "noEnd", "startDate": "2026-11-03"},
    }
    async with server.as_person(GRACE) as grace:
        await grace.post("/me/events", json=event(NINE - timedelta(days=28), recurrence=weekly, showAs="oof"))
    await created(app, event(NINE + 30 * timedelta(minutes=1)))
    await created(app, event(NINE + HOUR))
    window = {"startDateTime": "2026-12-01T09:00:00Z", "endDateTime": "2026-12-01T10:00:00Z"}
    view = await seen(app, "/calendarView", **window)

    assert [(one["type"], one["showAs"]) for one in view] == [("occurrence", "oof"), ("singleInstance", "busy")]
    assert {one["type"] for one in await seen(app, "/events")} == {"seriesMaster", "singleInstance"}
    assert error(await app.get("/calendarView")) == (400, "ErrorInvalidParameter")


async def test_changes_come_in_pages_until_there_is_a_delta_link(app: httpx2.AsyncClient) -> None:
    for hours in range(3):
        await created(app, event(NINE + hours * HOUR))
    pages, known = await rounds(app, FIRST)

    assert [len(page) for page in pages] == [2, 1]
    assert (await rounds(app, known))[0] == (await rounds(app, known))[0] == [[]]


FIRST = "/calendarView/delta?startDateTime=2026-12-01T00:00:00Z&endDateTime=2026-12-02T00:00:00Z"


async def rounds(app: httpx2.AsyncClient, link: str, **headers: str) -> tuple[list[list[Json]], str]:
    """Give the pages of one round, of two events at most, and where the next round begins."""
    pages = []
    while True:
        answer = (await app.get(link, headers={"Prefer": "odata.maxpagesize=2"} | headers)).raise_for_status().json()
        pages.append(answer["value"])
        if "@odata.deltaLink" in answer:
            return pages, answer["@odata.deltaLink"]
        link = answer["@odata.nextLink"]


async def test_a_round_tells_what_came_what_changed_and_what_is_gone(app: httpx2.AsyncClient) -> None:
    first, second, third = [await created(app, event(NINE + hours * HOUR)) for hours in range(3)]
    _, known = await rounds(app, FIRST)
    await app.patch(f"/events/{first['id']}", json={"subject": "Anew"})
    await app.delete(f"/events/{second['id']}")
    await app.patch(f"/events/{third['id']}", json=event(NINE + timedelta(days=7)))
    fourth = await created(app, event(NINE + 5 * HOUR))
    pages, later = await rounds(app, known)
    items = [item for page in pages for item in page]

    assert {str(item["id"]) for item in items if "@removed" in item} == {second["id"], third["id"]}
    assert {str(item["id"]) for item in items if "@removed" not in item} == {first["id"], fourth["id"]}
    assert (await rounds(app, later))[0] == [[]]


async def test_a_forgotten_token_is_gone_and_says_where_to_begin_anew(
    server: GraphServer, app: httpx2.AsyncClient
) -> None:
    _, known = await rounds(app, FIRST)
    server.forget_sync()
    gone = await app.get(known)

    assert error(gone) == (410, "SyncStateNotFound")
    assert gone.headers["Location"].endswith("/calendarView/delta?$deltatoken=")


# --- tokens ----------------------------------------------------------------------------------------------------------


async def test_a_token_lasts_an_hour_and_is_refused_afterwards(server: GraphServer, app: httpx2.AsyncClient) -> None:
    said = (await asked_for_token(server)).json()
    server.expire_tokens()
    refused = await app.get("/events", headers={"client-request-id": "mine"})

    assert (said["token_type"], said["expires_in"]) == ("Bearer", 3599)
    assert error(refused) == (401, "InvalidAuthenticationToken")
    assert refused.headers["client-request-id"] == refused.json()["error"]["innerError"]["client-request-id"] == "mine"


@pytest.mark.parametrize(
    ("changes", "status", "error_", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "another"}, 400, "unauthorized_client", 700016),
        ({"tenant": "another"}, 400, "invalid_request", 90002),
        ({"scope": "Calendars.ReadWrite"}, 400, "invalid_scope", 1002012),
    ],
)
async def test_a_wrong_login_is_refused_with_a_code(
    server: GraphServer, changes: dict[str, str], status: int, error_: str, code: int
) -> None:
    refused = await asked_for_token(server, **changes)

    assert (refused.status_code, refused.json()["error"], refused.json()["error_codes"]) == (status, error_, [code])
    assert re.match(rf"AADSTS{code}: ", refused.json()["error_description"])
