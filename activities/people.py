"""The organisation's people: the directory's port, and the activity that finds them and their civil time.

Zones and holidays are looked up here, and travel on as values: workflow code never reads a zone file.
"""

import asyncio
import difflib
import hashlib
import hmac
import json
import re
import zoneinfo
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from typing import Annotated, Literal, Protocol, get_args
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import holidays
import tzdata  # type: ignore[import-untyped]  # zone files, and one string: their version
from pydantic import AfterValidator, Field, SecretStr, TypeAdapter, ValidationInfo, field_validator
from temporalio import activity

from entrevue.civil import Clock, Offset
from entrevue.orders import ClockOf, Confidant, Found, LookUpPeople, Organisation, PeopleFound, RoomsAt
from entrevue.request import Policy
from entrevue.slots import DAY, HOUR, Span, Week
from entrevue.values import CANDIDATE, EmailAddress, Intake, InterviewId, Link, Name, PersonId, PoolName, Who, ZoneName

TZDATA: str = tzdata.IANA_VERSION

_LOOK_BACK = timedelta(days=60)
_MINUTE = timedelta(minutes=1)
_STEP = timedelta(days=1)
"""No zone changes its offset twice within a day; within a month some do (Casablanca, in Ramadan)."""

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_PLACE = re.compile(r"[A-Z]{2}(-[A-Za-z0-9]{1,20})?")
_ID, _ROOM = "{id}", "{token}"
_TEMPLATE = re.compile(r"https?://[^\s<>\"'\\^`{|}/?#]+([/?#]([^\s<>\"'\\^`{|}]|\{id\}|\{token\})*)?")
_ROOM_LENGTH = 32

Provider = Literal["caldav", "google", "graph"]
_ROOMS_AT: tuple[RoomsAt, ...] = get_args(RoomsAt)

_LINK = TypeAdapter[str](Link)
_ADDRESS = TypeAdapter[str](EmailAddress)

# --- what a directory knows ------------------------------------------------------------------------------------------


def _no_address(person: str) -> str:
    if "@" in person:
        raise ValueError("is an address; take a short id, which may stand in logs")
    return person


def _known_zone(name: str) -> str:
    if name not in zone_names():
        near = difflib.get_close_matches(name, zone_names(), n=1)
        hint = f"; did you mean {near[0]}?" if near else "; take one like Europe/Berlin"
        raise ValueError(f"is not a zone name of tzdata {TZDATA}{hint}")
    return name


def _hours(text: str) -> str:
    _span(text)
    return text


def _span(text: str) -> Span:
    """Read `09:00-12:30` as minutes of the day."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise ValueError("is not a time of day like 09:00-12:30")
    first_hour, first_minute, last_hour, last_minute = (int(one) for one in found.groups())
    start, end = first_hour * HOUR + first_minute, last_hour * HOUR + last_minute
    if not start < end <= DAY:
        raise ValueError("must end after it starts, by 24:00; split what goes past midnight")
    return start, end


def _place(text: str) -> str:
    if not _PLACE.fullmatch(text) or not _has_holidays(text):
        raise ValueError("is not a place whose holidays we know; take a country like DE, or a part like DE-BY")
    return text


def _has_holidays(place: str) -> bool:
    country, _, subdivision = place.partition("-")
    try:
        holidays.country_holidays(country, subdiv=subdivision or None)
    except NotImplementedError:
        return False
    return True


def _public(link: str) -> str:
    if "@" in link:
        raise ValueError("must hold no user name, password or @; secrets come from the environment")
    return link


def calendar_at(calendar: str, email: EmailAddress) -> tuple[Provider, str]:
    """Say who keeps a calendar that the directory names, and under which address it lies there."""
    match calendar.partition(":"):
        case (("google" | "graph") as provider, _, address):
            return provider, address or email
        case _:
            return "caldav", calendar


def _calendar(text: str) -> str:
    provider, colon, address = text.partition(":")
    if provider not in ("google", "graph"):
        return _public(_LINK.validate_python(text))
    if colon:
        _ADDRESS.validate_python(address)
    return text


def _template(link: str) -> str:
    if _at(link):
        return link
    if not _TEMPLATE.fullmatch(link):
        raise ValueError(f"is neither meet, nor teams, nor a link like https://meet.example.org/{_ROOM}")
    if _ID not in link and _ROOM not in link:
        raise ValueError(f"is the same room for every interview; put {_ROOM} where the room's name belongs")
    parts = urlsplit(link)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ValueError("must begin with https://; what is said in an interview is nobody else's business")
    return _public(link)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _at(link: str) -> RoomsAt | None:
    """Say who is asked for rooms, where the link is no template."""
    return next((one for one in _ROOMS_AT if one == link), None)


def conference_link(template: str, interview: InterviewId, secret: SecretStr) -> str:
    """Give the interview's own room: the same at every look, and with `{token}` one that nobody can guess."""
    said = json.dumps(["room", interview]).encode()
    room = hmac.new(secret.get_secret_value().encode(), said, hashlib.sha256).hexdigest()[:_ROOM_LENGTH]
    return template.replace(_ID, interview).replace(_ROOM, room)


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
KnownZone = Annotated[ZoneName, AfterValidator(_known_zone)]
Hours = Annotated[str, AfterValidator(_hours)]
ShortId = Annotated[PersonId, AfterValidator(_no_address)]
Place = Annotated[str, AfterValidator(_place)]
"""A country, or one of its parts: whose public holidays hold."""

_OFFICE_HOURS: Mapping[Weekday, tuple[Hours, ...]] = dict.fromkeys(get_args(Weekday)[:5], ("09:00-17:00",))


class PersonEntry(Intake):
    """One of the organisation's people."""

    id: ShortId
    name: Name
    email: EmailAddress
    zone: KnownZone
    hours: Mapping[Weekday, Annotated[tuple[Hours, ...], Field(max_length=12)]] = _OFFICE_HOURS
    """When they can be booked, by their own wall clock."""
    calendar: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_calendar)] | None = None
    """The address of their CalDAV collection; or `google` or `graph` (Microsoft 365), whose calendar of this person is
    named by their e-mail address, or by what follows a colon. Without one, only our own interviews are known to be in
    their way."""
    busy_only: bool = False
    """We read when they are busy, and no more: they are invited by mail, and nothing is written or watched."""
    pools: tuple[PoolName, ...] = ()
    weekly_target: Annotated[int, Field(ge=0, le=100)] | None = None
    place: Place | None = None
    """None: the organisation's."""

    @field_validator("busy_only")
    @classmethod
    def _of_a_calendar(cls, busy_only: bool, known: ValidationInfo) -> bool:  # noqa: FBT001 - as pydantic calls it
        if busy_only and known.data.get("calendar", "") is None:
            raise ValueError("there is no calendar to read; enter one, or take this out")
        return busy_only

    @property
    def written(self) -> bool:
        """Their calendar is written: so it is what invites them, and no mail does."""
        return self.calendar is not None and not self.busy_only

    @property
    def week(self) -> Week:
        return tuple(tuple(_span(one) for one in self.hours.get(day, ())) for day in get_args(Weekday))


class OrganisationEntry(Intake):
    """The company itself, and who looks after interviews there."""

    name: Name
    zone: KnownZone
    coordinator: Name | None = None
    coordinator_email: EmailAddress | None = None
    conference_link: Annotated[str, Field(max_length=1000), AfterValidator(_template)] | None = None
    """`meet` or `teams`: a room is asked for there. Or a template: in it `{token}` stands for a name that nobody can
    guess, `{id}` for the interview's id."""
    days_off: Annotated[tuple[date, ...], Field(max_length=1000)] = ()
    """When the company is closed, besides the public holidays of `place`."""
    place: Place | None = None
    conduct: Annotated[tuple[ShortId, ...], Field(max_length=20)] = ()
    """Ids of those who read reports of conduct: of these the first who is not on the panel. Empty: none is taken."""
    decision_maker: ShortId | None = None
    """Id of who decides about candidates."""
    policy: Policy = Policy()
    """Where the organisation differs from the defaults; an interview's own request goes before."""

    def unknown(self, people: Collection[str]) -> list[str]:
        """Say which key names somebody who is not among these ids, and what to do about it; never who they are."""
        named = [("conduct", one) for one in self.conduct]
        named += [("decision_maker", self.decision_maker)] if self.decision_maker is not None else []
        return [f"organisation.{key}: {_nobody(one, people)}" for key, one in named if one not in people]


def _nobody(person: str, people: Collection[str]) -> str:
    near = difflib.get_close_matches(person, people, n=1)
    hint = f"did you mean {near[0]}?" if near else "enter them among the people, or take them out"
    return f"nobody has the id {person}; {hint}"


class DirectoryBroken(Exception):
    """The directory cannot be read as it is. Somebody must mend it; then trying again helps."""


class Directory(Protocol):
    """Where the organisation's people are looked up. Raises `DirectoryBroken`."""

    async def organisation(self) -> OrganisationEntry: ...

    async def person(self, name: str) -> PersonEntry | None:
        """Find somebody by id, or by address in whatever case; None: nobody is called that."""
        ...

    async def pool(self, name: PoolName) -> tuple[PersonEntry, ...]:
        """Give everyone of this pool, by id; none where nobody is of it."""
        ...

    async def everyone(self) -> tuple[PersonEntry, ...]:
        """Give all the organisation's people, by id."""
        ...


# --- the activity ----------------------------------------------------------------------------------------------------


class PeopleActivities:
    def __init__(self, directory: Directory, secret: SecretStr) -> None:
        """`secret` makes conference rooms unguessable."""
        self._directory = directory
        self._secret = secret

    @activity.defn(name="look_up_people")
    async def look_up_people(self, order: LookUpPeople) -> PeopleFound:
        """Find everyone. Who is not in the directory is answered, not raised: somebody must enter or replace them.

        So is a pool that nobody belongs to. A zone that tzdata does not have is left out of the answer. Whom the
        organisation's own settings name must be there, else `DirectoryBroken` says which key to mend.
        """
        organisation = await self._directory.organisation()
        entries = {one.who: await self._entry(one.person) for one in order.people if one.who != CANDIDATE}
        found = {who: entry for who, entry in entries.items() if entry is not None}
        empty = [name for name in order.pools if not await self._directory.pool(name)]
        clocks = await asyncio.to_thread(_clocks, order, organisation, found)
        zones = await asyncio.to_thread(_zones, order)
        return PeopleFound(
            key=order.key,
            organisation=await self._settings(organisation, order.interview),
            people=tuple(_found(who, entry) for who, entry in found.items()),
            clocks=clocks,
            zones=zones,
            unknown=tuple(who for who, entry in entries.items() if entry is None),
            no_pools=tuple(empty),
        )

    async def _entry(self, name: PersonId | None) -> PersonEntry | None:
        return await self._directory.person(name) if name else None

    async def _settings(self, entry: OrganisationEntry, interview: InterviewId) -> Organisation:
        named = {*entry.conduct, *((entry.decision_maker,) if entry.decision_maker is not None else ())}
        known = {one: person for one in sorted(named) if (person := await self._entry(one)) is not None}
        if unknown := entry.unknown(known):
            raise DirectoryBroken("; ".join(unknown))
        link = entry.conference_link
        return Organisation(
            name=entry.name,
            zone=entry.zone,
            coordinator=entry.coordinator,
            coordinator_email=entry.coordinator_email,
            conference_link=conference_link(link, interview, self._secret) if link and not _at(link) else None,
            rooms=_at(link) if link else None,
            policy=entry.policy,
            conduct=tuple(_confidant(known[one]) for one in dict.fromkeys(entry.conduct)),
            decision_maker=entry.decision_maker,
        )


def _clocks(
    order: LookUpPeople, organisation: OrganisationEntry, found: Mapping[Who, PersonEntry]
) -> tuple[ClockOf, ...]:
    since, until = order.now - _LOOK_BACK, order.until
    clocks = {"organisation": organisation_clock(organisation, since, until)}
    for one in order.people:
        if one.who == CANDIDATE:
            clocks[one.who] = candidate_clock(one.zone, organisation, since, until)
    clocks |= {who: staff_clock(entry, organisation, since, until) for who, entry in found.items()}
    return tuple(ClockOf(who=who, clock=clock) for who, clock in clocks.items())


def _zones(order: LookUpPeople) -> tuple[Clock, ...]:
    """Give each zone's rules alone: nobody's days off belong to a zone."""
    wanted = [zone for zone in order.zones if zone in zone_names()]
    return tuple(_clock(zone, order.now - _LOOK_BACK, order.until, ()) for zone in wanted)


def _confidant(entry: PersonEntry) -> Confidant:
    return Confidant(person=entry.id, name=entry.name, email=entry.email, zone=entry.zone)


def _found(who: Who, entry: PersonEntry) -> Found:
    return Found(who=who, person=entry.id, name=entry.name, email=entry.email, has_calendar=entry.written)


# --- civil time ------------------------------------------------------------------------------------------------------


def organisation_clock(organisation: OrganisationEntry, since: datetime, until: datetime) -> Clock:
    """Give the clock whose days off are not business days."""
    days_off = _days_off(organisation.place, organisation, since, until)
    return _clock(organisation.zone, since, until, days_off)


def staff_clock(person: PersonEntry, organisation: OrganisationEntry, since: datetime, until: datetime) -> Clock:
    days_off = _days_off(person.place or organisation.place, organisation, since, until)
    return _clock(person.zone, since, until, days_off)


def candidate_clock(zone: ZoneName | None, organisation: OrganisationEntry, since: datetime, until: datetime) -> Clock:
    """Give the candidate's clock; a zone that is missing or misspelt is assumed to be the organisation's.

    Its days off are the organisation's, because promises to a candidate count the organisation's business days
    (lifecycle, section 6). Nothing is assumed about holidays of their own.
    """
    assumed = zone is None or zone not in zone_names()
    days_off = _days_off(organisation.place, organisation, since, until)
    return _clock(organisation.zone if zone is None or assumed else zone, since, until, days_off, assumed=assumed)


def use_pinned_tzdata() -> str:
    """Let zone rules come from the `tzdata` distribution alone, whatever the system has; give its version.

    To be called once, before anything asks for a zone: the system's rules were found to be a change behind.
    """
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    zone_names.cache_clear()
    return TZDATA


@cache
def zone_names() -> frozenset[str]:
    """Give the names that count as zones: `localtime`, `Factory` and the like do not."""
    return frozenset(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")


def offsets(zone: ZoneName, since: datetime, until: datetime) -> tuple[Offset, ...]:
    """Give the offset at `since` and every change up to and including `until`, exact to the minute."""
    rules = ZoneInfo(zone)

    def minutes(at: datetime) -> int:
        offset = at.astimezone(rules).utcoffset() or timedelta()
        return round(offset / _MINUTE)

    def change(after: datetime, by: datetime) -> datetime:
        new = minutes(by)
        steps = range(-((after - by) // _MINUTE))
        return after + _MINUTE * bisect_left(steps, 1, key=lambda n: minutes(after + _MINUTE * n) == new)

    at = since.replace(second=0, microsecond=0)
    found = [Offset(since=at, minutes=minutes(at))]
    while at < until:
        before, at = at, min(at + _STEP, until)
        if minutes(at) != found[-1].minutes:
            found.append(Offset(since=change(before, at), minutes=minutes(at)))
    return tuple(found)


def _clock(
    zone: ZoneName, since: datetime, until: datetime, days_off: Sequence[date], *, assumed: bool = False
) -> Clock:
    return Clock(
        zone=zone,
        offsets=offsets(zone, since, until),
        days_off=tuple(days_off),
        assumed=assumed,
        tzdata=TZDATA,
    )


def _days_off(place: Place | None, organisation: OrganisationEntry, since: datetime, until: datetime) -> Sequence[date]:
    """Give public holidays and closures, as local dates, with a day to spare on both sides."""
    first, last = since.date() - _STEP, until.date() + _STEP
    years = range(first.year, last.year + 1)
    public = {day for year in years for day in _public_holidays(place, year)} if place else set[date]()
    return sorted(day for day in public.union(organisation.days_off) if first <= day <= last)


@cache
def _public_holidays(place: Place, year: int) -> tuple[date, ...]:
    country, _, subdivision = place.partition("-")
    return tuple(holidays.country_holidays(country, subdiv=subdivision or None, years=year))
