"""The project's own rules: what each layer may import, what the wheel holds, what no commit may hold."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = dict(re.findall(r"^([a-z0-9.-]+)==([^ ;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))

# --- layers ----------------------------------------------------------------------------------------------------------


PYDANTIC = ("pydantic", "pydantic_core")  # one library in two modules
ZONE_RULES = ("tzdata", "zoneinfo")
WORKER = tuple(Requirement(each).name.replace("-", "_") for each in EXTRAS["worker"])


@dataclass(frozen=True, kw_only=True)
class Layer:
    """What the files under `path` may import besides the standard library."""

    path: str
    may: tuple[str, ...]
    may_not: tuple[str, ...] = ()
    """Exceptions from `may`, and from the standard library."""
    calls_nothing_unstable: bool = False
    """The builtins that differ from run to run; ruff's banned-api does not see builtins."""


# Ruff holds the names that can be forbidden (each folder's ruff.toml); only here can it be said that everything else is
# forbidden, and what holds for the client, from which ruff's rule is lifted.
LAYERS = (
    Layer(
        path="entrevue",
        may=("entrevue", *PYDANTIC),
        may_not=("entrevue.client", "entrevue.walltime", *ZONE_RULES),
        calls_nothing_unstable=True,
    ),
    Layer(
        path="entrevue/client",
        may=("entrevue", *PYDANTIC, "temporalio"),
        may_not=(
            "temporalio.activity",
            "temporalio.testing",
            "temporalio.worker",
            "temporalio.workflow",
            *ZONE_RULES,
        ),
    ),
    Layer(
        path="entrevue/walltime.py",
        may=("entrevue.values", *PYDANTIC, "tzdata"),
    ),
    Layer(
        path="activities",
        may=("activities", "entrevue", *PYDANTIC, "temporalio", "tzdata", *WORKER),
        may_not=(
            "entrevue.client",
            "temporalio.client",
            "temporalio.testing",
            "temporalio.worker",
            "temporalio.workflow",
        ),
    ),
    Layer(
        path="workflows",
        may=("activities", "entrevue", *PYDANTIC, "temporalio", "workflows"),
        may_not=(
            "entrevue.client",
            "entrevue.walltime",
            *ZONE_RULES,
            "temporalio.activity",
            "temporalio.client",
            "temporalio.testing",
            "temporalio.worker",
        ),
        calls_nothing_unstable=True,
    ),
    Layer(
        path="adapters/google/tokens.py",
        may=("activities.calendar", "adapters", "entrevue.values", "google", "httpx2", *PYDANTIC),
    ),
    Layer(
        path="adapters",
        may=("activities", "adapters", "entrevue.learning", "entrevue.orders", "entrevue.values", *PYDANTIC, *WORKER),
    ),
    Layer(
        path="adapters/graph/tokens.py",
        may=("activities", "adapters", "entrevue.values", "jwt", *PYDANTIC, *WORKER),
    ),
    Layer(
        path="adapters/push/receiver.py",
        may=("adapters.push.address", "entrevue.values", *PYDANTIC, "starlette", "structlog", "uvicorn"),
    ),
)

UNSTABLE = {"__import__", "hash", "input", "open"}


def _faults(source: str, layer: Layer) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                targets = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0, names=names):
                targets = [f"{module}.{alias.name}" for alias in names]
            case ast.ImportFrom():
                yield f"{node.lineno}: relative import"
                continue
            case ast.Name(id=name, lineno=line) if layer.calls_nothing_unstable and name in UNSTABLE:
                yield f"{line}: {name}"
                continue
            case _:
                continue
        yield from (f"{node.lineno}: import {target}" for target in targets if not _allowed(target, layer))


def _allowed(target: str, layer: Layer) -> bool:
    if _under(target, layer.may_not):
        return False
    if target.split(".", maxsplit=1)[0] in sys.stdlib_module_names:
        return True  # ruff's business
    return _under(target, layer.may)


def _under(target: str, prefixes: tuple[str, ...]) -> bool:
    return any(f"{target}.".startswith(f"{prefix}.") for prefix in prefixes)


def _files(layer: Layer) -> list[Path]:
    path = ROOT / layer.path
    if path.is_file():
        return [path]
    elsewhere = {ROOT / other.path for other in LAYERS if other is not layer and other.path.startswith(layer.path)}
    return sorted(file for file in path.rglob("*.py") if not elsewhere & {file, *file.parents})


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.path)
def test_each_layer_imports_only_what_the_table_allows(layer: Layer) -> None:
    files = _files(layer)
    faults = [f"{file.relative_to(ROOT)}:{fault}" for file in files for fault in _faults(file.read_text(), layer)]

    assert files
    assert not faults


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("entrevue", "import jinja2"),
        ("entrevue", "from entrevue import client"),
        ("entrevue", "from entrevue.walltime import WallTime"),
        ("entrevue", "from zoneinfo import ZoneInfo"),
        ("entrevue", "from . import values"),
        ("entrevue", "open('diary')"),
        ("entrevue/client", "from temporalio import workflow"),
        ("entrevue/client", "import workflows.interview"),
        ("entrevue/client", "import zoneinfo"),
        ("entrevue/walltime.py", "from entrevue import client"),
        ("entrevue/walltime.py", "import temporalio.client"),
        ("activities", "from entrevue.client import InterviewClient"),
        ("activities", "import anyio"),
        ("workflows", "import structlog"),
        ("workflows", "from entrevue import walltime"),
        ("workflows", "import tzdata"),
        ("workflows", "hash('x')"),
        ("adapters", "from entrevue import interview"),
        ("adapters", "import entrevue"),
        ("adapters", "import temporalio.exceptions"),
        ("adapters", "import uvicorn"),
        ("adapters/google/tokens.py", "import jwt"),
        ("adapters/graph/tokens.py", "import google.auth"),
        ("adapters/push/receiver.py", "from adapters.google import tokens"),
    ],
)
def test_an_import_outside_the_table_is_found(path: str, line: str) -> None:
    (layer,) = (layer for layer in LAYERS if layer.path == path)

    assert list(_faults(line, layer))


@pytest.fixture(scope="session", name="ruled")
def _ruled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an empty checkout: the rules without the files."""
    copy = tmp_path_factory.mktemp("checkout")
    for rules in (ROOT / "pyproject.toml", *ROOT.glob("*/ruff.toml")):
        target = copy / rules.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(rules, target)
    return copy


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("entrevue/new.py", "from datetime import datetime; datetime.now()"),
        ("entrevue/new.py", "import random"),
        ("entrevue/new.py", "from zoneinfo import ZoneInfo"),
        ("entrevue/new.py", "from entrevue.walltime import WallTime"),
        ("entrevue/new.py", "import logging"),
        ("entrevue/new.py", "from temporalio import workflow"),
        ("entrevue/new.py", "from entrevue.client import InterviewClient"),
        ("activities/new.py", "import adapters.memory"),
        ("activities/new.py", "from workflows.interview import InterviewWorkflow"),
        ("activities/new.py", "from entrevue import client"),
        ("activities/new.py", "import uuid; uuid.uuid4()"),
        ("workflows/new.py", "from adapters import caldav"),
        ("workflows/new.py", "import time"),
        ("workflows/new.py", "from entrevue import walltime"),
        ("workflows/new.py", "import asyncio; asyncio.sleep(1)"),
        ("workflows/new.py", "from temporalio.client import Client"),
        ("adapters/new.py", "from temporalio.exceptions import ApplicationError"),
        ("adapters/new.py", "import workflows"),
        ("adapters/new.py", "from datetime import date; date.today()"),
        ("adapters/google/new.py", "import workflows"),
        ("worker.py", "import radicale"),
        ("tests/test_new.py", "from unittest.mock import Mock"),
    ],
)
def test_ruff_finds_what_a_folder_forbids(ruled: Path, file: str, line: str) -> None:
    found = _ruff(ruled, file, line)

    assert found.returncode == 1, found.stderr
    assert "TID251" in found.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("entrevue/new.py", "from datetime import UTC, datetime, time"),
        ("entrevue/client/new.py", "from temporalio.client import Client"),
        ("entrevue/walltime.py", "from zoneinfo import ZoneInfo"),
        ("activities/new.py", "from zoneinfo import ZoneInfo"),
        ("workflows/new.py", "from activities.mail import MailActivities"),
        ("adapters/new.py", "from activities.mail import Postbox"),
        ("worker.py", "from adapters import caldav"),
    ],
)
def test_ruff_lets_a_layer_do_its_work(ruled: Path, file: str, line: str) -> None:
    assert _ruff(ruled, file, line).returncode == 0


def _ruff(root: Path, file: str, source: str) -> subprocess.CompletedProcess[str]:
    """Judge `source` as if it stood in `file`."""
    return subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select=TID", f"--stdin-filename={file}", "-"],
        cwd=root,
        input=f"{source}\n",
        capture_output=True,
        text=True,
        check=False,
    )


# --- the wheel -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session", name="wheel")
def _wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", f"--outdir={folder}", ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_the_wheel_holds_the_library_alone(wheel: Path) -> None:
    names = ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names} == {"entrevue", f"entrevue-{PROJECT['version']}.dist-info"}
    assert "entrevue/py.typed" in names
    assert [name for name in names if name.endswith(".toml")] == []


def test_a_backend_that_installs_the_library_gets_pydantic_temporalio_and_zone_rules_and_no_more(wheel: Path) -> None:
    archive = ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    required = [Requirement(each) for each in message_from_bytes(archive.read(metadata)).get_all("Requires-Dist", [])]

    assert {each.name for each in required if not each.marker} == {"pydantic", "temporalio", "tzdata"}
    assert all("extra ==" in str(each.marker) for each in required if each.marker)


@pytest.mark.slow  # makes a virtual environment and downloads two distributions and what they need
def test_the_library_works_in_an_empty_environment_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "pins").write_text("\n".join(f"{name}=={version}" for name, version in PINS.items()))
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    python = tmp_path / "venv" / "bin" / "python"
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words: str | Path) -> str:
        return subprocess.run(
            [python, *words], cwd=tmp_path, env=clean, check=True, capture_output=True, text=True
        ).stdout

    run("-m", "pip", "install", "--quiet", "--constraint", tmp_path / "pins", wheel)
    imported = run(
        "-W",
        "error",
        "-c",
        "import entrevue, importlib, pkgutil\n"
        "for module in pkgutil.walk_packages(entrevue.__path__, 'entrevue.'):\n"
        "    print(importlib.import_module(module.name).__name__)",
    )

    files = (file.relative_to(ROOT).with_suffix("") for file in (ROOT / "entrevue").rglob("*.py"))
    modules = {".".join(file.parts).removesuffix(".__init__") for file in files}
    assert set(imported.split()) == modules - {"entrevue"}


def test_the_lock_file_holds_what_the_project_asks_for() -> None:
    asked = [*PROJECT["dependencies"], *EXTRAS["worker"], *EXTRAS["demo"], *PYPROJECT["dependency-groups"]["dev"]]
    forgotten = [
        each
        for each in map(Requirement, asked)
        if each.name != "entrevue" and not each.specifier.contains(PINS.get(each.name, "0"))
    ]

    assert not forgotten, "run `make lock`"


# --- what no commit may hold -----------------------------------------------------------------------------------------

MACHINE = re.compile(
    r"(pypi|npmjs|pythonhosted|debian)[.](org|com)|(^|[^\w.])/(root|work|home|Users)/[\w.]", re.MULTILINE
)


def test_no_tracked_file_names_a_package_registry_or_a_path_of_somebodys_machine() -> None:
    # A container may run as root over somebody else's checkout, which git would refuse to look at.
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],  # noqa: S607 — whichever git cloned this checkout
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    tracked = [ROOT / name for name in listing.split("\0") if name]
    found = [
        f"{file.relative_to(ROOT)}: {match[0].strip()}"
        for file in tracked
        if file.is_file()
        for match in MACHINE.finditer(file.read_text(errors="replace"))
    ]

    assert tracked
    assert not found
