from copy import copy
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import combinations
from typing import Literal, assert_never, get_args

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from entrevue.agenda import plan
from entrevue.answers import AnswerFact
from entrevue.civil import Clock, Offset, waking
from entrevue.claims import claim_key
from entrevue.disputes import words
from entrevue.drift import CalendarEventChanged, CalendarEventDeleted, DriftFact
from entrevue.effects import MailFact
from entrevue.interview import Fact, Interview, JournalRefused, OperatorCancelled, UnreadableFact, advance, settle
from entrevue.learning import candidate_key
from entrevue.letters import (
    AdjustmentArranged,
    Cancellation,
    ConductReport,
    DayReminder,
    HourReminder,
    InterviewerMissing,
    Invitation,
    JoinNudge,
    Nudge,
    Offer,
    OnHold,
)
from entrevue.orders import Answer, ClaimTime, GaveUp, LetterRefused, LetterUnsure, Order, SendLetter, TimeTaken
from entrevue.permissions import TABLE
from entrevue.scheduling import Scheduling
from entrevue.values import CANDIDATE, CONFIDANT, Refused, Status
from tests.domain.scenes import COMMANDS, FACTS, NEW_YORK, PANEL, REACHED, THEIRS, Scene, command, story, well_formed
from tests.domain.secrecy import check_letter, check_secrecy, check_sentence

ACTORS = (CANDIDATE, "i1", "i2", "i3", "coordinator", "decision_maker", "reviewer", "ruler", "backend", "operator")
_ENDINGS = ("cancel", "withdraw")
_LIVE = tuple(status for status in REACHED if not status.terminal)
_MINUTES = (1, 7, 20, 45, 90, 6 * 60, 11 * 60, 24 * 60, 3 * 24 * 60, 8 * 24 * 60, 40 * 24 * 60)
WAITS = tuple(timedelta(minutes=minutes) for minutes in _MINUTES)

HEARD = frozenset(model.model_fields["kind"].default for model in get_args(AnswerFact | DriftFact | MailFact))
"""What calendars and mail tell."""

Action = Literal[
    "run",
    "answer",
    "late",
    "fitting",
    "any_command",
    "fact",
    "heard",
    "next",
    "wait",
    "sleep",
    "world",
    "operator",
    "everyone",
]
Step = tuple[Action, int, int]
"""What happens, and two numbers that pick from what is possible at that moment."""

_POOL = {"pool": "backend"}
SHAPES: dict[str, dict[str, object]] = {
    "two named": {},
    "a pool": {"interviewers": [{**_POOL, "count": 2}]},
    "somebody and a pool": {"interviewers": ["grace", _POOL]},
    "practice": {"practice": True},
    "explicit": {"policy": {"confirmation": "explicit"}},
    "explicit pool": {"interviewers": ["linus", _POOL], "policy": {"confirmation": "explicit"}},
    "one of two": {"policy": {"quorum": 1}},
    "explicit one of two": {"interviewers": ["grace", _POOL], "policy": {"quorum": 1, "confirmation": "explicit"}},
    "optional": {
        "interviewers": ["grace", {"person": "linus", "role": "OPTIONAL"}, {**_POOL, "role": "SHADOW"}],
    },
    "of a process": {"process_id": "p4"},
}
_ACTS = ("opened", "offered", "chosen", "accepted", "exchanged")
Beginning = Status | None | tuple[str, str]
"""A status reached by the panel of two; or one of the shapes of a panel, and how far its story goes."""

of_panels = st.tuples(st.sampled_from(tuple(SHAPES)), st.sampled_from(_ACTS))
beginnings = st.one_of(st.sampled_from((None, *_LIVE, *_LIVE, *REACHED)), of_panels, of_panels)
actions = st.sampled_from((*get_args(Action), *["fitting"] * 5, *["run", "answer"] * 2, "wait", "next"))
"""Commands that fit, and their answers, are what leads on."""

WITHHELD = (
    "send_letter",
    "claim_time",
    "release_time",
    "write_event",
    "find_slots",
    "remove_event",
    "look_up_briefs",
    "tell_process",
    "make_room",
)
"""Kinds of orders that the world may leave unanswered for a while."""

SENTENCES = ("strength", "growth", "helped", "change")

steps = st.lists(st.tuples(actions, st.integers(0, 63), st.integers(0, 11)), min_size=10, max_size=60)


class Chaos:
    """A scene in which anything may happen at any time."""

    def __init__(self, begun: Beginning) -> None:
        self.scene = _told(*begun) if isinstance(begun, tuple) else story(begun) if begun else Scene.opened()
        self.ever: list[Order] = []
        self.start()

    def take(self, step: Step) -> None:
        action, n, m = step
        scene, past = self.scene, self.scene.interview
        match action:
            case "run":
                scene.run()
            case "answer":
                if scene.in_flight:
                    order = list(scene.in_flight.values())[n % len(scene.in_flight)]
                    scene.answer(order, self.reply(order, m))
            case "late":  # a repetition, or the answer of an order that was withdrawn meanwhile
                ended = [order for order in self.ever if order not in scene.in_flight.values()]
                if ended:
                    order = ended[n % len(ended)]
                    held, seated, shown = copy(scene.ledger), copy(scene.seated), copy(scene.calendars)
                    scene.cause(self.reply(order, m))
                    scene.ledger, scene.seated, scene.calendars = held, seated, shown
            case "fitting":
                fitting = self.fitting(rare=n % 16 == 0)
                if fitting:
                    kind, by = fitting[n % len(fitting)]
                    self.command(kind, by, m)
            case "any_command":
                self.command(list(COMMANDS)[n % len(COMMANDS)], ACTORS[m % len(ACTORS)], n)
            case "fact":
                self.fact(list(FACTS)[n % len(FACTS)], n, m)
            case "heard":
                self.fact(sorted(HEARD)[n % len(HEARD)], n, m)
            case "next":
                due = plan(scene.interview, scene.now).next
                scene.now = due or scene.now
            case "wait":
                scene.wait_until(scene.now + WAITS[n % len(WAITS)])
            case "sleep":  # the workers are down
                scene.now += WAITS[n % len(WAITS)]
            case "world":
                self.change_the_world(n)
            case "operator":
                self.operate(n)
            case "everyone":
                self.everyone_looks()
            case _:
                assert_never(action)
        self.start()
        if scene.interview is not past:
            check_secrecy(scene)
        self.check_clock(past.scheduling)
        self.check_released(past)
        self.check_disputed()
        self.check_ledger()

    def start(self) -> None:
        """The shell wakes up."""
        agenda = self.scene.look()
        known, wanted = len(self.scene.started), {order.key for order in agenda.owed}
        for order in self.scene.in_flight.values():
            if order.key not in wanted:
                self.scene.reply(order)  # withdrawn too late: the world did it, and nobody heard
        self.scene.start(agenda.owed)
        self.ever += [order for order in self.scene.in_flight.values() if order not in self.ever]
        for order in self.scene.started[known:]:
            self.check_letter(order)

    def reply(self, order: Order, m: int) -> Answer:
        if m % 4 == 1:
            if not isinstance(order, SendLetter):
                self.scene.reply(order)  # the world may have done it all the same
            return GaveUp(key=order.key, order=order.kind, because="timeout")
        if isinstance(order, SendLetter) and m % 4 == 2:
            return LetterRefused(key=order.key, smtp_code=550, address_is_bad=m > 5)
        if isinstance(order, SendLetter) and m % 4 == 3:
            return LetterUnsure(key=order.key)
        if isinstance(order, ClaimTime) and m % 4 == 2:
            self.scene.give_back(order.claim)
            return TimeTaken(key=order.key, by="interview")
        return self.scene.reply(order)

    def fitting(self, *, rare: bool) -> list[tuple[str, str]]:
        allowed = []
        for model, rule in TABLE.items():
            kind = model.model_fields["kind"].default
            if self.scene.status in rule.statuses and (kind not in _ENDINGS or rare):
                roles = [
                    by
                    for by in ACTORS
                    if by in rule.roles or ("interviewer" in rule.roles and by in self.scene.interview.people)
                ]
                allowed += [(kind, by) for by in roles]
        return allowed

    def command(self, kind: str, by: str, n: int) -> None:
        scene = self.scene
        asked = command(kind, by=by, **well_formed(kind, scene, by, n))
        try:
            advance(scene.interview, asked, scene.now)  # the validator's dry run
        except Refused as refused:
            check_sentence(refused)
        else:
            scene.cause(asked)

    def fact(self, kind: str, n: int, m: int) -> None:
        """Anything is told, of anybody, late or early; and told again, which is no news."""
        booking = self.scene.interview.scheduling.booking
        around = booking.slot.start if booking and m % 3 else self.scene.now
        at = around + timedelta(minutes=10 * (m - 4))
        payload = {"source_id": f"source-{n % 12}-{m}", "at": at, **_fact(self.scene, kind, n, m)}
        fact = FACTS[kind].model_validate(payload)
        self.let_it_be_true(fact)
        settled, _ = settle(self.scene.interview, self.scene.now)
        self.scene.cause(fact)
        before = self.scene.interview
        if kind in HEARD:
            self.check_fact(kind, settled)
        self.scene.cause(fact)
        assert self.scene.interview == before, f"{kind} was told twice, and changed something twice"

    def change_the_world(self, n: int) -> None:
        scene = self.scene
        match n % 11:
            case 9:  # the directory begins, or ceases, to let us write somebody's calendar
                whom = ("grace", "linus", "edsger")[n % 3]
                scene.written[whom] = not scene.written.get(whom, PANEL[whom][1])
                again = {"source_id": f"again-{len(scene.records)}", "at": scene.now, "tzdata": f"2028-{n}"}
                scene.cause(FACTS["timezone_rules_changed"].model_validate(again))
            case 10:
                scene.room, scene.rooms = (
                    (None, "meet") if scene.rooms is None else ("https://meet.acme.example/r7", None)
                )
            case 8:
                stays = Offset(since=datetime(2026, 1, 1, tzinfo=UTC), minutes=-4 * 60)
                scene.rules = {} if scene.rules else {NEW_YORK.zone: Clock(zone=NEW_YORK.zone, offsets=(stays,))}
            case 6:
                scene.away = set() if scene.away else {"grace", "edsger"}
            case 7:
                scene.overlapped = set() if scene.overlapped else {"i1"}
            case 0:
                scene.full = not scene.full
            case 1:
                scene.taken = set() if scene.taken else set(scene.offered)
            case 2:
                scene.dead = set() if scene.dead else {scene.interview.people[CANDIDATE].email}
            case 3:
                scene.choosy = set() if scene.choosy else {"linus@acme.example"}
            case 4:
                scene.edited = set() if scene.edited else {"i1"}
            case _:
                scene.withheld = set() if scene.withheld else {WITHHELD[n % len(WITHHELD)]}

    def operate(self, n: int) -> None:
        if n == 0:
            self.scene.cause(OperatorCancelled(reason="closing down"))
        elif n % 8 == 1:
            self.scene.cause(UnreadableFact(fact="participant_joined", because="at: must have a zone"))
        elif n % 8 == 2:
            self.scene.cause(JournalRefused(entry=3))

    def let_it_be_true(self, fact: Fact) -> None:
        """What is told of a calendar is so there, also where it is told late."""
        match fact:
            case CalendarEventDeleted(whom=whom, uid=uid) | CalendarEventChanged(whom=whom, uid=uid):
                there = self.scene.calendars.get(whom)
                if there is None or there.uid != uid:
                    return
                if isinstance(fact, CalendarEventDeleted):
                    del self.scene.calendars[whom]
                self.scene.edited.discard(whom)
                if isinstance(fact, CalendarEventChanged) and (fact.cancelled or fact.start != there.slot.start):
                    self.scene.edited.add(whom)
            case _:
                pass

    def check_fact(self, kind: str, before: Interview) -> None:
        """Invariant 9: what a calendar did, or a bounce, is never charged to the candidate by itself."""
        was, after = before.scheduling, self.scene.interview.scheduling
        asked = kind == "counter_received"
        assert asked or after.reschedules.get("candidate", 0) <= was.reschedules.get("candidate", 0), kind
        assert asked or after.rounds <= was.rounds, kind
        assert self.scene.interview.closed == before.closed, f"{kind} has ended it"

    # --- what always holds, besides what a Scene checks by itself ----------------------------------------------------

    def check_letter(self, order: SendLetter) -> None:
        """Invariants 3 and 15: nothing about an older state is started, and nothing at night but what may."""
        interview, letter, to = self.scene.interview, order.letter, order.to.who
        check_letter(interview, order)
        scheduling, clock = interview.scheduling, interview.people.clock(to)
        leaves = isinstance(letter, Cancellation) and letter.replaced
        left = to not in interview.people and to != CONFIDANT
        assert leaves is left, "who has left gets one farewell, and nobody else does"
        paused = scheduling.paused and interview.closed is None
        assert not paused or isinstance(letter, OnHold | Cancellation | ConductReport), "no letters while on hold"
        near = False
        match letter:
            case Cancellation(event=event, replaced=True):
                assert to not in interview.people
                assert event.sequence == interview.people[to].left_sequence
                near = True
            case Invitation(event=event) | Cancellation(event=event):
                shown = scheduling.shown
                assert shown is not None
                assert (event.sequence, event.slot, event.cancelled) == (shown.sequence, shown.slot, shown.cancelled)
                moved_from = shown.moved_from.start if shown.moved_from else shown.slot.start
                near = min(moved_from, shown.slot.start) - shown.at < timedelta(hours=24, minutes=15)
            case DayReminder(slot=slot) | HourReminder(slot=slot):
                assert scheduling.booking is not None
                assert slot == scheduling.booking.slot
                assert self.scene.now < slot.start
                near = isinstance(letter, HourReminder)
            case JoinNudge() | InterviewerMissing():
                assert scheduling.booking is not None
                assert scheduling.booking.slot.start < self.scene.now < scheduling.booking.slot.end
                near = True
            case AdjustmentArranged() if scheduling.booking is not None:
                near = scheduling.booking.slot.start - self.scene.now < timedelta(hours=24)
            case Offer(slots=slots) | Nudge(slots=slots):
                assert scheduling.offer is not None
                assert slots == scheduling.offer.slots
            case _:
                pass
        acted = interview.acted.get(to)
        up = acted is not None and self.scene.now - acted <= timedelta(hours=1)
        assert near or up or waking(self.scene.now, clock) == self.scene.now, f"{letter.kind} at night"

    def everyone_looks(self) -> None:
        stored = _interviews.dump_json(self.scene.interview)
        assert _interviews.validate_json(stored) == self.scene.interview, "does not survive a continue-as-new"
        check_secrecy(self.scene)

    def check_forms(self) -> None:
        """Invariant 5."""
        session = self.scene.interview.session
        for who, form in self.scene.interview.evaluation.forms.items():
            attendance = session.attendance.get(who)
            assert form.was != "open" or attendance is None or attendance.marked is not False
        if session.no_show is not None or session.closed_no_show:
            assert not self.scene.interview.evaluation.forms

    def check_released(self, before: Interview) -> None:
        """Invariant 10: what was released stays as it is; what a ruling took away leaves a trace, and stays away."""
        after = self.scene.interview
        if before.feedback.released_at is None:
            return
        assert after.feedback.released_at == before.feedback.released_at
        for who, form in before.evaluation.forms.items():
            assert after.evaluation.forms[who].latest == form.latest
            assert after.evaluation.forms[who].addenda[: len(form.addenda)] == form.addenda
            for what in SENTENCES:
                was, stands = words(before, who, what), words(after, who, what)
                if was is not None:
                    assert stands is not None
                    assert stands.text in (was.text, None)
        if before.feedback.opened_at is not None:
            assert after.feedback.reviewed == before.feedback.reviewed

    def check_disputed(self) -> None:
        """Invariant 13, as far as one interview knows: what is disputed, was excluded or expired counts for nothing."""
        interview = self.scene.interview
        for one in interview.disputes:
            stands = words(interview, one.item.author, one.item.what)
            assert stands is not None
            assert not (stands.counts and (one.ruled is None or one.ruled.ruling in ("excluded", "redacted")))
        for who, form in interview.evaluation.forms.items():
            assert form.was != "expired" or all(words(interview, who, what) is None for what in SENTENCES)

    def check_clock(self, before: Scheduling) -> None:
        """Nobody's time to answer an offer is ever cut short (invariant 9)."""
        after = self.scene.interview.scheduling
        same = before.offer is not None and after.offer is not None and before.offer.n == after.offer.n
        if same and before.reply_by is not None:
            assert after.reply_by is not None
            assert after.reply_by >= before.reply_by

    def check_ledger(self) -> None:
        """Invariants 1 and 6: once nothing is under way, the ledger holds what is booked or held, and nobody twice."""
        scene, state = self.scene, self.scene.interview.scheduling
        live = {claim_key(scene.interview, claim.n): claim for claim in state.claims if claim.was != "gone"}
        ahead = {key for key, slot in scene.ledger.items() if slot.start > scene.now}
        assert ahead <= set(live), "time is held for nothing"
        if any(claim.was != "held" for claim in live.values()):
            return
        booked = state.booking.claim if state.booking is not None else None
        for key, claim in live.items():
            people = scene.interview.people
            sitting = {people[seat.who].person: seat.counts for seat in people.seats if seat.who is not None}
            who = set(scene.seated[key])
            if claim.n == booked and any(sitting.values()):
                assert who <= set(sitting), "time is held of somebody who does not sit there"
                assert who >= {person for person, counts in sitting.items() if counts}, "somebody's time is not held"
        for (key, one), (other, two) in combinations(scene.ledger.items(), 2):
            overlap = one.start < two.end and two.start < one.end and set(scene.seated[key]) & set(scene.seated[other])
            exchanged = booked in (live[key].n, live[other].n) and one.start != two.start
            assert not overlap or exchanged, "somebody is booked twice"

    def heal(self) -> None:
        """The world is well again, and people do what attention asks them to."""
        scene = self.scene
        scene.full, scene.taken, scene.dead, scene.choosy = False, set(), set(), set()
        scene.edited, scene.withheld, scene.away, scene.overlapped = set(), set(), set(), set()
        scene.in_flight.clear()
        scene.run()
        for item in scene.attention:
            cause, _, subject = item.partition(":")
            if item not in scene.attention:  # mended together with another one
                continue
            if cause in ("ORDER_FAILED", "JOURNAL_DIVERGED", "MAIL_BEHIND"):
                scene.send("clear_attention", by="operator", item=item)
            elif cause == "CANDIDATE_UNREACHABLE":
                scene.send("update_contact", by="coordinator", email="ada.summer@example.com")
            elif cause == "MESSAGE_REFUSED":
                _, letter, whom, _ = subject.split("/")
                scene.send("resend_message", by="operator", letter=letter, whom=whom)

    def check_shown(self) -> None:
        """What was promised is what calendars and mailboxes hold."""
        interview, shown = self.scene.interview, self.scene.interview.scheduling.shown
        if shown is None or interview.closed or interview.session.ended_at or self.scene.now >= shown.slot.start:
            return
        for who, on_calendar in interview.effects.calendars.items():
            event = self.scene.calendars.get(who)
            if not interview.people[who].has_calendar:
                continue  # what stands there is changed by mail from now on
            if who not in interview.people:
                assert event is None or on_calendar.edited, f"{who} has left, and the event stands there still"
                continue
            taken_out = interview.drift.is_out(who, shown)
            assert on_calendar.edited or (event is None) is (shown.cancelled or taken_out)
            assert on_calendar.edited or event is None or (event.sequence, event.slot) == (shown.sequence, shown.slot)
        if not shown.cancelled:
            for member in interview.people.members:
                posted = interview.effects.of("invitation", member.who)
                known = [int(one.version) for one in posted if one.was in ("sent", "unsure")]
                silent = shown.people_only and member.who != CANDIDATE and member.has_calendar
                told = shown.sequence in known or (silent and max(known, default=-1) >= shown.since)
                assert told or interview.scheduling.paused, f"{member.who} does not know the time"

    def check_called_off(self) -> None:
        """Who was invited to what does not take place was told so, where their address can be reached at all."""
        shown, effects = self.scene.interview.scheduling.shown, self.scene.interview.effects
        if shown is not None and shown.cancelled and self.scene.now < shown.slot.end:
            for member in self.scene.interview.people.members:
                refused = [one.was == "refused" for one in effects.of("cancellation", member.who)]
                if effects.unreachable(member.who) or any(refused):
                    continue
                invited, told = self.left("invitation", member.who), self.left("cancellation", member.who)
                assert max(invited, default=-1) <= max(told, default=-1), f"{member.who} would come"

    def left(self, letter: str, whom: str) -> list[int]:
        """Give the SEQUENCEs of the letters that may have reached this person."""
        posted = self.scene.interview.effects.of(letter, whom)
        return [int(one.version) for one in posted if one.was in ("queued", "sent", "unsure")]

    def wind_up(self) -> None:
        """All is well again, and an operator ends it: then nothing may be left."""
        scene = self.scene
        self.heal()
        scene.wait(days=1)
        self.check_shown()
        scene.cause(OperatorCancelled())
        scene.wait(hours=12)
        self.check_called_off()
        scene.wait(days=30)
        scene.over()
        closed, shown = scene.interview.closed, scene.interview.scheduling.shown
        assert closed is not None
        assert all(slot.start <= closed.at for slot in scene.ledger.values()), "time is held that nobody will use"
        assert set(scene.ledger) == set(scene.seated)
        if shown is not None and shown.cancelled:
            assert not [who for who in scene.calendars if scene.interview.people[who].has_calendar]
        self.everyone_looks()


_interviews = TypeAdapter(Interview)


def _fact(scene: Scene, kind: str, n: int, m: int) -> dict[str, object]:
    """Give what a fact of this kind could tell here, besides when."""
    interview, whom = scene.interview, (CANDIDATE, "i1", "i2", "i9")[n // 7 % 4]
    shown, stale = interview.scheduling.shown, m % 5 == 4
    sequence = max(0, (shown.sequence if shown is not None else 0) - stale)
    posted = list(interview.effects.messages)
    key = posted[n % len(posted)] if posted and m else "r7/offer/candidate/9.1"
    uid = f"r7.p{interview.drift.generation(whom) + (m == 7)}"
    soon = scene.now + timedelta(days=n % 3, hours=m - 1)
    told: dict[str, dict[str, object]] = {
        "meeting_ended": {},
        "timezone_rules_changed": {"tzdata": f"2027{'abc'[m % 3]}"},
        "process_ended": {
            "outcome": ("withdrawn", "reject", "role_closed")[m % 3],
            "told_at": scene.now if m else None,
            "process": interview.request.process_id or "p7",
            "candidate": candidate_key(interview),
        },
        "rsvp_received": {
            "answer": ("declined", "accepted", "declined", "tentative")[m % 4],
            "via": ("calendar", "mail")[n % 2],
            "verified": m % 3 > 0,
            "sequence": sequence,
        },
        "counter_received": {"start": soon, "via": "mail", "verified": m % 3 > 0, "sequence": sequence},
        "calendar_event_changed": {
            "uid": uid,
            "sequence": sequence,
            "start": soon if m % 4 or shown is None else shown.slot.start,
            "end": soon + timedelta(hours=n % 30 - 2),
            "cancelled": m % 6 == 5,
            "etag": (THEIRS, None)[n % 2],
        },
        "calendar_event_deleted": {"uid": uid, "sequence": sequence, "emptied": m % 3 == 0},
        "calendar_overlap_seen": {"uid": uid, "sequence": sequence, "overlapped": m % 3 > 0},
        "calendar_access_lost": {"because": "CalendarRefused"},
        "calendar_access_restored": {},
        "message_bounced": {
            "key": key,
            "status": ("5.1.1", "4.2.2", "5.7.1")[m % 3],
            "address_is_bad": m % 3 == 0,
        },
        "message_delivered": {"key": key},
    }
    if kind == "timezone_rules_changed":
        scene.tzdata = f"2027{'abc'[m % 3]}"
    fields = told.get(kind, {"who": whom})
    return {"whom": whom, **fields} if "whom" in FACTS[kind].model_fields else fields


@cache
def _story_of(shape: str, act: str) -> Scene:
    scene = Scene.opened(**SHAPES[shape])
    for done in _ACTS[1 : _ACTS.index(act) + 1]:
        match done:
            case "offered":
                scene.run()
            case "chosen":
                scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
            case "accepted":
                for member in scene.interview.people.interviewers:
                    scene.send("respond_to_seat", by=member.who, answer="accepted")
            case _:
                scene.send("request_reschedule", by=CANDIDATE)
    return scene


def _told(shape: str, act: str) -> Scene:
    return _story_of(shape, act).copy()


@settings(max_examples=150)
@given(beginnings, steps)
@example(Status.NO_SHOW_REVIEW, [("next", 0, 0), ("answer", 1, 1)])  # a release gives up
@example(Status.NEEDS_SCHEDULING, [("fitting", 5, 0), ("late", 0, 2)])  # the ledger contradicts itself
@example(Status.SCHEDULED, [("world", 2, 0), ("operator", 0, 0), ("run", 0, 0)])  # the cancellation bounces
@example(Status.AWAITING_CANDIDATE, [("fitting", 5, 0), ("operator", 0, 0), ("late", 0, 0)])  # claimed after the end
def test_whatever_happens_every_invariant_holds(begun: Beginning, taken: list[Step]) -> None:
    chaos = Chaos(begun)
    for step in taken:
        chaos.take(step)
        chaos.check_forms()
    chaos.wind_up()
