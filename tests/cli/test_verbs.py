"""Keys, monitors and alerts from the command line: the same in process and by the daemon."""

import json
import re

import pytest

from seestackd.core.keys import checksum_ok
from tests.cli.conftest import Bench, Place
from tests.rows import rows


def test_a_key_is_printed_alone_and_listed_without_its_secret(place: Place) -> None:
    created = place("key", "create", "cron")
    listed = place("key", "ls")

    key = created.stdout.rstrip("\n")
    assert (created.returncode, created.stderr) == (0, "")
    assert checksum_ok(key)
    assert listed.stdout.splitlines()[0].split() == [
        "NAME",
        "KEY",
        "SCOPE",
        "PROJECT",
        "STATE",
        "LAST",
        "USED",
        "CREATED",
    ]
    assert re.search(rf"^cron +{key[:8]}… +ingest +default +active +- +\d{{4}}-\d\d-\d\d$", listed.stdout, re.MULTILINE)
    assert key not in listed.stdout


def test_a_key_is_revoked_by_its_name(place: Place) -> None:
    place("key", "create", "old", "--scope", "admin")

    revoked = place("key", "revoke", "old", "--yes")

    assert revoked.returncode == 0
    assert "is revoked" in revoked.stdout
    (key,) = [key for key in json.loads(place("key", "ls", "--json").stdout)["keys"] if key["name"] == "old"]
    assert key["revoked_at"] is not None
    assert key["scope"] == "admin"
    assert place("key", "revoke", "old", "--yes").returncode == 1


def test_a_monitor_is_added_listed_shown_and_removed(place: Place) -> None:
    rules = ("--schedule", "0 3 * * *", "--timezone", "Europe/Berlin", "--grace", "15m", "--max-runtime", "2h")
    added = place("monitor", "add", "backup", *rules, "--name", "Nightly backup", "--tag", "db", "--tag", "prod")
    listed = place("monitor", "ls")
    shown = place("monitor", "show", "backup")
    facts = json.loads(place("monitor", "show", "backup", "--json").stdout)

    assert added.returncode == 0
    assert added.stdout.startswith("backup is watched: 0 3 * * * (Europe/Berlin), first expected in ")
    assert "nobody will be told" in added.stderr
    assert listed.stdout.splitlines()[1].startswith("pending  backup   0 3 * * *  -          in ")
    assert re.search(r"^Monitor: +backup \(Nightly backup\)$", shown.stdout, re.MULTILINE)
    assert re.search(r"^Grace: +15 min$", shown.stdout, re.MULTILINE)
    assert (facts["version"], facts["grace_ms"], facts["max_runtime_ms"]) == (1, 900_000, 7_200_000)
    assert facts["tags"] == ["db", "prod"]
    assert "backup\n" in place("monitor", "ls", "-q").stdout

    assert place("monitor", "rm", "backup", "--yes").stdout == "backup is removed.\n"
    assert "backup" not in place("monitor", "ls", "-q").stdout


def test_the_settings_say_what_a_monitor_gets_that_does_not(bench: Bench) -> None:
    bench.configure(
        'default_channels = ["ops"]\n[channels.ops]\nurl = "json://localhost:1/"\n'
        '[defaults]\ntimezone = "Asia/Kathmandu"\ngrace = "7m"\n'
    )

    added = bench.run("monitor", "add", "job", "--schedule", "1d", "--json")

    facts = json.loads(added.stdout)
    assert (facts["timezone"], facts["grace_ms"], facts["channels"]) == ("Asia/Kathmandu", 420_000, ["ops"])
    assert added.stderr == ""


@rows(
    ("arguments", "code", "complaint"),
    [
        (("add", "Backup!", "--schedule", "1d"), 2, "SLUG: slug must be lowercase"),
        (("add", "job", "--schedule", "1 2 3"), 2, "--schedule: "),
        (("add", "job", "--schedule", "1d", "--grace", "soon"), 2, '--grace: "soon" is not a duration'),
        (("add", "job", "--schedule", "0 3 * * *", "--timezone", "Europe/Berln"), 2, "Europe/Berlin"),
        (("add", "job", "--schedule", "1d", "--channel", "opps"), 1, "no channel opps is defined; add [channels.opps]"),
        (("show", "gone"), 1, "gone"),
        (("rm", "gone", "--yes"), 1, "gone"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    place: Place, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    result = place("monitor", *arguments)

    assert result.returncode == code
    assert result.stdout == ""
    assert result.stderr.startswith("seestackd: ")
    assert complaint in result.stderr
    assert place("monitor", "show", arguments[1]).returncode == 1


def test_a_slug_is_taken_once(place: Place) -> None:
    place("monitor", "add", "taken", "--schedule", "1d")

    again = place("monitor", "add", "taken", "--schedule", "2d")

    assert again.returncode == 1
    assert "taken" in again.stderr
    assert json.loads(place("monitor", "show", "taken", "--json").stdout)["schedule"] == "1d"


def test_removing_asks_first(place: Place) -> None:
    place("monitor", "add", "kept", "--schedule", "1d")

    refused = place("monitor", "rm", "kept")

    assert refused.returncode == 2
    assert "--yes" in refused.stderr
    assert "kept\n" in place("monitor", "ls", "-q").stdout


def test_empty_lists_say_what_to_do_next(bench: Bench) -> None:
    assert "monitor add" in bench.run("monitor", "ls").stderr
    assert "key create" in bench.run("key", "ls").stderr
    assert "alert test" in bench.run("alert", "ls").stderr
    assert json.loads(bench.run("alert", "ls", "--json").stdout)["alerts"] == []


@pytest.mark.parametrize(
    "arguments", [(), ("monitor",), ("monitor", "add"), ("nonsense",), ("key", "create", "x", "--scope", "y")]
)
def test_wrong_usage_ends_with_two(bench: Bench, arguments: tuple[str, ...]) -> None:
    result = bench.run(*arguments)

    assert result.returncode == 2
    assert re.fullmatch(r"seestackd[^:]*: .*; see: seestackd.* --help\n", result.stderr)


def test_the_version_is_told(bench: Bench) -> None:
    assert re.fullmatch(r"seestackd \d+\.\d+\.\d+\n", bench.run("version").stdout)
    assert {"version", "seestackd", "python", "sqlite"} == json.loads(bench.run("version", "--json").stdout).keys()


def test_wrong_settings_end_with_three_and_every_problem(bench: Bench) -> None:
    file = bench.configure("[server]\nlistn = 1\n[defaults]\ngrace = 5\n")

    for arguments in (("check-config",), ("check-config", str(file)), ("serve",), ("monitor", "ls")):
        result = bench.run(*arguments)
        assert result.returncode == 3
        assert result.stderr.splitlines() == [
            f'{file}:2:1: server.listn: unknown key; did you mean "listen"?',
            f"{file}:4:1: defaults.grace: must be a text; put it in quotes",
        ]
    assert not bench.data.exists()


def test_good_settings_are_confirmed_without_their_secrets(bench: Bench) -> None:
    file = bench.configure('[channels.ops]\nurl = "json://localhost/SECRET"\n')

    result = bench.run("check-config")

    assert result.returncode == 0
    assert result.stdout.splitlines()[0] == f"{file}: ok"
    assert "channels: ops" in result.stdout
    assert "SECRET" not in result.stdout


def test_a_channel_that_apprise_cannot_use_is_a_wrong_setting(bench: Bench) -> None:
    bench.configure('[channels.ops]\nurl = "nonsense://SECRET@host"\n')

    result = bench.run("check-config")

    assert result.returncode == 3
    assert result.stderr.startswith("channels.ops: the service 'nonsense' is not supported")
    assert "SECRET" not in result.stderr


def test_a_missing_settings_file_is_an_error(bench: Bench) -> None:
    result = bench.run("--config", str(bench.folder / "gone.toml"), "monitor", "ls")

    assert result.returncode == 3
    assert "gone.toml: no such file" in result.stderr
