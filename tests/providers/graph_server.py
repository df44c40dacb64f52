"""Microsoft Graph and the Microsoft identity platform on loopback, as their documentation describes them.

The parts: `graph_identity` gives tokens, `graph_mailbox` keeps events, `graph_odata` reads queries, `graph_delta`
tracks changes, `graph_schedule` sums up free and busy times, `graph_subscriptions` tells of changes. Each names the
pages that it was written from; what they leave open is a switch (`LeftOpen`).
"""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import httpx2
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from tests.providers.graph_delta import Rounds, window
from tests.providers.graph_events import Event, Occurrence, Others, Said
from tests.providers.graph_identity import Grant, Identity
from tests.providers.graph_mailbox import ChangeType, LeftOpen, Mail, Mailbox, calendar
from tests.providers.graph_odata import Query
from tests.providers.graph_schedule import Asked, schedule
from tests.providers.graph_wire import Json, Preferences, Refused, body_of, identified, refusal
from tests.providers.serving import Troubles, served

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients on loopback: to read the system's certificates takes longer than a test."""
_METADATA = "https://graph.microsoft.com/v1.0/$metadata"

_Answering = Callable[[Request, Mailbox, Preferences], Awaitable[Response]]


class GraphServer(LeftOpen):
    """One tenant, one application, and the mailboxes that are opened."""

    def __init__(self) -> None:
        self.port = 0
        self.reset()

    def reset(self) -> None:
        """Be as after the start: with no mailbox, another tenant, and all switches as they were."""
        LeftOpen.__init__(self)
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
        """While it is cleared, requests to mailboxes wait, and count as being there at once."""
        self.gate.set()
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

    # --- what people and administrators do ---------------------------------------------------------------------------

    def open_mailbox(self, address: str, zone: str = "UTC") -> None:
        box = Mailbox(address, zone, self, self.mails, self._tell)
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
        """Give the owner's own program: `me/events`; no trouble is made for it, and it counts for nothing."""
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
        return self.mailbox(address).receive(Said.model_validate(said), others).immutable_id

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
        """Take a mailbox out of Exchange Online: its licence has ended, or it is on the premises."""
        self._closed.add(address.lower())

    def break_busy(self, address: str) -> None:
        self._broken.add(address.lower())

    def mend_busy(self, address: str) -> None:
        self._broken.discard(address.lower())

    def forget_sync(self) -> None:
        for rounds in self._rounds.values():
            rounds.forget()

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
                Mount("/v1.0/users/{user}", routes=box),
                Mount("/v1.0/me", routes=box),
            ]
        )

    async def _token(self, request: Request) -> Response:
        return self.troubles.answer(request) or await self.identity.token(request)

    def _for_mailbox(self, answering: _Answering) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            grant = self.identity.grant(_token_of(request))
            if (grant is None or grant.person is None) and (trouble := self.troubles.answer(request)):
                return identified(trouble, request)
            try:
                prefer = Preferences.of(request)
                box = self._reached(request, _checked(grant, request))
                async with self._place(box, grant):
                    response = await answering(request, box, prefer)
                response.headers.update(prefer.applied)
            except Refused as refused:
                return refusal(refused, request)
            return identified(response, request)

        return answer

    def _reached(self, request: Request, grant: Grant) -> Mailbox:
        """Find the mailbox, by its owner's address or GUID."""
        user = request.path_params.get("user", grant.person)
        if user is None:
            message = "/me request is only valid with delegated authentication flow."
            raise Refused(400, "BadRequest", message)
        by_guid = {box.guid: box for box in self._mailboxes.values()}
        box = by_guid.get(user) or self._mailboxes.get(user.lower())
        if grant.person is not None and (box is None or grant.person != box.address):
            raise _denied()
        if box is None:
            raise Refused(404, "ErrorInvalidUser", f"The requested user '{user}' is invalid.")
        if grant.person is None and box.address.lower() in self._denied:
            # auth-limit-mailbox-access: handling API errors
            raise Refused(403, "ErrorAccessDenied", "Access to OData is disabled.")
        if box.address.lower() in self._closed:
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
            await asyncio.sleep(0)  # whoever comes at the same time is seen to
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
        return self._collection(request, box, prefer, [box.whole(event) for event in box.events])

    async def _view(self, request: Request, box: Mailbox, prefer: Preferences) -> Response:
        return self._collection(request, box, prefer, box.view(*window(request.query_params)))

    def _collection(self, request: Request, box: Mailbox, prefer: Preferences, of: list[Occurrence]) -> Response:
        """Give one page, and where the next one is ("paging": the link says everything that was asked)."""
        query = Query.of(request.query_params)
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

    def _tell(self, box: Mailbox, event: Event, change: ChangeType) -> None:
        del box, event, change


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
    if request.method == "GET":
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
        yield server
