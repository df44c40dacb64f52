"""Before Ada: five candidates who have met Grace, played through real interviews, side by side and in few words."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from demo.embedded import Servers
from demo.playing import Playing, awake, eventually
from demo.telling import Telling
from entrevue.feedback import Told
from entrevue.learning import Profile
from entrevue.request import InterviewRequest
from entrevue.rubrics import Behaviour, CandidateForm, Competency, Rating, Scorecard, SelfPart
from entrevue.values import Code, Refused, Slot, Status

EXPECTED = {
    "candidate": Counter(offer=1, invitation=1, day_reminder=1, hour_reminder=1, form_request=1),
    "i1": Counter(invitation=1, hour_reminder=1, form_request=1),
}
"""The letters of each of them."""

_SCORECARD = Scorecard(
    ratings=(
        Rating(competency=Competency.EXPERTISE, score=3, evidence="explained their own work, and one of its limits"),
        Rating(competency=Competency.WORK_ETHIC),
        Rating(competency=Competency.COMMUNICATION, score=4, evidence="asked back before answering"),
    ),
    recommendation="no",
    strength="asked back before answering",
    growth="name one limit of your own solution",
)


@dataclass(frozen=True)
class Candidate:
    """Somebody who came before, and what they said afterwards."""

    name: str
    email: str
    zone: str
    form: CandidateForm


def _said(overall: int, *, listened: int, prepared: int, recommend: int, **more: object) -> CandidateForm:
    own = SelfPart(expectations="met" if overall < 5 else "surpassed")  # noqa: PLR2004 - the best there is
    answers = {"role_clear": 4, "respectful": 5, "heard": 4, "own": own, **more}
    return CandidateForm.model_validate(
        {"overall": overall, "listened": listened, "prepared": prepared, "recommend": recommend, **answers}
    )


CANDIDATES = (
    Candidate(
        name="Bao Tran",
        email="bao@example.org",
        zone="Europe/Lisbon",
        form=_said(
            4,
            listened=4,
            prepared=5,
            recommend=8,
            change="tell me how much time each part has",
            change_in=Behaviour.TIME,
            tick_change=True,
        ),
    ),
    Candidate(
        name="Chidi Eze",
        email="chidi@example.org",
        zone="Africa/Lagos",
        form=_said(
            5,
            listened=5,
            prepared=5,
            recommend=10,
            helped="you drew with me instead of watching me",
            helped_in=Behaviour.LISTENING,
            tick_helped=True,
        ),
    ),
    Candidate(
        name="Dunja Petrovic",
        email="dunja@example.org",
        zone="Europe/Belgrade",
        form=_said(
            3,
            listened=3,
            prepared=4,
            recommend=6,
            change="send the problem beforehand",
            change_in=Behaviour.PREPARATION,
            tick_change=True,
        ),
    ),
    Candidate(
        name="Emeka Obi",
        email="emeka@example.org",
        zone="Europe/London",
        form=_said(4, listened=4, prepared=3, recommend=7, change="less about tools", change_in=Behaviour.QUESTIONS),
    ),
    Candidate(
        name="Farah Aziz",
        email="farah@example.org",
        zone="Europe/Istanbul",
        form=_said(
            4,
            listened=5,
            prepared=4,
            recommend=9,
            helped="my questions had their own time",
            helped_in=Behaviour.TIME,
            tick_helped=True,
        ),
    ),
)


async def play(servers: Servers, telling: Telling) -> list[Playing]:
    """Act all five. Give them as they stand: released, with time for looking back still ahead."""
    telling.title("Before Ada: five candidates meet Grace")
    quiet, turn = telling.hushed(), asyncio.Lock()  # who wants the hour of another loses time
    scenes = await asyncio.gather(
        *(_play(servers, quiet, number, one, turn) for number, one in enumerate(CANDIDATES, start=1))
    )
    profile = await eventually(lambda: servers.interviews.profile("grace"), lambda seen: seen.enough, "five answers")
    _tell(telling, scenes, profile)
    return list(scenes)


async def _play(servers: Servers, telling: Telling, number: int, one: Candidate, turn: asyncio.Lock) -> Playing:
    request = InterviewRequest.model_validate(
        {
            "id": f"r7-c{30 + number}-1",
            "role": "Backend engineer",
            "candidate": {"name": one.name, "email": one.email, "zone": one.zone},
            "interviewers": ["grace"],
        }
    )
    scene = await Playing.begin(servers, telling, request)
    await scene.until(lambda view: bool(view.offered), "an offer")
    await scene.until_all_are_awake()
    await scene.letters("offer", scene.candidate)
    async with turn:
        slot = await _choose(scene, number)
    await scene.letters("invitation", *scene.people)
    await scene.pass_time(awake(slot.start - timedelta(hours=24), scene.candidate.zone), "it is the day before")
    await scene.letters("day_reminder", scene.candidate)
    await scene.pass_time(slot.start - timedelta(hours=1), "it is an hour before")
    await scene.letters("hour_reminder", *scene.people)
    await scene.pass_time(slot.start, "it is time")
    await scene.handle.start_session(by="i1")
    await scene.pass_time(slot.end, "they talk")
    await scene.handle.end_session(by="i1")
    await scene.letters("form_request", *scene.people)
    await scene.handle.submit_evaluation(by="candidate", form=one.form)
    await scene.handle.submit_evaluation(by="i1", form=_SCORECARD)
    await scene.until(lambda view: view.status is Status.AWAITING_DECISION, "the first gate")
    told = Told(by="Mary Oduya", at=await scene.now(), how="phone")
    await scene.handle.record_decision(by="decision_maker", outcome="reject", process_over=True, told=told)
    await scene.until(lambda view: view.status is Status.RELEASED, "the second gate")
    return scene


async def _choose(scene: Playing, number: int) -> Slot:
    """Take the `number`-th offered time, or one of a fresh offer where somebody was faster."""
    soonest = await scene.now() + timedelta(hours=36)  # so that the reminder of the day before is still due
    while True:
        view = await scene.until(lambda view: any(slot.start > soonest for slot in view.offered), "a time to choose")
        far = [slot for slot in view.offered if slot.start > soonest]
        slot = far[(number - 1) % len(far)]
        try:
            await scene.handle.choose_slot(by="candidate", start=slot.start)
        except Refused as refused:
            if refused.code is not Code.SLOT_UNAVAILABLE:
                raise
        else:
            return slot


def _tell(telling: Telling, scenes: list[Playing], profile: Profile) -> None:
    names = ", ".join(scene.candidate.name for scene in scenes)
    telling.say(
        f"{names} each had an interview like the one that follows, on clocks of their own, and a form to say how it "
        "was. Four ticked a sentence that Grace may read; Emeka ticked none.",
        *_published(profile),
    )
    ticked = {text for one in CANDIDATES for text in _ticked(one.form)}
    telling.check(
        profile.candidates == len(CANDIDATES) and set(profile.said) == ticked,
        "Grace reads of five candidates together, and only sentences that they ticked",
        profile,
    )


def _ticked(form: CandidateForm) -> list[str]:
    pairs = ((form.helped, form.tick_helped), (form.change, form.tick_change))
    return [text for text, ticked in pairs if text is not None and ticked]


def _published(profile: Profile) -> list[str]:
    shown = (f"{name.replace('_', ' ')} {one.mean:.1f} (n = {one.n})" for name, one in profile.figures.items())
    figures = ", ".join(shown)
    return [f"What Grace reads of them: {figures}", *(f"“{text}”" for text in profile.said)]
