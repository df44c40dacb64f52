from datetime import UTC, datetime, timedelta

import pytest

from entrevue.feedback import FeedbackReleased, FeedbackReviewed
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    Scene,
    a_booking,
    a_release,
    candidate_form,
    completed,
    follow_up,
    open_forms,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    secret,
    told,
)

BOTH = [{"author": "i1", "what": "strength"}, {"author": "i2", "what": "growth"}]


def _decide(scene: Scene, outcome: str = "reject", *, over: bool = True, by: str = "decision_maker") -> list[str]:
    return scene.send("record_decision", by=by, outcome=outcome, process_over=over, told=told(scene.now))


def _feedback(scene: Scene) -> str:
    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    return feedback.state


# --- the decision, and gate 2 ----------------------------------------------------------------------------------------


def test_a_decision_that_a_person_has_told_opens_the_second_gate() -> None:
    scene = sealed_forms()

    happened = _decide(scene)

    assert happened[:2] == ["decision_recorded", "feedback_released"]
    assert scene.stands(Status.RELEASED)
    assert scene.next == scene.now + timedelta(days=3)
    assert "DECISION_DUE" not in scene.attention


def test_a_decision_that_nobody_has_told_keeps_the_gate_shut_and_the_item_open() -> None:
    scene = sealed_forms()

    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True)

    assert scene.stands(Status.AWAITING_DECISION)
    assert scene.attention["DECISION_DUE"] == "today"
    assert scene.view(CANDIDATE).decision is None
    assert scene.view("coordinator").decision is not None

    _decide(scene, by="coordinator")
    assert scene.stands(Status.RELEASED)


def test_who_advances_is_told_so_and_reads_nothing_yet() -> None:
    scene = sealed_forms()

    _decide(scene, "advance", over=False)

    assert scene.stands(Status.AWAITING_DECISION)
    decision = scene.view(CANDIDATE).decision
    assert decision is not None
    assert decision.outcome == "advance"
    assert scene.view("i1").from_candidate is None


def test_a_process_that_advances_is_not_over() -> None:
    refused = sealed_forms().refuses("record_decision", by="decision_maker", outcome="advance", process_over=True)

    assert refused.code is Code.INVALID_COMMAND


def test_nobody_was_told_in_the_future() -> None:
    scene = sealed_forms()

    later = told(scene.now + timedelta(minutes=1))
    refused = scene.refuses("record_decision", by="decision_maker", outcome="reject", process_over=True, told=later)

    assert refused.code is Code.INVALID_COMMAND


def test_the_same_decision_again_is_no_second_one() -> None:
    scene = sealed_forms()
    fields = {"by": "decision_maker", "outcome": "reject", "process_over": True}
    scene.send("record_decision", **fields)

    assert scene.send("record_decision", **fields) == []


@pytest.mark.parametrize("outcome", ["reject", "offer_accepted", "offer_declined", "role_closed"])
def test_every_end_of_the_process_opens_the_gate(outcome: str) -> None:
    scene = sealed_forms()

    _decide(scene, outcome)

    assert scene.stands(Status.RELEASED)


def test_a_candidate_who_withdraws_knows_the_outcome() -> None:
    scene = sealed_forms()

    scene.send("withdraw", by=CANDIDATE)

    assert scene.stands(Status.RELEASED)


def test_a_candidate_who_withdrew_before_the_seal_is_released_with_it() -> None:
    scene = open_forms()
    scene.send("withdraw", by=CANDIDATE)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))

    scene.send("excuse_evaluation", by="coordinator", whom=CANDIDATE, reason="withdrew")

    assert scene.stands(Status.RELEASED)


def test_a_released_decision_stays_as_it_is() -> None:
    scene = follow_up()

    refused = scene.refuses("record_decision", by="decision_maker", outcome="offer_accepted", process_over=True)

    assert refused.code is Code.ALREADY_RELEASED


# --- no decision -----------------------------------------------------------------------------------------------------


def test_an_answer_that_does_not_come_in_time_is_told_once_and_is_urgent() -> None:
    scene = sealed_forms()

    scene.wait(days=20)

    assert scene.letters(CANDIDATE).count("answer_delayed") == 1
    assert scene.newest("answer_delayed", CANDIDATE).reads == datetime(2026, 11, 17, 8, 0)  # noqa: DTZ001  wall time
    assert scene.attention["DECISION_DUE"] == "now"


def test_an_answer_that_is_late_but_there_before_the_morning_is_not_apologised_for() -> None:
    scene = sealed_forms()
    scene.wait_until(datetime(2026, 11, 17, 5, 0, tzinfo=UTC))  # past midnight in New York

    scene.send("withdraw", by="coordinator")
    scene.wait(days=1)

    assert "answer_delayed" not in scene.letters(CANDIDATE)


def test_an_answer_that_was_decided_on_before_the_morning_is_not_apologised_for_either() -> None:
    scene = sealed_forms()
    scene.wait_until(datetime(2026, 11, 17, 5, 0, tzinfo=UTC))

    _decide(scene, "advance", over=False)
    scene.wait(days=1)

    assert "answer_overdue" in scene.kinds
    assert "answer_delayed" not in scene.letters(CANDIDATE)


def test_without_a_decision_the_embargo_opens_no_text_and_the_decision_stays_due() -> None:
    scene = sealed_forms()

    scene.wait(days=40)

    assert scene.stands(Status.FOLLOW_UP)
    assert "embargo_lifted" in scene.kinds
    assert scene.view("i1").from_candidate is None
    assert scene.view("i1").report is None
    assert scene.view(CANDIDATE).report is None
    assert scene.attention["DECISION_DUE"] == "now"


def test_a_decision_after_the_embargo_still_releases() -> None:
    scene = sealed_forms()
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    scene.wait(days=40)
    assert _feedback(scene) == "WITHHELD"

    _decide(scene)

    assert scene.stands(Status.RELEASED)
    assert _feedback(scene) == "IN_REVIEW"
    assert "DECISION_DUE" not in scene.attention
    scene.wait(days=200)
    assert scene.stands(Status.COMPLETED)


def test_an_interview_without_a_decision_ends_all_the_same() -> None:
    scene = sealed_forms()

    scene.wait(days=200)

    assert scene.stands(Status.COMPLETED)
    scene.over()


# --- the candidate's feedback ----------------------------------------------------------------------------------------


def test_feedback_goes_from_asked_for_to_opened() -> None:
    scene = sealed_forms()
    seen = [_feedback(scene)]
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    seen.append(_feedback(scene))
    _decide(scene)
    seen.append(_feedback(scene))
    assert scene.attention["REVIEW_DUE"] == "today"
    scene.send("review_feedback", by="reviewer", approved=BOTH, next_step="write one design note a month")
    seen.append(_feedback(scene))
    assert "REVIEW_DUE" not in scene.attention
    scene.wait(days=3)
    scene.send("open_feedback", by=CANDIDATE)
    seen.append(_feedback(scene))

    assert seen == ["NOT_ASKED", "OPTED_IN", "IN_REVIEW", "READY", "OPENED"]
    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    assert feedback.strengths == (secret("strength by i1"),)
    assert feedback.growth == (secret("growth by i2"),)
    assert feedback.next_step == "write one design note a month"
    assert scene.send("open_feedback", by=CANDIDATE) == []


def test_after_a_rejection_feedback_comes_two_days_later_at_the_earliest_and_on_a_business_day() -> None:
    scene = a_release()  # told on Monday 9 November, 10:40 in New York
    scene.wait(days=3)  # Thursday
    scene.now += timedelta(hours=9, minutes=30)  # 20:10 in New York

    scene.send("review_feedback", by="reviewer", approved=BOTH)
    reviewed = next(one.event for one in scene.records if isinstance(one.event, FeedbackReviewed))
    assert reviewed.available_at == datetime(2026, 11, 13, 13, 0, tzinfo=UTC)  # Friday, 8:00
    assert scene.refuses("open_feedback", by=CANDIDATE).code is Code.INVALID_STATE

    scene.wait(days=1)
    assert scene.newest("feedback_available", CANDIDATE).at == reviewed.available_at


@pytest.mark.parametrize(("reviewed_on", "available"), [(0, 11), (4, 16), (5, 16)])
def test_the_pause_and_the_weekend_are_kept(reviewed_on: int, available: int) -> None:
    scene = a_release()
    scene.wait(days=reviewed_on, hours=10)  # 20:40 in New York

    scene.send("review_feedback", by="reviewer", approved=BOTH)

    reviewed = next(one.event for one in scene.records if isinstance(one.event, FeedbackReviewed))
    assert reviewed.available_at.date().day == available


def test_without_a_rejection_there_is_no_pause() -> None:
    scene = sealed_forms()
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    _decide(scene, "offer_accepted")

    scene.send("review_feedback", by="reviewer", approved=BOTH)
    scene.send("open_feedback", by=CANDIDATE)

    assert _feedback(scene) == "OPENED"


def test_a_review_that_was_asked_for_later_is_due_later() -> None:
    scene = sealed_forms()
    _decide(scene)
    scene.wait(days=8)

    scene.send("give_consent", by=CANDIDATE, layer="feedback")

    assert scene.attention["REVIEW_DUE"] == "today"


def test_feedback_that_a_person_has_not_reviewed_in_time_is_urgent() -> None:
    scene = a_release()

    scene.wait(days=8)

    assert scene.attention["REVIEW_DUE"] == "now"


def test_nothing_is_reviewed_that_nobody_asked_for() -> None:
    scene = sealed_forms()
    _decide(scene)

    assert scene.refuses("review_feedback", by="reviewer", approved=BOTH).code is Code.CONSENT_MISSING
    assert scene.refuses("open_feedback", by=CANDIDATE).code is Code.CONSENT_MISSING
    assert "REVIEW_DUE" not in scene.attention


def test_only_sentences_that_somebody_wrote_are_approved() -> None:
    scene = a_release()
    nobodys = [{"author": "i2", "what": "strength"}, {"author": "candidate", "what": "growth"}]

    assert scene.refuses("review_feedback", by="reviewer", approved=nobodys).code is Code.INVALID_COMMAND


def test_a_review_that_approves_nothing_withholds() -> None:
    scene = a_release()

    scene.send("review_feedback", by="reviewer", approved=[])
    scene.wait(days=4)

    assert _feedback(scene) == "WITHHELD"
    assert "feedback_available" not in scene.letters(CANDIDATE)
    assert scene.refuses("open_feedback", by=CANDIDATE).code is Code.INVALID_STATE


def test_consent_taken_back_withholds_and_given_again_restores() -> None:
    scene = reviewed_feedback()

    scene.send("revoke_consent", by=CANDIDATE, layer="feedback")
    assert scene.refuses("open_feedback", by=CANDIDATE).code is Code.CONSENT_MISSING
    scene.wait(days=4)
    assert "feedback_available" not in scene.letters(CANDIDATE)

    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    assert scene.send("give_consent", by=CANDIDATE, layer="feedback") == []
    assert _feedback(scene) == "READY"


def test_what_was_opened_cannot_be_taken_back_or_reviewed_again() -> None:
    scene = follow_up()

    assert scene.refuses("revoke_consent", by=CANDIDATE, layer="feedback").code is Code.ALREADY_RELEASED
    assert scene.refuses("review_feedback", by="reviewer", approved=BOTH).code is Code.ALREADY_RELEASED


def test_where_the_policy_has_no_feedback_consent_is_never_asked() -> None:
    scene = sealed_forms(policy={"feedback": False})

    assert _feedback(scene) == "OFF"
    assert scene.refuses("give_consent", by=CANDIDATE, layer="feedback").code is Code.INVALID_STATE


# --- looking back ----------------------------------------------------------------------------------------------------


def test_three_days_after_release_everyone_looks_back_and_the_last_one_completes_it() -> None:
    scene = completed()

    assert scene.stands(Status.COMPLETED)
    assert "interview_completed" in scene.kinds
    report = scene.view("i1").report
    assert report is not None
    assert (report.reflection, report.will_try) == (secret("reflection of i1"), secret("try of i1"))
    assert (report.acted_on_it, report.it_helped) == ("partly", "yes")
    scene.over()


def test_looking_back_early_does_not_end_it_early() -> None:
    scene = a_release()
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("submit_reflection", by=who, text="one question at a time")
        scene.send("check_growth", by=who, acted="no")

    assert scene.stands(Status.RELEASED)


def test_a_review_that_is_still_due_keeps_it_open() -> None:
    scene = a_release()
    scene.wait(days=4)
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("submit_reflection", by=who, text="one question at a time")
        scene.send("check_growth", by=who, acted="no")
    assert scene.stands(Status.FOLLOW_UP)

    scene.send("review_feedback", by="reviewer", approved=[])

    assert scene.stands(Status.COMPLETED)


def test_what_nobody_looks_back_on_ends_when_its_time_is_over() -> None:
    scene = a_release()
    released = next(one.event for one in scene.records if isinstance(one.event, FeedbackReleased))

    scene.wait(days=90)

    assert scene.stands(Status.COMPLETED)
    assert scene.interview.at == released.closes_at
    scene.over()


def test_candidates_are_asked_to_look_back_only_if_they_want_to_be_reminded() -> None:
    wants, does_not = a_release(), a_release()
    does_not.send("revoke_consent", by=CANDIDATE, layer="reminders")

    for scene in (wants, does_not):
        scene.wait(days=40)

    assert wants.letters(CANDIDATE)[-2:] == ["reflection_request", "growth_request"]
    assert not {"reflection_request", "growth_request"} & set(does_not.letters(CANDIDATE))
    assert not {"reflection_request", "growth_request"} & set(wants.letters("i1"))


def test_who_has_looked_back_already_is_not_asked_to() -> None:
    reflected, checked = a_release(), a_release()
    reflected.send("submit_reflection", by=CANDIDATE, text="ask about the team earlier")
    assert reflected.send("submit_reflection", by=CANDIDATE, text="ask about the team earlier") == []
    checked.send("check_growth", by=CANDIDATE, acted="yes")

    asked = {}
    for name, scene in (("reflected", reflected), ("checked", checked)):
        scene.wait(days=40)
        asked[name] = [kind for kind in scene.letters(CANDIDATE) if kind in ("reflection_request", "growth_request")]
    assert asked == {"reflected": ["growth_request"], "checked": ["reflection_request"]}


def test_only_who_was_there_looks_back() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)
    scene.send("mark_attendance", by="i1", who="i2", present=False)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    _decide(scene)

    for kind, fields in (("submit_reflection", {"text": "x"}), ("check_growth", {"acted": "no"})):
        assert scene.refuses(kind, by="i2", **fields).code is Code.NOT_ATTENDED


# --- the gap report --------------------------------------------------------------------------------------------------


def test_the_candidates_report_sets_own_words_beside_the_panels_and_holds_no_rating() -> None:
    scene = follow_up()

    report = scene.view(CANDIDATE).report

    assert report is not None
    assert (report.i_expected, report.i_told_them) == (secret("private of candidate"), secret("line of candidate"))
    assert [line.text for line in report.they_told_me] == [secret("line of i1"), secret("line of i2")]
    assert report.my_expectations_were == "surpassed"
    assert (report.confidence_before, report.confidence_after) == (2, 5)
    assert report.i_did_well == secret("went well for candidate")
    assert report.i_would_do_differently == secret("differently for candidate")
    assert report.they_saw_as_strength == (secret("strength by i1"),)
    assert report.they_suggest == (secret("growth by i2"),)
    assert report.suggested_action == secret("next step")
    assert secret("evidence of i1") not in scene.view(CANDIDATE).model_dump_json()


def test_the_interviewers_report_sets_own_words_beside_what_the_candidate_attributed() -> None:
    scene = follow_up()

    report = scene.view("i1").report

    assert report is not None
    assert (report.i_expected, report.i_told_them) == (secret("private of i1"), secret("line of i1"))
    assert [line.text for line in report.they_told_me] == [secret("line of candidate")]
    assert (report.my_expectations_were, report.confidence_before, report.confidence_after) == ("met", 2, 4)
    assert report.they_saw_as_strength == (secret("helped"),)
    assert report.they_suggest == (secret("change"),)
    assert report.suggested_action == secret("change")


def test_before_the_candidate_opens_the_feedback_their_report_holds_only_their_own_words() -> None:
    report = a_release().view(CANDIDATE).report

    assert report is not None
    assert report.they_saw_as_strength == ()
    assert report.they_suggest == ()
    assert report.suggested_action is None


def test_who_handed_in_no_form_has_a_report_with_gaps() -> None:
    scene = open_forms()
    scene.wait(days=8)
    _decide(scene)

    report = scene.view("i1").report

    assert report is not None
    assert report.i_expected == secret("private of i1")
    assert report.my_expectations_were is None
    assert report.they_suggest == ()
