"""The desk of tests/workflows/desk.py on the real server: a watcher, and a worker that has no other workflow."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.calendar import Watched
from demo import clock
from entrevue import contract
from on_server import WatchersOnServer
from tests.workflows.desk import Desk, Diary
from tests.workflows.stage import answered, eventually, new_queue
from workflows.watching import WatchWorkflow


class Place(Desk):
    """The same with the real watcher."""

    def __init__(self, env: WorkflowEnvironment, calendar: Diary | None) -> None:
        super().__init__(new_queue().replace("stage", "p"), datetime.now(UTC).replace(microsecond=0), calendar)
        self.env = env
        self.task_queue = new_queue()
        self.watchers = WatchersOnServer(env.client, self.task_queue)
        self.watcher: WorkflowHandle[object, object] = env.client.get_workflow_handle(contract.watch_id(self.person))

    async def watch(self, event: Watched) -> None:
        await self.watchers.watch(self.person, event)

    async def unwatch(self, interview: str, *, sequence: int = 0) -> None:
        await self.watchers.unwatch(self.person, interview, "i1", sequence)

    async def poke(self, *, anew: bool = False) -> None:
        await self.watchers.poke(self.person, anew=anew)

    async def details(self) -> str:
        """Give what operators read."""
        return str(await answered(partial(self.watcher.query, "__temporal_workflow_metadata")))

    async def forward(self, duration: timedelta) -> None:
        await clock.forward(self.env, self.watcher, duration)


@asynccontextmanager
async def placed(
    env: WorkflowEnvironment, *, max_cached_workflows: int = 1000, calendar: Diary | None = None
) -> AsyncIterator[Place]:
    place = Place(env, calendar)
    async with Worker(
        env.client,
        task_queue=place.task_queue,
        workflows=[WatchWorkflow],
        activities=[
            place.activities.look_at_calendar,
            place.activities.tell_interviews,
            place.activities.listen_to_calendar,
            place.activities.hang_up_calendar,
        ],
        max_cached_workflows=max_cached_workflows,
    ):
        yield place


async def ended(place: Place) -> WorkflowExecutionStatus | None:
    found = await eventually(place.watcher.describe, lambda found: found.status is not WorkflowExecutionStatus.RUNNING)
    return found.status
