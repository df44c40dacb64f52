"""Keep an interview's events for ever: the journal's port, and the activity that appends to it."""

from collections.abc import Sequence
from typing import Protocol

import structlog
from temporalio import activity

from entrevue.orders import AppendJournal, JournalAnswer, JournalEntry
from entrevue.values import InterviewId

_TRIES = 10
"""Of one append, an hour or so: time for a database to come back, or for a release to reach every worker."""

_log = structlog.get_logger()


class JournalGap(Exception):
    """Entries are missing between the journal's last and the first new one: append those first."""


class Journal(Protocol):
    """What happened in each interview, numbered from 1 without gaps. Nothing is ever changed or taken out."""

    async def append(self, interview: InterviewId, entries: Sequence[JournalEntry]) -> int | None:
        """Append all of them (at least one), or nothing. May be repeated: entries already there, alike, are no news.

        None: all of them stand. A number: the first entry that stands with other content; then nothing was written.
        Raise `JournalGap` where the first new entry does not follow the last one there.
        """
        ...

    async def read(self, interview: InterviewId, after: int = 0, limit: int = 500) -> tuple[JournalEntry, ...]:
        """Give the entries that follow number `after`, ascending, at most `limit` of them."""
        ...

    async def interviews(self, after: InterviewId = "", limit: int = 500) -> tuple[InterviewId, ...]:
        """Give the interviews that have a journal and follow `after`, ascending, at most `limit` of them."""
        ...


class Follower(Protocol):
    """Whoever makes something else of the journal."""

    async def follow(self, interview: InterviewId, entries: Sequence[JournalEntry]) -> None:
        """Take notice of what stands in the journal now; of the same again, where something failed before.

        Whatever is raised lets all of it be tried again, for an hour; then the journal goes on without. So what was
        missed has to come in with whatever is appended next, or when everything is followed anew.
        """
        ...


class JournalActivities:
    def __init__(self, journal: Journal, *followers: Follower) -> None:
        self._journal = journal
        self._followers = followers

    @activity.defn(name="append_journal")
    async def append_journal(self, order: AppendJournal) -> JournalAnswer:
        """Append the entries, and let those know who follow the journal.

        History that was rewritten is an answer: trying again cannot mend it.
        """
        diverged_at = await self._journal.append(order.interview, order.entries)
        if diverged_at is None:
            for follower in self._followers:
                await _let_follow(follower, order)
        up_to = order.entries[-1].seq if diverged_at is None else diverged_at - 1
        return JournalAnswer(up_to=up_to, diverged_at=diverged_at)


async def _let_follow(follower: Follower, order: AppendJournal) -> None:
    """Nobody who follows a journal may hold it up for ever, and with it the end of its interview."""
    try:
        await follower.follow(order.interview, order.entries)
    except Exception as trouble:
        if not activity.in_activity() or activity.info().attempt < _TRIES:
            raise
        because = type(trouble).__name__  # its text may hold what somebody wrote
        _log.error("not followed", kind="journal_not_followed", interview=order.interview, because=because)
