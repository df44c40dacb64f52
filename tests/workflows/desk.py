"""A person with a calendar and interviews that listen: on a clock of paper, or with the real watcher between them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.calendar import (
    Busy,
    CalendarRefused,
    CalendarUnavailable,
    Changes,
    EventState,
    Listening,
    Unwatched,
    Watched,
)
from activities.watching import TellInterviews, WatchingActivities
from adapters.memory.calendar import MemoryCalendar
from entrevue.values import CalendarEvent, PersonId, Slot
from workflows.channel import Poked
from workflows.suspicion import (
    FAR,
    Watch,
    failed,
    looked,
    looking,
    next_look,
    order,
    poked,
    taken_out,
    unwatched,
    watched,
    without_past,
)

UID = "r7.p1"
IN_FIVE_DAYS = timedelta(days=5)


class Diary(MemoryCalendar):
    """A calendar whose owner answers, which may refuse us and may tell us of changes, and which counts what we ask."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: str | None = None
        self.forgetful = False
        self.unreadable: set[str] = set()
        self.asked: list[str] = []
        self.tells: timedelta | None = None
        """How long what is told by lasts; None: it cannot tell."""
        self.since = datetime(2026, 12, 1, 9, tzinfo=UTC)
        self.deaf: str | None = None
        """Why nothing can be told, or ended; None: nothing is in the way."""
        self.held: list[str | None] = []
        """What was brought along by those who asked to be told."""
        self.hung_up: list[str] = []

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        self.asked.append("changes")
        if self.refused is not None:
            raise CalendarRefused(person, self.refused)
        return await super().changes(person, None if self.forgetful else cursor, uids)

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        self.asked.append("read")
        if uid in self.unreadable:
            raise CalendarRefused(person, "an event that cannot be read")
        return await super().read(person, uid)

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self.asked.append("busy")
        return await super().busy(person, start, end)

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        self.held.append(held)
        self._hear(person)
        if self.tells is None:
            return None
        return Listening(held=f"channel {len(self.held)}", renew_at=self.since + len(self.held) * self.tells)

    async def hang_up(self, person: PersonId, held: str) -> None:
        self.hung_up.append(held)
        self._hear(person)

    def _hear(self, person: PersonId) -> None:
        if self.deaf == "unavailable":
            raise CalendarUnavailable(person, "ConnectError")
        if self.deaf is not None:
            raise CalendarRefused(person, self.deaf)

    def free(self, person: PersonId) -> None:
        """Take everything of the person's own out again."""
        self._busy.pop(person)
        self._log.append((person, ""))


class Interviews:
    """Interviews that keep what they are told; those that are over take nothing."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, Mapping[str, JsonValue]]] = []
        self.over: set[str] = set()

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        if interview in self.over:
            return False
        self.heard.append((interview, fact, payload))
        return True


class Desk:
    """The watcher's rules and its activities, without Temporal: the same loop on a clock that tests move."""

    def __init__(
        self,
        person: PersonId = "grace",
        now: datetime = datetime(2026, 12, 1, 9, tzinfo=UTC),
        calendar: Diary | None = None,
    ) -> None:
        self.person = person
        self.now = now
        self.calendar = calendar or Diary()
        self.calendar.since = now
        self.interviews = Interviews()
        self.activities = WatchingActivities(self.calendar, self.interviews)
        self._watch = Watch(person=person)
        self._clock = now

    # --- what the interview does

    async def write(
        self,
        uid: str = UID,
        *,
        sequence: int = 0,
        ahead: timedelta = IN_FIVE_DAYS,
        look_at: tuple[timedelta, ...] = (),
    ) -> None:
        """Write an event as its interview does, overwriting what its owner did, and have it watched."""
        await self.put(uid, sequence=sequence, ahead=ahead)
        await self.watch(self.watched(uid, sequence=sequence, ahead=ahead, look_at=look_at))

    async def put(self, uid: str = UID, *, sequence: int = 0, ahead: timedelta = IN_FIVE_DAYS) -> None:
        start = self.now + ahead
        slot = Slot(start=start, minutes=60, zone="UTC")
        event = CalendarEvent(uid=uid, sequence=sequence, stamp=start, slot=slot, summary="Interview with Ada Summer")
        found = await self.calendar.read(self.person, uid)
        await self.calendar.ensure(self.person, event, uid.partition(".")[0], found.etag if found else None)
        self.calendar.asked.clear()

    def watched(
        self,
        uid: str = UID,
        *,
        sequence: int = 0,
        ahead: timedelta = IN_FIVE_DAYS,
        look_at: tuple[timedelta, ...] = (),
    ) -> Watched:
        return Watched(
            interview=uid.partition(".")[0],
            who="i1",
            uid=uid,
            sequence=sequence,
            start=self.now + ahead,
            end=self.now + ahead + timedelta(hours=1),
            look_at=tuple(self.now + one for one in look_at),
        )

    async def watch(self, event: Watched) -> None:
        self._watch = watched(self._watch, event)

    async def unwatch(self, interview: str, *, sequence: int = 0) -> None:
        self._watch = taken_out(self._watch, Unwatched(interview=interview, who="i1", sequence=sequence))

    async def poke(self, *, anew: bool = False) -> None:
        """Tell the watcher of a change, as the calendar's provider would."""
        self._watch = poked(self._watch, Poked(anew=anew), self._clock)

    # --- time

    async def forward(self, duration: timedelta) -> None:
        """Move the watcher's own clock."""
        until = self._clock + duration
        while True:
            self._watch = without_past(self._watch, self._clock)
            due = max(self._clock, next_look(self._watch, self.now, chance=0.5))
            if due > until or not self._watch.events:
                break
            self._clock = due
            await self._look()
        self._clock = until

    async def _look(self) -> None:
        self._watch = looking(self._watch)
        world = ActivityEnvironment()
        try:
            seen = await world.run(self.activities.look_at_calendar, order(self._watch))
        except ApplicationError:
            self._watch, news = failed(self._watch, self._clock)
        else:
            self._watch, news = looked(self._watch, seen, self._clock)
        for interview in (await world.run(self.activities.tell_interviews, TellInterviews(news=news))).over:
            self._watch = unwatched(self._watch, interview)

    async def look(self) -> None:
        """Have the watcher look, in its own time."""
        before = len(self.calendar.asked)
        await self.forward(FAR)

        assert len(self.calendar.asked) > before

    # --- what came of it

    def told(self) -> list[str]:
        return [fact for _, fact, _ in self.interviews.heard]

    def fact(self) -> Mapping[str, JsonValue]:
        """Give the only fact that was told."""
        ((_, _, fact),) = self.interviews.heard
        return fact
