"""Which letters an interview owes to whom, from when, until when: the clock table of lifecycle, section 6, as code.

Every letter is derived from the state, so one about an older revision cannot be owed. Nobody is written to in the
quiet hours of their own day, but for the last reminder, what happens the same day, and answers to what they just did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from entrevue.civil import waking
from entrevue.effects import MessageSkipped, Posted
from entrevue.feedback import candidate_feedback
from entrevue.orders import (
    AnswerDelayed,
    CalendarEvent,
    Cancellation,
    Correspondent,
    DayReminder,
    FeedbackAvailable,
    FollowUpRequest,
    FormReminder,
    FormRequest,
    HourReminder,
    Invitation,
    Letter,
    Line,
    Nudge,
    Offer,
    OfferWithdrawn,
    SendLetter,
)
from entrevue.rubrics import AGENDA, CANDIDATE_MINUTES, DEFAULT_COMPETENCIES, LIBRARY, SCORECARD_MINUTES
from entrevue.scheduling import Booking, Offered, Shown, reply_by
from entrevue.values import CANDIDATE, Side, Slot, Status

if TYPE_CHECKING:
    from entrevue.interview import Interview

_AWAKE = timedelta(hours=1)
_SAME_DAY = timedelta(hours=24)

_AGAIN_IF_UNSURE = frozenset({"offer", "invitation", "cancellation", "offer_withdrawn"})
"""Losing one of these costs more than a second copy; of all others a second copy is the greater nuisance."""


@dataclass(frozen=True, kw_only=True)
class Due:
    """One letter: not before `at`, not from `until` on."""

    kind: str
    whom: str
    version: str
    at: datetime
    until: datetime | None
    write: Callable[[], Letter]


def key(interview: "Interview", due: Due) -> str:
    return interview.effects.key(f"{interview.id}/{due.kind}/{due.whom}/{due.version}")


def open_letters(interview: "Interview") -> list[Due]:
    """Give every letter that is owed now or later and has not met its fate."""
    if not interview.people.organisation:
        return []
    return [due for due in _all(interview) if _open(interview, due)]


def orders(interview: "Interview", now: datetime) -> list[SendLetter]:
    """Give the letters to send now, per person in the order in which they fell due."""
    due = sorted((one for one in open_letters(interview) if one.at <= now), key=lambda one: one.at)
    return [_order(interview, one, now) for one in due if one.until is None or now < one.until]


def deadlines(interview: "Interview") -> list[tuple[datetime, list[MessageSkipped]]]:
    """A letter whose meaning has gone is not sent late, it is skipped."""
    return [
        (
            due.until,
            [MessageSkipped(key=key(interview, due), letter=due.kind, whom=due.whom, version=due.version)],
        )
        for due in open_letters(interview)
        if due.until is not None
    ]


def _open(interview: "Interview", due: Due) -> bool:
    name = key(interview, due)
    known = interview.effects.messages.get(name)
    return (known is None or known.was == "queued") and name not in interview.effects.failures


def _order(interview: "Interview", due: Due, now: datetime) -> SendLetter:
    name, known = key(interview, due), interview.effects.messages.get(key(interview, due))
    organisation = interview.people.organisation
    thread = interview.effects.threads.get(due.whom)
    return SendLetter(
        key=name,
        lane=f"mail/{due.whom}",
        interview=interview.id,
        now=now,
        to=_correspondent(interview, due.whom),
        role=interview.request.role,
        organisation=organisation.name if organisation else "",
        reply_to=organisation.coordinator_email if organisation else None,
        date=known.date if known else due.at,
        thread=thread if thread != name else None,
        again_if_unsure=due.kind in _AGAIN_IF_UNSURE,
        letter=due.write(),
    )


def _correspondent(interview: "Interview", whom: str) -> Correspondent:
    member, clock = interview.people[whom], interview.people.clock(whom)
    return Correspondent(who=whom, name=member.name, email=member.email, zone=clock.zone, zone_assumed=clock.assumed)


# --- the clock table -------------------------------------------------------------------------------------------------


def _all(interview: "Interview") -> Iterator[Due]:
    reachable = [
        member.who
        for member in interview.people.members
        if member.email and not interview.effects.unreachable(member.who)
    ]
    for whom in reachable:
        yield from _of_booking(interview, whom)
        if interview.closed is not None:
            continue
        yield from _reminders(interview, whom)
        yield from _forms(interview, whom)
    if CANDIDATE in reachable:
        yield from _of_offer(interview)
        yield from _of_decision(interview)


def _of_offer(interview: "Interview") -> Iterator[Due]:
    state, offer = interview.scheduling, interview.scheduling.offer
    if interview.closed is not None:
        yield from _offer_withdrawn(interview)
    elif offer is not None and offer.slots and state.requested is None:
        last = max(slot.start for slot in offer.slots)
        yield Due(
            kind="offer",
            whom=CANDIDATE,
            version=str(offer.n),
            at=_civil(interview, CANDIDATE, offer.at),
            until=last,
            write=lambda: Offer(
                slots=offer.slots,
                reply_by=reply_by(interview, interview.at),
                fresh=offer.n > 1,
                reschedule=state.exchange is not None,
            ),
        )
        yield from _nudges(interview, offer)


def _nudges(interview: "Interview", offer: Offered) -> Iterator[Due]:
    state = interview.scheduling
    sent = next((one for one in interview.effects.of("offer", CANDIDATE) if one.version == str(offer.n)), None)
    if sent is None or sent.was not in ("sent", "unsure") or state.reply_by is None or state.exchange is not None:
        return
    for n, wait in enumerate(interview.request.policy.nudges, start=1):
        at = _civil(interview, CANDIDATE, sent.date + wait)
        if at < state.reply_by:
            yield Due(
                kind="nudge",
                whom=CANDIDATE,
                version=f"{offer.n}-{n}",
                at=at,
                until=state.reply_by,
                write=lambda: Nudge(slots=offer.slots, reply_by=state.reply_by or sent.date),
            )


def _offer_withdrawn(interview: "Interview") -> Iterator[Due]:
    closed = interview.closed
    told = any(one.was in ("queued", "sent", "unsure") for one in interview.effects.of("offer", CANDIDATE))
    by_company = closed is not None and closed.status is Status.CANCELLED and closed.side is not Side.CANDIDATE
    if closed is not None and by_company and told and interview.scheduling.shown is None:
        yield Due(
            kind="offer_withdrawn",
            whom=CANDIDATE,
            version="1",
            at=_civil(interview, CANDIDATE, closed.at),
            until=None,
            write=lambda: OfferWithdrawn(reason=closed.reason),
        )


def _of_booking(interview: "Interview", whom: str) -> Iterator[Due]:
    shown = interview.scheduling.shown
    if shown is None:
        return
    if not shown.cancelled:
        if interview.closed is None and interview.session.ended_at is None:
            yield _invitation(interview, shown, whom)
        return
    invited = [one for one in interview.effects.of("invitation", whom) if one.was in ("queued", "sent", "unsure")]
    if invited:  # a letter that was started counts as maybe sent: only then is its cancellation owed
        yield Due(
            kind="cancellation",
            whom=whom,
            version=str(shown.sequence),
            at=_unless_same_day(interview, whom, shown.at, shown.slot),
            until=shown.slot.end,
            write=lambda: Cancellation(
                event=event_for(interview, whom, shown),
                imip=_by_mail(interview, whom),
                reason=shown.reason,
                apology=shown.apology,
                continues=shown.continues,
            ),
        )


def _invitation(interview: "Interview", shown: Shown, whom: str) -> Due:
    ready = max([shown.at, *(_written_at(interview, who) for who in interview.with_calendar)])
    if not all(interview.in_sync(who) for who in interview.with_calendar):
        ready = shown.at + interview.request.policy.calendar_patience
    return Due(
        kind="invitation",
        whom=whom,
        version=str(shown.sequence),
        at=_unless_same_day(interview, whom, ready, shown.slot),
        until=shown.slot.end,
        write=lambda: Invitation(
            event=event_for(interview, whom, shown),
            imip=_by_mail(interview, whom),
            moved_from=shown.moved_from,
            with_names=_others(interview, whom),
            candidate_zone=None if whom == CANDIDATE else interview.people.clock(CANDIDATE).zone,
        ),
    )


def _written_at(interview: "Interview", who: str) -> datetime:
    held = interview.effects.calendars.get(who)
    return held.at if held else interview.opened_at


def _reminders(interview: "Interview", whom: str) -> Iterator[Due]:
    booking = interview.scheduling.booking
    if booking is None or interview.session.started_at is not None or interview.session.no_show is not None:
        return
    day, hour = interview.request.policy.remind_before
    last = booking.slot.start - hour
    if whom == CANDIDATE:
        at = _civil(interview, whom, booking.slot.start - day)
        if booking.slot.start - day > booking.at and at < last:
            yield _reminder(interview, booking, whom, "day_reminder", at=at, until=last)
    if last > booking.at:
        yield _reminder(interview, booking, whom, "hour_reminder", at=last, until=booking.slot.start)


def _reminder(interview: "Interview", booking: Booking, whom: str, kind: str, *, at: datetime, until: datetime) -> Due:
    def write() -> Letter:
        if kind == "day_reminder":
            return DayReminder(
                slot=booking.slot,
                location=location(interview),
                with_names=_others(interview, whom),
                agenda=AGENDA,
                lines=lines_for(interview, whom),
                expectations_open=whom not in interview.evaluation.expectations,
            )
        return HourReminder(
            slot=booking.slot,
            location=location(interview),
            with_names=_others(interview, whom),
            agenda=AGENDA,
            lines=lines_for(interview, whom),
            brief=() if whom == CANDIDATE else _brief(),
            candidate_zone=None if whom == CANDIDATE else interview.people.clock(CANDIDATE).zone,
        )

    return Due(kind=kind, whom=whom, version=str(booking.revision), at=at, until=until, write=write)


def _brief() -> tuple[str, ...]:
    """Give the scale the interviewer will rate on, anchors written out."""
    return tuple(
        f"{competency.replace('_', ' ')}: 1 = {LIBRARY[competency].one} 3 = {LIBRARY[competency].three} "
        f"5 = {LIBRARY[competency].five}"
        for competency in DEFAULT_COMPETENCIES
    )


def _forms(interview: "Interview", whom: str) -> Iterator[Due]:
    form, ended = interview.evaluation.forms.get(whom), interview.session.ended_at
    if form is None or ended is None or form.was != "open":
        return
    version, minutes = str(interview.session.n), CANDIDATE_MINUTES if whom == CANDIDATE else SCORECARD_MINUTES
    yield Due(
        kind="form_request",
        whom=whom,
        version=version,
        at=_civil(interview, whom, ended),
        until=form.due,
        write=lambda: FormRequest(
            due=form.due,
            minutes=minutes,
            with_names=_others(interview, whom),
            presumed=interview.session.presumed,
        ),
    )
    sent = _newest(interview.effects.of("form_request", whom))
    if whom == CANDIDATE and sent is not None and sent.was in ("sent", "unsure"):
        yield Due(
            kind="form_reminder",
            whom=whom,
            version=version,
            at=_civil(interview, whom, sent.date + interview.request.policy.form_reminder),
            until=form.due,
            write=lambda: FormReminder(due=form.due, minutes=minutes),
        )


def _of_decision(interview: "Interview") -> Iterator[Due]:
    if interview.closed is not None:
        return
    feedback, promised = interview.feedback, interview.session.answer_by
    if feedback.overdue and feedback.decision is None and promised is not None:
        at = _civil(interview, CANDIDATE, promised)
        yield _to_candidate("answer_delayed", at, lambda: AnswerDelayed(promised=promised))
    if candidate_feedback(interview) == "READY" and feedback.reviewed is not None:
        yield _to_candidate("feedback_available", feedback.reviewed.available_at, FeedbackAvailable)
    if "reminders" not in interview.privacy.consents:
        return
    if interview.status is Status.FOLLOW_UP and CANDIDATE not in feedback.reflections:
        at = _civil(interview, CANDIDATE, feedback.follow_up_at or interview.since)
        yield _to_candidate("reflection_request", at, lambda: FollowUpRequest(what="reflection"))
    if interview.status is Status.FOLLOW_UP and CANDIDATE not in feedback.growth and feedback.growth_check_at:
        at = _civil(interview, CANDIDATE, feedback.growth_check_at)
        yield _to_candidate("growth_request", at, lambda: FollowUpRequest(what="growth_check"))


def _to_candidate(kind: str, at: datetime, write: Callable[[], Letter]) -> Due:
    return Due(kind=kind, whom=CANDIDATE, version="1", at=at, until=None, write=write)


# --- what letters say ------------------------------------------------------------------------------------------------


def event_for(interview: "Interview", whom: str, shown: Shown) -> CalendarEvent:
    """Give the event as this person may see it: the candidate's and the panel's are two, with a UID each."""
    candidate, role = interview.people[CANDIDATE].name, interview.request.role
    organisation = interview.people.organisation
    company = organisation.name if organisation else ""
    for_candidate = whom == CANDIDATE
    names = ", ".join(_others(interview, whom))
    return CalendarEvent(
        uid=f"{interview.id}.{'c' if for_candidate else 'p'}1",
        sequence=shown.sequence,
        stamp=shown.at,
        slot=shown.slot,
        summary=f"Interview with {company}: {role}" if for_candidate else f"Interview: {candidate}, {role}",
        description=f"With {names}.\n\n" + "\n".join(AGENDA),
        location=location(interview),
        cancelled=shown.cancelled,
    )


def location(interview: "Interview") -> str | None:
    request, organisation = interview.request, interview.people.organisation
    template = organisation.conference_link if organisation else None
    return request.conference_link or request.location or (template.replace("{id}", interview.id) if template else None)


def lines_for(interview: "Interview", whom: str) -> tuple[Line, ...]:
    """Give what the other side wrote for this reader."""
    authors = [member for member in interview.people.members if (member.who == CANDIDATE) != (whom == CANDIDATE)]
    written = ((member.name, interview.evaluation.expectations.get(member.who)) for member in authors)
    return tuple(
        Line(name=name, text=shared.for_other_side)
        for name, shared in written
        if shared is not None and shared.for_other_side is not None
    )


def _others(interview: "Interview", whom: str) -> tuple[str, ...]:
    return tuple(member.name for member in interview.people.members if member.who != whom and member.name)


def _by_mail(interview: "Interview", whom: str) -> bool:
    """Exactly one inviter a person: their calendar, where we write it, else the letter."""
    return not interview.people[whom].has_calendar


def _newest(posted: list[Posted]) -> Posted | None:
    return posted[-1] if posted else None


# --- civil hours -----------------------------------------------------------------------------------------------------


def _civil(interview: "Interview", whom: str, at: datetime) -> datetime:
    """Give `at`, or the reader's next morning; who has commanded within the hour before is awake."""
    acted = interview.acted.get(whom)
    if acted is not None and acted <= at <= acted + _AWAKE:
        return at
    return waking(at, interview.people.clock(whom))


def _unless_same_day(interview: "Interview", whom: str, at: datetime, slot: Slot) -> datetime:
    return at if slot.start - at < _SAME_DAY else _civil(interview, whom, at)
