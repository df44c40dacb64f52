from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import get_args

import pytest

from entrevue.interview import UnreadableFact, advance
from entrevue.permissions import TABLE, Command, role_of
from entrevue.values import CANDIDATE, Code, Refused, Status
from tests.domain.scenes import (
    COMMANDS,
    REACHED,
    Scene,
    a_booking,
    a_no_show,
    command,
    let_down,
    open_forms,
    presumed_held,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    story,
    well_formed,
)
from tests.domain.secrecy import check_sentence

ACTORS = (CANDIDATE, "i1", "i2", "coordinator", "decision_maker", "reviewer", "ruler", "conduct", "backend", "operator")


def _its_hour_has_come() -> Scene:
    scene = story(Status.SCHEDULED)
    scene.wait_until(scene.start_of_booking + timedelta(minutes=10))
    return scene


def _only_the_candidates_form() -> Scene:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    return scene


def _embargo_over() -> Scene:
    scene = sealed_forms()
    scene.wait(days=40)
    return scene


MOMENTS: dict[str, Callable[[], Scene]] = {
    **{status.value: partial(story, status) for status in REACHED},
    "SCHEDULED, and its hour has come": _its_hour_has_come,
    "NO_SHOW_REVIEW, of the company": partial(a_no_show, "company"),
    "AWAITING_EVALUATIONS, of a session presumed held": presumed_held,
    "AWAITING_EVALUATIONS, of the candidate's form alone": _only_the_candidates_form,
    "RELEASED, and reviewed": reviewed_feedback,
    "FOLLOW_UP, without a decision": _embargo_over,
    "CANCELLED, late by the company": let_down,
}

# What the table allows may still not fit the moment: then the lifecycle itself refuses. Whatever is not named here is
# accepted from every role that the table names.
_NOT_ASKED = {
    "answer_question": Code.INVALID_COMMAND,
    "mark_addressed": Code.INVALID_COMMAND,
    "arrange_adjustment": Code.INVALID_COMMAND,
}
_NO_APPROVAL = {"grant_approval": Code.INVALID_STATE, "deny_approval": Code.INVALID_STATE}
_NO_PRACTICE = {"confirm_practice": Code.INVALID_STATE}
_NOT_FOR_THEM = {f"withdraw by {by}": Code.NOT_AUTHORIZED for by in ("coordinator", "backend")}
"""After the session."""
_NOT_OPEN = {"clear_attention": Code.INVALID_COMMAND}
_AHEAD = {**_NOT_ASKED, **_NO_PRACTICE}
UNFIT: dict[str, dict[str, Code]] = {
    "NEEDS_SCHEDULING": {**_AHEAD, "resend_message": Code.INVALID_COMMAND},
    "AWAITING_CANDIDATE": _AHEAD,
    "SCHEDULED": {
        **_AHEAD,
        **_NO_APPROVAL,
        "choose_slot": Code.INVALID_STATE,
        "start_session": Code.INVALID_STATE,
        "mark_attendance": Code.INVALID_STATE,
        "report_no_show": Code.INVALID_STATE,
        "wait_longer": Code.INVALID_STATE,
        "go_on_with_those_here": Code.INVALID_STATE,
    },
    "SCHEDULED, and its hour has come": {
        **_AHEAD,
        **_NO_APPROVAL,
        "choose_slot": Code.INVALID_STATE,
        "propose_other_time": Code.WINDOW_CLOSED,
        "respond_to_seat": Code.WINDOW_CLOSED,
        "answer_invitation": Code.WINDOW_CLOSED,
        "request_reschedule": Code.WINDOW_CLOSED,
        "reschedule by interviewer": Code.WINDOW_CLOSED,
        "share_expectations": Code.FORM_NOT_OPEN,
        "put_on_hold": Code.WINDOW_CLOSED,
    },
    "AWAITING_INTERVIEWERS": _AHEAD,
    "ON_HOLD": _AHEAD,
    "NEEDS_RESCHEDULING": _AHEAD,
    "IN_PROGRESS": _AHEAD,
    "NO_SHOW_REVIEW": {
        **_NOT_ASKED,
        "contest_no_show by interviewer": Code.NOT_AUTHORIZED,
        **{f"request_reschedule by {by}": Code.NOT_AUTHORIZED for by in ("interviewer", "coordinator", "backend")},
        "wait_longer": Code.INVALID_STATE,
    },
    "NO_SHOW_REVIEW, of the company": {**_NOT_ASKED, "contest_no_show by candidate": Code.NOT_AUTHORIZED},
    "AWAITING_EVALUATIONS": {
        **_NO_PRACTICE,
        **_NOT_FOR_THEM,
        "rule_no_show": Code.INVALID_STATE,
        "say_it_did_not_take_place": Code.INVALID_STATE,
        "record_decision": Code.INVALID_STATE,
    },
    "AWAITING_EVALUATIONS, of a session presumed held": {
        **_AHEAD,
        **_NOT_FOR_THEM,
        "rule_no_show": Code.INVALID_STATE,
        "record_decision": Code.INVALID_STATE,
    },
    "AWAITING_EVALUATIONS, of the candidate's form alone": {
        **_NO_PRACTICE,
        **_NOT_FOR_THEM,
        "rule_no_show": Code.INVALID_STATE,
        "say_it_did_not_take_place": Code.INVALID_STATE,
        "excuse_evaluation": Code.FORM_NOT_OPEN,
    },
    "AWAITING_DECISION": {**_NO_PRACTICE, **_NOT_FOR_THEM, "submit_evaluation": Code.EVALUATION_LOCKED},
    "RELEASED": {
        "withhold_item": Code.INVALID_STATE,
        "open_feedback": Code.INVALID_STATE,
        "open_dispute by candidate": Code.NOT_AUTHORIZED,
        "rule_dispute": Code.INVALID_COMMAND,
    },
    "RELEASED, and reviewed": {
        "open_feedback": Code.INVALID_STATE,
        "open_dispute by candidate": Code.NOT_AUTHORIZED,
        "rule_dispute": Code.INVALID_COMMAND,
    },
    "FOLLOW_UP": {
        "withdraw": Code.ALREADY_RELEASED,
        "record_decision": Code.ALREADY_RELEASED,
        "review_feedback": Code.ALREADY_RELEASED,
        "withhold_item": Code.ALREADY_RELEASED,
        "revoke_consent": Code.ALREADY_RELEASED,
        "rule_dispute": Code.INVALID_COMMAND,
    },
    "FOLLOW_UP, without a decision": {
        **_NOT_FOR_THEM,
        "review_feedback": Code.CONSENT_MISSING,
        "withhold_item": Code.INVALID_STATE,
        "open_feedback": Code.CONSENT_MISSING,
        "open_dispute": Code.NOT_AUTHORIZED,
        "rule_dispute": Code.INVALID_COMMAND,
        "mail_report": Code.INVALID_STATE,
    },
    **{status.value: _NOT_OPEN for status in REACHED if status.terminal},
    "CANCELLED": {**_NOT_OPEN, "submit_evaluation": Code.FORM_NOT_OPEN},
    "CANCELLED, late by the company": {**_NOT_OPEN, "submit_evaluation by interviewer": Code.FORM_NOT_OPEN},
}


def _judge(scene: Scene, kind: str, by: str) -> Code | None:
    """Give the code of the refusal; None where the command is accepted. Whatever else is raised is a fault."""
    asked = command(kind, by=by, **well_formed(kind, scene, by))
    try:
        advance(scene.interview, asked, scene.now)
    except Refused as refused:
        check_sentence(refused)
        return refused.code
    return None


def test_every_command_has_its_row() -> None:
    assert set(TABLE) == set(get_args(Command))
    assert all(rule.roles and rule.statuses for rule in TABLE.values())


@pytest.mark.parametrize("moment", MOMENTS)
def test_each_cell_of_the_table_holds(moment: str) -> None:
    scene = MOMENTS[moment]()
    scene.cause(UnreadableFact(fact="participant_joined", because="at: has no zone"))  # something to be cleared
    before = scene.interview
    for kind, model in COMMANDS.items():
        for by in ACTORS:
            assert _judge(scene, kind, by) is _expected(scene, moment, model, by), f"{kind} by {by}"
    assert scene.interview is before


def _expected(scene: Scene, moment: str, model: type[Command], by: str) -> Code | None:
    rule, kind, role = TABLE[model], model.model_fields["kind"].default, role_of(by)
    if role not in rule.roles:
        return Code.NOT_AUTHORIZED
    if scene.status not in rule.statuses:
        return Code.ON_HOLD if scene.stands(Status.ON_HOLD) else Code.INVALID_STATE
    return UNFIT[moment].get(f"{kind} by {role}", UNFIT[moment].get(kind))


@pytest.mark.parametrize("kind", COMMANDS)
def test_who_does_not_take_part_commands_nothing(kind: str) -> None:
    for status in (Status.AWAITING_CANDIDATE, Status.IN_PROGRESS, Status.COMPLETED):
        scene = story(status)

        assert _judge(scene, kind, "i9") is Code.NOT_PARTICIPANT


def test_who_has_left_the_panel_commands_nothing_but_can_still_report_conduct() -> None:
    scene = a_booking()
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert "i2" not in scene.interview.people

    assert _judge(scene, "report_conduct", "i2") is None
    refusals = {_judge(scene, kind, "i2") for kind in COMMANDS if kind != "report_conduct"}
    assert refusals == {Code.NOT_PARTICIPANT}


@pytest.mark.parametrize("status", [status for status in REACHED if status.terminal])
def test_after_the_end_everything_is_refused_with_the_status_that_stands(status: Status) -> None:
    scene = story(status)

    for kind, model in COMMANDS.items():
        by = next(actor for actor in ACTORS if role_of(actor) in TABLE[model].roles)
        if kind not in ("clear_attention", "report_conduct"):
            refused = scene.refuses(kind, by=by, **well_formed(kind, scene, by))
            a_form = (kind, status) == ("submit_evaluation", Status.CANCELLED)
            assert refused.code is (Code.FORM_NOT_OPEN if a_form else Code.INVALID_STATE)
            assert status.value in refused.sentence


def test_a_refusal_says_who_may_and_when() -> None:
    scene = story(Status.AWAITING_CANDIDATE)

    who = scene.refuses("record_decision", by=CANDIDATE, outcome="reject", process_over=True)
    when = scene.refuses("start_session", by="i1")

    assert who.sentence == "by: record_decision is for coordinator, decision_maker, not for candidate"
    assert "AWAITING_CANDIDATE" in when.sentence
    assert when.sentence.endswith("it fits in SCHEDULED")
