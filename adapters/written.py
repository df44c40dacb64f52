"""What we wrote into somebody's calendar, as the event itself remembers it: a person's edit is told from ours by it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Self

from activities.calendar import OwnerAnswer
from entrevue.values import CalendarEvent, InterviewId

_UNWANTED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\u0085\u2028\u2029]")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Written:
    """What a version of ours says, kept in the event itself: so that a person's edit can be told from our own."""

    sequence: int
    cancelled: bool
    start: datetime
    end: datetime
    texts: str
    """Digest of what else it says: title, description, place, interview."""

    @classmethod
    def of(cls, event: CalendarEvent, interview: InterviewId) -> Self:
        texts = "\n\n".join((clean(event.summary), clean(event.description), clean(event.location or ""), interview))
        return cls(
            sequence=event.sequence,
            cancelled=event.cancelled,
            start=event.slot.start.replace(microsecond=0),
            end=event.slot.end.replace(microsecond=0),
            texts=sha256(texts.encode()).hexdigest()[:16],
        )

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a record back; None where it was not us who wrote it."""
        match text.split("/"):
            case [sequence, ("CONFIRMED" | "CANCELLED") as status, start, end, texts]:
                try:
                    return cls(int(sequence), status == "CANCELLED", _parsed(start), _parsed(end), texts)
                except ValueError:
                    return None
        return None

    def __str__(self) -> str:
        status = "CANCELLED" if self.cancelled else "CONFIRMED"
        return f"{self.sequence}/{status}/{self.start.strftime(_STAMP)}/{self.end.strftime(_STAMP)}/{self.texts}"


@dataclass(frozen=True)
class StoredEvent:
    """An event as it stands in a calendar."""

    start: datetime
    end: datetime
    summary: str
    cancelled: bool
    sequence: int
    answer: OwnerAnswer | None
    """The owner's; None where the event does not name them."""
    written: Written | None
    """What we wrote there last; None where it was not us."""

    @property
    def moved(self) -> bool:
        """A person gave it other times. True also where it is not ours."""
        return self.written is None or (self.start, self.end) != (self.written.start, self.written.end)

    @property
    def edited(self) -> bool:
        """A person moved it or cancelled it. True also where it is not ours."""
        return self.moved or (self.written is not None and self.cancelled != self.written.cancelled)


@dataclass(frozen=True)
class Found:
    """What lies where an event of ours belongs."""

    event: StoredEvent | None
    """None: it cannot be read."""
    etag: str | None
    ical_uid: str | None = None
    """The UID that the provider has given it; None where that is ours."""

    @property
    def written(self) -> Written | None:
        return self.event.written if self.event else None

    @property
    def moved(self) -> bool:
        return self.event is None or self.event.moved

    @property
    def edited(self) -> bool:
        return self.event is None or self.event.edited


def clean(text: str) -> str:
    """Drop what could end a line. icalendar itself only asserts it for X- properties, and `python -O` drops that."""
    return _UNWANTED.sub(" ", text)


def _parsed(stamp: str) -> datetime:
    return datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
