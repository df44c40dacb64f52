"""Claiming time: who is seated, what is looked at while the claim stands, and what a repetition finds."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.exceptions import ApplicationError

from activities.calendar import Busy, CalendarUnavailable
from activities.claiming import ClaimingActivities
from activities.people import Hours, OrganisationEntry, PersonEntry, Weekday
from adapters.memory.calendar import MemoryCalendar
from adapters.memory.directory import MemoryDirectory
from adapters.memory.ledger import MemoryLedger
from entrevue.orders import ClaimTime, ReleaseTime, SeatWanted, TimeClaimed, TimeReleased, TimeTaken
from entrevue.values import CalendarEvent, PersonId, Slot

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 30, tzinfo=UTC)
NOW = MONDAY - 3 * DAY
TEN = MONDAY + 10 * HOUR
BACKEND, DATABASES = ("backend",), ("databases",)
BOTH = (*BACKEND, *DATABASES)
MORNING: dict[Weekday, tuple[Hours, ...]] = {"mon": ("08:00-10:00",)}


def somebody(
    person: str,
    *,
    pools: tuple[str, ...] = (),
    target: int | None = None,
    hours: dict[Weekday, tuple[Hours, ...]] | None = None,
    has_calendar: bool = True,
    busy_only: bool = False,
    zone: str = "UTC",
) -> PersonEntry:
    return PersonEntry(
        id=person,
        name=person.title(),
        email=f"{person}@acme.example",
        zone=zone,
        calendar="http://127.0.0.1/" if has_calendar else None,
        busy_only=busy_only,
        pools=pools,
        weekly_target=target,
        hours=hours or dict.fromkeys(get_args(Weekday)[:5], ("09:00-17:00",)),
    )


class Calendars(MemoryCalendar):
    """Remembers who was looked at; `shut` are those whose calendars cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[PersonId] = []
        self.shut: set[PersonId] = set()

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        self.asked.append(person)
        if person in self.shut:
            raise CalendarUnavailable(person, "ConnectError")
        return await super().busy(person, start, end)


class World:
    def __init__(self, *people: PersonEntry) -> None:
        self.directory = MemoryDirectory(OrganisationEntry(name="Acme", zone="UTC"), people)
        self.calendar = Calendars()
        self.ledger = MemoryLedger()
        self.activities = ClaimingActivities(self.ledger, self.calendar, self.directory)

    async def claim(self, order: ClaimTime) -> dict[int, PersonId]:
        """Claim, and say who sits where."""
        answer = await self.activities.claim_time(order)
        assert isinstance(answer, TimeClaimed), answer
        assert answer.key == order.key
        return {one.seat: one.person for one in answer.seated}

    async def taken(self, order: ClaimTime) -> tuple[str, tuple[PersonId, ...]]:
        """Claim in vain, and say by what the time is taken, and who is in the way."""
        answer = await self.activities.claim_time(order)
        assert isinstance(answer, TimeTaken), answer
        assert answer.key == order.key
        return answer.by, answer.people

    async def held(self, claim: str = "r7/claim/1.0") -> set[PersonId]:
        return {one.person for one in await self.ledger.held(claim)}

    async def has_interviews(self, person: str, hours: int = 1, at: datetime = TEN - DAY, key: str = "") -> None:
        """Take some time of theirs in the ledger, for another interview."""
        await self.ledger.claim(
            key=key or f"{person}/claim/{at:%d%H}",
            interview="s8",
            people=[person],
            start=at,
            end=at + hours * HOUR,
            minutes=hours * 60,
            replaces=None,
            now=NOW,
        )

    def has_an_appointment(self, person: str, at: datetime = TEN, length: timedelta = HOUR) -> None:
        self.calendar.add_busy(person, Busy(start=at, end=at + length))


def seat(person: str | None = None, pool: str | None = None, *, counts: bool = True) -> SeatWanted:
    return SeatWanted(seat=1, person=person, pool=pool, counts=counts)


def claim_time(*wanted: str | SeatWanted, interview: str = "r7", start: datetime = TEN, **changes: object) -> ClaimTime:
    """Order 40 minutes at ten on Monday, with 10 minutes before and 15 after; all seats that count are needed."""
    seats = tuple(
        (one if isinstance(one, SeatWanted) else seat(one)).model_copy(update={"seat": n})
        for n, one in enumerate(wanted, start=1)
    )
    order = ClaimTime(
        key=f"{interview}/claim/1.0",
        lane="ledger",
        interview=interview,
        now=NOW,
        claim=f"{interview}/claim/1.0",
        seats=seats,
        quorum=sum(one.counts for one in seats),
        slot=Slot(start=start, minutes=40),
        buffer_before=10,
        buffer_after=15,
    )
    return order.model_copy(update=changes)


def release_time(interview: str = "r7") -> ReleaseTime:
    key = f"{interview}/claim/1.0"
    return ReleaseTime(key=f"{interview}/release/1.0", lane="ledger", interview=interview, now=NOW, claim=key)


def event_of(interview: str) -> CalendarEvent:
    return CalendarEvent(
        uid=f"{interview}.p0", sequence=0, stamp=NOW, slot=Slot(start=TEN, minutes=40), summary="Interview"
    )


# --- a panel ---------------------------------------------------------------------------------------------------------


async def test_the_claim_holds_the_buffers_too_and_counts_the_interview_alone() -> None:
    world = World(somebody("ada"), somebody("bob"))

    assert await world.claim(claim_time("ada", "bob")) == {1: "ada", 2: "bob"}

    rows = await world.ledger.held("r7/claim/1.0")
    assert [one.person for one in rows] == ["ada", "bob"]
    assert {(one.start, one.end, one.minutes) for one in rows} == {(TEN - 10 * MINUTE, TEN + 55 * MINUTE, 40)}


async def test_the_answer_says_who_they_are_and_what_their_clocks_show() -> None:
    world = World(somebody("ada", zone="Europe/Berlin", has_calendar=False))

    answer = await world.activities.claim_time(claim_time("ADA@acme.example"))

    assert isinstance(answer, TimeClaimed)
    (ada,) = answer.seated
    assert (ada.seat, ada.person, ada.name, ada.email, ada.has_calendar) == (1, "ada", "Ada", "ada@acme.example", False)
    assert ada.clock.zone == "Europe/Berlin"
    assert [one.minutes for one in ada.clock.offsets] == [120, 60, 120, 60], "from 60 days before to 400 days after"


async def test_a_slot_of_another_interview_is_answered_not_raised() -> None:
    world = World(somebody("ada"), somebody("bob"))
    await world.claim(claim_time("bob", interview="s8"))

    assert await world.taken(claim_time("ada", "bob")) == ("interview", ("bob",))
    assert await world.held() == set()


@pytest.mark.parametrize(
    "busy",
    [
        Busy(start=TEN + 54 * MINUTE, end=TEN + 2 * HOUR),
        Busy(start=TEN - HOUR, end=TEN - 9 * MINUTE, tentative=True),
    ],
    ids=["firm", "maybe"],
)
async def test_a_person_who_is_busy_gives_everybody_back_for_ever(busy: Busy) -> None:
    world = World(somebody("ada"), somebody("bob"))
    world.calendar.add_busy("bob", busy)

    assert await world.taken(claim_time("ada", "bob")) == ("calendar", ("bob",))
    assert await world.held() == set()
    assert await world.taken(claim_time("ada")) == ("interview", ()), "a key once released claims nothing any more"


async def test_a_calendar_that_touches_the_buffers_is_free() -> None:
    world = World(somebody("bob"))
    world.has_an_appointment("bob", TEN - HOUR, 50 * MINUTE)
    world.has_an_appointment("bob", TEN + 55 * MINUTE)

    assert await world.claim(claim_time("bob")) == {1: "bob"}


async def test_events_of_interviews_are_left_to_the_ledger() -> None:
    world = World(somebody("ada"))
    await world.calendar.ensure("ada", event_of("r7"), "r7", None)
    await world.calendar.ensure("ada", event_of("s8"), "s8", None)

    assert await world.claim(claim_time("ada")) == {1: "ada"}, "s8 has released that time, its event goes next"


async def test_an_interview_that_is_moved_does_not_stand_in_its_own_way() -> None:
    world = World(somebody("ada"))
    await world.claim(claim_time("ada", load_a_day=60))
    moved = claim_time("ada", start=TEN + 20 * MINUTE, claim="r7/claim/2.0", load_a_day=60)

    assert await world.taken(moved.model_copy(update={"claim": "r7/claim/3.0"})) == ("interview", ("ada",))
    assert await world.claim(moved.model_copy(update={"replaces": "r7/claim/1.0"})) == {1: "ada"}


# --- where only free/busy is read ------------------------------------------------------------------------------------


async def _invited(*others: PersonEntry, hold_until: datetime | None = None) -> World:
    """Ada has accepted what came by mail: free/busy says that she is busy then, and not with what."""
    world = World(somebody("ada", busy_only=True), *others)
    seats = ["ada", *(one.id for one in others[:1])]
    await world.claim(claim_time(*seats, hold_until=hold_until))
    world.has_an_appointment("ada", length=40 * MINUTE)
    return world


async def test_another_seat_is_swapped_though_free_busy_cannot_tell_the_interview_from_anything_else() -> None:
    world = await _invited(somebody("grace"), somebody("linus"))
    swap = claim_time("ada", "linus", claim="r7/claim/2.0", replaces="r7/claim/1.0")

    assert await world.claim(swap) == {1: "ada", 2: "linus"}
    assert await world.held("r7/claim/2.0") == {"ada", "linus"}


@pytest.mark.parametrize(
    ("at", "length", "free"),
    [
        (TEN - 60 * MINUTE, 60 * MINUTE, True),
        (TEN - 60 * MINUTE, 100 * MINUTE, True),
        (TEN + 40 * MINUTE, 10 * MINUTE, False),
        (TEN, 50 * MINUTE, False),
        (TEN + 50 * MINUTE, 10 * MINUTE, False),
    ],
    ids=["before", "before, and told as one", "right after", "right after, and told as one", "in the new time"],
)
async def test_what_overlaps_the_booked_time_is_free_but_for_everything_else(
    at: datetime, length: timedelta, *, free: bool
) -> None:
    world = await _invited()
    world.has_an_appointment("ada", at, length)
    moved = claim_time("ada", start=TEN + 20 * MINUTE, claim="r7/claim/2.0", replaces="r7/claim/1.0")

    if free:
        assert await world.claim(moved) == {1: "ada"}
    else:
        assert await world.taken(moved) == ("calendar", ("ada",))


async def test_what_stands_where_time_is_merely_held_is_in_the_way_for_nobody_was_invited() -> None:
    world = await _invited(hold_until=NOW + DAY)
    moved = claim_time("ada", start=TEN + 20 * MINUTE, claim="r7/claim/2.0", replaces="r7/claim/1.0")

    assert await world.taken(moved) == ("calendar", ("ada",))


async def test_a_claim_does_not_make_free_what_it_takes_itself() -> None:
    world = World(somebody("ada", busy_only=True))
    world.has_an_appointment("ada", length=40 * MINUTE)

    assert await world.taken(claim_time("ada")) == ("calendar", ("ada",))


async def test_where_the_calendar_is_written_what_overlaps_the_interview_is_something_else() -> None:
    world = World(somebody("ada"))
    await world.claim(claim_time("ada"))
    world.has_an_appointment("ada", length=40 * MINUTE)
    swap = claim_time("ada", claim="r7/claim/2.0", replaces="r7/claim/1.0")

    assert await world.taken(swap) == ("calendar", ("ada",))


# --- off, excluded, unknown ------------------------------------------------------------------------------------------


async def test_a_coordinator_may_book_those_who_are_named_outside_their_hours() -> None:
    world = World(somebody("ada", hours=MORNING))

    assert await world.claim(claim_time("ada", start=MONDAY + 20 * HOUR)) == {1: "ada"}


async def test_who_is_not_in_the_directory_or_excluded_cannot_be_seated() -> None:
    world = World(somebody("ada"))

    assert await world.taken(claim_time("ada", "gone")) == ("nobody", ("gone",))
    assert await world.taken(claim_time("ada", excluded=("ada",))) == ("nobody", ("ada",))


# --- seats that do not count, and quorum -----------------------------------------------------------------------------


async def test_a_seat_that_does_not_count_is_taken_where_its_person_is_free_and_never_in_the_way() -> None:
    world = World(*map(somebody, ("ada", "free", "claimed", "busy", "unread")), somebody("off", hours=MORNING))
    await world.has_interviews("claimed", at=TEN)
    world.has_an_appointment("busy")
    world.calendar.shut = {"unread"}
    shadows = (seat(one, counts=False) for one in ("free", "claimed", "busy", "unread", "off", "gone"))

    assert await world.claim(claim_time("ada", *shadows)) == {1: "ada", 2: "free"}
    assert await world.held() == {"ada", "free"}


async def test_a_quorum_goes_on_without_those_who_are_taken() -> None:
    world = World(*map(somebody, ("ada", "bob", "cleo")))
    await world.has_interviews("bob", at=TEN)
    world.has_an_appointment("cleo")

    assert await world.claim(claim_time("ada", "bob", "cleo", quorum=1)) == {1: "ada"}
    assert await world.taken(claim_time("ada", "bob", "cleo", quorum=2, interview="s9")) == (
        "interview",
        ("ada", "bob"),
    )


async def test_a_quorum_is_not_reached_with_people_outside_their_hours_where_it_can_do_without() -> None:
    world = World(somebody("ada"), somebody("bob", hours=MORNING))

    assert await world.claim(claim_time("ada", "bob", quorum=1)) == {1: "ada"}
    assert await world.claim(claim_time("ada", "bob", start=TEN + DAY, interview="s9")) == {1: "ada", 2: "bob"}


# --- pools -----------------------------------------------------------------------------------------------------------


async def test_a_seat_of_a_pool_goes_to_who_has_the_least_to_do() -> None:
    world = World(*(somebody(one, pools=BACKEND) for one in ("ada", "bob", "cleo")))
    await world.has_interviews("ada", 2)
    await world.has_interviews("bob", 3)
    await world.has_interviews("cleo", 1, at=TEN + 30 * DAY)

    assert await world.claim(claim_time(seat(pool="backend"))) == {1: "cleo"}


async def test_load_is_measured_by_what_people_want_to_do() -> None:
    world = World(
        somebody("many", pools=BACKEND, target=8),
        somebody("usual", pools=BACKEND),
        somebody("none", pools=BACKEND, target=0),
    )
    await world.has_interviews("many", 5)
    await world.has_interviews("usual", 2)

    orders = (claim_time(seat(pool="backend"), interview=f"r{n}", start=TEN) for n in range(3))

    assert [await world.claim(order) for order in orders] == [{1: "many"}, {1: "usual"}, {1: "none"}]


async def test_what_is_longer_ago_than_four_weeks_is_forgotten() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    await world.has_interviews("ada", 5, at=NOW - 29 * DAY)
    await world.has_interviews("bob", 1, at=NOW - 27 * DAY)

    assert await world.claim(claim_time(seat(pool="backend"))) == {1: "ada"}


async def test_equals_draw_lots_that_fall_alike_on_every_attempt_and_differ_between_interviews() -> None:
    names = ("ada", "bob", "cleo", "dora")

    async def winner(interview: str) -> str:
        world = World(*(somebody(one, pools=BACKEND) for one in names))
        return (await world.claim(claim_time(seat(pool="backend"), interview=interview)))[1]

    first = [await winner(f"r{n}") for n in range(40)]

    assert first == [await winner(f"r{n}") for n in range(40)]
    assert set(first) == set(names)
    assert max(Counter(first).values()) < 20


async def test_work_is_shared_out_evenly() -> None:
    names = [f"p{n}" for n in range(5)]
    world = World(*(somebody(one, pools=BACKEND) for one in names))

    seated = [
        await world.claim(claim_time(seat(pool="backend"), interview=f"r{n}", start=TEN + n * DAY)) for n in range(4)
    ]
    seated += [
        await world.claim(claim_time(seat(pool="backend"), interview=f"s{n}", start=TEN + (n + 7) * DAY))
        for n in range(5)
    ]

    assert sorted(Counter(one[1] for one in seated).values()) == [1, 2, 2, 2, 2]


async def test_of_a_pool_only_those_are_seated_who_work_then_and_are_free_and_not_overloaded() -> None:
    world = World(
        somebody("off", pools=BACKEND, hours=MORNING),
        somebody("claimed", pools=BACKEND, target=100),
        somebody("laden", pools=BACKEND, target=100),
        somebody("busy", pools=BACKEND, target=100),
        somebody("unread", pools=BACKEND, target=100),
        somebody("excluded", pools=BACKEND, target=100),
        somebody("other", target=100),
        somebody("free", pools=BACKEND, target=1),
    )
    await world.has_interviews("claimed", at=TEN)
    await world.has_interviews("laden", 2, at=TEN + 3 * HOUR)
    await world.has_interviews("free", at=TEN + DAY)
    world.has_an_appointment("busy")
    world.calendar.shut = {"unread"}

    assert await world.claim(claim_time(seat(pool="backend"), load_a_day=120, excluded=("excluded",))) == {1: "free"}
    assert await world.held() == {"free"}


async def test_nobody_fills_two_seats_and_those_who_are_named_fill_their_own() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND), somebody("cleo", pools=BACKEND))

    found = await world.claim(claim_time(seat(pool="backend"), "ada", seat(pool="backend")))

    assert found[2] == "ada"
    assert {found[1], found[3]} == {"bob", "cleo"}
    assert await world.taken(claim_time("ada", *[seat(pool="backend")] * 3, interview="s9", start=TEN + DAY)) == (
        "nobody",
        (),
    )


async def test_pools_that_overlap_are_filled_where_a_plain_choice_would_leave_a_seat_empty() -> None:
    world = World(somebody("ada", pools=BOTH, target=9), somebody("bob", pools=BACKEND), somebody("cleo", pools=BOTH))
    await world.has_interviews("bob", 2)
    await world.has_interviews("cleo", 1, at=TEN)

    found = await world.claim(claim_time(seat(pool="backend"), seat(pool="databases")))

    assert found == {1: "bob", 2: "ada"}, "ada has the least to do, and is the only one for the other seat"


async def test_who_sits_there_now_is_preferred_and_the_pool_stands_in() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    await world.has_interviews("ada", 3)
    order = claim_time(seat("ada", "backend"))

    assert await world.claim(order) == {1: "ada"}
    world.has_an_appointment("ada", TEN + DAY)
    assert await world.claim(claim_time(seat("ada", "backend"), claim="r7/claim/2.0", start=TEN + DAY)) == {1: "bob"}


async def test_who_sits_there_now_but_is_off_gives_way_to_the_pool_and_is_asked_where_nobody_else_can() -> None:
    world = World(somebody("ada", pools=BACKEND, hours=MORNING), somebody("bob", pools=BACKEND))

    assert await world.claim(claim_time(seat("ada", "backend"))) == {1: "bob"}
    assert await world.claim(claim_time(seat("ada", "backend"), interview="s9")) == {1: "ada"}


async def test_only_the_calendars_of_those_who_are_chosen_are_looked_at() -> None:
    world = World(*(somebody(f"p{n}", pools=BACKEND) for n in range(30)))

    found = await world.claim(claim_time(seat(pool="backend")))

    assert world.calendar.asked == [found[1]]


async def test_of_a_pool_in_which_most_are_busy_the_free_one_is_found() -> None:
    world = World(*(somebody(f"p{n}", pools=BACKEND) for n in range(60)))
    for n in range(60):
        if n != 23:
            world.has_an_appointment(f"p{n}")

    assert await world.claim(claim_time(seat(pool="backend"))) == {1: "p23"}
    assert await world.held() == {"p23"}


async def test_a_pool_with_nobody_left_is_nobodys_fault() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    world.has_an_appointment("ada")
    await world.has_interviews("bob", at=TEN)

    assert await world.taken(claim_time(seat(pool="backend"))) == ("nobody", ())
    assert await world.held() == set()


# --- load ------------------------------------------------------------------------------------------------------------


async def test_more_than_the_limit_is_refused_unless_a_coordinator_wants_it_all_the_same() -> None:
    world = World(somebody("ada"), somebody("bob"))
    await world.has_interviews("ada", 2, at=TEN + 3 * HOUR)

    assert await world.taken(claim_time("ada", "bob", load_a_day=159)) == ("load", ("ada",))
    assert await world.claim(claim_time("ada", "bob", load_a_day=160)) == {1: "ada", 2: "bob"}
    assert await world.claim(
        claim_time("ada", "bob", interview="s9", start=TEN + 90 * MINUTE, load_a_day=60, overload=True)
    )


async def test_a_week_of_load_runs_from_monday_in_the_persons_own_zone() -> None:
    world = World(somebody("ada", zone="Pacific/Auckland"))
    await world.has_interviews("ada", 3, at=datetime(2026, 11, 29, 10, tzinfo=UTC))  # Sunday, 23:00 until Monday, 02:00
    monday_there = datetime(2026, 11, 29, 20, tzinfo=UTC)

    assert await world.taken(claim_time("ada", start=monday_there, load_a_week=200)) == ("load", ("ada",))
    assert await world.claim(claim_time("ada", start=monday_there + 7 * DAY, load_a_week=200)) == {1: "ada"}


async def test_two_claims_that_are_too_much_together_never_both_stand() -> None:
    class Slow(MemoryLedger):
        """Lets others have a turn before and after each claim."""

        async def claim(self, **wanted: object) -> frozenset[PersonId]:
            await asyncio.sleep(0)
            refused = await super().claim(**wanted)  # type: ignore[arg-type]  # likewise
            await asyncio.sleep(0)
            return refused

    world = World(somebody("ada"))
    activities = ClaimingActivities(Slow(), world.calendar, world.directory)
    one = claim_time("ada", interview="r1", start=TEN, load_a_day=60)
    other = claim_time("ada", interview="r2", start=TEN + 2 * HOUR, load_a_day=60)

    answers = await asyncio.gather(activities.claim_time(one), activities.claim_time(other))

    assert sum(isinstance(answer, TimeClaimed) for answer in answers) < 2
    assert all(answer.by == "load" for answer in answers if isinstance(answer, TimeTaken))


async def test_a_pool_gives_way_to_load_that_came_in_between() -> None:
    class Busier(MemoryLedger):
        """Somebody else claims an hour of whoever is claimed, right after the first claim."""

        done = False

        async def claim(self, **wanted: object) -> frozenset[PersonId]:
            refused = await super().claim(**wanted)  # type: ignore[arg-type]  # likewise
            if not self.done:
                self.done = True
                later = {"key": "s8/claim/1.0", "interview": "s8", "start": TEN + 3 * HOUR, "end": TEN + 4 * HOUR}
                await super().claim(**wanted | later)  # type: ignore[arg-type]  # likewise
            return refused

    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    world.ledger = Busier()
    world.activities = ClaimingActivities(world.ledger, world.calendar, world.directory)

    found = await world.claim(claim_time(seat(pool="backend"), load_a_day=60))

    assert await world.held() == {found[1]}
    assert {found[1]}.isdisjoint(await world.held("s8/claim/1.0"))


# --- repetition, holds, trouble --------------------------------------------------------------------------------------


def _panel(interview: str = "r7", **changes: object) -> ClaimTime:
    wanted = (seat(pool="backend"), seat("ada", "backend"), seat(pool="databases"), seat("bob", counts=False))
    return claim_time(*wanted, interview=interview).model_copy(update=changes)


def _people() -> Sequence[PersonEntry]:
    return (
        somebody("ada", pools=BACKEND),
        somebody("bob"),
        *(somebody(f"b{n}", pools=BACKEND) for n in range(4)),
        *(somebody(f"d{n}", pools=BOTH) for n in range(4)),
    )


async def test_a_second_attempt_after_a_lost_answer_seats_the_same_people_in_the_same_seats() -> None:
    for n in range(20):
        world = World(*_people())
        order = _panel(interview=f"r{n}")
        first = await world.activities.claim_time(order)
        assert isinstance(first, TimeClaimed)
        await world.calendar.ensure("ada", event_of(f"r{n}"), f"r{n}", None)
        for one in first.seated:  # what decided then decides no more
            await world.has_interviews(one.person, 3, at=TEN + 3 * DAY)

        assert await world.activities.claim_time(order) == first
        assert [one.seat for one in first.seated] == [1, 2, 3, 4]
        assert (first.seated[1].person, first.seated[3].person) == ("ada", "bob")


async def test_a_hold_is_confirmed_with_the_same_people_even_where_they_are_busy_by_now() -> None:
    world = World(*_people())
    order = _panel(hold_until=NOW + DAY)
    before = await world.claim(order)
    for person in before.values():
        world.has_an_appointment(person)

    after = await world.claim(order.model_copy(update={"hold_until": None, "key": "r7/claim/1.1"}))

    assert after == before
    assert {one.hold_until for one in await world.ledger.held("r7/claim/1.0")} == {None}


async def test_a_hold_is_prolonged() -> None:
    world = World(*_people())
    order = _panel(hold_until=NOW + DAY)
    before = await world.claim(order)

    assert await world.claim(order.model_copy(update={"hold_until": NOW + 2 * DAY})) == before
    assert {one.hold_until for one in await world.ledger.held("r7/claim/1.0")} == {NOW + 2 * DAY}


async def test_of_a_hold_that_ran_out_whoever_is_taken_by_now_is_replaced() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    order = claim_time(seat(pool="backend"), hold_until=NOW + DAY)
    first = await world.claim(order)
    later = NOW + 2 * DAY
    await world.claim(claim_time(first[1], interview="s9", now=later))

    after = await world.claim(order.model_copy(update={"hold_until": None, "now": later}))

    assert {first[1], after[1]} == {"ada", "bob"}


async def test_whoever_must_not_be_seated_any_more_is_replaced_in_the_claim() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    order = claim_time(seat(pool="backend"))
    first = await world.claim(order)

    second = await world.claim(order.model_copy(update={"excluded": (first[1],)}))

    assert {first[1], second[1]} == {"ada", "bob"}
    assert await world.held() == {second[1]}


async def test_the_same_claim_at_another_time_moves() -> None:
    world = World(somebody("ada"))
    await world.claim(claim_time("ada"))
    await world.claim(claim_time("ada", start=TEN + DAY))

    assert {one.start for one in await world.ledger.held("r7/claim/1.0")} == {TEN + DAY - 10 * MINUTE}


async def test_a_calendar_that_is_down_is_trouble_and_the_claim_waits_for_the_next_attempt() -> None:
    world = World(somebody("ada"), somebody("bob"))
    world.calendar.down = True
    with pytest.raises(ApplicationError, match="calendar of"):
        await world.activities.claim_time(claim_time("ada", "bob"))
    assert await world.held() == {"ada", "bob"}

    world.calendar.down = False

    assert await world.claim(claim_time("ada", "bob")) == {1: "ada", 2: "bob"}


async def test_the_next_attempt_looks_at_the_calendars_that_could_not_be_read() -> None:
    world = World(somebody("ada"), somebody("bob"))
    world.calendar.shut = {"ada"}
    with pytest.raises(ApplicationError):
        await world.activities.claim_time(claim_time("ada", "bob"))
    world.calendar.shut = set()
    world.has_an_appointment("bob")

    assert await world.taken(claim_time("ada", "bob")) == ("calendar", ("bob",))


async def test_a_pool_of_whom_nobody_can_be_read_is_trouble_and_keeps_the_key() -> None:
    world = World(somebody("ada", pools=BACKEND), somebody("bob", pools=BACKEND))
    world.calendar.shut = {"ada", "bob"}
    order = claim_time(seat(pool="backend"))
    with pytest.raises(ApplicationError, match="calendar of") as trouble:
        await world.activities.claim_time(order)
    assert trouble.value.type == "CalendarUnavailable"

    world.calendar.shut = {"ada"}

    assert await world.claim(order) == {1: "bob"}
    assert await world.held() == {"bob"}


async def test_released_time_can_be_claimed_by_another_interview() -> None:
    world = World(somebody("ada"))
    await world.claim(claim_time("ada"))

    assert await world.activities.release_time(release_time()) == TimeReleased(key="r7/release/1.0")
    assert await world.activities.release_time(release_time()) == TimeReleased(key="r7/release/1.0")
    assert await world.claim(claim_time("ada", interview="s8")) == {1: "ada"}


async def test_a_claim_that_comes_after_its_release_takes_nothing() -> None:
    world = World(*_people())
    await world.activities.release_time(release_time())

    assert await world.taken(_panel()) == ("interview", ())
    assert await world.held() == set()


async def test_many_claims_of_one_pool_at_once_book_nobody_twice() -> None:
    world = World(*(somebody(f"p{n}", pools=BACKEND) for n in range(5)))
    orders = [claim_time(seat(pool="backend"), interview=f"r{n}") for n in range(12)]

    answers = await asyncio.gather(*(world.activities.claim_time(order) for order in orders))

    seated = [one.person for answer in answers if isinstance(answer, TimeClaimed) for one in answer.seated]
    assert sorted(seated) == [f"p{n}" for n in range(5)]


@pytest.mark.parametrize(
    "answer", [TimeClaimed(key="k"), TimeTaken(key="k", by="interview"), TimeTaken(key="k", by="load", people=("ada",))]
)
async def test_temporal_reads_the_answer_back_as_what_it_was(answer: TimeClaimed | TimeTaken) -> None:
    payloads = await pydantic_data_converter.encode([answer])

    hint = ClaimingActivities.claim_time.__annotations__["return"]
    (read,) = await pydantic_data_converter.decode(payloads, [hint])

    assert read == answer
    assert type(read) is type(answer)
