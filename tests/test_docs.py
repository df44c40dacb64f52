"""What is generated is as the code is, and what is given as an example works."""

import ast
import importlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from activities.calendar import CalendarRefused
from activities.letters import LinkSettings
from adapters.caldav.calendars import CalDavSettings
from adapters.google.settings import SCOPES, GoogleSettings
from adapters.google.words import token_trouble
from adapters.google.words import trouble as google_trouble
from adapters.graph.settings import GraphSettings
from adapters.graph.words import login_trouble
from adapters.push.address import PushSettings
from adapters.rest import Reply
from adapters.sql.database import METADATA
from docs.generate import CODES, ROOT, all_schemas, files
from entrevue import learning, rubrics
from entrevue.attention import CLEARS
from entrevue.client import COMMANDS, InterviewClient, InterviewHandle
from entrevue.contract import SEARCH_ATTRIBUTES
from entrevue.disputes import Ruling
from entrevue.links import Grant, mint
from entrevue.permissions import TABLE
from entrevue.request import InterviewRequest, Policy
from entrevue.values import CANDIDATE, Code, Intake, SeatRole

SCHEMAS = ROOT / "docs" / "schemas"


@pytest.mark.parametrize(("path", "text"), files().items(), ids=lambda one: getattr(one, "stem", "text"))
def test_a_generated_file_is_up_to_date(path: object, text: str) -> None:
    committed = ROOT.joinpath(str(path)).read_text(encoding="utf-8")

    assert committed == text, "run `make schemas`"


def test_no_schema_is_left_of_what_is_gone() -> None:
    assert {path.stem for path in SCHEMAS.glob("*")} == set(all_schemas())


@pytest.mark.parametrize("page", ["operating.md", "other-languages.md"])
def test_every_search_attribute_is_explained(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")

    assert [name for name in SEARCH_ATTRIBUTES if f"`{name}`" not in text] == []


def test_the_command_that_registers_search_attributes_names_each_with_its_type() -> None:
    text = (ROOT / "docs" / "other-languages.md").read_text(encoding="utf-8")

    assert dict(re.findall(r"--name (\w+) --type (\w+)", text)) == SEARCH_ATTRIBUTES


def test_every_cause_of_attention_is_explained() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")

    assert [cause for cause in CLEARS if f"`{cause}`" not in text and f"`{cause}:" not in text] == []


def test_what_helps_with_a_cause_of_attention_is_named_beside_it() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = [line for line in text.splitlines() if line.startswith("| `")]
    rows = {cause: line for line in table for cause in re.findall(r"`([A-Z_]+)[:`]", line)}

    assert [
        cause for cause, helps in CLEARS.items() if helps and not any(f"`{one}`" in rows[cause] for one in helps)
    ] == []
    assert [cause for cause in rows.keys() & CLEARS.keys() if _commands(rows[cause]) - COMMANDS.keys()] == []


def test_every_table_of_the_database_is_explained() -> None:
    text = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")

    assert [table for table in METADATA.tables if f"| `{table}` |" not in text] == []


def test_every_code_is_explained() -> None:
    assert set(CODES) == set(Code)


@pytest.mark.parametrize("example", ["request.json", "panel.json"])
def test_an_example_is_a_request(example: str) -> None:
    request = InterviewRequest.model_validate_json((ROOT / "docs" / "examples" / example).read_bytes())

    assert request.interviewers[0].role is SeatRole.LEAD
    assert request.policy.duration == 40


def test_the_schema_of_a_request_allows_an_interviewer_to_be_named_by_their_address_alone() -> None:
    schema = json.loads((SCHEMAS / "interview_request.json").read_text(encoding="utf-8"))
    seat, name = schema["properties"]["interviewers"]["items"]["anyOf"]

    assert seat == {"$ref": "#/$defs/SeatRequest"}
    assert name["type"] == "string"


# --- docs/mutual-learning.md: what it promises is what the code does -------------------------------------------------

PAGE = (ROOT / "docs" / "mutual-learning.md").read_text(encoding="utf-8")
PLACES: dict[str, object] = {"policy": Policy(), "rubrics": rubrics, "learning": learning}
IN_WORDS = {3: "three", 5: "five", 10: "ten"}


def _section(title: str) -> str:
    """Give what stands between a heading and the next one of its rank."""
    level = re.search(rf"^(#+) {re.escape(title)}$", PAGE, re.MULTILINE)
    assert level is not None, f"the page has no section {title}"
    rest = PAGE[level.end() :]
    ends = re.search(rf"^#{{1,{len(level[1])}}} ", rest, re.MULTILINE)
    return rest[: ends.start()] if ends else rest


def _rows(section: str) -> list[list[str]]:
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def _numbers() -> dict[str, str]:
    return {where.strip("`"): number for _, number, where in _rows(_section("The numbers"))[1:]}


def _as_written(where: str) -> str:
    """Give a number of the code as the page writes it; up to two days are counted in hours."""
    place, _, name = where.partition(".")
    value = getattr(PLACES[place], name)
    unit = next((unit for end, unit in UNITS.items() if name.endswith(end)), "")
    return ", ".join(_length(one) if isinstance(one, timedelta) else f"{one}{unit}" for one in _each(value))


UNITS = {"_business_days": " business days", "_days": " days", "_MINUTES": " min", "duration": " min"}


def _each(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)


def _length(value: timedelta) -> str:
    hours = value // timedelta(hours=1)
    return f"{hours} h" if hours <= 48 else f"{hours // 24} days"


@pytest.mark.parametrize(("where", "number"), _numbers().items())
def test_a_number_that_is_promised_is_the_number_of_the_code(where: str, number: str) -> None:
    assert number == _as_written(where)


def test_the_numbers_that_people_rely_on_are_promised() -> None:
    promised = _numbers().keys()

    assert promised >= {
        "learning.K",
        "rubrics.CANDIDATE_MINUTES",
        "rubrics.MOST_ASSIGNED",
        "rubrics.SCORECARD_MINUTES",
        "policy.dispute_days",
        "policy.evaluation_days",
        "policy.rejection_pause",
        "policy.review_business_days",
        "policy.ruling_business_days",
    }


def test_no_time_is_named_that_the_table_of_numbers_does_not_hold() -> None:
    prose = PAGE.replace(_section("The evidence"), "")
    named = re.findall(r"(\d+) (business days?|days?|hours?|minutes?)\b", prose)
    short = {"minute": "min", "hour": "h"}

    said = {f"{number} {short.get(unit.rstrip('s'), unit)}" for number, unit in named}

    assert len(said) > 7
    assert said - set(_numbers().values()) == set()


def test_numbers_in_words_are_those_of_the_code() -> None:
    said = (
        f"batches of {IN_WORDS[learning.K]}",
        f"over {IN_WORDS[learning.K]} candidates or more",
        f"at most {IN_WORDS[rubrics.MOST_ASSIGNED]} competencies, in {IN_WORDS[rubrics.SCORECARD_MINUTES]} minutes",
        f"a scorecard of {IN_WORDS[rubrics.SCORECARD_MINUTES]} minutes at most",
        f"a form of {IN_WORDS[rubrics.CANDIDATE_MINUTES]} minutes at most",
    )

    assert [one for one in said if one not in PAGE] == []


@pytest.mark.parametrize(
    ("who", "form", "minutes"),
    [
        ("interviewer", rubrics.Scorecard, rubrics.SCORECARD_MINUTES),
        ("candidate", rubrics.CandidateForm, rubrics.CANDIDATE_MINUTES),
    ],
)
def test_what_a_form_asks_is_listed_whole(who: str, form: type[Intake], minutes: int) -> None:
    rows = _rows(_section("What it asks of you"))
    _, at_most, required, optional = next(row for row in rows if row[0].startswith(who))

    assert at_most == f"{minutes} min"
    assert re.findall(r"`(\w+)`", required + optional) == [name for name in form.model_fields if name != "form"]


def test_the_time_that_a_form_takes_is_the_time_that_was_measured() -> None:
    asks, rubric = _section("What it asks of you"), rubrics.DEFAULT_RUBRIC
    whole, least = (rubrics.scorecard_length(rubric, rubric.assigned, least=one).minutes for one in (False, True))
    asked, tap = rubrics.candidate_length().minutes, rubrics.candidate_length("a_tap").minutes * 60

    rates = re.search(r"At (\d+) words a minute to read, (\d+) to write and (\d+) s a choice", asks)
    lengths = re.search(r"takes ([\d.]+) min .* and\s([\d.]+) min .* form ([\d.]+) min .* (\d+) s\.", asks)

    assert rates is not None
    assert [int(one) for one in rates.groups()] == [
        rubrics.READ_A_MINUTE,
        rubrics.WRITTEN_A_MINUTE,
        rubrics.SECONDS_A_TAP,
    ]
    assert lengths is not None
    assert lengths.groups() == (f"{whole:.1f}", f"{least:.1f}", f"{asked:.2f}", f"{tap:.0f}")


def test_a_single_tap_is_a_form() -> None:
    required = [name for name, field in rubrics.CandidateForm.model_fields.items() if field.is_required()]

    assert required == ["overall"]


def test_all_three_choices_of_who_reads_the_form_are_explained() -> None:
    choices = get_args(next(one for one in get_args(_annotation("share")) if one is not type(None)))
    explained = [row[0] for row in _rows(_section("Who reads what I write?"))[1:]]

    assert len(explained) == len(choices)
    for choice, row in zip(choices, explained, strict=True):
        assert f"*{choice.replace('_', ' ')}*" in row


def _annotation(field: str) -> object:
    return rubrics.CandidateForm.model_fields[field].annotation


def test_every_ruling_is_explained() -> None:
    objecting = _section("I object")

    assert [one for one in get_args(Ruling) if f"*{one}*" not in objecting] == []


def _commands(text: str) -> set[str]:
    """Give what looks like a command: a verb and an object, in code."""
    return set(re.findall(r"`([a-z]+_[a-z_]+)`", text))


def test_every_command_that_is_named_exists() -> None:
    fields = {name for form in (rubrics.Scorecard, rubrics.CandidateForm) for name in form.model_fields}

    assert _commands(PAGE) - COMMANDS.keys() - fields - InterviewRequest.model_fields.keys() == set()


def test_what_a_candidate_is_told_to_send_they_may_send() -> None:
    named = _commands(_section("For candidates"))

    assert len(named) > 7
    assert [name for name in named if CANDIDATE not in TABLE[COMMANDS[name]].roles] == []


# --- docs/links.md: what another language verifies by ----------------------------------------------------------------

LINKS = (ROOT / "docs" / "links.md").read_text(encoding="utf-8")
VECTOR = dict(re.findall(r"^\| (secret|text|body|signature) \| `(.+)` \|$", LINKS, re.MULTILINE))


def _verify(token: str, secret: str, now: float) -> dict[str, str]:
    """Run the page's own program."""
    (program,) = re.findall(r"^```python\n(import.*?)^```", LINKS, re.MULTILINE | re.DOTALL)
    names: dict[str, Callable[..., dict[str, str]]] = {}
    exec(compile(program, "docs/links.md", "exec"), names)  # noqa: S102 - that it runs is what is tested
    return names["verify"](token, secret, now)


def test_the_test_vector_is_a_link_of_ours() -> None:
    names = VECTOR["text"].split("/")
    grant = Grant.model_validate(
        dict(zip(("interview", "whom", "purpose", "revision", "expires"), [*names[:4], int(names[4])], strict=True))
    )

    assert mint(grant, VECTOR["secret"].encode()) == f"{VECTOR['body']}.{VECTOR['signature']}"


def test_the_program_on_the_page_verifies_what_we_sign_and_nothing_else() -> None:
    token, secret = f"{VECTOR['body']}.{VECTOR['signature']}", VECTOR["secret"]
    end = int(VECTOR["text"].rpartition("/")[2])

    assert "/".join(_verify(token, secret, end - 1).values()) == VECTOR["text"]
    for given, key, now in ((token, secret, end), (token, "another secret", 0), (f"{token}=", secret, 0)):
        with pytest.raises(ValueError, match=r"no link|not signed|expired"):
            _verify(given, key, now)


def test_the_settings_of_links_are_those_of_the_worker() -> None:
    named = set(re.findall(r"ENTREVUE_MAIL__LINKS__([A-Z]+)=", LINKS))

    assert named == {name.upper() for name in LinkSettings.model_fields}


# --- docs/google.md and docs/microsoft.md: what an administrator does ------------------------------------------------

GOOGLE, MICROSOFT, OPERATING = (
    (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("google.md", "microsoft.md", "operating.md")
)
PROVIDERS: dict[str, tuple[type[BaseModel], str]] = {
    "CALDAV": (CalDavSettings, OPERATING),
    "GOOGLE": (GoogleSettings, GOOGLE + OPERATING),
    "GRAPH": (GraphSettings, MICROSOFT + OPERATING),
    "PUSH": (PushSettings, OPERATING),
}


@pytest.mark.parametrize("prefix", PROVIDERS)
def test_every_setting_of_a_provider_is_explained_and_no_other(prefix: str) -> None:
    model, text = PROVIDERS[prefix]
    row = re.compile(rf"^\| `ENTREVUE_{prefix}__.*?(?= \| )", re.MULTILINE)
    named = {name for cell in row.findall(text) for name in re.findall(r"__([A-Z_]+)`", cell)}

    assert named == {name.upper() for name in model.model_fields}


def test_the_scopes_to_allow_at_google_are_those_that_we_ask_for() -> None:
    assert set(re.findall(r"^\| `(https://[^`]+)` \|", GOOGLE, re.MULTILINE)) == set(SCOPES)


def _refusals(page: str) -> list[str]:
    _, _, section = page.partition("## What refusals mean")
    return [line.split("|")[1] for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]


def test_what_google_refuses_is_explained_by_the_reasons_that_items_of_attention_name() -> None:
    reasons = {one for cell in _refusals(GOOGLE) for one in re.findall(r"`(\w+)`", cell)}

    assert len(reasons) > 5
    for one in reasons:
        refused = token_trouble if "_" in one else _google_trouble
        general, _, _ = refused("grace", "other_things").because.partition(" (")
        assert refused("grace", one).because != f"{general} ({one})"


def _google_trouble(person: str, reason: str) -> CalendarRefused:
    status = 404 if reason == "notFound" else 403
    refused = google_trouble(person, Reply(status, {}, {"error": {"errors": [{"reason": reason}]}}))
    assert isinstance(refused, CalendarRefused)
    return refused


def test_what_microsoft_refuses_is_explained_by_the_codes_that_items_of_attention_name() -> None:
    codes = {int(one) for cell in _refusals(MICROSOFT) for one in re.findall(r"`AADSTS(\d+)`", cell)}

    assert len(codes) > 4
    for one in codes:
        refused = Reply(401, {}, {"error": "invalid_client", "error_codes": [one]})
        assert f"(AADSTS{one})" in str(login_trouble("grace", refused))


@pytest.mark.parametrize("page", [GOOGLE, MICROSOFT], ids=["google", "microsoft"])
def test_what_a_trial_can_show_is_a_check_that_it_makes(page: str) -> None:
    _, _, table = page.partition("## What was verified")
    last = [line.rstrip(" |").rpartition(" | ")[2] for line in table.splitlines() if line.startswith("| ")][1:]
    shown = {one for cell in last if cell and not cell.startswith("no") for one in cell.split(", ")}

    assert len(shown) > 3
    assert [one for one in shown if not re.search(rf"^  ✓ {re.escape(one)}  ", page, re.MULTILINE)] == []


# --- README.md: what is shown and named there ------------------------------------------------------------------------

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_a_backend_calls_in_the_readme_is_there_to_be_called() -> None:
    examples = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    called = [
        (node.value.id, node.attr)
        for example in examples
        for node in ast.walk(ast.parse(example))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    ]
    shown = {"client": InterviewClient, "interview": InterviewHandle}

    assert {name for name, _ in called} >= shown.keys()
    assert [f"{name}.{what}" for name, what in called if name in shown and not hasattr(shown[name], what)] == []
    for module, names in re.findall(r"^from (\S+) import (.+)$", "\n".join(examples), re.MULTILINE):
        assert set(names.split(", ")) <= vars(importlib.import_module(module)).keys()


def test_the_map_of_the_tree_shows_what_is_there() -> None:
    rows = re.findall(r"^\| (`[a-z].*?) \| (.*) \|$", README, re.MULTILINE)
    missing = []
    for where, what in rows:
        first, *others = re.findall(r"`([\w/.]+)`", where)
        folder = (ROOT / first).parent
        named = [ROOT / first, *(each for one in others for each in [folder / one])]
        named += [
            ROOT / first / one for one in re.findall(r"`(\w+\.py)`", what) if first.endswith("/") and folder == ROOT
        ]
        missing += [str(path.relative_to(ROOT)) for path in named if not path.exists()]

    assert len(rows) > 15
    assert missing == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs").glob("*.md")], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", page.read_text(encoding="utf-8"))

    for target, anchor in links:
        found = page.parent / target if target else page
        assert found.exists(), target
        if anchor:
            assert anchor[1:] in _anchors(found), f"{target}{anchor}"


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
