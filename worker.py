"""The worker: adapters made of the settings, activities of those, and one Temporal worker."""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Self

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.plugin import SimplePlugin
from temporalio.service import RPCError
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.calendar import Calendar, CalendarActivities, Watchers
from activities.claiming import ClaimingActivities
from activities.digest import DigestActivities
from activities.free_time import FreeTimeActivities
from activities.janitor import JanitorActivities
from activities.journal import Journal, JournalActivities
from activities.learning import Learning, LearningActivities, Lessons
from activities.ledger import Ledger
from activities.letters import MailSettings
from activities.mail import MailActivities, Outbox, Post
from activities.mailbox import Mailbox, MailboxActivities
from activities.people import TZDATA, Directory, PeopleActivities, use_pinned_tzdata
from activities.process import ProcessActivities
from activities.rooms import RoomActivities, Rooms
from activities.watching import WatchingActivities
from activities.zone_rules import ZoneRulesActivities
from adapters.directory import FileDirectory
from adapters.environment import unknown_settings, wrong_settings
from adapters.mail.imap import ImapMailbox
from adapters.mail.smtp import SmtpPost
from adapters.push.address import PushSettings
from adapters.sql.database import open_database
from adapters.sql.journal import SqlJournal
from adapters.sql.ledger import SqlLedger
from adapters.sql.lessons import SqlLessons
from adapters.sql.migrations import migrate
from adapters.sql.outbox import SqlOutbox
from entrevue import contract
from entrevue.client import ADDRESS, RPC_TIMEOUT, InterviewClient
from entrevue.contract import DIGEST_SCHEDULE, JANITOR_SCHEDULE, TASK_QUEUE
from entrevue.orders import RoomsAt
from entrevue.values import PersonId
from leaving import leave
from on_server import InterviewsOnServer, WatchersOnServer
from providers import opened
from settings import Settings
from workflows.digest import DigestWorkflow
from workflows.interview import InterviewWorkflow
from workflows.janitor import JanitorWorkflow
from workflows.learning import LearningWorkflow
from workflows.mailbox import MailboxWorkflow
from workflows.watching import WatchWorkflow
from workflows.zone_rules import NewZoneRules, ZoneRulesWorkflow

PLUGIN = SimplePlugin(
    "entrevue",
    data_converter=pydantic_data_converter,
    workflow_runner=SandboxedWorkflowRunner(
        restrictions=SandboxRestrictions.default.with_passthrough_modules("entrevue")
    ),
)
"""What client, worker, replayer and tests must agree on. Given to the client, it reaches the workers made of it."""

STICKY = timedelta(seconds=3)
"""How long the next command waits after a worker was killed; the default is ten seconds."""

GRACE = timedelta(seconds=25)
"""Less than the 30 s after which orchestrators kill."""

EVERY, JITTER = timedelta(hours=1), timedelta(minutes=10)
"""When the janitor comes. The jitter keeps several namespaces from asking one calendar server in the same minute."""

DIGEST_JITTER = timedelta(minutes=5)
"""Nine o'clock is nearly that."""

LONGEST = timedelta(hours=6)
"""A janitor that is still at work then never ends, and holds up the next."""

_log = structlog.get_logger()

# --- composition -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Adapters:
    """Everything an interview's activities reach the world by."""

    directory: Directory
    calendar: Calendar
    ledger: Ledger
    outbox: Outbox
    journal: Journal
    lessons: Lessons
    post: Post
    mail: MailSettings
    mailbox: Mailbox | None = None
    rooms: Mapping[RoomsAt, Rooms] = field(default_factory=dict)
    """Whoever gives interviews rooms of their own."""

    @classmethod
    @asynccontextmanager
    async def of(cls, settings: Settings) -> AsyncIterator[Self]:
        """Open the database (migrated), the directory, the calendars and the mail server's address."""
        database = settings.database_url.get_secret_value()
        await migrate(database)
        async with AsyncExitStack() as stack:
            engine = open_database(database)
            stack.push_async_callback(engine.dispose)
            directory = FileDirectory(settings.people)
            providers = await stack.enter_async_context(opened(directory, settings))
            for provider, because in providers.unusable.items():
                _log.error("a provider cannot be used", kind="provider_unusable", provider=provider, because=because)
            yield cls(
                directory=directory,
                calendar=providers.calendars,
                rooms=providers.rooms,
                ledger=SqlLedger(engine),
                outbox=SqlOutbox(engine),
                journal=SqlJournal(engine),
                lessons=SqlLessons(engine),
                post=SmtpPost(settings.smtp),
                mail=settings.mail,
                mailbox=ImapMailbox(settings.imap) if settings.imap else None,
            )


def activities(
    adapters: Adapters, temporal: Client, watchers: Watchers, task_queue: str = TASK_QUEUE
) -> Sequence[Callable[..., object]]:
    interviews = InterviewsOnServer(temporal, task_queue)
    people = PeopleActivities(adapters.directory, adapters.mail.secret)
    free_time = FreeTimeActivities(adapters.directory, adapters.calendar, adapters.ledger)
    claiming = ClaimingActivities(adapters.ledger, adapters.calendar, adapters.directory)
    calendar = CalendarActivities(adapters.calendar, watchers)
    watching = WatchingActivities(adapters.calendar, interviews)
    mail = MailActivities(adapters.post, adapters.outbox, adapters.mail)
    mailbox = MailboxActivities(adapters.mailbox, adapters.outbox, interviews, adapters.mail)
    journal = JournalActivities(adapters.journal, Learning(adapters.journal, adapters.lessons))
    learning = LearningActivities(adapters.journal, adapters.lessons, interviews)
    digest = DigestActivities(adapters.directory, interviews)
    janitor = JanitorActivities(
        adapters.ledger, adapters.calendar, adapters.directory, adapters.journal, InterviewClient(temporal)
    )
    return (
        people.look_up_people,
        RoomActivities(adapters.rooms).make_room,
        free_time.find_slots,
        claiming.claim_time,
        claiming.release_time,
        calendar.write_event,
        calendar.remove_event,
        watching.look_at_calendar,
        watching.tell_interviews,
        watching.listen_to_calendar,
        watching.hang_up_calendar,
        mail.send_letter,
        mailbox.read_mailbox,
        journal.append_journal,
        learning.look_up_briefs,
        learning.read_learning,
        ProcessActivities(interviews).tell_process,
        ZoneRulesActivities(interviews).tell_zone_rules,
        digest.find_readers,
        digest.gather_open_forms,
        digest.address_digest,
        mail.send_digest,
        janitor.tidy_ledger,
        janitor.prune_ledger,
        janitor.tidy_calendars,
    )


def build_worker(
    temporal: Client,
    adapters: Adapters,
    *,
    task_queue: str = TASK_QUEUE,
    max_cached_workflows: int = 1000,
    watchers: Watchers | None = None,
) -> Worker:
    """Make the worker. `temporal` must have been connected with `PLUGIN`; `watchers`: None for those on the server."""
    return Worker(
        temporal,
        task_queue=task_queue,
        workflows=[
            InterviewWorkflow,
            DigestWorkflow,
            JanitorWorkflow,
            LearningWorkflow,
            MailboxWorkflow,
            WatchWorkflow,
            ZoneRulesWorkflow,
        ],
        activities=activities(adapters, temporal, watchers or WatchersOnServer(temporal, task_queue), task_queue),
        max_cached_workflows=max_cached_workflows,
        max_concurrent_workflow_tasks=16,
        max_concurrent_activities=100,
        sticky_queue_schedule_to_start_timeout=STICKY,
        graceful_shutdown_timeout=GRACE,
    )


async def schedule_janitor(temporal: Client, *, task_queue: str = TASK_QUEUE) -> None:
    """Have the janitor come every hour, as this version wants it. Harmless where it does; a pause stays a pause."""
    wanted = Schedule(
        action=ScheduleActionStartWorkflow(
            JanitorWorkflow.run,
            id=JANITOR_SCHEDULE,
            task_queue=task_queue,
            execution_timeout=LONGEST,
            static_summary="Remove what interviews that are over have left behind",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)], jitter=JITTER),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EVERY),
        state=ScheduleState(note="Kept by the worker. Pausing it is safe: claims and events of dead interviews stay."),
    )

    await _schedule(temporal, JANITOR_SCHEDULE, wanted)


async def schedule_digest(temporal: Client, *, task_queue: str = TASK_QUEUE) -> None:
    """Have the digest come every hour, as this version wants it. Harmless where it does; a pause stays a pause.

    Nothing is caught up: the next run looks back as far as the last one.
    """
    wanted = Schedule(
        action=ScheduleActionStartWorkflow(
            DigestWorkflow.run,
            id=DIGEST_SCHEDULE,
            task_queue=task_queue,
            execution_timeout=EVERY,
            static_summary="Tell interviewers, at nine of their own day, which forms they owe",
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=EVERY)], jitter=DIGEST_JITTER),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=DIGEST_JITTER),
        state=ScheduleState(note="Kept by the worker. While it is paused nobody is told what forms they owe."),
    )
    await _schedule(temporal, DIGEST_SCHEDULE, wanted)


async def _schedule(temporal: Client, name: str, wanted: Schedule) -> None:
    def renewed(there: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(replace(wanted, state=there.description.schedule.state))

    try:
        await temporal.create_schedule(name, wanted)
    except ScheduleAlreadyRunningError:
        await temporal.get_schedule_handle(name).update(renewed)


async def open_mailbox(temporal: Client, *, task_queue: str = TASK_QUEUE, name: str = contract.MAILBOX_ID) -> None:
    """Have the mailbox read from now on. Harmless where it is."""
    await temporal.start_workflow(
        MailboxWorkflow.run,
        id=name,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary="Read what comes back by mail, and tell interviews",
        rpc_timeout=RPC_TIMEOUT,
    )


async def connect() -> Client:
    """Connect as Temporal's own profiles and `TEMPORAL_…` variables say; to localhost where they are silent."""
    config = ClientConfig.load_client_connect_config()
    config.setdefault("target_host", ADDRESS)
    return await Client.connect(**config, plugins=[PLUGIN])


# --- new zone rules --------------------------------------------------------------------------------------------------


async def announce_zone_rules(temporal: Client, tzdata: str, *, task_queue: str = TASK_QUEUE) -> bool:
    """Have every open interview told of these rules. False: it was done, or is being done, for this version."""
    try:
        await temporal.start_workflow(
            ZoneRulesWorkflow.run,
            NewZoneRules(tzdata=tzdata),
            id=contract.zone_rules_id(tzdata),
            task_queue=task_queue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"Zone rules of tzdata {tzdata}: every open interview is told",
            rpc_timeout=RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        return False
    return True


# --- the process -----------------------------------------------------------------------------------------------------


def configure_logging(settings: Settings) -> None:
    """One JSON object a line, or lines for a person; Temporal's own loggers included."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)


async def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is at hand."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with Adapters.of(settings) as adapters:
        temporal = await connect()
        worker = build_worker(temporal, adapters, max_cached_workflows=settings.max_cached_workflows)
        async with worker, told_of_changes(settings.push, WatchersOnServer(temporal, TASK_QUEUE)):
            await see_to_the_rest(settings, temporal)
            _log.info("worker started", task_queue=TASK_QUEUE, namespace=temporal.namespace)
            await stop.wait()
            _log.info("worker stopping", grace_seconds=GRACE.total_seconds())
    _log.info("worker stopped")


@asynccontextmanager
async def told_of_changes(push: PushSettings | None, watchers: WatchersOnServer) -> AsyncIterator[None]:
    """Let providers tell us of changes, where that is set. Trouble with it is an error in the log, and no more."""

    async def poke(person: PersonId, *, anew: bool) -> None:
        try:
            await watchers.poke(person, anew=anew)
        except RPCError as trouble:
            _log.error("calendar not poked", kind="calendar_not_poked", because=trouble.status.name)

    async with AsyncExitStack() as stack:
        if push is not None:
            from adapters.push.receiver import receiving  # noqa: PLC0415 - starlette and uvicorn are an extra

            try:
                port = await stack.enter_async_context(
                    receiving(push.to, poke, host=push.listen_host, port=push.listen_port)
                )
            except OSError as trouble:
                _log.error("push not listening", kind="push_not_listening", because=trouble.strerror or "unknown")
            else:
                _log.info("told of changes", kind="push_listening", port=port)
        yield


async def see_to_the_rest(settings: Settings, temporal: Client) -> None:
    """Start what runs beside the interviews. What the namespace does not let us start is an error in the log alone."""
    async with _seeing_to("zone_rules_not_announced"):
        if await announce_zone_rules(temporal, TZDATA):
            _log.info("zone rules are new here: every open interview is told", tzdata=TZDATA)
    if settings.janitor:
        async with _seeing_to("janitor_not_scheduled"):
            await schedule_janitor(temporal)
    if settings.digest:
        async with _seeing_to("digest_not_scheduled"):
            await schedule_digest(temporal)
    if settings.imap:
        async with _seeing_to("mailbox_not_started"):
            await open_mailbox(temporal)


async def learn_anew(settings: Settings) -> None:
    """Read every journal once more, and keep what its interview teaches by the rules of this version."""
    async with Adapters.of(settings) as adapters:
        interviews = await Learning(adapters.journal, adapters.lessons).anew()
    _log.info("lessons rebuilt", kind="lessons_rebuilt", interviews=interviews)


@asynccontextmanager
async def _seeing_to(kind: str) -> AsyncIterator[None]:
    try:
        yield
    except RPCError as trouble:  # perhaps we may not; interviews go on without
        _log.error(kind.replace("_", " "), kind=kind, because=trouble.status.name)


def main() -> int:
    wanted = argparse.ArgumentParser(
        prog="worker.py", description="Work for interviews until SIGTERM or SIGINT.", allow_abbrev=False
    )
    wanted.add_argument(
        "--rebuild-lessons",
        action="store_true",
        help="instead: read all journals once more, keep what their interviews teach, and end",
    )
    rebuild = wanted.parse_args().rebuild_lessons
    try:
        settings = Settings()
    except ValueError as problem:
        sys.stderr.write("".join(f"{line}\n" for line in wrong_settings(problem)))
        return 2
    configure_logging(settings)
    if unknown := unknown_settings(Settings):
        _log.warning("set, and no setting of ours", kind="settings_unknown", names=unknown)
    version = use_pinned_tzdata()
    _log.info("zone rules", tzdata=version)
    asyncio.run(learn_anew(settings) if rebuild else serve(settings))
    return 0


if __name__ == "__main__":
    leave(main())
