"""The happy path in steps, so that a test can stop the story where its own begins."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from entrevue.values import Status
from tests.workflows.stage import Running

NEW_YORK = ZoneInfo("America/New_York")

SCORECARD = {
    "form": "scorecard",
    "ratings": [
        {"competency": "expertise", "score": 4, "evidence": "explained two ways to shard, and when each fails"},
        {"competency": "work_ethic", "score": None},
        {"competency": "communication", "score": 5, "evidence": "asked what success looks like after a year"},
    ],
    "recommendation": "yes",
    "strength": "names trade-offs before choosing",
    "growth": "say the assumption before the answer",
    "private_note": "ask about on-call next time",
    "own": {"expectations": "met", "went_well": "left her time to tell her story", "confidence": 4},
}
CANDIDATE_FORM = {
    "form": "candidate",
    "overall": 4,
    "prepared": 5,
    "listened": 4,
    "helped": "you told me what the first month looks like",
    "change": "start on time",
    "share": "attributed",
    "own": {"expectations": "surpassed", "differently": "ask about the team earlier", "confidence": 4},
}


async def to_offer(interview: Running) -> datetime:
    """An offer is out and delivered, and the candidate's day goes on for an hour; give the start of its last slot."""
    view = await interview.until(lambda view: view.status is Status.AWAITING_CANDIDATE)
    await interview.settle()
    now = (await interview.now()).astimezone(NEW_YORK)
    if now.hour >= 19 or "offer_delivered" not in await interview.kinds():  # nobody is written to at night
        day = now.date() + timedelta(days=now.hour >= 19)
        await interview.forward_to(datetime.combine(day, time(8, 5), NEW_YORK))
    await interview.happened("offer_delivered")
    return view.offered[-1].start


async def to_booking(interview: Running) -> datetime:
    start = await to_offer(interview)
    await interview.send("choose_slot", by="candidate", start=start.isoformat())
    await interview.happened("calendar_written", times=2)
    await interview.happened("message_sent", times=2)
    await interview.settle()
    return start


async def to_session(interview: Running) -> datetime:
    """Expectations are shared, reminders are out, the session runs; give its start."""
    start = await to_booking(interview)
    await interview.send(
        "share_expectations", by="candidate", for_other_side="how you decide", private="I fear the quiz", confidence=2
    )
    await interview.send("share_expectations", by="i1", for_other_side="trade-offs in storage", private="be on time")
    await interview.send("give_consent", by="candidate", layer="feedback")
    await interview.forward_to(start)
    await interview.send("start_session", by="i1")
    return start


async def to_forms(interview: Running) -> None:
    """The session is over, the forms are open."""
    await to_session(interview)
    await interview.send("note_moment", by="i1", text="she drew the failure first")
    await interview.send("ask_question", by="candidate", text="is the role hybrid?")
    await interview.forward(timedelta(minutes=40))
    await interview.send("end_session", by="i1")
    await interview.send("answer_question", by="coordinator", question=1, text="two days a week")
    await interview.send("mark_addressed", by="candidate", question=1)


async def to_decision(interview: Running) -> None:
    """Everyone has handed in their form; the decision maker is asked."""
    await to_forms(interview)
    await interview.send("submit_evaluation", by="i1", form=SCORECARD)
    await interview.send("submit_evaluation", by="i2", form=SCORECARD)
    await interview.send("submit_evaluation", by="candidate", form=CANDIDATE_FORM)


async def to_release(interview: Running) -> None:
    """A rejection, told by a person."""
    await to_decision(interview)
    told = (await interview.now()).isoformat()
    await interview.send(
        "record_decision",
        by="decision_maker",
        outcome="reject",
        process_over=True,
        told={"by": "Marta Lind", "at": told, "how": "phone"},
    )


async def to_completion(interview: Running) -> None:
    """Feedback is reviewed and opened, everyone has looked back."""
    await to_release(interview)
    await interview.send(
        "review_feedback",
        by="reviewer",
        approved=[{"author": "i1", "what": "strength"}, {"author": "i1", "what": "growth"}],
        withheld=[
            {"item": {"author": "i2", "what": what}, "reason": "says the same, less clearly"}
            for what in ("strength", "growth")
        ],
        next_step="write one design note a month",
    )
    view = await interview.view("candidate")
    assert view.feedback is not None
    assert view.feedback.available_at is not None
    sent = (await interview.kinds()).count("message_sent")
    await interview.forward_to(view.feedback.available_at)
    await interview.happened("message_sent", times=sent + 1)
    await interview.send("open_feedback", by="candidate")
    await interview.forward(timedelta(days=3))
    for who in ("candidate", "i1", "i2"):
        await interview.send("submit_reflection", by=who, text="I learned to begin with the question")
        await interview.send("check_growth", by=who, acted="partly", helped="yes")
    await interview.forward(timedelta(days=15))  # until nothing can be disputed any more


async def rescheduled_and_cancelled(interview: Running) -> None:
    """The candidate asks for another time and gets it; then the company gives the interview up."""
    await to_booking(interview)
    await interview.send("request_reschedule", by="candidate", reason="a clash")
    view = await interview.until(lambda view: bool(view.offered))
    await interview.send("choose_slot", by="candidate", start=view.offered[0].start.isoformat())
    await interview.happened("calendar_written", times=4)
    await interview.forward(timedelta(hours=12))
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.happened("calendar_cleared", times=2)
    await interview.forward(timedelta(hours=12))


async def cancelled_in_the_middle(interview: Running) -> None:
    """An operator's cancel arrives while the booking is on its way to calendars and mailboxes."""
    start = await to_offer(interview)
    await interview.send("choose_slot", by="candidate", start=start.isoformat())
    await interview.handle.cancel(reason="a duplicate")
    await interview.happened("interview_cancelled")
    await interview.forward(timedelta(hours=24))


async def absent_twice(interview: Running) -> None:
    """The interviewers come, the candidate does not; booked anew, once more."""
    start = await to_booking(interview)
    for absence in (1, 2):
        await interview.forward_to(start)
        for who in ("i1", "i2"):
            at = (await interview.now()).isoformat()
            await interview.tell("participant_joined", who=who, at=at, source_id=f"{who}-{absence}")
        await interview.forward(timedelta(minutes=16))
        await interview.happened("no_show_provisional", times=absence)
        while (await interview.kinds()).count("no_show_confirmed") < absence:
            await interview.forward(timedelta(days=1))
        if absence == 1:
            view = await interview.until(lambda view: bool(view.offered))
            start = view.offered[0].start
            await interview.send("choose_slot", by="coordinator", start=start.isoformat())


async def withdrawn(interview: Running) -> None:
    await to_booking(interview)
    await interview.forward(timedelta(hours=12))
    await interview.send("withdraw", by="candidate", reason="I took another offer")
    await interview.forward(timedelta(hours=12))


async def swapped_and_swapped_back(interview: Running) -> None:
    """Grace is replaced by Edsger and comes back; then Linus declines, nobody stands in, and Edsger is found."""
    await to_booking(interview)
    await interview.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")
    await interview.send("replace_interviewer", by="coordinator", whom="i3", person="grace")
    await interview.send("respond_to_seat", by="i2", answer="declined", reason="on leave")
    await interview.happened("reschedule_requested")
    await interview.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    await interview.happened("exchange_lapsed")
    await interview.forward(timedelta(hours=12))
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.forward(timedelta(hours=12))


async def negotiated(interview: Running) -> None:
    """The candidate proposes another time, the interview pauses, and they say when they are free."""
    last = await to_offer(interview)
    view = await interview.view()
    proposed = last + timedelta(hours=2)
    await interview.send(
        "propose_other_time", by="candidate", start=proposed.isoformat(), expected_revision=view.revision
    )
    await interview.send("respond_to_seat", by="i1", answer="accepted")
    await interview.send("put_on_hold", by="coordinator", reason="the budget is discussed")
    await interview.forward(timedelta(days=2))
    await interview.send("resume", by="coordinator")
    await interview.until(lambda view: bool(view.offered))
    await interview.send("request_availability", by="coordinator")
    window = {"start": proposed.isoformat(), "end": (proposed + timedelta(days=5)).isoformat()}
    await interview.send("submit_availability", by="candidate", windows=[window])
    await interview.until(lambda view: view.slot is not None)
    await interview.forward(timedelta(hours=12))
    await interview.send("withdraw", by="candidate", reason="I took another offer")
    await interview.forward(timedelta(hours=12))


async def practised(interview: Running) -> None:
    """Started as practice: all confirm it, nothing is decided, and it is open to both at once."""
    await to_forms(interview)
    for who in ("candidate", "i1", "i2"):
        await interview.send("confirm_practice", by=who)
    card = {name: said for name, said in SCORECARD.items() if name != "recommendation"}
    for who in ("i1", "i2"):
        await interview.send("submit_evaluation", by=who, form=card)
    await interview.send("submit_evaluation", by="candidate", form=CANDIDATE_FORM)
    await interview.until(lambda view: view.status is Status.RELEASED)
    await interview.forward(timedelta(days=95))


async def disputed(interview: Running) -> None:
    """An interviewer objects to a sentence that the candidate attributed; it is taken out. A report is mailed."""
    await to_release(interview)
    item = {"author": "candidate", "what": "change"}
    await interview.send("open_dispute", by="i2", item=item, reason="I was on time")
    await interview.send(
        "rule_dispute", by="ruler", dispute=1, ruling="redacted", ruled_by="olive", reason="the log says so"
    )
    await interview.send("add_addendum", by="i1", text="she sent the missing answer the next day")
    sent = (await interview.kinds()).count("message_sent")
    await interview.send("mail_report", by="candidate")
    await interview.happened("message_sent", times=sent + 1)
    await interview.forward(timedelta(days=95))


async def cancelled_late(interview: Running) -> None:
    """The company calls it off a few hours before; the candidate says how that was."""
    start = await to_booking(interview)
    await interview.forward_to(start - timedelta(hours=5))
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.happened("calendar_cleared", times=2)
    await interview.forward(timedelta(hours=24))
    await interview.send("submit_evaluation", by="candidate", form={"form": "candidate", "overall": 2})


async def undecided(interview: Running) -> None:
    """No decision ever comes: the embargo opens numbers alone."""
    await to_decision(interview)
    await interview.forward(timedelta(days=45))
    await interview.happened("embargo_lifted")
    await interview.forward(timedelta(days=95))


# --- what reaches us by calendars and by mail ------------------------------------------------------------------------


async def told(interview: Running, kind: str, **fields: object) -> None:
    """Tell a fact, as whoever watches calendars and mailboxes does."""
    now = await interview.now()
    await interview.tell(kind, source_id=f"{kind}-{now.isoformat()}", at=now.isoformat(), **fields)


async def moved_in_calendars(interview: Running) -> None:
    """Grace drags the event and the candidate agrees; Linus deletes his; a calendar is emptied, and locks us out."""
    start = await to_booking(interview)
    view = await interview.view()
    event = {"uid": f"{view.interview}.p1", "sequence": view.sequence}
    later = start + timedelta(hours=1)
    times = {"start": later.isoformat(), "end": (later + timedelta(minutes=40)).isoformat()}
    await told(interview, "calendar_event_changed", whom="i1", **event, **times)
    await interview.happened("calendar_written", times=3)
    asked = await interview.until(lambda view: later in [slot.start for slot in view.offered])
    await interview.send("choose_slot", by="candidate", start=times["start"], expected_revision=asked.revision)
    await interview.happened("calendar_written", times=5)
    event |= {"sequence": (await interview.view()).sequence}
    await told(interview, "calendar_overlap_seen", whom="i2", overlapped=True, **event)
    await told(interview, "calendar_event_deleted", whom="i2", **event)
    await interview.happened("event_deleted")
    await interview.send("restore_event", by="coordinator", whom="i2")
    await told(interview, "calendar_access_lost", whom="i2", because="it refuses our password")
    await told(interview, "calendar_access_restored", whom="i2")
    await told(interview, "calendar_event_deleted", whom="i1", emptied=True, **event)
    await interview.happened("event_deleted", times=2)
    await interview.forward(timedelta(hours=12))
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.forward(timedelta(hours=12))


async def answered_by_mail(interview: Running) -> None:
    """Somebody says no in the candidate's name, then they do, and are silent: the time is given up. They write back."""
    await to_booking(interview)
    answer = {"whom": "candidate", "via": "mail", "sequence": (await interview.view()).sequence}
    await told(interview, "rsvp_received", **answer, answer="declined", verified=False)
    await interview.happened("answer_heard")
    await interview.forward(timedelta(hours=12))
    await told(interview, "rsvp_received", **answer, answer="declined", verified=True)
    await interview.happened("answer_heard", times=2)
    await interview.forward(timedelta(hours=36))  # a day from when they could read the question
    view = await interview.until(lambda view: bool(view.offered))
    await interview.send("choose_slot", by="candidate", start=view.offered[-1].start.isoformat())
    await interview.until(lambda view: view.slot is not None)
    answer |= {"sequence": (await interview.view()).sequence}
    later = view.offered[-1].start + timedelta(hours=1)
    await told(interview, "counter_received", **answer, start=later.isoformat(), verified=True)
    await told(interview, "words_received", whom="candidate")
    await interview.happened("words_heard")
    await interview.forward(timedelta(hours=12))
    await interview.send("withdraw", by="candidate", reason="I took another offer")
    await interview.forward(timedelta(hours=12))


async def bounced_and_corrected(interview: Running) -> None:
    """The invitation comes back: clocks stand still until somebody knows a better address, and it is sent again."""
    await to_booking(interview)
    view = await interview.view()
    invitation = f"{view.interview}/invitation/candidate/{view.sequence}.1"
    await told(interview, "message_delivered", key=invitation)
    await told(interview, "message_bounced", key=invitation, status="5.1.1", address_is_bad=True)
    await interview.happened("message_returned")
    await interview.forward(timedelta(days=2))
    sent = (await interview.kinds()).count("message_sent")
    await interview.send("update_contact", by="coordinator", email="ada.summer@example.org")
    await interview.happened("message_sent", times=sent + 1)
    await interview.send("cancel", by="coordinator", reason="the role is filled")
    await interview.forward(timedelta(hours=12))
