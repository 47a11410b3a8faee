"""The mask, and how a rule puts it in."""

from collections.abc import Callable
from typing import Any

MASK = b"***REDACTED***"
MASKED_ALREADY = (
    *(b"[MASKED]", b"[FILTERED]", b"[Filtered]", b"[REDACTED]", b"%5BMASKED%5D", b"%5BFILTERED%5D", b"%5BREDACTED%5D"),
    *(MASK, b"****-****-****-"),
)
"""What clients write in place of a secret (contract.md 4.1), and what rules have left of one; left alone."""

Span = tuple[int, int]
Find = Callable[[bytes, Any], tuple[Span | None, int]]
"""Given the text and a match, returns what to mask (None: nothing) and where to look next."""


def hide(pattern: Any, data: bytes, find: Find, mask: bytes = MASK) -> bytes:
    """Replace what `find` makes of each match of a pattern; no match begins within what was masked."""
    match = pattern.search(data)
    if match is None:
        return data
    pieces: list[bytes] = []
    done = 0
    while match is not None:
        span, at = find(data, match)
        if span is not None and not data.startswith(MASKED_ALREADY, *span):
            pieces += [data[done : span[0]], mask]
            done = span[1]
        match = pattern.search(data, max(at, match.end(), done))
    return b"".join([*pieces, data[done:]]) if pieces else data
