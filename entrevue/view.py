"""What one viewer is shown of an interview, as it goes over the wire. `entrevue.showing` fills it in."""

from typing import Literal

from pydantic import Field

from entrevue.answers import Means
from entrevue.attendance import Party
from entrevue.disputes import Ruling
from entrevue.letters import Brief, Improvement, TurnTo
from entrevue.privacy import Layer
from entrevue.report import LineView, Report, Shared, What
from entrevue.rubrics import Anchors, CandidateForm, Rating, Scorecard
from entrevue.values import Actor, Instant, InterviewId, Message, SeatRole, Slot, Status, Who

Kind = Literal["strength", "growth"]

Ball = Literal["candidate", "interviewers", "coordinator", "engine", "both", "authors", "decision_maker", "nobody"]


class HeardView(Message):
    """What somebody has answered to the booked time: by their calendar program, by mail, or by `answer_invitation`.

    Unverified: it could be anybody's, and changes nothing until they confirm it. `start`: what they would rather have.
    `until`: they said no, are asked what they meant, and give the time up by silence then.
    """

    answer: Literal["accepted", "tentative", "declined", "counter"]
    via: Means
    verified: bool
    at: Instant
    start: Instant | None = None
    reason: str | None = None
    until: Instant | None = None


class CalendarView(Message):
    """How the event stands in somebody's own calendar. `edited`: not as we wrote it, and not put back yet.

    `moved_to` and `put_back_at`: where they moved it, and when it goes back by itself, as far as that is known.
    """

    state: Literal["as_booked", "on_its_way", "edited", "taken_out", "emptied", "unreadable"]
    overlapped: bool = False
    moved_to: Instant | None = None
    put_back_at: Instant | None = None


class PersonView(Message):
    who: Who
    name: str
    seat: SeatRole | None = None
    answer: str | None = None
    """An interviewer's to the time that is held or booked."""
    invited: bool = False
    owes: tuple[str, ...] = ()
    """Forms and answers this person still owes."""
    heard: tuple[HeardView, ...] = ()
    """First what is known to be theirs, then what is not."""
    calendar: CalendarView | None = None
    """Of whose calendar we write, while a time is booked."""


class OddHours(Message):
    """It is before 08:00 or after 20:00 of their day for these people."""

    start: Instant
    whom: tuple[Who, ...]


class ApprovalView(Message):
    """A change that waits for the coordinator; unanswered, it is granted at `until`."""

    by: Who
    until: Instant
    mode: str
    start: Instant | None
    reason: str | None


class ConflictView(Message):
    """Who left the panel for a conflict of interest, and why: for the coordinator only."""

    who: Who
    reason: str | None


class AttentionView(Message):
    """`because`: what trouble it is, and what has to be mended, as far as whoever met it could say."""

    id: str
    owner: str
    rank: str
    since: Instant | None
    clears: tuple[str, ...]
    because: str | None = None


class ExpectationsView(Message):
    """Own expectations; `private` and `confidence` are never anybody else's."""

    for_other_side: str | None
    private: str | None = None
    confidence: int | None = None


class FormView(Message):
    """Own form: what is due and what was handed in. `partial`: it need not be, you were there for a part only."""

    state: str
    due: Instant
    partial: bool = False
    versions: int
    latest: Scorecard | CandidateForm | None
    late: bool = False
    """It came after its window had closed."""
    after_decision: bool = False
    """It came when the candidate knew the outcome; it is counted apart."""
    one_sided: bool = False
    """The other side has handed in nothing, and will not any more."""
    if_one_sided: str
    """What is told before it is handed in: what becomes of it where the other side hands in nothing."""
    addenda: tuple[str, ...] = ()
    rubric: dict[str, Anchors] = Field(default_factory=dict)
    """Of an interviewer: what they rate, with what a 1, a 3 and a 5 stand for."""
    themes: tuple[str, ...] = ()
    """What the self part can be tagged with: the other side tags what it says about you with the same."""
    asks: Improvement | None = None
    """What they wanted to try when they met last: did they act on it, and did it help?"""


class PeerForm(Message):
    """A scorecard as a colleague or the decision maker reads it: without the self part, maybe without the note."""

    who: Who
    name: str
    ratings: tuple[Rating, ...]
    recommendation: str | None
    sentences: tuple[Shared, ...]
    """Strength and growth point, as they stand now."""
    private_note: str | None
    addenda: tuple[str, ...] = ()
    late: bool = False
    one_sided: bool = False


class Scored(Message):
    """`score` None: not assessed."""

    who: Who
    name: str
    score: int | None


class SideBySide(Message):
    """One competency as the panel rates it: `n` scores, of so many who were to rate it. Nothing adds them up."""

    competency: str
    scores: tuple[Scored, ...]
    n: int
    of: int
    lowest: int | None
    highest: int | None
    mean: float | None
    """Of `n` scores; never shown without it."""


class FromCandidate(Message):
    """What a candidate chose to say to the interviewers as theirs; without the self part."""

    overall: int
    role_clear: int | None
    prepared: int | None
    listened: int | None
    respectful: int | None
    heard: int | None
    helped: str | None
    change: str | None
    """None where there is none, it is about a colleague, or it was taken out: `sentences` knows."""
    sentences: tuple[Shared, ...] = ()
    """Those two, as they stand now."""
    addenda: tuple[str, ...] = ()
    late: bool = False
    after_decision: bool = False
    one_sided: bool = False


class QuestionView(Message):
    question: int
    text: str
    answer_by: Instant
    answer: str | None
    addressed: bool


class NoShowView(Message):
    """Somebody is said to have been absent. `contest_until`: so long the absent side can object."""

    party: Party
    contest_until: Instant
    contested: bool
    you_may_contest: bool


class AdjustmentView(Message):
    """What the candidate asked for; `instruction` is for the coordinator's eyes, who wrote it."""

    adjustment: int
    text: str
    arranged: bool
    answer: str | None = None
    instruction: str | None = None


class ConductView(Message):
    """A report of conduct, for whoever is named for them; or one's own."""

    by: Who
    name: str
    text: str
    at: Instant


class DecisionView(Message):
    outcome: str
    process_over: bool
    told_at: Instant | None = None


class ProcessView(Message):
    """The process this interview belongs to, and how it ended, where it has and the candidate knows."""

    id: InterviewId | None
    outcome: str | None = None
    told_at: Instant | None = None
    """None where the candidate ended it themselves."""


class PracticeView(Message):
    """Asked for as practice: it is, once everybody has confirmed it."""

    confirmed: tuple[Who, ...]


class ConsentView(Message):
    """Something the candidate may agree to, in the words they are asked in."""

    layer: Layer
    words: str
    given: bool


class CandidateFeedbackView(Message):
    state: str
    available_at: Instant | None = None
    open_until: Instant | None = None
    """So long it can be opened; None where it was."""
    strengths: tuple[str, ...] = ()
    growth: tuple[str, ...] = ()
    sentences: tuple[Shared, ...] = ()
    """All of them as they stand now, also what was taken out; whoever disputes one gives its number."""
    next_step: str | None = None


class ToReview(Message):
    """A shareable sentence that a person reads before the candidate does, or can still take back."""

    author: Who
    what: Kind
    text: str


class WithheldView(Message):
    """A sentence that was not passed on to the candidate, and why; for its author, and the reviewer who said so."""

    author: Who
    what: Kind
    text: str | None
    """None where the reader may not read it (any more)."""
    reason: str


class DisputeView(Message):
    """An objection to a sentence. `dispute` is its number, for those who rule; `text` what they rule on."""

    dispute: int | None
    by: Who
    author: Who | None
    """None where the candidate disputes it: they know its number."""
    sentence: int | None = None
    what: What
    text: str | None
    reason: str
    rule_by: Instant
    ruling: Ruling | None = None
    ruling_reason: str | None = None
    amended: str | None = None


class LookingBackView(Message):
    """Own reflection, and whether it helped; also where nothing is released, and so no report is there."""

    reflection: str | None
    will_try: str | None
    acted: str | None
    helped: str | None
    note: str | None


class View(Message):
    """One interview as one viewer may see it."""

    interview: InterviewId
    viewer: Actor
    status: Status
    ball: Ball
    since: Instant
    revision: int
    role: str
    organisation: str | None
    slot: Slot | None
    sequence: int | None
    location: str | None
    agenda: tuple[str, ...]
    held: Slot | None = None
    """A time that the interviewers are asked to accept."""
    availability_wanted: bool = False
    """The candidate is asked when they are free, instead of being made an offer."""
    unsocial: tuple[OddHours, ...] = ()
    """Which of these times lie outside 08:00–20:00 for whom."""
    pending_approval: ApprovalView | None = None
    empty_seats: tuple[int, ...] = ()
    conflicts: tuple[ConflictView, ...] = ()
    offered: tuple[Slot, ...] = ()
    reply_by: Instant | None = None
    answer_by: Instant | None = None
    people: tuple[PersonView, ...]
    waits_until: Instant | None = None
    """Somebody is late, and is waited for so long."""
    no_show: NoShowView | None = None
    presumed: bool = False
    """Nobody recorded the session: who took part can say that it did not take place, until they confirm it."""
    attention: tuple[AttentionView, ...] = ()
    closed_by: str | None = None
    closed_reason: str | None = None
    late: bool = False
    practice: PracticeView | None = None
    process: ProcessView | None = None
    own_expectations: ExpectationsView | None = None
    written_for_you: tuple[LineView, ...] = ()
    brief: Brief | None = None
    """What the viewer brings from earlier interviews; until the session is over."""
    scale: tuple[str, ...] = ()
    """What an interviewer will rate, anchors written out; likewise."""
    form: FormView | None = None
    scorecards: tuple[PeerForm, ...] = ()
    panel: tuple[SideBySide, ...] = ()
    """Ratings side by side, a competency each; there is no total, and no order of candidates."""
    from_candidate: FromCandidate | None = None
    moments: tuple[str, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    adjustments: tuple[AdjustmentView, ...] = ()
    instructions: tuple[str, ...] = ()
    """For interviewers: what to see to, because the candidate asked for an adjustment."""
    conduct_reports: tuple[ConductView, ...] = ()
    conduct_goes_to: TurnTo | None = None
    """Who reads a report of conduct, and can be written to: never somebody of this panel."""
    consents: tuple[str, ...] = ()
    offers: tuple[ConsentView, ...] = ()
    """To the candidate: what they may agree to, and have or have not."""
    decision: DecisionView | None = None
    to_review: tuple[ToReview, ...] = ()
    review_due: Instant | None = None
    withheld: tuple[WithheldView, ...] = ()
    feedback: CandidateFeedbackView | None = None
    disputes: tuple[DisputeView, ...] = ()
    disputes_open: int | None = None
    looking_back: LookingBackView | None = None
    report: Report | None = None


class Export(Message):
    """All that a person may see of their interview, and what they take home from it as a document (Markdown)."""

    view: View
    document: str | None
    """None before there is anything to take home."""


class Happening(Message):
    """One line of the timeline: what kind of thing happened when, and through whom; never its content.

    `seq` counts the lines, not the events: some events are nobody's business, and would show as gaps.
    """

    seq: int
    at: Instant
    by: str
    kind: str
