"""Google Calendar on loopback, as its documentation has it: a contract server, stateful, for the tests.

Written from the vendor's pages, not from the adapter. Each module names the pages its behaviour comes from; what they
leave open is a switch (`GoogleServer.switches`). The service answers as the discovery document (calendar.v3.json,
revision 20261030) has it. What it leaves out: acl, colors, settings, import, move, quickAdd, batch, attachments,
secondary calendars, and copies of an event in the calendars of those who are invited.

| module | what |
|---|---|
| google_tokens | keys, assertions, delegation, consent, refresh tokens, scopes |
| google_events | one event: ids, etags, sequence, types, properties, attendees, conferences |
| google_listing | lists, pages, sync tokens, free/busy |
| google_channels | push channels and what is told through them |
| google_errors, google_fields, google_times | refusals, partial answers, times |
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import UTC
from typing import Final, Literal
from urllib.parse import parse_qsl

import httpx2
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.providers.google_channels import WITHOUT_CERTIFICATES, Channel, Channels
from tests.providers.google_errors import GoogleError, JsonObject, refusal
from tests.providers.google_events import Calendar, Event, Instance, Role, Switches
from tests.providers.google_fields import mask_of, only
from tests.providers.google_listing import Listings, busy
from tests.providers.google_times import check_zone, instant, stamp
from tests.providers.google_tokens import ROBOT, Bearer, Tokens
from tests.providers.serving import Troubles, served

_API: Final = "/calendar/v3"
_READS: Final = (
    "calendar",
    "calendar.app.created",
    "calendar.events",
    "calendar.events.freebusy",
    "calendar.events.owned",
    "calendar.events.owned.readonly",
    "calendar.events.public.readonly",
    "calendar.events.readonly",
    "calendar.readonly",
)
"""The discovery document, `scopes` of events.get, list and watch; likewise below."""
_WRITES: Final = ("calendar", "calendar.app.created", "calendar.events", "calendar.events.owned")
_FREE_BUSY: Final = ("calendar", "calendar.events.freebusy", "calendar.freebusy", "calendar.readonly")
_CALENDARS: Final = (
    "calendar",
    "calendar.app.created",
    "calendar.calendars",
    "calendar.calendars.readonly",
    "calendar.readonly",
)
_LISTS: Final = ("calendar", "calendar.calendarlist", "calendar.calendarlist.readonly", "calendar.readonly")
_LISTED: Final = (*_LISTS, "calendar.app.created")
_STOPS: Final = (
    *_READS,
    "calendar.acls",
    "calendar.acls.readonly",
    "calendar.calendarlist",
    "calendar.calendarlist.readonly",
    "calendar.settings",
    "calendar.settings.readonly",
)
_RANKS: Final[tuple[Role, ...]] = ("none", "freeBusyReader", "reader", "writer", "owner")
_MOST_CALENDARS: Final = 50
"""freebusy.query, `calendarExpansionMax`: "Maximum value is 50"."""

_Endpoint = Callable[[Request, Bearer], Awaitable[Response | JsonObject]]


class GoogleServer:
    """The whole service, with everybody's calendars, and a way to make it do what services do to their clients."""

    def __init__(self) -> None:
        self.port = 0
        self.troubles = Troubles()
        """They befall programs, never people at their own calendar."""
        self.switches = Switches()
        self.tokens = Tokens()
        self._calendars: dict[str, Calendar] = {}
        self._listings = Listings(self.switches)
        self._channels = Channels(self.switches)
        self._broken: dict[str, str] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def channels(self) -> list[Channel]:
        """What is watched at this moment."""
        return self._channels.open

    # --- people and their calendars ----------------------------------------------------------------------------------

    def open_calendar(self, address: str, zone: str = "UTC") -> None:
        """Give somebody an account with a primary calendar, which the service account may write.

        Their colleagues see when they are free, and no more.
        """
        check_zone(zone)
        roles: dict[str, Role] = {"*": "freeBusyReader", ROBOT: "writer"}
        self._calendars[address] = Calendar(
            address, zone, self.switches, lambda: self._channels.changed(address), roles=roles
        )
        self.tokens.known.add(address)

    def key(self, *, port: int | None = None) -> str:
        """Give the service account's key, as JSON; `port`: where the token endpoint is reached, if not directly."""
        return self.tokens.key(self._token_uri(port))

    def user(self, address: str, *, port: int | None = None) -> str:
        """Give JSON of type `authorized_user`: what somebody's consent leaves behind."""
        return self.tokens.user(address, self._token_uri(port))

    def client(self, *, port: int | None = None) -> str:
        """Give the JSON of a desktop client, with which consent is asked for."""
        return self.tokens.client(f"http://127.0.0.1:{port or self.port}")

    def as_person(self, address: str) -> httpx2.AsyncClient:
        """Give somebody's own access to the API: no trouble, no revocation and no closed calendar is theirs."""
        token = self.tokens.in_person(address)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.AsyncClient(base_url=f"{self.url}{_API}/", headers=headers, verify=WITHOUT_CERTIFICATES)

    def events(self, address: str) -> list[dict[str, JsonValue]]:
        """Give what is there and not deleted, as the API shows it to its owner; a series is one."""
        calendar = self._calendars[address]
        return [
            deepcopy(calendar.shown(Instance(event, event.start, event.end, event.original), "owner"))
            for event in calendar.events.values()
            if not event.cancelled
        ]

    # --- what befalls programs ---------------------------------------------------------------------------------------

    def expire_tokens(self) -> None:
        """Access tokens given out are taken no more; refresh tokens and keys are."""
        self.tokens.expire()

    def revoke(self, address: str | None = None) -> None:
        """Take consent and delegation back: for this person, or for everybody, the service account's key included."""
        self.tokens.revoke(address)

    def restore(self, address: str | None = None) -> None:
        """Undo `revoke` and `close`."""
        self.tokens.restore(address)
        for each, calendar in self._calendars.items():
            if address in {None, each}:
                calendar.roles = {"*": "freeBusyReader", ROBOT: "writer"}

    def share(self, address: str, role: Role, to: str = ROBOT) -> None:
        """Say what somebody, or the service account, may do there; `owner` of one's own is who is named `address`."""
        self._calendars[address].roles[to] = role

    def close(self, address: str) -> None:
        """Nobody but its owner in person reaches the calendar any more.

        Who asks as the owner (delegation, consent) is told that they use no calendar, others find none.
        """
        self._calendars[address].roles = {"*": "none", ROBOT: "none", address: "none"}

    def break_busy(self, address: str, reason: Literal["internalError", "notFound"] | None = "internalError") -> None:
        """Have freeBusy answer with an error for this one; None: no more."""
        if reason is None:
            self._broken.pop(address, None)
        else:
            self._broken[address] = reason

    def forget_sync(self) -> None:
        """Sync tokens given out so far are answered 410."""
        self._listings.forget()

    def forget_deleted(self, address: str, reason: Literal["notFound", "deleted"] = "notFound") -> None:
        """Cancelled events "eventually disappear" (v3/reference/events, `status`); their ids stay taken.

        Nothing says whether a GET is then answered by 404 or by 410 (`deleted`).
        """
        for event in self._calendars[address].events.values():
            if event.cancelled and not event.vanished:
                event.vanished = reason

    async def delivered(self) -> None:
        """Return when all that was to be told through channels has been told, or has failed to be."""
        await self._channels.delivered()

    # --- the API -----------------------------------------------------------------------------------------------------

    def app(self) -> Starlette:
        calendar, events = "/calendars/{calendar}", "/calendars/{calendar}/events"
        endpoints: list[tuple[str, str, tuple[str, ...], _Endpoint]] = [
            ("GET", calendar, _CALENDARS, self._get_calendar),
            ("GET", "/users/me/calendarList", _LISTS, self._list_calendars),
            ("GET", "/users/me/calendarList/{calendar}", _LISTED, self._get_listed),
            ("GET", events, _READS, self._list),
            ("POST", events, _WRITES, self._insert),
            ("POST", f"{events}/watch", _READS, self._watch),
            ("GET", f"{events}/{{event}}", _READS, self._get),
            ("PUT", f"{events}/{{event}}", _WRITES, self._update),
            ("PATCH", f"{events}/{{event}}", _WRITES, self._update),
            ("DELETE", f"{events}/{{event}}", _WRITES, self._delete),
            ("POST", "/freeBusy", _FREE_BUSY, self._free_busy),
            ("POST", "/channels/stop", _STOPS, self._stop),
        ]
        routes = [
            Route(path, self._answering(endpoint, scopes), methods=[method])
            for method, path, scopes, endpoint in endpoints
        ]
        return Starlette(
            routes=[
                Mount(_API, routes=routes),
                Route("/token", self._grant, methods=["POST"]),
                Route("/o/oauth2/v2/auth", self._consent, methods=["GET"]),
            ]
        )

    def _token_uri(self, port: int | None) -> str:
        return f"http://127.0.0.1:{port or self.port}/token"

    async def _grant(self, request: Request) -> Response:
        return self.troubles.answer(request) or self.tokens.grant(dict(parse_qsl((await request.body()).decode())))

    async def _consent(self, request: Request) -> Response:
        return self.troubles.answer(request) or self.tokens.consent(request.query_params)

    def _answering(self, endpoint: _Endpoint, scopes: tuple[str, ...]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            header = request.headers.get("Authorization")
            in_person = (header or "").startswith("Bearer person.")
            if not in_person and (trouble := self.troubles.answer(request)):
                return trouble
            try:
                bearer = self.tokens.bearer(header)
                bearer.needs(scopes)
                mask = mask_of(request.query_params.get("fields"))
                told = await endpoint(request, bearer)
                if isinstance(told, Response):
                    return told
                etag = {"ETag": str(told["etag"])} if "etag" in told else {}
                return JSONResponse(only(told, mask), headers=etag)
            except GoogleError as error:
                return error.response()

        return answer

    def _calendar(self, request: Request, who: Bearer, least: Role) -> tuple[Calendar, Role]:
        name = request.path_params["calendar"]
        calendar = self._calendars.get(who.address if name == "primary" else name)
        role = calendar.role_of(who) if calendar else "none"
        if calendar is None or role == "none":
            raise refusal("notACalendarUser" if calendar and calendar.address == who.address else "notFound")
        if _RANKS.index(role) < _RANKS.index(least):
            raise refusal("requiredAccessLevel")
        return calendar, role

    def _event(self, request: Request, calendar: Calendar) -> Event:
        event = calendar.find(request.path_params["event"])
        wanted = request.headers.get("If-Match")
        if wanted not in {None, "*", event.etag}:
            raise refusal("conditionNotMet")
        return event

    async def _get_calendar(self, request: Request, who: Bearer) -> JsonObject:
        calendar, _ = self._calendar(request, who, "freeBusyReader")
        return {
            "kind": "calendar#calendar",
            "etag": '"c1"',
            "id": calendar.address,
            "summary": calendar.address,
            "timeZone": calendar.zone,
            "conferenceProperties": {"allowedConferenceSolutionTypes": calendar.conference_types()},
        }

    async def _list_calendars(self, _request: Request, who: Bearer) -> JsonObject:
        """A service account's list is empty until it adds what is shared with it; people have their own."""
        items: list[JsonValue] = [
            _listed(calendar, "owner") for calendar in self._calendars.values() if calendar.address == who.address
        ]
        return {"kind": "calendar#calendarList", "etag": '"l1"', "items": items, "nextSyncToken": "calendars"}

    async def _get_listed(self, request: Request, who: Bearer) -> JsonObject:
        calendar, role = self._calendar(request, who, "freeBusyReader")
        if calendar.address != who.address:
            raise refusal("notFound")
        return _listed(calendar, role)

    async def _list(self, request: Request, who: Bearer) -> JsonObject:
        calendar, role = self._calendar(request, who, "freeBusyReader")
        if who.scopes <= {"calendar.events.freebusy"}:
            role = "freeBusyReader"
        return self._listings.answer(calendar, request.query_params, role)

    async def _get(self, request: Request, who: Bearer) -> Response | JsonObject:
        calendar, role = self._calendar(request, who, "freeBusyReader")
        event = calendar.find(request.path_params["event"])
        if request.headers.get("If-None-Match") == event.etag:
            return Response(status_code=304)
        return _shown(calendar, event, role, request)

    async def _insert(self, request: Request, who: Bearer) -> JsonObject:
        calendar, role = self._calendar(request, who, "writer")
        event = calendar.insert(await _body(request), who, conferences=_conferences(request))
        return _shown(calendar, event, role, request)

    async def _update(self, request: Request, who: Bearer) -> JsonObject:
        calendar, role = self._calendar(request, who, "writer")
        told = await _body(request)
        event = self._event(request, calendar)
        write = calendar.replace if request.method == "PUT" else calendar.patch
        write(event, told, who, conferences=_conferences(request))
        return _shown(calendar, event, role, request)

    async def _delete(self, request: Request, who: Bearer) -> Response:
        calendar, _ = self._calendar(request, who, "writer")
        _check_updates(request)
        if (known := calendar.events.get(request.path_params["event"])) and known.cancelled:
            raise refusal("deleted")
        calendar.delete(self._event(request, calendar))
        return Response(status_code=204)

    async def _free_busy(self, request: Request, who: Bearer) -> JsonObject:
        """freebusy.query. What cannot be read is in `errors`, never an error of the whole."""
        told = await _body(request)
        after, before = (instant(str(told.get(name, "")), name) for name in ("timeMin", "timeMax"))
        if before <= after:
            raise refusal("timeRangeEmpty")
        if before - after > self.switches.longest_free_busy:
            raise refusal("timeRangeTooLong")
        zone, most = str(told.get("timeZone", "UTC")), told.get("calendarExpansionMax", _MOST_CALENDARS)
        check_zone(zone)
        if not isinstance(most, int) or not 0 < most <= _MOST_CALENDARS:
            raise refusal("invalid", parameter="calendarExpansionMax")
        items = told.get("items")
        names = [str(each.get("id")) for each in items if isinstance(each, dict)] if isinstance(items, list) else []
        found: JsonObject = {}
        for name in names:
            calendar = self._calendars.get(who.address if name == "primary" else name)
            reason = self._broken.get(name)
            if len(names) > most:
                reason = "tooManyCalendarsRequested"
            elif calendar is None or calendar.role_of(who) == "none":
                reason = "notFound"
            if calendar is None or reason:
                found[name] = {"errors": [{"domain": "global", "reason": reason}], "busy": []}
                continue
            taken: list[JsonValue] = [
                {"start": stamp(start, zone), "end": stamp(end, zone)} for start, end in busy(calendar, after, before)
            ]
            found[name] = {"busy": taken}
        return {
            "kind": "calendar#freeBusy",
            "timeMin": after.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "timeMax": before.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "calendars": found,
        }

    async def _watch(self, request: Request, who: Bearer) -> JsonObject:
        calendar, _ = self._calendar(request, who, "freeBusyReader")
        uri = f"https://www.googleapis.com/calendar/v3/calendars/{calendar.address}/events?alt=json"
        return self._channels.watch(calendar.address, uri, await _body(request), who)

    async def _stop(self, request: Request, who: Bearer) -> Response:
        self._channels.stop(await _body(request), who)
        return Response(status_code=204)


@asynccontextmanager
async def google_server() -> AsyncIterator[GoogleServer]:
    """Serve on loopback, over plain HTTP, for as long as the block lasts."""
    server = GoogleServer()
    async with served(server.app()) as server.port:
        try:
            yield server
        finally:
            await server.delivered()


def _shown(calendar: Calendar, event: Event, role: Role, request: Request) -> JsonObject:
    zone = request.query_params.get("timeZone")
    if zone:
        check_zone(zone)
    instance = Instance(event, event.start, event.end, event.original)
    return calendar.shown(instance, role, zone)


def _listed(calendar: Calendar, role: Role) -> JsonObject:
    return {
        "kind": "calendar#calendarListEntry",
        "etag": '"e1"',
        "id": calendar.address,
        "summary": calendar.address,
        "timeZone": calendar.zone,
        "accessRole": role,
        "primary": True,
        "selected": True,
        "conferenceProperties": {"allowedConferenceSolutionTypes": calendar.conference_types()},
    }


def _conferences(request: Request) -> bool:
    """events.insert, `conferenceDataVersion`: version 0 "ignores conference data in the event's body"."""
    _check_updates(request)
    version = request.query_params.get("conferenceDataVersion", "0")
    if version not in {"0", "1"}:
        raise refusal("invalid", parameter="conferenceDataVersion")
    return version == "1"


def _check_updates(request: Request) -> None:
    if request.query_params.get("sendUpdates", "none") not in {"all", "externalOnly", "none"}:
        raise refusal("invalid", parameter="sendUpdates")


async def _body(request: Request) -> JsonObject:
    try:
        told = json.loads(await request.body() or b"{}")
    except ValueError:
        raise refusal("parseError") from None
    if not isinstance(told, dict):
        raise refusal("parseError")
    return told
