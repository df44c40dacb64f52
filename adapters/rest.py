"""JSON over HTTPS with a bearer token: what Google's and Microsoft's interfaces have in common."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from httpx2 import codes
from pydantic import JsonValue, SecretStr
from pydantic_core import from_json

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.web import Answer, Web
from entrevue.values import PersonId

_EARLY = timedelta(minutes=5)
"""A token is made anew so long before its end: it needs some time on the way."""


@dataclass(frozen=True)
class Token:
    """It is never logged, never part of a message, and never leaves the worker but to the provider."""

    secret: SecretStr
    lasts: timedelta


@dataclass
class Tokens:
    """The tokens in use, by whom they act for; each made once, whoever asks for it meanwhile."""

    make: Callable[[PersonId, str], Awaitable[Token]]
    """Raises `CalendarUnavailable` or `CalendarRefused` about the person; the second is whom the token acts for."""
    _known: dict[str, tuple[Token, float]] = field(default_factory=dict)
    """With the loop's time at which each shall be made anew."""
    _failed: dict[str, tuple[CalendarRefused | CalendarUnavailable, float]] = field(default_factory=dict)
    """What was wrong the last time, and the loop's time at which it was."""
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def of(self, person: PersonId, subject: str, *, not_this: str | None = None) -> str:
        """Give a token that holds for some minutes yet; `not_this`: one that the provider has just refused."""
        now = asyncio.get_running_loop().time()
        async with self._turns.setdefault(subject, asyncio.Lock()):
            token, until = self._known.get(subject, (None, now))
            if token is None or until <= now or token.secret.get_secret_value() == not_this:
                token = await self._made(person, subject, now)
                self._known[subject] = token, now + (token.lasts - min(_EARLY, token.lasts / 2)).total_seconds()
            return token.secret.get_secret_value()

    async def _made(self, person: PersonId, subject: str, since: float) -> Token:
        """What came of it while somebody waited for their turn is theirs as well: one request, and no storm."""
        failed, at = self._failed.get(subject, (None, since))
        if failed is not None and at > since:
            raise about(person, failed)
        try:
            return await self.make(person, subject)
        except (CalendarRefused, CalendarUnavailable) as trouble:
            self._failed[subject] = trouble, asyncio.get_running_loop().time()
            raise

    def forget(self, subject: str) -> None:
        """Make the next one anew."""
        self._known.pop(subject, None)


def about(person: PersonId, trouble: CalendarUnavailable | CalendarRefused) -> CalendarUnavailable | CalendarRefused:
    """Give the same trouble, as another person's: one request was on behalf of both."""
    if isinstance(trouble, CalendarUnavailable):
        return CalendarUnavailable(person, trouble.because, trouble.retry_after)
    return CalendarRefused(person, trouble.because)


Values = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Reply:
    """An answer of a provider, and what it says; nothing of it may end up in a message or a log as it is."""

    status: int
    headers: Mapping[str, str]
    body: Values
    """Empty where the answer is none, or no JSON object."""
    readable: bool = True
    """False: it holds something, and that is no JSON object: perhaps of somebody who sits between us."""

    @property
    def well(self) -> bool:
        return bool(codes.is_success(self.status))


@dataclass(frozen=True)
class RestSession:
    """One person's calendar at one provider."""

    person: PersonId
    web: Web
    tokens: Tokens
    subject: str
    """Whom the token acts for."""
    base: str
    """Where the provider is; the token goes nowhere else."""
    lane: str
    """What takes only so many requests at a time: a mailbox, where that is the provider's limit."""
    trouble: Callable[[PersonId, Reply], CalendarUnavailable | CalendarRefused]
    """Say what an answer that was not expected means, in words of our own, with what to do about it."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Of every request."""

    async def ask(
        self,
        method: str,
        path: str,
        *,
        expect: Collection[int] = (200, 201, 204),
        query: Mapping[str, str] | None = None,
        body: Values | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request; where the token has come to its end before its time, once more with another.

        That is no repetition: what was refused with 401 was not done.
        """
        url = self.base + path + (f"?{urlencode(query)}" if query else "")
        token = await self.tokens.of(self.person, self.subject)
        reply = await self._once(method, url, token, body, headers)
        if reply.status == codes.UNAUTHORIZED:
            token = await self.tokens.of(self.person, self.subject, not_this=token)
            reply = await self._once(method, url, token, body, headers)
        if reply.well and not reply.readable:
            raise CalendarUnavailable(self.person, "an answer that cannot be read")
        if reply.status in expect:
            return reply
        trouble = self.trouble(self.person, reply)
        if reply.status == codes.FORBIDDEN and isinstance(trouble, CalendarRefused):
            self.tokens.forget(self.subject)  # a token says what it may do, and somebody may have allowed more since
        raise trouble

    async def _once(
        self, method: str, url: str, token: str, body: Values | None, headers: Mapping[str, str] | None
    ) -> Reply:
        content = json.dumps(body) if body is not None else None
        told = {"Accept": "application/json", "Authorization": f"Bearer {token}", **self.headers, **(headers or {})}
        if content is not None:
            told["Content-Type"] = "application/json"
        answer = await self.web.ask(self.person, method, url, headers=told, content=content, lane=self.lane)
        return reply_of(answer)


def reply_of(answer: Answer) -> Reply:
    try:
        # Not by `json`: what is nested too deep, or is no text, is an error here, and none that comes later.
        said: JsonValue = from_json(answer.body, allow_inf_nan=False) if answer.body else {}
    except ValueError:
        said = None
    whole = isinstance(said, dict)
    return Reply(answer.status, answer.headers, said if isinstance(said, dict) else {}, readable=whole)
