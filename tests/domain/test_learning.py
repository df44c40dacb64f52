from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest

from entrevue.disputes import Ruling
from entrevue.interview import Interview
from entrevue.learning import (
    ORGANISATION,
    Aggregates,
    Answers,
    Check,
    Chosen,
    Content,
    Expected,
    Figure,
    Growing,
    K,
    Lesson,
    OfCandidate,
    OfInterviewer,
    OfOrganisation,
    Profile,
    Sentence,
    aggregates,
    brief,
    candidate_key,
    changed,
    lessons,
    profile,
    record,
    subject_of,
)
from entrevue.letters import Brief, Improvement, Theme
from entrevue.values import CANDIDATE, Status
from tests.domain.scenes import (
    REACHED,
    Scene,
    a_booking,
    a_release,
    candidate_form,
    completed,
    follow_up,
    let_down,
    meant,
    open_forms,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    secret,
    story,
    told,
)

GRACE, LINUS = "interviewer/grace", "interviewer/linus"
TICKED = {"tick_helped": True, "tick_change": True, "helped_in": "listening", "change_in": "time"}


def _released(panel: Mapping[str, object] | None = None, /, **form: object) -> Scene:
    """The panel and the candidate have answered so, everything is decided and told."""
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who, **(panel or {})))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(**form))
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    return scene


def _taught(interview: Interview) -> dict[str, Content]:
    return {one.subject: one.content for one in lessons(interview) if one.content is not None}


def _interviewer(interview: Interview, subject: str = GRACE) -> OfInterviewer:
    content = _taught(interview)[subject]
    assert isinstance(content, OfInterviewer)
    return content


def _organisation(interview: Interview) -> OfOrganisation:
    content = _taught(interview)[ORGANISATION]
    assert isinstance(content, OfOrganisation)
    return content


def _candidate(interview: Interview) -> OfCandidate:
    content = _taught(interview)[subject_of(interview, CANDIDATE)]
    assert isinstance(content, OfCandidate)
    return content


def _everything(interview: Interview) -> str:
    return "".join(one.model_dump_json() for one in lessons(interview))


# --- what one interview teaches --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", REACHED)
def test_an_interview_teaches_from_its_release_on_and_not_before(status: Status) -> None:
    taught = lessons(story(status).interview)

    assert bool(taught) == (status in (Status.RELEASED, Status.FOLLOW_UP, Status.COMPLETED))


def test_a_release_teaches_those_who_were_there_the_organisation_and_the_candidate() -> None:
    interview = _released().interview

    assert list(_taught(interview)) == [GRACE, LINUS, ORGANISATION, f"candidate/{candidate_key(interview)}"]
    assert {one.interview for one in lessons(interview)} == {"r7"}


def test_who_was_not_there_learns_nothing() -> None:
    interview = _released().interview
    forms = {who: form for who, form in interview.evaluation.forms.items() if who != "i2"}

    taught = _taught(replace(interview, evaluation=replace(interview.evaluation, forms=forms)))

    assert GRACE in taught
    assert LINUS not in taught


def test_an_interviewer_gets_the_answers_about_the_interview_and_nothing_private() -> None:
    interview = _released(share="aggregated", role_clear=2, recommend=9).interview

    lesson = _interviewer(interview)

    assert lesson.answers == Answers(overall=4, listened=5, role_clear=2)
    assert lesson.share == "aggregated"
    assert lesson.asked_for_form
    assert secret("went well for candidate") not in lesson.model_dump_json()


def test_who_says_nothing_about_sharing_is_aggregated() -> None:
    interview = _released(share=None).interview

    assert _interviewer(interview).share == "aggregated"
    assert _interviewer(interview).sentences == ()


def test_of_an_aggregated_form_only_ticked_sentences_are_kept_and_of_the_others_only_their_themes() -> None:
    interview = _released(share="aggregated", **{**TICKED, "tick_change": False}).interview

    assert _interviewer(interview).sentences == (
        Sentence(what="helped", text=secret("helped"), theme="listening"),
        Sentence(what="change", text=None, theme="time"),
    )
    assert secret("change") not in _everything(interview)


def test_of_an_attributed_form_both_sentences_are_kept() -> None:
    sentences = _interviewer(_released(share="attributed").interview).sentences

    assert [one.text for one in sentences] == [secret("helped"), secret("change")]


def test_what_is_for_the_company_only_teaches_the_organisation_and_no_interviewer() -> None:
    interview = _released(share="company_only", **TICKED).interview

    lesson = _interviewer(interview)
    assert (lesson.answers, lesson.share, lesson.sentences) == (None, None, ())
    assert lesson.asked_for_form
    assert _organisation(interview).answers is not None
    assert secret("helped") not in _everything(interview)


def test_words_about_one_interviewer_are_for_that_one_alone() -> None:
    interview = _released(share="attributed", about="i2").interview

    assert _interviewer(interview, GRACE).sentences == ()
    assert len(_interviewer(interview, LINUS).sentences) == 2
    assert _interviewer(interview, GRACE).answers == _interviewer(interview, LINUS).answers


def test_the_organisation_learns_numbers_and_never_words() -> None:
    scene = _released(share="attributed", recommend=9, **TICKED)
    scene.send("ask_question", by=CANDIDATE, text=secret("one more question"))
    scene.send("mark_addressed", by=CANDIDATE, question=1)

    lesson = _organisation(scene.interview)

    assert lesson.answers == Answers(overall=4, listened=5, recommend=9, expectations="surpassed")
    assert (lesson.questions, lesson.addressed) == (2, 1)
    assert "~" not in lesson.model_dump_json()


def test_whether_the_preview_was_honest_counts_of_those_who_joined() -> None:
    scene = sealed_forms()
    over = {"outcome": "offer_accepted", "process_over": True}
    scene.send("record_decision", by="decision_maker", **over, told=told(scene.now))
    scene.send("record_outcome", by=CANDIDATE, joined=True, preview_honest=2)

    assert (_organisation(scene.interview).joined, _organisation(scene.interview).preview_honest) == (True, 2)

    scene.send("record_outcome", by="coordinator", joined=False)
    assert (_organisation(scene.interview).joined, _organisation(scene.interview).preview_honest) == (False, None)


def test_an_expired_form_counts_for_nothing_but_was_asked_for() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.wait(days=10)
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))

    assert (_interviewer(scene.interview).answers, _interviewer(scene.interview).asked_for_form) == (None, True)
    assert (_organisation(scene.interview).answers, _organisation(scene.interview).asked_for_form) == (None, True)


def test_who_was_excused_was_not_asked() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("excuse_evaluation", by="coordinator", whom=CANDIDATE, reason="ill")
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))

    assert not _interviewer(scene.interview).asked_for_form
    assert not _organisation(scene.interview).asked_for_form


def test_what_is_written_after_the_decision_is_marked() -> None:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert _interviewer(scene.interview).after_decision
    assert _organisation(scene.interview).after_decision
    assert not _interviewer(_released().interview).after_decision


def test_the_end_of_the_embargo_opens_numbers_and_no_word_of_the_other_side() -> None:
    scene = sealed_forms()
    scene.wait(days=60)
    assert scene.interview.feedback.embargo_lifted

    assert _interviewer(scene.interview).answers is not None
    assert _interviewer(scene.interview).sentences == ()
    assert _organisation(scene.interview).answers is not None
    assert _candidate(scene.interview).strengths == ()
    assert "~" not in _everything(scene.interview)


def test_practice_that_is_cancelled_late_teaches_nobody() -> None:
    scene = let_down(practice=True)
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())

    assert lessons(scene.interview) == ()


def test_a_late_cancel_by_the_company_teaches_the_organisation_only() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=3))
    scene.send("cancel", by="coordinator", reason="nobody is there")

    assert list(_taught(scene.interview)) == [ORGANISATION]
    assert (_organisation(scene.interview).asked_for_form, _organisation(scene.interview).answers) == (True, None)

    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(overall=1))
    assert list(_taught(scene.interview)) == [ORGANISATION]
    assert _organisation(scene.interview).answers == Answers(overall=1, listened=5, expectations="surpassed")


def test_practice_teaches_the_candidate_only() -> None:
    interview = completed().interview
    practice = replace(interview, request=interview.request.model_copy(update={"practice": True}))

    assert list(_taught(practice)) == [subject_of(interview, CANDIDATE)]
    assert _candidate(practice) == _candidate(interview)


def test_a_candidate_is_the_same_person_by_the_backends_id_or_by_their_address() -> None:
    interview = _released().interview
    contact = interview.request.candidate
    known = interview.request.model_copy(update={"candidate": contact.model_copy(update={"id": "c42"})})
    shouted = interview.request.model_copy(
        update={"candidate": contact.model_copy(update={"email": contact.email.upper()})}
    )

    assert candidate_key(replace(interview, request=known)) == "c42"
    assert candidate_key(replace(interview, request=shouted)) == candidate_key(interview)
    assert contact.email not in _everything(interview)


# --- disputes: invariant 13 ------------------------------------------------------------------------------------------


def test_a_disputed_sentence_counts_for_nothing_and_counts_again_once_the_dispute_is_dismissed() -> None:
    scene = _released(share="attributed", **TICKED)
    before = _interviewer(scene.interview)

    scene.send("open_dispute", by="i1", item={"author": CANDIDATE, "what": "change"}, reason="not so")
    assert [one.what for one in _interviewer(scene.interview).sentences] == ["helped"]

    _rule(scene, "dismissed")
    assert _interviewer(scene.interview) == before


def test_of_an_amended_sentence_neither_wording_is_read_as_the_candidates() -> None:
    scene = _released(share="attributed", **TICKED)
    scene.send("open_dispute", by="i1", item={"author": CANDIDATE, "what": "change"}, reason="not so")

    _rule(scene, "amended")

    read = [(one.text, one.theme) for one in _interviewer(scene.interview).sentences]
    assert read == [(secret("helped"), "listening"), (None, "time")]  # what it was about, nobody amended
    assert "milder words" not in _everything(scene.interview)


def _rule(scene: Scene, ruling: Ruling) -> None:
    text = "milder words" if ruling == "amended" else None
    scene.send("rule_dispute", by="ruler", dispute=1, ruling=ruling, ruled_by="barbara", reason="read it", text=text)


@pytest.mark.parametrize("ruling", [None, "excluded", "redacted"])
@pytest.mark.parametrize(
    ("author", "what"), [(CANDIDATE, "helped"), (CANDIDATE, "change"), ("i1", "strength"), ("i2", "growth")]
)
def test_what_is_disputed_excluded_or_redacted_is_in_no_lesson(author: str, what: str, ruling: Ruling | None) -> None:
    """Neither its words nor its theme (invariant 13)."""
    scene = _opened_by_the_candidate()
    text = secret(what) if author == CANDIDATE else secret(f"{what} by {author}")
    theme = {"helped": '"listening"', "change": '"time"'}.get(what, text)
    assert text in _everything(scene.interview)
    assert theme in _everything(scene.interview)

    by = "i1" if author == CANDIDATE else CANDIDATE
    scene.send("open_dispute", by=by, **meant(scene, by, author, what), reason="no")
    if ruling is not None:
        _rule(scene, ruling)

    assert scene.interview.disputes
    assert text not in _everything(scene.interview)
    assert theme not in _everything(scene.interview)


def _opened_by_the_candidate() -> Scene:
    """A story told once: the candidate has attributed their form, and read all that the panel shares."""
    scene = _released(share="attributed", **TICKED)
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    items = [{"author": who, "what": what} for who in ("i1", "i2") for what in ("strength", "growth")]
    scene.send("review_feedback", by="reviewer", approved=items, next_step=secret("next step"))
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)
    return scene


# --- the candidate's own ---------------------------------------------------------------------------------------------


def test_a_candidate_keeps_what_they_said_and_what_they_opened() -> None:
    lesson = _candidate(completed().interview)

    assert (lesson.role, lesson.organisation) == ("Backend engineer", "Acme")
    assert (lesson.expectations, lesson.confidence_before, lesson.confidence_after) == ("surpassed", 2, 5)
    assert lesson.strengths == (secret("strength by i1"),)
    assert lesson.growth == (secret("growth by i2"),)
    assert lesson.next_step == secret("next step")
    assert lesson.reflection == secret("reflection of candidate")
    assert lesson.own.chosen is not None
    assert lesson.own.chosen.text == secret("try of candidate")
    assert lesson.own.checked is not None
    assert (lesson.own.checked.acted, lesson.own.checked.helped) == ("partly", "yes")


@pytest.mark.parametrize("unopened", [a_release, reviewed_feedback])
def test_feedback_that_is_not_opened_is_not_in_the_record(unopened: Callable[[], Scene]) -> None:
    lesson = _candidate(unopened().interview)

    assert (lesson.strengths, lesson.growth, lesson.next_step) == ((), (), None)


def test_what_was_not_approved_is_not_in_the_record() -> None:
    text = _candidate(follow_up().interview).model_dump_json()

    assert secret("growth by i1") not in text
    assert secret("strength by i2") not in text


def test_nothing_of_a_scorecard_but_opened_words_is_in_any_lesson() -> None:
    interview = completed().interview
    own = {secret(f"{what} of {who}") for what in ("try", "reflection") for who in (CANDIDATE, "i1", "i2")}
    opened = {secret("strength by i1"), secret("growth by i2"), secret("next step")}
    attributed = {secret("helped"), secret("change")}

    found = {secret(one) for one in _everything(interview).split("~")[1::2]}

    assert found == (own | opened | attributed) - {secret("reflection of i1"), secret("reflection of i2")}


def test_a_record_has_the_newest_interview_last() -> None:
    lessons_of = {n: _remembered(n) for n in (3, 1, 2)}
    kept = [_kept(n, one) for n, one in lessons_of.items()]

    assert [one.interview for one in record(kept).interviews] == ["r1", "r2", "r3"]
    assert record([*kept, _kept(2, None)]).interviews == tuple(
        one for one in record(kept).interviews if one.interview != "r2"
    )


def _remembered(n: int, own: Growing | None = None) -> OfCandidate:
    return OfCandidate(candidate="c1", role="Cook", organisation="Acme", at=_day(n), own=own or Growing())


# --- own growth ------------------------------------------------------------------------------------------------------


def _day(n: int) -> datetime:
    return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=n)


def _kept(n: int, content: Content | None) -> Lesson:
    return Lesson(interview=f"r{n}", subject="somebody", content=content)


def _grew(n: int, own: Growing) -> Lesson:
    return _kept(n, OfInterviewer(person="grace", candidate=f"c{n}", own=own))


def _chose(day: int) -> Chosen:
    return Chosen(text=f"chosen on day {day}", at=_day(day))


def _checked(
    day: int, acted: Literal["yes", "partly", "no"] = "yes", helped: Literal["yes", "no", "too_early"] | None = "yes"
) -> Check:
    return Check(acted=acted, helped=helped, at=_day(day))


def _growth(*kept: Lesson) -> tuple[str | None, int, int]:
    known = profile("grace", kept)
    return (known.improvement.text if known.improvement else None), known.tried, known.helped


def test_what_an_interviewer_has_chosen_is_open_until_it_is_checked() -> None:
    chosen = _grew(1, Growing(chosen=_chose(1)))

    assert profile("grace", [chosen]).improvement == Improvement(interview="r1", text="chosen on day 1")
    assert _growth(chosen, _grew(2, Growing(looked_back=_checked(2)))) == (None, 1, 1)
    assert _growth(chosen, _grew(1, Growing(chosen=_chose(1), checked=_checked(30)))) == (None, 1, 1)


def test_one_improvement_is_open_at_a_time_the_latest() -> None:
    later = [_grew(2, Growing(chosen=_chose(9))), _grew(1, Growing(chosen=_chose(4)))]

    assert _growth(*later) == ("chosen on day 9", 0, 0)
    assert _growth(*later, _grew(2, Growing())) == ("chosen on day 4", 0, 0)


def test_a_form_that_looks_back_speaks_of_what_was_chosen_before() -> None:
    second = Growing(looked_back=_checked(5, helped="too_early"), chosen=_chose(8))

    assert _growth(_grew(1, Growing(chosen=_chose(1))), _grew(2, second)) == ("chosen on day 8", 1, 0)


def test_a_growth_check_speaks_of_its_own_interview_though_something_else_was_chosen_since() -> None:
    first = Growing(chosen=_chose(1), checked=_checked(31, helped="no"))

    assert _growth(_grew(1, first), _grew(2, Growing(chosen=_chose(20)))) == ("chosen on day 20", 1, 0)


def test_a_growth_check_where_nothing_was_chosen_speaks_of_what_was_chosen_last() -> None:
    assert _growth(_grew(1, Growing(chosen=_chose(1))), _grew(2, Growing(checked=_checked(31)))) == (None, 1, 1)


def test_the_last_check_says_how_it_went_and_counts_once() -> None:
    first, form = Growing(chosen=_chose(1), checked=_checked(31)), Growing(looked_back=_checked(9, helped="too_early"))

    assert _growth(_grew(1, first), _grew(2, form)) == (None, 1, 1)


def test_who_did_not_act_on_it_has_not_tried() -> None:
    chosen = Growing(chosen=_chose(1))

    assert _growth(_grew(1, chosen), _grew(2, Growing(looked_back=_checked(2, "no", None)))) == (None, 0, 0)
    assert _growth(_grew(1, chosen), _grew(2, Growing(looked_back=_checked(2, "partly", "no")))) == (None, 1, 0)


def test_a_check_of_nothing_counts_for_nothing() -> None:
    assert _growth(_grew(1, Growing(looked_back=_checked(2), checked=_checked(3)))) == (None, 0, 0)


def test_a_candidate_has_an_open_improvement_too() -> None:
    chosen = _kept(1, _remembered(1, Growing(chosen=_chose(1))))
    checked = _kept(2, _remembered(2, Growing(looked_back=_checked(2))))

    assert record([chosen]).improvement == Improvement(interview="r1", text="chosen on day 1")
    assert record([chosen, checked]).improvement is None


def test_the_growth_of_a_real_interview_reaches_the_profile() -> None:
    scene = _released({"own": {"acted": "yes", "acted_helped": "too_early"}})
    scene.wait(days=3)
    scene.send("submit_reflection", by="i1", text="well", will_try="ask shorter")

    growing = _interviewer(scene.interview).own
    assert growing.chosen is not None
    assert growing.chosen.text == "ask shorter"
    assert growing.looked_back is not None
    assert (growing.looked_back.acted, growing.looked_back.helped) == ("yes", "too_early")
    assert growing.looked_back.at < growing.chosen.at

    scene.send("check_growth", by="i1", acted="partly", helped="yes")
    assert _growth(*lessons(scene.interview)[:1]) == (None, 1, 1)
    assert _interviewer(scene.interview, LINUS).own.checked is None


# --- what is published -----------------------------------------------------------------------------------------------


def _gave(n: int, candidate: str | None = None, *, late: bool = False, **more: object) -> Lesson:
    """What interview `n` teaches grace; every candidate is new unless named. Answers 3 unless said otherwise."""
    fields = {"share": "aggregated", **more}
    answers = {"overall": 3, **{name: fields.pop(name) for name in list(fields) if name in Answers.model_fields}}
    content = {"person": "grace", "candidate": candidate or f"c{n}", "answers": answers, "after_decision": late}
    return _kept(n, OfInterviewer.model_validate({**content, **fields}))


def _silent(n: int) -> Lesson:
    return _kept(n, OfInterviewer(person="grace", candidate=f"c{n}"))


def _of(*kept: Lesson) -> Profile:
    return profile("grace", kept)


def _overall(*kept: Lesson) -> Figure | None:
    return _of(*kept).figures.get("overall")


FIVE = tuple(_gave(n, overall=n) for n in range(1, K + 1))
TEN = (*FIVE, *(_gave(n, overall=5) for n in range(6, 11)))


def test_below_five_candidates_an_interviewer_reads_nothing_of_any() -> None:
    ticked = Sentence(what="helped", text="you listened", theme="listening")

    assert _of(*(_gave(n, sentences=(ticked,)) for n in range(1, K))) == Profile(person="grace")
    assert _of(*FIVE[:4], _gave(5, "c1")) == Profile(person="grace"), "four people in five interviews"


def test_the_fifth_candidate_opens_a_figure_with_its_n_and_who_was_asked() -> None:
    known = _of(_silent(20), *FIVE)

    assert (known.enough, known.candidates) == (True, 5)
    assert known.figures == {"overall": Figure(n=5, asked=6, mean=3.0)}


def test_nothing_changes_until_five_more_have_answered() -> None:
    known = _of(*TEN[:5])

    assert all(_of(*TEN[:n], _silent(21), _silent(22)) == known for n in range(5, 10))
    assert _overall(*TEN) == Figure(n=10, asked=10, mean=4.0)


def test_who_counted_before_is_not_new() -> None:
    again = [_gave(20 + n, f"c{n}", overall=1) for n in range(1, 6)]

    assert _of(*FIVE, *again) == _of(*FIVE)
    assert _overall(*FIVE, *again, *TEN[5:]) == Figure(n=10, asked=10, mean=3.0), "everybody's latest answer, once"


def test_an_answer_that_is_withdrawn_or_changed_counts_differently_with_the_next_batch_only() -> None:
    changes = [_kept(1, None), _gave(2, overall=5)]

    assert _of(*FIVE, *changes) == _of(*FIVE)
    assert _overall(*FIVE, *changes, *TEN[5:]) == Figure(n=9, asked=9, mean=4.7)


def test_what_interviewers_add_of_their_own_says_nothing_about_candidates() -> None:
    """Reflecting keeps the lesson anew: no other answer of that candidate counts for it."""
    first, second = _gave(11, "c1", overall=1), _gave(12, "c1", overall=2)
    content = first.content
    assert isinstance(content, OfInterviewer)
    reflected = _kept(11, content.model_copy(update={"own": Growing(chosen=_chose(1))}))

    assert _overall(first, second, *FIVE[1:], reflected, *TEN[5:]) == _overall(first, second, *FIVE[1:], *TEN[5:])


def test_attributed_answers_enter_figures_and_are_never_among_the_five() -> None:
    known = [_gave(30 + n, share="attributed", overall=1) for n in range(4)]

    assert not _of(*known, *FIVE[:4]).enough
    assert _overall(*known, *FIVE) == Figure(n=9, asked=9, mean=2.1)
    assert _of(*FIVE, *known, *TEN[5:9]) == _of(*FIVE)


def test_who_attributed_one_form_and_not_another_is_not_among_the_five() -> None:
    both = [_gave(30, "c1", share="attributed"), _gave(31, "c1")]

    assert not _of(*both, *FIVE[1:]).enough
    assert not _of(*reversed(both), *FIVE[1:]).enough
    assert _of(*both, *FIVE[1:], _gave(6)).enough


def test_a_question_that_fewer_than_five_answered_is_not_shown() -> None:
    answered = [_gave(n, heard=4) for n in range(1, 5)]

    assert set(_of(*answered, _gave(5)).figures) == {"overall"}
    assert _of(*answered, _gave(5), _gave(6, heard=5)).figures.keys() == {"overall"}, "not before the next batch"
    later = _of(*answered, _gave(5), _gave(6, heard=5), *TEN[6:])
    assert later.figures["heard"] == Figure(n=5, asked=10, mean=4.2)


def test_a_question_keeps_its_older_figure_where_fewer_than_five_new_ones_answered_it() -> None:
    first = [_gave(n, heard=2) for n in range(1, 6)]
    second = [*(_gave(n, heard=5) for n in range(6, 10)), _gave(10)]
    third = [_gave(11, heard=5), *(_gave(n) for n in range(12, 16))]

    assert _of(*first, *second).figures["heard"] == Figure(n=5, asked=5, mean=2.0)
    assert _of(*first, *second).figures["overall"].n == 10
    assert _of(*first, *second, *third).figures["heard"] == Figure(n=10, asked=15, mean=3.5)


def test_a_question_is_not_answered_anew_by_who_answered_it_before() -> None:
    first = [_gave(n, heard=2) for n in range(1, 6)]
    again = [_gave(20 + n, f"c{n}", heard=5) for n in range(1, 6)]
    second = [_gave(6, heard=5), *(_gave(n) for n in range(7, 11))]

    assert _of(*first, *again, *second).figures["heard"] == Figure(n=5, asked=5, mean=2.0)


def test_what_is_withdrawn_before_its_batch_is_not_among_the_five() -> None:
    assert not _of(*FIVE[:4], _kept(4, None), FIVE[4]).enough
    assert _overall(*FIVE[:4], _kept(4, None), FIVE[4], _gave(6, overall=4)) == Figure(n=5, asked=5, mean=3.0)


def test_answers_after_the_decision_are_figures_of_their_own_by_the_same_rule() -> None:
    late = [_gave(30 + n, late=True, overall=1) for n in range(5)]

    assert _of(*FIVE, *late[:4]) == _of(*FIVE)
    assert not _of(*FIVE[:4], *late).enough, "a batch of one kind does not fill up the other"
    assert _of(*FIVE[:4], *late) == Profile(person="grace")
    known = _of(*FIVE, *late)
    assert known.figures == _of(*FIVE).figures
    assert known.after_decision == {"overall": Figure(n=5, asked=10, mean=1.0)}


def test_who_is_in_a_figure_from_before_the_decision_is_not_new_after_it() -> None:
    late = [_gave(30 + n, f"c{n}", late=True) for n in range(1, 6)]

    assert _of(*FIVE, *late).after_decision == {}


def test_a_mean_is_rounded_to_one_decimal() -> None:
    assert _overall(*(_gave(n, overall=1 + (n == 1)) for n in range(1, 7)), *(_gave(n) for n in range(7, 11))) == (
        Figure(n=10, asked=10, mean=1.9)
    )


# --- words and themes ------------------------------------------------------------------------------------------------


def _said(
    n: int,
    text: str | None,
    theme: str | None = None,
    *,
    what: Literal["helped", "change"] = "helped",
    candidate: str | None = None,
    late: bool = False,
    share: str = "aggregated",
) -> Lesson:
    sentence = Sentence(what=what, text=text, theme=theme)
    return _gave(n, candidate, late=late, share=share, sentences=(sentence,))


def test_ticked_sentences_come_with_their_batch_in_the_order_of_the_alphabet() -> None:
    first = [_said(n, text) for n, text in enumerate(("so kind", "a pause", "my own words"), start=1)]

    assert _of(*first, *FIVE[3:4]).said == ()
    assert _of(*first, *FIVE[3:]).said == ("a pause", "my own words", "so kind")
    assert _of(*first, *FIVE[3:], _said(6, "new")).said == ("a pause", "my own words", "so kind")


def test_a_second_interview_does_not_take_back_what_was_said_in_the_first() -> None:
    """Else the sentence that goes would be known to be of whoever came twice."""
    second = _said(20, "better still", candidate="c1")

    assert _of(_said(1, "so kind"), *FIVE[1:], second, *TEN[5:]).said == ("better still", "so kind")


def test_when_one_of_a_batch_is_withdrawn_all_its_words_go_whoever_it_was() -> None:
    kept = [_said(1, "so kind"), *FIVE[1:], *TEN[5:9], _said(10, "a pause")]
    assert _of(*kept).said == ("a pause", "so kind")

    for n in range(1, 6):
        assert _of(*kept, _kept(n, None)).said == ("a pause",)
    for n in range(6, 11):
        assert _of(*kept, _kept(n, None)).said == ("so kind",)


def test_an_erasure_may_blank_what_is_kept_and_figures_stay_until_the_next_batch() -> None:
    kept = [_said(1, "so kind"), _said(2, "a pause"), *FIVE[2:]]
    blanked = [_gave(1), *kept[1:], _kept(1, None)]

    assert _of(*blanked).said == ()
    assert _of(*blanked).figures == _of(*kept).figures


def test_what_is_written_after_the_decision_is_not_among_the_words() -> None:
    late = [_said(30 + n, "too late", "time", late=True) for n in range(5)]

    known = _of(*late, *FIVE)

    assert known.after_decision
    assert (known.said, known.themes) == ((), ())


def test_themes_are_counted_of_all_whose_answers_are_published_ticked_or_not() -> None:
    kept = [
        _said(1, None, "listening"),
        _said(2, "so kind", "respect"),
        _said(3, None, "listening", what="change"),
        _said(4, None, "listening"),
    ]

    assert _of(*kept).themes == ()
    assert _of(*kept, _gave(5), _said(6, None, "time")).themes == (
        Theme(theme="listening", helped=2, change=1),
        Theme(theme="respect", helped=1, change=0),
    )


def test_who_names_a_theme_in_two_interviews_counts_once_by_their_latest_form() -> None:
    twice = [_said(20, None, "time", candidate="c1"), _said(21, None, "respect", candidate="c1")]

    assert _of(*twice, *FIVE[1:]).themes == (Theme(theme="respect", helped=1, change=0),)


def test_attributed_words_come_with_a_batch_and_go_at_once_when_they_are_disputed() -> None:
    attributed = _said(30, "bored me", "questions", what="change", share="attributed")
    disputed = _gave(30, share="attributed")

    assert _of(attributed).said == ()
    assert _of(*FIVE, attributed).said == (), "it came after the batch"
    assert _of(attributed, *FIVE).said == ("bored me",)
    assert _of(attributed, *FIVE, disputed).said == ()
    assert _of(attributed, *FIVE, disputed).themes == ()
    assert _of(attributed, *FIVE, disputed).figures == _of(attributed, *FIVE).figures


def test_a_dispute_does_not_tell_whether_the_same_candidate_said_so_elsewhere() -> None:
    """An interviewer who disputes an attributed sentence sees its theme go, whatever the aggregated form says."""
    attributed = _said(31, "bored me", "questions", share="attributed", candidate="c1")
    disputed = _gave(31, share="attributed", candidate="c1")
    said_so, said_else = _said(30, None, "questions", candidate="c1"), _said(30, None, "time", candidate="c1")

    views = [_of(one, attributed, *TEN[1:], disputed).themes for one in (said_so, said_else)]

    assert views == [(), ()]


# --- the organisation ------------------------------------------------------------------------------------------------


def _told(n: int, **more: object) -> Lesson:
    """What interview `n` teaches the organisation; every candidate is new. Answers 4 unless said otherwise."""
    answers = {"overall": 4, **{name: more.pop(name) for name in list(more) if name in Answers.model_fields}}
    fields = {"candidate": f"c{n}", "share": "aggregated", "answers": answers, **more}
    return _kept(n, OfOrganisation.model_validate(fields))


def test_below_five_there_are_no_aggregates_at_all() -> None:
    assert aggregates([_told(n, questions=2) for n in range(1, K)]) == Aggregates()


def test_aggregates_say_how_candidates_feel_with_n_and_response_rate() -> None:
    expectations = ("missed", "met", "met", "surpassed", "met", "missed", "met")
    kept = [
        _told(n, expectations=one, recommend=3 + n, role_clear=n % 5 + 1, questions=2, addressed=1, share=share)
        for n, one, share in zip(range(1, 8), expectations, ["company_only", *["aggregated"] * 6], strict=True)
    ]
    nobody = [_kept(n, OfOrganisation(candidate=f"c{n}", questions=1)) for n in (21, 22)]
    excused = _kept(23, OfOrganisation(candidate="c23", asked_for_form=False))

    known = aggregates([*kept[:2], *nobody, excused, *kept[2:]])

    assert (known.enough, known.candidates, known.asked, known.response_rate) == (True, 5, 7, 0.71)
    assert known.figures == {
        "overall": Figure(n=5, asked=7, mean=4.0),
        "role_clear": Figure(n=5, asked=7, mean=3.0),
    }
    assert known.expectations == Expected(missed=1, met=3, surpassed=1, asked=7)
    assert known.nps == Figure(n=5, asked=7, mean=-60)
    assert (known.questions, known.addressed) == (12, 5)


def test_recommendations_count_by_promoters_and_detractors() -> None:
    kept = [_told(n, recommend=one) for n, one in enumerate((0, 6, 7, 8, 9, 10), start=1)]

    first = aggregates(kept[1:])

    assert first.nps == Figure(n=5, asked=5, mean=20)


def test_who_works_here_now_is_asked_whether_the_preview_was_honest() -> None:
    kept = [_told(n) for n in range(1, 9)]
    joined = [_told(n, joined=True, preview_honest=5 if n < 6 else None) for n in range(1, 7)]
    later = [_told(n) for n in range(20, 25)]

    assert "preview_honest" not in aggregates([*kept, *joined]).figures
    assert aggregates([*kept, *joined, *later]).figures["preview_honest"] == Figure(n=5, asked=6, mean=5.0)


def test_attributed_forms_are_not_among_the_five_of_the_organisation_either() -> None:
    """Whoever sat on the panel knows them, and may read the aggregates."""
    known = [_told(n, share="attributed") for n in range(1, 4)]

    assert not aggregates([*known, *(_told(n) for n in range(4, 8))]).enough
    assert aggregates([*known, *(_told(n) for n in range(4, 9))]).candidates == 8


def test_answers_after_the_decision_are_aggregates_of_their_own() -> None:
    late = [_told(n, after_decision=True, overall=1) for n in range(20, 25)]

    known = aggregates([*(_told(n) for n in range(1, 6)), *late])

    assert known.figures == {"overall": Figure(n=5, asked=5, mean=4.0)}
    assert known.after_decision == {"overall": Figure(n=5, asked=10, mean=1.0)}


# --- briefs, and what is kept ----------------------------------------------------------------------------------------


def test_a_brief_has_the_open_improvement_and_a_few_sentences_of_whole_batches() -> None:
    kept = [_said(n, f"sentence {n}", "listening") for n in range(1, 6)]
    chosen = _grew(20, Growing(chosen=_chose(1)))

    known = brief("i2", [*kept, chosen])

    assert (known.who, known.enough) == ("i2", True)
    assert known.improvement == Improvement(interview="r20", text="chosen on day 1")
    assert known.themes == (Theme(theme="listening", helped=5, change=0),)
    assert len(known.said) == 3
    assert set(known.said) < set(_of(*kept).said)
    assert brief("i2", [*kept, chosen, _said(6, "news")]) == known


def test_every_batch_brings_other_sentences_into_the_brief() -> None:
    kept = [_said(n, f"sentence {n}") for n in range(1, 31)]

    read = {brief("i1", kept[:n]).said for n in range(5, 31, 5)}

    assert len(read) == 6


def test_a_brief_of_somebody_new_is_empty() -> None:
    assert brief("i1", ()) == Brief(who="i1")
    assert brief("i1", FIVE[:4]) == Brief(who="i1")


def test_the_brief_of_a_candidate_has_their_improvement_only() -> None:
    remembered = _remembered(1, Growing(chosen=_chose(1))).model_copy(update={"strengths": ("clear",)})

    assert brief(CANDIDATE, [_kept(1, remembered)]) == Brief(
        who=CANDIDATE, improvement=Improvement(interview="r1", text="chosen on day 1")
    )


def test_only_what_is_new_or_different_is_kept() -> None:
    scene = _released()
    first = lessons(scene.interview)
    assert changed((), first) == first
    assert changed(first, first) == ()

    scene.send("submit_reflection", by="i1", text="well", will_try="ask shorter")
    assert [one.subject for one in changed(first, lessons(scene.interview))] == [GRACE]


def test_a_subject_that_is_gone_is_kept_without_content_once() -> None:
    first = lessons(_released().interview)

    gone = changed(first, first[1:])

    assert gone == (Lesson(interview="r7", subject=GRACE, content=None),)
    assert changed([*first[1:], *gone], first[1:]) == ()
    assert changed([*first[1:], *gone], first) == first[:1]


def test_lessons_survive_their_storage() -> None:
    for one in (*lessons(completed().interview), *TEN, _kept(1, None)):
        assert Lesson.model_validate_json(one.model_dump_json()) == one
