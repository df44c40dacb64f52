"""Record the histories that later versions must replay: `make histories` writes one file a path into tests/replay/.

They are recorded on the dev server with every clock moved by hand. Before 1.0 they may be recorded anew in the commit
that changes them; then they are frozen (docs/architecture.md, Versioning).
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from activities.people import use_pinned_tzdata
from tests.workflows.stage import Running, dev_server, staged
from tests.workflows.story import (
    absent_twice,
    answered_by_mail,
    bounced_and_corrected,
    cancelled_in_the_middle,
    cancelled_late,
    disputed,
    moved_in_calendars,
    negotiated,
    practised,
    rescheduled_and_cancelled,
    swapped_and_swapped_back,
    to_completion,
    to_offer,
    undecided,
    withdrawn,
)

HISTORIES = Path(__file__).parent / "histories"
EXPIRY = timedelta(days=10)


async def expired(interview: Running) -> None:
    """Nobody answers the offer."""
    await to_offer(interview)
    await interview.forward(EXPIRY)


PATHS: dict[str, Callable[[Running], Awaitable[object]]] = {
    "happy": to_completion,
    "rescheduled": rescheduled_and_cancelled,
    "cancelled_mid_effect": cancelled_in_the_middle,
    "expired": expired,
    "no_show": absent_twice,
    "withdrawn": withdrawn,
    "swapped": swapped_and_swapped_back,
    "negotiated": negotiated,
    "practised": practised,
    "disputed": disputed,
    "cancelled_late": cancelled_late,
    "undecided": undecided,
    "calendars_moved": moved_in_calendars,
    "answered_by_mail": answered_by_mail,
    "bounced": bounced_and_corrected,
}


async def record() -> None:
    use_pinned_tzdata()
    HISTORIES.mkdir(exist_ok=True)
    async with await dev_server() as env:
        for name, path in PATHS.items():
            async with staged(env) as stage:
                more = {"practice": True} if path is practised else {}
                interview = await stage.start(id=f"recorded-{name}", policy={"reschedule_within": "P20D"}, **more)
                await path(interview)
                ended = await interview.handle.result()
                history = await interview.handle.fetch_history()
            compact = json.dumps(history.to_json_dict(), separators=(",", ":"))
            (HISTORIES / f"{name}.json").write_text(compact + "\n", encoding="utf-8")
            print(f"{name}: {ended.status}, {len(history.events)} events")  # noqa: T201 - for the person at the terminal


if __name__ == "__main__":
    asyncio.run(record())
