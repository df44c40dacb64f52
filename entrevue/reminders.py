"""Letters that come because time has passed: nudges, reminders, requests for forms."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from entrevue import sharing
from entrevue.attendance import grace, is_there, missed
from entrevue.briefing import to_try
from entrevue.civil import waking
from entrevue.effects import Posted
from entrevue.evaluation import FormState, knows_outcome
from entrevue.letters import (
    Apology,
    Brief,
    DayReminder,
    FormReminder,
    FormRequest,
    GrowthRequest,
    HourReminder,
    InterviewerMissing,
    JoinNudge,
    Letter,
    Nudge,
    ReflectionRequest,
    Shareable,
)
from entrevue.privacy import offered
from entrevue.rubrics import AGENDA, CANDIDATE_MINUTES, SCORECARD_MINUTES
from entrevue.scheduling import Booking, Offered
from entrevue.session import can_be_denied
from entrevue.values import CANDIDATE, Side, Status
from entrevue.writing import MAYBE_SENT, Due, location, others, scale, to_candidate, turn_to, written_for

if TYPE_CHECKING:
    from entrevue.interview import Interview

_MOST_SAID = 3
"""Sentences and themes of earlier candidates in one reminder: it is read in the hour before."""


# --- an open offer ----------------------------------------------------------------------------------------------------


def nudges(interview: "Interview", offer: Offered) -> Iterator[Due]:
    state, kind = interview.scheduling, "offer" if offer.slots else "availability_request"
    sent, until = _left(interview, kind, CANDIDATE, str(offer.n)), state.reply_by
    if sent is None or until is None or state.exchange is not None or offer.hold_until is not None:
        return
    if knows_outcome(interview):
        return
    for n, wait in list(enumerate(interview.policy.nudges, start=1))[_nudged_before(interview, offer) :]:
        at = waking(sent.at + wait, interview.people.clock(CANDIDATE))
        if at < until:
            yield Due(
                kind="nudge",
                whom=CANDIDATE,
                version=f"{offer.n}-{n}",
                at=at,
                until=until,
                write=lambda _: Nudge(slots=offer.slots, reply_by=until),
            )


def _nudged_before(interview: "Interview", offer: Offered) -> int:
    """Count the nudges about earlier offers since the candidate last moved: silence is not met with ever more mail."""
    moved = interview.acted.get(CANDIDATE, interview.opened_at)
    nudges = interview.effects.of("nudge", CANDIDATE)
    counted = [one for one in nudges if one.date >= moved and one.was in MAYBE_SENT]
    return sum(not one.version.startswith(f"{offer.n}-") for one in counted)


# --- before the session -----------------------------------------------------------------------------------------------


def before_session(interview: "Interview", whom: str) -> Iterator[Due]:
    booking = interview.scheduling.booking
    if booking is None or interview.session.started_at is not None or interview.session.no_show is not None:
        return
    if whom == CANDIDATE and knows_outcome(interview):
        return
    day, hour = interview.policy.remind_before
    last = booking.slot.start - hour
    if whom == CANDIDATE and not _is_reminded(interview, booking, whom, "day_reminder"):
        at = booking.slot.start - day
        if at > booking.at and waking(at, interview.people.clock(whom)) < last:
            yield _reminder(interview, booking, whom, "day_reminder", at=at, until=last)
    if last > booking.at and not _is_reminded(interview, booking, whom, "hour_reminder"):
        yield _reminder(interview, booking, whom, "hour_reminder", at=last, until=booking.slot.start)


def _is_reminded(interview: "Interview", booking: Booking, whom: str, kind: Shareable) -> bool:
    """Whether they were, by an earlier version of this booking, or by another interview of the day.

    That somebody else sits on the panel is told by an invitation; it makes the time no news.
    """
    shared = whom == CANDIDATE and sharing.is_covered(interview, kind)
    return shared or _has_left(interview, kind, whom, since=booking.at, but=str(booking.revision))


def _has_left(interview: "Interview", kind: str, whom: str, *, since: datetime, but: str) -> bool:
    """Whether a letter of this kind has left since, other than the version that is asked about."""
    posted = interview.effects.of(kind, whom)
    return any(one.was in ("sent", "unsure") and one.date > since and one.version != but for one in posted)


def instructions(interview: "Interview", whom: str) -> Iterator[Due]:
    """What was arranged when the last reminder had its time: interviewers get that reminder once more."""
    booking, given = interview.scheduling.booking, interview.voices.instructions
    if booking is None or interview.session.started_at is not None or interview.session.no_show is not None:
        return
    at = max((one.given_at for one in given), default=booking.at)
    if whom != CANDIDATE and at > max(booking.at, booking.slot.start - interview.policy.remind_before[1]):
        version = f"{booking.revision}-{sum(one.given for one in given)}"
        if not _has_left(interview, "hour_reminder", whom, since=at, but=version):
            until = booking.slot.start
            yield _reminder(interview, booking, whom, "hour_reminder", at=at, until=until, version=version)


def _reminder(
    interview: "Interview",
    booking: Booking,
    whom: str,
    kind: str,
    *,
    at: datetime,
    until: datetime,
    version: str | None = None,
) -> Due:
    def write(date: datetime) -> Letter:
        told = written_for(interview, whom, date)
        if kind == "day_reminder":
            return DayReminder(
                slot=booking.slot,
                location=location(interview),
                with_names=others(interview, whom),
                agenda=AGENDA,
                lines=told,
                expectations_open=whom not in interview.evaluation.expectations,
                siblings=sharing.named_in(interview, "day_reminder", date),
            )
        return HourReminder(
            slot=booking.slot,
            location=location(interview),
            with_names=others(interview, whom),
            agenda=AGENDA,
            lines=told,
            scale=() if whom == CANDIDATE else scale(interview, whom),
            learned=None if whom == CANDIDATE else _learned(interview, whom),
            instructions=() if whom == CANDIDATE else _instructed(interview),
            candidate_zone=None if whom == CANDIDATE else interview.people.clock(CANDIDATE).zone,
            turn_to=None if whom == CANDIDATE else turn_to(interview),
            siblings=sharing.named_in(interview, "hour_reminder", date) if whom == CANDIDATE else (),
        )

    near = kind == "hour_reminder"
    version = version or str(booking.revision)
    return Due(kind=kind, whom=whom, version=version, at=at, until=until, write=write, any_hour=near)


# --- while somebody is missing ----------------------------------------------------------------------------------------


def join_nudge(interview: "Interview", whom: str) -> Iterator[Due]:
    """Once, to each who is missing; not any more when they have come, or are given up."""
    booking = interview.scheduling.booking
    if booking is not None and whom in missed(interview):
        at, until = grace(interview, booking.slot)
        yield Due(
            kind="join_nudge",
            whom=whom,
            version=str(booking.revision),
            at=at,
            until=until,
            any_hour=True,
            write=lambda _: JoinNudge(slot=booking.slot, location=location(interview)),
        )


def left_alone(interview: "Interview") -> Iterator[Due]:
    """To the candidate who has come and misses the company: while there is time, they choose how to go on."""
    booking, no_show = interview.scheduling.booking, interview.session.no_show
    if booking is None or no_show is None or no_show.party != "company" or not is_there(interview, CANDIDATE):
        return
    yield Due(
        kind="interviewer_missing",
        whom=CANDIDATE,
        version=str(booking.revision),
        at=interview.since,
        until=booking.slot.end,
        any_hour=True,
        write=lambda _: InterviewerMissing(
            slot=booking.slot,
            someone_is_there=any(is_there(interview, member.who) for member in interview.people.interviewers),
        ),
    )


# --- forms ------------------------------------------------------------------------------------------------------------


def forms(interview: "Interview", whom: str) -> Iterator[Due]:
    form, ended = interview.evaluation.forms.get(whom), interview.session.ended_at
    if form is None or ended is None or form.was != "open":
        return
    version, minutes = str(interview.session.n), CANDIDATE_MINUTES if whom == CANDIDATE else SCORECARD_MINUTES
    if whom == CANDIDATE:
        yield from _form_reminder(interview, form, version)
        if sharing.is_covered(interview, "form_request"):
            return
    yield Due(
        kind="form_request",
        whom=whom,
        version=version,
        at=sharing.form_from(interview, ended) if whom == CANDIDATE else ended,
        until=form.due,
        write=lambda date: FormRequest(
            due=form.due,
            minutes=minutes,
            with_names=others(interview, whom),
            practice=interview.request.practice,
            feedback=interview.policy.feedback,
            to_try=to_try(interview, whom),
            consents=_may_agree_to(interview) if whom == CANDIDATE else (),
            presumed=can_be_denied(interview, whom),
            partial=form.partial,
            siblings=sharing.named_in(interview, "form_request", date) if whom == CANDIDATE else (),
        ),
    )


def _form_reminder(interview: "Interview", form: FormState, version: str) -> Iterator[Due]:
    """Once, and to the candidate alone: interviewers have their digest of a day."""
    sent = _left(interview, "form_request", CANDIDATE, version)
    at = sent.at + interview.policy.form_reminder if sent is not None else sharing.form_reminder_from(interview)
    if at is None or form.partial or knows_outcome(interview) or sharing.is_covered(interview, "form_reminder"):
        return
    yield Due(
        kind="form_reminder",
        whom=CANDIDATE,
        version=version,
        at=at,
        until=form.due,
        write=lambda date: FormReminder(
            due=form.due,
            minutes=CANDIDATE_MINUTES,
            siblings=sharing.named_in(interview, "form_reminder", date),
        ),
    )


def apology(interview: "Interview") -> Iterator[Due]:
    """The company has called it off late: the candidate is told that we are sorry, and asked how it was so far."""
    closed, form = interview.closed, interview.evaluation.forms.get(CANDIDATE)
    if closed is None or form is None or form.was != "open":
        return
    if closed.status is Status.CANCELLED and closed.late and closed.side is Side.COMPANY:
        yield Due(
            kind="apology",
            whom=CANDIDATE,
            version="1",
            at=closed.at,
            until=form.due,
            write=lambda _: Apology(due=form.due, minutes=CANDIDATE_MINUTES),
        )


def looking_back(interview: "Interview") -> Iterator[Due]:
    """Two reminders that the candidate asked for, whatever the decision was."""
    feedback, reflected = interview.feedback, interview.follow_up.reflections.get(CANDIDATE)
    if reflected is None:
        at = feedback.follow_up_at or interview.since
        yield to_candidate("reflection_request", at, lambda _: ReflectionRequest())
    if CANDIDATE not in interview.follow_up.growth and feedback.growth_check_at is not None:
        to_try = reflected.will_try if reflected is not None else None
        yield to_candidate("growth_request", feedback.growth_check_at, lambda _: GrowthRequest(to_try=to_try))


# --- what they say ----------------------------------------------------------------------------------------------------


def _left(interview: "Interview", letter: str, whom: str, version: str) -> Posted | None:
    """Give the newest letter of this version that has left us, where one has."""
    posted = [one for one in interview.effects.of(letter, whom) if one.version == version]
    return posted[-1] if posted and posted[-1].was in ("sent", "unsure") else None


def _instructed(interview: "Interview") -> tuple[str, ...]:
    return tuple(one.instruction for one in interview.voices.instructions)


def _learned(interview: "Interview", whom: str) -> Brief | None:
    """Give what this interviewer carries from earlier interviews, as short as it is read; None: it is not there yet."""
    brief = interview.briefs.get(whom)
    if brief is None:
        return None
    return brief.model_copy(update={"said": brief.said[:_MOST_SAID], "themes": brief.themes[:_MOST_SAID]})


def _may_agree_to(interview: "Interview") -> tuple[str, ...]:
    """Give in words what the candidate has not agreed to yet."""
    return tuple(words for layer, words in offered(interview) if layer not in interview.privacy.consents)
