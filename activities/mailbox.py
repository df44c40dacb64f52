"""What comes back by mail: answers to invitations, words, and reports of what became of letters; told to interviews.

Anybody can write to an address. What is believed is the token in it, which only we can have made; and that somebody
answered in their own name is believed only where our own mail server says so.
"""

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, assert_never

import structlog
from pydantic import Field
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.letters import (
    SEAT_LENGTH,
    MailSettings,
    agent_address,
    agent_token,
    letter_of,
    returned,
    thread_token,
    token_in,
)
from activities.mail import Outbox
from activities.telling import Interviews
from entrevue.answers import CounterReceived, RsvpReceived, WordsReceived
from entrevue.effects import MessageBounced, MessageDelivered
from entrevue.values import CANDIDATE, Instant, InterviewId, Line, Message, Who

_log = structlog.get_logger()

# --- the port --------------------------------------------------------------------------------------------------------


class Place(Message):
    """How far a folder has been read, in the words of IMAP: UIDs count up as long as UIDVALIDITY stays."""

    folder: str
    validity: int
    last: int


Mark = tuple[Place, ...]
"""How far the mailbox has been read; empty: not at all."""


class Answer(Message):
    """A calendar program has answered to an invitation: an iTIP REPLY or COUNTER (RFC 5546), as it says of itself."""

    kind: Literal["answer"] = "answer"
    uid: str
    sequence: Annotated[int, Field(ge=0)]
    stamp: Instant | None
    attendee: str | None
    """Who answers, an address in lower case; None where it cannot be told."""
    organizer: str | None
    answer: Literal["accepted", "tentative", "declined"] | None = None
    start: Instant | None = None
    """Of a COUNTER. Where neither this nor `answer` is there, only a person can make something of it."""
    reason: Line | None = None


class Report(Message):
    """A mail system says what became of a letter: by RFC 3464, or in words of its own."""

    kind: Literal["report"] = "report"
    outcome: Literal["failed", "delayed", "delivered"]
    status: Annotated[str, Field(pattern=r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$")]
    """RFC 3463; 5.0.0 where it says nothing that we understand."""


class Words(Message):
    """Anything else that no program sent by itself. `from_person`: nothing says that a mail system wrote it."""

    kind: Literal["words"] = "words"
    from_person: bool


class Nothing(Message):
    """What asks for nothing: an automatic reply; or what cannot be read."""

    kind: Literal["nothing"] = "nothing"
    because: Literal["automatic", "unreadable"]


class Mail(Message):
    """One mail, as far as it concerns us: no subject, no text."""

    place: str
    """Where it lies: folder, UIDVALIDITY and UID."""
    source_id: str
    """The same for the same mail, wherever it lies; tells nothing of it."""
    arrived: Instant
    """By the clock of the server on which it lies."""
    recipients: tuple[str, ...] = ()
    """Every address that a header names as one of its recipients."""
    sender: str | None = None
    """The one address in From, in lower case; None where there is none, or are several."""
    authenticated: bool = False
    """Our own mail server says that it comes from whoever holds the domain of `sender`."""
    replies_to: tuple[str, ...] = ()
    """Message-IDs."""
    says: Annotated[Answer | Report | Words | Nothing, Field(discriminator="kind")]


class Batch(Message):
    mails: tuple[Mail, ...]
    mark: Mark
    more: bool
    """There is more to read at once."""


class MailboxUnavailable(Exception):
    """Trouble that may pass by itself."""


class MailboxRefused(Exception):
    """Trouble that somebody must mend: wrong password, no such folder, no settings."""


class Mailbox(Protocol):
    """Where mail to our agent and bounce addresses lies. Reading changes nothing there, not even what counts as read.

    May raise `MailboxUnavailable` or `MailboxRefused`; their texts name no person and no secret.
    """

    async def since(self, mark: Mark, most: int) -> Batch:
        """Give what came since `mark`, at most so many. A folder that counts anew is read from its beginning.

        A mail that cannot be read is given as one that says nothing; it never stands in the way of the others.
        """
        ...


# --- what is asked, and what is answered -----------------------------------------------------------------------------


class ReadMailbox(Message):
    mark: Mark = ()
    most: Annotated[int, Field(ge=1)] = 50


class MailboxRead(Message):
    """`counts`: mails by what they led to, a kind of fact or the reason why none. It names nobody."""

    mark: Mark
    more: bool
    counts: dict[str, int]


Fact = RsvpReceived | CounterReceived | WordsReceived | MessageBounced | MessageDelivered

NoFact = Literal["automatic", "unreadable", "not_ours", "wrong_token", "calendar_tells", "delayed", "of_no_interview"]
"""`calendar_tells`: they were not invited by mail; what they answer stands in the calendar that is watched."""


@dataclass(frozen=True, kw_only=True)
class Tidings:
    interview: InterviewId
    fact: Fact


# --- the activity ----------------------------------------------------------------------------------------------------


class MailboxActivities:
    """`mailbox`: None where no settings say which."""

    def __init__(self, mailbox: Mailbox | None, outbox: Outbox, interviews: Interviews, settings: MailSettings) -> None:
        self._mailbox = mailbox
        self._outbox = outbox
        self._interviews = interviews
        self._settings = settings

    @activity.defn(name="read_mailbox")
    async def read_mailbox(self, order: ReadMailbox) -> MailboxRead:
        """Tell interviews what came since the mark. Broken off, it is done again: a repeat is no news to them."""
        with mailbox_trouble():
            if self._mailbox is None:
                raise MailboxRefused("no ENTREVUE_IMAP__HOST and …__USERNAME are set")
            batch = await self._mailbox.since(order.mark, order.most)
        counts: Counter[str] = Counter()
        tidings: list[Tidings] = []
        for mail in batch.mails:
            found = await self._understood(mail)
            counts[found.fact.kind if isinstance(found, Tidings) else found] += 1
            tidings += [found] if isinstance(found, Tidings) else []
            _note(mail, found)
            activity.heartbeat()
        for news in _latest(tidings):
            told = await self._interviews.tell(news.interview, news.fact.kind, news.fact.model_dump(mode="json"))
            counts["too_late"] += not told
            activity.heartbeat()
        return MailboxRead(mark=batch.mark, more=batch.more, counts=dict(+counts))

    async def _understood(self, mail: Mail) -> Tidings | NoFact:
        match mail.says:
            case Nothing(because=because):
                return because
            case Answer() as answer:
                return await self._answer(mail, answer)
            case Report() as report:
                return await self._report(mail, report)
            case Words(from_person=from_person):
                words = await self._words(mail) if from_person else None
                return words or await self._report(mail, Report(outcome="failed", status="5.0.0"))
            case _:
                assert_never(mail.says)

    async def _answer(self, mail: Mail, answer: Answer) -> Tidings | NoFact:
        """Under a UID of ours the event itself says whose it is; under a provider's, the thread that brought it."""
        addresses = [*mail.recipients, *([answer.organizer] if answer.organizer else [])]
        tokens = _tokens(addresses, self._settings.agent_address)
        event = _EVENT.fullmatch(answer.uid)
        if event is None:
            return await self._answer_in_thread(mail, answer, tokens)
        seat = next((pair for token in tokens if (pair := self._seat(token, answer.uid, _seats(event[2])))), None)
        if seat is None:
            whole = token_in(agent_address(answer.uid, self._settings), self._settings.agent_address)
            return "calendar_tells" if any(_same(token, whole or "") for token in tokens) else "wrong_token"
        whom, token = seat
        invited = mail.sender is not None and _same(token, agent_token(answer.uid, self._settings, whom, mail.sender))
        verified = invited and mail.authenticated and mail.sender == answer.attendee
        return Tidings(interview=event[1], fact=self._heard(mail, answer, whom, verified=verified))

    async def _answer_in_thread(self, mail: Mail, answer: Answer, tokens: Iterable[str]) -> Tidings | NoFact:
        for token in tokens:
            letter = await self._of_thread(token, (mail.sender, answer.attendee))
            if letter is not None:
                invited = await self._of_thread(token, (mail.sender,)) is not None
                verified = invited and mail.authenticated and mail.sender == answer.attendee
                interview, whom = letter
                return Tidings(interview=interview, fact=self._heard(mail, answer, whom, verified=verified))
        return "not_ours"

    async def _of_thread(self, token: str, whose: Iterable[str | None]) -> tuple[InterviewId, Who] | None:
        """Find the letter of ours that this token of an agent address names, if it went to one of these addresses.

        Every reply shows a Message-ID; what makes the token ours is that it fits an address as well.
        """
        genuine = any(_same(token, thread_token(token, self._settings, one)) for one in whose if one is not None)
        key = await self._outbox.key_of(letter_of(token, self._settings)) if genuine else None
        letter = _LETTER.fullmatch(key or "")
        return (letter[1], letter[2]) if letter is not None else None

    def _heard(self, mail: Mail, answer: Answer, whom: Who, *, verified: bool) -> Fact:
        at = min(answer.stamp or mail.arrived, mail.arrived)
        source_id = self._source(answer, whom, verified=verified)
        if answer.answer is not None:
            return RsvpReceived(
                source_id=source_id,
                at=at,
                whom=whom,
                answer=answer.answer,
                sequence=answer.sequence,
                via="mail",
                verified=verified,
            )
        if answer.start is not None:
            return CounterReceived(
                source_id=source_id,
                at=at,
                whom=whom,
                start=answer.start,
                sequence=answer.sequence,
                via="mail",
                verified=verified,
                reason=answer.reason,
            )
        return WordsReceived(source_id=mail.source_id, at=mail.arrived, whom=whom)

    def _seat(self, token: str, uid: str, seats: Iterable[Who]) -> tuple[Who, str] | None:
        """Find whose seat of this event the token is of."""
        for who in seats:
            if _same(token[:SEAT_LENGTH], agent_token(uid, self._settings, who, "")[:SEAT_LENGTH]):
                return who, token
        return None

    def _source(self, answer: Answer, whom: Who, *, verified: bool) -> str:
        """Name an answer so that the same one, sent or read twice, has the same name, and so that nobody reads who.

        A forged one has another name than the genuine: whoever comes first shall not silence the other.
        """
        stamp = answer.stamp.isoformat() if answer.stamp else ""
        said = answer.answer or (answer.start.isoformat() if answer.start else "")
        of_whom = answer.attendee or ""
        parts = "\n".join((answer.uid, whom, of_whom, str(answer.sequence), stamp, said, str(verified)))
        secret = self._settings.secret.get_secret_value().encode()
        return "itip-" + hmac.new(secret, parts.encode(), hashlib.sha256).hexdigest()[:40]

    async def _words(self, mail: Mail) -> Tidings | None:
        """Find whose words these are: of whoever got the letter that they answer, if they came to that one's address.

        A token alone cannot be turned back into an event; a letter of ours can be found.
        """
        agents = _tokens(mail.recipients, self._settings.agent_address)
        envelopes = set(self._returned(mail))
        threads = [await self._of_thread(token, (mail.sender,)) for token in agents] if mail.replies_to else []
        for message_id in mail.replies_to if agents or envelopes else ():
            letter = _LETTER.fullmatch(await self._outbox.key_of(message_id) or "")
            if letter is None:
                continue
            interview, whom = letter[1], letter[2]
            uids = [f"{interview}.{'c' if whom == CANDIDATE else 'p'}{n}" for n in range(_GENERATIONS)]
            by_event = any(self._seat(token, uid, (whom,)) for token in agents for uid in uids)
            if message_id in envelopes or (interview, whom) in threads or by_event:
                fact = WordsReceived(source_id=mail.source_id, at=mail.arrived, whom=whom)
                return Tidings(interview=interview, fact=fact)
        return None

    async def _report(self, mail: Mail, report: Report) -> Tidings | NoFact:
        keys = [key for letter in self._returned(mail) if (key := await self._outbox.key_of(letter))]
        if not keys:
            return "not_ours"
        if report.outcome == "delayed":
            return "delayed"
        key = keys[0]
        interview = _OF_INTERVIEW.match(key)
        if interview is None:
            _log.warning("letter of no interview came back", kind="letter_came_back", key=key, status=report.status)
            return "of_no_interview"
        if report.outcome == "delivered":
            delivered = MessageDelivered(source_id=mail.source_id, at=mail.arrived, key=key)
            return Tidings(interview=interview[1], fact=delivered)
        bad = _NOBODY_THERE.fullmatch(report.status) is not None
        bounced = MessageBounced(
            source_id=mail.source_id, at=mail.arrived, key=key, status=report.status, address_is_bad=bad
        )
        return Tidings(interview=interview[1], fact=bounced)

    def _returned(self, mail: Mail) -> list[str]:
        """Give the Message-IDs of the letters whose envelopes this mail came to."""
        tokens = _tokens(mail.recipients, self._settings.bounce_address)
        return [letter for token in tokens if (letter := returned(token, self._settings))]


_EVENT = re.compile(r"([A-Za-z0-9_-]{1,64})\.([cp])\d{1,4}")
_LETTER = re.compile(r"([A-Za-z0-9_-]{1,64})/[a-z_]+/(candidate|i[1-9][0-9]?)/.*")
_OF_INTERVIEW = re.compile(r"([A-Za-z0-9_-]{1,64})/")
_NOBODY_THERE = re.compile(r"5\.1\.(?![78]$)\d+|5\.2\.1")
"""RFC 3463: addressing status, but for what is wrong with the sender's; and a mailbox that was closed for good."""

_MOST_SEATS, _GENERATIONS = 99, 20
_MOST_TOKENS = 5


def _seats(side: str) -> tuple[Who, ...]:
    return (CANDIDATE,) if side == "c" else tuple(f"i{n}" for n in range(1, _MOST_SEATS + 1))


def _tokens(addresses: Iterable[str], template: str) -> list[str]:
    found = dict.fromkeys(token for address in addresses if (token := token_in(address, template)))
    return list(found)[:_MOST_TOKENS]


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _latest(tidings: Iterable[Tidings]) -> list[Tidings]:
    """Give what is to be told, in the order in which it was said; of several answers of one seat only the last.

    "Last" is RFC 5546's: by SEQUENCE, then by DTSTAMP. Whoever floods the mailbox fills no history.
    """
    last: dict[tuple[object, ...], Tidings] = {}
    for one in sorted(tidings, key=lambda one: (_sequence(one.fact), one.fact.at)):
        last[_subject(one)] = one
    return sorted(last.values(), key=lambda one: one.fact.at)


def _sequence(fact: Fact) -> int:
    return fact.sequence if isinstance(fact, RsvpReceived | CounterReceived) else 0


def _subject(tidings: Tidings) -> tuple[object, ...]:
    match tidings.fact:
        case RsvpReceived(whom=whom, verified=verified) | CounterReceived(whom=whom, verified=verified):
            return tidings.interview, "answer", whom, verified
        case WordsReceived(whom=whom):
            return tidings.interview, "words", whom
        case MessageBounced(key=key, kind=kind) | MessageDelivered(key=key, kind=kind):
            return tidings.interview, kind, key
        case _:
            assert_never(tidings.fact)


def _note(mail: Mail, found: Tidings | NoFact) -> None:
    """Leave word of where the mail lies: whoever must read it finds it by that."""
    if isinstance(found, Tidings):
        fact = found.fact
        about = fact.key if isinstance(fact, MessageBounced | MessageDelivered) else fact.whom
        _log.info("mail understood", kind=fact.kind, interview=found.interview, about=about, place=mail.place)
    else:
        _log.info("mail leads to nothing", kind="mail_ignored", because=found, place=mail.place)


@contextmanager
def mailbox_trouble() -> Iterator[None]:
    """Tell Temporal when a retry makes sense: a refusal is mended by an administrator, and the workflow looks later."""
    try:
        yield
    except MailboxUnavailable as trouble:
        raise ApplicationError(str(trouble), type="MailboxUnavailable") from trouble
    except MailboxRefused as trouble:
        raise ApplicationError(str(trouble), type="MailboxRefused", non_retryable=True) from trouble
