"""A ledger and a journal that live as long as the process: for tests and for trying things out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from activities.journal import JournalGap
from activities.ledger import Claimed
from entrevue.orders import JournalEntry
from entrevue.values import InterviewId, PersonId, digest


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """What one key holds."""

    interview: InterviewId
    people: frozenset[PersonId]
    start: datetime
    end: datetime
    minutes: int
    hold_until: datetime | None

    def expired(self, now: datetime) -> bool:
        return self.hold_until is not None and self.hold_until <= now

    def reaches_into(self, people: frozenset[PersonId], start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end and not self.people.isdisjoint(people)


class MemoryLedger:
    """Nothing in here awaits, so each call is atomic on its event loop."""

    def __init__(self) -> None:
        self._claims: dict[str, _Claim] = {}
        self._released: dict[str, datetime] = {}

    async def claim(
        self,
        *,
        key: str,
        interview: InterviewId,
        people: Sequence[PersonId],
        start: datetime,
        end: datetime,
        minutes: int,
        replaces: str | None,
        now: datetime,
        hold_until: datetime | None = None,
    ) -> frozenset[PersonId]:
        panel = frozenset(people)
        if key in self._released:
            return panel
        there = {other for other, claim in self._claims.items() if claim.reaches_into(panel, start, end)}
        for expired in [other for other in there if self._claims[other].expired(now)]:
            there.remove(expired)
            del self._claims[expired]
        before = self._claims.pop(key, None)
        wanted = _Claim(
            interview=interview, people=panel, start=start, end=end, minutes=minutes, hold_until=hold_until
        )
        if before is None or replace(before, hold_until=hold_until) != wanted:
            no_obstacle = {key}
            if replaces in self._claims and self._claims[replaces].interview == interview:
                no_obstacle.add(replaces)
            if taken := there - no_obstacle:
                return frozenset(person for other in taken for person in self._claims[other].people & panel)
        self._claims[key] = wanted
        return frozenset()

    async def held(self, key: str) -> tuple[Claimed, ...]:
        claim = self._claims.get(key)
        return _rows(key, claim, claim.people) if claim else ()

    async def release(self, *, key: str, now: datetime) -> None:
        self._claims.pop(key, None)
        self._released.setdefault(key, now)

    async def busy(
        self, people: Sequence[PersonId], start: datetime, end: datetime, now: datetime
    ) -> tuple[Claimed, ...]:
        asked = frozenset(people)
        found = [
            row
            for key, claim in self._claims.items()
            if claim.reaches_into(asked, start, end) and not claim.expired(now)
            for row in _rows(key, claim, claim.people & asked)
        ]
        return tuple(sorted(found, key=lambda one: (one.start, one.person, one.key)))

    async def ahead(self, now: datetime, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        found = {claim.interview for claim in self._claims.values() if claim.end > now and claim.interview > after}
        return tuple(sorted(found)[:limit])

    async def of_interview(self, interview: InterviewId) -> tuple[Claimed, ...]:
        rows = (
            row
            for key, claim in self._claims.items()
            if claim.interview == interview
            for row in _rows(key, claim, claim.people)
        )
        return tuple(sorted(rows, key=lambda one: (one.start, one.person, one.key)))

    async def prune(self, *, holds_before: datetime, past_before: datetime) -> int:
        raise NotImplementedError


def _rows(key: str, claim: _Claim, people: frozenset[PersonId]) -> tuple[Claimed, ...]:
    return tuple(
        Claimed(
            person=person,
            start=claim.start,
            end=claim.end,
            interview=claim.interview,
            key=key,
            minutes=claim.minutes,
            hold_until=claim.hold_until,
        )
        for person in sorted(people)
    )


class MemoryJournal:
    def __init__(self) -> None:
        self._entries: dict[InterviewId, list[JournalEntry]] = {}

    async def append(self, interview: InterviewId, entries: Sequence[JournalEntry]) -> int | None:
        there = self._entries.get(interview, [])
        for entry in entries:
            if entry.seq <= len(there) and digest(entry) != digest(there[entry.seq - 1]):
                return entry.seq
        fresh = [entry for entry in entries if entry.seq > len(there)]
        for expected, entry in enumerate(fresh, len(there) + 1):
            if entry.seq != expected:
                raise JournalGap(f"entry {expected} is missing before entry {entry.seq}")
        self._entries[interview] = there + fresh
        return None

    async def read(self, interview: InterviewId, after: int = 0, limit: int = 500) -> tuple[JournalEntry, ...]:
        return tuple(self._entries.get(interview, [])[after : after + limit])
