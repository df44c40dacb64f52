from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from entrevue.civil import waking
from entrevue.orders import (
    AnswerDelayed,
    DayReminder,
    FormRequest,
    HourReminder,
    Invitation,
    LetterUnsure,
    SendLetter,
)
from entrevue.values import CANDIDATE, Status
from tests.domain.scenes import (
    BERLIN,
    MONDAY,
    NEW_YORK,
    Scene,
    a_booking,
    a_release,
    a_session,
    an_exchange,
    an_offer,
    candidate_form,
    no_slots,
    open_forms,
    reviewed_feedback,
    scorecard,
    sealed_forms,
)

HOUR = timedelta(hours=1)


def _reads(scene: Scene, kind: str, to: str) -> tuple[int, int, int]:
    """Day, hour and minute at which the reader gets it, by their own clock."""
    wall = scene.newest(kind, to).reads
    return wall.day, wall.hour, wall.minute


def _in_flight(scene: Scene, lane: str) -> SendLetter:
    order = scene.in_flight[lane]
    assert isinstance(order, SendLetter)
    return order


# --- the clock table -------------------------------------------------------------------------------------------------


def test_the_offer_is_followed_by_a_nudge_after_a_day_and_after_three() -> None:
    scene = an_offer()  # Monday, 10:00 in New York

    scene.wait(days=4)

    assert scene.letters() == ["offer to candidate", "nudge to candidate", "nudge to candidate"]
    nudges = [sent.reads for sent in scene.mailbox if sent.kind == "nudge"]
    assert [(at.day, at.hour) for at in nudges] == [(3, 10), (5, 10)]


def test_who_has_chosen_is_nudged_no_more() -> None:
    scene = a_booking()

    scene.wait(days=4)

    assert "nudge" not in scene.letters(CANDIDATE)


def test_in_an_exchange_nobody_is_nudged() -> None:
    scene = an_exchange("swap")

    scene.wait(days=3)

    assert "nudge" not in scene.letters(CANDIDATE)


def test_silence_is_not_met_with_ever_more_nudges_but_an_answer_begins_anew() -> None:
    scene = no_slots()
    scene.send("offer_slots", by="coordinator", slots=[MONDAY + timedelta(days=4)])
    scene.full = False
    scene.wait(days=7)
    assert scene.letters(CANDIDATE) == ["offer", "nudge", "nudge", "offer"]

    scene.send("decline_offer", by=CANDIDATE)
    scene.wait(hours=30)

    assert scene.letters(CANDIDATE) == ["offer", "nudge", "nudge", "offer", "offer", "nudge"]


def test_the_candidate_is_reminded_a_day_and_an_hour_ahead_and_the_panel_an_hour_ahead() -> None:
    scene = a_booking()  # Monday the 9th at 10:00 in New York, 16:00 in Berlin
    scene.wait_until(scene.start_of_booking)

    assert scene.letters(CANDIDATE)[2:] == ["day_reminder", "hour_reminder"]
    assert scene.letters("i1")[1:] == ["hour_reminder"]
    assert _reads(scene, "day_reminder", CANDIDATE) == (8, 10, 0)
    assert _reads(scene, "hour_reminder", CANDIDATE) == (9, 9, 0)
    assert _reads(scene, "hour_reminder", "i1") == (9, 15, 0)


def test_a_reminder_whose_time_had_passed_at_booking_is_not_sent() -> None:
    scene = no_slots()
    scene.send("book_slot", by="coordinator", start=scene.now + 20 * HOUR)
    scene.wait_until(scene.start_of_booking)
    assert scene.letters(CANDIDATE) == ["invitation", "hour_reminder"]

    scene = no_slots()
    scene.send("book_slot", by="coordinator", start=scene.now + timedelta(minutes=30))
    scene.wait_until(scene.start_of_booking)
    assert scene.letters(CANDIDATE) == ["invitation"]


def test_a_moved_interview_is_reminded_of_at_its_new_time_only() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.wait_until(before - 30 * HOUR)
    scene.send("reschedule", by="coordinator", start=before + timedelta(days=2))

    scene.wait_until(before + timedelta(days=2))

    assert _reads(scene, "day_reminder", CANDIDATE) == (10, 10, 0)
    assert scene.letters(CANDIDATE).count("day_reminder") == 1
    assert scene.letters("i2").count("hour_reminder") == 1


@pytest.mark.parametrize("kind", ["cancel", "withdraw"])
def test_nobody_is_reminded_of_an_interview_that_is_off(kind: str) -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 25 * HOUR)

    scene.send(kind, by=CANDIDATE, reason="sorry")
    scene.wait(days=10)

    assert [sent for sent in scene.mailbox if sent.kind.endswith("reminder")] == []


def test_nobody_is_reminded_of_a_session_that_has_begun() -> None:
    scene = a_booking()
    scene.withheld = {"send_letter"}
    scene.wait_until(scene.start_of_booking - timedelta(minutes=50))
    assert _in_flight(scene, "mail/i1").letter.kind == "hour_reminder"

    scene.send("start_session", by="i1")
    scene.withheld = set()
    scene.wait(minutes=5)

    assert "hour_reminder" not in scene.letters("i1")


def test_the_form_is_asked_for_at_once_and_only_the_candidate_is_reminded_and_once() -> None:
    scene = open_forms()
    scene.wait(days=6)

    assert _reads(scene, "form_request", CANDIDATE) == (9, 10, 40)
    assert scene.letters(CANDIDATE).count("form_reminder") == 1
    assert _reads(scene, "form_reminder", CANDIDATE) == (11, 10, 40)
    assert "form_reminder" not in scene.letters("i1")


def test_the_form_request_says_how_long_it_takes_and_whether_the_session_is_only_presumed() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking + 40 * timedelta(minutes=1))

    minutes = {}
    for who in (CANDIDATE, "i1"):
        letter = scene.newest("form_request", who).order.letter
        assert isinstance(letter, FormRequest)
        assert letter.presumed
        minutes[who] = letter.minutes
    assert minutes == {CANDIDATE: 3, "i1": 10}


def test_who_has_handed_in_is_not_reminded() -> None:
    scene = open_forms()

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.wait(days=6)

    assert "form_reminder" not in scene.letters(CANDIDATE)


def test_feedback_is_announced_when_it_can_be_opened_unless_it_was_opened_already() -> None:
    announced, faster = reviewed_feedback(), reviewed_feedback()
    announced.wait(days=4)
    assert announced.letters(CANDIDATE)[-1] != "feedback_available"  # a request to look back came after it
    assert announced.letters(CANDIDATE).count("feedback_available") == 1

    faster.withheld = {"send_letter"}
    faster.wait(days=2)
    assert _in_flight(faster, "mail/candidate").letter.kind == "feedback_available"
    faster.send("open_feedback", by=CANDIDATE)
    assert "mail/candidate" not in faster.in_flight


def test_a_late_answer_is_admitted_with_the_day_that_was_promised() -> None:
    scene = sealed_forms()
    scene.wait(days=10)

    letter = scene.newest("answer_delayed", CANDIDATE).order.letter

    assert isinstance(letter, AnswerDelayed)
    assert letter.promised == scene.interview.session.answer_by


def test_reflection_and_growth_are_two_letters_at_their_own_times() -> None:
    scene = a_release()
    scene.wait(days=40)

    asked = [sent for sent in scene.mailbox if sent.kind in ("reflection_request", "growth_request")]

    assert [(one.kind, one.reads.month, one.reads.day) for one in asked] == [
        ("reflection_request", 11, 12),
        ("growth_request", 12, 9),
    ]


# --- the night -------------------------------------------------------------------------------------------------------


def test_an_offer_that_is_ready_at_night_waits_for_the_readers_morning() -> None:
    scene = no_slots()
    scene.now = MONDAY + 12 * HOUR  # 22:00 in New York
    scene.full = False

    scene.send("offer_slots", by="coordinator")
    assert scene.letters() == []
    assert scene.next == datetime(2026, 11, 3, 13, 0, tzinfo=UTC)

    scene.wait(hours=11)
    assert _reads(scene, "offer", CANDIDATE) == (3, 8, 0)


def test_who_has_just_chosen_is_answered_at_night_and_the_others_in_their_morning() -> None:
    scene = an_offer()
    scene.wait(hours=12)  # 22:00 in New York, 4:00 in Berlin

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    assert scene.letters() == ["offer to candidate", "invitation to candidate"]

    scene.wait(hours=4)
    assert _reads(scene, "invitation", CANDIDATE) == (2, 22, 0)
    assert _reads(scene, "invitation", "i1") == (3, 8, 0)


def test_a_letter_to_somebody_awake_stays_on_its_way_when_they_act_again() -> None:
    scene = an_offer()
    scene.wait(hours=12)
    scene.withheld = {"send_letter"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.wait(minutes=10)

    scene.send("share_expectations", by=CANDIDATE, for_other_side="the roadmap")

    assert _in_flight(scene, "mail/candidate").letter.kind == "invitation"


def test_being_awake_is_no_invitation_to_send_what_is_older() -> None:
    scene = no_slots()
    scene.now = MONDAY + 12 * HOUR  # 22:00 in New York
    scene.full = False
    scene.send("offer_slots", by="coordinator")
    scene.wait(hours=3)

    scene.send("update_contact", by=CANDIDATE, name="Ada S. Summer")

    assert scene.letters() == []


def test_a_letter_that_could_not_leave_before_the_night_is_called_back_until_the_morning() -> None:
    scene = no_slots()
    scene.withheld = {"send_letter"}
    scene.now = MONDAY + 9 * HOUR  # 19:00 in New York
    scene.full = False
    scene.send("offer_slots", by="coordinator")
    started = _in_flight(scene, "mail/candidate")

    scene.wait(hours=1)
    assert scene.in_flight == {}
    scene.withheld = set()
    scene.wait(hours=11)
    assert scene.letters() == []

    scene.wait(hours=1)
    assert _reads(scene, "offer", CANDIDATE) == (3, 8, 0)
    assert scene.newest("offer", CANDIDATE).order.date == started.date  # byte-identical, should both arrive


def test_what_is_due_in_the_past_is_not_sent_at_night_either() -> None:
    scene = Scene.opened()
    scene.dead = {"ada@example.org"}
    scene.run()
    scene.now = MONDAY + 12 * HOUR

    scene.send("update_contact", by="coordinator", email="ada@example.com")
    assert scene.letters() == []

    scene.wait(hours=11)
    assert _reads(scene, "offer", CANDIDATE) == (3, 8, 0)


def test_the_last_reminder_comes_at_any_hour() -> None:
    scene = no_slots()
    scene.send("book_slot", by="coordinator", start=datetime(2026, 11, 9, 7, 0, tzinfo=UTC))  # 2:00 in New York
    scene.wait_until(scene.start_of_booking)

    assert _reads(scene, "hour_reminder", CANDIDATE) == (9, 1, 0)
    assert _reads(scene, "day_reminder", CANDIDATE) == (8, 8, 0)


def test_a_change_on_the_same_day_is_told_at_any_hour() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 13 * HOUR)  # 21:00 in New York, 3:00 in Berlin

    scene.send("cancel", by="coordinator", reason="the building is closed")

    assert _reads(scene, "cancellation", CANDIDATE) == (8, 21, 0)
    assert _reads(scene, "cancellation", "i1") == (9, 3, 0)


def test_a_move_away_from_today_is_told_at_any_hour_however_far_the_new_time_is() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 13 * HOUR)

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=7))

    assert _reads(scene, "invitation", CANDIDATE) == (8, 21, 0)


def test_a_change_of_a_later_day_waits_for_the_morning_though_the_interview_has_ended_by_then() -> None:
    scene = a_booking()
    scene.wait(hours=13)  # 23:00 in New York, 5:00 in Berlin; the session is on Monday next

    scene.send("cancel", by="coordinator")
    assert scene.owed == []
    assert scene.next is not None

    scene.wait(hours=10)
    assert _reads(scene, "cancellation", "i1") == (3, 8, 0)
    assert _reads(scene, "cancellation", CANDIDATE) == (3, 8, 0)
    scene.over()


def test_who_has_gone_to_bed_before_the_answer_could_leave_gets_it_in_the_morning() -> None:
    scene = an_offer()
    scene.wait(hours=12)  # 22:00 in New York
    scene.withheld = {"send_letter"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    assert "mail/candidate" in scene.in_flight

    scene.wait(minutes=62)
    assert "mail/candidate" not in scene.in_flight

    scene.withheld = set()
    scene.wait(hours=9)
    assert _reads(scene, "invitation", CANDIDATE) == (3, 8, 0)


# --- what letters say ------------------------------------------------------------------------------------------------


def test_a_letter_says_for_whom_it_is_sent_and_who_answers() -> None:
    order = a_booking().newest("invitation", "i1").order

    assert (order.organisation, order.role, order.reply_to) == ("Acme", "Backend engineer", "marta@acme.example")
    assert (order.to.name, order.to.zone) == ("Grace Winter", "Europe/Berlin")


def test_everyone_reads_whom_they_will_meet_and_the_panel_the_candidates_local_time() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)

    said = {}
    for to in (CANDIDATE, "i1"):
        invitation = scene.newest("invitation", to).order.letter
        reminder = scene.newest("hour_reminder", to).order.letter
        assert isinstance(invitation, Invitation)
        assert isinstance(reminder, HourReminder)
        assert invitation.with_names == reminder.with_names
        assert invitation.candidate_zone == reminder.candidate_zone
        said[to] = (invitation.with_names, invitation.candidate_zone)
    assert said[CANDIDATE] == (("Grace Winter", "Linus Frost"), None)
    assert said["i1"] == (("Ada Summer", "Linus Frost"), "America/New_York")


def test_what_is_private_is_not_written_to_anybody() -> None:
    scene = a_booking()
    scene.send("share_expectations", by="i1", private="be on time this time")
    scene.wait_until(scene.start_of_booking)

    day = scene.newest("day_reminder", CANDIDATE).order.letter

    assert isinstance(day, DayReminder)
    assert day.lines == ()


# --- what has gone wrong, and what has lost its meaning --------------------------------------------------------------


def test_a_reminder_that_could_not_be_sent_in_time_is_skipped_not_sent_late() -> None:
    scene = a_booking()
    scene.now = scene.start_of_booking + timedelta(minutes=1)  # the workers were down all the week

    scene.run()

    assert scene.kinds.count("message_skipped") == 4
    assert [kind for kind in scene.letters() if "reminder" in kind] == []


def test_a_letter_that_was_started_and_lost_its_meaning_may_have_left_all_the_same() -> None:
    scene = a_booking()
    scene.withheld = {"send_letter"}
    start = scene.start_of_booking
    scene.wait_until(start)

    fates = {one.letter: one.was for one in scene.interview.effects.messages.values() if one.whom == CANDIDATE}

    assert fates["hour_reminder"] == "unsure"


def test_while_a_choice_is_being_booked_no_offer_leaves() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter", "claim_time"}
    scene.run()
    assert _in_flight(scene, "mail/candidate").letter.kind == "offer"

    scene.send("choose_slot", by="coordinator", start=scene.offered[0])
    assert "mail/candidate" not in scene.in_flight

    scene.withheld = set()
    scene.run()
    assert scene.letters(CANDIDATE) == ["invitation"]


def test_nobody_is_invited_to_what_is_over() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    scene.wait(minutes=20)
    scene.send("end_session", by="i1")

    scene.withheld = set()
    scene.run()

    assert scene.letters("i1") == ["form_request"]


def test_after_a_rescheduling_no_letter_about_the_old_time_is_started() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=1))
    scene.withheld = set()
    scene.run()

    letters = [sent.order.letter for sent in scene.mailbox if sent.to == "i1"]
    assert [letter.event.sequence for letter in letters if isinstance(letter, Invitation)] == [1]


def test_a_letter_whose_fate_is_unknown_is_not_sent_again_by_itself() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.wait(days=1)
    nudge = _in_flight(scene, "mail/candidate")

    scene.answer(nudge, LetterUnsure(key=nudge.key))
    scene.withheld = set()
    scene.wait(hours=1)

    assert scene.letters(CANDIDATE) == ["offer"]
    assert nudge.again_if_unsure is False
    assert scene.newest("offer", CANDIDATE).order.again_if_unsure


def test_nudges_count_from_when_the_offer_has_left_not_from_when_it_was_due() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter"}
    scene.wait(days=2)
    scene.withheld = set()
    scene.wait(hours=1)
    assert scene.letters(CANDIDATE) == ["offer"]

    scene.wait(hours=22)
    assert scene.letters(CANDIDATE) == ["offer"]
    scene.wait(hours=2)
    assert scene.letters(CANDIDATE) == ["offer", "nudge"]


def test_a_calendar_that_is_down_holds_up_the_invitation_for_a_quarter_of_an_hour_and_no_longer() -> None:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    assert scene.letters() == ["offer to candidate"]

    scene.wait(minutes=15)
    assert scene.letters() == ["offer to candidate"]
    scene.give_up("write_event")  # its first patience is a quarter of an hour
    assert scene.letters()[1:] == ["invitation to candidate", "invitation to i1", "invitation to i2"]
    assert scene.attention == {"CALENDAR_BEHIND": "now"}

    scene.withheld = set()
    scene.run()
    assert scene.attention == {}
    assert len(scene.letters()) == 4


def test_to_a_dead_address_nothing_more_is_written() -> None:
    scene = an_offer()
    scene.dead = {"linus@acme.example", "ada@example.org"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    scene.wait_until(scene.start_of_booking + 2 * HOUR)

    tried = [order.letter.kind for order in scene.started if order.to.who in ("i2", CANDIDATE)]
    assert tried == ["offer", "invitation", "invitation"]
    assert scene.letters("i1") == ["invitation", "hour_reminder", "form_request"]


def test_nobody_is_reminded_of_a_request_that_was_refused() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)
    scene.choosy = {"ada@example.org"}
    scene.wait(days=1)
    scene.choosy = set()

    scene.wait(days=5)

    assert "form_reminder" not in scene.letters(CANDIDATE)


def test_a_letter_is_sent_again_when_somebody_asks_under_a_new_key_and_a_new_date() -> None:
    scene = a_booking()
    first = scene.newest("invitation", "i2").order
    scene.wait(days=1)

    scene.send("resend_message", by="coordinator", letter="invitation", whom="i2")

    again = scene.newest("invitation", "i2").order
    assert (first.key, again.key) == ("r7/invitation/i2/0.1", "r7/invitation/i2/0.2")
    assert again.letter == first.letter
    assert again.date == scene.now
    assert again.thread == first.key


def test_every_letter_to_one_person_hangs_on_their_first() -> None:
    scene = reviewed_feedback()

    threads = [sent.order.thread for sent in scene.mailbox if sent.to == CANDIDATE]

    assert threads == [None] + ["r7/offer/candidate/1.1"] * (len(threads) - 1)


def test_to_each_person_letters_go_one_at_a_time_in_the_order_in_which_they_fell_due() -> None:
    scene = a_session()
    scene.withheld = {"send_letter"}
    scene.wait(hours=2)

    assert sorted(scene.in_flight) == ["mail/candidate", "mail/i1", "mail/i2"]


# --- the budget ------------------------------------------------------------------------------------------------------


def test_the_fullest_interview_without_changes_costs_the_candidate_nine_letters_and_the_panel_three() -> None:
    scene = an_offer()
    scene.wait(days=4)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[3])
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    scene.wait_until(scene.start_of_booking + HOUR)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.wait(days=3)
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    told = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)
    scene.send("review_feedback", by="reviewer", approved=[{"author": "i1", "what": "growth"}])
    scene.wait(days=200)

    assert scene.stands(Status.COMPLETED)
    assert scene.letters(CANDIDATE) == [
        "offer",
        "nudge",
        "nudge",
        "invitation",
        "day_reminder",
        "hour_reminder",
        "form_request",
        "form_reminder",
        "feedback_available",
    ]
    assert scene.letters("i1") == scene.letters("i2") == ["invitation", "hour_reminder", "form_request"]


@settings(max_examples=25)
@given(
    opened=st.integers(0, 7 * 24 * 60),
    chosen=st.integers(0, 6 * 24 * 60),
    submitted=st.integers(0, 9 * 24 * 60),
    decided=st.integers(0, 6 * 24 * 60),
)
@example(opened=10 * 60, chosen=12 * 60, submitted=0, decided=0)
@example(
    opened=0, chosen=0, submitted=10799, decided=60
)  # handed in late in the evening on which an answer was promised
def test_whenever_things_happen_nobody_is_mailed_beyond_the_budget_nor_at_night(
    opened: int, chosen: int, submitted: int, decided: int
) -> None:
    scene = Scene.opened()
    scene.withheld = {"look_up_people"}
    scene.wait(minutes=opened)
    scene.withheld = set()
    scene.run()
    scene.wait(minutes=chosen)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    acted = scene.now
    scene.wait_until(scene.start_of_booking + HOUR)
    scene.send("give_consent", by="candidate", layer="feedback")
    scene.wait(minutes=submitted)
    for who in ("i1", "i2", CANDIDATE):
        form = candidate_form() if who == CANDIDATE else scorecard(who)
        scene.send("submit_evaluation", by=who, form=form)
    scene.wait(minutes=decided)
    told = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)
    scene.send("review_feedback", by="reviewer", approved=[{"author": "i1", "what": "growth"}])
    scene.wait(days=200)

    assert len([kind for kind in scene.letters(CANDIDATE) if kind != "answer_delayed"]) <= 9
    assert len(scene.letters("i1")) <= 3
    for sent in scene.mailbox:
        clock = NEW_YORK if sent.to == CANDIDATE else BERLIN
        just_chosen = sent.to == CANDIDATE and sent.at - acted <= HOUR
        any_hour = sent.kind == "hour_reminder" or (sent.kind == "invitation" and just_chosen)
        assert any_hour or waking(sent.at, clock) == sent.at, f"{sent.kind} to {sent.to} at {sent.reads}"
