import pytest

from entrevue.agenda import plan
from entrevue.feedback import FeedbackReleased
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

WITHHELD = [
    {"item": {"author": who, "what": what}, "reason": "it would tell who else applied"}
    for who in ("i1", "i2")
    for what in ("strength", "growth")
]
PEOPLE = (CANDIDATE, "i1", "i2")


def _decide(scene: Scene, outcome: str = "reject") -> list[str]:
    return scene.send("record_decision", by="decision_maker", outcome=outcome, process_over=True, told=told(scene.now))


def _looked_back(scene: Scene) -> Scene:
    for who in PEOPLE:
        scene.send("submit_reflection", by=who, text="one question at a time")
        scene.send("check_growth", by=who, acted="no")
    return scene


def _hired() -> Scene:
    scene = sealed_forms()
    _decide(scene, "offer_accepted")
    return scene


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
    scene = _looked_back(a_release())

    assert scene.stands(Status.RELEASED)


def test_a_review_that_is_still_due_keeps_it_open() -> None:
    scene = _looked_back(a_release())
    scene.wait(days=20)
    assert scene.stands(Status.FOLLOW_UP)

    scene.send("review_feedback", by="reviewer", approved=[], withheld=WITHHELD)

    assert scene.stands(Status.COMPLETED)


def test_feedback_that_is_there_and_not_opened_keeps_it_open() -> None:
    scene = _looked_back(reviewed_feedback())

    scene.wait(days=60)
    assert scene.stands(Status.FOLLOW_UP)

    scene.wait(days=40)
    assert scene.stands(Status.COMPLETED)
    scene.over()


def test_what_nobody_looks_back_on_ends_when_its_time_is_over() -> None:
    scene = a_release()
    released = next(one.event for one in scene.records if isinstance(one.event, FeedbackReleased))

    scene.wait(days=90)

    assert scene.stands(Status.COMPLETED)
    assert scene.interview.at == released.closes_at
    scene.wait(days=1)  # the candidate is told, on a business day, that there is no feedback
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

    for kind, fields in (("submit_reflection", {"text": "x"}), ("check_growth", {"acted": "no"}), ("mail_report", {})):
        assert scene.refuses(kind, by="i2", **fields).code is Code.NOT_ATTENDED


def test_the_last_one_to_look_back_completes_it_once_nothing_can_be_disputed() -> None:
    scene = a_release()
    scene.send("revoke_consent", by=CANDIDATE, layer="feedback")
    scene.wait(days=20)
    for who in PEOPLE:
        assert scene.stands(Status.FOLLOW_UP)
        scene.send("submit_reflection", by=who, text="one question at a time")
        scene.send("check_growth", by=who, acted="no")

    assert scene.stands(Status.COMPLETED)
    scene.over()


@pytest.mark.parametrize("days", [0, 1, 3, 13, 14, 15, 40, 84])
def test_at_every_instant_of_the_follow_up_the_next_deadline_lies_ahead_and_is_the_one_that_comes(days: int) -> None:
    scene = follow_up()
    scene.wait(days=days)
    if days > 20:
        _looked_back(scene)
    while not scene.status.terminal:
        due = plan(scene.interview, scene.now).next
        assert due is not None
        assert due > scene.now
        seq = scene.interview.seq
        scene.wait_until(due)
        assert scene.interview.seq > seq, "woken for nothing"
    scene.over()


# --- reflection and growth -------------------------------------------------------------------------------------------


def test_the_latest_reflection_holds_with_one_improvement_that_is_open() -> None:
    scene = a_release()
    scene.send("submit_reflection", by="i1", text="I spoke too much", will_try="one question at a time")
    assert scene.send("submit_reflection", by="i1", text="I spoke too much", will_try="one question at a time") == []

    scene.send("submit_reflection", by="i1", text="I spoke too much", will_try="wait three seconds")

    assert scene.interview.follow_up.reflections["i1"].will_try == "wait three seconds"
    report = scene.view("i1").report
    assert report is not None
    assert report.will_try == "wait three seconds"


def test_a_growth_check_says_whether_it_was_tried_and_whether_it_helped_and_can_be_corrected() -> None:
    scene = follow_up()
    assert scene.send("check_growth", by="i1", acted="partly", helped="too_early") == ["growth_checked"]
    assert scene.send("check_growth", by="i1", acted="partly", helped="too_early") == []

    scene.send("check_growth", by="i1", acted="yes", helped="yes")

    growth = scene.interview.follow_up.growth["i1"]
    assert (growth.acted, growth.helped) == ("yes", "yes")


def test_what_was_not_tried_cannot_have_helped() -> None:
    refused = follow_up().refuses("check_growth", by=CANDIDATE, acted="no", helped="yes")

    assert refused.code is Code.INVALID_COMMAND


def test_looking_back_is_possible_without_a_decision_too() -> None:
    scene = sealed_forms()
    scene.wait(days=40)

    for who in PEOPLE:
        assert scene.send("submit_reflection", by=who, text="I was nervous") == ["reflection_submitted"]


# --- what became of it -----------------------------------------------------------------------------------------------


def test_who_joined_says_whether_the_preview_was_honest() -> None:
    scene = _hired()
    assert scene.send("record_outcome", by="coordinator", joined=True) == ["outcome_recorded"]
    assert scene.send("record_outcome", by="backend", joined=True) == []
    scene.wait(days=30)

    scene.send("record_outcome", by=CANDIDATE, joined=True, preview_honest=2)

    assert (scene.interview.follow_up.joined, scene.interview.follow_up.preview_honest) == (True, 2)
    assert scene.send("record_outcome", by="coordinator", joined=True) == []  # the candidate's word stays


def test_only_the_candidate_and_only_one_who_joined_judges_the_preview() -> None:
    scene = _hired()

    others = scene.refuses("record_outcome", by="decision_maker", joined=True, preview_honest=5)
    stayed_away = scene.refuses("record_outcome", by=CANDIDATE, joined=False, preview_honest=1)

    assert (others.code, stayed_away.code) == (Code.NOT_AUTHORIZED, Code.INVALID_COMMAND)


def test_who_did_not_join_after_all_has_judged_nothing() -> None:
    scene = _hired()
    scene.send("record_outcome", by=CANDIDATE, joined=True, preview_honest=2)

    scene.send("record_outcome", by="coordinator", joined=False)

    assert (scene.interview.follow_up.joined, scene.interview.follow_up.preview_honest) == (False, None)


def test_nobody_joins_whom_nobody_hired() -> None:
    rejected = a_release()
    assert rejected.refuses("record_outcome", by="backend", joined=True).code is Code.INVALID_STATE
    assert rejected.send("record_outcome", by="backend", joined=False) == ["outcome_recorded"]

    practice = open_forms(practice=True)
    for who in PEOPLE:
        practice.send("confirm_practice", by=who)
        form = candidate_form() if who == CANDIDATE else scorecard(who, recommendation=None)
        practice.send("submit_evaluation", by=who, form=form)
    assert practice.refuses("record_outcome", by="backend", joined=True).code is Code.INVALID_STATE


# --- the report by mail ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", PEOPLE)
def test_everybody_who_was_there_can_have_their_report_mailed_once_a_day(who: str) -> None:
    scene = a_release()

    assert scene.send("mail_report", by=who) == ["report_asked"]
    scene.wait(hours=23)
    assert scene.send("mail_report", by=who) == []
    scene.wait(hours=1)
    assert scene.send("mail_report", by=who) == ["report_asked"]
    assert scene.interview.follow_up.reports[who].n == 2


def test_a_report_is_mailed_five_times_and_not_more() -> None:
    scene = a_release()
    for _ in range(5):
        scene.send("mail_report", by="i1")
        scene.wait(days=1)

    assert scene.refuses("mail_report", by="i1").code is Code.WINDOW_CLOSED
    assert scene.send("mail_report", by="i2") == ["report_asked"]


def test_there_is_no_report_before_everything_is_decided() -> None:
    scene = sealed_forms()
    scene.wait(days=40)
    assert scene.stands(Status.FOLLOW_UP)

    assert scene.refuses("mail_report", by=CANDIDATE).code is Code.INVALID_STATE
