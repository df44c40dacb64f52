"""What the candidate agreed to, in layers, each given and taken back on its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, assert_never

from entrevue.values import Actor, Code, Intake, Message, Refused

if TYPE_CHECKING:
    from entrevue.interview import Interview

Layer = Literal["feedback", "reminders"]

ASKED: Mapping[Layer, str] = {
    "feedback": (
        "I would like feedback on this interview. Someone at the company first reads what the interviewers wrote for "
        "me, and decides what to pass on. I decide whether to open it, and when. It holds no scores, and it changes "
        "nothing about the decision. I can change my mind until I have opened it."
    ),
    "reminders": (
        "Please remind me by mail, twice: a few days after the decision, to look back, and a month later, to see "
        "whether it helped. I can change my mind at any time."
    ),
}
"""What the candidate reads before they agree; the same words in every mail, page and view."""


def offered(interview: "Interview") -> list[tuple[Layer, str]]:
    """Give the layers, and their words; what the organisation does not give is not asked."""
    return [(layer, words) for layer, words in ASKED.items() if layer != "feedback" or interview.policy.feedback]


class GiveConsent(Intake):
    kind: Literal["give_consent"] = "give_consent"
    by: Actor
    layer: Layer


class RevokeConsent(Intake):
    kind: Literal["revoke_consent"] = "revoke_consent"
    by: Actor
    layer: Layer


class ConsentGiven(Message):
    kind: Literal["consent_given"] = "consent_given"
    layer: Layer


class ConsentRevoked(Message):
    kind: Literal["consent_revoked"] = "consent_revoked"
    layer: Layer


PrivacyCommand = GiveConsent | RevokeConsent
PrivacyEvent = ConsentGiven | ConsentRevoked


@dataclass(frozen=True, kw_only=True)
class Privacy:
    consents: dict[str, datetime] = field(default_factory=dict)


def decide(command: PrivacyCommand, interview: "Interview") -> list[PrivacyEvent]:
    given = command.layer in interview.privacy.consents
    match command:
        case GiveConsent(layer=layer):
            if layer == "feedback" and not interview.policy.feedback:
                raise Refused(Code.INVALID_STATE, "layer: this organisation gives no reviewed feedback")
            return [] if given else [ConsentGiven(layer=layer)]
        case RevokeConsent(layer=layer):
            if layer == "feedback" and interview.feedback.opened_at is not None:
                raise Refused(Code.ALREADY_RELEASED, "layer: the feedback has been opened already")
            return [ConsentRevoked(layer=layer)] if given else []
        case _:
            assert_never(command)


def evolve(state: Privacy, event: PrivacyEvent, at: datetime) -> Privacy:
    match event:
        case ConsentGiven(layer=layer):
            return replace(state, consents={**state.consents, layer: at})
        case ConsentRevoked(layer=layer):
            return replace(state, consents={name: when for name, when in state.consents.items() if name != layer})
        case _:
            assert_never(event)
