"""All scenes of the demo in their order, and what is checked when they are over."""

from demo import changes, checks, earlier, next_one, story
from demo.checks import Played
from demo.embedded import Servers
from demo.telling import Telling
from entrevue.values import Status


async def play(servers: Servers, telling: Telling) -> list[Played]:
    """Play them all. What does not hold is told, and remembered by the telling."""
    before = await earlier.play(servers, telling)
    first = await story.play(servers, telling)
    waiting = await next_one.play(servers, telling, first.brief)
    await story.conclude(first)
    second = await changes.play(servers, telling)
    played = [Played(one, earlier.EXPECTED, Status.RELEASED) for one in before]
    played += [
        Played(first.scene, story.EXPECTED, Status.COMPLETED),
        Played(waiting, next_one.EXPECTED, Status.SCHEDULED),
        Played(second, changes.EXPECTED, Status.CANCELLED),
    ]
    await checks.check(servers, telling, played)
    return played
