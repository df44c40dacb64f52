"""The forms people fill in, short on purpose, with every anchor written out, and the default agenda.

Structure and anchored scales each raise the validity of an interview (Huffcutt 2014; Melchers 2011). A scorecard takes
ten minutes at most, a candidate's form three. A rubric is pinned when the interview starts: a later version changes no
form that is owed.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

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
        one="Names tools and terms, but cannot say how or why they were used.",
        three="Explains own work correctly, with its reasons and one of its limits.",
        five="Explains trade-offs between several ways, and when each of them fails.",
    ),
    Competency.WORK_ETHIC: Anchors(
        one="Describes results without own part, or leaves blame with others.",
        three="Describes what they did themselves, what went wrong, and how it was finished.",
        five="Describes how they noticed a fault early, told others, and changed their way of working.",
    ),
    Competency.PROBLEM_SOLVING: Anchors(
        one="Starts on a solution before the question is clear, and stays with it when it fails.",
        three="Asks what is unclear, splits the problem, reaches a solution that works with small help.",
        five="States assumptions, weighs two ways, tests the chosen one and says what remains open.",
    ),
    Competency.COMMUNICATION: Anchors(
        one="Answers another question than was asked; interests and requirements stay unclear.",
        three="Answers to the point; says what they want and need when asked.",
        five="Checks that they were understood; makes own interests clear and asks for ours.",
    ),
    Competency.MOTIVATION: Anchors(
        one="Cannot say what they expect of the role.",
        three="Says what they expect of the role, and one thing they want to learn.",
        five="Ties what they expect to what the role offers, and says what would make them leave.",
    ),
}


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


DEFAULT_RUBRIC = Rubric()

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


def fault(form: Scorecard | CandidateForm, assigned: tuple[str, ...], *, practice: bool) -> str | None:
    """Name the field and the remedy where a form does not fit its rubric; None where it does."""
    if isinstance(form, CandidateForm):
        return None
    if practice and form.recommendation is not None:
        return "form.recommendation: this is practice; leave it out"
    if not practice and form.recommendation is None:
        return "form.recommendation: give strong_no, no, yes or strong_yes"
    rated = [rating.competency for rating in form.ratings]
    if sorted(rated) != sorted(set(rated)):
        return "form.ratings: a competency is rated twice"
    foreign = [one for one in rated if one not in assigned]
    if foreign:
        return f"form.ratings: {foreign[0]} is not assigned here; rate {', '.join(assigned)}"
    for rating in form.ratings:
        if rating.score is not None and rating.evidence is None:
            return f"form.ratings.{rating.competency}.evidence: say what was said or done that earned the score"
    return None
