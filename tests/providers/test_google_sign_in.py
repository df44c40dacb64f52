"""Who may ask what: Google's token endpoint and consent page, as the contract server has them."""

import base64
import time
from collections.abc import Mapping
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.oauth2.service_account import Credentials
from pydantic import JsonValue, TypeAdapter

from tests.providers.google_channels import WITHOUT_CERTIFICATES
from tests.providers.google_server import GoogleServer
from tests.providers.google_tests import (
    ALAN,
    EVENTS,
    GRACE,
    INTERVIEW,
    as_program,
    assertion,
    exchanged,
    refused,
    secret,
    signed_in,
    text,
    told,
)
from tests.providers.google_tokens import CALENDAR_SCOPES, ROBOT, SCOPES

BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
REDIRECT = "http://127.0.0.1:9/back"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
NO_TOKEN = TypeAdapter(dict[str, str])


def denied(answer: httpx2.Response) -> tuple[int, str, str]:
    error = NO_TOKEN.validate_json(answer.content)
    return answer.status_code, error["error"], error["error_description"]


async def test_files_may_lead_through_another_port(google: GoogleServer) -> None:
    files = [secret(file)["token_uri"] for file in (google.key(port=7), google.user(GRACE, port=7))]

    assert files == ["http://127.0.0.1:7/token"] * 2
    assert '"auth_uri": "http://127.0.0.1:7/o/oauth2/v2/auth"' in google.client(port=7)


# --- a service account's key -----------------------------------------------------------------------------------------


async def test_a_signed_assertion_buys_a_token_for_an_hour(google: GoogleServer) -> None:
    grant = told(await exchanged(google, grant_type=BEARER, assertion=assertion(secret(google.key()))))

    assert (grant["expires_in"], grant["token_type"]) == (3599, "Bearer")
    assert "refresh_token" not in grant
    assert [bearer.address for bearer in google.tokens.given_out] == [ROBOT]


async def test_the_vendor_s_own_library_signs_what_is_taken_here(google: GoogleServer) -> None:
    info = secret(google.key())
    scopes = [f"{SCOPES}calendar"]
    credentials = Credentials.from_service_account_info(info, subject=GRACE, scopes=scopes)  # type: ignore[no-untyped-call]  # theirs
    signed = credentials._make_authorization_grant_assertion()  # noqa: SLF001 - its transport would block this loop
    answer = await exchanged(google, grant_type=BEARER, assertion=signed.decode())

    assert answer.is_success
    assert google.tokens.given_out[0].address == GRACE


@pytest.mark.parametrize(
    ("claims", "error", "about"),
    [
        ({"iss": "mallory@acme-calendars.iam.gserviceaccount.com"}, "invalid_grant", "account not found"),
        ({"aud": "https://elsewhere.example/token"}, "invalid_grant", "audience"),
        ({"exp": int(time.time()) + 3 * 3600}, "invalid_grant", "short-lived"),
        ({"iat": int(time.time()) - 9000, "exp": int(time.time()) - 5400}, "invalid_grant", "short-lived"),
        ({"scope": ""}, "invalid_scope", "Invalid OAuth scope"),
        ({"scope": f"{SCOPES}calendars"}, "invalid_scope", "Invalid OAuth scope"),
        ({"sub": "nobody@acme.example"}, "invalid_grant", "Invalid email or User ID"),
    ],
)
async def test_an_assertion_that_is_wrong_is_refused_for_its_reason(
    google: GoogleServer, claims: Mapping[str, str | int], error: str, about: str
) -> None:
    signed = assertion(secret(google.key()), **claims)
    status, why, words = denied(await exchanged(google, grant_type=BEARER, assertion=signed))

    assert (status, why) == (400, error)
    assert about in words


async def test_an_assertion_that_another_key_signed_is_refused(google: GoogleServer) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    signed = assertion(secret(google.key()) | {"private_key": pem})

    refusal = (400, "invalid_grant", "Invalid JWT Signature.")
    assert denied(await exchanged(google, grant_type=BEARER, assertion=signed)) == refusal
    assert denied(await exchanged(google, grant_type=BEARER, assertion="none at all")) == refusal


async def test_other_grants_are_not_given(google: GoogleServer) -> None:
    assert denied(await exchanged(google, grant_type="password"))[:2] == (400, "unsupported_grant_type")


async def test_delegation_covers_what_the_administrator_has_authorised(google: GoogleServer) -> None:
    google.tokens.delegated = frozenset({"calendar.events"})
    key = secret(google.key())
    narrow = assertion(key, sub=GRACE, scope=f"{SCOPES}calendar.events")
    wide = assertion(key, sub=GRACE)
    robot = assertion(key)

    assert (await exchanged(google, grant_type=BEARER, assertion=narrow)).is_success
    assert denied(await exchanged(google, grant_type=BEARER, assertion=wide))[:2] == (401, "unauthorized_client")
    assert (await exchanged(google, grant_type=BEARER, assertion=robot)).is_success


async def test_what_is_revoked_ends_tokens_and_gives_none_until_it_is_restored(google: GoogleServer) -> None:
    async with as_program(google, GRACE) as grace, as_program(google, ALAN) as alan:
        google.revoke(GRACE)
        ended, other = await grace.get(EVENTS), await alan.get("calendars/primary/events")
    signed = assertion(secret(google.key()), sub=GRACE)
    revoked = await exchanged(google, grant_type=BEARER, assertion=signed)
    google.restore(GRACE)
    restored = await exchanged(google, grant_type=BEARER, assertion=signed)

    assert refused(ended) == (401, "authError")
    assert other.is_success
    assert denied(revoked)[:2] == (401, "unauthorized_client")
    assert restored.is_success


async def test_everything_may_be_revoked_at_once(google: GoogleServer) -> None:
    key, person = secret(google.key()), secret(google.user(GRACE))
    google.revoke()
    robot = await exchanged(google, grant_type=BEARER, assertion=assertion(key))
    alan = await exchanged(google, grant_type=BEARER, assertion=assertion(key, sub=ALAN))
    grace = await refreshed(google, person)

    assert [denied(each)[1] for each in (robot, alan, grace)] == [
        "invalid_grant",
        "unauthorized_client",
        "invalid_grant",
    ]


# --- somebody's consent ----------------------------------------------------------------------------------------------


async def refreshed(server: GoogleServer, person: Mapping[str, str]) -> httpx2.Response:
    form = {name: person[name] for name in ("client_id", "client_secret", "refresh_token")}
    return await exchanged(server, grant_type="refresh_token", **form)


async def test_a_refresh_token_buys_tokens_until_consent_is_taken_back(google: GoogleServer) -> None:
    person = secret(google.user(GRACE))
    grant = told(await refreshed(google, person))
    google.revoke(GRACE)

    assert grant["scope"] == f"{SCOPES}calendar"
    assert (person["type"], person["token_uri"]) == ("authorized_user", f"{google.url}/token")
    assert denied(await refreshed(google, person)) == (400, "invalid_grant", "Token has been expired or revoked.")


async def test_a_refresh_token_is_good_for_its_client_alone(google: GoogleServer) -> None:
    person = secret(google.user(GRACE))

    assert denied(await refreshed(google, person | {"client_secret": "other"}))[:2] == (401, "invalid_client")
    assert denied(await refreshed(google, person | {"refresh_token": "made up"}))[:2] == (400, "invalid_grant")


async def consented(server: GoogleServer, **change: str) -> httpx2.Response:
    asked = {
        "client_id": secret(server.user(GRACE))["client_id"],
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": f"{SCOPES}calendar.events {SCOPES}calendar.freebusy",
        "state": "s7",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "login_hint": GRACE,
    }
    async with httpx2.AsyncClient(verify=WITHOUT_CERTIFICATES) as browser:
        return await browser.get(f"{server.url}/o/oauth2/v2/auth", params=asked | change)


def brought_back(answer: httpx2.Response) -> dict[str, str]:
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"{REDIRECT}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


async def by_code(server: GoogleServer, code: str, **change: str) -> httpx2.Response:
    client = {name: secret(server.user(GRACE))[name] for name in ("client_id", "client_secret")}
    form = {"code": code, "code_verifier": VERIFIER, "redirect_uri": REDIRECT, "grant_type": "authorization_code"}
    return await exchanged(server, **{**client, **form, **change})


async def test_consent_leads_back_with_a_code_that_buys_a_refresh_token_once(google: GoogleServer) -> None:
    back = brought_back(await consented(google))
    grant = told(await by_code(google, back["code"]))
    again = await by_code(google, back["code"])
    later = await refreshed(google, secret(google.user(GRACE)) | {"refresh_token": text(grant, "refresh_token")})

    assert back["state"] == "s7"
    assert google.tokens.given_out[0].address == GRACE
    assert grant["scope"] == f"{SCOPES}calendar.events {SCOPES}calendar.freebusy"
    assert denied(again)[:2] == (400, "invalid_grant")
    assert later.is_success


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "w" * 43}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:10/back"}, "redirect_uri_mismatch"),
    ],
)
async def test_a_code_is_good_for_who_asked_for_it(google: GoogleServer, change: Mapping[str, str], error: str) -> None:
    back = brought_back(await consented(google))

    assert denied(await by_code(google, back["code"], **change))[:2] == (400, error)


async def test_people_may_say_no(google: GoogleServer) -> None:
    google.tokens.consents = False

    assert brought_back(await consented(google)) == {"error": "access_denied", "state": "s7"}


@pytest.mark.parametrize(
    "change",
    [{"redirect_uri": "https://elsewhere.example/"}, {"client_id": "other"}, {"response_type": "token"}, {"scope": ""}],
)
async def test_who_asks_wrongly_is_led_nowhere(google: GoogleServer, change: Mapping[str, str]) -> None:
    answer = await consented(google, **change)

    assert answer.is_client_error
    assert "Location" not in answer.headers


# --- what a token is good for ----------------------------------------------------------------------------------------


async def test_a_request_without_a_good_token_is_refused(google: GoogleServer) -> None:
    async with httpx2.AsyncClient(base_url=f"{google.url}/calendar/v3/", verify=WITHOUT_CERTIFICATES) as nobody:
        none = await nobody.get(EVENTS)
        wrong = await nobody.get(EVENTS, headers={"Authorization": "Bearer ya29.made-up"})

    assert refused(none) == refused(wrong) == (401, "authError")


async def test_tokens_expire_and_new_ones_are_taken(google: GoogleServer) -> None:
    async with as_program(google, GRACE) as grace, google.as_person(GRACE) as in_person:
        google.expire_tokens()
        expired, unharmed = await grace.get(EVENTS), await in_person.get(EVENTS)
        token = await signed_in(google, GRACE)
        renewed = await grace.get(EVENTS, headers={"Authorization": f"Bearer {token}"})

    assert refused(expired) == (401, "authError")
    assert unharmed.is_success
    assert renewed.is_success


READ, WRITE = ("GET", EVENTS), ("POST", EVENTS)
ASK, ABOUT, LIST = ("POST", "freeBusy"), ("GET", "calendars/primary"), ("GET", "users/me/calendarList")
QUERY: JsonValue = {"timeMin": "2026-12-01T00:00:00Z", "timeMax": "2026-12-02T00:00:00Z", "items": [{"id": GRACE}]}


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        ("calendar", {READ, WRITE, ASK, ABOUT, LIST}),
        ("calendar.readonly", {READ, ASK, ABOUT, LIST}),
        ("calendar.events", {READ, WRITE}),
        ("calendar.events.owned", {READ, WRITE}),
        ("calendar.events.readonly", {READ}),
        ("calendar.events.freebusy", {READ, ASK}),
        ("calendar.freebusy", {ASK}),
        ("calendar.calendars.readonly", {ABOUT}),
        ("calendar.calendarlist.readonly", {LIST}),
        ("calendar.settings.readonly", set[tuple[str, str]]()),
    ],
)
async def test_a_scope_opens_what_the_discovery_document_says(
    google: GoogleServer, scope: str, may: set[tuple[str, str]]
) -> None:
    async with as_program(google, GRACE, [scope]) as program:
        answers = {
            (method, path): await program.request(method, path, json={ASK: QUERY, WRITE: INTERVIEW}.get((method, path)))
            for method, path in (READ, WRITE, ASK, ABOUT, LIST)
        }

    assert scope in CALENDAR_SCOPES
    assert {asked for asked, answer in answers.items() if answer.is_success} == may
    assert {refused(answer) for answer in answers.values() if not answer.is_success} <= {
        (403, "insufficientPermissions")
    }


async def test_a_scope_for_availability_shows_no_more(google: GoogleServer) -> None:
    async with google.as_person(GRACE) as grace:
        await grace.post(EVENTS, json=INTERVIEW)
    async with as_program(google, GRACE, ["calendar.events.freebusy"]) as program:
        listed = told(await program.get(EVENTS))

    assert "Interview" not in str(listed)


async def test_a_service_account_s_own_list_is_empty(google: GoogleServer) -> None:
    async with as_program(google) as robot:
        assert told(await robot.get("users/me/calendarList"))["items"] == []
        assert refused(await robot.get(f"users/me/calendarList/{GRACE}")) == (404, "notFound")
