from datetime import UTC, datetime, timedelta

import pytest

from entrevue.evaluation import EvaluationsSealed, EvaluationSubmitted
from entrevue.orders import DayReminder, HourReminder
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    Scene,
    a_booking,
    candidate_form,
    expectations,
    open_forms,
    scorecard,
    sealed_forms,
    secret,
    story,
)


def _states(scene: Scene) -> dict[str, str]:
    return {who: form.was for who, form in scene.interview.evaluation.forms.items()}


def _submitted(scene: Scene) -> list[tuple[str, int, bool]]:
    events = ((one.by, one.event) for one in scene.records)
    return [(by, event.version, event.late) for by, event in events if isinstance(event, EvaluationSubmitted)]


# --- expectations ----------------------------------------------------------------------------------------------------


def test_everyone_says_what_they_expect_and_reads_what_was_written_for_them_when_it_is_time() -> None:
    scene = expectations(a_booking())
    start = scene.start_of_booking
    assert scene.view(CANDIDATE).written_for_you == ()
    assert [line.who for line in scene.view("i1").written_for_you] == ["i2"]  # a colleague's is no secret

    scene.wait_until(start - timedelta(hours=24))
    assert [line.text for line in scene.view(CANDIDATE).written_for_you] == [secret("line of i1"), secret("line of i2")]
    assert [line.who for line in scene.view("i1").written_for_you] == ["i2"]

    scene.wait_until(start - timedelta(hours=1))
    assert [line.text for line in scene.view("i1").written_for_you] == [
        secret("line of candidate"),
        secret("line of i2"),
    ]


def test_the_reminders_bring_what_the_other_side_wrote() -> None:
    scene = expectations(a_booking())
    scene.wait_until(scene.start_of_booking)

    day = scene.newest("day_reminder", CANDIDATE).order.letter
    hour = scene.newest("hour_reminder", "i2").order.letter

    assert isinstance(day, DayReminder)
    assert isinstance(hour, HourReminder)
    assert [line.text for line in day.lines] == [secret("line of i1"), secret("line of i2")]
    assert not day.expectations_open
    assert [line.text for line in hour.lines] == [secret("line of candidate")]
    assert len(hour.scale) == 3  # what they will rate on


def test_a_candidate_who_has_not_said_what_they_expect_is_asked_once_more_the_day_before() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)

    day = scene.newest("day_reminder", CANDIDATE).order.letter

    assert isinstance(day, DayReminder)
    assert day.expectations_open


def test_expectations_may_be_changed_until_the_session_starts_and_not_afterwards() -> None:
    scene = expectations(a_booking())
    scene.send("share_expectations", by="i1", for_other_side="how we decide")
    assert scene.view("i1").own_expectations is not None
    assert scene.send("share_expectations", by="i1", for_other_side="how we decide") == []

    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")

    refused = scene.refuses("share_expectations", by="i1", for_other_side="too late")
    assert refused.code is Code.INVALID_STATE


def test_empty_expectations_are_none() -> None:
    assert a_booking().refuses("share_expectations", by="i1").code is Code.INVALID_COMMAND


# --- forms -----------------------------------------------------------------------------------------------------------


def test_each_form_is_due_at_the_end_of_a_day_of_its_author() -> None:
    scene = open_forms()  # Monday the 9th

    due = {who: form.due for who, form in scene.interview.evaluation.forms.items()}

    assert due[CANDIDATE] == datetime(2026, 11, 17, 4, 59, tzinfo=UTC)  # 23:59 in New York
    assert due["i1"] == datetime(2026, 11, 16, 22, 59, tzinfo=UTC)  # 23:59 in Berlin


def test_a_form_is_versioned_while_its_author_changes_their_mind() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    again = scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by="i1", form=scorecard("i1", recommendation="strong_yes"))

    assert again == []
    assert _submitted(scene) == [("i1", 1, False), ("i1", 2, False)]
    assert scene.view("i1").form is not None


def test_ratings_freeze_once_their_author_can_read_a_colleagues() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))

    refused = scene.refuses("submit_evaluation", by="i1", form=scorecard("i1", recommendation="no"))
    assert refused.code is Code.EVALUATION_LOCKED

    scene.send("submit_evaluation", by="i1", form=scorecard("i1", growth="ask before you answer"))
    assert _submitted(scene)[-1] == ("i1", 2, False)


def test_the_candidates_form_freezes_nobodys_ratings() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    scene.send("submit_evaluation", by="i1", form=scorecard("i1", recommendation="no"))

    assert _submitted(scene)[-1] == ("i1", 2, False)


@pytest.mark.parametrize(
    ("by", "form", "field"),
    [
        ("i1", candidate_form(), "form.form"),
        (CANDIDATE, scorecard("candidate"), "form.form"),
        ("i1", scorecard("i1", ratings=[{"competency": "expertise", "score": 4}]), "form.ratings.expertise.evidence"),
        ("i1", scorecard("i1", ratings=[{"competency": "motivation"}]), "form.ratings"),
        ("i1", scorecard("i1", ratings=[{"competency": "expertise"}] * 2), "form.ratings"),
        (CANDIDATE, candidate_form(about="candidate"), "form.about"),
        (CANDIDATE, candidate_form(about="i7"), "form.about"),
    ],
    ids=["a candidate's", "a panelist's", "no evidence", "not assigned", "twice", "about oneself", "about a stranger"],
)
def test_a_form_that_does_not_fit_is_refused_with_its_field(by: str, form: dict[str, object], field: str) -> None:
    refused = open_forms().refuses("submit_evaluation", by=by, form=form)

    assert refused.code is Code.INVALID_COMMAND
    assert refused.sentence.startswith(f"{field}:")


def test_who_was_excused_owes_nothing_and_hands_in_nothing() -> None:
    scene = open_forms()

    scene.send("excuse_evaluation", by="coordinator", whom="i2", reason="ill since Tuesday")

    assert _states(scene)["i2"] == "excused"
    assert scene.send("excuse_evaluation", by="coordinator", whom="i2", reason="ill since Tuesday") == []
    assert scene.refuses("submit_evaluation", by="i2", form=scorecard("i2")).code is Code.FORM_NOT_OPEN


def test_an_interviewer_excuses_only_themselves() -> None:
    scene = open_forms()
    refused = scene.refuses("excuse_evaluation", by="i1", whom="i2", reason="busy")
    assert refused.code is Code.NOT_AUTHORIZED

    scene.send("excuse_evaluation", by="i1", whom="i1", reason="busy")

    assert _states(scene)["i1"] == "excused"


def test_what_was_handed_in_cannot_be_excused() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))

    assert scene.refuses("excuse_evaluation", by="coordinator", whom="i1", reason="x").code is Code.FORM_NOT_OPEN


# --- gate 1 ----------------------------------------------------------------------------------------------------------


def test_the_evaluations_are_sealed_when_the_last_one_needed_is_in() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    assert scene.stands(Status.AWAITING_EVALUATIONS)

    happened = scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert happened[:2] == ["evaluation_submitted", "evaluations_sealed"]
    assert scene.stands(Status.AWAITING_DECISION)
    assert scene.attention["DECISION_DUE"] == "today"


def test_an_excuse_can_be_the_last_thing_needed() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    scene.send("excuse_evaluation", by="i2", whom="i2", reason="left the company")

    assert scene.stands(Status.AWAITING_DECISION)


def test_the_gate_does_not_wait_for_an_optional_colleague() -> None:
    scene = open_forms(interviewers=["grace", {"person": "linus", "role": "OPTIONAL"}])
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert scene.stands(Status.AWAITING_DECISION)
    assert _states(scene)["i2"] == "expired"


def test_a_window_that_closes_seals_what_is_there_and_submits_nobodys_draft() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))

    scene.wait(days=8)

    assert scene.stands(Status.AWAITING_DECISION)
    assert _states(scene) == {CANDIDATE: "expired", "i1": "submitted", "i2": "expired"}
    sealed = next(one for one in scene.records if isinstance(one.event, EvaluationsSealed))
    assert sealed.at == datetime(2026, 11, 17, 4, 59, tzinfo=UTC)  # the last of the days


def test_what_comes_after_the_window_is_taken_and_marked_late() -> None:
    scene = open_forms()
    scene.wait(days=8)

    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))

    assert _submitted(scene) == [("i2", 1, True)]
    assert scene.stands(Status.AWAITING_DECISION)


def test_what_an_optional_colleague_hands_in_after_the_seal_is_late_though_its_day_has_not_come() -> None:
    scene = open_forms(interviewers=["grace", {"person": "linus", "role": "OPTIONAL"}])
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))

    assert _submitted(scene)[-1] == ("i2", 1, True)


def test_sealed_is_sealed() -> None:
    scene = sealed_forms()

    for by, form in (("i1", scorecard("i1", growth="other")), (CANDIDATE, candidate_form(overall=1))):
        assert scene.refuses("submit_evaluation", by=by, form=form).code is Code.EVALUATION_LOCKED
    assert scene.send("submit_evaluation", by="i1", form=scorecard("i1")) == []  # a repetition changes nothing


def test_after_two_days_the_coordinator_hears_of_open_forms_and_no_longer_when_they_are_in() -> None:
    scene = open_forms()
    scene.send("answer_question", by="coordinator", question=1, text="yes")
    scene.wait(hours=47)
    assert scene.attention == {}

    scene.wait(hours=1)
    assert scene.attention == {"EVALUATIONS_LATE": "information"}

    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    assert "EVALUATIONS_LATE" not in scene.attention


# --- blindness -------------------------------------------------------------------------------------------------------


def test_no_panelist_reads_a_colleagues_form_before_handing_in_their_own() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    assert scene.view("i1").scorecards == ()

    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))

    (peer,) = scene.view("i1").scorecards
    assert (peer.who, peer.recommendation, peer.private_note) == ("i2", "yes", None)
    assert peer.ratings[0].evidence == secret("evidence of i2")


def test_who_was_excused_or_came_too_late_reads_nobodys_form() -> None:
    excused, expired = open_forms(), open_forms()
    for scene in (excused, expired):
        scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    excused.send("excuse_evaluation", by="i1", whom="i1", reason="ill")
    expired.wait(days=8)

    assert excused.view("i1").scorecards == ()
    assert expired.view("i1").scorecards == ()


def test_the_decision_maker_reads_each_scorecard_as_it_comes_and_never_the_candidates_form() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    view = scene.view("decision_maker")

    assert [(card.who, card.private_note) for card in view.scorecards] == [("i2", secret("note of i2"))]
    assert secret("helped") not in view.model_dump_json()


@pytest.mark.parametrize("share", ["attributed", "aggregated", "company_only"])
def test_only_what_a_candidate_attributes_reaches_the_interviewers_and_only_past_both_gates(share: str) -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(share=share, about="i2"))
    assert scene.view("i1").from_candidate is None

    told = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)

    said = {who: scene.view(who).from_candidate for who in ("i1", "i2")}
    if share == "attributed":
        assert said["i1"] is not None
        assert (said["i1"].listened, said["i1"].helped) == (5, None)  # the sentence is about somebody else
        assert said["i2"] is not None
        assert said["i2"].helped == secret("helped")
    else:
        assert said == {"i1": None, "i2": None}


def test_who_did_not_meet_the_candidate_reads_nothing_of_theirs() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)
    scene.send("mark_attendance", by="i1", who="i2", present=False)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    told = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)

    assert scene.view("i1").from_candidate is not None
    assert scene.view("i2").from_candidate is None
    assert scene.view("i2").scorecards == ()
    assert scene.view("i2").report is None


def test_nobody_owes_a_form_for_a_session_that_never_was() -> None:
    for status in (Status.NO_SHOW_REVIEW, Status.CLOSED_NO_SHOW, Status.CANCELLED, Status.WITHDRAWN):
        assert _states(story(status)) == {}
