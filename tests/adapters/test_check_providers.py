"""The trial of a calendar at Google and Microsoft: on servers that answer as these document it, or not."""

import json
import os
import sys
from asyncio.subprocess import PIPE, create_subprocess_exec
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

import pytest
from pydantic import JsonValue

from adapters.check.on_google import GoogleProvider
from adapters.check.on_graph import GraphProvider
from adapters.check.program import Whose, google, graph
from adapters.check.trial import LONG_AGO, Provider
from adapters.google.settings import GoogleSettings
from tests.adapters.on_google import settings_for as google_settings
from tests.adapters.on_graph import settings_for as graph_settings
from tests.adapters.trial import NOW, Said, documented, tried
from tests.providers.google_server import GoogleServer, google_server
from tests.providers.graph_server import GraphServer, graph_server
from tests.providers.serving import Trouble, Troubles

GRACE, ROOMS = "grace@acme.example", "rooms@acme.example"
WHOSE = Whose(GRACE, NOW, "grace", email=GRACE)

Name = Literal["google", "graph"]


class Server(Protocol):
    """What both contract servers have in common."""

    @property
    def troubles(self) -> Troubles: ...

    def events(self, address: str) -> list[dict[str, JsonValue]]: ...

    def expire_tokens(self) -> None: ...

    def revoke(self, address: str | None = None) -> None: ...

    def restore(self, address: str | None = None) -> None: ...


@dataclass
class At:
    """Grace's calendar at one of the two."""

    name: Name
    server: Server
    opened: Callable[[Whose], AbstractAsyncContextManager[Provider]]
    runs: int = 0

    async def tried(self, told: Callable[[str], object] = lambda _: None) -> Said:
        """Each time an hour later: two runs at once, with one calendar, would be at one event."""
        self.runs += 1
        whose = replace(WHOSE, now=NOW + timedelta(hours=self.runs))
        async with self.opened(whose) as provider:
            return await tried(provider, now=whose.now, told=told)

    @property
    def left_behind(self) -> list[dict[str, JsonValue]]:
        return [*self.server.events(GRACE), *self.server.events(ROOMS)]


@asynccontextmanager
async def at_google(folder: Path) -> AsyncIterator[At]:
    async with google_server() as server:
        server.open_calendar(GRACE)
        server.open_calendar(ROOMS)
        settings = google_settings(server, folder).model_copy(update={"meet_calendar": ROOMS})
        yield At("google", server, partial(google, settings))


@asynccontextmanager
async def at_graph(_folder: Path) -> AsyncIterator[At]:
    async with graph_server() as server:
        server.open_mailbox(GRACE)
        server.open_mailbox(ROOMS)
        settings = graph_settings(server, teams_mailbox=ROOMS)
        yield At("graph", server, partial(graph, settings))


PLACES: Mapping[Name, Callable[[Path], AbstractAsyncContextManager[At]]] = {"google": at_google, "graph": at_graph}
PAGES: Mapping[Name, str] = {"google": "google.md", "graph": "microsoft.md"}


@pytest.fixture(name="at", params=PLACES)
async def _at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[At]:
    name: Name = request.param
    async with PLACES[name](tmp_path) as at:
        yield at


# --- on both ---------------------------------------------------------------------------------------------------------


async def test_what_is_said_is_what_the_documentation_shows_and_nothing_is_left_behind(at: At) -> None:
    said = await at.tried()

    assert said.text == documented(PAGES[at.name], at.name)
    assert said.works
    assert at.left_behind == []


async def test_a_second_run_on_the_same_calendar_says_the_same(at: At) -> None:
    assert (await at.tried()).text == (await at.tried()).text


async def test_tokens_that_end_in_the_middle_are_made_anew(at: At) -> None:
    said = await at.tried(lambda _line: at.server.expire_tokens())

    assert said.works


@pytest.mark.parametrize(
    "before",
    [
        "busy times",
        "left by earlier runs",
        "our properties",
        "write it again",
        "read what changed",
        "delete it",
        "clear up",
    ],
)
async def test_one_that_breaks_off_in_the_middle_is_left_as_it_was(at: At, before: str) -> None:
    def breaks_off(line: str) -> None:
        if (
            line.startswith("  ")
            and not at.server.troubles.due
            and NEXT[at.name, line[4:].partition("  ")[0]] == before
        ):
            at.server.troubles.due.append(Trouble(r"\w+ .*/(events|calendarView|users)", 503, times=1))

    said = await at.tried(breaks_off)

    assert "come back later" in said.text or before == "clear up"
    assert said.works == (before == "clear up")
    assert at.left_behind == []


def _order(name: Name) -> list[str]:
    return [line[4:].partition("  ")[0] for line in documented(PAGES[name], name).splitlines() if line[2:3] in "✓–✗"]


NEXT = {(name, one): other for name in PLACES for one, other in zip(_order(name), [*_order(name)[1:], ""], strict=True)}


async def test_who_is_asked_to_wait_for_a_moment_waits(at: At) -> None:
    at.server.troubles.due.append(Trouble(r"\w+ .*/(calendarView|events)", 429, headers={"Retry-After": "1"}, times=1))
    said = await at.tried()

    assert said.works


async def test_who_is_asked_to_wait_for_long_says_so(at: At) -> None:
    at.server.troubles.due.append(Trouble(r"POST .*/events", 429, headers={"Retry-After": "600"}))
    said = await at.tried()

    assert not said.works
    assert "it asks to be left alone for 600 s → run it again in a while" in said.about("create")
    assert at.left_behind == []


async def test_a_right_that_is_lost_in_the_middle_is_named_with_what_is_left_behind_and_the_next_run_clears_up(
    at: At,
) -> None:
    said = await at.tried(lambda line: at.server.revoke(GRACE) if "write an event" in line else None)
    left = at.left_behind
    at.server.restore(GRACE)
    again = await at.tried()

    assert not said.works
    assert "take “Entrevue tries out this calendar” on 1 January 2000 out by hand" in said.about("clear up")
    assert len(left) == 1
    assert again.works
    assert "✓ left by earlier runs 1 event, taken away" in again.about("left by earlier runs")
    assert at.left_behind == []


async def test_where_we_are_let_in_nowhere_what_to_do_is_said_and_no_secret(at: At) -> None:
    at.server.revoke()
    said = await at.tried()

    assert not said.works
    assert said.about("get a token").startswith("✗ get a token ")
    assert len([line for line in said.lines if line.startswith("  ")]) == 1
    assert GRACE not in said.text


async def test_rooms_that_an_earlier_run_left_behind_go_and_those_of_interviews_stay(at: At) -> None:
    async with at.opened(WHOSE) as provider:
        assert isinstance(provider, GoogleProvider | GraphProvider)
        await provider.calendar.room("entrevue-check-before", LONG_AGO)
        await provider.calendar.room("r7", NOW)
    said = await at.tried()

    assert said.works
    assert len(at.server.events(ROOMS)) == 1


# --- Google ----------------------------------------------------------------------------------------------------------


async def tried_at_google(settings: GoogleSettings) -> Said:
    async with google(settings, WHOSE) as provider:
        return await tried(provider)


async def test_a_calendar_that_is_shared_with_the_service_account_asks_its_owner_nothing(tmp_path: Path) -> None:
    async with google_server() as server:
        server.open_calendar(GRACE)
        said = await tried_at_google(google_settings(server, tmp_path).model_copy(update={"delegation": False}))

    assert said.works
    assert "acts for the service account alone" in said.about("get a token")
    assert "the owner cannot be asked there" in said.about("read it back")


async def test_a_calendar_whose_owner_has_consented_asks_them(tmp_path: Path) -> None:
    async with google_server() as server:
        server.open_calendar(GRACE)
        (tmp_path / "grace.json").write_text(server.user(GRACE))
        said = await tried_at_google(GoogleSettings(users=tmp_path, url=f"{server.url}/calendar/v3"))

    assert said.works
    assert "the owner is asked" in said.about("read it back")


async def test_a_calendar_that_shows_only_when_its_owner_is_free_can_be_that(tmp_path: Path) -> None:
    async with google_server() as server:
        server.open_calendar(GRACE)
        server.share(GRACE, "freeBusyReader")
        said = await tried_at_google(google_settings(server, tmp_path).model_copy(update={"delegation": False}))

    assert not said.works
    assert said.about("free/busy alone").startswith("✓")
    assert said.lines[-1].startswith("Busy times can be read: with `busy_only = true`")


# --- Microsoft -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "check", "expected"),
    [
        ("heeds_preconditions", False, "If-Match on changes", "– If-Match on changes not heeded: writing looks before"),
        ("heeds_preconditions", False, "If-Match on deletes", "– If-Match on deletes not heeded: writing looks before"),
        ("same_transaction", "refused", "transaction ids", "✓ transaction ids heeded (status 409)"),
        ("same_transaction", "forgotten", "transaction ids", "– transaction ids not heeded: a second event is found"),
        ("remembers_deleted", True, "deleted transactions", "– deleted transactions remembered (status 201)"),
    ],
)
async def test_what_is_not_documented_is_told_either_way_and_all_works(
    tmp_path: Path, name: str, value: object, check: str, expected: str
) -> None:
    async with at_graph(tmp_path) as at:
        setattr(at.server, name, value)
        said = await at.tried()

        assert said.works
        assert said.about(check).startswith(expected)
        assert at.left_behind == []


async def test_who_is_not_in_the_group_is_refused_in_the_words_that_the_documentation_shows(tmp_path: Path) -> None:
    async with at_graph(tmp_path) as at:
        at.server.revoke(GRACE)
        said = await at.tried()

    assert not said.works
    assert said.text == documented("microsoft.md", "graph", "somebody-else@acme.example")


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
async def test_the_command_reads_the_settings_of_its_provider(tmp_path: Path, name: Name) -> None:
    async with google_server() as at_google, graph_server() as at_graph:
        at_google.open_calendar(GRACE)
        at_graph.open_mailbox(GRACE)
        environment = {**_google_variables(at_google, tmp_path), **_graph_variables(at_graph)}
        clean = {key: value for key, value in os.environ.items() if not key.startswith("ENTREVUE_")}
        arguments = ("-m", "adapters.check", name, GRACE)
        running = await create_subprocess_exec(
            sys.executable, *arguments, env=clean | environment, stdout=PIPE, stderr=PIPE
        )
        out, err = await running.communicate()

    assert (running.returncode, err) == (0, b"")
    assert "All that Entrevue needs works with this calendar." in out.decode()
    assert not any(secret in out.decode() for secret in (at_graph.secret(), json.loads(at_google.key())["private_key"]))


def _google_variables(server: GoogleServer, folder: Path) -> dict[str, str]:
    settings = google_settings(server, folder)
    return {"ENTREVUE_GOOGLE__KEY_FILE": str(settings.key_file), "ENTREVUE_GOOGLE__URL": settings.url}


def _graph_variables(server: GraphServer) -> dict[str, str]:
    return {
        "ENTREVUE_GRAPH__TENANT": server.tenant,
        "ENTREVUE_GRAPH__CLIENT_ID": server.client_id,
        "ENTREVUE_GRAPH__CLIENT_SECRET": server.secret(),
        "ENTREVUE_GRAPH__URL": f"{server.url}/v1.0",
        "ENTREVUE_GRAPH__LOGIN_URL": server.url,
    }
