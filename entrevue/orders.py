"""What we ask of the world, and what the world answers: the whole contract between domain and activities.

An order says what shall hold, under a key made of domain identity; repeating it changes nothing. An expected "no" is
an answer; an exception from an activity is trouble worth retrying.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from entrevue.civil import Clock
from entrevue.request import Policy
from entrevue.values import (
    Addressee,
    EmailAddress,
    Instant,
    InterviewId,
    Link,
    Message,
    Name,
    PersonId,
    PoolName,
    Slot,
    Who,
    ZoneName,
)

# --- orders ----------------------------------------------------------------------------------------------------------


class AnOrder(Message):
    """What every order carries. Its model is fixed when the activity is scheduled: a retry repeats the same bytes."""

    key: str
    """Domain identity `{interview}/{effect}/{whom}/{version}.{try}`: the same on every attempt and after a reset."""
    lane: str
    """What it acts on; at most one order is in flight a lane."""
    interview: InterviewId
    now: Instant
    """The interview's own clock. Activities and adapters read no other."""


class Invitee(Message):
    """Somebody the request names: `person` is a directory id or an address; None for the candidate."""

    who: Who
    person: PersonId | None = None
    zone: ZoneName | None = None


RoomsAt = Literal["meet", "teams"]
"""Who gives an interview a room of its own on being asked: Google Meet, or Microsoft Teams."""


class LookUpPeople(AnOrder):
    """Find the organisation and the people in the directory, and their civil time."""

    kind: Literal["look_up_people"] = "look_up_people"
    people: tuple[Invitee, ...]
    pools: tuple[PoolName, ...] = ()
    zones: tuple[ZoneName, ...] = ()
    """Whose rules are wanted besides: a booked slot's, whose zone may be nobody's any more."""
    until: Instant
    """The clocks must reach this far."""


class SeatWanted(Message):
    """One seat to fill. With both, `person` sits there now and is preferred, and anybody of `pool` can stand in."""

    seat: Annotated[int, Field(ge=1)]
    person: PersonId | None = None
    pool: PoolName | None = None
    counts: bool = True
    """LEAD and REQUIRED. Others never stand in the way: their people are preferred, and taken where they are free."""


class Seating(AnOrder):
    """Whom a search or a claim is about, and what may be asked of them. Nobody fills two seats."""

    seats: Annotated[tuple[SeatWanted, ...], Field(min_length=1)]
    quorum: Annotated[int, Field(ge=1)]
    """How many of the seats that count must be filled; all of them are tried."""
    excluded: tuple[PersonId, ...] = ()
    """Never to be seated: a conflict of interest, or they have said no."""
    load_a_day: int = 24 * 60
    load_a_week: int = 7 * 24 * 60
    """Minutes of interviews (without buffers) that a person has at most, this one included, in their own zone."""


class Window(Message):
    """A stretch of time, half-open."""

    start: Instant
    end: Instant


class FindSlots(Seating):
    """Search the people's true free time for a few, diverse slots."""

    kind: Literal["find_slots"] = "find_slots"
    candidate_zone: ZoneName
    windows: tuple[Window, ...] = ()
    """When the candidate has said they are free; empty: civil hours in their zone."""
    minutes: int
    earliest: Instant
    latest: Instant
    buffer_before: int = 0
    buffer_after: int = 0
    grid: int = 15
    count: int = 5
    avoid: tuple[Instant, ...] = ()
    """Starts that were declined or lost."""
    replaces: str | None = None
    """Key of a claim of this interview: its time counts as free, and so do the interview's own events."""


class ClaimTime(Seating):
    """Take everybody's time at once, or nobody's, and say who sits where. Calendars are looked at before it stands.

    A seat of a pool goes to whoever is free and has the least to do, measured by their weekly target. A repetition
    finds those seated before, and seats them again.
    """

    kind: Literal["claim_time"] = "claim_time"
    claim: str
    """Key in the ledger. The same with another `hold_until` confirms a hold, or prolongs it."""
    slot: Slot
    buffer_before: int = 0
    buffer_after: int = 0
    replaces: str | None = None
    """Key of a claim of the same interview that may overlap; it is released by its own order afterwards."""
    hold_until: Instant | None = None
    """A hold: from then on whoever claims that time gets it. None: booked."""
    overload: bool = False
    """A coordinator has seen that somebody's load exceeds the limit, and wants it all the same."""


class ReleaseTime(AnOrder):
    """Undo `ClaimTime` of the claim `claim`. Harmless where nothing was claimed."""

    kind: Literal["release_time"] = "release_time"
    claim: str


class CalendarEvent(Message):
    """One version of one event, as calendars and mail shall show it."""

    uid: str
    """`{interview}.c{g}` for the candidate's, `{interview}.p{g}` for the panel's; never shared between the two."""
    sequence: int
    """iCalendar SEQUENCE; also the version an adapter compares. A higher one wins."""
    stamp: Instant
    """DTSTAMP: fixed by the domain, so that a retry writes the same bytes."""
    slot: Slot
    summary: str
    description: str = ""
    location: str | None = None
    cancelled: bool = False
    ical_uid: str | None = None
    """By which the reader's calendar program knows it already, where that is a provider's: an ICS must carry it."""


class WriteEvent(AnOrder):
    """Make the person's calendar hold exactly this version of the event, and look whether that time is theirs still."""

    kind: Literal["write_event"] = "write_event"
    who: Who
    person: PersonId
    event: CalendarEvent
    etag: str | None = None
    """Of the version we wrote last, where there is one; or of a person's, which may be overwritten then."""
    look_at: tuple[Instant, ...] = ()
    """When whoever watches this calendar shall look, besides its usual pace: just before each reminder."""


class RemoveEvent(AnOrder):
    """Make the person's calendar hold no event of this UID."""

    kind: Literal["remove_event"] = "remove_event"
    who: Who
    person: PersonId
    uid: str
    sequence: int
    etag: str | None = None


class Briefed(Message):
    """Somebody whose brief is wanted, and the subject of `entrevue.learning` that they are."""

    who: Who
    subject: str


class Line(Message):
    """What one person wrote for the other side."""

    name: str
    text: str


class SameDay(Message):
    """Which day of which candidate's process is meant: its interviews that day share reminders and requests."""

    process: InterviewId
    candidate: str
    """As `entrevue.learning.candidate_key` tells candidates apart."""
    at: Instant
    """When the interview begins that asks: others' letters have told of it only where they named this time."""
    start: Instant
    end: Instant
    """From midnight to midnight of the candidate's own day."""
    lines: tuple[Line, ...] = ()
    """What the letter of the interview that asks would say that its interviewers wrote for the candidate."""


class LookUpBriefs(AnOrder):
    """Look up what each of them has learned from earlier interviews, or what else of the process is on that day."""

    kind: Literal["look_up_briefs"] = "look_up_briefs"
    people: tuple[Briefed, ...]
    day: SameDay | None = None
    """None: this is about people alone."""


class TellProcess(AnOrder):
    """Tell the other interviews of this process that it is over, and what the candidate was told."""

    kind: Literal["tell_process"] = "tell_process"
    process: InterviewId
    candidate: str
    """Whose process it is, as `entrevue.learning.candidate_key` tells candidates apart."""
    outcome: str
    told_at: Instant | None
    """None: the candidate ended it themselves."""


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


class MakeRoom(AnOrder):
    """Have the interview given a room of its own. Who asks again gets the same."""

    kind: Literal["make_room"] = "make_room"
    rooms: RoomsAt
    at: Instant
    """When it will be used, about: providers close rooms that nobody has used for long."""


class SendLetter(AnOrder):
    """Send one letter to one person. Its Message-ID comes from `key`, its Date is `date`: a retry is byte-identical."""

    kind: Literal["send_letter"] = "send_letter"
    to: Correspondent
    role: str
    """The position talked about."""
    organisation: str
    reply_to: EmailAddress | None = None
    date: Instant
    thread: str | None = None
    """Key of the first letter of this thread; None where this is the first."""
    revision: int = 0
    """Of the booking it speaks of: what its links lead to is bound to it."""
    again_if_unsure: bool
    """After a connection lost in mid-flight: send the same bytes again (an invitation), or let it be (a nudge)."""
    letter: Annotated[Letter, Field(discriminator="kind")]


class SendDigest(Message):
    """Send one interviewer their digest of one day: no interview's letter, so no interview orders it."""

    key: str
    """`digest:{person}:{date}`, by the reader's own day: sent at most once."""
    now: Instant
    to: Correspondent
    organisation: str
    reply_to: EmailAddress | None = None
    letter: Digest


class JournalEntry(Message):
    """One domain event as it is kept for ever: `data` is the event's own JSON."""

    interview: InterviewId
    seq: Annotated[int, Field(ge=1)]
    kind: str
    at: Instant
    by: str
    schema_version: int
    data: dict[str, JsonValue]


class AppendJournal(Message):
    """Append these entries, ascending and without gaps. Entries already there, alike, are no news."""

    key: str
    interview: InterviewId
    entries: Annotated[tuple[JournalEntry, ...], Field(min_length=1)]


class JournalAnswer(Message):
    """`diverged_at` names the first entry that is there already with other content (a reset rewrote history)."""

    up_to: int
    diverged_at: int | None = None


Order = (
    LookUpPeople
    | FindSlots
    | ClaimTime
    | ReleaseTime
    | WriteEvent
    | RemoveEvent
    | SendLetter
    | LookUpBriefs
    | TellProcess
    | MakeRoom
)


# --- answers ---------------------------------------------------------------------------------------------------------


class AnAnswer(Message):
    """What every answer carries: the key of the order it answers."""

    key: str


class Confidant(Message):
    """Somebody whom the organisation names for reports of conduct."""

    person: PersonId
    name: Name
    email: EmailAddress
    zone: ZoneName = "UTC"


class Organisation(Message):
    """The directory's settings of the company itself."""

    name: Name
    zone: ZoneName
    coordinator: Name | None = None
    coordinator_email: EmailAddress | None = None
    conference_link: str | None = None
    """This interview's own room, made of a template."""
    rooms: RoomsAt | None = None
    """Who is to be asked for one."""
    policy: Policy = Policy()
    """Its defaults; what a request says goes before."""
    conduct: tuple[Confidant, ...] = ()
    """Of these, whoever is not on the panel reads reports of conduct; the first goes before."""
    decision_maker: PersonId | None = None
    """Where they sit on the panel themselves, they are blind as everybody there."""


class Found(Message):
    """One of the organisation's people, as the directory has them."""

    who: Who
    person: PersonId
    name: Name
    email: EmailAddress
    has_calendar: bool


class ClockOf(Message):
    """`who` is a person of the interview, or `organisation`."""

    who: str
    clock: Clock


class PeopleFound(AnAnswer):
    kind: Literal["people_found"] = "people_found"
    organisation: Organisation
    people: tuple[Found, ...]
    clocks: tuple[ClockOf, ...]
    zones: tuple[Clock, ...] = ()
    """For each zone that was asked for, its rules."""
    unknown: tuple[Who, ...] = ()
    """Named in the request, but not in the directory."""
    no_pools: tuple[PoolName, ...] = ()
    """Pools of the request that nobody in the directory belongs to."""


class SlotsFound(AnAnswer):
    kind: Literal["slots_found"] = "slots_found"
    slots: tuple[Slot, ...]
    why: str | None = None
    """Where there are none: who or what is the bottleneck, and what would help. Names nobody but by directory id."""


class Seated(Message):
    """Who took a seat, as the directory has them, with their civil time."""

    seat: int
    person: PersonId
    name: Name
    email: EmailAddress
    has_calendar: bool
    clock: Clock


class TimeClaimed(AnAnswer):
    """`seated` is everyone whose time is claimed; a seat that is missing there is empty (see `quorum`)."""

    kind: Literal["time_claimed"] = "time_claimed"
    seated: tuple[Seated, ...] = ()


class TimeTaken(AnAnswer):
    """That time is not to be had. Nothing is claimed. `people` are those in the way, as far as they are known."""

    kind: Literal["time_taken"] = "time_taken"
    by: Literal["interview", "calendar", "load", "nobody"]
    """`load`: it would be too much for somebody. `nobody`: a pool has nobody left who could."""
    people: tuple[PersonId, ...] = ()


class TimeReleased(AnAnswer):
    kind: Literal["time_released"] = "time_released"


class EventWritten(AnAnswer):
    """`edited_by_person` and `gone` mean that nothing was overwritten; a person must be asked."""

    kind: Literal["event_written"] = "event_written"
    who: Who
    uid: str
    sequence: int
    outcome: Literal["created", "updated", "already_there", "superseded", "edited_by_person", "gone"]
    etag: str | None = None
    ical_uid: str | None = None
    """The UID that the provider has given it; None where it bears ours."""
    overlapped: bool = False
    """Something that is not an interview of ours stands at that time, seen after the write."""


class EventRemoved(AnAnswer):
    kind: Literal["event_removed"] = "event_removed"
    who: Who
    uid: str
    sequence: int
    outcome: Literal["removed", "already_gone", "edited_by_person"]


class LetterSent(AnAnswer):
    kind: Literal["letter_sent"] = "letter_sent"
    message_id: str


class LetterRefused(AnAnswer):
    """The mail server will not take it, and trying again cannot help."""

    kind: Literal["letter_refused"] = "letter_refused"
    smtp_code: int
    address_is_bad: bool
    """True: the recipient does not exist. False: policy or size; an operator must look."""


class LetterUnsure(AnAnswer):
    """The connection broke after the text was handed over, and this kind of letter is not sent twice."""

    kind: Literal["letter_unsure"] = "letter_unsure"


class BriefsFound(AnAnswer):
    """`siblings`: the candidate's other interviews of that day, by their start; only those that stand."""

    kind: Literal["briefs_found"] = "briefs_found"
    briefs: tuple[Brief, ...] = ()
    siblings: tuple[Sibling, ...] = ()
    covered: tuple[Shareable, ...] = ()
    """Which letters of the interview that asks have become needless: another one's has left, and named it."""


class ProcessTold(AnAnswer):
    """`interviews`: how many others heard it."""

    kind: Literal["process_told"] = "process_told"
    interviews: int


class RoomMade(AnAnswer):
    kind: Literal["room_made"] = "room_made"
    link: Link


class GaveUp(AnAnswer):
    """The patience of an order has ended; the shell says so, no activity does."""

    kind: Literal["gave_up"] = "gave_up"
    order: str
    """The order's kind."""
    because: str
    """The kind of trouble, and after a colon what can be done about it, where the activity says so; no address."""


Answer = (
    PeopleFound
    | SlotsFound
    | TimeClaimed
    | TimeTaken
    | TimeReleased
    | EventWritten
    | EventRemoved
    | LetterSent
    | LetterRefused
    | LetterUnsure
    | BriefsFound
    | ProcessTold
    | RoomMade
    | GaveUp
)
