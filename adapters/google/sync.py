"""What has changed in a calendar at Google since a cursor (guides/sync): which ids, and nothing of what they are."""

from datetime import timedelta
from typing import Final

from httpx2 import codes

from activities.calendar import Changes
from adapters.cursor import Cursor, digest, fits
from adapters.google.events import by_name
from adapters.google.requests import LARGEST_PAGE, PAGE, GoogleCalendar, items, text
from adapters.google.times import clock, stamp

_FORGOTTEN: Final = {codes.BAD_REQUEST, codes.GONE}
"""A token that has come to its end is answered 410. What is no token of theirs may be 400; where that means something
else, the next request says so."""
_QUERY: Final = {
    "maxResults": LARGEST_PAGE,
    "singleEvents": "false",
    "fields": f"{PAGE},nextSyncToken,items(id)",
}
"""The same for the first time as for the next, without the few parameters that a sync token excludes."""
_MOST_FIRST_PAGES = 4
_LOOK_BACK: Final = timedelta(days=60)


async def changes(calendar: GoogleCalendar, cursor: str | None, uids: tuple[str, ...]) -> Changes:
    """Fulfil `Calendar.changes`: what is deleted is in the report, too, with hardly more than its id."""
    at = digest(calendar.account.address.lower())
    before = Cursor.parse(cursor, at)
    report = await _since(calendar, before.token) if before and before.token else None
    if report is None:
        token = await _first(calendar)
        return Changes(cursor=str(Cursor(at, token)), everything=True, touched=uids, others=True)
    ids, token = report
    ours, others = by_name(ids, calendar.person, uids)
    return Changes(cursor=str(Cursor(at, token)), touched=tuple(uid for uid in uids if uid in ours), others=others)


async def _since(calendar: GoogleCalendar, token: str) -> tuple[set[str], str] | None:
    """None: Google does not know the token any more, or has no other for the next time."""
    ids, latest = set[str](), None
    async for page in calendar.pages({**_QUERY, "syncToken": token}, {codes.OK, *_FORGOTTEN}):
        if not page.well:
            return None
        ids.update(found for item in items(page) if (found := text(item, "id")))
        latest = text(page.body, "nextSyncToken")
    return (ids, latest) if latest and fits(latest) else None


async def _first(calendar: GoogleCalendar) -> str | None:
    """Give a token from now on. Google gives it on the last page, so the whole calendar is leafed through.

    One of more than some 10,000 events is leafed through from two months back: what lies before that is over. None:
    there is no token to be had, and the next time everything may have changed again.
    """
    number = 0
    async for page in calendar.pages(_QUERY):
        number += 1
        if text(page.body, "nextPageToken") is None:
            return _fitting(text(page.body, "nextSyncToken"))
        if number == _MOST_FIRST_PAGES:
            break
    recent = stamp(clock(calendar.person, page) - _LOOK_BACK)
    latest = None
    async for later in calendar.pages({**_QUERY, "timeMin": recent}):
        latest = text(later.body, "nextSyncToken")
    return _fitting(latest)


def _fitting(token: str | None) -> str | None:
    return token if token is not None and fits(token) else None
