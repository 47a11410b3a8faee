"""Monitors as code by the command line: checked, compared, reloaded under load, exported and read back."""

import http.client
import json
import re
import signal
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Bench, Daemon, bench_in
from tests.journeys.daemon import Webhook, wait_for

JOBS = "\n".join(f"[monitors.job-{number}]\nschedule = '1d'" for number in range(8))


def beside(bench: Bench, name: str, text: str) -> Path:
    folder = bench.folder / "conf.d"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / f"{name}.toml"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Bench, Daemon]]:
    """A daemon for all tests of this file: each declares monitors in a file of its own, and takes it away."""
    with bench_in(tmp_path_factory.mktemp("running")) as bench:
        bench.configure("[channels.ops]\nurl = 'json://127.0.0.1:1/'\n[monitors.base]\nschedule = '1d'\n")
        yield bench, bench.serve()


def test_a_check_shows_the_next_runs_in_the_monitors_zone(bench: Bench) -> None:
    bench.configure("[monitors.report]\nschedule = '30 6 * * *'\ntimezone = 'Asia/Kolkata'\n")
    beside(bench, "more", "[monitors.often]\nschedule = '15m'\n[monitors.over]\nschedule = '2019-01-01'\n")

    checked = bench.run("check-config")

    assert (checked.returncode, checked.stderr) == (0, "")
    runs = re.search(r"^report +30 6 \* \* \* +Asia/Kolkata +(.*)$", checked.stdout, re.MULTILINE)
    assert runs
    assert len(re.findall(r"\w{3} \d{4}-\d\d-\d\d 06:30 IST", runs[1])) == 3
    assert re.search(r"^often +15m +UTC +every 15 minutes, counted from its reports$", checked.stdout, re.MULTILINE)
    assert re.search(r"^over .* never again: it names past dates only$", checked.stdout, re.MULTILINE)


def test_a_check_tells_every_problem_of_every_file(bench: Bench) -> None:
    bench.configure("[monitors.a]\nschedul = '1d'\n")
    more = beside(bench, "more", "[monitors.b]\nschedule = '1d'\ngrace = 5\n")

    checked = bench.run("check-config")

    assert (checked.returncode, checked.stdout) == (3, "")
    assert checked.stderr.count("\n") == 3
    assert 'monitors.a.schedul: unknown key; did you mean "schedule"?' in checked.stderr
    assert f"{more}:3:1: monitors.b.grace: must be a text; put it in quotes" in checked.stderr


def test_a_start_with_a_broken_monitor_ends_with_its_place(bench: Bench) -> None:
    file = bench.configure("[monitors.a]\nschedule = 'never'\n")

    ended = bench.run("serve")

    assert ended.returncode == 3
    assert ended.stderr.startswith(f"{file}:2:1: monitors.a.schedule: ")


def test_what_a_start_would_change_is_told_without_a_daemon(bench: Bench) -> None:
    bench.run("monitor", "add", "by-hand", "--schedule", "1d")
    bench.configure("[monitors.by-hand]\nschedule = '2d'\n[monitors.new]\nschedule = '1d'\n")

    told = bench.run("config", "diff")

    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == "+1 monitor, ~1\n+ new\n~ by-hand: schedule 1d -> 2d, source cli -> file\n"


def test_what_is_exported_is_read_back_as_it_was(bench: Bench) -> None:
    bench.configure("[channels.ops]\nurl = 'json://127.0.0.1:1/'\n[defaults]\ngrace = '3h'\ntimezone = 'Asia/Tokyo'\n")
    bench.run("monitor", "add", "plain", "--schedule", "90m")
    bench.run("monitor", "add", "123", "--schedule", "Mon..Fri 03:00", "--no-channels", "--grace", "0")
    rules = ("--overlap", "--no-watch-from-creation", "--failures-before-alert", "2", "--slow-factor", "2.5")
    lists = ("--channel", "ops", "--tag", "db", "--tag", "prod", "--remind-every", "36h", "--max-runtime", "61s")
    name = 'Said "so" for ${HOME} \\ $$5 à l\'été'
    bench.run("monitor", "add", "rich", "--schedule", "0 3 * * SUN", "--name", name, *rules, *lists)

    exported = bench.run("export")
    beside(bench, "exported", exported.stdout)
    changes = json.loads(bench.run("config", "diff", "--json").stdout)

    assert bench.run("check-config").returncode == 0
    assert {changed["slug"]: changed["fields"] for changed in changes["changed"]} == {
        slug: [["source", "cli", "file"]] for slug in ("plain", "123", "rich")
    }
    assert (changes["added"], changes["archived"], changes["refused"]) == ([], [], False)


def test_the_settings_in_force_are_shown_without_secrets(bench: Bench) -> None:
    bench.configure(
        "[channels.ops]\nurl = 'json://user:SECRET-1@hook.example/SECRET-2'\n[monitors.job]\nschedule = '1d'\n"
        "[deadman]\nurl = 'https://watch.example/SECRET-3'\n"
    )

    shown = bench.run("config", "show").stdout

    assert "SECRET" not in shown
    assert '[channels.ops]\nurl = "json://hook.example"\n' in shown
    assert '[monitors.job]\nschedule = "1d"\n' in shown
    assert '[defaults]\ntimezone = "UTC"\ngrace = "5m"\n' in shown


def test_a_reload_needs_a_daemon(bench: Bench) -> None:
    refused = bench.run("reload")

    assert (refused.returncode, refused.stdout) == (4, "")
    assert "no daemon runs" in refused.stderr


def test_a_reload_says_what_it_changed(running: tuple[Bench, Daemon]) -> None:
    bench, _ = running
    file = beside(bench, "own", "[monitors.one]\nschedule = '0 3 * * *'\n[monitors.two]\nschedule = '1d'\n")
    would, did = bench.run("config", "diff"), bench.run("reload")
    assert (would.stdout, did.stdout) == ("+2 monitors\n+ one\n+ two\n", "Reloaded: +2 monitors\n+ one\n+ two\n")

    file.write_text("[monitors.one]\nschedule = '0 4 * * *'\ngrace = '1h30m'\n")
    assert bench.run("reload").stdout == (
        "Reloaded: ~1 monitor, -1\n- two (archived)\n~ one: schedule 0 3 * * * -> 0 4 * * *, grace 5m -> 1h30m\n"
    )
    assert bench.run("reload").stdout == "Reloaded: nothing changes\n"
    assert bench.run("monitor", "ls", "-q").stdout == "base\none\n"
    file.unlink()
    assert "- one (archived)" in bench.run("reload").stdout


def test_a_declared_monitor_is_read_only(running: tuple[Bench, Daemon]) -> None:
    bench, _ = running

    for refused in (bench.run("monitor", "edit", "base", "--grace", "1h"), bench.run("monitor", "rm", "base", "--yes")):
        assert refused.returncode == 1
        assert "base is declared in the configuration file; change it there, then: seestackd reload" in refused.stderr
    assert "5 min" in bench.run("monitor", "show", "base").stdout


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[monitors.base]\nschedule = '2d'\n", "monitors.base: stands at"),
        ("[monitors.new\n", "correct the TOML"),
        ("[monitors.new]\nschedule = '1d'\n[monitors.bad]\nschedule = 'x'\n", "monitors.bad.schedule"),
        ("default_channels = ['opps']\n[monitors.new]\nschedule = '1d'\n", 'did you mean "ops"?'),
    ],
)
def test_a_file_with_an_error_leaves_everything_as_it_was(
    running: tuple[Bench, Daemon], text: str, problem: str
) -> None:
    bench, daemon = running
    before = bench.run("monitor", "ls", "-q").stdout
    file = beside(bench, "broken", text)
    try:
        refused = bench.run("reload")
        assert refused.returncode == 3
        assert problem in refused.stderr
        daemon.process.send_signal(signal.SIGHUP)
        logged = json.dumps(problem)[1:-1]
        assert logged in daemon.until(logged)
    finally:
        file.unlink()
    assert bench.run("monitor", "ls", "-q").stdout == before
    assert bench.run("reload").returncode == 0


def test_many_monitors_are_archived_only_when_that_is_meant(running: tuple[Bench, Daemon]) -> None:
    bench, _ = running
    file = beside(bench, "jobs", JOBS)
    assert bench.run("reload").returncode == 0
    file.write_text("")

    would, refused = bench.run("config", "diff"), bench.run("reload")

    assert (would.returncode, refused.returncode) == (5, 1)
    assert would.stdout.startswith("-8 monitors\n")
    assert "8 of the 9 monitors in the files would be archived, so nothing was changed" in refused.stderr
    assert bench.run("monitor", "ls", "-q").stdout.count("job-") == 8
    assert bench.run("reload", "--force").stdout.startswith("Reloaded: -8 monitors\n")
    assert bench.run("monitor", "ls", "-q").stdout == "base\n"


def test_alerts_go_where_the_settings_say_after_a_reload(running: tuple[Bench, Daemon]) -> None:
    bench, _ = running
    settings = bench.folder / "seestackd.toml"
    before = settings.read_text()
    with Webhook() as webhook:
        settings.write_text(
            before.replace("127.0.0.1:1/", f"127.0.0.1:{webhook.port}/") + "[server]\nmax_body_bytes = 2000000\n"
        )
        reloaded = bench.run("reload")
        bench.run("alert", "test", "ops")
        wait_for(webhook.titles, 10, "the test message")
    settings.write_text(before)

    assert "~ channels.ops\n~ server.max_body_bytes (needs a restart)\n" in reloaded.stdout
    assert reloaded.stderr == "server.max_body_bytes is read at start: restart to apply it\n"
    assert webhook.titles() == ["TEST from seestackd: channel ops works"]
    assert bench.run("reload").stdout == "Reloaded: ~1 setting\n~ channels.ops\n"


def test_no_ping_fails_while_the_daemon_reloads(running: tuple[Bench, Daemon]) -> None:
    bench, daemon = running
    key = bench.run("key", "create", "pinger").stdout.strip()
    answers: list[int] = []
    enough = threading.Event()

    def ping() -> None:
        connection = http.client.HTTPConnection(urlsplit(daemon.url).netloc, timeout=10)
        while not enough.is_set():
            body = json.dumps({"slug": "base", "status": "success", "durationMs": 0})
            headers = {"X-SeeStack-Key": key, "Content-Type": "application/json"}
            connection.request("POST", "/ingest/v1/heartbeat", body, headers)
            answer = connection.getresponse()
            answer.read()
            answers.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=ping) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(5):
        beside(bench, "load", f"[monitors.load]\nschedule = '{number + 1}h'\n")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for(lambda n=number: f'\n[monitors.load]\nschedule = "{n + 1}h"' in bench.run("export").stdout, 10, "HUP")
    wait_for(lambda: len(answers) >= 50, 20, "pings")
    enough.set()
    for thread in threads:
        thread.join()

    assert set(answers) == {202}


def test_check_config_refuses_to_send_mail_of_rules_through_what_sends_none(bench: Bench) -> None:
    bench.configure("[channels.chat]\nurl = 'json://127.0.0.1/'\n[alert_rules]\nmail_through = 'chat'\n")
    checked = bench.run("check-config")
    assert checked.returncode == 3
    assert "channels.chat: alert_rules.mail_through names it, so it needs a mailto:// URL" in checked.stderr


def test_metrics_tell_of_a_reload_that_was_refused(running: tuple[Bench, Daemon]) -> None:
    bench, daemon = running
    good = (bench.folder / "seestackd.toml").read_text()
    assert figure(daemon, "config_ok") == 1

    bench.configure(f"{good}\n[monitors.broken]\nschedule = 'never'\n")
    assert bench.run("reload").returncode == 3
    assert figure(daemon, "config_ok") == 0

    bench.configure(good)
    assert bench.run("reload").returncode == 0
    assert figure(daemon, "config_ok") == 1


def figure(daemon: Daemon, name: str) -> float:
    with urllib.request.urlopen(f"{daemon.url}/metrics", timeout=10) as answer:
        return float(re.findall(rf"^seestackd_{name} (\S+)$", answer.read().decode(), re.MULTILINE)[0])
