"""Answers that reach us by a calendar or by mail: yes, maybe, no, and "rather then"; judged, never obeyed blindly.

What is heard in a person's own calendar, or commanded behind a signed link, is theirs. What is heard by mail alone
could be anybody's: it is remembered beside what is known, and asked about, until they confirm it. A candidate's no to a
booked time is a question, not a cancellation, whichever way it comes (lifecycle, section 8).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import changes, negotiation, seats
from entrevue.claims import expect
from entrevue.facts import AFact
from entrevue.negotiation import ProposeOtherTime
from entrevue.scheduling import SchedulingEvent, TimeRequested
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Line, Message, Refused, Side, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

Heard = Literal["accepted", "tentative", "declined"]
Via = Literal["calendar", "mail"]
Means = Literal["calendar", "mail", "command", "on_behalf"]
"""How an answer reached us: as a fact, commanded by themselves, or by somebody of the company for them."""

_WAITS, _NOT_LATER_THAN, _AT_LEAST = timedelta(hours=24), timedelta(hours=4), timedelta(hours=1)
"""How long a candidate who said no is asked before the time is given up: 24 h, until four hours before it begins; but
an hour at least."""

_REMEMBERED = 100

# --- commands --------------------------------------------------------------------------------------------------------


class AnswerInvitation(Intake):
    """Say whether the candidate can come at the booked time. A no gives it up within a day, if nothing else is chosen.

    It takes the place of whatever their calendar, or a mail in their name, has said before.
    """

    kind: Literal["answer_invitation"] = "answer_invitation"
    by: Actor
    answer: Heard
    reason: Line | None = None
    expected_revision: int | None = None


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
    """`waits`: something is being booked, or it is on hold; the seat has the answer when that is settled.

    `on_page`: whoever said no had the question before them, and needs no letter that asks it.
    """

    kind: Literal["answer_heard"] = "answer_heard"
    whom: Who
    answer: Heard
    via: Means
    verified: bool
    sequence: int
    told_at: Instant
    source_id: str | None = None
    """Of the fact; a command has none."""
    waits: bool = False
    reason: str | None = None
    on_page: bool = False


class AnswerAsked(Message):
    """The candidate, who said no, has the question what they meant: at `until` the booked time is given up."""

    kind: Literal["answer_asked"] = "answer_asked"
    whom: Who
    until: Instant


class CounterHeard(Message):
    """`claim`: the time that is asked of the ledger for it. `refused`: why it could not become a proposal."""

    kind: Literal["counter_heard"] = "counter_heard"
    whom: Who
    start: Instant
    via: Via
    verified: bool
    sequence: int
    told_at: Instant
    source_id: str
    reason: str | None = None
    refused: str | None = None
    claim: int | None = None


class AnswerSettled(Message):
    """A person has looked after what somebody answered: nothing waits for them any more."""

    kind: Literal["answer_settled"] = "answer_settled"
    whom: Who


class WordsHeard(Message):
    kind: Literal["words_heard"] = "words_heard"
    whom: Who
    source_id: str


class WordsRead(Message):
    """Somebody has read what was written."""

    kind: Literal["words_read"] = "words_read"
    whom: Who


AnswerEvent = AnswerHeard | AnswerAsked | CounterHeard | AnswerSettled | WordsHeard | WordsRead
Outcome = AnswerEvent | seats.Outcome
"""What this module decides; what an answer leads to are the events of scheduling and of the seats."""

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Said:
    """The last answer of somebody to a version of the event."""

    n: int
    """Counts the answers: a letter that asks about one has its number."""
    answer: Literal["accepted", "tentative", "declined", "counter"]
    via: Means
    sequence: int
    at: datetime
    """When we heard it."""
    told_at: datetime
    """When it was given, as far as its source can be believed; never before the time was booked."""
    start: datetime | None = None
    reason: str | None = None
    refused: str | None = None
    claim: int | None = None
    waits: bool = False
    settled: bool = False
    on_page: bool = False
    asked_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Answers:
    said: dict[str, Said] = field(default_factory=dict)
    """What is known to be theirs."""
    claimed: dict[str, Said] = field(default_factory=dict)
    """What came in their name since, and could be anybody's: it changes nothing of what they have said."""
    heard: int = 0
    words: tuple[str, ...] = ()
    """Who has written something that nobody has read yet."""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Somebody is asked what they meant; `confirmed`: the answer is known to be theirs."""

    whom: str
    said: Said
    confirmed: bool


# --- rules: commands -------------------------------------------------------------------------------------------------


def decide(command: AnswerInvitation, interview: "Interview", now: datetime) -> list[AnswerEvent]:
    """A candidate's own no, on a page that offers what else there is, is asked about there: its time begins at once."""
    expect(interview, command.expected_revision)
    changes.still_ahead(interview, now)
    shown = interview.scheduling.shown
    if shown is None or _is_said(interview, command):
        return []
    own = command.by == CANDIDATE
    on_page = own and command.answer == "declined" and interview.scheduling.exchange is None
    heard = AnswerHeard(
        whom=CANDIDATE,
        answer=command.answer,
        via="command" if own else "on_behalf",
        verified=True,
        sequence=shown.sequence,
        told_at=now,
        reason=command.reason,
        on_page=on_page,
    )
    until = given_up_at(interview, now) if on_page else None
    return [heard] if until is None else [heard, AnswerAsked(whom=CANDIDATE, until=until)]


def _is_said(interview: "Interview", command: AnswerInvitation) -> bool:
    """Whether it is what they said last; a no whose question was settled since is a new one, and so is a new reason."""
    said = interview.answers.said.get(CANDIDATE)
    if said is None or not _is_known(interview, CANDIDATE, command.answer, verified=True):
        return False
    stands = command.answer != "declined" or _is_open(interview, CANDIDATE, said)
    return stands and command.reason in (None, said.reason)


# --- rules: facts ----------------------------------------------------------------------------------------------------


def judge(fact: AnswerFact, interview: "Interview", now: datetime) -> Sequence[Outcome]:
    """A fact cannot be refused, only judged: a repeat, a stranger's, or one about another version is no news."""
    state = interview.answers
    if interview.closed is not None or fact.source_id in state.facts or fact.whom not in interview.people:
        return []
    if isinstance(fact, WordsReceived):
        return [WordsHeard(whom=fact.whom, source_id=fact.source_id)]
    if not _is_about_now(interview, fact.sequence, now) or _is_older(interview, fact, now):
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


def _told_at(fact: RsvpReceived | CounterReceived, interview: "Interview", now: datetime) -> datetime:
    """Their program's clock may be wrong: nobody answers to a time before it was booked, or after we hear of it."""
    booking = interview.scheduling.booking
    return max(min(fact.at, now), booking.at if booking is not None else fact.at)


def _is_older(interview: "Interview", fact: RsvpReceived | CounterReceived, now: datetime) -> bool:
    """Whether they have said something else since: mails overtake one another, and a mailbox is read again."""
    known = [_current(interview, interview.answers.said.get(fact.whom))]
    known += [] if fact.verified else [_current(interview, interview.answers.claimed.get(fact.whom))]
    return any(one is not None and _told_at(fact, interview, now) < one.told_at for one in known)


def _current(interview: "Interview", said: Said | None) -> Said | None:
    """Give an answer that was given to the time that is shown now."""
    shown = interview.scheduling.shown
    return said if said is not None and shown is not None and said.sequence >= shown.since else None


def _is_known(interview: "Interview", whom: str, answer: str, start: datetime | None = None, *, verified: bool) -> bool:
    """Whether this is what they were heard to say last. What is known to be theirs need not be told once more."""
    said = _current(interview, interview.answers.said.get(whom))
    claimed = _current(interview, interview.answers.claimed.get(whom))
    last = said if verified else claimed or said
    hidden = verified and claimed is not None
    return last is not None and not hidden and (last.answer, last.start) == (answer, start)


def _rsvp(fact: RsvpReceived, interview: "Interview", now: datetime) -> Sequence[Outcome]:
    if _is_known(interview, fact.whom, fact.answer, verified=fact.verified):
        return []
    answered, waits = _seat_answers(interview, fact.whom, fact.answer, now) if fact.verified else ([], False)
    heard = AnswerHeard(
        whom=fact.whom,
        answer=fact.answer,
        via=fact.via,
        verified=fact.verified,
        sequence=fact.sequence,
        told_at=_told_at(fact, interview, now),
        source_id=fact.source_id,
        waits=waits,
    )
    return [heard, *answered]


def declined(interview: "Interview", whom: str, sequence: int, source_id: str, now: datetime) -> Sequence[Outcome]:
    """Somebody has taken the event out of their own calendar: that is a no, and theirs."""
    if not _is_about_now(interview, sequence, now):
        return []
    answered, waits = _seat_answers(interview, whom, "declined", now)
    heard = AnswerHeard(
        whom=whom,
        answer="declined",
        via="calendar",
        verified=True,
        sequence=sequence,
        told_at=now,
        source_id=source_id,
        waits=waits,
    )
    return [heard, *answered]


def _seat_answers(
    interview: "Interview", whom: str, answer: Heard, now: datetime
) -> tuple[Sequence[seats.Outcome], bool]:
    """Give what an interviewer's answer leads to; or that it must wait."""
    if whom == CANDIDATE:
        return [], False
    try:
        return seats.to_booked(interview, whom, answer, now), False
    except Refused:
        return [], True


def _counter(fact: CounterReceived, interview: "Interview", now: datetime) -> Sequence[Outcome]:
    if _is_known(interview, fact.whom, "counter", fact.start, verified=fact.verified):
        return []
    proposed, refused = propose(interview, fact.whom, fact.start, now, fact.reason) if fact.verified else ([], None)
    heard = CounterHeard(
        whom=fact.whom,
        start=fact.start,
        via=fact.via,
        verified=fact.verified,
        sequence=fact.sequence,
        told_at=_told_at(fact, interview, now),
        source_id=fact.source_id,
        reason=fact.reason,
        refused=refused,
        claim=claimed_by(proposed),
    )
    return [heard, *proposed]


def propose(
    interview: "Interview", whom: str, start: datetime, now: datetime, reason: str | None = None
) -> tuple[Sequence[SchedulingEvent], str | None]:
    """Propose another time in their name, as the command would; or give the code with which it is refused.

    In the last half hour leave is taken as given, and the time given up: nobody's calendar says that of an interviewer.
    """
    state, booking = interview.scheduling, interview.scheduling.booking
    if state.paused:
        return [], Code.ON_HOLD
    if whom != CANDIDATE and booking is not None and booking.slot.start - interview.policy.approve_by <= now:
        return [], Code.WINDOW_CLOSED
    revision = state.revision
    try:
        asked = ProposeOtherTime(by=whom, start=start, reason=reason, expected_revision=revision)
        return negotiation.decide(asked, interview, now), None
    except Refused as refusal:
        return [], refusal.code


def claimed_by(proposed: Sequence[SchedulingEvent]) -> int | None:
    """Give the claim that a proposal waits for; none where the coordinator must allow it first."""
    return next((one.claim for one in proposed if isinstance(one, TimeRequested)), None)


def is_lost(interview: "Interview", claim: int) -> bool:
    """Whether the ledger would not have it: nobody was asked about it. What was held and not accepted is no such."""
    one = interview.scheduling.claim(claim)
    return one.lost and one.because != ""


# --- rules: what an answer asks for ----------------------------------------------------------------------------------


def asks(interview: "Interview") -> Iterator[Asked]:
    """Give who must be asked what they meant: a candidate who said no, and whoever answered by mail unconfirmed.

    It ends with anything they do, with another answer of theirs, and with the time itself. While another time is
    looked for, there is nothing to ask.
    """
    state = interview.scheduling
    if state.booking is None or state.exchange is not None or interview.session.started_at is not None:
        return
    no = interview.answers.said.get(CANDIDATE)
    if no is not None and no.answer == "declined" and _is_open(interview, CANDIDATE, no):
        yield Asked(whom=CANDIDATE, said=no, confirmed=True)
    for whom, said in interview.answers.claimed.items():
        if said.answer in ("declined", "counter") and _is_open(interview, whom, said):
            yield Asked(whom=whom, said=said, confirmed=False)


def unmet(interview: "Interview") -> Iterator[tuple[str, bool]]:
    """Give whose proposal of another time came to nothing, for a person to look; and whether it came so late."""
    state = interview.scheduling
    if state.booking is None or state.exchange is not None or interview.session.started_at is not None:
        return
    for whom, said in interview.answers.said.items():
        lost = said.claim is not None and is_lost(interview, said.claim)
        if said.answer == "counter" and (said.refused is not None or lost) and _is_open(interview, whom, said):
            yield whom, state.booking.slot.start - said.at < _WAITS


def _is_open(interview: "Interview", whom: str, said: Said) -> bool:
    acted = interview.acted.get(whom)
    is_the_act = said.answer == "counter" and acted == said.at  # a proposal is recorded as theirs
    has_acted = acted is not None and acted > said.told_at and not is_the_act
    current = _current(interview, said) is not None and not has_acted
    return current and not said.settled and whom in interview.people


def given_up_at(interview: "Interview", asked_at: datetime) -> datetime | None:
    """Give when the booked time is given up of a candidate who is asked now; None where it is too near for that."""
    booking = interview.scheduling.booking
    if booking is None:
        return None
    start, last = booking.slot.start, booking.slot.start - interview.policy.approve_by
    until = min(asked_at + _WAITS, max(start - _NOT_LATER_THAN, asked_at + _AT_LEAST), last)
    return until if until > asked_at else None


def asked(interview: "Interview", n: int, now: datetime) -> list[AnswerAsked]:
    """The letter has left that asks about this answer: a candidate's time begins. Sent again, it takes none away."""
    for one in asks(interview):
        until = given_up_at(interview, now) if one.confirmed and one.said.n == n else None
        if until is not None and (one.said.until is None or until > one.said.until):
            return [AnswerAsked(whom=one.whom, until=until)]
    return []


def deadlines(interview: "Interview") -> list[tuple[datetime, list[SchedulingEvent]]]:
    """The candidate said no, was asked, and is silent: the time is given up, and another is looked for.

    Nothing runs before the question is in their hands, and while they cannot be reached.
    """
    booking, state = interview.scheduling.booking, interview.scheduling
    if booking is None or state.requested is not None or interview.effects.unreachable(CANDIDATE):
        return []
    due: list[tuple[datetime, list[SchedulingEvent]]] = []
    for one in asks(interview):
        until = one.said.until
        if one.confirmed and until is not None and until < booking.slot.start and is_in_hand(interview, one.said):
            vacated = changes.exchange(interview, Side.CANDIDATE, until, vacate=True, cause="rsvp", asked_by=CANDIDATE)
            due.append((until, vacated))
    return due


def is_in_hand(interview: "Interview", said: Said) -> bool:
    """Whether the candidate has the question what they meant; a letter that came back has asked nobody anything.

    Who has said no on a page of ours has read there what it means.
    """
    if said.on_page:
        return True
    sent = [one for one in interview.effects.of("answer_check", CANDIDATE) if one.version == str(said.n)]
    return bool(sent) and sent[-1].was in ("sent", "unsure") and not sent[-1].outdated


def follows(interview: "Interview", at: datetime) -> Sequence[seats.Outcome]:
    """What an interviewer has answered meanwhile is told to their seat, once nothing is being booked any more.

    Whatever else they did since: only another answer of theirs takes its place.
    """
    state, booking = interview.scheduling, interview.scheduling.booking
    if booking is None or state.requested is not None or state.paused:
        return []
    for whom, said in interview.answers.said.items():
        answer = said.answer
        waits = said.waits and whom in interview.people and _is_about_now(interview, said.sequence, at)
        if waits and answer != "counter":
            answered, _ = _seat_answers(interview, whom, answer, at)
            if answered:
                return answered
    return []


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Answers, event: AnswerEvent, at: datetime) -> Answers:
    match event:
        case AnswerHeard():
            said = Said(
                n=state.heard + 1,
                answer=event.answer,
                via=event.via,
                sequence=event.sequence,
                at=at,
                told_at=event.told_at,
                reason=event.reason,
                waits=event.waits,
                on_page=event.on_page,
            )
            return _heard(state, event.whom, said, event.source_id, verified=event.verified)
        case AnswerAsked(whom=whom, until=until):
            return _said(state, whom, replace(state.said[whom], asked_at=at, until=until))
        case CounterHeard():
            said = Said(
                n=state.heard + 1,
                answer="counter",
                via=event.via,
                sequence=event.sequence,
                at=at,
                told_at=event.told_at,
                start=event.start,
                reason=event.reason,
                refused=event.refused,
                claim=event.claim,
            )
            return _heard(state, event.whom, said, event.source_id, verified=event.verified)
        case AnswerSettled(whom=whom):
            return _said(state, whom, replace(state.said[whom], settled=True))
        case WordsHeard(whom=whom, source_id=source_id):
            words = state.words if whom in state.words else (*state.words, whom)
            return replace(state, words=words, facts=(*state.facts, source_id)[-_REMEMBERED:])
        case WordsRead(whom=whom):
            return replace(state, words=tuple(one for one in state.words if one != whom))
        case _:
            assert_never(event)


def _heard(state: Answers, whom: str, said: Said, source_id: str | None, *, verified: bool) -> Answers:
    """What is known to be theirs takes the place of what was said in their name; not the other way round."""
    facts = state.facts if source_id is None else (*state.facts, source_id)[-_REMEMBERED:]
    state = replace(state, heard=said.n, facts=facts)
    if not verified:
        return replace(state, claimed={**state.claimed, whom: said})
    claimed = {name: one for name, one in state.claimed.items() if name != whom}
    return replace(_said(state, whom, said), claimed=claimed)


def _said(state: Answers, whom: str, said: Said) -> Answers:
    return replace(state, said={**state.said, whom: said})


def seat_answered(state: Answers, whom: str) -> Answers:
    """The seat has an answer to the booked time, whoever gave it: an older one waits no more."""
    said = state.said.get(whom)
    return state if said is None or not said.waits else _said(state, whom, replace(said, waits=False))


def resumed(state: Answers, paused_at: datetime, at: datetime, last: datetime) -> Answers:
    """The clock of the candidate who was asked stood still; `last` is when the time must be given up, if it must."""
    said = state.said.get(CANDIDATE)
    if said is None or said.until is None or said.asked_at is None:
        return state
    until = said.until + (at - max(paused_at, said.asked_at))
    return _said(state, CANDIDATE, replace(said, until=min(until, last) if last > at else until))


def asked_anew(state: Answers) -> Answers:
    """The candidate can be reached again: what they were asked meanwhile they are asked once more, with all the time.

    Under a new number: a letter about the old one may still come back. By a letter, too, who saw it on a page: that it
    is asked once more they would not see there.
    """
    said, claimed = state.said.get(CANDIDATE), state.claimed.get(CANDIDATE)
    if said is not None:
        state = replace(state, heard=state.heard + 1)
        state = _said(state, CANDIDATE, replace(said, n=state.heard, on_page=False, asked_at=None, until=None))
    if claimed is not None:
        renewed = replace(claimed, n=state.heard + 1)
        state = replace(state, heard=renewed.n, claimed={**state.claimed, CANDIDATE: renewed})
    return state
