"""`seestackd monitor add|edit|pause|resume`: every rule can be said, changed and taken away."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from seestackd.clock import Clock
from seestackd.core.monitor import new_monitor
from seestackd.feed import Feed
from seestackd.operations import keys, monitors
from seestackd.runner import Runner
from seestackd.store.sqlite.lock import opened
from tests.cli.conftest import Bench, Place, bench_in
from tests.rows import rows

SETTINGS = """
default_channels = ["ops"]
[defaults]
timezone = "Europe/Berlin"
[channels.ops]
url = "json://localhost:1/"
[channels.mail]
url = "json://localhost:1/"
for_tags = ["db"]
"""
RULES = {
    "--grace": ("15m", "grace_ms", 900_000),
    "--max-runtime": ("2h", "max_runtime_ms", 7_200_000),
    "--slow-factor": ("2.5", "slow_factor", 2.5),
    "--remind-every": ("4h", "remind_every_ms", 14_400_000),
    "--public-name": ("Backups", "public_name", "Backups"),
    "--failures-before-alert": ("3", "failures_before_alert", 3),
    "--successes-before-recovery": ("2", "successes_before_recovery", 2),
    "--schedule": ("0 4 * * *", "schedule", "0 4 * * *"),
    "--timezone": ("Asia/Tokyo", "timezone", "Asia/Tokyo"),
    "--name": ("Nightly dump", "name", "Nightly dump"),
    "--tag": ("db", "tags", ["db"]),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench for all that is refused, with one monitor."""
    with bench_in(tmp_path_factory.mktemp("home")) as made:
        made.run("monitor", "add", "firm", "--schedule", "1d")
        yield made


def shown(place: Place, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place("monitor", "show", slug, "--json").stdout)
    return {name: value for name, value in found.items() if name not in ("at", "version")}


def test_every_rule_can_be_said_when_a_job_is_added(place: Place) -> None:
    said = [word for option, (value, _, _) in RULES.items() for word in (option, value)]
    done = place("monitor", "add", "ruled", *said, "--overlap", "--no-watch-from-creation")

    assert done.stdout == "ruled is watched: 0 4 * * * (Asia/Tokyo), from its first report on.\n", done.stderr
    facts = shown(place, "ruled")
    assert {name: facts[name] for _, name, _ in RULES.values()} == {name: value for _, name, value in RULES.values()}
    assert (facts["overlap"], facts["watch_from_creation"], facts["expected_at"]) == (True, False, None)
    text = place("monitor", "show", "ruled").stdout
    for line in ("3 bad runs in a row", "2 good runs in a row", "2.5 x the usual duration", "Reminds every:   4 h"):
        assert line in text


@pytest.mark.parametrize("option", RULES)
def test_a_rule_is_changed_alone(home: Bench, option: str) -> None:
    slug, place = f"job{option}", home.run
    place("monitor", "add", slug, "--schedule", "0 3 * * *")
    before = shown(place, slug)
    value, name, expected = RULES[option]
    done = place("monitor", "edit", slug, option, value)

    after = shown(place, slug)
    changed = {key for key in after if after[key] != before[key]}
    assert (done.returncode, after[name]) == (0, expected)
    # What follows from when a run is expected.
    assert changed - {"expected_at", "deadline_at"} == {name}


@pytest.mark.parametrize(
    ("option", "word", "name"),
    [
        ("--max-runtime", "default", "max_runtime_ms"),
        ("--slow-factor", "off", "slow_factor"),
        ("--remind-every", "daily", "remind_every_ms"),
        ("--public-name", "", "public_name"),
    ],
)
def test_a_rule_is_taken_away(home: Bench, option: str, word: str, name: str) -> None:
    slug, place = f"less{option}", home.run
    place("monitor", "add", slug, "--schedule", "1d", option, RULES[option][0])
    assert shown(place, slug)[name] is not None

    assert place("monitor", "edit", slug, option, word).returncode == 0
    assert shown(place, slug)[name] is None


def test_switches_are_turned_and_turned_back(place: Place) -> None:
    place("monitor", "add", "switched", "--schedule", "1d")
    place("monitor", "edit", "switched", "--overlap", "--no-watch-from-creation")
    assert (shown(place, "switched")["overlap"], shown(place, "switched")["watch_from_creation"]) == (True, False)
    assert shown(place, "switched")["deadline_at"] is None, "it has never reported, so nothing is expected of it"

    place("monitor", "edit", "switched", "--no-overlap", "--watch-from-creation")
    assert (shown(place, "switched")["overlap"], shown(place, "switched")["watch_from_creation"]) == (False, True)
    assert shown(place, "switched")["deadline_at"] is not None


def test_tags_are_replaced_or_taken_away(place: Place) -> None:
    place("monitor", "add", "tagged", "--schedule", "1d", "--tag", "old")
    place("monitor", "edit", "tagged", "--tag", "db", "--tag", "eu")
    assert shown(place, "tagged")["tags"] == ["db", "eu"]
    place("monitor", "edit", "tagged", "--grace", "1h")
    assert shown(place, "tagged")["tags"] == ["db", "eu"]

    place("monitor", "edit", "tagged", "--no-tags")
    assert shown(place, "tagged")["tags"] == []


def test_channels_are_the_monitors_own_those_of_its_tags_the_default_or_none(bench: Bench) -> None:
    bench.configure(SETTINGS)
    run = bench.run
    run("monitor", "add", "job", "--schedule", "1d")
    assert shown(run, "job")["channels"] == ["ops"]
    run("monitor", "edit", "job", "--tag", "db")
    assert shown(run, "job")["channels"] == ["mail"]
    run("monitor", "edit", "job", "--channel", "ops", "--channel", "mail")
    assert shown(run, "job")["channels"] == ["ops", "mail"]
    run("monitor", "edit", "job", "--no-channels")
    assert shown(run, "job")["channels"] == []
    run("monitor", "edit", "job", "--default-channels")
    assert shown(run, "job")["channels"] == ["mail"]


def test_who_wants_no_channels_is_not_warned(bench: Bench) -> None:
    bench.configure(SETTINGS)
    done = bench.run("monitor", "add", "job", "--schedule", "1d", "--no-channels")

    assert (done.returncode, done.stderr, shown(bench.run, "job")["channels"]) == (0, "", [])


def test_another_schedule_keeps_the_zone_and_says_what_is_expected(bench: Bench) -> None:
    bench.configure(SETTINGS)
    bench.run("monitor", "add", "job", "--schedule", "0 3 * * *", "--timezone", "Asia/Tokyo")
    done = bench.run("monitor", "edit", "job", "--schedule", "0 5 * * *")

    assert done.stdout.startswith("job is changed: 0 5 * * * (Asia/Tokyo), next expected in ")
    assert shown(bench.run, "job")["expected_at"].endswith("T20:00:00.000Z")


def test_grace_alone_leaves_what_is_expected(bench: Bench) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d")
    before = shown(bench.run, "job")["expected_at"]
    bench.run("monitor", "edit", "job", "--grace", "1h")

    assert shown(bench.run, "job")["expected_at"] == before


@rows(
    ("arguments", "code", "complaint"),
    [
        ((), 2, "nothing to change; name what, for example --grace 15m"),
        (("--schedule", "1 2 3"), 2, "--schedule: "),
        (("--timezone", "Berlin"), 2, "--timezone: "),
        (("--grace", "soon"), 2, '--grace: "soon" is not a duration'),
        (("--grace", "31d"), 2, "--grace: "),
        (("--max-runtime", "0"), 2, "--max-runtime: a run needs some time"),
        (("--slow-factor", "fast"), 2, '--slow-factor: "fast" is not a number; write for example 2.5, or "off"'),
        (("--slow-factor", "1"), 2, "--slow-factor: 1.0 is not above 1"),
        (("--slow-factor", "nan"), 2, "--slow-factor: "),
        (("--failures-before-alert", "0"), 2, "--failures-before-alert: 0 is not between 1 and 100"),
        (("--failures-before-alert", "x"), 2, "is not a whole number"),
        (("--successes-before-recovery", "101"), 2, "--successes-before-recovery: 101 is not between"),
        (("--remind-every", "0"), 2, "--remind-every: "),
        (("--name", "a\nb"), 2, "--name: "),
        (("--channel", "opps"), 1, "no channel opps is defined"),
        (("--channel", "ops", "--no-channels"), 2, "contradict each other"),
        (("--tag", "no blanks"), 2, "--tag: "),
        (("--tag", "a", "--no-tags"), 2, "contradict each other"),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(
    home: Bench, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    before = shown(home.run, "firm")
    result = home.run("monitor", "edit", "firm", *arguments)

    assert (result.returncode, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert shown(home.run, "firm") == before


def test_what_a_file_declares_is_changed_there(bench: Bench) -> None:
    bench.run("monitor", "ls")
    bench.run("key", "create", "first")
    with opened(bench.data / "seestackd.db", wait_s=5.0) as store:
        runner = Runner(store, Clock(), Feed(), on_broken=lambda: None)
        project = runner.call(keys.ensure_project, keys.EnsureProject())
        new = new_monitor("declared", "1d", source="file")
        runner.call(monitors.add, monitors.AddMonitor(project.id, new, "p"))
    result = bench.run("monitor", "edit", "declared", "--grace", "1h")

    assert result.returncode == 1
    assert "declared in the configuration file; change it there" in result.stderr
    assert bench.run("monitor", "pause", "declared").returncode == 0


def test_a_monitor_is_paused_and_resumed(place: Place) -> None:
    place("monitor", "add", "paused", "--schedule", "1d")

    assert place("monitor", "pause", "paused").stdout == "paused is paused until it is resumed.\n"
    assert shown(place, "paused")["status"] == "paused"
    assert place("monitor", "resume", "paused").stdout.startswith("paused is watched again, expected in ")
    assert shown(place, "paused")["status"] == "pending"


def test_a_pause_may_end_by_itself(place: Place) -> None:
    place("monitor", "add", "brief", "--schedule", "1d")
    done = place("monitor", "pause", "brief", "--for", "8h")
    ends = shown(place, "brief")["paused_until"]

    assert done.stdout == f"brief is paused until {ends}.\n"
    assert shown(place, "brief")["deadline_at"] == ends
    place("monitor", "pause", "brief", "--until", ends)
    assert shown(place, "brief")["paused_until"] == ends
    assert "Paused until:" in place("monitor", "show", "brief").stdout


@pytest.mark.parametrize("arguments", [("--for", "0"), ("--until", "2001-01-01"), ("--for", "2000d"), ("--until", "x")])
def test_a_pause_that_ends_at_no_good_time_is_refused(home: Bench, arguments: tuple[str, str]) -> None:
    result = home.run("monitor", "pause", "firm", *arguments)

    assert result.returncode == 2
    assert result.stderr.startswith(f"seestackd: {arguments[0]}: ")
    assert shown(home.run, "firm")["status"] == "pending"


@rows("verb", [("edit", "gone", "--grace", "1h"), ("pause", "gone"), ("resume", "gone")])
def test_what_does_not_exist_is_not_found(place: Place, verb: tuple[str, ...]) -> None:
    result = place("monitor", *verb)

    assert result.returncode == 1
    assert "No cron monitor found with slug: gone" in result.stderr
