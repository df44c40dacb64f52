"""After release: looking back, whether it helped, what became of it, and the report each may ask for."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import disputes
from entrevue.feedback import candidate_feedback
from entrevue.rubrics import Score
from entrevue.values import CANDIDATE, Actor, Code, Intake, Line, Message, Refused, Text

if TYPE_CHECKING:
    from entrevue.interview import Interview

Acted = Literal["yes", "partly", "no"]
Helped = Literal["yes", "no", "too_early"]

# --- commands --------------------------------------------------------------------------------------------------------


class SubmitReflection(Intake):
    """What I take from this interview; private. `will_try` is the one improvement, open until it is checked."""

    kind: Literal["submit_reflection"] = "submit_reflection"
    by: Actor
    text: Text
    will_try: Line | None = None


class CheckGrowth(Intake):
    """Say whether you acted on it, and whether it helped."""

    kind: Literal["check_growth"] = "check_growth"
    by: Actor
    acted: Acted
    helped: Helped | None = None
    note: Line | None = None


class RecordOutcome(Intake):
    """What became of it: whether they joined; and, by the candidate who did, whether the preview was honest."""

    kind: Literal["record_outcome"] = "record_outcome"
    by: Actor
    joined: bool
    preview_honest: Annotated[
        Score | None, Field(description="the candidate's alone: the job is what the interview showed, 1 to 5")
    ] = None


class MailReport(Intake):
    """Send me my own report by mail, as a document to keep."""

    kind: Literal["mail_report"] = "mail_report"
    by: Actor


FollowUpCommand = SubmitReflection | CheckGrowth | RecordOutcome | MailReport

# --- events ----------------------------------------------------------------------------------------------------------


class FollowUpBegan(Message):
    kind: Literal["follow_up_began"] = "follow_up_began"


class ReflectionSubmitted(Message):
    kind: Literal["reflection_submitted"] = "reflection_submitted"
    text: str
    will_try: str | None = None


class GrowthChecked(Message):
    kind: Literal["growth_checked"] = "growth_checked"
    acted: Acted
    helped: Helped | None = None
    note: str | None = None


class OutcomeRecorded(Message):
    kind: Literal["outcome_recorded"] = "outcome_recorded"
    joined: bool
    preview_honest: int | None = None


class ReportAsked(Message):
    kind: Literal["report_asked"] = "report_asked"


class InterviewCompleted(Message):
    kind: Literal["interview_completed"] = "interview_completed"


FollowUpEvent = FollowUpBegan | ReflectionSubmitted | GrowthChecked | OutcomeRecorded | ReportAsked | InterviewCompleted

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Reflection:
    text: str
    will_try: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Growth:
    acted: Acted
    helped: Helped | None
    note: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How often somebody asked for their report, and when last."""

    n: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FollowUp:
    began: bool = False
    reflections: dict[str, Reflection] = field(default_factory=dict)
    growth: dict[str, Growth] = field(default_factory=dict)
    joined: bool | None = None
    preview_honest: int | None = None
    reports: dict[str, Asked] = field(default_factory=dict)
    completed: bool = False


# --- rules -----------------------------------------------------------------------------------------------------------


def decide(command: FollowUpCommand, interview: "Interview", now: datetime) -> list[FollowUpEvent]:
    state = interview.follow_up
    match command:
        case SubmitReflection(by=by, text=text, will_try=will_try):
            _attended(interview, by)
            was = state.reflections.get(by)
            same = was is not None and (was.text, was.will_try) == (text, will_try)
            return [] if same else [ReflectionSubmitted(text=text, will_try=will_try)]
        case CheckGrowth(by=by):
            _attended(interview, by)
            return [GrowthChecked(acted=command.acted, helped=command.helped, note=command.note)]
        case RecordOutcome(by=by, joined=joined, preview_honest=honest):
            if honest is not None and by != CANDIDATE:
                raise Refused(Code.NOT_AUTHORIZED, "preview_honest: only the candidate can say so")
            if (state.joined, state.preview_honest) == (joined, honest or state.preview_honest):
                return []
            return [OutcomeRecorded(joined=joined, preview_honest=honest or state.preview_honest)]
        case MailReport(by=by):
            _attended(interview, by)
            return _report(interview, by, now)
        case _:
            assert_never(command)


def _attended(interview: "Interview", by: str) -> None:
    if by not in interview.evaluation.forms:
        raise Refused(Code.NOT_ATTENDED, "only those who were at the session look back on it")


def _report(interview: "Interview", by: str, now: datetime) -> list[FollowUpEvent]:
    asked = interview.follow_up.reports.get(by)
    under_way = asked is not None and asked.at == now
    return [] if under_way else [ReportAsked()]


def deadlines(interview: "Interview") -> list[tuple[datetime, list[FollowUpEvent]]]:
    """What happens by itself, and when."""
    feedback, state = interview.feedback, interview.follow_up
    due: list[tuple[datetime, list[FollowUpEvent]]] = []
    if feedback.released_at is not None and feedback.follow_up_at is not None and not state.began:
        due.append((feedback.follow_up_at, [FollowUpBegan()]))
    if feedback.closes_at is not None and not disputes.pending(interview):
        ends = feedback.closes_at
        window = disputes.window(interview)
        if state.began and window is not None and _all_looked_back(interview):
            ends = min(ends, max(window, interview.at))
        due.append((ends, [InterviewCompleted()]))
    return due


def _all_looked_back(interview: "Interview") -> bool:
    state = interview.follow_up
    if candidate_feedback(interview) in ("IN_REVIEW", "READY"):
        return False
    return all(who in state.reflections and who in state.growth for who in interview.evaluation.forms)


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: FollowUp, event: FollowUpEvent, at: datetime, by: str) -> FollowUp:
    match event:
        case FollowUpBegan():
            return replace(state, began=True)
        case ReflectionSubmitted(text=text, will_try=will_try):
            reflection = Reflection(text=text, will_try=will_try, at=at)
            return replace(state, reflections={**state.reflections, by: reflection})
        case GrowthChecked(acted=acted, helped=helped, note=note):
            growth = Growth(acted=acted, helped=helped, note=note, at=at)
            return replace(state, growth={**state.growth, by: growth})
        case OutcomeRecorded(joined=joined, preview_honest=honest):
            return replace(state, joined=joined, preview_honest=honest)
        case ReportAsked():
            n = state.reports[by].n + 1 if by in state.reports else 1
            return replace(state, reports={**state.reports, by: Asked(n=n, at=at)})
        case InterviewCompleted():
            return replace(state, completed=True)
        case _:
            assert_never(event)
