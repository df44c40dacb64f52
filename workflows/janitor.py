"""The janitor: what was left behind by interviews that are over goes from the ledger and from calendars.

`terminate` compensates nothing, and a history can be deleted; whatever happened, a run of this, or two, mends it.
"""

from collections.abc import Collection
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.janitor import CalendarsTidied, JanitorActivities, LedgerTidied, Pruning, Tidying
    from entrevue import contract
    from entrevue.values import InterviewId, Message, PersonId

_KEPT = timedelta(days=90)
"""Past claims are load for four weeks, and releases must outlast any attempt to claim; people ask for more."""

_ATTEMPT = timedelta(minutes=10)
_SILENCE = timedelta(minutes=1)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_attempts=4)
"""Then the run fails, for people to see, and the next one begins anew."""

_REMEMBERED, _NAMED = 500, 50
"""How many unknown interviews a run hands to the next, and how many calendars in trouble it names."""


class Tidied(Message):
    """What one run did: the workflow's result, read by people and by the next run."""

    said: str = ""
    claims_released: int = 0
    rows_pruned: int = 0
    """Expired holds, past claims and releases deleted from the ledger: nobody asks for them any more."""
    events_removed: int = 0
    events_edited: int = 0
    """Events of interviews that are over, left because a person moved them."""
    events_of_strangers: int = 0
    """Left, because neither this server nor our journal knows their interview: another installation may have it."""
    calendars_in_trouble: int = 0
    in_trouble: tuple[PersonId, ...] = ()
    """Some of them; the log has all, with the reason."""
    unknown: tuple[InterviewId, ...] = ()
    """Interviews that the server knows no longer: if it still does not in the next run, what they hold goes."""


@workflow.defn(name=contract.JANITOR)
class JanitorWorkflow:
    @workflow.run
    async def run(self) -> Tidied:
        """Tidy up once. A schedule starts it; an operator may, too."""
        last = workflow.get_last_completion_result(Tidied)
        unknown = last.unknown if last is not None else ()
        ledger = await self._tidy_ledger(unknown)
        pruned = await workflow.execute_activity_method(
            JanitorActivities.prune_ledger,
            Pruning(holds_before=workflow.now(), past_before=workflow.now() - _KEPT),
            summary=f"Delete expired holds, and what is older than {_KEPT.days} days, from the ledger",
            start_to_close_timeout=_ATTEMPT,
            retry_policy=_RETRY,
        )
        calendars = await self._tidy_calendars(unknown)
        return _tidied(ledger, pruned.rows, calendars)

    async def _tidy_ledger(self, unknown: Collection[InterviewId]) -> list[LedgerTidied]:
        pages = [LedgerTidied(after="")]
        while (after := pages[-1].after) is not None:
            pages.append(
                await workflow.execute_activity_method(
                    JanitorActivities.tidy_ledger,
                    Tidying(now=workflow.now(), after=after, unknown=tuple(unknown)),
                    summary=f"Release the time that interviews hold which are over (page {len(pages)})",
                    start_to_close_timeout=_ATTEMPT,
                    heartbeat_timeout=_SILENCE,
                    retry_policy=_RETRY,
                )
            )
        return pages

    async def _tidy_calendars(self, unknown: Collection[InterviewId]) -> list[CalendarsTidied]:
        pages = [CalendarsTidied(after="")]
        while (after := pages[-1].after) is not None:
            pages.append(
                await workflow.execute_activity_method(
                    JanitorActivities.tidy_calendars,
                    Tidying(now=workflow.now(), after=after, unknown=tuple(unknown)),
                    summary=f"Remove the events of interviews that are over from calendars (page {len(pages)})",
                    start_to_close_timeout=_ATTEMPT,
                    heartbeat_timeout=_SILENCE,
                    retry_policy=_RETRY,
                )
            )
        return pages


def _tidied(ledger: Collection[LedgerTidied], pruned: int, calendars: Collection[CalendarsTidied]) -> Tidied:
    released = sum(page.claims_released for page in ledger)
    removed = sum(page.events_removed for page in calendars)
    edited = sum(page.events_edited for page in calendars)
    in_trouble = [person for page in calendars for person in page.in_trouble]
    unknown = {interview for page in ledger for interview in page.unknown}
    unknown |= {interview for page in calendars for interview in page.unknown}
    said = [_count(released, "claim", "released"), _count(removed, "event", "removed")]
    said += [_count(edited, "event", "left that a person moved")] if edited else []
    said += [_count(len(in_trouble), "calendar", "in trouble")] if in_trouble else []
    said += [_count(len(unknown), "interview", "unknown to the server")] if unknown else []
    return Tidied(
        said=", ".join(said),
        claims_released=released,
        rows_pruned=pruned,
        events_removed=removed,
        events_edited=edited,
        events_of_strangers=sum(page.events_of_strangers for page in calendars),
        calendars_in_trouble=len(in_trouble),
        in_trouble=tuple(in_trouble[:_NAMED]),
        unknown=tuple(sorted(unknown)[:_REMEMBERED]),
    )


def _count(n: int, what: str, done: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'} {done}"
