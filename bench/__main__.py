"""`make bench`: one table of figures; ratios within the run are what counts, absolute figures belong to the machine.

`--quick` measures heartbeats and ping URLs only, within a minute; `--write` writes docs/performance.md anew.
"""

import os
import sqlite3
import sys

from bench import hanging, heartbeats, lateness, pages, storm, wrapper, wrk


def main() -> int:
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores\n")
    if not wrk.available():
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 2
    if "--quick" in sys.argv:
        return heartbeats.compare(sys.argv[1:])
    measured = (hanging, lateness, pages, storm, wrapper)
    return max(heartbeats.compare(sys.argv[1:]), *(each.measure() for each in measured))


if __name__ == "__main__":
    sys.exit(main())
