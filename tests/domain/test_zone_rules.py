"""New rules for a zone: what was promised is the time on the wall."""

from datetime import UTC, datetime, timedelta

from entrevue.civil import Clock, Offset, local
from entrevue.letters import Invitation, LocalTimeChanged
from entrevue.orders import LookUpPeople
from entrevue.values import CANDIDATE, Status
from tests.domain.scenes import BERLIN, Scene, a_booking, a_held_time, an_exchange, an_offer, no_slots

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _from_now_on(zone: str, hours: int) -> Clock:
    return Clock(zone=zone, offsets=(Offset(since=datetime(2026, 11, 1, tzinfo=UTC), minutes=60 * hours),))


NEW_YORK_STAYS_ON_SUMMER_TIME = _from_now_on("America/New_York", -4)
BERLIN_STAYS_ON_SUMMER_TIME = _from_now_on("Europe/Berlin", 2)


def _new_rules(scene: Scene, clock: Clock, tzdata: str = "2026c") -> None:
    scene.wait(hours=1)
    scene.rules[clock.zone], scene.tzdata = clock, tzdata
    scene.tell("timezone_rules_changed", tzdata=tzdata)


def test_a_booked_time_keeps_its_wall_time_and_moves_its_instant() -> None:
    scene = a_booking()
    before = scene.start_of_booking

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)

    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == before - HOUR
    assert local(scene.start_of_booking, NEW_YORK_STAYS_ON_SUMMER_TIME).hour == 10
    assert [slot.start for slot in scene.ledger.values()] == [before - HOUR]
    assert scene.interview.scheduling.reschedules == {}  # nobody's doing
    assert scene.attention == {}


def test_everybody_is_told_why_it_moved() -> None:
    scene = a_booking()

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)

    for to in (CANDIDATE, "i1", "i2"):
        letter = scene.newest("invitation", to).order.letter
        assert isinstance(letter, Invitation)
        assert letter.because == "the rules of the time zone America/New_York have changed"
        assert letter.moved_from is not None
        assert "local_time_changed" not in scene.letters(to)


def test_where_the_new_instant_is_taken_the_coordinator_decides() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.taken = {before - HOUR}

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)

    assert scene.start_of_booking == before
    assert scene.attention == {"ZONE_RULES_MOVED": "today"}
    item = scene.interview.attention[0]
    assert (item.owner, item.clears) == ("coordinator", ("reschedule", "cancel"))
    assert "local_time_changed" in scene.letters(CANDIDATE)  # for the time being it is another time of their day
    later = scene.copy()

    scene.send("reschedule", by="coordinator", start=before + DAY)
    assert scene.attention == {}

    later.wait_until(before)
    later.send("start_session", by="i1")
    assert later.attention == {}


def test_who_only_reads_another_time_of_day_is_told_so() -> None:
    scene = a_booking()
    before = scene.start_of_booking

    _new_rules(scene, BERLIN_STAYS_ON_SUMMER_TIME)

    assert scene.start_of_booking == before
    for to in ("i1", "i2"):
        letter = scene.newest("local_time_changed", to).order.letter
        assert isinstance(letter, LocalTimeChanged)
        assert letter.slot.start == before
    assert "local_time_changed" not in scene.letters(CANDIDATE)
    assert scene.attention == {}


def test_rules_that_are_known_are_no_news() -> None:
    scene = a_booking()
    _new_rules(scene, BERLIN_STAYS_ON_SUMMER_TIME)
    letters = scene.letters()

    again = scene.tell("timezone_rules_changed", tzdata="2026c")
    scene.wait(hours=1)
    _new_rules(scene, BERLIN_STAYS_ON_SUMMER_TIME, "2026d")  # other zones have changed

    assert again == []
    assert scene.letters() == letters


def test_rules_that_change_nothing_here_ask_the_directory_and_nobody_else() -> None:
    scene = a_booking()
    letters = scene.letters()

    scene.tell("timezone_rules_changed", tzdata="2026c")

    assert [order for order in scene.asked if isinstance(order, LookUpPeople)][-1].zones == ("America/New_York",)
    assert scene.letters() == letters


def test_an_open_offer_is_renewed_so_that_nobody_chooses_what_was_not_meant() -> None:
    scene = no_slots()
    scene.send("offer_slots", by="coordinator", slots=[scene.now + 3 * DAY])
    scene.full = False

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.letters(CANDIDATE) == ["offer", "offer"]
    assert scene.interview.scheduling.rounds == 0


def test_a_held_time_is_booked_at_its_wall_time_too() -> None:
    scene = a_held_time()
    held = scene.interview.scheduling.held
    assert held is not None

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)
    for who in ("i1", "i2"):
        scene.send("respond_to_seat", by=who, answer="accepted")

    assert scene.start_of_booking == held.slot.start - HOUR


def test_what_is_being_exchanged_is_not_moved_and_what_stands_after_all_is() -> None:
    scene = an_exchange("swap")
    before = scene.start_of_booking

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.start_of_booking == before

    scene.wait(days=3)
    assert scene.stands(Status.SCHEDULED)
    assert scene.start_of_booking == before - HOUR


def test_a_change_that_waits_for_approval_is_not_answered_by_new_rules() -> None:
    scene = a_booking(policy={"reschedules": 0})
    before = scene.start_of_booking
    scene.send("request_reschedule", by=CANDIDATE)

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)
    assert "APPROVAL_DUE:1" in scene.attention

    scene.send("deny_approval", by="coordinator")
    assert scene.start_of_booking == before - HOUR
    assert scene.attention == {}


def test_on_hold_nothing_moves_until_it_goes_on() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.send("put_on_hold", by="coordinator")

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)
    assert scene.start_of_booking == before

    scene.send("resume", by="coordinator")
    assert scene.start_of_booking == before - HOUR


def test_where_there_is_a_place_its_wall_time_is_the_one_that_is_kept() -> None:
    scene = an_offer(location="Lindenstrasse 9, Berlin")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    before = scene.start_of_booking
    booking = scene.interview.scheduling.booking
    assert booking is not None
    assert booking.slot.zone == BERLIN.zone

    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)
    assert scene.start_of_booking == before
    assert "local_time_changed" in scene.letters(CANDIDATE)

    _new_rules(scene, BERLIN_STAYS_ON_SUMMER_TIME, "2026d")
    assert scene.start_of_booking == before - HOUR


def test_rules_that_come_after_the_session_move_nothing() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")

    assert scene.tell("timezone_rules_changed", tzdata="2026c") == []


def test_a_search_by_rules_that_the_directory_does_not_know_is_not_repeated_for_ever() -> None:
    scene = an_offer()
    scene.searches_lag = True
    _new_rules(scene, NEW_YORK_STAYS_ON_SUMMER_TIME)

    scene.send("decline_offer", by=CANDIDATE)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.kinds.count("slots_offered") == 3
