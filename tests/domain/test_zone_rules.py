"""New rules of a time zone: the wall time that was promised stands, at its new instant, and nobody pays for it."""

from datetime import UTC, datetime, timedelta

from entrevue.civil import Clock, Offset
from entrevue.orders import Invitation, Offer
from entrevue.values import CANDIDATE, Status
from tests.domain.scenes import Scene, a_booking, an_offer

HOUR = timedelta(hours=1)
SUMMER_TIME_STAYS = Clock(
    zone="America/New_York", offsets=(Offset(since=datetime(2026, 3, 8, 7, tzinfo=UTC), minutes=-4 * 60),), tzdata="new"
)


def _changed(scene: Scene) -> Scene:
    """New York keeps its summer time: ten o'clock comes an hour earlier there."""
    scene.rules = {"America/New_York": SUMMER_TIME_STAYS}
    scene.tell("timezone_rules_changed", tzdata="new")
    return scene


def test_a_booked_time_moves_with_the_clocks_and_the_reason_is_told() -> None:
    scene = a_booking()
    before = scene.start_of_booking

    _changed(scene)

    assert scene.start_of_booking == before - HOUR
    assert [slot.start for slot in scene.ledger.values()] == [before - HOUR]
    assert scene.interview.scheduling.reschedules == {}
    letter = scene.newest("invitation", CANDIDATE).order.letter
    assert isinstance(letter, Invitation)
    assert letter.because == "the rules of the time zone America/New_York have changed"


def test_where_the_new_instant_is_taken_the_coordinator_is_asked_and_the_ledger_only_once() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.taken = {before - HOUR}

    _changed(scene)
    scene.wait(hours=1)

    assert scene.start_of_booking == before
    assert scene.attention == {"ZONE_RULES_MOVED": "today"}
    assert scene.kinds.count("slot_lost") == 1


def test_an_open_offer_is_made_anew_at_no_cost() -> None:
    scene = _changed(an_offer())

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.kinds.count("slots_offered") == 2
    assert scene.interview.scheduling.rounds == 0
    letter = scene.newest("offer", CANDIDATE).order.letter
    assert isinstance(letter, Offer)
    assert letter.fresh


def test_a_search_by_rules_that_the_directory_does_not_know_is_not_repeated_for_ever() -> None:
    scene = an_offer()
    scene.searches_lag = True
    _changed(scene)

    scene.send("decline_offer", by=CANDIDATE)

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert scene.kinds.count("slots_offered") == 3
