"""What goes from interview to interview, on a real server: briefs, and what each may read of what was learned."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from adapters.memory.lessons import MemoryLessons
from entrevue import contract
from entrevue.client import InterviewClient, NoAnswerYet
from entrevue.learning import Aggregates, Lesson
from entrevue.letters import Improvement
from entrevue.values import Code, Refused
from tests.workflows.stage import Running, Stage, dev_server, eventually, new_queue, staged
from tests.workflows.story import CANDIDATE_FORM, SCORECARD, to_booking, to_decision, to_forms, to_release

WISH = "let the candidate finish before I ask on"
GRACE = "interviewer/grace"


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(server) as stage:
        yield stage


@pytest.fixture(name="client")
def _client(stage: Stage) -> InterviewClient:
    return client_of(stage)


def client_of(stage: Stage) -> InterviewClient:
    return InterviewClient(stage.env.client, task_queue=stage.task_queue, rpc_timeout=timedelta(seconds=60))


def named(interview: Running) -> str:
    return interview.handle.id.removeprefix(contract.workflow_id(""))


async def grown(stage: Stage) -> Running:
    """Grace has chosen what to try, and it has arrived among the lessons."""
    interview = await stage.start()
    await to_release(interview)
    await interview.send("submit_reflection", by="i1", text="I interrupted her twice", will_try=WISH)
    await eventually(lambda: stage.lessons.about(GRACE), lambda kept: WISH in str(kept))
    return interview


# --- briefs ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow  # two interviews, one of them to its end
async def test_what_somebody_wanted_to_try_is_in_the_brief_of_their_next_interview(stage: Stage) -> None:
    first = await grown(stage)
    second = await stage.start()
    start = await to_booking(second)
    before = await second.view("i1")
    await second.forward_to(start - timedelta(hours=2))
    await second.happened("briefs_gathered")
    graces, linus, candidates = [(await second.view(who)).brief for who in ("i1", "i2", "candidate")]

    assert before.brief is None
    assert graces is not None
    assert graces.improvement == Improvement(interview=named(first), text=WISH)
    assert WISH not in f"{linus} {candidates} {await second.view()}"


async def test_briefs_are_read_within_the_task_that_reminds_of_the_day(stage: Stage) -> None:
    interview = await stage.start()
    start = await to_booking(interview)
    await interview.forward_to(start - timedelta(hours=2))
    await interview.happened("briefs_gathered")
    history = await interview.handle.fetch_history()
    ordered = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]

    assert "look_up_briefs" not in ordered
    assert len([event for event in history.events if event.HasField("marker_recorded_event_attributes")]) == 1


class AwayOnce(MemoryLessons):
    """The database is away at the first look, or says nothing."""

    def __init__(self, *, silent: bool) -> None:
        super().__init__()
        self._silent, self._looks = silent, 0

    async def about(self, subject: str) -> tuple[Lesson, ...]:
        self._looks += 1
        if self._looks > 1:
            return await super().about(subject)
        if self._silent:
            await asyncio.Event().wait()
        raise ConnectionError


@pytest.mark.parametrize("silent", [False, True], ids=["away", "silent"])
async def test_briefs_that_cannot_be_read_at_once_are_ordered_as_all_else_is(
    server: WorkflowEnvironment, *, silent: bool
) -> None:
    async with staged(server, lessons=AwayOnce(silent=silent)) as stage:
        interview = await stage.start()
        start = await to_booking(interview)
        await interview.forward_to(start - timedelta(hours=2))
        await interview.happened("briefs_gathered")
        kinds, history = await interview.kinds(), await interview.handle.fetch_history()
    ordered = [event.activity_task_scheduled_event_attributes.activity_type.name for event in history.events]

    assert ordered.count("look_up_briefs") == 1
    assert kinds.count("briefs_gathered") == 1


# --- reading ---------------------------------------------------------------------------------------------------------


async def test_each_reads_what_is_theirs_to_read(stage: Stage, client: InterviewClient) -> None:
    interview = await grown(stage)
    profile = await client.profile("grace")
    record = await client.record(named(interview))

    assert profile.person == "grace"
    assert profile.improvement == Improvement(interview=named(interview), text=WISH)
    assert not profile.enough
    assert [one.interview for one in record.interviews] == [named(interview)]
    assert WISH not in str(record)
    assert await client.aggregates(viewer="decision_maker") == Aggregates()
    assert WISH not in str(await client.profile("linus"))


async def test_who_has_had_no_interview_yet_reads_an_empty_profile(client: InterviewClient) -> None:
    profile = await client.profile("radia")

    assert (profile.person, profile.improvement, profile.candidates) == ("radia", None, 0)


async def test_a_record_of_an_interview_that_nobody_knows_is_refused(client: InterviewClient) -> None:
    with pytest.raises(Refused, match=r"^interview: ") as refused:
        await client.record("never-was")

    assert refused.value.code is Code.INVALID_COMMAND


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"viewer": "linus", "person": "grace"}, Code.NOT_AUTHORIZED),
        ({"viewer": "coordinator", "person": "grace"}, Code.NOT_AUTHORIZED),
        ({"viewer": "candidate", "person": "grace"}, Code.NOT_AUTHORIZED),
        ({"viewer": "grace", "interview": "r7"}, Code.NOT_AUTHORIZED),
        ({"viewer": "coordinator", "interview": "r7"}, Code.NOT_AUTHORIZED),
        ({"viewer": "grace"}, Code.NOT_AUTHORIZED),
        ({"viewer": "candidate"}, Code.NOT_AUTHORIZED),
        ({"viewer": "reviewer"}, Code.NOT_AUTHORIZED),
        ({"viewer": "grace", "person": "grace", "interview": "r7"}, Code.INVALID_COMMAND),
        ({"viewer": "grace", "person": "grace and others"}, Code.INVALID_COMMAND),
        ({"person": "grace"}, Code.INVALID_COMMAND),
        (["grace"], Code.INVALID_COMMAND),
        (None, Code.INVALID_COMMAND),
    ],
)
async def test_what_is_not_theirs_is_refused_before_anything_is_looked_up(
    stage: Stage, asked: object, code: Code
) -> None:
    handle = await stage.env.client.start_workflow(
        contract.LEARNING, asked, id=contract.learning_id(new_queue()), task_queue=stage.task_queue
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    history = await handle.fetch_history()

    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == code
    assert failed.value.cause.non_retryable
    assert [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")] == []
    assert "and others" not in str(failed.value.cause)


async def test_a_reading_names_nobody_where_operators_look(stage: Stage, client: InterviewClient) -> None:
    interview = await grown(stage)
    await client.profile("grace")
    await client.record(named(interview))
    query = f'WorkflowType = "{contract.LEARNING}" AND TaskQueue = "{stage.task_queue}"'

    async def readings() -> list[str]:
        return [one.id async for one in stage.env.client.list_workflows(query)]

    ids = await eventually(readings, lambda seen: len(seen) == 2)
    shown = []
    for one in ids:
        handle = stage.env.client.get_workflow_handle(one)
        described = await handle.describe()
        shown += [one, str(await described.static_summary()), str(await described.static_details())]
        summaries = [event.user_metadata.summary.data.decode() for event in (await handle.fetch_history()).events]
        shown += summaries

    assert all(re.fullmatch("learning/[0-9a-f]{32}", one) for one in ids)
    assert "Read what was learned" in json.dumps(shown)
    assert not re.search(f"grace|Ada|{named(interview)}|{WISH}", json.dumps(shown))


async def test_a_reading_that_nobody_takes_up_is_no_answer_yet_and_ends_by_itself(server: WorkflowEnvironment) -> None:
    queue = new_queue()
    client = InterviewClient(server.client, task_queue=queue, rpc_timeout=timedelta(seconds=2))
    with pytest.raises(NoAnswerYet):
        await client.profile("grace")
    query = f'WorkflowType = "{contract.LEARNING}" AND TaskQueue = "{queue}"'

    async def left() -> list[str]:
        return [one.id async for one in server.client.list_workflows(query)]

    (reading,) = await eventually(left, bool)
    handle = server.client.get_workflow_handle(reading)
    first = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    await handle.terminate("the test is over")

    assert 0 < first.workflow_execution_timeout.ToTimedelta().total_seconds() <= 60


# --- the reviewer's list ---------------------------------------------------------------------------------------------


@pytest.fixture(name="apart")
async def _apart() -> AsyncIterator[Stage]:
    """On a server where no other test leaves anything to review."""
    async with await dev_server() as env, staged(env) as stage:
        yield stage


async def reviewed(interview: Running) -> None:
    items = [{"author": who, "what": what} for who in ("i1", "i2") for what in ("strength", "growth")]
    await interview.send("review_feedback", by="reviewer", approved=items, next_step="write one design note a month")


async def test_what_waits_for_a_review_is_one_list_across_interviews_the_earliest_due_first(
    apart: Stage,
) -> None:
    client = client_of(apart)
    early = await apart.start()
    await to_release(early)
    late = await apart.start()
    await to_decision(late)
    undecided = await apart.start()
    await to_decision(undecided)
    await late.forward(timedelta(days=7))
    told = {"by": "Marta Lind", "at": (await late.now()).isoformat(), "how": "phone"}
    await late.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)
    wanted = [named(early), named(late)]

    async def listed() -> list[str]:
        return [one.interview for one in await client.reviews()]

    await eventually(listed, lambda seen: seen == wanted)
    by_id = {one.interview: one for one in await client.reviews()}
    await reviewed(early)
    await eventually(listed, lambda seen: seen == [named(late)])

    first, second = (by_id[one] for one in wanted)
    assert first.due is not None
    assert second.due is not None
    assert first.due < second.due
    assert first.role == "Backend engineer"
    assert {(one.author, one.what) for one in first.items} == {
        (who, what) for who in ("i1", "i2") for what in ("strength", "growth")
    }
    assert "ask about on-call" not in str(first)


@pytest.mark.slow  # it waits for answers that do not come
async def test_an_interview_that_gives_no_answer_hides_no_other_that_waits_for_a_review(
    apart: Stage,
) -> None:
    async with staged(apart.env) as without_worker:
        silent = await without_worker.start()
        await to_release(silent)
    client = InterviewClient(apart.env.client, rpc_timeout=timedelta(seconds=10))
    interview = await apart.start()
    await to_release(interview)
    first, last = await eventually(client.reviews, lambda seen: len(seen) == 2, seconds=90)

    assert (first.interview, last.interview) == (named(interview), named(silent))
    assert first.due is not None
    assert (last.due, last.items) == (None, ())


# --- what is one's own to keep ---------------------------------------------------------------------------------------


async def test_each_takes_home_a_document_of_their_own_and_nobody_elses(stage: Stage, client: InterviewClient) -> None:
    interview = await stage.start()
    await to_forms(interview)
    handle = client.interview(named(interview))
    early = await handle.export("candidate")
    for who, form in (("i1", SCORECARD), ("i2", SCORECARD), ("candidate", CANDIDATE_FORM)):
        await interview.send("submit_evaluation", by=who, form=form)
    told = {"by": "Marta Lind", "at": (await interview.now()).isoformat(), "how": "phone"}
    await interview.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)
    hers, theirs = (await handle.export(who)).document, (await handle.export("i1")).document
    with pytest.raises(Refused) as refused:
        await handle.export("decision_maker")

    assert early.document is None
    assert hers is not None
    assert theirs is not None
    assert "I fear the quiz" in hers
    assert "I fear the quiz" not in theirs
    assert "start on time" in theirs
    assert refused.value.code is Code.NOT_PARTICIPANT
