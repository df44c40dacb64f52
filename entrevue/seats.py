"""Who sits on the panel: answers, replacements, seats added and taken away, conflicts of interest.

A booked panel changes by a claim of its own: the new people's time is claimed first, then events and people follow, and
the old claim is released last. Nobody is left without the time they were promised (lifecycle, section 4).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self, assert_never

from pydantic import Field, model_validator

from entrevue import changes
from entrevue.attendance import below_quorum, grace
from entrevue.claims import SHORTEST_NOTICE_OF_A_PERSON, everybody_known, expect, nothing_being_booked, request
from entrevue.people import (
    COUNTING,
    ConflictDeclared,
    PeopleEvent,
    Seat,
    SeatAnswered,
    SeatChange,
    SeatGiven,
    Why,
    newcomer,
)
from entrevue.scheduling import (
    Aim,
    Booking,
    Claim,
    ExchangeLapsed,
    Held,
    HoldConfirmed,
    HoldEnded,
    OfferLapsed,
    SchedulingEvent,
    SearchRequested,
)
from entrevue.values import (
    CANDIDATE,
    Actor,
    Code,
    DirectoryId,
    Intake,
    Line,
    PoolName,
    Refused,
    SeatRole,
    Side,
    Slot,
    Who,
)

if TYPE_CHECKING:
    from entrevue.interview import Interview

SeatAnswer = Literal["accepted", "tentative", "declined"]

_MOST_SEATS = 20

_NEEDLESS = 2
"""So often the candidate is asked for another time, and then told that the booked one will do. Whether somebody who has
declined it once more is taken at their word, the coordinator decides."""

Outcome = PeopleEvent | SchedulingEvent

# --- commands --------------------------------------------------------------------------------------------------------


class RespondToSeat(Intake):
    """Accept or decline the time for one's seat. Who declines is replaced where that is possible."""

    kind: Literal["respond_to_seat"] = "respond_to_seat"
    by: Actor
    answer: SeatAnswer
    whom: Annotated[Who | None, Field(description="whose answer; leave out for one's own")] = None
    reason: Line | None = None
    expected_revision: int | None = None


class ReplaceInterviewer(Intake):
    """Let somebody else sit in this seat: a person, or whoever of its pool is free. Waits until the time is claimed."""

    kind: Literal["replace_interviewer"] = "replace_interviewer"
    by: Actor
    whom: Annotated[Who | None, Field(description="who leaves; leave out to fill the empty seat `seat`")] = None
    seat: Annotated[int | None, Field(ge=1, description="number of the empty seat")] = None
    person: Annotated[DirectoryId | None, Field(description="directory id; leave out for anybody of the pool")] = None
    overload: Annotated[bool, Field(description="though it exceeds their load limit")] = False

    @model_validator(mode="after")
    def _one_seat(self) -> Self:
        if (self.whom is None) == (self.seat is None):
            raise ValueError("give either whom or seat")
        return self


class AddSeat(Intake):
    """Ask one more person to the panel, or somebody of a pool. At a booked time, waits until theirs is claimed."""

    kind: Literal["add_seat"] = "add_seat"
    by: Actor
    person: DirectoryId | None = None
    pool: PoolName | None = None
    role: SeatRole = SeatRole.REQUIRED
    overload: Annotated[bool, Field(description="though it exceeds their load limit")] = False

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.person is None and self.pool is None:
            raise ValueError("name a person, or a pool")
        return self


class RemoveSeat(Intake):
    """Go on with one seat less."""

    kind: Literal["remove_seat"] = "remove_seat"
    by: Actor
    whom: Annotated[Who | None, Field(description="whose seat; leave out to take away the empty seat `seat`")] = None
    seat: Annotated[int | None, Field(ge=1, description="number of the empty seat")] = None

    @model_validator(mode="after")
    def _one_seat(self) -> Self:
        if (self.whom is None) == (self.seat is None):
            raise ValueError("give either whom or seat")
        return self


class DeclareConflict(Intake):
    """This interviewer and this candidate should not meet. The reason is read by the coordinator alone."""

    kind: Literal["declare_conflict"] = "declare_conflict"
    by: Actor
    whom: Annotated[Who, Field(description="the interviewer who leaves the panel")]
    reason: Line | None = None


SeatCommand = RespondToSeat | ReplaceInterviewer | AddSeat | RemoveSeat | DeclareConflict

# --- rules: commands -------------------------------------------------------------------------------------------------


def decide(command: SeatCommand, interview: "Interview", now: datetime) -> list[Outcome]:
    match command:
        case RespondToSeat():
            return _respond(interview, command, now)
        case ReplaceInterviewer():
            return _replace(interview, command)
        case AddSeat():
            return _add(interview, command, now)
        case RemoveSeat(whom=whom, seat=n):
            return _remove(interview, _seat(interview, whom, n))
        case DeclareConflict():
            return _conflict(interview, command)
        case _:
            assert_never(command)


def _respond(interview: "Interview", command: RespondToSeat, now: datetime) -> list[Outcome]:
    whom, state = command.whom or command.by, interview.scheduling
    own = command.by == whom
    if not own and command.by not in ("coordinator", "backend"):
        raise Refused(Code.NOT_AUTHORIZED, "whom: an interviewer answers for themselves only")
    expect(interview, command.expected_revision)
    seat, held = _seat(interview, whom, None), state.held
    if state.booking is None and held is None:
        raise Refused(Code.INVALID_STATE, "there is no time to answer to yet; wait until one is held or booked")
    if state.booking is not None and held is None and state.booking.slot.start <= now:
        raise Refused(Code.WINDOW_CLOSED, "the booked time has come; say who is missing, or end the session")
    said = interview.answers.said.get(whom)
    waits = held is None and said is not None and said.waits  # then it takes the place of what waits
    if command.answer == (seat.answer if held is None else seat.to_held) and not waits:
        return []
    if held is None:
        return _answered(interview, seat, command.answer, now, command.reason)
    answered = SeatAnswered(whom=whom, answer=command.answer, reason=command.reason, held=True)
    if command.answer != "declined":
        return [answered]
    nothing_being_booked(interview)
    return [answered, *_declined_hold(interview, seat, held)]


def to_booked(interview: "Interview", whom: str, answer: SeatAnswer, now: datetime) -> list[Outcome]:
    """What somebody's own calendar says is about the booked time, whatever other time they are asked about meanwhile.

    May raise `Refused` where it must wait.
    """
    booking = interview.scheduling.booking
    if interview.scheduling.paused:
        raise Refused(Code.ON_HOLD, "the interview is on hold; resume it first")
    if booking is None or booking.slot.start <= now:
        raise Refused(Code.WINDOW_CLOSED, "no booked time lies ahead")
    seat = _seat(interview, whom, None)
    return [] if answer == seat.answer else _answered(interview, seat, answer, now)


def _answered(
    interview: "Interview", seat: Seat, answer: SeatAnswer, now: datetime, reason: str | None = None
) -> list[Outcome]:
    """Answer to the booked time."""
    if seat.who is None:
        return []
    answered = SeatAnswered(whom=seat.who, answer=answer, reason=reason)
    if answer != "declined":
        return [answered]
    nothing_being_booked(interview)
    return [answered, *_declined(interview, seat, now)]


def _declined(interview: "Interview", seat: Seat, now: datetime) -> list[Outcome]:
    """Find a stand-in, go on without them where the quorum allows it, or look for another time."""
    state, booking = interview.scheduling, interview.scheduling.booking
    if booking is None or (state.exchange is not None and state.exchange.unfit):
        return []
    in_time = booking.slot.start - now >= interview.policy.replace_notice
    if seat.pool is not None and in_time and state.refilled < interview.policy.replacements:
        return [_stand_in(interview, booking.slot, [seat], "declined")]
    return without(interview, seat, "declined")


def _declined_hold(interview: "Interview", seat: Seat, held: Held) -> list[Outcome]:
    """Others are asked for this seat, unless the seats of the booked time are kept meanwhile."""
    state = interview.scheduling
    if not seat.counts or enough(interview, without=seat, held=True):
        return []
    if seat.pool is not None and state.booking is None and state.refilled < interview.policy.replacements:
        return [_stand_in(interview, held.slot, [seat], "declined", hold_until=held.until)]
    return [HoldEnded(claim=held.claim, because="declined"), SearchRequested()]


def _stand_in(
    interview: "Interview", slot: Slot, seats: Iterable[Seat], why: Why, *, hold_until: datetime | None = None
) -> SchedulingEvent:
    """Ask the pools of these seats for somebody else at this time; a held time is held for them until they answer.

    Nobody is asked a second time who could not come, or would not.
    """
    before = (person for claim in interview.scheduling.claims if claim.slot == slot for person in claim.excluded)
    return request(
        interview,
        slot,
        "seats" if hold_until is None else "ask",
        hold_until=hold_until,
        changes=tuple(SeatChange(seat=seat.n, pool=seat.pool, why=why) for seat in seats),
        excluded={*before, *_sitting(interview, seats)},
        unasked=True,
    )


def _sitting(interview: "Interview", seats: Iterable[Seat]) -> Iterable[DirectoryId]:
    people = [interview.people[seat.who].person for seat in seats if seat.who is not None]
    return [person for person in people if person is not None]


def without(interview: "Interview", leaving: Seat, why: Why) -> list[Outcome]:
    """Nobody stands in: go on with the others, where they are enough, and give this one's time back.

    Where they are not, who has declined keeps the seat for another time (see `follows`); who must not meet the
    candidate leaves all the same.
    """
    booking = interview.scheduling.booking
    if booking is None:
        return []
    emptied = SeatChange(seat=leaving.n, why=why)
    if _others(interview, leaving) and (why == "conflict" or not leaving.counts or enough(interview, without=leaving)):
        return [request(interview, booking.slot, "seats", changes=(emptied,), unasked=True)]
    return [SeatGiven(change=emptied)] if why == "conflict" else []


def _others(interview: "Interview", leaving: Seat) -> bool:
    """Whether anybody else sits there who counts: otherwise there is nobody whose time could be claimed anew."""
    return any(seat.counts and seat.who is not None for seat in interview.people.seats if seat != leaving)


def enough(interview: "Interview", without: Seat | None = None, *, held: bool = False) -> bool:
    """Whether the quorum is there of those who have not declined the booked, or the held, time."""
    coming = [
        seat
        for seat in interview.people.seats
        if seat.counts
        and seat.who is not None
        and seat != without
        and (seat.to_held if held else seat.answer) != "declined"
    ]
    return len(coming) >= interview.people.quorum(interview.policy.quorum)


def _accepted(interview: "Interview") -> bool:
    """Whether the quorum has accepted the time that is held."""
    accepted = [seat for seat in interview.people.seats if seat.counts and seat.to_held == "accepted"]
    return len(accepted) >= interview.people.quorum(interview.policy.quorum)


def _replace(interview: "Interview", command: ReplaceInterviewer) -> list[Outcome]:
    seat, person = _seat(interview, command.whom, command.seat), command.person
    if person is None and seat.pool is None:
        raise Refused(Code.INVALID_COMMAND, "person: say who shall sit there; this seat has no pool")
    _may_sit(interview, person, "person")
    nothing_being_booked(interview)
    change = SeatChange(seat=seat.n, person=person, pool=None if person is not None else seat.pool)
    return _changed(interview, seat, change, overload=command.overload)


def _add(interview: "Interview", command: AddSeat, now: datetime) -> list[Outcome]:
    seats, booking = interview.people.seats, interview.scheduling.booking
    _may_sit(interview, command.person, "person")
    nothing_being_booked(interview)
    if len(seats) >= _MOST_SEATS:
        raise Refused(Code.INVALID_COMMAND, f"a panel has {_MOST_SEATS} seats at most; remove one first")
    if command.role is SeatRole.LEAD and any(seat.role is SeatRole.LEAD for seat in seats):
        raise Refused(Code.INVALID_COMMAND, "role: there is a LEAD already; only one leads")
    change = SeatChange(
        seat=interview.people.seats_ever + 1,
        person=command.person,
        pool=None if command.person is not None else command.pool,
        role=command.role,
        stand_in=command.role in COUNTING and booking is not None and booking.slot.start <= now,
    )
    return _changed(interview, None, change, overload=command.overload)


def _remove(interview: "Interview", seat: Seat) -> list[Outcome]:
    nothing_being_booked(interview)
    left = [one for one in interview.people.seats if one.counts and one.n != seat.n and not one.stand_in]
    if seat.counts and len(left) < (interview.policy.quorum or 1):
        raise Refused(
            Code.QUORUM_UNSATISFIABLE, "whom: without this seat too few are left who count; add or replace one first"
        )
    booked, held = interview.scheduling.booking is not None, interview.scheduling.held is not None
    removed = SeatChange(seat=seat.n, why="removed")
    if _others(interview, seat) and seat.who is not None:
        return _changed(interview, seat, removed)
    if booked or (held and seat.who is None):
        return [SeatGiven(change=removed)]
    return _given(interview, seat, removed)


def _conflict(interview: "Interview", command: DeclareConflict) -> list[Outcome]:
    whom, by = command.whom, command.by
    if whom == CANDIDATE:
        raise Refused(Code.INVALID_COMMAND, "whom: name the interviewer who should not meet the candidate")
    if by.startswith("i") and by[1:].isdigit() and by != whom:
        raise Refused(Code.NOT_AUTHORIZED, "whom: an interviewer declares a conflict of their own only")
    seat = _seat(interview, whom, None)
    nothing_being_booked(interview)
    person = interview.people[whom].person
    if person is None:
        raise Refused(Code.INVALID_STATE, "the directory has not answered for everyone yet; try again shortly")
    declared = ConflictDeclared(whom=whom, person=person, reason=command.reason)
    booking = interview.scheduling.booking
    if booking is None:
        return [declared, *_given(interview, seat, SeatChange(seat=seat.n, pool=seat.pool, why="conflict"))]
    if seat.pool is not None:
        return [declared, _stand_in(interview, booking.slot, [seat], "conflict")]
    return [declared, *without(interview, seat, "conflict")]


def _changed(interview: "Interview", seat: Seat | None, change: SeatChange, *, overload: bool = False) -> list[Outcome]:
    """Where a time is booked or held, the ledger is asked: a change that cannot be leaves all as it is."""
    state = interview.scheduling
    aim: Aim
    if state.booking is not None:
        aim, slot, until = "seats", state.booking.slot, None
    elif state.held is not None:
        aim, slot, until = "ask", state.held.slot, state.held.until
    else:
        return _given(interview, seat, change)
    everybody_known(interview)
    leaving = _sitting(interview, [seat] if seat is not None else [])
    return [request(interview, slot, aim, hold_until=until, changes=(change,), excluded=leaving, overload=overload)]


def _given(interview: "Interview", seat: Seat | None, change: SeatChange) -> list[Outcome]:
    """Before a time is booked; what was searched or held for another panel is worth nothing."""
    state = interview.scheduling
    who = newcomer(interview.people, change.seat, change.person) if change.person is not None else None
    given: list[Outcome] = [SeatGiven(change=change, who=who)]
    if not (change.role in COUNTING if seat is None else seat.counts):
        return given
    if state.held is not None:
        given.append(HoldEnded(claim=state.held.claim, because="overtaken"))
    if state.offer is not None and state.offer.slots:
        given.append(OfferLapsed(offer=state.offer.n, missed=False))
    asked = state.offer is not None and not state.offer.slots
    return given if asked else [*given, SearchRequested()]


def _may_sit(interview: "Interview", person: str | None, field_name: str) -> None:
    people = interview.people
    if person is None:
        return
    if person in people.excluded:
        raise Refused(Code.CONFLICT_OF_INTEREST, f"{field_name}: {person} must not meet this candidate; name another")
    if any(member.person == person for member in people.members):
        raise Refused(Code.INVALID_COMMAND, f"{field_name}: {person} takes part already")


def _seat(interview: "Interview", whom: str | None, n: int | None) -> Seat:
    seats = interview.people.seats
    found = next((seat for seat in seats if (seat.who == whom if whom is not None else seat.n == n)), None)
    if found is None and whom is not None:
        raise Refused(Code.NOT_PARTICIPANT, f"whom: {whom} has no seat in this interview")
    if found is None or (whom is None and found.who is not None):
        empty = ", ".join(str(seat.n) for seat in seats if seat.who is None) or "none"
        raise Refused(Code.INVALID_COMMAND, f"seat: is not an empty seat; empty are: {empty}")
    return found


# --- rules: what follows ---------------------------------------------------------------------------------------------


def unfilled(interview: "Interview", claim: Claim, now: datetime) -> list[Outcome]:
    """A claim for another panel was refused. Who asked for it is told; what we asked for ourselves goes another way."""
    if not claim.unasked or interview.scheduling.booking is None or interview.closed is not None:
        return []
    refilled = next((change for change in claim.changes if change.pool is not None), None)
    if refilled is None or refilled.why == "missing":
        return []  # nobody could step in: the session's own rules decide
    leaving = next((seat for seat in interview.people.seats if seat.n == refilled.seat), None)
    if leaving is None:
        return []
    if refilled.why == "not_free":
        return _give_way(interview, leaving, now)
    return without(interview, leaving, refilled.why)


def unanswered(interview: "Interview", held: Held) -> list[SchedulingEvent]:
    """Nobody of the company said yes in time. Others are asked, where there are any; it costs the candidate nothing."""
    policy, state = interview.policy, interview.scheduling
    silent = [seat for seat in interview.people.seats if seat.counts and seat.who and seat.to_held != "accepted"]
    until = min(held.until + policy.hold, held.slot.start - SHORTEST_NOTICE_OF_A_PERSON)
    others = silent and all(seat.pool is not None for seat in silent) and state.booking is None
    if others and until > held.until and state.refilled < policy.replacements:
        return [_stand_in(interview, held.slot, silent, "not_free", hold_until=until)]
    return [HoldEnded(claim=held.claim, because="silence"), SearchRequested()]


def deadlines(interview: "Interview") -> list[tuple[datetime, list[SchedulingEvent]]]:
    booking = interview.scheduling.booking
    if booking is None or interview.scheduling.requested is not None:
        return []
    return [*_given_up(interview, booking), *_paged(interview, booking)]


def _given_up(interview: "Interview", booking: Booking) -> Iterator[tuple[datetime, list[SchedulingEvent]]]:
    """What was left to the coordinator, and not settled, does not let the candidate come to nobody."""
    at = booking.slot.start - interview.policy.self_service_cutoff
    if interview.at < at and interview.scheduling.exchange is None and _is_short(interview):
        yield at, _another_time(interview, at, vacate=True)


def _paged(interview: "Interview", booking: Booking) -> list[tuple[datetime, list[SchedulingEvent]]]:
    """At the soft grace, whoever of a missing interviewer's pool is free is asked to step in, once a seat."""
    state = interview.scheduling
    paged = {change.replaces for claim in state.claims for change in claim.changes if change.why == "missing"}
    missing = [seat for seat in below_quorum(interview) if seat.pool is not None and seat.n not in paged]
    if not missing:
        return []
    first = interview.people.seats_ever + 1
    stand_ins = tuple(
        SeatChange(seat=n, replaces=seat.n, pool=seat.pool, role=SeatRole.REQUIRED, stand_in=True, why="missing")
        for n, seat in enumerate(missing, start=first)
    )
    asked = request(interview, booking.slot, "seats", changes=stand_ins, overload=True, unasked=True)
    return [(grace(interview, booking.slot)[0], [asked])]


def overlapped(interview: "Interview", who: str, now: datetime) -> list[Outcome]:
    """Somebody's calendar held something else after all, seen before any invitation left: ours gives way."""
    state, people = interview.scheduling, interview.people
    if state.requested is not None or state.paused or state.booking is None or who not in people:
        return []
    seat = people.seat_of(who)
    if seat.pool is not None:
        return [_stand_in(interview, state.booking.slot, [seat], "not_free")]
    return _give_way(interview, seat, now) if seat.counts else []


def _give_way(interview: "Interview", seat: Seat, now: datetime) -> list[Outcome]:
    """Go on without whoever sits there, where the others are enough; otherwise look for another time."""
    if not seat.counts or enough(interview, without=seat):
        return without(interview, seat, "not_free")
    return [*changes.exchange(interview, Side.COMPANY, now, vacate=True, cause="overlap", counts=False)]


def follows(interview: "Interview", at: datetime) -> list[SchedulingEvent]:
    """Keep what is held once the quorum has accepted it.

    Where too few are left who have not declined what is booked, it is the company that needs another time, unless
    somebody is found. Who changes their mind again and again does not have the candidate asked each time.
    """
    state = interview.scheduling
    booking, going = state.booking, state.exchange
    if state.held is not None and state.requested is None and _accepted(interview):
        return [HoldConfirmed(claim=state.held.claim)]
    if booking is None or state.requested is not None or state.paused or booking.slot.start <= at:
        return []
    if going is not None:
        found = going.unfit and _is_ahead(interview) and enough(interview)
        return [ExchangeLapsed(needless=True)] if found else []
    near = booking.slot.start - interview.policy.self_service_cutoff <= at
    if not _is_short(interview) or (booking.needless >= _NEEDLESS and not near):
        return []
    return _another_time(interview, at, vacate=near)


def _is_ahead(interview: "Interview") -> bool:
    return interview.session.started_at is None and interview.session.no_show is None


def _is_short(interview: "Interview") -> bool:
    """Whether too few are left, of a session that is yet to begin, who have not declined it."""
    return _is_ahead(interview) and not enough(interview)


def _another_time(interview: "Interview", at: datetime, *, vacate: bool) -> list[SchedulingEvent]:
    return changes.exchange(interview, Side.COMPANY, at, vacate=vacate, cause="declined", counts=False)
