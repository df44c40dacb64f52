"""Writing into Microsoft 365, through the contract server: whichever way it does what its documentation leaves open."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from pydantic import JsonValue, ValidationError

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable
from adapters.graph.calendars import GraphAccount, GraphCalendars
from adapters.graph.events import moment
from adapters.graph.settings import GraphSettings
from tests.adapters.grace import GRACE, HOUR, NINE, event
from tests.adapters.lossy import Network, carried
from tests.adapters.on_graph import OnGraph, on_graph, reaching, settings_for
from tests.providers.graph_events import Said
from tests.providers.graph_identity import Identity
from tests.providers.graph_server import GraphServer
from tests.providers.serving import Trouble

UID = "r7.p1"
ALAN = "alan"


@pytest.fixture
async def grace(microsoft: GraphServer) -> AsyncIterator[OnGraph]:
    async with on_graph(microsoft, "her own") as grace:
        yield grace


def stored(microsoft: GraphServer, grace: OnGraph) -> list[tuple[str, str]]:
    """Give title and start of what her mailbox holds."""
    return sorted((str(one["subject"]), _start(one["start"])) for one in microsoft.events(grace.address))


def _start(told: object) -> str:
    assert isinstance(told, dict)
    return str(told["dateTime"])[:16]


INTERVIEW = ("Interview", "2026-12-01T09:00")

# --- what is written -------------------------------------------------------------------------------------------------


async def test_where_an_owner_is_not_asked_there_is_no_answer(grace: OnGraph) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)

    state = await grace.calendar.read(GRACE, UID)

    assert state is not None
    assert state.answer is None


async def test_nobody_is_named_and_nobody_gets_mail(microsoft: GraphServer, grace: OnGraph) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)
    (there,) = microsoft.events(grace.address)
    await grace.calendar.remove(GRACE, UID, 2, None)

    assert there["attendees"] == []
    assert there["sensitivity"] == "private"
    assert microsoft.mails == []


async def test_the_uid_that_microsoft_gives_is_told(microsoft: GraphServer, grace: OnGraph) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    again = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)
    (there,) = microsoft.events(grace.address)

    assert first.ical_uid == again.ical_uid == there["iCalUId"]


async def test_a_cancelled_version_stays_and_takes_no_time(microsoft: GraphServer, grace: OnGraph) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.calendar.ensure(GRACE, event(sequence=1, cancelled=True), "r7", first.etag)
    state = await grace.calendar.read(GRACE, UID)
    (there,) = microsoft.events(grace.address)

    assert there["showAs"] == "free"
    assert state is not None
    assert state.cancelled


async def test_uids_that_differ_in_case_alone_are_two(grace: OnGraph) -> None:
    """Graph compares the values of properties in any case."""
    await grace.calendar.ensure(GRACE, event(uid="r7.P1"), "r7", None)
    other = await grace.calendar.ensure(GRACE, event(NINE + HOUR, uid="r7.p1"), "r7", None)
    state = await grace.calendar.read(GRACE, "r7.P1")

    assert other.outcome == "created"
    assert state is not None
    assert state.start == NINE


async def test_an_event_that_its_owner_files_elsewhere_is_known_still(microsoft: GraphServer, grace: OnGraph) -> None:
    """We ask for immutable ids."""
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    cursor = (await grace.calendar.changes(GRACE, None, (UID,))).cursor
    microsoft.mailbox(grace.address).file_anew()
    changes = await grace.calendar.changes(GRACE, cursor, (UID,))
    again = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)

    assert (changes.touched, changes.others) == ((), False)
    assert again.outcome == "already_there"


# --- creations that are repeated -------------------------------------------------------------------------------------

SAME_TRANSACTION: tuple[Literal["same event", "refused", "forgotten"], ...] = ("same event", "refused", "forgotten")


@pytest.mark.parametrize("same_transaction", SAME_TRANSACTION)
async def test_two_workers_at_once_leave_one_event(
    microsoft: GraphServer, grace: OnGraph, same_transaction: Literal["same event", "refused", "forgotten"]
) -> None:
    """Both look before either writes. Whether Graph still knows the transaction then is not documented."""
    microsoft.same_transaction = same_transaction
    people = {GRACE: GraphAccount(grace.address)}
    async with reaching(settings_for(microsoft), people) as other:
        microsoft.gate.clear()
        both = [asyncio.create_task(one.ensure(GRACE, event(), "r7", None)) for one in (grace.calendar, other)]
        await microsoft.arrived(grace.address, 2)
        microsoft.gate.set()
        first, second = [await one for one in both]
        later = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)

    assert {first.outcome, second.outcome} <= {"created", "already_there"}
    assert later.outcome == "already_there"
    assert stored(microsoft, grace) == [INTERVIEW]


@pytest.mark.parametrize("same_transaction", SAME_TRANSACTION)
@pytest.mark.parametrize("remembers_deleted", [True, False])
async def test_what_was_taken_out_can_be_booked_anew_with_the_same_words(
    microsoft: GraphServer,
    grace: OnGraph,
    same_transaction: Literal["same event", "refused", "forgotten"],
    *,
    remembers_deleted: bool,
) -> None:
    microsoft.same_transaction, microsoft.remembers_deleted = same_transaction, remembers_deleted
    outcomes: list[str] = []
    for _ in range(3):
        outcomes.append((await grace.calendar.ensure(GRACE, event(), "r7", None)).outcome)
        outcomes.append((await grace.calendar.remove(GRACE, UID, 1, None)).outcome)

    assert outcomes == ["created", "removed"] * 3
    assert stored(microsoft, grace) == []


async def test_a_twin_goes_whoever_sees_it(microsoft: GraphServer, grace: OnGraph) -> None:
    """An attempt that everybody had given up for dead may create its event all the same."""
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    twin(microsoft, grace)
    assert len(stored(microsoft, grace)) == 2

    state = await grace.calendar.read(GRACE, UID)

    assert state is not None
    assert state.etag == first.etag
    assert stored(microsoft, grace) == [INTERVIEW]


async def test_an_event_is_removed_with_its_twins(microsoft: GraphServer, grace: OnGraph) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    twin(microsoft, grace)

    assert (await grace.calendar.remove(GRACE, UID, 1, None)).outcome == "removed"
    assert stored(microsoft, grace) == []


async def test_a_copy_that_its_owner_moved_is_theirs(microsoft: GraphServer, grace: OnGraph) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    twin(microsoft, grace, NINE + 5 * HOUR)

    again = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)

    assert again.outcome == "already_there"
    assert stored(microsoft, grace) == [INTERVIEW, ("Interview", "2026-12-01T14:00")]


def twin(microsoft: GraphServer, grace: OnGraph, start: datetime = NINE) -> None:
    (there,) = microsoft.events(grace.address)
    names = ("subject", "start", "end", "showAs", "sensitivity", "singleValueExtendedProperties")
    said = {name: there[name] for name in names}
    if start != NINE:
        said |= {"start": moment(start), "end": moment(start + HOUR)}
    microsoft.mailbox(grace.address).create(Said.model_validate(said))


# --- edits between a look and a write --------------------------------------------------------------------------------


class Meanwhile(Network):
    """Something happens just before the first request of a kind arrives."""

    def __init__(self, method: bytes, happens: Callable[[], None]) -> None:
        self.method = method
        self.happens: Callable[[], None] | None = happens

    def request(self, request: bytes) -> bytes | None:
        if request.startswith(self.method) and self.happens is not None:
            happens, self.happens = self.happens, None
            happens()
        return request


def moved(microsoft: GraphServer, grace: OnGraph) -> None:
    box = microsoft.mailbox(grace.address)
    said = {"start": moment(NINE + 3 * HOUR), "end": moment(NINE + 4 * HOUR)}
    box.update(box.whole(box.events[0]), Said.model_validate(said), None)


def deleted(microsoft: GraphServer, grace: OnGraph) -> None:
    box = microsoft.mailbox(grace.address)
    box.remove(box.whole(box.events[0]), None)


async def test_an_edit_between_look_and_write_is_seen_where_preconditions_are_heeded(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    people = {GRACE: GraphAccount(grace.address)}
    async with (
        carried(Meanwhile(b"PATCH", lambda: moved(microsoft, grace)), microsoft.port) as port,
        reaching(settings_for(microsoft, port=port), people) as calendar,
    ):
        later = await calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

    assert later.outcome == "edited_by_person"
    assert stored(microsoft, grace) == [("Interview", "2026-12-01T12:00")]


async def test_an_edit_between_look_and_removal_is_seen_where_preconditions_are_heeded(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    people = {GRACE: GraphAccount(grace.address)}
    async with (
        carried(Meanwhile(b"DELETE", lambda: moved(microsoft, grace)), microsoft.port) as port,
        reaching(settings_for(microsoft, port=port), people) as calendar,
    ):
        removed = await calendar.remove(GRACE, UID, 1, first.etag)

    assert removed.outcome == "edited_by_person"


@pytest.mark.parametrize("heeds", [True, False])
async def test_what_is_deleted_between_look_and_write_is_not_put_back(
    microsoft: GraphServer, grace: OnGraph, *, heeds: bool
) -> None:
    microsoft.heeds_preconditions = heeds
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    people = {GRACE: GraphAccount(grace.address)}
    async with (
        carried(Meanwhile(b"PATCH", lambda: deleted(microsoft, grace)), microsoft.port) as port,
        reaching(settings_for(microsoft, port=port), people) as calendar,
    ):
        later = await calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

    assert later.outcome == "gone"
    assert stored(microsoft, grace) == []


async def test_an_edit_is_seen_by_a_look_where_preconditions_are_not_heeded(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    microsoft.heeds_preconditions = False
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.moves(UID, NINE + 3 * HOUR)

    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)
    removed = await grace.calendar.remove(GRACE, UID, 1, first.etag)

    assert (later.outcome, removed.outcome) == ("edited_by_person", "edited_by_person")
    assert stored(microsoft, grace) == [("Interview", "2026-12-01T12:00")]


async def test_a_precondition_that_is_never_met_is_given_up(microsoft: GraphServer, grace: OnGraph) -> None:
    """Weak etags, as Graph's are, match nothing where If-Match is taken by its letter (RFC 9110, 13.1.1)."""
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    microsoft.troubles.due = [Trouble("PATCH|DELETE", 412, times=1)]
    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)
    microsoft.troubles.due = [Trouble("DELETE", 412, times=1)]
    removed = await grace.calendar.remove(GRACE, UID, 2, later.etag)

    assert (later.outcome, removed.outcome) == ("updated", "removed")


async def test_a_server_that_keeps_no_properties_is_refused(microsoft: GraphServer, grace: OnGraph) -> None:
    """Without them, an event of ours could not be told from another."""
    microsoft.troubles.due = [
        Trouble("GET .*/events\\?", 200, {"value": []}, times=1),
        Trouble("GET .*/events\\?", 200, {"value": [{"id": "AAk"}]}),
        Trouble("GET .*/events/AAk", 200, {"id": "AAk"}),
    ]

    with pytest.raises(CalendarRefused, match="does not keep our notes"):
        await grace.calendar.ensure(GRACE, event(), "r7", None)


async def test_properties_that_a_list_leaves_out_are_asked_for_one_by_one(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    """That a list gives them is not documented: the page says that its answer does not include them."""
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.adds(NINE + HOUR, NINE + 2 * HOUR)
    listed = [dict(one) for one in microsoft.events(grace.address)]
    for one in listed:
        del one["singleValueExtendedProperties"]
    microsoft.troubles.due = [
        Trouble("GET .*/events\\?", 200, {"value": [listed[0]]}),
        Trouble("GET .*/calendarView\\?", 200, {"value": [*listed]}),
    ]

    assert (await grace.calendar.ensure(GRACE, event(), "r7", first.etag)).outcome == "already_there"
    assert [one.uid for one in await grace.calendar.ours(GRACE, NINE, NINE + HOUR)] == [UID]
    assert await grace.calendar.busy(GRACE, NINE, NINE + 2 * HOUR) == (
        Busy(start=NINE, end=NINE + HOUR, interview="r7"),
        Busy(start=NINE + HOUR, end=NINE + 2 * HOUR),
    )


# --- getting in ------------------------------------------------------------------------------------------------------


async def test_a_token_that_ends_before_its_time_costs_one_more_request(microsoft: GraphServer, grace: OnGraph) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    microsoft.expire_tokens()

    assert (await grace.calendar.ensure(GRACE, event(), "r7", first.etag)).outcome == "already_there"
    assert _count(microsoft, "POST /.*/token") == 2


async def test_one_token_serves_everybody(microsoft: GraphServer, grace: OnGraph) -> None:
    microsoft.open_mailbox("alan@acme.example")
    people = {GRACE: GraphAccount(grace.address), ALAN: GraphAccount("alan@acme.example")}
    async with reaching(settings_for(microsoft), people) as calendar:
        await asyncio.gather(*(calendar.busy(person, NINE, NINE + HOUR) for person in (GRACE, ALAN) * 3))

    assert _count(microsoft, "POST /.*/token") == 1


async def test_a_token_that_is_never_taken_is_refused(microsoft: GraphServer, grace: OnGraph) -> None:
    microsoft.troubles.due = [Trouble("GET /v1.0", 401, {"error": {"code": "InvalidAuthenticationToken"}})]

    with pytest.raises(CalendarRefused, match="takes our token no more"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)

    assert _count(microsoft, "GET /v1.0") == 2


async def test_a_certificate_lets_us_in(microsoft: GraphServer, tmp_path: Path) -> None:
    microsoft.open_mailbox("grace@acme.example")
    async with reaching(
        _by_certificate(microsoft, tmp_path, microsoft.certificate()), _grace(), clock=_now
    ) as calendar:
        assert await calendar.busy(GRACE, NINE, NINE + HOUR) == ()


@pytest.mark.parametrize("pem", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----"])
async def test_a_certificate_that_cannot_be_read_is_refused(microsoft: GraphServer, tmp_path: Path, pem: str) -> None:
    microsoft.open_mailbox("grace@acme.example")
    async with reaching(_by_certificate(microsoft, tmp_path, pem), _grace()) as calendar:
        with pytest.raises(CalendarRefused, match="no readable RSA key and certificate"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_a_certificate_that_nobody_uploaded_is_refused(microsoft: GraphServer, tmp_path: Path) -> None:
    microsoft.open_mailbox("grace@acme.example")
    pem = Identity().certificate()
    async with reaching(_by_certificate(microsoft, tmp_path, pem), _grace(), clock=_now) as calendar:
        with pytest.raises(CalendarRefused, match=r"does not know our certificate.*\(AADSTS700027\)"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)


def _now() -> datetime:
    return datetime.now(UTC)


def _grace() -> dict[str, GraphAccount]:
    return {GRACE: GraphAccount("grace@acme.example")}


def _by_certificate(microsoft: GraphServer, folder: Path, pem: str) -> GraphSettings:
    file = folder / "app.pem"
    file.write_text(pem)
    return GraphSettings(
        tenant=microsoft.tenant,
        client_id=microsoft.client_id,
        certificate_file=file,
        url=f"{microsoft.url}/v1.0",
        login_url=microsoft.url,
    )


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"client_secret": "s", "certificate_file": "app.pem"},
        {"client_secret": "s", "tenant": "../other"},
        {"client_secret": "s", "url": "http://graph.example/v1.0"},
        {"client_secret": "s", "login_url": "http://login.example"},
        {"client_secret": "s", "scope": "everything"},
        {"client_secret": "s", "secret": "correct-horse"},
    ],
)
def test_settings_that_make_no_sense_are_refused_and_not_repeated(settings: dict[str, str]) -> None:
    given = {"tenant": "acme.example", "client_id": "0-1", **settings}

    with pytest.raises(ValidationError) as trouble:
        GraphSettings.model_validate(given)

    assert "correct-horse" not in str(trouble.value)


def test_a_zone_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no IANA time zone"):
        GraphAccount("grace@acme.example", "Atlantis")


# --- being kept out --------------------------------------------------------------------------------------------------


async def test_a_policy_that_closes_a_mailbox_says_what_to_do_and_holds_for_it_alone(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    microsoft.revoke(grace.address)

    for asks in _everything(grace.graph):
        with pytest.raises(CalendarRefused, match=r"widen its policy \(ErrorAccessDenied\)"):
            await asks()

    microsoft.restore(grace.address)
    assert (await grace.calendar.remove(GRACE, UID, 1, None)).outcome == "removed"


async def test_consent_that_is_taken_back_is_refused_and_given_again_works_at_once(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    consented, microsoft.identity.roles = microsoft.identity.roles, frozenset()
    microsoft.expire_tokens()
    with pytest.raises(CalendarRefused, match=r"consent to Calendars.ReadWrite"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)
    microsoft.identity.roles = consented

    assert await grace.calendar.busy(GRACE, NINE, NINE + HOUR)


async def test_an_app_that_is_gone_is_refused_and_comes_back(microsoft: GraphServer, grace: OnGraph) -> None:
    await grace.calendar.busy(GRACE, NINE, NINE + HOUR)
    microsoft.revoke()
    with pytest.raises(CalendarRefused, match=r"check tenant and client id \(AADSTS700016\)"):
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)
    microsoft.restore()

    assert await grace.calendar.busy(GRACE, NINE, NINE + HOUR) == ()


async def test_a_mailbox_that_is_closed_is_never_taken_for_an_empty_one(microsoft: GraphServer, grace: OnGraph) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    microsoft.close(grace.address)

    for asks in _everything(grace.graph):
        with pytest.raises(CalendarRefused, match=r"license the mailbox \(MailboxNotEnabledForRESTAPI\)"):
            await asks()

    microsoft.restore(grace.address)
    assert (await grace.calendar.ensure(GRACE, event(), "r7", first.etag)).outcome == "already_there"


def _everything(calendar: GraphCalendars) -> list[Callable[[], Awaitable[object]]]:
    return [
        lambda: calendar.busy(GRACE, NINE, NINE + HOUR),
        lambda: calendar.ensure(GRACE, event(), "r7", None),
        lambda: calendar.ensure(GRACE, event(), "r7", "etag"),
        lambda: calendar.remove(GRACE, UID, 1, None),
        lambda: calendar.read(GRACE, UID),
        lambda: calendar.ours(GRACE, NINE, NINE + HOUR),
        lambda: calendar.changes(GRACE, None, (UID,)),
    ]


# --- being slowed down -----------------------------------------------------------------------------------------------


async def test_a_mailbox_is_asked_three_things_at_once_and_another_is_not_held_up(
    microsoft: GraphServer, grace: OnGraph
) -> None:
    microsoft.open_mailbox("alan@acme.example")
    people = {GRACE: GraphAccount(grace.address), ALAN: GraphAccount("alan@acme.example")}
    async with reaching(settings_for(microsoft), people) as calendar:
        await calendar.busy(GRACE, NINE, NINE + HOUR)  # there is a token
        microsoft.gate.clear()
        asking = [asyncio.create_task(calendar.busy(GRACE, NINE, NINE + HOUR)) for _ in range(9)]
        await microsoft.arrived(grace.address, 3)
        asking.append(asyncio.create_task(calendar.busy(ALAN, NINE, NINE + HOUR)))
        await microsoft.arrived("alan@acme.example", 1)
        microsoft.gate.set()
        answers = {await one for one in asking}

    assert answers == {()}
    assert microsoft.busiest == 3


async def test_a_mailbox_that_is_asked_too_much_says_how_long_to_wait(microsoft: GraphServer, grace: OnGraph) -> None:
    microsoft.most_at_once = 0

    with pytest.raises(CalendarUnavailable, match=r"come back later \(ApplicationThrottled\)") as trouble:
        await grace.calendar.busy(GRACE, NINE, NINE + HOUR)

    assert trouble.value.retry_after == timedelta(seconds=2.128)


async def test_who_does_not_answer_in_time_is_unavailable(microsoft: GraphServer, grace: OnGraph) -> None:
    people = {GRACE: GraphAccount(grace.address)}
    microsoft.gate.clear()
    async with reaching(settings_for(microsoft), people, within=timedelta(milliseconds=200)) as calendar:
        with pytest.raises(CalendarUnavailable, match="no answer in time"):
            await calendar.busy(GRACE, NINE, NINE + HOUR)
    microsoft.gate.set()


# --- discretion ------------------------------------------------------------------------------------------------------


async def test_no_message_and_no_log_names_an_address_a_title_or_a_secret(
    microsoft: GraphServer, grace: OnGraph, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = settings_for(microsoft, teams_mailbox=grace.address)
    assert settings.client_secret is not None
    secret = settings.client_secret.get_secret_value()
    assert secret not in repr(settings)
    said: list[str] = []
    body: dict[str, JsonValue] = {"error": {"code": "ErrorX", "message": f"{grace.address} {secret}"}}
    people = {GRACE: GraphAccount(grace.address)}
    async with reaching(settings, people) as calendar:
        for status in (400, 401, 403, 404, 409, 410, 412, 418, 429, 500, 503):
            microsoft.troubles.due = [Trouble(".* /v1.0", status, body)]
            every: list[Callable[[], Awaitable[object]]] = [*_everything(calendar), partial(calendar.room, "r7", NINE)]
            for asks in every:
                try:
                    await asks()
                except (CalendarRefused, CalendarUnavailable) as trouble:
                    said.append(str(trouble))
    microsoft.troubles.due = [Trouble("POST .*/token", 401, {"error": "invalid_client", "error_description": secret})]
    async with reaching(settings, people) as calendar:
        with pytest.raises(CalendarRefused) as refused:
            await calendar.busy(GRACE, NINE, NINE + HOUR)
    said.append(str(refused.value))
    said += [one.getMessage() for one in caplog.records if not one.name.startswith("uvicorn")]

    assert len(said) > 50
    assert not [one for one in said for word in (grace.address, secret, "Interview", "eyJ", "Bearer") if word in one]


async def test_no_title_of_anybody_elses_event_is_fetched(microsoft: GraphServer, grace: OnGraph) -> None:
    await grace.adds(NINE, NINE + HOUR)
    await grace.calendar.busy(GRACE, NINE, NINE + HOUR)
    await grace.calendar.ours(GRACE, NINE, NINE + HOUR)

    asked = [one for one in microsoft.troubles.asked if one.startswith("GET ")]
    assert asked
    assert all("%24select=" in one or "$select=" in one for one in asked)
    assert not any("subject" in one or "body" in one or "location" in one for one in asked)


def _count(microsoft: GraphServer, pattern: str) -> int:
    return sum(bool(re.match(pattern, one)) for one in microsoft.troubles.asked)
