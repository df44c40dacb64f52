"""What holds for every test: the pinned zone rules, and no test judged by the clock. Fixtures live in each folder.

Only the database server stands here: tests of several folders share it.
"""

import os
import zoneinfo
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, settings

import demo.postgres_server
from demo.postgres_server import PostgresServer
from tests.adapters.database import migrate_shared

# As the Makefile does, for whoever calls pytest directly; the servers that tests start inherit it.
os.environ["PYTHONTZPATH"] = ""
zoneinfo.reset_tzpath(to=[])

# On top of whatever profile is in force: hypothesis has one for CI, which draws the same examples every time.
settings.register_profile(
    "untimed", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
async def postgres_server() -> AsyncIterator[PostgresServer]:
    """One PostgreSQL a test process, started by the first test that wants it. It has a database for the adapters."""
    async with demo.postgres_server.postgres_server() as server:
        await migrate_shared(server)
        yield server
