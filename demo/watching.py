"""Who was shown what, and when: every viewer looks again and again, and we note when each text first appears."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from demo.playing import Playing
from demo.telling import moment
from entrevue.values import Actor

VIEWERS: tuple[Actor, ...] = ("candidate", "i1", "i2", "decision_maker", "reviewer", "coordinator", "operator")


@dataclass(frozen=True)
class Written:
    """Something that somebody wrote, and what it is."""

    author: Actor
    what: str
    text: str


@dataclass
class Watching:
    """Looks through the only door there is, `view`, as each viewer in turn."""

    texts: tuple[Written, ...]
    seen: dict[tuple[str, Actor], datetime] = field(default_factory=dict)

    async def look(self, scene: Playing) -> None:
        """Note what each viewer can read now that they could not before."""
        now = await scene.now()
        for viewer in VIEWERS:
            shown = (await scene.handle.view(viewer)).model_dump_json()
            for one in self.texts:
                if one.text in shown:
                    self.seen.setdefault((one.text, viewer), now)

    def first_seen(self, text: str, viewer: Actor) -> datetime | None:
        return self.seen.get((text, viewer))

    def table(self, names: dict[Actor, str], zone: ZoneInfo) -> Iterable[tuple[str, str]]:
        """Give a line a text: what it is, and when who could read it first; its author could from the beginning."""
        for one in self.texts:
            readers = [
                f"{names[viewer]} {moment(at, zone)}"
                for viewer in VIEWERS
                if viewer != one.author and (at := self.first_seen(one.text, viewer)) is not None
            ]
            yield f"{names[one.author]}: {one.what}", "; ".join(readers) or "nobody else, ever"
