"""What scheduling knows: offers, claims, the booked time and how it is shown; its events, and how they fold.

The rules stand beside it, a file a subject: `negotiation` (from a request to a time), `claims` (what the ledger
answers), `changes` (moving, pausing, giving up) and `seats` (who sits on the panel).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal, assert_never

from entrevue.orders import Window
from entrevue.people import Panel, SeatChange
from entrevue.values import CANDIDATE, Instant, Message, PersonId, Side, Slot, side_of

Aim = Literal["book", "ask", "offer", "seats"]
"""What a claim is for: to be booked; to be held until the interviewers, or the candidate, have answered; to book the
time that is booked for another panel."""

Cause = Literal["request", "no_show", "aborted", "declined", "overlap", "on_hold", "rsvp"]
"""Why another time is looked for; `declined`: the panel has become too small; `rsvp`: the candidate's calendar said no,
and they did not say more."""

_TRIED_IN_TROUBLE = 3
"""So often a time may be lost because nobody answered us, before the candidate's availability counts without it."""

# --- events ----------------------------------------------------------------------------------------------------------


class SearchRequested(Message):
    kind: Literal["search_requested"] = "search_requested"
    fresh_start: bool = False
    """A person asked for it: the rounds of negotiation begin anew."""


class NoSlotFound(Message):
    kind: Literal["no_slot_found"] = "no_slot_found"
    why: str


class SlotsOffered(Message):
    """`claim` is there where the one slot is held for the candidate meanwhile."""

    kind: Literal["slots_offered"] = "slots_offered"
    offer: int
    slots: tuple[Slot, ...]
    claim: int | None = None
    hold_until: Instant | None = None
    panel: Panel = Panel()


class AvailabilityRequested(Message):
    """Instead of an offer: the candidate shall say when they are free."""

    kind: Literal["availability_requested"] = "availability_requested"
    offer: int


class AvailabilitySubmitted(Message):
    kind: Literal["availability_submitted"] = "availability_submitted"
    windows: tuple[Window, ...]


class OptionsFound(Message):
    """Times within the candidate's availability, best first: they are claimed one after the other."""

    kind: Literal["options_found"] = "options_found"
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


class OtherTimeProposed(Message):
    """One side would rather meet at another time; it is held until the other side has answered."""

    kind: Literal["other_time_proposed"] = "other_time_proposed"
    side: Side
    start: Instant
    revision: int
    reason: str | None = None


class TimeRequested(Message):
    """A claim may exist from now on; remembered before the ledger is asked."""

    kind: Literal["time_requested"] = "time_requested"
    claim: int
    slot: Slot
    reason: str | None = None
    aim: Aim = "book"
    hold_until: Instant | None = None
    changes: tuple[SeatChange, ...] = ()
    excluded: tuple[PersonId, ...] = ()
    """Not for this time, besides those who are excluded for good."""
    overload: bool = False
    counts: bool = True
    """Where it moves a booked time: whether that goes on the account of whoever asked for it."""
    unasked: bool = False
    """The engine changes the panel by itself."""
    proposed: bool = False
    """One side would rather meet then: a round of the negotiation, once it is held."""


class TimeHeld(Message):
    """The slot is held; the interviewers are asked, and accept or decline by `until`."""

    kind: Literal["time_held"] = "time_held"
    claim: int
    slot: Slot
    until: Instant
    panel: Panel = Panel()


class HoldConfirmed(Message):
    """Whoever was asked has accepted: the ledger is asked to keep for good what it holds.

    With `until` it was the candidate who accepted, and the interviewers are asked next: it is held until then.
    """

    kind: Literal["hold_confirmed"] = "hold_confirmed"
    claim: int
    until: Instant | None = None


class HoldEnded(Message):
    """A held time is given up: somebody said no, nobody answered in time, or it was overtaken."""

    kind: Literal["hold_ended"] = "hold_ended"
    claim: int
    because: Literal["declined", "silence", "overtaken", "on_hold"]


class SlotLost(Message):
    """Somebody else has the time; or, with `unsure`, the ledger gave no answer and a release is owed."""

    kind: Literal["slot_lost"] = "slot_lost"
    claim: int
    unsure: bool = False
    because: str = "interview"
    """As the ledger said: `interview`, `calendar`, `load`, `nobody`."""


class InterviewScheduled(Message):
    """The slot is claimed. `moved_from` is there when the interview was rescheduled."""

    kind: Literal["interview_scheduled"] = "interview_scheduled"
    claim: int
    slot: Slot
    revision: int
    sequence: int
    moved_from: Slot | None = None
    reason: str | None = None
    panel: Panel = Panel()


class PanelChanged(Message):
    """The booked time stands, for other people."""

    kind: Literal["panel_changed"] = "panel_changed"
    claim: int
    revision: int
    sequence: int
    panel: Panel


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
    cause: Cause = "request"
    side: Side
    """Whose account it goes on; see `counts`."""
    counts: bool = True
    reason: str | None = None
    latest: Instant | None = None
    """Where the booked time is kept: the search ends by then, however long its clock stood still."""
    asked_by: str | None = None
    """None: whoever the event is by."""


class ExchangeLapsed(Message):
    """No new time was found, or none is needed any more; the booked one stands."""

    kind: Literal["exchange_lapsed"] = "exchange_lapsed"
    needless: bool = False
    unheard: bool = False
    """The candidate could not be reached: it goes on nobody's account."""


class ApprovalRequested(Message):
    """Too near or too often for a change of one's own: the coordinator decides by `until`, or it is granted."""

    kind: Literal["approval_requested"] = "approval_requested"
    approval: int
    side: Side
    until: Instant
    mode: Literal["swap", "vacate"]
    start: Instant | None = None
    reason: str | None = None


class ApprovalGranted(Message):
    kind: Literal["approval_granted"] = "approval_granted"
    approval: int


class ApprovalDenied(Message):
    kind: Literal["approval_denied"] = "approval_denied"
    approval: int
    reason: str | None = None


class InterviewPaused(Message):
    kind: Literal["interview_paused"] = "interview_paused"
    reason: str | None = None


class InterviewResumed(Message):
    """Clocks go on with the time they had left."""

    kind: Literal["interview_resumed"] = "interview_resumed"


class InterviewCancelled(Message):
    kind: Literal["interview_cancelled"] = "interview_cancelled"
    side: Side | None
    """None: by the clock, nobody's doing."""
    late: bool
    revision: int
    sequence: int | None
    """None after the session: what has taken place stays in the calendars."""
    reason: str | None = None
    form_due: Instant | None = None
    """Of a late one by the company: until then the candidate may say how it was so far."""


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
    | AvailabilityRequested
    | AvailabilitySubmitted
    | OptionsFound
    | OfferDelivered
    | OfferDeclined
    | OfferLapsed
    | OtherTimeProposed
    | TimeRequested
    | TimeHeld
    | HoldConfirmed
    | HoldEnded
    | SlotLost
    | InterviewScheduled
    | PanelChanged
    | TimeGivenBack
    | RescheduleRequested
    | ExchangeLapsed
    | ApprovalRequested
    | ApprovalGranted
    | ApprovalDenied
    | InterviewPaused
    | InterviewResumed
    | InterviewCancelled
    | CandidateWithdrew
    | InterviewExpired
)

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Offered:
    """Slots to pick from; none where the candidate is asked for their availability instead."""

    n: int
    slots: tuple[Slot, ...]
    at: datetime
    claim: int | None = None
    hold_until: datetime | None = None
    failed: bool = False
    """The candidate has chosen, or proposed, a time, and did not get it; or could not be reached: that the others pass
    costs them nothing."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Time that the ledger may hold for us. `requested` stands from before we ask; `leaving` owes a release."""

    n: int
    slot: Slot
    by: str
    was: Literal["requested", "held", "leaving", "gone"] = "requested"
    lost: bool = False
    because: str = ""
    reason: str | None = None
    aim: Aim = "book"
    hold_until: datetime | None = None
    changes: tuple[SeatChange, ...] = ()
    excluded: tuple[str, ...] = ()
    overload: bool = False
    counts: bool = True
    unasked: bool = False
    proposed: bool = False
    asks: int = 1
    """How often the ledger was asked about it: a hold is confirmed by asking again."""

    @property
    def refills(self) -> bool:
        """Whether the engine asks a pool for somebody else by itself."""
        return self.unasked and any(change.pool is not None for change in self.changes)


@dataclass(frozen=True, kw_only=True)
class Held:
    """A time that the interviewers are asked to accept; `n` stays where only the panel becomes another."""

    n: int
    claim: int
    slot: Slot
    at: datetime
    until: datetime
    proposed: bool = False
    """The candidate proposed it."""


@dataclass(frozen=True, kw_only=True)
class Booking:
    slot: Slot
    claim: int
    at: datetime
    by: str
    revision: int
    needless: int = 0
    """How often another time was looked for because somebody had declined it, who was then found after all."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What calendars and mailboxes should show: one version of the event, or that it is off.

    `since` is the version that first showed this time; in those after it, only the panel is another.
    """

    sequence: int
    since: int
    slot: Slot
    at: datetime
    by: str
    cancelled: bool = False
    moved_from: Slot | None = None
    reason: str | None = None
    apology: bool = False
    continues: bool = False

    room_is_new: bool = False
    """Against the version before, only where they meet is known, or another."""

    @property
    def people_only(self) -> bool:
        """The time is that of the version before."""
        return self.sequence > self.since and not self.cancelled


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Another time is looked for. The deadline ends the search, not necessarily the interview."""

    by: str
    deadline: datetime
    vacated: bool
    latest: datetime | None = None
    unfit: bool = False
    """The booked time, though kept, cannot be used as it is: the panel is short of somebody."""
    charged: Side | None = None
    """On whose account it went."""
    offers: int = 0
    """How many there had been before."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """A change that waits for the coordinator's word."""

    n: int
    by: str
    side: Side
    until: datetime
    mode: Literal["swap", "vacate"]
    start: datetime | None = None
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Told:
    """Somebody is to be told that the booked time stands after all."""

    n: int
    whom: str
    because: Literal["nothing_found", "not_approved", "needless"]
    at: datetime
    revision: int
    reason: str | None = None
    offers: int = 0
    """How many there had been before another time was looked for."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    n: int
    at: datetime
    by: str
    reason: str | None = None
    until: datetime | None = None
    """None: still paused."""


@dataclass(frozen=True, kw_only=True)
class Scheduling:
    searches: int = 1
    searched: int = 0
    no_slot: str | None = None
    rounds: int = 0
    avoid: tuple[datetime, ...] = ()
    windows: tuple[Window, ...] = ()
    """When the candidate has said they are free."""
    options: tuple[Slot, ...] = ()
    """Times within those windows that were not tried yet."""
    offers: int = 0
    older_offers: int = 0
    """Those up to this one were made before everybody's civil time was looked up last."""
    offer: Offered | None = None
    first_reply_by: datetime | None = None
    reply_by: datetime | None = None
    claims: tuple[Claim, ...] = ()
    holds: int = 0
    silent: int = 0
    """How many of them the interviewers have let run out since they answered last."""
    held: Held | None = None
    booking: Booking | None = None
    exchange: Exchange | None = None
    approvals: int = 0
    approval: Approval | None = None
    stood: int = 0
    stands: Told | None = None
    shown: Shown | None = None
    revision: int = 0
    reschedules: dict[str, int] = field(default_factory=dict)
    refilled: int = 0
    """Seats that the engine refilled by itself."""
    pause: Pause | None = None
    withdrawn: bool = False

    @property
    def next_sequence(self) -> int:
        return self.shown.sequence + 1 if self.shown else 0

    @property
    def requested(self) -> Claim | None:
        """The claim whose answer is awaited."""
        return next((claim for claim in self.claims if claim.was == "requested"), None)

    @property
    def paused(self) -> bool:
        return self.pause is not None and self.pause.until is None

    def claim(self, n: int) -> Claim:
        return next(claim for claim in self.claims if claim.n == n)


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Scheduling, event: SchedulingEvent, at: datetime, by: str) -> Scheduling:
    match event:
        case SearchRequested(fresh_start=fresh):
            return replace(state, searches=state.searches + 1, rounds=0 if fresh else state.rounds, no_slot=None)
        case NoSlotFound(why=why):
            return replace(state, searched=state.searches, no_slot=why, windows=())
        case SlotsOffered():
            return _offered(state, event, at)
        case AvailabilityRequested(offer=n):
            asked = Offered(n=n, slots=(), at=at)
            return replace(_without_offer(state), offers=n, offer=asked, windows=(), no_slot=None)
        case AvailabilitySubmitted(windows=windows):
            return replace(_without_offer(state), windows=windows, options=())
        case OptionsFound(slots=slots):
            return replace(state, options=slots, searched=state.searches, no_slot=None)
        case OfferDelivered(reply_by=reply_by):
            return replace(state, reply_by=reply_by, first_reply_by=state.first_reply_by or reply_by)
        case OfferDeclined():
            return _without_offer(state, rounds=state.rounds + 1)
        case OfferLapsed(missed=missed):
            avoid = state.avoid  # nobody said no to its slots
            return replace(_without_offer(state, rounds=state.rounds + missed), avoid=avoid)
        case OtherTimeProposed(revision=revision):
            return replace(state, revision=revision)
        case TimeRequested():
            return _requested(state, event, by)
        case TimeHeld(claim=n, slot=slot, until=until):
            return _held(state, n, slot, at, until)
        case HoldConfirmed(claim=n, until=until):
            aim: Aim = "book" if until is None else "ask"
            return _set_claim(state, n, was="requested", aim=aim, hold_until=until, asks=state.claim(n).asks + 1)
        case HoldEnded(claim=n, because=because):
            silent = state.silent + 1 if because == "silence" else 0
            return _hold_ended(replace(state, silent=silent), n, at, unwanted=because in ("declined", "silence"))
        case SlotLost(claim=n, unsure=unsure, because=because):
            lost = _set_claim(state, n, was="leaving" if unsure else "gone", lost=True, because=because)
            return _slot_lost(lost, n, at)
        case InterviewScheduled():
            return _scheduled(state, event, at)
        case PanelChanged():
            return _panel_changed(state, event, at)
        case TimeGivenBack(claim=n):
            return _set_claim(state, n, was="gone")
        case RescheduleRequested():
            return _exchanging(state, event, at, by)
        case ExchangeLapsed(needless=needless, unheard=unheard):
            return _exchange_lapsed(state, at, needless=needless, unheard=unheard)
        case ApprovalRequested():
            asked_for = Approval(
                n=event.approval,
                by=by,
                side=event.side,
                until=event.until,
                mode=event.mode,
                start=event.start,
                reason=event.reason,
            )
            return replace(state, approvals=event.approval, approval=asked_for)
        case ApprovalGranted():
            return replace(state, approval=None)
        case ApprovalDenied(reason=reason):
            asked_by = state.approval.by if state.approval else by
            return replace(_stands(state, asked_by, "not_approved", at, reason), approval=None)
        case InterviewPaused(reason=reason):
            n = state.pause.n + 1 if state.pause else 1
            return replace(state, pause=Pause(n=n, at=at, by=by, reason=reason))
        case InterviewResumed():
            return _resumed(state, at)
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


def room_given(state: Scheduling, sequence: int | None, at: datetime) -> Scheduling:
    """Who was told the time already is shown where they meet, by another version of it."""
    if state.shown is None or sequence is None:
        return state
    return replace(state, shown=replace(state.shown, sequence=sequence, at=at, by="engine", room_is_new=True))


def finished(state: Scheduling) -> Scheduling:
    """The interview is over: time that was used stays in the ledger as load, everything else is given back."""
    return _without_offer(_leave_all(state, spent=state.booking.claim if state.booking else None))


def _offered(state: Scheduling, event: SlotsOffered, at: datetime) -> Scheduling:
    if state.offer is not None and state.offer.claim is not None:
        state = _without_offer(state)
    state = _without_held(state, at)
    offer = Offered(n=event.offer, slots=event.slots, at=at, claim=event.claim, hold_until=event.hold_until)
    proposed = False
    if event.claim is not None:
        state = _set_claim(state, event.claim, was="held")
        proposed = state.claim(event.claim).proposed
    return replace(
        state,
        rounds=state.rounds + proposed,
        offers=event.offer,
        offer=offer,
        searched=state.searches,
        no_slot=None,
        reply_by=None,
        windows=(),
        options=(),
    )


def _without_offer(state: Scheduling, *, rounds: int | None = None) -> Scheduling:
    """Close the open offer; its starts are not offered again, and a hold on it is given up."""
    offer, state = state.offer, _without_hold(state)
    starts = tuple(slot.start for slot in offer.slots) if offer else ()
    return replace(
        state,
        offer=None,
        reply_by=None,
        rounds=state.rounds if rounds is None else rounds,
        avoid=tuple(sorted({*state.avoid, *starts})),
        searched=state.searches,
    )


def _without_hold(state: Scheduling) -> Scheduling:
    """Give up what is held for the candidate until they have answered the open offer."""
    offer = state.offer
    if offer is None or offer.claim is None or state.claim(offer.claim).was != "held":
        return state
    return _set_claim(state, offer.claim, was="leaving", lost=True)


def _requested(state: Scheduling, event: TimeRequested, by: str) -> Scheduling:
    claim = Claim(
        n=event.claim,
        slot=event.slot,
        by=by,
        reason=event.reason,
        aim=event.aim,
        hold_until=event.hold_until,
        changes=event.changes,
        excluded=event.excluded,
        overload=event.overload,
        counts=event.counts,
        unasked=event.unasked,
        proposed=event.proposed,
    )
    options = tuple(slot for slot in state.options if slot.start != event.slot.start)
    return replace(state, claims=(*state.claims, claim), options=options)


def _held(state: Scheduling, n: int, slot: Slot, at: datetime, until: datetime) -> Scheduling:
    before, claim = state.held, state.claim(n)
    if before is not None and before.slot == slot:  # for another panel: nobody is asked twice
        state = _set_claim(_set_claim(state, before.claim, was="leaving"), n, was="held")
        return replace(state, held=replace(before, claim=n, until=until), refilled=state.refilled + claim.refills)
    state = _without_held(state, at)
    if state.offer is not None and state.offer.claim is not None:  # the hold moves, or the candidate has accepted it
        state = _without_offer(state)
    state = _set_claim(state, n, was="held")
    proposed = claim.proposed and claim.asks == 1
    held = Held(n=state.holds + 1, claim=n, slot=slot, at=at, until=until, proposed=proposed)
    return replace(state, holds=held.n, held=held, rounds=state.rounds + proposed)


def _without_held(state: Scheduling, at: datetime) -> Scheduling:
    return _hold_ended(state, state.held.claim, at) if state.held is not None else state


def _hold_ended(state: Scheduling, n: int, at: datetime, *, unwanted: bool = False) -> Scheduling:
    """The candidate's clock stood still while the company was asked. What nobody wanted is not offered again."""
    held = state.held
    state = _set_claim(state, n, was="leaving", lost=True)
    if held is None or held.claim != n:
        return state
    state = _later(replace(state, held=None), at - held.at)
    return _not_again(state, held.slot.start) if unwanted else state


def _not_again(state: Scheduling, start: datetime) -> Scheduling:
    """Take this time off the open offer, and offer it no more."""
    offer = state.offer
    state = replace(state, avoid=tuple(sorted({*state.avoid, start})))
    if offer is None or not offer.slots:
        return state
    left = tuple(slot for slot in offer.slots if slot.start != start)
    if left:
        return replace(state, offer=replace(offer, slots=left, failed=True))
    return replace(_without_hold(state), offer=None, reply_by=None)


def _later(state: Scheduling, by: timedelta) -> Scheduling:
    """Put off what the candidate, or the search, has time for: the clock stood still so long."""
    going = state.exchange
    latest = going.latest if going is not None else None

    def put_off(at: datetime) -> datetime:
        return at + by if latest is None else max(at, min(at + by, latest))

    return replace(
        state,
        reply_by=put_off(state.reply_by) if state.reply_by is not None else None,
        first_reply_by=state.first_reply_by + by if state.first_reply_by is not None else None,
        exchange=replace(going, deadline=put_off(going.deadline)) if going is not None else None,
    )


def reached_again(state: Scheduling, lost: timedelta) -> Scheduling:
    """The candidate could not be reached for so long: nothing of it is taken from them, nor a round for its sake."""
    state = _later(state, lost)
    return state if state.offer is None else replace(state, offer=replace(state.offer, failed=True))


def _slot_lost(state: Scheduling, n: int, at: datetime) -> Scheduling:
    claim = state.claim(n)
    if claim.aim == "seats" or (claim.changes and claim.asks == 1):
        return state  # the time itself is there, only not for that panel
    if state.held is not None and state.held.claim == n:  # a hold that could not be confirmed
        return _set_claim(_hold_ended(state, n, at, unwanted=True), n, was=claim.was)
    start = claim.slot.start
    troubles = sum(one.because == "trouble" and one.slot.start == start for one in state.claims)
    if state.windows and claim.because == "trouble" and troubles < _TRIED_IN_TROUBLE:
        return state
    return _not_again(state, start)


def _scheduled(state: Scheduling, event: InterviewScheduled, at: datetime) -> Scheduling:
    claim = state.claim(event.claim)
    before = state.booking
    reschedules = state.reschedules
    if before is not None:
        state = _set_claim(state, before.claim, was="leaving")
        if state.exchange is None and claim.counts:
            granted = state.approval is not None and state.approval.start == event.slot.start
            side = state.approval.side if state.approval is not None and granted else side_of(claim.by)
            reschedules = {**reschedules, side: reschedules.get(side, 0) + 1}
    if state.held is not None and state.held.claim != event.claim:
        state = _without_held(state, at)
    if state.offer is not None and state.offer.claim not in (None, event.claim):
        state = _without_offer(state)
    state = _set_claim(state, event.claim, was="held")
    return replace(
        state,
        booking=Booking(slot=event.slot, claim=event.claim, at=at, by=claim.by, revision=event.revision),
        shown=Shown(
            sequence=event.sequence,
            since=event.sequence,
            slot=event.slot,
            at=at,
            by=claim.by,
            moved_from=event.moved_from,
            reason=event.reason,
        ),
        rounds=0,
        silent=0,
        revision=event.revision,
        reschedules=reschedules,
        exchange=None,
        approval=None,
        held=None,
        offer=None,
        reply_by=None,
        searched=state.searches,
        avoid=(),
        windows=(),
        options=(),
    )


def _panel_changed(state: Scheduling, event: PanelChanged, at: datetime) -> Scheduling:
    booking, shown = state.booking, state.shown
    if booking is None or shown is None:
        raise ValueError("a panel changes at a booked time")
    claim = state.claim(event.claim)
    state = _set_claim(_set_claim(state, booking.claim, was="leaving"), event.claim, was="held")
    return replace(
        state,
        booking=replace(booking, claim=event.claim, revision=event.revision),
        shown=replace(shown, sequence=event.sequence, at=at, by=claim.by, room_is_new=False),
        revision=event.revision,
        refilled=state.refilled + claim.refills,
    )


def _exchanging(state: Scheduling, event: RescheduleRequested, at: datetime, by: str) -> Scheduling:
    side = event.side
    counted = state.reschedules.get(side, 0) + event.counts
    unfit = event.cause == "declined" and not event.vacated
    state = _without_held(state, at)
    given = max(state.reply_by, event.deadline) if event.vacated and state.reply_by is not None else state.reply_by
    state = replace(
        state,
        exchange=Exchange(
            by=event.asked_by or by,
            deadline=event.deadline,
            vacated=event.vacated,
            latest=event.latest,
            unfit=unfit,
            charged=side if event.counts else None,
            offers=state.offers,
        ),
        reply_by=given,
        reschedules={**state.reschedules, side: counted},
        revision=event.revision,
        approval=None,
        stands=None,
    )
    if not event.vacated:
        return state
    if event.cause in ("no_show", "aborted"):  # the booked time is over; the next booking moves the event
        return replace(_leave_all(state), booking=None)
    return _off(state, event.sequence, at, by, reason=event.reason, apology=False, continues=True)


def _exchange_lapsed(state: Scheduling, at: datetime, *, needless: bool, unheard: bool) -> Scheduling:
    """Where there was nothing to choose from, or nobody who could, it goes on nobody's account."""
    going, asked_by, reschedules = state.exchange, state.exchange.by if state.exchange else "", state.reschedules
    if going is not None and going.charged is not None and (unheard or going.offers == state.offers):
        reschedules = {**reschedules, going.charged: reschedules.get(going.charged, 0) - 1}
    state = _without_offer(_without_held(replace(state, exchange=None, reschedules=reschedules, silent=0), at))
    if not needless:
        return _stands(state, asked_by, "nothing_found", at, None)
    if state.booking is not None:
        state = replace(state, booking=replace(state.booking, needless=state.booking.needless + 1))
    if going is None or going.offers == state.offers:
        return state
    return _stands(state, CANDIDATE, "needless", at, None, offers=going.offers)


def _stands(
    state: Scheduling,
    whom: str,
    because: Literal["nothing_found", "not_approved", "needless"],
    at: datetime,
    reason: str | None,
    *,
    offers: int = 0,
) -> Scheduling:
    n = state.stood + 1
    told = Told(n=n, whom=whom, because=because, at=at, revision=state.revision, reason=reason, offers=offers)
    return replace(state, stood=n, stands=told)


def _resumed(state: Scheduling, at: datetime) -> Scheduling:
    pause = state.pause
    if pause is None:
        return state
    return replace(_later(state, at - pause.at), pause=replace(pause, until=at))


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
            since=sequence,
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

    claims = tuple(left(claim) for claim in state.claims)
    return replace(state, claims=claims, held=None, approval=None, stands=None)


def _set_claim(
    state: Scheduling,
    n: int,
    *,
    was: Literal["requested", "held", "leaving", "gone"],
    lost: bool = False,
    because: str = "",
    aim: Aim | None = None,
    hold_until: datetime | None = None,
    asks: int | None = None,
) -> Scheduling:
    def changed(claim: Claim) -> Claim:
        return replace(
            claim,
            was=was,
            lost=claim.lost or lost,
            because=because or claim.because,
            aim=aim or claim.aim,
            hold_until=hold_until if aim is not None else claim.hold_until,
            asks=asks or claim.asks,
        )

    return replace(state, claims=tuple(changed(claim) if claim.n == n else claim for claim in state.claims))
