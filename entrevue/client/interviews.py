"""All interviews of one namespace, as backends address them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Self
from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution as Execution
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import (
    SearchAttributeKey,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from entrevue import contract, links
from entrevue.attention import RANKS, Rank
from entrevue.client.index import Listed, Needed, Review, listed, one_a_cause, waiting
from entrevue.client.interview import InterviewHandle
from entrevue.client.trouble import NoAnswerYet, NoServer, in_time, namespace_missing, raise_if_refused
from entrevue.contract import TASK_QUEUE, Receipt, Standing, read
from entrevue.learning import Aggregates, Profile, ReadLearning, Record
from entrevue.links import Grant, Opened
from entrevue.request import InterviewRequest, check_forms
from entrevue.values import CANDIDATE, Code, DirectoryId, InterviewId, Refused, Status
from entrevue.walltime import check_zone, instants

RPC_TIMEOUT = timedelta(seconds=10)
ADDRESS = "localhost:7233"
"""Where a server is looked for when neither TEMPORAL_ADDRESS nor a profile of Temporal's configuration says."""

_ROLE_SHOWN = 100
"""Characters of the role in the title of a workflow; servers bound it."""

_PROCESS = SearchAttributeKey.for_keyword(contract.PROCESS)
_INDEXED = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}

_MOST_LOOKED_AT = 10_000
"""Interviews that need a person: so many are looked at to tell their causes."""

_MOST_REVIEWS, _AT_ONCE = 1000, 8
"""Interviews that are asked for what waits for a review; and so many at the same time."""

_NEVER = datetime.max.replace(tzinfo=UTC)

_READING = timedelta(minutes=1)
"""Nobody waits longer for what was learned; a run that no worker took up by then ends by itself."""


class InterviewClient:
    """All interviews of one Temporal namespace. Make one a process, on the event loop that uses it.

    `rpc_timeout` is how long an answer is waited for. Any Temporal client will do whose data converter writes JSON.
    `link_secrets` are what the worker signs links with, the newest first; only who shows pages for them needs any.
    """

    def __init__(
        self,
        temporal: Client,
        *,
        rpc_timeout: timedelta = RPC_TIMEOUT,
        task_queue: str = TASK_QUEUE,
        link_secrets: Sequence[str] = (),
    ) -> None:
        if any(len(one) < links.SHORTEST_SECRET for one in link_secrets):
            raise ValueError(f"link_secrets: each needs {links.SHORTEST_SECRET} characters at least")
        self._temporal = temporal
        self._patience = rpc_timeout
        self._task_queue = task_queue
        self._link_secrets = [one.encode() for one in link_secrets]

    @classmethod
    async def connect(
        cls,
        *,
        profile: str | None = None,
        data_converter: DataConverter = pydantic_data_converter,
        rpc_timeout: timedelta = RPC_TIMEOUT,
        task_queue: str = TASK_QUEUE,
        link_secrets: Sequence[str] = (),
    ) -> Self:
        """Connect as Temporal's own profiles and `TEMPORAL_…` variables say. May raise `NoServer`."""
        config = ClientConfig.load_client_connect_config(profile)
        config.setdefault("target_host", ADDRESS)
        try:
            async with asyncio.timeout(rpc_timeout.total_seconds()):
                temporal = await Client.connect(**config, data_converter=data_converter)
        except TimeoutError as trouble:
            raise NoServer(config["target_host"]) from trouble
        except RuntimeError as trouble:
            if "Server connection error" not in str(trouble):
                raise  # somebody is there, and wants something else of us
            raise NoServer(config["target_host"]) from trouble
        return cls(temporal, rpc_timeout=rpc_timeout, task_queue=task_queue, link_secrets=link_secrets)

    async def start(self, request: InterviewRequest | Mapping[str, object]) -> InterviewHandle:
        """Start an interview, or give the one of this id that exists already, running or ended.

        Raises `Refused` where the request does not fit, and `NoAnswerYet`: then start it again.
        """
        checked = request if isinstance(request, InterviewRequest) else read(InterviewRequest, request)
        check_forms(checked)
        check_zone(checked.candidate.zone, "candidate.zone")
        try:
            async with in_time(self._patience, f"the server did not answer; start {checked.id} again", checked.id):
                await self._temporal.start_workflow(
                    contract.WORKFLOW,
                    checked.model_dump(mode="json", exclude_unset=True),  # what it leaves open, the worker decides
                    id=contract.workflow_id(checked.id),
                    task_queue=self._task_queue,
                    # Not USE_EXISTING, which does not tell a new interview from an old one; all else is the same.
                    id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=_known_by(checked),
                    static_summary=f"{checked.role[:_ROLE_SHOWN]} · {checked.id}",
                    rpc_timeout=self._patience,
                )
        except WorkflowAlreadyStartedError:
            return self.interview(checked.id)
        return InterviewHandle(checked.id, self._workflow(checked.id), patience=self._patience, created=True)

    def interview(self, interview: InterviewId) -> InterviewHandle:
        """Address an interview by its id. Whether it exists is found out by the first call."""
        return InterviewHandle(interview, self._workflow(interview), patience=self._patience)

    async def open_link(self, token: str) -> Opened:
        """Say what the page behind a link shows. Changes nothing, however often it is opened, by whomever.

        Raises `Refused`: `link_invalid`, `link_expired`, and `not_participant` where its reader was replaced.
        """
        grant = self._grant(token)
        view = await self.interview(grant.interview).view(grant.whom)
        return links.opened(grant, view, once=uuid4().hex)

    async def act(self, token: str, kind: str, fields: Mapping[str, object], *, page: str) -> Receipt:
        """Send the command that a person has chosen on the page behind a link; `page` is what `open_link` gave.

        The same choice twice is one command. Raises `Refused`, also with `stale_revision` and what is booked now where
        that is not what the page has shown.
        """
        grant = self._grant(token)
        chosen = {name: instants(field, name) for name, field in fields.items()}
        command, key = links.command(grant, kind, chosen, page)
        interview = self.interview(grant.interview)
        try:
            return await interview.send(command, key=key)
        except Refused as refused:
            if refused.code is not Code.STALE_REVISION:
                raise
            raise links.overtaken(await interview.view(grant.whom)) from refused

    def _grant(self, token: str) -> Grant:
        if not self._link_secrets:
            raise ValueError("link_secrets: give the client what the worker signs links with")
        return links.read(token, self._link_secrets, datetime.now(UTC))

    async def search(
        self, *, status: Status | None = None, attention: Rank | None = None, query: str | None = None
    ) -> AsyncIterator[Listed]:
        """Find interviews in the server's index, the newest first; `query` is in Temporal's list filter syntax.

        For operators. A page that many people look at should read a table fed from the journal instead.
        """
        filters = [f'WorkflowType = "{contract.WORKFLOW}"', 'ExecutionStatus != "ContinuedAsNew"']
        filters += [f'{contract.STATUS} = "{Status(status)}"'] if status else []
        filters += [f'{contract.ATTENTION} = "{attention}"'] if attention else []
        filters += [f"({query})"] if query else []
        async for execution in self._temporal.list_workflows(" AND ".join(filters), rpc_timeout=self._patience):
            yield listed(execution)

    async def attention(self) -> tuple[Needed, ...]:
        """Say what needs a person in open interviews, the most urgent first, from the server's index.

        Counts are of the 10,000 newest interviews that need somebody.
        """
        urgent = " OR ".join(f'{contract.ATTENTION} = "{rank}"' for rank in RANKS)
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND ExecutionStatus = "Running" AND ({urgent})',
            limit=_MOST_LOOKED_AT,
            rpc_timeout=self._patience,
        )
        return one_a_cause([one async for execution in found for one in waiting(execution)])

    async def reviews(self) -> tuple[Review, ...]:
        """List what waits for a review, of all interviews, the earliest due first: one batch for one person.

        From the server's index, which is a moment behind, and at most of the 1,000 newest interviews it has. One that
        gives no answer holds up no other, and stands at the end.
        """
        needs = ", ".join(f'"{rank}/reviewer/REVIEW_DUE"' for rank in RANKS)
        found = self._temporal.list_workflows(
            f'WorkflowType = "{contract.WORKFLOW}" AND ExecutionStatus = "Running" AND {contract.NEEDS} IN ({needs})',
            limit=_MOST_REVIEWS,
            rpc_timeout=self._patience,
        )
        turns = asyncio.Semaphore(_AT_ONCE)
        asked = [self._review(listed(one).interview, turns) async for one in found]
        waiting = [one for one in await asyncio.gather(*asked) if one is not None]
        return tuple(sorted(waiting, key=lambda one: (one.due is None, one.due or _NEVER, one.interview)))

    async def _review(self, interview: InterviewId, turns: asyncio.Semaphore) -> Review | None:
        """None: it was reviewed a moment ago, and the index does not know yet."""
        async with turns:
            try:
                view = await self.interview(interview).view("reviewer")
            except NoAnswerYet:
                return Review(interview=interview)
        if view.review_due is None:
            return None
        return Review(interview=interview, due=view.review_due, role=view.role, items=view.to_review)

    async def profile(self, person: DirectoryId) -> Profile:
        """Give an interviewer's own growth profile. For their eyes only: ask for nobody but whoever will read it."""
        return Profile.model_validate(await self._learned(viewer=person, person=person))

    async def aggregates(self, *, viewer: Literal["coordinator", "decision_maker"]) -> Aggregates:
        """Say how candidates feel about interviews here; figures of five candidates or more."""
        return Aggregates.model_validate(await self._learned(viewer=viewer))

    async def record(self, interview: InterviewId) -> Record:
        """Give the candidate of this interview what they have learned in all of theirs. For their eyes only."""
        return Record.model_validate(await self._learned(viewer=CANDIDATE, interview=interview))

    async def _learned(self, **asked: str) -> object:
        question = read(ReadLearning, asked)
        silence = "nobody answers the question for what was learned now; is a worker running?"
        try:
            async with in_time(self._patience, silence):
                answer: object = await self._temporal.execute_workflow(
                    contract.LEARNING,
                    question.model_dump(mode="json", exclude_none=True),
                    id=contract.learning_id(uuid4().hex),
                    task_queue=self._task_queue,
                    execution_timeout=_READING,
                    static_summary="Read what was learned across interviews, for one reader",
                    rpc_timeout=self._patience,
                )
        except WorkflowFailureError as failure:
            raise_if_refused(failure.cause)
            raise NoAnswerYet("what was learned cannot be read now; ask again") from failure
        return answer

    async def standing(self, interview: InterviewId) -> Standing:
        """Say whether an interview goes on; for the janitor. Asks the server itself, not its index."""
        asked = DescribeWorkflowExecutionRequest(
            namespace=self._temporal.namespace, execution=Execution(workflow_id=contract.workflow_id(interview))
        )
        try:
            found = await self._temporal.workflow_service.describe_workflow_execution(
                asked, retry=True, timeout=self._patience
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and not namespace_missing(error):
                return "unknown"
            raise
        return "closed" if found.workflow_execution_info.HasField("close_time") else "live"

    async def register_search_attributes(self) -> tuple[str, ...]:
        """Make the server know the attributes by which interviews are found; give those that were missing."""
        operator, namespace = self._temporal.operator_service, self._temporal.namespace
        known = await operator.list_search_attributes(
            ListSearchAttributesRequest(namespace=namespace), timeout=self._patience
        )
        wanted = {name: _INDEXED[kind] for name, kind in contract.SEARCH_ATTRIBUTES.items()}
        for name, kind in wanted.items():
            if known.custom_attributes.get(name, kind) != kind:
                raise ValueError(f"the search attribute {name} exists, but is no {IndexedValueType.Name(kind)}")
        missing = {name: kind for name, kind in wanted.items() if name not in known.custom_attributes}
        if missing:
            await operator.add_search_attributes(
                AddSearchAttributesRequest(namespace=namespace, search_attributes=missing), timeout=self._patience
            )
        return tuple(missing)

    def _workflow(self, interview: InterviewId) -> WorkflowHandle[object, object]:
        return self._temporal.get_workflow_handle(contract.workflow_id(interview))


def _known_by(request: InterviewRequest) -> TypedSearchAttributes:
    """Let the others of its process find an interview from its first moment on."""
    if request.process_id is None:
        return TypedSearchAttributes.empty
    return TypedSearchAttributes([SearchAttributePair(_PROCESS, request.process_id)])
