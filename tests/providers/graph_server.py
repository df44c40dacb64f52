"""Microsoft Graph and the Microsoft identity platform on loopback, as their documentation has them.

A contract server, stateful, for the tests: written from the vendor's pages, not from the adapter. Each module names the
pages that its behaviour comes from; what they leave open is a switch (`LeftOpen`). Left out: calendars besides the
default one, groups, attachments, exceptions of a series, answers to meetings, $batch, translateExchangeIds.

| module | what |
|---|---|
| graph_identity | one tenant with one application: secrets, certificates, tokens |
| graph_events | one event: what may be said of it, what it shows, which times it takes |
| graph_mailbox | what happens when events are made, changed, removed; the switches |
| graph_odata | $filter, $select, $expand, $orderby, $top |
| graph_delta | change tracking of a calendar view |
| graph_schedule | free and busy times of several mailboxes |
| graph_subscriptions | change notifications |
| graph_wire | errors, preferences, dates |
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlencode

import httpx2
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.providers.graph_delta import Rounds, window
from tests.providers.graph_events import Occurrence, Others, Said
from tests.providers.graph_identity import Grant, Identity
from tests.providers.graph_mailbox import LeftOpen, Mail, Mailbox, calendar
from tests.providers.graph_odata import Query
from tests.providers.graph_schedule import Asked, schedule
from tests.providers.graph_subscriptions import Asked as AskedToTell
from tests.providers.graph_subscriptions import LifecycleEvent, Renewed, Subscription, Subscriptions
from tests.providers.graph_wire import NO_TLS, Json, Preferences, Refused, body_of, identified, refusal
from tests.providers.serving import Troubles, served

_METADATA = "https://graph.microsoft.com/v1.0/$metadata"

_RESOURCE = re.compile(r"/?(?:users/([^/]+)|me)/events")

_Answering = Callable[[Request, Grant, Preferences], Awaitable[Response]]
_AtMailbox = Callable[[Request, Mailbox, Preferences], Awaitable[Response]]


class GraphServer(LeftOpen):
    """One tenant, one application, and the mailboxes that are opened."""

    def __init__(self) -> None:
        super().__init__()
        self.port = 0
        self.troubles = Troubles()
        """What Entrevue gets in place of an answer, and what it has asked. A person's own requests are left out."""
        self.identity = Identity()
        self.mails: list[Mail] = []
        """What was sent because of events with attendees. Entrevue must cause none."""
        self.retry_after = "2.128"
        """Of an answer that is 429, in seconds ("throttling": its sample has a fraction)."""
        self.most_at_once = 4
        """How many of its requests a mailbox takes at once ("throttling-limits": Outlook service limits)."""
        self.busiest = 0
        """How many there were at once in one mailbox, at most."""
        self.gate = asyncio.Event()
        """While it is cleared, the application's requests to mailboxes wait inside, all at once."""
        self.gate.set()
        self._moving = asyncio.Condition()
        self.notices = Subscriptions(self.tenant, self.client_id)
        self._mailboxes: dict[str, Mailbox] = {}
        self._rounds: dict[str, Rounds] = {}
        self._denied: set[str] = set()
        self._closed: set[str] = set()
        self._broken: set[str] = set()
        self._inside: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tenant(self) -> str:
        return self.identity.tenant

    @property
    def client_id(self) -> str:
        return self.identity.client_id

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        """What is watched, by id; also what has expired."""
        return self.notices.held

    # --- what people and administrators do ---------------------------------------------------------------------------

    def open_mailbox(self, address: str, zone: str = "UTC") -> None:
        box = Mailbox(address, zone, self, self.mails, self.notices.changed)
        self._mailboxes[address.lower()] = box
        self._rounds[address.lower()] = Rounds(box)

    def mailbox(self, address: str) -> Mailbox:
        return self._mailboxes[address.lower()]

    def secret(self) -> str:
        return self.identity.secret()

    def certificate(self) -> str:
        """Give PEM of a key and the certificate that was uploaded for it."""
        return self.identity.certificate()

    def as_person(self, address: str) -> httpx2.AsyncClient:
        """Give the owner's own program, at `me/events`: no trouble, no revocation and no closed mailbox is theirs."""
        token = self.identity.sign_in(self.mailbox(address).address)
        return httpx2.AsyncClient(
            base_url=f"{self.url}/v1.0",
            headers={"Authorization": f"Bearer {token}"},
            verify=NO_TLS,
            trust_env=False,
        )

    def events(self, address: str) -> list[Json]:
        """Give what is there and not deleted, with immutable ids and all extended properties."""
        box = self.mailbox(address)
        prefer = Preferences(immutable_ids=True)
        return [
            Query.of({}).show(event, box.show(box.whole(event), prefer))
            | {"singleValueExtendedProperties": [{"id": id_, "value": value} for id_, value in event.extended.items()]}
            for event in box.events
        ]

    def receive(self, address: str, said: Json, others: Others) -> str:
        """Let a meeting that somebody else organises come in; give its immutable id."""
        return self.mailbox(address).create(Said.model_validate(said), others).immutable_id

    def expire_tokens(self) -> None:
        self.identity.expire_tokens()

    def revoke(self, address: str | None = None) -> None:
        """Close a mailbox to the application by a policy (auth-limit-mailbox-access); None: remove the application."""
        if address is None:
            self.identity.removed = True
            self.identity.expire_tokens()
        else:
            self._denied.add(address.lower())

    def restore(self, address: str | None = None) -> None:
        """Undo `revoke`, and `close`."""
        if address is None:
            self.identity.removed = False
        else:
            self._denied.discard(address.lower())
            self._closed.discard(address.lower())

    def close(self, address: str) -> None:
        """Let the application find no mailbox there: its licence has ended, or it is on the premises."""
        self._closed.add(address.lower())

    def break_busy(self, address: str) -> None:
        self._broken.add(address.lower())

    def mend_busy(self, address: str) -> None:
        self._broken.discard(address.lower())

    async def arrived(self, address: str, count: int) -> None:
        """Wait until so many of the application's requests are inside a mailbox; of use while the gate is closed."""
        guid = self.mailbox(address).guid
        async with self._moving:
            await self._moving.wait_for(lambda: self._inside[guid] >= count)

    def forget_sync(self) -> None:
        for rounds in self._rounds.values():
            rounds.forget()

    def lifecycle(self, address: str, event: LifecycleEvent) -> None:
        """Tell whoever watches a mailbox what has become of their subscription."""
        self.notices.lifecycle(self.mailbox(address), event)

    # --- the API -----------------------------------------------------------------------------------------------------

    def app(self) -> Starlette:
        box = [
            Route("/calendar", self._for_mailbox(self._calendar), methods=["GET"]),
            Route("/calendar/getSchedule", self._for_mailbox(self._schedule), methods=["POST"]),
            Route("/calendarView/delta", self._for_mailbox(self._delta), methods=["GET"]),
        ]
        for folder in ("", "/calendar"):
            box += [
                Route(f"{folder}/calendarView", self._for_mailbox(self._view), methods=["GET"]),
                Route(f"{folder}/events", self._for_mailbox(self._list), methods=["GET"]),
                Route(f"{folder}/events", self._for_mailbox(self._create), methods=["POST"]),
                Route(f"{folder}/events/{{id}}", self._for_mailbox(self._get), methods=["GET"]),
                Route(f"{folder}/events/{{id}}", self._for_mailbox(self._update), methods=["PATCH"]),
                Route(f"{folder}/events/{{id}}", self._for_mailbox(self._delete), methods=["DELETE"]),
            ]
        return Starlette(
            routes=[
                Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
                Route("/v1.0/subscriptions", self._answering(self._subscribe), methods=["POST"]),
                Route("/v1.0/subscriptions", self._answering(self._subscribed), methods=["GET"]),
                Route("/v1.0/subscriptions/{id}", self._answering(self._subscription), methods=["GET"]),
                Route("/v1.0/subscriptions/{id}", self._answering(self._renew), methods=["PATCH"]),
                Route("/v1.0/subscriptions/{id}", self._answering(self._unsubscribe), methods=["DELETE"]),
                Route("/v1.0/subscriptions/{id}/reauthorize", self._answering(self._reauthorize), methods=["POST"]),
                Mount("/v1.0/users/{user}", routes=box),
                Mount("/v1.0/me", routes=box),
            ]
        )

    async def _token(self, request: Request) -> Response:
        return self.troubles.answer(request) or await self.identity.token(request)

    def _answering(self, answering: _Answering) -> Callable[[Request], Awaitable[Response]]:
        """Let in whoever has a token for this; say what is wrong as Graph says it."""

        async def answer(request: Request) -> Response:
            grant = self.identity.grant(_token_of(request))
            if (grant is None or grant.person is None) and (trouble := self.troubles.answer(request)):
                return identified(trouble, request)
            try:
                prefer = Preferences.of(request)
                response = await answering(request, _checked(grant, request), prefer)
                response.headers.update(prefer.applied)
            except Refused as refused:
                return refusal(refused, request)
            return identified(response, request)

        return answer

    def _for_mailbox(self, answering: _AtMailbox) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request, grant: Grant, prefer: Preferences) -> Response:
            box = self._reached(request.path_params.get("user"), grant)
            async with self._place(box, grant):
                return await answering(request, box, prefer)

        return self._answering(answer)

    def _reached(self, user: str | None, grant: Grant) -> Mailbox:
        """Find a mailbox by its owner's address or GUID; None: the one of who is signed in."""
        if (user := user or grant.person) is None:
            message = "/me request is only valid with delegated authentication flow."
            raise Refused(400, "BadRequest", message)
        by_guid = {box.guid: box for box in self._mailboxes.values()}
        box = by_guid.get(user) or self._mailboxes.get(user.lower())
        if grant.person is not None and (box is None or grant.person != box.address):
            raise _denied()
        if box is None:
            raise Refused(404, self.unknown_user_code, f"The requested user '{user}' is invalid.")
        if grant.person is None and box.address.lower() in self._denied:
            # auth-limit-mailbox-access: handling API errors
            raise Refused(403, "ErrorAccessDenied", "Access to OData is disabled.")
        if grant.person is None and box.address.lower() in self._closed:
            message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise Refused(404, "MailboxNotEnabledForRESTAPI", message)
        return box

    @asynccontextmanager
    async def _place(self, box: Mailbox, grant: Grant | None) -> AsyncIterator[None]:
        """Take one of an application's four places in a mailbox."""
        if grant is None or grant.person is not None:
            yield
            return
        if self._inside[box.guid] >= self.most_at_once:
            message = "Application is over its MailboxConcurrency limit."
            raise Refused(429, "ApplicationThrottled", message, Retry_After=self.retry_after)
        self._inside[box.guid] += 1
        self.busiest = max(self.busiest, self._inside[box.guid])
        try:
            async with self._moving:
                self._moving.notify_all()
            await self.gate.wait()
            yield
        finally:
            self._inside[box.guid] -= 1

    async def _calendar(self, _request: Request, box: Mailbox, _prefer: Preferences) -> Response:
        return JSONResponse({"@odata.context": f"{_METADATA}#users('{box.guid}')/calendar/$entity"} | calendar(box))

    async def _create(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        """api/user-post-events: 201, the event, and where it is. Extended properties are not shown."""
        event = box.create(await body_of(request, Said))
        shown = box.show(box.whole(event), prefer)
        if self.teams_link_late:
            shown["onlineMeeting"] = None
        where = f"{self._link(request)}('{box.id(box.whole(event), immutable=prefer.immutable_ids)}')"
        return JSONResponse(_entity(box, shown), 201, {"Location": where})

    async def _get(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        found = box.find(request.path_params["id"])
        query = Query.of(request.query_params)
        return JSONResponse(_entity(box, query.show(found.event, box.show(found, prefer))))

    async def _update(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        said = await body_of(request, Said)
        event = box.update(box.find(request.path_params["id"]), said, request.headers.get("if-match"))
        return JSONResponse(_entity(box, box.show(box.whole(event), prefer)))

    async def _delete(self, request: Request, box: Mailbox, _prefer: Preferences) -> Response:
        box.remove(box.find(request.path_params["id"]), request.headers.get("if-match"))
        return Response(status_code=204)

    async def _list(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        query = Query.of(request.query_params)
        return self._collection(request, box, prefer, query, [box.whole(event) for event in box.events])

    async def _view(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        """api/user-list-calendarview: createdDateTime and lastModifiedDateTime do not support $select."""
        times = {"createdDateTime", "lastModifiedDateTime"}
        query = Query.of(request.query_params)
        if query.select is not None:
            query = replace(query, select=query.select - times)
        return self._collection(request, box, prefer, query, box.view(*window(request.query_params)))

    def _collection(
        self, request: Request, box: Mailbox, prefer: Preferences, query: Query, of: list[Occurrence]
    ) -> Response:
        """Give one page, and where the next one is ("paging": the link says everything that was asked)."""
        found = [one for one in of if all(fits(one.event, one.start, one.end) for fits in query.fits)]
        if query.latest_first is not None:
            found.sort(key=lambda one: one.start, reverse=query.latest_first)
        page = found[query.skip :][: query.top]
        said: Json = {"@odata.context": f"{_METADATA}#users('{box.guid}')/events"}
        if len(found) > query.skip + query.top:
            further = dict(request.query_params) | {"$skip": str(query.skip + query.top)}
            said["@odata.nextLink"] = f"{self._link(request)}?{urlencode(further)}"
        shown: list[JsonValue] = [query.show(one.event, box.show(one, prefer)) for one in page]
        return JSONResponse(said | {"value": shown})

    async def _delta(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        rounds = self._rounds[box.address.lower()]
        return JSONResponse(rounds.answer(request.query_params, prefer, self._link(request)))

    async def _schedule(self, request: Request, _box: Mailbox, prefer: Preferences) -> Response:
        asked = await body_of(request, Asked)
        context = f"{_METADATA}#Collection(microsoft.graph.scheduleInformation)"
        found = schedule(asked, self._mailboxes, self._broken, prefer)
        return JSONResponse({"@odata.context": context, "value": found})

    def _link(self, request: Request) -> str:
        return (self.links_to or str(request.base_url).partition("/v1.0")[0].rstrip("/")) + request.url.path

    async def _subscribe(self, request: Request, grant: Grant, prefer: Preferences) -> Response:
        said = await body_of(request, AskedToTell)
        if (named := _RESOURCE.fullmatch(said.resource)) is None:
            raise Refused(400, "InvalidRequest", f"The resource '{said.resource}' is not supported.")
        box = self._reached(named[1], grant)
        made = await self.notices.create(said, box, immutable_ids=prefer.immutable_ids)
        return JSONResponse({"@odata.context": f"{_METADATA}#subscriptions/$entity"} | made, 201)

    async def _subscribed(self, _request: Request, _grant: Grant, _prefer: Preferences) -> Response:
        held = [self.notices.show(one) for one in self.subscriptions.values()]
        return JSONResponse({"@odata.context": f"{_METADATA}#subscriptions", "value": held})

    async def _subscription(self, request: Request, _grant: Grant, _prefer: Preferences) -> Response:
        return JSONResponse(self.notices.show(self.notices.find(request.path_params["id"])))

    async def _renew(self, request: Request, _grant: Grant, _prefer: Preferences) -> Response:
        return JSONResponse(self.notices.renew(request.path_params["id"], await body_of(request, Renewed)))

    async def _reauthorize(self, request: Request, _grant: Grant, _prefer: Preferences) -> Response:
        self.notices.find(request.path_params["id"]).paused = False
        return Response(status_code=204)

    async def _unsubscribe(self, request: Request, _grant: Grant, _prefer: Preferences) -> Response:
        self.notices.remove(request.path_params["id"])
        return Response(status_code=204)


def _token_of(request: Request) -> str:
    return request.headers.get("authorization", "").removeprefix("Bearer ")


def _checked(grant: Grant | None, request: Request) -> Grant:
    """Let pass whom Graph knows, with the right that the request takes ("permissions-reference", "auth-v2-service")."""
    if grant is None:
        empty = not _token_of(request)
        message = "Access token is empty." if empty else "Lifetime validation failed, the token is expired."
        challenge = 'Bearer realm="", client_id="00000003-0000-0000-c000-000000000000"'
        raise Refused(401, "InvalidAuthenticationToken", message, WWW_Authenticate=challenge)
    enough = {"Calendars.ReadWrite"}
    if request.method == "GET" or request.url.path.startswith("/v1.0/subscriptions"):
        enough |= {"Calendars.Read"}
    if request.url.path.endswith("/getSchedule"):
        enough |= {"Calendars.Read", "Calendars.ReadBasic"}
    if grant.person is None and not enough & grant.roles:
        raise _denied()
    return grant


def _denied() -> Refused:
    return Refused(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def _entity(box: Mailbox, shown: Json) -> Json:
    return {"@odata.context": f"{_METADATA}#users('{box.guid}')/events/$entity"} | shown


@asynccontextmanager
async def graph_server() -> AsyncIterator[GraphServer]:
    server = GraphServer()
    async with served(server.app()) as port:
        server.port = port
        try:
            yield server
        finally:
            await server.notices.stop()
