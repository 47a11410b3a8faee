"""Real crontabs and timers of Debian packages are proposed as monitors, and changed only when that is asked for."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from seestackd.cli import import_crontab
from tests.cli.conftest import Bench, Result
from tests.journeys.daemon import curl
from tests.rows import rows

DEBIAN = Path(__file__).parent / "crontabs"


@pytest.fixture
def machine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench with Debian's crontabs in a folder of its own; systemd does not run there, and the zone is Berlin's."""
    shutil.copytree(DEBIAN / "etc", bench.folder / "etc")
    monkeypatch.setattr(import_crontab, "SYSTEM", bench.folder / "etc" / "crontab")
    monkeypatch.setattr(import_crontab, "FOLDER", bench.folder / "etc" / "cron.d")
    monkeypatch.setattr(import_crontab, "SYSTEMD", bench.folder / "no-systemd")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    return bench


def proposed(done: Result) -> dict[str, str]:
    return {each["slug"]: each["schedule"] for each in json.loads(done.stdout)["monitors"]}


def slugs(bench: Bench) -> set[str]:
    return set(bench.run("monitor", "ls", "-q").stdout.split())


def test_the_crontabs_of_a_debian_system_are_read_as_cron_reads_them(machine: Bench) -> None:
    assert proposed(machine.run("import-crontab", "system", "--json")) == {
        "cron-hourly": "17 * * * *",
        "cron-daily": "25 6 * * *",
        "cron-weekly": "47 6 * * 7",
        "cron-monthly": "52 6 1 * *",
        "invoke-rc-d": "30 7-23 * * *",
        "certbot": "0 */12 * * *",
        "e2scrub-all-cron": "30 3 * * 0",
        "e2scrub-all": "10 3 * * *",
        "checkarray": "57 0 * * 0",
        "sessionclean": "09,39 * * * *",
        "debian-sa1": "5-55/10 * * * *",
        "debian-sa1-2": "59 23 * * *",
    }


def test_it_prints_settings_and_a_diff_and_changes_nothing(machine: Bench) -> None:
    file = machine.folder / "etc" / "crontab"
    before = file.read_text()
    done = machine.run("import-crontab", str(file), "--with-user", "--key", "file:/k", "--program", "/opt/s")

    assert done.returncode == 0
    assert '[monitors.cron-hourly]\nschedule = "17 * * * *"\ntimezone = "Europe/Berlin"' in done.stdout
    assert "-17 *\t* * *\troot\tcd / && run-parts --report /etc/cron.hourly\n" in done.stdout
    changed = "+17 *\t* * *\troot\t/opt/s run cron-hourly --key file:/k -- /bin/sh -c 'cd / && run-parts"
    assert changed in done.stdout
    assert "Nothing was changed" in done.stderr
    assert (file.read_text(), slugs(machine)) == (before, set())


def test_told_to_write_it_keeps_a_copy_adds_the_monitors_and_changes_the_lines_once(machine: Bench) -> None:
    file = machine.folder / "etc" / "cron.d" / "sysstat"
    before, beside = file.read_text(), sorted(file.parent.iterdir())
    done = machine.run("import-crontab", str(file), "--write")
    (copy,) = (machine.data / "before-import").iterdir()

    assert done.returncode == 0, done.stderr
    assert copy.read_text() == before
    assert slugs(machine) == {"debian-sa1", "debian-sa1-2"}
    assert file.read_text() != before
    assert sorted(file.parent.iterdir()) == beside

    again = machine.run("import-crontab", str(file), "--write", "--json")
    assert (json.loads(again.stdout)["monitors"], json.loads(again.stdout)["diff"]) == ([], "")


def test_the_diff_is_one_that_patch_takes(machine: Bench) -> None:
    file = machine.folder / "etc" / "cron.d" / "mdadm"
    original = file.read_text()
    diff = json.loads(machine.run("import-crontab", str(file), "--json").stdout)["diff"]
    copy = machine.folder / "copy"
    copy.write_text(original)
    subprocess.run(["patch", "-s", str(copy)], input=diff, text=True, check=True)
    machine.run("import-crontab", str(file), "--write")

    assert copy.read_text() == file.read_text() != original


def test_ones_own_crontab_is_read_and_written_by_crontab_itself(
    machine: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = machine.folder / "table"
    table.write_text("CRON_TZ=UTC\n0 3 * * * /opt/backup.sh\n")
    program(machine, "crontab", f'case $1 in -l) cat "{table}";; -) cat > "{table}";; esac', monkeypatch)
    done = machine.run("import-crontab", "--write")

    assert done.returncode == 0, done.stderr
    assert table.read_text() == "CRON_TZ=UTC\n0 3 * * * seestackd run backup -- /opt/backup.sh\n"
    assert machine.run("monitor", "show", "backup").stdout.count("(UTC)") == 1


def program(bench: Bench, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = bench.folder / "bin"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


NAMES = (
    "anacron", "apt-daily", "certbot", "fstrim", "man-db", "mdcheck_start", "phpsessionclean", "systemd-tmpfiles-clean",
)  # fmt: skip
TIMERS = [
    {"next": 1732500000000000, "left": 1, "last": None, "passed": None, "unit": f"{name}.timer",
     "activates": f"{name}.service"}
    for name in NAMES
]  # fmt: skip


@pytest.fixture
def timed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A bench whose systemctl prints what the real one prints of timers of Debian packages."""
    (bench.folder / "timers.json").write_text(json.dumps(TIMERS))
    units = DEBIAN / "units"
    program(
        bench, "systemctl",
        f'case $1 in list-timers) cat "{bench.folder}/timers.json";;'
        f' cat) echo "# /lib/systemd/system/$4"; cat "{units}/$4" 2>/dev/null;; esac',
        monkeypatch,
    )  # fmt: skip
    return bench


def test_the_timers_of_debian_packages_are_understood(timed: Bench) -> None:
    done = timed.run("import-timers", "--timezone", "UTC", "--json")
    found = {each["slug"]: (each["schedule"], each["grace"]) for each in json.loads(done.stdout)["monitors"]}

    assert found["apt-daily"] == ("*-*-* 6,18:00", "12h6m")
    assert found["systemd-tmpfiles-clean"] == ("1d", "6m")
    assert found["phpsessionclean"] == ("*-*-* *:09,39:00", "6m")
    assert found["mdcheck-start"][0] == "Sun *-*-1..7 1:00:00"
    assert len(found) + len(json.loads(done.stdout)["left_alone"]) == len(TIMERS)


def test_a_drop_in_is_written_when_told_to(timed: Bench) -> None:
    folder = timed.folder / "system"
    done = timed.run("import-timers", "man-db", "--folder", str(folder), "--write")
    written = folder / "man-db.service.d" / "seestackd.conf"

    assert done.returncode == 0, done.stderr
    assert "ExecStartPre=-seestackd ping man-db start" in written.read_text()
    assert slugs(timed) == {"man-db"}
    assert "daemon-reload" in done.stderr
    again = timed.run("import-timers", "man-db", "--folder", str(folder))
    assert "there is a monitor man-db already" in again.stderr


@rows(
    ("arguments", "code", "says"),
    [
        (["import-crontab", "/no/such"], 1, "cannot read /no/such"),
        (["import-crontab", "/"], 1, "cannot read /"),
        (["import-crontab", "/bin/ls"], 1, "is no crontab"),
        (["import-crontab", "x", "--write", "--dry-run"], 2, "contradict"),
        (["import-crontab", "x", "--key", "SECRET"], 2, "file:PATH"),
        (["import-crontab", "x", "--program", "a; rm -rf /"], 2, "--program"),
        (["import-crontab", "a", "b"], 2, "one word too many"),
        (["import-timers", "no-such.timer"], 1, "knows no no-such.timer"),
        (["import-timers", "--write", "--dry-run"], 2, "contradict"),
        (["import-timers", "--timezone", "Nowhere/Else", "man-db"], 2, "Nowhere/Else"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(timed: Bench, arguments: list[str], code: int, says: str) -> None:
    done = timed.run(*arguments)

    assert (done.returncode, says in done.stderr, "SECRET" in done.stderr.replace("--key", "")) == (code, True, False)
    assert slugs(timed) == set()


def test_without_systemd_it_says_so(timed: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    program(timed, "systemctl", "echo 'System has not been booted with systemd' >&2; exit 1", monkeypatch)
    done = timed.run("import-timers")
    assert (done.returncode, "does systemd run here?" in done.stderr) == (1, True)


def test_drift_names_who_is_silent_and_who_is_unknown(bench: Bench) -> None:
    daemon = bench.serve()
    key = bench.run("key", "create", "drifting", "--scope", "ping").stdout.strip()
    bench.run("monitor", "add", "declared", "--schedule", "1d")
    for slug in ("stranger", "declared-later"):
        curl("-o", "/dev/null", f"{daemon.url}/ping/{key}/{slug}")
    bench.run("monitor", "add", "declared-later", "--schedule", "1d")
    curl("-o", "/dev/null", f"{daemon.url}/ping/{key}/made?create=1")
    found = json.loads(bench.run("drift", "--json").stdout)

    assert [each["slug"] for each in found["never_reported"]] == ["declared", "declared-later"]
    assert [each["slug"] for each in found["undeclared"]] == ["stranger"]
    assert [each["slug"] for each in found["made_by_ping"]] == ["made"]
    told = bench.run("drift", "--fail")
    assert (told.returncode, "stranger" in told.stdout) == (5, True)
    assert bench.run("drift", "-q").stdout.split() == ["declared", "declared-later", "made", "stranger"]
