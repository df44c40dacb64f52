"""Rooms at Google Meet: each hangs on an event of its own that takes no time, in a calendar that is there for it.

guides/create-events, *Add video and phone conferences to events*: a room is asked for with the event, and may be
pending for a while.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from httpx2 import codes
from pydantic import BaseModel, Field, JsonValue, ValidationError

from activities.calendar import CalendarRefused, CalendarUnavailable
from adapters.google.events import id_of, parsed
from adapters.google.requests import GoogleCalendar, text
from adapters.google.times import stamp
from adapters.rest import Reply, Values
from adapters.web import ABSENT
from entrevue.values import InterviewId, PersonId

SUMMARY: Final = "Room of an interview"
_LENGTH: Final = timedelta(hours=1)
_SOON: Final = timedelta(seconds=5)
_FIELDS: Final = "id,etag,status,start,conferenceData(createRequest,entryPoints(entryPointType,uri))"
_QUERY: Final = {"conferenceDataVersion": "1", "sendUpdates": "none", "fields": _FIELDS}
_MOST_GENERATIONS = 100
_NO_ROOM: Final = "Google makes no Meet room in this calendar: turn Meet on for its owner, or take another calendar"


async def room(calendar: GoogleCalendar, interview: InterviewId, at: datetime) -> str:
    """Give the link of the interview's room: always the same, as long as nobody deletes its event."""
    for generation in range(_MOST_GENERATIONS):
        path = f"{calendar.path}/{id_of(calendar.person, _name(interview), generation)}"
        reply = await calendar.session.ask("GET", path, expect={codes.OK, *ABSENT}, query={"fields": _FIELDS})
        if reply.status == codes.NOT_FOUND:
            reply = await _asked(calendar, "POST", calendar.path, _event(calendar.person, interview, generation, at))
        if reply.status == codes.CONFLICT:  # burnt; or somebody was faster
            reply = await calendar.session.ask("GET", path, expect={codes.OK, *ABSENT}, query={"fields": _FIELDS})
        if reply.well and reply.body.get("status") != "cancelled":
            return await _link(calendar, path, reply, at)
    raise CalendarRefused(calendar.person, "a room that was taken out too often")


async def _link(calendar: GoogleCalendar, path: str, reply: Reply, at: datetime) -> str:
    if _state(reply) in {None, "failure"} and _video(reply) is None:
        # Somebody took the room away, or Google could not make it: a request of the same id would be passed over.
        anew: Values = {"conferenceData": _request(f"{path} {text(reply.body, 'etag')}")}
        reply = await _asked(calendar, "PATCH", path, anew)
    link = _video(reply)
    if link is None:
        if _state(reply) == "pending":
            raise CalendarUnavailable(calendar.person, "Google is still making the Meet room", _SOON)
        raise CalendarRefused(calendar.person, _NO_ROOM)
    event = parsed(reply.body)
    if (
        event is None
        or event.start is None
        or event.start.instant(calendar.account.in_zone) != at.replace(microsecond=0)
    ):
        await _asked(calendar, "PATCH", path, _times(at))
    return link


async def _asked(calendar: GoogleCalendar, method: str, path: str, body: Values) -> Reply:
    expect = {codes.OK, codes.CREATED, codes.BAD_REQUEST}
    if method == "POST":
        expect.add(codes.CONFLICT)
    reply = await calendar.session.ask(method, path, expect=expect, query=_QUERY, body=body)
    if reply.status == codes.BAD_REQUEST:
        raise CalendarRefused(calendar.person, _NO_ROOM)
    return reply


def _event(person: PersonId, interview: InterviewId, generation: int, at: datetime) -> Values:
    """It bears none of the notes of an event of ours: nobody shall take it for one that was left behind."""
    event_id = id_of(person, _name(interview), generation)
    return {
        "id": event_id,
        "summary": SUMMARY,
        **_times(at),
        "transparency": "transparent",
        "visibility": "private",
        "reminders": {"useDefault": False},
        "conferenceData": _request(event_id),
    }


def _name(interview: InterviewId) -> str:
    return f"room of {interview}"


def _times(at: datetime) -> Values:
    return {
        "start": {"dateTime": stamp(at), "timeZone": "UTC"},
        "end": {"dateTime": stamp(at + _LENGTH), "timeZone": "UTC"},
    }


def _request(of: str) -> dict[str, JsonValue]:
    number = sha256(of.encode()).hexdigest()[:32]
    return {"createRequest": {"requestId": number, "conferenceSolutionKey": {"type": "hangoutsMeet"}}}


class _Status(BaseModel):
    code: str | None = Field(default=None, alias="statusCode")


class _Request(BaseModel):
    status: _Status = _Status()


class _Entry(BaseModel):
    type: str = Field(default="", alias="entryPointType")
    uri: str = ""


class _Conference(BaseModel):
    request: _Request = Field(default=_Request(), alias="createRequest")
    entries: tuple[_Entry, ...] = Field(default=(), alias="entryPoints")


def _conference(reply: Reply) -> _Conference:
    try:
        return _Conference.model_validate(reply.body.get("conferenceData") or {})
    except ValidationError:
        return _Conference()


def _state(reply: Reply) -> str | None:
    return _conference(reply).request.status.code


def _video(reply: Reply) -> str | None:
    """Give the link: of the ways in, the one that is no telephone."""
    links = (one.uri for one in _conference(reply).entries if one.type == "video")
    return next((link for link in links if link.startswith("https://")), None)
