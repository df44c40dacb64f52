"""What the contract server of Google Calendar answers, by plain HTTP. Its modules name the page of each behaviour."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from pydantic import JsonValue

from tests.providers.google_errors import google_trouble
from tests.providers.google_server import GoogleServer
from tests.providers.google_tests import ALAN, EVENTS, GRACE, ID, INTERVIEW, as_program, refused, told
from tests.providers.google_tokens import ROBOT

OWNER_INVITED: dict[str, JsonValue] = INTERVIEW | {"attendees": [{"email": GRACE}]}
REQUEST: dict[str, JsonValue] = {"requestId": "r7", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
WITH_ROOM: dict[str, JsonValue] = INTERVIEW | {"conferenceData": {"createRequest": REQUEST}}


@pytest.fixture(name="grace")
async def _grace(google: GoogleServer) -> AsyncIterator[httpx2.AsyncClient]:
    """A program that acts for Grace."""
    async with as_program(google, GRACE) as client:
        yield client


# --- ids -------------------------------------------------------------------------------------------------------------


async def test_an_event_is_what_was_said_and_what_the_server_adds(grace: httpx2.AsyncClient) -> None:
    event = told(await grace.post(EVENTS, json=INTERVIEW))

    assert event["iCalUID"] == f"{ID}@google.com"
    assert event["start"] == {"dateTime": "2026-12-01T10:00:00+01:00", "timeZone": "Europe/Berlin"}
    assert event["creator"] == event["organizer"] == {"email": GRACE, "self": True}
    assert (event["status"], event["sequence"], event["eventType"]) == ("confirmed", 0, "default")
    assert told(await grace.get(f"{EVENTS}/{ID}")) == event


@pytest.mark.parametrize("name", ["abcd", "r7-p1", "ABCDEF", "wxyz0", "a" * 1025])
async def test_an_id_is_base32hex_of_five_to_1024_characters(grace: httpx2.AsyncClient, name: str) -> None:
    assert refused(await grace.post(EVENTS, json=INTERVIEW | {"id": name})) == (400, "invalid")


async def test_an_id_is_not_given_together_with_an_ical_uid(grace: httpx2.AsyncClient) -> None:
    assert refused(await grace.post(EVENTS, json=INTERVIEW | {"iCalUID": "r7@acme"})) == (400, "invalid")


async def test_an_id_is_taken_once_even_by_an_event_that_was_deleted(
    google: GoogleServer, grace: httpx2.AsyncClient
) -> None:
    await grace.post(EVENTS, json=INTERVIEW)
    second = await grace.post(EVENTS, json=INTERVIEW)
    await grace.delete(f"{EVENTS}/{ID}")
    third = await grace.post(EVENTS, json=INTERVIEW)
    google.forget_deleted(GRACE)
    fourth = await grace.post(EVENTS, json=INTERVIEW)

    assert refused(second) == refused(third) == refused(fourth) == (409, "duplicate")


async def test_a_collision_may_go_undetected(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    google.switches.detects_collisions = False
    await grace.post(EVENTS, json=INTERVIEW)
    second = await grace.post(EVENTS, json=INTERVIEW)

    assert second.is_success


async def test_what_is_deleted_is_shown_as_cancelled_until_it_disappears(
    google: GoogleServer, grace: httpx2.AsyncClient
) -> None:
    await grace.post(EVENTS, json=INTERVIEW)
    deleted = await grace.delete(f"{EVENTS}/{ID}")
    shown = told(await grace.get(f"{EVENTS}/{ID}"))
    google.forget_deleted(GRACE)
    gone = await grace.get(f"{EVENTS}/{ID}")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (shown["status"], shown["summary"]) == ("cancelled", "Interview")
    assert refused(gone) == (404, "notFound")
    assert google.events(GRACE) == []


async def test_what_has_disappeared_may_be_called_deleted(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=INTERVIEW)
    await grace.delete(f"{EVENTS}/{ID}")
    google.forget_deleted(GRACE, "deleted")

    assert refused(await grace.get(f"{EVENTS}/{ID}")) == (410, "deleted")
    assert refused(await grace.put(f"{EVENTS}/{ID}", json=INTERVIEW)) == (410, "deleted")


async def test_what_is_deleted_cannot_be_deleted_again(grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=INTERVIEW)
    await grace.delete(f"{EVENTS}/{ID}")

    assert refused(await grace.delete(f"{EVENTS}/{ID}")) == (410, "deleted")
    assert refused(await grace.delete(f"{EVENTS}/never0")) == (404, "notFound")


async def test_what_is_deleted_comes_back_by_an_update(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=INTERVIEW)
    await grace.delete(f"{EVENTS}/{ID}")
    await grace.put(f"{EVENTS}/{ID}", json=INTERVIEW)

    assert [each["status"] for each in google.events(GRACE)] == ["confirmed"]


# --- versions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_write_with_an_old_etag_changes_nothing(grace: httpx2.AsyncClient, method: str) -> None:
    old = told(await grace.post(EVENTS, json=INTERVIEW))
    new = told(await grace.patch(f"{EVENTS}/{ID}", json={"summary": "Moved"}))
    body = None if method == "DELETE" else INTERVIEW
    late = await grace.request(method, f"{EVENTS}/{ID}", json=body, headers={"If-Match": str(old["etag"])})
    after = told(await grace.get(f"{EVENTS}/{ID}"))
    good = await grace.request(method, f"{EVENTS}/{ID}", json=body, headers={"If-Match": str(new["etag"])})

    assert refused(late) == (412, "conditionNotMet")
    assert after == new
    assert good.is_success


async def test_what_has_not_changed_is_not_sent_again(grace: httpx2.AsyncClient) -> None:
    event = told(await grace.post(EVENTS, json=INTERVIEW))
    again = await grace.get(f"{EVENTS}/{ID}", headers={"If-None-Match": str(event["etag"])})

    assert again.status_code == 304


async def test_an_update_replaces_and_a_patch_merges(grace: httpx2.AsyncClient) -> None:
    private: JsonValue = {"private": {"a": "1", "b": "2"}}
    await grace.post(EVENTS, json=INTERVIEW | {"extendedProperties": private, "location": "Room 7"})
    change: JsonValue = {"location": None, "extendedProperties": {"private": {"b": None, "c": "3"}}}
    patched = told(await grace.patch(f"{EVENTS}/{ID}", json=change))
    updated = told(await grace.put(f"{EVENTS}/{ID}", json=INTERVIEW))

    assert patched["extendedProperties"] == {"private": {"a": "1", "c": "3"}}
    assert patched["summary"] == "Interview"
    assert "location" not in patched
    assert "extendedProperties" not in updated


async def test_the_sequence_rises_with_the_time_and_never_falls(google: GoogleServer) -> None:
    async with google.as_person(GRACE) as grace:
        await grace.post(EVENTS, json=INTERVIEW)
        later = {"end": {"dateTime": "2026-12-01T11:30:00+01:00"}}
        moved = told(await grace.patch(f"{EVENTS}/{ID}", json=later))
        renamed = told(await grace.patch(f"{EVENTS}/{ID}", json={"summary": "Talk"}))
        google.switches.sequence_rises = "always"
        again = told(await grace.patch(f"{EVENTS}/{ID}", json={"summary": "Interview"}))
        lower = await grace.patch(f"{EVENTS}/{ID}", json={"sequence": 0})

    assert [each["sequence"] for each in (moved, renamed, again)] == [1, 1, 2]
    assert refused(lower) == (400, "invalid")


# --- what an event may be --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"end": {"dateTime": "2026-12-01T09:59:00+01:00"}}, "timeRangeEmpty"),
        ({"end": None}, "required"),
        ({"start": {"dateTime": "2026-12-01T10:00:00"}}, "required"),
        ({"start": {"date": "2026-12-01"}}, "invalid"),
        ({"start": {"dateTime": "2026-12-01T10:00:00", "timeZone": "Europe/Nowhere"}}, "invalid"),
        ({"start": {"dateTime": "tomorrow"}}, "invalid"),
        ({"transparency": "glass"}, "invalid"),
        ({"recurrence": ["RRULE:FREQ=WEEKLY"]}, "required"),
        ({"eventType": "fromGmail"}, "invalid"),
        ({"eventType": "workingLocation"}, "invalid"),
        ({"eventType": "focusTime", "transparency": "transparent"}, "invalid"),
        ({"attendees": [{"email": "grace"}]}, "invalid"),
        ({"extendedProperties": {"private": {f"n{n}": "" for n in range(301)}}}, "invalid"),
    ],
)
async def test_what_is_no_event_is_refused(
    grace: httpx2.AsyncClient, change: dict[str, JsonValue], reason: str
) -> None:
    assert refused(await grace.post(EVENTS, json=INTERVIEW | change)) == (400, reason)


async def test_what_is_no_json_is_refused(grace: httpx2.AsyncClient) -> None:
    assert refused(await grace.post(EVENTS, content=b"{")) == (400, "parseError")


async def test_long_properties_are_dropped_or_cut_without_a_word(grace: httpx2.AsyncClient) -> None:
    private: JsonValue = {"private": {"n" * 45: "dropped", "kept": "v" * 1025}}
    event = told(await grace.post(EVENTS, json=INTERVIEW | {"extendedProperties": private}))

    assert event["extendedProperties"] == {"private": {"kept": "v" * 1024}}


@pytest.mark.parametrize(
    "event",
    [
        {"eventType": "focusTime", "focusTimeProperties": {"chatStatus": "doNotDisturb"}},
        {"eventType": "outOfOffice", "outOfOfficeProperties": {"autoDeclineMode": "declineNone"}},
        {
            "eventType": "workingLocation",
            "transparency": "transparent",
            "visibility": "public",
            "start": {"date": "2026-12-01"},
            "end": {"date": "2026-12-02"},
            "workingLocationProperties": {"type": "homeOffice", "homeOffice": {}},
        },
        {
            "eventType": "birthday",
            "transparency": "transparent",
            "visibility": "private",
            "start": {"date": "2026-12-01"},
            "end": {"date": "2026-12-02"},
            "recurrence": ["RRULE:FREQ=YEARLY"],
        },
    ],
    ids=lambda event: str(event["eventType"]),
)
async def test_people_have_events_of_other_types(google: GoogleServer, event: dict[str, JsonValue]) -> None:
    async with google.as_person(GRACE) as grace:
        created = told(await grace.post(EVENTS, json=INTERVIEW | event))

    assert {name: created[name] for name in event} == event


async def test_the_type_of_an_event_stays(grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=INTERVIEW | {"eventType": "outOfOffice"})

    assert told(await grace.put(f"{EVENTS}/{ID}", json=INTERVIEW))["eventType"] == "outOfOffice"
    assert refused(await grace.patch(f"{EVENTS}/{ID}", json={"eventType": "focusTime"})) == (400, "invalid")


async def test_an_owner_who_is_invited_is_known_and_keeps_their_answer(google: GoogleServer) -> None:
    answered = [{"email": GRACE, "responseStatus": "accepted"}]
    async with google.as_person(GRACE) as grace:
        invited = told(await grace.post(EVENTS, json=OWNER_INVITED))
        await grace.patch(f"{EVENTS}/{ID}", json={"attendees": answered})
        moved = told(await grace.patch(f"{EVENTS}/{ID}", json={"end": {"dateTime": "2026-12-01T12:00:00Z"}}))

    grace_is = {"email": GRACE, "self": True, "organizer": True}
    assert invited["attendees"] == [grace_is | {"responseStatus": "needsAction"}]
    assert moved["attendees"] == [grace_is | {"responseStatus": "accepted"}]


async def test_a_service_account_that_acts_for_nobody_cannot_invite(google: GoogleServer) -> None:
    async with as_program(google) as robot, google.as_person(GRACE) as grace:
        invited = await robot.post(EVENTS, json=OWNER_INVITED)
        alone = told(await robot.post(EVENTS, json=INTERVIEW))
        await grace.patch(f"{EVENTS}/{ID}", json={"attendees": [{"email": GRACE}]})
        renamed = await robot.patch(f"{EVENTS}/{ID}", json={"summary": "Talk"})
        more = await robot.patch(f"{EVENTS}/{ID}", json={"attendees": [{"email": GRACE}, {"email": ALAN}]})

    assert refused(invited) == refused(more) == (403, "forbiddenForServiceAccounts")
    assert renamed.is_success
    assert alone["creator"] == {"email": ROBOT}
    assert alone["organizer"] == {"email": GRACE, "self": True}


# --- rooms -----------------------------------------------------------------------------------------------------------


async def test_a_conference_is_made_once_a_request_and_only_for_who_knows_of_conferences(
    grace: httpx2.AsyncClient,
) -> None:
    version = {"conferenceDataVersion": "1"}
    ignored = told(await grace.post(EVENTS, json=WITH_ROOM | {"id": "ignored"}))
    made = told(await grace.post(EVENTS, json=WITH_ROOM, params=version))
    again = told(await grace.put(f"{EVENTS}/{ID}", json=WITH_ROOM, params=version))
    kept = told(await grace.put(f"{EVENTS}/{ID}", json=INTERVIEW))
    new: JsonValue = {"conferenceData": {"createRequest": REQUEST | {"requestId": "r8"}}}
    other = told(await grace.patch(f"{EVENTS}/{ID}", json=new, params=version))
    taken = told(await grace.put(f"{EVENTS}/{ID}", json=INTERVIEW, params=version))

    assert "conferenceData" not in ignored
    assert str(made["hangoutLink"]).startswith("https://meet.google.com/")
    assert made["conferenceData"] == again["conferenceData"] == kept["conferenceData"]
    assert other["hangoutLink"] != made["hangoutLink"]
    assert "conferenceData" not in taken


@pytest.mark.parametrize("outcome", ["success", "failure"])
async def test_a_conference_may_be_pending_at_first(
    google: GoogleServer, grace: httpx2.AsyncClient, outcome: str
) -> None:
    google.switches.conferences = "pending"
    pending = told(await grace.post(EVENTS, json=WITH_ROOM, params={"conferenceDataVersion": "1"}))
    google.switches.conferences = "success" if outcome == "success" else "failure"
    settled = told(await grace.get(f"{EVENTS}/{ID}"))

    assert pending["conferenceData"] == {"createRequest": REQUEST | {"status": {"statusCode": "pending"}}}
    assert "hangoutLink" not in pending
    assert f"'statusCode': '{outcome}'" in str(settled["conferenceData"])
    assert ("hangoutLink" in settled) == (outcome == "success")


async def test_an_organisation_may_have_no_rooms(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    google.switches.conferences = "off"
    answer = await grace.post(EVENTS, json=WITH_ROOM, params={"conferenceDataVersion": "1"})
    calendar = told(await grace.get("calendars/primary"))

    assert refused(answer) == (400, "invalid")
    assert google.events(GRACE) == []
    assert calendar["conferenceProperties"] == {"allowedConferenceSolutionTypes": []}


async def test_a_service_account_that_acts_for_nobody_has_no_rooms(google: GoogleServer) -> None:
    async with as_program(google) as robot:
        answer = await robot.post(EVENTS, json=WITH_ROOM, params={"conferenceDataVersion": "1"})

    assert refused(answer) == (400, "invalid")


# --- whose calendar --------------------------------------------------------------------------------------------------


async def test_primary_is_the_calendar_of_who_asks(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    calendar = told(await grace.get("calendars/primary"))
    listed = told(await grace.get("users/me/calendarList/primary"))

    assert (calendar["id"], calendar["timeZone"]) == (GRACE, "Europe/Berlin")
    assert (listed["id"], listed["accessRole"], listed["primary"]) == (GRACE, "owner", True)
    async with as_program(google) as robot:
        assert refused(await robot.get("calendars/primary")) == (404, "notFound")


async def test_a_calendar_that_is_not_shared_is_not_found(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    google.close(ALAN)
    async with as_program(google) as robot:
        assert refused(await robot.get(f"calendars/{ALAN}/events")) == (404, "notFound")
    assert refused(await grace.get(f"calendars/{ALAN}/events")) == (404, "notFound")
    assert refused(await grace.get("calendars/nobody@acme.example/events")) == (404, "notFound")


async def test_who_uses_no_calendar_any_more_is_told_so_until_they_do(google: GoogleServer) -> None:
    google.close(GRACE)
    async with as_program(google, GRACE) as program, google.as_person(GRACE) as grace:
        closed = await program.get(EVENTS)
        in_person = await grace.get(EVENTS)
        google.restore(GRACE)
        opened = await program.get(EVENTS)

    assert refused(closed) == (403, "notACalendarUser")
    assert in_person.is_success
    assert opened.is_success


async def test_writing_needs_to_be_a_writer(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    google.share(GRACE, "reader")
    async with as_program(google) as robot:
        assert refused(await robot.post(EVENTS, json=INTERVIEW)) == (403, "requiredAccessLevel")
    assert refused(await grace.post(f"calendars/{ALAN}/events", json=INTERVIEW)) == (403, "requiredAccessLevel")


async def test_a_colleague_sees_the_time_and_nothing_else(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    await grace.post(EVENTS, json=OWNER_INVITED)
    async with as_program(google, ALAN) as alan:
        seen = told(await alan.get(f"{EVENTS}/{ID}"))

    assert set(seen) == {"kind", "etag", "id", "status", "start", "end", "eventType", "visibility"}


async def test_a_reader_sees_no_details_of_what_is_private(google: GoogleServer, grace: httpx2.AsyncClient) -> None:
    google.share(GRACE, "reader")
    await grace.post(EVENTS, json=INTERVIEW)
    async with as_program(google) as robot:
        public = told(await robot.get(f"{EVENTS}/{ID}"))
        await grace.patch(f"{EVENTS}/{ID}", json={"visibility": "private"})
        private = told(await robot.get(f"{EVENTS}/{ID}"))

    assert public["summary"] == "Interview"
    assert "summary" not in private


# --- partial answers and trouble -------------------------------------------------------------------------------------


async def test_an_answer_holds_only_the_fields_that_were_asked_for(grace: httpx2.AsyncClient) -> None:
    created = told(await grace.post(EVENTS, json=OWNER_INVITED, params={"fields": "id,start/dateTime,attendees(self)"}))
    listed = told(await grace.get(EVENTS, params={"fields": "items(id,end(timeZone)),nextSyncToken"}))

    assert created == {"id": ID, "start": {"dateTime": "2026-12-01T10:00:00+01:00"}, "attendees": [{"self": True}]}
    assert listed["items"] == [{"id": ID, "end": {"timeZone": "Europe/Berlin"}}]
    assert set(listed) == {"items", "nextSyncToken"}


@pytest.mark.parametrize("fields", ["items(id", "items(titel)", "a,,b", "id)", "id;start"])
async def test_a_mask_that_cannot_be_read_is_refused_before_anything_is_written(
    google: GoogleServer, grace: httpx2.AsyncClient, fields: str
) -> None:
    assert refused(await grace.post(EVENTS, json=INTERVIEW, params={"fields": fields})) == (400, "invalid")
    assert google.events(GRACE) == []


async def test_properties_may_have_any_name_in_a_mask(grace: httpx2.AsyncClient) -> None:
    private: JsonValue = {"private": {"entrevueUid": "r7", "other": "x"}}
    mask = {"fields": "extendedProperties/private/entrevueUid"}
    event = told(await grace.post(EVENTS, json=INTERVIEW | {"extendedProperties": private}, params=mask))

    assert event == {"extendedProperties": {"private": {"entrevueUid": "r7"}}}


@pytest.mark.parametrize(
    ("reason", "status", "as_status"),
    [
        ("rateLimitExceeded", None, 403),
        ("rateLimitExceeded", 429, 429),
        ("userRateLimitExceeded", None, 403),
        ("quotaExceeded", None, 403),
        ("backendError", None, 500),
    ],
)
async def test_trouble_is_worded_as_the_service_words_it_and_befalls_programs_alone(
    google: GoogleServer, grace: httpx2.AsyncClient, reason: str, status: int | None, as_status: int
) -> None:
    google.troubles.due.append(google_trouble(reason, "GET /calendar/v3/", status=status, times=1))
    async with google.as_person(GRACE) as in_person:
        unharmed = await in_person.get(EVENTS)
    harmed, again = await grace.get(EVENTS), await grace.get(EVENTS)

    assert unharmed.is_success
    assert refused(harmed) == (as_status, reason)
    assert again.is_success
    assert google.troubles.asked[-1] == f"GET /calendar/v3/{EVENTS}"
