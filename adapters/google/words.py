"""What Google's refusals mean, in words of our own: what somebody must do, and nothing of what the answer said.

The reasons are those of *Handle API errors* (developers.google.com/workspace/calendar/api/guides/errors), and of the
token endpoint (RFC 6749, 5.2).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from httpx2 import codes
from pydantic import JsonValue

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.rest import Reply
from adapters.web import LATER, retry_after
from entrevue.values import PersonId

_REASON: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,59}")

_THROTTLED: Final = {"rateLimitExceeded", "userRateLimitExceeded"}
_SPENT: Final = {"calendarUsageLimits", "dailyLimitExceeded", "quotaExceeded"}
_A_MINUTE: Final = timedelta(minutes=1)
"""Google counts requests by the minute (guides/quota), and seldom says how long to wait."""
_AN_HOUR: Final = timedelta(hours=1)
"""What is counted by the day, or by nobody knows what, is not to be had by asking again and again."""

_BY_REASON: Final[Mapping[str, str]] = {
    "accessNotConfigured": "Google's project of our key lacks the Calendar API: enable it there",
    "insufficientPermissions": "Google gives our key too little: allow it the two scopes that the docs name",
    "forbiddenForServiceAccounts": "our service account may invite nobody: delegate to it, or turn delegation off",
    "forbiddenForNonOrganizer": "an event of ours has another organiser now: let its owner delete it by hand",
    "notACalendarUser": "Google Calendar is turned off for its owner: let the administrator turn it on",
    "domainPolicy": "the administrator of its owner's domain has closed Calendar to apps: let them open it to ours",
    "requiredAccessLevel": "Google lets us not write there: share it with the right to make changes to events",
}
_BY_STATUS: Final[Mapping[int, str]] = {
    codes.UNAUTHORIZED: "Google takes our tokens no more: allow the service account again, or have them consent again",
    codes.FORBIDDEN: "Google lets us not in: share it with us, or check the delegation and its scopes",
    codes.NOT_FOUND: "Google shows us no such calendar: correct the directory, or have it shared with us again",
}
_OF_PUSH: Final = "Google takes our address for its news not: it must be public, by https, with a certificate in order"

_OF_TOKENS: Final[Mapping[str, str]] = {
    "invalid_grant": "Google takes our key no more: allow the service account again, or have them consent again",
    "unauthorized_client": "Google: our service account may act for nobody; delegate the two scopes of the docs to it",
    "invalid_client": "Google does not know our key: make a new one, and give it to the workers",
    "access_denied": "the administrator keeps our service account out: let them allow it again",
    "admin_policy_enforced": "the administrator has closed Calendar to our app: let them allow it",
    "invalid_scope": "Google gives our key not what we ask: allow it the two scopes that the docs name",
}


def trouble(person: PersonId, reply: Reply) -> CalendarUnavailable | CalendarRefused:
    reasons = reasons_of(reply)
    named = f" ({min(reasons)})" if reasons else f" (status {reply.status})"
    wait = retry_after(reply.headers)
    if reasons & _SPENT:
        return CalendarUnavailable(person, f"Google's quota is used up{named}", max(wait or _AN_HOUR, _AN_HOUR))
    if reasons & _THROTTLED or reply.status == codes.TOO_MANY_REQUESTS:
        return CalendarUnavailable(person, f"Google asks us to come back later{named}", wait or _A_MINUTE)
    if reply.status in LATER or codes.is_server_error(reply.status):
        return CalendarUnavailable(person, f"Google asks us to come back later{named}", wait)
    return CalendarRefused(person, _refused(reply.status, reasons) + named)


def _refused(status: int, reasons: frozenset[str]) -> str:
    if any(one.startswith("push.") for one in reasons):
        return _OF_PUSH
    for reason in sorted(reasons):
        if reason in _BY_REASON:
            return _BY_REASON[reason]
    return _BY_STATUS.get(status, "Google refuses what we ask")


def token_trouble(person: PersonId, said: JsonValue) -> CalendarRefused:
    """Say why there is no token. The description that comes along may name people, and is never repeated."""
    code = said if isinstance(said, str) and _REASON.fullmatch(said) else "no reason given"
    because = _OF_TOKENS.get(code, "Google makes no token for our key: check it, and what it is allowed")
    return CalendarRefused(person, f"{because} ({code})")


def free_busy_trouble(person: PersonId, reasons: frozenset[str]) -> CalendarUnavailable | CalendarRefused:
    """Say why one person's free time is not told, while others' is."""
    named = f" ({min(reasons)})" if reasons else ""
    if reasons & {"notFound", "forbidden", "groupTooBig"}:
        return CalendarRefused(
            person, f"Google tells us not when they are free{named}: correct the directory, or have it shared with us"
        )
    return CalendarUnavailable(person, f"Google cannot say now when they are free{named}", _A_MINUTE)


def reasons_of(reply: Reply) -> frozenset[str]:
    """Give the reasons that an answer names, so far as they look like such: they may go into a message."""
    error = reply.body.get("error")
    return reasons_in(error.get("errors") if isinstance(error, dict) else None)


def reasons_in(errors: JsonValue) -> frozenset[str]:
    said = (one.get("reason") for one in errors if isinstance(one, dict)) if isinstance(errors, list) else ()
    return frozenset(one for one in said if isinstance(one, str) and _REASON.fullmatch(one))
