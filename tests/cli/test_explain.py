"""`seestackd explain`: when, who, why, in words and for scripts."""

import json
import re
from typing import Any

import pytest

from seestackd.clock import Clock
from seestackd.core.monitor import new_monitor
from seestackd.core.pings import PingKind
from seestackd.feed import Feed
from seestackd.operations import monitors
from seestackd.operations.monitors import AddMonitor
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.sqlite.lock import opened
from tests.cli.conftest import Bench, Place
from tests.cli.test_incidents import report
from tests.core.test_alerts import local

SETTINGS = """
default_channels = ["ops", "mail"]
[defaults]
timezone = "Europe/Berlin"
[channels.ops]
url = "json://localhost:1/"
[channels.mail]
url = "json://localhost:1/"
min_severity = "critical"
recoveries = false
[escalation]
30m = ["ops"]
"""


@pytest.fixture
def berlin(bench: Bench) -> Bench:
    bench.configure(SETTINGS)
    bench.run("monitor", "add", "backup", "--schedule", "30 2 * * *", "--slow-factor", "2", "--tag", "db")
    return bench


def explained(bench: Bench, slug: str = "backup") -> dict[str, Any]:
    said: dict[str, Any] = json.loads(bench.run("explain", slug, "--json").stdout)
    return said


def test_the_next_ten_times_are_told_in_the_zone_and_in_utc(berlin: Bench) -> None:
    text = berlin.run("explain", "backup").stdout
    head = next(number for number, line in enumerate(text.splitlines()) if line.startswith("EXPECTED"))

    lines = text.splitlines()[head + 1 : head + 11]
    for line in lines:
        assert re.match(
            r"\w{3} \d{4}-\d\d-\d\d 0[23]:[03]0 CES?T  \w{3} \S+ 0[23]:\d\d CES?T  \S+ 0[01]:[03]0  \S+ 0", line
        )
    coming = explained(berlin)["coming"]
    assert len(coming) == 10
    assert all(re.fullmatch(r"\S+T0[23]:[03]0:00\+0[12]:00 CES?T", slot["expected_local"]) for slot in coming)


def test_both_changes_of_the_clocks_are_told(berlin: Bench) -> None:
    text = berlin.run("explain", "backup").stdout
    assert re.search(r"^The clocks go forward 1 h, then it is Sun \S+ 03:00 CEST:$", text, re.MULTILINE)
    assert re.search(r"^The clocks go back 1 h, then it is Sun \S+ 02:00 CET:$", text, re.MULTILINE)

    changes = explained(berlin)["clock_changes"]
    assert sorted(change["moves_ms"] for change in changes) == [-3_600_000, 3_600_000]
    forward = next(change for change in changes if change["moves_ms"] > 0)
    assert forward["at"].endswith("T01:00:00.000Z")
    if len(forward["around"]) == 3:  # fewer in the last days before it
        assert forward["around"][1]["expected_local"].endswith("T03:00:00+02:00 CEST")


def test_it_is_told_who_hears_what_and_when_and_why_others_do_not(berlin: Bench) -> None:
    text = berlin.run("explain", "backup").stdout

    def told(kind: str) -> str:
        (line,) = re.findall(rf"^{kind} .*$", text, re.MULTILINE)
        return re.sub(r" {2,}", " | ", line)

    assert told("missed") == "missed | at the deadline | ops, mail"
    assert told("failed") == "failed | at once | ops, mail"
    assert told("overrun") == "overrun | a run goes on for 1 h | ops, mail"
    assert told("slow") == "slow | a run takes more than 2 x the usual | ops, mail (not: wants nothing below critical)"
    assert told("recovered") == "recovered | at once | ops, mail (not: wants no recoveries)"
    assert told("escalation") == "escalation | 30 min after the opening, unless acknowledged | ops"
    assert "daily at 09:00 (Europe/Berlin), at the earliest 12 h after the opening" in told("reminder")
    assert "Channels: default" in text
    for kind in explained(berlin)["told"]:
        assert [channel["channel"] for channel in kind["channels"]] == ["ops", "mail"]


def test_a_channel_that_is_not_in_the_settings_any_more_hears_nothing(berlin: Bench) -> None:
    berlin.run("monitor", "edit", "backup", "--channel", "mail")
    berlin.configure(SETTINGS.replace("[channels.mail]", "[channels.post]").replace(', "mail"]', "]"))

    assert "mail (not: is not in the settings)" in berlin.run("explain", "backup").stdout
    told = {each["kind"]: each["channels"] for each in explained(berlin)["told"]}
    assert told["missed"] == [
        {"channel": "mail", "told": False, "reason": "is not in the settings", "not_before": None}
    ]


def test_the_last_slots_and_the_open_incident_are_told_with_their_reasons(berlin: Bench) -> None:
    assert "No slot has ended yet." in berlin.run("explain", "backup").stdout
    berlin.run("monitor", "add", "often", "--schedule", "1d")
    report(berlin, "often", PingKind.FAILED)
    text = berlin.run("explain", "often").stdout

    assert re.search(r"^Incident: +1 \(failed\) began \d+ m?s ago$", text, re.MULTILINE)
    assert re.search(r"^SLOT +ENDED +WHY$", text, re.MULTILINE)
    said = explained(berlin, "often")
    assert (said["incident"]["id"], said["incident"]["slug"]) == (1, "often")
    assert [slot["outcome"] for slot in said["last_slots"]] == ["failed"]


def test_a_running_job_says_since_when_and_how_long_it_may(berlin: Bench) -> None:
    report(berlin, "backup", PingKind.START)

    assert re.search(
        r"^Running: +started \S+ m?s ago, limit in (59|60) m", berlin.run("explain", "backup").stdout, re.MULTILINE
    )
    assert [run["overran"] for run in explained(berlin)["running"]] == [False]


def test_maintenance_is_told_and_the_slots_in_it(berlin: Bench) -> None:
    berlin.run("maintenance", "add", "nightly work", "--schedule", "0 2 * * *", "--duration", "3h", "--tag", "db")
    text = berlin.run("explain", "backup").stdout

    assert "Maintenance:  nightly work: " in text
    assert text.count("skipped: inside a maintenance window") >= 10
    assert [window["title"] for window in explained(berlin)["windows"]] == ["nightly work"]


def test_a_paused_monitor_says_how_to_resume_it(berlin: Bench) -> None:
    berlin.run("monitor", "pause", "backup")
    text = berlin.run("explain", "backup").stdout

    assert "Monitor:      backup, paused" in text.replace("Monitor:   backup", "Monitor:      backup")
    assert "Nothing is expected while it is paused; resume it with: seestackd monitor resume backup" in text
    assert explained(berlin)["coming"] == []


def test_a_job_without_a_report_that_is_watched_from_then_on_expects_nothing(berlin: Bench) -> None:
    berlin.run("monitor", "add", "shy", "--schedule", "1d", "--no-watch-from-creation")

    assert "Nothing is expected before its first report." in berlin.run("explain", "shy").stdout


def test_without_channels_nobody_is_told_and_it_says_so(place: Place) -> None:
    place("monitor", "add", "alone", "--schedule", "15m")
    text = place("explain", "alone").stdout

    assert "Nobody is told: no channel is set." in text
    assert "every 15 minutes" in text
    assert "EXPECTED UTC" not in text, "the zone is UTC"


class Then(Clock):
    """Tells the time it was set to."""

    at = local("2025-12-30 12:00")

    def now(self) -> int:
        return self.at


def test_a_wrong_zone_gets_its_hint(berlin: Bench) -> None:
    """The job's crontab is read in Berlin, its schedule was entered for UTC: it comes early by the offset."""
    with opened(berlin.data / "seestackd.db", wait_s=5.0) as store:
        clock = Then()
        runner = Runner(store, clock, Feed(), on_broken=lambda: None)
        runner.call(monitors.add, AddMonitor(1, new_monitor("moved", "0 3 * * *"), "p"))
        for day in range(1, 8):
            clock.at = local(f"2026-01-0{day} 03:00")
            runner.call(record, RecordPing(1, "moved", PingKind.SUCCESS, duration_ms=1))

    hint = "the last 7 runs came about 1 h before the expected time: is UTC the zone that the job's crontab is read in?"
    assert f"Hint: {hint}" in berlin.run("explain", "moved").stdout
    assert explained(berlin, "moved")["hints"] == [hint]


def test_what_does_not_exist_is_not_found(place: Place) -> None:
    result = place("explain", "gone")

    assert (result.returncode, result.stdout) == (1, "")
    assert "No cron monitor found with slug: gone" in result.stderr
