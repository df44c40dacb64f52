"""Whether one event of ours can be read, and what its interview is told of that: pure.

A refusal is told when a second look finds it again, and so is its end. A server that is down comes back by itself in
most cases, so it gets hours. Who is let in and shut out by turns stays lost: that is bad enough to be told once.
"""

from datetime import datetime, timedelta
from typing import Literal

from entrevue.values import Instant, Message

CONFIRMED = timedelta(seconds=90)
"""How long something must stand unchanged to be told."""

UNAVAILABLE = timedelta(hours=3)
"""How long looks may come to nothing, one after the other, before somebody must mend that."""

SO_SOON, STEADY = timedelta(hours=6), timedelta(hours=3)
"""Who is lost again so soon after having been back is back only after having been readable for so long.

So an interview hears of at most eight losses a day, and of one only where a calendar comes and goes faster.
"""


class Access(Message):
    """Of one event. The times are those of looks, each the first of an unbroken row of its kind."""

    told: Literal["readable", "lost", "perhaps_lost"] = "readable"
    """What the interview believes. `perhaps_lost`: it was told so, and has ordered a write since."""
    because: str | None = None
    """Why it is lost; names no address and no secret."""
    unread_since: Instant | None = None
    refused_since: Instant | None = None
    readable_since: Instant | None = None
    """Of what is, or may be, lost to the interview."""
    restored_at: Instant | None = None
    """When the interview was told so last."""
    again: bool = False
    """It was lost again so soon that it must be steady before it is called restored."""


def written(access: Access) -> Access:
    """Take in that our own write got through: what was in its way is over, whatever the interview was told."""
    return Access(
        told="readable" if access.told == "readable" else "perhaps_lost",
        because=access.because,
        restored_at=access.restored_at,
        again=access.again,
    )


def readable(access: Access, now: datetime, *, at_once: bool = False) -> Access:
    """Take in that a look could read it. `at_once`: somebody has mended it, and asks."""
    if access.told == "readable":
        return access.model_copy(update={"unread_since": None, "refused_since": None})
    since = access.readable_since or now
    if at_once or now - since >= _enough(access):
        return Access(restored_at=now)
    return access.model_copy(update={"unread_since": None, "refused_since": None, "readable_since": since})


def refused(access: Access, because: str, now: datetime, *, at_once: bool = False) -> Access:
    """Take in that the calendar would not let us read it."""
    since = access.refused_since or now
    unread = access.model_copy(
        update={"unread_since": access.unread_since or now, "refused_since": since, "readable_since": None}
    )
    return _lost(unread, because, now) if at_once or now - since >= CONFIRMED else unread


def unavailable(access: Access, now: datetime) -> Access:
    """Take in that a look came to nothing."""
    since = access.unread_since or now
    unread = access.model_copy(update={"unread_since": since, "refused_since": None, "readable_since": None})
    return _lost(unread, "unavailable", now) if now - since >= UNAVAILABLE else unread


def _lost(access: Access, because: str, now: datetime) -> Access:
    if access.told == "lost":
        return access.model_copy(update={"because": because})
    again = access.again or (access.restored_at is not None and now - access.restored_at < SO_SOON)
    return access.model_copy(update={"told": "lost", "because": because, "again": again})


def next_look(access: Access) -> datetime | None:
    """Say when another look will make it certain; None: the usual pace is enough."""
    if access.told != "lost" and access.refused_since is not None:
        return access.refused_since + CONFIRMED
    return access.readable_since + _enough(access) if access.readable_since is not None else None


def is_shut(access: Access) -> bool:
    """Whether we are refused, and somebody was told: there is no hurry to ask again."""
    return access.told == "lost" and access.refused_since is not None


def _enough(access: Access) -> timedelta:
    return STEADY if access.again else CONFIRMED
