"""What has changed in a calendar since a cursor: our events one by one, the rest by Graph's delta query."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from httpx2 import codes

from activities.calendar import Changes
from adapters.cursor import MOST_VERSIONS, Cursor, digest, fits
from adapters.graph.events import etag, text, uid_of
from adapters.graph.mailbox import PREFERENCES, Mailbox, parameters, stamp

_BEFORE, _AFTER = timedelta(days=1), timedelta(days=130)
"""What is watched: a bit more than the time in which interviews can be booked."""
_A_PAGE, _MOST_PAGES = 100, 20
_STATE: Final = "$deltatoken"

_FORGOTTEN: Final = {codes.BAD_REQUEST, codes.GONE}
"""How Graph says that it knows a token no more (410, syncStateNotFound), or cannot read it."""
_NOT_THERE: Final = "-"
_SHORT: Final = 8


async def changes(
    mailbox: Mailbox, cursor: str | None, uids: Sequence[str], now: datetime, patience: timedelta
) -> Changes:
    """Fulfil `Calendar.changes`. To begin takes as long as the calendar is full: `patience` at most.

    The window of a delta query stays what it was at its beginning, so it is begun anew each day. That day's look says
    that something else may have changed: what came in at the far end was never told.
    """
    calendar, today = digest(mailbox.address.lower()), f"{now:%Y%m%d}"
    before = Cursor.parse(cursor, calendar)
    round_: _Round | None = None
    if before and before.rest == today:
        round_ = await _walk(mailbox, {_STATE: before.token}) if before.token else _Round(None, frozenset())
    everything = before is None or (before.rest == today and round_ is None)
    others = round_ is None or round_.token is None
    if round_ is None:
        round_ = await _begun(mailbox, now, patience)
    versions = await _versions(mailbox, uids)
    after = str(Cursor(calendar, round_.token, today, versions))
    if before is None or everything:
        return Changes(cursor=after, everything=True, touched=tuple(uids), others=True)
    known = {_id(one) for one in (*versions.values(), *before.versions.values())}
    others = others or not round_.changed <= known
    return Changes(
        cursor=after,
        touched=tuple(uid for uid in uids if _differs(before.versions, versions, uid, round_.changed, in_doubt=others)),
        others=others,
    )


@dataclass(frozen=True)
class _Round:
    """One walk through what the delta query has to say."""

    token: str | None
    """For the next; None where Graph gave none that can be kept: until tomorrow, anything may have changed."""
    changed: frozenset[str]
    """Digests of the ids of what was changed or deleted, or lies outside the window and was."""


def _differs(
    before: Mapping[str, str], now: Mapping[str, str], uid: str, changed: Collection[str], *, in_doubt: bool
) -> bool:
    """Compare two versions of one event; where there are not two, say what there is reason to suspect."""
    name = _name(uid)
    if name in before and name in now:
        return before[name] != now[name]
    return in_doubt or (name in now and _id(now[name]) in changed)


async def _begun(mailbox: Mailbox, now: datetime, patience: timedelta) -> _Round:
    """Begin a round. What lies in the window is read to its end, since only there is the token; nothing is kept."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    window = {"startDateTime": stamp(midnight - _BEFORE), "endDateTime": stamp(midnight + _AFTER)}
    begun: _Round | None = None
    with suppress(TimeoutError):
        async with asyncio.timeout(patience.total_seconds()):
            begun = await _walk(mailbox, window)
    return _Round(begun.token if begun else None, frozenset())


async def _walk(mailbox: Mailbox, query: Mapping[str, str]) -> _Round | None:
    """Read pages until the round is over; None: Graph has forgotten where it stood.

    Its answers hold whole events ($select is not taken); ids are all that we read.
    """
    path, following, changed = f"{mailbox.path}/calendarView/delta", query, set[str]()
    for _ in range(_MOST_PAGES):
        reply = await mailbox.session.ask(
            "GET",
            path,
            expect={codes.OK, *_FORGOTTEN},
            query=following,
            headers={"Prefer": f'{PREFERENCES}, outlook.body-content-type="text", odata.maxpagesize={_A_PAGE}'},
        )
        if reply.status in _FORGOTTEN:
            return None
        items = reply.body.get("value")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                changed.add(_short(text(item, "id")))
        end = parameters(reply.body, "@odata.deltaLink")
        if end is not None:
            token = _token(end)
            return _Round(token if token is not None and fits(token) else None, frozenset(changed))
        onwards = parameters(reply.body, "@odata.nextLink")
        if onwards is None:
            break
        following = onwards
    return _Round(None, frozenset(changed))


def _token(link: Mapping[str, str]) -> str | None:
    return next((value for name, value in link.items() if name.lower() == _STATE), None)


async def _versions(mailbox: Mailbox, uids: Sequence[str]) -> dict[str, str]:
    """Give id and etag of each, as far as a cursor holds them, whatever the delta query tells."""
    watched = list(uids)[:MOST_VERSIONS]
    if not watched:
        return {}
    wanted = set(watched)
    items = sorted(await mailbox.of_these(wanted), key=lambda item: text(item, "id"), reverse=True)
    there = {uid: item for item in items if (uid := uid_of(item)) in wanted}  # of twins, the same each time
    return {
        _name(uid): f"{_short(text(there[uid], 'id'))}{_short(etag(there[uid]))}" if uid in there else _NOT_THERE
        for uid in watched
    }


def _name(uid: str) -> str:
    return _short(uid)


def _id(version: str) -> str:
    return version[:_SHORT]


def _short(name: str) -> str:
    return digest(name)[:_SHORT]
