"""Read what was learned across interviews, for one reader: who may read what is judged before anything is looked up."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.learning import LearningActivities
    from entrevue import contract
    from entrevue.contract import read
    from entrevue.learning import Learned, ReadLearning
    from entrevue.values import CANDIDATE, Code, Refused

_ATTEMPT, _PATIENCE = timedelta(seconds=15), timedelta(seconds=45)
"""Somebody is waiting; the client gives the whole run a minute."""

_BRISK = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=5))

_OF_AGGREGATES = ("coordinator", "decision_maker")


@workflow.defn(name=contract.LEARNING)
class LearningWorkflow:
    @workflow.run
    async def run(self, asked: object = None) -> Learned:
        """Give a profile, aggregates or a record; or fail with the code of a refusal as the error's type."""
        try:
            return await _learned(_admitted(read(ReadLearning, asked)))
        except Refused as refused:
            raise ApplicationError(refused.sentence, type=refused.code.value, non_retryable=True) from None


def _admitted(asked: ReadLearning) -> ReadLearning:
    """Let a person read their own profile, the candidate their own record, and two roles the aggregates."""
    if asked.person is not None and asked.interview is not None:
        raise Refused(Code.INVALID_COMMAND, "person: name a person or an interview, not both")
    if asked.person is not None and asked.viewer != asked.person:
        raise Refused(Code.NOT_AUTHORIZED, "viewer: a growth profile is its owner's alone")
    if asked.interview is not None and asked.viewer != CANDIDATE:
        raise Refused(Code.NOT_AUTHORIZED, "viewer: a learning record is the candidate's alone")
    if asked.person is None and asked.interview is None and asked.viewer not in _OF_AGGREGATES:
        raise Refused(Code.NOT_AUTHORIZED, f"viewer: aggregates are for {' and '.join(_OF_AGGREGATES)}")
    return asked


async def _learned(asked: ReadLearning) -> Learned:
    found = await workflow.execute_activity_method(
        LearningActivities.read_learning,
        asked,
        summary="Read what was learned",
        start_to_close_timeout=_ATTEMPT,
        schedule_to_close_timeout=_PATIENCE,
        retry_policy=_BRISK,
    )
    if found.learned is None:
        raise Refused(Code.INVALID_COMMAND, "interview: nothing is known of it; check its id")
    return found.learned
