"""How the contract server of Microsoft Graph tracks changes of a calendar view: one documented behaviour a test."""

from typing import Literal

import httpx2
import pytest
from pydantic import JsonValue

from tests.providers.graph_client import (
    DAY,
    HOUR,
    IMMUTABLE,
    NINE,
    created,
    error,
    event,
)
from tests.providers.graph_server import GraphServer
from tests.providers.graph_wire import Json

FIRST = "/calendarView/delta?startDateTime=2026-12-01T00:00:00Z&endDateTime=2026-12-02T00:00:00Z"


async def rounds(app: httpx2.AsyncClient, link: str, *prefer: str) -> tuple[list[list[Json]], str]:
    """Give the pages of one round, of two events at most, and where the next round begins."""
    pages = []
    while True:
        preferred = {"Prefer": ", ".join(("odata.maxpagesize=2", *prefer))}
        answer = (await app.get(link, headers=preferred)).raise_for_status().json()
        pages.append(answer["value"])
        if "@odata.deltaLink" in answer:
            return pages, answer["@odata.deltaLink"]
        link = answer["@odata.nextLink"]


def names(pages: list[list[Json]], *, removed: bool) -> set[JsonValue]:
    return {str(item["id"]) for page in pages for item in page if ("@removed" in item) == removed}


@pytest.mark.parametrize("empty", [False, True])
async def test_changes_come_in_pages_until_there_is_a_delta_link(
    graph: GraphServer, app: httpx2.AsyncClient, *, empty: bool
) -> None:
    graph.first_page_empty = empty
    for hours in range(3):
        await created(app, event(NINE + hours * HOUR))
    pages, known = await rounds(app, FIRST)

    assert [len(page) for page in pages] == ([0, 2, 1] if empty else [2, 1])
    assert (await rounds(app, known))[0] == (await rounds(app, known))[0] == [[]]


async def test_a_round_tells_what_came_what_changed_and_what_is_gone(app: httpx2.AsyncClient) -> None:
    first, second, third = [await created(app, event(NINE + hours * HOUR), IMMUTABLE) for hours in range(3)]
    _, known = await rounds(app, FIRST)
    await app.patch(f"/events/{first['id']}", json={"subject": "Anew"})
    await app.delete(f"/events/{second['id']}")
    await app.patch(f"/events/{third['id']}", json=event(NINE + 7 * DAY))
    fourth = await created(app, event(NINE + 5 * HOUR), IMMUTABLE)
    await created(app, event(NINE + 7 * DAY))
    pages, later = await rounds(app, known, IMMUTABLE["Prefer"])

    assert names(pages, removed=True) == {second["id"], third["id"]}
    assert names(pages, removed=False) == {first["id"], fourth["id"]}
    assert pages[0][0]["@removed"] == {"reason": "deleted"}
    assert (await rounds(app, later))[0] == [[]]
    assert names((await rounds(app, known))[0], removed=True).isdisjoint({second["id"], third["id"]})  # other ids


async def test_a_round_may_name_what_came_outside_its_window_as_removed(
    graph: GraphServer, app: httpx2.AsyncClient
) -> None:
    graph.tells_of_outside = True
    _, known = await rounds(app, FIRST)
    outside = await created(app, event(NINE + 7 * DAY))
    pages, _ = await rounds(app, known)

    assert names(pages, removed=True) == {outside["id"]}


async def test_a_round_cannot_be_narrowed(app: httpx2.AsyncClient) -> None:
    assert error(await app.get(f"{FIRST}&$select=start")) == (400, "ErrorInvalidUrlQuery")
    assert error(await app.get("/calendarView/delta")) == (400, "ErrorInvalidParameter")
    assert error(await app.get("/calendarView/delta?$deltatoken=invented")) == (400, "BadRequest")


@pytest.mark.parametrize("code", ["SyncStateNotFound", "syncStateNotFound"])
async def test_a_forgotten_token_is_gone_and_says_where_to_begin_anew(
    graph: GraphServer, app: httpx2.AsyncClient, code: Literal["SyncStateNotFound", "syncStateNotFound"]
) -> None:
    graph.sync_lost_code = code
    made = await created(app)
    _, known = await rounds(app, FIRST)
    graph.forget_sync()
    gone = await app.get(known)
    anew, _ = await rounds(app, gone.headers["Location"])

    assert error(gone) == (410, code)
    assert gone.headers["Location"].endswith("&$deltatoken=")
    assert names(anew, removed=False) == {made["id"]}
