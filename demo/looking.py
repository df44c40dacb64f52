"""What is really in the calendars, the mailboxes and the ledger: read without the adapters that wrote it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from urllib.parse import unquote

import icalendar

from demo.diaries import Held
from demo.embedded import Servers
from entrevue.values import EmailAddress, InterviewId, PersonId

# --- calendars -------------------------------------------------------------------------------------------------------


async def interviews_in(servers: Servers, person: PersonId, interview: InterviewId) -> list[Held]:
    """Give the events of this interview that are in a person's calendar."""
    return [held for held in await servers.diaries[person].interviews() if held.uid.startswith(f"{interview}.")]


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
