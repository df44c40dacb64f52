"""What strangers may send, and what must not freeze an interview for ever."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from activities.calendar import CalendarRefused, Ensured
from adapters.memory.calendar import MemoryCalendar
from entrevue import contract, rubrics
from entrevue.orders import JournalEntry
from entrevue.values import CalendarEvent, InterviewId, PersonId, Status
from tests.workflows.stage import Running, Stage, dev_server, eventually, new_queue, staged
from tests.workflows.story import to_booking, to_offer
from tests.workflows.test_shell import UnwritableCalendar

YEAR_ONE = "0001-01-01T00:00:00+14:00"
"""Aware and well-formed, but in UTC it is before all calendars."""


async def _journaled(stage: Stage, interview: Running) -> list[str]:
    view = await interview.view()  # the round trip, in which the worker has its turn
    return [entry.kind for entry in await stage.journal.read(view.interview)]


async def _unreadable(interview: Running) -> list[str]:
    view = await interview.until(lambda view: bool(view.attention))
    return [item.id for item in view.attention]


async def test_a_fact_sent_in_two_pieces_is_noticed_and_freezes_nothing(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    await interview.handle.signal("meeting_ended", args=[{"source_id": "m1"}, "2026-12-01T10:00:00Z"])

    assert await _unreadable(interview) == ["FACT_UNREADABLE:meeting_ended"]


async def test_a_fact_from_before_all_calendars_is_noticed_and_freezes_nothing(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    await interview.tell("meeting_ended", source_id="m1", at=YEAR_ONE)

    assert await _unreadable(interview) == ["FACT_UNREADABLE:meeting_ended"]


async def test_a_request_from_before_all_calendars_fails_the_workflow_instead_of_freezing_it(stage: Stage) -> None:
    interview = await stage.start(earliest=YEAR_ONE)
    await eventually(interview.handle.describe, lambda found: found.status is WorkflowExecutionStatus.FAILED)

    with pytest.raises(WorkflowQueryFailedError, match="between the years"):
        await interview.view()


async def test_forms_that_take_too_long_fail_the_workflow_that_asks_for_them(stage: Stage) -> None:
    """Whoever starts without the client is told the same."""
    wordy = dict.fromkeys(("one", "three", "five"), "do " * 90)
    rubric = {"competencies": dict.fromkeys(("a", "b", "c"), wordy), "assigned": ["a", "b", "c"]}
    interview = await stage.start(rubric=rubric)

    with pytest.raises(WorkflowFailureError) as failure:
        await interview.handle.result()

    assert isinstance(failure.value.cause, ApplicationError)
    assert failure.value.cause.type == "invalid_command"
    assert failure.value.cause.message.startswith("rubric.assigned: the form would take")


async def test_an_interview_goes_on_though_its_forms_are_said_to_take_longer_now(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later version asks more, or counts otherwise: without a cache the worker reads the request anew each time."""
    async with staged(server, max_cached_workflows=0) as stage:
        interview = await stage.start()
        await to_offer(interview)
        monkeypatch.setattr(rubrics, "WRITTEN_A_MINUTE", 1)

        await interview.send("share_expectations", by="candidate", for_other_side="how you decide")

        assert (await interview.view()).status is Status.AWAITING_CANDIDATE


async def test_a_payload_of_thousands_of_wrong_fields_is_refused_in_few_words(stage: Stage) -> None:
    """The whole list would be larger than an answer may be, and the task that gives it would fail again and again."""
    interview = await stage.start()
    await to_offer(interview)
    refusal = await interview.refused("cancel", {f"no field of ours, number {n:9}": 1 for n in range(30_000)})
    view = await interview.view()

    assert refusal.type == "invalid_command"
    assert len(refusal.message) <= 2000
    assert view.status is Status.AWAITING_CANDIDATE


async def test_what_piled_up_is_journaled_in_portions_that_fit(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server takes 2 MB at once; more would fail the workflow task, and every one that follows."""

    async def closed(interview: InterviewId, entries: Sequence[JournalEntry]) -> int | None:
        raise ConnectionError(interview, len(entries))

    async with staged(server) as stage:
        interview = await stage.start()
        await to_offer(interview)
        with monkeypatch.context() as outage:
            outage.setattr(stage.journal, "append", closed)
            for n in range(40):
                await interview.send("share_expectations", by="candidate", private="🙂" * 3990 + str(n))
        await interview.forward(timedelta(hours=1))
        kinds = await interview.kinds()
        journaled = await eventually(
            lambda: _journaled(stage, interview), lambda journaled: len(journaled) == len(kinds)
        )
        history = await interview.handle.fetch_history()
    portions = [
        event.activity_task_scheduled_event_attributes.input.ByteSize()
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == contract.APPEND_JOURNAL
    ]

    assert journaled == kinds
    assert sum(portions) > 600_000
    assert max(portions) < 600_000


async def test_a_calendar_that_is_down_does_not_hold_up_the_journal(server: WorkflowEnvironment) -> None:
    async with staged(server, calendar=UnwritableCalendar()) as stage:
        interview = await stage.start(interviewers=["grace"])
        start = await to_offer(interview)
        await interview.send("choose_slot", by="candidate", start=start.isoformat())
        await interview.forward(timedelta(minutes=2))
        await interview.send("share_expectations", by="candidate", for_other_side="how you decide")
        await eventually(lambda: _journaled(stage, interview), lambda journaled: "expectations_shared" in journaled)
        kinds = await interview.kinds()

    assert "calendar_written" not in kinds


class RefusingCalendar(MemoryCalendar):
    """A calendar with a wrong password: it can be asked again in ten minutes."""

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        del event, interview, etag
        raise CalendarRefused(person, "no right to write here: share the calendar with us again")


async def test_a_calendar_that_refuses_us_delays_neither_the_invitation_nor_the_reminder(
    server: WorkflowEnvironment,
) -> None:
    """It is asked every ten minutes. Counted in attempts, the first patience would outlast the deadlines after it."""
    async with staged(server, calendar=RefusingCalendar()) as stage:
        interview = await stage.start(interviewers=["grace"])
        await to_offer(interview)
        soon = await interview.now() + timedelta(minutes=100)
        start = soon.replace(second=0, microsecond=0)
        await interview.send("book_slot", by="coordinator", start=start.isoformat())
        await interview.forward_to(start - timedelta(minutes=70))
        behind = await interview.until(lambda view: bool(view.attention))
        await interview.happened("message_sent", times=3)
        await interview.forward_to(start - timedelta(minutes=55))
        await interview.happened("message_sent", times=5)
        mailed = [letter.recipient for letter in stage.post.letters]

    assert [(item.id, item.because) for item in behind.attention] == [
        ("CALENDAR_BEHIND", "i1: CalendarRefused: no right to write here: share the calendar with us again")
    ]
    assert sorted(mailed[1:3]) == sorted(mailed[3:]) == ["ada@example.org", "grace@acme.example"]


async def test_what_must_be_undone_and_fails_for_good_is_not_tried_in_a_circle(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    async def broken(*, key: str, now: datetime) -> None:
        tries.append((key, now))
        raise ApplicationError("no", non_retryable=True)

    async def tried() -> int:
        await interview.view()
        return len(tries)

    async with staged(server) as stage:
        interview = await stage.start()
        start = await to_booking(interview)
        with monkeypatch.context() as outage:
            outage.setattr(stage.ledger, "release", broken)
            await interview.send("cancel", by="coordinator", reason="the role is filled")
            await interview.happened("calendar_cleared", times=2)
            await interview.forward(timedelta(minutes=15))
            await eventually(tried, lambda times: times == 2)
        await interview.forward(timedelta(hours=24))
        ended = await interview.handle.result()
        left = await stage.ledger.busy(["grace", "linus"], start, start + timedelta(hours=1), start)

    assert ended.status is Status.CANCELLED
    assert left == ()


@pytest.fixture(name="rolling", scope="module")
async def _rolling() -> AsyncIterator[WorkflowEnvironment]:
    async with await dev_server("limit.historyCount.suggestContinueAsNew=40") as env:
        yield env


async def test_a_refusal_is_not_remembered_as_an_acceptance_across_continue_as_new(
    rolling: WorkflowEnvironment,
) -> None:
    async with staged(rolling) as stage:
        other, interview = await stage.start(), await stage.start()
        interview.handle = rolling.client.get_workflow_handle(interview.handle.id, result_type=contract.Ended)
        other.handle = rolling.client.get_workflow_handle(other.handle.id, result_type=contract.Ended)
        start = (await to_offer(other)).isoformat()
        await to_offer(interview)
        await other.send("choose_slot", by="candidate", start=start)
        lost = await interview.refused("book_slot", key="k1", by="coordinator", start=start)
        run = (await interview.handle.describe()).run_id
        for n in range(12):
            await interview.send("share_expectations", by="candidate", for_other_side=f"how you decide, {n}")
        await eventually(interview.handle.describe, lambda found: found.run_id != run)
        again = await interview.refused("book_slot", key="k1", by="coordinator", start=start)
        claims = (await interview.kinds()).count("slot_lost")

    assert lost.type == again.type == "slot_unavailable"
    assert claims == 2  # asked anew: by now the time might have been free


async def test_a_journal_that_diverged_is_let_go_once_an_operator_has_looked(stage: Stage) -> None:
    name = new_queue()
    foreign = JournalEntry(
        interview=name,
        seq=1,
        kind="other",
        at=datetime(2026, 1, 1, tzinfo=UTC),
        by="x",
        schema_version=1,
        data={},
    )
    await stage.journal.append(name, [foreign])
    interview = await stage.start(id=name)
    await interview.until(lambda view: "JOURNAL_DIVERGED" in [item.id for item in view.attention])
    await interview.send("clear_attention", by="operator", item="JOURNAL_DIVERGED")
    cleared = await interview.view()
    await to_offer(interview)
    await interview.handle.cancel()
    ended = await interview.handle.result()

    assert cleared.attention == ()
    assert ended.status is Status.CANCELLED
    assert await stage.journal.read(name) == (foreign,)


async def test_a_time_that_nobody_can_mean_is_refused_and_freezes_nothing(stage: Stage) -> None:
    interview = await stage.start()
    start = await to_offer(interview)
    beyond = await interview.refused("book_slot", by="coordinator", start="9999-12-31T23:50:00Z")
    too_far = await interview.refused("offer_slots", by="coordinator", slots=["2190-01-04T10:00:00Z"])
    receipt = await interview.send("choose_slot", by="candidate", start=start.isoformat())

    assert (beyond.type, too_far.type) == ("invalid_command", "invalid_command")
    assert "between the years" in beyond.message
    assert "within 200 days" in too_far.message
    assert receipt.status is Status.SCHEDULED
