from collections.abc import Callable
from datetime import timedelta

import pytest

from entrevue.effects import MessageReturned
from entrevue.orders import LetterSent, LetterUnsure
from entrevue.showing import timeline
from entrevue.values import CANDIDATE, CONFIDANT, Status
from tests.domain.scenes import (
    Scene,
    a_booking,
    an_exchange,
    an_offer,
    cancelled,
    open_forms,
    story,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW_ADDRESS = "ada.summer@example.com"


def _mend(scene: Scene) -> None:
    scene.send("update_contact", by="coordinator", email=NEW_ADDRESS)


def _addresses(scene: Scene, kind: str) -> list[str]:
    return [sent.order.to.email for sent in scene.mailbox if (sent.kind, sent.to) == (kind, CANDIDATE)]


# --- the candidate's address is dead ---------------------------------------------------------------------------------


def test_a_candidate_whose_letter_comes_back_cannot_be_reached_until_their_address_is_corrected() -> None:
    scene = an_offer()

    scene.bounce("offer", CANDIDATE)
    assert scene.attention == {"CANDIDATE_UNREACHABLE": "now"}

    _mend(scene)
    assert scene.attention == {}
    assert _addresses(scene, "offer") == ["ada@example.org", NEW_ADDRESS]
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_who_cannot_be_reached_is_written_nothing_more_and_nothing_runs_out() -> None:
    scene = an_offer()
    scene.wait(hours=1)
    scene.bounce("offer", CANDIDATE)

    scene.wait(days=30)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.letters(CANDIDATE) == ["offer"]
    assert scene.interview.scheduling.rounds == 0


@pytest.mark.parametrize("how", ["update_contact", "resend_message"])
def test_when_they_can_be_reached_again_they_have_the_time_that_they_had_left(how: str) -> None:
    scene = an_offer()
    scene.wait(days=2)
    had = scene.interview.scheduling.first_reply_by
    assert had is not None
    scene.bounce("nudge", CANDIDATE)
    scene.wait(days=20)

    if how == "update_contact":
        _mend(scene)
    else:
        scene.send("resend_message", by="coordinator", letter="nudge", whom=CANDIDATE)
    scene.wait(hours=1)

    reply_by = scene.interview.scheduling.reply_by
    assert reply_by is not None
    assert reply_by >= had + 20 * DAY
    assert scene.interview.scheduling.rounds == 0


@pytest.mark.parametrize("kind", ["day_reminder", "hour_reminder"])
def test_a_bounced_reminder_cancels_nothing_and_is_not_sent_when_its_meaning_has_gone(kind: str) -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(minutes=55))
    scene.bounce(kind, CANDIDATE)
    assert scene.stands(Status.SCHEDULED)

    scene.wait_until(scene.start_of_booking + timedelta(minutes=10))
    _mend(scene)

    assert scene.stands(Status.SCHEDULED)
    assert scene.letters(CANDIDATE).count(kind) == 1


def test_an_invitation_that_came_back_is_sent_to_the_new_address() -> None:
    scene = a_booking()
    scene.bounce("invitation", CANDIDATE)

    _mend(scene)

    assert _addresses(scene, "invitation") == ["ada@example.org", NEW_ADDRESS]
    assert scene.stands(Status.SCHEDULED)


def test_a_search_for_another_time_that_they_could_not_hear_of_is_not_charged_to_them() -> None:
    scene = an_exchange("swap")
    assert scene.interview.scheduling.reschedules == {"candidate": 1}
    scene.bounce("offer", CANDIDATE)

    scene.wait_until(scene.start_of_booking - timedelta(hours=23))

    assert scene.stands(Status.SCHEDULED)
    assert scene.interview.scheduling.reschedules == {"candidate": 0}


def test_the_window_of_their_form_waits_for_them_and_gives_back_what_they_lost() -> None:
    scene = open_forms()
    due = scene.interview.evaluation.forms[CANDIDATE].due
    for who in ("i1", "i2"):
        scene.send("excuse_evaluation", by=who, whom=who, reason="ill")
    scene.bounce("form_request", CANDIDATE)
    scene.wait(days=20)
    assert scene.stands(Status.AWAITING_EVALUATIONS)

    _mend(scene)

    assert scene.interview.evaluation.forms[CANDIDATE].due >= due + 19 * DAY
    assert scene.letters(CANDIDATE).count("form_request") == 2
    scene.wait(days=9)
    assert scene.stands(Status.AWAITING_DECISION)


def test_a_form_that_cannot_be_asked_for_is_not_waited_for_for_ever() -> None:
    scene = open_forms()
    scene.bounce("form_request", CANDIDATE)

    scene.wait(days=61)

    assert scene.interview.evaluation.sealed_at is not None


def test_whoever_decides_need_not_wait_for_it() -> None:
    scene = open_forms()
    scene.bounce("form_request", CANDIDATE)

    scene.send("excuse_evaluation", by="coordinator", whom=CANDIDATE, reason="nobody reaches them")
    for who in ("i1", "i2"):
        scene.send("excuse_evaluation", by=who, whom=who, reason="ill")

    assert scene.stands(Status.AWAITING_DECISION)


# --- old addresses, late and double reports --------------------------------------------------------------------------


def test_what_comes_back_from_an_old_address_is_sent_to_the_new_one_and_says_nothing_of_it() -> None:
    scene = an_offer()
    _mend(scene)
    assert _addresses(scene, "offer") == ["ada@example.org"]

    scene.bounce("offer", CANDIDATE)

    assert scene.attention == {}
    assert _addresses(scene, "offer") == ["ada@example.org", NEW_ADDRESS]
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_a_bounce_of_an_older_try_says_nothing_any_more() -> None:
    scene = an_offer()
    key = scene.newest("offer", CANDIDATE).order.key
    scene.send("resend_message", by="coordinator", letter="offer", whom=CANDIDATE)

    assert scene.tell("message_bounced", key=key, status="5.1.1", address_is_bad=True) == []
    assert scene.attention == {}


def test_a_bounce_told_twice_is_one() -> None:
    scene = an_offer()
    scene.bounce("offer", CANDIDATE)

    assert scene.bounce("offer", CANDIDATE) == []
    assert scene.tell("message_delivered", key="r7/offer/candidate/1.1") == []
    assert scene.attention == {"CANDIDATE_UNREACHABLE": "now"}


def test_a_bounce_that_overtakes_the_servers_yes_is_believed() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter"}
    scene.run()
    order = scene.in_flight["mail/candidate"]
    scene.tell("message_bounced", key=order.key, status="5.1.1", address_is_bad=True)

    assert scene.answer(order, LetterSent(key=order.key, message_id="<1@acme.example>")) == []
    assert scene.attention == {"CANDIDATE_UNREACHABLE": "now"}


def test_a_letter_that_a_server_takes_afterwards_makes_no_dead_address_live() -> None:
    scene = a_booking()
    scene.withheld = {"send_letter"}
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    order = scene.in_flight["mail/candidate"]
    scene.bounce("offer", CANDIDATE)

    scene.answer(order, LetterSent(key=order.key, message_id="<2@acme.example>"))

    assert scene.interview.effects.unreachable(CANDIDATE)


@pytest.mark.parametrize("begin", [an_offer, a_booking, cancelled])
@pytest.mark.parametrize("key", ["r7/offer/candidate/9.1", "r8/offer/candidate/1.1", "what is this"])
def test_a_report_about_a_letter_that_we_never_sent_is_no_news(begin: Callable[[], Scene], key: str) -> None:
    scene = begin()

    assert scene.tell("message_bounced", key=key, status="5.1.1", address_is_bad=True) == []
    assert scene.tell("message_delivered", key=key) == []


# --- other reasons ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "to"), [("offer", CANDIDATE), ("invitation", CANDIDATE), ("invitation", "i2")])
def test_what_came_back_for_another_reason_is_the_operators(kind: str, to: str) -> None:
    scene = a_booking()

    scene.bounce(kind, to, status="5.7.1", bad=False)

    (item,) = scene.attention.items()
    assert item == (f"MESSAGE_REFUSED:{scene.newest(kind, to).order.key}", "today")
    scene.wait(days=2)
    assert scene.letters(to).count(kind) == 1

    scene.send("resend_message", by="operator", letter=kind, whom=to)
    assert not [one for one in scene.attention if one.startswith("MESSAGE_REFUSED")]


def test_the_letter_of_an_interviewer_whose_address_is_dead_is_the_operators() -> None:
    scene = a_booking()

    scene.bounce("invitation", "i2")
    assert list(scene.attention) == ["MESSAGE_REFUSED:r7/invitation/i2/0.1"]

    scene.send("resend_message", by="operator", letter="invitation", whom="i2")
    assert scene.attention == {}


def test_what_may_have_passed_by_tomorrow_is_tried_once_more_in_the_morning_and_once_only() -> None:
    scene = a_booking()
    scene.wait(hours=5)  # ten in the evening in Berlin
    scene.bounce("invitation", "i2", status="4.2.2", bad=False)
    assert list(scene.attention) == ["MESSAGE_REFUSED:r7/invitation/i2/0.1"]

    scene.wait(days=1, hours=12)
    again = scene.newest("invitation", "i2")
    assert (again.order.key, again.reads.hour) == ("r7/invitation/i2/0.2", 8)
    assert scene.attention == {}

    scene.bounce("invitation", "i2", status="4.2.2", bad=False)
    scene.wait(days=3)
    assert scene.letters("i2").count("invitation") == 2
    assert list(scene.attention) == ["MESSAGE_REFUSED:r7/invitation/i2/0.2"]


def test_a_full_mailbox_costs_the_candidate_no_time_to_answer() -> None:
    scene = an_offer()
    scene.bounce("offer", CANDIDATE, status="4.2.2", bad=False)

    scene.wait(days=1, hours=1)

    sent, reply_by = scene.newest("offer", CANDIDATE), scene.interview.scheduling.reply_by
    assert sent.order.key == "r7/offer/candidate/1.2"
    assert reply_by is not None
    assert reply_by - sent.at >= 2 * DAY


def test_what_is_tried_again_by_a_person_is_not_tried_again_by_itself() -> None:
    scene = a_booking()
    scene.bounce("invitation", "i2", status="4.2.2", bad=False)

    scene.send("resend_message", by="operator", letter="invitation", whom="i2")
    scene.wait(days=3)

    assert scene.letters("i2").count("invitation") == 2


def test_a_cancellation_that_came_back_is_tried_again_after_the_end() -> None:
    scene = cancelled()
    scene.bounce("cancellation", CANDIDATE, status="4.4.1", bad=False)

    scene.wait(days=2)

    assert scene.letters(CANDIDATE).count("cancellation") == 2
    scene.over()


# --- what is confidential --------------------------------------------------------------------------------------------


def test_that_a_letter_about_conduct_came_back_names_nobody_and_nothing() -> None:
    scene = a_booking()
    scene.send("report_conduct", by=CANDIDATE, text="what he said to me")

    scene.bounce("conduct_report", CONFIDANT, status="5.1.1")

    assert scene.attention == {"MAIL_BEHIND": "now"}
    assert not [one for one in timeline(scene.records) if one.kind == "message_returned"]
    assert any(isinstance(one.event, MessageReturned) for one in scene.records)
    scene.send("clear_attention", by="operator", item="MAIL_BEHIND")
    assert scene.letters(CONFIDANT) == ["conduct_report", "conduct_report"]


# --- receipts --------------------------------------------------------------------------------------------------------


def test_a_receipt_from_further_on_ends_a_doubt() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter"}
    scene.run()
    order = scene.in_flight["mail/candidate"]
    scene.answer(order, LetterUnsure(key=order.key))
    assert scene.attention == {f"MESSAGE_UNSURE:{order.key}": "today"}

    scene.tell("message_delivered", key=order.key)

    assert scene.attention == {}
    assert scene.interview.effects.messages[order.key].was == "sent"


def test_a_receipt_of_what_is_under_way_starts_the_clock_once() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter"}
    scene.run()
    order = scene.in_flight["mail/candidate"]

    assert "offer_delivered" in scene.tell("message_delivered", key=order.key)
    assert scene.answer(order, LetterSent(key=order.key, message_id="<1@acme.example>")) == []


def test_a_receipt_of_what_is_known_to_have_left_is_no_news() -> None:
    scene = an_offer()

    assert scene.tell("message_delivered", key="r7/offer/candidate/1.1") == []


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.COMPLETED, Status.WITHDRAWN])
def test_after_the_end_a_bounce_is_remembered_and_troubles_nobody(status: Status) -> None:
    scene = story(status)

    scene.bounce("offer", CANDIDATE)
    scene.wait(days=3)

    assert scene.attention == {}
    assert scene.stands(status)
    scene.over()
