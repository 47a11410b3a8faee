"""What a ping does to a monitor (semantics.md 3 and 5)."""

from seestackd.core.finishing import finish
from seestackd.core.monitor import Monitor, State
from seestackd.core.pings import Ping, PingKind
from seestackd.core.runs import Answer, early_ms
from seestackd.core.starting import start
from seestackd.core.transitions import Context, Decision

REPEAT_MS = 30_000


def hear(monitor: Monitor, state: State, ping: Ping, answer: Answer, context: Context, mark: int = 0) -> Decision:
    """Decide what a ping means.

    `answer` comes from `runs.answer`; `mark` is a checksum of what the ping says, 0 when it has an idempotency key.
    """
    decision = Decision(monitor, state.__copy__(), context, slot=answer.slot)
    resent = _is_resent(monitor, state, ping, answer, context, mark)
    decision.state.last_ping_at = ping.arrived_at
    decision.state.last_ping_mark = mark
    if ping.kind is PingKind.LOG:
        open_run = answer.run or next(reversed(state.open_runs), None)
        decision.run_id = open_run.id if open_run else None
        decision.reason = "a log line changes nothing"
    elif resent:
        decision.run_id = state.last_run_id
        decision.reason = "the same failure was reported within 30 s"
    elif ping.kind is PingKind.START:
        start(decision, ping, answer)
    else:
        finish(decision, ping, answer)
    return decision.settle()


def _is_resent(monitor: Monitor, state: State, ping: Ping, answer: Answer, context: Context, mark: int) -> bool:
    """Tell whether a client sent its failure again; one that ends a run or answers a slot newly due is another."""
    if ping.kind is not PingKind.FAILED or mark == 0 or mark != state.last_ping_mark or answer.run is not None:
        return False
    if not 0 <= ping.arrived_at - (state.last_ping_at or 0) <= REPEAT_MS:
        return False
    if answer.slot is None:
        return True
    if monitor.schedule.interval_ms is not None:
        return ping.at < answer.slot - early_ms(monitor, answer.slot, None)
    return context.entry is not None
