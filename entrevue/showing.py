"""Show an interview to one viewer: the only door to its content, and the card for the Temporal UI.

Who may see what is decided in `entrevue.visibility`; here it is only shown.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal, get_args

from entrevue import writing
from entrevue.agenda import Agenda
from entrevue.answers import asks
from entrevue.attention import Item, because, cause_of
from entrevue.civil import QUIET_FROM, QUIET_UNTIL, local
from entrevue.drift import to_restore
from entrevue.effects import is_confidential
from entrevue.evaluation import FormState, assigned
from entrevue.feedback import candidate_feedback, ending, open_until, review_due
from entrevue.interview import Interview, Recorded
from entrevue.letters import Brief, TurnTo
from entrevue.permissions import role_of
from entrevue.privacy import offered
from entrevue.report import What, lines, number, report, said_of, shared, to_markdown
from entrevue.rubrics import AGENDA, Behaviour, CandidateForm, Scorecard
from entrevue.scheduling import Offered
from entrevue.session import can_be_denied, may_contest
from entrevue.values import CANDIDATE, Actor, Code, Refused, Slot, Status
from entrevue.view import (
    AdjustmentView,
    ApprovalView,
    AttentionView,
    Ball,
    CalendarView,
    CandidateFeedbackView,
    ConductView,
    ConflictView,
    ConsentView,
    DecisionView,
    DisputeView,
    ExpectationsView,
    Export,
    FormView,
    FromCandidate,
    Happening,
    HeardView,
    Kind,
    LookingBackView,
    NoShowView,
    OddHours,
    PeerForm,
    PersonView,
    PracticeView,
    ProcessView,
    QuestionView,
    Scored,
    SideBySide,
    ToReview,
    View,
    WithheldView,
)
from entrevue.visibility import Content, is_public, may_read

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


def view(interview: Interview, viewer: Actor, now: datetime) -> View:
    """Show the interview to `viewer`. Raises `Refused` where that person does not take part."""
    if role_of(viewer) in (CANDIDATE, "interviewer") and viewer not in interview.people:
        raise Refused(Code.NOT_PARTICIPANT, f"viewer: {viewer} does not take part in this interview")
    scheduling, closed = interview.scheduling, interview.closed
    organisation = interview.people.organisation
    disputes_open = sum(one.ruled is None for one in interview.disputes)
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
        location=writing.location(interview),
        agenda=AGENDA,
        held=scheduling.held.slot if scheduling.held else None,
        availability_wanted=scheduling.offer is not None and not scheduling.offer.slots,
        unsocial=_unsocial(interview, now),
        pending_approval=_approval(interview, viewer, now),
        empty_seats=tuple(seat.n for seat in interview.people.seats if seat.who is None),
        conflicts=_conflicts(interview, viewer, now),
        offered=_offered(scheduling.offer, now),
        reply_by=scheduling.reply_by,
        answer_by=interview.session.answer_by,
        people=tuple(_person(interview, viewer, one.who, now) for one in interview.people.members),
        waits_until=interview.session.waiting.until if interview.session.waiting else None,
        no_show=_no_show(interview, viewer),
        presumed=can_be_denied(interview, viewer),
        attention=_attention(interview, viewer, now),
        closed_by=closed.by if closed else None,
        closed_reason=_closed_reason(interview, viewer, now),
        late=closed.late if closed else False,
        practice=PracticeView(confirmed=interview.evaluation.practice) if interview.request.practice else None,
        process=_process(interview, viewer, now),
        own_expectations=_own_expectations(interview, viewer, now),
        written_for_you=lines(interview, viewer, now),
        brief=_brief(interview, viewer, now),
        scale=_scale(interview, viewer),
        form=_form(interview, viewer),
        scorecards=tuple(_scorecards(interview, viewer, now)),
        panel=tuple(_panel(interview, viewer, now)),
        from_candidate=_from_candidate(interview, viewer, now),
        moments=_moments(interview, viewer, now),
        questions=_questions(interview, viewer, now),
        adjustments=_adjustments(interview, viewer, now),
        instructions=_instructions(interview, viewer, now),
        conduct_reports=_conduct(interview, viewer, now),
        conduct_goes_to=_confidant(interview, viewer),
        consents=tuple(one.layer for one in _offers(interview, viewer, now) if one.given),
        offers=_offers(interview, viewer, now),
        decision=_decision(interview, viewer, now),
        to_review=tuple(_to_review(interview, viewer, now)),
        review_due=review_due(interview) if may_read(interview, viewer, Content.REVIEW, None, now) else None,
        withheld=_withheld(interview, viewer, now),
        feedback=_feedback(interview, viewer, now),
        disputes=_disputes(interview, viewer, now),
        disputes_open=disputes_open if may_read(interview, viewer, Content.ATTENTION_DISPUTE, None, now) else None,
        looking_back=_looking_back(interview, viewer, now),
        report=report(interview, viewer, now) if viewer in interview.people else None,
    )


def export(interview: Interview, viewer: Actor, now: datetime) -> Export:
    """Give somebody of the interview all that is theirs to keep. Raises `Refused` for whoever is none of its people."""
    if viewer not in interview.people:
        raise Refused(Code.NOT_PARTICIPANT, f"viewer: {viewer} is none of the people of this interview")
    seen = view(interview, viewer, now)
    return Export(view=seen, document=to_markdown(seen.report) if seen.report else None)


def _closed_reason(interview: Interview, viewer: Actor, now: datetime) -> str | None:
    """Why it was called off is due to everybody who waits for it; why a candidate withdraws is not."""
    closed = interview.closed
    if closed is None:
        return None
    withdrew = closed.status is Status.WITHDRAWN
    shown = not withdrew or may_read(interview, viewer, Content.WITHDRAWAL, CANDIDATE, now)
    return closed.reason if shown else None


def timeline(records: Iterable[Recorded], after: int = 0) -> list[Happening]:
    """Give the lines of these records; `after` is the number of the last line there was before them."""
    public = (one for one in records if is_public(one.event))
    return [Happening(seq=n, at=one.at, by=one.by, kind=one.event.kind) for n, one in enumerate(public, after + 1)]


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


def _approval(interview: Interview, viewer: str, now: datetime) -> ApprovalView | None:
    asked = interview.scheduling.approval
    if asked is None or not may_read(interview, viewer, Content.CHANGE_ASKED, asked.by, now):
        return None
    return ApprovalView(by=asked.by, until=asked.until, mode=asked.mode, start=asked.start, reason=asked.reason)


def _conflicts(interview: Interview, viewer: str, now: datetime) -> tuple[ConflictView, ...]:
    if not may_read(interview, viewer, Content.CONFLICT, None, now):
        return ()
    return tuple(ConflictView(who=who, reason=reason) for who, reason in interview.people.conflicts.items())


def _offered(offer: Offered | None, now: datetime) -> tuple[Slot, ...]:
    return tuple(slot for slot in offer.slots if slot.start > now) if offer else ()


def _person(interview: Interview, viewer: str, who: str, now: datetime) -> PersonView:
    member, form = interview.people[who], interview.evaluation.forms.get(who)
    debt = Content.OWED_BY_CANDIDATE if who == CANDIDATE else Content.OWED_BY_COMPANY
    due = form is not None and form.was == "open" and not form.partial
    owes = ["evaluation"] if due and may_read(interview, viewer, debt, who, now) else []
    if who == CANDIDATE and interview.status is Status.AWAITING_CANDIDATE:
        owes.append("choice of a slot")
    seat = next((one for one in interview.people.seats if one.who == who), None)
    held = interview.scheduling.held is not None
    if held and seat is not None and seat.counts and seat.to_held == "needs_action":
        owes.append("answer to the held time")
    invited = any(one.was in ("sent", "unsure") for one in interview.effects.of("invitation", who))
    told = may_read(interview, viewer, Content.HEARD, who, now)
    return PersonView(
        who=who,
        name=member.name or who,
        seat=member.seat,
        answer=(seat.to_held if held else seat.answer) if seat else None,
        invited=invited,
        owes=tuple(owes),
        heard=tuple(_heard(interview, viewer, who, now)) if told else (),
        calendar=_calendar(interview, who) if told else None,
    )


def _heard(interview: Interview, viewer: str, who: str, now: datetime) -> Iterator[HeardView]:
    """Only what was answered to the time that is booked."""
    why = may_read(interview, viewer, Content.CHANGE_ASKED, who, now)
    shown, known = interview.scheduling.shown, interview.answers
    asked = {one.said.n for one in asks(interview)}
    for verified, said in ((True, known.said.get(who)), (False, known.claimed.get(who))):
        if said is not None and shown is not None and not shown.cancelled and said.sequence >= shown.since:
            yield HeardView(
                answer=said.answer,
                via=said.via,
                verified=verified,
                at=said.told_at,
                start=said.start,
                reason=said.reason if why else None,
                until=said.until if said.n in asked else None,
            )


def _calendar(interview: Interview, who: str) -> CalendarView | None:
    shown, held = interview.scheduling.shown, interview.effects.calendars.get(who)
    if shown is None or interview.scheduling.booking is None or not interview.people[who].has_calendar:
        return None
    drifted, state = interview.drift.current(who, shown), _state_of_calendar(interview, who)
    moved = drifted is not None and drifted.what == "moved"
    return CalendarView(
        state=state,
        overlapped=held is not None and held.overlapped,
        moved_to=drifted.start if drifted is not None and moved else None,
        put_back_at=next((at for whom, at in to_restore(interview) if whom == who), None),
    )


def _state_of_calendar(
    interview: Interview, who: str
) -> Literal["as_booked", "on_its_way", "edited", "taken_out", "emptied", "unreadable"]:
    shown, held = interview.scheduling.shown, interview.effects.calendars.get(who)
    drifted = interview.drift.current(who, shown)
    if who in interview.drift.lost:
        return "unreadable"
    if interview.drift.is_out(who, shown):
        return "taken_out"
    if held is not None and held.edited:
        return "emptied" if drifted is not None and drifted.what == "emptied" else "edited"
    return "as_booked" if interview.in_sync(who) else "on_its_way"


_ITEMS: dict[str, Content] = {
    "ADJUSTMENT_ASKED": Content.ATTENTION_ADJUSTMENT,
    "DISPUTE_OPEN": Content.ATTENTION_DISPUTE,
}
"""Items of which even that they are there is not everybody's business."""


def _attention(interview: Interview, viewer: str, now: datetime) -> tuple[AttentionView, ...]:
    return tuple(
        AttentionView(
            id=one.id,
            owner=one.owner,
            rank=one.rank,
            since=one.since,
            clears=one.clears,
            because=because(interview, one, now),
        )
        for one in interview.attention
        if may_read(interview, viewer, _ITEMS.get(cause_of(one), Content.ATTENTION), None, now)
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


# --- before the session, and beside it -------------------------------------------------------------------------------


def _process(interview: Interview, viewer: str, now: datetime) -> ProcessView | None:
    end = ending(interview) if may_read(interview, viewer, Content.PROCESS, None, now) else None
    if end is None:
        known = interview.request.process_id
        return None if known is None else ProcessView(id=known)
    told = end.told_at if may_read(interview, viewer, Content.PROCESS_TOLD, None, now) else None
    return ProcessView(id=interview.request.process_id, outcome=end.outcome, told_at=told)


def _own_expectations(interview: Interview, viewer: str, now: datetime) -> ExpectationsView | None:
    own = interview.evaluation.expectations.get(viewer)
    if own is None or not may_read(interview, viewer, Content.EXPECTATIONS, viewer, now):
        return None
    return ExpectationsView(for_other_side=own.for_other_side, private=own.private, confidence=own.confidence)


def _is_ahead(interview: Interview) -> bool:
    return interview.session.ended_at is None and interview.closed is None


def _brief(interview: Interview, viewer: str, now: datetime) -> Brief | None:
    own = interview.briefs.get(viewer)
    readable = own is not None and may_read(interview, viewer, Content.BRIEF, own.who, now)
    return own if readable and _is_ahead(interview) else None


def _scale(interview: Interview, viewer: str) -> tuple[str, ...]:
    rates = role_of(viewer) == "interviewer" and _is_ahead(interview)
    return writing.scale(interview, viewer) if rates else ()


def _moments(interview: Interview, viewer: str, now: datetime) -> tuple[str, ...]:
    noted = interview.voices.moments
    return tuple(one.text for one in noted if may_read(interview, viewer, Content.MOMENT, one.by, now))


def _questions(interview: Interview, viewer: str, now: datetime) -> tuple[QuestionView, ...]:
    return tuple(
        QuestionView(question=one.n, text=one.text, answer_by=one.answer_by, answer=one.answer, addressed=one.addressed)
        for one in interview.voices.questions
        if may_read(
            interview,
            viewer,
            Content.QUESTION_SHOWN if one.show_interviewers else Content.QUESTION,
            CANDIDATE,
            now,
        )
    )


def _adjustments(interview: Interview, viewer: str, now: datetime) -> tuple[AdjustmentView, ...]:
    """Show them to the asker and the coordinator; nobody else learns why, or what was asked."""
    if not may_read(interview, viewer, Content.ADJUSTMENT, CANDIDATE, now):
        return ()
    instructed = may_read(interview, viewer, Content.INSTRUCTION, None, now)
    return tuple(
        AdjustmentView(
            adjustment=one.n,
            text=one.text,
            arranged=one.arranged is not None,
            answer=one.arranged.text if one.arranged else None,
            instruction=one.arranged.instruction if one.arranged and instructed else None,
        )
        for one in interview.voices.adjustments
    )


def _instructions(interview: Interview, viewer: str, now: datetime) -> tuple[str, ...]:
    """Show them to those who shall see to them; the coordinator reads each beside what was asked."""
    if role_of(viewer) != "interviewer" or not may_read(interview, viewer, Content.INSTRUCTION, None, now):
        return ()
    return tuple(one.instruction for one in interview.voices.instructions)


def _conduct(interview: Interview, viewer: str, now: datetime) -> tuple[ConductView, ...]:
    return tuple(
        ConductView(by=one.by, name=interview.people[one.by].name or one.by, text=one.text, at=one.at)
        for one in interview.voices.reports
        if may_read(interview, viewer, Content.CONDUCT, one.by, now)
    )


def _confidant(interview: Interview, viewer: str) -> TurnTo | None:
    return writing.turn_to(interview) if viewer in interview.people else None


# --- forms -----------------------------------------------------------------------------------------------------------

_IF_ONE_SIDED = (
    "If the other side hands in nothing until the window closes, what you hand in is released all the same, to those "
    "who may read it and when they may, and it is marked as one-sided."
)


def _form(interview: Interview, viewer: str) -> FormView | None:
    own = interview.evaluation.forms.get(viewer)
    if own is None:
        return None
    rates, brief, rubric = viewer != CANDIDATE, interview.briefs.get(viewer), interview.rubric.competencies
    return FormView(
        state=own.was,
        due=own.due,
        partial=own.partial,
        versions=own.versions,
        latest=own.latest.form if own.latest else None,
        late=own.latest.late if own.latest else False,
        after_decision=own.latest.after_decision if own.latest else False,
        one_sided=_one_sided(interview, viewer),
        if_one_sided=_IF_ONE_SIDED,
        addenda=_addenda(own),
        rubric={name: rubric[name] for name in assigned(interview, viewer)} if rates else {},
        themes=tuple(Behaviour) if rates else tuple(rubric),
        asks=brief.improvement if brief else None,
    )


def _addenda(form: FormState) -> tuple[str, ...]:
    return tuple(one.text for one in form.addenda)


def _one_sided(interview: Interview, author: str) -> bool:
    """Whether what this author handed in meets nothing of the other side, and the window has closed."""
    forms = interview.evaluation.forms
    others = [form for who, form in forms.items() if (who == CANDIDATE) != (author == CANDIDATE)]
    if interview.evaluation.sealed_at is None or not forms[author].versions:
        return False
    return bool(others) and not any(form.versions for form in others)


def _scorecards(interview: Interview, viewer: str, now: datetime) -> Iterator[PeerForm]:
    for who, form in interview.evaluation.forms.items():
        latest = form.latest.form if form.latest else None
        readable = who != viewer and may_read(interview, viewer, Content.RATINGS, who, now)
        if form.latest is None or not isinstance(latest, Scorecard) or not readable:
            continue
        yield PeerForm(
            who=who,
            name=interview.people[who].name,
            ratings=latest.ratings,
            recommendation=latest.recommendation,
            sentences=tuple(shared(interview, viewer, who, ("strength", "growth"), now)),
            private_note=latest.private_note if may_read(interview, viewer, Content.NOTE, who, now) else None,
            addenda=_addenda(form) if may_read(interview, viewer, Content.CARD_ADDENDUM, who, now) else (),
            late=form.latest.late,
            one_sided=_one_sided(interview, who),
        )


def _panel(interview: Interview, viewer: str, now: datetime) -> Iterator[SideBySide]:
    """Set the ratings side by side for whoever may read those of others."""
    cards = {
        who: form.latest.form
        for who, form in interview.evaluation.forms.items()
        if form.latest and isinstance(form.latest.form, Scorecard)
    }
    readable = [who for who in cards if may_read(interview, viewer, Content.RATINGS, who, now)]
    if not set(readable) - {viewer}:
        return
    for name in interview.rubric.competencies:
        asked = [who for who in interview.evaluation.forms if who != CANDIDATE and name in assigned(interview, who)]
        given = {who: rating.score for who in readable for rating in cards[who].ratings if rating.competency == name}
        if given:
            yield _side_by_side(interview, name, given, len(asked))


def _side_by_side(interview: Interview, name: str, given: dict[str, int | None], of: int) -> SideBySide:
    scores = [score for score in given.values() if score is not None]
    people = interview.people
    return SideBySide(
        competency=name,
        scores=tuple(Scored(who=who, name=people[who].name, score=score) for who, score in given.items()),
        n=len(scores),
        of=of,
        lowest=min(scores, default=None),
        highest=max(scores, default=None),
        mean=round(sum(scores) / len(scores), 2) if scores else None,
    )


def _from_candidate(interview: Interview, viewer: str, now: datetime) -> FromCandidate | None:
    """Only what the candidate attributed reaches an interviewer of a single interview, and only past both gates."""
    form = interview.evaluation.forms.get(CANDIDATE)
    latest = form.latest.form if form and form.latest else None
    if form is None or form.latest is None or not isinstance(latest, CandidateForm) or viewer == CANDIDATE:
        return None
    if not may_read(interview, viewer, Content.ANSWERS, CANDIDATE, now):
        return None
    sentences = tuple(shared(interview, viewer, CANDIDATE, ("helped", "change"), now))
    return FromCandidate(
        overall=latest.overall,
        role_clear=latest.role_clear,
        prepared=latest.prepared,
        listened=latest.listened,
        respectful=latest.respectful,
        heard=latest.heard,
        helped=next((one.text for one in sentences if one.what == "helped"), None),
        change=next((one.text for one in sentences if one.what == "change"), None),
        sentences=sentences,
        addenda=_addenda(form) if may_read(interview, viewer, Content.FORM_ADDENDUM, CANDIDATE, now) else (),
        late=form.latest.late,
        after_decision=form.latest.after_decision,
        one_sided=_one_sided(interview, CANDIDATE),
    )


# --- decision, release, disputes -------------------------------------------------------------------------------------


def _offers(interview: Interview, viewer: str, now: datetime) -> tuple[ConsentView, ...]:
    if not may_read(interview, viewer, Content.CONSENT, CANDIDATE, now):
        return ()
    return tuple(
        ConsentView(layer=layer, words=words, given=layer in interview.privacy.consents)
        for layer, words in offered(interview)
    )


def _decision(interview: Interview, viewer: str, now: datetime) -> DecisionView | None:
    decision = interview.feedback.decision
    if decision is None or not may_read(interview, viewer, Content.DECISION, None, now):
        return None
    told_at = decision.told_at if may_read(interview, viewer, Content.DECISION_TOLD, None, now) else None
    return DecisionView(outcome=decision.outcome, process_over=decision.process_over, told_at=told_at)


def _to_review(interview: Interview, viewer: str, now: datetime) -> Iterator[ToReview]:
    if viewer != "reviewer":
        return
    for who in interview.evaluation.forms:
        for what in get_args(Kind):
            text = _text(interview, viewer, who, what, now)
            if text is not None:
                yield ToReview(author=who, what=what, text=text)


def _text(interview: Interview, viewer: str, author: str, what: What, now: datetime) -> str | None:
    return next((one.text for one in shared(interview, viewer, author, (what,), now)), None)


def _withheld(interview: Interview, viewer: str, now: datetime) -> tuple[WithheldView, ...]:
    reviewed = interview.feedback.reviewed
    return tuple(
        WithheldView(
            author=one.item.author,
            what=one.item.what,
            text=_text(interview, viewer, one.item.author, one.item.what, now),
            reason=one.reason,
        )
        for one in (reviewed.withheld if reviewed else ())
        if may_read(interview, viewer, Content.WITHHELD, one.item.author, now)
    )


def _feedback(interview: Interview, viewer: str, now: datetime) -> CandidateFeedbackView | None:
    if not may_read(interview, viewer, Content.FEEDBACK_STATE, None, now):
        return None
    state, reviewed = candidate_feedback(interview), interview.feedback.reviewed
    sentences = tuple(said_of(interview, viewer, now))
    readable = may_read(interview, viewer, Content.NEXT_STEP, None, now)
    return CandidateFeedbackView(
        state=state,
        available_at=reviewed.available_at if reviewed and state in ("READY", "OPENED") else None,
        open_until=open_until(interview) if state == "READY" else None,
        strengths=tuple(one.text for one in sentences if one.what == "strength" and one.text is not None),
        growth=tuple(one.text for one in sentences if one.what == "growth" and one.text is not None),
        sentences=sentences,
        next_step=reviewed.next_step if reviewed and readable else None,
    )


def _disputes(interview: Interview, viewer: str, now: datetime) -> tuple[DisputeView, ...]:
    """Show an objection to whoever made it, and to those who rule; numbers would tell how many others there are."""
    return tuple(
        DisputeView(
            dispute=None if viewer in interview.people else one.n,
            by=one.by,
            author=one.item.author if may_read(interview, viewer, Content.AUTHOR, one.item.author, now) else None,
            sentence=number(interview, viewer, one.item.author, one.item.what),
            what=one.item.what,
            text=_text(interview, viewer, one.item.author, one.item.what, now),
            reason=one.reason,
            rule_by=one.rule_by,
            ruling=one.ruled.ruling if one.ruled else None,
            ruling_reason=one.ruled.reason if one.ruled else None,
            amended=one.ruled.text if one.ruled else None,
        )
        for one in interview.disputes
        if may_read(interview, viewer, Content.DISPUTE, one.by, now)
    )


def _looking_back(interview: Interview, viewer: str, now: datetime) -> LookingBackView | None:
    reflection, growth = interview.follow_up.reflections.get(viewer), interview.follow_up.growth.get(viewer)
    wrote = reflection is not None or growth is not None
    if not wrote or not may_read(interview, viewer, Content.LOOKING_BACK, viewer, now):
        return None
    return LookingBackView(
        reflection=reflection.text if reflection else None,
        will_try=reflection.will_try if reflection else None,
        acted=growth.acted if growth else None,
        helped=growth.helped if growth else None,
        note=growth.note if growth else None,
    )


# --- the card in the Temporal UI -------------------------------------------------------------------------------------

_ON_CARD = 8


def card(interview: Interview, agenda: Agenda, latest: Iterable[Recorded], now: datetime) -> str:
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
    at_work = [order.key for order in agenda.owed if not is_confidential(order.key)]
    if at_work:
        rows.append(f"- at work on: {', '.join(f'`{key}`' for key in at_work)}")
    rows += [_needed(interview, one, now) for one in interview.attention]
    rows.append("\n| when (UTC) | what | by |\n|---|---|---|")
    public = [one for one in latest if is_public(one.event)]
    rows += [f"| {_minute(one.at)} | {one.event.kind} | {one.by} |" for one in public[-_ON_CARD:]]
    return "\n".join(rows)


def _needed(interview: Interview, item: Item, now: datetime) -> str:
    why, helps = because(interview, item, now), f" → {', '.join(item.clears)}" if item.clears else ""
    return f"- needs **{item.owner}** ({item.rank}): `{item.id}`{helps}" + (f": {why}" if why else "")


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
