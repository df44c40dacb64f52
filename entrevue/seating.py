"""Who fills which seat: nobody two, and as many as can be."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from typing import TypeVar

_Person = TypeVar("_Person", bound=Hashable)


def seat(
    people: Iterable[_Person],
    fits: Callable[[_Person], Iterable[int]],
    seats: Collection[int],
    sitting: Mapping[int, _Person] | None = None,
) -> dict[int, _Person]:
    """Let one after the other in, until all seats are taken; `fits` gives a person's seats, the best first.

    Who comes first is never left out for who comes later, and a seat once taken stays taken: those who sit move over
    to let somebody in (augmenting paths). So it is the most that can be seated and, of the most, those who come first.
    """
    found = dict(sitting or {})
    if len(found) == len(seats):
        return found

    def let_in(person: _Person, tried: set[int]) -> bool:
        for n in fits(person):
            if n in seats and n not in tried:
                tried.add(n)
                if n not in found or let_in(found[n], tried):
                    found[n] = person
                    return True
        return False

    for person in people:
        if let_in(person, set()) and len(found) == len(seats):
            break
    return found
