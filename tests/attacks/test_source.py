"""What the source must not hold: SQL made of texts, secrets compared by ==, files served by a path from outside."""

import ast
import math
import random
import re
import time
from collections.abc import Callable, Iterator

import pytest

from seestackd.core.keys import digest, make_secret
from tests.rows import rows
from tests.source import Module, functions, modules

SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|PRAGMA|WITH|BEGIN|VACUUM)\b")
SECRET_NAMES = re.compile(r"(?i)^_?(secret|token|password|passwd|csrf|digest|hash|hashed|signature|sha256)$")
# Typed twice on a terminal; and whether a page has a new cookie to set: neither answers a stranger's guess.
OWN = {"cli/passwd.py", "web/pages/site.py"}


def formatted_sql(module: Module) -> Iterator[str]:
    """SQL with a piece that comes as an argument from outside the store, instead of being bound."""
    for function in functions(module.tree):
        if function.name.startswith("_"):
            continue
        arguments = {argument.arg for argument in [*function.args.args, *function.args.kwonlyargs]} - {"self", "cls"}
        for node in ast.walk(function):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
                pieces = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
                used = {name.id for piece in pieces for name in ast.walk(piece) if isinstance(name, ast.Name)}
                if SQL.match(text) and (used & arguments or not module.path.startswith("store/sqlite/")):
                    yield f"{module.path}:{node.lineno} {ast.unparse(node)[:120]}"
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
                yield from [] if not SQL.match(str(node.left.value)) else [f"{module.path}:{node.lineno} SQL by %"]


def compared_secrets(module: Module) -> Iterator[str]:
    """Secrets compared with == or !=, whose time tells how much of them is right."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            names = [
                part.id if isinstance(part, ast.Name) else part.attr
                for part in (node.left, *node.comparators)
                if isinstance(part, ast.Name | ast.Attribute)
            ]
            if any(SECRET_NAMES.match(name) for name in names):
                yield f"{module.path}:{node.lineno} {ast.unparse(node)}"


def file_servers(module: Module) -> Iterator[str]:
    """Ways of aiohttp to answer with whatever file a path names."""
    for node in ast.walk(module.tree):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        served = name in {"add_static", "StaticResource", "FileResponse"} or (
            name == "static" and isinstance(node, ast.Attribute)
        )
        if served and module.path.startswith("web/"):
            yield f"{module.path}:{node.lineno} {name}"


@pytest.mark.parametrize("look", [formatted_sql, compared_secrets, file_servers])
def test_the_source_holds_nothing_of_it(look: Callable[[Module], Iterator[str]]) -> None:
    found = [line for module in modules() if module.path not in OWN for line in look(module)]

    assert found == []


@rows(
    ("look", "source"),
    [
        (formatted_sql, "def find(slug):\n    return f\"SELECT * FROM monitors WHERE slug = '{slug}'\""),
        (formatted_sql, "def find(tx, command):\n    return f'DELETE FROM {command.table}'"),
        (formatted_sql, "def find(slug):\n    return 'SELECT * FROM monitors WHERE slug = %s' % slug"),
        (compared_secrets, "def f(a, secret):\n    return a == secret"),
        (compared_secrets, "def f(key, b):\n    return key.hash != b"),
        (file_servers, "app.router.add_static('/x', folder)"),
        (file_servers, "from aiohttp.web import FileResponse\nFileResponse(path)"),
    ],
)
def test_each_look_finds_what_it_looks_for(look: Callable[[Module], Iterator[str]], source: str) -> None:
    path = "web/x.py" if look is not formatted_sql else "store/sqlite/x.py"

    assert list(look(Module(path, source)))


@pytest.mark.long
def test_the_time_of_a_refusal_tells_nothing_of_a_key() -> None:
    """Welch's t of looking up texts that share nothing, and all but the ends, with keys that exist.

    Every text is another one: where a text lands in a table of Python's costs more or less, whatever it looks like.
    """
    dice = random.Random(7)
    known = [make_secret(dice.randbytes(32)) for _ in range(1_000)]
    table = {digest(key): 1 for key in known}
    # All as long, and none with the form of a key of ours, so that all are hashed.
    far = ["x" + make_secret(dice.randbytes(32))[1:] for _ in range(100_000)]
    near = ["x" + dice.choice(known)[1:-4] + make_secret(dice.randbytes(32))[-4:] for _ in range(100_000)]
    order = [(guess, False) for guess in far] + [(guess, True) for guess in near]
    dice.shuffle(order)
    times: dict[bool, list[int]] = {False: [], True: []}
    for guess, is_near in order:
        begun = time.perf_counter_ns()
        table.get(digest(guess))
        took = time.perf_counter_ns() - begun
        times[is_near].append(took)

    t = welch(cropped(times[False]), cropped(times[True]))
    print(f"timing of keys: |t| = {abs(t):.2f} over {len(order):,} lookups")
    assert abs(t) < 4.5


def cropped(samples: list[int]) -> list[int]:
    """Leave out the slowest twentieth, in which the machine did something else."""
    return sorted(samples)[: len(samples) * 19 // 20]


def welch(one: list[int], other: list[int]) -> float:
    means = [sum(samples) / len(samples) for samples in (one, other)]
    spreads = [
        sum((value - mean) ** 2 for value in samples) / (len(samples) - 1) / len(samples)
        for samples, mean in zip((one, other), means, strict=True)
    ]
    return (means[0] - means[1]) / math.sqrt(sum(spreads))
