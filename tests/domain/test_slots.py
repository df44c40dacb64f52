"""Slots, slot for slot against an oracle that walks minute by minute and asks zoneinfo for the wall time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import combinations, pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrevue.seating import seat
from entrevue.slots import (
    BEARABLE,
    DAY,
    HOUR,
    WELCOME,
    Bottleneck,
    Diary,
    Offsets,
    OpenSeat,
    Search,
    Span,
    Week,
    What,
    choose,
    civil,
    find,
    merged,
    overfull,
    whole_days,
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
_ZONES = tuple(dict.fromkeys(zone for zone, _ in _DAYS))


def _at(minute: int) -> datetime:
    return _EPOCH + minute * _MINUTE


def _minute(at: datetime) -> int:
    return (at - _EPOCH) // _MINUTE


@cache
def _wall(minute: int, zone: str) -> datetime:
    return _at(minute).astimezone(ZoneInfo(zone))


@cache
def _offset(minute: int, zone: str) -> int:
    return (_wall(minute, zone).utcoffset() or timedelta()) // _MINUTE


@cache
def _table(zone: str, window: Span) -> Offsets:
    """Look at every hour from ten days before the window to ten days after; where it changed, at every minute."""
    start = window[0] - 10 * DAY
    found = [(start, _offset(start, zone))]
    for hour in range(start, window[1] + 10 * DAY, HOUR):
        if _offset(hour + HOUR, zone) != found[-1][1]:
            change = next(one for one in range(hour, hour + HOUR + 1) if _offset(one, zone) != found[-1][1])
            found.append((change, _offset(change, zone)))
    return tuple(found)


def _in_hours(minute: int, zone: str, week: Week, days_off: frozenset[date] = frozenset()) -> bool:
    wall = _wall(minute, zone)
    of_day = wall.hour * HOUR + wall.minute
    hours = week[wall.weekday()]
    return wall.date() not in days_off and any(start <= of_day < end for start, end in hours)


def _day(day: date) -> int:
    return (day - _EPOCH.date()).days


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

    found = civil(week, _table(zone, window), window, {_day(day) for day in off})

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


@given(windows(), st.frozensets(st.integers(0, 3), max_size=2))
def test_whole_days_are_the_minutes_whose_date_is_among_them(case: tuple[str, Span], some: frozenset[int]) -> None:
    zone, window = case
    first = _at(window[0]).astimezone(ZoneInfo(zone)).date()
    days = {first + timedelta(days=n) for n in some}

    found = whole_days({_day(day) for day in days}, _table(zone, window), window)

    assert _tidy(found)
    assert _set(found) == {minute for minute in range(*window) if _wall(minute, zone).date() in days}


@given(windows(), st.integers(5, 90), st.sampled_from((5, 10, 15, 20, 25, 30, 60)))
def test_starts_lie_on_the_grid_of_the_local_hour(case: tuple[str, Span], minutes: int, grid: int) -> None:
    zone, free = case

    found = _everything(free, minutes, grid, _table(zone, free))

    expected = [minute for minute in range(free[0], free[1] - minutes + 1) if _wall(minute, zone).minute % grid == 0]
    assert found == expected


def _everything(free: Span, minutes: int, grid: int, offsets: Offsets) -> list[int]:
    """Give every start in a stretch in which the candidate and the only interviewer are free."""
    search = replace(_search(Diary(person="grace", working=merged([free])), window=free), availability=merged([free]))
    found = find(replace(search, minutes=minutes, grid=grid, offsets=offsets, count=10_000))
    return [] if isinstance(found, Bottleneck) else list(found)


def test_in_kathmandu_a_half_hour_grid_keeps_to_the_local_half_hours() -> None:
    nine = _minute(datetime(2027, 6, 1, 3, 15, tzinfo=UTC))

    found = _everything((nine - 10, nine + 100), 40, 30, ((0, 345),))

    assert [_at(start).strftime("%H:%M") for start in found] == ["03:15", "03:45", "04:15"]


# --- load ------------------------------------------------------------------------------------------------------------

_A_WEEK = (_minute(datetime(2027, 3, 22, tzinfo=UTC)), _minute(datetime(2027, 4, 5, tzinfo=UTC)))
_BERLIN = _table("Europe/Berlin", _A_WEEK)


def _dates(found: tuple[Span, ...], zone: str) -> list[str]:
    return sorted({f"{_wall(minute, zone):%d %b}" for span in found for minute in range(*span)})


def test_a_day_is_full_when_one_more_would_exceed_the_limit() -> None:
    noon = _minute(datetime(2027, 3, 24, 12, tzinfo=UTC))

    two_hours = overfull([(noon, 80), (noon + 99, 40)], _BERLIN, _A_WEEK, minutes=40, a_day=160, a_week=999)
    a_minute_more = overfull([(noon, 80), (noon + 99, 41)], _BERLIN, _A_WEEK, minutes=40, a_day=160, a_week=999)

    assert two_hours == ()
    assert _dates(a_minute_more, "Europe/Berlin") == ["24 Mar"]


def test_a_week_runs_from_monday_to_sunday_by_the_persons_own_clock() -> None:
    sunday_night = _minute(datetime(2027, 3, 28, 21, 59, tzinfo=UTC))  # 23:59 in Berlin, since clocks have changed

    before = overfull([(sunday_night, 60)], _BERLIN, _A_WEEK, minutes=40, a_day=999, a_week=90)
    after = overfull([(sunday_night + 1, 60)], _BERLIN, _A_WEEK, minutes=40, a_day=999, a_week=90)

    assert (before[0][0], before[-1][1]) == (_A_WEEK[0], sunday_night + 1), "the window opens within that week"
    assert sum(end - start for start, end in after) == 7 * DAY
    assert after[0][0] == sunday_night + 1


def test_an_interview_longer_than_the_limit_fits_on_no_day() -> None:
    assert overfull([], _BERLIN, _A_WEEK, minutes=90, a_day=60, a_week=999) == (_A_WEEK,)
    assert overfull([], _BERLIN, _A_WEEK, minutes=60, a_day=60, a_week=999) == ()


# --- who sits where --------------------------------------------------------------------------------------------------


def _most(seats: Sequence[frozenset[str]]) -> int:
    """Try every way to fill them."""
    if not seats:
        return 0
    first, rest = seats[0], seats[1:]
    return max([_most(rest), *(1 + _most([one - {person} for one in rest]) for person in first)])


seats_of = st.lists(st.frozensets(st.sampled_from("abcde"), max_size=4), max_size=5)


@given(seats_of, st.permutations("abcde"))
def test_as_many_seats_are_filled_as_can_be_and_nobody_fills_two(
    seats: list[frozenset[str]], people: Sequence[str]
) -> None:
    found = seat(people, _fits(seats), range(len(seats)))

    assert len(found) == _most(seats)
    assert len(set(found.values())) == len(found)
    assert all(person in seats[n] for n, person in found.items())


@given(seats_of, st.permutations("abcde"))
def test_who_comes_first_is_never_left_out_for_who_comes_later(
    seats: list[frozenset[str]], people: Sequence[str]
) -> None:
    """Of all sets of people who could sit down together, it is the first by the order in which they came."""
    together = {
        chosen
        for chosen in combinations(people, _most(seats))
        if len(seat(chosen, _fits(seats), range(len(seats)))) == len(chosen)
    }
    best = min(together, key=lambda chosen: [people.index(person) for person in chosen])

    assert set(seat(people, _fits(seats), range(len(seats))).values()) == set(best)


@given(seats_of, st.permutations("abcde"), st.integers(0, 5))
def test_a_seat_once_taken_stays_taken(seats: list[frozenset[str]], people: Sequence[str], first: int) -> None:
    before = seat(people, _fits(seats[:first]), range(len(seats[:first])))

    after = seat([one for one in people if one not in before.values()], _fits(seats), range(len(seats)), before)

    assert before.keys() <= after.keys()
    assert set(before.values()) <= set(after.values())
    assert len(after) == _most(seats)


def test_nobody_is_asked_once_all_seats_are_taken() -> None:
    def people() -> Iterator[str]:
        yield "a"
        pytest.fail("asked for another")

    assert seat(people(), lambda _: (0,), (0,)) == {0: "a"}
    assert seat(people(), lambda _: (0,), ()) == {}


def _fits(seats: Sequence[frozenset[str]]) -> Callable[[str], list[int]]:
    return lambda person: [n for n, one in enumerate(seats) if person in one]


# --- the search ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Person:
    """What the oracle knows of somebody, before it became a diary."""

    zone: str
    working: tuple[Span, ...]
    busy: tuple[Span, ...]
    loads: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Case:
    zone: str
    people: dict[str, _Person]
    a_day: int
    a_week: int
    search: Search


def _case(number: int) -> _Case:
    """Draw an instance: panels, pools that overlap or not, quorum, caps, buffers, windows, days of 23 and 25 hours."""
    chance = Random(number)  # noqa: S311 - an instance, the same every time
    zone, day = chance.choice(_DAYS)
    midnight = _minute(datetime(day.year, day.month, day.day, tzinfo=UTC))
    first = midnight + chance.randrange(-DAY, DAY)
    window = (first, first + chance.randrange(20, DAY))
    offsets = _table(zone, (midnight, midnight))

    def spans(most: int, longest: int) -> list[Span]:
        begins = [chance.randrange(window[0] - 120, window[1]) for _ in range(chance.randint(0, most))]
        return [(begin, begin + chance.randrange(longest)) for begin in begins]

    def person() -> _Person:
        near = [midnight + chance.randrange(-7 * DAY, 8 * DAY) for _ in range(chance.randint(0, 8))]
        loads = tuple((at, chance.choice((30, 60, 90))) for at in near)
        working = merged([*spans(3, 1200), (first - 60, first + chance.randrange(DAY))])
        return _Person(chance.choice(_ZONES), working, tuple(spans(6, 150)), loads)

    names = [f"p{n}" for n in range(chance.randint(1, 5))]
    people = {name: person() for name in names}
    minutes = chance.choice((chance.randint(5, 75), 30, 60))
    a_day, a_week = chance.choice(((999, 9999), (150, 9999), (240, 300), (60, 300)))
    search = Search(
        interview="r1",
        seats=(seats := _seats(chance, names)),
        quorum=chance.randint(1, sum(one.counts for one in seats)),
        diaries=tuple(
            Diary(
                person=name,
                working=one.working,
                busy=one.busy,
                full=overfull(
                    one.loads,
                    _table(one.zone, (midnight, midnight)),
                    window,
                    minutes=minutes,
                    a_day=a_day,
                    a_week=a_week,
                ),
            )
            for name, one in people.items()
        ),
        window=window,
        hours=(civil(WELCOME, offsets, window), civil(BEARABLE, offsets, window)),
        availability=merged(spans(3, 600)) if chance.random() < 0.3 else None,
        offsets=offsets,
        minutes=minutes,
        grid=chance.choice((5, 15, 15, 20, 25, 30)),
        count=10_000,
        before=chance.choice((0, 10)),
        after=chance.choice((0, 15)),
    )
    everything = find(search)
    if isinstance(everything, tuple) and chance.random() < 0.3:
        search = replace(search, avoid=frozenset(chance.sample(everything, chance.randint(1, len(everything)))))
    return _Case(zone, people, a_day, a_week, search)


def _seats(chance: Random, names: Sequence[str]) -> tuple[OpenSeat, ...]:
    """Fixed people, pools with several seats, people who also belong to a pool; the first of them counts."""
    found: list[OpenSeat] = []
    while len(found) < chance.randint(1, 4):
        counts = not found or chance.random() < 0.7
        people = tuple(sorted(chance.sample(names, chance.randint(1, len(names)))))
        if chance.random() < 0.4:
            found.append(OpenSeat(people=people[:1], person=people[0], counts=counts))
        else:
            person = chance.choice((None, people[0]))
            found += [OpenSeat(people=people, person=person, pool="backend", counts=counts)] * chance.choice((1, 1, 2))
    return tuple(found)


def _oracle(case: _Case) -> list[int]:
    """Try every minute of the window for every person and every way to seat them."""
    search = case.search
    ends_by = search.window[1] - search.minutes
    starts = [
        minute for minute in range(search.window[0], ends_by + 1) if _wall(minute, case.zone).minute % search.grid == 0
    ]
    filled = {start: _fillable(case, start) for start in starts}
    needed = range(sum(one.counts for one in search.seats), search.quorum - 1, -1)
    awake = [
        lambda minute: _in_hours(minute, case.zone, WELCOME),
        lambda minute: _in_hours(minute, case.zone, BEARABLE),
    ]
    sent = _set(search.availability or ())
    for enough in needed:
        for fits in awake if search.availability is None else [sent.__contains__]:
            found = [
                start
                for start in starts
                if filled[start] >= enough
                and start not in search.avoid
                and all(fits(minute) for minute in range(start, start + search.minutes))
            ]
            if found:
                return found
    return []


def _fillable(case: _Case, start: int) -> int:
    free = frozenset(name for name, person in case.people.items() if _is_free(case, person, start))
    return _most_of(tuple(free.intersection(one.people) for one in case.search.seats if one.counts))


@cache
def _most_of(seats: tuple[frozenset[str], ...]) -> int:
    return _most(seats)


def _is_free(case: _Case, person: _Person, start: int) -> bool:
    search = case.search
    end = start + search.minutes
    if any(x < y and start - search.before < y and x < end + search.after for x, y in person.busy):
        return False
    if not all(any(x <= minute < y for x, y in person.working) for minute in range(start, end)):
        return False
    days = {_wall(minute, person.zone).date() for minute in (start, end - 1)}
    dated = [(_wall(at, person.zone).date(), taken) for at, taken in person.loads]
    return all(
        sum(taken for other, taken in dated if other == day) + search.minutes <= case.a_day
        and sum(taken for other, taken in dated if other.isocalendar()[:2] == day.isocalendar()[:2]) + search.minutes
        <= case.a_week
        for day in days
    )


def test_the_sweep_agrees_with_a_naive_oracle() -> None:
    slots = nothing = 0
    for number in range(600):
        case = _case(number)
        found, expected = find(case.search), _oracle(case)
        if isinstance(found, Bottleneck):
            assert expected == [], f"instance {number}"
            assert set(found.people) <= set(case.people), f"instance {number}"
            assert found.sentence.endswith("."), f"instance {number}"
            nothing += 1
        else:
            assert list(found) == expected, f"instance {number}"
            slots += len(found)

    assert slots > 3000
    assert nothing > 60


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


def _alone(person: str, *, counts: bool = True) -> OpenSeat:
    return OpenSeat(people=(person,), person=person, counts=counts)


def _search(*diaries: Diary, window: Span = (_MONDAY, _MONDAY + 2 * DAY), minutes: int = 40) -> Search:
    """Everybody has a seat that counts."""
    return Search(
        interview="r1",
        seats=tuple(_alone(one.person) for one in diaries),
        quorum=len(diaries),
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
_ALWAYS = (_MONDAY, _MONDAY + 2 * DAY)


def _with(search: Search, *seats: OpenSeat, quorum: int | None = None) -> Search:
    """Seat them otherwise; all that count are needed, unless said."""
    return replace(search, seats=seats, quorum=quorum or sum(one.counts for one in seats))


_BACKEND = OpenSeat(people=("grace", "linus"), pool="backend")


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
            _search(
                _grace(), _linus((_MONDAY + 8 * HOUR, _MONDAY + 9 * HOUR), (_MONDAY + 17 * HOUR, _MONDAY + 18 * HOUR))
            ),
            Bottleneck(what=What.WORKING_HOURS, people=("grace", "linus")),
            id="one who works around the other's hours",
        ),
        pytest.param(
            _search(
                replace(
                    _grace(), working=((_MONDAY + HOUR, _MONDAY + 3 * HOUR), (_MONDAY + 9 * HOUR, _MONDAY + 10 * HOUR))
                ),
                _linus((_MONDAY + HOUR, _MONDAY + 3 * HOUR), (_MONDAY + 11 * HOUR, _MONDAY + 12 * HOUR)),
            ),
            Bottleneck(what=What.CANDIDATE_HOURS, people=("grace", "linus")),
            id="two who meet while the candidate sleeps",
        ),
        pytest.param(
            _with(_search(_grace(_ALWAYS), _linus(*_NINE_TO_FIVE)), _BACKEND, _BACKEND),
            Bottleneck(what=What.BUSY, pools=("backend",)),
            id="a pool of whom too few are free",
        ),
        pytest.param(
            _with(_search(_grace()), _alone("grace"), OpenSeat(people=(), pool="backend")),
            Bottleneck(what=What.NOBODY, pools=("backend",)),
            id="a pool with nobody left",
        ),
        pytest.param(
            _with(_search(_grace(), _linus()), _BACKEND, _BACKEND, OpenSeat(people=("linus",), pool="databases")),
            Bottleneck(what=What.NOBODY, pools=("backend", "databases")),
            id="pools that share their people, and have too few together",
        ),
        pytest.param(
            _with(_search(_grace()), _alone("grace"), OpenSeat(people=(), person="linus")),
            Bottleneck(what=What.NOBODY, people=("linus",)),
            id="one who is ruled out",
        ),
        pytest.param(
            _with(_search(_grace()), _alone("grace"), quorum=2),
            Bottleneck(what=What.NOBODY, people=("grace",)),
            id="a quorum that no panel reaches",
        ),
        pytest.param(
            _search(replace(_grace(_ALL_MONDAY), full=(_ALL_TUESDAY,)), _linus(*_NINE_TO_FIVE)),
            Bottleneck(what=What.LOAD, people=("grace",)),
            id="one who has enough interviews",
        ),
        pytest.param(
            _with(_search(replace(_grace(), full=(_ALWAYS,)), _linus(*_NINE_TO_FIVE, busy=(_ALWAYS,))), _BACKEND),
            Bottleneck(what=What.LOAD, pools=("backend",)),
            id="a pool whose only free people have enough interviews",
        ),
        pytest.param(
            _search(replace(_grace(), full=(_ALWAYS,)), replace(_linus(*_NINE_TO_FIVE), full=(_ALWAYS,))),
            Bottleneck(what=What.LOAD, people=("grace", "linus")),
            id="two who have enough interviews",
        ),
        pytest.param(
            replace(_search(_grace()), availability=((_MONDAY + 17 * HOUR, _MONDAY + 21 * HOUR),)),
            Bottleneck(what=What.AVAILABILITY),
            id="the candidate is free when grace is not",
        ),
        pytest.param(
            replace(_search(_grace()), availability=()), Bottleneck(what=What.AVAILABILITY), id="never free at all"
        ),
        pytest.param(
            replace(_search(_grace(_ALWAYS)), availability=((_MONDAY + 9 * HOUR, _MONDAY + 12 * HOUR),)),
            Bottleneck(what=What.BUSY, people=("grace",)),
            id="other times of the candidate would not help",
        ),
        pytest.param(
            _with(
                _search(_grace(_ALWAYS), _linus(*_NINE_TO_FIVE, busy=(_ALWAYS,))),
                *map(_alone, ("grace", "linus")),
                quorum=1,
            ),
            Bottleneck(what=What.BUSY, people=("grace", "linus")),
            id="either would do, and neither can",
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
    assert Bottleneck(what=What.NOBODY, pools=("backend",)).sentence == (
        "The pool backend cannot fill the seats: too few are left. Add people to it, or ask somebody else."
    )
    assert Bottleneck(what=What.LOAD, people=("grace",), pools=("backend",)).sentence.startswith(
        "grace and the pool backend would have more interviews a day or a week than the limit allows."
    )


@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("pools", [(), ("backend",), ("backend", "databases")], ids=len)
@pytest.mark.parametrize("people", [(), ("grace",), ("grace", "linus")], ids=len)
def test_every_reason_is_a_sentence(what: What, people: tuple[str, ...], pools: tuple[str, ...]) -> None:
    sentence = Bottleneck(what=what, people=people, pools=pools).sentence

    assert sentence.endswith(".")
    assert people or not sentence[0].islower() or not sentence[0].isalpha()


def test_hours_that_are_merely_bearable_are_offered_only_where_nothing_better_is() -> None:
    early = (_MONDAY + 6 * HOUR, _MONDAY + 7 * HOUR)

    assert find(_search(_linus(early))) == tuple(early[0] + n for n in (0, 15))
    assert find(_search(_linus(early, (_MONDAY + 10 * HOUR, _MONDAY + 10 * HOUR + 40)))) == (_MONDAY + 10 * HOUR,)


# --- panels and pools ------------------------------------------------------------------------------------------------


def _found(search: Search) -> list[int]:
    """Give all that fits, as hours of Monday, however many there are."""
    found = find(replace(search, grid=60, minutes=60, count=1000))
    return [] if isinstance(found, Bottleneck) else [(start - _MONDAY) // HOUR for start in found]


def _hours(*hours: int) -> tuple[Span, ...]:
    return tuple((_MONDAY + hour * HOUR, _MONDAY + (hour + 1) * HOUR) for hour in hours)


def _works(person: str, *hours: int) -> Diary:
    return Diary(person=person, working=merged(_hours(*hours)))


def test_somebody_of_the_pool_is_enough_for_its_one_seat() -> None:
    search = _search(_works("grace", 9, 10), _works("linus", 10, 11))

    assert _found(_with(search, _BACKEND)) == [9, 10, 11]
    assert _found(_with(search, _BACKEND, _BACKEND)) == [10]


def test_nobody_fills_two_seats_even_where_pools_share_them() -> None:
    search = _search(_works("grace", 9, 10, 11), _works("linus", 10), _works("ada", 11))
    databases = OpenSeat(people=("grace", "ada"), pool="databases")

    assert _found(_with(search, _BACKEND, databases)) == [10, 11]
    assert _found(_with(search, _BACKEND, _alone("grace"))) == [10]


def test_all_seats_are_tried_before_a_quorum_will_do() -> None:
    grace, linus = _works("grace", 9, 10, 11), _works("linus", 11, 12)

    assert _found(_with(_search(grace, linus), _alone("grace"), _alone("linus"), quorum=1)) == [11]
    assert _found(_with(_search(grace, _works("linus", 12)), _alone("grace"), _alone("linus"), quorum=1)) == [
        9,
        10,
        11,
        12,
    ]


def test_all_seats_at_a_merely_bearable_hour_go_before_a_quorum_at_a_better_one() -> None:
    search = _search(_works("grace", 6, 10), _works("linus", 6, 12))

    assert _found(_with(search, _alone("grace"), _alone("linus"), quorum=1)) == [6]


def test_a_seat_that_does_not_count_never_stands_in_the_way() -> None:
    search = _search(_works("grace", 9, 10), _works("linus"))
    nobody = OpenSeat(people=(), pool="databases", counts=False)

    assert _found(_with(search, _alone("grace"), _alone("linus", counts=False), nobody)) == [9, 10]


def test_a_seat_that_does_not_count_takes_nobody_from_one_that_does() -> None:
    search = _search(_works("grace", 9, 10), _works("linus", 10))

    assert _found(_with(search, _alone("grace", counts=False), _BACKEND)) == [9, 10]


def test_what_the_candidate_has_sent_goes_before_civil_hours() -> None:
    search = _search(_works("grace", *range(24)))

    assert _found(search) == list(range(8, 20))
    assert _found(replace(search, availability=_hours(3, 23))) == [3, 23]


def test_starts_at_which_a_shadow_is_free_go_first_without_crowding_one_day() -> None:
    days = range(5)
    grace = Diary(person="grace", working=merged((_MONDAY + d * DAY, _MONDAY + d * DAY + DAY) for d in days))
    shadow = Diary(
        person="shadow", working=merged((_MONDAY + d * DAY + 14 * HOUR, _MONDAY + d * DAY + 15 * HOUR) for d in (1, 3))
    )
    search = _search(grace, shadow, window=(_MONDAY, _MONDAY + 5 * DAY), minutes=60)
    search = replace(search, count=3, seats=(_alone("grace"), _alone("shadow", counts=False)), quorum=1)

    found = find(search)

    assert isinstance(found, tuple)
    assert [start for start in found if (start - _MONDAY) // DAY in (1, 3)] == [
        _MONDAY + DAY + 14 * HOUR,
        _MONDAY + 3 * DAY + 14 * HOUR,
    ]
    assert len(set(_days(found))) == 3


def test_starts_at_which_those_who_sit_there_are_free_go_first() -> None:
    search = replace(_search(_works("grace", 11), _works("linus", *range(8, 17))), count=1)

    assert _days_and_hours(find(_with(search, replace(_BACKEND, person="grace")))) == [11]


def test_a_holiday_whose_date_is_an_estimate_goes_last() -> None:
    grace = replace(_works("grace", *range(8, 20), *range(32, 44)), reluctant=(_ALL_MONDAY,))

    one = find(replace(_search(grace), count=1))
    only = find(replace(_search(replace(grace, working=merged(_hours(*range(8, 20))))), count=1))

    assert isinstance(one, tuple)
    assert isinstance(only, tuple)
    assert _days(one) == [_TUESDAY // DAY]
    assert _days(only) == [_MONDAY // DAY]


def _days_and_hours(found: tuple[int, ...] | Bottleneck) -> list[int]:
    assert isinstance(found, tuple)
    return [(start - _MONDAY) // HOUR for start in found]


def test_in_large_pools_that_overlap_everybody_is_counted_once() -> None:
    left = tuple(f"l{n}" for n in range(300))
    right = tuple(f"r{n}" for n in range(300))
    diaries = tuple(_works(person, n % 24) for n, person in enumerate((*left, *right)))
    seats = (OpenSeat(people=(*left, "r0"), pool="left"), OpenSeat(people=right, pool="right"))

    assert _found(_with(_search(*diaries), *seats)) == list(range(8, 20))
