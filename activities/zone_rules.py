"""Tell every open interview that zone rules have changed: the port to the open interviews, and the activity."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue
from temporalio import activity

from entrevue.contract import TIMEZONE_RULES_CHANGED
from entrevue.values import Instant, Message

# --- the open interviews ---------------------------------------------------------------------------------------------


class Page(Message):
    """Some of the open interviews, and the mark from which the next page is read; None: this was the last."""

    interviews: tuple[str, ...]
    """Their ids, as whoever started them chose to write them."""
    next: str | None = None


class OpenInterviews(Protocol):
    """Where interviews run. Any trouble that may pass is raised."""

    async def page(self, mark: str | None, *, since: Instant | None, most: int) -> Page:
        """List what is open, at most so many; with `since` only what began, or was continued, at that time or later.

        What is opened or continued while one reads page after page may be missing.
        """
        ...

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        """Tell a fact. False: the interview has ended meanwhile, or can take no more facts; trying again is no use."""
        ...


# --- the activity ----------------------------------------------------------------------------------------------------


class TellZoneRules(Message):
    """Tell one page of the open interviews that the rules are those of `tzdata` now. Its repeat is no news to them."""

    tzdata: str
    now: Instant
    """When it was noticed."""
    since: Instant | None = None
    mark: str | None = None
    most: int


class Told(Message):
    """How many were told, how many could not be, and where the next page begins; None: this was the last."""

    told: int
    untold: int
    next: str | None


class ZoneRulesActivities:
    def __init__(self, interviews: OpenInterviews) -> None:
        self._interviews = interviews

    @activity.defn(name="tell_zone_rules")
    async def tell_zone_rules(self, order: TellZoneRules) -> Told:
        """Tell one page. An interview that fails stops the page, which is then told again from its beginning."""
        page = await self._interviews.page(order.mark, since=order.since, most=order.most)
        fact = {"source_id": f"tzdata-{order.tzdata}", "at": order.now.isoformat(), "tzdata": order.tzdata}
        heard = await self._tell(page.interviews, fact)
        return Told(told=heard, untold=len(page.interviews) - heard, next=page.next)

    async def _tell(self, interviews: Sequence[str], fact: Mapping[str, JsonValue]) -> int:
        heard = 0
        for interview in interviews:
            heard += await self._interviews.tell(interview, TIMEZONE_RULES_CHANGED, fact)
            activity.heartbeat()
        return heard
