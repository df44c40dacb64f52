"""An interview workflow with a bug in a background task, as a bad deploy would bring it."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from entrevue import contract
    from entrevue.contract import Ended
    from entrevue.orders import Order

from workflows.interview import Carried, InterviewWorkflow


@workflow.defn(name=contract.WORKFLOW)
class BuggyWorkflow(InterviewWorkflow):
    @workflow.init
    def __init__(self, request: object, carried: Carried | None = None) -> None:
        super().__init__(request, carried)

    @workflow.run
    async def run(self, request: object, carried: Carried | None = None) -> Ended:
        return await super().run(request, carried)

    async def _perform(self, order: Order) -> None:
        raise KeyError(order.kind)
