-- wrk script: ping URLs of many monitors, one after the other. Arguments after `--`: KEY FIRST COUNT [close]
local head, closing, first, count, at = "", "", 0, 1, 0

function init(args)
  first, count = tonumber(args[2]), tonumber(args[3])
  if args[4] == "close" then closing = "Connection: close\r\n" end
  head = "GET /ping/" .. args[1] .. "/job-"
end

function request()
  at = at % count + 1
  return string.format("%s%06d HTTP/1.1\r\nHost: bench\r\n%s\r\n", head, first + at - 1, closing)
end
