"""Lists, what repeats, what has changed since, and when people are free, by the contract server of Google Calendar."""

from collections.abc import AsyncIterator, Mapping

import httpx2
import pytest
from pydantic import JsonValue

from tests.providers.google_server import GoogleServer
from tests.providers.google_tests import (
    ALAN,
    EVENTS,
    GRACE,
    ID,
    INTERVIEW,
    WEEKLY,
    as_program,
    ids,
    items,
    refused,
    text,
    told,
)

SINGLE = {"singleEvents": "true"}
DECEMBER = {"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2027-01-01T00:00:00Z"}
TIMES = ["tuesdags_20261201T080000Z", "tuesdags_20261208T080000Z", "tuesdags_20261215T080000Z"]


@pytest.fixture(name="grace")
async def _grace(google: GoogleServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A program that acts for Grace."""
    async with as_program(google, GRACE) as client:
        yield client


async def add(client: httpx2.AsyncClient, name: str, **change: JsonValue) -> None:
    told(await client.post(EVENTS, json=INTERVIEW | {"id": name} | change))


def at(hour: int) -> JsonValue:
    return {"dateTime": f"2026-12-01T{hour:02}:00:00Z"}


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "found"),
    [
        ({"timeMin": "2026-12-01T10:00:00Z"}, []),
        ({"timeMin": "2026-12-01T09:59:59Z"}, [ID]),
        ({"timeMax": "2026-12-01T09:00:00Z"}, []),
        ({"timeMax": "2026-12-01T10:00:01+01:00"}, [ID]),
    ],
)
async def test_the_bounds_of_a_window_are_exclusive_for_ends_and_for_starts(
    grace: httpx2.AsyncClient, window: Mapping[str, str], found: list[str]
) -> None:
    await add(grace, ID)

    assert ids(await grace.get(EVENTS, params=window)) == found


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"timeMin": "2026-12-01T10:00:00"}, "invalid"),
        ({"timeMin": "2026-12-02T00:00:00Z", "timeMax": "2026-12-02T00:00:00Z"}, "timeRangeEmpty"),
        ({"orderBy": "startTime"}, "invalid"),
        ({"pageToken": "made up"}, "invalid"),
        ({"privateExtendedProperty": "entrevueUid"}, "invalid"),
        ({"timeZone": "Europe/Nowhere"}, "invalid"),
        ({"maxResults": "many"}, "invalid"),
    ],
)
async def test_what_cannot_be_answered_is_refused(
    grace: httpx2.AsyncClient, asked: Mapping[str, str], reason: str
) -> None:
    assert refused(await grace.get(EVENTS, params=asked)) == (400, reason)


async def test_properties_find_what_bears_all_of_them(grace: httpx2.AsyncClient) -> None:
    await add(grace, "first", extendedProperties={"private": {"uid": "r7", "of": "us"}})
    await add(grace, "second", extendedProperties={"private": {"uid": "r8", "of": "us"}})
    await add(grace, "third", extendedProperties={"shared": {"uid": "r7"}})
    both = {"privateExtendedProperty": ["uid=r7", "of=us"]}

    assert ids(await grace.get(EVENTS, params={"privateExtendedProperty": "of=us"})) == ["first", "second"]
    assert ids(await grace.get(EVENTS, params=both)) == ["first"]
    assert ids(await grace.get(EVENTS, params={"sharedExtendedProperty": "uid=r7"})) == ["third"]


async def test_events_are_found_by_ical_uid_type_and_words(grace: httpx2.AsyncClient) -> None:
    await add(grace, "plain")
    await add(grace, "absent", eventType="outOfOffice", summary="At sea")

    assert ids(await grace.get(EVENTS, params={"iCalUID": "plain@google.com"})) == ["plain"]
    assert ids(await grace.get(EVENTS, params={"eventTypes": ["outOfOffice", "focusTime"]})) == ["absent"]
    assert ids(await grace.get(EVENTS, params={"q": "SEA"})) == ["absent"]


async def test_deleted_events_are_shown_to_who_asks_for_them(grace: httpx2.AsyncClient) -> None:
    await add(grace, ID)
    await grace.delete(f"{EVENTS}/{ID}")

    assert ids(await grace.get(EVENTS)) == []
    [shown] = items(await grace.get(EVENTS, params={"showDeleted": "true"}))
    assert (shown["status"], shown["summary"]) == ("cancelled", "Interview")


async def test_a_day_begins_where_the_calendar_is(grace: httpx2.AsyncClient) -> None:
    await add(grace, "allda", start={"date": "2026-12-02"}, end={"date": "2026-12-03"})
    before, after = {"timeMax": "2026-12-01T23:00:00Z"}, {"timeMax": "2026-12-01T23:00:01Z"}

    assert ids(await grace.get(EVENTS, params=before)) == []
    [day] = items(await grace.get(EVENTS, params=after))
    assert (day["start"], day["end"]) == ({"date": "2026-12-02"}, {"date": "2026-12-03"})


async def test_times_are_told_in_the_zone_that_was_asked_for(grace: httpx2.AsyncClient) -> None:
    await add(grace, ID)
    listed = told(await grace.get(EVENTS, params={"timeZone": "UTC", "fields": "timeZone,items/start/dateTime"}))

    assert listed == {"timeZone": "UTC", "items": [{"start": {"dateTime": "2026-12-01T09:00:00Z"}}]}


# --- what repeats ----------------------------------------------------------------------------------------------------


async def test_a_series_is_one_event_or_its_times(grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=WEEKLY)
    [series] = items(await grace.get(EVENTS, params=DECEMBER))
    times = items(await grace.get(EVENTS, params=DECEMBER | SINGLE | {"orderBy": "startTime"}))

    assert series["recurrence"] == WEEKLY["recurrence"]
    assert [each["id"] for each in times] == TIMES
    assert {str(each["recurringEventId"]) for each in times} == {"tuesdags"}
    assert times[1]["originalStartTime"] == times[1]["start"]
    assert "recurrence" not in times[0]


async def test_a_series_keeps_its_wall_time_when_the_clocks_change(grace: httpx2.AsyncClient) -> None:
    start: JsonValue = {"dateTime": "2027-03-23T09:00:00", "timeZone": "Europe/Berlin"}
    end: JsonValue = {"dateTime": "2027-03-23T10:00:00", "timeZone": "Europe/Berlin"}
    await grace.post(EVENTS, json=WEEKLY | {"start": start, "end": end})
    times = await grace.get(EVENTS, params=SINGLE | {"timeZone": "UTC", "fields": "items/start/dateTime"})

    assert [each["start"] for each in items(times)] == [
        {"dateTime": "2027-03-23T08:00:00Z"},
        {"dateTime": "2027-03-30T07:00:00Z"},
        {"dateTime": "2027-04-06T07:00:00Z"},
    ]


async def test_one_time_of_a_series_is_moved_and_another_deleted(google: GoogleServer) -> None:
    async with google.as_person(GRACE) as grace:
        await grace.post(EVENTS, json=WEEKLY)
        moved = told(await grace.patch(f"{EVENTS}/{TIMES[0]}", json={"end": at(11)}))
        await grace.delete(f"{EVENTS}/{TIMES[1]}")
        times = await grace.get(EVENTS, params=SINGLE | {"orderBy": "startTime"})
        folded = items(await grace.get(EVENTS))
        unknown = await grace.get(f"{EVENTS}/tuesdags_20261202T080000Z")

    assert moved["recurringEventId"] == "tuesdags"
    assert ids(times) == [TIMES[0], TIMES[2]]
    assert [(each["id"], each["status"]) for each in folded] == [
        ("tuesdags", "confirmed"),
        (TIMES[0], "confirmed"),
        (TIMES[1], "cancelled"),
    ]
    assert refused(unknown) == (404, "notFound")


async def test_a_series_that_is_deleted_takes_its_times_along(grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=WEEKLY)
    await grace.patch(f"{EVENTS}/{TIMES[0]}", json={"summary": "Other"})
    await grace.delete(f"{EVENTS}/tuesdags")

    assert ids(await grace.get(EVENTS, params=SINGLE)) == []
    assert sorted(map(str, ids(await grace.get(EVENTS, params=SINGLE | {"showDeleted": "true"})))) == TIMES


# --- pages -----------------------------------------------------------------------------------------------------------


async def test_a_list_comes_in_pages_and_its_sync_token_with_the_last(grace: httpx2.AsyncClient) -> None:
    for n in range(5):
        await add(grace, f"event{n}")
    asked = {"maxResults": "2"}
    first = told(await grace.get(EVENTS, params=asked))
    second = told(await grace.get(EVENTS, params=asked | {"pageToken": text(first, "nextPageToken")}))
    third = await grace.get(EVENTS, params=asked | {"pageToken": text(second, "nextPageToken")})
    other = await grace.get(EVENTS, params={"pageToken": text(first, "nextPageToken")})

    assert "nextSyncToken" not in first
    assert ids(third) == ["event4"]
    assert "nextSyncToken" in told(third)
    assert "nextPageToken" not in told(third)
    assert refused(other) == (400, "invalid")


async def test_a_page_may_be_smaller_than_asked_for_and_even_empty(
    google: GoogleServer, grace: httpx2.AsyncClient
) -> None:
    google.switches.page_size, google.switches.begins_with_empty_page = 1, True
    await add(grace, "event0")
    await add(grace, "event1")
    first = told(await grace.get(EVENTS))
    second = await grace.get(EVENTS, params={"pageToken": text(first, "nextPageToken")})

    assert first["items"] == []
    assert ids(second) == ["event0"]
    assert "nextPageToken" in told(second)


# --- what has changed since ------------------------------------------------------------------------------------------


async def token_of(client: httpx2.AsyncClient, **asked: str) -> str:
    return text(told(await client.get(EVENTS, params=asked)), "nextSyncToken")


async def test_a_sync_token_brings_what_changed_since_deletions_too(grace: httpx2.AsyncClient) -> None:
    for name in ("keeps", "changes", "goes0"):
        await add(grace, name)
    token = await token_of(grace)
    await grace.patch(f"{EVENTS}/changes", json={"summary": "Talk"})
    await grace.delete(f"{EVENTS}/goes0")
    changed = await grace.get(EVENTS, params={"syncToken": token})
    again = await grace.get(EVENTS, params={"syncToken": text(told(changed), "nextSyncToken")})

    assert ids(changed) == ["changes", "goes0"]
    assert set(items(changed)[1]) == {"kind", "etag", "id", "status"}
    assert ids(again) == []


async def test_deletions_may_come_with_their_details(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    google.switches.deleted_have_details = True
    await add(grace, ID)
    token = await token_of(grace)
    await grace.delete(f"{EVENTS}/{ID}")
    [deleted] = items(await grace.get(EVENTS, params={"syncToken": token}))

    assert deleted["summary"] == "Interview"


@pytest.mark.parametrize(
    "restriction",
    [
        {"iCalUID": "a"},
        {"orderBy": "updated"},
        {"privateExtendedProperty": "a=b"},
        {"q": "a"},
        {"sharedExtendedProperty": "a=b"},
        {"timeMin": "2026-12-01T00:00:00Z"},
        {"timeMax": "2026-12-01T00:00:00Z"},
        {"updatedMin": "2026-12-01T00:00:00Z"},
        {"showDeleted": "false"},
        {"singleEvents": "true"},
    ],
)
async def test_a_sync_token_goes_with_no_restriction_and_no_other_question(
    grace: httpx2.AsyncClient, restriction: Mapping[str, str]
) -> None:
    token = await token_of(grace)

    assert refused(await grace.get(EVENTS, params={"syncToken": token, **restriction})) == (400, "invalid")


@pytest.mark.parametrize("asked", [{"updatedMin": "2027-01-01T00:00:00Z"}, {"q": "a"}, {"orderBy": "updated"}])
async def test_a_question_that_no_token_can_go_with_gives_none(
    grace: httpx2.AsyncClient, asked: Mapping[str, str]
) -> None:
    assert "nextSyncToken" not in told(await grace.get(EVENTS, params=asked))


async def test_a_token_that_the_server_has_forgotten_asks_for_a_full_sync(
    google: GoogleServer, grace: httpx2.AsyncClient
) -> None:
    token = await token_of(grace)
    google.forget_sync()

    assert refused(await grace.get(EVENTS, params={"syncToken": token})) == (410, "fullSyncRequired")
    assert refused(await grace.get(EVENTS, params={"syncToken": "made up"})) == (410, "fullSyncRequired")
    assert ids(await grace.get(EVENTS, params={"syncToken": await token_of(grace)})) == []


async def test_a_token_is_good_for_its_own_calendar(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    token = await token_of(grace)
    async with as_program(google, ALAN) as alan:
        answer = await alan.get("calendars/primary/events", params={"syncToken": token})

    assert refused(answer) == (410, "fullSyncRequired")


async def test_the_first_question_may_be_for_a_window(grace: httpx2.AsyncClient) -> None:
    token = await token_of(grace, **SINGLE, **DECEMBER)
    await grace.post(EVENTS, json=WEEKLY)

    assert ids(await grace.get(EVENTS, params=SINGLE | {"syncToken": token})) == TIMES


async def test_changes_lie_not_too_far_back(grace: httpx2.AsyncClient) -> None:
    answer = await grace.get(EVENTS, params={"updatedMin": "2020-01-01T00:00:00Z"})

    assert refused(answer) == (410, "updatedMinTooLongAgo")


# --- free and busy ---------------------------------------------------------------------------------------------------

DAY: Mapping[str, JsonValue] = {"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2026-12-02T00:00:00Z"}


def query(*people: str, **more: JsonValue) -> dict[str, JsonValue]:
    return {**DAY, "items": [{"id": each} for each in people], **more}


async def calendars(client: httpx2.AsyncClient, *people: str, **more: JsonValue) -> JsonValue:
    return told(await client.post("freeBusy", json=query(*people, **more)))["calendars"]


async def test_busy_is_what_takes_time_put_together_and_cut_to_the_window(grace: httpx2.AsyncClient) -> None:
    await add(grace, "first", start=at(9), end=at(10))
    await add(grace, "then0", start=at(10), end=at(11))
    await add(grace, "late0", start=at(23), end={"dateTime": "2026-12-02T01:00:00Z"})
    await add(grace, "perhaps", start=at(15), end=at(16), status="tentative")
    await add(grace, "aside", start=at(13), end=at(14), transparency="transparent")
    await add(grace, "refus", start=at(14), end=at(15), attendees=[{"email": GRACE, "responseStatus": "declined"}])
    await add(grace, "gone0", start=at(20), end=at(21))
    await grace.delete(f"{EVENTS}/gone0")

    assert await calendars(grace, GRACE, timeZone="Europe/Berlin") == {
        GRACE: {
            "busy": [
                {"start": "2026-12-01T10:00:00+01:00", "end": "2026-12-01T12:00:00+01:00"},
                {"start": "2026-12-01T16:00:00+01:00", "end": "2026-12-01T17:00:00+01:00"},
                {"start": "2026-12-02T00:00:00+01:00", "end": "2026-12-02T01:00:00+01:00"},
            ]
        }
    }


async def test_of_free_and_busy_too_only_what_was_asked_for_is_told(grace: httpx2.AsyncClient) -> None:
    answer = await grace.post("freeBusy", json=query(GRACE), params={"fields": "calendars(*(busy,errors))"})

    assert told(answer) == {"calendars": {GRACE: {"busy": []}}}


async def test_a_series_is_busy_at_each_of_its_times_as_they_are(grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=WEEKLY)
    await grace.delete(f"{EVENTS}/{TIMES[1]}")
    found = await calendars(grace, "primary", timeMax="2026-12-31T00:00:00Z")

    assert found == {
        "primary": {
            "busy": [
                {"start": "2026-12-01T08:00:00Z", "end": "2026-12-01T08:30:00Z"},
                {"start": "2026-12-15T08:00:00Z", "end": "2026-12-15T08:30:00Z"},
            ]
        }
    }


async def test_a_calendar_that_cannot_be_looked_at_is_an_error_of_its_own(
    google: GoogleServer, grace: httpx2.AsyncClient
) -> None:
    google.break_busy(ALAN)
    found = await calendars(grace, GRACE, ALAN, "nobody@acme.example")
    google.break_busy(ALAN, None)
    google.close(ALAN)
    closed = await calendars(grace, ALAN)

    not_found: JsonValue = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
    assert found == {
        GRACE: {"busy": []},
        ALAN: {"errors": [{"domain": "global", "reason": "internalError"}], "busy": []},
        "nobody@acme.example": not_found,
    }
    assert closed == {ALAN: not_found}


async def test_more_than_fifty_calendars_are_too_many_for_each_of_them(grace: httpx2.AsyncClient) -> None:
    people = [GRACE, *(f"person{n}@acme.example" for n in range(50))]
    found = await calendars(grace, *people)
    few = await calendars(grace, *people[:50])

    too_many: JsonValue = {"errors": [{"domain": "global", "reason": "tooManyCalendarsRequested"}], "busy": []}
    assert found == dict.fromkeys(people, too_many)
    assert isinstance(few, dict)
    assert few[GRACE] == {"busy": []}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"timeMax": "2026-12-01T00:00:00Z"}, "timeRangeEmpty"),
        ({"timeMax": "2027-03-02T00:00:00Z"}, "timeRangeTooLong"),
        ({"timeMin": "2026-12-01"}, "invalid"),
        ({"calendarExpansionMax": 51}, "invalid"),
    ],
)
async def test_a_query_that_asks_too_much_or_nothing_is_refused(
    grace: httpx2.AsyncClient, change: Mapping[str, JsonValue], reason: str
) -> None:
    assert refused(await grace.post("freeBusy", json={**query(GRACE), **change})) == (400, reason)
