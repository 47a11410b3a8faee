"""Counts of the rows that lists tell the number of: to count a million of them takes longer than to show a page.

`incidents` are all of a project's, `told` its alerts that were delivered, given up or held back. Triggers keep the
counts in the transaction that changes a row, whoever changes it. The indexes suffice to skip pages.
"""

SCRIPT = """
CREATE INDEX incidents_closed ON incidents (project_id, id, closed_at) WHERE closed_at IS NOT NULL;
DROP INDEX outbox_project;
CREATE INDEX outbox_project ON outbox (project_id, id, state) WHERE state IN ('delivered', 'dead', 'skipped');
CREATE TABLE list_counts (
  project_id INTEGER NOT NULL, list TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (project_id, list)
) STRICT, WITHOUT ROWID;
INSERT INTO list_counts
  SELECT project_id, 'incidents', count(*) FROM incidents WHERE project_id IS NOT NULL GROUP BY project_id;
INSERT INTO list_counts
  SELECT project_id, 'told', count(*) FROM outbox
  WHERE state IN ('delivered', 'dead', 'skipped') AND project_id IS NOT NULL GROUP BY project_id;
CREATE TRIGGER incidents_came AFTER INSERT ON incidents WHEN new.project_id IS NOT NULL BEGIN
  INSERT INTO list_counts VALUES (new.project_id, 'incidents', 1)
    ON CONFLICT DO UPDATE SET rows = rows + 1; END;
CREATE TRIGGER incidents_went AFTER DELETE ON incidents WHEN old.project_id IS NOT NULL BEGIN
  UPDATE list_counts SET rows = rows - 1 WHERE project_id = old.project_id AND list = 'incidents'; END;
CREATE TRIGGER told_came AFTER INSERT ON outbox
  WHEN new.project_id IS NOT NULL AND new.state IN ('delivered', 'dead', 'skipped') BEGIN
  INSERT INTO list_counts VALUES (new.project_id, 'told', 1) ON CONFLICT DO UPDATE SET rows = rows + 1; END;
CREATE TRIGGER told_went AFTER DELETE ON outbox
  WHEN old.project_id IS NOT NULL AND old.state IN ('delivered', 'dead', 'skipped') BEGIN
  UPDATE list_counts SET rows = rows - 1 WHERE project_id = old.project_id AND list = 'told'; END;
CREATE TRIGGER told_changed AFTER UPDATE OF state ON outbox
  WHEN new.project_id IS NOT NULL
    AND (old.state IN ('delivered', 'dead', 'skipped')) != (new.state IN ('delivered', 'dead', 'skipped')) BEGIN
  INSERT INTO list_counts VALUES (new.project_id, 'told', new.state IN ('delivered', 'dead', 'skipped'))
    ON CONFLICT DO UPDATE SET rows = rows + iif(new.state IN ('delivered', 'dead', 'skipped'), 1, -1); END;
"""
