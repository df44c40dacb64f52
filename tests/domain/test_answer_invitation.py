"""The candidate says themselves, or somebody of the company for them, whether they can come at the booked time."""

from datetime import datetime, timedelta

import pytest

from entrevue.letters import AnswerCheck, Cancellation, Offer
from entrevue.values import CANDIDATE, Code, Status
from entrevue.view import HeardView
from tests.domain.scenes import Scene, a_booking, secret

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _a_day_later() -> Scene:
    """Six days ahead, at ten in the morning of the candidate's own day."""
    scene = a_booking()
    scene.wait(days=1)
    return scene


def _said_no(by: str = CANDIDATE) -> Scene:
    scene = _a_day_later()
    scene.send("answer_invitation", by=by, answer="declined")
    return scene


def _heard(scene: Scene, viewer: str = "coordinator") -> tuple[HeardView, ...]:
    return scene.view(viewer).people[0].heard


def _until(scene: Scene) -> datetime | None:
    (heard,) = _heard(scene)
    return heard.until


def _asked(scene: Scene) -> list[AnswerCheck]:
    posted = (one.order.letter for one in scene.mailbox if one.to == CANDIDATE)
    return [letter for letter in posted if isinstance(letter, AnswerCheck)]


# --- no --------------------------------------------------------------------------------------------------------------


def test_who_says_no_on_a_page_is_asked_there_and_has_a_day_for_it() -> None:
    scene = _said_no()

    (heard,) = _heard(scene, CANDIDATE)
    assert (heard.answer, heard.via, heard.verified, heard.until) == ("declined", "command", True, scene.now + DAY)
    assert _asked(scene) == []
    assert scene.next is not None
    scene.wait_until(scene.now + DAY - timedelta(seconds=1))
    assert scene.stands(Status.SCHEDULED)


@pytest.mark.parametrize("by", [CANDIDATE, "coordinator", "backend"])
def test_after_a_no_and_no_more_the_time_is_given_up_and_others_are_offered(by: str) -> None:
    scene = _said_no(by)

    scene.wait(days=1, minutes=1)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.calendars == {}
    cancelled = scene.newest("cancellation", CANDIDATE).order.letter
    assert isinstance(cancelled, Cancellation)
    assert cancelled.continues
    assert isinstance(scene.newest("offer", CANDIDATE).order.letter, Offer)
    assert scene.interview.scheduling.reschedules == {"candidate": 1}


def test_for_whom_somebody_else_said_no_is_asked_by_mail() -> None:
    scene = _said_no("coordinator")

    (letter,) = _asked(scene)
    assert (letter.heard, letter.confirmed, letter.noted, letter.until) == ("declined", True, True, scene.now + DAY)
    assert [(one.via, one.until) for one in _heard(scene)] == [("on_behalf", letter.until)]


@pytest.mark.parametrize(
    ("ahead", "left"),
    [
        (timedelta(hours=26), timedelta(hours=22)),  # four hours before it begins
        (timedelta(hours=2), HOUR),  # an hour at least
        (timedelta(minutes=80), timedelta(minutes=50)),  # half an hour before it begins in any case
    ],
    ids=str,
)
def test_the_nearer_the_interview_the_sooner_a_no_gives_it_up(ahead: timedelta, left: timedelta) -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - ahead)

    scene.send("answer_invitation", by=CANDIDATE, answer="declined")

    assert _until(scene) == scene.now + left
    scene.wait(seconds=left.total_seconds())
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_a_no_in_the_last_half_hour_is_the_coordinators_each_time() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(minutes=20))

    for _ in range(2):
        scene.send("answer_invitation", by=CANDIDATE, answer="declined")
        assert scene.attention == {"CANDIDATE_DECLINED": "now"}
        scene.send("clear_attention", by="coordinator", item="CANDIDATE_DECLINED")
        assert scene.attention == {}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("answer_invitation", {"answer": "accepted"}),
        ("answer_invitation", {"answer": "tentative"}),
        ("share_expectations", {"for_other_side": "how you decide"}),
        ("request_reschedule", {"mode": "swap"}),
        ("withdraw", {}),
    ],
)
def test_another_choice_takes_the_place_of_a_no(kind: str, fields: dict[str, object]) -> None:
    scene = _said_no()
    scene.wait(hours=1)

    scene.send(kind, by=CANDIDATE, **fields)
    scene.wait(days=2)

    assert [one.until for one in _heard(scene)] in ([None], [])
    causes = [getattr(one.event, "cause", None) for one in scene.records if one.event.kind == "reschedule_requested"]
    assert "rsvp" not in causes


def test_a_no_whose_question_was_over_asks_it_again() -> None:
    scene = _said_no()
    scene.wait(hours=1)
    scene.send("share_expectations", by=CANDIDATE, for_other_side="how you decide")
    assert _until(scene) is None

    scene.send("answer_invitation", by=CANDIDATE, answer="declined")

    assert _until(scene) == scene.now + DAY


def test_a_no_while_another_time_is_looked_for_is_asked_about_when_the_booked_one_stands_after_all() -> None:
    scene = a_booking()
    scene.send("request_reschedule", by="i1", mode="swap")
    scene.send("answer_invitation", by=CANDIDATE, answer="declined")
    assert _until(scene) is None

    scene.wait(days=3)

    assert scene.stands(Status.SCHEDULED)
    (letter,) = _asked(scene)
    assert letter.noted
    assert _until(scene) == letter.until


def test_who_cannot_be_reached_after_a_no_is_asked_by_mail_when_they_can() -> None:
    scene = _said_no()
    scene.bounce("invitation", CANDIDATE)
    scene.wait(days=2)
    assert scene.stands(Status.SCHEDULED)

    scene.send("update_contact", by="coordinator", email="ada.summer@example.com")

    (letter,) = _asked(scene)
    assert letter.until == scene.now + DAY
    scene.wait(days=1)
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_the_clock_of_a_no_stands_still_on_hold() -> None:
    scene = _said_no()
    scene.wait(hours=4)
    scene.send("put_on_hold", by="coordinator")
    scene.wait(days=2)

    scene.send("resume", by="coordinator")

    assert _until(scene) == scene.now + timedelta(hours=20)


# --- yes and maybe ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [CANDIDATE, "coordinator", "backend"])
@pytest.mark.parametrize("answer", ["accepted", "tentative"])
@pytest.mark.parametrize("verified", [True, False])
def test_who_says_that_they_come_ends_the_question_about_an_older_no(by: str, answer: str, *, verified: bool) -> None:
    scene = _a_day_later()
    scene.hear(CANDIDATE, "declined", verified=verified)
    assert len(_asked(scene)) == 1
    scene.wait(hours=1)

    scene.send("answer_invitation", by=by, answer=answer)
    scene.wait(days=2)

    assert scene.stands(Status.SCHEDULED)
    assert [(one.answer, one.verified, one.until) for one in _heard(scene)] == [(answer, True, None)]
    assert len(_asked(scene)) == 1


@pytest.mark.parametrize("verified", [True, False])
def test_a_mail_that_is_older_than_their_own_word_changes_nothing(*, verified: bool) -> None:
    scene = _a_day_later()
    scene.send("answer_invitation", by=CANDIDATE, answer="accepted")

    assert scene.hear(CANDIDATE, "declined", verified=verified, at=scene.now - HOUR) == []


def test_what_their_calendar_says_later_takes_the_place_of_what_they_said() -> None:
    scene = _a_day_later()
    scene.send("answer_invitation", by=CANDIDATE, answer="accepted")
    scene.wait(hours=1)

    scene.hear(CANDIDATE, "declined")

    assert [(one.answer, one.via) for one in _heard(scene)] == [("declined", "mail")]
    assert [one.noted for one in _asked(scene)] == [False]


# --- news or none ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["accepted", "tentative", "declined"])
@pytest.mark.parametrize("first", ["answer_invitation", "their calendar"])
def test_an_answer_that_is_known_is_no_news(answer: str, first: str) -> None:
    scene = _a_day_later()
    if first == "answer_invitation":
        scene.send(first, by=CANDIDATE, answer=answer)
    else:
        scene.hear(CANDIDATE, answer)
    scene.wait(hours=1)
    before = scene.interview.answers

    assert scene.send("answer_invitation", by=CANDIDATE, answer=answer) == []
    assert scene.interview.answers == before


def test_a_reason_that_is_given_later_is_news() -> None:
    scene = _said_no()

    scene.send("answer_invitation", by=CANDIDATE, answer="declined", reason=secret("reason"))

    reasons = {viewer: [one.reason for one in _heard(scene, viewer)] for viewer in (CANDIDATE, "i1", "backend")}
    assert reasons == {CANDIDATE: [secret("reason")], "i1": [], "backend": [None]}
    assert [one.reason for one in _heard(scene)] == [secret("reason")]


def test_there_must_be_a_booked_time_to_answer_to() -> None:
    scene = a_booking()
    scene.send("request_reschedule", by=CANDIDATE, mode="vacate")

    refused = scene.refuses("answer_invitation", by=CANDIDATE, answer="accepted")

    assert (refused.code, refused.sentence) == (Code.INVALID_STATE, "there is no booked time")
