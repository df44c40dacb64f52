"""An engine that goes on until it is answered, over networks that lose things: for whatever calendars."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar

from activities.calendar import Calendar, CalendarUnavailable
from tests.adapters.grace import NINE, event
from tests.adapters.lossy import Network

_T = TypeVar("_T")


class Wire(Network):
    """It may be cut once: before a request gets through, or before its answer comes back."""

    def __init__(self) -> None:
        self.port = 0
        self.lose_request: bytes | None = None
        self.lose_answer: bytes | None = None

    def request(self, request: bytes) -> bytes | None:
        if request.split()[0] == self.lose_request:
            self.lose_request = None
            return None
        return request

    def answer(self, request: bytes, answer: bytes) -> bytes | None:
        if request.split()[0] == self.lose_answer:
            self.lose_answer = None
            return None
        return answer


_ATTEMPTS = 100


async def until_it_works(attempt: Callable[[], Awaitable[_T]]) -> _T:
    """Repeat an activity with the very same order, as Temporal does."""
    for _ in range(_ATTEMPTS):
        try:
            return await attempt()
        except CalendarUnavailable:
            continue
    raise AssertionError("it never got through")


PEOPLE = ("alan", "grace")


@dataclass
class Booked:
    """An interview as the workflow knows it: who has which version, and what was answered to it."""

    sequence: int
    start: datetime
    etags: dict[str, str | None]


class Engine:
    """Books, moves, swaps and cancels: each is a handful of orders that go on until they are answered."""

    def __init__(self, calendar: Calendar, seed: int) -> None:
        self.calendar = calendar
        self.chance = Random(seed)  # noqa: S311 - the same story for the same seed
        self.booked: dict[str, Booked] = {}
        self.number = 0

    async def step(self) -> None:
        name = self.chance.choice([*self.booked, ""])
        if not name:
            self.number += 1
            people = self.chance.sample(PEOPLE, self.chance.choice((1, 2)))
            booking = Booked(0, self._time(), dict.fromkeys(people))
            self.booked[f"r{self.number}.p0"] = booking
            await self._write(f"r{self.number}.p0", booking)
            return
        booking = self.booked[name]
        booking.sequence += 1
        match self.chance.choice(("move", "swap", "cancel")):
            case "move":
                booking.start = self._time()
                await self._write(name, booking)
            case "swap" if len(booking.etags) == 1:
                (old,) = booking.etags
                await self._remove(name, booking, old)
                booking.etags = dict.fromkeys(set(PEOPLE) - {old})
                await self._write(name, booking)
            case _:
                await asyncio.gather(*(self._remove(name, booking, person) for person in booking.etags))
                del self.booked[name]

    async def _write(self, name: str, booking: Booked) -> None:
        one = event(booking.start, sequence=booking.sequence).model_copy(update={"uid": name})

        async def write(person: str) -> None:
            known = booking.etags[person]
            ensured = await until_it_works(lambda: self.calendar.ensure(person, one, "r7", known))
            assert ensured.outcome in {"created", "updated", "already_there"}
            booking.etags[person] = ensured.etag

        await asyncio.gather(*(write(person) for person in booking.etags))

    async def _remove(self, name: str, booking: Booked, person: str) -> None:
        known = booking.etags[person]
        removed = await until_it_works(lambda: self.calendar.remove(person, name, booking.sequence, known))
        assert removed.outcome in {"removed", "already_gone"}

    def _time(self) -> datetime:
        return NINE + self.chance.randrange(2000) * timedelta(minutes=15)

    def wanted(self, person: str) -> Counter[tuple[str, str]]:
        return Counter(
            (name, f"{one.start:%Y%m%dT%H%M%SZ}") for name, one in self.booked.items() if person in one.etags
        )
