"""The clock that tests and the demo put forward: what is due meanwhile happens when it is due."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from temporalio import activity, workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from demo import clock
from tests.workflows.stage import new_queue

_Workflow = TypeVar("_Workflow")

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@workflow.defn(sandboxed=False)  # this file imports what no workflow may
class Alarm:
    """Rings a minute after it was wound up, and ends after so many times."""

    def __init__(self) -> None:
        self._wound: list[datetime] = []
        self._rang: list[datetime] = []

    @workflow.run
    async def run(self, times: int) -> None:
        while len(self._rang) < times:
            await workflow.wait_condition(lambda: len(self._wound) > len(self._rang))
            await workflow.sleep(MINUTE)
            self._rang.append(workflow.now())

    @workflow.signal
    def wind(self) -> None:
        self._wound.append(workflow.now())

    @workflow.query
    def took(self) -> list[timedelta]:
        return [rang - wound for wound, rang in zip(self._wound, self._rang, strict=False)]


@workflow.defn(sandboxed=False)
class Trying:
    """Ends when what it tries comes off, at the third attempt."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(
            comes_off_at_the_third,
            start_to_close_timeout=HOUR,
            retry_policy=RetryPolicy(initial_interval=HOUR, backoff_coefficient=2),
        )


@activity.defn
async def comes_off_at_the_third() -> None:
    if activity.info().attempt < 3:
        raise RuntimeError("not yet")


@pytest.fixture(name="queue")
async def _queue(server: WorkflowEnvironment) -> AsyncIterator[str]:
    queue = new_queue()
    async with Worker(server.client, task_queue=queue, workflows=[Alarm, Trying], activities=[comes_off_at_the_third]):
        yield queue


@pytest.fixture(name="alarm")
async def _alarm(server: WorkflowEnvironment, queue: str) -> WorkflowHandle[Alarm, None]:
    return await server.client.start_workflow(Alarm.run, 20, id=queue, task_queue=queue)


async def test_what_is_just_due_when_the_clock_is_put_forward_again_is_not_passed_over(
    server: WorkflowEnvironment, alarm: WorkflowHandle[Alarm, None]
) -> None:
    for _ in range(20):
        await alarm.signal(Alarm.wind)
        await clock.forward(server, alarm, MINUTE)
        await clock.forward(server, alarm, 20 * MINUTE)
    took = await alarm.query(Alarm.took)

    assert len(took) == 20
    assert max(took) < 2 * MINUTE


async def test_what_has_ended_needs_no_more_time(
    server: WorkflowEnvironment, alarm: WorkflowHandle[Alarm, None]
) -> None:
    for _ in range(20):
        await alarm.signal(Alarm.wind)
    await clock.forward(server, alarm, 60 * MINUTE)
    await clock.forward(server, alarm, MINUTE)

    assert len(await alarm.query(Alarm.took)) == 20


async def test_attempts_come_in_their_time(server: WorkflowEnvironment, queue: str) -> None:
    trying = await server.client.start_workflow(Trying.run, id=queue, task_queue=queue)

    assert await _ends_after(server, trying, (1 + 2) * HOUR)


async def test_a_start_that_is_delayed_has_come_when_its_time_has(server: WorkflowEnvironment, queue: str) -> None:
    over_at_once = await server.client.start_workflow(Alarm.run, 0, id=queue, task_queue=queue, start_delay=HOUR)

    assert await _ends_after(server, over_at_once, HOUR)


async def _ends_after(
    server: WorkflowEnvironment, handle: WorkflowHandle[_Workflow, None], duration: timedelta
) -> bool:
    await clock.forward(server, handle, duration - MINUTE)
    before = (await handle.describe()).status
    await clock.forward(server, handle, 2 * MINUTE)
    after = (await handle.describe()).status
    return (before, after) == (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
