"""Recording what jobs report."""

from zlib import crc32

from seestackd.core.events import MonitorChanged, MonitorHeard
from seestackd.core.hearing import hear
from seestackd.core.monitor import DAY_MS, Monitor, NewMonitor, State
from seestackd.core.pings import Ping, PingKind
from seestackd.core.runs import Answer, answer
from seestackd.core.steady import steady
from seestackd.core.transitions import Context, Decision, History
from seestackd.core.values import plain
from seestackd.errors import Conflict, NotFound
from seestackd.operations.creation import BY_PING, create_by_ping
from seestackd.operations.drift import note_stranger
from seestackd.operations.hearing import spikes_are_told
from seestackd.operations.incidents import apply_effects
from seestackd.operations.slots import entry_before, entry_of, stretches_after, waited_for_at
from seestackd.store.interface import Transaction

MAX_AGE_MS = 7 * DAY_MS
SLOW_SAMPLES = 20

_COUNT = "archived_pings:{}"


@plain(frozen=True, slots=True)
class RecordPing:
    """A job's report, validated and masked.

    `own_at` and `sent_at` are the client's own clock (ms) when it happened and when it was sent. `create` makes the
    monitor when the slug is unknown, under `ping_id`; without `create`, `ping_id` is the one that the ping was sent to.
    `door` says where it came in.
    """

    project_id: int
    slug: str
    kind: PingKind
    duration_ms: int | None = None
    exit_code: int | None = None
    rid: str | None = None
    message: str | None = None
    output: str | None = None
    output_size: int = 0
    source: str | None = None
    host: str | None = None
    trace_id: str | None = None
    key: str | None = None
    own_at: int | None = None
    sent_at: int | None = None
    create: NewMonitor | None = None
    ping_id: str = ""
    door: str = "heartbeat"

    @property
    def reports_on(self) -> tuple[int, str]:
        """The monitor it is about: a ping that could not be stored must not make its silence an alarm."""
        return self.project_id, self.slug


@plain(frozen=True, slots=True)
class Recorded:
    """The answer: which monitor, which ping; `repeated` when its idempotency key had been seen.

    `duration_ms` is how long the run took that the ping ends, as far as that is known.
    """

    monitor_uid: str
    ping_id: int
    created: bool = False
    repeated: bool = False
    duration_ms: int | None = None


def record(tx: Transaction, command: RecordPing, at: int) -> Recorded:
    """Store a ping and all that follows from it.

    Raises NotFound when the project has no such monitor; with `create`, Conflict when it is archived and TooMany when
    no more are made.
    """
    monitor = _addressed(tx, command)
    created = monitor is None
    if monitor is None:
        if command.create is None:
            raise _unknown(command)
        monitor = create_by_ping(tx, command.project_id, command.create, command.ping_id, at)
    key = command.key
    if key is not None and not created:
        seen = tx.pings.seen(command.project_id, command.slug, command.kind.value, key)
        if seen is not None:
            return _seen_before(tx, monitor, seen)
    state = tx.monitors.load_state(monitor.id)
    ping = _ping(command, at)
    if key is None and not created and (ping_id := _steadily(tx, monitor, state, ping)) is not None:
        return Recorded(monitor.uid, ping_id, duration_ms=ping.duration_ms)
    belongs = answer(monitor, state, ping, waited_for_at(tx, monitor, state, ping))
    decision = hear(monitor, state, ping, belongs, _context(tx, monitor, state, ping, belongs), _mark(command))
    ping_id = store(tx, state, decision, ping, at)
    if key is not None:
        tx.pings.remember(command.project_id, command.slug, command.kind.value, key, ping_id, at)
    return Recorded(monitor.uid, ping_id, created=created, duration_ms=belongs.duration_ms)


def record_or_count(tx: Transaction, command: RecordPing, at: int) -> Recorded | NotFound | Conflict:
    """Do what `record` does, count a ping of an archived monitor, and note one of a slug that is not known.

    The error is returned: one that is raised undoes that.
    """
    try:
        return record(tx, command, at)
    except (NotFound, Conflict) as error:
        monitor = tx.monitors.by_slug(command.project_id, command.slug)
        if monitor is not None and monitor.archived_at is not None:
            tx.set_meta(_COUNT.format(monitor.id), str(archived_pings(tx, monitor.id, at) + 1))
        elif monitor is None:
            note_stranger(tx, command.project_id, command.slug, at)
        return error


def archived_pings(tx: Transaction, monitor_id: int, at: int) -> int:
    """Return how many pings came for the monitor while it was archived."""
    return int(tx.meta(_COUNT.format(monitor_id)) or 0)


def owner_of(tx: Transaction, ping_id: str, at: int) -> tuple[int, str] | None:
    """Return project and slug of the monitor that has the ping id."""
    monitor = tx.monitors.by_ping_id(ping_id)
    return None if monitor is None else (monitor.project_id, monitor.slug)


def _addressed(tx: Transaction, command: RecordPing) -> Monitor | None:
    monitor = tx.monitors.by_slug(command.project_id, command.slug)
    if monitor is None:
        return None
    if monitor.archived_at is not None:
        if command.create is None:
            raise _unknown(command)
        raise Conflict(
            f"the monitor {command.slug} is archived and is not made anew; bring it back, or choose another slug",
            field="slug",
        )
    if command.create is None and command.ping_id and command.ping_id != monitor.ping_id:
        raise _unknown(command)
    return monitor


def _unknown(command: RecordPing) -> NotFound:
    return NotFound(f"No cron monitor found with slug: {command.slug}", field="slug")


def _seen_before(tx: Transaction, monitor: Monitor, ping_id: int) -> Recorded:
    state = tx.monitors.load_state(monitor.id)
    first = state.last_ping_id == ping_id and state.last_ping_at == monitor.created_at
    return Recorded(monitor.uid, ping_id, created=first and monitor.source == BY_PING, repeated=True)


def _ping(command: RecordPing, at: int) -> Ping:
    happened_at = at
    if command.own_at is not None:
        age = (at if command.sent_at is None else command.sent_at) - command.own_at
        happened_at = at - min(max(age, 0), MAX_AGE_MS)
    return Ping(
        command.kind,
        happened_at,
        at,
        command.duration_ms,
        command.exit_code,
        command.rid,
        command.source,
        command.host,
        command.trace_id,
        command.message,
        command.output,
        command.output_size,
    )


def _steadily(tx: Transaction, monitor: Monitor, state: State, ping: Ping) -> int | None:
    """Store a success of a monitor that is well by the short way; None when the general rules have to be asked."""
    if ping.kind is not PingKind.SUCCESS or ping.backfilled or ping.output or monitor.rules.slow_factor is not None:
        return None
    report = steady(monitor, state, ping.at, ping.duration_ms)
    if report is None or tx.maintenance.concerning(monitor) or spikes_are_told(tx, monitor.project_id):
        return None
    tx.announce(MonitorHeard(monitor.id, monitor.project_id))
    return tx.steady.put(monitor, report, ping)


def _mark(command: RecordPing) -> int:
    """Return a checksum of a keyless failure, by which a client's resend is known; 0 for anything else."""
    if command.kind is not PingKind.FAILED or command.key is not None:
        return 0
    said = (command.duration_ms, command.exit_code, command.rid, command.message, command.output, command.host)
    return crc32(repr(said).encode("utf-8", "replace")) or 1


def _context(tx: Transaction, monitor: Monitor, state: State, ping: Ping, belongs: Answer) -> Context:
    incident = tx.incidents.by_id(state.incident_id) if state.incident_id is not None else None
    entry = entry_of(tx, monitor, state, belongs)
    expected = state.expected_at
    skips = expected is not None and belongs.started_at < expected < ping.at
    before = entry_before(tx, monitor, state) if skips else None
    taken = stretches_after(tx, monitor, state, ping.at if expected is None else expected)
    history = History()
    spikes = ping.kind is PingKind.SUCCESS and spikes_are_told(tx, monitor.project_id)
    if spikes or (monitor.rules.slow_factor is not None and ping.kind is PingKind.SUCCESS):
        runs = tx.runs.latest(monitor.id, SLOW_SAMPLES)
        history = History(good_durations_ms=tuple(run.duration_ms for run in runs if run.ok and run.duration_ms))
    windows = tx.maintenance.concerning(monitor)
    return Context(incident, entry, before, taken, windows, history=history, run_id=tx.runs.next_id(), spikes=spikes)


def store(tx: Transaction, before: State, decision: Decision, ping: Ping | None, at: int) -> int:
    """Write a decision: runs, ledger, incidents with their alerts, the ping, the state. Returns the ping's id."""
    monitor, state = decision.monitor, decision.state
    for run in decision.opened:
        tx.runs.open(run, state.last_run_id)
        state.last_run_id = run.id
    for run in decision.closed:
        tx.runs.close(run)
    for first_at in decision.removed:
        tx.slots.remove(monitor.id, first_at)
    for entry in decision.entries:
        tx.slots.put(monitor.id, entry)
    if decision.effects:
        apply_effects(tx, before, decision, ping, at)
    ping_id = 0
    if ping is not None:
        note = decision.reason if decision.outcome is None else None
        ping_id = tx.pings.append(monitor.id, ping, decision.run_id, state.last_ping_id, note)
        state.last_ping_id = ping_id
    tx.monitors.save_state(monitor.id, state, before)
    if state.status is not before.status or len(state.open_runs) != len(before.open_runs):
        tx.announce(MonitorChanged(monitor.id, monitor.project_id))
    else:
        tx.announce(MonitorHeard(monitor.id, monitor.project_id))
    return ping_id
