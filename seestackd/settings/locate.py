"""Finds the line of a key in a TOML text: tomllib keeps no positions of what it has read."""

import re
import tomllib
from collections.abc import Iterator

Path = tuple[str, ...]
Position = tuple[int, int]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_ASSIGNMENT = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|' r"'''.*?'''|" r'"(?:[^"\\\n]|\\.)*"|' r"'[^'\n]*'|#[^\n]*|[\[\]{}]|\n", re.DOTALL
)


def positions(text: str) -> dict[Path, Position]:
    """Return where each header and key of a valid TOML text begins: path -> (line, column), from 1."""
    found: dict[Path, Position] = {}
    table: Path = ()
    for line, start in _statements(text):
        if header := _HEADER.match(text, start):
            table = _path(header[1])
            found.setdefault(table, (line, header.start(1) - start + 1))
        elif key := _ASSIGNMENT.match(text, start):
            found.setdefault(table + _path(key[1]), (line, key.start(1) - start + 1))
    return found


def _statements(text: str) -> Iterator[tuple[int, int]]:
    """Yield (line, offset) of each line that begins outside of strings, arrays and inline tables."""
    line, depth = 1, 0
    yield 1, 0
    for token in _TOKEN.finditer(text):
        value = token[0]
        if value == "\n":
            line += 1
            if depth == 0:
                yield line, token.end()
        elif value in "[{":
            depth += 1
        elif value in "]}":
            depth -= 1
        else:
            line += value.count("\n")


def _path(dotted: str) -> Path:
    value: object = tomllib.loads(f"{dotted} = 0")
    path = []
    while isinstance(value, dict):
        ((key, value),) = value.items()
        path.append(key)
    return tuple(path)
