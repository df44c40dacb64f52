"""What each interviewer carries into the session from earlier ones: asked for a day ahead, once a person."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from entrevue.learning import subject_of
from entrevue.orders import Brief, Briefed, BriefsFound, LookUpBriefs
from entrevue.values import Message

if TYPE_CHECKING:
    from entrevue.interview import Interview

# --- event and state -------------------------------------------------------------------------------------------------


class BriefsGathered(Message):
    kind: Literal["briefs_gathered"] = "briefs_gathered"
    briefs: tuple[Brief, ...]


Briefs = dict[str, Brief]
"""By interviewer; for the eyes of each alone."""

# --- rules -----------------------------------------------------------------------------------------------------------


def key(interview: "Interview", who: tuple[str, ...]) -> str:
    return f"{interview.id}/briefs/{'-'.join(who)}/{interview.scheduling.revision}.1"


def order(interview: "Interview", now: datetime) -> LookUpBriefs | None:
    """Owed from the day reminder on, until the session begins, of those whose brief is not there yet."""
    lacking = _lacking(interview)
    opens = _opens(interview)
    if opens is None or now < opens or not lacking:
        return None
    return LookUpBriefs(
        key=key(interview, tuple(one.who for one in lacking)),
        lane="briefs",
        interview=interview.id,
        now=now,
        people=lacking,
    )


def moments(interview: "Interview") -> Iterator[datetime]:
    opens = _opens(interview)
    if opens is not None and _lacking(interview):
        yield opens


def _opens(interview: "Interview") -> datetime | None:
    booking, started = interview.scheduling.booking, interview.session.started_at is not None
    over = started or interview.closed is not None or interview.session.no_show is not None
    if booking is None or over or interview.request.practice:
        return None
    return booking.slot.start - interview.policy.remind_before[0]


def _lacking(interview: "Interview") -> tuple[Briefed, ...]:
    return tuple(
        Briefed(who=member.who, subject=subject_of(interview, member.who))
        for member in interview.people.members
        if member.who not in interview.briefs
    )


def answered(answer: BriefsFound, interview: "Interview") -> list[BriefsGathered]:
    new = tuple(one for one in answer.briefs if one.who not in interview.briefs)
    return [BriefsGathered(briefs=new)] if new else []


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Briefs, event: BriefsGathered) -> Briefs:
    return {**state, **{one.who: one for one in event.briefs}}
