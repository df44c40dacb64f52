from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from entrevue.answers import AnswerAsked
from entrevue.civil import local
from entrevue.letters import AnswerCheck, Cancellation, Offer
from entrevue.values import CANDIDATE, Status
from tests.domain.scenes import (
    NEW_YORK,
    REACHED,
    Scene,
    a_booking,
    a_session,
    on_hold,
    story,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POOL = {"pool": "backend"}


def _answer_of(scene: Scene, who: str) -> str:
    return scene.interview.people.seat_of(who).answer


def _check(scene: Scene, to: str = CANDIDATE) -> AnswerCheck:
    letter = scene.newest("answer_check", to).order.letter
    assert isinstance(letter, AnswerCheck)
    return letter


def _asked(scene: Scene, to: str = CANDIDATE) -> int:
    return scene.letters(to).count("answer_check")


def _until(scene: Scene) -> datetime:
    """When the booked time is given up of a candidate who said no."""
    return [one.event.until for one in scene.records if isinstance(one.event, AnswerAsked)][-1]


def _said_no(**changes: object) -> Scene:
    """A week ahead, at ten in the morning of their own day."""
    scene = a_booking(**changes)
    scene.wait(days=1)
    scene.hear(CANDIDATE, "declined")
    return scene


# --- interviewers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["accepted", "tentative", "declined"])
def test_what_an_interviewers_calendar_answers_is_what_they_would_have_commanded(answer: str) -> None:
    heard, commanded = a_booking(), a_booking()

    heard.hear("i1", answer)
    commanded.send("respond_to_seat", by="i1", answer=answer)

    assert _answer_of(heard, "i1") == answer
    assert heard.status is commanded.status
    assert heard.letters(CANDIDATE) == commanded.letters(CANDIDATE)
    assert heard.attention == commanded.attention


def test_who_declines_in_their_calendar_is_replaced_from_their_pool() -> None:
    scene = a_booking(interviewers=[POOL, "linus"])

    scene.hear("i1", "declined")

    assert scene.stands(Status.SCHEDULED)
    assert "i1" not in scene.interview.people
    assert "seat_answered" in scene.kinds


def test_an_answer_that_comes_while_something_is_booked_is_told_to_the_seat_when_that_is_settled() -> None:
    scene = a_booking(interviewers=["grace", "linus", "edsger"], policy={"quorum": 2})
    scene.withheld = {"claim_time"}
    scene.send("add_seat", by="coordinator", person="barbara", role="OPTIONAL")

    scene.hear("i2", "declined")
    assert _answer_of(scene, "i2") == "needs_action"

    scene.withheld = set()
    scene.run()
    assert "i2" not in scene.interview.people  # the others are enough: their time is given back
    assert scene.kinds.count("seat_answered") == 1


def test_what_waited_is_dropped_where_another_time_was_booked_meanwhile() -> None:
    scene = a_booking()
    scene.withheld = {"claim_time"}
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    scene.hear("i2", "declined")

    scene.withheld = set()
    scene.run()

    assert _answer_of(scene, "i2") == "needs_action"
    assert scene.stands(Status.SCHEDULED)


@pytest.mark.parametrize("by", ["i2", "coordinator"])
def test_what_waited_gives_way_to_a_word_that_came_later(by: str) -> None:
    scene = a_booking()
    scene.withheld = {"claim_time"}
    scene.send("add_seat", by="coordinator", person="barbara", role="OPTIONAL")
    scene.hear("i2", "declined")
    scene.wait(minutes=1)

    scene.send("respond_to_seat", by=by, whom="i2", answer="accepted")
    scene.withheld = set()
    scene.run()

    assert _answer_of(scene, "i2") == "accepted"


def test_an_answer_that_comes_on_hold_is_told_to_the_seat_when_the_interview_goes_on() -> None:
    scene = on_hold()

    scene.hear("i2", "declined")
    assert _answer_of(scene, "i2") == "needs_action"

    scene.send("resume", by="coordinator")
    assert _answer_of(scene, "i2") == "declined"
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_what_waited_is_told_to_the_seat_whatever_else_they_did_meanwhile() -> None:
    scene = a_booking()
    scene.send("respond_to_seat", by="i1", answer="accepted")
    scene.send("put_on_hold", by="coordinator", reason="the team is moving house")
    scene.deletes("i1")
    scene.wait(minutes=1)
    scene.send("share_expectations", by="i1", for_other_side="I look forward to it")

    scene.send("resume", by="coordinator")

    assert _answer_of(scene, "i1") == "declined"
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_the_same_word_as_before_takes_the_place_of_one_that_waits() -> None:
    scene = a_booking()
    scene.send("respond_to_seat", by="i1", answer="accepted")
    scene.withheld = {"claim_time"}
    scene.send("add_seat", by="coordinator", person="barbara", role="OPTIONAL")
    scene.deletes("i1")
    scene.wait(minutes=1)

    scene.send("respond_to_seat", by="i1", answer="accepted")
    scene.withheld = set()
    scene.run()

    assert _answer_of(scene, "i1") == "accepted"
    assert scene.calendars["i1"].slot.start == scene.start_of_booking


def test_of_two_who_answered_on_hold_both_are_heard() -> None:
    scene = a_booking(interviewers=["grace", "linus", "edsger"])
    scene.send("respond_to_seat", by="i1", answer="accepted")
    scene.send("put_on_hold", by="coordinator", reason="the team is moving house")
    scene.hear("i1", "tentative")
    scene.hear("i1", "accepted")  # as they had said before: nothing to tell their seat
    scene.hear("i3", "declined")

    scene.send("resume", by="coordinator")

    assert _answer_of(scene, "i3") == "declined"


def test_an_answer_to_the_booked_time_is_none_to_another_that_is_held_meanwhile() -> None:
    scene = a_booking(policy={"confirmation": "explicit"}, interviewers=["grace", "linus", "edsger"])
    for who in ("i1", "i2", "i3"):
        scene.send("respond_to_seat", by=who, answer="accepted")
    revision = scene.interview.scheduling.revision
    scene.send("propose_other_time", by=CANDIDATE, start=scene.start_of_booking + DAY, expected_revision=revision)
    assert scene.interview.scheduling.held is not None

    scene.hear("i2", "tentative")

    seat = scene.interview.people.seat_of("i2")
    assert (seat.answer, seat.to_held) == ("tentative", "needs_action")


# --- news or none ----------------------------------------------------------------------------------------------------


def test_an_answer_told_twice_is_heard_once() -> None:
    scene = a_booking()
    scene.hear("i1", "accepted", source="reply-1")

    assert scene.hear("i1", "accepted", source="reply-1") == []
    assert scene.hear("i1", "accepted", source="another copy of it") == []


@pytest.mark.parametrize("status", REACHED)
def test_an_answer_to_a_time_that_is_not_booked_any_more_changes_nothing(status: Status) -> None:
    scene = story(status)
    before = scene.interview

    for whom in (CANDIDATE, "i1"):
        for answer in ("accepted", "declined", "counter"):
            assert scene.hear(whom, answer, sequence=40, start=scene.now + 3 * DAY) == []
    assert scene.interview == before


@pytest.mark.parametrize("answer", ["accepted", "declined", "counter"])
@pytest.mark.parametrize("whom", [CANDIDATE, "i1"])
def test_an_answer_to_the_time_before_is_stale(whom: str, answer: str) -> None:
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    start = scene.now + 3 * DAY

    assert scene.hear(whom, answer, sequence=0, start=start) == []


def test_an_answer_to_the_time_that_stands_is_none_the_less_for_another_panel() -> None:
    scene = a_booking()
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert scene.shown == 1

    scene.hear("i1", "accepted", sequence=0)

    assert _answer_of(scene, "i1") == "accepted"


def test_an_answer_is_none_once_the_session_has_begun_or_for_a_stranger() -> None:
    assert a_session().hear("i1", "declined") == []
    assert a_booking().hear("i9", "declined") == []


def test_of_two_devices_the_last_word_counts_whichever_is_heard_first() -> None:
    scene = a_booking()
    scene.wait(hours=3)
    scene.hear(CANDIDATE, "accepted", at=scene.now - HOUR)

    assert scene.hear(CANDIDATE, "declined", at=scene.now - 2 * HOUR) == []
    assert _asked(scene) == 0

    scene.hear(CANDIDATE, "declined", at=scene.now)
    assert _asked(scene) == 1


def test_a_program_whose_clock_is_wrong_is_believed_all_the_same() -> None:
    scene = a_booking()

    scene.hear(CANDIDATE, "declined", at=scene.now - 300 * DAY)
    assert _asked(scene) == 1

    scene.hear(CANDIDATE, "accepted", at=scene.now + 300 * DAY)
    scene.wait(hours=1)
    scene.hear(CANDIDATE, "declined")
    assert _asked(scene) == 2


# --- a candidate's no ------------------------------------------------------------------------------------------------


def test_a_candidates_no_is_a_question_and_no_cancellation() -> None:
    scene = _said_no()

    assert scene.stands(Status.SCHEDULED)
    letter = _check(scene)
    assert (letter.heard, letter.confirmed, letter.until) == ("declined", True, scene.now + DAY)
    assert letter.slot.start == scene.start_of_booking
    assert _until(scene) == letter.until
    assert scene.next is not None


def test_who_says_no_and_no_more_has_their_time_given_up_and_is_offered_others() -> None:
    scene = _said_no()

    scene.wait_until(_until(scene) - timedelta(seconds=1))
    assert scene.stands(Status.SCHEDULED)

    scene.wait(minutes=1)
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.calendars == {}
    cancelled = scene.newest("cancellation", CANDIDATE).order.letter
    assert isinstance(cancelled, Cancellation)
    assert cancelled.continues
    assert isinstance(scene.newest("offer", CANDIDATE).order.letter, Offer)
    assert scene.interview.scheduling.exchange is not None
    assert scene.interview.scheduling.exchange.by == CANDIDATE


@pytest.mark.parametrize(
    "ending",
    [
        ("share_expectations", {"for_other_side": "how you decide"}),
        ("request_reschedule", {"mode": "swap"}),
        ("withdraw", {}),
    ],
    ids=lambda one: str(one[0]),
)
def test_anything_they_do_ends_the_question(ending: tuple[str, dict[str, object]]) -> None:
    scene = _said_no()
    scene.wait(hours=1)
    kind, fields = ending

    scene.send(kind, by=CANDIDATE, **fields)
    scene.wait_until(_until(scene))

    asked_for = [one.event for one in scene.records if one.event.kind == "reschedule_requested"]
    assert all(getattr(one, "cause", None) != "rsvp" for one in asked_for)
    assert _asked(scene) == 1


@pytest.mark.parametrize("answer", ["accepted", "tentative"])
def test_another_word_of_their_calendar_ends_the_question(answer: str) -> None:
    scene = _said_no()
    scene.wait(hours=1)

    scene.hear(CANDIDATE, answer)
    scene.wait(days=2)

    assert scene.stands(Status.SCHEDULED)


def test_another_booked_time_ends_the_question() -> None:
    scene = _said_no()

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    scene.wait(days=2)

    assert scene.stands(Status.SCHEDULED)
    assert _asked(scene) == 1


def test_a_no_that_is_older_than_what_they_did_since_asks_nothing() -> None:
    scene = a_booking()
    scene.wait(hours=2)
    scene.send("share_expectations", by=CANDIDATE, for_other_side="how you decide")

    scene.hear(CANDIDATE, "declined", at=scene.now - HOUR)

    assert _asked(scene) == 0
    assert scene.view("coordinator").people[0].heard[0].answer == "declined"


def test_a_no_while_another_time_is_looked_for_is_asked_about_when_the_booked_one_stands_after_all() -> None:
    scene = a_booking()
    scene.send("request_reschedule", by="i1", mode="swap")

    scene.hear(CANDIDATE, "declined")
    assert _asked(scene) == 0

    scene.wait(days=3)
    assert scene.stands(Status.SCHEDULED)
    assert _asked(scene) == 1


# --- how long they are asked -----------------------------------------------------------------------------------------


def test_the_question_waits_for_the_morning_and_its_time_begins_then() -> None:
    scene = a_booking()
    scene.wait(hours=14)  # midnight
    scene.hear(CANDIDATE, "declined")
    assert _asked(scene) == 0
    assert scene.next is not None

    scene.wait(hours=9)

    sent = scene.newest("answer_check", CANDIDATE)
    assert sent.reads.hour == 8
    assert _until(scene) == sent.at + DAY


@pytest.mark.parametrize(
    ("ahead", "left"),
    [
        (timedelta(hours=33), DAY),
        (timedelta(hours=26), timedelta(hours=22)),  # four hours before it begins
        (timedelta(hours=9), timedelta(hours=5)),
        (timedelta(hours=4, minutes=30), HOUR),  # an hour at least
        (timedelta(hours=2), HOUR),
        (timedelta(minutes=80), timedelta(minutes=50)),  # half an hour before it begins in any case
    ],
    ids=str,
)
def test_the_nearer_the_interview_the_less_time_there_is_to_say_more(ahead: timedelta, left: timedelta) -> None:
    start = a_booking().start_of_booking + timedelta(hours=8)  # at six in the evening
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=start)
    scene.wait_until(start - ahead)

    scene.hear(CANDIDATE, "declined")

    assert _until(scene) - scene.newest("answer_check", CANDIDATE).at == left
    scene.wait_until(_until(scene))
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_at_night_they_are_asked_at_once_only_where_the_morning_would_be_too_late() -> None:
    scene = a_booking()  # at ten in the morning
    scene.wait_until(scene.start_of_booking - timedelta(hours=11))

    scene.hear(CANDIDATE, "declined")

    assert _asked(scene) == 1
    assert local(scene.now, NEW_YORK).hour == 23


def test_a_no_in_the_last_half_hour_is_the_coordinators() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(minutes=20))

    scene.hear(CANDIDATE, "declined")

    assert _check(scene).until is None
    assert scene.attention == {"CANDIDATE_DECLINED": "now"}
    scene.send("clear_attention", by="coordinator", item="CANDIDATE_DECLINED")
    assert scene.attention == {}


def test_nothing_is_given_up_before_the_question_could_arrive() -> None:
    scene = a_booking()
    scene.withheld = {"send_letter"}
    scene.wait(days=1)
    scene.hear(CANDIDATE, "declined")

    scene.wait_until(scene.start_of_booking - timedelta(minutes=31))
    assert scene.stands(Status.SCHEDULED)

    scene.wait(minutes=2)
    assert scene.stands(Status.SCHEDULED)
    assert scene.attention["CANDIDATE_DECLINED"] == "now"


def test_a_question_that_came_back_gives_nothing_up_until_it_arrives() -> None:
    scene = _said_no()
    scene.bounce("answer_check", CANDIDATE, status="5.7.1", bad=False)

    scene.wait(days=3)
    assert scene.stands(Status.SCHEDULED)

    scene.send("resend_message", by="operator", letter="answer_check", whom=CANDIDATE)
    assert _until(scene) == scene.now + DAY


def test_a_no_whose_question_came_back_for_good_is_the_coordinators_in_the_end() -> None:
    scene = a_booking()
    scene.hear(CANDIDATE, "declined")
    scene.bounce("answer_check", CANDIDATE, status="5.7.1", bad=False)

    scene.wait_until(scene.start_of_booking - timedelta(minutes=20))

    assert scene.stands(Status.SCHEDULED)
    assert scene.attention["CANDIDATE_DECLINED"] == "now"


def test_the_clock_stands_still_while_they_cannot_be_reached() -> None:
    scene = _said_no()
    scene.wait(hours=1)
    scene.bounce("invitation", CANDIDATE)
    scene.wait(days=2)
    assert scene.stands(Status.SCHEDULED)

    scene.send("update_contact", by="coordinator", email="ada.summer@example.com")

    assert _asked(scene) == 2  # once more, to where they are
    assert _until(scene) == scene.now + DAY
    scene.wait_until(_until(scene))
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_the_clock_stands_still_on_hold() -> None:
    scene = _said_no()
    scene.wait(hours=4)
    scene.send("put_on_hold", by="coordinator")
    scene.wait(days=2)
    assert scene.stands(Status.ON_HOLD)

    scene.send("resume", by="coordinator")
    scene.wait(hours=19)
    assert scene.stands(Status.SCHEDULED)

    scene.wait(hours=2)
    assert scene.stands(Status.NEEDS_RESCHEDULING)


# --- what could be anybody's -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", [CANDIDATE, "i2"])
def test_what_is_heard_by_mail_alone_changes_nothing_and_is_asked_about(whom: str) -> None:
    scene = a_booking()
    scene.wait(days=1)

    scene.hear(whom, "declined", verified=False)
    letter = _check(scene, whom)
    assert (letter.heard, letter.confirmed, letter.until) == ("declined", False, None)

    scene.wait(days=3)
    assert scene.stands(Status.SCHEDULED)
    assert _answer_of(scene, "i2") == "needs_action"
    assert scene.attention == {}


def test_a_yes_by_mail_needs_no_asking() -> None:
    scene = a_booking()

    scene.hear("i2", "accepted", verified=False)

    assert _asked(scene, "i2") == 0
    assert _answer_of(scene, "i2") == "needs_action"
    (heard,) = scene.view("i2").people[2].heard
    assert (heard.answer, heard.verified) == ("accepted", False)


def test_what_anybody_can_have_sent_takes_nothing_back_that_is_known() -> None:
    scene = _said_no()

    scene.hear(CANDIDATE, "accepted", verified=False)
    scene.wait_until(_until(scene))

    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_a_verified_answer_takes_the_place_of_what_was_said_in_their_name() -> None:
    scene = a_booking()
    scene.hear("i2", "declined", verified=False)
    scene.wait(hours=1)

    scene.hear("i2", "accepted")

    heard = scene.view("coordinator").people[2].heard
    assert [(one.answer, one.verified) for one in heard] == [("accepted", True)]


def test_they_confirm_it_by_what_they_do() -> None:
    scene = a_booking()
    scene.hear("i2", "declined", verified=False)
    scene.wait(hours=1)

    scene.send("respond_to_seat", by="i2", answer="declined")

    assert _answer_of(scene, "i2") == "declined"
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_however_often_somebody_writes_in_their_name_they_are_asked_a_few_times_at_most() -> None:
    scene = a_booking()
    scene.wait(days=1)

    for n in range(20):
        scene.hear("i2", ("declined", "accepted")[n % 2], verified=False)
        scene.wait(minutes=10)

    assert _asked(scene, "i2") == 3


def test_a_candidate_who_was_asked_often_enough_is_the_coordinators() -> None:
    scene = a_booking()
    scene.wait(days=1)
    for n in range(7):
        scene.hear(CANDIDATE, ("declined", "accepted")[n % 2])
        scene.wait(minutes=10)

    assert _asked(scene) == 3
    assert scene.attention == {"CANDIDATE_DECLINED": "now"}


# --- counter-proposals -----------------------------------------------------------------------------------------------


def test_a_counter_proposal_of_the_candidate_is_the_command_of_that_name() -> None:
    heard, commanded = a_booking(), a_booking()
    start, revision = heard.start_of_booking + DAY, heard.interview.scheduling.revision

    heard.hear(CANDIDATE, "counter", start=start, reason="a train")
    commanded.send("propose_other_time", by=CANDIDATE, start=start, expected_revision=revision, reason="a train")

    assert heard.status is commanded.status
    assert heard.letters() == commanded.letters()
    assert heard.interview.scheduling.exchange == commanded.interview.scheduling.exchange
    assert heard.start_of_booking == commanded.start_of_booking


def test_past_the_cutoff_a_counter_proposal_waits_for_the_coordinator() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=10))

    scene.hear(CANDIDATE, "counter", start=scene.start_of_booking + DAY)

    assert scene.stands(Status.SCHEDULED)
    assert scene.attention == {"APPROVAL_DUE:1": "now"}
    approval = scene.view("coordinator").pending_approval
    assert approval is not None
    assert approval.by == CANDIDATE


def _refused_at_once() -> Scene:
    scene = a_booking()
    scene.hear(CANDIDATE, "counter", start=scene.now - DAY)
    return scene


def _not_to_be_had() -> Scene:
    scene = a_booking()
    scene.taken = {scene.start_of_booking + DAY}
    scene.hear(CANDIDATE, "counter", start=scene.start_of_booking + DAY)
    return scene


def _heard_on_hold() -> Scene:
    scene = on_hold()
    scene.hear(CANDIDATE, "counter", start=scene.start_of_booking + DAY)
    scene.send("resume", by="coordinator")
    return scene


@pytest.mark.parametrize("begin", [_refused_at_once, _not_to_be_had, _heard_on_hold])
@pytest.mark.parametrize("way_out", ["reschedule", "propose_other_time", "clear_attention", "another word of theirs"])
def test_a_counter_proposal_that_cannot_be_made_is_not_lost(begin: Callable[[], Scene], way_out: str) -> None:
    scene = begin()
    assert scene.stands(Status.SCHEDULED)
    assert scene.attention == {"COUNTER_PROPOSED:candidate": "today"}
    later = scene.start_of_booking + 2 * DAY

    match way_out:
        case "reschedule":
            scene.send("reschedule", by="coordinator", start=later)
        case "propose_other_time":
            revision = scene.interview.scheduling.revision
            scene.send("propose_other_time", by="coordinator", start=later, expected_revision=revision)
        case "clear_attention":
            scene.send("clear_attention", by="coordinator", item="COUNTER_PROPOSED:candidate")
        case _:
            scene.wait(minutes=1)
            scene.hear(CANDIDATE, "accepted")

    assert scene.attention == {}


def test_an_unverified_counter_proposal_is_asked_about_and_proposes_nothing() -> None:
    scene = a_booking()
    start = scene.start_of_booking + DAY

    scene.hear(CANDIDATE, "counter", start=start, verified=False)

    letter = _check(scene)
    assert (letter.heard, letter.confirmed) == ("counter", False)
    assert letter.proposed is not None
    assert letter.proposed.start == start
    assert scene.stands(Status.SCHEDULED)


def test_the_reason_of_a_counter_proposal_is_the_coordinators_and_their_own() -> None:
    scene = a_booking()
    scene.hear(CANDIDATE, "counter", start=scene.now - DAY, reason="the hospital")

    reasons = {
        viewer: [one.reason for one in scene.view(viewer).people[0].heard]
        for viewer in (CANDIDATE, "i1", "coordinator", "backend", "decision_maker")
    }

    assert reasons == {
        CANDIDATE: ["the hospital"],
        "i1": [],
        "coordinator": ["the hospital"],
        "backend": [None],
        "decision_maker": [],
    }


def test_the_same_counter_proposal_twice_is_one() -> None:
    scene = a_booking()
    start = scene.start_of_booking + DAY
    scene.hear(CANDIDATE, "counter", start=start)

    assert scene.hear(CANDIDATE, "counter", start=start) == []


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whom", [CANDIDATE, "i2"])
def test_an_answer_in_words_is_the_coordinators_until_it_is_read(whom: str) -> None:
    scene = a_booking()

    scene.tell("words_received", whom=whom)
    scene.tell("words_received", whom=whom)
    assert scene.attention == {f"ANSWER_IN_WORDS:{whom}": "today"}

    scene.send("clear_attention", by="coordinator", item=f"ANSWER_IN_WORDS:{whom}")
    assert scene.attention == {}

    scene.tell("words_received", whom=whom)
    assert scene.attention == {f"ANSWER_IN_WORDS:{whom}": "today"}


def test_words_of_who_has_left_or_after_the_end_trouble_nobody() -> None:
    scene = a_booking()
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert scene.tell("words_received", whom="i2") == []

    assert story(Status.CANCELLED).tell("words_received", whom=CANDIDATE) == []


# --- who is shown it -------------------------------------------------------------------------------------------------


def test_what_was_heard_is_shown_to_who_said_it_and_to_those_who_arrange() -> None:
    scene = _said_no()

    shown = {
        viewer
        for viewer in (CANDIDATE, "i1", "i2", "coordinator", "backend", "operator", "decision_maker")
        if scene.view(viewer).people[0].heard
    }

    assert shown == {CANDIDATE, "coordinator", "backend", "operator"}
    (heard,) = scene.view(CANDIDATE).people[0].heard
    assert (heard.answer, heard.via, heard.verified, heard.until) == ("declined", "mail", True, _until(scene))


def test_what_was_answered_to_an_older_time_is_shown_to_nobody() -> None:
    scene = _said_no()

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)

    assert scene.view("coordinator").people[0].heard == ()
