"""From a valid request to a booked time: offers, availability, proposals of either side, and what the world answers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import changes, seats
from entrevue.civil import day_end, instant, local
from entrevue.claims import (
    SHORTEST_NOTICE_OF_A_PERSON,
    another_time,
    asking_key,
    book,
    expect,
    fillable,
    in_the_future,
    nothing_being_booked,
    of_key,
    panel,
    release_key,
    request,
    search_key,
    slot_at,
    somebody_to_ask,
    unseated,
)
from entrevue.orders import GaveUp, Seated, SlotsFound, TimeClaimed, TimeReleased, TimeTaken, Window
from entrevue.people import Panel
from entrevue.scheduling import (
    Aim,
    ApprovalGranted,
    AvailabilityRequested,
    AvailabilitySubmitted,
    Claim,
    HoldConfirmed,
    HoldEnded,
    InterviewExpired,
    InterviewScheduled,
    NoSlotFound,
    OfferDeclined,
    OfferDelivered,
    Offered,
    OfferLapsed,
    OptionsFound,
    OtherTimeProposed,
    PanelChanged,
    Scheduling,
    SchedulingEvent,
    SearchRequested,
    SlotLost,
    SlotsOffered,
    TimeGivenBack,
    TimeHeld,
    TimeRequested,
)
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Line, Refused, Side, Slot, side_of

if TYPE_CHECKING:
    from entrevue.interview import Interview

_SHORTEST_WINDOW = timedelta(minutes=5)

# --- commands --------------------------------------------------------------------------------------------------------


class OfferSlots(Intake):
    """Offer these slots to the candidate; without slots, search for some again."""

    kind: Literal["offer_slots"] = "offer_slots"
    by: Actor
    slots: Annotated[tuple[Instant, ...], Field(max_length=20, description="starts; empty: search again")] = ()
    hold: Annotated[bool, Field(description="of one slot: hold it until the candidate has answered")] = False


class RequestAvailability(Intake):
    """Ask the candidate when they are free, instead of making an offer."""

    kind: Literal["request_availability"] = "request_availability"
    by: Actor


class SubmitAvailability(Intake):
    """Say when one is free. The first time that fits everybody is booked."""

    kind: Literal["submit_availability"] = "submit_availability"
    by: Actor
    windows: Annotated[tuple[Window, ...], Field(min_length=1, max_length=50)]


class ChooseSlot(Intake):
    """Pick one of the offered slots. Waits until the time is claimed, or refuses with `slot_unavailable`."""

    kind: Literal["choose_slot"] = "choose_slot"
    by: Actor
    start: Instant
    expected_revision: int | None = None


class ProposeOtherTime(Intake):
    """Would rather meet then. The time is held until the other side has answered; what is booked stands until then."""

    kind: Literal["propose_other_time"] = "propose_other_time"
    by: Actor
    start: Instant
    reason: Line | None = None
    expected_revision: Annotated[int, Field(description="as `view` showed it: two proposals at once are found out")]


class DeclineOffer(Intake):
    """None of these times; the process goes on with fresh ones."""

    kind: Literal["decline_offer"] = "decline_offer"
    by: Actor
    reason: Line | None = None
    expected_revision: int | None = None


class BookSlot(Intake):
    """Book a time that was agreed elsewhere. Waits until it is claimed."""

    kind: Literal["book_slot"] = "book_slot"
    by: Actor
    start: Instant
    overload: Annotated[bool, Field(description="though it exceeds somebody's load limit")] = False
    expected_revision: int | None = None


NegotiationCommand = (
    OfferSlots | RequestAvailability | SubmitAvailability | ChooseSlot | ProposeOtherTime | DeclineOffer | BookSlot
)

# --- rules: commands -------------------------------------------------------------------------------------------------


def decide(command: NegotiationCommand, interview: "Interview", now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    match command:
        case OfferSlots(slots=starts, hold=hold):
            return _offer(interview, starts, now, hold=hold)
        case RequestAvailability():
            nothing_being_booked(interview)
            return [*_overtaken(state), AvailabilityRequested(offer=state.offers + 1)]
        case SubmitAvailability(windows=windows):
            return _availability(interview, windows, now)
        case ChooseSlot(start=start):
            return _choose(interview, command, start, now)
        case ProposeOtherTime():
            return _propose(interview, command, now)
        case DeclineOffer(reason=reason):
            expect(interview, command.expected_revision)
            return _decline(interview, reason)
        case BookSlot(start=start, overload=overload):
            expect(interview, command.expected_revision)
            return book(interview, start, now, overload=overload)
        case _:
            assert_never(command)


def _offer(interview: "Interview", starts: tuple[datetime, ...], now: datetime, *, hold: bool) -> list[SchedulingEvent]:
    state = interview.scheduling
    nothing_being_booked(interview)
    if hold and len(starts) != 1:
        raise Refused(Code.INVALID_COMMAND, "hold: only an offer of one slot can be held")
    if not starts:
        return [*_overtaken(state), SearchRequested(fresh_start=True)]
    for start in starts:
        another_time(interview, start, now, "slots")
    slots = tuple(slot_at(interview, start) for start in sorted(set(starts)))
    if hold:
        somebody_to_ask(interview)
        return [request(interview, slots[0], "offer", hold_until=_held_until(interview, slots[0].start, now))]
    return [SlotsOffered(offer=state.offers + 1, slots=slots)]


def _availability(interview: "Interview", windows: tuple[Window, ...], now: datetime) -> list[SchedulingEvent]:
    nothing_being_booked(interview)
    if any(one.end - one.start < _SHORTEST_WINDOW for one in windows):
        raise Refused(Code.INVALID_COMMAND, "windows: each must end at least five minutes after it starts")
    usable = tuple(one for one in windows if one.end > now)
    if not usable:
        raise Refused(Code.INVALID_COMMAND, "windows: all of them are past; send some that lie ahead")
    in_the_future(max(one.end for one in usable), now, "windows")
    return [*_overtaken(interview.scheduling), AvailabilitySubmitted(windows=usable), SearchRequested()]


def _choose(interview: "Interview", command: ChooseSlot, start: datetime, now: datetime) -> list[SchedulingEvent]:
    state, offer = interview.scheduling, interview.scheduling.offer
    if state.booking is not None and state.exchange is None and state.booking.slot.start == start:
        return []
    expect(interview, command.expected_revision)
    if state.requested is not None and state.requested.slot.start == start:
        return []  # the same choice again: the handler waits for the claim that is on its way
    if state.held is not None and state.held.slot.start == start:
        return []  # the interviewers are being asked about it
    on_offer = offer is not None and any(one.start == start for one in offer.slots)
    if not on_offer and any(_was_held_for_them(claim, start, now) for claim in state.claims):
        raise Refused(Code.HOLD_EXPIRED, "start: that time was held for you, and is not any more")
    if offer is None:
        raise Refused(Code.INVALID_STATE, "there is no open offer to choose from; wait for the next one")
    if not on_offer:
        open_now = ", ".join(f"{one.start:%Y-%m-%dT%H:%MZ}" for one in offer.slots)
        raise Refused(Code.SLOT_UNAVAILABLE, f"start: that time is not on offer; choose one of {open_now}")
    if start < now + SHORTEST_NOTICE_OF_A_PERSON:
        raise Refused(Code.SLOT_UNAVAILABLE, "start: that time is too near by now; choose another one")
    nothing_being_booked(interview)
    somebody_to_ask(interview)
    if offer.claim is not None:
        explicit = interview.policy.confirmation == "explicit"
        until = _held_until(interview, start, now) if explicit else None
        return [HoldConfirmed(claim=offer.claim, until=until)]
    return [_asked(interview, slot_at(interview, start), now)]


def _was_held_for_them(claim: Claim, start: datetime, now: datetime) -> bool:
    until = claim.hold_until if claim.aim == "offer" else None
    return claim.slot.start == start and until is not None and until <= now


def _asked(interview: "Interview", wanted: Slot, now: datetime) -> TimeRequested:
    """Book it, or ask the interviewers first, where the policy wants their word."""
    if interview.policy.confirmation == "explicit":
        return request(interview, wanted, "ask", hold_until=_held_until(interview, wanted.start, now))
    return request(interview, wanted, "book")


def _overtaken(state: Scheduling) -> list[SchedulingEvent]:
    """Who begins anew does not wait for an answer about the time that is held."""
    return [HoldEnded(claim=state.held.claim, because="overtaken")] if state.held is not None else []


def _held_until(interview: "Interview", start: datetime, now: datetime) -> datetime:
    """Not until the booked time comes, where there is one: it stands if nobody has answered by then."""
    policy, booking = interview.policy, interview.scheduling.booking
    until = min(now + policy.hold, start - SHORTEST_NOTICE_OF_A_PERSON)
    return until if booking is None else min(until, booking.slot.start - policy.self_service_cutoff)


def _propose(interview: "Interview", command: ProposeOtherTime, now: datetime) -> list[SchedulingEvent]:
    state, side = interview.scheduling, side_of(command.by)
    expect(interview, command.expected_revision)
    if state.booking is not None and state.exchange is None:
        if changes.needs_approval(interview, command.by, now):
            return [
                changes.for_approval(interview, command.by, "swap", now, start=command.start, reason=command.reason)
            ]
        changes.in_time_to_swap(interview, now)
    elif state.rounds + 1 >= interview.policy.rounds:
        raise Refused(
            Code.MAX_ROUNDS_REACHED,
            f"there were {state.rounds} rounds already; choose an offered time, or ask the coordinator",
        )
    somebody_to_ask(interview)
    nothing_being_booked(interview)
    another_time(interview, command.start, now, "start")
    wanted = slot_at(interview, command.start)
    until = _held_until(interview, wanted.start, now)
    proposed = OtherTimeProposed(side=side, start=command.start, revision=state.revision + 1, reason=command.reason)
    aim: Aim = "ask" if side is Side.CANDIDATE else "offer"
    return [proposed, request(interview, wanted, aim, hold_until=until, reason=command.reason, proposed=True)]


def _decline(interview: "Interview", reason: str | None) -> list[SchedulingEvent]:
    state = interview.scheduling
    if state.offer is None and state.held is None:
        raise Refused(Code.INVALID_STATE, "there is no open offer to decline; wait for the next one")
    nothing_being_booked(interview)
    chosen = [HoldEnded(claim=state.held.claim, because="declined")] if state.held is not None else []
    return [*chosen, OfferDeclined(offer=state.offers, reason=reason), *_another_round(interview)]


def _another_round(interview: "Interview") -> list[SchedulingEvent]:
    """Search again while rounds are left; afterwards a person must help (attention NEGOTIATION_STUCK)."""
    return [SearchRequested()] if interview.scheduling.rounds + 1 < interview.policy.rounds else []


def _lapsed(interview: "Interview", offer: Offered) -> list[SchedulingEvent]:
    """Nobody has chosen in time. From what never arrived, or was not kept, nobody could: that costs no round."""
    if _in_their_hands(interview) and not offer.failed:
        return [OfferLapsed(offer=offer.n), *_another_round(interview)]
    return [OfferLapsed(offer=offer.n, missed=False), SearchRequested()]


# --- rules: answers --------------------------------------------------------------------------------------------------


def answered(
    answer: SlotsFound | TimeClaimed | TimeTaken | TimeReleased | GaveUp, interview: "Interview", now: datetime
) -> Sequence[seats.Outcome]:
    """Judge what the world answered to a search, a claim or a release."""
    state = interview.scheduling
    match answer:
        case SlotsFound(slots=slots, why=why):
            if answer.key != search_key(interview) or state.searched == state.searches:
                return []  # of a search that is no longer wanted
            if state.paused or state.requested is not None or state.held is not None:
                return []  # it is repeated when it is wanted again
            return _found(interview, slots, why, now)
        case TimeClaimed(key=key, seated=seated):
            claim = of_key(interview, key, asking_key)
            return _claimed(interview, claim, seated, now) if claim is not None and claim.was == "requested" else []
        case TimeTaken(key=key, by=because):
            claim = of_key(interview, key, asking_key)
            return _lost(interview, claim, now, because) if claim is not None and claim.was == "requested" else []
        case TimeReleased(key=key):
            claim = of_key(interview, key, lambda interview, claim: release_key(interview, claim.n))
            return [TimeGivenBack(claim=claim.n)] if claim is not None and claim.was == "leaving" else []
        case GaveUp(key=key):
            claim = of_key(interview, key, asking_key)
            if claim is not None and claim.was == "requested":
                return _lost(interview, claim, now, "trouble", unsure=True)
            return []
        case _:
            assert_never(answer)


def _found(interview: "Interview", slots: tuple[Slot, ...], why: str | None, now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    if not slots:
        return [NoSlotFound(why=why or "nobody's calendar has a common gap")]
    if state.windows:
        return [OptionsFound(slots=slots), _asked(interview, slot_at(interview, slots[0].start), now)]
    return [SlotsOffered(offer=state.offers + 1, slots=slots)]


def _claimed(
    interview: "Interview", claim: Claim, seated: tuple[Seated, ...], now: datetime
) -> Sequence[seats.Outcome]:
    state = interview.scheduling
    if interview.session.started_at is not None or interview.session.no_show is not None:
        return [SlotLost(claim=claim.n, unsure=True)]  # the booked time has come: it is not moved any more
    if claim.asks == 1 and unseated(claim, seated):
        return _lost(interview, claim, now, "nobody", unsure=True)
    changed = panel(interview, claim, seated)
    while_held = changed if state.booking is None else Panel()  # who sits at the booked time sits there still
    match claim.aim:
        case "book":
            before, approval = state.booking, state.approval
            scheduled = InterviewScheduled(
                claim=claim.n,
                slot=claim.slot,
                revision=state.revision + 1,
                sequence=state.next_sequence,
                moved_from=before.slot if before else None,
                reason=claim.reason,
                panel=changed,
            )
            granted = approval is not None and approval.start == claim.slot.start
            return [scheduled, ApprovalGranted(approval=state.approvals)] if granted else [scheduled]
        case "ask":
            until = claim.hold_until or claim.slot.start
            held = TimeHeld(claim=claim.n, slot=claim.slot, until=until, panel=while_held)
            return [*_exchanges(interview, claim, now), held]
        case "offer":
            offered = SlotsOffered(
                offer=state.offers + 1,
                slots=(claim.slot,),
                claim=claim.n,
                hold_until=claim.hold_until,
                panel=while_held,
            )
            return [*_exchanges(interview, claim, now), offered]
        case "seats":
            if state.booking is None or state.booking.slot != claim.slot:
                return [SlotLost(claim=claim.n, unsure=True)]  # that time is given up, or was moved, meanwhile
            return [
                PanelChanged(claim=claim.n, revision=state.revision + 1, sequence=state.next_sequence, panel=changed)
            ]
        case _:
            assert_never(claim.aim)


def _exchanges(interview: "Interview", claim: Claim, now: datetime) -> list[SchedulingEvent]:
    """A booked time is to be exchanged from when the one that was proposed instead is there."""
    state = interview.scheduling
    if state.booking is None or state.exchange is not None:
        return []
    side, reason = side_of(claim.by), claim.reason
    return changes.exchange(interview, side, now, vacate=False, reason=reason, search=False, asked_by=claim.by)


def _lost(
    interview: "Interview", claim: Claim, now: datetime, because: str, *, unsure: bool = False
) -> Sequence[seats.Outcome]:
    """A time that is gone is replaced by fresh ones; this costs the candidate no round (invariant 9)."""
    state = interview.scheduling
    lost = SlotLost(claim=claim.n, unsure=unsure, because=because)
    if claim.aim == "seats":
        return [lost, *seats.unfilled(interview, claim, now)]
    if state.held is not None and claim.slot == state.held.slot and claim.n != state.held.claim:
        if not claim.unasked:
            return [lost]  # who asked for another panel is told so; the one that was asked stands
        silent = any(change.why == "not_free" for change in claim.changes)  # else they have said no
        given_up = HoldEnded(claim=state.held.claim, because="silence" if silent else "declined")
        return [lost, given_up, SearchRequested()]
    if state.windows and state.options:
        return [lost, _asked(interview, slot_at(interview, state.options[0].start), now)]
    on_offer = state.offer is not None and any(one.start == claim.slot.start for one in state.offer.slots)
    nothing_else = state.offer is None and state.booking is None
    confirmed = claim.asks > 1
    return [lost, SearchRequested()] if on_offer or nothing_else or confirmed or state.windows else [lost]


def delivered(interview: "Interview", offer: int, now: datetime) -> list[OfferDelivered]:
    """Start the candidate's clock once the offer, or the question when they are free, is in their hands."""
    state = interview.scheduling
    if state.offer is None or state.offer.n != offer:
        return []
    return [OfferDelivered(offer=offer, reply_by=reply_by(interview, now))]


# --- rules: clocks ---------------------------------------------------------------------------------------------------


def reply_by(interview: "Interview", now: datetime) -> datetime:
    """Give seven days from the first offer that arrived, 48 h at least from a later one; or the end of the exchange.

    Where the booked time was given up, the candidate has the 48 h too: nobody pays for our slow search. What is held
    for them must be answered while it is held. Sent once more, a letter takes no time away.
    """
    state, policy = interview.scheduling, interview.policy
    if state.offer is not None and state.offer.hold_until is not None:
        return state.offer.hold_until
    if state.exchange is not None and not state.exchange.vacated:
        return state.exchange.deadline
    promised_by = state.first_reply_by or day_end(now, policy.answer_days, interview.people.clock(CANDIDATE))
    if state.exchange is not None:
        promised_by = state.exchange.deadline
    return max(promised_by, now + policy.answer_at_least, state.reply_by or now)


def deadlines(interview: "Interview") -> list[tuple[datetime, list[SchedulingEvent]]]:
    """What happens by itself, and when."""
    state = interview.scheduling
    if state.requested is not None:
        return []  # a choice made in time is settled first
    if state.held is not None:
        return [(state.held.until, seats.unanswered(interview, state.held))]
    offer = state.offer
    if offer is None or interview.effects.unreachable(CANDIDATE):
        return []  # we are the silent side, or the candidate's clock stands still
    due: list[tuple[datetime, list[SchedulingEvent]]] = []
    if offer.hold_until is not None:
        return [(offer.hold_until, _lapsed(interview, offer))]
    if state.booking is None and state.reply_by is not None and _in_their_hands(interview):
        due.append((state.reply_by, [InterviewExpired() if state.exchange is None else changes.nothing_found(state)]))
    if offer.slots:
        last = max(one.start for one in offer.slots) - SHORTEST_NOTICE_OF_A_PERSON
        due.append((last, _lapsed(interview, offer)))
    return due


def _in_their_hands(interview: "Interview") -> bool:
    """Whether nothing of it is still, or again, on its way to them."""
    offer = interview.scheduling.offer
    kind = "offer" if offer is not None and offer.slots else "availability_request"
    sent = [one for one in interview.effects.of(kind, CANDIDATE) if offer is not None and one.version == str(offer.n)]
    return bool(sent) and sent[-1].was in ("sent", "unsure") and not sent[-1].outdated


def offered_in_vain(interview: "Interview") -> list[SchedulingEvent]:
    """The open offer went to a dead address: make a fresh one, at no cost to the candidate."""
    offer = interview.scheduling.offer
    if offer is None or interview.scheduling.requested is not None or not interview.effects.unreachable(CANDIDATE):
        return []
    lapsed = OfferLapsed(offer=offer.n, missed=False)
    if not offer.slots:
        return [lapsed, AvailabilityRequested(offer=interview.scheduling.offers + 1)]
    return [lapsed, SearchRequested()]


# --- rules: what follows ---------------------------------------------------------------------------------------------


def follows(interview: "Interview", at: datetime) -> list[SchedulingEvent]:
    """Keep the wall time that was promised: where new zone rules move it, claim its new instant, and offer anew.

    A zone's new rules are nobody's doing: no account is charged (reference: calendars and mail, 6.1). An offer is
    judged by rules that were looked up after it was made: while workers of two versions run side by side, a search may
    know other rules than the look-up, and offers would be withdrawn for ever.
    """
    state, booking, offer = interview.scheduling, interview.scheduling.booking, interview.scheduling.offer
    if state.requested is not None or state.paused:
        return []
    judged = offer.slots if offer is not None and offer.n <= state.older_offers else ()
    if offer is not None and any(promised(interview, one) != one.start for one in judged):
        return [OfferLapsed(offer=offer.n, missed=False), SearchRequested()]
    exchanged = state.exchange is not None or state.approval is not None  # then first it is settled whether it stands
    if booking is None or exchanged or not zone_lag(interview) or booking.slot.start <= at or not fillable(interview):
        return []
    start = promised(interview, booking.slot)
    tried = any(claim.slot.start == start and claim.slot.wall == booking.slot.wall for claim in state.claims)
    if tried or start <= at:
        return []
    moved = booking.slot.model_copy(update={"start": start})
    reason = f"the rules of the time zone {booking.slot.zone} have changed"
    return [request(interview, moved, "book", reason=reason, counts=False)]


def promised(interview: "Interview", one: Slot) -> datetime:
    """Give the instant of the wall time that was promised, by the zone rules known now."""
    clock = interview.people.zones.get(one.zone)
    if clock is None or one.wall is None or local(one.start, clock) == one.wall:
        return one.start
    return instant(one.wall, clock)


def zone_lag(interview: "Interview") -> bool:
    """Whether the promised wall time is another instant now than the one that is booked."""
    booking = interview.scheduling.booking
    return booking is not None and promised(interview, booking.slot) != booking.slot.start
