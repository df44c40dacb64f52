"""A mailbox with its default calendar: what happens when events are made, changed, removed."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from tests.providers.graph_events import (
    Event,
    Occurrence,
    Others,
    Said,
    checked_times,
    occurrence_id,
    occurrences,
    property_id,
    shown,
    times,
)
from tests.providers.graph_wire import Json, Preferences, Refused, not_found

ChangeType = Literal["created", "updated", "deleted"]


@dataclass(frozen=True)
class Mail:
    """A message that the server sent because of an event with attendees."""

    kind: Literal["invitation", "update", "cancellation"]
    to: str
    about: str | None
    """The event's title."""


@dataclass
class LeftOpen:
    """What the documentation does not say, or what differs from tenant to tenant: to be tried both ways."""

    heeds_preconditions: bool = True
    """Whether PATCH and DELETE honour If-Match. resources/event only says what a change key is for."""
    same_transaction: Literal["same event", "refused", "forgotten"] = "same event"
    """What a create gets whose transactionId was there before (resources/event: "to avoid redundant POST operations").

    A published trial saw 201 and no second event, where both requests said the same. Where they do not, people report
    an ErrorDuplicateTransactionId. For how long it is remembered is not said.
    """
    duplicate_status: Literal[409, 400] = 409
    """Of that error; both are reported."""
    remembers_deleted: bool = False
    """Whether the transactionId of a deleted event still counts as used."""
    teams_link_late: bool = False
    """Whether the answer to a create lacks `onlineMeeting`, and only a later GET has it."""
    all_day_floats: bool = True
    """Whether an all-day event shows midnight in whatever zone is asked for (issue 1802), or its instants."""
    tells_of_outside: bool = False
    """Whether a delta names what was changed outside its window as removed (issue 6599)."""
    first_page_empty: bool = False
    """Whether the first page of a round may be empty and yet lead to another (issue 2839)."""
    sync_lost_code: Literal["SyncStateNotFound", "syncStateNotFound"] = "SyncStateNotFound"
    """As it was seen (issue 2350), or as "errors" spells it."""
    unknown_user_code: Literal["ErrorInvalidUser", "Request_ResourceNotFound"] = "ErrorInvalidUser"
    """Who answers where there is no such user: Exchange (microsoft-graph-explorer-v4 issue 4038), or the directory."""
    links_to: str | None = None
    """Where nextLink and deltaLink lead; None: to where the client asked, as the vendor's do."""


@dataclass
class Mailbox:
    address: str
    zone: str
    open: LeftOpen
    mails: list[Mail]
    tell: Callable[["Mailbox", Event, ChangeType], None]
    """Called after each change."""
    guid: str = field(default_factory=lambda: str(uuid.uuid4()))
    teams: bool = True
    """Whether its owner is licensed for Teams meetings."""
    revision: int = 0
    """Grows with each change."""
    _events: dict[int, Event] = field(default_factory=dict)
    _transactions: dict[str, tuple[Said, Event]] = field(default_factory=dict)
    """What was said first, and what came of it."""
    _filed: int = 0

    # --- reading -----------------------------------------------------------------------------------------------------

    @property
    def events(self) -> list[Event]:
        """What is there, recurring ones once (api/user-list-events: single instances and series masters)."""
        return list(self._events.values())

    def view(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Give what takes time within [start, end) (api/user-list-calendarview: occurrences and single instances)."""
        return [one for event in self.events for one in occurrences(event, self.zone, start, end)]

    def whole(self, event: Event) -> Occurrence:
        return Occurrence(event, *times(event, self.zone))

    def find(self, event_id: str) -> Occurrence:
        """Find an event by either of its ids, case-sensitively (outlook-immutable-id)."""
        for event in self.events:
            for immutable in (True, False):
                own = event.id(immutable=immutable, filed=self._filed)
                if event_id == own:
                    return self.whole(event)
                if event.said.recurrence and (of := re.fullmatch(re.escape(own[:-1]) + r"(\d{8})=", event_id)):
                    return self._occurrence(event, of[1])
        raise not_found()

    def _occurrence(self, event: Event, day: str) -> Occurrence:
        from_first = event.start.instant - timedelta(days=1)
        try:
            until_then = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) + timedelta(days=2)
        except ValueError:
            raise not_found() from None
        for one in occurrences(event, self.zone, from_first, until_then):
            if f"{one.day:%Y%m%d}" == day:
                return one
        raise not_found()

    def show(self, occurrence: Occurrence, prefer: Preferences) -> Json:
        return shown(occurrence, prefer, filed=self._filed, floats=self.open.all_day_floats)

    def id(self, occurrence: Occurrence, *, immutable: bool) -> str:
        return occurrence_id(occurrence.event.id(immutable=immutable, filed=self._filed), occurrence.day)

    # --- writing -----------------------------------------------------------------------------------------------------

    def create(self, said: Said, others: Others | None = None) -> Event:
        """Make an event, unless this is the repetition of a request that has made one.

        `others`: a meeting that somebody else organises comes in.
        """
        start, end = checked_times(said)
        extended = _extended(said)
        if (earlier := self._earlier(said.transaction_id)) is not None:
            first, event = earlier
            if self.open.same_transaction == "refused" or said != first:
                message = "The TransactionId in the request has already been used to create a different event."
                raise Refused(self.open.duplicate_status, "ErrorDuplicateTransactionId", message)
            return event
        self.revision += 1
        now = datetime.now(UTC)
        event = Event(said, start, end, self.revision, self.address, self.revision, now, now, others, extended)
        self._events[event.serial] = event
        if said.transaction_id is not None:
            self._transactions[said.transaction_id] = said, event
        self._enable(event)
        self._mail("invitation", event)
        self.tell(self, event, "created")
        return event

    def _earlier(self, transaction_id: str | None) -> tuple[Said, Event] | None:
        if self.open.same_transaction == "forgotten":
            return None
        earlier = self._transactions.get(transaction_id or "")
        there = earlier is not None and (earlier[1].serial in self._events or self.open.remembers_deleted)
        return earlier if there else None

    def update(self, found: Occurrence, said: Said, if_match: str | None) -> Event:
        """Change what the request names, and leave the rest (api/event-update)."""
        event = found.event
        if found.day is not None:
            raise Refused(501, "NotImplemented", "Exceptions of a series are beyond this server.")
        self._check(event, if_match)
        given = said.model_fields_set
        if "transaction_id" in given and said.transaction_id != event.said.transaction_id:
            raise Refused(400, "ErrorInvalidRequest", "The transactionId of an event cannot be changed.")
        changes = {name: getattr(said, name) for name in given - {"single_value_extended_properties"}}
        if event.said.is_online_meeting:  # outlook-calendar-online-meetings: it cannot be disabled again
            changes["is_online_meeting"] = True
        if "location" in given:  # resources/event: it takes the place of all earlier ones
            changes["locations"] = said.locations
        merged = event.said.model_copy(update=changes)
        extended = event.extended | _extended(said)
        event.start, event.end = checked_times(merged)
        event.said, event.extended = merged, extended
        self._changed(event)
        self._enable(event)
        self._mail("update", event)
        self.tell(self, event, "updated")
        return event

    def remove(self, found: Occurrence, if_match: str | None) -> None:
        """Remove an event; attendees are told by mail (api/event-delete)."""
        event = found.event
        self._check(event, if_match)
        if found.day is not None:
            event.skipped.add(found.day)
            self._changed(event)
            self.tell(self, event, "updated")
            return
        self.revision += 1
        event.change = self.revision
        del self._events[event.serial]
        self._mail("cancellation", event)
        self.tell(self, event, "deleted")

    def file_anew(self) -> None:
        """Let the owner move everything into another folder: ids change, unless immutable (outlook-immutable-id)."""
        self._filed += 1

    def _check(self, event: Event, if_match: str | None) -> None:
        if self.open.heeds_preconditions and if_match not in {None, "*", event.etag}:
            message = "The change key passed in the request does not match the current change key for the item."
            raise Refused(412, "ErrorIrresolvableConflict", message)

    def _changed(self, event: Event) -> None:
        self.revision += 1
        event.change = self.revision
        event.modified = datetime.now(UTC)

    def _enable(self, event: Event) -> None:
        """Make a Teams meeting, where one is asked for and the calendar allows it (outlook-calendar-online-meetings).

        Where it does not, the event says `isOnlineMeeting: false` (issue 9741).
        """
        if not event.said.is_online_meeting or event.join_url is not None:
            return
        if not self.teams:
            off = {"is_online_meeting": False, "online_meeting_provider": "unknown"}
            event.said = event.said.model_copy(update=off)
            return
        event.said = event.said.model_copy(update={"online_meeting_provider": "teamsForBusiness"})
        event.join_url = f"https://teams.microsoft.com/l/meetup-join/19%3ameeting_{uuid.uuid4().hex}%40thread.v2/0"

    def _mail(self, kind: Literal["invitation", "update", "cancellation"], event: Event) -> None:
        """Tell each attendee of the owner's meeting: nothing can be said against it (api/user-post-events)."""
        if event.others is not None:
            return
        self.mails += [Mail(kind, one.email_address.address, event.said.subject) for one in event.said.attendees]


def _extended(said: Said) -> dict[str, str]:
    return {property_id(one.id): one.value for one in said.single_value_extended_properties}


def calendar(mailbox: Mailbox) -> Json:
    """Show the default calendar (api/calendar-get, outlook-calendar-online-meetings)."""
    return {
        "id": f"AQMkAD{mailbox.guid.replace('-', '')}=",
        "name": "Calendar",
        "canShare": True,
        "canViewPrivateItems": True,
        "canEdit": True,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"] if mailbox.teams else [],
        "defaultOnlineMeetingProvider": "teamsForBusiness" if mailbox.teams else "unknown",
        "isRemovable": False,
        "owner": {"name": mailbox.address.partition("@")[0].title(), "address": mailbox.address},
    }
