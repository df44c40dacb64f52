"""Who was there, and for how much of it: what sources and people tell, and whether it makes a panel.

Missing evidence is not absence: while nobody has told anything, everyone is presumed to be there. Where a source told
of anybody, it would have told of the others. A person's word weighs more than a source's; what a source sees later
weighs more than an earlier word.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from entrevue.people import Seat
from entrevue.values import CANDIDATE, Slot, side_of

if TYPE_CHECKING:
    from entrevue.interview import Interview

Party = Literal["candidate", "company", "both"]

_SEEN_REMEMBERED = 200


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A source saw somebody join or leave."""

    at: datetime
    joined: bool


@dataclass(frozen=True, kw_only=True)
class Attendance:
    """What is known of one person. Sightings stand in the order in which they happened, however late they came."""

    seen: tuple[Seen, ...] = ()
    marked: bool | None = None
    marked_at: datetime | None = None

    @property
    def present(self) -> bool:
        """Whether they are there as far as a source knows."""
        return bool(self.seen) and self.seen[-1].joined

    @property
    def left_at(self) -> datetime | None:
        return self.seen[-1].at if self.seen and not self.seen[-1].joined else None

    def was_there(self, at: datetime) -> bool:
        """Whether they had joined and not left; whoever is first seen to leave was there before."""
        before = [one for one in self.seen if one.at <= at]
        return before[-1].joined if before else bool(self.seen) and not self.seen[0].joined

    def stayed(self, start: datetime, end: datetime) -> timedelta:
        """Add up all their stays between the two instants."""
        stayed, since = timedelta(), None if not self.seen or self.seen[0].joined else start
        for one in self.seen:
            if one.joined:
                since = since or one.at
            elif since is not None:
                stayed += max(min(one.at, end) - max(since, start), timedelta())
                since = None
        return stayed if since is None else stayed + max(end - max(since, start), timedelta())


def sighted(was: Attendance, seen: Seen) -> Attendance:
    """Somebody who was said to be absent, and is seen to join afterwards, has come after all."""
    ordered = tuple(sorted((*was.seen, seen), key=lambda one: one.at))[-_SEEN_REMEMBERED:]
    came_after_all = was.marked is False and seen.joined and was.marked_at is not None and seen.at >= was.marked_at
    return replace(was, seen=ordered, marked=None if came_after_all else was.marked)


# --- is anybody missing? ---------------------------------------------------------------------------------------------


def met_at(interview: "Interview", booked: Slot) -> datetime | None:
    """Give the first instant at which the candidate and a quorum were there together."""
    joined = {one.at for who in interview.session.attendance.values() for one in who.seen if one.joined}
    return next((at for at in sorted({booked.start, *joined}) if _are_complete(interview, at)), None)


def missing(interview: "Interview", booked: Slot) -> Party | None:
    """Say which side is absent. Who waited until the grace was over has come, though they may have left since."""
    company, candidate = _is_below_quorum(interview, booked), not _has_come(interview, booked, CANDIDATE)
    if company and candidate:
        return "both"
    return "company" if company else "candidate" if candidate else None


def missed(interview: "Interview") -> tuple[str, ...]:
    """Name those who are expected and have not come, while the others wait for them."""
    booking = interview.scheduling.booking
    if booking is None or not _is_awaited(interview):
        return ()
    candidate = () if _has_come(interview, booking.slot, CANDIDATE) else (CANDIDATE,)
    declined = _declined(interview)
    panel = (seat.who for seat in below_quorum(interview) if seat.who is not None and seat.who not in declined)
    return (*candidate, *panel)


def below_quorum(interview: "Interview") -> tuple[Seat, ...]:
    """Give the needed seats that nobody has taken, where too few people have come to begin; otherwise none.

    None, too, while nobody has told anything, and when the session has begun or is under review. Before the soft grace
    is over (`grace`), nobody is late.
    """
    booking = interview.scheduling.booking
    if booking is None or not _is_awaited(interview) or not _is_below_quorum(interview, booking.slot):
        return ()
    return tuple(
        seat for seat in needed_seats(interview) if seat.who is None or not _has_come(interview, booking.slot, seat.who)
    )


def needed_seats(interview: "Interview") -> tuple[Seat, ...]:
    """Give the seats of which a quorum is needed. A stand-in counts in somebody's place, not besides."""
    return tuple(seat for seat in interview.people.seats if seat.counts and not seat.stand_in)


def quorum(interview: "Interview") -> int:
    """Say how many of the seats that count must be there for the session to begin."""
    needed = len(needed_seats(interview))
    return max(1, min(interview.policy.quorum or needed, needed))


def grace(interview: "Interview", booked: Slot) -> tuple[datetime, datetime]:
    """Give the ends of the soft and of the hard grace; somebody may have asked to wait longer."""
    policy, waiting = interview.policy, interview.session.waiting
    hard = booked.start + policy.grace_hard
    return booked.start + policy.grace_soft, waiting.until if waiting is not None else hard


def is_there(interview: "Interview", who: str) -> bool:
    """Say whether somebody is there now, as far as anybody tells."""
    one = _of(interview, who)
    return _told_or_presumed(interview, who, seen=one.present)


def _are_complete(interview: "Interview", at: datetime) -> bool:
    def there(who: str) -> bool:
        return _told_or_presumed(interview, who, seen=_of(interview, who).was_there(at))

    return there(CANDIDATE) and _count(interview, there) >= quorum(interview)


def _is_below_quorum(interview: "Interview", booked: Slot) -> bool:
    return _count(interview, lambda who: _has_come(interview, booked, who)) < quorum(interview)


def _count(interview: "Interview", there: Callable[[str], bool]) -> int:
    return len(
        {seat.who for seat in interview.people.seats if seat.counts and seat.who is not None and there(seat.who)}
    )


def _has_come(interview: "Interview", booked: Slot, who: str) -> bool:
    """Whoever was there when the grace was over, or when the longer wait was."""
    one, ends = _of(interview, who), (booked.start + interview.policy.grace_hard, grace(interview, booked)[1])
    return _told_or_presumed(interview, who, seen=any(one.was_there(at) for at in ends))


def _told_or_presumed(interview: "Interview", who: str, *, seen: bool) -> bool:
    one = _of(interview, who)
    if one.marked is not None:
        return one.marked
    return seen if sourced(interview) else _is_presumed(interview, who)


def _is_presumed(interview: "Interview", who: str) -> bool:
    """Nobody is presumed to be there who has said no, or whose side is said to be absent."""
    session = interview.session
    said = [one.party for one in (session.waiting, session.no_show) if one is not None]
    return who not in _declined(interview) and not {"both", side_of(who).value} & set(said)


def _is_awaited(interview: "Interview") -> bool:
    """The session has not begun, and somebody tells who has come, or that somebody has not."""
    session = interview.session
    begun = session.started_at is not None or session.no_show is not None
    told = session.recorded or (session.waiting is not None and session.waiting.party is not None)
    return told and not begun


def _declined(interview: "Interview") -> set[str]:
    return {seat.who for seat in interview.people.seats if seat.answer == "declined" and seat.who is not None}


def _of(interview: "Interview", who: str) -> Attendance:
    return interview.session.attendance.get(who, Attendance())


def sourced(interview: "Interview") -> bool:
    """Whether a source tells of this session: then whom it does not tell of is not there."""
    return any(one.seen for one in interview.session.attendance.values())


# --- who took part, and how long -------------------------------------------------------------------------------------


def attended(interview: "Interview", start: datetime, end: datetime) -> dict[str, bool]:
    """Name those who were at the session, and say of each whether it was only for a part of it.

    A session that has begun has met its candidate, and whoever pressed start, though no source may have seen them.
    """
    told, declined = sourced(interview), _declined(interview)
    there: dict[str, bool] = {}
    for who in (member.who for member in interview.people.members):
        one, witness = _of(interview, who), who in (CANDIDATE, interview.session.started_by)
        stayed = one.stayed(start, end)
        if one.marked:
            there[who] = False
        elif one.marked is None and one.seen and (stayed or witness):
            there[who] = stayed < (end - start) * interview.policy.attended_share
        elif one.marked is None and not one.seen and (witness or not (told or who in declined)):
            there[who] = False
    return there


def attended_by_ruling(interview: "Interview") -> dict[str, bool]:
    """It is ruled that they met: the candidate, and of the panel whoever was needed or seen, unless marked absent."""
    declined = _declined(interview)
    there: dict[str, bool] = {}
    for member in interview.people.members:
        one = _of(interview, member.who)
        needed = bool(one.seen) or (member.counts and member.who not in declined)
        if member.who == CANDIDATE or (needed if one.marked is None else one.marked):
            there[member.who] = False
    return there
