from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from entrevue.attention import AttentionRaised
from entrevue.civil import Clock, Offset
from entrevue.interview import JournalRefused, UnreadableFact
from entrevue.orders import EventWritten, GaveUp, LetterUnsure, SendLetter
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    MONDAY,
    NEW_YORK,
    REACHED,
    Scene,
    a_booking,
    a_no_show,
    a_release,
    an_offer,
    cancelled,
    no_slots,
    review,
    sealed_forms,
    story,
)


def test_an_item_names_its_cause_its_owner_its_rank_and_what_helps() -> None:
    (item,) = no_slots().view("coordinator").attention

    assert (item.id, item.owner, item.rank) == ("NO_COMMON_SLOT", "coordinator", "today")
    assert item.clears == ("offer_slots", "request_availability", "book_slot", "cancel")


# --- what scheduling needs somebody for ------------------------------------------------------------------------------


def _nothing_common() -> Scene:
    return no_slots()


def _stuck() -> Scene:
    scene = an_offer(policy={"rounds": 1})
    scene.send("decline_offer", by=CANDIDATE)
    return scene


def _nearly_expired() -> Scene:
    scene = an_offer()
    scene.wait(days=6)
    return scene


def _silent() -> Scene:
    scene = an_offer(policy={"confirmation": "explicit"})
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.wait(days=2)
    return scene


def _unapproved() -> Scene:
    scene = a_booking(policy={"reschedules": 0})
    scene.send("request_reschedule", by=CANDIDATE)
    return scene


def _declined() -> Scene:
    scene = a_booking()
    scene.send("respond_to_seat", by="i2", answer="declined")
    return scene


def _recused() -> Scene:
    scene = an_offer()
    scene.send("declare_conflict", by="i2", whom="i2")
    return scene


def _overlapping() -> Scene:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.give_up("write_event")
    scene.overlapped, scene.withheld = {"i1"}, set()
    scene.run()
    scene.overlapped = set()
    return scene


def _wall_time_taken() -> Scene:
    scene = a_booking()
    offsets = (Offset(since=datetime(2026, 11, 1, tzinfo=UTC), minutes=-240),)
    scene.rules[NEW_YORK.zone] = Clock(zone=NEW_YORK.zone, offsets=offsets)
    scene.taken = {scene.start_of_booking - timedelta(hours=1)}
    scene.tell("timezone_rules_changed", tzdata="2026c")
    return scene


def _unknown() -> Scene:
    scene = Scene.opened()
    scene.unknown = ("i2",)
    scene.run()
    return scene


def _no_pool() -> Scene:
    scene = Scene.opened(interviewers=["grace", {"pool": "ghosts"}])
    scene.run()
    return scene


def _paused() -> Scene:
    return story(Status.ON_HOLD)


_OWNED = [
    (_nothing_common, "NO_COMMON_SLOT", "today", ("offer_slots", "request_availability", "book_slot", "cancel")),
    (_stuck, "NEGOTIATION_STUCK", "today", ("offer_slots", "request_availability", "book_slot", "cancel")),
    (_nearly_expired, "OFFER_EXPIRES_SOON", "information", ("book_slot",)),
    (_silent, "INTERVIEWERS_SILENT", "today", ("replace_interviewer", "book_slot", "cancel")),
    (_unapproved, "APPROVAL_DUE:1", "now", ("grant_approval", "deny_approval")),
    (_declined, "SEAT_DECLINED:i2", "now", ("replace_interviewer", "reschedule", "cancel")),
    (_recused, "SEAT_OPEN:2", "now", ("replace_interviewer", "remove_seat", "cancel")),
    (_overlapping, "OVERLAP:i1", "today", ("reschedule", "replace_interviewer", "cancel")),
    (_wall_time_taken, "ZONE_RULES_MOVED", "today", ("reschedule", "cancel")),
    (_unknown, "PERSON_UNKNOWN:i2", "now", ("clear_attention", "replace_interviewer", "remove_seat", "cancel")),
    (_no_pool, "POOL_EMPTY:ghosts", "now", ("clear_attention", "replace_interviewer", "remove_seat", "cancel")),
    (_paused, "ON_HOLD", "information", ("resume", "cancel")),
]

_WAYS_OUT: dict[str, dict[str, object]] = {
    "offer_slots": {"slots": [MONDAY + timedelta(days=20)]},
    "request_availability": {},
    "book_slot": {"start": MONDAY + timedelta(days=20)},
    "reschedule": {"start": MONDAY + timedelta(days=20)},
    "grant_approval": {},
    "deny_approval": {},
    "resume": {},
    "cancel": {"reason": "it cannot be"},
}


def _commanded(scene: Scene, item: str, kind: str) -> dict[str, object]:
    subject = item.partition(":")[2]
    seat: dict[str, object] = {"whom": subject} if subject.startswith("i") else {"seat": 2}
    if item == "INTERVIEWERS_SILENT":
        seat = {"whom": "i2"}
    if kind == "replace_interviewer":
        return {**seat, "person": "edsger"}
    if kind == "remove_seat":
        return seat
    if kind == "clear_attention":
        scene.unknown = ()
        return {"item": item}
    return _WAYS_OUT[kind]


@pytest.mark.parametrize(
    ("begin", "item", "rank", "clears"), _OWNED, ids=lambda one: one if isinstance(one, str) else ""
)
def test_what_scheduling_needs_is_the_coordinators_and_each_way_out_is_open_to_them(
    begin: Callable[[], Scene], item: str, rank: str, clears: tuple[str, ...]
) -> None:
    scene = begin()

    (raised,) = (one for one in scene.interview.attention if one.id == item)
    assert (raised.owner, raised.rank, raised.clears) == ("coordinator", rank, clears)
    for kind in clears:
        tried = scene.copy()
        tried.send(kind, by="coordinator", **_commanded(tried, item, kind))
        keeps = {("POOL_EMPTY:ghosts", "clear_attention"), ("INTERVIEWERS_SILENT", "replace_interviewer")}
        assert (item in tried.attention) is ((item, kind) in keeps), kind


# --- all the rest ----------------------------------------------------------------------------------------------------


def test_candidate_and_interviewers_are_shown_none_of_it() -> None:
    scene = no_slots()

    assert scene.view(CANDIDATE).attention == ()
    assert scene.view("i1").attention == ()


def test_an_item_that_becomes_urgent_keeps_the_day_on_which_it_was_raised() -> None:
    scene = sealed_forms()
    (before,) = (item for item in scene.interview.attention if item.id == "DECISION_DUE")

    scene.wait(days=10)

    (after,) = (item for item in scene.interview.attention if item.id == "DECISION_DUE")
    assert (before.rank, after.rank) == ("today", "now")
    assert before.since == after.since


def test_an_item_is_raised_once_not_at_every_look() -> None:
    scene = no_slots()

    scene.wait(days=30)

    raised = [one for one in scene.records if isinstance(one.event, AttentionRaised)]
    assert len(raised) == 1


@pytest.mark.parametrize("status", REACHED)
def test_an_interview_that_has_ended_needs_nobody(status: Status) -> None:
    scene = story(status)

    assert not (status.terminal and scene.attention)


def test_what_clears_itself_cannot_be_cleared_by_hand_and_says_what_helps() -> None:
    refused = no_slots().refuses("clear_attention", by="coordinator", item="NO_COMMON_SLOT")

    assert refused.code is Code.INVALID_STATE
    assert "offer_slots" in refused.sentence


def test_what_is_not_open_cannot_be_cleared_and_what_is_open_is_named() -> None:
    refused = no_slots().refuses("clear_attention", by="operator", item="MAIL_BEHIND")

    assert refused.code is Code.INVALID_COMMAND
    assert "NO_COMMON_SLOT" in refused.sentence


# --- mail ------------------------------------------------------------------------------------------------------------


def test_mail_that_is_delayed_is_tried_on_and_an_operator_looks() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.wait(days=1)

    scene.give_up("send_letter")
    assert scene.attention == {"MAIL_BEHIND": "now"}
    assert scene.in_flight["mail/candidate"].kind == "send_letter"

    scene.withheld = set()
    scene.run()
    assert scene.attention == {}


def test_an_offer_of_which_nobody_knows_whether_it_arrived_is_the_coordinators_until_it_is_sent_again() -> None:
    scene = Scene.opened()
    scene.withheld = {"send_letter"}
    scene.run()
    order = scene.in_flight["mail/candidate"]
    assert isinstance(order, SendLetter)

    scene.answer(order, LetterUnsure(key=order.key))
    assert scene.attention == {f"MESSAGE_UNSURE:{order.key}": "today"}

    scene.withheld = set()
    scene.send("resend_message", by="coordinator", letter="offer", whom="candidate")
    assert scene.attention == {}


def test_mail_that_gives_up_for_good_is_not_tried_until_the_cause_is_mended() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.wait(days=1)
    scene.give_up("send_letter")
    scene.give_up("send_letter")
    assert scene.attention == {"ORDER_FAILED:r7/nudge/candidate/1-1.1": "now"}
    assert scene.owed == []

    scene.withheld = set()
    scene.send("clear_attention", by="operator", item="ORDER_FAILED:r7/nudge/candidate/1-1.1")

    assert scene.letters() == ["offer to candidate", "nudge to candidate"]
    assert scene.attention == {}


def test_a_letter_that_failed_troubles_nobody_once_its_meaning_is_gone() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.wait(days=1)
    scene.give_up("send_letter")
    scene.give_up("send_letter")

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    assert not [item for item in scene.attention if item.startswith("ORDER_FAILED")]


def test_a_delayed_letter_about_an_old_time_is_no_delay_of_the_new_one() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    order = scene.in_flight["mail/i1"]
    scene.answer(order, GaveUp(key=order.key, order=order.kind, because="timeout"))
    scene.look()
    assert scene.attention == {"MAIL_BEHIND": "now"}

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=1))

    assert scene.attention == {}


def test_a_letter_that_is_refused_for_other_reasons_is_the_operators() -> None:
    scene = Scene.opened()
    scene.choosy = {"ada@example.org"}
    scene.run()
    assert scene.attention == {"MESSAGE_REFUSED:r7/offer/candidate/1.1": "today"}

    scene.choosy = set()
    scene.send("resend_message", by="operator", letter="offer", whom=CANDIDATE)

    assert scene.letters() == ["offer to candidate"]
    assert scene.attention == {}


def test_an_interviewer_whose_address_is_dead_can_be_written_to_again_when_it_lives() -> None:
    scene = an_offer()
    scene.dead = {"linus@acme.example"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    assert list(scene.attention) == ["MESSAGE_REFUSED:r7/invitation/i2/0.1"]

    scene.dead = set()
    scene.send("resend_message", by="coordinator", letter="invitation", whom="i2")

    assert scene.letters("i2") == ["invitation"]
    assert scene.attention == {}


def test_a_letter_that_was_never_written_cannot_be_sent_again() -> None:
    refused = an_offer().refuses("resend_message", by="operator", letter="invitation", whom="i1")

    assert refused.code is Code.INVALID_COMMAND


# --- calendars -------------------------------------------------------------------------------------------------------


def _said(scene: Scene) -> list[str | None]:
    return [one.because for one in scene.view("operator").attention]


def test_whoever_must_mend_a_calendar_reads_what_is_wrong_with_whose_and_what_to_do() -> None:
    wrong = "CalendarRefused: Google takes our key no more (invalid_grant): allow the service account again"
    scene = an_offer(interviewers=["grace", "edsger"])
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.give_up("write_event", wrong)
    assert _said(scene) == [f"i1: {wrong}"]
    scene.give_up("write_event", "CalendarUnavailable: status 503")
    assert _said(scene) == [f"i1: {wrong}; i2: CalendarUnavailable: status 503"]
    scene.give_up("write_event", wrong)

    assert list(scene.attention) == ["CALENDAR_BEHIND", "ORDER_FAILED:r7/event/i1/0.1"]
    assert _said(scene) == ["i2: CalendarUnavailable: status 503", wrong]


def test_a_search_that_cannot_read_a_calendar_says_what_to_do_about_it() -> None:
    scene = Scene.opened()
    scene.withheld = {"find_slots"}
    scene.run()
    scene.give_up("find_slots", "CalendarRefused: no ENTREVUE_GRAPH__TENANT is set")

    assert list(scene.attention) == ["SEARCH_BEHIND"]
    assert _said(scene) == ["CalendarRefused: no ENTREVUE_GRAPH__TENANT is set"]


def test_what_is_said_of_many_troubles_stays_short_and_says_each_once() -> None:
    scene = an_offer(interviewers=["grace", "edsger", "barbara"])
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    for _ in range(3):
        scene.give_up("write_event", "CalendarUnavailable: " + "much " * 40)

    (said,) = _said(scene)
    assert said is not None
    assert len(said) == 500
    assert said.startswith("i1: CalendarUnavailable: much")


def test_what_needs_no_word_beside_its_name_has_none() -> None:
    assert _said(no_slots()) == [None]


def test_a_calendar_that_gives_up_is_one_item_until_it_may_go_on() -> None:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.give_up("write_event")
    assert scene.attention == {"CALENDAR_BEHIND": "now"}  # it is tried on, more slowly
    scene.give_up("write_event")
    assert scene.attention == {"ORDER_FAILED:r7/event/i1/0.1": "now"}

    scene.withheld = set()
    scene.send("clear_attention", by="operator", item="ORDER_FAILED:r7/event/i1/0.1")

    assert scene.calendars["i1"].sequence == 0
    assert scene.attention == {}


@pytest.mark.parametrize("outcome", ["edited_by_person", "gone", "superseded"])
def test_what_a_person_did_to_the_event_is_asked_about_and_not_overwritten_in_circles(outcome: str) -> None:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    order = scene.in_flight["calendar/i1"]
    answer = {"key": order.key, "who": "i1", "uid": "r7.p1", "sequence": 0, "outcome": outcome}

    scene.answer(order, EventWritten.model_validate(answer))
    scene.run()

    assert scene.attention == {"CALENDAR_EDITED:i1": "today"}
    assert scene.owed == []
    assert "invitation" in scene.letters("i1")  # the mail goes out all the same

    scene.withheld = set()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=1))
    assert scene.attention == {}


def test_a_removal_never_gives_up() -> None:
    scene = a_booking()
    scene.withheld = {"remove_event"}
    scene.send("cancel", by="coordinator")

    scene.give_up("remove_event")

    assert scene.in_flight["calendar/i1"].kind == "remove_event"


# --- facts and journal -----------------------------------------------------------------------------------------------


def test_an_unreadable_fact_is_dropped_but_not_in_silence() -> None:
    scene = a_booking()

    scene.cause(UnreadableFact(fact="participant_joined", because="at: has no zone"))
    assert scene.attention == {"FACT_UNREADABLE:participant_joined": "today"}

    scene.send("clear_attention", by="operator", item="FACT_UNREADABLE:participant_joined")
    assert scene.attention == {}


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.CANCELLED])
def test_a_journal_that_holds_something_else_is_looked_at_even_after_the_end(status: Status) -> None:
    scene = a_booking() if status is Status.SCHEDULED else cancelled()

    scene.cause(JournalRefused(entry=3))
    assert scene.cause(JournalRefused(entry=3)) == []
    assert scene.attention == {"JOURNAL_DIVERGED": "now"}

    scene.send("clear_attention", by="operator", item="JOURNAL_DIVERGED")
    assert scene.attention == {}
    assert scene.stands(status)


# --- people ----------------------------------------------------------------------------------------------------------


def test_a_directory_that_is_broken_for_long_is_tried_on_and_the_item_goes_by_itself() -> None:
    scene = Scene.opened()
    scene.withheld = {"look_up_people"}
    scene.run()
    scene.give_up("look_up_people")
    assert scene.attention == {"DIRECTORY_BEHIND": "now"}

    scene.withheld = set()
    scene.run()

    assert scene.attention == {}
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_a_no_show_is_the_coordinators_and_gone_when_ruled_on() -> None:
    scene = a_no_show()
    assert scene.attention == {"NO_SHOW": "today"}

    scene.send("rule_no_show", by="coordinator", upheld=False)

    assert scene.attention == {}


def test_a_review_is_the_reviewers_and_gone_when_done() -> None:
    scene = a_release()
    scene.send("answer_question", by="coordinator", question=1, text="yes")
    assert scene.attention == {"REVIEW_DUE": "today"}

    scene.send("review_feedback", by="reviewer", **review())

    assert scene.attention == {}


def test_nobody_is_missing_while_the_interview_is_on_hold_or_being_moved() -> None:
    scene = a_booking()
    scene.send("put_on_hold", by="coordinator", reason="the budget is discussed")
    scene.wait_until(scene.start_of_booking + timedelta(minutes=6))

    assert scene.attention == {"ON_HOLD": "information"}


def test_what_only_a_live_interview_needs_troubles_nobody_after_its_end() -> None:
    scene = a_booking()
    scene.withheld = {"look_up_people"}
    scene.send("update_contact", by=CANDIDATE, zone="Europe/Berlin")
    scene.give_up("look_up_people")
    assert "DIRECTORY_BEHIND" in scene.attention

    scene.send("withdraw", by=CANDIDATE)
    scene.wait(days=1)

    scene.over()
