-- Arguments: a file with requests, one a line, round and round; a number that no other run has.
-- A line: a path and a body (or nothing for either), then request headers, each after a tab. `%d` in body and headers
-- becomes another number each time.
local requests, at, run = {}, 0, 0
local place = string.rep('0', 24)

local function parse(line)
  local path, body, rest = line:match('^([^\t]*)\t([^\t]*)(.*)$')
  if path == '' then path = nil end
  local headers = {}
  for header in rest:gmatch('[^\t]+') do
    local name, value = header:match('^([^:]+): (.*)$')
    headers[name] = value:gsub('%%d', place)
  end
  if body == '' then return wrk.format('GET', path, headers) end
  headers['Content-Type'] = 'application/json'
  return wrk.format('POST', path, headers, (body:gsub('%%d', place)))
end

function init(args)
  run = tonumber(args[2])
  for line in io.lines(args[1]) do
    local text = parse(line)
    local from, to = text:find(place, 1, true)
    -- The number has the same length each time: a request is two constant pieces around it.
    requests[#requests + 1] = from and { text:sub(1, from - 1), text:sub(to + 1) } or text
  end
end

function request()
  at = at + 1
  local found = requests[(at - 1) % #requests + 1]
  if type(found) == 'string' then return found end
  return found[1] .. string.format('%012d%012d', run, at) .. found[2]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    'RESULT {"requests":%d,"perSecond":%.1f,"p50":%.3f,"p99":%.3f,"refused":%d,"errors":%d}',
    summary.requests,
    summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000,
    latency:percentile(99) / 1000,
    errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
