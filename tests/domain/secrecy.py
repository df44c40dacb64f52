"""Who may read what: lifecycle, section 7, written down a second time and independently of `entrevue.view`."""

import re
from datetime import datetime, timedelta

from entrevue.agenda import plan
from entrevue.interview import Interview
from entrevue.orders import SendLetter
from entrevue.rubrics import CandidateForm
from entrevue.values import CANDIDATE, Refused
from entrevue.view import card, timeline, view
from tests.domain.scenes import Scene

VIEWERS = (CANDIDATE, "i1", "i2", "coordinator", "decision_maker", "reviewer", "ruler", "backend", "operator")

_SECRET = re.compile(r"~([a-z ]+?)(?: (?:of|by|for) (candidate|i1|i2))?~")
_OWN_ONLY = {"private", "moment", "went well", "differently", "reflection", "try", "growth note"}
_TO_ALL = {"reason", "pause"}
"""Why it was called off, or pauses, is due to whoever waits for it."""

_PEOPLE = ("Ada", "Grace", "Linus", "Marta", "example.org", "acme.example")


def check_secrecy(scene: Scene) -> None:
    """Nobody reads what is not theirs, and nothing that everybody sees holds a text, a name or an address."""
    for viewer in VIEWERS:
        if viewer.startswith("i") and viewer not in scene.interview.people:
            continue
        read = read_by(scene, viewer)
        leaked = {one for one in read if not may_read(scene.interview, viewer, one, scene.now)}
        assert not leaked, f"{viewer} reads {leaked}"
    interview, records = scene.interview, scene.records
    public = card(interview, plan(interview, scene.now), records) + "".join(
        one.model_dump_json() for one in timeline(records)
    )
    assert "~" not in public
    assert not [name for name in _PEOPLE if name in public]


def check_letter(interview: Interview, order: SendLetter) -> None:
    """A letter says no more than its reader may see."""
    told = {(what, whose or None) for what, whose in _SECRET.findall(order.letter.model_dump_json())}
    leaked = {one for one in told if not may_read(interview, order.to.who, one, order.now)}
    assert not leaked, f"{order.letter.kind} tells {order.to.who} {leaked}"


def check_sentence(refused: Refused) -> None:
    """Refusals reach logs: they hold no text, name or address of anybody."""
    assert not [private for private in ("~", *_PEOPLE) if private in refused.sentence]


Secret = tuple[str, str | None]
"""What it is and, where several people wrote one, whose."""


def read_by(scene: Scene, viewer: str) -> set[Secret]:
    seen = view(scene.interview, viewer, scene.now).model_dump_json()
    return {(what, whose or None) for what, whose in _SECRET.findall(seen)}


def may_read(interview: Interview, viewer: str, secret: Secret, now: datetime) -> bool:
    what, author = secret
    on_panel = viewer.startswith("i")
    if what in _TO_ALL or viewer == author:
        return True
    if what in _OWN_ONLY or what == "contest":
        return False
    if what == "line":
        return _line(interview, viewer, str(author), now)
    if what in ("question", "answer"):
        shown = any(one.show_interviewers for one in interview.voices.questions)
        return viewer in (CANDIDATE, "coordinator") or (on_panel and shown)
    if what == "denial":
        return viewer in (CANDIDATE, "coordinator") or on_panel  # whoever asked; the letter goes to them alone
    if what == "conflict":
        return viewer == "coordinator"
    if what in ("adjustment", "arrangement"):
        return viewer in (CANDIDATE, "coordinator")
    if what == "instruction":
        return viewer == "coordinator" or on_panel
    if what == "note":
        return viewer == "decision_maker"
    if what == "evidence":
        return viewer == "decision_maker" or _handed_in(interview, viewer)
    if what in ("strength", "growth"):
        if viewer == CANDIDATE:
            return interview.feedback.opened_at is not None and "feedback" in interview.privacy.consents
        if viewer == "reviewer":
            return interview.feedback.released_at is not None and "feedback" in interview.privacy.consents
        return viewer == "decision_maker" or _handed_in(interview, viewer)
    if what == "next step":
        return viewer == CANDIDATE and interview.feedback.opened_at is not None
    if what in ("helped", "change"):
        return viewer == CANDIDATE or (on_panel and _attributed(interview) and viewer in interview.evaluation.forms)
    raise AssertionError(f"nobody said who may read {secret}")


def _line(interview: Interview, viewer: str, author: str, now: datetime) -> bool:
    if viewer in ("coordinator", "decision_maker") or (viewer.startswith("i") and author != CANDIDATE):
        return True
    booking, met = interview.scheduling.booking, interview.session.started_at is not None
    ahead = timedelta(hours=24) if viewer == CANDIDATE else timedelta(hours=1) if viewer.startswith("i") else None
    return ahead is not None and (met or (booking is not None and now >= booking.slot.start - ahead))


def _handed_in(interview: Interview, viewer: str) -> bool:
    own = interview.evaluation.forms.get(viewer)
    return viewer.startswith("i") and own is not None and bool(own.versions)


def _attributed(interview: Interview) -> bool:
    """Past both gates, and as theirs: otherwise nothing of a single interview reaches an interviewer."""
    form = interview.evaluation.forms[CANDIDATE].latest
    sealed, decision = interview.evaluation.sealed_at, interview.feedback.decision
    told = decision is not None and decision.process_over and decision.told_at is not None
    over = told or interview.scheduling.withdrawn or interview.feedback.process is not None
    shared = form is not None and isinstance(form.form, CandidateForm) and form.form.share == "attributed"
    return sealed is not None and over and shared
