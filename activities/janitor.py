"""What no live interview holds any more: the activities that find it in the ledger and in calendars, and remove it.

Whatever was written in an interview's name was written by its workflow. So what is read here first, and whose workflow
is closed afterwards, is nobody's: an id is not used twice, and a late attempt of an activity is found by the next run.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol

import structlog
from pydantic import Field
from temporalio import activity

from activities.calendar import Calendar, CalendarRefused, CalendarUnavailable, OurEvent
from activities.journal import Journal
from activities.ledger import Ledger
from activities.people import Directory
from entrevue.contract import Standing
from entrevue.values import Instant, InterviewId, Message, PersonId

_INTERVIEWS_A_PAGE = 200
_CALENDARS_A_PAGE = 40
_AT_ONCE = 4
_AHEAD = timedelta(days=180)
"""How far events are looked for: further than interviews are usually booked, and what lies beyond comes nearer."""

Outcome = Literal["removed", "already_gone", "edited_by_person", "trouble"]

_log = structlog.get_logger()


class Interviews(Protocol):
    """The one who knows which interviews go on."""

    async def standing(self, interview: InterviewId) -> Standing:
        """Say how an interview stands now. Whoever is in doubt says `live`, or raises: nothing is removed then."""
        ...


# --- what is asked, and what is answered -----------------------------------------------------------------------------


class Tidying(Message):
    """One page of looking. `unknown` are the interviews that the server did not know a run ago."""

    now: Instant
    after: str = ""
    """The last of the page before."""
    unknown: tuple[InterviewId, ...] = ()


class LedgerTidied(Message):
    after: str | None = None
    """None: this was the last page."""
    claims_released: Annotated[int, Field(ge=0)] = 0
    unknown: tuple[InterviewId, ...] = ()
    """The server knows them no longer: if it still does not in the next run, what they hold goes."""


class CalendarsTidied(Message):
    after: str | None = None
    events_removed: Annotated[int, Field(ge=0)] = 0
    events_edited: Annotated[int, Field(ge=0)] = 0
    """Left, because a person moved them."""
    events_of_strangers: Annotated[int, Field(ge=0)] = 0
    """Left, because neither the server nor our journal knows their interview: another installation may have it."""
    in_trouble: tuple[PersonId, ...] = ()
    """Whose calendar could not be read or written."""
    unknown: tuple[InterviewId, ...] = ()


class Pruning(Message):
    holds_before: Instant
    past_before: Instant


class LedgerPruned(Message):
    rows: Annotated[int, Field(ge=0)]


# --- the activities --------------------------------------------------------------------------------------------------


class JanitorActivities:
    """All may be repeated. What a broken-off attempt removed is logged, and not counted by the next."""

    def __init__(
        self, ledger: Ledger, calendar: Calendar, directory: Directory, journal: Journal, interviews: Interviews
    ) -> None:
        self._ledger = ledger
        self._calendar = calendar
        self._directory = directory
        self._journal = journal
        self._interviews = interviews
        self._turns = asyncio.Semaphore(_AT_ONCE)

    @activity.defn(name="tidy_ledger")
    async def tidy_ledger(self, order: Tidying) -> LedgerTidied:
        """Release the time ahead of a page of interviews that go on no more. What is past stays: it is load."""
        page = await self._ledger.ahead(order.now, order.after, _INTERVIEWS_A_PAGE)
        over, unknown = await self._judge(page, order.unknown)
        released = [await self._release(interview, order.now) for interview in sorted(over)]
        return LedgerTidied(
            after=page[-1] if len(page) == _INTERVIEWS_A_PAGE else None,
            claims_released=sum(released),
            unknown=tuple(sorted(unknown)),
        )

    @activity.defn(name="prune_ledger")
    async def prune_ledger(self, order: Pruning) -> LedgerPruned:
        """Delete what nobody asks for any more."""
        rows = await self._ledger.prune(holds_before=order.holds_before, past_before=order.past_before)
        _log.info("ledger pruned", kind="ledger_pruned", rows=rows)
        return LedgerPruned(rows=rows)

    @activity.defn(name="tidy_calendars")
    async def tidy_calendars(self, order: Tidying) -> CalendarsTidied:
        """Remove our events ahead from a page of calendars, where their interviews go on no more.

        Trouble with one calendar is reported, and stops no other.
        """
        people = sorted(one.id for one in await self._directory.everyone() if one.written and one.id > order.after)
        page = people[:_CALENDARS_A_PAGE]
        events = dict(zip(page, await asyncio.gather(*(self._ours(one, order.now) for one in page)), strict=True))
        over, unknown = await self._judge(_interviews(events.values()), order.unknown)
        strangers = {interview for interview in unknown if not await self._journal.read(interview, limit=1)}
        removals = {
            person: await self._remove(person, [event for event in ours or () if event.interview in over - strangers])
            for person, ours in events.items()
        }
        outcomes = Counter(outcome for done in removals.values() for outcome in done)
        return CalendarsTidied(
            after=page[-1] if len(people) > len(page) else None,
            events_removed=outcomes["removed"],
            events_edited=outcomes["edited_by_person"],
            events_of_strangers=sum(event.interview in strangers for ours in events.values() for event in ours or ()),
            in_trouble=tuple(one for one in page if events[one] is None or "trouble" in removals[one]),
            unknown=tuple(sorted(unknown - strangers)),
        )

    async def _judge(
        self, interviews: Iterable[InterviewId], unknown_before: Collection[InterviewId]
    ) -> tuple[set[InterviewId], set[InterviewId]]:
        """Give those that are over, and those that the server does not know: over, too, where it did not a run ago.

        An unknown one gets a run's time, so that somebody can see in the result what is about to go.
        """
        asked = sorted(interviews)
        standings = dict(zip(asked, await asyncio.gather(*(self._standing(one) for one in asked)), strict=True))
        unknown = {one for one, standing in standings.items() if standing == "unknown"}
        closed = {one for one, standing in standings.items() if standing == "closed"}
        return closed | unknown.intersection(unknown_before), unknown

    async def _standing(self, interview: InterviewId) -> Standing:
        async with self._turns:
            standing = await self._interviews.standing(interview)
        activity.heartbeat()
        return standing

    async def _release(self, interview: InterviewId, now: datetime) -> int:
        keys = sorted({claim.key for claim in await self._ledger.of_interview(interview) if claim.end > now})
        for key in keys:
            await self._ledger.release(key=key, now=now)
            _log.info("claim released", kind="claim_released", interview=interview, key=key)
            activity.heartbeat()
        return len(keys)

    async def _ours(self, person: PersonId, now: datetime) -> tuple[OurEvent, ...] | None:
        """Give our events ahead in this calendar; None where it is in trouble."""
        try:
            async with self._turns:
                return await self._calendar.ours(person, now, now + _AHEAD)
        except (CalendarUnavailable, CalendarRefused) as trouble:
            _log.warning("calendar not tidied", kind="calendar_not_tidied", person=person, because=str(trouble))
            return None
        finally:
            activity.heartbeat()

    async def _remove(self, person: PersonId, events: Iterable[OurEvent]) -> list[Outcome]:
        """Remove what nobody has touched. No etag is sent along, because that would overrule the owner's own edit."""
        done: list[Outcome] = []
        for event in events:
            try:
                removed = await self._calendar.remove(person, event.uid, event.sequence, None)
            except (CalendarUnavailable, CalendarRefused) as trouble:
                _log.warning("calendar not tidied", kind="calendar_not_tidied", person=person, because=str(trouble))
                return [*done, "trouble"]
            finally:
                activity.heartbeat()
            done.append(removed.outcome)
            _log.info(
                "event of no live interview", kind="event_tidied", person=person, uid=event.uid, outcome=removed.outcome
            )
        return done


def _interviews(calendars: Iterable[tuple[OurEvent, ...] | None]) -> set[InterviewId]:
    return {event.interview for events in calendars for event in events or ()}
