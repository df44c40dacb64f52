"""What the tests share that kill a worker: nobody waits for the attempts that died with it."""

from datetime import timedelta

from google.protobuf.field_mask_pb2 import FieldMask
from temporalio.api.activity.v1 import ActivityOptions
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import UpdateActivityOptionsRequest
from temporalio.service import RPCError, RPCStatusCode

from demo.playing import Playing
from entrevue import contract


async def give_up_dead_attempts(scene: Playing) -> None:
    """Let the server notice at once, not after the minute an attempt may take, that nobody is at work any more."""
    client = scene.servers.skipper.client
    options = ActivityOptions()
    options.start_to_close_timeout.FromTimedelta(timedelta(seconds=1))
    workflow = client.get_workflow_handle(contract.workflow_id(scene.handle.id))
    for pending in (await workflow.describe()).raw_description.pending_activities:
        try:
            await client.workflow_service.update_activity_options(
                UpdateActivityOptionsRequest(
                    namespace=client.namespace,
                    execution=WorkflowExecution(workflow_id=workflow.id),
                    id=pending.activity_id,
                    activity_options=options,
                    update_mask=FieldMask(paths=["start_to_close_timeout"]),
                )
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # that one was done when the worker died
                raise
