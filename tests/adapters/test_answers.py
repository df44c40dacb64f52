"""Answers that calendar programs and people send by mail: which interview hears what of them, and what is believed."""

import pytest

from activities.letters import agent_address, message_id
from activities.letters.settings import thread_address
from activities.mailbox import Nothing
from adapters.mail import reading as mails
from adapters.memory.mailbox import MemoryMailbox
from tests.adapters.desk import (
    ADA,
    ARRIVED,
    CANDIDATES_EVENT,
    DIGEST,
    GRACE,
    INTERVIEW,
    INVITATION,
    LINUS,
    PANELS_EVENT,
    PANELS_INVITATION,
    SERVER,
    SETTINGS,
    VOUCHED,
    Desk,
    event,
    mail,
    read_one,
)

TO_GRACE = agent_address(PANELS_EVENT, SETTINGS, GRACE)
ANSWERED_BY_GRACE = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:grace@acme.example"

# --- what an answer says ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partstat", "answer"),
    [("ACCEPTED", "accepted"), ("TENTATIVE", "tentative"), ("DECLINED", "declined"), ("declined", "declined")],
)
async def test_an_answer_is_told_with_the_version_that_it_answers(partstat: str, answer: str) -> None:
    desk = await read_one(mail(event(attendee=f"ATTENDEE;PARTSTAT={partstat}:mailto:ada@example.org")))
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact) == (INTERVIEW, "rsvp_received")
    assert {**payload, "source_id": ""} == {
        "kind": "rsvp_received",
        "source_id": "",
        "at": "2026-11-23T08:59:00Z",
        "whom": "candidate",
        "answer": answer,
        "sequence": 3,
        "via": "mail",
        "verified": True,
    }


async def test_a_proposal_is_told_with_its_time_and_its_reason() -> None:
    counter = event("COUNTER", start="DTSTART:20261202T100000Z", more=r"COMMENT:I am at the\ndentist\, sorry")
    desk = await read_one(mail(counter, mime_method="COUNTER"))
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact) == (INTERVIEW, "counter_received")
    assert payload["start"] == "2026-12-02T10:00:00Z"
    assert payload["reason"] == "I am at the dentist, sorry"
    assert (payload["whom"], payload["sequence"], payload["verified"]) == ("candidate", 3, True)


ZONE_OF_THEIR_OWN = """BEGIN:VTIMEZONE
TZID:{name}
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:+1400
TZOFFSETTO:+1400
RRULE:FREQ=SECONDLY
END:STANDARD
END:VTIMEZONE""".replace("\n", "\r\n")


@pytest.mark.parametrize("name", ["Europe/Berlin", "W. Europe Standard Time", "/example.org/20261123/Europe/Berlin"])
async def test_whoever_redefines_a_time_zone_is_not_followed(name: str) -> None:
    """And working the definition out would take for ever."""
    counter = event(
        "COUNTER", start=f'DTSTART;TZID="{name}":20261202T110000', zones=ZONE_OF_THEIR_OWN.format(name=name)
    )
    desk = await read_one(mail(counter))
    ((_, fact, payload),) = desk.facts

    assert (fact, payload["start"]) == ("counter_received", "2026-12-02T10:00:00Z")


@pytest.mark.parametrize(
    "start",
    [
        "",
        "DTSTART:20261202T110000",
        "DTSTART;VALUE=DATE:20261202",
        "DTSTART;TZID=Customized Time Zone:20261202T110000",
        "DTSTART;TZID=Nowhere/Ever:20261202T110000",
    ],
)
async def test_a_proposal_of_a_time_that_cannot_be_told_is_for_a_person_to_read(start: str) -> None:
    zones = ZONE_OF_THEIR_OWN.format(name="Customized Time Zone")
    desk = await read_one(mail(event("COUNTER", start=start, zones=zones)))
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact, payload["whom"]) == (INTERVIEW, "words_received", "candidate")


@pytest.mark.parametrize(
    "raw",
    [
        mail(event(), mime_method=None),
        mail(event(), mime_method="REQUEST"),
        mail(event(), mime_type="ics"),
        mail(event().replace("METHOD:REPLY", "method:reply")),
        mail("\ufeff" + event()),
        mail(event().replace("\r\n", "\n")),
        mail(event(more="X-BROKEN LINE\r\nATTACH;:\r\nBEGIN:VALARM\r\nUID:other\r\nEND:VALARM")),
        mail(event(stamp="", start="")),
        mail(event(), headers={"Auto-Submitted": "auto-generated"}),
        mail(event(attendee='ATTENDEE;PARTSTAT=DECLINED;CN="Ada; \'the":MAILTO:Ada@Example.org')),
        mail(event(attendee="ATTENDEE;PARTSTAT=DECLINED:mai\r\n lto:ada@example.org")),
    ],
    ids=[
        "no MIME method",
        "another MIME method",
        "as an attachment",
        "lower case",
        "byte order mark",
        "bare line feeds",
        "broken lines beside",
        "no times",
        "says that it is automatic",
        "capitals in the address",
        "folded",
    ],
)
async def test_an_answer_is_understood_however_its_program_writes_it(raw: bytes) -> None:
    desk = await read_one(raw)
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact) == (INTERVIEW, "rsvp_received")
    assert (payload["answer"], payload["verified"]) == ("declined", True)


async def test_an_answer_without_a_sequence_answers_the_first_version() -> None:
    desk = await read_one(mail(event(sequence="")))

    assert [payload["sequence"] for *_, payload in desk.facts] == [0]


async def test_of_all_who_were_invited_the_one_who_wrote_has_answered() -> None:
    others = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:linus@acme.example"
    desk = await read_one(mail(event(more=others)))

    assert [payload["answer"] for *_, payload in desk.facts] == ["declined"]


async def test_a_time_in_the_future_by_the_senders_clock_is_not_later_than_the_mail() -> None:
    desk = await read_one(mail(event(stamp="DTSTAMP:20991231T000000Z")))

    assert [payload["at"] for *_, payload in desk.facts] == ["2026-11-23T09:00:12Z"]


# --- what leads to nothing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["REFRESH", "DECLINECOUNTER", "ADD"])
async def test_what_programs_ask_of_one_another_is_no_news(method: str) -> None:
    desk = await read_one(mail(event(method)))

    assert (desk.facts, desk.counts) == ([], {"automatic": 1})


@pytest.mark.parametrize(
    "calendar",
    [
        event(sequence="SEQUENCE:-1"),
        event(sequence="SEQUENCE:99999999999999999999999"),
        event(sequence="SEQUENCE:three"),
        event().replace("UID:", "X-UID:"),
        event(more="RECURRENCE-ID:20261201T090000Z"),
        event(more="END:VEVENT\r\nBEGIN:VEVENT\r\nUID:another"),
        event(more="END:VEVENT\r\nEND:VCALENDAR\r\nEND:NOTHING"),
        event(stamp="DTSTAMP:99999999T999999Z"),
        event("COUNTER", start="DTSTART;TZID=Europe/Berlin:00010101T000000"),
        event(attendee="ATTENDEE;PARTSTAT:;;:"),
        "METHOD:REPLY\r\n" + "X" * 300_000,
    ],
    ids=[
        "negative version",
        "enormous version",
        "version in words",
        "no UID",
        "of a series",
        "two events",
        "ends too often",
        "no such time",
        "before the calendar",
        "broken attendee",
        "huge",
    ],
)
async def test_a_broken_answer_is_no_answer(calendar: str) -> None:
    desk = await read_one(mail(calendar))

    assert (desk.facts, desk.counts) == ([], {"unreadable": 1})


@pytest.mark.parametrize(
    ("raw", "because"),
    [
        (mail(event(), to="interviews+" + "0" * 40 + "@hire.acme.example"), "wrong_token"),
        (mail(event(), to="interviews@hire.acme.example"), "wrong_token"),
        (mail(event(), to=agent_address(f"{INTERVIEW}.c2", SETTINGS, ADA)), "wrong_token"),
        (mail(event(), to=TO_GRACE), "wrong_token"),
        (mail(event(uid="r8.c1")), "wrong_token"),
        (mail(event(uid="something else")), "not_ours"),
        (mail(event(uid=PANELS_EVENT), to=agent_address(PANELS_EVENT, SETTINGS)), "calendar_tells"),
    ],
    ids=[
        "guessed",
        "no token",
        "of another event",
        "of the panel's",
        "of another interview",
        "a stranger's event",
        "in a calendar that is watched",
    ],
)
async def test_whoever_does_not_hold_the_address_for_answers_is_not_heard(raw: bytes, because: str) -> None:
    desk = await read_one(raw)

    assert (desk.facts, desk.counts) == ([], {because: 1})


# --- under a provider's UID ------------------------------------------------------------------------------------------

PROVIDERS = "4fd1q@google.com"
IN_THREAD = thread_address(PANELS_INVITATION, SETTINGS, GRACE)
BY_GRACE = mail(
    event(uid=PROVIDERS, attendee=ANSWERED_BY_GRACE),
    to=IN_THREAD,
    sender="Grace <grace@acme.example>",
    results=(f"{SERVER}; dmarc=pass header.from=acme.example",),
)


async def test_an_answer_under_a_providers_uid_is_traced_back_by_the_letter_that_began_the_thread() -> None:
    desk = await read_one(BY_GRACE)
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact) == (INTERVIEW, "rsvp_received")
    assert (payload["whom"], payload["answer"], payload["sequence"]) == ("i1", "accepted", 3)
    assert payload["verified"] is True


@pytest.mark.parametrize(
    "raw",
    [
        mail(event(uid=PROVIDERS, attendee=ANSWERED_BY_GRACE), to=IN_THREAD, sender="grace@acme.example", results=()),
        mail(event(uid=PROVIDERS, attendee=ANSWERED_BY_GRACE), to=IN_THREAD),
    ],
    ids=["nobody vouches for it", "sent by somebody else"],
)
async def test_there_too_it_is_believed_only_from_whoever_was_asked(raw: bytes) -> None:
    desk = await read_one(raw)

    assert [(payload["whom"], payload["verified"]) for *_, payload in desk.facts] == [("i1", False)]


@pytest.mark.parametrize(
    "raw",
    [
        mail(event(uid=PROVIDERS), to=IN_THREAD),
        mail(event(uid=PROVIDERS), to=thread_address("r7-c42-1/invitation/candidate/9.9", SETTINGS, ADA)),
        mail(event(uid=PROVIDERS), to=thread_address(DIGEST, SETTINGS, ADA)),
        mail(event(uid=PROVIDERS), to=agent_address(PROVIDERS, SETTINGS, ADA)),
    ],
    ids=["of a letter to somebody else", "of a letter that never left", "of a digest", "of no thread"],
)
async def test_who_has_only_seen_a_message_id_is_not_heard(raw: bytes) -> None:
    desk = await read_one(raw)

    assert (desk.facts, desk.counts) == ([], {"not_ours": 1})


async def test_words_to_that_address_are_theirs_as_well() -> None:
    answering = {"In-Reply-To": message_id(PANELS_INVITATION, SETTINGS)}
    raw = mail(text="Could we meet later?", to=IN_THREAD, sender="grace@acme.example", headers=answering)
    desk = await read_one(raw)

    assert [(fact, payload["whom"]) for _, fact, payload in desk.facts] == [("words_received", "i1")]


# --- who it was ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", ["Cc", "Delivered-To", "X-Original-To", "Envelope-To"])
async def test_the_address_counts_in_whichever_header_the_way_has_left_it(header: str) -> None:
    address = agent_address(CANDIDATES_EVENT, SETTINGS, ADA).upper()
    desk = await read_one(mail(event(), to="marta@acme.example", headers={header: f"<{address}>"}))

    assert [payload["verified"] for *_, payload in desk.facts] == [True]


async def test_an_answer_that_was_sent_to_the_coordinator_and_redirected_counts() -> None:
    """Some programs answer to Reply-To; the object names the address all the same."""
    organizer = f"ORGANIZER:mailto:{agent_address(CANDIDATES_EVENT, SETTINGS, ADA)}"
    desk = await read_one(mail(event(more=organizer), to="marta@acme.example"))

    assert [payload["verified"] for *_, payload in desk.facts] == [True]


async def test_on_a_panel_the_address_says_whose_answer_it_is() -> None:
    vouched = f"{SERVER}; dmarc=pass header.from=acme.example"
    calendar = event(uid=PANELS_EVENT, attendee=ANSWERED_BY_GRACE)
    sender = "Grace <grace@acme.example>"
    desk = await read_one(mail(calendar, to=TO_GRACE, sender=sender, results=(vouched,)))
    linus = agent_address(PANELS_EVENT, SETTINGS, LINUS)
    taken = await read_one(mail(calendar, to=linus, sender=sender, results=(vouched,)))

    assert [(payload["whom"], payload["verified"]) for *_, payload in desk.facts] == [("i1", True)]
    assert [(payload["whom"], payload["verified"]) for *_, payload in taken.facts] == [("i2", False)]


ALIAS = "ATTENDEE;PARTSTAT=DECLINED:mailto:a.summer@example.org"


@pytest.mark.parametrize(
    "raw",
    [
        mail(event(), results=()),
        mail(event(), results=(VOUCHED.replace("pass", "fail"),)),
        mail(event(), results=(VOUCHED.replace(SERVER, "mx.elsewhere.example"),)),
        mail(event(), results=(f"{SERVER}; dmarc=fail", VOUCHED)),
        mail(event(), results=(f"{SERVER}; none", VOUCHED)),
        mail(event(), results=(f"{SERVER}; dmarc=pass header.from=evil.example",)),
        mail(event(), results=(f"{SERVER}; spf=fail (dmarc=pass; dmarc=pass) smtp.mailfrom=a@evil.example",)),
        mail(event(), results=(f'{SERVER}; spf=fail smtp.mailfrom="; dmarc=pass"@evil.example',)),
        mail(event(), results=(f'{SERVER}; spf=fail smtp.mailfrom="x\\"; dmarc=pass"@evil.example',)),
        mail(event(), results=(f"{SERVER}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=a@evil.example",)),
        mail(event(), results=(f"{SERVER}; dkim=pass header.d=org",)),
        mail(event(), results=(f"{SERVER}; dkim=pass header.d=ple.org",)),
        mail(event(), results=(f"{SERVER} (; dmarc=pass",)),
        mail(event(), results=(f'{SERVER}; dmarc=fail; spf=fail smtp.mailfrom="a@evil.example', VOUCHED)),
        mail(event(), sender="Ada <ada@evil.example>", results=(f"{SERVER}; dmarc=pass header.from=evil.example",)),
        mail(event(attendee=ALIAS), sender="Ada <a.summer@example.org>"),
        mail(event(attendee=ALIAS)),
        mail(event(), sender="Ada <ada@example.org>, Eve <eve@evil.example>"),
        mail(event(), sender="ada@example.org <eve@evil.example>"),
        b"From: ada@example.org\r\n" + mail(event()),
    ],
    ids=[
        "nobody vouches",
        "it failed",
        "another server vouches",
        "a header below",
        "a header below, nothing known",
        "for another domain",
        "in a comment",
        "in quotes",
        "in broken quotes",
        "signed by others",
        "signed by a top-level domain",
        "signed by half a domain",
        "an open comment",
        "a header below one with an open quote",
        "another address",
        "an alias",
        "an alias in the answer alone",
        "two senders",
        "a sender in the name",
        "two From",
    ],
)
async def test_an_answer_that_could_be_anybodys_is_told_as_unverified(raw: bytes) -> None:
    desk = await read_one(raw)
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact, payload["whom"]) == (INTERVIEW, "rsvp_received", "candidate")
    assert payload["verified"] is False


@pytest.mark.parametrize(
    "results",
    [
        VOUCHED,
        f"{SERVER} 1; dmarc=pass (p=reject dis=none) header.from=example.org",
        f"{SERVER}; dmarc = pass header.from = example.org",
        f"{SERVER}; dmarc=none; dkim=pass header.i=@example.org header.b=abc",
        f'{SERVER}; auth=pass smtp.auth="a; b"; spf=pass (a "comment") smtp.mailfrom=ada@example.org',
        f"{SERVER.upper()}; dkim=fail header.d=other.example; dkim=pass header.d=example.org",
    ],
)
async def test_an_answer_is_theirs_where_our_own_server_vouches_for_it(results: str) -> None:
    desk = await read_one(mail(event(), results=(results,)))

    assert [payload["verified"] for *_, payload in desk.facts] == [True]


async def test_without_a_server_of_our_own_nothing_is_verified() -> None:
    mailbox = MemoryMailbox()
    mailbox.deliver(mail(event()), ARRIVED)
    desk = Desk(mailbox)
    await desk.read()

    assert [payload["verified"] for *_, payload in desk.facts] == [False]


# --- twice, late, out of order ---------------------------------------------------------------------------------------


async def test_an_answer_that_comes_twice_has_one_name_and_another_answer_another() -> None:
    again = await read_one(mail(event(), headers={"Message-ID": "<sent-again@example.org>"}))
    first = await read_one(mail(event()))
    changed = await read_one(mail(event(attendee="ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org")))
    later = await read_one(mail(event(stamp="DTSTAMP:20261123T085930Z")))
    names = [desk.facts[0][2]["source_id"] for desk in (again, first, changed, later)]

    assert names[0] == names[1]
    assert len(set(names)) == 3
    assert "ada" not in str(names)


async def test_a_forged_answer_has_another_name_than_the_genuine_so_that_it_cannot_silence_it() -> None:
    forged, genuine = await read_one(mail(event(), results=())), await read_one(mail(event()))

    assert forged.facts[0][2]["source_id"] != genuine.facts[0][2]["source_id"]


async def test_of_several_answers_the_last_by_its_own_stamp_is_told() -> None:
    mailbox = MemoryMailbox(authserv_id=SERVER)
    accepted = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org"
    mailbox.deliver(mail(event()), ARRIVED)
    mailbox.deliver(mail(event(attendee=accepted, stamp="DTSTAMP:20261123T085500Z")), ARRIVED)
    mailbox.deliver(mail(event(attendee=accepted, sequence="SEQUENCE:2", stamp="DTSTAMP:20261123T085959Z")), ARRIVED)
    desk = Desk(mailbox)
    await desk.read()

    assert [(payload["answer"], payload["sequence"]) for *_, payload in desk.facts] == [("declined", 3)]
    assert desk.counts == {"rsvp_received": 3}


async def test_what_an_interview_can_hear_no_more_is_counted() -> None:
    mailbox = MemoryMailbox(authserv_id=SERVER)
    mailbox.deliver(mail(event()), ARRIVED)
    desk = Desk(mailbox)
    desk.told.closed.add(INTERVIEW)
    await desk.read()

    assert desk.counts == {"rsvp_received": 1, "too_late": 1}


# --- words -----------------------------------------------------------------------------------------------------------

TO_ADA = agent_address(CANDIDATES_EVENT, SETTINGS, ADA)


def in_words(key: str, to: str, **headers: str) -> bytes:
    threads = {"In-Reply-To": message_id(key, SETTINGS), "Subject": "Re: Interview"}
    others = {name.replace("_", "-"): value for name, value in headers.items()}
    return mail(text="Could we meet a little later?", to=to, headers=threads | others)


@pytest.mark.parametrize(
    ("key", "to", "whom"),
    [
        (INVITATION, TO_ADA, "candidate"),
        (PANELS_INVITATION, TO_GRACE, "i1"),
    ],
)
async def test_whose_words_they_are_is_known_by_the_letter_that_they_answer(key: str, to: str, whom: str) -> None:
    desk = await read_one(in_words(key, to))
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact, payload["whom"]) == (INTERVIEW, "words_received", whom)
    assert set(payload) == {"kind", "source_id", "at", "whom"}


async def test_an_invitation_that_is_quoted_along_makes_words_no_answer() -> None:
    threads = {
        "References": f"<first@example.org> {message_id(INVITATION, SETTINGS)}",
        "In-Reply-To": "<x@example.org>",
    }
    desk = await read_one(mail(event("REQUEST"), mime_method="REQUEST", headers=threads))

    assert [fact for _, fact, _ in desk.facts] == ["words_received"]


@pytest.mark.parametrize(
    ("raw", "because"),
    [
        (in_words(INVITATION, TO_GRACE), "not_ours"),
        (in_words(f"{INTERVIEW}/offer/candidate/9.9", TO_ADA), "not_ours"),
        (in_words(DIGEST, TO_GRACE), "not_ours"),
        (in_words(INVITATION, "marta@acme.example"), "not_ours"),
        (
            in_words(INVITATION, TO_ADA, Auto_Submitted="auto-replied"),
            "automatic",
        ),
        (in_words(INVITATION, TO_ADA, Subject="Out of office"), "automatic"),
        (in_words(INVITATION, TO_ADA, Return_Path="<>"), "not_ours"),
    ],
    ids=[
        "to somebody else's address",
        "to a letter that never left",
        "to a digest",
        "to a person",
        "automatic",
        "away",
        "from a mail system",
    ],
)
async def test_words_that_belong_to_nobody_are_told_to_nobody(raw: bytes, because: str) -> None:
    desk = await read_one(raw)

    assert (desk.facts, desk.counts) == ([], {because: 1})


# --- whatever else lies there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"\r\n\r\n",
        b"From: \xff\xfe\r\nTo: =?x-no-such?q?=FF?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\nx",
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n--a\r\n' * 500,
        b"Content-Type: message/rfc822\r\n\r\n" * 500,
        b"To: " + b"a@b.example, " * 50_000 + b"\r\n\r\nx",
        b'Content-Type: text/calendar; charset="utf-16"\r\n\r\nBEGIN:VCALENDAR',
        b"Content-Type: text/calendar\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"A" * 99_999,
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nno parts",
        b"Content-Type: message/delivery-status\r\n\r\n\r\n\r\n:\r\n",
        b"Authentication-Results: " + b"(" * 9_000 + b"\r\nFrom: a@b.example\r\n\r\nx",
        b'From: "' + b"\\" * 9_000 + b"\r\n\r\nx",
        b"From: a@b.example\r\nReferences: " + b"<a@b.example> " * 9_000 + b"\r\n\r\nx",
        b"To: " + b"a" * 20_000 + (b"\r\nTo: " + b"a" * 1_000) * 900 + b"\r\n\r\nx",
        b"From: postmaster@b.example\r\n\r\n" + b"-" * 1_000_000,
        b"From: postmaster@b.example\r\n\r\n" + b"5.1.1x " * 100_000,
        b"From: postmaster@b.example\r\n\r\n" + b"user will be " * 50_000,
        b"From: a@b.example\r\nAuthentication-Results: " + SERVER.encode() + b";" + b" " * 500_000 + b"=\r\n\r\nx",
        mail(event("COUNTER", start="DTSTART;TZID=" + "/x" * 100_000 + ":20261202T110000")),
        mail(event(more="ATTENDEE:mailto:a@b.example\r\n" * 9_000)),
        mail(event(more="BEGIN:VALARM\r\n" * 15_000)),
    ],
    ids=range(22),
)
async def test_no_mail_stops_those_that_come_after_it(raw: bytes) -> None:
    mailbox = MemoryMailbox(authserv_id=SERVER)
    mailbox.deliver(raw, ARRIVED)
    mailbox.deliver(mail(event()), ARRIVED)
    desk = Desk(mailbox)
    await desk.read()

    assert "rsvp_received" in [fact for _, fact, _ in desk.facts]


def multiparts_in_one_another(depth: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))


@pytest.mark.parametrize(
    "raw",
    [
        b'Content-Type: text/plain; x="' + b";" * 1_000_000 + b"\n\nx",
        multiparts_in_one_another(300) + b"\n" * 1_000_000,
        b"Content-Type: text/calendar; charset=punycode\n\n" + b"a" * 500_000 + b"-" + b"a" * 500_000,
    ],
    ids=["one parameter of semicolons", "multiparts in one another", "an alphabet that is put together"],
)
def test_a_mail_that_would_take_minutes_is_given_up_in_a_moment(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be read again and again, and nothing behind it ever."""
    monkeypatch.setattr(mails, "_A_MOMENT", 0.1)
    understood = mails.read_mail(raw, place="INBOX/1/1", arrived=ARRIVED, server=None)

    assert understood.says == Nothing(because="unreadable")


async def test_what_lies_behind_a_huge_attachment_is_read_as_far_as_it_goes() -> None:
    huge = mail(event()).rstrip(b"\n").rstrip(b"-").rstrip()
    desk = await read_one(huge + b"\n\n" + b"x" * 3_000_000)

    assert [fact for _, fact, _ in desk.facts] == ["rsvp_received"]
