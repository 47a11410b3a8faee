"""The process that reads large batches: `python -m seestackd.web.batch_worker`, with a socket as standard input.

It says HELLO, then answers one batch after the other until the daemon hangs up or has had none for a while. It steps
back for the daemon, has no secret in its arguments and environment, and opens no file.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path

from seestackd.web.batch_messages import ASKED, AT_REST_ONLY, FORMS, HELLO, refused, taken
from seestackd.web.gzipped import whole
from seestackd.web.refusal import Refusal, of_status

log = logging.getLogger(__name__)

NICE = 5
NICEST = 19
IDLE_S = 600.0
"""After so long without a batch the process ends, and its memory is free; the next batch starts another one."""

GIVES_WAY_EVERY_S = 0.0005
"""Linux since 6.6 (EEVDF) may let a process at rest go on for a tick, 4 ms, although the daemon has woken. One that
yields so often lets go of the processor when its present step of C is over, which takes a millisecond at most."""

_FIRST_TO_GO = "500"  # of 1000: short of memory, the kernel takes this process before the daemon


def main() -> None:
    """Serve the daemon at the other end of standard input."""
    # A stop is the daemon's to decide: what it has been sent by then is still to be read.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    at_rest_only = sys.argv[1:] == [AT_REST_ONLY]
    _step_back(at_rest_only)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)
    with socket.socket(fileno=0) as daemon, suppress(TimeoutError, ConnectionError):
        daemon.settimeout(IDLE_S)
        daemon.sendall(HELLO)
        if at_rest_only:
            with suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while _serve(daemon, giving_way if at_rest_only else nullcontext):
            pass


def _step_back(at_rest_only: bool) -> None:
    """Get less of the processor than the daemon.

    Where the calls for that are forbidden, as under the systemd unit, a session of its own can be nice (sched(7)).
    """
    try:
        os.nice(NICE)
    except OSError:
        with suppress(OSError):
            os.setsid()
            Path("/proc/self/autogroup").write_text(str(NICEST if at_rest_only else NICE))


def _serve(daemon: socket.socket, manner: Callable[[], AbstractContextManager[None]]) -> bool:
    """Answer one batch; False when the daemon has hung up."""
    header, descriptors, _, _ = socket.recv_fds(daemon, ASKED.size, 1)
    if not descriptors:
        return False
    number, zipped, limit, size = ASKED.unpack(header)
    try:
        raw = os.pread(descriptors[0], size, 0)
    finally:
        os.close(descriptors[0])
    with manner():
        answered = answer(number, raw, bool(zipped), limit)
    daemon.sendall(answered)
    return True


@contextmanager
def giving_way() -> Iterator[None]:
    """Offer the processor to others every GIVES_WAY_EVERY_S; on the main thread alone."""
    signal.signal(signal.SIGALRM, lambda *_: os.sched_yield())
    signal.setitimer(signal.ITIMER_REAL, GIVES_WAY_EVERY_S, GIVES_WAY_EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def answer(number: int, raw: bytes, zipped: bool, limit: int) -> bytes:
    """Return what is answered to a body of a form: the batch, or the refusal."""
    form = FORMS[number]
    try:
        return taken(form, form.read(whole(raw, zipped, limit)))
    except Refusal as refusal:
        return refused(refusal)
    except Exception:
        log.exception("Could not read a batch")
        return refused(of_status(500))


if __name__ == "__main__":
    main()
