"""When requests arrived, by hour, and how much each project stores.

`request_arrivals` names the last request that had arrived by the end of an hour (counted from 1970): a request's own
instant may be wrong. `project_sizes` has the bytes of replays and the number of requests that sums hold already.
"""

SCRIPT = """
CREATE TABLE request_arrivals (hour INTEGER PRIMARY KEY, last_id INTEGER NOT NULL) STRICT;
CREATE TABLE project_sizes (
  project_id INTEGER PRIMARY KEY, replay INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO project_sizes (project_id, replay, requests)
SELECT p.id,
  (SELECT coalesce(sum(length(b.body)), 0) FROM replay_batches b WHERE b.project_id = p.id),
  (SELECT count(*) FROM http_requests r WHERE r.project_id = p.id AND r.id <= (SELECT summed FROM request_progress))
FROM projects p;
CREATE TRIGGER replay_grows AFTER INSERT ON replay_batches BEGIN
  INSERT INTO project_sizes (project_id, replay) VALUES (NEW.project_id, length(NEW.body))
  ON CONFLICT (project_id) DO UPDATE SET replay = replay + excluded.replay; END;
CREATE TRIGGER replay_shrinks AFTER DELETE ON replay_batches BEGIN
  UPDATE project_sizes SET replay = replay - length(OLD.body) WHERE project_id = OLD.project_id; END;
CREATE TRIGGER requests_shrink AFTER DELETE ON http_requests
  WHEN OLD.id <= (SELECT summed FROM request_progress) BEGIN
  UPDATE project_sizes SET requests = requests - 1 WHERE project_id = OLD.project_id; END
"""
