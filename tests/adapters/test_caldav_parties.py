"""Whom our events name, on servers that send mail of their own, forbid it, or are reached for nobody in particular."""

import re
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from activities.calendar import CalendarRefused
from adapters.caldav.calendars import CalendarAccount
from entrevue.values import EmailAddress
from tests.adapters.dav import (
    A_CALENDAR,
    HOUR,
    NINE,
    SECRET,
    Request,
    Stub,
    about,
    an_answer,
    event,
    reaching,
    scripted,
)
from tests.adapters.grace import organizer

GRACE = "grace@acme.example"


class Shelf:
    """A server that keeps whatever it is given, says of itself what it is told to, and may refuse to name people."""

    def __init__(self, dav: str = "1, calendar-access", *, names_nobody: bool = False) -> None:
        self.dav = dav
        self.names_nobody = names_nobody
        self.objects: dict[str, bytes] = {}
        self.versions = 0

    def __call__(self, request: Request) -> bytes:
        match request.method:
            case "PROPFIND":
                return about("/grace/", A_CALENDAR)
            case "OPTIONS":
                return an_answer(200, f"DAV: {self.dav}")
            case "PUT" if self.names_nobody and b"ATTENDEE" in request.body:
                return an_answer(403)
            case "PUT":
                self.versions += 1
                self.objects[request.path] = request.body
                return an_answer(201)
            case "GET" if request.path in self.objects:
                return an_answer(200, f'ETag: "{self.versions}"', body=self.objects[request.path])
            case _:
                return an_answer(404)


async def written(
    shelf: Shelf, *, email: str | None = GRACE, organizer: Callable[[str], EmailAddress] | None = organizer
) -> tuple[str, Stub]:
    """Write an event and then another version of it; give what stands there, and what was asked."""
    async with (
        scripted(shelf) as server,
        reaching(
            CalendarAccount(f"{server.root}/grace/", "entrevue", SecretStr(SECRET), email=email), organizer=organizer
        ) as calendar,
    ):
        first = await calendar.ensure("grace", event(), "r7", None)
        second = await calendar.ensure("grace", event(NINE + HOUR, sequence=1), "r7", first.etag)
        assert (first.outcome, second.outcome) == ("created", "updated")
    (text,) = shelf.objects.values()
    return re.sub(r"\r\n ", "", text.decode()), server


async def test_a_server_that_schedules_is_told_to_leave_it_to_us_and_is_asked_once() -> None:
    text, server = await written(Shelf("1, calendar-access, calendar-auto-schedule"))

    assert re.findall("^(ORGANIZER|ATTENDEE).*SCHEDULE-AGENT=CLIENT", text, re.MULTILINE) == ["ATTENDEE", "ORGANIZER"]
    assert [request.method for request in server.requests].count("OPTIONS") == 1


async def test_a_server_that_does_not_is_told_nothing() -> None:
    text, _ = await written(Shelf())

    assert "mailto:interviews+r7.p1@hire.acme.example" in text
    assert "SCHEDULE-AGENT" not in text


@pytest.mark.parametrize(
    ("email", "agent"),
    [
        pytest.param(None, organizer, id="nobody knows who the owner is"),
        pytest.param(GRACE, None, id="we have no address"),
        pytest.param(GRACE, lambda _: "Grace@ACME.example", id="it is the owner's own"),
    ],
)
async def test_where_nobody_can_be_asked_the_event_names_nobody(
    email: str | None, agent: Callable[[str], EmailAddress] | None
) -> None:
    text, server = await written(Shelf(), email=email, organizer=agent)

    assert "ORGANIZER" not in text
    assert "ATTENDEE" not in text
    assert "OPTIONS" not in {request.method for request in server.requests}


async def test_the_time_is_written_even_where_nobody_may_be_named() -> None:
    """Some servers let nobody but a calendar's owner touch answers (reference: OX)."""
    text, _ = await written(Shelf(names_nobody=True))

    assert "DTSTART:20261201T100000Z" in text
    assert "ATTENDEE" not in text


async def test_a_calendar_that_may_not_be_written_at_all_stays_refused() -> None:
    shelf = Shelf()

    def script(request: Request) -> bytes:
        return an_answer(403) if request.method == "PUT" else shelf(request)

    async with (
        scripted(script) as server,
        reaching(
            CalendarAccount(f"{server.root}/grace/", "entrevue", SecretStr(SECRET), email=GRACE), organizer=organizer
        ) as calendar,
    ):
        with pytest.raises(CalendarRefused, match="status 403"):
            await calendar.ensure("grace", event(), "r7", None)

    assert [request.method for request in server.requests].count("PUT") == 2
