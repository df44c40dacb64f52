"""Civil time as data: local days, business days and quiet hours, from a table that an activity looked up.

Workflow code must not read zone files: a new tzdata would change a replay. So the zone rules that matter to one
interview travel as values, a handful of UTC offsets a person, and everything here is integer arithmetic on them.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from entrevue.values import Instant, Message, ZoneName

QUIET_FROM, QUIET_UNTIL = time(20), time(8)
"""Nobody is written to between these hours of their own day, but for what happens the same day (lifecycle, 6)."""

_MIDNIGHT = time(0)
_SATURDAY = 5


class Offset(Message):
    """From this instant on, local time is UTC plus so many minutes."""

    since: Instant
    minutes: Annotated[int, Field(gt=-24 * 60, lt=24 * 60)]


class Clock(Message):
    """One person's civil time: offsets ascending (the first also holds for all time before it), and the holidays."""

    zone: ZoneName
    offsets: Annotated[tuple[Offset, ...], Field(min_length=1)]
    days_off: tuple[date, ...] = ()
    assumed: bool = False
    """The person's zone is not known; the organisation's stands in, and is labelled so."""
    tzdata: str = ""


UTC_CLOCK = Clock(zone="UTC", offsets=(Offset(since=datetime(1970, 1, 1, tzinfo=UTC), minutes=0),), assumed=True)


def local(at: datetime, clock: Clock) -> datetime:
    """Give the wall time, naive, that `clock` shows at this instant."""
    return (at + _offset(at, clock)).replace(tzinfo=None)


def instant(wall: datetime, clock: Clock) -> datetime:
    """Give the first instant that shows this naive wall time or a later one.

    That is the earlier one if it exists twice, and the end of the gap if it never does.
    """
    at = wall.replace(tzinfo=UTC)
    found = at - timedelta(minutes=clock.offsets[0].minutes)
    for one in clock.offsets[1:]:
        if found < one.since:
            break
        found = max(one.since, at - timedelta(minutes=one.minutes))
    return found


def day_end(at: datetime, days: int, clock: Clock) -> datetime:
    """Give the last minute (23:59, where it exists once) of the local day so many days after `at`."""
    return _last_minute(local(at, clock).date() + timedelta(days=days), clock)


def business_day_end(at: datetime, days: int, clock: Clock) -> datetime:
    """Give the last minute of the day so many business days after `at`; weekends and days off do not count."""
    day = local(at, clock).date()
    while days > 0 or not is_business_day(day, clock):
        day += timedelta(days=1)
        days -= is_business_day(day, clock)
    return _last_minute(day, clock)


def is_business_day(day: date, clock: Clock) -> bool:
    return day.weekday() < _SATURDAY and day not in clock.days_off


def waking(at: datetime, clock: Clock) -> datetime:
    """Give `at`, or the next 08:00 where it falls into the quiet hours of the reader's own day."""
    wall = local(at, clock)
    if QUIET_UNTIL <= wall.time() < QUIET_FROM:
        return at
    day = wall.date() + timedelta(days=wall.time() >= QUIET_FROM)
    return instant(datetime.combine(day, QUIET_UNTIL), clock)


def business_waking(at: datetime, clock: Clock) -> datetime:
    """Give the first instant from `at` on that is a business day and outside the quiet hours."""
    at = waking(at, clock)
    while not is_business_day(local(at, clock).date(), clock):
        next_day = local(at, clock).date() + timedelta(days=1)
        at = instant(datetime.combine(next_day, QUIET_UNTIL), clock)
    return at


def _last_minute(day: date, clock: Clock) -> datetime:
    """Where the clock jumps around midnight, 23:59 exists twice or never; nobody loses an hour of their day by it."""
    return instant(datetime.combine(day + timedelta(days=1), _MIDNIGHT), clock) - timedelta(minutes=1)


def _offset(at: datetime, clock: Clock) -> timedelta:
    found = clock.offsets[0]
    for one in clock.offsets:
        if one.since <= at:
            found = one
    return timedelta(minutes=found.minutes)
