"""The mail budget of lifecycle, section 6: how much mail an interview is, whatever happens, and at what hours."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from entrevue.civil import Clock, Offset, waking
from entrevue.interview import advance
from entrevue.letters import AdjustmentArranged, AnswerCheck, CalendarNotice, Cancellation, GrowthRequest, Invitation
from entrevue.permissions import TABLE
from entrevue.privacy import Layer
from entrevue.values import CANDIDATE, CONFIDANT, Refused, Status
from tests.domain.scenes import (
    BERLIN,
    FACTS,
    NEW_YORK,
    PANEL,
    Scene,
    Sent,
    a_booking,
    a_release,
    an_offer,
    candidate_form,
    command,
    review,
    scorecard,
    well_formed,
)

HOUR = timedelta(hours=1)

# --- an interview without changes ------------------------------------------------------------------------------------

_FULLEST = {
    "offer": 1,
    "nudge": 2,
    "invitation": 1,
    "day_reminder": 1,
    "hour_reminder": 1,
    "form_request": 1,
    "form_reminder": 1,
    "feedback_available": 1,
}
_ASKED_FOR = {"reflection_request": 1, "growth_request": 1}


@pytest.mark.parametrize("reminders", [False, True])
def test_the_fullest_interview_without_changes_costs_the_candidate_nine_letters_and_the_panel_three(
    *,
    reminders: bool,
) -> None:
    """Two more only if the candidate has ticked that they want to be reminded."""
    scene = an_offer()
    scene.wait(days=4)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[3])
    for layer in ("feedback", "reminders") if reminders else ("feedback",):
        scene.send("give_consent", by=CANDIDATE, layer=layer)
    scene.wait_until(scene.start_of_booking + HOUR)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.wait(days=3)
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    told = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)
    scene.send("review_feedback", by="reviewer", **review())
    scene.wait(days=200)

    assert scene.stands(Status.COMPLETED)
    assert sum(_FULLEST.values()) == 9
    assert Counter(scene.letters(CANDIDATE)) == Counter(_FULLEST | (_ASKED_FOR if reminders else {}))
    assert scene.letters("i1") == scene.letters("i2") == ["invitation", "hour_reminder", "form_request"]


def test_a_smooth_interview_costs_the_candidate_eight_letters_two_of_which_they_asked_for() -> None:
    scene = completed_in_full("reject")

    assert Counter(scene.letters(CANDIDATE)) == Counter(
        offer=1,
        invitation=1,
        day_reminder=1,
        hour_reminder=1,
        form_request=1,
        feedback_available=1,
        reflection_request=1,
        growth_request=1,
    )
    assert Counter(scene.letters("i1")) == Counter(invitation=1, hour_reminder=1, form_request=1)
    assert Counter(scene.letters("i2")) == Counter(scene.letters("i1"))


def test_a_yes_costs_as_many_letters_as_a_no() -> None:
    yes, no = completed_in_full("offer_accepted"), completed_in_full("reject")

    assert Counter(yes.letters()) == Counter(no.letters())


def completed_in_full(outcome: str) -> Scene:
    """Everybody does at once what they are asked to; the candidate wants feedback, and to be reminded."""
    scene = a_booking()
    for layer in get_args(Layer):
        scene.send("give_consent", by=CANDIDATE, layer=layer)
    scene.wait_until(scene.start_of_booking + HOUR)
    for who in (CANDIDATE, "i1", "i2"):
        form = candidate_form() if who == CANDIDATE else scorecard(who)
        scene.send("submit_evaluation", by=who, form=form)
    said = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome=outcome, process_over=True, told=said)
    items = [{"author": author, "what": what} for author in ("i1", "i2") for what in ("strength", "growth")]
    scene.send("review_feedback", by="reviewer", approved=items)
    scene.wait(days=200)
    assert scene.stands(Status.COMPLETED)
    return scene


def test_each_letter_is_kept_under_the_kind_that_it_has() -> None:
    """So that `resend_message` finds it, and a key says in the outbox what was sent."""
    scene = completed_in_full("reject")

    assert [sent.order.key.split("/")[1] for sent in scene.mailbox] == [sent.kind for sent in scene.mailbox]
    for kind in ("reflection_request", "growth_request"):
        assert [one.letter for one in scene.interview.effects.of(kind, CANDIDATE)] == [kind]


def test_a_growth_check_names_what_the_candidate_wanted_to_try() -> None:
    chosen, none = a_release(), a_release()
    chosen.send("submit_reflection", by=CANDIDATE, text="too many questions at once", will_try="one at a time")

    asked = []
    for scene in (chosen, none):
        scene.wait(days=40)
        asked.append(scene.newest("growth_request", CANDIDATE).order.letter)

    assert asked == [GrowthRequest(to_try="one at a time"), GrowthRequest()]


@settings(max_examples=25)
@given(
    opened=st.integers(0, 7 * 24 * 60),
    chosen=st.integers(0, 6 * 24 * 60),
    submitted=st.integers(0, 9 * 24 * 60),
    decided=st.integers(0, 6 * 24 * 60),
)
@example(opened=10 * 60, chosen=12 * 60, submitted=0, decided=0)
@example(
    opened=0, chosen=0, submitted=10799, decided=60
)  # handed in late in the evening on which an answer was promised
def test_whenever_things_happen_nobody_is_mailed_beyond_the_budget_nor_at_night(
    opened: int, chosen: int, submitted: int, decided: int
) -> None:
    scene = Scene.opened()
    scene.withheld = {"look_up_people"}
    scene.wait(minutes=opened)
    scene.withheld = set()
    scene.run()
    scene.wait(minutes=chosen)
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    acted = scene.now
    scene.wait_until(scene.start_of_booking + HOUR)
    scene.send("give_consent", by="candidate", layer="feedback")
    scene.wait(minutes=submitted)
    for who in ("i1", "i2", CANDIDATE):
        form = candidate_form() if who == CANDIDATE else scorecard(who)
        scene.send("submit_evaluation", by=who, form=form)
    scene.wait(minutes=decided)
    told = {"by": "Marta Lind", "at": scene.now, "how": "phone"}
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told)
    scene.send("review_feedback", by="reviewer", **review())
    scene.wait(days=200)

    assert len([kind for kind in scene.letters(CANDIDATE) if kind != "answer_delayed"]) <= 9
    assert len(scene.letters("i1")) <= 3
    for sent in scene.mailbox:
        clock = NEW_YORK if sent.to == CANDIDATE else BERLIN
        just_chosen = sent.to == CANDIDATE and sent.at - acted <= HOUR
        any_hour = sent.kind == "hour_reminder" or (sent.kind == "invitation" and just_chosen)
        assert any_hour or waking(sent.at, clock) == sent.at, f"{sent.kind} to {sent.to} at {sent.reads}"


# --- whatever happens ------------------------------------------------------------------------------------------------

ALLOWED: Mapping[str, Mapping[str, int]] = {
    "slots_offered": {"offer": 1, "nudge": 2},
    "availability_requested": {"availability_request": 1, "nudge": 2},
    "interview_scheduled": {
        "invitation": 1,
        "day_reminder": 1,
        "hour_reminder": 1,
        "join_nudge": 1,
        "interviewer_missing": 1,
    },
    "panel_changed": {"invitation": 1, "cancellation": 1},
    "time_held": {"seat_request": 1},
    "reschedule_requested": {"cancellation": 1, "time_stands": 1},
    "interview_paused": {"cancellation": 1, "on_hold": 2},
    "session_ended": {"form_request": 1, "form_reminder": 1},
    "feedback_released": {"feedback_available": 1, "reflection_request": 1, "growth_request": 1},
    "exchange_lapsed": {"time_stands": 1},
    "embargo_lifted": {"feedback_available": 1, "reflection_request": 1, "growth_request": 1},
    "feedback_reviewed": {"feedback_available": 1},
    "interview_cancelled": {"cancellation": 1, "offer_withdrawn": 1, "apology": 1},
    "answer_heard": {"answer_check": 1},
    "counter_heard": {"answer_check": 1},
    "event_moved": {"calendar_notice": 1},
    "event_deleted": {"calendar_notice": 1},
    "event_restored": {"calendar_notice": 1},
    "overlap_seen": {"calendar_notice": 1},
    "room_given": {"invitation": 1},
    "people_looked_up": {"invitation": 1, "calendar_notice": 1},
    "adjustment_settled": {"adjustment_arranged": 1, "hour_reminder": 1},
    "answer_overdue": {"answer_delayed": 1},
    "dispute_ruled": {"dispute_ruled": 1},
    "report_asked": {"learning_report": 1},
}
"""What each event may cost any one reader. What is not listed costs nobody anything; and one offer, one booked time,
one session and one release make the nine letters of an interview without changes."""


def fixed(zone: str, minutes: int) -> Clock:
    return Clock(zone=zone, offsets=(Offset(since=datetime(2026, 1, 1, tzinfo=UTC), minutes=minutes),))


ZONES = {
    "America/New_York": NEW_YORK,
    "Asia/Kolkata": fixed("Asia/Kolkata", 5 * 60 + 30),
    "Pacific/Chatham": fixed("Pacific/Chatham", 13 * 60 + 45),
    "Pacific/Kiritimati": fixed("Pacific/Kiritimati", 14 * 60),
    "Pacific/Niue": fixed("Pacific/Niue", -11 * 60),
}
STAFF = (60, 330, -600, 13 * 60 + 45)
"""Minutes ahead of UTC, where the panel lives."""

PANELS: tuple[dict[str, object], ...] = (
    {},
    {"interviewers": ["grace"]},
    {"interviewers": ["grace", {"pool": "backend"}, {"person": "alan", "role": "SHADOW"}]},
    {"policy": {"confirmation": "explicit"}},
    {"process_id": "p4"},
)
ACTORS = (CANDIDATE, "i1", "i2", "coordinator", "decision_maker", "reviewer", "ruler")
AT_LAST = ("cancel", "withdraw", "abort_session", "resend_message", "report_conduct")
"""Left out of what happens at random: they end it too soon, or ask for more mail in so many words."""

steps = st.lists(
    st.tuples(
        st.sampled_from((*["command"] * 4, "fact", "wait", "wait", "directory")), st.integers(0, 63), st.integers(0, 11)
    ),
    min_size=5,
    max_size=40,
)
"""What happens, and two numbers that pick from what is possible at that moment."""


def fitting(scene: Scene) -> list[tuple[str, str]]:
    found = []
    for model, rule in TABLE.items():
        kind = model.model_fields["kind"].default
        if scene.status in rule.statuses and kind not in AT_LAST:
            found += [
                (kind, by)
                for by in ACTORS
                if by in rule.roles or ("interviewer" in rule.roles and by in scene.interview.people)
            ]
    return found


def happen(scene: Scene, what: str, n: int, m: int) -> None:
    match what:
        case "directory":
            person = ("grace", "linus")[n % 2]
            scene.directory_says(person, written=not scene.written.get(person, PANEL[person][1]))
        case "wait":
            scene.wait(minutes=(5, 40, 90, 7 * 60, 11 * 60, 24 * 60, 2 * 24 * 60, 6 * 24 * 60)[n % 8] + m)
        case "fact":
            tell(scene, n, m)
        case _ if there := fitting(scene):
            kind, by = there[n % len(there)]
            asked = command(kind, by=by, **well_formed(kind, scene, by, m))
            try:
                advance(scene.interview, asked, scene.now)
            except Refused:
                return
            scene.cause(asked)
            scene.run()


def tell(scene: Scene, n: int, m: int) -> None:
    """Somebody answers by their program, or does something to the event in their calendar."""
    shown = scene.interview.scheduling.shown
    if shown is None:
        return
    whom, later = (CANDIDATE, "i1", "i2")[n % 3], shown.slot.start + m * HOUR
    answer = ("accepted", "declined", "tentative", "declined")[m % 4]
    sequence = {"sequence": shown.sequence, "whom": whom}
    of_calendar = sequence | {"uid": f"{scene.interview.id}.p1"}
    facts: tuple[tuple[str, dict[str, object]], ...] = (
        ("rsvp_received", sequence | {"answer": answer, "via": "mail", "verified": m % 2 > 0}),
        ("counter_received", sequence | {"start": later, "via": "mail", "verified": m % 2 > 0}),
        ("words_received", {"whom": whom}),
        ("calendar_event_changed", of_calendar | {"start": later, "end": later + HOUR}),
        ("calendar_event_deleted", of_calendar | {"emptied": m % 2 > 0}),
        ("calendar_overlap_seen", of_calendar | {"overlapped": True}),
    )
    kind, fields = facts[n % len(facts)]
    payload = {"source_id": f"fact-{len(scene.records)}", "at": scene.now, **fields}
    there = scene.calendars.get(whom)
    if kind == "calendar_event_deleted" and there is not None and there.uid == fields["uid"]:
        del scene.calendars[whom]  # what is told is so
        scene.edited.discard(whom)
    scene.cause(FACTS[kind].model_validate(payload))
    scene.run()


def check_counts(scene: Scene) -> None:
    happened = Counter(scene.kinds)
    allowed = Counter[str]()
    for event, letters in ALLOWED.items():
        for letter, n in letters.items():
            allowed[letter] += n * happened[event]
    for whom in {sent.to for sent in scene.mailbox} - {CONFIDANT}:
        got = Counter(scene.letters(whom))
        assert got <= allowed, f"{whom}: {got - allowed} too many after {happened}"
        assert whom == CANDIDATE or not got.keys() & {"nudge", "day_reminder", "form_reminder"}


def check_hours(scene: Scene) -> None:
    for sent in scene.mailbox:
        clock = scene.rules[sent.order.to.zone]
        acted = [one.at for one in scene.records if one.by == sent.to and one.at <= sent.at <= one.at + HOUR]
        assert waking(sent.at, clock) == sent.at or acted or may_wake(sent), f"{sent.kind} to {sent.to} at {sent.at}"


def may_wake(sent: Sent) -> bool:
    """The last reminder, what happens while they should be there, and changes of the same day."""
    near = timedelta(hours=24, minutes=15)
    match sent.order.letter:
        case Invitation(event=event, moved_from=was):
            return min(event.slot.start, was.start if was is not None else event.slot.start) - event.stamp < near
        case Cancellation(event=event):
            return event.slot.start - event.stamp < near
        case AnswerCheck(slot=slot) | CalendarNotice(slot=slot):  # the morning would be too late
            return slot.start - sent.at < near
        case AdjustmentArranged():
            return True
        case letter:
            return letter.kind in ("hour_reminder", "join_nudge", "interviewer_missing")


def play(candidate: str, staff: int, panel: dict[str, object], happening: list[tuple[str, int, int]]) -> Scene:
    scene = Scene.opened(candidate={"name": "Ada", "email": "ada@example.org", "zone": candidate}, **panel)
    scene.rules = {**ZONES, "Europe/Berlin": fixed("Europe/Berlin", staff)}
    scene.run()
    for what, n, m in happening:
        happen(scene, what, n, m)
    scene.wait(days=250)
    return scene


@given(
    candidate=st.sampled_from(tuple(ZONES)),
    staff=st.sampled_from(STAFF),
    panel=st.sampled_from(PANELS),
    happening=steps,
)
@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_nobody_is_mailed_beyond_the_budget(
    candidate: str, staff: int, panel: dict[str, object], happening: list[tuple[str, int, int]]
) -> None:
    scene = play(candidate, staff, panel, happening)

    check_counts(scene)
    check_hours(scene)


@pytest.mark.slow
@given(
    candidate=st.sampled_from(tuple(ZONES)),
    staff=st.sampled_from(STAFF),
    panel=st.sampled_from(PANELS),
    happening=steps,
)
@settings(max_examples=300, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_nobody_is_mailed_beyond_the_budget_in_many_more_interviews(
    candidate: str, staff: int, panel: dict[str, object], happening: list[tuple[str, int, int]]
) -> None:
    scene = play(candidate, staff, panel, happening)

    check_counts(scene)
    check_hours(scene)
