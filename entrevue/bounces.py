"""Letters that came back after a mail server had taken them, and receipts from further on.

An address that does not exist makes the candidate's clocks stand still until somebody corrects it; a reminder that came
back never cancels anything. What may have passed by tomorrow is tried once more (lifecycle, section 8; reference:
calendars and mail, 4.9).
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from entrevue.answers import AnswerAsked
from entrevue.civil import waking
from entrevue.effects import (
    EffectsEvent,
    MailFact,
    MessageBounced,
    MessageDelivered,
    MessageRetried,
    MessageReturned,
    MessageSent,
    Posted,
    started_clock,
)
from entrevue.scheduling import OfferDelivered
from entrevue.values import CANDIDATE

if TYPE_CHECKING:
    from entrevue.interview import Interview

_A_DAY = timedelta(days=1)


def judge(fact: MailFact, interview: "Interview", now: datetime) -> list[EffectsEvent | OfferDelivered | AnswerAsked]:
    """A fact cannot be refused, only judged: about a letter that we never sent, or that is outdated, it is no news."""
    posted = interview.effects.messages.get(fact.key)
    if posted is None or posted.outdated or posted.returned:
        return []
    match fact:
        case MessageBounced():
            return _bounced(fact, posted, interview, now) if posted.was in ("queued", "sent", "unsure") else []
        case MessageDelivered(key=key):
            news = posted.was in ("queued", "unsure") and not _is_to_old_address(interview, posted)
            return [MessageSent(key=key), *started_clock(key, interview, now)] if news else []
        case _:
            assert_never(fact)


def _bounced(
    fact: MessageBounced, posted: Posted, interview: "Interview", now: datetime
) -> list[EffectsEvent | OfferDelivered | AnswerAsked]:
    old_address, base = _is_to_old_address(interview, posted), fact.key.rpartition(".")[0]
    is_current = interview.effects.key(base) == fact.key
    if old_address and not is_current:
        return []
    may_pass = not fact.address_is_bad and fact.status.startswith("4.")
    again = may_pass and is_current and not old_address and base not in interview.effects.retried
    return [
        MessageReturned(
            key=fact.key,
            status=fact.status,
            address_is_bad=fact.address_is_bad,
            again_at=waking(now + _A_DAY, interview.people.clock(posted.whom)) if again else None,
            old_address=old_address,
        )
    ]


def _is_to_old_address(interview: "Interview", posted: Posted) -> bool:
    return posted.whom == CANDIDATE and posted.address < interview.effects.addresses


def deadlines(interview: "Interview") -> list[tuple[datetime, list[EffectsEvent]]]:
    """The next day a letter that came back for a while is owed once more, unless somebody has sent it again."""
    effects = interview.effects
    return [
        (posted.again_at, [MessageRetried(key=key)])
        for key, posted in effects.messages.items()
        if posted.again_at is not None and not posted.outdated and effects.key(key.rpartition(".")[0]) == key
    ]
