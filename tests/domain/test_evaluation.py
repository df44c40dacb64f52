from datetime import UTC, datetime, timedelta

import pytest

from entrevue.evaluation import EvaluationsExtended, EvaluationsSealed, EvaluationSubmitted, assigned, is_practice
from entrevue.interview import OperatorCancelled
from entrevue.letters import DayReminder, HourReminder
from entrevue.rubrics import DEFAULT_RUBRIC, CandidateForm
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    Scene,
    a_booking,
    a_no_show,
    a_release,
    a_session,
    candidate_form,
    command,
    expectations,
    follow_up,
    let_down,
    open_forms,
    presumed_held,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    secret,
    story,
    told,
)

A_TAP = {"form": "candidate", "overall": 4}
MINUTE = timedelta(minutes=1)


def _states(scene: Scene) -> dict[str, str]:
    return {who: form.was for who, form in scene.interview.evaluation.forms.items()}


def _due(scene: Scene) -> dict[str, datetime]:
    return {who: form.due for who, form in scene.interview.evaluation.forms.items()}


def _closes(scene: Scene) -> datetime:
    closes = scene.interview.evaluation.window_closes
    assert closes is not None
    return closes


def _shared(scene: Scene) -> str | None:
    """With whom the candidate's newest form is shared, as it was recorded."""
    forms = [one.event.form for one in scene.records if isinstance(one.event, EvaluationSubmitted)]
    form = next(form for form in reversed(forms) if isinstance(form, CandidateForm))
    return form.share


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


def test_what_is_said_when_the_hour_has_come_is_no_expectation() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)

    refused = scene.refuses("share_expectations", by=CANDIDATE, private="that it goes well")

    assert refused.code is Code.FORM_NOT_OPEN


def test_for_another_attempt_expectations_may_be_shared_anew() -> None:
    scene = a_session()
    scene.send("abort_session", by="i1", reason="no sound")

    scene.send("share_expectations", by="i1", for_other_side="a better line")

    assert scene.interview.evaluation.expectations["i1"].for_other_side == "a better line"
    assert scene.interview.evaluation.expectations[CANDIDATE].private == secret("private of candidate")


def test_whoever_shared_no_expectation_before_the_start_has_missed_it_and_owes_nothing() -> None:
    scene = a_booking()
    scene.send("share_expectations", by="i1", confidence=3)
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")

    people, shared = scene.interview.people.members, scene.interview.evaluation.expectations
    assert [member.who for member in people if member.who not in shared] == [CANDIDATE, "i2"]
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    assert _states(scene)["i2"] == "submitted"


# --- forms -----------------------------------------------------------------------------------------------------------


def test_each_form_is_due_at_the_end_of_a_day_of_its_author() -> None:
    scene = open_forms()  # Monday the 9th

    due = _due(scene)

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


def test_who_can_read_a_colleague_changes_words_and_no_judgement() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    expertise: dict[str, object] = {"competency": "expertise", "score": 4, "evidence": secret("evidence of i1")}
    given = [expertise, {"competency": "work_ethic"}]
    otherwise: list[tuple[str, dict[str, object]]] = [
        ("form.ratings", {"ratings": given[:1]}),
        ("form.ratings", {"ratings": [{**expertise, "score": 5}, given[1]]}),
        ("form.recommendation", {"recommendation": "strong_yes"}),
        ("form.recommendation", {"recommendation": "no"}),
    ]

    for field, change in otherwise:
        refused = scene.refuses("submit_evaluation", by="i1", form=scorecard("i1", **change))
        assert refused.code is Code.EVALUATION_LOCKED
        assert refused.sentence.startswith(f"{field}: ")

    words: dict[str, object] = {
        "strength": "asks first",
        "strength_in": "communication",
        "private_note": None,
        "own": {"confidence": 1},
    }
    scene.send("submit_evaluation", by="i1", form=scorecard("i1", ratings=given[::-1], **words))
    assert _submitted(scene)[-1] == ("i1", 2, False)


def test_nothing_is_frozen_for_who_is_the_first_to_hand_in() -> None:
    scene = open_forms()
    for recommendation in ("no", "yes", "strong_no", "strong_yes", "no"):
        scene.send("submit_evaluation", by="i1", form=scorecard("i1", recommendation=recommendation))
    assert _submitted(scene)[-1] == ("i1", 5, False)

    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))

    assert scene.refuses("submit_evaluation", by="i1", form=scorecard("i1")).code is Code.EVALUATION_LOCKED


def test_a_candidate_changes_everything_until_it_is_sealed() -> None:
    scene = open_forms()
    for overall in (1, 5, 2):
        scene.send("submit_evaluation", by=CANDIDATE, form={**A_TAP, "overall": overall})

    assert _submitted(scene)[-1] == (CANDIDATE, 3, False)


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
        ("i1", scorecard("i1", recommendation=None), "form.recommendation"),
        ("i1", scorecard("i1", strength_in="charm"), "form.strength_in"),
        ("i1", scorecard("i1", growth_in="listening"), "form.growth_in"),
        ("i1", scorecard("i1", own={"went_well_in": "expertise"}), "form.own.went_well_in"),
        ("i1", scorecard("i1", own={"differently_in": "charm"}), "form.own.differently_in"),
        (CANDIDATE, candidate_form(own={"went_well_in": "listening"}), "form.own.went_well_in"),
        (CANDIDATE, candidate_form(own={"differently_in": "charm"}), "form.own.differently_in"),
        (CANDIDATE, candidate_form(about="candidate"), "form.about"),
        (CANDIDATE, candidate_form(about="i7"), "form.about"),
        (CANDIDATE, candidate_form(helped=None, tick_helped=True), "form.tick_helped"),
        (CANDIDATE, candidate_form(change=None, tick_change=True), "form.tick_change"),
    ],
    ids=[
        "a candidate's",
        "a panelist's",
        "no evidence",
        "not assigned",
        "twice",
        "no recommendation",
        "a strength in nothing we know",
        "growth in what interviewers do",
        "own view in what candidates do",
        "own view in nothing we know",
        "a candidate's in what interviewers do",
        "a candidate's in nothing we know",
        "about oneself",
        "about a stranger",
        "a tick and nothing that helped",
        "a tick and nothing to change",
    ],
)
def test_a_form_that_does_not_fit_is_refused_with_its_field(by: str, form: dict[str, object], field: str) -> None:
    refused = open_forms().refuses("submit_evaluation", by=by, form=form)

    assert refused.code is Code.INVALID_COMMAND
    assert refused.sentence.startswith(f"{field}:")


def test_each_side_names_its_own_view_in_the_themes_in_which_the_other_side_speaks_of_it() -> None:
    scene = open_forms()
    card = scorecard("i1", strength_in="motivation", own={"went_well_in": "listening", "differently_in": "time"})
    form = candidate_form(helped_in="questions", own={"went_well_in": "expertise", "differently_in": "motivation"})

    scene.send("submit_evaluation", by="i1", form=card)
    scene.send("submit_evaluation", by=CANDIDATE, form=form)

    assert _submitted(scene) == [("i1", 1, False), (CANDIDATE, 1, False)]


def test_a_competency_that_was_not_assessed_has_no_score_and_needs_no_evidence() -> None:
    scene = open_forms()

    scene.send("submit_evaluation", by="i1", form=scorecard("i1", ratings=[{"competency": "expertise"}]))
    scene.send("submit_evaluation", by="i2", form=scorecard("i2", ratings=[]))

    assert _states(scene) == {CANDIDATE: "open", "i1": "submitted", "i2": "submitted"}


def test_a_single_tap_of_the_candidate_is_a_form() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))

    scene.send("submit_evaluation", by=CANDIDATE, form=A_TAP)

    assert _states(scene)[CANDIDATE] == "submitted"
    assert scene.stands(Status.AWAITING_DECISION)


def test_what_a_candidate_does_not_say_about_sharing_is_recorded_as_shared_in_figures_only() -> None:
    scene = open_forms()

    scene.send("submit_evaluation", by=CANDIDATE, form=A_TAP)

    assert _shared(scene) == "aggregated"
    assert scene.send("submit_evaluation", by=CANDIDATE, form=A_TAP) == []
    assert scene.send("submit_evaluation", by=CANDIDATE, form={**A_TAP, "share": "aggregated"}) == []


@pytest.mark.parametrize("share", ["attributed", "aggregated", "company_only"])
def test_what_a_candidate_says_about_sharing_is_recorded_as_they_said(share: str) -> None:
    scene = open_forms()

    scene.send("submit_evaluation", by=CANDIDATE, form={**A_TAP, "share": share})

    assert _shared(scene) == share


def test_a_sentence_about_one_interviewer_is_about_one_who_was_there() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)
    scene.send("mark_attendance", by="i1", who="i2", present=False)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")

    refused = scene.refuses("submit_evaluation", by=CANDIDATE, form=candidate_form(about="i2"))

    assert refused.sentence == "form.about: i2 is no interviewer whom you met; name i1 or nobody"
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(about="i1"))
    assert _states(scene)[CANDIDATE] == "submitted"


# --- what is rated ---------------------------------------------------------------------------------------------------


def test_a_seat_rates_its_own_competencies_and_the_others_those_of_the_rubric() -> None:
    scene = open_forms(interviewers=["grace", {"person": "linus", "competencies": ["motivation"]}])

    assert assigned(scene.interview, "i1") == DEFAULT_RUBRIC.assigned
    assert assigned(scene.interview, "i2") == ("motivation",)
    refused = scene.refuses("submit_evaluation", by="i2", form=scorecard("i2"))
    assert refused.sentence == "form.ratings: expertise is not assigned here; rate motivation"
    scene.send("submit_evaluation", by="i2", form=scorecard("i2", ratings=[{"competency": "motivation"}]))
    assert _states(scene)["i2"] == "submitted"


def test_whoever_takes_a_seat_rates_what_the_seat_rates() -> None:
    scene = a_booking(interviewers=["grace", {"person": "linus", "competencies": ["motivation"]}])

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    scene.send("add_seat", by="coordinator", person="barbara")

    came = {member.person: member.who for member in scene.interview.people.interviewers}
    assert assigned(scene.interview, came["edsger"]) == ("motivation",)
    assert assigned(scene.interview, came["barbara"]) == DEFAULT_RUBRIC.assigned
    assert assigned(scene.interview, "i2") == DEFAULT_RUBRIC.assigned  # who has left has no seat, and owes no form
    assert "i2" not in scene.interview.people


def test_a_stand_in_rates_what_whoever_is_missing_would_have_rated() -> None:
    scene = a_booking(interviewers=["linus", {"pool": "backend", "competencies": ["problem_solving", "expertise"]}])
    scene.wait_until(scene.start_of_booking)
    for who in (CANDIDATE, "i1"):
        scene.tell("participant_joined", who=who)
    scene.wait(minutes=5)

    stand_in = scene.interview.people.seats[-1]

    assert stand_in.stand_in
    assert assigned(scene.interview, str(stand_in.who)) == ("problem_solving", "expertise")


# --- excuses ---------------------------------------------------------------------------------------------------------


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


def test_what_came_late_is_locked_at_once() -> None:
    scene = open_forms()
    scene.wait(days=8)
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))

    refused = scene.refuses("submit_evaluation", by="i2", form=scorecard("i2", growth="ask first"))

    assert refused.code is Code.EVALUATION_LOCKED


def test_after_release_nothing_comes_late_any_more() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.wait(days=8)
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    assert scene.stands(Status.RELEASED)

    for by, form in (("i2", scorecard("i2")), (CANDIDATE, A_TAP)):
        assert scene.refuses("submit_evaluation", by=by, form=form).code is Code.INVALID_STATE
    assert _states(scene) == {CANDIDATE: "expired", "i1": "submitted", "i2": "expired"}


def test_nothing_of_a_session_that_broke_off_is_owed_or_kept() -> None:
    scene = presumed_held()
    assert _states(scene) == {CANDIDATE: "open", "i1": "open", "i2": "open"}

    scene.send("say_it_did_not_take_place", by=CANDIDATE)

    assert _states(scene) == {}


def test_a_window_that_passed_while_it_was_disputed_whether_they_met_opens_once_more() -> None:
    scene = presumed_held()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("say_it_did_not_take_place", by=CANDIDATE)
    scene.wait(days=20)
    assert scene.interview.session.disputed

    scene.send("rule_no_show", by="coordinator", upheld=False)

    assert _states(scene) == {CANDIDATE: "open", "i1": "submitted", "i2": "open"}
    scene.wait(days=2)
    assert _states(scene) == {CANDIDATE: "expired", "i1": "submitted", "i2": "expired"}


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


# --- more time -------------------------------------------------------------------------------------------------------


def test_the_coordinator_gives_one_author_more_time() -> None:
    scene = open_forms()
    before, later = _due(scene), _closes(scene) + timedelta(days=3)

    scene.send("extend_deadline", by="coordinator", whom="i2", until=later)

    assert _due(scene) == {**before, "i2": later}
    scene.wait_until(later - MINUTE)
    assert _states(scene)["i2"] == "open"
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    assert _submitted(scene) == [("i2", 1, False)]
    scene.wait(minutes=1)
    assert scene.stands(Status.AWAITING_DECISION)


def test_more_time_for_all_is_for_all_whose_form_is_open() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    before, later = _due(scene), _closes(scene) + timedelta(days=3)

    scene.send("extend_deadline", by="coordinator", until=later)

    assert _due(scene) == {CANDIDATE: later, "i1": before["i1"], "i2": later}


def test_nobody_is_ever_given_less_time() -> None:
    scene = open_forms()
    due = _due(scene)

    for until in (scene.now, scene.now - MINUTE, due["i1"] - MINUTE, due["i1"]):
        refused = scene.refuses("extend_deadline", by="coordinator", until=until)
        assert refused.code is Code.INVALID_COMMAND
        assert refused.sentence.startswith("until: ")

    scene.send("extend_deadline", by="coordinator", until=due["i1"] + MINUTE)
    assert _due(scene) == {CANDIDATE: due[CANDIDATE], "i1": due["i1"] + MINUTE, "i2": due["i2"] + MINUTE}


def test_no_deadline_is_moved_beyond_sixty_days_after_the_session() -> None:
    scene = open_forms()
    furthest = scene.now + timedelta(days=60)

    refused = scene.refuses("extend_deadline", by="coordinator", until=furthest + MINUTE)
    scene.send("extend_deadline", by="coordinator", until=furthest)

    assert refused.code is Code.INVALID_COMMAND
    assert _closes(scene) == furthest


def test_more_time_is_given_only_where_a_form_is_open() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    later = scene.now + timedelta(days=20)

    one = scene.refuses("extend_deadline", by="coordinator", whom="i1", until=later)
    sealed = sealed_forms().refuses("extend_deadline", by="coordinator", until=later)

    assert one.code is Code.FORM_NOT_OPEN
    assert one.sentence == "whom: i1 has no open form"
    assert sealed.code is Code.INVALID_STATE
    for by in ("i1", CANDIDATE, "decision_maker", "backend"):
        assert scene.refuses("extend_deadline", by=by, until=later).code is Code.NOT_AUTHORIZED


# --- outages ---------------------------------------------------------------------------------------------------------


def _down_until(scene: Scene, at: datetime) -> None:
    """No worker looked until now."""
    scene.now = at
    scene.run()


def test_a_window_that_closed_during_an_outage_is_open_until_the_end_of_the_next_day() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    before, closed = _due(scene), _closes(scene)  # on the 17th, 04:59

    _down_until(scene, closed + timedelta(days=2))

    assert _states(scene) == {CANDIDATE: "open", "i1": "submitted", "i2": "open"}
    assert _due(scene) == {
        CANDIDATE: datetime(2026, 11, 20, 4, 59, tzinfo=UTC),  # the 18th in New York still, when it was noticed
        "i1": before["i1"],
        "i2": datetime(2026, 11, 20, 22, 59, tzinfo=UTC),  # the 19th in Berlin
    }
    (extended,) = [one for one in scene.records if isinstance(one.event, EvaluationsExtended)]
    assert (extended.by, extended.at) == ("clock", closed)
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    assert _submitted(scene)[-1] == ("i2", 1, False)
    scene.wait(days=3)
    assert _states(scene)[CANDIDATE] == "expired"


def test_a_form_that_arrives_first_after_an_outage_is_in_time() -> None:
    scene = open_forms()
    scene.now = _closes(scene) + timedelta(hours=3)

    happened = scene.cause(command("submit_evaluation", by="i1", form=scorecard("i1")))

    assert happened[0] == "evaluations_extended"
    assert _submitted(scene) == [("i1", 1, False)]


def test_an_hour_is_no_outage() -> None:
    scene = open_forms()

    _down_until(scene, _closes(scene) + timedelta(hours=1))

    assert scene.stands(Status.AWAITING_DECISION)
    assert set(_states(scene).values()) == {"expired"}


def test_time_is_made_good_once_a_window() -> None:
    scene = open_forms()
    for _ in range(2):
        _down_until(scene, _closes(scene) + timedelta(hours=2))
    assert scene.stands(Status.AWAITING_DECISION)

    scene = open_forms()
    _down_until(scene, _closes(scene) + timedelta(hours=2))
    scene.send("extend_deadline", by="coordinator", until=scene.now + timedelta(days=5))  # that is another window
    _down_until(scene, _closes(scene) + timedelta(hours=2))
    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert scene.kinds.count("evaluations_extended") == 3


def test_a_second_session_has_a_window_of_its_own() -> None:
    scene = presumed_held()
    _down_until(scene, _closes(scene) + timedelta(hours=2))
    scene.send("say_it_did_not_take_place", by=CANDIDATE)
    scene.send("request_reschedule", by="i1")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    scene.wait_until(scene.start_of_booking + 40 * MINUTE)

    _down_until(scene, _closes(scene) + timedelta(hours=2))

    assert set(_states(scene).values()) == {"open"}


# --- after the decision ----------------------------------------------------------------------------------------------


def _after_decision(scene: Scene) -> dict[str, bool]:
    events = ((one.by, one.event) for one in scene.records)
    return {by: event.after_decision for by, event in events if isinstance(event, EvaluationSubmitted)}


@pytest.mark.parametrize("outcome", ["reject", "offer_accepted", "role_closed", "advance"])
def test_what_a_candidate_says_who_knows_the_outcome_is_told_apart(outcome: str) -> None:
    scene = open_forms()
    over = outcome != "advance"
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("record_decision", by="decision_maker", outcome=outcome, process_over=over, told=told(scene.now))

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert _after_decision(scene) == {"i1": False, "i2": False, CANDIDATE: over}  # who advances has heard no "no"


def test_a_decision_that_nobody_has_told_colours_no_answer() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True)

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert _after_decision(scene)[CANDIDATE] is False


def test_what_comes_late_before_the_candidate_was_told_is_no_answer_to_the_decision() -> None:
    scene = open_forms()
    scene.wait(days=8)

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert _submitted(scene) == [(CANDIDATE, 1, True)]
    assert _after_decision(scene) == {CANDIDATE: False}


def test_who_withdrew_or_heard_it_in_another_interview_knows_the_outcome() -> None:
    withdrew, heard = open_forms(), open_forms(process_id="p9")
    withdrew.send("withdraw", by=CANDIDATE)
    heard.tell("process_ended", outcome="reject", told_at=heard.now)

    for scene in (withdrew, heard):
        scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
        assert _after_decision(scene) == {CANDIDATE: True}


# --- addenda ---------------------------------------------------------------------------------------------------------


def test_what_comes_to_light_after_the_lock_is_added_and_the_form_stays_as_it_is() -> None:
    scene = sealed_forms()
    before = scene.interview.evaluation.forms["i1"]

    scene.send("add_addendum", by="i1", text=secret("addendum by i1"))

    after = scene.interview.evaluation.forms["i1"]
    assert after.latest == before.latest
    assert [(one.text, one.at) for one in after.addenda] == [(secret("addendum by i1"), scene.now)]
    assert scene.send("add_addendum", by="i1", text=secret("addendum by i1")) == []


def test_what_is_not_locked_yet_is_changed_and_not_added_to() -> None:
    open_still = open_forms()
    open_still.send("submit_evaluation", by="i1", form=scorecard("i1"))

    assert open_still.refuses("add_addendum", by="i1", text="more").code is Code.INVALID_STATE


def test_who_handed_in_nothing_has_nothing_to_add_to() -> None:
    scene = open_forms()
    scene.send("excuse_evaluation", by="i2", whom="i2", reason="ill")
    scene.wait(days=8)

    for who in (CANDIDATE, "i1", "i2"):
        assert scene.refuses("add_addendum", by=who, text="more").code is Code.FORM_NOT_OPEN


def test_after_release_only_an_addendum_is_left() -> None:
    scene = a_release()

    assert scene.refuses("submit_evaluation", by="i1", form=scorecard("i1")).code is Code.INVALID_STATE
    scene.send("add_addendum", by="i1", text="she has sent the missing example")
    scene.send("add_addendum", by=CANDIDATE, text="they have answered since")

    assert len(scene.interview.evaluation.forms["i1"].addenda) == 1
    assert len(scene.interview.evaluation.forms[CANDIDATE].addenda) == 1


def test_a_disputed_form_is_frozen_until_it_is_ruled_on() -> None:
    scene = follow_up()
    scene.send("open_dispute", by=CANDIDATE, sentence=1, reason="never said so")

    refused = scene.refuses("add_addendum", by="i1", text="she did")
    scene.send("add_addendum", by="i2", text="nobody disputes mine")

    assert refused.code is Code.EVALUATION_LOCKED
    ruling = {"dispute": 1, "ruling": "dismissed", "ruled_by": "barbara", "reason": "it is on the tape"}
    scene.send("rule_dispute", by="ruler", **ruling)
    scene.send("add_addendum", by="i1", text="she did")
    assert len(scene.interview.evaluation.forms["i1"].addenda) == 1


def test_addenda_are_not_endless() -> None:
    scene = sealed_forms()
    for n in range(20):
        scene.send("add_addendum", by="i1", text=f"number {n}")

    assert scene.refuses("add_addendum", by="i1", text="one more").code is Code.INVALID_COMMAND


# --- practice --------------------------------------------------------------------------------------------------------


def _practise(scene: Scene, *who: str) -> None:
    for one in who:
        scene.send("confirm_practice", by=one)


def _hand_in(scene: Scene) -> None:
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who, recommendation=None))
    scene.send("submit_evaluation", by=CANDIDATE, form=A_TAP)


def test_practice_that_everybody_has_confirmed_is_released_when_the_forms_are_in() -> None:
    scene = open_forms(practice=True)
    _practise(scene, CANDIDATE, "i1", "i2")
    assert scene.send("confirm_practice", by="i1") == []

    _hand_in(scene)

    assert is_practice(scene.interview)
    assert scene.stands(Status.RELEASED)
    assert scene.interview.feedback.decision is None
    assert _shared(scene) == "attributed"


def test_practice_may_be_confirmed_before_and_is_practice_once_they_have_met() -> None:
    scene = a_booking(practice=True)
    _practise(scene, CANDIDATE, "i1", "i2")
    assert not is_practice(scene.interview)

    scene.wait_until(scene.start_of_booking + 40 * MINUTE)

    assert is_practice(scene.interview)


def test_practice_that_somebody_has_not_confirmed_counts_as_the_real_thing() -> None:
    scene = open_forms(practice=True)
    _practise(scene, CANDIDATE, "i1")

    _hand_in(scene)

    assert not is_practice(scene.interview)
    assert scene.stands(Status.AWAITING_DECISION)
    assert _shared(scene) == "aggregated"  # nobody is shown as the author who did not choose it
    _practise(scene, "i2")
    assert scene.stands(Status.RELEASED)


def test_who_was_not_there_need_not_confirm_that_it_was_practice() -> None:
    scene = a_booking(practice=True)
    _practise(scene, CANDIDATE, "i1")
    scene.wait_until(scene.start_of_booking)
    scene.send("mark_attendance", by="i1", who="i2", present=False)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)

    scene.send("end_session", by="i1")

    assert is_practice(scene.interview)


def test_practice_has_no_recommendation() -> None:
    scene = open_forms(practice=True)

    refused = scene.refuses("submit_evaluation", by="i1", form=scorecard("i1"))

    assert refused.sentence == "form.recommendation: this is practice; leave it out"


def test_an_interview_that_was_not_asked_for_as_practice_does_not_become_it() -> None:
    scene = open_forms()

    assert scene.refuses("confirm_practice", by=CANDIDATE).code is Code.INVALID_STATE
    assert not is_practice(scene.interview)


# --- cancelled late by the company -----------------------------------------------------------------------------------


def test_whom_the_company_cancels_on_late_may_say_how_it_was_so_far() -> None:
    scene = let_down()
    assert _states(scene) == {CANDIDATE: "open"}
    assert _due(scene) == {CANDIDATE: datetime(2026, 11, 17, 4, 59, tzinfo=UTC)}  # seven days, to 23:59 in New York
    assert scene.next is not None, "the interview must not end before"

    happened = scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert happened[:2] == ["evaluation_submitted", "evaluations_sealed"]
    assert scene.stands(Status.CANCELLED)
    assert _shared(scene) == "company_only"  # nobody of the panel has met them
    scene.over()


def test_after_a_late_cancel_a_form_that_does_not_come_expires_and_the_interview_ends() -> None:
    scene = let_down()

    scene.wait_until(_closes(scene))

    assert _states(scene) == {CANDIDATE: "expired"}
    scene.over()
    assert scene.refuses("submit_evaluation", by=CANDIDATE, form=A_TAP).code is Code.FORM_NOT_OPEN


def test_after_a_late_cancel_the_form_is_handed_in_once() -> None:
    scene = let_down()
    scene.send("submit_evaluation", by=CANDIDATE, form=A_TAP)

    assert scene.send("submit_evaluation", by=CANDIDATE, form=A_TAP) == []
    refused = scene.refuses("submit_evaluation", by=CANDIDATE, form={**A_TAP, "overall": 1})
    assert refused.code is Code.EVALUATION_LOCKED


def test_after_a_late_cancel_nothing_is_said_about_an_interviewer_and_no_interviewer_says_anything() -> None:
    scene = let_down()

    about = scene.refuses("submit_evaluation", by=CANDIDATE, form=candidate_form(about="i1"))
    panel = scene.refuses("submit_evaluation", by="i1", form=scorecard("i1"))

    assert about.sentence == "form.about: i1 is no interviewer whom you met; name nobody"
    assert panel.code is Code.FORM_NOT_OPEN


def test_after_a_late_cancel_an_outage_costs_the_candidate_nothing() -> None:
    scene = let_down()

    _down_until(scene, _closes(scene) + timedelta(days=1))

    assert _states(scene) == {CANDIDATE: "open"}
    scene.wait(days=2)
    assert _states(scene) == {CANDIDATE: "expired"}
    scene.over()


def test_an_operators_late_cancel_is_the_companys_too() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=5))

    scene.cause(OperatorCancelled())
    scene.run()

    assert _states(scene) == {CANDIDATE: "open"}


@pytest.mark.parametrize(("by", "hours"), [(CANDIDATE, 5), ("coordinator", 30)], ids=["theirs", "in time"])
def test_no_form_follows_a_cancel_by_the_candidate_or_in_time(by: str, hours: int) -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=hours))

    scene.send("cancel", by=by, reason="it cannot be")
    scene.wait(hours=12)

    assert _states(scene) == {}
    assert scene.refuses("submit_evaluation", by=CANDIDATE, form=A_TAP).code is Code.FORM_NOT_OPEN
    scene.over()


def test_who_did_not_come_to_what_is_then_cancelled_was_not_let_down() -> None:
    marked, reported, left_alone = a_booking(), a_no_show(CANDIDATE), a_no_show("company")
    marked.wait_until(marked.start_of_booking)
    marked.send("mark_attendance", by="i1", who=CANDIDATE, present=False)
    marked.send("cancel", by="coordinator", reason="nobody came")
    for scene in (reported, left_alone):
        scene.cause(OperatorCancelled())
        scene.run()

    assert [_states(scene) for scene in (marked, reported, left_alone)] == [{}, {}, {CANDIDATE: "open"}]


def test_what_was_open_when_an_operator_cancelled_after_the_session_is_owed_no_more() -> None:
    scene = open_forms()

    scene.cause(OperatorCancelled())
    scene.run()

    assert scene.stands(Status.CANCELLED)
    assert set(_states(scene).values()) == {"expired"}
    for by, form in ((CANDIDATE, A_TAP), ("i1", scorecard("i1"))):
        assert scene.refuses("submit_evaluation", by=by, form=form).code is Code.FORM_NOT_OPEN
    scene.over()


def test_what_a_ruling_has_taken_out_does_not_come_back_as_an_addendum() -> None:
    scene = reviewed_feedback()
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)
    scene.send("open_dispute", by=CANDIDATE, sentence=1, reason="it was not so")
    author = scene.interview.disputes[0].item.author
    scene.send(
        "rule_dispute", by="ruler", dispute=1, ruling="redacted", ruled_by="barbara", reason="the recording says so"
    )

    assert scene.refuses("add_addendum", by=author, text="once more").code is Code.EVALUATION_LOCKED
