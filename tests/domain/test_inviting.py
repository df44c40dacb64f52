"""Whose calendar we begin to write, or write no longer: they have the event once, and it stays the one they know."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from entrevue.letters import CalendarNotice, Cancellation, Invitation
from entrevue.values import CANDIDATE, CalendarEvent, Refused, Status
from tests.domain.scenes import PANEL, Scene, a_booking

GOOGLE = "@google.com"


def _their_events(scene: Scene, who: str) -> dict[str, int]:
    """What this person has, by UID with its version: in the calendar that we write, and by each letter they got.

    Their program keeps one event a UID, wherever it heard of it.
    """
    member, there = scene.interview.people[who], scene.calendars.get(who)
    mine: dict[str, int] = {}
    if there is not None:
        mine[there.uid + scene.named.get(member.person or "", "")] = there.sequence
    for sent in scene.mailbox:
        match sent.order.letter:
            case Invitation(imip=True, event=event) if sent.to == who:
                uid = event.ical_uid or event.uid
                mine[uid] = max(event.sequence, mine.get(uid, 0))
            case Cancellation(imip=True, event=event) | CalendarNotice(event=CalendarEvent() as event) if (
                sent.to == who
            ):
                uid = event.ical_uid or event.uid
                if mine.get(uid, 0) <= event.sequence:
                    mine.pop(uid, None)
            case _:
                pass
    return mine


def _moved(scene: Scene) -> None:
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=1), reason="a clash")


def _a_day_later(scene: Scene) -> datetime:
    """Give another time, also where it was called off."""
    shown = scene.interview.scheduling.shown
    assert shown is not None
    return shown.slot.start + timedelta(days=1)


def _booked(*named: str) -> Scene:
    """Grace's calendar is written, Linus is invited by mail."""
    scene = Scene.opened()
    scene.named = dict.fromkeys(named, GOOGLE)
    scene.run()
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    return scene


# --- from mail to the calendar ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [(), ("linus",)], ids=["CalDAV", "Google"])
def test_whose_calendar_is_written_from_now_on_has_the_event_there_and_no_longer_by_mail(named: tuple[str]) -> None:
    scene = _booked(*named)
    assert _their_events(scene, "i2") == {"r7.p1": 0}
    scene.directory_says("linus", written=True)

    assert list(_their_events(scene, "i2")) == ["r7.p2" + "".join(scene.named.values())]
    assert scene.letters("i2") == ["invitation", "calendar_notice"]
    notice = scene.newest("calendar_notice", "i2").order.letter
    assert isinstance(notice, CalendarNotice)
    assert notice.what == "written"
    assert notice.event is not None
    assert (notice.event.uid, notice.event.sequence, notice.event.cancelled) == ("r7.p1", 1, True)


def test_it_is_told_once_and_what_comes_after_comes_by_the_calendar_alone() -> None:
    scene = _booked()
    scene.directory_says("linus", written=True)
    _moved(scene)
    scene.directory_says("linus", written=True)

    assert _their_events(scene, "i2") == {"r7.p2": 1}
    assert scene.letters("i2").count("calendar_notice") == 1
    moved = scene.newest("invitation", "i2").order.letter
    assert isinstance(moved, Invitation)
    assert not moved.imip


def test_until_the_calendar_is_written_the_event_that_came_by_mail_stays() -> None:
    scene = _booked()
    scene.withheld.add("write_event")
    scene.directory_says("linus", written=True)
    assert _their_events(scene, "i2") == {"r7.p1": 0}

    scene.withheld.discard("write_event")
    scene.run()
    assert _their_events(scene, "i2") == {"r7.p2": 0}


def test_a_move_while_that_notice_is_on_its_way_leaves_one_event_too() -> None:
    scene = _booked()
    scene.withheld.add("send_letter")
    scene.directory_says("linus", written=True)
    _moved(scene)
    scene.withheld.discard("send_letter")
    scene.run()

    assert _their_events(scene, "i2") == {"r7.p2": 1}
    assert scene.letters("i2").count("calendar_notice") == 1


def test_what_is_called_off_before_the_calendar_could_be_written_is_taken_out_by_mail() -> None:
    scene = _booked()
    scene.withheld.add("write_event")
    scene.directory_says("linus", written=True)
    scene.send("cancel", by="coordinator", reason="the position is filled")

    assert _their_events(scene, "i2") == {}
    assert scene.letters("i2") == ["invitation", "cancellation"]


def test_an_invitation_that_is_on_its_way_meanwhile_is_the_same_when_it_is_tried_again() -> None:
    scene = Scene.opened()
    scene.run()
    scene.withheld.add("send_letter")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.directory_says("linus", written=True)
    scene.wait(minutes=1)
    scene.give_up("send_letter")
    scene.withheld.discard("send_letter")
    scene.run()

    sent = [one.order for one in (*scene.mailbox,) if one.to == "i2" and one.kind == "invitation"]
    begun = [order for order in scene.started if order.to.who == "i2" and order.letter.kind == "invitation"]
    assert {order.letter.model_dump_json(include={"event", "imip"}) for order in (*sent, *begun)} == {
        begun[0].letter.model_dump_json(include={"event", "imip"})
    }
    assert _their_events(scene, "i2") == {"r7.p2": 0}


# --- from the calendar to mail ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("named", "uid"), [((), "r7.p1"), (("grace",), "r7.p1@google.com")], ids=["CalDAV", "Google"])
def test_whose_calendar_is_written_no_longer_keeps_the_event_and_mail_changes_that_very_one(
    named: tuple[str], uid: str
) -> None:
    scene = _booked(*named)
    scene.directory_says("grace", written=False)
    assert _their_events(scene, "i1") == {uid: 0}

    _moved(scene)
    assert _their_events(scene, "i1") == {uid: 1}
    moved = scene.newest("invitation", "i1").order.letter
    assert isinstance(moved, Invitation)
    assert moved.imip

    scene.send("cancel", by="coordinator", reason="the position is filled")
    last = scene.newest("cancellation", "i1").order.letter
    assert isinstance(last, Cancellation)
    assert (last.imip, last.event.ical_uid or last.event.uid, last.event.sequence) == (True, uid, 2)


def test_whose_calendar_could_never_be_written_is_invited_by_mail_once_the_directory_says_so() -> None:
    scene = Scene.opened()
    scene.run()
    scene.withheld.add("write_event")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.give_up("write_event")
    scene.wait(minutes=30)
    assert scene.letters("i1") == ["invitation"]
    scene.directory_says("grace", written=False)

    assert scene.letters("i1") == ["invitation", "invitation"]
    assert _their_events(scene, "i1") == {"r7.p1": 0}
    assert scene.attention == {}


@pytest.mark.parametrize("named", [(), ("grace",)], ids=["CalDAV", "Google"])
def test_a_move_that_could_not_be_written_any_more_comes_by_mail_to_the_event_that_stands(
    named: tuple[str, ...],
) -> None:
    scene = _booked(*named)
    scene.withheld.add("write_event")
    _moved(scene)
    scene.give_up("write_event")
    scene.directory_says("grace", written=False)

    moved = scene.newest("invitation", "i1").order.letter
    assert isinstance(moved, Invitation)
    assert moved.moved_from is not None
    assert _their_events(scene, "i1") == {"r7.p1" + "".join(scene.named.values()): 1}
    scene.directory_says("grace", written=False)
    assert scene.letters("i1") == ["invitation", "invitation", "invitation"]


@pytest.mark.parametrize("named", [(), ("grace",)], ids=["CalDAV", "Google"])
def test_what_was_called_off_and_could_not_be_taken_out_any_more_is_taken_out_by_mail(named: tuple[str, ...]) -> None:
    scene = _booked(*named)
    scene.withheld.add("remove_event")
    scene.send("request_reschedule", by="coordinator", mode="vacate", reason="the office is closed")
    scene.give_up("remove_event")
    scene.directory_says("grace", written=False)

    assert _their_events(scene, "i1") == {}
    scene.directory_says("grace", written=False)
    assert scene.letters("i1") == ["invitation", "cancellation", "cancellation"]
    assert scene.attention == {}


@pytest.mark.parametrize("lost", [False, True], ids=["CALENDAR_BEHIND", "CALENDAR_LOST:i1"])
def test_an_operator_who_has_entered_that_a_calendar_is_not_written_says_so_and_mail_goes_on(*, lost: bool) -> None:
    scene = _booked()
    if lost:
        scene.tell("calendar_access_lost", whom="i1", because="share the calendar with us again")
    else:
        scene.withheld.add("write_event")
        _moved(scene)
        scene.give_up("write_event")
    (item,) = scene.interview.attention
    scene.written["grace"] = False
    scene.send("clear_attention", by="operator", item=item.id)
    _moved(scene)

    assert "clear_attention" in item.clears
    assert scene.attention == {}
    assert _their_events(scene, "i1") == {"r7.p1": scene.shown}


def test_what_is_seen_in_a_calendar_that_is_not_ours_to_write_any_more_changes_nothing() -> None:
    scene = _booked()
    scene.tell("calendar_access_lost", whom="i1", because="share the calendar with us again")
    scene.directory_says("grace", written=False)

    assert scene.attention == {}
    assert scene.deletes("i1") == []
    assert scene.tell("calendar_access_lost", whom="i1", because="gone") == []
    assert scene.view("i1").people[1].calendar is None


def test_a_calendar_that_was_lost_is_not_lost_any_more_when_it_is_written_again_later() -> None:
    scene = _booked()
    scene.tell("calendar_access_lost", whom="i1", because="share the calendar with us again")
    scene.directory_says("grace", written=False)
    scene.tell("calendar_access_restored", whom="i1")  # there is none, as far as the watcher can see
    scene.directory_says("grace", written=True)

    assert scene.attention == {}


# --- there and back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [(), ("grace", "linus")], ids=["CalDAV", "Google"])
@pytest.mark.parametrize("whom", ["grace", "linus"])
def test_however_often_the_directory_changes_its_mind_everybody_has_one_event_of_the_newest_version(
    whom: str, named: tuple[str, ...]
) -> None:
    scene, who = _booked(*named), {"grace": "i1", "linus": "i2"}[whom]
    written = whom == "grace"
    for n in range(1, 6):
        written = not written
        scene.directory_says(whom, written=written)
        if n % 2:
            _moved(scene)

        shown = scene.interview.scheduling.shown
        assert shown is not None
        assert list(_their_events(scene, who).values()) == [shown.sequence]


HAPPENS = (
    "directory says otherwise",
    "moved",
    "replaced",
    "vacated",
    "calendar down",
    "mail down",
    "deleted",
    "hours pass",
)


@settings(max_examples=25, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    st.lists(st.tuples(st.sampled_from(HAPPENS), st.sampled_from(("grace", "linus"))), min_size=4, max_size=14),
    st.sampled_from(((), ("grace", "linus", "edsger"))),
)
def test_whatever_happens_to_the_directory_the_time_and_the_panel_nobody_has_two_events(
    happening: list[tuple[str, str]], named: tuple[str, ...]
) -> None:
    scene = _booked(*named)
    for what, person in happening:
        who = {"grace": "i1", "linus": "i2"}[person]
        match what:
            case "directory says otherwise":
                scene.directory_says(person, written=not scene.written.get(person, PANEL[person][1]))
            case "moved":
                with suppress(Refused):  # another change is under way
                    scene.send("reschedule", by="coordinator", start=_a_day_later(scene), reason="a clash")
            case "vacated":
                with suppress(Refused):
                    scene.send("request_reschedule", by="coordinator", mode="vacate", reason="the office is closed")
            case "replaced":
                sits = any(one.person == person for one in scene.interview.people.members)
                stands_in = {"grace": "edsger", "linus": "barbara"}[person]
                leaves, comes = (person, stands_in) if sits else (stands_in, person)
                seat = next(one.who for one in scene.interview.people.members if one.person == leaves)
                with suppress(Refused):
                    scene.send("replace_interviewer", by="coordinator", whom=seat, person=comes)
            case "calendar down":
                scene.withheld ^= {"write_event", "remove_event"}
            case "mail down":
                scene.withheld ^= {"send_letter"}
            case "deleted" if who in scene.calendars and scene.interview.writes(who):
                scene.deletes(who)
            case _:
                scene.wait(hours=5)
    scene.withheld = set()
    scene.wait(hours=14)  # past the night

    shown = scene.interview.scheduling.shown
    assert shown is not None
    if shown.cancelled:
        assert [_their_events(scene, member.who) for member in scene.interview.people.members] == [{}, {}, {}]
    if scene.interview.status is Status.SCHEDULED and scene.now < shown.slot.start:
        for member in scene.interview.people.members:
            taken_out = scene.interview.drift.is_out(member.who, shown) and member.has_calendar
            has = list(_their_events(scene, member.who).values())
            assert has == ([] if taken_out else [shown.sequence]), member.who
        for member in scene.interview.people.left:  # one letter takes out one event
            changes = happening.count((HAPPENS[0], member.person or ""))
            assert len(_their_events(scene, member.who)) <= max(0, changes - 1), member.who


def test_who_comes_back_to_the_panel_with_a_calendar_is_not_written_under_what_was_called_off_by_mail() -> None:
    scene = _booked()
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert _their_events(scene, "i2") == {}
    scene.written["linus"] = True
    scene.send("add_seat", by="coordinator", role="OPTIONAL", person="linus")

    assert _their_events(scene, "i2") == {"r7.p2": 2}


def test_nobody_else_gets_a_notice_or_another_uid() -> None:
    scene = a_booking()
    _moved(scene)

    assert "calendar_notice" not in {sent.kind for sent in scene.mailbox}
    assert {event.uid for event in scene.calendars.values()} == {"r7.p1"}
