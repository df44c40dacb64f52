"""The visibility table, cell by cell, in every situation that a real history can lead to."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import get_args

import pytest

from entrevue import visibility
from entrevue.interview import Event, advance
from entrevue.letters import Brief, Improvement
from entrevue.orders import Answer, BriefsFound, LookUpBriefs, Order
from entrevue.showing import timeline
from entrevue.values import CANDIDATE, Refused
from entrevue.visibility import READERS, SEALED_KINDS, TABLE, Content
from tests.domain.scenes import Scene, candidate_form, command, meant, scorecard, secret, told
from tests.domain.secrecy import (
    VIEWERS,
    Cell,
    check_exactly,
    check_letter,
    check_sentence,
    conditional,
    is_redacted,
    may_read,
    named,
    written,
)

PANEL = ("i1", "i2")
PEOPLE = (CANDIDATE, *PANEL)


@dataclass(repr=False)
class Told(Scene):
    """A scene in which briefs hold something; `so_far` names the ways it has gone."""

    whole: bool = False
    """Every set of forms is played, not only those that differ most."""
    so_far: tuple[str, ...] = field(default=())

    def reply(self, order: Order) -> Answer:
        match order:
            case LookUpBriefs(key=key, people=people):
                return BriefsFound(key=key, briefs=tuple(_brief(one.who) for one in people))
            case _:
                return super().reply(order)

    def start(self, owed: Iterable[Order]) -> None:
        known = len(self.started)
        super().start(owed)
        for order in self.started[known:]:
            check_letter(self.interview, order)

    def twin(self, step: str) -> "Told":
        """Another scene with the same past, which goes this way."""
        other = self.copy()
        assert isinstance(other, Told)
        other.so_far = (*self.so_far, step)
        return other

    def tries(self, kind: str, **fields: object) -> bool:
        """Command where it fits. What is refused leaves no trace, and says nothing private."""
        try:
            advance(self.interview, command(kind, **fields), self.now)
        except Refused as refused:
            check_sentence(refused)
            return False
        self.send(kind, **fields)
        return True


def _brief(who: str) -> Brief:
    improvement = Improvement(interview="r6", text=secret(f"improvement of {who}"))
    said = () if who == CANDIDATE else (secret(f"said of {who}"),)
    return Brief(who=who, improvement=improvement, enough=bool(said), said=said)


# --- the ways a history can go, one step after the other -------------------------------------------------------------

Step = Callable[[Told], Iterator[Told]]
"""Give every way on from here; each is checked, and leads to every way of the next step."""


def _before(scene: Told) -> Iterator[Told]:
    booked = scene.twin("booked")
    booked.run()
    booked.send("choose_slot", by=CANDIDATE, start=booked.offered[2])
    for who in PEOPLE:
        line, private = secret(f"line of {who}"), secret(f"private of {who}")
        booked.send("share_expectations", by=who, for_other_side=line, private=private, confidence=2)
    booked.send("request_adjustment", by=CANDIDATE, text=secret("adjustment"))
    arranged = {"instruction": secret("instruction"), "text": secret("arrangement")}
    booked.send("arrange_adjustment", by="coordinator", adjustment=1, **arranged)
    for who in (CANDIDATE, "i1"):
        booked.send("report_conduct", by=who, text=secret(f"conduct by {who}"))
    yield booked
    day = booked.twin("a day ahead")
    day.wait_until(day.start_of_booking - timedelta(hours=24))
    yield day
    hour = day.twin("an hour ahead")
    hour.wait_until(hour.start_of_booking - timedelta(hours=1))
    yield hour


def _session(scene: Told) -> Iterator[Told]:
    if scene.so_far[-1] != "an hour ahead":
        return
    held = scene.twin("held")
    held.wait_until(held.start_of_booking)
    held.send("start_session", by="i1")
    for who in (CANDIDATE, "i1"):
        held.send("note_moment", by=who, text=secret(f"moment of {who}"))
    held.send("ask_question", by=CANDIDATE, text=secret("question for all"), show_interviewers=True)
    held.send("answer_question", by="coordinator", question=1, text=secret("answer for all"))
    if held.interview.request.practice:
        for who in PEOPLE:
            held.send("confirm_practice", by=who)
    held.wait(minutes=40)
    held.send("end_session", by="i1")
    yield held


SHARES: dict[str, dict[str, object]] = {
    "aggregated": {"share": "aggregated", "tick_helped": True},
    "attributed": {"share": "attributed"},
    "about i1": {"share": "attributed", "about": "i1"},
    "company only": {"share": "company_only"},
}


FORMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (PANEL, "attributed"),
    (("i2",), "attributed"),
    ((), ""),
    ((), "attributed"),
    (("i1",), ""),
    (PANEL, ""),
    (PANEL, "aggregated"),
    (PANEL, "about i1"),
    (PANEL, "company only"),
)
_IN_BRIEF = 3


def _forms(scene: Told) -> Iterator[Told]:
    """Nobody's, some of the panel's, the candidate's in each way of sharing it, all."""
    for panel, share in FORMS if scene.whole else FORMS[:_IN_BRIEF]:
        handed_in = scene.twin(f"forms of {', '.join(panel) or 'nobody'}, {share or 'none'} of the candidate")
        practice = {"recommendation": None} if scene.interview.request.practice else {}
        for who in panel:
            handed_in.send("submit_evaluation", by=who, form=scorecard(who, **practice))
        if share:
            handed_in.send("submit_evaluation", by=CANDIDATE, form=candidate_form(**SHARES[share]))
        yield handed_in


def _window(scene: Told) -> Iterator[Told]:
    """Gate 1 opens by itself where all is in; else the window closes, or has not yet."""
    yield scene.twin("as it is")
    if scene.interview.evaluation.sealed_at is None:
        closed = scene.twin("closed")
        closed.wait(days=8)
        assert closed.interview.evaluation.sealed_at is not None
        yield closed


def _consent(scene: Told) -> Iterator[Told]:
    yield scene.twin("not asked for")
    given = scene.twin("asked for")
    if given.tries("give_consent", by=CANDIDATE, layer="feedback"):
        yield given
        revoked = given.twin("revoked")
        revoked.send("revoke_consent", by=CANDIDATE, layer="feedback")
        yield revoked


def _ending(scene: Told) -> Iterator[Told]:
    """Gate 2 stays shut, or opens in one of three ways; or there is no decision until the embargo is over."""
    yield scene.twin("undecided")
    untold = scene.twin("untold")
    if untold.tries("record_decision", by="decision_maker", outcome="reject", process_over=True):
        yield untold
    advanced = scene.twin("advances")
    fields: dict[str, object] = {"by": "decision_maker", "told": told(scene.now)}
    if advanced.tries("record_decision", outcome="advance", process_over=False, **fields):
        yield advanced
    over = scene.twin("told")
    if over.tries("record_decision", outcome="reject", process_over=True, **fields):
        yield over
    withdrawn = scene.twin("withdrawn")
    if withdrawn.tries("withdraw", by=CANDIDATE):
        yield withdrawn
    elsewhere = scene.twin("ended elsewhere")
    if elsewhere.interview.request.process_id is not None:
        elsewhere.tell("process_ended", outcome="offer_accepted", told_at=elsewhere.now)
        yield elsewhere
    if scene.interview.evaluation.sealed_at is not None and scene.interview.feedback.released_at is None:
        embargo = scene.twin("embargo over")
        embargo.wait(days=45)
        assert embargo.interview.feedback.embargo_lifted
        yield embargo


def _review(scene: Told) -> Iterator[Told]:
    """Not yet, some approved, all withheld, one taken back; and consent that is taken back when it is ready."""
    yield scene.twin("unreviewed")
    there = [(who, what) for who in PANEL if _has_form(scene, who) for what in ("strength", "growth")]
    good = [one for one in there if one in (("i1", "strength"), ("i2", "growth"))]
    some = scene.twin("some approved")
    if good and some.tries("review_feedback", **_verdict(good, there)):
        yield some
        back = some.twin("one taken back")
        author, what = good[0]
        item, reason = {"author": author, "what": what}, secret(f"withheld of {author}")
        back.send("withhold_item", by="reviewer", item=item, reason=reason)
        yield back
        late = some.twin("revoked late")
        late.send("revoke_consent", by=CANDIDATE, layer="feedback")
        yield late
    none = scene.twin("all withheld")
    if none.tries("review_feedback", **_verdict([], there)):
        yield none


def _has_form(scene: Told, who: str) -> bool:
    return bool(scene.interview.evaluation.forms[who].versions)


def _verdict(approved: list[tuple[str, str]], there: list[tuple[str, str]]) -> dict[str, object]:
    return {
        "by": "reviewer",
        "approved": [{"author": author, "what": what} for author, what in approved],
        "withheld": [
            {"item": {"author": author, "what": what}, "reason": secret(f"withheld of {author}")}
            for author, what in there
            if (author, what) not in approved
        ],
        "next_step": secret("next step") if approved else None,
    }


def _opening(scene: Told) -> Iterator[Told]:
    yield scene.twin("unopened")
    opened = scene.twin("opened")
    opened.wait(days=4)
    if opened.tries("open_feedback", by=CANDIDATE):
        yield opened


RULINGS = ("dismissed", "amended", "excluded", "redacted")


def _disputes(scene: Told) -> Iterator[Told]:
    yield scene.twin("nothing disputed")
    items = ((CANDIDATE, "i2", "growth"), ("i1", CANDIDATE, "change"))
    others = ((CANDIDATE, "i1", "strength"), ("i2", CANDIDATE, "helped"))
    for by, author, what in (*items, *others):
        disputed, item = scene.twin(f"disputed by {by}"), meant(scene, by, author, what)
        if not disputed.tries("open_dispute", by=by, **item, reason=secret(f"dispute of {by}")):
            continue
        yield disputed
        for ruling in RULINGS if (by, author, what) in items else ():
            ruled = disputed.twin(ruling)
            fields = {"by": "ruler", "dispute": 1, "ruled_by": "barbara", "reason": secret("ruling")}
            text = secret(f"amendment of {author}") if ruling == "amended" else None
            ruled.send("rule_dispute", ruling=ruling, text=text, **fields)
            yield ruled


def _afterwards(scene: Told) -> Iterator[Told]:
    """What comes to light later, and what people take from it."""
    if scene.interview.disputes:
        return
    later = scene.twin("afterwards")
    for who in PEOPLE:
        looks_back = {"text": secret(f"reflection of {who}"), "will_try": secret(f"try of {who}")}
        later.tries("add_addendum", by=who, text=secret(f"addendum by {who}"))
        later.tries("submit_reflection", by=who, **looks_back)
        later.tries("check_growth", by=who, acted="partly", note=secret(f"growth note of {who}"))
    if len(later.records) > len(scene.records):
        yield later


STEPS: tuple[Step, ...] = (
    _before,
    _session,
    _forms,
    _window,
    _consent,
    _ending,
    _review,
    _opening,
    _disputes,
    _afterwards,
)


def _walk(scene: Told, steps: tuple[Step, ...] = STEPS) -> Iterator[Told]:
    if steps:
        for way in steps[0](scene):
            if (way.now, way.interview) != (scene.now, scene.interview):
                yield way
            yield from _walk(way, steps[1:])


WORLDS: dict[str, tuple[dict[str, object], str | None]] = {
    "alone": ({}, None),
    "in a process": ({"process_id": "p7"}, None),
    "practice": ({"practice": True}, None),
    "without feedback": ({"policy": {"feedback": False}}, None),
    "who decides sits on the panel": ({}, "grace"),
}


ROWS: dict[str, Content] = {
    "debt": Content.OWED_BY_CANDIDATE,
    "debt of company": Content.OWED_BY_COMPANY,
    "line": Content.LINE,
    "private": Content.EXPECTATIONS,
    "confidence": Content.EXPECTATIONS,
    "moment": Content.MOMENT,
    "question for all": Content.QUESTION_SHOWN,
    "answer for all": Content.QUESTION_SHOWN,
    "adjustment": Content.ADJUSTMENT,
    "arrangement": Content.ADJUSTMENT,
    "instruction": Content.INSTRUCTION,
    "conduct": Content.CONDUCT,
    "score": Content.RATINGS,
    "evidence": Content.RATINGS,
    "strength": Content.STRENGTH,
    "growth": Content.GROWTH,
    "note": Content.NOTE,
    "card addendum": Content.CARD_ADDENDUM,
    "went well": Content.SELF,
    "differently": Content.SELF,
    "overall": Content.ANSWERS,
    "helped": Content.HELPED,
    "change": Content.CHANGE,
    "addendum": Content.FORM_ADDENDUM,
    "decision": Content.DECISION,
    "ending": Content.PROCESS,
    "consent": Content.CONSENT,
    "next step": Content.NEXT_STEP,
    "withheld": Content.WITHHELD,
    "dispute": Content.DISPUTE,
    "disputes": Content.ATTENTION_DISPUTE,
    "improvement": Content.BRIEF,
    "reflection": Content.LOOKING_BACK,
    "try": Content.LOOKING_BACK,
    "growth note": Content.LOOKING_BACK,
}
"""Which row of the table each secret falls under."""
OF_CANDIDATE = {
    "question for all",
    "answer for all",
    "adjustment",
    "arrangement",
    "overall",
    "helped",
    "change",
    "consent",
}


def check_table(scene: Told) -> None:
    """The table says what the second one does, also where no view would show it anyway; a letter might ask."""
    for secret_ in written(scene):
        what, author = named(secret_)
        author = CANDIDATE if what in OF_CANDIDATE else author
        if what not in ROWS or is_redacted(scene.interview, what, author):
            continue
        for viewer in VIEWERS:
            says = visibility.may_read(scene.interview, viewer, ROWS[what], author, scene.now)
            assert says is may_read(scene.interview, viewer, secret_, scene.now), f"{viewer} and {secret_}"


_LONG = ("alone", "in a process", "who decides sits on the panel")
"""Many hundreds of situations each: with the slow tests."""


@pytest.mark.parametrize(
    "world", [pytest.param(name, marks=pytest.mark.slow) if name in _LONG else name for name in WORLDS]
)
def test_nobody_sees_what_the_table_withholds(world: str) -> None:
    """And everybody sees what it gives them: what is read is what is due, in each of them."""
    changes, decider = WORLDS[world]
    begun = Told.opened(**changes)
    assert isinstance(begun, Told)
    begun.decides, begun.whole = decider, world == "alone"
    looked_at, passed = set[tuple[Cell, bool]](), set[str]()
    for scene in _walk(begun):
        try:
            looked_at |= check_exactly(scene)
            check_table(scene)
        except AssertionError as leak:
            raise AssertionError(f"{' > '.join(scene.so_far)}: {leak}") from leak
        passed |= set(scene.so_far)

    assert PASSED[world] - passed == set()
    both_ways = {cell for cell, _ in looked_at if {(cell, True), (cell, False)} <= looked_at}
    decided = {cell for cell, when in conditional().items() if (when in OF_DECIDERS) is (decider is not None)}
    if world == "alone" or decider is not None:
        assert decided - both_ways - NEVER_BOTH_WAYS == set(), "a rule that was never seen to hold, or never to fail"


_EVERYWHERE = {"an hour ahead", "held", "closed", "untold", "advances", "told", "withdrawn", "afterwards"}
_WITH_FEEDBACK = {"asked for", "revoked", "some approved", "all withheld", "one taken back", "revoked late", "opened"}
_DISPUTED = {"disputed by candidate", "disputed by i1", *RULINGS}
PASSED: dict[str, set[str]] = {
    "alone": {*_EVERYWHERE, *_WITH_FEEDBACK, *_DISPUTED, "embargo over"},
    "in a process": {*_EVERYWHERE, *_WITH_FEEDBACK, *_DISPUTED, "embargo over", "ended elsewhere"},
    "practice": {"held", "closed", *_WITH_FEEDBACK, *_DISPUTED},
    "without feedback": {*_EVERYWHERE, "disputed by i1", *RULINGS, "embargo over"},
    "who decides sits on the panel": {*_EVERYWHERE, *_WITH_FEEDBACK, *_DISPUTED, "embargo over"},
}
"""Through which situations the walk must have come: a way that is refused everywhere would not be missed otherwise."""

OF_DECIDERS = {"decides", "off panel"}
NEVER_BOTH_WAYS = {
    *((what, "panel") for what in ("question", "answer", "withheld")),  # here one is shown, or both have an author
    ("conduct", "conduct"),  # somebody off the panel is always named here
    ("note", "decision"),  # in this world or that
    *(("ending", reader) for reader in ("panel", "decision", "coordinator", "reviewer", "ruler", CANDIDATE, "backend")),
    *(("told", reader) for reader in ("panel", CANDIDATE)),
}
"""Elsewhere they are: see test_view. That something is over, or was told, is there only when it may be read."""


# --- the table itself ------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_every_content_and_knows_its_readers() -> None:
    assert set(TABLE) == set(Content)
    assert {reader for row in TABLE.values() for reader in row} == set(READERS)
    assert all(TABLE.values()), "what nobody reads needs no row"


PRIVATE_BY_KIND = {
    "adjustment_requested",
    "adjustment_settled",
    "conduct_reported",
    "conflict_declared",
    "dispute_opened",
    "dispute_ruled",
    "growth_checked",
    "moment_noted",
    "reflection_submitted",
    "report_asked",
}


def test_the_timeline_keeps_back_what_is_nobodys_business_and_nothing_else() -> None:
    kinds = {one.model_fields["kind"].default for one in get_args(Event)}

    assert kinds >= SEALED_KINDS
    assert set(SEALED_KINDS) == PRIVATE_BY_KIND


def test_a_report_of_conduct_leaves_no_gap_in_the_timeline() -> None:
    begun = Told.opened()
    begun.run()
    reported = begun.copy()
    reported.send("report_conduct", by=CANDIDATE, text=secret("conduct by candidate"))

    before, after = timeline(begun.records), timeline(reported.records)

    assert after[: len(before)] == before
    assert [one.seq for one in after] == list(range(1, len(after) + 1))
    assert "conduct" not in "".join(one.model_dump_json() for one in after)


def test_lines_are_counted_on_from_those_before() -> None:
    scene = Told.opened()
    scene.run()

    first, rest = timeline(scene.records[:3]), timeline(scene.records[3:], after=3)

    assert [*first, *rest] == timeline(scene.records)
