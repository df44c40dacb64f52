import asyncio
import io
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from entrevue import contract
from entrevue.changes import Cancel
from entrevue.client import InterviewClient, InterviewHandle, Listed, NoAnswerYet, UnknownInterview
from entrevue.feedback import Told
from entrevue.negotiation import ChooseSlot
from entrevue.rubrics import CandidateForm, Scorecard
from entrevue.session import ParticipantJoined
from entrevue.values import CANDIDATE, Code, Refused, Status
from starter import Exit, main
from tests.workflows.recorder import Recorder
from tests.workflows.stage import PEOPLE, REQUEST, Running, Stage, dev_server, eventually, new_queue, staged
from tests.workflows.story import (
    CANDIDATE_FORM,
    NEW_YORK,
    SCORECARD,
    to_booking,
    to_decision,
    to_forms,
    to_offer,
    to_release,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    """One kind of worker is enough: how it caches is nothing that a client could see."""
    async with staged(server) as stage:
        yield stage


@pytest.fixture(name="client")
def _client(stage: Stage) -> InterviewClient:
    return client_of(stage)


def client_of(stage: Stage) -> InterviewClient:
    return InterviewClient(stage.env.client, task_queue=stage.task_queue, rpc_timeout=timedelta(seconds=60))


def request(interview: str) -> dict[str, object]:
    return REQUEST | {"id": interview}


def running(stage: Stage, handle: InterviewHandle) -> Running:
    """Address the same interview as the story does."""
    workflow = stage.env.client.get_workflow_handle(contract.workflow_id(handle.id), result_type=contract.Ended)
    return Running(env=stage.env, handle=workflow)


def named(interview: Running) -> str:
    return interview.handle.id.removeprefix(contract.workflow_id(""))


# --- starting --------------------------------------------------------------------------------------------------------


async def test_starting_twice_gives_one_interview(stage: Stage, client: InterviewClient) -> None:
    interview = new_queue()
    handles = await asyncio.gather(*(client.start(request(interview)) for _ in range(5)))
    again = await client.start(request(interview) | {"role": "Another role"})

    assert {handle.id for handle in (*handles, again)} == {interview}
    assert [handle.created for handle in handles].count(True) == 1
    assert not again.created
    await to_offer(running(stage, again))
    assert (await running(stage, again).kinds()).count("interview_opened") == 1
    assert (await again.view("coordinator")).role == "Backend engineer"


async def test_starting_an_interview_that_has_ended_gives_the_one_that_has_ended(client: InterviewClient) -> None:
    interview = new_queue()
    first = await client.start(request(interview))
    await first.cancel(by="coordinator")
    ended = await first.result()
    again = await client.start(request(interview))

    assert ended.status is Status.CANCELLED
    assert not again.created
    assert (await again.view("coordinator")).status is Status.CANCELLED
    assert await again.result() == ended


async def test_what_the_request_leaves_open_is_decided_by_the_worker(stage: Stage, client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    history = await running(stage, handle).handle.fetch_history()
    payload = history.events[0].workflow_execution_started_event_attributes.input.payloads[0]

    assert "policy" not in json.loads(payload.data)


async def test_the_title_of_a_workflow_names_the_role_and_nobody(stage: Stage, client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()) | {"role": "R" * 300})
    described = await running(stage, handle).handle.describe()

    assert await described.static_summary() == f"{'R' * 100} · {handle.id}"


# --- commanding ------------------------------------------------------------------------------------------------------


async def test_an_interview_is_held_through_the_typed_methods(stage: Stage, client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    interview = running(stage, handle)
    start = await to_offer(interview)

    booked = await handle.choose_slot(by=CANDIDATE, start=start)
    assert (booked.status, booked.revision) == (Status.SCHEDULED, 1)
    await handle.share_expectations(by="i1", for_other_side="trade-offs in storage")
    await handle.give_consent(layer="feedback")
    await interview.forward_to(start)
    await handle.start_session(by="i1")
    await interview.forward(timedelta(minutes=40))
    ended = await handle.end_session(by="i1")
    assert ended.status is Status.AWAITING_EVALUATIONS
    for who in ("i1", "i2"):
        await handle.submit_evaluation(by=who, form=Scorecard.model_validate(SCORECARD))
    sealed = await handle.submit_evaluation(by=CANDIDATE, form=CandidateForm.model_validate(CANDIDATE_FORM))
    assert sealed.status is Status.AWAITING_DECISION
    seen = await handle.view(CANDIDATE)
    assert seen.form is not None
    assert seen.form.latest == CandidateForm.model_validate(CANDIDATE_FORM)
    happened = await handle.timeline()
    assert [one.seq for one in happened] == list(range(1, len(happened) + 1))


async def test_a_fact_is_judged_and_its_repeat_is_no_news(stage: Stage, client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    interview = running(stage, handle)
    start = await to_booking(interview)
    await interview.forward_to(start)
    for source_id, who in (("a", "candidate"), ("a", "candidate"), ("b", "i1"), ("c", "i2")):
        await handle.tell(ParticipantJoined(source_id=source_id, at=start, who=who))
    await interview.happened("session_started")

    assert (await interview.kinds()).count("attendance_seen") == 3


async def test_a_command_with_the_same_key_is_applied_once_and_answered_alike(
    stage: Stage, client: InterviewClient
) -> None:
    handle = await client.start(request(new_queue()))
    await to_booking(running(stage, handle))
    first = await handle.share_expectations(by="i1", for_other_side="trade-offs", key="k1")
    await handle.share_expectations(by="i1", for_other_side="failures", key="k2")
    again = await handle.share_expectations(by="i1", for_other_side="trade-offs", key="k1")

    assert again == first
    assert (await running(stage, handle).kinds()).count("expectations_shared") == 2


async def test_a_key_that_comes_back_with_another_command_is_refused(stage: Stage, client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    await to_booking(running(stage, handle))
    await handle.share_expectations(by="i1", for_other_side="trade-offs", key="k1")
    with pytest.raises(Refused) as other_body:
        await handle.share_expectations(by="i1", for_other_side="failures", key="k1")
    with pytest.raises(Refused) as other_command:
        await handle.cancel(by="coordinator", key="k1")

    assert {other_body.value.code, other_command.value.code} == {Code.IDEMPOTENCY_MISMATCH}
    assert (await handle.view("coordinator")).status is Status.SCHEDULED


async def test_the_command_that_ended_the_interview_is_answered_alike_afterwards(client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    first = await handle.cancel(by="coordinator", key="k1")
    await handle.result()

    assert await handle.cancel(by="coordinator", key="k1") == first


# --- being refused ---------------------------------------------------------------------------------------------------


async def code_of(handle: InterviewHandle, kind: str, **fields: object) -> Code:
    with pytest.raises(Refused) as refused:
        await getattr(handle, kind)(**fields)
    assert refused.value.sentence
    return refused.value.code


async def test_refusals_come_back_with_their_code(stage: Stage) -> None:
    interview = await stage.start()
    handle = client_of(stage).interview(named(interview))
    start = await to_offer(interview)

    never = start + timedelta(minutes=7)
    assert await code_of(handle, "start_session", by="i1") is Code.INVALID_STATE
    assert await code_of(handle, "cancel", by="i7") is Code.NOT_PARTICIPANT
    assert await code_of(handle, "cancel", by="i1") is Code.NOT_AUTHORIZED
    assert await code_of(handle, "choose_slot", by=CANDIDATE, start=never) is Code.SLOT_UNAVAILABLE
    assert await code_of(handle, "view", viewer="i7") is Code.NOT_PARTICIPANT
    stale = await code_of(handle, "choose_slot", by=CANDIDATE, start=start, expected_revision=9)
    assert stale is Code.STALE_REVISION


@pytest.mark.parametrize("policy", [{"self_service_cutoff": "P60D"}, {"reschedules": 0}], ids=["too near", "too often"])
async def test_a_change_too_near_or_too_often_waits_for_the_coordinator(
    stage: Stage, policy: dict[str, object]
) -> None:
    interview = await stage.start(policy=policy)
    start = await to_booking(interview)
    handle = client_of(stage).interview(named(interview))

    asked = await handle.request_reschedule(by=CANDIDATE, mode="vacate", reason="a strike")
    waiting = await handle.view("coordinator")
    granted = await handle.grant_approval()

    assert (asked.outcome, asked.status) == ("pending_approval", Status.SCHEDULED)
    assert waiting.slot is not None
    assert waiting.slot.start == start
    assert "APPROVAL_DUE:1" in [item.id for item in waiting.attention]
    assert (granted.outcome, granted.status) == ("done", Status.NEEDS_RESCHEDULING)


@pytest.mark.slow  # how a refusal comes back is tested above
async def test_refusals_around_the_forms_come_back_with_their_code(stage: Stage) -> None:
    interview = await stage.start()
    handle = client_of(stage).interview(named(interview))
    card = Scorecard.model_validate(SCORECARD)
    await to_forms(interview)
    await handle.submit_evaluation(by="i2", form=card)

    assert await code_of(handle, "excuse_evaluation", by="coordinator", whom="i2", reason="ill") is Code.FORM_NOT_OPEN
    await handle.submit_evaluation(by="i1", form=card)
    colder = card.model_copy(update={"recommendation": "no"})
    assert await code_of(handle, "submit_evaluation", by="i1", form=colder) is Code.EVALUATION_LOCKED


@pytest.mark.slow  # how a refusal comes back is tested above
async def test_refusals_around_the_release_come_back_with_their_code(stage: Stage) -> None:
    interview = await stage.start()
    handle = client_of(stage).interview(named(interview))
    await to_decision(interview)
    await handle.revoke_consent(layer="feedback")
    await handle.record_decision(
        by="decision_maker",
        outcome="role_closed",
        process_over=True,
        told=Told(by="Marta Lind", at=await interview.now(), how="phone"),
    )

    assert await code_of(handle, "open_feedback") is Code.CONSENT_MISSING


async def test_a_time_that_somebody_else_was_faster_to_book_is_refused(stage: Stage) -> None:
    one, two = await stage.start(), await stage.start()
    start = await to_booking(one)
    await to_offer(two)
    handle = client_of(stage).interview(named(two))

    assert await code_of(handle, "book_slot", by="coordinator", start=start) is Code.SLOT_UNAVAILABLE
    assert "time_requested" in await two.kinds()  # it was accepted, and lost


async def test_an_ended_interview_takes_no_command_and_no_fact_is_news_to_it(client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    ended = await handle.cancel(by="coordinator")
    await handle.result()
    with pytest.raises(Refused, match="CANCELLED") as refused:
        await handle.withdraw(by=CANDIDATE)
    await handle.tell(ParticipantJoined(source_id="late", at=(await handle.view(CANDIDATE)).since, who=CANDIDATE))

    assert refused.value.code is Code.INVALID_STATE
    assert (await handle.timeline())[ended.seq - 1].kind == "interview_cancelled"


async def test_an_interview_that_an_operator_terminated_says_so(stage: Stage, client: InterviewClient) -> None:
    handle = await client.start(request(new_queue()))
    await running(stage, handle).handle.terminate("a test")

    with pytest.raises(Refused, match="TERMINATED") as refused:
        await handle.cancel(by="coordinator")
    assert refused.value.code is Code.INVALID_STATE


async def test_a_command_that_the_worker_does_not_know_is_trouble_and_no_refusal(client: InterviewClient) -> None:
    """As between a new backend and an old worker."""
    handle = await client.start(request(new_queue()))
    with pytest.raises(WorkflowUpdateFailedError) as trouble:
        await handle.send(Cancel(by="coordinator").model_copy(update={"kind": "not_yet_invented"}))

    assert "not_yet_invented" in str(trouble.value.cause)


async def test_a_request_that_cannot_be_read_ends_as_refused(stage: Stage, client: InterviewClient) -> None:
    """Whoever starts without the client may send anything; the id is used up."""
    interview = await stage.start(interviewers=[])
    with pytest.raises(Refused, match="interviewers") as refused:
        await client.interview(named(interview)).result()

    assert refused.value.code is Code.INVALID_COMMAND


async def test_a_payload_that_does_not_fit_names_the_field_and_leaves_no_trace(stage: Stage) -> None:
    interview = await stage.start()
    await to_offer(interview)
    refusals = [
        await interview.refused("choose_slot", by="candidate", start="tomorrow"),
        await interview.refused("choose_slot", by="candidate", begin="2026-12-01T10:00:00Z"),
        await interview.refused("choose_slot", "candidate"),
    ]
    history = await interview.handle.fetch_history()

    assert {refusal.type for refusal in refusals} == {Code.INVALID_COMMAND}
    assert [refusal.message.split(":")[0] for refusal in refusals] == ["start", "start", "payload"]
    assert "begin: is not a field we know" in refusals[1].message
    assert not [event for event in history.events if "EXECUTION_UPDATE_" in EventType.Name(event.event_type)]


# --- nobody there ----------------------------------------------------------------------------------------------------


async def test_an_interview_that_never_was_is_unknown(client: InterviewClient) -> None:
    handle = client.interview("never-was")
    joined = ParticipantJoined.model_validate({"source_id": "a", "at": "2026-12-01T10:00:00Z", "who": CANDIDATE})
    calls = (
        lambda: handle.cancel(by="coordinator"),
        lambda: handle.tell(joined),
        lambda: handle.view("coordinator"),
        handle.timeline,
        handle.result,
    )

    for call in calls:
        with pytest.raises(UnknownInterview) as unknown:
            await call()
        assert unknown.value.interview == "never-was"


async def test_without_a_worker_there_is_no_answer_yet_and_the_same_key_finds_the_answer_later(
    server: WorkflowEnvironment,
) -> None:
    queue = new_queue()
    patient = InterviewClient(server.client, task_queue=queue, rpc_timeout=timedelta(seconds=60))
    await patient.start(request(queue))
    handle = InterviewClient(server.client, rpc_timeout=timedelta(seconds=1)).interview(queue)
    with pytest.raises(NoAnswerYet, match="worker") as question:
        await handle.view("coordinator")
    with pytest.raises(NoAnswerYet, match="k1") as command:
        await handle.cancel(by="coordinator", key="k1")
    async with staged(server, task_queue=queue) as stage:
        receipt = await client_of(stage).interview(queue).cancel(by="coordinator", key="k1")
        kinds = await running(stage, handle).kinds()

    assert question.value.key is None
    assert command.value.key == "k1"
    assert receipt.status is Status.CANCELLED
    assert kinds.count("interview_cancelled") == 1


async def test_a_callers_own_deadline_passes_as_theirs(server: WorkflowEnvironment) -> None:
    """Temporal's client would take it for a timeout of its own."""
    queue = new_queue()
    client = InterviewClient(server.client, task_queue=queue, rpc_timeout=timedelta(seconds=60))
    handle = await client.start(request(queue))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await handle.cancel(by="coordinator")


# --- the index -------------------------------------------------------------------------------------------------------


async def test_interviews_are_found_by_where_they_stand(stage: Stage, client: InterviewClient) -> None:
    waiting = await client.start(request(new_queue()))
    unknown = await client.start(request(new_queue()) | {"interviewers": ["nobody"]})
    start = await to_booking(running(stage, waiting))

    async def scheduled() -> dict[str, Listed]:
        return {one.interview: one async for one in client.search(status=Status.SCHEDULED)}

    async def urgent() -> dict[str, Listed]:
        return {one.interview: one async for one in client.search(attention="now", query=f"{contract.START} IS NULL")}

    found = await eventually(scheduled, lambda seen: waiting.id in seen)
    pressing = await eventually(urgent, lambda seen: unknown.id in seen)

    assert (found[waiting.id].start, found[waiting.id].ball, found[waiting.id].attention) == (start, "nobody", "none")
    assert found[waiting.id].closed_at is None
    assert unknown.id not in found
    assert waiting.id not in pressing


async def test_one_cause_in_many_interviews_is_one_item_until_the_cause_is_gone() -> None:
    async with await dev_server() as env, staged(env) as stage:  # the index of a server of its own
        client, shell = client_of(stage), Shell(stage)
        waiting = [await client.start(request(new_queue()) | {"interviewers": ["alan", "ada"]}) for _ in range(4)]
        stopped, *others = waiting
        untroubled = await client.start(request(new_queue()))
        (item,) = await eventually(client.attention, lambda found: [one.count for one in found] == [4])
        await running(stage, stopped).handle.terminate("a test")
        (three,) = await eventually(client.attention, lambda found: [one.count for one in found] == [3])
        printed = await shell.type("attention")
        for_programs = await shell.type("attention", "--json")

        for name in ("alan", "ada"):
            stage.directory.put(PEOPLE[0].model_copy(update={"id": name, "email": f"{name}@acme.example"}))
        for handle in others:
            await handle.clear_attention(by="coordinator", item="PERSON_UNKNOWN:i1")
        gone = await eventually(client.attention, lambda found: found == ())
        nothing = await shell.type("attention")

    assert (item.rank, item.owner, item.cause, item.clears) == (
        "now",
        "coordinator",
        "PERSON_UNKNOWN",
        ("clear_attention", "replace_interviewer", "remove_seat", "cancel"),
    )
    assert set(three.examples) == {handle.id for handle in others}
    assert untroubled.id not in item.examples
    assert (three.earliest, three.latest) == (None, None)
    header, line = printed.out.splitlines()
    assert header.split()[:5] == ["rank", "owner", "cause", "count", "examples"]
    assert line.split()[:4] == ["now", "coordinator", "PERSON_UNKNOWN", "3"]
    assert json.loads(for_programs.out) == [three.model_dump(mode="json")]
    assert gone == ()
    assert nothing.out == "nothing needs a person\n"


async def test_search_attributes_are_registered_once() -> None:
    binary = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    bare = await WorkflowEnvironment.start_local(dev_server_existing_path=binary, dev_server_log_level="error")
    async with bare as env:
        client = InterviewClient(env.client)
        missing = await client.register_search_attributes()
        again = await client.register_search_attributes()

    assert set(missing) == set(contract.SEARCH_ATTRIBUTES)
    assert again == ()


# --- the command line ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Typed:
    """What a command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, JsonValue]:
        read: dict[str, JsonValue] = json.loads(self.out)
        return read


@dataclass(frozen=True)
class Shell:
    """A shell in the checkout, whose TEMPORAL_ADDRESS is the stage's server."""

    stage: Stage

    async def type(self, *words: str, text: str = "") -> Typed:
        """Type it here: a process of its own needs a second to import what this one has."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as here, redirect_stdout(out), redirect_stderr(err):
            here.setenv("TEMPORAL_ADDRESS", self._address)
            here.setattr("sys.stdin", io.StringIO(text))
            code = await asyncio.to_thread(main, words)
        return Typed(code, out.getvalue(), err.getvalue())

    @property
    def _address(self) -> str:
        return self.stage.env.client.service_client.config.target_host

    async def execute(self, *words: str, text: str = "") -> Typed:
        """Execute it as a shell does."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "starter.py",
            *words,
            cwd=ROOT,
            env=os.environ | {"TEMPORAL_ADDRESS": self._address},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(text.encode())
        assert process.returncode is not None
        return Typed(process.returncode, out.decode(), err.decode())


@pytest.fixture(name="shell")
async def _shell(server: WorkflowEnvironment) -> AsyncIterator[Shell]:
    async with staged(server) as stage:
        yield Shell(stage)


async def test_an_interview_is_started_shown_and_booked_from_a_shell(shell: Shell) -> None:
    interview = new_queue()
    content = json.dumps(request(interview))
    queue = f"--task-queue={shell.stage.task_queue}"
    started = await shell.execute("start", "-", queue, "--json", text=content)
    again = await shell.type("start", "-", queue, text=content)
    handle = client_of(shell.stage).interview(interview)
    start = await to_offer(running(shell.stage, handle))
    shown = await shell.type("show", interview, "--as=candidate")
    chosen = await shell.type(
        "choose_slot", interview, "--by=candidate", f"--start={start.isoformat()}", "--key=k1", "--json"
    )
    repeated = await shell.type(
        "choose-slot", interview, f"--payload={_choice(start.isoformat())}", "--key=k1", "--json"
    )
    timeline = await shell.type("timeline", interview, "--json")

    assert started.json == {"interview": interview, "created": True}
    assert "exists already" in again.out
    assert {"status        AWAITING_CANDIDATE", "revision      0"} <= set(shown.out.splitlines())
    assert (
        f"{start:%Y-%m-%dT%H:%M:%SZ}  {start.astimezone(NEW_YORK):%a %d %b %H:%M} America/New_York, 40 min" in shown.out
    )
    assert chosen.json["status"] == Status.SCHEDULED
    assert repeated.json == chosen.json
    assert '"interview_scheduled"' in timeline.out
    assert {one.code for one in (started, again, shown, chosen, repeated, timeline)} == {Exit.DONE}


async def test_what_a_clock_on_a_wall_shows_is_sent_as_an_instant(shell: Shell) -> None:
    client, queue = shell.stage.env.client, new_queue()
    words = (queue, "--by=coordinator", "--zone=Europe/Berlin")
    async with Worker(client, task_queue=queue, workflows=[Recorder]):
        recorder = await client.start_workflow(Recorder.run, id=contract.workflow_id(queue), task_queue=queue)
        booked = await shell.type("book-slot", *words, "--start", "2026-12-01 10:00")
        second = await shell.type("book-slot", *words, "--start=2026-10-25T02:30", "--fold=1")
        refused = await shell.type("book-slot", *words, "--start=2026-10-25T02:30")
        starts = '["2026-12-01 10:00", "2026-12-02T10:00-05:00"]'
        offered = await shell.type("offer-slots", *words, f"--slots={starts}")
        await recorder.signal("end")
        sent = [payload for name, payload in await recorder.result() if name != "end"]

    assert [one.code for one in (booked, second, refused, offered)] == [Exit.DONE, Exit.DONE, Exit.REFUSED, Exit.DONE]
    assert sent == [
        {"kind": "book_slot", "by": "coordinator", "start": "2026-12-01T09:00:00Z"},
        {"kind": "book_slot", "by": "coordinator", "start": "2026-10-25T01:30:00Z"},
        {
            "kind": "offer_slots",
            "by": "coordinator",
            "slots": ["2026-12-01T09:00:00Z", "2026-12-02T15:00:00Z"],
        },
    ]


async def test_a_shell_is_told_why_not(shell: Shell) -> None:
    interview = await shell.stage.start()
    name = named(interview)
    await to_offer(interview)
    unknown = await shell.type("show", "never-was")
    refused = await shell.execute("cancel", name, "--by=i1")
    for_programs = await shell.type("start-session", name, "--by=i1", "--json")
    naive = await shell.type("choose-slot", name, "--by=candidate", "--start=2026-12-01T10:00")
    filtered = await shell.type("list", "--query=Nonsense ==")

    assert (unknown.code, refused.code, for_programs.code) == (Exit.UNKNOWN_INTERVIEW, Exit.REFUSED, Exit.REFUSED)
    assert refused.err.startswith("not_authorized: by: cancel is for ")
    assert json.loads(for_programs.err)["error"] == Code.INVALID_STATE
    assert (naive.code, filtered.code) == (Exit.USAGE, Exit.USAGE)
    assert {one.out for one in (unknown, refused, for_programs, naive, filtered)} == {""}


async def test_a_shell_lists_tells_and_registers(shell: Shell) -> None:
    interview = await shell.stage.start()
    name = named(interview)
    start = await to_booking(interview)
    await interview.forward_to(start)
    told = await shell.type("tell", "participant-joined", name, "--who=i1", f"--at={start.isoformat()}")
    registered = await shell.type("register-search-attributes", "--json")

    async def listed() -> str:
        return (await shell.type("list", "--status=SCHEDULED")).out

    assert (told.code, registered.json) == (Exit.DONE, {"registered": []})
    await interview.happened("attendance_seen")
    assert f"{start:%Y-%m-%dT%H:%M:%SZ}" in await eventually(listed, lambda text: name in text)


@pytest.fixture(name="shell_apart")
async def _shell_apart() -> AsyncIterator[Shell]:
    """On a server where no other test leaves anything to review."""
    async with await dev_server() as env, staged(env) as stage:
        yield Shell(stage)


async def test_a_shell_shows_what_was_learned_and_what_waits_for_a_review(shell_apart: Shell) -> None:
    shell = shell_apart
    interview = await shell.stage.start()
    name, queue = named(interview), f"--task-queue={shell.stage.task_queue}"
    await to_release(interview)
    await interview.send("submit_reflection", by="i1", text="I interrupted her twice", will_try="let them finish")

    async def profile() -> Typed:
        return await shell.type("profile", "grace", queue)

    async def reviews() -> Typed:
        return await shell.type("reviews")

    grown = await eventually(profile, lambda typed: "let them finish" in typed.out)
    waiting = await eventually(reviews, lambda typed: name in typed.out)
    for_programs = await shell.type("aggregates", queue, "--json")
    record = await shell.type("record", name, queue)
    unknown = await shell.type("record", "never-was", queue)

    assert grown.out.startswith("kind         profile\nperson       grace\n")
    assert "names trade-offs before choosing" in waiting.out
    assert for_programs.json["enough"] is False
    assert name in record.out
    assert {one.code for one in (grown, waiting, for_programs, record)} == {Exit.DONE}
    assert (unknown.code, unknown.err) == (
        Exit.REFUSED,
        "invalid_command: interview: nothing is known of it; check its id\n",
    )


def _choice(start: str) -> str:
    return ChooseSlot.model_validate({"by": CANDIDATE, "start": start}).model_dump_json()
