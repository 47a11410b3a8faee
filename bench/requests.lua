-- wrk script: batches of HTTP requests. Arguments after `--`: KEY FILE, with one body a line
local requests, at = {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-SeeStack-Key"] = args[1]
  for body in io.lines(args[2]) do
    requests[#requests + 1] = wrk.format(nil, "/ingest/v1/http-requests", nil, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
