"""Instants as Google writes them, and Google's own clock."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from activities.calendar import CalendarUnavailable
from adapters.rest import Reply
from entrevue.values import PersonId


def stamp(instant: datetime) -> str:
    """RFC 3339, as all of Google's times."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(person: PersonId, reply: Reply) -> datetime:
    """Say what time it was when Google answered: a server that has a clock says so (RFC 9110, 6.6.1)."""
    try:
        return parsedate_to_datetime(reply.headers.get("Date", "")).astimezone(UTC)
    except (TypeError, ValueError):
        raise CalendarUnavailable(person, "an answer that does not say when it was given") from None
