"""How much a fault is planted: a slice in every run, more in `make faults`, most in `make faults-long`."""

import os

WORDS = ("slice", "faults", "long")
SCALE = os.environ.get("FAULTS", "slice")


def times(a_slice: int, faults: int, long: int) -> int:
    """Return the number for this run."""
    return (a_slice, faults, long)[WORDS.index(SCALE)]
