"""Try out a calendar before interviews rely on it: `python -m adapters.check caldav|google|graph ADDRESS`.

With the settings of the worker, for its own account: a test event on 1 January 2000 is written, moved and deleted, and
what the provider honours is said in plain words. See docs/calendars-and-mail.md.
"""

import argparse
import asyncio
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, TypeVar
from zoneinfo import available_timezones

import structlog
from pydantic import TypeAdapter, ValidationError

from activities.calendar import CalendarRefused, CalendarUnavailable
from activities.people import use_pinned_tzdata
from adapters.caldav.calendars import CalDav, CalDavSettings, CalendarAccount
from adapters.check.on_caldav import CalDavProvider
from adapters.check.on_graph import GraphProvider
from adapters.check.trial import Finding, Provider, Result, Trial, because
from adapters.environment import FromEnvironment, wrong_settings
from adapters.google.settings import GoogleAccount, GoogleSettings
from adapters.graph.calendars import GraphAccount, GraphCalendars
from adapters.graph.settings import GraphSettings
from entrevue.values import EmailAddress, PersonId, ZoneName

_Account = TypeVar("_Account")
_EMAIL, _PERSON = TypeAdapter[str](EmailAddress), TypeAdapter[str](PersonId)

LONGEST: Final = timedelta(minutes=5)
_LONGEST_CLEARING: Final = timedelta(minutes=1)
_CLEARINGS: Final = 3
_AT_ONCE: Final = partial(print, flush=True)
_WIDTH: Final = 110
_NAMES: Final = 24
_MARKS: Final = {"works": "✓", "without": "–", "fails": "✗"}
NOBODY_AT_GOOGLE: Final = "entrevue-nobody@group.calendar.google.com"
"""Google makes up the names of group calendars itself, and none like this one."""
_BY_HAND: Final = "run this again, or take “Entrevue tries out this calendar” on 1 January 2000 out by hand"


class _CalDav(FromEnvironment):
    caldav: CalDavSettings


class _Google(FromEnvironment):
    google: GoogleSettings


class _Graph(FromEnvironment):
    graph: GraphSettings


# --- one provider each -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whose:
    """Whose calendar is tried out, and when."""

    address: str
    now: datetime
    person: PersonId = "check"
    zone: ZoneName = "UTC"
    email: EmailAddress | None = None


@asynccontextmanager
async def caldav(settings: CalDavSettings, whose: Whose) -> AsyncIterator[Provider]:
    account = CalendarAccount(whose.address, settings.username, settings.password, whose.zone, whose.email)
    calendar = CalDav(_always(account), organizer=lambda _uid: "check@entrevue.invalid", organisation="Entrevue")
    async with aclosing(calendar):
        yield CalDavProvider(calendar, whose.person)


@asynccontextmanager
async def google(settings: GoogleSettings, whose: Whose) -> AsyncIterator[Provider]:
    """Raise ModuleNotFoundError where the extra is not installed."""
    from adapters.check.on_google import GoogleProvider  # noqa: PLC0415  # likewise
    from adapters.google.calendars import GoogleCalendars  # noqa: PLC0415  # google-auth is of the extra `google`

    account = GoogleAccount(whose.address, whose.zone, whose.email or whose.address)
    nobodys = GoogleAccount(NOBODY_AT_GOOGLE, whose.zone, account.owner, busy_only=True)
    async with (
        aclosing(GoogleCalendars(_always(account), settings)) as calendar,
        aclosing(GoogleCalendars(_always(replace(account, busy_only=True)), settings)) as busy_only,
        aclosing(GoogleCalendars(_always(nobodys), settings)) as nobody,
        AsyncExitStack() as stack,
    ):
        rooms = None
        if settings.meet_calendar is not None:
            rooms = GoogleCalendars(_always(GoogleAccount(settings.meet_calendar)), settings)
            stack.push_async_callback(rooms.aclose)
        yield GoogleProvider(calendar, whose.person, whose.now, busy_only, nobody, rooms)


@asynccontextmanager
async def graph(settings: GraphSettings, whose: Whose) -> AsyncIterator[Provider]:
    account = GraphAccount(whose.address, whose.zone, whose.email or whose.address)
    nobodys = GraphAccount(f"entrevue-nobody@{whose.address.rpartition('@')[2]}", whose.zone, busy_only=True)
    async with (
        aclosing(GraphCalendars(_always(account), settings)) as calendar,
        aclosing(GraphCalendars(_always(replace(account, busy_only=True)), settings)) as busy_only,
        aclosing(GraphCalendars(_always(nobodys), settings)) as nobody,
        AsyncExitStack() as stack,
    ):
        rooms = None
        if settings.teams_mailbox is not None:
            rooms = GraphCalendars(_always(GraphAccount(settings.teams_mailbox)), settings)
            stack.push_async_callback(rooms.aclose)
        yield GraphProvider(calendar, whose.person, whose.now, busy_only, nobody, rooms)


def _always(account: _Account) -> Callable[[PersonId], Awaitable[_Account]]:
    async def of(_person: PersonId) -> _Account:
        return account

    return of


_PROVIDERS: Final[Mapping[str, Callable[[Whose], AbstractAsyncContextManager[Provider]]]] = {
    "caldav": lambda whose: caldav(_CalDav().caldav, whose),
    "google": lambda whose: google(_Google().google, whose),
    "graph": lambda whose: graph(_Graph().graph, whose),
}

# --- the run ---------------------------------------------------------------------------------------------------------


async def check(
    provider: Provider,
    person: PersonId,
    now: datetime,
    *,
    within: timedelta = LONGEST,
    say: Callable[[str], object] = _AT_ONCE,
) -> bool:
    """Try everything out, say what came of it, and leave nothing behind; say whether all that is needed works."""
    trial = Trial(provider, person, now)
    ended = ""
    try:
        async with asyncio.timeout(within.total_seconds()):
            for heading, checks in (
                ("Reaching it", (*provider.first(), *trial.before())),
                ("What its server does", provider.honours()),
                ("What Entrevue does with it", trial.over_the_port()),
            ):
                if not trial.stopped:
                    say(f"\n{heading}")
                async for result in trial.run(checks):
                    say(_shown(result))
    except TimeoutError:
        ended = f"Not all was tried: {within.total_seconds():.0f} s are over."
    except asyncio.CancelledError:
        say("\nStopped: clearing up.")
        raise
    finally:
        if trial.wrote:
            say(_shown(await _cleared(trial)))
    for line in _summary(trial, ended):
        say(line)
    return not ended and all(one.finding.verdict != "fails" for one in trial.results)


async def _cleared(trial: Trial) -> Result:
    """Take away what is left, in a time of its own: the trial's may be over."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    try:
        async with asyncio.timeout(_LONGEST_CLEARING.total_seconds()):
            left = await _persistently(trial.clear)
        finding = Finding("what the trial had left behind is taken away" if left else "nothing is left behind")
    except (CalendarRefused, CalendarUnavailable) as trouble:
        finding = Finding(because(trouble), "fails", _BY_HAND)
    except TimeoutError:
        finding = Finding("no answer in time", "fails", _BY_HAND)
    result = Result("clear up", finding, loop.time() - begun)
    trial.results.append(result)
    return result


async def _persistently(clear: Callable[[], Awaitable[int]]) -> int:
    for _ in range(_CLEARINGS - 1):
        with suppress(CalendarUnavailable):  # whatever broke the trial off may do so once more
            return await clear()
    return await clear()


# --- in words --------------------------------------------------------------------------------------------------------


def _shown(result: Result) -> str:
    finding = result.finding
    head = f"  {_MARKS[finding.verdict]} {result.name:<{_NAMES}} {result.seconds:6.2f} s  "
    lines = textwrap.wrap(finding.said, _WIDTH, initial_indent=head, subsequent_indent=" " * len(head))
    if finding.remedy:
        indent = " " * len(head)
        lines += textwrap.wrap(finding.remedy, _WIDTH, initial_indent=f"{indent}→ ", subsequent_indent=f"{indent}  ")
    return "\n".join(lines)


def _summary(trial: Trial, ended: str) -> Sequence[str]:
    verdicts = {one.name: one.finding.verdict for one in trial.results}
    failed = [name for name, verdict in verdicts.items() if verdict == "fails"]
    without = [name for name, verdict in verdicts.items() if verdict == "without"]
    lines = [""]
    if ended:
        lines.append(ended)
    if failed:
        lines.append(f"What does not work: {', '.join(failed)}.{' Nothing after that was tried.' * trial.stopped}")
    elif not ended:
        lines.append("All that Entrevue needs works with this calendar.")
    if trial.stopped and verdicts.get("free/busy alone", verdicts.get("busy times")) == "works":
        lines.append("Busy times can be read: with `busy_only = true` in the directory this person is invited by mail.")
    if without:
        lines.append(f"What is not there, and what Entrevue does without: {', '.join(without)}.")
    return ["\n".join(textwrap.wrap(line, _WIDTH)) for line in lines]


# --- the command line ------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Give 0 where all that is needed works, 1 where something does not, 2 where nothing could be tried."""
    options = _options(arguments)
    use_pinned_tzdata()
    try:
        return asyncio.run(_run(options))
    except asyncio.CancelledError:
        return 1


async def _run(options: argparse.Namespace) -> int:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, task.cancel)
    now = datetime.now(UTC)  # noqa: TID251  # a command line is where `now` comes from
    whose = Whose(options.address, now, options.person, options.zone, options.email)
    async with AsyncExitStack() as stack:
        try:
            provider = await stack.enter_async_context(_PROVIDERS[options.provider](whose))
        except ModuleNotFoundError:
            sys.stderr.write(f"A library is lacking: pip install 'entrevue[{options.provider}]'\n")
            return 2
        except ValueError as problem:
            sys.stderr.write("".join(f"{line}\n" for line in wrong_settings(problem)))
            return 2
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))  # it is said, not logged
        works = await check(provider, whose.person, now, within=timedelta(seconds=options.within))
    return 0 if works else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m adapters.check",
        description="Try out a calendar with a test event on 1 January 2000 that is gone afterwards.",
        epilog="It reads the worker's own settings of this provider: ENTREVUE_CALDAV__…, ENTREVUE_GOOGLE__… or"
        " ENTREVUE_GRAPH__…, from the environment or from files in ENTREVUE_SECRETS_DIR."
        " It ends with 0 where all that is needed works, 1 where something does not, 2 where nothing could be tried.",
    )
    parser.add_argument("provider", choices=_PROVIDERS, help="who keeps the calendar")
    parser.add_argument("address", help="the calendar's, as in the directory: https://… for caldav, else an e-mail one")
    parser.add_argument("--zone", type=_zone, default="UTC", help="the owner's, for all-day events (default: UTC)")
    parser.add_argument("--email", type=_email, help="the owner's, where it is not the calendar's address")
    parser.add_argument("--person", type=_person, default="check", help="the owner's id, where they gave consent")
    parser.add_argument(
        "--within", type=float, default=LONGEST.total_seconds(), metavar="SECONDS", help="for all of it (default: 300)"
    )
    options = parser.parse_args(arguments)
    if options.provider != "caldav" and not _is(_EMAIL, options.address):
        parser.error("the address is none of e-mail, like grace@acme.example")
    return options


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise argparse.ArgumentTypeError("is no IANA time zone, like Europe/Berlin")
    return text


def _email(text: str) -> str:
    if not _is(_EMAIL, text):
        raise argparse.ArgumentTypeError("is no address, like grace@acme.example")
    return text


def _person(text: str) -> str:
    if not _is(_PERSON, text):
        raise argparse.ArgumentTypeError("is no id of the directory")
    return text


def _is(kind: TypeAdapter[str], text: str) -> bool:
    try:
        kind.validate_python(text)
    except ValidationError:
        return False
    return True
