"""Everything on this machine, and people whose calendars are with Google and Microsoft: with their contract servers."""

import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from activities.people import Provider
from adapters.directory import FileDirectory
from demo.diaries import Diary
from demo.embedded import PEOPLE, Servers, embedded
from entrevue.values import PersonId
from tests.providers.diaries import GoogleDiary, GraphDiary
from tests.providers.google_server import GoogleServer, google_server
from tests.providers.graph_server import GraphServer, graph_server
from tests.providers.serving import Trouble, Troubles

_DOMAIN = "acme.example"
_TOKENS = ("ya29.", "eyJ")
"""How tokens of Google's begin, and JWTs, which Microsoft's are and what is given for both."""


@dataclass(frozen=True)
class Office:
    """All servers. Those of the providers live in the test's process, the worker in its own."""

    servers: Servers
    google: GoogleServer
    graph: GraphServer
    secrets: Collection[str]
    """What the worker was given to come in with, and how the tokens begin that it was given for it."""

    @property
    def mailed_by_providers(self) -> list[str]:
        """Give what Google or Microsoft wrote to anybody, or were allowed to."""
        writing = re.compile(r"(POST|PUT|PATCH|DELETE) /calendar/v3/calendars/[^/]+/events")
        asked = [line for line in self.google.troubles.asked if writing.match(line)]
        return [str(mail) for mail in self.graph.mails] + [line for line in asked if "sendUpdates=none" not in line]


@asynccontextmanager
async def opened(folder: Path, where: Mapping[PersonId, Provider]) -> AsyncIterator[Office]:
    """Run everything in this folder, an empty one; the example's people live where it is said, else on Radicale."""
    zones = {entry.id: entry.zone for entry in await FileDirectory(PEOPLE).everyone()}
    async with google_server() as google, graph_server() as graph:
        key = folder / "google-key.json"
        key.touch(mode=0o600)
        key.write_text(google.key(), encoding="utf-8")
        secret = graph.secret()
        settings = {
            "ENTREVUE_GOOGLE__KEY_FILE": str(key),
            "ENTREVUE_GOOGLE__URL": f"{google.url}/calendar/v3",
            "ENTREVUE_GRAPH__TENANT": graph.tenant,
            "ENTREVUE_GRAPH__CLIENT_ID": graph.client_id,
            "ENTREVUE_GRAPH__CLIENT_SECRET": secret,
            "ENTREVUE_GRAPH__URL": f"{graph.url}/v1.0",
            "ENTREVUE_GRAPH__LOGIN_URL": graph.url,
        }
        elsewhere = dict[PersonId, Diary]()
        for person, provider in where.items():
            address = f"{person}@{_DOMAIN}"
            match provider:
                case "google":
                    google.open_calendar(address, zones[person])
                    elsewhere[person] = GoogleDiary(google, address)
                case "graph":
                    graph.open_mailbox(address, zones[person])
                    elsewhere[person] = GraphDiary(graph, address)
                case "caldav":
                    pass
                case _:
                    assert_never(provider)
        async with embedded(folder / "here", elsewhere=elsewhere, settings=settings) as servers:
            yield Office(servers, google, graph, (secret, "PRIVATE KEY", *_TOKENS))


@contextmanager
def troubled(troubles: Troubles, due: Trouble) -> Iterator[None]:
    """Let a server be in this trouble for as long as the context lasts."""
    troubles.due.append(due)
    try:
        yield
    finally:
        troubles.due.remove(due)
