"""Spans of requests; endpoints whose path an erasure has rewritten.

`span_id` and `parent_span_id` are 8 bytes for 16 hexadecimal digits, else text; NULL when not given. When an erasure
takes a user's id out of an endpoint's path and another endpoint is called so already, `copy` keeps the two apart: sums
and rows point to the number of either. An erasure looks through several tables, one in each `stage`; `passed` is the
last row of that one that it looked at. `project_sizes` has the bytes of requests now.
"""

_SIZE = """75 + (length(CAST({0}.trace_id AS BLOB)) + coalesce(length(CAST({0}.span_id AS BLOB)), 0)
  + coalesce(length(CAST({0}.parent_span_id AS BLOB)), 0) + coalesce(length(CAST({0}.user_id AS BLOB)), 0)
  + coalesce(length(CAST({0}.error_fingerprint AS BLOB)), 0) + coalesce(length(CAST({0}.method AS BLOB)), 0)
  + coalesce(length(CAST({0}.host AS BLOB)), 0) + coalesce(length(CAST({0}.path AS BLOB)), 0)) * 5 / 4"""

SCRIPT = f"""
DROP VIEW requests;
CREATE TABLE endpoints_with_copies (
  id INTEGER PRIMARY KEY, project_id INTEGER NOT NULL, outbound INTEGER NOT NULL, method TEXT NOT NULL,
  host TEXT NOT NULL, path TEXT NOT NULL, copy INTEGER NOT NULL DEFAULT 0,
  UNIQUE (project_id, outbound, method, host, path, copy)
) STRICT;
INSERT INTO endpoints_with_copies (id, project_id, outbound, method, host, path)
  SELECT id, project_id, outbound, method, host, path FROM request_endpoints;
DROP TABLE request_endpoints;
ALTER TABLE endpoints_with_copies RENAME TO request_endpoints;
ALTER TABLE erasures ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE http_requests ADD COLUMN span_id ANY;
ALTER TABLE http_requests ADD COLUMN parent_span_id ANY;
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
    r.user_id, r.error_fingerprint,
    iif(typeof(r.span_id) = 'blob', lower(hex(r.span_id)), r.span_id) AS span_id,
    iif(typeof(r.parent_span_id) = 'blob', lower(hex(r.parent_span_id)), r.parent_span_id) AS parent_span_id
  FROM http_requests r JOIN request_endpoints e ON e.id = r.endpoint_id;
UPDATE project_sizes SET requests = (SELECT coalesce(sum({_SIZE.format("r")}), 0) FROM http_requests r
  WHERE r.project_id = project_sizes.project_id AND r.id <= (SELECT summed FROM request_progress));
DROP TRIGGER IF EXISTS requests_shrink;
CREATE TRIGGER requests_shrink AFTER DELETE ON http_requests
  WHEN OLD.id <= (SELECT summed FROM request_progress) BEGIN
  UPDATE project_sizes SET requests = requests - ({_SIZE.format("OLD")}) WHERE project_id = OLD.project_id; END;
CREATE TRIGGER requests_change AFTER UPDATE OF path ON http_requests
  WHEN OLD.id <= (SELECT summed FROM request_progress) BEGIN
  UPDATE project_sizes SET requests = requests - ({_SIZE.format("OLD")}) + ({_SIZE.format("NEW")})
  WHERE project_id = OLD.project_id; END;
"""
