"""Reading what strangers' calendar programs write, and writing our own events."""

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.calendar import Busy
from adapters.ical import Owner, localise_tzids
from adapters.ical_busy import Reading, busy_times
from adapters.ical_events import Written, event_text, our_events, stored_event
from entrevue.orders import CalendarEvent
from entrevue.values import Slot

BERLIN = Owner(ZoneInfo("Europe/Berlin"), "grace@acme.example")
ROOT = Path(__file__).parents[2]


def at(text: str) -> datetime:
    """Read `2026-12-01 09:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def read(*objects: str, day: str = "2026-12-01", days: int = 1, owner: Owner = BERLIN) -> Reading:
    start = at(day)
    return busy_times(objects, start, start + timedelta(days=days), owner)


def spans(reading: Reading) -> list[str]:
    return [f"{one.start:%m-%d %H:%M}-{one.end:%H:%M}" for one in reading.busy]


def an_object(*events: str, zones: str = "") -> str:
    body = "".join(f"BEGIN:VEVENT\nUID:u1\nDTSTAMP:20260101T000000Z\n{event.strip()}\nEND:VEVENT\n" for event in events)
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//somebody//EN\n{zones}{body}END:VCALENDAR\n"
    return text.replace("\n", "\r\n")


def a_zone(name: str, hours: int) -> str:
    offset = f"{hours:+03d}00"
    return (
        f"BEGIN:VTIMEZONE\nTZID:{name}\nBEGIN:STANDARD\nDTSTART:16010101T000000\n"
        f"TZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
    )


NINE_UTC = "DTSTART:20261201T090000Z\nDTEND:20261201T100000Z\n"

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
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        EVERY_SECOND_OF_THE_YEAR,
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


# --- time zones ------------------------------------------------------------------------------------------------------


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


# --- our own events --------------------------------------------------------------------------------------------------


def our_event(**changes: object) -> CalendarEvent:
    plain = {
        "uid": "r7.p1",
        "sequence": 2,
        "stamp": at("2026-11-20 08:00"),
        "slot": Slot(start=at("2026-12-01 09:00"), minutes=45, zone="Europe/Berlin"),
        "summary": "Interview: Ada, backend; part 1",
        "description": "One\nTwo, three",
        "location": "https://meet.example.org/r7?a=1;b=2",
    }
    return CalendarEvent.model_validate(plain | changes)


def test_an_event_is_written_in_utc_and_invites_nobody() -> None:
    text = event_text(our_event(), "r7")

    for line in ("UID:r7.p1", "SEQUENCE:2", "DTSTAMP:20261120T080000Z", "DTSTART:20261201T090000Z"):
        assert f"\r\n{line}\r\n" in text
    for word in ("ATTENDEE", "ORGANIZER", "METHOD", "VTIMEZONE", "TZID", "VALARM"):
        assert word not in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))


def test_the_same_version_is_the_same_text_byte_for_byte() -> None:
    assert event_text(our_event(), "r7") == event_text(our_event(), "r7")


def test_an_event_is_read_back_as_it_was_written() -> None:
    stored = stored_event(event_text(our_event(cancelled=True), "r7"), "r7.p1", BERLIN)

    assert stored is not None
    assert (stored.start, stored.end) == (at("2026-12-01 09:00"), at("2026-12-01 09:45"))
    assert (stored.summary, stored.cancelled, stored.sequence) == ("Interview: Ada, backend; part 1", True, 2)
    assert stored.written == Written.of(our_event(cancelled=True), "r7")
    assert not stored.edited


def test_fractions_of_a_second_do_not_make_an_edit() -> None:
    fine = our_event(slot=Slot(start=at("2026-12-01 09:00") + timedelta(milliseconds=300), minutes=45))
    stored = stored_event(event_text(fine, "r7"), "r7.p1", BERLIN)

    assert stored is not None
    assert stored.written == Written.of(fine, "r7")
    assert not stored.edited


def test_the_same_time_in_another_zone_is_no_move() -> None:
    text = event_text(our_event(), "r7").replace("DTSTART:20261201T090000Z", "DTSTART;TZID=Asia/Tokyo:20261201T180000")
    stored = stored_event(text, "r7.p1", BERLIN)

    assert stored is not None
    assert not stored.edited


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("DTSTART:20261201T090000Z", "DTSTART:20261201T093000Z", id="starts later"),
        pytest.param("DTEND:20261201T094500Z", "DTEND:20261201T100000Z", id="ends later"),
        pytest.param("STATUS:CONFIRMED", "STATUS:CANCELLED", id="cancelled"),
        pytest.param("X-ENTREVUE-WRITTEN:2/", "X-ENTREVUE-WRITTEN:two/", id="record broken"),
        pytest.param("X-ENTREVUE-WRITTEN:", "X-SOMETHING:", id="record lost"),
        pytest.param("UID:r7.p1", "UID:another", id="another event"),
    ],
)
def test_what_a_person_does_to_an_event_shows(old: str, new: str) -> None:
    text = event_text(our_event(), "r7")
    assert old in text

    stored = stored_event(text.replace(old, new), "r7.p1", BERLIN)

    assert stored is not None
    assert stored.edited


def test_what_cannot_be_read_is_not_taken_for_ours() -> None:
    broken = event_text(our_event(), "r7").replace("DTSTART:20261201T090000Z", "DTSTART:soon")

    assert stored_event(broken, "r7.p1", BERLIN) is None
    assert stored_event("nonsense", "r7.p1", BERLIN) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("X-ENTREVUE-WRITTEN:", "X-SOMETHING:", id="record lost"),
        pytest.param("X-ENTREVUE-WRITTEN:2/", "X-ENTREVUE-WRITTEN:two/", id="record broken"),
        pytest.param("X-ENTREVUE-INTERVIEW:r7", "X-ENTREVUE-INTERVIEW:r7 and more", id="no interview"),
        pytest.param("DTSTART:20261201T090000Z", "DTSTART:soon", id="no time"),
    ],
)
def test_what_does_not_say_that_it_is_ours_is_not_found_among_ours(old: str, new: str) -> None:
    text = event_text(our_event(), "r7")
    assert old in text
    start, end = at("2026-12-01 00:00"), at("2026-12-02 00:00")

    assert [one.uid for one in our_events([text, "nonsense"], start, end, BERLIN.zone)] == ["r7.p1"]
    assert our_events([text.replace(old, new)], start, end, BERLIN.zone) == ()


_INJECT = """
from adapters.ical_events import event_text
from tests.adapters.test_ical import our_event
evil = "a\\r\\nX-EVIL:1\\x00"
print(event_text(our_event(uid=evil, summary=evil, description=evil, location=evil), evil), end="")
"""


@pytest.mark.parametrize("flags", [[], ["-O"]])
def test_no_text_can_add_a_line(flags: list[str]) -> None:
    """The library asserts it for X- properties only, and `python -O` leaves assertions out."""
    written = subprocess.run([sys.executable, *flags, "-c", _INJECT], cwd=ROOT, capture_output=True, check=True)

    event = icalendar.Calendar.from_ical(written.stdout).events[0]
    assert "X-EVIL" not in event
    assert b"\x00" not in written.stdout
