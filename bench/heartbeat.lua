-- wrk script: heartbeats of many monitors. Arguments after `--`: KEY FIRST COUNT [close]
local requests, at = {}, 0

function init(args)
  local key, first, count = args[1], tonumber(args[2]), tonumber(args[3])
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-SeeStack-Key"] = key
  if args[4] == "close" then wrk.headers["Connection"] = "close" end
  for n = first, first + count - 1 do
    local body = string.format(
      '{"slug":"job-%06d","status":"success","durationMs":%d,"message":"backup finished: 1234 files"}', n, n * 7 + 13)
    requests[#requests + 1] = wrk.format(nil, "/ingest/v1/heartbeat", nil, body)
  end
  math.randomseed(4711)
  at = math.random(#requests)
end

function request()
  at = at % #requests + 1
  return requests[at]
end
