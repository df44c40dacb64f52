"""What people do in their calendars, from the drag of a mouse to what both sides then read: with the real watcher."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.people import PersonEntry
from demo import clock
from entrevue import contract
from entrevue.drift import DriftEvent
from entrevue.values import Status
from on_server import WatchersOnServer
from tests.workflows.stage import PEOPLE, Running, Stage, new_queue, staged
from tests.workflows.story import to_booking

A_QUARTER = timedelta(minutes=15)
DRIFT = {model.model_fields["kind"].default for model in DriftEvent.__args__}


@dataclass(kw_only=True)
class Watched:
    """A booked interview whose interviewers' calendars are watched."""

    stage: Stage
    interview: Running
    start: datetime
    panel: tuple[str, ...]

    @property
    def uid(self) -> str:
        return f"{self.interview.handle.id.removeprefix(contract.workflow_id(''))}.p1"

    async def minutes_pass(self, person: str) -> None:
        """Let a quarter of an hour go by for whoever watches this person."""
        watcher = self.stage.env.client.get_workflow_handle(contract.watch_id(person))
        await clock.forward(self.stage.env, watcher, A_QUARTER)

    async def in_calendar(self, person: str) -> list[datetime]:
        """Give when our events stand in this person's calendar."""
        there = await self.stage.calendar.ours(person, self.start - timedelta(days=90), self.start + timedelta(days=90))
        return [one.start for one in there]


@pytest.fixture(name="booked")
async def _booked(server: WorkflowEnvironment) -> AsyncIterator[Watched]:
    names = {name: new_queue().replace("stage", name) for name in ("grace", "linus", "edsger")}
    people = [PersonEntry.model_validate(one.model_dump() | {"id": names[one.id]}) for one in PEOPLE]
    queue = new_queue()
    async with staged(
        server, task_queue=queue, people=people, watchers=WatchersOnServer(server.client, queue)
    ) as stage:
        interview = await stage.start(interviewers=[names["grace"], names["linus"]])
        start = await to_booking(interview)
        yield Watched(stage=stage, interview=interview, start=start, panel=tuple(names.values()))


async def test_what_an_interview_itself_does_to_its_events_is_never_taken_for_drift(booked: Watched) -> None:
    grace, linus, edsger = booked.panel
    interview = booked.interview
    await booked.minutes_pass(grace)
    later = booked.start + timedelta(days=7)
    await interview.send("reschedule", by="coordinator", start=later.isoformat(), reason="a clash", overload=True)
    await interview.happened("calendar_written", times=4)
    await booked.minutes_pass(grace)
    await interview.send("replace_interviewer", by="coordinator", whom="i2", person=edsger)
    await interview.happened("calendar_cleared")
    await booked.minutes_pass(edsger)
    await interview.send("replace_interviewer", by="coordinator", whom="i3", person=linus)
    await interview.happened("calendar_cleared", times=2)
    await interview.settle()
    await booked.minutes_pass(linus)
    await booked.minutes_pass(grace)
    held = [await booked.in_calendar(person) for person in booked.panel]
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.happened("calendar_cleared", times=4)
    kinds = set(await interview.kinds())
    history = await interview.handle.fetch_history()
    signals = [event for event in history.events if event.HasField("workflow_execution_signaled_event_attributes")]

    assert held == [[later], [later], []]
    assert kinds.isdisjoint(DRIFT)
    assert signals == []


async def test_who_drags_the_event_has_proposed_that_time_and_the_booked_one_goes_back_each_time(
    booked: Watched,
) -> None:
    grace, linus, _ = booked.panel
    for times, elsewhere in enumerate((booked.start + timedelta(days=7), booked.start + timedelta(days=14)), start=1):
        booked.stage.calendar.move(grace, booked.uid, elsewhere)
        await booked.minutes_pass(grace)
        await booked.interview.happened("event_moved", times=times)
        await booked.interview.happened("calendar_written", times=2 + times)

        assert await booked.in_calendar(grace) == await booked.in_calendar(linus) == [booked.start]

    last = booked.start + timedelta(days=14)
    view = await booked.interview.until(lambda view: [one.start for one in view.offered] == [last], "candidate")

    assert (view.slot and view.slot.start) == booked.start


async def test_who_deletes_the_event_gives_up_the_seat(booked: Watched) -> None:
    grace, _, _ = booked.panel
    booked.stage.calendar.delete(grace, booked.uid)
    await booked.minutes_pass(grace)
    await booked.interview.happened("event_deleted")
    await booked.interview.happened("seat_answered")

    assert (await booked.interview.view()).status is not Status.SCHEDULED
