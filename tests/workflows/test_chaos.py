import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from temporalio.testing import WorkflowEnvironment

from tests.workflows.chaos import SHAPES, Plan, Step, What, all_played
from tests.workflows.once_failed import ONCE_FAILED

_WEIGHTS: dict[What, int] = {
    "fitting": 24,
    "race": 3,
    "wait": 6,
    "next": 4,
    "to_start": 2,
    "fact": 2,
    "heard": 5,
    "calendar": 3,
    "ledger": 2,
    "journal": 1,
    "directory": 1,
    "post": 2,
    "address": 1,
    "busy": 2,
    "surprise": 2,
    "unknown": 1,
    "mend": 4,
    "restart": 1,
    "operator": 1,
    "any_command": 1,
}
_OFTEN = [what for what, weight in _WEIGHTS.items() for _ in range(weight)]

_steps = st.builds(Step, what=st.sampled_from(_OFTEN), whom=st.integers(0, 2), n=st.integers(0, 255))
plans = st.builds(
    Plan,
    shapes=st.lists(st.sampled_from(tuple(SHAPES)), min_size=2, max_size=3).map(tuple),
    booked=st.integers(0, 2),
    steps=st.lists(_steps, min_size=6, max_size=12).map(tuple),
    cached=st.booleans(),
)


@pytest.mark.slow
@settings(max_examples=3, derandomize=True, database=None, phases=[Phase.generate])
@given(st.lists(plans, min_size=3, max_size=4))
async def test_whatever_happens_to_several_interviews_the_invariants_hold(
    server: WorkflowEnvironment, side_by_side: list[Plan]
) -> None:
    await all_played(server, side_by_side, "chaos")


@pytest.mark.slow
async def test_what_failed_once_does_not_fail_again(server: WorkflowEnvironment) -> None:
    await all_played(server, ONCE_FAILED.values(), "again")
