"""Search free time, from appointments to offers: a busy panel, a large pool, and the same with an interval library."""

from collections.abc import Callable
from random import Random

from intervaltree import IntervalTree  # type: ignore[import-untyped]  # it ships no types

from entrevue.slots import BEARABLE, DAY, WELCOME, Diary, Offsets, OpenSeat, Search, Span, Week, civil, find

TIMES_FASTER = 20
"""Than the library, at least."""

PEOPLE, POOL, SEATS = 8, 800, 2
DAYS, EVENTS = 28, 200
MINUTES, AFTER, GRID = 40, 15, 15

_START = 29_000_160  # a midnight in UTC
_WINDOW: Span = (_START, _START + DAYS * DAY)
_ZONE: Offsets = ((_START - DAY, 60),)
_OFFICE: Week = (*(((9 * 60, 18 * 60),),) * 5, (), ())

Figures = list[tuple[str, float, float]]


def figures(milliseconds: Callable[[Callable[[], object], int], float]) -> Figures:
    """Give name, value and goal, in milliseconds; `milliseconds` measures."""
    chance = Random(7)  # noqa: S311 - data for a measurement
    panel, pool = _calendars(chance, PEOPLE), _calendars(chance, POOL)
    alone = tuple(OpenSeat(people=(person,), person=person) for person in panel)
    either = (OpenSeat(people=tuple(pool), pool="everybody"),) * SEATS
    if _everything(panel, alone) != by_library(panel):
        raise AssertionError("the library finds other slots than we do")
    ours = milliseconds(lambda: find(_search(panel, alone)), 100)
    library = milliseconds(lambda: by_library(panel), 5)
    return [
        (f"slots of {PEOPLE} people, {DAYS} days, {EVENTS} events each", ours, 1.5),
        (f"the same, held to a {TIMES_FASTER}th of intervaltree's time", ours, library / TIMES_FASTER),
        (f"slots of {SEATS} out of a pool of {POOL}", milliseconds(lambda: find(_search(pool, either)), 5), 250),
    ]


def by_library(calendars: dict[str, list[Span]]) -> list[int]:
    """Find every start at which all are free, with trees of intervals for what we do with cells."""
    free = IntervalTree.from_tuples(civil(WELCOME, _ZONE, _WINDOW))
    for busy in calendars.values():
        working = IntervalTree.from_tuples(civil(_OFFICE, _ZONE, _WINDOW))
        for start, end in busy:
            working.chop(start - AFTER, end)
        both = ((one, other) for one in free for other in working.overlap(one.begin, one.end))
        free = IntervalTree.from_tuples((max(one.begin, other.begin), min(one.end, other.end)) for one, other in both)
    return sorted(start for one in free for start in range(-(-one.begin // GRID) * GRID, one.end - MINUTES + 1, GRID))


def _calendars(chance: Random, people: int) -> dict[str, list[Span]]:
    def busy() -> list[Span]:
        begins = (_START + chance.randrange(DAYS * DAY) for _ in range(EVENTS))
        return [(begin, begin + chance.choice((15, 30, 45))) for begin in begins]

    return {f"p{n}": busy() for n in range(people)}


def _search(calendars: dict[str, list[Span]], seats: tuple[OpenSeat, ...], count: int = 5) -> Search:
    """Begin with what an activity has: hours of the week, and appointments in any order."""
    return Search(
        interview="bench",
        seats=seats,
        quorum=len(seats),
        diaries=tuple(
            Diary(person=person, working=civil(_OFFICE, _ZONE, _WINDOW), busy=busy)
            for person, busy in calendars.items()
        ),
        window=_WINDOW,
        hours=(civil(WELCOME, _ZONE, _WINDOW), civil(BEARABLE, _ZONE, _WINDOW)),
        offsets=_ZONE,
        minutes=MINUTES,
        grid=GRID,
        count=count,
        after=AFTER,
    )


def _everything(calendars: dict[str, list[Span]], seats: tuple[OpenSeat, ...]) -> list[int]:
    found = find(_search(calendars, seats, count=10_000))
    return list(found) if isinstance(found, tuple) else []
