"""What people do to our events in their own calendars becomes a fact: soon, once, and only if they have done it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from activities.calendar import Busy
from activities.watching import News
from entrevue.answers import Heard, RsvpReceived
from entrevue.drift import CalendarEventChanged, CalendarEventDeleted
from tests.workflows.desk import IN_FIVE_DAYS, UID, Desk

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
A_QUARTER = timedelta(minutes=15)
"""So soon both sides shall know."""


@pytest.fixture(name="desk")
def _desk() -> Desk:
    return Desk()


# --- what people do --------------------------------------------------------------------------------------------------


async def test_a_move_is_told_once_within_a_quarter_of_an_hour(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    start = desk.now + timedelta(days=5, hours=2)
    desk.calendar.move(desk.person, UID, start)
    await desk.forward(A_QUARTER)
    told = desk.told()
    await desk.forward(HOUR)

    assert told == desk.told() == ["calendar_event_changed"]
    state = await desk.calendar.read(desk.person, UID)
    assert state is not None
    fact = CalendarEventChanged.model_validate(desk.fact())
    assert (fact.start, fact.end, fact.etag, fact.cancelled) == (start, start + HOUR, state.etag, False)
    assert (fact.whom, fact.uid, fact.sequence) == ("i1", UID, 0)


async def test_who_drags_an_event_thrice_is_taken_at_their_last_word(desk: Desk) -> None:
    await desk.write(look_at=(5 * MINUTE,))
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.forward(6 * MINUTE)
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=7))
    await desk.forward(MINUTE)
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=8))
    await desk.forward(A_QUARTER)

    assert CalendarEventChanged.model_validate(desk.fact()).start == desk.now + timedelta(days=8)


async def test_who_goes_on_dragging_is_told_of_all_the_same_within_a_quarter_of_an_hour(desk: Desk) -> None:
    await desk.write()
    for minute in range(15):
        desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6, minutes=minute))
        await desk.forward(MINUTE)

    assert "calendar_event_changed" in desk.told()


async def test_a_move_that_is_taken_back_at_once_is_no_news(desk: Desk) -> None:
    await desk.write(look_at=(5 * MINUTE,))
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.forward(6 * MINUTE)
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=5))
    await desk.forward(HOUR)

    assert desk.told() == []


async def test_who_puts_the_event_back_later_is_heard_too(desk: Desk) -> None:
    await desk.write()
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.forward(A_QUARTER)
    desk.calendar.move(desk.person, UID, desk.now + IN_FIVE_DAYS)
    await desk.forward(A_QUARTER)

    starts = [CalendarEventChanged.model_validate(fact).start for _, _, fact in desk.interviews.heard]
    assert starts == [desk.now + timedelta(days=6), desk.now + IN_FIVE_DAYS]


async def test_the_same_drag_is_news_again_after_the_booked_time_was_put_back(desk: Desk) -> None:
    await desk.write()
    for _ in range(2):
        desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
        await desk.forward(A_QUARTER)
        await desk.write()
        await desk.look()

    assert desk.told() == ["calendar_event_changed", "calendar_event_changed"]
    assert len({fact["source_id"] for _, _, fact in desk.interviews.heard}) == 2


async def test_other_changes_are_nobodys_business(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.rename(desk.person, UID, "bring coffee")
    await desk.forward(HOUR)

    assert desk.told() == []


async def test_a_deleted_event_is_told_once(desk: Desk) -> None:
    await desk.write()
    desk.calendar.delete(desk.person, UID)
    await desk.forward(A_QUARTER + HOUR)

    assert desk.told() == ["calendar_event_deleted"]
    assert CalendarEventDeleted.model_validate(desk.fact()).emptied is False


async def test_an_event_cancelled_in_desk_is_told_as_cancelled(desk: Desk) -> None:
    await desk.write()
    desk.calendar.cancel(desk.person, UID)
    await desk.forward(A_QUARTER)

    assert CalendarEventChanged.model_validate(desk.fact()).cancelled is True


@pytest.mark.parametrize("answer", ["accepted", "tentative", "declined"])
async def test_an_answer_in_the_calendar_is_told_as_its_owners(desk: Desk, answer: Heard) -> None:
    await desk.write(sequence=3)
    await desk.look()
    desk.calendar.answer(desk.person, UID, answer)
    await desk.forward(A_QUARTER + HOUR)

    fact = RsvpReceived.model_validate(desk.fact())
    assert (fact.answer, fact.whom, fact.sequence, fact.via, fact.verified) == (answer, "i1", 3, "calendar", True)


async def test_of_answers_from_two_devices_the_last_is_told(desk: Desk) -> None:
    await desk.write(look_at=(5 * MINUTE,))
    desk.calendar.answer(desk.person, UID, "accepted")
    await desk.forward(6 * MINUTE)
    desk.calendar.answer(desk.person, UID, "declined")
    await desk.forward(A_QUARTER)

    assert RsvpReceived.model_validate(desk.fact()).answer == "declined"


async def test_an_answer_holds_as_long_as_its_time_and_is_asked_for_anew_with_another(desk: Desk) -> None:
    await desk.write()
    desk.calendar.answer(desk.person, UID, "accepted")
    await desk.forward(A_QUARTER)
    await desk.write(sequence=1)
    await desk.forward(A_QUARTER)
    at_the_same_time = len(desk.told())
    await desk.write(sequence=2, ahead=timedelta(days=6))
    await desk.forward(A_QUARTER)
    unanswered = len(desk.told())
    desk.calendar.answer(desk.person, UID, "accepted")
    await desk.forward(A_QUARTER)

    assert (at_the_same_time, unanswered, len(desk.told())) == (1, 1, 2)


async def test_what_comes_to_stand_beside_it_is_told_and_so_is_its_going(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    start = desk.now + timedelta(days=5)
    desk.calendar.add_busy(desk.person, Busy(start=start + HOUR, end=start + 2 * HOUR))
    await desk.forward(A_QUARTER)
    beside = desk.told()
    desk.calendar.add_busy(desk.person, Busy(start=start, end=start + HOUR, tentative=True))
    await desk.forward(A_QUARTER)
    desk.calendar.free(desk.person)
    await desk.forward(A_QUARTER)

    assert beside == []
    assert [fact["overlapped"] for _, _, fact in desk.interviews.heard] == [True, False]
    assert set(desk.told()) == {"calendar_overlap_seen"}


async def test_when_all_of_several_events_vanish_at_once_nobody_has_answered_anything(desk: Desk) -> None:
    for uid in (UID, "r8.p1", "r9.p1"):
        await desk.write(uid)
    await desk.look()
    for uid in (UID, "r8.p1", "r9.p1"):
        desk.calendar.delete(desk.person, uid)
    await desk.forward(A_QUARTER)

    assert desk.told() == ["calendar_event_deleted"] * 3
    assert {interview for interview, _, _ in desk.interviews.heard} == {"r7", "r8", "r9"}
    assert all(fact["emptied"] for _, _, fact in desk.interviews.heard)


async def test_some_of_several_events_that_are_deleted_were_deleted_on_purpose(desk: Desk) -> None:
    for uid in (UID, "r8.p1", "r9.p1"):
        await desk.write(uid)
    await desk.look()
    for uid in (UID, "r8.p1"):
        desk.calendar.delete(desk.person, uid)
    await desk.forward(A_QUARTER)

    assert [(interview, fact["emptied"]) for interview, _, fact in desk.interviews.heard] == [
        ("r7", False),
        ("r8", False),
    ]


async def test_two_of_a_panel_whose_calendars_say_the_same_at_the_same_second_are_two() -> None:
    grace, edsger = Desk("grace"), Desk("edsger")
    for desk, who in ((grace, "i1"), (edsger, "i2")):
        await desk.put()
        await desk.watch(desk.watched(look_at=(4 * MINUTE,)).model_copy(update={"who": who}))
        desk.calendar.answer(desk.person, UID, "accepted")
        await desk.forward(A_QUARTER)

    (one, other) = grace.fact(), edsger.fact()
    assert one["at"] == other["at"]
    assert one["source_id"] != other["source_id"]


async def test_when_a_calendar_was_replaced_by_another_nobody_has_answered_anything(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.delete(desk.person, UID)
    desk.calendar.forgetful = True
    await desk.forward(A_QUARTER)

    assert CalendarEventDeleted.model_validate(desk.fact()).emptied is True


# --- our own writes --------------------------------------------------------------------------------------------------


async def test_our_own_writes_are_never_mistaken_for_edits(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    await desk.write(sequence=1, ahead=timedelta(days=6))
    await desk.look()
    await desk.put(sequence=2, ahead=timedelta(days=7))  # it is not known to the watcher yet
    await desk.forward(HOUR)
    await desk.watch(desk.watched(sequence=2, ahead=timedelta(days=7)))
    await desk.forward(HOUR)
    await desk.unwatch("r7", sequence=3)
    await desk.calendar.remove(desk.person, UID, 3, None)
    await desk.write(sequence=4, ahead=timedelta(days=8))
    await desk.forward(HOUR)

    assert desk.told() == []


async def test_a_move_is_still_seen_where_our_own_later_write_was_refused_because_of_it(desk: Desk) -> None:
    await desk.write()
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.watch(desk.watched(sequence=1, ahead=timedelta(days=7)))
    await desk.forward(A_QUARTER)

    fact = CalendarEventChanged.model_validate(desk.fact())
    assert (fact.sequence, fact.start) == (1, desk.now + timedelta(days=6))


async def test_what_was_done_before_the_watcher_heard_of_an_event_is_seen_although_the_calendar_tells_of_no_change(
    desk: Desk,
) -> None:
    await desk.write("r8.p1")
    await desk.put()
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.look()  # the cursor is past it
    await desk.watch(desk.watched())
    await desk.forward(A_QUARTER)

    assert [interview for interview, _, _ in desk.interviews.heard] == ["r7"]


async def test_a_repeat_of_an_older_write_that_comes_late_changes_nothing(desk: Desk) -> None:
    await desk.write(sequence=1, ahead=timedelta(days=6))
    await desk.watch(desk.watched(sequence=0, ahead=timedelta(days=5)))
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=7))
    await desk.forward(A_QUARTER)

    assert CalendarEventChanged.model_validate(desk.fact()).sequence == 1


async def test_a_removal_that_comes_late_leaves_the_version_that_was_written_since_watched(desk: Desk) -> None:
    await desk.write()
    await desk.write(sequence=2, ahead=timedelta(days=6))
    await desk.unwatch("r7", sequence=1)
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=7))
    await desk.forward(A_QUARTER)
    told = desk.told()
    await desk.unwatch("r7", sequence=2)
    desk.calendar.delete(desk.person, UID)
    await desk.forward(A_QUARTER)

    assert told == desk.told() == ["calendar_event_changed"]


# --- when it looks, and what that costs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ahead", "looks"), [(timedelta(days=5), range(6, 8)), (timedelta(hours=40), range(20, 24))], ids=["far", "near"]
)
async def test_a_look_at_a_calendar_in_which_nothing_happens_is_one_request(
    desk: Desk, ahead: timedelta, looks: range
) -> None:
    await desk.write(ahead=ahead)
    await desk.look()
    desk.calendar.asked.clear()
    await desk.forward(HOUR)

    assert set(desk.calendar.asked) == {"changes"}
    assert len(desk.calendar.asked) in looks


async def test_a_change_elsewhere_in_the_calendar_costs_a_look_at_the_booked_time_and_no_more(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.asked.clear()
    start = desk.now + timedelta(days=2)
    desk.calendar.add_busy(desk.person, Busy(start=start, end=start + HOUR))
    await desk.forward(12 * MINUTE)

    assert desk.calendar.asked == ["changes", "busy"]


async def test_a_look_is_taken_just_before_each_reminder(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    await desk.write(sequence=1, look_at=(11 * MINUTE, 12 * MINUTE))
    await desk.forward(150 * timedelta(seconds=1))

    assert desk.calendar.asked.count("changes") == 2


# --- being told that something has changed ---------------------------------------------------------------------------


async def test_what_a_provider_tells_of_is_told_as_soon_as_a_second_look_confirms_it(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6))
    await desk.poke()
    await desk.forward(MINUTE)
    suspected = desk.told()
    await desk.forward(MINUTE)

    assert (suspected, desk.told()) == ([], ["calendar_event_changed"])


async def test_a_burst_of_what_is_told_is_one_look_soon_after_its_beginning(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.asked.clear()
    for _ in range(10):
        await desk.poke()
        await desk.forward(timedelta(seconds=1))
    early = list(desk.calendar.asked)
    await desk.forward(timedelta(seconds=10))

    assert (early, desk.calendar.asked) == ([], ["changes"])


async def test_the_usual_pace_does_not_wait_for_being_told_and_goes_on_after_it(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    await desk.poke()
    await desk.forward(MINUTE)
    desk.calendar.asked.clear()
    await desk.forward(HOUR)

    assert len(desk.calendar.asked) in range(5, 8)


async def test_a_calendar_that_is_down_is_asked_no_more_often_because_something_is_told_of_it(desk: Desk) -> None:
    await desk.write()
    await desk.look()
    desk.calendar.down = True
    await desk.forward(A_QUARTER)
    desk.calendar.asked.clear()
    for _ in range(8):
        await desk.poke()
        await desk.forward(MINUTE)

    assert len(desk.calendar.asked) == 1


# --- whatever a person does ------------------------------------------------------------------------------------------

DEEDS = st.sampled_from(("move", "back", "cancel", "delete", "accept", "decline", "rewrite", "told", "nothing"))
PAUSES = st.integers(min_value=0, max_value=1200).map(lambda seconds: timedelta(seconds=seconds))


async def _do(desk: Desk, deed: str, n: int) -> None:
    there = await desk.calendar.read(desk.person, UID) is not None
    match deed:
        case "move" if there:
            desk.calendar.move(desk.person, UID, desk.now + timedelta(days=6, minutes=n))
        case "back" if there:
            desk.calendar.move(desk.person, UID, desk.now + IN_FIVE_DAYS)
        case "cancel" if there:
            desk.calendar.cancel(desk.person, UID)
        case "delete" if there:
            desk.calendar.delete(desk.person, UID)
        case "accept" | "decline" if there:
            desk.calendar.answer(desk.person, UID, "accepted" if deed == "accept" else "declined")
        case "rewrite":
            await desk.write(sequence=n)
        case "told":
            await desk.poke()


async def _to_tell(desk: Desk) -> tuple[object, ...] | None:
    """Say what the interview should know, read off the calendar alone; None: that all is as it wrote it."""
    state = await desk.calendar.read(desk.person, UID)
    if state is None:
        return ("calendar_event_deleted",)
    if state.cancelled:
        return "calendar_event_changed", state.start, True
    if state.start != desk.now + IN_FIVE_DAYS:
        return "calendar_event_changed", state.start, False
    return None


@settings(max_examples=60)
@given(st.lists(st.tuples(DEEDS, PAUSES), max_size=8))
async def test_whatever_somebody_does_its_end_is_told_within_a_quarter_of_an_hour_and_never_twice(
    deeds: list[tuple[str, timedelta]],
) -> None:
    desk = Desk()
    await desk.write()
    for n, (deed, pause) in enumerate(deeds, start=1):
        await _do(desk, deed, n)
        await desk.forward(pause)
    await desk.forward(A_QUARTER)
    told = len(desk.interviews.heard)
    wanted = await _to_tell(desk)
    of_event = [fact for _, kind, fact in desk.interviews.heard if kind != "rsvp_received"]
    await desk.forward(2 * HOUR)

    assert len(desk.interviews.heard) == told
    assert len({fact["source_id"] for _, _, fact in desk.interviews.heard}) == told
    if wanted is not None:
        read = TypeAdapter(News).validate_python({"interview": "r7", "fact": of_event[-1]}).fact
        shown = (read.start, read.cancelled) if isinstance(read, CalendarEventChanged) else ()
        assert (read.kind, *shown) == wanted
