"""Rooms for interviews: Teams meetings, each held by an event in the calendar of one mailbox."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.graph.events import TRANSACTION, UID, moment, text
from adapters.graph.mailbox import Mailbox
from adapters.rest import Values
from entrevue.values import InterviewId

_LASTS: Final = timedelta(hours=1)
_SOON: Final = timedelta(seconds=10)
"""Teams makes a meeting a moment after the event that holds it."""
_ONLINE: Final[Values] = {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"}
_ATTEMPTS: Final = 3
"""Transactions of which Graph may remember that their events were deleted."""


async def meeting(mailbox: Mailbox, interview: InterviewId, at: datetime) -> str:
    """Give the link of the interview's meeting; make its event where there is none.

    The event takes no time and names nobody. When it is does not matter to Teams: it stays where it was made.
    """
    uid = uid_of_room(interview)
    event = await _event(mailbox, uid)
    for attempt in range(_ATTEMPTS):
        if event is None:
            await mailbox.create(_body(uid, at, attempt))
            event = await _event(mailbox, uid)
    if event is None:
        raise CalendarUnavailable(mailbox.session.person, "an event that does not stay", _SOON)
    if event.get("isOnlineMeeting") is not True:  # who made it may have had no licence then
        await mailbox.update(text(event, "id"), _ONLINE, None)
        event = await _event(mailbox, uid) or {}
    online = event.get("onlineMeeting")
    link = text(online, "joinUrl") if isinstance(online, dict) else ""
    if link.startswith("https://"):
        return link
    if event.get("isOnlineMeeting") is True:
        raise CalendarUnavailable(mailbox.session.person, "Teams has not made the meeting yet", _SOON)
    raise CalendarRefused(
        mailbox.session.person, "this mailbox makes no Teams meetings: give it a licence for Teams, or name another"
    )


def uid_of_room(interview: InterviewId) -> str:
    return f"{interview}.room"


async def _event(mailbox: Mailbox, uid: str) -> Values | None:
    """Give the eldest, so that everybody gets the same link."""
    return next(iter(await mailbox.of_uid(uid)), None)


def _body(uid: str, at: datetime, attempt: int) -> Values:
    return {
        "subject": "Interview",
        "start": moment(at),
        "end": moment(at + _LASTS),
        "showAs": "free",
        "sensitivity": "private",
        "isReminderOn": False,
        "transactionId": TRANSACTION + sha256(f"{uid}\n{attempt}".encode()).hexdigest()[:32],
        "singleValueExtendedProperties": [{"id": UID, "value": uid}],
        **_ONLINE,
    }
