"""How far a calendar has been read: what `Calendar.changes` gives out, and gets back a while later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self
from urllib.parse import quote, unquote

_FORMAT: Final = "1"
LONGEST_TOKEN, MOST_VERSIONS = 1000, 100
"""Characters of a quoted token, and versions of our events, that a cursor holds: less than 4,000 characters in all."""


@dataclass(frozen=True)
class Cursor:
    """The calendar as it was. It outlives workers, and crosses histories: digests, no names and no times."""

    calendar: str
    """Which one: with another address in the directory everything may be different."""
    token: str | None = None
    """The server's own; None where it has none."""
    rest: str = ""
    """Of a server without tokens: all objects but ours, and their etags; of Microsoft, the day of its window."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of our events, by their names."""

    @classmethod
    def parse(cls, text: str | None, calendar: str) -> Self | None:
        """Read a cursor back; None where it is not of this format, or of another calendar."""
        match (text or "").split(" "):
            case [format_, of, token, rest, *versions] if (format_, of) == (_FORMAT, calendar):
                pairs = [one.split("=") for one in versions]
                if all(len(pair) == 2 for pair in pairs):  # noqa: PLR2004  # name=version
                    return cls(calendar, unquote(token) or None, rest, dict(pairs))
        return None

    def __str__(self) -> str:
        versions = (f"{name}={version}" for name, version in self.versions.items())
        return " ".join((_FORMAT, self.calendar, quote(self.token or "", safe=""), self.rest, *versions))


def fits(token: str) -> bool:
    return len(quote(token, safe="")) <= LONGEST_TOKEN


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
