"""A world in which several interviews live at once, and which can fail: adapters in memory that do so on demand.

What fails does so as a state, not so many times: how often an activity is tried until the world is mended is chance.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Literal

from temporalio.client import Client
from temporalio.worker import Worker

from activities.calendar import Busy, CalendarUnavailable, Ensured, Removed
from activities.mail import Delivered, PostUnavailable, PostUnsure, Rejected
from activities.people import OrganisationEntry, PersonEntry
from adapters.memory.calendar import MemoryCalendar, MemoryWatchers
from adapters.memory.directory import MemoryDirectory
from adapters.memory.ledger import MemoryJournal, MemoryLedger
from adapters.memory.lessons import MemoryLessons
from adapters.memory.mail import MemoryOutbox, MemoryPost
from entrevue.orders import JournalEntry
from entrevue.values import CalendarEvent, InterviewId, PersonId
from tests.workflows.glass import GlassWorkflow
from tests.workflows.stage import MAIL, ORGANISATION, new_queue
from worker import STICKY, Adapters, activities

OPENING = datetime(2031, 3, 3, 14, 2, tzinfo=UTC)
"""When interviews are opened here, whatever day it is outside: a Monday, 09:02 in New York, 15:02 in Berlin.

Six days later clocks go forward in New York, four weeks later in Berlin.
"""

_POOL = ("grace", "edsger", "barbara", "alan")
_FARTHEST = timedelta(days=400)


def _person(name: str) -> PersonEntry:
    """Alan has no calendar that we know, and Barbara lives where the candidate does."""
    zone, hours = ("America/New_York", "07:00-16:00") if name == "barbara" else ("Europe/Berlin", "09:00-18:00")
    return PersonEntry.model_validate(
        {
            "id": name,
            "name": f"{name.title()} Winter",
            "email": f"{name}@acme.example",
            "zone": zone,
            "hours": {day: [hours] for day in ("mon", "tue", "wed", "thu", "fri")},
            "calendar": None if name == "alan" else f"https://calendars.acme.example/{name}/work/",
            "pools": ["backend"] if name in _POOL else [],
        }
    )


CAST = tuple(_person(name) for name in ("grace", "linus", "edsger", "barbara", "alan"))
EVERYBODY = tuple(person.id for person in CAST)

Trouble = Literal["none", "before", "after"]
"""Where a call fails: before anything was done, or after all was done, so that only its answer is lost."""

KNOWN_TROUBLE = frozenset({"ConnectionError", "CalendarUnavailable", "PostUnavailable", "PostUnsure"})
"""Whatever else an activity fails with is a fault of ours."""


@dataclass
class Counted:
    """How often anything of the world was asked, and where it has contradicted itself."""

    calls: int = 0
    broken: list[str] = field(default_factory=list)


class FaultyDirectory(MemoryDirectory):
    def __init__(self, counted: Counted) -> None:
        super().__init__(ORGANISATION, CAST)
        self.trouble: Trouble = "none"
        self._counted = counted

    async def organisation(self) -> OrganisationEntry:
        """Every activity that needs the directory asks this first."""
        with _troubled(self.trouble, self._counted):
            return await super().organisation()


class FaultyLedger(MemoryLedger):
    """After every claim that stands it looks whether somebody's time was given away twice."""

    def __init__(self, counted: Counted) -> None:
        super().__init__()
        self.trouble: Trouble = "none"
        self._counted = counted

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
        with _troubled(self.trouble, self._counted):
            refused = await super().claim(
                key=key,
                interview=interview,
                people=people,
                start=start,
                end=end,
                minutes=minutes,
                replaces=replaces,
                now=now,
                hold_until=hold_until,
            )
            self._counted.broken += await self.booked_twice(now)
            return refused

    async def release(self, *, key: str, now: datetime) -> None:
        with _troubled(self.trouble, self._counted):
            await super().release(key=key, now=now)

    async def booked_twice(self, now: datetime) -> list[str]:
        """Invariant 1, across interviews: what an interview exchanges may overlap with what it gives up."""
        taken = await self.busy(EVERYBODY, now - _FARTHEST, now + _FARTHEST, now)
        return [
            f"{one.person} is booked twice at {one.start}: {one.key} and {other.key}"
            for one, other in combinations(taken, 2)
            if one.person == other.person and one.interview != other.interview
            if one.start < other.end and other.start < one.end
        ]


class FaultyJournal(MemoryJournal):
    def __init__(self, counted: Counted) -> None:
        super().__init__()
        self.trouble: Trouble = "none"
        self._counted = counted

    async def append(self, interview: InterviewId, entries: Sequence[JournalEntry]) -> int | None:
        with _troubled(self.trouble, self._counted):
            return await super().append(interview, entries)


@dataclass(frozen=True)
class Written:
    """A version of an event that stood in somebody's calendar."""

    person: PersonId
    uid: str
    sequence: int


class FaultyCalendar(MemoryCalendar):
    """Writing may fail while reading works. `surprised` people enter something of their own just before we write."""

    def __init__(self, counted: Counted) -> None:
        super().__init__()
        self.trouble: Trouble = "none"
        self.surprised: set[PersonId] = set()
        self.written: list[Written] = []
        self._counted = counted

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self._counted.calls += 1
        return await super().busy(person, start, end)

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        with self._writing(person):
            if person in self.surprised and not self.down:
                self.surprised.discard(person)
                self.add_busy(person, Busy(start=event.slot.start, end=event.slot.end))
            ensured = await super().ensure(person, event, interview, etag)
            if ensured.outcome in ("created", "updated"):
                self.written.append(Written(person, event.uid, event.sequence))
            return ensured

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        with self._writing(person):
            return await super().remove(person, uid, sequence, etag)

    @contextmanager
    def _writing(self, person: PersonId) -> Iterator[None]:
        self._counted.calls += 1
        if self.trouble == "before":
            raise CalendarUnavailable(person, "read only")
        yield
        if self.trouble == "after":
            raise CalendarUnavailable(person, "the answer was lost")


class FaultyPost(MemoryPost):
    """`before`: the server cannot be reached. `after`: it takes the letter, and the connection breaks."""

    def __init__(self, counted: Counted) -> None:
        super().__init__()
        self.trouble: Trouble = "none"
        self.dead: set[str] = set()
        self.choosy: set[str] = set()
        self.unsure = False
        """Whether a letter may ever have come twice."""
        self._counted = counted

    async def send(self, raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        self._counted.calls += 1
        if self.trouble == "before":
            raise PostUnavailable
        if recipient in self.dead | self.choosy:
            return Rejected(smtp_code=550, address_is_bad=recipient in self.dead)
        delivered = await super().send(raw, sender=sender, recipient=recipient)
        if self.trouble == "after":
            self.unsure = True
            raise PostUnsure
        return delivered


@contextmanager
def _troubled(trouble: Trouble, counted: Counted) -> Iterator[None]:
    counted.calls += 1
    if trouble == "before":
        raise ConnectionError("nothing was done")
    yield
    if trouble == "after":
        raise ConnectionError("the answer was lost")


class World:
    """The adapters, and the one worker that serves them, which can be put down and up again."""

    def __init__(self, client: Client, *, cached: bool) -> None:
        self.counted = Counted()
        self.task_queue = new_queue()
        self.directory = FaultyDirectory(self.counted)
        self.calendar = FaultyCalendar(self.counted)
        self.ledger = FaultyLedger(self.counted)
        self.journal = FaultyJournal(self.counted)
        self.post = FaultyPost(self.counted)
        self._client, self._cached = client, cached
        self._adapters = Adapters(
            directory=self.directory,
            calendar=self.calendar,
            ledger=self.ledger,
            outbox=MemoryOutbox(),
            journal=self.journal,
            lessons=MemoryLessons(),
            post=self.post,
            mail=MAIL,
        )
        self._worker = self._new_worker()

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        await self._worker.__aenter__()
        try:
            yield
        finally:
            await self._worker.__aexit__(None, None, None)

    async def restart(self) -> None:
        """Let another worker take over: it knows nothing, and replays what it is asked about."""
        await self._worker.__aexit__(None, None, None)
        self._worker = self._new_worker()
        await self._worker.__aenter__()

    @property
    def troubled(self) -> bool:
        """Whether anything is down, so that activities are tried again and again."""
        of = (self.directory.trouble, self.ledger.trouble, self.journal.trouble, self.calendar.trouble)
        return self.calendar.down or any(one != "none" for one in (*of, self.post.trouble))

    def mend(self) -> None:
        """All is well again; what people have in their calendars stays there, and the dead stay dead."""
        self.calendar.down = False
        self.directory.trouble = self.ledger.trouble = self.journal.trouble = "none"
        self.calendar.trouble = self.post.trouble = "none"
        self.calendar.surprised.clear()
        self.post.choosy.clear()
        for person in CAST:
            self.directory.put(person)

    def _new_worker(self) -> Worker:
        return Worker(
            self._client,
            task_queue=self.task_queue,
            workflows=[GlassWorkflow],
            activities=activities(self._adapters, self._client, MemoryWatchers()),
            max_cached_workflows=1000 if self._cached else 0,
            sticky_queue_schedule_to_start_timeout=STICKY,
        )
