"""The staff's busy time: calendars as people really keep them, written for one week and moved to the present one."""

import re
from datetime import date, timedelta
from pathlib import Path

from demo.calendar_server import CalendarServer
from entrevue.values import PersonId

_FOLDER = Path(__file__).parent / "busy"
_WRITTEN_FOR = date(2026, 11, 2)
"""A Monday. Whole weeks keep everyone's weekdays; wall times stay what they are, whatever the clocks do meanwhile."""

_DATE = re.compile(r"\b202[5-7][01][0-9][0-3][0-9](?=T|\b)")
"""The events' dates; the rules of the zones begin in 1970."""


async def fill(calendars: CalendarServer, today: date) -> None:
    """Put everyone's busy time into their calendar, as they would themselves."""
    for person in calendars.people:
        await calendars.fill(person, busy(person, today))


def busy(person: PersonId, today: date) -> str:
    """Give a person's calendar, an .ics text, as it looks in the week of this day."""
    monday = today - timedelta(days=today.weekday())
    shift = monday - _WRITTEN_FOR

    def moved(match: re.Match[str]) -> str:
        return f"{date.fromisoformat(match[0]) + shift:%Y%m%d}"

    return _DATE.sub(moved, (_FOLDER / f"{person}.ics").read_text(encoding="utf-8"))
