"""What people say beside the meeting: private notes, open questions, and adjustments asked for."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import business_day_end
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Message, Refused, Text

if TYPE_CHECKING:
    from entrevue.interview import Interview

_Number = Annotated[int, Field(ge=1)]

MOST_MOMENTS, MOST_QUESTIONS, MOST_ADJUSTMENTS, MOST_REPORTS = 50, 20, 10, 10
"""Of one person: nobody's texts may grow until the interview fits into no payload any more, and stands still."""

# --- commands --------------------------------------------------------------------------------------------------------


class NoteMoment(Intake):
    """A private note of what mattered; usable as evidence later, for the author's eyes only."""

    kind: Literal["note_moment"] = "note_moment"
    by: Actor
    text: Text


class AskQuestion(Intake):
    """A question that is still open. It goes to the coordinator at once, outside the gates."""

    kind: Literal["ask_question"] = "ask_question"
    by: Actor
    text: Text
    show_interviewers: bool = False


class AnswerQuestion(Intake):
    kind: Literal["answer_question"] = "answer_question"
    by: Actor
    question: _Number
    text: Text


class MarkAddressed(Intake):
    """Only the asker knows whether the answer answers."""

    kind: Literal["mark_addressed"] = "mark_addressed"
    by: Actor
    question: _Number


class RequestAdjustment(Intake):
    """Something the candidate needs to be on equal terms. The coordinator reads it, and nobody else."""

    kind: Literal["request_adjustment"] = "request_adjustment"
    by: Actor
    text: Annotated[Text, Field(description="what you need; the interviewers are not told why")]


class ArrangeAdjustment(Intake):
    """Say what was arranged: what the interviewers shall see to, and what the candidate should know."""

    kind: Literal["arrange_adjustment"] = "arrange_adjustment"
    by: Actor
    adjustment: Annotated[int, Field(ge=1, description="its number, as `view` shows it")]
    instruction: Annotated[Text, Field(max_length=1000, description="for the interviewers, without the reason")]
    text: Annotated[Text | None, Field(description="for the candidate; leave out if it is as they asked")] = None


class ReportConduct(Intake):
    """Tell a named person off the panel how somebody behaved; at any time, past every gate, read by nobody else.

    Also whoever has left the panel can.
    """

    kind: Literal["report_conduct"] = "report_conduct"
    by: Actor
    text: Text


VoicesCommand = (
    NoteMoment | AskQuestion | AnswerQuestion | MarkAddressed | RequestAdjustment | ArrangeAdjustment | ReportConduct
)

# --- events ----------------------------------------------------------------------------------------------------------


class MomentNoted(Message):
    kind: Literal["moment_noted"] = "moment_noted"
    text: str


class QuestionAsked(Message):
    kind: Literal["question_asked"] = "question_asked"
    question: int
    text: str
    show_interviewers: bool
    answer_by: Instant


class QuestionAnswered(Message):
    kind: Literal["question_answered"] = "question_answered"
    question: int
    text: str


class QuestionAddressed(Message):
    kind: Literal["question_addressed"] = "question_addressed"
    question: int


class AdjustmentRequested(Message):
    kind: Literal["adjustment_requested"] = "adjustment_requested"
    adjustment: int
    text: str


class AdjustmentSettled(Message):
    """It is arranged, or was arranged anew."""

    kind: Literal["adjustment_settled"] = "adjustment_settled"
    adjustment: int
    instruction: str
    text: str | None = None


class ConductReported(Message):
    """`to`: directory id of the named person off the panel."""

    kind: Literal["conduct_reported"] = "conduct_reported"
    report: int
    text: str
    to: str


VoicesEvent = (
    MomentNoted
    | QuestionAsked
    | QuestionAnswered
    | QuestionAddressed
    | AdjustmentRequested
    | AdjustmentSettled
    | ConductReported
)

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Moment:
    by: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Question:
    n: int
    text: str
    at: datetime
    answer_by: datetime
    show_interviewers: bool
    answer: str | None = None
    addressed: bool = False


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """What the interviewers shall see to, what the candidate should know, and since when each reads so."""

    instruction: str
    given: int
    """How often an instruction was given; likewise `told`."""
    given_at: datetime
    text: str | None
    told: int
    told_at: datetime


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    n: int
    text: str
    at: datetime
    arranged: Arranged | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    n: int
    by: str
    text: str
    to: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Voices:
    """It stays when the interview is moved, and when its session is held a second time."""

    moments: tuple[Moment, ...] = ()
    questions: tuple[Question, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    reports: tuple[Report, ...] = ()
    """Of conduct; for one named person's eyes."""

    @property
    def instructions(self) -> tuple[Arranged, ...]:
        return tuple(one.arranged for one in self.adjustments if one.arranged is not None)


# --- rules -----------------------------------------------------------------------------------------------------------


def decide(command: VoicesCommand, interview: "Interview", now: datetime) -> list[VoicesEvent]:
    voices = interview.voices
    match command:
        case NoteMoment(by=by, text=text):
            _bounded(sum(one.by == by for one in voices.moments), MOST_MOMENTS, "moments")
            return [MomentNoted(text=text)]
        case AskQuestion(text=text, show_interviewers=show):
            _bounded(len(voices.questions), MOST_QUESTIONS, "questions")
            days = interview.policy.question_business_days
            answer_by = business_day_end(now, days, interview.people.clock(CANDIDATE))
            number = len(voices.questions) + 1
            return [QuestionAsked(question=number, text=text, show_interviewers=show, answer_by=answer_by)]
        case AnswerQuestion(question=number, text=text):
            _question(voices, number)
            return [QuestionAnswered(question=number, text=text)]
        case MarkAddressed(question=number):
            return [] if _question(voices, number).addressed else [QuestionAddressed(question=number)]
        case RequestAdjustment(text=text):
            if any(one.text == text for one in voices.adjustments):
                return []
            _bounded(len(voices.adjustments), MOST_ADJUSTMENTS, "adjustments")
            return [AdjustmentRequested(adjustment=len(voices.adjustments) + 1, text=text)]
        case ArrangeAdjustment():
            return _arrange(voices, command)
        case ReportConduct(by=by, text=text):
            return _report(interview, by, text)
        case _:
            assert_never(command)


def _bounded(there: int, most: int, what: str) -> None:
    if there >= most:
        raise Refused(Code.INVALID_COMMAND, f"text: {most} {what} are the most; talk to the coordinator")


def _report(interview: "Interview", by: str, text: str) -> list[VoicesEvent]:
    if any((one.by, one.text) == (by, text) for one in interview.voices.reports):
        return []
    to = interview.people.confidant
    if interview.people.organisation is None:
        raise Refused(Code.INVALID_STATE, "the directory has not answered yet; send it again in a minute")
    if to is None:
        raise Refused(Code.INVALID_STATE, "the organisation has named nobody off this panel for reports of conduct")
    if sum(one.by == by for one in interview.voices.reports) >= MOST_REPORTS:
        raise Refused(Code.INVALID_COMMAND, f"text: {MOST_REPORTS} reports are the most; talk to {to.name}")
    return [ConductReported(report=len(interview.voices.reports) + 1, text=text, to=to.person)]


def _arrange(voices: Voices, command: ArrangeAdjustment) -> list[VoicesEvent]:
    was = _adjustment(voices, command.adjustment).arranged
    if was is not None and (was.instruction, was.text) == (command.instruction, command.text):
        return []
    return [AdjustmentSettled(adjustment=command.adjustment, instruction=command.instruction, text=command.text)]


def _question(voices: Voices, number: int) -> Question:
    found = next((question for question in voices.questions if question.n == number), None)
    if found is None:
        raise Refused(Code.INVALID_COMMAND, f"question: there is no question {number}")
    return found


def _adjustment(voices: Voices, number: int) -> Adjustment:
    found = next((one for one in voices.adjustments if one.n == number), None)
    if found is None:
        raise Refused(Code.INVALID_COMMAND, f"adjustment: there is no adjustment {number}")
    return found


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(voices: Voices, event: VoicesEvent, at: datetime, by: str) -> Voices:
    match event:
        case MomentNoted(text=text):
            return replace(voices, moments=(*voices.moments, Moment(by=by, text=text, at=at)))
        case QuestionAsked(question=n, text=text, answer_by=answer_by, show_interviewers=show):
            asked = Question(n=n, text=text, at=at, answer_by=answer_by, show_interviewers=show)
            return replace(voices, questions=(*voices.questions, asked))
        case QuestionAnswered(question=n, text=text):
            return _set_question(voices, n, answer=text)
        case QuestionAddressed(question=n):
            return _set_question(voices, n, addressed=True)
        case AdjustmentRequested(adjustment=n, text=text):
            return replace(voices, adjustments=(*voices.adjustments, Adjustment(n=n, text=text, at=at)))
        case AdjustmentSettled():
            return _settled(voices, event, at)
        case ConductReported(report=n, text=text, to=to):
            return replace(voices, reports=(*voices.reports, Report(n=n, by=by, text=text, to=to, at=at)))
        case _:
            assert_never(event)


def _set_question(voices: Voices, n: int, *, answer: str | None = None, addressed: bool = False) -> Voices:
    questions = tuple(
        replace(one, answer=answer or one.answer, addressed=one.addressed or addressed) if one.n == n else one
        for one in voices.questions
    )
    return replace(voices, questions=questions)


def _settled(voices: Voices, event: AdjustmentSettled, at: datetime) -> Voices:
    def settled(one: Adjustment) -> Adjustment:
        if one.n != event.adjustment:
            return one
        was = one.arranged
        now = Arranged(instruction=event.instruction, given=1, given_at=at, text=event.text, told=1, told_at=at)
        if was is not None and was.instruction == event.instruction:
            now = replace(now, given=was.given, given_at=was.given_at)
        elif was is not None:
            now = replace(now, given=was.given + 1)
        if was is not None and was.text == event.text:
            now = replace(now, told=was.told, told_at=was.told_at)
        elif was is not None:
            now = replace(now, told=was.told + 1)
        return replace(one, arranged=now)

    return replace(voices, adjustments=tuple(settled(one) for one in voices.adjustments))
