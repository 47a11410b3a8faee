"""The mask, and what is one already."""

MASK = b"***REDACTED***"
MASKED_ALREADY = (
    *(b"[MASKED]", b"[FILTERED]", b"[Filtered]", b"[REDACTED]", b"%5BMASKED%5D", b"%5BFILTERED%5D", b"%5BREDACTED%5D"),
    *(MASK, b"****-****-****-"),
)
"""What clients write in place of a secret (contract.md 4.1), and what rules have left of one; left alone."""

MAY_BE_MASKED = frozenset({b"[", b"*", b"%"})
"""What each of them begins with: quicker to ask than all of them."""

Span = tuple[int, int]
