"""Civil time from a table of offsets, held against zoneinfo, which workflows must not read."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrevue.civil import (
    UTC_CLOCK,
    Clock,
    Offset,
    business_day_end,
    business_waking,
    day_end,
    instant,
    is_business_day,
    local,
    waking,
)

_MINUTE = timedelta(minutes=1)
_FIRST, _LAST = datetime(2026, 10, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)

# Half an hour of summer time, two hours of it, gaps at midnight and before it, odd offsets, both ends of the day.
_ZONES = (
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Vancouver",
    "Antarctica/Troll",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Chatham",
    "Pacific/Easter",
    "Pacific/Kiritimati",
    "UTC",
)
zones = st.sampled_from(_ZONES)
minutes = st.integers(0, (_LAST - _FIRST) // _MINUTE - 1)
days_off = st.frozensets(st.dates(_FIRST.date(), _LAST.date()), max_size=60)


@cache
def _changes(zone: str) -> tuple[Offset, ...]:
    """Look every half hour: no zone here changes at another minute."""
    found: list[Offset] = []
    at = _FIRST - timedelta(days=270)
    while at < _LAST + timedelta(days=60):
        offset = (at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()) // _MINUTE
        if not found or found[-1].minutes != offset:
            found.append(Offset(since=at, minutes=offset))
        at += timedelta(minutes=30)
    return tuple(found)


def _clock(zone: str, closed: frozenset[date] = frozenset()) -> Clock:
    return Clock(zone=zone, offsets=_changes(zone), days_off=tuple(closed))


def _wall(at: datetime, zone: str) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@st.composite
def near_a_change(draw: st.DrawFn) -> tuple[str, datetime]:
    """Any instant, many of them within hours or a day and a half of a change of the clocks."""
    zone = draw(zones)
    changes = [one.since for one in _changes(zone)[1:] if _FIRST < one.since < _LAST]
    reach = draw(st.sampled_from((150, 2200, None)))
    if reach is not None and changes:
        return zone, draw(st.sampled_from(changes)) + _MINUTE * draw(st.integers(-reach, reach))
    return zone, _FIRST + _MINUTE * draw(minutes)


@given(near_a_change())
def test_a_clock_shows_what_zoneinfo_shows(case: tuple[str, datetime]) -> None:
    zone, at = case

    assert local(at, _clock(zone)) == _wall(at, zone)


@given(near_a_change())
def test_a_wall_time_leads_back_to_the_earliest_instant_that_shows_it(case: tuple[str, datetime]) -> None:
    zone, at = case
    wall = _wall(at, zone)

    assert instant(wall, _clock(zone)) == wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


@given(near_a_change())
def test_any_wall_time_leads_to_the_first_instant_that_shows_it_or_a_later_one(case: tuple[str, datetime]) -> None:
    zone, at = case
    wall = at.replace(tzinfo=None)

    found = instant(wall, _clock(zone))

    assert _wall(found, zone) >= wall
    assert _wall(found - _MINUTE, zone) < wall


@pytest.mark.parametrize(
    ("wall", "zone", "expected"),
    [
        ("2027-03-28 02:30", "Europe/Berlin", "2027-03-28 01:00"),
        ("2026-10-25 02:30", "Europe/Berlin", "2026-10-25 00:30"),
        ("2027-03-14 02:30", "America/New_York", "2027-03-14 07:00"),
        ("2026-11-01 01:30", "America/New_York", "2026-11-01 05:30"),
        ("2027-03-26 02:30", "Asia/Jerusalem", "2027-03-26 00:00"),
        ("2027-04-04 01:45", "Australia/Lord_Howe", "2027-04-03 14:45"),
        ("2027-10-03 02:15", "Australia/Lord_Howe", "2027-10-02 15:30"),
        ("2027-09-05 00:30", "America/Santiago", "2027-09-05 04:00"),
        ("2027-04-30 00:30", "Africa/Cairo", "2027-04-29 22:00"),
        ("2027-03-27 23:30", "America/Nuuk", "2027-03-28 01:00"),
        ("2027-03-28 02:30", "Antarctica/Troll", "2027-03-28 01:00"),
        ("2027-06-01 09:00", "Asia/Kathmandu", "2027-06-01 03:15"),
        ("2026-12-15 09:00", "America/Vancouver", "2026-12-15 16:00"),
    ],
)
def test_known_gaps_and_overlaps_come_out_as_published(wall: str, zone: str, expected: str) -> None:
    assert instant(datetime.fromisoformat(wall), _clock(zone)) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(near_a_change(), st.integers(0, 40))
def test_a_day_ends_with_its_last_minute(case: tuple[str, datetime], days: int) -> None:
    zone, at = case
    day = _wall(at, zone).date() + timedelta(days=days)

    end = day_end(at, days, _clock(zone))

    assert _wall(end, zone).date() == day
    assert all(_wall(end + _MINUTE * n, zone).date() > day for n in range(1, 200))


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("Europe/Berlin", date(2027, 3, 28), "2027-03-28 21:59"),
        ("Africa/Cairo", date(2027, 10, 28), "2027-10-28 21:59"),  # 23:59 comes twice; the second ends the day
        ("America/Nuuk", date(2027, 3, 27), "2027-03-28 00:59"),  # there is no 23:00 on this day
    ],
)
def test_a_day_on_which_the_clocks_change_ends_when_its_people_go_to_bed(zone: str, day: date, expected: str) -> None:
    noon = instant(datetime.combine(day, time(12)), _clock(zone))

    assert day_end(noon, 0, _clock(zone)) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(near_a_change(), st.integers(0, 15), days_off)
def test_a_business_day_ends_after_so_many_days_on_which_people_work(
    case: tuple[str, datetime], days: int, closed: frozenset[date]
) -> None:
    zone, at = case
    first = _wall(at, zone).date()

    end = _wall(business_day_end(at, days, _clock(zone, closed)), zone).date()

    after = [first + timedelta(days=n) for n in range(1, (end - first).days + 1)]
    assert is_business_day(end, _clock(zone, closed))
    assert end.weekday() < 5
    assert end not in closed
    worked = sum(day.weekday() < 5 and day not in closed for day in after)
    started_off = not is_business_day(first, _clock(zone, closed))
    assert worked == max(days, int(started_off))


@given(near_a_change(), days_off)
def test_nobody_is_written_to_at_night(case: tuple[str, datetime], closed: frozenset[date]) -> None:
    zone, at = case

    found = waking(at, _clock(zone, closed))

    awake = at
    while not time(8) <= _wall(awake, zone).time() < time(20):
        awake += _MINUTE
    assert found == awake


@given(near_a_change(), days_off)
def test_a_letter_of_weight_waits_for_a_business_day(case: tuple[str, datetime], closed: frozenset[date]) -> None:
    zone, at = case
    clock = _clock(zone, closed)

    found = business_waking(at, clock)

    fit = at
    while not (is_business_day(_wall(fit, zone).date(), clock) and time(8) <= _wall(fit, zone).time() < time(20)):
        fit += _MINUTE
    assert found == fit


def test_the_first_offset_holds_for_all_time_before_it() -> None:
    clock = Clock(zone="Asia/Kathmandu", offsets=(Offset(since=_LAST, minutes=345),))

    assert local(_FIRST, clock) == datetime(2026, 10, 1, 5, 45)  # noqa: DTZ001 - a wall time has no zone
    assert instant(local(_FIRST, clock), clock) == _FIRST


def test_where_nothing_is_known_yet_it_is_utc_and_says_so() -> None:
    assert local(_FIRST, UTC_CLOCK) == _FIRST.replace(tzinfo=None)
    assert UTC_CLOCK.assumed


def test_a_clock_has_at_least_one_offset() -> None:
    with pytest.raises(ValueError, match="at least 1 item"):
        Clock(zone="UTC", offsets=())
