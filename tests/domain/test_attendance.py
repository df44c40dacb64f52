from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from entrevue.attendance import Attendance, Seen, below_quorum, missed, sighted
from entrevue.evaluation import EvaluationSubmitted
from entrevue.interview import Interview, advance, settle
from entrevue.letters import FormRequest, InterviewerMissing, JoinNudge
from entrevue.people import Answer, Seat
from entrevue.session import NoShowProvisional, SessionEnded
from entrevue.values import CANDIDATE, Code, SeatRole, Status
from tests.domain.scenes import FACTS, Scene, a_booking, candidate_form, scorecard

MINUTE = timedelta(minutes=1)
PANEL = ["grace", "linus", {"person": "edsger", "role": "OPTIONAL"}]


def _at_the_start(**changes: object) -> Scene:
    scene = a_booking(**changes)
    scene.wait_until(scene.start_of_booking)
    return scene


def _join(scene: Scene, *who: str) -> Scene:
    for one in who:
        scene.tell("participant_joined", who=one)
    return scene


def _leave(scene: Scene, *who: str) -> Scene:
    for one in who:
        scene.tell("participant_left", who=one)
    return scene


def _with(scene: Scene, *seats: Seat, who: str = "i2", answer: Answer = "needs_action") -> Interview:
    """The same interview, whose hour has just come, with one answer changed, and these seats besides."""
    people = scene.interview.people
    changed = tuple(replace(seat, answer=answer) if seat.who == who else seat for seat in people.seats)
    return replace(scene.interview, at=scene.now, people=replace(people, seats=(*changed, *seats)))


def _hear(interview: Interview, at: datetime, *who: str) -> Interview:
    for one in who:
        fact = FACTS["participant_joined"].model_validate({"source_id": f"{one} {at}", "at": at, "who": one})
        interview, _ = advance(interview, fact, at)
    return interview


def _party(scene: Scene) -> str | None:
    return scene.interview.session.no_show.party if scene.interview.session.no_show else None


# --- quorum ----------------------------------------------------------------------------------------------------------


def test_a_session_begins_as_soon_as_the_candidate_and_a_quorum_are_there() -> None:
    scene = _at_the_start(policy={"quorum": 1})
    _join(scene, "i2")
    assert scene.stands(Status.SCHEDULED)

    _join(scene, CANDIDATE)

    assert scene.stands(Status.IN_PROGRESS)


def test_without_a_quorum_in_the_policy_everyone_needed_is_waited_for() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    assert scene.stands(Status.SCHEDULED)

    _join(scene, "i2")

    assert scene.stands(Status.IN_PROGRESS)


@pytest.mark.parametrize("role", ["OPTIONAL", "SHADOW", "REVERSE_SHADOW"])
def test_who_only_listens_counts_for_no_quorum(role: str) -> None:
    panel = ["grace", "linus", {"person": "edsger", "role": role}]
    scene = _join(_at_the_start(interviewers=panel), CANDIDATE, "i1", "i3")
    assert scene.stands(Status.SCHEDULED)

    scene.wait(minutes=15)

    assert _party(scene) == "company"


def test_an_absence_that_leaves_a_quorum_is_nobodys_no_show() -> None:
    scene = _join(_at_the_start(policy={"quorum": 1}), "i1")
    assert below_quorum(scene.interview) == ()

    scene.wait(minutes=15)

    assert _party(scene) == CANDIDATE


def test_who_sits_in_for_somebody_counts_in_their_place_and_is_not_missed_besides() -> None:
    scene = _at_the_start(interviewers=PANEL)
    stand_in = Seat(n=4, role=SeatRole.REQUIRED, who="i3", stand_in=True)

    with_them = _hear(_with(scene, stand_in), scene.now, CANDIDATE, "i1", "i3")
    without_them = _hear(_with(scene, stand_in), scene.now, CANDIDATE, "i1", "i2")

    assert with_them.status is Status.IN_PROGRESS  # i2 is absent, and that is no no-show
    assert without_them.status is Status.IN_PROGRESS


def test_who_has_declined_is_needed_still_unless_there_is_a_quorum_without_them() -> None:
    all_needed, one_of_two = _at_the_start(), _at_the_start(policy={"quorum": 1})
    start = all_needed.now

    short = _hear(_with(all_needed, answer="declined"), start, CANDIDATE, "i1")
    enough = _hear(_with(one_of_two, answer="declined"), start, CANDIDATE, "i1")

    assert [seat.who for seat in below_quorum(short)] == ["i2"]
    assert enough.status is Status.IN_PROGRESS


def test_who_has_declined_and_comes_all_the_same_counts() -> None:
    scene = _at_the_start()

    interview = _hear(_with(scene, answer="declined"), scene.now, CANDIDATE, "i1", "i2")

    assert interview.status is Status.IN_PROGRESS


def test_who_has_declined_is_not_presumed_to_have_been_there() -> None:
    scene = _at_the_start()

    interview, _ = settle(_with(scene, answer="declined"), scene.now + 40 * MINUTE)

    assert interview.status is Status.AWAITING_EVALUATIONS
    assert set(interview.evaluation.forms) == {CANDIDATE, "i1"}


def test_an_empty_seat_is_missing() -> None:
    scene = _at_the_start()
    empty = Seat(n=3, role=SeatRole.REQUIRED)

    interview = _hear(_with(scene, empty), scene.now, CANDIDATE, "i1", "i2")

    assert below_quorum(interview) == (empty,)
    assert missed(interview) == ()  # there is nobody to be called
    assert settle(interview, scene.now + 15 * MINUTE)[0].status is Status.NO_SHOW_REVIEW


# --- the soft grace --------------------------------------------------------------------------------------------------


def test_after_five_minutes_the_side_that_is_missing_is_nudged_and_only_they() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    known = len(scene.mailbox)
    scene.wait(minutes=4)
    assert len(scene.mailbox) == known

    scene.wait(minutes=1)

    assert scene.letters()[known:] == ["join_nudge to i2"]
    letter = scene.newest("join_nudge", "i2").order.letter
    assert isinstance(letter, JoinNudge)
    assert letter.location == "https://meet.acme.example/r7"


@pytest.mark.parametrize(
    ("there", "nudged"),
    [(["i1", "i2"], [CANDIDATE]), (["i1"], [CANDIDATE, "i2"]), ([CANDIDATE], ["i1", "i2"]), ([], [])],
    ids=["the candidate", "both sides", "the panel", "nobody tells"],
)
def test_whoever_is_waited_for_is_nudged_once(there: list[str], nudged: list[str]) -> None:
    scene = _join(_at_the_start(), *there)

    scene.wait(minutes=14)

    assert [sent.to for sent in scene.mailbox if sent.kind == "join_nudge"] == nudged


def test_who_came_meanwhile_is_not_nudged() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.withheld = {"send_letter"}
    scene.wait(minutes=5)
    assert "mail/i2" in scene.in_flight

    _join(scene, "i2")

    assert "mail/i2" not in scene.in_flight


def test_a_nudge_comes_at_night_too() -> None:
    scene = a_booking()
    at_night = datetime(2026, 11, 10, 4, 0, tzinfo=UTC)  # 23:00 in New York, 5:00 in Berlin
    scene.send("reschedule", by="coordinator", start=at_night)
    scene.wait_until(at_night)

    _join(scene, "i1", "i2")
    scene.wait(minutes=5)

    assert scene.newest("join_nudge", CANDIDATE).reads.hour == 23


def test_below_a_quorum_the_coordinator_is_called_at_once_and_no_longer_when_they_have_come() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=4)
    assert scene.attention == {}

    scene.wait(minutes=1)
    (item,) = scene.interview.attention
    assert (item.id, item.rank, item.owner) == ("INTERVIEWER_MISSING", "now", "coordinator")
    assert item.clears == ("replace_interviewer", "add_seat", "go_on_with_those_here")

    _join(scene, "i2")
    assert scene.attention == {}


def test_the_coordinator_is_called_until_the_planned_end_though_the_company_was_given_up() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=20)
    assert scene.attention == {"INTERVIEWER_MISSING": "now", "NO_SHOW": "today"}

    scene.wait(minutes=20)

    assert scene.attention == {"NO_SHOW": "today"}


def test_a_candidate_who_is_late_is_no_business_of_the_coordinators_yet() -> None:
    scene = _join(_at_the_start(), "i1", "i2")

    scene.wait(minutes=14)

    assert scene.attention == {}


# --- the hard grace --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "someone"), [([CANDIDATE, "i1"], True), ([CANDIDATE], False)])
def test_a_candidate_whom_the_company_keeps_waiting_is_told_that_they_choose(there: list[str], someone: bool) -> None:  # noqa: FBT001 — a parameter of the test
    scene = _join(_at_the_start(), *there)

    scene.wait(minutes=15)

    letter = scene.newest("interviewer_missing", CANDIDATE).order.letter
    assert isinstance(letter, InterviewerMissing)
    assert letter.someone_is_there is someone
    assert _party(scene) == "company"


@pytest.mark.parametrize("there", [["i1", "i2"], ["i1"]], ids=["candidate", "both"])
def test_a_candidate_who_is_not_there_either_has_nothing_to_choose(there: list[str]) -> None:
    scene = _join(_at_the_start(), *there)

    scene.wait(minutes=30)

    assert "interviewer_missing" not in scene.letters(CANDIDATE)


def test_who_waited_until_the_grace_was_over_has_come_though_they_leave_afterwards() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=14)
    scene.send("wait_longer", by=CANDIDATE, minutes=15)
    scene.wait(minutes=5)
    _leave(scene, CANDIDATE)

    scene.wait(minutes=15)

    assert _party(scene) == "company"


def test_who_left_before_the_grace_was_over_has_not_been_met() -> None:
    scene = _join(_at_the_start(), "i1")
    scene.wait(minutes=5)
    _leave(scene, "i1")
    scene.wait(minutes=3)
    _join(scene, CANDIDATE, "i2")

    scene.wait(minutes=7)

    assert _party(scene) == "company"


def test_who_is_said_to_be_absent_and_is_seen_to_join_has_come_after_all() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=6)
    scene.send("mark_attendance", by="i1", who="i2", present=False)

    _join(scene, "i2")
    scene.wait(minutes=34)
    scene.send("end_session", by="i1")

    assert set(scene.interview.evaluation.forms) == {CANDIDATE, "i1", "i2"}


# --- waiting longer --------------------------------------------------------------------------------------------------


def test_who_waits_longer_gives_the_others_more_time_from_now_on() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=10)

    scene.send("wait_longer", by=CANDIDATE, minutes=20)
    assert scene.view("i1").waits_until == scene.start_of_booking + 30 * MINUTE
    scene.wait(minutes=19)
    assert scene.stands(Status.SCHEDULED)

    scene.wait(minutes=1)
    assert _party(scene) == "company"


def test_whoever_comes_while_they_are_waited_for_begins_the_session() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=14)
    scene.send("wait_longer", by="i1")
    scene.wait(minutes=5)

    _join(scene, "i2")

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.interview.session.started_at == scene.now
    assert scene.interview.session.waiting is None


def test_a_candidate_can_wait_for_a_company_that_was_given_up_already() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=16)
    assert scene.stands(Status.NO_SHOW_REVIEW)

    scene.send("wait_longer", by=CANDIDATE)
    assert scene.stands(Status.SCHEDULED)
    assert scene.attention == {"INTERVIEWER_MISSING": "now"}
    _join(scene, "i2")

    assert scene.stands(Status.IN_PROGRESS)


def test_nobody_waits_past_the_planned_end() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=14)
    scene.send("wait_longer", by=CANDIDATE, minutes=60)
    assert scene.view(CANDIDATE).waits_until == scene.start_of_booking + 40 * MINUTE

    scene.wait(minutes=26)
    assert _party(scene) == "company"
    assert scene.refuses("wait_longer", by=CANDIDATE).code is Code.WINDOW_CLOSED


def test_waiting_no_longer_than_the_grace_changes_nothing() -> None:
    scene = _join(_at_the_start(), CANDIDATE)

    assert scene.send("wait_longer", by=CANDIDATE, minutes=5) == []

    assert scene.interview.session.waiting is None


def test_before_the_booked_time_nobody_is_late() -> None:
    scene = a_booking()

    for kind in ("wait_longer", "go_on_with_those_here"):
        assert scene.refuses(kind, by=CANDIDATE).code is Code.INVALID_STATE


def test_a_candidate_who_was_given_up_is_not_waited_for_again() -> None:
    scene = _join(_at_the_start(), "i1", "i2")
    scene.wait(minutes=15)

    assert scene.refuses("wait_longer", by="i1").code is Code.INVALID_STATE


def test_an_absence_that_a_person_reported_is_not_forgotten_by_waiting() -> None:
    scene = _at_the_start()
    scene.wait(minutes=6)
    scene.send("report_no_show", by=CANDIDATE, party="company")  # no source tells anything
    scene.send("wait_longer", by="coordinator", minutes=20)

    scene.wait(minutes=20)

    assert _party(scene) == "company"


def test_a_candidate_who_waits_says_that_the_company_is_missing() -> None:
    scene = _at_the_start()
    scene.wait(minutes=6)
    scene.send("wait_longer", by=CANDIDATE, minutes=20)
    assert scene.attention == {"INTERVIEWER_MISSING": "now"}
    assert scene.letters("i1")[-1] == "join_nudge"

    scene.wait(minutes=20)

    assert _party(scene) == "company"


def test_an_interviewer_who_waits_accuses_nobody() -> None:
    scene = _at_the_start()
    scene.wait(minutes=6)
    scene.send("wait_longer", by="i1", minutes=20)

    scene.wait(minutes=34)

    assert scene.stands(Status.AWAITING_EVALUATIONS)
    assert scene.interview.session.presumed


def test_a_new_time_is_waited_for_from_its_own_start() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.send("wait_longer", by=CANDIDATE, minutes=30)

    scene.send("reschedule", by="coordinator", start=scene.now + timedelta(days=1))

    assert scene.view(CANDIDATE).waits_until is None


# --- going on with those who are there -------------------------------------------------------------------------------


def test_the_candidate_goes_on_with_those_who_are_there_and_who_is_not_owes_no_form() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=16)

    scene.send("go_on_with_those_here", by=CANDIDATE)
    assert scene.stands(Status.IN_PROGRESS)
    assert scene.interview.session.started_at == scene.now
    assert scene.attention == {}

    scene.wait(minutes=24)
    scene.send("end_session", by="i1")
    assert set(scene.interview.evaluation.forms) == {CANDIDATE, "i1"}
    assert "no_show_confirmed" not in scene.kinds


def test_it_can_go_on_before_the_grace_is_over() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")

    scene.send("go_on_with_those_here", by="coordinator")

    assert scene.stands(Status.IN_PROGRESS)


def test_a_candidate_who_comes_after_they_were_given_up_is_met_all_the_same() -> None:
    scene = _join(_at_the_start(), "i1", "i2")
    scene.wait(minutes=17)
    _join(scene, CANDIDATE)
    assert _party(scene) == CANDIDATE

    scene.send("go_on_with_those_here", by="i1")

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.interview.session.candidate_no_shows == 0


def test_going_on_settles_what_was_contested() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)
    scene.send("contest_no_show", by="i1", reason="I am in the lobby")
    _join(scene, "i1")

    scene.send("go_on_with_those_here", by="i1")

    assert scene.stands(Status.IN_PROGRESS)
    assert scene.attention == {}


@pytest.mark.parametrize(("there", "by"), [([CANDIDATE], CANDIDATE), (["i1"], "i1"), (["i1", "i2"], "coordinator")])
def test_nobody_goes_on_alone_or_without_the_candidate(there: list[str], by: str) -> None:
    scene = _join(_at_the_start(), *there)
    scene.wait(minutes=15)

    assert scene.refuses("go_on_with_those_here", by=by).code is Code.INVALID_STATE


def test_who_has_left_is_not_there_to_go_on_with() -> None:
    scene = _leave(_join(_at_the_start(), CANDIDATE, "i1"), "i1")

    assert scene.refuses("go_on_with_those_here", by=CANDIDATE).code is Code.INVALID_STATE


def test_a_mark_says_that_somebody_is_there_whom_no_source_sees() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)
    scene.send("mark_attendance", by="coordinator", who="i1", present=True)  # on the telephone

    scene.send("go_on_with_those_here", by=CANDIDATE)

    assert scene.stands(Status.IN_PROGRESS)


def test_where_no_source_tells_who_is_there_whoever_goes_on_says_that_somebody_is() -> None:
    scene = _at_the_start()
    scene.wait(minutes=6)
    scene.send("report_no_show", by=CANDIDATE, party="company")
    scene.wait(minutes=2)

    scene.send("go_on_with_those_here", by=CANDIDATE)

    assert scene.stands(Status.IN_PROGRESS)


def test_after_the_planned_end_it_is_too_late_to_go_on() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1")
    scene.wait(minutes=40)

    assert scene.refuses("go_on_with_those_here", by=CANDIDATE).code is Code.WINDOW_CLOSED


# --- meeting another time --------------------------------------------------------------------------------------------


def test_a_candidate_whom_the_company_let_down_gets_a_new_time_at_once_and_at_no_cost() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)

    scene.send("request_reschedule", by=CANDIDATE)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.letters(CANDIDATE)[-1] == "offer"
    assert scene.interview.scheduling.reschedules == {"company": 0}
    assert scene.interview.session.candidate_no_shows == 0


@pytest.mark.parametrize("by", ["i1", "coordinator"])
def test_a_company_that_admits_its_absence_need_not_wait_either(by: str) -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)

    scene.send("request_reschedule", by=by)

    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_a_candidate_who_admits_their_absence_need_not_wait_either() -> None:
    scene = _join(_at_the_start(), "i1", "i2")
    scene.wait(minutes=15)
    assert scene.refuses("request_reschedule", by="i1").code is Code.NOT_AUTHORIZED

    scene.send("request_reschedule", by=CANDIDATE)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.interview.session.candidate_no_shows == 1


def test_a_candidate_without_another_attempt_does_not_end_the_interview_by_asking_for_one() -> None:
    scene = _join(_at_the_start(policy={"no_show_retries": 0}), "i1", "i2")
    scene.wait(minutes=15)

    assert scene.refuses("request_reschedule", by=CANDIDATE).code is Code.MAX_ROUNDS_REACHED


def test_what_is_contested_the_coordinator_rules_on() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)
    scene.send("contest_no_show", by="i1", reason="I was in the lobby")

    assert scene.refuses("request_reschedule", by=CANDIDATE).code is Code.INVALID_STATE


def test_who_asks_for_another_time_has_read_what_stands() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)

    refused = scene.refuses("request_reschedule", by=CANDIDATE, expected_revision=7)

    assert refused.code is Code.STALE_REVISION


def test_a_no_show_says_who_may_contest_it_and_until_when() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=15)

    seen = {who: scene.view(who).no_show for who in (CANDIDATE, "i1", "coordinator")}

    assert {who: one.you_may_contest for who, one in seen.items() if one} == {
        CANDIDATE: False,
        "i1": True,
        "coordinator": False,
    }
    assert seen["i1"] is not None
    assert seen["i1"].contest_until == datetime(2026, 11, 12, 22, 59, tzinfo=UTC)


# --- how much of it --------------------------------------------------------------------------------------------------


def _half(joined: int = 0, left: int = 40) -> Scene:
    """Of forty minutes from the start, i2 was there from one minute to the other; a quorum of one began without."""
    scene = _join(_at_the_start(policy={"quorum": 1}), CANDIDATE, "i1")
    scene.wait(minutes=joined)
    _join(scene, "i2")
    scene.wait(minutes=left - joined)
    _leave(scene, "i2")
    scene.wait(minutes=40 - left)
    scene.send("end_session", by="i1")
    return scene


def _ended(scene: Scene) -> dict[str, bool]:
    (ended,) = [one.event for one in scene.records if isinstance(one.event, SessionEnded)]
    return {form.who: form.partial for form in ended.forms}


@pytest.mark.parametrize(
    ("joined", "left", "partial"),
    [(0, 40, False), (20, 40, False), (21, 40, True), (0, 20, False), (0, 19, True), (10, 29, True)],
)
def test_a_form_is_owed_by_who_was_there_at_least_half_the_time(joined: int, left: int, partial: bool) -> None:  # noqa: FBT001 — a parameter of the test
    assert _ended(_half(joined, left)) == {CANDIDATE: False, "i1": False, "i2": partial}


def test_who_comes_and_goes_was_there_as_long_as_all_their_stays_together() -> None:
    scene = _join(_at_the_start(policy={"quorum": 1}), CANDIDATE, "i1", "i2")
    for _ in range(4):  # five minutes there, five minutes away
        scene.wait(minutes=5)
        _leave(scene, "i2")
        scene.wait(minutes=5)
        _join(scene, "i2")
    scene.send("end_session", by="i1")

    assert not _ended(scene)["i2"]


def test_who_was_in_the_room_only_before_it_began_was_not_at_the_session() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i2")
    scene.wait(minutes=5)
    _leave(scene, "i2")
    scene.wait(minutes=5)
    scene.send("start_session", by="i1")
    scene.wait(minutes=30)

    scene.send("end_session", by="i1")

    assert _ended(scene) == {CANDIDATE: False, "i1": False}  # whoever pressed start was there, though nobody saw them


def test_who_is_marked_present_was_there_from_beginning_to_end() -> None:
    scene = _join(_at_the_start(policy={"quorum": 1}), CANDIDATE, "i1")
    scene.wait(minutes=35)
    _join(scene, "i2")
    scene.send("mark_attendance", by="i1", who="i2", present=True)  # on the telephone until then
    scene.wait(minutes=5)

    scene.send("end_session", by="i1")

    assert not _ended(scene)["i2"]


def test_gate_one_does_not_wait_for_a_partial_form_which_may_still_come_late() -> None:
    scene = _half(joined=30)
    assert scene.view("i2").people[2].owes == ()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    assert scene.stands(Status.AWAITING_DECISION)

    scene.send("submit_evaluation", by="i2", form=scorecard("i2"))

    (submitted,) = [one.event for one in scene.records if one.by == "i2" and isinstance(one.event, EvaluationSubmitted)]
    assert submitted.late


def test_a_partial_form_is_asked_for_as_such_and_nobody_is_reminded_of_it() -> None:
    scene = _join(_at_the_start(), CANDIDATE, "i1", "i2")
    scene.wait(minutes=10)
    _leave(scene, CANDIDATE)
    scene.wait(minutes=30)
    scene.send("end_session", by="i1")

    letters = {who: scene.newest("form_request", who).order.letter for who in (CANDIDATE, "i1")}
    partial = {who: letter.partial for who, letter in letters.items() if isinstance(letter, FormRequest)}
    assert partial == {CANDIDATE: True, "i1": False}
    form = scene.view(CANDIDATE).form
    assert form is not None
    assert form.partial
    scene.wait(days=6)
    assert "form_reminder" not in scene.letters(CANDIDATE)


def test_where_all_forms_are_partial_they_are_waited_for() -> None:
    scene = _at_the_start(policy={"quorum": 1})
    start = scene.now
    comings = [(0, CANDIDATE, 12), (0, "i1", 15), (14, "i2", 30), (29, "i1", 33), (32, "i2", 35)]
    happened = sorted(
        (minute, who, kind) for on, who, off in comings for minute, kind in ((on, "joined"), (off, "left"))
    )
    for minute, who, kind in sorted(happened):
        scene.wait_until(start + minute * MINUTE)
        scene.tell(f"participant_{kind}", who=who)
    scene.wait_until(start + 39 * MINUTE)
    scene.tell("meeting_ended")
    assert _ended(scene) == {CANDIDATE: True, "i1": True, "i2": True}
    assert scene.stands(Status.AWAITING_EVALUATIONS)

    for who in (CANDIDATE, "i1", "i2"):
        assert scene.stands(Status.AWAITING_EVALUATIONS)
        scene.send("excuse_evaluation", by="coordinator", whom=who, reason="hardly met")

    assert scene.stands(Status.AWAITING_DECISION)


# --- what sources tell -----------------------------------------------------------------------------------------------


def _seen(*told: tuple[int, bool]) -> Attendance:
    known = Attendance()
    for minute, joined in told:
        known = sighted(known, Seen(at=_at(minute), joined=joined))
    return known


def _at(minute: int) -> datetime:
    return datetime(2026, 11, 9, 15, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "minutes"),
    [
        ([(0, True)], 40),
        ([(10, True), (30, False)], 20),
        ([(10, True), (20, False), (30, True)], 20),
        ([(30, False), (10, True)], 20),
        ([(5, True), (10, True), (20, False)], 15),
        ([(10, False)], 10),
        ([(10, False), (20, False)], 10),
        ([(0, True), (50, False)], 40),
        ([(45, True)], 0),
        ([], 0),
    ],
    ids=[
        "stayed",
        "one stay",
        "came back",
        "told in the wrong order",
        "joined twice",
        "nobody saw them join",
        "left twice",
        "stayed on afterwards",
        "came too late",
        "never seen",
    ],
)
def test_stays_are_added_up_whatever_the_order_in_which_they_are_told(
    told: list[tuple[int, bool]], minutes: int
) -> None:
    assert _seen(*told).stayed(_at(0), _at(40)) == timedelta(minutes=minutes)


def test_who_left_before_we_heard_that_they_had_joined_is_not_there() -> None:
    assert not _seen((30, False), (10, True)).present


def test_a_session_began_when_they_were_first_together_however_late_we_hear_of_it() -> None:
    scene = _at_the_start()
    start = scene.now
    scene.wait(minutes=10)
    for who, minute in (("i1", 1), ("i2", 4), (CANDIDATE, 2)):
        scene.tell("participant_joined", who=who, at=start + minute * MINUTE)

    assert scene.interview.session.started_at == start + 4 * MINUTE


def test_each_waiting_for_the_other_in_turn_is_nobodys_fault_but_no_meeting() -> None:
    scene = _join(_at_the_start(), CANDIDATE)
    scene.wait(minutes=14)
    scene.send("wait_longer", by=CANDIDATE, minutes=20)
    scene.wait(minutes=10)
    _leave(scene, CANDIDATE)
    _join(scene, "i1", "i2")

    scene.wait(minutes=10)

    said = [one.event for one in scene.records if isinstance(one.event, NoShowProvisional)]
    assert [one.party for one in said] == ["both"]


# --- stand-ins -------------------------------------------------------------------------------------------------------


def test_whoever_of_the_pool_is_free_is_asked_to_step_in_for_who_is_missing() -> None:
    scene = _at_the_start(interviewers=["linus", {"pool": "backend"}])
    missing = scene.interview.people.seats[1].who
    scene = _join(scene, CANDIDATE, "i1")
    scene.wait(minutes=5)
    stand_in = scene.interview.people.seats[-1]

    assert (stand_in.stand_in, stand_in.role) == (True, SeatRole.REQUIRED)
    assert stand_in.who not in (missing, None)
    assert "invitation" in scene.letters(stand_in.who)
    assert len(scene.seated) == 1, "one claim, for the whole panel"

    _join(scene, str(stand_in.who))
    assert scene.stands(Status.IN_PROGRESS)


def test_where_nobody_can_step_in_the_hard_grace_decides() -> None:
    scene = _at_the_start(interviewers=["linus", {"pool": "backend"}])
    scene.away = {"grace", "edsger", "barbara", "alan"}
    scene = _join(scene, CANDIDATE, "i1")
    scene.wait(minutes=5)
    assert [claim.lost for claim in scene.interview.scheduling.claims] == [False, True]

    scene.wait(minutes=10)
    assert scene.stands(Status.NO_SHOW_REVIEW)
