"""Having Microsoft tell us of changes in a calendar: subscriptions, which end by themselves unless they are renewed."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import quote

from httpx2 import codes
from pydantic import JsonValue

from activities.calendar import CalendarRefused, CalendarUnavailable, Listening
from adapters.cursor import digest
from adapters.graph.events import text
from adapters.graph.mailbox import Mailbox, stamp, wishes
from adapters.push.address import PushTo
from adapters.rest import Reply
from adapters.web import ABSENT

_LASTS: Final = timedelta(minutes=4200)
"""Graph takes 4,230 minutes for events at least, and ends them by then."""
_SHORTEST: Final = timedelta(minutes=10)


async def listen(mailbox: Mailbox, push: PushTo, held: str | None, now: datetime) -> Listening:
    """Fulfil `Calendar.listen`. To renew is also what Graph wants where it asks that we prove ourselves again."""
    id_, where = _read(held)
    address = push.address("graph", mailbox.session.person)
    said: Mapping[str, JsonValue] = {"expirationDateTime": stamp(now + _LASTS)}
    if id_ is not None and where == digest(address):
        renewed = await _renew(mailbox, id_, said)
        if renewed is not None:
            return _listening(mailbox, renewed, address, now)
    made = await _subscribe(mailbox, push, address, said)
    if id_ is not None and id_ != text(made.body, "id"):
        with suppress(CalendarRefused, CalendarUnavailable):  # it ends by itself; the new one must not be lost for it
            await hang_up(mailbox, held or "")
    return _listening(mailbox, made, address, now)


async def hang_up(mailbox: Mailbox, held: str) -> None:
    """Fulfil `Calendar.hang_up`."""
    id_, _ = _read(held)
    if id_ is not None:
        expect = {codes.OK, codes.NO_CONTENT, *ABSENT}
        await mailbox.session.ask("DELETE", _path(id_), expect=expect)


async def _subscribe(mailbox: Mailbox, push: PushTo, address: str, said: Mapping[str, JsonValue]) -> Reply:
    """Make a subscription. Where Graph says that there is one already, an answer of ours was lost: renew that one."""
    wanted = {
        **said,
        "changeType": "created,updated,deleted",
        "notificationUrl": address,
        "lifecycleNotificationUrl": address,
        "resource": f"{mailbox.path.lstrip('/')}/events",
        "clientState": push.proof("graph", mailbox.session.person),
    }
    made = await mailbox.session.ask(
        "POST", "/subscriptions", expect={codes.CREATED, codes.CONFLICT}, body=wanted, headers=wishes()
    )
    if made.status == codes.CREATED:
        return made
    async for one in mailbox.pages("/subscriptions", {}):
        if text(one, "notificationUrl") == address:
            renewed = await _renew(mailbox, text(one, "id"), said)
            if renewed is not None:
                return renewed
    raise CalendarRefused(mailbox.session.person, "Microsoft tells of changes already, and does not say where to")


async def _renew(mailbox: Mailbox, id_: str, said: Mapping[str, JsonValue]) -> Reply | None:
    """None: there is no such subscription any more."""
    expect = {codes.OK, *ABSENT}
    reply = await mailbox.session.ask("PATCH", _path(id_), expect=expect, body=said)
    return reply if reply.status == codes.OK else None


def _listening(mailbox: Mailbox, reply: Reply, address: str, now: datetime) -> Listening:
    id_, until = text(reply.body, "id"), text(reply.body, "expirationDateTime")
    try:
        ends = datetime.fromisoformat(until)
    except ValueError:
        ends = now + _LASTS
    left = max((ends if ends.tzinfo else ends.replace(tzinfo=UTC)) - now, _SHORTEST)
    if not id_:
        raise CalendarRefused(mailbox.session.person, "an answer about a subscription that cannot be read")
    return Listening(held=f"{id_} {digest(address)}", renew_at=now + left / 2)


def _read(held: str | None) -> tuple[str | None, str]:
    """Give the subscription's id, and a digest of where it tells of changes: the receiver may have moved."""
    id_, _, where = (held or "").partition(" ")
    return id_ or None, where


def _path(id_: str) -> str:
    return f"/subscriptions/{quote(id_, safe='')}"
