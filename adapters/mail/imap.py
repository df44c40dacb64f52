"""A mailbox by IMAP (RFC 3501 and its successor), read in a thread by the standard library, and never written."""

import asyncio
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from imaplib import IMAP4, IMAP4_SSL
from ipaddress import ip_address
from time import monotonic
from typing import Annotated, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, SecretStr, StringConstraints, model_validator

from activities.mailbox import Batch, Mail, MailboxRefused, MailboxUnavailable, Mark, Place
from adapters.mail.reading import LONGEST, read_mail
from entrevue.values import Message

_BUDGET = 30.0
"""Seconds after which a batch ends with what it has; the next one goes on from there."""
_WINDOW = 1000
"""UIDs asked about at once: an answer that names all of a full mailbox would be longer than the library reads."""
_NEVER = datetime.fromtimestamp(0, UTC)
_PASSES = re.compile(rb"\[(?:UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)
_UID, _ARRIVED = re.compile(rb"\bUID (\d+)"), re.compile(rb'\bINTERNALDATE "([^"]{10,40})"')

_Line = TypeVar("_Line")

Folder = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[ -~]+$")]


class ImapSettings(Message):
    """The one mailbox into which mail to agent and bounce addresses is delivered."""

    model_config = ConfigDict(extra="forbid")

    host: Annotated[str, StringConstraints(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    tls: Literal["tls", "starttls", "none"] = "tls"
    """`none` only to a server on this machine. Certificates are always checked, against the system's store."""
    username: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: SecretStr
    folders: Annotated[tuple[Folder, ...], Field(min_length=1, max_length=10)] = ("INBOX",)
    """As the server writes them; those of other than ASCII letters in its modified UTF-7."""
    authserv_id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,253}$")] | None = None
    """By what name our own mail server signs its Authentication-Results; None: no answer by mail is known to be
    theirs."""
    patience: Annotated[float, Field(gt=0, le=30)] = 20
    """Seconds for each answer of the server."""

    @model_validator(mode="after")
    def _secure(self) -> Self:
        if self.tls == "none" and not _is_loopback(self.host):
            raise ValueError("tls=none is for a server on this machine only: use tls or starttls")
        return self


class ImapMailbox:
    """A connection a batch: a mailbox is read once a minute, and an idle connection is one more thing that breaks."""

    def __init__(self, settings: ImapSettings, *, budget: float = _BUDGET) -> None:
        self._settings = settings
        self._budget = budget

    async def since(self, mark: Mark, most: int) -> Batch:
        return await asyncio.to_thread(self._read, mark, most)

    def _read(self, mark: Mark, most: int) -> Batch:
        known = {place.folder: place for place in mark}
        mails: list[Mail] = []
        places: list[Place] = []
        more = False
        with self._connected() as server:
            until = monotonic() + self._budget
            for folder in self._settings.folders:
                reading = _Folder(server, folder, known.get(folder))
                for step in reading.steps() if len(mails) < most else ():
                    mails += [self._understood(one, f"{folder}/{reading.validity}/{reading.last}") for one in step]
                    if len(mails) == most or monotonic() > until:
                        break
                places.append(reading.place)
                more = more or reading.more
        return Batch(mails=tuple(mails), mark=tuple(places), more=more)

    def _understood(self, one: "_Fetched", place: str) -> Mail:
        return read_mail(one.raw, place=place, arrived=one.arrived, server=self._settings.authserv_id)

    @contextmanager
    def _connected(self) -> Iterator[IMAP4]:
        # `from None` throughout: what a server says may hold a name, and would travel into histories and logs.
        settings = self._settings
        try:
            server = _open(settings)
            try:
                _sign_in(server, settings.username, settings.password.get_secret_value())
                yield server
            finally:
                with suppress(IMAP4.error, OSError):
                    server.logout()
        except IMAP4.abort:
            raise MailboxUnavailable("the connection broke") from None
        except IMAP4.error as refusal:
            raise MailboxUnavailable(f"not understood: {type(refusal).__name__}") from None
        except ssl.SSLCertVerificationError:
            raise MailboxRefused("the server's certificate is not trusted") from None
        except OSError as trouble:
            raise MailboxUnavailable(type(trouble).__name__) from None


@dataclass(frozen=True)
class _Fetched:
    raw: bytes
    arrived: datetime


class _Folder:
    """One folder, opened for reading only, from the first mail after `known` on."""

    def __init__(self, server: IMAP4, name: str, known: Place | None) -> None:
        self._server = server
        self._name = name
        _demanded(server.select(f'"{_quoted(name)}"', readonly=True), f"folder {name} cannot be opened")
        self.validity = self._number("UIDVALIDITY")
        self._end = self._number("UIDNEXT")
        self.last = known.last if known is not None and known.validity == self.validity else 0

    @property
    def place(self) -> Place:
        return Place(folder=self._name, validity=self.validity, last=self.last)

    @property
    def more(self) -> bool:
        return self.last + 1 < self._end

    def steps(self) -> Iterator[Sequence[_Fetched]]:
        """Give a mail a step, or none where a stretch of UIDs is empty; `last` tells how far that is."""
        while self.more:
            upper = min(self.last + _WINDOW, self._end - 1)
            for uid in self._uids(self.last + 1, upper):
                fetched = self._fetch(uid)
                self.last = uid
                yield fetched
            self.last = upper
            yield ()

    def _uids(self, lower: int, upper: int) -> list[int]:
        """A range that has an end: `*` alone means the last mail, be it an old one."""
        found = _demanded(self._server.uid("SEARCH", f"UID {lower}:{upper}"), f"folder {self._name} cannot be searched")
        numbers = (int(word) for line in found if isinstance(line, bytes) for word in line.split())
        return sorted({number for number in numbers if lower <= number <= upper})

    def _fetch(self, uid: int) -> Sequence[_Fetched]:
        """Fetch the beginning of a mail, which may be gone meanwhile. PEEK leaves it as unread as it was.

        One that the server itself cannot read is given empty, so that it stands in nobody's way.
        """
        kind, found = self._server.uid("FETCH", str(uid), f"(UID INTERNALDATE BODY.PEEK[]<0.{LONGEST}>)")
        if kind != "OK":
            _pass_on(found)
            return (_Fetched(b"", _NEVER),)
        for at, one in enumerate(found):
            if isinstance(one, tuple):
                about = one[0] + b"".join(more for more in found[at + 1 : at + 2] if isinstance(more, bytes))
                named = _UID.search(about)
                if named is not None and int(named[1]) == uid:
                    return (_Fetched(one[1], _arrived(about)),)
        return ()

    def _number(self, name: str) -> int:
        _, told = self._server.response(name)
        number = told[-1] if told else None
        if not isinstance(number, bytes) or not number.isdigit():
            raise MailboxRefused(f"folder {self._name}: the server does not tell {name}")
        return int(number)


def _open(settings: ImapSettings) -> IMAP4:
    if settings.tls == "tls":
        context = ssl.create_default_context()
        return IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=settings.patience)
    server = IMAP4(settings.host, settings.port, timeout=settings.patience)
    if settings.tls == "starttls":
        try:
            _start_tls(server)
        except BaseException:
            server.shutdown()
            raise
    return server


def _start_tls(server: IMAP4) -> None:
    if "STARTTLS" not in server.capabilities:
        raise MailboxRefused("the server offers no STARTTLS")
    server.starttls(ssl.create_default_context())


def _sign_in(server: IMAP4, username: str, password: str) -> None:
    """Prefer AUTHENTICATE PLAIN, which takes every letter; the password is never part of a text."""
    try:
        if "AUTH=PLAIN" in server.capabilities:
            server.authenticate("PLAIN", lambda _: f"\0{username}\0{password}".encode())
        else:
            server.login(username, password)
    except IMAP4.abort:
        raise
    except (IMAP4.error, UnicodeEncodeError) as refusal:
        if _PASSES.search(str(refusal).encode(errors="replace")):
            raise MailboxUnavailable("it takes nobody in at the moment") from None
        raise MailboxRefused("wrong username or password") from None


def _demanded(answer: tuple[str, list[_Line]], otherwise: str) -> list[_Line]:
    kind, found = answer
    if kind != "OK":
        _pass_on(found)
        raise MailboxRefused(otherwise)
    return found


def _pass_on(refusal: Sequence[object]) -> None:
    if any(isinstance(line, bytes) and _PASSES.search(line) for line in refusal):
        raise MailboxUnavailable("it is busy at the moment")


def _arrived(about: bytes) -> datetime:
    found = _ARRIVED.search(about)
    try:
        return datetime.strptime(found[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z") if found else _NEVER
    except ValueError:
        return _NEVER


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"')


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
