"""When a watcher has a calendar's provider tell it of changes, and what it makes of the answer: pure.

Being told makes looks come sooner, and nothing depends on it: what goes wrong here is tried again much later.
"""

from datetime import datetime, timedelta

from activities.calendar import Listening
from activities.watching import ListenToCalendar, ProviderTells
from entrevue.values import Instant, Message, PersonId

RARELY = timedelta(days=1)
"""How often those are asked that cannot tell: somebody may have moved, or the setting been made."""

LATER = timedelta(hours=1)
"""After trouble."""

AT_MOST = timedelta(minutes=5)
"""Between two requests, however often we are told that what we hold ends."""


class Poked(Message):
    """Somebody says that a calendar has changed."""

    anew: bool = False
    """What they told us by ends, or has ended."""


class Channel(Message):
    """By what a provider tells us, and how asking for that went last."""

    listening: Listening | None = None
    asked_at: Instant | None = None
    because: str | None = None
    """Of the last asking that failed; names no address and no secret."""
    anew: bool = False


def next_asking(channel: Channel, now: datetime) -> datetime:
    """Say when to ask the provider, for the first time or again."""
    if channel.asked_at is None:
        return now
    if channel.anew:
        return channel.asked_at + AT_MOST
    if channel.because is not None:
        return channel.asked_at + LATER
    if channel.listening is None:
        return channel.asked_at + RARELY
    return max(channel.listening.renew_at, channel.asked_at + AT_MOST)


def order(channel: Channel, person: PersonId) -> ListenToCalendar:
    held = channel.listening.held if channel.listening is not None else None
    return ListenToCalendar(person=person, held=held)


def asked(channel: Channel, now: datetime) -> Channel:
    """Whatever we are told from now on concerns what is being asked for."""
    return channel.model_copy(update={"asked_at": now, "anew": False})


def answered(channel: Channel, answer: ProviderTells) -> Channel:
    """Take in an answer. What is held stays so where another could not be had: it may be good still."""
    if answer.because is not None:
        return failed(channel, answer.because)
    return channel.model_copy(update={"listening": answer.listening, "because": None})


def failed(channel: Channel, because: str) -> Channel:
    return channel.model_copy(update={"because": because})
