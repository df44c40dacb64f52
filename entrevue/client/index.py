"""What the server's index tells of many interviews at once, a moment behind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import WorkflowExecution
from temporalio.common import SearchAttributeKey

from entrevue import contract
from entrevue.attention import CLEARS, RANKS
from entrevue.values import Instant, InterviewId, Message
from entrevue.view import ToReview

_STATUS = SearchAttributeKey.for_keyword(contract.STATUS)
_BALL = SearchAttributeKey.for_keyword(contract.BALL)
_ATTENTION = SearchAttributeKey.for_keyword(contract.ATTENTION)
_NEEDS = SearchAttributeKey.for_keyword_list(contract.NEEDS)
_START = SearchAttributeKey.for_datetime(contract.START)

_EXAMPLES = 3


class Listed(Message):
    """One interview as the server's index shows it, a moment behind. Names nobody."""

    interview: InterviewId
    status: str | None
    ball: str | None
    attention: str | None
    """The most urgent rank that needs a person, or `none`."""
    start: Instant | None
    opened_at: Instant
    closed_at: Instant | None


class Needed(Message):
    """What needs a person, one item a cause: a calendar server that is down is one, whatever it keeps waiting."""

    rank: str
    """`now`, `today` or `information`: the most urgent that any of these interviews gives it."""
    owner: str
    cause: str
    count: int
    """Open interviews."""
    examples: tuple[InterviewId, ...]
    """A few of the most urgent; `search` finds them all."""
    clears: tuple[str, ...]
    """Commands that help in each interview; empty: it clears itself when the cause is gone."""
    earliest: Instant | None
    """Booked start, of those interviews that have one."""
    latest: Instant | None


class Review(Message):
    """What one interview has waiting for the person who reads before a candidate does."""

    interview: InterviewId
    due: Instant | None = None
    """None: it gives no answer now. It has something waiting; look at it by itself."""
    role: str | None = None
    items: tuple[ToReview, ...] = ()


def listed(execution: WorkflowExecution) -> Listed:
    attributes = execution.typed_search_attributes
    return Listed(
        interview=execution.id.removeprefix(contract.workflow_id("")),
        status=attributes.get(_STATUS),
        ball=attributes.get(_BALL),
        attention=attributes.get(_ATTENTION),
        start=attributes.get(_START),
        opened_at=execution.start_time,
        closed_at=execution.close_time,
    )


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """One interview's share in one cause."""

    rank: str
    owner: str
    cause: str
    interview: InterviewId
    start: datetime | None


def waiting(execution: WorkflowExecution) -> Iterator[Waiting]:
    one = listed(execution)
    for need in execution.typed_search_attributes.get(_NEEDS) or ():
        rank, owner, cause = need.split("/")
        yield Waiting(rank=rank, owner=owner, cause=cause, interview=one.interview, start=one.start)


def one_a_cause(waiting: Iterable[Waiting]) -> tuple[Needed, ...]:
    alike: defaultdict[tuple[str, str], list[Waiting]] = defaultdict(list)
    for one in sorted(waiting, key=lambda one: _urgency(one.rank)):
        alike[one.owner, one.cause].append(one)
    needed = (_needed(group) for group in alike.values())
    return tuple(sorted(needed, key=lambda one: (_urgency(one.rank), -one.count, one.cause)))


def _needed(alike: Sequence[Waiting]) -> Needed:
    most_urgent = alike[0]
    interviews = tuple(dict.fromkeys(one.interview for one in alike))
    starts = [one.start for one in alike if one.start is not None]
    return Needed(
        rank=most_urgent.rank,
        owner=most_urgent.owner,
        cause=most_urgent.cause,
        count=len(interviews),
        examples=interviews[:_EXAMPLES],
        clears=CLEARS.get(most_urgent.cause, ()),
        earliest=min(starts, default=None),
        latest=max(starts, default=None),
    )


def _urgency(rank: str) -> int:
    return next((n for n, known in enumerate(RANKS) if known == rank), len(RANKS))
