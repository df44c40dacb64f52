"""What an event of one region changes in another: the panel that follows a booking, clocks that stood still.

Part of the fold: nothing is decided here.
"""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from entrevue import answers, drift, evaluation, inviting, people, scheduling, session
from entrevue.calendars import WRITTEN, CalendarCleared, CalendarWritten
from entrevue.effects import EffectsEvent
from entrevue.people import PeopleEvent, SeatAnswered
from entrevue.scheduling import (
    InterviewScheduled,
    PanelChanged,
    Pause,
    RescheduleRequested,
    Scheduling,
    SchedulingEvent,
    SlotsOffered,
    TimeHeld,
)
from entrevue.session import NoShowConfirmed, NoShowProvisional, SessionAborted, SessionEnded, SessionEvent
from entrevue.values import CANDIDATE

if TYPE_CHECKING:
    from entrevue.interview import Interview


def panel_follows(interview: "Interview", event: SchedulingEvent, at: datetime, before: Scheduling) -> "Interview":
    asked, known, held = interview.people, _known(interview, before), interview.scheduling.held
    match event:
        case InterviewScheduled(panel=panel, claim=claim):
            asked = people.asked_anew(asked, confirmed=before.held is not None and before.held.claim == claim)
            seated = people.seated(asked, panel, at, known)
            return replace(interview, people=seated, session=session.awaited(interview.session))
        case TimeHeld(panel=panel, claim=claim):
            if held is not None and (before.held is None or before.held.n != held.n):
                asked = people.asked_to_hold(asked, interview.scheduling.claim(claim).by)
            return replace(interview, people=people.seated(asked, panel, at, known))
        case PanelChanged(panel=panel) | SlotsOffered(panel=panel):
            return replace(interview, people=people.seated(asked, panel, at, known))
        case RescheduleRequested(vacated=True):
            return replace(interview, people=people.asked_anew(asked))
        case _:
            return interview


def seated_anew(interview: "Interview", before: "Interview") -> "Interview":
    """Who comes back to the panel is asked, and has the event, like anybody who comes."""
    if interview.people.members == before.people.members:
        return interview
    interview = inviting.follows(interview, before)
    for member in interview.people.interviewers:
        if member.who not in before.people:
            interview = replace(
                interview,
                drift=drift.seated_anew(interview.drift, member.who),
                answers=answers.seat_answered(interview.answers, member.who),
            )
    return interview


def _known(interview: "Interview", before: Scheduling) -> people.Known:
    """Give the version that calendars and mailboxes shall know next of whom leaves; and the time they showed before.

    Who leaves a booked time that stays as it is, without a claim, is shown out by the version that follows.
    """
    shown = interview.scheduling.shown
    stays = shown is not None and shown is before.shown and not shown.cancelled
    sequence = shown.sequence + stays if shown is not None else None
    return (sequence, before.shown.slot if before.shown is not None else None)


def farewell(interview: "Interview") -> people.Known:
    """Who leaves alone, while the event stands, is out of it from a version on that nobody else sees."""
    shown = interview.scheduling.shown
    if shown is None:
        return None, None
    return (shown.sequence if shown.cancelled else shown.sequence + 1), shown.slot


def forms_follow(interview: "Interview", event: SessionEvent) -> "Interview":
    match event:
        case SessionEnded(forms=forms):
            return replace(interview, evaluation=evaluation.opened(interview.evaluation, forms))
        case SessionAborted() | NoShowProvisional() | NoShowConfirmed():
            return replace(interview, evaluation=evaluation.voided(interview.evaluation))
        case _:
            return interview


def reached_again(interview: "Interview", before: "Interview", at: datetime) -> "Interview":
    """The candidate can be written to again: their clocks go on with the time that they had left."""
    since = before.effects.unreachable_since(CANDIDATE)
    if since is None or interview.effects.unreachable(CANDIDATE):
        return interview
    ended = interview.session.ended_at
    return replace(
        interview,
        scheduling=scheduling.reached_again(interview.scheduling, at - since),
        answers=answers.asked_anew(interview.answers),
        evaluation=evaluation.reached_again(interview.evaluation, ended, max(since, ended or since), at),
    )


def resumed(interview: "Interview", pause: Pause | None, at: datetime) -> "Interview":
    booking = interview.scheduling.booking
    if pause is None or booking is None:
        return interview
    last = booking.slot.start - interview.policy.approve_by
    return replace(interview, answers=answers.resumed(interview.answers, pause.at, at, last))


def seat_answered(interview: "Interview", event: PeopleEvent) -> "Interview":
    """To the booked time, by whomever: what was heard before waits no more."""
    if not isinstance(event, SeatAnswered) or event.held:
        return interview
    return replace(interview, answers=answers.seat_answered(interview.answers, event.whom))


def calendar_follows(interview: "Interview", event: EffectsEvent) -> "Interview":
    if isinstance(event, CalendarCleared) or (isinstance(event, CalendarWritten) and event.outcome in WRITTEN):
        return replace(interview, drift=drift.readable(interview.drift, event.whom))
    return interview
