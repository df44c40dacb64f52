"""Changed minds: another time asked for, approved or not; a pause; and the ways in which an interview is given up."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import day_end
from entrevue.claims import SHORTEST_NOTICE_OF_A_PERSON, book, expect, nothing_being_booked
from entrevue.scheduling import (
    Approval,
    ApprovalDenied,
    ApprovalGranted,
    ApprovalRequested,
    Booking,
    CandidateWithdrew,
    Cause,
    ExchangeLapsed,
    HoldEnded,
    InterviewCancelled,
    InterviewPaused,
    InterviewResumed,
    OfferLapsed,
    RescheduleRequested,
    Scheduling,
    SchedulingEvent,
    SearchRequested,
)
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Line, Refused, Side, side_of

if TYPE_CHECKING:
    from entrevue.interview import Interview

_UNBOUND = ("coordinator", "backend")
"""They keep no cutoff and no limit: what they settle is settled."""

# --- commands --------------------------------------------------------------------------------------------------------


class Reschedule(Intake):
    """Move a booked interview to this time. Waits until it is claimed; the old time is kept until then."""

    kind: Literal["reschedule"] = "reschedule"
    by: Actor
    start: Instant
    reason: Line | None = None
    overload: Annotated[bool, Field(description="though it exceeds somebody's load limit")] = False
    expected_revision: int | None = None


class RequestReschedule(Intake):
    """Ask for another time. `swap` keeps the booked time until a new one is found, `vacate` gives it up now.

    Too near or too often, the coordinator decides; the answer then says `pending_approval`.
    """

    kind: Literal["request_reschedule"] = "request_reschedule"
    by: Actor
    mode: Literal["swap", "vacate"] = "swap"
    reason: Line | None = None
    expected_revision: int | None = None


class GrantApproval(Intake):
    """Let the change happen that waits for it. A given time is claimed first."""

    kind: Literal["grant_approval"] = "grant_approval"
    by: Actor


class DenyApproval(Intake):
    """The booked time stands; whoever asked is told."""

    kind: Literal["deny_approval"] = "deny_approval"
    by: Actor
    reason: Line | None = None


class PutOnHold(Intake):
    """Pause before the session. Clocks stand still, a booked time is kept, a held one is given up."""

    kind: Literal["put_on_hold"] = "put_on_hold"
    by: Actor
    reason: Annotated[Line | None, Field(description="told to whoever waits")] = None


class Resume(Intake):
    """Go on. Clocks have the time left that they had; a booked time that has passed meanwhile is looked for anew."""

    kind: Literal["resume"] = "resume"
    by: Actor


class Cancel(Intake):
    """End the interview before its session. Late, a reason is due to the other side."""

    kind: Literal["cancel"] = "cancel"
    by: Actor
    reason: Line | None = None
    expected_revision: int | None = None


class Withdraw(Intake):
    """The candidate leaves the process. After the session the evaluation goes on without hiring."""

    kind: Literal["withdraw"] = "withdraw"
    by: Actor
    reason: Line | None = None


ChangeCommand = Reschedule | RequestReschedule | GrantApproval | DenyApproval | PutOnHold | Resume | Cancel | Withdraw

# --- rules: commands -------------------------------------------------------------------------------------------------


def decide(command: ChangeCommand, interview: "Interview", now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    match command:
        case Reschedule():
            return _reschedule(interview, command, now)
        case RequestReschedule(by=by, mode=mode, reason=reason):
            expect(interview, command.expected_revision)
            return _ask(interview, by, mode, now, reason)
        case GrantApproval():
            return _granted(interview, _approval(state), now)
        case DenyApproval(reason=reason):
            return [ApprovalDenied(approval=_approval(state).n, reason=reason)]
        case PutOnHold(reason=reason):
            return _pause(interview, reason, now)
        case Resume():
            return _resume(interview, now)
        case Cancel(by=by, reason=reason):
            expect(interview, command.expected_revision)
            return _cancel(interview, by, reason, now)
        case Withdraw(reason=reason):
            withdrew = CandidateWithdrew(
                ends=interview.session.ended_at is None,
                revision=state.revision + 1,
                sequence=state.next_sequence,
                reason=reason,
            )
            if interview.feedback.released_at is not None:
                raise Refused(Code.ALREADY_RELEASED, "the process is over, and everybody knows it")
            if not withdrew.ends and command.by != CANDIDATE:  # it opens what the candidate wrote
                raise Refused(Code.NOT_AUTHORIZED, "by: after the session only the candidate can withdraw")
            return [] if state.withdrawn else [withdrew]
        case _:
            assert_never(command)


def _reschedule(interview: "Interview", command: Reschedule, now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    expect(interview, command.expected_revision)
    if command.overload and command.by not in _UNBOUND:
        raise Refused(Code.NOT_AUTHORIZED, "overload: is for coordinator, backend")
    if state.booking is not None and state.booking.slot.start == command.start:
        return []
    if state.exchange is None and needs_approval(interview, command.by, now):
        return [for_approval(interview, command.by, "vacate", now, start=command.start, reason=command.reason)]
    return book(interview, command.start, now, reason=command.reason, overload=command.overload)


def _ask(
    interview: "Interview", by: str, mode: Literal["swap", "vacate"], now: datetime, reason: str | None
) -> list[SchedulingEvent]:
    """Look for another time, or ask the coordinator for leave to."""
    still_ahead(interview, now)
    nothing_being_booked(interview)
    if needs_approval(interview, by, now):
        return [for_approval(interview, by, mode, now, reason=reason)]
    if mode == "swap":
        in_time_to_swap(interview, now)
    return exchange(interview, side_of(by), now, vacate=mode == "vacate", reason=reason)


def in_time_to_swap(interview: "Interview", now: datetime) -> None:
    booking = still_ahead(interview, now)
    if booking.slot.start - interview.policy.self_service_cutoff <= now:
        raise Refused(
            Code.WINDOW_CLOSED,
            "too near to keep the booked time while another is looked for; "
            "`vacate` it, or `reschedule` to a time that was agreed",
        )


def still_ahead(interview: "Interview", now: datetime) -> Booking:
    booking = interview.scheduling.booking
    if booking is None:
        raise Refused(Code.INVALID_STATE, "there is no booked time")
    if booking.slot.start <= now:
        raise Refused(Code.WINDOW_CLOSED, "the booked time has come; say who is missing, or end the session")
    return booking


def exchange(
    interview: "Interview",
    side: Side,
    now: datetime,
    *,
    vacate: bool,
    cause: Cause = "request",
    counts: bool = True,
    reason: str | None = None,
    search: bool = True,
    asked_by: str | None = None,
) -> list[SchedulingEvent]:
    """Look for another time, and keep the booked one meanwhile, where `vacate` does not give it up."""
    state, policy, booking = interview.scheduling, interview.policy, interview.scheduling.booking
    deadline, latest = now + policy.reschedule_within, None
    if not vacate and booking is not None:
        latest = booking.slot.start - policy.self_service_cutoff
        deadline = min(deadline, latest)
    requested = RescheduleRequested(
        vacated=vacate,
        deadline=deadline,
        latest=latest,
        asked_by=asked_by,
        revision=state.revision + vacate,
        sequence=state.next_sequence,
        cause=cause,
        side=side,
        counts=counts,
        reason=reason,
    )
    return [requested, SearchRequested(fresh_start=True)] if search else [requested]


def needs_approval(interview: "Interview", by: str, now: datetime) -> bool:
    """Keep the cutoff and the limits of each side; the coordinator is the way out, and is not bound by them."""
    policy, state = interview.policy, interview.scheduling
    if by in _UNBOUND or state.exchange is not None:
        return False  # an exchange was counted when it was asked for
    if state.booking is not None and state.booking.slot.start - now < policy.self_service_cutoff:
        return True
    return state.reschedules.get(side_of(by), 0) >= policy.reschedules


def for_approval(
    interview: "Interview",
    by: str,
    mode: Literal["swap", "vacate"],
    now: datetime,
    *,
    start: datetime | None = None,
    reason: str | None = None,
) -> ApprovalRequested:
    state, booking = interview.scheduling, still_ahead(interview, now)
    if state.approval is not None:
        raise Refused(Code.INVALID_STATE, "a change waits for the coordinator's approval already; wait for the answer")
    return ApprovalRequested(
        approval=state.approvals + 1,
        side=side_of(by),
        until=max(now, booking.slot.start - interview.policy.approve_by),
        mode=mode,
        start=start,
        reason=reason,
    )


def _approval(state: Scheduling) -> Approval:
    if state.approval is None:
        raise Refused(Code.INVALID_STATE, "no change waits for approval")
    return state.approval


def _granted(interview: "Interview", approval: Approval, now: datetime) -> list[SchedulingEvent]:
    """Let the asked-for change happen; where keeping the booked time makes no sense any more, it is given up.

    A given time is granted when it is claimed: until then the request stands.
    """
    booking = interview.scheduling.booking
    grant = ApprovalGranted(approval=approval.n)
    if approval.start is not None:
        return book(interview, approval.start, now, reason=approval.reason)
    nothing_being_booked(interview)
    near = booking is None or booking.slot.start - interview.policy.self_service_cutoff <= now
    vacate = approval.mode == "vacate" or near
    return [grant, *exchange(interview, approval.side, now, vacate=vacate, reason=approval.reason)]


def _pause(interview: "Interview", reason: str | None, now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    if state.booking is not None:
        still_ahead(interview, now)
    nothing_being_booked(interview)
    paused: list[SchedulingEvent] = [InterviewPaused(reason=reason)]
    if state.held is not None:
        paused.append(HoldEnded(claim=state.held.claim, because="on_hold"))
    if state.offer is not None and state.offer.claim is not None:
        paused.append(OfferLapsed(offer=state.offer.n, missed=False))
    return paused


def _resume(interview: "Interview", now: datetime) -> list[SchedulingEvent]:
    state, booking = interview.scheduling, interview.scheduling.booking
    resumed: list[SchedulingEvent] = [InterviewResumed()]
    if booking is not None and booking.slot.start <= now:
        passed = exchange(interview, Side.COMPANY, now, vacate=True, cause="on_hold", counts=False)
        return [*resumed, *passed]
    offer = state.offer
    if offer is not None and offer.slots and max(one.start for one in offer.slots) <= now + SHORTEST_NOTICE_OF_A_PERSON:
        return [*resumed, OfferLapsed(offer=offer.n, missed=False), SearchRequested()]
    waits = offer is not None or (booking is not None and state.exchange is None)
    return resumed if waits or state.searches > state.searched else [*resumed, SearchRequested(fresh_start=True)]


def _cancel(interview: "Interview", by: str, reason: str | None, now: datetime) -> list[SchedulingEvent]:
    cancelled = cancelled_by(interview, by, reason, now)
    if cancelled.late and reason is None:
        raise Refused(Code.INVALID_COMMAND, "reason: is due to the other side when an interview is cancelled late")
    return [cancelled]


def cancelled_by(interview: "Interview", by: str, reason: str | None, now: datetime) -> InterviewCancelled:
    state, held = interview.scheduling, interview.session.ended_at is not None
    booking = state.booking
    late = not held and booking is not None and booking.slot.start - now < interview.policy.late
    let_down = late and side_of(by) is Side.COMPANY and not _is_said_to_be_absent(interview)
    return InterviewCancelled(
        side=side_of(by),
        late=late,
        revision=state.revision + 1,
        sequence=None if held else state.next_sequence,
        reason=reason,
        form_due=day_end(now, interview.policy.evaluation_days, interview.people.clock(CANDIDATE))
        if let_down
        else None,
    )


def _is_said_to_be_absent(interview: "Interview") -> bool:
    """Whether the candidate did not come to the time that is called off: then it was not the company that let down."""
    no_show, seen = interview.session.no_show, interview.session.attendance.get(CANDIDATE)
    return (no_show is not None and no_show.party != "company") or (seen is not None and seen.marked is False)


def nothing_found(state: Scheduling) -> InterviewCancelled:
    return InterviewCancelled(
        side=None,
        late=False,
        revision=state.revision + 1,
        sequence=state.next_sequence,
        reason="no new time was found",
    )


# --- rules: clocks ---------------------------------------------------------------------------------------------------


def deadlines(interview: "Interview") -> list[tuple[datetime, list[SchedulingEvent]]]:
    """What happens by itself, and when."""
    state = interview.scheduling
    if state.requested is not None or interview.session.started_at is not None:
        return []  # a choice made in time is settled first, and nobody gives up what they have begun
    due: list[tuple[datetime, list[SchedulingEvent]]] = []
    approval, going = state.approval, state.exchange
    if approval is not None:
        given_up = exchange(interview, approval.side, approval.until, vacate=True, reason=approval.reason)
        due.append((approval.until, [ApprovalGranted(approval=approval.n), *given_up]))
    if going is not None and not going.vacated and state.held is None:
        unheard = interview.effects.unreachable(CANDIDATE)
        until = going.latest or going.deadline if unheard else going.deadline
        due.append((until, _lapsed(interview, until, unfit=going.unfit, unheard=unheard)))
    return due


def _lapsed(interview: "Interview", at: datetime, *, unfit: bool, unheard: bool) -> list[SchedulingEvent]:
    """The booked time stands, unless the panel is short of somebody: then it is given up in time."""
    if not unfit:
        return [ExchangeLapsed(unheard=unheard)]
    fresh = interview.scheduling.offer is None
    return exchange(interview, Side.COMPANY, at, vacate=True, cause="declined", counts=False, search=fresh)
