"""Whose time is taken by which interview: the ledger's port, and the activities that claim and release it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from temporalio import activity

from activities.calendar import Calendar, calendar_trouble
from entrevue.orders import ClaimTime, ReleaseTime, TimeClaimed, TimeReleased, TimeTaken
from entrevue.values import InterviewId, PersonId


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """One person's time, buffers included, under the claim `key`."""

    person: PersonId
    start: datetime
    end: datetime
    interview: InterviewId
    key: str


class Ledger(Protocol):
    """The authority among our own interviews: of two claims on one person's time, one stands. Times are half-open."""

    async def claim(
        self,
        *,
        key: str,
        interview: InterviewId,
        people: Sequence[PersonId],
        start: datetime,
        end: datetime,
        replaces: str | None,
        now: datetime,
        hold_until: datetime | None = None,
    ) -> bool:
        """Let `key` hold exactly this, buffers included, for all of the people at once; False: it holds nothing.

        May be repeated while it stands; with other content it moves the claim, or loses it. The time of the claim
        `replaces` of the same interview is no obstacle. A hold ends at `hold_until`: from then on whoever claims
        that time gets it. A key once released claims nothing any more, even if the release overtook its claim.
        """
        ...

    async def release(self, *, key: str, now: datetime) -> None:
        """Give up what `key` holds, if anything, and for ever. May be repeated."""
        ...

    async def busy(
        self, people: Sequence[PersonId], start: datetime, end: datetime, now: datetime
    ) -> tuple[Claimed, ...]:
        """Give all claims on these people's time that reach into [start, end), by start, but for expired holds."""
        ...


class LedgerActivities:
    def __init__(self, ledger: Ledger, calendar: Calendar) -> None:
        self._ledger = ledger
        self._calendar = calendar

    @activity.defn(name="claim_time")
    async def claim_time(self, order: ClaimTime) -> TimeClaimed | TimeTaken:
        """Take everybody's time, or nobody's. The ledger comes first: checking and then claiming books twice.

        A failing calendar leaves the claim standing, for the next attempt or for the release that is owed.
        """
        start = order.slot.start - timedelta(minutes=order.buffer_before)
        end = order.slot.end + timedelta(minutes=order.buffer_after)
        claimed = await self._ledger.claim(
            key=order.key,
            interview=order.interview,
            people=order.people,
            start=start,
            end=end,
            replaces=order.replaces,
            now=order.now,
        )
        if not claimed:
            return TimeTaken(key=order.key, by="interview")
        if await self._anybody_busy(order.people, start, end):
            await self._ledger.release(key=order.key, now=order.now)
            return TimeTaken(key=order.key, by="calendar")
        return TimeClaimed(key=order.key)

    @activity.defn(name="release_time")
    async def release_time(self, order: ReleaseTime) -> TimeReleased:
        await self._ledger.release(key=order.claim, now=order.now)
        return TimeReleased(key=order.key)

    async def _anybody_busy(self, people: Sequence[PersonId], start: datetime, end: datetime) -> bool:
        """Look at the calendars as they are now. Interviews are left to the ledger: its word is newer than theirs."""
        with calendar_trouble():
            calendars = await asyncio.gather(*(self._calendar.busy(person, start, end) for person in people))
        return any(one.interview is None for busy in calendars for one in busy)
