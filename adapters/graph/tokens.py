"""Tokens for Microsoft Graph: our app's own (client credentials), by a secret or by a certificate."""

import base64
import re
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import urlencode
from uuid import NAMESPACE_URL, uuid5

from httpx2 import codes
from pydantic import SecretStr

from activities.calendar import CalendarRefused
from adapters.graph.settings import GraphSettings
from adapters.graph.words import login_trouble
from adapters.rest import Token, reply_of
from adapters.web import Web
from entrevue.values import PersonId

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LASTS: Final = timedelta(minutes=5)
_SHORTEST, _LONGEST = timedelta(minutes=1), timedelta(days=1)
_KEY: Final = re.compile(r"-----BEGIN (?:RSA )?PRIVATE KEY-----.*?-----END (?:RSA )?PRIVATE KEY-----", re.DOTALL)
_CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class GraphTokens:
    """Makes tokens. They act for our app, whoever's calendar it is about."""

    def __init__(self, settings: GraphSettings, web: Web, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._web = web
        self._now = now
        self._numbers = count()

    async def make(self, person: PersonId, subject: str) -> Token:
        """Fulfil `adapters.rest.Tokens.make`."""
        del subject
        settings = self._settings
        form = {"grant_type": "client_credentials", "client_id": settings.client_id, "scope": settings.scope}
        if settings.client_secret is not None:
            form["client_secret"] = settings.client_secret.get_secret_value()
        else:
            form["client_assertion_type"] = _ASSERTION_TYPE
            form["client_assertion"] = await self._web.in_thread(self._assertion, person)
        answer = await self._web.ask(
            person,
            "POST",
            settings.token_url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            content=urlencode(form),
        )
        reply = reply_of(answer)
        match reply.body:
            case {"access_token": str(secret), "expires_in": int() | str() as seconds} if reply.status == codes.OK:
                return Token(SecretStr(secret), _lasts(seconds))
        raise login_trouble(person, reply)

    def _assertion(self, person: PersonId) -> str:
        """Sign that it is us (Microsoft identity platform, "Certificate credentials").

        The file is read each time: who replaces it need not start the workers anew.
        """
        try:
            import jwt  # noqa: PLC0415  # of the extra `graph`, which a client secret does not need
        except ImportError:
            raise CalendarRefused(person, "a certificate needs the extra: pip install 'entrevue[graph]'") from None
        now = self._now()
        try:
            key, thumbprint = read_certificate(self._settings.certificate_file or Path())
            claims = _claims(self._settings, now, next(self._numbers))
            return jwt.encode(claims, key, algorithm="PS256", headers={"x5t#S256": thumbprint})
        except (OSError, ValueError, TypeError, jwt.PyJWTError):  # whose messages may repeat what stands there
            raise CalendarRefused(
                person, "the certificate's file holds no readable RSA key and certificate in PEM"
            ) from None


def read_certificate(file: Path) -> tuple[str, str]:
    """Give the private key as it stands there, and the certificate's thumbprint. Raise OSError or ValueError."""
    pem = file.read_text(encoding="ascii")
    key, certificate = _KEY.search(pem), _CERTIFICATE.search(pem)
    if key is None or certificate is None:
        raise ValueError("no key, or no certificate")
    der = ssl.PEM_cert_to_DER_cert(certificate[0])
    return key[0], base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()


def _claims(settings: GraphSettings, now: datetime, number: int) -> dict[str, str | int]:
    at = int(now.timestamp())
    return {
        "aud": settings.token_url,
        "iss": settings.client_id,
        "sub": settings.client_id,
        "jti": str(uuid5(NAMESPACE_URL, f"{settings.client_id} {now.isoformat()} {number}")),
        "iat": at,
        "nbf": at,
        "exp": at + int(_ASSERTION_LASTS.total_seconds()),
    }


def _lasts(seconds: int | str) -> timedelta:
    try:
        return min(max(timedelta(seconds=int(seconds)), _SHORTEST), _LONGEST)
    except (ValueError, OverflowError):
        return _SHORTEST
