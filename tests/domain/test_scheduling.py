from datetime import UTC, datetime, timedelta

import pytest

from entrevue.letters import Invitation, Offer
from entrevue.orders import Answer, GaveUp, LetterRefused, TimeClaimed, TimeReleased, TimeTaken
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import MONDAY, Scene, a_booking, an_exchange, an_offer, no_slots

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


def test_a_better_address_stops_no_clock_where_the_old_one_was_good() -> None:
    scene = an_offer()
    scene.send("update_contact", by=CANDIDATE, email="ada@example.com")

    scene.wait(days=8)

    assert scene.stands(Status.EXPIRED)


def test_what_is_on_its_way_counts_though_another_letter_is_sent_again() -> None:
    scene = a_booking()
    scene.send("request_reschedule", by=CANDIDATE, mode="vacate")
    scene.withheld = {"send_letter"}
    scene.send("request_availability", by="coordinator")
    scene.send("resend_message", by="coordinator", letter="invitation", whom=CANDIDATE)
    scene.withheld = set()

    scene.wait(days=5)

    assert scene.stands(Status.CANCELLED)  # nobody answered, in the time they were given


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


# --- the ledger, again ------------------------------------------------------------------------------------------------


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
