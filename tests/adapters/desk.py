"""A desk at which mail is read: the activity with everything around it in memory, and letters that have left."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from pydantic import JsonValue, SecretStr
from temporalio.testing import ActivityEnvironment

from activities import letters
from activities.letters import MailSettings, agent_address, message_id, token_in
from activities.letters.settings import bounce_address
from activities.mailbox import Mailbox, MailboxActivities, MailboxRead, Mark, ReadMailbox
from adapters.memory.mail import MemoryOutbox
from adapters.memory.mailbox import MemoryMailbox
from entrevue.letters import Correspondent

SETTINGS = MailSettings(
    domain="hire.acme.example",
    from_address="interviews@hire.acme.example",
    from_name="Acme interviews",
    agent_address="interviews+{token}@hire.acme.example",
    bounce_address="bounces+{token}@hire.acme.example",
    secret=SecretStr("a secret that only tests know"),
)
SERVER = "mx.hire.acme.example"
"""As it signs its Authentication-Results."""

ADA = Correspondent(who="candidate", name="Ada Summer", email="ada@example.org")
GRACE = Correspondent(who="i1", name="Grace Winter", email="grace@acme.example")
LINUS = Correspondent(who="i2", name="Linus Winter", email="linus@acme.example")

INTERVIEW = "r7-c42-1"
CANDIDATES_EVENT, PANELS_EVENT = f"{INTERVIEW}.c1", f"{INTERVIEW}.p2"
INVITATION, PANELS_INVITATION = f"{INTERVIEW}/invitation/candidate/3.1", f"{INTERVIEW}/invitation/i1/3.1"
DIGEST = "digest:grace:2026-11-23"
ARRIVED = datetime(2026, 11, 23, 9, 0, 12, tzinfo=UTC)

CORPUS = Path(__file__).parent.parent / "corpus" / "bounces"
"""What mail systems send back, written after the forms of those that are in use. TOKEN stands for the envelope's."""

VOUCHED = f"{SERVER}; dkim=pass header.d=example.org; spf=pass smtp.mailfrom=ada@example.org; dmarc=pass (p=none)"


class Told:
    """Interviews that keep what they hear; those in `closed` have ended."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, str, Mapping[str, JsonValue]]] = []
        self.closed: set[str] = set()

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        self.facts.append((interview, fact, payload))
        return interview not in self.closed


class Desk:
    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox
        self.told = Told()
        self.outbox = MemoryOutbox()
        self.mark: Mark = ()
        self.counts: dict[str, int] = {}

    @property
    def facts(self) -> list[tuple[str, str, Mapping[str, JsonValue]]]:
        return self.told.facts

    async def sent(self, *keys: str) -> None:
        """Have these letters leave."""
        for key in keys:
            await self.outbox.begin(key, message_id=message_id(key, SETTINGS), digest="d", now=ARRIVED)

    async def read(self, most: int = 50) -> MailboxRead:
        activities = MailboxActivities(self.mailbox, self.outbox, self.told, SETTINGS)
        order = ReadMailbox(mark=self.mark, most=most)
        read = await ActivityEnvironment().run(activities.read_mailbox, order)
        self.mark, self.counts = read.mark, read.counts
        return read


async def read_one(raw: bytes) -> Desk:
    """Read this one mail at a desk from which three letters have left."""
    mailbox = MemoryMailbox(authserv_id=SERVER)
    mailbox.deliver(raw, ARRIVED)
    desk = Desk(mailbox)
    await desk.sent(INVITATION, PANELS_INVITATION, DIGEST)
    await desk.read()
    return desk


def returned(name: str, token: str) -> bytes:
    """Give a mail of the corpus, about the letter whose envelope had this token, and quoting its Message-ID."""
    message_id = letters.returned(token, SETTINGS)
    text = (CORPUS / f"{name}.eml").read_text()
    text = re.sub(r"<TOKEN@[\w.-]+>", message_id or "<unknown@example.org>", text).replace("TOKEN", token)
    return text.replace("\n", "\r\n").encode()


def token_of(key: str) -> str:
    token = token_in(bounce_address(key, SETTINGS), SETTINGS.bounce_address)
    assert token is not None
    return token


# --- mails -----------------------------------------------------------------------------------------------------------


def event(
    method: str = "REPLY",
    *,
    uid: str = CANDIDATES_EVENT,
    attendee: str = "ATTENDEE;PARTSTAT=DECLINED;CN=Ada Summer:mailto:ada@example.org",
    sequence: str = "SEQUENCE:3",
    stamp: str = "DTSTAMP:20261123T085900Z",
    start: str = "DTSTART:20261201T090000Z",
    more: str = "",
    zones: str = "",
) -> str:
    """Write an iTIP object, each property as it shall stand there; an empty one is left out."""
    head = ["BEGIN:VCALENDAR", "PRODID:-//Example//EN", "VERSION:2.0", f"METHOD:{method}" if method else "", zones]
    body = ["BEGIN:VEVENT", f"UID:{uid}", sequence, stamp, start, attendee, more, "END:VEVENT"]
    return "\r\n".join(line for line in (*head, *body, "END:VCALENDAR") if line) + "\r\n"


def mail(
    calendar: str | None = None,
    *,
    to: str | None = None,
    sender: str = "Ada Summer <ada@example.org>",
    results: tuple[str, ...] = (VOUCHED,),
    text: str = "Ada Summer has answered.",
    mime_method: str | None = "REPLY",
    mime_type: str = "calendar",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Write a mail as a calendar program sends it; `results` are the Authentication-Results, topmost first."""
    message = EmailMessage()
    for result in results:
        message.add_header("Authentication-Results", result)
    usual = {"Return-Path": "<ada@example.org>", "Message-ID": "<rsvp-1@example.org>", "Subject": "Declined"}
    for name, value in (usual | dict(headers or {})).items():
        message[name] = value
    message["From"] = sender
    message["To"] = to if to is not None else agent_address(CANDIDATES_EVENT, SETTINGS, ADA)
    message.set_content(text)
    if calendar is not None and mime_type == "calendar":
        params = {"method": mime_method} if mime_method else {}
        message.add_alternative(calendar, subtype="calendar", cte="base64", params=params)
    elif calendar is not None:
        message.add_attachment(calendar.encode(), maintype="application", subtype="ics", filename="reply.ics")
    return message.as_bytes()
