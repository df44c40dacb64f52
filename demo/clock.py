"""Put a workflow's own clock forward so that nothing which is due meanwhile is passed over.

The server puts a clock forward from timer to timer whenever the workflow has nothing to do. But it looks only at timers
that lie ahead: one that is due already, and has not fired for another few milliseconds, it passes over, to the next one
or to the end. So this goes one timer at a time, and waits until each has fired and its work is done.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

_PATIENCE = 60
"""Seconds until what is at hand is done; a worker may be slow, or just be killed."""

_A_BREATH = 0.005
_REAL = timedelta(milliseconds=150)
"""So little is not skipped but waited for: it might be over before the server has seen to it."""

_NEVER = datetime.max.replace(tzinfo=UTC)

_Workflow = TypeVar("_Workflow")
_Result = TypeVar("_Result")


class Clocks(Protocol):
    """What the SDK's time skipper and its test environment have in common."""

    async def fast_forward(
        self, handle: WorkflowHandle[_Workflow, _Result], duration: timedelta | float | None = None, /
    ) -> bool: ...

    async def get_current_time(self, handle: WorkflowHandle[_Workflow, _Result]) -> datetime: ...


async def forward(clocks: Clocks, handle: WorkflowHandle[_Workflow, _Result], duration: timedelta) -> None:
    """Put the clock forward by `duration`; all that is due by then has happened.

    Raises `TimeoutError` where what is at hand is not done in a minute.
    """
    until = await clocks.get_current_time(handle) + duration
    while (due := await _next(handle, until)) is not None:
        ahead = min(due, until) - await clocks.get_current_time(handle)
        if ahead > _REAL:
            try:
                await clocks.fast_forward(handle, ahead)
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise  # else it has just ended
        elif until < due and ahead <= timedelta(0):
            return
        else:
            await asyncio.sleep(max(ahead.total_seconds(), _A_BREATH))


async def _next(handle: WorkflowHandle[_Workflow, _Result], until: datetime) -> datetime | None:
    """Say when something is due next, once all that was due is done; None: the workflow has ended."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            timers = await _timers(handle)
            described = await handle.describe()
            if described.status not in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW):
                return None
            now = _now(described.raw_description)
            due = min((*timers, *_attempts(described.raw_description)), default=_NEVER)
            if not _is_at_work(described.raw_description, now) and (due > until or due > now):
                return due
            await asyncio.sleep(_A_BREATH)


async def _timers(handle: WorkflowHandle[_Workflow, _Result]) -> list[datetime]:
    """Say when the timers that have not fired are due."""
    timers: dict[str, datetime] = {}
    async for event in handle.fetch_history_events():
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            started = event.timer_started_event_attributes
            timers[started.timer_id] = _instant(event.event_time) + started.start_to_fire_timeout.ToTimedelta()
        elif event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            timers.pop(event.timer_fired_event_attributes.timer_id, None)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
            timers.pop(event.timer_canceled_event_attributes.timer_id, None)
    return list(timers.values())


def _is_at_work(described: DescribeWorkflowExecutionResponse, now: datetime) -> bool:
    """Whether a task is with a worker, or on its way to one."""
    waiting = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    return described.HasField("pending_workflow_task") or any(
        activity.state != waiting or _instant(activity.next_attempt_schedule_time) <= now
        for activity in described.pending_activities
    )


def _attempts(described: DescribeWorkflowExecutionResponse) -> Iterator[datetime]:
    """Say when activities that failed are tried again."""
    waiting = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    for activity in described.pending_activities:
        if activity.state == waiting and activity.HasField("next_attempt_schedule_time"):
            yield _instant(activity.next_attempt_schedule_time)


def _now(described: DescribeWorkflowExecutionResponse) -> datetime:
    """Read the workflow's own clock, which is everybody's until it is put forward for the first time."""
    skipping = described.workflow_extended_info
    return (
        _instant(skipping.time_skipping_info.current_time)
        if skipping.HasField("time_skipping_info")
        else datetime.now(UTC)
    )


def _instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
