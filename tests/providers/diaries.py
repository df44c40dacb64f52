"""Somebody's own calendar with Google or Microsoft, as its owner uses it: through the contract servers, as themselves.

Both fulfil `demo.diaries.Diary`. With its `program` a person does whatever else they do with an event of ours; `own`
gives what is in a calendar besides those, to be compared with what was there before.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import httpx2
import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # it ships no types
from pydantic import JsonValue, TypeAdapter

from adapters.graph.events import WITH_PROPERTIES
from adapters.rest import Values
from demo.diaries import Held
from demo.on_radicale import leaves_free
from entrevue.values import EmailAddress
from tests.adapters.on_google import GoogleProgram
from tests.adapters.on_graph import GraphProgram
from tests.providers.google_server import GoogleServer
from tests.providers.graph_server import GraphServer

_WEEKS = timedelta(weeks=8)
"""What is entered of things that go on for ever: farther than anybody looks here."""

_EVERYTHING: Mapping[str, str] = {}
_OBJECT = TypeAdapter(dict[str, JsonValue])


# --- what is entered -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One occurrence of something that somebody has entered."""

    title: str
    start: date
    end: date
    tentative: bool
    free: bool

    @property
    def is_all_day(self) -> bool:
        return not isinstance(self.start, datetime)


def entries(ics: str, owner: EmailAddress) -> Iterator[Entry]:
    """Give them one by one. What was called off, or was declined, leaves nobody's time taken."""
    today = datetime.now(UTC)
    for event in recurring_ical_events.of(icalendar.Calendar.from_ical(ics)).between(today, today + _WEEKS):
        yield Entry(
            title=str(event["SUMMARY"]),
            start=event.start,
            end=event.end,
            tentative=event.get("STATUS") == "TENTATIVE",
            free=leaves_free(event, owner),
        )


# --- Google ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GoogleDiary:
    server: GoogleServer
    address: EmailAddress

    @property
    def calendar(self) -> str:
        return "google"

    async def fill(self, ics: str) -> None:
        async with self.program() as program:
            for entry in entries(ics, self.address):
                await program.enters(
                    {
                        "summary": entry.title,
                        "start": _of_google(entry.start),
                        "end": _of_google(entry.end),
                        "status": "tentative" if entry.tentative else "confirmed",
                        "transparency": "transparent" if entry.free else "opaque",
                    }
                )

    async def in_the_way(self, start: datetime, end: datetime) -> list[str]:
        window = {"timeMin": start.isoformat(), "timeMax": end.isoformat(), "singleEvents": "true"}
        return [text(one, "summary") for one in await self._listed(window) if one.get("transparency") != "transparent"]

    async def interviews(self) -> list[Held]:
        return [held for one in await self._listed() if (held := self._held(one))]

    async def own(self) -> list[str]:
        return sorted(str(sorted(one.items(), key=str)) for one in await self._listed() if not self._held(one))

    async def move(self, uid: str, start: datetime) -> None:
        async with self.program() as program:
            await program.moves(uid, start)

    @asynccontextmanager
    async def program(self) -> AsyncIterator[GoogleProgram]:
        async with self.server.as_person(self.address) as client:
            yield GoogleProgram(client, self.address)

    async def _listed(self, query: Mapping[str, str] = _EVERYTHING) -> list[Values]:
        found, page = list[Values](), dict(query)
        async with self.server.as_person(self.address) as owner:
            while True:
                listing = _listing(await owner.get(f"calendars/{quote(self.address, safe='')}/events", params=page))
                found += _objects(listing["items"])
                if "nextPageToken" not in listing:
                    return found
                page["pageToken"] = text(listing, "nextPageToken")

    @staticmethod
    def _held(event: Values) -> Held | None:
        said = event.get("extendedProperties")
        private = said.get("private") if isinstance(said, dict) else None
        if not isinstance(private, dict) or "entrevueUid" not in private:
            return None
        return Held(
            uid=text(private, "entrevueUid"),
            version=_version(text(private, "entrevueWritten")),
            start=_from_google(event, "start"),
            end=_from_google(event, "end"),
            title=text(event, "summary"),
        )


def _of_google(at: date) -> dict[str, JsonValue]:
    if isinstance(at, datetime):
        return {"dateTime": at.astimezone(UTC).isoformat(), "timeZone": "UTC"}
    return {"date": at.isoformat()}


def _from_google(event: Values, name: str) -> datetime:
    said = event.get(name)
    assert isinstance(said, dict)
    return datetime.fromisoformat(text(said, "dateTime")).astimezone(UTC)


# --- Microsoft -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class GraphDiary:
    server: GraphServer
    address: EmailAddress

    @property
    def calendar(self) -> str:
        return "graph"

    async def fill(self, ics: str) -> None:
        async with self.program() as program:
            for entry in entries(ics, self.address):
                shown = "free" if entry.free else "tentative" if entry.tentative else "busy"
                await program.enters(
                    {
                        "subject": entry.title,
                        "start": _of_graph(entry.start),
                        "end": _of_graph(entry.end),
                        "isAllDay": entry.is_all_day,
                        "showAs": "oof" if entry.is_all_day and shown == "busy" else shown,
                    }
                )

    async def in_the_way(self, start: datetime, end: datetime) -> list[str]:
        window = {
            "startDateTime": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "endDateTime": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        return [text(one, "subject") for one in await self._listed("calendarView", window) if one["showAs"] != "free"]

    async def interviews(self) -> list[Held]:
        return [held for one in await self._all() if (held := self._held(one))]

    async def own(self) -> list[str]:
        return sorted(str(sorted(one.items(), key=str)) for one in await self._all() if not self._held(one))

    async def move(self, uid: str, start: datetime) -> None:
        async with self.program() as program:
            await program.moves(uid, start)

    @asynccontextmanager
    async def program(self) -> AsyncIterator[GraphProgram]:
        async with self.server.as_person(self.address) as client:
            yield GraphProgram(client)

    async def _all(self) -> list[Values]:
        return await self._listed("events", {"$expand": WITH_PROPERTIES})

    async def _listed(self, what: str, query: Mapping[str, str]) -> list[Values]:
        async with self.server.as_person(self.address) as owner:
            in_utc = {"Prefer": 'outlook.timezone="UTC"'}
            listing = _listing(await owner.get(f"me/{what}", params={"$top": "1000", **query}, headers=in_utc))
            assert "@odata.nextLink" not in listing
            return _objects(listing["value"])

    @staticmethod
    def _held(event: Values) -> Held | None:
        listed = event.get("singleValueExtendedProperties")
        pairs = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        said = {text(one, "id").rpartition(" ")[2]: text(one, "value") for one in pairs}
        if "EntrevueUid" not in said:
            return None
        return Held(
            uid=said["EntrevueUid"],
            version=_version(said["EntrevueWritten"]),
            start=_from_graph(event, "start"),
            end=_from_graph(event, "end"),
            title=text(event, "subject"),
        )


def _of_graph(at: date) -> dict[str, JsonValue]:
    if isinstance(at, datetime):
        return {"dateTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
    return {"dateTime": f"{at.isoformat()}T00:00:00", "timeZone": "UTC"}


def _from_graph(event: Values, name: str) -> datetime:
    said = event.get(name)
    assert isinstance(said, dict)
    assert said["timeZone"] == "UTC"
    return datetime.fromisoformat(text(said, "dateTime")).replace(tzinfo=UTC)


# --- both ------------------------------------------------------------------------------------------------------------


def _listing(answer: httpx2.Response) -> Values:
    answer.raise_for_status()
    return _OBJECT.validate_json(answer.content)


def _objects(items: JsonValue) -> list[Values]:
    assert isinstance(items, list)
    return [one for one in items if isinstance(one, dict)]


def _version(written: str) -> int:
    """Read our own record of what was written; see `adapters.written.Written`."""
    return int(written.partition("/")[0])


def text(said: Values, name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
