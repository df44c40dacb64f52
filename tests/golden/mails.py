"""The mails of a run of the demo as readers can compare them: decoded, and without what every run has anew."""

import re
import sqlite3
from base64 import urlsafe_b64decode
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

KEPT = Path(__file__).parent / "demo"

_HEADERS = ("From", "To", "Reply-To", "Subject", "Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress")
_THREAD = ("Message-ID", "In-Reply-To", "References")

_DAY = r"(?:\w+ \d{1,2} \w+ \d{4}|\w{3} \d{1,2} \w{3}), "
_CLOCK = r"\d\d:\d\d(?: UTC[+-]\d\d:\d\d)?"
_CHANGES = (
    (re.compile(r'<time datetime="[^"]+">'), "<time>"),
    (re.compile(rf"(?:{_DAY})?{_CLOCK} ?– ?(?:{_DAY})?{_CLOCK}"), "{from}–{until}"),
    (re.compile(rf"{_DAY}{_CLOCK}"), "{moment}"),
    (re.compile(r", UTC[+-]\d\d:\d\d\)"), ")"),
    (re.compile(r"(?:, |<br>| {6})?outside \{from\}–\{until\} for [\w ]+\n?"), ""),  # in some seasons only
    (re.compile(r"(?m)^(DTSTART|DTEND|DTSTAMP|LAST-MODIFIED):\d{8}T\d{6}Z"), r"\1:{instant}"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "{day}"),
    (re.compile(r"(?s)<head>.*</head>"), "<head>…</head>"),  # alike in all of them
)
_OFFERED = re.compile(r"((?:1\. |<li><time>)\{from\}.*\n)(?:(?:\d+\. |<li><time>)\{from\}.*\n)+")
"""Times to choose from: how many there are hangs on the weekday and on holidays."""
_LINK = re.compile(r"(/i/\w+/)([\w-]+)\.[\w-]+")
_IDENTITY = re.compile(r"\b(?:[0-9a-f]{40}|[0-9a-f]{32})\b")
"""A letter's, an event's, or a room's."""


@dataclass(frozen=True)
class Mail:
    """One mail as it arrived. `key` is the outbox's: it names the letter and is the same in every run, but for days."""

    key: str
    address: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=default)

    @property
    def file(self) -> str:
        """Name the file it is kept in, but for its suffix."""
        return re.sub(r":\d{4}-\d\d-\d\d$", "", self.key).replace("/", ".").replace(":", ".")


def sent_by_the_demo(folder: Path) -> list[Mail]:
    """Give every mail that lies in the mailboxes of a demo's folder, by its key."""
    with closing(sqlite3.connect(f"{(folder / 'worker' / 'entrevue.db').as_uri()}?mode=ro", uri=True)) as database:
        keys = dict(database.execute("SELECT message_id, key FROM outbox"))
    found = []
    for file in (folder / "mailboxes").glob("*/*.eml"):
        raw = file.read_bytes()
        name = str(message_from_bytes(raw, policy=default)["Message-ID"])
        found.append(Mail(keys[name], file.parent.name, raw))
    return sorted(found, key=lambda mail: mail.key)


def golden(mails: list[Mail]) -> dict[str, str]:
    """Give the text that is kept of each mail, by the name of its file."""
    names = {str(mail.message["Message-ID"]): mail.key for mail in mails}
    texts: dict[str, list[str]] = {}
    for mail in mails:
        texts.setdefault(mail.file, []).append(_shown(mail, names))
    return {f"{file}.txt": "\n".join(of_each_day) for file, of_each_day in texts.items()}


def _shown(mail: Mail, names: dict[str, str]) -> str:
    message = mail.message
    head = [f"{name}: {message[name]}" for name in _HEADERS if message[name]]
    head += [f"{name}: {names.get(str(message[name]), 'unknown')}" for name in _THREAD if message[name]]
    shown: list[str] = []
    for part in (part for part in message.walk() if not part.is_multipart()):
        content = _content(part)
        repeated = any(one.endswith(f"\n\n{content}") for one in shown)
        shown.append(f"--- {_kind(part)}\n\n{'the same' if repeated else content}")
    return _settled("\n".join(head) + "\n\n" + "\n".join(shown).rstrip() + "\n")


def _kind(part: EmailMessage) -> str:
    method = part.get_param("method")
    return f"{part.get_content_type()}; method={method}" if method else part.get_content_type()


def _content(part: EmailMessage) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    text = payload.decode().replace("\r\n", "\n")
    return text.replace("\n ", "") if text.startswith("BEGIN:VCALENDAR") else text


def _settled(text: str) -> str:
    text = _LINK.sub(lambda found: f"{found[1]}{{{_granted(found[2])}}}", text)
    for change, by in _CHANGES:
        text = change.sub(by, text)
    text = _OFFERED.sub(r"\1…\n", text)
    return _IDENTITY.sub("{token}", text)


def _granted(body: str) -> str:
    """Say what a link allows, but for until when."""
    return urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode().rpartition("/")[0]
