"""A mailbox in memory, for tests and for trying things out: it reads mails as the real one does."""

from datetime import datetime

from activities.mailbox import Batch, MailboxRefused, MailboxUnavailable, Mark, Place
from adapters.mail.reading import read_mail

_FOLDER = "INBOX"


class MemoryMailbox:
    """What lies in it is `mails`, oldest first. `trouble` is raised as long as it is set."""

    def __init__(self, *, authserv_id: str | None = None) -> None:
        self.mails: list[tuple[bytes, datetime]] = []
        self.validity = 1
        self.trouble: MailboxUnavailable | MailboxRefused | None = None
        self._server = authserv_id

    def deliver(self, raw: bytes, arrived: datetime) -> None:
        self.mails.append((raw, arrived))

    async def since(self, mark: Mark, most: int) -> Batch:
        if self.trouble:
            raise self.trouble
        last = next((place.last for place in mark if place.validity == self.validity), 0)
        new = self.mails[last : last + most]
        mails = tuple(
            read_mail(raw, place=f"{_FOLDER}/{self.validity}/{uid}", arrived=arrived, server=self._server)
            for uid, (raw, arrived) in enumerate(new, start=last + 1)
        )
        place = Place(folder=_FOLDER, validity=self.validity, last=last + len(new))
        return Batch(mails=mails, mark=(place,), more=place.last < len(self.mails))
