"""Events of Microsoft Graph, read and made without asking anybody."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import JsonValue

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable
from adapters.graph.events import (
    body,
    busy,
    etag,
    our_event,
    read_event,
    scheduled,
    span,
    takes_time,
    transaction,
    with_uid,
)
from adapters.graph.schedules import LONGEST, windows
from adapters.graph.words import login_trouble, schedule_trouble, trouble
from adapters.rest import Reply
from tests.adapters.grace import HOUR, NINE, event

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")


def at(text: str, zone: str | None = "UTC") -> dict[str, JsonValue]:
    return {"dateTime": text} if zone is None else {"dateTime": text, "timeZone": zone}


# --- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (at("2026-12-01T09:00:00.0000000"), NINE),
        (at("2026-12-01T09:00:00.0000000", None), NINE),
        (at("2026-12-01T09:00:00", "tzone://Microsoft/Utc"), NINE),
        (at("2026-12-01T09:00:00Z", "Pacific Standard Time"), NINE),
        (at("2026-12-01T01:00:00.0000000", "Pacific Standard Time"), NINE),
        (at("2026-12-01T10:00:00.0000000", "W. Europe Standard Time"), NINE),
        (at("2026-12-01T10:00:00.0000000", "Europe/Berlin"), NINE),
    ],
)
def test_a_time_is_read_in_the_zone_that_the_answer_names(start: dict[str, JsonValue], expected: datetime) -> None:
    """We ask for UTC; what comes is what counts."""
    times = span({"start": start, "end": at("2026-12-02T00:00:00")}, BERLIN)

    assert times is not None
    assert times[0] == expected


@pytest.mark.parametrize(
    "start",
    [
        None,
        "2026-12-01",
        {},
        at(""),
        at("soon"),
        at("2026-12-01T09:00:00", "tzone://Microsoft/Custom"),
        at("2026-12-01T09:00:00", "../etc/passwd"),
        at("2026-12-03T09:00:00"),
    ],
    ids=["none", "text", "empty", "no time", "no date", "custom zone", "path", "after its end"],
)
def test_a_time_that_cannot_be_made_out_is_none(start: JsonValue) -> None:
    assert span({"start": start, "end": at("2026-12-02T00:00:00")}, BERLIN) is None


@pytest.mark.parametrize("zone", ["UTC", "W. Europe Standard Time"])
def test_a_whole_day_is_the_owners_whatever_zone_its_midnight_is_said_in(zone: str) -> None:
    whole_day: dict[str, JsonValue] = {
        "isAllDay": True,
        "start": at("2026-12-01T00:00:00.0000000", zone),
        "end": at("2026-12-02T00:00:00.0000000", zone),
    }

    expected = datetime(2026, 11, 30, 23, tzinfo=UTC)

    assert span(whole_day, BERLIN) == (expected, expected + timedelta(days=1))


def test_a_whole_day_that_is_told_as_instants_is_these() -> None:
    whole_day: dict[str, JsonValue] = {
        "isAllDay": True,
        "start": at("2026-11-30T23:00:00"),
        "end": at("2026-12-01T23:00:00"),
    }

    expected = datetime(2026, 11, 30, 23, tzinfo=UTC)

    assert span(whole_day, BERLIN) == (expected, expected + timedelta(days=1))


# --- busy ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"showAs": "busy"}, True),
        ({"showAs": "oof"}, True),
        ({"showAs": "tentative"}, True),
        ({"showAs": "unknown"}, True),
        ({"showAs": "something new"}, True),
        ({}, True),
        ({"showAs": "free"}, False),
        ({"showAs": "workingElsewhere"}, False),
        ({"showAs": "busy", "isCancelled": True}, False),
        ({"showAs": "busy", "responseStatus": {"response": "declined"}}, False),
        ({"showAs": "busy", "responseStatus": {"response": "notResponded"}}, True),
    ],
)
def test_what_takes_time_is_all_that_is_not_said_to_take_none(item: dict[str, JsonValue], *, expected: bool) -> None:
    assert takes_time(item) is expected


def test_a_tentative_event_is_tentative() -> None:
    item: dict[str, JsonValue] = {
        "start": at("2026-12-01T09:00:00"),
        "end": at("2026-12-01T10:00:00"),
        "showAs": "tentative",
    }

    assert busy(item, UTC_ZONE) == Busy(start=NINE, end=NINE + HOUR, tentative=True)


# --- getSchedule -----------------------------------------------------------------------------------------------------

FIVE = timedelta(minutes=5)


def test_the_items_of_a_schedule_are_read_in_whatever_case() -> None:
    times = {"start": at("2026-12-01T09:00:00.0000000"), "end": at("2026-12-01T10:00:00.0000000")}
    items: list[JsonValue] = [
        {"status": status, **times} for status in ("Busy", "Tentative", "Free", "workingElsewhere", "oof")
    ]

    assert scheduled({"scheduleItems": items, "availabilityView": "2"}, NINE, FIVE) == [
        Busy(start=NINE, end=NINE + HOUR),
        Busy(start=NINE, end=NINE + HOUR, tentative=True),
        Busy(start=NINE, end=NINE + HOUR),
    ]


def test_where_the_items_are_kept_back_the_merged_view_counts() -> None:
    assert scheduled({"availabilityView": "0221034", "scheduleItems": []}, NINE, FIVE) == [
        Busy(start=NINE + FIVE, end=NINE + 3 * FIVE),
        Busy(start=NINE + 3 * FIVE, end=NINE + 4 * FIVE, tentative=True),
        Busy(start=NINE + 5 * FIVE, end=NINE + 6 * FIVE),
    ]


def test_a_free_day_is_free() -> None:
    assert scheduled({"availabilityView": "000", "scheduleItems": []}, NINE, FIVE) == []


@pytest.mark.parametrize(
    "schedule",
    [
        {},
        {"availabilityView": ""},
        {"availabilityView": "", "scheduleItems": []},
        {"scheduleItems": []},
        {"scheduleItems": ["busy"]},
        {"scheduleItems": [{"status": "busy", "start": at("2026-12-01T09:00:00")}]},
        {"scheduleItems": [{"status": "busy", "start": at("x"), "end": at("y")}], "availabilityView": "000"},
    ],
)
def test_a_schedule_that_cannot_be_read_is_never_free(schedule: dict[str, JsonValue]) -> None:
    assert scheduled(schedule, NINE, FIVE) is None


@pytest.mark.parametrize("days", [1, 61, 62, 122, 123, 400])
def test_windows_are_cut_to_what_graph_answers_for(days: int) -> None:
    end = NINE + timedelta(days=days)

    cut = windows(NINE, end)

    assert cut[0][0] == NINE
    assert cut[-1][1] == end
    assert all(timedelta() < last - first <= LONGEST < timedelta(days=62) for first, last in cut)
    assert [last for _, last in cut[:-1]] == [first for first, _ in cut[1:]]


# --- what we write ---------------------------------------------------------------------------------------------------


def test_what_we_write_is_read_back() -> None:
    said = body(event(sequence=3), "r7")
    stored = read_event({**said, "id": "AAk", "iCalUId": "0400", "@odata.etag": 'W/"1"'}, UTC_ZONE)

    assert stored.event is not None
    assert (stored.event.start, stored.event.end, stored.event.sequence) == (NINE, NINE + HOUR, 3)
    assert (stored.event.cancelled, stored.event.answer, stored.edited) == (False, None, False)
    assert (stored.id, stored.ical_uid, stored.etag) == ("AAk", "0400", 'W/"1"')


def test_an_event_of_ours_is_private_and_names_nobody() -> None:
    said = body(event(), "r7")

    assert said["sensitivity"] == "private"
    assert said["showAs"] == "busy"
    assert "attendees" not in said
    assert said["start"] == {"dateTime": "2026-12-01T09:00:00", "timeZone": "UTC"}


def test_a_cancelled_version_takes_no_time_and_is_cancelled_when_it_is_read() -> None:
    said = body(event(cancelled=True), "r7")
    stored = read_event(said, UTC_ZONE)

    assert said["showAs"] == "free"
    assert stored.event is not None
    assert stored.event.cancelled
    assert not stored.edited


def test_another_view_of_an_event_is_no_edit() -> None:
    """Who wants to be bookable meanwhile has not cancelled anything."""
    stored = read_event({**body(event(), "r7"), "showAs": "free"}, UTC_ZONE)

    assert not stored.edited


def test_properties_are_known_in_whatever_case_their_ids_come_back() -> None:
    said = body(event(), "r7")
    properties = said["singleValueExtendedProperties"]
    assert isinstance(properties, list)
    shouted = [{"id": str(one["id"]).upper(), "value": one["value"]} for one in properties if isinstance(one, dict)]

    assert read_event({**said, "singleValueExtendedProperties": [*shouted]}, UTC_ZONE).written is not None


def test_what_somebody_else_made_of_our_properties_is_no_interview_and_still_takes_time() -> None:
    said: dict[str, JsonValue] = json.loads(json.dumps(body(event(), "r7")).replace('"r7"', '"r7; see above"'))

    assert busy(said, BERLIN) == Busy(start=NINE, end=NINE + HOUR)
    assert our_event(said, BERLIN) is None


def test_an_event_without_an_etag_has_its_change_key() -> None:
    assert etag({"changeKey": "abc"}) == etag({"@odata.etag": 'W/"abc"', "changeKey": "abc"})


def test_a_repetition_is_one_transaction_and_anything_else_is_another() -> None:
    first = transaction(event(), "r7", 0)

    assert first == transaction(event().model_copy(update={"stamp": NINE}), "r7", 0)
    others = {
        transaction(event(), "r7", 1),
        transaction(event(sequence=1), "r7", 0),
        transaction(event(NINE + HOUR), "r7", 0),
        transaction(event(uid="r7.p2"), "r7", 0),
        first,
    }
    assert len(others) == 5
    assert "r7" not in first


def test_a_uid_cannot_break_out_of_its_filter() -> None:
    assert with_uid("o'hara").endswith("and ep/value eq 'o''hara')")


# --- words -----------------------------------------------------------------------------------------------------------

ADDRESS = "grace.hopper@acme.example"
SAID: dict[str, JsonValue] = {"message": f"{ADDRESS} token=eyJ0"}


def reply(status: int, code: str = "", headers: dict[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, {"error": {"code": code, **SAID}})


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (401, "InvalidAuthenticationToken", CalendarRefused, "consented"),
        (403, "ErrorAccessDenied", CalendarRefused, "policy"),
        (403, "Authorization_RequestDenied", CalendarRefused, "Calendars.ReadWrite"),
        (404, "ErrorItemNotFound", CalendarRefused, "directory"),
        (404, "MailboxNotEnabledForRESTAPI", CalendarRefused, "license"),
        (400, "ErrorInvalidRequest", CalendarRefused, "refuses"),
        (400, f"{ADDRESS} is wrong", CalendarRefused, "status 400"),
        (429, "ApplicationThrottled", CalendarUnavailable, "later"),
        (429, "", CalendarUnavailable, "status 429"),
        (403, "MailboxConcurrency", CalendarUnavailable, "later"),
        (503, "ErrorServerBusy", CalendarUnavailable, "later"),
        (509, "", CalendarUnavailable, "later"),
    ],
)
def test_a_refusal_says_what_to_do_and_repeats_nothing(
    status: int, code: str, kind: type[Exception], says: str
) -> None:
    said = trouble("grace", reply(status, code))

    assert isinstance(said, kind)
    assert says in str(said)
    assert len(said.because) <= 200
    assert not any(word in str(said) for word in (ADDRESS, "eyJ0"))


def test_graph_says_how_long_to_wait() -> None:
    patient = trouble("grace", reply(429, "ApplicationThrottled", {"Retry-After": "120"}))
    silent = [trouble("grace", reply(*said)) for said in ((429, ""), (503, "ErrorServerBusy"))]

    assert isinstance(patient, CalendarUnavailable)
    assert patient.retry_after == timedelta(minutes=2)
    for one in silent:
        assert isinstance(one, CalendarUnavailable)
        assert one.retry_after == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("status", "body_", "kind", "says"),
    [
        (401, {"error": "invalid_client", "error_codes": [7000215]}, CalendarRefused, "enter its value, not its id"),
        (401, {"error": "invalid_client", "error_codes": [7000222]}, CalendarRefused, "expired"),
        (400, {"error": "unauthorized_client", "error_codes": [700016]}, CalendarRefused, "tenant and client id"),
        (400, {"error": "invalid_request", "error_codes": [90002]}, CalendarRefused, "tenant's id"),
        (400, {"error": "invalid_grant", "error_codes": [1]}, CalendarRefused, "consent"),
        (400, {"error": ADDRESS}, CalendarRefused, "status 400"),
        (200, {}, CalendarUnavailable, "status 200"),
        (400, {"error": "temporarily_unavailable"}, CalendarUnavailable, "now"),
        (429, {}, CalendarUnavailable, "now"),
        (503, {}, CalendarUnavailable, "now"),
    ],
)
def test_a_login_that_fails_says_why_and_repeats_nothing(
    status: int, body_: dict[str, JsonValue], kind: type[Exception], says: str
) -> None:
    said = login_trouble("grace", Reply(status, {}, {**body_, "error_description": f"{ADDRESS} eyJ0"}))

    assert isinstance(said, kind)
    assert says in str(said)
    assert len(said.because) <= 200
    assert not any(word in str(said) for word in (ADDRESS, "eyJ0"))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ErrorMailRecipientNotFound", CalendarRefused),
        ("ErrorNoFreeBusyAccess", CalendarRefused),
        ("ErrorProxyRequestProcessingFailed", CalendarUnavailable),
        (ADDRESS, CalendarUnavailable),
        (None, CalendarUnavailable),
    ],
)
def test_an_error_about_one_schedule_is_trouble(code: JsonValue, kind: type[Exception]) -> None:
    said = schedule_trouble("grace", {"responseCode": code, **SAID})

    assert isinstance(said, kind)
    assert ADDRESS not in str(said)
