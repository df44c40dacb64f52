"""Answers that reach us by a calendar or by mail: yes, maybe, no, and "rather then"; judged, never obeyed blindly.

What is heard in a person's own calendar, or behind a signed link, is theirs. What is heard by mail alone could be
anybody's: it is remembered, and asked about, until they confirm it. A candidate's no to a booked time is a question,
not a cancellation (lifecycle, section 8).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import changes, negotiation, seats
from entrevue.facts import AFact
from entrevue.negotiation import ProposeOtherTime
from entrevue.scheduling import RescheduleRequested, SearchRequested
from entrevue.seats import RespondToSeat
from entrevue.values import CANDIDATE, Instant, Line, Message, Refused, Side, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

Heard = Literal["accepted", "tentative", "declined"]
Via = Literal["calendar", "mail"]

_WAITS, _NOT_LATER_THAN, _AT_LEAST = timedelta(hours=24), timedelta(hours=4), timedelta(hours=1)
"""How long a candidate who said no is asked before the time is given up: 24 h, at most until four
hours before it begins, an hour at least."""

_REMEMBERED = 100

# --- facts -----------------------------------------------------------------------------------------------------------


class RsvpReceived(AFact):
    """Somebody's calendar program has answered to a version of the event."""

    kind: Literal["rsvp_received"] = "rsvp_received"
    whom: Who
    answer: Heard
    sequence: Annotated[int, Field(ge=0)]
    """Of the version that was answered; an answer to an older time is stale."""
    via: Via
    verified: bool
    """Whether it is known to be theirs: from their own calendar, or a mail that our own server has authenticated."""


class CounterReceived(AFact):
    """Somebody's calendar program proposes another time (iTIP COUNTER)."""

    kind: Literal["counter_received"] = "counter_received"
    whom: Who
    start: Instant
    sequence: Annotated[int, Field(ge=0)]
    via: Via
    verified: bool
    reason: Line | None = None


class WordsReceived(AFact):
    """Somebody has answered a letter in words, which only a person can read. Where they lie, not what they say."""

    kind: Literal["words_received"] = "words_received"
    whom: Who


AnswerFact = RsvpReceived | CounterReceived | WordsReceived

# --- events ----------------------------------------------------------------------------------------------------------


class AnswerHeard(Message):
    """`until`: of a candidate's no, when the booked time is given up; None where nothing follows by itself."""

    kind: Literal["answer_heard"] = "answer_heard"
    whom: Who
    answer: Heard
    via: Via
    verified: bool
    sequence: int
    source_id: str
    until: Instant | None = None


class CounterHeard(Message):
    """`refused`: why it could not become a proposal, as a command is refused; a person must look."""

    kind: Literal["counter_heard"] = "counter_heard"
    whom: Who
    start: Instant
    via: Via
    verified: bool
    sequence: int
    source_id: str
    refused: str | None = None


class WordsHeard(Message):
    kind: Literal["words_heard"] = "words_heard"
    whom: Who
    source_id: str


class WordsRead(Message):
    """Somebody has read what was written."""

    kind: Literal["words_read"] = "words_read"
    whom: Who


AnswerEvent = AnswerHeard | CounterHeard | WordsHeard | WordsRead
Outcome = AnswerEvent | seats.Outcome
"""What this module decides; what an answer leads to are the events of scheduling and of the seats."""

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Said:
    """The last answer of somebody to a version of the event."""

    n: int
    """Counts the answers that ask something of them: a letter a number."""
    answer: Literal["accepted", "tentative", "declined", "counter"]
    sequence: int
    verified: bool
    at: datetime
    until: datetime | None = None
    start: datetime | None = None
    refused: str | None = None


@dataclass(frozen=True, kw_only=True)
class Answers:
    said: dict[str, Said] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    """Who has written something that nobody has read yet."""
    facts: tuple[str, ...] = ()


# --- rules -----------------------------------------------------------------------------------------------------------


def judge(fact: AnswerFact, interview: "Interview", now: datetime) -> list[Outcome]:
    """A fact cannot be refused, only judged: a repeat, a stranger's, or one about another version is no news."""
    state = interview.answers
    if interview.closed is not None or fact.source_id in state.facts or fact.whom not in interview.people:
        return []
    if isinstance(fact, WordsReceived):
        return [WordsHeard(whom=fact.whom, source_id=fact.source_id)]
    if not _is_about_now(interview, fact.sequence, now):
        return []
    match fact:
        case RsvpReceived():
            return _rsvp(fact, interview, now)
        case CounterReceived():
            return _counter(fact, interview, now)
        case _:
            assert_never(fact)


def _is_about_now(interview: "Interview", sequence: int, now: datetime) -> bool:
    """Whether the time that was answered is the one that is booked, and lies ahead."""
    shown, booking = interview.scheduling.shown, interview.scheduling.booking
    if shown is None or booking is None or shown.cancelled or interview.session.started_at is not None:
        return False
    return shown.since <= sequence <= shown.sequence and now < booking.slot.start


def _rsvp(fact: RsvpReceived, interview: "Interview", now: datetime) -> list[Outcome]:
    said = interview.answers.said.get(fact.whom)
    shown = interview.scheduling.shown
    again = said is not None and shown is not None and said.sequence >= shown.since
    if again and said is not None and (said.answer, said.verified) == (fact.answer, fact.verified):
        return []
    heard = AnswerHeard(
        whom=fact.whom,
        answer=fact.answer,
        via=fact.via,
        verified=fact.verified,
        sequence=fact.sequence,
        source_id=fact.source_id,
        until=_given_up_at(fact, interview, now),
    )
    return [heard, *(_of_interviewer(fact, interview, now) if fact.whom != CANDIDATE and fact.verified else [])]


def _of_interviewer(fact: RsvpReceived, interview: "Interview", now: datetime) -> Iterable[Outcome]:
    try:
        return seats.decide(RespondToSeat(by=fact.whom, answer=fact.answer), interview, now)
    except Refused:
        return []  # what is being booked settles it, and the answer is shown meanwhile


def _given_up_at(fact: RsvpReceived, interview: "Interview", now: datetime) -> datetime | None:
    booking = interview.scheduling.booking
    wants = fact.whom == CANDIDATE and fact.answer == "declined" and fact.verified
    if not wants or booking is None or interview.scheduling.exchange is not None:
        return None
    until = min(now + _WAITS, max(booking.slot.start - _NOT_LATER_THAN, now + _AT_LEAST))
    return until if until < booking.slot.start else None


def _counter(fact: CounterReceived, interview: "Interview", now: datetime) -> list[Outcome]:
    refused: str | None = None
    proposed: list[Outcome] = []
    if fact.verified:
        try:
            proposed = [*propose(interview, fact.whom, fact.start, now, fact.reason)]
        except Refused as refusal:
            refused = refusal.code
    heard = CounterHeard(
        whom=fact.whom,
        start=fact.start,
        via=fact.via,
        verified=fact.verified,
        sequence=fact.sequence,
        source_id=fact.source_id,
        refused=refused,
    )
    return [heard, *proposed]


def propose(
    interview: "Interview", whom: str, start: datetime, now: datetime, reason: str | None = None
) -> Iterable[Outcome]:
    """Propose another time in their name, as the command would. May raise `Refused`."""
    revision = interview.scheduling.revision
    command = ProposeOtherTime(by=whom, start=start, reason=reason, expected_revision=revision)
    return negotiation.decide(command, interview, now)


def asks(interview: "Interview") -> Iterable[tuple[str, Said]]:
    """Give who must be asked what they meant: a candidate who said no, and whoever answered by mail unconfirmed."""
    shown, booking = interview.scheduling.shown, interview.scheduling.booking
    if shown is None or booking is None or shown.cancelled:
        return
    for whom, said in interview.answers.said.items():
        about_now = whom in interview.people and said.sequence >= shown.since
        no = said.answer == "declined" and (whom == CANDIDATE or not said.verified)
        other = said.answer == "counter" and not said.verified
        if about_now and (no or other) and interview.acted.get(whom, said.at) <= said.at:
            yield whom, said


def deadlines(interview: "Interview") -> list[tuple[datetime, list[RescheduleRequested | SearchRequested]]]:
    """The candidate said no, was asked, and is silent: the time is given up, and another is looked for."""
    if interview.scheduling.requested is not None or interview.scheduling.exchange is not None:
        return []
    if interview.effects.unreachable(CANDIDATE) or interview.scheduling.paused:
        return []
    return [
        (said.until, _vacated(interview, said.until))
        for whom, said in asks(interview)
        if whom == CANDIDATE and said.until is not None
    ]


def _vacated(interview: "Interview", at: datetime) -> list[RescheduleRequested | SearchRequested]:
    given_up = changes.exchange(interview, Side.CANDIDATE, at, vacate=True, cause="rsvp", asked_by=CANDIDATE)
    return [one for one in given_up if isinstance(one, RescheduleRequested | SearchRequested)]


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Answers, event: AnswerEvent, at: datetime) -> Answers:
    match event:
        case AnswerHeard():
            said = Said(
                n=_next(state),
                answer=event.answer,
                sequence=event.sequence,
                verified=event.verified,
                at=at,
                until=event.until,
            )
            return _heard(state, event.whom, said, event.source_id)
        case CounterHeard():
            said = Said(
                n=_next(state),
                answer="counter",
                sequence=event.sequence,
                verified=event.verified,
                at=at,
                start=event.start,
                refused=event.refused,
            )
            return _heard(state, event.whom, said, event.source_id)
        case WordsHeard(whom=whom, source_id=source_id):
            words = state.words if whom in state.words else (*state.words, whom)
            return replace(state, words=words, facts=(*state.facts, source_id)[-_REMEMBERED:])
        case WordsRead(whom=whom):
            return replace(state, words=tuple(one for one in state.words if one != whom))
        case _:
            assert_never(event)


def _next(state: Answers) -> int:
    return 1 + max((one.n for one in state.said.values()), default=0)


def _heard(state: Answers, whom: str, said: Said, source_id: str) -> Answers:
    return replace(state, said={**state.said, whom: said}, facts=(*state.facts, source_id)[-_REMEMBERED:])
