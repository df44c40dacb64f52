"""After release: looking back, whether it helped, what became of it, and the report each may ask for."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue import disputes
from entrevue.evaluation import is_practice
from entrevue.feedback import candidate_feedback, ending, open_until
from entrevue.rubrics import Score
from entrevue.values import CANDIDATE, Actor, Code, Intake, Line, Message, Refused, Text

if TYPE_CHECKING:
    from entrevue.interview import Interview

_MOST_REPORTS, _REPORT_AGAIN = 5, timedelta(days=1)
"""A report is a document to keep, not a feed."""

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
    """Send me my own report by mail, as a document to keep: once a day at most, five times in all."""

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
            return _check(command, state.growth.get(by))
        case RecordOutcome():
            return _outcome(command, interview)
        case MailReport(by=by):
            _attended(interview, by)
            return _report(interview, by, now)
        case _:
            assert_never(command)


def _attended(interview: "Interview", by: str) -> None:
    if by not in interview.evaluation.forms:
        raise Refused(Code.NOT_ATTENDED, "only those who were at the session look back on it")


def _check(command: CheckGrowth, was: Growth | None) -> list[FollowUpEvent]:
    if command.acted == "no" and command.helped is not None:
        raise Refused(Code.INVALID_COMMAND, "helped: only what was tried can help; leave it out")
    same = was is not None and (was.acted, was.helped, was.note) == (command.acted, command.helped, command.note)
    return [] if same else [GrowthChecked(acted=command.acted, helped=command.helped, note=command.note)]


def _outcome(command: RecordOutcome, interview: "Interview") -> list[FollowUpEvent]:
    """Whether the preview was honest is a word of the candidate, who has seen both: it stays when others correct."""
    joined, honest, state = command.joined, command.preview_honest, interview.follow_up
    if honest is not None and command.by != CANDIDATE:
        raise Refused(Code.NOT_AUTHORIZED, "preview_honest: only the candidate can say so")
    if honest is not None and not joined:
        raise Refused(Code.INVALID_COMMAND, "preview_honest: only who joined has seen what the job is")
    if joined and is_practice(interview):
        raise Refused(Code.INVALID_STATE, "joined: this was practice; nobody was hired by it")
    end = ending(interview)
    if joined and end is not None and end.outcome != "offer_accepted":
        raise Refused(Code.INVALID_STATE, f"joined: the process ended otherwise ({end.outcome})")
    kept = (honest or state.preview_honest) if joined else None
    same = (state.joined, state.preview_honest) == (joined, kept)
    return [] if same else [OutcomeRecorded(joined=joined, preview_honest=kept)]


def _report(interview: "Interview", by: str, now: datetime) -> list[FollowUpEvent]:
    if interview.feedback.released_at is None:
        raise Refused(Code.INVALID_STATE, "there is no report before everything is decided")
    asked = interview.follow_up.reports.get(by)
    if asked is not None and now < asked.at + _REPORT_AGAIN:
        return []
    if asked is not None and asked.n >= _MOST_REPORTS:
        raise Refused(Code.WINDOW_CLOSED, f"it was mailed {_MOST_REPORTS} times; you can still read it, and export it")
    return [ReportAsked()]


def deadlines(interview: "Interview") -> list[tuple[datetime, list[FollowUpEvent]]]:
    """What happens by itself, and when."""
    feedback, state = interview.feedback, interview.follow_up
    due: list[tuple[datetime, list[FollowUpEvent]]] = []
    if feedback.released_at is not None and feedback.follow_up_at is not None and not state.began:
        due.append((feedback.follow_up_at, [FollowUpBegan()]))
    ends = _ends(interview)
    return due if ends is None else [*due, (ends, [InterviewCompleted()])]


def _ends(interview: "Interview") -> datetime | None:
    """Give the end of the follow-up, or of what can still be disputed, whichever is later; never before a ruling.

    It comes sooner where everyone has looked back: nobody's days to object are cut short by it, though.
    """
    latest, objections = open_until(interview), disputes.window(interview)
    if latest is None or disputes.pending(interview):
        return None
    early = interview.follow_up.began and _all_looked_back(interview)
    return objections if early and objections is not None else latest


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
