"""Old data goes when it is asked for, with and without a daemon."""

import json

from tests.cli.conftest import Bench, Place
from tests.cli.test_doctor import sql


def test_young_data_stays(place: Place) -> None:
    assert place("prune").stdout == "Nothing is old enough to be deleted.\n"


def test_old_data_goes_however_much_it_is(bench: Bench) -> None:
    bench.run("monitor", "add", "nightly", "--schedule", "1d")
    sql(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1201)"
        " INSERT INTO pings (monitor_id, kind, at, arrived_at) SELECT 1, 'log', i, i FROM n"
    )(bench)

    assert json.loads(bench.run("prune", "--json").stdout) == {"version": 1, "rows": 1200}


def test_it_asks_for_a_word_when_the_clock_is_in_doubt(bench: Bench) -> None:
    bench.run("monitor", "add", "nightly", "--schedule", "1d")
    sql("INSERT INTO meta VALUES ('upkeep_held', 'boot 1')")(bench)

    done = bench.run("prune")

    assert (done.returncode, "seestackd upkeep confirm" in done.stderr) == (1, True)
    bench.run("upkeep", "confirm")
    assert bench.run("prune").returncode == 0
