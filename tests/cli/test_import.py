"""Monitors taken over from a file of seestackd's own, from Healthchecks and from Cronitor."""

import json
import tomllib
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Bench, Daemon, bench_in

LISTS = Path(__file__).parent / "lists"
DECLARED = "[monitors.declared]\nschedule = '1d'\n"
NOTHING_YET = "Nothing was changed. To add and change these monitors: --write\n"
OWN = {"declared", "job"}
CRONITOR = {
    "nightly-reindex": {
        "schedule": "0 3 * * *",
        "timezone": "Europe/Berlin",
        "name": "Nightly reindex",
        "grace": "10m",
        "max_runtime": "5m",
        "tags": ["prod"],
        "watch_from_creation": False,
        "failures_before_alert": 2,
        "remind_every": "8h",
    },
    "device-heartbeat": {
        "schedule": "5m",
        "timezone": "UTC",
        "name": "Server fan",
        "grace": "0s",
        "watch_from_creation": False,
        "remind_every": "8h",
    },
}


def exported(bench: Bench) -> dict[str, Any]:
    return tomllib.loads(bench.run("export").stdout).get("monitors", {})


def written(bench: Bench, name: str, content: str) -> str:
    file = bench.folder / name
    file.write_text(content, encoding="utf-8")
    return str(file)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, Daemon]]:
    """A daemon with two monitors that its file declares."""
    with bench_in(tmp_path_factory.mktemp("served")) as bench:
        bench.configure(f"{DECLARED}[monitors.job]\nschedule = '1d'\n")
        yield bench, bench.serve()


def test_checks_of_healthchecks_become_monitors_that_their_jobs_reach_as_before(
    running: tuple[Bench, Daemon],
) -> None:
    served, daemon = running
    planned = served.run("import", str(LISTS / "healthchecks.json"))
    assert (planned.returncode, planned.stdout) == (
        0,
        "+3 monitors\n+ nightly-backup\n+ queue-worker\n+ queue-worker-2\n",
    )
    assert planned.stderr.endswith(NOTHING_YET)
    assert exported(served).keys() <= OWN

    done = served.run("import", str(LISTS / "healthchecks.json"), "--write")

    assert (done.returncode, done.stdout) == (planned.returncode, planned.stdout)
    assert done.stderr == (
        "nightly-backup: its integrations are not taken over; it alerts through the default channels\n"
        "queue-worker: it is paused there; it waits for its first report here\n"
        "queue-worker: its filters on what jobs send are not taken over\n"
        "Their ping addresses end as before, so jobs need this server's name only; see: seestackd monitor show SLUG\n"
    )
    assert {slug: table for slug, table in exported(served).items() if slug not in OWN} == {
        "nightly-backup": {
            "schedule": "15 3 * * *",
            "timezone": "Europe/Riga",
            "name": "Nightly backup",
            "grace": "15m",
            "tags": ["prod", "db"],
            "watch_from_creation": False,
        },
        "queue-worker": {
            "schedule": "1h", "timezone": "UTC", "name": "Queue worker", "grace": "1m", "watch_from_creation": False,
        },
        "queue-worker-2": {
            "schedule": "Mon..Fri 09:00", "timezone": "UTC", "name": "Queue worker", "grace": "2m", "tags": ["staging"],
            "watch_from_creation": False,
        },
    }  # fmt: skip
    monitors = {each["slug"]: each for each in json.loads(served.run("monitor", "ls", "--json").stdout)["monitors"]}
    assert {monitors[slug]["status"] for slug in monitors.keys() - OWN} == {"pending"}
    shown = json.loads(served.run("monitor", "show", "nightly-backup", "--json").stdout)
    (kept,) = [urlsplit(url).path for url in shown["ping_urls"] if "803f680d" in url]
    assert kept == "/ping/803f680d-e89b-492b-82ef-2be7b774a92d"
    with urllib.request.urlopen(f"{daemon.url}{kept}", timeout=10) as answer:
        assert answer.status == 200
    assert json.loads(served.run("monitor", "show", "nightly-backup", "--json").stdout)["status"] == "healthy"


@pytest.mark.parametrize("file", ["cronitor.json", "cronitor.yaml"])
def test_monitors_of_cronitor_come_by_its_api_and_by_its_file(bench: Bench, file: str) -> None:
    done = bench.run("import", str(LISTS / file), "--write")

    assert (done.returncode, done.stdout) == (0, "+2 monitors\n+ nightly-reindex\n+ device-heartbeat\n")
    assert "a check looks at an address by itself; seestackd waits for reports" in done.stderr
    assert "nightly-reindex: not taken over: metric.error_count < 5\n" in done.stderr
    assert exported(bench) == CRONITOR


def test_what_export_printed_comes_back_as_it_was(running: tuple[Bench, Daemon], bench: Bench) -> None:
    bench.run("monitor", "add", "full", "--schedule", "0 3 * * 1-5", "--timezone", "Europe/Oslo", "--grace", "15m",
              "--max-runtime", "2h", "--overlap", "--failures-before-alert", "2", "--slow-factor", "2.5", "--tag", "db",
              "--remind-every", "4h", "--public", "--public-name", "Backups", "--name", "100 $ {a} \"q\" \\ é",
              "--no-channels", "--no-watch-from-creation")  # fmt: skip
    bench.run("monitor", "add", "plain", "--schedule", "1d")
    file = written(bench, "all.toml", bench.run("export").stdout)

    assert bench.run("import", file).stdout == "nothing changes\n"
    running[0].run("import", file, "--write")

    shown = [json.loads(run("monitor", "show", "full", "--json").stdout) for run in (running[0].run, bench.run)]
    for each in shown:
        for own in ("at", "uid", "created_at", "expected_at", "deadline_at", "ping_urls", "badge_url"):
            each.pop(own)
    assert shown[0] == shown[1]


def test_a_monitor_that_is_there_becomes_what_the_file_says(bench: Bench) -> None:
    bench.run("monitor", "add", "job", "--schedule", "1d", "--tag", "db")
    bench.run("monitor", "add", "other", "--schedule", "1d")
    file = written(bench, "monitors.toml", "[monitors.job]\nschedule = '2d'\n[monitors.new]\nschedule = '1h'\n")

    planned, done = bench.run("import", file), bench.run("import", file, "--write")

    assert planned.stdout == done.stdout == "+1 monitor, ~1\n+ new\n~ job: schedule 1d -> 2d, tags db -> none\n"
    assert exported(bench).keys() == {"job", "new", "other"}
    assert exported(bench)["job"] == {"schedule": "2d", "timezone": "UTC", "grace": "5m"}
    assert bench.run("import", file, "--write").stdout == "nothing changes\n"


def test_what_a_file_declares_is_changed_there_only_and_what_it_gave_up_is_free(
    running: tuple[Bench, Daemon],
) -> None:
    bench, _ = running
    same = bench.run("import", written(bench, "same.toml", DECLARED), "--write")
    file = written(bench, "other.toml", "[monitors.fine]\nschedule = '1d'\n[monitors.declared]\nschedule = '2d'\n")
    refused = bench.run("import", file, "--write")
    assert (same.returncode, same.stdout) == (0, "nothing changes\n")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "The monitor declared is declared in the configuration file; change it there" in refused.stderr
    assert "fine" not in exported(bench)
    bench.configure(DECLARED)
    assert bench.run("reload").returncode == 0

    done = bench.run("import", written(bench, "job.toml", "[monitors.job]\nschedule = '2d'\n"), "--write")

    assert (done.returncode, done.stdout) == (0, "+1 monitor\n+ job (back, with its history)\n")
    assert json.loads(bench.run("monitor", "show", "job", "--json").stdout)["source"] == "cli"
    assert bench.run("reload").returncode == 0, "and no reload takes it away again"
    assert "job" in exported(bench)


HOSTILE = {
    "no such file": ("gone.json", None, "cannot read {file}: No such file or directory; name a file that export"),
    "empty": ("a.json", "", "{file} is no list of Healthchecks or Cronitor"),
    "a number": ("a.json", "3", "{file} is no list of Healthchecks or Cronitor"),
    "half of it": ("a.json", '{"checks": [', "{file}:1:13: Expecting value; correct the JSON"),
    "not UTF-8": ("a.json", b'{"checks": ["\xff"]}', "{file} is not UTF-8; save it as UTF-8"),
    "too deep": ("a.json", "[" * 100_000, "{file} is nested too deeply"),
    "too large": ("a.json", " " * (4 * 2**20 + 1), "{file} is larger than 4 MiB; split it"),
    "an unquoted schedule": (
        "a.yaml", "jobs:\n  a:\n    schedule: */5 * * * *\n", "{file}:3:16: did not find expected alphabetic",
    ),
    "a Python object": ("a.yaml", "jobs: !!python/object/apply:os.system [id]", "{file}:1:7: could not determine a"),
    "no TOML": ("a.toml", "[monitors.", "{file}:1:11: "),
    "other tables": ("a.toml", "[server]\nlisten = 'x'\n", "{file}:1:2: server: only [monitors.<slug>] tables can"),
    "an unknown key": (
        "a.toml", "[monitors.a]\nschedule = '1d'\ngrase = '1m'\n",
        '{file}:3:1: monitors.a.grase: unknown key; did you mean "grace"?',
    ),
    "an unknown channel": (
        "a.toml", "[monitors.a]\nschedule = '1d'\nchannels = ['ops']\n",
        '{file}:3:1: monitors.a.channels: no channel "ops" is defined',
    ),
    "monitors that are no table": ("a.toml", "monitors = 3\n", "{file}:1:1: monitors: must be a table of tables"),
    "a monitor that is no table": ("a.toml", "[monitors]\na = 3\n", "{file}:2:1: monitors.a: must be a table"),
    "past dates only": (
        "a.toml", "[monitors.a]\nschedule = '2019-01-01'\n", 'seestackd: monitors.a.schedule: "2019-01-01" names past',
    ),
    "checks that are no list": ("a.json", '{"checks": {"a": 1}}', "{file}: checks.a: must be an object"),
    "a check that is no object": ("a.json", '{"checks": [3]}', "{file}: checks[0]: must be an object"),
    "no schedule": ("a.json", '{"checks": [{"name": "a"}]}', "{file}: checks[0].schedule: is missing, and so is"),
    "a wrong type": ("a.json", '{"checks": [{"timeout": "60"}]}', "{file}: checks[0].timeout: must be a whole number"),
    "a negative time": ("a.json", '{"checks": [{"timeout": -1}]}', "{file}: checks[0].timeout: must be a whole number"),
    "an endless grace": (
        "a.json", '{"checks": [{"timeout": 60, "grace": 1e9}]}', "{file}: checks[0].grace: must be a whole number",
    ),
    "a long grace": (
        "a.json", '{"checks": [{"timeout": 60, "grace": 31536000}]}', '{file}: checks[0].grace: "365d" is more than 30',
    ),
    "a zone of no place": (
        "a.json", '{"checks": [{"schedule": "0 3 * * *", "tz": "Mars"}]}', '{file}: checks[0].tz: "Mars" is not a time',
    ),
    "a hostile ping id": (
        "a.json", '{"checks": [{"timeout": 60, "uuid": "../../etc"}]}', "{file}: checks[0].uuid: is no UUID",
    ),
    "a tag that is no name": (
        "a.json", '{"checks": [{"timeout": 60, "tags": "a,b"}]}', "{file}: checks[0].tags: 'a,b' is not a name",
    ),
    "a ping id twice": (
        "a.json", json.dumps({"checks": [{"timeout": 60, "uuid": "803f680d-e89b-492b-82ef-2be7b774a92d"}] * 2}),
        "{file}: checks[1].uuid: stands at checks[0] too",
    ),
    "a schedule that is a number": ("a.yaml", "jobs:\n  a:\n    schedule: 13:30\n", "{file}: jobs.a.schedule: must be"),
    "a duration of words": (
        "a.yaml", "jobs:\n  a:\n    schedule: every 5 minutes\n    assertions: [metric.duration < soon]\n",
        '{file}: jobs.a.assertions: "soon" is not a duration',
    ),
    "no key": ("a.json", '{"monitors": [{"schedule": "* * * * *"}]}', "{file}: monitors[0].key: is missing"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_list_that_is_wrong_anywhere_is_refused_with_the_place_and_changes_nothing(
    case: str, refusing: Bench, tmp_path: Path
) -> None:
    name, content, said = HOSTILE[case]
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    refused = refusing.run("import", str(file), "--write")

    assert refused.returncode in (1, 3)
    assert refused.stdout == ""
    assert said.format(file=file).strip() in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (refusing.data / "seestackd.db").exists() or exported(refusing) == {}


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench_in(tmp_path_factory.mktemp("refusing")) as bench:
        yield bench


def test_every_problem_of_a_list_is_told_at_once(bench: Bench) -> None:
    file = written(bench, "a.json", '{"checks": [{"timeout": 60, "grace": true}, {"timeout": 60}, {"schedule": 3}]}')

    refused = bench.run("import", file, "--write")

    assert refused.stderr.count("\n") == 2
    assert refused.stderr.startswith(f"{file}: checks[0].grace: must be a whole number")
    assert f"{file}: checks[2].schedule: must be a text" in refused.stderr


def test_a_ping_id_that_another_monitor_has_is_refused(bench: Bench) -> None:
    bench.run("import", str(LISTS / "healthchecks.json"), "--write")
    uuid = "803f680d-e89b-492b-82ef-2be7b774a92d"
    file = written(bench, "a.json", json.dumps({"checks": [{"name": "other", "timeout": 60, "uuid": uuid}]}))

    refused = bench.run("import", file, "--write")

    assert refused.returncode == 1
    assert "other has the ping id of the monitor nightly-backup; remove that one, or this from the" in refused.stderr


def test_writing_and_only_looking_contradict_each_other(bench: Bench) -> None:
    assert bench.run("import", "a.json", "--write", "--dry-run").returncode == 2


def test_a_plan_is_there_for_scripts(bench: Bench) -> None:
    said = json.loads(bench.run("import", str(LISTS / "cronitor.json"), "--json").stdout)

    assert (said["version"], said["added"], said["written"]) == (1, ["nightly-reindex", "device-heartbeat"], False)
    assert said["left_alone"][0]["where"] == "monitors[2]"
    assert said["notes"][0] == {
        "where": "monitors[0]", "slug": "nightly-reindex", "note": "not taken over: metric.error_count < 5",
    }  # fmt: skip
