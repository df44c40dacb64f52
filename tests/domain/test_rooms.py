from datetime import timedelta

import pytest

from entrevue.letters import Invitation
from entrevue.orders import MakeRoom
from entrevue.values import CANDIDATE
from tests.domain.scenes import MONDAY, Scene

ROOM = "https://meet.example/r7"
KEY = "r7/room/meet/1.1"
MISSING = {"ROOM_MISSING": "now"}


def _at_meet(*, withheld: bool = False, **changes: object) -> Scene:
    """The directory has answered: rooms are given by Google Meet, and nothing has been offered to the candidate."""
    scene = Scene.opened(**changes)
    scene.room, scene.rooms = None, "meet"
    if withheld:
        scene.withheld.add("make_room")
    scene.run()
    return scene


def _booked(*, withheld: bool = False, **changes: object) -> Scene:
    scene = _at_meet(withheld=withheld, **changes)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    return scene


def _answers(scene: Scene) -> None:
    """Whoever gives rooms is there again."""
    scene.withheld.discard("make_room")
    scene.run()


def _asked_for(scene: Scene) -> list[MakeRoom]:
    return [order for order in scene.asked if isinstance(order, MakeRoom)]


def _invitation(scene: Scene, to: str) -> Invitation:
    letter = scene.newest("invitation", to).order.letter
    assert isinstance(letter, Invitation)
    return letter


def _places(scene: Scene) -> set[str | None]:
    mailed = {_invitation(scene, to).event.location for to in (CANDIDATE, "i2")}
    return mailed | {event.location for event in scene.calendars.values()}


def test_one_room_is_asked_for_and_it_is_where_everybody_is_told_to_come() -> None:
    scene = _booked()

    assert [(one.key, one.rooms, one.at) for one in _asked_for(scene)] == [(KEY, "meet", MONDAY + timedelta(days=60))]
    assert _places(scene) == {ROOM}
    assert scene.view(CANDIDATE).location == ROOM
    assert scene.kinds.count("room_given") == 1


@pytest.mark.parametrize(
    ("key", "place"), [("conference_link", "https://video.example/9"), ("location", "Hauptstraße 1, Berlin")]
)
def test_an_interview_that_brings_its_own_place_needs_no_room(key: str, place: str) -> None:
    changes: dict[str, object] = {key: place}
    scene = _booked(withheld=False, **changes)

    assert _asked_for(scene) == []
    assert _places(scene) == {place}


def test_a_template_needs_nobody_who_gives_rooms() -> None:
    scene = Scene.opened()
    scene.run()

    assert _asked_for(scene) == []


def test_a_room_that_is_not_there_yet_holds_nothing_up() -> None:
    scene = _booked(withheld=True)

    assert scene.letters(CANDIDATE) == ["offer", "invitation"]
    assert _places(scene) == {None}
    assert scene.attention == {}


def test_an_operator_hears_of_a_room_that_cannot_be_made_and_it_is_asked_for_on() -> None:
    scene = _booked(withheld=True)
    scene.give_up("make_room")

    assert scene.attention == MISSING
    assert scene.owed == [KEY]
    assert [one.owner for one in scene.interview.attention] == ["operator"]


def test_once_it_can_be_made_everybody_hears_where_to_come_and_nobody_is_asked_for_an_answer_anew() -> None:
    scene = _booked(withheld=True)
    scene.send("respond_to_seat", by="i1", answer="accepted")
    scene.give_up("make_room")
    _answers(scene)

    assert scene.attention == {}
    assert _places(scene) == {ROOM}
    assert [_invitation(scene, to).event.sequence for to in (CANDIDATE, "i2")] == [1, 1]
    assert _invitation(scene, CANDIDATE).changed
    assert _invitation(scene, CANDIDATE).place_is_new
    assert scene.letters("i1") == ["invitation"]
    assert scene.interview.people.seat_of("i1").answer == "accepted"
    assert scene.interview.scheduling.revision == _booked().interview.scheduling.revision


def test_when_the_panel_changes_afterwards_it_is_the_people_who_are_new() -> None:
    scene = _booked(withheld=True)
    _answers(scene)
    scene.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")

    assert not _invitation(scene, CANDIDATE).place_is_new
    assert _invitation(scene, CANDIDATE).changed


def test_a_room_that_comes_before_a_time_is_booked_is_no_version_of_anything() -> None:
    scene = _at_meet(withheld=True)
    _answers(scene)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    assert scene.shown == 0
    assert scene.letters(CANDIDATE) == ["offer", "invitation"]


def test_the_room_stays_when_the_interview_is_moved_and_whoever_gives_rooms_is_not_asked_again() -> None:
    scene = _booked()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=1), reason="a clash")

    assert _places(scene) == {ROOM}
    assert len(_asked_for(scene)) == 1


def test_a_room_that_was_given_stays_when_the_directory_says_otherwise_later() -> None:
    scene = _booked()
    scene.room, scene.rooms = "https://meet.acme.example/r7", None
    scene.send("update_contact", by="coordinator", zone="Europe/Berlin")

    assert scene.view(CANDIDATE).location == ROOM


def test_a_template_that_is_entered_where_a_room_is_missing_is_taken_once_somebody_says_so() -> None:
    scene = _booked(withheld=True)
    scene.give_up("make_room")
    scene.room, scene.rooms = "https://meet.acme.example/r7", None
    scene.send("clear_attention", by="operator", item="ROOM_MISSING")

    assert scene.attention == {}
    assert _places(scene) == {"https://meet.acme.example/r7"}
    assert scene.owed == []


def test_where_another_gives_rooms_now_it_is_asked_instead() -> None:
    scene = _at_meet(withheld=True)
    scene.give_up("make_room")
    scene.rooms = "teams"
    scene.send("clear_attention", by="operator", item="ROOM_MISSING")
    _answers(scene)

    assert [one.rooms for one in _asked_for(scene)] == ["teams"]
    assert scene.view(CANDIDATE).location == "https://teams.example/r7"


def test_a_room_that_comes_twice_or_too_late_changes_nothing() -> None:
    scene = _booked(withheld=True)
    order = next(order for order in scene.in_flight.values() if isinstance(order, MakeRoom))
    answer = scene.reply(order)

    assert scene.answer(order, answer) == ["room_given"]
    assert scene.answer(order, answer) == []

    late = _booked(withheld=True)
    late.send("cancel", by="coordinator", reason="the position is filled")

    assert late.cause(answer) == []
    late.over()


def test_an_interview_that_has_begun_needs_no_room_any_more() -> None:
    scene = _booked(withheld=True)
    scene.give_up("make_room")
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")

    assert "ROOM_MISSING" not in scene.attention
    assert KEY not in scene.owed
