"""When people are busy of whom we read no more than that: getSchedule, of many mailboxes in one request."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from httpx2 import codes

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable
from adapters.batching import Batches
from adapters.graph.events import moment, scheduled, text
from adapters.graph.mailbox import Mailbox, wishes
from adapters.graph.words import schedule_trouble
from adapters.rest import Values, about
from entrevue.values import PersonId

MOST_MAILBOXES: Final = 20
LONGEST: Final = timedelta(days=61)
"""Graph answers for less than 62 days."""
_SLOT: Final = timedelta(minutes=5)
"""The finest that the merged view is given in."""

Window = tuple[datetime, datetime]
Asked = tuple[PersonId, str]
"""A person, and the address of their mailbox."""
Answered = tuple[Busy, ...]


class Schedules:
    """Answers for each person; what is wrong with one is no other's trouble."""

    def __init__(self, mailbox: Callable[[PersonId, str], Mailbox], within: timedelta) -> None:
        self._mailbox = mailbox
        self._within = within
        self._batches: Batches[Window, Asked, Answered] = Batches(self._ask, MOST_MAILBOXES)

    async def aclose(self) -> None:
        await self._batches.aclose()

    async def busy(self, person: PersonId, address: str, start: datetime, end: datetime) -> Answered:
        parts = await asyncio.gather(*(self._batches.of(window, (person, address)) for window in windows(start, end)))
        taken = {one for part in parts for one in part if one.start < end and start < one.end}
        return tuple(sorted(taken, key=lambda one: (one.start, one.end, one.tentative)))

    async def _ask(self, window: Window, asked: Sequence[Asked]) -> Mapping[Asked, Answered | Exception]:
        """Ask about all of them at once, from the first one's mailbox. If that is refused, each by themselves."""
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                return await self._once(window, asked)
        except TimeoutError:
            return {one: CalendarUnavailable(one[0], "no answer in time") for one in asked}
        except CalendarUnavailable as trouble:
            return {one: about(one[0], trouble) for one in asked}
        except CalendarRefused as refusal:
            if len(asked) == 1:
                return {asked[0]: refusal}
        each = await asyncio.gather(*(self._ask(window, (one,)) for one in asked))
        return {one: answer for answers in each for one, answer in answers.items()}

    async def _once(self, window: Window, asked: Sequence[Asked]) -> Mapping[Asked, Answered | Exception]:
        mailbox = self._mailbox(*asked[0])
        reply = await mailbox.session.ask(
            "POST",
            f"{mailbox.path}/calendar/getSchedule",
            expect={codes.OK},
            headers=wishes(),
            body={
                "schedules": list(dict.fromkeys(address for _, address in asked)),
                "startTime": moment(window[0]),
                "endTime": moment(window[1]),
                "availabilityViewInterval": int(_SLOT / timedelta(minutes=1)),
            },
        )
        value = reply.body.get("value")
        said = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
        by_address = {text(one, "scheduleId").lower(): one for one in said}
        return {one: _answered(one[0], by_address.get(one[1].lower()), window[0]) for one in asked}


def windows(start: datetime, end: datetime) -> list[Window]:
    """Cut a window into such as Graph answers for."""
    cuts = [start]
    while cuts[-1] + LONGEST < end:
        cuts.append(cuts[-1] + LONGEST)
    return list(zip(cuts, [*cuts[1:], end], strict=True))


def _answered(person: PersonId, schedule: Values | None, start: datetime) -> Answered | Exception:
    """Read one person's part. Whatever is no answer is trouble: it must not pass for free time."""
    if schedule is None:
        return CalendarUnavailable(person, "Microsoft does not say when they are free")
    error = schedule.get("error")
    if error is not None:
        return schedule_trouble(person, error if isinstance(error, dict) else {})
    taken = scheduled(schedule, start, _SLOT)
    if taken is None:
        return CalendarRefused(person, "an answer about their free time that cannot be read")
    return tuple(taken)
