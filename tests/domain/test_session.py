from datetime import UTC, datetime, timedelta

import pytest

from entrevue.interview import OperatorCancelled
from entrevue.session import NoShowProvisional, SessionEnded
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    FACTS,
    Scene,
    a_booking,
    a_no_show,
    a_session,
    an_exchange,
    an_offer,
    candidate_form,
    no_slots,
    open_forms,
    presumed_held,
    scorecard,
    story,
    two_no_shows,
)

MINUTE = timedelta(minutes=1)


def _at_the_start(**changes: object) -> Scene:
    scene = a_booking(**changes)
    scene.wait_until(scene.start_of_booking)
    return scene


def _ended(scene: Scene) -> SessionEnded:
    return next(one.event for one in reversed(scene.records) if isinstance(one.event, SessionEnded))


def _forms(scene: Scene) -> set[str]:
    return set(scene.interview.evaluation.forms)


# --- beginning and end -----------------------------------------------------------------------------------------------


def test_a_session_is_started_and_ended_by_hand_and_opens_everybodys_form() -> None:
    scene = _at_the_start()

    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i2")

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    ended = _ended(scene)
    assert (ended.actual_minutes, ended.early, ended.overran, ended.presumed) == (40, False, False, False)
    assert _forms(scene) == {CANDIDATE, "i1", "i2"}
    assert ended.answer_by == datetime(2026, 11, 17, 4, 59, tzinfo=UTC)  # five business days on, 23:59 in New York


def test_a_session_starts_an_hour_early_at_most() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 61 * MINUTE)
    assert scene.refuses("start_session", by="i1").code is Code.INVALID_STATE

    scene.wait(minutes=1)
    scene.send("start_session", by="i1")

    assert scene.stands(Status.IN_PROGRESS)


def test_what_nobody_recorded_is_presumed_held() -> None:
    scene = _at_the_start()

    scene.wait(minutes=40)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert _ended(scene).presumed
    assert _forms(scene) == {CANDIDATE, "i1", "i2"}
    assert scene.letters()[-3:] == ["form_request to candidate", "form_request to i1", "form_request to i2"]


def test_the_session_begins_when_the_last_one_needed_joins() -> None:
    scene = _at_the_start()
    for who in (CANDIDATE, "i1"):
        scene.tell("participant_joined", who=who)
    assert scene.stands(Status.SCHEDULED)

    scene.wait(minutes=3)
    scene.tell("participant_joined", who="i2")

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.interview.session.started_at == scene.now


def test_who_left_before_the_others_came_is_not_met() -> None:
    scene = _at_the_start()
    scene.tell("participant_joined", who=CANDIDATE)
    scene.tell("participant_left", who=CANDIDATE)
    for who in ("i1", "i2"):
        scene.tell("participant_joined", who=who)
    assert scene.stands(Status.SCHEDULED)

    scene.tell("participant_joined", who=CANDIDATE)

    assert scene.stands(Status.IN_PROGRESS)


def test_an_optional_colleague_is_not_waited_for() -> None:
    panel = ["grace", {"person": "linus", "role": "OPTIONAL"}]
    scene = _at_the_start(interviewers=panel)

    for who in (CANDIDATE, "i1"):
        scene.tell("participant_joined", who=who)

    assert scene.stands(Status.IN_PROGRESS)


def test_a_repeated_fact_and_one_about_a_stranger_or_another_time_are_no_news() -> None:
    scene = _at_the_start()
    scene.tell("participant_joined", who="i1", source="meet-17")

    assert scene.tell("participant_joined", who="i1", source="meet-17") == []
    assert scene.tell("participant_joined", who="i9") == []
    assert scene.tell("participant_left", who="i9") == []
    assert scene.tell("participant_joined", who="i2", at=scene.now - timedelta(hours=2)) == []
    assert scene.tell("meeting_ended") == []


def test_a_fact_before_anything_is_booked_is_no_news() -> None:
    assert an_offer().tell("participant_joined", who="i1") == []


def test_a_fact_is_never_believed_to_lie_in_the_future() -> None:
    scene = _at_the_start()
    for who in (CANDIDATE, "i1", "i2"):
        scene.tell("participant_joined", who=who, at=scene.now + timedelta(days=1))

    assert scene.interview.session.started_at == scene.now


def test_an_empty_room_ends_the_session_when_the_last_one_left() -> None:
    scene = _joined()
    scene.wait(minutes=35)
    for who in (CANDIDATE, "i1", "i2"):
        scene.tell("participant_left", who=who)
    left = scene.now

    scene.wait(minutes=5)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert _ended(scene).ended_at == left


def test_who_comes_back_keeps_the_session_going() -> None:
    scene = _joined()
    scene.wait(minutes=10)
    for who in (CANDIDATE, "i1", "i2"):
        scene.tell("participant_left", who=who)
    scene.tell("participant_joined", who=CANDIDATE)

    scene.wait(minutes=10)

    assert scene.stands(Status.IN_PROGRESS)


def _joined() -> Scene:
    scene = _at_the_start()
    for who in (CANDIDATE, "i1", "i2"):
        scene.tell("participant_joined", who=who)
    return scene


def test_what_happens_in_the_room_afterwards_is_no_news() -> None:
    scene = _joined()
    scene.wait(minutes=30)
    scene.tell("meeting_ended")

    assert scene.tell("participant_left", who="i1") == []
    assert scene.tell("meeting_ended") == []


def test_minutes_count_from_when_it_began() -> None:
    scene = _at_the_start()
    scene.wait(minutes=10)
    scene.send("start_session", by="i1")
    scene.wait(minutes=5)
    scene.send("end_session", by="i1")

    assert (_ended(scene).actual_minutes, _ended(scene).early) == (5, True)


def test_a_meeting_that_ends_by_its_own_account_ends_the_session() -> None:
    scene = _joined()
    scene.wait(minutes=20)

    scene.tell("meeting_ended")

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert _ended(scene).early  # under 60 % of the plan


def test_a_session_that_nobody_ends_is_ended_half_an_hour_over() -> None:
    scene = a_session()

    scene.wait(minutes=70)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert (_ended(scene).actual_minutes, _ended(scene).overran) == (70, True)


@pytest.mark.parametrize("how", ["end_session", "abort_session"])
def test_less_than_five_minutes_was_no_interview(how: str) -> None:
    scene = a_session()
    scene.wait(minutes=4)

    scene.send(how, by="i1", **({"reason": "no sound"} if how == "abort_session" else {}))

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert "session_aborted" in scene.kinds
    assert _forms(scene) == set()
    assert scene.interview.scheduling.reschedules == {"company": 0}  # nobody's fault
    assert scene.ledger == {}
    assert scene.letters(CANDIDATE)[-1] == "offer"


def test_after_an_abort_the_next_booking_moves_the_event_and_is_held_like_any_other() -> None:
    scene = a_session()
    scene.send("abort_session", by=CANDIDATE, reason="no sound")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.calendars["i1"].sequence == 1
    assert "cancellation" not in scene.letters(CANDIDATE)
    scene.wait_until(scene.start_of_booking + 40 * MINUTE)
    assert scene.stands(Status.AWAITING_EVALUATIONS)


def test_an_abort_that_leads_nowhere_is_told_and_leaves_the_past_in_the_calendars() -> None:
    scene = a_session()
    scene.send("abort_session", by="coordinator", reason="no sound")

    scene.wait(days=7)

    assert scene.stands(Status.CANCELLED)
    assert scene.letters(CANDIDATE)[-1] == "offer_withdrawn"
    assert list(scene.calendars) == ["i1"]
    scene.over()


# --- attendance ------------------------------------------------------------------------------------------------------


def test_only_who_was_there_owes_a_form() -> None:
    scene = _at_the_start()
    scene.send("mark_attendance", by="i1", who="i2", present=False)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)

    scene.send("end_session", by="i1")

    assert _forms(scene) == {CANDIDATE, "i1"}
    assert scene.refuses("submit_evaluation", by="i2", form=scorecard("i2")).code is Code.NOT_ATTENDED
    assert "form_request" not in scene.letters("i2")


def test_evidence_says_who_was_there() -> None:
    panel = ["grace", {"person": "linus", "role": "OPTIONAL"}]
    scene = _at_the_start(interviewers=panel)
    for who in (CANDIDATE, "i1"):
        scene.tell("participant_joined", who=who)
    scene.wait(minutes=40)

    scene.send("end_session", by="i1")

    assert _forms(scene) == {CANDIDATE, "i1"}


@pytest.mark.parametrize(
    ("absent", "party"),
    [([CANDIDATE], "candidate"), (["i1", "i2"], "company"), ([CANDIDATE, "i1", "i2"], "both")],
    ids=["candidate", "company", "both"],
)
def test_nobody_is_evaluated_who_was_not_met(absent: list[str], party: str) -> None:
    scene = _at_the_start()
    scene.send("start_session", by="i1")
    for who in absent:
        scene.send("mark_attendance", by="coordinator", who=who, present=False)
    scene.wait(minutes=40)

    scene.send("end_session", by="i1")

    assert scene.stands(Status.NO_SHOW_REVIEW)
    assert scene.interview.session.no_show is not None
    assert scene.interview.session.no_show.party == party
    assert _forms(scene) == set()
    assert scene.next is not None


def test_attendance_is_marked_of_those_who_take_part_and_not_ahead_of_time() -> None:
    scene = a_booking()
    assert scene.refuses("mark_attendance", by="i1", who="i2", present=True).code is Code.INVALID_STATE

    scene.wait_until(scene.start_of_booking)

    assert scene.refuses("mark_attendance", by="i1", who="i3", present=True).code is Code.NOT_PARTICIPANT


def test_where_everyone_was_marked_present_the_session_began_at_its_time() -> None:
    scene = _at_the_start()
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("mark_attendance", by="i1", who=who, present=True)

    scene.wait(minutes=15)

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.interview.session.started_at == scene.start_of_booking


def test_who_is_seen_to_leave_was_there() -> None:
    scene = _at_the_start()
    for who in ("i1", "i2"):
        scene.tell("participant_joined", who=who)
    scene.wait(minutes=10)

    scene.tell("participant_left", who=CANDIDATE)  # the fact that they joined was lost
    scene.wait(minutes=5)

    assert "no_show_provisional" not in scene.kinds
    scene.wait(minutes=30)
    scene.send("end_session", by="i1")
    assert _forms(scene) == {CANDIDATE, "i1", "i2"}


def test_a_mark_about_one_person_says_nothing_about_the_others() -> None:
    scene = _at_the_start()

    scene.send("mark_attendance", by="i1", who=CANDIDATE, present=True)
    scene.wait(minutes=15)

    assert scene.stands(Status.IN_PROGRESS)


def test_a_needed_colleague_who_is_marked_absent_is_the_companys_absence() -> None:
    scene = _at_the_start()

    scene.send("mark_attendance", by="i1", who="i2", present=False)
    scene.wait(minutes=15)

    provisional = [one.event for one in scene.records if isinstance(one.event, NoShowProvisional)]
    assert [one.party for one in provisional] == ["company"]


def test_who_came_to_the_old_time_says_nothing_about_the_new() -> None:
    scene = _at_the_start()
    scene.tell("participant_joined", who=CANDIDATE)
    scene.send("reschedule", by="coordinator", start=scene.now + timedelta(days=1), reason="fire alarm")

    scene.wait_until(scene.start_of_booking + 40 * MINUTE)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert "no_show_provisional" not in scene.kinds


def test_a_time_that_is_being_moved_is_not_presumed_held() -> None:
    scene = _at_the_start()
    scene.withheld = {"claim_time"}
    scene.send("reschedule", by="coordinator", start=scene.now + timedelta(days=1))
    scene.wait(minutes=45)

    scene.withheld = set()
    scene.run()

    assert scene.stands(Status.SCHEDULED)
    assert "session_ended" not in scene.kinds


def test_time_that_is_claimed_when_the_session_has_begun_is_given_back() -> None:
    scene = _at_the_start()
    scene.withheld = {"claim_time"}
    scene.send("reschedule", by="coordinator", start=scene.now + timedelta(days=1))
    before = scene.start_of_booking
    for who in (CANDIDATE, "i1", "i2"):
        scene.tell("participant_joined", who=who)

    scene.withheld = set()
    scene.run()

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.start_of_booking == before
    assert [slot.start for slot in scene.ledger.values()] == [before]


# --- no-show ---------------------------------------------------------------------------------------------------------


def test_a_no_show_can_be_reported_after_the_grace_of_the_first_minutes() -> None:
    scene = _at_the_start()
    scene.wait(minutes=4)
    assert scene.refuses("report_no_show", by="i1", party=CANDIDATE).code is Code.INVALID_STATE

    scene.wait(minutes=1)
    scene.send("report_no_show", by="i1", party=CANDIDATE)

    assert scene.stands(Status.NO_SHOW_REVIEW)
    assert scene.attention == {"NO_SHOW": "today"}
    assert scene.next is not None


@pytest.mark.parametrize(
    ("there", "party"), [(["i1", "i2"], "candidate"), ([CANDIDATE, "i1"], "company"), (["i1"], "both")]
)
def test_evidence_that_somebody_is_missing_is_a_provisional_no_show(there: list[str], party: str) -> None:
    scene = _at_the_start()
    for who in there:
        scene.tell("participant_joined", who=who)

    scene.wait(minutes=14)
    assert scene.stands(Status.SCHEDULED)
    scene.wait(minutes=1)

    assert scene.stands(Status.NO_SHOW_REVIEW)
    said = [one.event for one in scene.records if isinstance(one.event, NoShowProvisional)]
    assert [one.party for one in said] == [party]


def test_a_no_show_is_judged_by_the_time_of_the_evidence_not_of_its_processing() -> None:
    scene = _at_the_start()
    start = scene.now
    scene.tell("participant_joined", who="i1")
    scene.now = start + timedelta(hours=3)  # the workers were down

    scene.run()

    provisional = next(one for one in scene.records if isinstance(one.event, NoShowProvisional))
    assert provisional.at == start + 15 * MINUTE


def _down_from_the_start(**after: float) -> Scene:
    """The workers were down when it happened; facts have waited."""
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - MINUTE)
    scene.now += MINUTE + timedelta(**after)
    return scene


def _hear(scene: Scene, *facts: tuple[str, float]) -> None:
    """All that waited is heard before the shell looks at its clock: who came, and at which minute."""
    for who, minute in facts:
        at = scene.start_of_booking + minute * MINUTE
        fact = {"source_id": f"{who}-{minute}", "at": at, "who": who}
        scene.cause(FACTS["participant_joined"].model_validate(fact))
    scene.run()


def test_after_an_outage_all_that_waited_is_heard_before_anybody_is_missed() -> None:
    scene = _down_from_the_start(minutes=30)

    _hear(scene, ("i1", 0), ("i2", 1), (CANDIDATE, 3))

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.interview.session.started_at == scene.start_of_booking + 3 * MINUTE


def test_after_an_outage_who_came_too_late_came_too_late() -> None:
    scene = _down_from_the_start(minutes=30)

    _hear(scene, ("i1", 0), ("i2", 1), (CANDIDATE, 20))

    assert scene.stands(Status.NO_SHOW_REVIEW)


def test_evidence_that_reaches_us_days_late_leaves_the_whole_time_to_contest_it() -> None:
    scene = _down_from_the_start(days=5)

    _hear(scene, ("i1", 0), ("i2", 1))

    assert scene.stands(Status.NO_SHOW_REVIEW)
    no_show = scene.interview.session.no_show
    assert no_show is not None
    assert no_show.party == CANDIDATE
    assert no_show.contest_until > scene.now + timedelta(days=2)


def test_a_meeting_that_ended_during_an_outage_ended_when_it_did() -> None:
    scene = _joined()
    scene.now += timedelta(hours=3)

    scene.tell("meeting_ended", at=scene.start_of_booking + 35 * MINUTE)

    assert (_ended(scene).actual_minutes, _ended(scene).overran) == (35, False)


def test_the_first_time_a_candidate_does_not_come_they_get_another_chance() -> None:
    scene = a_no_show(CANDIDATE)

    scene.wait(days=4)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.attention == {}
    assert scene.letters(CANDIDATE)[-1] == "offer"
    assert _forms(scene) == set()


def test_the_second_time_the_interview_is_closed() -> None:
    scene = two_no_shows()

    assert scene.stands(Status.CLOSED_NO_SHOW)
    assert scene.letters(CANDIDATE).count("form_request") == 0
    scene.over()


@pytest.mark.parametrize("party", ["company", "both"])
def test_where_the_company_did_not_come_the_candidate_loses_nothing(party: str) -> None:
    scene = a_no_show(party)

    scene.wait(days=4)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.interview.session.candidate_no_shows == 0
    assert scene.interview.scheduling.reschedules == {"company": 0}


@pytest.mark.parametrize(
    ("party", "until"),
    [
        (CANDIDATE, datetime(2026, 11, 13, 4, 59, tzinfo=UTC)),
        ("company", datetime(2026, 11, 12, 22, 59, tzinfo=UTC)),
    ],
)
def test_the_absent_side_has_three_business_days_of_its_own_to_contest(party: str, until: datetime) -> None:
    no_show = a_no_show(party).interview.session.no_show

    assert no_show is not None
    assert no_show.contest_until == until


@pytest.mark.parametrize("by", [CANDIDATE, "i2"])
def test_where_both_are_said_to_be_absent_either_contests(by: str) -> None:
    scene = a_no_show("both")

    scene.send("contest_no_show", by=by, reason="we met in the lobby")

    assert scene.attention == {"NO_SHOW": "now"}


def test_a_candidate_who_missed_one_does_not_pay_for_our_absence_at_the_next() -> None:
    scene = a_no_show(CANDIDATE)
    scene.wait(days=4)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    scene.wait_until(scene.start_of_booking + 15 * MINUTE)
    scene.send("report_no_show", by=CANDIDATE, party="company")

    scene.wait(days=7)

    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_only_the_absent_side_contests_and_then_the_coordinator_rules() -> None:
    scene = a_no_show(CANDIDATE)
    assert scene.refuses("contest_no_show", by="i1", reason="I was there").code is Code.NOT_AUTHORIZED

    scene.send("contest_no_show", by=CANDIDATE, reason="I waited in the lobby")
    assert scene.send("contest_no_show", by=CANDIDATE, reason="again") == []

    assert scene.attention == {"NO_SHOW": "now"}
    scene.wait(days=60)
    assert scene.stands(Status.NO_SHOW_REVIEW)  # no clock decides it


def test_an_upheld_contest_where_they_did_meet_opens_everybodys_form() -> None:
    scene = a_no_show(CANDIDATE)
    scene.tell("participant_joined", who="i1")
    scene.send("contest_no_show", by=CANDIDATE, reason="we met by telephone")
    scene.wait(hours=1)

    scene.send("rule_no_show", by="coordinator", upheld=True, took_place=True)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert _forms(scene) == {CANDIDATE, "i1", "i2"}
    session = scene.interview.session
    assert session.started_at == scene.start_of_booking
    assert session.ended_at == scene.start_of_booking + 40 * MINUTE


def test_who_is_marked_absent_while_it_is_reviewed_owes_no_form_after_the_ruling() -> None:
    scene = a_no_show(CANDIDATE)
    scene.send("mark_attendance", by="i1", who="i2", present=False)

    scene.send("rule_no_show", by="coordinator", upheld=True, took_place=True)

    assert _forms(scene) == {CANDIDATE, "i1"}


def test_an_upheld_contest_where_they_did_not_meet_costs_nobody_anything() -> None:
    scene = a_no_show(CANDIDATE)
    scene.send("contest_no_show", by=CANDIDATE, reason="the link was dead")

    scene.send("rule_no_show", by="coordinator", upheld=True)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.interview.session.candidate_no_shows == 0
    assert scene.attention == {}


def test_a_dismissed_contest_stands() -> None:
    scene = a_no_show(CANDIDATE)
    scene.send("contest_no_show", by=CANDIDATE, reason="I overslept")

    scene.send("rule_no_show", by="coordinator", upheld=False)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.interview.session.candidate_no_shows == 1


def test_a_candidate_may_withdraw_while_their_absence_is_reviewed() -> None:
    scene = a_no_show(CANDIDATE)

    scene.send("withdraw", by=CANDIDATE)

    assert scene.stands(Status.WITHDRAWN)
    scene.wait(days=1)
    scene.over()


def test_nobody_is_reminded_of_a_time_that_is_under_review() -> None:
    scene = a_no_show(CANDIDATE)
    known = len(scene.mailbox)

    scene.wait(days=2)

    assert len(scene.mailbox) == known


# --- presumed held ---------------------------------------------------------------------------------------------------


def test_who_says_that_it_did_not_take_place_leaves_the_other_side_its_time_to_object() -> None:
    scene = presumed_held()

    scene.send("say_it_did_not_take_place", by=CANDIDATE)

    no_show = scene.interview.session.no_show
    assert no_show is not None
    assert (no_show.party, no_show.accuser) == ("both", CANDIDATE)
    assert no_show.contest_until == datetime(2026, 11, 12, 22, 59, tzinfo=UTC)  # three business days in Berlin
    assert _forms(scene) == set()
    assert scene.attention == {"NO_SHOW": "today"}
    assert scene.view(CANDIDATE).answer_by is None


def test_a_candidate_who_is_said_not_to_have_met_anybody_has_their_own_days_to_object() -> None:
    scene = presumed_held()

    scene.send("say_it_did_not_take_place", by="i2")

    no_show = scene.interview.session.no_show
    assert no_show is not None
    assert no_show.contest_until == datetime(2026, 11, 13, 4, 59, tzinfo=UTC)  # three business days in New York


@pytest.mark.parametrize("by", [CANDIDATE, "i1"])
def test_what_nobody_objects_to_is_booked_anew_at_nobodys_cost(by: str) -> None:
    scene = presumed_held()
    scene.send("say_it_did_not_take_place", by=by)

    scene.wait(days=4)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.interview.session.candidate_no_shows == 0
    assert scene.interview.scheduling.reschedules == {"company": 0}
    assert scene.letters(CANDIDATE)[-1] == "offer"


def test_who_says_that_it_did_not_take_place_cannot_contest_it_but_the_others_can() -> None:
    scene = presumed_held()
    scene.send("say_it_did_not_take_place", by="i1")
    assert scene.refuses("contest_no_show", by="i1", reason="we did").code is Code.NOT_AUTHORIZED

    scene.send("contest_no_show", by=CANDIDATE, reason="we spoke for half an hour")
    scene.send("rule_no_show", by="coordinator", upheld=True, took_place=True)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert _forms(scene) == {CANDIDATE, "i1", "i2"}
    assert scene.refuses("say_it_did_not_take_place", by="i1").code is Code.INVALID_STATE  # it is ruled on


def test_the_other_side_may_agree_at_once_and_the_accuser_has_to_wait() -> None:
    scene = presumed_held()
    scene.send("say_it_did_not_take_place", by=CANDIDATE)
    assert scene.refuses("request_reschedule", by=CANDIDATE).code is Code.NOT_AUTHORIZED

    scene.send("request_reschedule", by="i1")

    assert scene.stands(Status.NEEDS_RESCHEDULING)


def _confirmed(by: str, how: str) -> Scene:
    scene = presumed_held()
    if how == "form":
        form = candidate_form() if by == CANDIDATE else scorecard(by)
        scene.send("submit_evaluation", by=by, form=form)
    else:
        scene.send("note_moment", by=by, text="a good laugh")
    return scene


@pytest.mark.parametrize("how", ["form", "note"])
@pytest.mark.parametrize("by", [CANDIDATE, "i1"])
def test_a_form_or_a_note_confirms_a_session_that_was_presumed(by: str, how: str) -> None:
    assert presumed_held().view(by).presumed

    scene = _confirmed(by, how)

    assert not scene.view(by).presumed
    assert scene.view("i2").presumed  # who has not confirmed it can still deny it
    assert scene.refuses("say_it_did_not_take_place", by=by).code is Code.INVALID_STATE


@pytest.mark.parametrize(("confirms", "denies"), [(CANDIDATE, "i1"), ("i1", CANDIDATE), ("i1", "i2")])
def test_where_one_confirms_and_another_denies_it_the_coordinator_is_asked(confirms: str, denies: str) -> None:
    scene = _confirmed(confirms, "form")

    scene.send("say_it_did_not_take_place", by=denies)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    (item,) = scene.interview.attention
    assert (item.id, item.owner, item.rank, item.clears) == ("HELD_DISPUTED", "coordinator", "now", ("rule_no_show",))
    assert scene.send("say_it_did_not_take_place", by=denies) == []


def test_while_it_is_disputed_whether_there_was_a_session_nothing_is_sealed() -> None:
    scene = _confirmed("i1", "form")
    scene.send("say_it_did_not_take_place", by=CANDIDATE)
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    scene.send("excuse_evaluation", by="coordinator", whom=CANDIDATE, reason="they say that they were not there")

    scene.wait(days=30)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert "HELD_DISPUTED" in scene.attention


def test_a_ruling_that_it_did_take_place_lets_the_evaluation_go_on() -> None:
    scene = _confirmed("i1", "form")
    scene.send("say_it_did_not_take_place", by=CANDIDATE)

    scene.send("rule_no_show", by="coordinator", upheld=False)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert scene.attention == {}
    assert _forms(scene) == {CANDIDATE, "i1", "i2"}
    assert scene.refuses("say_it_did_not_take_place", by=CANDIDATE).code is Code.INVALID_STATE


def test_a_ruling_that_it_did_not_take_place_voids_the_forms_and_books_anew() -> None:
    scene = _confirmed("i1", "form")
    scene.send("say_it_did_not_take_place", by=CANDIDATE)
    contradicts = scene.refuses("rule_no_show", by="coordinator", upheld=True, took_place=True)
    assert contradicts.code is Code.INVALID_COMMAND

    scene.send("rule_no_show", by="coordinator", upheld=True)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.attention == {}
    assert _forms(scene) == set()
    assert scene.interview.session.candidate_no_shows == 0


def test_a_note_about_an_earlier_attempt_confirms_nothing() -> None:
    scene = a_session()
    scene.send("note_moment", by="i1", text="no sound, but a good laugh")
    scene.send("abort_session", by="i1", reason="no sound")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    scene.wait_until(scene.start_of_booking + 40 * MINUTE)

    assert scene.view("i1").presumed
    scene.send("say_it_did_not_take_place", by=CANDIDATE)

    assert scene.stands(Status.NO_SHOW_REVIEW)


def test_a_session_that_somebody_recorded_is_not_denied_but_ruled_on() -> None:
    scene = open_forms()

    assert scene.refuses("say_it_did_not_take_place", by=CANDIDATE).code is Code.INVALID_STATE
    assert scene.refuses("rule_no_show", by="coordinator", upheld=True).code is Code.INVALID_STATE


# --- outages ---------------------------------------------------------------------------------------------------------


def test_a_no_show_that_an_outage_kept_back_can_be_contested_for_the_whole_time() -> None:
    scene = _at_the_start()
    start = scene.now
    scene.tell("participant_joined", who="i1")
    scene.now = start + timedelta(days=7)

    scene.run()

    no_show = scene.interview.session.no_show
    assert no_show is not None
    assert next(one.at for one in scene.records if isinstance(one.event, NoShowProvisional)) == start + 15 * MINUTE
    assert no_show.contest_until == datetime(2026, 11, 19, 22, 59, tzinfo=UTC)  # three business days from now on


def test_forms_that_an_outage_kept_back_are_open_for_the_whole_time() -> None:
    scene = _at_the_start()
    scene.now += timedelta(days=6)

    scene.run()

    assert _ended(scene).ended_at == scene.start_of_booking + 40 * MINUTE
    assert scene.interview.evaluation.forms["i1"].due == datetime(2026, 11, 22, 22, 59, tzinfo=UTC)
    assert scene.letters("i1")[-1] == "form_request"


def test_less_than_an_hour_is_no_outage() -> None:
    scene = no_slots()
    late = datetime(2026, 11, 9, 22, 0, tzinfo=UTC)  # 23:00 in Berlin
    scene.send("book_slot", by="coordinator", start=late)
    scene.wait_until(late)
    scene.now += 40 * MINUTE + timedelta(minutes=45)  # past midnight there

    scene.run()

    assert scene.interview.evaluation.forms["i1"].due == datetime(2026, 11, 16, 22, 59, tzinfo=UTC)


# --- an operator presses the button ----------------------------------------------------------------------------------


def test_an_operators_cancel_takes_the_same_path_as_the_command() -> None:
    scene = a_booking()

    scene.cause(OperatorCancelled(reason="closing down"))
    scene.run()

    assert scene.stands(Status.CANCELLED)
    assert scene.interview.closed is not None
    assert scene.interview.closed.reason is None  # it was written for other operators, and letters carry reasons
    assert scene.letters(CANDIDATE)[-1] == "cancellation"
    scene.over()


def test_in_a_session_an_operators_cancel_waits_for_its_end() -> None:
    scene = a_session()

    scene.cause(OperatorCancelled())
    scene.run()
    assert scene.stands(Status.IN_PROGRESS)
    assert scene.attention == {"CANCEL_AFTER_SESSION": "information"}

    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    assert scene.stands(Status.CANCELLED)
    assert list(scene.calendars) == ["i1"]  # it did take place
    assert scene.letters(CANDIDATE)[-1] == "hour_reminder"
    scene.over()


def test_an_operators_cancel_of_an_exchange_or_after_the_end_is_no_surprise() -> None:
    scene = an_exchange("swap")
    scene.cause(OperatorCancelled())
    scene.run()

    assert scene.stands(Status.CANCELLED)
    assert scene.cause(OperatorCancelled()) == []
    scene.over()


def test_a_second_attempt_has_forms_and_requests_of_its_own() -> None:
    scene = a_session()
    scene.send("abort_session", by="i1", reason="no sound")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    scene.wait_until(scene.start_of_booking + 40 * MINUTE)

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert scene.letters("i1").count("form_request") == 1
    assert story(Status.AWAITING_EVALUATIONS).interview.session.n == 1
    assert scene.interview.session.n == 2
