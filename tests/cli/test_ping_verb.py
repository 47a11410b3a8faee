"""`seestackd ping`: one report from a script."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Bench
from tests.cli.reports import KEY, Receiver
from tests.rows import rows

RID = "728b3763-5b88-4d5f-8a3c-6c6f0f1b6f53"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def client(bench: Bench, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in {"URL": receiver.url, "PING_KEY": KEY, "SPOOL": str(bench.folder / "spool")}.items():
        monkeypatch.setenv(f"SEESTACKD_{name}", value)
    return bench


@pytest.mark.parametrize(
    ("what", "action"),
    [((), ""), (("ok",), ""), (("start",), "start"), (("fail",), "fail"), (("log",), "log"), (("007",), "7")],
)
def test_it_reports_what_it_is_told(what: tuple[str, ...], action: str, client: Bench, receiver: Receiver) -> None:
    done = client.run("ping", "job", *what)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert receiver.of("job")[-1].action == action


def test_it_reports_all_that_a_ping_may_say(client: Bench, receiver: Receiver) -> None:
    (client.folder / "log").write_bytes(b"first\n" + b"x" * 20_000 + b"\nlast \xff\n")
    said = ("--rid", RID.upper(), "--duration", "12.5", "--message", "3 files", "--output", str(client.folder / "log"))

    done = client.run("ping", "full", "3", *said, "--create", "--schedule", "1h", "--tz", "UTC", "--grace", "5m")

    (told,) = receiver.of("full")
    assert done.returncode == 0
    fields = {"rid": RID, "durationMs": "12500", "message": "3 files", "create": "1", "schedule": "1h", "grace": "5m"}
    assert fields.items() <= told.fields.items()
    assert told.output.startswith(b"[... ")
    assert told.output.endswith(b"\nlast \xff\n")


@rows(
    ("arguments", "said"),
    [
        (("Job!",), "SLUG must be"),
        (("job", "done"), 'WHAT must be ok, start, fail, log or an exit code from 0 to 255; "done"'),
        (("job", "256"), "WHAT must be"),
        (("job", "--rid", "7"), "--rid must be a UUID"),
        (("job", "--duration", "soon"), "--duration is a number of seconds"),
        (("job", "--duration", "nan"), "--duration is a number of seconds"),
        (("job", "--key", "SECRET"), "--key takes file:PATH"),
        (("job", "--url", "nowhere"), "the URL must be"),
        (("job", "--grace", "5m"), "add --create"),
    ],
)
def test_a_wrong_call_sends_nothing(arguments: tuple[str, ...], said: str, client: Bench, receiver: Receiver) -> None:
    before = len(receiver.told)

    done = client.run("ping", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "SECRET" not in done.stderr
    assert len(receiver.told) == before


def test_without_a_key_or_its_output_it_fails(client: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = client.run("ping", "job", "--output", "/no/such/file")
    monkeypatch.delenv("SEESTACKD_PING_KEY")
    unkeyed = client.run("ping", "job")

    assert (lost.returncode, unkeyed.returncode) == (1, 1)
    assert "/no/such/file cannot be read: No such file or directory; nothing was sent" in lost.stderr
    assert "no key is set; give one of scope ping in SEESTACKD_PING_KEY" in unkeyed.stderr


def test_an_unknown_monitor_is_an_error(client: Bench) -> None:
    refusing = Receiver(404)

    done = client.run("ping", "job", "--url", refusing.url)
    refusing.close()

    assert done.returncode == 1
    assert "no monitor job is known under this key (404)" in done.stderr
    assert KEY not in done.stderr


def test_what_cannot_be_sent_is_kept(client: Bench) -> None:
    done = client.run("ping", "job", "--url", "http://127.0.0.1:9")

    assert done.returncode == 4
    assert "Connection refused; kept, and sent by the next run or: seestackd spool flush" in done.stderr
    assert len(list(Path(client.folder / "spool").glob("*.json"))) == 1
