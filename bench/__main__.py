"""`make bench`: one table of figures; ratios within the run are what counts, absolute figures belong to the machine."""

import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from bench import bulk, heartbeats, repeated, results, wrk

PARTS = ("pings", "batches")


def main() -> int:
    parser = ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all of them if none is named")
    parser.add_argument("--quick", action="store_true", help="64 clients only, in short rounds: within a minute")
    parser.add_argument(
        "--healthchecks", metavar="DIR", default=os.environ.get("HEALTHCHECKS"),
        help="a checkout of Healthchecks with uwsgi in its .venv; also $HEALTHCHECKS",
    )  # fmt: skip
    parser.add_argument(
        "--compare", metavar="FILE", type=Path, help="name the figures that are more than 10 %% from a kept file's"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; choose of {', '.join(PARTS)}")
    if not wrk.available():
        print("wrk is missing: apt-get install wrk", file=sys.stderr)
        return 2
    print(f"{results.machine()}; {results.free():.0%} of each core is free, a sync takes {results.sync_ms():.2f} ms")
    parts, failed = asked.parts or PARTS, 0
    if "pings" in parts:
        failed |= heartbeats.compare(asked.quick, Path(asked.healthchecks).resolve() if asked.healthchecks else None)
    if "batches" in parts:
        failed |= bulk.compare(asked.quick)
    if asked.compare:
        repeated.compare(results.load(asked.compare), results.load(), parts)
    return failed


if __name__ == "__main__":
    sys.exit(main())
