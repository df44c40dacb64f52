"""The daily digest of open forms: who reads one now, and what they and the panels that they lead owe.

Of interviewers nobody is reminded of a single form. At nine of their own business day each gets one letter about all
that have been open since the day before; whoever owes nothing gets none.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Annotated, Protocol

import structlog
from pydantic import Field
from temporalio import activity

from activities.people import Directory, OrganisationEntry, PersonEntry, staff_clock
from entrevue.civil import instant, is_business_day, local
from entrevue.letters import Correspondent, Digest, OpenForm
from entrevue.orders import SendDigest
from entrevue.owed import Owed
from entrevue.values import Instant, InterviewId, Message, PersonId

_NINE = time(9)

_NEWS = timedelta(hours=12)
"""A form asked for so lately is not in the digest: the request itself is enough."""

_AT_ONCE = 8

TRIES = 4
"""So often an interview is asked, or an order given, in one run."""

_LONGEST = 50
"""Forms in one letter, at most; the reader's own, and those due first."""

_log = structlog.get_logger()

# --- the interviews --------------------------------------------------------------------------------------------------


class InterviewSilent(Exception):
    """This interview does not answer now; others may."""


class Awaiting(Message):
    """Some of the interviews that await forms, and the mark from which the next page is read; None: the last."""

    interviews: tuple[InterviewId, ...]
    next: str | None = None


class InterviewsAwaitingForms(Protocol):
    """Where interviews run. Any trouble that may pass is raised."""

    async def awaiting_forms(self, mark: str | None, *, most: int) -> Awaiting: ...

    async def open_forms(self, interview: InterviewId) -> tuple[Owed, ...]:
        """Ask one interview; none, where it has ended meanwhile. Raise `InterviewSilent`."""
        ...


# --- what is asked, and what is answered -----------------------------------------------------------------------------


class FindReaders(Message):
    """Find those for whom nine o'clock of a business day has come after `since`, and by `now`."""

    since: Instant
    now: Instant


class ReadersFound(Message):
    people: tuple[PersonId, ...]


class GatherForms(Message):
    """Ask one page of the interviews that await forms what these people owe."""

    now: Instant
    people: tuple[PersonId, ...]
    mark: str | None = None
    most: int = 100


class FormsGathered(Message):
    forms: tuple[Owed, ...]
    next: str | None
    asked: Annotated[int, Field(ge=0)]
    silent: Annotated[int, Field(ge=0)]
    """Interviews that did not answer: what they await is missing today."""


class AddressDigest(Message):
    """Make one person's digest, as the directory has them now."""

    now: Instant
    person: PersonId
    forms: Annotated[tuple[OpenForm, ...], Field(min_length=1)]


class DigestAddressed(Message):
    """None: the directory knows them no longer."""

    order: SendDigest | None


# --- the activities --------------------------------------------------------------------------------------------------


class DigestActivities:
    def __init__(self, directory: Directory, interviews: InterviewsAwaitingForms) -> None:
        self._directory = directory
        self._interviews = interviews

    @activity.defn(name="find_readers")
    async def find_readers(self, order: FindReaders) -> ReadersFound:
        organisation, everyone = await self._directory.organisation(), await self._directory.everyone()
        return ReadersFound(people=await asyncio.to_thread(_readers, organisation, everyone, order))

    @activity.defn(name="gather_open_forms")
    async def gather_open_forms(self, order: GatherForms) -> FormsGathered:
        """Ask each interview of a page. One that is silent is counted; where all are, the server is asked again.

        In the end they are counted too: a page may hold a single one, for whose sake nobody else misses a digest.
        """
        page, turns = await self._interviews.awaiting_forms(order.mark, most=order.most), asyncio.Semaphore(_AT_ONCE)

        async def ask(interview: InterviewId) -> tuple[Owed, ...] | None:
            try:
                async with turns:
                    return await self._interviews.open_forms(interview)
            except InterviewSilent as trouble:
                _log.warning("interview silent", kind="interview_silent", interview=interview, because=str(trouble))
                return None
            finally:
                activity.heartbeat()

        said = await asyncio.gather(*(ask(one) for one in page.interviews))
        silent = sum(one is None for one in said)
        if page.interviews and silent == len(page.interviews) and activity.info().attempt < TRIES:
            raise InterviewSilent(f"all {silent} of a page")
        forms = (form for one in said for form in one or ())
        return FormsGathered(
            forms=tuple(one for one in forms if one.person in order.people and one.since <= order.now - _NEWS),
            next=page.next,
            asked=len(page.interviews),
            silent=silent,
        )

    @activity.defn(name="address_digest")
    async def address_digest(self, order: AddressDigest) -> DigestAddressed:
        organisation, reader = await self._directory.organisation(), await self._directory.person(order.person)
        return DigestAddressed(order=_digest(organisation, reader, order) if reader is not None else None)


def _readers(
    organisation: OrganisationEntry, everyone: Sequence[PersonEntry], order: FindReaders
) -> tuple[PersonId, ...]:
    return tuple(one.id for one in everyone if _is_nine(one, organisation, order.since, order.now))


def _is_nine(person: PersonEntry, organisation: OrganisationEntry, since: datetime, now: datetime) -> bool:
    clock = staff_clock(person, organisation, since, now)
    today = local(now, clock).date()
    return is_business_day(today, clock) and since < instant(datetime.combine(today, _NINE), clock) <= now


def _digest(organisation: OrganisationEntry, reader: PersonEntry, order: AddressDigest) -> SendDigest:
    today = local(order.now, staff_clock(reader, organisation, order.now, order.now)).date()
    forms = sorted(order.forms, key=lambda form: (form.whose is not None, form.due, form.interview, form.who))
    anybody = forms[0].who  # a digest is of several interviews; letters ask only whether it goes to a candidate
    return SendDigest(
        key=f"digest:{reader.id}:{today.isoformat()}",
        now=order.now,
        to=Correspondent(who=anybody, name=reader.name, email=reader.email, zone=reader.zone),
        organisation=organisation.name,
        reply_to=organisation.coordinator_email,
        letter=Digest(forms=tuple(forms[:_LONGEST])),
    )
