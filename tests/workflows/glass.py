"""The real interview workflow with a wall of glass: one query more, which shows all that it holds at this instant."""

from datetime import datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from entrevue import contract
    from entrevue.contract import Ended
    from entrevue.interview import Interview, Recorded
    from entrevue.values import Message

from workflows.interview import Carried, InterviewWorkflow


class Inside(Message):
    """The state, what of it is not in the journal yet, the orders in flight, and when the bell rings."""

    interview: Interview
    unjournaled: tuple[Recorded, ...]
    orders: tuple[str, ...]
    bell: datetime | None
    now: datetime


@workflow.defn(name=contract.WORKFLOW, sandboxed=False)  # the sandbox makes all models anew for every interview
class GlassWorkflow(InterviewWorkflow):
    @workflow.init
    def __init__(self, request: object, carried: Carried | None = None) -> None:
        super().__init__(request, carried)

    @workflow.run
    async def run(self, request: object, carried: Carried | None = None) -> Ended:
        return await super().run(request, carried)

    @workflow.query
    def inside(self) -> Inside:
        return Inside(
            interview=self._interview,
            unjournaled=self._unjournaled,
            orders=tuple(order.key for order, _ in self._lanes.values()),
            bell=self._deadline,
            now=workflow.now(),
        )
