"""What an administrator wants to know of a calendar before interviews rely on it: small named checks over the port.

Each is tried in its turn against a test event in the distant past, measured, and said in plain words. Nothing here, and
nothing that is said, holds a secret, an address or a title.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Literal, ParamSpec, Protocol, TypeVar

from activities.calendar import Calendar, CalendarRefused, CalendarUnavailable
from entrevue.values import CalendarEvent, InterviewId, PersonId, Slot

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Calendars = TypeVar("_Calendars", bound=Calendar)

LONG_AGO: Final = datetime(2000, 1, 1, 9, tzinfo=UTC)
"""No calendar program shows it by chance, should it be left over."""
HOUR: Final = timedelta(hours=1)
INTERVIEW: Final[InterviewId] = "entrevue-check"
"""What marks the events of a trial, so that the next one finds what an earlier one left behind."""

_AROUND: Final = (LONG_AGO - timedelta(days=2), LONG_AGO + timedelta(days=3))
_AHEAD: Final = timedelta(days=28)
_LONGEST_WAIT: Final = timedelta(seconds=30)
"""A provider that asks for more patience is to be tried another time."""
_LATEST: Final = 1_000_000
"""Of all versions of a test event, one is later than this."""

BESIDE: Final = "writing looks before and after, and does without"

Verdict = Literal["works", "without", "fails"]
"""`without`: it is not there, and Entrevue does without."""


@dataclass(frozen=True)
class Finding:
    said: str
    verdict: Verdict = "works"
    remedy: str = ""


@dataclass(frozen=True)
class Check:
    name: str
    run: Callable[[], Awaitable[Finding]]
    """Raises `CalendarUnavailable` or `CalendarRefused` as the port does."""
    vital: bool = False
    """Where it fails, nothing after it can be tried."""


@dataclass(frozen=True)
class Result:
    name: str
    finding: Finding
    seconds: float


class Provider(Protocol):
    """What differs from provider to provider."""

    @property
    def calendar(self) -> Calendar: ...

    def first(self) -> Sequence[Check]:
        """Give what must hold before anything can be written."""
        ...

    def honours(self) -> Sequence[Check]:
        """Give what the provider may honour or not, tried with requests of its own kind."""
        ...

    async def move(self, uid: str, start: datetime) -> None:
        """Give our event another time as its owner's calendar program does: our notes in it stay as they are."""
        ...

    async def clear(self) -> int:
        """Take away what `first` and `honours` may have left behind, and say how much that was."""
        ...

    def remedy(self, trouble: CalendarRefused | CalendarUnavailable) -> str:
        """Say what to do about it, where the trouble itself does not."""
        ...


@dataclass
class OverRest(ABC, Generic[_Calendars]):
    """What Google and Microsoft have in common as a `Provider`."""

    calendar: _Calendars
    person: PersonId
    now: datetime
    busy_only: Calendar
    """The same calendar, of which we only ask when its owner is free."""
    nobody: Calendar
    """A calendar that is not there."""
    rooms: _Calendars | None = None
    """Where events lie that rooms hang on; None: there are none."""

    @property
    def uid(self) -> str:
        """Of the event that is tried with."""
        return f"{INTERVIEW}-probe-{self.now:%Y%m%dT%H%M%S}"

    def first(self) -> Sequence[Check]:
        return (
            Check("get a token", self.token, vital=True),
            *free_busy_checks(self.person, self.busy_only, self.nobody, self.now),
        )

    @abstractmethod
    async def token(self) -> Finding: ...

    def remedy(self, trouble: CalendarRefused | CalendarUnavailable) -> str:
        """The adapter's own words say what to do."""
        return "run it again in a while; it may pass by itself" if isinstance(trouble, CalendarUnavailable) else ""


@dataclass
class Trial:
    """One run of all checks against one calendar."""

    provider: Provider
    person: PersonId
    now: datetime
    results: list[Result] = field(default_factory=list)
    stopped: bool = False
    """What was vital has failed."""
    wrote: bool = False
    """Something may be left behind."""
    etag: str | None = None
    ical_uid: str | None = None
    cursor: str | None = None

    @property
    def uid(self) -> str:
        """Another one each time: some providers never give an id again."""
        return f"{INTERVIEW}-{self.now:%Y%m%dT%H%M%S}"

    @property
    def calendar(self) -> Calendar:
        return self.provider.calendar

    async def run(self, checks: Iterable[Check]) -> AsyncIterator[Result]:
        """Try one after the other, until one that was vital fails."""
        loop = asyncio.get_running_loop()
        for check in checks:
            if self.stopped:
                return
            begun = loop.time()
            try:
                finding = await patiently(check.run)
            except (CalendarRefused, CalendarUnavailable) as trouble:
                finding = Finding(because(trouble), "fails", self.provider.remedy(trouble))
            self.stopped = check.vital and finding.verdict == "fails"
            result = Result(check.name, finding, loop.time() - begun)
            self.results.append(result)
            yield result

    # --- the checks over the port

    def before(self) -> tuple[Check, ...]:
        """Where it cannot be seen what an earlier run left behind nothing more is written."""
        return (Check("busy times", self._busy), Check("left by earlier runs", self._clear_up, vital=True))

    def over_the_port(self) -> tuple[Check, ...]:
        return (
            Check("write an event", self._write, vital=True),
            Check("write it again", self._repeat),
            Check("read it back", self._read),
            Check("see it taken", self._taken),
            Check("list ours", self._list),
            Check("write a new version", self._update),
            Check("write the old one, late", self._late),
            Check("read what changed", self._changes),
            Check("notice a move", self._moved),
            Check("overwrite a move", self._overwrite),
            Check("delete it", self._delete),
            Check("delete it again", self._delete_again),
            Check("book it anew", self._anew),
        )

    async def _clear_up(self) -> Finding:
        left = await self.clear()
        self.wrote = True  # from here on, whatever happens
        return Finding(f"{_counted(left, 'event')}, taken away" if left else "nothing")

    async def _busy(self) -> Finding:
        busy = await self.calendar.busy(self.person, self.now, self.now + _AHEAD)
        return Finding(f"read: {_counted(len(busy), 'stretch', 'stretches')} in the next {_AHEAD.days} days")

    async def _write(self) -> Finding:
        ensured = await self.calendar.ensure(self.person, self._event(0), INTERVIEW, None)
        self.etag = ensured.etag
        self.ical_uid = ensured.ical_uid
        if ensured.outcome != "created":
            return _unlike(ensured.outcome, "created")
        named = "under a UID of its own" if ensured.ical_uid else "under our UID"
        return Finding(f"it stands there, {named}")

    async def _repeat(self) -> Finding:
        ensured = await self.calendar.ensure(self.person, self._event(0), INTERVIEW, None)
        return _as_expected(ensured.outcome, "already_there", "recognised as ours: nothing is written twice")

    async def _read(self) -> Finding:
        state = await self.calendar.read(self.person, self.uid)
        if state is None:
            return _unlike("gone", "there")
        event = self._event(0)
        if (state.start, state.end, state.moved) != (event.slot.start, event.slot.end, False):
            return Finding("its time is not what we wrote", "fails", "tell us: this should not be")
        if state.answer is None:
            return Finding("as written; the owner cannot be asked there whether they come")
        return Finding("as written; the owner is asked whether they come")

    async def _taken(self) -> Finding:
        busy = await self.calendar.busy(self.person, *_AROUND)
        if any(one.interview == INTERVIEW for one in busy):
            return Finding("its time counts as taken, and as ours")
        return Finding("its time does not count as taken by us", "fails", "tell us: this should not be")

    async def _list(self) -> Finding:
        ours = await self.calendar.ours(self.person, *_AROUND)
        if self.uid in {one.uid for one in ours}:
            return Finding("found among the events that we wrote")
        return Finding("not found among the events that we wrote", "fails", "the janitor could not clear up here")

    async def _update(self) -> Finding:
        self.cursor = (await self.calendar.changes(self.person, None, (self.uid,))).cursor
        ensured = await self.calendar.ensure(self.person, self._event(1), INTERVIEW, self.etag)
        self.etag = ensured.etag
        if ensured.ical_uid != self.ical_uid:
            return Finding("its UID is another now", "fails", "mails about it could not name it: tell us")
        return _as_expected(ensured.outcome, "updated", "an hour later; its UID stays")

    async def _late(self) -> Finding:
        ensured = await self.calendar.ensure(self.person, self._event(0), INTERVIEW, self.etag)
        return _as_expected(ensured.outcome, "superseded", "the newer one stays")

    async def _changes(self) -> Finding:
        changes = await self.calendar.changes(self.person, self.cursor, (self.uid,))
        self.cursor = changes.cursor
        if self.uid not in changes.touched:
            return Finding("it does not say that our event was changed", "fails", "edits by its owner would go unseen")
        if changes.everything:
            return Finding("only that anything may have changed: all is looked at each time", "without")
        return Finding("since the last look: our event")

    async def _moved(self) -> Finding:
        await self.provider.move(self.uid, LONG_AGO + 3 * HOUR)
        state = await self.calendar.read(self.person, self.uid)
        ensured = await self.calendar.ensure(self.person, self._event(2), INTERVIEW, self.etag)
        if state is None or not state.moved:
            return Finding("what its owner does cannot be told from our own writing", "fails", "tell us: this is news")
        self.etag = ensured.etag
        return _as_expected(ensured.outcome, "edited_by_person", "an edit by its owner is told from ours, and stays")

    async def _overwrite(self) -> Finding:
        ensured = await self.calendar.ensure(self.person, self._event(2), INTERVIEW, self.etag)
        self.etag = ensured.etag
        return _as_expected(ensured.outcome, "updated", "where the interview knows of the edit")

    async def _delete(self) -> Finding:
        removed = await self.calendar.remove(self.person, self.uid, 2, self.etag)
        if await self.calendar.read(self.person, self.uid) is not None:
            return _unlike("still there", "gone")
        return _as_expected(removed.outcome, "removed", "it is gone")

    async def _delete_again(self) -> Finding:
        removed = await self.calendar.remove(self.person, self.uid, 2, self.etag)
        return _as_expected(removed.outcome, "already_gone", "harmless")

    async def _anew(self) -> Finding:
        ensured = await self.calendar.ensure(self.person, self._event(3), INTERVIEW, None)
        removed = await self.calendar.remove(self.person, self.uid, 3, ensured.etag)
        if removed.outcome != "removed":
            return _unlike(removed.outcome, "removed")
        return _as_expected(ensured.outcome, "created", "what was deleted can be booked once more")

    def _event(self, sequence: int) -> CalendarEvent:
        return an_event(self.uid, sequence)

    # --- clearing up

    async def clear(self) -> int:
        """Take away every event of this or of an earlier trial, and say how many there were."""
        cleared = await patiently(self.provider.clear)
        ours = await patiently(self.calendar.ours, self.person, *_AROUND)
        for uid in sorted({one.uid for one in ours if one.interview == INTERVIEW} | {self.uid}):
            cleared += await self._remove(uid)
        return cleared

    async def _remove(self, uid: str) -> bool:
        removed = await patiently(self.calendar.remove, self.person, uid, _LATEST, None)
        if removed.outcome == "edited_by_person":
            state = await patiently(self.calendar.read, self.person, uid)
            etag = state.etag if state else None
            removed = await patiently(self.calendar.remove, self.person, uid, _LATEST, etag)
        if removed.outcome == "edited_by_person":
            raise CalendarRefused(self.person, "the test event cannot be taken away")
        return removed.outcome == "removed"


async def patiently(ask: Callable[_P, Awaitable[_T]], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Ask, and once more after the wait that the provider asked for, where that is short."""
    try:
        return await ask(*args, **kwargs)
    except CalendarUnavailable as trouble:
        if trouble.retry_after is None or trouble.retry_after > _LONGEST_WAIT:
            raise
        await asyncio.sleep(trouble.retry_after.total_seconds())
    return await ask(*args, **kwargs)


def an_event(uid: str, sequence: int = 0) -> CalendarEvent:
    """Give a version of a test event; each an hour later than the one before."""
    return CalendarEvent(
        uid=uid,
        sequence=sequence,
        stamp=LONG_AGO,
        slot=Slot(start=LONG_AGO + sequence * HOUR, minutes=30),
        summary="Entrevue tries out this calendar",
        description="A test event. It may be deleted.",
    )


def free_busy_checks(person: PersonId, busy_only: Calendar, nobody: Calendar, now: datetime) -> tuple[Check, ...]:
    """Try what is asked of the provider for people whose calendars are not written.

    `busy_only` is the same calendar, `nobody` one that is not there: it must never pass for somebody who is free.
    """

    async def theirs() -> Finding:
        busy = await busy_only.busy(person, now, now + _AHEAD)
        return Finding(f"read: {_counted(len(busy), 'stretch', 'stretches')} in the next {_AHEAD.days} days")

    async def nobodys() -> Finding:
        try:
            await nobody.busy(person, now, now + _AHEAD)
        except (CalendarRefused, CalendarUnavailable):
            return Finding("an error, as it should be: nobody unknown is taken for free")
        return Finding("somebody unknown is told to be free", "fails", "tell us: this should not be")

    return (Check("free/busy alone", theirs), Check("free/busy of nobody", nobodys))


def because(trouble: CalendarRefused | CalendarUnavailable) -> str:
    """Say what the trouble is without naming whose calendar it is: there is only one here."""
    said = str(trouble).partition(": ")[2]
    match trouble:
        case CalendarUnavailable(retry_after=timedelta() as wait):
            return f"{said}; it asks to be left alone for {wait.total_seconds():.0f} s"
        case _:
            return said


def _as_expected(outcome: str, expected: str, said: str) -> Finding:
    return Finding(said) if outcome == expected else _unlike(outcome, expected)


def _unlike(outcome: str, expected: str) -> Finding:
    said = f"{outcome.replace('_', ' ')}, where {expected.replace('_', ' ')} was to be expected"
    return Finding(said, "fails", "run it again; if it stays so, tell us")


def _counted(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
