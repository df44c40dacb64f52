"""Scene two: an interview that is booked, moved, dragged, given another interviewer, and called off by the company."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from demo import looking
from demo.embedded import Servers
from demo.looking import Letter
from demo.playing import Person, Playing, awake
from demo.telling import Telling, city, in_zones, words
from entrevue.request import InterviewRequest
from entrevue.values import CANDIDATE, Slot, Status

REQUEST = InterviewRequest.model_validate(
    {
        "id": "r9-c7-1",
        "role": "Platform engineer",
        "candidate": {"name": "Tarsila Moreira", "email": "tarsila@example.org", "zone": "America/Sao_Paulo"},
        "interviewers": ["grace", {"person": "edsger", "pool": "system-design"}],
        "policy": {"horizon_days": 28},  # so far ahead that no reminder falls due before it is called off
    }
)
EXPECTED = {
    "candidate": Counter(offer=3, invitation=4, cancellation=1),
    "i1": Counter(invitation=3, calendar_notice=1, cancellation=1),
    "i2": Counter(invitation=3, cancellation=1),
    "i3": Counter(invitation=1, cancellation=1),
}
"""The letters of this scene. Grace is not written to about a colleague: she sees it in her calendar."""

_NOTICED = timedelta(minutes=15)


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
    second, third = await _move(scene, first)
    await _drag(scene, second, third)
    await _replace(scene, third)
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


async def _move(scene: Playing, first: Slot) -> tuple[Slot, Slot]:
    """Give what she chose, and what she could have chosen: another time at which everybody is free."""
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
    another = [one for one in view.offered if one != slot][-1]
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
    return slot, another


async def _drag(scene: Playing, slot: Slot, another: Slot) -> None:
    grace = scene["i1"]
    await scene.servers.diaries[grace.login].move(f"{scene.handle.id}.p1", another.start)
    await scene.tell(
        f"{grace.first_name} drags the event in her own calendar program to {in_zones(another.start, [grace.zone])}."
    )
    await scene.watcher_passes(grace, _NOTICED)
    view = await scene.until(lambda view: bool(view.offered), "the question to the candidate", CANDIDATE)
    await scene.tell("So she has proposed that time. The booked one goes back, and both sides are told:")
    await scene.tell_of(await scene.letters("calendar_notice", grace))
    await scene.tell_of(await scene.letters("offer", scene.candidate, times=3))
    await scene.happened("calendar_written", times=5)
    await scene.check_calendars(slot, version=1, when="Dragged")
    scene.check(
        [one.start for one in view.offered] == [another.start],
        f"Dragged: within {words(_NOTICED)} Tarsila is asked for the time that Grace has dragged it to",
        view.offered,
    )
    await scene.handle.choose_slot(by="candidate", start=another.start)
    await scene.tell("Tarsila can come then, too: now it moves, for everybody.")
    await scene.tell_of(await scene.letters("invitation", *scene.people, times=3))
    await scene.check_calendars(another, version=2, when="Agreed")
    await scene.happened("time_given_back", times=2)


async def _replace(scene: Playing, slot: Slot) -> None:
    await scene.pass_time(await _tomorrow(scene), "another day goes by")
    await scene.handle.respond_to_seat(by="i2", answer="declined", reason="a workshop on that day")
    await scene.happened("panel_changed")
    await scene.see_who_sits()
    leaver, stand_in = scene["i2"], scene["i3"]
    await scene.tell(
        f"{leaver.first_name} declines. Of the pool that was asked, {stand_in.first_name} is free then and has the "
        f"least to do: the seat is {stand_in.first_name}'s, and the time stays."
    )
    await scene.tell_of(await scene.letters("cancellation", leaver))
    await scene.tell_of(
        await scene.letters("invitation", stand_in), lambda _: ", with an event: there is no calendar of hers here"
    )
    told = await scene.letters("invitation", scene.candidate, times=4)
    await scene.tell_of(told, lambda _: f", which names {stand_in.first_name}")
    await scene.happened("calendar_cleared")
    await scene.check_calendars(slot, version=3, when="Declined")
    text = told[0].text
    scene.check(
        stand_in.name in text and leaver.name not in text,
        f"Tarsila reads that she meets {stand_in.first_name}, and not {leaver.first_name}",
        text,
    )
    await scene.happened("time_given_back", times=3)
    held = looking.claims(scene.servers, scene.handle.id)
    scene.check(held == ["grace", "radia"], "Declined: the stand-in's time is held, the other's is free again", held)


async def _call_off(scene: Playing) -> None:
    await scene.pass_time(await _tomorrow(scene), "one more day goes by")
    await scene.handle.cancel(by="coordinator", reason="the role was filled from inside the company")
    ended = await scene.handle.result()
    await scene.tell(f"The company calls it off, and says why: {ended.status}.")
    await scene.tell_of(await scene.letters("cancellation", scene.candidate, *scene.panel))
    left = {person.first_name: len(await scene.in_calendar(person)) for person in scene.with_calendar}
    await scene.tell("In the calendars: " + ", ".join(f"{name} {count or 'nothing'}" for name, count in left.items()))
    scene.check(not any(left.values()), "Called off: the calendars are empty of it again", left)
    held = looking.claims(scene.servers, scene.handle.id)
    scene.check(not held, "Called off: the ledger holds nobody's time any more", held)
    scene.check(ended.status is Status.CANCELLED, "Scene two ends CANCELLED", ended.status)
    scene.outcome(
        f"Scene two: {ended.interview} is {ended.status}. It was booked, moved, dragged, given a stand-in, called off."
    )


def _check_invitations(scene: Playing) -> None:
    """Hold what the mails said to calendars against what iTIP (RFC 5546) asks."""
    letters = looking.letters(scene.servers, scene.handle.id)
    tarsila, stand_in = _said(letters, scene.candidate), _said(letters, scene["i3"])
    uid = f"{scene.handle.id}.c1"
    scene.check(
        tarsila
        == [("REQUEST", uid, 0), ("REQUEST", uid, 1), ("REQUEST", uid, 2), ("REQUEST", uid, 3), ("CANCEL", uid, 4)],
        "Tarsila's calendar was told five times: one UID, a rising SEQUENCE, a CANCEL at the end",
        tarsila,
    )
    uid = f"{scene.handle.id}.p1"
    scene.check(
        stand_in == [("REQUEST", uid, 3), ("CANCEL", uid, 4)],
        f"{scene['i3'].first_name}'s calendar was told by mail, in the versions that the others' calendars held",
        stand_in,
    )
    invited = {letter.address for letter in letters if letter.kind == "invitation"}
    cancelled = {letter.address for letter in letters if letter.kind == "cancellation"}
    scene.check(
        cancelled == invited == {person.address for person in scene.people},
        "The cancellation went to those who had been invited, and to nobody else",
        cancelled ^ invited,
    )


def _said(letters: Iterable[Letter], person: Person) -> list[tuple[str, str, int]]:
    """Give what a person's mail said to their calendar: method, UID and SEQUENCE."""
    calendars = [one.calendar for one in letters if one.address == person.address and one.calendar is not None]
    return [(str(one["METHOD"]), str(one.events[0]["UID"]), one.events[0].sequence) for one in calendars]


async def _tomorrow(scene: Playing) -> datetime:
    return awake(await scene.now() + timedelta(hours=20), *(person.zone for person in scene.people))
