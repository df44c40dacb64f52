"""What Microsoft's refusals mean, in words of our own: what somebody must do, and nothing of what the answer said."""

import re
from datetime import timedelta
from typing import Final

from httpx2 import codes

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.rest import Reply, Values
from adapters.web import LATER, retry_after
from entrevue.values import PersonId

_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,59}")

_LATER: Final = LATER | {509}  # "Bandwidth Limit Exceeded", among Graph's documented answers
_THROTTLED: Final = {"ApplicationThrottled", "MailboxConcurrency", "TooManyRequests", "ErrorServerBusy"}
_IN_A_WHILE: Final = timedelta(seconds=30)
"""Where Graph asks us to wait without saying how long."""

_NO_MAILBOX: Final = {
    "ErrorInvalidUser",
    "ErrorMailRecipientNotFound",
    "ErrorNonExistentMailbox",
    "MailboxNotEnabledForRESTAPI",
    "MailboxNotSupportedForRESTAPI",
    "Request_ResourceNotFound",
    "ResourceNotFound",
}
_SCHEDULE_REFUSED: Final = {
    "ErrorAccessDenied",
    "ErrorInvalidSmtpAddress",
    "ErrorMailboxLogonFailed",
    "ErrorNoFreeBusyAccess",
    *_NO_MAILBOX,
}

_OF_LOGIN: Final = {
    7000215: "Microsoft does not know our client secret: enter its value, not its id",
    7000222: "our client secret has expired: make a new one in Entra, and give it to the workers",
    700016: "Microsoft does not know our app in this tenant: check tenant and client id",
    700027: "Microsoft does not know our certificate: upload it to the app in Entra, or give the workers the right one",
    700024: "Microsoft finds our assertion too early or too late: set the workers' clock right",
    90002: "Microsoft knows no such tenant: check the tenant's id",
    7000112: "our app is disabled in this tenant: enable it in Entra",
    53003: "a conditional access policy keeps our app out: let it through in Entra",
}
"""By AADSTS number: those that a set-up runs into."""


def trouble(person: PersonId, reply: Reply) -> CalendarUnavailable | CalendarRefused:
    code = code_of(reply.body)
    named = f" ({code})" if code else f" (status {reply.status})"
    if reply.status in _LATER or codes.is_server_error(reply.status) or code in _THROTTLED:
        wait = retry_after(reply.headers)
        if wait is None and (reply.status == codes.TOO_MANY_REQUESTS or code in _THROTTLED):
            wait = _IN_A_WHILE
        return CalendarUnavailable(person, f"Microsoft asks us to come back later{named}", wait)
    return CalendarRefused(person, _refused(reply.status, code) + named)


def _refused(status: int, code: str) -> str:
    if code == "ValidationError":
        return "Microsoft finds nobody at our receiver: check ENTREVUE_PUSH__URL, and what leads to it"
    if code in _NO_MAILBOX or status == codes.NOT_FOUND:
        return "Microsoft knows no mailbox at this address: correct the directory, or license the mailbox"
    if status == codes.UNAUTHORIZED:
        return "Microsoft takes our token no more: let the app be consented to again, and check its secret"
    if status == codes.FORBIDDEN:
        return "Microsoft does not let our app into this mailbox: consent to Calendars.ReadWrite, and widen its policy"
    return "Microsoft refuses what we ask"


def login_trouble(person: PersonId, reply: Reply) -> CalendarUnavailable | CalendarRefused:
    """Say why there is no token. The answer's own description names ids and is never repeated."""
    said = reply.body.get("error")
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else f"status {reply.status}"
    later = reply.well or reply.status in _LATER or codes.is_server_error(reply.status)  # well, and no token?
    if later or code in {"temporarily_unavailable", "server_error"}:
        return CalendarUnavailable(person, f"Microsoft makes no token now ({code})", retry_after(reply.headers))
    numbers = reply.body.get("error_codes")
    for number in numbers if isinstance(numbers, list) else ():
        if isinstance(number, int) and number in _OF_LOGIN:
            return CalendarRefused(person, f"{_OF_LOGIN[number]} (AADSTS{number})")
    return CalendarRefused(person, f"Microsoft makes no token for our app ({code}): check its secret and its consent")


def schedule_trouble(person: PersonId, error: Values) -> CalendarUnavailable | CalendarRefused:
    """Say why getSchedule gives somebody's free time not, while it gives others'."""
    said = error.get("responseCode")
    code = said if isinstance(said, str) and _CODE.fullmatch(said) else "no code"
    if code in _NO_MAILBOX:
        return CalendarRefused(person, f"Microsoft knows no mailbox at this address: correct the directory ({code})")
    if code in _SCHEDULE_REFUSED:
        return CalendarRefused(person, f"Microsoft tells our app not when they are free ({code}): let it be told")
    return CalendarUnavailable(person, f"Microsoft cannot say now when they are free ({code})")


def code_of(body: Values) -> str:
    """Give the code of Graph's error, where it looks like one: it may go into a message."""
    error = body.get("error")
    said = error.get("code") if isinstance(error, dict) else None
    return said if isinstance(said, str) and _CODE.fullmatch(said) else ""
