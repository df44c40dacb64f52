"""People of one panel live with three providers: Radicale, and the contract servers of Google and of Microsoft."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from activities.people import Provider
from demo import diaries, looking, scenes
from demo.checks import Played
from demo.diaries import Diary
from demo.embedded import STAFF
from demo.on_radicale import RadicaleDiary
from demo.playing import Playing
from demo.telling import Telling
from entrevue.values import CANDIDATE, PersonId, Slot, Status, Who
from tests.end_to_end.killing import give_up_dead_attempts
from tests.end_to_end.office import Office, opened
from tests.end_to_end.test_changes import (
    booked,
    claim,
    directory,
    event,
    mail,
    offered,
    replace,
    shown,
    taken,
    temporal,
    tidy,
)
from tests.end_to_end.test_crash import chosen
from tests.end_to_end.test_drift import Program, a_quarter_passes
from tests.providers.diaries import GoogleDiary, GraphDiary

pytestmark = pytest.mark.slow

Told = tuple[str, int, datetime, datetime]
"""An event: UID, version, start, end."""


# --- the whole demo --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "where",
    [
        {"grace": "caldav", "linus": "google", "edsger": "graph"},
        {"grace": "google", "linus": "graph", "edsger": "caldav"},
        {"grace": "graph", "linus": "caldav", "edsger": "google"},
    ],
    ids=lambda where: "-".join(where.values()),
)
async def test_the_whole_demo_holds_wherever_its_people_keep_their_calendars(
    tmp_path: Path, where: dict[PersonId, Provider]
) -> None:
    """So each provider has each part: who drags an event, who leaves the panel, who meets seven candidates."""
    telling = Telling(ZoneInfo("Europe/Berlin"))
    async with opened(tmp_path, where) as office:
        homes = office.servers.diaries
        await diaries.fill(homes, datetime.now(UTC).date())
        before = {person: await own(diary) for person, diary in homes.items()}
        played = await scenes.play(office.servers, telling)
        after = {person: await own(diary) for person, diary in homes.items()}
        held = {person: await interviews(diary) for person, diary in homes.items()}
        wanted = await standing(played)
        with_events = [
            letter.kind
            for one in played
            for letter in looking.letters(office.servers, one.scene.handle.id)
            if letter.calendar is not None and letter.address.partition("@")[0] in STAFF
        ]

    assert telling.conclude()
    assert held == wanted
    assert sorted(len(events) for events in held.values()) == [0, 1, 7]
    assert after == before
    assert all(before.values())
    assert with_events == [], "one inviter a person: whose calendar is written is sent no event by mail"
    assert office.mailed_by_providers == []


async def interviews(diary: Diary) -> list[Told]:
    return sorted((one.uid, one.version, one.start, one.end) for one in await diary.interviews())


async def own(diary: Diary) -> list[str]:
    """Give what is in a calendar besides interviews."""
    match diary:
        case GoogleDiary() | GraphDiary():
            return await diary.own()
        case RadicaleDiary():
            ours = {held.uid for held in await diary.interviews()}
            everything = (await diary.everything()).events
            return sorted(one.to_ical().decode() for one in everything if str(one["UID"]) not in ours)
        case _:
            raise LookupError(diary)


async def standing(played: Sequence[Played]) -> dict[PersonId, list[Told]]:
    """Say what everybody's calendar should hold, by what the interviews say of when they are, and who sits."""
    wanted: dict[PersonId, list[Told]] = {person: [] for person in STAFF}
    for one in played:
        slot = (await one.scene.handle.view("coordinator")).slot
        if slot is None or one.status is Status.CANCELLED:
            continue
        for person in one.scene.panel:
            wanted[person.login].append((f"{one.scene.handle.id}.p1", 0, slot.start, slot.end))
    return {person: sorted(events) for person, events in wanted.items()}


# --- one panel of all three ------------------------------------------------------------------------------------------

WHERE: dict[PersonId, Provider] = {"grace": "caldav", "linus": "google", "edsger": "graph"}
NOTHING: dict[PersonId, list[Told]] = {person: [] for person in STAFF}
WHO: dict[PersonId, Who] = {"grace": "i1", "linus": "i2", "edsger": "i3"}


@pytest.fixture(scope="module", name="office", params=["as it is documented", "as it may be besides"])
async def _office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with opened(tmp_path_factory.mktemp("providers"), WHERE) as office:
        office.servers.worker.people.write_text(directory(office.servers), encoding="utf-8")
        if request.param == "as it may be besides":
            be_difficult(office)
        yield office
        assert office.mailed_by_providers == []


def be_difficult(office: Office) -> None:
    """Let the providers do what their documentation does not rule out, and what is harder on us."""
    google, graph = office.google.switches, office.graph
    google.detects_collisions = False
    google.sequence_rises = "always"
    google.page_size = 3
    google.begins_with_empty_page = True
    graph.heeds_preconditions = False
    graph.same_transaction = "refused"
    graph.remembers_deleted = True
    graph.tells_of_outside = True
    graph.first_page_empty = True
    graph.all_day_floats = False


async def test_a_panel_of_three_providers_is_booked_moved_changed_and_called_off(office: Office) -> None:
    scene, first = await booked(office.servers, "three", *STAFF)
    at_first = await shown(scene), taken(scene)
    await scene.handle.request_reschedule(by=CANDIDATE, reason="my train does not run on that day")
    view = await scene.until(lambda view: bool(view.offered), "a second offer")
    second = view.offered[-1]
    await scene.handle.choose_slot(by=CANDIDATE, start=second.start)
    await scene.comes_to_rest()
    at_second = await shown(scene), taken(scene)
    await replace(scene, "i2", "barbara")
    without_linus = await shown(scene)
    await replace(scene, "i4", "linus")
    back = await shown(scene)
    await scene.handle.cancel(by="coordinator", reason="the role was filled")
    ended = await scene.handle.result()

    for version, slot, (events, claims) in ((0, first, at_first), (1, second, at_second)):
        assert events == dict.fromkeys(STAFF, event(scene, version, slot))
        assert claims == [claim(person, slot) for person in sorted(STAFF)]
    held = event(scene, 2, second)
    assert without_linus == {"grace": held, "linus": [], "edsger": held}
    assert back == dict.fromkeys(STAFF, event(scene, 3, second))
    assert ended.status is Status.CANCELLED
    assert await shown(scene) == NOTHING
    assert taken(scene) == []
    assert mail(scene, "i1") == mail(scene, "i3") == ["invitation", "invitation", "cancellation"]
    assert mail(scene, "i2") == ["invitation", "invitation", "cancellation", "invitation", "cancellation"]
    assert mail(scene, "i4") == ["invitation: REQUEST three.p1 2", "cancellation: CANCEL three.p1 3"]
    assert looking.strays(office.servers) == []


@pytest.mark.parametrize("person", STAFF)
async def test_whoever_moves_the_event_in_their_calendar_is_heard_and_all_move_when_the_candidate_agrees(
    office: Office, person: PersonId
) -> None:
    scene, slot = await booked(office.servers, f"moved-by-{person}", *STAFF)
    whose = scene[WHO[person]]
    elsewhere = Slot(start=slot.start + timedelta(days=7), minutes=slot.minutes, zone=slot.zone)
    await office.servers.diaries[person].move(f"{scene.handle.id}.p1", elsewhere.start)
    await a_quarter_passes(office.servers, whose)
    asked = await scene.until(lambda view: bool(view.offered), "the question to the candidate", viewer=CANDIDATE)
    await scene.letters("calendar_notice", whose)
    await scene.happened("calendar_written", times=len(STAFF) + 1)
    put_back = await shown(scene)
    await scene.handle.choose_slot(by=CANDIDATE, start=elsewhere.start)
    await scene.happened("calendar_written", times=2 * len(STAFF) + 1)
    await a_quarter_passes(office.servers, whose)
    await scene.comes_to_rest()

    assert [one.start for one in asked.offered] == [elsewhere.start]
    assert put_back == dict.fromkeys(STAFF, event(scene, 0, slot))
    assert await shown(scene) == dict.fromkeys(STAFF, event(scene, 1, elsewhere))
    assert [one.kind for one in await scene.handle.timeline()].count("event_moved") == 1
    await call_off(scene)


@pytest.mark.parametrize("person", STAFF)
async def test_whoever_deletes_the_event_in_their_calendar_leaves_an_empty_seat_and_it_stays_gone(
    office: Office, person: PersonId
) -> None:
    scene, slot = await booked(office.servers, f"deleted-by-{person}", *STAFF)
    await delete(office, scene, person)
    await a_quarter_passes(office.servers, scene[WHO[person]])
    await scene.happened("seat_answered")
    view = await scene.until(lambda view: bool(view.offered), "other times", viewer=CANDIDATE)
    await scene.letters("offer", scene.candidate, times=2)
    await scene.comes_to_rest()

    assert view.status is Status.NEEDS_RESCHEDULING
    assert await shown(scene) == dict.fromkeys(STAFF, event(scene, 0, slot)) | {person: []}
    await call_off(scene)


@pytest.mark.parametrize("person", STAFF)
async def test_a_worker_killed_while_it_writes_leaves_one_event_with_each_provider(
    office: Office, person: PersonId
) -> None:
    """It dies as soon as this person's event is there: the answer may be lost, and the others' events yet to come."""
    scene, slots = await offered(office.servers, f"killed-at-{person}", *STAFF)
    choosing = asyncio.create_task(chosen(scene, slots[-1]))
    async with asyncio.timeout(60):
        while not await scene.in_calendar(scene[WHO[person]]):
            pass  # no pause between two looks: the moment is a short one
    await office.servers.worker.kill()
    await give_up_dead_attempts(scene)
    await office.servers.worker.start()
    receipt = await choosing
    await scene.letters("invitation", *scene.people)
    await scene.happened("calendar_written", times=len(STAFF))
    await scene.comes_to_rest()

    assert receipt.status is Status.SCHEDULED
    assert await shown(scene) == dict.fromkeys(STAFF, event(scene, 0, slots[-1]))
    await call_off(scene)


async def test_what_a_terminated_interview_left_with_each_provider_goes_with_the_janitor_and_nothing_else(
    office: Office,
) -> None:
    lives, kept = await booked(office.servers, "lives", *STAFF)
    dead, slot = await booked(office.servers, "terminated", *STAFF)
    await temporal(dead).terminate("somebody pressed the wrong button")
    left = await shown(dead)
    tidied = await tidy(office.servers)

    assert left == dict.fromkeys(STAFF, event(dead, 0, slot))
    assert await shown(dead) == NOTHING
    assert (tidied.calendars_in_trouble, tidied.unknown) == (0, ())
    assert await shown(lives) == dict.fromkeys(STAFF, event(lives, 0, kept))
    await call_off(lives)


async def call_off(scene: Playing) -> None:
    """Give back everybody's time: the other interviews here need it."""
    await scene.handle.cancel(by="coordinator", reason="the role was filled")
    await scene.until_all_are_awake()  # who awaits something is told in the morning
    await scene.handle.result()

    assert await shown(scene) == NOTHING


async def delete(office: Office, scene: Playing, person: PersonId) -> None:
    diary, uid = office.servers.diaries[person], f"{scene.handle.id}.p1"
    match diary:
        case GoogleDiary() | GraphDiary():
            async with diary.program() as program:
                await program.deletes(uid)
        case _:
            await Program(office.servers, scene[WHO[person]]).delete(uid)


async def test_whoever_declines_in_their_google_calendar_is_heard(office: Office) -> None:
    scene, _ = await booked(office.servers, "declined-at-google", *STAFF)
    diary = office.servers.diaries["linus"]
    assert isinstance(diary, GoogleDiary)
    async with diary.program() as program:
        await program.answers("declined-at-google.p1", "declined")
    await a_quarter_passes(office.servers, scene["i2"])
    await scene.happened("answer_heard")
    await scene.happened("seat_answered")
    view = await scene.until(lambda view: bool(view.offered), "other times", viewer=CANDIDATE)

    assert [one.answer for one in view.people if one.who == "i2"] == ["declined"]
    assert view.status is Status.NEEDS_RESCHEDULING
    await call_off(scene)
