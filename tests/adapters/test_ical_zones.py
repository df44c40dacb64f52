"""Time zones in strangers' calendars: names that everybody uses otherwise, definitions, and clocks that are changed."""

import json
import subprocess
import sys
import zoneinfo
from collections import Counter
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from activities.people import use_pinned_tzdata
from adapters.ical.busy import busy_times
from adapters.ical.objects import Owner, is_tame, localise_tzids
from tests.adapters.ics import BERLIN, NINE_UTC, a_zone, an_object, at, read, spans
from tests.domain.test_walltime import old_rules

ROOT = Path(__file__).parents[2]

# --- names, and their definitions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Europe/Berlin", "12-01 08:00-09:00"),
        ("W. Europe Standard Time", "12-01 08:00-09:00"),
        ('"W. Europe Standard Time"', "12-01 08:00-09:00"),
        ("Tokyo Standard Time", "12-01 00:00-01:00"),
        ("/mozilla.org/20250131_1/Asia/Tokyo", "12-01 00:00-01:00"),
        ("/freeassociation.sourceforge.net/America/Argentina/Buenos_Aires", "12-01 12:00-13:00"),
        ("US/Eastern", "12-01 14:00-15:00"),
    ],
)
def test_zones_that_are_known_by_name_need_no_definition(name: str, expected: str) -> None:
    reading = read(an_object(f"DTSTART;TZID={name}:20261201T090000\nDTEND;TZID={name}:20261201T100000"))

    assert spans(reading) == [expected]
    assert not reading.doubts


@pytest.mark.parametrize(
    "event",
    [
        pytest.param("DTSTART:20261201T090000\nDTEND:20261201T100000", id="floating"),
        pytest.param("DTSTART;TZID=:20261201T090000\nDTEND;TZID=:20261201T100000", id="blank"),
        pytest.param(
            "DTSTART;TZID=Mitteleuropaeische Zeit:20261201T090000\nDTEND;TZID=Mitteleuropaeische Zeit:20261201T100000",
            id="unknown",
        ),
        pytest.param(
            'DTSTART;TZID="(UTC+01:00) Amsterdam, Berlin":20261201T090000\n'
            'DTEND;TZID="(UTC+01:00) Amsterdam, Berlin":20261201T100000',
            id="unknown, with a colon",
        ),
        pytest.param(
            "DTSTART:20261101T090000\nDTEND:20261101T100000\nRRULE:FREQ=DAILY\nEXDATE:20261202T090000", id="repeated"
        ),
    ],
)
def test_times_without_a_known_zone_are_the_owners_and_a_doubt(event: str) -> None:
    reading = read(an_object(event))

    assert spans(reading) == ["12-01 08:00-09:00"]
    assert reading.doubts == Counter(zone_assumed=1)


def test_floating_times_at_the_edge_of_the_window_are_not_lost() -> None:
    auckland = Owner(ZoneInfo("Pacific/Auckland"))
    honolulu = Owner(ZoneInfo("Pacific/Honolulu"))
    daily = an_object("DTSTART:20261101T090000\nDTEND:20261101T100000\nRRULE:FREQ=DAILY")

    assert spans(read(daily, owner=auckland)) == ["12-01 20:00-21:00"]
    assert spans(read(daily, owner=honolulu)) == ["12-01 19:00-20:00"]


CUSTOM = "DTSTART;TZID=Customized Time Zone:20261201T090000\nDTEND;TZID=Customized Time Zone:20261201T100000"


@pytest.mark.parametrize("order", [(5, -5), (-5, 5)])
def test_two_peoples_customized_time_zone_are_two_zones(order: tuple[int, int]) -> None:
    expected = {5: "12-01 04:00-05:00", -5: "12-01 14:00-15:00"}
    objects = [an_object(CUSTOM, zones=a_zone("Customized Time Zone", hours)) for hours in order]

    assert [spans(read(one)) for one in objects] == [[expected[hours]] for hours in order]
    assert spans(read(*objects)) == sorted(expected.values())


@pytest.mark.parametrize("name", ["Europe/Berlin", "W. Europe Standard Time"])
def test_nobody_can_redefine_a_zone_for_the_others(name: str) -> None:
    event = f"DTSTART;TZID={name}:20261201T090000\nDTEND;TZID={name}:20261201T100000"
    hostile = an_object(event, zones=a_zone(name, 11))

    assert spans(read(hostile)) == ["12-01 08:00-09:00"]
    assert spans(read(an_object(event))) == ["12-01 08:00-09:00"]


def test_a_definition_that_follows_its_use_is_found() -> None:
    text = an_object(CUSTOM).replace("END:VCALENDAR", a_zone("Customized Time Zone", 5) + "END:VCALENDAR")

    assert spans(read(text)) == ["12-01 04:00-05:00"]


def test_only_times_are_renamed_with_their_zone() -> None:
    text = an_object(CUSTOM + "\nSUMMARY:why;TZID=Customized Time Zone:?", zones=a_zone("Customized Time Zone", 5))

    localised = localise_tzids(text)

    assert "SUMMARY:why;TZID=Customized Time Zone:?" in localised
    assert localised.count("Customized Time Zone") == 1


def test_thousands_of_unfinished_definitions_are_read_in_one_go() -> None:
    text = an_object(NINE_UTC, zones="BEGIN:VTIMEZONE\n" * 50_000)

    assert spans(read(text)) == ["12-01 09:00-10:00"]


# --- zones as they are kept, and kept apart --------------------------------------------------------------------------

_TWO_ORDERS = """
import json, sys
from tests.adapters.test_ical_zones import WITH_RULES, WITHOUT, read, spans
objects = [WITH_RULES, WITHOUT] if sys.argv[1] == "rules first" else [WITHOUT, WITH_RULES]
print(json.dumps([spans(read(one, day=day)) for one in objects for day in ("2026-10-19", "2026-10-26")]))
"""

BERLIN_RULES = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
WEEKLY = "DTSTART;TZID=Europe/Berlin:20261012T090000\nDTEND;TZID=Europe/Berlin:20261012T100000\nRRULE:FREQ=WEEKLY"
WITH_RULES, WITHOUT = an_object(WEEKLY, zones=BERLIN_RULES), an_object(WEEKLY)


@pytest.mark.slow
@pytest.mark.parametrize("order", ["rules first", "rules last"])
def test_no_process_reads_a_zone_otherwise_because_of_what_it_read_first(order: str) -> None:
    """Radicale's own free-busy answers are an hour off in one of the two orders, until it is started again."""
    run = [sys.executable, "-c", _TWO_ORDERS, order]
    read_there = subprocess.run(run, cwd=ROOT, capture_output=True, check=True)

    assert json.loads(read_there.stdout) == [["10-19 07:00-08:00"], ["10-26 08:00-09:00"]] * 2


@pytest.mark.parametrize(
    ("wall", "zone", "expected"),
    [
        ("20270328T023000", "Europe/Berlin", "2027-03-28 01:30"),
        ("20261025T023000", "Europe/Berlin", "2026-10-25 00:30"),
        ("20270314T023000", "America/New_York", "2027-03-14 07:30"),
        ("20261101T013000", "America/New_York", "2026-11-01 05:30"),
        ("20270326T023000", "Asia/Jerusalem", "2027-03-26 00:30"),
        ("20270404T014500", "Australia/Lord_Howe", "2027-04-03 14:45"),
        ("20271003T021500", "Australia/Lord_Howe", "2027-10-02 15:45"),
        ("20270905T003000", "America/Santiago", "2027-09-05 04:30"),
        ("20270430T003000", "Africa/Cairo", "2027-04-29 22:30"),
        ("20270327T233000", "America/Nuuk", "2027-03-28 01:30"),
        ("20270328T023000", "Antarctica/Troll", "2027-03-28 02:30"),
        ("20111230T120000", "Pacific/Apia", "2011-12-30 22:00"),
        ("20270601T090000", "Asia/Kathmandu", "2027-06-01 03:15"),
        ("20261215T090000", "America/Vancouver", "2026-12-15 16:00"),
    ],
)
def test_times_that_the_clocks_leave_out_or_show_twice_are_one_instant(wall: str, zone: str, expected: str) -> None:
    """RFC 5545, 3.3.5: by the offset before the gap; of two, the first."""
    start = at(expected)
    there = an_object(f"DTSTART;TZID={zone}:{wall}\nDURATION:PT30M")
    floating = an_object(f"DTSTART:{wall}\nDURATION:PT30M")

    for text, owner in ((there, BERLIN), (floating, Owner(ZoneInfo(zone)))):
        reading = busy_times([text], start - timedelta(days=2), start + timedelta(days=2), owner)

        assert [one.start for one in reading.busy] == [start]


def test_a_zone_is_read_by_the_pinned_rules_though_the_process_began_with_older_ones(tmp_path: Path) -> None:
    nine = an_object("DTSTART;TZID=America/Vancouver:20261215T090000\nDURATION:PT1H")
    (tmp_path / "America").mkdir()
    (tmp_path / "America" / "Vancouver").write_bytes(old_rules())
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    try:
        by_older = spans(read(nine, day="2026-12-15"))
    finally:
        use_pinned_tzdata()  # as the worker does when it starts

    assert by_older == ["12-15 17:00-18:00"]
    assert spans(read(nine, day="2026-12-15")) == ["12-15 16:00-17:00"]


def test_hours_across_the_change_of_clocks_are_hours_and_days_are_days() -> None:
    shift = an_object("DTSTART;TZID=Europe/Berlin:20270327T220000\nDURATION:PT8H")
    day = an_object("DTSTART;TZID=Europe/Berlin:20270327T220000\nDURATION:P1D")

    assert spans(read(shift, day="2027-03-27", days=3)) == ["03-27 21:00-05:00"]
    assert spans(read(day, day="2027-03-27", days=3)) == ["03-27 21:00-20:00"]


@pytest.mark.parametrize(
    ("zones", "event", "tame"),
    [
        pytest.param("", "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20271231T000000Z", True, id="weekly"),
        pytest.param("", "RRULE:FREQ=DAILY;COUNT=200", True, id="so often"),
        pytest.param("", "RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=5SU", True, id="yearly"),
        pytest.param("", "RRULE:FREQ=HOURLY", False, id="hourly"),
        pytest.param("", "RRULE:FREQ=DAILY;INTERVAL=0", False, id="never further"),
        pytest.param("", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", False, id="never"),
        pytest.param("", "RRULE:FREQ=DAILY\r\nRRULE:FREQ=SECONDLY", False, id="two rules"),
        pytest.param("", "RDATE:20261201T090000Z", False, id="dates"),
        pytest.param("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "RRULE:FREQ=DAILY", True, id="a zone as all are"),
        pytest.param("RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY", False, id="a zone that changes every day"),
    ],
)
def test_only_rules_that_are_soon_worked_out_are_worked_out_uncounted(zones: str, event: str, *, tame: bool) -> None:
    head = f"BEGIN:VTIMEZONE\r\nTZID:x-1\r\nDTSTART:16010101T000000\r\n{zones}\r\nEND:VTIMEZONE\r\n" if zones else ""
    text = f"BEGIN:VCALENDAR\r\n{head}BEGIN:VEVENT\r\nDTSTART:20261001T090000Z\r\n{event}\r\nEND:VEVENT\r\n"

    assert is_tame(text) is tame
    assert not is_tame(text.replace("20261001", "00010101"))
