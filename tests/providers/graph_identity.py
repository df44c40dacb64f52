"""The Microsoft identity platform's token endpoint, as far as an application without users meets it.

Pages: "v2-oauth2-client-creds-grant-flow", "certificate-credentials" and "reference-error-codes" of
learn.microsoft.com/entra/identity-platform; which AADSTS code means what also from
learn.microsoft.com/azure/developer/java/sdk/troubleshooting-authentication-service-principal.
"""

import base64
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import parse_qsl

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.exceptions import InvalidSubjectError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.providers.graph_wire import request_id

_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SCOPE = "https://graph.microsoft.com/.default"


class TokenRefused(Exception):
    """An error as OAuth has them (RFC 6749), with the platform's own code."""

    def __init__(self, status: int, error: str, code: int, message: str) -> None:
        super().__init__(f"AADSTS{code}: {message}")
        self.status = status
        self.error = error
        self.code = code


@dataclass(frozen=True)
class Grant:
    """What a token stands for."""

    person: str | None
    """The address of who is signed in; None: the application itself."""
    roles: frozenset[str]
    """The application permissions that an administrator had consented to when the token was given out."""
    until: datetime


class Identity:
    """One tenant with one registered application."""

    def __init__(self) -> None:
        self.tenant = str(uuid.uuid4())
        self.client_id = str(uuid.uuid4())
        self.roles = frozenset({"Calendars.ReadWrite"})
        """What is consented to; a change holds for new tokens."""
        self.removed = False
        """The application is no longer in the tenant."""
        self.lasts = timedelta(seconds=3599)
        self._secrets: dict[str, bool] = {}
        """Each with whether it still holds."""
        self._certificates: list[x509.Certificate] = []
        self._grants: dict[str, Grant] = {}

    # --- what an administrator does ----------------------------------------------------------------------------------

    def secret(self) -> str:
        """Make a client secret."""
        made = secrets.token_urlsafe(30)
        self._secrets[made] = True
        return made

    def expire_secrets(self) -> None:
        """Let all client secrets so far end, as they do after two years at the latest."""
        self._secrets = dict.fromkeys(self._secrets, False)

    def certificate(self) -> str:
        """Make a certificate and upload it; give key and certificate as PEM."""
        certificate = _certificate()
        self._certificates.append(certificate)
        key = _key().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return (key + certificate.public_bytes(serialization.Encoding.PEM)).decode()

    def sign_in(self, person: str) -> str:
        """Give a person's own token."""
        return self._give(Grant(person, frozenset(), datetime.max.replace(tzinfo=UTC)))

    def expire_tokens(self) -> None:
        """Let what was given to the application end early (a continuous access evaluation, a clock that is wrong)."""
        self._grants = {token: grant for token, grant in self._grants.items() if grant.person is not None}

    def grant(self, token: str) -> Grant | None:
        grant = self._grants.get(token)
        return grant if grant is not None and grant.until > datetime.now(UTC) else None

    # --- the endpoint ------------------------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        """POST /{tenant}/oauth2/v2.0/token."""
        try:
            return self._answer(request, dict(parse_qsl((await request.body()).decode(), keep_blank_values=True)))
        except TokenRefused as refused:
            return _refusal(refused)

    def _answer(self, request: Request, form: Mapping[str, str]) -> Response:
        if (tenant := request.path_params["tenant"]) != self.tenant:
            raise TokenRefused(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if (client := form.get("client_id")) != self.client_id or self.removed:
            message = f"Application with identifier '{client}' was not found in the directory '{tenant}'."
            raise TokenRefused(400, "unauthorized_client", 700016, message)
        if form.get("scope") != _SCOPE:
            message = "Client credential flows must have a scope value with /.default suffixed to the resource."
            raise TokenRefused(400, "invalid_scope", 1002012, message)
        if "client_secret" in form:
            self._check_secret(form["client_secret"])
        elif form.get("client_assertion_type") == _JWT_BEARER and "client_assertion" in form:
            self._check_assertion(form["client_assertion"], str(request.url.replace(query="")))
        else:
            message = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            raise TokenRefused(401, "invalid_client", 7000218, message)
        token = self._give(Grant(None, self.roles, datetime.now(UTC) + self.lasts))
        lasts = int(self.lasts.total_seconds())
        return JSONResponse(
            {"token_type": "Bearer", "expires_in": lasts, "ext_expires_in": lasts, "access_token": token}
        )

    def _check_secret(self, secret: str) -> None:
        holds = self._secrets.get(secret)
        if holds is None:
            raise TokenRefused(401, "invalid_client", 7000215, "Invalid client secret provided.")
        if not holds:
            raise TokenRefused(401, "invalid_client", 7000222, "The provided client secret keys are expired.")

    def _check_assertion(self, assertion: str, endpoint: str) -> None:
        """Check a JWT (certificate-credentials): x5t with RS256, or x5t#S256 with PS256, as the page said and says."""
        try:
            header = jwt.get_unverified_header(assertion)
            certificate = self._named(header)
            key = certificate.public_key()
            if not isinstance(key, rsa.RSAPublicKey):
                raise TypeError(key)
            jwt.decode(
                assertion,
                key,
                algorithms=["RS256", "PS256"],
                audience=endpoint,
                options={"require": ["aud", "exp", "iss", "jti", "nbf", "sub"]},
                issuer=self.client_id,
                subject=self.client_id,
            )
        except jwt.InvalidAudienceError as trouble:
            message = "Client assertion audience claim does not match Realm issuer."
            raise TokenRefused(401, "invalid_client", 700023, message) from trouble
        except (jwt.InvalidIssuerError, InvalidSubjectError) as trouble:
            message = "Client assertion application identifier doesn't match 'client_id' parameter."
            raise TokenRefused(401, "invalid_client", 700021, message) from trouble
        except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as trouble:
            message = "Client assertion is not within its valid time range."
            raise TokenRefused(401, "invalid_client", 700024, message) from trouble
        except jwt.InvalidTokenError as trouble:
            message = "Client assertion contains an invalid signature."
            raise TokenRefused(401, "invalid_client", 700027, message) from trouble

    def _named(self, header: Mapping[str, object]) -> x509.Certificate:
        for certificate in self._certificates:
            if header.get("x5t#S256") == thumbprint(certificate, hashes.SHA256()):
                return certificate
            if header.get("x5t") == thumbprint(certificate, hashes.SHA1()):  # noqa: S303 - x5t is SHA-1 (RFC 7515)
                return certificate
        message = "Client assertion contains an invalid signature. [Reason - The key was not found.]"
        raise TokenRefused(401, "invalid_client", 700027, message)

    def _give(self, grant: Grant) -> str:
        """Give out an opaque token: what is in one is nobody's business but Graph's ("access-tokens")."""
        token = "eyJ0eXAi." + secrets.token_urlsafe(400)
        self._grants[token] = grant
        return token


def _refusal(refused: TokenRefused) -> Response:
    """Give the body of an error ("reference-error-codes": a sample error response)."""
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"
    trace, correlation = request_id(), request_id()
    described = f"{refused} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
    return JSONResponse(
        {
            "error": refused.error,
            "error_description": described,
            "error_codes": [refused.code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={refused.code}",
        },
        refused.status,
    )


def thumbprint(certificate: x509.Certificate, by: hashes.HashAlgorithm) -> str:
    """Of a certificate's DER, Base64url without padding."""
    return base64.urlsafe_b64encode(certificate.fingerprint(by)).decode().rstrip("=")


@cache
def _key() -> rsa.RSAPrivateKey:
    """Make a key, once: that takes its time, and the certificates are told apart by their serial numbers."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _certificate() -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "entrevue")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(_key(), hashes.SHA256())
    )
