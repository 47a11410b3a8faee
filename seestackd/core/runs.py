"""Runs: which slot a run answers, which open run a finish closes, how long it took (semantics.md 3)."""

from collections.abc import Sequence

from seestackd.core.ledger import REVISIONS
from seestackd.core.maintenance import Window, moved_out
from seestackd.core.monitor import DAY_MS, MINUTE_MS, Monitor, OpenRun, SlotEntry, State
from seestackd.core.pings import FINISHING, Ping
from seestackd.core.values import plain

MAX_EARLY_MS = 5 * MINUTE_MS
MAX_DURATION_MS = 7 * DAY_MS


@plain(frozen=True, slots=True)
class Run:
    """One execution of a job; `lateness_ms` is its start (its finish, without one) after the slot it answers.

    `outcome` is an Outcome, or `replaced` (a retry took its place), `extra` (its slot had one already), `closed` (while
    paused).
    """

    id: int
    monitor_id: int
    rid: str | None
    slot: int | None
    started_at: int
    heard_start: bool
    ended_at: int | None = None
    duration_ms: int | None = None
    lateness_ms: int | None = None
    outcome: str | None = None
    ok: bool | None = None
    exit_code: int | None = None
    host: str | None = None
    trace_id: str | None = None


@plain(frozen=True, slots=True)
class Answer:
    """What a ping belongs to: the open run it concerns, when that began, and the slot it answers."""

    run: OpenRun | None
    started_at: int
    slot: int | None
    duration_ms: int | None = None


def early_ms(monitor: Monitor, slot: int, previous: int | None) -> int:
    """Return how long before its slot a run still answers it."""
    if monitor.schedule.interval_ms is not None:
        return min(MAX_EARLY_MS, monitor.schedule.interval_ms // 2)
    return MAX_EARLY_MS if previous is None else min(MAX_EARLY_MS, (slot - previous) // 2)


def slot_at(monitor: Monitor, state: State, started_at: int) -> int | None:
    """Return the newest slot not later than `started_at + early`, None when no watched slot is."""
    schedule = monitor.schedule
    slot = schedule.newest_at_or_before(started_at)
    try:
        coming = schedule.next_after(started_at)
    except LookupError:
        coming = None
    if coming is not None and coming - early_ms(monitor, coming, slot) <= started_at:
        slot = coming
    return slot if slot is not None and slot > state.watched_from else None


def wait_ms(monitor: Monitor, state: State) -> int:
    """Return how long after a slot silence is judged, when no run has started for it (semantics.md 4)."""
    if state.ends_only and monitor.rules.max_runtime_ms:
        return monitor.rules.grace_ms + monitor.rules.max_runtime_ms
    return monitor.rules.grace_ms


def slot_deadline(monitor: Monitor, state: State, windows: Sequence[Window], slot: int) -> int:
    """Return when silence about the slot is judged; of an interval monitor not inside maintenance."""
    deadline = slot + wait_ms(monitor, state)
    if windows and monitor.schedule.interval_ms is not None:
        return moved_out(windows, deadline, monitor.rules.grace_ms)
    return deadline


def late_until(monitor: Monitor, state: State, expectation: int) -> int:
    """Return how long a finish still answers an interval monitor's expectation that ended without one."""
    return expectation + wait_ms(monitor, state) + (monitor.schedule.interval_ms or 0) // 2


def is_overtaken(state: State, ping: Ping) -> bool:
    """Tell whether a ping that was sent late tells of a time before the last finish."""
    return ping.backfilled and (state.last_finish_at or 0) > ping.at


def is_older(monitor: Monitor, state: State, ping: Ping, slot: int | None) -> bool:
    """Tell whether a newer outcome exists, so that a finish only fills its ledger row (semantics.md 3)."""
    if is_overtaken(state, ping):
        return True
    if monitor.schedule.interval_ms is not None:
        return ping.backfilled and slot != state.expected_at and slot != state.silent_slot
    return slot is not None and state.newest_judged is not None and slot < state.newest_judged


def answer(monitor: Monitor, state: State, ping: Ping, past: Sequence[SlotEntry] = ()) -> Answer:
    """Return what the ping belongs to.

    `past` are the first two ledger entries of an interval monitor that a ping sent late may be about, oldest first.
    """
    interval = monitor.schedule.interval_ms is not None
    if ping.kind not in FINISHING:
        slot = _expectation(monitor, state, ping, past) if interval else slot_at(monitor, state, ping.at)
        return Answer(_named(state, ping.rid), ping.at, slot)
    duration = ping.duration_ms if 0 < (ping.duration_ms or 0) <= MAX_DURATION_MS else None
    started_at = ping.at - (duration or 0)
    slot = _expectation(monitor, state, ping, past) if interval else slot_at(monitor, state, started_at)
    run = _closed_by(state, ping, slot, interval)
    if run is None:
        return Answer(None, started_at, slot, ping.duration_ms)
    return Answer(run, run.started_at, run.slot, max(0, ping.at - run.started_at))


def _expectation(monitor: Monitor, state: State, ping: Ping, past: Sequence[SlotEntry]) -> int | None:
    """Return the expectation of an interval monitor that the ping answers."""
    silent = state.silent_slot
    if ping.backfilled and (is_overtaken(state, ping) or silent is not None):
        found = _open_then(monitor, state, ping.at, past)
        if found is not None or is_overtaken(state, ping):
            return found
    if silent is not None and ping.at <= late_until(monitor, state, silent):
        return silent
    return state.expected_at


def _open_then(monitor: Monitor, state: State, at: int, past: Sequence[SlotEntry]) -> int | None:
    """Return the expectation that was waited for at `at`, when it has ended in a way that can be revised."""
    interval = monitor.schedule.interval_ms or 1
    for entry in past:
        reach = late_until(monitor, state, entry.first_at)
        slot = min(entry.first_at + max(0, -((reach - at) // interval)) * interval, entry.last_at)
        if at > late_until(monitor, state, slot):
            continue
        if entry.outcome in REVISIONS:
            return slot
        if slot >= at:
            return None
    return None


def _named(state: State, rid: str | None) -> OpenRun | None:
    return next((run for run in state.open_runs if rid is not None and run.rid == rid), None)


def _closed_by(state: State, ping: Ping, slot: int | None, interval: bool) -> OpenRun | None:
    if ping.rid is not None:
        return _named(state, ping.rid)
    for run in reversed(state.open_runs):
        if run.rid is not None or run.started_at > ping.at:
            continue
        # A run past its limit is finished late by this ping, unless a newer slot has come due since: then the ping
        # belongs to that one, and calling it the old run's finish would leave the new slot unheard.
        if not run.overran or interval or run.slot == slot:
            return run
    return None
