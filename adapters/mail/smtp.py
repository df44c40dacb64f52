"""Hand letters to a mail server by SMTP, one recipient a message, and say exactly how it ended."""

import asyncio
import re
from contextlib import suppress
from email.parser import BytesHeaderParser
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)
from pydantic import ConfigDict, Field, SecretStr, StringConstraints, model_validator

from activities.mail import Delivered, PostUnavailable, PostUnsure, Rejected
from entrevue.values import Message

_GOODBYE_WITHIN = 1.0
_TOO_BIG = 552
_LONGEST_ENVID = 100
_FIRST, _LAST = ord("!"), ord("~")
_PERMANENT = 500
_NOBODY_THERE = frozenset({550, 551, 553, 556})
_ENHANCED = re.compile(r"5\.(\d{1,3})\.(\d{1,3})\b")
_ADDRESS, _SYSTEM_OF_THE_SENDER = "1", frozenset({"7", "8"})


class SmtpSettings(Message):
    model_config = ConfigDict(extra="forbid")

    hostname: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`none` only to a server on this machine. Certificates are always checked, against the system's store."""
    username: str | None = None
    password: SecretStr | None = None
    introduce_as: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\[\]:-]{1,253}$")] | None = None
    """Our name in EHLO; None: the machine's own."""
    patience: Annotated[float, Field(gt=0, le=20)] = 20
    """Seconds up to the recipient, and again for the text: together less than an activity's minute."""

    @model_validator(mode="after")
    def _secure(self) -> Self:
        if self.tls == "none" and not _is_loopback(self.hostname):
            raise ValueError("tls=none is for a server on this machine only: use starttls or tls")
        if (self.username is None) != (self.password is None):
            raise ValueError("a username and a password go together")
        return self


class SmtpPost:
    """A connection a letter: letters are few, and an idle connection is one more thing that breaks."""

    def __init__(self, settings: SmtpSettings) -> None:
        self.settings = settings

    async def send(self, raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        client = self._client()
        try:
            return await self._deliver(client, raw, sender, recipient)
        finally:
            client.close()

    async def _deliver(self, client: SMTP, raw: bytes, sender: str, recipient: str) -> Delivered | Rejected:
        # `from None` throughout: what a server says may name the recipient, and would travel into histories and logs.
        try:
            async with asyncio.timeout(self.settings.patience):
                refusal = await _open(client, raw, sender, recipient)
        except SMTPResponseException as answer:
            raise PostUnavailable(f"{type(answer).__name__} {answer.code}") from None
        except (SMTPException, OSError) as trouble:
            raise PostUnavailable(type(trouble).__name__) from None
        if refusal:
            return refusal
        try:
            async with asyncio.timeout(self.settings.patience):
                await client.data(raw)
        except SMTPDataError as answer:
            if answer.code < _PERMANENT:
                raise PostUnavailable(f"{type(answer).__name__} {answer.code}") from None
            return _rejected(answer, nobody_there=frozenset())
        except (SMTPException, OSError) as trouble:
            raise PostUnsure(type(trouble).__name__) from None
        with suppress(SMTPException, OSError):
            await client.quit(timeout=_GOODBYE_WITHIN)
        return Delivered()

    def _client(self) -> SMTP:
        settings = self.settings
        return SMTP(
            hostname=settings.hostname,
            port=settings.port,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",  # never None, which means: if the server happens to offer it
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            local_hostname=settings.introduce_as,
            timeout=settings.patience,
        )


async def _open(client: SMTP, raw: bytes, sender: str, recipient: str) -> Rejected | None:
    """Connect and name sender and recipient; None means that the server waits for the text."""
    await client.connect()
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()
    of_mail, of_recipient = [], []
    if client.supports_extension("size"):
        limit = client.esmtp_extensions["size"]
        if limit.isdecimal() and 0 < int(limit) < len(raw):
            return Rejected(smtp_code=_TOO_BIG, address_is_bad=False)
        of_mail += [f"SIZE={len(raw)}"]
    if client.supports_extension("dsn"):
        of_mail += ["RET=HDRS", *(f"ENVID={xtext(name)}" for name in envelope_id(raw))]
        of_recipient += ["NOTIFY=FAILURE,DELAY", f"ORCPT=rfc822;{xtext(recipient)}"]
    try:
        await client.mail(sender, options=of_mail)
        await client.rcpt(recipient, options=of_recipient)
    except SMTPSenderRefused as answer:
        if answer.code < _PERMANENT:
            raise
        return Rejected(smtp_code=answer.code, address_is_bad=False)
    except SMTPRecipientRefused as answer:
        if answer.code < _PERMANENT:
            raise
        return _rejected(answer, nobody_there=_NOBODY_THERE)
    return None


def envelope_id(raw: bytes) -> list[str]:
    """Give the Message-ID without its brackets, if there is one: a report of non-delivery repeats it (RFC 3461, 4.4).

    One that is longer than an ENVID may be is left out; the report names the envelope sender all the same.
    """
    found = str(BytesHeaderParser().parsebytes(raw)["Message-ID"] or "").strip().strip("<>")
    return [found] if 0 < len(xtext(found)) <= _LONGEST_ENVID else []


def xtext(text: str) -> str:
    """Write what an option may hold: printable ASCII but for `+` and `=`, all else in hex (RFC 3461, section 4)."""
    return "".join(chr(one) if _plain(one) else f"+{one:02X}" for one in text.encode())


def _plain(one: int) -> bool:
    return _FIRST <= one <= _LAST and chr(one) not in "+="


def _rejected(answer: SMTPResponseException, *, nobody_there: frozenset[int]) -> Rejected:
    """Judge by the enhanced code (RFC 3463) where there is one: 550 also says "policy". Else by the plain one."""
    match _ENHANCED.search(answer.message):
        case None:
            bad = answer.code in nobody_there
        case found if found[1] == _ADDRESS:
            bad = found[2] not in _SYSTEM_OF_THE_SENDER
        case found:
            bad = (found[1], found[2]) == ("2", "1")  # a mailbox closed for good
    return Rejected(smtp_code=answer.code, address_is_bad=bad)


def _is_loopback(hostname: str) -> bool:
    if hostname == "localhost":
        return True
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return False
