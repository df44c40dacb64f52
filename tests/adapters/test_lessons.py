"""The contract of kept lessons, in memory, in SQLite and in PostgreSQL; how journals become lessons, and who reads."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs
from temporalio.testing import ActivityEnvironment

from activities.journal import Journal, JournalActivities
from activities.learning import TEACHES, Learning, LearningActivities, LearningFound, Lessons
from adapters.memory.ledger import MemoryJournal
from adapters.memory.lessons import MemoryLessons
from adapters.sql.database import open_database
from adapters.sql.journal import SqlJournal
from adapters.sql.lessons import SqlLessons
from entrevue.interview import Recorded, fold
from entrevue.learning import (
    ORGANISATION,
    Aggregates,
    Answers,
    Chosen,
    Growing,
    Lesson,
    OfInterviewer,
    OfOrganisation,
    Profile,
    ReadLearning,
    Record,
    Sentence,
    lessons,
)
from entrevue.letters import Brief, Improvement
from entrevue.orders import AppendJournal, Briefed, JournalAnswer, JournalEntry, LookUpBriefs, SameDay
from entrevue.sharing import Asked, Shared
from entrevue.values import CANDIDATE
from tests.adapters.database import Database
from tests.domain.scenes import (
    REACHED,
    Scene,
    a_booking,
    a_release,
    completed,
    follow_up,
    secret,
    story,
)

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
GRACE = "interviewer/grace"


@pytest.fixture(name="kept", params=["memory", "sqlite", "postgresql"])
def _kept(request: pytest.FixtureRequest) -> Lessons:
    if request.param == "memory":
        return MemoryLessons()
    database: Database = request.getfixturevalue(request.param)
    return SqlLessons(database.engine)


@pytest.fixture(name="places", params=["memory", "sqlite", "postgresql"])
def _places(request: pytest.FixtureRequest) -> tuple[Journal, Lessons]:
    if request.param == "memory":
        return MemoryJournal(), MemoryLessons()
    database: Database = request.getfixturevalue(request.param)
    return SqlJournal(database.engine), SqlLessons(database.engine)


def of_grace(interview: str = "r1", overall: int = 4, said: str = "Grüße, 東京\n\0") -> Lesson:
    content = OfInterviewer(
        person="grace",
        candidate=f"candidate-of-{interview}",
        answers=Answers(overall=overall),
        share="aggregated",
        sentences=(Sentence(what="helped", text=said, theme="pace"),),
        own=Growing(chosen=Chosen(text="let them finish", at=NOON + timedelta(microseconds=1))),
    )
    return Lesson(interview=interview, subject=GRACE, content=content)


def of_organisation(interview: str = "r1", questions: int = 0) -> Lesson:
    content = OfOrganisation(candidate=f"candidate-of-{interview}", questions=questions)
    return Lesson(interview=interview, subject=ORGANISATION, content=content)


def gone(lesson: Lesson) -> Lesson:
    return lesson.model_copy(update={"content": None})


# --- the contract ----------------------------------------------------------------------------------------------------


async def test_what_is_kept_is_read_back_as_it_was(kept: Lessons) -> None:
    await kept.keep("r1", 7, [of_organisation(), of_grace()])

    assert await kept.about(GRACE) == (of_grace(),)
    assert await kept.of("r1") == (of_grace(), of_organisation())


async def test_who_has_taught_nothing_is_no_trouble(kept: Lessons) -> None:
    await kept.keep("r1", 7, [])

    assert await kept.about(GRACE) == ()
    assert await kept.of("r1") == ()


async def test_lessons_stand_in_the_order_in_which_they_came(kept: Lessons) -> None:
    for interview in ("r9", "r1", "r5"):
        await kept.keep(interview, 7, [of_grace(interview)])

    assert [one.interview for one in await kept.about(GRACE)] == ["r9", "r1", "r5"]


async def test_a_lesson_that_changed_comes_again_and_the_older_one_keeps_its_place(kept: Lessons) -> None:
    await kept.keep("r1", 7, [of_grace("r1", overall=4), of_organisation("r1")])
    await kept.keep("r2", 7, [of_grace("r2")])
    await kept.keep("r1", 8, [of_grace("r1", overall=2), of_organisation("r1")])

    assert await kept.about(GRACE) == (of_grace("r1", overall=4), of_grace("r2"), of_grace("r1", overall=2))
    assert await kept.about(ORGANISATION) == (of_organisation("r1"),)
    assert await kept.of("r1") == (of_grace("r1", overall=2), of_organisation("r1"))


async def test_a_subject_that_is_gone_comes_again_without_content_and_may_come_back(kept: Lessons) -> None:
    await kept.keep("r1", 7, [of_grace(), of_organisation()])
    await kept.keep("r1", 8, [of_organisation()])
    await kept.keep("r1", 9, [of_organisation()])
    await kept.keep("r1", 10, [of_organisation(), of_grace()])

    assert await kept.about(GRACE) == (of_grace(), gone(of_grace()), of_grace())


async def test_the_same_again_is_no_news(kept: Lessons) -> None:
    for seq in (7, 7, 8):
        await kept.keep("r1", seq, [of_grace(), of_organisation()])

    assert await kept.about(GRACE) == (of_grace(),)
    assert await kept.about(ORGANISATION) == (of_organisation(),)


@pytest.mark.parametrize("older", [[of_grace(overall=1)], []], ids=["other", "nothing"])
async def test_what_an_older_journal_said_comes_too_late(kept: Lessons, older: Sequence[Lesson]) -> None:
    await kept.keep("r1", 9, [of_grace()])
    await kept.keep("r1", 8, older)

    assert await kept.about(GRACE) == (of_grace(),)


async def test_an_older_journal_brings_back_nothing_where_the_newer_one_teaches_nothing(kept: Lessons) -> None:
    await kept.keep("r1", 9, [])
    await kept.keep("r1", 8, [of_grace()])

    assert await kept.about(GRACE) == ()


async def test_of_one_state_read_by_two_versions_of_the_rules_the_later_counts(kept: Lessons) -> None:
    await kept.keep("r1", 9, [of_grace(overall=4)])
    await kept.keep("r1", 9, [of_grace(overall=5)])

    assert await kept.of("r1") == (of_grace(overall=5),)


async def test_the_same_of_one_interview_at_once_is_kept_once(kept: Lessons) -> None:
    await asyncio.gather(*(kept.keep("r1", 7, [of_grace(), of_organisation()]) for _ in range(12)))

    assert await kept.about(GRACE) == (of_grace(),)
    assert await kept.about(ORGANISATION) == (of_organisation(),)


async def test_states_at_once_in_any_order_leave_the_newest(kept: Lessons) -> None:
    states = [5, 1, 4, 2, 3] * 3
    await asyncio.gather(*(kept.keep("r1", seq, [of_grace(overall=seq)]) for seq in states))

    assert await kept.of("r1") == (of_grace(overall=5),)
    versions = list(await kept.about(GRACE))
    assert versions == [of_grace(overall=n) for n in range(1, 6) if of_grace(overall=n) in versions]


async def test_who_reads_while_others_write_reads_the_beginning_of_what_comes(database: Database) -> None:
    """A number that is given out before another, but committed after it, would change batches that were published."""
    async with AsyncExitStack() as stack:
        engines = [open_database(database.url) for _ in range(3)]
        for engine in engines:
            stack.push_async_callback(engine.dispose)
        workers = [SqlLessons(engine) for engine in engines]
        reader = SqlLessons(database.engine)
        writing = asyncio.gather(*(workers[n % 3].keep(f"r{n}", 7, [of_grace(f"r{n}")]) for n in range(30)))
        seen = [await reader.about(GRACE)]
        while not writing.done():
            seen.append(await reader.about(GRACE))
        await writing
        finally_there = await reader.about(GRACE)

    assert {one.interview for one in finally_there} == {f"r{n}" for n in range(30)}
    assert len(finally_there) == 30
    assert [page for page in seen if page != finally_there[: len(page)]] == []


# --- from journals ---------------------------------------------------------------------------------------------------


def entries(scene: Scene, interview: str = "r7") -> tuple[JournalEntry, ...]:
    return tuple(_entry(one, interview) for one in scene.records)


def _entry(record: Recorded, interview: str) -> JournalEntry:
    data = record.event.model_dump(mode="json")
    if record.event.kind == "interview_opened":
        data["request"]["id"] = interview
    return JournalEntry(
        interview=interview,
        seq=record.seq,
        kind=record.event.kind,
        at=record.at,
        by=record.by,
        schema_version=1,
        data=data,
    )


def appended(*wanted: JournalEntry) -> AppendJournal:
    return AppendJournal(key="r7/journal", interview=wanted[0].interview, entries=wanted)


def cancelled_late() -> Scene:
    """The company cancels two hours before."""
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - timedelta(hours=2))
    scene.send("cancel", by="coordinator", reason="the role is filled")
    return scene


def disputed() -> Scene:
    """The candidate has read what was said of them, objects, and asks something more."""
    scene = follow_up()
    scene.send("open_dispute", by=CANDIDATE, sentence=1, reason=secret("reason"))
    scene.send("ask_question", by=CANDIDATE, text=secret("another question"))
    return scene


def stories() -> list[Scene]:
    return [*(story(status) for status in REACHED), cancelled_late(), disputed()]


def test_lessons_change_only_with_an_event_that_is_declared_to_teach() -> None:
    taught_by = set()
    for scene in stories():
        states = [lessons(fold(scene.records[:n])) for n in range(1, len(scene.records) + 1)]
        changes = zip(scene.records[1:], states[:-1], states[1:], strict=True)
        taught_by |= {record.event.kind for record, before, after in changes if before != after}

    assert {"feedback_released", "feedback_opened", "question_asked", "dispute_opened"} <= taught_by
    assert taught_by <= TEACHES


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_journal_that_grows_leaves_the_lessons_of_its_last_state(
    places: tuple[Journal, Lessons], size: int
) -> None:
    journal, kept = places
    scene = completed()
    append = JournalActivities(journal, Learning(journal, kept)).append_journal
    whole = entries(scene)
    for first in range(0, len(whole), size):
        await append(appended(*whole[first : first + size]))

    assert {one.subject: one for one in await kept.of("r7")} == {one.subject: one for one in lessons(scene.interview)}
    assert len(await kept.of("r7")) == 4


async def test_an_append_that_is_repeated_teaches_once_and_one_that_is_late_teaches_nothing_old(
    places: tuple[Journal, Lessons],
) -> None:
    journal, kept = places
    append = JournalActivities(journal, Learning(journal, kept)).append_journal
    released, whole = entries(a_release()), entries(completed())
    await append(appended(*whole))
    once = await kept.about(GRACE)
    await append(appended(*whole))
    await append(appended(*released))

    assert await kept.about(GRACE) == once
    assert once


class BreaksOnce(MemoryLessons):
    broken = False

    async def keep(self, interview: str, seq: int, lessons: Sequence[Lesson]) -> None:
        if not self.broken:
            self.broken = True
            raise ConnectionError
        await super().keep(interview, seq, lessons)


async def test_lessons_that_could_not_be_kept_are_kept_when_the_append_is_tried_again() -> None:
    journal, kept = MemoryJournal(), BreaksOnce()
    append = JournalActivities(journal, Learning(journal, kept)).append_journal
    with pytest.raises(ConnectionError):
        await append(appended(*entries(a_release())))
    answer = await append(appended(*entries(a_release())))

    assert answer.diverged_at is None
    assert await kept.about(GRACE)


class Broken(MemoryLessons):
    """A bug: whatever an interview taught, it cannot be kept."""

    async def keep(self, interview: str, seq: int, lessons: Sequence[Lesson]) -> None:
        raise LookupError(interview, seq, lessons)


@pytest.mark.parametrize("attempt", [1, 9])
async def test_for_an_hour_an_append_is_tried_again_until_lessons_are_kept(attempt: int) -> None:
    journal = MemoryJournal()
    append = JournalActivities(journal, Learning(journal, Broken())).append_journal

    with pytest.raises(LookupError):
        await _attempt(append, attempt)


async def test_lessons_that_cannot_be_kept_do_not_hold_up_the_journal_for_ever() -> None:
    journal, kept = MemoryJournal(), MemoryLessons()
    broken = JournalActivities(journal, Learning(journal, Broken())).append_journal
    with capture_logs() as logs:
        answer = await _attempt(broken, 10)

    assert answer == JournalAnswer(up_to=len(entries(a_release())))
    assert [(one["log_level"], one["kind"], one["because"]) for one in logs] == [
        ("error", "journal_not_followed", "LookupError")
    ]
    assert secret("helped") not in str(logs)
    await JournalActivities(journal, Learning(journal, kept)).append_journal(appended(*entries(completed())))
    assert await kept.about(GRACE)


async def _attempt(append: Callable[[AppendJournal], Awaitable[JournalAnswer]], attempt: int) -> JournalAnswer:
    """Run an append as its n-th attempt."""
    worker = ActivityEnvironment()
    worker.info = replace(worker.info, attempt=attempt)
    return await worker.run(append, appended(*entries(a_release())))


async def test_history_that_was_rewritten_teaches_nothing() -> None:
    journal, kept = MemoryJournal(), MemoryLessons()
    append = JournalActivities(journal, Learning(journal, kept)).append_journal
    await journal.append("r7", entries(a_booking()))
    rewritten = [one.model_copy(update={"by": "operator"}) for one in entries(a_release())]
    answer = await append(appended(*rewritten))

    assert answer.diverged_at == 1
    assert await kept.of("r7") == ()


# --- all of it again -------------------------------------------------------------------------------------------------


async def learned_as_it_happened(journal: Journal, kept: Lessons) -> None:
    """Three interviews, whose names do not stand in the order in which they were released."""
    append = JournalActivities(journal, Learning(journal, kept)).append_journal
    for interview, scene in (("z9", a_release()), ("m5", follow_up()), ("a1", completed())):
        await append(appended(*entries(scene, interview)))


async def test_learning_anew_changes_nothing_where_nothing_was_lost(places: tuple[Journal, Lessons]) -> None:
    journal, kept = places
    await learned_as_it_happened(journal, kept)
    before = await kept.about(GRACE)

    assert await Learning(journal, kept).anew() == 3
    assert await kept.about(GRACE) == before
    assert before[0].interview == "z9"


async def test_what_was_lost_is_learned_again_in_the_order_in_which_it_happened() -> None:
    journal, kept = MemoryJournal(), MemoryLessons()
    later = a_release()
    early, late = entries(later, "z9"), entries(later, "a1")
    await journal.append("z9", early)
    await journal.append("a1", [one.model_copy(update={"at": one.at + timedelta(days=1)}) for one in late])
    await Learning(journal, kept).anew()

    assert [one.interview for one in await kept.about(GRACE)] == ["z9", "a1"]


async def test_learning_anew_adds_what_other_rules_would_teach(places: tuple[Journal, Lessons]) -> None:
    journal, kept = places
    await journal.append("r7", entries(completed()))
    whole = len(entries(completed()))
    await kept.keep("r7", whole, [of_grace("r7", said="what older rules taught")])
    await Learning(journal, kept).anew()

    assert (await kept.about(GRACE))[0] == of_grace("r7", said="what older rules taught")
    assert {one.subject: one for one in await kept.of("r7")} == {
        one.subject: one for one in lessons(completed().interview)
    }


# --- who reads -------------------------------------------------------------------------------------------------------


class Alone:
    """Nobody asks for other interviews here."""

    async def of_day(self, day: SameDay) -> tuple[str, ...]:
        raise NotImplementedError(day)

    async def same_day(self, interview: str, asked: Asked) -> Shared:
        raise NotImplementedError(interview, asked)


async def after_one_interview() -> LearningActivities:
    journal, kept = MemoryJournal(), MemoryLessons()
    await JournalActivities(journal, Learning(journal, kept)).append_journal(appended(*entries(completed())))
    return LearningActivities(journal, kept, Alone())


async def test_a_brief_is_looked_up_for_each_by_the_subject_they_are() -> None:
    reading = await after_one_interview()
    order = LookUpBriefs(
        key="r8/briefs/i1-candidate/1.1",
        lane="briefs",
        interview="r8",
        now=NOON,
        people=(
            Briefed(who="i1", subject=GRACE),
            Briefed(who="i2", subject="interviewer/nobody-knows"),
        ),
    )
    found = await reading.look_up_briefs(order)

    assert found.key == order.key
    assert [one.who for one in found.briefs] == ["i1", "i2"]
    assert found.briefs[1] == Brief(who="i2")


async def test_each_reads_what_they_asked_for() -> None:
    reading = await after_one_interview()
    own = await reading.read_learning(ReadLearning(viewer="grace", person="grace"))
    all_of_us = await reading.read_learning(ReadLearning(viewer="coordinator"))
    theirs = await reading.read_learning(ReadLearning(viewer=CANDIDATE, interview="r7"))

    assert isinstance(own.learned, Profile)
    assert own.learned.person == "grace"
    assert all_of_us == LearningFound(learned=Aggregates())
    assert isinstance(theirs.learned, Record)
    assert [one.interview for one in theirs.learned.interviews] == ["r7"]
    assert theirs.learned.improvement is None or isinstance(theirs.learned.improvement, Improvement)


async def test_an_interview_that_nobody_knows_is_an_answer() -> None:
    reading = await after_one_interview()

    assert await reading.read_learning(ReadLearning(viewer=CANDIDATE, interview="r8")) == LearningFound(learned=None)
