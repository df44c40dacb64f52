import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from google.protobuf.json_format import MessageToJson
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from activities.calendar import Busy, CalendarUnavailable, Ensured
from activities.ledger import Claimed
from adapters.memory.calendar import MemoryCalendar
from adapters.memory.ledger import MemoryLedger
from entrevue import contract
from entrevue.values import CalendarEvent, InterviewId, PersonId, Status
from tests.workflows.buggy import BuggyWorkflow
from tests.workflows.stage import Running, Stage, dev_server, eventually, new_queue, staged, start
from tests.workflows.story import to_booking, to_completion, to_offer, to_session
from worker import PLUGIN
from workflows.interview import InterviewWorkflow


class GatedCalendar(MemoryCalendar):
    """A calendar that is slow: a write stays inside until the gate opens, and says how many were inside at once."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.inside = 0
        self.most = 0
        self.begun: list[int] = []

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.begun.append(event.sequence)
        try:
            await self.gate.wait()
            return await super().ensure(person, event, interview, etag)
        finally:
            self.inside -= 1

    async def versions_begun(self) -> list[int]:
        await asyncio.sleep(0)  # let the worker on this loop take its turn
        return list(self.begun)


async def test_a_stale_order_never_runs_beside_its_successor(server: WorkflowEnvironment) -> None:
    calendar = GatedCalendar()
    async with staged(server, calendar=calendar) as stage:
        interview = await stage.start(interviewers=["grace"])
        start_of_slot = await to_offer(interview)
        await interview.send("choose_slot", by="candidate", start=start_of_slot.isoformat())
        await eventually(calendar.versions_begun, lambda begun: begun == [0])
        later = start_of_slot + timedelta(hours=1)
        await interview.send("reschedule", by="coordinator", start=later.isoformat())
        view = await interview.view()
        begun_before_the_gate_opened = await calendar.versions_begun()
        calendar.gate.set()
        await interview.happened("calendar_written", times=2)
        stored = await calendar.read("grace", f"{view.interview}.p1")

    assert begun_before_the_gate_opened == [0]  # the successor waited for its lane
    assert calendar.begun == [0, 1]
    assert calendar.most == 1
    assert stored is not None
    assert (stored.sequence, stored.start) == (1, later)


async def test_an_operators_cancel_in_the_middle_of_an_effect_gives_everything_back(
    server: WorkflowEnvironment,
) -> None:
    calendar = GatedCalendar()
    async with staged(server, calendar=calendar) as stage:
        interview = await stage.start(interviewers=["grace"])
        start_of_slot = await to_offer(interview)
        await interview.send("choose_slot", by="candidate", start=start_of_slot.isoformat())
        await eventually(calendar.versions_begun, lambda begun: begun == [0])
        await interview.handle.cancel(reason="stop")
        await interview.happened("interview_cancelled")
        calendar.gate.set()
        ended = await interview.handle.result()
        left = await stage.ledger.busy(["grace"], start_of_slot, start_of_slot + timedelta(hours=1), start_of_slot)

        assert ended.status is Status.CANCELLED
        assert left == ()
        assert await calendar.read("grace", f"{ended.interview}.p1") is None
        # Who never got an invitation gets no CANCEL; who got the offer hears that it is withdrawn.
        assert [letter.recipient for letter in stage.post.letters] == ["ada@example.org", "ada@example.org"]
        assert not [letter for letter in stage.post.letters if b"text/calendar" in letter.raw]


class GatedLedger(MemoryLedger):
    """A ledger that looks at what a claim holds only once the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.gate.set()

    async def held(self, key: str) -> tuple[Claimed, ...]:
        await self.gate.wait()
        return await super().held(key)


async def test_a_choice_repeated_while_another_panel_is_claimed_is_not_told_that_its_time_is_gone(
    server: WorkflowEnvironment,
) -> None:
    ledger = GatedLedger()
    async with staged(server, ledger=ledger) as stage:
        interview = await stage.start()
        start_of_slot = await to_booking(interview)
        stage.calendar.add_busy("edsger", Busy(start=start_of_slot, end=start_of_slot + timedelta(hours=1)))
        ledger.gate.clear()
        replacing = asyncio.create_task(
            interview.refused("replace_interviewer", by="coordinator", whom="i2", person="edsger")
        )
        await interview.happened("time_requested", times=2)
        again = await interview.send("choose_slot", by="candidate", start=start_of_slot.isoformat())
        ledger.gate.set()
        refused = await replacing

    assert again.status is Status.SCHEDULED
    assert refused.type == "slot_unavailable"


@pytest.mark.slow  # the server tries a failed task again in ten seconds
async def test_a_bug_in_a_background_task_fails_the_workflow_task_and_is_mended_by_a_deploy(
    server: WorkflowEnvironment,
) -> None:
    queue = new_queue()
    async with Worker(server.client, task_queue=queue, workflows=[BuggyWorkflow]):
        interview = await start(server, queue)
        failed = await eventually(lambda: _failed_tasks(interview), bool)
    async with staged(server, task_queue=queue):
        view = await interview.until(lambda view: view.status is Status.AWAITING_CANDIDATE)

    assert "look_up_people" in failed[0]
    assert len(view.offered) == 5


async def _failed_tasks(interview: Running) -> list[str]:
    history = await interview.handle.fetch_history()
    return [
        event.workflow_task_failed_event_attributes.failure.message
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    ]


class UnwritableCalendar(MemoryCalendar):
    """A calendar that can be read; whether it can be written, the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.writable = False

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        if not self.writable:
            raise CalendarUnavailable(person, "down")
        return await super().ensure(person, event, interview, etag)


async def test_mail_goes_on_while_the_calendar_is_down_and_the_calendar_catches_up(server: WorkflowEnvironment) -> None:
    calendar = UnwritableCalendar()
    async with staged(server, calendar=calendar) as stage:
        interview = await stage.start(interviewers=["grace"])
        start_of_slot = await to_offer(interview)
        await interview.send("choose_slot", by="candidate", start=start_of_slot.isoformat())
        await interview.forward(timedelta(hours=1))
        behind = await interview.until(lambda view: bool(view.attention))
        await interview.happened("message_sent", times=2)
        mailed = [letter.recipient for letter in stage.post.letters]
        calendar.writable = True
        await interview.forward(timedelta(minutes=10))
        caught_up = await interview.until(lambda view: not view.attention)
        stored = await calendar.read("grace", f"{behind.interview}.p1")

    assert [(item.id, item.owner, item.rank) for item in behind.attention] == [("CALENDAR_BEHIND", "operator", "now")]
    assert behind.status is caught_up.status is Status.SCHEDULED
    assert mailed.count("ada@example.org") == 2  # the offer and, without the calendar, the invitation
    assert stored is not None
    assert stored.start == start_of_slot


@pytest.fixture(name="rolling", scope="module")
async def _rolling() -> AsyncIterator[WorkflowEnvironment]:
    """A server that suggests to continue as new all the time."""
    async with await dev_server("limit.historyCount.suggestContinueAsNew=40") as env:
        yield env


async def test_continue_as_new_loses_nothing(rolling: WorkflowEnvironment) -> None:
    async with staged(rolling) as stage:
        interview = await stage.start()
        interview.handle = rolling.client.get_workflow_handle(interview.handle.id, result_type=contract.Ended)
        await to_completion(interview)
        ended = await interview.handle.result()
        entries = await stage.journal.read(ended.interview)
        runs = [one async for one in rolling.client.list_workflows(f"WorkflowId = '{interview.handle.id}'")]

    assert ended.status is Status.COMPLETED
    assert [entry.seq for entry in entries] == list(range(1, ended.events + 1))
    assert len(runs) > 2
    assert len(stage.post.letters) == 12


async def test_a_key_is_remembered_across_continue_as_new(rolling: WorkflowEnvironment) -> None:
    async with staged(rolling) as stage:
        interview = await stage.start()
        interview.handle = rolling.client.get_workflow_handle(interview.handle.id, result_type=contract.Ended)
        first_run = (await interview.handle.describe()).run_id
        await to_offer(interview)
        first = await interview.send("share_expectations", key="k1", by="candidate", for_other_side="how you decide")
        await to_session(interview)
        later_run = (await interview.handle.describe()).run_id
        other = await interview.refused("share_expectations", key="k1", by="candidate", for_other_side="something else")
        again = await interview.send("share_expectations", key="k1", by="candidate", for_other_side="how you decide")

    assert later_run != first_run
    assert again == first
    assert other.type == "idempotency_mismatch"


async def test_every_activity_and_timer_says_in_plain_words_what_it_is_for(stage: Stage) -> None:
    interview = await stage.start()
    await to_booking(interview)
    history = await interview.handle.fetch_history()
    scheduled = [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]
    timers = [event for event in history.events if event.HasField("timer_started_event_attributes")]

    assert scheduled
    assert timers
    for event in [*scheduled, *timers]:
        assert len(json.loads(event.user_metadata.summary.data)) > 10
    assert all(
        event.activity_task_scheduled_event_attributes.activity_id.startswith(
            interview.handle.id.removeprefix("interview/")
        )
        for event in scheduled
    )


async def test_ids_and_search_attributes_hold_no_personal_data(stage: Stage) -> None:
    interview = await stage.start()
    await to_session(interview)
    described = await interview.handle.describe()
    history = await interview.handle.fetch_history()
    ids = [
        event.activity_task_scheduled_event_attributes.activity_id
        for event in history.events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    indexed = [str(pair.value) for pair in described.typed_search_attributes.search_attributes]
    summaries = [event.user_metadata.summary.data.decode() for event in history.events]
    upserts = [
        MessageToJson(event.upsert_workflow_search_attributes_event_attributes)
        for event in history.events
        if event.HasField("upsert_workflow_search_attributes_event_attributes")
    ]

    assert "IN_PROGRESS" in indexed
    for personal in ("Ada", "ada@", "Summer", "Grace", "grace", "Winter", "@"):
        assert not [text for text in (*ids, *indexed, *summaries, *upserts) if personal in text]


async def test_histories_replay(stage: Stage) -> None:
    interview = await stage.start()
    await to_completion(interview)
    history: WorkflowHistory = await interview.handle.fetch_history()

    await Replayer(workflows=[InterviewWorkflow], plugins=[PLUGIN]).replay_workflow(history)
