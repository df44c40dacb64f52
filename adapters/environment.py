"""Settings from `ENTREVUE_…` in the environment, or from files of these names in `ENTREVUE_SECRETS_DIR`."""

import os
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

_PREFIX: Final = "ENTREVUE_"
_BETWEEN: Final = "__"
_SECRETS_DIR: Final = "ENTREVUE_SECRETS_DIR"


class FromEnvironment(BaseSettings):
    """The worker's settings, or some of them: whoever tries a calendar out need not have the other settings."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter=_BETWEEN, frozen=True, hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del settings_cls, dotenv_settings  # no .env file
        files = NestedSecretsSettingsSource(file_secret_settings, secrets_dir=_secrets_dir())
        return init_settings, env_settings, files


def _secrets_dir() -> Path | None:
    """Read at the time of the call, not of the import. One that is set to nothing is none: not this very folder."""
    named = os.environ.get(_SECRETS_DIR)
    return Path(named) if named else None


def wrong_settings(problem: ValueError) -> list[str]:
    """Name what is wrong with what was set, by its variable, and never its value."""
    if not isinstance(problem, ValidationError):  # pydantic-settings' and our own name the setting alone, too
        return [str(problem)]
    errors = problem.errors(include_input=False, include_url=False, include_context=False)
    return [f"{_PREFIX}{_BETWEEN.join(str(part) for part in one['loc']).upper()}: {one['msg']}" for one in errors]


def unknown_settings(known: type[FromEnvironment]) -> list[str]:
    """Name what is set under our prefix and is none of the `known` settings: one is misspelt, or another program's.

    That is no error: where a service is called `entrevue`, Kubernetes itself sets ENTREVUE_PORT and the like.
    """
    fields = {_SECRETS_DIR} | {f"{_PREFIX}{field.upper()}" for field in known.model_fields}
    folder = _secrets_dir()
    files = [file.name for file in folder.iterdir()] if folder is not None and folder.is_dir() else []
    names = {name.upper() for name in (*os.environ, *files)}
    return sorted(name for name in names if name.startswith(_PREFIX) and name.split(_BETWEEN)[0] not in fields)
