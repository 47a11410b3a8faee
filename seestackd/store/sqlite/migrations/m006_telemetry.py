"""HTTP requests in narrow rows, and sums of them per minute and hour.

A row names its endpoint (direction, method, host, path with `:id`) by number and repeats in `method`, `host` and
`path` only what differs from it. `trace_id` is 16 bytes for 32 hexadecimal digits, 17 for a UUID with dashes, else
text. The view `requests` shows all of it as it was sent. Sums and the index of traces are made in the background:
`request_progress` names the last row that they hold. A `level` is a sum's length and of what: 1 minutes and 2 hours
of a direction (series 0 inbound, 1 outbound), 3 minutes and 4 hours of an endpoint (series is its number); `since`
counts minutes or hours from 1970.
"""

SCRIPT = """
ALTER TABLE http_requests RENAME TO http_requests_before;
DROP INDEX http_requests_at;
DROP INDEX http_requests_trace;
CREATE TABLE request_endpoints (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, outbound INTEGER NOT NULL, method TEXT NOT NULL,
  host TEXT NOT NULL, path TEXT NOT NULL, UNIQUE (project_id, outbound, method, host, path)
) STRICT;
CREATE TABLE http_requests (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, at INTEGER NOT NULL, endpoint_id INTEGER NOT NULL,
  trace_id ANY NOT NULL, status_code INTEGER NOT NULL, duration_ms INTEGER NOT NULL, request_size INTEGER NOT NULL,
  response_size INTEGER NOT NULL, user_id TEXT, error_fingerprint TEXT, method TEXT, host TEXT, path TEXT
) STRICT;
INSERT INTO request_endpoints (project_id, outbound, method, host, path)
  SELECT DISTINCT project_id, direction, '', '', '' FROM http_requests_before;
INSERT INTO http_requests
  SELECT b.id, b.project_id, b.at, e.id, b.trace_id, b.status_code, b.duration_ms, b.request_size, b.response_size,
    b.user_id, b.error_fingerprint, b.method, b.host, b.path
  FROM http_requests_before b
  JOIN request_endpoints e ON e.project_id = b.project_id AND e.outbound = b.direction
  ORDER BY b.id;
DROP TABLE http_requests_before;
CREATE INDEX http_requests_at ON http_requests (project_id, at);
CREATE VIEW requests AS
  SELECT r.id, r.project_id, r.at,
    CASE WHEN typeof(r.trace_id) = 'text' THEN r.trace_id
      WHEN length(r.trace_id) = 16 THEN lower(hex(r.trace_id))
      ELSE lower(hex(substr(r.trace_id, 2, 4)) || '-' || hex(substr(r.trace_id, 6, 2)) || '-'
        || hex(substr(r.trace_id, 8, 2)) || '-' || hex(substr(r.trace_id, 10, 2)) || '-'
        || hex(substr(r.trace_id, 12))) END AS trace_id,
    CASE e.outbound WHEN 1 THEN 'outbound' ELSE 'inbound' END AS direction,
    coalesce(r.method, e.method) AS method, coalesce(r.host, e.host) AS host, coalesce(r.path, e.path) AS path,
    e.path AS endpoint, r.status_code, r.duration_ms, r.request_size, r.response_size, r.duration_ms > 1000 AS is_slow,
    r.user_id, r.error_fingerprint
  FROM http_requests r JOIN request_endpoints e ON e.id = r.endpoint_id;
CREATE TABLE request_traces (
  segment INTEGER NOT NULL, mark ANY NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (segment, mark, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE request_counts (
  level INTEGER NOT NULL, project_id INTEGER NOT NULL, since INTEGER NOT NULL, series INTEGER NOT NULL,
  requests INTEGER NOT NULL, ok INTEGER NOT NULL, redirected INTEGER NOT NULL, client_errors INTEGER NOT NULL,
  server_errors INTEGER NOT NULL, silent INTEGER NOT NULL, slow INTEGER NOT NULL, duration_ms REAL NOT NULL,
  request_bytes REAL NOT NULL, response_bytes REAL NOT NULL, PRIMARY KEY (level, project_id, since, series)
) STRICT, WITHOUT ROWID;
CREATE TABLE request_latencies (
  level INTEGER NOT NULL, project_id INTEGER NOT NULL, since INTEGER NOT NULL, series INTEGER NOT NULL,
  bucket INTEGER NOT NULL, requests INTEGER NOT NULL, PRIMARY KEY (level, project_id, since, series, bucket)
) STRICT, WITHOUT ROWID;
CREATE TABLE request_progress (
  only INTEGER PRIMARY KEY CHECK (only = 1), summed INTEGER NOT NULL
) STRICT;
INSERT INTO request_progress VALUES (1, 0);
"""
