"""The clock that tests and the demo put forward: what is due meanwhile happens when it is due."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from temporalio import workflow
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from demo import clock
from tests.workflows.stage import new_queue

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


@pytest.fixture(name="queue")
async def _queue(server: WorkflowEnvironment) -> AsyncIterator[str]:
    queue = new_queue()
    async with Worker(server.client, task_queue=queue, workflows=[Alarm]):
        yield queue


@pytest.fixture(name="alarm")
async def _alarm(server: WorkflowEnvironment, queue: str) -> WorkflowHandle[Alarm, None]:
    return await server.client.start_workflow(Alarm.run, 20, id=queue, task_queue=queue)


async def test_what_is_just_due_when_the_clock_is_put_forward_again_is_not_passed_over(
    server: WorkflowEnvironment, alarm: WorkflowHandle[Alarm, None]
) -> None:
    for _ in range(12):
        await alarm.signal(Alarm.wind)
        await clock.forward(server, alarm, MINUTE)
        await clock.forward(server, alarm, 20 * MINUTE)
    took = await alarm.query(Alarm.took)

    assert len(took) == 12
    assert max(took) < 2 * MINUTE


async def test_what_has_ended_needs_no_more_time(
    server: WorkflowEnvironment, alarm: WorkflowHandle[Alarm, None]
) -> None:
    for _ in range(20):
        await alarm.signal(Alarm.wind)
    await clock.forward(server, alarm, 60 * MINUTE)
    await clock.forward(server, alarm, MINUTE)

    assert len(await alarm.query(Alarm.took)) == 20


async def test_a_start_that_is_delayed_has_come_when_its_time_has(server: WorkflowEnvironment, queue: str) -> None:
    over_at_once = await server.client.start_workflow(Alarm.run, 0, id=queue, task_queue=queue, start_delay=HOUR)

    await clock.forward(server, over_at_once, HOUR - MINUTE)
    before = (await over_at_once.describe()).status
    await clock.forward(server, over_at_once, 2 * MINUTE)
    after = (await over_at_once.describe()).status

    assert (before, after) == (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED)
