"""What is generated is as the code is, and what is given as an example works."""

import json
import re

import pytest

from docs.generate import CODES, ROOT, all_schemas, files
from entrevue.attention import CLEARS
from entrevue.contract import SEARCH_ATTRIBUTES
from entrevue.request import InterviewRequest
from entrevue.values import Code, SeatRole

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
