"""What is learned across interviews: where lessons are kept, how the journal becomes lessons, and who reads them."""

from collections.abc import Sequence
from typing import Protocol

from entrevue.learning import Lesson
from entrevue.values import InterviewId


class Lessons(Protocol):
    """Lessons in the order in which they came. Of one interview and subject the last one counts."""

    async def keep(self, lessons: Sequence[Lesson]) -> None:
        """Add them after all others, or none of them."""
        ...

    async def about(self, subject: str) -> tuple[Lesson, ...]:
        """Give all of one subject, older versions too, in the order in which they came."""
        ...

    async def of(self, interview: InterviewId) -> tuple[Lesson, ...]:
        """Give the last lesson of each subject of one interview."""
        ...
