"""Measure what an interview costs: one line a figure (name, value, goal, ratio), and the same as JSON.

Each figure is the median of many rounds on this machine; `short` means that its goal was missed. Goals are ours, set
from what was measured on two cores; nothing fails because of them. `--json FILE` says where the figures are kept.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import chain, starmap
from pathlib import Path
from random import Random

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from bench import ledger
from bench.figures import Figure
from entrevue.agenda import plan
from entrevue.interview import Interview, Recorded, fold, settle
from entrevue.slots import Diary, Search, find
from entrevue.view import view
from worker import PLUGIN
from workflows.interview import InterviewWorkflow

HISTORY = Path(__file__).parent.parent / "tests" / "replay" / "histories" / "happy.json"
DAY = 24 * 60
LATE = -2
"""Measured just before the last events of the recorded interview, when its state is largest."""


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Give the median time of one call."""
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def records(history: WorkflowHistory) -> list[Recorded]:
    """Read the domain's events out of the journal's activities."""
    found = []
    for event in history.events:
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.activity_type.name == "append_journal":
            for entry in json.loads(scheduled.input.payloads[0].data)["entries"]:
                kept = {"seq": entry["seq"], "at": entry["at"], "by": entry["by"], "event": entry["data"]}
                found.append(Recorded.model_validate(kept))
    return found


def free_time(people: int = 8, days: int = 28, events: int = 200) -> Search:
    """Make a search among busy people; the same one every time."""
    chance = Random(7)  # noqa: S311 - data for a measurement
    start = 29_000_000
    working = tuple((start + day * DAY + 9 * 60, start + day * DAY + 18 * 60) for day in range(days))

    def busy() -> tuple[tuple[int, int], ...]:
        begins = (start + chance.randrange(days * DAY) for _ in range(events))
        return tuple((begin, begin + chance.choice((15, 30, 45))) for begin in begins)

    diaries = tuple(Diary(person=f"p{n}", working=working, busy=busy()) for n in range(people))
    return Search(
        interview="bench",
        diaries=diaries,
        window=(start, start + days * DAY),
        hours=(working,),
        offsets=((start - DAY, 0),),
        minutes=40,
        grid=15,
        count=5,
        after=15,
    )


def measure() -> list[tuple[str, float, float]]:
    """Give name, value and goal of every figure, all in milliseconds."""
    history = WorkflowHistory.from_json("interview/recorded-happy", HISTORY.read_text(encoding="utf-8"))
    log = records(history)
    late: Interview = fold(log[:LATE])

    def replay() -> None:
        asyncio.run(Replayer(workflows=[InterviewWorkflow], plugins=[PLUGIN]).replay_workflow(history))

    search = free_time()
    return [
        ("fold the journal of a whole interview", milliseconds(lambda: fold(log), 50), 5),
        ("settle and plan, late in an interview", milliseconds(lambda: _step(late), 200), 2),
        ("view of the candidate, late in an interview", milliseconds(lambda: view(late, "candidate", late.at), 200), 1),
        (f"replay {len(history.events)} history events", milliseconds(replay, 5), 500),
        ("slots of 8 people, 28 days, 200 events each", milliseconds(lambda: find(search), 50), 10),
    ]


def _step(interview: Interview) -> None:
    settled, _ = settle(interview, interview.at)
    plan(settled, interview.at)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = arguments.parse_args()
    figures = []
    for figure in chain(starmap(Figure, measure()), asyncio.run(ledger.measure())):
        print(figure)
        figures.append(asdict(figure) | {"ratio": figure.ratio, "verdict": figure.verdict})
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
