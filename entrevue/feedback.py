"""From the decision, told by a person, to what the candidate may read: both gates, release, reviewed feedback."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import business_day_end, business_waking, day_end
from entrevue.disputes import window, words
from entrevue.evaluation import is_practice
from entrevue.learning import candidate_key
from entrevue.orders import ProcessTold
from entrevue.values import (
    CANDIDATE,
    Actor,
    Code,
    DirectoryId,
    Instant,
    Intake,
    InterviewId,
    Line,
    Message,
    Name,
    Refused,
    Who,
)

if TYPE_CHECKING:
    from entrevue.interview import Interview

_CLOCKS_DIFFER = timedelta(hours=1)
"""Between the servers of two interviews, generously: what is told is not lost to it."""

Decided = Literal["reject", "offer_accepted", "offer_declined", "advance", "role_closed"]

# --- commands --------------------------------------------------------------------------------------------------------


class Told(Intake):
    """Who told the candidate, when and how. The engine never does it itself."""

    by: Name
    at: Instant
    how: Literal["phone", "video", "in_person", "email", "letter"]


class RecordDecision(Intake):
    """Record what was decided. Gate 2 opens when the process is over *and* the candidate was told by a person."""

    kind: Literal["record_decision"] = "record_decision"
    by: Actor
    outcome: Decided
    process_over: bool
    told: Told | None = None


class Item(Intake):
    """One shareable sentence of a scorecard."""

    author: Who
    what: Literal["strength", "growth"]


class Withheld(Intake):
    """A sentence that is not passed on, and why: its author reads the reason, and nobody else."""

    item: Item
    reason: Line


class ReviewFeedback(Intake):
    """A person has read what the panel would share: these items go to the candidate, with one next step.

    Every sentence that the panel would share is approved, or withheld with a reason. Until the candidate has opened it,
    a later review counts instead.
    """

    kind: Literal["review_feedback"] = "review_feedback"
    by: Actor
    approved: Annotated[tuple[Item, ...], Field(max_length=40)]
    withheld: Annotated[tuple[Withheld, ...], Field(max_length=40)] = ()
    next_step: Line | None = None
    reviewed_by: Annotated[
        DirectoryId | None, Field(description="who has read it; never somebody who wrote one of the sentences")
    ] = None


class WithholdItem(Intake):
    """Take back an approved item that the candidate has not opened yet."""

    kind: Literal["withhold_item"] = "withhold_item"
    by: Actor
    item: Item
    reason: Line


class OpenFeedback(Intake):
    """The candidate chooses to read it."""

    kind: Literal["open_feedback"] = "open_feedback"
    by: Actor


FeedbackCommand = RecordDecision | ReviewFeedback | WithholdItem | OpenFeedback


class ProcessEnded(Message):
    """Another interview of the same process has ended it: by a decision that the candidate was told, or by them."""

    kind: Literal["process_ended"] = "process_ended"
    source_id: Annotated[str, Field(min_length=1, max_length=200)]
    at: Instant
    process: InterviewId
    candidate: Annotated[str, Field(min_length=1, max_length=254)]
    """Whose process it is: one id may be used for all who apply, and what ends for one goes on for the others."""
    outcome: Decided | Literal["withdrawn"]
    told_at: Instant | None = None
    """None: the candidate ended it themselves."""


# --- events ----------------------------------------------------------------------------------------------------------


class DecisionRecorded(Message):
    kind: Literal["decision_recorded"] = "decision_recorded"
    outcome: Decided
    process_over: bool
    told_by: str | None = None
    told_at: Instant | None = None
    told_how: str | None = None


class AnswerOverdue(Message):
    kind: Literal["answer_overdue"] = "answer_overdue"


class FeedbackReleased(Message):
    """Gate 2. Instants are fixed here: a policy that changes later moves no promise."""

    kind: Literal["feedback_released"] = "feedback_released"
    follow_up_at: Instant
    growth_check_at: Instant
    closes_at: Instant


class EmbargoLifted(Message):
    """No decision came: aggregates open, evaluative text stays withheld."""

    kind: Literal["embargo_lifted"] = "embargo_lifted"
    growth_check_at: Instant
    closes_at: Instant


class FeedbackReviewed(Message):
    """`available_at`: after a rejection not before 48 h have passed, and on a business day."""

    kind: Literal["feedback_reviewed"] = "feedback_reviewed"
    approved: tuple[Item, ...]
    withheld: tuple[Withheld, ...] = ()
    next_step: str | None = None
    reviewed_by: str | None = None
    available_at: Instant


class ItemWithheld(Message):
    kind: Literal["item_withheld"] = "item_withheld"
    item: Item
    reason: str


class ProcessClosed(Message):
    """The whole process is over, as another interview of it tells."""

    kind: Literal["process_closed"] = "process_closed"
    outcome: Decided | Literal["withdrawn"]
    told_at: Instant | None = None


class ProcessInformed(Message):
    """The other interviews of the process know that it is over."""

    kind: Literal["process_informed"] = "process_informed"
    interviews: int


class FeedbackOpened(Message):
    kind: Literal["feedback_opened"] = "feedback_opened"


FeedbackEvent = (
    DecisionRecorded
    | AnswerOverdue
    | FeedbackReleased
    | EmbargoLifted
    | FeedbackReviewed
    | ItemWithheld
    | FeedbackOpened
    | ProcessClosed
    | ProcessInformed
)

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Decision:
    outcome: Decided
    process_over: bool
    by: str
    at: datetime
    told_by: str | None
    told_at: datetime | None
    told_how: str | None


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    approved: tuple[Item, ...]
    withheld: tuple[Withheld, ...]
    next_step: str | None
    by: str | None
    """Directory id of who has read it, where that was said."""
    at: datetime
    available_at: datetime
    turned: int = 0
    """How often something to pass on has become nothing, or the reverse: the candidate is told anew."""


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How the whole process ended, and when a person told the candidate; None: they ended it themselves."""

    outcome: str
    told_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Feedback:
    decision: Decision | None = None
    process: Ending | None = None
    """As another interview of the process told it."""
    informed: bool = False
    """The others were told by this one."""
    overdue: bool = False
    released_at: datetime | None = None
    embargo_lifted: bool = False
    follow_up_at: datetime | None = None
    growth_check_at: datetime | None = None
    closes_at: datetime | None = None
    reviewed: Reviewed | None = None
    opened_at: datetime | None = None


CandidateFeedback = Literal["OFF", "NOT_ASKED", "OPTED_IN", "IN_REVIEW", "READY", "OPENED", "WITHHELD"]


def candidate_feedback(interview: "Interview") -> CandidateFeedback:
    """Say where the candidate's own feedback stands (lifecycle, section 3)."""
    feedback = interview.feedback
    if not interview.policy.feedback:
        return "OFF"
    if feedback.opened_at is not None:
        return "OPENED"
    if "feedback" not in interview.privacy.consents:
        return "NOT_ASKED"
    if feedback.released_at is None:
        return "WITHHELD" if feedback.embargo_lifted else "OPTED_IN"
    if feedback.reviewed is not None:
        return "READY" if feedback.reviewed.approved else "WITHHELD"
    return "IN_REVIEW" if shareable(interview) else "WITHHELD"


def review_due(interview: "Interview") -> datetime | None:
    """Five business days after the candidate asked, or after release, whichever is later."""
    if candidate_feedback(interview) != "IN_REVIEW" or interview.feedback.released_at is None:
        return None
    asked = max(interview.privacy.consents["feedback"], interview.feedback.released_at)
    clock = interview.people.clock("organisation")
    return business_day_end(asked, interview.policy.review_business_days, clock)


def announced_at(interview: "Interview") -> datetime | None:
    """Say from when on the candidate hears of the feedback they asked for: that it is there, or that there is none.

    There is none where all was withheld, or nobody wrote any; or where the end came before a decision, or a review.
    """
    feedback, state, over = interview.feedback, candidate_feedback(interview), interview.closed
    if state in ("OFF", "NOT_ASKED", "OPENED") or (state == "READY" and over is not None):
        return None
    if feedback.reviewed is not None:
        return feedback.reviewed.available_at
    if state == "WITHHELD" and feedback.released_at is not None:
        return _available(interview, max(feedback.released_at, interview.privacy.consents["feedback"]))
    return over.at if over is not None and interview.session.ended_at is not None else None


def open_until(interview: "Interview") -> datetime | None:
    """Give until when feedback can be opened: the end of the follow-up, or of all objections if that is later.

    However late a person has reviewed it, the candidate has as many days for it as for an objection.
    """
    closes, objections, reviewed = interview.feedback.closes_at, window(interview), interview.feedback.reviewed
    if closes is None:
        return None
    ends = [closes] if objections is None else [closes, objections]
    if reviewed is not None and candidate_feedback(interview) == "READY":
        ends.append(day_end(reviewed.available_at, interview.policy.dispute_days, interview.people.clock(CANDIDATE)))
    return max(ends)


# --- who knows what, and what is awaited -----------------------------------------------------------------------------


def ending(interview: "Interview") -> Ending | None:
    """Say how the whole process ended, if it has, and the candidate knows: by this interview, or by another of it."""
    if interview.scheduling.withdrawn:
        return Ending(outcome="withdrawn", told_at=None)
    decision = interview.feedback.decision
    if decision is not None and decision.process_over and decision.told_at is not None:
        return Ending(outcome=decision.outcome, told_at=decision.told_at)
    return interview.feedback.process


def gate_2(interview: "Interview") -> bool:
    """Whether the whole process is over and the candidate knows it from a person, or ended it themselves.

    Practice decides nothing, so there is nothing to wait for.
    """
    return ending(interview) is not None or is_practice(interview)


def awaits_answer(interview: "Interview") -> bool:
    """Whether the candidate was promised an answer, and nobody has told them one."""
    decision = interview.feedback.decision
    told = decision is not None and decision.told_at is not None
    return interview.session.answer_by is not None and not told and not gate_2(interview)


def outstanding(interview: "Interview") -> tuple[str, ...]:
    """Name those whose scorecards a decision waits for: they count, were there for long enough, and are not excused."""
    counted = (member.who for member in interview.people.interviewers if member.counts)
    forms = ((who, interview.evaluation.forms.get(who)) for who in counted)
    return tuple(who for who, form in forms if form is not None and not form.partial and form.was == "open")


def shareable(interview: "Interview") -> tuple[Item, ...]:
    """List what the panel would share with the candidate, for a person to review: written, undisputed, not redacted."""
    kinds: tuple[Literal["strength", "growth"], ...] = ("strength", "growth")
    items = (Item(author=who, what=what) for who in interview.evaluation.forms for what in kinds)
    found = ((item, words(interview, item.author, item.what)) for item in items)
    return tuple(item for item, one in found if one is not None and one.text is not None and not one.disputed)


def sentence(interview: "Interview", item: Item) -> str | None:
    """Give the shareable sentence an item names, where its author wrote one."""
    found = words(interview, item.author, item.what)
    return found.text if found else None


def _rejected_at(interview: "Interview") -> datetime | None:
    """Say when the candidate was told "no" last, wherever it was told; that the role is closed is one, too."""
    decision, end = interview.feedback.decision, ending(interview)
    told = [one.told_at for one in (decision, end) if one is not None and one.outcome in ("reject", "role_closed")]
    return max((at for at in told if at is not None), default=None)


# --- rules: commands -------------------------------------------------------------------------------------------------


def decide(command: FeedbackCommand, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    match command:
        case RecordDecision():
            return _record(command, interview, now)
        case ReviewFeedback():
            return _review(command, interview, now)
        case WithholdItem(item=item, reason=reason):
            return _withhold(interview, item, reason)
        case OpenFeedback():
            return _open(interview, now)
        case _:
            assert_never(command)


def _record(command: RecordDecision, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    told, was = command.told, interview.feedback.decision
    recorded = DecisionRecorded(
        outcome=command.outcome,
        process_over=command.process_over,
        told_by=told.by if told else None,
        told_at=told.at if told else None,
        told_how=told.how if told else None,
    )
    if was is not None and recorded == _as_recorded(was):
        return []
    _may_be_decided(interview)
    if command.outcome == "advance" and command.process_over:
        raise Refused(Code.INVALID_COMMAND, "process_over: a process that advances is not over")
    if told is not None and told.at > now:
        raise Refused(Code.INVALID_COMMAND, "told.at: lies in the future; record it once the candidate was told")
    held = interview.session.started_at
    if told is not None and held is not None and told.at < held:
        raise Refused(Code.INVALID_COMMAND, "told.at: lies before the session; nothing was decided on it then")
    ends = command.process_over and told is not None
    if interview.feedback.informed and not ends:
        raise Refused(Code.ALREADY_RELEASED, "the other interviews of this process know that it is over; it stays over")
    return [recorded]


def _as_recorded(was: Decision) -> DecisionRecorded:
    return DecisionRecorded(
        outcome=was.outcome,
        process_over=was.process_over,
        told_by=was.told_by,
        told_at=was.told_at,
        told_how=was.told_how,
    )


def _may_be_decided(interview: "Interview") -> None:
    """A "no" may be told while only the candidate's form is open, never before the panel has said what it thinks."""
    if interview.feedback.released_at is not None:
        raise Refused(Code.ALREADY_RELEASED, "the decision has opened the evaluations already; it stays as it is")
    if is_practice(interview):
        raise Refused(Code.INVALID_STATE, "this is practice: nothing is decided by it")
    if interview.scheduling.withdrawn:
        raise Refused(Code.INVALID_STATE, "the candidate has withdrawn: there is nothing to decide any more")
    if interview.session.disputed:
        raise Refused(Code.INVALID_STATE, "it is disputed whether the session took place; rule_no_show settles that")
    if missing := outstanding(interview):
        raise Refused(
            Code.INVALID_STATE,
            f"the scorecards of {', '.join(missing)} are still open; wait for them, or excuse_evaluation",
        )


def _review(command: ReviewFeedback, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    state, was = candidate_feedback(interview), interview.feedback.reviewed
    if state in ("NOT_ASKED", "OFF"):
        raise Refused(Code.CONSENT_MISSING, "the candidate did not ask for feedback; nothing is reviewed")
    if was is not None and (was.approved, was.withheld, was.next_step, was.by) == (
        command.approved,
        command.withheld,
        command.next_step,
        command.reviewed_by,
    ):
        return []
    if state == "OPENED":
        raise Refused(Code.ALREADY_RELEASED, "the candidate has opened the feedback already")
    if was is None and state != "IN_REVIEW":
        raise Refused(Code.INVALID_STATE, f"there is nothing to review: feedback is {state}")
    _is_whole(command, interview)
    _is_by_somebody_else(command.reviewed_by, interview)
    available_at = _available(interview, now)
    return [
        FeedbackReviewed(
            approved=command.approved,
            withheld=command.withheld,
            next_step=command.next_step,
            reviewed_by=command.reviewed_by,
            available_at=available_at if was is None else max(available_at, was.available_at),
        )
    ]


def _available(interview: "Interview", at: datetime) -> datetime:
    """Give the first moment from then on at which it may be read: a "no" needs some days to settle."""
    told_no = _rejected_at(interview)
    earliest = at if told_no is None else max(at, told_no + interview.policy.rejection_pause)
    return business_waking(earliest, interview.people.clock(CANDIDATE))


def _is_whole(command: ReviewFeedback, interview: "Interview") -> None:
    """Every sentence of the batch is approved, or withheld with a reason: nothing is passed over in silence."""
    there = shareable(interview)
    judged = (*command.approved, *(one.item for one in command.withheld))
    if foreign := _named([item for item in judged if item not in there]):
        raise Refused(Code.INVALID_COMMAND, f"approved, withheld: nothing to share is there as {foreign}")
    if twice := _named([item for item in there if judged.count(item) > 1]):
        raise Refused(Code.INVALID_COMMAND, f"approved, withheld: named twice: {twice}")
    if missing := _named([item for item in there if item not in judged]):
        raise Refused(Code.INVALID_COMMAND, f"approved, withheld: missing: {missing}; approve each, or say why not")
    if command.next_step is not None and not command.approved:
        raise Refused(Code.INVALID_COMMAND, "next_step: goes with what is approved; nothing is")


def _is_by_somebody_else(reviewer: str | None, interview: "Interview") -> None:
    authors = {str(interview.people[one.author].person).casefold() for one in shareable(interview)}
    if reviewer is not None and reviewer.casefold() in authors:
        raise Refused(
            Code.CONFLICT_OF_INTEREST, "reviewed_by: wrote one of these sentences; somebody else must review them"
        )


def _named(items: Sequence[Item]) -> str:
    return ", ".join(f"{item.what} by {item.author}" for item in items)


def _withhold(interview: "Interview", item: Item, reason: str) -> list[FeedbackEvent]:
    reviewed = interview.feedback.reviewed
    if reviewed is not None and Withheld(item=item, reason=reason) in reviewed.withheld:
        return []
    if interview.feedback.opened_at is not None:
        raise Refused(Code.ALREADY_RELEASED, "item: the candidate has read it; only a dispute can change it now")
    if reviewed is None or item not in reviewed.approved:
        raise Refused(Code.INVALID_STATE, "item: is not approved; withhold it in review_feedback")
    return [ItemWithheld(item=item, reason=reason)]


def _open(interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    state, reviewed = candidate_feedback(interview), interview.feedback.reviewed
    if state == "OPENED":
        return []
    if state in ("NOT_ASKED", "OFF"):
        raise Refused(Code.CONSENT_MISSING, "feedback was not asked for; give_consent with layer feedback first")
    if reviewed is None or state != "READY":
        raise Refused(Code.INVALID_STATE, f"there is nothing to open: feedback is {state}")
    if now < reviewed.available_at:
        raise Refused(Code.INVALID_STATE, f"it can be opened from {reviewed.available_at:%Y-%m-%dT%H:%MZ} on")
    return [FeedbackOpened()]


# --- rules: the process, across its interviews ------------------------------------------------------------------------


def judge(fact: ProcessEnded, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    """A repeat is no news, nor is what this interview's own ending said before, nor an end nobody told.

    Nor is the end of another process, or of another candidate's, or one that is said to be told days from now.
    """
    ours = (fact.process, fact.candidate) == (interview.request.process_id, candidate_key(interview))
    known_to_candidate = fact.outcome == "withdrawn" or (
        fact.told_at is not None and fact.told_at <= now + _CLOCKS_DIFFER
    )
    if not ours or ending(interview) is not None or not known_to_candidate:
        return []
    return [ProcessClosed(outcome=fact.outcome, told_at=fact.told_at)]


def told(answer: ProcessTold, interview: "Interview") -> list[FeedbackEvent]:
    if answer.key != process_key(interview) or interview.feedback.informed:
        return []
    return [ProcessInformed(interviews=answer.interviews)]


def process_key(interview: "Interview") -> str:
    return f"{interview.id}/process/all/1.1"


def to_tell(interview: "Interview") -> Ending | None:
    """Give what the other interviews of the process must hear of this one, and have not yet.

    Once, and only from the interview that ended it. A session held for practice decides nothing for others.
    """
    feedback, request = interview.feedback, interview.request
    alone = request.process_id is None or request.practice
    return None if alone or feedback.informed or feedback.process is not None else ending(interview)


# --- rules: what follows, and clocks ---------------------------------------------------------------------------------


def follows(interview: "Interview", at: datetime) -> list[FeedbackEvent]:
    """What follows at once: release, when both gates are open."""
    feedback, policy = interview.feedback, interview.policy
    sealed = interview.evaluation.sealed_at is not None
    if feedback.released_at is not None or not sealed or not gate_2(interview):
        return []
    return [
        FeedbackReleased(
            follow_up_at=at + policy.reflection,
            growth_check_at=at + policy.growth_check,
            closes_at=at + policy.follow_up,
        )
    ]


def deadlines(interview: "Interview") -> list[tuple[datetime, list[FeedbackEvent]]]:
    """What happens by itself, and when. The promised answer is due whether or not all forms are in."""
    feedback, session, policy = interview.feedback, interview.session, interview.policy
    due: list[tuple[datetime, list[FeedbackEvent]]] = []
    late = not feedback.overdue and not session.disputed and awaits_answer(interview)
    if late and session.answer_by is not None:
        due.append((session.answer_by, [AnswerOverdue()]))
    embargo = interview.evaluation.embargo_until
    if embargo is not None and feedback.released_at is None and not feedback.embargo_lifted:
        lifted = EmbargoLifted(growth_check_at=embargo + policy.growth_check, closes_at=embargo + policy.follow_up)
        due.append((embargo, [lifted]))
    return due


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Feedback, event: FeedbackEvent, at: datetime, by: str) -> Feedback:
    match event:
        case DecisionRecorded(outcome=outcome, process_over=over):
            decision = Decision(
                outcome=outcome,
                process_over=over,
                by=by,
                at=at,
                told_by=event.told_by,
                told_at=event.told_at,
                told_how=event.told_how,
            )
            return replace(state, decision=decision)
        case AnswerOverdue():
            return replace(state, overdue=True)
        case FeedbackReleased(follow_up_at=follow_up_at, growth_check_at=growth_check_at, closes_at=closes_at):
            return replace(
                state,
                released_at=at,
                follow_up_at=follow_up_at,
                growth_check_at=growth_check_at,
                closes_at=closes_at,
            )
        case EmbargoLifted(growth_check_at=growth_check_at, closes_at=closes_at):
            return replace(state, embargo_lifted=True, growth_check_at=growth_check_at, closes_at=closes_at)
        case FeedbackReviewed(approved=approved, withheld=withheld, next_step=next_step, available_at=available_at):
            reviewed = Reviewed(
                approved=approved,
                withheld=withheld,
                next_step=next_step,
                by=event.reviewed_by,
                at=at,
                available_at=available_at,
            )
            return replace(state, reviewed=_counted(reviewed, state.reviewed))
        case ItemWithheld(item=item, reason=reason):
            return replace(state, reviewed=_without(state.reviewed, Withheld(item=item, reason=reason)))
        case ProcessClosed(outcome=outcome, told_at=told_at):
            return replace(state, process=Ending(outcome=outcome, told_at=told_at))
        case ProcessInformed():
            return replace(state, informed=True)
        case FeedbackOpened():
            return replace(state, opened_at=at)
        case _:
            assert_never(event)


def _without(reviewed: Reviewed | None, withheld: Withheld) -> Reviewed | None:
    if reviewed is None:
        return None
    approved = tuple(item for item in reviewed.approved if item != withheld.item)
    return _counted(replace(reviewed, approved=approved, withheld=(*reviewed.withheld, withheld)), reviewed)


def _counted(reviewed: Reviewed, was: Reviewed | None) -> Reviewed:
    if was is None:
        return reviewed
    return replace(reviewed, turned=was.turned + (bool(was.approved) != bool(reviewed.approved)))
