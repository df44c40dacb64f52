"""What backends, workers and operators agree on: the names by which they meet, and what a command answers."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeVar

from pydantic import BaseModel, ValidationError

from entrevue.values import Code, InterviewId, Message, PersonId, Refused, Status

WORKFLOW = "Interview"
TASK_QUEUE = "interviews"

VIEW, TIMELINE, EXPORT = "view", "timeline", "export"
SAME_DAY, OPEN_FORMS = "same_day", "open_forms"
"""Queries; the last two are asked by our own activities. Commands are updates and facts are signals, each named by its
`kind`."""

APPEND_JOURNAL = "append_journal"
"""The one activity that is no order: the journal is the shell's business. Others are named by their order's kind."""

ZONE_RULES = "ZoneRules"
"""The workflow that tells every open interview of new zone rules; no backend starts it, operators see it."""

TIMEZONE_RULES_CHANGED = "timezone_rules_changed"
"""The fact it tells."""

PROCESS_ENDED = "process_ended"
"""The fact by which one interview tells the others of its process that it is over."""

LEARNING = "Learning"
"""The workflow that reads what was learned across interviews; its result is for one reader."""

STATUS = "InterviewStatus"
BALL = "InterviewBall"
ATTENTION = "InterviewAttention"
START = "InterviewStart"
NEEDS = "InterviewNeeds"
PROCESS = "InterviewProcess"
"""Search attributes. They are never encrypted, so none holds personal data."""

SEARCH_ATTRIBUTES: Mapping[str, Literal["Keyword", "KeywordList", "Datetime"]] = {
    STATUS: "Keyword",
    BALL: "Keyword",
    ATTENTION: "Keyword",
    NEEDS: "KeywordList",
    START: "Datetime",
    PROCESS: "Keyword",
}
"""What the server must know before the first interview; types by Temporal's names."""

WATCH = "CalendarWatch"
"""One workflow a person whose calendar holds an event of ours: it notices what they do to it."""

MAILBOX, MAILBOX_ID = "Mailbox", "mailbox"
"""One workflow that reads what comes back by mail: answers to invitations, and reports of what did not arrive."""

DIGEST, DIGEST_SCHEDULE = "Digest", "entrevue-digest"
"""The workflow that tells interviewers once a day what they owe, and the schedule that starts it."""

JANITOR = "Janitor"
JANITOR_SCHEDULE = "entrevue-janitor"
"""The workflow that tidies up, and the schedule that starts it; its workflow ids begin with the schedule's."""

Standing = Literal["live", "closed", "unknown"]
"""How the server knows an interview. `unknown`: never started, or its history is past retention or was deleted."""


def workflow_id(interview: InterviewId) -> str:
    return f"interview/{interview}"


def watch_id(person: PersonId) -> str:
    return f"calendar/{person}"


def zone_rules_id(tzdata: str) -> str:
    return f"zone-rules/{tzdata}"


def learning_id(reading: str) -> str:
    """Name one reading of what was learned by a word that tells nothing, neither of who reads nor of whom."""
    return f"learning/{reading}"


class Receipt(Message):
    """What an accepted command answers. `digest` lets the client see that one key came with two bodies.

    `outcome` is `pending_approval` where a change was asked for that the coordinator must allow first.
    """

    interview: InterviewId
    status: Status
    revision: int
    seq: int
    digest: str
    outcome: Literal["done", "pending_approval"] = "done"


class Ended(Message):
    """How an interview ended; the workflow's result."""

    interview: InterviewId
    status: Status
    events: int


_Model = TypeVar("_Model", bound=BaseModel)


def read(model: type[_Model], payload: object) -> _Model:
    """Read a stranger's payload, or refuse it naming the fields at fault; never their values, which may be secret."""
    try:
        return model.model_validate(payload)
    except ValidationError as problem:
        raise Refused(Code.INVALID_COMMAND, faults(problem)) from None


def faults(problem: ValidationError) -> str:
    return "; ".join(_faults(problem))


def _faults(problem: ValidationError) -> Iterable[str]:
    for error in problem.errors(include_url=False, include_input=False, include_context=False):
        where = ".".join(str(part) for part in error["loc"]) or "payload"
        what = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            what = "is not a field we know; check its spelling"
        yield f"{where}: {what}"
