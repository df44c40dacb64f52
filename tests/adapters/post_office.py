"""Post offices, in memory and over real SMTP, each with the same troubles; and letters to send through them."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol, assert_never

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from activities.letters import MailSettings
from activities.mail import (
    Post,
    PostUnavailable,
    PostUnsure,
    Rejected,
)
from adapters.mail.smtp import SmtpPost, SmtpSettings
from adapters.memory.mail import MemoryPost
from entrevue.letters import Correspondent, Invitation, Letter, Nudge
from entrevue.orders import SendLetter
from entrevue.values import CalendarEvent, Slot

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SLOT = Slot(start=NOW + timedelta(days=7), minutes=40)
SENDER, RECIPIENT = "bounces+1@hire.example.org", "ada@example.org"
RAW = b"From: a@example.org\r\nTo: ada@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.a line\r\nlast\r\n"
SETTINGS = MailSettings(
    domain="hire.example.org",
    from_address="interviews@hire.example.org",
    from_name="Acme Interviews",
    agent_address="interviews+{token}@hire.example.org",
    bounce_address="bounces+{token}@hire.example.org",
    secret=SecretStr("a secret of some length"),
)
INVITATION = Invitation(
    event=CalendarEvent(uid="r7.c1", sequence=0, stamp=NOW, slot=SLOT, summary="Interview"),
    imip=True,
    with_names=("Grace",),
)
NUDGE = Nudge(slots=(SLOT,), reply_by=SLOT.start)
UNHURRIED, HURRIED = 20.0, 1.5
CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""Of no authority and of no worth: `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500
-subj /CN=localhost -addext subjectAltName=DNS:localhost`."""
LOGIN, PASSWORD = "entrevue", "correct horse"


def order_of(letter: Letter, *, key: str = "r7/letter/candidate/0.1", now: datetime = NOW) -> SendLetter:
    return SendLetter(
        key=key,
        lane="mail/candidate",
        interview="r7",
        now=now,
        to=Correspondent(who="candidate", name="Ada", email=RECIPIENT),
        role="Backend engineer",
        organisation="Acme",
        date=now,
        again_if_unsure=letter.kind == "invitation",
        letter=letter,
    )


# --- post offices, each with the same troubles -----------------------------------------------------------------------


class Trouble(StrEnum):
    """What happens to the next letter."""

    NONE = "it is taken"
    NOBODY = "550 5.1.1 at RCPT"
    NOBODY_PLAIN = "550 at RCPT"
    POLICY = "550 5.7.1 at RCPT"
    LATER = "451 at RCPT"
    GREYLISTED = "450 at RCPT"
    SENDER_REFUSED = "553 at MAIL"
    TOO_BIG = "552 at MAIL"
    TEXT_REFUSED = "554 at DATA"
    TEXT_LATER = "451 at DATA"
    DROPPED = "connection lost after DATA"
    SLOW = "no answer after DATA"
    CLOSED = "connection refused"
    HANGS_UP = "connection closed instead of a greeting"
    LOGIN_REFUSED = "535 at AUTH"


Everywhere = Literal[
    Trouble.NOBODY,
    Trouble.NOBODY_PLAIN,
    Trouble.POLICY,
    Trouble.LATER,
    Trouble.SENDER_REFUSED,
    Trouble.TEXT_REFUSED,
    Trouble.TEXT_LATER,
    Trouble.DROPPED,
    Trouble.SLOW,
    Trouble.CLOSED,
]
"""Troubles that a post in memory has, too."""


class PostOffice(Protocol):
    """A post, what it has kept, and a way to make trouble once."""

    @property
    def post(self) -> Post: ...

    def expect(self, trouble: Everywhere | None) -> None: ...

    @property
    def kept(self) -> list[tuple[bytes, str, str]]: ...


class MemoryOffice:
    def __init__(self) -> None:
        self.post = MemoryPost()

    def expect(self, trouble: Everywhere | None) -> None:
        if trouble is not None:
            self.post.next_time.append(_in_memory(trouble))

    @property
    def kept(self) -> list[tuple[bytes, str, str]]:
        return [(letter.raw, letter.sender, letter.recipient) for letter in self.post.letters]


def _in_memory(trouble: Everywhere) -> Rejected | PostUnavailable | PostUnsure:
    match trouble:
        case Trouble.NOBODY | Trouble.NOBODY_PLAIN:
            return Rejected(smtp_code=550, address_is_bad=True)
        case Trouble.POLICY:
            return Rejected(smtp_code=550, address_is_bad=False)
        case Trouble.SENDER_REFUSED:
            return Rejected(smtp_code=553, address_is_bad=False)
        case Trouble.TEXT_REFUSED:
            return Rejected(smtp_code=554, address_is_bad=False)
        case Trouble.LATER | Trouble.TEXT_LATER | Trouble.CLOSED:
            return PostUnavailable("451")
        case Trouble.DROPPED | Trouble.SLOW:
            return PostUnsure("lost")
        case _:
            assert_never(trouble)


_REPORT = """\
From: postmaster@mx.example.org
To: {sender}
Subject: Undelivered mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

It could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
Original-Envelope-Id: {envelope}

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.1.1

--b--
"""


class Server(SMTP):
    """An SMTP server that knows delivery status notifications (RFC 3461), which aiosmtpd alone refuses."""

    notifies = True

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        await super().smtp_MAIL(self._noted(arg, "MAIL"))

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        await super().smtp_RCPT(self._noted(arg, "RCPT"))

    def _noted(self, arg: str | None, command: str) -> str | None:
        """Take out what belongs to notifications, and remember all of it."""
        words = (arg or "").split()
        office = self.event_handler
        assert isinstance(office, SmtpOffice)
        office.commands.append(" ".join([command, *words[1:]]))
        asked = [word for word in words if word.startswith(("RET=", "ENVID=", "NOTIFY=", "ORCPT=")) and self.notifies]
        office.asked |= {name: value for word in asked for name, _, value in [word.partition("=")]}
        return " ".join(word for word in words if word not in asked) if arg else arg


class PlainServer(Server):
    """One that does not know them, and refuses whoever asks for them all the same."""

    notifies = False


class HungUp(asyncio.Protocol):
    """Closes the connection before a word is said."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class SmtpOffice:
    """A real SMTP server in this loop; it follows the script once, and names the recipient in whatever it says."""

    def __init__(self, port: int, closed_port: int) -> None:
        self._port, self._closed_port = port, closed_port
        self._trouble: Trouble = Trouble.NONE
        self._kept: list[tuple[bytes, str, str]] = []
        self.released = asyncio.Event()
        self.commands: list[str] = []
        self.asked: dict[str, str] = {}
        """What the last client wanted of reports."""
        self.post = self._post_to(port)

    def expect(self, trouble: Trouble | None) -> None:
        self._trouble = trouble or Trouble.NONE
        port = self._closed_port if trouble is Trouble.CLOSED else self._port
        self.post = self._post_to(port, HURRIED if trouble is Trouble.SLOW else UNHURRIED)

    @property
    def kept(self) -> list[tuple[bytes, str, str]]:
        return self._kept

    def answering(self, server: type[Server], largest: int | None) -> asyncio.Protocol:
        """Give what speaks to the next client."""
        if self._trouble is Trouble.HANGS_UP:
            self._trouble = Trouble.NONE
            return HungUp()
        return server(
            self,
            data_size_limit=largest,
            hostname="localhost",
            loop=asyncio.get_running_loop(),
            authenticator=self.judge,
            auth_require_tls=False,
        )

    def report(self) -> EmailMessage:
        """Write what such a server sends when it cannot deliver after all (RFC 3464), to whom and about what it was."""
        _, sender, recipient = self._kept[-1]
        return message_from_string(
            _REPORT.format(sender=sender, envelope=self.asked["ENVID"], recipient=recipient), policy=default
        )

    def judge(self, _server: SMTP, _session: Session, _envelope: Envelope, _how: str, login: object) -> AuthResult:
        ours = login == LoginPassword(LOGIN.encode(), PASSWORD.encode())
        refused = self._trouble is Trouble.LOGIN_REFUSED  # not once only: a client tries one way after the other
        return AuthResult(success=ours and not refused, handled=ours and not refused)

    def _post_to(self, port: int, patience: float = UNHURRIED) -> SmtpPost:
        return SmtpPost(
            SmtpSettings(
                hostname="127.0.0.1",
                port=port,
                tls="none",
                introduce_as="localhost",
                patience=patience,
                username=LOGIN,
                password=SecretStr(PASSWORD),
            )
        )

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        knows = isinstance(server, Server) and server.notifies
        return [*responses[:-1], *(["250-DSN"] if knows else []), responses[-1]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        match self._trouble:
            case Trouble.SENDER_REFUSED:
                return self._once(f"553 5.1.8 <{address}> may not write here")
            case Trouble.TOO_BIG:
                return self._once("552 5.3.4 that is too much for us")
            case _:
                envelope.mail_from = address
                return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        match self._trouble:
            case Trouble.NOBODY:
                return self._once(f"550 5.1.1 <{address}> is unknown")
            case Trouble.NOBODY_PLAIN:
                return self._once(f"550 <{address}> is unknown")
            case Trouble.POLICY:
                return self._once(f"550 5.7.1 <{address}> takes no letters from you")
            case Trouble.LATER:
                return self._once(f"451 4.7.1 <{address}> later")
            case Trouble.GREYLISTED:
                return self._once(f"450 4.2.0 <{address}> is greylisted")
            case _:
                envelope.rcpt_tos.append(address)
                return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        match self._trouble:
            case Trouble.TEXT_REFUSED:
                return self._once(f"554 5.6.0 <{envelope.rcpt_tos[0]}> would not like this")
            case Trouble.TEXT_LATER:
                return self._once(f"451 4.3.0 <{envelope.rcpt_tos[0]}> later")
            case Trouble.DROPPED:
                self._keep(envelope)
                assert isinstance(server.transport, asyncio.WriteTransport)
                server.transport.abort()
            case Trouble.SLOW:
                self._keep(envelope)
                await self.released.wait()
            case _:
                self._keep(envelope)
        return self._once("250 OK")

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.original_content, bytes)
        assert envelope.mail_from is not None
        self._kept += [(envelope.original_content, envelope.mail_from, address) for address in envelope.rcpt_tos]

    def _once(self, answer: str) -> str:
        self._trouble = Trouble.NONE
        return answer


@asynccontextmanager
async def listening(
    closed_port: int, *, largest: int | None = None, server: type[Server] = Server
) -> AsyncIterator[SmtpOffice]:
    offices: list[SmtpOffice] = []
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: offices[0].answering(server, largest), "127.0.0.1", 0)
    offices.append(SmtpOffice(listener.sockets[0].getsockname()[1], closed_port))
    async with listener:
        yield offices[0]
        offices[0].released.set()


@asynccontextmanager
async def encrypted(office: SmtpOffice, tls: Literal["starttls", "tls"]) -> AsyncIterator[SmtpPost]:
    """Let the office speak TLS, too, with a certificate for `localhost` that only `CERTIFICATE` vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    loop = asyncio.get_running_loop()

    def speaker() -> Server:
        starttls = context if tls == "starttls" else None
        return Server(
            office,
            hostname="localhost",
            loop=loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=office.judge,
            auth_require_tls=starttls is not None,
        )

    listener = await loop.create_server(speaker, "127.0.0.1", 0, ssl=context if tls == "tls" else None)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        yield SmtpPost(office.post.settings.model_copy(update={"hostname": "localhost", "port": port, "tls": tls}))
