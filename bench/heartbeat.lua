-- wrk script: heartbeats of many monitors. Arguments after `--`: KEY FIRST COUNT [close] [random] [delay=MS] [seed=N]
-- In the order of their numbers from a random one on, or each at random; `delay` is what a client waits in between.
local head, first, count, at, any, pause, seed = "", 0, 1, 0, false, nil, 4711

function init(args)
  local closing = ""
  first, count = tonumber(args[2]), tonumber(args[3])
  for n = 4, #args do
    if args[n] == "close" then closing = "Connection: close\r\n" end
    if args[n] == "random" then any = true end
    pause = tonumber(args[n]:match("^delay=(%d+)$")) or pause
    seed = tonumber(args[n]:match("^seed=(%d+)$")) or seed
  end
  if pause then
    function delay() return math.random(pause * 2) end
  end
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-SeeStack-Key"] = args[1]
  head = wrk.format(nil, "/ingest/v1/heartbeat", nil, ""):gsub("Content%-Length: %d+\r\n", ""):sub(1, -3) .. closing
  math.randomseed(seed)
  at = math.random(count)
end

function request()
  at = any and math.random(count) or at % count + 1
  local n = first + at - 1
  local body = string.format(
    '{"slug":"job-%06d","status":"success","durationMs":%d,"message":"backup finished: 1234 files"}', n, n * 7 + 13)
  return string.format("%sContent-Length: %d\r\n\r\n%s", head, #body, body)
end
