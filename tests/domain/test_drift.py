from collections.abc import Callable
from datetime import timedelta

import pytest

from entrevue.letters import CalendarNotice, Offer, TimeStands
from entrevue.orders import EventWritten, RemoveEvent, WriteEvent
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import (
    REACHED,
    THEIRS,
    Scene,
    a_booking,
    a_session,
    an_offer,
    cancelled,
    on_hold,
    story,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POOL = {"pool": "backend"}
FACTS = ("calendar_event_changed", "calendar_event_deleted", "calendar_overlap_seen")


def _notice(scene: Scene, to: str = "i1") -> CalendarNotice:
    letter = scene.newest("calendar_notice", to).order.letter
    assert isinstance(letter, CalendarNotice)
    return letter


def _notices(scene: Scene, to: str = "i1") -> int:
    return scene.letters(to).count("calendar_notice")


def _calendar(scene: Scene, who: str = "i1") -> str:
    (member,) = (one for one in scene.view("coordinator").people if one.who == who)
    assert member.calendar is not None
    return member.calendar.state


def _written(scene: Scene) -> list[tuple[str, int]]:
    return [(one.event.uid, one.event.sequence) for one in scene.asked if isinstance(one, WriteEvent)]


def _alone() -> Scene:
    """Booked with three, of whom two are enough."""
    return a_booking(interviewers=["grace", "linus", "edsger"], policy={"quorum": 2})


# --- moved -----------------------------------------------------------------------------------------------------------


def test_who_moves_the_event_proposes_that_time_and_gets_the_booked_one_back() -> None:
    scene = a_booking()
    booked, moved_to = scene.start_of_booking, scene.start_of_booking + DAY

    scene.moves("i1", moved_to)

    assert scene.start_of_booking == booked
    assert scene.calendars["i1"].slot.start == booked
    assert scene.edited == set()
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    offer = scene.newest("offer", CANDIDATE).order.letter
    assert isinstance(offer, Offer)
    assert [slot.start for slot in offer.slots] == [moved_to]
    assert offer.booked is not None
    assert offer.booked.start == booked
    notice = _notice(scene)
    assert (notice.what, notice.asked, notice.slot.start) == ("moved", True, booked)
    assert notice.moved_to is not None
    assert notice.moved_to.start == moved_to


def test_when_the_candidate_can_come_then_it_is_moved_for_all() -> None:
    scene = a_booking()
    moved_to = scene.start_of_booking + DAY
    scene.moves("i1", moved_to)

    scene.send("choose_slot", by=CANDIDATE, start=moved_to)

    assert scene.stands(Status.SCHEDULED)
    assert scene.calendars["i1"].slot.start == moved_to
    assert scene.interview.scheduling.reschedules.get("candidate", 0) == 0


def test_another_end_alone_is_put_back_and_nobody_else_is_asked() -> None:
    scene = a_booking()
    start = scene.start_of_booking

    scene.moves("i1", start, end=start + 2 * HOUR)

    assert scene.stands(Status.SCHEDULED)
    assert scene.calendars["i1"].slot.end == start + timedelta(minutes=40)
    notice = _notice(scene)
    assert (notice.what, notice.asked) == ("moved", False)
    assert notice.moved_to is not None
    assert notice.moved_to.minutes == 120
    assert scene.attention == {}


@pytest.mark.parametrize("end", [-2 * DAY, timedelta(0), 3 * DAY], ids=str)
def test_an_event_that_is_stretched_or_turned_around_is_put_back_like_any_other(end: timedelta) -> None:
    scene = a_booking()

    scene.moves("i1", scene.start_of_booking, end=scene.start_of_booking + end)

    assert _notice(scene).what == "moved"


def _too_near() -> Scene:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 12 * HOUR)
    scene.moves("i1", scene.start_of_booking + DAY)
    assert "APPROVAL_DUE:1" in scene.attention
    return scene


def _not_free() -> Scene:
    scene = a_booking()
    scene.taken = {scene.start_of_booking + DAY}
    scene.moves("i1", scene.start_of_booking + DAY)
    assert "COUNTER_PROPOSED:i1" in scene.attention
    return scene


def _into_the_past() -> Scene:
    scene = a_booking()
    scene.moves("i1", scene.now - DAY)
    assert "COUNTER_PROPOSED:i1" in scene.attention
    return scene


def _often_enough() -> Scene:
    scene = a_booking(policy={"reschedules": 0})
    scene.moves("i1", scene.start_of_booking + DAY)
    assert "APPROVAL_DUE:1" in scene.attention
    return scene


def _in_the_last_minutes() -> Scene:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(minutes=20))
    scene.moves("i1", scene.start_of_booking + DAY)
    assert scene.attention["COUNTER_PROPOSED:i1"] == "now"
    return scene


@pytest.mark.parametrize("begin", [_too_near, _not_free, _into_the_past, _often_enough, _in_the_last_minutes])
def test_a_move_that_cannot_be_proposed_is_put_back_told_and_the_coordinators(begin: Callable[[], Scene]) -> None:
    scene = begin()

    assert scene.stands(Status.SCHEDULED)
    assert scene.calendars["i1"].slot.start == scene.start_of_booking
    notice = _notice(scene)
    assert (notice.what, notice.asked) == ("moved", False)
    assert "offer" not in scene.letters(CANDIDATE)[2:]


def test_a_person_who_moves_it_again_and_again_meets_no_endless_patience() -> None:
    scene = a_booking()
    for n in range(1, 12):
        scene.wait(hours=1)
        scene.moves("i1", scene.start_of_booking + n * HOUR)

    assert _notices(scene) <= 3
    assert scene.attention["CALENDAR_EDITED:i1"] == "today"
    assert scene.kinds.count("event_restored") == 3
    assert _calendar(scene) == "edited"

    scene.send("restore_event", by="coordinator", whom="i1")
    assert scene.calendars["i1"].slot.start == scene.start_of_booking
    assert "CALENDAR_EDITED:i1" not in scene.attention


def test_what_they_put_right_themselves_needs_nobody() -> None:
    scene = a_booking()
    scene.edited = {"i1"}
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="alan")
    assert scene.attention == {"CALENDAR_EDITED:i1": "today"}

    scene.moves("i1", scene.start_of_booking)

    assert scene.attention == {}
    assert _notices(scene) == 0


# --- deleted ---------------------------------------------------------------------------------------------------------


def test_who_deletes_the_event_has_declined() -> None:
    scene = _alone()

    scene.deletes("i3")

    assert "i3" not in scene.interview.people
    assert scene.stands(Status.SCHEDULED)
    assert "i3" not in scene.calendars


def test_a_lead_who_deletes_it_makes_the_company_look_for_another_time_and_nobody_writes_it_again() -> None:
    scene = a_booking()

    scene.deletes("i1")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.interview.people.seat_of("i1").answer == "declined"
    assert scene.interview.scheduling.reschedules.get("candidate", 0) == 0
    assert scene.calendars == {}
    assert scene.owed == []
    assert _calendar(scene) == "taken_out"
    assert not [item for item in scene.attention if item.startswith("CALENDAR")]


def test_who_comes_after_all_gets_it_back_under_another_uid() -> None:
    scene = a_booking()
    scene.deletes("i1")

    scene.send("respond_to_seat", by="i1", answer="accepted")

    assert scene.stands(Status.SCHEDULED)
    assert scene.calendars["i1"].uid == "r7.p2"
    assert _written(scene) == [("r7.p1", 0), ("r7.p2", 0)]
    assert _notices(scene) == 0


def test_a_candidate_who_was_asked_for_another_time_is_told_when_it_is_not_needed_any_more() -> None:
    scene = a_booking()
    scene.deletes("i1")
    assert scene.letters(CANDIDATE)[-1] == "offer"

    scene.send("respond_to_seat", by="i1", answer="accepted")

    letter = scene.newest("time_stands", CANDIDATE).order.letter
    assert isinstance(letter, TimeStands)
    assert (letter.because, letter.slot.start) == ("needless", scene.start_of_booking)
    assert "time_stands" not in scene.letters("i1")


def test_a_candidate_who_was_asked_nothing_is_told_nothing() -> None:
    scene = a_booking()
    scene.withheld = {"send_letter", "find_slots"}
    scene.deletes("i1")

    scene.send("respond_to_seat", by="i1", answer="accepted")
    scene.withheld = set()
    scene.wait(days=1)

    assert "time_stands" not in scene.letters(CANDIDATE)


def test_who_deletes_it_and_comes_after_all_again_and_again_has_the_candidate_asked_twice() -> None:
    scene = a_booking()
    for _ in range(4):
        scene.deletes("i1")
        scene.wait(hours=1)
        scene.send("respond_to_seat", by="i1", answer="accepted")
        scene.wait(hours=1)

    assert scene.stands(Status.SCHEDULED)
    assert scene.letters(CANDIDATE) == ["offer", "invitation", *(2 * ["offer", "time_stands"])]
    assert scene.calendars["i1"].uid == "r7.p5"


def test_the_next_time_is_written_anew_for_who_had_deleted_the_last_one() -> None:
    scene = a_booking()
    scene.deletes("i1")

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)

    assert scene.calendars["i1"].uid == "r7.p2"
    scene.send("cancel", by="coordinator", reason="the role is filled")
    assert scene.calendars == {}
    removed = [one.uid for one in scene.asked if isinstance(one, RemoveEvent)]
    assert removed[-1] == "r7.p2"


def _added_again(scene: Scene) -> None:
    scene.deletes("i3")
    scene.send("add_seat", by="coordinator", person="edsger", role="REQUIRED")


def _put_back_on_the_panel(scene: Scene) -> None:
    scene.deletes("i3")
    scene.send("replace_interviewer", by="coordinator", seat=3, person="barbara")
    scene.send("replace_interviewer", by="coordinator", whom="i4", person="edsger")


def _cancelled_in_place(scene: Scene) -> None:
    scene.moves("i3", scene.start_of_booking, cancelled=True)
    scene.send("add_seat", by="coordinator", person="edsger", role="REQUIRED")


@pytest.mark.parametrize("come_back", [_added_again, _put_back_on_the_panel, _cancelled_in_place])
def test_who_declined_by_deleting_it_and_is_asked_back_has_exactly_one_event(
    come_back: Callable[[Scene], None],
) -> None:
    scene = _alone()

    come_back(scene)

    assert "i3" in scene.interview.people
    assert scene.calendars["i3"].slot.start == scene.start_of_booking
    assert "i4" not in scene.calendars
    assert _calendar(scene, "i3") == "as_booked"
    scene.send("cancel", by="coordinator", reason="the role is filled")
    assert scene.calendars == {}


def test_what_is_cancelled_in_place_is_a_no_and_keeps_its_uid() -> None:
    scene = a_booking()
    start = scene.start_of_booking

    scene.moves("i1", start, cancelled=True)
    assert scene.interview.people.seat_of("i1").answer == "declined"
    assert scene.attention == {"SEAT_DECLINED:i1": "now"}
    assert "i1" in scene.calendars  # cancelled, and theirs to delete

    scene.send("respond_to_seat", by="i1", answer="accepted")
    assert scene.calendars["i1"].uid == "r7.p1"
    assert scene.edited == set()


def test_what_was_cancelled_in_place_and_is_not_any_more_stands_again() -> None:
    scene = a_booking()
    scene.moves("i1", scene.start_of_booking, cancelled=True)

    scene.moves("i1", scene.start_of_booking)

    assert _calendar(scene) == "as_booked"


def test_a_deletion_on_hold_is_a_no_from_when_it_goes_on() -> None:
    scene = on_hold()
    scene.deletes("i1")
    assert scene.interview.people.seat_of("i1").answer == "needs_action"
    assert scene.calendars == {}

    scene.send("resume", by="coordinator")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.calendars == {}


def test_who_tidies_up_during_the_session_has_said_nothing() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking + timedelta(minutes=2))

    scene.deletes("i1")

    assert scene.stands(Status.SCHEDULED)
    assert scene.interview.people.seat_of("i1").answer == "needs_action"
    assert scene.owed == []


def test_a_write_that_crossed_the_deletion_is_taken_out_again() -> None:
    scene = a_booking()
    scene.withheld = {"write_event"}
    scene.moves("i1", scene.start_of_booking, end=scene.start_of_booking + HOUR, etag=None)
    (crossed,) = (order for order in scene.in_flight.values() if isinstance(order, WriteEvent))
    scene.deletes("i1")
    scene.withheld = set()

    scene.calendars["i1"] = crossed.event
    answer = {"key": crossed.key, "who": "i1", "uid": crossed.event.uid, "sequence": 0, "outcome": "created"}
    scene.answer(crossed, EventWritten.model_validate(answer))
    scene.run()

    assert scene.calendars == {}


# --- emptied, or found changed when we wrote -------------------------------------------------------------------------


def test_an_emptied_calendar_is_nobodys_answer_the_coordinator_is_asked_and_it_is_put_back() -> None:
    scene = a_booking()

    scene.deletes("i1", emptied=True)
    assert scene.interview.people.seat_of("i1").answer == "needs_action"
    assert scene.attention == {"CALENDAR_EDITED:i1": "today"}
    assert _notice(scene).what == "emptied"
    assert _calendar(scene) == "emptied"
    shown = scene.view("i1").people[1].calendar
    assert shown is not None
    assert shown.put_back_at == scene.now + 2 * HOUR

    scene.wait(hours=2)
    assert scene.calendars["i1"].slot.start == scene.start_of_booking
    assert scene.attention == {}
    assert _notices(scene) == 1


def test_what_reappears_in_an_emptied_calendar_is_found_and_not_written_twice() -> None:
    scene = a_booking()
    event = scene.calendars["i1"]
    scene.deletes("i1", emptied=True)

    scene.calendars["i1"] = event
    scene.wait(hours=2)

    assert scene.calendars["i1"].uid == "r7.p1"
    assert scene.attention == {}


def _edited() -> Scene:
    """Changed in a way that was noticed only when the next version was written."""
    scene = _alone()
    scene.edited = {"i1"}
    scene.deletes("i3")
    return scene


def _gone() -> Scene:
    scene = _alone()
    del scene.calendars["i1"]
    scene.deletes("i3")
    return scene


@pytest.mark.parametrize(("begin", "uid"), [(_edited, "r7.p1"), (_gone, "r7.p2")])
@pytest.mark.parametrize("how", ["by itself", "restore_event"])
def test_what_was_found_when_we_wrote_is_asked_about_and_put_back_and_its_owner_is_told(
    begin: Callable[[], Scene], uid: str, how: str
) -> None:
    scene = begin()
    assert scene.attention == {"CALENDAR_EDITED:i1": "today"}
    assert scene.owed == []
    assert _notices(scene) == 0

    if how == "by itself":
        scene.wait(hours=1, minutes=59)
        assert "CALENDAR_EDITED:i1" in scene.attention
        scene.wait(minutes=1)
    else:
        scene.send("restore_event", by="coordinator", whom="i1")

    assert scene.calendars["i1"].uid == uid
    assert scene.calendars["i1"].sequence == scene.shown
    assert scene.attention == {}
    assert _notice(scene).what == "put_back"


def test_near_the_interview_it_is_back_an_hour_before() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 2 * HOUR)

    scene.deletes("i1", emptied=True)
    scene.wait_until(scene.start_of_booking - HOUR)

    assert "i1" in scene.calendars


@pytest.mark.parametrize("way_out", ["reschedule", "cancel", "replace_interviewer", "restore_event"])
def test_the_coordinator_can_answer_what_is_asked(way_out: str) -> None:
    scene = a_booking()
    scene.deletes("i1", emptied=True)
    ways: dict[str, dict[str, object]] = {
        "reschedule": {"start": scene.start_of_booking + DAY},
        "cancel": {"reason": "the role is filled"},
        "replace_interviewer": {"whom": "i1", "person": "edsger"},
        "restore_event": {"whom": "i1"},
    }

    scene.send(way_out, by="coordinator", **ways[way_out])
    scene.wait(hours=3)

    assert not scene.attention
    assert ("i1" in scene.calendars) is (way_out in ("reschedule", "restore_event"))


def test_a_later_version_that_stands_there_is_a_persons_and_we_do_not_write_in_circles() -> None:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    order = scene.in_flight["calendar/i1"]
    answer = {"key": order.key, "who": "i1", "uid": "r7.p1", "sequence": 0, "outcome": "superseded"}
    scene.answer(order, EventWritten.model_validate(answer))

    scene.wait(days=2)

    assert scene.attention == {"CALENDAR_EDITED:i1": "today"}
    assert "event_restored" not in scene.kinds


def test_what_was_called_off_and_booked_anew_is_not_taken_for_a_deletion() -> None:
    scene = a_booking()
    scene.withheld = {"remove_event"}
    scene.send("request_reschedule", by="coordinator", mode="vacate")
    scene.calendars.clear()  # the removal is done, and its answer lost
    scene.in_flight.clear()
    scene.withheld = set()

    scene.send("book_slot", by="coordinator", start=scene.now + 3 * DAY)

    assert scene.calendars["i1"].slot.start == scene.start_of_booking
    assert scene.attention == {}


# --- the command -----------------------------------------------------------------------------------------------------


def test_there_is_nothing_to_put_back_where_we_write_no_calendar_or_nothing_is_booked() -> None:
    scene = a_booking()
    assert scene.refuses("restore_event", by="coordinator", whom="i2").code is Code.INVALID_COMMAND
    assert scene.refuses("restore_event", by="coordinator", whom="i9").code is Code.INVALID_COMMAND
    assert scene.send("restore_event", by="coordinator", whom="i1") == []

    scene.send("request_reschedule", by="coordinator", mode="vacate")
    assert scene.refuses("restore_event", by="coordinator", whom="i1").code is Code.INVALID_STATE


def test_the_coordinator_may_put_it_back_even_for_who_has_declined() -> None:
    scene = a_booking()
    scene.deletes("i1")

    scene.send("restore_event", by="coordinator", whom="i1")

    assert scene.calendars["i1"].uid == "r7.p2"
    assert scene.interview.people.seat_of("i1").answer == "declined"
    assert _notice(scene).what == "put_back"


# --- overlapped ------------------------------------------------------------------------------------------------------


def test_what_overlaps_is_the_coordinators_and_its_owner_is_told_once_a_time() -> None:
    scene = a_booking()

    for _ in range(3):
        scene.seen("calendar_overlap_seen", "i1", overlapped=True)
        assert scene.attention == {"OVERLAP:i1": "today"}
        scene.seen("calendar_overlap_seen", "i1", overlapped=False)
        assert scene.attention == {}

    assert _notices(scene) == 1
    assert _notice(scene).what == "overlapped"
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    scene.seen("calendar_overlap_seen", "i1", overlapped=True)
    assert _notices(scene) == 2


def test_an_overlap_that_has_gone_by_the_morning_is_not_told() -> None:
    scene = a_booking()
    scene.wait(hours=8)  # midnight in Berlin
    scene.seen("calendar_overlap_seen", "i1", overlapped=True)
    scene.wait(hours=2)
    scene.seen("calendar_overlap_seen", "i1", overlapped=False)

    scene.wait(days=1)

    assert _notices(scene) == 0


# --- not readable ----------------------------------------------------------------------------------------------------


def test_a_calendar_that_refuses_us_is_the_operators_until_it_lets_us_in() -> None:
    scene = a_booking()

    scene.tell("calendar_access_lost", whom="i1", because="share the calendar with us again")
    assert [one.because for one in scene.view("operator").attention] == ["share the calendar with us again"]
    scene.tell("calendar_access_lost", whom="i1", because="CalendarRefused")
    assert scene.attention == {"CALENDAR_LOST:i1": "today"}
    assert _calendar(scene) == "unreadable"

    scene.tell("calendar_access_restored", whom="i1")
    assert scene.attention == {}


def test_a_calendar_that_we_have_just_written_lets_us_in() -> None:
    scene = a_booking()
    scene.tell("calendar_access_lost", whom="i1", because="CalendarRefused")

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)

    assert scene.attention == {}


def test_a_calendar_out_of_which_we_have_just_taken_the_event_lets_us_in() -> None:
    scene = a_booking()
    scene.tell("calendar_access_lost", whom="i1", because="CalendarRefused")

    scene.send("request_reschedule", by="coordinator", mode="vacate")

    assert scene.attention == {}


def test_the_calendar_of_who_has_left_is_nobodys_business() -> None:
    scene = a_booking()
    scene.tell("calendar_access_lost", whom="i1", because="CalendarRefused")

    scene.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")

    assert scene.attention == {}


# --- news or none ----------------------------------------------------------------------------------------------------


def _fields(kind: str, scene: Scene) -> dict[str, object]:
    if kind == "calendar_event_changed":
        return {"start": scene.now + DAY, "end": scene.now + DAY + HOUR}
    return {"overlapped": True} if kind == "calendar_overlap_seen" else {}


@pytest.mark.parametrize("kind", FACTS)
def test_what_is_told_twice_happens_once(kind: str) -> None:
    scene = a_booking()
    scene.seen(kind, "i1", source="seen-1", **_fields(kind, scene))
    before = scene.interview

    assert scene.seen(kind, "i1", source="seen-1", **_fields(kind, scene)) == []
    assert scene.interview is before


@pytest.mark.parametrize("kind", FACTS)
@pytest.mark.parametrize(
    "wrong",
    [{"sequence": 7}, {"uid": "r7.p2"}, {"uid": "r8.p1"}, {"whom": "i2"}, {"whom": "i9"}, {"whom": CANDIDATE}],
    ids=str,
)
def test_what_is_about_another_event_is_no_news(kind: str, wrong: dict[str, object]) -> None:
    scene = a_booking()
    fact = {"whom": "i1", "uid": "r7.p1", "sequence": 0, **_fields(kind, scene), **wrong}

    assert scene.tell(kind, source=None, **fact) == []


@pytest.mark.parametrize("kind", FACTS)
def test_what_is_about_the_version_before_is_no_news(kind: str) -> None:
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)

    assert scene.seen(kind, "i1", source=None, sequence=0, **_fields(kind, scene)) == []


@pytest.mark.parametrize("status", REACHED)
def test_where_nothing_is_booked_or_all_is_over_it_changes_nothing(status: Status) -> None:
    scene = story(status)
    if status in (Status.SCHEDULED, Status.NEEDS_RESCHEDULING, Status.ON_HOLD, Status.NO_SHOW_REVIEW):
        scene.send("cancel" if status is not Status.NO_SHOW_REVIEW else "withdraw", by=CANDIDATE)
    before = scene.interview

    for kind in FACTS:
        assert scene.seen(kind, "i1", source=None, **_fields(kind, scene)) == []
    assert scene.interview == before


def test_in_a_session_nobody_minds_calendars() -> None:
    scene = a_session()

    assert scene.deletes("i1") == []


def test_who_has_left_the_panel_proposes_nothing() -> None:
    scene = a_booking()
    scene.withheld = {"remove_event"}
    scene.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")

    assert scene.moves("i1", scene.start_of_booking + DAY) == []


# --- the end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["moved", "emptied", "deleted"])
def test_what_had_drifted_when_it_was_cancelled_is_taken_out_like_all_else(what: str) -> None:
    scene = a_booking()
    scene.withheld = {"write_event"}
    match what:
        case "moved":
            scene.moves("i1", scene.start_of_booking + DAY)
        case "emptied":
            scene.deletes("i1", emptied=True)
        case _:
            scene.deletes("i1")

    scene.send("cancel", by="coordinator", reason="the role is filled")
    scene.wait(days=30)

    assert scene.calendars == {}
    scene.over()


def test_nothing_is_put_back_of_what_was_called_off() -> None:
    scene = cancelled()

    assert scene.seen("calendar_event_deleted", "i1") == []
    assert scene.owed == []


def test_the_etag_of_their_version_is_brought_along_and_no_other() -> None:
    scene = a_booking()
    scene.moves("i1", scene.start_of_booking + DAY)

    etags = [one.etag for one in scene.asked if isinstance(one, WriteEvent)]

    assert etags == [None, THEIRS]
