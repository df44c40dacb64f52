"""The words of a letter: its subject, its text and the same in HTML, from the templates of one language."""

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import TypeAdapter, ValidationError

from activities.letters.cleaning import clean_line
from activities.letters.language import TEMPLATES, Words
from activities.letters.settings import MailSettings
from activities.letters.times import Times
from activities.letters.ways import form_page, pages
from entrevue.letters import (
    AnswerCheck,
    CalendarNotice,
    Cancellation,
    ConductReport,
    Digest,
    FormReminder,
    FormRequest,
    Invitation,
    JoinNudge,
    Letter,
    OfferWithdrawn,
    OnHold,
)
from entrevue.links import Purpose
from entrevue.orders import SendDigest, SendLetter
from entrevue.values import CANDIDATE, Link, Slot

_LINK: TypeAdapter[str] = TypeAdapter(Link)


@dataclass(frozen=True)
class Written:
    """A letter in words; the text says everything that the HTML shows."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Place:
    """Where to meet; in HTML a link, if it is one."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __html__(self) -> str:
        shown = escape(self.text)
        return f'<a href="{shown}">{shown}</a>' if is_link(self.text) else shown


def is_link(text: str) -> bool:
    """Links of ours only: autoescape alone does not stop `javascript:`."""
    try:
        _LINK.validate_python(text)
    except ValidationError:
        return False
    return True


def _subject(order: SendLetter | SendDigest, letter: Letter | Digest, words: Words) -> str:
    """Keep one stem an interview, so that its letters make one thread; only what changes somebody's day stands out.

    A report of conduct belongs to no thread, and tells whoever looks over a shoulder nothing.
    """
    organisation = clean_line(order.organisation, 50)
    if isinstance(order, SendDigest):
        return words.digest_subject.format(organisation=organisation)
    stem = words.subject.format(role=clean_line(order.role, 70), organisation=organisation)
    match letter:
        case Invitation(moved_from=Slot()):
            what = words.subjects["moved"]
        case Cancellation(replaced=True):
            what = words.subjects["left"]
        case Cancellation(continues=True):
            what = words.subjects["continues"]
        case Cancellation():
            what = words.subjects["cancelled"]
        case OfferWithdrawn():
            what = words.subjects["ended"]
        case OnHold(resumed=False):
            what = words.subjects["paused"]
        case JoinNudge():
            what = words.subjects["waited_for"]
        case AnswerCheck():
            what = words.subjects["answer"]
        case CalendarNotice():
            what = words.subjects["calendar"]
        case ConductReport():
            what = words.subjects["confidential"]
        case _:
            return stem
    return what.format(stem=stem)


def write(order: SendLetter | SendDigest, letter: Letter | Digest, words: Words, settings: MailSettings) -> Written:
    reader, links = order.to, settings.links
    times, offered, subject = Times(reader, words), pages(order, letter, links), _subject(order, letter, words)
    organisation = clean_line(order.organisation, 100)
    to_candidate = reader.who == CANDIDATE
    elsewhere = words.page_of_candidate.format(organisation=organisation) if to_candidate else words.page_of_staff
    every_purpose: tuple[Purpose, ...] = get_args(Purpose)
    told: dict[str, object] = {
        "letter": letter,
        "words": words,
        "subject": subject,
        "name": clean_line(reader.name, 100),
        "organisation": organisation,
        "to_candidate": to_candidate,
        "links": {purpose: offered.get(purpose) for purpose in every_purpose},
        "page": lambda purpose=None: words.page_below if purpose in offered else elsewhere,
        "zone_unknown": times.zone_unknown,
        "city": times.city,
        "when": times.when,
        "moment": times.moment,
        "beside": times.beside,
        "outside": times.outside,
        "place": Place,
        "listed": words.listed,
    }
    if isinstance(order, SendLetter):
        told["role"] = clean_line(order.role)
    if isinstance(letter, Digest):
        own = [form for form in letter.forms if form.whose is None]
        told["forms"] = [(form, form_page(form.interview, form.who, form.due, links)) for form in own]
        told["late"] = [form for form in letter.forms if form.whose is not None]  # no link: it would be another's
    if isinstance(letter, FormRequest | FormReminder) and to_candidate:
        told["earlier"] = [(one, form_page(one.interview, reader.who, letter.due, links)) for one in letter.siblings]
    text = _environment(settings.language, html=False).get_template(f"{letter.kind}.txt").render(told)
    html = _environment(settings.language, html=True).get_template(f"{letter.kind}.html").render(told)
    return Written(subject=subject, text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n", html=html + "\n")


@cache
def _environment(language: str, *, html: bool) -> Environment:
    return Environment(
        autoescape=html,  # noqa: S701 - the other is the plain text part
        loader=FileSystemLoader([TEMPLATES / language, TEMPLATES]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
