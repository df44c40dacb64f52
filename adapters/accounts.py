"""Whose calendar is asked, how long that may take, and what of it is ours to do: the same for every provider."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from activities.calendar import CalendarRefused, CalendarUnavailable
from entrevue.values import EmailAddress, PersonId, ZoneName

_T = TypeVar("_T")
_A = TypeVar("_A", bound="Account")


@dataclass(frozen=True)
class Account:
    """A person's calendar at a provider that knows everybody by their address."""

    address: EmailAddress
    """By which the provider knows the calendar: its owner's, where it is their own."""
    zone: ZoneName = "UTC"
    """The owner's: all-day events are in it."""
    email: EmailAddress | None = None
    """The owner's: without it they are not asked whether they accept, where the provider could."""
    busy_only: bool = False
    """Only when they are free is read, nothing written and nothing watched."""

    def __post_init__(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (LookupError, OSError, ValueError):
            raise ValueError("the zone is no IANA time zone") from None


@asynccontextmanager
async def in_time(person: PersonId, within: timedelta) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(within.total_seconds()):
            yield
    except TimeoutError:
        raise CalendarUnavailable(person, "no answer in time") from None


async def known(person: PersonId, accounts: Callable[[PersonId], Awaitable[_T | None]]) -> _T:
    """Give a person's account; that there is none is trouble here, and never taken for "nothing in the way"."""
    account = await accounts(person)
    if account is None:
        raise CalendarRefused(person, "there is none")
    return account


async def written(person: PersonId, accounts: Callable[[PersonId], Awaitable[_A | None]]) -> _A:
    """Give the account of somebody whose calendar is ours to write."""
    account = await known(person, accounts)
    if account.busy_only:
        raise CalendarRefused(person, "only when they are free may be read there (busy_only): see the directory")
    return account


async def is_written(person: PersonId, accounts: Callable[[PersonId], Awaitable[_A | None]]) -> bool:
    account = await accounts(person)
    return account is not None and not account.busy_only
