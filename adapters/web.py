"""Requests over HTTPS on behalf of a person: single, bounded in time and size, never repeated by themselves."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import Annotated, Final, ParamSpec, TypeVar

import httpx2
from httpx2 import codes
from pydantic import AfterValidator

from activities.calendar import CalendarRefused, CalendarUnavailable
from entrevue.values import PersonId

_P = ParamSpec("_P")
_T = TypeVar("_T")

ABSENT: Final = frozenset({codes.NOT_FOUND, codes.GONE})
LATER: Final = frozenset({codes.REQUEST_TIMEOUT, codes.LOCKED, codes.TOO_EARLY, codes.TOO_MANY_REQUESTS})

_TIMEOUT = httpx2.Timeout(connect=5, read=20, write=20, pool=None)  # our own turn is waited for before
_LARGEST = 20 * 1024 * 1024
LONGEST_WAIT: Final = timedelta(hours=1)
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # they log every address, which tells whose calendar it is


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]
    """By name in any case."""

    @property
    def etag(self) -> str | None:
        return self.headers.get("ETag")


class Web:
    """The connections of all logins, and the one thread in which their answers are read."""

    def __init__(self, connections: int) -> None:
        """So many requests at a time in each lane: one that keeps silent holds up nobody who is elsewhere."""
        self._turns: Mapping[str, asyncio.Semaphore] = defaultdict(partial(asyncio.Semaphore, connections))
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="calendar-reader")
        self._client = httpx2.AsyncClient(
            timeout=_TIMEOUT,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=10 * connections),
            headers={"Accept-Encoding": "identity"},  # proxies that compress weaken etags
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # one person's session is not another's
            follow_redirects=False,  # a password goes to the address that it was given for
            trust_env=False,
        )

    async def aclose(self) -> None:
        await self._client.aclose()
        self._reader.shutdown(wait=False)

    async def ask(
        self,
        person: PersonId,
        method: str,
        url: str,
        *,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        lane: str | None = None,
    ) -> Answer:
        """Send one request, once, on behalf of a person whom trouble is told about; whatever comes back is an answer.

        `lane` names what takes only so many requests at a time; None: the server.
        """
        try:
            async with (
                self._turns[lane or server(url)],
                self._client.stream(method, url, auth=auth, headers=headers, content=content) as response,
            ):
                return Answer(response.status_code, await _bounded(person, response), response.headers)
        except (httpx2.RequestError, httpx2.InvalidURL, UnicodeEncodeError) as trouble:  # of headers made of answers
            raise CalendarUnavailable(person, type(trouble).__name__) from None

    async def in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Read texts beside the loop, one after the other: it is work for the processor, not waiting."""
        return await asyncio.get_running_loop().run_in_executor(self._reader, partial(work, *args, **kwargs))


def expected(person: PersonId, answer: Answer, expect: Collection[int]) -> Answer:
    """Let pass what is expected. Another status is trouble; no trouble tells an address or a secret."""
    if answer.status in expect:
        return answer
    because = f"status {answer.status}"
    if answer.status in LATER or codes.is_server_error(answer.status):
        raise CalendarUnavailable(person, because, retry_after(answer.headers))
    raise CalendarRefused(person, because)


async def _bounded(person: PersonId, response: httpx2.Response) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise CalendarRefused(person, "an answer compressed unasked")  # a few bytes may unpack to gigabytes
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _LARGEST:
            raise CalendarRefused(person, "an answer too large")
    return bytes(body)


def server(url: str) -> str:
    return httpx2.URL(url).netloc.decode()


def checked_address(text: str, what: str = "the address") -> str:
    """Give the address of a server that secrets are sent to; raise ValueError where they would not be safe there."""
    try:
        url = httpx2.URL(text)
    except httpx2.InvalidURL:
        raise ValueError(f"{what} is no URL") from None
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        raise ValueError("a password goes out by https only, or by http to this very machine")
    if not url.host or url.userinfo or url.query or url.fragment:
        raise ValueError(f"{what} is https://host/path/ and no more")
    return text


def _without_slash(text: str) -> str:
    return checked_address(text).rstrip("/")


ServerAddress = Annotated[str, AfterValidator(_without_slash)]
"""Of an interface: paths are put after it."""


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read Retry-After: seconds, of which Microsoft has fractions; or a date, which `Date` turns into a wait."""
    asked = headers.get("Retry-After", "")
    try:
        wait = (
            timedelta(seconds=float(asked))
            if asked.replace(".", "", 1).isdecimal()
            else parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("Date", ""))
        )
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(seconds=1)), LONGEST_WAIT)
