"""What letters look like to mail programs and to calendars, and that no text can change that."""

import json
import re
import subprocess
import sys
from email import message_from_bytes
from email.message import MIMEPart
from email.policy import default
from hashlib import sha256
from pathlib import Path

import icalendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from activities.letters import (
    SEAT_LENGTH,
    MailSettings,
    MalformedLetter,
    agent_address,
    clean_line,
    clean_text,
    letter_of,
    message_id,
    render,
    returned,
    token_in,
)
from activities.letters.settings import thread_address
from entrevue.letters import (
    Brief,
    CalendarNotice,
    Cancellation,
    Correspondent,
    FeedbackAvailable,
    Improvement,
    Invitation,
    Letter,
    Line,
    Theme,
)
from entrevue.orders import SendLetter
from tests.adapters.letterbox import (
    CONFIGURED,
    EVENT,
    LETTERS,
    SETTINGS,
    WITH_EVENT,
    events,
    every_letter,
    order_of,
    parsed,
    reader,
)

ROOT = Path(__file__).parent.parent.parent


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
    token = letter.sender.removeprefix("bounces+").removesuffix("@hire.example.org")
    assert returned(token, SETTINGS) == letter.message_id


def test_who_reads_a_letter_cannot_make_its_envelope_of_it() -> None:
    letter = render(order_of(LETTERS["invitation"]), SETTINGS)
    shown = letter.message_id[1:].partition("@")[0]

    assert letter.sender.encode() not in letter.raw
    assert [returned(shown + guess, SETTINGS) for guess in ("", "0" * 8, shown[:8])] == [None] * 3


def test_tokens_are_never_encoded_nor_folded() -> None:
    settings = SETTINGS.model_copy(update={"domain": "a-rather-long-name-for-a-host-" * 2 + "of.example.org"})
    raw = render(order_of(LETTERS["invitation"]), settings).raw.decode()

    for header in ("Message-ID", "In-Reply-To", "References"):
        assert re.search(rf"\r\n{header}: <[0-9a-f]{{32}}@{settings.domain}>\r\n", raw)


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
    cancelled = isinstance(LETTERS[name], Cancellation | CalendarNotice)
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


def test_the_meeting_link_stands_wherever_programs_look_for_it_as_long_as_there_is_a_meeting() -> None:
    (_, _, invited), _ = events(render(order_of(LETTERS["invitation"]), SETTINGS))
    (_, _, cancelled), _ = events(render(order_of(LETTERS["cancellation"]), SETTINGS))
    in_a_room = Invitation(event=EVENT.model_copy(update={"location": "Room 4, 1st floor"}), imip=True, with_names=())
    (_, _, elsewhere), _ = events(render(order_of(in_a_room), SETTINGS))

    assert invited["LOCATION"] == invited["URL"] == invited["CONFERENCE"] == EVENT.location
    assert invited["CONFERENCE"].params["VALUE"] == "URI"
    assert "CONFERENCE" not in cancelled
    assert elsewhere["LOCATION"] == "Room 4, 1st floor"
    assert not {"URL", "CONFERENCE"} & set(elsewhere)


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


def test_an_event_that_calendars_know_by_a_providers_uid_bears_it_and_names_one_organizer_in_all_versions() -> None:
    known = EVENT.model_copy(update={"ical_uid": "4fd1q@google.com"})
    thread, first = "r7-c42-1/offer/candidate/0.1", "r7-c42-1/letter/candidate/3.0"

    def shown(letter: Letter, thread: str | None) -> icalendar.Event:
        (_, _, event), _ = events(render(order_of(letter, thread=thread), SETTINGS))
        return event

    invited = shown(Invitation(event=known, imip=True, with_names=()), thread)
    cancelled = shown(Cancellation(event=known, imip=True), thread)
    alone = shown(Invitation(event=known, imip=True, with_names=()), None)

    assert invited["UID"] == cancelled["UID"] == "4fd1q@google.com"
    assert invited["ORGANIZER"] == cancelled["ORGANIZER"] == f"mailto:{thread_address(thread, SETTINGS, reader())}"
    assert alone["ORGANIZER"] == f"mailto:{thread_address(first, SETTINGS, reader())}"
    assert letter_of(token_in(thread_address(first, SETTINGS, reader()), SETTINGS.agent_address) or "", SETTINGS) == (
        message_id(first, SETTINGS)
    )


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
        assert set(event) | {"URL", "CONFERENCE"} == set(tame)
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
        {"bounce_address": CONFIGURED["agent_address"]},
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
