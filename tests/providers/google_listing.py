"""events.list: filters, pages, and what has changed since.

Pages, below developers.google.com/workspace/calendar/api: *Events: list* (v3/reference/events/list), *Synchronize
resources efficiently* (guides/sync), *Page through lists of resources* (guides/pagination).
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue
from starlette.datastructures import QueryParams

from tests.providers.google_errors import JsonObject, refusal
from tests.providers.google_events import Calendar, Event, Instance, Role, Switches
from tests.providers.google_times import check_zone, instant, stamp

_NOT_WITH_TOKEN: Final = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMin",
    "timeMax",
    "updatedMin",
)
"""events.list, `syncToken`: "query parameters that cannot be specified together with nextSyncToken"."""
_NO_TOKEN_AFTER: Final = set(_NOT_WITH_TOKEN) - {"timeMin", "timeMax"}
"""Nothing says what a token of such a question would mean, so there is none. guides/sync has one with `timeMin`."""
_SAME: Final = ("eventTypes", "maxAttendees", "showHiddenInvitations", "singleEvents", "timeZone")
"""The rest "should be the same as for the initial synchronization to avoid undefined behavior": here it is refused."""
_MOST: Final = 2500
_USUAL: Final = 250
_LONGEST_AGO: Final = timedelta(days=28)
"""How far back `updatedMin` may lie; guides/errors names no number."""
_ORDERS: Final = (None, "startTime", "updated")


@dataclass(frozen=True)
class _Since:
    """What a sync token stands for."""

    calendar: str
    version: int
    asked: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class _Rest:
    """What a page token stands for."""

    asked: tuple[tuple[str, str], ...]
    items: tuple[JsonObject, ...]
    version: int


@dataclass
class Listings:
    """Every list that was begun, and every token that was given out."""

    switches: Switches
    _since: dict[str, _Since] = field(default_factory=dict)
    _rest: dict[str, _Rest] = field(default_factory=dict)

    def forget(self) -> None:
        """guides/sync, *Full sync required by server*."""
        self._since.clear()

    def answer(self, calendar: Calendar, asked: QueryParams, role: Role) -> JsonObject:
        """Give one page, as the `Events` resource."""
        zone = asked.get("timeZone", calendar.zone)
        check_zone(zone)
        same = _without_page(asked)
        if page := asked.get("pageToken"):
            rest = self._rest.get(page)
            if rest is None or rest.asked != same:
                raise refusal("invalid", parameter="pageToken")
        else:
            found = tuple(self._found(calendar, asked, role, zone))
            rest = _Rest(same, found, calendar.version)
        size = min(max(_number(asked.get("maxResults"), _USUAL), 1), _MOST, self.switches.page_size or _MOST)
        if self.switches.begins_with_empty_page and not page:
            size = 0
        answer: JsonObject = {
            "kind": "calendar#events",
            "etag": f'"p{calendar.version:015d}"',
            "summary": calendar.address,
            "updated": stamp(datetime.now(UTC)),
            "timeZone": zone,
            "accessRole": role,
            "defaultReminders": [],
            "items": list(rest.items[:size]),
        }
        if len(rest.items) > size or size == 0:
            token = secrets.token_urlsafe(16)
            self._rest[token] = _Rest(same, rest.items[size:], rest.version)
            answer["nextPageToken"] = token
        elif _NO_TOKEN_AFTER.isdisjoint(asked):
            token = f"{secrets.token_urlsafe(16)}="
            self._since[token] = _Since(calendar.address, rest.version, _kept_same(asked))
            answer["nextSyncToken"] = token
        return answer

    def _found(self, calendar: Calendar, asked: QueryParams, role: Role, zone: str) -> Iterator[JsonObject]:
        since = self._checked_since(calendar, asked)
        single, deleted = _flag(asked, "singleEvents"), _flag(asked, "showDeleted")
        updated = instant(asked["updatedMin"], "updatedMin") if "updatedMin" in asked else None
        if updated and updated < datetime.now(UTC) - _LONGEST_AGO:
            raise refusal("updatedMinTooLongAgo")
        window = _window(asked)
        for name in ("privateExtendedProperty", "sharedExtendedProperty"):
            if not all("=" in constraint for constraint in asked.getlist(name)):
                raise refusal("invalid", parameter=name)
        instances = [
            each
            for event in calendar.events.values()
            if not event.vanished
            and (since is None or event.version > since.version)
            and (updated is None or event.updated >= updated)
            and _suits(event, asked)
            for each in _times(calendar, event, window, single=single)
            if since is not None or updated is not None or deleted or _stays(each, single=single)
        ]
        match asked.get("orderBy"):
            case "startTime":
                instances.sort(key=lambda each: each.start.instant(calendar.zone))
            case "updated":
                instances.sort(key=lambda each: each.event.updated)
        for each in instances:
            told = calendar.shown(each, role, zone)
            if each.event.cancelled and not deleted and not self.switches.deleted_have_details:
                told = {
                    name: told[name]
                    for name in ("kind", "etag", "id", "status", "recurringEventId", "originalStartTime")
                    if name in told
                }
            yield told

    def _checked_since(self, calendar: Calendar, asked: QueryParams) -> _Since | None:
        order = asked.get("orderBy")
        if order not in _ORDERS or (order == "startTime" and not _flag(asked, "singleEvents")):
            raise refusal("invalid", "The requested ordering is not available for the particular query.")
        token = asked.get("syncToken")
        if token is None:
            return None
        if any(name in asked for name in _NOT_WITH_TOKEN) or asked.get("showDeleted") == "false":
            raise refusal(
                "invalid", "Sync token cannot be used with other request restrictions.", parameter="syncToken"
            )
        since = self._since.get(token)
        if since is None or since.calendar != calendar.address:
            raise refusal("fullSyncRequired")
        if since.asked != _kept_same(asked):
            raise refusal("invalid", "Sync token was obtained with other parameters.", parameter="syncToken")
        return since


_Window = tuple[datetime | None, datetime | None]


def _window(asked: QueryParams) -> _Window:
    after, before = (instant(asked[name], name) if name in asked else None for name in ("timeMin", "timeMax"))
    if after and before and before <= after:
        raise refusal("timeRangeEmpty")
    return after, before


def _times(calendar: Calendar, event: Event, window: _Window, *, single: bool) -> list[Instance]:
    """`timeMin` is a lower bound for ends, `timeMax` an upper one for starts, both exclusive."""
    after, before = window
    within = [
        each
        for each in calendar.instances(event, before)
        if (before is None or each.start.instant(calendar.zone) < before)
        and (after is None or each.end.instant(calendar.zone) > after)
    ]
    if single or not event.recurrence:
        return within
    return [Instance(event, event.start, event.end)] if within else []


def _stays(each: Instance, *, single: bool) -> bool:
    """Whether it is shown where deleted ones are not: so is what was taken out of a series that is not expanded."""
    return not each.event.cancelled or (each.event.series is not None and not single)


def _suits(event: Event, asked: QueryParams) -> bool:
    kinds = asked.getlist("eventTypes")
    if kinds and event.body.get("eventType", "default") not in kinds:
        return False
    if "iCalUID" in asked and event.ical_uid != asked["iCalUID"]:
        return False
    for kind in ("private", "shared"):
        properties = event.body.get("extendedProperties")
        held = properties.get(kind) if isinstance(properties, dict) else None
        for constraint in asked.getlist(f"{kind}ExtendedProperty"):
            name, _, value = constraint.partition("=")
            if not isinstance(held, dict) or held.get(name) != value:
                return False
    words = asked.get("q", "").lower()
    texts = (str(event.body.get(name, "")).lower() for name in ("summary", "description", "location", "attendees"))
    return not words or any(words in text for text in texts)


def _kept_same(asked: QueryParams) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, tuple(sorted(asked.getlist(name)))) for name in _SAME)


def _without_page(asked: QueryParams) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in asked.multi_items() if name != "pageToken"))


def _flag(asked: QueryParams, name: str) -> bool:
    return asked.get(name, "false").lower() == "true"


def _number(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    try:
        return int(text)
    except ValueError:
        raise refusal("invalid", parameter="maxResults") from None


def merged(times: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Put together what touches or overlaps."""
    found: list[tuple[datetime, datetime]] = []
    for start, end in sorted(times):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def busy(calendar: Calendar, after: datetime, before: datetime) -> list[tuple[datetime, datetime]]:
    """Give what of the window is taken: `transparency` opaque, not cancelled, not declined by the owner."""
    taken = [
        (max(each.start.instant(calendar.zone), after), min(each.end.instant(calendar.zone), before))
        for event in calendar.events.values()
        for each in _times(calendar, event, (after, before), single=True)
        if not each.event.cancelled
        and each.event.body.get("transparency", "opaque") == "opaque"
        and not _declined(each.event.body.get("attendees"), calendar.address)
    ]
    return merged([(start, end) for start, end in taken if start < end])


def _declined(attendees: JsonValue, owner: str) -> bool:
    return any(
        isinstance(each, dict) and each.get("email") == owner and each.get("responseStatus") == "declined"
        for each in (attendees if isinstance(attendees, list) else [])
    )
