"""When an event is: times, days, and what repeats, as v3/reference/events describes `start`, `end` and `recurrence`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from dateutil import rrule  # type: ignore[import-untyped]  # it ships no types
from pydantic import JsonValue

from tests.providers.google_errors import JsonObject, refusal

MOST_INSTANCES: Final = 730
"""Of a series that never ends, where the question has no end either. Google says of no number."""
_EXPANSION: Final = timedelta(days=2 * 365)


@dataclass(frozen=True)
class When:
    """`start` or `end`: an instant, or the first moment of a day wherever it is looked at."""

    at: datetime | None = None
    """In UTC."""
    day: date | None = None
    zone: str | None = None
    """As written; None: the calendar's."""

    @classmethod
    def of(cls, value: JsonValue, name: str) -> Self:
        """Read an EventDateTime: `dateTime` with an offset, or with `timeZone`; or `date`."""
        told = value if isinstance(value, dict) else {}
        zone = told.get("timeZone")
        if zone is not None and not isinstance(zone, str):
            raise refusal("invalid")
        match told:
            case {"date": str(day), "dateTime": str()} if day:
                raise refusal("invalid", "Invalid start or end: date and dateTime are both there.")
            case {"date": str(day)}:
                return cls(day=_date(day), zone=zone)
            case {"dateTime": str(text)}:
                at = _datetime(text)
                if at.tzinfo is None:
                    if zone is None:
                        raise refusal("required", f"Missing time zone definition for {name} time.")
                    at = at.replace(tzinfo=_zone(zone))
                return cls(at=at.astimezone(UTC), zone=zone)
            case _:
                raise refusal("required", f"Missing {name} time.")

    def instant(self, zone: str) -> datetime:
        """Give the moment in UTC; a day begins where the calendar is."""
        if self.at is not None:
            return self.at
        day = self.day or date.min
        return datetime(day.year, day.month, day.day, tzinfo=_zone(zone)).astimezone(UTC)

    def shown(self, zone: str) -> JsonObject:
        """Give it as answers have it: in the zone of the answer, with its offset."""
        if self.day is not None:
            return {"date": self.day.isoformat()}
        return {"dateTime": stamp(self.instant(zone), zone), "timeZone": self.zone or zone}

    def moved(self, by: timedelta, zone: str) -> "When":
        """Move by wall time: what is at nine stays at nine, whatever the clocks do meanwhile."""
        if self.day is not None:
            return replace(self, day=self.day + by)
        wall = self.instant(zone).astimezone(_zone(self.zone or zone))
        return replace(self, at=(wall + by).astimezone(UTC))

    def wall(self, zone: str) -> datetime:
        """Give the naive local time in which a series repeats."""
        if self.day is not None:
            return datetime(self.day.year, self.day.month, self.day.day)  # noqa: DTZ001 - a day has no zone
        return self.instant(zone).astimezone(_zone(self.zone or zone)).replace(tzinfo=None)


def starts(start: When, recurrence: list[str], zone: str, before: datetime | None) -> Iterator[When]:
    """Give the starts of a series, in order, up to a moment."""
    first = start.wall(zone)
    end = before or datetime.now(UTC) + _EXPANSION
    rules = [line for line in recurrence if not line.startswith(("DTSTART", "DTEND"))]
    if rules != recurrence:
        raise refusal("invalid", "Invalid recurrence rule.")
    try:
        # Walls are naive: UNTIL and EXDATE in UTC lose their zone, which is right to the day.
        series = rrule.rrulestr("\n".join(rules), dtstart=first, forceset=True, ignoretz=True)
    except ValueError:
        raise refusal("invalid", "Invalid recurrence rule.") from None
    for count, each in enumerate(series):
        found = start.moved(each - first, zone)
        if (before is None and count == MOST_INSTANCES) or found.instant(zone) >= end:
            return
        yield found


def stamp(at: datetime, zone: str = "UTC") -> str:
    return at.astimezone(_zone(zone)).isoformat(timespec="seconds").replace("+00:00", "Z")


def instant(text: str, parameter: str) -> datetime:
    """Read a parameter: "an RFC3339 timestamp with mandatory time zone offset"; milliseconds are ignored."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise refusal("invalid", "Bad Request", parameter=parameter) from None
    if found.tzinfo is None or "T" not in text:
        raise refusal("invalid", "Bad Request", parameter=parameter)
    return found.astimezone(UTC).replace(microsecond=0)


def check_zone(name: str) -> None:
    _zone(name)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise refusal("invalid", "Invalid time zone definition.") from None


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refusal("invalid", "Invalid value for date.") from None


def _datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise refusal("invalid", "Invalid value for dateTime.") from None
