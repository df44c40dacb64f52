"""Which letters an interview owes to whom, from when, until when: the clock table of lifecycle, section 6, as code.

Every letter is derived from the state, so one about an older revision cannot be owed. Nobody is written to in the
quiet hours of their own day, but for the last reminder, what happens the same day, and answers to what they just did.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from entrevue import answers, inviting, reminders
from entrevue.answers import Asked, Said
from entrevue.calendars import event_key
from entrevue.civil import QUIET_FROM, business_waking, instant, local, waking
from entrevue.disputes import Ruled
from entrevue.drift import Drifted
from entrevue.effects import MessageSkipped, is_confidential, letter_key
from entrevue.feedback import announced_at, awaits_answer, candidate_feedback, open_until
from entrevue.inviting import by_mail
from entrevue.letters import (
    AdjustmentArranged,
    AnswerCheck,
    AnswerDelayed,
    AvailabilityRequest,
    CalendarNotice,
    Cancellation,
    ConductReport,
    Correspondent,
    DisputeRuled,
    FeedbackAvailable,
    Invitation,
    LearningReport,
    LocalTimeChanged,
    Offer,
    OfferWithdrawn,
    OnHold,
    SeatRequest,
    TimeStands,
)
from entrevue.negotiation import reply_by
from entrevue.orders import Confidant, SendLetter
from entrevue.people import Member
from entrevue.report import document, report
from entrevue.scheduling import Booking, Offered, Scheduling, Shown, Told
from entrevue.values import CANDIDATE, CONFIDANT, Side, Slot, Status
from entrevue.voices import Arranged
from entrevue.writing import MAYBE_SENT, SAME_DAY, Due, is_near, others, to_candidate, turn_to

if TYPE_CHECKING:
    from entrevue.interview import Interview

_AWAKE = timedelta(hours=1)
"""Who has just commanded is not asleep."""

_NO_ANSWERS = frozenset(
    {
        "nudge",
        "day_reminder",
        "form_reminder",
        "answer_delayed",
        "dispute_ruled",
        "feedback_available",
        "reflection_request",
        "growth_request",
    }
)
"""No command leads to one of these at once: they wait for the morning, also where the reader is up by chance."""

_TIME_TO_ACT = timedelta(hours=5)
"""Before the start: what somebody's answer leads to by itself has its end four hours before it, an hour after they
were asked."""

_MOST_NOTICES = 3
"""Letters of one kind about what was answered to one booked time, or done to it in one calendar."""

_SHORTEST, _LONGEST = 5, 8 * 60
"""Minutes of a slot."""

_STALE = timedelta(days=2)
"""That an interview goes on again is news for so long."""

_AS_ASKED = "It is arranged as you asked."

AGAIN_IF_UNSURE = frozenset(
    {"offer", "availability_request", "seat_request", "invitation", "cancellation", "offer_withdrawn"}
)
"""Losing one of these costs more than a second copy; of all others a second copy is the greater nuisance."""


def key(interview: "Interview", due: Due) -> str:
    return interview.effects.key(letter_key(interview.id, due.kind, due.whom, due.version))


def open_letters(interview: "Interview") -> list[Due]:
    """Give every letter that is owed now or later and is still tried."""
    return [due for due in unmet(interview) if key(interview, due) not in interview.effects.failures]


def unmet(interview: "Interview") -> list[Due]:
    """Give every letter that has not met its fate, also where trying has come to nothing."""
    if not interview.people.organisation:
        return []
    known = interview.effects.messages
    return [due for due in _all(interview) if (one := known.get(key(interview, due))) is None or one.was == "queued"]


def orders(interview: "Interview", now: datetime) -> list[SendLetter]:
    """Give the letters to send now, per person in the order in which they fell due."""
    due = [one for one in open_letters(interview) if _leaves(interview, one, now) <= now]
    in_time = [one for one in due if one.until is None or now < one.until]
    return [_order(interview, one, now) for one in sorted(in_time, key=lambda one: one.at)]


def moments(interview: "Interview", now: datetime) -> Iterator[datetime]:
    """Name the instants at which a letter may leave, or may not any more though it is under way."""
    for due in open_letters(interview):
        yield _leaves(interview, due, now)
        if key(interview, due) in interview.effects.messages and not due.any_hour:
            yield _falls_asleep(interview, due, now)


def deadlines(interview: "Interview") -> list[tuple[datetime, list[MessageSkipped]]]:
    """A letter whose meaning has gone is not sent late, it is skipped."""
    return [
        (
            due.until,
            [MessageSkipped(key=key(interview, due), letter=due.kind, whom=due.whom, version=due.version)],
        )
        for due in open_letters(interview)
        if due.until is not None
    ]


def _order(interview: "Interview", due: Due, now: datetime) -> SendLetter:
    name, known = key(interview, due), interview.effects.messages.get(key(interview, due))
    organisation, to_confidant = interview.people.organisation, due.whom == CONFIDANT
    thread = None if to_confidant else interview.effects.threads.get(due.whom)
    date = known.date if known else now
    return SendLetter(
        key=name,
        lane=f"mail/{due.whom}",
        interview=interview.id,
        now=now,
        to=_confidant(interview, due.version) if to_confidant else _correspondent(interview, due.whom),
        role=interview.request.role,
        organisation=organisation.name if organisation else "",
        reply_to=organisation.coordinator_email if organisation and not is_confidential(name) else None,
        date=date,
        thread=thread if thread != name else None,
        revision=interview.scheduling.revision,
        again_if_unsure=due.kind in AGAIN_IF_UNSURE,
        letter=due.write(date),
    )


def _correspondent(interview: "Interview", whom: str) -> Correspondent:
    member, clock = interview.people[whom], interview.people.clock(whom)
    return Correspondent(who=whom, name=member.name, email=member.email, zone=clock.zone, zone_assumed=clock.assumed)


def _confidant(interview: "Interview", number: str) -> Correspondent:
    to = next(one.to for one in interview.voices.reports if str(one.n) == number)
    named = _named(interview)[to]
    return Correspondent(who=CONFIDANT, name=named.name, email=named.email, zone=named.zone)


def _named(interview: "Interview") -> dict[str, Confidant]:
    organisation = interview.people.organisation
    return {one.person: one for one in organisation.conduct} if organisation else {}


# --- the clock table -------------------------------------------------------------------------------------------------


def _all(interview: "Interview") -> Iterator[Due]:
    for member in interview.people.left:
        if member.email and not interview.effects.unreachable(member.who):
            yield from _farewell(interview, member)
    reachable = [
        member.who
        for member in interview.people.members
        if member.email and not interview.effects.unreachable(member.who)
    ]
    for whom in reachable:
        yield from _of_booking(interview, whom)
        yield from _of_pause(interview, whom)
        yield from _report_asked_for(interview, whom)
        yield from _of_disputes(interview, whom)
        if interview.closed is not None or interview.scheduling.paused:
            continue
        yield from reminders.before_session(interview, whom)
        yield from reminders.instructions(interview, whom)
        yield from reminders.join_nudge(interview, whom)
        yield from reminders.forms(interview, whom)
        yield from _of_change(interview, whom)
        yield from _of_answers(interview, whom)
        yield from _of_drift(interview, whom)
    if CANDIDATE in reachable and (interview.closed is not None or not interview.scheduling.paused):
        yield from _of_offer(interview)
        yield from _of_adjustments(interview)
        yield from reminders.left_alone(interview)
        yield from _of_decision(interview)
        yield from _of_feedback(interview)
        yield from reminders.apology(interview)
    yield from _of_conduct(interview)


def _of_offer(interview: "Interview") -> Iterator[Due]:
    state, offer = interview.scheduling, interview.scheduling.offer
    if interview.closed is not None:
        yield from _offer_withdrawn(interview)
    elif offer is not None and not offer.slots:
        yield from _availability(interview, offer)
    elif offer is not None and state.requested is None and state.held is None:
        last = max(slot.start for slot in offer.slots)
        yield Due(
            kind="offer",
            whom=CANDIDATE,
            version=str(offer.n),
            at=offer.at,
            until=last,
            write=lambda date: Offer(
                slots=offer.slots,
                reply_by=reply_by(interview, date),
                fresh=offer.n > 1,
                reschedule=state.exchange is not None,
                booked=_stands(state),
            ),
        )
        yield from reminders.nudges(interview, offer)


def _availability(interview: "Interview", offer: Offered) -> Iterator[Due]:
    yield Due(
        kind="availability_request",
        whom=CANDIDATE,
        version=str(offer.n),
        at=offer.at,
        until=None,
        write=lambda date: AvailabilityRequest(minutes=interview.policy.duration, reply_by=reply_by(interview, date)),
    )
    yield from reminders.nudges(interview, offer)


def _stands(state: Scheduling) -> Slot | None:
    """Give the booked time, where an offer is about another one; not if it cannot be kept as it is."""
    unfit = state.exchange is not None and state.exchange.unfit
    return state.booking.slot if state.booking is not None and not unfit else None


def _offer_withdrawn(interview: "Interview") -> Iterator[Due]:
    """The candidate awaits something of us, and no event that they know of is called off by this very end."""
    closed, shown = interview.closed, interview.scheduling.shown
    cancelled = closed is not None and closed.status is Status.CANCELLED and interview.session.ended_at is None
    if closed is None or not cancelled or closed.side is Side.CANDIDATE:
        return
    asked = (*interview.effects.of("offer", CANDIDATE), *interview.effects.of("availability_request", CANDIDATE))
    awaits = any(one.was in MAYBE_SENT for one in asked)
    vacated = shown is not None and shown.continues
    ended = shown is not None and shown.cancelled and not shown.continues
    called_off = shown is not None and ended and _was_invited(interview, shown.sequence, CANDIDATE)
    if (awaits or vacated) and not called_off:
        yield Due(
            kind="offer_withdrawn",
            whom=CANDIDATE,
            version="1",
            at=closed.at,
            until=None,
            write=lambda _: OfferWithdrawn(reason=closed.reason),
        )


def _of_booking(interview: "Interview", whom: str) -> Iterator[Due]:
    shown = interview.scheduling.shown
    if shown is None:
        return
    if not shown.cancelled:
        over = interview.closed is not None or interview.session.ended_at is not None
        ready = not over and not interview.scheduling.paused and _is_written(interview)
        if ready and _concerns(interview, shown, whom):
            yield _invitation(interview, shown, whom)
        yield from _two_events(interview, shown, whom)
        return
    if _was_invited(interview, shown.sequence, whom) or inviting.is_left_to_mail(interview, whom):
        event, imip = inviting.to_take_out(interview, whom, shown, shown.sequence)
        yield Due(
            kind="cancellation",
            whom=whom,
            version=str(shown.sequence),
            at=shown.at,
            until=shown.slot.end,
            any_hour=is_near(shown.at, shown.slot),
            write=lambda _: Cancellation(
                event=event,
                imip=imip,
                reason=None if interview.scheduling.withdrawn and whom != CANDIDATE else shown.reason,
                apology=shown.apology,
                continues=shown.continues,
            ),
        )


def _two_events(interview: "Interview", shown: Shown, whom: str) -> Iterator[Due]:
    """What a letter brought goes, once the event stands in their calendar: nobody has it twice."""
    held, spare = interview.effects.calendars.get(whom), inviting.spare(interview, whom)
    if held is None or not held.present or spare is None:
        return
    letter = inviting.brought(interview, whom)[spare]
    yield Due(
        kind="calendar_notice",
        whom=whom,
        version=f"mailed-{letter.version}-{shown.since}",
        at=held.at,
        until=shown.slot.end,
        write=lambda _: CalendarNotice(
            what="written",
            slot=shown.slot,
            event=inviting.to_tidy(interview, whom, shown, letter, held.at),
            candidate_zone=interview.people.clock(CANDIDATE).zone,
        ),
    )


def _concerns(interview: "Interview", shown: Shown, whom: str) -> bool:
    """Who sits on the panel matters to the candidate, and to who is new; others see it in the event we write."""
    return whom == CANDIDATE or by_mail(interview, whom) or not _knows_the_time(interview, shown, whom)


def _knows_the_time(interview: "Interview", shown: Shown, whom: str) -> bool:
    """Whether an earlier letter has told them this very time."""
    told = (one for one in interview.effects.of("invitation", whom) if one.was in ("sent", "unsure"))
    versions = [int(one.version) for one in told if shown.since <= int(one.version) < shown.sequence]
    return bool(versions) and _was_invited(interview, shown.sequence, whom)


def _was_invited(interview: "Interview", before: int, whom: str) -> bool:
    """A letter that was started counts as maybe sent: only then is its cancellation owed, and only once."""

    def last(letter: str) -> int:
        started = (one for one in interview.effects.of(letter, whom) if one.was in MAYBE_SENT)
        return max((int(one.version) for one in started if int(one.version) < before), default=-1)

    return last("invitation") > last("cancellation")


def _farewell(interview: "Interview", member: Member) -> Iterator[Due]:
    """Who has left the panel is told once, if they were invited; nothing else of this interview reaches them."""
    shown, sequence = interview.scheduling.shown, member.left_sequence
    if shown is None or sequence is None:
        return
    if not _was_invited(interview, sequence, member.who) and not inviting.is_left_to_mail(interview, member.who):
        return
    at, slot = member.left_at or shown.at, member.left_slot or shown.slot
    gone = {"sequence": sequence, "stamp": at, "slot": slot, "cancelled": True}
    event, imip = inviting.to_take_out(interview, member.who, shown, sequence)
    yield Due(
        kind="cancellation",
        whom=member.who,
        version=str(sequence),
        at=at,
        until=slot.end,
        any_hour=is_near(at, slot),
        write=lambda _: Cancellation(
            event=event.model_copy(update=gone),
            imip=imip,
            replaced=True,
        ),
    )


def _is_written(interview: "Interview") -> bool:
    """Whether every calendar holds what it should, or is behind: nobody looks for an event that is not there yet.

    A claim that is under way may still change who is invited.
    """
    waits = (
        who
        for who in interview.with_calendar
        if who in interview.people
        and not interview.in_sync(who)
        and not interview.effects.behind(event_key(interview, who))
    )
    return interview.scheduling.requested is None and next(waits, None) is None


def _invitation(interview: "Interview", shown: Shown, whom: str) -> Due:
    knew = _was_invited(interview, shown.sequence, whom) and not _knows_the_time(interview, shown, whom)
    moved_from = shown.moved_from if knew else None
    event, imip = inviting.to_bring(interview, whom, shown)
    return Due(
        kind="invitation",
        whom=whom,
        version=str(shown.sequence),
        at=shown.at,
        until=shown.slot.end,
        any_hour=is_near(shown.at, shown.slot, moved_from),
        write=lambda _: Invitation(
            event=event,
            imip=imip,
            moved_from=moved_from,
            changed=_was_invited(interview, shown.sequence, whom),
            place_is_new=shown.room_is_new,
            because=shown.reason if moved_from is not None else None,
            with_names=others(interview, whom),
            candidate_zone=None if whom == CANDIDATE else interview.people.clock(CANDIDATE).zone,
            turn_to=turn_to(interview) if whom == CANDIDATE else None,
        ),
    )


def _of_pause(interview: "Interview", whom: str) -> Iterator[Due]:
    """Whoever awaits something is told that it pauses, and, if they were told, that it goes on."""
    pause, booking, state = interview.scheduling.pause, interview.scheduling.booking, interview.scheduling
    if pause is None or interview.closed is not None:
        return
    invited = state.shown is not None and _was_invited(interview, state.shown.sequence + 1, whom)
    awaits = (booking is not None and invited) or (whom == CANDIDATE and state.offers > 0)
    if pause.until is None and awaits:
        yield Due(
            kind="on_hold",
            whom=whom,
            version=str(pause.n),
            at=pause.at,
            until=None,
            write=lambda _: OnHold(slot=booking.slot if booking else None, reason=pause.reason),
        )
    told = any(one.was in MAYBE_SENT and one.version == str(pause.n) for one in interview.effects.of("on_hold", whom))
    if pause.until is not None and told and interview.session.started_at is None:
        yield Due(
            kind="on_hold",
            whom=whom,
            version=f"{pause.n}-resumed",
            at=pause.until,
            until=pause.until + _STALE,
            write=lambda _: OnHold(resumed=True, slot=booking.slot if booking else None),
        )


def _of_change(interview: "Interview", whom: str) -> Iterator[Due]:
    state, booking = interview.scheduling, interview.scheduling.booking
    held, stands = state.held, state.stands
    seat = next((one for one in interview.people.seats if one.who == whom), None)
    if held is not None and seat is not None and seat.counts and seat.to_held == "needs_action":
        yield Due(
            kind="seat_request",
            whom=whom,
            version=str(held.n),
            at=held.at,
            until=held.until,
            write=lambda _: SeatRequest(
                slot=held.slot,
                reply_by=held.until,
                with_names=others(interview, whom),
                candidate_zone=interview.people.clock(CANDIDATE).zone,
                proposed_by_candidate=held.proposed,
            ),
        )
    if booking is None:
        return
    if stands is not None and stands.revision == state.revision and whom in _concerned(interview, stands):
        yield Due(
            kind="time_stands",
            whom=whom,
            version=str(stands.n),
            at=stands.at,
            until=booking.slot.start,
            write=lambda _: TimeStands(slot=booking.slot, because=stands.because, reason=stands.reason),
        )
    look_up = interview.people.shifted.get(whom)
    if look_up is not None and booking.at < interview.people.shifted_at and state.requested is None:
        yield Due(
            kind="local_time_changed",
            whom=whom,
            version=str(look_up),
            at=interview.people.shifted_at,
            until=booking.slot.start,
            write=lambda _: LocalTimeChanged(slot=booking.slot),
        )


def _concerned(interview: "Interview", stands: Told) -> set[str]:
    """Who asked for another time; and the candidate, who was asked to choose one."""
    if stands.because != "needless":
        return {stands.whom, CANDIDATE} if stands.because == "nothing_found" else {stands.whom}
    asked = (*interview.effects.of("offer", CANDIDATE), *interview.effects.of("availability_request", CANDIDATE))
    return {CANDIDATE} if any(one.was in MAYBE_SENT and int(one.version) > stands.offers for one in asked) else set()


def _of_answers(interview: "Interview", whom: str) -> Iterator[Due]:
    """Who was answered for is asked what they meant, at most a few times about one booked time."""
    booking = interview.scheduling.booking
    for one in answers.asks(interview):
        by_letter = one.whom == whom and not one.said.on_page
        if booking is not None and by_letter and not asked_enough(interview, whom, one.said):
            yield _answer_check(interview, booking, one)


def _answer_check(interview: "Interview", booking: Booking, asked: Asked) -> Due:
    said, slot = asked.said, booking.slot
    proposed = slot.model_copy(update={"start": said.start, "wall": None}) if said.start is not None else None
    clock = asked.confirmed and asked.whom == CANDIDATE
    return Due(
        kind="answer_check",
        whom=asked.whom,
        version=str(said.n),
        at=said.at,
        until=slot.start,
        any_hour=_cannot_wait(interview, asked.whom, said.at, slot),
        write=lambda date: AnswerCheck(
            heard=said.answer,
            slot=slot,
            proposed=proposed,
            confirmed=asked.confirmed,
            noted=said.via in ("command", "on_behalf"),
            until=answers.given_up_at(interview, date) if clock else None,
        ),
    )


def asked_enough(interview: "Interview", whom: str, said: Said) -> bool:
    """Whether they were asked about this booked time as often as one may be; this very question not counted."""
    return _written_often(interview, "answer_check", whom, str(said.n))


def _of_drift(interview: "Interview", whom: str) -> Iterator[Due]:
    """Whoever's calendar we put something back into is told so, at most a few times about one booked time."""
    shown, booking, known = interview.scheduling.shown, interview.scheduling.booking, interview.effects.calendars
    if shown is None or shown.cancelled or booking is None or interview.session.started_at is not None:
        return
    drifted, held = interview.drift.current(whom, shown), known.get(whom)
    if drifted is not None and not _written_often(interview, "calendar_notice", whom, str(drifted.n)):
        yield from _drifted(interview, booking, whom, drifted)
    invited = _was_invited(interview, shown.sequence + 1, whom)  # else ours gives way
    if held is not None and held.overlapped and held.overlapped_at is not None and invited:
        yield _notice(interview, booking, whom, f"overlap-{shown.since}", held.overlapped_at, what="overlapped")


def _drifted(interview: "Interview", booking: Booking, whom: str, drifted: Drifted) -> Iterator[Due]:
    """What became of the time they would rather have is told with it: it waits until the ledger has answered."""
    state, claim, version = interview.scheduling, drifted.claim, str(drifted.n)
    match drifted.what:
        case "moved" if drifted.start is not None and drifted.end is not None:
            if claim is None or state.claim(claim).was != "requested":
                asked = claim is not None and not answers.is_lost(interview, claim)
                moved_to = _as_moved(booking.slot, drifted.start, drifted.end)
                yield _notice(
                    interview, booking, whom, version, drifted.at, what="moved", moved_to=moved_to, asked=asked
                )
        case "emptied" | "put_back":
            yield _notice(interview, booking, whom, version, drifted.at, what=drifted.what)
        case _:
            pass


def _notice(
    interview: "Interview",
    booking: Booking,
    whom: str,
    version: str,
    at: datetime,
    *,
    what: Literal["moved", "emptied", "overlapped", "put_back"],
    moved_to: Slot | None = None,
    asked: bool = False,
) -> Due:
    return Due(
        kind="calendar_notice",
        whom=whom,
        version=version,
        at=at,
        until=booking.slot.start,
        any_hour=_cannot_wait(interview, whom, at, booking.slot),
        write=lambda _: CalendarNotice(
            what=what,
            slot=booking.slot,
            moved_to=moved_to,
            asked=asked,
            candidate_zone=interview.people.clock(CANDIDATE).zone,
        ),
    )


def _as_moved(slot: Slot, start: datetime, end: datetime) -> Slot:
    """People may stretch an event over days, or turn it around: what is told of it is a slot all the same."""
    minutes = min(max(int((end - start) / timedelta(minutes=1)), _SHORTEST), _LONGEST)
    return Slot(start=start, minutes=minutes, zone=slot.zone)


def _written_often(interview: "Interview", kind: str, whom: str, version: str) -> bool:
    """Whatever people, and their programs, do to one booked time, it is no storm of mail."""
    booking, known = interview.scheduling.booking, interview.effects.of(kind, whom)
    about_now = {one.version for one in known if booking is not None and one.date >= booking.at}
    return version not in about_now and len(about_now) >= _MOST_NOTICES


def _cannot_wait(interview: "Interview", whom: str, at: datetime, slot: Slot) -> bool:
    """Whether the morning would leave too little time to do anything about it."""
    return waking(at, interview.people.clock(whom)) > slot.start - _TIME_TO_ACT


def _of_adjustments(interview: "Interview") -> Iterator[Due]:
    booking = interview.scheduling.booking
    if interview.closed is not None or interview.session.started_at is not None:
        return
    for one in interview.voices.adjustments:
        if one.arranged is not None:
            yield _arranged(one.n, one.arranged, booking.slot.start if booking is not None else None)


def _arranged(n: int, arranged: Arranged, start: datetime | None) -> Due:
    at = arranged.told_at
    return Due(
        kind="adjustment_arranged",
        whom=CANDIDATE,
        version=f"{n}-{arranged.told}",
        at=at,
        until=start if start is not None and at < start else None,
        any_hour=start is not None and start - at < SAME_DAY,
        write=lambda _: AdjustmentArranged(text=arranged.text or _AS_ASKED),
    )


def _of_decision(interview: "Interview") -> Iterator[Due]:
    if interview.closed is not None:
        return
    feedback, promised = interview.feedback, interview.session.answer_by
    if feedback.overdue and promised is not None and awaits_answer(interview):
        yield to_candidate("answer_delayed", promised, lambda _: AnswerDelayed(promised=promised))
    if "reminders" in interview.privacy.consents and interview.status is Status.FOLLOW_UP:
        yield from reminders.looking_back(interview)


def _of_feedback(interview: "Interview") -> Iterator[Due]:
    """Whoever asked for feedback is not left in silence, though there is none, and though all is over."""
    at, reviewed = announced_at(interview), interview.feedback.reviewed
    if at is None:
        return
    there = candidate_feedback(interview) == "READY"
    until = open_until(interview) if there else None
    yield Due(
        kind="feedback_available",
        whom=CANDIDATE,
        version=str(1 + (reviewed.turned if reviewed is not None else 0)),
        at=at,
        until=None,
        write=lambda _: FeedbackAvailable(until=until, nothing=not there),
        business_day=True,
    )


def _report_asked_for(interview: "Interview", whom: str) -> Iterator[Due]:
    asked = interview.follow_up.reports.get(whom)
    if asked is not None:
        yield Due(
            kind="learning_report",
            whom=whom,
            version=str(asked.n),
            at=asked.at,
            until=None,
            write=lambda date: LearningReport(document=_document(interview, whom, date)),
        )


def _document(interview: "Interview", whom: str, at: datetime) -> tuple[str, ...]:
    found = report(interview, whom, at)
    return document(found) if found is not None else ()


def _of_disputes(interview: "Interview", whom: str) -> Iterator[Due]:
    """Each who objected hears what came of it, also where the ruling was the last thing the interview waited for."""
    for one in interview.disputes:
        if one.by == whom and one.ruled is not None:
            yield _ruled(one.n, one.ruled, whom)


def _ruled(n: int, ruled: Ruled, whom: str) -> Due:
    return Due(
        kind="dispute_ruled",
        whom=whom,
        version=str(n),
        at=ruled.at,
        until=None,
        write=lambda _: DisputeRuled(ruling=ruled.ruling, reason=ruled.reason),
    )


def _of_conduct(interview: "Interview") -> Iterator[Due]:
    """Past every gate, and past the end: whoever is named hears of each report, wherever the interview stands."""
    for one in interview.voices.reports:
        if one.to in _named(interview):
            yield Due(
                kind="conduct_report",
                whom=CONFIDANT,
                version=str(one.n),
                at=one.at,
                until=None,
                write=lambda _: ConductReport(interview=interview.id),
            )


# --- civil hours -----------------------------------------------------------------------------------------------------


def _leaves(interview: "Interview", due: Due, now: datetime) -> datetime:
    """Give the first instant from now on at which the letter may leave."""
    at, clock = max(due.at, now), interview.people.clock(due.whom)
    if due.any_hour or _is_up(interview, due, at):
        return at
    return business_waking(at, clock) if due.business_day else waking(at, clock)


def _is_up(interview: "Interview", due: Due, at: datetime) -> bool:
    """Who has commanded within the hour is answered at night, but not written to about what is older."""
    acted = interview.acted.get(due.whom)
    return due.kind not in _NO_ANSWERS and acted is not None and acted <= at <= acted + _AWAKE and at <= due.at + _AWAKE


def _falls_asleep(interview: "Interview", due: Due, now: datetime) -> datetime:
    """Give the instant at which a letter that may leave now may not any more."""
    clock, acted = interview.people.clock(due.whom), interview.acted.get(due.whom)
    if waking(now, clock) == now:
        return instant(datetime.combine(local(now, clock).date(), QUIET_FROM), clock)
    return min(acted or now, due.at) + _AWAKE + timedelta(minutes=1)
