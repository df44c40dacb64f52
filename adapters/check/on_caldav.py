"""What a CalDAV server really does with an event: what it advertises, and what its makers believe, is not enough."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import icalendar
from httpx2 import URL, codes

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.caldav.calendars import CalDav
from adapters.caldav.collection import Collection, unless_changed
from adapters.check.trial import BESIDE, INTERVIEW, Check, Finding, an_event
from adapters.ical.events import event_text
from adapters.ical.objects import parsing
from entrevue.values import PersonId

_UID: Final = "entrevue-probe"
_TWIN: Final = "entrevue-probe-twin"

_REMEDIES: Final = {
    "status 401": "the server does not take this name and password: see ENTREVUE_CALDAV__USERNAME and …__PASSWORD",
    "status 403": "let this user read and write the events of this calendar (the server says that it may not)",
    "status 404": "there is nothing at this address: enter that of the calendar itself",
    "status 405": "this is no CalDAV server, or not the calendar's address on it",
    "ConnectError": "nothing answers there: look at the address, the network and the server's certificate",
}


@dataclass(frozen=True)
class CalDavProvider:
    """Fulfils `adapters.check.trial.Provider`."""

    calendar: CalDav
    person: PersonId

    def first(self) -> Sequence[Check]:
        return (Check("find the calendar", self._found, vital=True),)

    def honours(self) -> Sequence[Check]:
        return (
            Check("X- properties", self._notes, vital=True),
            Check("If-None-Match", self._if_none_match),
            Check("If-Match", self._if_match),
            Check("one object a UID", self._twin),
            Check("etags", self._etags, vital=True),
            Check("sync tokens", self._syncs),
            Check("scheduling", self._schedules),
        )

    async def move(self, uid: str, start: datetime) -> None:
        async with self._reach() as collection:
            found = await collection.session.ask("GET", collection.address(uid), expect={codes.OK})
            condition = {"If-Match": found.etag} if found.etag and not found.etag.startswith("W/") else {}
            answer = await collection.put(uid, _moved(found.body, start), condition)
            _needed(collection, answer.status)

    async def clear(self) -> int:
        async with self._reach() as collection:
            return sum([await _gone(collection, uid) for uid in (_TWIN, _UID)])

    def remedy(self, trouble: CalendarRefused | CalendarUnavailable) -> str:
        said = str(trouble).partition(": ")[2]
        if isinstance(trouble, CalendarUnavailable):
            return _REMEDIES.get(said, "run it again in a while; it may pass by itself")
        return _REMEDIES.get(said, "")

    # --- the checks

    async def _found(self) -> Finding:
        calendars = await self.calendar.discover(self.person)
        try:
            async with self._reach() as collection:
                there = collection.calendar
        except CalendarRefused:
            if len(calendars) < 2:  # noqa: PLR2004  # which one is meant is the question only where there are several
                raise
            paths = ", ".join(URL(one.url).path for one in calendars)
            return Finding(f"{len(calendars)} calendars: {paths}", "fails", "enter the address of one of them")
        which = "one calendar" if len(calendars) == 1 else f"of {len(calendars)} calendars the one that is meant"
        if not there.writable:
            return Finding(f"{which}, which may not be written", "without")
        return Finding(f"{which}, which may be written")

    async def _notes(self) -> Finding:
        async with self._reach() as collection:
            await _gone(collection, _UID)
            created = await collection.put(_UID, _text(0), {"If-None-Match": "*"})
            _needed(collection, created.status)
            found = await collection.look(_UID)
        if found is None or found.written is None:
            remedy = "Entrevue could not tell its events from others: take another server (RFC 4791, 5.3.3)"
            return Finding("not kept", "fails", remedy)
        return Finding("kept: what we note in an event comes back")

    async def _if_none_match(self) -> Finding:
        async with self._reach() as collection:
            over = await collection.put(_UID, _text(1), {"If-None-Match": "*"})
        return _honoured(not codes.is_success(over.status), "heeded: nothing is overwritten unseen")

    async def _if_match(self) -> Finding:
        async with self._reach() as collection:
            stale = await collection.put(_UID, _text(1), {"If-Match": '"never-was"'})
        return _honoured(not codes.is_success(stale.status), "heeded: nothing is overwritten unseen")

    async def _twin(self) -> Finding:
        async with self._reach() as collection:
            twin = await collection.put(_TWIN, _text(0), {"If-None-Match": "*"})
            await _gone(collection, _TWIN)
        if codes.is_success(twin.status):
            return Finding("a second one is taken: writing goes by the object's name", "without")
        return Finding("a second one is refused")

    async def _etags(self) -> Finding:
        async with self._reach() as collection:
            await _gone(collection, _UID)
            created = await collection.put(_UID, _text(2), {"If-None-Match": "*"})
            found = await collection.look(_UID)
            await _gone(collection, _UID)
        if found is None or found.etag is None:
            remedy = "what its owner has edited could never be overwritten, even when they agree: take another server"
            return Finding("none", "fails", remedy)
        if found.etag.startswith("W/"):
            return Finding("weak ones: writing cannot be conditional, and looks before and after", "without")
        if created.etag in (None, found.etag):
            return Finding("strong, and those of what is stored")
        return Finding("not those of what is stored: they are read", "without")

    async def _syncs(self) -> Finding:
        async with self._reach() as collection:
            if collection.calendar.syncs:
                return Finding("offered: it says what changed since the last look")
        return Finding("none: each look compares the list of all objects", "without")

    async def _schedules(self) -> Finding:
        async with self._reach() as collection:
            if await collection.schedules():
                return Finding("it mails invitations by itself: our events tell it to leave that to us")
        return Finding("it mails nobody by itself")

    def _reach(self) -> AbstractAsyncContextManager[Collection]:
        return self.calendar.reach(self.person)


def _honoured(heeded: bool, said: str) -> Finding:  # noqa: FBT001  # which of the two it is is all there is to say
    return Finding(said) if heeded else Finding(f"not heeded: {BESIDE}", "without")


def _needed(collection: Collection, status: int) -> None:
    if not codes.is_success(status):
        raise CalendarRefused(collection.session.person, f"status {status}")


async def _gone(collection: Collection, uid: str) -> bool:
    """Take our own object away; the name is ours alone, so whatever lies there is."""
    found = await collection.look(uid)
    if found is not None:
        await collection.delete(uid, unless_changed(found))
    return found is not None


def _moved(text: bytes, start: datetime) -> str:
    with parsing():
        calendar = icalendar.Calendar.from_ical(text)
        event = calendar.events[0]
        length = event.end - event.start
        event["DTSTART"], event["DTEND"] = icalendar.vDDDTypes(start), icalendar.vDDDTypes(start + length)
        event["SEQUENCE"] = event.sequence + 1
        moved: bytes = calendar.to_ical()
    return moved.decode()


def _text(sequence: int) -> str:
    return event_text(an_event(_UID, sequence), INTERVIEW)
