"""Objections to released words: what is frozen meanwhile, and what a ruling by somebody off the panel makes of it.

Whoever has read a disputed sentence reads it still, marked as disputed; it counts for nothing, and is shown to nobody
anew, until somebody who was never on the panel has ruled on it.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self, assert_never

from pydantic import Field, model_validator

from entrevue.civil import business_day_end, day_end
from entrevue.evaluation import is_practice
from entrevue.rubrics import CandidateForm, Scorecard
from entrevue.values import CANDIDATE, Actor, Code, DirectoryId, Instant, Intake, Line, Message, Refused, Text, Who

if TYPE_CHECKING:
    from entrevue.interview import Interview

Ruling = Literal["dismissed", "amended", "excluded", "redacted"]
"""`amended`: another wording goes beside it. `excluded`: it stays, and counts for nothing. `redacted`: a tombstone."""

# --- commands --------------------------------------------------------------------------------------------------------


class Disputed(Intake):
    """One released sentence: of a scorecard that the candidate has opened, or of a form that they attributed."""

    author: Who
    what: Literal["strength", "growth", "helped", "change"]


class OpenDispute(Intake):
    """Object to a sentence about you that you were shown. Until it is ruled on it is frozen, and counts for nothing.

    Each objects for themselves, and nobody learns that another does.
    """

    kind: Literal["open_dispute"] = "open_dispute"
    by: Actor
    item: Annotated[Disputed | None, Field(description="an interviewer's: which sentence of the candidate's form")] = (
        None
    )
    sentence: Annotated[
        int | None, Field(ge=1, description="the candidate's: its number, as `view` shows it; its author is not named")
    ] = None
    reason: Text

    @model_validator(mode="after")
    def _one_sentence(self) -> Self:
        if (self.item is None) == (self.sentence is None):
            raise ValueError("give sentence, the number in your view, or as an interviewer item; one of both")
        return self


class RuleDispute(Intake):
    """Rule, as somebody who was not on the panel."""

    kind: Literal["rule_dispute"] = "rule_dispute"
    by: Actor
    dispute: Annotated[int, Field(ge=1, description="its number, as `view` shows it")]
    ruling: Ruling
    ruled_by: Annotated[DirectoryId, Field(description="who rules; never somebody of the panel")]
    reason: Text
    text: Annotated[Line | None, Field(description="of `amended`: the wording that goes beside it")] = None


DisputeCommand = OpenDispute | RuleDispute

# --- events ----------------------------------------------------------------------------------------------------------


class DisputeOpened(Message):
    kind: Literal["dispute_opened"] = "dispute_opened"
    dispute: int
    item: Disputed
    reason: str
    rule_by: Instant


class DisputeRuled(Message):
    kind: Literal["dispute_ruled"] = "dispute_ruled"
    dispute: int
    ruling: Ruling
    ruled_by: str
    reason: str
    text: str | None = None


DisputeEvent = DisputeOpened | DisputeRuled

# --- state -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Ruled:
    ruling: Ruling
    by: str
    reason: str
    text: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Dispute:
    n: int
    by: str
    item: Disputed
    reason: str
    at: datetime
    rule_by: datetime
    ruled: Ruled | None = None


Disputes = tuple[Dispute, ...]

# --- rules -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Words:
    """What is left of one sentence: `text` is None where it was redacted. `counts`: in profiles and aggregates."""

    text: str | None
    theme: str | None = None
    """The competency or the behaviour that it is about, as its author tagged it."""
    amended: str | None = None
    counts: bool = True
    disputed: bool = False


def words(interview: "Interview", author: str, what: str) -> Words | None:
    """Give one sentence of a form as it stands now, for whoever reads it; None where its author wrote none."""
    text, theme = _written(interview, author, what)
    if text is None:
        return None
    found = [one for one in interview.disputes if (one.item.author, one.item.what) == (author, what)]
    stands = Words(text=text, theme=theme)
    for one in found:
        ruled = one.ruled
        match ruled.ruling if ruled is not None else None:
            case None:
                stands = replace(stands, counts=False, disputed=True)
            case "dismissed":
                pass
            case "amended":
                stands = replace(stands, amended=ruled.text if ruled is not None else None)
            case "excluded":
                stands = replace(stands, counts=False)
            case "redacted":
                return Words(text=None, counts=False)  # whatever else is ruled, or still open
            case other:
                assert_never(other)
    return stands


def opened(interview: "Interview") -> tuple[Disputed, ...]:
    """Give what the candidate has opened, as they number it from 1; by the alphabet, which tells of no author."""
    reviewed = interview.feedback.reviewed
    shown = reviewed.approved if reviewed is not None and interview.feedback.opened_at is not None else ()
    found = ((_written(interview, one.author, one.what)[0], one) for one in shown)
    in_order = sorted((one.what != "strength", text, one.author) for text, one in found if text is not None)
    return tuple(Disputed(author=who, what="growth" if later else "strength") for later, _, who in in_order)


def _written(interview: "Interview", author: str, what: str) -> tuple[str | None, str | None]:
    """Give a sentence as its author wrote it, and its theme."""
    form = interview.evaluation.forms.get(author)
    match form.latest.form if form and form.latest else None, what:
        case Scorecard(strength=text, strength_in=theme), "strength":
            return text, theme
        case Scorecard(growth=text, growth_in=theme), "growth":
            return text, theme
        case CandidateForm(helped=text, helped_in=theme), "helped":
            return text, theme
        case CandidateForm(change=text, change_in=theme), "change":
            return text, theme
        case _:
            return None, None


def pending(interview: "Interview") -> bool:
    """Whether a ruling is awaited."""
    return any(one.ruled is None for one in interview.disputes)


def window(interview: "Interview") -> datetime | None:
    """Give until when anybody can open a dispute, as far as is known now; None where nothing was shown yet."""
    ends = (window_of(interview, who) for who in interview.evaluation.forms)
    return max((one for one in ends if one is not None), default=None)


def window_of(interview: "Interview", who: str) -> datetime | None:
    """Give until when this person can: 14 days of theirs, from release, for the candidate from when they opened it."""
    feedback = interview.feedback
    shown = feedback.opened_at if who == CANDIDATE else feedback.released_at
    return None if shown is None else day_end(shown, interview.policy.dispute_days, interview.people.clock(who))


def decide(command: DisputeCommand, interview: "Interview", now: datetime) -> list[DisputeEvent]:
    match command:
        case OpenDispute():
            return _open(command, interview, now)
        case RuleDispute():
            return _rule(command, interview)
        case _:
            assert_never(command)


def _open(command: OpenDispute, interview: "Interview", now: datetime) -> list[DisputeEvent]:
    field = "sentence" if command.by == CANDIDATE else "item"
    item, ends = _meant(command, interview), window_of(interview, command.by)
    if ends is None or item is None:
        raise Refused(Code.NOT_AUTHORIZED, f"{field}: you can dispute only what was shown to you, and is about you")
    own = next((one for one in interview.disputes if (one.by, one.item) == (command.by, item)), None)
    if own is not None and own.ruled is None:
        return []
    stands = words(interview, item.author, item.what)
    if own is not None or stands is None or stands.text is None:
        raise Refused(Code.INVALID_STATE, f"{field}: was ruled on already; a ruling stands")
    if now > ends:
        raise Refused(Code.DISPUTE_WINDOW_CLOSED, f"{field}: could be disputed until {ends:%Y-%m-%dT%H:%MZ}")
    days = interview.policy.ruling_business_days
    rule_by = business_day_end(now, days, interview.people.clock("organisation"))
    number = len(interview.disputes) + 1
    return [DisputeOpened(dispute=number, item=item, reason=command.reason, rule_by=rule_by)]


def _meant(command: OpenDispute, interview: "Interview") -> Disputed | None:
    """Give the sentence that is meant, where it was shown to whoever disputes it.

    The candidate has numbers: were they to name authors, they would learn from a refusal who wrote what.
    """
    if command.by == CANDIDATE:
        if command.sentence is None:
            raise Refused(Code.INVALID_COMMAND, "item: is for interviewers; give sentence, its number in your view")
        return next(iter(opened(interview)[command.sentence - 1 :]), None)
    if command.item is None:
        raise Refused(Code.INVALID_COMMAND, "sentence: is for the candidate; give item, as your view shows it")
    return command.item if _was_shown(interview, command.by, command.item) else None


def _was_shown(interview: "Interview", by: str, item: Disputed) -> bool:
    """An interviewer disputes what the candidate attributed, and is about them.

    What the candidate gave to be counted among others was shown to nobody as theirs: it is not disputed singly.
    """
    if _written(interview, item.author, item.what)[0] is None:
        return False
    latest = interview.evaluation.forms[CANDIDATE].latest if CANDIDATE in interview.evaluation.forms else None
    form = latest.form if latest else None
    if item.author != CANDIDATE or not isinstance(form, CandidateForm):
        return False
    share = form.share or ("attributed" if is_practice(interview) else "aggregated")
    return share == "attributed" and form.about in (None, by) and by in interview.evaluation.forms


def _rule(command: RuleDispute, interview: "Interview") -> list[DisputeEvent]:
    dispute = next((one for one in interview.disputes if one.n == command.dispute), None)
    if dispute is None:
        raise Refused(Code.INVALID_COMMAND, f"dispute: there is no dispute {command.dispute}")
    panel = {one.casefold() for one in interview.people.ever_seated}
    if command.ruled_by.casefold() in panel:
        raise Refused(Code.CONFLICT_OF_INTEREST, "ruled_by: sat on the panel; somebody else must rule")
    if command.ruled_by.casefold() in {one.casefold() for one in interview.people.excluded}:
        raise Refused(Code.CONFLICT_OF_INTEREST, "ruled_by: is kept off this interview; somebody else must rule")
    if (command.ruling == "amended") != (command.text is not None):
        raise Refused(Code.INVALID_COMMAND, "text: is the other wording of `amended`, and of no other ruling")
    ruled = DisputeRuled(
        dispute=dispute.n,
        ruling=command.ruling,
        ruled_by=command.ruled_by,
        reason=command.reason,
        text=command.text,
    )
    if dispute.ruled is None:
        return [ruled]
    was = dispute.ruled
    if (was.ruling, was.by, was.reason, was.text) == (ruled.ruling, ruled.ruled_by, ruled.reason, ruled.text):
        return []
    raise Refused(Code.INVALID_STATE, "dispute: was ruled on already; a ruling stands")


# --- fold ------------------------------------------------------------------------------------------------------------


def evolve(state: Disputes, event: DisputeEvent, at: datetime, by: str) -> Disputes:
    match event:
        case DisputeOpened(dispute=n, item=item, reason=reason, rule_by=rule_by):
            return (*state, Dispute(n=n, by=by, item=item, reason=reason, at=at, rule_by=rule_by))
        case DisputeRuled(dispute=n, ruling=ruling, ruled_by=ruled_by, reason=reason, text=text):
            ruled = Ruled(ruling=ruling, by=ruled_by, reason=reason, text=text, at=at)
            return tuple(replace(one, ruled=ruled) if one.n == n else one for one in state)
        case _:
            assert_never(event)
