-- wrk script: batches. Arguments after `--`: KEY PATH FILE, with one body a line
local requests, at = {}, 0

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["X-SeeStack-Key"] = args[1]
  for body in io.lines(args[3]) do
    requests[#requests + 1] = wrk.format(nil, args[2], nil, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
