"""Scene two: an interview that is booked, moved at the candidate's wish, and called off by the company."""

from collections import Counter
from datetime import datetime, timedelta

from demo import looking
from demo.embedded import Servers
from demo.playing import Playing, awake
from demo.telling import Telling, city, in_zones
from entrevue.request import InterviewRequest
from entrevue.values import Slot, Status

REQUEST = InterviewRequest.model_validate(
    {
        "id": "r9-c7-1",
        "role": "Platform engineer",
        "candidate": {"name": "Tarsila Moreira", "email": "tarsila@example.org", "zone": "America/Sao_Paulo"},
        "interviewers": ["grace", "edsger"],
        "policy": {"horizon_days": 28},  # so far ahead that no reminder falls due before it is called off
    }
)
EXPECTED = {
    "candidate": Counter(offer=2, invitation=2, cancellation=1),
    "interviewer": Counter(invitation=2, cancellation=1),
}
"""The letters of this scene."""


async def play(servers: Servers, telling: Telling) -> Playing:
    """Act everybody, through the public client only."""
    telling.title("Scene two: plans change")
    scene = await Playing.begin(servers, telling, REQUEST)
    names = " and ".join(person.first_name for person in scene.panel)
    await scene.tell(
        f"The backend asks for interview {scene.handle.id}: {scene.candidate.name} from {city(scene.candidate.zone)} "
        f"meets {names}, whose day in {city(scene.panel[-1].zone)} begins when Grace's is nearly over."
    )
    first = await _book(scene)
    await _move(scene, first)
    await _call_off(scene)
    _check_invitations(scene)
    return scene


async def _book(scene: Playing) -> Slot:
    view = await scene.until(lambda view: bool(view.offered), "an offer")
    await scene.tell(
        "Times at which everybody is free:",
        *(in_zones(slot.start, [one.zone for one in scene.people]) for slot in view.offered),
    )
    await scene.until_all_are_awake()
    await scene.tell_of(await scene.letters("offer", scene.candidate))
    slot = view.offered[-1]
    receipt = await scene.handle.choose_slot(by="candidate", start=slot.start)
    await scene.tell(f"Tarsila chooses {in_zones(slot.start, [scene.candidate.zone])}: {receipt.status}.")
    await scene.tell_of(await scene.letters("invitation", *scene.people))
    await scene.check_calendars(slot, version=0, when="Booked")
    return slot


async def _move(scene: Playing, first: Slot) -> None:
    await scene.pass_time(await _tomorrow(scene), "a day goes by")
    receipt = await scene.handle.request_reschedule(by="candidate", reason="my train does not run on that day")
    view = await scene.until(lambda view: bool(view.offered), "a new offer")
    await scene.tell(
        f"Tarsila asks for another time: {receipt.status}. The old one stays hers until there is a new one."
    )
    held = looking.claims(scene.servers, scene.handle.id)
    scene.check(held == ["edsger", "grace"], "While a new time is looked for, the old one is still held", held)
    await scene.tell_of(await scene.letters("offer", scene.candidate, times=2))
    on_another_day = [slot for slot in view.offered if slot.start.date() != first.start.date()]
    slot = (on_another_day or view.offered)[-1]
    receipt = await scene.handle.choose_slot(by="candidate", start=slot.start)
    await scene.tell(f"She chooses {in_zones(slot.start, [scene.candidate.zone])}: {receipt.status} again.")
    await scene.tell_of(await scene.letters("invitation", *scene.people, times=2))
    await scene.check_calendars(slot, version=1, when="Moved")
    await scene.happened("time_given_back")
    held = looking.claims(scene.servers, scene.handle.id)
    scene.check(
        slot.start != first.start and held == ["edsger", "grace"],
        "Moved: only the new time is held, once for each interviewer",
        held,
    )


async def _call_off(scene: Playing) -> None:
    await scene.pass_time(await _tomorrow(scene), "another day goes by")
    await scene.handle.cancel(by="coordinator", reason="the role was filled from inside the company")
    ended = await scene.handle.result()
    await scene.tell(f"The company calls it off, and says why: {ended.status}.")
    await scene.tell_of(await scene.letters("cancellation", *scene.people))
    left = {person.first_name: len(await scene.in_calendar(person)) for person in scene.panel}
    await scene.tell("In the calendars: " + ", ".join(f"{name} {count or 'nothing'}" for name, count in left.items()))
    scene.check(not any(left.values()), "Called off: the calendars are empty of it again", left)
    held = looking.claims(scene.servers, scene.handle.id)
    scene.check(not held, "Called off: the ledger holds nobody's time any more", held)
    scene.check(ended.status is Status.CANCELLED, "Scene two ends CANCELLED", ended.status)
    scene.outcome(f"Scene two: {ended.interview} is {ended.status}. It was booked, moved once, and called off.")


def _check_invitations(scene: Playing) -> None:
    """Hold what the mails said to calendars against what iTIP (RFC 5546) asks."""
    letters = looking.letters(scene.servers, scene.handle.id)
    said = [letter.calendar for letter in letters if letter.calendar is not None]
    events = [(str(one["METHOD"]), str(one.events[0]["UID"]), one.events[0].sequence) for one in said]
    uid = f"{scene.handle.id}.c1"
    scene.check(
        events == [("REQUEST", uid, 0), ("REQUEST", uid, 1), ("CANCEL", uid, 2)],
        "Tarsila's calendar was told thrice: one UID, a rising SEQUENCE, a CANCEL at the end",
        events,
    )
    invited = {letter.address for letter in letters if letter.kind == "invitation"}
    cancelled = {letter.address for letter in letters if letter.kind == "cancellation"}
    scene.check(
        cancelled == invited == {person.address for person in scene.people},
        "The cancellation went to those who had been invited, and to nobody else",
        cancelled ^ invited,
    )


async def _tomorrow(scene: Playing) -> datetime:
    return awake(await scene.now() + timedelta(hours=20), *(person.zone for person in scene.people))
