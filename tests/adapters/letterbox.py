"""Letters of every kind, readers for them, and ways to look at what came of it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from html.parser import HTMLParser
from typing import Literal, get_args

import pytest
from icalendar import Calendar, Event

from activities.letters import (
    MailSettings,
    Rendered,
    render,
)
from entrevue.disputes import Ruling
from entrevue.letters import (
    AdjustmentArranged,
    AnswerCheck,
    AnswerDelayed,
    Apology,
    AvailabilityRequest,
    Brief,
    CalendarNotice,
    Cancellation,
    ConductReport,
    Correspondent,
    DayReminder,
    Digest,
    DisputeRuled,
    FeedbackAvailable,
    FormReminder,
    FormRequest,
    GrowthRequest,
    HourReminder,
    Improvement,
    InterviewerMissing,
    Invitation,
    JoinNudge,
    LearningReport,
    Letter,
    Line,
    LocalTimeChanged,
    Nudge,
    Offer,
    OfferWithdrawn,
    OnHold,
    OpenForm,
    ReflectionRequest,
    SeatRequest,
    Sibling,
    Theme,
    TimeStands,
    TurnTo,
)
from entrevue.orders import SendDigest, SendLetter
from entrevue.privacy import ASKED
from entrevue.values import CANDIDATE, CalendarEvent, Slot

CONFIGURED = {
    "domain": "hire.example.org",
    "from_address": "interviews@hire.example.org",
    "from_name": "Acme Interviews",
    "agent_address": "interviews+{token}@hire.example.org",
    "bounce_address": "bounces+{token}@hire.example.org",
    "secret": "a secret of some length",
}
SETTINGS = MailSettings.model_validate(CONFIGURED)
LINKS = {"url": "https://hire.example.org/i/{purpose}/{token}", "secret": "a secret of the pages"}
LINKED = MailSettings.model_validate(CONFIGURED | {"links": LINKS})
DAY = datetime(2026, 12, 1, 9, tzinfo=UTC)
SLOT = Slot(start=DAY, minutes=40)
LATER = Slot(start=DAY + timedelta(days=1, hours=14), minutes=40)
EARLY = Slot(start=DAY - timedelta(hours=3), minutes=40)
EVENT = CalendarEvent(
    uid="r7-c42-1.c0",
    sequence=3,
    stamp=DAY - timedelta(days=9),
    slot=SLOT,
    summary="Interview: Backend engineer",
    description="First your story.\n\nThen ours: https://acme.example/agenda",
    location="https://meet.example.org/room?a=1&b=2",
)
SIBLINGS = (
    Sibling(
        interview="r7-c42-2",
        slot=Slot(start=DAY + timedelta(hours=2), minutes=30),
        location="https://meet.example.org/second",
        with_names=("Alan & Co", "Edsger"),
        lines=(Line(name="Edsger", text="Bring a <proof> & a pencil"),),
    ),
    Sibling(interview="r7-c42-3", slot=Slot(start=DAY + timedelta(hours=4), minutes=30)),
)
LINES = (Line(name="Grace", text="I hope to hear\nwhat you built"),)

LETTERS: dict[str, Letter] = {
    "offer": Offer(slots=(SLOT, LATER), reply_by=DAY),
    "offer, fresh": Offer(slots=(SLOT, LATER), reply_by=DAY, fresh=True),
    "offer, reschedule": Offer(slots=(SLOT,), reply_by=DAY, reschedule=True),
    "offer, beside a booked time": Offer(slots=(SLOT,), reply_by=DAY, reschedule=True, booked=LATER),
    "nudge": Nudge(slots=(SLOT, LATER), reply_by=DAY),
    "nudge, one time": Nudge(slots=(SLOT,), reply_by=DAY),
    "nudge, no times": Nudge(slots=(), reply_by=DAY),
    "invitation": Invitation(event=EVENT, imip=True, with_names=("Grace", "Alan", "Edsger")),
    "invitation, somebody to turn to": Invitation(
        event=EVENT, imip=True, with_names=("Grace",), turn_to=TurnTo(name="Olga <Lark>", email="olga@acme.example")
    ),
    "invitation, moved": Invitation(
        event=EVENT, imip=True, moved_from=LATER, with_names=("Ada",), candidate_zone="Asia/Kathmandu"
    ),
    "invitation, written": Invitation(
        event=EVENT.model_copy(update={"location": None, "description": ""}), imip=False, with_names=()
    ),
    "invitation, other people": Invitation(event=EVENT, imip=True, changed=True, with_names=("Linus",)),
    "invitation, a place": Invitation(event=EVENT, imip=True, changed=True, place_is_new=True, with_names=("Linus",)),
    "invitation, other people, written": Invitation(
        event=EVENT.model_copy(update={"slot": EARLY}), imip=False, changed=True, with_names=("Linus",)
    ),
    "invitation, moved for a reason": Invitation(
        event=EVENT,
        imip=True,
        moved_from=LATER,
        changed=True,
        because="the rules for clocks in Vancouver have changed",
        with_names=("Ada",),
        candidate_zone="America/Vancouver",
    ),
    "cancellation": Cancellation(event=EVENT, imip=True),
    "cancellation, late": Cancellation(
        event=EVENT, imip=True, reason="Grace is ill.\nSorry!", apology=True, continues=True
    ),
    "cancellation, written": Cancellation(event=EVENT, imip=False, apology=True),
    "cancellation, replaced": Cancellation(event=EVENT, imip=True, replaced=True),
    "cancellation, replaced, written": Cancellation(event=EVENT, imip=False, replaced=True, reason="Linus is in"),
    "offer withdrawn": OfferWithdrawn(reason="The position is filled."),
    "offer withdrawn, bare": OfferWithdrawn(),
    "availability request": AvailabilityRequest(minutes=40, reply_by=DAY),
    "seat request": SeatRequest(
        slot=EARLY, reply_by=DAY, with_names=("Ada", "Grace"), candidate_zone="America/Vancouver"
    ),
    "seat request, proposed": SeatRequest(slot=SLOT, reply_by=DAY, with_names=(), proposed_by_candidate=True),
    "time stands": TimeStands(slot=SLOT, because="nothing_found"),
    "time stands, not needed any more": TimeStands(slot=SLOT, because="needless"),
    "time stands, not approved": TimeStands(slot=SLOT, because="not_approved", reason="A release.\nSorry!"),
    "on hold": OnHold(slot=SLOT, reason="The role is being\nlooked at again."),
    "on hold, no time": OnHold(),
    "on hold, over": OnHold(resumed=True, slot=SLOT),
    "on hold, over, no time": OnHold(resumed=True),
    "join nudge": JoinNudge(slot=SLOT, location="https://meet.example.org/room?a=1&b=2"),
    "join nudge, bare": JoinNudge(slot=SLOT, location=None),
    "interviewer missing": InterviewerMissing(slot=SLOT, someone_is_there=True),
    "nobody there": InterviewerMissing(slot=SLOT, someone_is_there=False),
    "local time changed": LocalTimeChanged(slot=SLOT),
    "adjustment arranged": AdjustmentArranged(text="Captions are on.\nA break after <20> minutes & water."),
    "day reminder": DayReminder(
        slot=SLOT, location="Room 4 <ground floor>", with_names=("Grace",), agenda=("Your story", "Q & A"), lines=LINES
    ),
    "day reminder, bare": DayReminder(slot=SLOT, location=None, with_names=(), agenda=(), expectations_open=False),
    "hour reminder": HourReminder(
        slot=SLOT,
        location="https://meet.example.org/room",
        with_names=("Ada",),
        agenda=("Their story",),
        lines=LINES,
        scale=("work ethic: 1 = blames 3 = did it 5 = told early",),
        learned=Brief(
            who="i1",
            improvement=Improvement(interview="r6", text="Ask for an example before the second question"),
            enough=True,
            themes=(Theme(theme="listening", helped=4, change=1), Theme(theme="asks_why", helped=0, change=3)),
            said=("She left me time to think", "Say at the start <how> it goes & ends"),
        ),
        instructions=("Switch the captions on", "Leave room for a break"),
        candidate_zone="America/New_York",
        turn_to=TurnTo(name="Olga Lark", email="olga@acme.example"),
    ),
    "hour reminder, bare": HourReminder(slot=SLOT, location=None, with_names=(), agenda=()),
    "hour reminder, too few answers": HourReminder(
        slot=SLOT, location=None, with_names=("Ada",), agenda=(), scale=("expertise: 1 = …",), learned=Brief(who="i1")
    ),
    "form request": FormRequest(due=DAY, minutes=3, with_names=("Grace",)),
    "form request, presumed": FormRequest(due=DAY, minutes=10, with_names=(), presumed=True),
    "form request, partial": FormRequest(due=DAY, minutes=10, with_names=("Ada",), partial=True),
    "form request, practice": FormRequest(due=DAY, minutes=10, with_names=("Ada",), practice=True),
    "form request, no feedback": FormRequest(due=DAY, minutes=10, with_names=("Ada",), feedback=False),
    "form request, growth": FormRequest(
        due=DAY,
        minutes=3,
        with_names=("Grace",),
        to_try="Say what I want <first> & early",
        consents=tuple(ASKED.values()),
    ),
    "form reminder": FormReminder(due=DAY, minutes=3),
    "answer delayed": AnswerDelayed(promised=DAY),
    "feedback available": FeedbackAvailable(),
    "feedback, nothing": FeedbackAvailable(nothing=True),
    "feedback available for a time": FeedbackAvailable(until=DAY),
    "reflection": ReflectionRequest(),
    "growth": GrowthRequest(to_try="Say what I want <first> & early"),
    "growth, nothing chosen": GrowthRequest(),
    "apology": Apology(due=DAY, minutes=3),
    "learning report": LearningReport(
        document=("What you expected: the roadmap & <dates>", "What you found\nA plan, and no dates")
    ),
    **{
        f"dispute {ruling}": DisputeRuled(ruling=ruling, reason="Two people remember <it> so.\nNobody else was there.")
        for ruling in get_args(Ruling)
    },
    "conduct report": ConductReport(interview="r7-c42-1"),
    "answer check": AnswerCheck(heard="declined", slot=SLOT, until=DAY - timedelta(hours=4)),
    "answer check, counter": AnswerCheck(heard="counter", slot=SLOT, proposed=LATER),
    "answer check, noted": AnswerCheck(heard="declined", slot=SLOT, noted=True, until=DAY - timedelta(hours=4)),
    "answer check, no until": AnswerCheck(heard="declined", slot=SLOT),
    **{
        f"answer check, {heard} by anybody": AnswerCheck(heard=heard, slot=SLOT, confirmed=False)
        for heard in ("accepted", "tentative", "declined")
    },
    "answer check, counter by anybody": AnswerCheck(heard="counter", slot=SLOT, proposed=LATER, confirmed=False),
    "calendar notice, moved": CalendarNotice(
        what="moved", slot=SLOT, moved_to=LATER, asked=True, candidate_zone="America/New_York"
    ),
    "calendar notice, moved, nobody asked": CalendarNotice(what="moved", slot=SLOT, moved_to=LATER),
    "calendar notice, emptied": CalendarNotice(what="emptied", slot=SLOT),
    "calendar notice, overlapped": CalendarNotice(what="overlapped", slot=SLOT, candidate_zone="America/New_York"),
    "calendar notice, put back": CalendarNotice(what="put_back", slot=SLOT),
    "calendar notice, written": CalendarNotice(
        what="written", slot=SLOT, event=EVENT.model_copy(update={"cancelled": True})
    ),
    "day reminder, several": DayReminder(
        slot=SLOT, location="Room 4", with_names=("Grace",), agenda=("Your story",), siblings=SIBLINGS
    ),
    "hour reminder, several": HourReminder(
        slot=SLOT, location=None, with_names=("Grace",), agenda=(), siblings=SIBLINGS
    ),
    "form reminder, several": FormReminder(due=DAY, minutes=3, siblings=SIBLINGS),
    "form request, several": FormRequest(due=DAY, minutes=3, with_names=("Grace",), siblings=SIBLINGS),
}
WITH_EVENT = [
    name
    for name, letter in LETTERS.items()
    if getattr(letter, "imip", False) or (isinstance(letter, CalendarNotice) and letter.event is not None)
]

every_letter = pytest.mark.parametrize("name", LETTERS)
every_reader = pytest.mark.parametrize("who", ["candidate", "i1"])


def reader(
    who: str = "candidate", name: str = "Ada Lovelace", zone: str = "Europe/Berlin", *, assumed: bool = False
) -> Correspondent:
    return Correspondent(who=who, name=name, email="ada+x@example.org", zone=zone, zone_assumed=assumed)


def order_of(
    letter: Letter,
    *,
    to: Correspondent | None = None,
    role: str = "Backend engineer",
    organisation: str = "Acme",
    thread: str | None = "r7-c42-1/offer/candidate/0.0",
) -> SendLetter:
    return SendLetter(
        key="r7-c42-1/letter/candidate/3.0",
        lane="candidate",
        interview="r7-c42-1",
        now=DAY,
        to=to or reader(),
        role=role,
        organisation=organisation,
        reply_to="hopper@acme.example",
        date=DAY - timedelta(days=3),
        thread=thread,
        again_if_unsure=True,
        letter=letter,
    )


def digest_of(*forms: OpenForm) -> SendDigest:
    return SendDigest(
        key="digest:grace:2026-12-01",
        now=DAY,
        to=reader("i1", name="Grace Hopper"),
        organisation="Acme",
        reply_to="marta@acme.example",
        letter=Digest(forms=forms),
    )


def form(
    n: int = 1, *, candidate: str = "Ada Lovelace", role: str = "Backend engineer", whose: str | None = None
) -> OpenForm:
    return OpenForm(
        interview=f"r7-c42-{n}",
        who=f"i{n}",
        whose=whose,
        role=role,
        candidate=candidate,
        due=DAY + timedelta(days=n),
        minutes=10,
    )


@cache
def linked(name: str, who: str = CANDIDATE) -> Rendered:
    """Render one of `LETTERS` with links; once, however many tests look at it."""
    return render(order_of(LETTERS[name], to=reader(who)), LINKED)


def parsed(letter: Rendered) -> EmailMessage:
    return message_from_bytes(letter.raw, policy=default)


def part(letter: Rendered, kind: Literal["plain", "html"]) -> str:
    body = parsed(letter).get_body((kind,))
    assert body is not None
    content = body.get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def events(letter: Rendered) -> Iterator[tuple[EmailMessage, Calendar, Event]]:
    for piece in parsed(letter).walk():
        if piece.get_content_type() in {"text/calendar", "application/ics"}:
            payload = piece.get_payload(decode=True)
            assert isinstance(payload, bytes)
            calendar = Calendar.from_ical(payload)
            assert isinstance(calendar, Calendar)
            (event,) = calendar.walk("VEVENT")
            assert isinstance(event, Event)
            assert isinstance(piece, EmailMessage)
            yield piece, calendar, event


class Page(HTMLParser):
    """What an HTML letter shows, piece by piece, and the tags it uses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown: list[str] = []
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "br"}:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, "every tag is closed, in order"

    def handle_data(self, data: str) -> None:
        if data.strip() and not {"head", "h1"} & set(self._open):
            self.shown.append(data)


def words(text: str) -> str:
    """Give the text without what only plain text uses: quotation marks of a reply, and line ends."""
    return " ".join(re.sub(r"(?m)^> ", "", text).split())
