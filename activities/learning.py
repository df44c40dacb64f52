"""What is learned across interviews: where lessons are kept, how journals become lessons, and who reads them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Annotated, Protocol, get_args

from pydantic import Field
from temporalio import activity

from activities.journal import Journal
from activities.process import OthersOfDay, look_at_day
from entrevue.disputes import DisputeEvent
from entrevue.evaluation import EvaluationEvent
from entrevue.feedback import FeedbackEvent
from entrevue.follow_up import FollowUpEvent
from entrevue.interview import Interview, Recorded, evolve, fold
from entrevue.learning import (
    ORGANISATION,
    Learned,
    Lesson,
    ReadLearning,
    aggregates,
    brief,
    lessons,
    profile,
    record,
    subject_of,
)
from entrevue.orders import BriefsFound, JournalEntry, LookUpBriefs
from entrevue.people import PeopleLookedUp
from entrevue.privacy import PrivacyEvent
from entrevue.scheduling import InterviewCancelled
from entrevue.session import SessionEvent
from entrevue.sharing import Asked
from entrevue.values import CANDIDATE, InterviewId, Message
from entrevue.voices import VoicesEvent

_PAGE = 500

# --- where lessons are kept ------------------------------------------------------------------------------------------


class Lessons(Protocol):
    """Lessons in the order in which they came. Of one interview and subject the last one counts."""

    async def keep(self, interview: InterviewId, seq: int, lessons: Sequence[Lesson]) -> None:
        """Let the interview teach this and nothing else, as its journal up to entry `seq` says.

        What differs from what it has taught so far comes after all others; a subject that is gone comes again without
        content. May be repeated, and come late: what an older journal said is no news.
        """
        ...

    async def about(self, subject: str) -> tuple[Lesson, ...]:
        """Give all of one subject, older versions too, in the order in which they came.

        Whoever asks again later gets the same, and what came since behind it.
        """
        ...

    async def of(self, interview: InterviewId) -> tuple[Lesson, ...]:
        """Give the last lesson of each subject of one interview, by subject."""
        ...


# --- how journals become lessons -------------------------------------------------------------------------------------

_Teaching = (
    SessionEvent
    | VoicesEvent
    | EvaluationEvent
    | FeedbackEvent
    | DisputeEvent
    | FollowUpEvent
    | PrivacyEvent
    | InterviewCancelled
    | PeopleLookedUp
)

TEACHES = frozenset(model.model_fields["kind"].default for model in get_args(_Teaching))
"""The kinds of events after which an interview may teach something else than before; all others leave it as it is."""


class Learning:
    """Follows the journals, and keeps what each interview teaches."""

    def __init__(self, journal: Journal, lessons: Lessons) -> None:
        self._journal = journal
        self._lessons = lessons

    async def follow(self, interview: InterviewId, entries: Sequence[JournalEntry]) -> None:
        if not TEACHES.isdisjoint(entry.kind for entry in entries):
            await self._learn(interview)

    async def anew(self) -> int:
        """Learn from all journals once more, in the order in which things happened; give how many interviews there are.

        What stands keeps its place, and what differs comes behind it. Where nothing is kept any more, its order is made
        again as near as the journals tell it: they do not say in which order workers wrote at the same moment.
        """
        interviews = [one async for one in self._interviews()]
        when = [moment for one in interviews for moment in await self._moments(one)]
        for _, interview, seq in sorted(when):
            await self._learn(interview, up_to=seq)
        for interview in interviews:
            await self._learn(interview)
        return len(interviews)

    async def _learn(self, interview: InterviewId, up_to: int | None = None) -> None:
        records = [one async for one in records_of(self._journal, interview) if up_to is None or one.seq <= up_to]
        await self._lessons.keep(interview, records[-1].seq, lessons(fold(records)))

    async def _moments(self, interview: InterviewId) -> Iterable[tuple[datetime, InterviewId, int]]:
        """Say at which entries the interview began to teach something else; of one instant the last, as in the journal.

        What happened at one instant was caused at once, and came at once.
        """
        state: Interview | None = None
        taught: tuple[Lesson, ...] = ()
        found: dict[datetime, int] = {}
        async for one in records_of(self._journal, interview):
            state = fold([one]) if state is None else evolve(state, one)
            now = lessons(state) if one.event.kind in TEACHES else taught
            if now != taught:
                found[one.at] = one.seq
            taught = now
        return [(at, interview, seq) for at, seq in found.items()]

    async def _interviews(self) -> AsyncIterator[InterviewId]:
        page = await self._journal.interviews(limit=_PAGE)
        while page:
            for interview in page:
                yield interview
            page = await self._journal.interviews(after=page[-1], limit=_PAGE)


async def records_of(journal: Journal, interview: InterviewId) -> AsyncIterator[Recorded]:
    """Read a whole journal as the events that it was made of."""
    page = await journal.read(interview, limit=_PAGE)
    while page:
        for entry in page:
            yield Recorded.model_validate({"seq": entry.seq, "at": entry.at, "by": entry.by, "event": entry.data})
        page = await journal.read(interview, after=page[-1].seq, limit=_PAGE)


# --- who reads them --------------------------------------------------------------------------------------------------


class LearningFound(Message):
    """None: the interview whose candidate was asked for is not known here."""

    learned: Annotated[Learned, Field(discriminator="kind")] | None


class LearningActivities:
    def __init__(self, journal: Journal, lessons: Lessons, others: OthersOfDay) -> None:
        self._journal = journal
        self._lessons = lessons
        self._others = others

    @activity.defn(name="look_up_briefs")
    async def look_up_briefs(self, order: LookUpBriefs) -> BriefsFound:
        if order.day is not None:
            return await look_at_day(
                self._others, order.key, Asked(interview=order.interview, day=order.day, now=order.now)
            )
        briefs = [brief(one.who, await self._lessons.about(one.subject)) for one in order.people]
        return BriefsFound(key=order.key, briefs=tuple(briefs))

    @activity.defn(name="read_learning")
    async def read_learning(self, asked: ReadLearning) -> LearningFound:
        """Read for whoever may read it: the workflow has seen to that."""
        if asked.person is not None:
            return LearningFound(
                learned=profile(asked.person, await self._lessons.about(f"interviewer/{asked.person}"))
            )
        if asked.interview is None:
            return LearningFound(learned=aggregates(await self._lessons.about(ORGANISATION)))
        async for first in records_of(self._journal, asked.interview):
            candidate = subject_of(fold([first]), CANDIDATE)
            return LearningFound(learned=record(await self._lessons.about(candidate)))
        return LearningFound(learned=None)
