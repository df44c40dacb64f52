"""Somebody's own calendar with Google or Microsoft, as its owner uses it: through the contract servers, as themselves.

Both fulfil `demo.diaries.Diary`, and do what else a person does with an event of ours. `own` gives what is in a
calendar besides those, to be compared with what was there before.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

import httpx2
import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # it ships no types
from pydantic import JsonValue, TypeAdapter

from adapters.graph_events import UID, WITH_PROPERTIES
from adapters.rest import Values
from demo.diaries import Held
from demo.on_radicale import leaves_free
from entrevue.values import EmailAddress
from tests.providers.google_server import GoogleServer
from tests.providers.graph_server import GraphServer

_WEEKS = timedelta(weeks=8)
"""What is entered of things that go on for ever: farther than anybody looks here."""

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


def _instant(at: date) -> datetime:
    if not isinstance(at, datetime):
        raise TypeError("a day has no instant")
    return at.astimezone(UTC)


# --- Google ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnGoogle:
    server: GoogleServer
    address: EmailAddress

    @property
    def calendar(self) -> str:
        return "google"

    async def fill(self, ics: str) -> None:
        async with self._events() as (owner, events):
            for entry in entries(ics, self.address):
                body: dict[str, JsonValue] = {
                    "summary": entry.title,
                    "start": _of_google(entry.start),
                    "end": _of_google(entry.end),
                    "status": "tentative" if entry.tentative else "confirmed",
                    "transparency": "transparent" if entry.free else "opaque",
                }
                (await owner.post(events, json=body)).raise_for_status()

    async def in_the_way(self, start: datetime, end: datetime) -> list[str]:
        async with self._events() as (owner, events):
            window = {"timeMin": start.isoformat(), "timeMax": end.isoformat(), "singleEvents": "true"}
            answer = await owner.get(events, params=window)
            return [
                text(one, "summary") for one in _listed(answer, "items") if one.get("transparency") != "transparent"
            ]

    async def interviews(self) -> list[Held]:
        return [held for one in await self._all() if (held := self._held(one))]

    async def own(self) -> list[str]:
        return sorted(str(sorted(one.items(), key=str)) for one in await self._all() if not self._held(one))

    async def move(self, uid: str, start: datetime) -> None:
        held, event = await self._find(uid)
        times: dict[str, JsonValue] = {"start": _of_google(start), "end": _of_google(start + (held.end - held.start))}
        await self._change(event, times)

    async def delete(self, uid: str) -> None:
        _, event = await self._find(uid)
        async with self._events() as (owner, events):
            gone = await owner.delete(f"{events}/{text(event, 'id')}", headers={"If-Match": text(event, "etag")})
            gone.raise_for_status()

    async def answer(self, uid: str, answer: str) -> None:
        """Say yes, no or perhaps, in Google's own words: accepted, declined, tentative."""
        _, event = await self._find(uid)
        await self._change(event, {"attendees": [{"email": self.address, "responseStatus": answer}]})

    async def _change(self, event: Values, said: dict[str, JsonValue]) -> None:
        async with self._events() as (owner, events):
            changed = await owner.patch(
                f"{events}/{text(event, 'id')}", json=said, headers={"If-Match": text(event, "etag")}
            )
            changed.raise_for_status()

    async def _find(self, uid: str) -> tuple[Held, Values]:
        return next((held, one) for one in await self._all() if (held := self._held(one)) and held.uid == uid)

    async def _all(self) -> list[Values]:
        async with self._events() as (owner, events):
            return _listed(await owner.get(events, params={"maxResults": "2500"}), "items")

    @asynccontextmanager
    async def _events(self) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
        async with self.server.as_person(self.address) as owner:
            yield owner, f"calendars/{quote(self.address, safe='')}/events"

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
        return {"dateTime": _instant(at).isoformat(), "timeZone": "UTC"}
    return {"date": at.isoformat()}


def _from_google(event: Values, name: str) -> datetime:
    said = event.get(name)
    assert isinstance(said, dict)
    return datetime.fromisoformat(text(said, "dateTime")).astimezone(UTC)


# --- Microsoft -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OnGraph:
    server: GraphServer
    address: EmailAddress

    @property
    def calendar(self) -> str:
        return "graph"

    async def fill(self, ics: str) -> None:
        async with self._mailbox() as (owner, mailbox):
            for entry in entries(ics, self.address):
                shown = "free" if entry.free else "tentative" if entry.tentative else "busy"
                body: dict[str, JsonValue] = {
                    "subject": entry.title,
                    "start": _of_graph(entry.start),
                    "end": _of_graph(entry.end),
                    "isAllDay": entry.is_all_day,
                    "showAs": "oof" if entry.is_all_day and shown == "busy" else shown,
                }
                (await owner.post(f"{mailbox}/events", json=body)).raise_for_status()

    async def in_the_way(self, start: datetime, end: datetime) -> list[str]:
        async with self._mailbox() as (owner, mailbox):
            window = {
                "startDateTime": f"{start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "endDateTime": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "$top": "500",
            }
            answer = await owner.get(f"{mailbox}/calendarView", params=window)
            return [text(one, "subject") for one in _listed(answer, "value") if one.get("showAs") != "free"]

    async def interviews(self) -> list[Held]:
        return [held for one in await self._all() if (held := self._held(one))]

    async def own(self) -> list[str]:
        return sorted(str(sorted(one.items(), key=str)) for one in await self._all() if not self._held(one))

    async def move(self, uid: str, start: datetime) -> None:
        held, event = await self._find(uid)
        times: dict[str, JsonValue] = {"start": _of_graph(start), "end": _of_graph(start + (held.end - held.start))}
        async with self._mailbox() as (owner, mailbox):
            (await owner.patch(f"{mailbox}/events/{text(event, 'id')}", json=times)).raise_for_status()

    async def delete(self, uid: str) -> None:
        _, event = await self._find(uid)
        async with self._mailbox() as (owner, mailbox):
            (await owner.delete(f"{mailbox}/events/{text(event, 'id')}")).raise_for_status()

    async def _find(self, uid: str) -> tuple[Held, Values]:
        return next((held, one) for one in await self._all() if (held := self._held(one)) and held.uid == uid)

    async def _all(self) -> list[Values]:
        async with self._mailbox() as (owner, mailbox):
            query = {"$expand": WITH_PROPERTIES, "$top": "1000"}
            return _listed(await owner.get(f"{mailbox}/events", params=query), "value")

    @asynccontextmanager
    async def _mailbox(self) -> AsyncIterator[tuple[httpx2.AsyncClient, str]]:
        async with self.server.as_person(self.address) as owner:
            owner.headers["Prefer"] = 'outlook.timezone="UTC"'
            yield owner, f"users/{self.address}"

    @staticmethod
    def _held(event: Values) -> Held | None:
        listed = event.get("singleValueExtendedProperties")
        pairs = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
        said = {text(one, "id").rpartition(" ")[2]: text(one, "value") for one in pairs}
        uid = said.get(UID.rpartition(" ")[2])
        if uid is None:
            return None
        return Held(
            uid=uid,
            version=_version(said["EntrevueWritten"]),
            start=_from_graph(event, "start"),
            end=_from_graph(event, "end"),
            title=text(event, "subject"),
        )


def _of_graph(at: date) -> dict[str, JsonValue]:
    if isinstance(at, datetime):
        return {"dateTime": f"{_instant(at):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
    return {"dateTime": f"{at.isoformat()}T00:00:00", "timeZone": "UTC"}


def _from_graph(event: Values, name: str) -> datetime:
    said = event.get(name)
    assert isinstance(said, dict)
    assert said["timeZone"] == "UTC"
    return datetime.fromisoformat(text(said, "dateTime")).replace(tzinfo=UTC)


# --- both ------------------------------------------------------------------------------------------------------------


def _listed(answer: httpx2.Response, name: str) -> list[Values]:
    """Give the items of a listing that must be whole."""
    answer.raise_for_status()
    listing = _OBJECT.validate_json(answer.content)
    assert "nextPageToken" not in listing
    assert "@odata.nextLink" not in listing
    items = listing[name]
    assert isinstance(items, list)
    return [one for one in items if isinstance(one, dict)]


def _version(written: str) -> int:
    """Read our own record of what was written; see `adapters.written.Written`."""
    return int(written.partition("/")[0])


def text(said: Values, name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""
