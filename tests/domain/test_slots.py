"""Slots, slot for slot against an oracle that walks minute by minute and asks zoneinfo for the wall time."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrevue.slots import (
    BEARABLE,
    DAY,
    HOUR,
    WELCOME,
    Bottleneck,
    Diary,
    Offsets,
    Search,
    Span,
    Week,
    What,
    choose,
    civil,
    find,
    merged,
    padded,
    shared,
    starts,
    without,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)

# Days on which clocks change (and one on which nothing does), each in UTC.
_DAYS = (
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Australia/Lord_Howe", date(2027, 4, 3)),
    ("Australia/Lord_Howe", date(2027, 10, 2)),
    ("America/Santiago", date(2027, 9, 5)),
    ("Africa/Cairo", date(2027, 4, 29)),
    ("Africa/Cairo", date(2027, 10, 28)),
    ("America/Nuuk", date(2027, 3, 28)),
    ("Antarctica/Troll", date(2027, 3, 28)),
    ("Asia/Kathmandu", date(2027, 6, 1)),
)


def _at(minute: int) -> datetime:
    return _EPOCH + minute * _MINUTE


def _minute(at: datetime) -> int:
    return (at - _EPOCH) // _MINUTE


def _table(zone: str, window: Span) -> Offsets:
    """Look at every minute from a day before the window."""
    found: list[tuple[int, int]] = []
    for minute in range(window[0] - DAY, window[1] + 1):
        offset = (_at(minute).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()) // _MINUTE
        if not found or found[-1][1] != offset:
            found.append((minute, offset))
    return tuple(found)


def _in_hours(minute: int, zone: str, week: Week, days_off: frozenset[date] = frozenset()) -> bool:
    wall = _at(minute).astimezone(ZoneInfo(zone))
    of_day = wall.hour * HOUR + wall.minute
    hours = week[wall.weekday()]
    return wall.date() not in days_off and any(start <= of_day < end for start, end in hours)


# --- intervals -------------------------------------------------------------------------------------------------------

spans = st.lists(st.tuples(st.integers(-40, 120), st.integers(-40, 120)), max_size=8)


def _set(found: list[Span] | tuple[Span, ...]) -> set[int]:
    return {minute for start, end in found for minute in range(start, end)}


def _tidy(found: tuple[Span, ...]) -> bool:
    flat = [edge for span in found for edge in span]
    return all(one < other for one, other in pairwise(flat))


@given(spans)
def test_merging_sorts_joins_and_loses_nothing(some: list[Span]) -> None:
    found = merged(some)

    assert _tidy(found)
    assert _set(found) == _set(some)


@given(spans, spans)
def test_what_is_without_the_other_is_what_a_set_says(some: list[Span], holes: list[Span]) -> None:
    found = without(merged(some), merged(holes))

    assert _tidy(found)
    assert _set(found) == _set(some) - _set(holes)


@given(spans, spans)
def test_what_is_shared_is_what_a_set_says(some: list[Span], others: list[Span]) -> None:
    found = shared(merged(some), merged(others))

    assert _tidy(found)
    assert _set(found) == _set(some) & _set(others)


@given(spans, st.integers(0, 30), st.integers(0, 30), st.integers(-60, 140), st.integers(1, 40))
def test_a_slot_is_clear_of_padded_time_exactly_if_its_buffers_are_clear_of_the_time_itself(
    busy: list[Span], before: int, after: int, start: int, minutes: int
) -> None:
    end = start + minutes

    hits = any(x < y and start - before < y and x < end + after for x, y in busy)

    assert bool(shared(((start, end),), padded(busy, before, after))) == hits


# --- wall time -------------------------------------------------------------------------------------------------------


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    hours = st.tuples(st.integers(0, DAY), st.integers(0, DAY))
    return tuple(tuple(draw(st.lists(hours, max_size=3))) for _ in range(7))


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, Span]:
    zone, day = draw(st.sampled_from(_DAYS))
    noon = _minute(datetime(day.year, day.month, day.day, tzinfo=UTC))
    start = noon + draw(st.integers(-DAY, DAY))
    return zone, (start, start + draw(st.integers(0, 2 * DAY)))


@given(windows(), weeks(), st.frozensets(st.integers(0, 3), max_size=2))
def test_working_hours_are_the_minutes_whose_wall_time_lies_in_them(
    case: tuple[str, Span], week: Week, closed: frozenset[int]
) -> None:
    zone, window = case
    first = _at(window[0]).astimezone(ZoneInfo(zone)).date()
    off = frozenset(first + timedelta(days=n) for n in closed)

    found = civil(week, _table(zone, window), window, {(day - _EPOCH.date()).days for day in off})

    assert _tidy(found)
    assert _set(found) == {minute for minute in range(*window) if _in_hours(minute, zone, week, off)}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2027, 3, 28), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2027, 4, 4), 24.5),
        ("Antarctica/Troll", date(2027, 3, 28), 22),
        ("America/Santiago", date(2027, 9, 5), 23),
    ],
)
def test_a_day_has_as_many_hours_as_it_has(zone: str, day: date, hours: float) -> None:
    noon = _minute(datetime(day.year, day.month, day.day, 12, tzinfo=UTC))
    window = (noon - 2 * DAY, noon + 2 * DAY)
    only_this_day: Week = tuple(((0, DAY),) if one == day.weekday() else () for one in range(7))

    found = civil(only_this_day, _table(zone, window), window)

    assert [end - start for start, end in found] == [hours * HOUR]


@given(windows(), st.integers(1, 90), st.sampled_from((5, 10, 15, 20, 25, 30, 60)))
def test_starts_lie_on_the_grid_of_the_local_hour(case: tuple[str, Span], minutes: int, grid: int) -> None:
    zone, free = case

    found = list(starts([free], minutes, grid, _table(zone, free)))

    expected = [
        minute
        for minute in range(free[0], free[1] - minutes + 1)
        if _at(minute).astimezone(ZoneInfo(zone)).minute % grid == 0
    ]
    assert found == expected


def test_in_kathmandu_a_half_hour_grid_keeps_to_the_local_half_hours() -> None:
    nine = _minute(datetime(2027, 6, 1, 3, 15, tzinfo=UTC))

    found = starts([(nine - 10, nine + 100)], 40, 30, ((0, 345),))

    assert [_at(start).strftime("%H:%M") for start in found] == ["03:15", "03:45", "04:15"]


# --- the search ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Case:
    zone: str
    search: Search


@st.composite
def cases(draw: st.DrawFn) -> _Case:
    zone, window = draw(windows())
    offsets = _table(zone, window)
    length = window[1] - window[0]
    some = st.tuples(st.integers(0, length), st.integers(20, 1200)).map(
        lambda one: (window[0] + one[0], window[0] + one[0] + one[1])
    )
    diaries = tuple(
        Diary(
            person=f"p{n}",
            working=merged(draw(st.lists(some, min_size=1, max_size=5))),
            busy=tuple(draw(st.lists(some.map(lambda one: (one[0], one[0] + (one[1] - one[0]) // 4)), max_size=5))),
        )
        for n in range(draw(st.integers(1, 3)))
    )
    search = Search(
        interview="r1",
        diaries=diaries,
        window=window,
        hours=(civil(WELCOME, offsets, window), civil(BEARABLE, offsets, window)),
        offsets=offsets,
        minutes=draw(st.integers(5, 90)),
        grid=draw(st.sampled_from((5, 15, 30))),
        count=10_000,
        before=draw(st.sampled_from((0, 10))),
        after=draw(st.sampled_from((0, 15))),
    )
    everything = find(search)
    if isinstance(everything, tuple) and draw(st.booleans()):
        return _Case(zone, replace(search, avoid=frozenset(draw(st.sets(st.sampled_from(everything))))))
    return _Case(zone, search)


def _oracle(case: _Case) -> list[int]:
    """Try every minute of the window for every person, in the candidate's best hours first."""
    search = case.search
    for week in (WELCOME, BEARABLE):
        fits = [
            minute
            for minute in range(search.window[0], search.window[1] - search.minutes + 1)
            if _at(minute).astimezone(ZoneInfo(case.zone)).minute % search.grid == 0
            and minute not in search.avoid
            and all(_in_hours(one, case.zone, week) for one in range(minute, minute + search.minutes))
            and all(_is_free(search, diary, minute) for diary in search.diaries)
        ]
        if fits:
            return fits
    return []


def _is_free(search: Search, diary: Diary, start: int) -> bool:
    end = start + search.minutes
    works = all(any(x <= minute < y for x, y in diary.working) for minute in range(start, end))
    return works and not any(start - search.before < y and x < end + search.after for x, y in diary.busy)


@settings(max_examples=150)
@given(cases())
def test_the_search_finds_what_the_oracle_finds_slot_for_slot(case: _Case) -> None:
    found = find(case.search)

    if isinstance(found, Bottleneck):
        assert _oracle(case) == []
        assert set(found.people) <= {diary.person for diary in case.search.diaries}
        assert found.sentence.endswith(".")
    else:
        assert list(found) == _oracle(case)


# --- the choice ------------------------------------------------------------------------------------------------------

_MONDAY = _minute(datetime(2026, 11, 30, tzinfo=UTC))
_UTC: Offsets = ((0, 0),)
_TWO_WEEKS = [
    _MONDAY + day * DAY + minute
    for day in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)
    for minute in range(9 * HOUR, 17 * HOUR - 40 + 1, 15)
]

some_starts = st.lists(st.sampled_from(_TWO_WEEKS), unique=True, min_size=1)


def _days(picks: tuple[int, ...]) -> list[int]:
    return [pick // DAY for pick in picks]


@given(some_starts, st.integers(1, 8), st.data())
def test_the_same_starts_in_any_order_give_the_same_offers(some: list[int], count: int, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(some))

    picks = choose(some, count, _UTC, "r1")

    assert choose(shuffled, count, _UTC, "r1") == picks
    assert list(picks) == sorted(set(picks))
    assert len(picks) == min(count, len(some))
    assert set(picks) <= set(some)


@given(some_starts, st.integers(1, 8), st.data())
def test_an_unpicked_start_that_disappears_changes_no_offer(some: list[int], count: int, data: st.DataObject) -> None:
    picks = choose(some, count, _UTC, "r1")
    unpicked = sorted(set(some) - set(picks))
    if unpicked:
        some.remove(data.draw(st.sampled_from(unpicked)))

    assert choose(some, count, _UTC, "r1") == picks


@given(some_starts, st.integers(1, 8))
def test_no_day_is_offered_twice_while_another_is_not_offered_at_all(some: list[int], count: int) -> None:
    days = _days(choose(some, count, _UTC, "r1"))

    assert len(set(days)) == min(len(days), len({start // DAY for start in some}))


@given(some_starts, st.integers(1, 8))
def test_the_first_day_with_room_is_among_the_offers(some: list[int], count: int) -> None:
    assert choose(some, count, _UTC, "r1")[0] // DAY == min(some) // DAY


def test_offers_spread_over_two_weeks_and_over_mornings_and_afternoons() -> None:
    for number in range(50):
        picks = choose(_TWO_WEEKS, 5, _UTC, f"r{number}")

        days = [day - _MONDAY // DAY for day in _days(picks)]
        assert (days[0], days[-1], len(set(days))) == (0, 11, 5)
        assert sum(pick % DAY < 12 * HOUR for pick in picks) in (2, 3)


def test_within_a_single_day_offers_do_not_overlap() -> None:
    one_day = [start for start in _TWO_WEEKS if start < _MONDAY + DAY]

    for number in range(50):
        picks = choose(one_day, 5, _UTC, f"r{number}")
        assert all(later - earlier >= 40 for earlier, later in pairwise(picks))


def test_interviews_that_search_at_once_are_not_all_sent_to_the_same_time() -> None:
    first = {choose(_TWO_WEEKS, 5, _UTC, f"r{number}")[0] for number in range(40)}

    assert len(first) > 10


def test_days_and_times_of_day_are_the_candidates_own() -> None:
    tokyo: Offsets = ((0, 9 * HOUR),)
    late_on_monday, early_on_tuesday = _MONDAY + 14 * HOUR, _MONDAY + 15 * HOUR

    assert choose([late_on_monday, early_on_tuesday, early_on_tuesday + 15], 2, tokyo, "r1")[0] == late_on_monday


# --- the bottleneck --------------------------------------------------------------------------------------------------

_TUESDAY = _MONDAY + DAY
_NINE_TO_FIVE = ((_MONDAY + 9 * HOUR, _MONDAY + 17 * HOUR), (_TUESDAY + 9 * HOUR, _TUESDAY + 17 * HOUR))


def _search(*diaries: Diary, window: Span = (_MONDAY, _MONDAY + 2 * DAY), minutes: int = 40) -> Search:
    return Search(
        interview="r1",
        diaries=diaries,
        window=window,
        hours=(civil(WELCOME, _UTC, window), civil(BEARABLE, _UTC, window)),
        offsets=_UTC,
        minutes=minutes,
        grid=15,
        count=5,
    )


def _grace(*busy: Span) -> Diary:
    return Diary(person="grace", working=_NINE_TO_FIVE, busy=busy)


def _linus(*working: Span, busy: tuple[Span, ...] = ()) -> Diary:
    return Diary(person="linus", working=working, busy=busy)


_ALL_MONDAY = (_MONDAY, _MONDAY + DAY)
_ALL_TUESDAY = (_TUESDAY, _TUESDAY + DAY)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        pytest.param(
            _search(_grace(), window=(_MONDAY, _MONDAY + 30)), Bottleneck(what=What.NOTICE), id="no room for a session"
        ),
        pytest.param(
            _search(_grace(), window=(_MONDAY - 2 * DAY, _MONDAY)), Bottleneck(what=What.HORIZON), id="a weekend"
        ),
        pytest.param(
            _search(_grace(), _linus((_MONDAY, _MONDAY + 30))),
            Bottleneck(what=What.WORKING_HOURS, people=("linus",)),
            id="hours shorter than the session",
        ),
        pytest.param(
            _search(_grace(), _linus((_MONDAY + 22 * HOUR, _MONDAY + DAY))),
            Bottleneck(what=What.CANDIDATE_HOURS, people=("linus",)),
            id="the candidate sleeps",
        ),
        pytest.param(
            _search(_grace(), _linus((_MONDAY + 18 * HOUR, _MONDAY + 21 * HOUR))),
            Bottleneck(what=What.WORKING_HOURS, people=("grace", "linus")),
            id="two who never work at once",
        ),
        pytest.param(
            _search(_grace(), replace(_grace(), person="edsger"), _linus((_MONDAY + 18 * HOUR, _MONDAY + 21 * HOUR))),
            Bottleneck(what=What.WORKING_HOURS, people=("linus",)),
            id="one who never works when the others do",
        ),
        pytest.param(
            _search(_grace(_ALL_MONDAY, _ALL_TUESDAY), _linus(*_NINE_TO_FIVE)),
            Bottleneck(what=What.BUSY, people=("grace",)),
            id="one without free time",
        ),
        pytest.param(
            _search(_grace(_ALL_MONDAY), _linus(*_NINE_TO_FIVE, busy=(_ALL_TUESDAY,))),
            Bottleneck(what=What.BUSY, people=("grace",)),
            id="free by turns: either would do",
        ),
        pytest.param(
            _search(
                _linus(*_NINE_TO_FIVE, busy=((_TUESDAY, _TUESDAY + 16 * HOUR),)),
                _grace(_ALL_MONDAY, (_TUESDAY + 16 * HOUR, _TUESDAY + DAY)),
            ),
            Bottleneck(what=What.BUSY, people=("grace",)),
            id="free by turns: the one whose appointments stand in the way most",
        ),
        pytest.param(
            _search(_grace(_ALL_MONDAY, _ALL_TUESDAY), _linus(*_NINE_TO_FIVE, busy=(_ALL_MONDAY, _ALL_TUESDAY))),
            Bottleneck(what=What.BUSY, people=("grace", "linus")),
            id="two without free time",
        ),
        pytest.param(
            _search(
                _grace((_MONDAY + 12 * HOUR, _MONDAY + 2 * DAY)),
                _linus(*_NINE_TO_FIVE, busy=((_MONDAY, _MONDAY + 12 * HOUR), _ALL_TUESDAY)),
                replace(_grace(_ALL_MONDAY), person="edsger"),
            ),
            Bottleneck(what=What.BUSY, people=("grace", "linus", "edsger")),
            id="three, of whom no two are free together",
        ),
        pytest.param(
            replace(_search(_grace()), avoid=frozenset(range(*_search(_grace()).window))),
            Bottleneck(what=What.AVOIDED),
            id="everything was declined",
        ),
    ],
)
def test_where_nothing_fits_the_bottleneck_is_named(search: Search, expected: Bottleneck) -> None:
    assert find(search) == expected


def test_the_reason_says_who_and_what_would_help() -> None:
    assert Bottleneck(what=What.BUSY, people=("grace",)).sentence == (
        "grace has no free time that fits. Move one of their appointments, search further ahead, or ask somebody else."
    )
    assert Bottleneck(what=What.BUSY, people=("edsger", "grace", "linus")).sentence.startswith(
        "edsger, grace and linus"
    )


def test_hours_that_are_merely_bearable_are_offered_only_where_nothing_better_is() -> None:
    early = (_MONDAY + 6 * HOUR, _MONDAY + 7 * HOUR)

    assert find(_search(_linus(early))) == tuple(early[0] + n for n in (0, 15))
    assert find(_search(_linus(early, (_MONDAY + 10 * HOUR, _MONDAY + 10 * HOUR + 40)))) == (_MONDAY + 10 * HOUR,)
