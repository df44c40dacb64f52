"""Calendars: what Entrevue asks of one, and the activities that write an interview's event into it and take it out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError

from entrevue.orders import EventRemoved, EventWritten, RemoveEvent, WriteEvent
from entrevue.values import CalendarEvent, Instant, InterviewId, Message, PersonId, Who

_UNTIL_MENDED = timedelta(minutes=10)
"""A refusal is mended by an administrator, so asking every few seconds would help nobody."""

_STANDS = ("created", "updated", "already_there")

# --- the port --------------------------------------------------------------------------------------------------------


class Busy(Message):
    """A stretch of time in which a person is taken. What for is nobody's business: there is no title."""

    start: Instant
    end: Instant
    tentative: bool = False
    interview: InterviewId | None = None
    """Entrevue wrote it, for this interview: so that an interview does not stand in its own way."""


class Ensured(Message):
    """`edited_by_person` and `gone` mean that nothing was written.

    With `edited_by_person` the etag is that of the person's version: an order that brings it along says that it knows
    of the edit, and overwrites it.
    """

    outcome: Literal["created", "updated", "already_there", "superseded", "edited_by_person", "gone"]
    etag: str | None = None
    ical_uid: str | None = None
    """The UID that the provider has given the event; None where it bears ours. An ICS of ours must carry it."""


class Removed(Message):
    outcome: Literal["removed", "already_gone", "edited_by_person"]


OwnerAnswer = Literal["needs_action", "accepted", "tentative", "declined"]
"""PARTSTAT, as their calendar program sets it for them."""


class EventState(Message):
    """How an event that we wrote stands in the calendar now, whoever changed it since."""

    moved: bool = False
    """A person gave it other times than we wrote last."""
    answer: OwnerAnswer | None = None
    """What its owner has answered in their calendar (PARTSTAT); None where it does not name them."""

    start: Instant
    end: Instant
    sequence: int
    """Of the version that Entrevue wrote last; people's programs count on in iCalendar's own SEQUENCE."""
    summary: str
    cancelled: bool
    etag: str | None


class OurEvent(Message):
    """An event that we wrote and that is there still, whatever its owner did to it since."""

    uid: str
    interview: InterviewId
    sequence: int
    """Of the version that Entrevue wrote last."""
    start: Instant
    """As it stands."""


class Changes(Message):
    """What has happened in a calendar since a cursor."""

    cursor: str | None
    """For the next time. Opaque, at most 4,000 characters, about no person. None where there is no calendar."""
    everything: bool = False
    """The cursor was not known (the first time, or too old): anything may have changed, and the rest says so too."""
    touched: tuple[str, ...] = ()
    """Of the UIDs that were asked about, those whose objects were changed or deleted, by whomever; in doubt, too."""
    others: bool = False
    """Something else was changed there, or may have been: what overlaps us may have come or gone."""


class Listening(Message):
    """The provider tells us when something changes. It may forget to: the watcher goes on looking, at its own pace."""

    held: str
    """What the adapter must know to renew or to end it. Opaque, at most 1,000 characters; no secret, no address."""
    renew_at: Instant
    """Well before its end."""


class Watched(Message):
    """One event of ours, as whoever watches its owner's calendar must know it; and whom to tell."""

    interview: InterviewId
    who: Who
    uid: str
    sequence: int
    start: Instant
    end: Instant
    look_at: tuple[Instant, ...] = ()
    """When to look besides the usual pace."""
    overlapped: bool = False
    """Something that is no interview stood at that time when the event was written."""


class Unwatched(Message):
    """An event of ours that is to be watched no more, up to this version."""

    interview: InterviewId
    who: Who
    sequence: int


class CalendarUnavailable(Exception):
    """Trouble that may pass by itself: refused connections, timeouts, resets, 429, 5xx."""

    def __init__(self, person: PersonId, because: str, retry_after: timedelta | None = None) -> None:
        super().__init__(f"calendar of {person}: {because}")
        self.because = because
        self.retry_after = retry_after


class CalendarRefused(Exception):
    """Trouble that somebody must mend: wrong password, no right, no such calendar."""

    def __init__(self, person: PersonId, because: str) -> None:
        super().__init__(f"calendar of {person}: {because}")
        self.because = because


class Calendar(Protocol):
    """People's calendars, by directory id. Everything may be repeated; a repetition changes nothing.

    All times are aware and UTC. Any method may raise `CalendarUnavailable` or `CalendarRefused`.
    """

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        """Give what overlaps [start, end), ascending by start. Stretches may overlap each other."""
        ...

    async def ensure(self, person: PersonId, event: CalendarEvent, interview: InterviewId, etag: str | None) -> Ensured:
        """Make the calendar hold exactly this version of the event.

        The first line that fits decides:

        - nothing is there: `gone` where we wrote before (`etag` is given), else `created`
        - a later version of ours is there: `superseded`
        - this version of ours is there, and no person moved or cancelled it: `already_there`
        - a person moved or cancelled it, and `etag` is not that of their version: `edited_by_person`
        - otherwise `updated`: a person's other changes (title, notes, alarms) are no edit in this sense, and give way
        """
        ...

    async def remove(self, person: PersonId, uid: str, sequence: int, etag: str | None) -> Removed:
        """Make the calendar hold no version of the event up to this one.

        The first line that fits decides:

        - nothing is there, or a later version of ours (this removal is a late repetition): `already_gone`
        - a person moved it, and `etag` is not that of their version: `edited_by_person`
        - otherwise `removed`, also where a person changed its title or notes, or cancelled it
        """
        ...

    async def read(self, person: PersonId, uid: str) -> EventState | None:
        """Say how the event stands; None where it is gone."""
        ...

    async def ours(self, person: PersonId, start: datetime, end: datetime) -> tuple[OurEvent, ...]:
        """Give the events that we wrote, for whatever interview, and that start within [start, end); by start."""
        ...

    async def changes(self, person: PersonId, cursor: str | None, uids: tuple[str, ...]) -> Changes:
        """Say what has happened since `cursor` (None: the first time), as far as these events are concerned, and else.

        Reading it again with the same cursor says at least the same. A cursor that the server has forgotten is an
        answer (`everything`), not trouble.
        """
        ...

    async def listen(self, person: PersonId, held: str | None) -> Listening | None:
        """Have the provider tell us of changes, in place of what is `held` from before; None: it cannot, or shall not.

        A repetition whose first answer was lost may leave two of them: what is told twice does no harm, and the one
        that nobody holds ends by itself.
        """
        ...

    async def hang_up(self, person: PersonId, held: str) -> None:
        """Have the provider tell us no more. Harmless where it does not, or has forgotten."""
        ...


class Watchers(Protocol):
    """Whoever watches people's calendars between our writes. Everything may be repeated."""

    async def watch(self, person: PersonId, event: Watched) -> None:
        """Watch this version of the event, in place of any earlier one of the same interview and person."""
        ...

    async def unwatch(self, person: PersonId, interview: InterviewId, who: Who, sequence: int) -> None:
        """What happens to it up to this version is our own doing from now on. Harmless where nothing is watched.

        A removal may be late: whatever later version is watched by then stays so.
        """
        ...


# --- the activities --------------------------------------------------------------------------------------------------


class CalendarActivities:
    """What is in a calendar because of an interview."""

    def __init__(self, calendar: Calendar, watchers: Watchers) -> None:
        self._calendar = calendar
        self._watchers = watchers

    @activity.defn(name="write_event")
    async def write_event(self, order: WriteEvent) -> EventWritten:
        """Make the person's calendar hold this version. A person's own edit is an answer: they must be asked.

        Then look at that time in the calendar, without buffers: whoever entered something meanwhile had the same right
        to it. A look that fails is trouble although the event stands: the next attempt finds it there, and looks again.
        """
        slot = order.event.slot
        with calendar_trouble():
            ensured = await self._calendar.ensure(order.person, order.event, order.interview, order.etag)
            stands = ensured.outcome in _STANDS and not order.event.cancelled
            overlapped = stands and await is_overlapped(self._calendar, order.person, slot.start, slot.end)
        await self._watchers.watch(
            order.person,
            Watched(
                interview=order.interview,
                who=order.who,
                uid=order.event.uid,
                sequence=order.event.sequence,
                start=slot.start,
                end=slot.end,
                look_at=order.look_at,
                overlapped=overlapped,
            ),
        )
        return EventWritten(
            key=order.key,
            who=order.who,
            uid=order.event.uid,
            sequence=order.event.sequence,
            outcome=ensured.outcome,
            etag=ensured.etag,
            ical_uid=ensured.ical_uid,
            overlapped=overlapped,
        )

    @activity.defn(name="remove_event")
    async def remove_event(self, order: RemoveEvent) -> EventRemoved:
        """Undo `write_event`. Harmless where nothing was written, or a person was faster.

        Their own edit does not keep it: to whichever time they moved it, nothing takes place there, and the mail about
        it says that we take the event out.
        """
        await self._watchers.unwatch(order.person, order.interview, order.who, order.sequence)
        with calendar_trouble():
            removed = await self._calendar.remove(order.person, order.uid, order.sequence, order.etag)
            if removed.outcome == "edited_by_person":
                theirs = await self._calendar.read(order.person, order.uid)
                etag = theirs.etag if theirs is not None else None
                removed = await self._calendar.remove(order.person, order.uid, order.sequence, etag)
        return EventRemoved(
            key=order.key, who=order.who, uid=order.uid, sequence=order.sequence, outcome=removed.outcome
        )


async def is_overlapped(calendar: Calendar, person: PersonId, start: datetime, end: datetime) -> bool:
    """Say whether somebody is taken then by what is no interview: those are the ledger's business."""
    return any(one.interview is None for one in await calendar.busy(person, start, end))


@contextmanager
def calendar_trouble(*, named: bool = False) -> Iterator[None]:
    """Tell Temporal when a retry makes sense. No trouble here is final: the order's own patience ends the trying.

    What an operator is told of it, goes along as the error's detail: adapters put it into words of their own.
    `named`: with whose calendar it is, where the order is about several people's.
    """
    try:
        yield
    except CalendarUnavailable as trouble:
        raise ApplicationError(
            str(trouble), _told(trouble, named=named), type="CalendarUnavailable", next_retry_delay=trouble.retry_after
        ) from trouble
    except CalendarRefused as trouble:
        raise ApplicationError(
            str(trouble), _told(trouble, named=named), type="CalendarRefused", next_retry_delay=_UNTIL_MENDED
        ) from trouble


def _told(trouble: CalendarUnavailable | CalendarRefused, *, named: bool) -> str:
    return str(trouble) if named else trouble.because
