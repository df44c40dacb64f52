"""Which forms interviewers owe: what each interview says when their daily digests are made."""

from datetime import datetime
from typing import TYPE_CHECKING

from entrevue.letters import asked_for_form
from entrevue.orders import OpenForm
from entrevue.rubrics import SCORECARD_MINUTES
from entrevue.values import CANDIDATE, Instant, Message, PersonId

if TYPE_CHECKING:
    from entrevue.interview import Interview


class Owed(Message):
    """One form, and whose it is. `since`: when they were asked for it, or could have been."""

    person: PersonId
    since: Instant
    form: OpenForm


def open_forms(interview: "Interview", now: datetime) -> list[Owed]:
    """List the forms that wait for an interviewer; those that they may hand in, and nobody waits for, are none."""
    ended = interview.session.ended_at
    if ended is None or interview.closed is not None or interview.scheduling.paused:
        return []
    candidate = interview.people[CANDIDATE].name
    return [
        Owed(
            person=person,
            since=asked_for_form(interview, who) or ended,
            form=OpenForm(
                interview=interview.id,
                who=who,
                role=interview.request.role,
                candidate=candidate,
                due=form.due,
                minutes=SCORECARD_MINUTES,
            ),
        )
        for who, form in interview.evaluation.forms.items()
        if who != CANDIDATE and form.was == "open" and not form.partial and form.due > now
        if (person := interview.people[who].person) is not None
    ]
