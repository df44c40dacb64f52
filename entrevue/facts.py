"""What every fact carries: something that the world tells, by a signal; it cannot be refused, only judged."""

from typing import Annotated

from pydantic import Field

from entrevue.values import Instant, Message


class AFact(Message):
    """Something the world tells. `source_id` is the source's own id of it: a repeat is no news."""

    source_id: Annotated[str, Field(min_length=1, max_length=200)]
    at: Instant
    """When it happened, by the source's clock; judged, and never later than when it reached us."""
