"""Try out what a server really does with an event: what it advertises, and what its makers believe, is not enough."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from httpx2 import codes

from activities.calendar import CalendarRefused
from adapters.caldav_collection import Collection, unless_changed
from adapters.ical_events import event_text
from entrevue.orders import CalendarEvent
from entrevue.values import Slot

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""No calendar program shows it by chance, should it be left over."""
_UID: Final = "entrevue-probe"
_TWIN: Final = "entrevue-probe-twin"


@dataclass(frozen=True)
class Capabilities:
    """What writing relies on nowhere, and what an administrator should know: see docs/calendars-and-mail.md."""

    if_none_match: bool
    """It does not overwrite what is there, where it is told not to."""
    if_match: bool
    """It does not overwrite another version than the one that is named."""
    uid_conflict: bool
    """It refuses a second object of the same UID."""
    sync: bool
    """It says what changed since a token."""
    etag_on_put: bool
    """It says which version it has stored, as a strong etag."""
    auto_schedule: bool
    """It sends invitations and answers of its own accord, unless it is told that we do."""
    keeps_x_properties: bool
    """Needed: without them an event of ours cannot be told from another."""


async def probe(collection: Collection) -> Capabilities:
    """Create, overwrite and delete an event. What an earlier attempt left behind goes first."""
    first, second = (event_text(_event(sequence), "probe") for sequence in (0, 1))
    await _clear(collection)
    try:
        created = await collection.put(_UID, first, {"If-None-Match": "*"})
        if not codes.is_success(created.status):
            raise CalendarRefused(collection.session.person, f"status {created.status}")
        found = await collection.look(_UID)
        over = await collection.put(_UID, second, {"If-None-Match": "*"})
        stale = await collection.put(_UID, second, {"If-Match": '"never-was"'})
        twin = await collection.put(_TWIN, first, {"If-None-Match": "*"})
        return Capabilities(
            if_none_match=not codes.is_success(over.status),
            if_match=not codes.is_success(stale.status),
            uid_conflict=not codes.is_success(twin.status),
            sync=collection.calendar.syncs,
            etag_on_put=found is not None and (created.etag or "W/") == found.etag and not found.etag.startswith("W/"),
            auto_schedule=await collection.schedules(),
            keeps_x_properties=found is not None and found.written is not None,
        )
    finally:
        await _clear(collection)


async def _clear(collection: Collection) -> None:
    for uid in (_TWIN, _UID):
        if found := await collection.look(uid):
            await collection.delete(uid, unless_changed(found))


def _event(sequence: int) -> CalendarEvent:
    return CalendarEvent(
        uid=_UID,
        sequence=sequence,
        stamp=_LONG_AGO,
        slot=Slot(start=_LONG_AGO, minutes=15),
        summary="Entrevue tries out this calendar",
    )
