"""The directory's contract, in memory and in a file; and the look-up of people and of their civil time on top of it."""

import os
import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from activities.people import (
    TZDATA,
    Directory,
    DirectoryBroken,
    OrganisationEntry,
    PeopleActivities,
    PersonEntry,
    calendar_at,
    conference_link,
    offsets,
    use_pinned_tzdata,
    zone_names,
)
from adapters.directory import FileDirectory
from adapters.memory.directory import MemoryDirectory
from entrevue.civil import Clock, instant, is_business_day
from entrevue.orders import Confidant, Found, Invitee, LookUpPeople, PeopleFound
from entrevue.slots import HOUR

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "people.toml"

ACME = OrganisationEntry(
    name="Acme",
    zone="Europe/Berlin",
    coordinator="Mary Oduya",
    coordinator_email="interviews@acme.example",
    conference_link="https://meet.acme.example/{id}",
    days_off=(date(2026, 12, 24), date(2026, 12, 31)),
    place="DE-BE",
    conduct=("edsger",),
    decision_maker="edsger",
)
GRACE = PersonEntry(
    id="grace",
    name="Grace Okonjo",
    email="grace@acme.example",
    zone="Europe/Berlin",
    calendar="http://127.0.0.1:5232/grace/calendar/",
    pools=("backend", "system-design"),
    weekly_target=3,
)
EDSGER = PersonEntry(
    id="edsger",
    name="Edsger Molenaar",
    email="Edsger@Acme.example",
    zone="America/New_York",
    place="US-NY",
    hours={"mon": ("09:00-12:30", "13:30-24:00")},
)

TEXT = """
[organisation]
name = "Acme"
zone = "Europe/Berlin"
coordinator = "Mary Oduya"
coordinator_email = "interviews@acme.example"
conference_link = "https://meet.acme.example/{id}"
days_off = [2026-12-24, 2026-12-31]
place = "DE-BE"
conduct = ["edsger"]
decision_maker = "edsger"

[people.grace]
name = "Grace Okonjo"
email = "grace@acme.example"
calendar = "http://127.0.0.1:5232/grace/calendar/"
pools = ["backend", "system-design"]
weekly_target = 3

[people.edsger]
name = "Edsger Molenaar"
email = "Edsger@Acme.example"
zone = "America/New_York"
place = "US-NY"
hours = { mon = ["09:00-12:30", "13:30-24:00"] }
"""


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    path = tmp_path / "people.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture(name="directory", params=["memory", "file"])
def _directory(request: pytest.FixtureRequest, path: Path) -> Directory:
    return FileDirectory(path) if request.param == "file" else MemoryDirectory(ACME, [GRACE, EDSGER])


# --- the contract ----------------------------------------------------------------------------------------------------


async def test_the_organisation_is_known(directory: Directory) -> None:
    assert await directory.organisation() == ACME


async def test_a_person_is_found_by_id(directory: Directory) -> None:
    assert await directory.person("grace") == GRACE
    assert await directory.person("edsger") == EDSGER


@pytest.mark.parametrize("address", ["edsger@acme.example", "Edsger@Acme.example", "EDSGER@ACME.EXAMPLE"])
async def test_a_person_is_found_by_address_in_whatever_case(directory: Directory, address: str) -> None:
    assert await directory.person(address) == EDSGER


@pytest.mark.parametrize("name", ["alan", "Grace", "alan@acme.example", "acme", ""])
async def test_nobody_is_found_by_another_name(directory: Directory, name: str) -> None:
    assert await directory.person(name) is None


# --- entries ---------------------------------------------------------------------------------------------------------


def test_who_says_nothing_about_their_hours_keeps_office_hours() -> None:
    assert GRACE.week == (((9 * HOUR, 17 * HOUR),),) * 5 + ((),) * 2


def test_a_day_that_is_not_named_is_a_day_off_and_a_day_may_end_at_midnight() -> None:
    assert EDSGER.week == (((9 * HOUR, 12 * HOUR + 30), (13 * HOUR + 30, 24 * HOUR)),) + ((),) * 6


async def test_somebody_in_memory_can_change_their_address_and_leave() -> None:
    directory = MemoryDirectory(ACME, [GRACE])

    directory.put(GRACE.model_copy(update={"email": "g.okonjo@acme.example"}))
    assert await directory.person("grace@acme.example") is None
    assert await directory.person("g.okonjo@acme.example") is not None

    directory.remove("grace")
    assert await directory.person("grace") is None
    assert await directory.person("g.okonjo@acme.example") is None


# --- the file --------------------------------------------------------------------------------------------------------


async def test_the_example_is_a_directory() -> None:
    directory = FileDirectory(EXAMPLE)

    people = [await directory.person(name) for name in ("grace", "linus@acme.example", "edsger", "barbara")]

    assert (await directory.organisation()).name == "Acme"
    assert [one.person for one in (await _look_up(directory)).organisation.conduct] == ["olive", "radia"]
    assert [person.zone for person in people if person] == [
        "Europe/Berlin",
        "Europe/Helsinki",
        "America/New_York",
        "Asia/Kolkata",
    ]


def _write(path: Path, text: str) -> None:
    path.write_text(text)


def _remove(path: Path) -> None:
    path.unlink()


def _replace(path: Path, text: str) -> None:
    """As editors do: write another file, and give it the name of the old one."""
    was, other = path.stat(), path.with_name("new.toml")
    other.write_text(text)
    os.utime(other, ns=(was.st_atime_ns, was.st_mtime_ns))
    other.replace(path)
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)


async def test_a_change_of_the_file_holds_from_the_next_look_on(path: Path) -> None:
    directory = FileDirectory(path)
    assert await directory.person("grace") == GRACE

    _write(path, TEXT.replace("weekly_target = 3", "weekly_target = 12"))
    changed = await directory.person("grace")
    assert changed
    assert changed.weekly_target == 12

    _write(path, TEXT.replace("[people.grace]", "[people.alan]"))
    assert await directory.person("grace") is None
    assert await directory.person("alan") is not None


async def test_a_file_put_in_place_of_the_old_one_is_noticed_even_with_its_size_and_time(path: Path) -> None:
    directory = FileDirectory(path)
    assert await directory.person("alan") is None

    _replace(path, TEXT.replace("people.grace", "people.alan "))

    assert await directory.person("alan") is not None


async def test_a_broken_file_answers_nothing_until_it_is_mended(path: Path) -> None:
    directory = FileDirectory(path)
    assert await directory.person("grace") == GRACE

    _write(path, TEXT + "\n[people.grace")
    with pytest.raises(DirectoryBroken, match=r"people\.toml: .*at end of document"):
        await directory.person("grace")
    _remove(path)
    with pytest.raises(DirectoryBroken, match=r"people\.toml cannot be read: No such file"):
        await directory.organisation()

    _write(path, TEXT)
    assert await directory.person("grace") == GRACE


def _with(old: str, new: str) -> Callable[[Path], object]:
    assert old in TEXT
    return lambda path: path.write_text(TEXT.replace(old, new, 1))


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        pytest.param(
            _with('zone = "America/New_York"', 'zone = "America/New_Yorc"'),
            f"people.edsger.zone: is not a zone name of tzdata {TZDATA}; did you mean America/New_York?",
            id="a misspelt zone",
        ),
        pytest.param(
            _with('zone = "Europe/Berlin"', 'zone = "CET"'),
            "organisation.zone: is not an IANA zone name like Europe/Berlin, or UTC",
            id="an abbreviation for a zone",
        ),
        pytest.param(
            _with('zone = "America/New_York"', 'zonne = "America/New_York"'),
            "people.edsger.zonne: is not known; did you mean zone?",
            id="a misspelt key",
        ),
        pytest.param(
            _with("weekly_target = 3", 'password = "hunter2"'),
            "people.grace.password: is not known; take it out",
            id="a key that is not there",
        ),
        pytest.param(
            _with("[people.grace]", "[peple.grace]"),
            "peple: is not known; did you mean people?",
            id="a misspelt table",
        ),
        pytest.param(
            _with('email = "grace@acme.example"\n', ""), "people.grace.email: is missing; add it", id="a missing key"
        ),
        pytest.param(
            _with('"grace@acme.example"', '"edsger@acme.EXAMPLE"'),
            "people.edsger.email: is the address of people.grace too; give each their own",
            id="an address given twice",
        ),
        pytest.param(
            _with('"grace@acme.example"', '"grace at acme"'),
            "people.grace.email: is not an e-mail address like ada@example.org",
            id="no address",
        ),
        pytest.param(
            _with('"13:30-24:00"', '"13:30-24:30"'),
            "people.edsger.hours.mon.1: must end after it starts, by 24:00; split what goes past midnight",
            id="a day of more than 24 hours",
        ),
        pytest.param(
            _with('"09:00-12:30"', '"9-12"'),
            "people.edsger.hours.mon.0: is not a time of day like 09:00-12:30",
            id="hours in another form",
        ),
        pytest.param(_with("{ mon =", "{ monday ="), "people.edsger.hours.monday", id="a weekday in another form"),
        pytest.param(
            _with('place = "US-NY"', 'place = "US-XX"'),
            "people.edsger.place: is not a place whose holidays we know; take a country like DE, or a part like DE-BY",
            id="a place that does not exist",
        ),
        pytest.param(
            _with("http://127.0.0.1", "http://grace:hunter2@127.0.0.1"),
            "people.grace.calendar: must hold no user name, password or @; secrets come from the environment",
            id="a password in a link",
        ),
        pytest.param(
            _with("example/{id}", "example/{interview}"),
            "organisation.conference_link: is neither meet, nor teams, nor a link like https://meet.example.org/{token}",
            id="another placeholder",
        ),
        pytest.param(
            _with("meet.acme.example/{id}", "{id}.meet.acme.example/room"),
            "organisation.conference_link: is neither meet, nor teams, nor a link like https://meet.example.org/{token}",
            id="a room in the host's name",
        ),
        pytest.param(
            _with("example/{id}", "example/interviews"),
            "organisation.conference_link: is the same room for every interview; put {token} where the room's name",
            id="one room for all",
        ),
        pytest.param(
            _with("https://meet.acme.example/{id}", "http://meet.acme.example/{id}"),
            "organisation.conference_link: must begin with https://",
            id="a room that others can listen to",
        ),
        pytest.param(
            _with("https://meet.acme.example/{id}", "https://admin:hunter2@meet.acme.example/{id}"),
            "organisation.conference_link: must hold no user name, password or @",
            id="a password in the room's link",
        ),
        pytest.param(
            _with("https://meet.acme.example/{id}", "zoom"),
            "organisation.conference_link: is neither meet, nor teams, nor a link like",
            id="rooms of somebody whom we cannot ask",
        ),
        pytest.param(
            _with("http://127.0.0.1:5232/grace/calendar/", "google:grace at acme"),
            "people.grace.calendar: ",
            id="a calendar under what is no address",
        ),
        pytest.param(
            _with('place = "US-NY"', "busy_only = true"),
            "people.edsger.busy_only: there is no calendar to read; enter one, or take this out",
            id="nothing to read",
        ),
        pytest.param(
            _with('["edsger"]', '["edsgar", "alan"]'),
            "people.toml: organisation.conduct: nobody has the id edsgar; did you mean edsger?; "
            "organisation.conduct: nobody has the id alan; enter them among the people, or take them out",
            id="nobody for reports of conduct",
        ),
        pytest.param(
            _with('decision_maker = "edsger"', 'decision_maker = "edsgr"'),
            "organisation.decision_maker: nobody has the id edsgr; did you mean edsger?",
            id="nobody who decides",
        ),
        pytest.param(
            _with('["edsger"]', '["edsger@acme.example"]'),
            "organisation.conduct.0: is an address; take a short id, which may stand in logs",
            id="an address for reports of conduct",
        ),
        pytest.param(
            _with("weekly_target = 3", 'id = "g"'),
            "people.grace.id: leave it out; the table's name is the id",
            id="an id inside the table",
        ),
        pytest.param(
            _with("[people.grace]", '[people."grace@acme.example"]'),
            "is an address; take a short id, which may stand in logs",
            id="an address for an id",
        ),
        pytest.param(
            _with("[organisation]", "people = 1\n[organisation]"),
            "people.toml: Cannot overwrite a value (at line",
            id="no TOML at all",
        ),
        pytest.param(lambda path: path.write_text("people = 3"), "organisation: is missing; add it", id="no tables"),
        pytest.param(lambda path: path.write_bytes(b"\xff"), "people.toml: 'utf-8' codec", id="no text"),
        pytest.param(
            lambda path: path.write_text(TEXT + "#" * 1024 * 1024),
            "is larger than 1024 KiB; take people out, or use another directory",
            id="far too large",
        ),
    ],
)
async def test_what_is_wrong_with_a_file_is_said_with_its_key_and_remedy(
    path: Path, break_it: Callable[[Path], object], said: str
) -> None:
    break_it(path)

    with pytest.raises(DirectoryBroken) as trouble:
        await FileDirectory(path).organisation()

    assert said in str(trouble.value)


@pytest.mark.parametrize(
    ("old", "new"),
    [('"Grace Okonjo"', '"Secret\\nSurname"'), ('"grace@acme.example"', '"secret surname"'), ("= 3", '= "secret"')],
    ids=["name", "address", "number"],
)
async def test_what_is_wrong_is_said_without_the_value(path: Path, old: str, new: str) -> None:
    _with(old, new)(path)

    with pytest.raises(DirectoryBroken) as trouble:
        await FileDirectory(path).organisation()

    assert "people.grace." in str(trouble.value)
    assert "secret" not in str(trouble.value).lower()
    assert trouble.value.__cause__ is None
    assert trouble.value.__suppress_context__


async def test_all_that_is_wrong_is_said_at_once(path: Path) -> None:
    _write(path, TEXT.replace("Europe/Berlin", "Europe/Berlim").replace("weekly_target = 3", "weekly_target = -3"))

    with pytest.raises(DirectoryBroken, match=r"organisation\.zone: .*; people\.grace\.weekly_target: .*"):
        await FileDirectory(path).organisation()


# --- the look-up -----------------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECRET = SecretStr("a secret that only tests know")
UNTIL = NOW + timedelta(days=400)
CANDIDATE = Invitee(who="candidate", zone="Asia/Kathmandu")


async def _look_up(
    directory: Directory, *people: Invitee, pools: tuple[str, ...] = (), zones: tuple[str, ...] = ()
) -> PeopleFound:
    order = LookUpPeople(
        key="r7/people/1.0",
        lane="directory",
        interview="r7",
        now=NOW,
        people=(CANDIDATE, *people),
        pools=pools,
        zones=zones,
        until=UNTIL,
    )
    return await PeopleActivities(directory, SECRET).look_up_people(order)


def _clock(found: PeopleFound, who: str) -> Clock:
    return next(one.clock for one in found.clocks if one.who == who)


async def test_everyone_is_found_with_what_letters_and_calendars_need(directory: Directory) -> None:
    found = await _look_up(
        directory, Invitee(who="i1", person="grace"), Invitee(who="i2", person="edsger@acme.example")
    )

    assert found.key == "r7/people/1.0"
    assert found.people == (
        Found(who="i1", person="grace", name="Grace Okonjo", email="grace@acme.example", has_calendar=True),
        Found(who="i2", person="edsger", name="Edsger Molenaar", email="Edsger@Acme.example", has_calendar=False),
    )
    assert found.organisation.model_dump(exclude={"conduct", "conference_link", "rooms"}) == ACME.model_dump(
        exclude={"days_off", "place", "conduct", "conference_link"}
    )
    assert [one.who for one in found.clocks] == ["organisation", "candidate", "i1", "i2"]
    assert _clock(found, "i2").zone == "America/New_York"
    assert found.unknown == ()


async def test_who_is_named_for_reports_of_conduct_is_found_with_what_a_letter_to_them_needs(
    directory: Directory,
) -> None:
    found = await _look_up(directory)

    assert found.organisation.conduct == (
        Confidant(person="edsger", name="Edsger Molenaar", email="Edsger@Acme.example", zone="America/New_York"),
    )
    assert found.organisation.decision_maker == "edsger"


async def test_an_organisation_may_name_nobody() -> None:
    quiet = ACME.model_copy(update={"conduct": (), "decision_maker": None})

    found = await _look_up(MemoryDirectory(quiet, [GRACE, EDSGER]))

    assert (found.organisation.conduct, found.organisation.decision_maker) == ((), None)


async def test_each_interview_has_a_room_of_its_own_that_nobody_can_guess_and_that_stays() -> None:
    def room(interview: str, secret: SecretStr = SECRET) -> str:
        return conference_link("https://meet.acme.example/{id}-{token}#x", interview, secret)

    assert room("r7") == room("r7")
    assert len({room("r7")[-34:], room("r8")[-34:], room("r7", SecretStr("another one, as long"))[-34:]}) == 3
    assert re.fullmatch(r"https://meet\.acme\.example/r7-[0-9a-f]{32}#x", room("r7"))


@pytest.mark.parametrize(
    "link",
    ["http://localhost:8000/{id}", "http://127.0.0.1/{token}", "http://[::1]/{id}", "https://meet.jit.si/a{token}"],
)
def test_a_template_may_lead_to_this_machine_without_tls(link: str) -> None:
    organisation = OrganisationEntry.model_validate({**ACME.model_dump(), "conference_link": link})

    assert organisation.conference_link == link


async def test_the_link_of_an_interview_is_resolved_when_it_is_looked_up() -> None:
    secret = ACME.model_copy(update={"conference_link": "https://meet.acme.example/{token}"})

    found = await _look_up(MemoryDirectory(secret, [GRACE, EDSGER]))

    assert found.organisation.conference_link == conference_link("https://meet.acme.example/{token}", "r7", SECRET)
    assert found.organisation.rooms is None


@pytest.mark.parametrize("rooms", ["meet", "teams"])
async def test_whoever_gives_rooms_is_named_and_is_not_asked_while_people_are_looked_up(
    rooms: Literal["meet", "teams"],
) -> None:
    found = await _look_up(MemoryDirectory(ACME.model_copy(update={"conference_link": rooms}), [GRACE, EDSGER]))

    assert (found.organisation.rooms, found.organisation.conference_link) == (rooms, None)


async def test_whose_calendar_is_only_read_is_invited_by_mail() -> None:
    read = GRACE.model_copy(update={"busy_only": True})

    found = await _look_up(MemoryDirectory(ACME, [read, EDSGER]), Invitee(who="i1", person="grace"))

    assert [one.has_calendar for one in found.people] == [False]


@pytest.mark.parametrize(
    ("calendar", "kept"),
    [
        ("google", ("google", "grace@acme.example")),
        ("graph", ("graph", "grace@acme.example")),
        ("google:team@group.calendar.google.com", ("google", "team@group.calendar.google.com")),
        ("graph:g.okonjo@acme.example", ("graph", "g.okonjo@acme.example")),
        ("https://cal.acme.example/grace/", ("caldav", "https://cal.acme.example/grace/")),
    ],
)
def test_a_calendar_is_kept_by_who_stands_before_the_colon_under_the_address_behind_it(
    calendar: str, kept: tuple[str, str]
) -> None:
    entry = PersonEntry.model_validate({**GRACE.model_dump(), "calendar": calendar})

    assert entry.calendar == calendar
    assert calendar_at(calendar, entry.email) == kept


async def test_who_is_named_twice_is_named_once() -> None:
    twice = ACME.model_copy(update={"conduct": ("grace", "edsger", "grace")})

    found = await _look_up(MemoryDirectory(twice, [GRACE, EDSGER]))

    assert [one.person for one in found.organisation.conduct] == ["grace", "edsger"]


async def test_settings_that_name_somebody_who_is_not_there_are_trouble_to_be_mended() -> None:
    directory = MemoryDirectory(ACME, [GRACE])

    with pytest.raises(DirectoryBroken) as trouble:
        await _look_up(directory)
    assert str(trouble.value) == (
        "organisation.conduct: nobody has the id edsger; enter them among the people, or take them out; "
        "organisation.decision_maker: nobody has the id edsger; enter them among the people, or take them out"
    )

    directory.put(EDSGER)
    assert (await _look_up(directory)).organisation.conduct != ()


async def test_who_is_not_in_the_directory_is_answered_not_raised(directory: Directory) -> None:
    found = await _look_up(directory, Invitee(who="i1", person="alan"), Invitee(who="i2", person="grace"))

    assert found.unknown == ("i1",)
    assert [one.who for one in found.people] == ["i2"]
    assert [one.who for one in found.clocks] == ["organisation", "candidate", "i2"]


async def test_a_candidate_lives_by_the_zone_they_named(directory: Directory) -> None:
    clock = _clock(await _look_up(directory), "candidate")

    assert (clock.zone, clock.assumed) == ("Asia/Kathmandu", False)
    assert [one.minutes for one in clock.offsets] == [345]


@pytest.mark.parametrize("zone", [None, "Europe/Berlim", "Asia/Kathmandu/Old", "Etc/localtime"])
async def test_a_zone_that_is_missing_or_misspelt_is_assumed_to_be_the_organisations(
    directory: Directory, zone: str | None
) -> None:
    found = await PeopleActivities(directory, SECRET).look_up_people(
        LookUpPeople(
            key="k",
            lane="directory",
            interview="r7",
            now=NOW,
            people=(Invitee(who="candidate", zone=zone),),
            until=UNTIL,
        )
    )

    clock = _clock(found, "candidate")
    assert clock.assumed
    assert clock.zone == "Europe/Berlin"
    assert clock.offsets == _clock(found, "organisation").offsets


async def test_days_off_are_closures_and_the_public_holidays_of_each_ones_own_place(directory: Directory) -> None:
    found = await _look_up(directory, Invitee(who="i1", person="grace"), Invitee(who="i2", person="edsger"))

    grace, edsger = (_clock(found, who) for who in ("i1", "i2"))
    christmas, closed, thanksgiving = date(2026, 12, 25), date(2026, 12, 24), date(2026, 11, 26)
    womens_day = date(2027, 3, 8)  # of the German parts, Berlin and Mecklenburg-Vorpommern only
    assert {christmas, closed, womens_day} <= set(grace.days_off)
    assert {christmas, closed, thanksgiving} <= set(edsger.days_off)
    assert thanksgiving not in grace.days_off
    assert womens_day not in edsger.days_off
    assert date(2027, 12, 24) in edsger.days_off  # Christmas falls on a Saturday, and is kept on Friday
    assert list(grace.days_off) == sorted(set(grace.days_off))
    assert all((NOW - timedelta(days=62)).date() <= day <= (UNTIL + timedelta(days=2)).date() for day in grace.days_off)


async def test_business_days_are_the_organisations_for_the_candidate_too(directory: Directory) -> None:
    found = await _look_up(directory)

    assert _clock(found, "candidate").days_off == _clock(found, "organisation").days_off
    assert not is_business_day(date(2026, 12, 24), _clock(found, "candidate"))


async def test_clocks_reach_as_far_as_they_must_and_say_which_rules_they_follow(directory: Directory) -> None:
    clock = _clock(await _look_up(directory, Invitee(who="i1", person="grace")), "i1")

    assert clock.offsets[0].since < NOW - timedelta(days=30)
    assert [(one.since, one.minutes) for one in clock.offsets[1:]] == [
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 60),
        (datetime(2027, 3, 28, 1, tzinfo=UTC), 120),
        (datetime(2027, 10, 31, 1, tzinfo=UTC), 60),
    ]
    assert clock.tzdata == TZDATA


async def test_a_pool_that_nobody_belongs_to_is_answered_not_raised(directory: Directory) -> None:
    found = await _look_up(directory, pools=("backend", "sales", "system-design", "night shift"))

    assert found.no_pools == ("sales", "night shift")
    assert (await _look_up(directory, pools=("backend",))).no_pools == ()
    assert (await _look_up(directory)).no_pools == ()


async def test_a_zones_rules_can_be_asked_for_though_nobody_lives_by_them(directory: Directory) -> None:
    found = await _look_up(directory, zones=("America/Vancouver", "Europe/Kiev"))
    vancouver, kiev = found.zones

    assert [clock.zone for clock in found.zones] == ["America/Vancouver", "Europe/Kiev"]  # as asked, not rewritten
    assert (vancouver.days_off, vancouver.assumed, vancouver.tzdata) == ((), False, TZDATA)
    assert [one.minutes for one in vancouver.offsets] == [-420]
    assert [(one.since, one.minutes) for one in kiev.offsets[1:]] == [
        (datetime(2026, 10, 25, 1, tzinfo=UTC), 120),
        (datetime(2027, 3, 28, 1, tzinfo=UTC), 180),
        (datetime(2027, 10, 31, 1, tzinfo=UTC), 120),
    ]
    assert {one.who for one in found.clocks} == {"organisation", "candidate"}


async def test_a_zone_that_does_not_exist_has_no_rules(directory: Directory) -> None:
    found = await _look_up(directory, zones=("Europe/Berlim", "UTC"))

    assert [clock.zone for clock in found.zones] == ["UTC"]


async def test_new_zone_rules_show_where_a_booked_wall_time_belongs_now(directory: Directory, tmp_path: Path) -> None:
    nine = datetime.fromisoformat("2026-12-15T09:00")
    (tmp_path / "America").mkdir()
    los_angeles = (files("tzdata.zoneinfo.America") / "Los_Angeles").read_bytes()  # as Vancouver's were up to 2025
    (tmp_path / "America" / "Vancouver").write_bytes(los_angeles)
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    try:
        (before,) = (await _look_up(directory, zones=("America/Vancouver",))).zones
    finally:
        use_pinned_tzdata()
    (after,) = (await _look_up(directory, zones=("America/Vancouver",))).zones

    assert instant(nine, before) == datetime(2026, 12, 15, 17, tzinfo=UTC)
    assert instant(nine, after) == datetime(2026, 12, 15, 16, tzinfo=UTC)


# --- zones -----------------------------------------------------------------------------------------------------------

FIRST, LAST = datetime(2026, 9, 22, 10, 7, 30, tzinfo=UTC), datetime(2027, 12, 28, 10, 7, 30, tzinfo=UTC)


def _offset(at: datetime, zone: str) -> int:
    return round((at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()) / timedelta(minutes=1))


def test_every_change_of_every_zone_is_found_to_the_minute() -> None:
    minute, changing = timedelta(minutes=1), set[str]()
    for zone in sorted(zone_names()):
        found = offsets(zone, FIRST, LAST)

        assert found[0].since == FIRST.replace(second=0)
        ends = [*(one.since for one in found[1:]), LAST]
        for one, end in zip(found, ends, strict=True):
            assert _offset(one.since, zone) == one.minutes
            assert _offset(end - minute, zone) == one.minutes
            steps = range((end - one.since) // timedelta(hours=13))
            assert all(_offset(one.since + n * timedelta(hours=13), zone) == one.minutes for n in steps)
        for before, after in pairwise(found):
            assert before.minutes != after.minutes
            changing.add(zone)
    assert changing >= {
        "Africa/Cairo",
        "America/Santiago",
        "Antarctica/Troll",
        "Australia/Lord_Howe",
        "Europe/Berlin",
    }
    assert not changing & {"Asia/Kathmandu", "Etc/GMT+5", "UTC"}


def test_vancouver_keeps_its_summer_time_from_2026_on() -> None:
    found = offsets("America/Vancouver", datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC))

    assert [(one.since, one.minutes) for one in found[1:]] == [(datetime(2026, 3, 8, 10, tzinfo=UTC), -420)]
    clock = Clock(zone="America/Vancouver", offsets=found)
    assert instant(datetime.fromisoformat("2026-12-15T09:00"), clock) == datetime(2026, 12, 15, 16, tzinfo=UTC)


def test_a_change_that_lasts_for_a_month_is_found() -> None:
    found = offsets("Africa/Casablanca", datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC))

    assert [(one.since, one.minutes) for one in found[1:]] == [
        (datetime(2024, 3, 10, 2, tzinfo=UTC), 0),
        (datetime(2024, 4, 14, 2, tzinfo=UTC), 60),
    ]


def test_a_change_in_the_very_last_minute_is_found() -> None:
    change = datetime(2027, 3, 28, 1, tzinfo=UTC)

    assert len(offsets("Europe/Berlin", change - timedelta(days=3), change)) == 2
    assert len(offsets("Europe/Berlin", change - timedelta(days=3), change - timedelta(seconds=1))) == 1


@pytest.mark.parametrize("name", ["Factory", "localtime", "posixrules", "Europe", "../UTC", "EST5EDT", ""])
def test_what_is_no_place_is_no_zone(name: str) -> None:
    assert name not in zone_names()


def test_zone_rules_come_from_the_pinned_distribution_whatever_the_system_has(tmp_path: Path) -> None:
    tokyo = (files("tzdata.zoneinfo.Asia") / "Tokyo").read_bytes()
    for name in ("Europe/Berlin", "Mars/Olympus"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(tokyo)
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    zone_names.cache_clear()
    try:
        assert _offset(NOW, "Europe/Berlin") == 9 * HOUR
        assert "Mars/Olympus" in zone_names()
    finally:
        version = use_pinned_tzdata()

    assert version == TZDATA
    assert _offset(NOW, "Europe/Berlin") == HOUR
    assert "Mars/Olympus" not in zone_names()
