"""All monitors at a glance: how each is, and how its last slots ended."""

from collections.abc import Iterable
from dataclasses import dataclass

from seestackd.core.monitor import shown_status
from seestackd.operations import monitors
from seestackd.operations.monitors import MonitorNamed, MonitorView
from seestackd.store.interface import Transaction
from seestackd.store.listings import MonitorBrief

SLOTS = 30
TROUBLE = ("failed", "overrun", "missed")
_ORDER = {status: rank for rank, status in enumerate((*TROUBLE, "late", "running", "pending", "healthy", "paused"))}
_LAST = 9
# A run before its time answers a slot that is still to come.
_EVER = 2**62


@dataclass(frozen=True, slots=True)
class Glance:
    """A monitor with the outcomes of its last slots as two-letter codes, the newest first."""

    view: MonitorView
    outcomes: str

    @property
    def shown(self) -> str:
        """The status, or `running` while a run is on and nothing is wrong."""
        status = self.view.status
        return "running" if self.view.running and status in ("healthy", "pending", "late") else status

    @property
    def order(self) -> str:
        """What to sort by: trouble first, then the slug."""
        return f"{_ORDER.get(self.shown, _LAST)}{self.view.monitor.slug}"


@dataclass(frozen=True, slots=True)
class SlotTold:
    """A slot, how it ended, and what ran in it; one of `several` silent ones from `at` on has no instant of its own."""

    at: int
    outcome: str
    several: bool = False
    duration_ms: int | None = None
    exit_code: int | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class GlanceAt:
    """These monitors of a project."""

    project_id: int
    monitor_ids: tuple[int, ...]


def overview(tx: Transaction, project_id: int, at: int) -> list[MonitorBrief]:
    """Return every monitor of a project in brief, the one in the most trouble first, then by slug."""
    found = tx.listings.monitor_briefs(project_id, at)
    return sorted(found, key=lambda each: (_ORDER.get(each.shown, _LAST), each.slug))


def glances(tx: Transaction, command: GlanceAt, at: int) -> list[Glance]:
    """Return those of the monitors that still exist in the project, in the order asked for."""
    outcomes = tx.listings.last_outcomes(command.monitor_ids, SLOTS)
    return [Glance(view, outcomes.get(view.monitor.id, "")) for view in _views(tx, command, at)]


def counts(tx: Transaction, project_id: int, at: int) -> dict[str, int]:
    """Return how many monitors there are of each shown status, `running` as in Glance."""
    return tx.listings.count_by_status(project_id, at)


def last_slots(tx: Transaction, command: MonitorNamed, at: int) -> list[SlotTold]:
    """Return the last slots that a glance has, the oldest first, and the run that is on. Raises NotFound."""
    view = monitors.shown(tx, command, at)
    messages = {ping.run_id: ping.ping.message for ping in tx.pings.latest(view.monitor.id, 2 * SLOTS)[::-1]}
    told: list[SlotTold] = []
    for entry in tx.listings.slots(view.monitor.id, 0, _EVER, SLOTS, ()):
        run = None if entry.run_id is None else tx.runs.by_id(entry.run_id)
        more = () if run is None else (run.duration_ms, run.exit_code, messages.get(run.id))
        one = SlotTold(entry.first_at, entry.outcome.value, entry.count > 1, *more)
        told += [one] * min(entry.count, SLOTS - len(told))
    told.reverse()
    on = [run.started_at for run in view.state.open_runs if not run.overran]
    return [*told, *(SlotTold(started_at, "running") for started_at in on[:1])]


def _views(tx: Transaction, command: GlanceAt, at: int) -> Iterable[MonitorView]:
    for monitor_id in command.monitor_ids:
        monitor = tx.monitors.by_id(monitor_id)
        if monitor is None or monitor.project_id != command.project_id or monitor.archived_at is not None:
            continue
        state = tx.monitors.load_state(monitor_id, for_update=False)
        running = any(not run.overran for run in state.open_runs)
        yield MonitorView(monitor, state, shown_status(monitor, state, at), running)
