"""That what a letter shows can be read: in the light, in the dark, by whoever sees badly, in any language."""

import re
from dataclasses import dataclass
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from activities.letters import render
from activities.letters.language import known, words_of
from entrevue.letters import DayReminder, HourReminder, Line, Sibling
from entrevue.sharing import Shared, found
from entrevue.values import Slot
from tests.adapters.letterbox import DAY, LETTERS, LINKED, SLOT, digest_of, form, linked, order_of, parsed, part

_RULE = re.compile(r"([.\w][\w, .-]*?)\s*\{([^}]*)\}")
_VOID = {"meta", "br"}


@dataclass(frozen=True)
class Ink:
    """In which colours a text stands."""

    color: str
    background: str


class Painted(HTMLParser):
    """Whatever a letter shows, with its colours: inherited, inline, and by the style sheet of one scheme."""

    def __init__(self, html: str, *, dark: bool) -> None:
        super().__init__()
        sheet = html[html.index("<style>") : html.index("</style>")]
        always, _, when_dark = sheet.partition("@media (prefers-color-scheme: dark) {")
        self._rules = [*_RULE.findall(always), *(_RULE.findall(when_dark) if dark else [])]
        self._open = [("", Ink("#000000", "#ffffff"))]
        self.shown: list[tuple[str, Ink]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        told, ink = dict(attrs), self._open[-1][1]
        matching = [body for names, body in self._rules if {tag, f".{told.get('class')}"} & set(names.split(", "))]
        for important in (False, True):  # a style sheet's colour beats an inline one only if it is important
            for body in [*(one for one in matching if ("!important" in one) == important)]:
                ink = _painted(ink, body)
            if not important:
                ink = _painted(ink, told.get("style") or "")
        self._open.append((tag, ink))

    def handle_endtag(self, _tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"head", "style", "title"} & {tag for tag, _ in self._open}:
            self.shown.append((data, self._open[-1][1]))


def _painted(ink: Ink, body: str) -> Ink:
    said = dict(re.findall(r"(?:^|[;\s])(color|background):\s*(#[0-9a-f]{6})", body))
    return Ink(said.get("color", ink.color), said.get("background", ink.background))


def _luminance(color: str) -> float:
    """Give the relative luminance, by WCAG 2."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: Ink) -> float:
    light, dark = sorted((_luminance(ink.color), _luminance(ink.background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_measured_as_the_web_measures_it() -> None:
    assert contrast(Ink("#000000", "#ffffff")) == pytest.approx(21)
    assert contrast(Ink("#777777", "#ffffff")) == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_word_of_every_letter_stands_out_from_its_ground(*, dark: bool) -> None:
    letters = [linked(name, who) for name in LETTERS for who in ("candidate", "i1")]
    letters.append(render(digest_of(form(), form(2, whose="Linus")), LINKED))
    pages = [part(letter, "html") for letter in letters]
    shown = [one for page in pages for one in Painted(page, dark=dark).shown]

    assert len({ink for _, ink in shown}) >= 4  # text, box, small print, button; links in text where there are any
    assert {ink: round(contrast(ink), 2) for _, ink in shown if contrast(ink) < 4.5} == {}
    assert {_luminance(ink.background) < 0.2 for text, ink in shown if text.startswith("Hello")} == {dark}


def test_every_page_is_far_smaller_than_what_mail_programs_cut_off() -> None:
    longest = max(len(linked(name).raw) for name in LETTERS)

    assert longest < 102 * 1024


@pytest.mark.parametrize("kind", [DayReminder, HourReminder])
def test_so_is_the_reminder_of_a_day_on_which_everybody_wrote_as_much_as_they_may(
    kind: type[DayReminder | HourReminder],
) -> None:
    line = Line(name="&" * 100, text="&" * 300)  # the character that takes most room in HTML
    slot = Slot(start=DAY + timedelta(hours=2), minutes=30)
    others = [Sibling(interview=f"r{n}", slot=slot, lines=(line,) * 20) for n in range(6)]
    told = found("r7/day/hour/1.1", [Shared(sibling=one) for one in others])
    letter = kind(slot=SLOT, location=None, with_names=(), agenda=(), lines=(line,) * 20, siblings=told.siblings)

    page = part(render(order_of(letter), LINKED), "html")

    assert page.count("wrote for you:") == 40
    assert len(page.encode()) < 102 * 1024


def test_the_language_is_said_to_programs_and_to_screen_readers() -> None:
    words = words_of(LINKED.language)
    letters = [linked(name) for name in LETTERS]
    first = f'<!doctype html>\n<html lang="{words.tag}" dir="{words.direction}">'

    assert {parsed(letter)["Content-Language"] for letter in letters} == {words.tag} == {"en"}
    assert [page for letter in letters if not (page := part(letter, "html")).startswith(first)] == []


@pytest.mark.parametrize("language", sorted(known()))
def test_the_words_of_a_language_are_complete_and_fit_what_is_filled_in(language: str) -> None:
    words = words_of(language)

    assert len({*words.weekdays}) == len({*words.weekdays_short}) == 7
    assert len({*words.months}) == len({*words.months_short}) == 12
    assert words.subject.format(role="R", organisation="O").count("R")
    assert {subject.format(stem="S") for subject in words.subjects.values()}
    assert words.outside.format(early="08:00", late="20:00", whom=words.listed([words.you, words.the_candidate]))
