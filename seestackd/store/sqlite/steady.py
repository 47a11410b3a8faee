"""Steady reports: one row each, of which a trigger makes those of ping, run, slot and state.

Every value that Python hands over, and every statement, costs a report more than what SQLite does with it: Python's
sqlite3 gives the interpreter lock away around each statement, and waits for it while the event loop works.
"""

from seestackd.core.monitor import Monitor, SlotEntry
from seestackd.core.pings import Ping
from seestackd.core.steady import REASONS, SteadyReport
from seestackd.store.sqlite.behind import Insert, WriteBehind
from seestackd.store.sqlite.monitors import SqliteMonitors
from seestackd.store.sqlite.pings import SqlitePings
from seestackd.store.sqlite.runs import SqliteRuns, SqliteSlots

_COLUMNS = (
    "ping_id, run_id, monitor_id, prev_ping, prev_run, at, duration_ms, slot, started_at, outcome, reason, exit_code,"
    " rid, source, host, trace_id, message, good, expected_at, deadline_at"
)
_INSERT = Insert("steady", _COLUMNS)

# Of this connection alone, so no step of the schema: only the writer reports.
SCRIPT = f"""
CREATE TEMP VIEW steady AS SELECT {", ".join(f"NULL AS {column}" for column in _COLUMNS.split(", "))};
CREATE TEMP TRIGGER steady_reports INSTEAD OF INSERT ON steady BEGIN
  INSERT INTO pings (id, monitor_id, prev, run_id, kind, at, arrived_at, duration_ms, exit_code, rid, source, host,
    trace_id, message)
  VALUES (new.ping_id, new.monitor_id, new.prev_ping, new.run_id, 'success', new.at, new.at, new.duration_ms,
    new.exit_code, new.rid, new.source, new.host, new.trace_id, new.message);
  INSERT INTO runs (id, monitor_id, prev, rid, slot, started_at, heard_start, ended_at, duration_ms, lateness_ms,
    outcome, ok, exit_code, host, trace_id)
  VALUES (new.run_id, new.monitor_id, new.prev_run, new.rid, new.slot, new.started_at, 0, new.at, new.duration_ms,
    new.at - new.slot, new.outcome, 1, new.exit_code, new.host, new.trace_id);
  INSERT OR REPLACE INTO slots (monitor_id, first_at, last_at, count, outcome, reason, run_id, judged_at, more)
  VALUES (new.monitor_id, new.slot, new.slot, 1, new.outcome, new.reason, new.run_id, new.at, 0);
  UPDATE monitor_state SET good = new.good, expected_at = new.expected_at, newest_slot = new.slot,
    newest_judged = new.slot, deadline_at = new.deadline_at, last_ping_at = new.at, last_ping_id = new.ping_id,
    last_ping_mark = 0, last_ok_at = new.at, last_finish_at = new.at, last_run_id = new.run_id,
    last_duration_ms = new.duration_ms, ends_only = 1
  WHERE monitor_id = new.monitor_id;
END;
"""


class SqliteSteady:
    """Writes steady reports."""

    def __init__(
        self,
        connection: WriteBehind,
        monitors: SqliteMonitors,
        pings: SqlitePings,
        runs: SqliteRuns,
        slots: SqliteSlots,
    ) -> None:
        self._add = connection.add
        self._monitors = monitors
        self._take_ping_id = pings.take_id
        self._take_run_id = runs.take_id
        self._slots = slots

    def put(self, monitor: Monitor, report: SteadyReport, ping: Ping) -> int:
        state, outcome, slot = report.state, report.outcome, report.slot
        ping_id, run_id, reason = self._take_ping_id(), self._take_run_id(), REASONS[outcome]
        row = (
            ping_id, run_id, monitor.id, state.last_ping_id, state.last_run_id, report.at, report.duration_ms, slot,
            report.started_at, outcome._value_, reason, ping.exit_code, ping.rid, ping.source, ping.host,
            ping.trace_id, ping.message, state.good, state.expected_at, state.deadline_at,
        )  # fmt: skip
        state.last_ping_id, state.last_run_id = ping_id, run_id
        self._monitors.heard(monitor.id, state)
        self._slots.wrote(monitor.id, SlotEntry(slot, slot, 1, outcome, reason, run_id, report.at))
        self._add(_INSERT, ping_id, row)
        return ping_id
