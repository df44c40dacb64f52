"""From a valid request to a booked time: offers, claims, booking, moving it, giving it up."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import day_end
from entrevue.orders import GaveUp, SlotsFound, TimeClaimed, TimeReleased, TimeTaken
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Line, Message, Refused, Side, Slot, side_of

if TYPE_CHECKING:
    from entrevue.interview import Interview

_FURTHEST = timedelta(days=200)
"""How far ahead a time can be booked: what follows it must still lie where the clocks reach (`agenda.CLOCKS_REACH`)."""

_SHORTEST_NOTICE_OF_A_PERSON = timedelta(minutes=15)
"""A coordinator may book at shorter notice than slots are offered at, but not in the past."""

# --- commands --------------------------------------------------------------------------------------------------------


class OfferSlots(Intake):
    """Offer these slots to the candidate; without slots, search for some again."""

    kind: Literal["offer_slots"] = "offer_slots"
    by: Actor
    slots: Annotated[tuple[Instant, ...], Field(max_length=20, description="starts; empty: search again")] = ()


class ChooseSlot(Intake):
    """Pick one of the offered slots. Waits until the time is claimed, or refuses with `slot_unavailable`."""

    kind: Literal["choose_slot"] = "choose_slot"
    by: Actor
    start: Instant
    expected_revision: int | None = None


class DeclineOffer(Intake):
    """None of these times; the process goes on with fresh ones."""

    kind: Literal["decline_offer"] = "decline_offer"
    by: Actor
    reason: Line | None = None


class BookSlot(Intake):
    """Book a time that was agreed elsewhere. Waits until it is claimed."""

    kind: Literal["book_slot"] = "book_slot"
    by: Actor
    start: Instant
    expected_revision: int | None = None


class Reschedule(Intake):
    """Move a booked interview to this time. Waits until it is claimed; the old time is kept until then."""

    kind: Literal["reschedule"] = "reschedule"
    by: Actor
    start: Instant
    reason: Line | None = None
    expected_revision: int | None = None


class RequestReschedule(Intake):
    """Ask for another time. `swap` keeps the booked time until a new one is found, `vacate` gives it up now."""

    kind: Literal["request_reschedule"] = "request_reschedule"
    by: Actor
    mode: Literal["swap", "vacate"] = "swap"
    reason: Line | None = None
    expected_revision: int | None = None


class Cancel(Intake):
    """End the interview before its session. Late, a reason is due to the other side."""

    kind: Literal["cancel"] = "cancel"
    by: Actor
    reason: Line | None = None


class Withdraw(Intake):
    """The candidate leaves the process. After the session the evaluation goes on without hiring."""

    kind: Literal["withdraw"] = "withdraw"
    by: Actor
    reason: Line | None = None


SchedulingCommand = (
    OfferSlots | ChooseSlot | DeclineOffer | BookSlot | Reschedule | RequestReschedule | Cancel | Withdraw
)

# --- events ----------------------------------------------------------------------------------------------------------


class SearchRequested(Message):
    kind: Literal["search_requested"] = "search_requested"
    fresh_start: bool = False
    """A person asked for it: the rounds of negotiation begin anew."""


class NoSlotFound(Message):
    kind: Literal["no_slot_found"] = "no_slot_found"
    why: str


class SlotsOffered(Message):
    kind: Literal["slots_offered"] = "slots_offered"
    offer: int
    slots: tuple[Slot, ...]


class OfferDelivered(Message):
    """The candidate's clock starts, or, with a later offer, leaves them time enough."""

    kind: Literal["offer_delivered"] = "offer_delivered"
    offer: int
    reply_by: Instant


class OfferDeclined(Message):
    kind: Literal["offer_declined"] = "offer_declined"
    offer: int
    reason: str | None = None


class OfferLapsed(Message):
    """Nobody can choose from this offer any more: its slots are past (`missed`), or it never reached the candidate."""

    kind: Literal["offer_lapsed"] = "offer_lapsed"
    offer: int
    missed: bool = True


class TimeRequested(Message):
    """A claim may exist from now on; remembered before the ledger is asked."""

    kind: Literal["time_requested"] = "time_requested"
    claim: int
    slot: Slot
    reason: str | None = None


class SlotLost(Message):
    """Somebody else has the time; or, with `unsure`, the ledger gave no answer and a release is owed."""

    kind: Literal["slot_lost"] = "slot_lost"
    claim: int
    unsure: bool = False


class InterviewScheduled(Message):
    """The slot is claimed. `moved_from` is there when the interview was rescheduled."""

    kind: Literal["interview_scheduled"] = "interview_scheduled"
    claim: int
    slot: Slot
    revision: int
    sequence: int
    moved_from: Slot | None = None
    reason: str | None = None


class TimeGivenBack(Message):
    kind: Literal["time_given_back"] = "time_given_back"
    claim: int


class RescheduleRequested(Message):
    """With `vacated`, the booked time is given up: `revision` and `sequence` rise, the event is cancelled."""

    kind: Literal["reschedule_requested"] = "reschedule_requested"
    vacated: bool
    deadline: Instant
    revision: int
    sequence: int
    cause: Literal["request", "no_show", "aborted"] = "request"
    side: Side
    """Whose account it goes on; see `counts`."""
    counts: bool = True
    reason: str | None = None


class ExchangeLapsed(Message):
    """No new time was found; the booked one stands."""

    kind: Literal["exchange_lapsed"] = "exchange_lapsed"


class InterviewCancelled(Message):
    kind: Literal["interview_cancelled"] = "interview_cancelled"
    side: Side | None
    """None: by the clock, nobody's doing."""
    late: bool
    revision: int
    sequence: int | None
    """None after the session: what has taken place stays in the calendars."""
    reason: str | None = None


class CandidateWithdrew(Message):
    """`ends` is false after the session: the evaluation goes on."""

    kind: Literal["candidate_withdrew"] = "candidate_withdrew"
    ends: bool
    revision: int
    sequence: int
    reason: str | None = None


class InterviewExpired(Message):
    kind: Literal["interview_expired"] = "interview_expired"


SchedulingEvent = (
    SearchRequested
    | NoSlotFound
    | SlotsOffered
    | OfferDelivered
    | OfferDeclined
    | OfferLapsed
    | TimeRequested
    | SlotLost
    | InterviewScheduled
    | TimeGivenBack
    | RescheduleRequested
    | ExchangeLapsed
    | InterviewCancelled
    | CandidateWithdrew
    | InterviewExpired
)

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Offered:
    n: int
    slots: tuple[Slot, ...]
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Time that the ledger may hold for us. `requested` stands from before we ask; `leaving` owes a release."""

    n: int
    slot: Slot
    by: str
    was: Literal["requested", "held", "leaving", "gone"] = "requested"
    lost: bool = False
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    slot: Slot
    claim: int
    at: datetime
    by: str
    revision: int


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What calendars and mailboxes should show: one version of the event, or that it is off."""

    sequence: int
    slot: Slot
    at: datetime
    by: str
    cancelled: bool = False
    moved_from: Slot | None = None
    reason: str | None = None
    apology: bool = False
    continues: bool = False


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Another time is looked for. The deadline ends the search, not necessarily the interview."""

    by: str
    deadline: datetime
    vacated: bool


@dataclass(frozen=True, kw_only=True)
class Scheduling:
    searches: int = 1
    searched: int = 0
    no_slot: str | None = None
    rounds: int = 0
    avoid: tuple[datetime, ...] = ()
    offers: int = 0
    offer: Offered | None = None
    first_reply_by: datetime | None = None
    reply_by: datetime | None = None
    claims: tuple[Claim, ...] = ()
    booking: Booking | None = None
    exchange: Exchange | None = None
    shown: Shown | None = None
    revision: int = 0
    reschedules: dict[str, int] = field(default_factory=dict)
    withdrawn: bool = False

    @property
    def next_sequence(self) -> int:
        return self.shown.sequence + 1 if self.shown else 0

    @property
    def requested(self) -> Claim | None:
        """The claim whose answer is awaited."""
        return next((claim for claim in self.claims if claim.was == "requested"), None)

    def claim(self, n: int) -> Claim:
        return next(claim for claim in self.claims if claim.n == n)


# --- rules: commands -------------------------------------------------------------------------------------------------


def decide(command: SchedulingCommand, interview: "Interview", now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    match command:
        case OfferSlots(slots=starts):
            return _offer(interview, starts, now)
        case ChooseSlot(start=start):
            return _choose(interview, command, start, now)
        case DeclineOffer(reason=reason):
            if state.offer is None:
                raise Refused(Code.INVALID_STATE, "there is no open offer to decline; wait for the next one")
            _nothing_being_booked(state)
            return [OfferDeclined(offer=state.offer.n, reason=reason), *_another_round(interview)]
        case BookSlot(start=start):
            _expect(interview, command.expected_revision)
            return _request(interview, start, now)
        case Reschedule(start=start):
            _expect(interview, command.expected_revision)
            _may_move(interview, command.by, now)
            if state.booking is not None and state.booking.slot.start == start:
                return []
            return _request(interview, start, now, reason=command.reason)
        case RequestReschedule():
            return _request_reschedule(interview, command, now)
        case Cancel(by=by, reason=reason):
            return _cancel(interview, by, reason, now)
        case Withdraw(reason=reason):
            withdrew = CandidateWithdrew(
                ends=interview.session.ended_at is None,
                revision=state.revision + 1,
                sequence=state.next_sequence,
                reason=reason,
            )
            return [] if state.withdrawn else [withdrew]
        case _:
            assert_never(command)


def _offer(interview: "Interview", starts: tuple[datetime, ...], now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    _nothing_being_booked(state)
    if not starts:
        return [SearchRequested(fresh_start=True)]
    _in_the_future(min(starts), now, "slots")
    _in_the_future(max(starts), now, "slots")
    slots = tuple(_slot(interview, start) for start in sorted(set(starts)))
    return [SlotsOffered(offer=state.offers + 1, slots=slots)]


def _choose(interview: "Interview", command: ChooseSlot, start: datetime, now: datetime) -> list[SchedulingEvent]:
    state = interview.scheduling
    if state.booking is not None and state.exchange is None and state.booking.slot.start == start:
        return []
    _expect(interview, command.expected_revision)
    if state.requested is not None and state.requested.slot.start == start:
        return []  # the same choice again: the handler waits for the claim that is on its way
    if state.offer is None:
        raise Refused(Code.INVALID_STATE, "there is no open offer to choose from; wait for the next one")
    if all(slot.start != start for slot in state.offer.slots):
        open_now = ", ".join(f"{slot.start:%Y-%m-%dT%H:%MZ}" for slot in state.offer.slots)
        raise Refused(Code.SLOT_UNAVAILABLE, f"start: that time is not on offer; choose one of {open_now}")
    if start < now + _SHORTEST_NOTICE_OF_A_PERSON:
        raise Refused(Code.SLOT_UNAVAILABLE, "start: that time is too near by now; choose another one")
    return _request(interview, start, now)


def _request(
    interview: "Interview", start: datetime, now: datetime, reason: str | None = None
) -> list[SchedulingEvent]:
    state = interview.scheduling
    _nothing_being_booked(state)
    if not interview.people.known:
        raise Refused(Code.INVALID_STATE, "the directory has not answered for everyone yet; try again shortly")
    _in_the_future(start, now, "start")
    return [TimeRequested(claim=len(state.claims) + 1, slot=_slot(interview, start), reason=reason)]


def _request_reschedule(interview: "Interview", command: RequestReschedule, now: datetime) -> list[SchedulingEvent]:
    state, policy = interview.scheduling, interview.policy
    _expect(interview, command.expected_revision)
    _may_move(interview, command.by, now)
    if state.booking is None:
        raise Refused(Code.INVALID_STATE, "there is no booked time to exchange")
    vacate = command.mode == "vacate"
    deadline = now + policy.reschedule_within
    if not vacate:
        deadline = min(deadline, state.booking.slot.start - policy.self_service_cutoff)
    if deadline <= now:
        raise Refused(
            Code.WINDOW_CLOSED,
            "mode: too near to keep the booked time while another is looked for; "
            "`vacate` it, or `reschedule` to a time that was agreed",
        )
    requested = RescheduleRequested(
        vacated=vacate,
        deadline=deadline,
        revision=state.revision + vacate,
        sequence=state.next_sequence,
        side=side_of(command.by),
        reason=command.reason,
    )
    return [requested, SearchRequested(fresh_start=True)]


def _cancel(interview: "Interview", by: str, reason: str | None, now: datetime) -> list[SchedulingEvent]:
    cancelled = cancelled_by(interview, by, reason, now)
    if cancelled.late and reason is None:
        raise Refused(Code.INVALID_COMMAND, "reason: is due to the other side when an interview is cancelled late")
    return [cancelled]


def cancelled_by(interview: "Interview", by: str, reason: str | None, now: datetime) -> InterviewCancelled:
    state, held = interview.scheduling, interview.session.ended_at is not None
    booking = state.booking
    return InterviewCancelled(
        side=side_of(by),
        late=not held and booking is not None and booking.slot.start - now < interview.policy.late,
        revision=state.revision + 1,
        sequence=None if held else state.next_sequence,
        reason=reason,
    )


def _another_round(interview: "Interview") -> list[SchedulingEvent]:
    """Search again while rounds are left; afterwards a person must help (attention NEGOTIATION_STUCK)."""
    return [SearchRequested()] if interview.scheduling.rounds + 1 < interview.policy.rounds else []


def _slot(interview: "Interview", start: datetime) -> Slot:
    zone = interview.people.clock(CANDIDATE).zone
    return Slot(start=start, minutes=interview.policy.duration, zone=zone)


def _expect(interview: "Interview", revision: int | None) -> None:
    current = interview.scheduling.revision
    if revision is not None and revision != current:
        raise Refused(
            Code.STALE_REVISION, f"expected_revision: the interview is at revision {current} now; read it again"
        )


def _in_the_future(start: datetime, now: datetime, field_name: str) -> None:
    if start < now + _SHORTEST_NOTICE_OF_A_PERSON:
        raise Refused(Code.INVALID_COMMAND, f"{field_name}: must lie at least 15 minutes ahead")
    if start > now + _FURTHEST:
        raise Refused(Code.INVALID_COMMAND, f"{field_name}: must lie within {_FURTHEST.days} days")


def _nothing_being_booked(state: Scheduling) -> None:
    if state.requested is not None:
        start = state.requested.slot.start
        raise Refused(Code.INVALID_STATE, f"{start:%Y-%m-%dT%H:%MZ} is being booked at this moment; wait for it")


def _may_move(interview: "Interview", by: str, now: datetime) -> None:
    """Keep the cutoff and the limits of each side; the coordinator is the way out, and is not bound by them."""
    policy, state = interview.policy, interview.scheduling
    if by in ("coordinator", "backend") or state.exchange is not None:
        return  # an exchange was counted when it was asked for
    if state.booking is not None and state.booking.slot.start - now < policy.self_service_cutoff:
        raise Refused(Code.WINDOW_CLOSED, "the interview is too near to be moved by yourself; ask the coordinator")
    if state.reschedules.get(side_of(by), 0) >= policy.reschedules:
        raise Refused(
            Code.MAX_ROUNDS_REACHED, f"moved {policy.reschedules} times by your side already; ask the coordinator"
        )


# --- rules: answers and clocks ---------------------------------------------------------------------------------------


def answered(
    answer: SlotsFound | TimeClaimed | TimeTaken | TimeReleased | GaveUp, interview: "Interview"
) -> list[SchedulingEvent]:
    """Judge what the world answered to a search, a claim or a release."""
    state = interview.scheduling
    match answer:
        case SlotsFound(slots=slots, why=why):
            if answer.key != search_key(interview) or state.searched == state.searches:
                return []  # of a search that is no longer wanted
            if not slots:
                return [NoSlotFound(why=why or "nobody's calendar has a common gap")]
            return [SlotsOffered(offer=state.offers + 1, slots=slots)]
        case TimeClaimed(key=key):
            claim = _claim_of(interview, key, claim_key)
            if claim is None or claim.was != "requested":
                return []
            if interview.session.started_at is not None or interview.session.no_show is not None:
                return [SlotLost(claim=claim.n, unsure=True)]  # the booked time has come: it is not moved any more
            return _booked(interview, claim)
        case TimeTaken(key=key):
            claim = _claim_of(interview, key, claim_key)
            return _lost(interview, claim) if claim is not None and claim.was == "requested" else []
        case TimeReleased(key=key):
            claim = _claim_of(interview, key, release_key)
            return [TimeGivenBack(claim=claim.n)] if claim is not None and claim.was == "leaving" else []
        case GaveUp(key=key):
            claim = _claim_of(interview, key, claim_key)
            if claim is not None and claim.was == "requested":
                return _lost(interview, claim, unsure=True)
            return []
        case _:
            assert_never(answer)


def _booked(interview: "Interview", claim: Claim) -> list[SchedulingEvent]:
    state = interview.scheduling
    before = state.booking
    return [
        InterviewScheduled(
            claim=claim.n,
            slot=claim.slot,
            revision=state.revision + 1,
            sequence=state.next_sequence,
            moved_from=before.slot if before else None,
            reason=claim.reason,
        )
    ]


def _lost(interview: "Interview", claim: Claim, *, unsure: bool = False) -> list[SchedulingEvent]:
    """A slot that was on offer is replaced by fresh ones; this costs the candidate no round (invariant 9)."""
    state = interview.scheduling
    lost = SlotLost(claim=claim.n, unsure=unsure)
    on_offer = state.offer is not None and any(slot.start == claim.slot.start for slot in state.offer.slots)
    return [lost, SearchRequested()] if on_offer else [lost]


def claim_key(interview: "Interview", n: int) -> str:
    return f"{interview.id}/claim/all/{n}.1"


def release_key(interview: "Interview", n: int) -> str:
    return f"{interview.id}/release/all/{n}.1"


def search_key(interview: "Interview") -> str:
    return f"{interview.id}/search/all/{interview.scheduling.searches}.1"


def _claim_of(interview: "Interview", key: str, name: Callable[["Interview", int], str]) -> Claim | None:
    return next((claim for claim in interview.scheduling.claims if name(interview, claim.n) == key), None)


def delivered(interview: "Interview", offer: int, now: datetime) -> list[SchedulingEvent]:
    """Start the candidate's clock once the offer is in their hands."""
    state = interview.scheduling
    if state.offer is None or state.offer.n != offer:
        return []
    return [OfferDelivered(offer=offer, reply_by=reply_by(interview, now))]


def reply_by(interview: "Interview", now: datetime) -> datetime:
    """Give seven days from the first offer that arrived, 48 h at least from a later one; or the end of the exchange.

    Where the booked time was given up, the candidate has the 48 h too: nobody pays for our slow search.
    """
    state, policy = interview.scheduling, interview.policy
    if state.exchange is not None and not state.exchange.vacated:
        return state.exchange.deadline
    if state.exchange is not None:
        return max(state.exchange.deadline, now + policy.answer_at_least)
    first = state.first_reply_by or day_end(now, policy.answer_days, interview.people.clock(CANDIDATE))
    return max(first, now + policy.answer_at_least)


def deadlines(interview: "Interview") -> list[tuple[datetime, list[SchedulingEvent]]]:
    """What happens by itself, and when."""
    state, exchange = interview.scheduling, interview.scheduling.exchange
    if state.requested is not None:
        return []  # a choice made in time is settled first
    due: list[tuple[datetime, list[SchedulingEvent]]] = []
    if exchange is not None and not exchange.vacated:
        due.append((exchange.deadline, [ExchangeLapsed()]))
    if state.offer is None or interview.effects.unreachable(CANDIDATE):
        return due  # we are the silent side, or the candidate's clock stands still
    if state.booking is None and state.reply_by is not None:
        due.append((state.reply_by, [InterviewExpired() if exchange is None else _nothing_found(state)]))
    last = max(slot.start for slot in state.offer.slots) - _SHORTEST_NOTICE_OF_A_PERSON
    due.append((last, [OfferLapsed(offer=state.offer.n), *_another_round(interview)]))
    return due


def _nothing_found(state: Scheduling) -> InterviewCancelled:
    return InterviewCancelled(
        side=None,
        late=False,
        revision=state.revision + 1,
        sequence=state.next_sequence,
        reason="no new time was found",
    )


def offered_in_vain(interview: "Interview") -> list[OfferLapsed | SearchRequested]:
    """The open offer went to a dead address: make a fresh one, at no cost to the candidate."""
    state = interview.scheduling
    if state.offer is None or state.requested is not None or not interview.effects.unreachable(CANDIDATE):
        return []
    return [OfferLapsed(offer=state.offer.n, missed=False), SearchRequested()]


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Scheduling, event: SchedulingEvent, at: datetime, by: str) -> Scheduling:
    match event:
        case SearchRequested(fresh_start=fresh):
            return replace(state, searches=state.searches + 1, rounds=0 if fresh else state.rounds, no_slot=None)
        case NoSlotFound(why=why):
            return replace(state, searched=state.searches, no_slot=why)
        case SlotsOffered(offer=n, slots=slots):
            offered = Offered(n=n, slots=slots, at=at)
            return replace(state, offers=n, offer=offered, searched=state.searches, no_slot=None, reply_by=None)
        case OfferDelivered(reply_by=reply_by):
            return replace(state, reply_by=reply_by, first_reply_by=state.first_reply_by or reply_by)
        case OfferDeclined():
            return _without_offer(state, rounds=state.rounds + 1)
        case OfferLapsed(missed=missed):
            avoid = state.avoid  # nobody said no to its slots
            return replace(_without_offer(state, rounds=state.rounds + missed), avoid=avoid)
        case TimeRequested(claim=n, slot=slot, reason=reason):
            return replace(state, claims=(*state.claims, Claim(n=n, slot=slot, by=by, reason=reason)))
        case SlotLost(claim=n, unsure=unsure):
            return _slot_lost(_set_claim(state, n, was="leaving" if unsure else "gone", lost=True), n)
        case InterviewScheduled():
            return _scheduled(state, event, at)
        case TimeGivenBack(claim=n):
            return _set_claim(state, n, was="gone")
        case RescheduleRequested():
            return _exchanging(state, event, at, by)
        case ExchangeLapsed():
            return _without_offer(replace(state, exchange=None))
        case InterviewCancelled(side=side, late=late, reason=reason):
            apology = late and side is Side.COMPANY
            return _ended(state, event.revision, event.sequence, at, by, reason=reason, apology=apology)
        case CandidateWithdrew(ends=ends, reason=reason):
            state = replace(state, withdrawn=True)
            return _ended(state, event.revision, event.sequence, at, by, reason=reason) if ends else state
        case InterviewExpired():
            return _without_offer(_leave_all(state))
        case _:
            assert_never(event)


def finished(state: Scheduling) -> Scheduling:
    """The interview is over: time that was used stays in the ledger as load, everything else is given back."""
    return _without_offer(_leave_all(state, spent=state.booking.claim if state.booking else None))


def _without_offer(state: Scheduling, *, rounds: int | None = None) -> Scheduling:
    """Close the open offer; its starts are not offered again."""
    starts = tuple(slot.start for slot in state.offer.slots) if state.offer else ()
    return replace(
        state,
        offer=None,
        reply_by=None,
        rounds=state.rounds if rounds is None else rounds,
        avoid=tuple(sorted({*state.avoid, *starts})),
        searched=state.searches,
    )


def _slot_lost(state: Scheduling, n: int) -> Scheduling:
    lost = state.claim(n).slot.start
    offer = state.offer
    state = replace(state, avoid=tuple(sorted({*state.avoid, lost})))
    if offer is None:
        return state
    left = tuple(slot for slot in offer.slots if slot.start != lost)
    if not left:
        return replace(state, offer=None, reply_by=None)
    return replace(state, offer=replace(offer, slots=left))


def _scheduled(state: Scheduling, event: InterviewScheduled, at: datetime) -> Scheduling:
    claim = state.claim(event.claim)
    before = state.booking
    reschedules = state.reschedules
    if before is not None:
        state = _set_claim(state, before.claim, was="leaving")
        if state.exchange is None:
            side = side_of(claim.by)
            reschedules = {**reschedules, side: reschedules.get(side, 0) + 1}
    state = _set_claim(state, event.claim, was="held")
    return replace(
        state,
        booking=Booking(slot=event.slot, claim=event.claim, at=at, by=claim.by, revision=event.revision),
        shown=Shown(
            sequence=event.sequence,
            slot=event.slot,
            at=at,
            by=claim.by,
            moved_from=event.moved_from,
            reason=event.reason,
        ),
        revision=event.revision,
        reschedules=reschedules,
        exchange=None,
        offer=None,
        reply_by=None,
        searched=state.searches,
        avoid=(),
    )


def _exchanging(state: Scheduling, event: RescheduleRequested, at: datetime, by: str) -> Scheduling:
    side = event.side
    counted = state.reschedules.get(side, 0) + event.counts
    state = replace(
        state,
        exchange=Exchange(by=by, deadline=event.deadline, vacated=event.vacated),
        reschedules={**state.reschedules, side: counted},
        revision=event.revision,
    )
    if not event.vacated:
        return state
    if event.cause != "request":  # the booked time is over; the next booking moves the event
        return replace(_leave_all(state), booking=None)
    return _off(state, event.sequence, at, by, reason=event.reason, apology=False, continues=True)


def _ended(
    state: Scheduling,
    revision: int,
    sequence: int | None,
    at: datetime,
    by: str,
    *,
    reason: str | None,
    apology: bool = False,
) -> Scheduling:
    state = replace(state, revision=revision)
    if sequence is None:  # the time was used
        state = replace(_leave_all(state, spent=state.booking.claim if state.booking else None), booking=None)
    elif state.booking is None:  # what is shown was called off before, or is past
        state = _leave_all(state)
    else:
        state = _off(state, sequence, at, by, reason=reason, apology=apology)
    return replace(_without_offer(state), exchange=None)


def _off(
    state: Scheduling,
    sequence: int,
    at: datetime,
    by: str,
    *,
    reason: str | None,
    apology: bool,
    continues: bool = False,
) -> Scheduling:
    """Give up the booked time, and show that it is off where it was shown."""
    shown = state.shown
    if shown is not None and not shown.cancelled:
        shown = Shown(
            sequence=sequence,
            slot=shown.slot,
            at=at,
            by=by,
            cancelled=True,
            reason=reason,
            apology=apology,
            continues=continues,
        )
    return replace(_leave_all(state), booking=None, shown=shown)


def _leave_all(state: Scheduling, spent: int | None = None) -> Scheduling:
    """Owe the release of whatever the ledger may hold; the claim `spent` was used, and is past."""

    def left(claim: Claim) -> Claim:
        if claim.n == spent:
            return replace(claim, was="gone")
        if claim.was in ("requested", "held"):
            return replace(claim, was="leaving", lost=claim.lost or claim.was == "requested")
        return claim

    return replace(state, claims=tuple(left(claim) for claim in state.claims))


def _set_claim(state: Scheduling, n: int, *, was: Literal["held", "leaving", "gone"], lost: bool = False) -> Scheduling:
    claims = tuple(
        replace(claim, was=was, lost=claim.lost or lost) if claim.n == n else claim for claim in state.claims
    )
    return replace(state, claims=claims)
