"""Our own events: what is written, what is read back, and what a person's program may do to them."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pytest

from adapters.ical.events import Parties, event_text, our_events, stored_event
from adapters.ical.objects import Owner
from adapters.written import Written
from entrevue.values import CalendarEvent, Slot
from tests.adapters.test_ical_busy import A_HOSTILE_ZONE

BERLIN = Owner(ZoneInfo("Europe/Berlin"), "grace@acme.example")
ROOT = Path(__file__).parents[2]
ASKED = Parties(organizer="interviews+7f@hire.acme.example", organisation="Acme", owner="grace@acme.example")


def at(text: str) -> datetime:
    """Read `2026-12-01 09:00`, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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


@pytest.mark.slow
def test_an_owner_who_brings_a_zone_without_end_holds_nobody_up() -> None:
    bomb = event_text(our_event(), "r7").replace("DTSTART:20261201T090000Z", "DTSTART;TZID=Mine:20261201T090000")
    bomb = bomb.replace("BEGIN:VEVENT", A_HOSTILE_ZONE.replace("\n", "\r\n") + "BEGIN:VEVENT")

    assert stored_event(bomb, "r7.p1", BERLIN) is None
    assert our_events([bomb], at("2026-12-01"), at("2026-12-02"), BERLIN.zone) == ()


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
from adapters.ical.events import Parties, event_text
from tests.adapters.test_ical_events import our_event
evil = "a\\r\\nX-EVIL:1\\x00"
parties = Parties(organizer=evil, organisation=evil + '"', owner=evil)
print(event_text(our_event(uid=evil, summary=evil, description=evil, location=evil), evil, parties), end="")
"""


@pytest.mark.parametrize("flags", [[], ["-O"]])
def test_no_text_can_add_a_line(flags: list[str]) -> None:
    """The library asserts it for X- properties only, and `python -O` leaves assertions out."""
    written = subprocess.run([sys.executable, *flags, "-c", _INJECT], cwd=ROOT, capture_output=True, check=True)

    event = icalendar.Calendar.from_ical(written.stdout).events[0]
    assert "X-EVIL" not in event
    assert b"\x00" not in written.stdout


# --- whom it names ---------------------------------------------------------------------------------------------------


def named(parties: Parties = ASKED) -> icalendar.Event:
    text = event_text(our_event(), "r7", parties)
    return icalendar.Calendar.from_ical(text.encode()).events[0]


def test_its_owner_is_asked_by_an_address_of_ours() -> None:
    event = named()

    assert event["ORGANIZER"] == "mailto:interviews+7f@hire.acme.example"
    assert dict(event["ORGANIZER"].params) == {"CN": "Acme"}
    assert event["ATTENDEE"] == "mailto:grace@acme.example"
    assert dict(event["ATTENDEE"].params) == {
        "CUTYPE": "INDIVIDUAL",
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
    }


def test_who_has_answered_is_not_asked_again() -> None:
    params = named(replace(ASKED, answer="accepted"))["ATTENDEE"].params

    assert params["PARTSTAT"] == "ACCEPTED"
    assert "RSVP" not in params


def test_a_server_that_schedules_is_told_to_leave_it_to_us() -> None:
    """RFC 6638, 7.1: on the owner's copy it is ORGANIZER that counts, on any other ATTENDEE."""
    event = named(replace(ASKED, left_to_us=True))

    assert event["ORGANIZER"].params["SCHEDULE-AGENT"] == event["ATTENDEE"].params["SCHEDULE-AGENT"] == "CLIENT"


@pytest.mark.parametrize(
    ("attendee", "expected"),
    [
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@acme.example", "accepted"),
        ("ATTENDEE;PARTSTAT=accepted:MAILTO:Grace@Acme.example", "accepted"),
        ("ATTENDEE;PARTSTAT=DECLINED;EMAIL=grace@acme.example:urn:uuid:1-2-3", "declined"),
        ("ATTENDEE:mailto:grace@acme.example", "needs_action"),
        ("ATTENDEE;PARTSTAT=DELEGATED:mailto:grace@acme.example", "needs_action"),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org", None),
        ("X-NOBODY:1", None),
    ],
)
def test_the_answer_is_the_owners(attendee: str, expected: str | None) -> None:
    text = event_text(our_event(), "r7").replace("TRANSP:OPAQUE", f"TRANSP:OPAQUE\r\n{attendee}")

    for owner, answer in ((BERLIN, expected), (replace(BERLIN, email=None), None)):
        stored = stored_event(text, "r7.p1", owner)
        assert stored is not None
        assert (stored.answer, stored.edited) == (answer, False)
