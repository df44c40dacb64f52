"""Who takes part in one interview: seats and who sits there, names and addresses as known today, and civil time."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import UTC_CLOCK, Clock
from entrevue.orders import ClockOf, Confidant, Found, Organisation, Seated
from entrevue.request import InterviewRequest, Policy
from entrevue.values import (
    CANDIDATE,
    Actor,
    Code,
    EmailAddress,
    Instant,
    Intake,
    Message,
    Name,
    PersonId,
    PoolName,
    Refused,
    SeatRole,
    Slot,
    Who,
    ZoneName,
)

if TYPE_CHECKING:
    from entrevue.interview import Interview

COUNTING = (SeatRole.LEAD, SeatRole.REQUIRED)
"""OPTIONAL, SHADOW and REVERSE_SHADOW never count (lifecycle, section 8: quorum)."""

_AS_IT_IS = ""
"""Nobody is called that."""

# --- command and fact ------------------------------------------------------------------------------------------------


class UpdateContact(Intake):
    """Correct how the candidate is reached; letters that bounced are sent again to the new address."""

    kind: Literal["update_contact"] = "update_contact"
    by: Actor
    email: Annotated[EmailAddress | None, Field(description="leave out to keep the address")] = None
    name: Name | None = None
    zone: ZoneName | None = None


class TimezoneRulesChanged(Message):
    """A worker knows newer zone rules: what was promised as wall time may lie at another instant now."""

    kind: Literal["timezone_rules_changed"] = "timezone_rules_changed"
    source_id: Annotated[str, Field(min_length=1, max_length=200)]
    at: Instant
    tzdata: Annotated[str, Field(min_length=1, max_length=20)]


# --- events ----------------------------------------------------------------------------------------------------------

Why = Literal["declined", "conflict", "replaced", "removed", "not_free", "missing"]
"""Why somebody no longer sits where they sat."""


class SeatChange(Message):
    """What shall become of one seat: another person, anybody of a pool, or nobody; a new seat where there was none."""

    seat: int
    person: PersonId | None = None
    pool: PoolName | None = None
    role: SeatRole | None = None
    """Of a new seat; None: the seat is there."""
    stand_in: bool = False
    replaces: int | None = None
    """Of a stand-in: the seat of whoever is missing."""
    why: Why = "replaced"


class SeatTaken(Message):
    """Somebody new sits here, as the directory has them."""

    who: Who
    found: Seated
    role: SeatRole
    pool: PoolName | None = None
    stand_in: bool = False
    named: bool = False
    """Somebody asked for this very person."""


class SeatLeft(Message):
    """Whoever sat here does no longer. `gone`: the seat itself is taken away."""

    seat: int
    why: Why
    gone: bool = False


class Panel(Message):
    """What a claim changes about the panel: first who leaves, then who comes."""

    left: tuple[SeatLeft, ...] = ()
    taken: tuple[SeatTaken, ...] = ()


class PeopleLookedUp(Message):
    kind: Literal["people_looked_up"] = "people_looked_up"
    organisation: Organisation
    people: tuple[Found, ...]
    clocks: tuple[ClockOf, ...]
    zones: tuple[Clock, ...] = ()
    unknown: tuple[Who, ...] = ()
    no_pools: tuple[PoolName, ...] = ()
    policy: Policy | None = None
    """Fixed by the first look-up, whole: a default that changes later moves no promise already made."""
    shifted: tuple[Who, ...] = ()
    """The booked instant stands, but by new zone rules it is another time of these people's day."""


class ContactUpdated(Message):
    """Only what changed. A new zone or address means that the directory is asked again."""

    kind: Literal["contact_updated"] = "contact_updated"
    email: EmailAddress | None = None
    name: Name | None = None
    zone: ZoneName | None = None


class DirectoryAskedAgain(Message):
    """Somebody says that the directory knows everyone now."""

    kind: Literal["directory_asked_again"] = "directory_asked_again"


class ZoneRulesRenewed(Message):
    """There are newer zone rules: everybody's civil time is looked up again."""

    kind: Literal["zone_rules_renewed"] = "zone_rules_renewed"
    tzdata: str


class SeatAnswered(Message):
    kind: Literal["seat_answered"] = "seat_answered"
    whom: Who
    answer: Literal["accepted", "tentative", "declined"]
    reason: str | None = None
    held: bool = False
    """To the time that is held, whatever they have answered to the booked one."""


class SeatGiven(Message):
    """Before a time is booked: a seat is added, taken away, or somebody else shall sit there."""

    kind: Literal["seat_given"] = "seat_given"
    change: SeatChange
    who: Who | None = None


class ConflictDeclared(Message):
    """This person must not be seated here. The reason is the coordinator's alone."""

    kind: Literal["conflict_declared"] = "conflict_declared"
    whom: Who
    person: PersonId
    reason: str | None = None


PeopleCommand = UpdateContact
PeopleEvent = (
    PeopleLookedUp
    | ContactUpdated
    | DirectoryAskedAgain
    | ZoneRulesRenewed
    | SeatAnswered
    | SeatGiven
    | ConflictDeclared
)

# --- state -----------------------------------------------------------------------------------------------------------

Answer = Literal["needs_action", "accepted", "tentative", "declined"]


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One place on the panel, whoever sits there: `who` is None while it is empty, or its pool has not been asked."""

    n: int
    role: SeatRole
    pool: str | None = None
    who: str | None = None
    asked: str | None = None
    """Directory id of whom somebody named for this seat: they are wanted again, though they could not come once."""
    answer: Answer = "needs_action"
    """To the booked time."""
    to_held: Answer = "needs_action"
    """To the time that is held."""
    stand_in: bool = False
    """Added because somebody was missing: who sits here counts in their place, and is not missed besides."""

    @property
    def counts(self) -> bool:
        return self.role in COUNTING


@dataclass(frozen=True, kw_only=True)
class Member:
    """One person of the interview. Interviewers have a name only after the directory was asked."""

    who: str
    person: str | None = None
    """Directory id (before the look-up: as the request names them); None for the candidate."""
    seat: SeatRole | None = None
    """The role they have, or had before they left."""
    name: str = ""
    email: str = ""
    zone: str | None = None
    has_calendar: bool = False
    left_sequence: int | None = None
    """Of those who left: the version that was shown from then on; None where nothing was."""
    left_at: datetime | None = None
    left_slot: Slot | None = None
    """The time that they knew."""

    @property
    def counts(self) -> bool:
        return self.seat in COUNTING


@dataclass(frozen=True, kw_only=True)
class People:
    members: tuple[Member, ...]
    """Who takes part now."""
    seats: tuple[Seat, ...] = ()
    seats_ever: int = 0
    """The highest number a seat has had: none is given twice."""
    left: tuple[Member, ...] = ()
    """Who has left the panel; whoever comes back has their old `who`."""
    excluded: tuple[str, ...] = ()
    """Directory ids of those who must not be seated: a conflict of interest."""
    conflicts: dict[str, str | None] = field(default_factory=dict)
    """Who declared one, or was declared to have one, and why."""
    organisation: Organisation | None = None
    clocks: dict[str, Clock] = field(default_factory=dict)
    zones: dict[str, Clock] = field(default_factory=dict)
    look_ups: int = 1
    """How often the directory had to be asked; the number is part of the order's key."""
    looked_up: int = 0
    unknown: tuple[str, ...] = ()
    no_pools: tuple[str, ...] = ()
    shifted: dict[str, int] = field(default_factory=dict)
    """Whose time of day was moved by new zone rules, and by which look-up."""
    shifted_at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    tzdata: str = ""
    """Version of the zone rules that are known, or being looked up."""

    def __getitem__(self, who: str) -> Member:
        return next(member for member in (*self.members, *self.left) if member.who == who)

    def __contains__(self, who: object) -> bool:
        return any(member.who == who for member in self.members)

    @property
    def interviewers(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.who != CANDIDATE)

    @property
    def known(self) -> bool:
        """The directory has answered, and knows everyone."""
        complete = not self.unknown and not self.lacking
        return self.organisation is not None and complete and self.looked_up == self.look_ups

    @property
    def lacking(self) -> tuple[str, ...]:
        """Pools of which the directory knows nobody, and without which a seat stays empty."""
        empty = {seat.pool for seat in self.seats if seat.who is None and seat.asked is None}
        return tuple(pool for pool in self.no_pools if pool in empty)

    @property
    def ever_seated(self) -> frozenset[str]:
        """Directory ids of all who sit on this panel, or once did."""
        return frozenset(one.person for one in (*self.members, *self.left) if one.person is not None)

    @property
    def confidant(self) -> Confidant | None:
        """Give the first whom the organisation names for reports of conduct; who sits, sat or decides here never is."""
        if self.organisation is None:
            return None
        involved = self.ever_seated | {self.organisation.decision_maker, *self.excluded}
        return next((one for one in self.organisation.conduct if one.person not in involved), None)

    def clock(self, who: str) -> Clock:
        """Give the person's civil time; the organisation's, then UTC, where it is not known yet."""
        return self.clocks.get(who) or self.clocks.get("organisation") or UTC_CLOCK

    def seat_of(self, who: str) -> Seat:
        return next(seat for seat in self.seats if seat.who == who)

    def quorum(self, wanted: int | None) -> int:
        """Give how many seats that count must be filled; a stand-in sits for somebody who is counted already."""
        needed = sum(seat.counts and not seat.stand_in for seat in self.seats)
        return min(wanted or needed, needed)


def begin(request: InterviewRequest) -> People:
    """Seat those whom the request names; a pool's seats are filled when a time is claimed."""
    candidate = request.candidate
    first = Member(who=CANDIDATE, name=candidate.name, email=candidate.email, zone=candidate.zone)
    asked = [one for one in request.interviewers for _ in range(one.count)]
    seats = tuple(
        Seat(n=n, role=one.role, pool=one.pool, who=f"i{n}" if one.person is not None else None, asked=one.person)
        for n, one in enumerate(asked, start=1)
    )
    seated = (
        Member(who=f"i{n}", person=one.person, seat=one.role)
        for n, one in enumerate(asked, start=1)
        if one.person is not None
    )
    return People(members=(first, *seated), seats=seats, seats_ever=len(seats), excluded=request.excluded)


# --- rules -----------------------------------------------------------------------------------------------------------


def key(interview: "Interview") -> str:
    """Name the look-up that is owed, or was answered last."""
    return f"{interview.id}/people/all/{interview.people.look_ups}.1"


def decide(command: PeopleCommand, interview: "Interview") -> list[PeopleEvent]:
    now_known = interview.people[CANDIDATE]
    if command.email is None and command.name is None and command.zone is None:
        raise Refused(Code.INVALID_COMMAND, "update_contact changes nothing: give email, name or zone")
    changed = ContactUpdated(
        email=command.email if command.email != now_known.email else None,
        name=command.name if command.name != now_known.name else None,
        zone=command.zone if command.zone != now_known.zone else None,
    )
    return [] if changed == ContactUpdated() else [changed]


def judge(fact: TimezoneRulesChanged, interview: "Interview") -> list[PeopleEvent]:
    """Rules that are known already, or that come after the time they could move, are no news."""
    if fact.tzdata == interview.people.tzdata or interview.session.started_at is not None:
        return []
    return [ZoneRulesRenewed(tzdata=fact.tzdata)]


def newcomer(people: People, seat: int, person: PersonId, taken: tuple[str, ...] = ()) -> Who:
    """Name whoever comes to a seat: as before, where they were here; the seat's own name; or the next that is free."""
    known = [*people.members, *people.left]
    again = next((member.who for member in known if member.person == person), None)
    if again is not None:
        return again
    used = {member.who for member in known} | set(taken)
    if f"i{seat}" not in used:
        return f"i{seat}"
    return next(who for n in range(people.seats_ever + 1, 100) if (who := f"i{n}") not in used)


# --- fold ------------------------------------------------------------------------------------------------------------

Known = tuple[int | None, Slot | None]
"""What those who leave know by now, or will be shown last: the version from which on they are out, and which time."""


def evolve(people: People, event: PeopleEvent, at: datetime, known: Known = (None, None)) -> People:
    """Fold one event in."""
    match event:
        case PeopleLookedUp():
            return _looked_up(people, event, at)
        case ContactUpdated(email=email, name=name, zone=zone):
            was = people[CANDIDATE]
            now = replace(was, email=email or was.email, name=name or was.name, zone=zone or was.zone)
            members = tuple(now if member.who == CANDIDATE else member for member in people.members)
            return replace(people, members=members, look_ups=people.look_ups + (zone is not None))
        case DirectoryAskedAgain():
            return replace(people, look_ups=people.look_ups + 1)
        case ZoneRulesRenewed(tzdata=tzdata):
            return replace(people, look_ups=people.look_ups + 1, tzdata=tzdata)
        case SeatAnswered(whom=whom, answer=answer, held=True):
            return _set_seat(people, people.seat_of(whom).n, to_held=answer)
        case SeatAnswered(whom=whom, answer=answer):
            return _set_seat(people, people.seat_of(whom).n, answer=answer)
        case SeatGiven(change=change, who=who):
            return _given(people, change, who, at, known)
        case ConflictDeclared(whom=whom, person=person, reason=reason):
            conflicts = {**people.conflicts, whom: reason}
            return replace(people, excluded=(*people.excluded, person), conflicts=conflicts)
        case _:
            assert_never(event)


def seated(people: People, panel: Panel, at: datetime, known: Known) -> People:
    """Let people leave their seats and others take them, as a claim has settled it."""
    for one in panel.left:
        people = _leave(people, one.seat, at, known)
        if one.why not in ("not_free", "declined"):  # for another time they are asked again
            people = _set_seat(people, one.seat, asked=None)
        if one.gone:
            people = replace(people, seats=tuple(seat for seat in people.seats if seat.n != one.seat))
    for newcomers in panel.taken:
        people = _take(people, newcomers)
    return people


def asked_to_hold(people: People, proposed_by: str) -> People:
    """Another time is held: what people answered to an earlier one says nothing about it."""
    return replace(
        people,
        seats=tuple(
            replace(seat, to_held="accepted" if seat.who == proposed_by else "needs_action") for seat in people.seats
        ),
    )


def asked_anew(people: People, *, confirmed: bool = False) -> People:
    """Another time is booked, or none: only what was answered to the time that is `confirmed` says something of it."""
    return replace(
        people,
        seats=tuple(replace(seat, answer=seat.to_held if confirmed else "needs_action") for seat in people.seats),
    )


def _looked_up(people: People, event: PeopleLookedUp, at: datetime) -> People:
    by_who = {one.who: one for one in event.people}
    organisation = {one.who: one.clock for one in event.clocks}.get("organisation", UTC_CLOCK)
    return replace(
        people,
        members=tuple(_named(member, by_who.get(member.who)) for member in people.members),
        seats=tuple(_asked_by_id(seat, by_who.get(seat.who or "")) for seat in people.seats),
        organisation=event.organisation,
        clocks={**people.clocks, **{one.who: one.clock for one in event.clocks}},
        zones={one.zone: one for one in event.zones},
        looked_up=people.look_ups,
        unknown=event.unknown,
        no_pools=event.no_pools,
        shifted={**people.shifted, **dict.fromkeys(event.shifted, people.look_ups)},
        shifted_at=at if event.shifted else people.shifted_at,
        tzdata=organisation.tzdata,
    )


def _asked_by_id(seat: Seat, found: Found | None) -> Seat:
    """Requests may name people by address; from the look-up on they are known by their id alone."""
    return seat if found is None or seat.asked is None else replace(seat, asked=found.person)


def _named(member: Member, found: Found | None) -> Member:
    if found is None:
        return member
    return replace(member, person=found.person, name=found.name, email=found.email, has_calendar=found.has_calendar)


def _given(people: People, change: SeatChange, who: str | None, at: datetime, known: Known) -> People:
    """Before a booking: whoever is named is looked up; a pool's seat stays empty until a time is claimed."""
    if change.role is not None:
        seat = Seat(n=change.seat, role=change.role, pool=change.pool, stand_in=change.stand_in)
        look_ups = people.look_ups + (change.pool is not None)
        people = replace(people, seats=(*people.seats, seat), seats_ever=seat.n, look_ups=look_ups)
    else:
        people = _set_seat(_leave(people, change.seat, at, known), change.seat, asked=change.person)
    if change.person is None and change.pool is None and change.role is None and change.why == "removed":
        return replace(people, seats=tuple(seat for seat in people.seats if seat.n != change.seat))
    if change.person is None or who is None:
        return people
    role = next(seat.role for seat in people.seats if seat.n == change.seat)
    come_back = next((member for member in people.left if member.who == who), None)
    member = come_back or Member(who=who, person=change.person)
    people = _join(people, replace(member, seat=role, left_sequence=None, left_at=None, left_slot=None), change.seat)
    return people if come_back is not None else replace(people, look_ups=people.look_ups + 1)


def _leave(people: People, n: int, at: datetime, known: Known) -> People:
    who = next((seat.who for seat in people.seats if seat.n == n), None)
    if who is None:
        return people
    sequence, slot = known
    gone = replace(people[who], left_sequence=sequence, left_at=at, left_slot=slot)
    return replace(
        _set_seat(people, n, who=None),
        members=tuple(member for member in people.members if member.who != who),
        left=(*people.left, gone),
        unknown=tuple(one for one in people.unknown if one != who),
    )


def _take(people: People, taken: SeatTaken) -> People:
    found = taken.found
    if all(seat.n != found.seat for seat in people.seats):
        seat = Seat(n=found.seat, role=taken.role, pool=taken.pool, stand_in=taken.stand_in)
        people = replace(people, seats=(*people.seats, seat), seats_ever=seat.n)
    if taken.named:
        people = _set_seat(people, found.seat, asked=found.person)
    member = Member(
        who=taken.who,
        person=found.person,
        seat=taken.role,
        name=found.name,
        email=found.email,
        has_calendar=found.has_calendar,
    )
    return _join(replace(people, clocks={**people.clocks, taken.who: found.clock}), member, found.seat)


def _join(people: People, member: Member, n: int) -> People:
    others = tuple(one for one in people.members if one.who != member.who)
    return replace(
        _set_seat(people, n, who=member.who),
        members=(*others, member),
        left=tuple(one for one in people.left if one.who != member.who),
    )


def _set_seat(
    people: People,
    n: int,
    *,
    answer: Answer | None = None,
    to_held: Answer | None = None,
    who: str | None = _AS_IT_IS,
    asked: str | None = _AS_IT_IS,
) -> People:
    """Whoever comes has answered nothing yet."""

    def changed(seat: Seat) -> Seat:
        if who is not _AS_IT_IS:
            return replace(seat, who=who, answer="needs_action", to_held="needs_action")
        return replace(
            seat,
            answer=answer or seat.answer,
            to_held=to_held or seat.to_held,
            asked=seat.asked if asked is _AS_IT_IS else asked,
        )

    return replace(people, seats=tuple(changed(seat) if seat.n == n else seat for seat in people.seats))
