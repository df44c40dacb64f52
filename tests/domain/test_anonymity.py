"""What an interviewer, or whoever reads the aggregates, can find out about a single candidate: attacks on learning."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from entrevue.learning import (
    ORGANISATION,
    Aggregates,
    Answers,
    Figure,
    K,
    Lesson,
    OfInterviewer,
    OfOrganisation,
    Profile,
    Sentence,
    aggregates,
    brief,
    profile,
)

PRIME = 2**31 - 1
"""Ranks are computed modulo it."""

UNIT = 16
"""An answer is a power of two of it, so that a sum tells its summands whatever the mean is rounded to."""

MOST_STEPS = 46
"""So that no sum is too long for a float."""


@dataclass(frozen=True)
class Step:
    """One lesson that is kept. Its number says which answers are its own."""

    interview: int
    candidate: str
    share: str
    late: bool
    answers: frozenset[str]
    ticked: bool
    withdrawn: bool

    @property
    def open(self) -> bool:
        """Whether the reader knows these answers by themselves."""
        return self.share == "attributed"


_SHARES = ("aggregated",) * 8 + ("attributed", "attributed", "company_only", "none")
_ANSWERS = tuple(frozenset(one) for one in (("listened", "heard"), ("listened",), ("heard",), ()))


def _steps(people: int) -> st.SearchStrategy[list[Step]]:
    """Mostly new interviews of so many candidates in turn; now and then an older one changes, or is withdrawn."""
    raw = st.tuples(st.integers(0, 99), st.integers(0, 11), st.integers(0, 7), st.integers(0, 15))

    def told(steps: list[tuple[int, int, int, int]]) -> list[Step]:
        stream: list[Step] = []
        made = 0
        for which, share, answers, more in steps:
            again = which >= 75 and made > 0
            interview = which % made if again else made
            made += not again
            stream.append(
                Step(
                    interview=interview,
                    candidate=f"c{interview % people}",
                    share=_SHARES[share],
                    late=more % 3 == 2,
                    answers=_ANSWERS[answers % 4],
                    ticked=more // 4 % 2 == 0,
                    withdrawn=again and more // 8 == 0,
                )
            )
        return stream

    return st.lists(raw, min_size=25, max_size=MOST_STEPS).map(told)


_STREAMS = st.sampled_from((12, 24)).flatmap(_steps)

_OPEN = ("aggregated", "attributed")


def _answers(step: Step, n: int) -> Answers:
    """Give powers of two: any figure is decoded to the steps that it is made of."""
    given: dict[str, int] = dict.fromkeys(step.answers, UNIT << n)
    return Answers.model_validate({"overall": UNIT << n, **given})


def _of_interviewer(step: Step, n: int) -> Lesson:
    content: OfInterviewer | None = OfInterviewer(person="grace", candidate=step.candidate)
    if step.share in _OPEN:
        text = f"text {n}" if step.ticked or step.open else None
        content = OfInterviewer.model_validate(
            {
                "person": "grace",
                "candidate": step.candidate,
                "answers": _answers(step, n),
                "share": step.share,
                "after_decision": step.late,
                "sentences": (Sentence(what="helped", text=text, theme=str(n)),),
            }
        )
    if step.withdrawn:
        content = None
    return Lesson(interview=f"r{step.interview}", subject="interviewer/grace", content=content)


def _of_organisation(step: Step, n: int) -> Lesson:
    content: OfOrganisation | None = OfOrganisation(candidate=step.candidate)
    if step.share != "none":
        content = OfOrganisation.model_validate(
            {
                "candidate": step.candidate,
                "answers": _answers(step, n),
                "share": step.share,
                "after_decision": step.late,
            }
        )
    if step.withdrawn:
        content = None
    return Lesson(interview=f"r{step.interview}", subject=ORGANISATION, content=content)


Reader = tuple[Callable[[Step, int], Lesson], Callable[[Sequence[Lesson]], Profile | Aggregates]]

READERS: dict[str, Reader] = {
    "interviewer": (_of_interviewer, lambda kept: profile("grace", kept)),
    "organisation": (_of_organisation, aggregates),
}

readers = pytest.mark.parametrize("reader", READERS.values(), ids=READERS)


@dataclass(frozen=True)
class Seen:
    """One figure, as an attacker takes it apart: which answers are in it that they do not know already."""

    figure: Figure
    all: frozenset[int]
    unknown: frozenset[int]


def _history(stream: Sequence[Step], reader: Reader) -> dict[tuple[bool, str], list[Seen]]:
    """Read after every lesson, and keep each version of each figure."""
    lesson, read = reader
    kept = [lesson(step, n) for n, step in enumerate(stream)]
    seen: dict[tuple[bool, str], list[Seen]] = {}
    for n in range(1, len(kept) + 1):
        now = read(kept[:n])
        for late, figures in ((False, now.figures), (True, now.after_decision)):
            for question, figure in figures.items():
                versions = seen.setdefault((late, question), [])
                if not versions or versions[-1].figure != figure:
                    versions.append(_taken_apart(figure, stream))
    return seen


def _taken_apart(figure: Figure, stream: Sequence[Step]) -> Seen:
    total = round(figure.mean * figure.n / UNIT)
    held = frozenset(n for n in range(len(stream)) if total >> n & 1)
    assert sum(1 << n for n in held) == total, "the sum holds no answer twice"
    return Seen(figure, held, frozenset(n for n in held if not stream[n].open))


def _people(stream: Sequence[Step], steps: Iterable[int]) -> set[str]:
    return {stream[n].candidate for n in steps}


# --- figures ---------------------------------------------------------------------------------------------------------


@readers
@given(stream=_STREAMS)
def test_two_successive_aggregates_reveal_nobody(reader: Reader, stream: list[Step]) -> None:
    for versions in _history(stream, reader).values():
        event(f"{len(versions)} versions")
        assert len(_people(stream, versions[0].unknown)) >= K
        for before, after in pairwise(versions):
            difference = before.unknown ^ after.unknown
            assert len(_people(stream, difference)) >= K


@readers
@given(stream=_STREAMS)
@settings(max_examples=40)
def test_every_figure_holds_five_who_were_in_none_before(reader: Reader, stream: list[Step]) -> None:
    for versions in _history(stream, reader).values():
        for n, version in enumerate(versions):
            before = set[str]().union(*(_people(stream, one.all) for one in versions[:n]))
            assert len(_people(stream, version.unknown) - before) >= K


@readers
@given(stream=_steps(15))
@settings(max_examples=40)
def test_no_sum_or_difference_of_figures_depends_on_fewer_than_five(reader: Reader, stream: list[Step]) -> None:
    """Whatever of one question was ever published, before and after the decision, is put together.

    If a combination depended on a few people only, the figures without these people's answers would be of lower rank.
    """
    history = _history(stream, reader)
    for question in {question for _, question in history}:
        rows = [one.unknown for late in (False, True) for one in history.get((late, question), ())]
        people = _people(stream, set[int]().union(*rows))
        rank = _rank(rows)
        for few in combinations(sorted(people), K - 1):
            others = [frozenset(n for n in row if stream[n].candidate not in few) for row in rows]
            assert _rank(others) == rank


def _rank(rows: Iterable[frozenset[int]]) -> int:
    reduced: list[tuple[int, dict[int, int]]] = []
    for row in rows:
        rest = dict.fromkeys(row, 1)
        for pivot, other in reduced:
            factor = rest.get(pivot, 0)
            if factor:
                of_both = rest.keys() | other.keys()
                rest = {n: (rest.get(n, 0) - factor * other.get(n, 0)) % PRIME for n in of_both}
        pivot_of = next((n for n, value in rest.items() if value), None)
        if pivot_of is not None:
            inverse = pow(rest[pivot_of], -1, PRIME)
            reduced.append((pivot_of, {n: value * inverse % PRIME for n, value in rest.items() if value}))
    return len(reduced)


@readers
@given(stream=_STREAMS)
@settings(max_examples=40)
def test_a_mean_is_shown_only_with_its_n_and_who_was_asked_and_nobody_counts_twice(
    reader: Reader, stream: list[Step]
) -> None:
    """Invariant 14."""
    for versions in _history(stream, reader).values():
        for one in versions:
            assert K <= one.figure.n <= one.figure.asked
            assert len(_people(stream, one.all)) == len(one.all) == one.figure.n


@given(stream=_STREAMS)
@settings(max_examples=40)
def test_between_two_batches_nothing_changes_that_candidates_gave(stream: list[Step]) -> None:
    kept = [_of_interviewer(step, n) for n, step in enumerate(stream) if not step.withdrawn and not step.open]
    read = [profile("grace", kept[:n]) for n in range(len(kept) + 1)]

    for before, after in pairwise(read):
        new_batch = after.figures.get("overall") != before.figures.get("overall")
        new_batch |= after.after_decision.get("overall") != before.after_decision.get("overall")
        said = after.said if new_batch else before.said  # words may be taken back: a test below
        assert new_batch or after.model_copy(update={"said": said}) == before


@given(stream=_STREAMS)
@settings(max_examples=40)
def test_below_five_there_is_nothing(stream: list[Step]) -> None:
    """Neither figures nor words, nor how many there are, nor how many were asked."""
    kept = [_of_interviewer(step, n) for n, step in enumerate(stream)]
    read = profile("grace", kept)

    gave = {step.candidate for step in stream if step.share == "aggregated" and not step.late}
    if len(gave) < K:
        assert not read.enough
    if not read.enough:
        assert read == Profile(person="grace")


@given(stream=_STREAMS)
@settings(max_examples=40)
def test_counts_of_themes_are_figures_like_any_other(stream: list[Step]) -> None:
    kept = [_of_interviewer(step, n) for n, step in enumerate(stream)]
    versions: list[set[int]] = [set()]
    for size in range(1, len(kept) + 1):
        themes = profile("grace", kept[:size]).themes
        assert all((one.helped, one.change) == (1, 0) for one in themes)
        versions.append({int(one.theme) for one in themes})

    for before, after in pairwise(versions):
        difference = _people(stream, (n for n in before ^ after if not stream[n].open))
        assert not difference or len(difference) >= K


# --- indistinguishable candidates ------------------------------------------------------------------------------------


def _views(kept: Sequence[Lesson]) -> Iterator[object]:
    for n in range(len(kept) + 1):
        yield profile("grace", kept[:n])
        yield brief("i1", kept[:n])


def _one_each(stream: Iterable[Step]) -> list[Step]:
    """Let everybody come once."""
    first: dict[str, Step] = {}
    for step in stream:
        first.setdefault(step.candidate, replace(step, withdrawn=False))
    return list(first.values())


@given(stream=_STREAMS, data=st.data())
@settings(max_examples=40)
def test_no_reader_can_tell_which_of_two_in_a_batch_gave_which_answers(stream: list[Step], data: st.DataObject) -> None:
    people = _one_each(stream)
    kept = [_of_interviewer(step, n) for n, step in enumerate(people)]
    sizes = [profile("grace", kept[:n]).candidates for n in range(len(kept) + 1)]
    first = next((n for n, size in enumerate(sizes) if size), 0)
    mine = [n for n, step in enumerate(people[:first]) if step.share == "aggregated" and not step.late]
    assume(first)
    one, other = data.draw(st.sampled_from(mine)), data.draw(st.sampled_from(mine))
    a, b = kept[one].content, kept[other].content
    assert isinstance(a, OfInterviewer)
    assert isinstance(b, OfInterviewer)

    swapped = list(kept)
    swapped[one] = kept[one].model_copy(update={"content": b.model_copy(update={"candidate": a.candidate})})
    swapped[other] = kept[other].model_copy(update={"content": a.model_copy(update={"candidate": b.candidate})})

    assert list(_views(swapped)) == list(_views(kept))


# --- words -----------------------------------------------------------------------------------------------------------


@given(stream=_STREAMS)
@settings(max_examples=40)
def test_every_published_word_was_ticked_or_attributed_and_came_with_a_batch(stream: list[Step]) -> None:
    kept = [_of_interviewer(step, n) for n, step in enumerate(stream)]
    before, ever = profile("grace", ()), set[int]()
    for size in range(1, len(kept) + 1):
        now = profile("grace", kept[:size])
        numbers = {int(text.removeprefix("text ")) for text in now.said}

        assert all(stream[n].ticked or stream[n].open for n in numbers)
        assert not any(stream[n].late or stream[n].withdrawn for n in numbers)
        assert list(now.said) == sorted(now.said)
        assert set(brief("i1", kept[:size]).said) <= set(now.said)
        new = {int(text.removeprefix("text ")) for text in set(now.said) - set(before.said)}
        new_batch = now.figures.get("overall") != before.figures.get("overall")
        assert new_batch or {n for n in new if not stream[n].open} <= ever
        ever |= numbers
        before = now


@given(stream=_STREAMS)
@settings(max_examples=40)
def test_the_words_of_a_batch_go_together(stream: list[Step]) -> None:
    """Whoever knows that somebody took back their answers does not learn which sentence was theirs."""
    one_each = [step for step in _one_each(stream) if not step.late]
    kept = [_of_interviewer(step, n) for n, step in enumerate(one_each)]
    gave = [n for n, step in enumerate(one_each) if step.share == "aggregated"]
    assume(len(gave) >= K)
    said = profile("grace", kept).said
    attributed = {f"text {n}" for n, step in enumerate(one_each) if step.open}
    batches: dict[frozenset[str], list[int]] = {}
    for n in gave:
        gone = kept[n].model_copy(update={"content": None})
        left = profile("grace", [*kept, gone])
        assert f"text {n}" not in left.said
        assert left.figures == profile("grace", kept).figures
        batches.setdefault(frozenset(left.said), []).append(n)

    for left_over, members in batches.items():
        lost = set(said) - left_over
        assert not lost & attributed
        assert not lost or len(members) >= K
