"""What is really in the calendars, the mailboxes and the ledger: read without the adapters that wrote it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import unquote

import icalendar
import recurring_ical_events  # type: ignore[import-untyped]  # it ships no types

from demo.calendar_server import CalendarServer
from demo.embedded import Servers
from entrevue.values import EmailAddress, InterviewId, PersonId

# --- calendars -------------------------------------------------------------------------------------------------------


async def calendar_of(calendars: CalendarServer, person: PersonId) -> icalendar.Calendar:
    """Fetch a whole calendar, as its owner."""
    async with calendars.as_person(person) as owner:
        answer = await owner.get("")
        answer.raise_for_status()
        return icalendar.Calendar.from_ical(answer.content)


@dataclass(frozen=True)
class Held:
    """An interview as a calendar holds it."""

    uid: str
    version: int
    start: datetime
    end: datetime
    title: str


async def interviews_in(calendars: CalendarServer, person: PersonId, interview: InterviewId) -> list[Held]:
    """Give the events of this interview that are in a person's calendar."""
    everything = await calendar_of(calendars, person)
    return [_held(event) for event in everything.events if str(event["UID"]).startswith(f"{interview}.")]


def _held(event: icalendar.Event) -> Held:
    start, end = event.start, event.end
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        raise TypeError("an interview that lasts all day")
    return Held(str(event["UID"]), event.sequence, start, end, str(event["SUMMARY"]))


def in_the_way(calendar: icalendar.Calendar, owner: EmailAddress, start: datetime, end: datetime) -> list[str]:
    """Give the titles of what keeps the owner busy between two instants of their own zone."""
    occurrences = recurring_ical_events.of(calendar).between(start, end)
    return [str(event["SUMMARY"]) for event in occurrences if not _leaves_free(event, owner)]


def _leaves_free(event: icalendar.Event, owner: EmailAddress) -> bool:
    guests = event.get("ATTENDEE", [])
    declined = [
        str(guest)
        for guest in (guests if isinstance(guests, list) else [guests])
        if guest.params.get("PARTSTAT") == "DECLINED"
    ]
    return event.get("TRANSP") == "TRANSPARENT" or event.get("STATUS") == "CANCELLED" or f"mailto:{owner}" in declined


# --- mailboxes -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Letter:
    """One letter in somebody's mailbox. The outbox says what kind of letter its Message-ID belongs to."""

    address: EmailAddress
    kind: str
    message: EmailMessage

    @property
    def date(self) -> datetime:
        at: datetime = self.message["Date"].datetime
        return at

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body else ""

    @property
    def calendar(self) -> icalendar.Calendar | None:
        """What it says to the reader's calendar, if anything."""
        for part in self.message.walk():
            content = part.get_payload(decode=True)
            if part.get_content_type() == "text/calendar" and isinstance(content, bytes):
                return icalendar.Calendar.from_ical(content)
        return None


def letters(servers: Servers, interview: InterviewId) -> list[Letter]:
    """Give every letter of an interview that has arrived anywhere, per mailbox the oldest first."""
    sent = {str(message_id): str(key) for message_id, key in servers.read("SELECT message_id, key FROM outbox")}
    return [
        Letter(address, sent[message["Message-ID"]].split("/")[1], message)
        for address, message in _all_mail(servers)
        if sent.get(message["Message-ID"], "").startswith(f"{interview}/")
    ]


def strays(servers: Servers) -> list[str]:
    """Give the mailboxes that hold a letter of which the outbox knows nothing, or one that is not theirs, or twice."""
    known = {message_id for (message_id,) in servers.read("SELECT message_id FROM outbox")}
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for address, message in _all_mail(servers):
        seen[address, message["Message-ID"]] += 1
        theirs = [one.addr_spec.lower() for one in message["To"].addresses] == [address]
        if not theirs or message["Message-ID"] not in known or seen[address, message["Message-ID"]] > 1:
            found.append(address)
    return found


def kinds(arrived: Iterable[Letter]) -> dict[EmailAddress, Counter[str]]:
    """Count what everybody got, by kind."""
    counted: dict[EmailAddress, Counter[str]] = {}
    for letter in arrived:
        counted.setdefault(letter.address, Counter())[letter.kind] += 1
    return counted


def _all_mail(servers: Servers) -> Iterator[tuple[EmailAddress, EmailMessage]]:
    for box in sorted(servers.mail.folder.iterdir()):
        address = unquote(box.name)
        for message in servers.mail.letters(address):
            yield address, message


# --- the ledger ------------------------------------------------------------------------------------------------------


def claims(servers: Servers, interview: InterviewId) -> list[PersonId]:
    """Give the people whose time an interview holds."""
    rows = servers.read("SELECT person FROM claims WHERE interview = ? ORDER BY person", interview)
    return [str(person) for (person,) in rows]
