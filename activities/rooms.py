"""Rooms for interviews by video: who gives them, and the activity that asks for one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from temporalio import activity

from activities.calendar import CalendarRefused, calendar_trouble
from entrevue.orders import MakeRoom, RoomMade, RoomsAt
from entrevue.values import InterviewId


class Rooms(Protocol):
    """Where an interview is given a room of its own: Google Meet, or Microsoft Teams."""

    async def room(self, interview: InterviewId, at: datetime) -> str:
        """Give the link of the interview's room, made for about this time; the same however often it is asked.

        May raise `CalendarUnavailable` or `CalendarRefused`.
        """
        ...


class RoomActivities:
    def __init__(self, rooms: Mapping[RoomsAt, Rooms]) -> None:
        """`rooms`: whoever is set up to give some."""
        self._rooms = rooms

    @activity.defn(name="make_room")
    async def make_room(self, order: MakeRoom) -> RoomMade:
        with calendar_trouble():
            rooms = self._rooms.get(order.rooms)
            if rooms is None:
                raise CalendarRefused(order.rooms, _TO_SET[order.rooms])
            return RoomMade(key=order.key, link=await rooms.room(order.interview, order.at))


_TO_SET: Mapping[RoomsAt, str] = {
    "meet": "set ENTREVUE_GOOGLE__MEET_CALENDAR, or another conference_link in the directory",
    "teams": "set ENTREVUE_GRAPH__TEAMS_MAILBOX, or another conference_link in the directory",
}
