"""How Entrevue reaches Google Calendar: as a service account, or with what people themselves have consented to."""

from pathlib import Path
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, model_validator

from adapters.accounts import Account
from adapters.web import ServerAddress
from entrevue.values import EmailAddress

EVENTS: Final = "https://www.googleapis.com/auth/calendar.events"
FREE_BUSY: Final = "https://www.googleapis.com/auth/calendar.events.freebusy"
SCOPES: Final = (EVENTS, FREE_BUSY)
"""The least that does: events read and written, and when others are free. No calendar's settings, sharing or list."""

_SHARED: Final = ".calendar.google.com"
"""Where the ids of calendars end that are nobody's own: those of groups, rooms and subscriptions."""


class GoogleSettings(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """See docs/google.md for how each is come by."""

    key_file: Path | None = None
    """A service account's key, as Google Cloud gives it out."""
    delegation: bool = True
    """Domain-wide: the service account acts for the calendar's owner. False: calendars are shared with it, and it acts
    for itself; then Google lets it name no attendee, so owners are asked nothing in their calendars."""
    users: Path | None = None
    """A folder with `{person}.json` of whoever has consented (`python -m adapters.google.consent`). Theirs goes before
    the key."""
    send_updates: Literal["none", "externalOnly", "all"] = "none"
    """Whom Google mails about what we write. Entrevue writes to people itself, and `none` keeps Google from it, too."""
    meet_calendar: EmailAddress | None = None
    """Whose calendar holds the events that Meet rooms hang on; the rooms are theirs."""
    url: ServerAddress = "https://www.googleapis.com/calendar/v3"

    @model_validator(mode="after")
    def _a_way_in(self) -> Self:
        if self.key_file is None and self.users is None:
            raise ValueError("give a service account's key file, or a folder of people's consents")
        return self


class GoogleAccount(Account):
    """A person's calendar at Google. Its id is its owner's address, where it is their own."""

    @property
    def owner(self) -> EmailAddress:
        """For whom a token must be good, to reach it as its owner."""
        return self.email if self.is_shared and self.email is not None else self.address

    @property
    def is_shared(self) -> bool:
        return self.address.lower().endswith(_SHARED)

    @property
    def asked(self) -> EmailAddress | None:
        """Who is asked whether they accept; in a calendar that is nobody's own that would make a second event."""
        return None if self.email is None or self.is_shared else self.address

    @property
    def in_zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)
