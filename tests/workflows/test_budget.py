from collections import Counter
from datetime import UTC, datetime, time, timedelta

import pytest

from entrevue.values import Status
from tests.workflows.stage import Running, Stage, new_queue
from tests.workflows.story import CANDIDATE_FORM, SCORECARD

OF_THE_SKIPPED_CLOCK = (
    "workflow_execution_options_updated_event_attributes",
    "workflow_execution_time_skipping_transitioned_event_attributes",
)
"""Written into the history by the tests' fast-forward; a clock that runs by itself leaves none."""


@pytest.mark.parametrize(
    ("most", "others"), [(300, 0), pytest.param(340, 1, marks=pytest.mark.slow)], ids=["alone", "one of two of a day"]
)
async def test_ninety_open_days_stay_under_three_hundred_events(stage: Stage, most: int, others: int) -> None:
    """Booked three months ahead, moved twice, held, judged by both sides, decided, and left to end by itself.

    Who shares the day with another interview of a process looks at it before each letter: some forty events more.
    """
    process = {"process_id": new_queue()} if others else {}
    interview = await stage.start(interviewers=["grace"], policy={"horizon_days": 120}, **process)
    await interview.until(lambda view: view.status is Status.AWAITING_CANDIDATE)
    first = await _ahead(interview, days=90)
    for _ in range(others):
        other = await stage.start(interviewers=["linus"], policy={"horizon_days": 120}, **process)
        await other.until(lambda view: view.status is Status.AWAITING_CANDIDATE)
        await other.send("book_slot", by="coordinator", start=(first + timedelta(days=2, hours=1)).isoformat())
    await interview.send("book_slot", by="coordinator", start=first.isoformat())
    await interview.forward(timedelta(days=40))
    await interview.happened("message_sent", times=2)
    await _moved(interview, first + timedelta(days=1))
    await interview.forward(timedelta(days=30))
    await _moved(interview, first + timedelta(days=2))
    await interview.forward_to(first + timedelta(days=2))
    await interview.send("start_session", by="i1")
    await interview.forward(timedelta(minutes=41))
    await interview.send("end_session", by="i1")
    await interview.send("submit_evaluation", by="i1", form=SCORECARD)
    await interview.send("submit_evaluation", by="candidate", form=CANDIDATE_FORM)
    told = (await interview.now()).isoformat()
    await interview.send(
        "record_decision",
        by="decision_maker",
        outcome="reject",
        process_over=True,
        told={"by": "Marta Lind", "at": told, "how": "phone"},
    )
    await interview.forward(timedelta(days=100))
    ended = await interview.handle.result()
    history = await interview.handle.fetch_history()
    kinds = Counter(event.WhichOneof("attributes") for event in history.events)

    assert ended.status is Status.COMPLETED
    assert len(await stage.journal.read(ended.interview)) == ended.events
    spent = sum(count for kind, count in kinds.items() if kind not in OF_THE_SKIPPED_CLOCK)
    assert (await interview.kinds()).count("day_looked_up") >= 2 * others  # a form that is in at once is not asked for
    assert spent < most, (spent, kinds.most_common())


async def _ahead(interview: Running, *, days: int) -> datetime:
    """Give noon, Berlin's or an hour later, of a working day so many days ahead or a little more."""
    day = (await interview.now()).date() + timedelta(days=days)
    while day.weekday() > 1:  # Monday or Tuesday: moved by a day or two, it is a working day still
        day += timedelta(days=1)
    return datetime.combine(day, time(14), UTC)


async def _moved(interview: Running, start: datetime) -> None:
    sent = (await interview.kinds()).count("message_sent")
    await interview.send("reschedule", by="coordinator", start=start.isoformat(), reason="a clash")
    await interview.forward(timedelta(hours=12))  # past the candidate's night
    await interview.happened("message_sent", times=sent + 2)
