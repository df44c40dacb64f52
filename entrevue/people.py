"""Who takes part in one interview: names and addresses as known today, seats, and everybody's civil time."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import UTC_CLOCK, Clock
from entrevue.orders import ClockOf, Found, Organisation
from entrevue.request import InterviewRequest, Policy
from entrevue.scheduling import OfferLapsed, SearchRequested, offered_in_vain
from entrevue.values import (
    CANDIDATE,
    Actor,
    Code,
    EmailAddress,
    Intake,
    Message,
    Name,
    Refused,
    SeatRole,
    Who,
    ZoneName,
)

if TYPE_CHECKING:
    from entrevue.interview import Interview

# --- command ---------------------------------------------------------------------------------------------------------


class UpdateContact(Intake):
    """Correct how the candidate is reached; letters that bounced are sent again to the new address."""

    kind: Literal["update_contact"] = "update_contact"
    by: Actor
    email: Annotated[EmailAddress | None, Field(description="leave out to keep the address")] = None
    name: Name | None = None
    zone: ZoneName | None = None


# --- events ----------------------------------------------------------------------------------------------------------


class PeopleLookedUp(Message):
    kind: Literal["people_looked_up"] = "people_looked_up"
    organisation: Organisation
    people: tuple[Found, ...]
    clocks: tuple[ClockOf, ...]
    unknown: tuple[Who, ...] = ()
    policy: Policy | None = None
    """Fixed by the first look-up, whole: a default that changes later moves no promise already made."""


class ContactUpdated(Message):
    """Only what changed. A new zone or address means that the directory is asked again."""

    kind: Literal["contact_updated"] = "contact_updated"
    email: EmailAddress | None = None
    name: Name | None = None
    zone: ZoneName | None = None


class DirectoryAskedAgain(Message):
    """Somebody says that the directory knows everyone now."""

    kind: Literal["directory_asked_again"] = "directory_asked_again"


PeopleCommand = UpdateContact
PeopleEvent = PeopleLookedUp | ContactUpdated | DirectoryAskedAgain
Outcome = PeopleEvent | OfferLapsed | SearchRequested
"""What this module decides; that a fresh offer is owed is scheduling's event."""

# --- state -----------------------------------------------------------------------------------------------------------


Answer = Literal["needs_action", "accepted", "tentative", "declined"]


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One place on the panel, whoever sits there: `who` is None while it is empty, or its pool has not been asked."""

    n: int
    role: SeatRole
    pool: str | None = None
    who: str | None = None
    answer: Answer = "needs_action"
    stand_in: bool = False
    """Added because somebody was missing: who sits here counts in their place, and is not missed besides."""

    @property
    def counts(self) -> bool:
        """OPTIONAL, SHADOW and REVERSE_SHADOW never count (lifecycle, section 8: quorum)."""
        return self.role in (SeatRole.LEAD, SeatRole.REQUIRED)


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

    @property
    def counts(self) -> bool:
        return self.seat in (SeatRole.LEAD, SeatRole.REQUIRED)


@dataclass(frozen=True, kw_only=True)
class People:
    members: tuple[Member, ...]
    """Who takes part now."""
    seats: tuple[Seat, ...] = ()
    left: tuple[Member, ...] = ()
    """Who has left the panel, or could not come; whoever comes back has their old `who`."""
    excluded: tuple[str, ...] = ()
    """Directory ids of those who must not be seated: a conflict of interest."""
    organisation: Organisation | None = None
    clocks: dict[str, Clock] = field(default_factory=dict)
    look_ups: int = 1
    """How often the directory had to be asked; the number is part of the order's key."""
    looked_up: int = 0
    unknown: tuple[str, ...] = ()

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
        return self.organisation is not None and not self.unknown and self.looked_up == self.look_ups

    def clock(self, who: str) -> Clock:
        """Give the person's civil time; the organisation's, then UTC, where it is not known yet."""
        return self.clocks.get(who) or self.clocks.get("organisation") or UTC_CLOCK


def begin(request: InterviewRequest) -> People:
    """Seat those whom the request names; a pool's seats are filled when a time is claimed."""
    candidate = request.candidate
    first = Member(who=CANDIDATE, name=candidate.name, email=candidate.email, zone=candidate.zone)
    asked = [one for one in request.interviewers for _ in range(one.count)]
    seats = tuple(
        Seat(n=n, role=one.role, pool=one.pool, who=f"i{n}" if one.person is not None else None)
        for n, one in enumerate(asked, start=1)
    )
    seated = (
        Member(who=f"i{n}", person=one.person, seat=one.role)
        for n, one in enumerate(asked, start=1)
        if one.person is not None
    )
    return People(members=(first, *seated), seats=seats, excluded=request.excluded)


# --- rules -----------------------------------------------------------------------------------------------------------


def key(interview: "Interview") -> str:
    """Name the look-up that is owed, or was answered last."""
    return f"{interview.id}/people/all/{interview.people.look_ups}.1"


def decide(command: PeopleCommand, interview: "Interview") -> list[Outcome]:
    now_known = interview.people[CANDIDATE]
    if command.email is None and command.name is None and command.zone is None:
        raise Refused(Code.INVALID_COMMAND, "update_contact changes nothing: give email, name or zone")
    changed = ContactUpdated(
        email=command.email if command.email != now_known.email else None,
        name=command.name if command.name != now_known.name else None,
        zone=command.zone if command.zone != now_known.zone else None,
    )
    if changed == ContactUpdated():
        return []
    again = offered_in_vain(interview) if changed.email is not None else []
    return [changed, *again]


def evolve(people: People, event: PeopleEvent) -> People:
    match event:
        case PeopleLookedUp(people=found, clocks=clocks):
            by_who = {one.who: one for one in found}
            return replace(
                people,
                members=tuple(_named(member, by_who.get(member.who)) for member in people.members),
                organisation=event.organisation,
                clocks={one.who: one.clock for one in clocks},
                looked_up=people.look_ups,
                unknown=event.unknown,
            )
        case ContactUpdated(email=email, name=name, zone=zone):
            was = people[CANDIDATE]
            now = replace(was, email=email or was.email, name=name or was.name, zone=zone or was.zone)
            members = tuple(now if member.who == CANDIDATE else member for member in people.members)
            return replace(people, members=members, look_ups=people.look_ups + (zone is not None))
        case DirectoryAskedAgain():
            return replace(people, look_ups=people.look_ups + 1)
        case _:
            assert_never(event)


def _named(member: Member, found: Found | None) -> Member:
    if found is None:
        return member
    return replace(member, person=found.person, name=found.name, email=found.email, has_calendar=found.has_calendar)
