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

    assert json.loads(bench.run("prune", "--json").stdout) == {"version": 1, "rows": 1200, "evicted": {}}


def test_it_comes_to_an_end_however_many_monitors_there_are(bench: Bench) -> None:
    bench.run("monitor", "add", "job-0", "--schedule", "1d")
    sql(
        "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 250)"
        " INSERT INTO monitors SELECT i, 'uid-' || i, project_id, 'job-' || i, name, 'ping-' || i, schedule, timezone,"
        " rules, channels, tags, source, created_at, updated_at, archived_at, version FROM monitors, n"
    )(bench)

    assert bench.run("prune").stdout == "Nothing is old enough to be deleted.\n"


def test_it_asks_for_a_word_when_the_clock_is_in_doubt(bench: Bench) -> None:
    bench.run("monitor", "add", "nightly", "--schedule", "1d")
    sql("INSERT INTO meta VALUES ('upkeep_held', 'boot 1')")(bench)

    done = bench.run("prune")

    assert (done.returncode, "seestackd upkeep confirm" in done.stderr) == (1, True)
    bench.run("upkeep", "confirm")
    assert bench.run("prune").returncode == 0


def test_what_a_project_stores_too_much_of_goes_as_the_daemon_has_it_go(bench: Bench) -> None:
    bench.configure("[retention]\nmax_requests_mb = 1\n")
    bench.run("monitor", "add", "nightly", "--schedule", "1d")
    for statement in (
        "INSERT INTO request_endpoints (id, project_id, outbound, method, host, path) VALUES (1, 1, 0, '', '', '')",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " INSERT INTO http_requests (id, project_id, at, endpoint_id, trace_id, status_code, duration_ms, request_size,"
        " response_size) SELECT i, 1, 4102444800000 + i, 1, '', 200, 1, 1, 1 FROM n",
        "UPDATE request_progress SET summed = 20000",
        "INSERT OR REPLACE INTO project_sizes (project_id, requests) VALUES (1, 1200000)",
    ):
        sql(statement)(bench)

    told = json.loads(bench.run("prune", "--json").stdout)

    assert told["rows"] == told["evicted"]["requests"] > 1_000
    assert bench.run("prune").stdout == "Nothing is old enough to be deleted.\n"
