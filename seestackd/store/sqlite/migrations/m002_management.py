"""What the management API lists and records."""

SCRIPT = """
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, at INTEGER NOT NULL, project_id INTEGER NOT NULL, actor TEXT NOT NULL, source TEXT,
  action TEXT NOT NULL, about TEXT NOT NULL, changes TEXT NOT NULL
) STRICT;
CREATE INDEX audit_project ON audit (project_id, id);
CREATE INDEX incidents_project ON incidents (project_id, id);
CREATE INDEX outbox_project ON outbox (project_id, id) WHERE state IN ('delivered', 'dead');
CREATE INDEX outbox_unread ON outbox (project_id, id)
  WHERE state IN ('delivered', 'dead') AND acknowledged_at IS NULL;
CREATE INDEX outbox_alert ON outbox (alert_id);
"""
