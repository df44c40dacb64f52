import json
from typing import Annotated, get_args

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from entrevue.agenda import plan
from entrevue.contract import read
from entrevue.evaluation import SubmitEvaluation
from entrevue.interview import Event, Fact, Interview, Recorded, fold
from entrevue.learning import Lesson
from entrevue.orders import Answer, BriefsFound, GaveUp, LetterRefused, LetterUnsure, Order, TimeTaken
from entrevue.permissions import Command
from entrevue.values import CANDIDATE, Code, Refused, Status, digest
from tests.domain.scenes import COMMANDS, REACHED, Scene, a_booking, command, request, secret, story, well_formed

_events: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
_orders: TypeAdapter[Order] = TypeAdapter(Annotated[Order, Field(discriminator="kind")])
_answers: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])
_commands: TypeAdapter[Command] = TypeAdapter(Annotated[Command, Field(discriminator="kind")])
_interviews = TypeAdapter(Interview)

STRANGE = {"a_field_of_tomorrow": [1, 2]}


def _kinds(union: object) -> list[str]:
    return [model.model_fields["kind"].default for model in get_args(union)]


# --- stored messages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "union", [Event, Command, Order, Answer, Fact], ids=["event", "command", "order", "answer", "fact"]
)
def test_every_kind_is_named_once(union: object) -> None:
    kinds = _kinds(union)

    assert len(set(kinds)) == len(kinds)
    assert all(kind == kind.lower() for kind in kinds)


@pytest.mark.parametrize("status", REACHED)
def test_what_is_written_to_the_journal_reads_back_the_same(status: Status) -> None:
    scene = story(status)

    stored = [record.model_dump_json() for record in scene.records]
    read_back = [Recorded.model_validate_json(one) for one in stored]

    assert read_back == scene.records
    assert fold(read_back) == scene.interview


@pytest.mark.parametrize("status", REACHED)
def test_a_newer_journal_can_be_read_by_older_code(status: Status) -> None:
    scene = story(status)

    records = []
    for record in scene.records:
        stored = json.loads(record.model_dump_json())
        records.append(Recorded.model_validate({**stored, **STRANGE, "event": {**stored["event"], **STRANGE}}))

    assert fold(records) == scene.interview


@pytest.mark.parametrize("model", [Recorded, BriefsFound, Lesson, SubmitEvaluation])
def test_what_cannot_be_read_is_not_repeated_in_the_error(model: type[BaseModel]) -> None:
    """It reaches the worker's log and, as an activity's failure, the Temporal UI."""
    words = secret("whatever stood there")
    stored = {"seq": 1, "at": words, "by": words, "event": {"kind": "moment_noted", "texts": words}, "form": words}

    with pytest.raises(ValidationError) as trouble:
        model.model_validate({**stored, "briefs": words, "content": words})

    assert words not in str(trouble.value)


@pytest.mark.parametrize("status", REACHED)
def test_an_interview_crosses_a_continue_as_new_unchanged_and_owes_the_same(status: Status) -> None:
    scene = story(status)

    carried = _interviews.validate_json(_interviews.dump_json(scene.interview))

    assert carried == scene.interview
    assert plan(carried, scene.now) == plan(scene.interview, scene.now)


def test_every_order_and_every_answer_of_the_stories_reads_back_the_same() -> None:
    orders, answers = _said_and_done()

    assert {order.kind for order in orders} == set(_kinds(Order))
    assert {answer.kind for answer in answers} == set(_kinds(Answer))
    for order in orders:
        stored = json.loads(_orders.dump_json(order))
        assert _orders.validate_python(stored) == order
        assert _orders.validate_python({**stored, **STRANGE}) == order
    for answer in answers:
        stored = json.loads(_answers.dump_json(answer))
        assert _answers.validate_python(stored) == answer
        assert _answers.validate_python({**stored, **STRANGE}) == answer


def _said_and_done() -> tuple[list[Order], list[Answer]]:
    scene, left = story(Status.CANCELLED), a_booking(process_id="p4")
    left.wait_until(left.start_of_booking)
    left.send("withdraw", by=CANDIDATE)
    at_meet = Scene.opened()
    at_meet.room, at_meet.rooms = None, "meet"
    at_meet.run()
    others: list[Answer] = [
        TimeTaken(key="r7/claim/all/1.1", by="calendar"),
        LetterRefused(key="k", smtp_code=550, address_is_bad=True),
        LetterUnsure(key="k"),
        GaveUp(key="k", order="send_letter", because="timeout"),
    ]
    return [*scene.asked, *left.asked, *at_meet.asked], [*scene.said, *left.said, *at_meet.said, *others]


@pytest.mark.parametrize("model", get_args(Event), ids=_kinds(Event))
def test_every_event_is_frozen_and_tolerates_what_it_does_not_know(model: type[BaseModel]) -> None:
    assert model.model_config["frozen"]
    assert model.model_config["extra"] == "ignore"


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_reads_back_the_same_and_means_the_same(kind: str) -> None:
    scene = story(Status.AWAITING_DECISION)
    for n in range(4):
        asked = command(kind, by="i1", **well_formed(kind, scene, "i1", n))

        stored = json.loads(asked.model_dump_json())

        assert _commands.validate_python(stored) == asked
        assert digest(_commands.validate_python(stored)) == digest(asked)


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_field_that_a_command_does_not_know_is_refused_by_its_name(kind: str) -> None:
    scene = story(Status.AWAITING_DECISION)
    payload = {"kind": kind, "by": "i1", **well_formed(kind, scene, "i1")}

    with pytest.raises(Refused) as refused:
        read(COMMANDS[kind], {**payload, "resaon": "a slip of the pen"})

    assert refused.value.code is Code.INVALID_COMMAND
    assert refused.value.sentence == "resaon: is not a field we know; check its spelling"


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_without_anybody_behind_it_is_refused(kind: str) -> None:
    scene = story(Status.AWAITING_DECISION)

    with pytest.raises(Refused) as refused:
        read(COMMANDS[kind], well_formed(kind, scene, "i1"))

    assert refused.value.code is Code.INVALID_COMMAND
    assert "by: " in refused.value.sentence


@pytest.mark.parametrize(
    ("kind", "fields", "fault"),
    [
        ("choose_slot", {"start": "2026-11-03T10:00:00"}, "start"),
        ("choose_slot", {}, "start"),
        ("note_moment", {"text": "   "}, "text"),
        ("note_moment", {"text": "x" * 4001}, "text"),
        ("note_moment", {"text": "bell \x07"}, "text"),
        ("cancel", {"reason": "two\nlines"}, "reason"),
        ("update_contact", {"email": "ada at example.org"}, "email"),
        ("update_contact", {"zone": "Berlin/../etc"}, "zone"),
        ("mark_attendance", {"who": "grace", "present": True}, "who"),
        ("submit_evaluation", {"form": {"form": "candidate", "overall": 6}}, "form.candidate.overall"),
        ("submit_evaluation", {"form": {"form": "candidate", "overall": 5, "mood": 1}}, "form.candidate.mood"),
        ("record_decision", {"outcome": "maybe", "process_over": True}, "outcome"),
        ("give_consent", {"layer": "everything"}, "layer"),
    ],
    ids=str,
)
def test_a_refusal_names_the_field_and_never_its_content(kind: str, fields: dict[str, object], fault: str) -> None:
    with pytest.raises(Refused) as refused:
        read(COMMANDS[kind], {"by": CANDIDATE, **fields})

    assert refused.value.sentence.startswith(f"{fault}: ")
    for value in fields.values():
        assert not isinstance(value, str) or value.strip() == "" or value not in refused.value.sentence


def test_two_bodies_have_two_digests() -> None:
    one = command("note_moment", by="i1", text="she drew the failure first")
    other = command("note_moment", by="i1", text="she drew the failure last")

    assert digest(one) != digest(other)


def test_the_smallest_request_starts_an_interview() -> None:
    smallest = request(candidate={"name": "Ada", "email": "ada@example.org"}, interviewers=["grace@acme.example"])

    assert smallest.interviewers[0].role == "LEAD"
    assert smallest.policy.slots_offered == 5
