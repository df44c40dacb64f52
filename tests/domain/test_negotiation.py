from datetime import datetime, timedelta

import pytest

from entrevue.letters import AvailabilityRequest, Nudge, Offer, SeatRequest
from entrevue.orders import ClaimTime, FindSlots
from entrevue.scheduling import InterviewScheduled, Scheduling
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import MONDAY, Scene, a_booking, a_held_time, an_exchange, an_offer, no_slots

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EXPLICIT = {"policy": {"confirmation": "explicit"}}
WITH_POOL = {"interviewers": ["linus", {"pool": "backend"}], **EXPLICIT}


def _state(scene: Scene) -> Scheduling:
    return scene.interview.scheduling


def _reply_by(scene: Scene) -> datetime:
    reply_by = _state(scene).reply_by
    assert reply_by is not None
    return reply_by


def _held(scene: Scene) -> datetime:
    held = _state(scene).held
    assert held is not None
    return held.slot.start


def _propose(scene: Scene, by: str, start: datetime, **fields: object) -> list[str]:
    return scene.send(
        "propose_other_time", by=by, start=start, expected_revision=scene.interview.scheduling.revision, **fields
    )


def _accept(scene: Scene, *whom: str) -> None:
    for who in whom:
        scene.send("respond_to_seat", by=who, answer="accepted")


def _ledger(scene: Scene) -> dict[datetime, tuple[str, ...]]:
    """Whose time is held at which start."""
    return {slot.start: scene.seated[key] for key, slot in scene.ledger.items()}


# --- offers ----------------------------------------------------------------------------------------------------------


def test_an_offer_of_one_slot_can_be_held_until_the_candidate_has_answered() -> None:
    scene = no_slots()
    start = MONDAY + 2 * DAY

    scene.send("offer_slots", by="coordinator", slots=[start], hold=True)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.offered == (start,)
    assert _ledger(scene) == {start: ("grace", "linus")}
    assert _reply_by(scene) == start - timedelta(minutes=15)  # earlier than the 48 hours of a hold
    letter = scene.newest("offer", CANDIDATE).order.letter
    assert isinstance(letter, Offer)
    assert letter.reply_by == _reply_by(scene)


def test_a_held_offer_that_is_chosen_is_kept_by_the_ledger_and_booked() -> None:
    scene = no_slots()
    start = MONDAY + 3 * DAY
    scene.send("offer_slots", by="coordinator", slots=[start], hold=True)

    scene.send("choose_slot", by=CANDIDATE, start=start)

    assert scene.stands(Status.SCHEDULED)
    assert _ledger(scene) == {start: ("grace", "linus")}
    claims = [order for order in scene.asked if isinstance(order, ClaimTime)]
    assert [(order.claim, order.hold_until) for order in claims] == [
        ("r7/claim/all/1.1", MONDAY + 2 * DAY),
        ("r7/claim/all/1.1", None),
    ]


def test_several_slots_cannot_be_held() -> None:
    scene = no_slots()

    refused = scene.refuses("offer_slots", by="coordinator", slots=[MONDAY + DAY, MONDAY + 2 * DAY], hold=True)

    assert refused.code is Code.INVALID_COMMAND


def test_a_held_offer_that_nobody_answers_is_given_back_and_costs_a_round() -> None:
    scene = no_slots()
    start = MONDAY + 5 * DAY
    scene.send("offer_slots", by="coordinator", slots=[start], hold=True)
    scene.full = False

    scene.wait(hours=48)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert start not in scene.offered
    assert scene.ledger == {}
    assert _state(scene).rounds == 1
    assert scene.refuses("choose_slot", by=CANDIDATE, start=start).code is Code.HOLD_EXPIRED


def test_a_held_offer_that_never_arrived_costs_the_candidate_nothing() -> None:
    scene = no_slots()
    scene.withheld = {"send_letter"}
    scene.send("offer_slots", by="coordinator", slots=[MONDAY + 5 * DAY], hold=True)
    scene.full = False

    scene.wait(hours=48)

    assert scene.ledger == {}
    assert _state(scene).rounds == 0
    assert len(scene.offered) == 5


def test_a_hold_that_the_ledger_gave_to_somebody_else_is_lost_and_fresh_slots_are_offered() -> None:
    scene = no_slots()
    start = MONDAY + 3 * DAY
    scene.send("offer_slots", by="coordinator", slots=[start], hold=True)
    scene.taken, scene.full = {start}, False

    scene.send("choose_slot", by=CANDIDATE, start=start)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert start not in scene.offered
    assert _state(scene).rounds == 0
    assert scene.ledger == {}


def test_a_candidate_who_cannot_be_reached_loses_no_round_with_the_hold() -> None:
    scene = no_slots()
    scene.dead = {"ada@example.org"}
    scene.send("offer_slots", by="coordinator", slots=[MONDAY + 3 * DAY], hold=True)
    scene.full = False
    scene.wait(days=10)
    assert scene.attention == {"CANDIDATE_UNREACHABLE": "now"}

    scene.send("update_contact", by="coordinator", email="ada@example.com")

    assert _state(scene).rounds == 0
    assert len(scene.offered) == 5
    assert scene.ledger == {}


def test_a_time_that_cannot_be_held_is_not_offered() -> None:
    scene = no_slots()
    scene.taken = {MONDAY + 3 * DAY}

    scene.send("offer_slots", by="coordinator", slots=[MONDAY + 3 * DAY], hold=True)

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.letters() == []


def test_a_letter_that_is_sent_once_more_takes_no_time_away() -> None:
    scene = an_offer()
    scene.wait(days=6)
    scene.send("decline_offer", by=CANDIDATE)  # a later offer: two days
    scene.send("put_on_hold", by="coordinator")
    scene.wait(days=3)
    scene.send("resume", by="coordinator")
    before = _reply_by(scene)

    scene.send("resend_message", by="coordinator", letter="offer", whom=CANDIDATE)

    assert _reply_by(scene) == before


# --- the candidate proposes ------------------------------------------------------------------------------------------


def test_a_time_that_the_candidate_proposes_is_held_and_the_interviewers_are_asked() -> None:
    scene = an_offer()
    start = MONDAY + 4 * DAY

    _propose(scene, CANDIDATE, start, reason="I have exams before")

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert scene.view("coordinator").ball == "interviewers"
    assert scene.view("i1").held is not None
    assert _ledger(scene) == {start: ("grace", "linus")}
    for who in ("i1", "i2"):
        letter = scene.newest("seat_request", who).order.letter
        assert isinstance(letter, SeatRequest)
        assert (letter.slot.start, letter.reply_by) == (start, MONDAY + 2 * DAY)
        assert letter.proposed_by_candidate
    assert "seat_request" not in scene.letters(CANDIDATE)


def test_a_proposal_that_everybody_accepts_is_booked() -> None:
    scene = an_offer()
    start = MONDAY + 4 * DAY
    _propose(scene, CANDIDATE, start)

    _accept(scene, "i1")
    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    _accept(scene, "i2")

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == start
    assert list(_ledger(scene)) == [start]
    assert [one.answer for one in scene.view("coordinator").people] == [None, "accepted", "accepted"]


def test_a_proposal_that_is_declined_is_answered_with_fresh_slots() -> None:
    scene = an_offer()
    start = MONDAY + 4 * DAY
    _propose(scene, CANDIDATE, start)

    scene.send("respond_to_seat", by="i2", answer="declined")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert start not in scene.offered
    assert len(scene.offered) == 5
    assert scene.ledger == {}
    assert _state(scene).rounds == 1  # for the proposal; that we declined it costs nothing


def test_a_proposal_that_nobody_answers_is_answered_with_fresh_slots_and_the_coordinator_looks() -> None:
    scene = an_offer()
    _propose(scene, CANDIDATE, MONDAY + 4 * DAY)

    scene.wait(hours=48)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.ledger == {}
    assert scene.attention["INTERVIEWERS_SILENT"] == "today"

    _propose(scene, CANDIDATE, MONDAY + 7 * DAY)
    _accept(scene, "i1", "i2")
    assert scene.attention == {}


def test_a_proposal_that_cannot_be_had_changes_nothing_and_costs_no_round() -> None:
    scene = an_offer()
    before = scene.offered
    scene.taken = {MONDAY + 4 * DAY}

    _propose(scene, CANDIDATE, MONDAY + 4 * DAY)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.offered == before
    assert _state(scene).rounds == 0
    assert _state(scene).claims[-1].lost


def test_a_second_proposal_of_the_candidate_moves_the_hold_and_asks_anew() -> None:
    scene = an_offer()
    _propose(scene, CANDIDATE, MONDAY + 4 * DAY)
    _accept(scene, "i1")

    _propose(scene, CANDIDATE, MONDAY + 5 * DAY)

    assert list(_ledger(scene)) == [MONDAY + 5 * DAY]
    assert scene.letters("i1").count("seat_request") == 2
    _accept(scene, "i2")
    assert scene.stands(Status.AWAITING_INTERVIEWERS)  # what i1 said was about another day
    _accept(scene, "i1")
    assert scene.start_of_booking == MONDAY + 5 * DAY


def test_nobody_proposes_the_past_or_what_no_clock_reaches() -> None:
    scene = an_offer()

    for start in (MONDAY - DAY, MONDAY + 201 * DAY):
        refused = scene.refuses("propose_other_time", by=CANDIDATE, start=start, expected_revision=0)
        assert refused.code is Code.INVALID_COMMAND


def test_a_booked_time_stands_until_the_one_proposed_instead_is_accepted() -> None:
    scene = a_booking()
    before, after = scene.start_of_booking, scene.start_of_booking + 2 * DAY

    _propose(scene, CANDIDATE, after, reason="the train is on strike")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.view("coordinator").ball == "interviewers"
    assert set(_ledger(scene)) == {before, after}
    assert "cancellation" not in scene.letters("i1")

    _accept(scene, "i1", "i2")

    assert scene.stands(Status.SCHEDULED)
    assert list(_ledger(scene)) == [after]
    booked = [one.event for one in scene.records if isinstance(one.event, InterviewScheduled)]
    assert [one.sequence for one in booked] == [0, 1]
    assert _state(scene).reschedules == {"candidate": 1}


def test_a_proposal_against_a_booked_time_that_cannot_be_had_leaves_all_as_it_was() -> None:
    scene = a_booking()
    scene.taken = {scene.start_of_booking + 2 * DAY}

    _propose(scene, CANDIDATE, scene.start_of_booking + 2 * DAY)

    assert scene.stands(Status.SCHEDULED)
    assert _state(scene).reschedules == {}
    assert scene.letters(CANDIDATE) == ["offer", "invitation"]
    assert scene.attention == {}


def test_who_declines_what_is_proposed_instead_has_not_declined_the_booked_time() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    _propose(scene, CANDIDATE, before + 2 * DAY)

    scene.send("respond_to_seat", by="i2", answer="declined")
    scene.wait(days=4)  # nor is another time found

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == before
    assert scene.letters(CANDIDATE)[-1] == "time_stands"
    assert "SEAT_DECLINED:i2" not in scene.attention


def test_who_has_accepted_the_booked_time_is_asked_about_the_other_one_all_the_same() -> None:
    scene = an_offer(**EXPLICIT)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    _accept(scene, "i1", "i2")
    after = scene.start_of_booking + 2 * DAY
    _propose(scene, CANDIDATE, after)
    assert scene.letters("i1") == ["seat_request", "invitation", "seat_request"]

    _accept(scene, "i1", "i2")

    assert scene.start_of_booking == after


def test_a_pool_changes_nobody_at_the_booked_time_while_another_is_only_proposed() -> None:
    scene = a_booking(interviewers=["linus", {"pool": "backend"}])
    assert list(_ledger(scene).values()) == [("linus", "alan")]
    scene.away = {"alan"}

    _propose(scene, CANDIDATE, scene.start_of_booking + 2 * DAY)

    assert scene.stands(Status.SCHEDULED)  # alan alone could be asked, since it is he who is booked
    assert scene.interview.people["i2"].person == "alan"


def test_a_proposal_does_not_stay_open_until_the_booked_time_comes() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.wait_until(before - 30 * HOUR)
    _propose(scene, CANDIDATE, before + 5 * DAY)

    scene.wait(hours=6)

    assert scene.stands(Status.SCHEDULED)
    assert list(_ledger(scene)) == [before]
    assert scene.letters(CANDIDATE)[-1] == "time_stands"


def test_too_near_to_the_booked_time_a_proposal_is_the_coordinators_to_grant() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 10 * HOUR)
    after = scene.start_of_booking + 2 * DAY

    assert "approval_requested" in _propose(scene, CANDIDATE, after)
    scene.send("grant_approval", by="coordinator")

    assert scene.start_of_booking == after
    assert _state(scene).reschedules == {"candidate": 1}


# --- the company proposes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["i1", "coordinator"])
def test_a_time_that_the_company_proposes_is_held_and_offered_to_the_candidate(by: str) -> None:
    scene = an_offer()
    start = MONDAY + 4 * DAY

    _propose(scene, by, start)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.offered == (start,)
    assert list(_ledger(scene)) == [start]
    assert scene.letters(CANDIDATE) == ["offer", "offer"]

    scene.send("choose_slot", by=CANDIDATE, start=start)
    assert scene.stands(Status.SCHEDULED)
    assert list(_ledger(scene)) == [start]


def test_a_proposal_of_the_company_that_the_candidate_declines_is_given_back() -> None:
    scene = an_offer()
    _propose(scene, "i1", MONDAY + 4 * DAY)

    scene.send("decline_offer", by=CANDIDATE)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.ledger == {}
    assert MONDAY + 4 * DAY not in scene.offered
    assert _state(scene).rounds == 2


def test_a_proposal_of_the_company_lapses_with_its_hold() -> None:
    scene = an_offer()
    _propose(scene, "i1", MONDAY + 4 * DAY)

    scene.wait(hours=48)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.ledger == {}
    assert scene.refuses("choose_slot", by=CANDIDATE, start=MONDAY + 4 * DAY).code is Code.HOLD_EXPIRED


def test_the_candidate_may_counter_the_counter() -> None:
    scene = an_offer()
    _propose(scene, "i1", MONDAY + 4 * DAY)

    _propose(scene, CANDIDATE, MONDAY + 5 * DAY)

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert list(_ledger(scene)) == [_held(scene)] == [MONDAY + 5 * DAY]  # the hold has moved


def test_the_company_may_counter_while_it_is_asked() -> None:
    scene = an_offer()
    _propose(scene, CANDIDATE, MONDAY + 4 * DAY)

    _propose(scene, "i2", MONDAY + 5 * DAY)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.offered == (MONDAY + 5 * DAY,)
    assert list(_ledger(scene)) == [MONDAY + 5 * DAY]


def test_when_both_counter_at_once_the_second_is_told_that_there_is_a_first() -> None:
    scene = an_offer()
    revision = _state(scene).revision
    scene.send("propose_other_time", by=CANDIDATE, start=MONDAY + 4 * DAY, expected_revision=revision)

    refused = scene.refuses("propose_other_time", by="i1", start=MONDAY + 5 * DAY, expected_revision=revision)

    assert refused.code is Code.STALE_REVISION
    assert _held(scene) == MONDAY + 4 * DAY


def test_a_booked_time_is_exchanged_once_the_candidate_takes_what_an_interviewer_proposed() -> None:
    scene = a_booking()
    before, after = scene.start_of_booking, scene.start_of_booking + 2 * DAY

    _propose(scene, "i1", after)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    letter = scene.newest("offer", CANDIDATE).order.letter
    assert isinstance(letter, Offer)
    assert letter.reschedule
    assert set(_ledger(scene)) == {before, after}

    scene.send("choose_slot", by=CANDIDATE, start=after)
    assert scene.stands(Status.SCHEDULED)
    assert list(_ledger(scene)) == [after]
    assert _state(scene).reschedules == {"company": 1}


def test_a_booked_time_stands_where_the_candidate_says_nothing_about_the_one_proposed_instead() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.full = True
    _propose(scene, "i1", before + 2 * DAY)

    scene.wait(days=3)

    assert scene.stands(Status.SCHEDULED)
    assert list(_ledger(scene)) == [before]
    assert scene.letters("i1")[-1] == "time_stands"  # who asked is told
    assert scene.letters(CANDIDATE)[-1] == "time_stands"


def test_once_the_rounds_are_used_up_nobody_proposes_any_more() -> None:
    scene = an_offer()
    for day in (4, 5, 7):
        _propose(scene, "i1", MONDAY + day * DAY)

    refused = scene.refuses(
        "propose_other_time", by=CANDIDATE, start=MONDAY + 8 * DAY, expected_revision=_state(scene).revision
    )

    assert refused.code is Code.MAX_ROUNDS_REACHED
    scene.send("decline_offer", by=CANDIDATE)
    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"NEGOTIATION_STUCK": "today"}
    assert scene.ledger == {}


def test_a_booked_time_begins_the_count_of_rounds_anew() -> None:
    scene = an_offer()
    for day in (4, 5, 7):
        _propose(scene, "i1", MONDAY + day * DAY)
    scene.send("choose_slot", by=CANDIDATE, start=MONDAY + 7 * DAY)

    _propose(scene, CANDIDATE, MONDAY + 9 * DAY)
    _propose(scene, "i1", MONDAY + 10 * DAY)

    assert scene.offered == (MONDAY + 10 * DAY,)


def test_the_booked_time_is_no_other_time() -> None:
    scene = an_exchange("swap")
    booked = scene.start_of_booking

    for kind, fields in (
        ("propose_other_time", {"start": booked, "expected_revision": _state(scene).revision}),
        ("offer_slots", {"slots": [booked]}),
        ("book_slot", {"start": booked}),
    ):
        assert scene.refuses(kind, by="coordinator", **fields).code is Code.INVALID_COMMAND


# --- explicit confirmation -------------------------------------------------------------------------------------------


def test_where_policy_wants_their_word_a_choice_is_held_until_the_interviewers_have_accepted() -> None:
    scene = a_held_time()
    start = _held(scene)
    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert list(_ledger(scene)) == [start]
    letter = scene.newest("seat_request", "i1").order.letter
    assert isinstance(letter, SeatRequest)
    assert not letter.proposed_by_candidate  # we offered it

    _accept(scene, "i1", "i2")

    assert scene.stands(Status.SCHEDULED)
    assert scene.letters("i1") == ["seat_request", "invitation"]
    assert [claim.was for claim in _state(scene).claims] == ["held"]


def test_optional_people_are_not_waited_for() -> None:
    scene = an_offer(interviewers=["grace", {"person": "linus", "role": "OPTIONAL"}], **EXPLICIT)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    assert "seat_request" not in scene.letters("i2")

    scene.send("respond_to_seat", by="i2", answer="declined")
    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    _accept(scene, "i1")

    assert scene.stands(Status.SCHEDULED)


def test_a_quorum_that_accepts_is_enough_and_who_has_said_no_is_not_booked() -> None:
    scene = an_offer(policy={"confirmation": "explicit", "quorum": 1})
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    scene.send("respond_to_seat", by="i2", answer="declined")
    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    _accept(scene, "i1")

    assert scene.stands(Status.SCHEDULED)
    assert list(_ledger(scene).values()) == [("grace",)]
    assert "invitation" not in scene.letters("i2")
    assert scene.view("coordinator").empty_seats == (2,)


def test_an_acceptance_that_comes_while_another_time_is_asked_for_is_not_lost() -> None:
    scene = a_held_time()
    first, other = _held(scene), scene.offered[1]
    _accept(scene, "i1")
    scene.taken, scene.withheld = {other}, {"claim_time"}
    scene.send("choose_slot", by=CANDIDATE, start=other)
    _accept(scene, "i2")

    scene.withheld = set()
    scene.run()

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == first


def test_who_declines_is_replaced_from_their_pool_and_only_the_newcomer_is_asked() -> None:
    scene = an_offer(**WITH_POOL)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    start = _held(scene)
    assert list(_ledger(scene).values()) == [("linus", "alan")]

    scene.send("respond_to_seat", by="i2", answer="declined")

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert _ledger(scene) == {start: ("linus", "barbara")}
    assert scene.letters("i1") == ["seat_request"]
    assert scene.letters("i2") == ["seat_request"]
    assert scene.letters("i3") == ["seat_request"]
    _accept(scene, "i1", "i3")
    assert scene.stands(Status.SCHEDULED)
    assert scene.letters("i2") == ["seat_request"]  # never invited, so there is nothing to call off


def test_where_the_pool_has_nobody_else_the_candidate_chooses_again_at_no_cost() -> None:
    scene = an_offer(**WITH_POOL)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    start = _held(scene)
    scene.away = {"grace", "edsger", "barbara"}

    scene.send("respond_to_seat", by="i2", answer="declined")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert start not in scene.offered
    assert scene.ledger == {}
    assert _state(scene).rounds == 0


def test_no_more_than_three_are_replaced_unasked() -> None:
    scene = an_offer(**WITH_POOL)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    for who in ("i2", "i3", "i4"):
        scene.send("respond_to_seat", by=who, answer="declined")
        assert scene.stands(Status.AWAITING_INTERVIEWERS)

    scene.send("respond_to_seat", by="i5", answer="declined")

    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_where_nobody_stands_in_for_who_declines_the_candidate_chooses_again_at_no_cost() -> None:
    scene = a_held_time()
    start = _held(scene)

    scene.send("respond_to_seat", by="i2", answer="declined")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert start not in scene.offered
    assert _state(scene).rounds == 0


def test_when_the_hold_runs_out_others_are_asked_and_then_the_candidate_chooses_again() -> None:
    scene = an_offer(interviewers=[{"pool": "backend"}], **EXPLICIT)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    assert list(_ledger(scene).values()) == [("alan",)]

    scene.wait(hours=48)
    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert list(_ledger(scene).values()) == [("barbara",)]

    scene.away = {"alan", "edsger", "grace"}
    scene.wait(hours=48)
    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.ledger == {}
    assert _state(scene).rounds == 0
    assert scene.attention["INTERVIEWERS_SILENT"] == "today"


def test_the_candidates_clock_stands_still_while_the_interviewers_are_asked() -> None:
    scene = an_offer(**EXPLICIT)
    before, slots = _reply_by(scene), scene.offered
    scene.full = True
    scene.send("choose_slot", by=CANDIDATE, start=slots[-1])

    scene.wait(hours=30)
    scene.send("respond_to_seat", by="i1", answer="declined")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert _reply_by(scene) == before + 30 * HOUR


def test_the_clock_stands_still_whatever_becomes_of_the_time_that_was_asked_for() -> None:
    scene = an_offer(**EXPLICIT)
    before, slots = _reply_by(scene), scene.offered
    scene.full = True
    scene.send("choose_slot", by=CANDIDATE, start=slots[-1])
    scene.wait(hours=30)
    scene.send("choose_slot", by=CANDIDATE, start=slots[-2])
    scene.wait(hours=10)
    scene.send("respond_to_seat", by="i1", answer="declined")

    assert _reply_by(scene) == before + 40 * HOUR


def test_nobody_expires_while_the_company_is_silent() -> None:
    scene = an_offer(**EXPLICIT)
    reply_by = _reply_by(scene)
    scene.wait_until(reply_by - HOUR)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])

    scene.wait(hours=60)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert _reply_by(scene) > reply_by + 24 * HOUR


def test_another_choice_gives_up_the_held_time_only_when_the_new_one_is_held() -> None:
    scene = a_held_time()
    first, other = _held(scene), scene.offered[1]
    scene.taken = {other}

    scene.send("choose_slot", by=CANDIDATE, start=other)
    assert _held(scene) == first

    scene.taken = set()
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    assert list(_ledger(scene)) == [_held(scene)] == [scene.offered[-1]]
    assert first in scene.offered  # nobody has said no to it


def test_who_has_chosen_may_decline_all_of_it_while_the_interviewers_are_asked() -> None:
    scene = a_held_time()
    start = _held(scene)

    scene.send("decline_offer", by=CANDIDATE)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.ledger == {}
    assert start not in scene.offered


def test_a_held_offer_that_is_chosen_waits_for_the_interviewers_too() -> None:
    scene = an_offer(**EXPLICIT)
    start = MONDAY + 4 * DAY
    _propose(scene, "i1", start)
    scene.wait(hours=40)

    scene.send("choose_slot", by=CANDIDATE, start=start)

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert "seat_request" not in scene.letters("i1")  # it was their idea
    scene.wait(hours=20)  # longer than the first hold
    _accept(scene, "i2")
    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == start


def test_a_hold_that_cannot_be_kept_is_lost_like_any_other_time() -> None:
    scene = a_held_time()
    start = _held(scene)
    _accept(scene, "i1")
    scene.taken = {start}

    _accept(scene, "i2")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert start not in scene.offered
    assert scene.ledger == {}
    assert _state(scene).rounds == 0


# --- availability ----------------------------------------------------------------------------------------------------


def _asked_when() -> Scene:
    scene = no_slots()
    scene.send("request_availability", by="coordinator")
    scene.full = False
    return scene


def _windows(*days: int) -> list[dict[str, datetime]]:
    return [{"start": MONDAY + day * DAY, "end": MONDAY + day * DAY + 8 * HOUR} for day in days]


def test_a_candidate_can_be_asked_when_they_are_free() -> None:
    scene = _asked_when()

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.attention == {}
    letter = scene.newest("availability_request", CANDIDATE).order.letter
    assert isinstance(letter, AvailabilityRequest)
    assert letter.reply_by == _reply_by(scene)
    assert scene.view(CANDIDATE).availability_wanted


def test_who_is_asked_and_silent_is_reminded_twice_and_expires() -> None:
    scene = _asked_when()

    scene.wait(days=8)

    assert scene.letters(CANDIDATE) == ["availability_request", "nudge", "nudge"]
    letter = scene.newest("nudge", CANDIDATE).order.letter
    assert isinstance(letter, Nudge)
    assert letter.slots == ()
    assert scene.stands(Status.EXPIRED)


def test_the_first_time_that_fits_everybody_is_booked() -> None:
    scene = _asked_when()

    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3, 4))

    assert scene.stands(Status.SCHEDULED)
    search = [order for order in scene.asked if isinstance(order, FindSlots)][-1]
    assert [one.start for one in search.windows] == [MONDAY + 3 * DAY, MONDAY + 4 * DAY]
    assert search.latest == MONDAY + 4 * DAY + 8 * HOUR


def test_availability_can_be_sent_instead_of_a_choice() -> None:
    scene = an_offer()

    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3))

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking >= MONDAY + 3 * DAY


def test_where_policy_wants_their_word_the_interviewers_are_asked_about_a_time_that_was_found() -> None:
    scene = an_offer(**EXPLICIT)

    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3, 5, 7))
    first = _held(scene)
    scene.send("respond_to_seat", by="i1", answer="declined")

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert _held(scene) > first  # another one within the same windows


def test_times_that_are_lost_are_tried_one_after_the_other() -> None:
    scene = _asked_when()
    scene.withheld = {"claim_time"}
    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3, 7))
    options = [_state(scene).claims[-1].slot.start, *(slot.start for slot in _state(scene).options)]
    assert len(options) > 1
    scene.taken, scene.withheld = {options[0]}, set()

    scene.run()

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == options[1]
    assert scene.letters(CANDIDATE) == ["availability_request", "invitation"]


def test_where_nothing_fits_the_coordinator_is_asked() -> None:
    scene = _asked_when()
    scene.full = True

    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3))

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"NO_COMMON_SLOT": "today"}
    scene.wait(days=30)
    assert scene.stands(Status.NEEDS_SCHEDULING)  # the candidate has answered: nobody expires


def test_where_all_that_fits_is_taken_the_coordinator_is_asked() -> None:
    scene = _asked_when()
    scene.withheld = {"claim_time"}
    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3))
    scene.taken = {_state(scene).claims[-1].slot.start, *(slot.start for slot in _state(scene).options)}
    scene.full, scene.withheld = True, set()

    scene.run()

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"NO_COMMON_SLOT": "today"}
    scene.full = False
    scene.send("offer_slots", by="coordinator")
    assert len(scene.offered) == 5  # anywhere, not only within what was sent


@pytest.mark.parametrize(
    "windows",
    [
        [{"start": MONDAY - DAY, "end": MONDAY - HOUR}],
        [{"start": MONDAY + DAY, "end": MONDAY + DAY}],
        [{"start": MONDAY + 201 * DAY, "end": MONDAY + 202 * DAY}],
    ],
    ids=["past", "empty", "too far"],
)
def test_windows_that_nobody_can_use_are_refused(windows: list[dict[str, datetime]]) -> None:
    assert _asked_when().refuses("submit_availability", by=CANDIDATE, windows=windows).code is Code.INVALID_COMMAND


def test_in_an_exchange_a_candidate_can_be_asked_when_they_are_free() -> None:
    scene = an_exchange("swap")
    before = scene.start_of_booking

    scene.send("request_availability", by="coordinator")
    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3))

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking < before
    assert _state(scene).reschedules == {"candidate": 1}


def test_a_time_found_while_another_is_being_booked_is_not_asked_for() -> None:
    scene = _asked_when()
    scene.withheld = {"find_slots", "claim_time"}
    scene.send("submit_availability", by=CANDIDATE, windows=_windows(3))
    search = scene.in_flight["search"]
    scene.send("book_slot", by="coordinator", start=MONDAY + 4 * DAY)

    assert scene.answer(search, scene.reply(search)) == []
    scene.withheld = set()
    scene.run()

    assert scene.start_of_booking == MONDAY + 4 * DAY
    assert len(_state(scene).claims) == 1


# --- unreachable -----------------------------------------------------------------------------------------------------


def test_an_exchange_by_which_the_time_was_given_up_does_not_end_while_the_candidate_is_unreachable() -> None:
    scene = a_booking()
    scene.dead = {"ada@example.org"}
    scene.send("request_reschedule", by="i1", mode="vacate")

    scene.wait(days=20)
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.attention["CANDIDATE_UNREACHABLE"] == "now"

    scene.send("update_contact", by="coordinator", email="ada@example.com")
    assert _reply_by(scene) >= scene.now + 48 * HOUR


# --- what we hold ourselves is not in our own way --------------------------------------------------------------------


def _held_for_the_candidate() -> Scene:
    scene = an_offer()
    scene.send("offer_slots", by="coordinator", slots=[scene.offered[2].isoformat()], hold=True)
    return scene


def test_a_time_that_is_held_for_the_candidate_can_be_booked_by_the_coordinator() -> None:
    scene = _held_for_the_candidate()
    start = scene.offered[0]

    scene.send("book_slot", by="coordinator", start=start)

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == start
    assert [slot.start for slot in scene.ledger.values()] == [start]


def test_a_counter_proposal_may_overlap_the_time_that_is_held_for_the_candidate() -> None:
    scene = _held_for_the_candidate()
    later = scene.offered[0] + HOUR / 2

    _propose(scene, CANDIDATE, later)

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert _held(scene) == later


def test_a_new_time_may_overlap_the_booked_one_though_a_third_is_held() -> None:
    scene = a_booking(**EXPLICIT)
    _accept(scene, "i1", "i2")
    booked = scene.start_of_booking
    _propose(scene, CANDIDATE, booked + 3 * DAY)
    assert scene.stands(Status.NEEDS_RESCHEDULING)

    scene.send("reschedule", by="coordinator", start=booked + HOUR / 2)

    assert scene.start_of_booking == booked + HOUR / 2
    assert [slot.start for slot in scene.ledger.values()] == [scene.start_of_booking]


def test_an_offer_whose_only_time_is_lost_holds_it_no_longer() -> None:
    scene = _held_for_the_candidate()
    start = scene.offered[0]
    scene.taken, scene.refusal, scene.full = {start}, "calendar", True

    scene.send("book_slot", by="coordinator", start=start)

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.offered == ()
    assert scene.ledger == {}


# --- what comes to nothing through us --------------------------------------------------------------------------------

_ONE_HOUR = [{"start": MONDAY + 3 * DAY, "end": MONDAY + 3 * DAY + HOUR}]


def test_a_time_that_was_lost_because_the_ledger_did_not_answer_is_found_again() -> None:
    scene = _asked_when()
    scene.withheld = {"claim_time"}
    scene.send(
        "submit_availability", by=CANDIDATE, windows=[{"start": MONDAY + 3 * DAY, "end": MONDAY + 3 * DAY + HOUR}]
    )
    scene.give_up("claim_time")

    scene.withheld = set()
    scene.run()

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == MONDAY + 3 * DAY


def test_a_time_about_which_the_ledger_never_answers_is_not_asked_for_for_ever() -> None:
    scene = _asked_when()
    scene.withheld = {"claim_time"}
    scene.send(
        "submit_availability", by=CANDIDATE, windows=[{"start": MONDAY + 3 * DAY, "end": MONDAY + 3 * DAY + HOUR}]
    )

    for _ in range(3):
        scene.give_up("claim_time")

    assert scene.in_flight == {}
    assert scene.attention == {"NO_COMMON_SLOT": "today"}


def test_times_that_pass_while_the_interviewers_are_silent_cost_the_candidate_no_round() -> None:
    scene = an_offer(**EXPLICIT)
    last = scene.offered[-1]
    scene.wait(days=5)
    scene.send("choose_slot", by=CANDIDATE, start=last)
    scene.full = True

    scene.wait(days=7)

    assert "offer_lapsed" in scene.kinds
    assert _state(scene).rounds == 0


def test_an_exchange_for_which_we_had_nothing_to_offer_goes_on_nobodys_account() -> None:
    scene = a_booking()
    scene.full = True
    scene.send("request_reschedule", by=CANDIDATE)
    assert _state(scene).reschedules == {"candidate": 1}

    scene.wait(days=3)

    assert scene.stands(Status.SCHEDULED)
    assert _state(scene).reschedules == {"candidate": 0}
