"""What the tests of the contract server for Google have in common."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Final

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import JsonValue, TypeAdapter

from tests.providers.google_channels import WITHOUT_CERTIFICATES
from tests.providers.google_server import GoogleServer
from tests.providers.google_tokens import ROBOT, SCOPES

GRACE: Final = "grace@acme.example"
ALAN: Final = "alan@acme.example"
EVENTS: Final = f"calendars/{GRACE}/events"
ID: Final = "0123456789abcdefghijklmnopqrstuv"
INTERVIEW: Final[dict[str, JsonValue]] = {
    "id": ID,
    "summary": "Interview",
    "start": {"dateTime": "2026-12-01T10:00:00+01:00"},
    "end": {"dateTime": "2026-12-01T11:00:00+01:00"},
}
WEEKLY: Final[dict[str, JsonValue]] = {
    "id": "tuesdags",
    "start": {"dateTime": "2026-12-01T09:00:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2026-12-01T09:30:00", "timeZone": "Europe/Berlin"},
    "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=3"],
}
_OBJECT: Final = TypeAdapter(dict[str, JsonValue])
_OBJECTS: Final = TypeAdapter(list[dict[str, JsonValue]])
_TEXTS: Final = TypeAdapter(dict[str, str])


def told(answer: httpx2.Response) -> dict[str, JsonValue]:
    """Give what an answer says that is no refusal."""
    assert answer.is_success, answer.text
    return _OBJECT.validate_json(answer.content)


def items(answer: httpx2.Response) -> list[dict[str, JsonValue]]:
    return _OBJECTS.validate_python(told(answer)["items"])


def ids(answer: httpx2.Response) -> list[JsonValue]:
    return [each["id"] for each in items(answer)]


def refused(answer: httpx2.Response) -> tuple[int, JsonValue]:
    """Give the status of a refusal and its reason."""
    error = _OBJECT.validate_python(_OBJECT.validate_json(answer.content)["error"])
    [detail] = _OBJECTS.validate_python(error["errors"])
    assert error["code"] == answer.status_code
    return answer.status_code, detail["reason"]


def text(answer: Mapping[str, JsonValue], name: str) -> str:
    found = answer[name]
    assert isinstance(found, str)
    return found


def secret(file: str) -> dict[str, str]:
    """Read a key or a person's file: everything in it is text."""
    return _TEXTS.validate_json(file)


def assertion(key: Mapping[str, str], **claims: str | int) -> str:
    """Sign what is exchanged for an access token."""
    now = int(datetime.now(UTC).timestamp())
    usual: dict[str, str | int] = {
        "iss": key["client_email"],
        "aud": "https://oauth2.googleapis.com/token",
        "scope": f"{SCOPES}calendar",
        "iat": now,
        "exp": now + 3600,
    }
    return jwt.encode(usual | claims, _loaded(key["private_key"]), "RS256", {"kid": key["private_key_id"]})


@cache
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    """Reading a key takes longer than most tests."""
    found = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(found, rsa.RSAPrivateKey)
    return found


async def exchanged(server: GoogleServer, **form: str) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=WITHOUT_CERTIFICATES) as client:
        return await client.post(f"{server.url}/token", data=form)


async def signed_in(server: GoogleServer, sub: str = ROBOT, scopes: Collection[str] = ("calendar",)) -> str:
    """Give an access token: of the service account, or of somebody by delegation."""
    scope = " ".join(SCOPES + each for each in scopes)
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    signed = assertion(secret(server.key()), sub=sub, scope=scope)
    return text(told(await exchanged(server, grant_type=grant, assertion=signed)), "access_token")


@asynccontextmanager
async def as_program(
    server: GoogleServer, sub: str = ROBOT, scopes: Collection[str] = ("calendar",)
) -> AsyncIterator[httpx2.AsyncClient]:
    """Act as the service account, or for somebody by delegation."""
    token = await signed_in(server, sub, scopes)
    headers = {"Authorization": f"Bearer {token}"}
    address = f"{server.url}/calendar/v3/"
    async with httpx2.AsyncClient(base_url=address, headers=headers, verify=WITHOUT_CERTIFICATES) as client:
        yield client
