"""Two interviews of one process and day, on a real server: they find each other by the index, and ask by query."""

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from entrevue import contract
from entrevue.orders import SameDay
from entrevue.sharing import Asked, Shared
from entrevue.values import CANDIDATE, Status
from on_server import InterviewsOnServer
from tests.workflows.stage import Running, Stage, eventually, new_queue, staged
from tests.workflows.story import to_booking, to_offer

HOUR = timedelta(hours=1)


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(server) as stage:
        yield stage


async def two_of_a_day(server: WorkflowEnvironment, stage: Stage) -> tuple[Running, Running, datetime]:
    """Book one, and the other two hours later, of one process; give the start of the first."""
    process = new_queue()
    one = await stage.start(process_id=process, interviewers=["grace"])
    start = await to_offer(one)
    other = await stage.start(process_id=process, interviewers=["linus"])
    await other.until(lambda view: view.status is Status.AWAITING_CANDIDATE)
    await one.send("book_slot", by="coordinator", start=start.isoformat())
    await other.send("book_slot", by="coordinator", start=(start + 2 * HOUR).isoformat())
    day = SameDay(process=process, candidate="c1", at=start, start=start, end=start + 3 * HOUR)
    await eventually(lambda: InterviewsOnServer(server.client).of_day(day), lambda seen: len(seen) == 2)
    for interview in (one, other):
        await interview.forward(timedelta(hours=12))  # past the candidate's night
        await interview.happened("message_sent", times=2)
    return one, other, start


async def letters(interview: Running, kind: str) -> list[list[str]]:
    """Give, of each letter of this kind to the candidate, the interviews that it names besides its own."""
    history = await interview.handle.fetch_history()
    ordered = [event.activity_task_scheduled_event_attributes for event in history.events]
    inputs = [json.loads(one.input.payloads[0].data) for one in ordered if one.activity_type.name == "send_letter"]
    return [
        [sibling["interview"] for sibling in one["letter"]["siblings"]]
        for one in inputs
        if one["letter"]["kind"] == kind and one["to"]["who"] == CANDIDATE
    ]


def named(interview: Running) -> str:
    return interview.handle.id.removeprefix(contract.workflow_id(""))


@pytest.mark.slow
async def test_one_reminds_of_both_and_the_other_keeps_quiet(server: WorkflowEnvironment, stage: Stage) -> None:
    one, other, start = await two_of_a_day(server, stage)
    await one.forward_to(start - HOUR / 2)
    await one.happened("message_sent", times=5)
    await other.forward_to(start + 3 * HOUR / 2)
    await other.happened("message_sent", times=3)
    history = await other.handle.fetch_history()
    ordered = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]

    assert [await letters(one, kind) for kind in ("day_reminder", "hour_reminder")] == [[[named(other)]]] * 2
    assert [await letters(other, kind) for kind in ("day_reminder", "hour_reminder")] == [[], []]
    assert ordered.count("look_up_briefs") == 2  # a day and an hour ahead; what is asked of others holds up no task


@pytest.mark.slow
async def test_an_hour_ahead_nothing_is_said_of_what_was_called_off(server: WorkflowEnvironment, stage: Stage) -> None:
    one, other, start = await two_of_a_day(server, stage)
    await one.forward_to(start - 20 * HOUR)
    await one.happened("message_sent", times=3)
    await other.send("cancel", by="coordinator", reason="the role is filled")
    await one.forward_to(start - HOUR / 2)
    await one.happened("message_sent", times=5)

    assert await letters(one, "day_reminder") == [[named(other)]]
    assert await letters(one, "hour_reminder") == [[]]


async def test_who_asks_about_another_candidate_or_another_day_hears_nothing(stage: Stage) -> None:
    interview = await stage.start(process_id="p4")
    start = await to_booking(interview)
    day = {"process": "p4", "candidate": "ada", "at": start, "start": start - HOUR, "end": start + HOUR}
    on_server = InterviewsOnServer(stage.env.client)
    asked = Asked.model_validate({"interview": "r8", "day": day, "now": start})
    own = hashlib.sha256(b"ada@example.org").hexdigest()[:32]

    assert await on_server.same_day(named(interview), asked) == Shared()
    assert await on_server.same_day("never-begun", asked) == Shared()
    asked = Asked.model_validate({"interview": "r8", "day": {**day, "candidate": own}, "now": start})
    said = await on_server.same_day(named(interview), asked)
    assert said.sibling is not None
    assert said.sibling.slot.start == start
    asked = Asked.model_validate(
        {"interview": "r8", "day": {**day, "candidate": own, "start": start + HOUR}, "now": start}
    )
    assert await on_server.same_day(named(interview), asked) == Shared()
