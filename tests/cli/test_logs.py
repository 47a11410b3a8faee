"""The daemon's log: lines on a terminal, JSON records elsewhere, and nobody's text becomes a record of its own."""

import json
import logging
import os
import pty
import select
import subprocess
import sys

from seestackd.cli.logs import JsonLines, Lines
from tests.cli.conftest import Bench, environment

EVIL = 'all is well\n{"level": "CRITICAL"}\r\x1b[2J\u2028end'


def record(message: str, *arguments: object) -> logging.LogRecord:
    return logging.LogRecord("seestackd.test", logging.WARNING, __file__, 1, message, arguments, None)


def test_a_record_is_one_line_of_json_whatever_it_says() -> None:
    line = JsonLines().format(record("job %s", EVIL))
    said = json.loads(line)

    assert (line.isascii(), len(line.splitlines())) == (True, 1)
    assert (said["level"], said["logger"], said["message"]) == ("WARNING", "seestackd.test", f"job {EVIL}")
    assert said["at"].endswith("Z")


def test_a_traceback_stays_in_its_record() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        failed = logging.LogRecord("x", logging.ERROR, __file__, 1, "broken", (), sys.exc_info())
    said = json.loads(JsonLines().format(failed))

    assert said["message"] == "broken"
    assert "ValueError: all is well" in said["exception"]


def test_on_a_terminal_nothing_moves_the_cursor_or_begins_a_line() -> None:
    line = Lines("%(levelname)s: %(message)s").format(record("job %s", EVIL))

    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    assert line.startswith("WARNING: job all is well\\n{")


def test_under_journald_every_line_is_a_record(bench: Bench) -> None:
    bench.configure("[channels.odd]\nurl = 'nonsense://x'\n")
    daemon = bench.serve(JOURNAL_STREAM="8:1")
    printed = daemon.until("cannot be used") + daemon.stop()[1]
    said = [json.loads(line) for line in printed.splitlines()]

    assert {each["level"] for each in said} == {"INFO", "WARNING", "ERROR"}
    assert any("listens on" in each["message"] for each in said)


def test_a_terminal_gets_lines_to_read(bench: Bench) -> None:
    ours, theirs = pty.openpty()
    words = bench.command("serve", "--listen", "127.0.0.1:0")
    with subprocess.Popen(words, stdout=theirs, stderr=theirs, env=environment()) as process:
        os.close(theirs)
        text = ""
        while "key yet" not in text and "Watch a job" not in text and select.select([ours], [], [], 20)[0]:
            text += os.read(ours, 65_536).decode()
        process.terminate()
        while True:
            try:
                text += (more := os.read(ours, 65_536).decode())
            except OSError:
                break
            if not more:
                break
        assert process.wait(20) == 0
    os.close(ours)

    assert "INFO     seestackd.app: stopping" in text
    assert '{"at"' not in text
