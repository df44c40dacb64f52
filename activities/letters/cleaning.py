"""Text from people, before it gets anywhere: printable, and no longer than a letter bears."""

import re
from typing import TypeVar

from entrevue.values import Message

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""Controls, line and paragraph ends, overrides of the writing direction, halves of characters."""
_LINE_END = re.compile(r"\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_LINES_ALLOWED = frozenset({"description", "document", "reason", "text"})
_LIMITS = {
    "name": 100,
    "with_names": 100,
    "candidate": 100,
    "summary": 150,
    "location": 1000,
    "reason": 1000,
    "text": 1000,
    "scale": 1200,
    "consents": 1000,
    "instructions": 1000,
}
_DESCRIPTION_LIMIT, _LIMIT, _MOST = 4000, 300, 50
_LONG = {"document": 400}
"""What may be longer: a report is not cut where it gets interesting."""

_Letter = TypeVar("_Letter", bound=Message)


def clean_line(text: str, limit: int = _LIMIT) -> str:
    """Give a single printable line, at most so long."""
    return _cut(" ".join(_UNPRINTABLE.sub(" ", text).split()), limit)


def clean_text(text: str, limit: int = _DESCRIPTION_LIMIT) -> str:
    """Give printable text whose lines end in a plain line feed, at most so long."""
    lines = (_UNPRINTABLE.sub(" ", line).rstrip() for line in _LINE_END.sub("\n", text).split("\n"))
    return _cut("\n".join(lines).strip(), limit)


def cleaned(letter: _Letter) -> _Letter:
    """Give the letter with every text in it cleaned, by the name of its field."""
    return type(letter).model_validate(_clean(letter.model_dump()))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _clean(value: object, field: str = "") -> object:
    match value:
        case str() if field in _LINES_ALLOWED:
            return clean_text(value, _LIMITS.get(field, _DESCRIPTION_LIMIT))
        case str():
            return clean_line(value, _LIMITS.get(field, _LIMIT))
        case dict():
            return {name: _clean(one, name) for name, one in value.items()}
        case tuple() | list():
            return [_clean(one, field) for one in value[: _LONG.get(field, _MOST)]]
        case _:
            return value
