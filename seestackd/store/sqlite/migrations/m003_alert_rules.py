"""Alert rules made over the API, their targets, and a log that shows what their quiet hours held back."""

SCRIPT = """
CREATE TABLE alert_rules (
  id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, project_id INTEGER NOT NULL REFERENCES projects(id),
  name TEXT NOT NULL, trigger_type TEXT NOT NULL, trigger_config TEXT NOT NULL, min_severity TEXT NOT NULL,
  quiet_enabled INTEGER NOT NULL, quiet_start TEXT NOT NULL, quiet_end TEXT NOT NULL, channels TEXT NOT NULL,
  enabled INTEGER NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX alert_rules_project ON alert_rules (project_id, id);
CREATE TABLE alert_channels (
  name TEXT PRIMARY KEY, project_id INTEGER NOT NULL REFERENCES projects(id), target TEXT NOT NULL
) STRICT, WITHOUT ROWID;
DROP INDEX outbox_project;
CREATE INDEX outbox_project ON outbox (project_id, id) WHERE state IN ('delivered', 'dead', 'skipped');
DROP INDEX outbox_unread;
CREATE INDEX outbox_unread ON outbox (project_id, id)
  WHERE state IN ('delivered', 'dead', 'skipped') AND acknowledged_at IS NULL;
"""
