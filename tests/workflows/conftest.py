"""One dev server a test process, and a fresh stage a test: see stage.py for what can be done on it."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows.stage import Stage, dev_server, staged


@pytest.fixture(scope="session", name="server")
async def _server() -> AsyncIterator[WorkflowEnvironment]:
    async with await dev_server() as env:
        yield env


@pytest.fixture(name="stage", params=["cached", pytest.param("uncached", marks=pytest.mark.slow)])
async def _stage(server: WorkflowEnvironment, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A fresh stage; once more with the workflow cache off, when every task replays all that came before."""
    async with staged(server, max_cached_workflows=0 if request.param == "uncached" else 1000) as stage:
        yield stage
