"""Who is told that a calendar is lost, and that it is back: soon enough, and never by the hundred."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows import access
from workflows.access import CONFIRMED, SO_SOON, STEADY, UNAVAILABLE, Access

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
