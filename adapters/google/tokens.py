"""Tokens for Google: made by google-auth, by requests of our own.

The library signs, and knows the two kinds of keys. Its requests go out like all others: bounded, to the address that
the key names, and never repeated behind our back.
"""

import asyncio
import json
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from google.auth import exceptions
from google.auth.transport import Request, Response
from google.oauth2 import credentials, service_account
from httpx2 import codes
from pydantic import JsonValue, SecretStr

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.google.settings import EVENTS, FREE_BUSY, GoogleAccount, GoogleSettings
from adapters.google.words import token_trouble
from adapters.rest import Token, reply_of
from adapters.web import Answer, Web, checked_address, retry_after
from entrevue.values import PersonId

_BY_CONSENT: Final = "consent"
_SCOPES: Final = {"events": EVENTS, "busy": FREE_BUSY}
"""Each token is good for one of them: where only free and busy is read, the other need not be allowed."""

_TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address, no secret
_UNSAID: Final = timedelta(minutes=10)
"""How long a token lasts of which it is not said (RFC 6749, 4.2.2 only recommends it)."""
_LARGEST_KEY: Final = 64 * 1024
_AT_ONCE: Final = 8

_Key = credentials.Credentials | service_account.Credentials


@dataclass(frozen=True)
class GoogleTokens:
    settings: GoogleSettings
    web: Web
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_AT_ONCE, "google-tokens"))
    """Of our own: while Google's token server keeps silent, nobody else's work must wait for a thread."""

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def subject(self, person: PersonId, account: GoogleAccount) -> str:
        """Say what a token for a person's calendar is good for, and whom it acts for: nobody is the service account.

        What a person has consented to goes before the key.
        """
        if self._has_consented(person):
            return f"{_BY_CONSENT} {person}"
        return f"{'busy' if account.busy_only else 'events'} {account.owner if self.settings.delegation else ''}"

    def acts_for_owner(self, person: PersonId) -> bool:
        return self.settings.delegation or self._has_consented(person)

    async def make(self, person: PersonId, subject: str) -> Token:
        """Fulfil `adapters.rest.Tokens.make`. Files are read each time: a new consent needs no restart."""
        loop = asyncio.get_running_loop()
        request = _Requests(person, self.web, loop)
        try:
            secret = await loop.run_in_executor(self._threads, self._made, person, subject, request)
        except _Trouble as trouble:
            raise trouble.because from None
        except exceptions.RefreshError as trouble:
            if trouble.retryable:
                raise CalendarUnavailable(person, "Google makes no token now") from None
            raise token_trouble(person, _error(trouble)) from None
        except exceptions.GoogleAuthError as trouble:
            raise CalendarRefused(person, f"our key for Google is of no use ({type(trouble).__name__})") from None
        finally:
            request.give_up()
        return Token(SecretStr(secret), request.lasts)

    def _made(self, person: PersonId, subject: str, request: Request) -> str:
        """In a thread: files, signatures, and a library that waits for what it asks for."""
        key = self._key(person, subject)
        try:
            key.refresh(request)  # type: ignore[no-untyped-call]  # the library types little
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as trouble:
            if isinstance(trouble, exceptions.GoogleAuthError):
                raise
            raise CalendarUnavailable(person, "an answer that is no token") from None  # the library trusts answers
        if not isinstance(key.token, str):
            raise CalendarUnavailable(person, "an answer that is no token")
        return key.token

    def _key(self, person: PersonId, subject: str) -> _Key:
        kind, _, who = subject.partition(" ")
        path = self._consent(who) if kind == _BY_CONSENT else self.settings.key_file
        if path is None:
            raise CalendarRefused(person, "nobody has consented to it: run python -m adapters.google.consent with them")
        known = _read(person, path)
        try:
            return _user(known) if kind == _BY_CONSENT else _service(known, _SCOPES[kind], who)
        except (TypeError, ValueError):  # the library's own say what stands in the file
            raise CalendarRefused(person, "our key for Google is none: get it anew") from None

    def _has_consented(self, person: PersonId) -> bool:
        path = self._consent(person)
        return path is not None and path.is_file()

    def _consent(self, person: PersonId) -> Path | None:
        return None if self.settings.users is None else self.settings.users / f"{person}.json"  # an id has no slash


def _user(known: Mapping[str, JsonValue]) -> credentials.Credentials:
    """Not by the library's own reader, which takes no token address from the file."""
    given = {name: known.get(name) for name in ("refresh_token", "client_id", "client_secret")}
    if not all(isinstance(one, str) and one for one in given.values()):
        raise ValueError("not whole")
    # Unscoped: a refresh gives what was consented to, and less is refused where it is needed.
    return credentials.Credentials(None, token_uri=_token_uri(known), **given)  # type: ignore[no-untyped-call]  # its reason: the library types little


def _service(known: Mapping[str, JsonValue], scope: str, subject: str) -> service_account.Credentials:
    _token_uri(known)
    key = service_account.Credentials.from_service_account_info(known, scopes=(scope,))  # type: ignore[no-untyped-call]  # the library types little
    whole: service_account.Credentials = key.with_subject(subject) if subject else key
    return whole


def _token_uri(known: Mapping[str, JsonValue]) -> str:
    """What signs in goes to this address, so it must be a safe one."""
    uri = known.get("token_uri", _TOKEN_URI)
    if not isinstance(uri, str):
        raise TypeError("no address")
    return checked_address(uri)


def _read(person: PersonId, path: Path) -> Mapping[str, JsonValue]:
    try:
        with path.open("rb") as file:
            known = json.loads(file.read(_LARGEST_KEY))
    except OSError as trouble:
        raise CalendarRefused(person, f"our key for Google cannot be read ({type(trouble).__name__})") from None
    except ValueError:
        known = None
    if not isinstance(known, dict):
        raise CalendarRefused(person, "our key for Google is none: get it anew")
    return known


def _error(trouble: exceptions.RefreshError) -> JsonValue:
    match trouble.args:
        case (_, {"error": error}):
            return str(error)
    return None


# --- the library's requests ------------------------------------------------------------------------------------------


class _Trouble(exceptions.TransportError):
    """On the way, or of the server: the library must not try again, which it would do with sleeps."""

    def __init__(self, because: CalendarUnavailable | CalendarRefused) -> None:
        super().__init__("see `because`")  # type: ignore[no-untyped-call]  # the library types little
        self.because = because


@dataclass
class _Requests(Request):
    """The library calls it from a thread; the request goes out from our loop."""

    person: PersonId
    web: Web
    loop: asyncio.AbstractEventLoop
    lasts: timedelta = field(default=_UNSAID)
    """Of the token that was given out last."""
    _asked: Future[Answer] | None = None
    _over: bool = False

    def give_up(self) -> None:
        """Let the thread go: a request that nobody waits for any more would hold it, and its turn at the server."""
        self._over = True
        if self._asked is not None:
            self._asked.cancel()

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **kwargs: object,
    ) -> "_Response":
        del timeout, kwargs  # ours bound every request
        ask = self.web.ask(self.person, method, url, headers=headers, content=body)
        self._asked = asked = asyncio.run_coroutine_threadsafe(ask, self.loop)
        if self._over:
            asked.cancel()
        try:
            answer = asked.result()
        except (CalendarRefused, CalendarUnavailable) as trouble:
            raise _Trouble(trouble) from None
        if answer.status == codes.TOO_MANY_REQUESTS or codes.is_server_error(answer.status):
            wait = retry_after(answer.headers)
            raise _Trouble(
                CalendarUnavailable(self.person, f"Google makes no token now (status {answer.status})", wait)
            )
        self.lasts = _lasts(answer)
        return _Response(answer)


@dataclass(frozen=True)
class _Response(Response):
    answer: Answer

    @property
    def status(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.answer.headers

    @property
    def data(self) -> bytes:
        return self.answer.body


def _lasts(answer: Answer) -> timedelta:
    try:
        return timedelta(seconds=min(max(int(str(reply_of(answer).body["expires_in"])), 60), 86_400))
    except (ValueError, LookupError):
        return _UNSAID
