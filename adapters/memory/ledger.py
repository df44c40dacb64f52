"""A ledger and a journal that live as long as the process: for tests and for trying things out."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from activities.journal import JournalGap
from activities.ledger import Claimed
from entrevue.orders import JournalEntry
from entrevue.values import InterviewId, PersonId, digest


@dataclass(frozen=True, kw_only=True)
class _Claim:
    """What one key holds."""

    key: str
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

    def same_time(self, other: "_Claim") -> bool:
        return self == replace(other, minutes=self.minutes, hold_until=self.hold_until)

    def of(self, people: frozenset[PersonId]) -> Iterator[Claimed]:
        for person in self.people & people:
            yield Claimed(
                person=person,
                start=self.start,
                end=self.end,
                interview=self.interview,
                key=self.key,
                minutes=self.minutes,
                hold_until=self.hold_until,
            )


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
        wanted = _Claim(
            key=key,
            interview=interview,
            people=panel,
            start=start,
            end=end,
            minutes=minutes,
            hold_until=hold_until,
        )
        there = [claim for claim in self._claims.values() if claim.reaches_into(panel, start, end)]
        for claim in there:
            if claim.expired(now):
                del self._claims[claim.key]
        before = self._claims.pop(key, None)
        if before is None or not before.same_time(wanted):
            in_the_way = frozenset(
                person
                for claim in there
                if claim.key in self._claims and not (claim.key == replaces and claim.interview == interview)
                for person in claim.people & panel
            )
            if in_the_way:
                return in_the_way
        self._claims[key] = wanted
        return frozenset()

    async def held(self, key: str) -> tuple[Claimed, ...]:
        claim = self._claims.get(key)
        return _by_start(claim.of(claim.people)) if claim else ()

    async def release(self, *, key: str, now: datetime) -> None:
        self._claims.pop(key, None)
        self._released.setdefault(key, now)

    async def busy(
        self, people: Sequence[PersonId], start: datetime, end: datetime, now: datetime
    ) -> tuple[Claimed, ...]:
        asked = frozenset(people)
        there = [claim for claim in self._claims.values() if claim.reaches_into(asked, start, end)]
        return _by_start(one for claim in there if not claim.expired(now) for one in claim.of(asked))

    async def ahead(self, now: datetime, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        found = {claim.interview for claim in self._claims.values() if claim.end > now and claim.interview > after}
        return tuple(sorted(found)[:limit])

    async def of_interview(self, interview: InterviewId) -> tuple[Claimed, ...]:
        own = [claim for claim in self._claims.values() if claim.interview == interview]
        return _by_start(one for claim in own for one in claim.of(claim.people))

    async def prune(self, *, holds_before: datetime, past_before: datetime) -> int:
        over = [
            claim
            for claim in self._claims.values()
            if claim.end < past_before or (claim.hold_until is not None and claim.hold_until < holds_before)
        ]
        for claim in over:
            del self._claims[claim.key]
        forgotten = [key for key, at in self._released.items() if at < past_before]
        for key in forgotten:
            del self._released[key]
        return sum(len(claim.people) for claim in over) + len(forgotten)


def _by_start(found: Iterable[Claimed]) -> tuple[Claimed, ...]:
    return tuple(sorted(found, key=lambda one: (one.start, one.person, one.key)))


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

    async def interviews(self, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        return tuple(sorted(interview for interview in self._entries if interview > after)[:limit])
