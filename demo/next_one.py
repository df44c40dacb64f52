"""The interview after Ada's: what Grace was told before hers, and what she is told now. It waits for its people."""

from collections import Counter
from datetime import timedelta

from demo.embedded import Servers
from demo.playing import Playing, awake
from demo.telling import Telling, in_zones
from entrevue.letters import Brief
from entrevue.request import InterviewRequest
from entrevue.values import Status

REQUEST = InterviewRequest.model_validate(
    {
        "id": "r7-c43-1",
        "role": "Backend engineer",
        "candidate": {"name": "Noor Haddad", "email": "noor@example.org", "zone": "Europe/Paris"},
        "interviewers": ["grace"],
    }
)
EXPECTED = {
    "candidate": Counter(offer=1, invitation=1, day_reminder=1, hour_reminder=1),
    "i1": Counter(invitation=1, hour_reminder=1),
}


async def play(servers: Servers, telling: Telling, before: Brief) -> Playing:
    """Act until an hour before the session; `before` is the brief that Grace had for Ada's."""
    telling.title("The next interview: what Grace brings to it")
    scene = await Playing.begin(servers, telling, REQUEST)
    await scene.until(lambda view: bool(view.offered), "an offer")
    await scene.until_all_are_awake()
    await scene.letters("offer", scene.candidate)
    slot = (await scene.handle.view("candidate")).offered[-1]
    await scene.handle.choose_slot(by="candidate", start=slot.start)
    await scene.tell(
        f"Noor Haddad meets Grace for the same role: {in_zones(slot.start, [one.zone for one in scene.people])}"
    )
    await scene.letters("invitation", *scene.people)
    await scene.pass_time(awake(slot.start - timedelta(hours=24), scene.candidate.zone), "it is the day before")
    await scene.letters("day_reminder", scene.candidate)
    await scene.pass_time(slot.start - timedelta(hours=1), "it is an hour before")
    (reminder,) = await scene.letters("hour_reminder", scene["i1"])
    await scene.letters("hour_reminder", scene.candidate)
    await scene.tell_of([reminder])
    after = (await scene.handle.view("i1")).brief
    if after is None:
        raise AssertionError("Grace has no brief")
    await scene.tell("Her brief, for her own eyes. Before Ada, and now:")
    scene.side_by_side("before Ada", "now", list(zip(_ROWS, _column(before), _column(after), strict=True)))
    text = " ".join(reminder.text.split())
    tried = after.improvement.text if after.improvement else None
    scene.check(
        before.improvement is None and tried is not None and tried in text,
        "What Grace took home from Ada's interview is in the reminder of the next one",
        tried,
    )
    scene.check(
        (before.said, before.themes) == (after.said, after.themes),
        "Ada's answers alone change no figure and no quoted sentence: the next four are awaited",
        after,
    )
    status = (await scene.handle.view("coordinator")).status
    scene.check(status is Status.SCHEDULED, f"{scene.handle.id} waits for its people", status)
    scene.outcome(f"The next one: {scene.handle.id} is {status}, an hour before it begins.")
    return scene


_ROWS = ("I want to try", "candidates say", "themes")


def _column(brief: Brief) -> tuple[str, ...]:
    themes = ", ".join(f"{one.theme}: {one.helped} helped, {one.change} change" for one in brief.themes)
    return (
        brief.improvement.text if brief.improvement else "nothing chosen yet",
        " / ".join(f"“{one}”" for one in brief.said) or "not enough answers yet",
        themes or "not enough answers yet",
    )
