"""The demo as a stranger runs it, and what an operator then finds with Temporal's own command line."""

import asyncio
import base64
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import icalendar
import pytest
from pydantic import BaseModel, Field, JsonValue, TypeAdapter

from demo import diaries, earlier, story
from demo.embedded import ROOT, STAFF, Servers, embedded
from demo.on_radicale import in_the_way
from demo.playing import awake, eventually
from demo.processes import answers
from demo.telling import Telling, words
from demo.temporal_server import binary
from entrevue import contract
from entrevue.request import InterviewRequest
from entrevue.values import Status
from tests.golden import mails
from tests.golden.checks import faults

BERLIN, HELSINKI, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Helsinki"), ZoneInfo("America/New_York")


# --- the whole thing -------------------------------------------------------------------------------------------------


async def started(folder: Path) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "demo", "--folder", str(folder), cwd=ROOT, stdout=PIPE, stderr=PIPE
    )


@dataclass(frozen=True)
class Run:
    """One run of the demo, from its start to its end."""

    code: int | None
    said: str
    trouble: str
    folder: Path


@pytest.fixture(scope="module", name="run")
async def _run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("run") / "a folder"
    demo = await started(folder)
    said, trouble = (stream.decode() for stream in await demo.communicate())
    return Run(demo.returncode, said, trouble, folder)


@pytest.mark.slow
def test_the_demo_ends_well_and_says_so(run: Run) -> None:
    tail = run.said[run.said.find("What came of it") :]

    assert (run.code, run.trouble) == (0, ""), f"{run.said}\n{run.trouble}"
    assert "Scene one: r7-c42-2 is COMPLETED." in tail
    assert "Scene two: r9-c7-1 is CANCELLED." in tail
    assert "✗" not in run.said
    assert tail.count("✓") > 30
    assert "⏩" in run.said


@pytest.mark.slow
def test_its_mails_are_those_that_were_recorded(run: Run) -> None:
    """Where a letter was meant to change, `make mails` records it anew."""
    sent = mails.golden(mails.sent_by_the_demo(run.folder))
    kept = {file.name: file.read_text(encoding="utf-8") for file in mails.KEPT.glob("*.txt")}

    assert sorted(sent) == sorted(kept)
    assert [name for name in sorted(sent) if sent[name] != kept[name]] == []


@pytest.mark.slow
def test_each_of_its_mails_is_one_that_every_program_understands(run: Run) -> None:
    sent = mails.sent_by_the_demo(run.folder)

    assert len(sent) > 50
    assert {mail.key: found for mail in sent if (found := list(faults(mail)))} == {}


@pytest.mark.slow
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
async def test_when_the_demo_is_ended_early_its_servers_end_too(tmp_path: Path, end: signal.Signals) -> None:
    demo = await started(tmp_path)
    assert demo.stdout
    said = ""
    while "Scene one" not in said:
        line = await demo.stdout.readline()
        assert line, said
        said += line.decode()
    ui = int(said.partition("own pages: http://127.0.0.1:")[2].split()[0])
    before = await answers(ui)
    demo.send_signal(end)
    await demo.communicate()
    left = await eventually(lambda: answers(ui), lambda answered: not answered, "the end of the Temporal server")

    assert (before, left) == (True, False)
    assert demo.returncode == (130 if end is signal.SIGINT else -signal.SIGKILL)


@pytest.mark.slow
async def test_a_folder_that_is_not_the_demos_is_not_wiped(tmp_path: Path) -> None:
    thesis = tmp_path / "thesis.tex"
    thesis.touch()
    demo = await started(tmp_path)
    _, trouble = await demo.communicate()

    assert demo.returncode == 1
    assert "not made by the demo" in trouble.decode()
    assert thesis.exists()


# --- what an operator finds ------------------------------------------------------------------------------------------


class Payload(BaseModel):
    data: str

    @property
    def text(self) -> str:
        return TypeAdapter(str).validate_json(base64.b64decode(self.data))


class Metadata(BaseModel):
    summary: Payload | None = None


class Event(BaseModel):
    """One event, as far as it matters here; and so on."""

    event_type: Annotated[str, Field(alias="eventType")]
    user_metadata: Annotated[Metadata, Field(alias="userMetadata")] = Metadata()


class History(BaseModel):
    events: list[Event]


class Execution(BaseModel):
    workflow_id: Annotated[str, Field(alias="workflowId")]


class Listed(BaseModel):
    execution: Execution


@dataclass(frozen=True)
class Operator:
    """Somebody with Temporal's command line and nothing else."""

    servers: Servers

    async def temporal(self, *command: str) -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            binary(), *command, "--address", self.servers.temporal.address, stdout=PIPE, stderr=PIPE
        )
        said, trouble = await process.communicate()
        return process.returncode, said.decode(), trouble.decode()

    async def history(self, interview: str) -> list[Event]:
        command = ("workflow", "show", "--workflow-id", contract.workflow_id(interview), "--output", "json")
        code, said, trouble = await self.temporal(*command)
        assert code == 0, trouble
        return History.model_validate_json(said).events

    async def listed(self, query: str) -> list[str]:
        code, said, trouble = await self.temporal("workflow", "list", "--query", query, "--output", "json")
        assert code == 0, trouble
        return [one.execution.workflow_id for one in TypeAdapter(list[Listed]).validate_json(said or "[]")]

    async def send(self, interview: str, name: str, payload: JsonValue) -> tuple[int | None, str, str]:
        return await self.temporal(
            *("workflow", "update", "execute", "--output", "json"),
            *("--workflow-id", contract.workflow_id(interview), "--name", name, "--input", json.dumps(payload)),
        )


@pytest.fixture(scope="module", name="operator")
async def _operator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Operator]:
    async with embedded(tmp_path_factory.mktemp("demo")) as servers:
        yield Operator(servers)


@pytest.mark.slow
async def test_an_interview_that_has_ended_explains_itself_in_plain_words_and_is_found_by_its_status(
    operator: Operator,
) -> None:
    telling = Telling(BERLIN)
    await diaries.fill(operator.servers.diaries, datetime.now(UTC).date())
    await earlier.play(operator.servers, telling)
    told = await story.play(operator.servers, telling)
    await story.conclude(told)
    scene = told.scene
    events = await operator.history(scene.handle.id)
    explained = {"EVENT_TYPE_ACTIVITY_TASK_SCHEDULED", "EVENT_TYPE_TIMER_STARTED"}
    summaries = [event.user_metadata.summary for event in events if event.event_type in explained]
    texts = [summary.text if summary else "" for summary in summaries]
    of_this_status = f'{contract.STATUS} = "{Status.COMPLETED}"'
    found = await eventually(lambda: operator.listed(of_this_status), bool, "the interview in the list")

    assert telling.conclude()
    assert len(texts) > 40  # how many differs: what is answered together needs no timer in between
    assert [text for text in texts if not text[:1].isupper() or len(text.split()) < 3 or "{" in text] == []
    assert {"Search everyone's free time for up to 5 slots", "Mail to candidate: offer"} <= set(texts)
    assert found == [contract.workflow_id(scene.handle.id)]


@pytest.mark.slow
async def test_commands_are_json_for_any_tool_and_a_refused_one_leaves_no_trace(operator: Operator) -> None:
    request = InterviewRequest.model_validate(
        {
            "id": "r8-c1-1",
            "role": "Backend engineer",
            "candidate": {"name": "Alan Reyes", "email": "alan@example.org"},
            "interviewers": ["grace"],
        }
    )
    interview = await operator.servers.interviews.start(request)
    view = await eventually(lambda: interview.view("coordinator"), lambda view: bool(view.offered), "an offer")
    first = view.offered[0].start.isoformat()
    booked = await operator.send(interview.id, "choose_slot", {"by": "coordinator", "start": first})
    before = await eventually(lambda: operator.history(interview.id), _settled, "an interview at rest")
    misspelt = await operator.send(interview.id, "share_expectations", {"by": "candidate", "for_other_sid": "a line"})
    early = await operator.send(interview.id, "end_session", {"by": "i1"})
    after = await operator.history(interview.id)

    assert booked[0] == 0, booked
    assert json.loads(booked[1])["result"]["status"] == Status.SCHEDULED
    assert misspelt[0] != 0
    assert "for_other_sid: is not a field we know" in misspelt[2]
    assert early[0] != 0
    assert "end_session does not fit while the interview is SCHEDULED" in early[2]
    assert len(after) == len(before)


def _settled(events: list[Event]) -> bool:
    """Say whether everything that was begun has ended, and was looked at by the workflow."""
    kinds = [event.event_type.removeprefix("EVENT_TYPE_") for event in events]
    begun, done = kinds.count("ACTIVITY_TASK_SCHEDULED"), kinds.count("ACTIVITY_TASK_COMPLETED")
    after = kinds[::-1][: kinds[::-1].index("ACTIVITY_TASK_COMPLETED")]
    return begun == done and "WORKFLOW_TASK_COMPLETED" in after


# --- the scenery -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("person", STAFF)
@pytest.mark.parametrize("today", [date(2026, 11, 7), date(2027, 3, 29), date(2028, 2, 29)])
def test_busy_weeks_move_to_the_present_and_keep_weekdays_and_wall_times(person: str, today: date) -> None:
    written = icalendar.Calendar.from_ical(diaries.busy(person, date(2026, 11, 4)).encode())
    moved = icalendar.Calendar.from_ical(diaries.busy(person, today).encode())
    pairs = list(zip(written.events, moved.events, strict=True))
    shifts = {(_day(after.start) - _day(before.start)).days for before, after in pairs}

    assert len(pairs) >= 5
    assert len(shifts) == 1
    assert [shift % 7 for shift in shifts] == [0]
    assert all(after.start - before.start == after.end - before.end for before, after in pairs)


def _day(at: date) -> date:
    return at.date() if isinstance(at, datetime) else at


@pytest.mark.parametrize(
    ("person", "start", "expected"),
    [
        ("grace", datetime(2026, 11, 10, 12, 45, tzinfo=BERLIN), ["Lunch"]),
        ("grace", datetime(2026, 11, 9, 10, 0, tzinfo=BERLIN), []),  # the weekly meeting is left out once
        ("grace", datetime(2026, 11, 10, 15, 0, tzinfo=BERLIN), []),  # moved elsewhere; and a birthday is free
        ("grace", datetime(2026, 11, 12, 16, 30, tzinfo=BERLIN), ["1:1 with New York (moved)"]),
        ("grace", datetime(2026, 11, 6, 14, 0, tzinfo=BERLIN), ["Leave"]),
        ("linus", datetime(2026, 11, 10, 15, 15, tzinfo=HELSINKI), []),  # declined
        ("edsger", datetime(2026, 11, 9, 8, 30, tzinfo=NEW_YORK), ["Call with Pune"]),
    ],
    ids=["lunch", "left out", "moved away", "moved here", "leave", "declined", "from another zone"],
)
def test_the_demos_own_reader_sees_what_keeps_somebody_busy(person: str, start: datetime, expected: list[str]) -> None:
    calendar = icalendar.Calendar.from_ical(diaries.busy(person, date(2026, 11, 4)).encode())

    assert in_the_way(calendar, f"{person}@acme.example", start, start + timedelta(minutes=40)) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 11, 23, 3, 0, tzinfo=UTC), datetime(2026, 11, 23, 13, 0, tzinfo=UTC)),  # night in both
        (datetime(2026, 11, 23, 15, 0, tzinfo=UTC), datetime(2026, 11, 23, 15, 0, tzinfo=UTC)),  # day in both
        (datetime(2026, 11, 23, 18, 0, tzinfo=UTC), datetime(2026, 11, 24, 13, 0, tzinfo=UTC)),  # Helsinki sleeps
    ],
    ids=["night", "day", "evening"],
)
def test_the_demo_waits_until_it_is_day_for_everybody(at: datetime, expected: datetime) -> None:
    assert awake(at, NEW_YORK, HELSINKI) == expected


def test_how_long_time_was_put_forward_is_said_in_words() -> None:
    hours = [words(datetime(2026, 11, 23, tzinfo=UTC) - datetime(2026, 11, day, tzinfo=UTC)) for day in (22, 2)]

    assert hours == ["1 day", "21 days"]
