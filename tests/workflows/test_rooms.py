"""Rooms that somebody else gives, and calendars that are only read: trouble with either holds no interview up."""

from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from activities.calendar import CalendarRefused
from entrevue.values import Status
from tests.workflows.stage import ORGANISATION, PEOPLE, Running, staged
from tests.workflows.story import to_offer
from tests.workflows.test_budget import OF_THE_SKIPPED_CLOCK

AT_MEET = ORGANISATION.model_copy(update={"conference_link": "meet"})
REVOKED = "Google takes our key no more (invalid_grant): allow the service account again"


class GivenRooms:
    """One room an interview; `trouble` keeps it from being given."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None
        self.asked: list[tuple[str, datetime]] = []

    async def room(self, interview: str, at: datetime) -> str:
        self.asked.append((interview, at))
        if self.trouble is not None:
            raise self.trouble
        return f"https://meet.google.com/{interview[:3]}"


async def _events(interview: Running) -> int:
    history = await interview.handle.fetch_history()
    return sum(event.WhichOneof("attributes") not in OF_THE_SKIPPED_CLOCK for event in history.events)


async def _book(interview: Running) -> None:
    start = await to_offer(interview)
    await interview.send("choose_slot", by="candidate", start=start.isoformat())
    await interview.happened("calendar_written")


async def test_an_interview_is_given_its_room_once(server: WorkflowEnvironment) -> None:
    rooms = GivenRooms()
    async with staged(server, organisation=AT_MEET, rooms={"meet": rooms}) as stage:
        interview = await stage.start(interviewers=["grace"])
        await _book(interview)
        booked = await interview.view("candidate")

    assert booked.location == f"https://meet.google.com/{booked.interview[:3]}"
    assert [one for one, _ in rooms.asked] == [booked.interview]


@pytest.mark.slow  # an hour and more of attempts, every ten minutes
async def test_a_room_that_is_refused_holds_nothing_up_says_why_and_comes_once_it_is_mended(
    server: WorkflowEnvironment,
) -> None:
    rooms = GivenRooms()
    rooms.trouble = CalendarRefused("the rooms", REVOKED)
    async with staged(server, organisation=AT_MEET, rooms={"meet": rooms}) as stage:
        interview = await stage.start(interviewers=["grace"])
        await _book(interview)
        missing = await interview.until(lambda view: bool(view.attention))
        await interview.happened("message_sent", times=2)
        before = await _events(interview)
        await interview.forward(timedelta(hours=1))
        waited, tried = await _events(interview), len(rooms.asked)
        rooms.trouble = None
        await interview.forward(timedelta(minutes=11))
        given = await interview.until(lambda view: view.location is not None)
        await interview.happened("calendar_written", times=2)
        written = await stage.calendar.read("grace", f"{given.interview}.p1")

    assert missing.status is given.status is Status.SCHEDULED
    assert missing.location is None
    assert [(one.id, one.owner, one.because, one.clears) for one in missing.attention] == [
        ("ROOM_MISSING", "operator", f"CalendarRefused: {REVOKED}", ("clear_attention",))
    ]
    assert given.attention == ()
    assert tried > 5  # every ten minutes
    assert waited - before < 10, "what is tried again and again leaves nothing in the history"
    assert written is not None
    assert written.sequence == 1


async def test_whose_calendar_is_only_read_is_invited_by_mail_and_nothing_is_written(
    server: WorkflowEnvironment,
) -> None:
    people = [one.model_copy(update={"busy_only": one.id == "grace"}) for one in PEOPLE]
    async with staged(server, people=people) as stage:
        interview = await stage.start()
        await _book(interview)
        booked = await interview.view()
        await interview.forward(timedelta(hours=14))  # past her night
        await interview.happened("message_sent", times=4)
        written = {name: await stage.calendar.read(name, f"{booked.interview}.p1") for name in ("grace", "linus")}
        invited = [letter.raw for letter in stage.post.letters if letter.recipient == "grace@acme.example"]

    assert written["grace"] is None
    assert written["linus"] is not None
    assert [b"METHOD:REQUEST" in raw or b'method="REQUEST"' in raw or b"method=REQUEST" in raw for raw in invited] == [
        True
    ]
