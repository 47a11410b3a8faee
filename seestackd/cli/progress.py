"""How far long work is, on stderr: a line that is written over on a terminal, elsewhere a line every 10 s (ux.md 5)."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

from seestackd.cli import colours
from seestackd.clock import Clock

AFTER_S = 1.0
EVERY_S = 0.2
LINE_EVERY_S = 10.0
BAR = 24
_MIB = 2**20
_COLOUR, _PLAIN = "\x1b[36m", "\x1b[0m"


def add_quiet(command: Any) -> None:
    """Add the option that keeps progress off."""
    command.add_argument("-q", "--quiet", action="store_true", help="show no progress")


class Progress:
    """One line that is written over, or a line now and then. Call it with (what, done, of), in bytes, or a `count`.

    `over` takes the line away; nothing else may be written to the terminal before that.
    """

    def __init__(self, quiet: bool, stream: TextIO, now: Callable[[], float]) -> None:
        self.wanted = not quiet
        self._over_written = stream.isatty()
        self._every_s = EVERY_S if self._over_written else LINE_EVERY_S
        self._coloured = colours.wanted(stream)
        self._stream = stream
        self._now = now
        self._began = self._last = now()
        self._width = 0

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say how many bytes of how many are done."""
        if self._due():
            self._show(what, _of(done, of, self._now() - self._began) if done else f"{of / _MIB:,.0f} MiB", done / of)

    def count(self, what: str, done: int) -> None:
        """Say how many are done, where nobody knows of how many."""
        if self._due():
            self._show(what, f"{done:,}, {done / (self._now() - self._began):,.0f}/s")

    def seconds(self, what: str) -> None:
        """Say how long it takes already."""
        if self._due():
            self._show(what, f"{self._now() - self._began:.0f} s")

    def over(self) -> None:
        """Take the line away."""
        if self._width:
            self._write(f"\r{' ' * self._width}\r")
            self._width = 0

    def _due(self) -> bool:
        now = self._now()
        if not self.wanted or now - self._began < AFTER_S or now - self._last < self._every_s:
            return False
        self._last = now
        return True

    def _show(self, what: str, told: str, share: float = 0.0) -> None:
        if not self._over_written:
            self._write(f"{what}: {told.strip()}\n")
            return
        full = "#" * round(min(1.0, share) * BAR)
        before, after = (f"{what} [", f"{'-' * (BAR - len(full))}] {told}") if full else (f"{what}: ", told)
        width = len(before) + len(full) + len(after)
        bar = f"{_COLOUR}{full}{_PLAIN}" if self._coloured and full else full
        self._write(f"\r{before}{bar}{after}{' ' * (self._width - width)}")
        self._width = width

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def _of(done: int, of: int, lasted_s: float) -> str:
    rate = done / _MIB / lasted_s
    return (
        f"{min(1.0, done / of):4.0%}, {done / _MIB:,.0f} of {of / _MIB:,.0f} MiB, {rate:,.0f} MiB/s,"
        f" {max(0, of - done) / _MIB / rate:.0f} s left"
    )


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Give a Progress on stderr, and take its line away at the end, however that comes."""
    shown = Progress(quiet, sys.stderr, Clock().monotonic)
    try:
        yield shown
    finally:
        shown.over()


@contextmanager
def waiting(quiet: bool, what: str) -> Iterator[None]:
    """Say how long it takes already, while the block waits for one answer."""
    with progress(quiet) as shown:
        if not shown.wanted:
            yield
            return
        ended = threading.Event()
        teller = threading.Thread(target=_tell, args=(shown, what, ended), daemon=True)
        teller.start()
        try:
            yield
        finally:
            ended.set()
            teller.join()


def _tell(shown: Progress, what: str, ended: threading.Event) -> None:
    while not ended.wait(EVERY_S):
        shown.seconds(what)
