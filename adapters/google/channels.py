"""Where Google tells us of changes in a calendar (guides/push): one channel a person, which ends by itself."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4  # noqa: TID251  # see where it is used

from httpx2 import codes
from pydantic import JsonValue

from activities.calendar import CalendarRefused, CalendarUnavailable, Listening
from adapters.google.requests import GoogleCalendar, text
from adapters.google.times import clock
from adapters.push.address import PushTo
from adapters.web import ABSENT

_LASTS: Final = timedelta(days=7)
"""What we ask for; Google gives what it likes, and says so."""
_SHORTEST: Final = timedelta(minutes=1)
_LONGEST_HELD = 1000
_FIELDS: Final = "id,resourceId,expiration"


async def listen(calendar: GoogleCalendar, push: PushTo, held: str | None) -> Listening:
    """Fulfil `Calendar.listen`. The old channel is closed when the new one stands, so that nothing falls between."""
    body: dict[str, JsonValue] = {
        # Not made of what is asked for, as everything else is: Google takes no id a second time, and a repetition
        # cannot know which were taken. The one that nobody holds ends by itself.
        "id": str(uuid4()),  # see above
        "type": "web_hook",
        "address": push.address("google", calendar.person),
        "token": push.proof("google", calendar.person),
        "params": {"ttl": str(int(_LASTS.total_seconds()))},
    }
    reply = await calendar.session.ask("POST", f"{calendar.path}/watch", body=body, query={"fields": _FIELDS})
    now = clock(calendar.person, reply)
    channel, resource = text(reply.body, "id"), text(reply.body, "resourceId")
    new = f"{channel} {resource}"
    if channel is None or resource is None or len(new) > _LONGEST_HELD:
        raise CalendarUnavailable(calendar.person, "a channel that cannot be held")
    if held is not None:
        with suppress(CalendarRefused, CalendarUnavailable):  # it ends by itself; the new one must not be lost for it
            await hang_up(calendar, held)
    ends = _instant(reply.body.get("expiration"), now + _LASTS)
    return Listening(held=new, renew_at=now + max((ends - now) / 2, _SHORTEST))


async def hang_up(calendar: GoogleCalendar, held: str) -> None:
    """Fulfil `Calendar.hang_up`: a channel that has ended is known to nobody."""
    channel, _, resource = held.partition(" ")
    await calendar.session.ask(
        "POST",
        "/channels/stop",
        body={"id": channel, "resourceId": resource},
        expect={codes.OK, codes.NO_CONTENT, *ABSENT},
    )


def _instant(milliseconds: JsonValue, otherwise: datetime) -> datetime:
    """Read what Google writes as a string of milliseconds since 1970."""
    try:
        return datetime.fromtimestamp(int(str(milliseconds)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
