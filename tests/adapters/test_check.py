"""The trial of a calendar: what it says, what it leaves behind, and how it ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import ParamSpec, TypeVar

import pytest

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable, Changes, Ensured, EventState
from adapters.check.trial import HOUR, LONG_AGO
from adapters.memory.calendar import MemoryCalendar
from entrevue.values import CalendarEvent, Slot
from tests.adapters.trial import ALWAYS, NOW, InMemory, tried

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def left_behind(calendar: MemoryCalendar) -> list[str]:
    return [one.uid for one in await calendar.ours("grace", *ALWAYS)]


async def test_a_calendar_in_which_all_works_is_said_to_work_and_left_as_it_was() -> None:
    calendar = MemoryCalendar()
    calendar.add_busy("grace", Busy(start=NOW, end=NOW + HOUR))
    said = await tried(InMemory(calendar))

    assert said.works
    assert "✗" not in said.text
    assert said.lines[-1] == "All that Entrevue needs works with this calendar."
    assert said.about("busy times") == "✓ busy times read: 1 stretch in the next 28 days"
    assert await left_behind(calendar) == []


def an_event(uid: str, start: datetime = LONG_AGO) -> CalendarEvent:
    return CalendarEvent(uid=uid, sequence=0, stamp=LONG_AGO, slot=Slot(start=start, minutes=30), summary="x")


async def test_what_an_earlier_run_left_behind_goes_and_interviews_stay() -> None:
    calendar = MemoryCalendar()
    for uid in ("entrevue-check-1", "entrevue-check-2"):
        await calendar.ensure("grace", an_event(uid), "entrevue-check", None)
    await calendar.ensure("grace", an_event("r7.p1"), "r7", None)
    calendar.move("grace", "entrevue-check-2", LONG_AGO + HOUR)

    said = await tried(InMemory(calendar))

    assert said.about("left by earlier runs") == "✓ left by earlier runs 2 events, taken away"
    assert await left_behind(calendar) == ["r7.p1"]


# --- a calendar that breaks off --------------------------------------------------------------------------------------


class Breaking(MemoryCalendar):
    """From the n-th call on it fails, so often; a write that fails may have been done all the same."""

    def __init__(self, after: int, trouble: Exception, times: int = 1, *, though_done: bool = False) -> None:
        super().__init__()
        self.left, self.trouble, self.times, self.though_done = after, trouble, times, though_done

    async def _broken(self, call: Callable[_P, Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        self.left -= 1
        if self.left < 0 < self.times:
            self.times -= 1
            if self.though_done:
                await call(*args, **kwargs)
            raise self.trouble
        return await call(*args, **kwargs)

    async def ensure(self, person: str, event: CalendarEvent, interview: str, etag: str | None) -> Ensured:
        return await self._broken(super().ensure, person, event, interview, etag)

    async def read(self, person: str, uid: str) -> EventState | None:
        return await self._broken(super().read, person, uid)

    async def changes(self, person: str, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        return await self._broken(super().changes, person, cursor, uids)


CALLS = 12
"""That a whole trial makes of what `Breaking` breaks."""


async def test_a_whole_trial_makes_as_many_calls_as_are_broken_one_by_one_below() -> None:
    calendar = Breaking(CALLS, CalendarUnavailable("grace", "ReadError"))
    said = await tried(InMemory(calendar))

    assert said.works
    assert calendar.left == 0


@pytest.mark.parametrize("though_done", [False, True])
@pytest.mark.parametrize("after", range(CALLS))
async def test_wherever_it_breaks_off_nothing_is_left_behind(after: int, *, though_done: bool) -> None:
    calendar = Breaking(after, CalendarUnavailable("grace", "ReadError"), though_done=though_done)
    said = await tried(InMemory(calendar))

    assert not said.works
    assert "ReadError" in said.text
    assert "→ have somebody look at it" in said.text
    assert said.about("clear up").startswith("✓")
    assert await left_behind(calendar) == []


async def test_what_can_be_waited_for_is_waited_for() -> None:
    wait = timedelta(milliseconds=1)
    said = await tried(InMemory(Breaking(3, CalendarUnavailable("grace", "status 429", wait))))

    assert said.works


async def test_what_asks_for_more_patience_is_tried_another_time() -> None:
    said = await tried(InMemory(Breaking(0, CalendarUnavailable("grace", "status 429", HOUR))))

    assert not said.works
    assert "status 429; it asks to be left alone for 3600 s → have" in said.about("write an event")


async def test_where_nothing_may_be_written_nothing_more_is_tried_and_what_can_be_done_is_said() -> None:
    said = await tried(InMemory(Breaking(0, CalendarRefused("grace", "no right to write"))))

    assert not said.works
    assert said.about("write an event") == "✗ write an event no right to write → have somebody look at it"
    assert "write it again" not in said.text
    assert said.lines[-2:] == [
        "What does not work: write an event. Nothing after that was tried.",
        "Busy times can be read: with `busy_only = true` in the directory this person is invited by mail.",
    ]


async def test_where_it_cannot_be_seen_what_is_there_nothing_is_written() -> None:
    calendar = MemoryCalendar()
    calendar.down = True
    said = await tried(InMemory(calendar))

    assert not said.works
    assert said.text.count("✗") == 2
    assert said.lines[-1] == "What does not work: busy times, left by earlier runs. Nothing after that was tried."


async def test_what_cannot_be_cleared_up_is_said_with_where_it_lies() -> None:
    class Lost(MemoryCalendar):
        async def changes(self, person: str, cursor: str | None, uids: tuple[str, ...]) -> Changes:
            self.down = True
            return await super().changes(person, cursor, uids)

    said = await tried(InMemory(Lost()))

    assert "take “Entrevue tries out this calendar” on 1 January 2000 out by hand" in said.about("clear up")


# --- one that takes its time -----------------------------------------------------------------------------------------


class Silent(MemoryCalendar):
    """It never says what has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def changes(self, person: str, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        self.asked.set()
        await asyncio.Event().wait()
        return await super().changes(person, cursor, uids)


async def test_a_trial_ends_in_time_and_clears_up() -> None:
    calendar = Silent()
    said = await tried(InMemory(calendar), within=timedelta(milliseconds=50))

    assert not said.works
    assert "Not all was tried: 0 s are over." in said.lines
    assert await left_behind(calendar) == []


async def test_who_stops_it_in_the_middle_leaves_nothing_behind() -> None:
    calendar = Silent()
    trial = asyncio.create_task(tried(InMemory(calendar)))
    await calendar.asked.wait()
    there = await left_behind(calendar)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial

    assert len(there) == 1
    assert await left_behind(calendar) == []
