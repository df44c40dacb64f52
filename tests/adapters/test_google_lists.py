"""Lists at Google: pages, sync tokens, and what cannot be read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import CalendarRefused
from adapters.google.events import id_of
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.on_google import OnGoogle, on_google, when
from tests.providers.google_server import GoogleServer
from tests.providers.serving import Trouble

R7 = "r7.p1"


@pytest.fixture
async def grace(undone: GoogleServer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OnGoogle]:
    async with on_google(undone, tmp_path, request.node.nodeid) as grace:
        yield grace


@pytest.mark.parametrize("empty", [False, True], ids=["full pages", "an empty one first"])
async def test_a_list_is_read_to_its_end(undone: GoogleServer, grace: OnGoogle, *, empty: bool) -> None:
    undone.switches.page_size, undone.switches.begins_with_empty_page = 2, empty
    for number in range(5):
        await grace.adds(NINE + number * HOUR, NINE + (number + 1) * HOUR)
    await grace.calendar.ensure(GRACE, event(NINE + 5 * HOUR), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    for number in range(3):
        await grace.adds(NINE + number * HOUR, NINE + (number + 1) * HOUR)
    await grace.moves(R7, NINE + 6 * HOUR)
    changes = await grace.calendar.changes(GRACE, cursor, (R7,))

    assert len(await grace.calendar.busy(GRACE, NINE, NINE + 9 * HOUR)) == 9
    assert [one.uid for one in await grace.calendar.ours(GRACE, NINE, NINE + 9 * HOUR)] == [R7]
    assert (changes.everything, changes.touched, changes.others) == (False, (R7,), True)


async def test_a_calendar_of_many_years_is_followed_all_the_same(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.switches.page_size = 1
    for number in range(8):
        await grace.adds(NINE + number * HOUR, NINE + (number + 1) * HOUR)
    first = await grace.calendar.changes(GRACE, None, ())
    quiet = await grace.calendar.changes(GRACE, first.cursor, ())
    await grace.adds(NINE, NINE + HOUR)
    loud = await grace.calendar.changes(GRACE, quiet.cursor, ())

    assert any("timeMin=" in line for line in undone.troubles.asked)
    assert [(one.everything, one.others) for one in (first, quiet, loud)] == [
        (True, True),
        (False, False),
        (False, True),
    ]


async def test_a_list_without_an_end_is_trouble(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.troubles.due.append(Trouble("GET .*/events[?]", 200, {"items": [], "nextPageToken": "more"}))

    with pytest.raises(CalendarRefused, match="without an end"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_an_event_that_cannot_be_read_is_not_free_time(undone: GoogleServer, grace: OnGoogle) -> None:
    broken: tuple[JsonValue, ...] = ({"id": "a"}, {"id": "a", "start": {"date": "soon"}}, {"start": when(NINE)}, "none")
    for item in broken:
        undone.troubles.due[:] = [Trouble("GET .*/events[?]", 200, {"items": [item]})]

        with pytest.raises(CalendarRefused, match="cannot be read"):
            await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


@pytest.mark.parametrize("status", [400, 410])
async def test_a_sync_token_that_is_forgotten_means_everything(
    undone: GoogleServer, grace: OnGoogle, status: int
) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    if status == 410:
        undone.forget_sync()
    else:
        undone.troubles.due.append(Trouble("GET .*syncToken", 400, times=1))

    changes = await grace.calendar.changes(GRACE, cursor, (R7,))
    later = await grace.calendar.changes(GRACE, changes.cursor, (R7,))

    assert (changes.everything, changes.touched, changes.others) == (True, (R7,), True)
    assert (later.everything, later.touched, later.others) == (False, (), False)
    assert [one["id"] for one in undone.events(grace.address)] == [id_of(GRACE, R7, 0)]


@pytest.mark.parametrize("token", [None, "t" * 5000], ids=["none", "too long"])
async def test_where_there_is_no_token_everything_may_have_changed_each_time(
    undone: GoogleServer, grace: OnGoogle, token: str | None
) -> None:
    answer: dict[str, JsonValue] = {"items": [], **({"nextSyncToken": token} if token else {})}
    undone.troubles.due.append(Trouble("GET .*/events[?]", 200, answer))

    first = await grace.calendar.changes(GRACE, None, (R7,))
    again = await grace.calendar.changes(GRACE, first.cursor, (R7,))

    assert first.everything
    assert again.everything
    assert len(str(first.cursor)) < 4000


async def test_deleted_events_are_known_by_hardly_more_than_their_ids(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.switches.deleted_have_details = False
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    await grace.deletes(R7)

    changes = await grace.calendar.changes(GRACE, cursor, (R7,))

    assert (changes.touched, changes.others) == ((R7,), False)
