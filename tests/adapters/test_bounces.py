import pytest

from adapters.mail.imap import ImapMailbox
from tests.adapters.desk import ARRIVED, CORPUS, DIGEST, INTERVIEW, INVITATION, Desk, read_one, returned, token_of
from tests.adapters.imap_server import ImapServer

NOBODY_THERE = {
    "postfix-user-unknown": "5.1.1",
    "postfix-mailbox-closed": "5.2.1",
    "postfix-no-such-domain": "5.1.2",
    "exim-report": "5.1.1",
    "exim-words-unrouteable": "5.1.1",
    "exchange-online-unknown": "5.1.10",
    "gmail-no-such-user": "5.1.1",
    "sendmail-user-unknown": "5.1.1",
    "qmail-no-mailbox": "5.1.1",
    "qmail-remote-refused": "5.1.1",
    "yahoo-words": "5.1.1",
    "domino-words": "5.1.1",
    "status-missing": "5.1.1",
    "action-missing": "5.1.1",
    "global-report": "5.1.1",
}
REFUSED = {
    "postfix-mailbox-full": "5.2.2",
    "postfix-host-not-found": "5.4.4",
    "postfix-sender-refused": "5.1.8",
    "postfix-policy": "5.7.1",
    "postfix-gave-up": "4.4.1",
    "exim-words-policy": "5.7.1",
    "exim-words-gave-up": "5.0.0",
    "exchange-online-access-denied": "5.4.1",
    "exchange-online-full": "5.2.2",
    "exchange-online-not-allowed": "5.7.133",
    "gmail-policy": "5.7.26",
    "qmail-full": "5.2.2",
    "qmail-gave-up": "4.4.2",
    "gateway-words": "5.7.0",
    "japanese-words": "5.0.0",
    "report-says-nothing": "5.0.0",
    "challenge": "5.0.0",
    "empty": "5.0.0",
}
DELIVERED = ("postfix-delivered", "postfix-relayed", "exchange-receipt", "forwarded-to-two")
DELAYED = (
    "postfix-delayed",
    "exim-warning-delayed",
    "exchange-online-delayed",
    "gmail-delayed",
    "sendmail-warning",
    "sendmail-words-warning",
)
AUTOMATIC = (
    "vacation-by-the-book",
    "vacation-of-exchange",
    "vacation-by-its-subject",
    "vacation-by-precedence",
    "mailing-list",
    "read-receipt",
    "complaint",
)
IN_WORDS = ("person-to-the-envelope",)


async def read_returned(name: str, key: str = INVITATION) -> Desk:
    return await read_one(returned(name, token_of(key)))


def test_every_mail_of_the_corpus_is_judged_here() -> None:
    judged = [*NOBODY_THERE, *REFUSED, *DELIVERED, *DELAYED, *AUTOMATIC, *IN_WORDS]

    assert sorted(judged) == sorted(file.stem for file in CORPUS.glob("*.eml"))


@pytest.mark.parametrize(
    ("name", "status", "address_is_bad"),
    [(name, status, True) for name, status in NOBODY_THERE.items()]
    + [(name, status, False) for name, status in REFUSED.items()],
)
async def test_a_letter_that_came_back_is_told_with_the_reason(name: str, status: str, *, address_is_bad: bool) -> None:
    desk = await read_returned(name)
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact) == (INTERVIEW, "message_bounced")
    assert payload["key"] == INVITATION
    assert (payload["status"], payload["address_is_bad"]) == (status, address_is_bad)


@pytest.mark.parametrize("name", DELIVERED)
async def test_a_letter_that_arrived_is_told(name: str) -> None:
    desk = await read_returned(name)
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact, payload["key"]) == (INTERVIEW, "message_delivered", INVITATION)


@pytest.mark.parametrize("name", DELAYED)
async def test_a_letter_that_is_late_is_no_news(name: str) -> None:
    desk = await read_returned(name)

    assert (desk.facts, desk.counts) == ([], {"delayed": 1})


@pytest.mark.parametrize("name", AUTOMATIC)
async def test_what_a_program_answers_by_itself_is_no_news(name: str) -> None:
    desk = await read_returned(name)

    assert (desk.facts, desk.counts) == ([], {"automatic": 1})


@pytest.mark.parametrize("name", IN_WORDS)
async def test_a_person_who_answers_to_the_envelope_has_bounced_nothing(name: str) -> None:
    desk = await read_returned(name)
    ((interview, fact, payload),) = desk.facts

    assert (interview, fact, payload["whom"]) == (INTERVIEW, "words_received", "candidate")


@pytest.mark.parametrize("name", ["postfix-user-unknown", "qmail-no-mailbox", "empty"])
async def test_a_report_about_a_letter_that_never_left_us_is_believed_by_nobody(name: str) -> None:
    desk = await read_returned(name, key=f"{INTERVIEW}/offer/candidate/1.1")

    assert (desk.facts, desk.counts) == ([], {"not_ours": 1})


async def test_a_letter_that_belongs_to_no_interview_is_no_interviews_news() -> None:
    desk = await read_returned("postfix-user-unknown", key=DIGEST)

    assert (desk.facts, desk.counts) == ([], {"of_no_interview": 1})


async def test_the_whole_corpus_goes_the_whole_way(imap: ImapServer) -> None:
    """By a real IMAP server, and in one go: each mail is about the letter of an interview that bears its name."""
    names = sorted(file.stem for file in CORPUS.glob("*.eml"))
    imap.make("Corpus")
    desk = Desk(ImapMailbox(imap.settings(folders=("Corpus",))))
    await desk.sent(*(f"{name}/invitation/candidate/1.1" for name in names))
    mails = [returned(name, token_of(f"{name}/invitation/candidate/1.1")) for name in names]
    imap.deliver("Corpus", *mails, at=ARRIVED)
    await desk.read(most=100)
    heard = {interview: (fact, payload.get("status")) for interview, fact, payload in desk.facts}

    assert heard == {
        **{name: ("message_bounced", status) for name, status in (NOBODY_THERE | REFUSED).items()},
        **dict.fromkeys(DELIVERED, ("message_delivered", None)),
        **dict.fromkeys(IN_WORDS, ("words_received", None)),
    }
    assert (desk.counts["delayed"], desk.counts["automatic"]) == (len(DELAYED), len(AUTOMATIC))


async def test_what_is_told_of_a_report_names_nobody() -> None:
    desk = await read_returned("postfix-user-unknown")
    ((_, _, payload),) = desk.facts

    assert set(payload) == {"kind", "source_id", "at", "key", "status", "address_is_bad"}
    assert "ada" not in str(payload).lower()


@pytest.mark.parametrize("name", ["postfix-user-unknown", "empty", "postfix-delivered"])
async def test_the_same_report_has_the_same_name_wherever_it_lies(name: str) -> None:
    first, second = await read_returned(name), await read_returned(name)

    assert [fact for *_, fact in first.facts] == [fact for *_, fact in second.facts]
