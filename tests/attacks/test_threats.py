"""The threat model and the pages about packages tell what is so."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.documents import text
from tests.source import ROOT, full_names, modules
from tests.supply import FREE, licence, locked, page

MODEL = ROOT / "docs" / "threat-model.md"
PROMISES = ROOT / "docs" / "promises.md"
CHAPTERS = range(1, 18)


def named_tests(document: Path) -> list[str]:
    return re.findall(r"`(tests/[a-z_/]+\.py::test_\w+)`", text(document))


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    path = ROOT / file
    tree = ast.parse(text(path)) if path.is_file() else ast.Module([], [])
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name for node in ast.walk(tree)
    )


def test_every_test_that_is_named_exists() -> None:
    named = named_tests(MODEL) + named_tests(PROMISES)

    assert len(named) > 50
    assert [test for test in named if not exists(test)] == []
    assert not exists("tests/attacks/test_threats.py::test_that_nobody_wrote")


def test_every_chapter_of_the_standard_is_answered_by_a_test_or_a_reason() -> None:
    rows = re.findall(r"^\| (V\d.*?) \| (.+) \|$", text(MODEL), re.MULTILINE)
    chapters = {int(number) for name, _ in rows for number in re.findall(r"V(\d+)", name)}

    assert set(CHAPTERS) <= chapters
    assert [name for name, kept in rows if not (kept.startswith("exception: ") or exists(kept.strip("`")))] == []


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
    assert len(locked()) <= 41


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
