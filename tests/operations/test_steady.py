"""What the short way of nearly every ping writes is what the general rules write, row by row."""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from seestackd.core.alerts import Routing
from seestackd.core.pings import PingKind
from seestackd.operations.pings import RecordPing, record
from seestackd.store.interface import Transaction
from tests.core.world import HOUR, MINUTE, SECOND, t
from tests.operations.place import Place, a_place

JOBS = {"hourly": "1h", "nightly": "30 * * * *"}
# A limit that no run comes near: with it the general rules are asked for every ping.
ASKED: dict[str, Any] = {"slow_factor": 1000.0}
TABLES = ("pings", "runs", "slots", "monitor_state")

SAID = st.fixed_dictionaries(
    {"slug": st.sampled_from(tuple(JOBS)), "kind": st.sampled_from(("success",) * 5 + ("start", "failed", "log"))},
    optional={
        "duration_ms": st.sampled_from((0, 100, MINUTE)),
        "exit_code": st.just(0),
        "rid": st.just("a"),
        "message": st.just("as ever"),
        "host": st.just("h"),
        "source": st.just("192.0.2.1"),
    },
)
BATCHES = st.lists(st.tuples(st.sampled_from((0, SECOND, HOUR)), st.lists(SAID, min_size=1, max_size=5)), max_size=8)


def one(slug: str, kind: str) -> dict[str, Any]:
    return {"slug": slug, "kind": kind}


def at_once(tx: Transaction, commands: Sequence[RecordPing], at: int) -> None:
    """Record several pings in one transaction."""
    for command in commands:
        record(tx, command, at)


def rows(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path / "seestackd.db")) as db:
        return {table: db.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in TABLES}


@given(BATCHES)
@example([(HOUR, [one("nightly", "log"), one("hourly", "success"), one("hourly", "log")])])
@example([(HOUR, [one("nightly", "success"), one("hourly", "log"), one("hourly", "success")])])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_both_ways_write_the_same_rows(tmp_path: Path, batches: list[tuple[int, list[dict[str, Any]]]]) -> None:
    number = len(list(tmp_path.iterdir()))
    folders = [tmp_path / f"{number}-{way}" for way in ("short", "general")]
    with ExitStack() as stack:
        for folder, rules in zip(folders, ({}, ASKED), strict=True):
            folder.mkdir()
            _report(stack.enter_context(a_place(folder, Routing(default_channels=("ops",)))), rules, batches)
    found, expected = map(rows, folders)
    assert found == expected


def _report(place: Place, rules: dict[str, Any], batches: list[tuple[int, list[dict[str, Any]]]]) -> None:
    at = t("00:30:10")
    for slug, schedule in JOBS.items():
        place.add(slug, schedule, t("00:30"), **rules)
        place.success(at, slug, message="first")
    for later, said in [(HOUR, [one(slug, "success") for slug in JOBS]), *batches]:
        at += later
        place.judge(at)
        place.do(at_once, [RecordPing(place.project, **{**each, "kind": PingKind(each["kind"])}) for each in said], at)
