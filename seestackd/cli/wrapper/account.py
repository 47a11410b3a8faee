"""What one run says of itself. Whatever goes wrong here, the job does not notice."""

import socket
from uuid import uuid4

from seestackd.cli.wrapper.command import interrupted
from seestackd.cli.wrapper.options import Asked
from seestackd.cli.wrapper.reporter import Reporter
from seestackd.cli.wrapper.reports import NoTarget, Report, target_of
from seestackd.clock import Clock

_PARAMETERS = {"--schedule": "schedule", "--tz": "timezone", "--grace": "grace"}


def creation(create: bool, values: dict[str, str]) -> dict[str, str]:
    """Return the query that has a missing monitor made."""
    if not create:
        return {}
    return {"create": "1", **{name: values[option] for option, name in _PARAMETERS.items() if option in values}}


class Account:
    """Tells the daemon of a run that was started at `at` (ms UTC). `notes` are for standard error."""

    def __init__(self, asked: Asked, clock: Clock, trace_id: str, at: int) -> None:
        self._asked = asked
        self._at = at
        self._problems: list[str] = []
        self._reporter: Reporter | None = None
        self._run_id = str(uuid4())
        self._fields = {
            "rid": self._run_id,
            "host": socket.gethostname(),
            "traceId": trace_id,
            **creation(asked.create, asked.values),
        }
        try:
            target = target_of(asked.values.get("--url"), asked.values.get("--key"))
        except NoTarget as error:
            self._problems.append(f"not reported: {error}")
            return
        try:
            target.key()
        except NoTarget as error:
            self._problems.append(f"not reported yet: {error}")
            self._reporter = Reporter(target, clock, str(error))
        else:
            self._reporter = Reporter(target, clock)

    def started(self) -> None:
        """Tell that it runs."""
        if self._reporter is not None:
            self._reporter.tell(self._report("start", self._at))

    def ended(self, code: int, duration_ms: int, output: bytes, message: str) -> None:
        """Tell how it ended; returns within seconds, also without an answer."""
        if self._reporter is None:
            return
        said = {"message": message} if message else {}
        finish = self._report(str(code), self._at + duration_ms, output, durationMs=str(duration_ms), **said)
        self._reporter.finish(finish, interrupted)

    def notes(self, all_of_them: bool) -> list[str]:
        """Return what a person should know: of what is lost, or everything."""
        reporter = self._reporter
        told = reporter.notes if reporter is not None and (all_of_them or reporter.lost) else []
        return [*self._problems, *told]

    def _report(self, action: str, at: int, output: bytes = b"", **more: str) -> Report:
        event = f"{self._run_id}-{'start' if action == 'start' else 'end'}"
        return Report(self._asked.slug, action, at, {**self._fields, "eventId": event, **more}, output)
