-- One of the credentials of a file by turns: wrk … -- FILE. Its last line is for whoever reads it: requests, microseconds,
-- failures, and the latency of the 50th and the 99th percentile in microseconds.
local requests, turn = {}, 0

function init(arguments)
  for credential in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", nil, { Authorization = "Bearer " .. credential })
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local e = summary.errors
  local failures = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format("%d %d %d %d %d\n", summary.requests, summary.duration, failures,
    latency:percentile(50), latency:percentile(99)))
end
