from collections.abc import Iterator
from datetime import timedelta

import pytest

from entrevue.agenda import plan, summary
from entrevue.orders import SendLetter
from entrevue.values import CANDIDATE, Code, Refused, Status
from entrevue.view import View, ball, card, timeline, view
from entrevue.visibility import SEALED_KINDS
from tests.domain.scenes import (
    REACHED,
    Scene,
    a_booking,
    a_release,
    an_exchange,
    an_offer,
    candidate_form,
    expectations,
    no_slots,
    review,
    scorecard,
    sealed_forms,
    secret,
    story,
    told,
)
from tests.domain.secrecy import VIEWERS, Secret, check_exactly, check_secrecy, texts_read_by

# --- who sees what, when: lifecycle, section 7, along one whole interview --------------------------------------------

STAGES = (
    "booked, and everybody has said what they expect",
    "a day ahead",
    "an hour ahead",
    "in session, with moments and a question",
    "the form of i2 is in",
    "the form of i1 is in",
    "sealed",
    "decided, but not told",
    "released",
    "reviewed",
    "opened",
    "looked back",
)


def _history() -> Iterator[Scene]:
    """One interview that stops at every stage."""
    scene = expectations(a_booking())
    scene.send("request_adjustment", by=CANDIDATE, text=secret("adjustment"))
    said = {"instruction": secret("instruction"), "text": secret("arrangement")}
    scene.send("arrange_adjustment", by="coordinator", adjustment=1, **said)
    yield scene
    for ahead in (24, 1):
        scene.wait_until(scene.start_of_booking - timedelta(hours=ahead))
        yield scene
    scene.wait(hours=1)
    scene.send("start_session", by="i1")
    for who in (CANDIDATE, "i1"):
        scene.send("note_moment", by=who, text=secret(f"moment of {who}"))
    scene.send("ask_question", by=CANDIDATE, text=secret("question"))
    scene.send("answer_question", by="coordinator", question=1, text=secret("answer"))
    yield scene
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    for who in ("i2", "i1"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
        yield scene
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    yield scene
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True)
    yield scene
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    yield scene
    scene.send("review_feedback", by="reviewer", **review(), next_step=secret("next step"))
    yield scene
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)
    yield scene
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("submit_reflection", by=who, text=secret(f"reflection of {who}"), will_try=secret(f"try of {who}"))
    yield scene


_DM = "decision_maker"
# From which stage on who reads it; whoever is not named never does.
SEEN: dict[Secret, dict[str, int]] = {
    ("line", CANDIDATE): {CANDIDATE: 0, "coordinator": 0, _DM: 0, "i1": 2, "i2": 2},
    ("line", "i1"): {"i1": 0, "i2": 0, "coordinator": 0, _DM: 0, CANDIDATE: 1},
    ("line", "i2"): {"i1": 0, "i2": 0, "coordinator": 0, _DM: 0, CANDIDATE: 1},
    **{("private", who): {who: 0} for who in (CANDIDATE, "i1", "i2")},
    **{("moment", who): {who: 3} for who in (CANDIDATE, "i1")},
    ("adjustment", None): {CANDIDATE: 0, "coordinator": 0},
    ("arrangement", None): {CANDIDATE: 0, "coordinator": 0},
    ("instruction", None): {"coordinator": 0, "i1": 0, "i2": 0},
    ("question", None): {CANDIDATE: 3, "coordinator": 3},
    ("answer", None): {CANDIDATE: 3, "coordinator": 3},
    ("evidence", "i2"): {"i2": 4, _DM: 4, "i1": 5},
    ("evidence", "i1"): {"i2": 5, _DM: 5, "i1": 5},
    ("note", "i2"): {"i2": 4, _DM: 4},
    ("note", "i1"): {"i1": 5, _DM: 5},
    ("strength", "i2"): {"i2": 4, _DM: 4, "i1": 5, "reviewer": 8},
    ("growth", "i2"): {"i2": 4, _DM: 4, "i1": 5, "reviewer": 8, CANDIDATE: 10},
    ("strength", "i1"): {"i1": 5, _DM: 5, "i2": 5, "reviewer": 8, CANDIDATE: 10},
    ("growth", "i1"): {"i1": 5, _DM: 5, "i2": 5, "reviewer": 8},
    **{("went well", who): {who: at} for who, at in (("i2", 4), ("i1", 5), (CANDIDATE, 6))},
    **{("differently", who): {who: at} for who, at in (("i2", 4), ("i1", 5), (CANDIDATE, 6))},
    ("helped", None): {CANDIDATE: 6, "i1": 8, "i2": 8},
    ("change", None): {CANDIDATE: 6, "i1": 8, "i2": 8},
    ("next step", None): {CANDIDATE: 10},
    **{("withheld", who): {who: 9, "reviewer": 9} for who in ("i1", "i2")},
    **{("reflection", who): {who: 11} for who in (CANDIDATE, "i1", "i2")},
    **{("try", who): {who: 11} for who in (CANDIDATE, "i1", "i2")},
}
_APPROVED = {("strength", "i1"), ("growth", "i2")}


def _reviewed(what: Secret, stage: int) -> bool:
    """The reviewer reads what is to be reviewed while it is; then what can be taken back, until it is opened."""
    return what[0] not in ("strength", "growth") or stage == 8 or (stage == 9 and what in _APPROVED)


def test_everybody_sees_exactly_what_is_theirs_at_every_stage() -> None:
    reached = 0
    for stage, scene in enumerate(_history()):
        reached += 1
        for viewer in VIEWERS:
            due = {one for one, seen in SEEN.items() if viewer in seen and seen[viewer] <= stage}
            if viewer == "reviewer":
                due = {one for one in due if _reviewed(one, stage)}
            assert texts_read_by(scene, viewer) == due, f"{viewer}: {STAGES[stage]}"
    assert reached == len(STAGES)


def test_what_was_read_a_second_time_independently_agrees() -> None:
    for scene in _history():
        check_exactly(scene)


@pytest.mark.parametrize("status", REACHED)
def test_in_no_status_does_anybody_read_what_is_not_theirs(status: Status) -> None:
    scene = story(status)

    check_secrecy(scene)

    for viewer in VIEWERS:
        seen = scene.view(viewer)
        assert View.model_validate_json(seen.model_dump_json()) == seen


def test_a_question_reaches_the_interviewers_if_the_asker_wishes() -> None:
    scene = a_booking()
    scene.send("ask_question", by=CANDIDATE, text="is it hybrid?", show_interviewers=True)

    assert scene.view("i1").questions[0].text == "is it hybrid?"
    assert scene.view("decision_maker").questions == ()


def test_who_does_not_take_part_sees_nothing() -> None:
    scene = a_booking()

    with pytest.raises(Refused) as refused:
        view(scene.interview, "i3", scene.now)

    assert refused.value.code is Code.NOT_PARTICIPANT


# --- what else a view says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.NEEDS_SCHEDULING, "coordinator"),  # nothing was found
        (Status.AWAITING_CANDIDATE, "candidate"),
        (Status.SCHEDULED, "nobody"),
        (Status.NEEDS_RESCHEDULING, "candidate"),
        (Status.IN_PROGRESS, "both"),
        (Status.NO_SHOW_REVIEW, "both"),
        (Status.AWAITING_EVALUATIONS, "authors"),
        (Status.AWAITING_DECISION, "decision_maker"),
        (Status.RELEASED, "both"),
        (Status.FOLLOW_UP, "both"),
        (Status.COMPLETED, "nobody"),
        (Status.CANCELLED, "nobody"),
    ],
)
def test_the_ball_is_with_whom_the_status_says(status: Status, expected: str) -> None:
    assert ball(story(status).interview) == expected


def test_while_the_engine_searches_the_ball_is_with_the_engine() -> None:
    scene = Scene.opened()
    assert ball(scene.interview) == "engine"

    scene = no_slots()
    scene.withheld = {"find_slots"}
    scene.send("offer_slots", by="coordinator")
    assert ball(scene.interview) == "engine"


def test_a_view_says_when_where_with_whom_and_what_is_owed() -> None:
    scene = an_offer()
    offered = scene.view(CANDIDATE)
    assert [slot.start for slot in offered.offered] == list(scene.offered)
    assert offered.reply_by == scene.interview.scheduling.reply_by
    assert offered.people[0].owes == ("choice of a slot",)

    booked = story(Status.SCHEDULED).view(CANDIDATE)
    assert booked.slot is not None
    assert booked.location == "https://meet.acme.example/r7"
    assert (booked.organisation, booked.role, booked.revision, booked.sequence) == ("Acme", "Backend engineer", 1, 0)
    assert [(one.who, one.name, one.invited) for one in booked.people] == [
        (CANDIDATE, "Ada Summer", True),
        ("i1", "Grace Winter", True),
        ("i2", "Linus Frost", True),
    ]

    forms = story(Status.AWAITING_EVALUATIONS).view("coordinator")
    assert [one.owes for one in forms.people] == [("evaluation",)] * 3


def test_a_slot_that_has_passed_is_not_shown_as_offered() -> None:
    scene = an_offer()
    first = scene.offered[0]

    scene.wait_until(first)

    assert first not in [slot.start for slot in scene.view(CANDIDATE).offered]


def test_a_link_or_a_place_of_the_request_goes_before_the_organisations() -> None:
    assert an_offer(conference_link="https://video.example/9").view(CANDIDATE).location == "https://video.example/9"
    assert an_offer(location="Room 4").view(CANDIDATE).location == "Room 4"


def test_an_interview_that_was_called_off_says_by_whom_and_why() -> None:
    scene = a_booking()
    scene.send("cancel", by="coordinator", reason="the role is filled")

    seen = scene.view(CANDIDATE)

    assert (seen.status, seen.closed_by, seen.closed_reason) == (Status.CANCELLED, "coordinator", "the role is filled")
    assert (seen.slot, seen.late) == (None, False)


@pytest.mark.parametrize(
    ("viewer", "before", "after"),
    [
        (CANDIDATE, None, "reject"),
        ("i1", None, "reject"),
        ("coordinator", "reject", "reject"),
        ("decision_maker", "reject", "reject"),
        ("reviewer", "reject", "reject"),
        ("backend", "reject", "reject"),
    ],
)
def test_the_decision_is_shown_to_both_sides_after_a_person_has_told_it(
    viewer: str, before: str | None, after: str
) -> None:
    scene = sealed_forms()
    decision = {"by": "decision_maker", "outcome": "reject", "process_over": True}

    def shown() -> str | None:
        seen = scene.view(viewer).decision
        return seen.outcome if seen else None

    scene.send("record_decision", **decision)
    assert shown() == before

    scene.send("record_decision", told=told(scene.now), **decision)
    assert shown() == after


def test_the_backend_learns_the_outcome_and_not_how_it_was_told() -> None:
    decision = a_release().view("backend").decision

    assert decision is not None
    assert decision.told_at is None


def test_consents_are_the_candidates_own() -> None:
    scene = a_release()

    assert scene.view(CANDIDATE).consents == ("feedback", "reminders")
    assert scene.view("coordinator").consents == ()


# --- what the Temporal UI shows --------------------------------------------------------------------------------------


def test_the_card_says_who_has_the_ball_what_is_next_and_what_needs_a_person() -> None:
    scene = an_offer()
    scene.withheld = {"find_slots"}
    scene.send("decline_offer", by=CANDIDATE)

    shown = card(scene.interview, plan(scene.interview, scene.now), scene.records)

    assert "**NEEDS_SCHEDULING** since 2026-11-02 15:00" in shown
    assert "ball with: **engine**" in shown
    assert "at work on: `r7/search/all/2.1`" in shown
    assert "| 2026-11-02 15:00 | offer_declined | candidate |" in shown

    stuck = no_slots()
    assert "needs **coordinator** (today): `NO_COMMON_SLOT` → offer_slots" in card(
        stuck.interview, plan(stuck.interview, stuck.now), stuck.records
    )


def test_the_card_shows_the_booked_time_and_its_revision() -> None:
    scene = an_exchange("swap")

    assert "booked: 2026-11-09 15:00, 40 min (revision 1)" in card(
        scene.interview, plan(scene.interview, scene.now), scene.records
    )


def test_the_timeline_says_what_kind_of_thing_happened_and_never_its_content() -> None:
    scene = story(Status.COMPLETED)

    happened = timeline(scene.records)

    assert [one.kind for one in happened] == [kind for kind in scene.kinds if kind not in SEALED_KINDS]
    assert [one.seq for one in happened] == list(range(1, len(happened) + 1))
    assert {one.by for one in happened} > {"backend", "engine", "clock", CANDIDATE, "i1", "reviewer"}


def test_orders_are_summed_up_in_plain_words_that_name_nobody() -> None:
    scene = a_booking()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + timedelta(days=1))
    scene.send("cancel", by="coordinator")

    said = [summary(order) for order in scene.asked if not isinstance(order, SendLetter)]

    assert said == [
        "Look up the people and their time zones in the directory",
        "Search everyone's free time for up to 5 slots",
        "Claim Mon 09 Nov 2026 15:00 UTC for the panel",
        "Write the interview in the calendar of i1 (version 0)",
        "Claim Tue 10 Nov 2026 15:00 UTC for the panel",
        "Give the claimed time back",
        "Update the interview in the calendar of i1 (version 1)",
        "Give the claimed time back",
        "Take the interview off the calendar of i1",
    ]
    mailed = {summary(order) for order in scene.asked if isinstance(order, SendLetter)}
    assert mailed >= {"Mail to candidate: offer", "Mail to i1: invitation", "Mail to i2: cancellation"}
