"""Ids, bodies and readings of events, without a server."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from adapters.google.events import (
    OF_OTHERS,
    by_name,
    event_body,
    generation_of,
    id_of,
    name_of,
    parsed,
    stored,
    taken,
)
from tests.adapters.grace import GRACE, HOUR, NINE, event

BERLIN = ZoneInfo("Europe/Berlin")


@settings(max_examples=50)
@given(st.text(max_size=80), st.text(max_size=80), st.integers(0, 99))
def test_ids_are_of_the_letters_that_google_takes(person: str, uid: str, generation: int) -> None:
    event_id = id_of(person, uid, generation)

    assert re.fullmatch("[a-v0-9]{5,1024}", event_id)
    assert generation_of(event_id, person, uid) == generation
    assert generation_of(event_id, person, uid + "x") is None


@pytest.mark.parametrize("tail", ["", "x", "0_20261201T090000Z", "-1", "²"])
def test_what_is_no_generation_is_none_of_ours(tail: str) -> None:
    assert generation_of(name_of(GRACE, "r7.p1") + tail, GRACE, "r7.p1") is None


def test_changes_are_told_by_uid_and_whether_there_are_others() -> None:
    ids = [id_of(GRACE, "r7.p1", 3), id_of(GRACE, "r7.p1", 0) + "_20261201T090000Z"]

    assert by_name(ids, GRACE, ("r7.p1", "r8.p1")) == (frozenset({"r7.p1"}), False)
    assert by_name([*ids, "abc"], GRACE, ("r8.p1",)) == (frozenset(), True)
    assert by_name([], GRACE, ("r7.p1",)) == (frozenset(), False)


def test_what_we_write_can_be_read_back() -> None:
    body = event_body(event(), "r7", asked="grace@acme.example", answer="tentative")
    item: dict[str, JsonValue] = {**body, "id": id_of(GRACE, "r7.p1", 0), "etag": '"1"', "sequence": 4}
    item["attendees"] = [{"self": True, "responseStatus": "tentative"}]
    read = parsed(item)
    assert read is not None
    there = stored(read, GRACE, "r7.p1", BERLIN)

    assert there is not None
    assert (there.start, there.end, there.summary) == (NINE, NINE + HOUR, "Interview")
    assert (there.answer, there.cancelled, there.edited, there.sequence) == ("tentative", False, False, 4)


def test_what_we_wrote_elsewhere_is_not_ours() -> None:
    read = parsed({**event_body(event(), "r7"), "id": "somebodys0copy"})
    assert read is not None
    there = stored(read, GRACE, "r7.p1", BERLIN)
    busy = taken(read, GRACE, BERLIN)

    assert there is not None
    assert there.written is None
    assert busy is not None
    assert busy.interview is None


def test_a_cancelled_version_takes_no_time_and_knows_that_it_is_cancelled() -> None:
    read = parsed({**event_body(event(cancelled=True), "r7"), "id": id_of(GRACE, "r7.p1", 0)})
    assert read is not None
    there = stored(read, GRACE, "r7.p1", BERLIN)

    assert taken(read, GRACE, BERLIN) is None
    assert there is not None
    assert (there.cancelled, there.edited) == (True, False)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ({"dateTime": "2026-12-01T10:00:00+01:00"}, datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ({"dateTime": "2026-12-01T09:00:00.123Z"}, datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ({"dateTime": "2026-12-01T10:00:00", "timeZone": "Asia/Tokyo"}, datetime(2026, 12, 1, 1, tzinfo=UTC)),
        ({"dateTime": "2026-12-01T10:00:00"}, datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ({"date": "2026-07-01"}, datetime(2026, 6, 30, 22, tzinfo=UTC)),
    ],
    ids=str,
)
def test_times_are_read_as_google_writes_them(told: dict[str, JsonValue], meant: datetime) -> None:
    read = parsed({"id": "a", "start": told, "end": told})
    assert read is not None

    assert read.span(BERLIN) == (meant, meant)


@pytest.mark.parametrize("told", [{}, {"dateTime": "2026-12-01T10:00:00", "timeZone": "Mars/Base"}], ids=str)
def test_times_that_cannot_be_read_are_an_error(told: dict[str, JsonValue]) -> None:
    read = parsed({"id": "a", "start": told, "end": told})
    assert read is not None

    with pytest.raises(ValueError, match="no time"):
        read.span(BERLIN)


@pytest.mark.parametrize("word", ["summary", "description", "location", "email", "displayName", "organizer", "creator"])
def test_what_others_do_is_not_asked_for(word: str) -> None:
    assert word not in OF_OTHERS
