"""The port through which facts reach interviews."""

from collections.abc import Mapping
from typing import Protocol

from pydantic import JsonValue


class Interviews(Protocol):
    """Where interviews run. Any trouble that may pass is raised."""

    async def tell(self, interview: str, fact: str, payload: Mapping[str, JsonValue]) -> bool:
        """Tell a fact. False: the interview has ended, or can take no more facts; trying again is no use."""
        ...
