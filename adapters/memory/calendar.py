"""Calendars in memory, with the manners of a real server: for tests, and for trying Entrevue out without one."""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

from activities.calendar import (
    Busy,
    CalendarUnavailable,
    Changes,
    Ensured,
    EventState,
    Listening,
    OurEvent,
    OwnerAnswer,
    Removed,
    Watched,
)
from entrevue.values import CalendarEvent, InterviewId, PersonId, Who


@dataclass(frozen=True)
class _Entry:
    """An event as it stands, and the version of it that Entrevue wrote last."""

    written: CalendarEvent
    interview: InterviewId
    start: datetime
    end: datetime
    summary: str
    cancelled: bool
    answer: OwnerAnswer
    etag: str

    @property
    def moved(self) -> bool:
        return (self.start, self.end) != (self.written.slot.start, self.written.slot.end)

    @property
    def edited(self) -> bool:
        return self.moved or self.cancelled != self.written.cancelled


class MemoryCalendar:
    """Everybody's calendars. `down` makes every call fail as a server does that cannot be reached."""

    def __init__(self) -> None:
        self.down = False
        self._entries: dict[tuple[PersonId, str], _Entry] = {}
        self._busy: defaultdict[PersonId, list[Busy]] = defaultdict(list)
        self._versions = 0
        self._log: list[tuple[PersonId, str]] = []
        """Whose event of which UID was changed or deleted, in order; of what is not ours, no UID."""

    # --- as Entrevue sees them

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self._reach(person)
        ours = [
            Busy(start=entry.start, end=entry.end, tentative=entry.answer == "tentative", interview=entry.interview)
            for (owner, _), entry in self._entries.items()
            if owner == person and not entry.cancelled and entry.answer != "declined"
        ]
        return tuple(
            sorted(
                (one for one in (*self._busy[person], *ours) if one.start < end and start < one.end),
                key=lambda one: (one.start, one.end),
            )
        )

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        self._reach(person)
        entry = self._entries.get((person, event.uid))
        if entry is None:
            if etag is not None:
                return Ensured(outcome="gone")
            return Ensured(outcome="created", etag=self._write(person, event, interview))
        if entry.written.sequence > event.sequence:
            return Ensured(outcome="superseded", etag=entry.etag)
        if not entry.edited and _content(entry.written) == _content(event):
            return Ensured(outcome="already_there", etag=entry.etag)
        if entry.edited and etag != entry.etag:
            return Ensured(outcome="edited_by_person", etag=entry.etag)
        return Ensured(outcome="updated", etag=self._write(person, event, interview))

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        self._reach(person)
        entry = self._entries.get((person, uid))
        if entry is None or entry.written.sequence > sequence:
            return Removed(outcome="already_gone")
        if entry.moved and etag != entry.etag:
            return Removed(outcome="edited_by_person")
        self._delete(person, uid)
        return Removed(outcome="removed")

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        self._reach(person)
        entry = self._entries.get((person, uid))
        if entry is None:
            return None
        return EventState(
            start=entry.start,
            end=entry.end,
            sequence=entry.written.sequence,
            summary=entry.summary,
            cancelled=entry.cancelled,
            etag=entry.etag,
            moved=entry.moved,
            answer=entry.answer,
        )

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        self._reach(person)
        found = [
            OurEvent(uid=uid, interview=entry.interview, sequence=entry.written.sequence, start=entry.start)
            for (owner, uid), entry in self._entries.items()
            if owner == person and start <= entry.start < end
        ]
        return tuple(sorted(found, key=lambda one: (one.start, one.uid)))

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        self._reach(person)
        now = str(len(self._log))
        if cursor is None or not cursor.isdecimal() or int(cursor) > len(self._log):
            return Changes(cursor=now, everything=True, touched=uids, others=True)
        changed = {uid for owner, uid in self._log[int(cursor) :] if owner == person}
        return Changes(
            cursor=now,
            touched=tuple(uid for uid in uids if uid in changed),
            others=bool(changed.difference(uids)),
        )

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        """Memory calls nobody."""
        del person, held
        return None

    async def hang_up(self, person: PersonId, held: str) -> None:
        pass

    # --- as their owners use them

    def add_busy(self, person: PersonId, *busy: Busy) -> None:
        """Put something of the person's own into their calendar."""
        self._busy[person].extend(busy)
        self._log.append((person, ""))

    def move(self, person: PersonId, uid: str, start: datetime) -> None:
        """Drag one of our events to another time."""
        entry = self._entries[person, uid]
        self._touch(person, uid, replace(entry, start=start, end=start + (entry.end - entry.start)))

    def rename(self, person: PersonId, uid: str, summary: str) -> None:
        self._touch(person, uid, replace(self._entries[person, uid], summary=summary))

    def cancel(self, person: PersonId, uid: str) -> None:
        self._touch(person, uid, replace(self._entries[person, uid], cancelled=True))

    def answer(self, person: PersonId, uid: str, answer: OwnerAnswer) -> None:
        """Accept or decline, as calendar programs offer it for events that name their owner."""
        self._touch(person, uid, replace(self._entries[person, uid], answer=answer))

    def delete(self, person: PersonId, uid: str) -> None:
        self._delete(person, uid)

    def _delete(self, person: PersonId, uid: str) -> None:
        del self._entries[person, uid]
        self._log.append((person, uid))

    def _reach(self, person: PersonId) -> None:
        if self.down:
            raise CalendarUnavailable(person, "ConnectError")

    def _write(self, person: PersonId, event: CalendarEvent, interview: InterviewId) -> str:
        """A new time is a new question; at the time that they answered for, their answer holds."""
        slot, before = event.slot, self._entries.get((person, event.uid))
        stays = before is not None and (before.start, before.end) == (slot.start, slot.end)
        entry = _Entry(
            written=event,
            interview=interview,
            start=slot.start,
            end=slot.end,
            summary=event.summary,
            cancelled=event.cancelled,
            answer=before.answer if before and stays else "needs_action",
            etag="",
        )
        return self._touch(person, event.uid, entry)

    def _touch(self, person: PersonId, uid: str, entry: _Entry) -> str:
        self._versions += 1
        etag = f'"{self._versions}"'
        self._entries[person, uid] = replace(entry, etag=etag)
        self._log.append((person, uid))
        return etag


def _content(event: CalendarEvent) -> CalendarEvent:
    """Give what makes two versions one and the same: all but DTSTAMP, and the zone that no calendar is told."""
    return event.model_copy(update={"stamp": event.slot.start, "slot": event.slot.model_copy(update={"zone": "UTC"})})


class MemoryWatchers:
    """Nobody watches: it is remembered who should. Tests play the watcher, or bring the real one."""

    def __init__(self) -> None:
        self.watched: dict[tuple[PersonId, InterviewId, Who], Watched] = {}

    async def watch(self, person: PersonId, event: Watched) -> None:
        self.watched[person, event.interview, event.who] = event

    async def unwatch(self, person: PersonId, interview: InterviewId, who: Who, sequence: int) -> None:
        event = self.watched.get((person, interview, who))
        if event is not None and event.sequence <= sequence:
            del self.watched[person, interview, who]
