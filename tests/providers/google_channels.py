"""Push channels, as *Push notifications* (developers.google.com/workspace/calendar/api/guides/push) has them."""

import asyncio
import re
import secrets
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final
from urllib.parse import urlsplit

import httpx2
from pydantic import JsonValue

from tests.providers.google_errors import JsonObject, refusal
from tests.providers.google_events import Switches
from tests.providers.google_tokens import Bearer

WITHOUT_CERTIFICATES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody, for clients on loopback: a usual one reads all certificates of the system, for 60 ms each time."""
_ID: Final = re.compile(r"[A-Za-z0-9\-_+/=]{1,64}")
_LONGEST_TOKEN: Final = 256
_TRY_AGAIN: Final = {500, 502, 503, 504}
_TRIES: Final = 3
_LOOPBACK: Final = {"127.0.0.1", "localhost"}
"""Where, other than with Google, a receiver needs no https."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Channel:
    id: str
    resource_id: str
    resource_uri: str
    calendar: str
    """Whose events are watched."""
    address: str
    """Where messages go."""
    token: str | None
    expiration: datetime
    by: Bearer
    stopped: bool = False
    number: int = 1
    """Of the last message."""
    answers: list[int] = field(default_factory=list)
    """What the receiver said to each attempt; 0 where it could not be reached."""

    def headers(self, state: str) -> dict[str, str]:
        told = {
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Channel-Expiration": format_datetime(self.expiration, usegmt=True),
            "X-Goog-Resource-ID": self.resource_id,
            "X-Goog-Resource-URI": self.resource_uri,
            "X-Goog-Resource-State": state,
            "X-Goog-Message-Number": str(self.number),
            "Content-Type": "application/json; utf-8",
            "User-Agent": "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)",
        }
        return told | ({"X-Goog-Channel-Token": self.token} if self.token is not None else {})


class Channels:
    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._channels: dict[str, Channel] = {}
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> list[Channel]:
        now = datetime.now(UTC)
        return [each for each in self._channels.values() if not each.stopped and each.expiration > now]

    def watch(self, calendar: str, uri: str, told: JsonObject, by: Bearer) -> JsonObject:
        """events.watch. An id is never taken twice: it "uniquely identifies this new notification channel"."""
        name, kind, address = told.get("id"), told.get("type"), told.get("address")
        token, asked = told.get("token"), told.get("expiration")
        if not isinstance(name, str) or not isinstance(address, str):
            raise refusal("required")
        if not _ID.fullmatch(name) or kind not in {"web_hook", "webhook"}:
            raise refusal("invalid")
        if token is not None and (not isinstance(token, str) or len(token) > _LONGEST_TOKEN):
            raise refusal("invalid")
        where = urlsplit(address)
        if where.scheme != "https" and where.hostname not in _LOOPBACK:
            raise refusal("push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {address}")
        if name in self._channels:
            raise refusal("channelIdNotUnique", f"Channel id {name} not unique")
        expiration = datetime.now(UTC) + self._switches.longest_channel
        if asked is not None:
            expiration = min(expiration, _instant(asked))
        channel = Channel(
            id=name,
            resource_id=_resource_id(calendar),
            resource_uri=uri,
            calendar=calendar,
            address=address,
            token=token,
            expiration=expiration,
            by=by,
        )
        self._channels[name] = channel
        self._tell(channel, "sync")
        answer: JsonObject = {
            "kind": "api#channel",
            "id": name,
            "resourceId": channel.resource_id,
            "resourceUri": uri,
            "expiration": str((expiration - _EPOCH) // timedelta(milliseconds=1)),
        }
        return answer | ({"token": token} if token is not None else {})

    def stop(self, told: JsonObject, by: Bearer) -> None:
        """channels.stop: for whoever opened it, from the same client; a service account's, for all of that client."""
        if not told.get("id") or not told.get("resourceId"):
            raise refusal("required")
        channel = self._channels.get(str(told["id"]))
        if (
            channel is None
            or channel not in self.open
            or channel.resource_id != told["resourceId"]
            or channel.by.client != by.client
            or not (channel.by.robot or channel.by.address == by.address)
        ):
            raise refusal("notFound", f"Channel '{told['id']}' not found for project '1017'")
        channel.stopped = True

    def changed(self, calendar: str) -> None:
        """Tell everybody who watches these events that there was a change, and nothing about it."""
        for channel in self.open:
            if channel.calendar == calendar and self._switches.delivers:
                channel.number += secrets.randbelow(9) + 1  # "the message numbers will not be sequential"
                self._tell(channel, "exists")

    async def delivered(self) -> None:
        while self._telling:
            await asyncio.wait(self._telling)

    def _tell(self, channel: Channel, state: str) -> None:
        task = asyncio.create_task(_post(channel, channel.headers(state)))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


async def _post(channel: Channel, headers: dict[str, str]) -> None:
    """Send one message; again where the receiver says that it is at a loss, at once instead of after a while."""
    async with httpx2.AsyncClient(verify=WITHOUT_CERTIFICATES) as client:
        for _ in range(_TRIES):
            try:
                answer = (await client.post(channel.address, headers=headers)).status_code
            except httpx2.HTTPError:
                answer = 0
            channel.answers.append(answer)
            if answer not in _TRY_AGAIN:
                return


def _instant(milliseconds: JsonValue) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=int(str(milliseconds)))
    except (OverflowError, ValueError):
        raise refusal("invalid", parameter="expiration") from None


def _resource_id(calendar: str) -> str:
    """Give the same name to the same events, whoever watches them."""
    return f"r-{calendar.encode().hex()}"
