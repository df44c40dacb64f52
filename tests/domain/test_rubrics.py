import re
from itertools import combinations

import pytest
from pydantic import BaseModel

from entrevue import rubrics
from entrevue.contract import read
from entrevue.interview import InterviewOpened, Recorded, advance, fold
from entrevue.request import InterviewRequest, check_forms
from entrevue.rubrics import (
    AGENDA,
    CANDIDATE_FORM,
    CANDIDATE_MINUTES,
    DEFAULT_RUBRIC,
    LIBRARY,
    SCORECARD,
    SCORECARD_MINUTES,
    Anchors,
    Behaviour,
    CandidateForm,
    Competency,
    Rating,
    Rubric,
    Scorecard,
    SelfPart,
    candidate_length,
    scorecard_length,
)
from entrevue.values import CANDIDATE, Code, Refused
from tests.domain.scenes import Scene, command, open_forms, request, scorecard

_JUDGEMENTS = re.compile(
    r"\b(arrogant|attitude|bad|brilliant|clever|competent|confident|culture|excellent|fit|friendly|gifted|good|great|"
    r"honest|intelligent|lazy|likeable|loyal|mature|motivated|nice|passion\w*|personality|poor|potential|professional|"
    r"reliable|senior|sharp|smart|strong|talented|weak)\b",
    re.IGNORECASE,
)
"""What somebody is, not what they do."""

PAIRING = {"one": "Takes the keyboard.", "three": "Says what they try.", "five": "Asks for the other's idea first."}


def _asked(**changes: object) -> Refused:
    """Give the refusal of a request."""
    valid = request().model_dump(mode="json", exclude_unset=True)
    with pytest.raises(Refused) as refused:
        check_forms(read(InterviewRequest, {**valid, **changes}))
    return refused.value


def _accepted(**changes: object) -> None:
    check_forms(request(**changes))


def _rubric(**changes: object) -> dict[str, object]:
    return {"id": "acme", "competencies": {"pairing": PAIRING}, "assigned": ["pairing"], **changes}


# --- anchors ---------------------------------------------------------------------------------------------------------


def test_the_library_covers_what_an_interview_is_about() -> None:
    assert list(LIBRARY) == ["expertise", "work_ethic", "problem_solving", "communication", "motivation"]
    assert tuple(DEFAULT_RUBRIC.competencies) == tuple(Competency)
    assert len(DEFAULT_RUBRIC.assigned) == 3


@pytest.mark.parametrize("name", LIBRARY)
def test_every_anchor_says_what_somebody_says_or_does(name: str) -> None:
    anchors = LIBRARY[name]
    texts = (anchors.one, anchors.three, anchors.five)

    assert len(set(texts)) == 3
    for text in texts:
        first, *others = text.split()
        assert first.endswith("s"), "begins with a verb: what they do"
        assert not _JUDGEMENTS.search(text)
        assert len(others) < 20


# --- what fits -------------------------------------------------------------------------------------------------------


def test_a_backends_own_rubric_is_rated_by_its_own_anchors() -> None:
    scene = Scene.opened(rubric=_rubric())

    assert scene.interview.rubric.competencies["pairing"] == Anchors(**PAIRING)
    assert scene.interview.rubric.assigned == ("pairing",)


def test_what_is_assigned_is_a_competency_of_the_rubric() -> None:
    refused = _asked(rubric=_rubric(assigned=["pairing", "charm"]))

    assert refused.code is Code.INVALID_COMMAND
    assert refused.sentence == "rubric: assigned: charm is no competency of the rubric; it has pairing"


def test_a_rubric_of_other_competencies_says_which_of_them_are_assigned() -> None:
    refused = _asked(rubric={"id": "acme", "competencies": {"pairing": PAIRING}})

    assert refused.sentence == "rubric: assigned: expertise is no competency of the rubric; it has pairing"


def test_no_competency_is_assigned_twice() -> None:
    rubric = _asked(rubric=_rubric(assigned=["pairing", "pairing"]))
    seat = _asked(interviewers=["grace", {"person": "linus", "competencies": ["expertise", "expertise"]}])

    assert rubric.sentence == "rubric: assigned: pairing is named twice; name it once"
    assert seat.sentence.endswith("interviewers.1.competencies: expertise is named twice; name it once")


def test_nobody_rates_more_than_three_competencies() -> None:
    four = ["expertise", "work_ethic", "communication", "motivation"]

    assert _asked(rubric={"assigned": four}).sentence.startswith("rubric.assigned: ")
    assert "interviewers.0.competencies" in _asked(interviewers=[{"person": "grace", "competencies": four}]).sentence


def test_a_seat_rates_competencies_of_the_rubric_only() -> None:
    refused = _asked(
        rubric=_rubric(), interviewers=["linus", {"person": "grace", "competencies": ["pairing", "expertise"]}]
    )

    assert refused.sentence.endswith(
        "interviewers.1.competencies: expertise is no competency of the rubric; it has pairing"
    )


@pytest.mark.parametrize("missing", ["one", "three", "five"])
def test_every_anchor_of_a_rubric_is_written_out(missing: str) -> None:
    anchors = {name: text for name, text in PAIRING.items() if name != missing}

    refused = _asked(rubric=_rubric(competencies={"pairing": anchors}))

    assert refused.sentence == f"rubric.competencies.pairing.{missing}: Field required"


def _wordy(words: int) -> dict[str, object]:
    """Three competencies whose anchors have so many words each."""
    anchors = dict.fromkeys(("one", "three", "five"), " ".join(["do"] * words))
    return {"competencies": dict.fromkeys(("pairing", "writing", "planning"), anchors)}


def test_a_rubric_whose_form_takes_more_than_ten_minutes_is_refused_and_told_by_how_much() -> None:
    assigned = ["pairing", "writing", "planning"]

    refused = _asked(rubric=_rubric(**_wordy(60), assigned=assigned))

    assert refused.sentence == (
        "rubric.assigned: the form would take 11.1 minutes, 10 at most; "
        "take 227 words out of the anchors of pairing, writing, planning, or assign fewer"
    )
    assert "minutes" in _asked(rubric=_rubric(**_wordy(35), assigned=assigned)).sentence  # 225 words less
    _accepted(rubric=_rubric(**_wordy(34), assigned=assigned))  # 234 less
    _accepted(rubric=_rubric(**_wordy(60), assigned=assigned[:2]))


def test_a_seat_whose_own_competencies_take_too_long_is_refused() -> None:
    rubric = _rubric(**_wordy(60), assigned=["pairing"])

    refused = _asked(
        rubric=rubric, interviewers=[{"person": "grace", "competencies": ["pairing", "writing", "planning"]}]
    )

    assert "interviewers.0.competencies: the form would take 11.1 minutes, 10 at most" in refused.sentence


def test_what_was_accepted_once_can_be_read_though_forms_take_longer_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another question, another estimate: a journal, or a run that continues as new, is read as it was written."""
    scene = open_forms(rubric=_rubric())
    stored = [one.model_dump(mode="json") for one in scene.records]

    monkeypatch.setattr(rubrics, "WRITTEN_A_MINUTE", 1)

    assert fold(Recorded.model_validate(one) for one in stored) == scene.interview
    assert "minutes" in _asked(rubric=_rubric()).sentence


def test_the_rubric_is_pinned_when_the_interview_starts() -> None:
    scene = open_forms()
    first = scene.records[0].event
    assert isinstance(first, InterviewOpened)
    older = Rubric.model_validate({"version": 7, "competencies": {"pairing": PAIRING}, "assigned": ["pairing"]})
    opened = scene.records[0].model_copy(update={"event": first.model_copy(update={"rubric": older})})

    assert first.rubric == DEFAULT_RUBRIC  # recorded, though the request named none: a later default changes nothing
    scene.interview = fold([opened, *scene.records[1:]])

    ratings = [{"competency": "pairing", "score": 3, "evidence": "said what she tried"}]
    advance(scene.interview, command("submit_evaluation", by="i1", form=scorecard("i1", ratings=ratings)), scene.now)
    refused = scene.refuses("submit_evaluation", by="i2", form=scorecard("i2"))
    assert refused.sentence == "form.ratings: expertise is not assigned here; rate pairing"


# --- how long a form takes -------------------------------------------------------------------------------------------


def test_the_default_forms_fit_their_minutes() -> None:
    """Fields, those required and words to read, against ten and three minutes. A new field must pay for itself."""
    card = scorecard_length(DEFAULT_RUBRIC, DEFAULT_RUBRIC.assigned)
    tap, asked = candidate_length("a_tap"), candidate_length()

    assert (SCORECARD_MINUTES, CANDIDATE_MINUTES) == (10, 3)
    assert (card.fields, card.required) == (20, 7)  # three scores with their evidence, and the recommendation
    assert card.reads <= 300
    assert card.minutes <= SCORECARD_MINUTES
    assert scorecard_length(DEFAULT_RUBRIC, DEFAULT_RUBRIC.assigned, least=True).minutes < 5
    assert (asked.fields, asked.required) == (16, 1)
    assert asked.reads <= 120
    assert asked.minutes <= CANDIDATE_MINUTES
    assert (tap.fields, tap.writes, tap.taps) == (1, 0, 1)
    assert tap.minutes * 60 < 10  # seconds


def test_whoever_opens_all_that_a_candidate_can_say_is_not_kept_five_minutes() -> None:
    assert CANDIDATE_MINUTES < candidate_length("all").minutes < 5


def test_any_three_competencies_of_the_library_fit() -> None:
    for assigned in combinations(LIBRARY, 3):
        assert scorecard_length(DEFAULT_RUBRIC, assigned).minutes <= SCORECARD_MINUTES


def test_every_field_of_the_forms_is_counted() -> None:
    own = {f"own.{name}" for name in SelfPart.model_fields}

    assert set(SCORECARD) == (set(Scorecard.model_fields) - {"form", "ratings", "own"}) | own
    assert set(CANDIDATE_FORM) == (set(CandidateForm.model_fields) - {"form", "own"}) | own
    one, none = scorecard_length(DEFAULT_RUBRIC, ("expertise",)), scorecard_length(DEFAULT_RUBRIC, ())
    assert one.fields - none.fields == len(set(Rating.model_fields) - {"competency"})


def test_what_is_required_is_what_a_form_is_refused_without() -> None:
    required: dict[type[BaseModel], set[str]] = {CandidateForm: {"overall"}, Scorecard: {"ratings"}}

    for model, names in required.items():
        assert {name for name, field in model.model_fields.items() if field.is_required()} == names
    assert [name for name, question in CANDIDATE_FORM.items() if question.required] == ["overall"]
    assert [name for name, question in SCORECARD.items() if question.required] == ["recommendation"]


def test_both_sides_are_asked_whether_interests_and_requirements_were_made_clear() -> None:
    assert "want and need" in CANDIDATE_FORM["heard"].asks
    assert all("want and need" in text for text in (LIBRARY["communication"].three, LIBRARY["communication"].five))


def test_both_sides_choose_their_own_themes_from_what_the_other_side_says_of_them() -> None:
    assert all(theme in SCORECARD["own.went_well_in"].asks for theme in Behaviour)
    assert all(theme in CANDIDATE_FORM["own.went_well_in"].asks for theme in Competency)


def test_the_default_agenda_opens_with_the_candidates_story_and_ends_with_their_questions() -> None:
    assert AGENDA[1].startswith("Your story, told by you")
    assert AGENDA[-1].startswith("What you require, and your questions")
    assert sum(int(line.rpartition("(")[2].split()[0]) for line in AGENDA) == 40
    assert open_forms().view(CANDIDATE).agenda == AGENDA
