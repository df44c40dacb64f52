"""Refusals as Google's Calendar API words them.

Page, below developers.google.com/workspace/calendar/api: *Handle API errors* (guides/errors), unless said otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from starlette.responses import JSONResponse, Response

from tests.providers.serving import Trouble

JsonObject = dict[str, JsonValue]


@dataclass(frozen=True)
class _Reason:
    status: int
    message: str
    domain: str = "global"
    header: str | None = None
    parameter: str | None = None


_LIMITS: Final = "usageLimits"
_REASONS: Final = {
    "authError": _Reason(401, "Invalid Credentials", header="Authorization"),
    "backendError": _Reason(500, "Backend Error"),
    "conditionNotMet": _Reason(412, "Precondition Failed", header="If-Match"),
    "deleted": _Reason(410, "Resource has been deleted"),
    "duplicate": _Reason(409, "The requested identifier already exists."),
    "forbiddenForNonOrganizer": _Reason(
        403, "Shared properties can only be changed by the organizer of the event.", "calendar"
    ),
    "fullSyncRequired": _Reason(
        410, "Sync token is no longer valid, a full sync is required.", "calendar", parameter="syncToken"
    ),
    "notFound": _Reason(404, "Not Found"),
    "quotaExceeded": _Reason(403, "Calendar usage limits exceeded.", _LIMITS),
    "rateLimitExceeded": _Reason(403, "Rate Limit Exceeded", _LIMITS),
    "timeRangeEmpty": _Reason(400, "The specified time range is empty.", "calendar", parameter="timeMax"),
    "updatedMinTooLongAgo": _Reason(
        410, "The requested minimum modification time lies too far in the past.", "calendar", parameter="updatedMin"
    ),
    "userRateLimitExceeded": _Reason(403, "User Rate Limit Exceeded", _LIMITS),
    # Not on that page. The day's quota: guides/quota of older days, and what the console still shows.
    "dailyLimitExceeded": _Reason(403, "Daily Limit Exceeded", _LIMITS),
    # v3/reference/events, `attendees`; the wording from googleapis/google-api-ruby-client#14631.
    "forbiddenForServiceAccounts": _Reason(
        403, "Service accounts cannot invite attendees without Domain-Wide Delegation of Authority.", "calendar"
    ),
    # v3/reference/calendarList, `accessRole`; the wording from googleapis/google-api-nodejs-client#1623.
    "requiredAccessLevel": _Reason(403, "You need to have writer access to this calendar.", "calendar"),
    # Who is suspended, or for whom Calendar is turned off: GAM-team/GAM#806, closeio/sync-engine#462.
    "notACalendarUser": _Reason(403, "The user must be signed up for Google Calendar.", "calendar"),
    # v3/reference/freebusy/query has no word of it; calcom/cal.com#11696 met it beyond some 90 days.
    "timeRangeTooLong": _Reason(400, "The requested time range is too long.", "calendar", parameter="timeMax"),
    "channelIdNotUnique": _Reason(400, "Channel id not unique"),
    "push.webhookUrlNotHttps": _Reason(400, "WebHook callback must be HTTPS"),
    "parseError": _Reason(400, "Parse Error"),
    "required": _Reason(400, "Required"),
    "invalid": _Reason(400, "Invalid Value"),
}


class GoogleError(Exception):
    """What the API says in place of what was asked for."""

    def __init__(self, status: int, body: JsonObject) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    def response(self) -> Response:
        return JSONResponse(self.body, self.status)


def refusal(
    reason: str, message: str | None = None, *, status: int | None = None, parameter: str | None = None
) -> GoogleError:
    """Give the error of this reason, worded as the page has it, or as told where the page leaves it open."""
    known = _REASONS[reason]
    status, message, parameter = status or known.status, message or known.message, parameter or known.parameter
    detail: JsonObject = {"domain": known.domain, "reason": reason, "message": message}
    if known.header:
        detail |= {"locationType": "header", "location": known.header}
    if parameter:
        detail |= {"locationType": "parameter", "location": parameter}
    return GoogleError(status, {"error": {"errors": [detail], "code": status, "message": message}})


def insufficient_scopes() -> GoogleError:
    """The token is good, but for something else (cloud.google.com/apis/design/errors, and every Google API alike)."""
    message = "Request had insufficient authentication scopes."
    detail: JsonObject = {"domain": "global", "reason": "insufficientPermissions", "message": "Insufficient Permission"}
    return GoogleError(
        403, {"error": {"code": 403, "message": message, "errors": [detail], "status": "PERMISSION_DENIED"}}
    )


def google_trouble(
    reason: str,
    on: str,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    times: int | None = None,
) -> Trouble:
    """Give trouble on demand as Google words it: `server.troubles.due.append(google_trouble("quotaExceeded", "GET"))`.

    `rateLimitExceeded` comes with 403 or with 429, which are to be taken alike. The page promises no `Retry-After`.
    """
    error = refusal(reason, status=status)
    return Trouble(on=on, status=error.status, body=error.body, headers=headers or {}, times=times)
