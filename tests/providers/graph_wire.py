"""How Microsoft Graph speaks, whatever about: its errors, its preferences, its dates.

Sources here and in the other `graph_*` files are pages of learn.microsoft.com/graph ("errors", "api/event-delta"; the
same paths in microsoftgraph/microsoft-graph-docs), or threads there where the pages say nothing ("issue 2350").
"""

import re
import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Json = dict[str, JsonValue]

_M = TypeVar("_M", bound=BaseModel)

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients on loopback: to read the system's certificates takes longer than a test."""

_WINDOWS = {
    "UTC": "UTC",
    "Eastern Standard Time": "America/New_York",
    "GMT Standard Time": "Europe/London",
    "India Standard Time": "Asia/Kolkata",
    "Pacific Standard Time": "America/Los_Angeles",
    "Romance Standard Time": "Europe/Paris",
    "Tokyo Standard Time": "Asia/Tokyo",
    "W. Europe Standard Time": "Europe/Berlin",
}
"""Some of the names that Windows has for zones; others are taken for IANA's (resources/dateTimeTimeZone)."""


class Refused(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        """Take headers by their names with underscores."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def not_found() -> Refused:
    return Refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def refusal(refused: Refused, request: Request) -> Response:
    """Give an error its body ("errors": code, message, innerError)."""
    asked = request.headers.get("client-request-id")
    made = request_id()
    inner: Json = {
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}",
        "request-id": made,
        "client-request-id": asked or made,
    }
    body: Json = {"error": {"code": refused.code, "message": str(refused), "innerError": inner}}
    return identified(JSONResponse(body, refused.status, refused.headers), request, made)


def identified(response: Response, request: Request, made: str | None = None) -> Response:
    """Name the request in its answer ("best-practices-concept": client-request-id comes back as it was sent)."""
    response.headers["request-id"] = made or request_id()
    response.headers["client-request-id"] = request.headers.get("client-request-id", response.headers["request-id"])
    return response


def request_id() -> str:
    return str(uuid.uuid4())


# --- preferences -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preferences:
    """What a request prefers about its answer."""

    zone: str = "UTC"
    """As it is to be named in the answer (api/event-get: outlook.timezone; UTC where nothing is said)."""
    immutable_ids: bool = False
    """outlook-immutable-id: holds for the request that says so, and no other."""
    body_type: str = "html"
    """api/event-get: outlook.body-content-type."""
    page: int | None = None
    """api/event-delta: odata.maxpagesize."""
    applied: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> "Preferences":
        said = ", ".join(request.headers.getlist("prefer"))
        pairs = re.findall(r"([\w.-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s,;\"]+))", said)
        given = {name.lower(): quoted or plain for name, quoted, plain in pairs}
        if (zone := given.get("outlook.timezone", "UTC")) != "UTC":
            zone_info(zone)
        page = given.get("odata.maxpagesize")
        applied = {"Preference-Applied": f'outlook.timezone="{zone}"'} if "outlook.timezone" in given else {}
        return cls(
            zone=zone,
            immutable_ids=given.get("idtype", "").lower() == "immutableid",
            body_type=given.get("outlook.body-content-type", "html"),
            page=int(page) if page and page.isdecimal() else None,
            applied=applied,
        )


# --- dates -----------------------------------------------------------------------------------------------------------


class When(BaseModel):
    """resources/dateTimeTimeZone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date_time: str = Field(alias="dateTime")
    time_zone: str = Field(alias="timeZone")

    @property
    def wall(self) -> datetime:
        """The wall time, without its zone."""
        try:
            return datetime.fromisoformat(self.date_time).replace(tzinfo=None)
        except ValueError:
            raise Refused(400, "RequestBodyRead", f"Cannot convert '{self.date_time}' to a date and time.") from None

    @property
    def instant(self) -> datetime:
        return self.wall.replace(tzinfo=zone_info(self.time_zone)).astimezone(UTC)


def zone_info(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(_WINDOWS.get(name, name))
    except (ZoneInfoNotFoundError, ValueError):
        raise Refused(400, "TimeZoneNotSupportedException", f"'{name}' is no time zone known here.") from None


def when(instant: datetime, zone: str) -> Json:
    """Show an instant in a zone: seven decimals, and no offset."""
    return wall(instant.astimezone(zone_info(zone)), zone)


def wall(time: datetime, zone: str) -> Json:
    return {"dateTime": f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}0", "timeZone": zone}


def stamp(instant: datetime) -> str:
    """Show an instant where Graph has a DateTimeOffset."""
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{instant.microsecond:06}0Z"


def parsed(text: str, what: str) -> datetime:
    """Read an instant of a query or a body; without an offset it is UTC (api/user-list-calendarview)."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "ErrorInvalidParameter", f"The value '{text}' of {what} is invalid.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


# --- bodies ----------------------------------------------------------------------------------------------------------


async def body_of(request: Request, model: type[_M]) -> _M:
    """Read a request's body; what the type does not know is refused, not ignored."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise Refused(415, "RequestBodyRead", "The request's body must be application/json.")
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as trouble:
        first = trouble.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Refused(400, "RequestBodyRead", f"The property '{place}' cannot be read: {first['msg']}.") from None
