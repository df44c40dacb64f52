from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from entrevue.evaluation import knows_outcome
from entrevue.feedback import FeedbackReviewed
from entrevue.letters import FeedbackAvailable
from entrevue.privacy import ASKED, Layer
from entrevue.values import CANDIDATE, Code, Refused, Status
from tests.domain.scenes import (
    Scene,
    a_booking,
    a_release,
    candidate_form,
    follow_up,
    open_forms,
    presumed_held,
    review,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    secret,
    told,
)

BOTH = review()
NOTHING = {
    "approved": [],
    "withheld": [
        {"item": {"author": who, "what": what}, "reason": "it would tell who else applied"}
        for who in ("i1", "i2")
        for what in ("strength", "growth")
    ],
}


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


def test_a_no_may_be_told_while_only_the_candidates_form_is_open_and_both_gates_are_needed() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))

    assert _decide(scene) == ["decision_recorded"]
    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert "DECISION_DUE" not in scene.attention
    decision = scene.view(CANDIDATE).decision
    assert decision is not None
    assert decision.outcome == "reject"
    assert scene.view("i1").from_candidate is None

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    assert scene.stands(Status.RELEASED)


def test_a_told_decision_is_released_when_the_window_of_the_candidates_form_closes() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    _decide(scene)

    scene.wait(days=8)

    assert scene.stands(Status.RELEASED)
    assert "answer_overdue" not in scene.kinds
    assert scene.interview.feedback.released_at == scene.interview.evaluation.sealed_at


def test_nothing_is_decided_before_every_scorecard_that_counts_is_in_or_excused() -> None:
    scene = open_forms()
    fields = {"by": "decision_maker", "outcome": "reject", "process_over": True, "told": told(scene.now)}
    refused = scene.refuses("record_decision", **fields)
    assert refused.code is Code.INVALID_STATE
    assert "scorecards of i1, i2 are still open" in refused.sentence

    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    assert "scorecards of i2 are" in scene.refuses("record_decision", **fields).sentence

    scene.send("excuse_evaluation", by="coordinator", whom="i2", reason="ill")
    assert scene.send("record_decision", **fields) == ["decision_recorded"]


def test_a_decision_does_not_wait_for_optional_seats_nor_for_who_left_early() -> None:
    optional = open_forms(interviewers=["grace", {"person": "linus", "role": "OPTIONAL"}])
    left = a_booking()
    left.wait_until(left.start_of_booking)
    for who in (CANDIDATE, "i1", "i2"):
        left.tell("participant_joined", who=who)
    left.wait(minutes=10)
    left.tell("participant_left", who="i2")
    left.wait(minutes=30)
    left.send("end_session", by="i1")

    for scene in (optional, left):
        scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
        assert scene.interview.evaluation.forms["i2"].was == "open"
        assert _decide(scene) == ["decision_recorded"]


def test_a_decision_can_be_corrected_until_it_is_released() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    _decide(scene, "advance", over=False)
    _decide(scene, "reject", over=False)
    _decide(scene, "reject")
    assert [one.event.kind for one in scene.records].count("decision_recorded") == 3

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert scene.stands(Status.RELEASED)
    decision = scene.interview.feedback.decision
    assert decision is not None
    assert (decision.outcome, decision.process_over) == ("reject", True)
    assert scene.refuses("record_decision", by="decision_maker", outcome="advance", process_over=False).code in (
        Code.INVALID_STATE,
        Code.ALREADY_RELEASED,
    )


def test_nobody_was_told_of_a_session_before_it_began() -> None:
    scene = sealed_forms()
    before = told(scene.now - timedelta(hours=1))

    refused = scene.refuses("record_decision", by="decision_maker", outcome="reject", process_over=True, told=before)

    assert refused.code is Code.INVALID_COMMAND
    assert "before the session" in refused.sentence


def test_practice_decides_nothing_and_needs_no_second_gate() -> None:
    scene = open_forms(practice=True)
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("confirm_practice", by=who)
    fields = {"by": "decision_maker", "outcome": "reject", "process_over": True, "told": told(scene.now)}
    assert scene.refuses("record_decision", **fields).code is Code.INVALID_STATE

    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who, recommendation=None))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert scene.stands(Status.RELEASED)
    assert "DECISION_DUE" not in scene.attention


def test_practice_that_somebody_has_not_confirmed_is_decided_like_the_real_thing() -> None:
    scene = open_forms(practice=True)
    scene.send("confirm_practice", by="i1")
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who, recommendation=None))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    assert scene.stands(Status.AWAITING_DECISION)

    _decide(scene)

    assert scene.stands(Status.RELEASED)


def test_of_who_has_withdrawn_nothing_is_decided_any_more_and_the_evaluation_goes_on_without_hiring() -> None:
    scene = open_forms()
    scene.send("withdraw", by=CANDIDATE)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))

    fields = {"by": "decision_maker", "outcome": "reject", "process_over": True, "told": told(scene.now)}
    assert scene.refuses("record_decision", **fields).code is Code.INVALID_STATE
    assert scene.stands(Status.AWAITING_EVALUATIONS)

    scene.wait(days=8)
    assert "answer_overdue" not in scene.kinds
    assert scene.stands(Status.RELEASED)


def test_nothing_is_decided_while_it_is_disputed_that_there_was_a_session() -> None:
    scene = presumed_held()
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.send("say_it_did_not_take_place", by="i1")
    assert "HELD_DISPUTED" in scene.attention

    fields = {"by": "decision_maker", "outcome": "reject", "process_over": True, "told": told(scene.now)}
    assert scene.refuses("record_decision", **fields).code is Code.INVALID_STATE


def test_who_withdraws_after_the_embargo_opens_the_second_gate_too() -> None:
    scene = sealed_forms()
    scene.wait(days=40)

    scene.send("withdraw", by=CANDIDATE)

    assert scene.stands(Status.RELEASED)


@pytest.mark.parametrize(
    ("outcome", "over", "by_phone", "knows"),
    [
        ("reject", True, True, True),
        ("reject", False, True, True),
        ("role_closed", True, True, True),
        ("offer_accepted", True, True, True),
        ("advance", False, True, False),
        ("reject", True, False, False),
    ],
)
def test_the_candidate_knows_the_outcome_when_a_person_has_told_them_one(
    outcome: str, *, over: bool, by_phone: bool, knows: bool
) -> None:
    scene = sealed_forms()
    assert not knows_outcome(scene.interview)

    heard = told(scene.now) if by_phone else None
    scene.send("record_decision", by="decision_maker", outcome=outcome, process_over=over, told=heard)

    assert knows_outcome(scene.interview) is knows


def test_who_has_withdrawn_knows_the_outcome() -> None:
    scene = open_forms()

    scene.send("withdraw", by=CANDIDATE)

    assert knows_outcome(scene.interview)


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

    scene.send("withdraw", by=CANDIDATE)
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


def test_a_promised_answer_is_missed_also_while_a_form_is_open() -> None:
    scene = open_forms()
    scene.send("extend_deadline", by="coordinator", until=scene.now + timedelta(days=20))
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))

    scene.wait(days=8)
    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert scene.letters(CANDIDATE).count("answer_delayed") == 1
    assert scene.attention["EVALUATIONS_LATE"] == "now"
    assert "DECISION_DUE" not in scene.attention  # nobody can decide yet

    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    assert scene.attention["EVALUATIONS_LATE"] == "information"
    assert scene.attention["DECISION_DUE"] == "now"

    scene.wait(days=20)
    assert scene.letters(CANDIDATE).count("answer_delayed") == 1
    assert scene.kinds.count("answer_overdue") == 1


def test_a_decision_that_nobody_told_in_time_is_as_late_as_none() -> None:
    scene = sealed_forms()
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True)

    scene.wait(days=8)

    assert scene.letters(CANDIDATE).count("answer_delayed") == 1
    assert scene.attention["DECISION_DUE"] == "now"


def test_once_told_the_decision_is_kept_in_mind_until_the_process_is_over() -> None:
    alone, one_of_several = sealed_forms(), sealed_forms(process_id="p4")

    for scene in (alone, one_of_several):
        _decide(scene, "advance", over=False)
        scene.wait(days=8)
        assert "answer_overdue" not in scene.kinds

    assert alone.attention["DECISION_DUE"] == "information"
    assert "DECISION_DUE" not in one_of_several.attention
    one_of_several.wait(days=40)
    assert one_of_several.attention["DECISION_DUE"] == "information"


# --- the candidate's feedback ----------------------------------------------------------------------------------------


def test_feedback_goes_from_asked_for_to_opened() -> None:
    scene = sealed_forms()
    seen = [_feedback(scene)]
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    seen.append(_feedback(scene))
    _decide(scene)
    seen.append(_feedback(scene))
    assert scene.attention["REVIEW_DUE"] == "today"
    scene.send("review_feedback", by="reviewer", **BOTH, next_step="write one design note a month")
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

    scene.send("review_feedback", by="reviewer", **BOTH)
    reviewed = next(one.event for one in scene.records if isinstance(one.event, FeedbackReviewed))
    assert reviewed.available_at == datetime(2026, 11, 13, 13, 0, tzinfo=UTC)  # Friday, 8:00
    assert scene.refuses("open_feedback", by=CANDIDATE).code is Code.INVALID_STATE

    scene.wait(days=1)
    assert scene.newest("feedback_available", CANDIDATE).at == reviewed.available_at


@pytest.mark.parametrize(("reviewed_on", "available"), [(0, 11), (4, 16), (5, 16)])
def test_the_pause_and_the_weekend_are_kept(reviewed_on: int, available: int) -> None:
    scene = a_release()
    scene.wait(days=reviewed_on, hours=10)  # 20:40 in New York

    scene.send("review_feedback", by="reviewer", **BOTH)

    reviewed = next(one.event for one in scene.records if isinstance(one.event, FeedbackReviewed))
    assert reviewed.available_at.date().day == available


def test_without_a_rejection_there_is_no_pause() -> None:
    scene = sealed_forms()
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    _decide(scene, "offer_accepted")

    scene.send("review_feedback", by="reviewer", **BOTH)
    scene.send("open_feedback", by=CANDIDATE)

    assert _feedback(scene) == "OPENED"


def test_feedback_does_not_end_unannounced() -> None:
    scene = reviewed_feedback()
    scene.wait(days=4)
    letter = scene.newest("feedback_available", CANDIDATE).order.letter
    feedback = scene.view(CANDIDATE).feedback
    assert isinstance(letter, FeedbackAvailable)
    assert feedback is not None
    assert letter.until == feedback.open_until
    assert letter.until is not None

    scene.wait_until(letter.until - timedelta(minutes=1))
    assert scene.copy().send("open_feedback", by=CANDIDATE)[0] == "feedback_opened"
    scene.wait(minutes=1)
    assert scene.stands(Status.COMPLETED)
    opened = follow_up().view(CANDIDATE).feedback
    assert opened is not None
    assert opened.open_until is None


def test_however_late_it_was_reviewed_the_candidate_has_two_weeks_to_open_it() -> None:
    scene = a_release()  # the follow-up ends on Sunday 7 February
    scene.wait(days=89)

    scene.send("review_feedback", by="reviewer", **BOTH)
    scene.wait(days=3)

    letter = scene.newest("feedback_available", CANDIDATE).order.letter
    assert isinstance(letter, FeedbackAvailable)
    assert letter.until == datetime(2027, 2, 23, 4, 59, tzinfo=UTC)  # 23:59 in New York, from Monday the 8th on
    scene.wait_until(letter.until - timedelta(minutes=1))
    assert scene.stands(Status.FOLLOW_UP)
    scene.wait(minutes=1)
    assert scene.stands(Status.COMPLETED)


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

    assert scene.refuses("review_feedback", by="reviewer", **BOTH).code is Code.CONSENT_MISSING
    assert scene.refuses("open_feedback", by=CANDIDATE).code is Code.CONSENT_MISSING
    assert "REVIEW_DUE" not in scene.attention


@pytest.mark.parametrize("foreign", [{"author": "candidate", "what": "growth"}, {"author": "i9", "what": "strength"}])
def test_only_sentences_that_somebody_wrote_are_judged(foreign: dict[str, object]) -> None:
    scene = a_release()

    approved = scene.refuses("review_feedback", by="reviewer", **{**BOTH, "approved": [foreign]})
    withheld = scene.refuses(
        "review_feedback", by="reviewer", **{**NOTHING, "withheld": [{"item": foreign, "reason": "not about the task"}]}
    )

    assert approved.code is withheld.code is Code.INVALID_COMMAND
    assert str(foreign["author"]) in approved.sentence


@pytest.mark.parametrize("author", ["grace", "LINUS"])
def test_nobody_reviews_what_they_wrote_themselves(author: str) -> None:
    refused = a_release().refuses("review_feedback", by="reviewer", **BOTH, reviewed_by=author)

    assert refused.code is Code.CONFLICT_OF_INTEREST
    assert author not in refused.sentence


def test_who_has_reviewed_it_is_remembered_and_may_be_of_the_panel_if_they_wrote_nothing_to_share() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by="i2", form=scorecard("i2", strength=None, growth=None))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    _decide(scene)
    approved = [{"author": "i1", "what": what} for what in ("strength", "growth")]

    for reviewer in ("barbara", "linus"):
        scene.send("review_feedback", by="reviewer", approved=approved, reviewed_by=reviewer)
        assert scene.interview.feedback.reviewed is not None
        assert scene.interview.feedback.reviewed.by == reviewer


def test_a_review_passes_over_no_sentence_and_is_told_which_are_missing() -> None:
    scene = a_release()

    refused = scene.refuses("review_feedback", by="reviewer", approved=BOTH["approved"])

    assert refused.code is Code.INVALID_COMMAND
    assert "missing: growth by i1, strength by i2;" in refused.sentence


def test_a_sentence_is_judged_once() -> None:
    scene = a_release()
    twice = [*NOTHING["withheld"], NOTHING["withheld"][0]]
    both_ways = {"approved": [{"author": "i1", "what": "growth"}], "withheld": NOTHING["withheld"]}

    for judged in ({**NOTHING, "withheld": twice}, both_ways):
        refused = scene.refuses("review_feedback", by="reviewer", **judged)

        assert refused.code is Code.INVALID_COMMAND
        assert "named twice" in refused.sentence


def test_a_next_step_is_one_line_and_goes_with_something_approved() -> None:
    scene = a_release()

    alone = scene.refuses("review_feedback", by="reviewer", **NOTHING, next_step="read more")
    assert alone.code is Code.INVALID_COMMAND
    with pytest.raises(Refused, match="next_step"):
        scene.send("review_feedback", by="reviewer", **BOTH, next_step="read more\nand write more")


def _announced(scene: Scene) -> list[FeedbackAvailable]:
    """Give what the candidate was told of the feedback they asked for."""
    letters = [one.order.letter for one in scene.mailbox if one.to == CANDIDATE]
    return [one for one in letters if isinstance(one, FeedbackAvailable)]


def test_where_nobody_wrote_anything_to_share_nobody_reviews_and_the_candidate_is_told() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who, growth=None, strength=None))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    _decide(scene)

    assert _feedback(scene) == "WITHHELD"
    assert "REVIEW_DUE" not in scene.attention
    assert scene.refuses("review_feedback", by="reviewer", approved=[]).code is Code.INVALID_STATE
    scene.wait(days=3)
    assert _announced(scene) == [FeedbackAvailable(nothing=True)]
    assert scene.newest("feedback_available", CANDIDATE).reads == datetime(2026, 11, 11, 10, 40)  # noqa: DTZ001  wall time


def test_what_was_taken_back_by_mistake_can_be_given_again_until_it_is_opened() -> None:
    scene = a_release()
    scene.send("review_feedback", by="reviewer", **BOTH)
    for item in ({"author": "i1", "what": "strength"}, {"author": "i2", "what": "growth"}):
        scene.send("withhold_item", by="reviewer", item=item, reason="it names a colleague")
    assert _feedback(scene) == "WITHHELD"

    assert scene.send("review_feedback", by="reviewer", **BOTH, next_step="read more") == ["feedback_reviewed"]
    assert _feedback(scene) == "READY"
    scene.wait(days=3)
    scene.send("open_feedback", by=CANDIDATE)

    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    assert (feedback.strengths, feedback.growth) == ((secret("strength by i1"),), (secret("growth by i2"),))
    assert feedback.next_step == "read more"


def test_a_later_review_is_as_whole_as_the_first_and_makes_nothing_available_sooner() -> None:
    scene = reviewed_feedback()
    assert scene.interview.feedback.reviewed is not None
    before = scene.interview.feedback.reviewed.available_at
    assert "missing" in scene.refuses("review_feedback", by="reviewer", approved=BOTH["approved"]).sentence

    scene.send("review_feedback", by="reviewer", **NOTHING)
    scene.send("review_feedback", by="reviewer", **BOTH)
    assert scene.interview.feedback.reviewed.available_at == before

    scene.wait_until(datetime(2026, 11, 14, 15, 0, tzinfo=UTC))  # on Saturday, when it could be opened already
    scene.send("review_feedback", by="reviewer", **BOTH, next_step="read more")
    assert scene.interview.feedback.reviewed.available_at == datetime(2026, 11, 16, 13, 0, tzinfo=UTC)


def test_a_review_counts_once_and_what_was_approved_can_be_taken_back_before_it_is_opened() -> None:
    scene = a_release()
    scene.send("review_feedback", by="reviewer", **BOTH)
    assert scene.send("review_feedback", by="reviewer", **BOTH) == []

    item, reason = {"author": "i1", "what": "strength"}, "it names a colleague"
    assert scene.send("withhold_item", by="reviewer", item=item, reason=reason) == ["item_withheld"]
    assert scene.send("withhold_item", by="reviewer", item=item, reason=reason) == []
    scene.wait(days=3)
    scene.send("open_feedback", by=CANDIDATE)

    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    assert (feedback.strengths, feedback.growth) == ((), (secret("growth by i2"),))


def test_a_review_of_which_all_was_taken_back_withholds() -> None:
    scene = reviewed_feedback()
    for item in ({"author": "i1", "what": "strength"}, {"author": "i2", "what": "growth"}):
        scene.send("withhold_item", by="reviewer", item=item, reason="it names a colleague")

    scene.wait(days=4)

    assert _feedback(scene) == "WITHHELD"
    assert _announced(scene) == [FeedbackAvailable(nothing=True)]


def test_what_was_announced_and_then_taken_back_or_given_after_all_is_told_anew() -> None:
    scene = reviewed_feedback()
    scene.wait(days=4)
    scene.send("review_feedback", by="reviewer", **NOTHING)
    scene.wait(days=4)
    scene.send("review_feedback", by="reviewer", **BOTH)
    scene.send("review_feedback", by="reviewer", **BOTH, next_step="read more")
    scene.wait(days=4)

    assert [one.nothing for one in _announced(scene)] == [False, True, False]


def test_a_review_that_never_came_is_admitted_when_all_is_over() -> None:
    scene = a_release()
    scene.wait(days=90)  # until Sunday
    assert scene.stands(Status.COMPLETED)
    assert _announced(scene) == []

    scene.wait(days=1)

    assert _announced(scene) == [FeedbackAvailable(nothing=True)]
    assert scene.newest("feedback_available", CANDIDATE).reads == datetime(2027, 2, 8, 8, 0)  # noqa: DTZ001  wall time
    scene.over()


def test_so_is_a_decision_that_never_came() -> None:
    scene = sealed_forms()
    scene.send("give_consent", by=CANDIDATE, layer="feedback")

    scene.wait(days=200)

    assert scene.stands(Status.COMPLETED)
    assert _announced(scene) == [FeedbackAvailable(nothing=True)]


def test_nobody_is_told_of_feedback_that_they_did_not_ask_for_or_whose_interview_never_was() -> None:
    unasked, called_off, revoked = sealed_forms(), a_booking(), a_release()
    called_off.send("give_consent", by=CANDIDATE, layer="feedback")
    called_off.send("cancel", by="coordinator", reason="the role is filled")
    revoked.send("revoke_consent", by=CANDIDATE, layer="feedback")
    _decide(unasked)

    for scene in (unasked, called_off, revoked):
        scene.wait(days=200)
        assert _announced(scene) == []
        scene.over()


@pytest.mark.parametrize("what", ["strength", "growth"])
def test_what_was_not_approved_or_was_opened_cannot_be_taken_back(what: str) -> None:
    item = {"author": "i1", "what": what}
    waiting, opened = a_release(), follow_up()

    assert waiting.refuses("withhold_item", by="reviewer", item=item, reason="no").code is Code.INVALID_STATE
    assert opened.refuses("withhold_item", by="reviewer", item=item, reason="no").code is Code.ALREADY_RELEASED


def test_a_review_that_approves_nothing_withholds() -> None:
    scene = a_release()

    scene.send("review_feedback", by="reviewer", **NOTHING)
    scene.wait(days=4)

    assert _feedback(scene) == "WITHHELD"
    assert _announced(scene) == [FeedbackAvailable(nothing=True)]
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
    assert scene.refuses("review_feedback", by="reviewer", **NOTHING).code is Code.ALREADY_RELEASED


def test_where_the_policy_has_no_feedback_consent_is_never_asked() -> None:
    scene = sealed_forms(policy={"feedback": False})

    assert _feedback(scene) == "OFF"
    assert scene.refuses("give_consent", by=CANDIDATE, layer="feedback").code is Code.INVALID_STATE
    assert scene.send("revoke_consent", by=CANDIDATE, layer="feedback") == []
    assert scene.send("give_consent", by=CANDIDATE, layer="reminders") == ["consent_given"]

    _decide(scene)
    assert _feedback(scene) == "OFF"
    assert "REVIEW_DUE" not in scene.attention
    assert scene.refuses("review_feedback", by="reviewer", **BOTH).code is Code.CONSENT_MISSING


def test_a_layer_that_is_taken_back_is_withheld_and_the_rest_goes_on() -> None:
    scene = a_release()

    scene.send("revoke_consent", by=CANDIDATE, layer="feedback")
    assert "REVIEW_DUE" not in scene.attention
    assert scene.stands(Status.RELEASED)
    assert scene.view("i1").from_candidate is not None

    scene.wait(days=40)
    assert scene.letters(CANDIDATE)[-2:] == ["reflection_request", "growth_request"]
    assert scene.send("revoke_consent", by=CANDIDATE, layer="feedback") == []


def test_consent_is_asked_in_words_that_people_understand() -> None:
    assert set(ASKED) == set(get_args(Layer))
    for words in ASKED.values():
        sentences = [one for one in words.replace("!", ".").split(".") if one.strip()]
        assert all(len(one.split()) <= 24 for one in sentences)
        assert "change my mind" in words
        assert not {"consent", "layer", "gate", "release", "process", "data", "policy"} & set(words.lower().split())


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
