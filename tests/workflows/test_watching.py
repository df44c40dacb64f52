"""What people do to our events in their own calendars becomes a fact: soon, once, and only if they have done it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.calendar import Busy, CalendarRefused, Changes, EventState, Watched
from activities.watching import WatchingActivities
from adapters.memory_calendar import MemoryCalendar
from entrevue import contract
from entrevue.answers import Heard, RsvpReceived
from entrevue.drift import CalendarEventChanged, CalendarEventDeleted
from entrevue.orders import CalendarEvent
from entrevue.values import PersonId, Slot
from tests.workflows.stage import dev_server, eventually, new_queue
from worker import WatchersOnServer
from workflows.suspicion import FAR
from workflows.watching import WatchWorkflow

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
UID = "r7.p1"
A_QUARTER = timedelta(minutes=15)
"""So soon both sides shall know."""


class Diary(MemoryCalendar):
    """A calendar whose owner answers, which may refuse us, and which counts what we ask."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: str | None = None
        self.answers: dict[str, Heard] = {}
        self.asked: list[str] = []

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        self.asked.append("changes")
        if self.refused is not None:
            raise CalendarRefused(person, self.refused)
        return await super().changes(person, cursor, uids)

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        self.asked.append("read")
        state = await super().read(person, uid)
        return state and state.model_copy(update={"answer": self.answers.get(uid)})

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self.asked.append("busy")
        return await super().busy(person, start, end)

    def answer(self, person: PersonId, uid: str, answer: Heard) -> None:
        self.answers[uid] = answer
        self._touch(person, uid, self._entries[person, uid])

    def free(self, person: PersonId) -> None:
        """Take everything of the person's own out again."""
        self._busy.pop(person)
        self._log.append((person, ""))


class Listening:
    """Interviews that keep what they are told; those that are over take nothing."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Mapping[str, JsonValue]]] = []
        self.over: set[str] = set()

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        if interview in self.over:
            return False
        self.heard.append((interview, fact, payload))
        return True


@dataclass(kw_only=True)
class Place:
    """One person with a calendar, interviews that listen, and the real watcher between them."""

    env: WorkflowEnvironment
    task_queue: str
    calendar: Diary = field(default_factory=Diary)
    interviews: Listening = field(default_factory=Listening)
    person: str = field(default_factory=lambda: new_queue().replace("stage", "p"))
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def watchers(self) -> WatchersOnServer:
        return WatchersOnServer(self.env.client, self.task_queue)

    @property
    def watcher(self) -> WorkflowHandle[object, object]:
        return self.env.client.get_workflow_handle(contract.watch_id(self.person))

    async def write(
        self,
        uid: str = UID,
        *,
        sequence: int = 0,
        ahead: timedelta = timedelta(days=5),
        look_at: tuple[timedelta, ...] = (),
    ) -> None:
        """Write an event as its interview does, overwriting what its owner did, and have it watched."""
        await self.put(uid, sequence=sequence, ahead=ahead)
        await self.watch(uid, sequence=sequence, ahead=ahead, look_at=look_at)

    async def put(self, uid: str = UID, *, sequence: int = 0, ahead: timedelta = timedelta(days=5)) -> None:
        start = self.now + ahead
        slot = Slot(start=start, minutes=60, zone="UTC")
        event = CalendarEvent(uid=uid, sequence=sequence, stamp=start, slot=slot, summary="Interview with Ada Summer")
        found = await self.calendar.read(self.person, uid)
        await self.calendar.ensure(self.person, event, uid.partition(".")[0], found.etag if found else None)
        self.calendar.asked.clear()

    async def watch(
        self,
        uid: str = UID,
        *,
        sequence: int = 0,
        ahead: timedelta = timedelta(days=5),
        look_at: tuple[timedelta, ...] = (),
    ) -> None:
        event = Watched(
            interview=uid.partition(".")[0],
            who="i1",
            uid=uid,
            sequence=sequence,
            start=self.now + ahead,
            end=self.now + ahead + HOUR,
            look_at=tuple(self.now + one for one in look_at),
        )
        await self.watchers.watch(self.person, event)

    async def forward(self, duration: timedelta) -> None:
        """Move the watcher's own clock."""
        await self.env.fast_forward(self.watcher, duration)

    async def look(self) -> None:
        """Have the watcher look at what it finds, once, in its own time."""
        before = len(self.calendar.asked)
        await self.forward(FAR)
        assert len(self.calendar.asked) > before

    def told(self) -> list[str]:
        return [fact for _, fact, _ in self.interviews.heard]

    def fact(self) -> Mapping[str, JsonValue]:
        """Give the only fact that was told."""
        ((_, _, fact),) = self.interviews.heard
        return fact


@asynccontextmanager
async def placed(env: WorkflowEnvironment) -> AsyncIterator[Place]:
    place = Place(env=env, task_queue=new_queue())
    watching = WatchingActivities(place.calendar, place.interviews)
    async with Worker(
        env.client,
        task_queue=place.task_queue,
        workflows=[WatchWorkflow],
        activities=[watching.look_at_calendar, watching.tell_interviews],
    ):
        yield place


@pytest.fixture(name="place")
async def _place(server: WorkflowEnvironment) -> AsyncIterator[Place]:
    async with placed(server) as place:
        yield place


# --- what people do --------------------------------------------------------------------------------------------------


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


async def test_who_drags_an_event_twice_is_taken_at_their_last_word(place: Place) -> None:
    await place.write(look_at=(5 * MINUTE,))
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.forward(6 * MINUTE)
    place.calendar.move(place.person, UID, place.now + timedelta(days=7))
    await place.forward(A_QUARTER)

    assert place.told() == ["calendar_event_changed"]
    assert CalendarEventChanged.model_validate(place.fact()).start == place.now + timedelta(days=7)


async def test_who_goes_on_dragging_is_told_of_all_the_same_within_a_quarter_of_an_hour(place: Place) -> None:
    await place.write()
    for minute in range(15):
        place.calendar.move(place.person, UID, place.now + timedelta(days=6, minutes=minute))
        await place.forward(MINUTE)

    assert "calendar_event_changed" in place.told()


async def test_a_move_that_is_taken_back_at_once_is_no_news(place: Place) -> None:
    await place.write(look_at=(5 * MINUTE,))
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.forward(6 * MINUTE)
    place.calendar.move(place.person, UID, place.now + timedelta(days=5))
    await place.forward(HOUR)

    assert place.told() == []


async def test_the_same_drag_is_news_again_after_the_booked_time_was_put_back(place: Place) -> None:
    await place.write()
    for _ in range(2):
        place.calendar.move(place.person, UID, place.now + timedelta(days=6))
        await place.forward(A_QUARTER)
        await place.write()
        await place.look()

    assert place.told() == ["calendar_event_changed", "calendar_event_changed"]
    assert len({fact["source_id"] for _, _, fact in place.interviews.heard}) == 2


async def test_other_changes_are_nobodys_business(place: Place) -> None:
    await place.write()
    await place.look()
    place.calendar.rename(place.person, UID, "bring coffee")
    await place.forward(HOUR)

    assert place.told() == []


async def test_a_deleted_event_is_told_once(place: Place) -> None:
    await place.write()
    place.calendar.delete(place.person, UID)
    await place.forward(A_QUARTER + HOUR)

    assert place.told() == ["calendar_event_deleted"]
    assert CalendarEventDeleted.model_validate(place.fact()).emptied is False


async def test_an_event_cancelled_in_place_is_told_as_cancelled(place: Place) -> None:
    await place.write()
    place.calendar.cancel(place.person, UID)
    await place.forward(A_QUARTER)

    assert CalendarEventChanged.model_validate(place.fact()).cancelled is True


@pytest.mark.parametrize("answer", ["accepted", "tentative", "declined"])
async def test_an_answer_in_the_calendar_is_told_as_its_owners(place: Place, answer: Heard) -> None:
    await place.write(sequence=3)
    await place.look()
    place.calendar.answer(place.person, UID, answer)
    await place.forward(A_QUARTER + HOUR)

    fact = RsvpReceived.model_validate(place.fact())
    assert (fact.answer, fact.whom, fact.sequence, fact.via, fact.verified) == (answer, "i1", 3, "calendar", True)


async def test_of_answers_from_two_devices_the_last_is_told(place: Place) -> None:
    await place.write(look_at=(5 * MINUTE,))
    place.calendar.answer(place.person, UID, "accepted")
    await place.forward(6 * MINUTE)
    place.calendar.answer(place.person, UID, "declined")
    await place.forward(A_QUARTER)

    assert RsvpReceived.model_validate(place.fact()).answer == "declined"


async def test_an_answer_holds_as_long_as_its_time_and_is_asked_for_anew_with_another(place: Place) -> None:
    await place.write()
    place.calendar.answer(place.person, UID, "accepted")
    await place.forward(A_QUARTER)
    await place.write(sequence=1)
    await place.forward(A_QUARTER)
    at_the_same_time = len(place.told())
    await place.write(sequence=2, ahead=timedelta(days=6))
    await place.forward(A_QUARTER)

    assert (at_the_same_time, len(place.told())) == (1, 2)


async def test_what_comes_to_stand_beside_it_is_told_and_so_is_its_going(place: Place) -> None:
    await place.write()
    await place.look()
    start = place.now + timedelta(days=5)
    place.calendar.add_busy(place.person, Busy(start=start + HOUR, end=start + 2 * HOUR))
    await place.forward(A_QUARTER)
    beside = place.told()
    place.calendar.add_busy(place.person, Busy(start=start, end=start + HOUR, tentative=True))
    await place.forward(A_QUARTER)
    place.calendar.free(place.person)
    await place.forward(A_QUARTER)

    assert beside == []
    assert [fact["overlapped"] for _, _, fact in place.interviews.heard] == [True, False]
    assert set(place.told()) == {"calendar_overlap_seen"}


async def test_when_all_of_several_events_vanish_at_once_nobody_has_answered_anything(place: Place) -> None:
    for uid in (UID, "r8.p1", "r9.p1"):
        await place.write(uid)
    await place.look()
    for uid in (UID, "r8.p1", "r9.p1"):
        place.calendar.delete(place.person, uid)
    await place.forward(A_QUARTER)

    assert place.told() == ["calendar_event_deleted"] * 3
    assert {interview for interview, _, _ in place.interviews.heard} == {"r7", "r8", "r9"}
    assert all(fact["emptied"] for _, _, fact in place.interviews.heard)


async def test_one_of_several_events_that_is_deleted_was_deleted_on_purpose(place: Place) -> None:
    for uid in (UID, "r8.p1"):
        await place.write(uid)
    await place.look()
    place.calendar.delete(place.person, UID)
    await place.forward(A_QUARTER)

    assert CalendarEventDeleted.model_validate(place.fact()).emptied is False


# --- trouble ---------------------------------------------------------------------------------------------------------


async def test_what_happens_while_the_calendar_is_down_is_told_when_it_is_back(place: Place) -> None:
    await place.write()
    await place.look()
    place.calendar.down = True
    await place.forward(2 * HOUR)
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    silence = place.told()
    place.calendar.down = False
    await place.forward(A_QUARTER)

    assert silence == []
    assert place.told() == ["calendar_event_changed"]


async def test_a_calendar_that_refuses_us_twice_is_lost_to_each_interview_until_it_is_back(place: Place) -> None:
    for uid in (UID, "r8.p1"):
        await place.write(uid)
    await place.look()
    place.calendar.refused = "status 403"
    await place.forward(A_QUARTER + 2 * HOUR)
    lost = list(place.interviews.heard)
    place.calendar.refused = None
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.forward(A_QUARTER)
    back = place.interviews.heard[len(lost) :]

    assert sorted((interview, fact) for interview, fact, _ in lost) == [
        ("r7", "calendar_access_lost"),
        ("r8", "calendar_access_lost"),
    ]
    assert {fact["because"] for _, _, fact in lost} == {"status 403"}
    assert sorted((interview, fact) for interview, fact, _ in back) == [
        ("r7", "calendar_access_restored"),
        ("r7", "calendar_event_changed"),
        ("r8", "calendar_access_restored"),
    ]


async def test_a_calendar_that_refuses_us_once_is_not_lost(place: Place) -> None:
    await place.write(look_at=(5 * MINUTE,))
    place.calendar.refused = "status 401"
    await place.forward(6 * MINUTE)
    place.calendar.refused = None
    await place.forward(HOUR)

    assert place.told() == []


# --- our own writes --------------------------------------------------------------------------------------------------


async def test_our_own_writes_are_never_mistaken_for_edits(place: Place) -> None:
    await place.write()
    await place.look()
    await place.write(sequence=1, ahead=timedelta(days=6))
    await place.look()
    await place.put(sequence=2, ahead=timedelta(days=7))  # it is not known to the watcher yet
    await place.forward(HOUR)
    await place.watch(sequence=2, ahead=timedelta(days=7))
    await place.forward(HOUR)
    await place.watchers.unwatch(place.person, "r7", "i1")
    await place.calendar.remove(place.person, UID, 3, None)
    await place.write(sequence=4, ahead=timedelta(days=8))
    await place.forward(HOUR)

    assert place.told() == []


async def test_a_move_is_still_seen_where_our_own_later_write_was_refused_because_of_it(place: Place) -> None:
    await place.write()
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.watch(sequence=1, ahead=timedelta(days=7))
    await place.forward(A_QUARTER)

    fact = CalendarEventChanged.model_validate(place.fact())
    assert (fact.sequence, fact.start) == (1, place.now + timedelta(days=6))


async def test_what_was_done_before_the_watcher_heard_of_an_event_is_seen_although_the_calendar_tells_of_no_change(
    place: Place,
) -> None:
    await place.write("r8.p1")
    await place.put()
    place.calendar.move(place.person, UID, place.now + timedelta(days=6))
    await place.look()  # the cursor is past it
    await place.watch()
    await place.forward(A_QUARTER)

    assert [interview for interview, _, _ in place.interviews.heard] == ["r7"]


async def test_a_repeat_of_an_older_write_that_comes_late_changes_nothing(place: Place) -> None:
    await place.write(sequence=1, ahead=timedelta(days=6))
    await place.watch(sequence=0, ahead=timedelta(days=5))
    await place.forward(A_QUARTER)

    assert place.told() == []


# --- when it looks, and what that costs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "looks"), [(timedelta(days=5), range(6, 8)), (timedelta(hours=40), range(20, 24))], ids=["far", "near"]
)
async def test_a_look_at_a_calendar_in_which_nothing_happens_is_one_request(
    place: Place, ahead: timedelta, looks: range
) -> None:
    await place.write(ahead=ahead)
    await place.look()
    place.calendar.asked.clear()
    await place.forward(HOUR)

    assert set(place.calendar.asked) == {"changes"}
    assert len(place.calendar.asked) in looks


async def test_a_look_is_taken_just_before_each_reminder(place: Place) -> None:
    await place.write()
    await place.look()
    await place.write(sequence=1, look_at=(11 * MINUTE, 12 * MINUTE))
    await place.forward(150 * timedelta(seconds=1))

    assert place.calendar.asked.count("changes") == 2


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


async def ended(place: Place) -> WorkflowExecutionStatus | None:
    found = await eventually(place.watcher.describe, lambda found: found.status is not WorkflowExecutionStatus.RUNNING)
    return found.status


async def test_it_ends_with_the_last_event_that_it_watches(place: Place) -> None:
    await place.write(ahead=HOUR)
    await place.write("r8.p1", ahead=2 * HOUR)
    await place.forward(timedelta(hours=2, minutes=30))
    status = (await place.watcher.describe()).status
    await place.forward(HOUR)

    assert (status, await ended(place)) == (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
    assert place.told() == []


async def test_it_ends_when_its_last_event_is_taken_out_and_begins_anew_with_the_next(place: Place) -> None:
    await place.write()
    await place.watchers.unwatch(place.person, "r7", "i1")
    first = await ended(place)
    await place.watchers.unwatch(place.person, "r7", "i1")
    await place.write()
    again = (await place.watcher.describe()).status

    assert (first, again) == (WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.RUNNING)


async def test_nobody_is_forgotten_who_comes_while_it_ends(place: Place) -> None:
    for n in range(10):
        uid = f"r{n}.p1"
        await place.write(uid)
        await asyncio.gather(
            place.watchers.unwatch(place.person, f"r{n}", "i1"), place.watchers.unwatch(place.person, "none", "i1")
        )
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
