"""Who is logged in to the dashboard: the SHA-256 of each session's secret."""

SCRIPT = """
CREATE TABLE logins (
  hash TEXT PRIMARY KEY, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, source TEXT
) STRICT, WITHOUT ROWID;
"""
