"""What we ask of the world, and what the world answers: the whole contract between domain and activities.

An order says what shall hold, under a key made of domain identity; repeating it changes nothing. An expected "no" is
an answer; an exception from an activity is trouble worth retrying.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from entrevue.civil import Clock
from entrevue.request import Policy
from entrevue.values import EmailAddress, Instant, InterviewId, Message, Name, PersonId, Slot, Who, ZoneName

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


class LookUpPeople(AnOrder):
    """Find the organisation and the people in the directory, and their civil time."""

    kind: Literal["look_up_people"] = "look_up_people"
    people: tuple[Invitee, ...]
    until: Instant
    """The clocks must reach this far."""


class FindSlots(AnOrder):
    """Search the people's true free time for a few, diverse slots."""

    kind: Literal["find_slots"] = "find_slots"
    people: tuple[PersonId, ...]
    """Directory ids of everyone who must be free."""
    candidate_zone: ZoneName
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


class ClaimTime(AnOrder):
    """Take the time of all these people at once, or of none. Calendars are looked at before the claim stands."""

    kind: Literal["claim_time"] = "claim_time"
    people: tuple[PersonId, ...]
    slot: Slot
    buffer_before: int = 0
    buffer_after: int = 0
    replaces: str | None = None
    """Key of a claim of the same interview that may overlap; it is released by its own order afterwards."""


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


class WriteEvent(AnOrder):
    """Make the person's calendar hold exactly this version of the event."""

    kind: Literal["write_event"] = "write_event"
    who: Who
    person: PersonId
    event: CalendarEvent
    etag: str | None = None
    """Of the version we wrote last, where there is one."""


class RemoveEvent(AnOrder):
    """Make the person's calendar hold no event of this UID."""

    kind: Literal["remove_event"] = "remove_event"
    who: Who
    person: PersonId
    uid: str
    sequence: int
    etag: str | None = None


# --- letters: one model a template -----------------------------------------------------------------------------------


class Correspondent(Message):
    """Somebody a letter goes to or speaks of. The clock's zone says how their times are shown."""

    who: Who
    name: Name
    email: EmailAddress
    zone: ZoneName = "UTC"
    zone_assumed: bool = False


class Line(Message):
    """What one person wrote for the other side."""

    name: str
    text: str


class Offer(Message):
    """Pick one of these slots."""

    kind: Literal["offer"] = "offer"
    slots: tuple[Slot, ...]
    reply_by: Instant
    fresh: bool = False
    """An earlier offer was declined, or its slot was lost."""
    reschedule: bool = False


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
    with_names: tuple[str, ...]
    candidate_zone: ZoneName | None = None
    """For interviewers: whose local time to show beside their own."""


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


class OfferWithdrawn(Message):
    """The company cancelled while an offer was open: nothing was booked, so there is no event to cancel."""

    kind: Literal["offer_withdrawn"] = "offer_withdrawn"
    reason: str | None = None


class DayReminder(Message):
    """To the candidate a day ahead: when, where, with whom, and what the other side wrote for them."""

    kind: Literal["day_reminder"] = "day_reminder"
    slot: Slot
    location: str | None
    with_names: tuple[str, ...]
    agenda: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    expectations_open: bool = True


class HourReminder(Message):
    """An hour ahead: to the candidate the essentials, to an interviewer also the brief."""

    kind: Literal["hour_reminder"] = "hour_reminder"
    slot: Slot
    location: str | None
    with_names: tuple[str, ...]
    agenda: tuple[str, ...]
    lines: tuple[Line, ...] = ()
    brief: tuple[str, ...] = ()
    candidate_zone: ZoneName | None = None


class FormRequest(Message):
    """The session is over: the reader's form is open."""

    kind: Literal["form_request"] = "form_request"
    due: Instant
    minutes: int
    """How long the form takes at most."""
    with_names: tuple[str, ...]
    presumed: bool = False
    """Nobody recorded the session: it is presumed held, and the reader can say it did not take place."""


class FormReminder(Message):
    """Once, to the candidate: the form is still open."""

    kind: Literal["form_reminder"] = "form_reminder"
    due: Instant
    minutes: int


class AnswerDelayed(Message):
    """To the candidate, once: the promised answer takes longer."""

    kind: Literal["answer_delayed"] = "answer_delayed"
    promised: Instant


class FeedbackAvailable(Message):
    """To the candidate who asked for it: feedback can be opened. It changes nothing about the decision."""

    kind: Literal["feedback_available"] = "feedback_available"


class FollowUpRequest(Message):
    """A few days after release: look back once more."""

    kind: Literal["follow_up_request"] = "follow_up_request"
    what: Literal["reflection", "growth_check"]


Letter = (
    Offer
    | Nudge
    | Invitation
    | Cancellation
    | OfferWithdrawn
    | DayReminder
    | HourReminder
    | FormRequest
    | FormReminder
    | AnswerDelayed
    | FeedbackAvailable
    | FollowUpRequest
)


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
    again_if_unsure: bool
    """After a connection lost in mid-flight: send the same bytes again (an invitation), or let it be (a nudge)."""
    letter: Annotated[Letter, Field(discriminator="kind")]


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


Order = LookUpPeople | FindSlots | ClaimTime | ReleaseTime | WriteEvent | RemoveEvent | SendLetter


# --- answers ---------------------------------------------------------------------------------------------------------


class AnAnswer(Message):
    """What every answer carries: the key of the order it answers."""

    key: str


class Organisation(Message):
    """The directory's settings of the company itself."""

    name: Name
    zone: ZoneName
    coordinator: Name | None = None
    coordinator_email: EmailAddress | None = None
    conference_link: str | None = None
    policy: Policy = Policy()
    """Its defaults; what a request says goes before."""


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
    unknown: tuple[Who, ...] = ()
    """Named in the request, but not in the directory."""


class SlotsFound(AnAnswer):
    kind: Literal["slots_found"] = "slots_found"
    slots: tuple[Slot, ...]
    why: str | None = None
    """Where there are none: who or what is the bottleneck, and what would help. Names nobody but by directory id."""


class TimeClaimed(AnAnswer):
    kind: Literal["time_claimed"] = "time_claimed"


class TimeTaken(AnAnswer):
    """Somebody else has that time. Nothing is claimed."""

    kind: Literal["time_taken"] = "time_taken"
    by: Literal["interview", "calendar"]


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


class GaveUp(AnAnswer):
    """The patience of an order has ended; the shell says so, no activity does."""

    kind: Literal["gave_up"] = "gave_up"
    order: str
    """The order's kind."""
    because: str
    """The kind of trouble, never the text of a letter."""


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
    | GaveUp
)
