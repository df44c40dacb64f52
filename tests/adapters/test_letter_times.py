"""Times in letters: the reader's own first, and whose day they spoil."""

import re
from datetime import UTC, datetime

import pytest

from activities.letters import (
    render,
)
from entrevue.letters import Correspondent, HourReminder, Invitation, Nudge, SeatRequest
from entrevue.values import Slot
from tests.adapters.letterbox import (
    DAY,
    EVENT,
    LETTERS,
    SETTINGS,
    order_of,
    part,
    reader,
)


@pytest.mark.parametrize(
    ("start", "zone", "shown"),
    [
        ("2026-12-01T09:00Z", "Europe/Berlin", "Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)"),
        ("2027-06-01T09:00Z", "Europe/Berlin", "Tuesday 1 June 2027, 11:00–11:40 (Berlin, UTC+02:00)"),
        ("2027-03-10T14:00Z", "America/New_York", "Wednesday 10 March 2027, 09:00–09:40 (New York, UTC-05:00)"),
        ("2027-03-20T14:00Z", "America/New_York", "Saturday 20 March 2027, 10:00–10:40 (New York, UTC-04:00)"),
        ("2027-06-01T03:15Z", "Asia/Kathmandu", "Tuesday 1 June 2027, 09:00–09:40 (Kathmandu, UTC+05:45)"),
        ("2027-01-05T22:30Z", "Australia/Lord_Howe", "Wednesday 6 January 2027, 09:30–10:10 (Lord Howe, UTC+11:00)"),
        (
            "2027-01-05T15:00Z",
            "America/Argentina/Buenos_Aires",
            "Tuesday 5 January 2027, 12:00–12:40 (Buenos Aires, UTC-03:00)",
        ),
        ("2026-12-15T16:00Z", "America/Vancouver", "Tuesday 15 December 2026, 09:00–09:40 (Vancouver, UTC-07:00)"),
        ("2027-01-05T12:00Z", "Europe/London", "Tuesday 5 January 2027, 12:00–12:40 (London, UTC+00:00)"),
        ("2027-01-05T12:00Z", "UTC", "Tuesday 5 January 2027, 12:00–12:40 (UTC)"),
        ("2027-01-05T12:00Z", "Etc/GMT+5", "Tuesday 5 January 2027, 07:00–07:40 (UTC-05:00)"),
        (
            "2026-12-01T22:40Z",
            "Europe/Berlin",
            "Tuesday 1 December 2026, 23:40 – Wednesday 2 December 2026, 00:20 (Berlin, UTC+01:00)",
        ),
        (
            "2026-10-25T00:30Z",
            "Europe/Berlin",
            "Sunday 25 October 2026, 02:30 UTC+02:00 – 02:10 UTC+01:00 (Berlin; the clocks change in between)",
        ),
    ],
)
def test_times_are_shown_in_the_readers_own_zone(start: str, zone: str, shown: str) -> None:
    slot = Slot(start=datetime.fromisoformat(start), minutes=40)
    letter = render(order_of(Nudge(slots=(slot,), reply_by=DAY), to=reader(zone=zone)), SETTINGS)

    assert re.search(rf"(?m)^1\. {re.escape(shown)}(, outside 08:00–20:00 for you)?$", part(letter, "plain"))
    assert f'<time datetime="{start[:16]}:00Z">{shown}</time>' in part(letter, "html")


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", "04:00–04:40 for the candidate (New York, UTC-05:00)"),
        ("Asia/Kathmandu", "14:45–15:25 for the candidate (Kathmandu, UTC+05:45)"),
        ("Pacific/Honolulu", "Mon 30 Nov, 23:00–23:40 for the candidate (Honolulu, UTC-10:00)"),
        ("Pacific/Kiritimati", "23:00–23:40 for the candidate (Kiritimati, UTC+14:00)"),
        ("Pacific/Chatham", "22:45–23:25 for the candidate (Chatham, UTC+13:45)"),
    ],
)
def test_interviewers_see_the_candidates_time_with_its_date_where_that_differs(zone: str, shown: str) -> None:
    invitation = Invitation(event=EVENT, imip=False, with_names=("Ada",), candidate_zone=zone)
    letter = render(order_of(invitation, to=reader("i1")), SETTINGS)

    own = "When: Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)\n"
    assert f"{own}      {shown}\n" in part(letter, "plain")


def test_a_candidates_time_across_midnight_has_both_dates() -> None:
    slot = Slot(start=datetime(2026, 12, 1, 4, 40, tzinfo=UTC), minutes=40)
    reminder = HourReminder(slot=slot, location=None, with_names=(), agenda=(), candidate_zone="America/New_York")
    letter = render(order_of(reminder, to=reader("i1")), SETTINGS)

    assert "Mon 30 Nov, 23:40 – Tue 1 Dec, 00:20 for the candidate (New York, UTC-05:00)" in part(letter, "plain")


def test_a_candidates_time_beside_two_dates_has_its_own() -> None:
    slot = Slot(start=datetime(2026, 12, 1, 22, 40, tzinfo=UTC), minutes=40)
    request = SeatRequest(slot=slot, reply_by=DAY, with_names=(), candidate_zone="America/New_York")
    text = part(render(order_of(request, to=reader("i1")), SETTINGS), "plain")

    assert "When: Tuesday 1 December 2026, 23:40 – Wednesday 2 December 2026, 00:20 (Berlin, UTC+01:00)\n" in text
    assert "      Tue 1 Dec, 17:40–18:20 for the candidate (New York, UTC-05:00)\n" in text


def test_a_candidates_clock_that_changes_in_between_is_shown_with_both_offsets() -> None:
    slot = Slot(start=datetime(2026, 11, 1, 5, 40, tzinfo=UTC), minutes=40)
    request = SeatRequest(slot=slot, reply_by=DAY, with_names=(), candidate_zone="America/New_York")
    text = part(render(order_of(request, to=reader("i1")), SETTINGS), "plain")

    assert "01:40 UTC-04:00 – 01:20 UTC-05:00 for the candidate (New York; the clocks change in between)" in text


@pytest.mark.parametrize(
    ("start", "reader_in", "candidate_in", "flagged"),
    [
        ("2026-12-01T07:00Z", "Europe/Berlin", None, ""),
        ("2026-12-01T06:45Z", "Europe/Berlin", None, "outside 08:00–20:00 for you"),
        ("2026-12-01T18:20Z", "Europe/Berlin", None, ""),
        ("2026-12-01T18:21Z", "Europe/Berlin", None, "outside 08:00–20:00 for you"),
        ("2026-12-01T22:40Z", "Europe/Berlin", "Asia/Tokyo", "outside 08:00–20:00 for you and the candidate"),
        ("2026-12-01T09:00Z", "Europe/Berlin", "America/New_York", "outside 08:00–20:00 for the candidate"),
        ("2026-12-01T15:00Z", "Europe/Berlin", "America/New_York", ""),
        ("2026-12-01T03:00Z", "Europe/Berlin", "Asia/Kathmandu", "outside 08:00–20:00 for you"),
        ("2026-12-15T15:30Z", "Europe/Berlin", "America/Vancouver", ""),
        ("2026-12-01T03:00Z", "Nowhere/Atlantis", "Nowhere/Atlantis", ""),
    ],
)
def test_a_time_outside_the_day_is_flagged_for_whom_it_is(
    start: str, reader_in: str, candidate_in: str | None, flagged: str
) -> None:
    slot = Slot(start=datetime.fromisoformat(start), minutes=40)
    event = EVENT.model_copy(update={"slot": slot})
    for letter in (
        SeatRequest(slot=slot, reply_by=DAY, with_names=(), candidate_zone=candidate_in),
        Invitation(event=event, imip=False, with_names=(), candidate_zone=candidate_in),
    ):
        rendered = render(order_of(letter, to=reader("i1", zone=reader_in)), SETTINGS)

        for kind in ("plain", "html"):
            assert re.findall(r"outside 08:00–20:00 for .*", part(rendered, kind)) == ([flagged] if flagged else [])


def test_an_offered_time_outside_the_candidates_day_is_flagged_and_keeps_its_number() -> None:
    for name in ("offer", "nudge"):
        letter = render(order_of(LETTERS[name]), SETTINGS)

        assert (
            "1. Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)\n"
            "2. Thursday 3 December 2026, 00:00–00:40 (Berlin, UTC+01:00), outside 08:00–20:00 for you\n"
        ) in part(letter, "plain")
        assert part(letter, "html").count("</time>, outside 08:00–20:00 for you</li>") == 1


def test_nobody_is_told_of_an_unusual_time_by_a_zone_that_was_only_assumed() -> None:
    letter = render(order_of(LETTERS["offer"], to=reader(assumed=True)), SETTINGS)

    assert "outside" not in part(letter, "plain")


@pytest.mark.parametrize("zone", ["Europe/Berlin", None, "Nowhere/Atlantis"])
def test_a_candidate_with_the_same_or_no_known_clock_is_not_shown_twice(zone: str | None) -> None:
    invitation = Invitation(event=EVENT, imip=False, with_names=("Ada",), candidate_zone=zone)
    letter = render(order_of(invitation, to=reader("i1")), SETTINGS)

    assert "for the candidate (" not in part(letter, "plain")


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (reader(assumed=True), "We do not know your time zone; the times above are in Berlin time."),
        (reader(zone="Nowhere/Atlantis"), "We do not know your time zone; the times above are in UTC time."),
        (reader(zone="America/Argentina"), "We do not know your time zone; the times above are in UTC time."),
    ],
)
def test_an_assumed_time_zone_is_labelled_so(to: Correspondent, told: str) -> None:
    assert told in part(render(order_of(LETTERS["offer"], to=to), SETTINGS), "plain")
    assert told in part(render(order_of(LETTERS["offer"], to=to), SETTINGS), "html")


def test_a_known_time_zone_is_not_asked_for() -> None:
    assert "do not know your time zone" not in part(render(order_of(LETTERS["offer"]), SETTINGS), "plain")
