"""What is owed now, and the next instant that matters: the difference between what should hold and what is known."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from entrevue import attention, briefing, correspondence, drift, feedback, people, rooms, sharing
from entrevue.calendars import OnCalendar, event_key, removal_key
from entrevue.claims import asking_key, claim_key, fillable, quorum, release_key, replaced_by, search_key, wanted
from entrevue.effects import is_confidential
from entrevue.interview import Interview, deadlines
from entrevue.learning import candidate_key
from entrevue.orders import (
    ClaimTime,
    FindSlots,
    Invitee,
    LookUpBriefs,
    LookUpPeople,
    MakeRoom,
    Order,
    ReleaseTime,
    RemoveEvent,
    SendLetter,
    TellProcess,
    WriteEvent,
)
from entrevue.scheduling import Claim
from entrevue.values import CANDIDATE, Status
from entrevue.writing import event_for

CLOCKS_REACH = timedelta(days=400)
"""Longer than any interview lives: 120 days ahead, 60 of evaluation, 90 of follow-up."""

_LOOK_AHEAD = timedelta(minutes=5)
"""So long before a reminder calendars are looked at: what a person did there is known when it leaves."""

_LOOKING = (Status.NEEDS_SCHEDULING, Status.AWAITING_CANDIDATE, Status.NEEDS_RESCHEDULING)


@dataclass(frozen=True)
class Agenda:
    """Orders in the order in which a lane should take them; `next` is None when no clock is running."""

    owed: tuple[Order, ...]
    next: datetime | None


def plan(interview: Interview, now: datetime) -> Agenda:
    """Say what is owed of a settled interview at this instant. Level, not edge: asked twice, it says the same."""
    owed: list[Order] = []
    if interview.closed is None:
        owed += _people(interview, now)
        owed += [room] if (room := rooms.order(interview, now)) is not None else []
        owed += _search(interview, now)
    owed += _ledger(interview, now)
    owed += _calendars(interview, now)
    owed += _learning(interview, now)
    owed += correspondence.orders(interview, now)
    failures = interview.effects.failures
    return Agenda(owed=tuple(order for order in owed if order.key not in failures), next=_next(interview, now))


def _next(interview: Interview, now: datetime) -> datetime | None:
    instants = [at for at, _ in deadlines(interview, now)]
    instants += correspondence.moments(interview, now)
    if interview.closed is None:
        instants += attention.moments(interview)
        instants += briefing.moments(interview)
        instants += sharing.moments(interview)
    return min((at for at in instants if at > now), default=None)


def _learning(interview: Interview, now: datetime) -> list[LookUpBriefs | TellProcess]:
    """What goes from interview to interview."""
    looks, end = (briefing.order(interview, now), sharing.order(interview, now)), feedback.to_tell(interview)
    owed: list[LookUpBriefs | TellProcess] = [one for one in looks if one is not None]
    if end is not None and interview.request.process_id is not None:
        owed.append(
            TellProcess(
                key=feedback.process_key(interview),
                lane="process",
                interview=interview.id,
                now=now,
                process=interview.request.process_id,
                candidate=candidate_key(interview),
                outcome=end.outcome,
                told_at=end.told_at,
            )
        )
    return owed


def _people(interview: Interview, now: datetime) -> list[LookUpPeople]:
    if interview.people.looked_up == interview.people.look_ups:
        return []
    offer = interview.scheduling.offer
    invitees = tuple(Invitee(who=one.who, person=one.person, zone=one.zone) for one in interview.people.members)
    pools = {seat.pool for seat in interview.people.seats if seat.pool is not None}
    zones = {claim.slot.zone for claim in interview.scheduling.claims if claim.was in ("requested", "held")}
    zones |= {slot.zone for slot in offer.slots} if offer is not None else set()
    return [
        LookUpPeople(
            key=people.key(interview),
            lane="directory",
            interview=interview.id,
            now=now,
            people=invitees,
            pools=tuple(sorted(pools)),
            zones=tuple(sorted(zones)),
            until=interview.opened_at + CLOCKS_REACH,
        )
    ]


def _search(interview: Interview, now: datetime) -> list[FindSlots]:
    state, policy = interview.scheduling, interview.policy
    due = state.searches > state.searched and interview.people.known and interview.status in _LOOKING
    if not due or state.requested is not None or state.held is not None or not fillable(interview):
        return []
    earliest, latest = _searched(interview, now)
    seats = wanted(interview)
    return [
        FindSlots(
            key=search_key(interview),
            lane="search",
            interview=interview.id,
            now=now,
            seats=seats,
            quorum=quorum(interview, seats),
            excluded=interview.people.excluded,
            load_a_day=policy.load_a_day,
            load_a_week=policy.load_a_week,
            candidate_zone=interview.people.clock(CANDIDATE).zone,
            windows=state.windows,
            minutes=policy.duration,
            earliest=earliest,
            latest=latest,
            buffer_before=policy.buffer_before,
            buffer_after=policy.buffer_after,
            grid=policy.grid,
            count=policy.slots_offered,
            avoid=state.avoid if state.booking is None else (*state.avoid, state.booking.slot.start),
            replaces=replaced_by(interview, None),
        )
    ]


def _searched(interview: Interview, now: datetime) -> tuple[datetime, datetime]:
    """Give from when to when: the candidate's own windows are searched to their end, at whatever notice they give."""
    policy, windows = interview.policy, interview.scheduling.windows
    earliest = max(now + policy.minimum_notice, interview.request.earliest or now)
    if not windows:
        return earliest, earliest + timedelta(days=policy.horizon_days)
    return earliest, max(*(one.end for one in windows), earliest)


def _ledger(interview: Interview, now: datetime) -> list[ClaimTime | ReleaseTime]:
    """What is given back goes first: who was replaced and is asked for again must not be in our own way."""
    claims = interview.scheduling.claims
    owed: list[ClaimTime | ReleaseTime] = [
        ReleaseTime(
            key=release_key(interview, claim.n),
            lane="ledger",
            interview=interview.id,
            now=now,
            claim=claim_key(interview, claim.n),
        )
        for claim in claims
        if claim.was == "leaving"
    ]
    owed += [_claim(interview, claim, now) for claim in claims if claim.was == "requested"]
    return owed


def _claim(interview: Interview, claim: Claim, now: datetime) -> ClaimTime:
    policy, seats = interview.policy, wanted(interview, claim)
    return ClaimTime(
        key=asking_key(interview, claim),
        lane="ledger",
        interview=interview.id,
        now=now,
        claim=claim_key(interview, claim.n),
        seats=seats,
        quorum=quorum(interview, seats),
        excluded=(*interview.people.excluded, *claim.excluded),
        load_a_day=policy.load_a_day,
        load_a_week=policy.load_a_week,
        slot=claim.slot,
        buffer_before=policy.buffer_before,
        buffer_after=policy.buffer_after,
        replaces=replaced_by(interview, claim),
        hold_until=claim.hold_until,
        overload=claim.overload,
    )


def _calendars(interview: Interview, now: datetime) -> list[WriteEvent | RemoveEvent]:
    shown = interview.scheduling.shown
    if shown is None:
        return []
    owed: list[WriteEvent | RemoveEvent] = []
    for who in interview.with_calendar:
        person, held = interview.people[who].person, interview.effects.calendars.get(who)
        version = interview.to_show(who)
        if person is None or version is None or interview.in_sync(who):
            continue
        sequence, present = version
        if present and interview.closed is not None:
            continue  # what has taken place stays as it is
        if not present or interview.is_stray(who):
            owed.append(
                RemoveEvent(
                    key=removal_key(interview, who),
                    lane=f"calendar/{who}",
                    interview=interview.id,
                    now=now,
                    who=who,
                    person=person,
                    uid=held.uid if held is not None and held.present else drift.uid(interview, who),
                    sequence=sequence,
                    etag=held.etag if held is not None else None,
                )
            )
        else:
            owed.append(
                WriteEvent(
                    key=event_key(interview, who),
                    lane=f"calendar/{who}",
                    interview=interview.id,
                    now=now,
                    who=who,
                    person=person,
                    event=event_for(interview, who, shown),
                    etag=_etag(held, sequence),
                    look_at=_just_before_reminders(interview, shown.slot.start),
                )
            )
    return owed


def _etag(held: OnCalendar | None, sequence: int) -> str | None:
    """Give that of the version before. Where it was called off in between, we may have removed it ourselves."""
    return held.etag if held is not None and held.sequence >= sequence - 1 else None


def _just_before_reminders(interview: Interview, start: datetime) -> tuple[datetime, ...]:
    return tuple(start - before - _LOOK_AHEAD for before in interview.policy.remind_before)


def summary(order: Order) -> str:
    """Say in plain words what an order does, for the people who read the Temporal UI. Names nobody."""
    match order:
        case LookUpPeople():
            return "Look up the people and their time zones in the directory"
        case FindSlots(count=count):
            return f"Search everyone's free time for up to {count} slots"
        case ClaimTime(slot=slot):
            return f"Claim {slot.start:%a %d %b %Y %H:%M} UTC for the panel"
        case ReleaseTime():
            return "Give the claimed time back"
        case WriteEvent(who=who, event=event):
            verb = "Write" if event.sequence == 0 else "Update"
            return f"{verb} the interview in the calendar of {who} (version {event.sequence})"
        case RemoveEvent(who=who):
            return f"Take the interview off the calendar of {who}"
        case SendLetter(key=key) if is_confidential(key):
            return "Mail"
        case SendLetter(letter=letter, to=to):
            return f"Mail to {to.who}: {letter.kind.replace('_', ' ')}"
        case LookUpBriefs(day=None):
            return "Look up what the interviewers have learned from earlier interviews"
        case LookUpBriefs():
            return "Look what else the candidate has on that day"
        case MakeRoom():
            return "Have the interview given a room of its own"
        case TellProcess():
            return "Tell the other interviews of this process that it is over"
        case _:
            assert_never(order)
