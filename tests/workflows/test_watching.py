"""The watcher on the real server: that it begins and ends in time, lives for long and forgets nothing meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from entrevue.drift import CalendarEventChanged
from tests.workflows.desk import UID
from tests.workflows.place import Place, ended, placed
from tests.workflows.stage import dev_server, eventually

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
A_QUARTER = timedelta(minutes=15)
"""So soon both sides shall know."""


@pytest.fixture(name="place", params=["cached", pytest.param("uncached", marks=pytest.mark.slow)])
async def _place(server: WorkflowEnvironment, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with placed(server, max_cached_workflows=0 if request.param == "uncached" else 1000) as place:
        yield place


async def test_a_move_is_told_once_within_a_quarter_of_an_hour(place: Place) -> None:
    await place.write()
    await place.look()
    start = place.now + timedelta(days=5, hours=2)
    place.calendar.move(place.person, UID, start)
    await place.forward(A_QUARTER)
    told = place.told()
    await place.forward(HOUR)

    assert told == place.told() == ["calendar_event_changed"]
    state = await place.calendar.read(place.person, UID)
    assert state is not None
    fact = CalendarEventChanged.model_validate(place.fact())
    assert (fact.start, fact.end, fact.etag, fact.cancelled) == (start, start + HOUR, state.etag, False)
    assert (fact.whom, fact.uid, fact.sequence) == ("i1", UID, 0)


async def test_what_happens_while_the_calendar_is_down_is_told_when_it_is_back(place: Place) -> None:
    await place.write()
    await place.look()
    place.calendar.down = True
    await place.forward(20 * MINUTE)
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    silence = place.told()
    place.calendar.down = False
    await place.forward(A_QUARTER)

    assert silence == []
    assert place.told() == ["calendar_event_changed"]


@pytest.mark.slow  # many looks, each of three attempts
async def test_a_calendar_that_is_down_for_hours_is_told_as_lost_and_its_return_too(
    server: WorkflowEnvironment,
) -> None:
    async with placed(server) as place:
        await place.write()
        place.calendar.down = True
        await place.forward(4 * HOUR)
        lost = place.told()
        details = await place.watcher.query("__temporal_workflow_metadata")
        place.calendar.down = False
        await place.forward(A_QUARTER)

    assert lost == ["calendar_access_lost"]
    assert "The calendar is lost to us: unavailable." in str(details)
    assert place.told() == ["calendar_access_lost", "calendar_access_restored"]


async def test_an_operator_may_ask_for_a_look_and_what_is_seen_is_told_at_once(place: Place) -> None:
    await place.write()
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.watcher.signal("look_now")

    async def told() -> list[str]:
        await place.watcher.describe()
        return place.told()

    assert await eventually(told, bool) == ["calendar_event_changed"]


async def test_operators_read_what_is_watched_and_nobodys_name(place: Place) -> None:
    await place.write()
    await place.look()
    place.calendar.refused = "status 403"
    await place.forward(A_QUARTER)
    details = await place.watcher.query("__temporal_workflow_metadata")
    history = await place.watcher.fetch_history()

    assert "Watches 1 event of this person." in str(details)
    assert "status 403" in str(details)
    assert "Ada" not in str(details)
    assert b"Ada" not in b"".join(event.SerializeToString() for event in history.events)


# --- how it begins and ends ------------------------------------------------------------------------------------------


async def test_it_ends_with_the_last_event_that_it_watches(place: Place) -> None:
    await place.write(ahead=-50 * MINUTE)
    await place.write("r8.p1", ahead=-40 * MINUTE)
    await place.forward(A_QUARTER)
    status = (await place.watcher.describe()).status
    await place.forward(A_QUARTER)

    assert (status, await ended(place)) == (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
    assert place.told() == []


async def test_it_ends_when_its_last_event_is_taken_out_and_begins_anew_with_the_next(place: Place) -> None:
    await place.write()
    await place.unwatch("r7")
    first = await ended(place)
    await place.unwatch("r7")
    await place.write()
    again = (await place.watcher.describe()).status

    assert (first, again) == (WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.RUNNING)


async def test_a_removal_that_comes_late_does_not_end_the_watch_of_what_was_written_since(place: Place) -> None:
    await place.write(sequence=2)
    await place.unwatch("r7", sequence=1)
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.forward(A_QUARTER)

    assert place.told() == ["calendar_event_changed"]


@pytest.mark.slow
async def test_nobody_is_forgotten_who_comes_while_it_ends(place: Place) -> None:
    for n in range(10):
        uid = f"r{n}.p1"
        await place.write(uid)
        await asyncio.gather(place.unwatch(f"r{n}"), place.unwatch("none"))
    await asyncio.gather(*(place.write(f"r{n}.p1") for n in range(10)))
    for n in range(10):
        place.calendar.cancel(place.person, f"r{n}.p1")
    await place.forward(A_QUARTER)

    assert sorted(interview for interview, _, _ in place.interviews.heard) == [f"r{n}" for n in range(10)]


async def test_an_interview_that_takes_no_more_facts_is_watched_no_more(place: Place) -> None:
    await place.write()
    place.interviews.over.add("r7")
    place.calendar.delete(place.person, UID)
    await place.forward(A_QUARTER)

    assert await ended(place) is WorkflowExecutionStatus.COMPLETED


@pytest.mark.slow  # a server of its own
async def test_a_new_run_goes_on_where_the_one_before_has_stopped() -> None:
    async with await dev_server("limit.historyCount.suggestContinueAsNew=60") as env, placed(env) as place:
        await place.write()
        await place.look()
        first = (await place.watcher.describe()).run_id
        place.calendar.asked.clear()
        await place.forward(4 * HOUR)
        asked = set(place.calendar.asked)
        place.calendar.move(place.person, UID, place.now + timedelta(days=6))
        await place.forward(4 * HOUR)
        last = (await place.watcher.describe()).run_id
        history = await place.watcher.fetch_history()

    assert asked == {"changes"}
    assert place.told() == ["calendar_event_changed"]
    assert first != last
    assert len(history.events) < 120
