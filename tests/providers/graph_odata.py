"""What a query asks of a list of events: which of them, what of each, how many at once ("query-parameters")."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.providers.graph_events import SHOWN, Event, property_id
from tests.providers.graph_wire import Json, Refused, parsed

Fits = Callable[[Event, datetime, datetime], bool]
"""Of an event with its start and end in UTC."""

_TEXT = r"'((?:[^']|'')*)'"
_ANY = re.compile(rf"singleValueExtendedProperties/[Aa]ny\((\w+):\s*(\w+)/id eq {_TEXT} and (.+)\)", re.DOTALL)
_VALUE = re.compile(rf"(\w+)/value (eq|ne) (?:{_TEXT}|(null))|(contains|startswith)\((\w+)/value,\s*{_TEXT}\)")
_EXPAND = re.compile(r"singleValueExtendedProperties\(\$filter=(.+)\)", re.DOTALL)
_ID = re.compile(rf"id eq {_TEXT}")
_TIME = re.compile(rf"(start|end)/dateTime (eq|ge|gt|le|lt) {_TEXT}")
_UID = re.compile(rf"iCalUId eq {_TEXT}")
_MOST = 1000
_USUAL = 10


@dataclass(frozen=True)
class Query:
    fits: tuple[Fits, ...]
    select: frozenset[str] | None
    expand: tuple[str, ...]
    """The ids of extended properties."""
    top: int
    skip: int
    latest_first: bool | None
    """By start; None: the order is the server's own business."""

    @classmethod
    def of(cls, said: Mapping[str, str]) -> "Query":
        """Read a query; whatever this server does not know is refused, for nothing may be passed over in silence."""
        known = {"$filter", "$select", "$expand", "$top", "$skip", "$orderby", "$count"}
        if unknown := {name for name in said if name.startswith("$")} - known:
            raise Refused(400, "BadRequest", f"The query parameters {sorted(unknown)} are not supported.")
        return cls(
            fits=tuple(_fit(term) for term in _terms(said["$filter"])) if "$filter" in said else (),
            select=_select(said["$select"]) if "$select" in said else None,
            expand=_expand(said["$expand"]) if "$expand" in said else (),
            top=_number(said, "$top", _USUAL, range(1, _MOST + 1)),
            skip=_number(said, "$skip", 0, range(10**6)),
            latest_first=_order(said.get("$orderby")),
        )

    def show(self, event: Event, everything: Json) -> Json:
        """Leave of an event what was asked for. Its id and etag are always there.

        What has none of the extended properties shows no list of them ("resources/extended-properties-overview").
        """
        chosen: Json = {
            name: value
            for name, value in everything.items()
            if self.select is None or name in self.select or name in {"@odata.etag", "id"}
        }
        if found := [one for one in self.expand if one in event.extended]:
            chosen["singleValueExtendedProperties"] = [{"id": one, "value": event.extended[one]} for one in found]
        return chosen


def _number(said: Mapping[str, str], name: str, otherwise: int, within: range) -> int:
    text = said.get(name, str(otherwise))
    if not text.isdecimal() or int(text) not in within:
        raise Refused(400, "BadRequest", f"The value '{text}' of {name} is invalid.")
    return int(text)


def _order(text: str | None) -> bool | None:
    match text:
        case None:
            return None
        case "start/dateTime" | "start/dateTime asc":
            return False
        case "start/dateTime desc":
            return True
        case _:
            raise Refused(400, "ErrorInvalidUrlQuery", f"Events cannot be ordered by '{text}'.")


def _select(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(","))
    if unknown := names - SHOWN:
        message = f"Could not find a property named '{min(unknown)}' on type 'Microsoft.OutlookServices.Event'."
        raise Refused(400, "RequestBroker--ParseUri", message)
    return names


def _expand(text: str) -> tuple[str, ...]:
    """Read `singleValueExtendedProperties($filter=id eq '…' or id eq '…')`; there is no way to get all of them."""
    if (expanded := _EXPAND.fullmatch(text)) is None:
        raise Refused(400, "BadRequest", f"'{text}' cannot be expanded without a $filter on id.")
    ids = []
    for part in re.split(r" or (?=id eq )", expanded[1]):
        if (found := _ID.fullmatch(part.strip())) is None:
            raise _bad(text)
        ids.append(property_id(_unquoted(found[1])))
    return tuple(ids)


def _terms(text: str) -> list[str]:
    """Split by `and` outside quotes and parentheses."""
    terms, depth, quoted, begun = [], 0, False, 0
    for at, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(letter, 0)
            if depth == 0 and text.startswith(" and ", at):
                terms.append(text[begun:at])
                begun = at + len(" and ")
    return [*terms, text[begun:]]


def _fit(term: str) -> Fits:
    if (found := _ANY.fullmatch(term)) and found[1] == found[2]:
        return _has(property_id(_unquoted(found[3])), found[1], found[4], term)
    if found := _TIME.fullmatch(term):
        edge, how, limit = found[1], found[2], parsed(_unquoted(found[3]), term)
        return lambda _, start, end: _compares(start if edge == "start" else end, how, limit)
    if found := _UID.fullmatch(term):
        uid = _unquoted(found[1])
        return lambda event, _start, _end: event.ical_uid == uid
    raise _bad(term)


def _has(name: str, variable: str, condition: str, term: str) -> Fits:
    """`ep/value eq`, `ne`, `contains`, `startswith` (api/singlevaluelegacyextendedproperty-get); values in any case."""
    found = _VALUE.fullmatch(condition.strip())
    if found is None or variable not in {found[1], found[6]}:
        raise _bad(term)
    if found[4]:
        return lambda event, _start, _end: (name in event.extended) == (found[2] == "ne")
    how, wanted = found[2] or found[5], _unquoted(found[3] or found[7] or "").casefold()

    def has(event: Event, _start: datetime, _end: datetime) -> bool:
        if name not in event.extended:
            return False
        value = event.extended[name].casefold()
        match how:
            case "eq":
                return value == wanted
            case "ne":
                return value != wanted
            case "contains":
                return wanted in value
            case _:
                return value.startswith(wanted)

    return has


def _compares(time: datetime, how: str, limit: datetime) -> bool:
    match how:
        case "eq":
            return time == limit
        case "ge":
            return time >= limit
        case "gt":
            return time > limit
        case "le":
            return time <= limit
        case _:
            return time < limit


def _unquoted(text: str) -> str:
    return text.replace("''", "'")


def _bad(text: str) -> Refused:
    return Refused(400, "ErrorInvalidUrlQueryFilter", f"Invalid filter clause: '{text}'.")
