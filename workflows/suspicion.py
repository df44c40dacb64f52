"""What a watcher makes of what it sees: pure. A difference is a suspicion, and news once a second look confirms it.

People drag an event twice, and answer from two devices; so the second look comes a little later, and must find the very
same. Somebody who goes on and on is told of all the same, so that both sides know within a quarter of an hour.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta

from activities.calendar import Unwatched, Watched
from activities.watching import CalendarSeen, Fact, LookAtCalendar, News, Seen
from entrevue.answers import Heard, RsvpReceived
from entrevue.drift import (
    CalendarAccessLost,
    CalendarAccessRestored,
    CalendarEventChanged,
    CalendarEventDeleted,
    CalendarOverlapSeen,
)
from entrevue.values import Instant, InterviewId, Message, PersonId, Who
from workflows import access
from workflows.access import CONFIRMED, Access
from workflows.channel import Channel, Poked

NEAR, FAR = timedelta(minutes=3), timedelta(minutes=10)
SOON = timedelta(hours=48)
"""Whoever has an event of ours so soon is looked at every `NEAR`, everybody else every `FAR`."""

AT_THE_LATEST = timedelta(minutes=3)
"""What goes on changing is told all the same."""

AGAIN = timedelta(minutes=1)
"""After a look that failed. After another the usual pace is enough."""

SETTLED = timedelta(seconds=20)
"""After being told of a change. People change several things at once, and whatever tells us tells of each."""

Key = tuple[InterviewId, Who]


class OneEvent(Message):
    """An event of ours, and how its interview believes it to stand."""

    event: Watched
    known: Seen
    fresh: bool = True
    """It was not read since it was written, or refused; so it is read whatever the calendar says has changed."""
    access: Access = Access()

    @property
    def key(self) -> Key:
        return self.event.interview, self.event.who


class Suspicion(Message):
    """What was found otherwise than the interviews believe."""

    found: tuple[Seen, ...]
    noticed_at: Instant
    since: Instant
    """It has been found exactly so since then."""
    forgotten: bool = False
    """The calendar had forgotten our cursor when it was noticed."""


class Watch(Message):
    """Everything that a watcher knows: of one person, and of what is to be watched in their calendar."""

    person: PersonId
    cursor: str | None = None
    events: tuple[OneEvent, ...] = ()
    suspicion: Suspicion | None = None
    looked_at: Instant | None = None
    failed: int = 0
    """Looks in a row that came to nothing."""
    poked_at: Instant | None = None
    """When we were told first, since the last look began, that something has changed."""
    channel: Channel = Channel()
    """By what we are told."""

    def one(self, key: Key) -> OneEvent | None:
        return next((one for one in self.events if one.key == key), None)


# --- what shall be watched -------------------------------------------------------------------------------------------


def watched(watch: Watch, event: Watched) -> Watch:
    """Watch this version from now on. What was suspected of it was our own doing, or is put right by it."""
    before = watch.one((event.interview, event.who))
    if before is not None and before.event.sequence > event.sequence:
        return watch  # a repeat that comes late
    known = Seen(
        interview=event.interview,
        who=event.who,
        what="stands",
        start=event.start,
        end=event.end,
        answer=_answer_that_stands(before, event),
        overlapped=event.overlapped,
    )
    let_in = access.written(before.access) if before is not None else Access()
    without = unwatched(watch, event.interview, event.who)
    return without.model_copy(update={"events": (*without.events, OneEvent(event=event, known=known, access=let_in))})


def _answer_that_stands(before: OneEvent | None, event: Watched) -> Heard | None:
    """An answer was given to a time: it stands as long as that does."""
    stays = before is not None and (before.event.start, before.event.end) == (event.start, event.end)
    return before.known.answer if before is not None and stays else None


def taken_out(watch: Watch, event: Unwatched) -> Watch:
    """Watch this version no more. A later one was written while the removal was on its way, and stays."""
    there = watch.one((event.interview, event.who))
    if there is None or there.event.sequence > event.sequence:
        return watch
    return unwatched(watch, event.interview, event.who)


def unwatched(watch: Watch, interview: InterviewId, who: Who | None = None) -> Watch:
    """Watch no more what is of this interview, or of one seat of it."""

    def leaves(key: Key) -> bool:
        return key[0] == interview and who in (None, key[1])

    return watch.model_copy(
        update={
            "events": tuple(one for one in watch.events if not leaves(one.key)),
            "suspicion": _without(watch.suspicion, leaves),
        }
    )


def _without(suspicion: Suspicion | None, leaves: Callable[[Key], bool]) -> Suspicion | None:
    if suspicion is None:
        return None
    found = tuple(seen for seen in suspicion.found if not leaves(_key(seen)))
    return suspicion.model_copy(update={"found": found}) if found else None


def without_past(watch: Watch, now: datetime) -> Watch:
    """What is over is nobody's concern any more."""
    for one in watch.events:
        if one.event.end <= now:
            watch = unwatched(watch, *one.key)
    return watch


# --- being told ------------------------------------------------------------------------------------------------------


def poked(watch: Watch, poke: Poked, now: datetime) -> Watch:
    """Take in that something has changed; what is told on top of it makes the look no later."""
    anew = watch.channel.anew or poke.anew
    return watch.model_copy(
        update={
            "poked_at": watch.poked_at or now,
            "channel": watch.channel.model_copy(update={"anew": anew}),
        }
    )


def looking(watch: Watch) -> Watch:
    """Begin a look: it finds what we were told of until now, and perhaps not what comes meanwhile."""
    return watch.model_copy(update={"poked_at": None})


# --- when to look ----------------------------------------------------------------------------------------------------


def next_look(watch: Watch, began: datetime, chance: float) -> datetime:
    """Say when to look next. `chance`, of [0, 1), spreads the people of one calendar server over time."""
    last = watch.looked_at or began
    pace = _pace(watch, last)
    due = [last + pace * (1 - chance / 10)]
    if watch.failed == 0:
        due += [at for one in watch.events for at in one.event.look_at if at > last]
        due += [at for one in watch.events if (at := access.next_look(one.access)) is not None]
        due += [_confirmed_at(watch.suspicion)] if watch.suspicion is not None else []
        due += [watch.poked_at + SETTLED] if watch.poked_at is not None else []
    return min(due)


def _pace(watch: Watch, now: datetime) -> timedelta:
    if watch.failed == 1:
        return AGAIN
    open_to_us = [one.event for one in watch.events if not access.is_shut(one.access)]
    return NEAR if any(event.start - now <= SOON for event in open_to_us) else FAR


def _confirmed_at(suspicion: Suspicion) -> datetime:
    return min(suspicion.since + CONFIRMED, suspicion.noticed_at + AT_THE_LATEST)


def order(watch: Watch) -> LookAtCalendar:
    """Ask for a look; what is new to us, suspected or lost, is read whatever has changed since."""
    suspected = {_key(seen) for seen in watch.suspicion.found} if watch.suspicion is not None else set()
    return LookAtCalendar(
        person=watch.person,
        cursor=watch.cursor,
        events=tuple(one.event for one in watch.events),
        closely=tuple(
            one.event.uid for one in watch.events if one.fresh or one.access.told != "readable" or one.key in suspected
        ),
    )


# --- what a look means -----------------------------------------------------------------------------------------------


def failed(watch: Watch, now: datetime) -> tuple[Watch, tuple[News, ...]]:
    """Nothing was learned: no news, but to those who have heard nothing for hours."""
    after = {one.key: access.unavailable(one.access, now) for one in watch.events}
    tried = watch.model_copy(update={"looked_at": now, "failed": watch.failed + 1})
    return _let_in(tried, after), tuple(_news_of_access(watch, after, now))


def looked(
    watch: Watch, look: CalendarSeen, now: datetime, *, not_of: Collection[Key] = (), at_once: bool = False
) -> tuple[Watch, tuple[News, ...]]:
    """Take in a look that began at `now`; give what is to be told.

    `not_of`: events that were written while we looked, so that what was seen of them means nothing. `at_once`: what is
    seen is believed without a second look.
    """
    found = {_key(one): one for one in look.seen if _key(one) not in not_of and one.what != "written_anew"}
    refused = {key: one.because or "refused" for key, one in found.items() if one.what == "refused"}
    seen = {key: one for key, one in found.items() if key not in refused}
    after = {
        one.key: access.refused(one.access, refused[one.key], now, at_once=at_once)
        if one.key in refused
        else access.readable(one.access, now, at_once=at_once)
        for one in watch.events
        if one.key not in not_of
    }
    of_access = tuple(_news_of_access(watch, after, now))
    watch = _let_in(watch, after).model_copy(
        update={
            "cursor": look.cursor,
            "looked_at": now,
            "failed": 0,
            "suspicion": _without(watch.suspicion, refused.__contains__),
        }
    )
    watch = watch.model_copy(update={"events": tuple(_read(one, seen, refused) for one in watch.events)})
    suspicion = _suspicion(watch, seen, now, forgotten=look.forgotten)
    if suspicion is None or not (at_once or now >= _confirmed_at(suspicion)):
        return watch.model_copy(update={"suspicion": suspicion}), of_access
    news = tuple(_news(watch, suspicion))
    told = {_key(one): one for one in suspicion.found}
    events = tuple(one.model_copy(update={"known": told.get(one.key, one.known)}) for one in watch.events)
    return watch.model_copy(update={"events": events, "suspicion": None}), (*of_access, *news)


def _read(one: OneEvent, seen: Collection[Key], refused: Collection[Key]) -> OneEvent:
    return one.model_copy(update={"fresh": one.key in refused or (one.fresh and one.key not in seen)})


def _let_in(watch: Watch, after: Mapping[Key, Access]) -> Watch:
    events = (one.model_copy(update={"access": after.get(one.key, one.access)}) for one in watch.events)
    return watch.model_copy(update={"events": tuple(events)})


def _suspicion(watch: Watch, seen: dict[Key, Seen], now: datetime, *, forgotten: bool) -> Suspicion | None:
    before = watch.suspicion
    known = {_key(one): one for one in before.found} if before is not None else {}
    found = []
    for one in watch.events:
        if one.key in seen:
            stands = _taken_together(one.known, seen[one.key])
        elif one.key in known:
            stands = known[one.key]
        else:
            continue
        if _looks(stands) != _looks(one.known):
            found.append(stands)
    if not found:
        return None
    if before is None:
        return Suspicion(found=tuple(found), noticed_at=now, since=now, forgotten=forgotten)
    unchanged = [_looks(one) for one in found] == [_looks(one) for one in before.found]
    return Suspicion(
        found=tuple(found),
        noticed_at=before.noticed_at,
        since=before.since if unchanged else now,
        forgotten=before.forgotten or forgotten,
    )


def _taken_together(known: Seen, seen: Seen) -> Seen:
    """What was not looked at stands as it is known to."""
    if seen.what is None:
        return known.model_copy(update={"overlapped": seen.overlapped}) if known.what == "stands" else known
    answer = known.answer if seen.answer is None else seen.answer
    overlapped = known.overlapped if seen.overlapped is None else seen.overlapped
    return seen.model_copy(update={"answer": answer, "overlapped": overlapped})


def _looks(seen: Seen) -> tuple[object, ...]:
    return _key(seen), seen.what, seen.start, seen.end, seen.answer, seen.overlapped


def _key(seen: Seen) -> Key:
    return seen.interview, seen.who


# --- what is told ----------------------------------------------------------------------------------------------------


def _news(watch: Watch, suspicion: Suspicion) -> Iterator[News]:
    gone = {_key(seen) for seen in suspicion.found if seen.what == "gone"}
    there = {one.key for one in watch.events if one.known.what != "gone"}
    emptied = suspicion.forgotten or (len(gone) > 1 and gone >= there)
    for seen in suspicion.found:
        one = watch.one(_key(seen))
        if one is not None:
            facts = _facts(one, seen, suspicion.noticed_at, emptied=emptied)
            yield from (News(interview=seen.interview, fact=fact) for fact in facts)


def _news_of_access(watch: Watch, after: Mapping[Key, Access], now: datetime) -> Iterator[News]:
    for one in watch.events:
        if one.key in after:
            for fact in _facts_of_access(one, after[one.key], now):
                yield News(interview=one.event.interview, fact=fact)


def _facts_of_access(one: OneEvent, after: Access, now: datetime) -> Iterator[Fact]:
    before, whom = one.access, one.event.who
    if after.told == "lost" != before.told:
        at = after.unread_since or now
        because = after.because or "refused"
        yield CalendarAccessLost(source_id=_source_id(one, "lost", at), at=at, whom=whom, because=because)
    if after.told == "readable" != before.told:
        at = before.readable_since or now
        yield CalendarAccessRestored(source_id=_source_id(one, "restored", at), at=at, whom=whom)


def _facts(one: OneEvent, seen: Seen, at: datetime, *, emptied: bool) -> Iterator[Fact]:
    """Give what an interview must hear, also that somebody has put a thing right themselves."""
    match seen.what:
        case "gone" if one.known.what != "gone":
            yield CalendarEventDeleted(
                source_id=_source_id(one, "gone", at),
                at=at,
                whom=seen.who,
                uid=one.event.uid,
                sequence=one.event.sequence,
                emptied=emptied,
            )
        case "moved" | "cancelled":
            yield from _changed(one, seen, at)
        case "stands":
            yield from _changed(one, seen, at)
            yield from _answered(one, seen, at)
            yield from _overlapped(one, seen, at)


def _source_id(one: OneEvent, what: str, at: datetime) -> str:
    """Name what was seen, of whom, and when first: told again it is a repeat, and when it happens again it is not.

    A panel's events have one UID, and all its calendars are looked at in the same second before a reminder.
    """
    return f"{one.event.uid}/{one.event.who}/{one.event.sequence}/{what}/{at:%Y%m%dT%H%M%SZ}"


def _changed(one: OneEvent, seen: Seen, at: datetime) -> Iterator[Fact]:
    known, start, end = one.known, seen.start, seen.end
    if start is None or end is None or (seen.what, start, end) == (known.what, known.start, known.end):
        return
    yield CalendarEventChanged(
        source_id=_source_id(one, str(seen.what), at),
        at=at,
        whom=seen.who,
        uid=one.event.uid,
        sequence=one.event.sequence,
        start=start,
        end=end,
        cancelled=seen.what == "cancelled",
        etag=seen.etag,
    )


def _answered(one: OneEvent, seen: Seen, at: datetime) -> Iterator[Fact]:
    """What is answered in one's own calendar is one's own answer."""
    if seen.answer is None or seen.answer == one.known.answer:
        return
    yield RsvpReceived(
        source_id=_source_id(one, seen.answer, at),
        at=at,
        whom=seen.who,
        answer=seen.answer,
        sequence=one.event.sequence,
        via="calendar",
        verified=True,
    )


def _overlapped(one: OneEvent, seen: Seen, at: datetime) -> Iterator[Fact]:
    if seen.overlapped is None or seen.overlapped == one.known.overlapped:
        return
    yield CalendarOverlapSeen(
        source_id=_source_id(one, "overlapped" if seen.overlapped else "free", at),
        at=at,
        whom=seen.who,
        uid=one.event.uid,
        sequence=one.event.sequence,
        overlapped=seen.overlapped,
    )
