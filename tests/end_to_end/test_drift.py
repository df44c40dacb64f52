"""People act in their own calendar programs, and both sides learn of it: with real servers, and an independent client.

The `caldav` library stands for the person's program: it knows nothing of ours, and is synchronous, hence the threads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from zoneinfo import ZoneInfo

import caldav
import pytest
from caldav.elements.dav import GetEtag

from demo import clock
from demo.embedded import Servers, embedded
from demo.playing import Person, Playing
from entrevue import contract
from entrevue.values import CANDIDATE, Status
from tests.end_to_end.test_changes import booked, directory

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")
A_QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module", name="servers")
async def _servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Servers]:
    async with embedded(tmp_path_factory.mktemp("drift")) as servers:
        servers.worker.people.write_text(directory(servers), encoding="utf-8")
        yield servers


@dataclass
class Program:
    """A person's calendar program."""

    servers: Servers
    person: Person

    async def move(self, uid: str, start: datetime) -> None:
        def drag(event: caldav.CalendarObjectResource) -> None:
            component = event.icalendar_component
            length = component.DTEND - component.DTSTART
            component.DTSTART, component.DTEND = start, start + length
            _save(event)

        await self._with_event(uid, drag)

    async def delete(self, uid: str) -> None:
        await self._with_event(uid, lambda event: event.delete())

    async def decline(self, uid: str) -> None:
        def answer(event: caldav.CalendarObjectResource) -> None:
            event.change_attendee_status(self.person.address, partstat="DECLINED")
            _save(event)

        await self._with_event(uid, answer)

    async def _with_event(self, uid: str, act: Callable[[caldav.CalendarObjectResource], None]) -> None:
        await asyncio.to_thread(self._act, uid, act)

    def _act(self, uid: str, act: Callable[[caldav.CalendarObjectResource], None]) -> None:
        login = self.servers.calendars.login(self.person.login)
        url = self.servers.calendars.url(self.person.login)
        with caldav.DAVClient(url, username=login.username, password=login.password.get_secret_value()) as client:
            act(caldav.Calendar(client, url).event_by_uid(uid))


def _save(event: caldav.CalendarObjectResource) -> None:
    """Write it back as programs do: over the version that was read, and no other. The library would write over any."""
    etag = event.get_property(GetEtag())
    client = event.client
    assert client is not None
    assert etag is not None
    answer = client.put(str(event.url), event.data, {"Content-Type": "text/calendar", "If-Match": etag})

    assert answer.status in (HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)


async def a_quarter_passes(servers: Servers, person: Person) -> None:
    """On the watcher's own clock: the interview's stands still but for real time."""
    watcher = servers.skipper.client.get_workflow_handle(contract.watch_id(person.login))
    await clock.forward(servers.skipper, watcher, A_QUARTER)


async def starts(scene: Playing, person: Person) -> list[datetime]:
    return [held.start for held in await scene.in_calendar(person)]


async def test_a_person_moving_the_event_is_noticed_by_both_sides(servers: Servers) -> None:
    """The booked time goes back, she reads that it did, and the candidate is asked whether they can come then."""
    scene, slot = await booked(servers, "moved", {"person": "grace"}, {"person": "linus"})
    grace, linus = scene["i1"], scene["i2"]
    elsewhere = slot.start + timedelta(days=7)
    await Program(servers, grace).move("moved.p1", elsewhere)
    await a_quarter_passes(servers, grace)
    asked = await scene.until(lambda view: bool(view.offered), "the question to the candidate", viewer=CANDIDATE)
    await scene.happened("calendar_written", times=3)
    (told,) = await scene.letters("calendar_notice", grace)
    (offer,) = await scene.letters("offer", scene.candidate, times=2)
    await scene.comes_to_rest()

    assert [one.start for one in asked.offered] == [elsewhere]
    assert await starts(scene, grace) == await starts(scene, linus) == [slot.start]
    for letter in (told, offer):
        assert f"{elsewhere.astimezone(BERLIN):%H:%M}" in letter.text

    await scene.handle.choose_slot(by=CANDIDATE, start=elsewhere)
    await scene.happened("calendar_written", times=5)
    await a_quarter_passes(servers, grace)
    await scene.comes_to_rest()

    assert await starts(scene, grace) == await starts(scene, linus) == [elsewhere]
    assert [one.kind for one in await scene.handle.timeline()].count("event_moved") == 1


async def test_a_person_deleting_the_event_is_noticed_by_both_sides(servers: Servers) -> None:
    """It is a no: her seat is empty, the candidate is offered other times, and nothing is put back by itself."""
    scene, slot = await booked(servers, "deleted", {"person": "grace"}, {"person": "linus"})
    grace, linus = scene["i1"], scene["i2"]
    await Program(servers, grace).delete("deleted.p1")
    await a_quarter_passes(servers, grace)
    await scene.happened("seat_answered")
    view = await scene.until(lambda view: bool(view.offered), "other times", viewer=CANDIDATE)
    await scene.letters("offer", scene.candidate, times=2)
    await scene.comes_to_rest()

    assert (await starts(scene, grace), await starts(scene, linus)) == ([], [slot.start])
    assert view.status is Status.NEEDS_RESCHEDULING


async def test_a_person_declining_the_event_is_noticed_by_both_sides(servers: Servers) -> None:
    scene, _ = await booked(servers, "declined", {"person": "grace"}, {"person": "linus"})
    grace = scene["i1"]
    await Program(servers, grace).decline("declined.p1")
    await a_quarter_passes(servers, grace)
    await scene.happened("answer_heard")
    await scene.happened("seat_answered")
    view = await scene.until(lambda view: bool(view.offered), "other times", viewer=CANDIDATE)
    await scene.letters("offer", scene.candidate, times=2)

    assert [one.answer for one in view.people if one.who == "i1"] == ["declined"]
    assert view.status is Status.NEEDS_RESCHEDULING
