"""Read what mail systems say about letters: delivery reports (RFC 3464), and those in words of their own."""

import re
from collections.abc import Iterator
from email.message import Message as Part
from email.parser import HeaderParser

from activities.mailbox import Report

_MOST_BLOCKS, _MOST_TEXT = 20, 20_000
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})\b")
_IN_TEXT = re.compile(r"(?<![\w.])#?([45]\.[0-7]\.\d{1,3})(?![\w.]*\d)")
"""An enhanced status code; never part of an address of a machine or of a version."""
_VAGUE = re.compile(r"[45]\.0\.0")
_ARRIVED = frozenset({"delivered", "relayed", "expanded"})
_ENDED = re.compile(r"failed|failure", re.IGNORECASE)
_STILL_TRYING = re.compile(
    r"delayed|delivery delay|not yet been delivered|has not been delivered|still (?:being |be )?(?:re)?tr(?:y|ied)"
    r"|will (?:be|keep|continue|try)[^.\n]{0,40}(?:retr|tr(?:y|ied|ying))|no action is required",
    re.IGNORECASE,
)
_NOBODY = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox|address|person)|(?:user|account|mailbox|address)"
    r"[^.\n]{0,60}(?:does not|doesn't|not) (?:exist|found)|no mailbox here by that name|unrouteable address"
    r"|(?:does not|doesn't) have an? [\w.-]+ account"
    r"|unknown (?:local part|recipient|address)|not listed in|recipient not found|invalid (?:recipient|mailbox)",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"^(?:--.*(?:copy|original|below|message|headers).*|Return-Path: .*|Received: from .*)$",
    re.IGNORECASE | re.MULTILINE,
)


def delivery_report(part: Part) -> Report | None:
    """Read a `message/delivery-status`. Of several recipients, as of a forwarded letter, one that it reached counts."""
    blocks = [block for block in _blocks(part) if block["Action"] or block["Status"]]
    told = [report for block in blocks if (report := _of_block(block))]
    for outcome in ("delivered", "failed", "delayed"):
        for report in told:
            if report.outcome == outcome:
                return report
    return None


def _blocks(part: Part) -> Iterator[Part]:
    """Give the groups of fields. The library parts them for the older of the two content types only (RFC 6533)."""
    inside = part.get_payload()
    for number, block in enumerate(inside if isinstance(inside, list) else ()):
        if number >= _MOST_BLOCKS or not isinstance(block, Part):
            return
        yield block
        rest = block.get_payload()
        for fields in re.split(r"\r?\n\r?\n", rest)[:_MOST_BLOCKS] if isinstance(rest, str) else ():
            yield HeaderParser().parsestr(fields.lstrip())


def _of_block(block: Part) -> Report | None:
    action = str(block["Action"] or "").strip().lower()
    said = str(block["Diagnostic-Code"] or "")
    named = _STATUS.match(str(block["Status"] or ""))
    status = _plainer(named[1] if named else "5.0.0", said)
    if action in _ARRIVED or (not action and status.startswith("2")):
        return Report(outcome="delivered", status=status)
    if action == "delayed" or (not action and status.startswith("4")):
        return Report(outcome="delayed", status=status)
    return Report(outcome="failed", status=status)


def _plainer(status: str, said: str) -> str:
    """Where the code says nothing ("5.0.0"), what the other server has answered may."""
    if _VAGUE.fullmatch(status):
        found = _IN_TEXT.search(said)
        if found is not None:
            return found[1]
        return "5.1.1" if _NOBODY.search(said) else status
    return status


def report_in_words(subject: str, text: str) -> Report:
    """Make out what a mail system says that knows no standard. What it quotes of our letter is not its word."""
    said = _QUOTED.split(text[:_MOST_TEXT], maxsplit=1)[0]
    if _STILL_TRYING.search(f"{subject}\n{said}") and not _ENDED.search(subject):
        return Report(outcome="delayed", status="4.0.0")
    return Report(outcome="failed", status=_plainer("5.0.0", said))
