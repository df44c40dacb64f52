"""Histories that an earlier version wrote and none can write any more, of what may be running still."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from worker import PLUGIN
from workflows.watching import WatchWorkflow

EARLIER = Path(__file__).parent / "earlier"


@pytest.mark.parametrize("name", ["watcher"])
async def test_what_an_earlier_version_began_goes_on(name: str) -> None:
    """`watcher`: from before calendars' providers were asked to tell of changes."""
    history = WorkflowHistory.from_json("calendar/earlier", (EARLIER / f"{name}.json").read_text(encoding="utf-8"))
    result = await Replayer(workflows=[WatchWorkflow], plugins=[PLUGIN]).replay_workflow(history)

    assert result.replay_failure is None
    assert len(history.events) > 100
