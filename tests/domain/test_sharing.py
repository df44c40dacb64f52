"""Two or three interviews of one process, their clocks moved in step: what the candidate gets of all of them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from entrevue.letters import DayReminder, FormReminder, FormRequest, HourReminder, Line, Sibling
from entrevue.orders import BriefsFound, LookUpBriefs
from entrevue.sharing import Shared, found
from entrevue.values import CANDIDATE, Slot, Status
from tests.domain.scenes import MONDAY, Scene, Sent, candidate_form, no_slots

HOUR = timedelta(hours=1)
TEN = MONDAY + timedelta(days=7)
"""Ten in the morning where the candidate lives, a week ahead."""


class Day:
    """Interviews of one process; the nth is `r{n}`."""

    def __init__(self, *starts: datetime, **changes: object) -> None:
        self.scenes: list[Scene] = []
        for start in starts:
            self.add(start, **changes)

    def add(self, start: datetime, **changes: object) -> Scene:
        n = len(self.scenes) + 1
        scene = no_slots(id=f"r{n}", **{"process_id": "p4", **changes})
        scene.wait_until(self.now)
        scene.send("book_slot", by="coordinator", start=start)
        self.scenes.append(scene)
        for one in self.scenes:
            one.peers = [peer for peer in self.scenes if peer is not one]
        return scene

    @property
    def now(self) -> datetime:
        return max((scene.now for scene in self.scenes), default=MONDAY)

    def wait_until(self, at: datetime) -> None:
        while True:
            due = min([at, *(one for scene in self.scenes if (one := scene.next) is not None)])
            for scene in self.scenes:
                scene.wait_until(due)
            if due >= at:
                return

    def got(self, kind: str) -> list[Sent]:
        """The candidate's letters of this kind, in the order in which they left."""
        letters = (sent for scene in self.scenes for sent in scene.mailbox if (sent.kind, sent.to) == (kind, CANDIDATE))
        return sorted(letters, key=lambda sent: sent.at)

    def told(self, kind: str) -> list[tuple[str, tuple[str, ...]]]:
        """Of each such letter, which interview has sent it and which others it names."""
        return [(sent.order.interview, tuple(one.interview for one in named(sent))) for sent in self.got(kind)]


def named(sent: Sent) -> tuple[Sibling, ...]:
    letter = sent.order.letter
    assert isinstance(letter, DayReminder | HourReminder | FormRequest | FormReminder)
    return letter.siblings


def asked(scene: Scene) -> list[str]:
    """Before which letters the others were looked at."""
    return [one.key.split("/")[2] for one in scene.asked if isinstance(one, LookUpBriefs) and one.day is not None]


# --- one letter for the day ------------------------------------------------------------------------------------------


def test_two_interviews_of_a_day_are_reminded_of_by_one_letter_a_day_and_an_hour_ahead() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + 3 * HOUR)

    assert day.told("day_reminder") == [("r1", ("r2",))]
    assert day.told("hour_reminder") == [("r1", ("r2",))]
    (letter,) = day.got("hour_reminder")
    (sibling,) = named(letter)
    assert sibling.slot.start == TEN + 2 * HOUR
    assert sibling.with_names == ("Grace Winter", "Linus Frost")
    assert sibling.location == day.scenes[1].view(CANDIDATE).location


def test_forms_are_asked_for_once_after_the_last_and_reminded_of_once() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + timedelta(days=6))

    assert day.told("form_request") == [("r2", ("r1",))]
    assert day.got("form_request")[0].at == TEN + 2 * HOUR + timedelta(minutes=40)
    assert day.told("form_reminder") == [("r2", ("r1",))]


def test_of_three_the_first_tells_of_all_and_the_last_asks_for_all() -> None:
    day = Day(TEN, TEN + HOUR, TEN + 4 * HOUR)
    day.wait_until(TEN + timedelta(days=6))

    assert day.told("day_reminder") == [("r1", ("r2", "r3"))]
    assert day.told("hour_reminder") == [("r1", ("r2", "r3"))]
    assert day.told("form_request") == [("r3", ("r1", "r2"))]
    assert day.told("form_reminder") == [("r3", ("r1", "r2"))]


def test_after_a_long_gap_the_candidate_is_reminded_anew() -> None:
    day = Day(TEN, TEN + 4 * HOUR)
    day.wait_until(TEN + 5 * HOUR)

    assert day.told("day_reminder") == [("r1", ("r2",))]
    assert day.told("hour_reminder") == [("r1", ()), ("r2", ())]


def test_interviewers_are_reminded_of_each() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + 3 * HOUR)

    assert [scene.letters("i1").count("hour_reminder") for scene in day.scenes] == [1, 1]
    assert [scene.letters("i1").count("form_request") for scene in day.scenes] == [1, 1]


@pytest.mark.parametrize(
    "second",
    [
        {"process_id": "p5"},
        {"process_id": None},
        {"candidate": {"name": "Bea Autumn", "email": "bea@example.org"}},
        {"practice": True},
    ],
    ids=["another process", "no process", "another candidate", "practice"],
)
def test_only_interviews_of_one_candidates_process_share(second: dict[str, object]) -> None:
    day = Day(TEN)
    other = day.add(TEN + 2 * HOUR, **second)
    if other.interview.request.process_id != "p4":  # the index would not list it
        for scene in day.scenes:
            scene.peers = []
    day.wait_until(TEN + timedelta(days=6))

    assert len(day.got("day_reminder")) == len(day.got("hour_reminder")) == len(day.got("form_request")) == 2
    assert all(named(sent) == () for sent in day.got("day_reminder"))


def test_interviews_of_two_days_share_nothing() -> None:
    day = Day(TEN + 9 * HOUR, TEN + 18 * HOUR)  # seven in the evening, and four in the morning
    day.wait_until(TEN + timedelta(days=6))

    assert len(day.got("day_reminder")) == len(day.got("hour_reminder")) == len(day.got("form_request")) == 2


# --- what interviewers wrote for the candidate ------------------------------------------------------------------------


def wrote(sent: Sent) -> tuple[list[str], list[list[str]]]:
    """Give what a reminder tells of its own interviewers' lines, and of each other interview's."""
    letter = sent.order.letter
    assert isinstance(letter, DayReminder | HourReminder)
    return [line.text for line in letter.lines], [[line.text for line in one.lines] for one in letter.siblings]


def each_writes(day: Day) -> None:
    for n, scene in enumerate(day.scenes):
        scene.send("share_expectations", by="i1", for_other_side=f"line {n}")


def test_what_the_interviewers_of_each_wrote_is_told_by_the_one_letter_an_hour_ahead() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    each_writes(day)
    day.wait_until(TEN + 3 * HOUR)

    assert [wrote(sent) for sent in day.got("day_reminder")] == [(["line 0"], [[]])]  # a day ahead of the first alone
    assert [wrote(sent) for sent in day.got("hour_reminder")] == [(["line 0"], [["line 1"]])]
    assert named(day.got("hour_reminder")[0])[0].lines == (Line(name="Grace Winter", text="line 1"),)


def test_a_day_ahead_a_letter_that_waited_for_the_morning_tells_what_may_be_read_by_then() -> None:
    day = Day(TEN - 4 * HOUR, TEN - 3 * HOUR)
    each_writes(day)
    day.wait_until(TEN)

    assert wrote(day.got("day_reminder")[0]) == (["line 0"], [["line 1"]])


@pytest.mark.parametrize("before", [None, "line 1"], ids=["the first", "another wording"])
def test_what_is_written_after_the_shared_letter_is_told_by_a_letter_of_its_own(before: str | None) -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    if before is not None:
        day.scenes[1].send("share_expectations", by="i1", for_other_side=before)
    day.wait_until(TEN - HOUR / 2)
    day.scenes[1].send("share_expectations", by="i1", for_other_side="written late")
    day.wait_until(TEN + 3 * HOUR)

    assert [wrote(sent) for sent in day.got("hour_reminder")] == [
        ([], [[before] if before else []]),
        (["written late"], []),
    ]


def test_what_a_letter_has_no_room_for_is_told_by_the_interview_that_it_is_of() -> None:
    lines = tuple(Line(name="Grace Winter", text=f"line {n}") for n in range(12))
    siblings = [Sibling(interview=f"r{n}", slot=Slot(start=TEN + n * HOUR, minutes=40), lines=lines) for n in range(3)]
    told = found("r9/day/hour/1.1", [Shared(sibling=one) for one in siblings]).siblings

    assert [one.lines for one in told] == [lines, lines[:8], ()]


# --- nobody is reminded of what is off, and nothing goes without a reminder -------------------------------------------


def test_an_hour_ahead_nothing_is_said_of_what_was_called_off_since() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN - 5 * HOUR)
    day.scenes[1].send("cancel", by="coordinator", reason="the role is filled")
    day.wait_until(TEN + timedelta(days=2))

    assert day.told("day_reminder") == [("r1", ("r2",))]
    assert day.told("hour_reminder") == [("r1", ())]
    assert day.told("form_request") == [("r1", ())]
    assert day.got("form_request")[0].at == TEN + timedelta(minutes=40)


def test_where_the_first_is_called_off_the_second_has_letters_of_its_own() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN - 5 * HOUR)
    day.scenes[0].send("cancel", by="coordinator", reason="the role is filled")
    day.wait_until(TEN + timedelta(days=2))

    assert day.told("hour_reminder") == [("r2", ())]
    assert day.told("form_request") == [("r2", ())]


def test_where_the_last_is_called_off_after_the_first_the_first_asks_for_its_form_itself() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + HOUR)
    assert day.got("form_request") == []
    day.scenes[1].send("cancel", by="coordinator", reason="the role is filled")
    day.wait_until(TEN + timedelta(days=6))

    (sent,) = (one for one in day.got("form_request") if one.order.interview == "r1")
    assert (sent.reads.day, sent.reads.hour, sent.reads.minute) == (9, 13, 50)
    assert day.told("form_reminder") == [("r1", ())]


def test_what_is_moved_since_it_was_told_of_is_told_of_again() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN - HOUR / 2)
    assert day.told("hour_reminder") == [("r1", ("r2",))]
    day.scenes[1].send("reschedule", by="coordinator", start=TEN + 3 * HOUR, reason="a clash")
    day.wait_until(TEN + 4 * HOUR)

    assert day.told("hour_reminder") == [("r1", ("r2",)), ("r2", ())]


def test_what_is_booked_after_the_first_has_told_of_the_day_has_a_reminder_of_its_own() -> None:
    day = Day(TEN)
    day.wait_until(TEN - 23 * HOUR)
    day.add(TEN + 2 * HOUR)
    day.wait_until(TEN + 3 * HOUR)

    assert [interview for interview, _ in day.told("day_reminder")] == ["r1", "r2"]


def test_a_look_that_fails_delays_nothing_and_each_sends_its_own() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    for scene in day.scenes:
        scene.withheld = {"look_up_briefs"}
    day.wait_until(TEN + 3 * HOUR)

    assert day.told("day_reminder") == [("r1", ()), ("r2", ())]
    assert [sent.at for sent in day.got("day_reminder")] == [TEN - 24 * HOUR, TEN - 22 * HOUR]
    assert [sent.at for sent in day.got("hour_reminder")] == [TEN - HOUR, TEN + HOUR]
    assert [sent.at - TEN for sent in day.got("form_request")] == [timedelta(minutes=45), timedelta(minutes=165)]
    assert all("day" not in scene.in_flight for scene in day.scenes)


def test_what_may_not_have_arrived_has_told_nobody() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    first = day.scenes[0]
    day.wait_until(TEN - 24 * HOUR - timedelta(minutes=1))
    first.dead = {"ada@example.org"}
    day.wait_until(TEN - 21 * HOUR)

    assert [interview for interview, _ in day.told("day_reminder")] == ["r2"]


def test_a_session_that_nobody_came_to_asks_for_no_form_and_the_other_does() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + 2 * HOUR + timedelta(minutes=16))
    day.scenes[1].send("report_no_show", by="coordinator", party=CANDIDATE)
    day.wait_until(TEN + 5 * HOUR)

    assert day.scenes[1].stands(Status.NO_SHOW_REVIEW)
    assert day.told("form_request") == [("r1", ())]


def test_the_reminder_of_a_form_comes_though_the_other_form_is_in() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + 4 * HOUR)
    day.scenes[1].send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    day.wait_until(TEN + timedelta(days=6))

    assert day.told("form_request") == [("r2", ("r1",))]
    assert [interview for interview, _ in day.told("form_reminder")] == ["r1"]


@pytest.mark.parametrize("hours", [range(8, 12), (7, 9), (16, 18), (17, 19), (18, 19)], ids=str)
def test_whatever_the_hour_all_of_a_day_are_reminded_of_and_asked_about(hours: Iterable[int]) -> None:
    """Also where the quiet hours lie between a session and its letter."""
    starts = [TEN + (hour - 10) * HOUR for hour in hours]
    day = Day(*starts)
    day.wait_until(TEN + timedelta(days=6))

    everything = {scene.interview.id for scene in day.scenes}
    for kind in ("day_reminder", "hour_reminder", "form_request", "form_reminder"):
        told = day.told(kind)
        assert {one for interview, others in told for one in (interview, *others)} == everything, kind
    assert len(day.told("form_request")) == len(day.told("form_reminder")) == 1
    assert len(day.told("hour_reminder")) == 1


# --- what it costs ---------------------------------------------------------------------------------------------------


def test_who_is_alone_that_day_is_looked_at_once() -> None:
    day = Day(TEN)
    day.wait_until(TEN + timedelta(days=3))

    assert asked(day.scenes[0]) == ["day"]


def test_who_belongs_to_no_process_or_practises_looks_at_nobody() -> None:
    for changes in ({"process_id": None}, {"practice": True}):
        day = Day(TEN, TEN + 2 * HOUR, **changes)
        day.wait_until(TEN + timedelta(days=3))
        assert [asked(scene) for scene in day.scenes] == [[], []]


def test_of_two_each_looks_before_its_letters_and_when_the_forms_open() -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    day.wait_until(TEN + timedelta(days=6))

    assert [asked(scene) for scene in day.scenes] == [
        ["day", "hour", "form", "after", "again"],
        ["day", "hour", "form"],
    ]


@pytest.mark.parametrize("late", ["twice", "of an earlier booking"])
def test_an_answer_that_comes_late_or_twice_changes_nothing(late: str) -> None:
    day = Day(TEN, TEN + 2 * HOUR)
    scene = day.scenes[0]
    day.wait_until(TEN - 20 * HOUR)
    key = f"r1/day/day/{scene.interview.scheduling.revision}.1"
    if late != "twice":
        scene.send("reschedule", by="coordinator", start=TEN + timedelta(days=2), reason="a clash")
    before = scene.interview.looks

    assert scene.cause(BriefsFound(key=key, covered=("hour_reminder",))) == []
    assert scene.interview.looks == before
