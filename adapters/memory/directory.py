"""A directory that lives as long as the process: for tests and for trying things out."""

from collections.abc import Iterable

from activities.people import OrganisationEntry, PersonEntry
from entrevue.values import PoolName


class MemoryDirectory:
    def __init__(self, organisation: OrganisationEntry, people: Iterable[PersonEntry] = ()) -> None:
        self._organisation = organisation
        self._by_name: dict[str, PersonEntry] = {}
        for person in people:
            self.put(person)

    def put(self, person: PersonEntry) -> None:
        """Enter somebody, or change their entry."""
        self.remove(person.id)
        self._by_name |= {person.id: person, person.email.lower(): person}

    def remove(self, person: str) -> None:
        self._by_name = {name: one for name, one in self._by_name.items() if one.id != person}

    async def organisation(self) -> OrganisationEntry:
        return self._organisation

    async def person(self, name: str) -> PersonEntry | None:
        return self._by_name.get(name.lower() if "@" in name else name)

    async def pool(self, name: PoolName) -> tuple[PersonEntry, ...]:
        return tuple(person for person in await self.everyone() if name in person.pools)

    async def everyone(self) -> tuple[PersonEntry, ...]:
        return tuple(person for name, person in sorted(self._by_name.items()) if name == person.id)
