"""Sync tokens (RFC 6578) as servers really keep them: forgotten, lost with a restart, paged, or told wrongly."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from activities.calendar import Calendar, CalendarRefused
from adapters.caldav.collection import name_of
from demo.calendar_server import CalendarServer, calendar_server
from tests.adapters.dav import (
    A_CALENDAR,
    HOUR,
    NINE,
    SYNCS,
    Request,
    about,
    account,
    an_answer,
    asking,
    event,
    multistatus,
    reaching,
    resource,
    without,
)
from tests.adapters.grace import GRACE, on_radicale
from tests.adapters.lossy import Network, carried

R7 = "r7.p1"


# --- a real server ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_cursor_outlives_the_server_being_killed(tmp_path: Path) -> None:
    async with calendar_server(tmp_path, [GRACE]) as server, reaching(account(server)) as calendar:
        first = await calendar.ensure(GRACE, event(), "r7", None)
        before = await calendar.changes(GRACE, None, (R7,))
        await server.kill()
        await server.start()
        quiet = await calendar.changes(GRACE, before.cursor, (R7,))
        await calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

        assert (quiet.everything, quiet.touched, quiet.others) == (False, (), False)
        assert (await calendar.changes(GRACE, quiet.cursor, (R7,))).touched == (R7,)


async def test_a_token_that_the_server_has_forgotten_means_everything(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    """Radicale keeps what belongs to a token for 30 days, in a folder that administrators empty."""
    name = request.node.name
    async with on_radicale(radicale, name) as grace:
        await grace.calendar.ensure(GRACE, event(), "r7", None)
        before = await grace.calendar.changes(GRACE, None, (R7,))
        await grace.adds(NINE, NINE + HOUR)
        (tokens,) = radicale.folder.glob(f"collections/**/{GRACE}/{name}/.Radicale.cache/sync-token")
        for token in tokens.iterdir():
            token.unlink()

        after = await grace.calendar.changes(GRACE, before.cursor, (R7,))
        later = await grace.calendar.changes(GRACE, after.cursor, (R7,))

    assert (after.everything, after.touched, after.others) == (True, (R7,), True)
    assert (later.everything, later.touched, later.others) == (False, (), False)


class ForgetsDeletions(Network):
    """Bedework tells of what was changed, not of what was deleted."""

    def answer(self, request: bytes, answer: bytes) -> bytes | None:
        if b"sync-collection" not in request.partition(b"\r\n\r\n")[2]:
            return answer
        return re.sub(
            rb"<response>(?:(?!</response>).)*404(?:(?!</response>).)*</response>",
            lambda told: b" " * len(told[0]),
            answer,
            flags=re.DOTALL,
        )


async def test_a_deletion_that_the_server_does_not_tell_is_seen(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    async with (
        carried(ForgetsDeletions(), radicale.port) as port,
        on_radicale(radicale, request.node.name, port=port) as grace,
    ):
        await grace.calendar.ensure(GRACE, event(), "r7", None)
        before = await grace.calendar.changes(GRACE, None, (R7,))
        await grace.deletes(R7)

        assert (await grace.calendar.changes(GRACE, before.cursor, (R7,))).touched == (R7,)


async def test_a_cursor_of_another_calendar_means_everything(
    radicale: CalendarServer, request: pytest.FixtureRequest
) -> None:
    """The directory may give somebody another calendar at any time."""
    async with (
        on_radicale(radicale, f"{request.node.name}-a") as first,
        on_radicale(radicale, f"{request.node.name}-b") as second,
    ):
        cursor = (await first.calendar.changes(GRACE, None, ())).cursor

        assert (await second.calendar.changes(GRACE, cursor, ())).everything


# --- servers as they may be ------------------------------------------------------------------------------------------

OBJECT = f"/grace/{name_of(R7)}"


class Syncing:
    """A server of one event and one token; `report` answers what has changed."""

    def __init__(self, report: Callable[[Request], bytes]) -> None:
        self.report = report
        self.etag: str | None = '"1"'
        self.reports: list[Request] = []

    def __call__(self, request: Request) -> bytes:
        if request.asks_what_it_is:
            return about("/grace/", A_CALENDAR + SYNCS)
        if b"sync-collection" in request.body:
            self.reports.append(request)
            return self.report(request)
        if b"calendar-multiget" in request.body:
            there = resource(OBJECT, f"<D:getetag>{self.etag}</D:getetag>")
            return multistatus(there if self.etag else without(OBJECT))
        return about("/grace/", token("t1"))


@asynccontextmanager
async def watching(server: Syncing) -> AsyncIterator[tuple[Calendar, str]]:
    """Give a cursor from which on nothing has happened yet."""
    async with asking(server) as (calendar, _):
        cursor = (await calendar.changes(GRACE, None, (R7,))).cursor
        assert cursor is not None
        yield calendar, cursor


def token(name: str) -> str:
    return f"<D:sync-token>{name}</D:sync-token>"


@pytest.mark.parametrize("status", [400, 403, 409, 410, 412, 507])
async def test_a_token_may_be_refused_in_many_ways(status: int) -> None:
    async with watching(Syncing(lambda _: an_answer(status))) as (calendar, cursor):
        changes = await calendar.changes(GRACE, cursor, (R7,))

    assert (changes.everything, changes.touched, changes.others) == (True, (R7,), True)


async def test_a_right_that_was_lost_is_no_forgotten_token() -> None:
    server = Syncing(lambda _: an_answer(403))
    lost = False

    def script(request: Request) -> bytes:
        return an_answer(403) if lost else server(request)

    async with asking(script) as (calendar, _):
        cursor = (await calendar.changes(GRACE, None, (R7,))).cursor
        lost = True
        with pytest.raises(CalendarRefused, match="status 403"):
            await calendar.changes(GRACE, cursor, (R7,))


async def test_a_forgotten_token_that_is_answered_with_nothing_hides_nothing() -> None:
    """SOGo answers 207 to a token so that it never gave."""
    server = Syncing(lambda _: multistatus(also=token("t9")))
    async with watching(server) as (calendar, cursor):
        server.etag = None
        changes = await calendar.changes(GRACE, cursor, (R7,))

    assert (changes.everything, changes.touched, changes.others) == (False, (R7,), True)


async def test_a_forgotten_token_that_is_answered_with_everything_accuses_nobody() -> None:
    all_there = (resource(OBJECT, "<D:getetag>x</D:getetag>"), resource("/grace/other.ics", "<D:getetag>y</D:getetag>"))
    async with watching(Syncing(lambda _: multistatus(*all_there, also=token("t9")))) as (calendar, cursor):
        changes = await calendar.changes(GRACE, cursor, (R7,))

    assert (changes.everything, changes.touched, changes.others) == (False, (), True)


async def test_a_report_in_pages_is_read_to_its_end() -> None:
    """RFC 6578, 3.6: the collection itself, with 507, says that there is more."""
    more = without("/grace/", "507 Insufficient Storage")

    def report(request: Request) -> bytes:
        if b">t1<" in request.body:
            return multistatus(more, also=token("t2"))
        return multistatus(resource("/grace/other.ics", ""), also=token("t3"))

    server = Syncing(report)
    async with watching(server) as (calendar, cursor):
        changes = await calendar.changes(GRACE, cursor, (R7,))
        await calendar.changes(GRACE, changes.cursor, (R7,))

    assert (changes.everything, changes.others) == (False, True)
    assert [re.findall(rb"<D:sync-token>(.*)</D:sync-token>", one.body)[0] for one in server.reports] == [
        b"t1",
        b"t2",
        b"t3",
    ]
    assert not any(b"limit" in one.body for one in server.reports)  # Nextcloud skips what is beyond it
    assert all(b"depth: 0\r\n" in one.head.lower() for one in server.reports)


async def test_a_report_without_end_is_given_up() -> None:
    more = without("/grace/", "507 Insufficient Storage")
    server = Syncing(lambda _: multistatus(more, also=token("t2")))
    async with watching(server) as (calendar, cursor):
        changes = await calendar.changes(GRACE, cursor, (R7,))

    assert changes.everything
    assert len(server.reports) == 10


@pytest.mark.parametrize("given", ["", token("x" * 2000)], ids=["no token", "a token too long"])
async def test_a_report_without_a_token_that_can_be_kept_is_as_good_as_none(given: str) -> None:
    async with watching(Syncing(lambda _: multistatus(also=given))) as (calendar, cursor):
        assert (await calendar.changes(GRACE, cursor, (R7,))).everything


async def test_a_server_that_keeps_its_token_to_itself_is_read_by_its_list() -> None:
    etags = {"/grace/other.ics": '"1"', OBJECT: '"1"'}

    def script(request: Request) -> bytes:
        if request.asks_what_it_is:
            return about("/grace/", A_CALENDAR + SYNCS)
        if b"sync-token" in request.body:
            return about("/grace/", "")
        listing = [resource(href, f"<D:getetag>{etag}</D:getetag>") for href, etag in etags.items()]
        return multistatus(resource("/grace/", ""), *listing)

    async with asking(script) as (calendar, _):
        first = await calendar.changes(GRACE, None, (R7,))
        quiet = await calendar.changes(GRACE, first.cursor, (R7,))
        etags["/grace/other.ics"] = '"2"'
        other = await calendar.changes(GRACE, quiet.cursor, (R7,))
        del etags[OBJECT]
        ours = await calendar.changes(GRACE, other.cursor, (R7,))

    assert [(one.everything, one.touched, one.others) for one in (first, quiet, other, ours)] == [
        (True, (R7,), True),
        (False, (), False),
        (False, (), True),
        (False, (R7,), False),
    ]
