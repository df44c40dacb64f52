"""One interview in a small world: it answers orders, keeps a mailbox, and its clock moves only when a test says so.

A `Scene` drives the domain as workflows/interview.py does: it settles, plans, withdraws what is no longer owed, starts
at most one order a lane, and records every answer. Whatever is recorded is checked at once against what must always
hold, so that every test is also a test of the invariants.
"""

from collections.abc import Callable, Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import wraps
from typing import Literal, ParamSpec, assert_never, get_args

import pytest

from entrevue.agenda import Agenda, plan
from entrevue.attention import CLEARS, cause_of
from entrevue.civil import UTC_CLOCK, Clock, Offset, local
from entrevue.claims import why_lost
from entrevue.contract import read
from entrevue.disputes import opened as opened_sentences
from entrevue.feedback import shareable
from entrevue.interview import Cause, Fact, Interview, Recorded, Started, advance, evolve, fold, opened, settle
from entrevue.learning import candidate_key
from entrevue.letters import Brief
from entrevue.orders import (
    Answer,
    BriefsFound,
    ClaimTime,
    ClockOf,
    Confidant,
    EventRemoved,
    EventWritten,
    FindSlots,
    Found,
    GaveUp,
    LetterRefused,
    LetterSent,
    LetterUnsure,
    LookUpBriefs,
    LookUpPeople,
    MakeRoom,
    Order,
    Organisation,
    PeopleFound,
    ProcessTold,
    ReleaseTime,
    RemoveEvent,
    RoomMade,
    RoomsAt,
    SameDay,
    Seated,
    SendLetter,
    SlotsFound,
    TellProcess,
    TimeClaimed,
    TimeReleased,
    TimeTaken,
    WriteEvent,
)
from entrevue.permissions import TABLE, Command
from entrevue.request import InterviewRequest
from entrevue.scheduling import InterviewScheduled
from entrevue.sharing import Asked, answer, found
from entrevue.showing import view
from entrevue.values import CANDIDATE, CalendarEvent, Code, Refused, Slot, Status
from entrevue.view import View

MONDAY = datetime(2026, 11, 2, 15, 0, tzinfo=UTC)
"""When interviews are opened here: 10:00 in New York, where the candidate lives, 16:00 in Berlin, where staff do."""

NEW_YORK = Clock(
    zone="America/New_York",
    offsets=(
        Offset(since=datetime(2026, 11, 1, 6, tzinfo=UTC), minutes=-5 * 60),
        Offset(since=datetime(2027, 3, 14, 7, tzinfo=UTC), minutes=-4 * 60),
        Offset(since=datetime(2027, 11, 7, 6, tzinfo=UTC), minutes=-5 * 60),
    ),
)
BERLIN = Clock(
    zone="Europe/Berlin",
    offsets=(
        Offset(since=datetime(2026, 10, 25, 1, tzinfo=UTC), minutes=60),
        Offset(since=datetime(2027, 3, 28, 1, tzinfo=UTC), minutes=2 * 60),
        Offset(since=datetime(2027, 10, 31, 1, tzinfo=UTC), minutes=60),
    ),
)
CLOCKS = {clock.zone: clock for clock in (NEW_YORK, BERLIN, UTC_CLOCK)}

PANEL = {
    "grace": ("Grace Winter", True),
    "linus": ("Linus Frost", False),
    "edsger": ("Edsger Rain", True),
    "barbara": ("Barbara Snow", True),
    "alan": ("Alan Gale", False),
}
"""Whether we write their calendar; who has none is invited by mail."""

POOLS = {"backend": ("grace", "edsger", "barbara", "alan")}

COMMANDS: dict[str, type[Command]] = {model.model_fields["kind"].default: model for model in get_args(Command)}
FACTS: dict[str, type[Fact]] = {model.model_fields["kind"].default: model for model in get_args(Fact)}

THEIRS = "theirs"
"""ETag of an event that its owner has changed."""

_FREE_AT = tuple(time(hour) for hour in range(15, 22))
_SATURDAY = 5


def request(**changes: object) -> InterviewRequest:
    return InterviewRequest.model_validate(
        {
            "id": "r7",
            "role": "Backend engineer",
            "candidate": {"name": "Ada Summer", "email": "ada@example.org", "zone": "America/New_York"},
            "interviewers": ["grace", "linus"],
            **changes,
        }
    )


@dataclass(frozen=True)
class Sent:
    """A letter that has left, and when."""

    order: SendLetter
    at: datetime

    @property
    def kind(self) -> str:
        return self.order.letter.kind

    @property
    def to(self) -> str:
        return self.order.to.who

    @property
    def reads(self) -> datetime:
        """The reader's wall time."""
        return local(self.at, CLOCKS[self.order.to.zone])


@dataclass(repr=False)
class Scene:
    """Sentences for given, when and then. Knobs of the world are public fields; turn them before `run` looks."""

    interview: Interview
    records: list[Recorded]
    now: datetime = MONDAY
    taken: set[datetime] = field(default_factory=set)
    full: bool = False
    """Nobody has a common gap."""
    away: set[str] = field(default_factory=set)
    """Directory ids of those whose time is never free."""
    refusal: Literal["interview", "calendar", "load", "nobody"] = "interview"
    """Why a time is not to be had."""
    overlapped: set[str] = field(default_factory=set)
    """Whose calendars turn out to hold something else, after the write."""
    rules: dict[str, Clock] = field(default_factory=dict)
    """Zones whose rules have changed."""
    searches_lag: bool = False
    """Workers that search do not know those rules yet."""
    tzdata: str = "2026b"
    """Version of the rules that the directory knows."""
    unknown: tuple[str, ...] = ()
    """Not in the directory (yet)."""
    confidants: tuple[str, ...] = ("ombuds",)
    """Directory ids of whom the organisation names for reports of conduct."""
    decides: str | None = None
    """Directory id of the decision maker."""
    room: str | None = "https://meet.acme.example/r7"
    """What the directory's template makes of this interview."""
    written: dict[str, bool] = field(default_factory=dict)
    """Whose calendar we write by the directory as it is now, by id, where that differs from `PANEL`."""
    named: dict[str, str] = field(default_factory=dict)
    """Directory ids of those whose calendar gives our events UIDs of its own, with what it adds."""
    rooms: RoomsAt | None = None
    """Who gives it one instead."""
    dead: set[str] = field(default_factory=set)
    """Addresses that do not exist."""
    choosy: set[str] = field(default_factory=set)
    """Addresses whose server will not have our mail."""
    withheld: set[str] = field(default_factory=set)
    """Kinds of orders that nobody answers for now."""
    edited: set[str] = field(default_factory=set)
    """Whose calendars a person has changed."""
    peers: list["Scene"] = field(default_factory=list)
    """Other interviews of the same process, as the index lists them."""
    in_flight: dict[str, Order] = field(default_factory=dict)
    started: list[SendLetter] = field(default_factory=list)
    mailbox: list[Sent] = field(default_factory=list)
    ledger: dict[str, Slot] = field(default_factory=dict)
    seated: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Whose time each claim of the ledger holds, by directory id."""
    calendars: dict[str, CalendarEvent] = field(default_factory=dict)
    asked: list[Order] = field(default_factory=list)
    said: list[Answer] = field(default_factory=list)
    """What the world carried out, and what it answered."""
    _folded: Interview | None = None

    def __repr__(self) -> str:
        return f"<{self.status} at {self.now:%d %b %H:%M}Z after {self.kinds[-12:]}>"

    def copy(self) -> "Scene":
        """Another scene with the same past, which may go another way."""
        twin = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, list | set | dict):
                setattr(twin, name, copy(value))
        return twin

    # --- given -------------------------------------------------------------------------------------------------------

    @classmethod
    def opened(cls, **changes: object) -> "Scene":
        """An interview that was just asked for; nothing has been answered yet."""
        interview, records = opened(request(**changes), MONDAY)
        scene = cls(interview, [])
        scene._remember(interview, records)
        return scene

    # --- when --------------------------------------------------------------------------------------------------------

    def send(self, kind: str, **fields: object) -> list[str]:
        """Somebody commands, and the world reacts. Give the kinds of the events that the command itself led to."""
        happened = self.cause(command(kind, **fields))
        self.run()
        return happened

    def refuses(self, kind: str, **fields: object) -> Refused:
        """The command must be refused; a refusal changes nothing."""
        before = self.interview
        with pytest.raises(Refused) as refused:
            advance(self.interview, command(kind, **fields), self.now)

        assert self.interview is before
        return refused.value

    def tell(self, kind: str, *, source: str | None = None, **fields: object) -> list[str]:
        """The world tells a fact, under an id of its own unless `source` repeats one."""
        payload = {"source_id": source or f"fact-{len(self.records)}", "at": self.now, **fields}
        if kind == "process_ended":  # of this candidate, unless a test says otherwise
            whose = {"process": self.interview.request.process_id or "p7", "candidate": candidate_key(self.interview)}
            payload = whose | payload
        happened = self.cause(FACTS[kind].model_validate(payload))
        self.run()
        return happened

    def wait(self, **duration: float) -> None:
        self.wait_until(self.now + timedelta(**duration))

    def wait_until(self, at: datetime) -> None:
        """Let the clock run; wake at every instant that `plan` names, as the shell's one timer does."""
        self.run()
        while (due := plan(self.interview, self.now).next) is not None and due <= at:
            assert due > self.now, "a deadline in the past would make the shell spin"
            self.now = due
            self.run()
        self.now = max(self.now, at)
        self.run()

    def run(self) -> None:
        """Carry out what is owed until nothing moves but the clock."""
        for _ in range(200):
            agenda = self.look()
            self.start(agenda.owed)
            answerable = [order for order in self.in_flight.values() if order.kind not in self.withheld]
            if not answerable:
                return
            for order in answerable:
                self.asked.append(order)
                self.said.append(self.reply(order))
                self.answer(order, self.said[-1])
        raise AssertionError(f"never comes to rest; in flight: {[order.key for order in self.in_flight.values()]}")

    def hear(
        self,
        whom: str,
        answer: str,
        *,
        verified: bool = True,
        via: str | None = None,
        source: str | None = None,
        **fields: object,
    ) -> list[str]:
        """Somebody's program answers to the version that is shown now."""
        via = via or ("calendar" if whom != CANDIDATE and verified else "mail")
        told = {"whom": whom, "sequence": self.shown, "via": via, "verified": verified, **fields}
        if answer == "counter":
            return self.tell("counter_received", source=source, **told)
        return self.tell("rsvp_received", source=source, **{"answer": answer, **told})

    def seen(self, what: str, whom: str, *, source: str | None = None, **fields: object) -> list[str]:
        """Whoever watches this calendar tells what its owner did to our event there."""
        event = self.calendars.get(whom)
        uid = event.uid if event is not None else f"{self.interview.id}.p{self.interview.drift.generation(whom)}"
        return self.tell(what, source=source, **{"whom": whom, "uid": uid, "sequence": self.shown, **fields})

    def moves(self, whom: str, start: datetime, *, source: str | None = None, **fields: object) -> list[str]:
        """They drag our event to another time, and it is noticed."""
        self.edited.add(whom)
        end = start + timedelta(minutes=40)
        version = {"start": start, "end": end, "etag": THEIRS}
        return self.seen("calendar_event_changed", whom, source=source, **{**version, **fields})

    def deletes(self, whom: str, *, source: str | None = None, **fields: object) -> list[str]:
        """They take our event out of their calendar, and it is noticed."""
        event = self.calendars.pop(whom)
        self.edited.discard(whom)
        return self.seen("calendar_event_deleted", whom, source=source, **{"uid": event.uid, **fields})

    def bounce(self, kind: str, to: str, *, status: str = "5.1.1", bad: bool = True) -> list[str]:
        """The newest letter of this kind comes back."""
        key = self.newest(kind, to).order.key
        return self.tell("message_bounced", key=key, status=status, address_is_bad=bad)

    @property
    def shown(self) -> int:
        """The version that calendars and mailboxes show."""
        shown = self.interview.scheduling.shown
        return shown.sequence if shown is not None else 0

    # --- when, in smaller steps ---------------------------------------------------------------------------------------

    def look(self) -> Agenda:
        """What the shell does first whenever it wakes."""
        self._remember(*settle(self.interview, self.now))
        agenda = plan(self.interview, self.now)
        check_agenda(self.interview, agenda, self.now)
        return agenda

    def start(self, owed: Iterable[Order]) -> None:
        """Withdraw what is no longer owed, and start at most one order a lane."""
        owed = tuple(owed)
        wanted = {order.key for order in owed}
        self.in_flight = {lane: order for lane, order in self.in_flight.items() if order.key in wanted}
        for order in owed:
            if order.lane not in self.in_flight:
                self.in_flight[order.lane] = order
                if isinstance(order, SendLetter):
                    self.started.append(order)
                    self.cause(Started(order=order))

    def cause(self, cause: Cause) -> list[str]:
        interview, records = advance(self.interview, cause, self.now)
        self._remember(interview, records)
        return [one.event.kind for one in records]

    def answer(self, order: Order, answer: Answer) -> list[str]:
        """The world answers; the lane is free again. A repeated or late answer has no lane."""
        if self.in_flight.get(order.lane) is order:
            del self.in_flight[order.lane]
        return self.cause(answer)

    def give_up(self, kind: str, because: str = "timeout") -> None:
        """The patience of an order that is in flight ends."""
        order = next(order for order in self.in_flight.values() if order.kind == kind)
        self.answer(order, GaveUp(key=order.key, order=order.kind, because=because))
        self.run()

    def reply(self, order: Order) -> Answer:
        """What the world says to an order, and what it holds from then on."""
        match order:
            case LookUpPeople():
                return self._people(order)
            case FindSlots(key=key):
                if self.full:
                    return SlotsFound(key=key, slots=(), why="grace has no free time that fits")
                return SlotsFound(key=key, slots=tuple(self._walled(slot) for slot in _free(order)))
            case ClaimTime():
                return self._claim(order)
            case ReleaseTime(key=key, claim=claim):
                self.give_back(claim)
                return TimeReleased(key=key)
            case WriteEvent(key=key, who=who, event=event):
                return EventWritten.model_validate(
                    {
                        "key": key,
                        "who": who,
                        "uid": event.uid,
                        "sequence": event.sequence,
                        "outcome": self._write(order),
                        "etag": THEIRS if who in self.edited else f"{event.uid} {event.sequence}",
                        "ical_uid": event.uid + self.named[order.person] if order.person in self.named else None,
                        "overlapped": who in self.overlapped,
                    }
                )
            case RemoveEvent(key=key, who=who, uid=uid, sequence=sequence):
                there = who in self.calendars and self.calendars[who].uid == uid
                outcome = "removed" if there else "already_gone"
                if there:
                    del self.calendars[who]
                    self.edited.discard(who)
                return EventRemoved.model_validate(
                    {"key": key, "who": who, "uid": uid, "sequence": sequence, "outcome": outcome}
                )
            case LookUpBriefs(key=key, day=SameDay() as day):
                asked = Asked(interview=order.interview, day=day, now=order.now)
                return found(key, [answer(peer.interview, asked) for peer in self.peers])
            case LookUpBriefs(key=key, people=people):
                return BriefsFound(key=key, briefs=tuple(Brief(who=one.who) for one in people))
            case TellProcess(key=key):
                return ProcessTold(key=key, interviews=1)
            case MakeRoom(key=key, rooms=rooms):
                return RoomMade(key=key, link=f"https://{rooms}.example/{self.interview.id}")
            case SendLetter():
                return self._post(order)
            case _:
                assert_never(order)

    # --- then --------------------------------------------------------------------------------------------------------

    @property
    def status(self) -> Status:
        return self.interview.status

    def stands(self, status: Status) -> bool:
        """Ask anew: a type checker remembers what `status` was and does not know that scenes move on."""
        return self.interview.status is status

    @property
    def kinds(self) -> list[str]:
        """The kinds of all events so far."""
        return [record.event.kind for record in self.records]

    @property
    def attention(self) -> dict[str, str]:
        """Open items and their ranks. Each names the commands that the table gives for its cause."""
        items = self.interview.attention
        assert {cause_of(item): item.clears for item in items}.items() <= CLEARS.items()
        return {item.id: item.rank for item in items}

    @property
    def start_of_booking(self) -> datetime:
        booking = self.interview.scheduling.booking
        assert booking is not None
        return booking.slot.start

    @property
    def offered(self) -> tuple[datetime, ...]:
        offer = self.interview.scheduling.offer
        return tuple(slot.start for slot in offer.slots) if offer else ()

    @property
    def next(self) -> datetime | None:
        return plan(self.interview, self.now).next

    @property
    def owed(self) -> list[str]:
        return [order.key for order in plan(self.interview, self.now).owed]

    def letters(self, to: str | None = None) -> list[str]:
        """The letters that left: `kind` to one person, or `kind to whom` to all."""
        if to is None:
            return [f"{sent.kind} to {sent.to}" for sent in self.mailbox]
        return [sent.kind for sent in self.mailbox if sent.to == to]

    def newest(self, kind: str, to: str) -> Sent:
        return [sent for sent in self.mailbox if (sent.kind, sent.to) == (kind, to)][-1]

    def why_lost(self) -> Code:
        """The refusal that whoever asked for the newest claim is waiting for."""
        claim = self.interview.scheduling.claims[-1]
        assert claim.lost
        return why_lost(claim).code

    def view(self, viewer: str) -> View:
        return view(self.interview, viewer, self.now)

    def over(self) -> None:
        """The interview has come to its end: nothing is owed, now or later, and nothing of it is held any more."""
        agenda = plan(self.interview, self.now)

        assert self.status.terminal
        assert agenda == Agenda(owed=(), next=None)
        assert {claim.was for claim in self.interview.scheduling.claims} <= {"gone"}
        assert not self.attention
        assert fold(self.records) == self.interview

    # --- the world ---------------------------------------------------------------------------------------------------

    def _claim(self, order: ClaimTime) -> Answer:
        """Give seats to those who are free: whoever sits there, else the first of the pool by the alphabet."""
        if order.slot.start in self.taken:
            self.give_back(order.claim)
            return TimeTaken(key=order.key, by=self.refusal)
        fixed = {seat.person for seat in order.seats if seat.person is not None and seat.pool is None}
        busy = {
            person
            for key, slot in self.ledger.items()
            if key not in (order.claim, order.replaces) and slot.start < order.slot.end and order.slot.start < slot.end
            for person in self.seated[key]
        }
        seated: list[Seated] = []
        for seat in order.seats:
            taken = {one.person for one in seated}
            asked = [seat.person] if seat.person is not None else []
            asked += sorted(set(POOLS.get(seat.pool or "", ())) - fixed)
            free = [one for one in asked if one not in {*taken, *busy, *self.away, *order.excluded}]
            if free:
                name, has_calendar = self._listed(free[0])
                seated.append(
                    Seated(
                        seat=seat.seat,
                        person=free[0],
                        name=name,
                        email=f"{free[0]}@acme.example",
                        has_calendar=has_calendar,
                        clock=self._clock(BERLIN.zone),
                    )
                )
        filled = {one.seat for one in seated}
        counting = [seat.seat for seat in order.seats if seat.counts]
        if len(filled.intersection(counting)) < order.quorum:
            self.give_back(order.claim)
            return TimeTaken(key=order.key, by="nobody")
        self.ledger[order.claim] = order.slot
        self.seated[order.claim] = tuple(one.person for one in seated)
        return TimeClaimed(key=order.key, seated=tuple(seated))

    def give_back(self, claim: str) -> None:
        self.ledger.pop(claim, None)
        self.seated.pop(claim, None)

    def _write(self, order: WriteEvent) -> str:
        """Only an order that knows of a person's version may overwrite it; nobody gets a second event."""
        who, there = order.who, self.calendars.get(order.who)
        if there is None and order.etag is not None:
            self.edited.discard(who)
            return "gone"
        if there is not None:
            assert there.uid == order.event.uid, f"two events of ours in the calendar of {who}"
        if who in self.edited and order.etag != THEIRS and there is not None:
            return "edited_by_person"
        self.edited.discard(who)
        self.calendars[who] = order.event
        return "created" if there is None else "updated"

    def directory_says(self, person: str, *, written: bool) -> None:
        """Somebody edits the directory, and the interview looks there again."""
        self.written[person] = written
        self.tell("timezone_rules_changed", tzdata=f"again-{len(self.records)}")

    def _people(self, order: LookUpPeople) -> PeopleFound:
        staff = [one for one in order.people if one.person is not None and one.who not in self.unknown]
        found = []
        for one in staff:
            person = str(one.person)
            name, has_calendar = self._listed(person)
            email = f"{person}@acme.example"
            found.append(Found(who=one.who, person=person, name=name, email=email, has_calendar=has_calendar))
        candidate = next(one for one in order.people if one.who == CANDIDATE)
        berlin = self._clock("Europe/Berlin")
        clock = self._clock(candidate.zone) if candidate.zone else berlin.model_copy(update={"assumed": True})
        return PeopleFound(
            key=order.key,
            organisation=Organisation(
                name="Acme",
                zone="Europe/Berlin",
                coordinator="Marta Lind",
                coordinator_email="marta@acme.example",
                conference_link=self.room,
                rooms=self.rooms,
                conduct=tuple(
                    Confidant(person=one, name=PANEL.get(one, ("Olga Lark", False))[0], email=f"{one}@acme.example")
                    for one in self.confidants
                ),
                decision_maker=self.decides,
            ),
            people=tuple(found),
            clocks=(
                ClockOf(who="organisation", clock=berlin),
                ClockOf(who=CANDIDATE, clock=clock),
                *(ClockOf(who=one.who, clock=berlin) for one in staff),
            ),
            zones=tuple(self._clock(zone) for zone in order.zones),
            no_pools=tuple(pool for pool in order.pools if pool not in POOLS),
            unknown=tuple(one.who for one in order.people if one.who in self.unknown),
        )

    def _listed(self, person: str) -> tuple[str, bool]:
        name, has_calendar = PANEL[person]
        return name, self.written.get(person, has_calendar)

    def _walled(self, slot: Slot) -> Slot:
        clock = CLOCKS[slot.zone] if self.searches_lag else self._clock(slot.zone)
        return slot.model_copy(update={"wall": local(slot.start, clock)})

    def _clock(self, zone: str) -> Clock:
        return (self.rules.get(zone) or CLOCKS[zone]).model_copy(update={"tzdata": self.tzdata})

    def _post(self, order: SendLetter) -> Answer:
        if order.to.email in self.dead:
            return LetterRefused(key=order.key, smtp_code=550, address_is_bad=True)
        if order.to.email in self.choosy:
            return LetterRefused(key=order.key, smtp_code=554, address_is_bad=False)
        self.mailbox.append(Sent(order, self.now))
        return LetterSent(key=order.key, message_id=f"<{order.key}@acme.example>")

    # --- what always holds -------------------------------------------------------------------------------------------

    def _remember(self, interview: Interview, records: list[Recorded]) -> None:
        before = self.interview
        for record in records:
            self._check(record)
            self.records.append(record)
        assert self._folded == interview, "folding the journal gives another state"
        assert interview.scheduling.revision >= before.scheduling.revision
        assert not before.status.terminal or interview.status is before.status, "terminal means terminal"
        self.interview = interview

    def _check(self, record: Recorded) -> None:
        """Invariants 2 and 11: `seq` rises by one, times and SEQUENCE never fall, and the journal holds the state."""
        stored = Recorded.model_validate_json(record.model_dump_json())
        if self._folded is None:
            assert record.seq == 1
            self._folded = fold([stored])
            return
        assert record.seq == self.records[-1].seq + 1
        assert record.at >= self.records[-1].at
        assert record.at <= self.now
        shown = self._folded.scheduling.shown
        self._folded = evolve(self._folded, stored)
        now_shown = self._folded.scheduling.shown
        if now_shown is not shown:
            assert now_shown is not None
            assert now_shown.sequence > (shown.sequence if shown else -1)
        if isinstance(record.event, InterviewScheduled):
            assert self._folded.scheduling.shown is not None
            assert self._folded.scheduling.shown.sequence == record.event.sequence


def check_agenda(interview: Interview, agenda: Agenda, now: datetime) -> None:
    """What holds of every settled interview."""
    keys = [order.key for order in agenda.owed]

    assert settle(interview, now) == (interview, []), "not settled"
    assert plan(interview, now) == agenda, "asked twice, it says something else"
    assert len(set(keys)) == len(keys), "one key, two orders"
    assert agenda.next is None or agenda.next > now
    if not interview.status.terminal:
        assert agenda.owed or agenda.next or interview.attention, "alive, and nobody would ever move it (invariant 7)"
    for item in interview.attention:
        fits = [kind for kind in item.clears if item.owner in TABLE[COMMANDS[kind]].roles]
        open_now = [kind for kind in fits if interview.status in TABLE[COMMANDS[kind]].statuses]
        assert open_now or not item.clears, f"{item.id} names no way out that is open to its owner"
    live = [claim for claim in interview.scheduling.claims if claim.was in ("requested", "held")]
    if interview.status.terminal:
        assert not live
    state = interview.scheduling
    offered = state.offer.claim if state.offer is not None else None
    of_use = {one.claim for one in (state.booking, state.held) if one is not None} | {offered}
    assert {claim.n for claim in live if claim.was == "held"} <= of_use, "time is held for nothing"
    assert len(live) <= 3, "at most the booked time, the one it is exchanged for, and another panel for one of them"


def command(kind: str, **fields: object) -> Command:
    return read(COMMANDS[kind], {"kind": kind, **fields})


def unsure(order: SendLetter) -> LetterUnsure:
    return LetterUnsure(key=order.key)


def _free(order: FindSlots) -> tuple[Slot, ...]:
    """One start every second weekday, so that the last is nearly two weeks ahead; within windows, one an hour."""
    if order.windows:
        hours = (
            window.start + timedelta(hours=n)
            for window in order.windows
            for n in range((window.end - window.start) // timedelta(hours=1))
        )
        starts = [at for at in hours if order.earliest <= at <= order.latest and at not in order.avoid]
        return tuple(Slot(start=at, minutes=order.minutes, zone=order.candidate_zone) for at in starts[: order.count])
    found: list[Slot] = []
    day = order.earliest.date()
    while len(found) < order.count and day <= order.latest.date():
        for at in _FREE_AT:
            start = datetime.combine(day, at, UTC)
            fits = order.earliest <= start <= order.latest and start not in order.avoid
            if fits and start.weekday() < _SATURDAY:
                found.append(Slot(start=start, minutes=order.minutes, zone=order.candidate_zone))
                break
        day += timedelta(days=2)
    return tuple(found)


# --- commands that fit -----------------------------------------------------------------------------------------------


def well_formed(kind: str, scene: Scene, by: str, n: int = 0) -> dict[str, object]:
    """Give a payload of this kind that could make sense here; `n` picks among several."""
    soon = scene.now + timedelta(days=2 + n % 5, hours=n % 3)
    offered = scene.offered or (soon,)
    items = [{"author": f"i{1 + n % 2}", "what": ("strength", "growth")[n % 2]}]
    sitting = sorted(member.who for member in scene.interview.people.interviewers) or ["i1"]
    whom = sitting[n % len(sitting)]
    contacts: tuple[dict[str, object], ...] = (
        {"email": f"ada{n}@example.org"},
        {"zone": "Europe/Berlin"},
        {"zone": "America/New_York", "name": "Ada S."},
    )
    replaced: dict[str, object] = {"whom": whom, "person": ("edsger", "barbara", None)[n // 2 % 3]}
    if n % 3 > 1:
        replaced = {"seat": 1 + n % 3, "person": ("edsger", "alan")[n // 2 % 2]}
    fields: dict[str, dict[str, object]] = {
        "update_contact": contacts[n % len(contacts)],
        "offer_slots": {"slots": [soon, soon + timedelta(days=1)] if n % 2 else []},
        "choose_slot": {"start": offered[n % len(offered)]},
        "book_slot": {"start": soon},
        "submit_availability": {"windows": [{"start": soon, "end": soon + timedelta(hours=4)}]},
        "propose_other_time": {"start": soon, "expected_revision": scene.interview.scheduling.revision},
        "respond_to_seat": {
            "answer": ("accepted", "declined", "tentative")[n % 3],
            "whom": None if by.startswith("i") else whom,
        },
        "answer_invitation": {"answer": ("declined", "accepted", "tentative")[n % 3]},
        "replace_interviewer": replaced,
        "add_seat": {
            **({"pool": "backend"} if n % 4 == 3 else {"person": ("alan", "edsger")[n % 2]}),
            "role": ("OPTIONAL", "REQUIRED", "SHADOW")[n % 3],
        },
        "remove_seat": {"whom": ("i2", "i3", "i1")[n % 3]},
        "restore_event": {"whom": whom},
        "declare_conflict": {"whom": by if by.startswith("i") else whom, "reason": secret("conflict")},
        "deny_approval": {"reason": secret("denial")},
        "put_on_hold": {"reason": secret("pause")},
        "reschedule": {"start": soon},
        "request_reschedule": {"mode": ("swap", "vacate")[n % 2]},
        "cancel": {"reason": secret("reason")},
        "abort_session": {"reason": "no sound"},
        "mark_attendance": {"who": (CANDIDATE, "i1", "i2")[n % 3], "present": n % 4 > 0},
        "report_no_show": {"party": (CANDIDATE, "company", "both")[n % 3]},
        "contest_no_show": {"reason": secret("contest")},
        "rule_no_show": {"upheld": n % 3 > 0, "took_place": n % 2 > 0},
        "wait_longer": {"minutes": 5 + n},
        "note_moment": {"text": secret(f"moment of {by}")},
        "ask_question": {"text": secret("question"), "show_interviewers": n % 2 > 0},
        "answer_question": {"question": 1 + n % 2, "text": secret("answer")},
        "mark_addressed": {"question": 1 + n % 2},
        "request_adjustment": {"text": secret("adjustment")},
        "arrange_adjustment": {
            "adjustment": 1,
            "instruction": secret("instruction"),
            "text": secret("arrangement") if n % 2 else None,
        },
        "share_expectations": {"for_other_side": secret(f"line of {by}"), "private": secret(f"private of {by}")},
        "submit_evaluation": {"form": _form(scene, by, n)},
        "excuse_evaluation": {"whom": (by, "i2", CANDIDATE)[n % 3] if by.startswith("i") else "i1", "reason": "ill"},
        "record_decision": {
            "outcome": ("reject", "offer_accepted", "advance")[n % 3],
            "process_over": n % 3 < 2,
            "told": told(scene.now) if n % 4 else None,
        },
        "review_feedback": _reviewed(scene, n),
        "withhold_item": {"item": items[0], "reason": secret("withheld")},
        "report_conduct": {"text": secret(f"conduct by {by}")},
        "extend_deadline": {"until": scene.now + timedelta(days=10 + n), "whom": (None, "i1", CANDIDATE)[n % 3]},
        "add_addendum": {"text": secret(f"addendum by {by}")},
        "open_dispute": {
            **(
                {"sentence": 1 + n % 2}
                if by == CANDIDATE
                else {"item": {"author": CANDIDATE, "what": ("helped", "change")[n % 2]}}
            ),
            "reason": secret(f"dispute of {by}"),
        },
        "rule_dispute": {
            "dispute": 1,
            "ruling": ("dismissed", "excluded", "redacted")[n % 3],
            "ruled_by": "barbara",
            "reason": secret("ruling"),
        },
        "record_outcome": {"joined": n % 2 > 0},
        "submit_reflection": {"text": secret(f"reflection of {by}")},
        "check_growth": {"acted": "partly", "note": secret(f"growth note of {by}")},
        "give_consent": {"layer": ("feedback", "reminders")[n % 2]},
        "revoke_consent": {"layer": ("feedback", "reminders")[n % 2]},
        "resend_message": {
            "letter": ("offer", "invitation", "form_request")[n % 3],
            "whom": (CANDIDATE, "i1")[n % 2],
        },
        "clear_attention": {"item": max(scene.attention, key=lambda item: item.startswith("FACT"), default="NOTHING")},
    }
    return fields.get(kind, {})


def _reviewed(scene: Scene, n: int) -> dict[str, object]:
    """Judge every sentence there is; now and then all of them are withheld."""
    there = [{"author": one.author, "what": one.what} for one in shareable(scene.interview)]
    few = [{"item": item, "reason": secret(f"withheld of {item['author']}")} for item in there[n % 3 :]]
    approved = there[: n % 3]
    return {"approved": approved, "withheld": few, "next_step": secret("next step") if approved else None}


def _form(scene: Scene, by: str, n: int) -> dict[str, object]:
    if by == CANDIDATE:
        share = ("attributed", "aggregated", "company_only", None)[n % 4]
        return candidate_form(overall=1 + n % 5, share=share, helped_in="listening", tick_helped=n % 2 > 0)
    recommendation = None if scene.interview.request.practice else ("yes", "no")[n % 2]
    return scorecard(by, recommendation=recommendation, growth_in=("communication", None)[n % 2])


# --- stories: histories that really happened, up to a point -----------------------------------------------------------


_P = ParamSpec("_P")


def _once(tell: Callable[_P, Scene]) -> Callable[_P, Scene]:
    """Play a story once and give copies of it: most tests begin with the same first act."""
    played: dict[str, Scene] = {}

    @wraps(tell)
    def again(*args: _P.args, **changes: _P.kwargs) -> Scene:
        told = repr((args, changes))
        if told not in played:
            played[told] = tell(*args, **changes)
        return played[told].copy()

    return again


def secret(what: str) -> str:
    """Give a text that is found wherever it leaks."""
    return f"~{what}~"


def scorecard(by: str, **changes: object) -> dict[str, object]:
    return {
        "form": "scorecard",
        "ratings": [
            {"competency": "expertise", "score": 4, "evidence": secret(f"evidence of {by}")},
            {"competency": "work_ethic"},
        ],
        "recommendation": "yes",
        "strength": secret(f"strength by {by}"),
        "growth": secret(f"growth by {by}"),
        "private_note": secret(f"note of {by}"),
        "own": {
            "expectations": "met",
            "went_well": secret(f"went well for {by}"),
            "differently": secret(f"differently for {by}"),
            "confidence": 4,
        },
        **changes,
    }


def candidate_form(**changes: object) -> dict[str, object]:
    return {
        "form": "candidate",
        "overall": 4,
        "listened": 5,
        "helped": secret("helped"),
        "change": secret("change"),
        "share": "attributed",
        "own": {
            "expectations": "surpassed",
            "went_well": secret("went well for candidate"),
            "differently": secret("differently for candidate"),
            "confidence": 5,
        },
        **changes,
    }


def told(at: datetime, how: str = "phone") -> dict[str, object]:
    return {"by": "Marta Lind", "at": at, "how": how}


def review() -> dict[str, object]:
    """Judge each of four sentences: i1's strength and i2's growth point go to the candidate."""
    withheld = [
        {"item": {"author": "i1", "what": "growth"}, "reason": secret("withheld of i1")},
        {"item": {"author": "i2", "what": "strength"}, "reason": secret("withheld of i2")},
    ]
    approved = [{"author": "i1", "what": "strength"}, {"author": "i2", "what": "growth"}]
    return {"approved": approved, "withheld": withheld}


def meant(scene: Scene, by: str, author: str, what: str) -> dict[str, object]:
    """Name a sentence as whoever disputes it does: the candidate knows numbers, and no author."""
    if by != CANDIDATE:
        return {"item": {"author": author, "what": what}}
    there = [(one.author, one.what) for one in opened_sentences(scene.interview)]
    return {"sentence": next((n for n, one in enumerate(there, 1) if one == (author, what)), 40)}


@_once
def an_offer(**changes: object) -> Scene:
    scene = Scene.opened(**changes)
    scene.run()
    return scene


@_once
def a_booking(**changes: object) -> Scene:
    """Monday, a week ahead: 10:00 in New York, 16:00 in Berlin."""
    scene = an_offer(**changes)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    return scene


def expectations(scene: Scene) -> Scene:
    for who in (CANDIDATE, "i1", "i2"):
        line, private = secret(f"line of {who}"), secret(f"private of {who}")
        scene.send("share_expectations", by=who, for_other_side=line, private=private, confidence=2)
    return scene


@_once
def a_session(**changes: object) -> Scene:
    scene = expectations(a_booking(**changes))
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    return scene


@_once
def open_forms(**changes: object) -> Scene:
    """After 40 minutes, with a moment of each and a question."""
    scene = a_session(**changes)
    for who in (CANDIDATE, "i1"):
        scene.send("note_moment", by=who, text=secret(f"moment of {who}"))
    scene.send("ask_question", by=CANDIDATE, text=secret("question"))
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    return scene


@_once
def sealed_forms(**changes: object) -> Scene:
    scene = open_forms(**changes)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    return scene


@_once
def a_release(**changes: object) -> Scene:
    """The candidate wants feedback and to be reminded; a person has told them that it is a no."""
    scene = sealed_forms(**changes)
    for layer in ("feedback", "reminders"):
        scene.send("give_consent", by=CANDIDATE, layer=layer)
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    return scene


@_once
def reviewed_feedback(**changes: object) -> Scene:
    scene = a_release(**changes)
    scene.send("review_feedback", by="reviewer", **review(), next_step=secret("next step"))
    return scene


@_once
def follow_up(**changes: object) -> Scene:
    scene = reviewed_feedback(**changes)
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)
    return scene


@_once
def completed(**changes: object) -> Scene:
    scene = follow_up(**changes)
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("submit_reflection", by=who, text=secret(f"reflection of {who}"), will_try=secret(f"try of {who}"))
        scene.send("check_growth", by=who, acted="partly", helped="yes", note=secret(f"growth note of {who}"))
    scene.wait(days=15)  # until nothing can be disputed any more
    return scene


@_once
def a_no_show(party: str = CANDIDATE, **changes: object) -> Scene:
    """Reported after the grace of the first minutes."""
    scene = a_booking(**changes)
    scene.wait_until(scene.start_of_booking + timedelta(minutes=15))
    scene.send("report_no_show", by="coordinator", party=party)
    return scene


@_once
def presumed_held(**changes: object) -> Scene:
    """Nobody recorded anything until the planned end."""
    scene = a_booking(**changes)
    scene.wait_until(scene.start_of_booking + timedelta(minutes=40))
    return scene


@_once
def two_no_shows() -> Scene:
    """The candidate did not come, got another chance, and did not come again."""
    scene = a_no_show()
    scene.wait(days=4)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    scene.wait_until(scene.start_of_booking + timedelta(minutes=15))
    scene.send("report_no_show", by="coordinator", party=CANDIDATE)
    scene.wait(days=7)
    return scene


@_once
def an_exchange(mode: str = "swap", **changes: object) -> Scene:
    """A new time is looked for; the booked one is kept (`swap`) or given up (`vacate`)."""
    scene = a_booking(**changes)
    scene.send("request_reschedule", by=CANDIDATE, mode=mode, reason="the train is on strike")
    return scene


@_once
def no_slots(**changes: object) -> Scene:
    scene = Scene.opened(**changes)
    scene.full = True
    scene.run()
    return scene


@_once
def cancelled() -> Scene:
    scene = a_booking()
    scene.send("cancel", by="coordinator", reason="the role is filled")
    scene.wait(days=1)
    return scene


@_once
def let_down(**changes: object) -> Scene:
    """The company cancels five hours before: the candidate is asked how it was so far."""
    scene = a_booking(**changes)
    scene.wait_until(scene.start_of_booking - timedelta(hours=5))
    scene.send("cancel", by="coordinator", reason="the role is filled")
    return scene


@_once
def withdrawn() -> Scene:
    scene = a_booking()
    scene.send("withdraw", by=CANDIDATE, reason="found another one")
    scene.wait(days=1)
    return scene


@_once
def expired() -> Scene:
    scene = an_offer()
    scene.wait(days=14)
    return scene


@_once
def a_held_time(**changes: object) -> Scene:
    """The candidate has chosen; the interviewers are asked."""
    scene = an_offer(policy={"confirmation": "explicit"}, **changes)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    return scene


@_once
def on_hold(**changes: object) -> Scene:
    scene = a_booking(**changes)
    scene.send("put_on_hold", by="coordinator", reason="the budget is discussed")
    return scene


_STORIES: dict[Status, Callable[[], Scene]] = {
    Status.NEEDS_SCHEDULING: no_slots,
    Status.AWAITING_CANDIDATE: an_offer,
    Status.AWAITING_INTERVIEWERS: a_held_time,
    Status.ON_HOLD: on_hold,
    Status.SCHEDULED: a_booking,
    Status.NEEDS_RESCHEDULING: an_exchange,
    Status.IN_PROGRESS: a_session,
    Status.NO_SHOW_REVIEW: a_no_show,
    Status.AWAITING_EVALUATIONS: open_forms,
    Status.AWAITING_DECISION: sealed_forms,
    Status.RELEASED: a_release,
    Status.FOLLOW_UP: follow_up,
    Status.COMPLETED: completed,
    Status.CANCELLED: cancelled,
    Status.WITHDRAWN: withdrawn,
    Status.CLOSED_NO_SHOW: two_no_shows,
    Status.EXPIRED: expired,
}

REACHED = tuple(_STORIES)
"""Every status that an interview can have."""


def story(status: Status) -> Scene:
    """Give a scene whose interview came to this status by a real history."""
    scene = _STORIES[status]()
    assert scene.stands(status)
    return scene
