"""What is left when minds change: calendars, ledger and mailboxes of real servers, read without our adapters."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from demo import looking
from demo.embedded import STAFF, Servers, embedded
from demo.looking import Letter
from demo.playing import Playing
from demo.telling import Telling
from entrevue.request import InterviewRequest
from entrevue.values import PersonId, Slot, Who

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
        entries += [f'calendar = "{servers.calendars.url(person)}"\n'] if person in STAFF else []
        entries += ['pools = ["bench"]\n'] if person in _BENCH else []
    return "".join(entries)


@pytest.fixture(scope="module", name="servers")
async def _servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with embedded(tmp_path_factory.mktemp("changes")) as servers:
        servers.worker.people.write_text(directory(servers), encoding="utf-8")
        yield servers


async def offered(servers: Servers, interview: str, *seats: object) -> tuple[Playing, tuple[Slot, ...]]:
    """An offer is out, everybody is awake; give its slots."""
    request = InterviewRequest.model_validate(
        {
            "id": interview,
            "role": "Backend engineer",
            "candidate": {"name": "Ada Summer", "email": f"{interview}@example.org", "zone": "Europe/Berlin"},
            "interviewers": seats,
        }
    )
    scene = await Playing.begin(servers, Telling(ZoneInfo("Europe/Berlin")), request)
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
            for one in await looking.interviews_in(scene.servers.calendars, person, scene.handle.id)
        ]
        for person in STAFF
    }


def event(scene: Playing, version: int, slot: Slot) -> list[tuple[str, int, datetime, datetime]]:
    return [(f"{scene.handle.id}.p1", version, slot.start, slot.end)]


# --- there and back again --------------------------------------------------------------------------------------------


async def test_who_was_replaced_and_comes_back_has_one_event_and_the_other_none(servers: Servers) -> None:
    scene, slot = await booked(servers, "swap", "grace", "linus")
    await scene.handle.replace_interviewer(by="coordinator", whom="i2", person="edsger")
    await scene.comes_to_rest()
    await scene.see_who_sits()
    between, held_between = await shown(scene), taken(scene)
    await scene.handle.replace_interviewer(by="coordinator", whom="i3", person="linus")
    await scene.comes_to_rest()
    await scene.see_who_sits()
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
    assert looking.strays(servers) == []
