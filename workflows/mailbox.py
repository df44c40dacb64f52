"""Read what comes back by mail, once a minute, for as long as there is a mailbox; one such workflow is enough."""

from datetime import timedelta

from pydantic import Field
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.mailbox import MailboxActivities, MailboxRead, Mark, ReadMailbox
    from entrevue import contract
    from entrevue.values import Instant, Message

_EVERY, _RAREST = timedelta(minutes=1), timedelta(minutes=15)
"""How often the mailbox is read, and how often while it is in trouble."""

_ATTEMPT, _SILENCE = timedelta(minutes=5), timedelta(minutes=3)
"""The silence is longer than a batch takes to fetch from the slowest server that an adapter waits for."""

_ONCE = RetryPolicy(maximum_attempts=1)
"""Trouble is shown at once, and tried again by ourselves: what lies in the mailbox waits there."""


class Reading(Message):
    """How far the mailbox was read, and what came of it: carried across continue-as-new, and shown to operators."""

    mark: Mark = ()
    read_at: Instant | None = None
    """When it was last read without trouble."""
    counts: dict[str, int] = Field(default_factory=dict)
    """Mails by what they led to: a kind of fact, or the reason why none. `too_late`: its interview had ended."""
    trouble: str | None = None
    failures: int = 0
    """In a row."""


@workflow.defn(name=contract.MAILBOX)
class MailboxWorkflow:
    @workflow.init
    def __init__(self, reading: Reading | None = None) -> None:
        self._reading = reading or Reading()

    @workflow.query(name=contract.VIEW, description="How far the mailbox was read, and what came of it")
    def view(self) -> Reading:
        return self._reading

    @workflow.run
    async def run(self, reading: Reading | None = None) -> None:
        """Go on until somebody ends it. What it tells twice is no news to interviews, so it may be started anew."""
        del reading  # `__init__`'s business
        more = False
        while True:
            try:
                read = await self._read()
            except ActivityError as failure:
                if is_cancelled_exception(failure):
                    raise
                more = False
                self._reading = _failed(self._reading, failure)
            else:
                more = read.more
                self._reading = _went_on(self._reading, read)
            workflow.set_current_details(_card(self._reading))
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._reading)
            if not more:
                await workflow.sleep(_pause(self._reading.failures), summary="Until the mailbox is read again")

    async def _read(self) -> MailboxRead:
        return await workflow.execute_activity_method(
            MailboxActivities.read_mailbox,
            ReadMailbox(mark=self._reading.mark),
            summary="Read what came back by mail",
            start_to_close_timeout=_ATTEMPT,
            heartbeat_timeout=_SILENCE,
            retry_policy=_ONCE,
        )


def _went_on(reading: Reading, read: MailboxRead) -> Reading:
    kinds = sorted({*reading.counts, *read.counts})
    counts = {kind: reading.counts.get(kind, 0) + read.counts.get(kind, 0) for kind in kinds}
    return Reading(mark=read.mark, read_at=workflow.now(), counts=counts)


def _failed(reading: Reading, failure: ActivityError) -> Reading:
    cause = failure.cause
    because = f"{cause.type}: {cause.message}" if isinstance(cause, ApplicationError) else "no answer in time"
    return reading.model_copy(update={"trouble": because, "failures": reading.failures + 1})


def _pause(failures: int) -> timedelta:
    """Wait a minute after the first failure, too: most pass by themselves."""
    return min(_EVERY * (1 << min(max(failures - 1, 0), 10)), _RAREST)


def _card(reading: Reading) -> str:
    """Say in Markdown how it stands, for whoever looks at it in the Temporal UI."""
    read_at = f"{reading.read_at:%Y-%m-%d %H:%M:%S} UTC" if reading.read_at else "never"
    trouble = f"**In trouble**, tried {reading.failures} times: {reading.trouble}\n\n" if reading.trouble else ""
    counts = "\n".join(f"- {kind}: {count}" for kind, count in reading.counts.items())
    return f"{trouble}Last read: {read_at}\n\n{counts or 'No mail so far.'}"
