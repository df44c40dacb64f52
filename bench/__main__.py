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

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from bench import calendars, ledger, slots
from bench.figures import Figure
from entrevue.agenda import plan
from entrevue.interview import Interview, Recorded, fold, settle
from entrevue.showing import view
from leaving import leave
from worker import PLUGIN
from workflows.interview import InterviewWorkflow

HISTORY = Path(__file__).parent.parent / "tests" / "replay" / "histories" / "happy.json"
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


def measure() -> list[tuple[str, float, float]]:
    """Give name, value and goal of every figure, all in milliseconds."""
    history = WorkflowHistory.from_json("interview/recorded-happy", HISTORY.read_text(encoding="utf-8"))
    log = records(history)
    late: Interview = fold(log[:LATE])

    def replay() -> None:
        asyncio.run(Replayer(workflows=[InterviewWorkflow], plugins=[PLUGIN]).replay_workflow(history))

    return [
        ("fold the journal of a whole interview", milliseconds(lambda: fold(log), 50), 5),
        ("settle and plan, late in an interview", milliseconds(lambda: _step(late), 200), 2),
        ("view of the candidate, late in an interview", milliseconds(lambda: view(late, "candidate", late.at), 200), 1),
        (f"replay {len(history.events)} history events", milliseconds(replay, 5), 500),
        *slots.figures(milliseconds),
        *calendars.figures(milliseconds),
    ]


def _step(interview: Interview) -> None:
    settled, _ = settle(interview, interview.at)
    plan(settled, interview.at)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--json", type=Path, help="write the figures to this file")
    chosen = arguments.parse_args()
    figures = []
    for figure in chain(starmap(Figure, measure()), asyncio.run(ledger.measure())):
        print(figure)
        figures.append(asdict(figure) | {"ratio": figure.ratio, "verdict": figure.verdict})
    if chosen.json is not None:
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    leave(main())
