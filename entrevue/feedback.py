"""From the decision, told by a person, to what each side learned: release, reviewed feedback, reflection, growth."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import business_day_end, business_waking
from entrevue.rubrics import Scorecard
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Line, Message, Name, Refused, Text, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

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


class ReviewFeedback(Intake):
    """A person has read what the panel would share: these items go to the candidate, with one next step."""

    kind: Literal["review_feedback"] = "review_feedback"
    by: Actor
    approved: Annotated[tuple[Item, ...], Field(max_length=40)]
    next_step: Line | None = None


class OpenFeedback(Intake):
    """The candidate chooses to read it."""

    kind: Literal["open_feedback"] = "open_feedback"
    by: Actor


class SubmitReflection(Intake):
    """What I take from this interview; private."""

    kind: Literal["submit_reflection"] = "submit_reflection"
    by: Actor
    text: Text
    will_try: Line | None = None


class CheckGrowth(Intake):
    """Say whether you acted on it, and whether it helped."""

    kind: Literal["check_growth"] = "check_growth"
    by: Actor
    acted: Literal["yes", "partly", "no"]
    helped: Literal["yes", "no", "too_early"] | None = None
    note: Line | None = None


FeedbackCommand = RecordDecision | ReviewFeedback | OpenFeedback | SubmitReflection | CheckGrowth

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
    next_step: str | None = None
    available_at: Instant


class FeedbackOpened(Message):
    kind: Literal["feedback_opened"] = "feedback_opened"


class FollowUpBegan(Message):
    kind: Literal["follow_up_began"] = "follow_up_began"


class ReflectionSubmitted(Message):
    kind: Literal["reflection_submitted"] = "reflection_submitted"
    text: str
    will_try: str | None = None


class GrowthChecked(Message):
    kind: Literal["growth_checked"] = "growth_checked"
    acted: Literal["yes", "partly", "no"]
    helped: Literal["yes", "no", "too_early"] | None = None
    note: str | None = None


class InterviewCompleted(Message):
    kind: Literal["interview_completed"] = "interview_completed"


FeedbackEvent = (
    DecisionRecorded
    | AnswerOverdue
    | FeedbackReleased
    | EmbargoLifted
    | FeedbackReviewed
    | FeedbackOpened
    | FollowUpBegan
    | ReflectionSubmitted
    | GrowthChecked
    | InterviewCompleted
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
    next_step: str | None
    at: datetime
    available_at: datetime


@dataclass(frozen=True, kw_only=True)
class Reflection:
    text: str
    will_try: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Growth:
    acted: str
    helped: str | None
    note: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Feedback:
    decision: Decision | None = None
    overdue: bool = False
    released_at: datetime | None = None
    embargo_lifted: bool = False
    follow_up_at: datetime | None = None
    growth_check_at: datetime | None = None
    closes_at: datetime | None = None
    following_up: bool = False
    reviewed: Reviewed | None = None
    opened_at: datetime | None = None
    reflections: dict[str, Reflection] = field(default_factory=dict)
    growth: dict[str, Growth] = field(default_factory=dict)
    completed: bool = False


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
    withheld = feedback.embargo_lifted and feedback.released_at is None
    if withheld or (feedback.reviewed is not None and not feedback.reviewed.approved):
        return "WITHHELD"
    if feedback.reviewed is not None:
        return "READY"
    return "IN_REVIEW" if feedback.released_at is not None else "OPTED_IN"


def review_due(interview: "Interview") -> datetime | None:
    """Five business days after the candidate asked, or after release, whichever is later."""
    if candidate_feedback(interview) != "IN_REVIEW" or interview.feedback.released_at is None:
        return None
    asked = max(interview.privacy.consents["feedback"], interview.feedback.released_at)
    clock = interview.people.clock("organisation")
    return business_day_end(asked, interview.policy.review_business_days, clock)


# --- rules -----------------------------------------------------------------------------------------------------------


def decide(command: FeedbackCommand, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    match command:
        case RecordDecision():
            return _record(command, interview, now)
        case ReviewFeedback():
            return _review(command, interview, now)
        case OpenFeedback():
            return _open(interview, now)
        case SubmitReflection(by=by, text=text, will_try=will_try):
            _attended(interview, by)
            was = interview.feedback.reflections.get(by)
            if was is not None and (was.text, was.will_try) == (text, will_try):
                return []
            return [ReflectionSubmitted(text=text, will_try=will_try)]
        case CheckGrowth(by=by):
            _attended(interview, by)
            return [GrowthChecked(acted=command.acted, helped=command.helped, note=command.note)]
        case _:
            assert_never(command)


def _record(command: RecordDecision, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    told = command.told
    if interview.feedback.released_at is not None:
        raise Refused(Code.ALREADY_RELEASED, "the decision has opened the evaluations already; it stays as it is")
    if told is not None and told.at > now:
        raise Refused(Code.INVALID_COMMAND, "told.at: lies in the future; record it once the candidate was told")
    if command.outcome == "advance" and command.process_over:
        raise Refused(Code.INVALID_COMMAND, "process_over: a process that advances is not over")
    recorded = DecisionRecorded(
        outcome=command.outcome,
        process_over=command.process_over,
        told_by=told.by if told else None,
        told_at=told.at if told else None,
        told_how=told.how if told else None,
    )
    was = interview.feedback.decision
    if was is not None and (was.outcome, was.process_over, was.told_by, was.told_at, was.told_how) == (
        recorded.outcome,
        recorded.process_over,
        recorded.told_by,
        recorded.told_at,
        recorded.told_how,
    ):
        return []
    return [recorded]


def _review(command: ReviewFeedback, interview: "Interview", now: datetime) -> list[FeedbackEvent]:
    state = candidate_feedback(interview)
    if state in ("NOT_ASKED", "OFF"):
        raise Refused(Code.CONSENT_MISSING, "the candidate did not ask for feedback; nothing is reviewed")
    if state == "OPENED":
        raise Refused(Code.ALREADY_RELEASED, "the candidate has opened the feedback already")
    if state != "IN_REVIEW":
        raise Refused(Code.INVALID_STATE, f"there is nothing to review: feedback is {state}")
    for item in command.approved:
        if sentence(interview, item) is None:
            raise Refused(Code.INVALID_COMMAND, f"approved: {item.author} shared no {item.what}")
    policy, decision = interview.policy, interview.feedback.decision
    earliest = now
    if decision is not None and decision.outcome == "reject" and decision.told_at is not None:
        earliest = max(now, decision.told_at + policy.rejection_pause)
    available = business_waking(earliest, interview.people.clock(CANDIDATE))
    return [FeedbackReviewed(approved=command.approved, next_step=command.next_step, available_at=available)]


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


def sentence(interview: "Interview", item: Item) -> str | None:
    """Give the shareable sentence an item names, where its author wrote one."""
    form = interview.evaluation.forms.get(item.author)
    latest = form.latest if form else None
    if latest is None or not isinstance(latest.form, Scorecard):
        return None
    return latest.form.strength if item.what == "strength" else latest.form.growth


def _attended(interview: "Interview", by: str) -> None:
    if by not in interview.evaluation.forms:
        raise Refused(Code.NOT_ATTENDED, "only those who were at the session look back on it")


def gate_2(interview: "Interview") -> bool:
    """Whether the whole process is over and the candidate knows it from a person, or ended it themselves."""
    decision = interview.feedback.decision
    decided = decision is not None and decision.process_over and decision.told_at is not None
    return decided or interview.scheduling.withdrawn


def follows(interview: "Interview", at: datetime) -> list[FeedbackEvent]:
    """What follows at once: release when both gates are open, completion when everyone has looked back."""
    feedback, policy = interview.feedback, interview.policy
    if interview.evaluation.sealed_at is None:
        return []
    if feedback.released_at is None and gate_2(interview):
        released = FeedbackReleased(
            follow_up_at=at + policy.reflection,
            growth_check_at=at + policy.growth_check,
            closes_at=at + policy.follow_up,
        )
        return [released]
    if feedback.following_up and not feedback.completed and _all_looked_back(interview):
        return [InterviewCompleted()]
    return []


def _all_looked_back(interview: "Interview") -> bool:
    feedback = interview.feedback
    if candidate_feedback(interview) in ("IN_REVIEW", "READY"):
        return False
    there = interview.evaluation.forms
    return all(who in feedback.reflections and who in feedback.growth for who in there)


def deadlines(interview: "Interview") -> list[tuple[datetime, list[FeedbackEvent]]]:
    """What happens by itself, and when."""
    feedback, policy, embargo = interview.feedback, interview.policy, interview.evaluation.embargo_until
    due: list[tuple[datetime, list[FeedbackEvent]]] = []
    if interview.evaluation.sealed_at is None or feedback.completed:
        return due
    undecided = feedback.released_at is None and not feedback.embargo_lifted
    answer_by = interview.session.answer_by
    if undecided and not feedback.overdue and feedback.decision is None and answer_by is not None:
        due.append((answer_by, [AnswerOverdue()]))
    if undecided and embargo is not None:
        lifted = EmbargoLifted(growth_check_at=embargo + policy.growth_check, closes_at=embargo + policy.follow_up)
        due.append((embargo, [lifted]))
    if feedback.released_at is not None and feedback.follow_up_at is not None and not feedback.following_up:
        due.append((feedback.follow_up_at, [FollowUpBegan()]))
    if feedback.closes_at is not None:
        due.append((feedback.closes_at, [InterviewCompleted()]))
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
                following_up=False,
            )
        case EmbargoLifted(growth_check_at=growth_check_at, closes_at=closes_at):
            return replace(
                state, embargo_lifted=True, following_up=True, growth_check_at=growth_check_at, closes_at=closes_at
            )
        case FeedbackReviewed(approved=approved, next_step=next_step, available_at=available_at):
            reviewed = Reviewed(approved=approved, next_step=next_step, at=at, available_at=available_at)
            return replace(state, reviewed=reviewed)
        case FeedbackOpened():
            return replace(state, opened_at=at)
        case FollowUpBegan():
            return replace(state, following_up=True)
        case ReflectionSubmitted(text=text, will_try=will_try):
            reflection = Reflection(text=text, will_try=will_try, at=at)
            return replace(state, reflections={**state.reflections, by: reflection})
        case GrowthChecked(acted=acted, helped=helped, note=note):
            growth = Growth(acted=acted, helped=helped, note=note, at=at)
            return replace(state, growth={**state.growth, by: growth})
        case InterviewCompleted():
            return replace(state, completed=True)
        case _:
            assert_never(event)
