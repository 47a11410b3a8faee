"""`seestackd incident …`: what is wrong, who takes care, and what is told to nobody for a while."""

import getpass
import json
import re
import urllib.request

import pytest

from seestackd.clock import Clock
from seestackd.core.pings import PingKind
from seestackd.feed import Feed
from seestackd.operations.pings import RecordPing, record
from seestackd.runner import Runner
from seestackd.store.sqlite.lock import opened
from tests.cli.conftest import Bench
from tests.rows import rows


def report(bench: Bench, slug: str, kind: PingKind) -> None:
    """Have a job report, where no daemon runs."""
    with opened(bench.data / "seestackd.db", wait_s=5.0) as store:
        runner = Runner(store, Clock(), Feed(), on_broken=lambda: None)
        runner.call(record, RecordPing(1, slug, kind, message="disk full"))


@pytest.fixture
def troubled(bench: Bench) -> Bench:
    """A bench with incident 1, of the failed job "backup", which is open."""
    bench.run("monitor", "add", "backup", "--schedule", "1d")
    report(bench, "backup", PingKind.FAILED)
    return bench


def incidents(bench: Bench, *options: str) -> list[dict]:
    return json.loads(bench.run("incident", "ls", "--json", *options).stdout)["incidents"]


def test_open_incidents_are_listed(troubled: Bench) -> None:
    listed = troubled.run("incident", "ls")

    head, row = listed.stdout.splitlines()
    assert head.split() == ["ID", "KIND", "MONITOR", "BEGAN", "MISSED", "STATE"]
    assert re.fullmatch(r"1 +failed +backup +\d+ m?s ago +- +open", row)
    (incident,) = incidents(troubled)
    assert (incident["id"], incident["slug"], incident["severity"]) == (1, "backup", "critical")
    assert (incident["acked_at"], incident["silenced_until"], incident["closed_at"]) == (None, None, None)
    assert troubled.run("incident", "ls", "-q").stdout == "1\n"


def test_closed_ones_are_listed_when_all_are_asked_for(troubled: Bench) -> None:
    report(troubled, "backup", PingKind.SUCCESS)

    nothing = troubled.run("incident", "ls")
    assert (nothing.returncode, nothing.stdout) == (0, "")
    assert "no incident is open" in nothing.stderr
    assert re.search(r"closed after .+: recovered$", troubled.run("incident", "ls", "--all").stdout.rstrip())
    assert len(incidents(troubled, "--all")) == 1


def test_an_incident_is_acknowledged_by_whoever_types_it(troubled: Bench) -> None:
    done = troubled.run("incident", "ack", "1")

    who = getpass.getuser()
    assert done.stdout == f"Incident 1 (backup failed) is acknowledged by {who}: no reminders, no escalation.\n"
    assert f"acknowledged by {who}" in troubled.run("incident", "ls").stdout
    (incident,) = incidents(troubled)
    assert (incident["acked_by"], incident["next_action_at"]) == (who, None)


def test_a_script_acknowledges_and_silences_one_and_reads_what_became_of_it(troubled: Bench) -> None:
    acked = json.loads(troubled.run("incident", "ack", "1", "--json").stdout)
    silenced = json.loads(troubled.run("incident", "silence", "1", "--for", "8h", "--json").stdout)

    assert (acked["version"], acked["id"], acked["acked_by"]) == (1, 1, incidents(troubled)[0]["acked_by"])
    assert silenced["silenced_until"] == incidents(troubled)[0]["silenced_until"]


def test_an_incident_is_silenced_for_a_while_or_until_a_time(troubled: Bench) -> None:
    for_hours = troubled.run("incident", "silence", "1", "--for", "8h")
    assert re.fullmatch(r"Incident 1 \(backup failed\) is silenced until \d{4}-\S+Z\.\n", for_hours.stdout)
    assert re.search(r"silenced, ends in 7 h 59 min$", troubled.run("incident", "ls").stdout.rstrip())

    ends = incidents(troubled)[0]["silenced_until"]
    until = troubled.run("incident", "silence", "1", "--until", ends)
    assert ends in until.stdout


def test_a_time_without_a_zone_is_in_that_of_the_settings(troubled: Bench) -> None:
    troubled.configure('[defaults]\ntimezone = "Asia/Kathmandu"\n')
    year = int(incidents(troubled)[0]["opened_at"][:4])
    ahead = incidents(troubled)[0]["opened_at"].replace(str(year), str(year + 1), 1)[:10]
    done = troubled.run("incident", "silence", "1", "--until", f"{ahead}T00:00")

    assert done.returncode == 0, done.stderr
    assert incidents(troubled)[0]["silenced_until"].endswith("T18:15:00.000Z")


@rows(
    ("arguments", "code", "complaint"),
    [
        (("ack", "99"), 1, "Incident not found: 99; list them with: seestackd incident ls"),
        (("ack", "0"), 2, "ID: must be a number from: seestackd incident ls"),
        (("ack", str(2**63)), 2, "ID: must be a number from"),
        (("ack", "backup"), 2, "is not a whole number, such as 2"),
        (("silence", "1"), 2, "missing: one of --for --until"),
        (("silence", "1", "--for", "8h", "--until", "2099-01-01"), 2, "--until and --for contradict each other"),
        (("silence", "1", "--for", "soon"), 2, '--for: "soon" is not a duration'),
        (("silence", "1", "--for", "0"), 2, "--for: lies in the past"),
        (("silence", "1", "--for", "367d"), 2, "--for: lies more than 366 days ahead"),
        (("silence", "1", "--until", "2001-01-01"), 2, "--until: lies in the past"),
        (("silence", "1", "--until", "tomorrow"), 2, '--until: "tomorrow" is not a time; write for example 2026'),
        (("silence", "1", "--until", "9999-12-31T23:59-23:00"), 2, "--until: "),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    troubled: Bench, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    result = troubled.run("incident", *arguments)

    assert (result.returncode, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert (incidents(troubled)[0]["acked_at"], incidents(troubled)[0]["silenced_until"]) == (None, None)


def test_what_is_closed_cannot_be_acknowledged(troubled: Bench) -> None:
    report(troubled, "backup", PingKind.SUCCESS)

    result = troubled.run("incident", "ack", "1")
    assert result.returncode == 1
    assert "incident 1 is closed already (recovered)" in result.stderr


def test_before_the_first_start_nothing_is_wrong(bench: Bench) -> None:
    assert "no incident is open" in bench.run("incident", "ls").stderr
    assert "has been no incident" in bench.run("incident", "ls", "--all").stderr
    assert incidents(bench) == []


def test_the_daemon_takes_all_of_it_too(bench: Bench) -> None:
    daemon = bench.serve()
    key = bench.run("key", "create", "urls", "--scope", "ping").stdout.strip()
    bench.run("monitor", "add", "backup", "--schedule", "1d")
    urllib.request.urlopen(f"{daemon.url}/ping/{key}/backup/fail", timeout=10).close()

    assert bench.run("incident", "ls", "-q").stdout == "1\n"
    assert bench.run("incident", "ack", "1").returncode == 0
    assert bench.run("incident", "silence", "1", "--for", "1h").returncode == 0
    assert "silenced" in bench.run("incident", "ls").stdout
    refused = bench.run("incident", "silence", "1", "--for", "0")
    assert (refused.returncode, "for: lies in the past" in refused.stderr) == (2, True)
