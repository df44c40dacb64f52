"""One dev server a test process, and a fresh stage a test: see stage.py for what can be done on it."""

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.common import SearchAttributeKey
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from entrevue import contract
from tests.workflows.stage import Stage, staged
from worker import PLUGIN

SEARCH_ATTRIBUTES = (
    SearchAttributeKey.for_keyword(contract.STATUS),
    SearchAttributeKey.for_keyword(contract.BALL),
    SearchAttributeKey.for_keyword(contract.ATTENTION),
    SearchAttributeKey.for_datetime(contract.START),
)


@pytest.fixture(scope="session", name="server")
async def _server() -> AsyncIterator[WorkflowEnvironment]:
    binary = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    assert binary, "the temporal command is missing; it comes with the lock file"
    env = await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=binary,
        search_attributes=SEARCH_ATTRIBUTES,
        plugins=[PLUGIN],
        dev_server_log_level="error",
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
    )
    async with env:
        yield env


@pytest.fixture(name="stage", params=["cached", pytest.param("uncached", marks=pytest.mark.slow)])
async def _stage(server: WorkflowEnvironment, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A fresh stage; once more with the workflow cache off, when every task replays all that came before."""
    async with staged(server, max_cached_workflows=0 if request.param == "uncached" else 1000) as stage:
        yield stage
