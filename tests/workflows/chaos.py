"""Several interviews in one failing world: what may happen there, step by step, and what must hold all the same.

After every step all interviews come to rest, as far as the world lets them. Then what they hold inside, what their
journals tell, and what ledger, calendars and mailboxes really hold are laid beside each other.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Literal

from icalendar import Calendar, Event
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import (
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateHandle,
    WorkflowUpdateStage,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities.calendar import Busy, EventState
from activities.letters import message_id
from entrevue import contract, drift
from entrevue.agenda import plan
from entrevue.contract import Ended, Receipt
from entrevue.interview import Recorded, advance, fold
from entrevue.orders import JournalEntry
from entrevue.permissions import TABLE, Command
from entrevue.showing import view
from entrevue.values import CANDIDATE, Code, Refused, Slot, Status, digest, said
from entrevue.view import View
from tests.domain.scenes import Scene, command, well_formed
from tests.workflows.glass import Inside
from tests.workflows.model import Model, told
from tests.workflows.stage import MAIL, REQUEST, Running
from tests.workflows.world import CAST, EVERYBODY, KNOWN_TROUBLE, OPENING, Trouble, World

# --- what may happen -------------------------------------------------------------------------------------------------

What = Literal[
    "fitting",
    "race",
    "wait",
    "next",
    "to_start",
    "fact",
    "heard",
    "calendar",
    "ledger",
    "journal",
    "directory",
    "post",
    "address",
    "busy",
    "surprise",
    "unknown",
    "mend",
    "restart",
    "operator",
    "any_command",
    "send",
]


@dataclass(frozen=True)
class Step:
    """One thing that happens; `n` picks from what is possible then.

    `fitting` and `any_command` become a `send` when they are taken: what is told of a failure can be played again,
    also when the table of commands has changed.
    """

    what: What
    whom: int = 0
    """Which of the interviews."""
    n: int = 0
    kind: str = ""
    by: str = ""


@dataclass(frozen=True)
class Plan:
    shapes: tuple[str, ...]
    """One a panel, and so one an interview."""
    booked: int
    """So many of them have a time when the steps begin."""
    steps: tuple[Step, ...]
    cached: bool = True


_POOL = {"pool": "backend"}
SHAPES: dict[str, dict[str, object]] = {
    "two": {"interviewers": ["grace", "linus"]},
    "same lead": {"interviewers": ["grace", "edsger"], "policy": {"buffer_before": 15}},
    "pool": {"interviewers": [{**_POOL, "count": 2}]},
    "somebody and a pool": {"interviewers": ["linus", _POOL]},
    "explicit": {"interviewers": ["grace", "edsger"], "policy": {"confirmation": "explicit"}},
    "explicit pool": {"interviewers": ["linus", _POOL], "policy": {"confirmation": "explicit"}},
    "one of two": {"interviewers": ["grace", "linus"], "policy": {"quorum": 1}},
    "optional": {"interviewers": ["grace", {"person": "linus", "role": "OPTIONAL"}, {**_POOL, "role": "SHADOW"}]},
    "by mail": {"interviewers": ["alan", "barbara"], "policy": {"minimum_notice": "PT4H"}},
}
_ZONES = ("America/New_York", "Europe/Berlin", "Asia/Tokyo", None)

ACTORS = (CANDIDATE, "i1", "i2", "i3", "coordinator", "decision_maker", "backend", "operator")
_RARELY = ("cancel", "withdraw", "declare_conflict", "give_consent", "revoke_consent", "note_moment", "ask_question")
_SCHEDULING = (
    "answer_invitation",
    "book_slot",
    "choose_slot",
    "declare_conflict",
    "add_seat",
    "grant_approval",
    "offer_slots",
    "propose_other_time",
    "put_on_hold",
    "remove_seat",
    "replace_interviewer",
    "request_reschedule",
    "reschedule",
    "respond_to_seat",
    "resume",
)
_COSTS = ("request_reschedule", "propose_other_time", "reschedule", "answer_invitation")
"""What a candidate may be charged for."""

_HEARD = (
    "rsvp_received",
    "counter_received",
    "calendar_event_changed",
    "calendar_event_deleted",
    "calendar_overlap_seen",
    "message_bounced",
    "rsvp_received",
    "calendar_event_changed",
    "words_received",
    "calendar_access_lost",
    "calendar_access_restored",
    "message_delivered",
)

_HOURS = (time(8), time(13), time(13, 30), time(15), time(16, 15))
"""UTC. Few, so that interviews get into each other's way."""

_WAITS = tuple(timedelta(minutes=n) for n in (1, 6, 25, 3 * 60, 14 * 60, 26 * 60, 3 * 24 * 60))
_PATIENCE = timedelta(minutes=20)
"""So long anything is down at most while time passes: each try takes its time outside, too."""

_AROUND_THE_START = tuple(timedelta(minutes=n) for n in (-70, 0, 6, 17, 45))
_NIGHT = timedelta(hours=14)
_SKEW = timedelta(minutes=2)
"""The clocks of two interviews differ by no more."""


@dataclass(eq=False)
class Sent:
    """A command under way, or answered."""

    whom: int
    command: Command
    key: str
    answer: asyncio.Task[Receipt]

    @property
    def refusal(self) -> str | None:
        """Give the code, where it was refused."""
        trouble = self.answer.exception() if self.answer.done() else None
        if trouble is None:
            return None
        assert isinstance(trouble, WorkflowUpdateFailedError), f"{self.command.kind}: {trouble!r}"
        assert isinstance(trouble.cause, ApplicationError), f"{self.command.kind}: {trouble.cause!r}"
        return str(trouble.cause.type)


@dataclass(frozen=True)
class Received:
    """A letter that has reached somebody, with the event where one is attached."""

    letter: str
    whom: str
    version: str
    recipient: str
    uid: str = ""
    method: str = ""
    sequence: int = -1
    start: datetime | None = None


@dataclass(eq=False)
class Witness:
    """One interview, and what is known of it from all sides since it came to rest last."""

    running: Running
    inside: Inside | None = None
    shown: View | None = None
    """To one of them, by turns."""
    stood: Sequence[Model] = (Model(),)
    before: int = 0
    """The number of the last event when it had come to rest before."""
    run: str | None = None
    ended: bool = False
    asked: int = 0
    """How often the candidate has answered no, or proposed another time, by calendar or mail."""
    received: list[Received] = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.running.handle.id.removeprefix(contract.workflow_id(""))

    @property
    def seen(self) -> Inside:
        assert self.inside is not None
        return self.inside

    @property
    def now_told(self) -> Model:
        return self.stood[-1]

    @property
    def calm(self) -> bool:
        """Nothing is under way: what it wants and what the world holds must be the same."""
        return not self.seen.orders and not self.seen.interview.effects.failures


class Chaos:
    def __init__(self, env: WorkflowEnvironment, wanted: Plan, name: str) -> None:
        self.tale: list[Step] = []
        self._env, self._plan, self._name = env, wanted, name
        self._world = World(env.client, cached=wanted.cached)
        self._all: list[Witness] = []
        self._sent: list[Sent] = []
        self._read = 0
        self._keys: dict[str, tuple[Witness, str]] = {}
        self._facts = self._commands = 0

    async def play(self) -> None:
        """Let it all happen, and come to a good end."""
        try:
            async with self._world.at_work():
                await self._open()
                for step in self._plan.steps:
                    await self.take(step)
                await self._wind_up()
        except Exception as trouble:
            played = Plan(self._plan.shapes, self._plan.booked, tuple(self.tale), self._plan.cached)
            trouble.add_note(f"Play it again: {played}")
            raise
        finally:
            for one in self._sent:
                one.answer.cancel()
            await asyncio.gather(*(one.answer for one in self._sent), return_exceptions=True)
            await asyncio.gather(*(_terminated(one) for one in self._all if not one.ended))

    async def take(self, step: Step) -> None:
        self.tale.append(step)
        witness, n = self._all[step.whom % len(self._all)], step.n
        match step.what:
            case "fitting" | "any_command" | "send" | "race" | "operator" | "fact" | "heard":
                await self._by_somebody(step, witness)
            case "wait":
                await self._wait(_WAITS[n % len(_WAITS)])
            case "next":
                await self._wait_for_a_bell()
            case "to_start":
                await self._wait_for_a_start(witness, _AROUND_THE_START[n % len(_AROUND_THE_START)])
            case "restart":
                await self._world.restart()
            case _:
                self._change_the_world(step, witness)
        await self.rest()

    # --- what happens ------------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        opened = (self._start(number, shape) for number, shape in enumerate(self._plan.shapes))
        self._all = [Witness(running) for running in await asyncio.gather(*opened)]
        await self.rest()
        for number, one in enumerate(self._all[: self._plan.booked]):
            offered = one.seen.interview.scheduling.offer
            if offered is not None:
                await self._send(one, "choose_slot", CANDIDATE, {"start": offered.slots[-1 - number].start})
                await self.rest()

    async def _start(self, number: int, shape: str) -> Running:
        """Each interview is opened at the same hour: what a plan does depends on no calendar but the world's own."""
        who = {"name": "Ada Summer", "email": f"ada{number}@example.org", "zone": _ZONES[number % len(_ZONES)]}
        request = REQUEST | {"id": f"{self._name}-{number}", "candidate": who} | SHAPES[shape]
        handle = await self._env.client.start_workflow(
            contract.WORKFLOW,
            request,
            id=contract.workflow_id(str(request["id"])),
            task_queue=self._world.task_queue,
            result_type=contract.Ended,
            start_delay=OPENING - datetime.now(UTC),
        )
        latest = self._env.client.get_workflow_handle(handle.id, result_type=Ended)  # of whichever run
        running = Running(env=self._env, handle=latest)
        await running.forward_to(OPENING + timedelta(seconds=5))
        return running

    async def _by_somebody(self, step: Step, witness: Witness) -> None:
        n = step.n
        match step.what:
            case "fitting":
                await self._send_what_fits(witness, n)
            case "any_command":
                kinds = sorted(_kind(model) for model in TABLE)
                await self._send_well_formed(witness, kinds[n % len(kinds)], ACTORS[n // 7 % len(ACTORS)], n)
            case "send":
                await self._send_well_formed(witness, step.kind, step.by, n, told_already=True)
            case "race":
                start = self._instant(n)
                await asyncio.gather(*(self._send_to_race(one, start) for one in self._all))
            case "operator":
                if not witness.ended:
                    await witness.running.handle.cancel()
            case "heard":
                await self._let_be_heard(witness, n)
            case _:
                await self._tell(witness, n)

    async def _send_to_race(self, witness: Witness, start: datetime) -> None:
        booked = witness.seen.interview.status in (Status.SCHEDULED, Status.NEEDS_RESCHEDULING)
        await self._send(witness, "reschedule" if booked else "book_slot", "coordinator", {"start": start})

    async def _send_what_fits(self, witness: Witness, n: int) -> None:
        """Mostly what the interview would accept now; what is refused is worth a try now and then."""
        interview, now = witness.seen.interview, witness.seen.now
        fitting: list[tuple[str, list[str]]] = []
        for model, rule in TABLE.items():
            kind = _kind(model)
            if interview.status not in rule.statuses or (kind in _RARELY and n % 16):
                continue
            roles = [
                by
                for by in ACTORS
                if by in rule.roles or ("interviewer" in rule.roles and by.startswith("i") and by in interview.people)
            ]
            fitting += [(kind, roles)] * (3 if kind in _SCHEDULING else 1)
        for turn in range(12 if fitting else 0):
            kind, roles = fitting[(n + 7 * turn) % len(fitting)]
            by = roles[(n // 3 + turn) % len(roles)] if roles else "coordinator"
            try:
                advance(interview, self._well_formed(witness, kind, by, n + turn), now)
            except Refused:
                continue
            await self._send_well_formed(witness, kind, by, n + turn)
            return

    async def _send_well_formed(
        self, witness: Witness, kind: str, by: str, n: int, *, told_already: bool = False
    ) -> None:
        if not told_already:
            self.tale[-1] = Step("send", self._all.index(witness), n, kind, by)
        try:
            asked = self._well_formed(witness, kind, by, n)
        except Refused:
            return  # no well-formed command of this kind can be made at this moment
        first = await self._put(witness, asked)
        if n % 5 == 0:  # the answer was lost on the way
            await self._put(witness, asked, again=first)

    def _well_formed(self, witness: Witness, kind: str, by: str, n: int) -> Command:
        scene = Scene(witness.seen.interview, [], now=witness.seen.now)
        fields = well_formed(kind, scene, by, n)
        at = self._instant(n)
        match kind:
            case "book_slot" | "reschedule" | "propose_other_time":
                fields["start"] = at
            case "offer_slots" if fields["slots"]:
                fields["slots"] = [at, self._instant(n + 4)]
            case "submit_availability":
                fields["windows"] = [{"start": at, "end": at + timedelta(hours=3)}]
            case _:
                pass
        return command(kind, by=by, **fields)

    def _instant(self, n: int) -> datetime:
        """Pick one of a few hours of the next days, the same for all interviews."""
        today = max(one.seen.now for one in self._all).date()
        return datetime.combine(today + timedelta(days=1 + n // len(_HOURS) % 4), _HOURS[n % len(_HOURS)], UTC)

    async def _send(self, witness: Witness, kind: str, by: str, fields: dict[str, object]) -> None:
        await self._put(witness, command(kind, by=by, **fields))

    async def _put(self, witness: Witness, asked: Command, *, again: Sent | None = None) -> Sent:
        """Send it as any SDK would; it may be answered later."""
        self._commands += again is None
        key = again.key if again else f"{self._name}-k{self._commands}"
        answer = asyncio.create_task(_answered(await _accepted(witness.running, asked, key)))
        sent = Sent(self._all.index(witness), asked, key, answer)
        self._sent.append(sent)
        return sent

    async def _tell(self, witness: Witness, n: int) -> None:
        if witness.ended:
            return
        self._facts += 1
        booked, now = witness.now_told.booked, witness.seen.now
        at = min(now, booked.start + timedelta(minutes=n % 20 - 4) if booked else now)
        fact = ("participant_joined", "participant_joined", "participant_left", "meeting_ended")[n // 3 % 4]
        fields: dict[str, object] = {"source_id": f"fact-{self._facts}", "at": at.isoformat()}
        if n % 7 == 0:
            await witness.running.tell("timezone_rules_changed", **fields, tzdata=f"2031{'abc'[n % 3]}")
        elif fact == "meeting_ended":
            await witness.running.tell(fact, **fields)
        else:
            await witness.running.tell(fact, **fields, who=(CANDIDATE, "i1", "i2")[n % 3])

    async def _let_be_heard(self, witness: Witness, n: int) -> None:
        """A calendar or a mailbox tells something, now and then twice, or of what is past."""
        if witness.ended:
            return
        self._facts += 1
        kind = _HEARD[n % len(_HEARD)]
        fields = await self._what_was_heard(witness, kind, n // len(_HEARD))
        if fields is None:
            return
        fact = {"source_id": f"heard-{self._facts}", "at": witness.seen.now.isoformat(), **fields}
        if kind in ("rsvp_received", "counter_received") and (fact["whom"], fact["verified"]) == (CANDIDATE, True):
            witness.asked += 1
        for _ in range(1 + (n % 3 == 0)):
            await witness.running.tell(kind, **fact)

    async def _what_was_heard(self, witness: Witness, kind: str, n: int) -> dict[str, object] | None:
        """Do to the world what is told of it."""
        interview = witness.seen.interview
        whom = (CANDIDATE, "i1", "i2", "i9")[n % 4]
        shown, messages = interview.scheduling.shown, list(interview.effects.messages)
        sequence = max(0, (shown.sequence if shown is not None else 0) - (n % 5 == 4))
        match kind:
            case "rsvp_received":
                answer = ("declined", "accepted", "tentative")[n % 3]
                via = ("calendar", "mail")[n % 2]
                return {"whom": whom, "answer": answer, "sequence": sequence, "via": via, "verified": n % 4 < 3}
            case "counter_received":
                start = self._instant(n).isoformat()
                return {"whom": whom, "start": start, "sequence": sequence, "via": "mail", "verified": n % 4 < 3}
            case "words_received" | "calendar_access_restored":
                return {"whom": whom}
            case "calendar_access_lost":
                return {"whom": whom, "because": "CalendarRefused"}
            case "message_bounced" if messages:
                key, bad = messages[n % len(messages)], n % 2 == 0
                return {"key": key, "status": "5.1.1" if bad else "5.7.1", "address_is_bad": bad}
            case "message_delivered" if messages:
                return {"key": messages[n % len(messages)]}
            case _:
                return await self._done_to_an_event(witness, kind, n)

    async def _done_to_an_event(self, witness: Witness, kind: str, n: int) -> dict[str, object] | None:
        interview, calendar = witness.seen.interview, self._world.calendar
        seated = [one for one in interview.people.interviewers if one.has_calendar and one.person is not None]
        if not seated:
            return None
        member = seated[n % len(seated)]
        person, uid = str(member.person), drift.uid(interview, member.who)
        with self._legible():
            there = await calendar.read(person, uid)
        if there is None:
            return None
        about: dict[str, object] = {"whom": member.who, "uid": uid, "sequence": there.sequence}
        match kind:
            case "calendar_event_deleted":
                calendar.delete(person, uid)
                return {**about, "emptied": n % 3 == 0}
            case "calendar_event_changed":
                if n % 4 == 0:
                    calendar.cancel(person, uid)
                else:
                    calendar.move(person, uid, self._instant(n))
                with self._legible():
                    now_there = await calendar.read(person, uid)
                assert now_there is not None
                return {
                    **about,
                    "start": now_there.start.isoformat(),
                    "end": now_there.end.isoformat(),
                    "cancelled": now_there.cancelled,
                    "etag": now_there.etag,
                }
            case "calendar_overlap_seen":
                return {**about, "overlapped": n % 3 > 0}
            case _:
                return None

    async def _wait(self, duration: timedelta) -> None:
        """Let the time pass; if it is long, what is down is mended on the way."""
        if self._world.troubled and duration > _PATIENCE:
            await self._pass(_PATIENCE)
            self._world.mend()
            duration -= _PATIENCE
        await self._pass(duration)

    async def _pass(self, duration: timedelta) -> None:
        """Move all clocks to the same instant."""
        live = [one for one in self._all if not one.ended]
        clocks = await asyncio.gather(*(one.running.now() for one in live))
        until = max(clocks, default=OPENING) + duration
        await asyncio.gather(*(_forwarded(one.running, until) for one in live))

    async def _wait_until(self, at: datetime) -> None:
        ahead = at - max(one.seen.now for one in self._all)
        if ahead > timedelta(0):
            await self._wait(ahead)

    async def _wait_for_a_bell(self) -> None:
        bells = [one.seen.bell for one in self._all if not one.ended and one.seen.bell is not None]
        if bells:
            await self._wait_until(min(bells) + timedelta(seconds=1))

    async def _wait_for_a_start(self, witness: Witness, around: timedelta) -> None:
        booked = witness.now_told.booked
        if booked is not None:
            await self._wait_until(booked.start + around)

    def _change_the_world(self, step: Step, witness: Witness) -> None:
        world, n, troubles = self._world, step.n, _TROUBLES
        match step.what:
            case "calendar":
                world.calendar.down = n % 4 == 0
                world.calendar.trouble = troubles[n % 4 - 1] if n % 4 else "none"
            case "ledger":
                world.ledger.trouble = troubles[n % 3]
            case "journal":
                world.journal.trouble = troubles[n % 3]
            case "directory":
                world.directory.trouble = troubles[n % 3]
            case "post":
                world.post.trouble = troubles[n % 3]
            case "address":
                emails = [witness.now_told.candidate, *(person.email for person in CAST)]
                bad = world.post.dead if n % 2 else world.post.choosy
                bad ^= {emails[n // 2 % len(emails)]}
            case "busy":
                self._enter_something(witness, n)
            case "surprise":
                world.calendar.surprised.add(EVERYBODY[n % len(EVERYBODY)])
            case "unknown":
                world.directory.remove(EVERYBODY[n % len(EVERYBODY)])
            case _:
                world.mend()

    def _enter_something(self, witness: Witness, n: int) -> None:
        """Somebody has something of their own at a time that matters here, or is offered."""
        told_of, offer = witness.now_told, witness.seen.interview.scheduling.offer
        times = [Slot(start=one.start, minutes=40) for one in (told_of.booked, told_of.held) if one is not None]
        times += offer.slots if offer is not None else ()
        if times:
            slot = times[n % len(times)]
            person = EVERYBODY[n // 2 % len(EVERYBODY)]
            self._world.calendar.add_busy(person, Busy(start=slot.start, end=slot.end))

    # --- coming to rest ----------------------------------------------------------------------------------------------

    async def rest(self) -> None:
        """Wait until nothing moves but what waits to be tried again; then look at everything."""
        try:
            async with asyncio.timeout(90):
                while not await self._has_come_to_rest():
                    pass
        except TimeoutError:
            raise AssertionError(
                f"never comes to rest: {[one.inside and one.inside.orders for one in self._all]}"
            ) from None
        await self._check()

    async def _has_come_to_rest(self) -> bool:
        calls = self._world.counted.calls
        before = await asyncio.gather(*(one.running.handle.describe() for one in self._all))
        for found in before:
            _nothing_unheard_of(found)
        if any(_moves(found) for found in before):
            return False
        try:
            looks = await asyncio.gather(*(_looked_into(one.running, len(self.tale)) for one in self._all))
        except WorkflowQueryFailedError:
            return False  # who was there for the first query was not for the next: it moves
        after = await asyncio.gather(*(one.running.handle.describe() for one in self._all))
        if calls != self._world.counted.calls or [_version(one) for one in before] != [_version(one) for one in after]:
            return False
        for one, (inside, shown), now in zip(self._all, looks, after, strict=True):
            one.inside, one.shown = inside, shown
            one.run = now.run_id
            one.ended = now.status is not WorkflowExecutionStatus.RUNNING
        return True

    # --- what must hold ----------------------------------------------------------------------------------------------

    async def _check(self) -> None:
        world, now = self._world, max(one.seen.now for one in self._all)
        assert not world.counted.broken, world.counted.broken
        assert not await world.ledger.booked_twice(now)
        for one in self._all:
            await self._check_journal(one)
            _check_state(one)
        self._check_mail()
        self._check_versions()
        self._check_answers()
        for one in self._all:
            if one.calm:
                await self._check_ledger(one)
                with self._legible():
                    await self._check_calendars(one)

    async def _check_journal(self, one: Witness) -> None:
        """Invariants 2 and 11: numbers without a gap, and what the journal tells is what the workflow shows."""
        written = await self._world.journal.read(one.id, limit=10_000)
        pending = [_entry(one.id, record) for record in one.seen.unjournaled]
        again = [entry for entry in pending if entry.seq <= len(written)]
        assert [digest(entry) for entry in again] == [digest(written[entry.seq - 1]) for entry in again]
        entries = [*written, *(entry for entry in pending if entry.seq > len(written))]
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1)), "seq has gaps"
        folded = fold(_recorded(entry) for entry in entries)
        assert folded == one.seen.interview, "the journal tells of another state"
        assert one.shown is not None
        assert one.shown == view(folded, one.shown.viewer, one.seen.now), f"{one.shown.viewer} is shown something else"
        one.before, one.stood = one.now_told.seq, told(entries)
        for entry in entries[one.before :]:
            if entry.kind == "message_queued":
                key = str(entry.data["key"])
                _, letter, whom, version = key.split("/")
                self._keys[message_id(key, MAIL)] = one, key
                why_not = one.stood[entry.seq - 1].allows(letter, whom, version.rpartition(".")[0])
                assert why_not is None, f"{key} was started, but {why_not}"
            if entry.kind == "interview_expired":
                stood = one.stood[entry.seq - 1]
                assert stood.delivered == stood.offers, "the candidate pays for an offer that never reached them"

    def _check_mail(self) -> None:
        """Invariants 3 and 15: whoever gets a letter takes part, and it was true at some time since the last rest."""
        for posted in self._world.post.letters[self._read :]:
            mail = message_from_bytes(posted.raw, policy=policy.default)
            assert str(mail["Message-ID"]) in self._keys, "a letter that nobody started"
            one, key = self._keys[str(mail["Message-ID"])]
            _, letter, whom, version = key.split("/")
            stood = one.stood[one.before :]
            why_not = [was.allows(letter, whom, version.rpartition(".")[0]) for was in stood]
            assert None in why_not, f"{key} was sent, but {why_not}"
            addresses = {was.address(whom) for was in stood if whom == CANDIDATE or whom in was.staff}
            assert posted.recipient in addresses, f"{key} went to an old address"
            received = Received(letter, whom, version.rpartition(".")[0], posted.recipient)
            for part in mail.walk():
                if part.get_content_type() == "text/calendar":
                    received = _with_event(received, part.get_content())
            if received.uid:
                assert received.sequence == int(received.version), f"{key} carries version {received.sequence}"
            if received.method == "REQUEST":
                assert received.start in {was.shown.start for was in stood if was.shown}, f"{key}: another time"
            one.received.append(received)
        self._read = len(self._world.post.letters)
        counts: defaultdict[bytes, int] = defaultdict(int)
        for posted in self._world.post.letters:
            counts[posted.raw] += 1
        assert max(counts.values(), default=0) <= 1 + self._world.post.unsure, (
            "a letter was sent more often than allowed"
        )

    def _check_versions(self) -> None:
        """Invariant 2: SEQUENCE never falls, in no calendar and in no mailbox."""
        known: defaultdict[tuple[str, str], int] = defaultdict(lambda: -1)
        for written in self._world.calendar.written:
            assert written.sequence >= known[written.person, written.uid], f"{written} after a later one"
            known[written.person, written.uid] = written.sequence
        mailed: defaultdict[tuple[str, str], int] = defaultdict(lambda: -1)
        for received in (received for one in self._all for received in one.received if received.uid):
            last = mailed[received.recipient, received.uid]
            assert received.sequence >= last, f"{received} after version {last}"
            mailed[received.recipient, received.uid] = received.sequence

    def _check_answers(self) -> None:
        """Refusals have a code of ours; a repetition gets the first answer; nobody is charged for what we caused."""
        first: dict[str, Sent] = {}
        accepted: defaultdict[int, int] = defaultdict(int)
        for one in self._sent:
            refusal = one.refusal
            assert refusal is None or refusal in set(Code), refusal
            earlier = first.setdefault(one.key, one)
            if earlier is not one:
                if earlier.answer.done() and one.answer.done() and earlier.refusal is None:
                    assert refusal is None, f"{one.command.kind} was accepted, and then {refusal}"
                    assert one.answer.result() == earlier.answer.result()
            elif _is_theirs(one.command) and one.command.kind in _COSTS and refusal is None:
                accepted[one.whom] += 1
        for number, witness in enumerate(self._all):
            charged = witness.seen.interview.scheduling.reschedules.get("candidate", 0)
            assert charged <= accepted[number] + witness.asked, (
                f"{witness.id}: the candidate is charged {charged} reschedules"
            )

    async def _check_ledger(self, one: Witness) -> None:
        """Invariants 1, 4 and 6: the ledger holds what the journal says it holds, for those who sit there."""
        interview, told_of, now = one.seen.interview, one.now_told, one.seen.now
        state = interview.scheduling
        held = await self._world.ledger.of_interview(one.id)
        keys = {int(claimed.key.rpartition("/")[2].rpartition(".")[0]) for claimed in held}
        assert keys <= set(told_of.claims), f"time is held for nothing: {keys - set(told_of.claims)}"
        for n in set(told_of.claims) - keys:
            until = state.claim(n).hold_until
            assert until is not None, f"claim {n} should be in the ledger"
            assert until <= now + _SKEW, f"hold {n} should be in the ledger"
        wanted = {state.booking.claim} if state.booking is not None else set()
        wanted |= {state.held.claim} if state.held is not None else set()
        wanted |= {state.offer.claim} if state.offer is not None and state.offer.claim is not None else set()
        ahead = {n for n in keys if told_of.claims[n].start > now}
        assert ahead <= (wanted if not told_of.ended else set()), f"claims {ahead - wanted} are of no use to anybody"
        if state.booking is not None:
            sitting = {claimed.person for claimed in held if claimed.key.endswith(f"/{state.booking.claim}.1")}
            counting = {
                interview.people[seat.who].person for seat in interview.people.seats if seat.who and seat.counts
            }
            kept = state.exchange is not None  # as a whole, also for who has left, until another time is found
            assert kept or sitting <= told_of.sitting, (
                f"time is held of {sitting - told_of.sitting}, who do not sit there"
            )
            assert sitting >= counting, f"the time of {counting - sitting} is not held"

    async def _check_calendars(self, one: Witness) -> None:
        """Invariant 8: whoever sits there has the event as it is shown, and nobody else has any."""
        told_of = one.now_told
        if any(known.edited for known in one.seen.interview.effects.calendars.values()):
            return
        there = {person: await self._event_of(one, person) for person in EVERYBODY}
        stands = told_of.shown if told_of.shown is not None and not told_of.off else None
        interview = one.seen.interview
        wanted = {
            told_of.staff[who].person
            for who in told_of.panel
            if told_of.staff[who].has_calendar and not interview.drift.is_out(who, interview.scheduling.shown)
        }
        if stands is None:
            assert not any(there.values()), "an event stands though nothing is booked"
            return
        found = {person for person, event in there.items() if event is not None}
        if told_of.ended or one.seen.interview.session.ended_at is not None:
            assert found <= set(EVERYBODY)
            return  # what has taken place stays as it is
        assert found == wanted, f"events in the calendars of {found}, wanted in those of {wanted}"
        for person, event in there.items():
            if event is not None:
                assert not event.cancelled
                assert (event.sequence, event.start) == (told_of.sequence, stands.start), f"{person} sees an older one"

    async def _event_of(self, one: Witness, person: str) -> EventState | None:
        """Of all the UIDs there ever were, one event at most stands in somebody's calendar."""
        most = max(one.seen.interview.drift.generations.values(), default=1)
        uids = [f"{one.id}.p{generation}" for generation in range(1, most + 1)]
        found = [event for uid in uids if (event := await self._world.calendar.read(person, uid)) is not None]
        assert len(found) <= 1, f"{person} sees {one.id} {len(found)} times"
        return found[0] if found else None

    @contextmanager
    def _legible(self) -> Iterator[None]:
        """We may look into a calendar that is down."""
        down, self._world.calendar.down = self._world.calendar.down, False
        yield
        self._world.calendar.down = down

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _wind_up(self) -> None:
        """The world is well again: all that was owed is done. Then everything is called off, and nothing is left."""
        self._world.mend()
        await self._until_all_are_calm()
        await self._sleep_over_it()
        for one in self._all:
            self._check_told(one)
        for number, one in enumerate(self._all):
            if number % 2:
                await self._send(one, "cancel", "coordinator", {"reason": "the role is filled"})
        await self.rest()
        live = [one for one in self._all if not one.ended and one.now_told.ended is None]
        await asyncio.gather(*(one.running.handle.cancel() for one in live))
        await self.rest()
        await self._sleep_over_it()
        for one in self._all:
            self._check_told(one)
            await self._check_over(one)

    async def _sleep_over_it(self) -> None:
        """Let a night pass. The dev server skips it for a run that has just begun: then another one follows."""
        for _ in range(3):
            runs = [one.run for one in self._all]
            await self._wait(_NIGHT)
            await self._until_all_are_calm()
            if runs == [one.run for one in self._all]:
                return

    async def _until_all_are_calm(self) -> None:
        for _ in range(4):
            await self._wait(timedelta(minutes=11))
            await self.rest()
            if not any(one.seen.orders for one in self._all):
                return
        raise AssertionError(f"all is well, and they are not done: {[one.seen.orders for one in self._all]}")

    def _check_told(self, one: Witness) -> None:
        """A night later whoever takes part knows what is shown, and whoever was invited in vain was told so."""
        told_of, effects = one.now_told, one.seen.interview.effects
        shown = told_of.shown
        if shown is None or shown.end <= one.seen.now + _SKEW or one.seen.interview.session.started_at is not None:
            return
        for who in (CANDIDATE, *told_of.staff):
            refused = [posted for posted in effects.messages.values() if posted.whom == who and posted.was == "refused"]
            if refused or told_of.address(who) in self._world.post.dead:
                continue
            invited = max(
                (int(mail.version) for mail in one.received if mail.whom == who and mail.letter == "invitation"),
                default=-1,
            )
            called_off = max(
                (int(mail.version) for mail in one.received if mail.whom == who and mail.letter == "cancellation"),
                default=-1,
            )
            if told_of.off or (who != CANDIDATE and who not in told_of.panel):
                assert invited <= called_off, f"{who} of {one.id} would come, in vain"
            elif not told_of.paused and who == CANDIDATE:
                assert invited == told_of.sequence, f"the candidate of {one.id} knows version {invited}"
            elif not told_of.paused:
                assert invited > called_off, f"{who} of {one.id} was never told"

    async def _check_over(self, one: Witness) -> None:
        """Invariant 8: what has ended holds nothing, owes nothing and waits for nothing."""
        interview = one.seen.interview
        assert one.ended, f"{one.id} goes on: {interview.status}, {one.seen.orders}, {one.seen.bell}"
        assert interview.closed is not None
        assert interview.status == one.now_told.ended
        assert not one.seen.unjournaled
        assert one.seen.bell is None
        assert not [claim.n for claim in interview.scheduling.claims if claim.was in ("requested", "held", "leaving")]
        held = await self._world.ledger.of_interview(one.id)
        assert all(claimed.start <= interview.closed.at for claimed in held), "time is held that nobody will use"
        assert (await one.running.handle.result()).status is interview.status


_TROUBLES: tuple[Trouble, ...] = ("before", "after", "none")


def _check_state(one: Witness) -> None:
    """Invariant 7, and that model and workflow agree about what everybody is shown."""
    seen, told_of = one.seen, one.now_told
    interview, state = seen.interview, seen.interview.scheduling
    assert (interview.status if interview.status.terminal else None) == told_of.ended
    assert {member.who for member in interview.people.interviewers} == told_of.panel
    assert state.revision == told_of.revision, f"{state.revision} {told_of.revision}"
    assert (state.booking.slot.start if state.booking else None) == (told_of.booked.start if told_of.booked else None)
    assert (state.booking.claim if state.booking else None) == (told_of.claim if told_of.booked else None)
    assert (state.shown.sequence if state.shown else -1) == told_of.sequence
    assert (state.held.slot.start if state.held else None) == (told_of.held.start if told_of.held else None)
    if interview.status.terminal:
        return
    due = plan(interview, seen.now).next
    assert seen.orders or due or interview.attention, "alive, and nobody would ever move it"
    if not seen.orders and due is not None:
        assert seen.bell is not None, f"nobody rings at {due}"
        assert seen.bell <= due, f"the bell rings at {seen.bell}, and it is due at {due}"


def _with_event(received: Received, text: str) -> Received:
    calendar = Calendar.from_ical(text)
    (event,) = calendar.events
    assert isinstance(event, Event)
    start = event.start
    assert isinstance(start, datetime)
    return Received(
        received.letter,
        received.whom,
        received.version,
        received.recipient,
        uid=str(event["UID"]),
        method=str(calendar["METHOD"]),
        sequence=int(str(event["SEQUENCE"])),
        start=start.astimezone(UTC),
    )


async def _accepted(running: Running, asked: Command, key: str) -> WorkflowUpdateHandle[Receipt] | None:
    """Send a command until it is judged; None where it came too late."""
    payload = {name: value for name, value in said(asked).items() if name != "kind"}
    while True:
        try:
            return await running.handle.start_update(
                asked.kind, payload, id=key, wait_for_stage=WorkflowUpdateStage.ACCEPTED, result_type=Receipt
            )
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            if error.status is not RPCStatusCode.ABORTED:  # a run has just ended, and the next takes over
                raise


async def _answered(update: WorkflowUpdateHandle[Receipt] | None) -> Receipt:
    if update is None:
        raise WorkflowUpdateFailedError(ApplicationError("it is over", type=Code.INVALID_STATE))
    return await update.result()


async def _looked_into(running: Running, turn: int) -> tuple[Inside, View]:
    """Ask one thing after the other: without a cache, the SDK does not get on with several queries at once."""
    inside = await running.ask("inside", None, Inside)
    viewers = ("coordinator", *(member.who for member in inside.interview.people.members))
    return inside, await running.view(viewers[turn % len(viewers)])


async def _forwarded(running: Running, until: datetime) -> None:
    """Move its clock, unless it has just ended."""
    try:
        await running.forward_to(until)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _terminated(witness: Witness) -> None:
    try:
        await witness.running.handle.terminate()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _kind(model: type[Command]) -> str:
    return str(model.model_fields["kind"].default)


def _entry(interview: str, record: Recorded) -> JournalEntry:
    return JournalEntry(
        interview=interview,
        seq=record.seq,
        kind=record.event.kind,
        at=record.at,
        by=record.by,
        schema_version=1,
        data=record.event.model_dump(mode="json"),
    )


def _recorded(entry: JournalEntry) -> Recorded:
    return Recorded.model_validate({"seq": entry.seq, "at": entry.at, "by": entry.by, "event": entry.data})


def _moves(found: WorkflowExecutionDescription) -> bool:
    """Whether anything is under way but a wait for another try."""
    raw = found.raw_description
    tried = (
        one.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED and one.attempt > 1
        for one in raw.pending_activities
    )
    return found.status is WorkflowExecutionStatus.RUNNING and (raw.HasField("pending_workflow_task") or not all(tried))


def _is_theirs(asked: Command) -> bool:
    """The candidate's own; or their answer, which somebody of the company may tell for them."""
    return asked.by == CANDIDATE or asked.kind == "answer_invitation"


def _nothing_unheard_of(found: WorkflowExecutionDescription) -> None:
    """No bug shows as a workflow task, or an activity, that fails again and again."""
    raw = found.raw_description
    assert found.status in (WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED), found.status
    assert raw.pending_workflow_task.attempt <= 4, f"{found.id} is stuck"
    for one in raw.pending_activities:
        failure = one.last_failure.application_failure_info.type
        assert failure in {"", *KNOWN_TROUBLE}, f"{one.activity_id}: {one.last_failure}"


def _version(found: WorkflowExecutionDescription) -> tuple[str, int]:
    return found.run_id or "", found.history_length


async def all_played(env: WorkflowEnvironment, plans: Iterable[Plan], name: str) -> None:
    """Play several plans side by side, each in a world of its own: most of the time is waiting."""
    ways = [Chaos(env, one, f"{name}{number}").play() for number, one in enumerate(plans)]
    troubles = [one for one in await asyncio.gather(*ways, return_exceptions=True) if one is not None]
    if troubles:
        raise troubles[0]
