from datetime import timedelta

import pytest

from entrevue.letters import Brief, Improvement
from entrevue.orders import BriefsFound, LookUpBriefs
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import MONDAY, Scene, a_booking, a_no_show, an_exchange, an_offer

DAY = timedelta(hours=24)


def _asked(scene: Scene) -> list[tuple[str, ...]]:
    return [tuple(one.who for one in order.people) for order in scene.asked if isinstance(order, LookUpBriefs)]


def test_what_everybody_has_learned_is_looked_up_a_day_ahead_and_once() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - DAY - timedelta(seconds=1))
    assert _asked(scene) == []
    assert scene.next is not None
    assert scene.next <= scene.start_of_booking - DAY

    scene.wait_until(scene.start_of_booking - DAY)
    assert _asked(scene) == [(CANDIDATE, "i1", "i2")]
    assert set(scene.interview.briefs) == {CANDIDATE, "i1", "i2"}

    scene.wait_until(scene.start_of_booking)
    assert len(_asked(scene)) == 1


def test_people_are_asked_for_by_what_they_are_across_interviews() -> None:
    scene = a_booking(candidate={"name": "Ada Summer", "email": "ada@example.org", "id": "c42"})
    scene.wait_until(scene.start_of_booking - DAY)

    (order,) = [order for order in scene.asked if isinstance(order, LookUpBriefs)]

    assert [one.subject for one in order.people] == ["candidate/c42", "interviewer/grace", "interviewer/linus"]


def test_of_a_booking_on_the_same_day_it_is_looked_up_at_once() -> None:
    scene = an_offer()

    scene.send("book_slot", by="coordinator", start=scene.now + timedelta(hours=5))

    assert _asked(scene) == [(CANDIDATE, "i1", "i2")]


def test_nothing_is_looked_up_before_the_directory_has_answered() -> None:
    scene = Scene.opened()
    scene.withheld = {"look_up_people"}
    scene.run()
    refused = scene.refuses("book_slot", by="coordinator", start=MONDAY + timedelta(hours=5))
    assert refused.code is Code.INVALID_STATE
    scene.wait(days=1)
    assert list(scene.in_flight) == ["directory"]

    scene.withheld = set()
    scene.run()
    assert _asked(scene) == []
    scene.send("book_slot", by="coordinator", start=scene.now + timedelta(hours=5))

    assert _asked(scene) == [(CANDIDATE, "i1", "i2")]


def test_who_joins_the_panel_late_gets_theirs_alone() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=2))

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    (joiner,) = {one.who for one in scene.interview.people.members} - {CANDIDATE, "i1"}
    assert _asked(scene) == [(CANDIDATE, "i1", "i2"), (joiner,)]
    assert set(scene.interview.briefs) >= {CANDIDATE, "i1", joiner}


def test_practice_has_no_brief() -> None:
    scene = a_booking(practice=True)

    scene.wait_until(scene.start_of_booking)

    assert _asked(scene) == []


def test_while_it_is_on_hold_nothing_is_looked_up_and_when_it_goes_on_it_is() -> None:
    scene = a_booking()
    scene.send("put_on_hold", by="coordinator")
    scene.wait_until(scene.start_of_booking - timedelta(hours=3))
    assert _asked(scene) == []

    scene.send("resume", by="coordinator")

    assert _asked(scene) == [(CANDIDATE, "i1", "i2")]


@pytest.mark.parametrize("ended", ["cancel", "withdraw"])
def test_a_look_up_is_withdrawn_when_the_interview_ends(ended: str) -> None:
    scene = a_booking()
    scene.withheld = {"look_up_briefs"}
    scene.wait_until(scene.start_of_booking - timedelta(hours=3))
    assert scene.in_flight["briefs"].kind == "look_up_briefs"

    scene.send(ended, by="coordinator", reason="the role is filled")

    assert "briefs" not in scene.in_flight
    scene.wait(days=9)  # until a candidate who was let down late can say no more how it was
    scene.over()


def test_once_the_session_has_begun_or_nobody_came_nothing_is_looked_up_any_more() -> None:
    begun, missed = a_booking(), a_booking()
    for scene in (begun, missed):
        scene.withheld = {"look_up_briefs"}
        scene.wait_until(scene.start_of_booking + timedelta(minutes=15))
        assert "briefs" in scene.in_flight

    begun.send("start_session", by="i1")
    missed.send("report_no_show", by="coordinator", party=CANDIDATE)

    assert begun.stands(Status.IN_PROGRESS)
    assert missed.stands(Status.NO_SHOW_REVIEW)
    assert not [scene for scene in (begun, missed) if "briefs" in scene.in_flight]


def test_another_time_has_briefs_of_its_own() -> None:
    scene = a_no_show()
    scene.wait(days=4)
    assert len(_asked(scene)) == 1

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    scene.wait_until(scene.start_of_booking)

    assert _asked(scene) == [(CANDIDATE, "i1", "i2")] * 2


def test_a_time_that_is_kept_while_another_is_looked_for_has_its_briefs() -> None:
    scene = an_exchange()

    scene.wait_until(scene.start_of_booking)

    assert _asked(scene) == [(CANDIDATE, "i1", "i2")]


def test_a_late_answer_about_an_earlier_booking_is_not_carried_into_the_next() -> None:
    scene = a_booking()
    scene.withheld = {"look_up_briefs"}
    scene.wait_until(scene.start_of_booking - timedelta(hours=3))
    order = scene.in_flight["briefs"]
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=7))

    assert scene.cause(scene.reply(order)) == []
    assert scene.interview.briefs == {}


def test_who_has_learned_nothing_yet_is_asked_for_once_and_nobody_else_slips_in() -> None:
    scene = a_booking()
    scene.withheld = {"look_up_briefs"}
    scene.wait_until(scene.start_of_booking - DAY)
    order, tried = scene.in_flight["briefs"], Improvement(interview="r6", text="one question at a time")

    scene.answer(
        order, BriefsFound(key=order.key, briefs=(Brief(who="i1", improvement=tried), Brief(who="i7", said=("x",))))
    )
    scene.run()

    assert "briefs" not in scene.in_flight
    assert scene.interview.briefs == {
        CANDIDATE: Brief(who=CANDIDATE),
        "i1": Brief(who="i1", improvement=tried),
        "i2": Brief(who="i2"),
    }


def test_a_look_up_that_takes_long_is_an_operators_until_it_is_there_or_not_wanted_any_more() -> None:
    answered, begun = a_booking(), a_booking()
    for scene in (answered, begun):
        scene.withheld = {"look_up_briefs"}
        scene.wait_until(scene.start_of_booking - timedelta(hours=3))
        scene.give_up("look_up_briefs")
        assert scene.attention == {"LEARNING_BEHIND": "now"}
        assert scene.in_flight["briefs"].kind == "look_up_briefs"  # it is tried on

    answered.withheld = set()
    answered.run()
    assert answered.attention == {}

    begun.wait_until(begun.start_of_booking)
    begun.send("start_session", by="i1")
    assert begun.attention == {}


def test_a_look_up_that_has_come_to_nothing_is_tried_again_when_the_cause_is_mended() -> None:
    scene = a_booking()
    scene.withheld = {"look_up_briefs"}
    scene.wait_until(scene.start_of_booking - timedelta(hours=3))
    scene.give_up("look_up_briefs")
    scene.give_up("look_up_briefs")
    (item,) = scene.attention
    assert item.startswith("ORDER_FAILED:r7/briefs/")
    scene.withheld = set()
    scene.run()
    assert _asked(scene) == []

    scene.send("clear_attention", by="operator", item=item)

    assert _asked(scene) == [(CANDIDATE, "i1", "i2")]
    assert scene.attention == {}
