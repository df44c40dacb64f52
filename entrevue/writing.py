"""One letter that is due, and what it says: shared by letters that follow an event and those that remind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from entrevue import drift
from entrevue.evaluation import assigned
from entrevue.letters import Letter, Line, TurnTo
from entrevue.report import lines
from entrevue.rubrics import AGENDA
from entrevue.scheduling import Shown
from entrevue.values import CANDIDATE, CalendarEvent, Slot

if TYPE_CHECKING:
    from entrevue.interview import Interview

SAME_DAY = timedelta(hours=24)

MAYBE_SENT = ("queued", "sent", "unsure")


@dataclass(frozen=True, kw_only=True)
class Due:
    """One letter: not before `at`, not from `until` on, and not at night unless it may come at any hour."""

    kind: str
    whom: str
    version: str
    at: datetime
    until: datetime | None
    write: Callable[[datetime], Letter]
    """Give the text, as of the letter's Date."""
    any_hour: bool = False
    business_day: bool = False
    """Not before a business day of the reader's."""


def is_near(at: datetime, *slots: Slot | None) -> bool:
    """Whether the booked time, or the one it was moved from, is so close that the night must not be waited for."""
    return min(slot.start for slot in slots if slot is not None) - at < SAME_DAY


def to_candidate(kind: str, at: datetime, write: Callable[[datetime], Letter]) -> Due:
    return Due(kind=kind, whom=CANDIDATE, version="1", at=at, until=None, write=write)


# --- what letters say ------------------------------------------------------------------------------------------------


def event_for(interview: "Interview", whom: str, shown: Shown) -> CalendarEvent:
    """Give the event as this person may see it: the candidate's and the panel's are two, with a UID each."""
    candidate, role = interview.people[CANDIDATE].name, interview.request.role
    organisation = interview.people.organisation
    company = organisation.name if organisation else ""
    for_candidate = whom == CANDIDATE
    names = ", ".join(others(interview, whom))
    return CalendarEvent(
        uid=f"{interview.id}.c1" if for_candidate else drift.uid(interview, whom),
        sequence=shown.sequence,
        stamp=shown.at,
        slot=shown.slot,
        summary=f"Interview with {company}: {role}" if for_candidate else f"Interview: {candidate}, {role}",
        description=f"With {names}.\n\n" + "\n".join(AGENDA),
        location=location(interview),
        cancelled=shown.cancelled,
    )


def location(interview: "Interview") -> str | None:
    """Give the link or the place: the request's, the room that it was given, else what the directory's template makes.

    A room is given only where there is no template, or was none when people were told to come.
    """
    request, organisation = interview.request, interview.people.organisation
    template = organisation.conference_link if organisation else None
    made = template.replace("{id}", interview.id) if template else None
    return request.conference_link or request.location or made or interview.room


def turn_to(interview: "Interview") -> TurnTo | None:
    """Say whom both sides can write to if something was not all right."""
    named = interview.people.confidant
    return TurnTo(name=named.name, email=named.email) if named is not None else None


def others(interview: "Interview", whom: str) -> tuple[str, ...]:
    return tuple(member.name for member in interview.people.members if member.who != whom and member.name)


def written_for(interview: "Interview", whom: str, at: datetime) -> tuple[Line, ...]:
    """Give what the other side wrote for this reader, as far as they may read it by then."""
    others = (one for one in lines(interview, whom, at) if (one.who == CANDIDATE) != (whom == CANDIDATE))
    return tuple(Line(name=one.name, text=one.text) for one in others)


def asked_for_form(interview: "Interview", whom: str) -> datetime | None:
    """Give the Date of the request for their form, where it has left."""
    version = str(interview.session.n)
    sent = [one for one in interview.effects.of("form_request", whom) if one.was == "sent" and one.version == version]
    return sent[-1].date if sent else None


def scale(interview: "Interview", whom: str) -> tuple[str, ...]:
    """Give the scale this interviewer will rate on, anchors written out."""
    anchors = interview.rubric.competencies
    return tuple(
        f"{name.replace('_', ' ')}: 1 = {anchors[name].one} 3 = {anchors[name].three} 5 = {anchors[name].five}"
        for name in assigned(interview, whom)
    )
