"""The schema of the first version.

Alerts outlive their monitor and incident, whose numbers are therefore never given again.
State is one narrow row per monitor, rewritten by every ping. `wake_at` is the indexed instant at which the judge
looks again; it may lie before `deadline_at` (never after), so that a ping which only postpones a deadline touches no
index.
"""

SCRIPT = """
CREATE TABLE projects (
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, slug TEXT NOT NULL UNIQUE, name TEXT NOT NULL, platform TEXT,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE keys (
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL, scope TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, prefix TEXT NOT NULL, secret TEXT,
  environment TEXT, created_at INTEGER NOT NULL, last_used_at INTEGER, last_used_from TEXT, revoked_at INTEGER
) STRICT;
CREATE TABLE monitors (
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, project_id INTEGER NOT NULL REFERENCES projects(id),
  slug TEXT NOT NULL, name TEXT NOT NULL, ping_id TEXT NOT NULL UNIQUE, schedule TEXT NOT NULL, timezone TEXT NOT NULL,
  rules TEXT NOT NULL, channels TEXT, tags TEXT NOT NULL, source TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, archived_at INTEGER, version INTEGER NOT NULL,
  UNIQUE (project_id, slug)
) STRICT;
CREATE TABLE monitor_state (
  monitor_id INTEGER PRIMARY KEY REFERENCES monitors(id), status TEXT NOT NULL, good INTEGER NOT NULL,
  bad INTEGER NOT NULL, bad_since INTEGER, unknowns INTEGER NOT NULL, unknown_of INTEGER,
  watched_from INTEGER NOT NULL, expected_at INTEGER,
  newest_slot INTEGER, newest_judged INTEGER, silent_slot INTEGER, hold_until INTEGER, paused_until INTEGER,
  open_runs TEXT, incident_id INTEGER, deadline_at INTEGER, last_ping_at INTEGER, last_ping_id INTEGER,
  last_ping_mark INTEGER, last_ok_at INTEGER, last_finish_at INTEGER, last_run_id INTEGER, last_duration_ms INTEGER,
  ends_only INTEGER NOT NULL, wake_at INTEGER
) STRICT;
CREATE INDEX monitor_wakes ON monitor_state (wake_at) WHERE wake_at IS NOT NULL;
CREATE TABLE pings (
  id INTEGER PRIMARY KEY, monitor_id INTEGER NOT NULL, prev INTEGER, run_id INTEGER, kind TEXT NOT NULL,
  at INTEGER NOT NULL, arrived_at INTEGER NOT NULL, duration_ms INTEGER, exit_code INTEGER, rid TEXT, source TEXT,
  host TEXT, trace_id TEXT, message TEXT, note TEXT
) STRICT;
CREATE TABLE outputs (
  ping_id INTEGER PRIMARY KEY, size INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE ping_keys (
  project_id INTEGER NOT NULL, slug TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, ping_id INTEGER NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (project_id, slug, kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX ping_keys_at ON ping_keys (at);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, monitor_id INTEGER NOT NULL, prev INTEGER, rid TEXT, slot INTEGER,
  started_at INTEGER NOT NULL,
  heard_start INTEGER NOT NULL, ended_at INTEGER, duration_ms INTEGER, lateness_ms INTEGER, outcome TEXT, ok INTEGER,
  exit_code INTEGER, host TEXT, trace_id TEXT
) STRICT;
CREATE TABLE slots (
  monitor_id INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, count INTEGER NOT NULL,
  outcome TEXT NOT NULL, reason TEXT NOT NULL, run_id INTEGER, judged_at INTEGER NOT NULL, more INTEGER NOT NULL,
  PRIMARY KEY (monitor_id, first_at)
) STRICT, WITHOUT ROWID;
CREATE TABLE incidents (
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, project_id INTEGER, subject TEXT NOT NULL,
  monitor_id INTEGER, kind TEXT NOT NULL, severity TEXT NOT NULL, began_at INTEGER NOT NULL, opened_at INTEGER NOT NULL,
  closed_at INTEGER, close_reason TEXT, missed INTEGER NOT NULL, acked_at INTEGER, acked_by TEXT,
  silenced_until INTEGER, next_action_at INTEGER, reminded_at INTEGER, escalated INTEGER NOT NULL, facts TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (subject) WHERE closed_at IS NULL;
CREATE INDEX incidents_down ON incidents (project_id, opened_at) WHERE closed_at IS NULL;
CREATE INDEX incidents_next ON incidents (next_action_at) WHERE next_action_at IS NOT NULL;
CREATE INDEX incidents_monitor ON incidents (monitor_id, opened_at);
CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, alert_id TEXT NOT NULL, channel TEXT NOT NULL, project_id INTEGER, monitor_id INTEGER,
  incident_id INTEGER, kind TEXT NOT NULL, severity TEXT NOT NULL, created_at INTEGER NOT NULL,
  next_attempt_at INTEGER, attempts INTEGER NOT NULL, state TEXT NOT NULL, settled_at INTEGER, result TEXT,
  acknowledged_at INTEGER, fallback_at INTEGER, told_by INTEGER, facts TEXT NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (channel, next_attempt_at) WHERE state = 'pending';
CREATE INDEX outbox_order ON outbox (channel, monitor_id, id) WHERE state = 'pending';
CREATE INDEX outbox_recoveries ON outbox (channel, incident_id) WHERE state = 'pending' AND kind = 'recovered';
CREATE INDEX outbox_incident ON outbox (incident_id, channel);
CREATE INDEX outbox_alone ON outbox (channel, next_attempt_at) WHERE state = 'pending' AND told_by = id;
CREATE INDEX outbox_failed ON outbox (channel, id) WHERE state = 'pending' AND attempts > 0;
CREATE INDEX outbox_members ON outbox (told_by) WHERE told_by != id;
CREATE INDEX outbox_notices ON outbox (created_at) WHERE kind = 'dead_letter';
CREATE INDEX outbox_dead ON outbox (id) WHERE state = 'dead' AND acknowledged_at IS NULL;
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, outbox_id INTEGER NOT NULL, at INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
  result TEXT NOT NULL, error TEXT, status_code INTEGER
) STRICT;
CREATE INDEX attempts_outbox ON attempts (outbox_id);
CREATE TABLE lanes (
  channel TEXT PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, claimed_until INTEGER, failing_since INTEGER,
  failures INTEGER NOT NULL, probe_at INTEGER, window_ends_at INTEGER, singles INTEGER NOT NULL, last_sent_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE maintenance (
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, project_id INTEGER NOT NULL, title TEXT NOT NULL,
  slugs TEXT, tags TEXT, starts_at INTEGER, ends_at INTEGER, schedule TEXT, duration_ms INTEGER, timezone TEXT,
  created_at INTEGER NOT NULL, removed_at INTEGER
) STRICT;
CREATE TABLE blind_windows (
  id INTEGER PRIMARY KEY, started_at INTEGER NOT NULL, ended_at INTEGER, cause TEXT NOT NULL,
  unknown INTEGER NOT NULL, slugs TEXT NOT NULL, noticed_at INTEGER
) STRICT;
CREATE INDEX blind_windows_end ON blind_windows (ended_at);
CREATE TABLE alive (
  node TEXT PRIMARY KEY, at INTEGER NOT NULL, boot_at INTEGER NOT NULL, boot_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE clock_steps (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, step_ms INTEGER NOT NULL
) STRICT;
CREATE TABLE http_requests (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, at INTEGER NOT NULL, trace_id TEXT NOT NULL,
  direction INTEGER NOT NULL, method TEXT NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL,
  status_code INTEGER NOT NULL, duration_ms INTEGER NOT NULL, request_size INTEGER NOT NULL,
  response_size INTEGER NOT NULL, is_slow INTEGER NOT NULL, user_id TEXT, error_fingerprint TEXT
) STRICT;
CREATE INDEX http_requests_at ON http_requests (project_id, at);
CREATE INDEX http_requests_trace ON http_requests (project_id, trace_id);
CREATE TABLE replay_batches (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, fingerprint TEXT NOT NULL, session_id TEXT NOT NULL,
  received_at INTEGER NOT NULL, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, events INTEGER NOT NULL,
  has_error INTEGER NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX replay_batches_fingerprint ON replay_batches (project_id, fingerprint, first_at);
CREATE INDEX replay_batches_session ON replay_batches (project_id, session_id, first_at);
CREATE INDEX replay_batches_last ON replay_batches (last_at);
CREATE TABLE meta (
  key TEXT PRIMARY KEY, value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
