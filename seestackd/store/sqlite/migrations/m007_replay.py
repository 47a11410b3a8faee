"""Sessions in short, for lists; and what was asked to be erased.

`counts` and `strip` are JSON, `urls` one a line. An erasure keeps what it is about (`value`) only until it
is done; `passed` is the last HTTP request that was looked at.
"""

SCRIPT = """
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, fingerprint TEXT NOT NULL, session_id TEXT NOT NULL,
  user_id TEXT, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL, received_at INTEGER NOT NULL,
  events INTEGER NOT NULL, errors INTEGER NOT NULL, size INTEGER NOT NULL, counts TEXT NOT NULL, urls TEXT NOT NULL,
  strip TEXT NOT NULL,
  UNIQUE (project_id, fingerprint)
) STRICT;
CREATE INDEX sessions_last ON sessions (project_id, last_at);
CREATE INDEX sessions_id ON sessions (project_id, session_id, last_at);
CREATE INDEX sessions_user ON sessions (project_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX sessions_received ON sessions (received_at);
INSERT INTO sessions (project_id, fingerprint, session_id, first_at, last_at, received_at, events, errors, size, counts,
  urls, strip)
SELECT project_id, fingerprint, max(session_id), min(first_at), max(last_at), max(received_at), sum(events),
  sum(has_error), sum(length(body)), json_object('error', sum(has_error)), '', '[0,1,[]]'
FROM replay_batches GROUP BY project_id, fingerprint;
CREATE TABLE erasures (
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, project_id INTEGER NOT NULL, subject TEXT NOT NULL, value TEXT,
  mark TEXT NOT NULL, asked_at INTEGER NOT NULL, erased_at INTEGER, rows INTEGER NOT NULL, passed INTEGER NOT NULL
) STRICT;
CREATE INDEX erasures_waiting ON erasures (id) WHERE erased_at IS NULL
"""
