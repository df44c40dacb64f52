"""Tell every open interview, page by page, that the rules of time zones have changed: once for each tzdata."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.zone_rules import TellZoneRules, Told, ZoneRulesActivities
    from entrevue import contract

_ATTEMPT, _SILENCE = timedelta(minutes=5), timedelta(seconds=30)
_PATIENT = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=10))

_BEHIND = timedelta(minutes=1)
"""More than the server's index is ever behind."""


@dataclass(frozen=True, kw_only=True)
class NewZoneRules:
    """The rules that hold now, and how far they were told: that is carried across continue-as-new."""

    tzdata: str
    page: int = 100
    """Interviews told by one activity."""
    noticed_at: datetime | None = None
    mark: str | None = None
    second_round: bool = False
    told: int = 0
    """Of the second round, too."""
    untold: int = 0
    """Those that ended meanwhile, or could take no more facts."""


@workflow.defn(name=contract.ZONE_RULES)
class ZoneRulesWorkflow:
    """Makes two rounds, because an interview that continues as new during the first may slip through between two pages.

    The second looks only at what began, or was continued, since the first began. Whoever is told twice takes the
    second time for no news.
    """

    @workflow.run
    async def run(self, rules: NewZoneRules) -> NewZoneRules:
        """Give the same message, with its counts."""
        noticed_at = rules.noticed_at or workflow.now()
        while True:
            page = await self._tell(rules, noticed_at)
            rules = replace(
                rules,
                noticed_at=noticed_at,
                mark=page.next,
                told=rules.told + page.told,
                untold=rules.untold + page.untold,
            )
            if page.next is None and rules.second_round:
                return rules
            if page.next is None:
                rules = replace(rules, second_round=True)
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(rules)

    async def _tell(self, rules: NewZoneRules, noticed_at: datetime) -> Told:
        return await workflow.execute_activity_method(
            ZoneRulesActivities.tell_zone_rules,
            TellZoneRules(
                tzdata=rules.tzdata,
                now=noticed_at,
                since=noticed_at - _BEHIND if rules.second_round else None,
                mark=rules.mark,
                most=rules.page,
            ),
            summary=f"Tell open interviews of the zone rules of tzdata {rules.tzdata}; {rules.told} told so far",
            start_to_close_timeout=_ATTEMPT,
            heartbeat_timeout=_SILENCE,
            retry_policy=_PATIENT,
        )
