"""The other interviews of a process: told that it is over, and asked what of it is on the same day."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue
from temporalio import activity

from entrevue.contract import PROCESS_ENDED
from entrevue.feedback import ProcessEnded
from entrevue.orders import BriefsFound, ProcessTold, SameDay, TellProcess
from entrevue.sharing import Asked, Shared, found
from entrevue.values import InterviewId


class InterviewsOfProcess(Protocol):
    """Where interviews run. Any trouble that may pass is raised."""

    async def of_process(self, process: InterviewId) -> tuple[str, ...]:
        """List the interviews of a process that may be open; what began a moment ago may be missing."""
        ...

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        """Tell a fact. False: the interview has ended, or can take no more facts; trying again is no use."""
        ...


_AT_ONCE = 8


class OthersOfDay(Protocol):
    """Where interviews run. Any trouble that may pass is raised."""

    async def of_day(self, day: SameDay) -> tuple[str, ...]:
        """List those of this process and day, whoever's they are; what was booked a moment ago may be missing."""
        ...

    async def same_day(self, interview: str, asked: Asked) -> Shared:
        """Ask one of them. What has ended, or knows no such question, says nothing."""
        ...


async def look_at_day(others: OthersOfDay, key: str, asked: Asked) -> BriefsFound:
    """Ask all others of the day. If one cannot be asked, nothing is known: then each sends its own letters."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def ask(interview: str) -> Shared:
        async with turns:
            return await others.same_day(interview, asked)

    listed = [one for one in await others.of_day(asked.day) if one != asked.interview]
    return found(key, await asyncio.gather(*(ask(one) for one in listed)))


class ProcessActivities:
    def __init__(self, interviews: InterviewsOfProcess) -> None:
        self._interviews = interviews

    @activity.defn(name="tell_process")
    async def tell_process(self, order: TellProcess) -> ProcessTold:
        """Tell all others. A repeat is no news to them; those that end meanwhile need no telling."""
        fact = ProcessEnded.model_validate(
            {
                "source_id": order.key,
                "at": order.now,
                "process": order.process,
                "candidate": order.candidate,
                "outcome": order.outcome,
                "told_at": order.told_at,
            }
        ).model_dump(mode="json")
        others = [one for one in await self._interviews.of_process(order.process) if one != order.interview]
        heard = [await self._interviews.tell(one, PROCESS_ENDED, fact) for one in others]
        return ProcessTold(key=order.key, interviews=sum(heard))
