"""The command line without a server: what can be typed, and what is said to what was mistyped."""

import io
import json
from pathlib import Path

import pytest

from docs.generate import EXAMPLES, ROOT
from entrevue.client import COMMANDS, FACTS
from starter import Exit, main, parser

REQUEST = ROOT / "docs" / "examples" / "request.json"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")


def complaint(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    return main(words), capsys.readouterr().err


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_command_can_be_typed_with_hyphens_and_with_underscores(
    kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [f"--{name}={_word(value)}" for name, value in EXAMPLES[kind].items()]

    for name in (kind, kind.replace("_", "-")):
        assert main([name, "r7", *options]) is Exit.NO_SERVER
    capsys.readouterr()


@pytest.mark.parametrize("kind", FACTS)
def test_every_fact_can_be_told(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tell", kind, "r7", f"--payload={json.dumps(EXAMPLES[kind])}"]) is Exit.NO_SERVER
    capsys.readouterr()


@pytest.mark.parametrize(
    "words",
    [("reviews",), ("profile", "grace"), ("aggregates",), ("aggregates", "--as=decision_maker"), ("record", "r7")],
    ids=" ".join,
)
def test_what_was_learned_and_what_waits_for_a_review_can_be_asked_for(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert complaint(capsys, *words)[0] == Exit.NO_SERVER


def test_aggregates_are_shown_to_no_other_role(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["aggregates", "--as=reviewer"])

    assert left.value.code == Exit.USAGE
    assert "reviewer" in capsys.readouterr().err


def test_a_server_that_is_not_there_is_named_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = complaint(capsys, "show", "r7")

    assert code == Exit.NO_SERVER
    assert "127.0.0.1:1" in text
    assert "TEMPORAL_ADDRESS" in text


def test_a_time_without_its_offset_is_refused_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = complaint(capsys, "choose-slot", "r7", "--by=candidate", "--start=2026-12-01T10:00")

    assert code == Exit.USAGE
    assert text.startswith("start: say the offset from UTC")


def test_a_time_by_the_clock_on_a_wall_is_taken_with_its_zone(capsys: pytest.CaptureFixture[str]) -> None:
    booking = ("book-slot", "r7", "--by=coordinator", "--start", "2026-12-01 10:00")
    twice = ("book-slot", "r7", "--by=coordinator", "--start=2026-10-25T02:30", "--zone=Europe/Berlin")
    slots = '["2026-12-01 10:00", "2026-12-02T10:00Z"]'

    assert complaint(capsys, *booking, "--zone", "Europe/Berlin")[0] == Exit.NO_SERVER
    assert complaint(capsys, *twice, "--fold=1")[0] == Exit.NO_SERVER
    assert (
        complaint(capsys, "offer-slots", "r7", "--by=coordinator", f"--slots={slots}", "--zone=UTC")[0]
        == Exit.NO_SERVER
    )
    assert complaint(capsys, *booking) == (
        Exit.USAGE,
        "start: say the offset from UTC as well, like 2026-12-01T15:00:00+01:00 or …Z, or give --zone\n",
    )


@pytest.mark.parametrize(
    ("start", "error", "either"),
    [
        ("2027-03-28 02:30", "nonexistent_local_time", ["2027-03-28T00:59:00Z", "2027-03-28T01:00:00Z"]),
        ("2026-10-25 02:30", "ambiguous_local_time", ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]),
    ],
)
def test_a_time_that_is_never_or_twice_is_refused_with_the_ones_there_are(
    start: str, error: str, either: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("reschedule", "r7", "--by=i1", f"--start={start}", "--zone=Europe/Berlin")
    code, text = complaint(capsys, *words)
    code_for_programs, text_for_programs = complaint(capsys, *words, "--json")

    assert code == code_for_programs == Exit.REFUSED
    assert text.startswith(f"{error}: start: {start} ")
    told = json.loads(text_for_programs)
    assert (told["error"], told["either"]) == (error, either)


@pytest.mark.parametrize("zone", ["Berlin", "Europe/Berlinn"])
def test_a_clock_on_a_wall_of_nowhere_is_refused(zone: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = complaint(capsys, "book-slot", "r7", "--by=coordinator", "--start=2026-12-01 10:00", f"--zone={zone}")

    assert code == Exit.REFUSED
    assert "Europe/Berlin" in text


def test_broken_json_is_shown_where_it_breaks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "request.json"
    broken.write_text('{\n  "id": "r7",\n  "role" "Backend engineer"\n}')
    code, text = complaint(capsys, "start", str(broken))

    assert code == Exit.USAGE
    assert "request.json, line 3, column 10" in text


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "start", "nowhere.json") == (Exit.USAGE, "nowhere.json: No such file or directory\n")


def test_every_field_that_does_not_fit_is_named_and_no_value_is_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = complaint(
        capsys, "update-contact", "r7", '--payload={"emial": "ada@example.org"}', "--by=ada", "--email=ada at home"
    )

    assert code == Exit.USAGE
    assert "emial: is not a field we know; did you mean email?" in text
    assert "by: give a person of the interview" in text
    assert "email: is not an e-mail address" in text
    assert "at home" not in text


def test_who_sends_it_goes_without_saying_where_only_one_role_may(capsys: pytest.CaptureFixture[str]) -> None:
    assert complaint(capsys, "open-feedback", "r7")[0] == Exit.NO_SERVER
    assert complaint(capsys, "cancel", "r7") == (Exit.USAGE, "by: is missing\n")


def test_a_payload_can_come_from_the_input_and_options_add_to_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"by": "coordinator"}'))

    assert complaint(capsys, "cancel", "r7", "--payload=-", "--reason=the role was closed")[0] == Exit.NO_SERVER


def test_complaints_are_json_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = complaint(capsys, "cancel", "r7", "--json")

    assert code == Exit.USAGE
    assert json.loads(text) == {"error": "usage", "sentence": "by: is missing"}


@pytest.mark.parametrize("name", ["choose_slot", "choose-slot", "participant_joined"])
def test_a_schema_is_printed_without_a_server(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", name]) is Exit.DONE
    assert json.loads(capsys.readouterr().out)["properties"]["kind"]["const"] == name.replace("-", "_")


def test_an_unknown_verb_is_a_mistake_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["chose-slot", "r7"])

    assert left.value.code == Exit.USAGE
    assert "chose-slot" in capsys.readouterr().err


def test_the_help_names_every_command() -> None:
    text = parser().format_help()

    assert [kind for kind in COMMANDS if kind.replace("_", "-") not in text] == []


def _word(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
