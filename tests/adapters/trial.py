"""The trial of a calendar, run in tests: what it says, and what it leaves behind."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.check.program import check
from adapters.check.trial import Check, Finding, Provider
from adapters.memory.calendar import MemoryCalendar
from docs.generate import ROOT

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ALWAYS = (datetime(1999, 1, 1, tzinfo=UTC), datetime(2000, 2, 1, tzinfo=UTC))


@dataclass(frozen=True)
class Said:
    works: bool
    lines: list[str]

    @property
    def text(self) -> str:
        """All of it, as the documentation shows it: without durations, which differ."""
        return without_durations("\n".join(self.lines))

    def about(self, name: str) -> str:
        """Give the line that begins with a check's name, and what follows it, as one line."""
        found = [line for line in self.lines if re.match(rf"  [✓–✗] {re.escape(name)}  ", line)]
        return re.sub(r"\s+", " ", without_durations(found[-1])).strip()


def without_durations(text: str) -> str:
    return re.sub(r" +\d+\.\d\d s  ", "  ", text)


async def tried(
    provider: Provider,
    person: str = "grace",
    *,
    now: datetime = NOW,
    within: timedelta = timedelta(minutes=2),
    told: Callable[[str], object] = lambda _: None,
) -> Said:
    """Run a whole trial; `told` hears each line when it is said, between two checks."""
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        told(line)

    works = await check(provider, person, now, within=within, say=say)
    return Said(works, lines)


@dataclass
class InMemory:
    """Fulfils `adapters.check.trial.Provider`."""

    calendar: MemoryCalendar

    def first(self) -> tuple[Check, ...]:
        return ()

    def honours(self) -> tuple[Check, ...]:
        async def nothing() -> Finding:
            return Finding("nothing to ask of it")

        return (Check("memory", nothing),)

    async def move(self, uid: str, start: datetime) -> None:
        self.calendar.move("grace", uid, start)

    async def clear(self) -> int:
        return 0

    def remedy(self, trouble: CalendarRefused | CalendarUnavailable) -> str:
        del trouble
        return "have somebody look at it"


def documented(page: str, provider: str, address: str = "") -> str:
    """Give what a page of the documentation shows of a trial (of this address; else the first); without durations."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    block = rf"^```console\n\$ python -m adapters\.check {provider} {re.escape(address)}[^\n]*\n(.*?)^```"
    shown: list[str] = re.findall(block, text, re.MULTILINE | re.DOTALL)
    return without_durations(shown[0].rstrip("\n"))
