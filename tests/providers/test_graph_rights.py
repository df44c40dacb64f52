"""Whom the contract server of Microsoft Graph lets in, and what it says to others: one documented behaviour a test."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import httpx2
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.providers.graph_client import (
    ADA,
    GRACE,
    NINE,
    as_application,
    asked_for_token,
    at,
    created,
    error,
    event,
    token,
)
from tests.providers.graph_identity import thumbprint
from tests.providers.graph_server import GraphServer, graph_server
from tests.providers.graph_wire import Json
from tests.providers.serving import Trouble

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


# --- tokens ----------------------------------------------------------------------------------------------------------


async def test_a_token_lasts_an_hour_and_is_refused_when_it_has_expired(
    graph: GraphServer, app: httpx2.AsyncClient
) -> None:
    said = (await asked_for_token(graph)).json()
    graph.expire_tokens()
    refused = await app.get("/events")
    app.headers["Authorization"] = f"Bearer {await token(graph)}"

    assert (said["token_type"], said["expires_in"]) == ("Bearer", 3599)
    assert error(refused) == (401, "InvalidAuthenticationToken")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
    assert (await app.get("/events")).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "name", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_id": "another"}, 400, "unauthorized_client", 700016),
        ({"tenant": "another"}, 400, "invalid_request", 90002),
        ({"scope": "Calendars.ReadWrite"}, 400, "invalid_scope", 1002012),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
    ],
)
async def test_a_wrong_login_is_refused_with_a_code(
    graph: GraphServer, changes: dict[str, str], status: int, name: str, code: int
) -> None:
    refused = await asked_for_token(graph, **changes)

    assert (refused.status_code, refused.json()["error"], refused.json()["error_codes"]) == (status, name, [code])
    assert refused.json()["error_description"].startswith(f"AADSTS{code}: ")


async def test_a_login_takes_a_secret_that_has_not_expired(graph: GraphServer) -> None:
    without = await asked_for_token(graph, "client_secret")
    secret = graph.secret()
    graph.identity.expire_secrets()
    expired = await asked_for_token(graph, client_secret=secret)

    assert without.json()["error_codes"] == [7000218]
    assert expired.json()["error_codes"] == [7000222]


@pytest.mark.parametrize(("algorithm", "name"), [("RS256", "x5t"), ("PS256", "x5t#S256")])
async def test_a_certificate_takes_the_place_of_a_secret(graph: GraphServer, algorithm: str, name: str) -> None:
    graph.certificate()
    answer = await _asserted(graph, graph.certificate(), algorithm, name)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"aud": "https://elsewhere.example/oauth2/v2.0/token"}, 700023),
        ({"iss": "another"}, 700021),
        ({"sub": "another"}, 700021),
        ({"exp": datetime(2026, 1, 1, tzinfo=UTC)}, 700024),
        ({"jti": None}, 700027),
    ],
)
async def test_an_assertion_must_say_who_to_whom_and_when(
    graph: GraphServer, claims: dict[str, str | datetime | None], code: int
) -> None:
    refused = await _asserted(graph, graph.certificate(), "PS256", "x5t#S256", **claims)

    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert refused.json()["error_codes"] == [code]


async def test_an_assertion_must_be_signed_with_a_certificate_that_was_uploaded(graph: GraphServer) -> None:
    async with graph_server() as another:
        foreign = another.certificate()

    assert (await _asserted(graph, foreign, "PS256", "x5t#S256")).json()["error_codes"] == [700027]
    tampered = await asked_for_token(
        graph, "client_secret", client_assertion_type=JWT_BEARER, client_assertion="not.a.jwt"
    )
    assert tampered.json()["error_codes"] == [700027]


async def _asserted(
    graph: GraphServer, pem: str, algorithm: str, named: str, **claims: str | datetime | None
) -> httpx2.Response:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    kind = hashes.SHA256() if named == "x5t#S256" else hashes.SHA1()  # noqa: S303 - x5t is SHA-1 (RFC 7515)
    now = datetime.now(UTC)
    usual = {
        "aud": f"{graph.url}/{graph.tenant}/oauth2/v2.0/token",
        "exp": now + timedelta(minutes=5),
        "iss": graph.client_id,
        "jti": str(uuid.uuid4()),
        "nbf": now,
        "sub": graph.client_id,
    }
    said = {name: claim for name, claim in (usual | claims).items() if claim is not None}
    assertion = jwt.encode(said, pem, algorithm, headers={named: thumbprint(certificate, kind)})
    return await asked_for_token(graph, "client_secret", client_assertion_type=JWT_BEARER, client_assertion=assertion)


# --- rights ----------------------------------------------------------------------------------------------------------


async def test_an_application_that_was_removed_gets_no_token_until_it_is_back(
    graph: GraphServer, app: httpx2.AsyncClient
) -> None:
    graph.revoke()
    refused, closed = await asked_for_token(graph), await app.get("/events")
    graph.restore()

    assert refused.json()["error"] == "unauthorized_client"
    assert error(closed) == (401, "InvalidAuthenticationToken")
    assert (await asked_for_token(graph)).status_code == 200


async def test_a_mailbox_may_be_closed_to_the_application_alone(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    graph.revoke(GRACE)
    async with graph.as_person(GRACE) as grace:
        own = await grace.get("/me/events")
    refused = await app.get("/events")
    graph.restore(GRACE)

    assert own.status_code == 200
    assert error(refused) == (403, "ErrorAccessDenied")
    assert (await app.get("/events")).status_code == 200


async def test_a_mailbox_that_is_gone_and_one_that_never_was_are_not_found(
    graph: GraphServer, app: httpx2.AsyncClient
) -> None:
    graph.close(GRACE)

    assert error(await app.get("/events")) == (404, "MailboxNotEnabledForRESTAPI")
    assert error(await app.get(f"{graph.url}/v1.0/users/{ADA}/events")) == (404, "ErrorInvalidUser")
    graph.unknown_user_code = "Request_ResourceNotFound"
    assert error(await app.get(f"{graph.url}/v1.0/users/{ADA}/events")) == (404, "Request_ResourceNotFound")


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("Calendars.ReadWrite", {"read", "write", "schedule"}),
        ("Calendars.Read", {"read", "schedule"}),
        ("Calendars.ReadBasic", {"schedule"}),
        ("Mail.Read", set()),
    ],
)
async def test_each_request_takes_a_right_that_was_consented_to(
    graph: GraphServer, role: str, allowed: set[str]
) -> None:
    graph.identity.roles = frozenset({role})
    schedule: Json = {"schedules": [GRACE], "startTime": at(NINE), "endTime": at(NINE + timedelta(hours=1))}
    async with as_application(graph) as app:
        answers = {
            "read": await app.get("/events"),
            "write": await app.post("/events", json=event()),
            "schedule": await app.post("/calendar/getSchedule", json=schedule),
        }

    assert {what for what, answer in answers.items() if answer.is_success} == allowed
    assert {error(answer) for answer in answers.values() if not answer.is_success} <= {(403, "ErrorAccessDenied")}


# --- limits and trouble ----------------------------------------------------------------------------------------------


async def test_a_mailbox_takes_four_requests_at_once(graph: GraphServer, app: httpx2.AsyncClient) -> None:
    graph.gate.clear()
    four = [asyncio.create_task(app.get("/events")) for _ in range(4)]
    await graph.arrived(GRACE, 4)
    fifth = await app.get("/events")
    graph.gate.set()

    assert [answer.status_code for answer in await asyncio.gather(*four)] == [200, 200, 200, 200]
    assert error(fifth) == (429, "ApplicationThrottled")
    assert fifth.headers["Retry-After"] == "2.128"
    assert graph.busiest == 4


async def test_trouble_on_demand_meets_the_application_and_not_the_owner(
    graph: GraphServer, app: httpx2.AsyncClient
) -> None:
    graph.troubles.due.append(Trouble(r"GET .*/events", 503, {"error": {"code": "serviceNotAvailable"}}, times=1))
    async with graph.as_person(GRACE) as grace:
        own = await grace.get("/me/events")
    first, second = await app.get("/events"), await app.get("/events")

    assert own.status_code == second.status_code == 200
    assert error(first) == (503, "serviceNotAvailable")
    assert graph.troubles.asked[-2:] == [f"GET /v1.0/users/{GRACE}/events"] * 2


async def test_an_answer_names_its_request(app: httpx2.AsyncClient) -> None:
    made = await created(app)
    found = await app.get(f"/events/{made['id']}", headers={"client-request-id": "mine"})
    lost = await app.get("/events/lost", headers={"client-request-id": "mine"})

    assert found.headers["client-request-id"] == lost.headers["client-request-id"] == "mine"
    assert lost.json()["error"]["innerError"]["client-request-id"] == "mine"
    assert lost.json()["error"]["innerError"]["request-id"] == lost.headers["request-id"]
