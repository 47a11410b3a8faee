"""Numbers that lists give to what commands name."""

from argparse import ArgumentTypeError


def row_number(text: str) -> int:
    """Return the number; raises ArgumentTypeError for what no list shows."""
    if not (text.isascii() and text.isdigit() and 0 < int(text[:30]) < 2**63):
        raise ArgumentTypeError(f"{text[:30]!r} is no number; it stands in the first column of the list")
    return int(text)
