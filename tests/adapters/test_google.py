"""What is particular to Google: ids that are burnt, events as people make them there, and refusals."""

import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable, OurEvent
from adapters.google import GoogleCalendars
from adapters.google_events import id_of
from adapters.google_settings import GoogleAccount, GoogleSettings
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.lossy import Network, carried
from tests.adapters.on_google import OnGoogle, address_for, on_google, reaching, settings_for, when
from tests.providers.google_errors import google_trouble
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


# --- refusals --------------------------------------------------------------------------------------------------------


async def every_call(calendar: GoogleCalendars) -> list[Exception]:
    """Make each call of the port once; give what was raised."""
    raised: list[Exception] = []
    for call in (
        calendar.busy(GRACE, NINE, NINE + HOUR),
        calendar.ours(GRACE, NINE, NINE + HOUR),
        calendar.ensure(GRACE, event(), "r7", None),
        calendar.read(GRACE, R7),
        calendar.remove(GRACE, R7, 0, None),
        calendar.changes(GRACE, None, (R7,)),
    ):
        try:
            await call
        except (CalendarRefused, CalendarUnavailable) as trouble:
            raised.append(trouble)
    return raised


@pytest.mark.parametrize(
    ("reason", "status", "waits"),
    [
        ("rateLimitExceeded", 403, timedelta(minutes=1)),
        ("rateLimitExceeded", 429, timedelta(minutes=1)),
        ("userRateLimitExceeded", 403, timedelta(minutes=1)),
        ("quotaExceeded", 403, timedelta(hours=1)),
        ("dailyLimitExceeded", 403, timedelta(hours=1)),
        ("backendError", 500, None),
        ("backendError", 503, None),
    ],
)
async def test_who_is_asked_to_wait_waits(
    undone: GoogleServer, grace: OnGoogle, reason: str, status: int, waits: timedelta | None
) -> None:
    undone.troubles.due.append(google_trouble(reason, ".* /calendar", status=status))

    raised = await every_call(grace.google)

    assert len(raised) == 6
    assert all(isinstance(one, CalendarUnavailable) and one.retry_after == waits for one in raised)


async def test_how_long_to_wait_is_googles_word(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.troubles.due.append(Trouble(".* /calendar", 429, headers={"Retry-After": "17"}))

    with pytest.raises(CalendarUnavailable) as trouble:
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)

    assert trouble.value.retry_after == timedelta(seconds=17)


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("notFound", "have it shared with us again"),
        ("requiredAccessLevel", "the right to make changes"),
        ("notACalendarUser", "let the administrator turn it on"),
        ("authError", "have them consent again"),
    ],
)
async def test_what_somebody_must_mend_is_said_in_plain_words(
    undone: GoogleServer, grace: OnGoogle, reason: str, said: str
) -> None:
    undone.troubles.due.append(google_trouble(reason, ".* /calendar/v3/calendars/[^/]+/events[?]"))

    with pytest.raises(CalendarRefused, match=said) as trouble:
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)

    assert reason in str(trouble.value)
    assert len(str(trouble.value)) <= 200


async def test_a_calendar_that_is_closed_to_us_is_neither_free_nor_empty(undone: GoogleServer, grace: OnGoogle) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    undone.close(grace.address)

    raised = await every_call(grace.google)

    assert len(raised) == 6
    assert all(isinstance(one, CalendarRefused) for one in raised)


async def test_a_calendar_that_is_shared_with_us_no_more_is_neither_free_nor_empty(
    undone: GoogleServer, tmp_path: Path
) -> None:
    address = address_for("shared no more")
    undone.open_calendar(address)
    settings = settings_for(undone, tmp_path).model_copy(update={"delegation": False})
    async with reaching(settings, {GRACE: GoogleAccount(address)}) as calendar:
        await calendar.ensure(GRACE, event(), "r7", None)
        undone.close(address)
        raised = await every_call(calendar)

    assert len(raised) == 6
    assert all(isinstance(one, CalendarRefused) and "(notFound)" in str(one) for one in raised)


async def test_a_token_that_ends_early_is_made_anew(undone: GoogleServer, grace: OnGoogle) -> None:
    made = await grace.calendar.ensure(GRACE, event(), "r7", None)
    undone.expire_tokens()

    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", made.etag)

    assert later.outcome == "updated"
    assert sum(line == "POST /token" for line in undone.troubles.asked) == 2


async def test_nothing_is_said_of_who_it_is_nor_how_we_get_in(
    undone: GoogleServer, grace: OnGoogle, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    raised = await every_call(grace.google)
    for reason in ("authError", "notFound", "backendError"):
        undone.troubles.due[:] = [google_trouble(reason, ".* /calendar")]
        raised += await every_call(grace.google)
    undone.troubles.due.clear()
    undone.revoke()
    undone.expire_tokens()
    raised += await every_call(grace.google)

    logged = [one.getMessage() for one in caplog.records if not one.name.startswith("uvicorn")]  # that is Google's log
    said = "".join(logged) + "".join(map(repr, raised))
    assert len(raised) == 24
    assert not any(word in said for word in (grace.address, "acme", "ya29.", "Bearer", "PRIVATE KEY"))
    assert not any(word in repr(vars(grace.google)) for word in ("ya29.", "PRIVATE KEY"))


async def test_no_more_is_fetched_of_peoples_own_events_than_when_they_are(
    undone: GoogleServer, tmp_path: Path
) -> None:
    heard = bytearray()

    class Ear(Network):
        def answer(self, request: bytes, answer: bytes) -> bytes | None:
            del request
            heard.extend(answer)
            return answer

    async with (
        carried(Ear(), undone.port) as port,
        on_google(undone, tmp_path, "no titles", port=port) as grace,
    ):
        await grace.enters(
            {
                "start": when(NINE),
                "end": when(NINE + HOUR),
                "summary": "Dentist",
                "description": "Root canal",
                "location": "Harley Street",
                "attendees": [{"email": "doctor@teeth.example", "displayName": "Dr Drill"}],
            }
        )
        cursor = (await grace.calendar.changes(GRACE, None, ())).cursor
        await grace.adds(NINE, NINE + HOUR)
        assert (await grace.calendar.changes(GRACE, cursor, ())).others
        assert len(await grace.calendar.busy(GRACE, NINE, NINE + HOUR)) == 2
        assert await every_call(grace.google) == []

    assert heard
    assert not any(word in heard for word in (b"Dentist", b"canal", b"Harley", b"doctor@", b"Drill"))


# --- lists that come in pages ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("empty", [False, True], ids=["full pages", "an empty one first"])
async def test_a_list_is_read_to_its_end(undone: GoogleServer, grace: OnGoogle, *, empty: bool) -> None:
    undone.switches.page_size, undone.switches.begins_with_empty_page = 2, empty
    for number in range(5):
        await grace.adds(NINE + number * HOUR, NINE + (number + 1) * HOUR)
    await grace.calendar.ensure(GRACE, event(NINE + 5 * HOUR), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    for number in range(3):
        await grace.adds(NINE + number * HOUR, NINE + (number + 1) * HOUR)
    await grace.moves(R7, NINE + 6 * HOUR)
    changes = await grace.calendar.changes(GRACE, cursor, (R7,))

    assert len(await grace.calendar.busy(GRACE, NINE, NINE + 9 * HOUR)) == 9
    assert [one.uid for one in await grace.calendar.ours(GRACE, NINE, NINE + 9 * HOUR)] == [R7]
    assert (changes.everything, changes.touched, changes.others) == (False, (R7,), True)


async def test_a_calendar_of_many_years_is_followed_all_the_same(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.switches.page_size = 1
    for number in range(8):
        await grace.adds(NINE + number * HOUR, NINE + (number + 1) * HOUR)
    first = await grace.calendar.changes(GRACE, None, ())
    quiet = await grace.calendar.changes(GRACE, first.cursor, ())
    await grace.adds(NINE, NINE + HOUR)
    loud = await grace.calendar.changes(GRACE, quiet.cursor, ())

    assert any("timeMin=" in line for line in undone.troubles.asked)
    assert [(one.everything, one.others) for one in (first, quiet, loud)] == [
        (True, True),
        (False, False),
        (False, True),
    ]


async def test_a_list_without_an_end_is_trouble(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.troubles.due.append(Trouble("GET .*/events[?]", 200, {"items": [], "nextPageToken": "more"}))

    with pytest.raises(CalendarRefused, match="without an end"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_an_event_that_cannot_be_read_is_not_free_time(undone: GoogleServer, grace: OnGoogle) -> None:
    broken: tuple[JsonValue, ...] = ({"id": "a"}, {"id": "a", "start": {"date": "soon"}}, {"start": when(NINE)}, "none")
    for item in broken:
        undone.troubles.due[:] = [Trouble("GET .*/events[?]", 200, {"items": [item]})]

        with pytest.raises(CalendarRefused, match="cannot be read"):
            await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


@pytest.mark.parametrize("status", [400, 410])
async def test_a_sync_token_that_is_forgotten_means_everything(
    undone: GoogleServer, grace: OnGoogle, status: int
) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    if status == 410:
        undone.forget_sync()
    else:
        undone.troubles.due.append(Trouble("GET .*syncToken", 400, times=1))

    changes = await grace.calendar.changes(GRACE, cursor, (R7,))
    later = await grace.calendar.changes(GRACE, changes.cursor, (R7,))

    assert (changes.everything, changes.touched, changes.others) == (True, (R7,), True)
    assert (later.everything, later.touched, later.others) == (False, (), False)
    assert stored(undone, grace) == [id_of(GRACE, R7, 0)]


@pytest.mark.parametrize("token", [None, "t" * 5000], ids=["none", "too long"])
async def test_where_there_is_no_token_everything_may_have_changed_each_time(
    undone: GoogleServer, grace: OnGoogle, token: str | None
) -> None:
    answer: dict[str, JsonValue] = {"items": [], **({"nextSyncToken": token} if token else {})}
    undone.troubles.due.append(Trouble("GET .*/events[?]", 200, answer))

    first = await grace.calendar.changes(GRACE, None, (R7,))
    again = await grace.calendar.changes(GRACE, first.cursor, (R7,))

    assert first.everything
    assert again.everything
    assert len(str(first.cursor)) < 4000


async def test_deleted_events_are_known_by_hardly_more_than_their_ids(undone: GoogleServer, grace: OnGoogle) -> None:
    undone.switches.deleted_have_details = False
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    await grace.deletes(R7)

    changes = await grace.calendar.changes(GRACE, cursor, (R7,))

    assert (changes.touched, changes.others) == ((R7,), False)


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_name_a_way_in_and_a_safe_address() -> None:
    with pytest.raises(ValueError, match="a service account's key file, or a folder"):
        GoogleSettings()
    with pytest.raises(ValueError, match="https only"):
        GoogleSettings(key_file=Path("key.json"), url="http://www.googleapis.com/calendar/v3")


async def test_who_is_not_known_has_no_calendar(google: GoogleServer, tmp_path: Path) -> None:
    async with reaching(settings_for(google, tmp_path), {}) as calendar:
        assert await calendar.busy("nobody", NINE, NINE + HOUR) == ()
        assert await calendar.ours("nobody", NINE, NINE + HOUR) == ()
        assert (await calendar.changes("nobody", None, ())).cursor is None
        assert await calendar.listen("nobody", None) is None
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.ensure("nobody", event(), "r7", None)


async def test_what_takes_too_long_is_given_up(undone: GoogleServer, tmp_path: Path) -> None:
    address = address_for("slow")
    undone.open_calendar(address)

    async def accounts(_person: str) -> GoogleAccount:
        return GoogleAccount(address)

    calendar = GoogleCalendars(accounts, settings_for(undone, tmp_path), within=timedelta(0))
    with pytest.raises(CalendarUnavailable, match="no answer in time"):
        await calendar.busy(GRACE, NINE, NINE + HOUR)
    await calendar.aclose()
