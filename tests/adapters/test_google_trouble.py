"""What Google refuses, and what is said of it; what is never said nor fetched."""

import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.google.calendars import GoogleCalendars
from adapters.google.settings import GoogleAccount, GoogleSettings
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


async def test_each_request_is_paid_for_by_whose_calendar_it_is(undone: GoogleServer, tmp_path: Path) -> None:
    """Otherwise all of an organisation would have to do with what Google allows one user a minute."""
    payers: list[str] = []

    class Till(Network):
        def request(self, request: bytes) -> bytes | None:
            lines = request.decode(errors="replace").split("\r\n")
            if " /calendar/v3/" in lines[0]:
                payers.extend(line for line in lines if line.lower().startswith("x-goog-quota-user: "))
            return request

    people = {person: GoogleAccount(address_for("paid", person), busy_only=person == "ada") for person in _PAYERS}
    for account in people.values():
        undone.open_calendar(account.address)
    undone.troubles.asked.clear()
    async with (
        carried(Till(), undone.port) as port,
        reaching(settings_for(undone, tmp_path, port=port), people) as calendar,
    ):
        for person in (*_PAYERS, *_PAYERS):
            await calendar.busy(person, NINE, NINE + HOUR)

    assert len(payers) == sum("/calendar/v3/" in line for line in undone.troubles.asked) == 6
    assert len(set(payers)) == 3
    assert "@" not in "".join(payers)


_PAYERS = ("grace", "alan", "ada")


# --- settings --------------------------------------------------------------------------------------------------------


def test_settings_name_a_way_in_and_a_safe_address() -> None:
    with pytest.raises(ValueError, match="a service account's key file, or a folder"):
        GoogleSettings()
    with pytest.raises(ValueError, match="https only"):
        GoogleSettings(key_file=Path("key.json"), url="http://www.googleapis.com/calendar/v3")


async def test_who_is_not_known_has_no_calendar_and_is_not_taken_for_free(google: GoogleServer, tmp_path: Path) -> None:
    async with reaching(settings_for(google, tmp_path), {}) as calendar:
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.busy("nobody", NINE, NINE + HOUR)
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
