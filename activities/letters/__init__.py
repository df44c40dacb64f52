"""Turn a letter that was ordered into the bytes of one e-mail: the same order gives the same bytes, at any time."""

from activities.letters.cleaning import clean_line, clean_text
from activities.letters.malformed import MalformedLetter
from activities.letters.rendering import Rendered, render
from activities.letters.settings import (
    SEAT_LENGTH,
    LinkSettings,
    MailSettings,
    agent_address,
    agent_token,
    letter_of,
    message_id,
    returned,
    thread_token,
    token_in,
)

__all__ = [
    "SEAT_LENGTH",
    "LinkSettings",
    "MailSettings",
    "MalformedLetter",
    "Rendered",
    "agent_address",
    "agent_token",
    "clean_line",
    "clean_text",
    "letter_of",
    "message_id",
    "render",
    "returned",
    "thread_token",
    "token_in",
]
