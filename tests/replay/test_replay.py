import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from tests.replay.record import HISTORIES, PATHS
from worker import PLUGIN
from workflows.interview import InterviewWorkflow

RECORDED = {path.stem: path.read_text(encoding="utf-8") for path in sorted(HISTORIES.glob("*.json"))}


def test_every_path_has_its_recorded_history() -> None:
    assert sorted(RECORDED) == sorted(PATHS)


@pytest.mark.parametrize("name", RECORDED)
async def test_todays_code_replays_the_recorded_history(name: str) -> None:
    history = WorkflowHistory.from_json(f"interview/recorded-{name}", RECORDED[name])
    result = await Replayer(workflows=[InterviewWorkflow], plugins=[PLUGIN]).replay_workflow(history)

    assert result.replay_failure is None
    assert len(history.events) > 30
