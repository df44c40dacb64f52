"""People of whom only free and busy is read: many in one request, and no error is free time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable, Changes
from adapters.google.calendars import GoogleCalendars
from adapters.google.settings import GoogleAccount
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.on_google import address_for, reaching, settings_for, when
from tests.providers.google_errors import google_trouble
from tests.providers.google_server import GoogleServer
from tests.providers.serving import Trouble

DAY = timedelta(days=1)


@asynccontextmanager
async def many(server: GoogleServer, folder: Path, name: str, number: int) -> AsyncIterator[GoogleCalendars]:
    """So many people, of whom the one of number n is busy in the n-th quarter of an hour."""
    accounts = {f"p{n}": GoogleAccount(address_for(name, f"p{n}"), busy_only=True) for n in range(number)}
    for n, account in enumerate(accounts.values()):
        server.open_calendar(account.address)
        await entered(server, account.address, {"start": when(_time(n)), "end": when(_time(n + 1)), "summary": "Own"})
    async with reaching(settings_for(server, folder), accounts) as calendar:
        server.troubles.asked.clear()
        yield calendar


def _time(quarter: int) -> datetime:
    return NINE + quarter * HOUR / 4


async def entered(server: GoogleServer, address: str, told: Mapping[str, JsonValue]) -> None:
    async with server.as_person(address) as owner:
        (await owner.post(f"calendars/{address}/events", json=dict(told))).raise_for_status()


def asked(server: GoogleServer) -> int:
    return sum(line.startswith("POST /calendar/v3/freeBusy") for line in server.troubles.asked)


@pytest.mark.parametrize(("number", "requests"), [(1, 1), (7, 1), (50, 1), (51, 2)])
async def test_who_is_asked_about_together_is_asked_about_in_one_request(
    undone: GoogleServer, tmp_path: Path, number: int, requests: int
) -> None:
    async with many(undone, tmp_path, f"together {number}", number) as calendar:
        told = await asyncio.gather(*(calendar.busy(f"p{n}", NINE, NINE + DAY) for n in range(number)))

    assert asked(undone) == requests
    assert list(told) == [(Busy(start=_time(n), end=_time(n + 1)),) for n in range(number)]


async def test_a_long_time_is_asked_about_in_parts_and_put_together(undone: GoogleServer, tmp_path: Path) -> None:
    async with many(undone, tmp_path, "long", 1) as calendar:
        address = address_for("long", "p0")
        await entered(undone, address, {"start": when(NINE + 60 * DAY), "end": when(NINE + 64 * DAY)})
        await entered(undone, address, {"start": when(NINE + 130 * DAY), "end": when(NINE + 131 * DAY)})
        told = await calendar.busy("p0", NINE, NINE + 190 * DAY)

    assert asked(undone) == 4
    assert told == (
        Busy(start=NINE, end=_time(1)),
        Busy(start=NINE + 60 * DAY, end=NINE + 64 * DAY),
        Busy(start=NINE + 130 * DAY, end=NINE + 131 * DAY),
    )


@pytest.mark.parametrize(("reason", "kind"), [("internalError", CalendarUnavailable), ("notFound", CalendarRefused)])
async def test_an_error_is_nobodys_free_time_and_no_other_ones_trouble(
    undone: GoogleServer, tmp_path: Path, reason: str, kind: type[Exception]
) -> None:
    name = f"broken by {reason}"
    async with many(undone, tmp_path, name, 3) as calendar:
        broken = address_for(name, "p1")
        undone.break_busy(broken, "internalError" if reason == "internalError" else "notFound")
        told = await asyncio.gather(
            *(calendar.busy(f"p{n}", NINE, NINE + DAY) for n in range(3)), return_exceptions=True
        )
        undone.break_busy(broken, None)
        mended = await calendar.busy("p1", NINE, NINE + DAY)

    assert (told[0], told[2]) == ((Busy(start=_time(0), end=_time(1)),), (Busy(start=_time(2), end=_time(3)),))
    assert isinstance(told[1], kind)
    assert str(told[1]).startswith("calendar of p1: ")
    assert f"({reason})" in str(told[1])
    assert "@" not in str(told[1])
    assert mended == (Busy(start=_time(1), end=_time(2)),)


async def test_whose_free_time_colleagues_are_not_told_is_asked_themselves(
    undone: GoogleServer, tmp_path: Path
) -> None:
    async with many(undone, tmp_path, "shy", 3) as calendar:
        undone.share(address_for("shy", "p2"), "none", to="*")
        told = await asyncio.gather(*(calendar.busy(f"p{n}", NINE, NINE + DAY) for n in range(3)))

    assert asked(undone) == 2
    assert list(told) == [(Busy(start=_time(n), end=_time(n + 1)),) for n in range(3)]


async def test_one_who_has_left_keeps_nobody_else_from_being_asked(undone: GoogleServer, tmp_path: Path) -> None:
    async with many(undone, tmp_path, "left", 3) as calendar:
        undone.revoke(address_for("left", "p0"))
        told = await asyncio.gather(
            *(calendar.busy(f"p{n}", NINE, NINE + DAY) for n in range(3)), return_exceptions=True
        )

    assert isinstance(told[0], CalendarRefused)
    assert told[1:] == [(Busy(start=_time(n), end=_time(n + 1)),) for n in (1, 2)]


async def test_throttling_befalls_everybody_by_their_own_names(undone: GoogleServer, tmp_path: Path) -> None:
    async with many(undone, tmp_path, "throttled", 3) as calendar:
        undone.troubles.due.append(google_trouble("userRateLimitExceeded", "POST .*/freeBusy"))
        told = await asyncio.gather(
            *(calendar.busy(f"p{n}", NINE, NINE + DAY) for n in range(3)), return_exceptions=True
        )

    assert [str(one).split(":")[0] for one in told] == [f"calendar of p{n}" for n in range(3)]
    assert all(isinstance(one, CalendarUnavailable) and one.retry_after == timedelta(minutes=1) for one in told)


@pytest.mark.parametrize(
    "calendars",
    [
        None,
        {},
        {"ADDRESS": 7},
        {"ADDRESS": {}},
        {"ADDRESS": {"busy": [{"start": "soon"}]}},
        {"ADDRESS": {"busy": [{"start": "2026-12-01T12:00:00Z", "end": "2026-12-01T09:00:00Z"}]}},
        {"ADDRESS": {"busy": [{"start": "2026-12-01T09:00:00", "end": "2026-12-01T12:00:00Z"}]}},
        {"ADDRESS": {"errors": [{"domain": "global", "reason": "internalError"}], "busy": []}},
        {"ADDRESS": {"errors": ["nonsense"], "busy": []}},
    ],
    ids=str,
)
async def test_an_answer_that_says_nothing_is_not_free_time(
    undone: GoogleServer, tmp_path: Path, calendars: Mapping[str, JsonValue] | None
) -> None:
    async with many(undone, tmp_path, "silent", 1) as calendar:
        said = {address_for("silent", "p0"): told for told in calendars.values()} if calendars else calendars
        body: dict[str, JsonValue] = {} if said is None else {"calendars": dict(said)}
        undone.troubles.due.append(Trouble("POST .*/freeBusy", 200, body))

        with pytest.raises((CalendarRefused, CalendarUnavailable), match="calendar of p0: "):
            await calendar.busy("p0", NINE, NINE + DAY)


async def test_nothing_is_written_watched_or_listened_to_there(undone: GoogleServer, tmp_path: Path) -> None:
    async with many(undone, tmp_path, "only busy", 1) as calendar:
        with pytest.raises(CalendarRefused, match="only when they are free"):
            await calendar.ensure("p0", event(), "r7", None)
        assert await calendar.ours("p0", NINE, NINE + DAY) == ()
        assert await calendar.changes("p0", None, ()) == Changes(cursor=None)
        assert await calendar.listen("p0", None) is None
        await calendar.hang_up("p0", "channel resource")

    assert undone.troubles.asked == []


async def test_without_delegation_the_service_account_asks_for_all(undone: GoogleServer, tmp_path: Path) -> None:
    address = address_for("shared free time")
    undone.open_calendar(address)
    settings = settings_for(undone, tmp_path).model_copy(update={"delegation": False})
    async with reaching(settings, {GRACE: GoogleAccount(address, busy_only=True)}) as calendar:
        assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()
        undone.close(address)
        undone.troubles.asked.clear()
        with pytest.raises(CalendarRefused, match=r"have it shared with us"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)

    assert asked(undone) == 1


async def test_what_takes_too_long_is_trouble_of_each_by_their_own_names(undone: GoogleServer, tmp_path: Path) -> None:
    addresses = {person: address_for("too long", person) for person in ("p0", "p1")}
    for address in addresses.values():
        undone.open_calendar(address)

    async def accounts(person: str) -> GoogleAccount:
        return GoogleAccount(addresses[person], busy_only=True)

    settings = settings_for(undone, tmp_path)
    async with aclosing(GoogleCalendars(accounts, settings, within=timedelta(0))) as calendar:
        told = await asyncio.gather(*(calendar.busy(p, NINE, NINE + DAY) for p in addresses), return_exceptions=True)

    assert [str(one) for one in told] == [f"calendar of {person}: no answer in time" for person in addresses]
