from collections.abc import AsyncIterator

import pytest

from demo.calendar_server import CalendarServer, calendar_server


@pytest.fixture(scope="session")
async def radicale(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CalendarServer]:
    """One calendar server a test process. A test that changes something opens a calendar of its own."""
    async with calendar_server(tmp_path_factory.mktemp("radicale"), ["grace", "alan"]) as server:
        yield server
