"""Where providers tell us of changes: an address and a proof a person, and settings that are safe or refused."""

import sys

import pytest
from pydantic import SecretStr, ValidationError

from adapters.push.address import PushSettings, PushTo

WORDS = "a secret that only tests know"
TO = PushTo(url="https://hooks.acme.example/entrevue", secret=SecretStr(WORDS))


def test_an_address_names_one_person_whatever_their_name_holds() -> None:
    assert TO.address("google", "ada.b+c@acme.example") == (
        "https://hooks.acme.example/entrevue/google/ada.b%2Bc%40acme.example"
    )


def test_a_proof_is_of_one_provider_person_and_secret() -> None:
    another = PushTo(url=TO.url, secret=SecretStr("a secret that somebody guessed"))
    proofs = {
        TO.proof("google", "grace"),
        TO.proof("graph", "grace"),
        TO.proof("google", "linus"),
        another.proof("google", "grace"),
    }

    assert len(proofs) == 4
    assert all(len(proof) == 64 for proof in proofs)
    assert [TO.proves("google", "grace", proof) for proof in sorted(proofs)].count(True) == 1
    assert not TO.proves("google", "grace", "é")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://hooks.acme.example/entrevue/", "https://hooks.acme.example/entrevue"),
        ("https://hooks.acme.example", "https://hooks.acme.example"),
        ("http://127.0.0.1:8090", "http://127.0.0.1:8090"),
        ("http://localhost:8090/", "http://localhost:8090"),
    ],
)
def test_an_address_is_https_or_this_machine_s_own(url: str, kept: str) -> None:
    settings = PushSettings(url=url, secret=SecretStr(WORDS))

    assert settings.to == PushTo(url=kept, secret=SecretStr(WORDS))
    assert (settings.listen_host, settings.listen_port) == ("127.0.0.1", 8090)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.acme.example/entrevue",
        "hooks.acme.example",
        "https://",
        "https://user:sesame@hooks.acme.example/",
        "https://hooks.acme.example/?a=b",
        "https://hooks.acme.example/#a",
        "ftp://127.0.0.1/",
        "https://[::1",
        "https://hooks.acme.example/{person}",
    ],
)
def test_another_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        PushSettings(url=url, secret=SecretStr(WORDS))

    assert "sesame" not in str(refused.value)
    assert WORDS not in str(refused.value)


def test_a_secret_is_long_and_never_shown() -> None:
    with pytest.raises(ValidationError):
        PushSettings(url=TO.url, secret=SecretStr("fifteen letters"))

    assert WORDS not in repr(PushSettings(url=TO.url, secret=SecretStr(WORDS)))


@pytest.mark.parametrize("name", ["starlette", "uvicorn"])
def test_what_is_not_installed_is_named_at_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(ValidationError, match=r"install entrevue\[push\]"):
        PushSettings(url=TO.url, secret=SecretStr(WORDS))
