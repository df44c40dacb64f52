"""One interview as it is played: people act through the public client, and its own clock is put forward."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Self, TypeVar
from zoneinfo import ZoneInfo

from activities.people import PersonEntry
from adapters.directory import FileDirectory
from demo import clock, looking
from demo.clock import NeverCame
from demo.diaries import Held
from demo.embedded import Servers
from demo.looking import Letter
from demo.telling import Telling, city, in_zones, moment
from entrevue import contract
from entrevue.client import InterviewHandle
from entrevue.request import InterviewRequest
from entrevue.values import CANDIDATE, Actor, EmailAddress, PersonId, Slot, Who
from entrevue.view import View

_WAIT = 60
"""Seconds for whatever follows by itself; it takes a tenth of one, on a machine that has nothing else to do."""

_MORNING, _EVENING = time(8), time(19, 30)
"""Half an hour less than the engine's own hours: what is told then also arrives before the night."""

_Seen = TypeVar("_Seen")


@dataclass(frozen=True)
class Person:
    """Somebody who takes part."""

    who: Who
    name: str
    address: EmailAddress
    zone: ZoneInfo
    login: PersonId = ""
    """Of their calendar; nothing for whom we keep none, like the candidate."""

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


class Playing:
    """One interview, its people, and what the audience is told of them."""

    def __init__(self, servers: Servers, telling: Telling, handle: InterviewHandle, people: tuple[Person, ...]) -> None:
        self.servers = servers
        self.handle = handle
        self.check = telling.check
        self.people = people
        """Everybody who takes part, or once did."""
        self._sitting = frozenset(person.who for person in people)
        self._telling = telling
        self._workflow = servers.skipper.client.get_workflow_handle(contract.workflow_id(handle.id))

    @classmethod
    async def begin(cls, servers: Servers, telling: Telling, request: InterviewRequest) -> Self:
        """Start the interview, as the company's backend would. Every seat names somebody."""
        directory = FileDirectory(servers.worker.people)
        candidate = request.candidate
        people = [Person(CANDIDATE, candidate.name, candidate.email, ZoneInfo(candidate.zone or "UTC"))]
        for number, seat in enumerate(request.interviewers, start=1):
            entry = await directory.person(seat.person or "")
            if entry is None:
                raise LookupError(f"seat {number} of {request.id} names nobody in {servers.worker.people}")
            people.append(_of_staff(f"i{number}", entry))
        return cls(servers, telling, await servers.interviews.start(request), tuple(people))

    def __getitem__(self, who: Who) -> Person:
        return next(person for person in self.people if person.who == who)

    @property
    def candidate(self) -> Person:
        return self[CANDIDATE]

    @property
    def panel(self) -> tuple[Person, ...]:
        """Whoever sits on it now."""
        return tuple(person for person in self.people[1:] if person.who in self._sitting)

    @property
    def with_calendar(self) -> tuple[Person, ...]:
        """Whoever's calendar we write, or once wrote."""
        return tuple(person for person in self.people if person.login)

    async def see_who_sits(self) -> None:
        """Read who takes part now. Whoever is new is looked up by name, as everybody else reads it."""
        names = {one.who: one.name for one in (await self.handle.view("coordinator")).people}
        staff = {entry.name: entry for entry in await FileDirectory(self.servers.worker.people).everyone()}
        known = {person.who for person in self.people}
        self.people += tuple(_of_staff(who, staff[name]) for who, name in names.items() if who not in known)
        self._sitting = frozenset(names)

    # --- time

    async def now(self) -> datetime:
        return await self.servers.skipper.get_current_time(self._workflow)

    async def pass_time(self, until: datetime, why: str) -> None:
        """Put the interview's own clock forward to this instant, and say so."""
        ahead = until - await self.now()
        if ahead > timedelta(0):
            self._telling.time_passes(ahead, why)
            await clock.forward(self.servers.skipper, self._workflow, ahead)

    async def watcher_passes(self, person: Person, duration: timedelta) -> None:
        """Put the clock of whoever watches this person's calendar forward: that is a workflow of its own."""
        watcher = self.servers.skipper.client.get_workflow_handle(contract.watch_id(person.login))
        self._telling.time_passes(
            duration, f"{person.first_name}'s calendar is looked at every few minutes", "the watcher's"
        )
        await clock.forward(self.servers.skipper, watcher, duration)

    async def until_all_are_awake(self) -> None:
        """Nobody is written to at night: wait until nobody here has one."""
        now = await self.now()
        morning = awake(now, *(person.zone for person in self.people))
        asleep = [person for person in self.people if awake(now, person.zone) > now]
        if morning > now:
            nights = ", ".join(f"{one.first_name} (it is {now.astimezone(one.zone):%H:%M} there)" for one in asleep)
            await self.pass_time(morning, f"nobody is written to at night, so mail would wait for {nights}")

    # --- telling

    async def tell_of(self, letters: Iterable[Letter], note: Callable[[Letter], str] = lambda _: "") -> None:
        """Show letters, each in one line."""
        for letter in letters:
            person = next(one for one in self.people if one.address == letter.address)
            await self.tell(headed(letter, person) + note(letter))

    async def tell(self, text: str, *more: str) -> None:
        self._telling.step(await self.now(), text, *more)

    def side_by_side(self, left: str, right: str, rows: list[tuple[str, str, str]]) -> None:
        self._telling.side_by_side(left, right, rows)

    def two_columns(self, rows: Iterable[tuple[str, str]]) -> None:
        self._telling.two_columns(rows)

    def outcome(self, text: str) -> None:
        self._telling.outcome(text)

    # --- looking

    async def in_calendar(self, person: Person) -> list[Held]:
        """Give this interview's events in an interviewer's calendar."""
        return await looking.interviews_in(self.servers, person.login, self.handle.id)

    async def check_calendars(self, slot: Slot, *, version: int, when: str) -> None:
        """Tell what is in the interviewers' calendars: the interview, once, at its time, in its newest version.

        Nothing, where somebody has left the panel.
        """
        for person in self.with_calendar:
            sits = person in self.panel
            found = await self.in_calendar(person)
            shown = [
                f"“{one.title}”, {in_zones(one.start, [person.zone])}, UID {one.uid}, version {one.version}"
                for one in found
            ]
            await self.tell(f"In {person.first_name}'s calendar: {'; '.join(shown) or 'nothing'}")
            self.check(
                [(one.uid, one.version, one.start, one.end) for one in found]
                == ([(f"{self.handle.id}.p1", version, slot.start, slot.end)] if sits else []),
                f"{when}: {person.first_name}'s calendar holds {self.handle.id} "
                + (f"once, at its time, version {version}" if sits else "no more"),
                shown,
            )

    # --- waiting: in real time, for a state

    async def until(self, holds: Callable[[View], bool], what: str, viewer: Actor = "coordinator") -> View:
        return await eventually(lambda: self.handle.view(viewer), holds, what)

    async def happened(self, kind: str, times: int = 1) -> datetime:
        """Wait until the timeline shows it so many times; give the last one's time."""

        async def look() -> list[datetime]:
            return [one.at for one in await self.handle.timeline() if one.kind == kind]

        found = await eventually(look, lambda found: len(found) >= times, f"{kind} in the timeline")
        return found[times - 1]

    async def comes_to_rest(self) -> None:
        """Wait until nothing is on its way any more, and only clocks run. An operator sees that, too."""

        async def busy() -> bool:
            found = (await self._workflow.describe()).raw_description
            return bool(found.pending_activities) or found.HasField("pending_workflow_task")

        await eventually(busy, lambda found: not found, "an interview at rest")

    async def letters(self, kind: str, *whom: Person, times: int = 1) -> list[Letter]:
        """Wait until each of them has so many letters of this kind in their mailbox; give the newest of each."""
        found = []
        for person in whom:
            what = f"{kind} in the mailbox of {person.first_name}"
            theirs = await eventually(
                partial(self._in_mailbox, kind, person), lambda theirs: len(theirs) >= times, what
            )
            found.append(theirs[-1])
        return found

    async def _in_mailbox(self, kind: str, person: Person) -> list[Letter]:
        everything = looking.letters(self.servers, self.handle.id)
        return [letter for letter in everything if letter.kind == kind and letter.address == person.address]


def _of_staff(who: Who, entry: PersonEntry) -> Person:
    return Person(who, entry.name, entry.email, ZoneInfo(entry.zone), entry.id if entry.calendar else "")


async def eventually(look: Callable[[], Awaitable[_Seen]], holds: Callable[[_Seen], bool], what: str) -> _Seen:
    """Look until it holds. Raises `NeverCame`."""
    seen = await look()
    try:
        async with asyncio.timeout(_WAIT):
            while not holds(seen):
                await asyncio.sleep(0.05)
                seen = await look()
    except TimeoutError:
        raise NeverCame(f"waited {_WAIT} s for {what}; last seen: {seen!r}") from None
    return seen


def awake(at: datetime, *zones: ZoneInfo) -> datetime:
    """Give the first instant from `at` on at which it is day in all of these zones."""
    for _ in range(4 * len(zones)):
        sleeper = next((zone for zone in zones if not _MORNING <= at.astimezone(zone).time() < _EVENING), None)
        if sleeper is None:
            return at
        local = at.astimezone(sleeper)
        day = local.date() + timedelta(days=local.time() >= _EVENING)
        at = datetime.combine(day, _MORNING, sleeper).astimezone(at.tzinfo)
    raise ValueError(f"it is never day in all of {', '.join(zone.key for zone in zones)}")


def headed(letter: Letter, person: Person) -> str:
    """Show a letter as one line of a mailbox."""
    kind, sent = letter.kind.replace("_", " "), f"{moment(letter.date, person.zone)} {city(person.zone)}"
    return f"✉ {kind} to {person.first_name}, {sent}: “{letter.message['Subject']}”"
