"""`make demo`: the whole thing on this machine, two interviews from their request to their end, and what was checked."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from demo import diaries, story
from demo.embedded import ROOT, STAFF, Servers, embedded
from demo.playing import NeverCame
from demo.processes import DidNotStart
from demo.telling import Telling

_FOLDER = ROOT / ".demo"
_MARK = "made by python -m demo"


async def run(folder: Path, *, keep: bool) -> bool:
    telling = Telling(ZoneInfo("Europe/Berlin"))
    async with embedded(folder) as servers:
        await diaries.fill(servers.calendars, datetime.now(UTC).date())
        await story.play(servers, telling)
        return telling.conclude()


if __name__ == "__main__":
    f = Path(sys.argv[1])
    shutil.rmtree(f, ignore_errors=True)
    print(asyncio.run(run(f, keep=False)))
