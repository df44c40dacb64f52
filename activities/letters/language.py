"""The languages that letters are written in: a folder of templates each, and the words of `words.toml` beside them.

To add one, copy `templates/en` to its BCP 47 tag and translate what is there; nothing else knows a word.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from entrevue.values import Message

TEMPLATES = Path(__file__).parent / "templates"
_WORDS = "words.toml"

Week = Annotated[tuple[str, ...], Field(min_length=7, max_length=7)]
Year = Annotated[tuple[str, ...], Field(min_length=12, max_length=12)]

Subject = Literal[
    "moved", "left", "continues", "cancelled", "ended", "paused", "waited_for", "answer", "calendar", "confidential"
]
"""What stands out in a subject."""


class Words(Message):
    """What letters say outside their templates; what stands in braces is filled in."""

    model_config = ConfigDict(extra="forbid")

    tag: str
    """As BCP 47 names the language: for Content-Language, and `lang` in HTML."""
    direction: Literal["ltr", "rtl"]
    subject: str
    """The stem that all letters of an interview share, so that they make one thread."""
    digest_subject: str
    subjects: Mapping[Subject, str]
    event: str
    """What an event is called that has no summary."""
    day: str
    short_day: str
    weekdays: Week
    weekdays_short: Week
    months: Year
    months_short: Year
    clocks_change: str
    for_the_candidate: str
    outside: str
    you: str
    the_candidate: str
    last_of_several: str
    page_below: str
    page_of_candidate: str
    page_of_staff: str

    def listed(self, names: Sequence[str]) -> str:
        return self.last_of_several.join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


@cache
def known() -> frozenset[str]:
    return frozenset(file.parent.name for file in TEMPLATES.glob(f"*/{_WORDS}"))


@cache
def words_of(language: str) -> Words:
    return Words.model_validate(tomllib.loads((TEMPLATES / language / _WORDS).read_text(encoding="utf-8")))
