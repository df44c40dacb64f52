"""The post's contract, in memory and over SMTP; what `send_letter` makes of it; the demo's mail server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol, assert_never, get_type_hints

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr, ValidationError
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.letters import MailSettings
from activities.mail import (
    Delivered,
    Handover,
    KeyReused,
    MailActivities,
    Outbox,
    Post,
    PostUnavailable,
    PostUnsure,
    Rejected,
)
from adapters.memory_mail import MemoryOutbox, MemoryPost
from adapters.smtp import SmtpPost, SmtpSettings
from demo.mail_server import MailServer, mail_server
from entrevue.orders import (
    CalendarEvent,
    Correspondent,
    Invitation,
    Letter,
    LetterRefused,
    LetterSent,
    LetterUnsure,
    Nudge,
    SendLetter,
)
from entrevue.values import Slot

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SLOT = Slot(start=NOW + timedelta(days=7), minutes=40)
SENDER, RECIPIENT = "bounces+1@hire.example.org", "ada@example.org"
RAW = b"From: a@example.org\r\nTo: ada@example.org\r\nSubject: dots\r\n\r\n.\r\n..\r\n.a line\r\nlast\r\n"
SETTINGS = MailSettings(
    domain="hire.example.org",
    from_address="interviews@hire.example.org",
    from_name="Acme Interviews",
    agent_address="interviews+{token}@hire.example.org",
    bounce_address="bounces+{token}@hire.example.org",
    secret=SecretStr("a secret of some length"),
)
INVITATION = Invitation(
    event=CalendarEvent(uid="r7.c1", sequence=0, stamp=NOW, slot=SLOT, summary="Interview"),
    imip=True,
    with_names=("Grace",),
)
NUDGE = Nudge(slots=(SLOT,), reply_by=SLOT.start)
UNHURRIED, HURRIED = 20.0, 1.5


def order_of(letter: Letter, *, key: str = "r7/letter/candidate/0.1", now: datetime = NOW) -> SendLetter:
    return SendLetter(
        key=key,
        lane="mail/candidate",
        interview="r7",
        now=now,
        to=Correspondent(who="candidate", name="Ada", email=RECIPIENT),
        role="Backend engineer",
        organisation="Acme",
        date=now,
        again_if_unsure=letter.kind == "invitation",
        letter=letter,
    )


# --- post offices, each with the same troubles -----------------------------------------------------------------------


class Trouble(StrEnum):
    """What happens to the next letter."""

    NONE = "it is taken"
    NOBODY = "550 5.1.1 at RCPT"
    NOBODY_PLAIN = "550 at RCPT"
    POLICY = "550 5.7.1 at RCPT"
    LATER = "451 at RCPT"
    SENDER_REFUSED = "553 at MAIL"
    TEXT_REFUSED = "554 at DATA"
    TEXT_LATER = "451 at DATA"
    DROPPED = "connection lost after DATA"
    SLOW = "no answer after DATA"
    CLOSED = "connection refused"


class PostOffice(Protocol):
    """A post, what it has kept, and a way to make trouble once."""

    @property
    def post(self) -> Post: ...

    def expect(self, trouble: Trouble) -> None: ...

    @property
    def kept(self) -> list[tuple[bytes, str, str]]: ...


class MemoryOffice:
    def __init__(self) -> None:
        self.post = MemoryPost()

    def expect(self, trouble: Trouble) -> None:
        if trouble is not Trouble.NONE:
            self.post.next_time.append(_in_memory(trouble))

    @property
    def kept(self) -> list[tuple[bytes, str, str]]:
        return [(letter.raw, letter.sender, letter.recipient) for letter in self.post.letters]


def _in_memory(
    trouble: Literal[
        Trouble.NOBODY,
        Trouble.NOBODY_PLAIN,
        Trouble.POLICY,
        Trouble.LATER,
        Trouble.SENDER_REFUSED,
        Trouble.TEXT_REFUSED,
        Trouble.TEXT_LATER,
        Trouble.DROPPED,
        Trouble.SLOW,
        Trouble.CLOSED,
    ],
) -> Rejected | PostUnavailable | PostUnsure:
    match trouble:
        case Trouble.NOBODY | Trouble.NOBODY_PLAIN:
            return Rejected(smtp_code=550, address_is_bad=True)
        case Trouble.POLICY:
            return Rejected(smtp_code=550, address_is_bad=False)
        case Trouble.SENDER_REFUSED:
            return Rejected(smtp_code=553, address_is_bad=False)
        case Trouble.TEXT_REFUSED:
            return Rejected(smtp_code=554, address_is_bad=False)
        case Trouble.LATER | Trouble.TEXT_LATER | Trouble.CLOSED:
            return PostUnavailable("451")
        case Trouble.DROPPED | Trouble.SLOW:
            return PostUnsure("lost")
        case _:
            assert_never(trouble)


class SmtpOffice:
    """A real SMTP server in this loop; it follows the script once, and names the recipient in whatever it says."""

    def __init__(self, port: int, closed_port: int) -> None:
        self._port, self._closed_port = port, closed_port
        self._trouble = Trouble.NONE
        self._kept: list[tuple[bytes, str, str]] = []
        self.released = asyncio.Event()
        self.commands: list[str] = []
        self.post = self._post_to(port)

    def expect(self, trouble: Trouble) -> None:
        self._trouble = trouble
        port = self._closed_port if trouble is Trouble.CLOSED else self._port
        self.post = self._post_to(port, HURRIED if trouble is Trouble.SLOW else UNHURRIED)

    @property
    def kept(self) -> list[tuple[bytes, str, str]]:
        return self._kept

    def _post_to(self, port: int, patience: float = UNHURRIED) -> SmtpPost:
        return SmtpPost(
            SmtpSettings(hostname="127.0.0.1", port=port, tls="none", introduce_as="localhost", patience=patience)
        )

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.commands.append(" ".join(["MAIL", *options]))
        if self._trouble is Trouble.SENDER_REFUSED:
            return self._once(f"553 5.1.8 <{address}> may not write here")
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        match self._trouble:
            case Trouble.NOBODY:
                return self._once(f"550 5.1.1 <{address}> is unknown")
            case Trouble.NOBODY_PLAIN:
                return self._once(f"550 <{address}> is unknown")
            case Trouble.POLICY:
                return self._once(f"550 5.7.1 <{address}> takes no letters from you")
            case Trouble.LATER:
                return self._once(f"451 4.7.1 <{address}> later")
            case _:
                envelope.rcpt_tos.append(address)
                return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        match self._trouble:
            case Trouble.TEXT_REFUSED:
                return self._once(f"554 5.6.0 <{envelope.rcpt_tos[0]}> would not like this")
            case Trouble.TEXT_LATER:
                return self._once(f"451 4.3.0 <{envelope.rcpt_tos[0]}> later")
            case Trouble.DROPPED:
                self._keep(envelope)
                assert isinstance(server.transport, asyncio.WriteTransport)
                server.transport.abort()
            case Trouble.SLOW:
                self._keep(envelope)
                await self.released.wait()
            case _:
                self._keep(envelope)
        return self._once("250 OK")

    def _keep(self, envelope: Envelope) -> None:
        assert isinstance(envelope.original_content, bytes)
        assert envelope.mail_from is not None
        self._kept += [(envelope.original_content, envelope.mail_from, address) for address in envelope.rcpt_tos]

    def _once(self, answer: str) -> str:
        self._trouble = Trouble.NONE
        return answer


@pytest.fixture(name="closed_port")
def _closed_port() -> Iterator[int]:
    """A port that belongs to us and at which nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@asynccontextmanager
async def listening(closed_port: int, *, largest: int | None = None) -> AsyncIterator[SmtpOffice]:
    loop = asyncio.get_running_loop()
    offices: list[SmtpOffice] = []
    server = await loop.create_server(
        lambda: SMTP(offices[0], data_size_limit=largest, hostname="localhost", loop=loop), "127.0.0.1", 0
    )
    offices.append(SmtpOffice(server.sockets[0].getsockname()[1], closed_port))
    async with server:
        yield offices[0]
        offices[0].released.set()


@pytest.fixture(name="smtp")
async def _smtp(closed_port: int) -> AsyncIterator[SmtpOffice]:
    async with listening(closed_port) as office:
        yield office


@pytest.fixture(name="office", params=["memory", "smtp"])
async def _office(request: pytest.FixtureRequest, closed_port: int) -> AsyncIterator[PostOffice]:
    if request.param == "memory":
        yield MemoryOffice()
        return
    async with listening(closed_port) as office:
        yield office


# --- the contract of a post ------------------------------------------------------------------------------------------


async def test_a_letter_arrives_byte_by_byte(office: PostOffice) -> None:
    answer = await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert answer == Delivered()
    assert office.kept == [(RAW, SENDER, RECIPIENT)]


@pytest.mark.parametrize(
    ("trouble", "answer"),
    [
        (Trouble.NOBODY, Rejected(smtp_code=550, address_is_bad=True)),
        (Trouble.NOBODY_PLAIN, Rejected(smtp_code=550, address_is_bad=True)),
        (Trouble.POLICY, Rejected(smtp_code=550, address_is_bad=False)),
        (Trouble.SENDER_REFUSED, Rejected(smtp_code=553, address_is_bad=False)),
        (Trouble.TEXT_REFUSED, Rejected(smtp_code=554, address_is_bad=False)),
    ],
)
async def test_a_refusal_is_answered_and_says_whose_fault_it_is(
    office: PostOffice, trouble: Trouble, answer: Rejected
) -> None:
    office.expect(trouble)

    assert await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT) == answer
    assert office.kept == []


@pytest.mark.parametrize("trouble", [Trouble.LATER, Trouble.TEXT_LATER, Trouble.CLOSED])
async def test_where_nothing_was_handed_over_the_post_is_unavailable_for_now(
    office: PostOffice, trouble: Trouble
) -> None:
    office.expect(trouble)
    with pytest.raises(PostUnavailable):
        await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT)
    assert office.kept == []

    office.expect(Trouble.NONE)

    assert await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT) == Delivered()


@pytest.mark.parametrize("trouble", [Trouble.DROPPED, Trouble.SLOW])
async def test_where_the_text_was_handed_over_and_no_answer_came_the_post_is_unsure(
    office: PostOffice, trouble: Trouble
) -> None:
    office.expect(trouble)

    with pytest.raises(PostUnsure):
        await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert office.kept == [(RAW, SENDER, RECIPIENT)]


# --- SMTP in particular ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [Trouble.LATER, Trouble.TEXT_LATER, Trouble.CLOSED, Trouble.DROPPED])
async def test_trouble_names_nobody_although_the_server_does(smtp: SmtpOffice, trouble: Trouble) -> None:
    smtp.expect(trouble)

    with pytest.raises((PostUnavailable, PostUnsure)) as caught:
        await smtp.post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert "@" not in f"{caught.value!r}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_a_letter_larger_than_the_server_takes_is_not_even_begun(closed_port: int) -> None:
    async with listening(closed_port, largest=1000) as small:
        answer = await small.post.send(RAW + b"x\r\n" * 1000, sender=SENDER, recipient=RECIPIENT)

        assert answer == Rejected(smtp_code=552, address_is_bad=False)
        assert small.commands == []
        assert await small.post.send(RAW, sender=SENDER, recipient=RECIPIENT) == Delivered()
        assert small.commands == [f"MAIL SIZE={len(RAW)}"]


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_without_the_encryption_asked_for_nothing_is_said(
    smtp: SmtpOffice, tls: Literal["starttls", "tls"]
) -> None:
    post = SmtpPost(smtp.post.settings.model_copy(update={"tls": tls}))

    with pytest.raises(PostUnavailable):
        await post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert smtp.commands == []
    assert smtp.kept == []


async def test_a_login_that_the_server_does_not_know_makes_the_post_unavailable(smtp: SmtpOffice) -> None:
    login = {"username": "entrevue", "password": SecretStr("correct horse")}
    post = SmtpPost(smtp.post.settings.model_copy(update=login))

    with pytest.raises(PostUnavailable) as caught:
        await post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert "correct horse" not in f"{caught.value!r} {post.settings!r}"
    assert smtp.kept == []


async def test_a_server_that_says_nothing_makes_the_post_unavailable() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        mute = SmtpSettings(hostname="127.0.0.1", port=port, tls="none", introduce_as="localhost", patience=0.1)

        with pytest.raises(PostUnavailable):
            await SmtpPost(mute).send(RAW, sender=SENDER, recipient=RECIPIENT)


@pytest.mark.parametrize("hostname", ["mail.example.org", "192.0.2.1", "127.0.0.1.example.org"])
def test_a_server_elsewhere_is_never_spoken_to_in_the_clear(hostname: str) -> None:
    with pytest.raises(ValidationError, match="tls=none"):
        SmtpSettings(hostname=hostname, port=25, tls="none")

    assert SmtpSettings(hostname=hostname, port=587).tls == "starttls"


@pytest.mark.parametrize("hostname", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_a_server_on_this_machine_may_be(hostname: str) -> None:
    assert SmtpSettings(hostname=hostname, port=25, tls="none").hostname == hostname


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
    office: PostOffice, letter: Letter, trouble: Trouble
) -> None:
    outbox = MemoryOutbox()
    office.expect(trouble)
    with pytest.raises(PostUnavailable):
        await activities(office, outbox).send_letter(order_of(letter))
    office.expect(Trouble.NONE)

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
