"""`seestackd maintenance …`: planned, listed, called off, the same in process and by the daemon."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Bench, Place, bench_in
from tests.rows import rows


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for all that is refused."""
    with bench_in(tmp_path_factory.mktemp("home")) as made:
        yield made


def windows(place: Place) -> dict[str, dict]:
    return {window["title"]: window for window in json.loads(place("maintenance", "ls", "--json").stdout)["windows"]}


def test_a_window_is_planned_listed_and_called_off(place: Place) -> None:
    place("monitor", "add", "db-dump", "--schedule", "1d", "--tag", "db")
    times = ("--from", "2090-11-23T22:00", "--to", "2090-11-24T02:00", "--timezone", "Europe/Berlin")
    planned = place("maintenance", "add", "upgrade", *times, "--tag", "db", "--monitor", "db-dump")

    assert re.fullmatch(r"upgrade is planned \(\S+\): begins in \d+ d.*, 1 monitor\.\n", planned.stdout), planned.stderr
    window = windows(place)["upgrade"]
    assert (window["starts_at"], window["ends_at"]) == ("2090-11-23T21:00:00.000Z", "2090-11-24T01:00:00.000Z")
    assert (window["monitors"], window["tags"], window["on"]) == (["db-dump"], ["db"], False)
    row = next(line for line in place("maintenance", "ls").stdout.splitlines() if "upgrade" in line)
    assert "2090-11-23 21:00 UTC to 2090-11-24 01:00 UTC" in row
    assert row.endswith("db-dump, tag db")
    assert window["id"] in place("maintenance", "ls", "-q").stdout.split()

    assert place("maintenance", "rm", window["id"], "--yes").stdout == "upgrade is called off.\n"
    assert "upgrade" not in windows(place)
    assert place("maintenance", "rm", window["id"], "--yes").returncode == 1


def test_a_window_recurs(place: Place) -> None:
    done = place("maintenance", "add", "reboot", "--schedule", "0 4 * * 0", "--duration", "30m", "--json")

    window = json.loads(done.stdout)
    assert (window["schedule"], window["timezone"], window["duration_ms"]) == ("0 4 * * 0", "UTC", 1_800_000)
    assert "reboot" in windows(place)
    assert "0 4 * * 0 (UTC) for 30 min" in place("maintenance", "ls").stdout


def test_windows_that_are_planned_together_have_ids_of_their_own(bench: Bench) -> None:
    for title in ("one", "two", "three"):
        bench.run("maintenance", "add", title, "--schedule", "0 4 * * 0", "--duration", "30m")

    ids = bench.run("maintenance", "ls", "-q").stdout.split()
    assert len(set(ids)) == 3
    assert bench.run("maintenance", "rm", ids[1], "--yes").stdout == "two is called off.\n"


def test_a_window_that_is_on_says_when_it_ends_and_that_it_covers_nobody(bench: Bench) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    daily = ("--schedule", "0 0 * * *", "--duration", "23h59m")
    done = bench.run("maintenance", "add", "work", *daily, "--tag", "nobody")

    # For the last minute of the day it is off.
    assert re.search(r": (on now|begins in \d+ s), 0 monitors\.$", done.stdout.rstrip())
    assert "No monitor is covered" in done.stderr
    assert re.search(r"on, ends in|in \d+ s", bench.run("maintenance", "ls").stdout)


def test_nothing_planned_says_how_to_plan(bench: Bench) -> None:
    empty = bench.run("maintenance", "ls")

    assert (empty.returncode, empty.stdout) == (0, "")
    assert "seestackd maintenance add TITLE --from WHEN --to WHEN" in empty.stderr
    assert json.loads(bench.run("maintenance", "ls", "--json").stdout)["windows"] == []


@rows(
    ("arguments", "complaint"),
    [
        ((), "--from: give a start and an end, or a schedule and a duration"),
        (("--from", "2090-01-01", "--to", "2089-01-01"), "--to: the end is not after the start"),
        (("--from", "2001-01-01", "--to", "2001-01-02"), "--to: the window lies in the past"),
        (("--from", "2090-01-01", "--to", "2090-02-01"), "--to: a window lasts at most 30 days"),
        (("--from", "noon", "--to", "2090-01-01"), '--from: "noon" is not a time; write for example'),
        (("--from", "2090-01-01", "--to", "late"), '--to: "late" is not a time'),
        (("--schedule", "0 2 * *", "--duration", "1h"), "--schedule: "),
        (("--schedule", "0 2 * * *"), "--duration: say how long the window lasts, for example 2h"),
        (("--schedule", "0 2 * * *", "--duration", "25h"), "--duration: the next window begins before this one ends"),
        (("--schedule", "30m", "--duration", "1m"), "--schedule: a window recurs by the calendar"),
        (("--schedule", "0 2 * * 0", "--duration", "1h", "--timezone", "Berlin"), "--timezone: "),
    ],
)
def test_a_window_that_makes_no_sense_is_refused_with_the_reason(
    home: Bench, arguments: tuple[str, ...], complaint: str
) -> None:
    result = home.run("maintenance", "add", "nonsense", *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert complaint in result.stderr
    assert "nonsense" not in windows(home.run)
