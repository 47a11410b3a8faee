"""A stored schedule that cannot be read, as after a downgrade: every list goes on, and tells of it."""

import json
import sqlite3
from contextlib import closing

import pytest

from tests.cli.conftest import Bench

WRONG = {
    "a schedule of a later version": ("schedule", "every blue moon", "blue moon"),
    "a zone that is gone": ("timezone", "Mars/Olympus", "Mars/Olympus"),
    "a schedule that is empty": ("schedule", "", "the schedule is empty"),
}


@pytest.fixture(params=WRONG)
def spoilt(bench: Bench, request: pytest.FixtureRequest) -> tuple[Bench, str]:
    for slug in ("good", "strange"):
        bench.run("monitor", "add", slug, "--schedule", "0 3 * * *")
    column, value, said = WRONG[request.param]
    with closing(sqlite3.connect(bench.data / "seestackd.db", isolation_level=None)) as connection:
        connection.execute(f"UPDATE monitors SET {column} = ? WHERE slug = 'strange'", (value,))
        connection.execute("UPDATE meta SET value = 'older' WHERE key = 'zone_data'")
    return bench, said


def test_lists_go_on_and_name_the_problem(spoilt: tuple[Bench, str]) -> None:
    bench, said = spoilt
    listed = json.loads(bench.run("monitor", "ls", "--json").stdout)["monitors"]
    problems = {each["slug"]: each["schedule_problem"] for each in listed}

    assert problems["good"] is None
    assert said in problems["strange"]
    (marked,) = [line for line in bench.run("monitor", "ls").stdout.splitlines() if "(cannot be read)" in line]
    assert "strange" in marked
    assert said in bench.run("monitor", "show", "strange").stdout
    for command in (["explain", "strange"], ["drift"], ["maintenance", "ls"], ["incident", "ls"]):
        done = bench.run(*command)
        assert done.returncode in (0, 5), (command, done.stderr)


def test_the_export_says_what_to_correct(spoilt: tuple[Bench, str]) -> None:
    bench, said = spoilt
    done = bench.run("export")

    assert done.returncode == 0
    assert "[monitors.good]" in done.stdout
    assert said in done.stderr


def test_other_changes_keep_what_is_stored_and_a_new_schedule_mends_it(spoilt: tuple[Bench, str]) -> None:
    bench, said = spoilt
    assert bench.run("monitor", "edit", "strange", "--name", "Strange one").returncode == 0
    assert bench.run("monitor", "pause", "strange").returncode == 0
    assert bench.run("monitor", "resume", "strange").returncode == 0
    assert said in bench.run("monitor", "show", "strange").stdout

    mended = bench.run("monitor", "edit", "strange", "--schedule", "1d", "--timezone", "UTC")

    assert mended.returncode == 0, mended.stderr
    assert "Problem" not in bench.run("monitor", "show", "strange").stdout
