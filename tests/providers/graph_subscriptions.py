"""Change notifications ("webhooks", "webhooks-lifecycle", resources/subscription, api/subscription-*).

What is not here: that a notification is tried again for four hours when nobody takes it.
"""

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import httpx2
from pydantic import BaseModel, ConfigDict, Field

from tests.providers.graph_events import Event
from tests.providers.graph_mailbox import ChangeType, Mailbox
from tests.providers.graph_wire import NO_TLS, Json, Refused, parsed, stamp

LifecycleEvent = Literal["missed", "subscriptionRemoved", "reauthorizationRequired"]

_SHORTEST = timedelta(minutes=45)
_CHANGES = {"created", "updated", "deleted"}
_PATIENCE = 10.0
"""Seconds that an address has to prove itself in ("webhooks": notification endpoint validation)."""


class Asked(BaseModel):
    """What a new subscription must and may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    change_type: str = Field(alias="changeType")
    notification_url: str = Field(alias="notificationUrl")
    lifecycle_url: str | None = Field(None, alias="lifecycleNotificationUrl")
    resource: str
    expires: str = Field(alias="expirationDateTime")
    client_state: str | None = Field(None, alias="clientState", max_length=128)
    latest_tls: str = Field("v1_2", alias="latestSupportedTlsVersion")


class Renewed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    expires: str = Field(alias="expirationDateTime")


@dataclass
class Subscription:
    said: Asked
    mailbox: Mailbox
    expires: datetime
    immutable_ids: bool
    """Whether its notifications name events by immutable ids: asked for when it was made (outlook-immutable-id)."""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    paused: bool = False
    """Until it is renewed or authorized again ("webhooks-lifecycle": reauthorizationRequired)."""

    @property
    def changes(self) -> set[str]:
        return set(self.said.change_type.split(","))


@dataclass(frozen=True)
class Told:
    """A notification that was sent."""

    url: str
    body: Json
    status: int | None
    """Of the answer; None: there was none."""


class Subscriptions:
    def __init__(self, tenant: str, client_id: str) -> None:
        self.held: dict[str, Subscription] = {}
        self.told: list[Told] = []
        self.longest = timedelta(minutes=10_080)
        """resources/subscription: lifetime, for Outlook events; the page said 4,230 minutes in 2021."""
        self._tenant = tenant
        self._client_id = client_id
        self._under_way: set[asyncio.Task[None]] = set()

    # --- the API -----------------------------------------------------------------------------------------------------

    async def create(self, said: Asked, mailbox: Mailbox, *, immutable_ids: bool) -> Json:
        """Make a subscription, once its addresses have proved that they want it ("webhooks")."""
        if not said.change_type or set(said.change_type.split(",")) - _CHANGES:
            raise Refused(400, "InvalidRequest", f"The changeType '{said.change_type}' is not supported.")
        expires = self._end(said.expires)
        urls = [httpx2.URL(url) for url in (said.notification_url, said.lifecycle_url) if url is not None]
        if any(url.scheme != "https" and url.host not in {"127.0.0.1", "localhost"} for url in urls):
            raise Refused(400, "ValidationError", "The notification endpoint's URL must use https.")
        if len({url.host for url in urls}) > 1:  # webhooks-lifecycle: the same host for both
            raise Refused(400, "ValidationError", "Both notification URLs must have the same host name.")
        for url in dict.fromkeys(urls):
            await _prove(url)
        made = Subscription(said, mailbox, expires, immutable_ids)
        self.held[made.id] = made
        return self.show(made) | {"clientState": said.client_state}

    def show(self, subscription: Subscription) -> Json:
        """Show a subscription. Its clientState is a secret, and comes back only when it is made."""
        said = subscription.said
        return {
            "id": subscription.id,
            "resource": said.resource,
            "applicationId": self._client_id,
            "changeType": said.change_type,
            "clientState": None,
            "notificationUrl": said.notification_url,
            "lifecycleNotificationUrl": said.lifecycle_url,
            "expirationDateTime": stamp(subscription.expires),
            "creatorId": self._client_id,
            "latestSupportedTlsVersion": said.latest_tls,
            "notificationContentType": "application/json",
        }

    def find(self, subscription_id: str) -> Subscription:
        found = self.held.get(subscription_id)
        if found is None or found.expires <= datetime.now(UTC):
            raise Refused(404, "ResourceNotFound", "The object was not found.")
        return found

    def renew(self, subscription_id: str, said: Renewed) -> Json:
        """Let it live longer, and go on if it was paused (api/subscription-update, "webhooks-lifecycle")."""
        found = self.find(subscription_id)
        found.expires, found.paused = self._end(said.expires), False
        return self.show(found)

    def remove(self, subscription_id: str) -> None:
        del self.held[self.find(subscription_id).id]

    def _end(self, text: str) -> datetime:
        """Read an end. One in less than 45 minutes is put off to 45 (resources/subscription)."""
        now, end = datetime.now(UTC), parsed(text, "expirationDateTime")
        if end <= now:
            raise Refused(400, "ValidationError", "Subscription expiration must be in the future.")
        if end > now + self.longest:  # the words from issue 2988
            minutes = int(self.longest.total_seconds() // 60)
            raise Refused(
                400, "ExtensionError", f"Subscription expiration can only be {minutes} minutes in the future."
            )
        return max(end, now + _SHORTEST)

    # --- telling -----------------------------------------------------------------------------------------------------

    def changed(self, mailbox: Mailbox, event: Event, change: ChangeType) -> None:
        """Tell whoever wants to know of an event's change ("webhooks": change notification example)."""
        for one in self._of(mailbox):
            if change in one.changes and not one.paused:
                known_as = mailbox.id(mailbox.whole(event), immutable=one.immutable_ids)
                resource = f"Users/{mailbox.guid}/Events/{known_as}"
                data: Json = {
                    "@odata.type": "#Microsoft.Graph.Event",
                    "@odata.id": resource,
                    "@odata.etag": event.etag,
                    "id": known_as,
                }
                more: Json = {"changeType": change, "resource": resource, "resourceData": data}
                self._tell(one.said.notification_url, self._about(one) | more)

    def lifecycle(self, mailbox: Mailbox, event: LifecycleEvent) -> None:
        """Tell what became of subscriptions, where there is an address for that ("webhooks-lifecycle")."""
        for one in list(self._of(mailbox)):
            if one.said.lifecycle_url is not None:
                self._tell(one.said.lifecycle_url, self._about(one) | {"lifecycleEvent": event})
            if event == "subscriptionRemoved":
                del self.held[one.id]
            one.paused = one.paused or event == "reauthorizationRequired"

    async def settled(self) -> None:
        """Wait until everything is told."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        for telling in self._under_way:
            telling.cancel()
        await self.settled()

    def _of(self, mailbox: Mailbox) -> Iterable[Subscription]:
        now = datetime.now(UTC)
        return (one for one in self.held.values() if one.mailbox is mailbox and one.expires > now)

    def _about(self, subscription: Subscription) -> Json:
        return {
            "subscriptionId": subscription.id,
            "subscriptionExpirationDateTime": stamp(subscription.expires),
            "clientState": subscription.said.client_state,
            "tenantId": self._tenant,
        }

    def _tell(self, url: str, what: Json) -> None:
        async def tell() -> None:
            body: Json = {"value": [what]}
            try:
                async with _client() as client:
                    answer = await client.post(url, json=body)
            except httpx2.RequestError:
                self.told.append(Told(url, body, None))
            else:
                self.told.append(Told(url, body, answer.status_code))

        telling = asyncio.create_task(tell())
        self._under_way.add(telling)
        telling.add_done_callback(self._under_way.discard)


async def _prove(url: httpx2.URL) -> None:
    """Have an address say back a token, as text and within ten seconds ("webhooks": endpoint validation)."""
    token = f"Validation: Testing client application reachability for subscription Request-Id: {uuid.uuid4()} <+&>"
    try:
        async with _client() as client:
            answer = await client.post(
                url.copy_merge_params({"validationToken": token}), headers={"Content-Type": "text/plain; charset=utf-8"}
            )
    except httpx2.TimeoutException:
        raise Refused(400, "ValidationError", "Subscription validation request timed out.") from None
    except httpx2.RequestError:
        raise Refused(400, "ValidationError", "Subscription validation request failed.") from None
    kind = answer.headers.get("content-type", "").partition(";")[0]
    if (answer.status_code, kind, answer.text) != (200, "text/plain", token):
        message = "Subscription validation request failed. Notification endpoint must respond with 200 OK."
        raise Refused(400, "ValidationError", message)


def _client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(verify=NO_TLS, trust_env=False, timeout=_PATIENCE)
