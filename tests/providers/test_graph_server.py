"""What the contract server of Microsoft Graph does with events, by plain HTTP: one documented behaviour a test."""

from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import httpx2
import pytest
from pydantic import JsonValue

from tests.providers.graph_client import (
    ADA,
    DAY,
    GRACE,
    HOUR,
    IMMUTABLE,
    NINE,
    at,
    created,
    error,
    event,
    seen,
)
from tests.providers.graph_events import Others
from tests.providers.graph_mailbox import Mail
from tests.providers.graph_server import GraphServer
from tests.providers.graph_wire import Json

UID = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Uid"
KIND = "String {66f5a359-4659-4830-9070-00047ec6ac6e} Name Kind"
DECEMBER = {"startDateTime": "2026-12-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z"}
WHOLE_DAY = event(datetime(2026, 12, 1, tzinfo=UTC), isAllDay=True, end=at(datetime(2026, 12, 2, tzinfo=UTC)))


def kept(uid: str, **more: str) -> list[JsonValue]:
    names = {"uid": UID, "kind": KIND}
    return [{"id": names[name], "value": value} for name, value in ({"uid": uid} | more).items()]


# --- events ----------------------------------------------------------------------------------------------------------


async def test_an_event_is_made_read_changed_and_deleted(app: httpx2.AsyncClient) -> None:
    made = await created(app)
    changed = await app.patch(f"/events/{made['id']}", json={"subject": "Later"})
    read = await app.get(f"/events/{made['id']}")
    deleted = await app.delete(f"/events/{made['id']}")
    again = await app.delete(f"/events/{made['id']}")

    assert changed.json()["subject"] == read.json()["subject"] == "Later"
    assert read.json()["start"] == made["start"]
    assert made["changeKey"] != read.json()["changeKey"]
    assert read.json()["@odata.etag"] == f'W/"{read.json()["changeKey"]}"'
    assert deleted.status_code == 204
    assert error(again) == (404, "ErrorItemNotFound")


async def test_times_have_seven_decimals_and_are_utc_unless_a_zone_is_preferred(app: httpx2.AsyncClient) -> None:
    ten = NINE + HOUR
    made = await created(app, event() | {"start": at(ten, "W. Europe Standard Time"), "end": at(ten + HOUR)})
    there = await app.get(f"/events/{made['id']}", headers={"Prefer": 'outlook.timezone="Pacific Standard Time"'})
    nowhere = await app.get(f"/events/{made['id']}", headers={"Prefer": 'outlook.timezone="Nowhere"'})

    assert made["start"] == {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "UTC"}
    assert made["originalStartTimeZone"] == "W. Europe Standard Time"
    assert there.json()["start"] == {"dateTime": "2026-12-01T01:00:00.0000000", "timeZone": "Pacific Standard Time"}
    assert there.headers["Preference-Applied"] == 'outlook.timezone="Pacific Standard Time"'
    assert error(nowhere) == (400, "TimeZoneNotSupportedException")


async def test_ids_are_immutable_only_where_that_is_asked_for(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    filed, kept_ = await created(app), await created(app, headers=IMMUTABLE)
    graph.mailbox(GRACE).file_anew()
    swapped = str(kept_["id"]).swapcase()

    assert error(await app.get(f"/events/{filed['id']}")) == (404, "ErrorItemNotFound")
    assert (await app.get(f"/events/{kept_['id']}", headers=IMMUTABLE)).json()["id"] == kept_["id"]
    assert error(await app.get(f"/events/{swapped}")) == (404, "ErrorItemNotFound")
    assert kept_["id"] not in [one["id"] for one in await seen(app, "/events")]


async def test_extended_properties_are_found_by_value_and_shown_only_when_expanded(app: httpx2.AsyncClient) -> None:
    made = await created(app, event(singleValueExtendedProperties=kept("r7'p1", kind="ours")))
    await created(app, event(singleValueExtendedProperties=kept("r8.p1")))
    found = f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and ep/value eq 'R7''P1')"
    expanded = f"singleValueExtendedProperties($filter=id eq '{UID}' or id eq '{KIND}')"
    [bare] = await seen(app, "/events", filter=found)
    [whole] = await seen(app, "/events", filter=found, expand=expanded, select="subject")

    assert bare["id"] == made["id"]
    assert "singleValueExtendedProperties" not in made.keys() | bare.keys()
    assert whole["singleValueExtendedProperties"] == kept("r7'p1", kind="ours")
    assert set(whole) == {"@odata.etag", "id", "subject", "singleValueExtendedProperties"}


async def test_one_extended_property_changes_alone(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    made = await created(app, event(singleValueExtendedProperties=kept("r7.p1", kind="ours")))
    await app.patch(f"/events/{made['id']}", json={"singleValueExtendedProperties": kept("r7.p2")})

    assert graph.events(GRACE)[0]["singleValueExtendedProperties"] == kept("r7.p2", kind="ours")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and ep/value ne 'r7.p1')", {"r7.p2"}),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and startswith(ep/value, 'r7'))", {"r7.p1", "r7.p2"}),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}' and contains(ep/value, 'p2'))", {"r7.p2"}),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID.replace('Uid', 'UID')}' and ep/value ne null)", set()),
        (f"singleValueExtendedProperties/Any(ep: ep/id eq '{UID}')", None),
        ("start/dateTime ge '2026-12-01T10:00:00' and end/dateTime lt '2026-12-01T12:00:00'", {"r7.p2"}),
        ("subject eq 'Interview'", None),
    ],
)
async def test_a_filter_lets_through_what_fits_and_an_unknown_one_nothing(
    app: httpx2.AsyncClient, condition: str, found: set[str] | None
) -> None:
    for hours, uid in enumerate(("r7.p1", "r7.p2")):
        await created(app, event(NINE + hours * HOUR, subject=uid, singleValueExtendedProperties=kept(uid)))
    answer = await app.get("/events", params={"$filter": condition})

    if found is None:
        assert error(answer) == (400, "ErrorInvalidUrlQueryFilter")
    else:
        assert {one["subject"] for one in answer.json()["value"]} == found


async def test_a_list_comes_in_pages_and_each_leads_to_the_next(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    for hours in range(5):
        await created(app, event(NINE + hours * HOUR))
    first = (await app.get("/events", params={"$top": "2", "$select": "start"})).json()
    second = (await app.get(first["@odata.nextLink"])).json()
    third = (await app.get(second["@odata.nextLink"])).json()
    graph.links_to = "https://graph.example"
    elsewhere = (await app.get("/events", params={"$top": "2"})).json()

    assert [len(page["value"]) for page in (first, second, third)] == [2, 2, 1]
    assert set(third["value"][0]) == {"@odata.etag", "id", "start"}
    assert "@odata.nextLink" not in third
    assert urlsplit(first["@odata.nextLink"]).netloc == urlsplit(graph.url).netloc
    assert urlsplit(elsewhere["@odata.nextLink"]).netloc == "graph.example"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"titel": "Interview"}, "RequestBodyRead"),
        ({"showAs": "occupied"}, "RequestBodyRead"),
        ({"start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "Nowhere"}}, "TimeZoneNotSupportedException"),
        ({"end": at(NINE - HOUR)}, "ErrorPropertyValidationFailure"),
        ({"isAllDay": True}, "ErrorPropertyValidationFailure"),
        ({"singleValueExtendedProperties": [{"id": "uid", "value": "r7"}]}, "ErrorInvalidProperty"),
    ],
)
async def test_an_event_that_makes_no_sense_is_refused(
    graph: GraphServer, app: httpx2.AsyncClient, said: Json, code: str
) -> None:
    answer = await app.post("/events", json=event() | said)

    assert error(answer) == (400, code)
    assert graph.events(GRACE) == []


async def test_a_body_is_html_unless_text_is_preferred(app: httpx2.AsyncClient) -> None:
    made = await created(app, event(body={"contentType": "text", "content": "2 < 3"}))
    text = await app.get(f"/events/{made['id']}", headers={"Prefer": 'outlook.body-content-type="text"'})

    assert made["body"] == {"contentType": "html", "content": "<html><head></head><body>\r\n2 &lt; 3\r\n</body></html>"}
    assert text.json()["body"] == {"contentType": "text", "content": "2 < 3"}
    assert made["bodyPreview"] == "2 < 3"


# --- repetitions and edits -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "status", "events"), [("same event", 201, 1), ("refused", 409, 1), ("forgotten", 201, 2)]
)
async def test_a_transaction_that_was_there_before_makes_no_second_event_unless_it_is_forgotten(
    graph: GraphServer,
    app: httpx2.AsyncClient,
    rule: Literal["same event", "refused", "forgotten"],
    status: int,
    events: int,
) -> None:
    graph.same_transaction = rule
    made = await created(app, event(transactionId="once"))
    again = await app.post("/events", json=event(transactionId="once"))

    assert again.status_code == status
    assert len(graph.events(GRACE)) == events
    assert (again.json().get("id") == made["id"]) == (rule == "same event")


@pytest.mark.parametrize("status", [409, 400])
async def test_a_transaction_that_made_another_event_is_refused(
    graph: GraphServer, app: httpx2.AsyncClient, status: Literal[409, 400]
) -> None:
    graph.duplicate_status = status
    await created(app, event(transactionId="once"))
    another = await app.post("/events", json=event(NINE + HOUR, transactionId="once"))

    assert error(another) == (status, "ErrorDuplicateTransactionId")
    assert len(graph.events(GRACE)) == 1


@pytest.mark.parametrize("remembered", [False, True])
async def test_the_transaction_of_a_deleted_event_may_still_count(
    graph: GraphServer, app: httpx2.AsyncClient, *, remembered: bool
) -> None:
    graph.remembers_deleted = remembered
    made = await created(app, event(transactionId="once"))
    await app.delete(f"/events/{made['id']}")
    again = await created(app, event(transactionId="once"))

    assert (again["id"] == made["id"]) == remembered
    assert len(graph.events(GRACE)) == (0 if remembered else 1)


async def test_a_transaction_id_cannot_be_changed(app: httpx2.AsyncClient) -> None:
    made = await created(app, event(transactionId="once"))

    assert error(await app.patch(f"/events/{made['id']}", json={"transactionId": "twice"})) == (
        400,
        "ErrorInvalidRequest",
    )


@pytest.mark.parametrize("heeded", [True, False])
async def test_an_etag_that_is_past_stops_a_change_where_it_is_heeded(
    graph: GraphServer, app: httpx2.AsyncClient, *, heeded: bool
) -> None:
    graph.heeds_preconditions = heeded
    made = await created(app)
    past = {"If-Match": str(made["@odata.etag"])}
    first = await app.patch(f"/events/{made['id']}", json={"subject": "First"}, headers=past)
    second = await app.patch(f"/events/{made['id']}", json={"subject": "Second"}, headers=past)
    third = await app.delete(f"/events/{made['id']}", headers=past)

    assert first.status_code == 200
    assert [second.status_code, third.status_code] == ([412, 412] if heeded else [200, 204])


async def test_attendees_get_mail_for_whatever_happens(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    made = await created(app, event(attendees=[{"emailAddress": {"address": ADA}}]))
    await app.patch(f"/events/{made['id']}", json={"showAs": "free"})
    await app.delete(f"/events/{made['id']}")
    await created(app)

    assert graph.mails == [Mail(kind, ADA, "Interview") for kind in ("invitation", "update", "cancellation")]


async def test_a_meeting_that_others_organise_says_so(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    graph.receive(GRACE, event(), Others(ADA, "declined"))
    [found] = await seen(app, "/events")

    assert found["isOrganizer"] is False
    assert found["organizer"] == {"emailAddress": {"name": "Ada", "address": ADA}}
    assert str(found["responseStatus"]).startswith("{'response': 'declined'")


@pytest.mark.parametrize("late", [False, True])
async def test_an_online_meeting_gets_a_link_and_keeps_it(
    graph: GraphServer, app: httpx2.AsyncClient, *, late: bool
) -> None:
    graph.teams_link_late = late
    made = await created(app, event(isOnlineMeeting=True, onlineMeetingProvider="teamsForBusiness"))
    changed = await app.patch(f"/events/{made['id']}", json={"isOnlineMeeting": False, "subject": "Anew"})
    link = changed.json()["onlineMeeting"]

    assert changed.json()["isOnlineMeeting"] is True
    assert link["joinUrl"].startswith("https://teams.microsoft.com/l/meetup-join/")
    assert made["onlineMeeting"] == (None if late else link)


async def test_a_calendar_without_teams_makes_no_online_meeting(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    graph.mailbox(GRACE).teams = False
    made = await created(app, event(isOnlineMeeting=True))

    assert (made["isOnlineMeeting"], made["onlineMeeting"]) == (False, None)
    assert (await app.get("/calendar")).json()["allowedOnlineMeetingProviders"] == []


# --- calendar views --------------------------------------------------------------------------------------------------


async def test_a_view_shows_what_overlaps_its_window(app: httpx2.AsyncClient) -> None:
    for start in (NINE - HOUR, NINE - HOUR / 2, NINE, NINE + HOUR):
        await created(app, event(start))
    window = {"startDateTime": "2026-12-01T10:00:00+01:00", "endDateTime": "2026-12-01T10:00:00"}
    view = await seen(app, "/calendarView", orderby="start/dateTime", select="start,createdDateTime", **window)

    assert {frozenset(one) for one in view} == {frozenset({"@odata.etag", "id", "start"})}
    assert [one["start"] for one in view] == [
        {"dateTime": "2026-12-01T08:30:00.0000000", "timeZone": "UTC"},
        {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "UTC"},
    ]
    assert error(await app.get("/calendarView")) == (400, "ErrorInvalidParameter")


@pytest.mark.parametrize(
    ("pattern", "span", "days"),
    [
        ({"type": "daily", "interval": 2}, {"type": "numbered", "numberOfOccurrences": 4}, [1, 3]),
        ({"type": "weekly", "interval": 1, "daysOfWeek": ["friday", "sunday"]}, {"type": "noEnd"}, [4, 6, 11, 13]),
        ({"type": "absoluteMonthly", "interval": 1, "dayOfMonth": 7}, {"type": "noEnd"}, [7]),
        ({"type": "daily", "interval": 1}, {"type": "endDate", "endDate": "2026-12-02"}, [1, 2]),
    ],
)
async def test_a_view_has_the_occurrences_of_what_recurs_and_a_list_its_master(
    graph: GraphServer, app: httpx2.AsyncClient, pattern: Json, span: Json, days: list[int]
) -> None:
    first = datetime(2026, 11, 27, 9, tzinfo=UTC)
    recurrence: JsonValue = {"pattern": pattern, "range": span | {"startDate": "2026-11-27"}}
    async with graph.as_person(GRACE) as grace:
        master = (await grace.post("/me/events", json=event(first, recurrence=recurrence))).json()
    window = DECEMBER | {"endDateTime": "2026-12-14T00:00:00Z"}
    view = await seen(app, "/calendarView", **window)

    assert [one["start"] for one in view] == [
        at(NINE.replace(day=day)) | {"dateTime": f"2026-12-{day:02}T09:00:00.0000000"} for day in days
    ]
    assert {(one["type"], one["seriesMasterId"]) for one in view} == {("occurrence", master["id"])}
    assert len({one["id"] for one in view}) == len({str(one["iCalUId"]) for one in view}) == len(days)
    assert [one["type"] for one in await seen(app, "/events")] == ["seriesMaster"]


async def test_a_single_occurrence_can_be_deleted(app: httpx2.AsyncClient) -> None:
    recurrence: JsonValue = {
        "pattern": {"type": "daily", "interval": 1},
        "range": {"type": "numbered", "startDate": "2026-12-01", "numberOfOccurrences": 3},
    }
    await created(app, event(recurrence=recurrence))
    _, second, _ = await seen(app, "/calendarView", **DECEMBER)
    await app.delete(f"/events/{second['id']}")

    assert second["id"] not in [one["id"] for one in await seen(app, "/calendarView", **DECEMBER)]
    assert len(await seen(app, "/calendarView", **DECEMBER)) == 2


@pytest.mark.parametrize(("floats", "shown"), [(True, "2026-12-01T00:00:00"), (False, "2026-11-30T23:00:00")])
async def test_a_whole_day_is_its_owner_s_and_shows_midnight_or_its_instant(
    graph: GraphServer, app: httpx2.AsyncClient, *, floats: bool, shown: str
) -> None:
    graph.open_mailbox(GRACE, "Europe/Berlin")
    graph.all_day_floats = floats
    await created(app, WHOLE_DAY)
    before = {"startDateTime": "2026-11-30T23:00:00Z", "endDateTime": "2026-11-30T23:30:00Z"}
    after = {"startDateTime": "2026-12-01T23:00:00Z", "endDateTime": "2026-12-01T23:30:00Z"}
    [found] = await seen(app, "/calendarView", **before)

    assert found["start"] == {"dateTime": f"{shown}.0000000", "timeZone": "UTC"}
    assert await seen(app, "/calendarView", **after) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [("$select", "titel"), ("$search", "x"), ("$top", "0"), ("$orderby", "subject"), ("$expand", "instances")],
)
async def test_a_query_that_is_not_known_is_refused(app: httpx2.AsyncClient, name: str, text: str) -> None:
    answer = await app.get("/events", params={name: text})

    assert answer.status_code == 400


async def test_the_owner_is_me_and_nobody_else(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    graph.open_mailbox(ADA)
    made = await created(app)
    async with graph.as_person(GRACE) as grace:
        mine = await grace.get("/me/events")
        hers = await grace.get(f"/users/{ADA}/events")

    assert [one["id"] for one in mine.json()["value"]] == [made["id"]]
    assert error(hers) == (403, "ErrorAccessDenied")
    assert error(await app.get(f"{graph.url}/v1.0/me/events")) == (400, "BadRequest")
    by_guid = await app.get(f"{graph.url}/v1.0/users/{graph.mailbox(GRACE).guid}/events")
    assert by_guid.json()["value"] == mine.json()["value"]


# --- free and busy ---------------------------------------------------------------------------------------------------


def asked(*addresses: str, start: datetime = NINE, length: timedelta = 2 * HOUR, **more: JsonValue) -> Json:
    said: Json = {"schedules": [*addresses], "startTime": at(start), "endTime": at(start + length)}
    return said | more


async def test_a_schedule_has_an_item_for_each_event_and_titles_of_what_is_not_private(app: httpx2.AsyncClient) -> None:
    for sensitivity, status in (("private", "busy"), ("normal", "tentative"), ("normal", "free")):
        await created(app, event(sensitivity=sensitivity, showAs=status))
    answer = await app.post("/calendar/getSchedule", json=asked(GRACE))
    [entry] = answer.json()["value"]
    private, *others = entry["scheduleItems"]

    assert private == {
        "isPrivate": True,
        "status": "busy",
        "start": {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "UTC"},
        "end": {"dateTime": "2026-12-01T10:00:00.0000000", "timeZone": "UTC"},
    }
    assert [(one["status"], one["subject"]) for one in others] == [("tentative", "Interview"), ("free", "Interview")]
    assert entry["availabilityView"] == "2200"


async def test_a_schedule_shows_the_instants_of_a_whole_day(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    graph.open_mailbox(GRACE, "Europe/Berlin")
    await created(app, WHOLE_DAY)
    answer = await app.post("/calendar/getSchedule", json=asked(GRACE))
    [item] = answer.json()["value"][0]["scheduleItems"]

    assert item["start"] == {"dateTime": "2026-11-30T23:00:00.0000000", "timeZone": "UTC"}
    assert item["end"] == {"dateTime": "2026-12-01T23:00:00.0000000", "timeZone": "UTC"}


async def test_a_schedule_that_cannot_be_read_has_an_error_and_no_items(
    graph: GraphServer, app: httpx2.AsyncClient
) -> None:
    graph.open_mailbox(ADA)
    graph.break_busy(ADA)
    answer = await app.post("/calendar/getSchedule", json=asked(GRACE, ADA, "nobody@acme.example"))
    grace, ada, nobody = answer.json()["value"]

    assert "error" not in grace
    assert ada["error"]["responseCode"] == "ErrorFreeBusyGenerationFailed"
    assert nobody["error"]["responseCode"] == "ErrorMailRecipientNotFound"
    assert ada["scheduleItems"] == nobody["scheduleItems"] == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (asked(*[f"p{number}@acme.example" for number in range(21)]), "ErrorMailboxDataArrayTooBig"),
        (asked(GRACE, length=63 * DAY), "ErrorTimeIntervalTooBig"),
        (asked(GRACE, length=-HOUR), "ErrorInvalidTimeInterval"),
        (asked(GRACE, availabilityViewInterval=4), "ErrorInvalidMergedFreeBusyInterval"),
    ],
)
async def test_a_schedule_has_limits(app: httpx2.AsyncClient, said: Json, code: str) -> None:
    assert error(await app.post("/calendar/getSchedule", json=said)) == (400, code)
