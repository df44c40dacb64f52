"""The page behind signed links, to copy: GET shows and never acts, POST sends what a person has chosen.

Call `respond` from a web framework of your own: with HTTPS, with a limit of requests an address, and without the path
in the access log, for the token is in it.
"""

import json
from collections.abc import Iterator, Mapping
from html import escape

from entrevue.client import InterviewClient, NoAnswerYet
from entrevue.links import Opened
from entrevue.values import Code, Refused, Slot

HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
STATUS = {Code.LINK_INVALID: 404, Code.LINK_EXPIRED: 410, Code.NOT_PARTICIPANT: 410, Code.STALE_REVISION: 409}


async def respond(
    client: InterviewClient, method: str, token: str, form: Mapping[str, str]
) -> tuple[int, Mapping[str, str], str]:
    """Answer a request with status, headers and page. HEAD, and whatever scanners try, only looks."""
    try:
        if method == "POST":
            kind, fields = _chosen(form.get("choice", ""))
            await client.act(token, kind, fields, page=form.get("page", ""))
        opened = await client.open_link(token)
    except Refused as refused:
        return STATUS.get(refused.code, 422), HEADERS, f"<p>{escape(refused.sentence)}</p>"
    except NoAnswerYet:
        return 503, HEADERS, "<p>Not certain yet: please send it once more.</p>"
    return 200, HEADERS, _page(opened, thanks=method == "POST")


def _chosen(choice: str) -> tuple[str, dict[str, object]]:
    try:
        kind, fields = json.loads(choice)
        return str(kind), dict(fields)
    except (ValueError, TypeError, RecursionError):
        raise Refused(Code.INVALID_COMMAND, "choice: pick one first") from None


def _page(opened: Opened, *, thanks: bool) -> str:
    booked = f"Booked: {_when(opened.view.slot)}." if opened.view.slot else "No time is booked."
    told = ["Thank you." if thanks else opened.notice or "", f"You answer as {opened.name}.", booked]
    radios = (
        f'<p><label><input type="radio" name="choice" required value="{escape(json.dumps([kind, fields]))}"> '
        f"{escape(label)}</label></p>"
        for label, kind, fields in _choices(opened)
        if kind in opened.may
    )
    return (
        f"<p>{escape(' '.join(told))}</p>"
        f'<form method="post"><input type="hidden" name="page" value="{opened.page}">'
        f"{''.join(radios)}<button>Send</button></form>"
    )


def _choices(opened: Opened) -> Iterator[tuple[str, str, dict[str, object]]]:
    for slot in opened.view.offered:
        yield _when(slot), "choose_slot", {"start": slot.start.isoformat()}
    yield "None of these times", "decline_offer", {}
    yield "I will be there", "respond_to_seat", {"answer": "accepted"}
    yield "I cannot be there", "respond_to_seat", {"answer": "declined"}
    yield "I can come", "answer_invitation", {"answer": "accepted"}
    yield "I may have to miss it", "answer_invitation", {"answer": "tentative"}
    yield "I cannot come at that time", "answer_invitation", {"answer": "declined"}
    yield "Another time, please", "request_reschedule", {}
    yield "I leave the process", "withdraw", {}


def _when(slot: Slot) -> str:
    return f"{slot.wall or slot.start:%A %d %B %Y, %H:%M} ({slot.zone if slot.wall else 'UTC'})"
