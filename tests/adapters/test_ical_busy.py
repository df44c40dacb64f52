"""Reading what strangers' calendar programs write: busy times, repetitions, what is broken, and what is remembered."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.calendar import Busy
from adapters.ical import busy as ical_busy
from adapters.ical.busy import ParseCache, busy_times
from adapters.ical.objects import Owner
from tests.adapters.ics import BERLIN, NINE_UTC, a_zone, an_object, at, read, spans

# --- what takes time, and what does not ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(NINE_UTC, ["12-01 09:00-10:00"], id="an event"),
        pytest.param("DTSTART:20261201T090000Z\nDURATION:PT90M", ["12-01 09:00-10:30"], id="a duration"),
        pytest.param(NINE_UTC + "STATUS:CANCELLED", [], id="cancelled"),
        pytest.param(NINE_UTC + "TRANSP:TRANSPARENT", [], id="transparent"),
        pytest.param(NINE_UTC + "TRANSP:OPAQUE\nX-MICROSOFT-CDO-BUSYSTATUS:FREE", [], id="free, at Microsoft"),
        pytest.param(NINE_UTC + "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE", [], id="elsewhere, at Microsoft"),
        pytest.param(NINE_UTC + "X-MICROSOFT-CDO-BUSYSTATUS:OOF", ["12-01 09:00-10:00"], id="away, at Microsoft"),
        pytest.param(
            NINE_UTC + "ATTENDEE;PARTSTAT=DECLINED:MAILTO:Grace@acme.example\nATTENDEE:mailto:b@acme.example",
            [],
            id="declined by the owner",
        ),
        pytest.param(
            NINE_UTC + "ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@acme.example\n"
            "ATTENDEE;PARTSTAT=DECLINED:mailto:b@acme.example",
            ["12-01 09:00-10:00"],
            id="declined by another",
        ),
        pytest.param("DTSTART:20261201T090000Z", [], id="no end"),
        pytest.param("DTSTART:20261201T090000Z\nDTEND:20261201T090000Z", [], id="zero length"),
        pytest.param(
            "DTSTART:20261201T100000Z\nDTEND:20261201T090000Z", ["12-01 09:00-10:00"], id="its end before its start"
        ),
        pytest.param(
            "DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261202", ["11-30 23:00-23:00"], id="all day, at home"
        ),
        pytest.param("DTSTART;VALUE=DATE:20261201", ["11-30 23:00-23:00"], id="all day, without an end"),
        pytest.param(
            "DTSTART;VALUE=DATE:20261201\nDTEND;VALUE=DATE:20261201", ["11-30 23:00-23:00"], id="all day, of no length"
        ),
        pytest.param(
            "DTSTART;TZID=Europe/London:20261201T090000\nDTEND;TZID=Asia/Tokyo:20261201T200000",
            ["12-01 09:00-11:00"],
            id="from London to Tokyo",
        ),
        pytest.param("DTSTART:20261205T090000Z\nDTEND:20261205T100000Z", [], id="another day"),
    ],
)
def test_what_counts_as_busy(event: str, expected: list[str]) -> None:
    reading = read(an_object(event))

    assert spans(reading) == expected
    assert not reading.doubts


@pytest.mark.parametrize(
    "event",
    [
        pytest.param("STATUS:TENTATIVE", id="status"),
        pytest.param("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", id="at Microsoft"),
        pytest.param("ATTENDEE;PARTSTAT=TENTATIVE:mailto:grace@acme.example", id="answered maybe"),
        pytest.param("ATTENDEE:mailto:grace@acme.example", id="not answered"),
    ],
)
def test_what_counts_as_tentative(event: str) -> None:
    assert [one.tentative for one in read(an_object(NINE_UTC + event)).busy] == [True]


def test_our_own_events_are_told_from_others() -> None:
    ours, forged = (an_object(NINE_UTC + f"X-ENTREVUE-INTERVIEW:{name}") for name in ("r7-c42-1", "no id at all!"))

    assert {one.interview for one in read(ours, forged).busy} == {"r7-c42-1", None}


def test_what_is_taken_twice_is_told_once_and_in_order() -> None:
    early = "DTSTART:20261201T080000Z\nDTEND:20261201T120000Z"

    assert spans(read(an_object(NINE_UTC), an_object(early), an_object(NINE_UTC))) == [
        "12-01 08:00-12:00",
        "12-01 09:00-10:00",
    ]


def test_no_text_of_an_event_comes_through() -> None:
    reading = read(an_object(NINE_UTC + "SUMMARY:Doctor\nDESCRIPTION:private\nLOCATION:clinic\nCOMMENT:x"))

    assert set(reading.busy[0].model_dump()) == {"start", "end", "tentative", "interview"}
    assert "Doctor" not in repr(reading)


# --- repetitions -----------------------------------------------------------------------------------------------------


def test_a_weekly_meeting_keeps_its_wall_time_when_the_clocks_change() -> None:
    weekly = an_object(
        "DTSTART;TZID=Europe/Berlin:20260105T090000\nDTEND;TZID=Europe/Berlin:20260105T100000\nRRULE:FREQ=WEEKLY"
    )

    assert spans(read(weekly, day="2026-10-19", days=14)) == ["10-19 07:00-08:00", "10-26 08:00-09:00"]
    assert spans(read(weekly, day="2027-03-22", days=14)) == ["03-22 08:00-09:00", "03-29 07:00-08:00"]


def test_excluded_days_and_moved_and_cancelled_instances_are_heeded() -> None:
    daily = an_object(
        "DTSTART;TZID=Europe/Berlin:20261126T090000\nDTEND;TZID=Europe/Berlin:20261126T100000\n"
        "RRULE:FREQ=DAILY;COUNT=10\nEXDATE;TZID=Europe/Berlin:20261130T090000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261201T090000\n"
        "DTSTART;TZID=Europe/Berlin:20261202T150000\nDTEND;TZID=Europe/Berlin:20261202T153000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261203T090000\nSTATUS:CANCELLED\n"
        "DTSTART;TZID=Europe/Berlin:20261203T090000\nDTEND;TZID=Europe/Berlin:20261203T100000",
    )

    assert spans(read(daily, day="2026-11-29", days=6)) == [
        "11-29 08:00-09:00",
        "12-02 08:00-09:00",
        "12-02 14:00-14:30",
        "12-04 08:00-09:00",
    ]


def test_an_instance_moved_from_far_away_into_the_window_is_seen() -> None:
    weekly = an_object(
        "DTSTART:20261001T090000Z\nDTEND:20261001T100000Z\nRRULE:FREQ=WEEKLY;COUNT=3",
        "RECURRENCE-ID:20261008T090000Z\n" + NINE_UTC,
    )

    assert spans(read(weekly)) == ["12-01 09:00-10:00"]


def test_an_instance_whose_series_is_elsewhere_is_seen() -> None:
    assert spans(read(an_object("RECURRENCE-ID:20261125T090000Z\n" + NINE_UTC))) == ["12-01 09:00-10:00"]


def test_added_days_and_changes_from_one_instance_on_are_heeded() -> None:
    added = an_object("DTSTART:20261101T090000Z\nDTEND:20261101T100000Z\nRDATE:20261201T120000Z")
    later = an_object(
        "DTSTART:20261001T090000Z\nDTEND:20261001T100000Z\nRRULE:FREQ=DAILY",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20261101T090000Z\nDTSTART:20261101T150000Z\nDTEND:20261101T160000Z",
    )

    assert spans(read(added)) == ["12-01 12:00-13:00"]
    assert spans(read(later)) == ["12-01 15:00-16:00"]


def test_a_yearly_all_day_event_blocks_the_owners_day_in_summer_and_winter() -> None:
    winter, summer = (an_object(f"DTSTART;VALUE=DATE:2001{day}\nRRULE:FREQ=YEARLY") for day in ("1201", "0701"))

    assert spans(read(winter)) == ["11-30 23:00-23:00"]
    assert spans(read(summer, day="2027-07-01")) == ["06-30 22:00-22:00"]


EVERY_SECOND_OF_THE_YEAR = "FREQ=YEARLY;" + ";".join(
    f"{part}={','.join(map(str, range(count)))}" for part, count in (("BYHOUR", 24), ("BYMINUTE", 60), ("BYSECOND", 60))
)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        pytest.param("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", marks=pytest.mark.slow),
        pytest.param("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", marks=pytest.mark.slow),
        pytest.param(EVERY_SECOND_OF_THE_YEAR, marks=pytest.mark.slow),
    ],
)
def test_a_rule_without_an_end_in_sight_blocks_the_time_from_its_start_on(rule: str) -> None:
    bomb = an_object(f"DTSTART:20200101T090000Z\nDTEND:20200101T090500Z\nRRULE:{rule}")
    start = at("2026-12-01")

    reading = read(bomb, an_object(NINE_UTC))

    assert Busy(start=at("2020-01-01 09:00"), end=start + timedelta(days=1)) in reading.busy
    assert Busy(start=at("2026-12-01 09:00"), end=at("2026-12-01 10:00")) in reading.busy
    assert reading.doubts == Counter(endless=1)


def test_a_rule_without_an_end_in_sight_that_blocks_nothing_still_blocks_nothing() -> None:
    bomb = "DTSTART:20200101T090000Z\nDTEND:20200101T090500Z\nRRULE:FREQ=SECONDLY\nTRANSP:TRANSPARENT"

    assert read(an_object(bomb)).busy == ()


def test_an_hourly_rule_over_years_is_worked_out() -> None:
    hourly = an_object("DTSTART:20200101T000000Z\nDTEND:20200101T000500Z\nRRULE:FREQ=HOURLY")

    reading = read(hourly)

    assert len(reading.busy) == 24
    assert not reading.doubts


# --- what is broken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(an_object(NINE_UTC + "RRULE:FREQ=SOMETIMES"), "12-01 09:00-10:00", id="a rule"),
        pytest.param(an_object(NINE_UTC + "RRULE:FREQ=DAILY;UNTIL=soon"), "12-01 09:00-10:00", id="the end of a rule"),
        pytest.param(an_object("DTSTART:20261201T090000Z\nDTEND:tomorrow"), "12-01 09:00-10:00", id="an end"),
        pytest.param(an_object("DTSTART;VALUE=DATE:20261201\nDTEND:??"), "11-30 23:00-23:00", id="the end of a day"),
        pytest.param(an_object(NINE_UTC + NINE_UTC), "12-01 09:00-10:00", id="two starts"),
        pytest.param(an_object(NINE_UTC).replace("END:VEVENT\r\n", ""), "12-01 09:00-10:00", id="not closed"),
        pytest.param(
            an_object("DTSTART;TZID=Asia/Tokyo:20261201T180000\nDTEND;TZID=Asia/Tokyo:20261201T190000\nDURATION:long"),
            "12-01 09:00-10:00",
            id="a duration",
        ),
        pytest.param(
            an_object(NINE_UTC, zones="BEGIN:VTIMEZONE\n").replace("END:VCALENDAR", a_zone("x", 1) + "END:VCALENDAR"),
            "12-01 09:00-10:00",
            id="inside a zone",
        ),
        pytest.param(an_object(NINE_UTC) + "END:VCALENDAR\r\n", "12-01 09:00-10:00", id="closed twice"),
        pytest.param(an_object(NINE_UTC) + an_object(NINE_UTC), "12-01 09:00-10:00", id="two calendars"),
        pytest.param(
            an_object(NINE_UTC + "DESCRIPTION:" + "long " * 250_000), "12-01 09:00-10:00", id="longer than allowed"
        ),
    ],
)
def test_a_broken_object_counts_by_its_start_and_end_and_hides_no_other(text: str, expected: str) -> None:
    other = "DTSTART:20261201T150000Z\nDTEND:20261201T160000Z"

    reading = read(text, an_object(other))

    assert spans(reading) == [expected, "12-01 15:00-16:00"]
    assert reading.doubts == Counter(unreadable=1)


def test_nonsense_is_a_doubt_and_no_failure() -> None:
    reading = read("", "nonsense", "BEGIN:VCALENDAR", an_object("DTSTART:99999999T999999Z"))

    assert reading.busy == ()
    assert reading.doubts == Counter(unreadable=4)


def test_a_text_that_names_a_file_is_not_opened(tmp_path: Path) -> None:
    """A str without line breaks is, to icalendar, the name of a file."""
    file = tmp_path / "secret.ics"
    file.write_text(an_object(NINE_UTC))

    assert read(str(file)).busy == ()


_WORDS = st.sampled_from(
    ["BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "TZID:x", NINE_UTC, "RRULE:FREQ=DAILY", "\r\n "]
) | st.text(max_size=20)


@given(st.lists(_WORDS, max_size=12))
def test_whatever_is_written_the_other_events_are_read(words: list[str]) -> None:
    reading = read(an_object("\n".join(words)), an_object(NINE_UTC))

    assert Busy(start=at("2026-12-01 09:00"), end=at("2026-12-01 10:00")) in reading.busy


# --- what was parsed before ------------------------------------------------------------------------------------------

MANY = [
    an_object(NINE_UTC),
    an_object("DTSTART;TZID=Europe/Berlin:20261005T090000\nDURATION:PT30M\nRRULE:FREQ=DAILY"),
    an_object("DTSTART;TZID=Mine:20261201T120000\nDURATION:PT30M", zones=a_zone("Mine", 5)),
    an_object("DTSTART;TZID=Mine:20261201T120000\nDURATION:PT30M", zones=a_zone("Mine", -5)),
    an_object("DTSTART;TZID=Mine:20261130T130000\nDURATION:PT30M\nRRULE:FREQ=DAILY", zones=a_zone("Mine", 5)),
    an_object("DTSTART;TZID=Mine:20261130T130000\nDURATION:PT30M\nRRULE:FREQ=DAILY", zones=a_zone("Mine", -5)),
    an_object("DTSTART:20261201T150000\nDURATION:PT30M"),
    an_object("DTSTART;VALUE=DATE:20261202"),
    an_object(NINE_UTC + "DURATION:long"),
    an_object(NINE_UTC + "ATTENDEE;PARTSTAT=DECLINED:mailto:grace@acme.example"),
]
TOKYO = Owner(ZoneInfo("Asia/Tokyo"), "ada@example.org")


def test_what_is_remembered_says_the_same_for_every_window_and_owner() -> None:
    cache = ParseCache()
    for day in ("2026-12-01", "2026-12-02", "2026-10-24", "2026-12-01"):
        for owner in (BERLIN, TOKYO, BERLIN):
            start = at(day)
            for objects in (MANY, MANY[::-1]):
                remembered = busy_times(objects, start, start + timedelta(days=3), owner, cache)

                assert remembered == busy_times(objects, start, start + timedelta(days=3), owner)
    repeating = 3  # these are kept once as they are written, and once for each window: three, to the day
    assert len(cache) == 2 * (len(MANY) + 3 * repeating)


A_HOSTILE_ZONE = "BEGIN:VTIMEZONE\nTZID:Mine\n{rules}END:VTIMEZONE\n".format(
    rules="".join(
        f"BEGIN:{half}\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:{offset}\n"
        f"RRULE:FREQ=SECONDLY\nEND:{half}\n"
        for half, offset in (("STANDARD", "+0100"), ("DAYLIGHT", "+0200"))
    )
)
A_ZONE_OF_THEIRS = A_HOSTILE_ZONE.replace("SECONDLY", "YEARLY")


@pytest.mark.slow
def test_a_zone_whose_clocks_change_every_second_holds_nobody_up() -> None:
    """A rule of a zone is worked out whenever a time in it is looked at: dateutil steps through it from its start."""
    bomb = an_object("DTSTART;TZID=Mine:20261201T120000\nDTEND;TZID=Mine:20261201T130000", zones=A_HOSTILE_ZONE)

    reading = read(bomb, an_object(NINE_UTC))

    assert spans(reading) == ["12-01 09:00-10:00", "12-01 11:00-12:00"]  # the second as if it was the owner's own zone
    assert reading.doubts == Counter(unreadable=1)


def test_wherever_the_work_on_an_object_is_stopped_it_stops_and_can_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not while a generator is closed, where nobody hears of it; and no zone is kept whose rules are locked."""
    bomb = an_object("DTSTART;TZID=Mine:20261101T100000\nRRULE:FREQ=SECONDLY", zones=A_ZONE_OF_THEIRS)
    start, told = at("2026-12-01"), set()
    for allowance in range(2000, 30_000, 500):
        monkeypatch.setattr(ical_busy, "STEPS_AN_OBJECT", allowance)
        cache = ParseCache()
        for _ in range(2):
            told |= set(busy_times([bomb], start, start + timedelta(days=1), BERLIN, cache).doubts)

    assert told <= {"endless", "unreadable"}
    assert "endless" in told


@pytest.mark.slow
def test_what_has_no_end_in_sight_has_none_the_second_time_either() -> None:
    """Dateutil's rules hold a lock while they count, and whoever stops them there leaves it closed."""
    cache, start = ParseCache(), at("2026-12-01")
    bomb = an_object("DTSTART:20200101T090000Z\nDTEND:20200101T090500Z\nRRULE:FREQ=SECONDLY")

    once, again = (busy_times([bomb], start, start + timedelta(days=1), BERLIN, cache) for _ in range(2))

    assert once == again
    assert once.doubts == Counter(endless=1)


def test_what_has_no_end_in_sight_is_worked_on_once_and_holds_nobody_up_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cache, start = ParseCache(), at("2026-12-01")
    bombs = [an_object(f"DTSTART:202001{day:02}T090000Z\nRRULE:FREQ=SECONDLY") for day in range(1, 4)]
    monkeypatch.setattr(ical_busy, "STEPS_AN_OBJECT", 20_000)
    once = busy_times(bombs, start, start + timedelta(days=1), BERLIN, cache)
    monkeypatch.setattr(ical_busy, "_occurrences", None)  # nothing can be worked out any more

    assert once.doubts == Counter(endless=3)
    assert busy_times(bombs, start, start + timedelta(days=1), BERLIN, cache) == once


def test_a_text_that_was_changed_is_read_anew() -> None:
    """Whatever etag the server gives it."""
    cache, start = ParseCache(), at("2026-12-01")
    moved = an_object(NINE_UTC.replace("T09", "T07"))

    readings = [busy_times([one], start, start + timedelta(days=1), BERLIN, cache) for one in (MANY[0], moved)]

    assert [spans(one) for one in readings] == [["12-01 09:00-10:00"], ["12-01 07:00-10:00"]]


def test_a_cache_has_bounds_and_forgets_what_was_not_asked_for_longest() -> None:
    texts = [an_object(f"DTSTART:20261201T{hour:02}0000Z\nDURATION:PT30M") for hour in range(20)]
    start, end = at("2026-12-01"), at("2026-12-02")
    few, small = ParseCache(most=8), ParseCache(largest=5000)
    for cache in (few, small):
        reading = busy_times(texts, start, end, BERLIN, cache)

        assert len(reading.busy) == 20
        assert 0 < len(cache) <= 8
        assert busy_times(texts, start, end, BERLIN, cache) == reading
