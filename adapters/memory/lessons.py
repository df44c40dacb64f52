"""Lessons that live as long as the process: for tests and for trying things out."""

from collections.abc import Sequence

from entrevue.learning import Lesson, changed
from entrevue.values import InterviewId


class MemoryLessons:
    """Nothing in here awaits, so each call is atomic on its event loop."""

    def __init__(self) -> None:
        self._kept: list[Lesson] = []
        self._learned: dict[InterviewId, int] = {}

    async def keep(self, interview: InterviewId, seq: int, lessons: Sequence[Lesson]) -> None:
        if seq < self._learned.get(interview, 0):
            return
        self._learned[interview] = seq
        self._kept += changed(self._of(interview), lessons)

    async def about(self, subject: str) -> tuple[Lesson, ...]:
        return tuple(one for one in self._kept if one.subject == subject)

    async def of(self, interview: InterviewId) -> tuple[Lesson, ...]:
        return self._of(interview)

    def _of(self, interview: InterviewId) -> tuple[Lesson, ...]:
        last = {one.subject: one for one in self._kept if one.interview == interview}
        return tuple(last[subject] for subject in sorted(last))
