"""What people take home: sorted by what they had named themselves, in words, for their own eyes."""

import re

import pytest

from entrevue.letters import Improvement
from entrevue.report import FourFields, Gap, Report, document, report, to_markdown
from entrevue.values import CANDIDATE
from tests.domain.scenes import Scene, candidate_form, open_forms, scorecard, secret, told
from tests.domain.test_visibility import Told


def _own(**tags: str) -> dict[str, object]:
    return {"went_well": "I asked before I answered", "differently": "ask about the team", **tags}


def _scorecard(who: str, strength: str | None = None, growth: str | None = None) -> dict[str, object]:
    return scorecard(who, strength_in=strength, growth_in=growth)


def _released(*, own: dict[str, object] | None = None, **forms: dict[str, object]) -> Scene:
    """Everything is approved and opened. `own`: the candidate's self part; `forms` by person, else the usual ones."""
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=forms.get(who) or scorecard(who))
    said = forms.get(CANDIDATE) or candidate_form(own=own or _own())
    scene.send("submit_evaluation", by=CANDIDATE, form=said)
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    return scene


def _opened(scene: Scene, next_step: str | None = None) -> Scene:
    approved = [{"author": who, "what": what} for who in ("i1", "i2") for what in ("strength", "growth")]
    scene.send("review_feedback", by="reviewer", approved=approved, next_step=next_step)
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)
    return scene


def _report(scene: Scene, viewer: str) -> Report:
    found = report(scene.interview, viewer, scene.now)
    assert found is not None
    return found


# --- four fields of words --------------------------------------------------------------------------------------------


def test_what_both_see_is_agreed_and_what_only_they_see_is_hidden_or_a_blind_spot() -> None:
    forms = {"i1": _scorecard("i1", "communication", "expertise"), "i2": _scorecard("i2", "expertise", "motivation")}
    own = _own(went_well_in="communication", differently_in="motivation")

    fields = _report(_opened(_released(own=own, **forms)), CANDIDATE).four_fields

    assert fields == FourFields(
        agreed_strengths=(secret("strength by i1"),),
        hidden_strengths=(secret("strength by i2"),),
        known_growth=(secret("growth by i2"),),
        blind_spots=(secret("growth by i1"),),
    )


@pytest.mark.parametrize(
    ("mine", "theirs"), [({}, "communication"), ({"went_well_in": "communication"}, None), ({}, None)]
)
def test_without_a_theme_on_both_sides_nothing_is_agreed(mine: dict[str, str], theirs: str | None) -> None:
    forms = {"i1": _scorecard("i1", theirs), "i2": scorecard("i2", strength=None, growth=None)}
    scene = _released(own=_own(**mine), **forms)
    approved = [{"author": "i1", "what": what} for what in ("strength", "growth")]
    scene.send("review_feedback", by="reviewer", approved=approved)
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)

    fields = _report(scene, CANDIDATE).four_fields

    assert fields == FourFields(hidden_strengths=(secret("strength by i1"),), blind_spots=(secret("growth by i1"),))


def test_a_theme_of_a_strength_says_nothing_about_growth() -> None:
    forms = {"i1": _scorecard("i1", None, "communication")}

    fields = _report(_opened(_released(own=_own(went_well_in="communication"), **forms)), CANDIDATE).four_fields

    assert secret("growth by i1") in fields.blind_spots
    assert fields.known_growth == ()


def test_an_interviewer_has_the_same_fields_by_the_themes_of_behaviour() -> None:
    own = {
        "went_well": "I listened",
        "went_well_in": "listening",
        "differently": "be on time",
        "differently_in": "time",
    }
    forms = {
        "i1": scorecard("i1", own=own),
        CANDIDATE: candidate_form(helped_in="listening", change_in="clarity"),
    }
    scene = _released(**forms)

    fields = {who: _report(scene, who).four_fields for who in ("i1", "i2")}

    assert fields["i1"] == FourFields(agreed_strengths=(secret("helped"),), blind_spots=(secret("change"),))
    assert fields["i2"] == FourFields(hidden_strengths=(secret("helped"),), blind_spots=(secret("change"),))


@pytest.mark.parametrize("share", ["aggregated", "company_only"])
def test_what_is_not_attributed_is_in_no_interviewers_report(share: str) -> None:
    scene = _released(**{CANDIDATE: candidate_form(share=share)})

    found = _report(scene, "i1")

    assert found.four_fields == FourFields()
    assert (found.they_saw_as_strength, found.they_suggest) == ((), ())


def test_a_sentence_about_one_interviewer_is_in_the_report_of_no_other() -> None:
    scene = _released(**{CANDIDATE: candidate_form(about="i2")})

    assert _report(scene, "i1").they_suggest == ()
    assert _report(scene, "i2").they_suggest == (secret("change"),)


# --- after a ruling --------------------------------------------------------------------------------------------------

_CHANGE = {"author": CANDIDATE, "what": "change"}


def _disputed(ruling: str | None, text: str | None = None) -> Scene:
    scene = _released()
    scene.send("open_dispute", by="i1", item=_CHANGE, reason="it was somebody else")
    if ruling:
        fields = {"by": "ruler", "dispute": 1, "ruled_by": "barbara", "reason": "so it was", "text": text}
        scene.send("rule_dispute", ruling=ruling, **fields)
    return scene


def test_an_amended_sentence_is_read_in_both_wordings() -> None:
    found = _report(_disputed("amended", "send it a day ahead"), "i1")

    assert found.they_suggest == (f"{secret('change')} (amended: send it a day ahead)",)
    assert found.suggested_action == found.they_suggest[0]


def test_a_redacted_sentence_is_in_no_report() -> None:
    scene = _disputed("redacted")

    for who in ("i1", "i2"):
        assert secret("change") not in _report(scene, who).model_dump_json()


@pytest.mark.parametrize("ruling", [None, "excluded"])
def test_what_counts_for_nothing_is_read_still_and_suggests_nothing(ruling: str | None) -> None:
    found = _report(_disputed(ruling), "i1")

    assert found.they_suggest == (secret("change"),)
    assert found.suggested_action == secret("differently for i1")


def test_a_dismissed_dispute_leaves_no_trace_in_the_report() -> None:
    assert _report(_disputed("dismissed"), "i1").suggested_action == secret("change")


# --- one action ------------------------------------------------------------------------------------------------------


def test_the_next_step_of_a_reviewer_goes_before_the_first_growth_point() -> None:
    assert _report(_opened(_released(), "write one design note"), CANDIDATE).suggested_action == "write one design note"
    assert _report(_opened(_released()), CANDIDATE).suggested_action == secret("growth by i1")


def test_an_interviewer_is_suggested_what_the_candidate_said_then_their_own_words_then_what_was_open() -> None:
    silent = {CANDIDATE: candidate_form(change=None)}
    plain = scorecard("i1", own={})

    assert _report(_released(), "i1").suggested_action == secret("change")
    assert _report(_released(**silent), "i1").suggested_action == secret("differently for i1")
    assert _report(_with_brief(plain), "i1").suggested_action == secret("improvement of i1")
    assert _report(_with_brief(scorecard("i1", own={"acted": "yes"})), "i1").suggested_action is None


def _with_brief(form: dict[str, object]) -> Scene:
    scene = Told.opened()
    scene.run()
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    for who, said in (("i1", form), ("i2", scorecard("i2")), (CANDIDATE, candidate_form(change=None))):
        scene.send("submit_evaluation", by=who, form=said)
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    return scene


# --- expected, experienced, outcome ----------------------------------------------------------------------------------


def test_the_report_goes_from_what_was_expected_to_what_came_of_it_item_by_item() -> None:
    scene = _with_brief(scorecard("i1", own={"expectations": "missed", "acted": "partly", "acted_helped": "yes"}))
    scene.send("submit_reflection", by="i1", text="I talked too much", will_try="three questions, no more")
    scene.send("check_growth", by="i1", acted="yes", helped="too_early")

    assert _report(scene, "i1").gaps == (
        Gap(what="expectations", expected=None, experienced="missed", outcome="reject"),
        Gap(what="tried", expected=secret("improvement of i1"), experienced="partly", outcome="yes"),
        Gap(what="will_try", expected="three questions, no more", experienced="yes", outcome="too_early"),
    )


@pytest.mark.parametrize(("now", "moved"), [(1, "less sure"), (2, "as before"), (5, "surer"), (None, None)])
def test_how_sure_one_felt_is_set_beside_how_sure_one_feels(now: int | None, moved: str | None) -> None:
    scene = _released(own=_own() | {"confidence": now})

    gap = next(one for one in _report(scene, CANDIDATE).gaps if one.what == "confidence")

    assert gap.expected == "2 of 5"
    assert (gap.experienced, gap.outcome) == (None if now is None else f"{now} of 5", moved)


def test_there_is_no_report_before_both_gates_nor_for_who_was_not_there() -> None:
    scene = open_forms()

    assert [report(scene.interview, who, scene.now) for who in (CANDIDATE, "i1", "coordinator")] == [None] * 3
    assert report(_released().interview, "coordinator", scene.now) is None


# --- to keep ---------------------------------------------------------------------------------------------------------


def test_the_document_says_in_plain_words_what_the_report_holds() -> None:
    scene = _opened(_released(), "write one design note")
    scene.send("submit_reflection", by=CANDIDATE, text="I answer too fast", will_try="say the assumption first")
    scene.send("check_growth", by=CANDIDATE, acted="partly", helped="too_early", note="in two of three")

    paragraphs = document(_report(scene, CANDIDATE))

    assert paragraphs[0] == (
        "What you take home from the interview with Acme about Backend engineer, 09 November 2026. "
        "Of the decision: the answer was no."
    )
    assert [one for one in paragraphs if ": " not in one and one is not paragraphs[-1]] == [
        "What you expected",
        "What it was like",
        "Your words beside theirs",
        "One thing to do",
        "Looking back",
    ]
    assert paragraphs[-1].startswith("This is for your eyes only.")
    text = "\n".join(paragraphs)
    for said in (
        f"For yourself: {secret('private of candidate')}",
        f"Grace Winter told you: {secret('line of i1')}",
        "How sure you felt: 2 of 5 before",
        "You did well, you say: I asked before I answered",
        f"A strength you did not name yourself: {secret('strength by i1')}",
        f"To grow in, and you did not name it yourself: {secret('growth by i2')}",
        "Suggested: write one design note",
        "You want to try: say the assumption first",
        "Did you act on it: partly",
        "Did it help: it is too early to say",
        "You noted: in two of three",
    ):
        assert said in text


def test_a_document_of_nothing_has_an_opening_and_an_end() -> None:
    scene = open_forms()
    scene.wait(days=8)
    scene.send("withdraw", by=CANDIDATE)

    paragraphs = document(_report(scene, "i2"))

    assert "Of the decision: the application was withdrawn." in paragraphs[0]
    assert "None" not in "\n".join(paragraphs)


@pytest.mark.parametrize("viewer", [CANDIDATE, "i1", "i2"])
def test_no_report_holds_a_number_that_somebody_gave_somebody(viewer: str) -> None:
    found = _report(_opened(_released()), viewer)

    text = "\n".join(document(found)) + to_markdown(found)
    numbers = re.sub(r"\d of 5 (before|after)|09 November 2026|(of|by|for) i[12]", "", text)

    assert not re.search(r"\d", numbers)
    for private in ("evidence", "recommendation", "note of", 'score":'):
        assert private not in found.model_dump_json()


@pytest.mark.parametrize(
    ("wrote", "reads"),
    [
        ("# no heading", r"> \# no heading"),
        ("1. no list", r"> 1\. no list"),
        ("- nor this", r"> \- nor this"),
        ("<b>bold</b> & [a link](x)", r"> \<b\>bold\</b\> \& \[a link\](x)"),
        ("two\n    lines", "> two\n> lines"),
        ("`code` *stars* _lines_", r"> \`code\` \*stars\* \_lines\_"),
    ],
)
def test_what_people_wrote_cannot_become_markup(wrote: str, reads: str) -> None:
    scene = _released()
    scene.send("submit_reflection", by=CANDIDATE, text=wrote)

    text = to_markdown(_report(scene, CANDIDATE))

    assert f"**You wrote**\n\n{reads}\n\n" in text
    assert text.startswith("# Interview: Backend engineer\n\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[-1] == "Looking back"


def test_an_improvement_is_named_by_the_interview_it_came_from() -> None:
    scene = _with_brief(scorecard("i1"))

    assert scene.interview.briefs["i1"].improvement == Improvement(interview="r6", text=secret("improvement of i1"))
