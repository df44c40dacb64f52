from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from entrevue.interview import Interview
from entrevue.letters import AdjustmentArranged, HourReminder
from entrevue.values import CANDIDATE, Code, Status
from entrevue.voices import MOST_ADJUSTMENTS, MOST_MOMENTS, MOST_QUESTIONS, MOST_REPORTS
from tests.domain.scenes import (
    Scene,
    a_booking,
    a_session,
    an_exchange,
    an_offer,
    candidate_form,
    no_slots,
    open_forms,
    secret,
    story,
)
from tests.domain.secrecy import check_secrecy

HOUR = timedelta(hours=1)

# --- moments and questions -------------------------------------------------------------------------------------------


def test_moments_are_noted_while_they_are_fresh_and_are_their_authors_own() -> None:
    scene = open_forms()

    scene.send("note_moment", by="i1", text="she drew the failure first")

    assert scene.view("i1").moments == (secret("moment of i1"), "she drew the failure first")
    assert scene.view("i2").moments == ()


def test_an_open_question_goes_to_the_coordinator_at_once_and_is_addressed_when_its_asker_says_so() -> None:
    scene = open_forms()
    assert scene.attention == {"QUESTION_OPEN:1": "today"}
    assert scene.view("coordinator").questions[0].text == secret("question")

    scene.send("answer_question", by="coordinator", question=1, text="two days a week")
    assert scene.attention == {}
    assert not scene.view(CANDIDATE).questions[0].addressed

    scene.send("mark_addressed", by=CANDIDATE, question=1)
    assert scene.view(CANDIDATE).questions[0].addressed
    assert scene.send("mark_addressed", by=CANDIDATE, question=1) == []


def test_a_question_that_is_not_answered_in_time_becomes_urgent() -> None:
    scene = open_forms()  # on a Monday; three business days

    scene.wait(days=4)

    assert scene.attention["QUESTION_OPEN:1"] == "now"


def test_a_question_that_nobody_asked_cannot_be_answered() -> None:
    refused = open_forms().refuses("answer_question", by="coordinator", question=2, text="yes")

    assert refused.code is Code.INVALID_COMMAND


def test_what_was_noted_and_asked_survives_a_second_attempt() -> None:
    scene = a_session()
    scene.send("note_moment", by="i1", text="no sound, but a good laugh")
    scene.send("ask_question", by=CANDIDATE, text="shall I dial in?")

    scene.send("abort_session", by="i1", reason="no sound")

    assert scene.view("i1").moments == ("no sound, but a good laugh",)
    assert "QUESTION_OPEN:1" in scene.attention


# --- adjustments -----------------------------------------------------------------------------------------------------


def _asked(scene: Scene) -> Scene:
    scene.send("request_adjustment", by=CANDIDATE, text=secret("adjustment"))
    return scene


def _arranged(scene: Scene, **changes: object) -> Scene:
    said = {"instruction": secret("instruction"), "text": secret("arrangement"), **changes}
    scene.send("arrange_adjustment", by="coordinator", adjustment=1, **said)
    return scene


def _instructed(scene: Scene, whom: str) -> list[tuple[str, ...]]:
    letters = [sent.order.letter for sent in scene.mailbox if sent.to == whom]
    return [letter.instructions for letter in letters if isinstance(letter, HourReminder)]


@pytest.mark.parametrize("before", [no_slots, an_offer, a_booking, an_exchange])
def test_an_adjustment_is_asked_for_at_any_time_before_the_session(before: object) -> None:
    assert callable(before)
    scene = _asked(before())

    assert scene.attention["ADJUSTMENT_ASKED:1"] == "today"


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.AWAITING_EVALUATIONS, Status.CANCELLED])
def test_once_the_session_has_begun_it_is_too_late_for_an_adjustment(status: Status) -> None:
    refused = story(status).refuses("request_adjustment", by=CANDIDATE, text="a quiet room")

    assert refused.code is Code.INVALID_STATE


def test_an_adjustment_for_a_session_within_two_days_is_for_now() -> None:
    scene = _asked(a_booking())
    scene.wait_until(scene.start_of_booking - 48 * HOUR - timedelta(minutes=1))
    assert scene.attention["ADJUSTMENT_ASKED:1"] == "today"

    scene.wait(minutes=1)

    assert scene.attention["ADJUSTMENT_ASKED:1"] == "now"


def test_what_is_arranged_is_told_to_the_candidate_and_needs_nobody_any_more() -> None:
    scene = _arranged(_asked(a_booking()))

    letter = scene.newest("adjustment_arranged", CANDIDATE).order.letter

    assert isinstance(letter, AdjustmentArranged)
    assert letter.text == secret("arrangement")
    assert scene.attention == {}
    assert "adjustment_arranged" not in scene.letters("i1")


def test_an_arrangement_without_a_word_to_the_candidate_is_as_they_asked() -> None:
    letter = _arranged(_asked(a_booking()), text=None).newest("adjustment_arranged", CANDIDATE).order.letter

    assert isinstance(letter, AdjustmentArranged)
    assert letter.text == "It is arranged as you asked."


def test_the_interviewers_are_given_the_instruction_an_hour_ahead_and_never_the_reason() -> None:
    scene = _arranged(_asked(a_booking()))
    scene.wait_until(scene.start_of_booking)

    assert _instructed(scene, "i1") == [(secret("instruction"),)]
    assert _instructed(scene, CANDIDATE) == [()]
    to_panel = [sent.order.model_dump_json() for sent in scene.mailbox if sent.to != CANDIDATE]
    assert not [letter for letter in to_panel if secret("adjustment") in letter or secret("arrangement") in letter]


def test_an_instruction_that_comes_after_the_reminder_is_sent_after_it() -> None:
    scene = _asked(a_booking())
    scene.wait_until(scene.start_of_booking - HOUR / 2)

    _arranged(scene)

    for whom in ("i1", "i2"):
        assert _instructed(scene, whom) == [(), (secret("instruction"),)]
    assert scene.letters(CANDIDATE)[-1] == "adjustment_arranged"


def test_each_reads_of_an_adjustment_what_is_theirs() -> None:
    scene = _arranged(_asked(a_booking()))

    (asked,) = scene.view(CANDIDATE).adjustments
    assert (asked.text, asked.answer, asked.instruction) == (secret("adjustment"), secret("arrangement"), None)
    (known,) = scene.view("coordinator").adjustments
    assert (known.text, known.instruction, known.arranged) == (secret("adjustment"), secret("instruction"), True)
    assert scene.view("i2").instructions == (secret("instruction"),)
    assert scene.view("i2").adjustments == ()
    check_secrecy(scene)


@pytest.mark.parametrize("viewer", ["decision_maker", "reviewer", "ruler"])
def test_who_decides_does_not_even_learn_that_an_adjustment_was_asked_for(viewer: str) -> None:
    scene = _asked(a_booking())
    assert [item.id for item in scene.view("coordinator").attention] == ["ADJUSTMENT_ASKED:1"]

    seen = scene.view(viewer)

    assert seen.attention == ()
    assert (seen.adjustments, seen.instructions) == ((), ())


def test_a_repeated_request_and_a_repeated_arrangement_change_nothing() -> None:
    scene = _arranged(_asked(a_booking()))
    said = {"instruction": secret("instruction"), "text": secret("arrangement")}

    assert scene.send("request_adjustment", by=CANDIDATE, text=secret("adjustment")) == []
    assert scene.send("arrange_adjustment", by="coordinator", adjustment=1, **said) == []


def test_what_is_arranged_anew_is_told_to_whom_it_is_new() -> None:
    scene = _arranged(_asked(a_booking()))

    _arranged(scene, instruction="Keep the door open.")
    assert scene.letters(CANDIDATE).count("adjustment_arranged") == 1

    _arranged(scene, instruction="Keep the door open.", text="You can also come by the back door.")
    assert scene.letters(CANDIDATE).count("adjustment_arranged") == 2
    scene.wait_until(scene.start_of_booking)
    assert _instructed(scene, "i1") == [("Keep the door open.",)]


def test_two_adjustments_are_arranged_one_after_the_other() -> None:
    scene = _asked(a_booking())
    scene.send("request_adjustment", by=CANDIDATE, text="a break in the middle")
    scene.send("arrange_adjustment", by="coordinator", adjustment=2, instruction="Break after 20 minutes.")
    assert scene.attention == {"ADJUSTMENT_ASKED:1": "today"}

    _arranged(scene)

    assert scene.attention == {}
    assert scene.view("i1").instructions == (secret("instruction"), "Break after 20 minutes.")


def test_an_adjustment_that_nobody_asked_for_cannot_be_arranged() -> None:
    refused = a_booking().refuses("arrange_adjustment", by="coordinator", adjustment=1, instruction="Smile.")

    assert refused.code is Code.INVALID_COMMAND


def test_an_adjustment_stays_when_the_interview_is_moved_and_when_it_is_held_again() -> None:
    scene = _arranged(_asked(a_booking()))
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + 24 * HOUR)
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    scene.send("abort_session", by="i1", reason="no sound")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    scene.wait_until(scene.start_of_booking)

    assert _instructed(scene, "i1") == [(secret("instruction"),)] * 2
    assert scene.letters(CANDIDATE).count("adjustment_arranged") == 1


def test_what_was_not_arranged_in_time_no_longer_needs_anybody() -> None:
    scene = _asked(a_booking())
    scene.wait_until(scene.start_of_booking)

    scene.send("start_session", by="i1")

    assert "ADJUSTMENT_ASKED:1" not in scene.attention


# --- bounds ----------------------------------------------------------------------------------------------------------

LARGEST_PAYLOAD = 2 * 1024 * 1024
"""Bytes: what the server takes at once; an interview that has grown beyond it cannot continue as new."""


def _longest(n: int) -> str:
    return f"{n} ".ljust(4000, "😀")


def _says_as_much_as_they_can(scene: Scene, kind: str, most: int, by: str = CANDIDATE) -> None:
    for n in range(most):
        scene.send(kind, by=by, text=_longest(n))
    refused = scene.refuses(kind, by=by, text=_longest(most))
    assert (refused.code, f"{most} " in refused.sentence) == (Code.INVALID_COMMAND, True)


def test_nobody_alone_can_write_until_the_interview_fits_into_no_payload() -> None:
    scene = a_booking()
    _says_as_much_as_they_can(scene, "request_adjustment", MOST_ADJUSTMENTS)
    _says_as_much_as_they_can(scene, "report_conduct", MOST_REPORTS)
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    _says_as_much_as_they_can(scene, "note_moment", MOST_MOMENTS)
    _says_as_much_as_they_can(scene, "ask_question", MOST_QUESTIONS)
    scene.send("note_moment", by="i1", text="others are not kept from noting theirs")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")

    for n in range(100):
        own = {"went_well": _longest(n), "differently": _longest(n)}
        scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(own=own))

    assert scene.view(CANDIDATE).form is not None
    assert len(TypeAdapter(Interview).dump_json(scene.interview)) < LARGEST_PAYLOAD
