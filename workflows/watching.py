"""Watch one person's calendar: one workflow a person, from the first event of ours in it until the last is over.

It polls, so it would fill any history: it carries all it knows into a new run whenever the server suggests one. Where
the calendar's provider can tell of changes it is asked to, and then looks come sooner; no look waits for that.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():  # together: two copies of a class would match no `case`
    from activities.calendar import Unwatched, Watched
    from activities.watching import HangUpCalendar, News, ProviderTells, TellInterviews, WatchingActivities
    from entrevue import contract
    from workflows import channel
    from workflows.channel import Channel, Poked
    from workflows.suspicion import (
        Key,
        Watch,
        failed,
        looked,
        looking,
        next_look,
        order,
        poked,
        taken_out,
        unwatched,
        watched,
        without_past,
    )

_ATTEMPT, _SILENCE = timedelta(minutes=5), timedelta(minutes=2)
"""The adapter gives up a request after 20 s; a look makes two an event, at most, and says so before each event."""

_FEW = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(seconds=20), maximum_attempts=3)
_WITHIN = timedelta(minutes=6)
"""Whoever asks for longer pauses is asked again by the next look."""

_ASKING = timedelta(minutes=5)
"""Asking a provider to tell us takes a few requests, each given up after 20 s. Nothing waits for it but our end."""

_TELLS = "providers-tell"
"""The patch by which watchers that ran before, until their next run, ask no provider for anything."""

_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))


@workflow.defn(name=contract.WATCH)
class WatchWorkflow:
    """Handlers record, the loop acts: looks when it is time to, and tells what was confirmed."""

    @workflow.init
    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._began = workflow.now()
        self._news = 0
        self._written: set[Key] = set()
        """Events that were written, or given up, since the look under way began."""
        self._asked = False
        self._tells = False
        """Whether providers are asked to tell us."""
        self._asking: workflow.ActivityHandle[ProviderTells] | None = None

    @workflow.run
    async def run(self, watch: Watch) -> None:
        """Watch until nothing is left. A signal that comes at the very end keeps this run alive, or begins another."""
        del watch  # `__init__`'s business
        self._tells = workflow.patched(_TELLS)
        while True:
            self._watch = without_past(self._watch, workflow.now())
            if self._is_answered():
                await self._take_answer()
            if not self._watch.events:
                if self._asking is None and self._watch.channel.listening is None:
                    return
                await self._hang_up()
                continue
            if workflow.info().is_continue_as_new_suggested() and not self._asked and self._asking is None:
                workflow.continue_as_new(self._watch)
            due = next_look(self._watch, self._began, workflow.random().random())
            self._show(due)
            if await self._is_time(due, self._ask_to_be_told(workflow.now())):
                await self._look()

    # --- what comes in -----------------------------------------------------------------------------------------------

    @workflow.signal(name="watch", description="Watch this version of an event")
    def watch(self, event: Watched) -> None:
        self._watch = watched(self._watch, event)
        self._hear((event.interview, event.who))

    @workflow.signal(name="unwatch", description="An event is about to be taken out by ourselves")
    def unwatch(self, event: Unwatched) -> None:
        self._watch = taken_out(self._watch, event)
        self._hear((event.interview, event.who))

    @workflow.signal(name="look_now", description="Look at once, and tell what is seen without a second look")
    def look_now(self) -> None:
        self._asked = True
        self._news += 1

    @workflow.signal(name="poke", description="Look soon: somebody says that this calendar has changed")
    def poke(self, poke: Poked) -> None:
        before, self._watch = self._watch, poked(self._watch, poke, workflow.now())
        if self._watch != before:
            self._news += 1

    def _hear(self, key: Key) -> None:
        self._written.add(key)
        self._news += 1

    # --- looking -----------------------------------------------------------------------------------------------------

    async def _is_time(self, due: datetime, or_else: datetime | None) -> bool:
        """Wait until a look is due, or something was heard. False: see anew when the next one is.

        `or_else`: when there is something else to do, if that is sooner.
        """
        until = due if or_else is None else min(due, or_else)
        known, left = self._news, until - workflow.now()
        if left > timedelta(0) and not self._asked:
            try:
                await workflow.wait_condition(
                    lambda: self._news > known or self._is_answered(),
                    timeout=left,
                    timeout_summary=f"Next look at {due:%a %d %b %Y %H:%M} UTC",
                )
            except TimeoutError:
                return until == due
        return self._asked or workflow.now() >= due

    async def _look(self) -> None:
        now, at_once, events = workflow.now(), self._asked, len(self._watch.events)
        self._asked = False
        self._written.clear()
        self._watch = looking(self._watch)
        try:
            seen = await workflow.execute_activity_method(
                WatchingActivities.look_at_calendar,
                order(self._watch),
                summary=f"Look what has become of {_events(events)} in this calendar",
                start_to_close_timeout=_ATTEMPT,
                schedule_to_close_timeout=_WITHIN,
                heartbeat_timeout=_SILENCE,
                retry_policy=_FEW,
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            self._watch, news = failed(self._watch, now)
        else:
            self._watch, news = looked(self._watch, seen, now, not_of=self._written, at_once=at_once)
        if news:
            await self._tell(news)

    async def _tell(self, news: tuple[News, ...]) -> None:
        told = await workflow.execute_activity_method(
            WatchingActivities.tell_interviews,
            TellInterviews(news=news),
            summary=f"Tell {', '.join(sorted({one.fact.kind for one in news}))}",
            start_to_close_timeout=_SILENCE,
            retry_policy=_PATIENT,
        )
        for interview in told.over:
            self._watch = unwatched(self._watch, interview)

    # --- being told --------------------------------------------------------------------------------------------------

    def _ask_to_be_told(self, now: datetime) -> datetime | None:
        """Ask the provider if it is time to, without waiting; else say when it will be."""
        if not self._tells or self._asking is not None:
            return None
        due = channel.next_asking(self._watch.channel, now)
        if due > now:
            return due
        self._asking = workflow.start_activity_method(
            WatchingActivities.listen_to_calendar,
            channel.order(self._watch.channel, self._watch.person),
            summary="Ask this calendar's provider to tell of changes",
            start_to_close_timeout=_SILENCE,
            schedule_to_close_timeout=_ASKING,
            retry_policy=_FEW,
        )
        self._hold(channel.asked(self._watch.channel, now))
        return None

    def _is_answered(self) -> bool:
        return self._asking is not None and self._asking.done()

    async def _take_answer(self) -> None:
        """Wait for the answer, if there is one to come."""
        if self._asking is None:
            return
        try:
            self._hold(channel.answered(self._watch.channel, await self._asking))
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            self._hold(channel.failed(self._watch.channel, "unavailable"))
        self._asking = None

    async def _hang_up(self) -> None:
        """Be told no more. What cannot be ended now ends by itself, and pokes nobody until then."""
        await self._take_answer()
        if self._watch.channel.listening is not None:
            try:
                await workflow.execute_activity_method(
                    WatchingActivities.hang_up_calendar,
                    HangUpCalendar(person=self._watch.person, held=self._watch.channel.listening.held),
                    summary="Have this calendar's provider tell of changes no more",
                    start_to_close_timeout=_SILENCE,
                    schedule_to_close_timeout=_ASKING,
                    retry_policy=_FEW,
                )
            except ActivityError as failure:
                if is_cancelled_exception(failure):
                    raise
        self._hold(Channel())

    def _hold(self, held: Channel) -> None:
        self._watch = self._watch.model_copy(update={"channel": held})

    # --- what people see ---------------------------------------------------------------------------------------------

    def _show(self, due: datetime) -> None:
        """For operators: no title, nobody's name."""
        watch = self._watch
        said = [f"Watches {_events(len(watch.events))} of this person."]
        said += [f"Last look {watch.looked_at:%a %d %b %H:%M} UTC."] if watch.looked_at is not None else []
        said += [f"Next {due:%a %d %b %H:%M} UTC."]
        told = watch.channel
        said += ["Is told of changes besides."] if told.listening is not None and told.because is None else []
        said += [f"Could not ask to be told of changes: {told.because}."] if told.because is not None else []
        said += [f"{watch.failed} looks in a row came to nothing."] if watch.failed else []
        lost = {one.access.because for one in watch.events if one.access.told == "lost"}
        said += [f"The calendar is lost to us: {', '.join(sorted(filter(None, lost)))}."] if lost else []
        if watch.suspicion is not None:
            said += [f"{_events(len(watch.suspicion.found))} found otherwise; a second look will tell."]
        workflow.set_current_details(" ".join(said))


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"
