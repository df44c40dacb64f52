"""What our own mail server says about who sent a mail: Authentication-Results (RFC 8601), of that one server only."""

import re
from collections.abc import Iterable, Sequence

_LONGEST = 8000
_METHOD = re.compile(r"([a-z0-9-]+)(?:/\d+)?=([a-z]+)")


def is_authentic(headers: Iterable[str], server: str | None, domain: str) -> bool:
    """Say whether `server`, by its authserv-id, vouches that a mail comes from `domain`.

    Of all headers only the topmost that bears its name counts: those that a sender made up stand below. DMARC's word is
    final; where it has none to say, an aligned pass of DKIM or SPF is enough.
    """
    if server is None:
        return False
    for header in headers:
        first, *results = _parts(header)
        name = first.split()[:1]
        if not name:
            return False  # whose it is cannot be told: it may be our own, which a sender has filled with quotes
        if name == [server.lower()]:
            return _vouches([_result(one) for one in results], domain.lower())
    return False


def _vouches(results: Sequence[tuple[str, str, dict[str, str]]], domain: str) -> bool:
    said = [(outcome, about) for method, outcome, about in results if method == "dmarc" and outcome != "none"]
    if said:
        return all(outcome == "pass" and about.get("header.from", domain) == domain for outcome, about in said)
    for method, outcome, about in results:
        if outcome == "pass" and method == "dkim":
            signer = about.get("header.d") or about.get("header.i", "")
            if _aligned(signer, domain):
                return True
        if outcome == "pass" and method == "spf" and _aligned(about.get("smtp.mailfrom", ""), domain):
            return True
    return False


def _aligned(signer: str, domain: str) -> bool:
    """Accept the domain itself, or one above it; never a top-level domain."""
    signer = signer.rpartition("@")[2]
    return "." in signer and (domain == signer or domain.endswith("." + signer))


def _result(part: str) -> tuple[str, str, dict[str, str]]:
    words = " ".join(part.split()).replace(" =", "=").replace("= ", "=").split()
    method = _METHOD.fullmatch(words[0]) if words else None
    pairs = (word.split("=", 1) for word in words[1:] if "=" in word)
    about: dict[str, str] = {}
    for name, value in pairs:
        about.setdefault(name, value)
    return (method[1], method[2], about) if method else ("", "", {})


def _parts(header: str) -> list[str]:
    """Split at the semicolons that are neither in a comment nor in a quoted string, both of which senders can fill.

    Comments are dropped; what is quoted is kept, but for whatever could look like syntax. All in lower case. A header
    that leaves one of them open says nothing.
    """
    parts, word, depth, quoted = [""], iter(header[:_LONGEST].lower()), 0, False
    for character in word:
        if character == "\\" and (depth or quoted):
            next(word, None)
        elif quoted:
            quoted = character != '"'
            parts[-1] += character if character.isalnum() or character in ".@-+_" else ""
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        elif depth:
            continue
        elif character == '"':
            quoted = True
        elif character == ";":
            parts.append("")
        else:
            parts[-1] += character
    return [""] if quoted or depth else parts
