"""One calendar at Google, and the requests that we make of it (v3/reference/events)."""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import quote

from httpx2 import codes
from pydantic import JsonValue

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable, OurEvent, OwnerAnswer
from adapters.google.events import (
    OF_OTHERS,
    OF_OURS,
    UID,
    GoogleEvent,
    event_body,
    generation_of,
    id_of,
    interview_of,
    parsed,
    stored,
    taken,
)
from adapters.google.settings import GoogleAccount
from adapters.google.times import stamp
from adapters.keeping import Wrote
from adapters.rest import Reply, RestSession, Values
from adapters.web import ABSENT
from adapters.written import Found, Written
from entrevue.values import CalendarEvent, EmailAddress, InterviewId, PersonId

LARGEST_PAGE: Final = "2500"
PAGE: Final = "kind,nextPageToken"
"""What is asked for of a page besides its items."""
_LIST: Final = "calendar#events"
_MOST_PAGES = 40
_MOST_GENERATIONS = 100
_TOO_OFTEN: Final = "an event that was taken out and put back too often"
_SLACK = timedelta(hours=26)
"""Google compares days with instants by a zone of its own choosing. So ask for more, and judge ourselves."""


@dataclass
class Manners:
    """What Google has shown of its ways since this process began."""

    asks: bool = True
    """False: it answers in the owner's stead when we ask them, so that their answer would be nobody's."""


@dataclass(frozen=True)
class GoogleCalendar:
    session: RestSession
    account: GoogleAccount
    asked: EmailAddress | None
    """The owner, where Google lets us ask them."""
    send_updates: str
    manners: Manners

    @property
    def person(self) -> PersonId:
        return self.session.person

    @property
    def path(self) -> str:
        return f"/calendars/{quote(self.account.address, safe='')}/events"

    # --- everything within a window

    async def busy(self, start: datetime, end: datetime) -> tuple[Busy, ...]:
        """An event that cannot be read must not pass for free time."""
        found = list[Busy]()
        async for event in self._within(start, end, OF_OTHERS, single="true"):
            with self._readable():
                busy = taken(event, self.person, self.account.in_zone)
            if busy is not None and busy.start < end and start < busy.end:
                found.append(busy)
        return tuple(sorted(found, key=lambda one: (one.start, one.end)))

    async def ours(self, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        found = list[OurEvent]()
        fields = "id,status,start,end,recurringEventId,extendedProperties/private"
        async for event in self._within(start, end, fields, single="false"):
            if event.deleted or event.recurring_event_id is not None or event.written is None:
                continue
            with self._readable():
                starts, _ = event.span(self.account.in_zone)
                interview = interview_of(event, self.person, starts)
                if interview is not None and start <= starts < end:
                    uid, sequence = event.extended_properties.private[UID], event.written.sequence
                    found.append(OurEvent(uid=uid, interview=interview, sequence=sequence, start=starts))
        return tuple(sorted(found, key=lambda one: (one.start, one.uid)))

    async def _within(self, start: datetime, end: datetime, fields: str, *, single: str) -> AsyncIterator[GoogleEvent]:
        query = {
            "timeMin": stamp(start - _SLACK),
            "timeMax": stamp(end + _SLACK),
            "singleEvents": single,
            "maxResults": LARGEST_PAGE,
            "maxAttendees": "1",  # of all who are invited, the owner
            "fields": f"{PAGE},items({fields})",
        }
        async for page in self.pages(query):
            for item in items(page):
                with self._readable():
                    event = GoogleEvent.model_validate(item)
                yield event

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except ValueError:  # pydantic's own among them, which say what stands there
            raise CalendarRefused(self.person, "an event that cannot be read") from None

    async def pages(self, query: Mapping[str, str], expect: Collection[int] = (codes.OK,)) -> AsyncIterator[Reply]:
        """Give a list's pages, as many as there are."""
        token: str | None = None
        for _ in range(_MOST_PAGES):
            more = {"pageToken": token} if token else {}
            page = await self.session.ask("GET", self.path, expect=expect, query={**query, **more})
            if page.well and not _is_list(page):
                raise CalendarUnavailable(self.person, "an answer that is no list")
            yield page
            token = text(page.body, "nextPageToken")
            if token is None:
                return
        raise CalendarRefused(self.person, "a calendar without an end")


@dataclass(frozen=True)
class AtGoogle(Found):
    id: str = ""
    generation: int = 0
    sequence: int = 0
    """Google's own count, which an update must not fall behind."""


@dataclass
class GooglePlace:
    """Fulfils `adapters.keeping.Place`: the events that are named after our UID, one generation after the other.

    An id that was used is burnt, also when its event is deleted: Google answers 409 to whoever inserts it again. So the
    event lives under the first id that is not burnt. Whether a deleted event can still be fetched is the server's
    business, and for how long; where it can not, the search by our own note finds the generation that lives.
    """

    calendar: GoogleCalendar
    uid: str
    _free: int = 0
    """The first generation that has never been there, as far as we know."""
    _inserted: int = -1

    @property
    def person(self) -> PersonId:
        return self.calendar.person

    async def look(self, *, gone_matters: bool = False) -> AtGoogle | None:
        """The search answers 404 where the calendar itself is absent: its absence is trouble either way."""
        del gone_matters
        found = await self._by_id() or await self._by_note()
        if found is not None and found.generation < self._inserted:
            # Google had not known yet, when it was asked, what somebody had inserted: the elder stays.
            await self._delete(id_of(self.person, self.uid, self._inserted), None)
            self._inserted = -1
        return found

    async def write(self, event: CalendarEvent, interview: InterviewId, found: AtGoogle | None) -> Wrote:
        asked = self.calendar.asked if self.calendar.manners.asks else None
        stands = found.event if found else None
        wanted = Written.of(event, interview)
        stays = stands is not None and (stands.start, stands.end) == (wanted.start, wanted.end)
        answer = (stands.answer if stays and stands else None) or "needs_action"
        body = event_body(event, interview, asked=asked, answer=answer)
        reply = await (self._insert(body) if found is None else self._update(found, body))
        if reply is None:
            return "changed"
        if asked is not None:
            await self._unless_answered(reply, event, interview, answer)
        return "written"

    async def delete(self, found: AtGoogle) -> Literal["deleted", "absent", "changed"]:
        reply = await self._delete(found.id, found.etag)
        if reply.status == codes.PRECONDITION_FAILED:
            return "changed"
        for twin in await self._noted():
            if (
                twin.id != found.id
                and twin.written
                and found.written
                and twin.written.sequence <= found.written.sequence
            ):
                await self._delete(twin.id, None)
        return "absent" if reply.status in ABSENT else "deleted"

    # --- looking

    async def _by_id(self) -> AtGoogle | None:
        for generation in range(_MOST_GENERATIONS):
            path = f"{self.calendar.path}/{id_of(self.person, self.uid, generation)}"
            reply = await self.calendar.session.ask(
                "GET", path, expect={codes.OK, *ABSENT}, query={"fields": OF_OURS, "maxAttendees": "1"}
            )
            if reply.status == codes.NOT_FOUND:
                self._free = max(self._free, generation)
                return None
            if reply.well and text(reply.body, "id") is None:
                raise CalendarUnavailable(self.person, "an answer that is no event")
            if reply.status == codes.OK and (found := self._found(reply.body, generation)) is not None:
                return found
        raise CalendarRefused(self.person, _TOO_OFTEN)

    async def _by_note(self) -> AtGoogle | None:
        return min(await self._noted(), key=lambda one: one.generation, default=None)

    async def _noted(self) -> list[AtGoogle]:
        query = {
            "privateExtendedProperty": f"{UID}={self.uid}",
            "maxAttendees": "1",
            "fields": f"{PAGE},items({OF_OURS})",
        }
        found = list[AtGoogle]()
        async for page in self.calendar.pages(query):
            for item in items(page):
                generation = generation_of(text(item, "id") or "", self.person, self.uid)
                if generation is not None and (one := self._found(item, generation)) is not None:
                    found.append(one)
        return found

    def _found(self, item: JsonValue | Values, generation: int) -> AtGoogle | None:
        """None: it is deleted."""
        event = parsed(item)
        if event is None:
            return AtGoogle(
                None, text(item, "etag"), id=id_of(self.person, self.uid, generation), generation=generation
            )
        if event.deleted:
            return None
        there = stored(event, self.person, self.uid, self.calendar.account.in_zone)
        if there is not None and not self.calendar.manners.asks:
            there = replace(there, answer=None)
        return AtGoogle(there, event.etag, event.ical_uid, event.id, generation, event.sequence)

    # --- writing

    async def _insert(self, body: Mapping[str, JsonValue]) -> Reply | None:
        """None: somebody was faster."""
        for generation in range(self._free, self._free + _MOST_GENERATIONS):
            event_id = id_of(self.person, self.uid, generation)
            reply = await self._ask("POST", self.calendar.path, {"id": event_id, **body}, {codes.CONFLICT})
            if reply.well:
                self._inserted = generation
                return reply
            if await self._by_id() is not None:
                return None
        raise CalendarRefused(self.person, _TOO_OFTEN)

    async def _update(self, found: AtGoogle, body: Mapping[str, JsonValue]) -> Reply | None:
        """Where the count is left out, Google takes it for 0, and refuses it once the event has been moved."""
        path = f"{self.calendar.path}/{found.id}"
        refusals = {codes.CONFLICT, codes.PRECONDITION_FAILED, *ABSENT}
        reply = await self._ask("PUT", path, {**body, "sequence": found.sequence}, refusals, found.etag)
        return reply if reply.well else None

    async def _delete(self, event_id: str, etag: str | None) -> Reply:
        return await self._ask(
            "DELETE", f"{self.calendar.path}/{event_id}", None, {codes.PRECONDITION_FAILED, *ABSENT}, etag
        )

    async def _unless_answered(
        self, reply: Reply, event: CalendarEvent, interview: InterviewId, answer: OwnerAnswer
    ) -> None:
        """Ask the owner no more where Google answers for them: an answer that nobody gave would count as theirs.

        What becomes of somebody's own place among the guests of their own event is documented nowhere.
        """
        event_now = parsed(reply.body)
        if event_now is None or answer != "needs_action" or event_now.answer in (None, "needsAction"):
            return
        self.calendar.manners.asks = False
        found = AtGoogle(None, event_now.etag, id=event_now.id, sequence=event_now.sequence)
        await self._update(found, event_body(event, interview))

    async def _ask(
        self, method: str, path: str, body: Values | None, refusals: Collection[int], etag: str | None = None
    ) -> Reply:
        """`If-Match`: guides/version-resources, which has it for all ways of changing an event."""
        return await self.calendar.session.ask(
            method,
            path,
            expect={codes.OK, codes.CREATED, codes.NO_CONTENT, *refusals},
            query={"sendUpdates": self.calendar.send_updates},
            body=body,
            headers={"If-Match": etag} if etag else None,
        )


# --- answers ---------------------------------------------------------------------------------------------------------


def items(reply: Reply) -> list[JsonValue]:
    found = reply.body.get("items")
    return found if isinstance(found, list) else []


def _is_list(reply: Reply) -> bool:
    """Whatever else is answered with 200 says nothing about what there is. An empty list may be left out."""
    return isinstance(reply.body.get("items", [] if reply.body.get("kind") == _LIST else None), list)


def text(item: JsonValue | Values, name: str) -> str | None:
    found = item.get(name) if isinstance(item, Mapping) else None
    return found if isinstance(found, str) and found else None
