"""Who we are by mail, and the addresses made of that: each event, each letter and each link has one of its own."""

import hashlib
import hmac
import json
import re
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, TypeAdapter, model_validator

from activities.letters.language import known
from entrevue.letters import Correspondent
from entrevue.links import Grant, mint
from entrevue.values import EmailAddress, Link, Message, Name, Who

_TOKEN = "{token}"  # noqa: S105 - a place to be filled, not a secret
_PURPOSE = "{purpose}"
_TOKEN_LENGTH, SEAT_LENGTH, _LETTER_LENGTH = 40, 24, 32
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_A_TOKEN = re.compile(rf"[0-9a-f]{{{_TOKEN_LENGTH}}}")
_ADDRESS: TypeAdapter[str] = TypeAdapter(EmailAddress)
_LINK: TypeAdapter[str] = TypeAdapter(Link)


def _addresses(template: str) -> str:
    if template.count(_TOKEN) != 1:
        raise ValueError(f"must hold {_TOKEN} once, like interviews+{_TOKEN}@hire.example.org")
    _ADDRESS.validate_python(template.replace(_TOKEN, "0" * _TOKEN_LENGTH))
    return template


def _pages(template: str) -> str:
    if template.count(_TOKEN) != 1:
        raise ValueError(f"must hold {_TOKEN} once, like https://hire.example.org/i/{_PURPOSE}/{_TOKEN}")
    page = urlsplit(_LINK.validate_python(template.replace(_TOKEN, "t").replace(_PURPOSE, "offer")))
    if page.scheme != "https" and page.hostname not in _THIS_MACHINE:
        raise ValueError("must start with https://: whoever reads a link on its way can act by it")
    return template


def _spoken(language: str) -> str:
    if language not in known():
        raise ValueError(f"there are no templates in this language, only in: {', '.join(sorted(known()))}")
    return language


AddressTemplate = Annotated[str, AfterValidator(_addresses)]


class LinkSettings(Message):
    """Signed links (`entrevue.links`): the pages are the backend's own, or ours."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, AfterValidator(_pages)]
    """Address of a page, like `https://hire.example.org/i/{purpose}/{token}`; without `{purpose}` one page serves all.

    The token says the purpose as well.
    """
    secret: Annotated[SecretStr, Field(min_length=16)]
    """Signs the links. Backends verify them with the same."""


class MailSettings(Message):
    """Who we are by mail. The domain signs (SPF, DKIM, DMARC) and is not hosted by Google.

    Gmail does not mail an answer to an ORGANIZER that is a Google account (docs/calendars-and-mail.md).
    """

    model_config = ConfigDict(extra="forbid")

    domain: Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$")]
    from_address: EmailAddress
    from_name: Name
    agent_address: AddressTemplate
    """ORGANIZER of an event; its token is made of the event's UID, and answers come here."""
    bounce_address: AddressTemplate
    """Envelope sender (VERP); its token names the letter, and bounces come here."""
    secret: Annotated[SecretStr, Field(min_length=16)]
    """Makes tokens unguessable. It must outlive every interview: with another one no CANCEL fits its REQUEST."""
    links: LinkSettings | None = None
    """Where the pages are that letters lead to. None: letters say where to look, and carry no links of ours."""
    language: Annotated[str, AfterValidator(_spoken)] = "en"
    """A folder of templates."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        if self.agent_address.lower() == self.bounce_address.lower():
            raise ValueError(
                "agent_address and bounce_address must differ, or answers and bounces cannot be told apart"
            )
        return self


def message_id(key: str, settings: MailSettings) -> str:
    return f"<{token(settings, 'message', key)[:_LETTER_LENGTH]}@{settings.domain}>"


def bounce_address(key: str, settings: MailSettings) -> str:
    """Give the envelope sender of the letter `key`: whatever comes back to it is about that letter.

    Its token cannot be made of the Message-ID, which every reply and every forwarded copy shows.
    """
    letter = token(settings, "message", key)[:_LETTER_LENGTH]
    return settings.bounce_address.replace(_TOKEN, _envelope_token(letter, settings))


def returned(envelope: str, settings: MailSettings) -> str | None:
    """Give the Message-ID of the letter whose envelope had this token; None where it is no token of ours."""
    letter = envelope[:_LETTER_LENGTH]
    genuine = hmac.compare_digest(_envelope_token(letter, settings), envelope)
    return f"<{letter}@{settings.domain}>" if genuine else None


def _envelope_token(letter: str, settings: MailSettings) -> str:
    return letter + token(settings, "envelope", letter)[: _TOKEN_LENGTH - _LETTER_LENGTH]


def agent_address(uid: str, settings: MailSettings, invited: Correspondent | None = None) -> str:
    """Give the ORGANIZER of the event `uid`: the same for every version of it, and nobody can guess another's.

    Whoever is `invited` by mail gets one of their own, so that an answer to it names who was asked, and where. None:
    the event stands in a calendar that we watch, where answers are read.
    """
    made = agent_token(uid, settings, invited.who, invited.email) if invited else token(settings, "event", uid)
    return settings.agent_address.replace(_TOKEN, made)


def agent_token(uid: str, settings: MailSettings, who: Who, email: str) -> str:
    """Say in `SEAT_LENGTH` characters which event and whose seat is meant, in the others which address was written to.

    So an answer from an alias is known to be of that seat, and known to be from an alias.
    """
    seat = token(settings, "seat", uid, who)[:SEAT_LENGTH]
    return seat + token(settings, "seat", uid, who, email.lower())[: _TOKEN_LENGTH - SEAT_LENGTH]


def thread_address(key: str, settings: MailSettings, invited: Correspondent) -> str:
    """Give the ORGANIZER of an event that bears somebody else's UID: it names the letter `key`, and who got it."""
    letter = token(settings, "message", key)[:_LETTER_LENGTH]
    return settings.agent_address.replace(_TOKEN, thread_token(letter, settings, invited.email))


def thread_token(letter: str, settings: MailSettings, email: str) -> str:
    """Say which letter is meant, as its Message-ID does, and in the last characters which address was written to."""
    letter = letter[:_LETTER_LENGTH]
    return letter + token(settings, "thread", letter, email.lower())[: _TOKEN_LENGTH - _LETTER_LENGTH]


def letter_of(agent: str, settings: MailSettings) -> str:
    """Give the Message-ID that the token of an agent address names, if it names one."""
    return f"<{agent[:_LETTER_LENGTH]}@{settings.domain}>"


def token_in(address: str, template: str) -> str | None:
    """Read the token in an address of ours; None where it is none. Only who made it can say whether it is genuine."""
    before, _, after = template.lower().partition(_TOKEN)
    there = address.lower()
    found = there[len(before) : len(there) - len(after)]
    return found if there == before + found + after and _A_TOKEN.fullmatch(found) else None


def page_address(grant: Grant, links: LinkSettings) -> str:
    """Give the address of the page on which this can be done."""
    signed = mint(grant, links.secret.get_secret_value().encode())
    return links.url.replace(_PURPOSE, grant.purpose).replace(_TOKEN, signed)


def token(settings: MailSettings, *parts: str) -> str:
    said = json.dumps([settings.domain, *parts]).encode()
    return hmac.new(settings.secret.get_secret_value().encode(), said, hashlib.sha256).hexdigest()[:_TOKEN_LENGTH]
