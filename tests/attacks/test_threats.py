"""The threat model and the pages about packages tell what is so."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.documents import text
from tests.source import ROOT, full_names, imports, modules
from tests.supply import FREE, licence, locked, page

MODEL = ROOT / "docs" / "threat-model.md"
PROMISES = ROOT / "docs" / "promises.md"
# The numbers of ASVS 5.0.0's items of levels 1 and 2: section, then its items.
ITEMS = """
1.1:1-2 1.2:1-9 1.3:1-11 1.4:1-3 1.5:1-2 2.1:1-3 2.2:1-3 2.3:1-4 2.4:1 3.2:1-2 3.3:1-4 3.4:1-6 3.5:1-5 3.7:1-2
4.1:1-3 4.2:1 4.3:1-2 4.4:1-4 5.1:1 5.2:1-3 5.3:1-2 5.4:1-3 6.1:1-3 6.2:1-12 6.3:1-4 6.4:1-4 6.5:1-5 6.6:1-3 6.8:1-4
7.1:1-3 7.2:1-4 7.3:1-2 7.4:1-5 7.5:1-2 7.6:1-2 8.1:1-2 8.2:1-3 8.3:1 8.4:1 9.1:1-3 9.2:1-4 10.1:1-2 10.2:1-2
10.3:1-4 10.4:1-11 10.5:1-5 10.6:1-2 10.7:1-3 11.1:1-2 11.2:1-3 11.3:1-3 11.4:1-4 11.5:1 11.6:1 12.1:1-3 12.2:1-2
12.3:1-4 13.1:1 13.2:1-5 13.3:1-2 13.4:1-5 14.1:1-2 14.2:1-4 14.3:1-3 15.1:1-3 15.2:1-3 15.3:1-7 16.1:1 16.2:1-5
16.3:1-4 16.4:1-3 16.5:1-3 17.1:1 17.2:1-4 17.3:1-2
"""
PROGRAMS = {"cli/import_crontab.py", "cli/import_timers.py", "cli/checkup/machine.py"}
WRAPPER = "cli/wrapper/"  # `seestackd run` starts the job that it is given, as its user
WORKER = "web/batch_process.py"  # Python itself, with a module of ours
CODE_FROM_TEXT = {"eval", "exec", "from_string"}
OBJECTS_FROM_BYTES = {"pickle", "marshal", "shelve", "xml"}
STRONG = {"blake2b", "sha256", "scrypt", "sha384", "sha512"}


def named_tests(document: Path) -> list[str]:
    return re.findall(r"`(tests/[a-z_/]+\.py::test_\w+)`", text(document))


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    return name in names_of_functions(ROOT / file)


@cache
def names_of_functions(path: Path) -> set[str]:
    tree = ast.parse(text(path)) if path.is_file() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_test_that_is_named_exists() -> None:
    named = named_tests(MODEL) + named_tests(PROMISES)

    assert len(named) > 50
    assert [test for test in named if not exists(test)] == []
    assert not exists("tests/attacks/test_threats.py::test_that_nobody_wrote")


def items() -> set[str]:
    found = set()
    for word in ITEMS.split():
        section, _, numbers = word.partition(":")
        for part in numbers.split(","):
            first, _, last = part.partition("-")
            found |= {f"V{section}.{number}" for number in range(int(first), int(last or first) + 1)}
    return found


def test_every_item_of_the_standard_is_answered_once_by_a_test_or_a_reason() -> None:
    rows = re.findall(r"^\| (V\d.*?) \| (.+) \|$", text(MODEL), re.MULTILINE)
    answered = [number for name, _ in rows for number in re.findall(r"V\d+\.\d+\.\d+", name)]

    assert len(items()) == 253
    assert sorted(answered) == sorted(items())
    assert [name for name, kept in rows if not (kept.startswith("exception: ") or exists(kept.strip("`")))] == []


@cache
def calls(tree: ast.AST) -> set[str]:
    """The last names of all that is called."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {f.attr if isinstance(f, ast.Attribute) else f.id for f in called if isinstance(f, ast.Attribute | ast.Name)}


def test_the_daemon_starts_no_program() -> None:
    """Of commands only those look at crontabs, units and the machine, and `run` starts what it is told to."""
    starting = {
        module.path
        for module in modules()
        if "subprocess" in imports(module.tree) or calls(module.tree) & {"system", "popen", "execvp", "posix_spawn"}
    }

    assert {path for path in starting if not path.startswith(WRAPPER)} <= PROGRAMS | {WORKER}
    assert [path for path in starting if "shell=True" in text(ROOT / "seestackd" / path)] == []


def test_the_daemon_runs_no_text_as_code() -> None:
    code = {module.path for module in modules() if CODE_FROM_TEXT & bare_calls(module.tree)}
    objects = {module.path for module in modules() if imports(module.tree) & OBJECTS_FROM_BYTES}

    loose = {m.path for m in modules() if "yaml" in imports(m.tree) and not re.search(r"safe_load|SafeLoader", m.text)}

    assert (code, objects, loose) == (set(), set(), set())
    assert bare_calls(ast.parse("eval(text)")) & CODE_FROM_TEXT


def bare_calls(tree: ast.AST) -> set[str]:
    """What is called by its own name, and templates made of texts."""
    names = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    return names | (calls(tree) & {"from_string"})


def test_only_strong_hashes_are_used() -> None:
    """One service asks for the alias of an incident in SHA-1: that is a name, and said to be no security."""
    used = {
        (module.path, name.split(".")[1])
        for module in modules()
        for _, name in full_names(module.tree)
        if name.startswith("hashlib.")
    }

    assert {found for found in used if found[1] not in STRONG} == {("delivery/incident_keepers.py", "sha1")}
    assert "usedforsecurity=False" in text(ROOT / "seestackd" / "delivery" / "incident_keepers.py")


def test_no_part_can_be_made_to_debug() -> None:
    """No setting turns on tracebacks in answers, a console or a reloader."""
    debugging = {m.path for m in modules() if re.search(r"set_debug|debug=True|breakpoint\(|import pdb", m.text)}
    settings = text(ROOT / "docs" / "settings.md")

    assert debugging == set()
    assert not re.search(r"^\| `[a-z_.<>]*debug", settings, re.MULTILINE)


def test_secrets_come_from_the_systems_randomness() -> None:
    """`random` is for jitter alone: nowhere near keys, sessions or tokens."""
    uses = {
        module.path for module in modules() for _, name in full_names(module.tree) if name.split(".")[0] == "random"
    }
    made = {module.path for module in modules() for _, name in full_names(module.tree) if name.startswith("secrets.")}

    assert not uses & made
    assert not [path for path in uses if re.search(r"key|auth|login|gate|password|session", path)]


def test_the_page_of_licences_is_that_of_the_lock() -> None:
    assert text(ROOT / "docs" / "licences.md") == page(), "make licences"
    assert {package: licence(package) for package in locked() if licence(package) not in FREE} == {}


def test_no_package_comes_unnoticed() -> None:
    """More than thirty is what the packages asked for bring; one more is a decision."""
    assert len(locked()) <= 40


@pytest.mark.long
def test_the_bill_of_materials_lists_what_is_locked_and_comes_out_the_same_twice(tmp_path: Path) -> None:
    bills = []
    for _ in range(2):
        made = subprocess.run(["make", "sbom"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert made.returncode == 0, made.stderr
        bills.append(text(ROOT / made.stdout.split()[-1]))

    assert bills[0] == bills[1]
    assert '"bomFormat": "CycloneDX"' in bills[0]
    assert {name for name in locked() if f'"name": "{name}"' not in bills[0]} == set()
