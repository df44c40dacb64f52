"""The organisation's people in a TOML file that somebody edits by hand; a change holds from the next look on."""

import asyncio
import difflib
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator
from pydantic_core import ErrorDetails

from activities.people import DirectoryBroken, OrganisationEntry, PersonEntry
from entrevue.values import Intake, PersonId, PoolName

_LARGEST = 1024 * 1024
"""Bytes: some thousands of people. Whoever has more has a directory server, and writes an adapter for it."""


@dataclass(frozen=True, kw_only=True)
class _Contents:
    """The file as it was when its `stamp` was taken."""

    stamp: tuple[int, ...]
    organisation: OrganisationEntry
    by_name: Mapping[str, PersonEntry]


class FileDirectory:
    """Fulfils `activities.people.Directory`. A file that is broken answers nothing, rather than what it once said."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: _Contents | None = None
        self._reading = threading.Lock()

    async def organisation(self) -> OrganisationEntry:
        contents = await asyncio.to_thread(self._contents)
        return contents.organisation

    async def person(self, name: str) -> PersonEntry | None:
        contents = await asyncio.to_thread(self._contents)
        return contents.by_name.get(name.lower() if "@" in name else name)

    async def pool(self, name: PoolName) -> tuple[PersonEntry, ...]:
        return tuple(person for person in await self.everyone() if name in person.pools)

    async def everyone(self) -> tuple[PersonEntry, ...]:
        contents = await asyncio.to_thread(self._contents)
        return tuple(person for name, person in sorted(contents.by_name.items()) if name == person.id)

    def _contents(self) -> _Contents:
        """Read the file, if it is another than the one that was read last."""
        with self._reading:
            try:
                stamp = self._stamp()
                if self._known is None or self._known.stamp != stamp:
                    self._known = _parse(self._text(), stamp)
            except OSError as trouble:
                raise DirectoryBroken(f"{self._path.name} cannot be read: {trouble.strerror}") from None
            except ValueError as trouble:
                raise DirectoryBroken(f"{self._path.name}: {trouble}") from None
            else:
                return self._known

    def _stamp(self) -> tuple[int, ...]:
        """Taken before reading: what changes meanwhile is read again next time."""
        seen = self._path.stat()
        return seen.st_mtime_ns, seen.st_size, seen.st_ino

    def _text(self) -> str:
        with self._path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
        if len(raw) > _LARGEST:
            raise ValueError(f"is larger than {_LARGEST // 1024} KiB; take people out, or use another directory")
        return raw.decode()


class _File(Intake):
    organisation: OrganisationEntry
    people: dict[PersonId, PersonEntry]

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, tables: object) -> object:
        """A person's table is named by their id, and they live where the company does, if it says nothing else."""
        match tables:
            case {"organisation": {"zone": zone} as organisation, "people": dict(people), **rest}:
                defaults = {name: {"id": name, "zone": zone} for name in people}
                filled = {
                    name: defaults[name] | table if isinstance(table, dict) else table for name, table in people.items()
                }
                return {"organisation": organisation, "people": filled, **rest}
            case _:
                return tables

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        for name, person in self.people.items():
            if person.id != name:
                raise ValueError(f"people.{name}.id: leave it out; the table's name is the id")
        seen = dict[str, str]()
        for name, person in self.people.items():
            other = seen.setdefault(person.email.lower(), name)
            if other != name:
                raise ValueError(f"people.{name}.email: is the address of people.{other} too; give each their own")
        return self

    @model_validator(mode="after")
    def _all_there(self) -> Self:
        if unknown := self.organisation.unknown(self.people):
            raise ValueError("; ".join(unknown))
        return self


def _parse(text: str, stamp: tuple[int, ...]) -> _Contents:
    """Raise ValueError with all that is wrong: keys and remedies, never the values (they are about people)."""
    try:
        file = _File.model_validate(tomllib.loads(text))
    except ValidationError as wrong:
        errors = wrong.errors(include_input=False, include_url=False, include_context=False)
        raise ValueError("; ".join(_said(error) for error in errors)) from None
    by_address = {person.email.lower(): person for person in file.people.values()}
    return _Contents(stamp=stamp, organisation=file.organisation, by_name=by_address | file.people)


def _said(error: ErrorDetails) -> str:
    where, key = ".".join(str(part) for part in error["loc"]), str(error["loc"][-1]) if error["loc"] else ""
    match error["type"]:
        case "missing":
            return f"{where}: is missing; add it"
        case "extra_forbidden":
            known = [name for model in (OrganisationEntry, PersonEntry, _File) for name in model.model_fields]
            near = difflib.get_close_matches(key, known, n=1)
            return f"{where}: is not known; " + (f"did you mean {near[0]}?" if near else "take it out")
        case _:
            said = error["msg"].removeprefix("Value error, ")
            return f"{where}: {said}" if where else said
