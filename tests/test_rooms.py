"""Every line keeps to its room: the import contracts of pyproject.toml and the shape of the source."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.rows import rows
from tests.source import PACKAGE, ROOT, Module, full_names, functions, imports, length, modules

CLOCK_READS = {
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "time.clock_gettime",
    "time.clock_gettime_ns",
    "time.gmtime",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.perf_counter_ns",
    "time.process_time",
    "time.process_time_ns",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
}
SQL_CLOCK = re.compile(r"\bCURRENT_(TIMESTAMP|DATE|TIME)\b|'now'|\bunixepoch\(\s*\)")

# Library -> the only places that import it.
KEEPERS = {
    "apprise": ["delivery/apprise_sender.py"],
    "requests": ["delivery/answers.py"],
    "apscheduler": ["scheduler.py"],
    "cronsim": ["core/schedule.py", "core/slots.py"],
    "oncalendar": ["core/schedule.py", "core/slots.py"],
    "yaml": ["cli/foreign_list.py"],
    "pydantic": ["web/*", "settings*", "monitors_file*"],
}
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "base", "common", "misc"}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the package `seestackd` inside `folder` against the project's contracts."""
    code = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", code, "--config", str(ROOT / "pyproject.toml"), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=50, check=False)


def clock_reads(module: Module) -> Iterator[str]:
    """Where a module asks what time it is, in Python or in SQL."""
    for line, name in full_names(module.tree):
        if name in CLOCK_READS:
            yield f"{module.path}:{line} reads {name}"
    for line, text in enumerate(module.text.splitlines(), 1):
        if SQL_CLOCK.search(text):
            yield f"{module.path}:{line} reads the clock in SQL"


def strangers(module: Module) -> Iterator[str]:
    """Imports of a library outside of the place that keeps it."""
    for library in sorted(imports(module.tree) & KEEPERS.keys()):
        if not any(fnmatch(module.path, place) for place in KEEPERS[library]):
            yield f"{module.path} imports {library}, which is for {', '.join(KEEPERS[library])}"


def misshapen(module: Module) -> Iterator[str]:
    """What is too long, badly named or imported in the wrong place in a module."""
    lines = len(module.text.splitlines())
    if lines > 300:
        yield f"{module.path} has {lines} lines, 300 at most: which part decides, which one stores?"
    for function in functions(module.tree):
        if length(function) > 40:
            yield f"{module.path}: {function.name} has more than 40 lines"
    if EMPTY_NAMES & set(module.path.removesuffix(".py").split("/")):
        yield f"{module.path}: name the module after what it does"
    yield from strangers(module)


def test_dependencies_point_down_and_edges_do_not_know_each_other() -> None:
    result = lint_imports(ROOT)

    assert result.returncode == 0, result.stdout + result.stderr


# An import that points up or sideways, in a module of its own, and what is said of it.
INTRUDERS = [
    ("core", "import seestackd.operations", "core is not allowed to import seestackd.operations"),
    ("core", "import asyncio", "core is not allowed to import asyncio"),
    ("core", "from pydantic import BaseModel", "core is not allowed to import pydantic"),
    ("operations", "import sqlite3", "operations is not allowed to import sqlite3"),
    ("operations", "import seestackd.store.sqlite", "operations is not allowed to import seestackd.store"),
    ("web", "import seestackd.delivery", "web is not allowed to import seestackd.delivery"),
    ("web", "import seestackd.store.sqlite", "web is not allowed to import seestackd.store.sqlite"),
    ("store/sqlite", "import seestackd.cli", "store.sqlite is not allowed to import seestackd.cli"),
]


@pytest.fixture(scope="module")
def intruded(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """What is said of a package with nothing but intruders."""
    folder = tmp_path_factory.mktemp("intruded")
    for init in PACKAGE.rglob("__init__.py"):
        copy = folder / "seestackd" / init.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.touch()
    for number, (room, line, _) in enumerate(INTRUDERS):
        (folder / "seestackd" / room / f"intruder{number}.py").write_text(line + "\n", encoding="utf-8")
    return lint_imports(folder)


@pytest.mark.parametrize("number", range(len(INTRUDERS)), ids=[f"{room}: {line}" for room, line, _ in INTRUDERS])
def test_an_import_that_points_up_or_sideways_is_refused(
    intruded: subprocess.CompletedProcess[str], number: int
) -> None:
    room, _, complaint = INTRUDERS[number]
    said = re.sub(r"\s+", " ", intruded.stdout)
    intruder = re.escape(f"- seestackd.{room.replace('/', '.')}.intruder{number} -> ")

    assert intruded.returncode == 1
    # The complaint, then a line for each import that it is about.
    assert re.search(re.escape(complaint) + r"[\w.]*: (- \S+ -> \S+ \(l\.\d+\) )*" + intruder, said), said


def test_every_module_at_the_top_has_its_row_in_the_layers() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = next(c["layers"] for c in config["tool"]["importlinter"]["contracts"] if c["id"] == "layers")
    rows = set(re.findall(r"\w+", " ".join(layers))) | {"__init__"}

    assert {module.path.split("/")[0].removesuffix(".py") for module in modules()} <= rows


def test_a_module_keeps_its_shape() -> None:
    assert [wrong for module in modules() for wrong in misshapen(module)] == []


@rows(
    ("path", "text", "wrong"),
    [
        ("core/x.py", "x = 1\n" * 301, "core/x.py has 301 lines, 300 at most"),
        ("core/x.py", "def f():\n" + "    x = 1\n" * 41, "core/x.py: f has more than 40 lines"),
        ("core/utils.py", "", "core/utils.py: name the module after what it does"),
        ("core/base/x.py", "", "core/base/x.py: name the module after what it does"),
        ("core/x.py", "import yaml", "core/x.py imports yaml, which is for cli/foreign_list.py"),
    ],
)
def test_a_module_out_of_shape_is_named_with_the_reason(path: str, text: str, wrong: str) -> None:
    assert any(found.startswith(wrong) for found in misshapen(Module(path, text)))


def test_only_the_clock_reads_the_clock() -> None:
    assert [read for module in modules() if module.path != "clock.py" for read in clock_reads(module)] == []


@rows(
    "source",
    [
        "import time\ntime.time()",
        "import time as t\nt.monotonic()",
        "from time import monotonic_ns as now\nnow()",
        "import datetime\ndatetime.datetime.now(None)",
        "from datetime import datetime as d\nd.utcnow()",
        "from datetime import date\ndef f():\n    return date.today()",
        "STATEMENT = 'UPDATE t SET at = CURRENT_TIMESTAMP'",
        "STATEMENT = \"SELECT strftime('%s', 'now')\"",
    ],
)
def test_a_clock_read_is_found_however_it_is_written(source: str) -> None:
    assert list(clock_reads(Module("core/x.py", source)))


@rows("source", ["import time\ntime.sleep(1)", "from datetime import datetime, UTC\ndatetime(1, 1, 1)"])
def test_what_reads_no_clock_is_let_through(source: str) -> None:
    assert not list(clock_reads(Module("core/x.py", source)))


def test_a_library_outside_its_place_is_found() -> None:
    assert list(strangers(Module("web/alerts.py", "def f():\n    from apprise import Apprise\n")))
    assert list(strangers(Module("core/runs.py", "import cronsim.cronsim\n")))
    assert not list(strangers(Module("delivery/apprise_sender.py", "import apprise\n")))


def test_a_functions_length_leaves_its_docstring_out() -> None:
    module = Module("x.py", 'def f():\n    """One.\n\n    Two.\n    """\n    a = 1\n    return a\n')

    assert [length(function) for function in functions(module.tree)] == [3]
