from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from entrevue.agenda import summary
from entrevue.correspondence import open_letters, orders
from entrevue.evaluation import FormState
from entrevue.interview import Interview
from entrevue.letters import (
    AnswerDelayed,
    Apology,
    Brief,
    ConductReport,
    DayReminder,
    FormRequest,
    HourReminder,
    Improvement,
    Invitation,
    LearningReport,
    Theme,
)
from entrevue.orders import BriefsFound, LetterUnsure, SendLetter
from entrevue.privacy import ASKED, Layer
from entrevue.values import CANDIDATE, CONFIDANT
from entrevue.writing import Due
from tests.domain.scenes import (
    MONDAY,
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
    secret,
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


@pytest.mark.parametrize("before", [20 * HOUR, HOUR / 2], ids=["the day before", "at last"])
def test_another_panel_makes_the_time_no_news(before: timedelta) -> None:
    """Whoever has been reminded of it is told who comes instead, and not reminded again; who joins is, with the kit."""
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - before)
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    scene.wait_until(scene.start_of_booking)

    assert scene.letters(CANDIDATE)[1:] in (
        ["invitation", "day_reminder", "invitation", "hour_reminder"],
        ["invitation", "day_reminder", "hour_reminder", "invitation"],
    )
    assert scene.letters("i1").count("hour_reminder") == 1
    (joiner,) = {one.who for one in scene.interview.people.members} - {CANDIDATE, "i1"}
    assert scene.letters(joiner).count("hour_reminder") == 1


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


# --- what was learned before, and what may be agreed to --------------------------------------------------------------


def _briefed(*briefs: Brief) -> Scene:
    """The day before, with what these people carry from earlier interviews; the others' is not there yet."""
    scene = a_booking()
    scene.withheld = {"look_up_briefs"}
    scene.wait_until(scene.start_of_booking - 20 * HOUR)
    order = scene.in_flight["briefs"]
    scene.answer(order, BriefsFound(key=order.key, briefs=briefs))
    return scene


def _hour_reminder(scene: Scene, to: str) -> HourReminder:
    scene.wait_until(scene.start_of_booking)
    letter = scene.newest("hour_reminder", to).order.letter
    assert isinstance(letter, HourReminder)
    return letter


def _form_request(scene: Scene, to: str) -> FormRequest:
    scene.wait_until(scene.start_of_booking + HOUR)
    letter = scene.newest("form_request", to).order.letter
    assert isinstance(letter, FormRequest)
    return letter


IMPROVEMENT = Improvement(interview="r6", text="ask for an example before the second question")


def test_an_interviewer_reads_their_own_scale_and_what_they_learned_before() -> None:
    said = tuple(f"sentence {n}, whole to its end" for n in range(1, 6))
    themes = tuple(Theme(theme=name, helped=3, change=1) for name in ("clarity", "listening", "time", "respect"))
    scene = _briefed(Brief(who="i1", improvement=IMPROVEMENT, enough=True, themes=themes, said=said))

    letter = _hour_reminder(scene, "i1")

    assert [line.partition(":")[0] for line in letter.scale] == ["expertise", "work ethic", "communication"]
    assert letter.learned == Brief(
        who="i1", improvement=IMPROVEMENT, enough=True, themes=themes[:3], said=said[:3]
    )  # read in the hour before: three of each are enough


def test_where_too_few_have_answered_the_reminder_says_so_and_shows_nothing_of_them() -> None:
    letter = _hour_reminder(_briefed(Brief(who="i1", improvement=IMPROVEMENT)), "i1")

    assert letter.learned is not None
    assert not letter.learned.enough
    assert (letter.learned.themes, letter.learned.said) == ((), ())


def test_nobody_reads_what_another_has_learned() -> None:
    scene = _briefed(Brief(who="i1", improvement=IMPROVEMENT), Brief(who=CANDIDATE, improvement=IMPROVEMENT))

    theirs = _hour_reminder(scene, "i2").learned
    assert theirs is None or (theirs.who, theirs.improvement) == ("i2", None)
    assert _hour_reminder(scene, CANDIDATE).learned is None
    assert _hour_reminder(scene, CANDIDATE).scale == ()


def test_a_reminder_does_not_wait_for_what_was_learned() -> None:
    scene = a_booking()
    scene.withheld = {"look_up_briefs"}

    letter = _hour_reminder(scene, "i1")

    assert letter.learned is None
    assert len(letter.scale) == 3
    assert _reads(scene, "hour_reminder", "i1") == (9, 15, 0)


def test_the_next_form_asks_each_side_whether_they_tried_what_they_wanted_to() -> None:
    scene = _briefed(
        Brief(who="i1", improvement=IMPROVEMENT),
        Brief(who="i2"),
        Brief(who=CANDIDATE, improvement=Improvement(interview="r5", text="say what I want early")),
    )

    to_try = {who: _form_request(scene, who).to_try for who in (CANDIDATE, "i1", "i2")}

    assert to_try == {CANDIDATE: "say what I want early", "i1": IMPROVEMENT.text, "i2": None}


def test_with_the_form_the_candidate_is_asked_in_words_what_they_agree_to_and_nobody_else_is() -> None:
    fresh, agreed, off = a_booking(), a_booking(), a_booking(policy={"feedback": False})
    agreed.send("give_consent", by=CANDIDATE, layer="feedback")

    assert _form_request(fresh, CANDIDATE).consents == tuple(ASKED.values())
    assert _form_request(agreed, CANDIDATE).consents == (ASKED["reminders"],)
    assert _form_request(off, CANDIDATE).consents == (ASKED["reminders"],)
    assert _form_request(fresh, "i1").consents == ()


def test_interviewers_are_told_whether_what_they_share_can_reach_the_candidate() -> None:
    assert _form_request(a_booking(), "i1").feedback
    assert not _form_request(a_booking(policy={"feedback": False}), "i1").feedback


def test_every_layer_of_consent_has_its_words() -> None:
    assert set(ASKED) == set(get_args(Layer))


def test_a_form_about_practice_says_that_it_was_practice() -> None:
    assert _form_request(a_booking(practice=True), "i1").practice
    assert not _form_request(a_booking(), "i1").practice


# --- sorry -----------------------------------------------------------------------------------------------------------


def _called_off(*, by: str = "coordinator", hours: int = 13) -> Interview:
    """So many hours ahead; the candidate's form about it is open, whatever the rules about such forms are."""
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - hours * HOUR)
    scene.send("cancel", by=by, reason="the building is closed")
    form = FormState(due=scene.now + timedelta(days=7))
    evaluation = replace(scene.interview.evaluation, forms={CANDIDATE: form})
    return replace(scene.interview, evaluation=evaluation)


def _apologies(interview: Interview) -> list[Due]:
    return [due for due in open_letters(interview) if due.kind == "apology"]


def test_who_was_called_off_late_by_the_company_reads_an_apology_in_their_morning() -> None:
    interview = _called_off()  # 21:00 in New York
    (due,) = _apologies(interview)
    evening, morning = interview.at, interview.at + 11 * HOUR

    assert (due.whom, due.until) == (CANDIDATE, interview.at + timedelta(days=7))
    assert [order.letter.kind for order in orders(interview, evening)] == []
    assert [order.letter for order in orders(interview, morning)] == [
        Apology(due=evening + timedelta(days=7), minutes=3)
    ]


def test_nobody_apologises_for_what_the_candidate_called_off_or_for_what_was_called_off_in_time() -> None:
    assert _apologies(_called_off(by=CANDIDATE)) == []
    assert _apologies(_called_off(hours=30)) == []


def test_who_has_said_how_it_was_gets_no_apology_that_asks_for_it() -> None:
    interview = _called_off()
    form = replace(interview.evaluation.forms[CANDIDATE], was="submitted")

    told = replace(interview, evaluation=replace(interview.evaluation, forms={CANDIDATE: form}))

    assert _apologies(told) == []


# --- the own report, and reports of conduct --------------------------------------------------------------------------


def test_who_asks_for_their_report_gets_it_at_once_and_nobody_else_does() -> None:
    scene = a_release()
    scene.now += 12 * HOUR  # past 22:00 in New York
    before = scene.letters()

    scene.send("mail_report", by=CANDIDATE)

    assert scene.letters() == [*before, "learning_report to candidate"]
    order = scene.newest("learning_report", CANDIDATE).order
    assert order.key == "r7/learning_report/candidate/1.1"
    assert isinstance(order.letter, LearningReport)
    assert secret("private of candidate") in " ".join(order.letter.document)
    for other in ("i1", "i2"):
        assert secret(f"private of {other}") not in " ".join(order.letter.document)


def test_who_asks_for_their_report_again_gets_it_again() -> None:
    scene = a_release()
    scene.send("mail_report", by="i1")
    scene.wait(days=4)

    scene.send("mail_report", by="i1")

    assert scene.letters("i1").count("learning_report") == 2
    assert scene.newest("learning_report", "i1").order.key == "r7/learning_report/i1/2.1"


def _reported(scene: Scene, by: str = CANDIDATE, text: str = "he shouted") -> Scene:
    scene.send("report_conduct", by=by, text=text)
    return scene


def test_a_report_of_conduct_is_announced_to_the_named_person_alone_and_says_nothing_of_it() -> None:
    scene = a_booking()
    before = scene.letters()

    _reported(scene)

    assert scene.letters() == [*before, f"conduct_report to {CONFIDANT}"]
    order = scene.newest("conduct_report", CONFIDANT).order
    organisation = scene.interview.people.organisation
    assert organisation is not None
    (named,) = organisation.conduct
    assert (order.to.name, order.to.email) == (named.name, named.email)
    assert order.letter == ConductReport(interview="r7")
    assert (order.thread, order.reply_to, order.lane) == (None, None, "mail/n1")
    assert "shouted" not in order.model_dump_json()


def test_each_report_of_conduct_has_a_letter_and_none_hangs_on_another() -> None:
    scene = _reported(_reported(a_booking()), by="i1", text="she left the room")

    sent = [one.order for one in scene.mailbox if one.to == CONFIDANT]

    assert [order.key for order in sent] == ["r7/note/n1/1.1", "r7/note/n1/2.1"]
    assert [order.thread for order in sent] == [None, None]


def test_neither_id_nor_lane_nor_summary_of_a_letter_tells_that_it_is_about_conduct() -> None:
    scene = a_booking()
    scene.withheld = {"send_letter"}

    _reported(scene)

    (order,) = (one for one in scene.in_flight.values() if isinstance(one, SendLetter))
    assert order.to.email == "ombuds@acme.example"
    assert (order.key, order.lane, summary(order)) == ("r7/note/n1/1.1", "mail/n1", "Mail")
    assert isinstance(order.letter, ConductReport)


def test_a_report_of_conduct_at_night_is_announced_in_the_organisations_morning() -> None:
    scene = a_booking()
    scene.now += 12 * HOUR  # 4:00 in Berlin

    _reported(scene)
    assert CONFIDANT not in [sent.to for sent in scene.mailbox]

    scene.wait(hours=4)
    assert (scene.newest("conduct_report", CONFIDANT).at - MONDAY) == 16 * HOUR  # 8:00


@pytest.mark.parametrize("kind", ["cancel", "put_on_hold"])
def test_a_report_of_conduct_is_announced_wherever_the_interview_stands(kind: str) -> None:
    scene = a_booking()
    scene.now += 12 * HOUR
    _reported(scene)

    scene.send(kind, by="coordinator", reason="the budget is discussed")
    scene.wait(hours=5)

    assert scene.letters(CONFIDANT) == ["conduct_report"]


# --- after it has ended ----------------------------------------------------------------------------------------------


def _scorecards() -> Scene:
    """The panel has handed in; the candidate has not."""
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    return scene


def _told(scene: Scene, outcome: str) -> Scene:
    over = outcome != "advance"
    said = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome=outcome, process_over=over, told=said)
    return scene


@pytest.mark.parametrize(
    ("outcome", "reminders"), [("reject", 0), ("role_closed", 0), ("offer_accepted", 0), ("advance", 1)]
)
def test_who_was_told_how_it_ended_is_not_reminded_of_their_form(outcome: str, reminders: int) -> None:
    scene = _told(_scorecards(), outcome)

    scene.wait(days=6)

    assert scene.letters(CANDIDATE).count("form_reminder") == reminders


def test_a_no_that_nobody_has_told_yet_is_read_off_no_missing_reminder() -> None:
    scene = _scorecards()
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True)

    scene.wait(days=6)

    assert "form_reminder" in scene.letters(CANDIDATE)


def test_a_no_that_another_interview_of_the_process_brought_stops_reminders_and_nudges() -> None:
    offered, booked = an_offer(process_id="p7"), a_booking(process_id="p7")

    for scene in (offered, booked):
        scene.tell("process_ended", outcome="reject", told_at=scene.now)
        scene.wait(days=6, hours=23)

    assert offered.letters(CANDIDATE) == ["offer"]
    assert booked.letters(CANDIDATE) == ["offer", "invitation"]
    assert booked.letters("i1") == ["invitation", "hour_reminder"]


def test_feedback_is_announced_two_days_after_the_no_at_the_earliest_and_on_a_business_day() -> None:
    scene = reviewed_feedback()  # told on Monday the 9th, 10:40 in New York
    late = reviewed_feedback()
    late.withheld = {"send_letter"}

    scene.wait(days=3)
    late.wait_until(datetime(2026, 11, 14, 15, 0, tzinfo=UTC))  # the mail server was down until Saturday
    late.withheld = set()
    late.wait(days=4)

    assert _reads(scene, "feedback_available", CANDIDATE) == (11, 10, 40)
    assert _reads(late, "feedback_available", CANDIDATE) == (16, 8, 0)


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


# --- where to come ---------------------------------------------------------------------------------------------------


def test_the_room_that_people_were_told_does_not_change_when_somebody_edits_the_template() -> None:
    scene = a_booking()
    told = scene.newest("invitation", CANDIDATE).order.letter
    scene.room = "https://elsewhere.example/r7"

    scene.tell("timezone_rules_changed", tzdata="2027a")

    assert isinstance(told, Invitation)
    assert told.event.location == scene.view(CANDIDATE).location == "https://meet.acme.example/r7"
    assert scene.interview.effects.calendars["i1"].sequence == told.event.sequence


def test_until_something_is_booked_the_newest_template_holds() -> None:
    scene = an_offer()
    scene.room = "https://elsewhere.example/r7"
    scene.tell("timezone_rules_changed", tzdata="2027a")

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    assert scene.view(CANDIDATE).location == "https://elsewhere.example/r7"
