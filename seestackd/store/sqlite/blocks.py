"""How many rows a long list has, and where a page of it begins, by counts of blocks of ids (see m012_blocks)."""

from collections.abc import Callable, Mapping
from typing import Any

BLOCK_BITS = 12
_BLOCKS = "SELECT block, rows FROM list_blocks WHERE project_id = ? AND list = ? AND rows > 0 ORDER BY block DESC"
_COUNT = "SELECT coalesce(sum(rows), 0) FROM list_blocks WHERE project_id = ? AND list = ?"
_BEYOND = 2**62


def count(execute: Callable[..., Any], project_id: int, name: str) -> int:
    """Return how many rows the list has."""
    return int(execute(_COUNT, (project_id, name)).fetchone()[0])


def begin(
    execute: Callable[..., Any], project_id: int, name: str, offset: int, without: Mapping[int, int]
) -> tuple[int, int]:
    """Return (id, rest): the page after the first `offset` rows, newest first, has ids below it, after `rest` of them.

    `without` says of how many rows of a block the page knows nothing. `rest` is less than a block.
    """
    for block, rows in execute(_BLOCKS, (project_id, name)).fetchall():
        held = rows - without.get(block, 0)
        if offset < held:
            return (block + 1) << BLOCK_BITS, offset
        offset -= held
    return -_BEYOND, 0
