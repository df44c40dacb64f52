"""What every mailbox promises, held against one in memory and against a real IMAP server; and what IMAP alone does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest
from pydantic import ValidationError

from activities.mailbox import Mailbox, MailboxRefused, MailboxUnavailable, Mark
from adapters.mail.imap import ImapMailbox, ImapSettings
from adapters.mail.reading import read_mail
from adapters.memory.mailbox import MemoryMailbox
from tests.adapters.desk import ARRIVED, INVITATION, SERVER, Desk, event, mail, returned, token_of
from tests.adapters.imap_server import PASSWORD, ImapServer

_NUMBER = count(1)


@dataclass(frozen=True)
class Box:
    """A mailbox, and how mail gets into it."""

    mailbox: Mailbox
    deliver: Callable[[bytes, datetime], None]
    count_anew: Callable[[], None]


def _in_memory() -> Box:
    mailbox = MemoryMailbox(authserv_id=SERVER)

    def count_anew() -> None:
        mailbox.validity += 1
        mailbox.mails.clear()

    return Box(mailbox, mailbox.deliver, count_anew)


def by_imap(server: ImapServer, **settings: object) -> Box:
    folder = f"Answers{next(_NUMBER)}"
    server.make(folder)
    return Box(
        ImapMailbox(server.settings(folders=(folder,), authserv_id=SERVER, **settings)),
        lambda raw, at: server.deliver(folder, raw, at=at),
        lambda: server.remake(folder),
    )


@pytest.fixture(name="box", params=["memory", "imap"])
def _box(request: pytest.FixtureRequest) -> Box:
    return _in_memory() if request.param == "memory" else by_imap(request.getfixturevalue("imap"))


def numbered(*numbers: int) -> list[bytes]:
    return [mail(headers={"Message-ID": f"<{number}@example.org>"}) for number in numbers]


def names(raws: Sequence[bytes]) -> list[str]:
    """Give the names that these mails have, wherever they lie."""
    return [read_mail(raw, place="", arrived=ARRIVED, server=None).source_id for raw in raws]


# --- what every mailbox promises -------------------------------------------------------------------------------------


async def test_what_lies_there_is_given_oldest_first_with_the_time_of_its_arrival(box: Box) -> None:
    raws = numbered(1, 2, 3)
    for hours, raw in enumerate(raws):
        box.deliver(raw, ARRIVED + timedelta(hours=hours))
    batch = await box.mailbox.since((), 50)

    assert [one.source_id for one in batch.mails] == names(raws)
    assert [one.arrived - ARRIVED for one in batch.mails] == [timedelta(hours=n) for n in range(3)]
    assert len({one.place for one in batch.mails}) == 3
    assert not batch.more


async def test_what_was_read_is_not_given_again_and_what_comes_later_is(box: Box) -> None:
    first, second = numbered(1, 2)
    box.deliver(first, ARRIVED)
    before = await box.mailbox.since((), 50)
    nothing = await box.mailbox.since(before.mark, 50)
    box.deliver(second, ARRIVED)
    after = await box.mailbox.since(nothing.mark, 50)

    assert (nothing.mails, nothing.mark, nothing.more) == ((), before.mark, False)
    assert [one.source_id for one in after.mails] == names([second])


async def test_reading_changes_nothing_so_that_it_may_be_done_again(box: Box) -> None:
    box.deliver(numbered(1)[0], ARRIVED)
    first, again = await box.mailbox.since((), 50), await box.mailbox.since((), 50)

    assert first == again
    assert len(first.mails) == 1


async def test_much_is_read_in_batches_that_leave_nothing_out(box: Box) -> None:
    raws = numbered(*range(5))
    for raw in raws:
        box.deliver(raw, ARRIVED)
    mark: Mark = ()
    read: list[str] = []
    more = [True]
    while more[-1]:
        batch = await box.mailbox.since(mark, 2)
        read += [one.source_id for one in batch.mails]
        mark, more = batch.mark, [*more, batch.more]

    assert read == names(raws)
    assert more == [True, True, True, False]


async def test_a_folder_that_counts_anew_is_read_from_its_beginning(box: Box) -> None:
    old, new = numbered(1, 2)
    box.deliver(old, ARRIVED)
    mark = (await box.mailbox.since((), 50)).mark
    box.count_anew()
    box.deliver(new, ARRIVED)
    batch = await box.mailbox.since(mark, 50)

    assert [one.source_id for one in batch.mails] == names([new])


async def test_answers_and_bounces_go_the_whole_way(box: Box) -> None:
    desk = Desk(box.mailbox)
    await desk.sent(INVITATION)
    counter = event("COUNTER", stamp="DTSTAMP:20261123T085959Z", start="DTSTART:20261202T100000Z")
    spoofed = mail(event(), to="interviews+" + "0" * 40 + "@hire.acme.example")
    for raw in (
        mail(event()),
        b"\x00broken\xff",
        spoofed,
        mail(counter),
        returned("qmail-no-mailbox", token_of(INVITATION)),
    ):
        box.deliver(raw, ARRIVED)
    await desk.read()

    assert [fact for _, fact, _ in desk.facts] == ["counter_received", "message_bounced"]
    assert desk.facts[0][2]["verified"] is True
    assert desk.counts == {
        "rsvp_received": 1,
        "counter_received": 1,
        "message_bounced": 1,
        "wrong_token": 1,
        "not_ours": 1,
    }


# --- IMAP ------------------------------------------------------------------------------------------------------------


async def test_what_was_read_by_us_stays_unread_for_people(imap: ImapServer) -> None:
    imap.make("Untouched")
    imap.deliver("Untouched", numbered(1)[0], at=ARRIVED)
    mailbox = ImapMailbox(imap.settings(folders=("Untouched",)))
    before = imap.flags("Untouched")
    batch = await mailbox.since((), 50)

    assert len(batch.mails) == 1
    assert imap.flags("Untouched") == before
    assert b"Seen" not in b"".join(before)


async def test_several_folders_are_read_each_from_its_own_mark(imap: ImapServer) -> None:
    for folder in ("Here", "There"):
        imap.make(folder)
    mailbox = ImapMailbox(imap.settings(folders=("Here", "There")))
    first, second, third = numbered(1, 2, 3)
    imap.deliver("Here", first, at=ARRIVED)
    imap.deliver("There", second, at=ARRIVED)
    one = await mailbox.since((), 1)
    two = await mailbox.since(one.mark, 1)
    imap.deliver("There", third, at=ARRIVED)
    rest = await mailbox.since(two.mark, 50)

    assert [[each.place.partition("/")[0] for each in batch.mails] for batch in (one, two, rest)] == [
        ["Here"],
        ["There"],
        ["There"],
    ]
    assert (one.more, two.more, rest.more) == (True, False, False)


async def test_mails_that_somebody_deleted_leave_no_hole(imap: ImapServer) -> None:
    imap.make("Tidied")
    for raw in numbered(1, 2, 3):
        imap.deliver("Tidied", raw, at=ARRIVED)
    mailbox = ImapMailbox(imap.settings(folders=("Tidied",)))
    uids = [int(one.place.rpartition("/")[2]) for one in (await mailbox.since((), 50)).mails]
    imap.expunge("Tidied", uids[1])
    first = await mailbox.since((), 1)
    second = await mailbox.since(first.mark, 1)
    imap.expunge("Tidied", uids[2])
    third = await mailbox.since(first.mark, 1)

    assert [int(one.place.rpartition("/")[2]) for one in (*first.mails, *second.mails)] == [uids[0], uids[2]]
    assert (third.mails, third.more) == ((), False)


async def test_a_batch_that_takes_long_ends_with_what_it_has(imap: ImapServer) -> None:
    imap.make("Slow")
    for raw in numbered(1, 2):
        imap.deliver("Slow", raw, at=ARRIVED)
    mailbox = ImapMailbox(imap.settings(folders=("Slow",)), budget=0)
    first = await mailbox.since((), 50)
    second = await mailbox.since(first.mark, 50)

    assert [len(batch.mails) for batch in (first, second)] == [1, 1]
    assert first.more


async def test_of_a_huge_mail_the_beginning_is_read(imap: ImapServer) -> None:
    box = by_imap(imap)
    desk = Desk(box.mailbox)
    box.deliver(mail(event()) + b"\r\n" + b"x" * 2_000_000, ARRIVED)
    await desk.read()

    assert [fact for _, fact, _ in desk.facts] == ["rsvp_received"]


async def test_whom_the_server_does_not_let_in_waits_for_somebody_to_mend_it(imap: ImapServer) -> None:
    mailbox = ImapMailbox(imap.settings(password=PASSWORD + " street"))

    with pytest.raises(MailboxRefused, match="wrong username or password") as refused:
        await mailbox.since((), 50)

    assert "sesame" not in repr(refused.value.__cause__) + str(refused.value)


async def test_a_folder_that_is_not_there_is_named(imap: ImapServer) -> None:
    with pytest.raises(MailboxRefused, match='folder No "such" cannot be opened'):
        await ImapMailbox(imap.settings(folders=('No "such"',))).since((), 50)


@pytest.mark.parametrize(
    ("tls", "trouble"),
    [("tls", MailboxUnavailable), ("starttls", MailboxRefused)],
)
async def test_where_tls_must_be_a_server_without_it_is_told_nothing(
    imap: ImapServer, tls: str, trouble: type[Exception]
) -> None:
    with pytest.raises(trouble):
        await ImapMailbox(imap.settings(tls=tls)).since((), 50)


async def test_a_server_that_is_away_is_trouble_that_may_pass() -> None:
    away = ImapSettings.model_validate(
        {"host": "127.0.0.1", "port": 1, "tls": "none", "username": "entrevue", "password": PASSWORD}
    )

    with pytest.raises(MailboxUnavailable):
        await ImapMailbox(away).since((), 50)


@pytest.mark.parametrize("host", ["imap.example.org", "192.0.2.1"])
def test_to_another_machine_nothing_is_sent_in_the_clear(host: str) -> None:
    with pytest.raises(ValidationError, match="tls=none"):
        ImapSettings.model_validate({"host": host, "tls": "none", "username": "entrevue", "password": PASSWORD})

    asked = ImapSettings.model_validate({"host": host, "username": "entrevue", "password": PASSWORD})
    assert (asked.tls, asked.port, asked.folders) == ("tls", 993, ("INBOX",))
    assert PASSWORD not in repr(asked)
