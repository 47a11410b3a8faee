"""Writes tables as TOML that the settings read back as they were."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def lines(table: Mapping[str, Any], *header: str) -> Iterator[str]:
    """Yield the lines of a table: its values first, then its inner tables under their headers."""
    values = {name: value for name, value in table.items() if not isinstance(value, dict)}
    inner = {name: value for name, value in table.items() if isinstance(value, dict)}
    if header and (values or not inner):
        yield ""
        yield f"[{'.'.join(map(_key, header))}]"
    for name, value in values.items():
        yield f"{_key(name)} = {_value(value)}"
    for name, value in inner.items():
        yield from lines(value, *header, name)


def _key(name: str) -> str:
    bare = name.isascii() and name.replace("-", "").replace("_", "").isalnum()
    return name if bare else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, str):
        # A dollar sign would begin a variable; JSON's escapes are TOML's, but for one.
        return json.dumps(value.replace("$", "$$"), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)
