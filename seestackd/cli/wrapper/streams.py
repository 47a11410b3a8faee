"""The job's output: passed on byte for byte while its end is kept.

A stream goes through a pipe of ours only when that changes nothing for the job. A terminal is left to the job itself,
and nothing of it is kept; where standard output and error are the same file they share a pipe, which keeps their order.
When we are killed (SIGKILL) the job's next write fails, as in any pipeline; with `--no-output` there is no pipe.
"""

import _thread
import os
import select

from seestackd.cli.wrapper.command import Actions, interrupted

_CHUNK = 65_536  # all that a pipe holds
_BROKEN = select.POLLERR | select.POLLHUP | select.POLLNVAL
_GLANCE_S = 0.05
CARRIER = "/bin/cat"


class Tail:
    """The last `limit` bytes of what is added, from any thread; `total` counts all of them."""

    def __init__(self, limit: int) -> None:
        self.total = 0
        self._limit = limit
        self._kept = bytearray()
        self._lock = _thread.allocate_lock()

    def add(self, data: bytes) -> None:
        with self._lock:
            self.total += len(data)
            self._kept += data[-self._limit :]
            if len(self._kept) > 2 * self._limit:
                del self._kept[: -self._limit]

    def text(self) -> bytes:
        """Return what is kept, whole lines where possible, after a mark that says how much is not."""
        with self._lock:
            kept, total = bytes(self._kept[-self._limit :]), self.total
        if len(kept) == total:
            return kept
        kept = kept[kept.find(b"\n", 0, 1_000) + 1 :]
        return b"[... %d bytes left out ...]\n%s" % (total - len(kept), kept)


class Pump:
    """Carries what comes from `source` (a pipe) to `sink`, in a thread of its own."""

    def __init__(self, source: int, sink: int, tail: Tail) -> None:
        from threading import Event, Thread

        self.source = source
        self.sink = sink
        self.over = False
        self.drained = Event()
        self._tail = tail
        self._asked = 0
        self._awake, self._wake = os.pipe()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def drain(self, within_s: float) -> None:
        """Wait until all that the command has written is carried on, or the time has passed."""
        self._call()
        self.drained.wait(within_s)

    def stop(self) -> bool:
        """Stop between two pieces; returns whether somebody still has the other end of the pipe.

        A slow reader is waited for, as the command would have to, until somebody asks us to end.
        """
        self._call()
        while self._thread.is_alive():
            self._thread.join(_GLANCE_S)
            if interrupted():
                return False
        return not self.over

    def _call(self) -> None:
        os.write(self._wake, b".")

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self.source, select.POLLIN)
        poll.register(self.sink, 0)
        poll.register(self._awake, select.POLLIN)
        try:
            while self._asked < 2 and not self.over:
                self._react(dict(poll.poll()))
        finally:
            self.drained.set()

    def _react(self, events: dict[int, int]) -> None:
        if self._awake in events:
            self._asked += len(os.read(self._awake, 1))
        if self._asked < 2 and self.source in events:
            self._carry()
        elif self.sink in events and events[self.sink] & _BROKEN:
            self._end()  # nobody reads us any more: the command learns it as it would without us
        if self._asked and not self.over and not _readable(self.source):
            self.drained.set()

    def _carry(self) -> None:
        data = os.read(self.source, _CHUNK)
        self._tail.add(data)
        try:
            _write(self.sink, data)
        except OSError:
            data = b""
        if not data:
            self._end()

    def _end(self) -> None:
        self.over = True
        os.close(self.source)


class Streams:
    """Standard output and error of the command. `limit` is how many bytes are kept, 0 leaves both alone."""

    def __init__(self, limit: int) -> None:
        open_before = [_open(number) for number in (0, 1, 2)]
        taken = [sink for sink in (1, 2) if limit and open_before[sink] and not os.isatty(sink)]
        self.tail = Tail(limit)
        self._pipes: list[tuple[int, int, tuple[int, ...]]] = []
        self._pumps: list[Pump] = []
        groups = [(1, 2)] if len(taken) == 2 and os.path.sameopenfile(1, 2) else [(sink,) for sink in taken]
        for sinks in groups:
            source, end = os.pipe()
            self._pipes.append((source, end, sinks))

    def file_actions(self) -> Actions:
        """Return what makes the pipes the command's output, as (end, number)."""
        return [(end, sink) for _, end, sinks in self._pipes for sink in sinks]

    def begin(self) -> None:
        """Carry output from now on; the command has been started."""
        for source, end, sinks in self._pipes:
            os.close(end)
            self._pumps.append(Pump(source, sinks[0], self.tail))

    def drain(self, within_s: float) -> None:
        """Carry on all that the ended command has written; gives up waiting for a slow reader."""
        for pump in self._pumps:
            pump.drain(within_s)

    def hand_over(self) -> None:
        """End. Where a process in the background still holds a pipe, a carrier of its own takes our place."""
        for pump in self._pumps:
            if pump.stop():
                _leave_to_carrier(pump.source, pump.sink)


def _leave_to_carrier(source: int, sink: int) -> None:
    dup2, close = os.POSIX_SPAWN_DUP2, os.POSIX_SPAWN_CLOSE
    # With no variables, one of which holds the key; and no signal blocked.
    os.posix_spawn(CARRIER, [CARRIER], {}, file_actions=[(dup2, source, 0), (dup2, sink, 1), (close, 2)], setsigmask=())


def _open(number: int) -> bool:
    """Say whether a standard stream was open; one that was not is held by us, closed for the command."""
    try:
        os.fstat(number)
    except OSError:
        os.open(os.devnull, os.O_RDWR)
        return False
    return True


def _readable(source: int) -> bool:
    poll = select.poll()
    poll.register(source, select.POLLIN)
    return bool(poll.poll(0))


def _write(sink: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(sink, rest) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(sink, select.POLLOUT)
            poll.poll()
