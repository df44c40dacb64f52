"""What is left when a worker or the calendar server dies in the middle: real processes, killed as by a power cut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from demo import diaries, looking
from demo.embedded import Servers, embedded
from demo.playing import Playing
from demo.telling import Telling
from entrevue.client import NoAnswerYet
from entrevue.contract import Receipt
from entrevue.request import InterviewRequest
from entrevue.values import Slot, Status
from tests.end_to_end.killing import give_up_dead_attempts

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", name="servers")
async def _servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with embedded(tmp_path_factory.mktemp("crash")) as servers:
        await diaries.fill(servers.diaries, datetime.now(UTC).date())
        yield servers


async def offered(servers: Servers, interview: str) -> tuple[Playing, Slot]:
    """An offer is out, everybody is awake; give the slot that will be chosen."""
    request = InterviewRequest.model_validate(
        {
            "id": interview,
            "role": "Backend engineer",
            "candidate": {"name": "Ada Summer", "email": f"{interview}@example.org", "zone": "America/New_York"},
            "interviewers": ["grace", "linus"],
        }
    )
    scene = await Playing.begin(servers, Telling(ZoneInfo("Europe/Berlin")), request)
    view = await scene.until(lambda view: bool(view.offered), "an offer")
    await scene.until_all_are_awake()
    await scene.letters("offer", scene.candidate)
    return scene, view.offered[-1]


# --- the worker ------------------------------------------------------------------------------------------------------


async def the_time_is_claimed(scene: Playing) -> bool:
    return bool(looking.claims(scene.servers, scene.handle.id))


async def an_event_is_written(scene: Playing) -> bool:
    calendars = [await scene.in_calendar(person) for person in scene.panel]
    return any(calendars)


async def an_invitation_is_on_its_way(scene: Playing) -> bool:
    rows = scene.servers.read("SELECT 1 FROM outbox WHERE key LIKE ?", f"{scene.handle.id}/invitation/%")
    return bool(rows)


@pytest.mark.parametrize("moment", [the_time_is_claimed, an_event_is_written, an_invitation_is_on_its_way])
async def test_a_worker_killed_while_it_books_leaves_one_claim_one_event_and_one_letter_each(
    servers: Servers, moment: Callable[[Playing], Awaitable[bool]]
) -> None:
    scene, slot = await offered(servers, f"crash-{moment.__name__}")
    choosing = asyncio.create_task(chosen(scene, slot))
    async with asyncio.timeout(60):
        while True:  # no pause between two looks: the moment is a short one
            if await moment(scene):
                break
            await asyncio.sleep(0)
    await servers.worker.kill()
    done = [letter for letter in looking.letters(servers, scene.handle.id) if letter.kind == "invitation"]
    await give_up_dead_attempts(scene)
    await servers.worker.start()
    receipt = await choosing
    await scene.letters("invitation", *scene.people)
    await scene.happened("message_sent", times=1 + len(scene.people))
    calendars = [await scene.in_calendar(person) for person in scene.panel]
    letters = [letter for letter in looking.letters(servers, scene.handle.id) if letter.kind == "invitation"]
    versions = {(letter.address, letter.message["Message-ID"], letter.message.as_bytes()) for letter in letters}

    assert len(done) < len(scene.people), "it was killed too late to be in the middle"
    assert receipt.status is Status.SCHEDULED
    assert looking.claims(servers, scene.handle.id) == ["grace", "linus"]
    assert [[(one.version, one.start, one.end) for one in held] for held in calendars] == [
        [(0, slot.start, slot.end)],
        [(0, slot.start, slot.end)],
    ]
    assert sorted(address for address, *_ in versions) == sorted(person.address for person in scene.people)


async def chosen(scene: Playing, slot: Slot) -> Receipt:
    """Choose, and repeat the choice under its key for as long as nobody answers: what a backend does."""
    while True:
        with suppress(NoAnswerYet):
            return await scene.handle.choose_slot(by="candidate", start=slot.start, key="the-choice")


# --- the calendar server ---------------------------------------------------------------------------------------------


async def test_a_calendar_server_that_is_down_for_an_hour_holds_up_no_mail_and_catches_up(servers: Servers) -> None:
    scene, slot = await offered(servers, "outage")
    await scene.handle.choose_slot(by="candidate", start=slot.start)
    await scene.letters("invitation", *scene.people)
    before = [len(await scene.in_calendar(person)) for person in scene.panel]
    await servers.calendars.kill()
    await scene.handle.request_reschedule(by="coordinator", mode="vacate", reason="the office is closed")
    told = await scene.letters("cancellation", *scene.people)
    await scene.pass_time(await scene.now() + timedelta(hours=1), "the calendars are down")
    during = await scene.until(lambda view: "CALENDAR_BEHIND" in [item.id for item in view.attention], "attention")
    await servers.calendars.start()
    await scene.pass_time(await scene.now() + timedelta(minutes=15), "the next attempt is due")
    await scene.happened("calendar_cleared", times=2)
    await scene.pass_time(await scene.now() + timedelta(minutes=15), "the search is tried on, more slowly")
    caught_up = await scene.until(lambda view: "CALENDAR_BEHIND" not in [item.id for item in view.attention], "calm")
    after = [len(await scene.in_calendar(person)) for person in scene.panel]

    assert (before, after) == ([1, 1], [0, 0])
    assert len(told) == len(scene.people)
    assert during.status is caught_up.status is Status.NEEDS_RESCHEDULING

    fresh = await scene.until(lambda view: bool(view.offered), "a fresh offer")

    assert fresh.attention == ()
