"""New zone rules reach every open interview: once a version, page by page, whatever happens on the way."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from pydantic import JsonValue
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.people import TZDATA
from activities.zone_rules import OpenInterviews, Page, ZoneRulesActivities
from entrevue import contract
from on_server import InterviewsOnServer
from tests.workflows.recorder import Heard, Recorder
from tests.workflows.stage import dev_server, eventually, new_queue, staged
from worker import announce_zone_rules
from workflows.zone_rules import NewZoneRules, ZoneRulesWorkflow

FACT = contract.TIMEZONE_RULES_CHANGED


@pytest.fixture(name="alone", scope="module")
async def _alone() -> AsyncIterator[WorkflowEnvironment]:
    """A server of our own, on which no other test leaves interviews open."""
    async with await dev_server("limit.historyCount.suggestContinueAsNew=30") as env:
        yield env


@dataclass(kw_only=True)
class Place:
    """Interviews that keep what they hear, and a worker that can tell them of zone rules."""

    client: Client
    task_queue: str
    version: str = field(default_factory=new_queue)
    """Of a tzdata that no other test knows."""

    async def open(self, count: int) -> list[WorkflowHandle[Recorder, list[Heard]]]:
        """Start so many, and wait until the server's index has them."""
        started = [
            await self.client.start_workflow(
                Recorder.run, id=contract.workflow_id(f"{self.version}-{n}"), task_queue=self.task_queue
            )
            for n in range(count)
        ]
        wanted = {handle.id.removeprefix(contract.workflow_id("")) for handle in started}
        await eventually(self.listed, wanted.issubset)
        return started

    async def listed(self) -> set[str]:
        return set((await InterviewsOnServer(self.client).page(None, since=None, most=1000)).interviews)

    async def end(self, *handles: WorkflowHandle[Recorder, list[Heard]]) -> list[list[Heard]]:
        """End them, and give what each has heard before."""
        for handle in handles:
            await handle.signal("end")
        return [(await handle.result())[:-1] for handle in handles]

    async def announce(self, page: int = 100) -> NewZoneRules:
        return await self.client.execute_workflow(
            ZoneRulesWorkflow.run,
            NewZoneRules(tzdata=self.version, page=page),
            id=contract.zone_rules_id(self.version),
            task_queue=self.task_queue,
        )


@asynccontextmanager
async def placed(env: WorkflowEnvironment, interviews: OpenInterviews | None = None) -> AsyncIterator[Place]:
    place = Place(client=env.client, task_queue=new_queue())
    tell = ZoneRulesActivities(interviews or InterviewsOnServer(env.client)).tell_zone_rules
    async with Worker(
        env.client, task_queue=place.task_queue, workflows=[Recorder, ZoneRulesWorkflow], activities=[tell]
    ):
        yield place


async def test_every_open_interview_is_told_once_a_version_however_often_workers_start(
    alone: WorkflowEnvironment,
) -> None:
    async with placed(alone) as place:
        ended, *open_ones = await place.open(4)
        await place.end(ended)
        first = await announce_zone_rules(place.client, place.version, task_queue=place.task_queue)
        announced = place.client.get_workflow_handle(contract.zone_rules_id(place.version), result_type=NewZoneRules)
        again = await announce_zone_rules(place.client, place.version, task_queue=place.task_queue)
        result = await announced.result()
        afterwards = await announce_zone_rules(place.client, place.version, task_queue=place.task_queue)
        described = await announced.describe()
        heard = await place.end(*open_ones)

    assert (first, again, afterwards) == (True, False, False)
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert result.told >= 3
    assert result.noticed_at is not None
    fact = {
        "source_id": f"tzdata-{place.version}",
        "at": result.noticed_at.isoformat(),
        "tzdata": place.version,
    }
    for one in heard:
        assert one
        assert [heard for heard in one if heard != (FACT, fact)] == []


async def test_page_after_page_is_told_and_the_count_survives_continue_as_new(alone: WorkflowEnvironment) -> None:
    async with placed(alone) as place:
        handles = await place.open(11)
        result = await place.announce(page=2)
        heard = await place.end(*handles)
        query = f"WorkflowId = '{contract.zone_rules_id(place.version)}'"

        async def runs() -> list[WorkflowExecutionStatus | None]:
            return [one.status async for one in place.client.list_workflows(query)]

        found = await eventually(runs, lambda seen: WorkflowExecutionStatus.COMPLETED in seen)

    assert all(heard)
    assert result.told == sum(len(one) for one in heard)
    assert result.untold == 0
    assert found.count(WorkflowExecutionStatus.CONTINUED_AS_NEW) >= 1


async def test_what_an_interview_is_told_holds_nothing_about_people(alone: WorkflowEnvironment) -> None:
    async with placed(alone) as place:
        (handle,) = await place.open(1)
        await place.announce()
        (((_, fact), *_),) = await place.end(handle)

    assert isinstance(fact, dict)
    assert set(fact) == {"source_id", "at", "tzdata"}


class BreaksOnce:
    """Open interviews of which the third cannot be told the first time: the server is away for a moment."""

    def __init__(self, client: Client) -> None:
        self._interviews = InterviewsOnServer(client)
        self.told = 0

    async def page(self, mark: str | None, *, since: object, most: int) -> Page:
        del since
        return await self._interviews.page(mark, since=None, most=most)

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        self.told += 1
        if self.told == 3:
            raise ConnectionError
        return await self._interviews.tell(interview, fact, payload)


async def test_trouble_on_the_way_leaves_nobody_out_and_repeats_the_very_same_fact(
    alone: WorkflowEnvironment,
) -> None:
    async with placed(alone, BreaksOnce(alone.client)) as place:
        handles = await place.open(4)
        await place.announce()
        heard = await place.end(*handles)

    assert all(heard)
    assert len({str(fact) for one in heard for _, fact in one}) == 1


async def test_who_has_ended_or_never_was_is_no_trouble(alone: WorkflowEnvironment) -> None:
    async with placed(alone) as place:
        (handle,) = await place.open(1)
        await place.end(handle)
        interviews = InterviewsOnServer(place.client)
        heard = [await interviews.tell(name, FACT, {}) for name in (f"{place.version}-0", "never-was")]

    assert heard == [False, False]


async def test_the_second_round_looks_at_what_began_since_the_first(alone: WorkflowEnvironment) -> None:
    async with placed(alone) as place:
        earlier, later = await place.open(2)
        began = (await later.describe()).start_time
        page = await InterviewsOnServer(place.client).page(None, since=began, most=1000)
        await place.end(earlier, later)

    assert f"{place.version}-1" in page.interviews
    assert f"{place.version}-0" not in page.interviews


async def test_a_workflow_that_others_named_is_left_out(alone: WorkflowEnvironment) -> None:
    async with placed(alone) as place:
        foreign = await place.client.start_workflow(Recorder.run, id=new_queue(), task_queue=place.task_queue)
        handles = await place.open(1)

        async def indexed() -> list[str]:
            return [one.id async for one in place.client.list_workflows(f"WorkflowId = '{foreign.id}'")]

        await eventually(indexed, bool)
        listed = await eventually(place.listed, bool)
        await place.end(foreign, *handles)

    assert foreign.id not in listed
    assert listed == {f"{place.version}-0"}


async def test_the_worker_tells_real_interviews(server: WorkflowEnvironment) -> None:
    async with staged(server) as stage:
        interview = await stage.start()
        open_ones = InterviewsOnServer(server.client)
        name = interview.handle.id.removeprefix(contract.workflow_id(""))

        async def listed() -> tuple[str, ...]:
            return (await open_ones.page(None, since=None, most=1000)).interviews

        async def signals() -> list[str]:
            history = await interview.handle.fetch_history()
            signalled = [event.workflow_execution_signaled_event_attributes for event in history.events]
            return [one.signal_name for one in signalled]

        await eventually(listed, lambda seen: name in seen)
        await announce_zone_rules(server.client, f"{TZDATA}-{new_queue()}", task_queue=stage.task_queue)
        told = await eventually(signals, lambda seen: FACT in seen)
        await interview.handle.terminate("the test is over")

    assert FACT in told
