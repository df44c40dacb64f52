"""The worker's settings: from `ENTREVUE_…` in the environment, or from files of these names. See docs/operating.md."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from activities.letters import MailSettings
from adapters.caldav.calendars import CalDavSettings
from adapters.environment import FromEnvironment
from adapters.google.settings import GoogleSettings
from adapters.graph.settings import GraphSettings
from adapters.mail.imap import ImapSettings
from adapters.mail.smtp import SmtpSettings
from adapters.push.address import PushSettings
from adapters.sql.database import checked


class Settings(FromEnvironment):
    """From `ENTREVUE_…`, or files of these names in the folder `ENTREVUE_SECRETS_DIR`."""

    database_url: SecretStr = SecretStr("sqlite+aiosqlite:///entrevue.db")
    """Secret as a whole: PostgreSQL's may hold a password."""
    people: Path = Path("people.toml")
    caldav: CalDavSettings | None = None
    google: GoogleSettings | None = None
    graph: GraphSettings | None = None
    smtp: SmtpSettings
    mail: MailSettings
    imap: ImapSettings | None = None
    """Where answers and bounces lie. None: they are not read."""
    push: PushSettings | None = None
    """Where Google and Microsoft tell us of changes. None: calendars are looked at every few minutes, and no sooner."""
    log_format: Literal["json", "console"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    max_cached_workflows: int = Field(default=1000, ge=0)
    janitor: bool = True
    """Whether this worker sees to it that the janitor is scheduled. Every worker can do its work."""
    digest: bool = True
    """The same of the daily digest of open forms."""

    @field_validator("database_url")
    @classmethod
    def _is_known(cls, url: SecretStr) -> SecretStr:
        checked(url.get_secret_value())
        return url
