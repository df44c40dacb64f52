"""Whatever a mail server does, every letter ends in the state that tells the truth about it."""

from dataclasses import dataclass
from email import message_from_bytes

import pytest

from activities.letters import returned
from activities.mail import Handover, MailActivities, PostUnavailable, PostUnsure
from adapters.memory.mail import MemoryOutbox
from entrevue.letters import Digest, OpenForm
from entrevue.orders import LetterRefused, LetterSent, LetterUnsure, SendDigest, SendLetter
from tests.adapters.post_office import INVITATION, NOW, NUDGE, RECIPIENT, SETTINGS, SLOT, SmtpOffice, Trouble, order_of

INVITED, NUDGED = order_of(INVITATION), order_of(NUDGE)
DIGEST = SendDigest(
    key="digest:grace:2026-11-24",
    now=NOW,
    to=INVITED.to.model_copy(update={"who": "i1"}),
    organisation="Acme",
    letter=Digest(
        forms=(OpenForm(interview="r7", who="i1", role="Engineer", candidate="Ada", due=SLOT.start, minutes=10),)
    ),
)
KINDS: dict[str, SendLetter | SendDigest] = {"invitation": INVITED, "nudge": NUDGED, "digest": DIGEST}


@dataclass(frozen=True)
class Ending:
    """How it stands after the trouble, after the attempts that follow, and how many copies the server has by then."""

    meanwhile: Handover
    finally_: Handover
    copies: int


TAKEN = Ending(Handover.ACCEPTED, Handover.ACCEPTED, 1)
REFUSED = Ending(Handover.REFUSED, Handover.REFUSED, 0)
TAKEN_LATER = Ending(Handover.PREPARED, Handover.ACCEPTED, 1)
TAKEN_TWICE = Ending(Handover.AMBIGUOUS, Handover.ACCEPTED, 2)
LET_BE = Ending(Handover.AMBIGUOUS, Handover.AMBIGUOUS, 1)

ENDINGS = {
    Trouble.NONE: TAKEN,
    Trouble.NOBODY: REFUSED,
    Trouble.NOBODY_PLAIN: REFUSED,
    Trouble.POLICY: REFUSED,
    Trouble.SENDER_REFUSED: REFUSED,
    Trouble.TOO_BIG: REFUSED,
    Trouble.TEXT_REFUSED: REFUSED,
    Trouble.LATER: TAKEN_LATER,
    Trouble.GREYLISTED: TAKEN_LATER,
    Trouble.TEXT_LATER: TAKEN_LATER,
    Trouble.CLOSED: TAKEN_LATER,
    Trouble.HANGS_UP: TAKEN_LATER,
    Trouble.LOGIN_REFUSED: TAKEN_LATER,
}
UNSURE = (Trouble.DROPPED, Trouble.SLOW)
BAD_ADDRESS = {Trouble.NOBODY, Trouble.NOBODY_PLAIN}

CASES = [(trouble, kind, ending) for trouble, ending in ENDINGS.items() for kind in ("invitation", "nudge")]
CASES += [(trouble, "invitation", TAKEN_TWICE) for trouble in UNSURE]
CASES += [(trouble, "nudge", LET_BE) for trouble in UNSURE] + [(Trouble.DROPPED, "digest", LET_BE)]


async def attempt(
    activities: MailActivities, order: SendLetter | SendDigest
) -> LetterSent | LetterRefused | LetterUnsure | None:
    """Try once, as Temporal would; None: it will try again."""
    try:
        if isinstance(order, SendDigest):
            return await activities.send_digest(order)
        return await activities.send_letter(order)
    except (PostUnavailable, PostUnsure):
        return None


def test_every_trouble_has_its_ending() -> None:
    assert {*ENDINGS, *UNSURE} == {*Trouble}


@pytest.mark.parametrize(("trouble", "kind", "ending"), CASES)
async def test_every_smtp_outcome_ends_in_its_state(
    smtp: SmtpOffice, trouble: Trouble, kind: str, ending: Ending
) -> None:
    outbox, order = MemoryOutbox(), KINDS[kind]
    smtp.expect(trouble)
    first = await attempt(MailActivities(smtp.post, outbox, SETTINGS), order)
    meanwhile = outbox.rows[order.key].state
    smtp.expect(None)
    answers = [await attempt(MailActivities(smtp.post, outbox, SETTINGS), order) for _ in range(3)]
    row = outbox.rows[order.key]

    assert (meanwhile, row.state, len(smtp.kept)) == (ending.meanwhile, ending.finally_, ending.copies)
    assert len({*smtp.kept}) <= 1, "every copy is the same, byte by byte"
    assert {message_from_bytes(raw)["Message-ID"] for raw, _, _ in smtp.kept} <= {row.message_id}
    assert first in (None, answers[0])
    match answers[0]:
        case LetterRefused() as refused:
            assert refused.address_is_bad == (trouble in BAD_ADDRESS)
            assert refused.smtp_code == int(trouble[:3])
        case LetterSent():
            assert row.state is Handover.ACCEPTED
        case _:
            assert row.state is Handover.AMBIGUOUS
    assert answers == [answers[0]] * 3, "asked again, it tells the same and sends nothing"


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_server_reports_later_names_the_letter_it_was(smtp: SmtpOffice, kind: str) -> None:
    outbox, order = MemoryOutbox(), KINDS[kind]
    answer = await attempt(MailActivities(smtp.post, outbox, SETTINGS), order)
    report = smtp.report()
    _, status = report.iter_parts()
    about, of_recipient = status.iter_parts()
    token = report["To"].addresses[0].username.partition("+")[2]

    assert isinstance(answer, LetterSent)
    assert await outbox.key_of(f"<{about['Original-Envelope-Id']}>") == order.key
    assert await outbox.key_of(returned(token, SETTINGS) or "") == order.key
    assert of_recipient["Final-Recipient"] == f"rfc822; {RECIPIENT}"


async def test_a_digest_of_one_day_is_sent_once_whatever_is_open_by_then(smtp: SmtpOffice) -> None:
    outbox = MemoryOutbox()
    first = await attempt(MailActivities(smtp.post, outbox, SETTINGS), DIGEST)
    other = DIGEST.letter.forms[0].model_copy(update={"interview": "r8"})
    more = DIGEST.model_copy(update={"letter": Digest(forms=(*DIGEST.letter.forms, other))})

    assert await attempt(MailActivities(smtp.post, outbox, SETTINGS), more) == first
    assert len(smtp.kept) == 1
