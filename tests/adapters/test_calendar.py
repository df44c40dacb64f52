"""The contract of calendars, held against every implementation: in memory, and CalDAV on a real server."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError

from activities.calendar import Busy, CalendarActivities, CalendarUnavailable, OurEvent
from adapters.memory.calendar import MemoryCalendar, MemoryWatchers
from entrevue.orders import EventWritten, RemoveEvent, WriteEvent
from entrevue.values import PersonId
from tests.adapters.grace import GRACE, HOUR, NINE, Person, event

# --- writing ---------------------------------------------------------------------------------------------------------


async def test_an_event_is_created_and_read_back(grace: Person) -> None:
    ensured = await grace.calendar.ensure(GRACE, event(summary='Interview: "Ada", backend; part 1'), "r7", None)

    assert ensured.outcome == "created"
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert (state.start, state.end, state.sequence) == (NINE, NINE + HOUR, 0)
    assert (state.summary, state.cancelled) == ('Interview: "Ada", backend; part 1', False)
    assert state.etag == ensured.etag


async def test_a_repetition_changes_nothing(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    again = await grace.calendar.ensure(GRACE, event(), "r7", None)
    knowing = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)

    assert (again.outcome, knowing.outcome) == ("already_there", "already_there")
    assert first.etag == again.etag == knowing.etag


async def test_a_later_stamp_alone_makes_no_other_version(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    restamped = event().model_copy(update={"stamp": NINE})

    assert (await grace.calendar.ensure(GRACE, restamped, "r7", first.etag)).outcome == "already_there"


async def test_thirty_at_once_make_one_event(grace: Person) -> None:
    answers = await asyncio.gather(*(grace.calendar.ensure(GRACE, event(), "r7", None) for _ in range(30)))

    assert Counter(answer.outcome for answer in answers) == {"created": 1, "already_there": 29}
    assert len({answer.etag for answer in answers}) == 1


async def test_a_later_version_replaces_an_earlier_one(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

    assert later.outcome == "updated"
    assert later.etag != first.etag
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert (state.start, state.sequence) == (NINE + HOUR, 1)


async def test_an_update_whose_answer_was_lost_is_recognised(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    lost = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)
    again = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

    assert again.outcome == "already_there"
    assert again.etag == lost.etag


async def test_a_late_repetition_of_an_old_version_does_not_win(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

    late = await grace.calendar.ensure(GRACE, event(), "r7", None)

    assert late.outcome == "superseded"
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert state.start == NINE + HOUR


async def test_the_same_version_with_other_content_is_our_own_change_of_mind(grace: Person) -> None:
    """A reset of the workflow may choose another slot under the same sequence: the event follows."""
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    other = await grace.calendar.ensure(GRACE, event(NINE + HOUR), "r7", first.etag)

    assert other.outcome == "updated"
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert state.start == NINE + HOUR


async def test_two_uids_are_two_events(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(uid="r7.p1"), "r7", None)
    other = await grace.calendar.ensure(GRACE, event(NINE + HOUR, uid="r7.p2"), "r7", None)

    assert other.outcome == "created"
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert state.start == NINE


# --- what people do to our events ------------------------------------------------------------------------------------


async def test_an_event_that_a_person_moved_stays_where_they_put_it(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.moves("r7.p1", NINE + 3 * HOUR)

    again = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)
    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)
    forgetful = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", None)

    assert {again.outcome, later.outcome, forgetful.outcome} == {"edited_by_person"}
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert (state.start, state.end) == (NINE + 3 * HOUR, NINE + 4 * HOUR)
    assert state.sequence == 0
    assert state.etag == again.etag != first.etag


async def test_who_knows_of_the_edit_may_overwrite_it(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.moves("r7.p1", NINE + 3 * HOUR)
    edited = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)

    decided = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", edited.etag)

    assert decided.outcome == "updated"
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert (state.start, state.sequence) == (NINE + HOUR, 1)


async def test_an_event_that_a_person_cancelled_stays_cancelled(cancelling: Person) -> None:
    first = await cancelling.calendar.ensure(GRACE, event(), "r7", None)
    await cancelling.cancels("r7.p1")

    again = await cancelling.calendar.ensure(GRACE, event(), "r7", first.etag)

    assert again.outcome == "edited_by_person"
    state = await cancelling.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert state.cancelled


async def test_a_new_title_is_no_edit_and_gives_way_to_the_next_version(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.renames("r7.p1", "Ada!")

    again = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)
    kept = await grace.calendar.read(GRACE, "r7.p1")
    later = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)
    replaced = await grace.calendar.read(GRACE, "r7.p1")

    assert (again.outcome, later.outcome) == ("already_there", "updated")
    assert kept is not None
    assert kept.summary == "Ada!"
    assert replaced is not None
    assert (replaced.summary, replaced.start) == ("Interview", NINE + HOUR)


async def test_an_event_that_a_person_deleted_is_not_put_back(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.deletes("r7.p1")

    ensured = await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1), "r7", first.etag)

    assert ensured.outcome == "gone"
    assert await grace.calendar.read(GRACE, "r7.p1") is None


async def test_what_a_person_deleted_can_be_booked_anew_as_another_event(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.deletes("r7.p1")
    anew = await grace.calendar.ensure(GRACE, event(uid="r7.p2", sequence=1), "r7", None)

    late = await grace.calendar.ensure(GRACE, event(), "r7", first.etag)

    assert (anew.outcome, late.outcome) == ("created", "gone")
    ours = await grace.calendar.ours(GRACE, NINE, NINE + HOUR)
    assert [one.uid for one in ours] == ["r7.p2"]


# --- what is ours ----------------------------------------------------------------------------------------------------


async def test_our_events_are_told_from_others_whatever_the_interview(grace: Person) -> None:
    await grace.adds(NINE, NINE + HOUR)
    await grace.calendar.ensure(GRACE, event(NINE + 2 * HOUR, uid="r8.p1", sequence=3), "r8", None)
    await grace.calendar.ensure(GRACE, event(), "r7", None)

    ours = await grace.calendar.ours(GRACE, NINE - HOUR, NINE + 9 * HOUR)

    assert ours == (
        OurEvent(uid="r7.p1", interview="r7", sequence=0, start=NINE),
        OurEvent(uid="r8.p1", interview="r8", sequence=3, start=NINE + 2 * HOUR),
    )


async def test_our_events_are_given_by_their_start(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    minute = timedelta(minutes=1)

    assert await grace.calendar.ours(GRACE, NINE, NINE + minute)
    assert await grace.calendar.ours(GRACE, NINE + minute, NINE + HOUR) == ()
    assert await grace.calendar.ours(GRACE, NINE - HOUR, NINE) == ()


async def test_an_event_of_ours_stays_ours_whatever_a_person_does_to_it(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(sequence=2), "r7", None)
    await grace.moves("r7.p1", NINE + 3 * HOUR)
    await grace.renames("r7.p1", "Ada!")

    (moved,) = await grace.calendar.ours(GRACE, NINE, NINE + 9 * HOUR)
    await grace.deletes("r7.p1")

    assert moved == OurEvent(uid="r7.p1", interview="r7", sequence=2, start=NINE + 3 * HOUR)
    assert await grace.calendar.ours(GRACE, NINE, NINE + 9 * HOUR) == ()


async def test_an_event_of_ours_that_a_person_cancelled_is_ours(cancelling: Person) -> None:
    await cancelling.calendar.ensure(GRACE, event(sequence=2), "r7", None)
    await cancelling.cancels("r7.p1")

    ours = await cancelling.calendar.ours(GRACE, NINE, NINE + HOUR)

    assert ours == (OurEvent(uid="r7.p1", interview="r7", sequence=2, start=NINE),)


async def test_an_event_of_ours_is_removed_by_what_is_told_of_it(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(sequence=2), "r7", None)
    (ours,) = await grace.calendar.ours(GRACE, NINE, NINE + HOUR)

    assert (await grace.calendar.remove(GRACE, ours.uid, ours.sequence, None)).outcome == "removed"
    assert await grace.calendar.ours(GRACE, NINE, NINE + HOUR) == ()


# --- removing --------------------------------------------------------------------------------------------------------


async def test_an_event_is_removed_once_and_gone_ever_after(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)

    removed = await grace.calendar.remove(GRACE, "r7.p1", 1, first.etag)
    again = await grace.calendar.remove(GRACE, "r7.p1", 1, first.etag)

    assert (removed.outcome, again.outcome) == ("removed", "already_gone")
    assert await grace.calendar.read(GRACE, "r7.p1") is None


async def test_what_was_never_written_is_gone(grace: Person) -> None:
    assert (await grace.calendar.remove(GRACE, "r7.p1", 0, None)).outcome == "already_gone"


async def test_an_event_is_removed_without_its_etag_too(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)

    assert (await grace.calendar.remove(GRACE, "r7.p1", 0, None)).outcome == "removed"


async def test_a_new_title_does_not_keep_an_event(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.renames("r7.p1", "Ada!")

    assert (await grace.calendar.remove(GRACE, "r7.p1", 1, first.etag)).outcome == "removed"
    assert await grace.calendar.read(GRACE, "r7.p1") is None


async def test_an_event_that_a_person_moved_is_not_removed(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.moves("r7.p1", NINE + 3 * HOUR)

    removed = await grace.calendar.remove(GRACE, "r7.p1", 1, first.etag)
    forgetful = await grace.calendar.remove(GRACE, "r7.p1", 1, None)

    assert {removed.outcome, forgetful.outcome} == {"edited_by_person"}
    moved = await grace.calendar.read(GRACE, "r7.p1")
    assert moved is not None
    assert (await grace.calendar.remove(GRACE, "r7.p1", 1, moved.etag)).outcome == "removed"


async def test_an_event_that_a_person_cancelled_is_removed(cancelling: Person) -> None:
    first = await cancelling.calendar.ensure(GRACE, event(), "r7", None)
    await cancelling.cancels("r7.p1")

    assert (await cancelling.calendar.remove(GRACE, "r7.p1", 1, first.etag)).outcome == "removed"


async def test_a_late_repetition_of_a_removal_leaves_a_later_version_alone(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.calendar.remove(GRACE, "r7.p1", 1, first.etag)
    await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=2), "r7", None)

    late = await grace.calendar.remove(GRACE, "r7.p1", 1, first.etag)

    assert late.outcome == "already_gone"
    state = await grace.calendar.read(GRACE, "r7.p1")
    assert state is not None
    assert state.sequence == 2


# --- busy times ------------------------------------------------------------------------------------------------------


async def test_busy_times_are_those_that_overlap_the_window(grace: Person) -> None:
    await grace.adds(NINE - 2 * HOUR, NINE)  # ends as the window starts
    await grace.adds(NINE - HOUR, NINE + timedelta(minutes=1))
    await grace.adds(NINE + HOUR, NINE + 2 * HOUR, tentative=True)
    await grace.adds(NINE + 3 * HOUR, NINE + 9 * HOUR)
    await grace.adds(NINE + 4 * HOUR, NINE + 5 * HOUR)  # starts as the window ends

    assert await grace.calendar.busy(GRACE, NINE, NINE + 4 * HOUR) == (
        Busy(start=NINE - HOUR, end=NINE + timedelta(minutes=1)),
        Busy(start=NINE + HOUR, end=NINE + 2 * HOUR, tentative=True),
        Busy(start=NINE + 3 * HOUR, end=NINE + 9 * HOUR),
    )


async def test_an_empty_calendar_is_free(grace: Person) -> None:
    assert await grace.calendar.busy(GRACE, NINE, NINE + HOUR) == ()


async def test_our_own_events_say_which_interview_they_are_for(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(), "r7", None)
    await grace.calendar.ensure(GRACE, event(NINE + HOUR, uid="s8.p1"), "s8", None)

    assert await grace.calendar.busy(GRACE, NINE, NINE + 4 * HOUR) == (
        Busy(start=NINE, end=NINE + HOUR, interview="r7"),
        Busy(start=NINE + HOUR, end=NINE + 2 * HOUR, interview="s8"),
    )


async def test_a_cancelled_event_takes_no_time(grace: Person) -> None:
    first = await grace.calendar.ensure(GRACE, event(), "r7", None)
    cancelled = await grace.calendar.ensure(GRACE, event(sequence=1, cancelled=True), "r7", first.etag)

    assert cancelled.outcome == "updated"
    assert await grace.calendar.busy(GRACE, NINE, NINE + HOUR) == ()
    again = await grace.calendar.ensure(GRACE, event(sequence=1, cancelled=True), "r7", cancelled.etag)
    assert again.outcome == "already_there"


# --- the activities --------------------------------------------------------------------------------------------------


async def test_the_activities_answer_their_orders(grace: Person) -> None:
    activities = CalendarActivities(grace.calendar, MemoryWatchers())
    written = await activities.write_event(write())
    removed = await activities.remove_event(take_out(written))

    assert (written.key, written.who, written.uid, written.sequence) == ("r7/calendar/i1/0.0", "i1", "r7.p1", 0)
    assert written.outcome == "created"
    assert (removed.key, removed.outcome) == ("r7/calendar/i1/1.0", "removed")


async def test_a_removal_that_comes_late_leaves_a_later_version_and_its_watcher_alone() -> None:
    calendar, watchers = MemoryCalendar(), MemoryWatchers()
    activities = CalendarActivities(calendar, watchers)
    first = await activities.write_event(write())
    await activities.write_event(write(2, first.etag))

    late = await activities.remove_event(take_out(first))

    assert late.outcome == "already_gone"
    assert [one.sequence for one in watchers.watched.values()] == [2]


async def test_what_its_owner_moved_is_taken_out_too_when_nothing_takes_place_any_more(grace: Person) -> None:
    activities = CalendarActivities(grace.calendar, MemoryWatchers())
    written = await activities.write_event(write())
    await grace.moves("r7.p1", NINE + 3 * HOUR)

    removed = await activities.remove_event(take_out(written))

    assert removed.outcome == "removed"
    assert await grace.calendar.read(GRACE, "r7.p1") is None


def take_out(written: EventWritten) -> RemoveEvent:
    return RemoveEvent(
        key="r7/calendar/i1/1.0",
        lane="r7.p1/i1",
        interview="r7",
        now=NINE,
        who="i1",
        person=GRACE,
        uid="r7.p1",
        sequence=1,
        etag=written.etag,
    )


def write(sequence: int = 0, etag: str | None = None, *, cancelled: bool = False) -> WriteEvent:
    return WriteEvent(
        key=f"r7/calendar/i1/{sequence}.0",
        lane="r7.p1/i1",
        interview="r7",
        now=NINE,
        who="i1",
        person=GRACE,
        event=event(sequence=sequence, cancelled=cancelled),
        etag=etag,
    )


@pytest.mark.parametrize("tentative", [False, True], ids=["firm", "maybe"])
async def test_what_was_entered_meanwhile_is_seen_after_the_write(grace: Person, *, tentative: bool) -> None:
    activities = CalendarActivities(grace.calendar, MemoryWatchers())
    before = await activities.write_event(write())
    await grace.adds(NINE + HOUR / 2, NINE + 2 * HOUR, tentative=tentative)

    again = await activities.write_event(write())
    updated = await activities.write_event(write(1, again.etag))

    assert [(one.outcome, one.overlapped) for one in (before, again, updated)] == [
        ("created", False),
        ("already_there", True),
        ("updated", True),
    ]


async def test_neither_neighbours_nor_interviews_overlap(grace: Person) -> None:
    await grace.adds(NINE - HOUR, NINE)
    await grace.adds(NINE + HOUR, NINE + 2 * HOUR)
    await grace.calendar.ensure(GRACE, event(uid="s8.p1"), "s8", None)

    written = await CalendarActivities(grace.calendar, MemoryWatchers()).write_event(write())

    assert (written.outcome, written.overlapped) == ("created", False)


async def test_an_event_that_does_not_stand_overlaps_nothing(grace: Person) -> None:
    activities = CalendarActivities(grace.calendar, MemoryWatchers())
    first = await activities.write_event(write())
    await grace.adds(NINE, NINE + HOUR)

    cancelled = await activities.write_event(write(1, first.etag, cancelled=True))
    late = await activities.write_event(write(0, first.etag))
    await grace.deletes("r7.p1")
    gone = await activities.write_event(write(2, cancelled.etag))

    assert [(one.outcome, one.overlapped) for one in (cancelled, late, gone)] == [
        ("updated", False),
        ("superseded", False),
        ("gone", False),
    ]


class _BreaksAfterTheWrite(MemoryCalendar):
    broken = True

    async def busy(self, person: PersonId, start: datetime, end: datetime) -> tuple[Busy, ...]:
        if self.broken:
            raise CalendarUnavailable(person, "ReadTimeout")
        return await super().busy(person, start, end)


async def test_a_look_that_fails_after_the_write_is_trouble_and_the_next_attempt_looks_again() -> None:
    calendar = _BreaksAfterTheWrite()
    calendar.add_busy(GRACE, Busy(start=NINE, end=NINE + HOUR))
    with pytest.raises(ApplicationError, match="ReadTimeout"):
        await CalendarActivities(calendar, MemoryWatchers()).write_event(write())
    calendar.broken = False

    written = await CalendarActivities(calendar, MemoryWatchers()).write_event(write())

    assert (written.outcome, written.overlapped) == ("already_there", True)


async def test_a_calendar_that_is_down_is_trouble_for_temporal_to_retry() -> None:
    calendar = MemoryCalendar()
    calendar.down = True
    order = WriteEvent(key="k", lane="l", interview="r7", now=NINE, who="i1", person=GRACE, event=event())

    with pytest.raises(ApplicationError) as trouble:
        await CalendarActivities(calendar, MemoryWatchers()).write_event(order)
    calendar.down = False

    assert trouble.value.type == "CalendarUnavailable"
    assert not trouble.value.non_retryable
    assert (await CalendarActivities(calendar, MemoryWatchers()).write_event(order)).outcome == "created"
