"""JSON over HTTPS with a bearer token: what Google's and Microsoft's interfaces have in common."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

from httpx2 import codes
from pydantic import JsonValue, SecretStr

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
    _turns: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def of(self, person: PersonId, subject: str, *, not_this: str | None = None) -> str:
        """Give a token that holds for some minutes yet; `not_this`: one that the provider has just refused."""
        now = asyncio.get_running_loop().time()
        async with self._turns.setdefault(subject, asyncio.Lock()):
            token, until = self._known.get(subject, (None, now))
            if token is None or until <= now or token.secret.get_secret_value() == not_this:
                token = await self.make(person, subject)
                self._known[subject] = token, now + (token.lasts - min(_EARLY, token.lasts / 2)).total_seconds()
            return token.secret.get_secret_value()

    def forget(self, subject: str) -> None:
        """Make the next one anew: a token says what it may do, and somebody may have allowed more since."""
        self._known.pop(subject, None)


Values = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Reply:
    """An answer of a provider, and what it says; nothing of it may end up in a message or a log as it is."""

    status: int
    headers: Mapping[str, str]
    body: Values
    """Empty where the answer is none, or no JSON object."""

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
        if reply.status in expect:
            return reply
        raise self.trouble(self.person, reply)

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
        said = json.loads(answer.body) if answer.body else {}
    except ValueError:
        said = {}
    return Reply(answer.status, answer.headers, said if isinstance(said, dict) else {})
