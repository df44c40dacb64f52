"""Free and busy times of several mailboxes at once (api/calendar-getschedule, outlook-get-free-busy-schedule)."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from tests.providers.graph_events import Occurrence
from tests.providers.graph_mailbox import Mailbox
from tests.providers.graph_wire import Json, Preferences, Refused, When, when

_MOST_SCHEDULES = 20
_LONGEST = timedelta(days=62)
_VIEW = {"free": "0", "tentative": "1", "busy": "2", "oof": "3", "workingElsewhere": "4", "unknown": "0"}


class Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    schedules: tuple[str, ...]
    start_time: When = Field(alias="startTime")
    end_time: When = Field(alias="endTime")
    interval: int = Field(30, alias="availabilityViewInterval")


def schedule(
    asked: Asked, mailboxes: Mapping[str, Mailbox], broken: Collection[str], prefer: Preferences
) -> list[JsonValue]:
    """Give one entry for each address, in order; one that is not known, or cannot be read, has an error in its place.

    An entry with an error has no items, which does not mean that anybody is free.
    """
    start, end = asked.start_time.instant, asked.end_time.instant
    if len(asked.schedules) > _MOST_SCHEDULES:  # outlook-get-free-busy-schedule: limits; the code from issue 7047
        message = f"There are too many target users. The allowed size = 20; the actual size = {len(asked.schedules)}."
        raise Refused(400, "ErrorMailboxDataArrayTooBig", message)
    if end <= start:  # msgraph-sdk-dotnet issue 2349
        raise Refused(400, "ErrorInvalidTimeInterval", "The time duration specified for TimeWindow is invalid.")
    if end - start > _LONGEST:  # pull request 19703
        message = f"The requested time duration is too long. The allowed limit = 62 days; the actual = {end - start}."
        raise Refused(400, "ErrorTimeIntervalTooBig", message)
    if not 5 <= asked.interval <= 1440:
        raise Refused(400, "ErrorInvalidMergedFreeBusyInterval", "The interval must be between 5 and 1440 minutes.")
    found: list[JsonValue] = []
    for address in asked.schedules:
        mailbox = mailboxes.get(address.lower())
        if mailbox is None:
            found.append(_error(address, "ErrorMailRecipientNotFound", "The recipient could not be resolved."))
        elif address.lower() in broken:
            found.append(_error(address, "ErrorFreeBusyGenerationFailed", "It could not be generated."))
        else:
            found.append(_entry(address, mailbox, asked, prefer))
    return found


def _entry(address: str, mailbox: Mailbox, asked: Asked, prefer: Preferences) -> Json:
    start, end = asked.start_time.instant, asked.end_time.instant
    items = mailbox.view(start, end)
    return {
        "scheduleId": address,
        "availabilityView": _availability(items, start, end, timedelta(minutes=asked.interval)),
        "scheduleItems": [_item(one, prefer) for one in items],
        "workingHours": {
            "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
            "startTime": "08:00:00.0000000",
            "endTime": "17:00:00.0000000",
            "timeZone": {"name": mailbox.zone},
        },
    }


def _error(address: str, code: str, message: str) -> Json:
    """resources/freeBusyError, in the place of what it is about (resources/scheduleInformation)."""
    return {
        "scheduleId": address,
        "availabilityView": "",
        "scheduleItems": [],
        "error": {"message": message, "responseCode": code},
    }


def _item(occurrence: Occurrence, prefer: Preferences) -> Json:
    """resources/scheduleItem: title and place only of what is not private.

    All-day events show their instants here (microsoft-graph-explorer-v4 issue 578).
    """
    said = occurrence.event.said
    item: Json = {
        "isPrivate": said.sensitivity in {"private", "confidential"},
        "status": said.show_as,
        "start": when(occurrence.start, prefer.zone),
        "end": when(occurrence.end, prefer.zone),
    }
    if not item["isPrivate"]:
        item |= {"subject": said.subject, "location": said.location.display_name if said.location else ""}
    return item


def _availability(items: list[Occurrence], start: datetime, end: datetime, step: timedelta) -> str:
    """Sum up each slot by the highest status in it (resources/scheduleInformation)."""
    slots = (start + step * number for number in range(-(-(end - start) // step)))
    return "".join(
        max((_VIEW[one.event.said.show_as] for one in items if one.start < slot + step and one.end > slot), default="0")
        for slot in slots
    )
