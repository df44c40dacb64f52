from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from entrevue.evaluation import knows_outcome
from entrevue.feedback import FeedbackReviewed, ProcessClosed
from entrevue.orders import GaveUp, TellProcess
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    Scene,
    a_booking,
    a_held_time,
    a_no_show,
    a_session,
    an_exchange,
    an_offer,
    candidate_form,
    no_slots,
    on_hold,
    open_forms,
    review,
    scorecard,
    sealed_forms,
    told,
)

PROCESS = {"process_id": "p4"}
KEY = "r7/process/all/1.1"


def _panel_is_in(**changes: object) -> Scene:
    """Only the candidate's form is open."""
    scene = open_forms(**changes)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    return scene


def _decide(scene: Scene, outcome: str = "reject", *, over: bool = True) -> list[str]:
    return scene.send("record_decision", by="decision_maker", outcome=outcome, process_over=over, told=told(scene.now))


def _tellings(scene: Scene) -> list[TellProcess]:
    return [order for order in scene.asked if isinstance(order, TellProcess)]


def _hear(scene: Scene, outcome: str = "reject", at: datetime | None = None) -> list[str]:
    """Another interview of the process has ended it."""
    told_at = None if outcome == "withdrawn" else at or scene.now
    return scene.tell("process_ended", outcome=outcome, told_at=told_at)


# --- who ended it tells the others -----------------------------------------------------------------------------------


def test_a_decision_that_ends_the_process_and_was_told_is_told_to_its_other_interviews_once() -> None:
    scene = sealed_forms(**PROCESS)

    _decide(scene)
    scene.wait(days=200)

    (telling,) = _tellings(scene)
    assert (telling.key, telling.process, telling.outcome) == (KEY, "p4", "reject")
    assert telling.told_at is not None
    assert scene.kinds.count("process_informed") == 1
    scene.over()


def test_it_is_told_while_the_candidates_form_is_open_for_others_need_not_wait_for_it() -> None:
    scene = _panel_is_in(**PROCESS)

    _decide(scene)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert len(_tellings(scene)) == 1


@pytest.mark.parametrize(
    "decision",
    [
        {"outcome": "reject", "process_over": True},
        {"outcome": "reject", "process_over": False, "told": None},
        {"outcome": "advance", "process_over": False},
    ],
)
def test_what_ends_no_process_or_was_not_told_is_told_to_nobody(decision: dict[str, object]) -> None:
    scene = sealed_forms(**PROCESS)
    if "told" in decision:
        decision = {**decision, "told": told(scene.now)}

    scene.send("record_decision", by="decision_maker", **decision)
    scene.wait(days=10)

    assert _tellings(scene) == []


def test_an_interview_of_no_process_has_nobody_to_tell() -> None:
    scene = sealed_forms()

    _decide(scene)

    assert _tellings(scene) == []


@pytest.mark.parametrize("begin", [an_offer, a_booking, an_exchange, no_slots], ids=lambda one: one.__name__)
def test_who_leaves_the_process_before_the_session_leaves_all_of_it_and_the_end_waits_until_that_is_told(
    begin: Callable[..., Scene],
) -> None:
    scene = Scene.opened(**PROCESS) if begin is no_slots else begin(**PROCESS)
    scene.withheld = {"tell_process"}

    scene.send("withdraw", by=CANDIDATE)
    scene.wait(days=1)

    assert scene.stands(Status.WITHDRAWN)
    assert scene.owed == [KEY]
    scene.withheld = set()
    scene.run()
    (telling,) = _tellings(scene)
    assert (telling.outcome, telling.told_at) == ("withdrawn", None)
    scene.over()


def test_who_withdraws_after_the_session_leaves_the_process_too() -> None:
    scene = _panel_is_in(**PROCESS)

    scene.send("withdraw", by=CANDIDATE)

    (telling,) = _tellings(scene)
    assert telling.outcome == "withdrawn"


def test_a_cancelled_interview_ends_no_process() -> None:
    scene = a_booking(**PROCESS)

    scene.send("cancel", by="coordinator")
    scene.wait(days=1)

    assert _tellings(scene) == []
    scene.over()


def test_practice_ends_no_process() -> None:
    scene = a_booking(**PROCESS, practice=True)

    scene.send("withdraw", by=CANDIDATE)
    scene.wait(days=1)

    assert _tellings(scene) == []


def test_what_is_corrected_before_it_was_told_is_not_told_and_afterwards_the_end_stands() -> None:
    early, late = _panel_is_in(**PROCESS), _panel_is_in(**PROCESS)
    early.withheld = {"tell_process"}
    for scene in (early, late):
        _decide(scene)

    _decide(early, "advance", over=False)
    early.withheld = set()
    early.run()
    assert _tellings(early) == []

    fields = {"by": "decision_maker", "outcome": "advance", "process_over": False, "told": told(late.now)}
    assert late.refuses("record_decision", **fields).code is Code.ALREADY_RELEASED
    assert _decide(late, "role_closed") == ["decision_recorded"]
    assert len(_tellings(late)) == 1


def test_a_telling_that_is_long_in_coming_is_an_operators_and_the_item_goes_by_itself() -> None:
    scene = sealed_forms(**PROCESS)
    scene.withheld = {"tell_process"}
    _decide(scene)

    scene.give_up("tell_process")
    assert scene.attention["LEARNING_BEHIND"] == "now"

    scene.withheld = set()
    scene.run()
    assert "LEARNING_BEHIND" not in scene.attention


def test_also_after_the_end_an_operator_sees_that_the_others_do_not_know_yet() -> None:
    scene = a_booking(**PROCESS)
    scene.withheld = {"tell_process"}
    scene.send("withdraw", by=CANDIDATE)

    scene.give_up("tell_process")
    assert scene.attention == {"LEARNING_BEHIND": "now"}

    scene.withheld = set()
    scene.wait(days=1)
    scene.over()


def test_an_answer_that_comes_twice_informs_once() -> None:
    scene = sealed_forms(**PROCESS)
    _decide(scene)

    assert scene.cause(scene.said[-1]) == []


# --- who hears of it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["reject", "offer_accepted", "offer_declined", "role_closed", "withdrawn"])
def test_the_end_of_the_process_opens_the_second_gate_of_a_session_that_was_held(outcome: str) -> None:
    scene = sealed_forms(**PROCESS)
    _decide(scene, "advance", over=False)

    assert _hear(scene, outcome)[:2] == ["process_closed", "feedback_released"]

    assert scene.stands(Status.RELEASED)
    assert "PROCESS_ENDED" not in scene.attention
    assert "DECISION_DUE" not in scene.attention
    assert _tellings(scene) == []  # whoever ended it tells everybody


def test_it_opens_as_soon_as_the_first_gate_has_passed_and_not_before() -> None:
    scene = _panel_is_in(**PROCESS)

    assert _hear(scene) == ["process_closed"]
    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert scene.view("i1").from_candidate is None
    assert "DECISION_DUE" not in scene.attention

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    assert scene.stands(Status.RELEASED)


def test_a_session_that_is_being_held_goes_on_to_its_evaluation() -> None:
    scene = a_session(**PROCESS)

    _hear(scene)

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.attention == {}
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    scene.wait(days=8)
    assert scene.stands(Status.RELEASED)
    assert "answer_overdue" not in scene.kinds  # it was told elsewhere


_AHEAD: dict[Status, Callable[..., Scene]] = {
    Status.NEEDS_SCHEDULING: no_slots,
    Status.AWAITING_CANDIDATE: an_offer,
    Status.AWAITING_INTERVIEWERS: a_held_time,
    Status.SCHEDULED: a_booking,
    Status.NEEDS_RESCHEDULING: an_exchange,
    Status.ON_HOLD: on_hold,
    Status.NO_SHOW_REVIEW: a_no_show,
}


@pytest.mark.parametrize("status", _AHEAD)
@pytest.mark.parametrize("way_out", ["cancel", "withdraw"])
def test_an_interview_that_is_not_held_yet_is_the_coordinators_until_it_is_called_off(
    status: Status, way_out: str
) -> None:
    scene = _AHEAD[status](**PROCESS)
    assert scene.stands(status)

    _hear(scene)

    assert scene.stands(status)
    (item,) = (one for one in scene.interview.attention if one.id == "PROCESS_ENDED")
    assert (item.owner, item.rank, item.clears) == ("coordinator", "now", ("cancel", "withdraw"))
    if (status, way_out) == (Status.NO_SHOW_REVIEW, "cancel"):
        return  # a booked time that has come is cancelled by nobody
    scene.send(way_out, by="coordinator", reason="the process is over")
    scene.wait(days=1)
    assert _tellings(scene) == []
    scene.over()


def test_an_interview_for_practice_takes_place_though_the_process_is_over() -> None:
    scene = a_booking(**PROCESS, practice=True)

    _hear(scene)

    assert scene.attention == {}


def test_a_second_telling_is_no_news() -> None:
    scene = a_booking(**PROCESS)
    _hear(scene, "role_closed")

    assert _hear(scene) == []
    closed = [one.event for one in scene.records if isinstance(one.event, ProcessClosed)]
    assert [one.outcome for one in closed] == ["role_closed"]


@pytest.mark.parametrize("ended_by", ["decision", "withdrawal"])
def test_what_others_tell_after_the_own_end_is_no_news(ended_by: str) -> None:
    scene = _panel_is_in(**PROCESS)
    if ended_by == "decision":
        _decide(scene)
    else:
        scene.send("withdraw", by=CANDIDATE)

    assert _hear(scene, "role_closed") == []


@pytest.mark.parametrize(
    "whose", [{"candidate": "somebody-else"}, {"process": "another"}], ids=["another candidate", "another process"]
)
def test_what_ends_for_another_opens_nothing_here(whose: dict[str, str]) -> None:
    scene = sealed_forms(**PROCESS)

    assert scene.tell("process_ended", outcome="reject", told_at=scene.now, source="r8", **whose) == []
    assert scene.stands(Status.AWAITING_DECISION)


def test_an_end_that_will_be_told_tomorrow_opens_nothing_today() -> None:
    scene = sealed_forms(**PROCESS)

    assert scene.tell("process_ended", outcome="reject", told_at=scene.now + timedelta(days=1)) == []


def test_an_end_is_no_news_to_an_interview_that_is_of_no_process() -> None:
    scene = sealed_forms()

    assert scene.tell("process_ended", outcome="reject", told_at=scene.now) == []


def test_the_company_cannot_withdraw_for_the_candidate_after_the_session() -> None:
    scene = sealed_forms()

    for by in ("coordinator", "backend"):
        assert scene.refuses("withdraw", by=by).code is Code.NOT_AUTHORIZED


def test_an_end_of_which_the_candidate_was_not_told_opens_nothing() -> None:
    scene = sealed_forms(**PROCESS)

    assert scene.tell("process_ended", outcome="reject", told_at=None) == []
    assert scene.stands(Status.AWAITING_DECISION)


@pytest.mark.parametrize("how", ["cancel", "withdraw"])
def test_what_has_ended_hears_nothing_any_more(how: str) -> None:
    scene = a_booking(**PROCESS)
    scene.send(how, by="coordinator")

    assert _hear(scene) == []


def test_whoever_was_told_elsewhere_knows_the_outcome_here() -> None:
    scene = a_booking(**PROCESS)
    assert not knows_outcome(scene.interview)

    _hear(scene)

    assert knows_outcome(scene.interview)


# --- the pause after a rejection -------------------------------------------------------------------------------------


def _available(scene: Scene) -> datetime:
    scene.send("review_feedback", by="reviewer", **review())
    return next(one.event.available_at for one in scene.records if isinstance(one.event, FeedbackReviewed))


def test_the_pause_after_a_rejection_runs_from_when_it_was_told_wherever_that_was() -> None:
    scene = sealed_forms(**PROCESS)  # on Monday 9 November, 10:40 in New York
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    told_at = scene.now + timedelta(hours=3)
    scene.wait(days=1)

    _hear(scene, at=told_at)

    assert _available(scene) == told_at + timedelta(hours=48)


def test_a_no_that_was_told_here_keeps_its_pause_though_the_process_ended_without_one() -> None:
    scene = sealed_forms(**PROCESS)
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    _decide(scene, "reject", over=False)
    heard = scene.now
    scene.wait(hours=1)

    _hear(scene, "withdrawn")

    assert _available(scene) == heard + timedelta(hours=48)


def test_of_a_rejection_long_ago_nothing_is_waited_for() -> None:
    scene = sealed_forms(**PROCESS)
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    _hear(scene)
    scene.wait_until(datetime(2026, 11, 12, 15, 0, tzinfo=UTC))

    assert _available(scene) == scene.now


def test_a_late_answer_of_a_telling_that_gave_up_is_remembered() -> None:
    scene = sealed_forms(**PROCESS)
    scene.withheld = {"tell_process"}
    _decide(scene)
    order = scene.in_flight["process"]
    for _ in range(2):
        scene.answer(order, GaveUp(key=order.key, order=order.kind, because="timeout"))
    scene.look()
    assert scene.attention[f"ORDER_FAILED:{KEY}"] == "now"

    scene.cause(scene.reply(order))
    scene.run()

    assert f"ORDER_FAILED:{KEY}" not in scene.attention
    assert scene.interview.feedback.informed
