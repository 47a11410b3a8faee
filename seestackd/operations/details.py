"""One monitor in detail: what is expected, what came, how long it took and how late it was."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from seestackd.core.explain import suggested_grace_ms
from seestackd.core.monitor import Outcome, SlotEntry
from seestackd.core.pings import FINISHING
from seestackd.core.runs import Run
from seestackd.core.uptime import Uptime
from seestackd.errors import NotFound
from seestackd.operations import keys, uptime
from seestackd.operations.explain import Explanation, explain
from seestackd.operations.monitors import MonitorNamed, named
from seestackd.store.interface import StoredPing, Transaction

RUNS = 60
PINGS = 240
DAYS = 30
MIN_RUNS = 5
_SILENT = tuple(outcome.value for outcome in (Outcome.MISSED, Outcome.SKIPPED, Outcome.UNKNOWN))


@dataclass(frozen=True, slots=True)
class LogLine:
    """A run with its last report, or slots in which nothing came; `output_size` in bytes, 0 without output."""

    at: int
    outcome: str
    run: Run | None = None
    ping: StoredPing | None = None
    entry: SlotEntry | None = None
    output_size: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What the last runs were like; durations in ms, None where there are too few runs to say."""

    median_ms: int | None
    p95_ms: int | None
    usual: tuple[int, int] | None
    lateness_p99_ms: int | None
    grace_ms: int | None


@dataclass(frozen=True, slots=True)
class Details:
    """All that the page of a monitor shows; `log` newest first, `ping_secret` the newest key for ping URLs."""

    explanation: Explanation
    log: Sequence[LogLine]
    runs: Sequence[Run]
    figures: Figures
    uptime: Uptime
    ping_secret: str | None


@dataclass(frozen=True, slots=True)
class OutputOf:
    """What a report of a monitor had printed."""

    project_id: int
    slug: str
    ping_id: int


def details(tx: Transaction, command: MonitorNamed, at: int) -> Details:
    """Return a monitor in detail. Raises NotFound."""
    explanation = explain(tx, command, at)
    monitor, state = explanation.view.monitor, explanation.view.state
    runs = tx.runs.latest(monitor.id, RUNS)
    return Details(
        explanation=explanation,
        log=_log(tx, monitor.id, runs, at),
        runs=runs,
        figures=_figures(runs, suggested_grace_ms(monitor, state, runs)),
        uptime=uptime.last_days(tx, uptime.DaysOf(monitor.id, DAYS), at).total,
        ping_secret=keys.newest_ping_secret(tx, command.project_id),
    )


def output(tx: Transaction, command: OutputOf, at: int) -> str:
    """Return an output. Raises NotFound, also for a report of another monitor."""
    monitor = named(tx, command.project_id, command.slug)
    found = tx.listings.pings([command.ping_id]).get(command.ping_id)
    text = tx.pings.output(command.ping_id) if found is not None and found.monitor_id == monitor.id else None
    if text is None:
        raise NotFound("There is no such output; it may have been kept long enough")
    return text


def _log(tx: Transaction, monitor_id: int, runs: Sequence[Run], at: int) -> list[LogLine]:
    pings = _last_of_run(tx.pings.latest(monitor_id, PINGS))
    sizes = tx.pings.output_sizes([ping.id for ping in pings.values()])
    lines = [_line(run, pings.get(run.id), sizes) for run in runs]
    since = min((line.at for line in lines), default=0) if len(runs) == RUNS else 0
    silent = tx.listings.slots(monitor_id, since, at + 1, RUNS, _SILENT)
    lines += [LogLine(entry.last_at, entry.outcome.value, entry=entry) for entry in silent if entry.run_id is None]
    return sorted(lines, key=lambda line: -line.at)[:RUNS]


def _line(run: Run, ping: StoredPing | None, sizes: dict[int, int]) -> LogLine:
    outcome = run.outcome or ("running" if run.ended_at is None else "ok" if run.ok else "failed")
    size = sizes.get(ping.id, 0) if ping is not None else 0
    return LogLine(run.ended_at or run.started_at, outcome, run, ping, output_size=size)


def _last_of_run(pings: Iterable[StoredPing]) -> dict[int, StoredPing]:
    """Return the finish of each run, or the newest report of one that has none; pings come newest first."""
    found: dict[int, StoredPing] = {}
    for ping in pings:
        if ping.run_id is not None and (ping.run_id not in found or ping.ping.kind in FINISHING):
            found[ping.run_id] = ping
    return found


def _figures(runs: Sequence[Run], grace_ms: int | None) -> Figures:
    durations = [run.duration_ms for run in runs if run.ok and run.duration_ms]
    lateness = [run.lateness_ms for run in runs if run.lateness_ms is not None]
    enough = len(durations) >= MIN_RUNS
    parts = quantiles(durations, n=20, method="inclusive") if enough else []
    return Figures(
        median_ms=int(median(durations)) if durations else None,
        p95_ms=int(parts[-1]) if parts else None,
        usual=(int(parts[0]), int(parts[-1])) if parts else None,
        lateness_p99_ms=int(quantiles(lateness, n=100, method="inclusive")[-1]) if len(lateness) >= MIN_RUNS else None,
        grace_ms=grace_ms,
    )
