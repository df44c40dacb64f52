"""What a letter's reader can do with one click, and the one letter that speaks of several interviews."""

import re
from datetime import timedelta
from typing import get_args

import pytest
from pydantic import ValidationError

from activities.letters import MailSettings, Rendered, render
from activities.letters.ways import WAYS
from entrevue.effects import CONFIDENTIAL
from entrevue.letters import FeedbackAvailable, FormReminder, GrowthRequest, Letter, Nudge, Offer, SeatRequest
from entrevue.links import Grant, read
from entrevue.orders import SendDigest, SendLetter
from entrevue.values import CANDIDATE
from tests.adapters.letterbox import (
    CONFIGURED,
    DAY,
    LATER,
    LETTERS,
    LINKED,
    LINKS,
    SETTINGS,
    SIBLINGS,
    SLOT,
    Page,
    digest_of,
    every_reader,
    form,
    linked,
    order_of,
    parsed,
    part,
    reader,
)

PAGE = re.compile(r"(?m)^https://hire\.example\.org/i/(\w+)/(\S+)$")


def grants(letter: Rendered) -> list[Grant]:
    """Give what the links in the text allow, in order; each stands on a line of its own and is honest about itself."""
    found = PAGE.findall(part(letter, "plain"))
    read_back = [read(token, [LINKS["secret"].encode()], DAY - timedelta(days=9)) for _, token in found]
    assert [grant.purpose for grant in read_back] == [purpose for purpose, _ in found]
    return read_back


def table(kind: str, who: str) -> tuple[str, ...]:
    to_candidate, to_interviewer = WAYS[kind]
    return to_candidate if who == CANDIDATE else to_interviewer


def test_every_kind_of_letter_is_in_the_table() -> None:
    assert set(WAYS) == {kind.model_fields["kind"].default for kind in get_args(Letter)} | {"digest"}


@every_reader
def test_a_letter_carries_what_the_table_says_for_its_reader_alone(who: str) -> None:
    for name, letter in LETTERS.items():
        order = order_of(letter)
        own = [grant for grant in grants(linked(name, who)) if grant.interview == order.interview]

        assert {grant.purpose for grant in own} <= set(table(letter.kind, who)), name
        assert {(grant.whom, grant.revision) for grant in own} <= {(who, order.revision)}, name
        assert all(grant.expires > order.date for grant in own), name


@every_reader
@pytest.mark.parametrize("kind", sorted(set(WAYS) - {"digest"}))
def test_what_the_table_offers_is_found_in_a_letter(kind: str, who: str) -> None:
    of_this_kind = [name for name, letter in LETTERS.items() if letter.kind == kind]

    assert {grant.purpose for name in of_this_kind for grant in grants(linked(name, who))} == set(table(kind, who))


@every_reader
def test_every_link_stands_in_both_parts_with_words_that_say_what_it_does(who: str) -> None:
    for name in LETTERS:
        letter = linked(name, who)
        html, text = part(letter, "html"), part(letter, "plain")
        buttons = re.findall(r'<a class="(?:way|quiet)" href="([^"]+)"[^>]*>([^<]+)</a>', html)

        assert [address for address, _ in buttons] == [found[0] for found in PAGE.finditer(text)], name
        assert [words for address, words in buttons if f"{words}:\n{address}\n" not in text] == [], name


@every_reader
@pytest.mark.parametrize("kind", sorted(CONFIDENTIAL))
def test_nothing_can_be_opened_from_a_confidential_letter(kind: str, who: str) -> None:
    pages = [part(linked(name, who), "html") for name, letter in LETTERS.items() if letter.kind == kind]

    assert pages
    assert [page for page in pages if "https://" in page or "<a" in page] == []


def test_without_pages_a_letter_says_where_to_look_and_carries_no_link_of_ours() -> None:
    texts = {name: part(render(order_of(letter), SETTINGS), "plain") for name, letter in LETTERS.items()}

    assert [name for name, text in texts.items() if "/i/" in text or "page below" in text] == []


@every_reader
def test_a_letter_that_points_below_has_a_link_below(who: str) -> None:
    for name in LETTERS:
        text = part(linked(name, who), "plain")
        pointing, links = text.rfind("page below"), [found.start() for found in PAGE.finditer(text)]

        assert pointing < 0 or max(links) > pointing, name


@pytest.mark.parametrize(
    ("letter", "who", "expires"),
    [
        (Offer(slots=(SLOT, LATER), reply_by=DAY), CANDIDATE, LATER.end + timedelta(days=7)),
        (Nudge(slots=(), reply_by=DAY), CANDIDATE, DAY + timedelta(days=27)),  # 30 days from the letter's Date
        (LETTERS["invitation"], CANDIDATE, SLOT.end + timedelta(days=7)),
        (SeatRequest(slot=SLOT, reply_by=DAY, with_names=()), "i1", SLOT.end + timedelta(days=7)),
        (LETTERS["on hold, over"], CANDIDATE, SLOT.end + timedelta(days=7)),
        (LETTERS["on hold, over, no time"], CANDIDATE, DAY + timedelta(days=27)),
        (FormReminder(due=DAY, minutes=3), CANDIDATE, DAY + timedelta(days=30)),
        (FeedbackAvailable(until=DAY + timedelta(days=60)), CANDIDATE, DAY + timedelta(days=60)),
        (GrowthRequest(), CANDIDATE, DAY + timedelta(days=27)),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_link_outlives_what_it_is_about_and_not_by_much(letter: Letter, who: str, expires: object) -> None:
    found = grants(render(order_of(letter, to=reader(who)), LINKED))

    assert {grant.expires for grant in found} == {expires}


def test_with_links_too_one_order_gives_the_same_bytes_each_time() -> None:
    for letter in LETTERS.values():
        order = order_of(letter).model_copy(update={"revision": 3})
        again = SendLetter.model_validate_json(order.model_dump_json())

        assert render(again, LINKED) == render(order, LINKED)


def test_a_link_is_bound_to_the_booking_that_its_letter_speaks_of() -> None:
    order = order_of(LETTERS["invitation"]).model_copy(update={"revision": 3})

    assert {grant.revision for grant in grants(render(order, LINKED))} == {3}


def test_a_candidate_who_is_asked_what_they_meant_can_say_yes_by_a_link() -> None:
    by_program, noted = (part(linked(name), "plain") for name in ("answer check", "answer check, noted"))

    assert "Your calendar program says no to the interview" in by_program
    assert "We have noted that you cannot come to the interview" in noted
    for text in (by_program, noted):
        assert "Say whether you can come:\nhttps://hire.example.org/i/answer/" in text
        assert "Then say yes in your calendar, by the link above, or reply, and the time stands." in text


def test_feedback_that_does_not_exist_is_not_linked() -> None:
    assert grants(linked("feedback, nothing")) == []


@pytest.mark.parametrize("letter", ["form request, several", "form reminder, several"])
def test_the_forms_of_a_day_are_each_a_link_of_their_own(letter: str) -> None:
    asked = grants(linked(letter))

    assert [grant.interview for grant in asked] == ["r7-c42-1", *(one.interview for one in SIBLINGS)]
    assert {(grant.purpose, grant.whom) for grant in asked} == {("form", CANDIDATE)}


def test_one_page_can_serve_every_purpose() -> None:
    settings = MailSettings.model_validate(CONFIGURED | {"links": LINKS | {"url": "https://hire.example.org/{token}"}})
    text = part(render(order_of(LETTERS["offer"]), settings), "plain")
    (token,) = re.findall(r"(?m)^https://hire\.example\.org/(\S+)$", text)

    assert read(token, [LINKS["secret"].encode()], DAY).purpose == "offer"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://hire.example.org/{purpose}"},
        {"url": "javascript:{token}"},
        {"url": "http://hire.example.org/{token}"},
        {"url": "http://localhost.example.org/{token}"},
        {"url": "https://hire.example.org/{token}/{token}"},
        {"url": "https://hire.example.org/{sort}/{token}"},
        {"secret": "short"},
    ],
)
def test_pages_that_cannot_work_are_refused_at_once(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate(CONFIGURED | {"links": LINKS | change})


def test_pages_on_this_very_machine_need_no_certificate() -> None:
    page = "http://localhost:8080/{token}"

    assert MailSettings.model_validate(CONFIGURED | {"links": LINKS | {"url": page}}).links


def test_a_language_without_templates_is_refused_at_once() -> None:
    with pytest.raises(ValidationError, match="no templates in this language, only in: en"):
        MailSettings.model_validate(CONFIGURED | {"language": "tlh"})


# --- the digest ------------------------------------------------------------------------------------------------------


def test_a_digest_names_every_open_form_with_its_deadline_and_its_own_link() -> None:
    letter = render(digest_of(form(1), form(2, candidate="Alan <Turing>", role="Analyst & more")), LINKED)
    text = part(letter, "plain")

    assert "2 forms of yours are open." in text
    assert "Ada Lovelace, Backend engineer\nUntil: Wednesday 2 December 2026, 10:00 (Berlin, UTC+01:00)\n" in text
    assert "Alan <Turing>, Analyst & more\nUntil: Thursday 3 December 2026, 10:00 (Berlin, UTC+01:00)\n" in text
    assert [(grant.interview, grant.whom, grant.purpose, grant.expires) for grant in grants(letter)] == [
        ("r7-c42-1", "i1", "form", DAY + timedelta(days=31)),
        ("r7-c42-2", "i2", "form", DAY + timedelta(days=32)),
    ]


def test_a_digest_belongs_to_no_interview() -> None:
    message = parsed(render(digest_of(form()), LINKED))

    assert message["Subject"] == "Forms that are open at Acme"
    assert message["Date"] == "Tue, 01 Dec 2026 09:00:00 +0000"
    assert (message["In-Reply-To"], message["References"], message["List-Unsubscribe"]) == (None, None, None)


def test_a_digest_of_one_form_speaks_of_one() -> None:
    text = part(render(digest_of(form()), SETTINGS), "plain")

    assert "One form of yours is open." in text
    assert "You find it on your organisation's page." in text
    assert "forms of yours are open." not in text


def test_whoever_leads_reads_whose_form_is_late_and_gets_no_link_to_it() -> None:
    both = render(digest_of(form(1), form(2, whose="Linus Winter")), LINKED)
    late = render(digest_of(form(2, whose="Linus Winter"), form(3, whose="Edsger Winter")), LINKED)

    assert [(grant.interview, grant.whom) for grant in grants(both)] == [("r7-c42-1", "i1")]
    assert "One form of yours is open." in part(both, "plain")
    assert "A form of somebody whose panel you lead has been open for two days or longer." in part(both, "plain")
    assert grants(late) == []
    assert "of yours" not in part(late, "plain")
    assert "2 forms of others whose panel you lead have been open for two days or longer." in part(late, "plain")
    assert "Linus Winter, on Ada Lovelace, Backend engineer\nUntil: Thursday 3 December 2026" in part(late, "plain")


@pytest.mark.parametrize("whose", [None, "Linus Winter"])
def test_the_text_of_a_digest_says_everything_that_its_html_shows(whose: str | None) -> None:
    letter = render(digest_of(form(1, whose=whose), form(2), form(3, whose=whose)), LINKED)
    page, text = Page(part(letter, "html")), " ".join(part(letter, "plain").split())

    assert [shown for shown in page.shown if " ".join(shown.split()) not in text] == []
    assert [link for _, told in page.tags if (link := told.get("href")) and link not in text] == []


def test_names_in_a_digest_are_text() -> None:
    hostile = "<b onclick='x'>\"&</b>"
    tame, wild = (
        Page(part(render(digest_of(form(candidate=name, role=name), form(2, whose=name)), LINKED), "html"))
        for name in ("Ada", hostile)
    )

    assert [tag for tag, _ in wild.tags] == [tag for tag, _ in tame.tags]
    assert "".join(wild.shown).count(hostile) == 4  # in the box, as the role, and on the button; whose form is late


def test_one_order_for_a_digest_gives_the_same_bytes_each_time() -> None:
    order = digest_of(form(1), form(2))

    assert render(SendDigest.model_validate_json(order.model_dump_json()), LINKED) == render(order, LINKED)
