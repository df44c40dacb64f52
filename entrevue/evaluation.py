"""What both sides expected and how each evaluates the other: sealed from one another until both gates have opened."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

from pydantic import Field

from entrevue.civil import day_end
from entrevue.rubrics import CandidateForm, Form, Rating, Score, Scorecard, fault
from entrevue.scheduling import InterviewCancelled, SchedulingEvent
from entrevue.session import AN_OUTAGE, FormDue
from entrevue.values import CANDIDATE, Actor, Code, Instant, Intake, Line, Message, Refused, Status, Text, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

LONGEST_WINDOW = timedelta(days=60)
"""From the session on; no deadline is moved beyond. As long as a policy's window can be (`Policy.evaluation_days`)."""

MOST_ADDENDA = 20

# --- commands --------------------------------------------------------------------------------------------------------


class ShareExpectations(Intake):
    """Before the session: one line for the other side, one private line. The latest version holds."""

    kind: Literal["share_expectations"] = "share_expectations"
    by: Actor
    for_other_side: Annotated[
        Line | None, Field(description="shown to them: what I hope to discuss / what I will assess")
    ] = None
    private: Annotated[Text | None, Field(description="sealed: what I expect, what I bring")] = None
    confidence: Annotated[Score | None, Field(description="how sure you feel before, 1 to 5; private")] = None


class SubmitEvaluation(Intake):
    """Hand in your form, or a new version of it while it is not locked."""

    kind: Literal["submit_evaluation"] = "submit_evaluation"
    by: Actor
    form: Form


class ExcuseEvaluation(Intake):
    """Release somebody from their form, with a reason."""

    kind: Literal["excuse_evaluation"] = "excuse_evaluation"
    by: Actor
    whom: Who
    reason: Line


class ConfirmPractice(Intake):
    """Say that this is practice, and no hiring is decided by it. Gate 2 falls away once everybody has said so."""

    kind: Literal["confirm_practice"] = "confirm_practice"
    by: Actor


class ExtendDeadline(Intake):
    """Give more time for a form, or for all that are open; never less."""

    kind: Literal["extend_deadline"] = "extend_deadline"
    by: Actor
    whom: Annotated[Who | None, Field(description="whose form; leave out for all that are open")] = None
    until: Instant


class AddAddendum(Intake):
    """Add to your own form what came to light after it was locked; the form itself stays as it is."""

    kind: Literal["add_addendum"] = "add_addendum"
    by: Actor
    text: Annotated[Text, Field(max_length=1000)]


EvaluationCommand = (
    ShareExpectations | SubmitEvaluation | ExcuseEvaluation | ConfirmPractice | ExtendDeadline | AddAddendum
)

# --- events ----------------------------------------------------------------------------------------------------------


class ExpectationsShared(Message):
    kind: Literal["expectations_shared"] = "expectations_shared"
    for_other_side: str | None = None
    private: str | None = None
    confidence: int | None = None


class EvaluationSubmitted(Message):
    """`late`: after its window had closed. `after_decision`: the candidate knew the outcome; reported apart.

    A candidate's form always says with whom it is shared.
    """

    kind: Literal["evaluation_submitted"] = "evaluation_submitted"
    version: int
    late: bool
    form: Form
    after_decision: bool = False


class EvaluationExcused(Message):
    kind: Literal["evaluation_excused"] = "evaluation_excused"
    whom: Who
    reason: str


class EvaluationsSealed(Message):
    """Gate 1: what is there is locked; what is missing has expired. `embargo_until` opens aggregates only."""

    kind: Literal["evaluations_sealed"] = "evaluations_sealed"
    expired: tuple[Who, ...]
    embargo_until: Instant


class PracticeConfirmed(Message):
    kind: Literal["practice_confirmed"] = "practice_confirmed"


class EvaluationsExtended(Message):
    """Somebody gave more time, or an outage of ours took some (then `by` is the clock)."""

    kind: Literal["evaluations_extended"] = "evaluations_extended"
    forms: tuple[FormDue, ...]


class AddendumAdded(Message):
    kind: Literal["addendum_added"] = "addendum_added"
    text: str


EvaluationEvent = (
    ExpectationsShared
    | EvaluationSubmitted
    | EvaluationExcused
    | EvaluationsSealed
    | PracticeConfirmed
    | EvaluationsExtended
    | AddendumAdded
)

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Expectations:
    for_other_side: str | None
    private: str | None
    confidence: int | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Version:
    form: Scorecard | CandidateForm
    at: datetime
    late: bool
    after_decision: bool = False


@dataclass(frozen=True, kw_only=True)
class Addendum:
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class FormState:
    due: datetime
    partial: bool = False
    """Its author was there for a part of the session only: it may be handed in, and nobody waits for it."""
    was: Literal["open", "submitted", "excused", "expired"] = "open"
    versions: int = 0
    latest: Version | None = None
    """Older ones are in the journal alone: there may be any number of them, and state must fit into one payload."""
    addenda: tuple[Addendum, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    expectations: dict[str, Expectations] = field(default_factory=dict)
    forms: dict[str, FormState] = field(default_factory=dict)
    sealed_at: datetime | None = None
    embargo_until: datetime | None = None
    practice: tuple[str, ...] = ()
    """Who has confirmed that this is practice."""
    made_good: bool = False
    """The window closed during an outage of ours, and was opened once more."""

    @property
    def window_closes(self) -> datetime | None:
        return max((form.due for form in self.forms.values()), default=None)


# --- rules -----------------------------------------------------------------------------------------------------------


def decide(command: EvaluationCommand, interview: "Interview", now: datetime) -> list[EvaluationEvent]:
    match command:
        case ShareExpectations():
            return _share(command, interview, now)
        case SubmitEvaluation(by=by, form=form):
            return _submit(interview, by, form, now)
        case ExcuseEvaluation(by=by, whom=whom, reason=reason):
            return _excuse(interview, by, whom, reason)
        case ConfirmPractice(by=by):
            return _confirm_practice(interview, by)
        case ExtendDeadline(whom=whom, until=until):
            return _extend(interview, whom, until, now)
        case AddAddendum(by=by, text=text):
            return _add(interview, by, text)
        case _:
            assert_never(command)


def _share(command: ShareExpectations, interview: "Interview", now: datetime) -> list[EvaluationEvent]:
    """What is said when the hour has come is no expectation any more; for another time it may be said anew."""
    booking, paused = interview.scheduling.booking, interview.scheduling.paused
    if booking is not None and booking.slot.start <= now and not paused:
        raise Refused(Code.FORM_NOT_OPEN, "expectations are sealed when the booked time has come")
    if command.for_other_side is None and command.private is None and command.confidence is None:
        raise Refused(Code.INVALID_COMMAND, "share_expectations is empty: give for_other_side, private or confidence")
    shared = ExpectationsShared(
        for_other_side=command.for_other_side, private=command.private, confidence=command.confidence
    )
    was = interview.evaluation.expectations.get(command.by)
    same = was is not None and (was.for_other_side, was.private, was.confidence) == (
        shared.for_other_side,
        shared.private,
        shared.confidence,
    )
    return [] if same else [shared]


def _submit(interview: "Interview", by: str, form: Scorecard | CandidateForm, now: datetime) -> list[EvaluationEvent]:
    state = interview.evaluation.forms.get(by)
    if interview.closed is not None and (state is None or not _is_after_late_cancel(interview)):
        raise Refused(Code.FORM_NOT_OPEN, f"the interview is {interview.status}, and no form of yours is open")
    if state is None:
        raise Refused(Code.NOT_ATTENDED, "a form is owed by those who were at the session only")
    problem = _misfit(interview, by, form)
    if problem is not None:
        raise Refused(Code.INVALID_COMMAND, problem)
    if isinstance(form, CandidateForm):
        form = form.model_copy(update={"share": _share_of(interview, form)})
    last = state.latest
    if last is not None and last.form == form:
        return []
    if state.was == "excused" and by != CANDIDATE:  # nobody else takes a candidate's word away
        raise Refused(Code.FORM_NOT_OPEN, "you were excused from this form; ask the coordinator")
    if last is not None:
        _may_change(interview, by, last.form, form)
    submitted = EvaluationSubmitted(
        version=state.versions + 1,
        late=state.was == "expired" or now > state.due,
        form=form,
        after_decision=by == CANDIDATE and knows_outcome(interview),
    )
    if interview.closed is not None:  # nobody else owes a form
        return [submitted, EvaluationsSealed(expired=(), embargo_until=now)]
    return [submitted]


def _misfit(interview: "Interview", by: str, form: Scorecard | CandidateForm) -> str | None:
    expected = CandidateForm if by == CANDIDATE else Scorecard
    if not isinstance(form, expected):
        return "form.form: a candidate sends `candidate`, an interviewer `scorecard`"
    if isinstance(form, CandidateForm) and form.about is not None:
        met = [who for who in interview.evaluation.forms if who != CANDIDATE]
        if form.about not in met:
            return f"form.about: {form.about} is no interviewer whom you met; name {' or '.join((*met, 'nobody'))}"
    return fault(form, interview.rubric, assigned(interview, by), practice=interview.request.practice)


def _share_of(interview: "Interview", form: CandidateForm) -> str:
    """Nobody of the panel has met a candidate who was cancelled on; what they say is the company's to hear."""
    if interview.closed is not None:
        return "company_only"
    return form.share or ("attributed" if is_practice(interview) else "aggregated")


def knows_outcome(interview: "Interview") -> bool:
    """Whether the candidate knows how it ended for them: nobody reminds them any more, and what they say then is apart.

    They were told a decision on this interview, also where the process goes on, or that the process is over, or they
    withdrew. That they advance is no outcome: they face colleagues still.
    """
    feedback = interview.feedback
    decision = feedback.decision
    told = decision is not None and decision.told_at is not None and decision.outcome != "advance"
    return told or feedback.process is not None or interview.scheduling.withdrawn


def _may_change(
    interview: "Interview", by: str, was: Scorecard | CandidateForm, form: Scorecard | CandidateForm
) -> None:
    if interview.evaluation.sealed_at is not None:
        raise Refused(Code.EVALUATION_LOCKED, "the evaluations are sealed; what was submitted stays as it is")
    if not isinstance(was, Scorecard) or not isinstance(form, Scorecard) or not unblinded(interview, by):
        return
    if _by_name(was.ratings) != _by_name(form.ratings):
        raise Refused(Code.EVALUATION_LOCKED, "form.ratings: you can read a colleague's form, so yours are frozen")
    if was.recommendation != form.recommendation:
        raise Refused(
            Code.EVALUATION_LOCKED, "form.recommendation: you can read a colleague's form, so yours is frozen"
        )


def _by_name(ratings: tuple[Rating, ...]) -> dict[str, Rating]:
    return {rating.competency: rating for rating in ratings}


def unblinded(interview: "Interview", who: str) -> bool:
    """Whether this panelist can read a peer's form: own form in, and at least one peer's too."""
    forms = interview.evaluation.forms
    own = forms.get(who)
    peers = (form for name, form in forms.items() if name not in (who, CANDIDATE))
    return own is not None and own.was == "submitted" and any(peer.was == "submitted" for peer in peers)


def _excuse(interview: "Interview", by: str, whom: str, reason: str) -> list[EvaluationEvent]:
    state = interview.evaluation.forms.get(whom)
    if by.startswith("i") and by[1:].isdigit() and by != whom:
        raise Refused(Code.NOT_AUTHORIZED, "whom: an interviewer can excuse themselves only")
    if state is not None and state.was == "excused":
        return []
    if state is None or state.was != "open":
        raise Refused(Code.FORM_NOT_OPEN, f"whom: {whom} has no open form")
    return [EvaluationExcused(whom=whom, reason=reason)]


def assigned(interview: "Interview", who: str) -> tuple[str, ...]:
    """Name the competencies that this interviewer rates: their seat's own, else those of the pinned rubric.

    Whoever stands in for somebody who is missing rates what that seat rates.
    """
    asked = [one for one in interview.request.interviewers for _ in range(one.count)]
    seat = next((one.n for one in interview.people.seats if one.who == who), 0)
    for n in (seat, _stands_in_for(interview, seat)):
        if 0 < n <= len(asked) and asked[n - 1].competencies:
            return asked[n - 1].competencies
    return interview.rubric.assigned


def _stands_in_for(interview: "Interview", seat: int) -> int:
    """Give the number of the seat in whose place this one was added; 0 where it was in nobody's."""
    changes = (change for claim in interview.scheduling.claims if not claim.lost for change in claim.changes)
    return next((change.replaces for change in changes if change.seat == seat and change.replaces), 0)


def is_practice(interview: "Interview") -> bool:
    """Whether everybody who has a form has confirmed that it is practice: until then it counts as the real thing."""
    forms = interview.evaluation.forms
    return interview.request.practice and bool(forms) and forms.keys() <= set(interview.evaluation.practice)


def _confirm_practice(interview: "Interview", by: str) -> list[EvaluationEvent]:
    if not interview.request.practice:
        raise Refused(Code.INVALID_STATE, "this interview was not asked for as practice; start one with practice: true")
    return [] if by in interview.evaluation.practice else [PracticeConfirmed()]


def _extend(interview: "Interview", whom: str | None, until: datetime, now: datetime) -> list[EvaluationEvent]:
    forms, ended = interview.evaluation.forms, interview.session.ended_at
    chosen = {who: form for who, form in forms.items() if form.was == "open" and whom in (None, who)}
    if not chosen:
        raise Refused(Code.FORM_NOT_OPEN, f"whom: {whom or 'nobody'} has {'no' if whom else 'an'} open form")
    later = {who: form for who, form in chosen.items() if until > form.due}
    if until <= now or not later:
        raise Refused(Code.INVALID_COMMAND, "until: gives no more time; name a later instant")
    if ended is not None and until > ended + LONGEST_WINDOW:
        raise Refused(
            Code.INVALID_COMMAND, f"until: lies more than {LONGEST_WINDOW.days} days after the session; name an earlier"
        )
    return [EvaluationsExtended(forms=_due(later, dict.fromkeys(later, until)))]


def _due(forms: dict[str, FormState], until: dict[str, datetime]) -> tuple[FormDue, ...]:
    return tuple(FormDue(who=who, due=until[who], partial=form.partial) for who, form in forms.items())


def _add(interview: "Interview", by: str, text: str) -> list[EvaluationEvent]:
    form = interview.evaluation.forms.get(by)
    if form is None or not form.versions:
        raise Refused(Code.FORM_NOT_OPEN, "there is no form of yours to add to")
    if interview.evaluation.sealed_at is None:
        raise Refused(Code.INVALID_STATE, "your form is not locked yet; submit a new version of it")
    if any(one.text == text for one in form.addenda):
        return []
    if any(one.ruled is None and one.item.author == by for one in interview.disputes):
        raise Refused(Code.EVALUATION_LOCKED, "a sentence of your form is disputed; wait until it is ruled on")
    if any(one.ruled.ruling == "redacted" for one in interview.disputes if one.ruled and one.item.author == by):
        raise Refused(Code.EVALUATION_LOCKED, "a sentence of your form was taken out; nothing is added to it any more")
    if len(form.addenda) >= MOST_ADDENDA:
        raise Refused(Code.INVALID_COMMAND, f"text: {MOST_ADDENDA} addenda are the most; ask the coordinator")
    return [AddendumAdded(text=text)]


def seal(interview: "Interview", at: datetime) -> EvaluationsSealed:
    evaluation = interview.evaluation
    expired = tuple(who for who, form in evaluation.forms.items() if form.was == "open")
    closes = evaluation.window_closes or at
    embargo = max(at, closes) + timedelta(days=interview.policy.embargo_days)
    return EvaluationsSealed(expired=expired, embargo_until=embargo)


def follows(interview: "Interview", at: datetime) -> list[EvaluationEvent]:
    """Gate 1: everyone whose form counts has submitted or is excused (lifecycle, section 4).

    A partial form, like that of an OPTIONAL seat, is not waited for: it expires then, and may still come late.
    """
    forms, session = interview.evaluation.forms, interview.session
    if session.ended_at is None or session.disputed or interview.evaluation.sealed_at is not None:
        return []
    counted = {CANDIDATE, *(member.who for member in interview.people.interviewers if member.counts)}
    owed = {who for who, form in forms.items() if not form.partial}
    needed = counted & owed or owed or forms.keys()
    return [seal(interview, at)] if all(forms[who].was != "open" for who in needed) else []


def deadlines(interview: "Interview", now: datetime) -> list[tuple[datetime, list[EvaluationEvent]]]:
    """What happens by itself, and when: the window closes, unless it is disputed that there was a session.

    `now` says how late that is noticed: an outage of ours is not taken out of anybody's time, once a window.
    """
    evaluation, closes = interview.evaluation, interview.evaluation.window_closes
    if closes is None or evaluation.sealed_at is not None or interview.session.disputed:
        return []
    if interview.closed is not None and not _is_after_late_cancel(interview):
        return []
    closes = _stands_still(interview, closes)
    if now - closes > AN_OUTAGE and not evaluation.made_good:
        still = {who: form for who, form in evaluation.forms.items() if form.was == "open"}
        tomorrow = {who: day_end(now, 1, interview.people.clock(who)) for who in still}
        return [(closes, [EvaluationsExtended(forms=_due(still, tomorrow))])]
    return [(closes, [seal(interview, closes)])]


def _stands_still(interview: "Interview", closes: datetime) -> datetime:
    """A candidate who cannot be reached cannot hand in their form: it is waited for, or somebody excuses them."""
    form, ended = interview.evaluation.forms.get(CANDIDATE), interview.session.ended_at
    waits = form is not None and form.was == "open" and not form.partial and interview.effects.unreachable(CANDIDATE)
    return max(closes, ended + LONGEST_WINDOW) if waits and ended is not None else closes


def _is_after_late_cancel(interview: "Interview") -> bool:
    """Whether the interview is over without a session, and the candidate was asked how it was so far."""
    closed, form = interview.closed, interview.evaluation.forms.get(CANDIDATE)
    cancelled = closed is not None and closed.status is Status.CANCELLED and interview.session.ended_at is None
    return cancelled and form is not None and form.was != "expired"


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Evaluation, event: EvaluationEvent, at: datetime, by: str) -> Evaluation:
    match event:
        case ExpectationsShared(for_other_side=line, private=private, confidence=confidence):
            shared = Expectations(for_other_side=line, private=private, confidence=confidence, at=at)
            return replace(state, expectations={**state.expectations, by: shared})
        case EvaluationSubmitted(form=form, late=late, after_decision=after_decision):
            was = state.forms[by]
            latest = Version(form=form, at=at, late=late, after_decision=after_decision)
            submitted = replace(was, was="submitted", versions=was.versions + 1, latest=latest)
            return replace(state, forms={**state.forms, by: submitted})
        case EvaluationExcused(whom=whom):
            return replace(state, forms={**state.forms, whom: replace(state.forms[whom], was="excused")})
        case EvaluationsSealed(expired=expired, embargo_until=embargo_until):
            return replace(_expired(state, expired), sealed_at=at, embargo_until=embargo_until)
        case PracticeConfirmed():
            return replace(state, practice=(*state.practice, by))
        case EvaluationsExtended(forms=later):
            extended = {one.who: replace(state.forms[one.who], due=one.due) for one in later}
            return replace(state, forms={**state.forms, **extended}, made_good=by == "clock")
        case AddendumAdded(text=text):
            own = state.forms[by]
            added = replace(own, addenda=(*own.addenda, Addendum(text=text, at=at)))
            return replace(state, forms={**state.forms, by: added})
        case _:
            assert_never(event)


def opened(state: Evaluation, forms: tuple[FormDue, ...]) -> Evaluation:
    """The session has ended: everyone who was there has a form, though some need not hand it in."""
    owed = {one.who: FormState(due=one.due, partial=one.partial) for one in forms}
    return replace(state, forms=owed, made_good=False)


def cancelled(state: Evaluation, event: SchedulingEvent) -> Evaluation:
    """Nothing is owed of a cancelled interview, but for what a candidate may say whom the company let down late."""
    if not isinstance(event, InterviewCancelled):
        return state
    if event.form_due is not None:
        return opened(state, (FormDue(who=CANDIDATE, due=event.form_due),))
    return _expired(state, (who for who, form in state.forms.items() if form.was == "open"))


def _expired(state: Evaluation, whose: Iterable[str]) -> Evaluation:
    return replace(state, forms={**state.forms, **{who: replace(state.forms[who], was="expired") for who in whose}})


def reached_again(state: Evaluation, ended: datetime | None, since: datetime, at: datetime) -> Evaluation:
    """The candidate could not be reached since then: so much longer they have for their form."""
    form = state.forms.get(CANDIDATE)
    if form is None or form.was != "open" or ended is None:
        return state
    due = max(form.due, min(form.due + (at - since), ended + LONGEST_WINDOW))
    return replace(state, forms={**state.forms, CANDIDATE: replace(form, due=due)})


def voided(state: Evaluation) -> Evaluation:
    """There was no session after all: no form is owed."""
    return replace(state, forms={})
