"""What is learned across interviews: lessons of single ones, and what may be published of many.

A *lesson* is what one interview teaches about one subject (an interviewer, the organisation, a candidate), a pure
function of that interview's state: only what is released, undisputed and not practice. Lessons are kept in the order in
which they came; one that changed comes again, under the same interview and subject, and counts instead of the older.
What people read is a pure function of a subject's lessons.

Candidates stay anonymous to interviewers: figures, themes and sentences change only when the answers of five more
candidates are there, and cover whole batches of them. So two successive figures differ by five people or more.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from entrevue.orders import Brief, Improvement, Theme
from entrevue.values import CANDIDATE, Instant, InterviewId, Message, PersonId, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

K = 5
"""A figure covers so many candidates or more, and changes by so many new ones or more (lifecycle, section 6)."""

# --- lessons ---------------------------------------------------------------------------------------------------------


class Answers(Message):
    """What one candidate answered; nothing of their own words."""

    overall: int
    role_clear: int | None = None
    prepared: int | None = None
    listened: int | None = None
    respectful: int | None = None
    heard: int | None = None
    recommend: int | None = None
    expectations: Literal["missed", "met", "surpassed"] | None = None


class Sentence(Message):
    """A sentence that the candidate ticked, or attributed."""

    what: Literal["helped", "change"]
    text: str | None
    """None: only its theme may be shown."""
    theme: str | None = None


class OfInterviewer(Message):
    """What one interview teaches about one interviewer who was there."""

    kind: Literal["of_interviewer"] = "of_interviewer"
    person: PersonId
    candidate: str
    """Opaque; the same in every interview of one candidate, so that nobody counts twice."""
    answers: Answers | None = None
    """None: the candidate gave no form, or gave it to the company only."""
    share: Literal["aggregated", "attributed"] | None = None
    after_decision: bool = False
    """Answered knowing the outcome; reported apart."""
    sentences: tuple[Sentence, ...] = ()
    improvement: str | None = None
    """The interviewer's own: what they want to try, from their reflection."""
    checked: Literal["yes", "partly", "no"] | None = None
    """Did they act on the improvement that was open before: in this interview's form, or in its growth check?"""
    helped: Literal["yes", "no", "too_early"] | None = None
    at: Instant
    """When the improvement was chosen or checked; else when it was released."""


class OfOrganisation(Message):
    """What one interview teaches about how the organisation interviews."""

    kind: Literal["of_organisation"] = "of_organisation"
    candidate: str
    asked_for_form: bool = True
    """Whether a form was due at all: the denominator of the response rate."""
    answers: Answers | None = None
    after_decision: bool = False
    late_cancel: bool = False
    questions: int = 0
    addressed: int = 0
    """Open questions that the candidate asked, and marked as addressed."""
    preview_honest: int | None = None


class OfCandidate(Message):
    """What one interview leaves with the candidate, for their own eyes."""

    kind: Literal["of_candidate"] = "of_candidate"
    candidate: str
    role: str
    organisation: str
    at: Instant
    expectations: Literal["missed", "met", "surpassed"] | None = None
    confidence_before: int | None = None
    confidence_after: int | None = None
    strengths: tuple[str, ...] = ()
    growth: tuple[str, ...] = ()
    next_step: str | None = None
    reflection: str | None = None
    will_try: str | None = None
    acted: Literal["yes", "partly", "no"] | None = None
    helped: Literal["yes", "no", "too_early"] | None = None


Content = OfInterviewer | OfOrganisation | OfCandidate


class Lesson(Message):
    """One lesson as it is kept. `content` None: it counts for nothing any more (a ruling, an erasure)."""

    interview: InterviewId
    subject: str
    """`interviewer/{directory id}`, `organisation` or `candidate/{opaque key}`."""
    content: Annotated[Content, Field(discriminator="kind")] | None


ORGANISATION = "organisation"


def subject_of(interview: "Interview", who: Who) -> str:
    """Name the subject that somebody of this interview is."""
    return (
        f"candidate/{candidate_key(interview)}" if who == CANDIDATE else f"interviewer/{interview.people[who].person}"
    )


def candidate_key(interview: "Interview") -> str:
    """Tell candidates apart across interviews: by the backend's id of them, else by a digest of their address.

    Of the address they were invited by: a later correction makes nobody a second person.
    """
    contact = interview.request.candidate
    if contact.id is not None:
        return contact.id
    return hashlib.sha256(contact.email.strip().lower().encode()).hexdigest()[:32]


def lessons(interview: "Interview") -> tuple[Lesson, ...]:
    """Give what this interview teaches now; nothing before it is released."""
    raise NotImplementedError


# --- what people read ------------------------------------------------------------------------------------------------


class Figure(Message):
    """One mean, never without its n and who was asked. `n` of `asked` answered this question."""

    n: int
    asked: int
    mean: float


class Profile(Message):
    """One interviewer's growth, for their own eyes. Without `enough` there is nothing of candidates in it."""

    kind: Literal["profile"] = "profile"
    person: PersonId
    enough: bool = False
    candidates: int = 0
    """How many candidates' answers are published: whole batches."""
    figures: dict[str, Figure] = Field(default_factory=dict)
    """By question: overall, role_clear, prepared, listened, respectful, heard."""
    after_decision: dict[str, Figure] = Field(default_factory=dict)
    """Of those who knew the outcome when they answered; apart, and by the same rule of five."""
    themes: tuple[Theme, ...] = ()
    said: tuple[str, ...] = ()
    """Ticked sentences of published batches, undated, in an order that tells nothing."""
    improvement: Improvement | None = None
    """What they have chosen to try, and not checked yet."""
    tried: int = 0
    helped: int = 0
    """Improvements acted on, and of those the ones that helped."""


class Aggregates(Message):
    """How candidates feel about interviews here. Without `enough` there are no figures."""

    kind: Literal["aggregates"] = "aggregates"
    enough: bool = False
    candidates: int = 0
    asked: int = 0
    response_rate: float | None = None
    figures: dict[str, Figure] = Field(default_factory=dict)
    """overall, role_clear, prepared, listened, respectful, heard, preview_honest; 1 to 5."""
    after_decision: dict[str, Figure] = Field(default_factory=dict)
    expectations: dict[str, int] = Field(default_factory=dict)
    """missed, met, surpassed: how many candidates, each."""
    nps: Figure | None = None
    """Promoters (9, 10) minus detractors (0 to 6), in percent."""
    questions: int = 0
    addressed: int = 0


class Record(Message):
    """A candidate's own learning across their interviews, the newest last; for their eyes alone."""

    kind: Literal["record"] = "record"
    interviews: tuple["Remembered", ...] = ()
    improvement: Improvement | None = None


class Remembered(Message):
    interview: InterviewId
    learned: OfCandidate


Learned = Profile | Aggregates | Record


class ReadLearning(Message):
    """What the workflow `Learning` is asked. Name a person, or an interview for its candidate, or neither."""

    viewer: str
    """The interviewer's own directory id; `coordinator` or `decision_maker`; `candidate`."""
    person: PersonId | None = None
    interview: InterviewId | None = None


def profile(person: PersonId, kept: Sequence[Lesson]) -> Profile:
    """Publish what an interviewer may read of their lessons, in the order in which they came."""
    raise NotImplementedError


def aggregates(kept: Sequence[Lesson]) -> Aggregates:
    raise NotImplementedError


def record(kept: Sequence[Lesson]) -> Record:
    raise NotImplementedError


def brief(who: Who, kept: Sequence[Lesson]) -> Brief:
    """Give what fits into the reminder of the next interview: the open improvement, themes, a few sentences."""
    raise NotImplementedError


def changed(before: Iterable[Lesson], now: Iterable[Lesson]) -> tuple[Lesson, ...]:
    """Give what must be kept of `now`, `before` being what is known of the same interview: what is new or different.

    A subject that is gone comes again without content.
    """
    raise NotImplementedError
