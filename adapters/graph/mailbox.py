"""One person's calendar with Microsoft, and the requests that we make of it."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from urllib.parse import parse_qsl, quote
from zoneinfo import ZoneInfo

from httpx2 import codes

from activities.calendar import Busy, CalendarRefused, OurEvent
from adapters.graph.events import (
    ALL_OF_OURS,
    TRANSACTION,
    WITH_PROPERTIES,
    GraphFound,
    body,
    busy,
    our_event,
    properties,
    read_event,
    takes_time,
    text,
    transaction,
    uid_of,
    with_uid,
)
from adapters.keeping import Wrote
from adapters.rest import Reply, RestSession, Values
from adapters.web import ABSENT
from entrevue.values import CalendarEvent, InterviewId

_SLACK = timedelta(hours=26)
"""How far the day of an all-day event may lie from where a server puts it. So ask for more, and judge ourselves."""
_A_PAGE, _MOST_PAGES, _FEW = 200, 30, 10
PREFERENCES: Final = 'IdType="ImmutableId", outlook.timezone="UTC"'
_SHOWN: Final = "id,start,end,isAllDay,isCancelled,showAs,responseStatus,transactionId"
"""Of other people's events no more than whether they are in the way: no title, no place, nobody's name."""
_OURS: Final = "id,changeKey,start,end,isAllDay"

_CHANGED: Final = {codes.PRECONDITION_FAILED, codes.CONFLICT}


@dataclass(frozen=True)
class Mailbox:
    session: RestSession
    address: str
    zone: ZoneInfo

    @property
    def path(self) -> str:
        return f"/users/{quote(self.address, safe='@')}"

    @property
    def events(self) -> str:
        """Those of the default calendar: what was deleted, or lies elsewhere in the mailbox, is not among them."""
        return f"{self.path}/calendar/events"

    # --- everything within a window

    async def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        taken = {
            one
            async for item in self._view(start, end)
            if takes_time(item)
            if (one := self._read(busy(item, self.zone))).start < end and start < one.end
        }
        return tuple(sorted(taken, key=lambda one: (one.start, one.end, one.tentative)))

    def _read(self, one: Busy | None) -> Busy:
        if one is None:  # must not pass for free time
            raise CalendarRefused(self.session.person, "an event whose times cannot be read")
        return one

    async def _view(self, start: datetime, end: datetime) -> AsyncIterator[Values]:
        query = {
            "startDateTime": stamp(start - _SLACK),
            "endDateTime": stamp(end + _SLACK),
            "$select": _SHOWN,
            "$expand": WITH_PROPERTIES,
            "$top": str(_A_PAGE),
        }
        async for item in self.pages(f"{self.path}/calendarView", query):
            is_ours = text(item, "transactionId").startswith(TRANSACTION)
            complete = await self._complete(item) if is_ours else item
            if complete is not None:
                yield complete

    async def ours(self, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        known = [our_event(item, self.zone) for item in await self._marked(ALL_OF_OURS)]
        within = {one.uid: one for one in known if one is not None and start <= one.start < end}
        return tuple(sorted(within.values(), key=lambda one: (one.start, one.uid)))

    async def of_these(self, uids: Collection[str]) -> list[Values]:
        """Give the events of these UIDs, and perhaps more, with their properties.

        Of a few, each is asked for: what somebody has had in interviews over the years is a long list.
        """
        if len(uids) > _FEW:
            return await self._marked(ALL_OF_OURS)
        each = await asyncio.gather(*(self._marked(with_uid(uid)) for uid in uids))
        return [item for items in each for item in items]

    async def _marked(self, by: str) -> list[Values]:
        query = {"$filter": by, "$select": _OURS, "$expand": WITH_PROPERTIES, "$top": str(_A_PAGE)}
        items = [await self._complete(item) async for item in self.pages(self.events, query)]
        return [item for item in items if item is not None]

    async def _complete(self, item: Values) -> Values | None:
        """Fetch one's properties where the list has left them out: that lists give them is not documented.

        None: it is gone by now.
        """
        if properties(item) is not None:
            return item
        reply = await self.session.ask(
            "GET",
            self.event(text(item, "id")),
            expect={codes.OK, *ABSENT},
            query={"$expand": WITH_PROPERTIES},
            headers=wishes(),
        )
        return reply.body if reply.status == codes.OK else None

    async def pages(self, path: str, query: Mapping[str, str]) -> AsyncIterator[Values]:
        """Give the items of all pages. Of a link to the next only the parameters are taken: our token goes nowhere."""
        following: Mapping[str, str] | None = query
        for _ in range(_MOST_PAGES):
            if following is None:
                return
            reply = await self.session.ask("GET", path, expect={codes.OK}, query=following, headers=wishes())
            items, following = reply.body.get("value"), parameters(reply.body, "@odata.nextLink")
            if not isinstance(items, list):
                raise CalendarRefused(self.session.person, "an answer that is no list")
            for item in items:
                if not isinstance(item, dict):
                    raise CalendarRefused(self.session.person, "an answer that is no list of events")
                yield item
        if following is not None:
            raise CalendarRefused(self.session.person, "a calendar with too many events")

    # --- one event of ours

    async def of_uid(self, uid: str) -> list[Values]:
        """Give the events of this UID, the eldest first. A mailbox that is not there is trouble, never an empty list.

        Without $select: it does not know when an event was made, and what comes along is our own. Graph compares values
        in any case, and takes r7.P1 for r7.p1.
        """
        query = {"$filter": with_uid(uid), "$expand": WITH_PROPERTIES}
        items = [await self._complete(item) async for item in self.pages(self.events, query)]
        same = [item for item in items if item is not None and uid_of(item) in (uid, None)]
        same.sort(key=lambda item: (text(item, "createdDateTime"), text(item, "id")))
        return same

    async def create(self, said: Values) -> Reply:
        expect = {codes.OK, codes.CREATED, codes.CONFLICT}
        return await self.session.ask("POST", self.events, expect=expect, body=said, headers=wishes())

    async def update(self, id_: str, said: Values, etag: str | None) -> Reply:
        expect = {codes.OK, *ABSENT, *_CHANGED}
        return await self.session.ask("PATCH", self.event(id_), expect=expect, body=said, headers=wishes(etag))

    async def delete(self, id_: str, etag: str | None) -> Reply:
        expect = {codes.OK, codes.NO_CONTENT, *ABSENT, *_CHANGED}
        return await self.session.ask("DELETE", self.event(id_), expect=expect, headers=wishes(etag))

    def event(self, id_: str) -> str:
        return f"{self.path}/events/{quote(id_, safe='')}"


@dataclass
class Place:
    """Fulfils `adapters.keeping.Place`: the event that bears our UID among its properties."""

    mailbox: Mailbox
    uid: str
    _attempts: int = 0
    _refused: set[str] = field(default_factory=set)
    """Etags that were taken for outdated. One that is still there then is no precondition that Graph understands."""

    @property
    def person(self) -> str:
        return self.mailbox.session.person

    async def look(self, *, gone_matters: bool = False) -> GraphFound | None:
        """Give the eldest. A twin of it goes: one that an attempt of ours made that nobody waited for any more.

        A copy that its owner made is a twin until they move it; from then on it is theirs.
        """
        del gone_matters
        there = [read_event(item, self.mailbox.zone) for item in await self.mailbox.of_uid(self.uid)]
        for twin in there[1:]:
            if twin.written is not None and not twin.edited:
                await self.delete(twin)
        return there[0] if there else None

    async def write(self, event: CalendarEvent, interview: InterviewId, found: GraphFound | None) -> Wrote:
        said = body(event, interview)
        if found is None:
            # Seen or not, and answered with 201 or 409: whether it is there is what the next look says.
            await self.mailbox.create({**said, "transactionId": transaction(event, interview, self._attempts)})
            self._attempts += 1
            return "written"
        reply = await self.mailbox.update(found.id, said, self._condition(found))
        return "written" if reply.well else self._changed(reply, found)

    async def delete(self, found: GraphFound) -> Literal["deleted", "absent", "changed"]:
        reply = await self.mailbox.delete(found.id, self._condition(found))
        if reply.status in ABSENT:
            return "absent"
        return "deleted" if reply.well else self._changed(reply, found)

    def _condition(self, found: GraphFound) -> str | None:
        """Whether Graph heeds If-Match here is not documented; so look before and after, too."""
        return None if found.etag in self._refused else found.etag

    def _changed(self, reply: Reply, found: GraphFound) -> Literal["changed"]:
        if reply.status == codes.PRECONDITION_FAILED and found.etag is not None:
            self._refused.add(found.etag)
        return "changed"


def parameters(said: Values, link: str) -> Mapping[str, str] | None:
    """Give what a link asks for; None where there is no link. Where it leads is not believed, nor even read."""
    url = text(said, link)
    return dict(parse_qsl(url.partition("?")[2].partition("#")[0])) if url else None


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def wishes(etag: str | None = None) -> Mapping[str, str]:
    return {"Prefer": PREFERENCES} | ({"If-Match": etag} if etag else {})
