"""Grace, at her own calendar: what the contract of calendars is held against, in memory and on a real server."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import httpx2
import icalendar

from activities.calendar import Busy, Calendar, OwnerAnswer
from adapters.caldav.calendars import CalDav, CalendarAccount
from adapters.memory.calendar import MemoryCalendar
from demo.calendar_server import CalendarServer
from entrevue.values import CalendarEvent, Slot

GRACE = "grace"
NINE = datetime(2026, 12, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Person(Protocol):
    """Grace, at her own calendar."""

    calendar: Calendar
    """The same calendar, as Entrevue sees it."""

    async def adds(self, start: datetime, end: datetime, *, tentative: bool = False) -> None: ...

    async def moves(self, uid: str, start: datetime) -> None: ...

    async def renames(self, uid: str, summary: str) -> None: ...

    async def cancels(self, uid: str) -> None: ...

    async def deletes(self, uid: str) -> None: ...

    async def answers(self, uid: str, answer: OwnerAnswer) -> None: ...


class InMemory:
    def __init__(self) -> None:
        self.memory = MemoryCalendar()
        self.calendar: Calendar = self.memory

    async def adds(self, start: datetime, end: datetime, *, tentative: bool = False) -> None:
        self.memory.add_busy(GRACE, Busy(start=start, end=end, tentative=tentative))

    async def moves(self, uid: str, start: datetime) -> None:
        self.memory.move(GRACE, uid, start)

    async def renames(self, uid: str, summary: str) -> None:
        self.memory.rename(GRACE, uid, summary)

    async def cancels(self, uid: str) -> None:
        self.memory.cancel(GRACE, uid)

    async def deletes(self, uid: str) -> None:
        self.memory.delete(GRACE, uid)

    async def answers(self, uid: str, answer: OwnerAnswer) -> None:
        self.memory.answer(GRACE, uid, answer)


class OnRadicale:
    """Grace's own calendar program: it finds our events by UID, and counts SEQUENCE on as programs do."""

    def __init__(self, calendar: CalDav, client: httpx2.AsyncClient) -> None:
        self.calendar: Calendar = calendar
        self.client = client

    async def adds(self, start: datetime, end: datetime, *, tentative: bool = False) -> None:
        event = icalendar.Event()
        event.add("UID", f"own-{start:%Y%m%dT%H%M}")
        event.add("DTSTAMP", NINE)
        event.add("DTSTART", start)
        event.add("DTEND", end)
        event.add("STATUS", "TENTATIVE" if tentative else "CONFIRMED")
        calendar = icalendar.Calendar()
        calendar.add_component(event)
        put = await self.client.put(f"{event['UID']}.ics", content=calendar.to_ical())
        put.raise_for_status()

    async def moves(self, uid: str, start: datetime) -> None:
        def move(event: icalendar.Event) -> None:
            length = event.end - event.start
            event["DTSTART"] = icalendar.vDDDTypes(start)
            event["DTEND"] = icalendar.vDDDTypes(start + length)

        await self._edits(uid, move)

    async def renames(self, uid: str, summary: str) -> None:
        await self._edits(uid, lambda event: event.update(SUMMARY=icalendar.vText(summary)))

    async def cancels(self, uid: str) -> None:
        await self._edits(uid, lambda event: event.update(STATUS=icalendar.vText("CANCELLED")))

    async def deletes(self, uid: str) -> None:
        (await self.client.delete(await self._find(uid))).raise_for_status()

    async def answers(self, uid: str, answer: OwnerAnswer) -> None:
        def reply(event: icalendar.Event) -> None:
            event["ATTENDEE"].params["PARTSTAT"] = answer.upper().replace("_", "-")

        await self._edits(uid, reply)

    async def _edits(self, uid: str, edit: "Edit") -> None:
        name = await self._find(uid)
        stored = await self.client.get(name)
        calendar = icalendar.Calendar.from_ical(stored.content)
        event = calendar.events[0]
        edit(event)
        event["SEQUENCE"] = event.sequence + 1
        put = await self.client.put(name, content=calendar.to_ical(), headers={"If-Match": stored.headers["ETag"]})
        put.raise_for_status()

    async def _find(self, uid: str) -> str:
        """Give the object's address. The calendars of these tests are small enough to look at everything."""
        listing = await self.client.request("PROPFIND", "", headers={"Depth": "1"})
        for address in listing.text.split("<href>")[1:]:
            path = address.partition("</href>")[0]
            if path.endswith(".ics"):
                found = await self.client.get(str(self.client.base_url.join(path)))
                if f"UID:{uid}\r\n" in found.text:
                    return path.rpartition("/")[2]
        raise LookupError(uid)


class Edit(Protocol):
    def __call__(self, event: icalendar.Event, /) -> None: ...


@asynccontextmanager
async def on_radicale(server: CalendarServer, name: str, *, port: int | None = None) -> AsyncIterator[OnRadicale]:
    """A calendar of one's own; `port`: where Entrevue reaches the server, if not directly."""
    await server.open_calendar(GRACE, name)
    url = server.url(GRACE, name).replace(f":{server.port}/", f":{port or server.port}/")
    login = server.service
    account = CalendarAccount(url, login.username, login.password, email=f"{GRACE}@acme.example")

    async def accounts(_person: str) -> CalendarAccount:
        return account

    async with (
        aclosing(CalDav(accounts, organizer=organizer, organisation="Acme")) as calendar,
        server.as_person(GRACE, name) as client,
    ):
        yield OnRadicale(calendar, client)


def organizer(uid: str) -> str:
    return f"interviews+{uid}@hire.acme.example"


def event(
    start: datetime = NINE,
    *,
    sequence: int = 0,
    uid: str = "r7.p1",
    summary: str = "Interview",
    cancelled: bool = False,
) -> CalendarEvent:
    return CalendarEvent(
        uid=uid,
        sequence=sequence,
        stamp=NINE - timedelta(days=9) + timedelta(minutes=sequence),
        slot=Slot(start=start, minutes=60, zone="Europe/Berlin"),
        summary=summary,
        description="The brief is at https://example.org/r7\nCome as you are; bring nothing.",
        location="https://meet.example.org/r7",
        cancelled=cancelled,
    )
