"""What letters look like to people, to mail programs and to calendars, and that no text can change that."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage, MIMEPart
from email.policy import default
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal, get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar, Event
from pydantic import SecretStr, ValidationError

import activities.letters
from activities.letters import (
    SEAT_LENGTH,
    MailSettings,
    MalformedLetter,
    Rendered,
    agent_address,
    clean_line,
    clean_text,
    message_id,
    render,
    token_in,
)
from entrevue.disputes import Ruling
from entrevue.learning import K
from entrevue.orders import (
    AdjustmentArranged,
    AnswerDelayed,
    Apology,
    AvailabilityRequest,
    Brief,
    CalendarEvent,
    Cancellation,
    ConductReport,
    Correspondent,
    DayReminder,
    DisputeRuled,
    FeedbackAvailable,
    FormReminder,
    FormRequest,
    GrowthRequest,
    HourReminder,
    Improvement,
    InterviewerMissing,
    Invitation,
    JoinNudge,
    LearningReport,
    Letter,
    Line,
    LocalTimeChanged,
    Nudge,
    Offer,
    OfferWithdrawn,
    OnHold,
    ReflectionRequest,
    SeatRequest,
    SendLetter,
    Theme,
    TimeStands,
    TurnTo,
)
from entrevue.privacy import ASKED
from entrevue.values import CONFIDANT, Slot

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = Path(activities.letters.__file__).parent / "templates"

CONFIGURED = {
    "domain": "hire.example.org",
    "from_address": "interviews@hire.example.org",
    "from_name": "Acme Interviews",
    "agent_address": "interviews+{token}@hire.example.org",
    "bounce_address": "bounces+{token}@hire.example.org",
    "secret": "a secret of some length",
}
SETTINGS = MailSettings.model_validate(CONFIGURED)
DAY = datetime(2026, 12, 1, 9, tzinfo=UTC)
SLOT = Slot(start=DAY, minutes=40)
LATER = Slot(start=DAY + timedelta(days=1, hours=14), minutes=40)
EARLY = Slot(start=DAY - timedelta(hours=3), minutes=40)
EVENT = CalendarEvent(
    uid="r7-c42-1.c0",
    sequence=3,
    stamp=DAY - timedelta(days=9),
    slot=SLOT,
    summary="Interview: Backend engineer",
    description="First your story.\n\nThen ours: https://acme.example/agenda",
    location="https://meet.example.org/room?a=1&b=2",
)
LINES = (Line(name="Grace", text="I hope to hear\nwhat you built"),)

LETTERS: dict[str, Letter] = {
    "offer": Offer(slots=(SLOT, LATER), reply_by=DAY),
    "offer, fresh": Offer(slots=(SLOT, LATER), reply_by=DAY, fresh=True),
    "offer, reschedule": Offer(slots=(SLOT,), reply_by=DAY, reschedule=True),
    "nudge": Nudge(slots=(SLOT, LATER), reply_by=DAY),
    "invitation": Invitation(event=EVENT, imip=True, with_names=("Grace", "Alan", "Edsger")),
    "invitation, somebody to turn to": Invitation(
        event=EVENT, imip=True, with_names=("Grace",), turn_to=TurnTo(name="Olga <Lark>", email="olga@acme.example")
    ),
    "invitation, moved": Invitation(
        event=EVENT, imip=True, moved_from=LATER, with_names=("Ada",), candidate_zone="Asia/Kathmandu"
    ),
    "invitation, written": Invitation(
        event=EVENT.model_copy(update={"location": None, "description": ""}), imip=False, with_names=()
    ),
    "invitation, other people": Invitation(event=EVENT, imip=True, changed=True, with_names=("Linus",)),
    "invitation, other people, written": Invitation(
        event=EVENT.model_copy(update={"slot": EARLY}), imip=False, changed=True, with_names=("Linus",)
    ),
    "invitation, moved for a reason": Invitation(
        event=EVENT,
        imip=True,
        moved_from=LATER,
        changed=True,
        because="the rules for clocks in Vancouver have changed",
        with_names=("Ada",),
        candidate_zone="America/Vancouver",
    ),
    "cancellation": Cancellation(event=EVENT, imip=True),
    "cancellation, late": Cancellation(
        event=EVENT, imip=True, reason="Grace is ill.\nSorry!", apology=True, continues=True
    ),
    "cancellation, written": Cancellation(event=EVENT, imip=False, apology=True),
    "cancellation, replaced": Cancellation(event=EVENT, imip=True, replaced=True),
    "cancellation, replaced, written": Cancellation(event=EVENT, imip=False, replaced=True, reason="Linus is in"),
    "offer withdrawn": OfferWithdrawn(reason="The position is filled."),
    "offer withdrawn, bare": OfferWithdrawn(),
    "availability request": AvailabilityRequest(minutes=40, reply_by=DAY),
    "seat request": SeatRequest(
        slot=EARLY, reply_by=DAY, with_names=("Ada", "Grace"), candidate_zone="America/Vancouver"
    ),
    "seat request, proposed": SeatRequest(slot=SLOT, reply_by=DAY, with_names=(), proposed_by_candidate=True),
    "time stands": TimeStands(slot=SLOT, because="nothing_found"),
    "time stands, not approved": TimeStands(slot=SLOT, because="not_approved", reason="A release.\nSorry!"),
    "on hold": OnHold(slot=SLOT, reason="The role is being\nlooked at again."),
    "on hold, no time": OnHold(),
    "on hold, over": OnHold(resumed=True, slot=SLOT),
    "on hold, over, no time": OnHold(resumed=True),
    "join nudge": JoinNudge(slot=SLOT, location="https://meet.example.org/room?a=1&b=2"),
    "join nudge, bare": JoinNudge(slot=SLOT, location=None),
    "interviewer missing": InterviewerMissing(slot=SLOT, someone_is_there=True),
    "nobody there": InterviewerMissing(slot=SLOT, someone_is_there=False),
    "local time changed": LocalTimeChanged(slot=SLOT),
    "adjustment arranged": AdjustmentArranged(text="Captions are on.\nA break after <20> minutes & water."),
    "day reminder": DayReminder(
        slot=SLOT, location="Room 4 <ground floor>", with_names=("Grace",), agenda=("Your story", "Q & A"), lines=LINES
    ),
    "day reminder, bare": DayReminder(slot=SLOT, location=None, with_names=(), agenda=(), expectations_open=False),
    "hour reminder": HourReminder(
        slot=SLOT,
        location="https://meet.example.org/room",
        with_names=("Ada",),
        agenda=("Their story",),
        lines=LINES,
        scale=("work ethic: 1 = blames 3 = did it 5 = told early",),
        learned=Brief(
            who="i1",
            improvement=Improvement(interview="r6", text="Ask for an example before the second question"),
            enough=True,
            themes=(Theme(theme="listening", helped=4, change=1), Theme(theme="asks_why", helped=0, change=3)),
            said=("She left me time to think", "Say at the start <how> it goes & ends"),
        ),
        instructions=("Switch the captions on", "Leave room for a break"),
        candidate_zone="America/New_York",
        turn_to=TurnTo(name="Olga Lark", email="olga@acme.example"),
    ),
    "hour reminder, bare": HourReminder(slot=SLOT, location=None, with_names=(), agenda=()),
    "hour reminder, too few answers": HourReminder(
        slot=SLOT, location=None, with_names=("Ada",), agenda=(), scale=("expertise: 1 = …",), learned=Brief(who="i1")
    ),
    "form request": FormRequest(due=DAY, minutes=3, with_names=("Grace",)),
    "form request, presumed": FormRequest(due=DAY, minutes=10, with_names=(), presumed=True),
    "form request, partial": FormRequest(due=DAY, minutes=10, with_names=("Ada",), partial=True),
    "form request, practice": FormRequest(due=DAY, minutes=10, with_names=("Ada",), practice=True),
    "form request, no feedback": FormRequest(due=DAY, minutes=10, with_names=("Ada",), feedback=False),
    "form request, growth": FormRequest(
        due=DAY,
        minutes=3,
        with_names=("Grace",),
        to_try="Say what I want <first> & early",
        consents=tuple(ASKED.values()),
    ),
    "form reminder": FormReminder(due=DAY, minutes=3),
    "answer delayed": AnswerDelayed(promised=DAY),
    "feedback available": FeedbackAvailable(),
    "feedback, nothing": FeedbackAvailable(nothing=True),
    "feedback available for a time": FeedbackAvailable(until=DAY),
    "reflection": ReflectionRequest(),
    "growth": GrowthRequest(to_try="Say what I want <first> & early"),
    "growth, nothing chosen": GrowthRequest(),
    "apology": Apology(due=DAY, minutes=3),
    "learning report": LearningReport(
        document=("What you expected: the roadmap & <dates>", "What you found\nA plan, and no dates")
    ),
    **{
        f"dispute {ruling}": DisputeRuled(ruling=ruling, reason="Two people remember <it> so.\nNobody else was there.")
        for ruling in get_args(Ruling)
    },
    "conduct report": ConductReport(interview="r7-c42-1"),
}
WITH_EVENT = [name for name, letter in LETTERS.items() if getattr(letter, "imip", False)]

every_letter = pytest.mark.parametrize("name", LETTERS)
every_reader = pytest.mark.parametrize("who", ["candidate", "i1"])


def reader(
    who: str = "candidate", name: str = "Ada Lovelace", zone: str = "Europe/Berlin", *, assumed: bool = False
) -> Correspondent:
    return Correspondent(who=who, name=name, email="ada+x@example.org", zone=zone, zone_assumed=assumed)


def order_of(
    letter: Letter,
    *,
    to: Correspondent | None = None,
    role: str = "Backend engineer",
    organisation: str = "Acme",
    thread: str | None = "r7-c42-1/offer/candidate/0.0",
) -> SendLetter:
    return SendLetter(
        key="r7-c42-1/letter/candidate/3.0",
        lane="candidate",
        interview="r7-c42-1",
        now=DAY,
        to=to or reader(),
        role=role,
        organisation=organisation,
        reply_to="hopper@acme.example",
        date=DAY - timedelta(days=3),
        thread=thread,
        again_if_unsure=True,
        letter=letter,
    )


def parsed(letter: Rendered) -> EmailMessage:
    return message_from_bytes(letter.raw, policy=default)


def part(letter: Rendered, kind: Literal["plain", "html"]) -> str:
    body = parsed(letter).get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def events(letter: Rendered) -> Iterator[tuple[EmailMessage, Calendar, Event]]:
    for piece in parsed(letter).walk():
        if piece.get_content_type() in {"text/calendar", "application/ics"}:
            payload = piece.get_payload(decode=True)
            assert isinstance(payload, bytes)
            calendar = Calendar.from_ical(payload)
            assert isinstance(calendar, Calendar)
            (event,) = calendar.walk("VEVENT")
            assert isinstance(event, Event)
            assert isinstance(piece, EmailMessage)
            yield piece, calendar, event


class Page(HTMLParser):
    """What an HTML letter shows, piece by piece, and the tags it uses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "every tag is closed, in order"

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"head", "h1"} & set(self._open):
            self.shown.append(data)


def words(text: str) -> str:
    """Give the text without what only plain text uses: quotation marks of a reply, and line ends."""
    return " ".join(re.sub(r"(?m)^> ", "", text).split())


# --- both parts ------------------------------------------------------------------------------------------------------


def test_every_kind_of_letter_has_a_template_for_text_and_one_for_html() -> None:
    kinds = {kind.model_fields["kind"].default for kind in get_args(Letter)}

    assert {letter.kind for letter in LETTERS.values()} == kinds
    for suffix in ("txt", "html"):
        assert {file.stem for file in TEMPLATES.glob(f"[!_]*.{suffix}")} - {"layout"} == kinds


@every_reader
@every_letter
def test_the_text_part_says_everything_that_the_html_part_shows(name: str, who: str) -> None:
    letter = render(order_of(LETTERS[name], to=reader(who, assumed=True)), SETTINGS)
    page, text = Page(part(letter, "html")), words(part(letter, "plain"))

    assert len(page.shown) > 3
    assert [shown for shown in page.shown if words(shown) not in text] == []
    assert [link for tag, told in page.tags if (link := told.get("href")) and link not in text] == []


@every_letter
def test_the_html_part_is_accessible_and_fetches_nothing(name: str) -> None:
    html = part(render(order_of(LETTERS[name]), SETTINGS), "html")
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
        r"((New time|New time needed|Cancelled|Ended|On hold|Waiting for you|You have left the panel): )?"
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


# --- times -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "zone", "shown"),
    [
        ("2026-12-01T09:00Z", "Europe/Berlin", "Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)"),
        ("2027-06-01T09:00Z", "Europe/Berlin", "Tuesday 1 June 2027, 11:00–11:40 (Berlin, UTC+02:00)"),
        ("2027-03-10T14:00Z", "America/New_York", "Wednesday 10 March 2027, 09:00–09:40 (New York, UTC-05:00)"),
        ("2027-03-20T14:00Z", "America/New_York", "Saturday 20 March 2027, 10:00–10:40 (New York, UTC-04:00)"),
        ("2027-06-01T03:15Z", "Asia/Kathmandu", "Tuesday 1 June 2027, 09:00–09:40 (Kathmandu, UTC+05:45)"),
        ("2027-01-05T22:30Z", "Australia/Lord_Howe", "Wednesday 6 January 2027, 09:30–10:10 (Lord Howe, UTC+11:00)"),
        (
            "2027-01-05T15:00Z",
            "America/Argentina/Buenos_Aires",
            "Tuesday 5 January 2027, 12:00–12:40 (Buenos Aires, UTC-03:00)",
        ),
        ("2026-12-15T16:00Z", "America/Vancouver", "Tuesday 15 December 2026, 09:00–09:40 (Vancouver, UTC-07:00)"),
        ("2027-01-05T12:00Z", "Europe/London", "Tuesday 5 January 2027, 12:00–12:40 (London, UTC+00:00)"),
        ("2027-01-05T12:00Z", "UTC", "Tuesday 5 January 2027, 12:00–12:40 (UTC)"),
        ("2027-01-05T12:00Z", "Etc/GMT+5", "Tuesday 5 January 2027, 07:00–07:40 (UTC-05:00)"),
        (
            "2026-12-01T22:40Z",
            "Europe/Berlin",
            "Tuesday 1 December 2026, 23:40 – Wednesday 2 December 2026, 00:20 (Berlin, UTC+01:00)",
        ),
        (
            "2026-10-25T00:30Z",
            "Europe/Berlin",
            "Sunday 25 October 2026, 02:30 UTC+02:00 – 02:10 UTC+01:00 (Berlin; the clocks change in between)",
        ),
    ],
)
def test_times_are_shown_in_the_readers_own_zone(start: str, zone: str, shown: str) -> None:
    slot = Slot(start=datetime.fromisoformat(start), minutes=40)
    letter = render(order_of(Nudge(slots=(slot,), reply_by=DAY), to=reader(zone=zone)), SETTINGS)

    assert re.search(rf"(?m)^1\. {re.escape(shown)}(, outside 08:00–20:00 for you)?$", part(letter, "plain"))
    assert f'<time datetime="{start[:16]}:00Z">{shown}</time>' in part(letter, "html")


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("America/New_York", "04:00–04:40 for the candidate (New York, UTC-05:00)"),
        ("Asia/Kathmandu", "14:45–15:25 for the candidate (Kathmandu, UTC+05:45)"),
        ("Pacific/Honolulu", "Mon 30 Nov, 23:00–23:40 for the candidate (Honolulu, UTC-10:00)"),
        ("Pacific/Kiritimati", "23:00–23:40 for the candidate (Kiritimati, UTC+14:00)"),
        ("Pacific/Chatham", "22:45–23:25 for the candidate (Chatham, UTC+13:45)"),
    ],
)
def test_interviewers_see_the_candidates_time_with_its_date_where_that_differs(zone: str, shown: str) -> None:
    invitation = Invitation(event=EVENT, imip=False, with_names=("Ada",), candidate_zone=zone)
    letter = render(order_of(invitation, to=reader("i1")), SETTINGS)

    own = "When: Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)\n"
    assert f"{own}      {shown}\n" in part(letter, "plain")


def test_a_candidates_time_across_midnight_has_both_dates() -> None:
    slot = Slot(start=datetime(2026, 12, 1, 4, 40, tzinfo=UTC), minutes=40)
    reminder = HourReminder(slot=slot, location=None, with_names=(), agenda=(), candidate_zone="America/New_York")
    letter = render(order_of(reminder, to=reader("i1")), SETTINGS)

    assert "Mon 30 Nov, 23:40 – Tue 1 Dec, 00:20 for the candidate (New York, UTC-05:00)" in part(letter, "plain")


def test_a_candidates_time_beside_two_dates_has_its_own() -> None:
    slot = Slot(start=datetime(2026, 12, 1, 22, 40, tzinfo=UTC), minutes=40)
    request = SeatRequest(slot=slot, reply_by=DAY, with_names=(), candidate_zone="America/New_York")
    text = part(render(order_of(request, to=reader("i1")), SETTINGS), "plain")

    assert "When: Tuesday 1 December 2026, 23:40 – Wednesday 2 December 2026, 00:20 (Berlin, UTC+01:00)\n" in text
    assert "      Tue 1 Dec, 17:40–18:20 for the candidate (New York, UTC-05:00)\n" in text


def test_a_candidates_clock_that_changes_in_between_is_shown_with_both_offsets() -> None:
    slot = Slot(start=datetime(2026, 11, 1, 5, 40, tzinfo=UTC), minutes=40)
    request = SeatRequest(slot=slot, reply_by=DAY, with_names=(), candidate_zone="America/New_York")
    text = part(render(order_of(request, to=reader("i1")), SETTINGS), "plain")

    assert "01:40 UTC-04:00 – 01:20 UTC-05:00 for the candidate (New York; the clocks change in between)" in text


@pytest.mark.parametrize(
    ("start", "reader_in", "candidate_in", "flagged"),
    [
        ("2026-12-01T07:00Z", "Europe/Berlin", None, ""),
        ("2026-12-01T06:45Z", "Europe/Berlin", None, "outside 08:00–20:00 for you"),
        ("2026-12-01T18:20Z", "Europe/Berlin", None, ""),
        ("2026-12-01T18:21Z", "Europe/Berlin", None, "outside 08:00–20:00 for you"),
        ("2026-12-01T22:40Z", "Europe/Berlin", "Asia/Tokyo", "outside 08:00–20:00 for you and the candidate"),
        ("2026-12-01T09:00Z", "Europe/Berlin", "America/New_York", "outside 08:00–20:00 for the candidate"),
        ("2026-12-01T15:00Z", "Europe/Berlin", "America/New_York", ""),
        ("2026-12-01T03:00Z", "Europe/Berlin", "Asia/Kathmandu", "outside 08:00–20:00 for you"),
        ("2026-12-15T15:30Z", "Europe/Berlin", "America/Vancouver", ""),
        ("2026-12-01T03:00Z", "Nowhere/Atlantis", "Nowhere/Atlantis", ""),
    ],
)
def test_a_time_outside_the_day_is_flagged_for_whom_it_is(
    start: str, reader_in: str, candidate_in: str | None, flagged: str
) -> None:
    slot = Slot(start=datetime.fromisoformat(start), minutes=40)
    event = EVENT.model_copy(update={"slot": slot})
    for letter in (
        SeatRequest(slot=slot, reply_by=DAY, with_names=(), candidate_zone=candidate_in),
        Invitation(event=event, imip=False, with_names=(), candidate_zone=candidate_in),
    ):
        rendered = render(order_of(letter, to=reader("i1", zone=reader_in)), SETTINGS)

        for kind in ("plain", "html"):
            assert re.findall(r"outside 08:00–20:00 for .*", part(rendered, kind)) == ([flagged] if flagged else [])


def test_an_offered_time_outside_the_candidates_day_is_flagged_and_keeps_its_number() -> None:
    for name in ("offer", "nudge"):
        letter = render(order_of(LETTERS[name]), SETTINGS)

        assert (
            "1. Tuesday 1 December 2026, 10:00–10:40 (Berlin, UTC+01:00)\n"
            "2. Thursday 3 December 2026, 00:00–00:40 (Berlin, UTC+01:00), outside 08:00–20:00 for you\n"
        ) in part(letter, "plain")
        assert part(letter, "html").count("</time>, outside 08:00–20:00 for you</li>") == 1


def test_nobody_is_told_of_an_unusual_time_by_a_zone_that_was_only_assumed() -> None:
    letter = render(order_of(LETTERS["offer"], to=reader(assumed=True)), SETTINGS)

    assert "outside" not in part(letter, "plain")


@pytest.mark.parametrize("zone", ["Europe/Berlin", None, "Nowhere/Atlantis"])
def test_a_candidate_with_the_same_or_no_known_clock_is_not_shown_twice(zone: str | None) -> None:
    invitation = Invitation(event=EVENT, imip=False, with_names=("Ada",), candidate_zone=zone)
    letter = render(order_of(invitation, to=reader("i1")), SETTINGS)

    assert "for the candidate (" not in part(letter, "plain")


@pytest.mark.parametrize(
    ("to", "told"),
    [
        (reader(assumed=True), "We do not know your time zone; the times above are in Berlin time."),
        (reader(zone="Nowhere/Atlantis"), "We do not know your time zone; the times above are in UTC time."),
        (reader(zone="America/Argentina"), "We do not know your time zone; the times above are in UTC time."),
    ],
)
def test_an_assumed_time_zone_is_labelled_so(to: Correspondent, told: str) -> None:
    assert told in part(render(order_of(LETTERS["offer"], to=to), SETTINGS), "plain")
    assert told in part(render(order_of(LETTERS["offer"], to=to), SETTINGS), "html")


def test_a_known_time_zone_is_not_asked_for() -> None:
    assert "do not know your time zone" not in part(render(order_of(LETTERS["offer"]), SETTINGS), "plain")


# --- the message -----------------------------------------------------------------------------------------------------


@every_letter
def test_the_tree_is_the_one_that_clients_understand(name: str) -> None:
    def tree(message: MIMEPart) -> object:
        kind = message.get_content_type()
        return (kind, [tree(each) for each in message.iter_parts()]) if message.is_multipart() else kind

    alternatives = ["text/plain", "text/html"]
    plain = ("multipart/alternative", alternatives)
    with_event = ("multipart/mixed", [("multipart/alternative", [*alternatives, "text/calendar"]), "application/ics"])

    message = parsed(render(order_of(LETTERS[name]), SETTINGS))

    assert tree(message) == (with_event if name in WITH_EVENT else plain)
    assert not [defect for each in message.walk() for defect in each.defects]


@every_letter
def test_lines_end_in_crlf_and_stay_within_limits(name: str) -> None:
    raw = render(order_of(LETTERS[name], to=reader(name="Jörg Çelik " * 9)), SETTINGS).raw
    headers, _, body = raw.partition(b"\r\n\r\n")

    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert raw.isascii()
    assert max(len(line) for line in headers.split(b"\r\n")) <= 998
    assert {len(line) > 76 for line in body.split(b"\r\n") if not line.startswith((b"Content-", b"--"))} == {False}


@every_letter
def test_one_order_gives_the_same_bytes_each_time(name: str) -> None:
    order = order_of(LETTERS[name])
    again = SendLetter.model_validate_json(order.model_dump_json())

    assert render(again, SETTINGS) == render(order, SETTINGS)


def test_headers_are_for_machines_as_well() -> None:
    letter = render(order_of(LETTERS["invitation"]), SETTINGS)
    message = parsed(letter)
    root = render(
        order_of(LETTERS["offer"], thread=None).model_copy(update={"key": "r7-c42-1/offer/candidate/0.0"}), SETTINGS
    )

    assert message["From"] == "Acme Interviews <interviews@hire.example.org>"
    assert message["To"] == "Ada Lovelace <ada+x@example.org>"
    assert message["Reply-To"] == "hopper@acme.example"
    assert message["Date"] == "Sat, 28 Nov 2026 09:00:00 +0000"
    assert message["Message-ID"] == letter.message_id == message_id("r7-c42-1/letter/candidate/3.0", SETTINGS)
    assert message["In-Reply-To"] == message["References"] == root.message_id != letter.message_id
    assert message["Content-Language"] == "en"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert parsed(root)["In-Reply-To"] is None


def test_the_envelope_sender_leads_a_bounce_back_to_its_letter() -> None:
    letter = render(order_of(LETTERS["offer"]), SETTINGS)

    assert letter.recipient == "ada+x@example.org"
    assert letter.sender == f"bounces+{letter.message_id[1:].partition('@')[0]}@hire.example.org"


def test_tokens_are_never_encoded_nor_folded() -> None:
    settings = SETTINGS.model_copy(update={"domain": "a-rather-long-name-for-a-host-" * 2 + "of.example.org"})
    raw = render(order_of(LETTERS["invitation"]), settings).raw.decode()

    for header in ("Message-ID", "In-Reply-To", "References"):
        assert re.search(rf"\r\n{header}: <[0-9a-f]{{40}}@{settings.domain}>\r\n", raw)


@given(role=st.text(max_size=400), organisation=st.text(max_size=200), name=st.text(min_size=1, max_size=120))
def test_headers_in_any_script_keep_to_rfc_2047(role: str, organisation: str, name: str) -> None:
    to = reader().model_copy(update={"name": name})
    raw = render(order_of(FeedbackAvailable(), to=to, role=role, organisation=organisation), SETTINGS).raw
    head = raw.partition(b"\r\n\r\n")[0].decode()
    subject = message_from_bytes(raw, policy=default)["Subject"]

    assert max(len(line) for line in head.split("\r\n")) <= 150
    assert max((len(word) for word in re.findall(r"=\?\S+", head)), default=0) <= 75
    assert len(subject) <= 150
    assert str(subject).split() == f"Interview for {clean_line(role, 70)} at {clean_line(organisation, 50)}".split()


# --- the event -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WITH_EVENT)
def test_the_event_is_one_that_clients_offer_to_accept(name: str) -> None:
    letter = render(order_of(LETTERS[name]), SETTINGS)
    cancelled = isinstance(LETTERS[name], Cancellation)
    (shown, calendar, event), (_, attached, _) = events(letter)

    assert calendar == attached
    assert shown.get_param("method") == calendar["METHOD"] == ("CANCEL" if cancelled else "REQUEST")
    assert event["STATUS"] == ("CANCELLED" if cancelled else "CONFIRMED")
    assert event["ATTENDEE"] == f"mailto:{letter.recipient}"
    assert event["ORGANIZER"] == f"mailto:{agent_address(EVENT.uid, SETTINGS, reader())}" != event["ATTENDEE"]
    assert event["UID"] == EVENT.uid
    assert event["SEQUENCE"] == 3
    assert not calendar.walk("VALARM")
    assert not calendar.walk("VTIMEZONE")


def test_an_events_times_are_in_utc_form_and_come_from_the_order() -> None:
    (_, calendar, _), _ = events(render(order_of(LETTERS["invitation"]), SETTINGS))
    lines = calendar.to_ical().decode().split("\r\n")

    assert "DTSTART:20261201T090000Z" in lines
    assert "DTEND:20261201T094000Z" in lines
    assert "DTSTAMP:20261122T090000Z" in lines


def test_an_invitation_asks_for_an_answer_and_a_cancellation_does_not() -> None:
    (_, _, invited), _ = events(render(order_of(LETTERS["invitation"]), SETTINGS))
    (_, _, cancelled), _ = events(render(order_of(LETTERS["cancellation"]), SETTINGS))

    assert invited["ATTENDEE"].params["RSVP"] == "TRUE"
    assert invited["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert "RSVP" not in cancelled["ATTENDEE"].params


def test_each_event_has_an_organizer_of_its_own_that_outlives_its_versions() -> None:
    (_, _, invited), _ = events(render(order_of(LETTERS["invitation"]), SETTINGS))
    (_, _, cancelled), _ = events(render(order_of(LETTERS["cancellation"]), SETTINGS))

    assert invited["ORGANIZER"] == cancelled["ORGANIZER"]
    assert agent_address("r7-c42-1.p0", SETTINGS) != agent_address("r7-c42-1.c0", SETTINGS)


def test_whoever_is_invited_answers_to_an_address_of_their_own() -> None:
    grace, linus = reader("i1", "Grace"), reader("i2", "Linus")
    elsewhere = grace.model_copy(update={"email": "grace@example.net"})
    asked = [agent_address("r7-c42-1.p0", SETTINGS, one) for one in (grace, linus, elsewhere)]
    seats = [(token_in(one, SETTINGS.agent_address) or "")[:SEAT_LENGTH] for one in asked]

    assert len({*asked, agent_address("r7-c42-1.p0", SETTINGS)}) == 4
    assert seats[0] == seats[2] != seats[1]


def test_an_invitation_to_a_cancelled_event_is_not_sent() -> None:
    gone = EVENT.model_copy(update={"cancelled": True})

    with pytest.raises(MalformedLetter, match="an invitation to a cancelled event"):
        render(order_of(Invitation(event=gone, imip=True, with_names=())), SETTINGS)


def test_nobody_is_invited_by_themselves() -> None:
    to = reader().model_copy(update={"email": agent_address(EVENT.uid, SETTINGS)})

    with pytest.raises(MalformedLetter, match="no letter to ourselves"):
        render(order_of(LETTERS["invitation"], to=to), SETTINGS)


def test_quotation_marks_in_a_name_do_not_reach_calendars_encoded() -> None:
    letter = render(order_of(LETTERS["invitation"], to=reader(name='Ada "Countess" Lovelace, née Byron')), SETTINGS)
    (_, calendar, event), _ = events(letter)

    assert event["ATTENDEE"].params["CN"] == "Ada 'Countess' Lovelace, née Byron"
    assert b"^" not in calendar.to_ical()
    assert parsed(letter)["To"].addresses[0].display_name == 'Ada "Countess" Lovelace, née Byron'


@given(local=st.from_regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}", fullmatch=True))
def test_any_address_that_the_border_lets_in_is_attendee_and_recipient(local: str) -> None:
    to = Correspondent(who="candidate", name="Ada", email=f"{local}@example.org")
    letter = render(order_of(LETTERS["invitation"], to=to), SETTINGS)

    assert letter.recipient == f"{local}@example.org"


# --- injection -------------------------------------------------------------------------------------------------------

HOSTILE = "x\r\nBcc: evil@example.net\nATTENDEE:mailto:evil@example.net\r\n\r\n\x00\x1b\x85\u2028X-EVIL:1\r\nEND:VEVENT"


def hostile_order() -> SendLetter:
    """Give an order in which every text tries to break out; even the name, although the border refuses such names."""
    event = EVENT.model_copy(
        update={"uid": HOSTILE, "summary": HOSTILE, "description": HOSTILE, "location": f"https://x.example/{HOSTILE}"}
    )
    return order_of(
        Invitation(event=event, imip=True, with_names=(HOSTILE,)),
        to=reader().model_copy(update={"name": HOSTILE}),
        role=HOSTILE,
        organisation=HOSTILE,
    )


def test_no_text_can_add_a_header_or_a_property() -> None:
    hostile = render(hostile_order(), SETTINGS)
    (_, _, tame), _ = events(render(order_of(LETTERS["invitation"]), SETTINGS))

    assert list(parsed(hostile).keys()) == list(parsed(render(order_of(LETTERS["invitation"]), SETTINGS)).keys())
    assert b"\x00" not in hostile.raw
    for _, calendar, event in events(hostile):
        assert set(event) | {"URL"} == set(tame)
        assert event["ATTENDEE"] == "mailto:ada+x@example.org"
        assert len(calendar.subcomponents) == 1
        assert not re.search(rb"[\x00\x1b\x85]", calendar.to_ical())


def test_nor_can_it_where_python_ignores_assertions_and_hashes_otherwise() -> None:
    program = """
import sys
from hashlib import sha256
from activities.letters import MailSettings, render
from entrevue.orders import SendLetter
assert False, "assertions are on"
settings, order = sys.stdin.readline(), sys.stdin.readline()
print(sha256(render(SendLetter.model_validate_json(order), MailSettings.model_validate_json(settings)).raw).hexdigest())
"""
    order = hostile_order().model_copy(update={"to": reader()})

    run = subprocess.run(
        [sys.executable, "-O", "-R", "-c", program],
        input=f"{json.dumps(CONFIGURED)}\n{order.model_dump_json()}",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.stdout.strip() == sha256(render(order, SETTINGS).raw).hexdigest(), run.stderr


def test_what_comes_from_settings_cannot_end_a_header_either() -> None:
    settings = SETTINGS.model_copy(update={"from_address": "a@example.org>\r\nBcc: evil@example.net"})

    with pytest.raises(MalformedLetter, match="a header would end early"):
        render(order_of(LETTERS["offer"]), settings)


@given(
    text=st.text(st.characters() | st.sampled_from("\r\n\x00\x85\u2028\u202e<>\"',;:\\=?{}%"), max_size=300),
    letter=st.sampled_from(
        [
            "invitation, moved for a reason",
            "cancellation, late",
            "hour reminder",
            "on hold",
            "adjustment arranged",
            "seat request",
            "form request, growth",
            "learning report",
        ]
    ),
)
@example(text="\\", letter="invitation, moved for a reason")  # as a name, it hid the end of its parameter
def test_any_text_renders_and_reads_back(text: str, letter: str) -> None:
    meant = LETTERS[letter].model_copy(
        update={
            "with_names": (text, text),
            "reason": text,
            "because": text,
            "text": text,
            "instructions": (text,),
            "lines": (Line(name=text, text=text),),
            "scale": (text,),
            "to_try": text,
            "consents": (text,),
            "document": (text, text),
            "learned": Brief(
                who="i1",
                improvement=Improvement(interview="r6", text=text),
                enough=True,
                themes=(Theme(theme=text, helped=1, change=0),),
                said=(text,),
            ),
            "event": EVENT.model_copy(update={"summary": text, "description": text, "location": text}),
        }
    )
    to = reader().model_copy(update={"name": text})

    message = parsed(render(order_of(meant, to=to, role=text, organisation=text), SETTINGS))

    assert [address.addr_spec for address in message["To"].addresses] == ["ada+x@example.org"]


@given(st.text(), st.integers(min_value=1, max_value=300))
def test_a_cleaned_line_is_one_printable_line_within_its_limit(text: str, limit: int) -> None:
    cleaned = clean_line(text, limit)

    assert len(cleaned) <= limit
    assert len(cleaned.splitlines()) <= 1
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", cleaned)
    assert clean_line(cleaned, limit) == cleaned
    cleaned.encode()


@given(st.text(st.characters() | st.sampled_from("\r\n")), st.integers(min_value=1, max_value=300))
def test_cleaned_text_keeps_its_lines_and_nothing_else_unprintable(text: str, limit: int) -> None:
    cleaned = clean_text(text, limit)

    assert len(cleaned) <= limit
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\ud800-\udfff]", cleaned)
    cleaned.encode()


def test_cleaning_leaves_honest_text_alone() -> None:
    assert clean_line("Zoë O'Neil-Þór 李四 🦊") == "Zoë O'Neil-Þór 李四 🦊"
    assert clean_text("one\r\ntwo\n\nthree\u2028four") == "one\ntwo\n\nthree\nfour"
    assert clean_line("a\r\nBcc: b\x00c\ud800d") == "a Bcc: b c d"
    assert clean_line("abcdef", 4) == "abc…"


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"agent_address": "interviews@hire.example.org"},
        {"agent_address": "{token}{token}@hire.example.org"},
        {"bounce_address": "a-prefix-that-leaves-no-room-for-a-token+{token}@hire.example.org"},
        {"bounce_address": "bounces {token}@hire.example.org"},
        {"domain": "hire.example.org\r\n"},
        {"secret": "short"},
        {"sectet": "a misspelt name of some length"},
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MailSettings.model_validate(CONFIGURED | change)


def test_the_secret_is_not_shown() -> None:
    assert "a secret of some length" not in f"{SETTINGS!r} {SETTINGS} {SETTINGS.model_dump_json()}"


def test_another_secret_gives_other_tokens() -> None:
    other = SETTINGS.model_copy(update={"secret": SecretStr("another secret of some length")})

    assert message_id("k", other) != message_id("k", SETTINGS)
    assert agent_address("u", other) != agent_address("u", SETTINGS)
