"""The wrapper has no effect on the job: what is printed, how it ends, what it is given are as without it."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cli.conftest import environment
from tests.cli.reports import Receiver, told_to, wrapped

Outcome = tuple[int, bytes, bytes]
BYTES = bytes(range(256)) * 40
SHOW_SIGNALS = "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status"
SET_ALARM = "import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 0.5); os.execvp(sys.argv[1], sys.argv[1:])"

# Name -> (what a shell makes of the command, "$@"; the command; its standard input).
CASES: dict[str, tuple[str, list[str], bytes]] = {
    **{f"exit code {code}": ('"$@"', ["sh", "-c", f"exit {code}"], b"") for code in (0, 1, 2, 126, 127, 128, 255)},
    **{
        f"killed by {name}": ('"$@"', ["sh", "-c", f"echo before; kill -{name} $$"], b"")
        for name in ("TERM", "KILL", "INT", "HUP", "SEGV", "PIPE")
    },
    "a shell's view of a kill": ('exec 2> /dev/null; "$@"; echo "$?"', ["sh", "-c", "kill -KILL $$"], b""),
    "output and error kept apart": ('"$@"', ["sh", "-c", "echo out; echo err >&2; echo out; echo err >&2"], b""),
    "output and error in one file": (
        '"$@" 2>&1',
        ["sh", "-c", "for n in 1 2 3 4 5 6 7 8 9; do echo out $n; echo err $n >&2; done"],
        b"",
    ),
    "no end of line": ('"$@"', ["printf", "no end"], b""),
    "large output": ('"$@" | sha256sum', ["head", "-c", "8000000", "/dev/zero"], b""),
    "binary output from standard input": ('"$@"', ["cat"], BYTES),
    "standard input left for the next": ('"$@"; cat', ["head", "-c", "0"], BYTES),
    "a reader that leaves": ('"$@" | head -n 1; echo "${PIPESTATUS[0]}"', ["yes"], b""),
    "a reader that is gone": (
        '"$@" | true; echo "${PIPESTATUS[0]}"',
        ["sh", "-c", "trap '' TERM; while sleep 0.02; do echo more; done"],
        b"",
    ),
    "an error's reader that leaves": ('"$@" 2> >(head -n 1); echo "$?"', ["sh", "-c", "yes >&2"], b""),
    "standard output closed": ('"$@" >&-; echo "$?"', ["sh", "-c", "ls /proc/self/fd/1; echo x"], b""),
    "standard error closed": ('"$@" 2>&-; echo "$?"', ["sh", "-c", "echo x; echo y >&2"], b""),
    "all closed": ('"$@" <&- >&- 2>&-; echo "$?"', ["sh", "-c", "test -e /proc/self/fd/0; exit $?"], b""),
    "a file that is appended to": (
        'f=$(mktemp); echo a > "$f"; "$@" >> "$f" 2>> "$f"; cat "$f"; rm "$f"',
        ["sh", "-c", "echo b; echo c >&2"],
        b"",
    ),
    "words as they are": ('"$@"', ["printf", "<%s>", "a b", "", "--", "-h", "$x", "\n", "\udcff"], b""),
    "a script without an interpreter": (
        'd=$(mktemp -d); echo "echo script \\$1" > "$d/job"; chmod +x "$d/job"; PATH="$d:$PATH" "$@"; rm -r "$d"',
        ["job", "argument"],
        b"",
    ),
    "limits": ('ulimit -n 77 -c 0; ulimit -f 1234; "$@"', ["bash", "-c", "ulimit -a"], b""),
    "umask and directory": ('umask 027; cd /usr; "$@"', ["sh", "-c", "umask; pwd"], b""),
    "open files": ('"$@" 7</dev/null', ["sh", "-c", "ls -l /proc/self/fd | grep -c 7.*null"], b""),
    "priority": ('nice -n 7 "$@"', ["nice"], b""),
    "signals": ('"$@"', ["sh", "-c", SHOW_SIGNALS], b""),
    "signals under nohup": ('nohup "$@"', ["sh", "-c", SHOW_SIGNALS], b""),
    "signals in the background": ('"$@" & wait "$!"', ["sh", "-c", SHOW_SIGNALS], b""),
    "an alarm set before": (
        f"{sys.executable} -c '{SET_ALARM}' \"$@\"",
        ["sh", "-c", "trap 'echo alarm; exit 3' ALRM; while sleep 0.02; do :; done"],
        b"",
    ),
}


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def spools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spools")


@pytest.fixture(scope="module", autouse=True)
def beside_bad_daemons(spools: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Runs that report to daemons of all bad kinds; they take seconds, so all other tests run meanwhile."""
    hold = threading.Event()
    receivers = {"answers 500": Receiver(500), "answers 404": Receiver(404), "answers 401": Receiver(401)}
    receivers["answers nothing"] = Receiver(200, hold)
    urls = {name: made.url for name, made in receivers.items()}
    urls |= {"is down": "http://127.0.0.1:9", "has no name": "http://no-such-host.invalid"}
    running = {}
    for name, url in urls.items():
        words = [*wrapped("job"), "sh", "-c", "echo out; echo err >&2; exit 3"]
        running[name] = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=told_to(url, spools / name)
        )
    yield running
    for process in running.values():
        process.kill()
        process.communicate()
    for made in receivers.values():
        made.close()


def outcome(shell: str, words: list[str], fed: bytes, env: dict[str, str]) -> Outcome:
    """(exit code, standard output, standard error) of the words in the shell."""
    done = subprocess.run(["bash", "-c", shell, "bash", *words], input=fed, capture_output=True, timeout=20, env=env)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def outcomes(receiver: Receiver, spools: Path) -> Iterator[dict[str, tuple[Future[Outcome], Future[Outcome]]]]:
    """What became of each case without and with the wrapper; several at a time, as they mostly wait."""
    with ThreadPoolExecutor(4) as pool:
        yield {
            name: (
                pool.submit(outcome, shell, words, fed, environment()),
                pool.submit(
                    outcome, shell, [*wrapped("effect"), *words], fed, told_to(receiver.url, spools / f"of {name}")
                ),
            )
            for name, (shell, words, fed) in CASES.items()
        }


@pytest.mark.parametrize("name", CASES)
def test_a_job_cannot_tell_the_wrapper(
    name: str, outcomes: dict[str, tuple[Future[Outcome], Future[Outcome]]], spools: Path
) -> None:
    plain, under = (future.result(30) for future in outcomes[name])

    assert under == plain
    assert not list(spools.glob(f"of {name}/*.json"))


@pytest.mark.parametrize("locale", [{}, {"LC_ALL": "C"}, {"LANG": "de_DE.UTF-8", "SEESTACKD_TRACE_ID": "mine"}])
def test_a_job_gets_our_variables_and_a_trace_but_no_key(locale: dict[str, str], receiver: Receiver) -> None:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "X": "a\nb", **locale}
    ours = {"SEESTACKD_URL": receiver.url, "SEESTACKD_PING_KEY": "ssk_" + "k" * 36}

    done = subprocess.run([*wrapped("env"), "env", "-0"], capture_output=True, env={**given, **ours}, timeout=20)

    seen = dict(pair.split("=", 1) for pair in done.stdout.decode().split("\0") if pair)
    trace = seen.pop("SEESTACKD_TRACE_ID")
    parent = seen.pop("TRACEPARENT", "")
    assert seen == {
        **{name: value for name, value in given.items() if name != "SEESTACKD_TRACE_ID"},
        "SEESTACKD_URL": receiver.url,
    }
    assert trace == given.get("SEESTACKD_TRACE_ID", trace)
    assert parent.startswith(f"00-{trace}-") if len(trace) == 32 else not parent
    assert receiver.of("env")[-1].fields["traceId"] == trace


def test_a_job_goes_on_with_the_trace_that_it_was_started_in(receiver: Receiver) -> None:
    parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), "TRACEPARENT": parent}
    ours = {"SEESTACKD_URL": receiver.url, "SEESTACKD_PING_KEY": "ssk_" + "k" * 36}

    words = ["sh", "-c", "echo $TRACEPARENT $SEESTACKD_TRACE_ID"]
    done = subprocess.run([*wrapped("trace"), *words], capture_output=True, env={**env, **ours}, timeout=20)

    assert done.stdout.decode().split() == [parent, parent[3:35]]


@pytest.mark.parametrize(
    ("word", "code", "reason"),
    [
        ("no-such-command", 127, "No such file"),
        ("/etc/passwd", 126, "Permission denied"),
        ("/etc", 126, "Permission"),
    ],
)
def test_what_cannot_be_started_ends_as_in_a_shell_and_is_reported(
    word: str, code: int, reason: str, receiver: Receiver, tmp_path: Path
) -> None:
    slug = "bad-" + word.strip("/").replace("/", "-")
    done = outcome('"$@"', [*wrapped(slug), word], b"", told_to(receiver.url, tmp_path))

    assert done[:2] == (code, b"")
    assert done[2].decode().startswith(f"seestackd run {slug}: {word}: {reason}")
    (told,) = receiver.of(slug)
    assert (told.action, reason in told.fields["message"]) == (str(code), True)


def test_without_output_the_job_has_our_own_files(receiver: Receiver, tmp_path: Path) -> None:
    words = ["sh", "-c", "readlink /proc/self/fd/1 /proc/self/fd/2"]
    for options in (("--no-output",), ("--output", "0")):
        with (tmp_path / "out").open("wb") as out, (tmp_path / "err").open("wb") as err:
            env = told_to(receiver.url, tmp_path / "spool")
            subprocess.run([*wrapped("own", *options), *words], stdout=out, stderr=err, env=env, timeout=20, check=True)

        assert (tmp_path / "out").read_text().splitlines() == [str(tmp_path / "out"), str(tmp_path / "err")]
    assert {told.output for told in receiver.of("own")} == {b""}


def test_a_process_left_in_the_background_keeps_its_output_and_nobody_waits(receiver: Receiver, tmp_path: Path) -> None:
    out, go = tmp_path / "out", tmp_path / "go"
    script = f"(while ! test -e {go}; do sleep 0.02; done; echo late; echo later >&2) & echo now"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [*wrapped("behind"), "sh", "-c", script], stdout=file, stderr=file, env=told_to(receiver.url, tmp_path)
        )
    assert process.wait(20) == 0
    assert out.read_text() == "now\n"
    assert receiver.of("behind")[-1].output == b"now\n"

    go.touch()

    for _ in range(500):
        if out.read_text().endswith("later\n"):
            break
        threading.Event().wait(0.02)
    assert out.read_text() == "now\nlate\nlater\n"


def test_bad_daemons_have_no_effect(beside_bad_daemons: dict[str, subprocess.Popen[bytes]], spools: Path) -> None:
    results = {
        name: (*process.communicate(timeout=20), process.returncode) for name, process in beside_bad_daemons.items()
    }

    kept = {name: sorted(one.name.rpartition("-")[2] for one in (spools / name).glob("*.json")) for name in results}
    for name, (out, err, code) in results.items():
        assert (out, code) == (b"out\n", 3), name
        refused = name in ("answers 404", "answers 401")
        assert err.startswith(b"err\n"), name
        assert err.count(b"\n") == 1 + refused, name
        assert kept[name] == ([] if refused else ["end.json", "start.json"]), name
    assert b"no monitor job is known under this key (404)" in results["answers 404"][1]
    assert b"the daemon refuses it (401)" in results["answers 401"][1]
