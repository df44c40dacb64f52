"""What `send_letter` and `send_digest` make of the post; the demo's mail server."""

import asyncio
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from typing import get_type_hints

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.mail import (
    Delivered,
    Handover,
    KeyReused,
    MailActivities,
    Outbox,
    PostUnavailable,
    PostUnsure,
    Rejected,
)
from adapters.mail.smtp import SmtpPost, SmtpSettings
from adapters.memory.mail import MemoryOutbox, MemoryPost
from demo.mail_server import MailServer, mail_server
from entrevue.letters import Letter
from entrevue.orders import LetterRefused, LetterSent, LetterUnsure
from tests.adapters.post_office import (
    INVITATION,
    NOW,
    NUDGE,
    RAW,
    RECIPIENT,
    SENDER,
    SETTINGS,
    SLOT,
    Everywhere,
    MemoryOffice,
    PostOffice,
    Trouble,
    order_of,
)

# --- the activity ----------------------------------------------------------------------------------------------------


def activities(office: PostOffice, outbox: Outbox) -> MailActivities:
    return MailActivities(office.post, outbox, SETTINGS)


@pytest.mark.parametrize("letter", [INVITATION, NUDGE], ids=["invitation", "nudge"])
async def test_a_letter_that_was_sent_is_not_sent_again(office: PostOffice, letter: Letter) -> None:
    outbox = MemoryOutbox()
    first = await activities(office, outbox).send_letter(order_of(letter))
    again = await activities(office, outbox).send_letter(order_of(letter))

    assert isinstance(first, LetterSent)
    assert again == first
    assert len(office.kept) == 1
    assert message_from_bytes(office.kept[0][0])["Message-ID"] == first.message_id


@pytest.mark.parametrize("trouble", [Trouble.LATER, Trouble.CLOSED])
@pytest.mark.parametrize("letter", [INVITATION, NUDGE], ids=["invitation", "nudge"])
async def test_where_nothing_was_handed_over_any_letter_is_tried_again(
    office: PostOffice, letter: Letter, trouble: Everywhere
) -> None:
    outbox = MemoryOutbox()
    office.expect(trouble)
    with pytest.raises(PostUnavailable):
        await activities(office, outbox).send_letter(order_of(letter))
    office.expect(None)

    assert isinstance(await activities(office, outbox).send_letter(order_of(letter)), LetterSent)
    assert len(office.kept) == 1


async def test_an_invitation_that_may_be_lost_is_sent_again_byte_by_byte(office: PostOffice) -> None:
    outbox = MemoryOutbox()
    office.expect(Trouble.DROPPED)
    with pytest.raises(PostUnsure):
        await activities(office, outbox).send_letter(order_of(INVITATION))
    again = await activities(office, outbox).send_letter(order_of(INVITATION))

    assert isinstance(again, LetterSent)
    first, second = office.kept
    assert first == second
    assert message_from_bytes(second[0])["Message-ID"] == again.message_id


async def test_an_invitation_that_may_be_lost_twice_is_not_sent_a_third_time(office: PostOffice) -> None:
    """A server that scans for longer than we wait takes every copy: without an end, that made a hundred a day."""
    outbox = MemoryOutbox()
    office.expect(Trouble.DROPPED)
    with pytest.raises(PostUnsure):
        await activities(office, outbox).send_letter(order_of(INVITATION))
    office.expect(Trouble.DROPPED)
    again = await activities(office, outbox).send_letter(order_of(INVITATION))

    assert again == LetterUnsure(key="r7/letter/candidate/0.1")
    assert len(office.kept) == 2


async def test_a_nudge_that_may_be_lost_is_let_be(office: PostOffice) -> None:
    outbox = MemoryOutbox()
    office.expect(Trouble.DROPPED)
    first = await activities(office, outbox).send_letter(order_of(NUDGE))
    again = await activities(office, outbox).send_letter(order_of(NUDGE))

    assert first == again == LetterUnsure(key="r7/letter/candidate/0.1")
    assert len(office.kept) == 1


async def test_a_refused_letter_stays_refused_without_asking_again(office: PostOffice) -> None:
    outbox = MemoryOutbox()
    office.expect(Trouble.NOBODY)
    first = await activities(office, outbox).send_letter(order_of(INVITATION))
    again = await activities(office, outbox).send_letter(order_of(INVITATION))

    assert first == again == LetterRefused(key="r7/letter/candidate/0.1", smtp_code=550, address_is_bad=True)
    assert office.kept == []


class Dying:
    """A worker that is killed while it sends."""

    async def send(self, raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        raise asyncio.CancelledError(len(raw), sender, recipient)


@pytest.mark.parametrize(("letter", "copies"), [(INVITATION, 1), (NUDGE, 0)], ids=["invitation", "nudge"])
async def test_after_a_worker_died_while_sending_the_kind_of_letter_decides(letter: Letter, copies: int) -> None:
    outbox, office = MemoryOutbox(), MemoryOffice()
    with pytest.raises(asyncio.CancelledError):
        await MailActivities(Dying(), outbox, SETTINGS).send_letter(order_of(letter))

    answer = await activities(office, outbox).send_letter(order_of(letter))

    assert len(office.kept) == copies
    assert isinstance(answer, LetterSent if copies else LetterUnsure)


async def test_a_letter_that_may_be_out_stays_so_while_the_post_is_unavailable() -> None:
    outbox, office = MemoryOutbox(), MemoryOffice()
    office.expect(Trouble.DROPPED)
    office.expect(Trouble.CLOSED)
    with pytest.raises(PostUnsure):
        await activities(office, outbox).send_letter(order_of(INVITATION))
    with pytest.raises(PostUnavailable):
        await activities(office, outbox).send_letter(order_of(INVITATION))

    assert outbox.rows["r7/letter/candidate/0.1"].state is Handover.AMBIGUOUS


class Waiting(MemoryPost):
    """A post that takes its time over the first letter."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def send(self, raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        self.reached.set()
        await self.go_on.wait()
        return await super().send(raw, sender=sender, recipient=recipient)


async def test_two_attempts_at_once_send_one_nudge() -> None:
    outbox, post = MemoryOutbox(), Waiting()
    slow = asyncio.create_task(MailActivities(post, outbox, SETTINGS).send_letter(order_of(NUDGE)))
    await post.reached.wait()

    second = await MailActivities(post, outbox, SETTINGS).send_letter(order_of(NUDGE))
    post.go_on.set()

    assert isinstance(second, LetterUnsure)
    assert isinstance(await slow, LetterSent)
    assert len(post.letters) == 1
    assert outbox.rows["r7/letter/candidate/0.1"].state is Handover.ACCEPTED


async def test_another_time_under_the_same_key_is_found_out_and_not_sent() -> None:
    outbox, office = MemoryOutbox(), MemoryOffice()
    await activities(office, outbox).send_letter(order_of(INVITATION))
    longer = INVITATION.event.model_copy(update={"slot": SLOT.model_copy(update={"minutes": 60})})
    other = INVITATION.model_copy(update={"event": longer})

    with pytest.raises(KeyReused):
        await activities(office, outbox).send_letter(order_of(other))
    assert len(office.kept) == 1


async def test_an_offer_that_has_lost_a_slot_meanwhile_is_still_the_same_letter() -> None:
    outbox, office = MemoryOutbox(), MemoryOffice()
    two = NUDGE.model_copy(update={"slots": (SLOT, SLOT.model_copy(update={"start": SLOT.start + timedelta(days=1)}))})
    await activities(office, outbox).send_letter(order_of(two))
    again = await activities(office, outbox).send_letter(order_of(NUDGE))

    assert isinstance(again, LetterSent)
    assert len(office.kept) == 1


async def test_a_later_attempt_with_other_words_is_still_the_same_letter() -> None:
    outbox, office = MemoryOutbox(), MemoryOffice()
    office.expect(Trouble.CLOSED)
    with pytest.raises(PostUnavailable):
        await activities(office, outbox).send_letter(order_of(NUDGE))
    later = NUDGE.model_copy(update={"reply_by": SLOT.end})
    renamed = order_of(later, now=NOW + timedelta(hours=1)).model_copy(update={"role": "Senior engineer"})

    assert isinstance(await activities(office, outbox).send_letter(renamed), LetterSent)


async def test_the_outbox_knows_nothing_about_people() -> None:
    outbox, office = MemoryOutbox(), MemoryOffice()
    await activities(office, outbox).send_letter(order_of(INVITATION))

    kept = repr(outbox.rows)
    assert "r7/letter/candidate/0.1" in kept
    for personal in ("Ada", RECIPIENT, "ada", "Grace", "Backend", "Acme"):
        assert personal not in kept


@pytest.mark.parametrize(
    "answer",
    [
        LetterSent(key="k", message_id="<m@x>"),
        LetterRefused(key="k", smtp_code=550, address_is_bad=True),
        LetterUnsure(key="k"),
    ],
    ids=lambda answer: answer.kind,
)
async def test_order_and_answer_survive_temporals_converter(answer: LetterSent | LetterRefused | LetterUnsure) -> None:
    hints = get_type_hints(MailActivities.send_letter)
    payloads = await pydantic_data_converter.encode([order_of(INVITATION), answer])

    assert await pydantic_data_converter.decode(payloads, [hints["order"], hints["return"]]) == [
        order_of(INVITATION),
        answer,
    ]


# --- the demo's mail server ------------------------------------------------------------------------------------------


def post_to(server: MailServer) -> SmtpPost:
    return SmtpPost(SmtpSettings(hostname=server.hostname, port=server.port, tls="none", introduce_as="localhost"))


def folders(path: Path) -> list[str]:
    return sorted(folder.name for folder in path.iterdir())


async def test_the_demo_server_keeps_what_it_takes_through_a_power_cut(tmp_path: Path) -> None:
    async with mail_server(tmp_path / "mail", unknown=["nobody@example.org"]) as server:
        assert await post_to(server).send(RAW, sender=SENDER, recipient="Ada@example.org") == Delivered()
        await server.kill()
        with pytest.raises(PostUnavailable):
            await post_to(server).send(RAW, sender=SENDER, recipient=RECIPIENT)
        await server.start()
        refused = await post_to(server).send(RAW, sender=SENDER, recipient="nobody@example.org")
        assert await post_to(server).send(RAW, sender=SENDER, recipient=RECIPIENT) == Delivered()
        assert await post_to(server).send(RAW, sender=SENDER, recipient="../../o@example.org") == Delivered()

    assert refused == Rejected(smtp_code=550, address_is_bad=True)
    assert server.raw_letters(RECIPIENT) == [RAW, RAW]
    assert [letter["Subject"] for letter in server.letters(RECIPIENT)] == ["dots", "dots"]
    assert server.letters("nobody@example.org") == []
    assert len(await server.letters_when(RECIPIENT, 2)) == 2
    assert folders(tmp_path) == ["mail"]
    assert folders(tmp_path / "mail") == ["..%2F..%2Fo@example.org", "ada@example.org"]


async def test_the_demo_server_lets_nobody_wait_for_ever(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError):
        await MailServer(tmp_path).letters_when(RECIPIENT, 1, within=0.1)
