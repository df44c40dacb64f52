"""When people are free of whom nothing else may be read (v3/reference/freebusy/query): many of them in one request."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from httpx2 import codes
from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable
from adapters.google.settings import GoogleAccount
from adapters.google.times import stamp
from adapters.google.words import free_busy_trouble, reasons_in
from adapters.rest import RestSession, about
from entrevue.values import Instant, PersonId

MOST_CALENDARS: Final = 50
_LONGEST: Final = timedelta(days=62)
"""The page names no longest window; beyond some 90 days others were refused."""

Window = tuple[datetime, datetime]
Answer = tuple[Busy, ...] | Exception


@dataclass(frozen=True)
class Asked:
    person: PersonId
    account: GoogleAccount


@dataclass(frozen=True)
class FreeBusy:
    session: Callable[[Asked], RestSession]
    """Somebody's own."""

    async def ask(self, window: Window, asked: Sequence[Asked]) -> Mapping[Asked, Answer]:
        """Give what `adapters.batching.Batches` wants: everybody's stretches, or what is wrong with theirs.

        One of them asks for all: within an organisation people see when others are free. Of whom that one is told
        nothing, asks for themselves.
        """
        leading = self.session(asked[0])
        answers = await self._together(leading, window, asked)
        untold = [
            own
            for one in asked[1:]
            if isinstance(answers[one], CalendarRefused)
            and (own := (one, self.session(one)))[1].subject != leading.subject
        ]
        for said in await asyncio.gather(*(self._together(session, window, [one]) for one, session in untold)):
            answers |= said
        return answers

    async def _together(self, session: RestSession, window: Window, asked: Sequence[Asked]) -> dict[Asked, Answer]:
        found: dict[Asked, list[Busy]] = {one: [] for one in asked}
        wrong: dict[Asked, Exception] = {}
        for start, end in _chunks(*window):
            try:
                said = await self._once(session, start, end, asked)
            except (CalendarRefused, CalendarUnavailable) as trouble:
                return {one: about(one.person, trouble) for one in asked}
            for one in asked:
                told = _read(one, said)
                if isinstance(told, Exception):
                    wrong[one] = told
                else:
                    found[one] += told
        return {one: wrong.get(one) or tuple(_merged(found[one])) for one in asked}

    async def _once(
        self, session: RestSession, start: datetime, end: datetime, asked: Sequence[Asked]
    ) -> Mapping[str, JsonValue]:
        addresses = dict.fromkeys(one.account.address for one in asked)
        reply = await session.ask(
            "POST",
            "/freeBusy",
            expect={codes.OK},
            body={
                "timeMin": stamp(start),
                "timeMax": stamp(end),
                "timeZone": "UTC",
                "calendarExpansionMax": MOST_CALENDARS,
                "items": [{"id": address} for address in addresses],
            },
        )
        calendars = reply.body.get("calendars")
        if not isinstance(calendars, dict):
            raise CalendarUnavailable(session.person, "an answer about nobody's free time")
        return {address.lower(): said for address, said in calendars.items()}


class _Stretch(BaseModel, hide_input_in_errors=True):
    start: Instant
    end: Instant


_STRETCHES: Final = TypeAdapter(list[_Stretch])


def _read(asked: Asked, calendars: Mapping[str, JsonValue]) -> list[Busy] | Exception:
    """An error is not free time, nor is silence; whatever stretches come along with an error are not all."""
    said = calendars.get(asked.account.address.lower())
    if not isinstance(said, dict):
        return CalendarUnavailable(asked.person, "an answer that says nothing of when they are free")
    if said.get("errors"):
        return free_busy_trouble(asked.person, reasons_in(said["errors"]))
    try:
        stretches: list[_Stretch] | None = _STRETCHES.validate_python(said.get("busy"))
    except ValidationError:
        stretches = None
    if stretches is None or any(one.end < one.start for one in stretches):
        return CalendarRefused(asked.person, "free time that cannot be read")
    return [Busy(start=one.start, end=one.end) for one in stretches if one.start < one.end]


def _merged(busy: Sequence[Busy]) -> list[Busy]:
    """Google tells stretches that neither touch nor overlap; those of two requests are put together alike."""
    merged: list[Busy] = []
    for one in sorted(busy, key=lambda one: (one.start, one.end)):
        if merged and one.start <= merged[-1].end:
            merged[-1] = Busy(start=merged[-1].start, end=max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged


def _chunks(start: datetime, end: datetime) -> list[Window]:
    starts = [start]
    while end - starts[-1] > _LONGEST:
        starts.append(starts[-1] + _LONGEST)
    return list(pairwise([*starts, end]))
