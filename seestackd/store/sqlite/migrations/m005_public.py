"""What uptime, the status page and badges ask for: stretches of trouble, public monitors, a secret to sign with."""

SCRIPT = """
CREATE INDEX incidents_spans ON incidents (project_id, closed_at, monitor_id, began_at, kind);
CREATE INDEX incidents_past ON incidents (monitor_id, closed_at, began_at, kind);
CREATE INDEX monitors_public ON monitors (project_id) WHERE json_extract(rules, '$.public') = 1;
INSERT INTO meta (key, value) VALUES ('badge_secret', lower(hex(randomblob(32))));
"""
