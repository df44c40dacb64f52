from datetime import UTC, datetime, timedelta

import pytest

from entrevue.claims import claim_key
from entrevue.orders import (
    Answer,
    Cancellation,
    GaveUp,
    Invitation,
    LetterRefused,
    Offer,
    TimeClaimed,
    TimeReleased,
    TimeTaken,
)
from entrevue.scheduling import InterviewScheduled
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    MONDAY,
    Scene,
    a_booking,
    a_session,
    an_exchange,
    an_offer,
    command,
    no_slots,
    open_forms,
)

HOUR = timedelta(hours=1)


def _claims(scene: Scene) -> list[str]:
    return [claim.was for claim in scene.interview.scheduling.claims]


# --- offering --------------------------------------------------------------------------------------------------------


def test_an_interview_that_is_asked_for_offers_slots_by_itself() -> None:
    scene = an_offer()

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.letters() == ["offer to candidate"]
    assert len(scene.offered) == 5
    assert scene.interview.scheduling.reply_by == datetime(2026, 11, 10, 4, 59, tzinfo=UTC)  # Monday, 23:59 in New York
    assert scene.next == MONDAY + 24 * HOUR  # the first nudge


def test_the_offer_tells_the_deadline_that_will_hold() -> None:
    scene = an_offer()

    letter = scene.newest("offer", CANDIDATE).order.letter

    assert isinstance(letter, Offer)
    assert letter.reply_by == scene.interview.scheduling.reply_by
    assert not letter.fresh


def test_nobody_is_searched_for_or_written_to_before_the_directory_has_answered() -> None:
    scene = Scene.opened()
    scene.withheld = {"look_up_people"}
    scene.run()

    assert [order.kind for order in scene.in_flight.values()] == ["look_up_people"]
    assert scene.letters() == []


def test_somebody_whom_the_directory_does_not_know_is_asked_about_and_found_later() -> None:
    scene = Scene.opened()
    scene.unknown = ("i2",)
    scene.run()
    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention["PERSON_UNKNOWN:i2"] == "now"

    scene.unknown = ()
    scene.send("clear_attention", by="coordinator", item="PERSON_UNKNOWN:i2")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.attention == {}


def test_where_nobody_has_a_common_gap_the_coordinator_is_asked() -> None:
    scene = no_slots()

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"NO_COMMON_SLOT": "today"}
    assert scene.view("coordinator").ball == "coordinator"


def test_slots_that_the_coordinator_offers_replace_the_search() -> None:
    scene = no_slots()
    mine = MONDAY + timedelta(days=2)

    scene.send("offer_slots", by="coordinator", slots=[mine])

    assert scene.offered == (mine,)
    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.attention == {}


def test_a_search_that_fails_for_long_is_an_operators_business_until_it_succeeds() -> None:
    scene = Scene.opened()
    scene.withheld = {"find_slots"}
    scene.run()
    scene.give_up("find_slots")
    assert scene.attention == {"SEARCH_BEHIND": "now"}

    scene.withheld = set()
    scene.run()

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.attention == {}


def test_a_failed_search_troubles_nobody_once_a_time_is_booked() -> None:
    scene = Scene.opened()
    scene.withheld = {"find_slots"}
    scene.run()
    scene.give_up("find_slots")

    scene.send("book_slot", by="coordinator", start=MONDAY + timedelta(days=2))

    assert scene.stands(Status.SCHEDULED)
    assert scene.attention == {}


def test_an_answer_to_a_search_that_is_no_longer_wanted_offers_nothing() -> None:
    scene = Scene.opened()
    scene.withheld = {"find_slots"}
    scene.run()
    search = scene.in_flight["search"]
    scene.send("cancel", by="coordinator")

    happened = scene.answer(search, scene.reply(search))

    assert happened == []
    assert scene.stands(Status.CANCELLED)


# --- choosing --------------------------------------------------------------------------------------------------------


def test_a_chosen_slot_is_claimed_first_then_written_then_announced() -> None:
    scene = a_booking()

    kinds = scene.kinds[scene.kinds.index("time_requested") :]
    assert kinds[:4] == ["time_requested", "interview_scheduled", "calendar_written", "message_queued"]
    assert scene.letters()[1:] == ["invitation to candidate", "invitation to i1", "invitation to i2"]
    assert list(scene.ledger.values()) == [scene.calendars["i1"].slot]
    assert scene.view("backend").revision == 1


def test_everyone_has_exactly_one_inviter_and_each_audience_its_own_event() -> None:
    scene = a_booking()

    invitations = {to: scene.newest("invitation", to).order.letter for to in (CANDIDATE, "i1", "i2")}

    events = {}
    for to, letter in invitations.items():
        assert isinstance(letter, Invitation)
        events[to] = (letter.event.uid, letter.event.sequence, letter.imip)
    assert events == {CANDIDATE: ("r7.c1", 0, True), "i1": ("r7.p1", 0, False), "i2": ("r7.p1", 0, True)}
    assert list(scene.calendars) == ["i1"]  # linus has no calendar that we write
    assert scene.calendars["i1"].summary == "Interview: Ada Summer, Backend engineer"
    candidates = invitations[CANDIDATE]
    assert isinstance(candidates, Invitation)
    assert candidates.event.summary == "Interview with Acme: Backend engineer"
    assert candidates.event.location == "https://meet.acme.example/r7"
    assert candidates.event.description.startswith("With Grace Winter, Linus Frost.")


def test_the_interview_is_booked_only_when_the_ledger_says_so() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time"}

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert _claims(scene) == ["requested"]
    assert "interview_scheduled" not in scene.kinds


def test_the_same_choice_again_is_no_second_claim() -> None:
    scene = an_offer()
    start = scene.offered[0]
    scene.withheld = {"claim_time"}
    scene.send("choose_slot", by=CANDIDATE, start=start)

    again_while_booking = scene.send("choose_slot", by=CANDIDATE, start=start)
    scene.withheld = set()
    scene.run()
    again_when_booked = scene.send("choose_slot", by=CANDIDATE, start=start)

    assert again_while_booking == []
    assert again_when_booked == []
    assert _claims(scene) == ["held"]


def test_a_second_choice_waits_for_the_first() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.refuses("choose_slot", by=CANDIDATE, start=scene.offered[1]).code is Code.INVALID_STATE
    assert scene.refuses("decline_offer", by=CANDIDATE).code is Code.INVALID_STATE


def test_a_taken_slot_reopens_the_offer() -> None:
    scene = an_offer()
    lost = scene.offered[0]
    scene.taken = {lost}

    scene.send("choose_slot", by=CANDIDATE, start=lost)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert lost not in scene.offered
    assert scene.interview.scheduling.rounds == 0  # it costs the candidate nothing
    assert scene.letters(CANDIDATE) == ["offer", "offer"]
    letter = scene.newest("offer", CANDIDATE).order.letter
    assert isinstance(letter, Offer)
    assert letter.fresh


def test_a_candidate_who_loses_the_last_slot_does_not_expire_before_an_empty_offer() -> None:
    scene = an_offer()
    scene.full = True
    for start in scene.offered:
        scene.taken = {start}
        scene.send("choose_slot", by=CANDIDATE, start=start)

    scene.wait(days=30)

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"NO_COMMON_SLOT": "today"}


def test_a_ledger_that_gives_no_answer_is_asked_to_release_what_it_may_hold() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time", "release_time"}
    start = scene.offered[0]
    scene.send("choose_slot", by=CANDIDATE, start=start)

    scene.give_up("claim_time")

    assert _claims(scene) == ["leaving"]
    assert "r7/release/all/1.1" in scene.owed
    assert scene.refuses("choose_slot", by=CANDIDATE, start=start).code is Code.SLOT_UNAVAILABLE

    scene.withheld = set()
    scene.run()

    assert _claims(scene) == ["gone"]


def test_a_time_that_was_never_offered_is_refused_with_those_that_were() -> None:
    scene = an_offer()

    refused = scene.refuses("choose_slot", by=CANDIDATE, start=scene.offered[0] + HOUR)

    assert refused.code is Code.SLOT_UNAVAILABLE
    assert "2026-11-03T15:00Z" in refused.sentence


def test_an_offered_time_that_has_come_too_near_is_refused() -> None:
    scene = an_offer()
    start = scene.offered[0]
    scene.wait_until(start - timedelta(minutes=10))

    assert scene.refuses("choose_slot", by=CANDIDATE, start=start).code is Code.SLOT_UNAVAILABLE


def test_who_has_read_an_older_revision_is_told_so() -> None:
    scene = an_exchange()

    for kind in ("choose_slot", "book_slot", "reschedule"):
        refused = scene.refuses(kind, by="coordinator", start=scene.offered[0], expected_revision=0)
        assert refused.code is Code.STALE_REVISION

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0], expected_revision=1)
    assert scene.refuses("request_reschedule", by=CANDIDATE, expected_revision=1).code is Code.STALE_REVISION


def test_a_time_that_was_agreed_elsewhere_is_booked_without_an_offer() -> None:
    scene = no_slots()

    scene.send("book_slot", by="coordinator", start=MONDAY + timedelta(days=2))

    assert scene.stands(Status.SCHEDULED)
    assert scene.letters() == ["invitation to candidate", "invitation to i1", "invitation to i2"]
    assert scene.attention == {}


@pytest.mark.parametrize("kind", ["book_slot", "offer_slots"])
@pytest.mark.parametrize("days", [-1, 201], ids=["the past", "next year"])
def test_nobody_books_or_offers_the_past_or_what_no_clock_reaches(kind: str, days: int) -> None:
    scene = no_slots()
    at = MONDAY + timedelta(days=days)

    refused = scene.refuses(kind, by="coordinator", **({"start": at} if kind == "book_slot" else {"slots": [at]}))

    assert refused.code is Code.INVALID_COMMAND


def test_a_quarter_of_an_hour_is_the_shortest_notice_even_of_a_person() -> None:
    scene = no_slots()
    minutes = timedelta(minutes=1)

    assert scene.refuses("book_slot", by="coordinator", start=scene.now + 14 * minutes).code is Code.INVALID_COMMAND
    scene.send("book_slot", by="coordinator", start=scene.now + 15 * minutes)
    assert scene.stands(Status.SCHEDULED)


# --- declining, silence, bounces -------------------------------------------------------------------------------------


def test_a_declined_offer_is_followed_by_a_fresh_one() -> None:
    scene = an_offer()
    declined = scene.offered

    scene.send("decline_offer", by=CANDIDATE, reason="I work in the mornings")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert not set(scene.offered) & set(declined)
    assert scene.letters(CANDIDATE) == ["offer", "offer"]


def test_after_four_rounds_a_person_must_help_and_can_begin_anew() -> None:
    scene = an_offer()
    for _ in range(4):
        scene.send("decline_offer", by=CANDIDATE)
    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"NEGOTIATION_STUCK": "today"}
    assert scene.refuses("decline_offer", by=CANDIDATE).code is Code.INVALID_STATE

    scene.send("offer_slots", by="coordinator")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.attention == {}
    assert scene.interview.scheduling.rounds == 0


def test_a_silent_candidate_is_nudged_twice_and_the_offer_expires() -> None:
    scene = an_offer()
    reply_by = scene.interview.scheduling.reply_by
    assert reply_by is not None

    scene.wait_until(reply_by - HOUR)
    assert scene.letters() == ["offer to candidate", "nudge to candidate", "nudge to candidate"]
    assert scene.attention == {"OFFER_EXPIRES_SOON": "information"}

    scene.wait(hours=1)
    assert scene.stands(Status.EXPIRED)
    scene.over()


def test_a_command_after_a_missed_deadline_meets_the_state_that_the_deadline_made() -> None:
    scene = an_offer()
    start = scene.offered[-1]
    scene.now = MONDAY + timedelta(days=8)  # nobody woke up in between

    refused = scene.refuses("choose_slot", by=CANDIDATE, start=start)
    scene.run()

    assert refused.code is Code.INVALID_STATE
    assert scene.stands(Status.EXPIRED)
    assert scene.interview.closed is not None
    assert scene.interview.closed.at == datetime(2026, 11, 10, 4, 59, tzinfo=UTC)


def test_a_later_offer_leaves_at_least_two_days_to_answer() -> None:
    scene = an_offer()
    scene.wait(days=6)

    scene.send("decline_offer", by=CANDIDATE)

    assert scene.interview.scheduling.reply_by == scene.now + 48 * HOUR


def test_an_offer_whose_slots_have_passed_makes_room_for_a_fresh_one() -> None:
    scene = no_slots()
    scene.send("offer_slots", by="coordinator", slots=[MONDAY + timedelta(days=1)])
    scene.full = False

    scene.wait(days=1)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert "offer_lapsed" in scene.kinds
    assert len(scene.offered) == 5
    assert scene.interview.scheduling.rounds == 1


def test_a_candidate_who_lets_every_offer_pass_is_not_mailed_for_ever() -> None:
    scene = an_offer(policy={"slots_offered": 1})

    scene.wait(days=60)

    assert scene.letters(CANDIDATE).count("offer") == 4
    assert scene.attention == {"NEGOTIATION_STUCK": "today"}


def test_an_offer_that_bounced_starts_no_clock_and_is_made_anew_for_the_new_address() -> None:
    scene = Scene.opened()
    scene.dead = {"ada@example.org"}
    scene.wait(days=20)
    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.attention == {"CANDIDATE_UNREACHABLE": "now"}

    scene.send("update_contact", by="coordinator", email="ada@example.com")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.letters(CANDIDATE) == ["offer"]
    assert scene.newest("offer", CANDIDATE).order.to.email == "ada@example.com"
    assert min(scene.offered) > scene.now
    assert scene.interview.scheduling.rounds == 0
    assert scene.attention == {}


def test_a_bounce_after_delivery_stops_the_candidates_clock() -> None:
    scene = an_offer()
    scene.dead = {"ada@example.org"}  # the nudge bounces

    scene.wait(days=30)
    assert scene.stands(Status.AWAITING_CANDIDATE)

    scene.send("update_contact", by="coordinator", email="ada@example.com")
    scene.wait(days=1)
    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.letters(CANDIDATE) == ["offer", "offer", "nudge"]


def test_what_the_old_address_still_says_does_not_count_against_the_new_one() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter"}
    scene.run()
    on_its_way = scene.in_flight["mail/candidate"]
    scene.send("update_contact", by=CANDIDATE, email="ada@example.com")

    scene.answer(on_its_way, LetterRefused(key=on_its_way.key, smtp_code=550, address_is_bad=True))
    scene.withheld = set()
    scene.run()

    assert scene.letters(CANDIDATE) == ["offer"]
    assert scene.newest("offer", CANDIDATE).order.to.email == "ada@example.com"
    assert scene.attention == {}


def test_an_address_that_works_again_is_tried_when_a_letter_is_sent_again() -> None:
    scene = Scene.opened()
    scene.dead = {"ada@example.org"}
    scene.run()

    scene.dead = set()
    scene.send("resend_message", by="coordinator", letter="offer", whom=CANDIDATE)

    assert scene.letters(CANDIDATE) == ["offer"]
    assert scene.attention == {}


def test_a_corrected_zone_is_looked_up_and_labels_the_next_offer() -> None:
    scene = an_offer(candidate={"name": "Ada Summer", "email": "ada@example.org"})
    assert scene.newest("offer", CANDIDATE).order.to.zone_assumed

    scene.send("update_contact", by=CANDIDATE, zone="America/New_York")
    scene.send("decline_offer", by=CANDIDATE)

    reader = scene.newest("offer", CANDIDATE).order.to
    assert (reader.zone, reader.zone_assumed) == ("America/New_York", False)


def test_a_correction_that_corrects_nothing_leads_to_nothing() -> None:
    scene = an_offer()

    assert scene.send("update_contact", by=CANDIDATE, email="ada@example.org") == []
    assert scene.refuses("update_contact", by=CANDIDATE).code is Code.INVALID_COMMAND


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


def test_who_was_replaced_a_moment_ago_and_is_asked_for_again_is_not_in_our_own_way() -> None:
    """Their old time must have been given back before it is claimed anew."""
    scene = a_booking()
    scene.withheld = {"claim_time"}
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    claim = scene.in_flight["ledger"]
    scene.answer(claim, scene.reply(claim))

    scene.cause(command("replace_interviewer", by="coordinator", whom="i3", person="linus"))
    owed = [order.kind for order in scene.look().owed if order.lane == "ledger"]
    scene.withheld = set()
    scene.run()

    assert owed == ["release_time", "claim_time"]
    assert [member.person for member in scene.interview.people.interviewers] == ["grace", "linus"]
    assert _claims(scene) == ["gone", "gone", "held"]


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


@pytest.mark.parametrize(
    "answer",
    [
        TimeClaimed(key="r7/claim/all/1.1"),
        TimeTaken(key="r7/claim/all/1.1", by="calendar"),
        TimeReleased(key="r7/release/all/1.1"),
        GaveUp(key="r7/claim/all/1.1", order="claim_time", because="timeout"),
    ],
    ids=lambda answer: answer.kind,
)
def test_a_repeated_or_contradicting_answer_of_the_ledger_is_no_news(answer: Answer) -> None:
    scene = a_booking()

    assert scene.cause(answer) == []
    assert _claims(scene) == ["held"]
