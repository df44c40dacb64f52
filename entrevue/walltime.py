"""Wall times as people name them: the instant that is meant, or a refusal where there is none, or where there are two.

The one file of the library that reads zone rules. The client and the command line use it before anything is sent;
workflow and domain code must not: under newer rules a replay would compute another instant.
"""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # zone files, and two lists
from pydantic import AfterValidator, Field, NaiveDatetime, TypeAdapter

from entrevue.values import Code, Instant, Intake, Refused, ZoneName

_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def _countable(local: datetime) -> datetime:
    _INSTANT.validate_python(local.replace(tzinfo=UTC))
    return local


class WallTime(Intake):
    """What a clock in `zone` shows: `WallTime(local=datetime(2026, 12, 1, 10), zone="Europe/Berlin")`."""

    local: Annotated[NaiveDatetime, AfterValidator(_countable)]
    zone: Annotated[ZoneName, Field(description="IANA time zone")]
    fold: Literal[0, 1] | None = None
    """Which one is meant where the clocks go back and show `local` twice: 0 the first, 1 the second (PEP 495)."""


class UnclearTime(Refused):
    """Refused because no instant shows that wall time, or two do; `either` are the instants to choose from, in order.

    Where there is none, they are the last minute before the clocks go forward and the first one after it; where there
    are two, they are those two: `either[fold]`.
    """

    def __init__(self, code: Code, sentence: str, either: tuple[datetime, datetime]) -> None:
        super().__init__(code, sentence)
        self.either = either


def instant(wall: WallTime, field: str = "start") -> datetime:
    """Give the instant, in UTC. Raises `UnclearTime`, and `Refused` where there is no such zone."""
    rules = zone_rules(wall.zone, field)
    first, second = readings(wall.local, rules)
    if first == second:
        return first
    said = f"{field}: {wall.local:%Y-%m-%d %H:%M}"
    if first > second:
        change = _change(rules, second, first)
        before, after = either = change - _MINUTE, change
        sentence = (
            f"{said} does not exist in {wall.zone}, where the clocks go forward then; "
            f"take {_shown(before, rules)} or {_shown(after, rules)}"
        )
        raise UnclearTime(Code.NONEXISTENT_LOCAL_TIME, sentence, either)
    if wall.fold is None:
        sentence = (
            f"{said} exists twice in {wall.zone}, where the clocks go back then; say which: "
            f"fold 0 is {_shown(first, rules)}, fold 1 is {_shown(second, rules)}"
        )
        raise UnclearTime(Code.AMBIGUOUS_LOCAL_TIME, sentence, (first, second))
    return (first, second)[wall.fold]


def instants(value: object, field: str) -> object:
    """Give the instant in place of a wall time, alone or in a tuple; whatever else there is stays as it is."""
    match value:
        case WallTime():
            return instant(value, field)
        case tuple():
            return tuple(instants(one, f"{field}.{n}") for n, one in enumerate(value))
        case _:
            return value


def readings(local: datetime, rules: tzinfo) -> tuple[datetime, datetime]:
    """Give the instants as which the rules before and those after a change of the clocks read this wall time (PEP 495).

    They are the same on all but a few hours a year. Where the first is the earlier one, the wall time exists twice;
    where it is the later one, never.
    """
    first, second = (local.replace(tzinfo=rules, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _change(rules: tzinfo, before: datetime, by: datetime) -> datetime:
    """Find the instant after `before`, up to and including `by`, at which the clocks change."""
    new = by.astimezone(rules).utcoffset()
    steps = range((by - before) // _SECOND)
    return before + _SECOND * bisect_left(
        steps, 1, key=lambda n: (before + _SECOND * n).astimezone(rules).utcoffset() == new
    )


def _shown(at: datetime, rules: tzinfo) -> str:
    return at.astimezone(rules).isoformat(timespec="minutes")


# --- zone rules ------------------------------------------------------------------------------------------------------


def zone_rules(zone: ZoneName, field: str = "zone") -> ZoneInfo:
    """Give the rules of the `tzdata` distribution, whatever this machine's system has; refuse what is no zone there.

    Systems were found to be a change behind: an hour off for Vancouver. The process's own `zoneinfo` is left alone.
    """
    check_zone(zone, field)
    return _read(zone)


def check_zone(zone: ZoneName | None, field: str) -> None:
    """Refuse a zone that does not exist, which workers could not look up."""
    if zone is None or zone in _names():
        return
    similar = get_close_matches(zone, _names(), n=1)
    hint = f"; did you mean {similar[0]}?" if similar else ""
    raise Refused(Code.INVALID_COMMAND, f"{field}: {zone} is not in the IANA time zone database{hint}")


@cache
def _names() -> frozenset[str]:
    return frozenset((files(tzdata) / "zones").read_text(encoding="ascii").split())


@cache
def _read(zone: ZoneName) -> ZoneInfo:
    with files(tzdata).joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)
