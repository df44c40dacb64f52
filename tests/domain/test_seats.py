from datetime import datetime, timedelta

import pytest

from entrevue.letters import Cancellation, Invitation
from entrevue.orders import ClaimTime
from entrevue.scheduling import Scheduling
from entrevue.values import CANDIDATE, Code, Status
from tests.domain.scenes import Scene, a_booking, an_exchange, an_offer, command, no_slots, request, secret

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
POOL = {"pool": "backend"}
LINUS_AND_A_POOL = {"interviewers": ["linus", POOL]}
ONE_OF_TWO = {"policy": {"quorum": 1}}
PEOPLE = (CANDIDATE, "i1", "i2")


def _state(scene: Scene) -> Scheduling:
    return scene.interview.scheduling


def _panel(scene: Scene) -> dict[str, str | None]:
    return {one.who: one.person for one in scene.interview.people.interviewers}


def _ledger(scene: Scene) -> dict[datetime, set[str]]:
    """Whose time is held at which start."""
    return {slot.start: set(scene.seated[key]) for key, slot in scene.ledger.items()}


def _booked_for(scene: Scene, *people: str) -> None:
    """Exactly these people's time is held, at the booked time and at no other."""
    assert scene.stands(Status.SCHEDULED)
    assert _ledger(scene) == {scene.start_of_booking: set(people)}
    assert {person for person in _panel(scene).values() if person is not None} == set(people)


def _decline(scene: Scene, who: str) -> None:
    scene.send("respond_to_seat", by=who, answer="declined", reason="a deadline")


# --- pools -----------------------------------------------------------------------------------------------------------


def test_a_pools_seat_is_empty_until_a_time_is_claimed() -> None:
    scene = an_offer(**LINUS_AND_A_POOL)
    assert _panel(scene) == {"i1": "linus"}
    assert scene.view("coordinator").empty_seats == (2,)

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    _booked_for(scene, "linus", "alan")
    assert _panel(scene) == {"i1": "linus", "i2": "alan"}
    letter = scene.newest("invitation", "i2").order.letter
    assert isinstance(letter, Invitation)
    assert letter.with_names == ("Ada Summer", "Linus Frost")


def test_several_seats_of_one_pool_are_several_people() -> None:
    scene = a_booking(interviewers=[{**POOL, "count": 3}])

    _booked_for(scene, "alan", "barbara", "edsger")
    assert list(_panel(scene)) == ["i1", "i2", "i3"]


def test_nobody_sits_both_by_name_and_by_pool() -> None:
    scene = a_booking(interviewers=["alan", POOL])

    _booked_for(scene, "alan", "barbara")


def test_who_is_excluded_by_the_request_is_not_drawn_from_a_pool() -> None:
    scene = a_booking(**LINUS_AND_A_POOL, excluded=["alan"])

    _booked_for(scene, "linus", "barbara")


def test_a_pool_of_which_the_directory_knows_nobody_is_the_coordinators_until_it_is_filled_or_not_needed() -> None:
    scene = Scene.opened(interviewers=["linus", {"pool": "ghosts"}])
    scene.run()
    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"POOL_EMPTY:ghosts": "now"}
    assert "clear_attention" in scene.interview.attention[0].clears
    scene.send("clear_attention", by="coordinator", item="POOL_EMPTY:ghosts")
    assert scene.attention == {"POOL_EMPTY:ghosts": "now"}  # looked up again, and no better

    scene.send("remove_seat", by="coordinator", seat=2)

    assert scene.attention == {}
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_a_named_person_takes_the_seat_of_an_empty_pool() -> None:
    scene = Scene.opened(interviewers=["linus", {"pool": "ghosts"}])
    scene.run()

    scene.send("replace_interviewer", by="coordinator", seat=2, person="edsger")

    assert scene.attention == {}
    assert _panel(scene) == {"i1": "linus", "i2": "edsger"}


# --- declining -------------------------------------------------------------------------------------------------------


def test_who_declines_in_time_is_replaced_from_their_pool() -> None:
    scene = a_booking(**LINUS_AND_A_POOL)

    _decline(scene, "i2")

    _booked_for(scene, "linus", "barbara")
    assert _panel(scene) == {"i1": "linus", "i3": "barbara"}
    assert scene.letters("i2") == ["invitation", "cancellation"]
    assert scene.letters("i3") == ["invitation"]
    assert scene.letters(CANDIDATE) == ["offer", "invitation", "invitation"]
    assert scene.attention == {}
    assert _state(scene).reschedules == {}


def test_a_replacement_has_the_same_time_a_new_version_and_tells_the_candidate_whom_they_will_meet() -> None:
    scene = a_booking(**LINUS_AND_A_POOL)
    start = scene.start_of_booking

    _decline(scene, "i2")

    assert scene.start_of_booking == start
    letter = scene.newest("invitation", CANDIDATE).order.letter
    assert isinstance(letter, Invitation)
    assert letter.with_names == ("Linus Frost", "Barbara Snow")
    assert (letter.event.uid, letter.event.sequence) == ("r7.c1", 1)
    assert (letter.changed, letter.moved_from) == (True, None)


def test_later_than_two_days_before_nobody_is_replaced_unasked() -> None:
    scene = a_booking(**LINUS_AND_A_POOL)
    scene.wait_until(scene.start_of_booking - 47 * HOUR)

    _decline(scene, "i2")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert _panel(scene) == {"i1": "linus", "i2": "alan"}
    assert scene.attention["SEAT_DECLINED:i2"] == "now"
    item = next(one for one in scene.interview.attention if one.id == "SEAT_DECLINED:i2")
    assert "replace_interviewer" in item.clears


def test_after_three_replacements_the_coordinator_decides() -> None:
    scene = a_booking(interviewers=["linus", POOL])
    scene.wait(hours=1)
    for who, person in (("i2", "barbara"), ("i3", "edsger"), ("i4", "grace")):
        _decline(scene, who)
        _booked_for(scene, "linus", person)

    _decline(scene, "i5")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.attention["SEAT_DECLINED:i5"] == "now"


def test_a_seat_that_is_only_left_is_no_replacement() -> None:
    scene = a_booking(interviewers=["linus", "grace", POOL], policy={"quorum": 1, "replacements": 1})
    _decline(scene, "i2")  # has no pool: the quorum is there without them
    _booked_for(scene, "linus", "alan")

    _decline(scene, "i3")

    _booked_for(scene, "linus", "barbara")


def test_where_the_quorum_allows_it_the_interview_goes_on_without_who_declines() -> None:
    scene = a_booking(**ONE_OF_TWO)

    _decline(scene, "i2")

    _booked_for(scene, "grace")
    assert scene.letters("i2") == ["invitation", "cancellation"]
    assert scene.attention == {}
    _decline(scene, "i1")
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_two_of_three_stand_when_one_declines_and_not_when_two_do() -> None:
    scene = a_booking(interviewers=["grace", "linus", "edsger"], policy={"quorum": 2})

    _decline(scene, "i3")
    _booked_for(scene, "grace", "linus")

    _decline(scene, "i2")
    assert scene.stands(Status.NEEDS_RESCHEDULING)


def test_where_the_quorum_is_lost_it_is_the_company_that_needs_another_time() -> None:
    scene = a_booking()
    before = scene.start_of_booking

    _decline(scene, "i2")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert set(_ledger(scene)) == {before}
    assert _state(scene).reschedules == {"company": 0}
    assert scene.letters(CANDIDATE) == ["offer", "invitation", "offer"]

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    _booked_for(scene, "grace", "linus")  # another time: they are asked again
    assert [one.answer for one in scene.view("coordinator").people] == [None, "needs_action", "needs_action"]
    assert scene.attention == {}


def test_where_the_quorum_is_lost_on_the_last_day_the_time_is_given_up_at_once() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking - 20 * HOUR)

    _decline(scene, "i2")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert scene.letters(CANDIDATE)[-2:] == ["cancellation", "offer"]


def test_somebody_found_within_the_exchange_saves_the_booked_time() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    _decline(scene, "i2")

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    _booked_for(scene, "grace", "edsger")
    assert scene.start_of_booking == before
    assert scene.offered == ()
    assert scene.attention == {}
    assert scene.letters(CANDIDATE)[-1] == "invitation"  # which says that it stays, and with whom


def test_who_thinks_better_of_it_saves_the_booked_time_too() -> None:
    scene = a_booking()
    _decline(scene, "i2")

    scene.send("respond_to_seat", by="i2", answer="accepted")

    _booked_for(scene, "grace", "linus")
    assert scene.attention == {}


def _change_their_mind(scene: Scene, times: int) -> None:
    for _ in range(times):
        scene.wait(hours=1)
        _decline(scene, "i2")
        scene.wait(hours=1)
        scene.send("respond_to_seat", by="i2", answer="accepted")


def test_who_declines_and_thinks_better_of_it_again_and_again_has_the_candidate_asked_twice() -> None:
    scene = a_booking()

    _change_their_mind(scene, times=8)

    _booked_for(scene, "grace", "linus")
    assert scene.letters(CANDIDATE) == ["offer", "invitation", *(2 * ["offer", "time_stands"])]
    assert scene.attention == {}


def test_whether_their_third_no_is_one_the_coordinator_decides() -> None:
    scene = a_booking()
    _change_their_mind(scene, times=2)
    before = scene.letters(CANDIDATE)

    _decline(scene, "i2")

    _booked_for(scene, "grace", "linus")
    assert scene.attention == {"SEAT_DECLINED:i2": "now"}
    assert scene.letters(CANDIDATE) == before
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    _booked_for(scene, "grace", "edsger")
    assert scene.attention == {}


def test_what_the_coordinator_has_not_decided_a_day_ahead_is_given_up_then() -> None:
    scene = a_booking()
    start = scene.start_of_booking
    _change_their_mind(scene, times=2)
    _decline(scene, "i2")

    scene.wait_until(start - DAY - HOUR)
    _booked_for(scene, "grace", "linus")
    scene.wait_until(start - DAY)

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert scene.letters(CANDIDATE)[-2:] == ["cancellation", "offer"]


def test_of_another_booked_time_they_are_believed_anew() -> None:
    scene = a_booking()
    _change_their_mind(scene, times=2)
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)

    _decline(scene, "i2")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.letters(CANDIDATE)[-1] == "offer"


def test_the_same_answer_twice_is_no_news_and_tentative_is_no_no() -> None:
    scene = a_booking()
    scene.send("respond_to_seat", by="i1", answer="tentative")

    assert scene.send("respond_to_seat", by="i1", answer="tentative") == []
    _booked_for(scene, "grace", "linus")


def test_an_optional_person_who_declines_just_leaves() -> None:
    scene = a_booking(interviewers=["grace", {"person": "linus", "role": "OPTIONAL"}])

    _decline(scene, "i2")

    _booked_for(scene, "grace")
    assert scene.letters("i2") == ["invitation", "cancellation"]


@pytest.mark.parametrize("role", ["OPTIONAL", "SHADOW", "REVERSE_SHADOW"])
def test_who_does_not_count_is_not_needed_for_a_time(role: str) -> None:
    scene = an_offer(interviewers=["grace", {"person": "linus", "role": role}])
    scene.away = {"linus"}

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.stands(Status.SCHEDULED)
    assert _ledger(scene) == {scene.start_of_booking: {"grace"}}


@pytest.mark.parametrize("role", ["OPTIONAL", "SHADOW", "REVERSE_SHADOW"])
def test_a_panel_of_people_who_do_not_count_is_none(role: str) -> None:
    with pytest.raises(ValueError, match="at least one must be LEAD or REQUIRED"):
        request(interviewers=[{"person": "grace", "role": role}])
    scene = a_booking(interviewers=["grace", {"person": "linus", "role": role}])

    assert scene.refuses("remove_seat", by="coordinator", whom="i1").code is Code.QUORUM_UNSATISFIABLE


def test_an_interviewer_answers_for_nobody_else_and_the_coordinator_for_everybody() -> None:
    scene = a_booking()

    refused = scene.refuses("respond_to_seat", by="i1", whom="i2", answer="declined")
    assert refused.code is Code.NOT_AUTHORIZED
    assert scene.refuses("respond_to_seat", by="coordinator", answer="accepted").code is Code.NOT_PARTICIPANT

    scene.send("respond_to_seat", by="coordinator", whom="i2", answer="accepted")
    assert scene.view("coordinator").people[2].answer == "accepted"


def test_once_the_time_has_come_nobody_declines_it_any_more() -> None:
    scene = a_booking()
    scene.wait_until(scene.start_of_booking)

    assert scene.refuses("respond_to_seat", by="i1", answer="declined").code is Code.WINDOW_CLOSED


# --- replacing -------------------------------------------------------------------------------------------------------


def test_a_swap_claims_the_newcomers_time_before_the_leavers_is_given_back() -> None:
    scene = a_booking()

    scene.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")

    _booked_for(scene, "linus", "edsger")
    kinds = scene.kinds[max(n for n, kind in enumerate(scene.kinds) if kind == "time_requested") :]
    assert kinds.index("panel_changed") < kinds.index("time_given_back")
    claims = [order for order in scene.asked if isinstance(order, ClaimTime)]
    assert claims[-1].replaces == claims[0].claim
    assert set(scene.calendars) == {"i3"}
    assert _panel(scene) == {"i2": "linus", "i3": "edsger"}


def test_a_seat_changed_back_and_forth_leaves_one_event_one_claim_and_no_late_mail() -> None:
    scene = a_booking()
    scene.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")
    scene.send("replace_interviewer", by="coordinator", whom="i3", person="grace")
    scene.wait_until(scene.start_of_booking)

    assert _ledger(scene) == {scene.start_of_booking: {"grace", "linus"}}
    assert _panel(scene) == {"i2": "linus", "i1": "grace"}  # she has her old name back
    assert set(scene.calendars) == {"i1"}
    assert scene.calendars["i1"].sequence == 2
    assert scene.letters("i1") == ["invitation", "cancellation", "invitation", "hour_reminder"]
    assert scene.letters("i3") == ["invitation", "cancellation"]
    assert scene.letters("i2") == ["invitation", "invitation", "invitation", "hour_reminder"]  # has no calendar of ours
    assert scene.letters(CANDIDATE).count("invitation") == 3


def test_the_leaver_gets_one_farewell_with_a_version_of_its_own() -> None:
    scene = a_booking()

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    letter = scene.newest("cancellation", "i2").order.letter
    assert isinstance(letter, Cancellation)
    assert (letter.replaced, letter.imip, letter.event.sequence, letter.event.cancelled) == (True, True, 1, True)
    scene.send("cancel", by="coordinator")
    assert scene.letters("i2").count("cancellation") == 1
    assert scene.letters("i3")[-1] == "cancellation"
    scene.wait(days=1)
    scene.over()


def test_who_has_left_commands_and_reads_nothing_more() -> None:
    scene = a_booking()
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    assert scene.refuses("respond_to_seat", by="i2", answer="accepted").code is Code.NOT_PARTICIPANT
    assert "i2" not in [one.who for one in scene.view("coordinator").people]


def test_anybody_of_the_pool_is_somebody_else() -> None:
    scene = a_booking(**LINUS_AND_A_POOL)

    scene.send("replace_interviewer", by="coordinator", whom="i2")

    _booked_for(scene, "linus", "barbara")


def test_a_cancellation_in_the_middle_of_a_replacement_leaves_nothing() -> None:
    for withheld in ("claim_time", "write_event", "send_letter", "release_time", "remove_event"):
        scene = a_booking()
        scene.withheld = {withheld}
        scene.send("replace_interviewer", by="coordinator", whom="i1", person="edsger")
        scene.send("cancel", by="coordinator")
        scene.withheld = set()
        scene.wait(days=1)

        assert scene.ledger == {}
        assert scene.calendars == {}
        for who in ("i1", "i3"):
            invited, called_off = (scene.letters(who).count(kind) for kind in ("invitation", "cancellation"))
            assert invited <= called_off <= 1  # one that was started may have left
        scene.over()


@pytest.mark.parametrize(
    ("fields", "refusal", "code"),
    [
        ({"whom": "i2", "person": "edsger"}, "calendar", Code.SLOT_UNAVAILABLE),
        ({"whom": "i2", "person": "edsger"}, "nobody", Code.SLOT_UNAVAILABLE),
        ({"whom": "i2", "person": "edsger"}, "load", Code.LOAD_LIMIT_EXCEEDED),
        ({"whom": "i2"}, "nobody", Code.QUORUM_UNSATISFIABLE),
    ],
    ids=["busy", "taken", "too much", "nobody of the pool"],
)
def test_where_nobody_can_take_the_seat_all_is_as_it_was(fields: dict[str, object], refusal: str, code: Code) -> None:
    scene = a_booking(**LINUS_AND_A_POOL)
    before, letters = _state(scene).booking, scene.letters()
    scene.taken, scene.refusal = {scene.start_of_booking}, refusal  # type: ignore[assignment] # parametrised

    scene.send("replace_interviewer", by="coordinator", **fields)

    assert scene.why_lost() is code
    assert _state(scene).booking == before
    assert scene.letters() == letters
    _booked_for(scene, "linus", "alan")


def test_a_person_who_is_not_free_is_not_passed_over_because_the_others_are_enough() -> None:
    scene = a_booking(**ONE_OF_TWO)
    scene.away = {"edsger"}

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    assert scene.why_lost() is Code.SLOT_UNAVAILABLE
    _booked_for(scene, "grace", "linus")
    assert "cancellation" not in scene.letters("i2")


def test_the_coordinator_may_ask_for_more_than_somebodys_load_and_the_order_says_so() -> None:
    scene = a_booking()

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger", overload=True)

    assert [order for order in scene.asked if isinstance(order, ClaimTime)][-1].overload


def test_a_candidate_does_not_learn_that_somebody_has_too_much_to_do() -> None:
    scene = an_offer()
    scene.taken, scene.refusal = {scene.offered[0]}, "load"

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    assert scene.why_lost() is Code.SLOT_UNAVAILABLE


def test_nobody_sits_twice_and_nothing_is_filled_that_is_not_there() -> None:
    scene = a_booking()

    assert (
        scene.refuses("replace_interviewer", by="coordinator", whom="i2", person="grace").code is Code.INVALID_COMMAND
    )
    assert scene.refuses("replace_interviewer", by="coordinator", whom="i2").code is Code.INVALID_COMMAND  # no pool
    assert (
        scene.refuses("replace_interviewer", by="coordinator", whom="i9", person="edsger").code is Code.NOT_PARTICIPANT
    )
    assert scene.refuses("replace_interviewer", by="coordinator", seat=1, person="alan").code is Code.INVALID_COMMAND


def test_before_a_time_is_booked_a_changed_panel_makes_what_was_offered_worthless_at_no_cost() -> None:
    scene = an_offer()

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    assert scene.stands(Status.AWAITING_CANDIDATE)
    assert "offer_lapsed" in scene.kinds
    assert _state(scene).rounds == 0
    assert _panel(scene) == {"i1": "grace", "i3": "edsger"}
    assert scene.letters(CANDIDATE) == ["offer", "offer"]


def test_an_unknown_newcomer_is_asked_about_before_anything_is_searched() -> None:
    scene = an_offer()
    scene.unknown = ("i3",)

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    assert scene.attention == {"PERSON_UNKNOWN:i3": "now"}
    scene.unknown = ()
    scene.send("clear_attention", by="coordinator", item="PERSON_UNKNOWN:i3")
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_another_panel_for_a_held_time_keeps_the_candidates_choice() -> None:
    scene = an_offer(policy={"confirmation": "explicit"})
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    start = scene.offered[0]
    scene.send("respond_to_seat", by="i1", answer="accepted")

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert _ledger(scene) == {start: {"grace", "edsger"}}
    scene.send("respond_to_seat", by="i3", answer="accepted")
    _booked_for(scene, "grace", "edsger")


def test_another_panel_that_cannot_be_had_leaves_the_held_time_as_it_is() -> None:
    scene = an_offer(policy={"confirmation": "explicit"})
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    scene.away = {"edsger"}

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")

    assert scene.why_lost() is Code.SLOT_UNAVAILABLE
    assert scene.stands(Status.AWAITING_INTERVIEWERS)
    assert list(_ledger(scene).values()) == [{"grace", "linus"}]


def test_the_panel_of_the_booked_time_can_change_while_another_is_looked_for() -> None:
    scene = an_exchange("swap")
    booked = scene.start_of_booking

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert _ledger(scene) == {booked: {"grace", "edsger"}}

    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    _booked_for(scene, "grace", "edsger")


def test_the_panel_of_the_booked_time_can_change_while_another_is_held() -> None:
    scene = a_booking()
    booked, wanted = scene.start_of_booking, scene.start_of_booking + 2 * DAY
    scene.send("propose_other_time", by=CANDIDATE, start=wanted, expected_revision=1)

    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert _ledger(scene)[booked] == {"grace", "edsger"}

    for who in ("i1", "i3"):
        scene.send("respond_to_seat", by=who, answer="accepted")
    assert scene.start_of_booking == wanted
    _booked_for(scene, "grace", "edsger")


def test_who_was_not_told_of_a_move_yet_is_told_of_it_though_the_panel_changes_meanwhile() -> None:
    scene = a_booking()
    before = scene.start_of_booking
    scene.withheld = {"send_letter"}
    scene.send("reschedule", by="coordinator", start=before + 2 * DAY, reason="the room is taken")
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    scene.withheld = set()
    scene.run()

    letter = scene.newest("invitation", "i1").order.letter
    assert isinstance(letter, Invitation)
    assert letter.event.slot.start == before + 2 * DAY
    assert letter.moved_from is not None
    assert (letter.moved_from.start, letter.because) == (before, "the room is taken")
    newcomers = scene.newest("invitation", "i3").order.letter
    assert isinstance(newcomers, Invitation)
    assert newcomers.moved_from is None


# --- adding and removing ---------------------------------------------------------------------------------------------


def test_a_seat_added_before_a_time_is_booked_makes_the_search_begin_anew() -> None:
    scene = an_offer()

    scene.send("add_seat", by="coordinator", person="edsger")

    assert _panel(scene) == {"i1": "grace", "i2": "linus", "i3": "edsger"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    _booked_for(scene, "grace", "linus", "edsger")


def test_a_shadow_added_before_a_time_is_booked_changes_no_offer() -> None:
    scene = an_offer()
    before = scene.offered

    scene.send("add_seat", by="coordinator", person="edsger", role="SHADOW")

    assert scene.offered == before
    assert scene.letters(CANDIDATE) == ["offer"]
    scene.send("choose_slot", by=CANDIDATE, start=before[0])
    _booked_for(scene, "grace", "linus", "edsger")


def test_a_seat_added_at_a_booked_time_is_claimed_first_and_then_told() -> None:
    scene = a_booking()

    scene.send("add_seat", by="coordinator", person="edsger", role="SHADOW")

    _booked_for(scene, "grace", "linus", "edsger")
    assert scene.letters("i3") == ["invitation"]
    assert set(scene.calendars) == {"i1", "i3"}


@pytest.mark.parametrize("role", ["REQUIRED", "SHADOW"])
def test_a_seat_that_cannot_be_filled_at_the_booked_time_is_not_added(role: str) -> None:
    scene = a_booking()
    scene.away = {"edsger"}

    scene.send("add_seat", by="coordinator", person="edsger", role=role)

    assert scene.why_lost() is Code.SLOT_UNAVAILABLE
    _booked_for(scene, "grace", "linus")
    assert scene.view("coordinator").empty_seats == ()


def test_a_seat_of_a_pool_can_be_added_and_an_unknown_pool_is_asked_about() -> None:
    scene = an_offer()

    scene.send("add_seat", by="coordinator", pool="ghosts")
    assert scene.attention == {"POOL_EMPTY:ghosts": "now"}

    scene.send("remove_seat", by="coordinator", seat=3)
    scene.send("add_seat", by="coordinator", pool="backend")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])
    _booked_for(scene, "grace", "linus", "alan")


def test_a_removed_seat_is_gone_its_time_given_back_and_who_sat_there_told() -> None:
    scene = a_booking()

    scene.send("remove_seat", by="coordinator", whom="i2")

    _booked_for(scene, "grace")
    assert scene.letters("i2") == ["invitation", "cancellation"]
    assert scene.view("coordinator").empty_seats == ()
    assert scene.refuses("remove_seat", by="coordinator", whom="i1").code is Code.QUORUM_UNSATISFIABLE


def test_an_empty_seat_can_be_taken_away_or_filled() -> None:
    scene = a_booking(**ONE_OF_TWO)
    _decline(scene, "i2")
    assert scene.view("coordinator").empty_seats == (2,)
    filled = scene.copy()

    scene.send("remove_seat", by="coordinator", seat=2)
    assert scene.view("coordinator").empty_seats == ()
    _booked_for(scene, "grace")

    filled.send("replace_interviewer", by="coordinator", seat=2, person="edsger")
    _booked_for(filled, "grace", "edsger")


def test_a_panel_has_one_lead_and_an_end() -> None:
    scene = an_offer(interviewers=["linus", *[{"pool": "backend", "count": 9, "role": "OPTIONAL"}] * 2, "grace"])

    assert scene.refuses("add_seat", by="coordinator", person="alan").code is Code.INVALID_COMMAND
    scene = an_offer()
    assert scene.refuses("add_seat", by="coordinator", person="alan", role="LEAD").code is Code.INVALID_COMMAND
    assert scene.refuses("add_seat", by="coordinator", person="grace").code is Code.INVALID_COMMAND


def test_while_something_is_being_booked_no_seat_changes() -> None:
    scene = an_offer()
    scene.withheld = {"claim_time"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[0])

    for kind, fields in (
        ("add_seat", {"person": "edsger"}),
        ("remove_seat", {"whom": "i2"}),
        ("replace_interviewer", {"whom": "i2", "person": "edsger"}),
        ("declare_conflict", {"whom": "i2"}),
    ):
        assert scene.refuses(kind, by="coordinator", **fields).code is Code.INVALID_STATE


def test_nobodys_time_is_booked_where_nobody_is_left_to_sit_there() -> None:
    scene = an_offer(interviewers=["grace"])
    scene.send("declare_conflict", by="i1", whom="i1")

    for kind, fields in (
        ("book_slot", {"start": scene.now + 3 * DAY}),
        ("offer_slots", {"slots": [scene.now + 3 * DAY], "hold": True}),
    ):
        assert scene.refuses(kind, by="coordinator", **fields).code is Code.QUORUM_UNSATISFIABLE

    scene.send("replace_interviewer", by="coordinator", seat=1, person="edsger")
    scene.send("book_slot", by="coordinator", start=scene.now + 3 * DAY)
    _booked_for(scene, "edsger")


def test_when_the_last_who_was_asked_is_taken_away_the_held_time_is_given_back() -> None:
    scene = an_offer(interviewers=["grace", POOL], policy={"confirmation": "explicit", "quorum": 1})
    scene.send("declare_conflict", by="i1", whom="i1")
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[-1])
    assert scene.stands(Status.AWAITING_INTERVIEWERS)

    scene.send("remove_seat", by="coordinator", whom="i2")

    assert scene.ledger == {}
    assert scene.attention == {"SEAT_OPEN:1": "now"}


def test_a_seat_that_became_empty_meanwhile_is_filled_from_its_pool_when_a_hold_is_confirmed() -> None:
    scene = a_booking(interviewers=["linus", POOL])
    wanted = scene.start_of_booking + 2 * DAY
    scene.send("propose_other_time", by="i1", start=wanted, expected_revision=1)
    scene.away = {"barbara", "edsger", "grace"}
    scene.send("declare_conflict", by="i2", whom="i2")
    assert _panel(scene) == {"i1": "linus"}

    scene.away = set()
    scene.send("choose_slot", by=CANDIDATE, start=wanted)

    _booked_for(scene, "linus", "barbara")


# --- conflicts of interest -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [CANDIDATE, "i2", "coordinator"])
def test_whoever_must_not_meet_the_candidate_is_replaced_and_never_seated_again(by: str) -> None:
    scene = a_booking(**LINUS_AND_A_POOL)

    scene.send("declare_conflict", by=by, whom="i2", reason=secret("conflict"))

    _booked_for(scene, "linus", "barbara")
    refused = scene.refuses("replace_interviewer", by="coordinator", whom="i3", person="alan")
    assert refused.code is Code.CONFLICT_OF_INTEREST
    assert scene.refuses("add_seat", by="coordinator", person="alan").code is Code.CONFLICT_OF_INTEREST
    scene.away = {"barbara", "edsger", "grace"}
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    assert scene.why_lost() is Code.QUORUM_UNSATISFIABLE
    assert "alan" not in _panel(scene).values()


def test_only_the_coordinator_reads_the_reason() -> None:
    scene = a_booking()
    scene.send("declare_conflict", by=CANDIDATE, whom="i2", reason=secret("conflict"))

    assert [(one.who, one.reason) for one in scene.view("coordinator").conflicts] == [("i2", secret("conflict"))]
    for viewer in (CANDIDATE, "i1", "decision_maker", "backend", "operator"):
        assert secret("conflict") not in scene.view(viewer).model_dump_json()
    assert not [sent for sent in scene.mailbox if secret("conflict") in sent.order.model_dump_json()]


def test_where_nobody_stands_in_who_is_recused_leaves_all_the_same_and_the_company_needs_another_time() -> None:
    scene = a_booking()

    scene.send("declare_conflict", by="i2", whom="i2")

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert _panel(scene) == {"i1": "grace"}
    assert scene.letters("i2") == ["invitation", "cancellation"]
    assert set().union(*_ledger(scene).values()) == {"grace"}
    assert scene.attention["SEAT_OPEN:2"] == "now"

    scene.send("replace_interviewer", by="coordinator", seat=2, person="edsger")
    _booked_for(scene, "grace", "edsger")
    assert scene.attention == {}


def test_a_conflict_of_the_only_interviewer_leaves_a_seat_to_be_filled() -> None:
    scene = a_booking(interviewers=["grace"])

    scene.send("declare_conflict", by="i1", whom="i1")

    assert _panel(scene) == {}
    assert scene.calendars == {}
    assert scene.letters("i1") == ["invitation", "cancellation"]
    assert scene.attention["SEAT_OPEN:1"] == "now"
    assert scene.stands(Status.NEEDS_RESCHEDULING)
    scene.wait(days=10)
    assert scene.ledger == {}


def test_a_conflict_before_a_time_is_booked_empties_the_seat_and_a_pool_fills_it() -> None:
    scene = an_offer()
    scene.send("declare_conflict", by=CANDIDATE, whom="i2")
    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert scene.attention == {"SEAT_OPEN:2": "now"}
    item = scene.interview.attention[0]
    assert (item.owner, item.clears) == ("coordinator", ("replace_interviewer", "remove_seat", "cancel"))

    scene.send("remove_seat", by="coordinator", seat=2)

    assert scene.attention == {}
    assert scene.stands(Status.AWAITING_CANDIDATE)


def test_nobody_declares_a_conflict_of_a_colleague_or_of_the_candidate() -> None:
    scene = a_booking()

    assert scene.refuses("declare_conflict", by="i1", whom="i2").code is Code.NOT_AUTHORIZED
    assert scene.refuses("declare_conflict", by="i1", whom=CANDIDATE).code is Code.INVALID_COMMAND
    assert scene.refuses("declare_conflict", by=CANDIDATE, whom="i9").code is Code.NOT_PARTICIPANT


# --- overlaps --------------------------------------------------------------------------------------------------------


def _overlapping(**changes: object) -> Scene:
    """Graces calendar turns out to hold something else, after ours was written."""
    scene = an_offer(**changes)
    scene.overlapped = {"i1"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    return scene


def test_ours_gives_way_to_what_stood_there_before_anybody_is_invited() -> None:
    scene = _overlapping()

    assert scene.stands(Status.NEEDS_RESCHEDULING)
    assert scene.ledger == {}
    assert scene.calendars == {}
    assert scene.letters() == ["offer to candidate", "offer to candidate"]
    assert _state(scene).reschedules == {"company": 0}
    assert scene.attention == {}


def test_a_pool_gives_somebody_else_instead() -> None:
    scene = an_offer(interviewers=[POOL, "linus"])
    scene.away, scene.overlapped = {"alan"}, {"i1"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])

    _booked_for(scene, "linus", "edsger")
    assert scene.letters("i1") == []
    assert scene.letters(CANDIDATE) == ["offer", "invitation"]


def test_where_the_others_are_enough_who_is_taken_stays_away() -> None:
    scene = _overlapping(**ONE_OF_TWO)

    _booked_for(scene, "linus")
    assert scene.calendars == {}
    assert scene.letters("i1") == []


def test_after_the_invitations_have_left_the_coordinator_looks_and_nothing_moves_by_itself() -> None:
    scene = a_booking()
    scene.overlapped = {"i1"}

    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    scene.overlapped = set()
    assert scene.stands(Status.NEEDS_RESCHEDULING)  # nobody had been told of the new time yet

    scene = a_booking()
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    assert scene.stands(Status.SCHEDULED)


def test_an_overlap_found_late_is_the_coordinators_until_it_is_gone_or_the_time_has_come() -> None:
    scene = an_offer()
    scene.withheld = {"write_event"}
    scene.send("choose_slot", by=CANDIDATE, start=scene.offered[2])
    scene.give_up("write_event")  # the invitations do not wait for ever
    assert scene.letters("i1") == ["invitation"]
    scene.overlapped, scene.withheld = {"i1"}, set()
    scene.run()

    _booked_for(scene, "grace", "linus")
    assert scene.attention == {"OVERLAP:i1": "today"}
    item = scene.interview.attention[0]
    assert (item.owner, item.clears) == ("coordinator", ("reschedule", "replace_interviewer", "cancel"))
    later = scene.copy()

    scene.overlapped = set()
    scene.send("reschedule", by="coordinator", start=scene.start_of_booking + DAY)
    assert scene.attention == {}

    later.wait_until(later.start_of_booking)
    later.send("start_session", by="i1")
    assert "OVERLAP:i1" not in later.attention


def test_nothing_found_for_too_few_people_is_searched_for() -> None:
    scene = no_slots()
    scene.send("declare_conflict", by="i2", whom="i2")
    scene.full = False
    scene.wait(days=1)

    assert scene.stands(Status.NEEDS_SCHEDULING)
    assert list(scene.attention) == ["SEAT_OPEN:2"]  # not that there is no common slot


def test_who_was_replaced_a_moment_ago_and_is_asked_for_again_is_not_in_our_own_way() -> None:
    """Their old time must have been given back before it is claimed anew."""
    scene = a_booking()
    scene.withheld = {"claim_time"}
    scene.send("replace_interviewer", by="coordinator", whom="i2", person="edsger")
    claim = scene.in_flight["ledger"]
    scene.answer(claim, scene.reply(claim))

    scene.cause(command("replace_interviewer", by="coordinator", whom="i3", person="linus"))
    owed = [order.kind for order in scene.look().owed if order.lane == "ledger"]
    scene.withheld = set()
    scene.run()

    assert owed == ["release_time", "claim_time"]
    assert [member.person for member in scene.interview.people.interviewers] == ["grace", "linus"]
    assert [claim.was for claim in scene.interview.scheduling.claims] == ["gone", "gone", "held"]
