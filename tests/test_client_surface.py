"""The client without a server: every command has its method, and what does not fit never leaves the backend."""

import inspect
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel
from temporalio.client import Client

from docs.generate import EXAMPLES
from entrevue.changes import Cancel
from entrevue.client import COMMANDS, FACTS, InterviewClient, InterviewHandle, NoServer
from entrevue.contract import Receipt
from entrevue.interview import Fact
from entrevue.negotiation import OfferSlots
from entrevue.permissions import TABLE, Command
from entrevue.request import InterviewRequest
from entrevue.values import CANDIDATE, Code, Refused, Status, digest
from entrevue.walltime import UnclearTime, WallTime

NOT_COMMANDS = {"view", "export", "timeline", "result", "send", "tell"}


class Outbox(InterviewHandle):
    """A handle that keeps what it would send."""

    def __init__(self) -> None:
        self.sent: list[tuple[Command, str | None]] = []

    async def send(self, command: Command, *, key: str | None = None) -> Receipt:
        self.sent.append((command, key))
        return Receipt(interview="r7", status=Status.SCHEDULED, revision=0, seq=1, digest=digest(command))


@pytest.fixture(name="client")
async def _client() -> InterviewClient:
    return InterviewClient(await Client.connect("127.0.0.1:1", lazy=True))


def test_every_command_has_one_method_and_every_method_is_a_command() -> None:
    methods = {name for name, _ in inspect.getmembers(InterviewHandle, inspect.isfunction) if not name.startswith("_")}

    assert methods - NOT_COMMANDS == set(COMMANDS)
    assert set(COMMANDS.values()) == set(get_args(Command))
    assert set(FACTS.values()) == set(get_args(Fact))


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_method_takes_what_its_command_holds(kind: str) -> None:
    model, method = COMMANDS[kind], getattr(InterviewHandle, kind)
    fields = {name: hint for name, hint in _hints(model).items() if name not in ("kind", "model_config")}
    taken = {name: _without_wall_times(hint) for name, hint in _hints(method).items()}

    assert taken.pop("return") is Receipt
    assert taken.pop("key") == str | None
    assert taken == fields
    assert method.__doc__


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_method_has_the_defaults_of_its_command(kind: str) -> None:
    model, parameters = COMMANDS[kind], inspect.signature(getattr(InterviewHandle, kind)).parameters

    assert parameters["key"].default is None
    for name, field in model.model_fields.items():
        if name in ("kind", "by"):
            continue
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == (inspect.Parameter.empty if field.is_required() else field.default), name


@pytest.mark.parametrize("kind", COMMANDS)
def test_who_sends_it_goes_without_saying_where_only_one_role_may(kind: str) -> None:
    by = inspect.signature(getattr(InterviewHandle, kind)).parameters["by"].default
    roles = TABLE[COMMANDS[kind]].roles

    if len(roles) == 1 and roles != {"interviewer"}:
        assert {by} == roles
    else:
        assert by is inspect.Parameter.empty


@pytest.mark.parametrize("kind", COMMANDS)
async def test_a_method_sends_its_command_as_it_was_filled_in(kind: str) -> None:
    outbox = Outbox()
    expected = COMMANDS[kind].model_validate(EXAMPLES[kind])
    fields = {name: value for name, value in expected if name != "kind"}
    await getattr(outbox, kind)(**fields, key="k1")

    assert outbox.sent == [(expected, "k1")]


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_command_reads_the_same_when_what_it_leaves_open_is_not_sent(kind: str) -> None:
    command = COMMANDS[kind].model_validate(EXAMPLES[kind])
    read_again = COMMANDS[kind].model_validate(command.model_dump(mode="json", exclude_none=True))

    assert read_again == command
    assert digest(read_again) == digest(command)


def test_nothing_that_a_command_holds_differs_between_none_and_left_out() -> None:
    nullable = [
        (model.__name__, name, field.default)
        for model in _all_models()
        for name, field in model.model_fields.items()
        if type(None) in get_args(field.annotation) and not field.is_required()
    ]

    assert nullable
    assert [one for one in nullable if one[2] is not None] == []


def test_a_request_reads_the_same_when_its_defaults_are_not_sent() -> None:
    request = InterviewRequest.model_validate(
        {
            "id": "r7",
            "role": "Backend engineer",
            "candidate": {"name": "Ada", "email": "ada@example.org"},
            "interviewers": ["grace@acme.example", "linus"],
            "policy": {"duration": 45, "minimum_notice": "PT48H"},
        }
    )
    sent = request.model_dump(mode="json", exclude_unset=True)

    assert sent["policy"] == {"duration": 45, "minimum_notice": "P2D"}
    assert InterviewRequest.model_validate(sent) == request


async def test_fields_that_do_not_fit_are_refused_by_name_before_anything_is_sent(client: InterviewClient) -> None:
    with pytest.raises(Refused) as refused:
        await client.interview("r7").cancel(by="nobody", reason="x" * 301)

    assert refused.value.code is Code.INVALID_COMMAND
    assert refused.value.sentence.startswith("by: ")
    assert "reason: " in refused.value.sentence


async def test_a_request_that_does_not_fit_is_refused_naming_the_field_and_not_its_value(
    client: InterviewClient,
) -> None:
    with pytest.raises(Refused) as refused:
        await client.start(
            {
                "id": "r 7",
                "role": "Backend engineer",
                "candidate": {"name": "Ada", "email": "ada at example.org"},
                "interviewers": [],
                "colour": "green",
            }
        )

    assert refused.value.code is Code.INVALID_COMMAND
    assert all(name in refused.value.sentence for name in ("id: ", "candidate.email: ", "interviewers: ", "colour: "))
    assert "ada at" not in refused.value.sentence


@pytest.mark.parametrize(("zone", "hint"), [("Europe/Berlinn", "did you mean Europe/Berlin?"), ("Mars/Olympus", "")])
async def test_a_zone_that_does_not_exist_is_refused_with_the_nearest_one(
    client: InterviewClient, zone: str, hint: str
) -> None:
    request = {
        "id": "r7",
        "role": "Backend engineer",
        "candidate": {"name": "Ada", "email": "ada@example.org", "zone": zone},
        "interviewers": ["grace"],
    }
    with pytest.raises(Refused, match=r"^candidate\.zone: ") as refused:
        await client.start(request)
    with pytest.raises(Refused, match=r"^zone: "):
        await client.interview("r7").update_contact(by=CANDIDATE, zone=zone)

    assert hint in refused.value.sentence


TEN_IN_BERLIN = WallTime(local=datetime(2026, 12, 1, 10), zone="Europe/Berlin")  # noqa: DTZ001 - that is its point


@pytest.mark.parametrize("kind", ["choose_slot", "book_slot", "reschedule"])
async def test_a_start_can_be_a_wall_time_and_is_sent_as_an_instant(kind: str) -> None:
    outbox = Outbox()
    await getattr(outbox, kind)(by="coordinator", start=TEN_IN_BERLIN)
    ((command, _),) = outbox.sent

    assert command == COMMANDS[kind].model_validate({"by": "coordinator", "start": "2026-12-01T09:00:00Z"})


async def test_slots_can_be_wall_times_and_instants_side_by_side() -> None:
    outbox = Outbox()
    aware = datetime(2026, 12, 2, 9, tzinfo=UTC)
    await outbox.offer_slots(by="coordinator", slots=(TEN_IN_BERLIN, aware))
    ((command, _),) = outbox.sent

    assert command == OfferSlots(by="coordinator", slots=(datetime(2026, 12, 1, 9, tzinfo=UTC), aware))


@pytest.mark.parametrize(
    ("local", "code"),
    [
        (datetime(2027, 3, 28, 2, 30), Code.NONEXISTENT_LOCAL_TIME),  # noqa: DTZ001 - that is its point
        (datetime(2026, 10, 25, 2, 30), Code.AMBIGUOUS_LOCAL_TIME),  # noqa: DTZ001 - that is its point
    ],
)
async def test_a_wall_time_that_is_never_or_twice_is_refused_before_anything_is_sent(
    local: datetime, code: Code
) -> None:
    outbox = Outbox()
    with pytest.raises(UnclearTime, match=r"^start: ") as refused:
        await outbox.book_slot(by="coordinator", start=WallTime(local=local, zone="Europe/Berlin"))

    assert refused.value.code is code
    assert outbox.sent == []


async def test_a_viewer_who_is_nobody_is_refused(client: InterviewClient) -> None:
    with pytest.raises(Refused, match=r"^viewer: "):
        await client.interview("r7").view("ada")


async def test_a_question_for_what_was_learned_is_refused_before_anything_is_sent(client: InterviewClient) -> None:
    with pytest.raises(Refused, match=r"^person: ") as refused:
        await client.profile("grace and others")
    with pytest.raises(Refused, match=r"^interview: "):
        await client.record("r 7")

    assert refused.value.code is Code.INVALID_COMMAND
    assert "and others" not in refused.value.sentence


async def test_a_server_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    with pytest.raises(NoServer, match="TEMPORAL_ADDRESS") as missing:
        await InterviewClient.connect()

    assert missing.value.address == "127.0.0.1:1"


def test_the_digest_tells_two_commands_apart_that_hold_the_same() -> None:
    assert digest(Cancel(by="coordinator")) != digest(COMMANDS["withdraw"].model_validate({"by": "coordinator"}))


def _hints(thing: object) -> dict[str, object]:
    return get_type_hints(thing)


def _without_wall_times(hint: Any) -> object:  # noqa: ANN401 - any type hint there is
    """Give what the command itself holds where a method takes a wall time, too."""
    if get_origin(hint) is tuple:
        return tuple[_without_wall_times(get_args(hint)[0]), ...]  # type: ignore[misc]  # a hint made while running
    kinds = get_args(hint)
    if WallTime not in kinds:
        return hint
    return reduce(or_, (kind for kind in kinds if kind is not WallTime))


def _all_models() -> set[type[BaseModel]]:
    """Every command and whatever it holds."""
    found: set[type[BaseModel]] = set()
    waiting: list[object] = [*COMMANDS.values()]
    while waiting:
        one = waiting.pop()
        if isinstance(one, type) and issubclass(one, BaseModel) and one not in found:
            found.add(one)
            waiting += [field.annotation for field in one.model_fields.values()]
        waiting += [part for part in get_args(one) if part is not Ellipsis]
    return found
