"""From the order to the bytes: words, event, message, and a last look at what came of it."""

from dataclasses import dataclass

from activities.letters.cleaning import cleaned
from activities.letters.event import attachment
from activities.letters.language import words_of
from activities.letters.malformed import MalformedLetter
from activities.letters.message import assembled
from activities.letters.proof import read_back
from activities.letters.settings import MailSettings, bounce_address, message_id, token_in
from activities.letters.writing import write
from entrevue.orders import SendDigest, SendLetter


@dataclass(frozen=True, kw_only=True)
class Rendered:
    raw: bytes
    message_id: str
    sender: str
    recipient: str


def render(order: SendLetter | SendDigest, settings: MailSettings) -> Rendered:
    """Render the letter and read it back. Raise `MalformedLetter` where a rule of interoperability is broken."""
    if token_in(order.to.email, settings.agent_address) is not None:
        raise MalformedLetter("no letter to ourselves")
    letter, words = cleaned(order.letter), words_of(settings.language)
    calendar = attachment(order, letter, words, settings) if isinstance(order, SendLetter) else None
    written = write(order, letter, words, settings)
    raw = assembled(order, written, calendar, words, settings)
    read_back(raw, order.to.email, calendar)
    return Rendered(
        raw=raw,
        message_id=message_id(order.key, settings),
        sender=bounce_address(order.key, settings),
        recipient=order.to.email,
    )
