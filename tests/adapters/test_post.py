"""The post's contract, in memory and over SMTP."""

import asyncio
import re
from typing import Literal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from activities.mail import (
    Delivered,
    PostUnavailable,
    PostUnsure,
    Rejected,
)
from adapters.mail.smtp import SmtpPost, SmtpSettings, xtext
from tests.adapters.post_office import (
    CERTIFICATE,
    RAW,
    RECIPIENT,
    SENDER,
    Everywhere,
    PlainServer,
    PostOffice,
    SmtpOffice,
    Trouble,
    encrypted,
    listening,
)

# --- the contract ----------------------------------------------------------------------------------------------------


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
    office: PostOffice, trouble: Everywhere, answer: Rejected
) -> None:
    office.expect(trouble)

    assert await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT) == answer
    assert office.kept == []


@pytest.mark.parametrize("trouble", [Trouble.LATER, Trouble.TEXT_LATER, Trouble.CLOSED])
async def test_where_nothing_was_handed_over_the_post_is_unavailable_for_now(
    office: PostOffice, trouble: Everywhere
) -> None:
    office.expect(trouble)
    with pytest.raises(PostUnavailable):
        await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT)
    assert office.kept == []

    office.expect(None)

    assert await office.post.send(RAW, sender=SENDER, recipient=RECIPIENT) == Delivered()


@pytest.mark.parametrize("trouble", [Trouble.DROPPED, Trouble.SLOW])
async def test_where_the_text_was_handed_over_and_no_answer_came_the_post_is_unsure(
    office: PostOffice, trouble: Everywhere
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
        assert small.commands[0].startswith(f"MAIL SIZE={len(RAW)}")


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
    wrong = {"password": SecretStr("incorrect horse")}
    post = SmtpPost(smtp.post.settings.model_copy(update=wrong))

    with pytest.raises(PostUnavailable) as caught:
        await post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert "horse" not in f"{caught.value!r} {post.settings!r}"
    assert smtp.kept == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_server_whose_certificate_nobody_vouches_for_is_told_nothing(
    smtp: SmtpOffice, tls: Literal["starttls", "tls"]
) -> None:
    async with encrypted(smtp, tls) as post:
        with pytest.raises(PostUnavailable):
            await post.send(RAW, sender=SENDER, recipient=RECIPIENT)

    assert smtp.commands == []


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_letter_travels_encrypted_and_so_does_the_password(
    smtp: SmtpOffice, tls: Literal["starttls", "tls"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with encrypted(smtp, tls) as post:
        assert await post.send(RAW, sender=SENDER, recipient=RECIPIENT) == Delivered()

    assert smtp.kept == [(RAW, SENDER, RECIPIENT)]


# --- delivery status notifications -----------------------------------------------------------------------------------

IDENTIFIED = b"Message-ID: <0a1b@hire.example.org>\r\n" + RAW


async def test_a_server_that_can_report_is_asked_to_and_how_to_name_the_letter(smtp: SmtpOffice) -> None:
    await smtp.post.send(IDENTIFIED, sender=SENDER, recipient="ada+x=y@example.org")

    assert smtp.asked == {
        "RET": "HDRS",
        "ENVID": "0a1b@hire.example.org",
        "NOTIFY": "FAILURE,DELAY",
        "ORCPT": "rfc822;ada+2Bx+3Dy@example.org",
    }
    assert smtp.kept == [(IDENTIFIED, SENDER, "ada+x=y@example.org")]


async def test_a_server_that_cannot_report_is_not_asked(closed_port: int) -> None:
    async with listening(closed_port, server=PlainServer) as plain:
        assert await plain.post.send(IDENTIFIED, sender=SENDER, recipient=RECIPIENT) == Delivered()

        assert plain.commands == ["MAIL", "RCPT"]


@pytest.mark.parametrize("identity", ["", f"<{'a' * 120}@example.org>", "<>"])
async def test_a_letter_without_a_usable_name_is_sent_without_one(smtp: SmtpOffice, identity: str) -> None:
    raw = f"Message-ID: {identity}\r\n".encode() + RAW

    assert await smtp.post.send(raw, sender=SENDER, recipient=RECIPIENT) == Delivered()
    assert "ENVID" not in smtp.asked


@given(st.text(max_size=60))
def test_nothing_in_an_option_can_end_it(text: str) -> None:
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", xtext(text))
    assert unquote(re.sub(r"\+(?=[0-9A-F]{2})", "%", xtext(text).replace("%", "+25"))) == text


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
