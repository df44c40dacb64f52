"""The forms people fill in, short on purpose, with every anchor written out, and the default agenda.

Structure and anchored scales each raise the validity of an interview (Huffcutt 2014; Melchers 2011). A scorecard takes
ten minutes at most, a candidate's form three. A rubric is pinned when the interview starts: a later version changes no
form that is owed.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from entrevue.values import Intake, Line, Text, Who

SCORECARD_MINUTES, CANDIDATE_MINUTES = 10, 3
MOST_ASSIGNED = 3
"""Competencies one interviewer rates: more are not rated, they are ticked off."""

AGENDA = (
    "Welcome, and who we are (5 min)",
    "Your story, told by you (10 min)",
    "The work: problems we would solve together (15 min)",
    "What you require, and your questions to us (10 min)",
)
"""Opens with the candidate's story and ends with their requirements and questions."""

CompetencyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
"""As it stands in JSON; shown with spaces."""


class Competency(StrEnum):
    EXPERTISE = "expertise"
    WORK_ETHIC = "work_ethic"
    PROBLEM_SOLVING = "problem_solving"
    COMMUNICATION = "communication"
    MOTIVATION = "motivation"


class Anchors(Intake):
    """What behaviour a 1, a 3 and a 5 stand for; 2 and 4 lie between."""

    one: Line
    three: Line
    five: Line


LIBRARY: dict[str, Anchors] = {
    Competency.EXPERTISE: Anchors(
        one="Names tools and methods, and gives no example of how or why they were used.",
        three="Explains a piece of own work step by step, with its reasons and one of its limits.",
        five="Compares several ways to do it, and says when each of them fails and how that showed.",
    ),
    Competency.WORK_ETHIC: Anchors(
        one="Tells results without their own part in them, or only what others did wrong.",
        three="Tells what they did themselves, what went wrong, and how they saw it through.",
        five="Tells how they noticed a fault of their own early, told others, and changed how they work.",
    ),
    Competency.PROBLEM_SOLVING: Anchors(
        one="Starts on a solution before asking what is unclear, and repeats it when it does not work.",
        three="Asks what is unclear, splits the problem, and solves it with a hint or two.",
        five="States assumptions, weighs two ways aloud, tests the chosen one and says what stays open.",
    ),
    Competency.COMMUNICATION: Anchors(
        one="Answers another question than was asked; names no wish or requirement when asked for them.",
        three="Answers what was asked; says what they want and need when asked.",
        five="Checks that they were understood; says unasked what they want and need, and asks the same of us.",
    ),
    Competency.MOTIVATION: Anchors(
        one="Names nothing particular to this role when asked what they expect of it.",
        three="Says what they expect of this role, and one thing they want to learn in it.",
        five="Ties what they expect to what the role offers, and says what would make them leave.",
    ),
}
"""What was said or done, never what somebody is: whoever was there could have written the same down."""


class Rubric(Intake):
    """What interviewers rate, by which anchors. A backend may bring its own; its version is the backend's to count."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "entrevue"
    version: Annotated[int, Field(ge=1)] = 1
    competencies: Annotated[
        dict[CompetencyName, Anchors], Field(min_length=1, max_length=12, description="anchors at 1, 3 and 5 each")
    ] = LIBRARY
    assigned: Annotated[
        tuple[CompetencyName, ...],
        Field(min_length=1, max_length=MOST_ASSIGNED, description="what whoever has no others of their own rates"),
    ] = (Competency.EXPERTISE, Competency.WORK_ETHIC, Competency.COMMUNICATION)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problem = misnamed(self, self.assigned)
        if problem is not None:
            raise ValueError(f"assigned: {problem}")
        return self


Score = Annotated[int, Field(ge=1, le=5)]
Expectation = Literal["missed", "met", "surpassed"]


class Behaviour(StrEnum):
    """What an interviewer does that a candidate can feel: the themes of what candidates say about interviews."""

    CLARITY = "clarity"
    PREPARATION = "preparation"
    LISTENING = "listening"
    RESPECT = "respect"
    QUESTIONS = "questions"
    TIME = "time"


class Rating(Intake):
    """A score needs its evidence; no score means "not assessed"."""

    competency: CompetencyName
    score: Score | None = None
    evidence: Text | None = None


class SelfPart(Intake):
    """Private, for the author's own gap report; only counted, among five candidates or more, nobody reads it singly."""

    expectations: Annotated[Expectation | None, Field(description="were your own expectations met?")] = None
    went_well: Text | None = None
    went_well_in: Annotated[str | None, Field(max_length=40, description="its theme, as the form lists them")] = None
    differently: Text | None = None
    differently_in: Annotated[str | None, Field(max_length=40, description="likewise")] = None
    confidence: Annotated[Score | None, Field(description="how sure you feel now, 1 to 5")] = None
    acted: Annotated[
        Literal["yes", "partly", "no"] | None, Field(description="did you act on what you wanted to try?")
    ] = None
    acted_helped: Literal["yes", "no", "too_early"] | None = None


class Scorecard(Intake):
    """An interviewer's form. The recommendation has four points and no neutral one; practice has none at all."""

    form: Literal["scorecard"] = "scorecard"
    ratings: Annotated[tuple[Rating, ...], Field(max_length=MOST_ASSIGNED)]
    recommendation: Literal["strong_no", "no", "yes", "strong_yes"] | None = None
    strength: Annotated[Line | None, Field(description="shareable: one thing they did well")] = None
    strength_in: Annotated[CompetencyName | None, Field(description="the competency it shows")] = None
    growth: Annotated[Line | None, Field(description="shareable: one thing to grow in")] = None
    growth_in: Annotated[CompetencyName | None, Field(description="likewise")] = None
    private_note: Text | None = None
    own: SelfPart = SelfPart()


class CandidateForm(Intake):
    """The candidate's form, one for the whole panel. A single tap (`overall`) is enough."""

    form: Literal["candidate"] = "candidate"
    overall: Score
    role_clear: Annotated[Score | None, Field(description="role and expectations were clear to me")] = None
    prepared: Annotated[Score | None, Field(description="they were prepared")] = None
    listened: Annotated[Score | None, Field(description="they listened")] = None
    respectful: Annotated[Score | None, Field(description="they were respectful")] = None
    heard: Annotated[Score | None, Field(description="I could make clear what I want and require")] = None
    helped: Annotated[Line | None, Field(description="one thing that helped you")] = None
    helped_in: Behaviour | None = None
    change: Annotated[Line | None, Field(description="one thing they should change")] = None
    change_in: Behaviour | None = None
    recommend: Annotated[int | None, Field(ge=0, le=10, description="would you recommend us? 0 to 10")] = None
    about: Annotated[Who | None, Field(description="the interviewer whom helped and change are about, if one")] = None
    share: Annotated[
        Literal["aggregated", "attributed", "company_only"] | None,
        Field(
            description=(
                "aggregated (if you say nothing; attributed in practice): interviewers see figures of five candidates "
                "or more and only sentences you tick; attributed: they see this form as yours once everything is "
                "decided; company_only: never"
            )
        ),
    ] = None
    tick_helped: Annotated[bool, Field(description="show them this sentence, undated, among others")] = False
    tick_change: Annotated[bool, Field(description="likewise")] = False
    own: SelfPart = SelfPart()


Form = Annotated[Scorecard | CandidateForm, Field(discriminator="form")]


# --- what does not fit -----------------------------------------------------------------------------------------------


def fault(form: Scorecard | CandidateForm, rubric: Rubric, assigned: tuple[str, ...], *, practice: bool) -> str | None:
    """Name the field and the remedy where a form does not fit its rubric; None where it does."""
    if isinstance(form, CandidateForm):
        return _fault_of_candidate(form, rubric)
    return (
        _fault_of_recommendation(form, practice=practice)
        or _fault_of_ratings(form, assigned)
        or _foreign_theme({"strength_in": form.strength_in, "growth_in": form.growth_in}, rubric.competencies)
        or _foreign_theme(_themes(form.own), list(Behaviour))
    )


def _fault_of_candidate(form: CandidateForm, rubric: Rubric) -> str | None:
    if form.tick_helped and form.helped is None:
        return "form.tick_helped: there is no sentence to show; write `helped`, or leave the tick out"
    if form.tick_change and form.change is None:
        return "form.tick_change: there is no sentence to show; write `change`, or leave the tick out"
    return _foreign_theme(_themes(form.own), rubric.competencies)


def _fault_of_recommendation(form: Scorecard, *, practice: bool) -> str | None:
    if practice and form.recommendation is not None:
        return "form.recommendation: this is practice; leave it out"
    if not practice and form.recommendation is None:
        return "form.recommendation: give strong_no, no, yes or strong_yes"
    return None


def _fault_of_ratings(form: Scorecard, assigned: tuple[str, ...]) -> str | None:
    rated = [rating.competency for rating in form.ratings]
    if twice := _twice(rated):
        return f"form.ratings: {twice} is rated twice; rate it once"
    foreign = [one for one in rated if one not in assigned]
    if foreign:
        return f"form.ratings: {foreign[0]} is not assigned here; rate {', '.join(assigned)}"
    for rating in form.ratings:
        if rating.score is not None and rating.evidence is None:
            return f"form.ratings.{rating.competency}.evidence: say what was said or done that earned the score"
    return None


def _themes(own: SelfPart) -> dict[str, str | None]:
    """Everybody names their own view as the other side names theirs of them, so that both can be held side by side."""
    return {"own.went_well_in": own.went_well_in, "own.differently_in": own.differently_in}


def _foreign_theme(named: Mapping[str, str | None], themes: Iterable[str]) -> str | None:
    known = list(themes)
    for name, theme in named.items():
        if theme is not None and theme not in known:
            return f"form.{name}: is no theme of this form; take one of {', '.join(known)}, or leave it out"
    return None


def unfit(rubric: Rubric, assigned: tuple[str, ...]) -> str | None:
    """Say why an interviewer cannot rate these competencies, and what would help; None where they can.

    Asked when an interview is asked for, and never again: questions and estimates change, and a rubric that was
    accepted once can be read for ever.
    """
    return misnamed(rubric, assigned) or _too_long(rubric, assigned)


def misnamed(rubric: Rubric, assigned: tuple[str, ...]) -> str | None:
    """Say which of these competencies is none of the rubric's, or is there twice."""
    if twice := _twice(assigned):
        return f"{twice} is named twice; name it once"
    known = ", ".join(rubric.competencies)
    if strange := next((one for one in assigned if one not in rubric.competencies), None):
        return f"{strange} is no competency of the rubric; it has {known}"
    return None


def _too_long(rubric: Rubric, assigned: tuple[str, ...]) -> str | None:
    takes = scorecard_length(rubric, assigned)
    over = takes.minutes - SCORECARD_MINUTES
    if over > 0:
        words = math.ceil(over * READ_A_MINUTE)
        return (
            f"the form would take {takes.minutes:.1f} minutes, {SCORECARD_MINUTES} at most; "
            f"take {words} words out of the anchors of {', '.join(assigned)}, or assign fewer"
        )
    return None


def _twice(names: Iterable[str]) -> str | None:
    seen = list(names)
    return next((name for name in seen if seen.count(name) > 1), None)


# --- how long a form takes -------------------------------------------------------------------------------------------

READ_A_MINUTE = 200
"""Words. Silent reading in one's own language does 238 (Brysbaert 2019); many read this in another."""

WRITTEN_A_MINUTE = 19
"""Words, composed, not copied (Karat et al. 1999)."""

SECONDS_A_TAP = 5
"""To weigh what was read, and to choose. Finding and pressing alone takes 2.65 s (Card, Moran & Newell 1980)."""

_A_LINE, _A_NOTE = 12, 20
"""Words of an answer: a sentence; two that say what was said or done. These are assumptions, for the first forms that
were filled in to correct."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One field of a form, in the words its author reads, choices included. Unless they write, it is a tap."""

    asks: str
    writes: int = 0
    required: bool = False
    more: bool = False
    """Opened by whoever wants to say more, or shown only where it applies: the minutes promised are without it."""


def _of_self(themes: Iterable[str], *, more: bool) -> dict[str, Question]:
    about = f"It was about: {', '.join(themes)}"
    return {
        "own.expectations": Question(asks="For you alone: your expectations were missed, met, surpassed"),
        "own.went_well": Question(asks="What went well for you?", writes=_A_LINE, more=more),
        "own.went_well_in": Question(asks=about, more=more),
        "own.differently": Question(asks="What would you do differently?", writes=_A_LINE, more=more),
        "own.differently_in": Question(asks=about, more=more),
        "own.confidence": Question(asks="How sure do you feel now? 1 to 5"),
        "own.acted": Question(asks="Did you do what you wanted to try? Yes, partly, no", more=more),
        "own.acted_helped": Question(asks="Did it help? Yes, no, too early", more=more),
    }


_RATING: Mapping[str, Question] = {
    "score": Question(asks="1 to 5, or not assessed", required=True),
    "evidence": Question(asks="What was said or done?", writes=_A_NOTE, required=True),
}
"""Asked of each competency that is assigned, below its name and anchors."""

SCORECARD: Mapping[str, Question] = {
    "recommendation": Question(asks="Your recommendation: strong no, no, yes, strong yes", required=True),
    "strength": Question(asks="One thing they did well; they may read this", writes=_A_LINE),
    "strength_in": Question(asks="It shows in"),
    "growth": Question(asks="One thing to grow in; they may read this", writes=_A_LINE),
    "growth_in": Question(asks="It shows in"),
    "private_note": Question(asks="A note for the decision maker alone", writes=_A_NOTE),
    **_of_self(Behaviour, more=False),
}
"""What an interviewer is asked besides the ratings."""

CANDIDATE_FORM: Mapping[str, Question] = {
    "overall": Question(asks="How was it, all in all? 1 to 5", required=True),
    "role_clear": Question(asks="The role and what is expected were clear"),
    "prepared": Question(asks="They were prepared"),
    "listened": Question(asks="They listened"),
    "respectful": Question(asks="They were respectful"),
    "heard": Question(asks="I could say what I want and need"),
    "helped": Question(asks="One thing that helped you", writes=_A_LINE),
    "helped_in": Question(asks=f"It was about: {', '.join(Behaviour)}"),
    "change": Question(asks="One thing they should change", writes=_A_LINE),
    "change_in": Question(asks="It was about"),
    "about": Question(asks="Both are about one interviewer:", more=True),
    "recommend": Question(asks="Would you recommend us? 0 to 10"),
    "share": Question(
        asks=(
            "Interviewers see: only figures of five candidates or more, and sentences you tick; "
            "all this as yours, once everything is decided; nothing"
        )
    ),
    "tick_helped": Question(asks="Show this sentence, undated"),
    "tick_change": Question(asks="Show this sentence, undated"),
    **_of_self(Competency, more=True),
}
"""What a candidate is asked. What they would say of themselves waits until they open it, or for the reflection."""


@dataclass(frozen=True, kw_only=True)
class Length:
    """What a form asks of its author: fields, those of them required, words to read and to write, taps."""

    fields: int
    required: int
    reads: int
    writes: int
    taps: int

    @property
    def minutes(self) -> float:
        return self.reads / READ_A_MINUTE + self.writes / WRITTEN_A_MINUTE + self.taps * SECONDS_A_TAP / 60


def scorecard_length(rubric: Rubric, assigned: tuple[str, ...], *, least: bool = False) -> Length:
    """Estimate an interviewer's form, all of it filled in; or `least`: only what is required."""
    rated = [question for _ in assigned for question in _RATING.values()]
    read = " ".join(
        f"{name.replace('_', ' ')} {anchors.one} {anchors.three} {anchors.five}"
        for name, anchors in rubric.competencies.items()
        if name in assigned
    )
    return _length([*rated, *(one for one in SCORECARD.values() if one.required or not least)], read)


def candidate_length(what: Literal["a_tap", "asked", "all"] = "asked") -> Length:
    """Estimate the candidate's form: the tap that is enough, what is asked, or with all that they can open besides."""
    asked = CANDIDATE_FORM.values()
    if what == "a_tap":
        return _length([one for one in asked if one.required])
    return _length([one for one in asked if what == "all" or not one.more])


def _length(questions: Iterable[Question], read: str = "") -> Length:
    asked = list(questions)
    return Length(
        fields=len(asked),
        required=sum(one.required for one in asked),
        reads=len(read.split()) + sum(len(one.asks.split()) for one in asked),
        writes=sum(one.writes for one in asked),
        taps=sum(not one.writes for one in asked),
    )


DEFAULT_RUBRIC = Rubric()
"""Last in this file: it is checked, too."""
