"""Turn a letter that was ordered into the bytes of one e-mail: the same order gives the same bytes, at any time."""

from activities.letters.cleaning import clean_line, clean_text
from activities.letters.malformed import MalformedLetter
from activities.letters.rendering import Rendered, render
from activities.letters.settings import LinkSettings, MailSettings, agent_address, message_id

__all__ = [
    "LinkSettings",
    "MailSettings",
    "MalformedLetter",
    "Rendered",
    "agent_address",
    "clean_line",
    "clean_text",
    "message_id",
    "render",
]
