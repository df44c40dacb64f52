"""A year of an organisation, scripted: who meets whom, what they say afterwards, and what becomes of it.

`script` is chance with a seed; `play` acts one visit through the real workflow. Visits of one *wave* share nobody, so
they go side by side, and what an interviewer learns comes in the order of the waves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from entrevue.rubrics import Behaviour
from entrevue.values import CANDIDATE, Status
from tests.workflows.stage import Running, Stage, eventually

INTERVIEWERS = ("grace", "linus", "edsger", "barbara", "alan", "radia", "ken", "frances")
VISITS = 60
BETWEEN = timedelta(days=30)
"""From one wave to the next."""

Kind = Literal["usual", "practice", "late_cancel", "undecided", "withdrawn"]

_ANSWERS = ("role_clear", "prepared", "listened", "respectful", "heard")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One interview of the year."""

    n: int
    wave: int
    kind: Kind
    candidate: str
    panel: tuple[str, ...]
    form: dict[str, object] | None
    """The candidate's; None: they never hand one in."""
    acted: dict[str, str]
    """By interviewer who has something open to try: whether they did, told in this form."""
    to_try: dict[str, str]
    """By interviewer: what they want to try next time."""
    dispute: Literal["dismissed", "excluded", "redacted"] | None = None
    """What comes of the lead's objection to the sentence about what should change; only if it was attributed."""
    preview: int | None = None
    """The candidate joined, and says how honest the preview was."""

    @property
    def id(self) -> str:
        return f"y{self.n:02d}"


def script(seed: int) -> list[Visit]:
    """Give the year's visits, wave by wave."""
    chance = Random(seed)  # noqa: S311 - a scripted year, not a secret
    visits: list[Visit] = []
    trying: set[str] = set()
    wave = 0
    while len(visits) < VISITS:
        for panel in _panels(chance):
            if len(visits) == VISITS:
                break
            visits.append(_visit(chance, len(visits) + 1, wave, panel, trying))
        trying |= {who for visit in visits if visit.wave == wave for who in visit.to_try}
        trying -= {who for visit in visits if visit.wave == wave for who in visit.acted if who not in visit.to_try}
        wave += 1
    return visits


def _panels(chance: Random) -> Iterator[tuple[str, ...]]:
    people = list(INTERVIEWERS)
    chance.shuffle(people)
    while people:
        size = 2 if len(people) > 1 and chance.random() < 0.35 else 1
        yield tuple(people.pop() for _ in range(size))


def _visit(chance: Random, n: int, wave: int, panel: tuple[str, ...], trying: set[str]) -> Visit:
    kind: Kind = "usual"
    rare: dict[int, Kind] = {7: "practice", 19: "late_cancel", 28: "undecided", 33: "withdrawn", 46: "practice"}
    kind = rare.get(n, kind)
    candidate = f"c{n:02d}" if n % 12 else f"c{n - 5:02d}"  # some come twice
    form = _form(chance, n, panel) if kind in ("practice", "late_cancel") or chance.random() < 0.9 else None
    attributed = form is not None and form.get("share") == "attributed" and "change" in form
    held = kind in ("usual", "withdrawn")
    return Visit(
        n=n,
        wave=wave,
        kind=kind,
        candidate=candidate,
        panel=panel,
        form=form,
        acted={who: chance.choice(("yes", "partly", "no")) for who in panel if who in trying} if held else {},
        to_try={who: f"{who} tries {n:02d}" for who in panel if chance.random() < 0.4} if held else {},
        dispute=chance.choice(("dismissed", "excluded", "redacted")) if attributed and kind == "usual" else None,
        preview=chance.randint(2, 5) if kind == "usual" and chance.random() < 0.15 else None,
    )


def _form(chance: Random, n: int, panel: tuple[str, ...]) -> dict[str, object]:
    """Candidates who felt heard say so in most of their answers; some leave answers out."""
    mood = chance.choice((2, 3, 4, 4, 5))
    form: dict[str, object] = {
        "form": "candidate",
        "overall": mood,
        "recommend": min(10, 2 * mood + chance.randint(-1, 1)),
    }
    for name in _ANSWERS:
        if chance.random() < 0.9:
            form[name] = min(5, max(1, mood + chance.randint(-1, 1)))
    form["share"] = chance.choices(("aggregated", "attributed", "company_only"), (7, 2, 1))[0]
    for what in ("helped", "change"):
        if chance.random() < 0.6:
            form[what] = f"{what} of {n:02d}"
            form[f"{what}_in"] = chance.choice(list(Behaviour)).value
            form[f"tick_{what}"] = form["share"] == "aggregated" and chance.random() < 0.6
    if ("helped" in form or "change" in form) and chance.random() < 0.3:
        form["about"] = f"i{chance.randint(1, len(panel))}"
    if chance.random() < 0.8:
        form["own"] = {"expectations": chance.choice(("missed", "met", "met", "surpassed"))}
    return form


# --- playing ---------------------------------------------------------------------------------------------------------


async def play(stage: Stage, visit: Visit, begins: datetime) -> Running:
    """Act one visit to where nothing more is learned from it."""
    running = await stage.start(
        id=visit.id,
        candidate={
            "id": visit.candidate,
            "name": "Ada Summer",
            "email": f"{visit.id}@example.org",
            "zone": "Europe/Berlin",
        },
        interviewers=list(visit.panel),
        practice=visit.kind == "practice",
        earliest=(begins + visit.wave * BETWEEN).isoformat(),
    )
    view = await running.until(lambda view: bool(view.offered))
    slot = view.offered[visit.n % len(view.offered)]
    await running.send("choose_slot", by="coordinator", start=slot.start.isoformat())
    await running.forward_to(slot.start - timedelta(hours=23))
    if visit.kind == "late_cancel":
        await running.send("cancel", by="coordinator", reason="the role is filled")
        await running.send("submit_evaluation", by=CANDIDATE, form=visit.form)
        return running
    if visit.kind != "practice":
        await running.happened("briefs_gathered")
    await running.forward_to(slot.start)
    await running.send("start_session", by="i1")
    await running.forward_to(slot.end)
    await running.send("end_session", by="i1")
    await _evaluate(running, visit)
    await _release(running, visit)
    await _look_back(running, visit)
    return running


async def _evaluate(running: Running, visit: Visit) -> None:
    if visit.kind == "practice":
        for who in (CANDIDATE, *_seats(visit)):
            await running.send("confirm_practice", by=who)
    for who, person in zip(_seats(visit), visit.panel, strict=True):
        form: dict[str, object] = {
            "form": "scorecard",
            "ratings": [{"competency": "expertise", "score": 3, "evidence": f"evidence of {visit.id}"}],
            "strength": f"strength of {visit.id}",
            "growth": f"growth of {visit.id}",
        }
        if visit.kind != "practice":
            form["recommendation"] = "yes"
        if person in visit.acted:
            form["own"] = {"acted": visit.acted[person], "acted_helped": "yes"}
        await running.send("submit_evaluation", by=who, form=form)
    if visit.form is not None:
        await running.send("submit_evaluation", by=CANDIDATE, form=visit.form)
    else:
        await running.forward(timedelta(days=8))


def _seats(visit: Visit) -> list[str]:
    return [f"i{n}" for n in range(1, len(visit.panel) + 1)]


async def _release(running: Running, visit: Visit) -> None:
    match visit.kind:
        case "practice":
            pass
        case "undecided":
            await running.until(lambda view: view.status is Status.AWAITING_DECISION)
            await running.forward(timedelta(days=45))
            await running.happened("embargo_lifted")
            return
        case "withdrawn":
            await running.until(lambda view: view.status is Status.AWAITING_DECISION)
            await running.send("withdraw", by=CANDIDATE, reason="another offer")
        case _:
            await running.until(lambda view: view.status is Status.AWAITING_DECISION)
            told = {"by": "Mary Oduya", "at": (await running.now()).isoformat(), "how": "phone"}
            outcome = "reject" if visit.preview is None else "offer_accepted"
            await running.send("record_decision", by="decision_maker", outcome=outcome, process_over=True, told=told)
    await running.until(lambda view: view.status is Status.RELEASED)


async def _look_back(running: Running, visit: Visit) -> None:
    if visit.kind == "undecided":
        return
    for who, person in zip(_seats(visit), visit.panel, strict=True):
        if person in visit.to_try:
            await running.send("submit_reflection", by=who, text="as it was", will_try=visit.to_try[person])
    if visit.dispute is not None:
        await _dispute(running, visit.dispute, visit)
    if visit.preview is not None:
        await running.send("record_outcome", by=CANDIDATE, joined=True, preview_honest=visit.preview)


async def _dispute(running: Running, ruling: str, visit: Visit) -> None:
    about = (visit.form or {}).get("about") or "i1"
    item = {"author": CANDIDATE, "what": "change"}
    await running.send("open_dispute", by=about, item=item, reason="it was not me")
    await running.send(
        "rule_dispute", by="ruler", dispute=1, ruling=ruling, ruled_by="somebody-else", reason="I asked both"
    )


async def learned(stage: Stage, running: Running) -> None:
    """Wait until the journal holds all that happened: what is learned is written with it."""
    kinds = await running.kinds()

    async def kept() -> int:
        return len(await stage.journal.read(running.handle.id.removeprefix("interview/")))

    wanted = max(n for n, kind in enumerate(kinds, start=1) if not kind.startswith(("message_", "calendar_")))
    await eventually(kept, lambda count: count >= wanted)
