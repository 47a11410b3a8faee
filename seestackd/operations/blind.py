"""Knowing when nothing could be heard: the "I hear" stamp, blind windows, clock steps (semantics.md 6)."""

from dataclasses import dataclass

from seestackd.core.alerts import hearers
from seestackd.core.clock_steps import after_step, is_forgotten
from seestackd.core.incidents import SEVERITY, Alert, AlertKind
from seestackd.core.monitor import DAY_MS, HOUR_MS, MINUTE_MS
from seestackd.operations import upkeep
from seestackd.operations.deadlines import CLOCK_STEP
from seestackd.operations.slots import stretches_after
from seestackd.store.interface import Alive, BlindWindow, Transaction

BACKLOG_MS = 30_000
BLIND_STEP_MS = 30_000
RECORDED_STEP_MS = 2_000
WORTH_TELLING_MS = 10 * MINUTE_MS
TELL_EVERY_MS = HOUR_MS
RECENT = 20
SETTLING_MS = MINUTE_MS
GREAT_STEP_MS = HOUR_MS
LONG_ABSENCE_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class Hear:
    """The daemon hears: milliseconds since boot, and which boot."""

    node: str
    boot_at: int
    boot_id: str


@dataclass(frozen=True, slots=True)
class Listen:
    """The daemon begins to listen; `inherited` when its socket was held open meanwhile."""

    hear: Hear
    inherited: bool


@dataclass(frozen=True, slots=True)
class Blinded:
    """Nothing could be stored from `since` to `until` (ms UTC)."""

    since: int
    until: int
    cause: str


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The wall clock moved by `step_ms` beyond boot time."""

    step_ms: int


def hear(tx: Transaction, command: Hear, at: int) -> None:
    """Stamp "I hear"."""
    tx.blind.stamp(command.node, Alive(at, command.boot_at, command.boot_id))


def listen(tx: Transaction, command: Listen, at: int) -> tuple[bool, BlindWindow | None]:
    """Stamp, and open a blind window for the time since the last stamp.

    Returns whether the daemon has listened before, and the window. Pings wait in the backlog of an inherited socket,
    so a gap of up to 30 s is not blind then. A wall clock that moved meanwhile is taken into account first.
    """
    here = command.hear
    last = tx.blind.alive(here.node)
    hear(tx, here, at)
    if last is None:
        return False, None
    step = _stepped_since(last, here, at)
    clock_stepped(tx, ClockStepped(step), at)
    heard_at = _last_heard(tx, last) + step
    if at - heard_at > LONG_ABSENCE_MS:
        upkeep.hold_for_an_operator(tx, here.boot_id, here.boot_at)
    if heard_at >= at or (command.inherited and at - heard_at <= BACKLOG_MS):
        return True, None
    return True, tx.blind.open(heard_at, at, "not running")


def _stepped_since(last: Alive, here: Hear, at: int) -> int:
    """Return by how much the wall clock moved since the last stamp; after a reboot only a step back shows."""
    if last.boot_id != here.boot_id:
        return min(0, at - last.at)
    step = at - last.at - (here.boot_at - last.boot_at)
    return step if abs(step) > RECORDED_STEP_MS else 0


def _last_heard(tx: Transaction, last: Alive) -> int:
    """Return the last stamp, or the last ping when that came soon after it (others are from before a step back)."""
    arrived_at = tx.pings.last_arrival()
    return arrived_at if arrived_at is not None and last.at < arrived_at <= last.at + BACKLOG_MS else last.at


def blinded(tx: Transaction, command: Blinded, at: int) -> BlindWindow | None:
    """Open a blind window unless the stretch is too short to matter."""
    if command.until - command.since <= BACKLOG_MS:
        return None
    return tx.blind.open(command.since, command.until, command.cause)


def clock_stepped(tx: Transaction, command: ClockStepped, at: int) -> int:
    """Record a step of more than 2 s; after one of more than 30 s shift what measures elapsed time.

    Returns how many monitors were touched.
    """
    step = command.step_ms
    if abs(step) <= RECORDED_STEP_MS:
        return 0
    tx.blind.record_step(at, step)
    if abs(step) > GREAT_STEP_MS:
        upkeep.hold_after_step(tx, at)
    if abs(step) <= BLIND_STEP_MS:
        return 0
    tx.blind.shift(step)
    tx.blind.open(min(at, at - step), at, CLOCK_STEP)
    touched = 0
    for monitor, state in tx.monitors.each():
        if monitor.schedule.problem is not None:
            continue
        shifted = after_step(monitor, state, at, step, stretches_after(tx, monitor, state, at))
        if is_forgotten(monitor, state, at):
            tx.slots.forget_after(monitor.id, at)
        if shifted != state:
            tx.monitors.save_state(monitor.id, shifted, state)
            tx.monitors.rearm(monitor.id, shifted.deadline_at)
            touched += 1
    tx.incidents.shift(step)
    tx.outbox.shift(step)
    return touched


def tell_blind(tx: Transaction, command: None, at: int) -> BlindWindow | None:
    """Tell the default channels of the newest blind window, once, when it is worth telling; at most one per hour."""
    last_told = tx.blind.last_noticed()
    if last_told is not None and at - last_told < TELL_EVERY_MS:
        return None
    for window in tx.blind.recent(RECENT):
        lasted = window.ended_at - window.started_at
        worth_it = window.unknown > 0 or lasted >= WORTH_TELLING_MS
        if window.noticed_at is None and worth_it and at - window.ended_at >= SETTLING_MS:
            _tell(tx, window, at)
            return window
    return None


def _tell(tx: Transaction, window: BlindWindow, at: int) -> None:
    facts = {
        "started_at": window.started_at,
        "ended_at": window.ended_at,
        "cause": window.cause,
        "unknown": window.unknown,
        "slugs": list(window.slugs),
        "timezone": tx.routing.timezone,
        "at": at,
    }
    severity = SEVERITY[AlertKind.BLIND]
    channels = tx.routing.default_channels
    told = [h.channel for h in hearers(tx.routing, channels, AlertKind.BLIND, severity, None, at) if h.told]
    tx.outbox.put([Alert(tx.new_id(), channel, AlertKind.BLIND, severity, facts) for channel in told], at)
    tx.blind.noticed(window.id, at)
