"""Interviews of one process: when one of them ends it, the others hear it, and no other interview does."""

from datetime import timedelta

from temporalio import workflow
from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.process import ProcessActivities
from entrevue import contract
from entrevue.client import InterviewClient
from entrevue.orders import ProcessTold, TellProcess
from entrevue.values import Status
from on_server import InterviewsOnServer
from tests.workflows.recorder import Heard, Recorder
from tests.workflows.stage import REQUEST, Running, Stage, eventually, new_queue
from tests.workflows.story import to_booking, to_decision

A_MOMENT = timedelta(minutes=2)
"""Longer than the server's index is ever behind."""

_PROCESS = SearchAttributeKey.for_keyword(contract.PROCESS)


def named(interview: Running) -> str:
    return interview.handle.id.removeprefix(contract.workflow_id(""))


async def indexed(server: WorkflowEnvironment, process: str, *interviews: str) -> None:
    """Wait until the server's index has them."""
    wanted = set(interviews)
    await eventually(
        lambda: InterviewsOnServer(server.client).of_process(process), lambda seen: wanted.issubset(set(seen))
    )


async def rejected(interview: Running) -> None:
    told = {"by": "Marta Lind", "at": (await interview.now()).isoformat(), "how": "phone"}
    await interview.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)


# --- real interviews -------------------------------------------------------------------------------------------------


async def test_what_ends_the_process_releases_the_other_interview_of_it(
    server: WorkflowEnvironment, stage: Stage
) -> None:
    process = new_queue()
    one = await stage.start(process_id=process)
    await to_decision(one)
    other = await stage.start(process_id=process)
    await to_decision(other)
    await indexed(server, process, named(one), named(other))
    await other.forward_to(await one.now())  # outside tests there is one clock for all
    await rejected(one)
    await other.forward(A_MOMENT)
    before = await other.view()
    await other.forward_to(await one.now())  # in life they share a clock
    await one.forward(A_MOMENT)
    await other.happened("feedback_released")
    await one.happened("process_informed")

    assert before.status is Status.AWAITING_DECISION
    assert (await other.view()).status is Status.RELEASED
    kinds = await one.kinds() + await other.kinds()
    assert (kinds.count("process_closed"), kinds.count("process_informed")) == (1, 1)


async def test_an_interview_that_is_still_ahead_hears_it_too_and_somebody_is_told(
    server: WorkflowEnvironment, stage: Stage
) -> None:
    process = new_queue()
    one = await stage.start(process_id=process)
    await to_booking(one)
    ahead = await stage.start(process_id=process)
    await to_booking(ahead)
    await indexed(server, process, named(one), named(ahead))
    await one.send("withdraw", by="candidate", reason="I took another offer")
    await one.forward(A_MOMENT)
    view = await ahead.until(lambda view: "PROCESS_ENDED" in {one.id for one in view.attention})
    await one.happened("process_informed")

    assert view.status is Status.SCHEDULED
    assert (await one.view()).status is Status.WITHDRAWN


async def test_an_interview_of_another_process_and_one_of_none_hear_nothing(
    server: WorkflowEnvironment, stage: Stage
) -> None:
    process = new_queue()
    one, other, alone = (
        await stage.start(process_id=process),
        await stage.start(process_id=new_queue()),
        await stage.start(),
    )
    await to_decision(one)
    await indexed(server, process, named(one))
    await rejected(one)
    await one.forward(A_MOMENT)
    await one.happened("process_informed")

    assert "process_closed" not in await other.kinds() + await alone.kinds() + await one.kinds()


async def test_an_interview_alone_tells_nobody_and_sets_no_clock_for_it(stage: Stage) -> None:
    alone = await stage.start()
    await to_decision(alone)
    await rejected(alone)
    history = await alone.handle.fetch_history()
    asked = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]

    assert "feedback_released" in await alone.kinds()
    assert "tell_process" not in asked


async def test_a_process_is_known_from_the_first_moment_though_no_worker_runs(server: WorkflowEnvironment) -> None:
    queue, process = new_queue(), new_queue()
    client = InterviewClient(server.client, task_queue=queue)
    handle = await client.start(REQUEST | {"id": queue, "process_id": process})
    workflow = server.client.get_workflow_handle(contract.workflow_id(handle.id))
    described = await workflow.describe()
    await workflow.terminate("the test is over")

    assert described.typed_search_attributes.get(_PROCESS) == process


async def test_an_interview_that_others_started_without_it_says_it_itself(stage: Stage) -> None:
    process = new_queue()
    interview = await stage.start(process_id=process)
    await interview.until(lambda view: view.status is Status.AWAITING_CANDIDATE)

    assert (await interview.handle.describe()).typed_search_attributes.get(_PROCESS) == process


# --- the activity, among interviews that only listen -----------------------------------------------------------------


def order(process: str, interview: str) -> TellProcess:
    return TellProcess.model_validate(
        {
            "key": f"{interview}/process/all/1.1",
            "lane": "process",
            "interview": interview,
            "now": "2026-12-01T12:00:00Z",
            "process": process,
            "candidate": "c1",
            "outcome": "reject",
            "told_at": "2026-12-01T11:00:00Z",
        }
    )


async def listening(
    server: WorkflowEnvironment, queue: str, process: str, count: int
) -> list[WorkflowHandle[Recorder, list[Heard]]]:
    started = [
        await server.client.start_workflow(
            Recorder.run,
            id=contract.workflow_id(f"{process}-{n}"),
            task_queue=queue,
            search_attributes=TypedSearchAttributes([SearchAttributePair(_PROCESS, process)]),
        )
        for n in range(count)
    ]
    await indexed(server, process, *(f"{process}-{n}" for n in range(count)))
    return started


async def ended(handle: WorkflowHandle[Recorder, list[Heard]]) -> list[Heard]:
    """End it, and give what it has heard before."""
    await handle.signal("end")
    return (await handle.result())[:-1]


async def test_all_others_hear_the_same_however_often_it_is_told(server: WorkflowEnvironment) -> None:
    queue, process = new_queue(), new_queue()
    tell = ProcessActivities(InterviewsOnServer(server.client)).tell_process
    async with Worker(server.client, task_queue=queue, workflows=[Recorder]):
        handles = await listening(server, queue, process, 3)
        wanted = order(process, f"{process}-0")
        answers = [await tell(wanted), await tell(wanted)]
        teller, *others = [await ended(handle) for handle in handles]

    assert answers == [ProcessTold(key=wanted.key, interviews=2)] * 2
    assert teller == []
    fact = {
        "kind": "process_ended",
        "source_id": wanted.key,
        "at": "2026-12-01T12:00:00Z",
        "process": process,
        "candidate": "c1",
        "outcome": "reject",
        "told_at": "2026-12-01T11:00:00Z",
    }
    assert others == [[(contract.PROCESS_ENDED, fact)] * 2] * 2


async def test_who_has_ended_meanwhile_is_no_trouble_and_is_not_counted(server: WorkflowEnvironment) -> None:
    queue, process = new_queue(), new_queue()
    on_server = InterviewsOnServer(server.client)

    class Behind:
        """Still lists what has ended."""

        async def of_process(self, process: str) -> tuple[str, ...]:
            return tuple(f"{process}-{n}" for n in range(3))

        tell = on_server.tell

    async with Worker(server.client, task_queue=queue, workflows=[Recorder]):
        gone, there, _ = handles = await listening(server, queue, process, 3)
        await ended(gone)
        answer = await ProcessActivities(Behind()).tell_process(order(process, f"{process}-2"))
        heard = [await ended(handle) for handle in handles[1:]]

    assert answer.interviews == 1
    assert [len(one) for one in heard] == [1, 0]
    assert there.id.endswith("-1")


@workflow.defn(name=contract.WORKFLOW, sandboxed=False)
class RollsOver:
    """Continues as new once, and ends when it hears the fact."""

    def __init__(self) -> None:
        self._heard = 0

    @workflow.run
    async def run(self, runs: int) -> int:
        if runs > 1:
            workflow.continue_as_new(runs - 1)
        await workflow.wait_condition(lambda: self._heard > 0)
        return self._heard

    @workflow.signal(name=contract.PROCESS_ENDED)
    def hear(self, fact: object) -> None:
        self._heard += fact is not None


async def test_an_interview_that_continued_as_new_is_listed_once_and_hears_once(server: WorkflowEnvironment) -> None:
    queue, process = new_queue(), new_queue()
    runs = f'{contract.PROCESS} = "{process}" AND ExecutionStatus = "ContinuedAsNew"'

    async def former() -> int:
        return (await server.client.count_workflows(runs)).count

    async with Worker(server.client, task_queue=queue, workflows=[RollsOver]):
        handle = await server.client.start_workflow(
            RollsOver.run,
            3,
            id=contract.workflow_id(process),
            task_queue=queue,
            search_attributes=TypedSearchAttributes([SearchAttributePair(_PROCESS, process)]),
        )
        await eventually(former, lambda seen: seen == 2)
        answer = await ProcessActivities(InterviewsOnServer(server.client)).tell_process(order(process, "r7"))
        heard = await handle.result()

    assert (answer.interviews, heard) == (1, 1)
