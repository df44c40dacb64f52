"""Where providers tell us of changes: one address a person, and a proof that it was us who asked for the telling."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from pydantic import SecretStr

from entrevue.values import PersonId

Pusher = Literal["google", "graph"]


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
