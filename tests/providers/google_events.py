"""Events of one calendar: what may be written, what becomes of it, and how it is shown.

Pages, below developers.google.com/workspace/calendar/api: the *Events* resource (v3/reference/events) and its methods;
*Get specific versions of resources* (guides/version-resources), *Extended properties* (guides/extended-properties),
*Improve performance* (guides/performance) for PATCH, *Create events* (guides/create-events) for conferences, *Manage
focus time, out of office, and working location events* (guides/calendar-status).
"""

import re
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from pydantic import JsonValue

from tests.providers.google_errors import JsonObject, refusal
from tests.providers.google_times import When, stamp, starts
from tests.providers.google_tokens import Bearer

Role = Literal["none", "freeBusyReader", "reader", "writer", "owner"]

_ID: Final = re.compile(r"[a-v0-9]{5,1024}")
"""v3/reference/events, `id`: base32hex in small letters."""
_WRITABLE_NAMES: Final = """
    anyoneCanAddSelf attachments attendees attendeesOmitted birthdayProperties colorId description end eventLabelId
    eventType extendedProperties focusTimeProperties guestsCanInviteOthers guestsCanModify guestsCanSeeOtherGuests
    location outOfOfficeProperties recurrence reminders sequence source start status summary transparency visibility
    workingLocationProperties
"""
_WRITABLE: Final = frozenset(_WRITABLE_NAMES.split())
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "status": ("confirmed", "tentative", "cancelled"),
    "transparency": ("opaque", "transparent"),
    "visibility": ("default", "public", "private", "confidential"),
}
_TYPES: Final = ("birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation")
_ANSWERS: Final = ("needsAction", "declined", "tentative", "accepted")
_OPEN_TO_ALL: Final = ("kind", "etag", "id", "status", "start", "end", "transparency", "eventType", "recurringEventId")
"""What of an event is availability: all that is shown where only free or busy may be read, or the event is private."""


@dataclass
class Switches:
    """What the documentation leaves open, or where it lets the service do either."""

    detects_collisions: bool = True
    """v3/reference/events, `id`: "we cannot guarantee that ID collisions will be detected at event creation time"."""
    sequence_rises: Literal["with the time", "always"] = "with the time"
    """`sequence` is "as per iCalendar"; RFC 5545 leaves open what other changes count."""
    conferences: Literal["success", "pending", "failure", "off"] = "success"
    """ConferenceRequestStatus: "the data is generated asynchronously". Pending ones follow once this changes. `off`:
    Calendar, `allowedConferenceSolutionTypes` is empty.
    """
    deleted_have_details: bool = False
    """`status`: in lists, "deleted events are only guaranteed to have the id field populated"."""
    page_size: int | None = None
    """events.list, `maxResults`: a page "may be less than this value ... even if there are more events"."""
    begins_with_empty_page: bool = False
    """... "or none at all"."""
    longest_free_busy: timedelta = timedelta(days=90)
    """No page names it; calcom/cal.com#11962 met it."""
    longest_channel: timedelta = timedelta(days=7)
    """guides/push: "any Google Calendar API internal limits or defaults"."""
    answers_for_owner: bool = False
    """Whether somebody who is asked to their own event counts as coming: `attendees` says nothing of it."""
    delivers: bool = True
    """guides/push: "Notifications are not 100% reliable"."""


@dataclass
class Event:
    id: str
    ical_uid: str
    body: JsonObject
    """What can be written of it, as it was written."""
    creator: str
    created: datetime
    updated: datetime
    version: int
    """Of the calendar, when this was changed last."""
    conference: JsonObject | None = None
    series: str | None = None
    """The recurring event of which this is an instance that differs."""
    original: When | None = None
    vanished: Literal["notFound", "deleted"] | None = None
    """Deleted so long ago that only its id is left; what a GET says then."""

    @property
    def cancelled(self) -> bool:
        return self.body.get("status") == "cancelled"

    @property
    def start(self) -> When:
        return When.of(self.body.get("start"), "start")

    @property
    def end(self) -> When:
        return When.of(self.body.get("end"), "end")

    @property
    def recurrence(self) -> list[str]:
        return [line for line in _list(self.body.get("recurrence")) if isinstance(line, str)]

    @property
    def etag(self) -> str:
        return f'"{self.version:016d}"'


@dataclass(frozen=True)
class Instance:
    """An event as it takes place: itself, or one time of a series."""

    event: Event
    start: When
    end: When
    original: When | None = None
    """None: an event that does not repeat."""

    @property
    def id(self) -> str:
        return instance_id(self.event.id, self.original) if self.original and not self.event.series else self.event.id


@dataclass
class Calendar:
    address: str
    zone: str
    switches: Switches
    changed: Callable[[], None]
    """Called after each change."""
    version: int = 0
    events: dict[str, Event] = field(default_factory=dict)
    roles: dict[str, Role] = field(default_factory=dict)

    # --- writing -----------------------------------------------------------------------------------------------------

    def insert(self, told: JsonObject, by: Bearer, *, conferences: bool) -> Event:
        """events.insert. Raises 400 for an id that is none, 409 for one that was ever used here."""
        given = told.get("id")
        if given is not None and (not isinstance(given, str) or not _ID.fullmatch(given) or "iCalUID" in told):
            raise refusal("invalid", "Invalid resource id value.")
        name = given or secrets.token_hex(13)
        if name in self.events and self.switches.detects_collisions:
            raise refusal("duplicate")
        body = self._checked(told, by)
        conference = self._conference(None, told, by) if conferences else None
        now = datetime.now(UTC)
        ical_uid = told.get("iCalUID")
        event = Event(
            id=name,
            ical_uid=ical_uid if isinstance(ical_uid, str) else f"{name}@google.com",
            body=body,
            creator=by.address,
            created=now,
            updated=now,
            version=0,
            conference=conference,
        )
        self.events[name] = event
        self._touch(event)
        return event

    def replace(self, event: Event, told: JsonObject, by: Bearer, *, conferences: bool) -> None:
        """events.update: what is not said is gone. It also brings a deleted event back (`status`)."""
        kept: JsonObject = {name: it for name, it in event.body.items() if name in {"eventType", "sequence"}}
        whole = kept | {name: each for name, each in told.items() if each is not None}
        conference = self._conference(event.conference, told, by) if conferences else event.conference
        self._write(event, whole, conference, by)

    def patch(self, event: Event, told: JsonObject, by: Bearer, *, conferences: bool) -> None:
        """events.patch: what is not said stays; null takes away; lists are replaced (guides/performance)."""
        conference = event.conference
        if conferences and "conferenceData" in told:
            conference = self._conference(conference, told, by)
        whole = _merged(event.body, {name: told[name] for name in told if name in _WRITABLE})
        self._write(event, whole, conference, by)

    def delete(self, event: Event) -> None:
        """events.delete. It stays as a cancelled one, under an id that nothing else can have."""
        if event.cancelled:
            raise refusal("deleted")
        times = [each for each in self.events.values() if each.series == event.id and not each.cancelled]
        for each in [event, *times]:
            each.body["status"] = "cancelled"
            self.events[each.id] = each
            self._touch(each)

    def find(self, name: str) -> Event:
        """Give what has this id, be it deleted: "the get method always returns them". Raises 404."""
        if found := self.events.get(name):
            if found.vanished:
                raise refusal(found.vanished)
            return found
        series, _, _ = name.rpartition("_")
        if series in self.events:
            for each in self.instances(self.events[series], None):
                if each.id == name and each.original:
                    return self._differing(self.events[series], each)
        raise refusal("notFound")

    def _differing(self, series: Event, instance: Instance) -> Event:
        """Give one time of a series as an event of its own, which it becomes when it is written."""
        body = {name: each for name, each in series.body.items() if name != "recurrence"}
        zone = self.zone
        body |= {"start": instance.start.shown(zone), "end": instance.end.shown(zone)}
        return Event(
            id=instance.id,
            ical_uid=series.ical_uid,
            body=body,
            creator=series.creator,
            created=series.created,
            updated=series.updated,
            version=series.version,
            series=series.id,
            original=instance.original,
        )

    def _write(self, event: Event, told: JsonObject, conference: JsonObject | None, by: Bearer) -> None:
        before = event.body
        after = self._checked(told, by, known=_invited(before))
        was, becomes = before.get("eventType", "default"), after.get("eventType", "default")
        if was != becomes:
            raise refusal("invalid", "Event type cannot be changed.")
        held, given = _number(before.get("sequence")), _number(after.get("sequence"))
        if given < held:
            raise refusal(
                "invalid",
                "Invalid sequence value. The specified sequence number is below the current sequence number of the"
                " resource. Re-fetch the resource and use its sequence number on the following request.",
            )
        moved = any(_time(before.get(name)) != _time(after.get(name)) for name in ("start", "end")) or before.get(
            "recurrence"
        ) != after.get("recurrence")
        if given == held and (moved or self.switches.sequence_rises == "always"):
            after["sequence"] = held + 1
        event.body, event.conference = after, conference
        self.events[event.id] = event
        self._touch(event)

    def _touch(self, event: Event) -> None:
        self.version += 1
        event.version = self.version
        event.updated = datetime.now(UTC)
        self.changed()

    def _checked(self, told: JsonObject, by: Bearer, *, known: Collection[str] = ()) -> JsonObject:
        """Give what of it is kept; `known`: who is invited already. Raises 400 and 403."""
        body: JsonObject = {name: each for name, each in told.items() if name in _WRITABLE and each is not None}
        body.setdefault("status", "confirmed")
        start, end = When.of(body.get("start"), "start"), When.of(body.get("end"), "end")
        if (start.day is None) != (end.day is None):
            raise refusal("invalid", "Invalid start or end: both must be times, or both days.")
        if end.instant(self.zone) < start.instant(self.zone):
            raise refusal("timeRangeEmpty")
        if recurrence := body.get("recurrence"):
            if start.day is None and start.zone is None:
                raise refusal("required", "Missing time zone definition for start time.")
            next(starts(start, [str(line) for line in _list(recurrence)], self.zone, None), None)
        for name, choices in _CHOICES.items():
            if name in body and body[name] not in choices:
                raise refusal("invalid", f"Invalid value for: {body[name]} is not a valid value")
        self._check_type(body, start)
        if "attendees" in body:
            body["attendees"] = _attendees(body["attendees"])
            if by.robot and not _invited(body) <= set(known):
                raise refusal("forbiddenForServiceAccounts")
        if "extendedProperties" in body:
            body["extendedProperties"] = _properties(body["extendedProperties"])
        return body

    def _check_type(self, body: JsonObject, start: When) -> None:
        """guides/calendar-status: which events exist on primary calendars alone, and what they must be."""
        kind = body.get("eventType", "default")
        if kind not in _TYPES or kind == "fromGmail":
            raise refusal("invalid", "Invalid event type.")
        if kind in {"outOfOffice", "focusTime"} and (
            start.day is not None or body.get("transparency") == "transparent"
        ):
            raise refusal("invalid", "Out-of-office and focus-time events are opaque, and not for whole days.")
        if kind == "workingLocation" and (
            body.get("transparency"),
            body.get("visibility"),
            "workingLocationProperties" in body,
        ) != ("transparent", "public", True):
            raise refusal("invalid", "A working location event is public, transparent, and says where.")
        if kind == "birthday":
            if start.day is None or not any("YEARLY" in str(line) for line in _list(body.get("recurrence"))):
                raise refusal("invalid", "A birthday event is an all-day event with an annual recurrence.")
            body |= {"transparency": "transparent", "visibility": "private"}

    def _conference(self, held: JsonObject | None, told: JsonObject, by: Bearer) -> JsonObject | None:
        """Give the conference that there will be: guides/create-events, *Add video and phone conferences*."""
        data = told.get("conferenceData")
        if not isinstance(data, dict):
            return None
        request = data.get("createRequest")
        if not isinstance(request, dict):
            return held  # what was read is sent back
        asked = (held or {}).get("createRequest")
        if isinstance(asked, dict) and asked.get("requestId") == request.get("requestId"):
            return held  # "If an ID provided is the same as for the previous request, the request is ignored."
        if not request.get("requestId"):
            raise refusal("required", "Missing conference request id.")
        key = request.get("conferenceSolutionKey")
        allowed = self.conference_types()
        if by.robot or not allowed or (isinstance(key, dict) and key.get("type") not in allowed):
            raise refusal("invalid", "Invalid conference type value.")  # googleapis/google-api-nodejs-client#3052
        return {
            "createRequest": {
                "requestId": request["requestId"],
                "conferenceSolutionKey": {"type": "hangoutsMeet"},
                "status": {"statusCode": "pending"},
            }
        }

    # --- looking -----------------------------------------------------------------------------------------------------

    def role_of(self, who: Bearer) -> Role:
        if who.address == self.address:
            return self.roles.get(who.address, "owner") if not who.in_person else "owner"
        return self.roles.get(who.address, self.roles.get("*", "none"))

    def conference_types(self) -> list[JsonValue]:
        return [] if self.switches.conferences == "off" else ["hangoutsMeet"]

    def instances(self, event: Event, before: datetime | None) -> list[Instance]:
        """Give the times of an event before a moment. Those of a series that differ are events of their own."""
        if not event.recurrence:
            return [Instance(event, event.start, event.end, event.original)]
        length = event.end.wall(self.zone) - event.start.wall(self.zone)
        return [
            Instance(event, start, start.moved(length, self.zone), start)
            for start in starts(event.start, event.recurrence, self.zone, before)
            if instance_id(event.id, start) not in self.events
        ]

    def shown(self, instance: Instance, role: Role, zone: str | None = None) -> JsonObject:
        """Give the Events resource as somebody of this role sees it."""
        event, zone = instance.event, zone or self.zone
        self._settle(event)
        body = event.body
        here: JsonObject = {"email": self.address, "self": True}
        told: JsonObject = {
            "kind": "calendar#event",
            "etag": event.etag,
            "id": instance.id,
            "htmlLink": f"https://www.google.com/calendar/event?eid={instance.id}",
            "created": stamp(event.created),
            "updated": event.updated.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "iCalUID": event.ical_uid,
            "creator": here if event.creator == self.address else {"email": event.creator},
            "organizer": here,
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": "default",
        }
        told |= {name: each for name, each in body.items() if (name, each) not in _UNSAID}
        told |= {"start": instance.start.shown(zone), "end": instance.end.shown(zone)}
        if "attendees" in body:
            told["attendees"] = [self._attendee(each) for each in _list(body["attendees"])]
        if instance.original:
            told.pop("recurrence", None)
            told |= {"recurringEventId": event.series or event.id, "originalStartTime": instance.original.shown(zone)}
        if event.conference:
            told["conferenceData"] = event.conference
            for entry in _list(event.conference.get("entryPoints")):
                if isinstance(entry, dict):
                    told["hangoutLink"] = entry.get("uri")
        hidden = role == "reader" and body.get("visibility") in {"private", "confidential"}
        if role == "freeBusyReader" or hidden:
            return {name: told[name] for name in _OPEN_TO_ALL if name in told} | {"visibility": "private"}
        return told

    def _attendee(self, told: JsonValue) -> JsonValue:
        """`self` and `organizer` are the server's to say; the organiser here is always the calendar's owner."""
        if not isinstance(told, dict) or told.get("email") != self.address:
            return told
        if self.switches.answers_for_owner:
            told = told | {"responseStatus": "accepted"}
        return told | {"self": True, "organizer": True}

    def _settle(self, event: Event) -> None:
        """A conference that was asked for comes to be, or fails, when the switch lets it."""
        data, outcome = event.conference, self.switches.conferences
        request = data.get("createRequest") if data else None
        if not data or not isinstance(request, dict) or request.get("status") != {"statusCode": "pending"}:
            return
        if outcome in {"pending", "off"}:
            return
        request["status"] = {"statusCode": outcome}
        if outcome == "failure":
            return
        letters = "".join(secrets.choice("abcdefghijkmnopqrstuvwxyz") for _ in range(10))
        code = f"{letters[:3]}-{letters[3:7]}-{letters[7:]}"
        data |= {
            "conferenceId": code,
            "conferenceSolution": {"key": {"type": "hangoutsMeet"}, "name": "Google Meet"},
            "entryPoints": [
                {
                    "entryPointType": "video",
                    "uri": f"https://meet.google.com/{code}",
                    "label": f"meet.google.com/{code}",
                }
            ],
        }


_UNSAID: Final = (("transparency", "opaque"), ("visibility", "default"))
"""What is so by default is left out of answers."""


def instance_id(series: str, start: When) -> str:
    """Name one time of a series. Not for clients to make out: the form is announced to change."""
    if start.day is not None:
        return f"{series}_{start.day:%Y%m%d}"
    return f"{series}_{start.instant('UTC'):%Y%m%dT%H%M%SZ}"


def _invited(body: JsonObject) -> set[str]:
    return {str(each.get("email")) for each in _list(body.get("attendees")) if isinstance(each, dict)}


def _attendees(told: JsonValue) -> JsonValue:
    people: list[JsonValue] = []
    for each in _list(told):
        if not isinstance(each, dict) or "@" not in str(each.get("email", "")):
            raise refusal("invalid", "Invalid attendee email.")
        answer = each.get("responseStatus", "needsAction")
        if answer not in _ANSWERS:
            raise refusal("invalid")
        people.append(
            {name: it for name, it in each.items() if name not in {"self", "organizer", "id"}}
            | {"responseStatus": answer}
        )
    return people


def _properties(told: JsonValue) -> JsonValue:
    """guides/extended-properties: 300 properties and 32 kB a kind; long names are dropped, long values cut."""
    kept: JsonObject = {}
    for kind in ("private", "shared"):
        of_kind = told.get(kind) if isinstance(told, dict) else None
        if not isinstance(of_kind, dict):
            continue
        texts: JsonObject = {name: str(each)[:1024] for name, each in of_kind.items() if len(name) <= 44}
        if len(texts) > 300 or sum(len(name) + len(str(each)) for name, each in texts.items()) > 32_000:
            raise refusal("invalid", "Extended properties limit exceeded.")
        kept[kind] = texts
    return kept


def _merged(held: JsonObject, told: JsonObject) -> JsonObject:
    merged = dict(held)
    for name, each in told.items():
        inner = merged.get(name)
        if each is None:
            merged.pop(name, None)
        elif isinstance(inner, dict) and isinstance(each, dict):
            merged[name] = _merged(inner, each)
        else:
            merged[name] = each
    return merged


def _time(value: JsonValue) -> datetime | str | None:
    when = When.of(value, "start")
    return when.at or str(when.day)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _number(value: JsonValue) -> int:
    return value if isinstance(value, int) else 0
