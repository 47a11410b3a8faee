"""Counts of long lists by blocks of 4,096 ids, in place of one count each.

A page far into a list begins in a block that the counts find; to step over half a million rows took longer than to
show fifty. The lists are those of m009_lists, kept by triggers as there.
"""

SCRIPT = """
DROP TRIGGER incidents_came;
DROP TRIGGER incidents_went;
DROP TRIGGER told_came;
DROP TRIGGER told_went;
DROP TRIGGER told_changed;
DROP TABLE list_counts;
CREATE TABLE list_blocks (
  project_id INTEGER NOT NULL, list TEXT NOT NULL, block INTEGER NOT NULL, rows INTEGER NOT NULL,
  PRIMARY KEY (project_id, list, block)
) STRICT, WITHOUT ROWID;
INSERT INTO list_blocks
  SELECT project_id, 'incidents', id >> 12 AS block, count(*) FROM incidents WHERE project_id IS NOT NULL
  GROUP BY project_id, block;
INSERT INTO list_blocks
  SELECT project_id, 'told', id >> 12 AS block, count(*) FROM outbox
  WHERE state IN ('delivered', 'dead', 'skipped') AND project_id IS NOT NULL GROUP BY project_id, block;
CREATE TRIGGER incidents_came AFTER INSERT ON incidents WHEN new.project_id IS NOT NULL BEGIN
  INSERT INTO list_blocks VALUES (new.project_id, 'incidents', new.id >> 12, 1)
    ON CONFLICT DO UPDATE SET rows = rows + 1; END;
CREATE TRIGGER incidents_went AFTER DELETE ON incidents WHEN old.project_id IS NOT NULL BEGIN
  UPDATE list_blocks SET rows = rows - 1
    WHERE project_id = old.project_id AND list = 'incidents' AND block = old.id >> 12; END;
CREATE TRIGGER told_came AFTER INSERT ON outbox
  WHEN new.project_id IS NOT NULL AND new.state IN ('delivered', 'dead', 'skipped') BEGIN
  INSERT INTO list_blocks VALUES (new.project_id, 'told', new.id >> 12, 1)
    ON CONFLICT DO UPDATE SET rows = rows + 1; END;
CREATE TRIGGER told_went AFTER DELETE ON outbox
  WHEN old.project_id IS NOT NULL AND old.state IN ('delivered', 'dead', 'skipped') BEGIN
  UPDATE list_blocks SET rows = rows - 1
    WHERE project_id = old.project_id AND list = 'told' AND block = old.id >> 12; END;
CREATE TRIGGER told_changed AFTER UPDATE OF state ON outbox
  WHEN new.project_id IS NOT NULL
    AND (old.state IN ('delivered', 'dead', 'skipped')) != (new.state IN ('delivered', 'dead', 'skipped')) BEGIN
  INSERT INTO list_blocks
    VALUES (new.project_id, 'told', new.id >> 12, new.state IN ('delivered', 'dead', 'skipped'))
    ON CONFLICT DO UPDATE SET rows = rows + iif(new.state IN ('delivered', 'dead', 'skipped'), 1, -1); END;
"""
