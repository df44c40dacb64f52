"""Turn a `SendLetter` into the bytes of one e-mail: the same order gives the same bytes, whenever it is rendered."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from email import message_from_bytes
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP, default
from email.utils import format_datetime, getaddresses
from html import escape
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar, Event, vCalAddress
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, TypeAdapter, ValidationError

from entrevue.orders import (
    Cancellation,
    ConductReport,
    Correspondent,
    Invitation,
    JoinNudge,
    Letter,
    OfferWithdrawn,
    OnHold,
    SendLetter,
)
from entrevue.values import CANDIDATE, EmailAddress, Link, Message, Name, Slot, Who

_TOKEN = "{token}"  # noqa: S105 - a place to be filled, not a secret
_TOKEN_LENGTH, SEAT_LENGTH = 40, 24
_A_TOKEN = re.compile(rf"[0-9a-f]{{{_TOKEN_LENGTH}}}")
_ADDRESS: TypeAdapter[str] = TypeAdapter(EmailAddress)
_LINK: TypeAdapter[str] = TypeAdapter(Link)
_LETTER: TypeAdapter[Letter] = TypeAdapter(Annotated[Letter, Field(discriminator="kind")])


def _addresses(template: str) -> str:
    if template.count(_TOKEN) != 1:
        raise ValueError(f"must hold {_TOKEN} once, like interviews+{_TOKEN}@hire.example.org")
    _ADDRESS.validate_python(template.replace(_TOKEN, "0" * _TOKEN_LENGTH))
    return template


def _pages(template: str) -> str:
    if template.count(_TOKEN) != 1:
        raise ValueError(f"must hold {_TOKEN} once, like https://hire.example.org/i/{{purpose}}/{_TOKEN}")
    _LINK.validate_python(template.replace(_TOKEN, "t").replace("{purpose}", "offer"))
    return template


AddressTemplate = Annotated[str, AfterValidator(_addresses)]


class LinkSettings(Message):
    """Signed links (`entrevue.links`): the pages are the backend's own, or ours."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(_pages)]
    """Address of a page, like `https://hire.example.org/i/{purpose}/{token}`."""
    secret: Annotated[SecretStr, Field(min_length=16)]
    """Signs the links. Backends verify them with the same."""


class MailSettings(Message):
    """Who we are by mail. The domain signs (SPF, DKIM, DMARC) and is not hosted by Google.

    Gmail does not mail an answer to an ORGANIZER that is a Google account (reference: calendars and mail, 4.1).
    """

    model_config = ConfigDict(extra="forbid")

    domain: Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
    from_address: EmailAddress
    from_name: Name
    agent_address: AddressTemplate
    """ORGANIZER of an event; its token is made of the event's UID, and answers come here."""
    bounce_address: AddressTemplate
    """Envelope sender (VERP); its token is the local part of the Message-ID, and bounces come here."""
    secret: Annotated[SecretStr, Field(min_length=16)]
    """Makes tokens unguessable. It must outlive every interview: with another one no CANCEL fits its REQUEST."""
    links: LinkSettings | None = None
    """Where the pages are that letters lead to. None: letters say where to look, and carry no links of ours."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    raw: bytes
    message_id: str
    sender: str
    recipient: str


class MalformedLetter(Exception):
    """What was rendered does not read back as what was meant. Says which rule, never whose letter."""


def render(order: SendLetter, settings: MailSettings) -> Rendered:
    """Render the letter and read it back. Raise `MalformedLetter` where a rule of interoperability is broken."""
    _demand(token_in(order.to.email, settings.agent_address) is None, "no letter to ourselves")
    letter = _LETTER.validate_python(_clean(order.letter.model_dump()))
    subject = _subject(order, letter)
    text, html = _bodies(order, letter, subject)
    calendar = _calendar(order, letter, settings) if isinstance(letter, Invitation | Cancellation) else None
    message = _mime(text, html, calendar, seed=_token(settings, "message", order.key))
    for name, value in _headers(order, subject, settings):
        message.set_raw(name, _one_header(value))
    raw = message.as_bytes(policy=message.policy.clone(max_line_length=_LONGEST_LINE))
    rendered = Rendered(
        raw=raw,
        message_id=message_id(order.key, settings),
        sender=settings.bounce_address.replace(_TOKEN, _token(settings, "message", order.key)),
        recipient=order.to.email,
    )
    _read_back(rendered, calendar)
    return rendered


def message_id(key: str, settings: MailSettings) -> str:
    return f"<{_token(settings, 'message', key)}@{settings.domain}>"


def agent_address(uid: str, settings: MailSettings, invited: Correspondent | None = None) -> str:
    """Give the ORGANIZER of the event `uid`: the same for every version of it, and nobody can guess another's.

    Whoever is `invited` by mail gets one of their own, so that an answer to it names who was asked, and where. None:
    the event stands in a calendar that we watch, where answers are read.
    """
    token = agent_token(uid, settings, invited.who, invited.email) if invited else _token(settings, "event", uid)
    return settings.agent_address.replace(_TOKEN, token)


def agent_token(uid: str, settings: MailSettings, who: Who, email: str) -> str:
    """Say in `SEAT_LENGTH` characters which event and whose seat is meant, in the others which address was written to.

    So an answer from an alias is known to be of that seat, and known to be from an alias.
    """
    seat = _token(settings, "seat", uid, who)[:SEAT_LENGTH]
    return seat + _token(settings, "seat", uid, who, email.lower())[: _TOKEN_LENGTH - SEAT_LENGTH]


def token_in(address: str, template: str) -> str | None:
    """Read the token in an address of ours; None where it is none. Only who made it can say whether it is genuine."""
    before, _, after = template.lower().partition(_TOKEN)
    there = address.lower()
    token = there[len(before) : len(there) - len(after)]
    return token if there == before + token + after and _A_TOKEN.fullmatch(token) else None


def _token(settings: MailSettings, *parts: str) -> str:
    said = json.dumps([settings.domain, *parts]).encode()
    return hmac.new(settings.secret.get_secret_value().encode(), said, hashlib.sha256).hexdigest()[:_TOKEN_LENGTH]


# --- text from people ------------------------------------------------------------------------------------------------

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Controls, line and paragraph ends, overrides of the writing direction, halves of characters."""
_LINE_END = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_LINES_ALLOWED = frozenset({"description", "document", "reason", "text"})
_LIMITS = {
    "name": 100,
    "with_names": 100,
    "summary": 150,
    "location": 1000,
    "reason": 1000,
    "text": 1000,
    "scale": 1200,
    "consents": 1000,
    "instructions": 1000,
}
_DESCRIPTION_LIMIT, _LIMIT, _MOST = 4000, 300, 50
_LONG = {"document": 400}
"""What may be longer: a report is not cut where it gets interesting."""


def clean_line(text: str, limit: int = _LIMIT) -> str:
    """Give a single printable line, at most so long."""
    return _cut(" ".join(_UNPRINTABLE.sub(" ", text).split()), limit)


def clean_text(text: str, limit: int = _DESCRIPTION_LIMIT) -> str:
    """Give printable text whose lines end in a plain line feed, at most so long."""
    lines = (_UNPRINTABLE.sub(" ", line).rstrip() for line in _LINE_END.sub("\n", text).split("\n"))
    return _cut("\n".join(lines).strip(), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _clean(value: object, field: str = "") -> object:
    match value:
        case str() if field in _LINES_ALLOWED:
            return clean_text(value, _LIMITS.get(field, _DESCRIPTION_LIMIT))
        case str():
            return clean_line(value, _LIMITS.get(field, _LIMIT))
        case dict():
            return {name: _clean(one, name) for name, one in value.items()}
        case tuple() | list():
            return [_clean(one, field) for one in value[: _LONG.get(field, _MOST)]]
        case _:
            return value


# --- words -----------------------------------------------------------------------------------------------------------

_LOADER = FileSystemLoader(Path(__file__).parent / "templates")
_HTML = Environment(autoescape=True, loader=_LOADER, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
_TEXT = Environment(
    autoescape=False,  # noqa: S701 - the plain text part
    loader=_LOADER,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _subject(order: SendLetter, letter: Letter) -> str:
    """Keep one stem an interview, so that its letters make one thread; only what changes somebody's day stands out.

    A report of conduct belongs to no thread, and tells whoever looks over a shoulder nothing.
    """
    stem = f"Interview for {clean_line(order.role, 70)} at {clean_line(order.organisation, 50)}"
    match letter:
        case Invitation(moved_from=Slot()):
            return f"New time: {stem}"
        case Cancellation(replaced=True):
            return f"You have left the panel: {stem}"
        case Cancellation(continues=True):
            return f"New time needed: {stem}"
        case Cancellation():
            return f"Cancelled: {stem}"
        case OfferWithdrawn():
            return f"Ended: {stem}"
        case OnHold(resumed=False):
            return f"On hold: {stem}"
        case JoinNudge():
            return f"Waiting for you: {stem}"
        case ConductReport():
            return "Confidential: there is something for you to read"
        case _:
            return stem


def _bodies(order: SendLetter, letter: Letter, subject: str) -> tuple[str, str]:
    reader = order.to
    zone = _zone(reader.zone)
    known = None if reader.zone_assumed else zone
    organisation = clean_line(order.organisation, 100)
    to_candidate = reader.who == CANDIDATE
    words: dict[str, object] = {
        "letter": letter,
        "subject": subject,
        "name": clean_line(reader.name, 100),
        "role": clean_line(order.role),
        "organisation": organisation,
        "to_candidate": to_candidate,
        "page": f"the page that {organisation} gave you" if to_candidate else "your organisation's page",
        "zone_unknown": known is None,
        "city": "UTC" if zone is None else _city(zone),
        "when": lambda slot: Shown(slot_in(slot, zone or UTC), slot.start),
        "moment": lambda at: Shown(moment_in(at, zone or UTC), at),
        "beside": lambda slot, other: _beside(slot, zone or UTC, other),
        "outside": lambda slot, other=None: _outside(slot, known, other),
        "place": Place,
        "listed": _listed,
    }
    text = _TEXT.get_template(f"{letter.kind}.txt").render(words)
    html = _HTML.get_template(f"{letter.kind}.html").render(words)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html + "\n"


@dataclass(frozen=True)
class Shown:
    """A time in words; in HTML machines can read it too."""

    text: str
    at: datetime

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        return f'<time datetime="{self.at:%Y-%m-%dT%H:%M:%SZ}">{escape(self.text)}</time>'


@dataclass(frozen=True)
class Place:
    """Where to meet; in HTML a link, if it is one."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        shown = escape(self.text)
        return f'<a href="{shown}">{shown}</a>' if _is_link(self.text) else shown


def _is_link(text: str) -> bool:
    """Our own links only: autoescape alone does not stop `javascript:`."""
    try:
        _LINK.validate_python(text)
    except ValidationError:
        return False
    return True


def _listed(names: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


# --- civil time ------------------------------------------------------------------------------------------------------

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


_EARLY, _LATE = time(8), time(20)
"""Of anybody's own day: an interview outside is possible, and said to be so."""


def slot_in(slot: Slot, zone: tzinfo) -> str:
    """Say `Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)`; never an abbreviation: IST is three zones."""
    times, where = _times(slot, zone, _day)
    return f"{times} ({where})"


def moment_in(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{_day(local)}, {local:%H:%M} ({_where(local)})"


def _beside(slot: Slot, readers: tzinfo, other: str | None) -> Shown | None:
    """Show the candidate's time to an interviewer, where the candidate's clock may say something else."""
    theirs = None if other is None else _zone(other)
    if theirs is None or str(theirs) == str(readers):
        return None
    days = {at.astimezone(zone).date() for at in (slot.start, slot.end) for zone in (readers, theirs)}
    times, where = _times(slot, theirs, _short_day if len(days) > 1 else None)
    return Shown(f"{times} for the candidate ({where})", slot.start)


def _times(slot: Slot, zone: tzinfo, day: Callable[[datetime], str] | None) -> tuple[str, str]:
    """Say from when until when, with the dates as `day` writes them, and where that is so."""
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    first = f"{day(start)}, " if day else ""
    until = f"{day(end)}, " if day and start.date() != end.date() else ""
    if start.utcoffset() != end.utcoffset():
        times = f"{first}{start:%H:%M} {_offset(start)} – {until}{end:%H:%M} {_offset(end)}"
        return times, f"{_city(zone)}; the clocks change in between"
    dash = " – " if until else "–"
    return f"{first}{start:%H:%M}{dash}{until}{end:%H:%M}", _where(start)


def _outside(slot: Slot, readers: tzinfo | None, other: str | None) -> str:
    """Name those for whom the slot lies early, late or in the night; nothing where nobody's zone says so."""
    theirs = None if other is None else _zone(other)
    whose = [whom for whom, zone in (("you", readers), ("the candidate", theirs)) if zone and _unusual(slot, zone)]
    return f"outside {_EARLY:%H:%M}–{_LATE:%H:%M} for {_listed(whose)}" if whose else ""


def _unusual(slot: Slot, zone: tzinfo) -> bool:
    start, end = slot.start.astimezone(zone), slot.end.astimezone(zone)
    return start.date() != end.date() or start.time() < _EARLY or end.time() > _LATE


def _zone(name: str) -> tzinfo | None:
    """Find the zone; None where nobody knows it: a letter in UTC, labelled so, is better than none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: `America/Argentina` is a folder
        return None


def _day(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"


def _short_day(local: datetime) -> str:
    return f"{_DAYS[local.weekday()][:3]} {local.day} {_MONTHS[local.month - 1][:3]}"


def _where(local: datetime) -> str:
    zone = local.tzinfo or UTC
    if zone is UTC:
        return "UTC"
    return _offset(local) if str(zone).startswith("Etc/") else f"{_city(zone)}, {_offset(local)}"


def _city(zone: tzinfo) -> str:
    return str(zone).rpartition("/")[2].replace("_", " ")


def _offset(local: datetime) -> str:
    digits = f"{local:%z}"
    return f"UTC{digits[:3]}:{digits[3:5]}"


# --- the event, as calendars understand it ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Attachment:
    """One iTIP object (RFC 5546) for one attendee."""

    method: str
    text: str
    attendee: str
    organizer: str


def _calendar(order: SendLetter, letter: Invitation | Cancellation, settings: MailSettings) -> _Attachment | None:
    """Write one VEVENT with times in UTC form, which need no VTIMEZONE and read alike in every client."""
    if not letter.imip:
        return None
    event, cancelled = letter.event, isinstance(letter, Cancellation)
    if event.cancelled and not cancelled:
        raise MalformedLetter("an invitation to a cancelled event")
    organizer = vCalAddress(_mailto(agent_address(event.uid, settings, order.to)))
    organizer.params["CN"] = _common_name(order.organisation)
    attendee = vCalAddress(_mailto(order.to.email))
    attendee.params.update({"CN": _common_name(order.to.name), "CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"})
    if not cancelled:
        attendee.params.update({"PARTSTAT": "NEEDS-ACTION", "RSVP": "TRUE"})

    entry = Event()
    entry.add("uid", event.uid)
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", event.stamp)
    entry.add("last-modified", event.stamp)
    entry.add("dtstart", event.slot.start)
    entry.add("dtend", event.slot.end)
    entry.add("summary", event.summary or "Interview")
    entry.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    entry.add("organizer", organizer)
    entry.add("attendee", attendee)
    if event.description:
        entry.add("description", event.description)
    if event.location:
        entry.add("location", event.location)
        if _is_link(event.location):
            entry.add("url", event.location)

    method = "CANCEL" if cancelled else "REQUEST"
    calendar = Calendar()
    calendar.add("prodid", "-//Entrevue//Interviews//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(entry)
    return _Attachment(
        method=method, text=calendar.to_ical().decode(), attendee=str(attendee), organizer=str(organizer)
    )


def _common_name(name: str) -> str:
    """A parameter has no escapes: a backslash would hide what follows it, and RFC 6868's ^' is shown as it stands."""
    return clean_line(name.replace("\\", "/"), 100).replace('"', "'")


def _mailto(address: str) -> str:
    return "mailto:" + quote(address, safe="@!$'*+~")  # RFC 6068, section 2


# --- the message -----------------------------------------------------------------------------------------------------

_MIME = SMTP.clone(max_line_length=76)
_LONGEST_LINE = 998  # RFC 5322, 2.1.1; a header folded by the library at less comes out with its tokens encoded
_NOT_A_HEADER = re.compile(r"[^ -~]")


def _mime(text: str, html: str, calendar: _Attachment | None, *, seed: str) -> EmailMessage:
    """Build the tree that interoperability testing settled on (CalConnect's iMIP best practices)."""
    message = EmailMessage(policy=_MIME)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
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


def _headers(order: SendLetter, subject: str, settings: MailSettings) -> list[tuple[str, str]]:
    headers = [
        ("From", _mailbox("From", settings.from_name, settings.from_address)),
        ("To", _mailbox("To", order.to.name, order.to.email)),
        ("Subject", _words("Subject", subject)),
        ("Date", format_datetime(order.date)),
        ("Message-ID", message_id(order.key, settings)),
        ("Content-Language", "en"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply"),
    ]
    if order.reply_to:
        headers.append(("Reply-To", f"<{order.reply_to}>"))
    if order.thread:
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


# --- reading back ----------------------------------------------------------------------------------------------------

_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


def _read_back(letter: Rendered, calendar: _Attachment | None) -> None:
    message = message_from_bytes(letter.raw, policy=default)
    names = [name.lower() for name in message]
    _demand(len(names) == len(set(names)), "every header once")
    _demand([address for _, address in getaddresses([message["To"]])] == [letter.recipient], "one recipient")
    _demand(not _BARE_LINE_END.search(letter.raw), "lines end in CRLF")
    _demand(max(map(len, letter.raw.split(b"\r\n"))) <= _LONGEST_LINE, "lines of at most 998 octets")
    parts = [part for part in message.walk() if part.get_content_type() in {"text/calendar", "application/ics"}]
    if not calendar:
        _demand(not parts, "no calendar part")
        return
    _demand(len(parts) == 2, "the event once as an alternative, once as a file")  # noqa: PLR2004 - as it says
    for part in parts:
        _demand(part.get_payload(decode=True) == calendar.text.encode(), "the event alike in both places")
    _demand(parts[0].get_param("method") == calendar.method, "METHOD alike outside and inside")
    _read_event_back(calendar)


def _read_event_back(meant: _Attachment) -> None:
    calendar = Calendar.from_ical(meant.text)
    events = calendar.walk("VEVENT")
    _demand(len(events) == 1 == len(calendar.subcomponents), "one VEVENT and nothing else")
    _demand(calendar["METHOD"] == meant.method, "METHOD alike outside and inside")
    _demand(events[0].decoded("DTEND") > events[0].decoded("DTSTART"), "DTEND after DTSTART")
    _demand(events[0]["ATTENDEE"] == meant.attendee, "the attendee is the recipient")
    _demand(events[0]["ORGANIZER"] == meant.organizer != meant.attendee, "the organizer is not the recipient")


def _demand(holds: object, rule: str) -> None:
    """Like assert, but also under `python -O`."""
    if not holds:
        raise MalformedLetter(rule)
