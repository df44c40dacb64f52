"""Read one mail as it lies in a mailbox: whatever strangers sent, in whatever shape, within a moment."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message as Part
from hashlib import sha256

from activities.mailbox import Answer, Mail, Nothing, Report, Words
from adapters.mail.authentication import is_authentic
from adapters.mail.itip import NoAnswer, read_answer
from adapters.mail.reports import delivery_report, report_in_words
from adapters.steps import in_a_moment

LONGEST = 1024 * 1024
"""Of a mail no more is read: answers and reports are small, and what follows is an attachment."""

_A_MOMENT = 2.0
"""Seconds of the processor. The library takes hours for a megabyte that was made for it: one parameter of semicolons,
a thousand multiparts in one another. An ordinary mail takes a few hundredths."""

_MOST_PARTS, _MOST_CALENDARS, _MOST_RECIPIENTS, _MOST_THREADS = 100, 4, 100, 10
_MOST_HEADER, _MOST_OF_A_NAME = 20_000, 20

_RECIPIENTS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Original-Recipient")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]{1,200}@[^\s<>,;:\"()\[\]]{1,253}")
_SOLE_ADDRESS = re.compile(
    r"""\s*(?:"(?:[^"\\]|\\.)*"|[^"<>@,;:()\\]*)\s*<([^\s<>@,;:"()]+@[^\s<>@,;:"()]+)>\s*"""
    r"""|\s*([^\s<>@,;:"()]+@[^\s<>@,;:"()]+)\s*"""
)
"""One address, with or without a name, and nothing that two programs could read differently."""
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")

_CALENDARS = frozenset({"text/calendar", "application/ics"})
_REPORTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_OTHER_REPORTS = frozenset({"disposition-notification", "feedback-report"})
"""That somebody has read a letter, or complains of it."""
_OURS_QUOTED = frozenset({"", "REQUEST", "PUBLISH", "CANCEL"})
"""Methods that a person's mail may carry along: our own invitation, or one of theirs."""

_DAEMON = re.compile(
    r"(?:mailer-?daemon|mail-daemon|postmaster|microsoftexchange[0-9a-f]*|double-bounce|mdaemon)@", re.IGNORECASE
)
_BULK = re.compile(r"bulk|junk|list|auto_reply", re.IGNORECASE)
_AWAY = re.compile(
    r"(?:out of (?:the )?office|automatic reply|auto(?:mated|matic)?[- ]?(?:reply|response)|on vacation|vacation reply"
    r"|abwesenheit|automatische antwort|r[ée]ponse automatique|absence du bureau|respuesta autom[áa]tica"
    r"|fuera de (?:la )?oficina|risposta automatica|fuori sede|resposta autom[áa]tica|automatisch antwoord|frånvaro)",
    re.IGNORECASE,
)


def read_mail(raw: bytes, *, place: str, arrived: datetime, server: str | None) -> Mail:
    """Read a mail; `server` is the authserv-id of our own. Whatever breaks it, the mail just says nothing."""
    raw = raw[:LONGEST]
    if not raw:
        return _unreadable(raw, place, arrived)
    try:
        return in_a_moment(_A_MOMENT, lambda: _read(raw, place, arrived, server))
    except Exception:  # noqa: BLE001  # strangers' mail has made the library raise a dozen kinds; none may stop the rest
        return _unreadable(raw, place, arrived)


def _unreadable(raw: bytes, place: str, arrived: datetime) -> Mail:
    source_id = f"mail-{sha256(raw).hexdigest()[:40]}"
    return Mail(place=place, source_id=source_id, arrived=arrived, says=Nothing(because="unreadable"))


def _read(raw: bytes, place: str, arrived: datetime, server: str | None) -> Mail:
    message = message_from_bytes(raw)
    sender = _sender(message)
    results = _headers(message, "Authentication-Results")
    ids = _headers(message, "Message-ID")
    named = ids[0].encode() if len(ids) == 1 and ids[0].strip() else raw
    threads = _MESSAGE_ID.findall(" ".join((*_headers(message, "References"), *_headers(message, "In-Reply-To"))))
    return Mail(
        place=place,
        source_id=f"mail-{sha256(named).hexdigest()[:40]}",
        arrived=arrived,
        recipients=tuple(_recipients(message)),
        sender=sender,
        authenticated=sender is not None and is_authentic(results, server, sender.rpartition("@")[2]),
        replies_to=tuple(dict.fromkeys(threads[::-1]))[:_MOST_THREADS],
        says=_says(message, sender),
    )


def _says(message: Part, sender: str | None) -> Answer | Report | Words | Nothing:
    """Look for what programs are sure about first: an answer or a report may well call itself automatic."""
    parts = list(_parts(message))
    for part in parts:
        if part.get_content_type() in _REPORTS and (report := delivery_report(part)):
            return report
    calendars = [part for part in parts if part.get_content_type() in _CALENDARS][:_MOST_CALENDARS]
    if (answer := _answer(calendars, sender)) is not None:
        return answer
    if str(message.get_param("report-type", "")).lower() in _OTHER_REPORTS:
        return Nothing(because="automatic")
    from_daemon = any(_DAEMON.search(one) for one in _headers(message, "From", "Sender"))
    if from_daemon or _headers(message, "X-Failed-Recipients"):
        return report_in_words(_subject(message), _text(parts))
    if _is_automatic(message):
        return Nothing(because="automatic")
    nobody = any(one.strip() == "<>" for one in _headers(message, "Return-Path"))
    return Words(from_person=sender is not None and not nobody)


def _answer(calendars: Iterable[Part], sender: str | None) -> Answer | Nothing | None:
    """Read the first calendar part that answers; None where none wants to."""
    broken = False
    for part in calendars:
        try:
            method, answer = read_answer(_decoded(part).lstrip("\ufeff"), sender)
        except NoAnswer:
            broken = True
            continue
        if answer is not None:
            return answer
        if method not in _OURS_QUOTED:
            return Nothing(because="automatic")  # REFRESH and the like: our next version says it all
    return Nothing(because="unreadable") if broken else None


def _is_automatic(message: Part) -> bool:
    said = [one.strip().lower() for one in _headers(message, "Auto-Submitted")]
    if any(not one.startswith("no") for one in said) or _headers(message, "X-Autoreply", "X-Autorespond", "List-Id"):
        return True
    if any(_BULK.search(one) for one in _headers(message, "Precedence", "X-Precedence")):
        return True
    return bool(_AWAY.match(_subject(message)))


def _parts(message: Part) -> Iterator[Part]:
    """Walk through the parts, but not into mails that are enclosed: what they say is not said by this one."""
    waiting, seen = [message], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart":
            inside = part.get_payload()
            waiting[:0] = [one for one in inside if isinstance(one, Part)] if isinstance(inside, list) else []


def _text(parts: Iterable[Part]) -> str:
    return "\n".join([_decoded(part) for part in parts if part.get_content_type() == "text/plain"][:3])


def _decoded(part: Part) -> str:
    body = part.get_payload(decode=True)
    if not isinstance(body, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        return body.decode(charset, errors="replace")
    except LookupError:
        return body.decode("utf-8", errors="replace")


def _headers(message: Part, *names: str) -> list[str]:
    return [str(value)[:_MOST_HEADER] for name in names for value in message.get_all(name, [])[:_MOST_OF_A_NAME]]


def _subject(message: Part) -> str:
    subject = " ".join(_headers(message, "Subject"))[:1000]
    try:
        return str(make_header(decode_header(subject))).strip()
    except (ValueError, LookupError):
        return subject.strip()


def _recipients(message: Part) -> list[str]:
    found = _ADDRESS.findall(" ".join(_headers(message, *_RECIPIENTS))[: 2 * _MOST_HEADER])
    return list(dict.fromkeys(address.lower() for address in found))[:_MOST_RECIPIENTS]


def _sender(message: Part) -> str | None:
    senders = _headers(message, "From")
    found = _SOLE_ADDRESS.fullmatch(" ".join(senders[0].split())) if len(senders) == 1 else None
    return (found[1] or found[2]).lower() if found else None
