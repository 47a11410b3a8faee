"""`make bench`: one table of figures; ratios within the run are what counts, absolute figures belong to the machine."""

import os
import sqlite3
import sys

from bench import hanging, heartbeats, lateness, storm, wrapper, wrk


def main() -> int:
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores\n")
    if not wrk.available():
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 2
    return max(heartbeats.compare(), lateness.measure(), hanging.measure(), storm.measure(), wrapper.measure())


if __name__ == "__main__":
    sys.exit(main())
