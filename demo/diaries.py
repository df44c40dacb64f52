"""The staff's busy time: calendars as people really keep them, written for one week and moved to the present one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Protocol

from entrevue.values import PersonId

_FOLDER = Path(__file__).parent / "busy"
_WRITTEN_FOR = date(2026, 11, 2)
"""A Monday. Whole weeks keep everyone's weekdays; wall times stay what they are, whatever the clocks do meanwhile."""

_DATE = re.compile(r"\b202[5-7][01][0-9][0-3][0-9](?=T|\b)")
"""The events' dates; the rules of the zones begin in 1970."""


@dataclass(frozen=True)
class Held:
    """An interview as a calendar holds it."""

    uid: str
    """Ours, whatever the calendar's own is."""
    version: int
    start: datetime
    end: datetime
    title: str


class Diary(Protocol):
    """Somebody's own calendar, wherever it is kept, as they use it themselves: past the adapters that write to it."""

    @property
    def calendar(self) -> str:
        """What the directory says of it."""
        ...

    async def fill(self, ics: str) -> None:
        """Put all events of an .ics text into it, as far as such calendars know them."""
        ...

    async def in_the_way(self, start: datetime, end: datetime) -> list[str]:
        """Give the titles of what keeps its owner busy between two instants of their own zone."""
        ...

    async def interviews(self) -> list[Held]:
        """Give all that Entrevue has put into it."""
        ...

    async def move(self, uid: str, start: datetime) -> None:
        """Give one of these another time, as a calendar program does."""
        ...


async def fill(diaries: Mapping[PersonId, Diary], today: date) -> None:
    """Put everyone's busy time into their calendar, as they would themselves."""
    for person, diary in diaries.items():
        await diary.fill(busy(person, today))


def busy(person: PersonId, today: date) -> str:
    """Give a person's calendar, an .ics text, as it looks in the week of this day."""
    monday = today - timedelta(days=today.weekday())
    shift = monday - _WRITTEN_FOR

    def moved(match: re.Match[str]) -> str:
        return f"{date.fromisoformat(match[0]) + shift:%Y%m%d}"

    return _DATE.sub(moved, (_FOLDER / f"{person}.ics").read_text(encoding="utf-8"))
