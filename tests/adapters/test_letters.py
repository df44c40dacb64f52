"""What letters say to people, in text and in HTML."""

import re
from typing import get_args

import pytest

from activities.letters import (
    render,
)
from activities.letters.language import TEMPLATES, known
from entrevue.disputes import Ruling
from entrevue.learning import K
from entrevue.letters import Invitation, LearningReport, Letter
from entrevue.privacy import ASKED
from entrevue.values import CONFIDANT
from tests.adapters.letterbox import (
    EVENT,
    LETTERS,
    LINKED,
    SETTINGS,
    Page,
    every_letter,
    every_reader,
    linked,
    order_of,
    parsed,
    part,
    reader,
    words,
)

# --- both parts ------------------------------------------------------------------------------------------------------


def test_every_kind_of_letter_has_a_template_for_text_and_one_for_html() -> None:
    kinds = {kind.model_fields["kind"].default for kind in get_args(Letter)}

    assert {letter.kind for letter in LETTERS.values()} == kinds
    for language in known():
        for suffix in ("txt", "html"):
            stems = {file.stem for file in (TEMPLATES / language).glob(f"[!_]*.{suffix}")}
            assert stems == {*kinds, "digest", "layout"}


@every_reader
@every_letter
def test_the_text_part_says_everything_that_the_html_part_shows(name: str, who: str) -> None:
    letter = render(order_of(LETTERS[name], to=reader(who, assumed=True)), LINKED)
    page, text = Page(part(letter, "html")), words(part(letter, "plain"))

    assert len(page.shown) > 3
    assert [shown for shown in page.shown if words(shown) not in text] == []
    assert [link for tag, told in page.tags if (link := told.get("href")) and link not in text] == []


@every_letter
def test_the_html_part_is_accessible_and_fetches_nothing(name: str) -> None:
    html = part(linked(name), "html")
    page = Page(html)
    tags = [tag for tag, _ in page.tags]

    assert ("html", {"lang": "en", "dir": "ltr"}) in page.tags
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    assert tags.count("h1") == 1
    assert all(told["role"] == "presentation" for tag, told in page.tags if tag == "table")
    assert not {"img", "script", "link", "iframe", "object"} & set(tags)
    assert not [told for _, told in page.tags if "src" in told or "background" in told]
    assert "url(" not in html
    assert len(html.encode()) < 102 * 1024


@every_letter
def test_what_people_wrote_is_text_in_html(name: str) -> None:
    hostile = "<b onclick='x'>\"&</b><script>alert(1)</script>"
    tame = Page(part(render(order_of(LETTERS[name]), SETTINGS), "html"))
    letter = render(order_of(LETTERS[name], role=hostile, organisation=hostile), SETTINGS)
    page = Page(part(letter, "html"))

    assert page.tags == tame.tags
    assert words(hostile) in words("".join(page.shown))


def test_a_location_is_a_link_only_if_it_is_one() -> None:
    def links(location: str) -> list[str | None]:
        event = EVENT.model_copy(update={"location": location})
        letter = render(order_of(Invitation(event=event, imip=True, with_names=())), SETTINGS)
        return [told["href"] for tag, told in Page(part(letter, "html")).tags if tag == "a"]

    assert links("https://meet.example.org/a?b=1&c=2") == ["https://meet.example.org/a?b=1&c=2"]
    assert links("javascript:alert(1)") == []
    assert links("https://meet.example.org/ and then upstairs") == []


# --- words -----------------------------------------------------------------------------------------------------------


def test_an_offer_numbers_its_times_so_that_a_reply_can_name_one() -> None:
    text = part(render(order_of(LETTERS["offer"]), SETTINGS), "plain")

    assert "1. Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)\n" in text
    assert "2. Thursday 3 December 2026, 00:00–00:40 (Berlin, UTC+01:00)" in text
    assert "number of the time you choose" in text


@pytest.mark.parametrize(
    ("name", "says"), [("offer, reschedule", "Does this time suit you?"), ("nudge, one time", "is still open")]
)
def test_a_single_time_is_offered_as_one(name: str, says: str) -> None:
    text = _text(name)

    assert says in text
    assert "Reply to this message to accept it, or use" in text
    assert not re.search(r"these times|the number|none", text, re.IGNORECASE)


def test_who_was_asked_when_they_are_free_is_reminded_of_that_and_of_no_times() -> None:
    text = _text("nudge, no times")

    assert "do not know yet when you are free" in text
    assert "reply to this message with the days and hours" in text
    assert "still open" not in text


def test_who_has_nothing_to_accept_is_not_offered_to() -> None:
    written, attached = (part(linked(name, "i1"), "plain") for name in ("invitation, written", "invitation"))

    assert "Say that you cannot make it:\nhttps://" in written
    assert "Accept, or say that you cannot make it:\nhttps://" in attached
    assert "Accept" not in written


@every_reader
@every_letter
def test_no_letter_speaks_of_scores_or_rejects_anybody(name: str, who: str) -> None:
    text = part(render(order_of(LETTERS[name], to=reader(who)), SETTINGS), "plain")
    for promise in ASKED.values():
        text = text.replace(promise, "")  # that there are no scores must be said once

    text = text.lower()
    assert not re.search(r"\b(scor|rating|rated|rank|reject|unfortunately|unsuccessful|other candidates)", text)


def test_feedback_changes_nothing_about_the_decision_and_says_so() -> None:
    letter = render(order_of(LETTERS["feedback available"]), SETTINGS)

    assert "It changes nothing about the decision." in part(letter, "plain")
    assert "It changes nothing about the decision." in part(letter, "html")


def test_a_presumed_session_can_be_denied() -> None:
    asked = part(render(order_of(LETTERS["form request"]), SETTINGS), "plain")
    presumed = part(render(order_of(LETTERS["form request, presumed"]), SETTINGS), "plain")

    assert "If it did not, reply to this message and say so" in presumed
    assert "If it did not" not in asked


def test_only_letters_with_the_event_attached_ask_to_accept_it() -> None:
    attached = part(render(order_of(LETTERS["invitation"]), SETTINGS), "plain")
    written = part(render(order_of(LETTERS["invitation, written"]), SETTINGS), "plain")

    assert "invitation is attached" in attached
    assert "attached" not in written
    assert "there is nothing to accept" in written


@pytest.mark.parametrize("name", [name for name, letter in LETTERS.items() if letter.kind != "conduct_report"])
def test_the_subject_keeps_one_stem_and_names_nobody(name: str) -> None:
    subject = parsed(render(order_of(LETTERS[name]), SETTINGS))["Subject"]

    assert re.fullmatch(
        r"((New time|New time needed|Cancelled|Ended|On hold|Waiting for you|You have left the panel|"
        r"About your answer|About your calendar): )?"
        r"Interview for Backend engineer at Acme",
        subject,
    )


def _subject(name: str) -> str:
    return str(parsed(render(order_of(LETTERS[name]), SETTINGS))["Subject"]).removesuffix(" at Acme")


def test_what_changes_the_readers_day_stands_out_in_the_subject() -> None:
    assert _subject("invitation") == "Interview for Backend engineer"
    assert _subject("invitation, moved for a reason") == "New time: Interview for Backend engineer"
    assert _subject("invitation, other people") == "Interview for Backend engineer"
    assert _subject("cancellation") == "Cancelled: Interview for Backend engineer"
    assert _subject("cancellation, late") == "New time needed: Interview for Backend engineer"
    assert _subject("cancellation, replaced") == "You have left the panel: Interview for Backend engineer"
    assert _subject("offer withdrawn") == "Ended: Interview for Backend engineer"
    assert _subject("on hold") == "On hold: Interview for Backend engineer"
    assert _subject("on hold, over") == "Interview for Backend engineer"


@every_reader
@pytest.mark.parametrize("name", ["invitation, other people", "invitation, other people, written"])
def test_where_only_the_people_changed_the_letter_says_that_the_time_stands(name: str, who: str) -> None:
    letter = render(order_of(LETTERS[name], to=reader(who)), SETTINGS)

    for kind in ("plain", "html"):
        assert "stays at its time; the people have changed." in part(letter, kind)
        assert "new time" not in part(letter, kind)
        assert "It is settled" not in part(letter, kind)


def test_a_time_that_was_moved_is_told_with_the_old_one_and_the_reason() -> None:
    text = part(render(order_of(LETTERS["invitation, moved for a reason"]), SETTINGS), "plain")

    assert "Before: Thursday 3 December 2026, 00:00–00:40 (Berlin, UTC+01:00); that time no longer holds.\n" in text
    assert "Why: the rules for clocks in Vancouver have changed\n" in text
    assert "Why:" not in part(render(order_of(LETTERS["invitation, moved"]), SETTINGS), "plain")


@pytest.mark.parametrize("name", ["cancellation, replaced", "cancellation, replaced, written"])
def test_who_has_left_the_panel_is_thanked_and_has_nothing_to_do(name: str) -> None:
    text = part(render(order_of(LETTERS[name], to=reader("i1")), SETTINGS), "plain")

    assert "goes on without you, and this time is yours again" in text
    assert "Thank you for having kept it free. Nothing more is asked of you." in text
    assert "does not take place" not in text
    assert "a new time will be proposed" not in text


@pytest.mark.parametrize("name", ["offer withdrawn", "offer withdrawn, bare"])
def test_an_offer_that_ended_is_told_alike_whoever_ended_it(name: str) -> None:
    text = part(render(order_of(LETTERS[name]), SETTINGS), "plain")

    assert "has ended while a time for it was still being looked for" in text
    assert not re.search(r"\bcancel|take back|did not (answer|reply)", text)


@pytest.mark.parametrize(
    "name", ["time stands", "time stands, not approved", "on hold, over", "local time changed", "invitation"]
)
def test_asking_for_another_time_is_no_mark_against_the_candidate(name: str) -> None:
    assert "no mark against you" in part(render(order_of(LETTERS[name]), SETTINGS), "plain")


def test_who_waits_alone_is_told_what_they_can_choose() -> None:
    def choices(name: str) -> list[str]:
        return re.findall(r"(?m)^- (.*)$", part(render(order_of(LETTERS[name]), SETTINGS), "plain"))

    assert choices("interviewer missing") == [
        "wait a little longer",
        "go on with those who are there",
        "meet at another time",
    ]
    assert choices("nobody there") == ["wait a little longer", "meet at another time"]


def test_interviewers_read_what_to_see_to_before_their_brief() -> None:
    text = part(render(order_of(LETTERS["hour reminder"], to=reader("i1")), SETTINGS), "plain")

    assert "Please see to this for the candidate:\n\n- Switch the captions on\n- Leave room for a break\n" in text
    assert text.index("Switch the captions on") < text.index("Your brief:")
    assert "see to this" not in part(render(order_of(LETTERS["hour reminder, bare"]), SETTINGS), "plain")


def _text(name: str, who: str = "candidate") -> str:
    return part(render(order_of(LETTERS[name], to=reader(who)), SETTINGS), "plain")


def test_the_brief_is_the_scale_then_what_they_wanted_to_try_then_what_candidates_said() -> None:
    text = _text("hour reminder", "i1")

    in_order = [
        "- work ethic: 1 = blames 3 = did it 5 = told early\n",
        "You wanted to try:\n\n> Ask for an example before the second question\n",
        "- listening: 4 found that it helped, 1 would change it\n",
        "- asks why: 0 found that it helped, 3 would change it\n",
        "in no particular order:\n\n> She left me time to think\n\n> Say at the start <how> it goes & ends\n",
    ]
    assert [one for one in in_order if one not in text] == []
    assert sorted(in_order, key=text.index) == in_order
    assert "not enough answers" not in text


@pytest.mark.parametrize("name", ["day reminder, several", "hour reminder, several"])
def test_what_interviewers_wrote_stands_under_the_interview_that_they_hold(name: str) -> None:
    wrote = "Edsger wrote for you:\n\n> Bring a <proof> & a pencil\n"

    assert f"With: Alan & Co and Edsger\n\n{wrote}\nWhen: " in _text(name)


def test_a_brief_without_enough_answers_says_so() -> None:
    text = _text("hour reminder, too few answers", "i1")

    assert "not enough answers yet" in text
    assert "You wanted to try" not in text
    assert "not enough answers" not in _text("hour reminder, bare", "i1")


def test_before_they_say_anything_candidates_read_who_will_read_it() -> None:
    text = _text("form request")

    assert text.index("A single tap is enough") < text.index("Who reads what you say?")
    for choice in ("- Aggregated (so it is if you choose nothing): ", "- Attributed: ", "- Company only: "):
        assert choice in text
    assert "marked as one-sided" in text
    assert "It plays no part in the decision." in text
    assert "Is a question still open? Ask it on the page that Acme gave you" in text


def test_five_in_letters_is_the_five_by_which_figures_are_published() -> None:
    assert K == 5
    for name in ("form request", "apology"):
        assert "figures of five candidates or more" in _text(name)
    assert "It takes those of five." in _text("hour reminder, too few answers", "i1")


def test_interviewers_read_what_is_sealed_from_whom_and_what_can_be_shared() -> None:
    text = _text("form request", "i1")

    assert "Your colleagues on the panel, once their own form is in" in text
    assert "one strength and one thing to grow in" in text
    assert "marked as one-sided" in text
    assert "Aggregated" not in text
    assert "A single tap" not in text
    assert "- The other side: nothing of it.\n" in _text("form request, no feedback", "i1")


@every_reader
def test_practice_is_called_practice_and_waits_for_no_decision(who: str) -> None:
    text, real = _text("form request, practice", who), _text("form request, partial", who)

    assert "It was practice" in text
    assert "practice" not in real
    assert "before everything is decided" in real
    assert "before everything is decided" not in text


def test_a_form_asks_for_what_was_to_be_tried_in_the_readers_own_words() -> None:
    for who in ("candidate", "i1"):
        assert "You wanted to try:\n\n> Say what I want <first> & early\n\nDid you" in _text(
            "form request, growth", who
        )
        assert "You wanted to try" not in _text("form request", who)


def test_consents_are_offered_one_by_one_and_only_those_not_given_yet() -> None:
    text = _text("form request, growth")

    assert [sentence for sentence in ASKED.values() if f"- {sentence}\n" not in text] == []
    assert "you can also tick" not in _text("form request")


def test_a_report_keeps_its_paragraphs_however_many_there_are() -> None:
    document = tuple(f"Paragraph {n}\nand its second line" for n in range(120))
    letter = render(order_of(LearningReport(document=document)), SETTINGS)

    assert "\n\n".join(document) in part(letter, "plain")
    assert part(letter, "html").count("and its second line") == 120


def test_who_waits_for_feedback_that_does_not_come_is_told_so_without_a_reason() -> None:
    text = _text("feedback, nothing")

    assert "We have nothing to pass on to you." in text
    assert not {"withheld", "because", "decision", "open it"} & set(re.findall(r"[a-z]+", text.lower().split("--")[0]))
    assert "nothing to pass on" not in _text("feedback available")


def test_feedback_says_until_when_it_can_be_opened_in_the_readers_own_time() -> None:
    berlin = _text("feedback available for a time")
    unknown = order_of(LETTERS["feedback available for a time"], to=reader(zone="UTC", assumed=True))

    assert "Open it when you like until Tuesday 1 December 2026, 10:00 (Berlin, UTC+01:00), or not at all" in berlin
    assert "We do not know your time zone" in part(render(unknown, SETTINGS), "plain")
    assert "Open it when you like, or not at all" in _text("feedback available")


def test_who_objected_reads_in_plain_words_what_was_ruled_and_why() -> None:
    said = {ruling: _text(f"dispute {ruling}") for ruling in get_args(Ruling)}

    assert "It stands as it was written." in said["dismissed"]
    assert "Another wording now stands beside it." in said["amended"]
    assert "counts for nothing any more" in said["excluded"]
    assert "It was taken out" in said["redacted"]
    for ruling, text in said.items():
        assert ruling not in text
        assert "> Two people remember <it> so.\n> Nobody else was there." in text
        assert "Please do not reply" in text


def test_a_letter_about_a_report_of_conduct_says_in_which_interview_and_no_more() -> None:
    order = order_of(LETTERS["conduct report"], to=reader(CONFIDANT, name="Olga Lark"), thread=None)
    letter = render(order.model_copy(update={"reply_to": None}), SETTINGS)
    message, text = parsed(letter), part(letter, "plain")

    assert "r7-c42-1" in text
    assert "Please do not reply" in text
    assert "with you." not in text  # the reader has had no interview
    assert message["Subject"] == "Confidential: there is something for you to read"
    assert (message["Reply-To"], message["In-Reply-To"], message["References"]) == (None, None, None)


def test_both_sides_read_whom_they_can_write_to_if_something_was_not_all_right() -> None:
    to_candidate = _text("invitation, somebody to turn to")
    to_panel = part(render(order_of(LETTERS["hour reminder"], to=reader("i1")), SETTINGS), "plain")

    assert "not all right, write to Olga <Lark> (olga@acme.example), who is not on the panel." in to_candidate
    assert "not all right, write to Olga Lark (olga@acme.example), who is not on the panel." in to_panel
    assert "not all right" not in _text("invitation")


def test_an_apology_promises_nothing_and_costs_nothing() -> None:
    text = _text("apology")

    assert "this is our doing, and it does not count against you" in text
    assert "A single tap is enough" in text
    assert "We cannot promise it" in text


def test_who_was_there_for_a_part_only_may_leave_the_form() -> None:
    partial = part(render(order_of(LETTERS["form request, partial"], to=reader("i1")), SETTINGS), "plain")

    assert "your form is optional" in partial
    assert "optional" not in part(render(order_of(LETTERS["form request"], to=reader("i1")), SETTINGS), "plain")


@pytest.mark.parametrize("name", ["on hold, no time", "on hold, over, no time", "adjustment arranged"])
def test_a_letter_without_times_asks_for_no_time_zone(name: str) -> None:
    assert "time zone" not in part(render(order_of(LETTERS[name], to=reader(assumed=True)), SETTINGS), "plain")
