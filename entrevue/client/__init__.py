"""The client that backends install: start interviews, send them commands, tell them facts, read them.

Backends and workers deploy apart: the workflow is addressed by name, and whatever crosses the border is plain JSON.
Commands carry instants; a wall time and its zone are turned into one here, before anything is sent.
"""

from typing import get_args

from entrevue.client.index import Listed, Needed, Review
from entrevue.client.interview import InterviewHandle
from entrevue.client.interviews import ADDRESS, RPC_TIMEOUT, InterviewClient
from entrevue.client.trouble import NoAnswerYet, NoServer, UnknownInterview
from entrevue.interview import Fact
from entrevue.permissions import Command

__all__ = [
    "ADDRESS",
    "COMMANDS",
    "FACTS",
    "RPC_TIMEOUT",
    "InterviewClient",
    "InterviewHandle",
    "Listed",
    "Needed",
    "NoAnswerYet",
    "NoServer",
    "Review",
    "UnknownInterview",
]

COMMANDS: dict[str, type[Command]] = {model.model_fields["kind"].default: model for model in get_args(Command)}
FACTS: dict[str, type[Fact]] = {model.model_fields["kind"].default: model for model in get_args(Fact)}
"""Everything that can be sent, by the name under which it is sent."""
