"""What the wrapper tells the daemon, what it tells people, and what it refuses to do."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from seestackd.clock import Clock
from tests.cli.conftest import Bench, environment
from tests.cli.reports import KEY, Line, Receiver, ended, told_to, until, wrapped
from tests.rows import rows

Done = subprocess.CompletedProcess[bytes]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def run(slug: str, words: list[str], env: dict[str, str], *options: str) -> Done:
    return subprocess.run([*wrapped(slug, *options), *words], capture_output=True, env=env, timeout=20, check=False)


def test_start_and_end_are_told_as_one_run(receiver: Receiver, tmp_path: Path) -> None:
    run("whole", ["sh", "-c", "echo out; echo err >&2; sleep 0.2; exit 7"], told_to(receiver.url, tmp_path))

    start, end = receiver.of("whole")
    assert (start.action, end.action) == ("start", "7")
    assert UUID(start.fields["rid"]).version == 4
    for name in ("rid", "host", "traceId"):
        assert start.fields[name] == end.fields[name]
    assert start.fields["host"] == socket.gethostname()
    assert start.fields["eventId"] != end.fields["eventId"]
    assert 200 <= int(end.fields["durationMs"]) < 10_000
    assert (start.output, sorted(end.output.splitlines())) == (b"", [b"err", b"out"])


def test_the_end_of_a_long_output_is_told_after_a_mark(receiver: Receiver, tmp_path: Path) -> None:
    run("long", ["seq", "1", "30000"], told_to(receiver.url, tmp_path))
    run("some", ["seq", "1", "30000"], told_to(receiver.url, tmp_path), "--output=50")

    long, some = receiver.of("long")[-1].output, receiver.of("some")[-1].output
    mark, _, rest = long.partition(b"\n")
    assert mark.startswith(b"[... ")
    assert rest.startswith(b"28")
    assert rest.endswith(b"\n29999\n30000\n")
    assert 9_900 < len(rest) <= 10_000
    assert int(mark.split()[1]) + len(rest) == len(b"".join(b"%d\n" % n for n in range(1, 30_001)))
    assert len(some.partition(b"\n")[2]) <= 50


def test_the_key_comes_from_a_file_and_is_seen_nowhere(receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    env = environment(SEESTACKD_SPOOL=str(tmp_path / "spool"), SEESTACKD_URL=receiver.url)
    look = "cat /proc/$PPID/cmdline /proc/self/environ; cd /"

    done = run("file", ["sh", "-c", look], env, "--key", f"file:{tmp_path / 'key'}")

    assert [told.action for told in receiver.of("file")] == ["start", "0"]
    assert KEY.encode() not in done.stdout + done.stderr


def test_a_monitor_may_be_made_by_its_first_run(receiver: Receiver, tmp_path: Path) -> None:
    wishes = ("--create", "--schedule", "0 3 * * *", "--tz", "Europe/Berlin", "--grace=15m")
    env = told_to(receiver.url, tmp_path)

    words = wrapped("made", *wishes)
    words[words.index("made")] = "--slug=made"
    subprocess.run([*words, "true"], env=env, check=True, timeout=20)

    (told, _) = receiver.of("made")
    asked = {"create": "1", "schedule": "0 3 * * *", "timezone": "Europe/Berlin", "grace": "15m"}
    assert asked.items() <= told.fields.items()


def test_a_daemon_that_comes_back_while_the_job_runs_is_told_when_it_began(receiver: Receiver, tmp_path: Path) -> None:
    line = Line()
    job = f"touch {tmp_path / 'began'}; while ! test -e {tmp_path / 'end'}; do sleep 0.02; done"
    process = subprocess.Popen([*wrapped("patient"), "sh", "-c", job], env=told_to(line.url, tmp_path / "spool"))
    until(lambda: (tmp_path / "began").exists(), "the job to begin")
    began = Clock().now()
    time.sleep(1.1)
    line.mend(receiver.url)
    until(lambda: receiver.of("patient"), "the start")
    (tmp_path / "end").touch()

    assert ended(process) == 0
    line.cut()
    start, end = receiver.of("patient")
    assert abs(int(start.fields["at"]) - began) < 1_000
    assert 1_000 <= int(start.fields["sentAt"]) - int(start.fields["at"]) < 10_000
    assert "at" not in end.fields
    assert list(tmp_path.glob("spool/*.json")) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"SEESTACKD_PING_KEY": ""}, "no key is set"),
        ({"SEESTACKD_PING_KEY": "a key with spaces"}, "the key is not one of ours"),
        ({"SEESTACKD_PING_KEY": "file:/no/such/file"}, "/no/such/file cannot be read: No such file"),
        ({"SEESTACKD_URL": "monitor.example"}, "SEESTACKD_URL: the URL must be http"),
    ],
)
def test_a_job_runs_also_when_nobody_can_be_told(
    more: dict[str, str], said: str, receiver: Receiver, tmp_path: Path
) -> None:
    env = {**told_to(receiver.url, tmp_path), **more}
    done = run("untold", ["sh", "-c", "echo out; exit 3"], env)
    hushed = run("untold", ["sh", "-c", "echo out; exit 3"], env, "--quiet")

    assert (done.returncode, done.stdout) == (3, b"out\n")
    assert done.stderr.decode().startswith("seestackd run untold: not reported")
    assert said in done.stderr.decode()
    assert b"spaces" not in done.stderr
    assert (hushed.returncode, hushed.stdout, hushed.stderr) == (3, b"out\n", b"")
    assert receiver.of("untold") == []


@rows(
    ("arguments", "said"),
    [
        ([], "no command"),
        (["job", "true"], "no command; put it last, after two dashes"),
        (["job", "--"], "no command after --"),
        (["--", "true"], "no SLUG"),
        (["one", "two", "--", "true"], '"one" and "two" are both given as SLUG'),
        (["one", "--slug", "two", "--", "true"], '"two" and "one" are both given'),
        (["Job!", "--", "true"], 'SLUG must be a-z, 0-9 and hyphens, 1 to 100 of them; "Job!" is not'),
        (["", "--", "true"], "SLUG must be"),
        (["x" * 101, "--", "true"], "SLUG must be"),
        (["job", "--keys", "x", "--", "true"], "unknown option --keys; known are --slug, --key"),
        (["job", "-x", "--", "true"], "unknown option -x"),
        (["job", "--url", "--", "true"], "--url needs a value"),
        (["job", "--key", "SECRET", "--", "true"], "--key takes file:PATH"),
        (["job", "--key=file:", "--", "true"], "--key takes file:PATH"),
        (["job", "--url", "ftp://host", "--", "true"], "the URL must be http(s)://HOST[:PORT]"),
        (["job", "--url", "http://user@host", "--", "true"], "the URL must be"),
        (["job", "--url", "http://host:99999", "--", "true"], "the URL must be"),
        (["job", "--url=http://a", "--url=http://b", "--", "true"], "--url is given twice"),
        (["job", "--output", "-1", "--", "true"], "--output is a number of bytes from 0 to 100000"),
        (["job", "--output", "100001", "--", "true"], "--output is a number"),
        (["job", "--output", "1", "--no-output", "--", "true"], "contradict"),
        (["job", "--grace", "1h", "--", "true"], "--grace counts only when the monitor is made; add --create"),
    ],
)
def test_a_wrong_call_starts_nothing_and_says_why(bench: Bench, arguments: list[str], said: str) -> None:
    marked = [
        *arguments[:-1],
        *(["touch", str(bench.folder / "ran")] if arguments[-1:] == ["true"] else arguments[-1:]),
    ]

    done = bench.run("run", *marked)

    (sentence,) = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence.endswith("; see: seestackd run --help")
    assert said in sentence
    assert "SECRET" not in done.stderr
    assert not (bench.folder / "ran").exists()


def test_help_is_given_and_the_commands_own_help_is_left_alone(receiver: Receiver, bench: Bench) -> None:
    shown = bench.run("run", "--help")
    asked = run("help", ["echo", "--help", "-h"], told_to(receiver.url, bench.folder))

    assert shown.returncode == 0
    assert "--no-output" in shown.stdout
    assert asked.stdout == b"--help -h\n"


def test_little_is_imported_before_the_job_starts() -> None:
    program = (
        "import sys; import seestackd.cli; before = set(sys.modules); import seestackd.cli.run;"
        "print(*sorted(set(sys.modules) - before)); print(*sorted(before))"
    )
    done = subprocess.run([wrapped("x")[0], "-c", program], capture_output=True, text=True, check=True, timeout=20)

    own, before = done.stdout.splitlines()
    light = {"collections", "enum", "functools", "keyword", "operator", "reprlib", "select", "signal", "types"}
    found = {name for name in own.split() if not name.startswith(("seestackd.", "_"))}
    assert found - set(sys.builtin_module_names) <= light
    assert "argparse" not in before


def test_all_that_the_wrapper_imports_is_the_standard_library() -> None:
    program = (
        "import sys; before = set(sys.modules); import seestackd.cli.wrapper.account, seestackd.cli.run;"
        "print(*{name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    done = subprocess.run([wrapped("x")[0], "-c", program], capture_output=True, text=True, check=True, timeout=20)

    assert done.stdout.split() == ["seestackd"]
