"""What changes in a mailbox of Microsoft 365: delta queries, and subscriptions that tell of it sooner."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import JsonValue, SecretStr
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable, Listening
from adapters.graph.calendars import GraphAccount, GraphCalendars
from adapters.push.address import PushTo
from adapters.push.receiver import Receiver
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.on_graph import OnGraph, days_before, on_graph, reaching, settings_for
from tests.providers.graph_events import Said
from tests.providers.graph_server import GraphServer
from tests.providers.serving import Trouble, served

UID = "r7.p1"
DAY = timedelta(days=1)


@dataclass
class Clock:
    now: datetime = field(default_factory=days_before)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def grace(microsoft: GraphServer, clock: Clock) -> AsyncIterator[OnGraph]:
    async with on_graph(microsoft, "her own", clock=clock) as grace:
        yield grace


async def begun(grace: OnGraph) -> str:
    """Write an event, and give a cursor from which on nothing has happened."""
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (UID,))).cursor
    assert cursor is not None
    return cursor


# --- delta queries ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["SyncStateNotFound", "syncStateNotFound"])
async def test_a_token_that_graph_has_forgotten_means_that_anything_may_have_changed(
    microsoft: GraphServer, grace: OnGraph, code: Literal["SyncStateNotFound", "syncStateNotFound"]
) -> None:
    microsoft.sync_lost_code = code
    cursor = await begun(grace)
    microsoft.forget_sync()

    lost = await grace.calendar.changes(GRACE, cursor, (UID,))
    later = await grace.calendar.changes(GRACE, lost.cursor, (UID,))

    assert (lost.everything, lost.touched, lost.others) == (True, (UID,), True)
    assert (later.everything, later.touched, later.others) == (False, (), False)


async def test_a_token_that_graph_cannot_read_means_the_same(microsoft: GraphServer, grace: OnGraph) -> None:
    cursor = await begun(grace)
    microsoft.troubles.due = [Trouble("GET .*deltatoken", 400, {"error": {"code": "BadRequest"}}, times=1)]

    assert (await grace.calendar.changes(GRACE, cursor, (UID,))).everything


async def test_the_window_moves_on_each_day_and_that_day_something_may_have_come_in(
    microsoft: GraphServer, grace: OnGraph, clock: Clock
) -> None:
    cursor = await begun(grace)
    clock.now += DAY
    rolled = await grace.calendar.changes(GRACE, cursor, (UID,))
    later = await grace.calendar.changes(GRACE, rolled.cursor, (UID,))
    starts = [
        parse_qs(urlsplit(one).query)["startDateTime"][0]
        for one in microsoft.troubles.asked
        if "calendarView/delta" in one and "startDateTime" in one
    ]

    assert (rolled.everything, rolled.touched, rolled.others) == (False, (), True)
    assert (later.everything, later.touched, later.others) == (False, (), False)
    assert starts == ["2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z"]


async def test_what_happens_to_our_event_on_the_day_that_the_window_moves_is_told(grace: OnGraph, clock: Clock) -> None:
    cursor = await begun(grace)
    clock.now += DAY
    await grace.moves(UID, NINE + HOUR)

    assert (await grace.calendar.changes(GRACE, cursor, (UID,))).touched == (UID,)


async def test_our_event_is_compared_wherever_it_is_moved(grace: OnGraph) -> None:
    cursor = await begun(grace)
    await grace.moves(UID, NINE + 300 * DAY)
    far = await grace.calendar.changes(GRACE, cursor, (UID,))
    await grace.renames(UID, "Ada!")
    farther = await grace.calendar.changes(GRACE, far.cursor, (UID,))

    assert far.touched == farther.touched == (UID,)


@pytest.mark.parametrize("count", [2, 12])
async def test_of_few_or_many_the_one_that_is_moved_is_touched(
    microsoft: GraphServer, grace: OnGraph, count: int
) -> None:
    """Of a few each is asked for; of many, all that is ours is."""
    uids = tuple(f"r{number}.p1" for number in range(count))
    for number, uid in enumerate(uids):
        await grace.calendar.ensure(GRACE, event(NINE + number * HOUR, uid=uid), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, uids)).cursor
    await grace.moves("r1.p1", NINE + 99 * HOUR)
    await grace.deletes("r0.p1")
    before = len(microsoft.troubles.asked)

    changes = await grace.calendar.changes(GRACE, cursor, uids)

    assert (changes.everything, changes.touched, changes.others) == (False, ("r0.p1", "r1.p1"), False)
    assert len(microsoft.troubles.asked) - before <= 3


@pytest.mark.parametrize("tells", [True, False])
async def test_what_changes_outside_the_window_may_be_told_and_does_no_harm(
    microsoft: GraphServer, grace: OnGraph, *, tells: bool
) -> None:
    microsoft.tells_of_outside = tells
    cursor = await begun(grace)
    await grace.adds(NINE + 300 * DAY, NINE + 300 * DAY + HOUR)

    changes = await grace.calendar.changes(GRACE, cursor, (UID,))

    assert (changes.everything, changes.touched, changes.others) == (False, (), tells)


async def test_an_empty_page_is_not_the_end(microsoft: GraphServer, grace: OnGraph) -> None:
    microsoft.first_page_empty = True
    cursor = await begun(grace)
    await grace.adds(NINE + HOUR, NINE + 2 * HOUR)

    assert (await grace.calendar.changes(GRACE, cursor, (UID,))).others


async def test_links_are_never_followed_to_where_they_lead(microsoft: GraphServer, grace: OnGraph) -> None:
    """A link brings parameters; our token goes where the settings say, and nowhere else."""
    elsewhere = _Log()
    fill(microsoft, grace, 250)
    async with served(elsewhere) as port:
        microsoft.links_to = f"http://127.0.0.1:{port}"
        cursor = await begun(grace)
        await grace.adds(NINE + HOUR, NINE + 2 * HOUR)
        changes = await grace.calendar.changes(GRACE, cursor, (UID,))
        busy = await grace.calendar.busy(GRACE, NINE - DAY, NINE + 60 * DAY)

    assert (changes.everything, changes.touched, changes.others) == (False, (), True)
    assert len(busy) == 252
    assert elsewhere.asked == []


class _Log:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(str(scope["path"]))
        await Response(status_code=500)(scope, receive, send)


async def test_a_token_too_long_to_keep_means_that_something_may_have_changed(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    """Of our own events it is known all the same."""
    link = "https://graph.microsoft.com/v1.0/x?$deltatoken=" + "t" * 2000
    microsoft.troubles.due = [Trouble("GET .*delta", 200, {"value": [], "@odata.deltaLink": link})]
    cursor = await begun(grace)
    quiet = await grace.calendar.changes(GRACE, cursor, (UID,))
    await grace.moves(UID, NINE + HOUR)
    moved = await grace.calendar.changes(GRACE, quiet.cursor, (UID,))

    assert (quiet.everything, quiet.touched, quiet.others) == (False, (), True)
    assert (moved.everything, moved.touched, moved.others) == (False, (UID,), True)
    assert sum("delta" in one for one in microsoft.troubles.asked) == 1


async def test_a_calendar_too_full_to_be_read_in_time_is_watched_all_the_same(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    onwards: Mapping[str, JsonValue] = {"value": [], "@odata.nextLink": "https://x/y?$skiptoken=more"}
    microsoft.troubles.due = [Trouble("GET .*delta", 200, onwards)]
    cursor = await begun(grace)
    await grace.moves(UID, NINE + HOUR)

    changes = await grace.calendar.changes(GRACE, cursor, (UID,))

    assert (changes.everything, changes.touched, changes.others) == (False, (UID,), True)


# --- many events, and all kinds --------------------------------------------------------------------------------------


def fill(microsoft: GraphServer, grace: OnGraph, count: int) -> None:
    box = microsoft.mailbox(grace.address)
    for number in range(count):
        start = NINE + number * HOUR
        box.create(Said.model_validate({"start": _at(start), "end": _at(start + HOUR / 2), "subject": "Busy"}))


def _at(instant: datetime, zone: str = "UTC") -> dict[str, str]:
    return {"dateTime": f"{instant:%Y-%m-%dT%H:%M:%S}", "timeZone": zone}


async def test_all_pages_are_read(microsoft: GraphServer, grace: OnGraph) -> None:
    fill(microsoft, grace, 450)

    busy = await grace.calendar.busy(GRACE, NINE, NINE + 30 * DAY)

    assert len(busy) == 450
    assert busy[-1] == Busy(start=NINE + 449 * HOUR, end=NINE + 449 * HOUR + HOUR / 2)


@pytest.mark.parametrize("floats", [True, False])
async def test_a_whole_day_is_the_owners_own(microsoft: GraphServer, *, floats: bool) -> None:
    microsoft.all_day_floats = floats
    microsoft.open_mailbox("grace@acme.example", "Tokyo Standard Time")
    box = microsoft.mailbox("grace@acme.example")
    midnight, whole_day = datetime(2026, 12, 1, tzinfo=UTC), timedelta(days=1)
    day = {"isAllDay": True, "start": _at(midnight), "end": _at(midnight + whole_day)}
    box.create(Said.model_validate(day))
    begins = midnight - 9 * HOUR
    people = {GRACE: GraphAccount("grace@acme.example", "Asia/Tokyo")}
    async with reaching(settings_for(microsoft), people) as calendar:
        before = await calendar.busy(GRACE, begins - HOUR, begins)
        first = await calendar.busy(GRACE, begins, begins + HOUR)
        after = await calendar.busy(GRACE, begins + whole_day, begins + whole_day + HOUR)

    assert before == after == ()
    assert first == (Busy(start=begins, end=begins + whole_day),)


async def test_an_event_whose_times_cannot_be_read_is_trouble_not_free(microsoft: GraphServer, grace: OnGraph) -> None:
    microsoft.troubles.due = [Trouble("GET .*calendarView", 200, {"value": [{"id": "AAk", "showAs": "busy"}]})]

    with pytest.raises(CalendarRefused, match="times cannot be read"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


@pytest.mark.parametrize("body", [{}, {"value": "none"}, {"value": ["busy"]}])
async def test_an_answer_that_is_no_list_is_trouble_not_free(
    microsoft: GraphServer, grace: OnGraph, body: dict[str, JsonValue]
) -> None:
    microsoft.troubles.due = [Trouble("GET .*calendarView", 200, body)]

    with pytest.raises(CalendarRefused, match="no list"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


# --- subscriptions ---------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """The receiver of a worker, and whom it has poked."""

    push: PushTo
    pokes: list[tuple[str, bool]]


@asynccontextmanager
async def receiving() -> AsyncIterator[Told]:
    pokes: list[tuple[str, bool]] = []

    async def poke(person: str, anew: bool) -> None:  # noqa: FBT001  # as the receiver calls it
        pokes.append((person, anew))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receivers[0].app(scope, receive, send)

    receivers: list[Receiver] = []
    async with served(app) as port:
        push = PushTo(f"http://127.0.0.1:{port}/push", SecretStr("s" * 32))
        receivers.append(Receiver(push, poke, pause=timedelta()))
        yield Told(push, pokes)
        await receivers[0].aclose()


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def listening(microsoft: GraphServer, push: PushTo) -> AsyncIterator[tuple[GraphCalendars, Listening]]:
    microsoft.open_mailbox("grace@acme.example")
    people = {GRACE: GraphAccount("grace@acme.example")}
    async with reaching(settings_for(microsoft), people, push, clock=now) as calendar:
        held = await calendar.listen(GRACE, None)
        assert held is not None
        yield calendar, held


async def test_microsoft_tells_our_receiver_of_changes(microsoft: GraphServer) -> None:
    async with receiving() as told, listening(microsoft, told.push) as (calendar, held):
        await calendar.ensure(GRACE, event(), "r7", None)
        await microsoft.notices.settled()
        (one,) = microsoft.subscriptions.values()

        assert [each.status for each in microsoft.notices.told] == [202]
        assert (one.said.client_state, one.said.resource) == (
            told.push.proof("graph", GRACE),
            "users/grace@acme.example/events",
        )
        assert one.said.lifecycle_url is not None
        assert one.immutable_ids
        assert GRACE not in held.held
        assert "acme" not in held.held
        assert len(held.held) < 1000


async def test_a_subscription_is_renewed_at_half_its_life(microsoft: GraphServer) -> None:
    async with receiving() as told, listening(microsoft, told.push) as (calendar, held):
        (one,) = microsoft.subscriptions.values()
        left = one.expires - now()
        until_renewed = held.renew_at - now()
        again = await calendar.listen(GRACE, held.held)

        assert timedelta(days=2) < left <= timedelta(minutes=4230)
        assert left * 0.45 < until_renewed < left * 0.55
        assert again is not None
        assert again.held == held.held
        assert list(microsoft.subscriptions) == [one.id]


async def test_a_subscription_that_microsoft_ended_is_made_anew(microsoft: GraphServer) -> None:
    async with receiving() as told, listening(microsoft, told.push) as (calendar, held):
        microsoft.lifecycle("grace@acme.example", "subscriptionRemoved")
        await microsoft.notices.settled()
        again = await calendar.listen(GRACE, held.held)

        assert again is not None
        assert again.held != held.held
        assert len(microsoft.subscriptions) == 1


async def test_to_renew_is_what_microsoft_wants_when_it_asks_for_authorization(microsoft: GraphServer) -> None:
    async with receiving() as told, listening(microsoft, told.push) as (calendar, held):
        microsoft.lifecycle("grace@acme.example", "reauthorizationRequired")
        await microsoft.notices.settled()
        (one,) = microsoft.subscriptions.values()
        assert one.paused
        await calendar.listen(GRACE, held.held)

        assert not one.paused


async def test_a_receiver_that_has_moved_is_told_at_its_new_address_and_not_at_the_old(microsoft: GraphServer) -> None:
    async with receiving() as old, listening(microsoft, old.push) as (_, held), receiving() as new:
        people = {GRACE: GraphAccount("grace@acme.example")}
        async with reaching(settings_for(microsoft), people, new.push, clock=now) as calendar:
            await calendar.listen(GRACE, held.held)

        assert [one.said.notification_url for one in microsoft.subscriptions.values()] == [
            new.push.address("graph", GRACE)
        ]


async def test_an_old_subscription_that_cannot_be_ended_ends_by_itself(microsoft: GraphServer) -> None:
    async with receiving() as old, listening(microsoft, old.push) as (_, held), receiving() as new:
        people = {GRACE: GraphAccount("grace@acme.example")}
        async with reaching(settings_for(microsoft), people, new.push, clock=now) as calendar:
            microsoft.troubles.due = [Trouble("DELETE /v1.0/subscriptions", 503)]
            moved = await calendar.listen(GRACE, held.held)
            again = await calendar.listen(GRACE, moved.held if moved else None)

        assert moved is not None
        assert again is not None
        assert again.held == moved.held


async def test_a_subscription_that_is_there_already_is_taken_up(microsoft: GraphServer) -> None:
    """An answer of ours was lost; and Graph refuses what is there already, or does not: it has done both."""
    async with receiving() as told, listening(microsoft, told.push) as (calendar, held):
        microsoft.troubles.due = [Trouble("POST /v1.0/subscriptions", 409, {"error": {"code": "ExtensionError"}})]
        again = await calendar.listen(GRACE, None)

        assert again is not None
        assert again.held == held.held


async def test_a_receiver_that_cannot_be_reached_is_said_to_be_so(microsoft: GraphServer, closed_port: int) -> None:
    push = PushTo(f"http://127.0.0.1:{closed_port}", SecretStr("s" * 32))
    with pytest.raises(CalendarRefused, match=r"ENTREVUE_PUSH__URL.*\(ValidationError\)"):
        async with listening(microsoft, push):
            pass


async def test_who_hangs_up_twice_does_no_harm(microsoft: GraphServer) -> None:
    async with receiving() as told, listening(microsoft, told.push) as (calendar, held):
        await calendar.hang_up(GRACE, held.held)
        await calendar.hang_up(GRACE, held.held)
        await calendar.hang_up(GRACE, "")
        await calendar.hang_up("nobody", held.held)

    assert microsoft.subscriptions == {}


async def test_nobody_listens_without_a_receiver_or_where_nothing_is_written(microsoft: GraphServer) -> None:
    microsoft.open_mailbox("grace@acme.example")
    push = PushTo("https://push.example", SecretStr("s" * 32))
    busy_only = {GRACE: GraphAccount("grace@acme.example", busy_only=True)}
    written = {GRACE: GraphAccount("grace@acme.example")}
    async with (
        reaching(settings_for(microsoft), busy_only, push) as theirs,
        reaching(settings_for(microsoft), written) as hers,
    ):
        assert await theirs.listen(GRACE, None) is None
        assert await theirs.listen("nobody", None) is None
        assert await hers.listen(GRACE, None) is None


# --- rooms -----------------------------------------------------------------------------------------------------------

ROOMS = "rooms@acme.example"


@asynccontextmanager
async def with_rooms(microsoft: GraphServer) -> AsyncIterator[GraphCalendars]:
    microsoft.open_mailbox(ROOMS)
    async with reaching(settings_for(microsoft, teams_mailbox=ROOMS), {}) as calendar:
        yield calendar


@pytest.mark.parametrize("late", [True, False])
async def test_an_interview_has_one_room_whoever_asks(microsoft: GraphServer, *, late: bool) -> None:
    """The answer to a creation may lack the link, which is there a moment later."""
    microsoft.teams_link_late = late
    async with with_rooms(microsoft) as calendar:
        links = {await calendar.room("r7", NINE), await calendar.room("r7", NINE + DAY)}
        other = await calendar.room("r8", NINE)
    there = microsoft.events(ROOMS)

    assert len(links) == 1
    assert links.pop().startswith("https://teams.microsoft.com/")
    assert other not in links
    assert [(one["showAs"], one["sensitivity"], one["attendees"]) for one in there] == [("free", "private", [])] * 2
    assert microsoft.mails == []


async def test_a_meeting_that_teams_has_not_made_yet_is_asked_for_again(microsoft: GraphServer) -> None:
    async with with_rooms(microsoft) as calendar:
        made = await calendar.room("r7", NINE)
        (held,) = microsoft.mailbox(ROOMS).events
        held.join_url = None
        with pytest.raises(CalendarUnavailable, match="not made the meeting yet") as trouble:
            await calendar.room("r7", NINE)
        held.join_url = made

        assert await calendar.room("r7", NINE) == made
        assert trouble.value.retry_after is not None


async def test_a_mailbox_without_a_licence_for_teams_makes_no_rooms_until_it_has_one(microsoft: GraphServer) -> None:
    async with with_rooms(microsoft) as calendar:
        microsoft.mailbox(ROOMS).teams = False
        with pytest.raises(CalendarRefused, match="give it a licence"):
            await calendar.room("r7", NINE)
        microsoft.mailbox(ROOMS).teams = True

        assert await calendar.room("r7", NINE)
        assert len(microsoft.events(ROOMS)) == 1


@pytest.mark.parametrize("same_transaction", ["same event", "refused", "forgotten"])
async def test_a_room_that_somebody_deleted_is_made_anew(
    microsoft: GraphServer, same_transaction: Literal["same event", "refused", "forgotten"]
) -> None:
    microsoft.same_transaction, microsoft.remembers_deleted = same_transaction, True
    async with with_rooms(microsoft) as calendar:
        first = await calendar.room("r7", NINE)
        box = microsoft.mailbox(ROOMS)
        box.remove(box.whole(box.events[0]), None)

        assert await calendar.room("r7", NINE) != first


async def test_without_a_mailbox_for_rooms_somebody_must_name_one(microsoft: GraphServer) -> None:
    async with reaching(settings_for(microsoft), {}) as calendar:
        with pytest.raises(CalendarRefused, match="ENTREVUE_GRAPH__TEAMS_MAILBOX"):
            await calendar.room("r7", NINE)
