"""What is learned across interviews: lessons of single ones, and what may be published of many.

A *lesson* is what one interview teaches about one subject (an interviewer, the organisation, a candidate), a pure
function of that interview's state: only what is released, undisputed and not practice. Lessons are kept in the order in
which they came; one that changed comes again, under the same interview and subject, and counts instead of the older.
What people read is a pure function of a subject's lessons, older versions included, and of their order: whoever keeps
them must never reorder or drop any, for then other batches would be published beside those already seen. An erasure
adds a lesson without content, and may blank the sentences of the older versions; their numbers stand.

What candidates answer is published in batches. When five candidates have answered who were in no figure before, all
that counts at that moment is published; until the next time nothing of it changes, though lessons be changed or
withdrawn. A question that fewer than five of the new ones answered keeps its older figure. Answers that their reader
knows one by one (ATTRIBUTED) enter a figure, and are never among the five. Those given after the decision are figures
of their own; whoever is in one of either kind is new to neither.

Guaranteed, to a reader who keeps every version, knows whom they met, when, and all that is attributed:

- Each figure contains the answers of five candidates or more that no earlier figure of its question contains. So no sum
  or difference of any figures of a question depends on fewer than five people.
- A count of a theme is such a figure: of all who are published, each has named it or not.
- A sentence was ticked by its author, or attributed. It has no date, and comes with a batch: it may be anybody's of
  five. When one lesson of a batch is withdrawn, all its sentences go: none betrays its author by going alone.

Not guaranteed:

- That nobody can tell *who* has answered: a batch appears when its fifth answer does, and n may equal `asked`.
- What people have in common: five times the same answer tells what each of the five said.
- What is known from elsewhere: a candidate who tells what they answered, invented candidates, a style of writing, one
  person under two ids or two addresses.
- Readers who put together what each may read: of several panelists, of a profile and the organisation's aggregates.
  Their batches begin with different people, and the difference of two may be one candidate.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from entrevue.disputes import opened, words
from entrevue.letters import Brief, Improvement, Theme
from entrevue.rubrics import CandidateForm
from entrevue.values import CANDIDATE, Instant, InterviewId, Message, PersonId, Status, Who

if TYPE_CHECKING:
    from entrevue.evaluation import Version
    from entrevue.interview import Interview

K = 5
"""A figure covers so many candidates or more, and changes by so many new ones or more (lifecycle, section 6)."""

OF_INTERVIEWERS = ("overall", "role_clear", "prepared", "listened", "respectful", "heard")
"""What candidates answer about the interview, 1 to 5. `overall` is in every form."""

_OF_ORGANISATION = (*OF_INTERVIEWERS, "recommend", "expectations", "preview_honest")
_EXPECTATIONS = ("missed", "met", "surpassed")
_PROMOTER, _DETRACTOR = 9, 6
"""Of 0 to 10: at least, at most."""

_BRIEFED, _MOST_SAID = 3, 200
"""Sentences in a brief, and in a profile: nobody reads more, and a payload has an end."""

# --- lessons ---------------------------------------------------------------------------------------------------------


class Answers(Message):
    """What one candidate answered; nothing of their own words."""

    overall: int
    role_clear: int | None = None
    prepared: int | None = None
    listened: int | None = None
    respectful: int | None = None
    heard: int | None = None
    recommend: int | None = None
    expectations: Literal["missed", "met", "surpassed"] | None = None
    """These two the organisation's lesson has only."""


class Sentence(Message):
    """A sentence that the candidate ticked, or attributed."""

    what: Literal["helped", "change"]
    text: str | None
    """None: only its theme may be shown."""
    theme: str | None = None


class Chosen(Message):
    """The one thing that somebody wants to try, from their reflection."""

    text: str
    at: Instant


class Check(Message):
    """What somebody says later of what they wanted to try: did they act on it, and did it help."""

    acted: Literal["yes", "partly", "no"]
    helped: Literal["yes", "no", "too_early"] | None = None
    at: Instant


class Growing(Message):
    """What somebody makes of an interview for themselves: their own words, never published, never batched."""

    chosen: Chosen | None = None
    looked_back: Check | None = None
    """In this interview's form: on what they had chosen before."""
    checked: Check | None = None
    """In this interview's growth check: on what they chose here, else on what they had chosen last."""


class OfInterviewer(Message):
    """What one interview teaches about one interviewer who was there."""

    kind: Literal["of_interviewer"] = "of_interviewer"
    person: PersonId
    candidate: str
    """Opaque; the same in every interview of one candidate, so that nobody counts twice."""
    asked_for_form: bool = True
    """Whether a form was due at all: the denominator of the response rate."""
    answers: Answers | None = None
    """None: the candidate gave no form, or gave it to the company only."""
    share: Literal["aggregated", "attributed"] | None = None
    after_decision: bool = False
    """Answered knowing the outcome; reported apart."""
    sentences: tuple[Sentence, ...] = ()
    own: Growing = Growing()


class OfOrganisation(Message):
    """What one interview teaches about how the organisation interviews."""

    kind: Literal["of_organisation"] = "of_organisation"
    candidate: str
    asked_for_form: bool = True
    answers: Answers | None = None
    share: Literal["aggregated", "attributed", "company_only"] | None = None
    """Attributed: who sat on the panel knows these answers, and may read the aggregates too."""
    after_decision: bool = False
    questions: int = 0
    addressed: int = 0
    """Open questions that the candidate asked, and marked as addressed."""
    joined: bool = False
    """Whether they work here now: of them it is asked whether the preview was honest."""
    preview_honest: int | None = None


class OfCandidate(Message):
    """What one interview leaves with the candidate, for their own eyes."""

    kind: Literal["of_candidate"] = "of_candidate"
    candidate: str
    role: str
    organisation: str
    at: Instant
    """When the session ended."""
    expectations: Literal["missed", "met", "surpassed"] | None = None
    confidence_before: int | None = None
    confidence_after: int | None = None
    strengths: tuple[str, ...] = ()
    growth: tuple[str, ...] = ()
    next_step: str | None = None
    """These three once they have opened their feedback."""
    reflection: str | None = None
    own: Growing = Growing()


Content = OfInterviewer | OfOrganisation | OfCandidate


class Lesson(Message):
    """One lesson as it is kept. `content` None: it counts for nothing any more (a ruling, an erasure)."""

    interview: InterviewId
    subject: str
    """`interviewer/{directory id}`, `organisation` or `candidate/{opaque key}`."""
    content: Annotated[Content, Field(discriminator="kind")] | None


ORGANISATION = "organisation"

# --- what people read ------------------------------------------------------------------------------------------------


class Figure(Message):
    """One mean, never without its n and who was asked. `n` of `asked` answered this question.

    The mean has one decimal: that of thirty answers from 1 to 5 is uncertain by 0.2 already. Nothing relies on what
    rounding hides.
    """

    n: int
    asked: int
    mean: float


class Expected(Message):
    """How many candidates, of `asked`, say that their own expectations were missed, met or surpassed."""

    missed: int
    met: int
    surpassed: int
    asked: int


class Profile(Message):
    """One interviewer's growth, for their own eyes. Without `enough` there is nothing of candidates in it."""

    kind: Literal["profile"] = "profile"
    person: PersonId
    enough: bool = False
    candidates: int = 0
    """How many candidates' answers are published: whole batches."""
    figures: dict[str, Figure] = Field(default_factory=dict)
    """By question: overall, role_clear, prepared, listened, respectful, heard."""
    after_decision: dict[str, Figure] = Field(default_factory=dict)
    """Of those who knew the outcome when they answered; apart, and by the same rule of five."""
    themes: tuple[Theme, ...] = ()
    said: tuple[str, ...] = ()
    """Ticked sentences of published batches, undated, in an order that tells nothing."""
    improvement: Improvement | None = None
    """What they have chosen to try, and not checked yet."""
    tried: int = 0
    helped: int = 0
    """Improvements acted on, and of those the ones that helped."""


class Aggregates(Message):
    """How candidates feel about interviews here. Without `enough` there is nothing else in it."""

    kind: Literal["aggregates"] = "aggregates"
    enough: bool = False
    candidates: int = 0
    asked: int = 0
    response_rate: float | None = None
    figures: dict[str, Figure] = Field(default_factory=dict)
    """overall, role_clear, prepared, listened, respectful, heard, preview_honest; 1 to 5."""
    after_decision: dict[str, Figure] = Field(default_factory=dict)
    expectations: Expected | None = None
    nps: Figure | None = None
    """Promoters (9, 10) minus detractors (0 to 6), in percent."""
    questions: int = 0
    addressed: int = 0


class Record(Message):
    """A candidate's own learning across their interviews, the newest last; for their eyes alone."""

    kind: Literal["record"] = "record"
    interviews: tuple["Remembered", ...] = ()
    improvement: Improvement | None = None


class Remembered(Message):
    interview: InterviewId
    learned: OfCandidate


Learned = Profile | Aggregates | Record


class ReadLearning(Message):
    """What the workflow `Learning` is asked. Name a person, or an interview for its candidate, or neither."""

    viewer: str
    """The interviewer's own directory id; `coordinator` or `decision_maker`; `candidate`."""
    person: PersonId | None = None
    interview: InterviewId | None = None


# --- rules: what one interview teaches -------------------------------------------------------------------------------


def subject_of(interview: "Interview", who: Who) -> str:
    """Name the subject that somebody of this interview is."""
    return (
        f"candidate/{candidate_key(interview)}" if who == CANDIDATE else f"interviewer/{interview.people[who].person}"
    )


def candidate_key(interview: "Interview") -> str:
    """Tell candidates apart across interviews: by the backend's id of them, else by a digest of their address.

    Of the address they were invited by: a later correction makes nobody a second person.
    """
    contact = interview.request.candidate
    if contact.id is not None:
        return contact.id
    return hashlib.sha256(contact.email.strip().lower().encode()).hexdigest()[:32]


def lessons(interview: "Interview") -> tuple[Lesson, ...]:
    """Give what this interview teaches now: nothing before its release.

    Where no decision ever came, the end of the embargo opens numbers, and what people wrote for themselves. Whom the
    company cancelled late teaches the organisation only. Practice teaches the candidate only.
    """
    feedback, forms = interview.feedback, interview.evaluation.forms
    if interview.status is Status.CANCELLED and forms.keys() == {CANDIDATE}:
        late = _lesson(interview, ORGANISATION, _of_organisation(interview))
        return () if interview.request.practice else (late,)
    if feedback.released_at is None and not feedback.embargo_lifted:
        return ()
    taught = []
    if not interview.request.practice:
        there = [who for who in forms if who != CANDIDATE]
        taught += [_lesson(interview, subject_of(interview, who), _of_interviewer(interview, who)) for who in there]
        taught.append(_lesson(interview, ORGANISATION, _of_organisation(interview)))
    if CANDIDATE in forms:
        taught.append(_lesson(interview, subject_of(interview, CANDIDATE), _of_candidate(interview)))
    return tuple(taught)


def changed(before: Iterable[Lesson], now: Iterable[Lesson]) -> tuple[Lesson, ...]:
    """Give what must be kept of `now`, `before` being what is known of the same interview: what is new or different.

    A subject that is gone comes again without content.
    """
    known = {one.subject: one for one in before}
    taught = {one.subject: one for one in now}
    news = [one for subject, one in taught.items() if known.get(subject) != one]
    gone = [one for subject, one in known.items() if subject not in taught and one.content is not None]
    return (*news, *(one.model_copy(update={"content": None}) for one in gone))


def _lesson(interview: "Interview", subject: str, content: Content) -> Lesson:
    return Lesson(interview=interview.id, subject=subject, content=content)


def _of_interviewer(interview: "Interview", who: str) -> OfInterviewer:
    form, written = _candidates_form(interview)
    person, candidate, asked = str(interview.people[who].person), candidate_key(interview), _asked(interview)
    own = _growing(interview, who)
    share = None if form is None else form.share or "aggregated"
    if form is None or written is None or share is None or share == "company_only":
        return OfInterviewer(person=person, candidate=candidate, asked_for_form=asked, own=own)
    return OfInterviewer(
        person=person,
        candidate=candidate,
        asked_for_form=asked,
        answers=_answers(form),
        share=share,
        after_decision=written.after_decision,
        sentences=tuple(_sentences(interview, form, who)),
        own=own,
    )


def _of_organisation(interview: "Interview") -> OfOrganisation:
    form, written = _candidates_form(interview)
    asked = interview.voices.questions
    joined = interview.follow_up.joined is True
    answers = None
    if form is not None:
        more = {"recommend": form.recommend, "expectations": form.own.expectations}
        answers = _answers(form).model_copy(update=more)
    return OfOrganisation(
        candidate=candidate_key(interview),
        asked_for_form=_asked(interview),
        answers=answers,
        share=None if form is None else form.share or "aggregated",
        after_decision=written is not None and written.after_decision,
        questions=len(asked),
        addressed=sum(one.addressed for one in asked),
        joined=joined,
        preview_honest=interview.follow_up.preview_honest if joined else None,
    )


def _of_candidate(interview: "Interview") -> OfCandidate:
    form, _ = _candidates_form(interview)
    before = interview.evaluation.expectations.get(CANDIDATE)
    reflection = interview.follow_up.reflections.get(CANDIDATE)
    organisation, reviewed = interview.people.organisation, interview.feedback.reviewed
    opened = interview.feedback.opened_at is not None
    return OfCandidate(
        candidate=candidate_key(interview),
        role=interview.request.role,
        organisation=organisation.name if organisation else "",
        at=interview.session.ended_at or interview.opened_at,
        expectations=form.own.expectations if form else None,
        confidence_before=before.confidence if before else None,
        confidence_after=form.own.confidence if form else None,
        strengths=tuple(_opened(interview, "strength")),
        growth=tuple(_opened(interview, "growth")),
        next_step=reviewed.next_step if reviewed and opened else None,
        reflection=reflection.text if reflection else None,
        own=_growing(interview, CANDIDATE),
    )


def _candidates_form(interview: "Interview") -> "tuple[CandidateForm, Version] | tuple[None, None]":
    """Give the candidate's form as it was submitted last; one that has expired, or is excused, is none."""
    state = interview.evaluation.forms.get(CANDIDATE)
    written = state.latest if state is not None and state.was == "submitted" else None
    if written is None or not isinstance(written.form, CandidateForm):
        return None, None
    return written.form, written


def _asked(interview: "Interview") -> bool:
    state = interview.evaluation.forms.get(CANDIDATE)
    return state is not None and state.was != "excused"


def _answers(form: CandidateForm) -> Answers:
    return Answers(
        overall=form.overall,
        role_clear=form.role_clear,
        prepared=form.prepared,
        listened=form.listened,
        respectful=form.respectful,
        heard=form.heard,
    )


def _sentences(interview: "Interview", form: CandidateForm, who: str) -> Iterator[Sentence]:
    """Give what this interviewer may learn of the candidate's words: nothing where they are about somebody else.

    Of an amended sentence the theme alone: the first wording was objected to, and the other is not the candidate's.
    """
    if interview.feedback.released_at is None or form.about not in (None, who):
        return
    written: tuple[tuple[Literal["helped", "change"], str | None, bool], ...] = (
        ("helped", form.helped_in, form.tick_helped),
        ("change", form.change_in, form.tick_change),
    )
    for what, theme, ticked in written:
        stands = words(interview, CANDIDATE, what)
        if stands is not None and not stands.counts:
            continue
        shown = ticked or form.share == "attributed"
        own_words = stands is not None and stands.amended is None
        text = stands.text if stands is not None and shown and own_words else None
        if text is not None or theme is not None:
            yield Sentence(what=what, text=text, theme=theme)


def _opened(interview: "Interview", what: Literal["strength", "growth"]) -> Iterator[str]:
    """Give what the candidate has opened and nobody disputes."""
    for item in opened(interview):
        stands = words(interview, item.author, what) if item.what == what else None
        if stands is not None and stands.counts and stands.text is not None:
            yield stands.amended or stands.text


def _growing(interview: "Interview", who: str) -> Growing:
    state = interview.evaluation.forms[who]
    written = state.latest if state.was == "submitted" else None
    reflection, growth = interview.follow_up.reflections.get(who), interview.follow_up.growth.get(who)
    chosen = looked_back = checked = None
    if reflection is not None and reflection.will_try is not None:
        chosen = Chosen(text=reflection.will_try, at=reflection.at)
    if written is not None and written.form.own.acted is not None:
        looked_back = Check(acted=written.form.own.acted, helped=written.form.own.acted_helped, at=written.at)
    if growth is not None:
        checked = Check(acted=growth.acted, helped=growth.helped, at=growth.at)
    return Growing(chosen=chosen, looked_back=looked_back, checked=checked)


# --- rules: what people read -----------------------------------------------------------------------------------------


def profile(person: PersonId, kept: Sequence[Lesson]) -> Profile:
    """Publish what an interviewer may read of their lessons, in the order in which they came."""
    published = _publications(kept)
    batches = published[False, "overall"]
    figures = _figures(kept, published, late=False)
    improvement, tried, helped = _growth(kept)
    return Profile(
        person=person,
        enough=bool(batches),
        candidates=figures["overall"].n if batches else 0,
        figures=figures,
        after_decision=_figures(kept, published, late=True) if batches else {},
        themes=_themes(kept, batches),
        said=_said(kept, batches),
        improvement=improvement,
        tried=tried,
        helped=helped,
    )


def aggregates(kept: Sequence[Lesson]) -> Aggregates:
    """Publish how candidates feel about interviews here, of the organisation's lessons in the order they came."""
    published = _publications(kept)
    if not published[False, "overall"]:
        return Aggregates()
    figures = _figures(kept, published, late=False)
    overall, recommend = figures["overall"], _given(kept, published, (False, "recommend"))
    expected = _given(kept, published, (False, "expectations"))
    told = [one for one in _told(kept[: published[False, "overall"][-1]]).values() if isinstance(one, OfOrganisation)]
    return Aggregates(
        enough=True,
        candidates=overall.n,
        asked=overall.asked,
        response_rate=round(overall.n / overall.asked, 2),
        figures=figures,
        after_decision=_figures(kept, published, late=True),
        expectations=_expected(*expected) if expected else None,
        nps=_nps(*recommend) if recommend else None,
        questions=sum(one.questions for one in told),
        addressed=sum(one.addressed for one in told),
    )


def record(kept: Sequence[Lesson]) -> Record:
    """Give a candidate all that they have learned so far."""
    learned = {interview: one for interview, one in _last(kept).items() if isinstance(one, OfCandidate)}
    ordered = sorted(learned.items(), key=lambda one: (one[1].at, one[0]))
    interviews = tuple(Remembered(interview=interview, learned=one) for interview, one in ordered)
    return Record(interviews=interviews, improvement=_growth(kept)[0])


def brief(who: Who, kept: Sequence[Lesson]) -> Brief:
    """Give what fits into the reminder of the next interview: the open improvement, themes, a few sentences."""
    if who == CANDIDATE:
        return Brief(who=who, improvement=_growth(kept)[0])
    known = profile(who, kept)
    return Brief(
        who=who,
        improvement=known.improvement,
        enough=known.enough,
        themes=known.themes,
        said=tuple(_some(known.said, _BRIEFED, salt=str(known.candidates))),
    )


def _last(kept: Iterable[Lesson]) -> dict[InterviewId, Content]:
    """Give what counts, in the order in which the interviews came first: a later version keeps its place."""
    last = {lesson.interview: lesson.content for lesson in kept}
    return {interview: content for interview, content in last.items() if content is not None}


# --- rules: the batches ----------------------------------------------------------------------------------------------

_Told = OfInterviewer | OfOrganisation
_Chain = tuple[bool, str]
"""The figures of one question, one after the other: of those who knew the outcome (True), or of those who did not."""

_CHAINS = tuple((late, question) for late in (False, True) for question in _OF_ORGANISATION)


def _publications(kept: Sequence[Lesson]) -> dict[_Chain, list[int]]:
    """Say after how many lessons each figure was made, every time. This is the rule that keeps candidates anonymous."""
    published: dict[_Chain, list[int]] = {chain: [] for chain in _CHAINS}
    waiting: dict[_Chain, dict[InterviewId, _Told]] = {chain: {} for chain in _CHAINS}
    counted: dict[str, set[str]] = {question: set() for question in _OF_ORGANISATION}
    for n, lesson in enumerate(kept, start=1):
        for chain, new in waiting.items():
            new.pop(lesson.interview, None)
            if isinstance(lesson.content, _Told) and _value(lesson.content, chain) is not None:
                new[lesson.interview] = lesson.content
        for late in (False, True):
            if len(_unknown(waiting[late, "overall"]) - counted["overall"]) < K:
                continue
            for question in _OF_ORGANISATION:
                new = waiting[late, question]
                if len(_unknown(new) - counted[question]) >= K:
                    published[late, question].append(n)
                    counted[question].update(one.candidate for one in new.values())
                    new.clear()
    return published


def _unknown(told: dict[InterviewId, _Told]) -> set[str]:
    """Name the candidates of whose answers the reader knows none by itself."""
    attributed = {one.candidate for one in told.values() if one.share == "attributed"}
    return {one.candidate for one in told.values()} - attributed


def _value(told: _Told, chain: _Chain) -> int | None:
    """Give what this candidate answered to this question: before they knew the outcome, or after."""
    late, question = chain
    given = told.answers
    if question == "preview_honest":
        return told.preview_honest if isinstance(told, OfOrganisation) and not late else None
    if given is None or told.after_decision is not late:
        return None
    if question == "expectations":
        return None if given.expectations is None else _EXPECTATIONS.index(given.expectations)
    answer: int | None = getattr(given, question)
    return answer


def _told(kept: Sequence[Lesson]) -> dict[InterviewId, _Told]:
    return {interview: one for interview, one in _last(kept).items() if isinstance(one, _Told)}


def _given(
    kept: Sequence[Lesson], published: dict[_Chain, list[int]], chain: _Chain
) -> tuple[Sequence[int], int] | None:
    """Give the answers that the newest figure is made of, each candidate's latest, and how many were asked."""
    if not published[chain]:
        return None
    told = _told(kept[: published[chain][-1]]).values()
    given = {one.candidate: value for one in told if (value := _value(one, chain)) is not None}
    asked = {one.candidate for one in told if _was_asked(one, chain[1])}
    return tuple(given.values()), len(asked | given.keys())


def _was_asked(told: _Told, question: str) -> bool:
    if question == "preview_honest":
        return isinstance(told, OfOrganisation) and told.joined
    return told.asked_for_form


def _figures(kept: Sequence[Lesson], published: dict[_Chain, list[int]], *, late: bool) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for question in (*OF_INTERVIEWERS, "preview_honest"):
        given = _given(kept, published, (late, question))
        if given is not None:
            answers, asked = given
            mean = round(sum(answers) / len(answers), 1)
            figures[question] = Figure(n=len(answers), asked=asked, mean=mean)
    return figures


def _nps(answers: Sequence[int], asked: int) -> Figure:
    surplus = sum(one >= _PROMOTER for one in answers) - sum(one <= _DETRACTOR for one in answers)
    return Figure(n=len(answers), asked=asked, mean=round(100 * surplus / len(answers)))


def _expected(answers: Sequence[int], asked: int) -> Expected:
    missed, met, surpassed = (answers.count(n) for n in range(len(_EXPECTATIONS)))
    return Expected(missed=missed, met=met, surpassed=surpassed, asked=asked)


# --- rules: words ----------------------------------------------------------------------------------------------------


def _said(kept: Sequence[Lesson], batches: Sequence[int]) -> tuple[str, ...]:
    """Give the sentences of every batch of which nothing was withdrawn since."""
    seen: dict[InterviewId, set[str]] = {}
    came: list[dict[InterviewId, set[str]]] = []
    for n in batches:
        then = _ticked(kept[:n])
        new = {one: texts - seen.get(one, set()) for one, texts in then.items()}
        came.append({one: texts for one, texts in new.items() if texts or one not in seen})
        seen |= {one: seen.get(one, set()) | texts for one, texts in new.items()}
    now = _ticked(kept)
    whole = [batch for batch in came if all(one in now and texts <= now[one] for one, texts in batch.items())]
    ticked = [text for batch in whole for texts in batch.values() for text in texts]
    attributed = [text for one in _attributed(kept, batches).values() for text in _texts(one)]
    return tuple(sorted(_some([*ticked, *attributed], _MOST_SAID, salt=str(len(came)))))


def _some(texts: Sequence[str], most: int, *, salt: str) -> Sequence[str]:
    """Choose by a digest: others with every batch, and nobody's for being new."""
    return sorted(texts, key=lambda text: hashlib.sha256(f"{salt} {text}".encode()).digest())[:most]


def _ticked(kept: Sequence[Lesson]) -> dict[InterviewId, set[str]]:
    """Give what each aggregated form lets be read, which may be nothing."""
    return {interview: _texts(one) for interview, one in _published(kept).items() if one.share == "aggregated"}


def _themes(kept: Sequence[Lesson], batches: Sequence[int]) -> tuple[Theme, ...]:
    """Count who named what, each candidate's latest form. The theme that most of them named comes first."""
    if not batches:
        return ()
    attributed = _attributed(kept, batches)
    latest = {one.candidate: (interview, one) for interview, one in _published(kept[: batches[-1]]).items()}
    named: Counter[tuple[str, str]] = Counter()
    for interview, one in latest.values():
        stands = one if one.share == "aggregated" else attributed.get(interview)
        named.update({(said.theme, said.what) for said in (stands.sentences if stands else ()) if said.theme})
    themes = [
        Theme(theme=theme, helped=named[theme, "helped"], change=named[theme, "change"])
        for theme in {theme for theme, _ in named}
    ]
    return tuple(sorted(themes, key=lambda one: (-one.helped - one.change, one.theme)))


def _published(kept: Sequence[Lesson]) -> dict[InterviewId, OfInterviewer]:
    """Give the forms whose words may be published: not what was written after the decision."""
    told = _told(kept).items()
    return {
        interview: one
        for interview, one in told
        if isinstance(one, OfInterviewer) and one.answers is not None and not one.after_decision
    }


def _attributed(kept: Sequence[Lesson], batches: Sequence[int]) -> dict[InterviewId, OfInterviewer]:
    """Give the attributed forms of published batches as they stand now.

    Their reader knows them one by one: so what is disputed goes at once, and betrays nobody.
    """
    published = _published(kept[: batches[-1]]) if batches else {}
    now = _published(kept)
    known = [interview for interview, one in published.items() if one.share == "attributed" and interview in now]
    return {interview: now[interview] for interview in known if now[interview].share == "attributed"}


def _texts(told: OfInterviewer) -> set[str]:
    return {said.text for said in told.sentences if said.text is not None}


# --- rules: own growth -----------------------------------------------------------------------------------------------


def _growth(kept: Sequence[Lesson]) -> tuple[Improvement | None, int, int]:
    """Give the improvement that is open, how many were acted on, and how many of these helped.

    One is open at a time, the latest, until it is checked. The last check of each says how it went.
    """
    own = {interview: one.own for interview, one in _last(kept).items() if not isinstance(one, OfOrganisation)}
    chosen = sorted((one.chosen.at, interview, one.chosen.text) for interview, one in own.items() if one.chosen)
    checks = dict(sorted(_checks(own, [(at, interview) for at, interview, _ in chosen]), key=lambda one: one[1].at))
    acted = [check for check in checks.values() if check.acted != "no"]
    helped = sum(check.helped == "yes" for check in acted)
    if not chosen or chosen[-1][1] in checks:
        return None, len(acted), helped
    _, interview, text = chosen[-1]
    return Improvement(interview=interview, text=text), len(acted), helped


def _checks(
    own: dict[InterviewId, Growing], chosen: Sequence[tuple[datetime, InterviewId]]
) -> Iterator[tuple[InterviewId, Check]]:
    """Give every check of something that was chosen, under the interview in which it was."""
    for interview, one in own.items():
        for check in (one.looked_back, one.checked):
            if check is None:
                continue
            before = [which for at, which in chosen if at < check.at]
            if check is one.checked and one.chosen is not None:
                yield interview, check
            elif before:
                yield before[-1], check
