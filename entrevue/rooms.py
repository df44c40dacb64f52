"""An interview's own room at Google Meet or Microsoft Teams: asked for when the directory has answered, and kept."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from entrevue.orders import MakeRoom, RoomMade, RoomsAt
from entrevue.values import Message

if TYPE_CHECKING:
    from entrevue.interview import Interview

_USED = timedelta(days=60)
"""After the opening, about. Providers let rooms lapse that nobody has entered; from their time on they give weeks."""

KIND = "room"
"""What keys of orders for a room say."""


class RoomGiven(Message):
    """Here people meet from now on. `sequence`: of the version by which those hear of it who were told the time."""

    kind: Literal["room_given"] = "room_given"
    link: str
    sequence: int | None = None


def lacking(interview: "Interview") -> RoomsAt | None:
    """Say who is to be asked for a room; None where it takes place somewhere else, has one, or needs none any more."""
    organisation, request = interview.people.organisation, interview.request
    if organisation is None or interview.closed is not None or interview.session.started_at is not None:
        return None
    link = request.conference_link or request.location or organisation.conference_link or interview.room
    return None if link else organisation.rooms


def key(interview: "Interview", rooms: RoomsAt) -> str:
    return f"{interview.id}/{KIND}/{rooms}/1.1"


def order(interview: "Interview", now: datetime) -> MakeRoom | None:
    rooms = lacking(interview)
    if rooms is None:
        return None
    return MakeRoom(
        key=key(interview, rooms),
        lane=KIND,
        interview=interview.id,
        now=now,
        rooms=rooms,
        at=interview.opened_at + _USED,
    )


def answered(answer: RoomMade, interview: "Interview") -> list[RoomGiven]:
    """A room that comes when there is a place already stays empty."""
    return [given(interview, answer.link)] if lacking(interview) is not None else []


def given(interview: "Interview", link: str) -> RoomGiven:
    scheduling = interview.scheduling
    stands = scheduling.shown is not None and not scheduling.shown.cancelled
    return RoomGiven(link=link, sequence=scheduling.next_sequence if stands else None)
