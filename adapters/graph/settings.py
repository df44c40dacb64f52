"""How Entrevue reaches Microsoft Graph: as an app that an administrator has consented to."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, Field, SecretStr, model_validator

from adapters.web import ServerAddress
from entrevue.values import EmailAddress


class GraphSettings(BaseModel, frozen=True, extra="forbid", hide_input_in_errors=True):
    """Our app, as it is registered in Entra."""

    tenant: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,99}$")]
    """Its id, or one of its domains."""
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,100}$")]
    client_secret: SecretStr | None = None
    certificate_file: Path | None = None
    """PEM, with the private key and the certificate. Of the two ways Microsoft recommends this one."""
    teams_mailbox: EmailAddress | None = None
    """Whose calendar holds the rooms' events; the meetings are theirs."""
    url: ServerAddress = "https://graph.microsoft.com/v1.0"
    login_url: ServerAddress = "https://login.microsoftonline.com"
    scope: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+/\.default$")] = "https://graph.microsoft.com/.default"
    """All that an administrator has consented to. National clouds have other addresses, and another scope."""

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.client_secret is None) == (self.certificate_file is None):
            raise ValueError("give either a client secret or a certificate's file")
        return self

    @property
    def token_url(self) -> str:
        return f"{self.login_url}/{self.tenant}/oauth2/v2.0/token"
