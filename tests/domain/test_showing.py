from collections.abc import Iterator
from datetime import timedelta

import pytest

from entrevue.agenda import plan, summary
from entrevue.feedback import review_due
from entrevue.letters import Improvement, TurnTo
from entrevue.orders import SendLetter
from entrevue.privacy import ASKED
from entrevue.report import Shared
from entrevue.rubrics import LIBRARY, Behaviour, Competency
from entrevue.showing import ball, card, export, timeline, view
from entrevue.values import CANDIDATE, Code, Refused, Status
from entrevue.view import Export, FormView, PracticeView, ProcessView, SideBySide, View
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
    follow_up,
    let_down,
    no_slots,
    open_forms,
    review,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    secret,
    story,
    told,
)
from tests.domain.secrecy import VIEWERS, Secret, check_exactly, check_public, check_secrecy, texts_read_by
from tests.domain.test_visibility import Told

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


def _reviewed(what: Secret, stage: int) -> bool:
    """The reviewer reads what is to be reviewed until it is opened: so long it can be reviewed once more."""
    return what[0] not in ("strength", "growth") or stage in (8, 9)


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

    shown = card(scene.interview, plan(scene.interview, scene.now), scene.records, scene.now)

    assert "**NEEDS_SCHEDULING** since 2026-11-02 15:00" in shown
    assert "ball with: **engine**" in shown
    assert "at work on: `r7/search/all/2.1`" in shown
    assert "| 2026-11-02 15:00 | offer_declined | candidate |" in shown

    stuck = no_slots()
    assert "needs **coordinator** (today): `NO_COMMON_SLOT` → offer_slots" in card(
        stuck.interview, plan(stuck.interview, stuck.now), stuck.records, stuck.now
    )


def test_the_card_shows_the_booked_time_and_its_revision() -> None:
    scene = an_exchange("swap")

    assert "booked: 2026-11-09 15:00, 40 min (revision 1)" in card(
        scene.interview, plan(scene.interview, scene.now), scene.records, scene.now
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


# --- forms, beside one another ---------------------------------------------------------------------------------------


def _rated(*scores: int | None) -> dict[str, object]:
    names = ("expertise", "work_ethic", "communication")
    given = zip(names, scores, strict=True)
    rated = [
        {"competency": name, "score": score, "evidence": None if score is None else "said so"} for name, score in given
    ]
    return {"ratings": rated}


def test_the_panel_is_set_side_by_side_with_its_spread_and_nothing_adds_it_up() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1", **_rated(5, 2, None)))
    assert scene.view("i2").panel == ()
    assert [(one.n, one.of) for one in scene.view("decision_maker").panel] == [(1, 2), (1, 2), (0, 2)]

    scene.send("submit_evaluation", by="i2", form=scorecard("i2", **_rated(2, None, None)))

    seen = {who: scene.view(who).panel for who in ("i1", "i2", "decision_maker")}
    assert seen["i1"] == seen["i2"] == seen["decision_maker"]
    expertise, work_ethic, communication = seen["i1"]
    assert [(one.who, one.score) for one in expertise.scores] == [("i1", 5), ("i2", 2)]
    assert (expertise.competency, expertise.n, expertise.of) == ("expertise", 2, 2)
    assert (expertise.lowest, expertise.highest, expertise.mean) == (2, 5, 3.5)
    assert (work_ethic.n, work_ethic.of, work_ethic.mean) == (1, 2, 2)
    assert (communication.n, communication.lowest, communication.highest, communication.mean) == (0, None, None, None)
    assert SideBySide.model_fields.keys() == {"competency", "scores", "n", "of", "lowest", "highest", "mean"}
    for other in (CANDIDATE, "coordinator", "reviewer", "ruler", "conduct", "backend", "operator"):
        assert scene.view(other).panel == ()


def test_an_interviewers_form_brings_its_anchors_and_the_themes_of_the_self_part() -> None:
    scene = open_forms(interviewers=["grace", {"person": "linus", "competencies": ["motivation"]}])

    def form(who: str) -> FormView:
        own = scene.view(who).form
        assert own is not None
        return own

    assert list(form("i1").rubric) == ["expertise", "work_ethic", "communication"]
    assert form("i1").rubric["expertise"] == LIBRARY["expertise"]
    assert form("i1").themes == tuple(Behaviour)
    assert list(form("i2").rubric) == ["motivation"]
    assert (form(CANDIDATE).rubric, form(CANDIDATE).themes) == ({}, tuple(Competency))
    assert scene.view("coordinator").form is None


def test_who_hands_in_a_form_is_told_beforehand_what_becomes_of_it_if_the_other_side_hands_in_none() -> None:
    scene = open_forms()
    before = scene.view("i1").form
    assert before is not None
    assert "marked as one-sided" in before.if_one_sided
    assert not before.one_sided

    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    open_still = scene.view("i1").form
    scene.wait(days=8)

    after, (peer,) = scene.view("i1").form, scene.view("i2").scorecards
    assert open_still is not None
    assert after is not None
    assert (open_still.one_sided, after.one_sided, peer.one_sided) == (False, True, True)


def test_a_candidates_form_that_meets_none_of_the_panel_is_marked_as_one_sided_for_whoever_reads_it() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.wait(days=8)
    scene.send("add_addendum", by=CANDIDATE, text=secret("addendum by candidate"))
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))

    said = scene.view("i1").from_candidate

    assert said is not None
    assert (said.one_sided, said.late, said.after_decision) == (True, False, False)
    assert said.addenda == (secret("addendum by candidate"),)
    assert (said.listened, said.heard, said.helped) == (5, None, secret("helped"))


def test_a_form_that_both_sides_handed_in_or_that_has_no_other_side_is_not_one_sided() -> None:
    both, cancelled = sealed_forms(), let_down()
    cancelled.send("submit_evaluation", by=CANDIDATE, form={"form": "candidate", "overall": 2})
    cancelled.wait(days=8)

    for scene, who in ((both, "i1"), (both, CANDIDATE), (cancelled, CANDIDATE)):
        form = scene.view(who).form
        assert form is not None
        assert not form.one_sided


def test_a_late_form_and_an_addendum_are_marked_where_they_are_read() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.wait(days=8)
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    scene.send("add_addendum", by="i2", text=secret("addendum by i2"))

    own, (peer,) = scene.view("i2").form, scene.view("i1").scorecards

    assert own is not None
    assert (own.late, own.addenda) == (True, (secret("addendum by i2"),))
    assert (peer.late, peer.addenda) == (True, (secret("addendum by i2"),))


def test_nobody_of_the_panel_is_shown_whether_the_candidate_has_handed_in_a_form_yet() -> None:
    scene = open_forms()

    def owing(viewer: str) -> list[str]:
        return [one.who for one in scene.view(viewer).people if "evaluation" in one.owes]

    assert owing("coordinator") == [CANDIDATE, "i1", "i2"]
    assert owing("i1") == owing("i2") == ["i1", "i2"]
    assert owing(CANDIDATE) == [CANDIDATE]
    assert owing("conduct") == []


# --- from interview to interview -------------------------------------------------------------------------------------


def test_a_brief_is_its_owners_from_a_day_ahead_until_the_session_is_over_and_the_form_asks_about_it() -> None:
    scene = Told.opened()
    scene.run()
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    assert scene.view("i1").brief is None
    assert [line.partition(":")[0] for line in scene.view("i1").scale] == ["expertise", "work ethic", "communication"]
    assert scene.view(CANDIDATE).scale == ()

    scene.wait_until(scene.start_of_booking - timedelta(hours=1))
    brief = scene.view("i1").brief
    assert brief is not None
    assert brief.said == (secret("said of i1"),)
    assert secret("said of i1") not in scene.view("i2").model_dump_json()

    scene.wait(hours=1)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    seen = scene.view("i1")
    assert (seen.brief, seen.scale) == (None, ())
    assert seen.form is not None
    assert seen.form.asks == Improvement(interview="r6", text=secret("improvement of i1"))


def test_a_process_that_ended_elsewhere_says_how_to_whoever_may_know() -> None:
    scene = open_forms(process_id="p7")
    assert scene.view("i1").process == ProcessView(id="p7")

    scene.tell("process_ended", outcome="offer_accepted", told_at=scene.now)

    known = ProcessView(id="p7", outcome="offer_accepted", told_at=scene.now)
    for viewer in (CANDIDATE, "i1", "coordinator", "decision_maker", "reviewer", "ruler"):
        assert scene.view(viewer).process == known
    assert scene.view("backend").process == ProcessView(id="p7", outcome="offer_accepted")
    assert scene.view("conduct").process == ProcessView(id="p7")


def test_practice_says_who_has_confirmed_it() -> None:
    scene = a_booking(practice=True)
    scene.send("confirm_practice", by="i1")

    assert {viewer: scene.view(viewer).practice for viewer in (CANDIDATE, "i1", "backend")} == dict.fromkeys(
        (CANDIDATE, "i1", "backend"), PracticeView(confirmed=("i1",))
    )
    assert a_booking().view("i1").practice is None


# --- whoever decides, and whoever is named ---------------------------------------------------------------------------


def _decided_by_grace() -> Scene:
    scene = Scene.opened()
    scene.decides = "grace"
    scene.run()
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))
    return scene


def test_whoever_decides_and_sits_on_the_panel_is_blind_as_a_peer_and_reads_no_private_note() -> None:
    scene = _decided_by_grace()
    assert scene.view("decision_maker").scorecards == ()

    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))

    seen = scene.view("decision_maker")
    assert [one.who for one in seen.scorecards] == ["i1", "i2"]
    assert [one.private_note for one in seen.scorecards] == [None, None]


def test_who_decides_and_was_excused_reads_only_once_nothing_more_can_come_in() -> None:
    scene = _decided_by_grace()
    scene.send("excuse_evaluation", by="i1", whom="i1", reason="ill")
    assert scene.view("decision_maker").scorecards == ()

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert [one.who for one in scene.view("decision_maker").scorecards] == ["i2"]
    assert scene.view("i1").scorecards == ()


def test_a_report_of_conduct_is_read_by_whoever_made_it_and_by_the_person_named() -> None:
    scene = a_booking()
    for who in (CANDIDATE, "i1"):
        scene.send("report_conduct", by=who, text=secret(f"conduct by {who}"))

    named, own = scene.view("conduct"), scene.view(CANDIDATE)

    assert [(one.by, one.name) for one in named.conduct_reports] == [(CANDIDATE, "Ada Summer"), ("i1", "Grace Winter")]
    assert [one.text for one in own.conduct_reports] == [secret("conduct by candidate")]
    assert (own.conduct_goes_to, named.conduct_goes_to) == (
        TurnTo(name="Olga Lark", email="ombuds@acme.example"),
        None,
    )
    assert (named.status, named.slot) == (own.status, own.slot)
    assert (named.attention, named.decision, named.written_for_you, named.questions) == ((), None, (), ())


def test_who_has_joined_the_panel_since_is_not_named_any_more() -> None:
    scene = an_offer()
    scene.confidants = ("barbara",)
    scene.send("update_contact", by="coordinator", zone="Europe/Berlin")  # the directory is asked again
    scene.send("report_conduct", by=CANDIDATE, text=secret("conduct by candidate"))
    assert len(scene.view("conduct").conduct_reports) == 1

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="barbara")

    assert scene.view("conduct").conduct_reports == ()
    assert scene.view(CANDIDATE).conduct_goes_to is None


def test_that_mail_about_conduct_fails_is_named_to_nobody() -> None:
    scene = a_booking()
    scene.choosy = {"ombuds@acme.example"}

    scene.send("report_conduct", by=CANDIDATE, text=secret("conduct by candidate"))

    assert scene.attention
    readers = [who for who in VIEWERS if "conduct" in str(scene.view(who).attention)]
    assert readers == []
    check_public(scene)


# --- release, rulings, and what is left ------------------------------------------------------------------------------


def test_the_candidate_is_asked_for_consent_in_the_words_that_everybody_uses() -> None:
    scene = a_release()

    offers = scene.view(CANDIDATE).offers

    assert [(one.layer, one.words, one.given) for one in offers] == [(layer, ASKED[layer], True) for layer in ASKED]
    assert scene.view("reviewer").offers == ()
    without = sealed_forms(policy={"feedback": False}).view(CANDIDATE).offers
    assert [(one.layer, one.given) for one in without] == [("reminders", False)]


def test_the_reviewer_sees_until_when_and_everybody_concerned_why_not() -> None:
    scene = a_release()
    due = scene.view("reviewer").review_due
    assert due is not None
    assert due == review_due(scene.interview)
    assert scene.view("coordinator").review_due is None

    reviewed = reviewed_feedback()
    withheld = {who: [(one.author, one.what, one.reason) for one in reviewed.view(who).withheld] for who in VIEWERS}

    of_i1, of_i2 = ("i1", "growth", secret("withheld of i1")), ("i2", "strength", secret("withheld of i2"))
    assert withheld == {**{who: [] for who in VIEWERS}, "i1": [of_i1], "i2": [of_i2], "reviewer": [of_i1, of_i2]}
    assert [one.text for one in reviewed.view("i1").withheld] == [secret("growth by i1")]
    assert [one.text for one in reviewed.view("reviewer").withheld] == [
        secret("growth by i1"),
        secret("strength by i2"),
    ]
    assert len(reviewed.view("reviewer").to_review) == 4  # it can be reviewed once more

    opened = follow_up()
    assert [one.text for one in opened.view("reviewer").withheld] == [None, None]
    assert opened.view("reviewer").to_review == ()


def _disputed(ruling: str | None = None, text: str | None = None) -> Scene:
    scene = follow_up()
    scene.send("open_dispute", by=CANDIDATE, sentence=2, reason=secret("dispute of candidate"))
    if ruling is not None:
        fields = {"by": "ruler", "dispute": 1, "ruled_by": "barbara", "reason": secret("ruling"), "text": text}
        scene.send("rule_dispute", ruling=ruling, **fields)
    return scene


def _growth(scene: Scene) -> Shared:
    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    return next(one for one in feedback.sentences if one.what == "growth")


def test_what_was_taken_out_leaves_a_mark_for_whoever_read_it() -> None:
    scene = _disputed("redacted")

    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    assert feedback.growth == ()
    assert _growth(scene) == Shared(author=None, sentence=2, what="growth", text=None)
    peer = next(one for one in scene.view("decision_maker").scorecards if one.who == "i2")
    assert [one.text for one in peer.sentences] == [secret("strength by i2"), None]


def test_an_amended_sentence_is_shown_with_the_other_wording() -> None:
    scene = _disputed("amended", "say the assumption aloud")

    assert (_growth(scene).text, _growth(scene).amended) == (secret("growth by i2"), "say the assumption aloud")
    peer = next(one for one in scene.view("i1").scorecards if one.who == "i2")
    assert [one.amended for one in peer.sentences] == [None, "say the assumption aloud"]


@pytest.mark.parametrize(
    ("ruling", "disputed", "excluded"), [(None, True, False), ("excluded", False, True), ("dismissed", False, False)]
)
def test_that_a_sentence_is_disputed_or_counts_for_nothing_is_shown_to_whoever_disputed_it(
    ruling: str | None, *, disputed: bool, excluded: bool
) -> None:
    scene = _disputed(ruling)

    assert (_growth(scene).disputed, _growth(scene).excluded) == (disputed, excluded)
    for who in ("i1", "decision_maker"):
        peer = next(one for one in scene.view(who).scorecards if one.who == "i2")
        assert not any(one.disputed or one.excluded for one in peer.sentences)


def test_a_dispute_is_shown_to_whoever_opened_it_and_with_its_number_to_those_who_rule() -> None:
    scene = _disputed()

    seen = {who: scene.view(who).disputes for who in VIEWERS}

    assert [who for who, found in seen.items() if found] == [CANDIDATE, "reviewer", "ruler"]
    (own,), (ruled,), (reviewed,) = seen[CANDIDATE], seen["ruler"], seen["reviewer"]
    assert (own.dispute, ruled.dispute) == (None, 1)
    assert (own.text, ruled.text, reviewed.text) == (secret("growth by i2"), secret("growth by i2"), None)
    assert {who: scene.view(who).disputes_open for who in ("backend", "ruler", "coordinator", CANDIDATE)} == {
        "backend": 1,
        "ruler": 1,
        "coordinator": None,
        CANDIDATE: None,
    }

    scene = _disputed("dismissed")
    (own,), (ruled,) = scene.view(CANDIDATE).disputes, scene.view("ruler").disputes
    assert (own.ruling, own.ruling_reason) == ("dismissed", secret("ruling"))
    assert (own.text, ruled.text) == (secret("growth by i2"), None)


def test_what_one_has_looked_back_on_is_shown_also_where_nothing_is_released() -> None:
    scene = sealed_forms()
    scene.wait(days=45)
    scene.send("submit_reflection", by="i1", text=secret("reflection of i1"), will_try=secret("try of i1"))

    seen = scene.view("i1")

    assert seen.report is None
    assert seen.looking_back is not None
    assert (seen.looking_back.reflection, seen.looking_back.will_try) == (
        secret("reflection of i1"),
        secret("try of i1"),
    )
    assert scene.view("i2").looking_back is None


# --- to take away ----------------------------------------------------------------------------------------------------


def test_somebody_of_the_interview_can_take_away_what_they_may_see_and_nobody_else_can() -> None:
    scene = follow_up()

    taken = export(scene.interview, CANDIDATE, scene.now)

    assert taken.view == scene.view(CANDIDATE)
    assert taken.document is not None
    assert secret("growth by i2").replace("~", r"\~") in taken.document
    assert Export.model_validate_json(taken.model_dump_json()) == taken
    assert export(an_offer().interview, "i1", scene.now).document is None
    for viewer in ("coordinator", "backend", "i3"):
        with pytest.raises(Refused) as refused:
            export(scene.interview, viewer, scene.now)
        assert refused.value.code is Code.NOT_PARTICIPANT


def test_why_a_candidate_withdraws_is_not_the_panels_business() -> None:
    scene = a_booking()
    scene.send("withdraw", by=CANDIDATE, reason=secret("why"))
    scene.wait(days=1)

    for viewer in ("i1", "i2", "decision_maker", "backend", "operator", "reviewer", "ruler"):
        assert secret("why") not in scene.view(viewer).model_dump_json(), viewer
    for viewer in (CANDIDATE, "coordinator"):
        assert scene.view(viewer).closed_reason == secret("why")
    told = [sent.to for sent in scene.mailbox if secret("why") in sent.order.model_dump_json()]
    assert set(told) <= {CANDIDATE}
