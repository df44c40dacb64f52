from datetime import UTC, datetime, timedelta

import pytest

from entrevue.agenda import summary
from entrevue.disputes import Words, words
from entrevue.interview import advance
from entrevue.letters import DisputeRuled
from entrevue.values import CANDIDATE, Code, Refused, Status
from tests.domain.scenes import (
    COMMANDS,
    Scene,
    a_booking,
    a_release,
    candidate_form,
    command,
    completed,
    follow_up,
    meant,
    open_forms,
    reviewed_feedback,
    scorecard,
    sealed_forms,
    secret,
    told,
    well_formed,
)

STRENGTH, GROWTH = {"author": "i1", "what": "strength"}, {"author": "i2", "what": "growth"}
"""What the candidate was shown."""
HELPED, CHANGE = {"author": CANDIDATE, "what": "helped"}, {"author": CANDIDATE, "what": "change"}
SENTENCES = [(who, what) for who in ("i1", "i2") for what in ("strength", "growth")]
SENTENCES += [(CANDIDATE, "helped"), (CANDIDATE, "change")]


def _released(share: str | None = "attributed", **changes: object) -> Scene:
    scene = open_forms()
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(share=share, **changes))
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    return scene


def _disputed(scene: Scene | None = None, item: dict[str, str] = GROWTH, by: str = CANDIDATE) -> Scene:
    scene = scene or follow_up()
    scene.send("open_dispute", by=by, **meant(scene, by, **item), reason="it was somebody else who said so")
    return scene


def _rule(scene: Scene, ruling: str, **fields: object) -> list[str]:
    ruled = {"dispute": 1, "ruled_by": "barbara", "reason": "two witnesses remember it so", **fields}
    return scene.send("rule_dispute", by="ruler", ruling=ruling, **ruled)


def _stands(scene: Scene, item: dict[str, str]) -> Words | None:
    return words(scene.interview, item["author"], item["what"])


# --- what can be disputed, by whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("sentence", "item"), [(1, STRENGTH), (2, GROWTH)])
def test_the_candidate_disputes_what_they_have_opened_by_its_number(sentence: int, item: dict[str, str]) -> None:
    scene = follow_up()
    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    assert [one.what for one in feedback.sentences if one.sentence == sentence] == [item["what"]]

    happened = scene.send("open_dispute", by=CANDIDATE, sentence=sentence, reason="that was not me")

    assert happened[0] == "dispute_opened"
    assert [one.item.model_dump() for one in scene.interview.disputes] == [item]


def test_the_candidate_never_needs_to_know_who_wrote_a_sentence_and_is_not_told() -> None:
    for scene in (follow_up(), _disputed(), completed()):
        seen = scene.view(CANDIDATE)
        assert seen.feedback is not None
        assert [(one.author, one.sentence) for one in seen.feedback.sentences] == [(None, 1), (None, 2)]
        assert [one.author for one in seen.disputes] == [None] * len(seen.disputes)
        assert '"author":"i' not in seen.model_dump_json()
    assert [(one.sentence, one.text) for one in _disputed().view(CANDIDATE).disputes] == [(2, secret("growth by i2"))]
    assert [one.author for one in _disputed().view("ruler").disputes] == ["i2"]


@pytest.mark.parametrize("first", ["i1", "i2"])
def test_the_order_of_what_the_candidate_reads_tells_nothing_of_who_wrote_it(first: str) -> None:
    """By the alphabet, whatever seat its author had, and whatever the reviewer named first."""
    said = {first: "asks before answering", ({"i1", "i2"} - {first}).pop(): "names the trade-off"}
    scene = open_forms()
    for who, text in said.items():
        scene.send("submit_evaluation", by=who, form=scorecard(who, strength=text, growth=f"less: {text}"))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.send("give_consent", by=CANDIDATE, layer="feedback")
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    items = [{"author": who, "what": what} for who in ("i2", "i1") for what in ("growth", "strength")]
    scene.send("review_feedback", by="reviewer", approved=items)
    scene.wait(days=4)
    scene.send("open_feedback", by=CANDIDATE)

    seen = scene.view(CANDIDATE)
    assert seen.feedback is not None
    assert seen.feedback.strengths == ("asks before answering", "names the trade-off")
    assert seen.feedback.growth == ("less: asks before answering", "less: names the trade-off")
    assert seen.report is not None
    assert seen.report.they_saw_as_strength == seen.feedback.strengths


@pytest.mark.parametrize("author", ["i1", "i2", CANDIDATE])
def test_a_candidate_who_guesses_authors_learns_nothing_from_the_refusals(author: str) -> None:
    refusals = [
        follow_up().refuses("open_dispute", by=CANDIDATE, item={"author": author, "what": what}, reason="no")
        for what in ("strength", "growth", "helped")
    ]

    assert {one.code for one in refusals} == {Code.INVALID_COMMAND}
    assert {one.sentence for one in refusals} == {"item: is for interviewers; give sentence, its number in your view"}


def test_a_sentence_is_named_once_and_as_one_knows_it() -> None:
    scene = follow_up()

    for fields in ({}, {"sentence": 1, "item": GROWTH}):
        with pytest.raises(Refused, match="give sentence, the number in your view, or as an interviewer item"):
            scene.send("open_dispute", by=CANDIDATE, reason="no", **fields)
    foreign = scene.refuses("open_dispute", by="i1", sentence=1, reason="no")
    assert (foreign.code, foreign.sentence) == (
        Code.INVALID_COMMAND,
        "sentence: is for the candidate; give item, as your view shows it",
    )
    assert scene.refuses("open_dispute", by=CANDIDATE, sentence=3, reason="no").code is Code.NOT_AUTHORIZED


def test_what_the_candidate_has_not_opened_was_not_shown_to_them() -> None:
    for scene in (a_release(), reviewed_feedback()):
        assert scene.refuses("open_dispute", by=CANDIDATE, sentence=1, reason="no").code is Code.NOT_AUTHORIZED


@pytest.mark.parametrize("item", [HELPED, CHANGE])
def test_an_interviewer_disputes_what_the_candidate_attributed_to_the_whole_panel_or_to_them(
    item: dict[str, str],
) -> None:
    for scene, by in ((_released(), "i1"), (_released(), "i2"), (_released(about="i2"), "i2")):
        assert scene.send("open_dispute", by=by, item=item, reason="I did not say that")[0] == "dispute_opened"


@pytest.mark.parametrize("share", ["aggregated", "company_only", None])
def test_what_is_counted_among_others_is_not_disputed_singly_and_the_refusal_tells_nothing(share: str | None) -> None:
    given, silent = _released(share), _released(share, helped=None, change=None)

    refusals = [scene.refuses("open_dispute", by="i1", item=CHANGE, reason="I did not") for scene in (given, silent)]

    assert refusals[0].code is refusals[1].code is Code.NOT_AUTHORIZED
    assert refusals[0].sentence == refusals[1].sentence


def test_in_practice_words_are_attributed_where_nobody_says_otherwise_and_can_be_disputed() -> None:
    scene = open_forms(practice=True)
    for who in (CANDIDATE, "i1", "i2"):
        scene.send("confirm_practice", by=who)
    for who in ("i1", "i2"):
        scene.send("submit_evaluation", by=who, form=scorecard(who, recommendation=None))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form(share=None))
    assert scene.stands(Status.RELEASED)

    assert scene.send("open_dispute", by="i1", item=CHANGE, reason="I did not")[0] == "dispute_opened"


@pytest.mark.parametrize("item", [STRENGTH, GROWTH, {"author": "i2", "what": "strength"}])
def test_an_interviewer_does_not_dispute_what_colleagues_wrote_about_the_candidate(item: dict[str, str]) -> None:
    refused = follow_up().refuses("open_dispute", by="i1", item=item, reason="no")

    assert refused.code is Code.NOT_AUTHORIZED


def test_what_is_about_a_colleague_or_a_session_one_was_not_at_is_not_ones_own_to_dispute() -> None:
    about_another = _released(about="i2")
    absent = a_booking()
    absent.wait_until(absent.start_of_booking)
    absent.send("mark_attendance", by="i1", who="i2", present=False)
    absent.send("start_session", by="i1")
    absent.wait(minutes=40)
    absent.send("end_session", by="i1")
    absent.send("submit_evaluation", by="i1", form=scorecard("i1"))
    absent.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    absent.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(absent.now))

    for scene, by in ((about_another, "i1"), (absent, "i2")):
        assert scene.refuses("open_dispute", by=by, item=CHANGE, reason="no").code is Code.NOT_AUTHORIZED


def test_without_a_release_there_is_nothing_to_dispute() -> None:
    scene = sealed_forms()
    scene.wait(days=40)
    assert scene.stands(Status.FOLLOW_UP)

    for by, item in ((CANDIDATE, STRENGTH), ("i1", CHANGE)):
        assert scene.refuses("open_dispute", by=by, **meant(scene, by, **item), reason="no").code is Code.NOT_AUTHORIZED


def test_the_same_dispute_again_is_no_second_one() -> None:
    scene = _disputed()

    assert scene.send("open_dispute", by=CANDIDATE, sentence=2, reason="once more") == []


def test_each_objects_for_themselves_and_learns_nothing_of_others() -> None:
    scene = _disputed(_released(), CHANGE, "i1")

    assert scene.send("open_dispute", by="i2", item=CHANGE, reason="I did not")[0] == "dispute_opened"
    assert [(one.n, one.by) for one in scene.interview.disputes] == [(1, "i1"), (2, "i2")]

    _rule(scene, "dismissed")
    assert _stands(scene, CHANGE) == Words(text=secret("change"), counts=False, disputed=True)
    _rule(scene, "excluded", dispute=2)
    assert _stands(scene, CHANGE) == Words(text=secret("change"), counts=False)


# --- the window ------------------------------------------------------------------------------------------------------


def test_interviewers_have_fourteen_days_of_their_own_from_the_release() -> None:
    scene = _released()  # on Monday 9 November; the 23rd ends at 22:59 in UTC where they live
    last = datetime(2026, 11, 23, 22, 59, tzinfo=UTC)
    scene.wait_until(last + timedelta(minutes=1))

    assert scene.refuses("open_dispute", by="i1", item=CHANGE, reason="no").code is Code.DISPUTE_WINDOW_CLOSED

    in_time = _released()
    in_time.wait_until(last)
    assert in_time.send("open_dispute", by="i1", item=CHANGE, reason="no")[0] == "dispute_opened"


def test_the_candidate_has_fourteen_days_from_when_they_opened_it() -> None:
    late = reviewed_feedback()
    late.wait(days=30)
    late.send("open_feedback", by=CANDIDATE)
    late.wait(days=14)
    assert late.copy().send("open_dispute", by=CANDIDATE, sentence=2, reason="no")[0] == "dispute_opened"

    late.wait(days=1)

    assert late.refuses("open_dispute", by=CANDIDATE, sentence=2, reason="no").code is Code.DISPUTE_WINDOW_CLOSED


# --- meanwhile -------------------------------------------------------------------------------------------------------


def test_a_disputed_sentence_is_marked_stays_readable_and_counts_for_nothing() -> None:
    scene = _disputed()

    assert _stands(scene, GROWTH) == Words(text=secret("growth by i2"), counts=False, disputed=True)
    assert _stands(scene, STRENGTH) == Words(text=secret("strength by i1"))


def test_a_ruling_is_the_rulers_within_ten_business_days_and_then_urgent() -> None:
    scene = _disputed()  # on Friday 13 November: until the end of Friday 27, in Berlin
    (item,) = (one for one in scene.interview.attention if one.id == "DISPUTE_OPEN:1")
    assert (item.owner, item.rank, item.clears) == ("ruler", "today", ("rule_dispute",))
    due = datetime(2026, 11, 27, 22, 59, tzinfo=UTC)
    scene.wait_until(due - timedelta(minutes=1))
    assert scene.attention["DISPUTE_OPEN:1"] == "today"

    scene.wait_until(due)
    assert scene.attention["DISPUTE_OPEN:1"] == "now"

    _rule(scene, "dismissed")
    assert "DISPUTE_OPEN:1" not in scene.attention


# --- rulings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ruling", "text", "stands"),
    [
        ("dismissed", None, Words(text=secret("growth by i2"))),
        ("amended", "write shorter notes", Words(text=secret("growth by i2"), amended="write shorter notes")),
        ("excluded", None, Words(text=secret("growth by i2"), counts=False)),
        ("redacted", None, Words(text=None, counts=False)),
    ],
)
def test_a_ruling_lets_it_stand_adds_a_wording_counts_it_out_or_leaves_a_tombstone(
    ruling: str, text: str | None, stands: Words
) -> None:
    scene = _disputed()

    assert _rule(scene, ruling, text=text)[0] == "dispute_ruled"

    assert _stands(scene, GROWTH) == stands


def test_a_redacted_sentence_is_gone_from_what_the_candidate_opened_and_the_others_stay() -> None:
    scene = _disputed()

    _rule(scene, "redacted")

    feedback = scene.view(CANDIDATE).feedback
    assert feedback is not None
    assert (feedback.strengths, feedback.growth) == ((secret("strength by i1"),), ())
    assert scene.interview.feedback.reviewed is not None
    assert len(scene.interview.feedback.reviewed.approved) == 2  # that it was there is remembered


@pytest.mark.parametrize("ruled_by", ["grace", "linus"])
def test_nobody_of_the_panel_rules(ruled_by: str) -> None:
    fields = {"dispute": 1, "ruling": "dismissed", "ruled_by": ruled_by, "reason": "no"}

    refused = _disputed().refuses("rule_dispute", by="ruler", **fields)

    assert refused.code is Code.CONFLICT_OF_INTEREST
    assert ruled_by not in refused.sentence


def test_neither_does_who_left_the_panel_nor_who_must_not_sit_on_it() -> None:
    scene = a_booking(excluded=["alan"])
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    (joiner,) = (one.who for one in scene.interview.people.interviewers if one.who != "i1")
    scene.wait_until(scene.start_of_booking)
    scene.send("start_session", by="i1")
    scene.wait(minutes=40)
    scene.send("end_session", by="i1")
    for who in ("i1", joiner):
        scene.send("submit_evaluation", by=who, form=scorecard(who))
    scene.send("submit_evaluation", by=CANDIDATE, form=candidate_form())
    scene.send("record_decision", by="decision_maker", outcome="reject", process_over=True, told=told(scene.now))
    _disputed(scene, CHANGE, "i1")

    for person in ("linus", "edsger", "alan"):
        fields = {"dispute": 1, "ruling": "dismissed", "ruled_by": person, "reason": "no"}
        assert scene.refuses("rule_dispute", by="ruler", **fields).code is Code.CONFLICT_OF_INTEREST
    assert _rule(scene, "dismissed")[0] == "dispute_ruled"


def test_a_ruling_stands() -> None:
    scene = _disputed()
    _rule(scene, "excluded")

    assert _rule(scene, "excluded") == []
    again = {"dispute": 1, "ruling": "dismissed", "ruled_by": "barbara", "reason": "on second thoughts"}
    assert scene.refuses("rule_dispute", by="ruler", **again).code is Code.INVALID_STATE
    assert scene.refuses("open_dispute", by=CANDIDATE, sentence=2, reason="still").code is Code.INVALID_STATE


def test_what_was_redacted_cannot_be_disputed_by_anybody_else() -> None:
    scene = _disputed(_released(), CHANGE, "i1")
    _rule(scene, "redacted")

    assert scene.refuses("open_dispute", by="i2", item=CHANGE, reason="no").code is Code.INVALID_STATE


@pytest.mark.parametrize(("ruling", "text"), [("amended", None), ("dismissed", "other words"), ("redacted", "none")])
def test_another_wording_goes_with_an_amendment_and_with_nothing_else(ruling: str, text: str | None) -> None:
    fields = {"dispute": 1, "ruling": ruling, "ruled_by": "barbara", "reason": "no", "text": text}

    assert _disputed().refuses("rule_dispute", by="ruler", **fields).code is Code.INVALID_COMMAND


def test_what_nobody_disputed_is_not_ruled_on() -> None:
    fields = {"dispute": 2, "ruling": "dismissed", "ruled_by": "barbara", "reason": "no"}

    assert _disputed().refuses("rule_dispute", by="ruler", **fields).code is Code.INVALID_COMMAND


def test_who_objected_is_told_how_it_was_ruled_and_nobody_else_is() -> None:
    scene = _disputed(_released(), CHANGE, "i1")
    scene.send("open_dispute", by="i2", item=CHANGE, reason="I did not")
    before = scene.letters()

    _rule(scene, "excluded")

    assert scene.letters() == [*before, "dispute_ruled to i1"]
    order = scene.newest("dispute_ruled", "i1").order
    assert order.letter == DisputeRuled(ruling="excluded", reason="two witnesses remember it so")
    assert order.reply_to is None  # the coordinator knows of no dispute


def test_neither_ids_nor_attention_nor_refusals_tell_that_somebody_was_told_of_a_ruling() -> None:
    scene = _disputed(_released(), CHANGE, "i1")
    scene.choosy = {"grace@acme.example"}

    _rule(scene, "dismissed")

    order = scene.started[-1]
    assert (order.letter.kind, order.to.who) == ("dispute_ruled", "i1")
    assert (order.key, summary(order)) == ("r7/note/i1/1.1", "Mail")
    assert scene.attention == {"MAIL_BEHIND": "now", "QUESTION_OPEN:1": "today"}
    asked = {"by": "coordinator", "letter": "dispute_ruled"}
    refused, never = (scene.refuses("resend_message", whom=whom, **asked) for whom in ("i1", "i2"))
    assert refused.sentence.replace("i1", "i2") == never.sentence

    scene.choosy = set()
    scene.send("clear_attention", by="operator", item="MAIL_BEHIND")
    assert scene.letters("i1")[-1] == "dispute_ruled"


def test_a_ruling_at_night_is_told_in_the_readers_morning_though_it_was_the_last_thing_to_wait_for() -> None:
    scene = _disputed()
    scene.wait(days=150, hours=12)  # 23:40 in New York; the follow-up has closed meanwhile
    _rule(scene, "dismissed")
    assert scene.stands(Status.COMPLETED)
    assert "dispute_ruled" not in scene.letters(CANDIDATE)

    scene.wait(days=1)

    assert scene.newest("dispute_ruled", CANDIDATE).reads.hour == 8
    scene.over()


# --- the end waits ---------------------------------------------------------------------------------------------------


def _looked_back(scene: Scene) -> Scene:
    for who in scene.interview.evaluation.forms:
        scene.send("submit_reflection", by=who, text="one question at a time")
        scene.send("check_growth", by=who, acted="yes")
    return scene


def test_it_is_not_completed_before_nothing_can_be_disputed_any_more() -> None:
    scene = _looked_back(follow_up())  # opened on Friday 13 November

    scene.wait_until(datetime(2026, 11, 28, 4, 58, tzinfo=UTC))
    assert scene.stands(Status.FOLLOW_UP)
    assert scene.next == datetime(2026, 11, 28, 4, 59, tzinfo=UTC)  # 23:59 in New York

    scene.wait(minutes=1)
    assert scene.stands(Status.COMPLETED)


def test_it_is_not_completed_while_a_ruling_is_awaited() -> None:
    scene = _disputed(_looked_back(follow_up()))

    scene.wait(days=30)
    assert scene.stands(Status.FOLLOW_UP)
    assert scene.attention["DISPUTE_OPEN:1"] == "now"

    _rule(scene, "amended", text="write shorter notes")
    assert scene.stands(Status.COMPLETED)
    scene.over()


def test_a_ruling_that_comes_after_the_follow_up_has_closed_completes_it_at_once() -> None:
    scene = _disputed()

    scene.wait(days=150)
    assert scene.stands(Status.FOLLOW_UP)

    assert _rule(scene, "excluded")[:2] == ["dispute_ruled", "interview_completed"]
    scene.over()


def test_who_opens_their_feedback_last_thing_has_their_days_to_object_all_the_same() -> None:
    scene = reviewed_feedback()
    closes = scene.interview.feedback.closes_at
    assert closes is not None
    scene.wait_until(closes - timedelta(days=1))
    scene.send("open_feedback", by=CANDIDATE)

    scene.wait_until(closes + timedelta(days=12))
    assert scene.send("open_dispute", by=CANDIDATE, sentence=2, reason="no")[0] == "dispute_opened"
    scene.wait(days=7)
    _rule(scene, "dismissed")

    assert scene.stands(Status.COMPLETED)


# --- what always holds -----------------------------------------------------------------------------------------------


def test_whatever_is_commanded_after_the_release_no_released_form_changes() -> None:
    for begin in (a_release, reviewed_feedback, follow_up, _disputed, completed):
        scene = begin()
        before = scene.interview
        for kind in COMMANDS:
            for by in (CANDIDATE, "i1", "i2", "coordinator", "decision_maker", "reviewer", "ruler", "backend"):
                for n in range(3):
                    asked = command(kind, by=by, **well_formed(kind, scene, by, n))
                    try:
                        after = advance(before, asked, scene.now)[0]
                    except Refused:
                        continue
                    for who, form in before.evaluation.forms.items():
                        assert after.evaluation.forms[who].latest == form.latest, kind
                    for author, what in SENTENCES:
                        was, stands = words(before, author, what), words(after, author, what)
                        assert was is not None
                        assert stands is not None
                        assert stands.text == was.text or (kind, stands.text) == ("rule_dispute", None)


def test_what_expired_counts_for_nothing_and_neither_does_what_was_never_written() -> None:
    scene = open_forms()
    scene.send("submit_evaluation", by="i1", form=scorecard("i1", growth=None))
    scene.wait(days=8)

    assert scene.interview.evaluation.forms["i2"].was == "expired"
    assert words(scene.interview, "i2", "strength") is None
    assert words(scene.interview, "i1", "growth") is None
    assert words(scene.interview, "i1", "strength") == Words(text=secret("strength by i1"))
