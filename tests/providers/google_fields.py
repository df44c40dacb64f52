"""Partial answers: *Improve performance* (developers.google.com/workspace/calendar/api/guides/performance)."""

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from tests.providers.google_errors import GoogleError, JsonObject, refusal

Mask = dict[str, "Mask"]
"""Names that were asked for, each with what of it; nothing below a name means all of it."""

_WORDS: Final = re.compile(r"[*\w.@-]+|[(),/]")
_FREE: Final = {"private", "shared", "calendars"}
"""Below these, names are whoever wrote them's."""

# The discovery document's schemas (calendar.v3.json): Event, Events, Channel, FreeBusyResponse, Calendar, CalendarList.
_KNOWN_NAMES: Final = """
    * accessRole additionalGuests address allowedConferenceSolutionTypes anyoneCanAddSelf attachments attendees
    attendeesOmitted birthdayProperties busy calendars colorId comment conferenceData conferenceId
    conferenceProperties conferenceSolution conferenceSolutionKey createRequest created creator date dateTime
    defaultReminders description displayName email end endTimeUnspecified entryPointType entryPoints errors etag
    eventLabelId eventType expiration extendedProperties focusTimeProperties groups guestsCanInviteOthers
    guestsCanModify guestsCanSeeOtherGuests hangoutLink htmlLink iCalUID id items kind label location locked
    meetingCode method minutes name nextPageToken nextSyncToken optional organizer originalStartTime
    outOfOfficeProperties overrides pin primary private privateCopy recurrence recurringEventId reminders requestId
    resource resourceId resourceUri responseStatus self sequence shared signature source start status statusCode
    summary summaryOverride timeMax timeMin timeZone title token transparency type updated uri url useDefault
    visibility workingLocationProperties
"""
_KNOWN: Final = set(_KNOWN_NAMES.split())


def mask_of(fields: str | None) -> Mask:
    """Read a mask; 400 where it cannot be read or names what does not exist.

    `a,b` is both, `a/b` is b within a, `a(b,c)` is both within a, `*` is everything there.
    """
    if not fields:
        return {}
    words = iter([*_WORDS.findall(fields), ""])
    if "".join(_WORDS.findall(fields)) != fields.replace(" ", ""):
        raise _invalid(fields)
    try:
        mask = _list_of(words, end="")
    except StopIteration:
        raise _invalid(fields) from None
    _check(mask)
    return mask


def only(answer: JsonObject, mask: Mask) -> JsonObject:
    """Give what of the answer was asked for."""
    kept = _kept(answer, mask)
    return kept if isinstance(kept, dict) else {}


def _list_of(words: Iterator[str], end: str) -> Mask:
    mask: Mask = {}
    while True:
        name = next(words)
        if not name or name in "(),/":
            raise _invalid(name)
        mark = next(words)
        inner = mask.setdefault(name, {})
        while mark == "/":
            name = next(words)
            inner = inner.setdefault(name, {})
            mark = next(words)
        if mark == "(":
            inner.update(_list_of(words, end=")"))
            mark = next(words)
        if mark == end:
            return mask
        if mark != ",":
            raise _invalid(mark)


def _check(mask: Mask, *, free: bool = False) -> None:
    for name, inner in mask.items():
        if not free and name not in _KNOWN:
            raise _invalid(name)
        _check(inner, free=name in _FREE)


def _kept(value: JsonValue, mask: Mask) -> JsonValue:
    if not mask or "*" in mask:
        inner = mask.get("*")
        if not inner or not isinstance(value, dict):
            return value
        return {name: _kept(each, inner) for name, each in value.items()}
    if isinstance(value, list):
        return [_kept(each, mask) for each in value]
    if isinstance(value, dict):
        return {name: _kept(each, mask[name]) for name, each in value.items() if name in mask}
    return value


def _invalid(name: str) -> GoogleError:
    return refusal("invalid", f"Invalid field selection {name}", parameter="fields")
