-- One POST, again and again: the file of its body, then `keep` or `close` (a new connection for each request).
-- The figures come out as one line of JSON behind `figures `.
local request_text

function init(args)
  local file = assert(io.open(args[1], 'rb'))
  wrk.method = 'POST'
  wrk.body = file:read('*a')
  file:close()
  wrk.headers['Content-Type'] = 'application/json'
  if args[2] == 'close' then wrk.headers['Connection'] = 'close' end
  request_text = wrk.format()
end

function request()
  return request_text
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'figures {"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"badStatus":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
