"""What everybody carries into the session from earlier ones: looked up a day ahead, once a person and booking."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from entrevue.learning import subject_of
from entrevue.letters import Brief
from entrevue.orders import Briefed, BriefsFound, LookUpBriefs
from entrevue.values import Message

if TYPE_CHECKING:
    from entrevue.interview import Interview

# --- event and state -------------------------------------------------------------------------------------------------


class BriefsGathered(Message):
    kind: Literal["briefs_gathered"] = "briefs_gathered"
    briefs: tuple[Brief, ...]


Briefs = dict[str, Brief]
"""By person, for the session that is booked; for the eyes of each alone."""

# --- rules -----------------------------------------------------------------------------------------------------------


def order(interview: "Interview", now: datetime) -> LookUpBriefs | None:
    """Owed from the day reminder on, until the session begins, of those whose brief is not there yet."""
    opens, lacking = _opens(interview), _lacking(interview)
    if opens is None or now < opens or not lacking:
        return None
    return LookUpBriefs(
        key=_key(interview, tuple(one.who for one in lacking)),
        lane="briefs",
        interview=interview.id,
        now=now,
        people=lacking,
    )


def moments(interview: "Interview") -> Iterator[datetime]:
    """Name the instant at which it falls due."""
    opens = _opens(interview)
    if opens is not None and _lacking(interview):
        yield opens


def _key(interview: "Interview", who: tuple[str, ...]) -> str:
    return f"{interview.id}/briefs/{'-'.join(who)}/{_booked(interview)}.1"


def _booked(interview: "Interview") -> int | None:
    """Give the revision of the booking that the briefs are for."""
    booking = interview.scheduling.booking
    return booking.revision if booking is not None else None


def _opens(interview: "Interview") -> datetime | None:
    """Give the instant from which briefs are wanted; None where there is no session ahead that is no practice."""
    booking, session = interview.scheduling.booking, interview.session
    over = session.started_at is not None or session.no_show is not None or interview.closed is not None
    if booking is None or over or interview.scheduling.paused or interview.request.practice:
        return None
    return booking.slot.start - interview.policy.remind_before[0]


def _lacking(interview: "Interview") -> tuple[Briefed, ...]:
    """List who has none. Nothing is booked before the directory knows everyone: nobody is but an address any more."""
    return tuple(
        Briefed(who=member.who, subject=subject_of(interview, member.who))
        for member in interview.people.members
        if member.who not in interview.briefs
    )


def answered(answer: BriefsFound, interview: "Interview") -> list[BriefsGathered]:
    """Whoever was asked for and has learned nothing yet has an empty brief; one for an earlier booking is stale."""
    _, effect, asked, version = answer.key.split("/")
    if effect != "briefs" or version != f"{_booked(interview)}.1":
        return []
    found = {one.who: one for one in answer.briefs}
    new = [found.get(who, Brief(who=who)) for who in asked.split("-") if who not in interview.briefs]
    return [BriefsGathered(briefs=tuple(new))] if new else []


def to_try(interview: "Interview", who: str) -> str | None:
    """Say what they wanted to try when this interview began."""
    brief = interview.briefs.get(who)
    return brief.improvement.text if brief is not None and brief.improvement is not None else None


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Briefs, event: BriefsGathered) -> Briefs:
    return {**state, **{one.who: one for one in event.briefs}}
