"""From a drag in Google's or Microsoft's calendar to the interview: by their contract servers and the real receiver."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.calendar import Watched
from activities.watching import WatchingActivities
from adapters.google.settings import GoogleAccount
from adapters.graph.calendars import GraphAccount
from adapters.push.address import PushTo
from adapters.push.receiver import receiving
from demo import clock
from entrevue import contract
from entrevue.drift import CalendarEventChanged
from entrevue.values import CalendarEvent, PersonId, Slot
from on_server import WatchersOnServer
from tests.adapters import on_google, on_graph
from tests.adapters.on_google import OnGoogle, address_for
from tests.adapters.on_graph import OnGraph
from tests.providers.google_server import GoogleServer, google_server
from tests.providers.graph_server import GraphServer, graph_server
from tests.workflows.desk import IN_FIVE_DAYS, UID, Interviews
from tests.workflows.stage import eventually, new_queue
from workflows.suspicion import FAR
from workflows.watching import WatchWorkflow

MINUTE = timedelta(minutes=1)
SECRET = SecretStr("a secret that only tests know")


@dataclass(frozen=True)
class Provider:
    """A person's calendar with a provider, and how many there are whom it tells of its changes."""

    person: OnGoogle | OnGraph
    listening: Callable[[], int]


Place = Callable[[PersonId, PushTo], AbstractAsyncContextManager[Provider]]


@asynccontextmanager
async def at_google(server: GoogleServer, folder: Path, person: PersonId, push: PushTo) -> AsyncIterator[Provider]:
    address = address_for(person)
    server.open_calendar(address)
    people = {person: GoogleAccount(address, email=address)}
    async with (
        on_google.reaching(on_google.settings_for(server, folder), people, push) as calendar,
        server.as_person(address) as client,
    ):
        yield Provider(OnGoogle(calendar, client, address), lambda: len(server.channels))


@asynccontextmanager
async def at_microsoft(server: GraphServer, person: PersonId, push: PushTo) -> AsyncIterator[Provider]:
    address = address_for(person)
    server.open_mailbox(address)
    people = {person: GraphAccount(address, email=address)}
    async with (
        on_graph.reaching(on_graph.settings_for(server), people, push, clock=lambda: datetime.now(UTC)) as calendar,
        server.as_person(address) as client,
    ):
        yield Provider(OnGraph(calendar, client, address), lambda: len(server.subscriptions))


@dataclass(frozen=True)
class Scene:
    """One event of ours in that calendar, and a watcher who is told of its changes."""

    env: WorkflowEnvironment
    provider: Provider
    start: datetime
    interviews: Interviews
    watcher: WorkflowHandle[object, object]

    async def forward(self, duration: timedelta) -> None:
        await clock.forward(self.env, self.watcher, duration)

    async def poked(self) -> None:
        """Wait until the watcher has heard."""

        async def signals() -> list[str]:
            history = await self.watcher.fetch_history()
            return [one.workflow_execution_signaled_event_attributes.signal_name for one in history.events]

        await eventually(signals, lambda seen: "poke" in seen)

    async def listening(self, count: int) -> None:
        async def seen() -> int:
            await self.watcher.describe()
            return self.provider.listening()

        await eventually(seen, lambda seen: seen == count)


@asynccontextmanager
async def watched(
    env: WorkflowEnvironment, person: PersonId, provider: Provider, watchers: WatchersOnServer, task_queue: str
) -> AsyncIterator[Scene]:
    calendar, interviews = provider.person.calendar, Interviews()
    activities = WatchingActivities(calendar, interviews)
    start = datetime.now(UTC).replace(microsecond=0) + IN_FIVE_DAYS
    slot = Slot(start=start, minutes=60, zone="UTC")
    event = CalendarEvent(uid=UID, sequence=0, stamp=start, slot=slot, summary="Interview with Ada Summer")
    async with Worker(
        env.client,
        task_queue=task_queue,
        workflows=[WatchWorkflow],
        activities=[
            activities.look_at_calendar,
            activities.tell_interviews,
            activities.listen_to_calendar,
            activities.hang_up_calendar,
        ],
    ):
        await calendar.ensure(person, event, "r7", None)
        await watchers.watch(
            person, Watched(interview="r7", who="i1", uid=UID, sequence=0, start=slot.start, end=slot.end)
        )
        watcher = env.client.get_workflow_handle(contract.watch_id(person))
        scene = Scene(env, provider, start, interviews, watcher)
        await scene.listening(1)
        await scene.forward(FAR)
        yield scene


@asynccontextmanager
async def staged(env: WorkflowEnvironment, at: Place) -> AsyncIterator[Scene]:
    """Put up all of it, from the receiver to the watcher."""
    task_queue = new_queue()
    person, watchers = task_queue.replace("stage", "p"), WatchersOnServer(env.client, task_queue)
    anywhere = PushTo(url="http://127.0.0.1/calendars", secret=SECRET)  # its port is known once it listens
    async with (
        receiving(anywhere, watchers.poke, host="127.0.0.1", port=0) as port,
        at(person, PushTo(url=f"http://127.0.0.1:{port}/calendars", secret=SECRET)) as provider,
        watched(env, person, provider, watchers, task_queue) as scene,
    ):
        yield scene


async def is_told_soon_and_then_no_more(scene: Scene) -> None:
    """Move the event, and let the interview be over when it has heard of that."""
    moved_to = scene.start + timedelta(hours=3)
    await scene.provider.person.moves(UID, moved_to)
    await scene.poked()
    await scene.forward(3 * MINUTE)
    ((interview, kind, fact),) = scene.interviews.heard
    scene.interviews.over.add("r7")
    await scene.provider.person.deletes(UID)
    await scene.forward(3 * FAR)
    await scene.watcher.result()

    assert (interview, kind) == ("r7", "calendar_event_changed")
    assert CalendarEventChanged.model_validate(fact).start == moved_to
    assert scene.provider.listening() == 0


async def test_a_move_at_google_is_told_sooner_than_the_next_look_would_find_it(
    server: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with google_server() as google, staged(server, partial(at_google, google, tmp_path)) as scene:
        await is_told_soon_and_then_no_more(scene)


async def test_a_move_at_microsoft_is_told_sooner_than_the_next_look_would_find_it(server: WorkflowEnvironment) -> None:
    async with graph_server() as microsoft, staged(server, partial(at_microsoft, microsoft)) as scene:
        await is_told_soon_and_then_no_more(scene)


async def test_a_subscription_that_microsoft_has_removed_is_made_anew(server: WorkflowEnvironment) -> None:
    async with graph_server() as microsoft, staged(server, partial(at_microsoft, microsoft)) as scene:
        microsoft.lifecycle(scene.provider.person.address, "subscriptionRemoved")
        removed = scene.provider.listening()
        await scene.poked()
        await scene.forward(6 * MINUTE)
        await scene.listening(1)

    assert removed == 0
