"""What letters are about: one model a kind of letter and of template, and what several of them show."""

from typing import Annotated, Literal

from pydantic import Field

from entrevue.values import (
    Addressee,
    CalendarEvent,
    EmailAddress,
    Instant,
    InterviewId,
    Message,
    Name,
    Slot,
    Who,
    ZoneName,
)


class Line(Message):
    """What one person wrote for the other side."""

    name: str
    text: str


# --- what is carried from earlier interviews -------------------------------------------------------------------------


class Improvement(Message):
    """What somebody has chosen to try: their own words, in an earlier interview; one is open at a time."""

    interview: InterviewId
    text: str


class Theme(Message):
    """How many candidates of those published named it: as what helped, and as what should change."""

    theme: str
    helped: int
    change: int


class Brief(Message):
    """What somebody carries into the next interview; from released, undisputed content, for their own eyes.

    Candidates' words and themes come from whole batches of five or more; below five there are none. The brief of a
    candidate has an improvement only.
    """

    who: Who
    improvement: Improvement | None = None
    enough: bool = False
    """Whether there are enough answers for `themes` and `said`."""
    themes: tuple[Theme, ...] = ()
    said: tuple[str, ...] = ()
    """Sentences that candidates ticked, undated and in no order."""


class Sibling(Message):
    """Another interview of the same process on the same day, as the candidate may see it."""

    interview: InterviewId
    slot: Slot
    location: str | None = None
    with_names: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    """What its interviewers wrote for the candidate, as far as they may read it by then."""
    over: bool = False
    """It has taken place: the candidate's form about it is open, and no letter has asked for it yet."""


Shareable = Literal["day_reminder", "hour_reminder", "form_request", "form_reminder"]
"""Letters to the candidate of which one does for several interviews of a day."""


# --- letters: one model a template -----------------------------------------------------------------------------------


class Correspondent(Message):
    """Somebody a letter goes to or speaks of. The clock's zone says how their times are shown."""

    who: Addressee
    name: Name
    email: EmailAddress
    zone: ZoneName = "UTC"
    zone_assumed: bool = False


class TurnTo(Message):
    """Whom the organisation names for what was not all right: never somebody of the panel."""

    name: str
    email: EmailAddress


class Offer(Message):
    """Pick one of these slots."""

    kind: Literal["offer"] = "offer"
    slots: tuple[Slot, ...]
    reply_by: Instant
    fresh: bool = False
    """An earlier offer was declined, or its slot was lost."""
    reschedule: bool = False
    booked: Slot | None = None
    """The time that is booked, and stands until another one is chosen; None: there is none, or none any more."""


class Nudge(Message):
    """A friendly reminder that an offer is open."""

    kind: Literal["nudge"] = "nudge"
    slots: tuple[Slot, ...]
    reply_by: Instant


class Invitation(Message):
    """The booked time, or its change. With `imip` the event itself is attached as an iTIP REQUEST."""

    kind: Literal["invitation"] = "invitation"
    event: CalendarEvent
    imip: bool
    """False: we write the event into the reader's calendar ourselves (one inviter a person)."""
    moved_from: Slot | None = None
    """The time it had before; None where it is new, or only the people changed."""
    changed: bool = False
    """The reader has an earlier version: what changed is the time (`moved_from`), the place or the people."""
    place_is_new: bool = False
    """Only the place is: there was none, when the time was settled."""
    because: str | None = None
    """Why it was moved, in words for the reader."""
    with_names: tuple[str, ...]
    candidate_zone: ZoneName | None = None
    """For interviewers: whose local time to show beside their own."""
    turn_to: TurnTo | None = None
    """For the candidate; interviewers read it an hour ahead."""


class Cancellation(Message):
    """The booked time is given up. With `imip` an iTIP CANCEL is attached."""

    kind: Literal["cancellation"] = "cancellation"
    event: CalendarEvent
    imip: bool
    reason: str | None = None
    apology: bool = False
    """The company caused it, late."""
    continues: bool = False
    """A new time will be proposed; the interview goes on."""
    replaced: bool = False
    """The interview goes on without the reader, who has left the panel."""


class OfferWithdrawn(Message):
    """It is over while an offer was open: nothing was booked, so there is no event to cancel."""

    kind: Literal["offer_withdrawn"] = "offer_withdrawn"
    reason: str | None = None


class AvailabilityRequest(Message):
    """To the candidate: say when you are free, instead of picking from an offer."""

    kind: Literal["availability_request"] = "availability_request"
    minutes: int
    reply_by: Instant


class SeatRequest(Message):
    """To an interviewer: a time is held for you; accept or decline it."""

    kind: Literal["seat_request"] = "seat_request"
    slot: Slot
    reply_by: Instant
    with_names: tuple[str, ...]
    candidate_zone: ZoneName | None = None
    proposed_by_candidate: bool = False


class TimeStands(Message):
    """No new time was found, the change was not approved, or none is needed any more: the booked time stands."""

    kind: Literal["time_stands"] = "time_stands"
    slot: Slot
    because: Literal["nothing_found", "not_approved", "needless"]
    reason: str | None = None


class OnHold(Message):
    """The interview pauses, or goes on again. `slot` is the booked time, which stands meanwhile."""

    kind: Literal["on_hold"] = "on_hold"
    resumed: bool = False
    slot: Slot | None = None
    reason: str | None = None


class JoinNudge(Message):
    """To who is missing, a few minutes after the start: the others are waiting for you."""

    kind: Literal["join_nudge"] = "join_nudge"
    slot: Slot
    location: str | None


class InterviewerMissing(Message):
    """To the candidate who is there alone: wait, go on with who is there, or meet another time; none costs you."""

    kind: Literal["interviewer_missing"] = "interviewer_missing"
    slot: Slot
    someone_is_there: bool


class LocalTimeChanged(Message):
    """The rules of the reader's time zone have changed: the same instant is another time of their day."""

    kind: Literal["local_time_changed"] = "local_time_changed"
    slot: Slot


class AnswerCheck(Message):
    """To somebody whose program, mail or coordinator answered for them: what we heard, and what they may mean by it.

    To a candidate who said no to a booked time: another time, or withdraw? An answer by mail that anybody could have
    written changes nothing until it is confirmed here.
    """

    kind: Literal["answer_check"] = "answer_check"
    heard: Literal["accepted", "tentative", "declined", "counter"]
    slot: Slot
    """The booked time, which stands."""
    proposed: Slot | None = None
    """With `counter`: what they would rather have."""
    confirmed: bool = True
    """False: heard by mail only, and not known to be theirs."""
    noted: bool = False
    """No program said it: they did, on a page, or somebody of the company for them."""
    until: Instant | None = None
    """Then the booked time is given up, and another is looked for. None: it stands until they say otherwise."""


class CalendarNotice(Message):
    """To an interviewer, about what happened to the event in their own calendar: nothing is overwritten in silence."""

    kind: Literal["calendar_notice"] = "calendar_notice"
    what: Literal["moved", "emptied", "overlapped", "put_back", "written"]
    """`moved`: they moved it; it is put back, and the others are asked. `emptied`: it vanished with others of ours.
    `overlapped`: something else stands there now. `put_back`: it had been changed, and shows the booked time again.
    `written`: we write there from now on; `event` is what they had by mail before, and an iTIP CANCEL takes it out."""
    event: CalendarEvent | None = None
    slot: Slot
    """The booked time."""
    moved_to: Slot | None = None
    asked: bool = False
    """The candidate is asked whether they can come then."""
    candidate_zone: ZoneName | None = None


class AdjustmentArranged(Message):
    """To the candidate: what was arranged about the adjustment they asked for."""

    kind: Literal["adjustment_arranged"] = "adjustment_arranged"
    text: str


class DayReminder(Message):
    """To the candidate a day ahead: when, where, with whom, and what the other side wrote for them."""

    kind: Literal["day_reminder"] = "day_reminder"
    slot: Slot
    location: str | None
    with_names: tuple[str, ...]
    agenda: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    expectations_open: bool = True
    siblings: tuple[Sibling, ...] = ()
    """The other interviews of that day, by their start: this letter is for all of them."""


class HourReminder(Message):
    """An hour ahead: to the candidate the essentials, to an interviewer also the scale, and what they have learned."""

    kind: Literal["hour_reminder"] = "hour_reminder"
    slot: Slot
    location: str | None
    with_names: tuple[str, ...]
    agenda: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    scale: tuple[str, ...] = ()
    """What an interviewer rates, one line a competency, with its anchors."""
    learned: Brief | None = None
    """What an interviewer carries from earlier interviews; None: not known (yet)."""
    instructions: tuple[str, ...] = ()
    """What the interviewers shall see to, because the candidate asked for an adjustment; the reason is not theirs."""
    candidate_zone: ZoneName | None = None
    turn_to: TurnTo | None = None
    """For interviewers; the candidate reads it in the invitation."""
    siblings: tuple[Sibling, ...] = ()
    """For the candidate, the later interviews of that day: they get no letter of their own an hour ahead."""


class FormRequest(Message):
    """The session is over: the reader's form is open."""

    kind: Literal["form_request"] = "form_request"
    due: Instant
    minutes: int
    """How long the form takes at most."""
    with_names: tuple[str, ...]
    practice: bool = False
    """Peers practise: nothing is decided by it."""
    feedback: bool = True
    """Whether what interviewers share can reach the candidate here."""
    to_try: str | None = None
    """What the reader wanted to try, in their own words: their form asks whether they did."""
    consents: tuple[str, ...] = ()
    """What the candidate may agree to besides and has not yet, a sentence each; all is off until they do."""
    presumed: bool = False
    """Nobody recorded the session: it is presumed held, and the reader can say it did not take place."""
    partial: bool = False
    """The reader was there for less than half of it: the form is optional."""
    siblings: tuple[Sibling, ...] = ()
    """For the candidate, the earlier interviews of that day: their forms are asked for here, with this one."""


class FormReminder(Message):
    """Once, to the candidate: the form is still open."""

    kind: Literal["form_reminder"] = "form_reminder"
    due: Instant
    minutes: int
    siblings: tuple[Sibling, ...] = ()
    """The earlier interviews of that day whose forms were asked for with this one, and may be handed in by now."""


class AnswerDelayed(Message):
    """To the candidate, once: the promised answer takes longer."""

    kind: Literal["answer_delayed"] = "answer_delayed"
    promised: Instant


class FeedbackAvailable(Message):
    """To the candidate who asked for it: feedback can be opened, or there is none. It changes no decision."""

    kind: Literal["feedback_available"] = "feedback_available"
    until: Instant | None = None
    """So long it can be opened."""
    nothing: bool = False
    """There is nothing to pass on, for whatever reason: none is given."""


class ReflectionRequest(Message):
    """To the candidate who wants to be reminded, a few days after release: look back once more."""

    kind: Literal["reflection_request"] = "reflection_request"


class GrowthRequest(Message):
    """To the candidate who wants to be reminded, weeks later: whether they acted on it, and whether it helped."""

    kind: Literal["growth_request"] = "growth_request"
    to_try: str | None = None
    """What they wanted to try, in their own words; None: they have named nothing."""


class Apology(Message):
    """To the candidate whom the company has cancelled late: sorry; how was it so far? One tap is enough."""

    kind: Literal["apology"] = "apology"
    due: Instant
    minutes: int


class LearningReport(Message):
    """What the reader expected, saw and takes home, as they asked for it: paragraphs of a document, in order."""

    kind: Literal["learning_report"] = "learning_report"
    document: tuple[str, ...]


class DisputeRuled(Message):
    """To whoever objected to a sentence: how it was ruled, and why. Of others' objections it says nothing.

    It answers to nobody: an answer would come to those who arrange interviews, and know of no dispute.
    """

    kind: Literal["dispute_ruled"] = "dispute_ruled"
    ruling: Literal["dismissed", "amended", "excluded", "redacted"]
    reason: str


class ConductReport(Message):
    """To the named person: there is a report of conduct to read. Says neither by whom nor what.

    It answers to nobody: an answer would come to those who arrange interviews.
    """

    kind: Literal["conduct_report"] = "conduct_report"
    interview: InterviewId


class OpenForm(Message):
    """One form that an interviewer owes."""

    interview: InterviewId
    who: Who
    whose: str | None = None
    """Their name, in the digest of whoever leads the panel; None: the reader's own."""
    role: str
    """The position talked about."""
    candidate: str
    """Their name."""
    due: Instant
    minutes: int


class Digest(Message):
    """To an interviewer, on a business day: every form of theirs that is open, in one letter.

    And those of others that are late, of panels that they lead.
    """

    kind: Literal["digest"] = "digest"
    forms: Annotated[tuple[OpenForm, ...], Field(min_length=1)]


Letter = (
    Offer
    | Nudge
    | Invitation
    | Cancellation
    | OfferWithdrawn
    | AvailabilityRequest
    | SeatRequest
    | TimeStands
    | OnHold
    | JoinNudge
    | InterviewerMissing
    | LocalTimeChanged
    | AnswerCheck
    | CalendarNotice
    | AdjustmentArranged
    | DayReminder
    | HourReminder
    | FormRequest
    | FormReminder
    | AnswerDelayed
    | FeedbackAvailable
    | ReflectionRequest
    | GrowthRequest
    | Apology
    | LearningReport
    | DisputeRuled
    | ConductReport
)
