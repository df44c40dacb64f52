"""Settings from `ENTREVUE_…` in the environment, or from files of these names in `ENTREVUE_SECRETS_DIR`."""

import os

from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)


class FromEnvironment(BaseSettings):
    """The worker's settings, or some of them: who tries a calendar out need not have the others."""

    model_config = SettingsConfigDict(
        env_prefix="ENTREVUE_", env_nested_delimiter="__", frozen=True, hide_input_in_errors=True
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
        del settings_cls, dotenv_settings  # two sources are enough
        secrets = os.environ.get("ENTREVUE_SECRETS_DIR")  # at the time of the call, not of the import
        return init_settings, env_settings, NestedSecretsSettingsSource(file_secret_settings, secrets_dir=secrets)
