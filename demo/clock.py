"""Put a workflow's own clock forward so that nothing which is due meanwhile is passed over.

The server puts a clock forward from timer to timer whenever the workflow has nothing to do. But it looks only at what
lies ahead: a timer, or the end of a request, that is due already and waits for its turn is passed over, to whatever
comes next. So this goes one timer at a time, waits until all that it woke is done, and lets no request end just then.
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import EventType, PendingActivityState
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

_PATIENCE = 60
"""Seconds for one step: a worker may be slow, or have just been killed."""

_A_BREATH = 0.005
_LATE = timedelta(milliseconds=300)
"""By so much a request may reach the server after we looked. So little is not skipped but waited for."""

_BEYOND = timedelta(seconds=7.3)
"""A request ends so long after the timer that it goes to, when what that woke is done; no pause of ours is as long."""

_NEVER = datetime.max.replace(tzinfo=UTC)
_START = ""
"""Stands for the delayed start among the ids of timers."""

_Workflow = TypeVar("_Workflow")
_Result = TypeVar("_Result")


class NeverCame(Exception):
    """Something that follows by itself did not come."""


class Clocks(Protocol):
    """What the SDK's time skipper and its test environment have in common."""

    async def fast_forward(
        self, handle: WorkflowHandle[_Workflow, _Result], duration: timedelta | float | None = None, /
    ) -> bool: ...


async def forward(clocks: Clocks, handle: WorkflowHandle[_Workflow, _Result], duration: timedelta) -> None:
    """Put the clock forward by `duration`; all that is due by then has happened, but for what child workflows do.

    The handle names no run: a workflow that continues as new goes on. An activity that waits for its next attempt is
    tried once the clock stops, if not before: that is the server's doing. Raises `NeverCame` where one step takes a
    minute.
    """
    until = _now((await handle.describe()).raw_description) + duration
    while (rest := await _at_rest(handle)) is not None:
        now, due = rest
        if now >= until:
            return
        ahead = _stop(due, until) - now
        if min(ahead, due - now) > _LATE:
            await _skip(clocks, handle, ahead)
        else:
            await asyncio.sleep((min(due, until) - now).total_seconds())


def _stop(due: datetime, until: datetime) -> datetime:
    """Say where the next request ends: with nothing due there, or shortly before."""
    if due > until + _LATE:
        return until
    if due + _BEYOND + _LATE < until:
        return due + _BEYOND
    return due - _LATE


async def _skip(clocks: Clocks, handle: WorkflowHandle[_Workflow, _Result], ahead: timedelta) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await clocks.fast_forward(handle, ahead)
    except TimeoutError:
        raise NeverCame(f"waited {_PATIENCE} s for the clock of {handle.id} to go forward by {ahead}") from None
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:  # that is one which has just ended
            raise


async def _at_rest(handle: WorkflowHandle[_Workflow, _Result]) -> tuple[datetime, datetime] | None:
    """Wait until all that was due is done; give what its clock says, and when something is due next. None: it ended."""
    said = "an answer"
    try:
        async with asyncio.timeout(_PATIENCE):
            while True:
                described = await handle.describe()
                if described.status is not WorkflowExecutionStatus.RUNNING:
                    return None
                raw = described.raw_description
                now, said = _now(raw), _at_work(raw)
                if not _is_at_work(raw, now):
                    history = [event async for event in handle.fetch_history_events()]
                    due = min((*_timers(history), *_attempts(raw)), default=_NEVER)
                    if history[-1].event_id == described.history_length and due > now:  # nothing came in between
                        return now, due
                    said = f"what was due {due:%a %d %b %H:%M:%S} UTC"
                await asyncio.sleep(_A_BREATH)
    except TimeoutError:
        raise NeverCame(f"waited {_PATIENCE} s for {handle.id}: {said}") from None


def _is_at_work(described: DescribeWorkflowExecutionResponse, now: datetime) -> bool:
    """Whether a task is with a worker, or on its way to one."""
    attempts = list(_attempts(described))
    waiting = len(attempts) == len(described.pending_activities) and all(at > now for at in attempts)
    return described.HasField("pending_workflow_task") or not waiting


def _at_work(described: DescribeWorkflowExecutionResponse) -> str:
    activities = (f"{one.activity_type.name} (attempt {one.attempt})" for one in described.pending_activities)
    return ", ".join([*activities, *["its workflow task"] * described.HasField("pending_workflow_task")])


def _attempts(described: DescribeWorkflowExecutionResponse) -> Iterator[datetime]:
    """Say when activities that failed are tried again."""
    for activity in described.pending_activities:
        waits = activity.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        if waits and activity.HasField("next_attempt_schedule_time"):
            yield _instant(activity.next_attempt_schedule_time)


def _timers(history: list[HistoryEvent]) -> list[datetime]:
    """Say when the timers that have not fired are due, and a start that is delayed."""
    timers: dict[str, datetime] = {}
    for event in history:
        at = _instant(event.event_time)
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            started = event.timer_started_event_attributes
            timers[started.timer_id] = at + started.start_to_fire_timeout.ToTimedelta()
        elif event.event_type == EventType.EVENT_TYPE_TIMER_FIRED:
            timers.pop(event.timer_fired_event_attributes.timer_id, None)
        elif event.event_type == EventType.EVENT_TYPE_TIMER_CANCELED:
            timers.pop(event.timer_canceled_event_attributes.timer_id, None)
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
            begun = event.workflow_execution_started_event_attributes
            timers[_START] = at + begun.first_workflow_task_backoff.ToTimedelta()
        elif event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED:
            timers.pop(_START, None)
    return list(timers.values())


def _now(described: DescribeWorkflowExecutionResponse) -> datetime:
    """Read the workflow's own clock, which is everybody's until it is put forward for the first time."""
    about = described.workflow_extended_info
    if about.HasField("time_skipping_info"):
        return _instant(about.time_skipping_info.current_time)
    return datetime.now(UTC)


def _instant(stamp: Timestamp) -> datetime:
    return stamp.ToDatetime(UTC)
