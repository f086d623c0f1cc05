-- How many requests each policy admitted, denied and refunded in each hour: one hash, whose fields are `HOUR:POLICY:VERDICT`.

local hours = {}

local HOUR_MS = 60 * 60 * 1000

function hours.field(at_us, policy, verdict)
  local at_ms = math.floor(at_us / 1000)
  return string.format('%.0f:%s:%s', at_ms - at_ms % HOUR_MS, policy, verdict)
end

-- Forgets hours that are too old to be asked for, and future hours from before the clock went back.
function hours.forget(key, oldest_ms, now_ms)
  local gone = {}
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local hour_ms = tonumber(string.match(field, '^%d+'))
    if hour_ms < oldest_ms or hour_ms > now_ms then gone[#gone + 1] = field end
  end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
end

-- Adds to the counts. At most three fields per hour and policy are new: only then are all fields checked.
function hours.add(key, counts, keep_ms, now_us)
  local now_ms, is_new = math.floor(now_us / 1000), false
  for field, count in pairs(counts) do
    if redis.call('HINCRBY', key, field, count) == count then is_new = true end
  end
  if not is_new then return end
  hours.forget(key, now_ms - keep_ms, now_ms)
  redis.call('PEXPIRE', key, keep_ms)
end
