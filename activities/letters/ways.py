"""What a letter's reader can do with one click: which links each kind of letter carries to whom, and how long."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from activities.letters.settings import LinkSettings, page_address
from entrevue.letters import (
    AnswerCheck,
    Apology,
    CalendarNotice,
    DayReminder,
    Digest,
    FeedbackAvailable,
    FormReminder,
    FormRequest,
    HourReminder,
    InterviewerMissing,
    Invitation,
    JoinNudge,
    Letter,
    LocalTimeChanged,
    Nudge,
    Offer,
    OnHold,
    SeatRequest,
    TimeStands,
)
from entrevue.links import Grant, Purpose
from entrevue.orders import SendDigest, SendLetter
from entrevue.values import CANDIDATE, InterviewId, Slot, Who

_NONE: tuple[Purpose, ...] = ()

WAYS: Mapping[str, tuple[tuple[Purpose, ...], tuple[Purpose, ...]]] = {
    # kind of letter: (to the candidate, to an interviewer)
    "offer": (("offer",), _NONE),
    "nudge": (("offer",), _NONE),
    "availability_request": (("offer",), _NONE),
    "offer_withdrawn": (_NONE, _NONE),
    "seat_request": (_NONE, ("answer",)),
    "invitation": (("answer", "change"), ("answer",)),
    "cancellation": (_NONE, _NONE),
    "time_stands": (("change",), ("answer",)),
    "local_time_changed": (("change",), ("answer",)),
    "on_hold": (("change",), ("answer",)),
    "answer_check": (("answer", "change"), ("answer",)),
    "calendar_notice": (_NONE, ("answer",)),
    "adjustment_arranged": (("prepare",), _NONE),
    "day_reminder": (("prepare", "change"), _NONE),
    "hour_reminder": (("change",), ("answer",)),
    "join_nudge": (("attend",), ("attend",)),
    "interviewer_missing": (("attend",), _NONE),
    "form_request": (("form",), ("form",)),
    "form_reminder": (("form",), _NONE),
    "apology": (("form",), _NONE),
    "answer_delayed": (_NONE, _NONE),
    "feedback_available": (("feedback",), _NONE),
    "reflection_request": (("follow_up",), _NONE),
    "growth_request": (("follow_up",), _NONE),
    "learning_report": (_NONE, _NONE),  # the reader has it in their hands
    "dispute_ruled": (_NONE, _NONE),  # confidential, as is the next: whoever sees the letter shall get no further
    "conduct_report": (_NONE, _NONE),
    "digest": (_NONE, _NONE),  # a link a form, see `form_page`
}

_AFTER_THE_SLOT = timedelta(days=7)
"""A page that says "it is over" is kinder than a link that no longer works."""
_AFTER_THE_DUE = timedelta(days=30)
"""A form can be handed in late, until everything is released."""
_OTHERWISE = timedelta(days=30)


def pages(order: SendLetter | SendDigest, letter: Letter | Digest, links: LinkSettings | None) -> dict[Purpose, str]:
    """Give the address behind each purpose that the letter offers its reader; the same order gives the same ones."""
    if links is None or isinstance(order, SendDigest):
        return {}
    to_candidate, to_interviewer = WAYS[letter.kind]
    expires = _expires(letter, order.date)
    return {
        purpose: page_address(
            Grant(
                interview=order.interview,
                whom=order.to.who,
                purpose=purpose,
                revision=order.revision,
                expires=expires,
            ),
            links,
        )
        for purpose in (to_candidate if order.to.who == CANDIDATE else to_interviewer)
        if not (isinstance(letter, FeedbackAvailable) and letter.nothing)
    }


def form_page(interview: InterviewId, whom: Who, due: datetime, links: LinkSettings | None) -> str | None:
    """Give the address of another interview's form. It is owed for what has been, so no later booking matters to it."""
    if links is None:
        return None
    expires = due + _AFTER_THE_DUE
    return page_address(Grant(interview=interview, whom=whom, purpose="form", revision=0, expires=expires), links)


def _expires(letter: Letter | Digest, date: datetime) -> datetime:
    """Say how long, from nothing but the order: a retry must give the same bytes."""
    match letter:
        case Offer(slots=slots) | Nudge(slots=slots) if slots:
            return max(slot.end for slot in slots) + _AFTER_THE_SLOT
        case Invitation(event=event):
            return event.slot.end + _AFTER_THE_SLOT
        case (
            SeatRequest(slot=slot)
            | TimeStands(slot=slot)
            | LocalTimeChanged(slot=slot)
            | OnHold(slot=Slot() as slot)
            | AnswerCheck(slot=slot)
            | CalendarNotice(slot=slot)
            | DayReminder(slot=slot)
            | HourReminder(slot=slot)
            | JoinNudge(slot=slot)
            | InterviewerMissing(slot=slot)
        ):
            return slot.end + _AFTER_THE_SLOT
        case FormRequest(due=due) | FormReminder(due=due) | Apology(due=due):
            return due + _AFTER_THE_DUE
        case FeedbackAvailable(until=datetime() as until):
            return until
        case _:
            return date + _OTHERWISE
