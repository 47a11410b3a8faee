"""Credentials are readable in systemd's unit only: beside it, commands do without."""

from pathlib import Path

from tests.cli.conftest import Bench

CHANNEL = 'default_channels = ["ops"]\n[channels.ops]\nurl_credential = "ops"\n'


def test_commands_beside_the_unit_do_without_its_credentials(bench: Bench) -> None:
    bench.configure(CHANNEL)

    created = bench.run("key", "create", "cron")
    added = bench.run("monitor", "add", "nightly", "--schedule", "1d", "--channel", "ops")

    assert (created.returncode, created.stderr) == (0, "")
    assert (added.returncode, added.stderr) == (0, "")


def test_a_check_beside_the_unit_says_what_it_could_not_check(bench: Bench) -> None:
    bench.configure(CHANNEL)

    checked = bench.run("check-config")

    assert checked.returncode == 0, checked.stderr
    assert "not checked, as only the unit can read their credentials: ops" in checked.stdout


def test_a_check_with_the_credentials_at_hand_checks_them(bench: Bench, tmp_path: Path) -> None:
    bench.configure(CHANNEL)
    (tmp_path / "ops").write_text("carrier-pigeon://loft\n")

    checked = bench.execute("check-config", CREDENTIALS_DIRECTORY=str(tmp_path))

    assert checked.returncode == 3
    assert "channels.ops: the service 'carrier-pigeon' is not supported" in checked.stderr


def test_the_daemon_does_not_start_without_them(bench: Bench) -> None:
    bench.configure(CHANNEL)

    served = bench.execute("serve", "--listen", "127.0.0.1:0")

    assert served.returncode == 3
    assert "url_credential needs systemd" in served.stderr
