"""Reports beside the job: in order, from a thread of its own, with patience while it runs and none after it."""

from collections.abc import Callable
from threading import Condition, Event, Thread

from seestackd.cli.wrapper.backlog import flush
from seestackd.cli.wrapper.reports import Report, Target
from seestackd.cli.wrapper.sending import Refused, Unreachable, send
from seestackd.cli.wrapper.spool import NoSpool, Spool
from seestackd.clock import Clock

AFTER_END_S = 4.5
"""How long the reports may take once the command has ended."""

_PATIENT_S, _HASTY_S = 5.0, 1.5  # for each step of a request, while the command runs and after it
_PAUSES_S = (0.3, 1.0)
_LONG_PAUSE_S = 30.0
_BACKLOG_S = 1.0
_GLANCE_S = 0.05


class Reporter:
    """Sends the reports of one run; what does not arrive is kept on disk. `notes` are for standard error.

    `lost` says whether a note is about a report that will never arrive; with a `hindrance` all are kept, none is tried.
    """

    def __init__(self, target: Target, clock: Clock, hindrance: str = "") -> None:
        self.notes: list[str] = []
        self.lost = False
        self._target = target
        self._clock = clock
        self._spool: Spool | None = None
        self._pending: list[Report] = []
        self._changed = Condition()
        self._ending = Event()
        self._over = Event()
        self._trouble = hindrance or "no answer in time"
        if hindrance:
            self._over.set()
        else:
            Thread(target=self._run, daemon=True).start()

    def tell(self, report: Report) -> None:
        """Send a report as soon as those before it have been sent."""
        self._add(report, last=False)

    def finish(self, report: Report, interrupted: Callable[[], bool]) -> None:
        """Send the last report. Returns within AFTER_END_S, or at once when `interrupted`; keeps what is left."""
        until = self._clock.monotonic() + AFTER_END_S
        self._add(report, last=True)
        while not self._over.wait(_GLANCE_S) and self._clock.monotonic() < until and not interrupted():
            pass
        with self._changed:
            left = list(self._pending)
        if left:
            self._keep(left)

    def _add(self, report: Report, last: bool) -> None:
        with self._changed:
            self._pending.append(report)
            if last:
                self._ending.set()
            self._changed.notify()

    def _run(self) -> None:
        try:
            if self._send_all():
                until = self._clock.monotonic() + _BACKLOG_S
                self._flush(lambda: self._clock.monotonic() > until)
        except Exception as error:  # whatever it is, the job must not hear of it
            self._trouble = type(error).__name__
        self._over.set()

    def _send_all(self) -> bool:
        """Send reports until the last one has arrived; False when the daemon cannot be reached."""
        failures = 0
        while (report := self._next()) is not None:
            hasty = self._ending.is_set()
            try:
                send(self._target, report, self._clock.now(), _HASTY_S if hasty else _PATIENT_S)
            except Unreachable as error:
                self._trouble = str(error)
                failures = self._pause(failures + 1, report, hasty)
                if failures > len(_PAUSES_S):
                    return False
                continue
            except Refused as error:
                self._lose(str(error))
            failures = 0
            self._told(report)
            self._flush(self._ending.is_set)
        return True

    def _next(self) -> Report | None:
        """Wait for a report; None when the last one has been sent."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._ending.is_set())
            return self._pending[0] if self._pending else None

    def _pause(self, failures: int, report: Report, hasty: bool) -> int:
        """Wait before another try; returns how many have failed, from 0 again when the command has ended meanwhile."""
        if hasty:
            if failures <= len(_PAUSES_S):
                Event().wait(_PAUSES_S[failures - 1])
            return failures
        if failures <= len(_PAUSES_S):
            pause = _PAUSES_S[failures - 1]
        else:
            self._keep([report], quietly=True)
            pause = _LONG_PAUSE_S
        if self._ending.wait(pause):
            return 0
        return min(failures, len(_PAUSES_S))

    def _told(self, report: Report) -> None:
        with self._changed:
            self._pending.remove(report)
        if self._spool is not None:
            self._spool.take_back(report)

    def _flush(self, stop: Callable[[], bool]) -> None:
        try:
            spool = Spool.find()
            if spool.names():
                flush(spool, self._clock, _HASTY_S, stop)
        except (NoSpool, OSError):
            return

    def _keep(self, reports: list[Report], quietly: bool = False) -> None:
        try:
            self._spool = self._spool or Spool.find()
            for report in reports:
                self._spool.put(self._target, report)
        except (NoSpool, OSError) as error:
            if not quietly:
                self._lose(
                    f"not reported ({self._trouble}), nor kept for later: {getattr(error, 'strerror', 0) or error}"
                )
        else:
            if not quietly:
                self.notes.append(f"not reported yet ({self._trouble}); kept, and sent by the next run")

    def _lose(self, note: str) -> None:
        self.lost = True
        if note not in self.notes:
            self.notes.append(note)
