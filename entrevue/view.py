"""What one viewer may see: the only door to an interview's content, and the card for the Temporal UI.

The table of lifecycle, section 7, as code. Whatever it does not list, nobody sees.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from entrevue import correspondence
from entrevue.agenda import Agenda
from entrevue.attendance import Party
from entrevue.civil import QUIET_FROM, QUIET_UNTIL, local
from entrevue.evaluation import unblinded
from entrevue.feedback import Item, candidate_feedback, sentence
from entrevue.interview import Interview, Recorded
from entrevue.permissions import role_of
from entrevue.rubrics import AGENDA, CandidateForm, Rating, Scorecard, SelfPart
from entrevue.scheduling import Offered
from entrevue.session import can_be_denied, may_contest
from entrevue.values import CANDIDATE, Actor, Code, Instant, InterviewId, Message, Refused, SeatRole, Slot, Status, Who
from entrevue.voices import Adjustment, Question

Ball = Literal["candidate", "interviewers", "coordinator", "engine", "both", "authors", "decision_maker", "nobody"]

_BALL: dict[Status, Ball] = {
    Status.NEEDS_SCHEDULING: "engine",
    Status.AWAITING_CANDIDATE: "candidate",
    Status.AWAITING_INTERVIEWERS: "interviewers",
    Status.SCHEDULED: "nobody",
    Status.NEEDS_RESCHEDULING: "candidate",
    Status.IN_PROGRESS: "both",
    Status.NO_SHOW_REVIEW: "both",
    Status.AWAITING_EVALUATIONS: "authors",
    Status.AWAITING_DECISION: "decision_maker",
    Status.RELEASED: "both",
    Status.FOLLOW_UP: "both",
    Status.ON_HOLD: "coordinator",
}


_MAY_KNOW: dict[str, tuple[str, ...]] = {"ADJUSTMENT_ASKED": ("coordinator", "backend", "operator")}
"""Items of which even that they are there is not everybody's business: who decides does not learn that it was asked."""


class PersonView(Message):
    who: Who
    name: str
    seat: SeatRole | None = None
    answer: str | None = None
    """An interviewer's to the time that is held or booked."""
    invited: bool = False
    owes: tuple[str, ...] = ()
    """Forms and answers this person still owes."""


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
    id: str
    owner: str
    rank: str
    since: Instant | None
    clears: tuple[str, ...]


class ExpectationsView(Message):
    """Own expectations; `private` and `confidence` are never anybody else's."""

    for_other_side: str | None
    private: str | None = None
    confidence: int | None = None


class LineView(Message):
    who: Who
    name: str
    text: str


class FormView(Message):
    """Own form: what is due and what was handed in. `partial`: it need not be, you were there for a part only."""

    state: str
    due: Instant
    partial: bool = False
    versions: int
    latest: Scorecard | CandidateForm | None


class PeerForm(Message):
    """A scorecard as a colleague or the decision maker reads it: without the self part, maybe without the note."""

    who: Who
    name: str
    ratings: tuple[Rating, ...]
    recommendation: str | None
    strength: str | None
    growth: str | None
    private_note: str | None


class FromCandidate(Message):
    """What a candidate chose to say to the interviewers as theirs; without the self part."""

    overall: int
    role_clear: int | None
    prepared: int | None
    listened: int | None
    respectful: int | None
    helped: str | None
    change: str | None


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


class DecisionView(Message):
    outcome: str
    process_over: bool
    told_at: Instant | None = None


class Shared(Message):
    """One shareable sentence, and who wrote it where the viewer may know."""

    author: Who
    what: Literal["strength", "growth"]
    text: str


class CandidateFeedbackView(Message):
    state: str
    available_at: Instant | None = None
    strengths: tuple[str, ...] = ()
    growth: tuple[str, ...] = ()
    next_step: str | None = None


class Report(Message):
    """Expected, experienced, learned: for its owner's eyes only. Own words beside the other side's, never numbers."""

    i_expected: str | None
    i_told_them: str | None
    they_told_me: tuple[LineView, ...]
    my_expectations_were: str | None
    confidence_before: int | None
    confidence_after: int | None
    i_did_well: str | None
    they_saw_as_strength: tuple[str, ...]
    i_would_do_differently: str | None
    they_suggest: tuple[str, ...]
    suggested_action: str | None
    reflection: str | None
    will_try: str | None
    acted_on_it: str | None
    it_helped: str | None


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
    own_expectations: ExpectationsView | None = None
    written_for_you: tuple[LineView, ...] = ()
    form: FormView | None = None
    scorecards: tuple[PeerForm, ...] = ()
    from_candidate: FromCandidate | None = None
    moments: tuple[str, ...] = ()
    questions: tuple[QuestionView, ...] = ()
    adjustments: tuple[AdjustmentView, ...] = ()
    instructions: tuple[str, ...] = ()
    """For interviewers: what to see to, because the candidate asked for an adjustment."""
    consents: tuple[str, ...] = ()
    decision: DecisionView | None = None
    to_review: tuple[Shared, ...] = ()
    feedback: CandidateFeedbackView | None = None
    report: Report | None = None


class Happening(Message):
    """One line of the timeline: what kind of thing happened when, and through whom; never its content."""

    seq: int
    at: Instant
    by: str
    kind: str


def view(interview: Interview, viewer: Actor, now: datetime) -> View:
    """Show the interview to `viewer`. Raises `Refused` where that person does not take part."""
    if role_of(viewer) in (CANDIDATE, "interviewer") and viewer not in interview.people:
        raise Refused(Code.NOT_PARTICIPANT, f"viewer: {viewer} does not take part in this interview")
    scheduling, closed = interview.scheduling, interview.closed
    organisation = interview.people.organisation
    evaluated = viewer in interview.people
    return View(
        interview=interview.id,
        viewer=viewer,
        status=interview.status,
        ball=ball(interview),
        since=interview.since,
        revision=scheduling.revision,
        role=interview.request.role,
        organisation=organisation.name if organisation else None,
        slot=scheduling.booking.slot if scheduling.booking else None,
        sequence=scheduling.shown.sequence if scheduling.shown else None,
        location=correspondence.location(interview),
        agenda=AGENDA,
        held=scheduling.held.slot if scheduling.held else None,
        availability_wanted=scheduling.offer is not None and not scheduling.offer.slots,
        unsocial=_unsocial(interview, now),
        pending_approval=_approval(interview, viewer),
        empty_seats=tuple(seat.n for seat in interview.people.seats if seat.who is None),
        conflicts=_conflicts(interview, viewer),
        offered=_offered(scheduling.offer, now),
        reply_by=scheduling.reply_by,
        answer_by=interview.session.answer_by,
        people=tuple(_person(interview, one.who) for one in interview.people.members),
        waits_until=interview.session.waiting.until if interview.session.waiting else None,
        no_show=_no_show(interview, viewer),
        presumed=can_be_denied(interview, viewer),
        attention=_attention(interview, viewer),
        closed_by=closed.by if closed else None,
        closed_reason=closed.reason if closed else None,
        late=closed.late if closed else False,
        own_expectations=_own_expectations(interview, viewer),
        written_for_you=_lines(interview, viewer, now),
        form=_form(interview, viewer),
        scorecards=_scorecards(interview, viewer),
        from_candidate=_from_candidate(interview, viewer),
        moments=tuple(one.text for one in interview.voices.moments if one.by == viewer) if evaluated else (),
        questions=_questions(interview, viewer),
        adjustments=_adjustments(interview, viewer),
        instructions=_instructions(interview) if role_of(viewer) == "interviewer" else (),
        consents=tuple(sorted(interview.privacy.consents)) if viewer == CANDIDATE else (),
        decision=_decision(interview, viewer),
        to_review=_to_review(interview, viewer),
        feedback=_feedback(interview) if viewer == CANDIDATE else None,
        report=_report(interview, viewer, now) if evaluated else None,
    )


def timeline(records: Iterable[Recorded]) -> list[Happening]:
    return [Happening(seq=one.seq, at=one.at, by=one.by, kind=one.event.kind) for one in records]


def ball(interview: Interview) -> Ball:
    """Say who has to move next; `nobody` while a booked time is awaited or all is over."""
    state = interview.scheduling
    if interview.status.terminal:
        return "nobody"
    if interview.status is Status.NEEDS_RESCHEDULING and state.held is not None:
        return "interviewers"
    if interview.status in (Status.NEEDS_SCHEDULING, Status.NEEDS_RESCHEDULING) and state.offer is None:
        return "engine" if state.searches > state.searched or state.requested else "coordinator"
    return _BALL[interview.status]


# --- times and seats -------------------------------------------------------------------------------------------------


def _unsocial(interview: Interview, now: datetime) -> tuple[OddHours, ...]:
    """Flag the times that are booked, held or on offer; nobody is flagged whose zone is only assumed."""
    state = interview.scheduling
    times = [one.slot for one in (state.booking, state.held) if one is not None]
    found = []
    for slot in (*times, *_offered(state.offer, now)):
        whom = tuple(one.who for one in interview.people.members if _is_unsocial(interview, one.who, slot))
        if whom:
            found.append(OddHours(start=slot.start, whom=whom))
    return tuple(found)


def _is_unsocial(interview: Interview, who: str, slot: Slot) -> bool:
    clock = interview.people.clocks.get(who)
    if clock is None or clock.assumed:
        return False
    start, end = local(slot.start, clock), local(slot.end, clock)
    return start.time() < QUIET_UNTIL or end > datetime.combine(start.date(), QUIET_FROM)


def _approval(interview: Interview, viewer: str) -> ApprovalView | None:
    """Whoever asked, and who decides, see the request."""
    asked = interview.scheduling.approval
    if asked is None or viewer not in (asked.by, "coordinator"):
        return None
    return ApprovalView(by=asked.by, until=asked.until, mode=asked.mode, start=asked.start, reason=asked.reason)


def _conflicts(interview: Interview, viewer: str) -> tuple[ConflictView, ...]:
    if viewer != "coordinator":
        return ()
    return tuple(ConflictView(who=who, reason=reason) for who, reason in interview.people.conflicts.items())


# --- the rows of the table -------------------------------------------------------------------------------------------


def _offered(offer: Offered | None, now: datetime) -> tuple[Slot, ...]:
    return tuple(slot for slot in offer.slots if slot.start > now) if offer else ()


def _person(interview: Interview, who: str) -> PersonView:
    member, form = interview.people[who], interview.evaluation.forms.get(who)
    owes = ["evaluation"] if form is not None and form.was == "open" and not form.partial else []
    if who == CANDIDATE and interview.status is Status.AWAITING_CANDIDATE:
        owes.append("choice of a slot")
    seat = next((one for one in interview.people.seats if one.who == who), None)
    held = interview.scheduling.held is not None
    if held and seat is not None and seat.counts and seat.to_held == "needs_action":
        owes.append("answer to the held time")
    invited = any(one.was in ("sent", "unsure") for one in interview.effects.of("invitation", who))
    return PersonView(
        who=who,
        name=member.name or who,
        seat=member.seat,
        answer=(seat.to_held if held else seat.answer) if seat else None,
        invited=invited,
        owes=tuple(owes),
    )


def _attention(interview: Interview, viewer: str) -> tuple[AttentionView, ...]:
    if role_of(viewer) in (CANDIDATE, "interviewer"):
        return ()
    return tuple(
        AttentionView(id=one.id, owner=one.owner, rank=one.rank, since=one.since, clears=one.clears)
        for one in interview.attention
        if viewer in _MAY_KNOW.get(one.id.partition(":")[0], (viewer,))
    )


def _no_show(interview: Interview, viewer: str) -> NoShowView | None:
    no_show = interview.session.no_show
    if no_show is None:
        return None
    return NoShowView(
        party=no_show.party,
        contest_until=no_show.contest_until,
        contested=no_show.contested is not None,
        you_may_contest=viewer in interview.people and may_contest(no_show, viewer),
    )


def _own_expectations(interview: Interview, viewer: str) -> ExpectationsView | None:
    own = interview.evaluation.expectations.get(viewer)
    if own is None:
        return None
    return ExpectationsView(for_other_side=own.for_other_side, private=own.private, confidence=own.confidence)


def _lines(interview: Interview, viewer: str, now: datetime) -> tuple[LineView, ...]:
    """Show lines to the candidate a day ahead, to the interviewers an hour ahead, to the company always."""
    role, day_hour = role_of(viewer), interview.policy.remind_before
    booking, met = interview.scheduling.booking, interview.session.started_at is not None
    start = booking.slot.start if booking else None

    def visible(author: str) -> bool:
        if author == viewer or author not in interview.people:
            return False  # who has left the panel has nothing to say to the other side any more
        if role in ("coordinator", "decision_maker"):
            return True
        if role not in (CANDIDATE, "interviewer"):
            return False
        if role == "interviewer" and author != CANDIDATE:
            return True
        lead = day_hour[0] if role == CANDIDATE else day_hour[1]
        return met or (start is not None and now >= start - lead)

    return tuple(
        LineView(who=who, name=interview.people[who].name or who, text=shared.for_other_side)
        for who, shared in interview.evaluation.expectations.items()
        if shared.for_other_side is not None and visible(who)
    )


def _form(interview: Interview, viewer: str) -> FormView | None:
    own = interview.evaluation.forms.get(viewer)
    if own is None:
        return None
    latest = own.latest.form if own.latest else None
    return FormView(state=own.was, due=own.due, partial=own.partial, versions=len(own.versions), latest=latest)


def _scorecards(interview: Interview, viewer: str) -> tuple[PeerForm, ...]:
    """Panelists read one another's only after their own is in; the decision maker reads each as it is submitted."""
    role = role_of(viewer)
    reads = role == "decision_maker" or (role == "interviewer" and unblinded(interview, viewer))
    if not reads:
        return ()
    seen = []
    for who, form in interview.evaluation.forms.items():
        latest = form.latest.form if form.latest else None
        if who != viewer and isinstance(latest, Scorecard):
            note = latest.private_note if role == "decision_maker" else None
            seen.append(_peer_form(interview, who, latest, note))
    return tuple(seen)


def _peer_form(interview: Interview, who: str, form: Scorecard, note: str | None) -> PeerForm:
    return PeerForm(
        who=who,
        name=interview.people[who].name,
        ratings=form.ratings,
        recommendation=form.recommendation,
        strength=form.strength,
        growth=form.growth,
        private_note=note,
    )


def _from_candidate(interview: Interview, viewer: str) -> FromCandidate | None:
    """Only what the candidate attributed reaches an interviewer of a single interview, and only past both gates."""
    form = interview.evaluation.forms.get(CANDIDATE)
    latest = form.latest.form if form and form.latest else None
    past_both = interview.feedback.released_at is not None
    if role_of(viewer) != "interviewer" or not past_both or not isinstance(latest, CandidateForm):
        return None
    if latest.share != "attributed" or viewer not in interview.evaluation.forms:
        return None
    mine = latest.about in (None, viewer)
    return FromCandidate(
        overall=latest.overall,
        role_clear=latest.role_clear,
        prepared=latest.prepared,
        listened=latest.listened,
        respectful=latest.respectful,
        helped=latest.helped if mine else None,
        change=latest.change if mine else None,
    )


def _questions(interview: Interview, viewer: str) -> tuple[QuestionView, ...]:
    def visible(question: Question) -> bool:
        role = role_of(viewer)
        return role in (CANDIDATE, "coordinator") or (role == "interviewer" and question.show_interviewers)

    return tuple(
        QuestionView(question=one.n, text=one.text, answer_by=one.answer_by, answer=one.answer, addressed=one.addressed)
        for one in interview.voices.questions
        if visible(one)
    )


def _adjustments(interview: Interview, viewer: str) -> tuple[AdjustmentView, ...]:
    """Show them to the asker and the coordinator; nobody else learns why, or what was asked."""
    if viewer not in (CANDIDATE, "coordinator"):
        return ()

    def shown(one: Adjustment) -> AdjustmentView:
        arranged = one.arranged
        return AdjustmentView(
            adjustment=one.n,
            text=one.text,
            arranged=arranged is not None,
            answer=arranged.text if arranged else None,
            instruction=arranged.instruction if arranged and viewer == "coordinator" else None,
        )

    return tuple(shown(one) for one in interview.voices.adjustments)


def _instructions(interview: Interview) -> tuple[str, ...]:
    return tuple(one.instruction for one in interview.voices.instructions)


def _decision(interview: Interview, viewer: str) -> DecisionView | None:
    decision, role = interview.feedback.decision, role_of(viewer)
    if decision is None or (role in (CANDIDATE, "interviewer") and decision.told_at is None):
        return None
    if role in ("backend", "operator", "ruler"):
        return DecisionView(outcome=decision.outcome, process_over=decision.process_over)
    return DecisionView(outcome=decision.outcome, process_over=decision.process_over, told_at=decision.told_at)


def _to_review(interview: Interview, viewer: str) -> tuple[Shared, ...]:
    if viewer != "reviewer" or candidate_feedback(interview) != "IN_REVIEW":
        return ()
    return tuple(_shareable(interview))


def _shareable(interview: Interview) -> Iterable[Shared]:
    kinds: tuple[Literal["strength", "growth"], ...] = ("strength", "growth")
    for who in interview.evaluation.forms:
        for what in kinds:
            text = sentence(interview, Item(author=who, what=what))
            if text is not None:
                yield Shared(author=who, what=what, text=text)


def _feedback(interview: Interview) -> CandidateFeedbackView:
    state, reviewed = candidate_feedback(interview), interview.feedback.reviewed
    if reviewed is None or state != "OPENED":
        available = reviewed.available_at if reviewed and state == "READY" else None
        return CandidateFeedbackView(state=state, available_at=available)
    return CandidateFeedbackView(
        state=state,
        available_at=reviewed.available_at,
        strengths=_approved(interview, "strength"),
        growth=_approved(interview, "growth"),
        next_step=reviewed.next_step,
    )


def _approved(interview: Interview, what: Literal["strength", "growth"]) -> tuple[str, ...]:
    reviewed = interview.feedback.reviewed
    items = reviewed.approved if reviewed else ()
    texts = (sentence(interview, item) for item in items if item.what == what)
    return tuple(text for text in texts if text is not None)


def _report(interview: Interview, viewer: str, now: datetime) -> Report | None:
    """Give the gap report, once both gates have opened, to those who were there."""
    form = interview.evaluation.forms.get(viewer)
    if form is None or interview.feedback.released_at is None:
        return None
    own = form.latest.form.own if form.latest else SelfPart()
    before = interview.evaluation.expectations.get(viewer)
    strengths, suggestions, action = _from_other_side(interview, viewer)
    reflection, growth = interview.follow_up.reflections.get(viewer), interview.follow_up.growth.get(viewer)
    return Report(
        i_expected=before.private if before else None,
        i_told_them=before.for_other_side if before else None,
        they_told_me=_lines_of_other_side(interview, viewer, now),
        my_expectations_were=own.expectations,
        confidence_before=before.confidence if before else None,
        confidence_after=own.confidence,
        i_did_well=own.went_well,
        they_saw_as_strength=strengths,
        i_would_do_differently=own.differently,
        they_suggest=suggestions,
        suggested_action=action,
        reflection=reflection.text if reflection else None,
        will_try=reflection.will_try if reflection else None,
        acted_on_it=growth.acted if growth else None,
        it_helped=growth.helped if growth else None,
    )


def _lines_of_other_side(interview: Interview, viewer: str, now: datetime) -> tuple[LineView, ...]:
    return tuple(one for one in _lines(interview, viewer, now) if (one.who == CANDIDATE) != (viewer == CANDIDATE))


def _from_other_side(interview: Interview, viewer: str) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """Give strengths, suggestions and one action, each only as far as this viewer may read them."""
    if viewer == CANDIDATE:
        opened = _feedback(interview)
        return opened.strengths, opened.growth, opened.next_step or next(iter(opened.growth), None)
    said = _from_candidate(interview, viewer)
    helped = (said.helped,) if said and said.helped else ()
    change = (said.change,) if said and said.change else ()
    return helped, change, next(iter(change), None)


# --- the card in the Temporal UI -------------------------------------------------------------------------------------

_ON_CARD = 8


def card(interview: Interview, agenda: Agenda, latest: Iterable[Recorded]) -> str:
    """Give the current details in Markdown: who has the ball, since when, what is next. Opaque ids only."""
    booking = interview.scheduling.booking
    rows = [
        f"**{interview.status}** since {_minute(interview.since)}",
        f"- ball with: **{ball(interview)}**",
        f"- next deadline: {_minute(agenda.next) if agenda.next else 'none'}",
    ]
    if booking is not None:
        rows.append(
            f"- booked: {_minute(booking.slot.start)}, {booking.slot.minutes} min (revision {booking.revision})"
        )
    if agenda.owed:
        rows.append(f"- at work on: {', '.join(f'`{order.key}`' for order in agenda.owed)}")
    rows += [
        f"- needs **{one.owner}** ({one.rank}): `{one.id}`" + (f" → {', '.join(one.clears)}" if one.clears else "")
        for one in interview.attention
    ]
    rows.append("\n| when (UTC) | what | by |\n|---|---|---|")
    rows += [f"| {_minute(one.at)} | {one.event.kind} | {one.by} |" for one in list(latest)[-_ON_CARD:]]
    return "\n".join(rows)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
