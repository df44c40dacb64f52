"""Letters of whole interviews: what a mail server that is down does to them, and what their readers' calendars show."""

import asyncio
import re
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes
from email.policy import default
from itertools import permutations

import icalendar
import pytest
from temporalio.testing import WorkflowEnvironment

from activities.mail import Delivered, Handover, PostUnavailable, Rejected
from adapters.memory.mail import Posted
from entrevue.values import Status
from tests.workflows.stage import Running, Stage, eventually, staged
from tests.workflows.story import to_offer

ADA = "ada@example.org"


async def working_day(interview: Running, *, days: int) -> datetime:
    """Give an afternoon, Berlin's, of a working day so many days ahead or a little more."""
    day = (await interview.now()).date() + timedelta(days=days)
    while day.weekday() > 4:
        day += timedelta(days=1)
    return datetime.combine(day, time(14), UTC)


def kinds(stage: Stage, address: str) -> list[str]:
    """Give the kinds of the letters that somebody has, in the order in which they came."""
    of = {row.message_id: key.split("/")[1] for key, row in stage.outbox.rows.items()}
    return [
        of[str(message_from_bytes(one.raw)["Message-ID"])] for one in stage.post.letters if one.recipient == address
    ]


async def has_come(stage: Stage, *awaited: str) -> None:
    """Wait until the candidate has these letters, in this order, and no others."""

    async def look() -> list[str]:
        return kinds(stage, ADA)

    await eventually(look, lambda arrived: arrived == [*awaited])


# --- a mail server that is down --------------------------------------------------------------------------------------


async def unreachable(raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
    raise PostUnavailable("ConnectionRefusedError", len(raw), sender == recipient)


@pytest.mark.slow
async def test_a_mail_server_that_is_down_for_two_days_loses_no_letter_and_keeps_their_order(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(server) as stage:
        interview = await stage.start(interviewers=["grace"])
        await to_offer(interview)
        start = await working_day(interview, days=14)
        await interview.send("book_slot", by="coordinator", start=start.isoformat())
        await has_come(stage, "offer", "invitation")
        await interview.settle()  # the interviewer's has left as well
        with monkeypatch.context() as outage:
            outage.setattr(stage.post, "send", unreachable)
            for n, need in enumerate(("captions", "a break"), start=1):
                await interview.send("request_adjustment", by="candidate", text=need)
                await interview.send("arrange_adjustment", by="coordinator", adjustment=n, instruction=need, text=need)
            await interview.forward(timedelta(hours=1))
            behind = await interview.until(lambda view: bool(view.attention))
            await interview.forward(timedelta(hours=47))
            missing = kinds(stage, ADA)
        await interview.forward(timedelta(hours=12))  # the next try; for the interviewer, past a night
        await has_come(stage, "offer", "invitation", "adjustment_arranged", "adjustment_arranged")
        recovered = await interview.until(lambda view: not view.attention)

    arranged = [re.findall(r"(?m)^> ([\w ]+)", one.raw.decode()) for one in stage.post.letters]
    assert [item.id for item in behind.attention] == ["MAIL_BEHIND"]
    assert missing == ["offer", "invitation"]
    assert [found for found in arranged if found] == [["captions"], ["a break"]]
    assert kinds(stage, "grace@acme.example") == ["invitation"]
    assert {row.state for row in stage.outbox.rows.values()} == {Handover.ACCEPTED}
    assert recovered.status is Status.SCHEDULED


@pytest.mark.slow
async def test_what_changed_while_the_mail_server_was_down_is_told_once_and_as_it_is_now(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(server) as stage:
        interview = await stage.start(interviewers=["grace"])
        await to_offer(interview)
        first, second = await working_day(interview, days=14), await working_day(interview, days=20)
        with monkeypatch.context() as outage:
            outage.setattr(stage.post, "send", unreachable)
            await interview.send("book_slot", by="coordinator", start=first.isoformat())
            await interview.forward(timedelta(minutes=5))
            await interview.send("reschedule", by="coordinator", start=second.isoformat(), reason="a clash")
            await interview.forward(timedelta(minutes=5))
        await interview.forward(timedelta(hours=12))
        await has_come(stage, "offer", "invitation")

    assert [_start(event) for event in events(stage.post.letters)] == [second]


async def test_a_try_that_fails_when_the_letter_is_no_longer_owed_is_no_trouble(
    server: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be given up for good where it was only not to leave in the night, and come back in the morning."""
    tried, overtaken = asyncio.Event(), asyncio.Event()

    async def slow(raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        if recipient == ADA:
            tried.set()
        await overtaken.wait()
        return await unreachable(raw, sender=sender, recipient=recipient)

    async with staged(server) as stage:
        interview = await stage.start(interviewers=["grace"])
        await to_offer(interview)
        first, second = await working_day(interview, days=14), await working_day(interview, days=20)
        with monkeypatch.context() as outage:
            outage.setattr(stage.post, "send", slow)
            await interview.send("book_slot", by="coordinator", start=first.isoformat())
            await asyncio.wait_for(tried.wait(), 60)
            await interview.send("reschedule", by="coordinator", start=second.isoformat(), reason="a clash")
            await interview.happened("calendar_written", times=2)
        overtaken.set()
        await has_come(stage, "offer", "invitation")
        await interview.settle()
        happened = await interview.kinds()

    assert [_start(event) for event in events(stage.post.letters)] == [second]
    assert "order_delayed" not in happened


# --- what the candidate's own calendar shows -------------------------------------------------------------------------


def events(posted: Iterable[Posted]) -> list[icalendar.Event]:
    """Give what the candidate's letters attach, read by the library alone."""
    found: list[icalendar.Event] = []
    for one in posted:
        for part in message_from_bytes(one.raw, policy=default).walk():
            content = part.get_payload(decode=True)
            if one.recipient == ADA and part.get_content_type() == "text/calendar" and isinstance(content, bytes):
                found += icalendar.Calendar.from_ical(content).events
    return found


class OwnCalendar:
    """A calendar program that keeps to RFC 5546: of an event it believes the newest version that it has seen."""

    def __init__(self) -> None:
        self._events: dict[str, icalendar.Event] = {}

    def take(self, posted: Iterable[Posted]) -> None:
        for event in events(posted):
            known = self._events.get(event.uid)
            if known is None or _version(event) > _version(known):
                self._events[event.uid] = event

    @property
    def shows(self) -> list[tuple[datetime, str]]:
        return [(_start(event), str(event["STATUS"])) for event in self._events.values()]


def _version(event: icalendar.Event) -> tuple[int, datetime]:
    assert event.DTSTAMP is not None
    return event.sequence, event.DTSTAMP


def _start(event: icalendar.Event) -> datetime:
    assert isinstance(event.start, datetime)
    return event.start


@pytest.mark.slow
async def test_after_any_number_of_reschedules_the_candidates_own_calendar_shows_the_last_time(
    server: WorkflowEnvironment,
) -> None:
    """In whatever order a mail server delivers them, and whatever it delivers twice."""
    async with staged(server) as stage:
        interview = await stage.start(interviewers=["grace"])
        await to_offer(interview)
        times = [await working_day(interview, days=days) for days in (12, 15, 18, 21)]
        await interview.send("book_slot", by="coordinator", start=times[0].isoformat())
        await has_come(stage, "offer", "invitation")
        for n, at in enumerate(times[1:], start=2):
            await interview.send("reschedule", by="coordinator", start=at.isoformat(), reason="a clash")
            await has_come(stage, "offer", *["invitation"] * n)
        await interview.send("cancel", by="coordinator", reason="the role is filled")
        await has_come(stage, "offer", *["invitation"] * len(times), "cancellation")

    _, *invitations, cancellation = [one for one in stage.post.letters if one.recipient == ADA]
    sent = events(invitations)
    assert len({event.uid for event in sent}) == 1
    assert [_start(event) for event in sent] == times
    assert [event.sequence for event in sent] == sorted({event.sequence for event in sent})
    for order in permutations(invitations):
        own = OwnCalendar()
        own.take([*order, order[0]])
        assert own.shows == [(times[-1], "CONFIRMED")]
        own.take([cancellation, *order])
        assert own.shows == [(times[-1], "CANCELLED")]
