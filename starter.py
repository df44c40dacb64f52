"""The command line over the client, for backends' developers and for operators: `python starter.py --help`."""

import argparse
import asyncio
import inspect
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from pydantic import BaseModel, JsonValue, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from entrevue.attention import RANKS
from entrevue.client import (
    COMMANDS,
    FACTS,
    InterviewClient,
    InterviewHandle,
    NoAnswerYet,
    NoServer,
    UnknownInterview,
)
from entrevue.contract import TASK_QUEUE, Receipt, read
from entrevue.learning import Learned
from entrevue.permissions import TABLE
from entrevue.request import InterviewRequest
from entrevue.values import CANDIDATE, Actor, InterviewId, PersonId, Refused, Slot, Status, Who
from entrevue.walltime import UnclearTime, WallTime, instant, zone_rules
from leaving import leave

_Model = TypeVar("_Model", bound=BaseModel)
_OBJECT = TypeAdapter(dict[str, JsonValue])


class Exit(IntEnum):
    """What the shell is told."""

    DONE = 0
    TROUBLE = 1
    USAGE = 2
    REFUSED = 3
    UNKNOWN_INTERVIEW = 4
    NO_SERVER = 5
    NO_ANSWER_YET = 6


class UsageError(Exception):
    """What was typed does not fit; the message says what to type instead."""


def main(words: Sequence[str]) -> Exit:
    arguments = parser().parse_args(_hyphened(words))
    try:
        asyncio.run(_run(arguments))
    except (UsageError, Refused, UnknownInterview, NoServer, NoAnswerYet, RPCError, WorkflowUpdateFailedError) as error:
        return _complain(error, as_json=arguments.json)
    except BrokenPipeError:  # whoever reads us, like `head`, has enough
        pass
    except KeyboardInterrupt:
        return Exit.TROUBLE
    return Exit.DONE


async def _run(arguments: argparse.Namespace) -> None:
    if arguments.verb == "schema":
        models: Mapping[str, type[BaseModel]] = {**COMMANDS, **FACTS}
        sys.stdout.write(_json(models[arguments.name].model_json_schema()))
        return
    outcome = await _VERBS.get(arguments.verb, _send)(arguments)
    sys.stdout.write(_json(outcome.data) if arguments.json else outcome.text)


async def _connect(arguments: argparse.Namespace) -> InterviewClient:
    try:
        return await InterviewClient.connect(task_queue=getattr(arguments, "task_queue", TASK_QUEUE))
    except (RuntimeError, ValueError) as error:  # how Temporal says that a profile or an address is wrong
        raise UsageError(str(error)) from error


async def _interview(arguments: argparse.Namespace) -> InterviewHandle:
    return (await _connect(arguments)).interview(arguments.id)


# --- verbs -----------------------------------------------------------------------------------------------------------


class Outcome(BaseModel):
    """What a verb has to say, for a program and for a person."""

    data: JsonValue
    text: str


async def _start(arguments: argparse.Namespace) -> Outcome:
    request = _checked(InterviewRequest, _read_json(arguments.file))
    handle = await (await _connect(arguments)).start(request)
    said = "has begun" if handle.created else "exists already; nothing was started"
    return Outcome(
        data={"interview": handle.id, "created": handle.created},
        text=f"{handle.id} {said}\nlook at it:  python starter.py show {handle.id}\n",
    )


async def _send(arguments: argparse.Namespace) -> Outcome:
    command = _message(COMMANDS[arguments.kind], arguments, _default_by(arguments.kind))
    receipt = await (await _interview(arguments)).send(command, key=arguments.key)
    return Outcome(data=receipt.model_dump(mode="json"), text=_receipt(command.kind, receipt))


async def _tell(arguments: argparse.Namespace) -> Outcome:
    fresh: dict[str, JsonValue] = {"source_id": f"starter-{uuid4().hex}", "at": datetime.now(UTC).isoformat()}
    fact = _message(FACTS[arguments.kind], arguments, fresh)
    await (await _interview(arguments)).tell(fact)
    return Outcome(data={"told": fact.kind}, text=f"{fact.kind} told; `timeline` shows what was made of it\n")


async def _show(arguments: argparse.Namespace) -> Outcome:
    view = await (await _interview(arguments)).view(arguments.viewer)
    return Outcome(data=view.model_dump(mode="json"), text="\n".join(_lines(view)) + "\n")


async def _export(arguments: argparse.Namespace) -> Outcome:
    kept = await (await _interview(arguments)).export(arguments.viewer)
    nothing = "there is nothing to take home yet: it is there once both gates have opened\n"
    return Outcome(data=kept.model_dump(mode="json"), text=kept.document or nothing)


async def _timeline(arguments: argparse.Namespace) -> Outcome:
    happened = await (await _interview(arguments)).timeline()
    return Outcome(data=[one.model_dump(mode="json") for one in happened], text="\n".join(_table(happened)) + "\n")


async def _list(arguments: argparse.Namespace) -> Outcome:
    client = await _connect(arguments)
    status = Status(arguments.status) if arguments.status else None
    found = [one async for one in client.search(status=status, attention=arguments.attention, query=arguments.query)]
    text = "\n".join(_table(found)) if found else "no interview fits"
    return Outcome(data=[one.model_dump(mode="json") for one in found], text=f"{text}\n")


async def _attention(arguments: argparse.Namespace) -> Outcome:
    needed = await (await _connect(arguments)).attention()
    text = "\n".join(_table(needed)) if needed else "nothing needs a person"
    return Outcome(data=[one.model_dump(mode="json") for one in needed], text=f"{text}\n")


async def _reviews(arguments: argparse.Namespace) -> Outcome:
    waiting = await (await _connect(arguments)).reviews()
    text = "\n\n".join("\n".join(_lines(one)) for one in waiting) if waiting else "nothing waits for a review"
    return Outcome(data=[one.model_dump(mode="json") for one in waiting], text=f"{text}\n")


async def _profile(arguments: argparse.Namespace) -> Outcome:
    return _learned(await (await _connect(arguments)).profile(arguments.person))


async def _aggregates(arguments: argparse.Namespace) -> Outcome:
    return _learned(await (await _connect(arguments)).aggregates(viewer=arguments.viewer))


async def _record(arguments: argparse.Namespace) -> Outcome:
    return _learned(await (await _connect(arguments)).record(arguments.id))


def _learned(learned: Learned) -> Outcome:
    return Outcome(data=learned.model_dump(mode="json"), text="\n".join(_lines(learned)) + "\n")


async def _register(arguments: argparse.Namespace) -> Outcome:
    client = await _connect(arguments)
    try:
        new = await client.register_search_attributes()
    except ValueError as error:
        raise UsageError(str(error)) from error
    return Outcome(data={"registered": list(new)}, text=f"registered: {', '.join(new) or 'nothing, all were known'}\n")


_VERBS = {
    "start": _start,
    "tell": _tell,
    "show": _show,
    "export": _export,
    "timeline": _timeline,
    "list": _list,
    "attention": _attention,
    "reviews": _reviews,
    "profile": _profile,
    "aggregates": _aggregates,
    "record": _record,
    "register-search-attributes": _register,
}

# --- what can be typed -----------------------------------------------------------------------------------------------


@cache
def parser() -> argparse.ArgumentParser:
    """Make the parser: a verb each for reading and starting, and one for every command there is."""
    every = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    every.add_argument("--json", action="store_true", help="print JSON, for programs")
    top = argparse.ArgumentParser(
        prog="starter.py",
        description="Start interviews, send them commands and look at them.",
        epilog="The server is looked for as Temporal's own profiles and TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, … say. "
        "Exit codes: " + ", ".join(f"{code} {code.name.lower().replace('_', ' ')}" for code in Exit) + ".",
        allow_abbrev=False,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB", title="verbs")

    def verb(name: str, about: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, parents=[every], help=about, description=about, allow_abbrev=False)

    start = verb("start", "start an interview, or find the one of this id that exists")
    start.add_argument("file", help="the request as JSON, like docs/examples/request.json; - reads it from the input")
    start.add_argument("--task-queue", default=TASK_QUEUE, help="where the workers listen (%(default)s)")
    show = verb("show", "show an interview as somebody may see it")
    show.add_argument("id")
    show.add_argument("--as", dest="viewer", default="coordinator", help="candidate, i1, …, or a role (%(default)s)")
    kept = verb("export", "give somebody what is theirs to keep: a document to read, or all of it with --json")
    kept.add_argument("id")
    kept.add_argument("--as", dest="viewer", default=CANDIDATE, help="candidate, i1, … (%(default)s)")
    verb("timeline", "list what happened when").add_argument("id")
    found = verb("list", "find interviews")
    found.add_argument("--status", choices=list(Status), metavar="STATUS", help="like AWAITING_CANDIDATE")
    found.add_argument("--attention", choices=RANKS, help="the most urgent thing that needs a person")
    found.add_argument("--query", help="in Temporal's list filter syntax")
    verb("attention", "say what needs a person, one line a cause, whatever it keeps waiting")
    verb("reviews", "list what waits for a review before candidates may read it, the earliest due first")
    profile = verb("profile", "show an interviewer's growth profile, which is for nobody else's eyes")
    profile.add_argument("person", help="their id in the directory")
    aggregates = verb("aggregates", "show how candidates feel about interviews here: figures of five of them or more")
    readers = ("coordinator", "decision_maker")
    aggregates.add_argument("--as", dest="viewer", default=readers[0], choices=readers, help="who reads (%(default)s)")
    record = verb("record", "show a candidate what they have learned in all their interviews; for nobody else's eyes")
    record.add_argument("id", help="of one of their interviews")
    for reading in (profile, aggregates, record):
        reading.add_argument("--task-queue", default=TASK_QUEUE, help="where the workers listen (%(default)s)")
    verb("register-search-attributes", "make the server know the attributes by which `list` finds interviews")
    schema = verb("schema", "print the JSON Schema of a command or a fact")
    schema.add_argument("name", type=_kind, choices=[*COMMANDS, *FACTS], metavar="NAME")
    facts = verb("tell", "tell what happened in the world").add_subparsers(required=True, metavar="FACT")
    for kind, fact in FACTS.items():
        _add_fields(facts.add_parser(_hyphens(kind), parents=[every], allow_abbrev=False), kind, fact)
    for kind, command in COMMANDS.items():
        sender = verb(_hyphens(kind), str(getattr(InterviewHandle, kind).__doc__))
        _add_fields(sender, kind, command)
        sender.add_argument("--key", help="sent again with the same key, a command is applied once and answered alike")
    return top


def _add_fields(sender: argparse.ArgumentParser, kind: str, model: type[BaseModel]) -> None:
    """Add an option for each field; what is no single word is given as JSON."""
    sender.set_defaults(kind=kind)
    sender.add_argument("id", help="of the interview")
    sender.add_argument("--payload", metavar="JSON", help="the whole content as JSON; - reads it from the input")
    options = _options(model)
    for name, option in options.items():
        about = _senders(kind) if name == "by" else option.about
        sender.add_argument(f"--{_hyphens(name)}", dest=f"field {name}", metavar=option.metavar, help=about)
    if any(option.time for option in options.values()):
        clock = sender.add_argument_group("times by the clock on a wall, like 2026-12-01 10:00")
        clock.add_argument("--zone", help="whose clock, like Europe/Berlin, shows the times given without offset")
        clock.add_argument("--fold", choices=("0", "1"), help="which one, where the clocks go back and show it twice")


def _hyphened(words: Sequence[str]) -> list[str]:
    """Allow `choose_slot` for `choose-slot`, and `--expected_revision`; what the options hold stays as it is."""
    names = 2 if words[:1] == ["tell"] else 1
    return [
        "=".join([_hyphens(word.partition("=")[0]), *word.split("=", 1)[1:]])
        if n < names or word.startswith("--")
        else word
        for n, word in enumerate(words)
    ]


def _hyphens(name: str) -> str:
    return name.replace("_", "-")


def _kind(name: str) -> str:
    return name.replace("-", "_")


def _senders(kind: str) -> str:
    people = "i1, i2, …"
    roles = ", ".join(people if role == "interviewer" else role for role in sorted(TABLE[COMMANDS[kind]].roles))
    return f"who sends it: {roles}"


def _default_by(kind: str) -> dict[str, JsonValue]:
    """Where only one role may send a command, the client knows it."""
    default = inspect.signature(getattr(InterviewHandle, kind)).parameters["by"].default
    return {} if default is inspect.Parameter.empty else {"by": default}


@dataclass(frozen=True)
class _Option:
    """How one field is typed: as a word, or as JSON where no word can hold it."""

    metavar: str
    about: str | None
    time: bool
    """One instant, or a list of them."""

    @property
    def json(self) -> bool:
        return self.metavar == "JSON"


@cache
def _options(model: type[BaseModel]) -> dict[str, _Option]:
    schema = _object(model.model_json_schema())
    fields, named = _object(schema["properties"]), _object(schema.get("$defs", {}))
    return {name: _option(_object(field), named) for name, field in fields.items() if name != "kind"}


def _option(field: dict[str, JsonValue], named: dict[str, JsonValue]) -> _Option:
    either = field.get("anyOf")
    given = [_object(one) for one in either] if isinstance(either, list) else [field]
    plain = next(one for one in given if one.get("type") != "null")
    plain |= _object(named.get(str(plain.get("$ref")).removeprefix("#/$defs/"), {}))
    about, enum = field.get("description"), plain.get("enum")
    items = plain.get("items")
    time = "date-time" in (plain.get("format"), _object(items).get("format") if isinstance(items, dict) else None)
    match plain.get("type"):
        case "string" if isinstance(enum, list):
            metavar = "|".join(str(one) for one in enum)
        case "string" if time:
            metavar = "TIME"
        case "string":
            metavar = "TEXT"
        case "integer":
            metavar = "NUMBER"
        case "boolean":
            metavar = "true|false"
        case _:
            metavar = "JSON"
    return _Option(metavar=metavar, about=str(about) if about else None, time=time)


# --- from words to messages ------------------------------------------------------------------------------------------


def _message(model: type[_Model], arguments: argparse.Namespace, defaults: Mapping[str, JsonValue]) -> _Model:
    typed = {name.removeprefix("field "): word for name, word in vars(arguments).items() if name.startswith("field ")}
    options = _options(model)
    fields: dict[str, JsonValue] = {
        name: _from_json(word, f"--{name}") if options[name].json else word
        for name, word in typed.items()
        if word is not None
    }
    payload = _object(_from_json(_standard_input(arguments.payload), "--payload")) if arguments.payload else {}
    given = {**defaults, **payload, **fields}
    times = [name for name, option in options.items() if option.time and name in given]
    return _checked(model, given | {name: _instants(given[name], name, arguments) for name in times})


def _instants(given: JsonValue, field: str, arguments: argparse.Namespace) -> JsonValue:
    """Turn what the clock on a wall shows into instants; what is no such time is left to be judged with the rest."""
    if isinstance(given, list):
        return [_instants(one, f"{field}.{n}", arguments) for n, one in enumerate(given)]
    local = _naive(given)
    if arguments.zone is None or local is None:
        return given
    fold = None if arguments.fold is None else int(arguments.fold)
    return instant(read(WallTime, {"local": local, "zone": arguments.zone, "fold": fold}), field).isoformat()


def _naive(given: JsonValue) -> datetime | None:
    if not isinstance(given, str) or ":" not in given:  # a day alone is no time
        return None
    try:
        local = datetime.fromisoformat(given)
    except ValueError:
        return None
    return local if local.tzinfo is None else None


def _read_json(file: str) -> dict[str, JsonValue]:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: {error.strerror if isinstance(error, OSError) else 'is not UTF-8'}") from None
    return _object(_from_json(text, "the input" if file == "-" else file))


def _standard_input(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _from_json(text: str, where: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{where}, line {error.lineno}, column {error.colno}: {error.msg}; this is no JSON") from None
    return value


def _object(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise UsageError('a JSON object is wanted, like {"by": "coordinator"}')
    return _OBJECT.validate_python(value)


def _checked(model: type[_Model], payload: Mapping[str, JsonValue]) -> _Model:
    try:
        return model.model_validate(payload)
    except ValidationError as problem:
        faults = problem.errors(include_url=False, include_input=False)
        raise UsageError("\n".join(_fault(fault, model) for fault in faults)) from None


def _fault(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """Name the field and the remedy; never the value, which may be private."""
    where = ".".join(str(part) for part in fault["loc"])
    match fault["type"]:
        case "missing":
            return f"{where}: is missing"
        case "timezone_aware":
            return f"{where}: say the offset from UTC as well, like 2026-12-01T15:00:00+01:00 or …Z, or give --zone"
        case "datetime_from_date_parsing" | "datetime_parsing":
            return f"{where}: is no time; write it like 2026-12-01T15:00:00+01:00"
        case "string_pattern_mismatch" if fault["ctx"]["pattern"] in _SHAPES:
            return f"{where}: {_SHAPES[fault['ctx']['pattern']]}"
        case "extra_forbidden":
            similar = get_close_matches(str(fault["loc"][-1]), model.model_fields, n=1)
            return f"{where}: is not a field we know" + (f"; did you mean {similar[0]}?" if similar else "")
        case _:
            return f"{where or 'the content'}: {fault['msg'].removeprefix('Value error, ')}"


_SHAPES = {
    TypeAdapter(kind).json_schema()["pattern"]: wanted
    for kind, wanted in (
        (Actor, "give a person of the interview (candidate, i1, i2, …) or a role (coordinator, backend, …)"),
        (Who, "give a person of the interview: candidate, i1, i2, …"),
        (InterviewId, "give letters, digits, - and _, at most 64; no @ and no spaces"),
        (PersonId, "give a person's id in the directory, or their address"),
    )
}

# --- from answers to text --------------------------------------------------------------------------------------------


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _receipt(kind: str, receipt: Receipt) -> str:
    return f"{kind} accepted: {receipt.interview} is {receipt.status}, revision {receipt.revision}\n"


def _lines(model: BaseModel, indent: str = "") -> Iterator[str]:
    """One line a field, names aligned; what is empty is left out."""
    filled = {
        name: value for name, value in model if value is not None and value is not False and value not in ((), {})
    }
    width = max((len(name) for name in filled), default=0)
    for name, value in filled.items():
        label = f"{indent}{name:<{width}}  "
        if isinstance(value, BaseModel) and not isinstance(value, Slot):
            yield label.rstrip()
            yield from _lines(value, f"{indent}  ")
        elif isinstance(value, dict):
            yield label.rstrip()
            yield from _named(value, f"{indent}  ")
        elif isinstance(value, tuple) and all(isinstance(one, str) for one in value):
            yield from _hanging(label, value)
        elif isinstance(value, tuple) and all(isinstance(one, Slot) for one in value):
            yield from _hanging(label, [_cell(one) for one in value])
        elif isinstance(value, tuple):
            yield label.rstrip()
            yield from _table(value, f"{indent}  ")
        else:
            yield label + _cell(value)


def _named(entries: Mapping[str, object], indent: str) -> Iterator[str]:
    width = max(len(name) for name in entries)
    yield from (f"{indent}{name:<{width}}  {_cell(one)}" for name, one in entries.items())


def _hanging(label: str, texts: Sequence[str]) -> Iterator[str]:
    yield from (f"{label if n == 0 else ' ' * len(label)}{text}" for n, text in enumerate(texts))


def _table(rows: Sequence[BaseModel], indent: str = "") -> Iterator[str]:
    names = list(type(rows[0]).model_fields)
    cells = [names, *([_cell(getattr(row, name)) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        yield indent + "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    match value:
        case None | () | False:
            return "-"
        case True:
            return "yes"
        case Slot():
            return _slot(value)
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
        case tuple():
            return ", ".join(_cell(one) for one in value)
        case BaseModel():
            return ", ".join(f"{name} {_cell(field)}" for name, field in value if field is not None)
        case _:
            return str(value)


def _slot(slot: Slot) -> str:
    """The instant first, so that it can be copied into a command; then the wall time that was promised."""
    try:
        wall = slot.start.astimezone(zone_rules(slot.zone))
    except Refused:
        wall = slot.start
    return f"{slot.start:%Y-%m-%dT%H:%M:%SZ}  {wall:%a %d %b %H:%M} {slot.zone}, {slot.minutes} min"


def _complain(error: Exception, *, as_json: bool) -> Exit:
    code, name, sentence = _trouble(error)
    complaint: dict[str, JsonValue] = {"error": name, "sentence": sentence}
    if isinstance(error, NoAnswerYet) and error.key is not None:
        complaint["key"] = error.key
    if isinstance(error, UnclearTime):
        complaint["either"] = [_cell(at) for at in error.either]
    text = f"{sentence}\n" if code is Exit.USAGE else f"{name}: {sentence}\n"
    sys.stderr.write(_json(complaint) if as_json else text)
    return code


def _trouble(error: Exception) -> tuple[Exit, str, str]:
    match error:
        case UsageError():
            return Exit.USAGE, "usage", str(error)
        case Refused():
            return Exit.REFUSED, error.code.value, error.sentence
        case UnknownInterview():
            return Exit.UNKNOWN_INTERVIEW, "unknown_interview", f"{error}; `list` shows those there are"
        case NoServer():
            return Exit.NO_SERVER, "no_server", str(error)
        case NoAnswerYet():
            return Exit.NO_ANSWER_YET, "no_answer_yet", str(error)
        case RPCError(status=RPCStatusCode.INVALID_ARGUMENT):
            return Exit.USAGE, "usage", error.message
        case WorkflowUpdateFailedError():
            return Exit.TROUBLE, "trouble", str(error.cause)
        case _:
            return Exit.TROUBLE, "trouble", str(error)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
