"""Claims on people's time: whom we ask the ledger for, under which key, and who sits where when it has answered."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from entrevue.civil import local
from entrevue.orders import Seated, SeatWanted
from entrevue.people import COUNTING, Panel, Seat, SeatChange, SeatLeft, SeatTaken, newcomer
from entrevue.scheduling import Aim, Claim, SchedulingEvent, TimeRequested
from entrevue.values import CANDIDATE, Code, Refused, SeatRole, Slot

if TYPE_CHECKING:
    from entrevue.interview import Interview

FURTHEST = timedelta(days=200)
"""How far ahead a time can be booked: what follows it must still lie where the clocks reach (`agenda.CLOCKS_REACH`)."""

SHORTEST_NOTICE_OF_A_PERSON = timedelta(minutes=15)
"""A coordinator may book at shorter notice than slots are offered at, but not in the past."""

# --- asking ----------------------------------------------------------------------------------------------------------


def request(
    interview: "Interview",
    slot: Slot,
    aim: Aim,
    *,
    hold_until: datetime | None = None,
    reason: str | None = None,
    changes: Iterable[SeatChange] = (),
    excluded: Iterable[str] = (),
    overload: bool = False,
    counts: bool = True,
    unasked: bool = False,
    proposed: bool = False,
) -> TimeRequested:
    """Remember that this time is wanted; the ledger is asked next."""
    return TimeRequested(
        claim=len(interview.scheduling.claims) + 1,
        slot=slot,
        aim=aim,
        hold_until=hold_until,
        reason=reason,
        changes=tuple(changes),
        excluded=tuple(sorted(excluded)),
        overload=overload,
        counts=counts,
        unasked=unasked,
        proposed=proposed,
    )


def nothing_being_booked(interview: "Interview") -> None:
    claim = interview.scheduling.requested
    if claim is not None:
        start = claim.slot.start
        raise Refused(Code.INVALID_STATE, f"{start:%Y-%m-%dT%H:%MZ} is being booked at this moment; wait for it")


def everybody_known(interview: "Interview") -> None:
    if not interview.people.known:
        raise Refused(Code.INVALID_STATE, "the directory has not answered for everyone yet; try again shortly")


def somebody_to_ask(interview: "Interview") -> None:
    everybody_known(interview)
    if not fillable(interview):
        raise Refused(Code.QUORUM_UNSATISFIABLE, "too few seats that count have somebody to sit there; fill them first")


def in_the_future(start: datetime, now: datetime, field_name: str) -> None:
    if start < now + SHORTEST_NOTICE_OF_A_PERSON:
        raise Refused(Code.INVALID_COMMAND, f"{field_name}: must lie at least 15 minutes ahead")
    if start > now + FURTHEST:
        raise Refused(Code.INVALID_COMMAND, f"{field_name}: must lie within {FURTHEST.days} days")


def another_time(interview: "Interview", start: datetime, now: datetime, field_name: str) -> None:
    in_the_future(start, now, field_name)
    booking = interview.scheduling.booking
    if booking is not None and booking.slot.start == start:
        raise Refused(Code.INVALID_COMMAND, f"{field_name}: {start:%Y-%m-%dT%H:%MZ} is the booked time")


def book(
    interview: "Interview",
    start: datetime,
    now: datetime,
    *,
    reason: str | None = None,
    overload: bool = False,
) -> list[SchedulingEvent]:
    """Claim a time that somebody of the company, or the coordinator's word, has settled."""
    nothing_being_booked(interview)
    somebody_to_ask(interview)
    another_time(interview, start, now, "start")
    wanted = slot_at(interview, start)
    return [request(interview, wanted, "book", reason=reason, overload=overload)]


def slot_at(interview: "Interview", start: datetime) -> Slot:
    """Promise this instant as the wall time of whoever travels least: where there is a place, the place's."""
    on_site = interview.request.location is not None and interview.request.conference_link is None
    clock = interview.people.clock("organisation" if on_site else CANDIDATE)
    return Slot(start=start, minutes=interview.policy.duration, zone=clock.zone, wall=local(start, clock))


def expect(interview: "Interview", revision: int | None) -> None:
    current = interview.scheduling.revision
    if revision is not None and revision != current:
        raise Refused(
            Code.STALE_REVISION, f"expected_revision: the interview is at revision {current} now; read it again"
        )


def why_lost(claim: Claim) -> Refused:
    """Say to whoever asked for it why the ledger would not have this claim."""
    gone = Refused(Code.SLOT_UNAVAILABLE, "start: that time is gone; fresh slots are on their way")
    if claim.by == CANDIDATE:
        return gone  # whose fault it is, is none of their business
    if claim.because == "load":
        return Refused(Code.LOAD_LIMIT_EXCEEDED, "it would be too much for somebody; a coordinator may send `overload`")
    if any(change.person is not None for change in claim.changes):
        return Refused(Code.SLOT_UNAVAILABLE, "person: is not free at that time; ask somebody else")
    if claim.because == "nobody":
        return Refused(Code.QUORUM_UNSATISFIABLE, "nobody who could sit there is free at that time")
    return gone


# --- keys ------------------------------------------------------------------------------------------------------------


def claim_key(interview: "Interview", n: int) -> str:
    """Name what the ledger holds for us."""
    return f"{interview.id}/claim/all/{n}.1"


def asking_key(interview: "Interview", claim: Claim) -> str:
    """Name the order: the first asks for the time, the next to keep what is held."""
    return f"{interview.id}/claim/all/{claim.n}.{claim.asks}"


def release_key(interview: "Interview", n: int) -> str:
    return f"{interview.id}/release/all/{n}.1"


def search_key(interview: "Interview") -> str:
    return f"{interview.id}/search/all/{interview.scheduling.searches}.1"


def of_key(interview: "Interview", key: str, name: Callable[["Interview", Claim], str]) -> Claim | None:
    return next((claim for claim in interview.scheduling.claims if name(interview, claim) == key), None)


def replaced_by(interview: "Interview", claim: Claim | None) -> str | None:
    """Name the claim of ours that may overlap with a new one: the held time, else the booked one.

    What is held for the candidate goes before, where it is in the new one's way.
    """
    state = interview.scheduling
    if state.held is not None and (claim is None or (state.held.claim != claim.n and claim.aim != "seats")):
        return claim_key(interview, state.held.claim)
    offer = state.offer
    if claim is not None and claim.aim != "seats" and offer is not None and offer.claim not in (None, claim.n):
        policy, (slot,) = interview.policy, offer.slots
        apart = timedelta(minutes=policy.buffer_before + policy.buffer_after)
        if claim.slot.start < slot.end + apart and slot.start < claim.slot.end + apart:
            return claim_key(interview, offer.claim)
    return claim_key(interview, state.booking.claim) if state.booking is not None else None


# --- whom ------------------------------------------------------------------------------------------------------------


def wanted(interview: "Interview", claim: Claim | None = None) -> tuple[SeatWanted, ...]:
    """Give the seats to be filled: for a search, or for this claim.

    Those who sit there are kept where they are free; a pool stands in for them, but not while their seat is being kept
    for a booked time, or once they were asked.
    """
    people, state = interview.people, interview.scheduling
    if claim is None:
        keep = state.booking is not None and interview.policy.confirmation == "explicit"
    else:
        keep = claim.aim == "seats" or claim.asks > 1 or (claim.aim != "book" and state.booking is not None)
    changes = {change.seat: change for change in claim.changes} if claim is not None and claim.asks == 1 else {}
    declined = claim is not None and state.held is not None and claim.slot == state.held.slot
    seats = [
        _wanted(interview, seat, changes.get(seat.n), keep=keep)
        for seat in people.seats
        if not (declined and seat.to_held == "declined") or seat.n in changes
    ]
    seats += [
        SeatWanted(seat=change.seat, person=change.person, pool=change.pool, counts=change.role in COUNTING)
        for change in changes.values()
        if change.role is not None
    ]
    return tuple(seat for seat in seats if seat is not None and (seat.person is not None or seat.pool is not None))


def _wanted(interview: "Interview", seat: Seat, change: SeatChange | None, *, keep: bool) -> SeatWanted | None:
    if change is not None:
        return SeatWanted(seat=seat.n, person=change.person, pool=change.pool, counts=seat.counts)
    sits = interview.people[seat.who].person if seat.who is not None else None
    person = sits or (None if keep else seat.asked)
    pool = None if keep else seat.pool
    if person is None and pool is None:
        return None
    return SeatWanted(seat=seat.n, person=person, pool=pool, counts=seat.counts)


def quorum(interview: "Interview", seats: Iterable[SeatWanted]) -> int:
    """Give how many of these seats must be filled; at least one, since an interview needs somebody."""
    counting = sum(seat.counts for seat in seats)
    return max(1, min(interview.people.quorum(interview.policy.quorum), counting))


def fillable(interview: "Interview") -> bool:
    """Whether enough of the seats that count have somebody, or a pool, to be asked."""
    counting = sum(seat.counts for seat in wanted(interview))
    return 0 < interview.people.quorum(interview.policy.quorum) <= counting


def unseated(claim: Claim, seated: Iterable[Seated]) -> bool:
    """Whether somebody was to be found for a seat, and nobody was: what the others hold is of no use then."""
    found = {one.seat for one in seated}
    return any(change.seat not in found for change in claim.changes if change.person or change.pool)


def panel(interview: "Interview", claim: Claim, seated: Iterable[Seated]) -> Panel:
    """Say what this claim changes about who sits where."""
    people = interview.people
    found = {one.seat: one for one in seated}
    changes = {change.seat: change for change in claim.changes}
    left: list[SeatLeft] = []
    taken: list[SeatTaken] = []

    def take(one: Seated, role: SeatRole, like: Seat | SeatChange, change: SeatChange | None) -> None:
        who = newcomer(people, one.seat, one.person, tuple(other.who for other in taken))
        named = change is not None and change.person is not None
        taken.append(SeatTaken(who=who, found=one, role=role, pool=like.pool, stand_in=like.stand_in, named=named))

    for seat in people.seats:
        change, one = changes.get(seat.n), found.get(seat.n)
        sits = people[seat.who].person if seat.who is not None else None
        if change is not None and change.person is None and change.pool is None:
            left.append(SeatLeft(seat=seat.n, why=change.why, gone=change.why == "removed"))
        elif one is None:
            if seat.who is not None and seat.counts:
                left.append(SeatLeft(seat=seat.n, why="not_free"))
        elif one.person != sits:
            if seat.who is not None:
                left.append(SeatLeft(seat=seat.n, why=change.why if change is not None else "not_free"))
            take(one, seat.role, seat, change)
    for change in claim.changes:
        if change.role is not None and change.seat in found:
            take(found[change.seat], change.role, change, change)
    return Panel(left=tuple(left), taken=tuple(taken))
