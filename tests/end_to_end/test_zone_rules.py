"""What a real worker does about zone rules when it starts, and when it starts again."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus

from activities.people import TZDATA
from demo.embedded import embedded
from entrevue import contract
from tests.workflows.stage import eventually

pytestmark = pytest.mark.slow


async def test_a_worker_that_starts_again_announces_its_zone_rules_once(tmp_path: Path) -> None:
    async with embedded(tmp_path) as servers:
        announced = servers.skipper.client.get_workflow_handle(contract.zone_rules_id(TZDATA))
        first = await eventually(announced.describe, lambda found: found.status is WorkflowExecutionStatus.COMPLETED)
        await servers.worker.kill()
        await servers.worker.start()
        again = await announced.describe()

    assert again.run_id == first.run_id
