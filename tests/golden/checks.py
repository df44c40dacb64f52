"""What each real mail must keep to, read back by nothing but the standard library and icalendar."""

import re
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser

import icalendar

from tests.golden.mails import Mail

_LONGEST_LINE, _CLIPPED_FROM = 998, 102 * 1024
_TOKENS = ("Message-ID", "In-Reply-To", "References", "Reply-To", "To", "From")


class _Shown(HTMLParser):
    """What a reader of the HTML part sees and can follow."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self._hidden = self._hidden or tag == "head"
        self.links += [told["href"] or ""] if tag == "a" and "href" in told else []
        self.fetched += [tag] if tag in {"img", "link", "script", "iframe", "object"} or "src" in told else []

    def handle_endtag(self, tag: str) -> None:
        self._hidden = self._hidden and tag != "head"

    def handle_data(self, data: str) -> None:
        if not self._hidden and data.strip():
            self.words.append(" ".join(data.split()))


def faults(mail: Mail) -> Iterator[str]:
    """Name what is wrong with this mail; nothing, where all is right."""
    message = mail.message
    head = mail.raw.partition(b"\r\n\r\n")[0].decode("ascii")
    yield from _of_headers(mail, head)
    yield from _of_parts(_body(message, "plain"), _body(message, "html"))
    yield from _of_event(mail)
    if len(mail.raw) > _CLIPPED_FROM:
        yield "larger than what mail programs show"
    if max(map(len, mail.raw.split(b"\r\n"))) > _LONGEST_LINE:
        yield "a line that is too long"
    if any(part.defects for part in message.walk()):
        yield "a part that does not parse"


def _of_headers(mail: Mail, head: str) -> Iterator[str]:
    message = mail.message
    if [one.addr_spec for one in message["To"].addresses] != [mail.address]:
        yield "not written to whom it came to"
    if message["Auto-Submitted"] != "auto-generated":
        yield "vacation programs will answer it"
    for line in re.sub(r"\r\n[ \t]", " ", head).split("\r\n"):
        if line.startswith(tuple(f"{name}:" for name in _TOKENS)) and "=?" in line:
            yield f"encoded where programs look for a token: {line.partition(':')[0]}"
    for name in ("Message-ID", "In-Reply-To", "References"):
        if message[name] is not None and not re.fullmatch(r"<[0-9a-f]{32}@[\w.-]+>", str(message[name])):
            yield f"{name} is no single token"


def _of_parts(text: str, html: str) -> Iterator[str]:
    shown, flat = _Shown(html), " ".join(re.sub(r"(?m)^> ", "", text).split())
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", html)
    for words in shown.words:
        if words not in flat and not (heading and words == heading[1]):
            yield f"in the HTML only: {words}"
    for link in {*shown.links} - {*re.findall(r"https?://\S+", text)}:
        yield f"a link in the HTML only: {link}"
    for link in {*re.findall(r"(?m)^https?://\S+$", text)} - {*shown.links}:
        yield f"a link in the text only: {link}"
    if shown.fetched:
        yield f"fetches something: {shown.fetched}"


def _of_event(mail: Mail) -> Iterator[str]:
    parts = [part for part in mail.message.walk() if part.get_content_type() in {"text/calendar", "application/ics"}]
    if not parts:
        return
    attached = {content for part in parts if isinstance(content := part.get_payload(decode=True), bytes)}
    if len(parts) != 2 or len(attached) != 1:
        yield "the event is not the same in both places"
    calendar = icalendar.Calendar.from_ical(attached.pop())
    if calendar["METHOD"] != parts[0].get_param("method"):
        yield "METHOD differs"
    if [component.name for component in calendar.subcomponents] != ["VEVENT"]:
        yield "something besides one VEVENT"
    (event,) = calendar.events
    if str(event["ATTENDEE"]) != f"mailto:{mail.address}":
        yield "the attendee is somebody else"
    if str(event["ORGANIZER"]) == str(event["ATTENDEE"]):
        yield "the reader is told that they invite themselves"


def _body(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()).replace("\r\n", "\n") if body else ""
