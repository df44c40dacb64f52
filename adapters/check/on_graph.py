"""What Microsoft Graph really does with an event: much of what writing could rely on is not documented."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

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
from adapters.graph.calendars import GraphCalendars
from adapters.graph.events import WITH_PROPERTIES, body, etag, moment, properties, text, transaction, uid_of
from adapters.graph.mailbox import Mailbox, stamp
from adapters.graph.rooms import uid_of_room
from adapters.rest import Reply


@dataclass
class GraphProvider(OverRest[GraphCalendars]):
    """`rooms`: the mailbox of the Teams meetings, whoever is asked about."""

    _ids: list[str] = field(default_factory=list)
    """Of what was made here and may be there still."""
    _etag: str = ""

    def honours(self) -> Sequence[Check]:
        return (
            Check("create", self._create, vital=True),
            Check("our properties", self._properties, vital=True),
            Check("transaction ids", self._transaction),
            Check("If-Match on changes", self._if_match_changing),
            Check("If-Match on deletes", self._if_match_deleting),
            Check("deleted transactions", self._deleted_transaction),
            *((Check("Teams rooms", self._room),) if self.rooms else ()),
        )

    async def move(self, uid: str, start: datetime) -> None:
        async with self._reach() as mailbox:
            for item in (await mailbox.of_uid(uid))[:1]:
                length = an_event(uid).slot.end - an_event(uid).slot.start
                said = {"start": moment(start), "end": moment(start + length)}
                await mailbox.update(text(item, "id"), said, None)

    async def clear(self) -> int:
        cleared = 0
        async with self._reach() as mailbox:
            while self._ids:
                cleared += (await mailbox.delete(self._ids[-1], None)).well
                self._ids.pop()
        return cleared

    # --- the checks

    async def token(self) -> Finding:
        async with self._reach() as mailbox:
            await mailbox.session.tokens.of(self.person, mailbox.session.subject)
        return Finding("Microsoft gives our app one")

    async def _create(self) -> Finding:
        async with self._reach() as mailbox:
            reply = await self._post(mailbox)
        if not reply.well:
            return Finding(f"status {reply.status}", "fails", "run it again; if it stays so, tell us")
        self._etag = etag(reply.body)
        return Finding("an event without attendees, of which Microsoft tells nobody")

    async def _properties(self) -> Finding:
        async with self._reach() as mailbox:
            found = await mailbox.of_uid(self.uid)
        if not found or not properties(found[0]):
            return Finding("not kept, or not found by", "fails", "Entrevue could not tell its events from others")
        return Finding("kept, and found by: our events are told from others")

    async def _transaction(self) -> Finding:
        async with self._reach() as mailbox:
            reply = await self._post(mailbox)
            found = await mailbox.of_uid(self.uid)
        if len(found) == 1:
            return Finding(f"heeded (status {reply.status}): a repetition makes no second event")
        return Finding("not heeded: a second event is found by our properties, and taken away", "without")

    async def _if_match_changing(self) -> Finding:
        async with self._reach() as mailbox:
            stale = self._etag
            changed = await mailbox.update(self._ids[0], {"subject": "Entrevue tries out this calendar, still"}, None)
            self._etag = etag(changed.body)
            reply = await mailbox.update(self._ids[0], {"subject": "Entrevue tries out this calendar"}, stale)
        if reply.well:
            return Finding(f"not heeded: {BESIDE}", "without")
        return Finding(f"heeded (status {reply.status}): nothing is overwritten unseen")

    async def _if_match_deleting(self) -> Finding:
        async with self._reach() as mailbox:
            reply = await mailbox.delete(self._ids[0], 'W/"bmV2ZXIgd2Fz"')
        if reply.well:
            return Finding(f"not heeded: {BESIDE}", "without")
        return Finding(f"heeded (status {reply.status}): nothing is deleted unseen")

    async def _deleted_transaction(self) -> Finding:
        async with self._reach() as mailbox:
            for item in await mailbox.of_uid(self.uid):
                await mailbox.delete(text(item, "id"), None)
            reply = await self._post(mailbox)
            found = await mailbox.of_uid(self.uid)
            for item in found:
                await mailbox.delete(text(item, "id"), None)
        if found:
            return Finding("forgotten with their events: what was deleted can be made anew")
        return Finding(f"remembered (status {reply.status}): a new event gets one of its own", "without")

    async def _room(self) -> Finding:
        await self._clear_rooms()
        try:
            await patiently(self.calendar.room, self.uid, LONG_AGO)
        finally:
            await self._clear_rooms()
        return Finding("Microsoft gives a link; the event that it hung on is gone again")

    async def _clear_rooms(self) -> None:
        """Those of earlier runs as far as lists give our properties; that they do is not documented."""
        if self.rooms is None:
            return
        around = {"startDateTime": stamp(LONG_AGO - HOUR), "endDateTime": stamp(LONG_AGO + HOUR)}
        async with self.rooms.reach(self.person) as mailbox:
            query = {**around, "$select": "id", "$expand": WITH_PROPERTIES}
            found = [item async for item in mailbox.pages(f"{mailbox.path}/calendarView", query)]
            found = [one for one in found if (uid_of(one) or "").startswith(f"{INTERVIEW}-")]
            for item in [*found, *await mailbox.of_uid(uid_of_room(self.uid))]:
                await mailbox.delete(text(item, "id"), None)

    async def _post(self, mailbox: Mailbox) -> Reply:
        event = an_event(self.uid)
        reply = await mailbox.create({**body(event, INTERVIEW), "transactionId": transaction(event, INTERVIEW, 0)})
        if reply.well and (made := text(reply.body, "id")) not in self._ids:
            self._ids.append(made)
        return reply

    def _reach(self) -> AbstractAsyncContextManager[Mailbox]:
        return self.calendar.reach(self.person)
