"""Change tracking over a calendar view (api/event-delta, delta-query-events, delta-query-overview)."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.providers.graph_events import Occurrence
from tests.providers.graph_mailbox import Mailbox
from tests.providers.graph_wire import Json, Preferences, Refused, parsed, stamp

_USUAL_PAGE = 10
_UNSUPPORTED = ("$orderby", "$filter", "$select", "$expand", "$search", "$top")


@dataclass(frozen=True)
class _Seen:
    """An event as a client has seen it."""

    immutable: str
    filed: str
    """Its id that is not immutable."""
    change_key: str


@dataclass(frozen=True)
class _State:
    """What a client knows: the window of its first request, and what it saw there."""

    start: datetime
    end: datetime
    revision: int
    seen: Mapping[str, _Seen]
    """By immutable id."""


@dataclass(frozen=True)
class _Round:
    """What is left to say before a client knows as much as `then`."""

    left: tuple[Occurrence | _Seen, ...]
    """Events as they are, or removed ones as they were."""
    then: _State


class Rounds:
    """Of one mailbox. A token may be used again, and says at least as much ("delta-query-overview": replays)."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._states: dict[str, _State] = {}
        self._rounds: dict[str, _Round] = {}
        self._forgotten: dict[str, _State] = {}

    def forget(self) -> None:
        """Lose all tokens so far: their cache is full ("delta-query-overview": token duration)."""
        self._forgotten |= self._states | {token: turn.then for token, turn in self._rounds.items()}
        self._states.clear()
        self._rounds.clear()

    def answer(self, query: Mapping[str, str], prefer: Preferences, link: str) -> Json:
        """Give one page. `link`: the address of the function, without a query."""
        if unsupported := [name for name in _UNSUPPORTED if name in query]:
            message = f"The parameters {unsupported} are not supported with change tracking over the 'CalendarView'."
            raise Refused(400, "ErrorInvalidUrlQuery", message)
        token = query.get("$skiptoken") or query.get("$deltatoken")
        if token:  # an empty one is none: 410 leads to a first request so
            if token in self._rounds:
                turn = self._rounds[token]
            elif token in self._states:
                turn = self._since(self._states[token])
            else:
                raise self._lost(token, link)
        else:
            turn = self._since(_first(query))
            if self._mailbox.open.first_page_empty:
                return self._page((), turn, prefer, link)
        size = prefer.page or _USUAL_PAGE
        return self._page(turn.left[:size], _Round(turn.left[size:], turn.then), prefer, link)

    def _page(self, page: tuple[Occurrence | _Seen, ...], rest: _Round, prefer: Preferences, link: str) -> Json:
        made = secrets.token_urlsafe(240)
        said: Json = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(event)"}
        if rest.left:
            self._rounds[made] = rest
            said["@odata.nextLink"] = f"{link}?$skiptoken={made}"
        else:
            self._states[made] = rest.then
            said["@odata.deltaLink"] = f"{link}?$deltatoken={made}"
        return said | {"value": [self._item(one, prefer) for one in page]}

    def _item(self, item: Occurrence | _Seen, prefer: Preferences) -> Json:
        if isinstance(item, Occurrence):
            return {"@odata.type": "#microsoft.graph.event"} | self._mailbox.show(item, prefer)
        known_as = item.immutable if prefer.immutable_ids else item.filed
        return {"@odata.type": "#microsoft.graph.event", "id": known_as, "@removed": {"reason": "deleted"}}

    def _since(self, state: _State) -> _Round:
        """Compare the window, which stays that of the first request, with what was seen."""
        box = self._mailbox
        there = {(seen := self._seen(one)).immutable: (one, seen) for one in box.view(state.start, state.end)}
        changed = [one for key, (one, seen) in there.items() if state.seen.get(key) != seen]
        removed = [seen for key, seen in state.seen.items() if key not in there]
        if box.open.tells_of_outside:
            outside = (self._seen(box.whole(event)) for event in box.events if event.change > state.revision)
            removed += [seen for seen in outside if seen.immutable not in there]
        known = {key: seen for key, (_, seen) in there.items()}
        return _Round((*removed, *changed), _State(state.start, state.end, box.revision, known))

    def _seen(self, one: Occurrence) -> _Seen:
        immutable, filed = (self._mailbox.id(one, immutable=immutable) for immutable in (True, False))
        return _Seen(immutable, filed, one.event.change_key)

    def _lost(self, token: str, link: str) -> Refused:
        if (state := self._forgotten.get(token)) is not None:  # delta-query-overview: synchronization reset
            message = "The sync state generation is not found; generation=149;[highest=157][157][155][156]."
            anew = f"{link}?startDateTime={stamp(state.start)}&endDateTime={stamp(state.end)}&$deltatoken="
            return Refused(410, self._mailbox.open.sync_lost_code, message, Location=anew)
        return Refused(400, "BadRequest", "Badly formed token.")


def _first(query: Mapping[str, str]) -> _State:
    """Read the window of a first request: nothing is known yet."""
    start, end = window(query)
    return _State(start, end, 0, {})


def window(query: Mapping[str, str]) -> tuple[datetime, datetime]:
    """Read both ends of a calendar view, which are required (api/user-list-calendarview)."""
    named = {name.lower(): text for name, text in query.items()}
    if not {"startdatetime", "enddatetime"} <= named.keys():
        message = "This request requires a time window specified by the query parameters StartDateTime and EndDateTime."
        raise Refused(400, "ErrorInvalidParameter", message)
    return parsed(named["startdatetime"], "startDateTime"), parsed(named["enddatetime"], "endDateTime")
