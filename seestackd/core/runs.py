"""Runs: which slot a run answers, which open run a finish closes, how long it took (semantics.md 3)."""

from dataclasses import dataclass

from seestackd.core.monitor import DAY_MS, MINUTE_MS, Monitor, OpenRun, State
from seestackd.core.pings import FINISHING, Ping, PingKind

MAX_EARLY_MS = 5 * MINUTE_MS
MAX_DURATION_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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


def _expectation_at(monitor: Monitor, state: State, at: int) -> int | None:
    """Return the expectation of an interval monitor that something heard at `at` answers."""
    silent = state.silent_slot
    if silent is not None:
        interval = monitor.schedule.interval_ms or 0
        if at <= silent + wait_ms(monitor, state) + interval // 2:
            return silent
    return state.expected_at


def wait_ms(monitor: Monitor, state: State) -> int:
    """Return how long after a slot silence is judged, when no run has started for it (semantics.md 4)."""
    if state.ends_only and monitor.rules.max_runtime_ms:
        return monitor.rules.grace_ms + monitor.rules.max_runtime_ms
    return monitor.rules.grace_ms


def answer(monitor: Monitor, state: State, ping: Ping) -> Answer:
    """Return what the ping belongs to."""
    interval = monitor.schedule.interval_ms is not None
    if ping.kind not in FINISHING:
        slot = _expectation_at(monitor, state, ping.at) if interval else slot_at(monitor, state, ping.at)
        return Answer(_named(state, ping.rid), ping.at, slot)
    duration = ping.duration_ms if 0 < (ping.duration_ms or 0) <= MAX_DURATION_MS else None
    started_at = ping.at - (duration or 0)
    slot = _expectation_at(monitor, state, ping.at) if interval else slot_at(monitor, state, started_at)
    run = _closed_by(state, ping, slot, interval)
    if run is None:
        return Answer(None, started_at, slot, ping.duration_ms)
    return Answer(run, run.started_at, run.slot, max(0, ping.at - run.started_at))


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


def replaced_by_start(state: State, ping: Ping, slot: int | None, interval: bool) -> OpenRun | None:
    """Return the open run that a `start` without run id takes the place of: one for the same slot."""
    if ping.kind is not PingKind.START or ping.rid is not None:
        return None
    for run in reversed(state.open_runs):
        if run.rid is None and not run.overran and (interval or run.slot == slot):
            return run
    return None
