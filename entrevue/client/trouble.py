"""What can go wrong besides a refusal, and how Temporal says so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.api.errordetails.v1 import NamespaceNotFoundFailure
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from entrevue.values import Code, InterviewId, Refused

_SILENT = {RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED, RPCStatusCode.UNAVAILABLE}


class NoServer(ConnectionError):
    """Nothing that speaks Temporal answers at `address`."""

    def __init__(self, address: str) -> None:
        super().__init__(f"no Temporal server answers at {address}; set TEMPORAL_ADDRESS or start one")
        self.address = address


class UnknownInterview(Exception):
    """No interview was started under this id, or its history is past the server's retention."""

    def __init__(self, interview: InterviewId) -> None:
        super().__init__(f"there is no interview {interview}")
        self.interview = interview


class NoAnswerYet(Exception):
    """Neither yes nor no came in time. What was sent, under `key`, may still be applied; a question has no key."""

    def __init__(self, sentence: str, key: str | None = None) -> None:
        super().__init__(sentence)
        self.key = key


# --- from Temporal's words to ours -----------------------------------------------------------------------------------


def raise_if_refused(cause: BaseException) -> None:
    """Raise the refusal that an error carries; what carries none is trouble: a bug, or an operator's doing."""
    if isinstance(cause, ApplicationError) and cause.type in tuple(Code):
        raise Refused(Code(cause.type), cause.message) from cause


@asynccontextmanager
async def in_time(patience: timedelta, sentence: str, key: str | None = None) -> AsyncIterator[None]:
    """Wait so long and no longer; Temporal's own timeouts are those of one call, and it makes several."""
    try:
        async with asyncio.timeout(patience.total_seconds()):
            yield
    except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError) as silence:
        _pass_on_cancellation()
        raise NoAnswerYet(sentence, key) from silence
    except RPCError as error:
        if error.status not in _SILENT:
            raise
        raise NoAnswerYet(sentence, key) from error


def _pass_on_cancellation() -> None:
    """Temporal's client takes a cancelled task for a timeout; whoever cancelled us must see it happen."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def namespace_missing(error: RPCError) -> bool:
    return any(detail.Is(NamespaceNotFoundFailure.DESCRIPTOR) for detail in error.grpc_status.details)
