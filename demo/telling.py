"""What the audience is told: plain lines, each with the interview's own time, and at the end what was checked."""

import textwrap
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_WIDTH = 110
_STAMP = 17
_LABEL, _COLUMN = 24, 40
_WHAT = 44


class Telling:
    """One telling. Times at the left are shown in `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._checks: list[tuple[bool, str]] = []
        self._outcomes: list[str] = []
        self._hushed = False

    def hushed(self) -> "Telling":
        """Give a twin that remembers checks with this one, and tells nothing but what does not hold."""
        twin = copy(self)
        twin._hushed = True  # noqa: SLF001 - its own
        return twin

    def title(self, text: str) -> None:
        print(f"\n{text}\n{'=' * len(text)}")

    def say(self, text: str, *more: str) -> None:
        """Tell something that belongs to no instant."""
        self._lines(f"{'':{_STAMP}}{text}", indent=_STAMP)
        for line in more:
            self._lines(f"{'':{_STAMP}}  {line}", indent=_STAMP + 4)

    def two_columns(self, rows: Iterable[tuple[str, str]]) -> None:
        """Show (what, of it) with room for much on the right."""
        for what, of_it in rows:
            first, *rest = textwrap.wrap(of_it, _WIDTH - _WHAT - 4) or [""]
            whats = textwrap.wrap(what, _WHAT - 2) or [""]
            for n in range(max(len(whats), len(rest) + 1)):
                left = whats[n] if n < len(whats) else ""
                print(f"    {left:{_WHAT}}{[first, *rest][n] if n <= len(rest) else ''}".rstrip())

    def step(self, at: datetime, text: str, *more: str) -> None:
        """Tell what happens at this instant, and, below it, what there is to see."""
        stamp = moment(at, self._zone).ljust(_STAMP)
        self._lines(f"{stamp}{text}", indent=_STAMP)
        for line in more:
            self._lines(f"{' ' * _STAMP}  {line}", indent=_STAMP + 4)

    def time_passes(self, how_long: timedelta, why: str, whose: str = "this interview's") -> None:
        """Say so whenever a clock is put forward: nobody shall think that this took weeks."""
        spent = words(how_long)
        verb = "passes" if spent.startswith("1 ") and spent.count(" ") == 1 else "pass"
        self._lines(f"{'':{_STAMP}}⏩ {spent} {verb} on {whose} own clock: {why}", indent=_STAMP + 3)

    def side_by_side(self, left: str, right: str, rows: Iterable[tuple[str, str, str]]) -> None:
        """Show (what, left, right) as two columns."""
        for what, one, other in (("", left, right), ("", "-" * len(left), "-" * len(right)), *rows):
            cells = [textwrap.wrap(cell, _COLUMN - 2) or [""] for cell in (what, one, other)]
            for n in range(max(map(len, cells))):
                words_of_line = [cell[n] if n < len(cell) else "" for cell in cells]
                print(f"    {words_of_line[0]:{_LABEL}}{words_of_line[1]:{_COLUMN}}{words_of_line[2]}".rstrip())

    def check(self, holds: object, what: str, instead: object = None) -> None:
        """Remember whether it holds; what does not is told at once, with what there is instead."""
        self._checks.append((bool(holds), what))
        if not holds:
            self._lines(f"  ✗ {what}" + (f"; instead: {instead}" if instead is not None else ""), indent=4, always=True)

    def outcome(self, text: str) -> None:
        self._outcomes.append(text)

    def conclude(self) -> bool:
        """Tell the outcomes and every check; say whether all of them hold."""
        self.title("What came of it")
        for text in self._outcomes:
            self._lines(f"  {text}", indent=4)
        print()
        for holds, what in self._checks:
            self._lines(f"  {'✓' if holds else '✗'} {what}", indent=4)
        failed = sum(not holds for holds, _ in self._checks)
        print(f"\n{len(self._checks) - failed} of {len(self._checks)} checks hold.")
        return failed == 0

    def _lines(self, text: str, *, indent: int, always: bool = False) -> None:
        if self._hushed and not always:
            return
        print(textwrap.fill(text, _WIDTH, subsequent_indent=" " * indent, break_long_words=False))


def moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%a %d %b %H:%M}"


def in_zones(start: datetime, zones: Sequence[ZoneInfo]) -> str:
    """Show an instant in several zones, each named by its city; the day again where it is another."""
    first = start.astimezone(zones[0])
    shown = [f"{moment(start, zones[0])} {city(zones[0])}"]
    for zone in zones[1:]:
        local = start.astimezone(zone)
        shown.append(
            f"{local:%H:%M} {city(zone)}" if local.date() == first.date() else f"{local:%a %H:%M} {city(zone)}"
        )
    return " · ".join(shown)


def city(zone: ZoneInfo) -> str:
    return zone.key.rpartition("/")[2].replace("_", " ")


def words(duration: timedelta) -> str:
    """Say a duration in its two largest units."""
    minutes = round(duration.total_seconds() / 60)
    counts = ((minutes // (24 * 60), "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    parts = [f"{count} {unit}{'s' if count != 1 else ''}" for count, unit in counts if count]
    return " ".join(parts[:2]) or "less than a minute"
