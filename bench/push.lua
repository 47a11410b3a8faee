-- wrk script: what a job tells Pushgateway. Arguments after `--`: KEY FIRST COUNT [close]; of KEY nothing is made.
local first, count, at, closing = 0, 1, 0, ""

function init(args)
  first, count = tonumber(args[2]), tonumber(args[3])
  if args[4] == "close" then closing = "Connection: close\r\n" end
end

function request()
  at = at % count + 1
  return string.format(
    "POST /metrics/job/job-%06d HTTP/1.1\r\nHost: bench\r\n%sContent-Length: 16\r\n\r\nlast_success 12\n",
    first + at - 1, closing)
end
