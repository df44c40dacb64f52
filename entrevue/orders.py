"""What we ask of the world, and what the world answers: the whole contract between domain and activities.

An order says what shall hold, under a key made of domain identity; repeating it changes nothing. An expected "no" is
an answer; an exception from an activity is trouble worth retrying.
"""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from entrevue.civil import Clock
from entrevue.letters import Brief, Correspondent, Digest, Letter, Line, Shareable, Sibling
from entrevue.request import Policy
from entrevue.values import (
    CalendarEvent,
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
