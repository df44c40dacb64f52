"""Who sees what, when: the table of lifecycle, section 7, as code. Whatever it does not list, nobody sees.

`may_read` is asked by everything that shows content: views, reports, letters. Nothing else decides.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, get_args

from entrevue.effects import (
    MessageQueued,
    MessageRefused,
    MessageRetried,
    MessageReturned,
    MessageSent,
    MessageSkipped,
    MessageUnsure,
    OrderAllowedAgain,
    OrderDelayed,
    OrderGaveUp,
    ResendRequested,
    is_confidential,
)
from entrevue.feedback import candidate_feedback, ending
from entrevue.permissions import role_of
from entrevue.rubrics import CandidateForm
from entrevue.values import CANDIDATE

if TYPE_CHECKING:
    from entrevue.interview import Event, Interview

Reader = Literal[
    "author",
    "interviewer",
    "decision_maker",
    "coordinator",
    "reviewer",
    "ruler",
    "candidate",
    "conduct",
    "backend",
    "operator",
]
"""`author` stands for whoever wrote it, or whose it is; `interviewer` for everybody else on the panel."""

READERS: tuple[Reader, ...] = get_args(Reader)


class Content(StrEnum):
    """A row of the table. Rows that depend on who wrote something are asked about with that author."""

    STATE = "status, times, people"
    OWED_BY_COMPANY = "which interviewer owes a form"
    OWED_BY_CANDIDATE = "whether the candidate owes a form"
    ATTENTION = "what needs a person"
    ATTENTION_ADJUSTMENT = "that an adjustment waits to be arranged"
    ATTENTION_DISPUTE = "that a dispute waits for its ruling; how many do"
    CHANGE_ASKED = "why a change is asked for that must be allowed"
    HEARD = "what somebody's calendar or mail has answered, and what they did to the event there"
    CONFLICT = "a conflict of interest, and why"
    WITHDRAWAL = "why the candidate withdrew"
    LINE = "line written for the other side"
    EXPECTATIONS = "private expectations and confidence"
    BRIEF = "brief from earlier interviews"
    MOMENT = "moment"
    QUESTION = "open question, and its answer"
    QUESTION_SHOWN = "open question that the candidate shows the interviewers"
    ADJUSTMENT = "adjustment asked for, and what was arranged"
    INSTRUCTION = "instruction that follows from it"
    CONDUCT = "report of conduct"
    SELF = "self part of a form"
    RATINGS = "ratings, evidence and recommendation of a scorecard"
    STRENGTH = "shareable strength"
    GROWTH = "shareable growth point"
    AUTHOR = "who wrote a sentence that is read"
    NOTE = "private note"
    CARD_ADDENDUM = "addendum to a scorecard"
    ANSWERS = "answers of the candidate's form"
    HELPED = "what helped, by the candidate"
    CHANGE = "what they should change, by the candidate"
    FORM_ADDENDUM = "addendum to the candidate's form"
    DECISION = "decision"
    DECISION_TOLD = "when the candidate was told"
    PROCESS = "how the whole process ended"
    PROCESS_TOLD = "when the candidate was told of it"
    CONSENT = "consents"
    NEXT_STEP = "next step"
    FEEDBACK_STATE = "where the candidate's feedback stands"
    REVIEW = "until when a review is due"
    WITHHELD = "why a sentence was withheld"
    DISPUTE = "dispute: reason and ruling"
    REPORT = "gap report"
    LOOKING_BACK = "reflection, growth check"


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One question to the table."""

    interview: "Interview"
    viewer: str
    author: str | None
    content: Content
    now: datetime


@dataclass(frozen=True)
class Rule:
    """When somebody may read something: in words for the documentation, and as it is decided."""

    says: str
    holds: Callable[[_Asked], bool]


def may_read(interview: "Interview", viewer: str, content: Content, author: str | None, now: datetime) -> bool:
    """Whether `viewer` may read this now. `author`: who wrote it or whose it is; None where it is nobody's own."""
    role = role_of(viewer)
    if role in (CANDIDATE, "interviewer") and viewer not in interview.people:
        return False
    row = TABLE[content]
    rule = row.get("author") if viewer == author else row.get(role)
    asked = _Asked(interview=interview, viewer=viewer, author=author, content=content, now=now)
    return rule is not None and rule.holds(asked)


# --- rules -----------------------------------------------------------------------------------------------------------


def _day_ahead(asked: _Asked) -> bool:
    return _from(asked, 0)


def _hour_ahead(asked: _Asked) -> bool:
    return asked.author != CANDIDATE or _from(asked, 1)


def _from(asked: _Asked, reminder: Literal[0, 1]) -> bool:
    """Whether the time of this reminder has come, or the session has begun."""
    booking = asked.interview.scheduling.booking
    if asked.interview.session.started_at is not None:
        return True
    return booking is not None and asked.now >= booking.slot.start - asked.interview.policy.remind_before[reminder]


def _handed_in(asked: _Asked) -> bool:
    return _has_submitted(asked.interview, asked.viewer)


def _has_submitted(interview: "Interview", who: str) -> bool:
    own = interview.evaluation.forms.get(who)
    return own is not None and own.was == "submitted"


def _decides(asked: _Asked) -> bool:
    """On the panel they are blind as everybody there, while a form of theirs may still come."""
    interview, seat = asked.interview, _seat_of_decision_maker(asked.interview)
    if seat is None or _has_submitted(interview, seat):
        return True
    own = interview.evaluation.forms.get(seat)
    return interview.evaluation.sealed_at is not None and (own is None or own.was == "excused")


def _decides_off_panel(asked: _Asked) -> bool:
    return _seat_of_decision_maker(asked.interview) is None


def _seat_of_decision_maker(interview: "Interview") -> str | None:
    organisation = interview.people.organisation
    person = organisation.decision_maker if organisation else None
    return next((one.who for one in interview.people.interviewers if person is not None and one.person == person), None)


def _under_review(asked: _Asked) -> bool:
    """Until the candidate has opened it, it can be reviewed once more."""
    state, reviewed = candidate_feedback(asked.interview), asked.interview.feedback.reviewed
    return state == "IN_REVIEW" or (reviewed is not None and state in ("READY", "WITHHELD"))


def _opened(asked: _Asked) -> bool:
    return candidate_feedback(asked.interview) == "OPENED"


def _opened_item(asked: _Asked) -> bool:
    return _opened(asked) and _is_approved(asked)


def _is_approved(asked: _Asked) -> bool:
    reviewed, what = asked.interview.feedback.reviewed, asked.content.name.lower()
    return reviewed is not None and any((one.author, one.what) == (asked.author, what) for one in reviewed.approved)


def _under_dispute(asked: _Asked) -> bool:
    what = asked.content.name.lower()
    disputed = (one.item for one in asked.interview.disputes if one.ruled is None)
    return any((item.author, item.what) == (asked.author, what) for item in disputed)


def _both_gates(asked: _Asked) -> bool:
    return asked.interview.feedback.released_at is not None


def _attributed(asked: _Asked) -> bool:
    form = _form_of_candidate(asked.interview)
    there = asked.viewer in asked.interview.evaluation.forms
    return _both_gates(asked) and there and form is not None and form.share == "attributed"


def _attributed_to_me(asked: _Asked) -> bool:
    form = _form_of_candidate(asked.interview)
    return _attributed(asked) and form is not None and form.about in (None, asked.viewer)


def _form_of_candidate(interview: "Interview") -> CandidateForm | None:
    state = interview.evaluation.forms.get(CANDIDATE)
    latest = state.latest.form if state and state.latest else None
    return latest if isinstance(latest, CandidateForm) else None


def _told(asked: _Asked) -> bool:
    decision = asked.interview.feedback.decision
    return decision is not None and decision.told_at is not None


def _over(asked: _Asked) -> bool:
    return ending(asked.interview) is not None


def _named(asked: _Asked) -> bool:
    """Whoever is named now: one who has joined the panel since is none of them."""
    return asked.interview.people.confidant is not None


_YES = Rule("yes", lambda _: True)
_ALWAYS = Rule("always", lambda _: True)
_OWN = {"author": _ALWAYS}
_HANDED_IN = Rule("once their own form is in", _handed_in)
_DECIDES = Rule("as submitted; on the panel, once their own form is in", _decides)
_UNDER_REVIEW = Rule("while it is reviewed, until it is opened", _under_review)
_UNDER_DISPUTE = Rule("while it is under dispute", _under_dispute)
_OPENED = Rule("both gates, asked for, approved and opened", _opened_item)
_ATTRIBUTED = Rule("both gates, and attributed", _attributed)
_ATTRIBUTED_TO_ME = Rule("both gates, attributed, and about no colleague", _attributed_to_me)
_TOLD = Rule("once told by a person", _told)
_OVER = Rule("once the candidate knows", _over)
_CODE = Rule("outcome code only", lambda _: True)

_EVERYBODY: dict[str, Rule] = dict.fromkeys(READERS[1:], _YES)
_OFFICES = ("decision_maker", "coordinator", "reviewer", "ruler")
_TECHNICAL = {"backend": _YES, "operator": _YES}
_STAFF: dict[str, Rule] = {**dict.fromkeys(_OFFICES, _YES), **_TECHNICAL}
_PANEL_AND_DECISION: dict[str, Rule] = {**_OWN, "interviewer": _HANDED_IN, "decision_maker": _DECIDES}
_SHAREABLE = {**_PANEL_AND_DECISION, "reviewer": _UNDER_REVIEW, "ruler": _UNDER_DISPUTE, "candidate": _OPENED}
_ABOUT_INTERVIEWERS = {**_OWN, "interviewer": _ATTRIBUTED_TO_ME, "ruler": _UNDER_DISPUTE}

TABLE: Mapping[Content, Mapping[str, Rule]] = {
    Content.STATE: _EVERYBODY,
    Content.OWED_BY_COMPANY: {**_OWN, **_STAFF, "interviewer": _YES},
    Content.OWED_BY_CANDIDATE: {**_OWN, **_STAFF},
    Content.ATTENTION: _STAFF,
    Content.ATTENTION_ADJUSTMENT: {**_TECHNICAL, "coordinator": _YES},
    Content.ATTENTION_DISPUTE: {**_TECHNICAL, "reviewer": _YES, "ruler": _YES},
    Content.CHANGE_ASKED: {**_OWN, "coordinator": _YES},
    Content.HEARD: {**_OWN, **_TECHNICAL, "coordinator": _YES},
    Content.CONFLICT: {"coordinator": _YES},
    Content.WITHDRAWAL: {"author": _YES, "coordinator": _YES},
    Content.LINE: {
        **_OWN,
        "interviewer": Rule("colleagues' always, the candidate's an hour ahead", _hour_ahead),
        "decision_maker": _YES,
        "coordinator": _YES,
        "candidate": Rule("a day ahead", _day_ahead),
    },
    Content.EXPECTATIONS: _OWN,
    Content.BRIEF: _OWN,
    Content.MOMENT: _OWN,
    Content.QUESTION: {**_OWN, "coordinator": _YES},
    Content.QUESTION_SHOWN: {**_OWN, "coordinator": _YES, "interviewer": _YES},
    Content.ADJUSTMENT: {**_OWN, "coordinator": _YES},
    Content.INSTRUCTION: {"interviewer": _YES, "coordinator": _YES},
    Content.CONDUCT: {**_OWN, "conduct": Rule("the person named, off the panel", _named)},
    Content.SELF: _OWN,
    Content.RATINGS: _PANEL_AND_DECISION,
    Content.STRENGTH: _SHAREABLE,
    Content.GROWTH: _SHAREABLE,
    Content.AUTHOR: {**_OWN, **dict.fromkeys(("interviewer", "decision_maker", "reviewer", "ruler"), _YES)},
    Content.NOTE: {**_OWN, "decision_maker": Rule("unless they sit on the panel", _decides_off_panel)},
    Content.CARD_ADDENDUM: _PANEL_AND_DECISION,
    Content.ANSWERS: {**_OWN, "interviewer": _ATTRIBUTED},
    Content.HELPED: _ABOUT_INTERVIEWERS,
    Content.CHANGE: _ABOUT_INTERVIEWERS,
    Content.FORM_ADDENDUM: {**_OWN, "interviewer": _ATTRIBUTED_TO_ME},
    Content.DECISION: {**_STAFF, "interviewer": _TOLD, "candidate": _TOLD, "backend": _CODE, "operator": _CODE},
    Content.DECISION_TOLD: {
        **dict.fromkeys(_OFFICES, _YES),
        "interviewer": _TOLD,
        "candidate": _TOLD,
    },
    Content.PROCESS: dict.fromkeys((*_STAFF, "interviewer", "candidate"), _OVER),
    Content.PROCESS_TOLD: dict.fromkeys((*_OFFICES, "interviewer", "candidate"), _OVER),
    Content.CONSENT: _OWN,
    Content.NEXT_STEP: {"candidate": Rule("once opened", _opened)},
    Content.FEEDBACK_STATE: {"candidate": _YES},
    Content.REVIEW: {"reviewer": _YES},
    Content.WITHHELD: {**_OWN, "reviewer": _YES},
    Content.DISPUTE: {**_OWN, "reviewer": _YES, "ruler": _YES},
    Content.REPORT: {"author": Rule("once both gates have opened", _both_gates)},
    Content.LOOKING_BACK: _OWN,
}

# --- the timeline, and the card in the Temporal UI -------------------------------------------------------------------

SEALED_KINDS = frozenset(
    {
        "adjustment_requested",
        "adjustment_settled",
        "conduct_reported",
        "conflict_declared",
        "dispute_opened",
        "dispute_ruled",
        "growth_checked",
        "moment_noted",
        "reflection_submitted",
        "report_asked",
    }
)
"""Events of which even that they happened, and through whom, is not everybody's business."""


def is_public(event: "Event") -> bool:
    """Whether a line may say that this happened: timeline and card have many readers, and know none of them."""
    return event.kind not in SEALED_KINDS and not is_confidential(_key(event))


def _key(event: "Event") -> str:
    match event:
        case MessageQueued(key=key) | MessageSent(key=key) | MessageRefused(key=key) | MessageUnsure(key=key):
            return key
        case MessageReturned(key=key) | MessageRetried(key=key):
            return key
        case MessageSkipped(key=key) | OrderGaveUp(key=key) | OrderDelayed(key=key):
            return key
        case OrderAllowedAgain(key=key) | ResendRequested(key=key):
            return key
        case _:
            return ""
