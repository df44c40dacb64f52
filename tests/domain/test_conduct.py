import pytest

from entrevue.attention import needs
from entrevue.interview import Started
from entrevue.letters import ConductReport, Invitation, TurnTo
from entrevue.orders import GaveUp, LetterRefused, SendLetter
from entrevue.showing import ball
from entrevue.values import CANDIDATE, CONFIDANT, Code, Status
from tests.domain.scenes import REACHED, Scene, a_booking, a_session, an_offer, follow_up, sealed_forms, secret, story

REPORT = secret("conduct by candidate")


def _opened(*confidants: str, decides: str | None = None) -> Scene:
    scene = Scene.opened()
    scene.confidants, scene.decides = confidants, decides
    scene.run()
    return scene


def _report(scene: Scene, by: str = CANDIDATE, text: str = REPORT) -> list[str]:
    return scene.send("report_conduct", by=by, text=text)


# --- who may, and when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REACHED)
@pytest.mark.parametrize("by", [CANDIDATE, "i1"])
def test_either_side_can_report_conduct_at_any_time_past_every_gate(status: Status, by: str) -> None:
    scene = story(status)

    assert _report(scene, by) == ["conduct_reported"]

    (report,) = scene.interview.voices.reports
    assert (report.n, report.by, report.text, report.to) == (1, by, REPORT, "ombuds")


@pytest.mark.parametrize("status", [status for status in REACHED if status.terminal])
@pytest.mark.parametrize("by", [CANDIDATE, "i1"])
def test_a_report_after_the_end_reaches_the_person_named_and_is_the_last_thing_owed(status: Status, by: str) -> None:
    scene = story(status)
    scene.withheld = {"send_letter"}
    _report(scene, by)
    assert scene.stands(status)
    assert [order.to.email for order in scene.in_flight.values() if isinstance(order, SendLetter)] == [
        "ombuds@acme.example"
    ]

    scene.withheld = set()
    scene.wait(days=1)

    assert scene.letters(CONFIDANT) == ["conduct_report"]
    scene.over()


@pytest.mark.parametrize("status", REACHED)
def test_both_sides_see_from_the_beginning_to_the_end_whom_they_can_turn_to(status: Status) -> None:
    scene = story(status)

    for who in (CANDIDATE, "i1", "i2"):
        assert scene.view(who).conduct_goes_to == TurnTo(name="Olga Lark", email="ombuds@acme.example")


def test_each_is_told_once_by_mail_whom_they_can_turn_to() -> None:
    scene = a_session()

    told = {
        who: [one.kind for one in scene.mailbox if one.to == who and getattr(one.order.letter, "turn_to", None)]
        for who in (CANDIDATE, "i1", "i2")
    }

    assert told == {CANDIDATE: ["invitation"], "i1": ["hour_reminder"], "i2": ["hour_reminder"]}


def test_where_nobody_is_named_no_letter_and_no_view_names_anybody() -> None:
    scene = _opened()
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    assert scene.view(CANDIDATE).conduct_goes_to is None
    invitation = scene.newest("invitation", CANDIDATE).order.letter
    assert isinstance(invitation, Invitation)
    assert invitation.turn_to is None


@pytest.mark.parametrize("by", ["coordinator", "decision_maker", "reviewer", "ruler", "conduct", "backend", "operator"])
def test_nobody_reports_in_somebody_elses_name(by: str) -> None:
    assert a_booking().refuses("report_conduct", by=by, text=REPORT).code is Code.NOT_AUTHORIZED


def test_the_same_report_again_is_no_second_one_and_another_is() -> None:
    scene = a_booking()
    _report(scene)

    assert _report(scene) == []
    assert _report(scene, text="and it happened again") == ["conduct_reported"]
    assert [one.n for one in scene.interview.voices.reports] == [1, 2]


# --- to whom ---------------------------------------------------------------------------------------------------------


def test_it_goes_to_the_first_who_is_named_and_does_not_sit_on_the_panel() -> None:
    scene = _opened("grace", "linus", "barbara", "ombuds")

    _report(scene)

    assert scene.interview.voices.reports[0].to == "barbara"


def test_it_goes_to_nobody_who_sat_on_the_panel_once() -> None:
    scene = _opened("linus", "ombuds")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    _report(scene)

    assert scene.interview.voices.reports[0].to == "ombuds"


def test_it_goes_to_nobody_who_decides() -> None:
    scene = _opened("barbara", "ombuds", decides="barbara")

    _report(scene)

    assert scene.interview.voices.reports[0].to == "ombuds"


@pytest.mark.parametrize("named", [(), ("grace",), ("grace", "linus")])
def test_where_nobody_is_left_who_could_read_it_the_reporter_is_told_so(named: tuple[str, ...]) -> None:
    refused = _opened(*named).refuses("report_conduct", by=CANDIDATE, text=REPORT)

    assert refused.code is Code.INVALID_STATE
    assert not [name for name in named if name in refused.sentence]


def test_before_the_directory_has_answered_there_is_nobody_to_send_it_to_yet() -> None:
    refused = Scene.opened().refuses("report_conduct", by=CANDIDATE, text=REPORT)

    assert refused.code is Code.INVALID_STATE
    assert "again in a minute" in refused.sentence


# --- and nobody else learns of it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", [an_offer, a_booking, sealed_forms, follow_up], ids=lambda one: one.__name__)
def test_neither_attention_nor_ball_nor_status_nor_a_deadline_tells_that_there_is_a_report(begin: object) -> None:
    assert callable(begin)
    scene: Scene = begin()
    before = (scene.attention, needs(scene.interview.attention), ball(scene.interview), scene.status, scene.next)

    _report(scene)

    after = (scene.attention, needs(scene.interview.attention), ball(scene.interview), scene.status, scene.next)
    assert after == before


def test_no_refusal_tells_that_there_is_a_report() -> None:
    quiet, reported = a_booking(), a_booking()
    _report(reported)
    asked: list[tuple[str, dict[str, object]]] = [
        ("clear_attention", {"by": "operator", "item": "CONDUCT_REPORTED"}),
        ("resend_message", {"by": "operator", "letter": "conduct_report", "whom": CANDIDATE}),
    ]

    for kind, fields in asked:
        assert reported.refuses(kind, **fields).sentence == quiet.refuses(kind, **fields).sentence


def _a_letter(scene: Scene) -> SendLetter:
    """To the confidant, under way."""
    last = scene.mailbox[-1].order
    to = last.to.model_copy(update={"who": CONFIDANT, "email": "ombuds@acme.example"})
    fields = {
        "key": "r7/note/n1/1.1",
        "lane": "mail/n1",
        "to": to,
        "letter": ConductReport(interview="r7"),
    }
    order = last.model_copy(update=fields)
    scene.cause(Started(order=order))
    return order


def test_a_letter_to_the_confidant_that_is_refused_is_mail_that_is_behind_and_is_tried_again_on_demand() -> None:
    scene = a_booking()
    order = _a_letter(scene)

    scene.cause(LetterRefused(key=order.key, smtp_code=550, address_is_bad=True))
    assert scene.attention == {"MAIL_BEHIND": "now"}

    assert scene.send("clear_attention", by="operator", item="MAIL_BEHIND")[0] == "resend_requested"
    assert scene.interview.effects.key("r7/note/n1/1") == "r7/note/n1/1.2"
    assert scene.attention == {}


def test_a_letter_to_the_confidant_that_gave_up_is_not_named_either() -> None:
    scene = a_booking()
    order = _a_letter(scene)

    for _ in range(2):
        scene.cause(GaveUp(key=order.key, order=order.kind, because="timeout"))
    assert scene.attention == {"MAIL_BEHIND": "now"}

    assert scene.send("clear_attention", by="operator", item="MAIL_BEHIND")[0] == "order_allowed_again"
    assert scene.attention == {}


def test_that_mail_which_is_only_behind_is_tried_again_changes_nothing() -> None:
    scene = an_offer()
    scene.withheld = {"send_letter"}
    scene.wait(days=1)
    scene.give_up("send_letter")
    assert scene.attention == {"MAIL_BEHIND": "now"}

    assert scene.send("clear_attention", by="operator", item="MAIL_BEHIND") == []
    assert scene.attention == {"MAIL_BEHIND": "now"}
