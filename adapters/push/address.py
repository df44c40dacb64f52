"""Where providers tell us of changes: one address a person, and a proof that it was us who asked for the telling."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Annotated, Literal, Self
from urllib.parse import quote, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from adapters.web import is_loopback
from entrevue.values import PersonId

Pusher = Literal["google", "graph"]

_NEEDED = ("starlette", "uvicorn")


@dataclass(frozen=True)
class PushTo:
    url: str
    """Of the receiver, as the providers reach it: https, without a slash at its end."""
    secret: SecretStr

    def address(self, provider: Pusher, person: PersonId) -> str:
        return f"{self.url}/{provider}/{quote(person, safe='')}"

    def proof(self, provider: Pusher, person: PersonId) -> str:
        """Give 64 hex characters that nobody can make without the secret."""
        said = json.dumps(["push", provider, person]).encode()
        return hmac.new(self.secret.get_secret_value().encode(), said, hashlib.sha256).hexdigest()

    def proves(self, provider: Pusher, person: PersonId, shown: str) -> bool:
        """Say whether `shown` is the proof, in a time that tells nothing about how much of it is right."""
        return hmac.compare_digest(self.proof(provider, person).encode(), shown.encode())


class PushSettings(BaseModel):
    """Be told of changes besides asking for them."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, StringConstraints(max_length=500)]
    """Of the receiver, as the providers reach it: what is before it takes https and hands on by http."""
    secret: SecretStr = Field(min_length=16)
    """Proofs are made of it. Another one: what was asked for under the old is heard no more, until it is renewed."""
    listen_host: Annotated[str, StringConstraints(min_length=1, max_length=253)] = "127.0.0.1"
    listen_port: Annotated[int, Field(ge=1, le=65535)] = 8090

    @field_validator("url")
    @classmethod
    def _is_reached(cls, text: str) -> str:
        url = urlsplit(text)
        if not url.hostname or (url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.hostname))):
            raise ValueError("providers tell by https only, or by http on this very machine")
        if url.username is not None or url.query or url.fragment or "{" in unquote(url.path):
            raise ValueError("the address is https://host/path and no more")
        return text.rstrip("/")

    @model_validator(mode="after")
    def _is_installed(self) -> Self:
        if any(find_spec(name) is None for name in _NEEDED):
            raise ValueError("to be told of changes, install entrevue[push]")
        return self

    @property
    def to(self) -> PushTo:
        return PushTo(url=self.url, secret=self.secret)
