"""Everybody's calendars: whose is with which provider, by the directory, and the adapters of those that are set up."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Final, TypeVar

from activities.calendar import Calendar, CalendarRefused
from activities.letters import agent_address
from activities.people import Directory, PersonEntry, Provider, calendar_at
from activities.rooms import Rooms
from adapters.caldav.calendars import CalDav, CalDavSettings, CalendarAccount
from adapters.calendars import Calendars
from adapters.google.settings import GoogleAccount
from adapters.graph.calendars import GraphAccount, GraphCalendars
from entrevue.orders import RoomsAt
from entrevue.values import PersonId
from settings import Settings

_Account = TypeVar("_Account")

_TO_SET: Final[Mapping[Provider, str]] = {
    "caldav": "no ENTREVUE_CALDAV__USERNAME and …__PASSWORD are set",
    "google": "no ENTREVUE_GOOGLE__KEY_FILE or …__USERS is set",
    "graph": "no ENTREVUE_GRAPH__TENANT, …__CLIENT_ID, and …__CLIENT_SECRET or …__CERTIFICATE_FILE are set",
}


@dataclass(frozen=True)
class Providers:
    calendars: Calendars
    rooms: Mapping[RoomsAt, Rooms]
    """Those who are set up to give an interview a room of its own."""
    unusable: Mapping[Provider, str]
    """Set up, and of no use all the same: what has to be installed."""


@asynccontextmanager
async def opened(directory: Directory, settings: Settings) -> AsyncIterator[Providers]:
    """Make an adapter of each provider that is set up."""
    usable = dict[Provider, Calendar]()
    rooms = dict[RoomsAt, Rooms]()
    lacking, push = _lacking(settings), settings.push.to if settings.push is not None else None
    async with AsyncExitStack() as stack:
        if settings.caldav is not None:
            caldav = CalDav(
                _accounts(directory, "caldav", partial(_caldav, service=settings.caldav)),
                organizer=partial(agent_address, settings=settings.mail),
                organisation=settings.mail.from_name,
            )
            stack.push_async_callback(caldav.aclose)
            usable["caldav"] = caldav
        if settings.google is not None and "google" not in lacking:
            from adapters.google.calendars import GoogleCalendars  # noqa: PLC0415 - google-auth is an extra

            google = GoogleCalendars(_accounts(directory, "google", _google), settings.google, push=push)
            stack.push_async_callback(google.aclose)
            usable["google"] = google
            if settings.google.meet_calendar is not None:
                rooms["meet"] = google
        if settings.graph is not None and "graph" not in lacking:
            graph = GraphCalendars(_accounts(directory, "graph", _graph), settings.graph, push=push)
            stack.push_async_callback(graph.aclose)
            usable["graph"] = graph
            if settings.graph.teams_mailbox is not None:
                rooms["teams"] = graph
        yield Providers(Calendars(_routes(directory, usable, {**_TO_SET, **lacking})), rooms, lacking)


def _routes(
    directory: Directory, usable: Mapping[Provider, Calendar], unusable: Mapping[Provider, str]
) -> Callable[[PersonId], Awaitable[Calendar | None]]:
    async def of(person: PersonId) -> Calendar | None:
        entry = await directory.person(person)
        if entry is None or entry.calendar is None:
            return None
        provider, _ = calendar_at(entry.calendar, entry.email)
        if provider not in usable:  # never to be taken for "nothing in the way"
            raise CalendarRefused(person, unusable[provider])
        return usable[provider]

    return of


def _accounts(
    directory: Directory, provider: Provider, account: Callable[[PersonEntry, str], _Account]
) -> Callable[[PersonId], Awaitable[_Account | None]]:
    """Say where a person's calendar is with this provider; None: it is not there, or no longer."""

    async def of(person: PersonId) -> _Account | None:
        entry = await directory.person(person)
        if entry is None or entry.calendar is None:
            return None
        at, address = calendar_at(entry.calendar, entry.email)
        return account(entry, address) if at == provider else None

    return of


def _caldav(entry: PersonEntry, address: str, *, service: CalDavSettings) -> CalendarAccount:
    return CalendarAccount(
        url=address, username=service.username, password=service.password, zone=entry.zone, email=entry.email
    )


def _google(entry: PersonEntry, address: str) -> GoogleAccount:
    return GoogleAccount(address, zone=entry.zone, email=entry.email, busy_only=entry.busy_only)


def _graph(entry: PersonEntry, address: str) -> GraphAccount:
    return GraphAccount(address, zone=entry.zone, email=entry.email, busy_only=entry.busy_only)


def _lacking(settings: Settings) -> dict[Provider, str]:
    """Name the extras that what is set up needs, and that are not installed."""
    needed: dict[Provider, tuple[str, ...]] = {}
    if settings.google is not None:
        needed["google"] = ("google.auth",)
    if settings.graph is not None and settings.graph.certificate_file is not None:
        needed["graph"] = ("jwt", "cryptography")
    return {
        provider: f"the worker lacks a library: install entrevue[{provider}]"
        for provider, modules in needed.items()
        if not all(map(_is_installed, modules))
    }


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # nor is the package that it would be part of
        return False
