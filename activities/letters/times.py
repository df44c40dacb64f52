"""Civil time in words: the reader's own first, and the candidate's beside it where their clock says something else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from html import escape
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from activities.letters.language import Words
from entrevue.letters import Correspondent
from entrevue.values import Slot

_EARLY, _LATE = time(8), time(20)
"""Of anybody's own day: an interview outside is possible, and said to be so."""


@dataclass(frozen=True)
class Shown:
    """A time in words; in HTML machines can read it too."""

    text: str
    at: datetime

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        return f'<time datetime="{self.at:%Y-%m-%dT%H:%M:%SZ}">{escape(self.text)}</time>'


class Times:
    """Says when something is, to one reader, in one language."""

    def __init__(self, reader: Correspondent, words: Words) -> None:
        zone = _zone(reader.zone)
        self._words = words
        self._zone = zone or UTC
        self._known = None if reader.zone_assumed else zone
        self.zone_unknown = self._known is None
        self.city = "UTC" if zone is None else _city(zone)

    def when(self, slot: Slot) -> Shown:
        """Say `Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)`; never an abbreviation: IST is three zones."""
        times, where = self._times(slot, self._zone, self._day)
        return Shown(f"{times} ({where})", slot.start)

    def moment(self, at: datetime) -> Shown:
        local = at.astimezone(self._zone)
        return Shown(f"{self._day(local)}, {local:%H:%M} ({_where(local)})", at)

    def beside(self, slot: Slot, candidates: str | None) -> Shown | None:
        """Show the candidate's time to an interviewer, where the candidate's clock may say something else."""
        theirs = None if candidates is None else _zone(candidates)
        if theirs is None or str(theirs) == str(self._zone):
            return None
        days = {at.astimezone(zone).date() for at in (slot.start, slot.end) for zone in (self._zone, theirs)}
        times, where = self._times(slot, theirs, self._short_day if len(days) > 1 else None)
        return Shown(self._words.for_the_candidate.format(times=times, where=where), slot.start)

    def outside(self, slot: Slot, candidates: str | None = None) -> str:
        """Name those for whom the slot lies early, late or in the night; nothing where nobody's zone says so."""
        words, theirs = self._words, None if candidates is None else _zone(candidates)
        of = ((words.you, self._known), (words.the_candidate, theirs))
        whose = [whom for whom, zone in of if zone and _unusual(slot, zone)]
        if not whose:
            return ""
        return words.outside.format(early=f"{_EARLY:%H:%M}", late=f"{_LATE:%H:%M}", whom=words.listed(whose))

    def _times(self, slot: Slot, zone: tzinfo, day: Callable[[datetime], str] | None) -> tuple[str, str]:
        """Say from when until when, with the dates as `day` writes them, and where that is so."""
        start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
        first = f"{day(start)}, " if day else ""
        until = f"{day(end)}, " if day and start.date() != end.date() else ""
        if start.utcoffset() != end.utcoffset():
            times = f"{first}{start:%H:%M} {_offset(start)} – {until}{end:%H:%M} {_offset(end)}"
            return times, self._words.clocks_change.format(city=_city(zone))
        dash = " – " if until else "–"
        return f"{first}{start:%H:%M}{dash}{until}{end:%H:%M}", _where(start)

    def _day(self, local: datetime) -> str:
        words = self._words
        weekday, month = words.weekdays[local.weekday()], words.months[local.month - 1]
        return words.day.format(weekday=weekday, day=local.day, month=month, year=local.year)

    def _short_day(self, local: datetime) -> str:
        words = self._words
        weekday, month = words.weekdays_short[local.weekday()], words.months_short[local.month - 1]
        return words.short_day.format(weekday=weekday, day=local.day, month=month)


def _unusual(slot: Slot, zone: tzinfo) -> bool:
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    return start.date() != end.date() or start.time() < _EARLY or end.time() > _LATE


def _zone(name: str) -> tzinfo | None:
    """Find the zone; None where nobody knows it: a letter in UTC, labelled so, is better than none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: `America/Argentina` is a folder
        return None


def _where(local: datetime) -> str:
    zone = local.tzinfo or UTC
    if zone is UTC:
        return "UTC"
    return _offset(local) if str(zone).startswith("Etc/") else f"{_city(zone)}, {_offset(local)}"


def _city(zone: tzinfo) -> str:
    return str(zone).rpartition("/")[2].replace("_", " ")


def _offset(local: datetime) -> str:
    digits = f"{local:%z}"
    return f"UTC{digits[:3]}:{digits[3:5]}"
