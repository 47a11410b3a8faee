"""`seestackd run`: starts the job before anything else is imported, and reports it beside."""

import os
import sys

from seestackd.cli.wrapper.command import Command, NotStarted, end_like, exit_code, initial_environment, killed_by
from seestackd.cli.wrapper.options import FLAGS, USAGE, VALUED, Asked, Usage, read
from seestackd.cli.wrapper.streams import Streams
from seestackd.clock import Clock

_USAGE_CODE = 2
_DRAIN_S = 1.0
_OPENING_S = 4.0
_KEY, _TRACE, _PARENT = b"SEESTACKD_PING_KEY", b"SEESTACKD_TRACE_ID", b"TRACEPARENT"
_HEX = b"0123456789abcdef"
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Thread
    from typing import Any

    from seestackd.cli.wrapper.account import Account


def add_to(commands: "Any") -> None:
    """Add the command to the parser, for its help: what is typed is read by wrapper/options.py."""
    command = commands.add_parser("run", help="run a job and report it", usage=USAGE.removeprefix("usage: "))
    command.add_argument("slug", metavar="SLUG", help="the monitor's name, such as nightly-backup")
    command.add_argument("words", metavar="COMMAND", nargs="+", help="what to run, after two dashes")
    for option, (metavar, text) in VALUED.items():
        command.add_argument(option, metavar=metavar, help=text)
    for option, text in FLAGS.items():
        command.add_argument(option, action="store_true", help=text)
    command.set_defaults(command=run)  # never called so: `main` hands us the words as they were typed


def run(arguments: list[str]) -> int:
    """Run the command and end as it did; returns only when it was never started."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if "-h" in before or "--help" in before:
        from seestackd.cli.commands import dispatch

        return dispatch(["run", "--help"])
    try:
        asked = read(arguments)
    except Usage as error:
        print(f"seestackd run: {error}; see: seestackd run --help", file=sys.stderr)
        return _USAGE_CODE
    return _Run(asked).through()


def _traced(environ: dict[bytes, bytes]) -> bytes:
    """Give the command a trace of its own, that of its surroundings if it has one; returns its id."""
    parent = environ.get(_PARENT, b"").split(b"-")
    trace = environ.get(_TRACE) or (parent[1] if len(parent) >= 4 and _is_trace(parent[1]) else b"")
    trace = environ[_TRACE] = trace or os.urandom(16).hex().encode()
    if _is_trace(trace) and parent[1:2] != [trace]:
        environ[_PARENT] = b"00-%b-%b-01" % (trace, os.urandom(8).hex().encode())
    return trace


def _is_trace(text: bytes) -> bool:
    return len(text) == 32 and not text.strip(_HEX) and bool(text.strip(b"0"))


class _Run:
    """One run, from the start of its command to the end of its reports."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._clock = Clock()
        self._environ = initial_environment()
        self._environ.pop(_KEY, None)
        self._trace_id = _traced(self._environ)
        self._streams = Streams(asked.output_limit)
        self._account: Account | None = None
        self._at, self._began = self._clock.now(), self._clock.monotonic()

    def through(self) -> int:
        """Start, report, end; returns only when the command could not be started."""
        try:
            command = Command.start(self._asked.command, self._environ, self._streams.file_actions())
        except NotStarted as error:
            print(f"seestackd run {self._asked.slug}: {error}", file=sys.stderr)
            self._open_account()
            self._tell_end(error.code, self._elapsed_ms(), str(error))
            return error.code
        self._streams.begin()
        opening = self._beside(self._tell_start)
        status = command.wait()
        lasted = self._elapsed_ms()
        self._streams.drain(_DRAIN_S)
        opening.join(_OPENING_S)
        self._tell_end(exit_code(status), lasted, killed_by(status))
        self._streams.hand_over()
        return end_like(status)

    def _beside(self, work: "Callable[[], None]") -> "Thread":
        from threading import Thread

        thread = Thread(target=work, daemon=True)
        thread.start()
        return thread

    def _tell_start(self) -> None:
        self._open_account()
        if self._account is not None:
            self._account.started()

    def _open_account(self) -> None:
        # All is imported now and not when needed: an upgrade may replace our files while the job runs.
        try:
            from seestackd.cli.wrapper.account import Account

            self._account = Account(self._asked, self._clock, self._trace_id.decode("ascii", "replace"), self._at)
        except Exception as error:
            self._say(f"not reported: {type(error).__name__}: {error}")

    def _elapsed_ms(self) -> int:
        return round((self._clock.monotonic() - self._began) * 1000)

    def _tell_end(self, code: int, lasted_ms: int, message: str) -> None:
        if self._account is None:
            return
        try:
            self._account.ended(code, lasted_ms, self._streams.tail.text(), message)
        except Exception as error:
            self._say(f"its end is not reported: {type(error).__name__}: {error}")
        for note in self._account.notes(all_of_them=os.isatty(2)):
            self._say(note)

    def _say(self, note: str) -> None:
        if self._asked.quiet:
            return
        try:
            print(f"seestackd run {self._asked.slug}: {note}", file=sys.stderr, flush=True)
        except (OSError, ValueError):
            return
