"""`make demo`: interviews on this machine, from their request to their end, and what was checked of them."""

import argparse
import asyncio
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from zoneinfo import ZoneInfo

from activities.people import use_pinned_tzdata
from demo import diaries, next_one, scenes
from demo.clock import NeverCame
from demo.embedded import ROOT, STAFF, Servers, embedded
from demo.processes import DidNotStart
from demo.telling import Telling
from entrevue.client import NoAnswerYet
from entrevue.values import Refused
from leaving import leave

_FOLDER = ROOT / ".demo"
_MARK = "made-by-the-demo"
_BERLIN = "Europe/Berlin"


class Occupied(Exception):
    """The state folder is not ours to wipe."""


async def demo(folder: Path, *, keep: bool) -> bool:
    """Play all scenes; say whether everything that was checked holds."""
    print("Starting Temporal, a calendar server, a mail server and a worker, all of them on this machine alone.")
    async with embedded(folder) as servers:
        await diaries.fill(servers.diaries, datetime.now(UTC).date())
        print(f"Temporal's own pages: {servers.temporal.ui}\nLogs and mailboxes: {folder}")
        print(f"The times at the left are each interview's own clock, as it is read in {_BERLIN.partition('/')[2]}.")
        telling = Telling(ZoneInfo(_BERLIN))
        await scenes.play(servers, telling)
        well = telling.conclude()
        print(f"Temporal's own pages: {servers.temporal.ui}" + ("" if keep else " (gone now; KEEP=1 keeps them up)"))
        if keep:
            _show_ways_in(servers)
            await _until_interrupted()
        return well


def _show_ways_in(servers: Servers) -> None:
    print("\nEverything goes on running.\nCalendars:")
    for person in STAFF:
        login = servers.calendars.login(person)
        print(f"  {servers.calendars.url(person)}  user {login.username}, password {login.password.get_secret_value()}")
    print(f"Mailboxes, a folder an address: {servers.mail.folder}")
    print("To act yourself, in another terminal:")
    print(f"  export TEMPORAL_ADDRESS={servers.temporal.address}")
    for verb in (
        "list",
        f"show {next_one.REQUEST.id} --as i1",
        f"start_session {next_one.REQUEST.id} --by i1",
        "start docs/examples/request.json",
    ):
        print(f"  {_python()} starter.py {verb}")
    print(f"{next_one.REQUEST.id} waits for its people, an hour before its session, and its clock runs on from there.")
    print("What you start runs on real time. Ctrl-C ends everything.")


def _python() -> str:
    used = Path(sys.executable)
    return str(used.relative_to(ROOT)) if used.is_relative_to(ROOT) else str(used)


async def _until_interrupted() -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        print("\nStopping.")


# --- the process -----------------------------------------------------------------------------------------------------


@contextmanager
def _wiped(folder: Path) -> Iterator[Path]:
    """Take the state folder, empty, for this run alone. Raises `Occupied`."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(folder, os.O_RDONLY)
    try:
        _wipe(folder, lock)
        yield folder
    finally:
        os.close(lock)


def _wipe(folder: Path, lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Occupied(f"another demo is running in {folder}; stop it first") from None
    contents = list(folder.iterdir())
    if contents and not (folder / _MARK).exists():
        raise Occupied(f"{folder} is not empty, and was not made by the demo; take another folder")
    for one in contents:
        shutil.rmtree(one) if one.is_dir() else one.unlink()
    (folder / _MARK).touch()


async def _interruptible(folder: Path, *, keep: bool) -> bool:
    """Let SIGTERM and SIGHUP end the run as Ctrl-C does: in order, and with all that was started."""
    running = asyncio.ensure_future(demo(folder, keep=keep))
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, running.cancel)
    return await running


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    arguments.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    arguments.add_argument("--folder", type=Path, default=_FOLDER, help="where the state is kept; wiped at the start")
    given = arguments.parse_args()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace", line_buffering=True)  # live, also into a pipe or an old terminal
    use_pinned_tzdata()
    try:
        with _wiped(given.folder) as folder:
            well = asyncio.run(_interruptible(folder, keep=given.keep))
    except asyncio.CancelledError:
        print("\nInterrupted; everything that was started has been stopped.")
        return 130
    except (DidNotStart, NeverCame, NoAnswerYet, Occupied, Refused) as trouble:
        print(f"\nThe demo cannot go on: {trouble}\n(All logs are in {given.folder}.)", file=sys.stderr)
        return 1
    return 0 if well else 1


if __name__ == "__main__":
    leave(main())
