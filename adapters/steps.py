"""An allowance of work for what strangers' texts make the libraries do."""

import sys
from collections.abc import Callable
from inspect import CO_GENERATOR
from time import thread_time
from types import FrameType
from typing import Final, TypeVar

_T = TypeVar("_T")

STEPS_AN_OBJECT: Final = 3_000_000
"""Calls that working out one object may take: about one second. Seven years of every hour fit."""


class TooManySteps(Exception):
    """Working it out would take for ever, or nearly. What was worked on must not be used again."""

    def __init__(self, *, own: bool) -> None:
        super().__init__()
        self.own = own
        """It has used up all that one may have, and will again; not just what others had left."""


class Steps:
    """An allowance of function calls: the only bound that holds for whatever rule (`FREQ=SECONDLY`, 30 February).

    A thread cannot be killed, and dateutil looks for the next match up to the year 9999 without coming back. But it
    calls functions all the while, and Python lets a profiler of this very thread see each call and raise.
    """

    def __init__(self, allowance: int) -> None:
        self._left = allowance

    def spend(self, at_most: int, work: Callable[[], _T]) -> _T:
        """Do the work, or raise `TooManySteps`; then dateutil's locks may be closed for ever."""
        allowance = left = min(at_most, self._left)

        def count(frame: FrameType, event: str, _of: object) -> None:
            nonlocal left
            left -= 1
            if left < 0 and _is_heard(frame, event):
                raise TooManySteps(own=allowance == at_most)

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            return work()
        finally:
            sys.setprofile(before)
            self._left -= allowance - max(left, 0)


class TooLong(Exception):
    """It has taken the processor longer than it may."""


def in_a_moment(seconds: float, work: Callable[[], _T]) -> _T:
    """Do the work, or raise `TooLong` when this thread has worked on it for so long.

    For work whose single calls are dear, so that their number bounds nothing; by the processor's clock, so that a
    machine under load gives up nothing.
    """
    until = thread_time() + seconds

    def look(frame: FrameType, event: str, _of: object) -> None:
        if _is_heard(frame, event) and thread_time() > until:
            raise TooLong

    before = sys.getprofile()
    sys.setprofile(look)
    try:
        return work()
    finally:
        sys.setprofile(before)


def _is_heard(frame: FrameType, event: str) -> bool:
    """Say whether what is raised now gets anywhere.

    What is raised while a generator is closed, as it is where nobody needs it any more, is dropped, and the profiler
    with it; a generator that goes on will call something soon.
    """
    return event == "c_call" or (event == "call" and not frame.f_code.co_flags & CO_GENERATOR)
