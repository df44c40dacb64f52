"""Exactly one inviter a person: their calendar where we write it, else our mail; and what becomes of the other one."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from entrevue import drift, effects
from entrevue.effects import Posted, letter_key
from entrevue.scheduling import Shown
from entrevue.values import CalendarEvent
from entrevue.writing import MAYBE_SENT, event_for

if TYPE_CHECKING:
    from entrevue.interview import Interview


def by_mail(interview: "Interview", whom: str) -> bool:
    return not interview.people[whom].has_calendar


def stands_as(interview: "Interview", whom: str) -> str | None:
    """Give the UID by which their calendar program knows what we have written there; None where nothing stands."""
    held = interview.effects.calendars.get(whom)
    return (held.ical_uid or held.uid) if held is not None and held.present else None


def brought(interview: "Interview", whom: str) -> dict[str, Posted]:
    """Give, by UID, the letters that brought an event which no later letter took out again; the newest is the last.

    What may have left may have brought it. Taken out it is when that has left: to be told so twice does no harm.
    Letters to one person leave one after the other, so that their Dates tell which came first.
    """
    letters = [one for one in interview.effects.messages.values() if one.whom == whom and one.was in MAYBE_SENT]
    there: dict[str, Posted] = {}
    for one in sorted(letters, key=lambda one: one.date):
        if one.ics is None or (one.letter != "invitation" and one.was == "queued"):
            continue
        there.pop(one.ics, None)
        if one.letter == "invitation":
            there[one.ics] = one
    return there


def spare(interview: "Interview", whom: str) -> str | None:
    """Give the UID of an event that a letter brought, and that must go: they know the interview by another one."""
    stands, there = stands_as(interview, whom), list(brought(interview, whom))
    kept = stands or (there[-1] if there and by_mail(interview, whom) else None)
    return next((uid for uid in there if uid != kept), None)


def is_left_to_mail(interview: "Interview", whom: str) -> bool:
    """Whether an event of ours stands in a calendar that we write no more: a letter must take it out."""
    return by_mail(interview, whom) and stands_as(interview, whom) is not None


# --- what letters carry ----------------------------------------------------------------------------------------------

Carried = tuple[CalendarEvent, bool]
"""The event; and whether the letter brings it, or takes it out, as an iTIP object."""


def to_bring(interview: "Interview", whom: str, shown: Shown) -> Carried:
    """Give the event for an invitation: by mail under the UID by which the reader's program knows it already."""
    event, begun = event_for(interview, whom, shown), _begun(interview, "invitation", whom, shown.sequence)
    if begun is None and not by_mail(interview, whom):
        return event, False
    return _under(interview, event, begun or _known_as(interview, whom)), True


def to_take_out(interview: "Interview", whom: str, shown: Shown, sequence: int) -> Carried:
    """Give the event for a cancellation: where we write their calendar, only what a letter has brought before."""
    event, begun = event_for(interview, whom, shown), _begun(interview, "cancellation", whom, sequence)
    extra = begun or spare(interview, whom) or next(reversed(brought(interview, whom)), None)
    if by_mail(interview, whom):
        return _under(interview, event, begun or _known_as(interview, whom)), True
    return _under(interview, event, extra), extra is not None


def to_tidy(interview: "Interview", whom: str, shown: Shown, letter: Posted, at: datetime) -> CalendarEvent:
    """Give the event that only this letter brought: its UID ends with a version that is later than any which came."""
    last = {"sequence": int(letter.version) + 1, "stamp": at, "cancelled": True}
    return _under(interview, event_for(interview, whom, shown).model_copy(update=last), letter.ics)


def _begun(interview: "Interview", letter: str, whom: str, version: int) -> str | None:
    """Whatever changes meanwhile: a letter that may have left is the same when it is tried again."""
    base = letter_key(interview.id, letter, whom, str(version))
    known = interview.effects.messages.get(interview.effects.key(base))
    return known.ics if known is not None else None


def _known_as(interview: "Interview", whom: str) -> str | None:
    return stands_as(interview, whom) or next(reversed(brought(interview, whom)), None)


def _under(interview: "Interview", event: CalendarEvent, uid: str | None) -> CalendarEvent:
    """A UID of our own making has an ORGANIZER of its own, too; a provider's is only what programs know it by."""
    if uid is None or uid == event.uid:
        return event
    ours = uid.startswith(f"{interview.id}.")
    return event.model_copy(update={"uid": uid} if ours else {"ical_uid": uid})


# --- part of the fold ------------------------------------------------------------------------------------------------


def follows(interview: "Interview", before: "Interview") -> "Interview":
    """The directory says that somebody's calendar is written from now on, or no longer. What stands there, stays so."""
    for member in interview.people.interviewers:
        seated = (*before.people.members, *before.people.left)
        was_written = any(one.who == member.who and one.has_calendar for one in seated)
        begins = member.has_calendar and (not was_written or member.who not in before.people)
        if begins and stands_as(interview, member.who) is None:
            interview = _to_calendar(interview, member.who)
        elif was_written and not member.has_calendar:
            nothing_lost = drift.readable(interview.drift, member.who)
            interview = _to_mail(replace(interview, drift=nothing_lost), member.who)
    return interview


def _to_calendar(interview: "Interview", whom: str) -> "Interview":
    """An event that a letter brought is never written under its UID: what takes out the one would take the other."""
    uid = drift.uid(interview, whom)
    carry = [one for one in interview.effects.messages.values() if (one.whom, one.ics) == (whom, uid)]
    if all(one.was not in MAYBE_SENT for one in carry):
        return interview
    return replace(interview, drift=drift.another_generation(interview.drift, whom))


def _to_mail(interview: "Interview", whom: str) -> "Interview":
    """Whoever was told that we do it in their calendar, and there it has not been done, is told once more: by mail."""
    shown, held = interview.scheduling.shown, interview.effects.calendars.get(whom)
    there = held.sequence if held is not None and held.present else None
    if shown is None or there == (None if shown.cancelled else shown.sequence):
        return interview
    told = [
        one.key
        for one in interview.effects.of("cancellation" if shown.cancelled else "invitation", whom)
        if one.version == str(shown.sequence) and one.was in MAYBE_SENT and one.ics is None
    ]
    return replace(interview, effects=effects.tried_anew(interview.effects, told[-1:]))
