"""What comes back by mail reaches the interviews concerned, whatever happens to the mailbox meanwhile."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import icalendar
import pytest
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from activities.mailbox import MailboxRefused, MailboxUnavailable
from adapters.mail.imap import ImapMailbox
from adapters.memory.mail import Posted
from demo import clock
from entrevue import contract
from entrevue.orders import JournalEntry
from entrevue.values import Status
from tests.adapters.desk import returned
from tests.adapters.imap_server import imap_server
from tests.workflows.stage import A_LOOK, MAIL, Running, Stage, answered, dev_server, eventually, new_queue, staged
from tests.workflows.story import to_booking, to_offer
from tests.workflows.test_janitor import Worker
from tests.workflows.world import OPENING
from worker import open_mailbox
from workflows.mailbox import MailboxWorkflow, Reading

VOUCHED = f"{MAIL.domain}; dmarc=pass header.from=example.org"


@dataclass(kw_only=True)
class Reader:
    """The workflow that reads the stage's mailbox, with a clock of its own."""

    env: WorkflowEnvironment
    handle: WorkflowHandle[MailboxWorkflow, None]

    async def view(self) -> Reading:
        async def once() -> Reading:
            seen: Reading = await self.handle.query(contract.VIEW, result_type=Reading, rpc_timeout=A_LOOK)
            return seen

        return await answered(once)

    async def until(self, holds: Callable[[Reading], bool]) -> Reading:
        """Wait in real time until it is so, and move its clock until then."""

        async def look() -> Reading:
            await clock.forward(self.env, self.handle, timedelta(minutes=1))
            return await self.view()

        return await eventually(look, holds)


@pytest.fixture(name="reader")
async def _reader(stage: Stage) -> AsyncIterator[Reader]:
    async with reading(stage) as reader:
        yield reader


@asynccontextmanager
async def reading(stage: Stage) -> AsyncIterator[Reader]:
    name = new_queue()
    await open_mailbox(stage.env.client, task_queue=stage.task_queue, name=name)
    handle = stage.env.client.get_workflow_handle_for(MailboxWorkflow.run, name)
    yield Reader(env=stage.env, handle=handle)
    await handle.terminate("the test is over")


def answer_to(
    letter: Posted, partstat: str, results: str = VOUCHED, *, method: str = "REPLY", start: datetime | None = None
) -> bytes:
    """Answer as the candidate's calendar program does, from what it was sent."""
    invited = message_from_bytes(letter.raw, EmailMessage, policy=default)
    part = next(part for part in invited.walk() if part.get_content_type() == "text/calendar")
    asked = icalendar.Calendar.from_ical(part.get_content())
    (event,) = asked.walk("VEVENT")
    event["ATTENDEE"].params = icalendar.Parameters({"PARTSTAT": partstat})
    asked["METHOD"] = method
    if start is not None:
        event["DTSTART"] = icalendar.vDatetime(start)
    reply = EmailMessage()
    reply["Authentication-Results"] = results
    reply["From"] = f"Ada <{letter.recipient}>"
    reply["To"] = str(event["ORGANIZER"]).removeprefix("mailto:")
    reply.set_content(asked.to_ical().decode(), subtype="calendar", params={"method": method})
    return reply.as_bytes()


def bounced(letter: Posted) -> bytes:
    return returned("postfix-user-unknown", letter.sender.partition("+")[2].partition("@")[0])


def invitation(stage: Stage) -> Posted:
    return next(one for one in stage.post.letters if _invites(one))


async def recorded(stage: Stage, interview: Running, kind: str) -> JournalEntry:
    """Wait for the first event of this kind in the journal."""
    name = interview.handle.id.removeprefix(contract.workflow_id(""))

    async def look() -> list[JournalEntry]:
        return [entry for entry in await stage.journal.read(name) if entry.kind == kind]

    return (await eventually(look, bool))[0]


async def test_a_candidate_who_declines_by_mail_is_asked_and_nothing_is_cancelled(stage: Stage, reader: Reader) -> None:
    interview = await stage.start()
    await to_booking(interview)
    stage.mailbox.deliver(answer_to(invitation(stage), "DECLINED"), await interview.now())
    seen = await reader.until(lambda view: view.counts.get("rsvp_received") == 1)
    heard = (await recorded(stage, interview, "answer_heard")).data
    await eventually(_question(stage), bool)

    assert (heard["whom"], heard["answer"], heard["via"], heard["verified"]) == ("candidate", "declined", "mail", True)
    assert (await interview.view()).status is Status.SCHEDULED
    assert seen.trouble is None


@pytest.mark.slow
async def test_the_same_answer_again_and_one_to_an_older_time_are_no_news(stage: Stage, reader: Reader) -> None:
    interview = await stage.start()
    start = await to_booking(interview)
    asked = invitation(stage)
    await interview.send("reschedule", by="coordinator", start=(start + timedelta(days=1)).isoformat())
    await interview.happened("calendar_written", times=4)
    renewed = await eventually(_invitations(stage), lambda letters: len(letters) == 2)
    for raw in (answer_to(asked, "DECLINED"), answer_to(renewed[1], "ACCEPTED"), answer_to(renewed[1], "ACCEPTED")):
        stage.mailbox.deliver(raw, await interview.now())
    await reader.until(lambda view: view.counts.get("rsvp_received") == 3)
    await interview.happened("answer_heard")
    heard = (await recorded(stage, interview, "answer_heard")).data

    assert heard["answer"] == "accepted"
    assert (await interview.kinds()).count("answer_heard") == 1


async def test_a_letter_that_came_back_says_that_the_candidate_cannot_be_reached(stage: Stage, reader: Reader) -> None:
    interview = await stage.start()
    await to_offer(interview)
    (offer,) = stage.post.letters
    stage.mailbox.deliver(bounced(offer), await interview.now())
    await reader.until(lambda view: view.counts.get("message_bounced") == 1)
    view = await interview.until(lambda view: any(item.id == "CANDIDATE_UNREACHABLE" for item in view.attention))
    await interview.send("update_contact", by="coordinator", email="ada@example.net")
    await eventually(_recipients(stage), lambda recipients: recipients == ["ada@example.org", "ada@example.net"])

    assert view.status is Status.AWAITING_CANDIDATE


async def test_a_mailbox_that_is_away_loses_nothing_and_says_what_is_wrong(stage: Stage, reader: Reader) -> None:
    interview = await stage.start()
    await to_booking(interview)
    await reader.until(lambda view: view.read_at is not None)
    stage.mailbox.trouble = MailboxRefused("wrong username or password")
    refused = await reader.until(lambda view: view.failures >= 2)
    stage.mailbox.deliver(answer_to(invitation(stage), "TENTATIVE"), await interview.now())
    stage.mailbox.trouble = MailboxUnavailable("the connection broke")
    away = await reader.until(lambda view: view.failures > refused.failures)
    stage.mailbox.trouble = None
    mended = await reader.until(lambda view: view.counts.get("rsvp_received") == 1)
    heard = (await recorded(stage, interview, "answer_heard")).data

    assert refused.trouble == "MailboxRefused: wrong username or password"
    assert away.trouble == "MailboxUnavailable: the connection broke"
    assert (mended.trouble, mended.failures) == (None, 0)
    assert heard["answer"] == "tentative"


@pytest.mark.slow
async def test_an_answer_that_nobody_vouches_for_is_kept_apart(stage: Stage, reader: Reader) -> None:
    interview = await stage.start()
    await to_booking(interview)
    forged = VOUCHED.replace(MAIL.domain, "mx.elsewhere.example")
    stage.mailbox.deliver(answer_to(invitation(stage), "DECLINED", forged), await interview.now())
    await reader.until(lambda view: view.counts.get("rsvp_received") == 1)
    heard = (await recorded(stage, interview, "answer_heard")).data

    assert heard["verified"] is False


@pytest.mark.slow
async def test_nothing_that_names_anybody_reaches_the_readers_own_history(stage: Stage, reader: Reader) -> None:
    interview = await stage.start()
    await to_booking(interview)
    asked = invitation(stage)
    stage.mailbox.deliver(answer_to(asked, "DECLINED"), await interview.now())
    stage.mailbox.deliver(bounced(asked), await interview.now())
    await reader.until(lambda view: {"rsvp_received", "message_bounced"} <= set(view.counts))
    events = (await reader.handle.fetch_history()).events
    answered = [payload for one in events for payload in one.activity_task_completed_event_attributes.result.payloads]
    told = b"".join(payload.data for payload in answered).decode()

    assert '"rsvp_received":1' in told
    assert "@" not in told
    assert interview.handle.id.removeprefix(contract.workflow_id("")) not in told


@pytest.mark.slow
async def test_what_lies_on_a_real_server_reaches_those_concerned(server: WorkflowEnvironment, tmp_path: Path) -> None:
    """An answer to an older time, one that was forged, a proposal, and a letter that came back."""
    async with (
        imap_server(tmp_path / "log") as imap,
        staged(server, mailbox=ImapMailbox(imap.settings(authserv_id=MAIL.domain))) as stage,
        reading(stage) as reader,
    ):
        interview = await stage.start()
        start = await to_booking(interview)
        asked = invitation(stage)
        await interview.send("reschedule", by="coordinator", start=(start + timedelta(days=1)).isoformat())
        _, renewed = await eventually(_invitations(stage), lambda letters: len(letters) == 2)
        stale, forged = answer_to(asked, "ACCEPTED"), answer_to(renewed, "DECLINED", "")
        other = answer_to(renewed, "TENTATIVE", method="COUNTER", start=start + timedelta(days=2))
        imap.deliver("INBOX", stale, forged, other, bounced(renewed), at=await interview.now())
        seen = await reader.until(lambda view: "message_bounced" in view.counts)
        await interview.happened("counter_heard")
        await interview.until(lambda view: any(item.id == "CANDIDATE_UNREACHABLE" for item in view.attention))
        heard = await recorded(stage, interview, "answer_heard")
        kinds = await interview.kinds()

    assert seen.counts == {"rsvp_received": 2, "counter_received": 1, "message_bounced": 1}
    assert (heard.data["answer"], heard.data["verified"]) == ("declined", False)
    assert kinds.count("answer_heard") == 1


@pytest.mark.slow
async def test_the_mark_and_the_counts_survive_continue_as_new() -> None:
    mails = 8
    async with (
        await dev_server("limit.historyCount.suggestContinueAsNew=30") as env,
        staged(env) as stage,
        reading(stage) as reader,
    ):
        first = (await reader.handle.describe()).run_id
        for number in range(1, mails + 1):
            stage.mailbox.deliver(b"Subject: hello\r\n\r\n%d" % number, OPENING)
            await reader.until(_counted(number))
        seen, described = await reader.view(), await reader.handle.describe()

    assert described.run_id != first
    assert seen.counts == {"not_ours": mails}
    assert [place.last for place in seen.mark] == [mails]


@pytest.mark.slow
async def test_however_many_workers_open_the_mailbox_one_workflow_reads_it(stage: Stage, reader: Reader) -> None:
    before = await reader.handle.describe()
    await open_mailbox(stage.env.client, task_queue=stage.task_queue, name=reader.handle.id)
    after = await reader.handle.describe()

    assert before.run_id == after.run_id


@pytest.mark.slow
async def test_a_worker_that_knows_a_mailbox_sees_to_it_that_it_is_read(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    imap = {"HOST": "127.0.0.1", "PORT": "1", "TLS": "none", "USERNAME": "entrevue", "PASSWORD": "sesame"}
    worker = Worker(tmp_path, server.client.service_client.config.target_host)
    await worker.start(**{f"ENTREVUE_IMAP__{name}": value for name, value in imap.items()})
    handle = server.client.get_workflow_handle(contract.MAILBOX_ID)
    described = await handle.describe()
    await handle.terminate("the test is over")

    assert (described.workflow_type, described.task_queue) == (contract.MAILBOX, contract.TASK_QUEUE)
    assert "sesame" not in "".join(worker.said)


def _counted(strangers: int) -> Callable[[Reading], bool]:
    return lambda view: view.counts.get("not_ours") == strangers


def _invitations(stage: Stage) -> Callable[[], Awaitable[list[Posted]]]:
    async def look() -> list[Posted]:
        return [one for one in stage.post.letters if _invites(one)]

    return look


def _question(stage: Stage) -> Callable[[], Awaitable[list[str]]]:
    async def look() -> list[str]:
        return [key for key in stage.outbox.rows if "/answer_check/candidate/" in key]

    return look


def _recipients(stage: Stage) -> Callable[[], Awaitable[list[str]]]:
    async def look() -> list[str]:
        return [one.recipient for one in stage.post.letters]

    return look


def _invites(letter: Posted) -> bool:
    return b'method="REQUEST"' in letter.raw and letter.recipient == "ada@example.org"
