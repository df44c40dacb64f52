"""Who is told that a calendar is lost, and that it is back: soon enough, and never by the hundred."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.workflows.desk import UID, Desk
from workflows import access
from workflows.access import CONFIRMED, SO_SOON, STEADY, UNAVAILABLE, Access

A_QUARTER = timedelta(minutes=15)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
BEGIN = datetime(2026, 12, 1, 9, tzinfo=UTC)
A_DAY_AT_MOST = 8

Look = Literal["readable", "refused", "unavailable"]


def after(known: Access, look: Look, at: datetime) -> Access:
    match look:
        case "readable":
            return access.readable(known, at)
        case "refused":
            return access.refused(known, "status 403", at)
        case "unavailable":
            return access.unavailable(known, at)


def told(looks: list[tuple[datetime, Look]]) -> list[tuple[datetime, str]]:
    """Give what an interview is told in the course of these looks, and when."""
    states = list(accumulate(looks, lambda known, look: after(known, look[1], look[0]), initial=Access()))
    times = [at for at, _ in looks]
    return [(at, new.told) for at, (old, new) in zip(times, pairwise(states), strict=True) if old.told != new.told]


def every(minutes: int, until: timedelta, *kinds: Look) -> list[tuple[datetime, Look]]:
    """Look that often, and find these by turns."""
    count = until // (minutes * MINUTE) + 1
    return [(BEGIN + n * minutes * MINUTE, kinds[n % len(kinds)]) for n in range(count)]


def flapping(stretch: timedelta, flaps: int) -> list[tuple[datetime, Look]]:
    """Look every ten minutes at a calendar that refuses us and lets us in by turns, for so long each."""
    count = flaps * stretch // (10 * MINUTE)
    times = [n * 10 * MINUTE for n in range(count)]
    return [(BEGIN + time, "refused" if time // stretch % 2 == 0 else "readable") for time in times]


@pytest.mark.parametrize(
    ("looks", "heard"),
    [
        ((("refused", 0), ("refused", 1)), []),
        ((("refused", 0), ("refused", 2)), ["lost"]),
        ((("refused", 0), ("readable", 2), ("refused", 4)), []),
        ((("refused", 0), ("unavailable", 2), ("refused", 4)), []),
        ((("unavailable", 0), ("unavailable", 179)), []),
        ((("unavailable", 0), ("unavailable", 180)), ["lost"]),
        ((("unavailable", 0), ("refused", 60), ("unavailable", 180)), ["lost"]),
        ((("unavailable", 0), ("readable", 100), ("unavailable", 200)), []),
        ((("refused", 0), ("refused", 2), ("readable", 10), ("refused", 12), ("readable", 14)), ["lost"]),
        ((("refused", 0), ("refused", 2), ("readable", 10), ("readable", 12)), ["lost", "readable"]),
    ],
)
def test_trouble_and_its_end_are_told_when_they_have_lasted(
    looks: tuple[tuple[Look, int], ...], heard: list[str]
) -> None:
    assert [what for _, what in told([(BEGIN + minute * MINUTE, look) for look, minute in looks])] == heard


def test_a_calendar_that_lets_us_in_at_every_other_look_is_told_once_at_most() -> None:
    for pace in (3, 10):
        assert told(every(pace, 7 * DAY, "refused", "readable")) == []
        assert [what for _, what in told(every(pace, 7 * DAY, "refused", "refused", "readable"))] == ["lost"]
        assert [what for _, what in told(every(pace, 7 * DAY, "unavailable", "refused"))] == ["lost"]


@pytest.mark.parametrize("minutes", [20, 60, 170])
def test_one_that_comes_and_goes_within_three_hours_stays_lost_from_its_second_loss_on(minutes: int) -> None:
    heard = [what for _, what in told(flapping(minutes * MINUTE, 200))]

    assert heard == ["lost", "readable", "lost"]


@pytest.mark.parametrize("minutes", [190, 240, 400, 720])
def test_one_that_comes_and_goes_more_slowly_is_told_of_a_few_times_a_day(minutes: int) -> None:
    assert _most_a_day(told(flapping(minutes * MINUTE, 200))) <= A_DAY_AT_MOST


def _most_a_day(heard: list[tuple[datetime, str]]) -> int:
    lost = [at for at, what in heard if what == "lost"]
    return max((sum(begin <= at < begin + DAY for at in lost) for begin in lost), default=0)


def test_somebody_who_mends_it_and_asks_for_a_look_is_believed_at_once() -> None:
    lost = access.refused(Access(again=True), "status 401", BEGIN, at_once=True)
    back = access.readable(lost, BEGIN + MINUTE, at_once=True)

    assert (lost.told, back.told) == ("lost", "readable")


@pytest.mark.parametrize(("look", "heard"), [("refused", "lost"), ("readable", "readable")])
def test_after_a_write_that_got_through_the_interview_is_told_anew_how_things_stand(look: Look, heard: str) -> None:
    lost = access.refused(access.refused(Access(), "status 403", BEGIN), "status 403", BEGIN + 2 * MINUTE)
    rewritten = access.written(lost)
    once = after(rewritten, look, BEGIN + HOUR)
    twice = after(once, look, BEGIN + HOUR + CONFIRMED)

    assert [one.told for one in (lost, rewritten, once, twice)] == ["lost", "perhaps_lost", "perhaps_lost", heard]


LOOKS: st.SearchStrategy[Look] = st.sampled_from(("readable", "refused", "unavailable"))
STRETCHES = st.lists(st.tuples(LOOKS, st.integers(min_value=1, max_value=80)), max_size=30)


@settings(max_examples=60)
@given(STRETCHES, LOOKS)
def test_whatever_a_calendar_does_its_interview_hears_of_few_losses_and_in_the_end_the_truth(
    stretches: list[tuple[Look, int]], last: Look
) -> None:
    looks: list[Look] = [look for look, times in stretches for _ in range(times)]
    looks += [last] * (1 + STEADY // (10 * MINUTE))
    heard = told([(BEGIN + n * 10 * MINUTE, look) for n, look in enumerate(looks)])

    assert all(before != now for (_, before), (_, now) in pairwise(heard))
    assert _most_a_day(heard) <= A_DAY_AT_MOST
    believed = heard[-1][1] if heard else "readable"
    assert believed == ("readable" if last == "readable" else "lost")


def test_the_bound_follows_from_the_two_durations() -> None:
    assert SO_SOON >= STEADY == UNAVAILABLE
    assert DAY // STEADY == A_DAY_AT_MOST


# --- with the watcher's own looks -------------------------------------------------------------------------------------


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


async def test_what_happens_while_the_calendar_is_down_is_told_when_it_is_back(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.down = True
    await desk.forward(2 * HOUR)
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    silence = desk.told()
    desk.calendar.down = False
    await desk.forward(A_QUARTER)

    assert silence == []
    assert desk.told() == ["calendar_event_changed"]


async def test_a_calendar_that_refuses_us_twice_is_lost_to_each_interview_until_it_is_back(desk: Desk) -> None:
    for uid in (UID, "r8.p1"):
        await desk.write(uid)
    await desk.look()
    desk.calendar.refused = "status 403"
    await desk.forward(A_QUARTER + 2 * HOUR)
    lost = list(desk.interviews.heard)
    desk.calendar.refused = None
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.forward(A_QUARTER)
    back = desk.interviews.heard[len(lost) :]

    assert sorted((interview, fact) for interview, fact, _ in lost) == [
        ("r7", "calendar_access_lost"),
        ("r8", "calendar_access_lost"),
    ]
    assert {fact["because"] for _, _, fact in lost} == {"status 403"}
    assert sorted((interview, fact) for interview, fact, _ in back) == [
        ("r7", "calendar_access_restored"),
        ("r7", "calendar_event_changed"),
        ("r8", "calendar_access_restored"),
    ]


async def test_a_calendar_that_refuses_us_once_is_not_lost(desk: Desk) -> None:
    await desk.write(look_at=(5 * MINUTE,))
    desk.calendar.refused = "status 401"
    await desk.forward(6 * MINUTE)
    desk.calendar.refused = None
    await desk.forward(HOUR)

    assert desk.told() == []


async def test_a_calendar_that_is_down_for_hours_is_lost_to_each_interview_until_it_is_back(desk: Desk) -> None:
    for uid in (UID, "r8.p1"):
        await desk.write(uid)
    await desk.look()
    desk.calendar.down = True
    await desk.forward(3 * HOUR)
    silence = desk.told()
    await desk.forward(20 * HOUR)
    lost = list(desk.interviews.heard)
    desk.calendar.down = False
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.forward(A_QUARTER)
    back = desk.interviews.heard[len(lost) :]

    assert silence == []
    assert [(interview, fact) for interview, fact, _ in lost] == [
        ("r7", "calendar_access_lost"),
        ("r8", "calendar_access_lost"),
    ]
    assert {fact["because"] for _, _, fact in lost} == {"unavailable"}
    assert sorted((interview, fact) for interview, fact, _ in back) == [
        ("r7", "calendar_access_restored"),
        ("r7", "calendar_event_changed"),
        ("r8", "calendar_access_restored"),
    ]


async def test_a_calendar_that_is_down_is_tried_at_the_usual_pace_also_when_it_is_lost(desk: Desk) -> None:
    await desk.write(ahead=timedelta(hours=40))
    desk.calendar.down = True
    await desk.forward(4 * HOUR)
    desk.calendar.asked.clear()
    await desk.forward(HOUR)

    assert desk.told() == ["calendar_access_lost"]
    assert len(desk.calendar.asked) in range(20, 24)


async def test_a_calendar_that_comes_and_goes_two_hundred_times_is_told_of_three_times(desk: Desk) -> None:
    await desk.write(ahead=timedelta(days=30))
    for n in range(200):
        desk.calendar.refused = None if n % 2 else "status 403"
        await desk.forward(20 * MINUTE)

    assert desk.told() == ["calendar_access_lost", "calendar_access_restored", "calendar_access_lost"]
    assert len({fact["source_id"] for _, _, fact in desk.interviews.heard}) == 3


async def test_a_loss_that_outlasts_our_own_write_is_told_again_since_the_write_seemed_to_end_it(desk: Desk) -> None:
    await desk.write()
    desk.calendar.refused = "status 403"
    await desk.forward(A_QUARTER)
    await desk.write(sequence=1)
    await desk.forward(A_QUARTER)

    assert desk.told() == ["calendar_access_lost", "calendar_access_lost"]
    assert len({fact["source_id"] for _, _, fact in desk.interviews.heard}) == 2


async def test_a_refused_look_confirms_no_suspicion(desk: Desk) -> None:
    await desk.write(look_at=(5 * MINUTE,))
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.forward(5 * MINUTE)
    desk.calendar.refused = "status 403"
    await desk.forward(HOUR)

    assert desk.told() == ["calendar_access_lost"]


async def test_an_event_that_cannot_be_read_hides_no_other(desk: Desk) -> None:
    for uid in (UID, "r8.p1"):
        await desk.write(uid)
    await desk.look()
    desk.calendar.unreadable.add(UID)
    for uid in (UID, "r8.p1"):
        desk.calendar.move(desk.person, uid, desk.now + timedelta(days=6))
    await desk.forward(A_QUARTER)

    assert sorted((interview, fact) for interview, fact, _ in desk.interviews.heard) == [
        ("r7", "calendar_access_lost"),
        ("r8", "calendar_event_changed"),
    ]


async def test_an_event_that_could_not_be_read_once_is_read_again(desk: Desk) -> None:
    await desk.write(look_at=(5 * MINUTE,))
    desk.calendar.unreadable.add(UID)
    await desk.forward(6 * MINUTE)
    desk.calendar.unreadable.clear()
    await desk.forward(HOUR)

    assert desk.told() == []


async def test_an_event_that_could_be_read_once_is_not_back(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.rename(desk.person, UID, "bring coffee")
    desk.calendar.unreadable.add(UID)
    await desk.forward(A_QUARTER)
    desk.calendar.unreadable.clear()
    desk.calendar.asked.clear()
    while "read" not in desk.calendar.asked:
        await desk.forward(MINUTE)
    desk.calendar.unreadable.add(UID)
    await desk.forward(HOUR)

    assert desk.told() == ["calendar_access_lost"]


async def test_a_single_look_that_fails_makes_nobody_wait_longer_than_a_quarter_of_an_hour(desk: Desk) -> None:
    await desk.write(look_at=(MINUTE,))
    await desk.forward(MINUTE)
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    desk.calendar.down = True
    await desk.forward(10 * MINUTE)
    desk.calendar.down = False
    await desk.forward(5 * MINUTE)

    assert desk.told() == ["calendar_event_changed"]
