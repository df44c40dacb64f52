"""Which instant a wall time means, all over the world: the vectors of changing clocks, old and new rules."""

import io
import struct
import zoneinfo
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from entrevue.values import Code, Refused
from entrevue.walltime import UnclearTime, WallTime, instant, instants, readings, zone_rules

GAPS = [
    # local, zone, as read by the rules before the change and after it, the last minute before it and the first after it
    (
        "2027-03-28T02:30",
        "Europe/Berlin",
        ("2027-03-28T01:30", "2027-03-28T00:30"),
        ("2027-03-28T01:59+01:00", "2027-03-28T03:00+02:00"),
    ),
    (
        "2027-03-14T02:30",
        "America/New_York",
        ("2027-03-14T07:30", "2027-03-14T06:30"),
        ("2027-03-14T01:59-05:00", "2027-03-14T03:00-04:00"),
    ),
    (
        "2027-03-26T02:30",
        "Asia/Jerusalem",
        ("2027-03-26T00:30", "2027-03-25T23:30"),
        ("2027-03-26T01:59+02:00", "2027-03-26T03:00+03:00"),
    ),
    (
        "2027-10-03T02:15",
        "Australia/Lord_Howe",
        ("2027-10-02T15:45", "2027-10-02T15:15"),
        ("2027-10-03T01:59+10:30", "2027-10-03T02:30+11:00"),
    ),
    (
        "2027-09-05T00:30",
        "America/Santiago",
        ("2027-09-05T04:30", "2027-09-05T03:30"),
        ("2027-09-04T23:59-04:00", "2027-09-05T01:00-03:00"),
    ),
    (
        "2027-04-30T00:30",
        "Africa/Cairo",
        ("2027-04-29T22:30", "2027-04-29T21:30"),
        ("2027-04-29T23:59+02:00", "2027-04-30T01:00+03:00"),
    ),
    (
        "2027-03-27T23:30",
        "America/Nuuk",
        ("2027-03-28T01:30", "2027-03-28T00:30"),
        ("2027-03-27T22:59-02:00", "2027-03-28T00:00-01:00"),
    ),
    (
        "2027-03-28T02:30",
        "Antarctica/Troll",
        ("2027-03-28T02:30", "2027-03-28T00:30"),
        ("2027-03-28T00:59+00:00", "2027-03-28T03:00+02:00"),
    ),
    (
        "2011-12-30T12:00",
        "Pacific/Apia",
        ("2011-12-30T22:00", "2011-12-29T22:00"),
        ("2011-12-29T23:59-10:00", "2011-12-31T00:00+14:00"),
    ),
]
OVERLAPS = [
    # local, zone, the first and the second of the two instants
    ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30", "2026-10-25T01:30"),
    ("2026-11-01T01:30", "America/New_York", "2026-11-01T05:30", "2026-11-01T06:30"),
    ("2027-04-04T01:45", "Australia/Lord_Howe", "2027-04-03T14:45", "2027-04-03T15:15"),
]
PLAIN = [
    ("2027-06-01T09:00", "Asia/Kathmandu", "2027-06-01T03:15"),
    ("2026-12-15T09:00", "America/Vancouver", "2026-12-15T16:00"),  # with the rules of 2026
    # fifteen o'clock in Berlin, and the same moments in New York, in weeks in which only one of them has summer time
    ("2027-03-10T15:00", "Europe/Berlin", "2027-03-10T14:00"),
    ("2027-03-10T09:00", "America/New_York", "2027-03-10T14:00"),
    ("2027-03-20T15:00", "Europe/Berlin", "2027-03-20T14:00"),
    ("2027-03-20T10:00", "America/New_York", "2027-03-20T14:00"),
    ("2027-04-05T15:00", "Europe/Berlin", "2027-04-05T13:00"),
    ("2027-04-05T09:00", "America/New_York", "2027-04-05T13:00"),
    ("2026-10-28T15:00", "Europe/Berlin", "2026-10-28T14:00"),
    ("2026-10-28T10:00", "America/New_York", "2026-10-28T14:00"),
    # half hours, and summer in December
    ("2027-01-12T09:00", "Asia/Kolkata", "2027-01-12T03:30"),
    ("2027-01-12T09:00", "Australia/Adelaide", "2027-01-11T22:30"),
    ("2027-07-12T09:00", "Australia/Adelaide", "2027-07-11T23:30"),
    ("2027-07-12T09:00", "America/St_Johns", "2027-07-12T11:30"),
    ("2027-01-12T09:00", "Pacific/Chatham", "2027-01-11T19:15"),
    ("2027-07-12T09:00", "Pacific/Chatham", "2027-07-11T20:15"),
    ("2027-01-12T09:00", "America/Santiago", "2027-01-12T12:00"),
    ("2027-07-12T09:00", "America/Santiago", "2027-07-12T13:00"),
    # the last minute before a change of the clocks and the first one after it are plain
    ("2027-03-28T01:59", "Europe/Berlin", "2027-03-28T00:59"),
    ("2027-03-28T03:00", "Europe/Berlin", "2027-03-28T01:00"),
    ("2026-10-25T01:59", "Europe/Berlin", "2026-10-24T23:59"),
    ("2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00"),
    ("2026-12-01T10:00", "UTC", "2026-12-01T10:00"),
    ("2026-12-01T10:00", "US/Eastern", "2026-12-01T15:00"),
]


def wall(local: str, zone: str, fold: Literal[0, 1] | None = None) -> WallTime:
    return WallTime(local=datetime.fromisoformat(local), zone=zone, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def unclear(time: WallTime) -> UnclearTime:
    with pytest.raises(UnclearTime) as refused:
        instant(time)
    return refused.value


@pytest.mark.parametrize(("local", "zone", "expected"), PLAIN)
def test_a_wall_time_that_exists_once_is_one_instant(local: str, zone: str, expected: str) -> None:
    at = instant(wall(local, zone))

    assert at == utc(expected)
    assert at.tzinfo is UTC


@pytest.mark.parametrize(("local", "zone", "expected"), PLAIN[:2])
@pytest.mark.parametrize("fold", [0, 1])
def test_saying_which_one_changes_nothing_where_there_is_one(
    local: str, zone: str, expected: str, fold: Literal[0, 1]
) -> None:
    assert instant(wall(local, zone, fold)) == utc(expected)


@pytest.mark.parametrize(("local", "zone", "read", "neighbours"), GAPS)
def test_a_wall_time_that_the_clocks_leave_out_is_refused_with_its_neighbours(
    local: str, zone: str, read: tuple[str, str], neighbours: tuple[str, str]
) -> None:
    refused = unclear(wall(local, zone))

    assert readings(datetime.fromisoformat(local), zone_rules(zone)) == (utc(read[0]), utc(read[1]))
    assert refused.code is Code.NONEXISTENT_LOCAL_TIME
    assert refused.either == tuple(datetime.fromisoformat(one) for one in neighbours)
    assert refused.either[1] - refused.either[0] == timedelta(minutes=1)
    assert refused.sentence == (
        f"start: {local.replace('T', ' ')} does not exist in {zone}, where the clocks go forward then; "
        f"take {neighbours[0]} or {neighbours[1]}"
    )


@pytest.mark.parametrize(("local", "zone"), [(local, zone) for local, zone, *_ in GAPS])
@pytest.mark.parametrize("fold", [0, 1])
def test_what_never_is_cannot_be_chosen_either(local: str, zone: str, fold: Literal[0, 1]) -> None:
    assert unclear(wall(local, zone, fold)).code is Code.NONEXISTENT_LOCAL_TIME


@pytest.mark.parametrize(("local", "zone", "first", "second"), OVERLAPS)
def test_a_wall_time_that_is_twice_is_refused_with_both_until_it_is_said_which(
    local: str, zone: str, first: str, second: str
) -> None:
    refused = unclear(wall(local, zone))
    shown = [at.astimezone(zone_rules(zone)).isoformat(timespec="minutes") for at in refused.either]

    assert refused.code is Code.AMBIGUOUS_LOCAL_TIME
    assert refused.either == (utc(first), utc(second))
    assert shown[0][:16] == shown[1][:16] == local
    assert refused.sentence == (
        f"start: {local.replace('T', ' ')} exists twice in {zone}, where the clocks go back then; say which: "
        f"fold 0 is {shown[0]}, fold 1 is {shown[1]}"
    )
    assert (instant(wall(local, zone, 0)), instant(wall(local, zone, 1))) == refused.either


@given(
    at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis wants naive bounds
    zone=st.sampled_from(
        ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "Asia/Gaza"]
    ),
)
def test_whatever_a_clock_shows_can_be_named_and_means_that_instant(at: datetime, zone: str) -> None:
    local = at.astimezone(zone_rules(zone))
    fold: Literal[0, 1] = 1 if local.fold else 0

    assert instant(WallTime(local=local.replace(tzinfo=None), zone=zone, fold=fold)) == at


# --- rules that change -----------------------------------------------------------------------------------------------


VANCOUVER = "America/Vancouver"


def old_rules() -> bytes:
    """Write Vancouver's zone file (RFC 8536) as tzdata had it up to 2025: this one rule, and no history."""
    header = struct.pack(">4sc15x6I", b"TZif", b"2", 0, 0, 0, 0, 1, 4)  # one type of local time, four characters
    data = struct.pack(">lbB4s", 0, 0, 0, b"LMT\0")
    return (header + data) * 2 + b"\nPST8PDT,M3.2.0,M11.1.0\n"


def test_vancouver_had_winter_time_by_the_rules_up_to_2025() -> None:
    nine = datetime.fromisoformat("2026-12-15T09:00")
    old = ZoneInfo.from_file(io.BytesIO(old_rules()))

    assert readings(nine, old) == (utc("2026-12-15T17:00"),) * 2
    assert instant(wall("2026-12-15T09:00", VANCOUVER)) == utc("2026-12-15T16:00")


def test_an_hour_that_was_there_twice_by_the_old_rules_is_there_once_by_the_new() -> None:
    half_past_one = datetime.fromisoformat("2026-11-01T01:30")
    first, second = readings(half_past_one, ZoneInfo.from_file(io.BytesIO(old_rules())))

    assert (first, second) == (utc("2026-11-01T08:30"), utc("2026-11-01T09:30"))
    assert instant(wall("2026-11-01T01:30", VANCOUVER)) == first


def test_the_rules_are_the_distributions_though_the_process_has_older_ones(tmp_path: Path) -> None:
    (tmp_path / VANCOUVER).parent.mkdir()
    (tmp_path / VANCOUVER).write_bytes(old_rules())
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    try:
        by_the_process = datetime(2026, 12, 15, 9, tzinfo=ZoneInfo(VANCOUVER)).astimezone(UTC)
        by_us = instant(wall("2026-12-15T09:00", VANCOUVER))
    finally:
        zoneinfo.reset_tzpath(to=[])
        ZoneInfo.clear_cache()

    assert (by_the_process, by_us) == (utc("2026-12-15T17:00"), utc("2026-12-15T16:00"))


# --- what is no wall time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "hint"), [("Europe/Berlinn", "; did you mean Europe/Berlin?"), ("Mars/Olympus", ""), ("../../UTC", "")]
)
def test_a_zone_that_does_not_exist_is_refused(zone: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        instant(WallTime.model_construct(local=datetime.fromisoformat("2026-12-01T10:00"), zone=zone, fold=None))

    assert refused.value.code is Code.INVALID_COMMAND
    assert refused.value.sentence == f"start: {zone} is not in the IANA time zone database{hint}"


@pytest.mark.parametrize(
    "fields",
    [
        {"local": "2026-12-01T10:00Z"},
        {"local": "0001-01-01T00:00"},
        {"local": "tomorrow"},
        {"zone": "Berlin"},
        {"zone": "../../UTC"},
        {"fold": 2},
        {"offset": 60},
    ],
)
def test_what_is_no_wall_time_is_none(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WallTime.model_validate({"local": "2026-12-01T10:00", "zone": "Europe/Berlin"} | fields)


def test_a_wall_time_can_come_as_json_and_instants_stay_as_they_are() -> None:
    page = WallTime.model_validate_json('{"local": "2026-12-01T10:00", "zone": "Europe/Berlin"}')
    aware = utc("2026-12-02T10:00")

    assert instants((page, aware), "slots") == (utc("2026-12-01T09:00"), aware)
    assert instants(None, "reason") is None


def test_which_of_several_wall_times_is_unclear_is_said() -> None:
    with pytest.raises(UnclearTime, match=r"^slots\.1: 2027-03-28 02:30 does not exist in Europe/Berlin"):
        instants((utc("2026-12-02T10:00"), wall("2027-03-28T02:30", "Europe/Berlin")), "slots")
