from datetime import datetime, timedelta

import pytest

from entrevue.claims import claim_key
from entrevue.letters import Cancellation, Invitation, OnHold, TimeStands
from entrevue.orders import GaveUp
from entrevue.scheduling import InterviewScheduled, Scheduling
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    MONDAY,
    Scene,
    a_booking,
    a_held_time,
    a_session,
    an_exchange,
    an_offer,
    no_slots,
    open_forms,
    story,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _claims(scene: Scene) -> list[str]:
    return [claim.was for claim in scene.interview.scheduling.claims]


def _state(scene: Scene) -> Scheduling:
    return scene.interview.scheduling


def _starts(scene: Scene) -> set[datetime]:
    """What the ledger holds."""
    return {slot.start for slot in scene.ledger.values()}


# --- rescheduling ----------------------------------------------------------------------------------------------------


def test_a_moved_interview_claims_the_new_time_before_the_old_is_given_back() -> None:
    scene = a_booking()
    before, after = scene.start_of_booking, scene.start_of_booking + timedelta(days=3)

    scene.send("reschedule", by="coordinator", start=after, reason="the room is taken")

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == after
    assert _claims(scene) == ["gone", "held"]
    assert [slot.start for slot in scene.ledger.values()] == [after]
    assert (
        scene.kinds.index("time_given_back")
        > [n for n, kind in enumerate(scene.kinds) if kind == "interview_scheduled"][-1]
    )
    booked = [one.event for one in scene.records if isinstance(one.event, InterviewScheduled)]
    assert [(one.revision, one.sequence) for one in booked] == [(1, 0), (2, 1)]
    assert booked[-1].moved_from is not None
    assert booked[-1].moved_from.start == before


def test_a_move_updates_the_event_and_tells_everyone_and_cancels_nothing() -> None:
    scene = a_booking()

    scene.send("reschedule", by="i1", start=scene.start_of_booking + timedelta(days=3))

    assert scene.calendars["i1"].sequence == 1
    for to in (CANDIDATE, "i1", "i2"):
        assert "cancellation" not in scene.letters(to)
        letter = scene.newest("invitation", to).order.letter
        assert isinstance(letter, Invitation)
        assert (letter.event.sequence, letter.moved_from is not None) == (1, True)


def test_where_the_new_time_is_taken_the_booked_one_stands() -> None:
    scene = a_booking()
    before, after = scene.start_of_booking, scene.start_of_booking + timedelta(days=3)
    scene.taken = {after}

    scene.send("reschedule", by="coordinator", start=after)

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == before
    assert _claims(scene) == ["held", "gone"]
    assert scene.letters(CANDIDATE) == ["offer", "invitation"]


def test_a_move_to_the_same_time_is_no_move() -> None:
    scene = a_booking()

    assert scene.send("reschedule", by="coordinator", start=scene.start_of_booking) == []


def test_a_swap_keeps_the_booked_time_until_another_is_chosen() -> None:
    scene = an_exchange("swap")
    before = scene.start_of_booking
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert [slot.start for slot in scene.ledger.values()] == [before]
    assert "cancellation" not in scene.letters(CANDIDATE)

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking != before
    assert [slot.start for slot in scene.ledger.values()] == [scene.start_of_booking]
    assert scene.calendars["i1"].sequence == 1


def test_a_swap_that_nobody_completes_leaves_the_booked_time() -> None:
    scene = an_exchange("swap")
    before = scene.start_of_booking

    scene.wait(days=3)

    assert scene.stands(Status.SCHEDULED)
    assert "exchange_lapsed" in scene.kinds
    assert scene.start_of_booking == before
    assert scene.offered == ()


def test_no_time_is_kept_in_exchange_when_it_is_too_near_to_look_for_another() -> None:
    scene = a_booking()
    for by, ahead in ((CANDIDATE, 24), ("coordinator", 20)):
        scene.wait_until(scene.start_of_booking - ahead * HOUR)

        refused = scene.refuses("request_reschedule", by=by, mode="swap")

        assert refused.code is Code.WINDOW_CLOSED
        assert "vacate" in refused.sentence


def test_in_an_exchange_the_booked_time_is_no_choice_and_a_found_one_is_not_counted_again() -> None:
    scene = a_booking()
    for _ in range(2):
        scene.send("request_reschedule", by="i1")
        assert scene.refuses("choose_slot", by=CANDIDATE, start=scene.start_of_booking).code is Code.SLOT_UNAVAILABLE
        scene.send("reschedule", by="i1", start=scene.start_of_booking + timedelta(days=1))
        assert scene.stands(Status.SCHEDULED)

    assert scene.interview.scheduling.reschedules == {"company": 2}


def test_a_vacated_time_is_given_back_called_off_and_looked_for_anew() -> None:
    scene = an_exchange("vacate")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert scene.calendars == {}
    for to in (CANDIDATE, "i1", "i2"):
        letter = scene.newest("cancellation", to).order.letter
        assert isinstance(letter, Cancellation)
        assert (letter.event.sequence, letter.event.cancelled, letter.continues) == (1, True, True)
    assert scene.letters(CANDIDATE) == ["offer", "invitation", "cancellation", "offer"]

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.stands(Status.SCHEDULED)
    assert scene.calendars["i1"].sequence == 2
    assert scene.view("backend").revision == 3


def test_a_vacated_interview_ends_where_the_candidate_stays_silent() -> None:
    scene = an_exchange("vacate")

    scene.wait(days=3)

    assert scene.stands(Status.CANCELLED)
    assert scene.letters(CANDIDATE)[-1] == "offer_withdrawn"
    assert scene.letters("i1")[-1] == "cancellation"
    scene.over()


def test_a_vacated_interview_does_not_end_because_we_found_no_time() -> None:
    scene = a_booking()
    scene.full = True
    scene.send("request_reschedule", by="i1", mode="vacate")

    scene.wait(days=30)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.attention == {"NO_COMMON_SLOT": "today"}


def test_a_slow_search_leaves_the_candidate_two_days_to_answer() -> None:
    scene = a_booking()
    scene.full = True
    scene.send("request_reschedule", by="i1", mode="vacate")
    scene.wait(days=3, hours=-1)
    scene.full = False

    scene.send("offer_slots", by="coordinator")

    assert scene.interview.scheduling.reply_by == scene.now + 48 * HOUR


def test_each_side_moves_the_interview_twice_at_most_and_the_coordinator_is_the_way_out() -> None:
    scene = a_booking()
    for _ in range(2):
        scene.send("request_reschedule", by=CANDIDATE)
        scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])

    assert scene.send("request_reschedule", by=CANDIDATE) == ["approval_requested", "attention_raised"]
    scene.send("deny_approval", by="coordinator", reason="the panel is complete on that day only")

    scene.send("request_reschedule", by="i1")  # counted apart
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    scene.send("reschedule", by="i1", start=scene.start_of_booking + timedelta(days=7))
    assert scene.send("request_reschedule", by="i2") == ["approval_requested", "attention_raised"]
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=7))
    assert scene.stands(Status.SCHEDULED)


@pytest.mark.parametrize("by", [CANDIDATE, "i1"])
def test_within_a_day_of_the_start_only_the_coordinator_moves_it(by: str) -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 24 * HOUR + timedelta(minutes=1))

    assert scene.send("request_reschedule", by=by) == ["approval_requested", "attention_raised"]
    assert scene.stands(Status.SCHEDULED)
    assert scene.attention["APPROVAL_DUE:1"] == "now"
    scene.send("reschedule", by="coordinator", start=scene.now + 48 * HOUR)
    assert scene.stands(Status.SCHEDULED)


def test_many_moves_keep_one_uid_and_a_strictly_rising_sequence() -> None:
    scene = a_booking()
    for day in range(1, 6):
        scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=day))

    letters = [sent.order.letter for sent in scene.mailbox if sent.to == CANDIDATE]
    events = [letter.event for letter in letters if isinstance(letter, Invitation)]
    assert {event.uid for event in events} == {"r7.c1"}
    assert [event.sequence for event in events] == list(range(6))
    assert list(scene.ledger.values()) == [scene.calendars["i1"].slot]


# --- endings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["candidate", "coordinator", "decision_maker", "backend", "operator"])
@pytest.mark.parametrize("late", [False, True])
def test_a_cancelled_interview_gives_everything_back_and_tells_everyone(by: str, late: bool) -> None:  # noqa: FBT001
    scene = a_booking()
    if late:
        scene.wait_until(scene.start_of_booking - 5 * HOUR)
        assert scene.refuses("cancel", by=by).code is Code.INVALID_COMMAND  # a reason is due

    scene.send("cancel", by=by, reason="it cannot be")

    assert scene.stands(Status.CANCELLED)
    assert scene.interview.closed is not None
    assert scene.interview.closed.late is late
    assert scene.ledger == {}
    assert scene.calendars == {}
    for to in (CANDIDATE, "i1", "i2"):
        letter = scene.newest("cancellation", to).order.letter
        assert isinstance(letter, Cancellation)
        assert (letter.event.sequence, letter.continues) == (1, False)
        assert letter.apology is (late and by != CANDIDATE)
        assert letter.reason == "it cannot be"
        assert letter.imip is (to != "i1")
    scene.wait(days=8)  # the candidate whom the company lets down may say how it was
    scene.over()


def test_who_was_never_invited_gets_no_cancellation() -> None:
    scene = an_offer()
    scene.withheld = {"write_event", "remove_event"}  # invitations wait a quarter of an hour for the calendars
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])

    scene.send("cancel", by="coordinator")
    scene.withheld = set()
    scene.run()

    assert scene.letters() == ["offer to candidate", "offer_withdrawn to candidate"]
    assert scene.calendars == {}
    scene.over()


def test_an_invitation_that_was_started_counts_as_sent() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    assert [order.letter.kind for order in scene.started if order.to.who == "i2"] == ["invitation"]

    scene.send("cancel", by="coordinator")
    scene.withheld = set()
    scene.run()

    assert scene.letters("i2") == ["cancellation"]
    scene.over()


def test_a_second_cancellation_is_not_owed_to_who_saw_no_second_invitation() -> None:
    scene = an_exchange("vacate")
    scene.withheld = {"write_event", "remove_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])

    scene.send("cancel", by="coordinator")
    scene.withheld = set()
    scene.run()

    assert scene.letters("i1").count("cancellation") == 1
    assert scene.letters(CANDIDATE)[-1] == "offer_withdrawn"
    scene.over()


def test_a_claim_that_answers_after_the_cancel_is_given_back_and_books_nothing() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time", "release_time"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    claim = scene.in_flight["ledger"]
    scene.send("cancel", by="coordinator")

    happened = scene.answer(claim, scene.reply(claim))
    assert happened == []
    assert list(scene.ledger) == [claim_key(scene.interview, 1)]

    scene.withheld = set()
    scene.run()
    assert scene.ledger == {}
    assert scene.stands(Status.CANCELLED)
    scene.over()


def test_a_claim_that_gives_up_after_the_cancel_changes_nothing() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time", "release_time"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    claim = scene.in_flight["ledger"]
    scene.send("cancel", by="coordinator")

    assert scene.answer(claim, GaveUp(key=claim.key, order=claim.kind, because="timeout")) == []


@pytest.mark.parametrize(("by", "letters"), [("coordinator", ["offer", "offer_withdrawn"]), (CANDIDATE, ["offer"])])
def test_an_offer_is_withdrawn_in_writing_unless_the_candidate_ended_it(by: str, letters: list[str]) -> None:
    scene = an_offer()

    scene.send("cancel", by=by)

    assert scene.letters(CANDIDATE) == letters
    assert scene.letters("i1") == []
    scene.over()


def test_an_interview_that_was_never_offered_ends_in_silence() -> None:
    scene = no_slots()

    scene.send("cancel", by="coordinator")

    assert scene.letters() == []
    scene.over()


def test_a_vacated_interview_that_is_cancelled_does_not_leave_the_candidate_waiting() -> None:
    scene = an_exchange("vacate")

    scene.send("cancel", by="coordinator")

    assert scene.letters(CANDIDATE)[-1] == "offer_withdrawn"
    assert scene.letters("i1").count("cancellation") == 1
    scene.over()


def test_who_was_invited_again_after_a_cancellation_is_told_again() -> None:
    scene = an_exchange("vacate")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    scene.send("cancel", by="coordinator")

    for to in (CANDIDATE, "i1", "i2"):
        assert scene.letters(to).count("cancellation") == 2
    assert "offer_withdrawn" not in scene.letters(CANDIDATE)
    scene.over()


def test_a_vacated_interview_of_which_nothing_was_ever_offered_does_not_end_in_silence() -> None:
    scene = no_slots()
    scene.send("book_slot", by="coordinator", start=MONDAY + timedelta(days=2))
    scene.send("request_reschedule", by="i1", mode="vacate")

    scene.send("cancel", by="coordinator")

    assert scene.letters(CANDIDATE) == ["invitation", "cancellation", "offer_withdrawn"]
    scene.over()


def test_a_candidate_who_withdraws_before_the_session_ends_it() -> None:
    scene = a_booking()

    scene.send("withdraw", by=CANDIDATE, reason="found another one")

    assert scene.stands(Status.WITHDRAWN)
    assert scene.ledger == {}
    assert scene.calendars == {}
    assert [scene.letters(to)[-1] for to in (CANDIDATE, "i1", "i2")] == ["cancellation"] * 3
    scene.over()


def test_a_candidate_who_withdraws_after_the_session_leaves_the_evaluation_going_on() -> None:
    scene = open_forms()

    scene.send("withdraw", by=CANDIDATE)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert "cancellation" not in scene.letters("i1")
    assert scene.send("withdraw", by=CANDIDATE) == []


def test_a_session_cannot_be_cancelled_only_ended() -> None:
    assert a_session().refuses("cancel", by="coordinator", reason="no").code is Code.INVALID_STATE


# --- the same hosts, the same event ----------------------------------------------------------------------------------


def test_a_rescheduling_keeps_the_interviewers_who_are_free_and_replaces_who_is_not() -> None:
    scene = a_booking(interviewers=["linus", {"pool": "backend"}])
    assert scene.interview.people["i2"].person == "alan"

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    assert scene.interview.people["i2"].person == "alan"

    scene.away = {"alan"}
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + 2 * DAY)
    assert [one.person for one in scene.interview.people.interviewers] == ["linus", "barbara"]
    assert scene.letters("i2")[-1] == "cancellation"
    assert scene.letters("i3") == ["invitation"]
    assert scene.letters("i1").count("invitation") == 3


def test_who_could_not_come_to_one_time_is_asked_again_for_the_next() -> None:
    scene = a_booking(policy={"quorum": 1})
    scene.away = {"linus"}
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    assert scene.view("coordinator").empty_seats == (2,)

    scene.away = set()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)

    assert [one.who for one in scene.interview.people.interviewers] == ["i1", "i2"]
    assert scene.letters("i2") == ["invitation", "cancellation", "invitation"]


def test_a_farewell_speaks_of_the_time_that_its_reader_knew() -> None:
    scene = a_booking(policy={"quorum": 1})
    before = scene.start_of_booking
    scene.away = {"linus"}

    scene.send("reschedule", by="coordinator", start=before + DAY)

    letter = scene.newest("cancellation", "i2").order.letter
    assert isinstance(letter, Cancellation)
    assert letter.replaced
    assert letter.event.slot.start == before


def test_three_reschedules_of_either_kind_leave_one_event_one_claim_and_one_uid() -> None:
    scene = a_booking()
    scene.send("reschedule", by="i1", start=scene.start_of_booking + DAY)
    scene.send("request_reschedule", by=CANDIDATE, mode="vacate")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    scene.send("request_reschedule", by=CANDIDATE, mode="swap")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])

    assert scene.stands(Status.SCHEDULED)
    assert _starts(scene) == {scene.start_of_booking}
    assert (scene.calendars["i1"].uid, scene.calendars["i1"].sequence) == ("r7.p1", 4)
    sequences = [
        sent.order.letter.event.sequence
        for sent in scene.mailbox
        if sent.to == "i2" and isinstance(sent.order.letter, Invitation | Cancellation)
    ]
    assert sequences == [0, 1, 2, 3, 4]


# --- deadlines of an exchange ----------------------------------------------------------------------------------------


def test_a_swap_is_over_a_day_before_the_booked_time_at_the_latest() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 30 * HOUR)

    scene.send("request_reschedule", by=CANDIDATE)

    exchange = _state(scene).exchange
    assert exchange is not None
    assert exchange.deadline == scene.start_of_booking - 24 * HOUR
    scene.wait(hours=6)
    assert scene.stands(Status.SCHEDULED)


def test_who_hears_twice_that_the_time_stands_gets_two_letters() -> None:
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + 14 * DAY)
    for _ in range(2):
        scene.send("request_reschedule", by=CANDIDATE)
        scene.wait(days=3)

    assert scene.letters(CANDIDATE).count("time_stands") == 2
    letter = scene.newest("time_stands", CANDIDATE).order.letter
    assert isinstance(letter, TimeStands)
    assert (letter.because, letter.slot.start) == ("nothing_found", scene.start_of_booking)
    assert "time_stands" not in scene.letters("i2")  # who heard nothing of it need not hear that it is over


def test_a_swap_that_turns_into_a_search_leaves_the_candidate_the_time_it_promises() -> None:
    """The panel has become too small: what could be kept for a while is given up a day before."""
    scene = a_booking()
    scene.send("respond_to_seat", by="i2", answer="declined")
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    exchange = _state(scene).exchange
    assert exchange is not None
    assert not exchange.vacated
    deadline = exchange.deadline

    scene.wait_until(deadline + HOUR)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert _state(scene).reply_by == deadline + 3 * DAY
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    assert scene.stands(Status.SCHEDULED)
    assert _state(scene).reschedules == {"company": 0}


# --- approval --------------------------------------------------------------------------------------------------------


def _asks_late(mode: str = "swap", by: str = CANDIDATE, hours: float = 10) -> Scene:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=hours))
    scene.send("request_reschedule", by=by, mode=mode, reason="I am ill")
    return scene


def test_who_asks_late_waits_for_the_coordinator_who_sees_who_asks_and_why() -> None:
    scene = _asks_late()

    assert scene.stands(Status.SCHEDULED)
    pending = scene.view("coordinator").pending_approval
    assert pending is not None
    assert (pending.by, pending.reason, pending.mode) == (CANDIDATE, "I am ill", "swap")
    assert pending.until == scene.start_of_booking - timedelta(minutes=30)
    assert scene.view(CANDIDATE).pending_approval == pending
    assert scene.view("i1").pending_approval is None
    assert scene.attention == {"APPROVAL_DUE:1": "now"}
    assert scene.interview.attention[0].clears == ("grant_approval", "deny_approval")


def test_an_approval_so_near_to_the_start_gives_the_time_up() -> None:
    scene = _asks_late("swap")

    scene.send("grant_approval", by="coordinator")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert _state(scene).reschedules == {"candidate": 1}
    assert scene.attention == {}


def test_an_approval_over_the_limit_keeps_the_time_while_another_is_looked_for() -> None:
    scene = a_booking(policy={"reschedules": 0})
    scene.send("request_reschedule", by=CANDIDATE)
    assert scene.stands(Status.SCHEDULED)

    scene.send("grant_approval", by="coordinator")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert _starts(scene) == {scene.start_of_booking}


def test_who_is_denied_is_told_with_the_reason() -> None:
    scene = _asks_late()

    scene.send("deny_approval", by="coordinator", reason="nobody else is free this month")

    assert scene.stands(Status.SCHEDULED)
    letter = scene.newest("time_stands", CANDIDATE).order.letter
    assert isinstance(letter, TimeStands)
    assert (letter.because, letter.reason) == ("not_approved", "nobody else is free this month")
    assert "time_stands" not in scene.letters("i1")
    assert scene.attention == {}


@pytest.mark.parametrize("by", [CANDIDATE, "i1"])
def test_what_nobody_approves_is_granted_half_an_hour_before_and_never_becomes_a_no_show(by: str) -> None:
    scene = _asks_late(by=by)
    before = scene.start_of_booking

    scene.wait_until(before - timedelta(minutes=30))
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}

    scene.wait_until(before + 2 * HOUR)
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert not [kind for kind in scene.kinds if "no_show" in kind or kind.startswith("session")]


def test_what_is_asked_within_the_last_half_hour_is_granted_at_once() -> None:
    scene = _asks_late(hours=0.4)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.kinds.count("approval_granted") == 1
    assert scene.letters("i1")[-1] == "cancellation"


def test_a_second_request_waits_for_the_answer_to_the_first() -> None:
    scene = _asks_late()

    for kind, fields in (
        ("request_reschedule", {}),
        ("propose_other_time", {"start": scene.now + 3 * DAY, "expected_revision": _state(scene).revision}),
    ):
        refused = scene.refuses(kind, by="i1", **fields)
        assert refused.code is Code.INVALID_STATE
        assert "approval" in refused.sentence


def test_a_move_by_the_coordinator_answers_what_waits_for_approval() -> None:
    scene = _asks_late()

    scene.send("reschedule", by="coordinator", start=scene.now + 5 * DAY)

    assert scene.stands(Status.SCHEDULED)
    assert scene.attention == {}
    assert scene.refuses("grant_approval", by="coordinator").code is Code.INVALID_STATE
    scene.wait_until(scene.start_of_booking - HOUR)
    assert scene.stands(Status.SCHEDULED)


def test_a_given_time_is_granted_when_it_is_claimed() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 10 * HOUR)
    after = scene.start_of_booking + 2 * DAY
    scene.send("reschedule", by="i1", start=after)
    assert scene.attention == {"APPROVAL_DUE:1": "now"}
    scene.taken = {after}

    scene.send("grant_approval", by="coordinator")
    assert scene.attention == {"APPROVAL_DUE:1": "now"}  # it could not be, so it waits still

    scene.taken = set()
    scene.send("grant_approval", by="coordinator")
    assert scene.start_of_booking == after
    assert scene.attention == {}
    assert "approval_granted" in scene.kinds


def test_a_given_time_is_given_up_like_any_other_where_nobody_answers() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 10 * HOUR)
    scene.send("reschedule", by="i1", start=scene.start_of_booking + 2 * DAY)

    scene.wait(hours=10)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert _state(scene).booking is None


def test_a_session_that_begins_early_is_not_ended_by_what_waits_for_approval() -> None:
    scene = _asks_late()
    scene.wait_until(scene.start_of_booking - timedelta(minutes=50))
    scene.send("start_session", by="i1")

    scene.wait(minutes=40)

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.attention == {}


def test_a_cancel_settles_what_waits_for_approval() -> None:
    scene = _asks_late()

    scene.send("cancel", by="coordinator", reason="the role is filled")
    scene.wait(days=8)

    scene.over()


def test_only_the_coordinator_exceeds_somebodys_load() -> None:
    scene = a_booking()
    scene.taken, scene.refusal = {scene.start_of_booking + DAY}, "load"

    refused = scene.refuses("reschedule", by="i1", start=scene.start_of_booking + DAY, overload=True)

    assert refused.code is Code.NOT_AUTHORIZED


# --- on hold ---------------------------------------------------------------------------------------------------------

_BEFORE = (
    Status.NEEDS_SCHEDULING,
    Status.AWAITING_CANDIDATE,
    Status.AWAITING_INTERVIEWERS,
    Status.SCHEDULED,
    Status.NEEDS_RESCHEDULING,
)


@pytest.mark.parametrize("status", _BEFORE)
def test_before_the_session_everything_can_wait_and_go_on(status: Status) -> None:
    scene = story(status)

    scene.send("put_on_hold", by="coordinator", reason="the budget is discussed")
    assert scene.stands(Status.ON_HOLD)
    assert scene.attention == {"ON_HOLD": "information"}
    assert scene.view("coordinator").ball == "coordinator"
    letters = scene.letters()
    scene.wait(days=1)
    assert scene.stands(Status.ON_HOLD)
    assert set(scene.letters()[len(letters) :]) <= {f"on_hold to {who}" for who in (CANDIDATE, "i1", "i2")}

    scene.full = False
    scene.send("resume", by="coordinator")
    expected = {
        Status.NEEDS_SCHEDULING: Status.AWAITING_CANDIDATE,
        Status.AWAITING_INTERVIEWERS: Status.AWAITING_CANDIDATE,
    }
    assert scene.stands(expected.get(status, status))


def test_on_hold_a_booked_time_is_kept_and_a_held_one_given_back() -> None:
    scene = a_booking()
    scene.send("put_on_hold", by="coordinator")
    assert _starts(scene) == {scene.start_of_booking}
    assert scene.calendars["i1"].slot.start == scene.start_of_booking

    scene = a_held_time()
    offered = scene.offered
    scene.send("put_on_hold", by="coordinator")
    assert scene.ledger == {}
    scene.send("resume", by="coordinator")
    assert scene.offered == offered  # nobody has said no to what was chosen


def test_on_hold_a_time_that_is_held_for_the_candidate_is_given_back_at_no_cost() -> None:
    scene = no_slots()
    scene.send("offer_slots", by="coordinator", slots=[MONDAY + 4 * DAY], hold=True)
    scene.full = False

    scene.send("put_on_hold", by="coordinator")
    assert scene.ledger == {}
    scene.send("resume", by="coordinator")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert _state(scene).rounds == 0


def test_clocks_go_on_with_the_time_they_had_left_to_the_minute() -> None:
    scene = an_offer()
    scene.wait(days=2, minutes=17)
    before = _state(scene).reply_by
    assert before is not None
    scene.send("put_on_hold", by="coordinator")

    scene.wait(days=5, hours=3, minutes=11)
    scene.send("resume", by="coordinator")

    assert _state(scene).reply_by == before + timedelta(days=5, hours=3, minutes=11)


@pytest.mark.parametrize("mode", ["swap", "vacate"])
def test_an_exchange_has_its_time_left_but_comes_no_nearer_to_the_booked_time_than_a_day(mode: str) -> None:
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + 3 * DAY)
    booked = scene.start_of_booking
    scene.send("request_reschedule", by=CANDIDATE, mode=mode)
    exchange = _state(scene).exchange
    assert exchange is not None
    before = exchange.deadline
    scene.send("put_on_hold", by="coordinator")
    scene.wait(days=5)

    scene.send("resume", by="coordinator")
    exchange = _state(scene).exchange

    assert exchange is not None
    assert exchange.deadline == (before + 5 * DAY if mode == "vacate" else min(before + 5 * DAY, booked - DAY))
    assert _state(scene).reply_by == exchange.deadline


def test_an_offer_whose_times_have_passed_on_hold_costs_no_round() -> None:
    scene = an_offer()
    scene.send("put_on_hold", by="coordinator")
    scene.wait(days=30)

    scene.send("resume", by="coordinator")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert min(scene.offered) > scene.now
    assert _state(scene).rounds == 0


def test_a_booked_time_that_has_passed_on_hold_is_looked_for_anew_at_nobodys_cost() -> None:
    scene = a_booking()
    scene.send("put_on_hold", by="coordinator")
    scene.wait_until(scene.start_of_booking + 2 * HOUR)
    assert scene.stands(Status.ON_HOLD)  # nothing is presumed to have been held

    scene.send("resume", by="coordinator")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert _state(scene).reschedules == {"company": 0}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    assert scene.stands(Status.SCHEDULED)


def test_on_hold_everything_but_going_on_and_ending_must_wait() -> None:
    scene = story(Status.ON_HOLD)

    for kind, by, fields in (
        ("choose_slot", CANDIDATE, {"start": scene.start_of_booking}),
        ("reschedule", "coordinator", {"start": scene.start_of_booking + DAY}),
        ("replace_interviewer", "coordinator", {"whom": "i2", "person": "edsger"}),
        ("respond_to_seat", "i1", {"answer": "declined"}),
        ("put_on_hold", "coordinator", {}),
    ):
        refused = scene.refuses(kind, by=by, **fields)
        assert refused.code is Code.ON_HOLD
        assert "resume" in refused.sentence


def test_a_pause_is_told_once_and_its_end_to_whom_it_was_told() -> None:
    scene = a_booking()

    scene.send("put_on_hold", by="decision_maker", reason="the budget is discussed")
    scene.wait(days=2)
    scene.send("resume", by="decision_maker")
    scene.wait(days=1)

    for to in (CANDIDATE, "i1", "i2"):
        letters = [sent.order.letter for sent in scene.mailbox if sent.to == to]
        told = [letter for letter in letters if isinstance(letter, OnHold)]
        assert [(one.resumed, one.slot is not None) for one in told] == [(False, True), (True, True)]
        assert told[0].reason == "the budget is discussed"


def test_on_hold_nobody_is_reminded_and_a_reminder_whose_time_has_passed_is_not_sent_late() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 26 * HOUR)
    scene.send("put_on_hold", by="coordinator")
    scene.wait(hours=25, minutes=30)

    scene.send("resume", by="coordinator")
    scene.wait_until(scene.start_of_booking)

    assert "day_reminder" not in scene.letters(CANDIDATE)
    assert "hour_reminder" in scene.letters(CANDIDATE)


def test_who_was_not_invited_yet_is_invited_when_it_goes_on() -> None:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.send("put_on_hold", by="coordinator")
    scene.withheld = set()
    scene.wait(hours=20)
    assert "invitation" not in scene.letters("i1")

    scene.send("resume", by="coordinator")
    scene.wait(hours=4)

    assert [scene.letters(to) for to in ("i1", "i2")] == [["invitation"], ["invitation"]]
    assert scene.letters(CANDIDATE) == ["offer", "on_hold", "invitation", "on_hold"]


def test_what_a_search_finds_on_hold_is_not_offered() -> None:
    scene = Scene.opened()
    scene.withheld = {"find_slots"}
    scene.run()
    search = scene.in_flight["search"]
    scene.send("put_on_hold", by="coordinator")

    assert scene.answer(search, scene.reply(search)) == []
    scene.withheld = set()
    scene.send("resume", by="coordinator")
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_in_the_middle_of_booking_nothing_is_put_on_hold() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.refuses("put_on_hold", by="coordinator").code is Code.INVALID_STATE


def test_once_the_booked_time_has_come_nothing_is_put_on_hold() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)

    assert scene.refuses("put_on_hold", by="coordinator").code is Code.WINDOW_CLOSED


def test_what_is_cancelled_on_hold_is_told_though_no_letters_leave_on_hold() -> None:
    scene = an_offer()
    scene.send("put_on_hold", by="coordinator")

    scene.send("cancel", by="coordinator")

    assert scene.letters(CANDIDATE) == ["offer", "on_hold", "offer_withdrawn"]
    scene.wait(days=1)
    scene.over()


# --- endings in between ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["withdraw", "cancel"])
@pytest.mark.parametrize("status", [*_BEFORE, Status.ON_HOLD])
def test_wherever_it_ends_before_the_session_nothing_of_it_is_left(status: Status, kind: str) -> None:
    scene = story(status)

    scene.send(kind, by=CANDIDATE, reason="found another one")
    scene.wait(days=2)

    scene.over()
    assert scene.ledger == {}
    assert scene.calendars == {}


@pytest.mark.parametrize("kind", ["withdraw", "cancel"])
def test_an_end_while_a_proposal_waits_gives_both_times_back(kind: str) -> None:
    scene = a_booking()
    scene.send("propose_other_time", by=CANDIDATE, start=scene.start_of_booking + 2 * DAY, expected_revision=1)
    assert len(scene.ledger) == 2

    scene.send(kind, by=CANDIDATE)
    scene.wait(days=1)

    assert scene.ledger == {}
    scene.over()
