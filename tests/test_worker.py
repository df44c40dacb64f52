"""The worker's settings: one says which database it uses, a wrong one is named at the start, no secret is shown."""

import asyncio
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs
from temporalio.client import (
    Client,
    CreateScheduleInput,
    Interceptor,
    OutboundInterceptor,
    ScheduleHandle,
    SignalWorkflowInput,
    StartWorkflowInput,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

from adapters.push.address import PushSettings
from demo.postgres_server import PostgresServer
from demo.processes import environment
from on_server import WatchersOnServer
from settings import Settings
from tests.adapters.database import empty_database, sqlite_url
from tests.adapters.test_lessons import entries
from tests.domain.scenes import completed
from worker import PLUGIN, Adapters, see_to_the_rest, told_of_changes

ROOT = Path(__file__).parent.parent
NEEDED = {
    "ENTREVUE_SMTP__HOSTNAME": "127.0.0.1",
    "ENTREVUE_SMTP__PORT": "25",
    "ENTREVUE_SMTP__TLS": "none",
    "ENTREVUE_MAIL__DOMAIN": "hire.acme.example",
    "ENTREVUE_MAIL__FROM_ADDRESS": "interviews@acme.example",
    "ENTREVUE_MAIL__FROM_NAME": "Acme",
    "ENTREVUE_MAIL__AGENT_ADDRESS": "interviews+{token}@hire.acme.example",
    "ENTREVUE_MAIL__BOUNCE_ADDRESS": "bounces+{token}@hire.acme.example",
    "ENTREVUE_MAIL__SECRET": "sixteen characters",
}
IMAP = {
    "ENTREVUE_IMAP__HOST": "imap.acme.example",
    "ENTREVUE_IMAP__USERNAME": "entrevue",
    "ENTREVUE_IMAP__PASSWORD": "sesame",
    "ENTREVUE_IMAP__FOLDERS": '["INBOX", "Junk"]',
}


async def run(*command: str, **settings: str) -> tuple[int | None, str]:
    """Give how it ended and all that it said."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=ROOT, env=environment(**NEEDED, **settings), stdout=pipe, stderr=pipe
    )
    told = await process.communicate()
    return process.returncode, "".join(stream.decode() for stream in told)


async def test_a_database_that_it_cannot_use_is_named_before_anything_starts_and_its_password_is_not() -> None:
    code, told = await run("worker.py", ENTREVUE_DATABASE_URL="mysql://entrevue:sesame@db/entrevue")

    assert code == 2
    assert told.startswith("ENTREVUE_DATABASE_URL: ")
    assert "postgresql+asyncpg://user@host/database" in told
    assert "sesame" not in told


async def test_a_database_that_does_not_answer_ends_the_worker_without_telling_its_password() -> None:
    code, told = await run(
        "worker.py", ENTREVUE_DATABASE_URL="postgresql+asyncpg://entrevue:sesame@127.0.0.1:1/entrevue"
    )

    assert code == 1
    assert "Connect call failed" in told
    assert "sesame" not in told


@pytest.fixture(name="settings")
def _settings(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Settings]:
    """Read the settings as the worker does, with this database: a process of its own needs seconds to import it."""

    def read(url: str) -> Settings:
        for name, value in {**NEEDED, "ENTREVUE_DATABASE_URL": url}.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return read


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_the_setting_alone_says_which_database_is_used_and_the_settings_show_no_secret(
    postgres_server: PostgresServer, tmp_path: Path, settings: Callable[[str], Settings], kind: str
) -> None:
    async with empty_database(postgres_server) as postgresql:
        url = postgresql if kind == "postgresql" else sqlite_url(tmp_path)
        read = settings(url)
        async with Adapters.of(read) as adapters:
            await adapters.ledger.release(key="7f3/claim/1.0", now=datetime(2026, 12, 1, tzinfo=UTC))

            assert await adapters.journal.read("7f3") == ()

    assert repr(read).startswith("Settings(database_url=SecretStr(")
    assert url not in repr(read)
    assert "sixteen characters" not in repr(read)


@pytest.mark.slow  # starts processes
async def test_lessons_are_rebuilt_from_the_journals_without_a_server_and_a_second_time_too(
    tmp_path: Path, settings: Callable[[str], Settings]
) -> None:
    url = sqlite_url(tmp_path)
    async with Adapters.of(settings(url)) as adapters:
        await adapters.journal.append("r7", entries(completed()))
        before = await adapters.lessons.of("r7")
    misspelt = {"ENTREVUE_DATABASE_URL": url, "ENTREVUE_IMPA__HOST": "imap.acme.example"}
    rebuilt = [await run("worker.py", "--rebuild-lessons", **misspelt) for _ in range(2)]
    async with Adapters.of(settings(url)) as adapters:
        after = [one.subject for one in await adapters.lessons.of("r7")]

    assert before == ()
    assert [code for code, _ in rebuilt] == [0, 0]
    assert all('"kind": "lessons_rebuilt"' in told and '"interviews": 1' in told for _, told in rebuilt)
    assert all('"kind": "settings_unknown"' in told and '"ENTREVUE_IMPA__HOST"' in told for _, told in rebuilt)
    assert len([subject for subject in after if subject.startswith("interviewer/")]) == 2


async def test_a_word_that_the_worker_does_not_know_is_named() -> None:
    code, told = await run("worker.py", "--rebuild")

    assert code == 2
    assert "--rebuild" in told


@pytest.mark.slow  # starts processes
async def test_a_mailbox_is_named_by_the_environment_and_a_wrong_one_is_named_at_the_start() -> None:
    said = await run("-c", "from settings import Settings; print(Settings().imap)", **IMAP)
    refused = await run("worker.py", **IMAP | {"ENTREVUE_IMAP__TLS": "none"})

    assert said[0] == 0
    assert "folders=('INBOX', 'Junk')" in said[1]
    assert refused[0] == 2
    assert refused[1].startswith("ENTREVUE_IMAP: ")
    assert "sesame" not in said[1] + refused[1]


def test_providers_are_named_by_the_environment_and_no_secret_of_theirs_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Callable[[str], Settings]
) -> None:
    given = {
        "ENTREVUE_GOOGLE__KEY_FILE": str(tmp_path / "key.json"),
        "ENTREVUE_GOOGLE__DELEGATION": "false",
        "ENTREVUE_GOOGLE__SEND_UPDATES": "externalOnly",
        "ENTREVUE_GRAPH__TENANT": "acme.example",
        "ENTREVUE_GRAPH__CLIENT_ID": "0a1b",
        "ENTREVUE_GRAPH__CLIENT_SECRET": "sesame",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    read = settings("sqlite+aiosqlite:///unused.db")

    assert read.google is not None
    assert (read.google.key_file, read.google.delegation) == (tmp_path / "key.json", False)
    assert read.google.send_updates == "externalOnly"
    assert read.graph is not None
    assert read.graph.tenant == "acme.example"
    assert "sesame" not in repr(read)


@pytest.mark.slow  # a process of its own needs seconds to import the worker
async def test_the_worker_starts_without_the_libraries_of_providers_that_nobody_uses() -> None:
    without = (
        "import sys; sys.modules |= dict.fromkeys(('google.auth', 'google.oauth2', 'jwt', 'starlette', 'uvicorn'))"
    )
    code, told = await run("-c", f"{without}; import worker; print(worker.Settings().google)")

    assert (code, told) == (0, "None\n")


class _MayNotStart(Interceptor, OutboundInterceptor):
    """A namespace in which we may work, and start nothing."""

    def __init__(self) -> None:
        """Stands at the end of the chain: nothing is passed on."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        del next
        return self

    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[object, object]:  # noqa: A002 - as above
        raise RPCError(f"{input.workflow}: not allowed", RPCStatusCode.PERMISSION_DENIED, b"")

    async def create_schedule(self, input: CreateScheduleInput) -> ScheduleHandle:  # noqa: A002 - as above
        raise RPCError(f"{input.id}: not allowed", RPCStatusCode.PERMISSION_DENIED, b"")


async def test_a_namespace_that_lets_the_worker_start_nothing_lets_it_work_all_the_same(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[[str], Settings]
) -> None:
    for name, value in IMAP.items():
        monkeypatch.setenv(name, value)
    temporal = await Client.connect("127.0.0.1:1", lazy=True, plugins=[PLUGIN], interceptors=[_MayNotStart()])
    with capture_logs() as logs:
        await see_to_the_rest(settings("sqlite+aiosqlite:///unused.db"), temporal)

    assert {line["log_level"] for line in logs} == {"error"}
    assert {line["because"] for line in logs} == {"PERMISSION_DENIED"}
    assert [line["kind"] for line in logs] == [
        "zone_rules_not_announced",
        "janitor_not_scheduled",
        "digest_not_scheduled",
        "mailbox_not_started",
    ]


# --- being told of changes -------------------------------------------------------------------------------------------

PUSH = PushSettings(
    url="https://hooks.acme.example", secret=SecretStr("a secret that only tests know"), listen_port=65535
)


class _Watched(Interceptor, OutboundInterceptor):
    """A server on which Grace is watched, and nobody else."""

    def __init__(self, otherwise: RPCStatusCode) -> None:
        """Stands at the end of the chain."""
        self.otherwise = otherwise
        self.signals: list[tuple[str, str]] = []

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        del next
        return self

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002 - as above
        self.signals.append((input.id, input.signal))
        if input.id != "calendar/grace":
            raise RPCError(f"{input.id}: {self.otherwise.name}", self.otherwise, b"")


@pytest.mark.parametrize(
    ("otherwise", "logged"),
    [
        (RPCStatusCode.NOT_FOUND, []),
        (RPCStatusCode.PERMISSION_DENIED, ["PERMISSION_DENIED"]),
    ],
    ids=["nobody watches", "trouble"],
)
async def test_what_providers_tell_pokes_who_watches_and_where_nobody_does_nothing_happens(
    otherwise: RPCStatusCode, logged: list[str]
) -> None:
    server = _Watched(otherwise)
    temporal = await Client.connect("127.0.0.1:1", lazy=True, plugins=[PLUGIN], interceptors=[server])
    push = PUSH.model_copy(update={"listen_port": 0})
    with capture_logs() as logs:
        async with (
            told_of_changes(push, WatchersOnServer(temporal, "interviews")),
            httpx2.AsyncClient(trust_env=False) as web,
        ):
            url = f"http://127.0.0.1:{logs[0]['port']}/google"
            for person in ("grace", "linus"):
                shown = {"X-Goog-Channel-Token": push.to.proof("google", person), "X-Goog-Resource-State": "exists"}
                assert (await web.post(f"{url}/{person}", headers=shown)).status_code == 202

    assert server.signals == [("calendar/grace", "poke"), ("calendar/linus", "poke")]
    assert [line["because"] for line in logs if line["kind"] == "calendar_not_poked"] == logged


async def test_a_port_that_is_taken_is_an_error_in_the_log_and_the_worker_goes_on() -> None:
    temporal = await Client.connect("127.0.0.1:1", lazy=True, plugins=[PLUGIN])
    with socket.create_server(("127.0.0.1", 0)) as taken, capture_logs() as logs:
        push = PUSH.model_copy(update={"listen_port": taken.getsockname()[1]})
        async with told_of_changes(push, WatchersOnServer(temporal, "interviews")):
            working = True

    assert working
    assert [(line["kind"], line["log_level"]) for line in logs] == [("push_not_listening", "error")]


async def test_where_being_told_is_not_set_nothing_listens() -> None:
    temporal = await Client.connect("127.0.0.1:1", lazy=True, plugins=[PLUGIN])
    with capture_logs() as logs:
        async with told_of_changes(None, WatchersOnServer(temporal, "interviews")):
            pass

    assert logs == []


@pytest.mark.parametrize(
    ("name", "text"), [("URL", "http://hooks.acme.example"), ("SECRET", "sesame"), ("LISTEN_PORT", "0")]
)
def test_push_settings_are_read_from_the_environment_and_a_wrong_one_is_named_at_the_start(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[[str], Settings], name: str, text: str
) -> None:
    monkeypatch.setenv("ENTREVUE_PUSH__URL", "https://hooks.acme.example/entrevue")
    monkeypatch.setenv("ENTREVUE_PUSH__SECRET", "sesame, sesame, sesame")
    read = settings("sqlite+aiosqlite:///unused.db")
    monkeypatch.setenv(f"ENTREVUE_PUSH__{name}", text)
    with pytest.raises(ValidationError) as refused:
        settings("sqlite+aiosqlite:///unused.db")

    assert read.push is not None
    assert read.push.to.url == "https://hooks.acme.example/entrevue"
    assert [error["loc"] for error in refused.value.errors()] == [("push", name.lower())]
    assert "sesame" not in repr(read) + str(refused.value)
