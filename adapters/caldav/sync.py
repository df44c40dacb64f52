"""What has changed in a calendar since a cursor: by RFC 6578 where the server can, by its list of etags otherwise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

from httpx2 import codes

from activities.calendar import Changes
from adapters.caldav.collection import Collection, name_of
from adapters.caldav.webdav import DAV, NAMESPACES, XML, xml_headers
from adapters.cursor import MOST_VERSIONS, Cursor, digest, fits

_SINCE: Final = f"""<D:sync-collection {NAMESPACES}><D:sync-token>{{token}}</D:sync-token>
<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"""
_TOKEN: Final = f"<D:propfind {NAMESPACES}><D:prop><D:sync-token/></D:prop></D:propfind>"
_ETAGS: Final = f"<D:propfind {NAMESPACES}><D:prop><D:getetag/></D:prop></D:propfind>"
_THESE: Final = f"<C:calendar-multiget {NAMESPACES}><D:prop><D:getetag/></D:prop>{{hrefs}}</C:calendar-multiget>"

_FORGOTTEN = {
    codes.BAD_REQUEST,
    codes.FORBIDDEN,
    codes.CONFLICT,
    codes.GONE,
    codes.PRECONDITION_FAILED,
    codes.INSUFFICIENT_STORAGE,
}
"""How servers say that they do not know a token any more. Where it means something else, the next request says so."""
_ROUNDS = 10
"""How often a server may say that there is more to come."""

_NOT_THERE: Final = "-"


async def changes(collection: Collection, cursor: str | None, uids: Sequence[str]) -> Changes:
    """Fulfil `Calendar.changes`.

    The versions of our own events are compared one by one, in a single request, whatever the token says: some servers
    leave deletions out of their reports, and some answer a token that they have forgotten as if nothing had happened.
    The token says what else has changed.
    """
    calendar = digest(collection.calendar.url)
    names = {uid: name_of(uid) for uid in uids}
    before = Cursor.parse(cursor, calendar)
    now: Cursor | None = None
    suspects: frozenset[str] = frozenset(names.values())
    others = True
    if before and before.token:
        if report := await _report(collection, before.token):
            now = Cursor(calendar, report.token, versions=await _versions(collection, names.values()))
            suspects, others = report.names, bool(report.names.difference(names.values())) or report.doubtful
    elif before:
        now = await _listed(collection, names.values())
        others = now.rest != before.rest
    if before is None or now is None:
        return Changes(
            cursor=str(await _start(collection, names.values())), everything=True, touched=tuple(uids), others=True
        )
    return Changes(
        cursor=str(now),
        touched=tuple(uid for uid, name in names.items() if _differs(before, now, name, suspects)),
        others=others,
    )


def _differs(before: Cursor, now: Cursor, name: str, suspects: frozenset[str]) -> bool:
    """Compare two versions of one event; where there are not two, say what there is reason to suspect."""
    short = _short(name)
    if short in before.versions and short in now.versions:
        return before.versions[short] != now.versions[short]
    return name in suspects


async def _start(collection: Collection, names: Iterable[str]) -> Cursor:
    """Take the token first: what changes meanwhile is told once more, rather than not at all."""
    token = None
    if collection.calendar.syncs:
        for resource in (await collection.propfind(_TOKEN)).resources:
            token = resource.text(f"{DAV}sync-token")
    if token is None or not fits(token):
        return await _listed(collection, names)
    return Cursor(digest(collection.calendar.url), token, versions=await _versions(collection, names))


@dataclass(frozen=True)
class _Report:
    token: str
    names: frozenset[str]
    """Of the objects that were changed or deleted."""
    doubtful: bool
    """Another token, and nothing that would explain it: SOGo answers a token so that it does not know."""


async def _report(collection: Collection, token: str) -> _Report | None:
    """Ask what has changed since. None: the server does not know, or finds no end. DAV:limit would lose items."""
    names: set[str] = set()
    itself, latest = _path(collection.calendar.url), token
    for _ in range(_ROUNDS):
        query = XML + _SINCE.format(token=escape(latest))
        expect = {codes.MULTI_STATUS, *_FORGOTTEN}
        answer = await collection.session.ask(
            "REPORT", collection.calendar.url, expect=expect, headers=xml_headers("0"), content=query
        )
        if answer.status != codes.MULTI_STATUS:
            return None
        said = await collection.session.read_xml(answer)
        if said.sync_token is None or not fits(said.sync_token):
            return None
        latest = said.sync_token
        names |= {one.name for one in said.resources if _path(one.href) != itself}
        if not any(codes.INSUFFICIENT_STORAGE in one.statuses for one in said.resources if _path(one.href) == itself):
            return _Report(latest, frozenset(names), doubtful=not names and latest != token)
    return None


async def _versions(collection: Collection, names: Iterable[str]) -> dict[str, str]:
    watched = list(names)[:MOST_VERSIONS]
    if not watched:
        return {}
    path = urlsplit(collection.calendar.url).path
    hrefs = "".join(f"<D:href>{escape(path + name)}</D:href>" for name in watched)
    said = await collection.report(_THESE.format(hrefs=hrefs))
    etags = {one.name: one.text(f"{DAV}getetag") for one in said.resources if not one.absent}
    return {_short(name): _version(name, etags) for name in watched}


async def _listed(collection: Collection, names: Iterable[str]) -> Cursor:
    """List every object: for servers without tokens."""
    ours, itself = list(names), _path(collection.calendar.url)
    said = await collection.propfind(_ETAGS, depth="1")
    etags = {one.name: one.text(f"{DAV}getetag") for one in said.resources if _path(one.href) != itself}
    rest = sorted(f"{name} {etag}" for name, etag in etags.items() if name not in ours)
    return Cursor(
        digest(collection.calendar.url),
        rest=digest("\n".join(rest)),
        versions={_short(name): _version(name, etags) for name in ours[:MOST_VERSIONS]},
    )


def _version(name: str, etags: Mapping[str, str | None]) -> str:
    return digest(etags[name] or "") if name in etags else _NOT_THERE


def _short(name: str) -> str:
    return name[:12]


def _path(url: str) -> str:
    return unquote(urlsplit(url).path).rstrip("/")
