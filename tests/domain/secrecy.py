"""Who may read what: lifecycle, section 7, written down a second time and independently of `entrevue.visibility`."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from entrevue.agenda import plan, summary
from entrevue.attention import needs
from entrevue.interview import Interview
from entrevue.orders import SendLetter
from entrevue.rubrics import CandidateForm
from entrevue.showing import card, timeline, view
from entrevue.values import CANDIDATE, Refused
from entrevue.view import View
from tests.domain.scenes import Scene

OFFICES = ("coordinator", "decision_maker", "reviewer", "ruler", "conduct", "backend", "operator")
VIEWERS = (CANDIDATE, "i1", "i2", *OFFICES)

# One word says when; nothing says never. `author` is whoever wrote it, or whose it is; `panel` is everybody else there.
EXPECTED = """
what             | author | panel      | decision  | coordinator | reviewer | ruler  | candidate | conduct | backend
debt of company  | yes    | yes        | yes       | yes         | yes      | yes    |           |         | yes
debt             | yes    |            | yes       | yes         | yes      | yes    |           |         | yes
line             | yes    | hour       | yes       | yes         |          |        | day       |         |
private          | yes    |            |           |             |          |        |           |         |
confidence       | yes    |            |           |             |          |        |           |         |
said             | before |            |           |             |          |        |           |         |
improvement      | yes    |            |           |             |          |        |           |         |
moment           | yes    |            |           |             |          |        |           |         |
question         |        | shown      |           | yes         |          |        | yes       |         |
answer           |        | shown      |           | yes         |          |        | yes       |         |
question for all |        | yes        |           | yes         |          |        | yes       |         |
answer for all   |        | yes        |           | yes         |          |        | yes       |         |
adjustment       |        |            |           | yes         |          |        | yes       |         |
arrangement      |        |            |           | yes         |          |        | yes       |         |
instruction      |        | yes        |           | yes         |          |        |           |         |
conduct          | yes    |            |           |             |          |        |           | named   |
heard            | yes    |            |           | yes         |          |        |           |         | yes
conflict         |        |            |           | yes         |          |        |           |         |
denial           |        | yes        |           | yes         |          |        | yes       |         |
score            | yes    | handed in  | decides   |             |          |        |           |         |
evidence         | yes    | handed in  | decides   |             |          |        |           |         |
strength         | yes    | handed in  | decides   |             | review   | ruling | opened    |         |
growth           | yes    | handed in  | decides   |             | review   | ruling | opened    |         |
note             | yes    |            | off panel |             |          |        |           |         |
card addendum    | yes    | handed in  | decides   |             |          |        |           |         |
went well        | yes    |            |           |             |          |        |           |         |
differently      | yes    |            |           |             |          |        |           |         |
overall          |        | attributed |           |             |          |        | yes       |         |
helped           |        | mine       |           |             |          | ruling | yes       |         |
change           |        | mine       |           |             |          | ruling | yes       |         |
addendum         | yes    | mine       |           |             |          |        |           |         |
decision         |        | told       | yes       | yes         | yes      | yes    | told      |         | yes
told             |        | told       | yes       | yes         | yes      | yes    | told      |         |
ending           |        | over       | over      | over        | over     | over   | over      |         | over
consent          |        |            |           |             |          |        | yes       |         |
next step        |        |            |           |             |          |        | open      |         |
withheld         | yes    | withheld   |           |             | yes      |        |           |         |
dispute          | yes    |            |           |             | yes      | yes    |           |         |
ruling           |        | disputes   |           |             | yes      | yes    | disputes  |         |
mark             |        | disputes   |           |             |          |        | disputes  |         |
disputes         |        |            |           |             | yes      | yes    |           |         | yes
reflection       | yes    |            |           |             |          |        |           |         |
try              | yes    |            |           |             |          |        |           |         |
growth note      | yes    |            |           |             |          |        |           |         |
contest          |        |            |           |             |          |        |           |         |
"""
_TO_ALL = {"reason", "pause"}
"""Why it was called off, or pauses, is due to whoever waits for it."""

Secret = tuple[str, str | None]
"""What it is and, where several people wrote one, whose."""

_SECRET = re.compile(r"~([a-z ]+?)(?: (?:of|by|for) (candidate|i1|i2))?~")
_PEOPLE = ("Ada", "Grace", "Linus", "Marta", "Olga", "example.org", "acme.example")
_SEALED_KINDS = re.compile(r"conduct|adjustment|conflict|dispute_|moment|reflection|growth_checked|report_asked")


# --- checks ----------------------------------------------------------------------------------------------------------


def check_secrecy(scene: Scene) -> None:
    """Nobody reads what is not theirs, and nothing that everybody sees holds a text, a name or an address."""
    for viewer in viewers(scene):
        leaked = {one for one in read_by(scene, viewer) if not may_read(scene.interview, viewer, one, scene.now)}
        assert not leaked, f"{viewer} reads {leaked}"
    check_public(scene)


Cell = tuple[str, str]
"""What it is, and a column of the table."""


def check_exactly(scene: Scene) -> set[tuple[Cell, bool]]:
    """Everybody reads what is theirs, all of it, and nothing else. Give the cells asked, and what they said."""
    there, looked_at = written(scene), set[tuple[Cell, bool]]()
    for viewer in viewers(scene):
        due = {one for one in there if may_read(scene.interview, viewer, one, scene.now)}
        read = read_by(scene, viewer)
        assert read == due, f"{viewer} reads {read - due}, and does not read {due - read}"
        looked_at |= {(_cell(viewer, one), one in due) for one in there}
    check_public(scene)
    return looked_at


def check_public(scene: Scene) -> None:
    """Card, timeline, search attributes and the names of what is under way are read by many."""
    interview, agenda, lines = scene.interview, plan(scene.interview, scene.now), timeline(scene.records)
    shown = card(interview, agenda, scene.records, scene.now) + "".join(one.model_dump_json() for one in lines)
    named = [f"{order.key} {order.lane} {summary(order)}" for order in agenda.owed]
    items = [*needs(interview.attention), *(one.id for one in interview.attention)]
    public = "\n".join((shown, *named, *items))
    assert "~" not in public
    assert not [name for name in _PEOPLE if name in public]
    happened = [one.kind for one in lines] + re.findall(r"^\| \S+ \S+ \| (\w+) ", shown, re.MULTILINE)
    assert not [kind for kind in happened if _SEALED_KINDS.search(kind)]
    assert "conduct" not in public
    assert [one.seq for one in lines] == list(range(1, len(lines) + 1)), "a gap tells that something is kept back"


def check_letter(interview: Interview, order: SendLetter) -> None:
    """A letter says no more than its reader may see."""
    told = _secrets(order.letter.model_dump_json())
    leaked = {one for one in told if not may_read(interview, order.to.who, one, order.now)}
    assert not leaked, f"{order.letter.kind} tells {order.to.who} {leaked}"


def check_sentence(refused: Refused) -> None:
    """Refusals reach logs: they hold no text, name or address of anybody."""
    assert not [private for private in ("~", *_PEOPLE) if private in refused.sentence]


# --- what is there, and what is read ---------------------------------------------------------------------------------


def viewers(scene: Scene) -> Iterable[str]:
    return (one for one in VIEWERS if one in OFFICES or one in scene.interview.people)


def written(scene: Scene) -> set[Secret]:
    """Everything that somebody has written or decided so far, read from the journal."""
    interview = scene.interview
    there = _secrets("".join(record.event.model_dump_json() for record in scene.records))
    for who, form in interview.evaluation.forms.items():
        if form.versions:
            there.add(("overall", None) if who == CANDIDATE else ("score", who))
        if form.was == "open" and not form.partial:
            there.add(("debt", who) if who == CANDIDATE else ("debt of company", who))
    decision = interview.feedback.decision
    there |= {("confidence", who) for who in interview.evaluation.expectations} | {("consent", None)}
    there |= {("disputes", None)}
    there |= {("decision", None)} if decision else set()
    told = decision is not None and decision.told_at is not None
    there |= {("heard", who) for who in _heard_of(interview)}
    there |= {("ending", None)} if _is_over(interview) else set()
    elsewhere = interview.feedback.process is not None and interview.feedback.process.told_at is not None
    there |= {("told", None)} if told or (elsewhere and not interview.scheduling.withdrawn) else set()
    there |= {("mark", None)} if any(_is_marked(interview, one.item.author) for one in interview.disputes) else set()
    return there


def _heard_of(interview: Interview) -> Iterable[str]:
    """Who has answered to the time that is booked, by calendar or mail, or has one of ours in their own calendar."""
    shown, booking = interview.scheduling.shown, interview.scheduling.booking
    for member in interview.people.members if shown is not None and not shown.cancelled else ():
        of_them = [one.get(member.who) for one in (interview.answers.said, interview.answers.claimed)]
        heard = [one for one in of_them if one is not None and shown is not None and one.sequence >= shown.since]
        if heard or (booking is not None and member.has_calendar):
            yield member.who


def _secrets(text: str) -> set[Secret]:
    return {(what, whose or None) for what, whose in _SECRET.findall(text)}


def read_by(scene: Scene, viewer: str) -> set[Secret]:
    seen = view(scene.interview, viewer, scene.now)
    return _secrets(seen.model_dump_json()) | set(_read_besides(seen))


def texts_read_by(scene: Scene, viewer: str) -> set[Secret]:
    return _secrets(view(scene.interview, viewer, scene.now).model_dump_json())


def _read_besides(seen: View) -> Iterable[Secret]:
    """What is no text: numbers, and that something is so."""
    for one in seen.people:
        if one.heard or one.calendar is not None:
            yield "heard", one.who
        if "evaluation" in one.owes:
            yield ("debt" if one.who == CANDIDATE else "debt of company", one.who)
    if seen.own_expectations is not None and seen.own_expectations.confidence is not None:
        yield "confidence", seen.viewer
    if seen.from_candidate is not None or (seen.form is not None and isinstance(seen.form.latest, CandidateForm)):
        yield "overall", None
    yield from (("score", peer.who) for peer in seen.scorecards)
    yield from (("score", one.who) for across in seen.panel for one in across.scores)
    if seen.form is not None and seen.form.latest is not None and not isinstance(seen.form.latest, CandidateForm):
        yield "score", seen.viewer
    if seen.consents or seen.offers:
        yield "consent", None
    if seen.decision is not None:
        yield "decision", None
    if seen.process is not None and seen.process.outcome is not None:
        yield "ending", None
    if any(one is not None and one.told_at is not None for one in (seen.decision, seen.process)):
        yield "told", None
    if seen.disputes_open is not None:
        yield "disputes", None
    sentences = [one for peer in seen.scorecards for one in peer.sentences]
    sentences += seen.feedback.sentences if seen.feedback is not None else ()
    sentences += seen.from_candidate.sentences if seen.from_candidate is not None else ()
    if any(one.disputed or one.excluded for one in sentences):
        yield "mark", None


# --- the table -------------------------------------------------------------------------------------------------------


def _read_table() -> dict[tuple[str, str], str]:
    head, *rows = ([cell.strip() for cell in line.split("|")] for line in EXPECTED.strip().splitlines())
    return {(row[0], reader): when for row in rows for reader, when in zip(head[1:], row[1:], strict=True)}


_TABLE = _read_table()
_COLUMN = {"decision_maker": "decision", "operator": "backend"}


def may_read(interview: Interview, viewer: str, secret: Secret, now: datetime) -> bool:
    what, author = secret
    if what in _TO_ALL:
        return True
    if what == "amendment":
        return _amendment(interview, viewer, str(author), now)
    what, author = named(secret)
    if viewer != author and is_redacted(interview, what, author):
        return False
    when = _TABLE[_cell(viewer, (what, author))]
    return when == "yes" or (when != "" and _WHEN[when](interview, viewer, what, author, now))


def _cell(viewer: str, secret: Secret) -> Cell:
    what, author = named(secret)
    column = "panel" if viewer.startswith("i") else _COLUMN.get(viewer, viewer)
    return (what, "author" if viewer == author and _TABLE.get((what, "author")) else column)


def named(secret: Secret) -> Secret:
    """Give a secret as the table knows it."""
    what, author = secret
    if what == "addendum" and author != CANDIDATE:
        return "card addendum", author
    return (what, CANDIDATE) if what in ("helped", "change") else secret


def conditional() -> dict[Cell, str]:
    """Give the cells that say more than always or never."""
    return {cell: when for cell, when in _TABLE.items() if when in _WHEN}


_When = Callable[[Interview, str, str, str | None, datetime], bool]


def _on(reminder: timedelta) -> _When:
    def holds(interview: Interview, _viewer: str, _what: str, author: str | None, now: datetime) -> bool:
        booking, met = interview.scheduling.booking, interview.session.started_at is not None
        colleague = reminder < timedelta(days=1) and author != CANDIDATE
        return met or colleague or (booking is not None and now >= booking.slot.start - reminder)

    return holds


def _handed_in(interview: Interview, viewer: str, *_: object) -> bool:
    own = interview.evaluation.forms.get(viewer)
    return own is not None and bool(own.versions)


def _seat_of_decider(interview: Interview) -> str | None:
    organisation = interview.people.organisation
    named = organisation.decision_maker if organisation is not None else None
    seats = [one.who for one in interview.people.members if one.who != CANDIDATE and one.person == named]
    return seats[0] if named is not None and seats else None


def _decides(interview: Interview, *_: object) -> bool:
    """On the panel as blind as a peer, while a form of theirs can still come."""
    seat = _seat_of_decider(interview)
    if seat is None or _handed_in(interview, seat):
        return True
    own = interview.evaluation.forms.get(seat)
    return interview.evaluation.sealed_at is not None and (own is None or own.was == "excused")


def _is_over(interview: Interview) -> bool:
    """The candidate knows from a person that the process is over, or has ended it."""
    decision = interview.feedback.decision
    told = decision is not None and decision.process_over and decision.told_at is not None
    return told or interview.scheduling.withdrawn or interview.feedback.process is not None


def _both_gates(interview: Interview) -> bool:
    confirmed, forms = set(interview.evaluation.practice), set(interview.evaluation.forms)
    practice = interview.request.practice and forms <= confirmed
    return interview.evaluation.sealed_at is not None and (practice or _is_over(interview))


def _attributed(interview: Interview, viewer: str, *_: object) -> bool:
    form = interview.evaluation.forms[CANDIDATE].latest
    shared = form is not None and isinstance(form.form, CandidateForm) and form.form.share == "attributed"
    return shared and _both_gates(interview) and viewer in interview.evaluation.forms


def _mine(interview: Interview, viewer: str, *rest: object) -> bool:
    form = interview.evaluation.forms[CANDIDATE].latest
    about = form.form.about if form is not None and isinstance(form.form, CandidateForm) else None
    return _attributed(interview, viewer, *rest) and about in (None, viewer)


def _is_approved(interview: Interview, what: str, author: str | None) -> bool:
    reviewed = interview.feedback.reviewed
    return reviewed is not None and (author, what) in {(one.author, one.what) for one in reviewed.approved}


def _wants_feedback(interview: Interview) -> bool:
    return interview.policy.feedback and "feedback" in interview.privacy.consents


def _review(interview: Interview, *_: object) -> bool:
    return _both_gates(interview) and _wants_feedback(interview) and interview.feedback.opened_at is None


def _open(interview: Interview, *_: object) -> bool:
    return interview.feedback.opened_at is not None and _wants_feedback(interview)


def _opened(interview: Interview, _viewer: str, what: str, author: str | None, _now: datetime) -> bool:
    return _open(interview) and _is_approved(interview, what, author)


def _ruling(interview: Interview, _viewer: str, what: str, author: str | None, _now: datetime) -> bool:
    waits = [one.item for one in interview.disputes if one.ruled is None]
    return any(one.author == author and one.what == what for one in waits)


def _disputes(interview: Interview, viewer: str, what: str, *_: object) -> bool:
    mine = [one for one in interview.disputes if one.by == viewer]
    return any(what != "mark" or _is_marked(interview, one.item.author) for one in mine)


def _is_marked(interview: Interview, author: str) -> bool:
    of_author = [one for one in interview.disputes if one.item.author == author]
    return any(one.ruled is None or one.ruled.ruling == "excluded" for one in of_author)


def is_redacted(interview: Interview, what: str, author: str | None) -> bool:
    ruled = [one for one in interview.disputes if one.ruled is not None and one.ruled.ruling == "redacted"]
    return any((one.item.author, one.item.what) == (author, what) for one in ruled)


def _amendment(interview: Interview, viewer: str, author: str, now: datetime) -> bool:
    """The other wording is read with the sentence, by all but who wrote that; and with the ruling."""
    for one in interview.disputes:
        if one.item.author == author and one.ruled is not None and one.ruled.ruling == "amended":
            if viewer in (one.by, "reviewer", "ruler"):
                return True
            return viewer != author and may_read(interview, viewer, (one.item.what, author), now)
    return False


def _told(interview: Interview, _viewer: str, what: str, *_: object) -> bool:
    decision, process = interview.feedback.decision, interview.feedback.process
    here = decision is not None and decision.told_at is not None
    return here or (what == "told" and process is not None and process.told_at is not None)


def _withheld(interview: Interview, viewer: str, _what: str, author: str | None, _now: datetime) -> bool:
    reviewed = interview.feedback.reviewed
    return author is None and reviewed is not None and viewer in {one.item.author for one in reviewed.withheld}


_WHEN: dict[str, _When] = {
    "hour": _on(timedelta(hours=1)),
    "day": _on(timedelta(hours=24)),
    "before": lambda interview, *_: interview.session.ended_at is None and interview.closed is None,
    "shown": lambda interview, *_: any(one.show_interviewers for one in interview.voices.questions),
    "named": lambda interview, *_: interview.people.confidant is not None,
    "handed in": _handed_in,
    "decides": _decides,
    "off panel": lambda interview, *_: _seat_of_decider(interview) is None,
    "attributed": _attributed,
    "mine": _mine,
    "review": _review,
    "open": _open,
    "opened": _opened,
    "ruling": _ruling,
    "disputes": _disputes,
    "told": _told,
    "over": lambda interview, *_: _is_over(interview),
    "withheld": _withheld,
}
