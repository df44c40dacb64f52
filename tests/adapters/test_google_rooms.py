"""Rooms at Google Meet: one for each interview, however often it is asked for."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.google.calendars import GoogleCalendars
from adapters.google.settings import GoogleAccount
from tests.adapters.grace import GRACE, HOUR, NINE
from tests.adapters.on_google import address_for, reaching, settings_for, when
from tests.providers.google_server import GoogleServer
from tests.providers.serving import Trouble


@pytest.fixture
def address(undone: GoogleServer, request: pytest.FixtureRequest) -> str:
    address = address_for(request.node.nodeid, "rooms")
    undone.open_calendar(address)
    return address


@pytest.fixture
async def rooms(undone: GoogleServer, address: str, tmp_path: Path) -> AsyncIterator[GoogleCalendars]:
    settings = settings_for(undone, tmp_path).model_copy(update={"meet_calendar": address})
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as rooms:
        yield rooms


def videos(server: GoogleServer, address: str) -> list[JsonValue]:
    return [one.get("hangoutLink") for one in server.events(address)]


async def test_a_room_is_made_once(undone: GoogleServer, address: str, rooms: GoogleCalendars) -> None:
    link = await rooms.room("r7", NINE)
    again = await rooms.room("r7", NINE)
    other = await rooms.room("r8", NINE)

    assert link.startswith("https://meet.google.com/")
    assert link == again
    assert other != link
    assert videos(undone, address) == [link, other]


async def test_a_room_takes_nobodys_time_and_is_no_interviews_event(
    undone: GoogleServer, address: str, rooms: GoogleCalendars
) -> None:
    """The calendar of the rooms may be that of an interviewer."""
    await rooms.room("r7", NINE)

    (event,) = undone.events(address)
    assert "r7" not in str(event)
    assert await rooms.busy(GRACE, NINE, NINE + HOUR) == ()
    assert await rooms.ours(GRACE, NINE - HOUR, NINE + HOUR) == ()


async def test_a_room_moves_along_and_stays_the_same(
    undone: GoogleServer, address: str, rooms: GoogleCalendars
) -> None:
    link = await rooms.room("r7", NINE)
    moved = await rooms.room("r7", NINE + HOUR)

    (event,) = undone.events(address)
    assert moved == link
    assert event["start"] == {"dateTime": "2026-12-01T10:00:00Z", "timeZone": "UTC"}


async def test_a_room_that_google_is_still_making_is_there_a_little_later(
    undone: GoogleServer, address: str, rooms: GoogleCalendars
) -> None:
    undone.switches.conferences = "pending"
    for _ in range(2):
        with pytest.raises(CalendarUnavailable, match="still making") as trouble:
            await rooms.room("r7", NINE)
        assert trouble.value.retry_after == timedelta(seconds=5)
    undone.switches.conferences = "success"

    assert [await rooms.room("r7", NINE)] == videos(undone, address)


async def test_a_room_that_google_could_not_make_is_asked_for_anew(
    undone: GoogleServer, address: str, rooms: GoogleCalendars
) -> None:
    undone.switches.conferences = "failure"
    with pytest.raises(CalendarRefused, match="turn Meet on"):
        await rooms.room("r7", NINE)
    undone.switches.conferences = "success"

    assert [await rooms.room("r7", NINE)] == videos(undone, address)


@pytest.mark.parametrize("forgotten", [False, True], ids=["deleted ones are shown", "deleted ones are forgotten"])
async def test_a_room_whose_event_was_deleted_is_followed_by_another(
    undone: GoogleServer, address: str, rooms: GoogleCalendars, *, forgotten: bool
) -> None:
    first = await rooms.room("r7", NINE)
    (event,) = undone.events(address)
    async with undone.as_person(address) as owner:
        (await owner.delete(f"calendars/{address}/events/{event['id']}")).raise_for_status()
    if forgotten:
        undone.forget_deleted(address)

    second = await rooms.room("r7", NINE)

    assert second != first
    assert await rooms.room("r7", NINE) == second
    assert videos(undone, address) == [second]


async def test_a_room_that_somebody_took_off_its_event_is_followed_by_another(
    undone: GoogleServer, address: str, rooms: GoogleCalendars
) -> None:
    first = await rooms.room("r7", NINE)
    (event,) = undone.events(address)
    async with undone.as_person(address) as owner:
        told = {"start": when(NINE), "end": when(NINE + HOUR)}
        path = f"calendars/{address}/events/{event['id']}?conferenceDataVersion=1"
        (await owner.put(path, json=told)).raise_for_status()

    second = await rooms.room("r7", NINE)

    assert second != first
    assert videos(undone, address) == [second]


async def test_where_meet_is_not_to_be_had_it_is_said_what_to_do(
    undone: GoogleServer, address: str, tmp_path: Path
) -> None:
    """A service account by itself has none."""
    settings = settings_for(undone, tmp_path).model_copy(update={"meet_calendar": address, "delegation": False})
    async with reaching(settings, {}) as rooms:
        with pytest.raises(CalendarRefused, match=r"calendar of meet: .* turn Meet on for its owner"):
            await rooms.room("r7", NINE)

    assert undone.events(address) == []


async def test_without_a_calendar_for_them_there_are_no_rooms(google: GoogleServer, tmp_path: Path) -> None:
    async with reaching(settings_for(google, tmp_path), {}) as rooms:
        with pytest.raises(CalendarRefused, match="ENTREVUE_GOOGLE__MEET_CALENDAR"):
            await rooms.room("r7", NINE)


async def test_a_link_that_is_none_is_not_given_out(undone: GoogleServer, rooms: GoogleCalendars) -> None:
    undone.switches.conferences = "pending"
    entry: dict[str, JsonValue] = {"entryPointType": "video", "uri": "javascript:alert()"}
    body: dict[str, JsonValue] = {"id": "a", "conferenceData": {"entryPoints": [entry]}}
    undone.troubles.due.append(Trouble("(GET|PATCH) .*/events/", 200, body))

    with pytest.raises(CalendarRefused):
        await rooms.room("r7", NINE)
