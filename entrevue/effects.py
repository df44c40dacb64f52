"""What the world is known to hold: each message, and the orders that came to nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import answers, calendars, negotiation
from entrevue.answers import AnswerAsked, AnswerEvent, AnswerSettled, WordsRead
from entrevue.calendars import CalendarCleared, CalendarWritten, OnCalendar
from entrevue.facts import AFact
from entrevue.letters import CalendarNotice, Cancellation, Invitation, Letter
from entrevue.orders import EventRemoved, EventWritten, GaveUp, LetterRefused, LetterSent, LetterUnsure, SendLetter
from entrevue.people import ContactUpdated, DirectoryAskedAgain
from entrevue.scheduling import OfferDelivered
from entrevue.values import CANDIDATE, Actor, Addressee, CalendarEvent, Code, Instant, Intake, Message, Refused, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

LetterKind = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]

CONFIDENTIAL, _NOTE = frozenset({"conduct_report", "dispute_ruled"}), "note"
"""Kinds of letters of which even that they exist is nobody's business, and what their ids say instead."""

# --- commands --------------------------------------------------------------------------------------------------------


class ResendMessage(Intake):
    """Send somebody the newest letter of this kind once more."""

    kind: Literal["resend_message"] = "resend_message"
    by: Actor
    letter: LetterKind
    whom: Who


class ClearAttention(Intake):
    """Say that the cause of an attention item was mended: what came to nothing is tried again."""

    kind: Literal["clear_attention"] = "clear_attention"
    by: Actor
    item: Annotated[str, Field(min_length=1, max_length=300, description="the item's id, as `view` shows it")]


EffectsCommand = ResendMessage | ClearAttention


class MessageBounced(AFact):
    """A letter that a mail server had taken came back. `key` is the letter's, found by its envelope sender (VERP)."""

    kind: Literal["message_bounced"] = "message_bounced"
    key: Annotated[str, Field(min_length=1, max_length=300)]
    status: Annotated[str, Field(pattern=r"^[245]\.[0-9]{1,3}\.[0-9]{1,3}$")]
    """RFC 3463; 5.0.0 where the report names none."""
    address_is_bad: bool
    """Nobody is there. False: policy, size, a full mailbox."""


class MessageDelivered(AFact):
    """A mail server further on confirms that it has arrived."""

    kind: Literal["message_delivered"] = "message_delivered"
    key: Annotated[str, Field(min_length=1, max_length=300)]


MailFact = MessageBounced | MessageDelivered

_OF_THE_DIRECTORY = ("CALENDAR_BEHIND", "CALENDAR_LOST", "PERSON_UNKNOWN", "POOL_EMPTY", "ROOM_MISSING")
"""Items that an entry in the directory may mend."""

TRIED_ON = (
    "look_up_people",
    "make_room",
    "find_slots",
    "write_event",
    "remove_event",
    "send_letter",
    "look_up_briefs",
    "tell_process",
)
"""Orders with two patiences: when the first ends, attention is raised, and goes by itself when they succeed."""

# --- events ----------------------------------------------------------------------------------------------------------


class MessageQueued(Message):
    """From here on the letter may have been sent: only then is its cancellation owed."""

    kind: Literal["message_queued"] = "message_queued"
    key: str
    letter: LetterKind
    whom: Addressee
    version: str
    date: Instant
    ics: str | None = None
    """UID of the event that it carries, or takes out, as an iTIP object."""


class MessageSent(Message):
    kind: Literal["message_sent"] = "message_sent"
    key: str
    message_id: str | None = None
    """None where we learned of it by a receipt from further on."""


class MessageRefused(Message):
    kind: Literal["message_refused"] = "message_refused"
    key: str
    smtp_code: int
    address_is_bad: bool


class MessageReturned(Message):
    """It had left us, and came back. `again_at`: it may get through then, and is tried once more."""

    kind: Literal["message_returned"] = "message_returned"
    key: str
    status: str
    address_is_bad: bool
    again_at: Instant | None = None
    old_address: bool = False
    """Of an address that was corrected since: that it is bad is no news, but its letter never arrived."""


class MessageRetried(Message):
    """The day after it came back for a reason that may have passed, it is owed once more."""

    kind: Literal["message_retried"] = "message_retried"
    key: str


class MessageUnsure(Message):
    kind: Literal["message_unsure"] = "message_unsure"
    key: str


class MessageSkipped(Message):
    """Its meaning had gone before it could be sent."""

    kind: Literal["message_skipped"] = "message_skipped"
    key: str
    letter: LetterKind
    whom: Addressee
    version: str


class OrderGaveUp(Message):
    """The patience of an order has ended. It is not repeated until somebody says that the cause is mended."""

    kind: Literal["order_gave_up"] = "order_gave_up"
    key: str
    order: str
    because: str


class OrderDelayed(Message):
    """The first patience of an order has ended. It is tried on, more slowly, and an operator should look."""

    kind: Literal["order_delayed"] = "order_delayed"
    key: str
    because: str


class OrderAllowedAgain(Message):
    kind: Literal["order_allowed_again"] = "order_allowed_again"
    key: str


class ResendRequested(Message):
    kind: Literal["resend_requested"] = "resend_requested"
    key: str


class JournalDiverged(Message):
    """The journal holds another entry under this number: history was rewritten by a reset."""

    kind: Literal["journal_diverged"] = "journal_diverged"
    entry: int


class FactUnreadable(Message):
    """A signal came that does not fit its model: dropped, but not in silence. `because` names fields, never values."""

    kind: Literal["fact_unreadable"] = "fact_unreadable"
    fact: str
    because: str


class FactDismissed(Message):
    kind: Literal["fact_dismissed"] = "fact_dismissed"
    fact: str


class JournalTrusted(Message):
    """An operator has looked: the journal of this interview stays as it is there, and ends; the interview goes on."""

    kind: Literal["journal_trusted"] = "journal_trusted"


EffectsEvent = (
    MessageQueued
    | MessageSent
    | MessageRefused
    | MessageReturned
    | MessageRetried
    | MessageUnsure
    | MessageSkipped
    | CalendarWritten
    | CalendarCleared
    | OrderGaveUp
    | OrderDelayed
    | OrderAllowedAgain
    | ResendRequested
    | JournalDiverged
    | JournalTrusted
    | FactUnreadable
    | FactDismissed
)

RECEIPTS = MessageQueued | MessageSent | MessageSkipped | CalendarWritten | CalendarCleared
"""What the world did as it was asked to. Nobody waits for it: it goes to the journal with what happens next."""

# --- state -----------------------------------------------------------------------------------------------------------

Fate = Literal["queued", "sent", "refused", "unsure", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Posted:
    """One message. `date` is fixed when it is first queued, so that a retry is byte-identical."""

    key: str
    letter: str
    whom: str
    version: str
    date: datetime
    was: Fate
    at: datetime
    """When that was known."""
    address_is_bad: bool = False
    outdated: bool = False
    """Its address was corrected since, or is believed in again: what becomes of it says nothing any more."""
    returned: bool = False
    """It came back: that a server had taken it before is known, and says nothing."""
    again_at: datetime | None = None
    ics: str | None = None
    """UID of the event that it carries, or takes out."""
    address: int = 0
    """Which of the candidate's addresses it went to."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    order: str
    because: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Effects:
    messages: dict[str, Posted] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    calendars: dict[str, OnCalendar] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    """Key of the first letter to each person: the root of their thread."""
    retried: tuple[str, ...] = ()
    """Letters, but for their try, that were sent once more by themselves."""
    addresses: int = 0
    """How often the candidate's address was corrected."""
    delayed: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    diverged_at: int | None = None
    journal_ends: bool = False

    def key(self, base: str) -> str:
        """Give the key of the current try of `{interview}/{letter}/{whom}/{version}`."""
        return f"{base}.{self.tries.get(base, 1)}"

    def of(self, letter: str, whom: str) -> list[Posted]:
        """Give the messages of one kind to one person, oldest first."""
        return [one for one in self.messages.values() if one.letter == letter and one.whom == whom]

    def behind(self, key: str) -> bool:
        """The first patience of this order has ended: it is tried on, and nothing waits for it any more."""
        return key in self.delayed or key in self.failures

    def unreachable(self, whom: str) -> bool:
        """This address does not exist. That a server has taken another letter to it says nothing: it may come back."""
        return self.unreachable_since(whom) is not None

    def unreachable_since(self, whom: str) -> datetime | None:
        dead = (one for one in self.messages.values() if one.whom == whom and one.address_is_bad and not one.outdated)
        return min((one.at for one in dead if one.was == "refused"), default=None)


# --- rules -----------------------------------------------------------------------------------------------------------


Cleared = EffectsEvent | DirectoryAskedAgain | AnswerEvent


def decide(command: EffectsCommand, interview: "Interview") -> list[Cleared]:
    match command:
        case ResendMessage(letter=letter, whom=whom):
            known = [one for one in interview.effects.of(letter, whom) if not is_confidential(one.key)]
            if not known:
                raise Refused(Code.INVALID_COMMAND, f"letter: {whom} was never sent a {letter}")
            return [] if known[-1].was == "queued" else [ResendRequested(key=known[-1].key)]
        case ClearAttention(item=item):
            return _clear(item, interview)
        case _:
            assert_never(command)


def _clear(item: str, interview: "Interview") -> list[Cleared]:
    if all(one.id != item for one in interview.attention):
        open_items = ", ".join(one.id for one in interview.attention) or "none"
        raise Refused(Code.INVALID_COMMAND, f"item: is not open; open are: {open_items}")
    cause, _, subject = item.partition(":")
    if cause == "JOURNAL_DIVERGED":
        return [JournalTrusted()]
    if cause == "MAIL_BEHIND":
        return _try_again(interview.effects)
    if cause in _OF_THE_DIRECTORY:
        return [DirectoryAskedAgain()]
    if cause == "FACT_UNREADABLE":
        return [FactDismissed(fact=subject)]
    if cause == "ANSWER_IN_WORDS":
        return [WordsRead(whom=subject)]
    if cause in ("COUNTER_PROPOSED", "CANDIDATE_DECLINED"):
        return [AnswerSettled(whom=subject or CANDIDATE)]
    if subject in interview.effects.failures:
        return [OrderAllowedAgain(key=subject)]
    commands = next(one.clears for one in interview.attention if one.id == item)
    raise Refused(Code.INVALID_STATE, f"item: {cause} clears itself; what helps: {', '.join(commands) or 'waiting'}")


def letter_key(interview: str, letter: LetterKind, whom: str, version: str) -> str:
    """Name a letter, but for its try: ids are read by many, so that one of a confidential letter says nothing of it."""
    return f"{interview}/{_NOTE if letter in CONFIDENTIAL else letter}/{whom}/{version}"


def is_confidential(key: str) -> bool:
    """Whether this is a letter of which even that it exists is nobody's business: no item names it."""
    return key.split("/")[1:2] == [_NOTE]


def stuck(state: Effects) -> tuple[str, ...]:
    """Name the confidential letters that came to nothing and are tried no more: they count as mail that is behind."""
    refused = (
        one.key
        for one in state.messages.values()
        if one.was == "refused" and state.key(one.key.rpartition(".")[0]) == one.key and not bounced(one)
    )
    return tuple(key for key in (*state.failures, *refused) if is_confidential(key))


def bounced(posted: Posted) -> bool:
    """The candidate's address does not exist, as far as is known: another one is what helps, not another try."""
    return posted.whom == CANDIDATE and posted.address_is_bad and not posted.outdated


def _try_again(state: Effects) -> list[Cleared]:
    return [OrderAllowedAgain(key=key) if key in state.failures else ResendRequested(key=key) for key in stuck(state)]


def answered(
    answer: EventWritten | EventRemoved | LetterSent | LetterRefused | LetterUnsure | GaveUp,
    interview: "Interview",
    now: datetime,
) -> list[EffectsEvent | OfferDelivered | AnswerAsked]:
    """Remember what the world says it holds, also when it is no longer wanted."""
    match answer:
        case EventWritten(who=who, uid=uid, sequence=sequence, outcome=outcome):
            return [
                CalendarWritten(
                    whom=who,
                    uid=uid,
                    sequence=sequence,
                    outcome=outcome,
                    etag=answer.etag,
                    ical_uid=answer.ical_uid,
                    overlapped=answer.overlapped,
                )
            ]
        case EventRemoved(who=who, uid=uid, sequence=sequence, outcome=outcome):
            return [CalendarCleared(whom=who, uid=uid, sequence=sequence, outcome=outcome)]
        case LetterSent(key=key, message_id=message_id):
            sent = MessageSent(key=key, message_id=message_id)
            return [sent, *started_clock(key, interview, now)] if _is_news(interview, key, "sent") else []
        case LetterRefused(key=key, smtp_code=smtp_code, address_is_bad=address_is_bad):
            refused = MessageRefused(key=key, smtp_code=smtp_code, address_is_bad=address_is_bad)
            return [refused] if _is_news(interview, key, "refused") else []
        case LetterUnsure(key=key):
            unsure = MessageUnsure(key=key)
            return [unsure, *started_clock(key, interview, now)] if _is_news(interview, key, "unsure") else []
        case GaveUp(key=key, order=order, because=because) if (
            order in TRIED_ON and key not in interview.effects.delayed
        ):
            return [OrderDelayed(key=key, because=because)]
        case GaveUp(order="remove_event"):
            return []  # what must be undone is owed until it is undone
        case GaveUp(key=key, order=order, because=because):
            return [OrderGaveUp(key=key, order=order, because=because)]
        case _:
            assert_never(answer)


def _is_news(interview: "Interview", key: str, fate: Fate) -> bool:
    """Only what was started can have a fate, and a letter that has left cannot be refused any more."""
    posted = interview.effects.messages.get(key)
    return posted is not None and not posted.returned and posted.was not in (fate, "sent")


def started_clock(key: str, interview: "Interview", now: datetime) -> list[OfferDelivered | AnswerAsked]:
    """Give what begins when this letter is in its reader's hands: their time to answer it."""
    posted = interview.effects.messages.get(key)
    match posted:
        case Posted(letter="offer" | "availability_request", version=version):
            return [*negotiation.delivered(interview, int(version), now)]
        case Posted(letter="answer_check", version=version):
            return [*answers.asked(interview, int(version), now)]
        case _:
            return []


def started(order: SendLetter, version: str) -> MessageQueued:
    """The shell is about to send this letter."""
    return MessageQueued(
        key=order.key,
        letter=order.letter.kind,
        whom=order.to.who,
        version=version,
        date=order.date,
        ics=_carried(order.letter),
    )


def _carried(letter: Letter) -> str | None:
    match letter:
        case Invitation(imip=True, event=event) | Cancellation(imip=True, event=event):
            return event.ical_uid or event.uid
        case CalendarNotice(event=CalendarEvent() as event):
            return event.ical_uid or event.uid
        case _:
            return None


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Effects, event: EffectsEvent, at: datetime) -> Effects:
    match event:
        case MessageQueued(key=key, letter=letter, whom=whom, version=version, date=date, ics=ics):
            posted = Posted(
                key=key,
                letter=letter,
                whom=whom,
                version=version,
                date=date,
                was="queued",
                at=at,
                ics=ics,
                address=state.addresses if whom == CANDIDATE else 0,
            )
            threads = state.threads if whom in state.threads else {**state.threads, whom: key}
            return _posted(replace(state, threads=threads), posted)
        case MessageSkipped(key=key, letter=letter, whom=whom, version=version):
            if key in state.messages:
                return _fate(state, key, "unsure", at)  # it was started, and may have left
            posted = Posted(key=key, letter=letter, whom=whom, version=version, date=at, was="skipped", at=at)
            return _posted(state, posted)
        case MessageSent(key=key):
            return _fate(state, key, "sent", at)
        case MessageRefused(key=key, address_is_bad=address_is_bad):
            return _fate(state, key, "refused", at, address_is_bad=address_is_bad)
        case MessageReturned():
            return _returned(state, event, at)
        case MessageRetried(key=key):
            return replace(_next_try(state, key), retried=(*state.retried, key.rpartition(".")[0]))
        case MessageUnsure(key=key):
            return _fate(state, key, "unsure", at)
        case CalendarWritten() | CalendarCleared():
            return replace(state, calendars=calendars.evolve(state.calendars, event, at))
        case OrderGaveUp(key=key, order=order, because=because):
            failure = Failure(order=order, because=because, at=at)
            return replace(state, failures={**state.failures, key: failure})
        case OrderDelayed(key=key, because=because):
            return replace(state, delayed={**state.delayed, key: because})
        case OrderAllowedAgain(key=key):
            return replace(state, failures={name: one for name, one in state.failures.items() if name != key})
        case ResendRequested(key=key):
            again = state.messages[key]
            refused = {one.key for one in state.messages.values() if one.whom == again.whom and one.was == "refused"}
            return _outdated(_next_try(state, key), {key, *refused})
        case JournalDiverged(entry=entry):
            return replace(state, diverged_at=entry)
        case JournalTrusted():
            return replace(state, diverged_at=None, journal_ends=True)
        case FactUnreadable(fact=fact, because=because):
            return replace(state, unreadable={**state.unreadable, fact: because})
        case FactDismissed(fact=fact):
            return replace(state, unreadable={name: why for name, why in state.unreadable.items() if name != fact})
        case _:
            assert_never(event)


def contact_updated(state: Effects, event: ContactUpdated) -> Effects:
    """A new address: what the old one refused, or was under way to it, is owed again, under a new try."""
    if event.email is None:
        return state
    lost = {one.key for one in state.messages.values() if one.whom == CANDIDATE and one.was in ("refused", "queued")}
    return _outdated(replace(tried_anew(state, sorted(lost)), addresses=state.addresses + 1), lost)


def _outdated(state: Effects, keys: set[str]) -> Effects:
    """Somebody says that this person can be reached; what is under way to them may tell otherwise."""
    messages = {key: replace(one, outdated=one.outdated or key in keys) for key, one in state.messages.items()}
    return replace(state, messages=messages)


def _posted(state: Effects, posted: Posted) -> Effects:
    return replace(state, messages={**state.messages, posted.key: posted})


def _fate(state: Effects, key: str, was: Fate, at: datetime, *, address_is_bad: bool = False) -> Effects:
    """Newest last: the order of `messages` says what is known most recently."""
    posted = replace(state.messages[key], was=was, at=at, address_is_bad=address_is_bad)
    others = {name: one for name, one in state.messages.items() if name != key}
    return replace(state, messages={**others, key: posted})


def _returned(state: Effects, event: MessageReturned, at: datetime) -> Effects:
    """What went to an old address is owed to the new one, and says nothing of that."""
    posted = state.messages[event.key]
    back = replace(
        posted,
        was="refused",
        at=at,
        address_is_bad=event.address_is_bad,
        outdated=event.old_address,
        returned=True,
        again_at=event.again_at,
    )
    others = {name: one for name, one in state.messages.items() if name != event.key}
    state = replace(state, messages={**others, event.key: back})
    return _next_try(state, event.key) if event.old_address else state


def tried_anew(state: Effects, keys: Iterable[str]) -> Effects:
    """What these letters say is owed once more, as it is by now."""
    for key in keys:
        state = _next_try(state, key)
    return state


def _next_try(state: Effects, key: str) -> Effects:
    base, _, number = key.rpartition(".")
    return replace(state, tries={**state.tries, base: max(state.tries.get(base, 1), int(number)) + 1})
