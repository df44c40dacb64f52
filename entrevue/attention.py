"""What needs a person: named, owned, ranked, one item a cause, and gone by itself when the cause is gone.

Items are computed from the state; raising and clearing are recorded as the difference between what is computed and
what is known (lifecycle, section 3).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from entrevue import answers, briefing, correspondence, people, rooms
from entrevue import feedback as release
from entrevue.attendance import below_quorum, grace
from entrevue.calendars import event_key, removal_key
from entrevue.claims import fillable, search_key
from entrevue.effects import bounced, is_confidential, stuck
from entrevue.feedback import review_due
from entrevue.negotiation import zone_lag
from entrevue.seats import enough
from entrevue.values import CANDIDATE, Message, Role, Status

if TYPE_CHECKING:
    from entrevue.interview import Interview

Rank = Literal["now", "today", "information"]
RANKS: tuple[Rank, ...] = ("now", "today", "information")

_BEHIND = {
    "people": "DIRECTORY_BEHIND",
    "search": "SEARCH_BEHIND",
    "event": "CALENDAR_BEHIND",
    "event_removal": "CALENDAR_BEHIND",
    "briefs": "LEARNING_BEHIND",
    "process": "LEARNING_BEHIND",
    rooms.KIND: "ROOM_MISSING",
}
_LONGEST = 500
"""Characters of what is said about one item."""

_WARN_BEFORE_EXPIRY = timedelta(days=2)
FORMS_LATE = timedelta(hours=48)
"""After the session; lifecycle, section 6."""
_ADJUST_SOON = timedelta(hours=48)


@dataclass(frozen=True, kw_only=True)
class Item:
    """`id` is the cause, and its subject after a colon where there can be several."""

    id: str
    owner: Role
    rank: Rank
    since: datetime | None = None

    @property
    def clears(self) -> tuple[str, ...]:
        """Commands that help; empty: it clears itself."""
        return CLEARS[cause_of(self)]


class AttentionRaised(Message):
    kind: Literal["attention_raised"] = "attention_raised"
    item: str
    owner: Role
    rank: Rank


class AttentionCleared(Message):
    kind: Literal["attention_cleared"] = "attention_cleared"
    item: str


AttentionEvent = AttentionRaised | AttentionCleared


def difference(interview: "Interview", at: datetime) -> list[AttentionEvent]:
    """Give the items to raise (also with a new rank or owner) and those to clear."""
    wanted = {item.id: item for item in causes(interview, at)}
    known = {item.id: item for item in interview.attention}
    cleared = [AttentionCleared(item=name) for name in known if name not in wanted]
    raised = [
        AttentionRaised(item=item.id, owner=item.owner, rank=item.rank)
        for item in wanted.values()
        if item.id not in known or (known[item.id].owner, known[item.id].rank) != (item.owner, item.rank)
    ]
    return [*cleared, *raised]


def evolve(items: tuple[Item, ...], event: AttentionEvent, at: datetime) -> tuple[Item, ...]:
    others = tuple(item for item in items if item.id != event.item)
    if isinstance(event, AttentionCleared):
        return others
    since = next((item.since for item in items if item.id == event.item), at)
    raised = Item(id=event.item, owner=event.owner, rank=event.rank, since=since)
    return (*others, raised)


def causes(interview: "Interview", now: datetime) -> Iterator[Item]:
    """Name everything that needs a person at this instant."""
    if interview.effects.diverged_at is not None:
        yield Item(id="JOURNAL_DIVERGED", owner="operator", rank="now")
    if interview.status.terminal:
        yield from _behind(interview, _wanted(interview, now))
        return
    yield from _of_people(interview)
    yield from _of_scheduling(interview, now)
    yield from _of_effects(interview, now)
    yield from _of_answers(interview, now)
    yield from _of_session(interview, now)
    yield from _of_voices(interview, now)
    yield from _of_evaluation(interview, now)
    yield from _of_feedback(interview, now)


def moments(interview: "Interview") -> Iterator[datetime]:
    """Name the instants at which an item may be raised or change its rank though nothing happens."""
    scheduling = interview.scheduling
    if scheduling.reply_by is not None:
        yield scheduling.reply_by - _WARN_BEFORE_EXPIRY
    if interview.session.ended_at is not None and interview.evaluation.sealed_at is None:
        yield interview.session.ended_at + FORMS_LATE
    for question in interview.voices.questions:
        if question.answer is None:
            yield question.answer_by
    for dispute in interview.disputes:
        if dispute.ruled is None:
            yield dispute.rule_by
    yield from _left_alone(interview) or ()
    too_late = _too_late_to_ask(interview)
    if too_late is not None:
        yield too_late
    if scheduling.booking is not None and any(one.arranged is None for one in interview.voices.adjustments):
        yield scheduling.booking.slot.start - _ADJUST_SOON
    due = review_due(interview)
    if due is not None:
        yield due


def _of_people(interview: "Interview") -> Iterator[Item]:
    for who in interview.people.unknown:
        yield Item(id=f"PERSON_UNKNOWN:{who}", owner="coordinator", rank="now")
    for pool in interview.people.lacking:
        yield Item(id=f"POOL_EMPTY:{pool}", owner="coordinator", rank="now")


def _of_scheduling(interview: "Interview", now: datetime) -> Iterator[Item]:
    state, status = interview.scheduling, interview.status
    if state.paused:
        yield Item(id="ON_HOLD", owner="coordinator", rank="information")
        return
    yield from _of_seats(interview)
    if state.approval is not None and _is_ahead(interview):
        yield Item(id=f"APPROVAL_DUE:{state.approval.n}", owner="coordinator", rank="now")
    if state.silent:
        yield Item(id="INTERVIEWERS_SILENT", owner="coordinator", rank="today")
    if zone_lag(interview) and state.requested is None and _is_ahead(interview):
        yield Item(id="ZONE_RULES_MOVED", owner="coordinator", rank="today")
    waits = state.offer is None and state.held is None and state.requested is None
    looking = status in (Status.NEEDS_SCHEDULING, Status.NEEDS_RESCHEDULING) and waits
    if looking and state.searched == state.searches and fillable(interview):
        cause = "NO_COMMON_SLOT" if state.no_slot is not None else "NEGOTIATION_STUCK"
        yield Item(
            id=cause,
            owner="coordinator",
            rank="today",
        )
    warn_at = state.reply_by - _WARN_BEFORE_EXPIRY if state.reply_by is not None else None
    if status is Status.AWAITING_CANDIDATE and warn_at is not None and now >= warn_at:
        yield Item(id="OFFER_EXPIRES_SOON", owner="coordinator", rank="information")


def _of_seats(interview: "Interview") -> Iterator[Item]:
    """Too few who count can come: somebody must be found, or something else decided."""
    state = interview.scheduling
    if not _is_ahead(interview):
        return
    if not fillable(interview):
        empty = [seat.n for seat in interview.people.seats if seat.who is None and seat.pool is None and seat.counts]
        for n in empty:
            yield Item(id=f"SEAT_OPEN:{n}", owner="coordinator", rank="now")
    elif state.booking is not None and not enough(interview):
        for seat in interview.people.seats:
            if seat.counts and seat.answer == "declined":
                yield Item(id=f"SEAT_DECLINED:{seat.who}", owner="coordinator", rank="now")


def _is_ahead(interview: "Interview") -> bool:
    return interview.session.started_at is None and interview.session.no_show is None


def _of_effects(interview: "Interview", now: datetime) -> Iterator[Item]:
    effects = interview.effects
    if effects.unreachable(CANDIDATE):
        yield Item(id="CANDIDATE_UNREACHABLE", owner="coordinator", rank="now")
    for key, posted in effects.messages.items():
        if is_confidential(key):
            continue
        current = effects.key(key.rpartition(".")[0]) == key
        if posted.was == "refused" and current and not bounced(posted):
            yield Item(id=f"MESSAGE_REFUSED:{key}", owner="operator", rank="today")
        if posted.was == "unsure" and current and posted.letter in correspondence.AGAIN_IF_UNSURE:
            yield Item(id=f"MESSAGE_UNSURE:{key}", owner="coordinator", rank="today")
    wanted = _wanted(interview, now)
    for key in effects.failures:
        if key in wanted and not is_confidential(key):
            yield Item(id=f"ORDER_FAILED:{key}", owner="operator", rank="now")
    for fact in effects.unreadable:
        yield Item(id=f"FACT_UNREADABLE:{fact}", owner="operator", rank="today")
    yield from _behind(interview, wanted)
    shown = interview.scheduling.shown
    for who, on_calendar in effects.calendars.items():
        if not _is_ahead(interview):
            continue
        if on_calendar.overlapped and interview.writes(who) and shown is not None and not shown.cancelled:
            yield Item(id=f"OVERLAP:{who}", owner="coordinator", rank="today")
        if on_calendar.edited and interview.writes(who) and not interview.drift.is_out(who, shown):
            yield Item(id=f"CALENDAR_EDITED:{who}", owner="coordinator", rank="today")
    for who in interview.drift.lost if _is_ahead(interview) else ():
        if interview.writes(who):
            yield Item(id=f"CALENDAR_LOST:{who}", owner="operator", rank="today")


def _of_answers(interview: "Interview", now: datetime) -> Iterator[Item]:
    """What somebody said that the engine cannot see to: words, a time that is not to be had, a no that comes late."""
    for who in interview.answers.words:
        if who in interview.people:
            yield Item(id=f"ANSWER_IN_WORDS:{who}", owner="coordinator", rank="today")
    if not _is_ahead(interview) or interview.session.ended_at is not None:
        return
    for who, pressing in answers.unmet(interview):
        yield Item(id=f"COUNTER_PROPOSED:{who}", owner="coordinator", rank="now" if pressing else "today")
    too_late = _too_late_to_ask(interview)
    if too_late is not None and too_late <= now:
        yield Item(id="CANDIDATE_DECLINED", owner="coordinator", rank="now")


def _too_late_to_ask(interview: "Interview") -> datetime | None:
    """Give from when on a candidate's no is the coordinator's, because nothing will follow from it by itself."""
    booking = interview.scheduling.booking
    no = next((one.said for one in answers.asks(interview) if one.confirmed), None)
    if booking is None or no is None:
        return None
    if no.until is not None and no.until < booking.slot.start and answers.is_in_hand(interview, no):
        return None
    if correspondence.asked_enough(interview, CANDIDATE, no):
        return no.at
    return booking.slot.start - interview.policy.approve_by


def _behind(interview: "Interview", wanted: set[str]) -> Iterator[Item]:
    """Orders that are tried on after their first patience; what is stuck and may not be named counts as such mail."""
    late = _late(interview, wanted)
    if interview.closed is None:
        late += stuck(interview.effects)
    for cause in sorted({_cause_of_delay(key) for key in late}):
        yield Item(id=cause, owner="operator", rank="now")


def _late(interview: "Interview", wanted: set[str]) -> list[str]:
    return [key for key in interview.effects.delayed if key in wanted and key not in interview.effects.failures]


def _cause_of_delay(key: str) -> str:
    return _BEHIND.get(key.split("/")[1], "MAIL_BEHIND")


def _wanted(interview: "Interview", now: datetime) -> set[str]:
    """Give the keys of what is still wanted of the world: that anything else came to nothing troubles nobody."""
    scheduling, shown = interview.scheduling, interview.scheduling.shown
    keys = {correspondence.key(interview, due) for due in correspondence.unmet(interview)}
    alive = interview.closed is None
    if alive and interview.people.looked_up != interview.people.look_ups:
        keys.add(people.key(interview))
    if alive and scheduling.searches > scheduling.searched:
        keys.add(search_key(interview))
    if (lacking := rooms.lacking(interview)) is not None:
        keys.add(rooms.key(interview, lacking))
    briefs = briefing.order(interview, now)
    keys |= {briefs.key} if briefs is not None else set()
    keys |= {release.process_key(interview)} if release.to_tell(interview) is not None else set()
    if shown is not None:
        behind = [who for who in interview.with_calendar if not interview.in_sync(who)]
        keys |= {name(interview, who) for who in behind for name in (event_key, removal_key)}
    return keys


def _of_session(interview: "Interview", now: datetime) -> Iterator[Item]:
    session = interview.session
    alone = _left_alone(interview)
    awaited = interview.status in (Status.SCHEDULED, Status.NO_SHOW_REVIEW)  # not on hold, not being moved
    if awaited and alone is not None and alone[0] <= now < alone[1]:
        yield Item(id="INTERVIEWER_MISSING", owner="coordinator", rank="now")
    if session.disputed:
        yield Item(id="HELD_DISPUTED", owner="coordinator", rank="now")
    if session.no_show is not None:
        contested: Rank = "now" if session.no_show.contested else "today"
        yield Item(id="NO_SHOW", owner="coordinator", rank=contested)
    if interview.cancel_requested is not None:
        yield Item(id="CANCEL_AFTER_SESSION", owner="coordinator", rank="information")


def _left_alone(interview: "Interview") -> tuple[datetime, datetime] | None:
    """Give from when until when somebody can still be called to a session that has too few interviewers."""
    booking, no_show = interview.scheduling.booking, interview.session.no_show
    given_up = no_show is not None and no_show.party == "company"
    if booking is None or not (given_up or below_quorum(interview)):
        return None
    return grace(interview, booking.slot)[0], booking.slot.end


def _of_voices(interview: "Interview", now: datetime) -> Iterator[Item]:
    for question in interview.voices.questions:
        if question.answer is None and not question.addressed:
            rank: Rank = "now" if now >= question.answer_by else "today"
            yield Item(id=f"QUESTION_OPEN:{question.n}", owner="coordinator", rank=rank)
    if interview.session.started_at is not None:
        return  # what was not arranged by now cannot be arranged any more
    booking = interview.scheduling.booking
    soon: Rank = "now" if booking is not None and now >= booking.slot.start - _ADJUST_SOON else "today"
    for asked in interview.voices.adjustments:
        if asked.arranged is None:
            yield Item(id=f"ADJUSTMENT_ASKED:{asked.n}", owner="coordinator", rank=soon)


def _of_evaluation(interview: "Interview", now: datetime) -> Iterator[Item]:
    """Forms that are late; pressing, where the promised answer waits for a scorecard."""
    ended = interview.session.ended_at
    if interview.status is Status.AWAITING_EVALUATIONS and ended is not None and now >= ended + FORMS_LATE:
        pressing = interview.feedback.overdue and release.outstanding(interview)
        yield Item(id="EVALUATIONS_LATE", owner="coordinator", rank="now" if pressing else "information")


def _of_feedback(interview: "Interview", now: datetime) -> Iterator[Item]:
    urgency = _decision_due(interview)
    if urgency is not None:
        yield Item(id="DECISION_DUE", owner="decision_maker", rank=urgency)
    due = review_due(interview)
    if due is not None:
        yield Item(id="REVIEW_DUE", owner="reviewer", rank="now" if now >= due else "today")
    for dispute in interview.disputes:
        if dispute.ruled is None:
            yield Item(id=f"DISPUTE_OPEN:{dispute.n}", owner="ruler", rank="now" if now >= dispute.rule_by else "today")
    ahead = interview.session.started_at is None and not interview.request.practice
    if interview.feedback.process is not None and ahead:
        yield Item(id="PROCESS_ENDED", owner="coordinator", rank="now")


def _decision_due(interview: "Interview") -> Rank | None:
    """Say how much a decision is missed that this interview's panel has made possible.

    Once the candidate was told how this interview went, the process goes on, maybe in others of it: nothing is due
    here until it is over, which one of them will tell; alone, or past the embargo, it is kept in mind.
    """
    feedback, ended = interview.feedback, interview.session.ended_at is not None
    if not ended or interview.session.disputed or feedback.released_at is not None or release.gate_2(interview):
        return None
    sealed = interview.evaluation.sealed_at is not None
    if not sealed and (not feedback.overdue or release.outstanding(interview)):
        return None
    if not release.awaits_answer(interview):
        return "information" if interview.request.process_id is None or feedback.embargo_lifted else None
    return "now" if feedback.overdue or feedback.embargo_lifted else "today"


# --- in words --------------------------------------------------------------------------------------------------------


def because(interview: "Interview", item: Item, now: datetime) -> str | None:
    """Say what trouble is behind an item, and what has to be mended; None where its name says it all."""
    effects, (cause, _, subject) = interview.effects, item.id.partition(":")
    match cause:
        case "CALENDAR_LOST":
            return interview.drift.lost.get(subject)
        case "FACT_UNREADABLE":
            return effects.unreadable.get(subject)
        case "ORDER_FAILED":
            return effects.failures[subject].because if subject in effects.failures else None
        case _:
            late = [key for key in _late(interview, _wanted(interview, now)) if not is_confidential(key)]
            said = (_said(interview, key) for key in late if _cause_of_delay(key) == cause)
            return "; ".join(dict.fromkeys(said))[:_LONGEST] or None


def _said(interview: "Interview", key: str) -> str:
    """Say about whom it is, where it is about somebody of this interview."""
    why, whom = interview.effects.delayed[key], key.split("/")[2]
    known = (member.who for member in (*interview.people.members, *interview.people.left))
    return f"{whom}: {why}" if whom in known else why


# --- across interviews: one item a cause -----------------------------------------------------------------------------

CLEARS: Mapping[str, tuple[str, ...]] = {
    "ADJUSTMENT_ASKED": ("arrange_adjustment",),
    "ANSWER_IN_WORDS": ("clear_attention",),
    "APPROVAL_DUE": ("grant_approval", "deny_approval"),
    "CALENDAR_BEHIND": ("clear_attention",),
    "CALENDAR_EDITED": ("restore_event", "reschedule", "replace_interviewer", "cancel"),
    "CALENDAR_LOST": ("clear_attention",),
    "CANCEL_AFTER_SESSION": ("end_session",),
    "CANDIDATE_DECLINED": ("reschedule", "cancel", "clear_attention"),
    "CANDIDATE_UNREACHABLE": ("update_contact", "resend_message"),
    "COUNTER_PROPOSED": ("reschedule", "propose_other_time", "clear_attention"),
    "DECISION_DUE": ("record_decision",),
    "DIRECTORY_BEHIND": (),
    "EVALUATIONS_LATE": ("excuse_evaluation",),
    "FACT_UNREADABLE": ("clear_attention",),
    "HELD_DISPUTED": ("rule_no_show",),
    "INTERVIEWERS_SILENT": ("replace_interviewer", "book_slot", "cancel"),
    "INTERVIEWER_MISSING": ("replace_interviewer", "add_seat", "go_on_with_those_here"),
    "JOURNAL_DIVERGED": ("clear_attention",),
    "LEARNING_BEHIND": (),
    "MAIL_BEHIND": ("clear_attention",),
    "MESSAGE_REFUSED": ("resend_message",),
    "MESSAGE_UNSURE": ("resend_message",),
    "NEGOTIATION_STUCK": ("offer_slots", "request_availability", "book_slot", "cancel"),
    "NO_COMMON_SLOT": ("offer_slots", "request_availability", "book_slot", "cancel"),
    "NO_SHOW": ("rule_no_show",),
    "OFFER_EXPIRES_SOON": ("book_slot",),
    "ON_HOLD": ("resume", "cancel"),
    "ORDER_FAILED": ("clear_attention",),
    "OVERLAP": ("reschedule", "replace_interviewer", "cancel"),
    "DISPUTE_OPEN": ("rule_dispute",),
    "PERSON_UNKNOWN": ("clear_attention", "replace_interviewer", "remove_seat", "cancel"),
    "POOL_EMPTY": ("clear_attention", "replace_interviewer", "remove_seat", "cancel"),
    "PROCESS_ENDED": ("cancel", "withdraw"),
    "QUESTION_OPEN": ("answer_question",),
    "REVIEW_DUE": ("review_feedback",),
    "ROOM_MISSING": ("clear_attention",),
    "SEARCH_BEHIND": (),
    "SEAT_DECLINED": ("replace_interviewer", "reschedule", "cancel"),
    "SEAT_OPEN": ("replace_interviewer", "remove_seat", "cancel"),
    "ZONE_RULES_MOVED": ("reschedule", "cancel"),
}
"""Which commands help with which cause; where there are none, it clears itself."""


def cause_of(item: Item) -> str:
    return item.id.partition(":")[0]


def needs(items: Iterable[Item]) -> list[str]:
    """Write items as `rank/owner/cause`, without their subjects: what many interviews can have in common."""
    return sorted({f"{item.rank}/{item.owner}/{cause_of(item)}" for item in items})
