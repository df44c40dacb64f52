"""Signed links: what a letter carries so that its reader can answer, and what a page does with it.

A link names an interview, a person in it, one purpose, the revision of the booking that it was written for and the end
of its days. Nobody can make one without the secret, and none leads past its purpose, in what it shows and in what it
does. Opening one does nothing: mail scanners open links. What acts is a person's choice on the page behind it, and it
is bound to what that page has shown (reference: calendars and mail, 4.8).
"""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, ValidationError

from entrevue.contract import read as read_message
from entrevue.permissions import TABLE, Command, role_of
from entrevue.values import Code, Instant, InterviewId, Message, Refused, Slot, Who, said
from entrevue.view import View

Purpose = Literal["offer", "answer", "change", "prepare", "attend", "form", "feedback", "follow_up"]
"""What the reader is asked for; a page a purpose."""

_CONSENTS = {"give_consent", "revoke_consent"}
_TIMES = {"propose_other_time", "declare_conflict", "request_adjustment", "withdraw"}

ALLOWED: Mapping[Purpose, frozenset[str]] = {
    "offer": frozenset({"choose_slot", "decline_offer", "submit_availability", *_TIMES}),
    "answer": frozenset({"respond_to_seat", "answer_invitation", "choose_slot", "request_reschedule", *_TIMES}),
    "change": frozenset({"respond_to_seat", "answer_invitation", "request_reschedule", "cancel", *_TIMES}),
    "prepare": frozenset({"share_expectations", "request_adjustment", "confirm_practice"}),
    "attend": frozenset(
        {
            "start_session",
            "end_session",
            "abort_session",
            "mark_attendance",
            "note_moment",
            "wait_longer",
            "go_on_with_those_here",
            "request_reschedule",
            "report_no_show",
            "contest_no_show",
        }
    ),
    "form": frozenset(
        {
            "submit_evaluation",
            "say_it_did_not_take_place",
            "note_moment",
            "ask_question",
            "mark_addressed",
            "report_conduct",
            *_CONSENTS,
        }
    ),
    "feedback": frozenset(
        {
            "open_feedback",
            "open_dispute",
            "submit_reflection",
            "mail_report",
            "ask_question",
            "mark_addressed",
            "report_conduct",
            *_CONSENTS,
        }
    ),
    "follow_up": frozenset(
        {"submit_reflection", "check_growth", "record_outcome", "mail_report", "report_conduct", *_CONSENTS}
    ),
}
"""Which commands a page of this purpose may send, of those that its reader may send at all (`permissions.TABLE`)."""

_NEGOTIATED = frozenset(
    {
        "held",
        "availability_wanted",
        "pending_approval",
        "empty_seats",
        "conflicts",
        "offered",
        "reply_by",
        "adjustments",
    }
)
_BEFOREHAND = frozenset({"own_expectations", "written_for_you", "brief", "scale", "instructions", "adjustments"})
_LOOKING_BACK = frozenset({"decision", "looking_back", "report", "offers", "consents"})

_ABOUT_A_TIME: frozenset[Purpose] = frozenset({"offer", "answer", "change", "prepare", "attend"})

SHOWN: Mapping[Purpose, frozenset[str]] = {
    "offer": _NEGOTIATED,
    "answer": _NEGOTIATED,
    "change": _NEGOTIATED,
    "prepare": _BEFOREHAND,
    "attend": _BEFOREHAND | {"waits_until", "no_show", "moments"},
    "form": frozenset({"form", "presumed", "own_expectations", "moments", "questions", "offers", "consents", "scale"}),
    "feedback": _LOOKING_BACK | {"feedback", "disputes", "questions"},
    "follow_up": _LOOKING_BACK,
}
"""What of the reader's view a page of this purpose shows, besides what every page does. Letters are forwarded: a link
to an offer must not show, months later, what was said about its reader."""

_ALWAYS = frozenset(
    {"unsocial", "answer_by", "closed_by", "closed_reason", "late", "practice", "conduct_goes_to"}
    | {name for name, field in View.model_fields.items() if field.is_required()}
)

_COMMANDS: Mapping[str, type[Command]] = {model.model_fields["kind"].default: model for model in get_args(Command)}

SHORTEST_SECRET = 16

_TOKEN = re.compile(r"([A-Za-z0-9_-]{1,200})\.([A-Za-z0-9_-]{43})")
_PAGE = re.compile(r"(0|[1-9][0-9]{0,8})-[0-9a-f]{32}")


def _whole_seconds(at: datetime) -> datetime:
    return at.replace(microsecond=0)


class Grant(Message):
    """What a link allows, to whom, and how long."""

    interview: InterviewId
    whom: Who
    purpose: Purpose
    revision: Annotated[int, Field(ge=0, lt=10**9)]
    """Of the booking it was written for: a page says so where another is booked now."""
    expires: Annotated[Instant, AfterValidator(_whole_seconds)]

    def reach(self) -> frozenset[str]:
        """Name the commands that it leads to, whatever the state of the interview."""
        role = role_of(self.whom)
        return frozenset(kind for kind in ALLOWED[self.purpose] if role in TABLE[_COMMANDS[kind]].roles)


class Opened(Message):
    """What a page behind a link shows. It says who is acting: a forwarded letter is a forwarded link."""

    purpose: Purpose
    whom: Who
    name: str
    """Of whom the link was written to, as the page addresses them."""
    notice: str | None
    """Say this first: the link was written for another booking, and what is booked now."""
    may: tuple[str, ...]
    """Commands that fit now; another is refused."""
    page: str
    """Send it back with the choice. It says what was shown, so that nobody decides about what they have not seen, and
    makes one choice of a form that is sent twice."""
    view: View
    """Their own, as far as the purpose reaches."""


# --- the token -------------------------------------------------------------------------------------------------------


def mint(grant: Grant, secret: bytes) -> str:
    """Give the token of a link: letters, digits, `-`, `_` and one dot. The same grant gives the same token."""
    body = _base64(_packed(grant).encode())
    return f"{body}.{_signature(body, secret)}"


def read(token: str, secrets: Sequence[bytes], now: datetime) -> Grant:
    """Read a token back. Raise `Refused` with `link_invalid`, or with `link_expired`. Never log a token.

    Several secrets let one be exchanged: the first signs, each is believed.
    """
    parts = _TOKEN.fullmatch(token)
    body, signature = parts.groups() if parts else ("", "")
    known = [hmac.compare_digest(_signature(body, one), signature) for one in secrets]  # all, in the same time
    if not any(known):
        raise Refused(Code.LINK_INVALID, "this link is not one of ours, or was cut off; open it from the letter again")
    grant = _unpacked(body)
    if grant is None:
        raise Refused(Code.LINK_INVALID, "this link is of another version; use the one of the newest letter")
    if grant.expires <= now:
        raise Refused(Code.LINK_EXPIRED, "this link has expired; use the one of the newest letter")
    return grant


def _signature(body: str, secret: bytes) -> str:
    return _base64(hmac.digest(secret, f"entrevue link 1\n{body}".encode(), "sha256"))


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def _packed(grant: Grant) -> str:
    parts = (grant.interview, grant.whom, grant.purpose, grant.revision, int(grant.expires.timestamp()))
    return "/".join(str(part) for part in parts)


def _unpacked(body: str) -> Grant | None:
    """Give the grant, if this is the one way of writing it: who holds one token can make no second one of it."""
    try:
        text = urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
        interview, whom, purpose, revision, expires = text.split("/")
        grant = Grant.model_validate(
            {"interview": interview, "whom": whom, "purpose": purpose, "revision": revision, "expires": int(expires)}
        )
    except (ValueError, ValidationError):
        return None
    return grant if _base64(_packed(grant).encode()) == body else None


# --- the page --------------------------------------------------------------------------------------------------------


def opened(grant: Grant, view: View, once: str) -> Opened:
    """Give what the page shows. `view` is the reader's own, `once` are 32 hex digits of chance."""
    defaults = {name: field.default for name, field in View.model_fields.items() if name not in _ALWAYS}
    hidden = {name: default for name, default in defaults.items() if name not in SHOWN[grant.purpose]}
    return Opened(
        purpose=grant.purpose,
        whom=grant.whom,
        name=next(one.name for one in view.people if one.who == grant.whom),
        notice=_notice(grant, view),
        may=tuple(sorted(kind for kind in grant.reach() if view.status in TABLE[_COMMANDS[kind]].statuses)),
        page=f"{view.revision}-{once}",
        view=view.model_copy(update=hidden),
    )


def command(grant: Grant, kind: str, fields: Mapping[str, object], page: str) -> tuple[Command, str]:
    """Give the command that a choice on a page leads to, and its idempotency key.

    The same choice on the same page is one command, however often it is sent; opened again, the page takes another, be
    it the same: whoever says yes, no and yes means yes. Where the command is about a booking it expects the one that
    the page has shown. Raise `Refused`: `not_authorized` where the link does not reach as far, else `invalid_command`.
    """
    if kind not in grant.reach():
        fits = ", ".join(sorted(grant.reach())) or "reading alone"
        raise Refused(Code.NOT_AUTHORIZED, f"this link does not reach as far; it is for {fits}")
    if fields.get("by", grant.whom) != grant.whom:
        raise Refused(Code.INVALID_COMMAND, "by: is whoever the link was written to; leave it out")
    shown = _PAGE.fullmatch(page)
    if shown is None:
        raise Refused(Code.INVALID_COMMAND, "page: open the link first, and send back what it gave")
    model = _COMMANDS[kind]
    bound = {"expected_revision": int(shown[1])} if "expected_revision" in model.model_fields else {}
    chosen = read_message(model, {**fields, "by": grant.whom, **bound})
    parts = json.dumps([page, said(chosen)], sort_keys=True, separators=(",", ":"))
    return chosen, f"link-{hashlib.sha256(parts.encode()).hexdigest()[:32]}"


def overtaken(view: View) -> Refused:
    """Say that the page was about another booking, and what is booked now."""
    return Refused(
        Code.STALE_REVISION, f"page: the interview has changed since. {_standing(view)} Open the link again and choose."
    )


def _notice(grant: Grant, view: View) -> str | None:
    """What is asked after the session is about what has been: no later booking matters to it."""
    if grant.purpose not in _ABOUT_A_TIME or view.revision == grant.revision:
        return None
    return f"This link was written earlier. {_standing(view)}"


def _standing(view: View) -> str:
    if view.status.terminal:
        return "The interview is over now."
    return "No time is booked now." if view.slot is None else f"The interview is booked for {_when(view.slot)} now."


def _when(slot: Slot) -> str:
    """By the clock that was promised; one without it was booked by an instant."""
    return f"{slot.start:%Y-%m-%d %H:%M} UTC" if slot.wall is None else f"{slot.wall:%Y-%m-%d %H:%M} ({slot.zone})"
