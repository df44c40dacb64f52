"""A year of sixty interviews on the real server: what was learned is held against what the journals say.

The oracle reads journals as raw JSON and counts naively; of the product it takes only the order in which lessons came.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue, TypeAdapter
from temporalio.testing import WorkflowEnvironment

from activities.people import PersonEntry
from entrevue.client import InterviewClient
from entrevue.learning import ORGANISATION, Aggregates, Figure, Profile, profile
from entrevue.values import CANDIDATE
from tests.workflows.stage import Stage, staged
from tests.workflows.year import INTERVIEWERS, VISITS, Visit, learned, play, script

SEED = 2026
AT_ONCE = 4
"""Interviews at the same time: a server and a worker on two cores answer so many well within their limits."""

QUESTIONS = ("overall", "role_clear", "prepared", "listened", "respectful", "heard")
_FORM = TypeAdapter(dict[str, JsonValue])

STAFF = tuple(
    PersonEntry.model_validate(
        {
            "id": name,
            "name": f"{name.title()} Winter",
            "email": f"{name}@acme.example",
            "zone": "Europe/Berlin",
            "hours": {day: ["09:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")},
        }
    )
    for name in INTERVIEWERS
)


@pytest.fixture(name="stage")
async def _stage(server: WorkflowEnvironment) -> AsyncIterator[Stage]:
    async with staged(server, people=STAFF) as stage:
        yield stage


# --- the oracle ------------------------------------------------------------------------------------------------------


@dataclass
class Told:
    """What the journal of one interview says, as far as it matters here."""

    interview: str
    candidate: str
    panel: tuple[str, ...]
    practice: bool
    form: Mapping[str, JsonValue] | None = None
    released: bool = False
    due: bool = False
    rulings: dict[str, str] = field(default_factory=dict)
    """What became of disputed sentences."""
    briefs: dict[str, Mapping[str, JsonValue]] = field(default_factory=dict)

    def answered(self, question: str) -> int | None:
        value = (self.form or {}).get(question)
        return value if isinstance(value, int) else None

    @property
    def share(self) -> str:
        return str((self.form or {}).get("share"))

    def sentence(self, what: str, about: str) -> str | None:
        """Give a sentence that this interviewer may read among others, or as theirs."""
        if self.form is None or not self.released or self.form.get("about") not in (None, about):
            return None
        shown = self.share == "attributed" or (self.share == "aggregated" and self.form.get(f"tick_{what}") is True)
        return str(self.form[what]) if shown and what in self.form and self.form[what] and self._stands(what) else None

    def theme(self, what: str, about: str) -> str | None:
        if self.form is None or not self.released or self.form.get("about") not in (None, about):
            return None
        theme = self.form.get(f"{what}_in")
        return str(theme) if theme is not None and self._stands(what) else None

    def _stands(self, what: str) -> bool:
        return self.rulings.get(what, "dismissed") == "dismissed"


async def told(stage: Stage, interview: str) -> Told:
    """Read one journal from its beginning to its end, as plain JSON."""
    found: Told | None = None
    for entry in await stage.journal.read(interview, limit=1000):
        data = entry.data
        if entry.kind == "interview_opened":
            request = _FORM.validate_python(data["request"])
            candidate = str(_FORM.validate_python(request["candidate"])["id"])
            seats = TypeAdapter(list[dict[str, JsonValue]]).validate_python(request["interviewers"])
            panel = tuple(str(seat["person"]) for seat in seats)
            found = Told(interview=interview, candidate=candidate, panel=panel, practice=request["practice"] is True)
        assert found is not None
        match entry.kind:
            case "session_ended":
                found.due = True
            case "evaluation_submitted" if entry.by == CANDIDATE:
                found.form = _FORM.validate_python(data["form"])
            case "feedback_released":
                found.released = True
            case "dispute_ruled":
                found.rulings["change"] = str(data["ruling"])
            case "briefs_gathered":
                briefs = TypeAdapter(list[dict[str, JsonValue]]).validate_python(data["briefs"])
                found.briefs |= {str(one["who"]): one for one in briefs}
    assert found is not None
    return found


@dataclass(frozen=True)
class Answer:
    candidate: str
    attributed: bool
    values: Mapping[str, int]


def published_at(stream: Sequence[Answer], questions: Iterable[str]) -> dict[str, int]:
    """Say how many interviews the last figure of each question is made of, by the rule of five new candidates."""
    questions = tuple(questions)
    counted: dict[str, set[str]] = {question: set() for question in questions}
    waiting: dict[str, list[Answer]] = {question: [] for question in questions}
    at: dict[str, int] = {}

    def new(question: str) -> int:
        known = {one.candidate for one in waiting[question] if one.attributed}
        return len({one.candidate for one in waiting[question]} - known - counted[question])

    for n, answer in enumerate(stream, start=1):
        for question in questions:
            if question in answer.values:
                waiting[question].append(answer)
        if new("overall") < 5:
            continue
        for question in questions:
            if new(question) >= 5:
                at[question] = n
                counted[question] |= {one.candidate for one in waiting[question]}
                waiting[question] = []
    return at


def figure(stream: Sequence[Answer], question: str, upto: int) -> Figure:
    latest = {one.candidate: one.values[question] for one in stream[:upto] if question in one.values}
    asked = {one.candidate for one in stream[:upto]}
    return Figure(n=len(latest), asked=len(asked), mean=round(sum(latest.values()) / len(latest), 1))


def of_interviewer(one: Told) -> Answer:
    open_to_them = one.form is not None and one.share != "company_only"
    values = {name: value for name in QUESTIONS if (value := one.answered(name)) is not None} if open_to_them else {}
    return Answer(one.candidate, one.share == "attributed", values)


def of_organisation(one: Told) -> Answer:
    names = (*QUESTIONS, "recommend")
    return Answer(
        one.candidate,
        one.share == "attributed",
        {name: value for name in names if (value := one.answered(name)) is not None},
    )


def words(person: str, order: Sequence[Told], upto: int) -> tuple[list[str], dict[str, tuple[int, int]]]:
    """Give the sentences an interviewer reads, sorted, and how many candidates named each theme."""
    said, latest = [], {}
    for one in order[:upto]:
        if one.form is None or one.share == "company_only":
            continue
        about = f"i{one.panel.index(person) + 1}"
        texts = {text for what in ("helped", "change") if (text := one.sentence(what, about)) is not None}
        said += sorted(texts)
        latest[one.candidate] = [(what, theme) for what in ("helped", "change") if (theme := one.theme(what, about))]
    helped = Counter(theme for named in latest.values() for what, theme in named if what == "helped")
    change = Counter(theme for named in latest.values() for what, theme in named if what == "change")
    return sorted(said), {theme: (helped[theme], change[theme]) for theme in helped.keys() | change.keys()}


# --- the year --------------------------------------------------------------------------------------------------------


@dataclass
class Year:
    stage: Stage
    visits: list[Visit]
    open_to: dict[str, str] = field(default_factory=dict)
    """By interviewer: what they want to try, and have not looked back on."""

    async def order(self, subject: str) -> list[Told]:
        """Give the journals of the interviews that teach about this subject, as they came first."""
        interviews = dict.fromkeys(one.interview for one in await self.stage.lessons.about(subject))
        return [await told(self.stage, one) for one in interviews]

    async def check_briefs(self, wave: Sequence[Visit], before: Mapping[str, Sequence[Told]]) -> None:
        """Each brief tells what was open and published before this wave, and nothing else."""
        for visit in wave:
            journal = await told(self.stage, visit.id)
            for n, person in enumerate(visit.panel, start=1):
                brief = journal.briefs.get(f"i{n}")
                if visit.kind == "practice":
                    assert brief is None
                    continue
                assert brief is not None
                stream = [of_interviewer(one) for one in before[person]]
                at = published_at(stream, QUESTIONS)
                chosen = _FORM.validate_python(brief["improvement"])["text"] if brief["improvement"] else None
                assert chosen == self.open_to.get(person), visit.id
                assert brief["enough"] is ("overall" in at), visit.id
                said, themes = words(person, before[person], at.get("overall", 0))
                shown = TypeAdapter(list[str]).validate_python(brief["said"])
                assert len(shown) == min(3, len(said))
                assert not Counter(shown) - Counter(said)
                assert _themes(brief) == themes

    def look_back(self, wave: Sequence[Visit]) -> None:
        for visit in wave:
            for person in visit.acted:
                self.open_to.pop(person, None)
            self.open_to |= visit.to_try


def _themes(brief: Mapping[str, JsonValue]) -> dict[str, tuple[int, int]]:
    found = TypeAdapter(list[dict[str, JsonValue]]).validate_python(brief["themes"])
    return {str(one["theme"]): (int(str(one["helped"])), int(str(one["change"]))) for one in found}


@pytest.mark.slow
async def test_a_year_of_interviews_yields_the_right_profiles(stage: Stage) -> None:
    year = Year(stage, script(SEED))
    turn = asyncio.Semaphore(AT_ONCE)
    begins = datetime.now(UTC) + timedelta(days=2)
    shown: dict[str, Seen] = {}

    async def act(visit: Visit) -> None:
        async with turn:
            await learned(stage, await play(stage, visit, begins))

    for number in range(year.visits[-1].wave + 1):
        wave = [visit for visit in year.visits if visit.wave == number]
        before = {person: await year.order(f"interviewer/{person}") for person in INTERVIEWERS}
        await asyncio.gather(*(act(visit) for visit in wave))
        await year.check_briefs(wave, before)
        year.look_back(wave)
        for person in INTERVIEWERS:
            await _check_that_nobody_is_revealed(stage, person, shown, await year.order(f"interviewer/{person}"))

    client = InterviewClient(stage.env.client, task_queue=stage.task_queue, rpc_timeout=timedelta(seconds=60))
    profiles = {person: await client.profile(person) for person in INTERVIEWERS}
    for person, read in profiles.items():
        await _check_profile(year, person, read)
    assert sum(one.enough for one in profiles.values()) > 1
    await _check_aggregates(year, await client.aggregates(viewer="coordinator"))
    await _check_records(year, client)


async def _check_profile(year: Year, person: str, read: Profile) -> None:
    order = await year.order(f"interviewer/{person}")
    stream = [of_interviewer(one) for one in order]
    at = published_at(stream, QUESTIONS)
    said, themes = words(person, order, at.get("overall", 0))

    assert read.enough is ("overall" in at)
    assert read.figures == {question: figure(stream, question, upto) for question, upto in at.items()}
    assert list(read.said) == said
    assert {one.theme: (one.helped, one.change) for one in read.themes} == themes
    assert (read.improvement.text if read.improvement else None) == year.open_to.get(person)


async def _check_aggregates(year: Year, read: Aggregates) -> None:
    order = await year.order(ORGANISATION)
    stream = [of_organisation(one) for one in order]
    at = published_at(stream, (*QUESTIONS, "recommend"))
    figures = {question: figure(stream, question, upto) for question, upto in at.items() if question in QUESTIONS}
    recommend = list(
        {
            one.candidate: one.values["recommend"] for one in stream[: at["recommend"]] if "recommend" in one.values
        }.values()
    )
    surplus = sum(one >= 9 for one in recommend) - sum(one <= 6 for one in recommend)

    assert len(order) == VISITS - sum(visit.kind == "practice" for visit in year.visits)
    assert {name: one for name, one in read.figures.items() if name != "preview_honest"} == figures
    assert read.candidates == figures["overall"].n
    assert read.response_rate == round(figures["overall"].n / figures["overall"].asked, 2)
    assert read.nps is not None
    assert (read.nps.n, read.nps.mean) == (len(recommend), round(100 * surplus / len(recommend)))


async def _check_records(year: Year, client: InterviewClient) -> None:
    """Who came twice finds both interviews in their own record, and nobody else's."""
    visits: dict[str, list[Visit]] = {}
    for visit in year.visits:
        if visit.kind != "late_cancel":
            visits.setdefault(visit.candidate, []).append(visit)
    twice = {candidate: those for candidate, those in visits.items() if len(those) > 1}

    assert twice
    for those in twice.values():
        record = await client.record(those[0].id)
        assert {one.interview for one in record.interviews} == {visit.id for visit in those}


@dataclass(frozen=True)
class Seen:
    """What an interviewer read last, and of whose answers its figures are made."""

    profile: Profile
    behind: Mapping[str, frozenset[str]]


async def _check_that_nobody_is_revealed(
    stage: Stage, person: str, shown: dict[str, Seen], order: Sequence[Told]
) -> None:
    """In each figure that changed are five candidates or more who were in none before, and whom the reader knows not.

    An attack by what the reader has: two figures, and everything attributed to them. Whoever answered may be in a
    figure; who is, the oracle counts.
    """
    now = profile(person, await stage.lessons.about(f"interviewer/{person}"))
    was = shown.get(person, Seen(Profile(person=person), {}))
    stream = [of_interviewer(one) for one in order]
    at = published_at(stream, QUESTIONS)
    assert now.figures.keys() == at.keys()
    behind = {}
    for question, upto in at.items():
        inside = [one for one in stream[:upto] if question in one.values]
        behind[question] = frozenset(one.candidate for one in inside)
        if now.figures[question] == was.profile.figures.get(question):
            continue
        known = {one.candidate for one in inside if one.attributed} | was.behind.get(question, frozenset())
        assert now.figures[question] == figure(stream, question, upto)
        assert len(behind[question] - known) >= 5, (person, question)
    shown[person] = Seen(now, behind)
