"""The meeting itself: when it began and ended, and what follows where somebody was missing."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import business_day_end, day_end
from entrevue.scheduling import RescheduleRequested, SearchRequested
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Message, Refused, Side, Text, Who, side_of

if TYPE_CHECKING:
    from entrevue.interview import Interview

OPENS_BEFORE = timedelta(hours=1)
"""A session may be started this long before its booked time, not earlier."""

TOO_SHORT = timedelta(minutes=5)
"""Less than this was no interview: it is aborted and booked anew (lifecycle, section 4)."""

_FACTS_REMEMBERED = 200

Party = Literal["candidate", "company", "both"]

# --- commands and facts ----------------------------------------------------------------------------------------------


class StartSession(Intake):
    kind: Literal["start_session"] = "start_session"
    by: Actor


class EndSession(Intake):
    kind: Literal["end_session"] = "end_session"
    by: Actor


class AbortSession(Intake):
    """It broke off for technical reasons; a new time is looked for, at nobody's cost."""

    kind: Literal["abort_session"] = "abort_session"
    by: Actor
    reason: Annotated[Text, Field(max_length=300)]


class MarkAttendance(Intake):
    kind: Literal["mark_attendance"] = "mark_attendance"
    by: Actor
    who: Who
    present: bool


class ReportNoShow(Intake):
    """Somebody did not come. Provisional: the absent side may contest it."""

    kind: Literal["report_no_show"] = "report_no_show"
    by: Actor
    party: Party


class ContestNoShow(Intake):
    kind: Literal["contest_no_show"] = "contest_no_show"
    by: Actor
    reason: Text


class RuleNoShow(Intake):
    """Uphold the contest (then say whether the session took place), or dismiss it."""

    kind: Literal["rule_no_show"] = "rule_no_show"
    by: Actor
    upheld: bool
    took_place: bool = False


SessionCommand = StartSession | EndSession | AbortSession | MarkAttendance | ReportNoShow | ContestNoShow | RuleNoShow


class AFact(Message):
    """Something the world tells. `source_id` is the source's own id of it: a repeat is no news."""

    source_id: Annotated[str, Field(min_length=1, max_length=200)]
    at: Instant
    """When it happened, by the source's clock; judged, and never later than when it reached us."""


class ParticipantJoined(AFact):
    kind: Literal["participant_joined"] = "participant_joined"
    who: Who


class ParticipantLeft(AFact):
    kind: Literal["participant_left"] = "participant_left"
    who: Who


class MeetingEnded(AFact):
    kind: Literal["meeting_ended"] = "meeting_ended"


SessionFact = ParticipantJoined | ParticipantLeft | MeetingEnded

# --- events ----------------------------------------------------------------------------------------------------------


class AttendanceSeen(Message):
    kind: Literal["attendance_seen"] = "attendance_seen"
    who: Who
    joined: bool
    seen_at: Instant
    source_id: str


class AttendanceMarked(Message):
    kind: Literal["attendance_marked"] = "attendance_marked"
    who: Who
    present: bool


class SessionStarted(Message):
    """Expectation forms are sealed from here on."""

    kind: Literal["session_started"] = "session_started"
    started_at: Instant


class FormDue(Message):
    who: Who
    due: Instant


class SessionEnded(Message):
    """The evaluation opens for everyone who was there. `presumed`: nobody recorded it, and nobody said otherwise."""

    kind: Literal["session_ended"] = "session_ended"
    ended_at: Instant
    actual_minutes: int
    early: bool = False
    overran: bool = False
    presumed: bool = False
    forms: tuple[FormDue, ...]
    answer_by: Instant
    """When the candidate was promised an answer."""


class SessionAborted(Message):
    kind: Literal["session_aborted"] = "session_aborted"
    reason: str


class NoShowProvisional(Message):
    kind: Literal["no_show_provisional"] = "no_show_provisional"
    party: Party
    contest_until: Instant


class NoShowContested(Message):
    kind: Literal["no_show_contested"] = "no_show_contested"
    reason: str


class NoShowReversed(Message):
    kind: Literal["no_show_reversed"] = "no_show_reversed"


class NoShowConfirmed(Message):
    """`closes`: the candidate was absent and no retry is left."""

    kind: Literal["no_show_confirmed"] = "no_show_confirmed"
    party: Party
    closes: bool


SessionEvent = (
    AttendanceSeen
    | AttendanceMarked
    | SessionStarted
    | SessionEnded
    | SessionAborted
    | NoShowProvisional
    | NoShowContested
    | NoShowReversed
    | NoShowConfirmed
)
Outcome = SessionEvent | RescheduleRequested | SearchRequested
"""What this module decides; that a new time is looked for is scheduling's event."""

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Attendance:
    joined_at: datetime | None = None
    left_at: datetime | None = None
    marked: bool | None = None

    @property
    def came(self) -> bool:
        """Who is seen to leave was there, though nobody saw them join."""
        return self.joined_at is not None or self.left_at is not None

    @property
    def present(self) -> bool:
        return self.joined_at is not None and self.left_at is None


@dataclass(frozen=True, kw_only=True)
class NoShow:
    party: Party
    contest_until: datetime
    contested: str | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    n: int = 1
    """Rises when the interview is booked anew after a no-show or an abort."""
    attendance: dict[str, Attendance] = field(default_factory=dict)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    presumed: bool = False
    answer_by: datetime | None = None
    no_show: NoShow | None = None
    candidate_no_shows: int = 0
    closed_no_show: bool = False
    facts: tuple[str, ...] = ()

    @property
    def recorded(self) -> bool:
        """A source or a person told something about who was there."""
        return bool(self.attendance)


# --- rules: commands and facts ---------------------------------------------------------------------------------------


def decide(command: SessionCommand, interview: "Interview", now: datetime) -> list[Outcome]:
    session = interview.session
    match command:
        case StartSession():
            if _booked_start(interview) - now > OPENS_BEFORE:
                raise Refused(Code.INVALID_STATE, "a session can be started one hour before its booked time at most")
            return [SessionStarted(started_at=now)]
        case EndSession():
            return _end(interview, now)
        case AbortSession(reason=reason):
            return _abort(interview, reason, now)
        case MarkAttendance(who=who, present=present):
            _participant(interview, who, "who")
            if now < _booked_start(interview):
                raise Refused(Code.INVALID_STATE, "attendance can be marked once the booked time has come")
            return [AttendanceMarked(who=who, present=present)]
        case ReportNoShow(party=party):
            return _report(interview, party, now)
        case ContestNoShow(by=by, reason=reason):
            if session.no_show is None or not _accused(session.no_show, by):
                raise Refused(Code.NOT_AUTHORIZED, "only the side that is said to be absent can contest it")
            return [] if session.no_show.contested else [NoShowContested(reason=reason)]
        case RuleNoShow(upheld=upheld, took_place=took_place):
            return _rule(interview, now, upheld=upheld, took_place=took_place)
        case _:
            assert_never(command)


def judge(fact: SessionFact, interview: "Interview", now: datetime) -> list[Outcome]:
    """A fact cannot be refused, only judged: a repeat, or one about a stranger or another time, is no news."""
    session = interview.session
    if fact.source_id in session.facts or interview.scheduling.booking is None or session.ended_at is not None:
        return []
    at = min(fact.at, now)
    if at < _booked_start(interview) - OPENS_BEFORE:
        return []
    match fact:
        case ParticipantJoined(who=who, source_id=source_id):
            if who not in interview.people:
                return []
            seen: list[Outcome] = [AttendanceSeen(who=who, joined=True, seen_at=at, source_id=source_id)]
            there = {name for name, one in session.attendance.items() if one.present} | {who}
            begins = session.started_at is None and session.no_show is None and _everyone_needed(interview) <= there
            return [*seen, SessionStarted(started_at=at)] if begins else seen
        case ParticipantLeft(who=who, source_id=source_id):
            if who not in interview.people:
                return []
            return [AttendanceSeen(who=who, joined=False, seen_at=at, source_id=source_id)]
        case MeetingEnded():
            return _end(interview, at) if session.started_at is not None else []
        case _:
            assert_never(fact)


def _end(interview: "Interview", at: datetime, *, overran: bool = False) -> list[Outcome]:
    started = interview.session.started_at or at
    at = max(at, started)
    if at - started < TOO_SHORT:
        return _abort(interview, "it ended within five minutes", at)
    return [_ended(interview, at, overran=overran)]


def _ended(
    interview: "Interview",
    at: datetime,
    *,
    overran: bool = False,
    presumed: bool = False,
    there: tuple[str, ...] | None = None,
) -> SessionEnded:
    policy, people = interview.policy, interview.people
    started = interview.session.started_at or _booked_start(interview)
    held = at - started
    return SessionEnded(
        ended_at=at,
        actual_minutes=int(held / timedelta(minutes=1)),
        early=held < timedelta(minutes=policy.duration) * policy.early_share,
        overran=overran,
        presumed=presumed,
        forms=tuple(
            FormDue(who=who, due=day_end(at, policy.evaluation_days, people.clock(who)))
            for who in (attended(interview) if there is None else there)
        ),
        answer_by=business_day_end(at, policy.answer_by_business_days, people.clock(CANDIDATE)),
    )


def attended(interview: "Interview") -> tuple[str, ...]:
    """Say who was there: by mark, else by evidence; where there is no evidence at all, everyone (presumed held)."""
    attendance = interview.session.attendance
    evidence = any(one.came for one in attendance.values())

    def was_there(who: str) -> bool:
        one = attendance.get(who, Attendance())
        if one.marked is not None:
            return one.marked
        return one.came or not evidence

    return tuple(member.who for member in interview.people.members if was_there(member.who))


def _abort(interview: "Interview", reason: str, now: datetime) -> list[Outcome]:
    return [SessionAborted(reason=reason), *_anew(interview, now, "aborted", Side.COMPANY)]


def _anew(
    interview: "Interview", now: datetime, cause: Literal["no_show", "aborted"], side: Side
) -> list[RescheduleRequested | SearchRequested]:
    """Look for a new time; whatever the cause, it counts against nobody's reschedules."""
    return [
        RescheduleRequested(
            vacated=True,
            deadline=now + interview.policy.reschedule_within,
            revision=interview.scheduling.revision + 1,
            sequence=interview.scheduling.next_sequence,
            cause=cause,
            side=side,
            counts=False,
        ),
        SearchRequested(fresh_start=True),
    ]


def _report(interview: "Interview", party: Party, now: datetime) -> list[Outcome]:
    if now < _booked_start(interview) + interview.policy.grace_soft:
        raise Refused(Code.INVALID_STATE, "give them the grace of the first minutes; a no-show can be reported then")
    return [_provisional(interview, party, now)]


def _provisional(interview: "Interview", party: Party, now: datetime) -> NoShowProvisional:
    accused = CANDIDATE if party == "candidate" else "organisation"
    days = interview.policy.no_show_contest_business_days
    return NoShowProvisional(party=party, contest_until=business_day_end(now, days, interview.people.clock(accused)))


def _rule(interview: "Interview", now: datetime, *, upheld: bool, took_place: bool) -> list[Outcome]:
    no_show = interview.session.no_show
    if no_show is None:
        raise Refused(Code.INVALID_STATE, "there is no no-show to rule on")
    if not upheld:
        return _confirm(interview, no_show, now)
    if took_place:
        planned_end = _booked_start(interview) + timedelta(minutes=interview.policy.duration)
        needed = _everyone_needed(interview) | {who for who, one in interview.session.attendance.items() if one.came}
        there = tuple(member.who for member in interview.people.members if member.who in needed)
        return [NoShowReversed(), _ended(interview, min(planned_end, now), presumed=True, there=there)]
    return [NoShowReversed(), *_anew(interview, now, "no_show", Side.COMPANY)]


def _confirm(interview: "Interview", no_show: NoShow, now: datetime) -> list[Outcome]:
    used = interview.session.candidate_no_shows
    closes = no_show.party == "candidate" and used >= interview.policy.no_show_retries
    confirmed = NoShowConfirmed(party=no_show.party, closes=closes)
    if closes:
        return [confirmed]
    side = Side.CANDIDATE if no_show.party == "candidate" else Side.COMPANY
    return [confirmed, *_anew(interview, now, "no_show", side)]


def _accused(no_show: NoShow, by: str) -> bool:
    return no_show.party == "both" or no_show.party == side_of(by).value


def _everyone_needed(interview: "Interview") -> set[str]:
    return {CANDIDATE} | {member.who for member in interview.people.interviewers if member.counts}


def _booked_start(interview: "Interview") -> datetime:
    booking = interview.scheduling.booking
    if booking is None:
        raise Refused(Code.INVALID_STATE, "there is no booked time")
    return booking.slot.start


def _participant(interview: "Interview", who: str, field_name: str) -> None:
    if who not in interview.people:
        raise Refused(Code.NOT_PARTICIPANT, f"{field_name}: {who} does not take part in this interview")


# --- rules: clocks ---------------------------------------------------------------------------------------------------


def deadlines(interview: "Interview") -> list[tuple[datetime, list[Outcome]]]:
    """What happens by itself, and when."""
    session, policy, booking = interview.session, interview.policy, interview.scheduling.booking
    if session.no_show is not None:
        no_show = session.no_show
        if no_show.contested is not None:
            return []  # the coordinator rules; attention says so
        return [(no_show.contest_until, _confirm(interview, no_show, no_show.contest_until))]
    if booking is None or session.ended_at is not None:
        return []
    if session.started_at is None:
        return _before_start(interview)
    capped = max(booking.slot.end, session.started_at) + policy.overrun
    ends: list[tuple[datetime, list[Outcome]]] = [(capped, _end(interview, capped, overran=True))]
    emptied = _emptied_at(session)
    if emptied is not None:
        ends.append((emptied + policy.empty_room, _end(interview, emptied)))
    return ends


def _before_start(interview: "Interview") -> list[tuple[datetime, list[Outcome]]]:
    session, policy, booking = interview.session, interview.policy, interview.scheduling.booking
    if booking is None or interview.scheduling.requested is not None:
        return []
    if not session.recorded:
        return [(booking.slot.end, [_ended(interview, booking.slot.end, presumed=True)])]
    hard = booking.slot.start + policy.grace_hard
    party = _missing(interview)
    if party is None:  # nobody is known to be missing, and nobody pressed start
        return [(hard, [SessionStarted(started_at=booking.slot.start)])]
    known = max(hard, interview.at)  # evidence that reached us late leaves the whole time to contest it
    return [(hard, [_provisional(interview, party, known)])]


def _missing(interview: "Interview") -> Party | None:
    """Say who is absent by mark or, where a source told of anybody, by evidence: a missing mark is not absence."""
    attendance = interview.session.attendance
    sourced = any(one.came for one in attendance.values())

    def there(who: str) -> bool:
        one = attendance.get(who, Attendance())
        return one.marked if one.marked is not None else one.came or not sourced

    absent = {who for who in _everyone_needed(interview) if not there(who)}
    if not absent:
        return None
    if absent == {CANDIDATE}:
        return "candidate"
    return "both" if CANDIDATE in absent else "company"


def _emptied_at(session: Session) -> datetime | None:
    """Give the instant at which the last one left, where everybody who joined has left."""
    seen = [one for one in session.attendance.values() if one.joined_at is not None]
    left = [one.left_at for one in seen if one.left_at is not None]
    return max(left) if seen and len(left) == len(seen) else None


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(session: Session, event: SessionEvent) -> Session:
    match event:
        case AttendanceSeen(who=who, joined=joined, seen_at=seen_at, source_id=source_id):
            was = session.attendance.get(who, Attendance())
            if joined:
                now = replace(was, joined_at=was.joined_at or seen_at, left_at=None)
            else:
                now = replace(was, left_at=seen_at)
            facts = (*session.facts, source_id)[-_FACTS_REMEMBERED:]
            return replace(session, attendance={**session.attendance, who: now}, facts=facts)
        case AttendanceMarked(who=who, present=present):
            was = session.attendance.get(who, Attendance())
            return replace(session, attendance={**session.attendance, who: replace(was, marked=present)})
        case SessionStarted(started_at=started_at):
            return replace(session, started_at=started_at)
        case SessionEnded(ended_at=ended_at, presumed=presumed, answer_by=answer_by):
            started = session.started_at or ended_at - timedelta(minutes=event.actual_minutes)
            return replace(
                session, started_at=started, ended_at=ended_at, presumed=presumed, answer_by=answer_by, no_show=None
            )
        case SessionAborted():
            return _next_session(session)
        case NoShowProvisional(party=party, contest_until=until):
            no_show = NoShow(party=party, contest_until=until)
            return replace(session, no_show=no_show, started_at=None, ended_at=None, presumed=False)
        case NoShowContested(reason=reason):
            return replace(session, no_show=replace(session.no_show, contested=reason) if session.no_show else None)
        case NoShowReversed():
            return _next_session(session)
        case NoShowConfirmed(party=party, closes=closes):
            missed = session.candidate_no_shows + (party == "candidate")
            return replace(_next_session(session), candidate_no_shows=missed, closed_no_show=closes)
        case _:
            assert_never(event)


def awaited(session: Session) -> Session:
    """A time is booked: who came to an earlier one says nothing about this one."""
    return replace(session, attendance={})


def _next_session(session: Session) -> Session:
    """Begin anew; the absences counted stay."""
    return Session(
        n=session.n + 1,
        candidate_no_shows=session.candidate_no_shows,
        facts=session.facts,
    )
