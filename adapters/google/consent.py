"""Have a person consent to Entrevue's use of their Google calendar: `python -m adapters.google.consent PERSON`.

On the machine where their browser is: Google sends them back to a port of it, which nobody else reaches
(developers.google.com/identity/protocols/oauth2/native-app; RFC 8252, RFC 7636). What they consented to is written into
`{PERSON}.json`, for the folder that ENTREVUE_GOOGLE__USERS names.
"""

import argparse
import asyncio
import base64
import json
import os
import secrets  # noqa: TID251  # nothing of it is retried: somebody sits before it
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from pydantic import AfterValidator, BaseModel, SecretStr, TypeAdapter, ValidationError

from adapters.google.settings import SCOPES
from adapters.web import checked_address
from entrevue.values import DirectoryId, EmailAddress

LONGEST: Final = timedelta(minutes=10)
_REQUEST_WITHIN: Final = 10
_LARGEST_REQUEST: Final = 16 * 1024
_PERSON: Final = TypeAdapter[str](DirectoryId)
_SAID: Final = "Entrevue may use this calendar now. This page can be closed."
_REFUSED: Final = "Nothing was allowed. This page can be closed."


_Address = Annotated[str, AfterValidator(checked_address)]


class ConsentFailed(Exception):
    """It came to nothing, and the message says what to do."""


class Client(BaseModel, frozen=True, hide_input_in_errors=True):
    """A client of type “Desktop app”, as Google Cloud gives it out."""

    client_id: str
    client_secret: SecretStr
    auth_uri: _Address = "https://accounts.google.com/o/oauth2/v2/auth"
    token_uri: _Address = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address


class _ClientFile(BaseModel, hide_input_in_errors=True):
    installed: Client


class _Granted(BaseModel, hide_input_in_errors=True):
    refresh_token: SecretStr
    scope: str


@dataclass(frozen=True)
class Asked:
    """One question to one person: the answer must bear its state, and is of use only to who has the verifier."""

    redirect: str
    state: str
    verifier: str

    def url(self, client: Client, address: EmailAddress | None) -> str:
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")
        query = {
            "client_id": client.client_id,
            "redirect_uri": self.redirect,
            "response_type": "code",
            "scope": " ".join(SCOPES),
            "state": self.state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",  # otherwise whoever consented before is given no refresh token
            **({"login_hint": address} if address else {}),
        }
        return f"{client.auth_uri}?{urlencode(query)}"


async def consent(
    client: Client,
    person: str,
    users: Path,
    *,
    address: EmailAddress | None = None,
    within: timedelta = LONGEST,
    say: Callable[[str], object] = print,
) -> Path:
    """Ask, wait for the answer, and give the file that it went into. Raises `ConsentFailed`."""
    _PERSON.validate_python(person)
    answer: asyncio.Future[Mapping[str, str]] = asyncio.get_running_loop().create_future()
    state = secrets.token_urlsafe(32)

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            async with asyncio.timeout(_REQUEST_WITHIN):
                said = _said(await reader.readuntil(b"\r\n\r\n"))
                theirs = secrets.compare_digest(said.get("state", "").encode(), state.encode())
                writer.write(_page(_REFUSED if "error" in said else _SAID) if theirs else _NOT_FOUND)
                await writer.drain()
                if theirs and not answer.done():
                    answer.set_result(said)
        writer.close()

    async with await asyncio.start_server(hear, "127.0.0.1", 0, limit=_LARGEST_REQUEST) as listening:
        port = listening.sockets[0].getsockname()[1]
        asked = Asked(f"http://127.0.0.1:{port}", state, secrets.token_urlsafe(48))
        say(f"Open this in the browser of whose calendar it is:\n\n{asked.url(client, address)}\n")
        try:
            said = await asyncio.wait_for(answer, within.total_seconds())
        except TimeoutError:
            raise ConsentFailed("nobody answered; run this again when they are there") from None
    if "code" not in said:
        raise ConsentFailed("they did not consent, or may not: ask their administrator whether our app is allowed")
    granted = await _redeemed(client, asked, said["code"])
    return _written(client, granted, users / f"{person}.json")


async def _redeemed(client: Client, asked: Asked, code: str) -> _Granted:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": asked.verifier,
        "redirect_uri": asked.redirect,
        "client_id": client.client_id,
        "client_secret": client.client_secret.get_secret_value(),
    }
    try:
        async with httpx2.AsyncClient(timeout=20, follow_redirects=False, trust_env=False) as http:
            answer = await http.post(client.token_uri, data=form)
    except httpx2.RequestError as trouble:
        raise ConsentFailed(f"Google could not be reached ({type(trouble).__name__}); run this again") from None
    try:
        granted = _Granted.model_validate_json(answer.content)
    except ValidationError:
        raise ConsentFailed(f"Google gave nothing for their consent (status {answer.status_code})") from None
    if not set(SCOPES) <= set(granted.scope.split()):
        raise ConsentFailed("they ticked not all that is asked for; run this again, and have them tick both")
    return granted


def _written(client: Client, granted: _Granted, path: Path) -> Path:
    """For nobody's eyes but the worker's, from its first byte on; and never half of it in the place of the whole."""
    known = {
        "type": "authorized_user",
        "client_id": client.client_id,
        "client_secret": client.client_secret.get_secret_value(),
        "refresh_token": granted.refresh_token.get_secret_value(),
        "token_uri": client.token_uri,
    }
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump(known, file)
    half.replace(path)
    return path


# --- what the browser is told ----------------------------------------------------------------------------------------


def _said(request: bytes) -> dict[str, str]:
    """Read what the browser brings back. Raises ValueError where that is no request."""
    method, target, _ = request.split(b"\r\n", 1)[0].decode("ascii").split(" ")
    if method != "GET":
        return {}
    return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}


def _page(text: str, status: str = "200 OK") -> bytes:
    head = (
        f"HTTP/1.1 {status}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(text.encode())}",
        "Cache-Control: no-store",
        "Referrer-Policy: no-referrer",
        "Connection: close",
    )
    return ("\r\n".join(head) + "\r\n\r\n" + text).encode()


_NOT_FOUND: Final = _page("", "404 Not Found")


# --- the command line ------------------------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m adapters.google.consent", description=__doc__)
    parser.add_argument("person", help="their id in the directory; `meet` for the calendar of the Meet rooms")
    parser.add_argument("--client", type=Path, required=True, help="the client's file, of type “Desktop app”")
    parser.add_argument(
        "--users",
        type=Path,
        default=os.environ.get("ENTREVUE_GOOGLE__USERS"),
        required="ENTREVUE_GOOGLE__USERS" not in os.environ,
        help="the folder to write into; otherwise what ENTREVUE_GOOGLE__USERS names",
    )
    parser.add_argument("--address", help="their address, so that Google offers them the right account")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        client = _ClientFile.model_validate_json(given.client.read_bytes()).installed
        path = asyncio.run(consent(client, given.person, given.users, address=given.address))
    except ValidationError:
        sys.stderr.write("Nothing was done: the id is none, or the client's file is not that of a desktop app.\n")
        return 2
    except (ConsentFailed, OSError) as trouble:
        sys.stderr.write(f"Nothing was done: {trouble}.\n")
        return 1
    sys.stdout.write(f"Written: {path}. Whoever has this file may use the calendar: keep it as you keep passwords.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
