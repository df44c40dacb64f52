"""A post office and an outbox in memory, for tests and for trying things out."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from activities.mail import Begun, Delivered, Handover, KeyReused, PostUnavailable, PostUnsure, Rejected


@dataclass(frozen=True)
class Posted:
    raw: bytes
    sender: str
    recipient: str


class MemoryPost:
    """Keeps what it is given in `letters`. What `next_time` holds happens first: an answer, or trouble."""

    def __init__(self) -> None:
        self.letters: list[Posted] = []
        self.next_time: deque[Rejected | PostUnavailable | PostUnsure] = deque()

    async def send(self, raw: bytes, *, sender: str, recipient: str) -> Delivered | Rejected:
        match self.next_time.popleft() if self.next_time else None:
            case Rejected() as refusal:
                return refusal
            case PostUnavailable() as trouble:
                raise trouble
            case PostUnsure() as trouble:
                self.letters.append(Posted(raw, sender, recipient))  # as in the worst case: it did arrive
                raise trouble
            case None:
                self.letters.append(Posted(raw, sender, recipient))
                return Delivered()


@dataclass(frozen=True, kw_only=True)
class Row:
    message_id: str
    digest: str
    state: Handover
    since: datetime
    changed: datetime
    refusal: Rejected | None = None


class MemoryOutbox:
    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}

    async def begin(self, key: str, *, message_id: str, digest: str, now: datetime) -> Begun:
        row = self.rows.get(key)
        if row and row.digest != digest:
            raise KeyReused(key)
        if row is None or row.state is Handover.PREPARED:
            since = row.since if row else now
            self.rows[key] = Row(message_id=message_id, digest=digest, state=Handover.SENDING, since=since, changed=now)
        return Begun(earlier=row.state, refusal=row.refusal) if row else Begun(earlier=None)

    async def key_of(self, message_id: str) -> str | None:
        return next((key for key, row in self.rows.items() if row.message_id == message_id), None)

    async def finish(self, key: str, state: Handover, *, now: datetime, refusal: Rejected | None = None) -> None:
        row = self.rows[key]
        if row.state is not Handover.ACCEPTED:
            self.rows[key] = Row(
                message_id=row.message_id,
                digest=row.digest,
                state=state,
                since=row.since,
                changed=now,
                refusal=refusal,
            )
