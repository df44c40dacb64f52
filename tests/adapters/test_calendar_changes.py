"""What changes in a calendar since a cursor, and what its owner answers: the contract, held against every adapter.

Once more on Radicale behind a network that takes its tokens away, as several servers have none.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from activities.calendar import Busy, OwnerAnswer
from demo.calendar_server import CalendarServer
from tests.adapters.grace import GRACE, HOUR, NINE, Person, event, on_radicale
from tests.adapters.lossy import Network, carried
from tests.adapters.places import ANSWERING, CANCELLING, EVERYWHERE, at_her_calendar
from tests.providers.google_server import GoogleServer
from tests.providers.graph_server import GraphServer


class WithoutTokens(Network):
    """What no server of this kind says is replaced by something of the same length."""

    def answer(self, request: bytes, answer: bytes) -> bytes | None:
        del request
        return answer.replace(b"sync-collection", b"nothing-of-sort")


WITHOUT_TOKENS = pytest.param("radicale without tokens", marks=pytest.mark.slow)


async def _grace(
    request: pytest.FixtureRequest, radicale: CalendarServer, google: GoogleServer, graph: GraphServer
) -> AsyncIterator[Person]:
    del google, graph  # here before it is asked for: a fixture of another scope is not begun within one
    if request.param == "radicale without tokens":
        async with (
            carried(WithoutTokens(), radicale.port) as port,
            on_radicale(radicale, request.node.name, port=port) as grace,
        ):
            yield grace
    else:
        async with at_her_calendar(request.param, request) as grace:
            yield grace


grace = pytest.fixture(_grace, params=[*EVERYWHERE, WITHOUT_TOKENS], name="grace")
answering = pytest.fixture(_grace, params=[*ANSWERING, WITHOUT_TOKENS], name="answering")
cancelling = pytest.fixture(_grace, params=[*CANCELLING, WITHOUT_TOKENS], name="cancelling")

R7, R8 = "r7.p1", "r8.p1"


async def _two_events(grace: Person) -> str:
    """Write two events, and give a cursor from which on nothing has happened."""
    await grace.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    await grace.calendar.ensure(GRACE, event(NINE + 2 * HOUR, uid=R8), "r8", None)
    cursor = (await grace.calendar.changes(GRACE, None, (R7, R8))).cursor
    assert cursor is not None
    return cursor


# --- changes ---------------------------------------------------------------------------------------------------------


async def test_the_first_time_everything_may_have_changed(grace: Person) -> None:
    changes = await grace.calendar.changes(GRACE, None, (R7, R8))

    assert (changes.everything, changes.touched, changes.others) == (True, (R7, R8), True)


async def test_where_nothing_happens_nothing_is_told(grace: Person) -> None:
    cursor: str | None = await _two_events(grace)
    for _ in range(3):
        changes = await grace.calendar.changes(GRACE, cursor, (R7, R8))
        cursor = changes.cursor

        assert (changes.everything, changes.touched, changes.others) == (False, (), False)


async def test_who_is_moved_or_renamed_is_touched_and_no_other(grace: Person) -> None:
    await _alone_touched(grace, partial(grace.moves, R7, NINE + HOUR), partial(grace.renames, R7, "Ada!"))


async def test_who_is_answered_is_touched_and_no_other(answering: Person) -> None:
    await _alone_touched(answering, partial(answering.answers, R7, "accepted"))


async def test_who_is_cancelled_is_touched_and_no_other(cancelling: Person) -> None:
    await _alone_touched(cancelling, partial(cancelling.cancels, R7))


async def _alone_touched(grace: Person, *edits: Callable[[], Awaitable[None]]) -> None:
    cursor: str | None = await _two_events(grace)
    for edit in edits:
        await edit()
        changes = await grace.calendar.changes(GRACE, cursor, (R7, R8))
        cursor = changes.cursor

        assert (changes.everything, changes.touched, changes.others) == (False, (R7,), False)


async def test_what_is_deleted_is_touched(grace: Person) -> None:
    cursor = await _two_events(grace)
    await grace.deletes(R8)

    changes = await grace.calendar.changes(GRACE, cursor, (R7, R8))
    later = await grace.calendar.changes(GRACE, changes.cursor, (R7, R8))

    assert (changes.touched, changes.others) == ((R8,), False)
    assert (later.touched, later.others) == ((), False)


async def test_our_own_write_is_a_change_like_any_other(grace: Person) -> None:
    cursor = await _two_events(grace)
    state = await grace.calendar.read(GRACE, R7)
    assert state is not None
    await grace.calendar.ensure(GRACE, event(NINE + HOUR, sequence=1, uid=R7), "r7", state.etag)

    assert (await grace.calendar.changes(GRACE, cursor, (R7, R8))).touched == (R7,)


async def test_something_else_that_comes_in_is_told_without_saying_what(grace: Person) -> None:
    cursor = await _two_events(grace)
    await grace.adds(NINE, NINE + HOUR)

    changes = await grace.calendar.changes(GRACE, cursor, (R7, R8))
    later = await grace.calendar.changes(GRACE, changes.cursor, (R7, R8))

    assert (changes.touched, changes.others) == ((), True)
    assert (later.touched, later.others) == ((), False)


async def test_what_happens_to_an_event_that_is_not_asked_about_happens_to_something_else(grace: Person) -> None:
    await _two_events(grace)
    cursor = (await grace.calendar.changes(GRACE, None, (R7,))).cursor
    await grace.moves(R8, NINE + 5 * HOUR)

    changes = await grace.calendar.changes(GRACE, cursor, (R7,))

    assert (changes.touched, changes.others) == ((), True)


async def test_the_same_cursor_tells_the_same_again(grace: Person) -> None:
    """The answer may be lost on its way to Temporal."""
    cursor = await _two_events(grace)
    await grace.moves(R7, NINE + HOUR)
    once = await grace.calendar.changes(GRACE, cursor, (R7, R8))
    await grace.deletes(R8)
    again = await grace.calendar.changes(GRACE, cursor, (R7, R8))

    assert once.touched == (R7,)
    assert again.touched == (R7, R8)


async def test_an_event_that_is_new_on_the_watch_is_touched_if_it_was_changed(grace: Person) -> None:
    await _two_events(grace)
    cursor = (await grace.calendar.changes(GRACE, None, (R8,))).cursor
    await grace.moves(R7, NINE + HOUR)

    assert R7 in (await grace.calendar.changes(GRACE, cursor, (R7, R8))).touched


@pytest.mark.parametrize("cursor", ["", "nonsense", "0 1 2", "1 another-calendar http%3A%2F%2Fx "])
async def test_a_cursor_that_nobody_knows_means_everything_and_is_replaced(grace: Person, cursor: str) -> None:
    changes = await grace.calendar.changes(GRACE, cursor, (R7,))
    later = await grace.calendar.changes(GRACE, changes.cursor, (R7,))

    assert (changes.everything, changes.touched, changes.others) == (True, (R7,), True)
    assert (later.everything, later.touched, later.others) == (False, (), False)


async def test_a_cursor_stays_small_and_says_nothing_about_anybody(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    uids = (R7, *(f"r{number}.p0" for number in range(1000)))

    cursor = (await grace.calendar.changes(GRACE, None, uids)).cursor

    assert cursor is not None
    assert len(cursor) < 4000
    assert R7 not in cursor
    assert GRACE not in cursor
    assert (await grace.calendar.changes(GRACE, cursor, uids)).everything is False


# --- answers ---------------------------------------------------------------------------------------------------------


async def _answer(answering: Person) -> OwnerAnswer | None:
    state = await answering.calendar.read(GRACE, R7)
    assert state is not None
    return state.answer


async def test_who_gets_an_event_is_asked_and_their_answer_is_read(answering: Person) -> None:
    await answering.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    answers = [await _answer(answering)]
    given: tuple[OwnerAnswer, ...] = ("accepted", "tentative", "declined", "needs_action")
    for answer in given:
        await answering.answers(R7, answer)
        answers.append(await _answer(answering))

    assert answers == ["needs_action", "accepted", "tentative", "declined", "needs_action"]


async def test_an_answer_is_no_edit(answering: Person) -> None:
    first = await answering.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    await answering.answers(R7, "accepted")

    again = await answering.calendar.ensure(GRACE, event(uid=R7), "r7", first.etag)

    assert again.outcome == "already_there"
    assert await _answer(answering) == "accepted"


async def test_an_answer_holds_while_the_time_stays_and_is_asked_for_anew_when_it_changes(answering: Person) -> None:
    first = await answering.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    await answering.answers(R7, "accepted")
    retitled = event(uid=R7, sequence=1, summary="Interview, with Ada")
    second = await answering.calendar.ensure(GRACE, retitled, "r7", first.etag)
    kept = await _answer(answering)

    third = await answering.calendar.ensure(GRACE, event(NINE + HOUR, uid=R7, sequence=2), "r7", second.etag)

    assert (second.outcome, kept) == ("updated", "accepted")
    assert (third.outcome, await _answer(answering)) == ("updated", "needs_action")


async def test_the_time_that_somebody_moved_it_to_needs_no_new_answer(answering: Person) -> None:
    await answering.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    await answering.answers(R7, "accepted")
    await answering.moves(R7, NINE + HOUR)
    moved = await answering.calendar.read(GRACE, R7)
    assert moved is not None
    assert moved.moved

    await answering.calendar.ensure(GRACE, event(NINE + HOUR, uid=R7, sequence=1), "r7", moved.etag)

    agreed = await answering.calendar.read(GRACE, R7)
    assert agreed is not None
    assert (agreed.moved, agreed.answer) == (False, "accepted")


async def test_an_event_of_ours_is_as_firm_as_we_mean_it_until_its_owner_answers(answering: Person) -> None:
    await answering.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    asked = await answering.calendar.busy(GRACE, NINE, NINE + HOUR)
    await answering.answers(R7, "tentative")
    unsure = await answering.calendar.busy(GRACE, NINE, NINE + HOUR)
    await answering.answers(R7, "declined")
    declined = await answering.calendar.busy(GRACE, NINE, NINE + HOUR)

    assert asked == (Busy(start=NINE, end=NINE + HOUR, interview="r7"),)
    assert unsure == (Busy(start=NINE, end=NINE + HOUR, tentative=True, interview="r7"),)
    assert declined == ()


async def test_only_other_times_are_a_move(grace: Person) -> None:
    await grace.calendar.ensure(GRACE, event(uid=R7), "r7", None)
    await grace.renames(R7, "Ada!")
    renamed = await grace.calendar.read(GRACE, R7)
    await grace.moves(R7, NINE + HOUR)
    moved = await grace.calendar.read(GRACE, R7)

    assert renamed is not None
    assert moved is not None
    assert (renamed.moved, moved.moved) == (False, True)
