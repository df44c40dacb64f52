"""Whose time is taken by which interview: the ledger's port."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from entrevue.values import InterviewId, PersonId


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """One person's time, buffers included, under the claim `key`."""

    person: PersonId
    start: datetime
    end: datetime
    interview: InterviewId
    key: str
    minutes: int
    """Of the interview itself, without buffers: what counts as load."""
    hold_until: datetime | None = None


class Ledger(Protocol):
    """The authority among our own interviews: of two claims on one person's time, one stands. Times are half-open.

    Several workers may call it at once, for the same key too: the answers are those of some order, one by one.
    """

    async def claim(
        self,
        *,
        key: str,
        interview: InterviewId,
        people: Sequence[PersonId],
        start: datetime,
        end: datetime,
        minutes: int,
        replaces: str | None,
        now: datetime,
        hold_until: datetime | None = None,
    ) -> frozenset[PersonId]:
        """Let `key` hold exactly this, buffers included, for all of the people at once; give those who are not free.

        Nobody: it stands. Anybody: `key` holds nothing, for nobody. May be repeated while it stands; with other
        content it moves the claim, or loses it. The time of the claim `replaces` of the same interview is no obstacle.
        A hold ends at `hold_until`: from then on whoever claims that time gets it, and expired holds in the way are
        deleted in the same transaction. A key once released claims nothing any more, even if the release overtook its
        claim: nobody is free then.
        """
        ...

    async def held(self, key: str) -> tuple[Claimed, ...]:
        """Give what `key` holds, by person; expired or not. Nothing where it was released or lost."""
        ...

    async def release(self, *, key: str, now: datetime) -> None:
        """Give up what `key` holds, if anything, and for ever. May be repeated."""
        ...

    async def busy(
        self, people: Sequence[PersonId], start: datetime, end: datetime, now: datetime
    ) -> tuple[Claimed, ...]:
        """Give all claims on these people's time that reach into [start, end), by start, but for expired holds."""
        ...

    async def ahead(self, now: datetime, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        """Give interviews, ascending, that hold time which ends after `now`, expired or not; those that follow `after`.

        At most `limit`: the last one given is the next page's `after`.
        """
        ...

    async def of_interview(self, interview: InterviewId) -> tuple[Claimed, ...]:
        """Give all that this interview holds, by start, expired or not."""
        ...

    async def prune(self, *, holds_before: datetime, past_before: datetime) -> int:
        """Delete holds that ended before `holds_before`, and time that was over and releases made before `past_before`.

        Give the number of rows deleted: one a person and claim, one a release. A release must be kept as long as its
        claim could still be under way: without it that claim would stand.
        """
        ...
