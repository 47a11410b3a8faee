"""What a job reports, whatever door it came through."""

from enum import StrEnum

from seestackd.core.values import plain


class PingKind(StrEnum):
    """The four kinds of report (semantics.md 1)."""

    START = "start"
    SUCCESS = "success"
    FAILED = "failed"
    LOG = "log"


FINISHING = frozenset({PingKind.SUCCESS, PingKind.FAILED})


@plain(frozen=True, slots=True)
class Ping:
    """One report of a job.

    `at` is the time that counts (a spooled ping's own time), `arrived_at` when the request was read; both ms UTC.
    `rid` names the run. `message` and `output` are masked already.
    """

    kind: PingKind
    at: int
    arrived_at: int
    duration_ms: int | None = None
    exit_code: int | None = None
    rid: str | None = None
    source: str | None = None
    host: str | None = None
    trace_id: str | None = None
    message: str | None = None
    output: str | None = None
    output_size: int = 0

    @property
    def backfilled(self) -> bool:
        """Whether the client kept it and sent it later."""
        return self.at != self.arrived_at
