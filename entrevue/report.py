"""What somebody takes home from an interview: expected, experienced, learned; for their own eyes, and to keep.

Own words stand beside the other side's, and words only: the report holds no rating by anybody else.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from entrevue.briefing import to_try
from entrevue.disputes import opened, words
from entrevue.feedback import ending
from entrevue.rubrics import SelfPart
from entrevue.values import CANDIDATE, Instant, InterviewId, Message, Who
from entrevue.visibility import Content, may_read

if TYPE_CHECKING:
    from entrevue.interview import Interview

What = Literal["strength", "growth", "helped", "change"]

# --- what the other side said, as far as one may read it -------------------------------------------------------------


class LineView(Message):
    who: Who
    name: str
    text: str


class Shared(Message):
    """One sentence as its reader may see it now. `text` None: it was taken out after a dispute."""

    author: Who | None
    """None: the candidate is not told who of the panel wrote it."""
    sentence: int | None = None
    """The candidate's number of it, by which they can dispute it."""
    what: What
    text: str | None
    amended: str | None = None
    """Another wording, which a ruling has put beside it."""
    theme: str | None = None
    """The competency or the behaviour that it is about, as its author tagged it."""
    disputed: bool = False
    """It awaits a ruling, and counts for nothing meanwhile. Shown to those whom the dispute concerns."""
    excluded: bool = False
    """By a ruling it counts for nothing. Likewise."""


def lines(interview: "Interview", viewer: str, now: datetime) -> tuple[LineView, ...]:
    """Give what others wrote for the other side; who has left the panel has nothing to say to it any more."""
    return tuple(
        LineView(who=who, name=interview.people[who].name or who, text=shared.for_other_side)
        for who, shared in interview.evaluation.expectations.items()
        if shared.for_other_side is not None
        and who != viewer
        and who in interview.people
        and may_read(interview, viewer, Content.LINE, who, now)
    )


def shared(interview: "Interview", viewer: str, author: str, whats: Iterable[What], now: datetime) -> Iterator[Shared]:
    """Give those of an author's sentences that the viewer may read, as they stand now."""
    for what in whats:
        standing = words(interview, author, what)
        if standing is None or not may_read(interview, viewer, Content[what.upper()], author, now):
            continue
        disputes = [one for one in interview.disputes if (one.item.author, one.item.what) == (author, what)]
        concerned = any(may_read(interview, viewer, Content.DISPUTE, one.by, now) for one in disputes)
        yield Shared(
            author=author if may_read(interview, viewer, Content.AUTHOR, author, now) else None,
            sentence=number(interview, viewer, author, what),
            what=what,
            text=standing.text,
            amended=standing.amended if standing.text is not None else None,
            theme=standing.theme,
            disputed=concerned and standing.disputed,
            excluded=concerned and not standing.counts and not standing.disputed and standing.text is not None,
        )


def number(interview: "Interview", viewer: str, author: str, what: What) -> int | None:
    """Give the candidate's own number of a sentence that they have opened."""
    numbered = enumerate(opened(interview) if viewer == CANDIDATE else (), 1)
    return next((n for n, one in numbered if (one.author, one.what) == (author, what)), None)


# --- the report ------------------------------------------------------------------------------------------------------


class Gap(Message):
    """One thing that was expected, what it was like, and what came of it; None where nobody said."""

    what: Literal["expectations", "confidence", "tried", "will_try"]
    expected: str | None
    experienced: str | None
    outcome: str | None


class FourFields(Message):
    """The other side's words, sorted by whether one had named the same theme oneself.

    What they left without a theme, or under another than one's own, one has not named.
    """

    agreed_strengths: tuple[str, ...] = ()
    hidden_strengths: tuple[str, ...] = ()
    known_growth: tuple[str, ...] = ()
    blind_spots: tuple[str, ...] = ()


class Report(Message):
    """Expected, experienced, learned: for its owner's eyes only. Own words beside the other side's, never numbers."""

    interview: InterviewId
    viewer: Who
    role: str
    organisation: str | None
    held_at: Instant | None
    decided: str | None
    """As the candidate was told."""
    gaps: tuple[Gap, ...]
    i_expected: str | None
    i_told_them: str | None
    they_told_me: tuple[LineView, ...]
    my_expectations_were: str | None
    confidence_before: int | None
    confidence_after: int | None
    """Own, 1 to 5, and private."""
    i_did_well: str | None
    they_saw_as_strength: tuple[str, ...]
    i_would_do_differently: str | None
    they_suggest: tuple[str, ...]
    four_fields: FourFields
    suggested_action: str | None
    reflection: str | None
    will_try: str | None
    acted_on_it: str | None
    it_helped: str | None
    growth_note: str | None


def report(interview: "Interview", viewer: str, now: datetime) -> Report | None:
    """Give the gap report to somebody who was there, once both gates have opened."""
    state = interview.evaluation.forms.get(viewer)
    if state is None or not may_read(interview, viewer, Content.REPORT, viewer, now):
        return None
    own = state.latest.form.own if state.latest else SelfPart()
    before, growth = interview.evaluation.expectations.get(viewer), interview.follow_up.growth.get(viewer)
    reflection, organisation = interview.follow_up.reflections.get(viewer), interview.people.organisation
    said = tuple(said_of(interview, viewer, now))
    they_told = tuple(one for one in lines(interview, viewer, now) if (one.who == CANDIDATE) != (viewer == CANDIDATE))
    return Report(
        interview=interview.id,
        viewer=viewer,
        role=interview.request.role,
        organisation=organisation.name if organisation else None,
        held_at=interview.session.started_at,
        decided=_decided(interview, viewer, now),
        gaps=tuple(_gaps(interview, viewer, own, now)),
        i_expected=before.private if before else None,
        i_told_them=before.for_other_side if before else None,
        they_told_me=they_told,
        my_expectations_were=own.expectations,
        confidence_before=before.confidence if before else None,
        confidence_after=own.confidence,
        i_did_well=own.went_well,
        they_saw_as_strength=tuple(_wordings(said, "strength", "helped")),
        i_would_do_differently=own.differently,
        they_suggest=tuple(_wordings(said, "growth", "change")),
        four_fields=_four_fields(said, own),
        suggested_action=_action(interview, viewer, said, own, now),
        reflection=reflection.text if reflection else None,
        will_try=reflection.will_try if reflection else None,
        acted_on_it=growth.acted if growth else None,
        it_helped=growth.helped if growth else None,
        growth_note=growth.note if growth else None,
    )


def said_of(interview: "Interview", viewer: str, now: datetime) -> Iterator[Shared]:
    """What the other side said about the viewer: to the candidate what they opened, else what the candidate gave."""
    if viewer != CANDIDATE:
        yield from shared(interview, viewer, CANDIDATE, ("helped", "change"), now)
        return
    for one in opened(interview):
        yield from shared(interview, viewer, one.author, (one.what,), now)


def _wordings(said: Iterable[Shared], *whats: What) -> Iterator[str]:
    """Give sentences as they are to be read; one that was taken out is not, though its place is known elsewhere."""
    for one in said:
        if one.what in whats and one.text is not None:
            yield one.text if one.amended is None else f"{one.text} (amended: {one.amended})"


def _four_fields(said: Iterable[Shared], own: SelfPart) -> FourFields:
    found: dict[str, list[str]] = {name: [] for name in FourFields.model_fields}
    for one in said:
        good = one.what in ("strength", "helped")
        mine = own.went_well_in if good else own.differently_in
        named = one.theme is not None and one.theme == mine
        field = ("agreed_strengths" if named else "hidden_strengths") if good else "blind_spots"
        found["known_growth" if named and not good else field] += _wordings([one], one.what)
    return FourFields.model_validate(found)


def _action(interview: "Interview", viewer: str, said: Iterable[Shared], own: SelfPart, now: datetime) -> str | None:
    """Name one thing to do next; what is disputed, or counts for nothing, suggests nothing."""
    counting = [one for one in said if not one.disputed and not one.excluded]
    theirs = next(_wordings(counting, "growth", "change"), None)
    if viewer == CANDIDATE:
        reviewed = interview.feedback.reviewed
        readable = may_read(interview, viewer, Content.NEXT_STEP, None, now)
        return (reviewed.next_step if reviewed and readable else None) or theirs
    return theirs or own.differently or (None if own.acted == "yes" else to_try(interview, viewer))


def _decided(interview: "Interview", viewer: str, now: datetime) -> str | None:
    """How the process ended goes before what was decided after this one interview."""
    decision, end = interview.feedback.decision, ending(interview)
    if end is not None and may_read(interview, viewer, Content.PROCESS, None, now):
        return end.outcome
    readable = may_read(interview, viewer, Content.DECISION, None, now)
    return decision.outcome if decision is not None and readable else None


def _gaps(interview: "Interview", viewer: str, own: SelfPart, now: datetime) -> Iterator[Gap]:
    before, growth = interview.evaluation.expectations.get(viewer), interview.follow_up.growth.get(viewer)
    reflection = interview.follow_up.reflections.get(viewer)
    if (before is not None and before.private is not None) or own.expectations is not None:
        yield Gap(
            what="expectations",
            expected=before.private if before else None,
            experienced=own.expectations,
            outcome=_decided(interview, viewer, now),
        )
    sure = before.confidence if before else None
    if sure is not None or own.confidence is not None:
        yield Gap(
            what="confidence",
            expected=None if sure is None else f"{sure} of 5",
            experienced=None if own.confidence is None else f"{own.confidence} of 5",
            outcome=_moved(sure, own.confidence),
        )
    if improvement := to_try(interview, viewer):
        yield Gap(what="tried", expected=improvement, experienced=own.acted, outcome=own.acted_helped)
    if reflection is not None and reflection.will_try is not None:
        yield Gap(
            what="will_try",
            expected=reflection.will_try,
            experienced=growth.acted if growth else None,
            outcome=growth.helped if growth else None,
        )


def _moved(before: int | None, now: int | None) -> str | None:
    if before is None or now is None:
        return None
    return "as before" if before == now else "surer" if now > before else "less sure"


# --- as a document ---------------------------------------------------------------------------------------------------

_IN_WORDS = {
    "missed": "missed",
    "met": "met",
    "surpassed": "surpassed",
    "yes": "yes",
    "partly": "partly",
    "no": "no",
    "too_early": "it is too early to say",
    "reject": "the answer was no",
    "offer_accepted": "an offer was made and accepted",
    "offer_declined": "an offer was made and declined",
    "advance": "the process goes on",
    "role_closed": "the role was closed",
    "withdrawn": "the application was withdrawn",
}


class _Section(Message):
    """A heading, and what stands below it: each text somebody's own words, under what it is."""

    title: str
    texts: tuple[tuple[str, str], ...]


def document(report: Report) -> tuple[str, ...]:
    """Give the report as paragraphs of a letter, in order."""
    paragraphs = [_opening(report)]
    for section in _sections(report):
        paragraphs.append(section.title)
        paragraphs += [f"{what}: {text}" for what, text in section.texts]
    return (*paragraphs, _CLOSING)


def to_markdown(report: Report) -> str:
    """Give the report as a document to keep. What people wrote is quoted, and cannot become markup."""
    blocks = [f"# Interview: {_plain(report.role)}", _plain(_opening(report))]
    for section in _sections(report):
        blocks.append(f"## {section.title}")
        blocks += [f"**{_plain(what)}**\n\n{_quoted(text)}" for what, text in section.texts]
    return "\n\n".join([*blocks, f"*{_CLOSING}*"]) + "\n"


_CLOSING = "This is for your eyes only. Nobody else can read it as a whole, and it holds no score or rank of anybody."


def _opening(report: Report) -> str:
    company = f" with {report.organisation}" if report.organisation else ""
    day = f", {report.held_at:%d %B %Y}" if report.held_at else ""
    decided = f" Of the decision: {_IN_WORDS[report.decided]}." if report.decided else ""
    return f"What you take home from the interview{company} about {report.role}{day}.{decided}"


def _sections(report: Report) -> Iterator[_Section]:
    found = (
        ("What you expected", _expected(report)),
        ("What it was like", _experienced(report)),
        ("Your words beside theirs", _side_by_side(report)),
        ("One thing to do", [("Suggested", report.suggested_action)]),
        ("Looking back", _looked_back(report)),
    )
    for title, texts in found:
        said = tuple((what, text) for what, text in texts if text is not None)
        if said:
            yield _Section(title=title, texts=said)


_Texts = Iterable[tuple[str, str | None]]


def _expected(report: Report) -> _Texts:
    yield "For yourself", report.i_expected
    yield "You told them", report.i_told_them
    for line in report.they_told_me:
        yield f"{line.name} told you", line.text
    for gap in report.gaps:
        if gap.what == "tried":
            yield "You wanted to try", gap.expected


def _experienced(report: Report) -> _Texts:
    for gap in report.gaps:
        match gap.what:
            case "expectations":
                yield "Your expectations were", _said_as(gap.experienced)
            case "confidence":
                steps = [f"{gap.expected} before" if gap.expected else "", f"{gap.experienced} after"]
                text = ", ".join(step for step in steps if step) if gap.experienced else steps[0]
                yield "How sure you felt", f"{text}: {gap.outcome}" if gap.outcome else text
            case "tried":
                yield "Did you try it", _said_as(gap.experienced)
                yield "Did it help", _said_as(gap.outcome)
            case _:
                pass


def _side_by_side(report: Report) -> _Texts:
    yield "You did well, you say", report.i_did_well
    yield "You would do differently", report.i_would_do_differently
    fields = report.four_fields
    yield from (("A strength you both see", text) for text in fields.agreed_strengths)
    yield from (("A strength you did not name yourself", text) for text in fields.hidden_strengths)
    yield from (("To grow in, you both see", text) for text in fields.known_growth)
    yield from (("To grow in, and you did not name it yourself", text) for text in fields.blind_spots)


def _looked_back(report: Report) -> _Texts:
    yield "You wrote", report.reflection
    yield "You want to try", report.will_try
    yield "Did you act on it", _said_as(report.acted_on_it)
    yield "Did it help", _said_as(report.it_helped)
    yield "You noted", report.growth_note


def _said_as(word: str | None) -> str | None:
    return None if word is None else _IN_WORDS[word]


_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_LIST = re.compile(r"^([0-9]*)([-+=.)])")


def _plain(line: str) -> str:
    return _LIST.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", line))


def _quoted(text: str) -> str:
    return "\n".join(f"> {_plain(line.strip())}".rstrip() for line in text.splitlines())
