"""The daily digest: every hour, whoever's working day has come to nine o'clock is told in one letter of open forms."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field, RootModel
from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.digest import TRIES, AddressDigest, DigestActivities, FindReaders, FormsGathered, GatherForms
    from entrevue import contract
    from entrevue.letters import OpenForm
    from entrevue.orders import LetterRefused, LetterSent, LetterUnsure, SendDigest
    from entrevue.values import Instant, InterviewId, Message, PersonId, Who

_FIRST, _LATEST = timedelta(hours=1), timedelta(hours=6)
"""How far a run looks back that is the first, and at most: what is missed for longer waits for the next day."""

_ATTEMPT, _SILENCE = timedelta(minutes=5), timedelta(minutes=1)
_MAILING = timedelta(seconds=60)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=10), maximum_attempts=TRIES)
"""Then the run fails, for people to see, and the next one makes up for it: whoever was told is not told again."""

_AT_ONCE = 5

_Posted = Annotated[LetterSent | LetterRefused | LetterUnsure, Field(discriminator="kind")]


class Digested(Message):
    """What one run did: the workflow's result, read by people and by the next run. Names nobody."""

    said: str = ""
    until: Instant
    """The next run begins where this one ended."""
    readers: int = 0
    """For whom it was nine o'clock."""
    sent: int = 0
    """Digests that have left; whoever has nothing to read of gets none."""
    not_sent: int = 0
    """Digests that mail would not take, or somebody whom the directory no longer has."""
    forms: int = 0
    """Told of; one that is late counts twice, for whoever owes it and for whoever leads."""
    interviews: int = 0
    """Asked what they await."""
    silent: int = 0
    """Of these, those that did not answer."""


class _Reply(RootModel[_Posted]):
    model_config = ConfigDict(hide_input_in_errors=True)


@workflow.defn(name=contract.DIGEST)
class DigestWorkflow:
    @workflow.run
    async def run(self) -> Digested:
        """Send today's digests once. A schedule starts it; an operator may, too."""
        last, now = workflow.get_last_completion_result(Digested), workflow.now()
        since = max(last.until if last is not None else now - _FIRST, now - _LATEST)
        readers = await workflow.execute_activity_method(
            DigestActivities.find_readers,
            FindReaders(since=since, now=now),
            summary="Find for whom it is nine o'clock of a business day",
            start_to_close_timeout=_ATTEMPT,
            retry_policy=_RETRY,
        )
        if not readers.people:
            return Digested(said="nobody's digest is due", until=now)
        pages = [page async for page in self._gather(readers.people, now)]
        asked, silent = sum(page.asked for page in pages), sum(page.silent for page in pages)
        if asked and asked == silent:
            raise ApplicationError(f"no interview of {asked} answers", type="InterviewSilent")
        owed = _by_person(pages)
        turns = asyncio.Semaphore(_AT_ONCE)

        async def tell(person: PersonId, forms: tuple[OpenForm, ...]) -> bool | None:
            async with turns:
                return await self._tell(person, forms, now)

        told = await asyncio.gather(*(tell(person, forms) for person, forms in owed.items()))
        if late := told.count(None):
            raise ApplicationError(f"{late} of {len(owed)} digests were not sent yet", type="DigestsLate")
        sent = told.count(True)
        return Digested(
            said=f"{sent} of {len(owed)} digests sent; {silent} interviews silent",
            until=now,
            readers=len(readers.people),
            sent=sent,
            not_sent=len(told) - sent,
            forms=sum(len(forms) for forms in owed.values()),
            interviews=asked,
            silent=silent,
        )

    async def _gather(self, people: tuple[PersonId, ...], now: datetime) -> AsyncIterator[FormsGathered]:
        mark, number = None, 1
        while True:
            page = await workflow.execute_activity_method(
                DigestActivities.gather_open_forms,
                GatherForms(now=now, people=people, mark=mark),
                summary=f"Ask interviews which forms they await (page {number})",
                start_to_close_timeout=_ATTEMPT,
                heartbeat_timeout=_SILENCE,
                retry_policy=_RETRY,
            )
            yield page
            mark, number = page.next, number + 1
            if mark is None:
                return

    async def _tell(self, person: PersonId, forms: tuple[OpenForm, ...], now: datetime) -> bool | None:
        """Say whether they are told. None: not yet, because of trouble; the others are told all the same."""
        try:
            addressed = await workflow.execute_activity_method(
                DigestActivities.address_digest,
                AddressDigest(now=now, person=person, forms=forms),
                summary="Address one digest",
                start_to_close_timeout=_ATTEMPT,
                retry_policy=_RETRY,
            )
            return addressed.order is not None and await self._send(addressed.order)
        except ActivityError:
            if workflow.cancellation_reason() is not None:
                raise
            return None

    async def _send(self, order: SendDigest) -> bool:
        reply = await workflow.execute_activity(
            "send_digest",
            order,
            result_type=_Reply,
            summary="Mail one digest",
            start_to_close_timeout=_MAILING,
            retry_policy=_RETRY,
        )
        return not isinstance(reply.root, LetterRefused)


def _by_person(pages: Iterable[FormsGathered]) -> dict[PersonId, tuple[OpenForm, ...]]:
    """Give each person's forms, each once: an interview may be on two pages, if the index changed between them."""
    found: dict[PersonId, dict[tuple[InterviewId, Who], OpenForm]] = {}
    for page in pages:
        for one in page.forms:
            found.setdefault(one.person, {})[one.form.interview, one.form.who] = one.form
    return {person: tuple(forms.values()) for person, forms in sorted(found.items())}
