-- wrk script: heartbeats as heartbeat.lua sends them, every answer of which is counted. Same arguments.
local here = debug.getinfo(1, "S").source:match("@(.*)overload.lua$")
dofile(here .. "heartbeat.lua")
local threads = {}
taken, refused, bare, other = 0, 0, 0, 0

function setup(thread) threads[#threads + 1] = thread end

function response(status, headers)
  if status == 202 then
    taken = taken + 1
  elseif status == 503 then
    refused = refused + 1
    if not headers["Retry-After"] then bare = bare + 1 end
  else
    other = other + 1
  end
end

function done()
  local sums = { taken = 0, refused = 0, bare = 0, other = 0 }
  for _, thread in ipairs(threads) do
    for name in pairs(sums) do sums[name] = sums[name] + thread:get(name) end
  end
  for name, sum in pairs(sums) do print(name .. " " .. sum) end
end
