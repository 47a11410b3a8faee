"""`make bench-alerts`: alerts on time, beside channels that hang, in a storm; live pages; and the wrapper."""

import sys

from bench import hanging, lateness, pages, storm, wrapper


def measure() -> int:
    """Measure one after the other; returns 1 when one of them misses a limit."""
    return max(each.measure() for each in (hanging, lateness, pages, storm, wrapper))


if __name__ == "__main__":
    sys.exit(measure())
