"""Signed links: what a letter carries so that its reader can answer with one click, and what a page does with it.

A link names an interview, a person in it, one purpose and the revision of the booking that it was written for. Nobody
can make one without the secret, none leads past its purpose, and none outlives its day. Opening a link does nothing:
mail scanners open links. What acts is a person's choice on the page behind it (reference: calendars and mail, 4.8).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import JsonValue, ValidationError

from entrevue.values import Code, Instant, InterviewId, Message, Refused, Who

Purpose = Literal["offer", "answer", "change", "prepare", "attend", "form", "feedback", "follow_up"]
"""What the reader is asked for; a page a purpose."""

ALLOWED: Mapping[Purpose, frozenset[str]] = {
    "offer": frozenset(
        {"choose_slot", "decline_offer", "propose_other_time", "submit_availability", "request_adjustment", "withdraw"}
    ),
    "answer": frozenset({"respond_to_seat", "propose_other_time", "request_reschedule", "declare_conflict"}),
    "change": frozenset({"request_reschedule", "propose_other_time", "request_adjustment", "cancel", "withdraw"}),
    "prepare": frozenset({"share_expectations", "request_adjustment"}),
    "attend": frozenset({"wait_longer", "go_on_with_those_here", "request_reschedule", "report_no_show"}),
    "form": frozenset(
        {"submit_evaluation", "say_it_did_not_take_place", "ask_question", "give_consent", "revoke_consent"}
    ),
    "feedback": frozenset({"open_feedback", "open_dispute", "submit_reflection", "mail_report"}),
    "follow_up": frozenset({"submit_reflection", "check_growth", "record_outcome"}),
}
"""Which commands a page of this purpose may send."""

_LONGEST = 600


class Grant(Message):
    """What a link allows, to whom, and how long."""

    interview: InterviewId
    whom: Who
    purpose: Purpose
    revision: int
    """Of the booking it was written for: a page says so where another is booked now."""
    expires: Instant


def mint(grant: Grant, secret: bytes) -> str:
    """Give the token of a link: letters, digits, `-`, `_` and one dot. The same grant gives the same token."""
    body = urlsafe_b64encode(_packed(grant).encode()).rstrip(b"=")
    return f"{body.decode()}.{_signature(body, secret)}"


def read(token: str, secrets: Sequence[bytes], now: datetime) -> Grant:
    """Read a token back. Raise `Refused` with `link_invalid`, or with `link_expired`. Never log a token.

    Several secrets let one be exchanged: the first signs, each is believed.
    """
    body, _, signature = token.partition(".") if len(token) <= _LONGEST else ("", "", "")
    known = [hmac.compare_digest(_signature(body.encode(), one), signature) for one in secrets]  # all, in the same time
    if not any(known):
        raise Refused(Code.LINK_INVALID, "this link is not one of ours, or was cut off; open it from the letter again")
    try:
        grant = _unpacked(urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode())
    except (ValueError, ValidationError):
        raise Refused(Code.LINK_INVALID, "this link is of another version; ask for a new letter") from None
    if grant.expires <= now:
        raise Refused(Code.LINK_EXPIRED, "this link has expired; use the one of the newest letter")
    return grant


def command(grant: Grant, token: str, kind: str, fields: Mapping[str, JsonValue]) -> tuple[dict[str, JsonValue], str]:
    """Give the payload of the command that a choice leads to, and its idempotency key.

    The same choice twice is one command; another choice is another. Raise `Refused` with `not_authorized` where the
    purpose does not reach as far, `invalid_command` where the page would speak in another's name.
    """
    if kind not in ALLOWED[grant.purpose]:
        fits = ", ".join(sorted(ALLOWED[grant.purpose]))
        raise Refused(Code.NOT_AUTHORIZED, f"kind: this link does not reach as far as {kind}; it is for {fits}")
    if fields.get("by", grant.whom) != grant.whom:
        raise Refused(Code.INVALID_COMMAND, "by: is whoever the link was written to; leave it out")
    payload: dict[str, JsonValue] = {**fields, "by": grant.whom}
    return payload, hashlib.sha256(repr((token, kind, sorted(payload.items()))).encode()).hexdigest()[:32]


def _signature(body: bytes, secret: bytes) -> str:
    made = hmac.new(secret, b"entrevue link 1\n" + body, hashlib.sha256).digest()
    return urlsafe_b64encode(made).rstrip(b"=").decode()


def _packed(grant: Grant) -> str:
    parts = (grant.interview, grant.whom, grant.purpose, grant.revision, int(grant.expires.timestamp()))
    return "/".join(str(part) for part in parts)


def _unpacked(text: str) -> Grant:
    interview, whom, purpose, revision, expires = text.split("/")
    return Grant.model_validate(
        {"interview": interview, "whom": whom, "purpose": purpose, "revision": revision, "expires": int(expires)}
    )
