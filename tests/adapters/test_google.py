"""What is particular to Google: ids that are burnt, preconditions, and events as people make them there."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import Busy, CalendarUnavailable, OurEvent
from adapters.google.events import id_of
from adapters.google.settings import GoogleAccount
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.on_google import OnGoogle, address_for, on_google, reaching, settings_for, when
from tests.providers.google_server import GoogleServer
from tests.providers.serving import Trouble

R7 = "r7.p1"


@pytest.fixture
async def grace(undone: GoogleServer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[OnGoogle]:
    async with on_google(undone, tmp_path, request.node.nodeid) as grace:
        yield grace


def stored(server: GoogleServer, grace: OnGoogle) -> list[JsonValue]:
    return [one["id"] for one in server.events(grace.address)]


def of_event(generation: int, method: str) -> str:
    """Match a request about one generation of our event."""
    return rf"{method} /calendar/v3/calendars/[^/]+/events/{id_of(GRACE, R7, generation)}\b"


# --- ids that are burnt ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("forgotten", [False, True], ids=["deleted ones are shown", "deleted ones are forgotten"])
async def test_what_was_taken_out_can_be_put_back(undone: GoogleServer, grace: OnGoogle, *, forgotten: bool) -> None:
    for sequence in (0, 2, 4):
        made = await grace.calendar.ensure(GRACE, event(sequence=sequence), "r7", None)
        again = await grace.calendar.ensure(GRACE, event(sequence=sequence), "r7", made.etag)
        state = await grace.calendar.read(GRACE, R7)

        assert (made.outcome, again.outcome) == ("created", "already_there")
        assert state is not None
        assert state.sequence == sequence
        assert stored(undone, grace) == [id_of(GRACE, R7, sequence // 2)]
        assert (await grace.calendar.remove(GRACE, R7, sequence + 1, made.etag)).outcome == "removed"
        assert stored(undone, grace) == []
        if forgotten:
            undone.forget_deleted(grace.address)


async def test_what_its_owner_deleted_long_ago_is_gone_all_the_same(undone: GoogleServer, grace: OnGoogle) -> None:
    made = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.deletes(R7)
    undone.forget_deleted(grace.address)

    assert await grace.calendar.read(GRACE, R7) is None
    assert (await grace.calendar.ensure(GRACE, event(sequence=1), "r7", made.etag)).outcome == "gone"
    assert (await grace.calendar.remove(GRACE, R7, 1, made.etag)).outcome == "already_gone"


async def test_an_event_that_google_does_not_know_yet_of_is_left_with_no_twin(
    undone: GoogleServer, grace: OnGoogle
) -> None:
    """It refuses the id of an event that it does not show: to ask for the next one may be a mistake."""
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    undone.troubles.due += [
        Trouble(of_event(0, "GET"), 404, times=2),
        Trouble("GET .*privateExtendedProperty", 200, {"items": []}, times=1),
    ]

    again = await grace.calendar.ensure(GRACE, event(), "r7", None)

    assert again.outcome == "created"
    assert stored(undone, grace) == [id_of(GRACE, R7, 0)]


async def test_a_removal_takes_a_twin_along(undone: GoogleServer, grace: OnGoogle) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    twin = {**await grace.finds(R7), "id": id_of(GRACE, R7, 1)}
    del twin["iCalUID"]
    await grace.enters(twin)

    assert (await grace.calendar.remove(GRACE, R7, 1, None)).outcome == "removed"
    assert stored(undone, grace) == []


async def test_two_people_have_two_events_under_one_uid(undone: GoogleServer, tmp_path: Path) -> None:
    addresses = {person: address_for("two people", person) for person in (GRACE, "alan")}
    for address in addresses.values():
        undone.open_calendar(address)
    people = {person: GoogleAccount(address, email=address) for person, address in addresses.items()}
    async with reaching(settings_for(undone, tmp_path), people) as calendar:
        hers = await calendar.ensure(GRACE, event(), "r7", None)
        his = await calendar.ensure("alan", event(), "r7", None)

    assert (hers.outcome, his.outcome) == ("created", "created")
    assert hers.ical_uid is not None
    assert hers.ical_uid != his.ical_uid


# --- preconditions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 409, 410, 412])
async def test_an_update_that_comes_too_late_is_judged_anew(undone: GoogleServer, grace: OnGoogle, status: int) -> None:
    made = await grace.calendar.ensure(GRACE, event(), "r7", None)
    undone.troubles.due.append(Trouble(of_event(0, "PUT"), status, times=1))

    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", made.etag)

    assert later.outcome == "updated"
    assert sum(line.startswith("PUT") for line in undone.troubles.asked) == 2


async def test_a_removal_that_comes_too_late_is_judged_anew(undone: GoogleServer, grace: OnGoogle) -> None:
    made = await grace.calendar.ensure(GRACE, event(), "r7", None)
    undone.troubles.due.append(Trouble(of_event(0, "DELETE"), 412, times=1))

    assert (await grace.calendar.remove(GRACE, R7, 1, made.etag)).outcome == "removed"


async def test_an_event_that_changes_all_the_time_is_trouble(undone: GoogleServer, grace: OnGoogle) -> None:
    made = await grace.calendar.ensure(GRACE, event(), "r7", None)
    undone.troubles.due.append(Trouble(of_event(0, "(PUT|DELETE)"), 412))

    with pytest.raises(CalendarUnavailable, match="changes all the time"):
        await grace.calendar.ensure(GRACE, event(sequence=1), "r7", made.etag)
    with pytest.raises(CalendarUnavailable, match="changes all the time"):
        await grace.calendar.remove(GRACE, R7, 1, made.etag)


@pytest.mark.parametrize("rises", ["with the time", "always"])
async def test_googles_own_count_is_kept_up_with(undone: GoogleServer, grace: OnGoogle, rises: str) -> None:
    undone.switches.sequence_rises = "always" if rises == "always" else "with the time"
    ensured = await grace.calendar.ensure(GRACE, event(), "r7", None)
    for sequence in range(1, 4):
        await grace.moves(R7, NINE + 9 * HOUR)
        moved = await grace.calendar.read(GRACE, R7)
        assert moved is not None
        ensured = await grace.calendar.ensure(GRACE, event(NINE + sequence * HOUR, sequence=sequence), "r7", moved.etag)

        assert ensured.outcome == "updated"


# --- events as people make them there --------------------------------------------------------------------------------


async def test_a_copy_that_its_owner_makes_is_theirs(grace: OnGoogle) -> None:
    """It bears our notes, for they are copied along."""
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    copy = {name: told for name, told in (await grace.finds(R7)).items() if name not in {"id", "iCalUID", "attendees"}}
    await grace.enters(copy)

    assert [one.interview for one in await grace.calendar.busy(GRACE, NINE, NINE + HOUR)].count("r7") == 1
    assert None in [one.interview for one in await grace.calendar.busy(GRACE, NINE, NINE + HOUR)]
    assert len(await grace.calendar.ours(GRACE, NINE, NINE + HOUR)) == 1


async def test_an_event_of_ours_that_its_owner_repeats_is_ours_once(grace: OnGoogle) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.changes(R7, {"recurrence": ["RRULE:FREQ=DAILY;COUNT=2"]})
    day = timedelta(days=1)

    assert await grace.calendar.busy(GRACE, NINE, NINE + 3 * day) == (
        Busy(start=NINE, end=NINE + HOUR, interview="r7"),
        Busy(start=NINE + day, end=NINE + day + HOUR, tentative=True),
    )
    assert await grace.calendar.ours(GRACE, NINE, NINE + 3 * day) == (
        OurEvent(uid=R7, interview="r7", sequence=0, start=NINE),
    )


_NO_TIME: dict[str, JsonValue] = {"dateTime": None, "timeZone": None}


async def test_a_day_begins_where_its_owner_lives(undone: GoogleServer, tmp_path: Path) -> None:
    address = address_for("a day in Berlin")
    undone.open_calendar(address, "Europe/Berlin")
    people = {GRACE: GoogleAccount(address, zone="Europe/Berlin", email=address)}
    async with reaching(settings_for(undone, tmp_path), people) as calendar, undone.as_person(address) as client:
        grace = OnGoogle(calendar, client, address)
        await calendar.ensure(GRACE, event(), "r7", None)
        await grace.changes(
            R7, {"start": {**_NO_TIME, "date": "2026-12-03"}, "end": {**_NO_TIME, "date": "2026-12-04"}}
        )
        state = await calendar.read(GRACE, R7)
        busy = await calendar.busy(GRACE, NINE, NINE + timedelta(days=5))

    midnight = NINE + timedelta(days=1, hours=14)
    assert state is not None
    assert (state.moved, state.start, state.end) == (True, midnight, midnight + timedelta(days=1))
    assert busy == (Busy(start=midnight, end=midnight + timedelta(days=1), interview="r7"),)


@pytest.mark.parametrize(
    ("entry", "tentative"),
    [
        ({}, False),
        ({"eventType": "outOfOffice"}, False),
        ({"eventType": "focusTime"}, False),
        ({"attendees": [{"email": "SELF", "responseStatus": "accepted"}]}, False),
        ({"attendees": [{"email": "SELF", "responseStatus": "tentative"}]}, True),
        ({"attendees": [{"email": "SELF", "responseStatus": "needsAction"}]}, True),
        ({"attendees": [{"email": "alan@acme.example", "responseStatus": "declined"}]}, False),
        ({"status": "tentative"}, True),
        ({"visibility": "private"}, False),
    ],
    ids=str,
)
async def test_what_takes_time(grace: OnGoogle, entry: dict[str, JsonValue], *, tentative: bool) -> None:
    await grace.enters(_entered(grace, entry))

    assert await grace.calendar.busy(GRACE, NINE, NINE + HOUR) == (
        Busy(start=NINE, end=NINE + HOUR, tentative=tentative),
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"transparency": "transparent"},
        {"attendees": [{"email": "SELF", "responseStatus": "declined"}]},
        {
            "eventType": "workingLocation",
            "transparency": "transparent",
            "visibility": "public",
            "workingLocationProperties": {"type": "homeOffice"},
        },
        {"start": when(NINE), "end": when(NINE)},
    ],
    ids=str,
)
async def test_what_takes_none(grace: OnGoogle, entry: dict[str, JsonValue]) -> None:
    await grace.enters(_entered(grace, entry))

    assert await grace.calendar.busy(GRACE, NINE, NINE + HOUR) == ()


def _entered(grace: OnGoogle, entry: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Put her own address in, which each test makes anew."""
    told: dict[str, JsonValue] = json.loads(json.dumps(entry).replace("SELF", grace.address))
    return {"start": when(NINE), "end": when(NINE + HOUR), **told}


async def test_a_text_makes_no_link_in_a_description(grace: OnGoogle) -> None:
    sly = event().model_copy(update={"description": 'Bring <a href="https://evil.example">this</a>'})
    await grace.calendar.ensure(GRACE, sly, "r7", None)

    assert (await grace.finds(R7))["description"] == 'Bring (a href="https://evil.example")this(/a)'
    assert (await grace.calendar.ensure(GRACE, sly, "r7", None)).outcome == "already_there"


# --- asking the owner ------------------------------------------------------------------------------------------------


async def test_where_google_answers_for_the_owner_they_are_asked_nothing(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.switches.answers_for_owner = True
    made = await grace.calendar.ensure(GRACE, event(), "r7", None)
    state = await grace.calendar.read(GRACE, R7)
    moved = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", made.etag)

    assert (made.outcome, moved.outcome) == ("created", "updated")
    assert state is not None
    assert state.answer is None
    assert "attendees" not in await grace.finds(R7)


async def test_a_calendar_that_is_shared_with_us_asks_its_owner_nothing(undone: GoogleServer, tmp_path: Path) -> None:
    address = address_for("shared")
    undone.open_calendar(address)
    settings = settings_for(undone, tmp_path).model_copy(update={"delegation": False})
    people = {GRACE: GoogleAccount(address, email=address)}
    async with reaching(settings, people) as calendar:
        made = await calendar.ensure(GRACE, event(), "r7", None)
        state = await calendar.read(GRACE, R7)

    assert made.outcome == "created"
    assert state is not None
    assert state.answer is None


def test_in_a_calendar_that_is_nobodys_own_nobody_is_asked() -> None:
    team = GoogleAccount("c_1a2b@group.calendar.google.com", email="grace@acme.example")

    assert (team.asked, team.owner) == (None, "grace@acme.example")
