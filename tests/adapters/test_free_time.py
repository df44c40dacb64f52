"""True free time: zones, holidays, calendars and the ledger put together, held against an oracle minute by minute."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError

from activities.calendar import Busy, CalendarRefused, CalendarUnavailable
from activities.claiming import ClaimingActivities
from activities.free_time import FreeTimeActivities
from activities.people import Hours, OrganisationEntry, PersonEntry, Weekday
from adapters.memory.calendar import MemoryCalendar
from adapters.memory.directory import MemoryDirectory
from adapters.memory.ledger import MemoryLedger
from entrevue.orders import ClaimTime, FindSlots, SeatWanted, SlotsFound, TimeClaimed, Window
from entrevue.values import CalendarEvent, PersonId, Slot

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
NOW = MONDAY - 3 * DAY

ACME = OrganisationEntry(name="Acme", zone="Europe/Berlin", place="DE-BE", days_off=(date(2026, 12, 3),))


def somebody(
    person: str,
    zone: str = "Europe/Berlin",
    hours: dict[Weekday, tuple[Hours, ...]] | None = None,
    place: str | None = None,
    *,
    has_calendar: bool = True,
    busy_only: bool = False,
    pools: tuple[str, ...] = (),
) -> PersonEntry:
    return PersonEntry(
        id=person,
        name=person,
        email=f"{person}@acme.example",
        zone=zone,
        place=place,
        calendar="http://127.0.0.1/" if has_calendar else None,
        busy_only=busy_only,
        pools=pools,
        hours=hours or dict.fromkeys(get_args(Weekday)[:5], ("09:00-17:00",)),
    )


class World:
    """An organisation, its calendars and its ledger."""

    def __init__(self, *people: PersonEntry, calendar: MemoryCalendar | None = None) -> None:
        self.directory = MemoryDirectory(ACME, people)
        self.calendar = calendar or MemoryCalendar()
        self.ledger = MemoryLedger()
        self.activities = FreeTimeActivities(self.directory, self.calendar, self.ledger)

    async def claims(self, person: str, start: datetime, end: datetime, key: str, interview: str = "s8") -> None:
        refused = await self.ledger.claim(
            key=key,
            interview=interview,
            people=[person],
            start=start,
            end=end,
            minutes=(end - start) // MINUTE,
            replaces=None,
            now=NOW,
        )
        assert not refused

    async def finds(self, order: FindSlots) -> list[datetime]:
        found = await self.activities.find_slots(order)
        assert bool(found.slots) == (found.why is None)
        return [slot.start for slot in found.slots]


def seats(*people: str | SeatWanted) -> tuple[SeatWanted, ...]:
    """Number the seats; somebody's name is short for a seat of theirs that counts."""
    wanted = (one if isinstance(one, SeatWanted) else SeatWanted(seat=1, person=one) for one in people)
    return tuple(one.model_copy(update={"seat": n}) for n, one in enumerate(wanted, start=1))


def pool(name: str, person: str | None = None, *, counts: bool = True) -> SeatWanted:
    return SeatWanted(seat=1, pool=name, person=person, counts=counts)


def shadow(person: str) -> SeatWanted:
    return SeatWanted(seat=1, person=person, counts=False)


def search(*people: str | SeatWanted, **changes: object) -> FindSlots:
    """Search for everything on the first Monday, unless said otherwise; all seats that count are needed."""
    wanted = seats(*(people or ("grace",)))
    order = FindSlots(
        key="r7/slots/1.0",
        lane="search",
        interview="r7",
        now=NOW,
        seats=wanted,
        quorum=max(1, sum(one.counts for one in wanted)),
        candidate_zone="Europe/Berlin",
        minutes=60,
        earliest=MONDAY,
        latest=MONDAY + DAY,
        grid=60,
        count=1000,
    )
    return order.model_copy(update=changes)


def utc(*hours: float, day: datetime = MONDAY) -> list[datetime]:
    return [day + hour * HOUR for hour in hours]


# --- what is free ----------------------------------------------------------------------------------------------------


async def test_slots_lie_in_working_hours_by_the_persons_own_wall_clock() -> None:
    found = await World(somebody("grace")).activities.find_slots(search())

    assert found.key == "r7/slots/1.0"
    assert found.slots == tuple(
        Slot(start=start, minutes=60, zone="Europe/Berlin", wall=start.replace(tzinfo=None) + HOUR)
        for start in utc(*range(8, 16))
    )


async def test_all_of_the_people_must_be_free_wherever_they_live() -> None:
    world = World(somebody("grace"), somebody("edsger", "America/New_York"))

    assert await world.finds(search("grace", "edsger")) == utc(14, 15)


async def test_nine_stays_nine_when_the_clocks_change() -> None:
    world = World(somebody("grace", "America/New_York", place="US-NY"))
    friday, monday = datetime(2027, 3, 12, tzinfo=UTC), datetime(2027, 3, 15, tzinfo=UTC)

    before = await world.finds(search(earliest=friday, latest=friday + DAY))
    after = await world.finds(search(earliest=monday, latest=monday + DAY))

    assert before[0] == friday + 14 * HOUR
    assert after[0] == monday + 13 * HOUR


@pytest.mark.parametrize(("sunday", "hours"), [(date(2026, 10, 25), 9), (date(2027, 3, 28), 7)])
async def test_a_night_in_which_the_clocks_change_is_as_long_as_it_is(sunday: date, hours: int) -> None:
    world = World(somebody("grace", hours={"sun": ("00:00-08:00",)}))
    noon = datetime(sunday.year, sunday.month, sunday.day, 12, tzinfo=UTC)

    # On the other side of the world the candidate is awake.
    found = await world.finds(search(candidate_zone="Pacific/Auckland", earliest=noon - DAY, latest=noon))

    assert len(found) == hours
    assert all(later - earlier == HOUR for earlier, later in pairwise(found))


async def test_nobody_works_on_a_holiday_of_their_place_or_when_the_company_is_closed() -> None:
    world = World(somebody("grace"), somebody("edsger", "America/New_York", place="US-NY"))
    thanksgiving, closed = datetime(2026, 11, 26, tzinfo=UTC), datetime(2026, 12, 3, tzinfo=UTC)

    assert await world.finds(search("edsger", earliest=thanksgiving, latest=thanksgiving + DAY)) == []
    assert await world.finds(search("grace", earliest=thanksgiving, latest=thanksgiving + DAY)) != []
    assert await world.finds(search("edsger", earliest=closed, latest=closed + DAY)) == []


async def test_a_holiday_is_a_day_of_the_persons_own_zone() -> None:
    world = World(
        somebody("yukihiro", "Asia/Tokyo", hours={"mon": ("08:00-24:00",), "tue": ("08:00-24:00",)}, place="JP")
    )
    sports_day = datetime(2026, 10, 12, tzinfo=UTC)  # a Monday; in Tokyo it ends at 15:00 UTC

    found = await world.finds(
        search("yukihiro", candidate_zone="America/Los_Angeles", earliest=sports_day, latest=sports_day + 36 * HOUR)
    )

    assert found[0] == sports_day + 23 * HOUR


async def test_what_stands_in_a_calendar_is_in_the_way_tentative_or_not() -> None:
    world = World(somebody("grace"))
    world.calendar.add_busy(
        "grace",
        Busy(start=MONDAY + 9 * HOUR, end=MONDAY + 11 * HOUR),
        Busy(start=MONDAY + 13 * HOUR, end=MONDAY + 14 * HOUR, tentative=True),
    )

    assert await world.finds(search()) == utc(8, 11, 12, 14, 15)


async def test_a_minute_that_is_taken_in_part_is_taken() -> None:
    world = World(somebody("grace"))
    second = timedelta(seconds=1)
    world.calendar.add_busy("grace", Busy(start=MONDAY + 10 * HOUR - second, end=MONDAY + 11 * HOUR + second))

    assert await world.finds(search()) == utc(8, 12, 13, 14, 15)


async def test_what_the_ledger_says_is_in_the_way_before_any_calendar_knows() -> None:
    world = World(somebody("grace"), somebody("linus"))
    await world.claims("linus", MONDAY + 9 * HOUR, MONDAY + 11 * HOUR, "s8/claim/1.0")

    assert await world.finds(search("grace", "linus")) == utc(8, 11, 12, 13, 14, 15)


async def test_buffers_are_kept_on_both_sides_and_beyond_the_window() -> None:
    world = World(somebody("grace"))
    noon = MONDAY + 12 * HOUR
    world.calendar.add_busy(
        "grace",
        Busy(start=noon, end=noon + HOUR),
        Busy(start=MONDAY + 7 * HOUR, end=MONDAY + 8 * HOUR),
        Busy(start=MONDAY + 16 * HOUR, end=MONDAY + 17 * HOUR),
    )
    within = {"earliest": MONDAY + 8 * HOUR, "latest": MONDAY + 16 * HOUR, "grid": 15}

    found = await world.finds(search(buffer_before=15, buffer_after=30, **within))

    assert found[0] == MONDAY + 8 * HOUR + 15 * MINUTE
    assert found[-1] == MONDAY + 14 * HOUR + 30 * MINUTE
    assert not [start for start in found if noon - 90 * MINUTE < start < noon + 75 * MINUTE]
    assert {noon - 90 * MINUTE, noon + 75 * MINUTE} <= set(found)


async def test_who_has_no_calendar_is_known_by_the_ledger_alone() -> None:
    world = World(somebody("grace", has_calendar=False))
    world.calendar.down = True
    await world.claims("grace", MONDAY + 8 * HOUR, MONDAY + 15 * HOUR, "s8/claim/1.0")

    assert await world.finds(search()) == utc(15)


# --- what is offered -------------------------------------------------------------------------------------------------


async def test_starts_lie_on_the_quarter_hours_of_the_candidate() -> None:
    found = await World(somebody("grace")).finds(search(candidate_zone="Asia/Kathmandu", grid=30))

    assert found[0] == MONDAY + 8 * HOUR + 15 * MINUTE
    assert {start.minute for start in found} == {15, 45}


async def test_nobody_is_interviewed_at_night() -> None:
    world = World(somebody("grace"))

    evening = await world.finds(search(candidate_zone="Asia/Tokyo"))
    night = await world.activities.find_slots(search(candidate_zone="Pacific/Honolulu"))

    assert evening == utc(8, 9, 10)  # 17:00 to 20:00 in Tokyo
    assert night.slots == ()
    assert night.why
    assert "night" in night.why


async def test_a_candidate_whose_zone_is_misspelt_is_asked_by_the_organisations_clock() -> None:
    found = await World(somebody("grace")).activities.find_slots(search(candidate_zone="Europe/Berlim"))

    assert {slot.zone for slot in found.slots} == {"Europe/Berlin"}
    assert found.slots


async def test_a_window_that_opens_within_a_minute_opens_with_the_next() -> None:
    opens = MONDAY + 9 * HOUR + timedelta(seconds=1)

    assert await World(somebody("grace")).finds(search(earliest=opens)) == utc(10, 11, 12, 13, 14, 15)


async def test_no_more_are_offered_than_asked_for_and_those_on_different_days() -> None:
    found = await World(somebody("grace")).finds(search(latest=MONDAY + 14 * DAY, count=5, grid=15, minutes=40))

    assert len({start.date() for start in found}) == 5
    assert found == sorted(found)


async def test_what_was_declined_or_lost_is_not_offered_again() -> None:
    found = await World(somebody("grace")).finds(search(avoid=tuple(utc(8, 10))))

    assert found == utc(9, 11, 12, 13, 14, 15)


async def test_a_retry_offers_the_same() -> None:
    order = search("grace", "linus", latest=MONDAY + 14 * DAY, count=5, grid=15)

    answers = []
    for _ in range(2):
        world = World(somebody("grace"), somebody("linus", "Europe/Helsinki"))
        world.calendar.add_busy("linus", Busy(start=MONDAY, end=MONDAY + 3 * DAY))
        answers += [await world.activities.find_slots(order) for _ in range(2)]

    assert len({answer.model_dump_json() for answer in answers}) == 1


# --- panels and pools ------------------------------------------------------------------------------------------------

BACKEND = ("backend",)
MORNING: dict[Weekday, tuple[Hours, ...]] = {"mon": ("09:00-12:00",)}
AFTERNOON: dict[Weekday, tuple[Hours, ...]] = {"mon": ("13:00-15:00",)}


async def test_a_seat_of_a_pool_needs_anybody_of_the_pool() -> None:
    world = World(somebody("ada", hours=MORNING, pools=BACKEND), somebody("bob", hours=AFTERNOON, pools=BACKEND))

    assert await world.finds(search(pool("backend"))) == utc(8, 9, 10, 12, 13)
    assert await world.finds(search(pool("backend"), pool("backend"))) == []


async def test_who_is_seated_elsewhere_or_excluded_is_nobody_of_the_pool() -> None:
    world = World(
        somebody("ada", pools=BACKEND), somebody("bob", hours=MORNING, pools=BACKEND), somebody("cleo", pools=BACKEND)
    )

    found = await world.finds(search("ada", pool("backend"), excluded=("cleo@acme.example",)))

    assert found == utc(8, 9, 10)


async def test_who_sits_there_now_goes_first_and_the_pool_stands_in() -> None:
    world = World(somebody("ada", hours=AFTERNOON, pools=BACKEND), somebody("bob", pools=BACKEND))

    assert await world.finds(search(pool("backend", "ada"))) == utc(*range(8, 16))
    assert await world.finds(search(pool("backend", "ada"), count=2)) == utc(12, 13)


async def test_a_shadow_never_stands_in_the_way() -> None:
    world = World(somebody("ada", hours=MORNING), somebody("bob", hours=AFTERNOON))
    gone = shadow("nobody-knows")

    assert await world.finds(search("ada", shadow("bob"), gone)) == utc(8, 9, 10)


async def test_fewer_seats_than_all_will_do_only_where_all_have_nothing() -> None:
    world = World(somebody("ada", hours=MORNING), somebody("bob", hours={"mon": ("11:00-15:00",)}))

    assert await world.finds(search("ada", "bob", quorum=1)) == utc(10)

    world.calendar.add_busy("ada", Busy(start=MONDAY + 10 * HOUR, end=MONDAY + 11 * HOUR))
    assert await world.finds(search("ada", "bob", quorum=1)) == utc(8, 9, 10, 11, 12, 13)


async def test_what_the_candidate_has_sent_goes_before_civil_hours() -> None:
    world = World(somebody("ada", hours={"mon": ("00:00-24:00",)}))
    windows = (
        Window(start=MONDAY + 3 * HOUR, end=MONDAY + 5 * HOUR),
        Window(start=MONDAY + 20 * HOUR, end=MONDAY + 21 * HOUR),
    )

    assert await world.finds(search("ada", windows=windows)) == utc(3, 4, 20)


async def test_where_the_candidates_own_times_are_the_bottleneck_the_answer_says_so() -> None:
    window = Window(start=MONDAY + 18 * HOUR, end=MONDAY + 20 * HOUR)

    found = await World(somebody("ada")).activities.find_slots(search("ada", windows=(window,)))

    assert found.why
    assert "the times that the candidate has sent" in found.why


async def test_an_empty_pool_is_named() -> None:
    found = await World(somebody("ada")).activities.find_slots(search("ada", pool("backend")))

    assert found.why == (
        "The pool backend cannot fill the seats: too few are left. Add people to it, or ask somebody else."
    )


# --- load ------------------------------------------------------------------------------------------------------------


async def test_a_day_on_which_somebody_has_enough_interviews_is_not_offered() -> None:
    world = World(somebody("ada"), somebody("bob"))
    await world.claims("ada", MONDAY + 8 * HOUR, MONDAY + 10 * HOUR, "s8/claim/1.0")
    two_days = {"latest": MONDAY + 2 * DAY, "load_a_week": 999}

    two_hours_a_day = await world.finds(search("ada", load_a_day=120, **two_days))
    three_hours_a_day = await world.finds(search("ada", load_a_day=180, **two_days))

    assert two_hours_a_day == utc(*range(8, 16), day=MONDAY + DAY)
    assert three_hours_a_day[0] == MONDAY + 10 * HOUR


async def test_a_week_is_full_from_monday_to_sunday() -> None:
    world = World(somebody("ada"))
    friday = MONDAY + 4 * DAY
    await world.claims("ada", friday + 8 * HOUR, friday + 10 * HOUR, "s8/claim/1.0")

    found = await world.finds(search("ada", load_a_week=120, latest=MONDAY + 8 * DAY))

    assert found == utc(*range(8, 16), day=MONDAY + 7 * DAY)


async def test_the_claim_of_the_interview_that_is_moved_is_no_load() -> None:
    world = World(somebody("ada"))
    await world.claims("ada", MONDAY + 9 * HOUR, MONDAY + 10 * HOUR, "r7/claim/1.0", "r7")

    assert await world.finds(search("ada", load_a_day=60)) == []
    assert await world.finds(search("ada", load_a_day=60, replaces="r7/claim/1.0")) == utc(*range(8, 16))


async def test_buffers_are_no_load() -> None:
    world = World(somebody("ada"))
    await world.ledger.claim(
        key="s8/claim/1.0",
        interview="s8",
        people=["ada"],
        start=MONDAY + 8 * HOUR,
        end=MONDAY + 10 * HOUR,
        minutes=60,
        replaces=None,
        now=NOW,
    )

    assert await world.finds(search("ada", load_a_day=120)) == utc(*range(10, 16))


async def test_where_load_is_the_bottleneck_the_answer_says_so() -> None:
    found = await World(somebody("ada")).activities.find_slots(search("ada", load_a_day=30))

    assert found.why
    assert found.why.startswith("ada would have more interviews")


# --- large pools and broken calendars --------------------------------------------------------------------------------


async def test_of_a_large_pool_those_with_the_least_to_do_are_looked_at_first() -> None:
    calendar = _Counting()
    names = [f"p{n}" for n in range(80)]
    world = World(*(somebody(name, pools=BACKEND) for name in names), calendar=calendar)
    for n, name in enumerate(names[:30]):
        await world.claims(name, MONDAY - DAY, MONDAY - DAY + HOUR, f"s{n}/claim/1.0", f"s{n}")

    await world.finds(search(pool("backend")))

    assert len(calendar.asked) == 60
    assert set(names[30:]) < set(calendar.asked)


async def test_where_the_first_sixty_have_nothing_the_next_are_looked_at() -> None:
    calendar = _Counting()
    world = World(*(somebody(f"p{n}", pools=BACKEND) for n in range(100)), calendar=calendar)
    order = search(pool("backend"))
    await world.finds(order)
    first = tuple(calendar.asked)
    for person in first:
        world.calendar.add_busy(person, Busy(start=MONDAY, end=MONDAY + DAY))
    calendar.asked.clear()

    assert await world.finds(order) == utc(*range(8, 16))
    assert sorted(calendar.asked) == sorted(f"p{n}" for n in range(100)), "each of them once"


async def test_there_is_an_end_to_looking_and_the_answer_says_where() -> None:
    calendar = _Counting()
    world = World(*(somebody(f"p{n}", pools=BACKEND) for n in range(200)), calendar=calendar)
    for n in range(200):
        world.calendar.add_busy(f"p{n}", Busy(start=MONDAY, end=MONDAY + DAY))

    found = await world.activities.find_slots(search(pool("backend")))

    assert len(calendar.asked) == 180
    assert found.why == (
        "The pool backend has no free time that fits. "
        "Move one of their appointments, search further ahead, or ask somebody else. "
        "Of the pools only those 180 people were looked at who have the least to do."
    )


async def test_who_cannot_be_read_is_not_available_where_others_can_stand_in() -> None:
    world = World(
        somebody("ada", pools=BACKEND),
        somebody("bob", hours=MORNING, pools=BACKEND),
        somebody("cleo"),
        calendar=_Counting("ada", "cleo"),
    )

    assert await world.finds(search(pool("backend"), shadow("cleo"))) == utc(8, 9, 10)
    assert await world.finds(search(pool("backend", "ada"))) == utc(8, 9, 10)


async def test_an_answer_of_nothing_says_whose_calendars_could_not_be_read() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND), calendar=_Counting("ada"))
    world.calendar.add_busy("bob", Busy(start=MONDAY, end=MONDAY + DAY))

    found = await world.activities.find_slots(search(pool("backend")))

    assert found.why
    assert found.why.endswith("Their calendars could not be read: ada.")


async def test_a_pool_of_whom_nobody_can_be_read_is_trouble() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND), calendar=_Counting("ada", "bob"))

    with pytest.raises(ApplicationError, match="calendar of") as trouble:
        await world.activities.find_slots(search(pool("backend")))

    assert trouble.value.type == "CalendarUnavailable"


async def test_a_holiday_that_follows_the_moon_can_be_booked_but_goes_last() -> None:
    eid = datetime(2027, 3, 9, tzinfo=UTC)  # a Tuesday, until Thursday; "(estimated)" in the library of 2026
    world = World(somebody("ada", "Asia/Dubai", place="AE"))
    on_eid = search("ada", earliest=eid, latest=eid + 3 * DAY, candidate_zone="Asia/Dubai", count=2)
    around_it = on_eid.model_copy(update={"earliest": eid - DAY, "latest": eid + 4 * DAY})
    new_year = datetime(2027, 1, 1, tzinfo=UTC)

    assert len(await world.finds(on_eid)) == 2
    assert {at.date() for at in await world.finds(around_it)} == {date(2027, 3, 8), date(2027, 3, 12)}
    assert await world.finds(search("ada", earliest=new_year, latest=new_year + DAY)) == []


# --- moving an interview ---------------------------------------------------------------------------------------------


async def _booked(world: World) -> None:
    """r7 holds Monday from nine to ten; s8 from ten to eleven."""
    for interview, hour in (("r7", 9), ("s8", 10)):
        slot = Slot(start=MONDAY + hour * HOUR, minutes=60)
        event = CalendarEvent(uid=f"{interview}.p1", sequence=0, stamp=NOW, slot=slot, summary="Interview")
        await world.calendar.ensure("grace", event, interview, None)
        await world.claims("grace", slot.start, slot.end, f"{interview}/claim/1.0", interview)


async def test_an_interview_that_is_moved_does_not_stand_in_its_own_way() -> None:
    world = World(somebody("grace"))
    await _booked(world)

    assert await world.finds(search(replaces="r7/claim/1.0")) == utc(8, 9, 11, 12, 13, 14, 15)


async def test_an_interview_that_is_not_moved_is_in_the_way_like_any_other() -> None:
    world = World(somebody("grace"))
    await _booked(world)

    assert await world.finds(search()) == utc(8, 11, 12, 13, 14, 15)


async def test_an_event_of_the_interview_that_nobody_has_taken_out_yet_is_in_the_way_unless_it_is_moved() -> None:
    world = World(somebody("grace"))
    await _booked(world)
    await world.ledger.release(key="r7/claim/1.0", now=NOW)

    assert MONDAY + 9 * HOUR not in await world.finds(search())
    assert MONDAY + 9 * HOUR in await world.finds(search(replaces="r7/claim/1.0"))


async def test_another_claim_of_the_interview_that_is_moved_is_in_the_way() -> None:
    world = World(somebody("grace"))
    await _booked(world)
    await world.claims("grace", MONDAY + 14 * HOUR, MONDAY + 15 * HOUR, "r7/claim/2.0", "r7")

    assert await world.finds(search(replaces="r7/claim/1.0")) == utc(8, 9, 11, 12, 13, 15)


async def test_where_only_free_busy_is_read_the_interview_that_is_moved_is_not_in_its_own_way_and_all_else_is() -> None:
    world = World(somebody("grace", busy_only=True))
    await world.claims("grace", MONDAY + 9 * HOUR, MONDAY + 10 * HOUR, "r7/claim/1.0", "r7")
    world.calendar.add_busy("grace", Busy(start=MONDAY + 9 * HOUR, end=MONDAY + 11 * HOUR))

    assert await world.finds(search(replaces="r7/claim/1.0")) == utc(8, 9, 11, 12, 13, 14, 15)
    assert await world.finds(search()) == utc(8, 11, 12, 13, 14, 15)


# --- no, and trouble -------------------------------------------------------------------------------------------------


async def test_where_nothing_fits_the_answer_says_who_is_the_bottleneck() -> None:
    world = World(somebody("grace"), somebody("linus"))
    world.calendar.add_busy("linus", Busy(start=MONDAY, end=MONDAY + DAY))

    assert await world.activities.find_slots(search("grace", "linus")) == SlotsFound(
        key="r7/slots/1.0",
        slots=(),
        why="linus has no free time that fits. "
        "Move one of their appointments, search further ahead, or ask somebody else.",
    )


async def test_who_has_left_the_directory_is_named_not_raised() -> None:
    found = await World(somebody("grace")).activities.find_slots(search("grace", "alan"))

    assert found.slots == ()
    assert found.why == "Not in the directory: alan. Enter them there, or ask somebody else."


async def test_a_window_shorter_than_the_session_is_answered_without_asking_anybody() -> None:
    world = World(somebody("grace"))
    world.calendar.down = True

    found = await world.activities.find_slots(search(latest=MONDAY - DAY))

    assert found.why
    assert "notice" in found.why


async def test_a_calendar_that_cannot_be_read_is_trouble_and_never_free_time() -> None:
    world = World(somebody("grace"))
    world.calendar.down = True

    with pytest.raises(ApplicationError, match="calendar of grace") as trouble:
        await world.activities.find_slots(search())

    assert trouble.value.type == "CalendarUnavailable"
    assert not trouble.value.non_retryable


class _AllAtOnce(MemoryCalendar):
    """Answers nobody before it was asked for everybody."""

    def __init__(self, people: int) -> None:
        super().__init__()
        self._asked = asyncio.Barrier(people)

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        await self._asked.wait()
        return await super().busy(person, start, end)


async def test_the_calendars_of_several_people_are_read_at_once() -> None:
    people = tuple(f"p{n}" for n in range(8))
    world = World(*map(somebody, people), calendar=_AllAtOnce(8))

    async with asyncio.timeout(30):  # one after the other they would wait for ever
        found = await world.finds(search(*people))

    assert len(found) == 8


class _Counting(MemoryCalendar):
    """Remembers who was asked for, and how many were being read at most; `shut` are those who cannot be read."""

    def __init__(self, *shut: str) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.most = self._now = 0
        self._shut = shut

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self.asked.append(person)
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        if person in self._shut:
            raise CalendarUnavailable(person, "ConnectError")
        return await super().busy(person, start, end)


async def test_no_more_than_eight_calendars_are_read_at_the_same_time() -> None:
    calendar = _Counting()
    world = World(*(somebody(f"p{n}", pools=("backend",)) for n in range(40)), calendar=calendar)

    await world.finds(search(pool("backend")))

    assert len(calendar.asked) == 40
    assert calendar.most == 8


class _OneRefuses(MemoryCalendar):
    """Refuses linus, once grace is being waited for; grace's calendar never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.called_off = asyncio.Event(), False

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        if person == "linus":
            await self.asked.wait()
            raise CalendarRefused(person, "status 403")
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.called_off = True
            raise
        return await super().busy(person, start, end)


async def test_the_first_trouble_is_told_as_it_is_and_the_other_readings_are_called_off() -> None:
    world, calendar = World(somebody("grace"), somebody("linus")), _OneRefuses()
    activities = FreeTimeActivities(world.directory, calendar, world.ledger)

    told = "calendar of linus: status 403"
    with pytest.raises(ApplicationError, match=told) as trouble:
        await activities.find_slots(search("grace", "linus"))

    assert trouble.value.type == "CalendarRefused"
    assert trouble.value.details == (told,), "the search is about several people: who mends it must hear whose it is"
    assert calendar.called_off


# --- everything at once, against the oracle --------------------------------------------------------------------------

_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/Vancouver")
_HOURS = ("08:00-12:00", "09:00-12:30", "13:30-18:15", "15:00-24:00", "00:00-07:00")
# Each of them some days before a change of the clocks, or a holiday.
_FIRSTS = (MONDAY, datetime(2026, 10, 24, 7, tzinfo=UTC), datetime(2027, 3, 27, tzinfo=UTC), MONDAY + 24 * DAY)


@dataclass(frozen=True)
class _Taken:
    person: str
    start: datetime
    end: datetime
    by_a_claim: bool


@dataclass(frozen=True)
class _Case:
    people: tuple[PersonEntry, ...]
    taken: tuple[_Taken, ...]
    order: FindSlots


@st.composite
def cases(draw: st.DrawFn) -> _Case:
    first = draw(st.sampled_from(_FIRSTS)) + draw(st.integers(0, 600)) * MINUTE
    length = draw(st.integers(300, 3 * 24 * 60))
    people = tuple(
        somebody(
            f"p{n}",
            draw(st.sampled_from(_ZONES)),
            {
                day: tuple(draw(st.lists(st.sampled_from(_HOURS), min_size=1, max_size=3)))
                for day in get_args(Weekday)
                if day != "wed"
            },
            draw(st.sampled_from((None, "US", "GB-SCT"))),
        )
        for n in range(draw(st.integers(1, 2)))
    )
    starts, lengths = st.integers(-60, length), st.integers(5, 240)
    taken = [
        _Taken(
            person=draw(st.sampled_from([person.id for person in people])),
            start=(start := first + draw(starts) * MINUTE),
            end=start + draw(lengths) * MINUTE,
            by_a_claim=draw(st.booleans()),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]
    order = search(
        *(person.id for person in people),
        candidate_zone=draw(st.sampled_from(_ZONES)),
        minutes=draw(st.sampled_from((25, 40, 60))),
        earliest=first,
        latest=first + length * MINUTE,
        buffer_before=draw(st.sampled_from((0, 10))),
        buffer_after=draw(st.sampled_from((0, 15))),
        grid=draw(st.sampled_from((15, 30))),
    )
    return _Case(people, tuple(taken), order)


def _oracle(case: _Case) -> list[datetime]:
    """Walk the window minute by minute, and ask zoneinfo for everybody's wall time."""
    order, found = case.order, dict[str, list[datetime]](welcome=[], bearable=[])
    zone = ZoneInfo(order.candidate_zone)
    window = [order.earliest + n * MINUTE for n in range((order.latest - order.earliest) // MINUTE)]
    works = {person.id: {at for at in window if _works(person, at)} for person in case.people}
    hours = {at: at.astimezone(zone).hour for at in window}
    for n, start in enumerate(window[: len(window) - order.minutes + 1]):
        session = window[n : n + order.minutes]
        before, after = order.buffer_before * MINUTE, order.buffer_after * MINUTE
        clear = all(one.end <= start - before or session[-1] + MINUTE + after <= one.start for one in case.taken)
        if start.astimezone(zone).minute % order.grid or not clear:
            continue
        if not all(at in works[person.id] for person in case.people for at in session):
            continue
        if all(8 <= hours[at] < 20 for at in session):
            found["welcome"].append(start)
        if all(6 <= hours[at] < 22 for at in session):
            found["bearable"].append(start)
    return found["welcome"] or found["bearable"]


# Public holidays within the windows above, written down by hand.
_HOLIDAYS = {
    None: {date(2026, 12, 25), date(2026, 12, 26), date(2027, 3, 26), date(2027, 3, 29)},
    "US": {date(2026, 12, 25)},
    "GB-SCT": {date(2026, 11, 30), date(2026, 12, 25), date(2026, 12, 26), date(2026, 12, 28), date(2027, 3, 26)},
}


def _works(person: PersonEntry, at: datetime) -> bool:
    wall = at.astimezone(ZoneInfo(person.zone))
    if wall.date() in _HOLIDAYS[person.place] or wall.date() in ACME.days_off:
        return False
    of_day = f"{wall:%H:%M}"
    day = get_args(Weekday)[wall.weekday()]
    return any(first <= of_day < last for first, last in (span.split("-") for span in person.hours.get(day, ())))


async def _world(case: _Case) -> World:
    world = World(*case.people)
    for n, one in enumerate(case.taken):
        if one.by_a_claim:  # what the ledger refuses is in the way already; the calendar takes it
            refused = await world.ledger.claim(
                key=f"s{n}/claim/1.0",
                interview=f"s{n}",
                people=[one.person],
                start=one.start,
                end=one.end,
                minutes=(one.end - one.start) // MINUTE,
                replaces=None,
                now=NOW,
            )
            if not refused:
                continue
        world.calendar.add_busy(one.person, Busy(start=one.start, end=one.end))
    return world


@settings(max_examples=60)
@given(cases())
async def test_the_slots_are_those_of_the_oracle_slot_for_slot(case: _Case) -> None:
    world = await _world(case)

    assert await world.finds(case.order) == _oracle(case)


@settings(max_examples=40)
@given(cases())
async def test_whatever_is_offered_can_be_claimed(case: _Case) -> None:
    world = await _world(case)
    found = await world.activities.find_slots(case.order.model_copy(update={"count": 3}))

    for n, slot in enumerate(found.slots):
        on_the_ledger = ClaimingActivities((await _world(case)).ledger, world.calendar, world.directory)
        answer = await on_the_ledger.claim_time(
            ClaimTime(
                key=f"r7/claim/{n}.0",
                lane="ledger",
                interview="r7",
                now=NOW,
                claim=f"r7/claim/{n}.0",
                seats=case.order.seats,
                quorum=case.order.quorum,
                slot=slot,
                buffer_before=case.order.buffer_before,
                buffer_after=case.order.buffer_after,
            )
        )
        assert isinstance(answer, TimeClaimed)
