"""The watcher whose calendar's provider tells of changes: looks come sooner, and nothing depends on it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.calendar import Listening
from entrevue.values import PersonId
from tests.workflows.desk import UID, Diary
from tests.workflows.place import Place, ended, placed
from tests.workflows.stage import dev_server, eventually
from workflows.suspicion import SETTLED

SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
A_QUARTER = 15 * MINUTE


@pytest.fixture(name="place", params=["cached", pytest.param("uncached", marks=pytest.mark.slow)])
async def _place(server: WorkflowEnvironment, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with placed(server, max_cached_workflows=0 if request.param == "uncached" else 1000) as place:
        place.calendar.tells = 3 * DAY
        yield place


async def asked(place: Place, times: int = 1) -> None:
    """Wait until the provider was asked to tell, so often, and the watcher knows its answer."""

    async def answers() -> int:
        history = await place.watcher.fetch_history()
        scheduled = {
            event.event_id
            for event in history.events
            if event.activity_task_scheduled_event_attributes.activity_type.name == "listen_to_calendar"
        }
        return sum(
            event.activity_task_completed_event_attributes.scheduled_event_id in scheduled for event in history.events
        )

    await eventually(answers, lambda seen: seen >= times)


async def test_a_move_that_is_told_of_reaches_the_interview_sooner_than_the_next_look_would(place: Place) -> None:
    await place.write()
    await place.look()
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.forward(3 * MINUTE)
    untold = place.told()
    await place.poke()
    await place.forward(SETTLED)
    suspected = place.told()
    await place.forward(3 * MINUTE)

    assert (untold, suspected, place.told()) == ([], [], ["calendar_event_changed"])


async def test_a_burst_is_one_look(place: Place) -> None:
    await place.write()
    await place.look()
    place.calendar.asked.clear()
    await asyncio.gather(*(place.poke() for _ in range(5)))
    await place.forward(10 * SECOND)
    await place.poke()
    await place.forward(MINUTE)

    assert place.calendar.asked == ["changes"]


async def test_where_nobody_watches_nothing_happens_by_being_told(place: Place) -> None:
    await place.poke(anew=True)
    await place.write()
    await place.unwatch("r7")
    status = await ended(place)
    await place.poke()

    assert status is WorkflowExecutionStatus.COMPLETED
    assert (await place.watcher.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_a_provider_is_asked_once_and_again_when_that_is_to_be_renewed(place: Place) -> None:
    place.calendar.tells = 30 * MINUTE
    await place.write()
    await asked(place)
    await place.forward(25 * MINUTE)
    once = list(place.calendar.held)
    await place.forward(30 * MINUTE)

    assert once == [None]
    assert place.calendar.held == [None, "channel 1"]


async def test_a_provider_that_says_that_it_will_tell_no_more_is_asked_anew_and_looked_at(place: Place) -> None:
    await place.write()
    await asked(place)
    place.calendar.asked.clear()
    for _ in range(3):
        await place.poke(anew=True)
        await place.forward(MINUTE)
    looks = list(place.calendar.asked)
    await place.forward(5 * MINUTE)
    await asked(place, 2)

    assert looks[0] == "changes"
    assert place.calendar.held == [None, "channel 1"]


async def test_a_provider_that_cannot_tell_is_left_alone(place: Place) -> None:
    place.calendar.tells = None
    await place.write()
    await asked(place)
    details = await place.details()
    await place.forward(A_QUARTER)
    await place.unwatch("r7")

    assert await ended(place) is WorkflowExecutionStatus.COMPLETED
    assert (place.calendar.held, place.calendar.hung_up) == ([None], [])
    assert "to be told" not in details
    assert "told of" not in details


async def test_operators_read_that_a_watcher_is_told_of_changes_or_why_it_is_not(place: Place) -> None:
    await place.write()
    await asked(place)
    told = await place.details()
    place.calendar.deaf = "nobody may be told here"
    await place.poke(anew=True)
    await place.forward(6 * MINUTE)
    await asked(place, 2)
    refused = await place.details()

    assert "Is told of changes besides." in told
    assert "Could not ask to be told of changes: nobody may be told here." in refused


# --- trouble with it -------------------------------------------------------------------------------------------------


class Silent(Diary):
    """A provider that answers nothing when it is asked to tell."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        listening = await super().listen(person, held)
        await self.answers.wait()
        return listening


async def test_trouble_with_being_told_disturbs_no_look(place: Place) -> None:
    place.calendar.deaf = "unavailable"
    await place.write()
    await place.look()
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.forward(A_QUARTER)

    assert place.told() == ["calendar_event_changed"]
    assert "Could not ask to be told of changes: unavailable." in await place.details()
    assert len(place.calendar.held) == 3


async def test_a_provider_that_does_not_answer_is_not_waited_for(server: WorkflowEnvironment) -> None:
    silent = Silent()
    async with placed(server, calendar=silent) as place:
        await place.write()
        place.calendar.move(place.person, UID, place.now + timedelta(days=6))
        await place.watcher.signal("look_now")  # no clock goes on meanwhile: something is under way

        async def told() -> list[str]:
            await place.watcher.describe()
            return place.told()

        seen = await eventually(told, bool)
        silent.answers.set()

    assert seen == ["calendar_event_changed"]
    assert place.calendar.held == [None]


# --- the end of it ---------------------------------------------------------------------------------------------------


async def test_with_its_end_a_watcher_is_told_no_more(place: Place) -> None:
    await place.write()
    await asked(place)
    await place.unwatch("r7")

    assert await ended(place) is WorkflowExecutionStatus.COMPLETED
    assert place.calendar.hung_up == ["channel 1"]


@pytest.mark.parametrize("deaf", ["refused", "unavailable"])
async def test_what_cannot_be_ended_ends_by_itself_and_the_watcher_ends_all_the_same(place: Place, deaf: str) -> None:
    await place.write()
    await asked(place)
    place.calendar.deaf = deaf
    await place.unwatch("r7")
    await place.forward(MINUTE)

    assert await ended(place) is WorkflowExecutionStatus.COMPLETED
    assert set(place.calendar.hung_up) == {"channel 1"}


async def test_who_comes_while_a_watcher_hangs_up_is_watched_and_told_of_anew(place: Place) -> None:
    await place.write()
    await asked(place)
    place.calendar.deaf = "unavailable"
    await place.unwatch("r7")
    await eventually(place.watcher.describe, lambda _: bool(place.calendar.hung_up))
    await place.write("r8.p1")
    place.calendar.deaf = None
    await place.forward(A_QUARTER)
    place.calendar.delete(place.person, "r8.p1")
    await place.poke()
    await place.forward(3 * MINUTE)

    assert [interview for interview, _, _ in place.interviews.heard] == ["r8"]
    assert place.calendar.held == [None, None]


@pytest.mark.slow  # a server of its own
async def test_a_new_run_holds_what_the_one_before_has_asked_for() -> None:
    async with await dev_server("limit.historyCount.suggestContinueAsNew=60") as env, placed(env) as place:
        place.calendar.tells = 3 * DAY
        await place.write()
        await place.look()
        first = (await place.watcher.describe()).run_id
        await place.forward(4 * HOUR)
        last = (await place.watcher.describe()).run_id
        details = await place.details()
        await place.unwatch("r7")
        await ended(place)

    assert first != last
    assert "Is told of changes besides." in details
    assert (place.calendar.held, place.calendar.hung_up) == ([None], ["channel 1"])
