"""The words every other module speaks: messages, people, instants, slots, and how a command is refused."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    NaiveDatetime,
    StringConstraints,
)


class Message(BaseModel):
    """Whatever crosses a border: frozen, and tolerant of fields it does not know, so that old and new code meet.

    Whoever fails to read one says where, never what stood there: errors end up in logs and in the Temporal UI.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Intake(Message):
    """A message from strangers (a request, a command): a field we do not know is a mistake, and named as one."""

    model_config = ConfigDict(extra="forbid")


# --- text, bounded ---------------------------------------------------------------------------------------------------

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_ZONE = re.compile(r"UTC|[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){1,2}")
_LINK = re.compile(r"https?://[^\s<>\"'\\^`{|}]+")


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("holds control characters; send plain text")
    return text


def _one_line(text: str) -> str:
    if "\n" in text or "\t" in text:
        raise ValueError("must be a single line")
    return text


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("is not an e-mail address like ada@example.org")
    return text


def _zone(text: str) -> str:
    if not _ZONE.fullmatch(text):
        raise ValueError("is not an IANA zone name like Europe/Berlin, or UTC")
    return text


def _link(text: str) -> str:
    if not _LINK.fullmatch(text):
        raise ValueError("is not a link that starts with https:// or http://")
    return text


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
    AfterValidator(_one_line),
]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=300),
    AfterValidator(_printable),
    AfterValidator(_one_line),
]
Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), AfterValidator(_printable)
]
EmailAddress = Annotated[str, StringConstraints(max_length=254), AfterValidator(_address)]
ZoneName = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Link = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_link)]
InterviewId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
PersonId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@+-]{1,254}$")]
"""A person of the organisation: their id in the directory or, in a request only, their address there."""


DirectoryId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+-]{1,254}$")]
"""A person of the organisation by their id alone: what must not be fooled by a second name for somebody."""

PoolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.+-]{0,63}$")]
"""Interviewers who can stand in for one another, as the directory calls them."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2200

# --- time ------------------------------------------------------------------------------------------------------------


def _utc(at: datetime) -> datetime:
    if not _FIRST_YEAR < at.year < _LAST_YEAR:  # a day beyond either end cannot be computed with
        raise ValueError(f"must lie between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return at.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""A moment, always in UTC. Civil time (zones, days, quiet hours) is `entrevue.civil`'s business."""

Minutes = Annotated[int, Field(ge=0, le=24 * 60)]


class Slot(Message):
    """A stretch of time for one interview: an instant, and the wall time in a zone that people were promised by it."""

    start: Instant
    minutes: Annotated[int, Field(ge=5, le=8 * 60)]
    zone: ZoneName = "UTC"
    wall: NaiveDatetime | None = None
    """What a clock in `zone` showed at `start` when the slot was made; new zone rules keep this, and move `start`."""

    @property
    def end(self) -> datetime:
        return self.start + timedelta(minutes=self.minutes)


class CalendarEvent(Message):
    """One version of one event, as calendars and mail shall show it."""

    uid: str
    """`{interview}.c{g}` for the candidate's, `{interview}.p{g}` for the panel's; never shared between the two."""
    sequence: int
    """iCalendar SEQUENCE; also the version an adapter compares. A higher one wins."""
    stamp: Instant
    """DTSTAMP: fixed by the domain, so that a retry writes the same bytes."""
    slot: Slot
    summary: str
    description: str = ""
    location: str | None = None
    cancelled: bool = False
    ical_uid: str | None = None
    """By which the reader's calendar program knows it already, where that is a provider's: an ICS must carry it."""


# --- people ----------------------------------------------------------------------------------------------------------

Who = Annotated[str, StringConstraints(pattern=r"^(candidate|i[1-9][0-9]?)$")]
"""A person inside one interview: `candidate`, `i1`, `i2`, …; in ids and logs nobody is named otherwise."""

CONFIDANT = "n1"
"""Whoever is named for reports of conduct, as letters know them: many can read ids, and shall not learn of a report."""

Addressee = Annotated[str, StringConstraints(pattern=rf"^(candidate|i[1-9][0-9]?|{CONFIDANT})$")]
"""Whom letters go to: the people of the interview, and the confidant."""

Role = Literal["coordinator", "decision_maker", "reviewer", "ruler", "conduct", "backend", "operator"]
"""`conduct`: whom the organisation names, off the panel, for reports of conduct."""

Actor = Annotated[
    str,
    StringConstraints(
        pattern=r"^(candidate|i[1-9][0-9]?|coordinator|decision_maker|reviewer|ruler|conduct|backend|operator)$"
    ),
]
"""Who commands: a person of the interview, or a role. The backend vouches for it; the domain judges what it may do."""

CANDIDATE = "candidate"


class Side(StrEnum):
    CANDIDATE = "candidate"
    COMPANY = "company"


def side_of(actor: str) -> Side:
    return Side.CANDIDATE if actor == CANDIDATE else Side.COMPANY


class SeatRole(StrEnum):
    LEAD = "LEAD"
    REQUIRED = "REQUIRED"
    OPTIONAL = "OPTIONAL"
    SHADOW = "SHADOW"
    REVERSE_SHADOW = "REVERSE_SHADOW"


class Status(StrEnum):
    """Where an interview stands; derived from its regions, never stored (lifecycle, section 2)."""

    NEEDS_SCHEDULING = "NEEDS_SCHEDULING"
    AWAITING_CANDIDATE = "AWAITING_CANDIDATE"
    AWAITING_INTERVIEWERS = "AWAITING_INTERVIEWERS"
    SCHEDULED = "SCHEDULED"
    NEEDS_RESCHEDULING = "NEEDS_RESCHEDULING"
    IN_PROGRESS = "IN_PROGRESS"
    NO_SHOW_REVIEW = "NO_SHOW_REVIEW"
    AWAITING_EVALUATIONS = "AWAITING_EVALUATIONS"
    AWAITING_DECISION = "AWAITING_DECISION"
    RELEASED = "RELEASED"
    FOLLOW_UP = "FOLLOW_UP"
    ON_HOLD = "ON_HOLD"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    WITHDRAWN = "WITHDRAWN"
    CLOSED_NO_SHOW = "CLOSED_NO_SHOW"
    EXPIRED = "EXPIRED"

    @property
    def terminal(self) -> bool:
        return self in _TERMINAL


_TERMINAL = frozenset({Status.COMPLETED, Status.CANCELLED, Status.WITHDRAWN, Status.CLOSED_NO_SHOW, Status.EXPIRED})


# --- refusals --------------------------------------------------------------------------------------------------------


class Code(StrEnum):
    """Why a command is refused (lifecycle, section 5)."""

    INVALID_COMMAND = "invalid_command"
    INVALID_STATE = "invalid_state"
    STALE_REVISION = "stale_revision"
    NOT_PARTICIPANT = "not_participant"
    NOT_AUTHORIZED = "not_authorized"
    SLOT_UNAVAILABLE = "slot_unavailable"
    HOLD_EXPIRED = "hold_expired"
    NONEXISTENT_LOCAL_TIME = "nonexistent_local_time"
    AMBIGUOUS_LOCAL_TIME = "ambiguous_local_time"
    MAX_ROUNDS_REACHED = "max_rounds_reached"
    QUORUM_UNSATISFIABLE = "quorum_unsatisfiable"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    LOAD_LIMIT_EXCEEDED = "load_limit_exceeded"
    NOT_ATTENDED = "not_attended"
    FORM_NOT_OPEN = "form_not_open"
    EVALUATION_LOCKED = "evaluation_locked"
    WINDOW_CLOSED = "window_closed"
    ALREADY_RELEASED = "already_released"
    CONSENT_MISSING = "consent_missing"
    DISPUTE_WINDOW_CLOSED = "dispute_window_closed"
    ON_HOLD = "on_hold"
    ERASED = "erased"
    IDEMPOTENCY_MISMATCH = "idempotency_mismatch"
    LINK_INVALID = "link_invalid"
    LINK_EXPIRED = "link_expired"


class Refused(Exception):
    """A command that does not fit: a code for programs, a sentence with the remedy for people."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def said(message: Message) -> dict[str, JsonValue]:
    """Give a message as JSON, without the fields that hold their default: a newer program meets an older one so."""
    fields = type(message).model_fields
    silent = {name for name, one in fields.items() if name != "kind" and getattr(message, name) == one.default}
    told: dict[str, JsonValue] = message.model_dump(mode="json", exclude=silent)
    return told


def digest(message: Message) -> str:
    """Say in 16 hex digits what a command holds, so that one key with two bodies is found out."""
    canonical = json.dumps(said(message), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
