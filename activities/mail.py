"""Send one letter to one person, as often as its kind allows and never once more."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Protocol, assert_never

from temporalio import activity

from activities.letters import MailSettings, Rendered, render
from entrevue.orders import LetterRefused, LetterSent, LetterUnsure, SendDigest, SendLetter
from entrevue.values import Message

# --- the post --------------------------------------------------------------------------------------------------------


class Delivered(Message):
    """The mail server took it: it is theirs now."""


class Rejected(Message):
    """The mail server will not take it, and trying again cannot help."""

    smtp_code: int
    address_is_bad: bool
    """True: nobody there. False: policy, size or content; an operator must look."""


class PostUnavailable(Exception):
    """Nothing was handed over: try again later."""


class PostUnsure(Exception):
    """The connection broke, or nobody answered, after the text was handed over: it may have arrived."""


class Post(Protocol):
    """Whatever takes a letter from us. It does not notice a second copy: that is the outbox's business."""

    async def send(self, raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        """Hand over these very bytes; raise `PostUnavailable` or `PostUnsure`."""
        ...


# --- the outbox ------------------------------------------------------------------------------------------------------


class Handover(StrEnum):
    """How far a letter has come."""

    PREPARED = "prepared"
    """Nothing was handed over."""
    SENDING = "sending"
    """An attempt is on its way, or died on its way: found by a later attempt, it means "unsure"."""
    ACCEPTED = "accepted"
    REFUSED = "refused"
    AMBIGUOUS = "ambiguous"


class Begun(Message):
    """What was known before this attempt."""

    earlier: Handover | None
    """None: this is the first."""
    refusal: Rejected | None = None
    """Kept by `finish` where `earlier` is REFUSED."""


class KeyReused(Exception):
    """One key, two different letters: a bug, or a reset that rewrote history. Nothing is sent."""


class Outbox(Protocol):
    """One row a letter, by its key: message id, digest, state, refusal and times; nothing about a person."""

    async def begin(self, key: str, *, message_id: str, digest: str, now: datetime) -> Begun:
        """Note that an attempt starts, durably, before anything is handed over; say what was known before.

        No row, or PREPARED, becomes SENDING, atomically: of two attempts at once only one is told None or PREPARED,
        the other SENDING. Every other state stays. Raise `KeyReused` if the row has another digest.
        """
        ...

    async def key_of(self, message_id: str) -> str | None:
        """Find the letter that has this Message-ID: a report of what became of it names no more. None: not ours."""
        ...

    async def finish(self, key: str, state: Handover, *, now: datetime, refusal: Rejected | None = None) -> None:
        """Note how the attempt ended. A row that is ACCEPTED stays so, whatever a slower attempt reports."""
        ...


# --- the activity ----------------------------------------------------------------------------------------------------


class MailActivities:
    def __init__(self, post: Post, outbox: Outbox, settings: MailSettings) -> None:
        self._post = post
        self._outbox = outbox
        self._settings = settings

    @activity.defn(name="send_letter")
    async def send_letter(self, order: SendLetter) -> LetterSent | LetterRefused | LetterUnsure:
        """Send the letter, unless an earlier attempt did, or may have done and this kind is not sent twice.

        No kind is sent a third time: where a server takes every text and never says so, a second copy is what helps.
        """
        return await self._send(order, again_if_unsure=order.again_if_unsure)

    @activity.defn(name="send_digest")
    async def send_digest(self, order: SendDigest) -> LetterSent | LetterRefused | LetterUnsure:
        """Send an interviewer's digest of one day; once: tomorrow brings the next."""
        return await self._send(order, again_if_unsure=False)

    async def _send(
        self, order: SendLetter | SendDigest, *, again_if_unsure: bool
    ) -> LetterSent | LetterRefused | LetterUnsure:
        letter = render(order, self._settings)
        begun = await self._outbox.begin(order.key, message_id=letter.message_id, digest=_digest(order), now=order.now)
        match begun.earlier:
            case Handover.ACCEPTED:
                return LetterSent(key=order.key, message_id=letter.message_id)
            case Handover.REFUSED if begun.refusal:
                return _refused(order, begun.refusal)
            case Handover.SENDING | Handover.AMBIGUOUS if not again_if_unsure:
                return await self._unsure(order)
            case Handover.SENDING | Handover.AMBIGUOUS:
                return await self._hand_over(order, letter, if_unavailable=Handover.AMBIGUOUS, again=False)
            case Handover.PREPARED | Handover.REFUSED | None:
                return await self._hand_over(order, letter, if_unavailable=Handover.PREPARED, again=again_if_unsure)
            case _:
                assert_never(begun.earlier)

    async def _hand_over(
        self, order: SendLetter | SendDigest, letter: Rendered, *, if_unavailable: Handover, again: bool
    ) -> LetterSent | LetterRefused | LetterUnsure:
        try:
            answer = await self._post.send(letter.raw, sender=letter.sender, recipient=letter.recipient)
        except PostUnavailable:
            await self._outbox.finish(order.key, if_unavailable, now=order.now)
            raise
        except PostUnsure:
            unsure = await self._unsure(order)
            if again:
                raise
            return unsure
        match answer:
            case Delivered():
                await self._outbox.finish(order.key, Handover.ACCEPTED, now=order.now)
                return LetterSent(key=order.key, message_id=letter.message_id)
            case Rejected():
                await self._outbox.finish(order.key, Handover.REFUSED, now=order.now, refusal=answer)
                return _refused(order, answer)
            case _:
                assert_never(answer)

    async def _unsure(self, order: SendLetter | SendDigest) -> LetterUnsure:
        await self._outbox.finish(order.key, Handover.AMBIGUOUS, now=order.now)
        return LetterUnsure(key=order.key)


def _refused(order: SendLetter | SendDigest, refusal: Rejected) -> LetterRefused:
    return LetterRefused(key=order.key, smtp_code=refusal.smtp_code, address_is_bad=refusal.address_is_bad)


def _digest(order: SendLetter | SendDigest) -> str:
    """Say what the letter commits to, which may not change under one key: its kind, its times, the event's version.

    Words, names, deadlines, the slots that are left of an offer and the forms that are open may: between two tries lie
    a deploy, a corrected name, a letter started anew after its patience had ended. None of them shall block it for
    ever. Nothing in here is personal.
    """
    committed = order.letter.model_dump(
        mode="json", include={"kind": True, "slot": True, "event": {"uid", "sequence", "slot"}}
    )
    return hashlib.sha256(json.dumps(committed, sort_keys=True).encode()).hexdigest()
