"""Reads the project's own source for the tests that keep its shape."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "seestackd"

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One source file: `path` is relative to the package, as `core/schedule.py`."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return tuple(Module(file.relative_to(PACKAGE).as_posix(), file.read_text(encoding="utf-8")) for file in files)


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, the nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines from `def` to the last statement, decorators and docstring not counted."""
    docstring = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    docstring_lines = docstring.end_lineno - docstring.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - docstring_lines


@cache
def imports(tree: ast.AST) -> set[str]:
    """Top-level names of all packages imported anywhere in the file."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@cache
def full_names(tree: ast.AST) -> tuple[tuple[int, str], ...]:
    """(line, dotted name) of everything imported or reached from an import, aliases resolved.

    `from datetime import datetime as d; d.now()` gives `datetime.datetime` and `datetime.datetime.now`.
    """
    return tuple(_full_names(tree))


def _full_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    known = dict(_bindings(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and (name := _dotted(node, known)):
            yield node.lineno, name


def _bindings(tree: ast.AST) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _dotted(node: ast.expr, known: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute) and (left := _dotted(node.value, known)):
        return f"{left}.{node.attr}"
    return None
