"""When people are busy of whom Entrevue may know no more: getSchedule, through the contract server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from pydantic import JsonValue

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable, Changes
from adapters.graph.calendars import GraphAccount, GraphCalendars
from tests.adapters.grace import HOUR, NINE, event
from tests.adapters.on_graph import reaching, settings_for
from tests.providers.graph_events import Said
from tests.providers.graph_server import GraphServer
from tests.providers.serving import Trouble

DAY = timedelta(days=1)
PEOPLE = tuple(f"p{number}" for number in range(45))


@asynccontextmanager
async def everybody(microsoft: GraphServer) -> AsyncIterator[GraphCalendars]:
    """Each has an hour of their own."""
    for number, person in enumerate(PEOPLE):
        microsoft.open_mailbox(f"{person}@acme.example")
        enters(microsoft, person, NINE + number * HOUR)
    people = {person: GraphAccount(f"{person.title()}@acme.example", busy_only=True) for person in (*PEOPLE, "nobody")}
    async with reaching(settings_for(microsoft), people) as calendar:
        yield calendar


def enters(microsoft: GraphServer, person: str, start: datetime, show_as: str = "busy") -> None:
    def at(instant: datetime) -> JsonValue:
        return {"dateTime": f"{instant:%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}

    said = {"start": at(start), "end": at(start + HOUR), "subject": "Secret", "showAs": show_as}
    microsoft.mailbox(f"{person}@acme.example").create(Said.model_validate(said))


def requests(microsoft: GraphServer) -> int:
    return sum("getSchedule" in one for one in microsoft.troubles.asked)


async def test_many_are_asked_about_in_one_request(microsoft: GraphServer) -> None:
    async with everybody(microsoft) as calendar:
        answers = await asyncio.gather(*(calendar.busy(person, NINE, NINE + 9 * DAY) for person in PEOPLE))

    assert answers == [
        (Busy(start=NINE + number * HOUR, end=NINE + (number + 1) * HOUR),) for number in range(len(PEOPLE))
    ]
    assert requests(microsoft) == 3


async def test_free_and_elsewhere_are_free_and_tentative_is_tentative(microsoft: GraphServer) -> None:
    async with everybody(microsoft) as calendar:
        for number, show_as in enumerate(("free", "workingElsewhere", "tentative", "oof"), start=3):
            enters(microsoft, "p0", NINE + number * HOUR, show_as)
        busy = await calendar.busy("p0", NINE, NINE + DAY)

    assert busy == (
        Busy(start=NINE, end=NINE + HOUR),
        Busy(start=NINE + 5 * HOUR, end=NINE + 6 * HOUR, tentative=True),
        Busy(start=NINE + 6 * HOUR, end=NINE + 7 * HOUR),
    )


async def test_a_long_window_is_asked_about_in_parts(microsoft: GraphServer) -> None:
    async with everybody(microsoft) as calendar:
        enters(microsoft, "p0", NINE + 61 * DAY - HOUR / 2)  # across the cut
        enters(microsoft, "p0", NINE + 150 * DAY)
        busy = await calendar.busy("p0", NINE, NINE + 160 * DAY)

    assert [(one.start - NINE, one.end - one.start) for one in busy] == [
        (timedelta(), HOUR),
        (61 * DAY - HOUR / 2, HOUR),
        (150 * DAY, HOUR),
    ]
    assert requests(microsoft) == 3


async def test_of_whom_nothing_can_be_said_is_not_free_and_the_others_are_answered(microsoft: GraphServer) -> None:
    async with everybody(microsoft) as calendar:
        microsoft.break_busy("p1@acme.example")
        one, broken, unknown = await asyncio.gather(
            *(calendar.busy(person, NINE, NINE + DAY) for person in ("p0", "p1", "nobody")), return_exceptions=True
        )

    assert one == (Busy(start=NINE, end=NINE + HOUR),)
    assert isinstance(broken, CalendarUnavailable)
    assert str(broken).startswith("calendar of p1: Microsoft cannot say now when they are free")
    assert isinstance(unknown, CalendarRefused)
    assert str(unknown).startswith("calendar of nobody: Microsoft knows no mailbox")


@pytest.mark.parametrize("how", ["unknown", "closed", "denied"])
async def test_who_asks_for_all_and_is_refused_takes_nobody_along(microsoft: GraphServer, how: str) -> None:
    first = "nobody" if how == "unknown" else "p1"
    async with everybody(microsoft) as calendar:
        if how == "closed":
            microsoft.close("p1@acme.example")
        elif how == "denied":
            microsoft.revoke("p1@acme.example")
        refused, answered = await asyncio.gather(
            *(calendar.busy(person, NINE, NINE + DAY) for person in (first, "p0")), return_exceptions=True
        )

    assert isinstance(refused, CalendarRefused)
    assert answered == (Busy(start=NINE, end=NINE + HOUR),)


async def test_a_provider_that_is_overrun_tells_everybody_of_their_own_trouble(microsoft: GraphServer) -> None:
    async with everybody(microsoft) as calendar:
        microsoft.most_at_once = 0
        troubles = await asyncio.gather(
            *(calendar.busy(person, NINE, NINE + DAY) for person in PEOPLE[:3]), return_exceptions=True
        )

    assert [str(one).split(":")[0] for one in troubles] == [f"calendar of {person}" for person in PEOPLE[:3]]
    assert all(isinstance(one, CalendarUnavailable) and one.retry_after for one in troubles)


@pytest.mark.parametrize(
    "value", [[], [{"scheduleId": "p0@acme.example"}], [{"scheduleId": "p0@acme.example", "error": None}], "nothing"]
)
async def test_an_answer_that_says_nothing_about_somebody_is_trouble_not_free(
    microsoft: GraphServer, value: JsonValue
) -> None:
    async with everybody(microsoft) as calendar:
        microsoft.troubles.due = [Trouble("POST .*getSchedule", 200, {"value": value})]

        with pytest.raises((CalendarUnavailable, CalendarRefused)):
            await calendar.busy("p0", NINE, NINE + DAY)


async def test_of_whom_we_read_no_more_than_that_nothing_else_is_read_or_written(microsoft: GraphServer) -> None:
    async with everybody(microsoft) as calendar:
        with pytest.raises(CalendarRefused, match="busy_only"):
            await calendar.ensure("p0", event(), "r7", None)

        assert await calendar.ours("p0", NINE, NINE + DAY) == ()
        assert await calendar.changes("p0", None, ("r7.p1",)) == Changes(cursor=None)

    assert microsoft.troubles.asked == []


async def test_of_whom_nobody_knows_a_calendar_is_not_taken_for_free(microsoft: GraphServer) -> None:
    async with reaching(settings_for(microsoft), {}) as calendar:
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.busy("nobody", NINE, NINE + DAY)
        assert await calendar.changes("nobody", None, ()) == Changes(cursor=None)
        with pytest.raises(CalendarRefused, match="there is none"):
            await calendar.read("nobody", "r7.p1")
