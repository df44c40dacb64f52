"""What is left when minds change: calendars, ledger and mailboxes of real servers, read without our adapters."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import asyncpg  # type: ignore[import-untyped]  # it ships no types
import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowHandle

from demo import looking
from demo.embedded import STAFF, Servers, embedded
from demo.looking import Letter
from demo.playing import Playing, eventually
from demo.postgres_server import PostgresServer
from demo.telling import Telling
from entrevue import contract
from entrevue.client import NoAnswerYet
from entrevue.request import InterviewRequest
from entrevue.values import Code, PersonId, Refused, Slot, Status, Who
from tests.end_to_end.killing import give_up_dead_attempts
from workflows.janitor import Tidied

pytestmark = pytest.mark.slow

BUFFER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ORGANISATION = """
[organisation]
name = "Acme"
zone = "Europe/Berlin"
"""
_PERSON = """
[people.{id}]
name = "{name}"
email = "{id}@acme.example"
hours = {{ mon = {hours}, tue = {hours}, wed = {hours}, thu = {hours}, fri = {hours} }}
"""
_NAMES = {
    "grace": "Grace Okonjo",
    "linus": "Linus Haverkamp",
    "edsger": "Edsger Molenaar",
    "barbara": "Barbara Lindqvist",
}
_BENCH = ("linus", "edsger")
"""A pool. Barbara has no calendar: she is invited by mail, like a candidate."""


def directory(servers: Servers) -> str:
    """Give a directory of people who all work when the others do, so that each can sit in another's place."""
    entries = [_ORGANISATION]
    for person, name in _NAMES.items():
        entries.append(_PERSON.format(id=person, name=name, hours='["08:00-19:00"]'))
        entries += [f'calendar = "{servers.diaries[person].calendar}"\n'] if person in STAFF else []
        entries += ['pools = ["bench"]\n'] if person in _BENCH else []
    return "".join(entries)


@pytest.fixture(scope="module", name="servers")
async def _servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with embedded(tmp_path_factory.mktemp("changes")) as servers:
        servers.worker.people.write_text(directory(servers), encoding="utf-8")
        yield servers


def asked(interview: str, *seats: object) -> InterviewRequest:
    return InterviewRequest.model_validate(
        {
            "id": interview,
            "role": "Backend engineer",
            "candidate": {"name": "Ada Summer", "email": f"{interview}@example.org", "zone": "Europe/Berlin"},
            "interviewers": seats,
        }
    )


async def offered(servers: Servers, interview: str, *seats: object) -> tuple[Playing, tuple[Slot, ...]]:
    """An offer is out, everybody is awake; give its slots."""
    scene = await Playing.begin(servers, Telling(ZoneInfo("Europe/Berlin")), asked(interview, *seats))
    view = await scene.until(lambda view: bool(view.offered), "an offer")
    await scene.until_all_are_awake()
    await scene.letters("offer", scene.candidate)
    return scene, view.offered


async def booked(servers: Servers, interview: str, *seats: object) -> tuple[Playing, Slot]:
    """Everybody is invited, and it is days away."""
    scene, slots = await offered(servers, interview, *seats)
    await scene.handle.choose_slot(by="candidate", start=slots[-1].start)
    await scene.comes_to_rest()
    return scene, slots[-1]


async def replace(scene: Playing, leaver: Who, person: PersonId) -> None:
    await scene.handle.replace_interviewer(by="coordinator", whom=leaver, person=person)
    await scene.comes_to_rest()
    await scene.see_who_sits()


async def an_hour_ahead(scene: Playing, slot: Slot) -> None:
    """Whoever is still written to, is reminded now."""
    await scene.pass_time(slot.start - timedelta(hours=1), "it is an hour before")
    await scene.letters("hour_reminder", scene.candidate, *scene.panel)
    await scene.comes_to_rest()


# --- looking ---------------------------------------------------------------------------------------------------------


def mail(scene: Playing, who: Who) -> list[str]:
    """Give somebody's mailbox, oldest first: the kind of each letter, and what it says to the reader's calendar."""
    everything = looking.letters(scene.servers, scene.handle.id)
    return [_in_short(letter) for letter in everything if letter.address == scene[who].address]


def invitations(scene: Playing, who: Who) -> list[Letter]:
    everything = looking.letters(scene.servers, scene.handle.id)
    return [one for one in everything if one.address == scene[who].address and one.kind == "invitation"]


def named(letter: Letter) -> set[PersonId]:
    """Give the interviewers whom a letter names."""
    return {person for person, name in _NAMES.items() if name in letter.text}


def _in_short(letter: Letter) -> str:
    if letter.calendar is None:
        return letter.kind
    event = letter.calendar.events[0]
    return f"{letter.kind}: {letter.calendar['METHOD']} {event['UID']} {event.sequence}"


def taken(scene: Playing) -> list[tuple[PersonId, datetime, datetime]]:
    """Give what the ledger holds for this interview."""
    rows = scene.servers.read(
        "SELECT person, starts, ends FROM claims WHERE interview = ? ORDER BY person", scene.handle.id
    )
    return [(str(person), _instant(starts), _instant(ends)) for person, starts, ends in rows]


def _instant(micros: object) -> datetime:
    assert isinstance(micros, int)
    return EPOCH + timedelta(microseconds=micros)


def claim(person: PersonId, slot: Slot) -> tuple[PersonId, datetime, datetime]:
    return person, slot.start, slot.end + BUFFER


async def shown(scene: Playing) -> dict[PersonId, list[tuple[str, int, datetime, datetime]]]:
    """Give this interview's events in everybody's calendar."""
    return {
        person: [
            (one.uid, one.version, one.start, one.end)
            for one in await looking.interviews_in(scene.servers, person, scene.handle.id)
        ]
        for person in STAFF
    }


def event(scene: Playing, version: int, slot: Slot) -> list[tuple[str, int, datetime, datetime]]:
    return [(f"{scene.handle.id}.p1", version, slot.start, slot.end)]


def temporal(scene: Playing) -> WorkflowHandle[object, object]:
    """Address the interview as an operator does, past everything that is ours."""
    return scene.servers.skipper.client.get_workflow_handle(contract.workflow_id(scene.handle.id))


# --- there and back again --------------------------------------------------------------------------------------------


async def test_who_was_replaced_and_comes_back_has_one_event_and_the_other_none(servers: Servers) -> None:
    scene, slot = await booked(servers, "swap", "grace", "linus")
    await replace(scene, "i2", "edsger")
    between, held_between = await shown(scene), taken(scene)
    await replace(scene, "i3", "linus")
    after, held_after = await shown(scene), taken(scene)
    await an_hour_ahead(scene, slot)

    assert between == {"grace": event(scene, 1, slot), "linus": [], "edsger": event(scene, 1, slot)}
    assert held_between == [claim("edsger", slot), claim("grace", slot)]
    assert after == {"grace": event(scene, 2, slot), "linus": event(scene, 2, slot), "edsger": []}
    assert held_after == [claim("grace", slot), claim("linus", slot)]
    assert mail(scene, "candidate") == [
        "offer",
        "invitation: REQUEST swap.c1 0",
        "invitation: REQUEST swap.c1 1",
        "invitation: REQUEST swap.c1 2",
        "day_reminder",
        "hour_reminder",
    ]
    assert mail(scene, "i1") == ["invitation", "hour_reminder"]
    assert mail(scene, "i2") == ["invitation", "cancellation", "invitation", "hour_reminder"]
    assert mail(scene, "i3") == ["invitation", "cancellation"]
    (farewell,) = await scene.letters("cancellation", scene["i3"])
    assert farewell.message["Subject"].startswith("You have left the panel")
    assert [named(letter) for letter in invitations(scene, "candidate")] == [
        {"grace", "linus"},
        {"grace", "edsger"},
        {"grace", "linus"},
    ]
    assert looking.strays(servers) == []


async def test_who_keeps_no_calendar_here_is_invited_called_off_and_invited_again_by_mail(servers: Servers) -> None:
    scene, slot = await booked(servers, "mailswap", "grace", "barbara")
    await replace(scene, "i2", "linus")
    await replace(scene, "i3", "barbara")

    assert await shown(scene) == {"grace": event(scene, 2, slot), "linus": [], "edsger": []}
    assert taken(scene) == [claim("barbara", slot), claim("grace", slot)]
    assert mail(scene, "i2") == [
        "invitation: REQUEST mailswap.p1 0",
        "cancellation: CANCEL mailswap.p1 1",
        "invitation: REQUEST mailswap.p1 2",
    ]
    assert mail(scene, "i3") == ["invitation", "cancellation"]
    assert mail(scene, "i1") == ["invitation"]


async def test_a_swap_that_is_taken_back_in_the_night_wakes_nobody_and_is_told_to_the_candidate_alone(
    servers: Servers,
) -> None:
    scene, slot = await booked(servers, "night", "grace", "linus")
    night = (await scene.now()).astimezone(ZoneInfo("Europe/Berlin")).replace(hour=22, minute=0)
    await scene.pass_time(night, "the others sleep")
    await replace(scene, "i2", "edsger")
    between = await shown(scene)
    await replace(scene, "i3", "linus")
    await scene.pass_time(night + timedelta(hours=11), "it is morning")
    await scene.letters("invitation", scene.candidate, times=2)
    await scene.comes_to_rest()

    assert between == {"grace": event(scene, 1, slot), "linus": [], "edsger": event(scene, 1, slot)}
    assert await shown(scene) == {"grace": event(scene, 2, slot), "linus": event(scene, 2, slot), "edsger": []}
    assert taken(scene) == [claim("grace", slot), claim("linus", slot)]
    assert mail(scene, "i1") == mail(scene, "i2") == ["invitation"]
    assert mail(scene, "i3") == []
    assert mail(scene, "candidate")[2:] == ["invitation: REQUEST night.c1 2"]


# --- other times -----------------------------------------------------------------------------------------------------


async def test_three_reschedules_keep_the_uids_and_leave_the_last_time_alone(servers: Servers) -> None:
    """Exchanged by the candidate, moved by an interviewer, given up by the company: each once."""
    scene, first = await booked(servers, "moves", "grace", "barbara")
    await scene.handle.request_reschedule(by="candidate", reason="my train does not run on that day")
    view = await scene.until(lambda view: bool(view.offered), "a second offer")
    second, third = view.offered[-1], view.offered[-2]
    await scene.comes_to_rest()
    held_meanwhile = taken(scene)
    await scene.handle.choose_slot(by="candidate", start=second.start)
    await scene.comes_to_rest()
    at_second = await shown(scene), taken(scene)
    await scene.handle.reschedule(by="i1", start=third.start, reason="I am on a train, too")
    await scene.comes_to_rest()
    at_third = await shown(scene), taken(scene)
    await scene.handle.request_reschedule(by="coordinator", mode="vacate", reason="the office is closed")
    view = await scene.until(lambda view: bool(view.offered), "a third offer")
    await scene.comes_to_rest()
    at_no_time = await shown(scene), taken(scene)
    last = view.offered[-1]
    await scene.handle.choose_slot(by="candidate", start=last.start)
    await scene.comes_to_rest()

    assert len({first.start, second.start, third.start}) == 3
    assert last.start != third.start
    assert held_meanwhile == [claim("barbara", first), claim("grace", first)]
    for version, slot, (events, claims) in ((1, second, at_second), (2, third, at_third)):
        assert events == {"grace": event(scene, version, slot), "linus": [], "edsger": []}
        assert claims == [claim("barbara", slot), claim("grace", slot)]
    assert at_no_time == ({"grace": [], "linus": [], "edsger": []}, [])
    assert await shown(scene) == {"grace": event(scene, 4, last), "linus": [], "edsger": []}
    assert taken(scene) == [claim("barbara", last), claim("grace", last)]
    assert mail(scene, "candidate") == [
        "offer",
        "invitation: REQUEST moves.c1 0",
        "offer",
        "invitation: REQUEST moves.c1 1",
        "invitation: REQUEST moves.c1 2",
        "cancellation: CANCEL moves.c1 3",
        "offer",
        "invitation: REQUEST moves.c1 4",
    ]
    assert mail(scene, "i1") == ["invitation", "invitation", "invitation", "cancellation", "invitation"]
    assert mail(scene, "i2") == [
        "invitation: REQUEST moves.p1 0",
        "invitation: REQUEST moves.p1 1",
        "invitation: REQUEST moves.p1 2",
        "cancellation: CANCEL moves.p1 3",
        "invitation: REQUEST moves.p1 4",
    ]
    for who in ("candidate", "i2"):
        said = [letter.calendar.events[0] for letter in invitations(scene, who) if letter.calendar]
        assert [(one.start, one.end) for one in said] == [(one.start, one.end) for one in (first, second, third, last)]
    assert looking.strays(servers) == []


# --- somebody declines -----------------------------------------------------------------------------------------------


async def test_who_declines_in_time_is_replaced_from_the_pool_and_hears_no_more(servers: Servers) -> None:
    scene, slot = await booked(servers, "declined", "grace", {"person": "linus", "pool": "bench"})
    notice = slot.start - await scene.now()
    await scene.handle.respond_to_seat(by="i2", answer="declined", reason="a workshop")
    await scene.happened("panel_changed")
    await scene.comes_to_rest()
    await scene.see_who_sits()
    after, held = await shown(scene), taken(scene)
    await an_hour_ahead(scene, slot)

    assert notice > timedelta(hours=48)
    assert after == {"grace": event(scene, 1, slot), "linus": [], "edsger": event(scene, 1, slot)}
    assert held == [claim("edsger", slot), claim("grace", slot)]
    assert mail(scene, "candidate") == [
        "offer",
        "invitation: REQUEST declined.c1 0",
        "invitation: REQUEST declined.c1 1",
        "day_reminder",
        "hour_reminder",
    ]
    assert mail(scene, "i1") == ["invitation", "hour_reminder"]
    assert mail(scene, "i2") == ["invitation", "cancellation"]
    assert mail(scene, "i3") == ["invitation", "hour_reminder"]
    assert [named(letter) for letter in invitations(scene, "candidate")] == [{"grace", "linus"}, {"grace", "edsger"}]
    assert "a workshop" not in "".join(letter.text for letter in looking.letters(servers, "declined"))
    assert looking.strays(servers) == []


# --- called off in the middle of a replacement -----------------------------------------------------------------------


@contextmanager
def stuck(servers: Servers, *, to_readers: bool) -> Iterator[None]:
    """Let the calendar server take requests and answer none, or only those that read.

    It locks its folder for every request: together with others to read, alone to write.
    """
    with (servers.calendars.folder / "collections" / ".Radicale.lock").open("w+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if to_readers else fcntl.LOCK_SH)
        yield


async def under_way(scene: Playing, activity: str) -> None:
    """Wait until the server says that this is being tried."""

    async def found() -> list[str]:
        pending = (await temporal(scene).describe()).raw_description.pending_activities
        return [one.activity_id for one in pending if one.state == PendingActivityState.PENDING_ACTIVITY_STATE_STARTED]

    await eventually(found, lambda found: any(activity in one for one in found), f"{activity} under way")


async def in_the_ledger(scene: Playing, person: PersonId) -> None:
    async def look() -> list[PersonId]:
        return looking.claims(scene.servers, scene.handle.id)

    await eventually(look, lambda found: person in found, f"a claim on {person}'s time")


async def while_the_claim_looks_at_calendars(scene: Playing) -> None:
    with stuck(scene.servers, to_readers=True):
        replacing = asyncio.create_task(replaced(scene))
        await in_the_ledger(scene, "edsger")
        await call_off(scene)
    assert await replacing is Code.INVALID_STATE  # it has ended meanwhile


async def while_the_pool_is_asked(scene: Playing) -> None:
    with stuck(scene.servers, to_readers=True):
        await scene.handle.respond_to_seat(by="i2", answer="declined")
        await in_the_ledger(scene, "edsger")
        await call_off(scene)


async def while_the_event_is_written(scene: Playing) -> None:
    """What was under way is written after all, and must go."""
    with stuck(scene.servers, to_readers=False):
        assert await replaced(scene) is None
        await under_way(scene, "/event/i3/")
        await call_off(scene)


async def while_calendars_die_over_the_event(scene: Playing) -> None:
    with stuck(scene.servers, to_readers=False):
        assert await replaced(scene) is None
        await under_way(scene, "/event/i3/")
        await scene.servers.calendars.kill()
    await call_off(scene)
    await scene.servers.calendars.start()


async def while_the_worker_dies_over_the_claim(scene: Playing) -> None:
    """Its claim stands in the ledger, and nobody was told."""
    with stuck(scene.servers, to_readers=True):
        replacing = asyncio.create_task(replaced(scene))
        await in_the_ledger(scene, "edsger")
        await scene.servers.worker.kill()
    calling_off = asyncio.create_task(call_off(scene))
    await give_up_dead_attempts(scene)
    await scene.servers.worker.start()
    await calling_off
    await replacing


async def while_the_worker_dies_over_the_event(scene: Playing) -> None:
    with stuck(scene.servers, to_readers=False):
        assert await replaced(scene) is None
        await under_way(scene, "/event/i3/")
        await scene.servers.worker.kill()
    calling_off = asyncio.create_task(call_off(scene))
    await give_up_dead_attempts(scene)
    await scene.servers.worker.start()
    await calling_off


async def replaced(scene: Playing) -> str | None:
    """Ask for Edsger in Linus's place, under one key for as long as nobody answers; give the refusal, if it is one."""
    while True:
        try:
            await scene.handle.replace_interviewer(by="coordinator", whom="i2", person="edsger", key="the-swap")
        except NoAnswerYet:
            continue
        except Refused as refused:
            return refused.code
        return None


async def call_off(scene: Playing) -> None:
    """Whatever hangs, everybody who was invited is told."""
    while True:
        with suppress(NoAnswerYet):
            await scene.handle.cancel(by="coordinator", reason="the role was filled", key="the-end")
            break
    await scene.letters("cancellation", *scene.people)


@pytest.mark.parametrize(
    "moment",
    [
        while_the_claim_looks_at_calendars,
        while_the_pool_is_asked,
        while_the_event_is_written,
        while_calendars_die_over_the_event,
        while_the_worker_dies_over_the_claim,
        while_the_worker_dies_over_the_event,
    ],
)
async def test_a_cancellation_in_the_middle_of_a_replacement_leaves_nothing_and_nobody_untold(
    servers: Servers, moment: Callable[[Playing], Awaitable[None]]
) -> None:
    name = moment.__name__.removeprefix("while_").replace("_", "-")
    scene, slot = await booked(servers, name, "grace", {"person": "linus", "pool": "bench"})
    before = await shown(scene)
    await moment(scene)
    ended = await scene.handle.result()

    assert before == {"grace": event(scene, 0, slot), "linus": event(scene, 0, slot), "edsger": []}
    assert ended.status is Status.CANCELLED
    assert await shown(scene) == {"grace": [], "linus": [], "edsger": []}
    assert taken(scene) == []
    assert mail(scene, "i1") == ["invitation", "cancellation"]
    assert mail(scene, "i2") == ["invitation", "cancellation"]
    told = mail(scene, "candidate")
    assert told[:2] == ["offer", f"invitation: REQUEST {name}.c1 0"]
    assert told[2].startswith(f"cancellation: CANCEL {name}.c1")
    assert told[3:] == []
    assert looking.strays(servers) == []


# --- what nobody called off ------------------------------------------------------------------------------------------


async def test_what_a_terminated_interview_left_behind_goes_with_the_janitor_and_nothing_else(servers: Servers) -> None:
    lives, kept = await booked(servers, "lives", "grace", "linus")
    dead, slot = await booked(servers, "terminated", "grace", "edsger")
    await temporal(dead).terminate("somebody pressed the wrong button")
    left = await shown(dead), taken(dead)
    tidied = await tidy(servers)

    assert left == (
        {"grace": event(dead, 0, slot), "linus": [], "edsger": event(dead, 0, slot)},
        [claim("edsger", slot), claim("grace", slot)],
    )
    assert (await shown(dead), taken(dead)) == ({"grace": [], "linus": [], "edsger": []}, [])
    assert (tidied.calendars_in_trouble, tidied.unknown) == (0, ())
    assert await shown(lives) == {"grace": event(lives, 0, kept), "linus": event(lives, 0, kept), "edsger": []}
    assert taken(lives) == [claim("grace", kept), claim("linus", kept)]


async def test_an_event_that_a_calendar_server_writes_when_all_is_over_goes_with_the_janitor(servers: Servers) -> None:
    """It may do so with a request that we gave up long before, and whose event was not there when we looked."""
    scene, _ = await booked(servers, "late", "grace", "linus")
    with stuck(servers, to_readers=False):
        assert await replaced(scene) is None
        await under_way(scene, "/event/i3/")
        await call_off(scene)
        await scene.happened("calendar_cleared")
    await scene.handle.result()

    async def look() -> list[PersonId]:
        return [person for person, events in (await shown(scene)).items() if events]

    await eventually(look, lambda found: found == ["edsger"], "the late event")
    await tidy(servers)

    assert await look() == []


async def tidy(servers: Servers) -> Tidied:
    """Let the janitor come once, as its schedule does."""
    done: Tidied = await servers.skipper.client.execute_workflow(
        contract.JANITOR, id=f"janitor-{uuid4().hex}", task_queue=contract.TASK_QUEUE, result_type=Tidied
    )
    return done


# --- on PostgreSQL ---------------------------------------------------------------------------------------------------


async def test_an_interview_on_postgresql_is_booked_moved_and_called_off(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    name = "changes"
    async with embedded(tmp_path, database=await postgres_server.create(name)) as servers:
        servers.worker.people.write_text(directory(servers), encoding="utf-8")
        async with postgres_server.connected(name) as database:
            await _book_move_and_call_off(servers, database)
    await postgres_server.drop(name)


async def _book_move_and_call_off(servers: Servers, database: asyncpg.Connection) -> None:
    scene = await Playing.begin(servers, Telling(ZoneInfo("Europe/Berlin")), asked("postgres", "grace", "linus"))

    async def held() -> list[tuple[PersonId, datetime, datetime]]:
        rows = await database.fetch("SELECT person, starts, ends FROM claims ORDER BY person")
        return [(row["person"], _instant(row["starts"]), _instant(row["ends"])) for row in rows]

    view = await scene.until(lambda view: bool(view.offered), "an offer")
    first, second = view.offered[-1], view.offered[-2]
    await scene.until_all_are_awake()
    await servers.mail.letters_when(scene.candidate.address, 1)
    await scene.handle.choose_slot(by="candidate", start=first.start)
    await scene.comes_to_rest()
    at_first = await shown(scene), await held()
    await scene.handle.reschedule(by="coordinator", start=second.start)
    await scene.comes_to_rest()
    at_second = await shown(scene), await held()
    await scene.handle.cancel(by="coordinator", reason="the role was filled")
    ended = await scene.handle.result()
    journal = await database.fetchval("SELECT count(*) FROM journal WHERE interview = 'postgres'")
    kinds = dict(await database.fetch("SELECT message_id, split_part(key, '/', 2) FROM outbox"))
    boxes = {who: scene.servers.mail.letters(scene[who].address) for who in ("candidate", "i1", "i2")}
    expected = ["invitation", "invitation", "cancellation"]

    for version, slot, (events, claims) in ((0, first, at_first), (1, second, at_second)):
        assert events == {"grace": event(scene, version, slot), "linus": event(scene, version, slot), "edsger": []}
        assert claims == [claim("grace", slot), claim("linus", slot)]
    assert ended.status is Status.CANCELLED
    assert (await shown(scene), await held()) == ({"grace": [], "linus": [], "edsger": []}, [])
    assert journal == ended.events
    assert {who: [kinds[one["Message-ID"]] for one in box] for who, box in boxes.items()} == {
        "candidate": ["offer", *expected],
        "i1": expected,
        "i2": expected,
    }
    assert not servers.worker.database.exists()
