"""The message around the words: the tree that programs understand, and headers that nothing can break."""

import re
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from activities.letters.cleaning import clean_line
from activities.letters.event import Attachment
from activities.letters.language import Words
from activities.letters.malformed import MalformedLetter
from activities.letters.settings import MailSettings, message_id, token
from activities.letters.writing import Written
from entrevue.orders import SendDigest, SendLetter

LONGEST_LINE = 998
"""RFC 5322, 2.1.1."""

_MIME = SMTP.clone(max_line_length=76)
_NOT_A_HEADER = re.compile(r"[^ -~]")


def assembled(
    order: SendLetter | SendDigest,
    written: Written,
    calendar: Attachment | None,
    words: Words,
    settings: MailSettings,
) -> bytes:
    message = _tree(written, calendar, seed=token(settings, "message", order.key))
    for name, value in _headers(order, written.subject, words, settings):
        message.set_raw(name, _one_header(value))
    # A header folded by the library at less comes out with its tokens encoded, and threads nothing.
    return message.as_bytes(policy=message.policy.clone(max_line_length=LONGEST_LINE))


def _tree(written: Written, calendar: Attachment | None, *, seed: str) -> EmailMessage:
    """Build the tree that interoperability testing settled on (CalConnect's iMIP best practices)."""
    message = EmailMessage(policy=_MIME)
    message.set_content(written.text, cte="quoted-printable")
    message.add_alternative(written.html, subtype="html", cte="quoted-printable")
    if calendar:
        message.add_alternative(calendar.text, subtype="calendar", cte="base64", params={"method": calendar.method})
        name = f"{calendar.method.lower()}.ics"
        message.add_attachment(
            calendar.text.encode(), maintype="application", subtype="ics", filename=name, params={"name": name}
        )
    several = [part for part in message.walk() if part.is_multipart()]
    for number, part in enumerate(several):
        part.set_boundary(f"=_{seed}_{number}")  # `=_` cannot occur in quoted-printable or base64
    return message


def _headers(
    order: SendLetter | SendDigest, subject: str, words: Words, settings: MailSettings
) -> list[tuple[str, str]]:
    """Give the headers. There is no List-Unsubscribe: it needs a page of ours that ends these letters (RFC 8058)."""
    headers = [
        ("From", _mailbox("From", settings.from_name, settings.from_address)),
        ("To", _mailbox("To", order.to.name, order.to.email)),
        ("Subject", _words("Subject", subject)),
        ("Date", format_datetime(order.date if isinstance(order, SendLetter) else order.now)),
        ("Message-ID", message_id(order.key, settings)),
        ("Content-Language", words.tag),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    if order.reply_to:
        headers.append(("Reply-To", f"<{order.reply_to}>"))
    if isinstance(order, SendLetter) and order.thread:
        root = message_id(order.thread, settings)
        headers += [("In-Reply-To", root), ("References", root)]
    return headers


def _mailbox(header: str, name: str, address: str) -> str:
    name = clean_line(name, 100)
    if not name.isascii() or "=?" in name:
        return f"{_words(header, name)} <{address}>"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def _words(header: str, text: str) -> str:
    """Encode and fold by RFC 2047: words of at most 75 characters, which the newer policies overlook."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset=charset, header_name=header, maxlinelen=75).encode(linesep="\r\n")


def _one_header(value: str) -> str:
    """Let nothing end a header: everything in it was cleaned, encoded or checked before; this is the last gate."""
    if _NOT_A_HEADER.search(value.replace("\r\n ", " ")):
        raise MalformedLetter("a header would end early")
    return value
