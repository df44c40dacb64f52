"""The meeting itself: when it began and ended, and what follows where somebody was missing."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.attendance import (
    Attendance,
    Party,
    Seen,
    attended,
    attended_by_ruling,
    grace,
    is_there,
    met_at,
    missing,
    sighted,
    sourced,
)
from entrevue.changes import RequestReschedule
from entrevue.civil import business_day_end, day_end
from entrevue.facts import AFact
from entrevue.scheduling import RescheduleRequested, SearchRequested
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Message, Refused, Side, Slot, Text, Who, side_of

if TYPE_CHECKING:
    from entrevue.interview import Interview

OPENS_BEFORE = timedelta(hours=1)
"""A session may be started this long before its booked time, not earlier."""

TOO_SHORT = timedelta(minutes=5)
"""Less than this was no interview: it is aborted and booked anew (lifecycle, section 4)."""

AN_OUTAGE = timedelta(hours=1)
"""What is noticed later than this leaves people the whole time to answer (lifecycle, section 8: outage)."""

_FACTS_REMEMBERED = 200

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
    """Uphold the contest (then say whether the session took place), or dismiss it.

    Of a session that was presumed held: uphold that it did not take place, or dismiss it.
    """

    kind: Literal["rule_no_show"] = "rule_no_show"
    by: Actor
    upheld: bool
    took_place: bool = False


class WaitLonger(Intake):
    """Give those who are missing more time, until the planned end at most; also when they are given up already."""

    kind: Literal["wait_longer"] = "wait_longer"
    by: Actor
    minutes: Annotated[int, Field(ge=5, le=60, description="from now on")] = 15


class GoOnWithThoseHere(Intake):
    """Begin though somebody is missing: the candidate and at least one interviewer are there."""

    kind: Literal["go_on_with_those_here"] = "go_on_with_those_here"
    by: Actor


class SayItDidNotTakePlace(Intake):
    """Nobody recorded the session, so it was presumed held; it was not. The other side may object."""

    kind: Literal["say_it_did_not_take_place"] = "say_it_did_not_take_place"
    by: Actor


SessionCommand = (
    StartSession
    | EndSession
    | AbortSession
    | MarkAttendance
    | ReportNoShow
    | ContestNoShow
    | RuleNoShow
    | WaitLonger
    | GoOnWithThoseHere
    | SayItDidNotTakePlace
)


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
    """`partial`: they were there for a part only, so the form is theirs to give or not."""

    who: Who
    due: Instant
    partial: bool = False


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
    accuser: Who | None = None
    """Who says so of a session that was presumed held."""


class NoShowContested(Message):
    kind: Literal["no_show_contested"] = "no_show_contested"
    reason: str


class NoShowReversed(Message):
    kind: Literal["no_show_reversed"] = "no_show_reversed"


class NoShowConfirmed(Message):
    """`closes`: the candidate was absent and no retry is left. Whatever forms there were are void."""

    kind: Literal["no_show_confirmed"] = "no_show_confirmed"
    party: Party
    closes: bool


class WaitProlonged(Message):
    """`party` is known, or said, to be missing; None: nobody said who."""

    kind: Literal["wait_prolonged"] = "wait_prolonged"
    until: Instant
    party: Party | None = None


class SessionDisputed(Message):
    """One says that the session did not take place, others have confirmed that it did: the coordinator rules."""

    kind: Literal["session_disputed"] = "session_disputed"


class SessionConfirmed(Message):
    """The coordinator has ruled that it did take place."""

    kind: Literal["session_confirmed"] = "session_confirmed"


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
    | WaitProlonged
    | SessionDisputed
    | SessionConfirmed
)
Outcome = SessionEvent | RescheduleRequested | SearchRequested
"""What this module decides; that a new time is looked for is scheduling's event."""

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NoShow:
    party: Party
    contest_until: datetime
    contested: str | None = None
    accuser: str | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Somebody wants to wait longer for those who are missing; `party` as far as it is known."""

    until: datetime
    party: Party | None


@dataclass(frozen=True, kw_only=True)
class Session:
    n: int = 1
    """Rises when the interview is booked anew after a no-show or an abort."""
    attendance: dict[str, Attendance] = field(default_factory=dict)
    waiting: Waiting | None = None
    started_at: datetime | None = None
    started_by: str | None = None
    ended_at: datetime | None = None
    presumed: bool = False
    """Nobody recorded it, and nobody has ruled on it."""
    disputed: bool = False
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
            if _booked(interview).start - now > OPENS_BEFORE:
                raise Refused(Code.INVALID_STATE, "a session can be started one hour before its booked time at most")
            return [SessionStarted(started_at=now)]
        case EndSession():
            return _end(interview, now, now)
        case AbortSession(reason=reason):
            return _abort(interview, reason, now)
        case MarkAttendance(who=who, present=present):
            _participant(interview, who, "who")
            if now < _booked(interview).start:
                raise Refused(Code.INVALID_STATE, "attendance can be marked once the booked time has come")
            return [AttendanceMarked(who=who, present=present)]
        case ReportNoShow(party=party):
            return _report(interview, party, now)
        case ContestNoShow(by=by, reason=reason):
            if session.no_show is None or not may_contest(session.no_show, by):
                raise Refused(Code.NOT_AUTHORIZED, "only the side that is said to be absent can contest it")
            return [] if session.no_show.contested else [NoShowContested(reason=reason)]
        case RuleNoShow(upheld=upheld, took_place=took_place):
            return _rule(interview, now, upheld=upheld, took_place=took_place)
        case WaitLonger(by=by, minutes=minutes):
            return _wait(interview, by, timedelta(minutes=minutes), now)
        case GoOnWithThoseHere(by=by):
            return _go_on(interview, by, now)
        case SayItDidNotTakePlace(by=by):
            return _did_not_take_place(interview, by, now)
        case _:
            assert_never(command)


def judge(fact: SessionFact, interview: "Interview", now: datetime) -> list[Outcome]:
    """A fact cannot be refused, only judged: a repeat, or one about a stranger or another time, is no news."""
    session = interview.session
    if fact.source_id in session.facts or interview.scheduling.booking is None or session.ended_at is not None:
        return []
    at = min(fact.at, now)
    if at < _booked(interview).start - OPENS_BEFORE:
        return []
    match fact:
        case ParticipantJoined(who=who, source_id=source_id):
            if who not in interview.people:
                return []
            return _joined(interview, AttendanceSeen(who=who, joined=True, seen_at=at, source_id=source_id))
        case ParticipantLeft(who=who, source_id=source_id):
            if who not in interview.people:
                return []
            return [AttendanceSeen(who=who, joined=False, seen_at=at, source_id=source_id)]
        case MeetingEnded():
            return _end(interview, at, now) if session.started_at is not None else []
        case _:
            assert_never(fact)


def _joined(interview: "Interview", seen: AttendanceSeen) -> list[Outcome]:
    session = evolve(interview.session, seen, seen.seen_at, "engine")
    met = met_at(replace(interview, session=session), _booked(interview))
    if met is None or session.started_at is not None or session.no_show is not None:
        return [seen]
    return [seen, SessionStarted(started_at=met)]


def _end(interview: "Interview", at: datetime, now: datetime, *, overran: bool = False) -> list[Outcome]:
    """It ended at `at`, of which we hear now. Where nobody was met after all, it was a no-show, and no form is due."""
    started = interview.session.started_at or at
    at = max(at, started)
    if at - started < TOO_SHORT:
        return _abort(interview, "it ended within five minutes", at)
    absent = _said_to_be_absent(interview)
    if absent is not None:
        return [_provisional(interview, absent, _noticed(at, now))]
    return [_ended(interview, at, now, attended(interview, started, at), overran=overran)]


def _said_to_be_absent(interview: "Interview") -> Party | None:
    """Say of which side everybody was marked absent; that a source did not see them does not make a no-show of it."""
    absent = {who for who, one in interview.session.attendance.items() if one.marked is False}
    company = all(member.who in absent for member in interview.people.interviewers)
    if CANDIDATE in absent:
        return "both" if company else "candidate"
    return "company" if company else None


def _ended(
    interview: "Interview",
    at: datetime,
    now: datetime,
    there: dict[str, bool],
    *,
    overran: bool = False,
    presumed: bool = False,
) -> SessionEnded:
    policy, people = interview.policy, interview.people
    held = at - (interview.session.started_at or _booked(interview).start)
    noticed = _noticed(at, now)
    return SessionEnded(
        ended_at=at,
        actual_minutes=int(held / timedelta(minutes=1)),
        early=held < timedelta(minutes=policy.duration) * policy.early_share,
        overran=overran,
        presumed=presumed,
        forms=tuple(
            FormDue(who=who, due=day_end(noticed, policy.evaluation_days, people.clock(who)), partial=partial)
            for who, partial in there.items()
        ),
        answer_by=business_day_end(at, policy.answer_by_business_days, people.clock(CANDIDATE)),
    )


def _noticed(at: datetime, now: datetime) -> datetime:
    """Give the instant from which people have their time to answer: an outage of ours is not taken out of it."""
    return now if now - at > AN_OUTAGE else at


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
    if now < _booked(interview).start + interview.policy.grace_soft:
        raise Refused(Code.INVALID_STATE, "give them the grace of the first minutes; a no-show can be reported then")
    return [_provisional(interview, party, now)]


def _provisional(interview: "Interview", party: Party, at: datetime, accuser: str | None = None) -> NoShowProvisional:
    """Both are given the company's days; but where one side says so, the other its own."""
    theirs = party == "candidate" or (accuser is not None and accuser != CANDIDATE)
    clock = interview.people.clock(CANDIDATE if theirs else "organisation")
    until = business_day_end(at, interview.policy.no_show_contest_business_days, clock)
    return NoShowProvisional(party=party, contest_until=until, accuser=accuser)


def may_contest(no_show: NoShow, by: str) -> bool:
    return by != no_show.accuser and no_show.party in ("both", side_of(by).value)


def _rule(interview: "Interview", now: datetime, *, upheld: bool, took_place: bool) -> list[Outcome]:
    no_show = interview.session.no_show
    if no_show is None:
        return _rule_dispute(interview, now, upheld=upheld, took_place=took_place)
    if not upheld:
        return _confirm(interview, no_show, now)
    if took_place:
        there, planned_end = attended_by_ruling(interview), _booked(interview).end
        return [NoShowReversed(), _ended(interview, min(planned_end, now), now, there)]
    return [NoShowReversed(), *_anew(interview, now, "no_show", Side.COMPANY)]


def _rule_dispute(interview: "Interview", now: datetime, *, upheld: bool, took_place: bool) -> list[Outcome]:
    if not interview.session.disputed:
        raise Refused(Code.INVALID_STATE, "there is no no-show to rule on")
    if not upheld:
        return [SessionConfirmed()]
    if took_place:
        raise Refused(Code.INVALID_COMMAND, "took_place: who objects says that it did not; dismiss it if it did")
    return _confirm(interview, NoShow(party="both", contest_until=now), now)


def _confirm(interview: "Interview", no_show: NoShow, now: datetime) -> list[Outcome]:
    used = interview.session.candidate_no_shows
    closes = no_show.party == "candidate" and used >= interview.policy.no_show_retries
    confirmed = NoShowConfirmed(party=no_show.party, closes=closes)
    if closes:
        return [confirmed]
    side = Side.CANDIDATE if no_show.party == "candidate" else Side.COMPANY
    return [confirmed, *_anew(interview, now, "no_show", side)]


def meet_another_time(command: RequestReschedule, interview: "Interview", now: datetime) -> list[Outcome]:
    """Do not wait until the time to contest a no-show is over: the no-show stands, and a new time is looked for now.

    The absent side may say so, and a candidate whom the company let down. Not who said of a presumed session that it
    did not take place: the other side is asked first.
    """
    session, by = interview.session, command.by
    if command.expected_revision not in (None, interview.scheduling.revision):
        raise Refused(Code.STALE_REVISION, "expected_revision: the interview has changed; read it again")
    if session.no_show is None or session.no_show.contested is not None:
        raise Refused(Code.INVALID_STATE, "the no-show is contested; the coordinator rules on it")
    accuser, party = session.no_show.accuser, session.no_show.party
    if (party == "candidate" and by != CANDIDATE) or (accuser is not None and side_of(by) is side_of(accuser)):
        raise Refused(Code.NOT_AUTHORIZED, "the other side has time to contest the no-show; wait for it")
    if party == "candidate" and session.candidate_no_shows >= interview.policy.no_show_retries:
        raise Refused(Code.MAX_ROUNDS_REACHED, "no other attempt is left; contest the no-show, or ask the coordinator")
    return _confirm(interview, session.no_show, now)


def _wait(interview: "Interview", by: str, longer: timedelta, now: datetime) -> list[Outcome]:
    booked, no_show = _booked(interview), interview.session.no_show
    if now < booked.start:
        raise Refused(Code.INVALID_STATE, "nobody is late before the booked time has come")
    if no_show is not None and no_show.party == "candidate":
        raise Refused(Code.INVALID_STATE, "the candidate was given up; go_on_with_those_here if they have come")
    until = min(now + longer, booked.end)
    if no_show is None and until <= grace(interview, booked)[1]:
        return []  # they are waited for so long anyway
    if until <= now:
        raise Refused(Code.WINDOW_CLOSED, "the booked time is over; look for another time (request_reschedule)")
    return [WaitProlonged(until=until, party=_waited_for(interview, by))]


def _waited_for(interview: "Interview", by: str) -> Party | None:
    """A candidate who wants to wait waits for the company; of others it is not known for whom, unless it shows."""
    no_show = interview.session.no_show
    if no_show is not None:
        return no_show.party
    known = missing(interview, _booked(interview)) if interview.session.recorded else None
    return known or ("company" if by == CANDIDATE else None)


def _go_on(interview: "Interview", by: str, now: datetime) -> list[Outcome]:
    """Where no source tells who is there, whoever goes on says that there is somebody to go on with."""
    booked = _booked(interview)
    if now < booked.start:
        raise Refused(Code.INVALID_STATE, "nobody is late before the booked time has come")
    if now >= booked.end:
        raise Refused(Code.WINDOW_CLOSED, "the booked time is over; look for another time (request_reschedule)")
    if sourced(interview):
        here = {member.who for member in interview.people.members if is_there(interview, member.who)} | {by}
        if CANDIDATE not in here:
            raise Refused(Code.INVALID_STATE, "the candidate is not there; mark_attendance if they are")
        if all(member.who not in here for member in interview.people.interviewers):
            raise Refused(Code.INVALID_STATE, "no interviewer is there; mark_attendance if somebody is")
    return [SessionStarted(started_at=now)]


def _did_not_take_place(interview: "Interview", by: str, now: datetime) -> list[Outcome]:
    session = interview.session
    if not session.presumed:
        raise Refused(Code.INVALID_STATE, "it is on record that the session took place; ask the coordinator")
    if session.disputed:
        return []
    confirmed = _confirmed_by(interview)
    if by in confirmed:
        raise Refused(Code.INVALID_STATE, "your own form or note is about this session; ask the coordinator")
    if confirmed:
        return [SessionDisputed()]
    return [_provisional(interview, "both", now, accuser=by)]


def can_be_denied(interview: "Interview", by: str) -> bool:
    """Whether this person may still say that it did not take place: nobody recorded it, nor have they confirmed it."""
    session = interview.session
    return session.presumed and not session.disputed and by not in _confirmed_by(interview)


def _confirmed_by(interview: "Interview") -> frozenset[str]:
    """Name those who have handed in a form, or noted a moment: so it did take place."""
    started = interview.session.started_at
    wrote = (who for who, form in interview.evaluation.forms.items() if form.versions)
    noted = (one.by for one in interview.voices.moments if started is not None and one.at >= started)
    return frozenset((*wrote, *noted))


def _booked(interview: "Interview") -> Slot:
    booking = interview.scheduling.booking
    if booking is None:
        raise Refused(Code.INVALID_STATE, "there is no booked time")
    return booking.slot


def _participant(interview: "Interview", who: str, field_name: str) -> None:
    if who not in interview.people:
        raise Refused(Code.NOT_PARTICIPANT, f"{field_name}: {who} does not take part in this interview")


# --- rules: clocks ---------------------------------------------------------------------------------------------------


def deadlines(interview: "Interview", now: datetime) -> list[tuple[datetime, list[Outcome]]]:
    """What happens by itself, and when. `now` says how late it is noticed; no deadline depends on it."""
    session, policy, booking = interview.session, interview.policy, interview.scheduling.booking
    if session.no_show is not None:
        no_show = session.no_show
        if no_show.contested is not None:
            return []  # the coordinator rules; attention says so
        return [(no_show.contest_until, _confirm(interview, no_show, no_show.contest_until))]
    if booking is None or session.ended_at is not None:
        return []
    if session.started_at is None:
        return _before_start(interview, booking.slot, now) if interview.scheduling.requested is None else []
    capped = max(booking.slot.end, session.started_at) + policy.overrun
    ends: list[tuple[datetime, list[Outcome]]] = [(capped, _end(interview, capped, now, overran=True))]
    emptied = _emptied_at(session)
    if emptied is not None:
        ends.append((emptied + policy.empty_room, _end(interview, emptied, now)))
    return ends


def _before_start(interview: "Interview", booked: Slot, now: datetime) -> list[tuple[datetime, list[Outcome]]]:
    session, hard = interview.session, grace(interview, booked)[1]
    if not session.recorded and (session.waiting is None or session.waiting.party is None):
        there = attended(interview, booked.start, booked.end)
        return [(booked.end, [_ended(interview, booked.end, now, there, presumed=True)])]
    met = met_at(interview, booked)
    if met is not None:  # nobody is known to be missing, and nobody pressed start
        return [(hard, [SessionStarted(started_at=met)])]
    party = missing(interview, booked) or "both"  # each waited for the other, one after the other
    return [(hard, [_provisional(interview, party, _noticed(hard, now))])]


def _emptied_at(session: Session) -> datetime | None:
    """Give the instant at which the last one left, where everybody who joined has left."""
    left = [one.left_at for one in session.attendance.values() if any(seen.joined for seen in one.seen)]
    gone = [at for at in left if at is not None]
    return max(gone) if gone and len(gone) == len(left) else None


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(session: Session, event: SessionEvent, at: datetime, by: str) -> Session:
    match event:
        case AttendanceSeen(who=who, joined=joined, seen_at=seen_at, source_id=source_id):
            now = sighted(session.attendance.get(who, Attendance()), Seen(at=seen_at, joined=joined))
            facts = (*session.facts, source_id)[-_FACTS_REMEMBERED:]
            return replace(session, attendance={**session.attendance, who: now}, facts=facts)
        case AttendanceMarked(who=who, present=present):
            was = session.attendance.get(who, Attendance())
            marked = replace(was, marked=present, marked_at=at)
            return replace(session, attendance={**session.attendance, who: marked})
        case SessionStarted(started_at=started_at):
            return replace(session, started_at=started_at, started_by=by, waiting=None, no_show=None)
        case SessionEnded(ended_at=ended_at, presumed=presumed, answer_by=answer_by):
            started = session.started_at or ended_at - timedelta(minutes=event.actual_minutes)
            return replace(
                session, started_at=started, ended_at=ended_at, presumed=presumed, answer_by=answer_by, no_show=None
            )
        case SessionAborted():
            return _next_session(session)
        case NoShowProvisional(party=party, contest_until=until, accuser=accuser):
            no_show = NoShow(party=party, contest_until=until, accuser=accuser)
            return replace(
                session,
                no_show=no_show,
                waiting=None,
                started_at=None,
                started_by=None,
                ended_at=None,
                answer_by=None,
                presumed=False,
            )
        case NoShowContested(reason=reason):
            return replace(session, no_show=replace(session.no_show, contested=reason) if session.no_show else None)
        case NoShowReversed():
            return _next_session(session)
        case NoShowConfirmed(party=party, closes=closes):
            missed = session.candidate_no_shows + (party == "candidate")
            return replace(_next_session(session), candidate_no_shows=missed, closed_no_show=closes)
        case WaitProlonged(until=until, party=awaited_party):
            return replace(session, waiting=Waiting(until=until, party=awaited_party), no_show=None)
        case SessionDisputed():
            return replace(session, disputed=True)
        case SessionConfirmed():
            return replace(session, disputed=False, presumed=False)
        case _:
            assert_never(event)


def awaited(session: Session) -> Session:
    """A time is booked: who came to an earlier one says nothing about this one."""
    return replace(session, attendance={}, waiting=None)


def _next_session(session: Session) -> Session:
    """Begin anew; the absences counted stay."""
    return Session(
        n=session.n + 1,
        candidate_no_shows=session.candidate_no_shows,
        facts=session.facts,
    )
