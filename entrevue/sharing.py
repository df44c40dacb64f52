"""Interviews of one process on one day share the candidate's mails: who tells of whom, and on what evidence.

They know of each other by looking alone. A letter of ours is left out only where another interview says that its own
has left, and named this one at its present time. In doubt each sends its own: two are a nuisance, none is a failure.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from entrevue.civil import instant, local, waking
from entrevue.evaluation import knows_outcome
from entrevue.learning import candidate_key
from entrevue.letters import Shareable, Sibling
from entrevue.orders import BriefsFound, LookUpBriefs, SameDay
from entrevue.scheduling import Booking
from entrevue.values import CANDIDATE, Instant, InterviewId, Message
from entrevue.writing import MAYBE_SENT, location, others, written_for

if TYPE_CHECKING:
    from entrevue.interview import Interview

LOOK_AHEAD = timedelta(minutes=10)
"""So long before a letter the others are looked at. Whatever has not answered by then delays nothing."""

_PAUSE = timedelta(minutes=5)
"""So long the request for the candidate's form waits for what the others say, after the session."""

_RUNS_ON = timedelta(hours=3)
"""Later interviews are named an hour before the first, unless there is a longer gap before them: then one is reminded
anew."""

_OVERRUN, _MARGIN = timedelta(minutes=40), timedelta(minutes=30)
"""How late after its planned end the last interview of the day asks for forms, and how much later each asks itself."""

_AFTER_THEIRS = timedelta(hours=1)
"""So long after the other interview's reminder of a form ours would come."""

_MOST_LINES = 20
"""Lines of other interviews in one letter: what mail programs cut off begins at 102 KB, and a line takes up to two."""

Stage = Literal["day", "hour", "form", "after", "again"]
"""Before which letter a look is taken: the two reminders, the request for the form, the same where another interview
was to ask for it and may not have, and the reminder of the form."""

# --- event and state -------------------------------------------------------------------------------------------------


class DayLookedUp(Message):
    """What the other interviews of the day said. `covered`: which letters of ours theirs have made needless."""

    kind: Literal["day_looked_up"] = "day_looked_up"
    stage: Stage
    siblings: tuple[Sibling, ...]
    covered: tuple[Shareable, ...]


@dataclass(frozen=True, kw_only=True)
class Look:
    stage: Stage
    at: datetime
    siblings: tuple[Sibling, ...]
    covered: tuple[Shareable, ...]


Looks = tuple[Look, ...]
"""Of the booking that holds, in the order in which they were taken."""


class Asked(Message):
    """One interview asks another whether it belongs to this day, and whether its letters have named whoever asks."""

    interview: InterviewId
    day: SameDay
    now: Instant
    """By which the candidate may, or may not yet, read what was written for them."""


class Shared(Message):
    """What an interview says to that; nothing, where it is another candidate's."""

    sibling: Sibling | None = None
    covered: tuple[Shareable, ...] = ()


# --- what we say to others -------------------------------------------------------------------------------------------


def answer(interview: "Interview", asked: Asked) -> Shared:
    if candidate_key(interview) != asked.day.candidate or interview.request.practice:
        return Shared()
    kinds: tuple[Shareable, ...] = ("day_reminder", "hour_reminder", "form_request", "form_reminder")
    return Shared(
        sibling=_as_sibling(interview, asked.day, asked.now),
        covered=tuple(kind for kind in kinds if _has_named(interview, kind, asked)),
    )


def _as_sibling(interview: "Interview", day: SameDay, now: datetime) -> Sibling | None:
    """None: nothing of ours is booked on that day, or stands in doubt, or nothing of it is left to tell."""
    booking, session = interview.scheduling.booking, interview.session
    off = interview.closed is not None or interview.scheduling.paused or session.no_show is not None
    if booking is None or off or not day.start <= booking.slot.start < day.end:
        return None
    over = session.ended_at is not None
    if over and not _may_be_asked_for(interview):
        return None
    return Sibling(
        interview=interview.id,
        slot=booking.slot,
        location=location(interview),
        with_names=others(interview, CANDIDATE),
        lines=written_for(interview, CANDIDATE, now) if now < booking.slot.start else (),
        over=over,
    )


def _may_be_asked_for(interview: "Interview") -> bool:
    """Whether the candidate's form is open, and no letter has asked for it yet."""
    form, asked = interview.evaluation.forms.get(CANDIDATE), interview.effects.of("form_request", CANDIDATE)
    version = str(interview.session.n)
    is_asked = any(one.was in MAYBE_SENT and one.version == version for one in asked)
    is_open = form is not None and form.was == "open" and not form.partial
    return is_open and not is_asked and not knows_outcome(interview)


def _has_named(interview: "Interview", kind: Shareable, asked: Asked) -> bool:
    """A letter that may not have arrived has told nobody anything; nor has one for which a line came too late."""
    named = (
        sibling
        for posted in interview.effects.of(kind, CANDIDATE)
        if posted.was == "sent"
        for sibling in named_in(interview, kind, posted.date)
    )
    ours = (one for one in named if (one.interview, one.slot.start) == (asked.interview, asked.day.at))
    return any(kind != "hour_reminder" or {*asked.day.lines} <= {*one.lines} for one in ours)


# --- what our letters say --------------------------------------------------------------------------------------------


def named_in(interview: "Interview", kind: Shareable, date: datetime) -> tuple[Sibling, ...]:
    """Give the interviews that our letter of this date names: as they were known then, so that it can be told later."""
    booking, look = interview.scheduling.booking, _newest(interview, date)
    if booking is None or look is None:
        return ()
    match kind:
        case "day_reminder":
            return tuple(one for one in look.siblings if not one.over)
        case "hour_reminder":
            return tuple(_running_on(look.siblings, booking))
        case "form_request":
            return tuple(one for one in look.siblings if one.over) if look.stage in ("form", "after") else ()
        case "form_reminder":
            requests = [one.date for one in interview.effects.of("form_request", CANDIDATE) if one.was == "sent"]
            return named_in(interview, "form_request", max(requests)) if requests else ()


def _newest(interview: "Interview", date: datetime) -> Look | None:
    return next((look for look in reversed(interview.looks) if look.at <= date), None)


def _running_on(siblings: Iterable[Sibling], booking: Booking) -> Iterator[Sibling]:
    """Give the later ones, up to the first long gap."""
    end = booking.slot.end
    for one in siblings:
        if one.over or one.slot.start < booking.slot.start:
            continue
        if one.slot.start - end > _RUNS_ON:
            return
        yield one
        end = max(end, one.slot.end)


# --- which letters of ours are needless, and which wait --------------------------------------------------------------


def is_covered(interview: "Interview", kind: Shareable) -> bool:
    """Whether another interview's letter has told the candidate what ours of this kind would."""
    return any(kind in look.covered for look in interview.looks)


def form_from(interview: "Interview", ended_at: datetime) -> datetime:
    """Give the instant from which on we ask the candidate for their form.

    The last interview of the day asks for all forms, when it has ended. Whatever came before waits for that, and asks
    itself if it did not happen.
    """
    if not _shares_form(interview):
        return ended_at
    look = next((one for one in interview.looks if one.stage == "form"), None)
    if look is None:
        return interview.since + _PAUSE if _may_have_siblings(interview) else ended_at
    later = [one.slot.end for one in look.siblings if not one.over and one.slot.end > ended_at]
    return waking(max(later) + _OVERRUN, interview.people.clock(CANDIDATE)) + _MARGIN if later else ended_at


def form_reminder_from(interview: "Interview") -> datetime | None:
    """Give the instant from which on we remind of a form that another interview has asked for; None: it has not."""
    look = next((look for look in interview.looks if "form_request" in look.covered), None)
    if look is None:
        return None
    return waking(look.at + interview.policy.form_reminder, interview.people.clock(CANDIDATE)) + _AFTER_THEIRS


def _shares(interview: "Interview") -> bool:
    return interview.request.process_id is not None and not interview.request.practice


def _shares_form(interview: "Interview") -> bool:
    """Whoever was there for a part only is asked, or not, in words of their own."""
    form = interview.evaluation.forms.get(CANDIDATE)
    return _shares(interview) and form is not None and form.was == "open" and not form.partial


def _may_have_siblings(interview: "Interview") -> bool:
    """Where the last look has found none, another interview that was booked since finds us."""
    return not interview.looks or bool(interview.looks[-1].siblings)


# --- looking ---------------------------------------------------------------------------------------------------------


def order(interview: "Interview", now: datetime) -> LookUpBriefs | None:
    """Owed for a few minutes before a letter of ours, and not any more when it has left."""
    booking = interview.scheduling.booking
    stage = next((stage for stage, opens, closes in _wanted(interview) if opens <= now < closes), None)
    if booking is None or stage is None:
        return None
    return LookUpBriefs(
        key=f"{interview.id}/day/{stage}/{booking.revision}.1",
        lane="day",
        interview=interview.id,
        now=now,
        people=(),
        day=_day(interview, booking, now),
    )


def moments(interview: "Interview") -> Iterator[datetime]:
    """Name the instants at which others are to be looked at."""
    for _, opens, _ in _wanted(interview):
        yield opens


def found(key: str, said: Iterable[Shared]) -> BriefsFound:
    """Put together what each of the others has said."""
    said = tuple(said)
    siblings = (one.sibling for one in said if one.sibling is not None)
    return BriefsFound(
        key=key,
        siblings=tuple(_bounded(sorted(siblings, key=lambda one: (one.slot.start, one.interview)))),
        covered=tuple(sorted({kind for one in said for kind in one.covered})),
    )


def _bounded(siblings: Iterable[Sibling]) -> Iterator[Sibling]:
    """Of which lines are left out, that one sends the candidate a letter of its own an hour ahead."""
    left = _MOST_LINES
    for one in siblings:
        yield one.model_copy(update={"lines": one.lines[:left]})
        left -= len(one.lines[:left])


def answered(reply: BriefsFound, interview: "Interview") -> list[DayLookedUp]:
    """What was said of an earlier booking is stale."""
    _, effect, asked, version = reply.key.split("/")
    booking = interview.scheduling.booking
    if effect != "day" or booking is None or version != f"{booking.revision}.1":
        return []
    return [
        DayLookedUp(stage=stage, siblings=reply.siblings, covered=reply.covered)
        for stage, _, _ in _wanted(interview)
        if stage == asked
    ]


def _day(interview: "Interview", booking: Booking, now: datetime) -> SameDay | None:
    process, clock = interview.request.process_id, interview.people.clock(CANDIDATE)
    if process is None:
        return None
    midnight = local(booking.slot.start, clock).replace(hour=0, minute=0, second=0, microsecond=0)
    return SameDay(
        process=process,
        candidate=candidate_key(interview),
        at=booking.slot.start,
        start=instant(midnight, clock),
        end=instant(midnight + timedelta(days=1), clock),
        lines=written_for(interview, CANDIDATE, now),
    )


def _wanted(interview: "Interview") -> Iterator[tuple[Stage, datetime, datetime]]:
    """Give the looks that are to be taken yet, and from when until when each makes sense."""
    if interview.closed is not None or interview.scheduling.paused or not _shares(interview):
        return
    taken = {look.stage for look in interview.looks}
    yield from (one for one in _stages(interview) if one[0] not in taken and one[1] < one[2])


def _stages(interview: "Interview") -> Iterator[tuple[Stage, datetime, datetime]]:
    booking, session = interview.scheduling.booking, interview.session
    if booking is None or session.no_show is not None:
        return
    if session.started_at is None:
        yield from _before(interview, booking)
    elif session.ended_at is not None and _shares_form(interview):
        yield from _afterwards(interview, session.ended_at)


def _before(interview: "Interview", booking: Booking) -> Iterator[tuple[Stage, datetime, datetime]]:
    """A day ahead, or as soon as it is booked; and once more an hour ahead where there may be something to say."""
    day, hour = interview.policy.remind_before
    leaves, last = waking(booking.slot.start - day, interview.people.clock(CANDIDATE)), booking.slot.start - hour
    opens = max(leaves - LOOK_AHEAD, booking.at)
    yield "day", opens, min(opens + LOOK_AHEAD, last - LOOK_AHEAD)
    if _may_have_siblings(interview):
        yield "hour", max(last - LOOK_AHEAD, booking.at), last


def _afterwards(interview: "Interview", ended_at: datetime) -> Iterator[tuple[Stage, datetime, datetime]]:
    if _may_have_siblings(interview):
        yield "form", interview.since, interview.since + _PAUSE
    asks, reminds = form_from(interview, ended_at), form_reminder_from(interview)
    if reminds is not None:
        yield "again", reminds - LOOK_AHEAD, reminds
    elif asks > interview.since + LOOK_AHEAD:
        yield "after", asks - LOOK_AHEAD, asks


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(looks: Looks, event: DayLookedUp, at: datetime) -> Looks:
    return (*looks, Look(stage=event.stage, at=at, siblings=event.siblings, covered=event.covered))
