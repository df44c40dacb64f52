"""What Google Calendar really does with an event: what its documentation promises, and what it leaves open."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from httpx2 import codes

from adapters.check.trial import (
    BESIDE,
    HOUR,
    INTERVIEW,
    LONG_AGO,
    Check,
    Finding,
    OverRest,
    an_event,
    patiently,
)
from adapters.google.calendars import ROOMS, GoogleCalendars
from adapters.google.events import UID, event_body, id_of, parsed
from adapters.google.requests import GoogleCalendar, GooglePlace, items, text
from adapters.google.rooms import SUMMARY
from adapters.google.times import stamp
from adapters.rest import Reply, Values
from adapters.web import ABSENT


@dataclass
class GoogleProvider(OverRest[GoogleCalendars]):
    """`rooms`: the calendar of the Meet rooms, as that of `ROOMS`."""

    _made: set[str] = field(default_factory=set)
    """Ids of what was made here and may be there still."""
    _etag: str | None = None

    def honours(self) -> Sequence[Check]:
        return (
            Check("create", self._create, vital=True),
            Check("our properties", self._properties, vital=True),
            Check("create once more", self._create_again),
            Check("If-Match", self._if_match),
            Check("deleted ids", self._burnt),
            *((Check("Meet rooms", self._room),) if self.rooms else ()),
        )

    async def move(self, uid: str, start: datetime) -> None:
        async with self._reach() as calendar:
            found = await GooglePlace(calendar, uid).look()
            if found is not None:
                length = an_event(uid).slot.end - an_event(uid).slot.start
                await self._patch(calendar, found.id, _times(start, length))

    async def clear(self) -> int:
        cleared = 0
        async with self._reach() as calendar:
            while self._made:
                event_id = min(self._made)
                cleared += (await self._delete(calendar, event_id)).well
                self._made.discard(event_id)
        return cleared

    # --- the checks

    async def token(self) -> Finding:
        async with self._reach() as calendar:
            await calendar.session.tokens.of(self.person, calendar.session.subject)
        if calendar.asked:
            return Finding("Google gives one that acts for the owner")
        return Finding("Google gives one that acts for the service account alone")

    async def _create(self) -> Finding:
        async with self._reach() as calendar:
            reply = await self._insert(calendar)
            if not reply.well:
                return Finding(f"status {reply.status}", "fails", "run it again; if it stays so, tell us")
            self._etag = text(reply.body, "etag")
        return Finding("under an id of our own")

    async def _properties(self) -> Finding:
        async with self._reach() as calendar:
            query = {"privateExtendedProperty": f"{UID}={self.uid}", "fields": "items(id,extendedProperties/private)"}
            reply = await calendar.session.ask("GET", calendar.path, query=query)
        found = [event for item in items(reply) if (event := parsed(item)) is not None]
        if [one.extended_properties.private.get(UID) for one in found] != [self.uid]:
            return Finding("not kept, or not found by", "fails", "Entrevue could not tell its events from others")
        return Finding("kept, and found by: our events are told from others")

    async def _create_again(self) -> Finding:
        async with self._reach() as calendar:
            reply = await self._insert(calendar)
        if reply.status == codes.CONFLICT:
            return Finding("refused (status 409): a repetition makes no second event")
        return Finding(f"answered with status {reply.status}: {BESIDE}", "without")

    async def _if_match(self) -> Finding:
        async with self._reach() as calendar:
            await self._patch(calendar, self._id, {"location": "nowhere"})
            reply = await self._patch(calendar, self._id, {"location": ""}, self._etag)
        if reply.status == codes.PRECONDITION_FAILED:
            return Finding("heeded (status 412): nothing is overwritten unseen")
        return Finding(f"not heeded: {BESIDE}", "without")

    async def _burnt(self) -> Finding:
        async with self._reach() as calendar:
            await self._delete(calendar, self._id)
            reply = await self._insert(calendar)
            await self._delete(calendar, self._id)
        if reply.status == codes.CONFLICT:
            return Finding("stay taken (status 409): what is booked anew gets the next one")
        return Finding(f"can be used again (status {reply.status}): Entrevue takes whichever is free", "without")

    async def _room(self) -> Finding:
        await self._clear_rooms()
        try:
            await patiently(self.calendar.room, self.uid, LONG_AGO)
        finally:
            await self._clear_rooms()
        return Finding("Google gives a link; the event that it hung on is gone again")

    async def _clear_rooms(self) -> None:
        """They bear no note of ours. No other has been made for so long ago."""
        if self.rooms is None:
            return
        query = {"timeMin": stamp(LONG_AGO - HOUR), "timeMax": stamp(LONG_AGO + HOUR), "fields": "items(id,summary)"}
        async with self.rooms.reach(ROOMS) as calendar:
            reply = await calendar.session.ask("GET", calendar.path, query=query)
            for item in items(reply):
                if text(item, "summary") == SUMMARY and (event_id := text(item, "id")):
                    await self._delete(calendar, event_id)

    # --- requests

    async def _insert(self, calendar: GoogleCalendar) -> Reply:
        body: Values = {"id": self._id, **event_body(an_event(self.uid), INTERVIEW)}
        self._made.add(self._id)
        return await _ask(calendar, "POST", calendar.path, body, expect={codes.CONFLICT})

    async def _patch(self, calendar: GoogleCalendar, event_id: str, said: Values, etag: str | None = None) -> Reply:
        return await _ask(
            calendar, "PATCH", f"{calendar.path}/{event_id}", said, expect={codes.PRECONDITION_FAILED}, etag=etag
        )

    async def _delete(self, calendar: GoogleCalendar, event_id: str) -> Reply:
        return await _ask(calendar, "DELETE", f"{calendar.path}/{event_id}", None, expect=ABSENT)

    @property
    def _id(self) -> str:
        return id_of(self.person, self.uid, 0)

    def _reach(self) -> AbstractAsyncContextManager[GoogleCalendar]:
        return self.calendar.reach(self.person)


async def _ask(
    calendar: GoogleCalendar,
    method: str,
    path: str,
    body: Values | None,
    *,
    expect: Collection[int],
    etag: str | None = None,
) -> Reply:
    return await calendar.session.ask(
        method,
        path,
        expect={codes.OK, codes.CREATED, codes.NO_CONTENT, *expect},
        query={"sendUpdates": "none"},
        body=body,
        headers={"If-Match": etag} if etag else None,
    )


def _times(start: datetime, length: timedelta) -> Values:
    return {"start": {"dateTime": stamp(start)}, "end": {"dateTime": stamp(start + length)}}
