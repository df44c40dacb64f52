"""Which forms interviewers owe: what each interview says when their daily digests are made."""

from datetime import datetime
from typing import TYPE_CHECKING

from entrevue.attention import FORMS_LATE
from entrevue.letters import OpenForm
from entrevue.rubrics import SCORECARD_MINUTES
from entrevue.values import CANDIDATE, Instant, Message, PersonId, SeatRole, Who
from entrevue.writing import asked_for_form

if TYPE_CHECKING:
    from entrevue.interview import Interview


class Owed(Message):
    """One form, and who reads of it. `since`: when it was asked for, or could have been."""

    person: PersonId
    since: Instant
    form: OpenForm


def open_forms(interview: "Interview", now: datetime) -> list[Owed]:
    """List the forms that wait for an interviewer; those that they may hand in, and nobody waits for, are none.

    One that is late is listed for whoever leads the panel, too (lifecycle, section 6).
    """
    ended = interview.session.ended_at
    if ended is None or interview.closed is not None or interview.scheduling.paused:
        return []
    waiting = {
        who: form.due
        for who, form in interview.evaluation.forms.items()
        if who != CANDIDATE and form.was == "open" and not form.partial and form.due > now
    }
    told = [(who, who) for who in waiting]
    lead = next((one.who for one in interview.people.interviewers if one.seat is SeatRole.LEAD), None)
    if lead is not None and now >= ended + FORMS_LATE:
        told += [(lead, who) for who in waiting if who != lead]
    return [
        Owed(
            person=person,
            since=asked_for_form(interview, who) or ended,
            form=_form(interview, who, waiting[who], another=reader != who),
        )
        for reader, who in told
        if (person := interview.people[reader].person) is not None
    ]


def _form(interview: "Interview", who: Who, due: datetime, *, another: bool) -> OpenForm:
    return OpenForm(
        interview=interview.id,
        who=who,
        whose=interview.people[who].name if another else None,
        role=interview.request.role,
        candidate=interview.people[CANDIDATE].name,
        due=due,
        minutes=SCORECARD_MINUTES,
    )
