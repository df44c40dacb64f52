import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import (
    ScheduleActionExecution,
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    ScheduleOverlapPolicy,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.calendar import CalendarRefused, CalendarUnavailable, OurEvent, Removed
from adapters.memory.calendar import MemoryCalendar
from entrevue import contract
from entrevue.client import InterviewClient
from entrevue.values import CalendarEvent, PersonId, Slot
from tests.workflows.stage import PEOPLE, Running, Stage, eventually, new_queue, staged
from worker import EVERY, schedule_janitor
from workflows.janitor import Tidied

ROOT = Path(__file__).parents[2]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(server) as stage:
        yield stage


def named(interview: Running) -> str:
    return interview.handle.id.removeprefix(contract.workflow_id(""))


async def take(
    stage: Stage, interview: str, start: datetime, *, person: PersonId = "grace", hold_until: datetime | None = None
) -> tuple[str, bool]:
    """Ask for an hour of somebody's time, as the interview's own activity does; give the key, and whether it stands."""
    key = f"{interview}/claim/{start:%d%H}.1"
    taken = await stage.ledger.claim(
        key=key,
        interview=interview,
        people=[person],
        start=start,
        end=start + HOUR,
        minutes=60,
        replaces=None,
        now=start - 99 * DAY,
        hold_until=hold_until,
    )
    return key, not taken


async def claim(
    stage: Stage, interview: str, start: datetime, *, person: PersonId = "grace", hold_until: datetime | None = None
) -> str:
    key, stands = await take(stage, interview, start, person=person, hold_until=hold_until)
    assert stands
    return key


async def write(stage: Stage, interview: str, start: datetime, *, person: PersonId = "grace") -> str:
    """Write an event, as the interview's own activity does; give its UID."""
    uid = f"{interview}.p{start:%d%H}"
    slot = Slot(start=start, minutes=60, zone="Europe/Berlin")
    event = CalendarEvent(uid=uid, sequence=2, stamp=start, slot=slot, summary="Interview")
    await stage.calendar.ensure(person, event, interview, None)
    return uid


async def tidied(stage: Stage) -> Tidied:
    result: Tidied = await stage.env.client.execute_workflow(
        contract.JANITOR, id=new_queue(), task_queue=stage.task_queue, result_type=Tidied
    )
    return result


async def keys(stage: Stage, interview: str) -> list[str]:
    return [one.key for one in await stage.ledger.of_interview(interview)]


# --- what goes, and what stays ---------------------------------------------------------------------------------------


async def test_what_a_terminated_interview_held_goes_and_what_a_live_one_holds_stays(stage: Stage) -> None:
    dead, live = await stage.start(), await stage.start()
    tomorrow = await live.now() + DAY
    held = await claim(stage, named(live), tomorrow)
    kept = await write(stage, named(live), tomorrow)
    await claim(stage, named(dead), tomorrow + HOUR)
    await claim(stage, named(dead), tomorrow + HOUR, person="linus")
    for person in ("grace", "linus"):
        await write(stage, named(dead), tomorrow + HOUR, person=person)
    await dead.handle.terminate("a test")

    first, second = await tidied(stage), await tidied(stage)

    assert first.said == "1 claim released, 2 events removed"
    assert (first.claims_released, first.events_removed) == (1, 2)
    assert second.said == "0 claims released, 0 events removed"
    assert await stage.ledger.of_interview(named(dead)) == ()
    assert await keys(stage, named(live)) == [held]
    ours = [await stage.calendar.ours(person, tomorrow - DAY, tomorrow + DAY) for person in ("grace", "linus")]
    assert [[event.uid for event in events] for events in ours] == [[kept], []]


async def test_a_claim_that_arrives_after_its_interview_was_tidied_away_is_refused(stage: Stage) -> None:
    """The last attempt of an activity may outlive its workflow."""
    dead = await stage.start()
    tomorrow = await dead.now() + DAY
    await claim(stage, named(dead), tomorrow)
    await dead.handle.terminate("a test")
    await tidied(stage)

    _, stands = await take(stage, named(dead), tomorrow)

    assert not stands
    assert await keys(stage, named(dead)) == []


async def test_the_past_of_an_interview_that_ended_stays_as_load_and_in_calendars(stage: Stage) -> None:
    ended = await stage.start()
    now = await ended.now()
    past = await claim(stage, named(ended), now - 3 * HOUR)
    await claim(stage, named(ended), now + 3 * HOUR)
    uid = await write(stage, named(ended), now - 3 * HOUR)
    await write(stage, named(ended), now + 3 * HOUR)
    await ended.send("cancel", by="coordinator")
    await ended.handle.result()

    result = await tidied(stage)

    assert (result.claims_released, result.events_removed, result.rows_pruned) == (1, 1, 0)
    assert await keys(stage, named(ended)) == [past]
    assert [event.uid for event in await stage.calendar.ours("grace", now - DAY, now + DAY)] == [uid]


async def test_an_expired_hold_goes_and_one_that_stands_stays(stage: Stage) -> None:
    live = await stage.start()
    now = await live.now()
    await claim(stage, named(live), now + DAY, hold_until=now - HOUR)
    stands = await claim(stage, named(live), now + 2 * DAY, hold_until=now + HOUR)

    result = await tidied(stage)

    assert (result.rows_pruned, result.claims_released) == (1, 0)
    assert await keys(stage, named(live)) == [stands]


async def test_what_is_older_than_a_quarter_of_a_year_is_deleted(stage: Stage) -> None:
    live = await stage.start()
    now = await live.now()
    await claim(stage, named(live), now - 91 * DAY)
    recent = await claim(stage, named(live), now - 89 * DAY)
    for days in (91, 89):
        await stage.ledger.release(key=f"{named(live)}/claim/{days}.1", now=now - days * DAY)

    result = await tidied(stage)

    assert result.rows_pruned == 2
    assert await keys(stage, named(live)) == [recent]


async def test_an_event_that_a_person_moved_is_left_to_them(stage: Stage) -> None:
    dead = await stage.start()
    tomorrow = await dead.now() + DAY
    uid = await write(stage, named(dead), tomorrow)
    stage.calendar.move("grace", uid, tomorrow + HOUR)
    await dead.handle.terminate("a test")

    result = await tidied(stage)

    assert result.said == "0 claims released, 0 events removed, 1 event left that a person moved"
    assert await stage.calendar.read("grace", uid) is not None


async def test_an_event_of_another_installation_is_left_alone_at_every_look(stage: Stage) -> None:
    """It may write to the same calendars; our server has never heard of its interviews."""
    any_interview = await stage.start()
    uid = await write(stage, "theirs", await any_interview.now() + DAY)

    results = [await tidied(stage), await tidied(stage)]

    assert [(one.events_of_strangers, one.unknown) for one in results] == [(1, ()), (1, ())]
    assert await stage.calendar.read("grace", uid) is not None


# --- trouble, and size -----------------------------------------------------------------------------------------------


class TroubledCalendar(MemoryCalendar):
    """Grace's cannot be read, and Linus's cannot be written."""

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        if person == "grace":
            raise CalendarUnavailable(person, "ConnectError")
        return await super().ours(person, start, end)

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        if person == "linus":
            raise CalendarRefused(person, "status 403")
        return await super().remove(person, uid, sequence, etag)


async def test_trouble_with_one_calendar_is_told_and_stops_no_other(server: WorkflowEnvironment) -> None:
    async with staged(server, calendar=TroubledCalendar()) as stage:
        dead = await stage.start()
        tomorrow = await dead.now() + DAY
        await claim(stage, named(dead), tomorrow)
        uids = {person.id: await write(stage, named(dead), tomorrow, person=person.id) for person in PEOPLE}
        await dead.handle.terminate("a test")

        result = await tidied(stage)
        left = [person for person, uid in uids.items() if await stage.calendar.read(person, uid)]

    assert result.said == "1 claim released, 1 event removed, 2 calendars in trouble"
    assert (result.calendars_in_trouble, result.in_trouble) == (2, ("grace", "linus"))
    assert left == ["grace", "linus"]


async def test_what_lies_beyond_the_first_page_is_found(stage: Stage) -> None:
    dead = await stage.start(id=f"z{new_queue()}")
    tomorrow = await dead.now() + DAY
    for n in range(200):
        await claim(stage, f"a{n:03}", tomorrow, person=f"a{n:03}")
        extra = PEOPLE[0].model_copy(update={"id": f"a{n:03}", "email": f"a{n:03}@acme.example"})
        stage.directory.put(extra)
    await claim(stage, named(dead), tomorrow)
    await write(stage, named(dead), tomorrow)
    await dead.handle.terminate("a test")

    result = await tidied(stage)

    assert (result.claims_released, result.events_removed) == (1, 1)
    assert len(result.unknown) == 200


# --- the schedule ----------------------------------------------------------------------------------------------------


@dataclass
class Worker:
    """`worker.py` itself, as a process."""

    folder: Path
    address: str
    said: list[str] = field(default_factory=list)

    async def start(self, **settings: str) -> None:
        """Start it, and stop it when it says that it has started."""
        names = settings | {
            "TEMPORAL_ADDRESS": self.address,
            "ENTREVUE_PEOPLE": str(ROOT / "docs" / "examples" / "people.toml"),
            "ENTREVUE_SMTP__HOSTNAME": "127.0.0.1",
            "ENTREVUE_SMTP__PORT": "1",
            "ENTREVUE_MAIL__DOMAIN": "hire.acme.example",
            "ENTREVUE_MAIL__FROM_ADDRESS": "interviews@hire.acme.example",
            "ENTREVUE_MAIL__FROM_NAME": "Acme interviews",
            "ENTREVUE_MAIL__AGENT_ADDRESS": "interviews+{token}@hire.acme.example",
            "ENTREVUE_MAIL__BOUNCE_ADDRESS": "bounces+{token}@hire.acme.example",
            "ENTREVUE_MAIL__SECRET": "a secret that only tests know",
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            ROOT / "worker.py",
            cwd=self.folder,
            env=os.environ | names,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        async for line in process.stderr:
            self.said.append(line.decode())
            if "worker started" in self.said[-1]:
                process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0, self.said


@pytest.fixture(name="schedule")
async def _schedule(server: WorkflowEnvironment) -> AsyncIterator[ScheduleHandle]:
    """The one there is in a namespace; it is gone before and after."""
    handle = server.client.get_schedule_handle(contract.JANITOR_SCHEDULE)
    with suppress(RPCError):
        await handle.delete()
    yield handle
    with suppress(RPCError):
        await handle.delete()


async def test_whoever_starts_second_finds_the_schedule_and_leaves_a_pause_alone(
    server: WorkflowEnvironment, schedule: ScheduleHandle
) -> None:
    async def scheduled() -> list[str]:
        return [one.id async for one in await server.client.list_schedules()]

    await schedule_janitor(server.client, task_queue=contract.TASK_QUEUE)
    await schedule.pause(note="the calendar server moves house")
    await schedule_janitor(server.client, task_queue=contract.TASK_QUEUE)
    described = (await schedule.describe()).schedule

    assert (await eventually(scheduled, lambda seen: schedule.id in seen)).count(schedule.id) == 1
    assert [interval.every for interval in described.spec.intervals] == [EVERY]
    assert described.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert (described.state.paused, described.state.note) == (True, "the calendar server moves house")


@pytest.mark.slow  # starts two processes
async def test_two_workers_that_start_make_one_schedule_without_a_warning(
    server: WorkflowEnvironment, schedule: ScheduleHandle, tmp_path: Path
) -> None:
    address = server.client.service_client.config.target_host
    first, second = Worker(tmp_path, address), Worker(tmp_path, address)
    await first.start()
    await schedule.pause(note="the calendar server moves house")
    await second.start()

    assert (await schedule.describe()).schedule.state.note == "the calendar server moves house"
    assert not [line for line in (*first.said, *second.said) if json.loads(line)["level"] in ("warning", "error")]


@pytest.mark.slow  # starts a process
async def test_a_worker_can_be_told_to_leave_the_schedule_alone(
    server: WorkflowEnvironment, schedule: ScheduleHandle, tmp_path: Path
) -> None:
    await Worker(tmp_path, server.client.service_client.config.target_host).start(ENTREVUE_JANITOR="false")

    with pytest.raises(RPCError) as missing:
        await schedule.describe()
    assert missing.value.status is RPCStatusCode.NOT_FOUND


async def test_what_an_interview_held_that_the_server_has_forgotten_goes_at_the_second_look(
    stage: Stage, schedule: ScheduleHandle
) -> None:
    await schedule_janitor(stage.env.client, task_queue=stage.task_queue)
    await schedule.pause(note="it comes when it is called")
    forgotten = await stage.start()
    tomorrow = await forgotten.now() + DAY
    await claim(stage, named(forgotten), tomorrow)
    await write(stage, named(forgotten), tomorrow)
    await eventually(lambda: stage.journal.read(named(forgotten)), bool)
    await _forget(stage, forgotten)

    first = await _triggered(stage, schedule, 1)
    kept = await keys(stage, named(forgotten))
    second = await _triggered(stage, schedule, 2)

    assert first.said == "0 claims released, 0 events removed, 1 interview unknown to the server"
    assert first.unknown == (named(forgotten),)
    assert len(kept) == 1
    assert (second.claims_released, second.events_removed) == (1, 1)
    assert await keys(stage, named(forgotten)) == []
    assert await stage.calendar.ours("grace", tomorrow - DAY, tomorrow + DAY) == ()


async def _forget(stage: Stage, interview: Running) -> None:
    """Delete the history, as retention does."""
    client = stage.env.client
    execution = WorkflowExecution(workflow_id=interview.handle.id)
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=execution)
    )
    interviews = InterviewClient(client)
    await eventually(lambda: interviews.standing(named(interview)), lambda standing: standing == "unknown")


async def _triggered(stage: Stage, schedule: ScheduleHandle, times: int) -> Tidied:
    await schedule.trigger()

    async def runs() -> list[ScheduleActionExecution]:
        return [one.action for one in (await schedule.describe()).info.recent_actions]

    started = (await eventually(runs, lambda found: len(found) == times))[-1]
    assert isinstance(started, ScheduleActionExecutionStartWorkflow)
    result: Tidied = await stage.env.client.get_workflow_handle(started.workflow_id, result_type=Tidied).result()
    return result
