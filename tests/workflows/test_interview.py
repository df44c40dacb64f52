from collections import Counter
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import icalendar
import pytest
from temporalio.client import WorkflowExecutionStatus

from entrevue.interview import Recorded, fold
from entrevue.orders import JournalEntry
from entrevue.values import Status
from tests.workflows.stage import Stage, eventually
from tests.workflows.story import (
    CANDIDATE_FORM,
    SCORECARD,
    absent_twice,
    to_booking,
    to_completion,
    to_offer,
    to_session,
)


def recorded(entry: JournalEntry) -> Recorded:
    return Recorded.model_validate({"seq": entry.seq, "at": entry.at, "by": entry.by, "event": entry.data})


def letters_to(stage: Stage, recipient: str) -> list[EmailMessage]:
    return [
        message_from_bytes(letter.raw, EmailMessage, policy=default)
        for letter in stage.post.letters
        if letter.recipient == recipient
    ]


def events_in(letters: list[EmailMessage]) -> list[icalendar.Calendar]:
    """Give what the letters say to calendars, one object a letter that holds one."""
    parts = (next((part for part in one.walk() if part.get_content_type() == "text/calendar"), None) for one in letters)
    return [icalendar.Calendar.from_ical(part.get_content()) for part in parts if part is not None]


async def test_an_interview_goes_from_its_request_to_its_completion(stage: Stage) -> None:
    interview = await stage.start()
    await to_completion(interview)
    ended = await interview.handle.result()

    assert ended.status is Status.COMPLETED
    assert Counter(letter.recipient for letter in stage.post.letters) == {
        "ada@example.org": 6,  # offer, invitation, a day and an hour ahead, form, feedback available
        "grace@acme.example": 3,  # invitation, an hour ahead, form
        "linus@acme.example": 3,
    }
    assert len({letter.raw for letter in stage.post.letters}) == 12


async def test_folding_the_journal_gives_the_state_the_workflow_had(stage: Stage) -> None:
    interview = await stage.start()
    await to_session(interview)
    view = await interview.view("operator")
    entries = await eventually(
        lambda: stage.journal.read(view.interview), lambda entries: entries[-1].kind == "session_started"
    )
    folded = fold(recorded(entry) for entry in entries)

    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert (folded.status, folded.scheduling.revision, folded.scheduling.booking is not None) == (
        view.status,
        view.revision,
        True,
    )
    assert [entry.kind for entry in entries] == await interview.kinds()


async def test_a_payload_that_does_not_fit_is_refused_with_the_field_and_leaves_no_trace(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    before = await interview.updates()
    misspelt = await interview.refused("choose_slot", by="candidate", strat="2026-12-01T10:00:00Z")
    naive = await interview.refused("choose_slot", by="candidate", start="2026-12-01T10:00:00")
    nothing = await interview.refused("choose_slot", "tomorrow, please")

    assert misspelt.type == naive.type == nothing.type == "invalid_command"
    assert "strat: is not a field we know" in misspelt.message
    assert "start: Input should have timezone info" in naive.message
    assert "tomorrow" not in nothing.message
    assert await interview.updates() == before


async def test_a_command_that_does_not_fit_the_state_is_refused_and_leaves_no_trace(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    before = await interview.updates()
    early = await interview.refused("end_session", by="i1")
    stranger = await interview.refused("start_session", by="i9")
    not_theirs = await interview.refused("offer_slots", by="candidate")

    assert [early.type, stranger.type, not_theirs.type] == ["invalid_state", "not_participant", "not_authorized"]
    assert await interview.updates() == before


async def test_a_request_that_cannot_be_read_fails_the_workflow_with_the_field_named(stage: Stage) -> None:
    interview = await stage.start(candidate={"name": "Ada"}, policy={"duration": 1})
    await eventually(interview.handle.describe, lambda found: found.status is WorkflowExecutionStatus.FAILED)
    history = await interview.handle.fetch_history()
    failure = history.events[-1].workflow_execution_failed_event_attributes.failure

    assert failure.application_failure_info.type == "invalid_command"
    assert "candidate.email: Field required" in failure.message
    assert "policy.duration:" in failure.message


async def test_of_two_interviews_that_want_one_slot_one_gets_it_and_the_other_fresh_ones(stage: Stage) -> None:
    first, second = await stage.start(), await stage.start()
    start = await to_offer(first)
    await to_offer(second)
    await first.send("choose_slot", by="candidate", start=start.isoformat())
    lost = await second.refused("choose_slot", by="candidate", start=start.isoformat())
    fresh = await second.until(lambda view: view.status is Status.AWAITING_CANDIDATE and len(view.offered) == 5)

    assert lost.type == "slot_unavailable"
    assert start not in [slot.start for slot in fresh.offered]


async def test_rescheduling_keeps_the_uid_and_raises_the_sequence(stage: Stage) -> None:
    interview = await stage.start()
    await to_booking(interview)
    for _ in range(2):
        await interview.send("request_reschedule", by="candidate", reason="a clash")
        view = await interview.until(lambda view: bool(view.offered))
        await interview.send("choose_slot", by="candidate", start=view.offered[0].start.isoformat())
        await interview.settle()  # what is told of it has left
    view = await interview.view()
    await interview.happened("calendar_written", times=6)
    await interview.forward(timedelta(hours=15))
    told = await eventually(lambda: _calendar_objects(stage, "ada@example.org"), lambda objects: len(objects) == 3)
    stored = await stage.calendar.read("grace", f"{view.interview}.p1")

    assert {str(one.events[0]["UID"]) for one in told} == {f"{view.interview}.c1"}
    assert [one.events[0].sequence for one in told] == [0, 1, 2]
    assert [str(one["METHOD"]) for one in told] == ["REQUEST"] * 3
    assert view.revision == 3
    assert view.slot is not None
    assert stored is not None
    assert (stored.start, stored.sequence) == (view.slot.start, 2)
    assert len(await stage.ledger.busy(["grace"], view.slot.start, view.slot.end, await interview.now())) == 1


async def _calendar_objects(stage: Stage, recipient: str) -> list[icalendar.Calendar]:
    return events_in(letters_to(stage, recipient))


async def test_cancelling_clears_ledger_and_calendars_and_tells_only_the_invited(stage: Stage) -> None:
    interview = await stage.start()
    await to_booking(interview)
    view = await interview.view()
    assert view.slot is not None
    await interview.forward(timedelta(hours=12))
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.forward(timedelta(hours=12))
    ended = await interview.handle.result()

    assert ended.status is Status.CANCELLED
    assert await stage.calendar.read("grace", f"{ended.interview}.p1") is None
    assert await stage.calendar.read("linus", f"{ended.interview}.p1") is None
    assert await stage.ledger.busy(["grace", "linus"], view.slot.start, view.slot.end, await interview.now()) == ()
    last = events_in(letters_to(stage, "ada@example.org"))[-1]
    assert (str(last["METHOD"]), last.events[0].sequence) == ("CANCEL", 1)


async def test_an_operators_cancel_takes_the_same_path_as_the_command(stage: Stage) -> None:
    interview = await stage.start()
    await to_booking(interview)
    await interview.handle.cancel(reason="duplicate of r7-c42-1")
    await interview.happened("interview_cancelled")
    await interview.forward(timedelta(hours=24))
    ended = await interview.handle.result()

    assert ended.status is Status.CANCELLED
    assert await stage.calendar.read("grace", f"{ended.interview}.p1") is None
    assert events_in(letters_to(stage, "ada@example.org"))[-1]["METHOD"] == "CANCEL"


@pytest.mark.slow  # a whole session, for a rule that tests/domain has
async def test_an_operators_cancel_in_a_session_waits_for_its_end(stage: Stage) -> None:
    interview = await stage.start()
    await to_session(interview)
    await interview.handle.cancel(reason="wrong candidate")
    view = await interview.until(lambda view: "CANCEL_AFTER_SESSION" in [item.id for item in view.attention])
    still = view.status
    await interview.forward(timedelta(minutes=30))
    await interview.send("end_session", by="i1")
    ended = await interview.handle.result()

    assert still is Status.IN_PROGRESS
    assert ended.status is Status.CANCELLED


async def test_an_offer_nobody_answers_expires(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    await interview.forward(timedelta(days=9))
    ended = await interview.handle.result()

    assert ended.status is Status.EXPIRED
    subjects = [letter["Subject"] for letter in letters_to(stage, "ada@example.org")]
    assert len(subjects) == 3  # the offer and two nudges


@pytest.mark.slow  # three weeks in small steps; tests/replay and tests/domain have the path
async def test_a_candidate_who_does_not_come_twice_ends_the_interview(stage: Stage) -> None:
    interview = await stage.start(policy={"no_show_contest_business_days": 1, "reschedule_within": "P20D"})
    await absent_twice(interview)
    ended = await interview.handle.result()

    assert ended.status is Status.CLOSED_NO_SHOW


async def test_a_fact_that_cannot_be_read_raises_attention_and_is_not_dropped_in_silence(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    await interview.tell("participant_joined", whom="i1")
    view = await interview.until(lambda view: bool(view.attention))
    await interview.send("clear_attention", by="operator", item="FACT_UNREADABLE:participant_joined")
    cleared = await interview.view()

    assert [item.id for item in view.attention] == ["FACT_UNREADABLE:participant_joined"]
    assert cleared.attention == ()


@pytest.mark.slow  # every moment of it is in tests/domain/test_visibility.py
async def test_nobody_reads_the_other_sides_form_before_both_gates(stage: Stage) -> None:
    interview = await stage.start()
    await to_session(interview)
    await interview.forward(timedelta(minutes=40))
    await interview.send("end_session", by="i1")
    await interview.send("submit_evaluation", by="i1", form=SCORECARD)
    await interview.send("submit_evaluation", by="candidate", form=CANDIDATE_FORM)
    peer, rated = await interview.view("i2"), await interview.view("i1")
    await interview.send("submit_evaluation", by="i2", form=SCORECARD)
    unblinded = await interview.view("i2")

    assert peer.scorecards == ()
    assert rated.from_candidate is None
    assert [card.who for card in unblinded.scorecards] == ["i1"]


async def test_the_same_key_gives_the_same_answer(stage: Stage) -> None:
    interview = await stage.start()
    await to_booking(interview)
    first = await interview.send("share_expectations", key="k1", by="candidate", for_other_side="how you decide")
    again = await interview.send("share_expectations", key="k1", by="candidate", for_other_side="how you decide")

    assert again == first
    assert (await interview.kinds()).count("expectations_shared") == 1


@pytest.mark.parametrize("viewer", ["candidate", "i1", "coordinator", "decision_maker", "backend", "operator"])
async def test_every_viewer_can_ask_for_their_view(stage: Stage, viewer: str) -> None:
    interview = await stage.start()
    view = await interview.view(viewer)

    assert view.viewer == viewer
