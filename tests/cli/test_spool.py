"""What could not be sent is kept on disk, survives bad disks and bad files, and arrives later with its own times."""

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from seestackd.cli.wrapper import spool as spools
from seestackd.cli.wrapper.reports import Report, Target
from seestackd.cli.wrapper.spool import Broken, NoSpool, Spool
from seestackd.clock import Clock
from tests.cli.conftest import Bench
from tests.cli.reports import KEY, Line, Receiver, told_to, until, wrapped

DEAD = "http://127.0.0.1:9"
NOW = 1_775_000_000_000
FIELDS = {"rid": "728b3763-5b88-4d5f-8a3c-6c6f0f1b6f53", "eventId": "e-1"}


def a_report(number: int = 0, output: bytes = b"\xff\x00 out") -> Report:
    return Report("job", "3", NOW + number, {**FIELDS, "eventId": f"e-{number}"}, output)


def make(folder: Path) -> Spool:
    return Spool.find({"SEESTACKD_SPOOL": str(folder / "spool")})


@pytest.fixture
def client(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("SEESTACKD_SPOOL", str(bench.folder / "spool"))
    return bench


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def test_a_report_is_read_as_it_was_written_by_its_user_alone(tmp_path: Path) -> None:
    spool = make(tmp_path)
    spool.put(Target(DEAD, KEY), a_report())

    (name,) = spool.names()
    entry = spool.read(name)

    assert (entry.target, entry.report) == (Target(DEAD, KEY), a_report())
    assert (spool.folder / name).stat().st_mode & 0o777 == 0o600
    assert spool.folder.stat().st_mode & 0o777 == 0o700
    assert KEY not in repr(entry)


def test_the_oldest_make_room_and_what_is_set_aside_before_them(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_files=5)
    for number in range(5):
        spool.put(Target(DEAD, KEY), a_report(number))
    spool.put_aside_refused(spool.names()[4])

    spool.put(Target(DEAD, KEY), a_report(5))
    spool.put(Target(DEAD, KEY), a_report(6))

    assert [spool.read(name).report.at - NOW for name in spool.names()] == [1, 2, 3, 5, 6]
    assert spool.set_aside() == []


def test_no_more_than_its_size_is_kept(tmp_path: Path) -> None:
    spool = Spool(tmp_path, max_bytes=40_000)
    for number in range(6):
        spool.put(Target(DEAD, KEY), a_report(number, b"x" * 10_000))

    assert sum(file.stat().st_size for file in spool.folder.iterdir()) <= 40_000
    assert spool.read(spool.names()[-1]).report == a_report(5, b"x" * 10_000)


def test_what_is_too_old_is_dropped(tmp_path: Path) -> None:
    spool = make(tmp_path)
    spool.put(Target(DEAD, KEY), a_report(1))
    spool.put(Target(DEAD, KEY), a_report(2))
    abandoned = spool.folder / ".half.tmp"
    abandoned.touch()
    now = Clock().now()
    os.utime(spool.folder / spool.names()[0], (0, (now - spools.MAX_AGE_MS) / 1000 - 60))

    assert spool.drop_old(now) == 1
    assert len(spool.names()) == 1
    assert abandoned.exists()
    assert spool.drop_old(now + 3_700_000) == 0
    assert not abandoned.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"version": 1, "url": "http://127.0.0.1:9", "key": "ssk_',
        b"[" * 100_000,
        b"null",
        b"\xff\xfe",
        b"{}",
        b'{"url":"http://h","key":"k","slug":"../../x","action":"","at":1,"fields":{},"output":""}',
        b'{"url":"http://h","key":"k","slug":"job","action":"/x?y","at":1,"fields":{},"output":""}',
        b'{"url":"file:///etc/passwd","key":"k","slug":"job","action":"","at":1,"fields":{},"output":""}',
        b'{"url":"http://h","key":"k","slug":"job","action":"","at":1e400,"fields":{},"output":""}',
        b'{"url":"http://h","key":"k","slug":7,"action":"","at":1,"fields":[],"output":0}',
    ],
)
def test_a_file_that_is_no_report_is_set_aside_and_the_others_are_sent(
    content: bytes, client: Bench, receiver: Receiver
) -> None:
    spool = make(client.folder)
    (spool.folder / "0000000000000-half.json").write_bytes(content)
    spool.put(Target(receiver.url, KEY), a_report())
    with pytest.raises(Broken):
        spool.read("0000000000000-half.json")

    done = client.run("spool", "flush")

    assert done.returncode == 1
    assert done.stdout == "1 sent, 0 waiting, 0 refused, 1 broken\n"
    assert "not a report: 0000000000000-half.json" in done.stderr
    assert spool.set_aside() == ["0000000000000-half.broken"]
    assert [told.action for told in receiver.told] == ["3"]


def test_a_folder_that_others_can_write_to_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool").chmod(0o777)
    with pytest.raises(NoSpool, match="others may write to it"):
        make(tmp_path)
    (tmp_path / "spool").rmdir()
    (tmp_path / "spool").symlink_to("/tmp")
    with pytest.raises(NoSpool, match="belongs to somebody else"):
        make(tmp_path)
    (tmp_path / "spool").unlink()
    (tmp_path / "spool").write_text("")
    with pytest.raises(NoSpool):
        make(tmp_path)


def test_a_user_without_a_home_has_a_place_too(tmp_path: Path) -> None:
    given = spools.folders({"XDG_STATE_HOME": str(tmp_path)})

    assert given[0] == (tmp_path / "seestackd" / "spool" if os.geteuid() else Path("/var/spool/seestackd"))
    assert str(given[-1]).endswith(f"seestackd-{os.geteuid()}")


def test_a_run_that_cannot_even_keep_its_reports_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    done = subprocess.run(
        [*wrapped("lost"), "sh", "-c", "exit 3"],
        env=told_to(DEAD, tmp_path / "file" / "spool"), capture_output=True, timeout=20,
    )  # fmt: skip

    assert done.returncode == 3
    assert b"not reported (Connection refused), nor kept for later: " in done.stderr
    assert b"Not a directory" in done.stderr


def test_what_waits_is_listed(client: Bench) -> None:
    empty = client.run("spool", "ls")
    spool = make(client.folder)
    spool.put(Target(DEAD, KEY), a_report())
    (spool.folder / "x.broken").touch()

    listed = client.run("spool", "ls")
    facts = json.loads(client.run("spool", "ls", "--json").stdout)

    assert "Nothing waits in" in empty.stderr
    assert listed.stdout.splitlines()[0].split() == ["STATE", "MONITOR", "WHAT", "HAPPENED", "FILE"]
    assert listed.stdout.splitlines()[1].split()[:3] == ["waiting", "job", "3"]
    assert [one["state"] for one in facts["reports"]] == ["waiting", "broken"]
    assert facts["reports"][0]["at"] == "2026-03-31T23:33:20.000Z"
    assert KEY not in listed.stdout + listed.stderr + json.dumps(facts)


def test_what_the_daemon_refuses_is_set_aside_and_what_it_cannot_hear_waits(client: Bench) -> None:
    refusing = Receiver(404)
    spool = make(client.folder)
    spool.put(Target(DEAD, KEY), a_report(1))
    spool.put(Target(refusing.url, KEY), a_report(2))
    spool.put(Target(DEAD, KEY), a_report(3))

    done = client.run("spool", "flush")
    refusing.close()

    assert done.returncode == 4
    assert done.stdout == "0 sent, 2 waiting, 1 refused, 0 broken\n"
    assert done.stderr.count("Connection refused") == 1
    assert len(spool.set_aside()) == 1


def test_two_do_not_send_the_same(client: Bench, receiver: Receiver) -> None:
    spool = make(client.folder)
    spool.put(Target(receiver.url, KEY), a_report())

    with spool.alone() as alone:
        assert alone
        done = client.run("spool", "flush")

    assert done.returncode == 1
    assert "another process is sending" in done.stderr
    assert receiver.told == []


def test_the_next_run_sends_what_was_kept(client: Bench, receiver: Receiver) -> None:
    spool = make(client.folder)
    spool.put(Target(receiver.url, KEY), a_report())

    env = told_to(receiver.url, client.folder / "spool")
    subprocess.run([*wrapped("next"), "sleep", "0.3"], env=env, timeout=20, check=True)

    assert spool.names() == []
    (told,) = receiver.of("job")
    assert (told.action, told.output, told.fields["at"]) == ("3", b"\xff\x00 out", str(NOW))
    assert int(told.fields["sentAt"]) > NOW
    assert FIELDS.items() <= {**told.fields, "eventId": "e-1"}.items()


def test_a_run_during_an_outage_makes_late_of_missed(client: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = client.serve()
    monkeypatch.setenv("SEESTACKD_PING_KEY", client.run("key", "create", "jobs", "--scope", "ping").stdout.strip())
    slot = (Clock().now() // 1_000 + 2) * 1_000
    made = ("--url", daemon.url, "--create", "--schedule", f"*-*-* *:*:{slot // 1_000 % 60:02}", "--grace", "1s")
    assert client.run("ping", "job", "log", *made).returncode == 0
    line = Line()
    env = {**told_to(line.url, client.folder / "spool"), "SEESTACKD_PING_KEY": os.environ["SEESTACKD_PING_KEY"]}
    time.sleep(max(0, slot - Clock().now()) / 1000 + 0.02)

    done = subprocess.run([*wrapped("job"), "sh", "-c", "echo copied"], env=env, capture_output=True, timeout=20)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"copied\n", b"")
    assert len(make(client.folder).names()) == 2
    until(lambda: outcome(client, slot), "the judgement")
    assert outcome(client, slot) == ("missed", 1)

    line.mend(daemon.url)
    flushed = client.run("spool", "flush")
    again = client.run("spool", "flush")

    assert (flushed.returncode, flushed.stdout) == (0, "2 sent, 0 waiting, 0 refused, 0 broken\n")
    assert again.stdout == "0 sent, 0 waiting, 0 refused, 0 broken\n"
    assert outcome(client, slot) == ("late", 1)
    (started_at, duration_ms, size) = query(
        client,
        "SELECT r.started_at, r.duration_ms, o.size FROM runs r JOIN pings p ON p.run_id = r.id"
        " JOIN outputs o ON o.ping_id = p.id WHERE r.slot = ?",
        slot,
    )
    assert slot <= started_at < slot + 1_000
    assert 0 <= duration_ms < 1_000
    assert size == len("copied\n")
    line.cut()


def outcome(bench: Bench, slot: int) -> tuple[str, int] | None:
    """(outcome, number of silent slots) of the ledger row that the slot is in."""
    found = query(bench, "SELECT outcome, count FROM slots WHERE first_at <= ? AND last_at >= ?", slot, slot)
    return (str(found[0]), int(found[1])) if found else None


def query(bench: Bench, statement: str, *values: int) -> tuple[int, ...] | None:
    with closing(sqlite3.connect(f"file:{bench.data / 'seestackd.db'}?mode=ro", uri=True)) as reader:
        row: tuple[int, ...] | None = reader.execute(statement, values).fetchone()
    return row
