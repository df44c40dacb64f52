"""Google's token endpoint and its consent page.

Pages, below developers.google.com/identity/protocols/oauth2: *Using OAuth 2.0 for Server to Server Applications*
(service-account) for keys, assertions, delegation and their errors; *OAuth 2.0 for Desktop Apps* (native-app) for
consent, PKCE, codes and refresh tokens; RFC 6749, 7523 and 7636 for what those leave to them.
"""

import base64
import json
import secrets
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final
from urllib.parse import urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from tests.providers.google_errors import JsonObject, insufficient_scopes, refusal

ROBOT: Final = "entrevue@acme-calendars.iam.gserviceaccount.com"
"""The service account's address; calendars are shared with it as with anybody."""

SCOPES: Final = "https://www.googleapis.com/auth/"
_CLIENT: Final = "1017.apps.googleusercontent.com"
_CLIENT_SECRET: Final = "GOCSPX-not-secret-in-desktop-apps"  # noqa: S105 - public by design: native-app, "public clients"
_ROBOT_CLIENT: Final = "112233445566778899001"
_KEY_ID: Final = "1f2e3d4c5b6a79880011223344556677aabbccdd"
_AUDIENCE: Final = "https://oauth2.googleapis.com/token"
"""service-account, required claims: in a request for an access token `aud` always has this value."""
_LONGEST: Final = 65 * 60
"""Seconds. service-account, JWT error codes: `exp` may lie at most 65 minutes after `iat`."""

# The discovery document (calendar.v3.json), `auth.oauth2.scopes`.
_CALENDAR_SCOPES_NAMES: Final = """
    calendar calendar.acls calendar.acls.readonly calendar.app.created calendar.calendarlist
    calendar.calendarlist.readonly calendar.calendars calendar.calendars.readonly calendar.events
    calendar.events.freebusy calendar.events.owned calendar.events.owned.readonly calendar.events.public.readonly
    calendar.events.readonly calendar.freebusy calendar.readonly calendar.settings calendar.settings.readonly
"""
CALENDAR_SCOPES: Final = frozenset(_CALENDAR_SCOPES_NAMES.split())


@dataclass(frozen=True)
class Bearer:
    """Who a token speaks for."""

    address: str
    client: str
    scopes: frozenset[str]
    """Without the part that all of them begin with."""
    robot: bool = False
    """The service account for itself: it acts for nobody."""
    in_person: bool = False
    """Somebody at their own calendar, not a program on their behalf: what befalls programs does not befall them."""

    def needs(self, any_of: Collection[str]) -> None:
        if self.scopes.isdisjoint(any_of):
            raise insufficient_scopes()


@dataclass(frozen=True)
class _Code:
    address: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str
    method: str


class _TokenError(Exception):
    """RFC 6749, 5.2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.answer = JSONResponse({"error": error, "error_description": description}, status)


class Tokens:
    """What was given out, to whom, and what of it was taken back."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        """The addresses of those who have an account."""
        self.delegated: frozenset[str] = CALENDAR_SCOPES
        """What the administrator has authorised the service account for. Empty: no domain-wide delegation."""
        self.consents: bool = True
        """Whether people say yes on the consent page."""
        self.given_out: list[Bearer] = []
        self._bearers: dict[str, Bearer] = {}
        self._refresh: dict[str, Bearer] = {}
        self._codes: dict[str, _Code] = {}
        self._revoked: set[str] = set()

    def key(self, token_uri: str) -> str:
        pem = _private_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "acme-calendars",
                "private_key_id": _KEY_ID,
                "private_key": pem,
                "client_email": ROBOT,
                "client_id": _ROBOT_CLIENT,
                "auth_uri": token_uri.removesuffix("/token") + "/o/oauth2/auth",
                "token_uri": token_uri,
                "universe_domain": "googleapis.com",
            }
        )

    def user(self, address: str, token_uri: str, scopes: Collection[str] = ("calendar",)) -> str:
        return json.dumps(
            {
                "type": "authorized_user",
                "client_id": _CLIENT,
                "client_secret": _CLIENT_SECRET,
                "refresh_token": self._refresh_token(address, frozenset(scopes)),
                "token_uri": token_uri,
                "account": address,
                "universe_domain": "googleapis.com",
            }
        )

    def client(self, url: str) -> str:
        """Give the file that one downloads for a desktop client (native-app, *Create authorization credentials*)."""
        return json.dumps(
            {
                "installed": {
                    "client_id": _CLIENT,
                    "client_secret": _CLIENT_SECRET,
                    "project_id": "acme-calendars",
                    "auth_uri": f"{url}/o/oauth2/v2/auth",
                    "token_uri": f"{url}/token",
                    "redirect_uris": ["http://localhost"],
                }
            }
        )

    def in_person(self, address: str) -> str:
        token = f"person.{secrets.token_urlsafe(16)}"
        self._bearers[token] = Bearer(address, "calendar.google.com", CALENDAR_SCOPES, in_person=True)
        return token

    def bearer(self, header: str | None) -> Bearer:
        """Say whose token the header bears. Raises what guides/errors has under 401."""
        if not header:
            raise refusal("authError", "Login Required.")
        found = self._bearers.get(header.removeprefix("Bearer "))
        if found is None or (found.address in self._revoked and not found.in_person):
            raise refusal("authError")
        return found

    def expire(self) -> None:
        self._bearers = {token: bearer for token, bearer in self._bearers.items() if bearer.in_person}

    def revoke(self, address: str | None) -> None:
        self._revoked |= {address} if address else {ROBOT, *self.known}

    def restore(self, address: str | None) -> None:
        self._revoked -= {address} if address else {ROBOT, *self.known}

    def grant(self, said: Mapping[str, str]) -> Response:
        """Answer at /token."""
        try:
            bearer = self._granted(said)
        except _TokenError as error:
            return error.answer
        token = f"ya29.{secrets.token_urlsafe(32)}"
        self._bearers[token] = bearer
        self.given_out.append(bearer)
        answer: JsonObject = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        if said["grant_type"] == "authorization_code":
            answer["refresh_token"] = self._refresh_token(bearer.address, bearer.scopes)
        if bearer.client == _CLIENT:
            answer["scope"] = " ".join(SCOPES + scope for scope in sorted(bearer.scopes))
        return JSONResponse(answer)

    def _granted(self, said: Mapping[str, str]) -> Bearer:
        match said.get("grant_type"):
            case "urn:ietf:params:oauth:grant-type:jwt-bearer":
                return self._by_assertion(said.get("assertion", ""))
            case "refresh_token":
                _check_client(said)
                return self._by_refresh_token(said.get("refresh_token", ""))
            case "authorization_code":
                _check_client(said)
                return self._by_code(said)
            case other:
                raise _TokenError("unsupported_grant_type", f"Invalid grant_type: {other}")

    def consent(self, asked: QueryParams) -> Response:
        """Answer at /o/oauth2/v2/auth, as if the person had already chosen their account and pressed the button."""
        redirect = asked.get("redirect_uri", "")
        if asked.get("client_id") != _CLIENT:
            return PlainTextResponse("Error 401: invalid_client", 401)
        if urlsplit(redirect).hostname not in {"127.0.0.1", "localhost", "::1"}:
            return PlainTextResponse("Error 400: redirect_uri_mismatch", 400)
        scopes = _scopes(asked.get("scope", ""))
        if asked.get("response_type") != "code" or not scopes:
            return PlainTextResponse("Error 400: invalid_request", 400)
        if not self.consents:
            return _back_to(redirect, {"error": "access_denied"}, asked)
        code = f"4/{secrets.token_urlsafe(32)}"
        self._codes[code] = _Code(
            address=asked.get("login_hint") or min(self.known),
            redirect_uri=redirect,
            scopes=scopes,
            challenge=asked.get("code_challenge", ""),
            method=asked.get("code_challenge_method", "plain"),
        )
        return _back_to(redirect, {"code": code, "scope": asked.get("scope", "")}, asked)

    def _by_assertion(self, assertion: str) -> Bearer:
        try:
            claims = jwt.decode(
                assertion,
                _private_key().public_key(),
                algorithms=["RS256"],
                audience=_AUDIENCE,
                issuer=ROBOT,
                options={"require": ["iat", "exp"], "verify_sub": False},
                leeway=60,
            )
        except (jwt.InvalidSignatureError, jwt.DecodeError):
            raise _TokenError("invalid_grant", "Invalid JWT Signature.") from None
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
            raise _short_lived() from None
        except jwt.InvalidAudienceError:
            raise _TokenError("invalid_grant", "Invalid JWT: Failed audience check.") from None
        except jwt.InvalidIssuerError:
            raise _TokenError("invalid_grant", "Invalid grant: account not found") from None
        except jwt.InvalidTokenError as error:
            raise _TokenError("invalid_grant", f"Invalid JWT: {error}") from None
        if claims["exp"] - claims["iat"] > _LONGEST or claims["iat"] > time.time() + 60:
            raise _short_lived()
        scopes = _scopes(str(claims.get("scope", "")))
        if not scopes or not scopes <= CALENDAR_SCOPES:
            raise _TokenError("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        subject = claims.get("sub", ROBOT)
        if subject == ROBOT:
            if ROBOT in self._revoked:
                raise _TokenError("invalid_grant", "Invalid JWT Signature.")  # the key was deleted or disabled
            return Bearer(ROBOT, _ROBOT_CLIENT, scopes, robot=True)
        if subject not in self.known:
            raise _TokenError("invalid_grant", "Invalid email or User ID")
        if subject in self._revoked or not scopes <= self.delegated:
            raise _TokenError(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any"
                " of the scopes requested.",
                status=401,
            )
        return Bearer(subject, _ROBOT_CLIENT, scopes)

    def _by_refresh_token(self, token: str) -> Bearer:
        found = self._refresh.get(token)
        if found is None or found.address in self._revoked:
            raise _TokenError("invalid_grant", "Token has been expired or revoked.")
        return found

    def _by_code(self, said: Mapping[str, str]) -> Bearer:
        code = self._codes.pop(said.get("code", ""), None)
        if code is None:
            raise _TokenError("invalid_grant", "Malformed auth code.")
        if said.get("redirect_uri") != code.redirect_uri:
            raise _TokenError("redirect_uri_mismatch", "Bad Request")
        if code.challenge:
            verifier = said.get("code_verifier")
            if not verifier:
                raise _TokenError("invalid_grant", "Missing code verifier.")
            if (_s256(verifier) if code.method == "S256" else verifier) != code.challenge:
                raise _TokenError("invalid_grant", "Invalid code verifier.")
        return Bearer(code.address, _CLIENT, code.scopes)

    def _refresh_token(self, address: str, scopes: frozenset[str]) -> str:
        token = f"1//{secrets.token_urlsafe(32)}"
        self._refresh[token] = Bearer(address, _CLIENT, scopes)
        return token


@cache
def _private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _scopes(text: str) -> frozenset[str]:
    return frozenset(scope.removeprefix(SCOPES) for scope in text.split())


def _s256(verifier: str) -> str:
    """RFC 7636, 4.6."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _check_client(said: Mapping[str, str]) -> None:
    if (said.get("client_id"), said.get("client_secret")) != (_CLIENT, _CLIENT_SECRET):
        raise _TokenError("invalid_client", "The OAuth client was not found.", status=401)


def _short_lived() -> _TokenError:
    return _TokenError(
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and"
        " exp values in the JWT claim.",
    )


def _back_to(redirect: str, told: dict[str, str], asked: QueryParams) -> Response:
    state = {"state": asked["state"]} if "state" in asked else {}
    return RedirectResponse(f"{redirect}?{urlencode(told | state)}", 302)
