"""Watch what people do to our events in their own calendars: one look, and telling the interviews of what was seen.

And having a provider tell when to look, where it can.
"""

from typing import Annotated, Literal

from pydantic import Field
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.calendar import (
    Calendar,
    CalendarRefused,
    CalendarUnavailable,
    EventState,
    Listening,
    Watched,
    is_overlapped,
)
from activities.telling import Interviews
from entrevue.answers import Heard, RsvpReceived
from entrevue.drift import (
    CalendarAccessLost,
    CalendarAccessRestored,
    CalendarEventChanged,
    CalendarEventDeleted,
    CalendarOverlapSeen,
)
from entrevue.values import Instant, InterviewId, Message, PersonId, Who

_LONGEST_REASON = 200

What = Literal["stands", "moved", "cancelled", "gone", "refused", "written_anew"]

Fact = (
    CalendarEventChanged
    | CalendarEventDeleted
    | CalendarOverlapSeen
    | CalendarAccessLost
    | CalendarAccessRestored
    | RsvpReceived
)
"""What may be seen in a calendar."""

# --- the messages ----------------------------------------------------------------------------------------------------


class LookAtCalendar(Message):
    """Look at these events of ours in one calendar, and at what stands beside them."""

    person: PersonId
    cursor: str | None = None
    """How far the calendar has been read; None: not yet."""
    events: tuple[Watched, ...]
    closely: tuple[str, ...] = ()
    """UIDs to be read whatever the calendar says has changed."""


class Seen(Message):
    """How one event was found. What was not looked at is None: there was no reason to."""

    interview: InterviewId
    who: Who
    what: What | None = None
    """`written_anew`: in a version later than the one watched, so that a write of ours is under way.

    `refused`: it cannot be read, and somebody must mend that.
    """
    start: Instant | None = None
    end: Instant | None = None
    etag: str | None = None
    answer: Heard | None = None
    """What its owner has answered there, if anything."""
    overlapped: bool | None = None
    """Something that is no interview stands at the booked time."""
    because: str | None = None
    """Of a refusal; names no address and no secret."""


class CalendarSeen(Message):
    cursor: str | None
    """For the next look."""
    seen: tuple[Seen, ...] = ()
    """Of the events that were looked at."""
    forgotten: bool = False
    """The calendar did not know our cursor any more: it may have been replaced by another."""


class News(Message):
    """A fact, and the interview that it is for."""

    interview: InterviewId
    fact: Annotated[Fact, Field(discriminator="kind")]


class TellInterviews(Message):
    """Tell facts. Those that were told before are no news to anybody."""

    news: tuple[News, ...]


class InterviewsTold(Message):
    over: tuple[InterviewId, ...] = ()
    """Interviews that take no more facts."""


class ListenToCalendar(Message):
    """Have this calendar's provider tell us of changes."""

    person: PersonId
    held: str | None = None
    """What it tells us by so far, and is to be replaced."""


class ProviderTells(Message):
    listening: Listening | None = None
    """None: it cannot tell, or shall not."""
    because: str | None = None
    """It refused; names no address and no secret."""


class HangUpCalendar(Message):
    """Have the provider tell us no more."""

    person: PersonId
    held: str


# --- the activities --------------------------------------------------------------------------------------------------


class WatchingActivities:
    """What a watcher does in the world."""

    def __init__(self, calendar: Calendar, interviews: Interviews) -> None:
        self._calendar = calendar
        self._interviews = interviews

    @activity.defn(name="look_at_calendar")
    async def look_at_calendar(self, order: LookAtCalendar) -> CalendarSeen:
        """Look once; one request, where nothing has changed. A refusal is an answer: trying again would not help."""
        uids = tuple(event.uid for event in order.events)
        try:
            changes = await self._calendar.changes(order.person, order.cursor, uids)
        except CalendarRefused as refusal:
            return CalendarSeen(cursor=order.cursor, seen=tuple(_refused(event, refusal) for event in order.events))
        except CalendarUnavailable as trouble:
            raise _passing(trouble) from trouble
        seen: list[Seen] = []
        for event in order.events:
            read = changes.everything or event.uid in changes.touched or event.uid in order.closely
            if read or changes.others:
                activity.heartbeat()
                seen.append(await self._look(order.person, event, read=read))
        return CalendarSeen(
            cursor=changes.cursor,
            seen=tuple(seen),
            forgotten=order.cursor is not None and changes.everything,
        )

    @activity.defn(name="tell_interviews")
    async def tell_interviews(self, order: TellInterviews) -> InterviewsTold:
        """Tell each fact to its interview, by a signal named by the fact's kind."""
        over = []
        for one in order.news:
            payload = one.fact.model_dump(mode="json")
            if not await self._interviews.tell(one.interview, one.fact.kind, payload):
                over.append(one.interview)
        return InterviewsTold(over=tuple(over))

    @activity.defn(name="listen_to_calendar")
    async def listen_to_calendar(self, order: ListenToCalendar) -> ProviderTells:
        """Ask once. A refusal is an answer: trying again would not help."""
        try:
            return ProviderTells(listening=await self._calendar.listen(order.person, order.held))
        except CalendarRefused as refusal:
            return ProviderTells(because=_because(refusal))
        except CalendarUnavailable as trouble:
            raise _passing(trouble) from trouble

    @activity.defn(name="hang_up_calendar")
    async def hang_up_calendar(self, order: HangUpCalendar) -> None:
        """Undo `listen_to_calendar`. Where we are refused, what was asked for ends by itself."""
        try:
            await self._calendar.hang_up(order.person, order.held)
        except CalendarRefused:
            return
        except CalendarUnavailable as trouble:
            raise _passing(trouble) from trouble

    async def _look(self, person: PersonId, event: Watched, *, read: bool) -> Seen:
        try:
            found = await self._read(person, event) if read else Seen(interview=event.interview, who=event.who)
            if found.what not in (None, "stands"):
                return found
            overlapped = await is_overlapped(self._calendar, person, event.start, event.end)
        except CalendarRefused as refusal:
            return _refused(event, refusal)
        except CalendarUnavailable as trouble:
            raise _passing(trouble) from trouble
        return found.model_copy(update={"overlapped": overlapped})

    async def _read(self, person: PersonId, event: Watched) -> Seen:
        state = await self._calendar.read(person, event.uid)
        if state is None:
            return Seen(interview=event.interview, who=event.who, what="gone")
        return Seen(
            interview=event.interview,
            who=event.who,
            what=_what(state, event),
            start=state.start,
            end=state.end,
            etag=state.etag,
            answer=state.answer if state.answer != "needs_action" else None,
        )


def _what(state: EventState, event: Watched) -> What:
    """Judge an event by what is booked, not by what stood there before: a calendar may come back from a backup."""
    if state.sequence > event.sequence:
        return "written_anew"
    if state.cancelled:
        return "cancelled"
    return "stands" if (state.start, state.end) == (event.start, event.end) else "moved"


def _refused(event: Watched, refusal: CalendarRefused) -> Seen:
    return Seen(interview=event.interview, who=event.who, what="refused", because=_because(refusal))


def _because(refusal: CalendarRefused) -> str:
    return refusal.because[:_LONGEST_REASON] or "refused"


def _passing(trouble: CalendarUnavailable) -> ApplicationError:
    return ApplicationError(str(trouble), type="CalendarUnavailable", next_retry_delay=trouble.retry_after)
