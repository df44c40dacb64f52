"""Settings as every command reads them: from the environment, or from files that hold what nobody else shall see."""

import os
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from adapters.environment import FromEnvironment, unknown_settings, wrong_settings


class Server(BaseModel):
    host: str
    port: int = 25
    password: SecretStr


class Some(FromEnvironment):
    server: Server


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("ENTREVUE_"):
            monkeypatch.delenv(name)


@pytest.fixture(name="secrets")
def _secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ENTREVUE_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("ENTREVUE_SERVER__HOST", "mail.acme.example")
    (tmp_path / "ENTREVUE_SERVER__PASSWORD").write_text("sesame")
    return tmp_path


@pytest.mark.usefixtures("secrets")
def test_what_is_secret_may_lie_in_a_file_beside_what_the_environment_says() -> None:
    assert Some().server == Server(host="mail.acme.example", password=SecretStr("sesame"))


def test_the_environment_goes_before_the_files(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "ENTREVUE_SERVER__PORT").write_text("465")
    monkeypatch.setenv("ENTREVUE_SERVER__PORT", "587")

    assert Some().server.port == 587


def test_settings_of_others_are_not_in_the_way(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "ENTREVUE_IMAP__PORT").write_text("no number")
    monkeypatch.setenv("ENTREVUE_SMTP__PORT", "no number")

    assert Some().server.port == 25


def test_what_is_wrong_is_named_and_not_told(secrets: Path) -> None:
    (secrets / "ENTREVUE_SERVER__PORT").write_text("opensesame")
    with pytest.raises(ValidationError) as problem:
        Some()

    (said,) = wrong_settings(problem.value)
    assert said.startswith("ENTREVUE_SERVER__PORT: ")
    assert "opensesame" not in said


def test_what_no_setting_of_ours_is_called_is_named(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = unknown_settings(Some)
    (secrets / "ENTREVUE_SERVRE__PASSWORD").write_text("opensesame")
    monkeypatch.setenv("ENTREVUE_PORT_25_TCP", "tcp://10.0.0.1:25")
    monkeypatch.setenv("ENTREVUE_SERVERS__HOST", "mail.acme.example")
    monkeypatch.setenv("entrevue_server__port", "25")

    assert before == []
    assert unknown_settings(Some) == ["ENTREVUE_PORT_25_TCP", "ENTREVUE_SERVERS__HOST", "ENTREVUE_SERVRE__PASSWORD"]


def test_a_folder_of_secrets_that_is_not_there_hides_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ENTREVUE_SECRETS_DIR", str(tmp_path / "gone"))
    monkeypatch.setenv("ENTREVUE_SERVE", "yes")

    assert unknown_settings(Some) == ["ENTREVUE_SERVE"]


def test_a_folder_of_secrets_that_is_set_to_nothing_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ENTREVUE_SERVER__HOST").write_bytes(b"\xff")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENTREVUE_SECRETS_DIR", "")
    monkeypatch.setenv("ENTREVUE_SERVER__HOST", "mail.acme.example")
    monkeypatch.setenv("ENTREVUE_SERVER__PASSWORD", "sesame")
    (tmp_path / "ENTREVUE_SERVE").write_text("yes")

    assert Some().server.host == "mail.acme.example"
    assert unknown_settings(Some) == []
