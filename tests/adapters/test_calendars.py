"""Everybody's calendars: each person's at the provider that the directory names, and nobody's taken for free."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError

from activities.calendar import Busy, CalendarRefused, Changes
from activities.letters import MailSettings
from activities.people import OrganisationEntry, PersonEntry
from activities.rooms import RoomActivities
from adapters.caldav.calendars import CalDavSettings
from adapters.calendars import Calendars
from adapters.google.settings import GoogleSettings
from adapters.graph.settings import GraphSettings
from adapters.mail.smtp import SmtpSettings
from adapters.memory.calendar import MemoryCalendar
from adapters.memory.directory import MemoryDirectory
from demo.calendar_server import CalendarServer
from entrevue.orders import MakeRoom, RoomsAt
from providers import Providers, opened
from settings import Settings
from tests.adapters.grace import event
from tests.providers.google_server import GoogleServer, google_server
from tests.providers.graph_server import GraphServer, graph_server

NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


# --- routes ----------------------------------------------------------------------------------------------------------


@pytest.fixture(name="two")
def _two() -> dict[str, MemoryCalendar]:
    """Grace's provider and Alan's; nobody else has a calendar."""
    return {"grace": MemoryCalendar(), "alan": MemoryCalendar()}


@pytest.fixture(name="calendars")
def _calendars(two: dict[str, MemoryCalendar]) -> Calendars:
    async def of(person: str) -> MemoryCalendar | None:
        return two.get(person)

    return Calendars(of)


async def test_each_person_is_read_and_written_where_their_calendar_is(
    two: dict[str, MemoryCalendar], calendars: Calendars
) -> None:
    two["alan"].add_busy("alan", Busy(start=NINE, end=NINE + HOUR))
    written = await calendars.ensure("grace", event(), "r7", None)

    assert await calendars.busy("alan", NINE, NINE + HOUR) == (Busy(start=NINE, end=NINE + HOUR),)
    assert [one.uid for one in await two["grace"].ours("grace", NINE, NINE + HOUR)] == ["r7.p1"]
    assert await two["alan"].ours("alan", NINE, NINE + HOUR) == ()
    assert [one.uid for one in await calendars.ours("grace", NINE, NINE + HOUR)] == ["r7.p1"]
    assert (await calendars.changes("grace", None, ("r7.p1",))).touched == ("r7.p1",)
    read = await calendars.read("grace", "r7.p1")
    assert read is not None
    assert read.etag == written.etag
    assert (await calendars.remove("grace", "r7.p1", 0, written.etag)).outcome == "removed"
    assert await calendars.listen("grace", None) is None
    await calendars.hang_up("grace", "channel")


async def test_who_has_no_calendar_has_nothing_in_their_way_and_nothing_is_watched_there(calendars: Calendars) -> None:
    assert await calendars.busy("radia", NINE, NINE + HOUR) == ()
    assert await calendars.ours("radia", NINE, NINE + HOUR) == ()
    assert await calendars.changes("radia", None, ("r7.p1",)) == Changes(cursor=None)
    assert await calendars.listen("radia", None) is None
    await calendars.hang_up("radia", "channel")


async def test_nothing_can_be_written_where_there_is_no_calendar_and_the_refusal_says_what_to_do(
    calendars: Calendars,
) -> None:
    with pytest.raises(CalendarRefused, match="enter its address in the directory"):
        await calendars.ensure("radia", event(), "r7", None)
    with pytest.raises(CalendarRefused):
        await calendars.remove("radia", "r7.p1", 0, None)
    with pytest.raises(CalendarRefused):
        await calendars.read("radia", "r7.p1")


# --- providers -------------------------------------------------------------------------------------------------------

MAIL = MailSettings(
    domain="hire.acme.example",
    from_address="interviews@acme.example",
    from_name="Acme",
    agent_address="interviews+{token}@hire.acme.example",
    bounce_address="bounces+{token}@hire.acme.example",
    secret=SecretStr("sixteen characters"),
)
SMTP = SmtpSettings(hostname="127.0.0.1", port=25, tls="none")
BARE = Settings(smtp=SMTP, mail=MAIL, people=Path("people.toml"))


@asynccontextmanager
async def connected(calendar: str | None, settings: Settings = BARE) -> AsyncIterator[Providers]:
    """Grace's calendar is here, by the directory."""
    grace = PersonEntry(
        id="grace", name="Grace Okonjo", email="grace@acme.example", zone="Europe/Berlin", calendar=calendar
    )
    acme = OrganisationEntry(name="Acme", zone="Europe/Berlin")
    async with opened(MemoryDirectory(acme, [grace]), settings) as providers:
        yield providers


async def test_a_caldav_calendar_is_reached_by_the_service_account(radicale: CalendarServer) -> None:
    await radicale.open_calendar("grace", "provided")
    login = CalDavSettings(username=radicale.service.username, password=radicale.service.password)
    settings = BARE.model_copy(update={"caldav": login})
    async with connected(radicale.url("grace", "provided"), settings) as providers:
        written = await providers.calendars.ensure("grace", event(), "r7", None)

    assert written.outcome == "created"


async def test_who_is_not_in_the_directory_has_no_calendar() -> None:
    async with connected(None) as providers:
        assert await providers.calendars.busy("grace", NINE, NINE + HOUR) == ()
        assert await providers.calendars.busy("ada", NINE, NINE + HOUR) == ()


async def test_a_calendar_with_google_is_reached_with_the_key_that_is_set(tmp_path: Path) -> None:
    async with google_server() as server:
        server.open_calendar("grace@acme.example")
        async with connected("google", at_google(server, tmp_path)) as providers:
            written = await providers.calendars.ensure("grace", event(), "r7", None)

        assert written.ical_uid is not None
        assert [one["summary"] for one in server.events("grace@acme.example")] == ["Interview"]
        assert providers.rooms == {}
        assert providers.unusable == {}


async def test_whose_calendar_is_to_hold_rooms_gives_them(tmp_path: Path) -> None:
    async with google_server() as server:
        server.open_calendar("rooms@acme.example")
        settings = at_google(server, tmp_path, meet_calendar="rooms@acme.example")
        async with connected(None, settings) as providers:
            activities = RoomActivities(providers.rooms)
            made = [await activities.make_room(a_room("meet")) for _ in range(2)]

    assert made[0].link.startswith("https://meet.google.com/")
    assert made[0] == made[1]


async def test_a_mailbox_of_microsoft_365_is_reached_with_the_secret_that_is_set() -> None:
    async with graph_server() as server:
        server.open_mailbox("grace@acme.example")
        server.open_mailbox("rooms@acme.example")
        async with connected("graph", at_microsoft(server, teams_mailbox="rooms@acme.example")) as providers:
            written = await providers.calendars.ensure("grace", event(), "r7", None)
            made = await RoomActivities(providers.rooms).make_room(a_room("teams"))

        assert written.ical_uid is not None
        assert [one["subject"] for one in server.events("grace@acme.example")] == ["Interview"]
        assert made.link.startswith("https://teams.microsoft.com/")
        assert providers.unusable == {}


@pytest.mark.parametrize(
    ("rooms", "to_set"), [("meet", "ENTREVUE_GOOGLE__MEET_CALENDAR"), ("teams", "ENTREVUE_GRAPH__TEAMS_MAILBOX")]
)
async def test_where_nobody_is_set_up_to_give_rooms_it_is_said_what_to_set(rooms: RoomsAt, to_set: str) -> None:
    with pytest.raises(ApplicationError) as refused:
        await RoomActivities({}).make_room(a_room(rooms))

    assert refused.value.type == "CalendarRefused"
    assert to_set in refused.value.details[0]
    assert refused.value.next_retry_delay == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("calendar", "to_set"),
    [
        ("https://cal.acme.example/grace/", "ENTREVUE_CALDAV__USERNAME"),
        ("google", "ENTREVUE_GOOGLE__KEY_FILE"),
        ("graph:g.okonjo@acme.example", "ENTREVUE_GRAPH__TENANT"),
    ],
)
async def test_who_is_with_a_provider_that_is_not_set_up_is_refused_with_what_to_set_and_never_free(
    calendar: str, to_set: str
) -> None:
    async with connected(calendar) as providers:
        for asked in (
            providers.calendars.busy("grace", NINE, NINE + HOUR),
            providers.calendars.ensure("grace", event(), "r7", None),
            providers.calendars.changes("grace", None, ()),
        ):
            with pytest.raises(CalendarRefused) as refused:
                await asked
            assert to_set in refused.value.because
            assert len(refused.value.because) <= 200
            assert "@" not in refused.value.because


async def test_where_a_library_is_missing_the_refusal_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    async with google_server() as server, connected("google", at_google(server, tmp_path)) as providers:
        with pytest.raises(CalendarRefused, match=r"install entrevue\[google\]"):
            await providers.calendars.busy("grace", NINE, NINE + HOUR)

        assert list(providers.unusable) == ["google"]


async def test_a_certificate_needs_a_library_and_a_secret_needs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    async with graph_server() as server:
        server.open_mailbox("grace@acme.example")
        by_secret = at_microsoft(server)
        by_certificate = at_microsoft(server, client_secret=None, certificate_file=tmp_path / "app.pem")
        async with connected("graph", by_secret) as providers:
            assert await providers.calendars.busy("grace", NINE, NINE + HOUR) == ()
        async with connected("graph", by_certificate) as providers:
            with pytest.raises(CalendarRefused, match=r"install entrevue\[graph\]"):
                await providers.calendars.busy("grace", NINE, NINE + HOUR)


def at_google(server: GoogleServer, folder: Path, **more: object) -> Settings:
    key = folder / "key.json"
    key.write_text(server.key())
    google = GoogleSettings.model_validate({"key_file": key, "url": f"{server.url}/calendar/v3", **more})
    return BARE.model_copy(update={"google": google})


def at_microsoft(server: GraphServer, **more: object) -> Settings:
    here = {"tenant": server.tenant, "client_id": server.client_id, "client_secret": server.secret()}
    graph = GraphSettings.model_validate({**here, "url": f"{server.url}/v1.0", "login_url": server.url, **more})
    return BARE.model_copy(update={"graph": graph})


def a_room(rooms: RoomsAt) -> MakeRoom:
    return MakeRoom(key=f"r7/room/{rooms}/1.1", lane="room", interview="r7", now=NINE, rooms=rooms, at=NINE)
